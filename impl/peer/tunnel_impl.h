/* SPDX-License-Identifier: MIT */
/* Between the files of TUNNEL: tunnel.c (the ends of a tunnel, and what the proxy has in common with them),
 * and those of the proxy (tunnel_proxy_impl.h). */
#ifndef PEER_TUNNEL_IMPL_H
#define PEER_TUNNEL_IMPL_H

#include "peer/beep_peer_impl.h"
#include "peer/mutate_idxp.h"
#include "peer/tunnel_proxy.h"

/* --- tunnel.c
 * ---------------------------------------------------------------------------------------------------------------
 */

enum { TUNNEL_TEXT_MAX = 400 }; /* of an error of ours: a sentence, and what the far side said */

struct tunnel_no { /* an error of ours */
    uint16_t code; /* 0: none */
    char text[TUNNEL_TEXT_MAX];
};

/* Keeps the octets of a MSG or reply on a TUNNEL channel until it is whole; what is longer than
 * TUNNEL_ELEMENT_MAX is dropped (lost). */
struct tunnel_part {
    struct buf octets;
    bool lost;
};
void tunnel_part_init(struct tunnel_part *t, const struct env *env);
void tunnel_part_done(struct tunnel_part *t);
err tunnel_part_add(struct tunnel_part *t, slice octets) MUST_CHECK;

/* Reads what stands in a start (whole false) or came as a message, and says what there is against it in no.
 * ERR_MEM alone fails.  m is to be freed by tunnel_msg_done in any case.  Without an error m->kind is TUNNEL,
 * or NOTHING for an empty start. */
err tunnel_asked_read(const struct env *env, unsigned mutant, slice text, bool whole, struct tunnel_msg *m,
                      struct tunnel_no *no) MUST_CHECK;
/* Appends ok, or the error: the element alone, or with the headers of a message. */
err tunnel_answer_write(unsigned mutant, const struct tunnel_no *no, bool whole, struct buf *out) MUST_CHECK;
__attribute__((format(printf, 3, 4))) void tunnel_no_set(struct tunnel_no *no, uint16_t code, const char *fmt,
                                                         ...);
/* Are there as many TUNNEL channels as may be? */
bool tunnel_channels_full(const struct beep_peer *p, const struct beep_profile *profile);

#endif
