/* SPDX-License-Identifier: MIT */
/* beep_profile: what a profile supplies to a BEEP peer (RFC 3080 5.1): how a channel is started, what its messages mean, whether it may be closed.  IDXP and TUNNEL
 * are profiles; so are TLS and SASL, which the peer brings along. */
#ifndef PEER_BEEP_PROFILE_H
#define PEER_BEEP_PROFILE_H

#include "track/track_beep.h"

struct beep_peer;
struct beep_profile;

struct beep_refusal { /* becomes an error element */
    uint16_t code;    /* 0: none */
    char text[160];
};

/* One channel with a profile bound to it. */
struct beep_bound {
    struct beep_peer *peer;
    const struct beep_profile *profile;
    uint32_t channel;
    bool started_by_us;
    bool later;       /* set in start: the answer comes by beep_peer_answer; what follows on channel 0 waits for it (2.6.1) */
    void *state;      /* the profile's own */
};

/* All functions may be NULL but start.  slices are borrowed for the call.  They may call every function of beep_peer.h: what that sends goes out behind the callback,
 * and a channel that ends by it lives until then.
 *
 * Of a channel that is there, closed is the last call, whatever ended it; one that was declined on either side has none, and its start or started frees state. */
struct beep_profile {
    const char *uri;
    void *ctx;
    bool tuning;      /* not offered once a tuning of its kind succeeded (3080 3, 4) */
    bool clear_only;  /* neither offered nor to be had (538) under TLS or within a security layer of SASL (RFC 3620 5); need_tls and need_auth do not hide it */
    /* The peer proposes this profile on b->channel with that initialization content.  Fills in the content of the answer (may stay empty).  A refusal declines the
     * channel (ERR); a profile whose operation fails answers with an error element as content instead (3.1.1, 4.1.1). */
    void (*start)(struct beep_bound *b, slice init, struct buf *answer, struct beep_refusal *no, uint64_t now);
    /* The answer to the peer's start went out: from here on messages may be sent. */
    void (*opened)(struct beep_bound *b, uint64_t now);
    /* Our start was answered: with content, or declined (no->code is not 0).  Messages may be sent. */
    void (*started)(struct beep_bound *b, slice answer, const struct beep_refusal *no, uint64_t now);
    /* Octets of a message as they come, frame by frame; last: its end.  keyword MSG: answer with beep_peer_reply, but only an ERR
     * before its end (2.6.3).  NULL: each MSG is answered by ERR (2.7). */
    void (*octets)(struct beep_bound *b, enum beep_keyword keyword, uint32_t msgno, uint32_t ansno, slice octets, bool last, uint64_t now);
    /* The reply to one of our MSGs is complete (RPY, ERR, or NUL). */
    void (*answered)(struct beep_bound *b, uint32_t msgno, enum beep_keyword keyword, uint64_t now);
    /* May the channel be closed?  A refusal declines (2.3.1.3). */
    void (*may_close)(struct beep_bound *b, struct beep_refusal *no);
    /* There is room again after ERR_LIMIT. */
    void (*room)(struct beep_bound *b, uint64_t now);
    void (*closed)(struct beep_bound *b, uint64_t now); /* frees state; nothing can be sent any more */
};

#endif
