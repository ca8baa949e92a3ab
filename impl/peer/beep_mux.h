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
extern const struct beep_mux_setup beep_mux_usual; /* 960, 16 KiB, 8 MiB, 16 KiB: each with its reason in beep_mux.c */

struct beep_mux {
    struct beep_conn *c;
    const struct beep_mux_setup *setup;
    size_t queued;          /* octets of all channels */
    uint32_t turn;          /* channel that sent last */
    /* ... the implementation's */
    struct beep_queue *queue;
    size_t queues, queue_cap;
};

err beep_mux_init(struct beep_mux *m, struct beep_conn *c, const struct beep_mux_setup *setup) MUST_CHECK;
void beep_mux_done(struct beep_mux *m);

/* Queues a piece of a message (octets are copied).  keyword MSG, RPY, ERR, ANS, NUL; last: it is the message's end.  Pieces of one message follow each other; the
 * answers of one reply may be interleaved.  A reply waits until the replies before it on the channel went out (2.6.1).  ERR_LIMIT and nothing queued when the queue is
 * full: try again when beep_mux_room says so.  ERR_USE for a message that nothing allows. */
err beep_mux_send(struct beep_mux *m, uint32_t channel, enum beep_keyword keyword, uint32_t msgno, uint32_t ansno, slice octets,
                  bool last) MUST_CHECK;
size_t beep_mux_room(const struct beep_mux *m, uint32_t channel);
/* Makes frames as far as windows and low water allow, one a channel in turn.  Call it after events, and when the link drained. */
err beep_mux_pump(struct beep_mux *m) MUST_CHECK;
/* n payload octets that came on the channel were consumed: grants them anew, by the policy of 3.1.4 (when at least half of the buffer would be advertised). */
err beep_mux_consumed(struct beep_mux *m, uint32_t channel, size_t n) MUST_CHECK;
/* Nothing waits to be framed (on the channel). */
bool beep_mux_idle(const struct beep_mux *m);
bool beep_mux_idle_on(const struct beep_mux *m, uint32_t channel);
/* A reply to an early ERR (2.6.3): what is left of that MSG is dropped and an empty last frame is sent in its place. */
err beep_mux_cut(struct beep_mux *m, uint32_t channel, uint32_t msgno) MUST_CHECK;
/* A channel is gone, or all are (tuning): what waits on it is dropped. */
void beep_mux_forget(struct beep_mux *m, uint32_t channel);
void beep_mux_reset(struct beep_mux *m);

#endif
