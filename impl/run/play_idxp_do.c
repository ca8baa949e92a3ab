/* SPDX-License-Identifier: MIT */
/* The IDXP adapter of the player: the verbs of do. */
#include <string.h>

#include "run/play_idxp_impl.h"

bool idxp_play_hold(struct player *p, int end, const char *what)
{
    struct idxp_play_end *x = idxp_play_end(p, end);
    if (!what) {
        x->hold_greetings = x->hold_data = x->hold_tunnels = x->hold_starts = false;
        return true;
    }
    bool *which = strcmp(what, "greetings") == 0 ? &x->hold_greetings
                  : strcmp(what, "data") == 0    ? &x->hold_data
                  : strcmp(what, "tunnels") == 0 ? &x->hold_tunnels
                  : strcmp(what, "starts") == 0  ? &x->hold_starts
                                                 : NULL;
    if (which) *which = true;
    return which != NULL;
}

static err do_alerts(struct player *p, int end, const struct scn_stmt *s, uint64_t now)
{
    struct idxp_play_alerts *a = &idxp_play_end(p, end)->alerts;
    const struct idxp_play_chan *c = idxp_play_current(p, end, false);
    struct beep_say_word word = {.name = "idmef", .kind = SAY_MORE, .keyword = BEEP_MSG, .where = WHERE_MORE};
    uint32_t count = 100, channel = c ? c->number : 0;
    beep_play_number(s, "count", &count);
    beep_play_number(s, "channel", &channel);
    if (a->on) return play_error(p, "alerts are under way already");
    if (!channel) {
        play_inconc(p, "there is no IDXP channel for it: line %d", s->line);
        return OK;
    }
    buf_done(&a->payload);
    *a = (struct idxp_play_alerts){.channel = channel, .left = count};
    buf_init(&a->payload, p->e.env->mem, 2 * p->e.env->limits.content);
    TRY(idxp_play_compose(p, end, s, &word, false, &a->payload));
    a->on = !p->stop;
    return idxp_play_settle(p, end, now);
}

/* A proxy's far end takes one connection at a time, and goes on with the next when the case says so. */
static err do_open(struct player *p, int end, bool *took)
{
    struct link *l = &p->e.link[end];
    struct beep_play_end *b = beep_play_end(p, end);
    *took = idxp_play_proxy(p) && end != TUNNEL_PLAY_NEAR && l->state == LINK_DOWN;
    if (!*took) return OK;
    if (b->live) {
        idxp_play_forget(p, end);
        play_beep_over(p, end);
        struct idxp_play_end *x = idxp_play_end(p, end);
        x->opaque = x->through = x->switching = x->ours_inside = x->first_renewed = false;
    }
    play_drain(p, end);
    link_reset(&p->e, end);
    if (end == TUNNEL_PLAY_SECOND) beep_play_open(p, end);
    return OK;
}

static err do_refuse(struct player *p)
{
    if (p->run->deafen) p->run->deafen(p->run->deafen_ctx);
    for (int i = 0; i < PLAY_ENDS; i++)
        if (!beep_play_end(p, i)->dials && p->e.link[i].state == LINK_IDLE) p->e.link[i].state = LINK_DOWN;
    return OK;
}

err idxp_play_act(struct player *p, int end, const struct scn_stmt *s, const char *verb, bool *took,
                  uint64_t now)
{
    struct idxp_play_end *x = idxp_play_end(p, end);
    struct beep_play_end *b = beep_play_end(p, end);
    bool up = p->e.link[end].state == LINK_UP;
    *took = true;
    if (strcmp(verb, "open") == 0) return do_open(p, end, took);
    if (strcmp(verb, "refuse") == 0) return do_refuse(p);
    if (strcmp(verb, "no-idxp-greeting") == 0)
        x->no_greeting = true;
    else if (strcmp(verb, "no-renew") == 0)
        x->no_renew = true;
    else if (strcmp(verb, "opaque") == 0) {
        x->mode = IDXP_MODE_OCTETS;
        return up ? idxp_play_opaque(p, end, now) : OK;
    } else if (strcmp(verb, "renew") == 0) {
        x->mode = IDXP_MODE_BEEP;
        return up ? idxp_play_renew(p, end, now) : OK;
    } else if (strcmp(verb, "rest") == 0) {
        return b->live ? idxp_play_rest(p, end, now) : ERR_MORE;
    } else if (strcmp(verb, "alerts") == 0) {
        return b->live ? do_alerts(p, end, s, now) : ERR_MORE;
    } else if (strcmp(verb, "notify") == 0 && !b->live) {
        return OK;
    } else if (x->opaque && (strcmp(verb, "fin") == 0 || strcmp(verb, "close") == 0)) {
        play_rung(p, RUNG_EVENT, end, false, false, "FIN", SLICE_NONE, now);
        p->e.link[end].fin = true;
    } else if (x->opaque && strcmp(verb, "reset") == 0) {
        play_rung(p, RUNG_EVENT, end, false, false, "RST", SLICE_NONE, now);
        p->e.link[end].drop = true;
    } else {
        *took = false;
    }
    return OK;
}
