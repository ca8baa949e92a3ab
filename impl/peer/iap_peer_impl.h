/* SPDX-License-Identifier: MIT */
/* Between the files of iap_peer: iap_peer.c (events and deadlines), iap_peer_do.c (what to do about each message) and iap_peer_say.c (what is said, and the
 * end). */
#ifndef PEER_IAP_PEER_IMPL_H
#define PEER_IAP_PEER_IMPL_H

#include "peer/iap_peer.h"

#define MUT(p, name) ((p)->s->mutant == MUT_##name)

enum { OWED_MAX = 1024 }; /* contents sent without waiting for answers (IAP-D26); more is a flood */
enum { UNREAD_MAX = 65536 }; /* octets of answers that the peer has not taken; behind that its requests wait */

static inline struct link *link_of(struct iap_peer *p)
{
    return &p->e.link[0];
}

static inline enum iap_state state_of(const struct iap_peer *p)
{
    return track_iap_state(&p->c.track);
}

/* After a deliberate mistake the peer goes on as if all had been in order. */
static inline void pretend(struct iap_peer *p, enum iap_state s)
{
    p->c.track.fsm.state = (uint8_t)s;
}

__attribute__((format(printf, 2, 3))) void iap_peer_tell(struct iap_peer *p, const char *fmt, ...);
void iap_peer_unanswered(struct iap_peer *p);
void iap_peer_end_now(struct iap_peer *p);
void iap_peer_end_soon(struct iap_peer *p, uint64_t now);
bool iap_peer_in_data(const struct iap_peer *p);
void iap_peer_send(struct iap_peer *p, const struct iap_msg *m, uint64_t now);
void iap_peer_send_anyway(struct iap_peer *p, const struct iap_msg *m);
struct iap_msg *iap_peer_message(struct iap_msg *m, enum iap_kind kind);
void iap_peer_respond(struct iap_peer *p, uint16_t code, uint64_t now);
void iap_peer_leave(struct iap_peer *p, uint64_t now);
void iap_peer_farewell(struct iap_peer *p, uint16_t code, const char *why, uint64_t now);
void iap_peer_ask(struct iap_peer *p, enum iap_kind kind, uint64_t now);
void iap_peer_on_content(struct iap_peer *p, const struct iap_msg *m, uint64_t now);
void iap_peer_on_connect(struct iap_peer *p, const struct iap_msg *m, uint64_t now);
void iap_peer_on_upgrade(struct iap_peer *p, uint64_t now);
void iap_peer_on_channel(struct iap_peer *p, const struct iap_msg *m, uint64_t now);
void iap_peer_set_up_channel(struct iap_peer *p, uint64_t now);
void iap_peer_on_response(struct iap_peer *p, const struct iap_msg *m, enum iap_state was, uint64_t now);

/* The record header and beginning of a ClientHello, for the mistake of playing the wrong side. */
extern const uint8_t iap_peer_stray_hello[11];

#endif
