/* SPDX-License-Identifier: MIT */
/* The IDXP adapter of the player: what greetings and IDMEF of the peer show, for the passive checks. */
#include <stdio.h>
#include <string.h>

#include "run/play_idxp_impl.h"

void idxp_play_look(struct player *p, int end, slice body, slice charset, const struct idmef_result *r, size_t rung)
{
    (void)p, (void)end, (void)body, (void)charset, (void)r, (void)rung;
}
void idxp_play_look_greeting(struct player *p, int end, const struct beep_el *el, size_t rung)
{
    struct idxp_play_end *x = idxp_play_end(p, end);
    (void)rung;
    x->offers_idxp = x->offers_tunnel = false;
    for (size_t i = 0; i < el->profiles; i++) {
        if (slice_eq(el->profile[i].uri, SLICE_LIT(TUNNEL_URI))) x->offers_tunnel = true;
        if (slice_eq(el->profile[i].uri, slice_str(idxp_uris[idxp_play_run(p)->dialect]))) x->offers_idxp = true;
    }
}
void idxp_play_look_idxp(struct player *p, int end, const struct idxp_msg *m, size_t rung)
{
    (void)p, (void)end, (void)m, (void)rung;
}
