/* SPDX-License-Identifier: MIT */
/* beep_mux: what an endpoint wants to send, put into frames: segmentation, windows in both directions, fairness over channels, bounded queues (RFC 3081 3.1). */
#ifndef PEER_BEEP_MUX_H
#define PEER_BEEP_MUX_H

#include "peer/beep_conn.h"

struct beep_mux_setup {
    uint32_t frame_max;    /* payload octets of a frame: 3081 3.1.4 advises two thirds of the MSS */
    uint32_t window;       /* that we grant on each channel, at least 4096; the initial 4096 is widened with the first frame */
    size_t queue_max;      /* octets that may wait on one channel, and on all together four times that */
    size_t low_water;      /* octets in the link's out above which no further frame is made: so that the channels take turns */
};
extern const struct beep_mux_setup beep_mux_usual; /* 912, 16 KiB, 8 MiB, 16 KiB: each with its reason in beep_mux.c */

enum { BEEP_MUX_MESSAGES = 4096 }; /* that wait on one channel: as many as a tracker lets be without an answer */

struct beep_queue; /* what waits on one channel (beep_mux_impl.h) */
struct beep_line { /* queues in the order in which they take their turns */
    struct beep_queue *first, *last;
};

struct beep_mux {
    struct beep_conn *c;
    const struct beep_mux_setup *setup;
    size_t queued;          /* octets of all channels, with what keeping them takes */
    size_t messages;        /* of all channels that are not sent to their ends */
    uint32_t turn;          /* channel that sent last */
    uint64_t stamp;         /* of the message queued last */
    struct beep_line line[2]; /* of those with a frame to send, and with a SEQ */
    struct beep_queue **bucket; /* by channel number */
    size_t queues, buckets;
    bool reading;           /* more of what came together is to be read: a SEQ waits for the rest, or for a frame of its channel (3.1.4); set by the endpoint */
    bool spare;             /* a SEQ may meet the end of the session on its way: only when the peer runs short (TUNNEL-D13); set by the endpoint */
    bool slept;             /* something could not go before the tuning that is under way is decided */
};

/* conn and setup are borrowed.  ERR_USE for settings that make no sense (window below 4096 or over 2147483647, frames or queues without room). */
err beep_mux_init(struct beep_mux *m, struct beep_conn *c, const struct beep_mux_setup *setup) MUST_CHECK;
void beep_mux_done(struct beep_mux *m);

/* Queues a piece of a message (octets are copied, once).  keyword MSG, RPY, ERR, ANS, NUL; last: it is the message's end.  Pieces of one message follow each other; the
 * answers of one reply may be interleaved and go out as they were queued.  A reply waits until the replies before it on the channel went out (2.6.1), and all but ERR until
 * their MSG is complete (2.6.3).  A message begun is sent to its end before another of the channel begins (2.2.1.1), so a MSG or reply whose next piece, or window, is
 * long in coming keeps everything behind it on that channel waiting; that is how BEEP is, and other channels are not touched by it.
 * ERR_LIMIT and nothing queued when the queue is full: try again when beep_mux_room says so.  The reply that is next in order is counted by itself, so that replies that
 * wait for it cannot keep it out.  ERR_USE for a message that nothing allows: no such channel, no such MSG to answer, a number in use, a reply of two kinds, NUL before an
 * answer's end, a MSG behind a close.  ERR_MEM: nothing was queued. */
err beep_mux_send(struct beep_mux *m, uint32_t channel, enum beep_keyword keyword, uint32_t msgno, uint32_t ansno, slice octets,
                  bool last) MUST_CHECK;
/* Octets that a piece may have now.  Replies that are not next in order may find less. */
size_t beep_mux_room(const struct beep_mux *m, uint32_t channel);
/* As beep_free_msgno, over what waits here as well. */
uint32_t beep_mux_free_msgno(const struct beep_mux *m, uint32_t channel);
/* Makes frames as far as windows and low water allow, SEQ first, then one a channel in turn.  Call it after events, and when the link drained.  While a ready is not
 * answered whoever sent it says nothing, and the other only replies (3.1.3); behind proceed nothing is sent.  After any error the session cannot go on, but ERR_MEM and
 * ERR_LIMIT, behind which it may be called again. */
err beep_mux_pump(struct beep_mux *m) MUST_CHECK;
/* n payload octets that came on the channel were consumed: the next pump grants them anew, in one SEQ for all of them, by the policy of 3.1.4 (when at least half of the
 * buffer would be advertised).  Where a SEQ might cross something behind which there is no place for it (the answer to a close or release, the end of a SASL exchange), it
 * is only sent when the peer runs short.  Nothing for a channel that is gone. */
err beep_mux_consumed(struct beep_mux *m, uint32_t channel, size_t n) MUST_CHECK;
/* A window waits to be granted. */
bool beep_mux_grants(const struct beep_mux *m);
/* Nothing waits to be framed (on the channel). */
bool beep_mux_idle(const struct beep_mux *m);
bool beep_mux_idle_on(const struct beep_mux *m, uint32_t channel);
/* A reply to an early ERR (2.6.3): what is left of that MSG is dropped and an empty last frame is sent in its place.  Nothing when all of it went out; pieces that are
 * still queued for it before that frame went are dropped.  ERR_USE when none of it went out. */
err beep_mux_cut(struct beep_mux *m, uint32_t channel, uint32_t msgno) MUST_CHECK;
/* A channel is gone, or all are (tuning): what waits on it, and what is remembered of it, is dropped. */
void beep_mux_forget(struct beep_mux *m, uint32_t channel);
void beep_mux_reset(struct beep_mux *m);

#endif
