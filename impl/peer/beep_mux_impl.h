/* SPDX-License-Identifier: MIT */
/* Between the files of the multiplexer: beep_mux.c (what is sent next) and beep_mux_queue.c (where it waits). */
#ifndef PEER_BEEP_MUX_IMPL_H
#define PEER_BEEP_MUX_IMPL_H

#include "peer/beep_mux.h"

enum { BEEP_LINE_FRAMES, BEEP_LINE_SEQ };

struct beep_seg { /* a piece of an answer, as it was queued */
    uint32_t ansno, n;
    bool last;
};

/* A message, or a whole reply with all its answers, that is not sent to its end. */
struct beep_out {
    struct beep_out *next;
    uint64_t stamp;         /* order of the first pieces, over MSGs and replies */
    uint32_t msgno;
    enum beep_keyword keyword; /* ANS: a reply with answers; NUL is its end */
    bool ended;             /* nothing more will be queued */
    bool begun;             /* a frame went out */
    bool cut;               /* 2.6.3 */
    struct buf data;
    struct beep_seg *seg;   /* ANS: pieces seg[seg_from .. seg_from + segs) of data */
    size_t seg_from, segs, seg_cap;
    uint32_t *open;         /* ANS: answers begun in the queue and not ended */
    size_t opens, open_cap;
};

struct beep_queue {
    uint32_t channel;
    bool in[2];             /* which line it stands in */
    bool widened;           /* the window was granted beyond the initial one */
    struct beep_queue *next; /* of the bucket */
    struct beep_queue *before[2], *behind[2]; /* in its lines */
    struct beep_out *msg, *msg_last, *reply, *reply_last;
    struct beep_out *open;  /* begun: nothing else goes before its end */
    uint32_t messages;
    uint32_t msg_high, reply_high; /* highest number that waits, so that most are known to be new without a search */
    size_t queued;          /* octets, with what keeping them takes */
    uint64_t consumed;      /* octets that no SEQ granted anew yet */
};

struct beep_queue *beep_queue_find(const struct beep_mux *m, uint32_t channel);
err beep_queue_get(struct beep_mux *m, uint32_t channel, struct beep_queue **out) MUST_CHECK;
void beep_queue_drop(struct beep_mux *m, struct beep_queue *q);
void beep_queues_drop(struct beep_mux *m);
/* Calls f for each. */
void beep_queue_each(struct beep_mux *m, void (*f)(struct beep_mux *m, struct beep_queue *q));

/* To the end of a line, once. */
void beep_line_add(struct beep_mux *m, unsigned line, struct beep_queue *q);
void beep_line_leave(struct beep_mux *m, unsigned line, struct beep_queue *q);

/* What waits under that number; NULL. */
struct beep_out *beep_out_find(const struct beep_queue *q, bool msg, uint32_t msgno);
/* Adds a piece to o, or to a new one when it is NULL: all of it or nothing. */
err beep_out_add(struct beep_mux *m, struct beep_queue *q, struct beep_out *o, enum beep_keyword keyword, uint32_t msgno, uint32_t ansno,
                 slice octets, bool last) MUST_CHECK;
/* The first n octets went out (of the first piece of answers). */
void beep_out_sent(struct beep_mux *m, struct beep_queue *q, struct beep_out *o, size_t n);
/* What is left is not to be sent. */
void beep_out_clear(struct beep_mux *m, struct beep_queue *q, struct beep_out *o);
void beep_out_drop(struct beep_mux *m, struct beep_queue *q, struct beep_out *o);
/* What a piece takes beside its octets. */
size_t beep_out_cost(const struct beep_out *o, enum beep_keyword keyword);

#endif
