/* SPDX-License-Identifier: MIT */
/* Between the two halves of the IAP adapter: play_iap.c (events and ways) and play_iap_say.c (send, raw and do). */
#ifndef RUN_PLAY_IAP_IMPL_H
#define RUN_PLAY_IAP_IMPL_H

#include "peer/iap_conn.h"
#include "run/play_iap.h"

struct iap_play_end {
    struct iap_conn conn;
    bool live;            /* conn is in use */
    bool dials, analyzer; /* our part on this end */
    bool opaque;          /* octets are not read as messages: behind a proxy's set-up */
    bool resume;          /* TLS: try to resume the session before */
    bool settled;         /* the pause was used once */
    bool unreadable;      /* octets came that no reader can go on from */
    bool forgiven;        /* proxy: what we sent on the other end departs from the draft, and may only have been passed on */
    uint32_t vias;        /* proxy: Via lines that we sent on this end */
    const char *identity; /* certificate that we show; a word of the plan */
};
struct iap_play {
    char resume_key[32]; /* sessions are resumed within one case only, however many run at once */
    struct iap_play_end end[PLAY_ENDS];
};

static inline struct iap_play_end *iap_play_end(const struct player *p, int end)
{
    return &((struct iap_play *)p->state)->end[end];
}

/* Asks for the connection of an end that dials, if it is not open; nothing for ends that wait. */
void iap_play_open(struct player *p, int end);
/* Sets up conn for a connection that stands. */
void iap_play_conn(struct player *p, int end);
err iap_play_start_tls(struct player *p, int end) MUST_CHECK;
/* Sends a message as it should be. */
err iap_play_say(struct player *p, struct iap_play_end *x, int end, const struct iap_msg *m, uint64_t now) MUST_CHECK;
err iap_play_send(struct player *p, int end, const struct scn_stmt *s, uint64_t now) MUST_CHECK;
err iap_play_act(struct player *p, int end, const struct scn_stmt *s, uint64_t now) MUST_CHECK;
/* No messages are read on that end any more; what was read and is no whole message counts as octets. */
err iap_play_opaque(struct player *p, int end, uint64_t now) MUST_CHECK;
void iap_play_faults(struct player *p, int end, size_t rung);
void iap_play_label(const struct iap_msg *m, char *out, size_t n);

#endif
