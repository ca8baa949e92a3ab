/* SPDX-License-Identifier: MIT */
/* Between the files of idxp_peer: idxp_peer.c (the session and its channels), idxp_peer_send.c (items of an analyzer), idxp_peer_keep.c (messages that a manager receives). */
#ifndef PEER_IDXP_PEER_IMPL_H
#define PEER_IDXP_PEER_IMPL_H

#include "peer/idxp_peer.h"

enum { IDXP_PEER_ODD = 4096 /* octets that a mistake may add to a message */ };

/* An item that is under way. */
struct idxp_flight {
    struct idxp_flight *next;
    uint64_t id;
    uint32_t msgno;
};
/* A message that the hook alert has put off. */
struct idxp_kept {
    struct idxp_kept *next;
    uint64_t tag;
    struct idxp_line *line;   /* NULL: its channel has ended */
    uint32_t msgno;
};

struct idxp_line { /* one channel, and what we do on it */
    struct idxp_line *next;
    struct idxp_peer *p;
    struct idxp_channel *c;
    bool ours;                /* we asked for it */
    bool ready;               /* data may flow, as far as we know */
    enum idxp_stream stream;  /* that we asked it for */
    /* sending */
    struct idxp_flight *flight;
    size_t flights;
    bool has_item, begun;     /* item is to be sent, or is being sent */
    struct idxp_item item;
    slice rest;               /* of it, as far as it is known */
    bool rest_last, refused;  /* the peer has answered the item before its end */
    uint32_t msgno;           /* of it; 0 before */
    struct buf odd;           /* what a mistake makes of it */
    /* receiving */
    bool collecting;
    struct buf body;          /* of a message in several pieces */
    struct beep_mime mime;    /* of its headers; type points into type */
    char type[128];
};

struct idxp_peer {
    const struct idxp_peer_setup *s;
    struct beep_peer *b;
    void *user;
    bool opener;
    bool asked;               /* channels were asked for */
    bool told;                /* the hook ready was called */
    bool closing, releasing;
    bool source_ended;
    bool pumping, again;
    uint64_t ready_by; /* a channel is to be ready; ms, 0 none */
    const struct endpoint_ops *under; /* of the BEEP peer */
    struct idxp_line *line;   /* in the order in which they came to be */
    bool has_pending;         /* an item that no channel takes at the moment */
    struct idxp_item pending;
    enum idxp_stream pending_stream;
    uint64_t tag;
    struct idxp_kept *kept, **kept_end;
    size_t kept_n;
    char why[200];
};

static inline const struct mem *idxp_peer_mem(const struct idxp_peer *p)
{
    return p->s->ready_idxp.env->mem;
}

/* --- idxp_peer.c --- */
__attribute__((format(printf, 2, 3))) void idxp_peer_note(struct idxp_peer *p, const char *fmt, ...);
__attribute__((format(printf, 2, 3))) void idxp_peer_tell(struct idxp_peer *p, const char *fmt, ...); /* and it is why */
/* Frees what is left of channels that ended. */
void idxp_peer_reap(struct idxp_peer *p);
/* Asks for the release, once. */
void idxp_peer_release(struct idxp_peer *p, uint64_t now);

/* --- idxp_peer_time.c --- */
/* Puts the deadline of IDXP in front of those of BEEP. */
void idxp_peer_watch(struct idxp_peer *p);

/* --- idxp_peer_send.c --- */
void idxp_peer_pump(struct idxp_peer *p, uint64_t now);
void idxp_line_answered(struct idxp_line *l, uint32_t msgno, uint16_t code, const char *text, uint64_t now);
/* The channel ended: what was under way is told of. */
void idxp_line_lost(struct idxp_line *l);

/* --- idxp_peer_keep.c --- */
uint16_t idxp_line_data(struct idxp_line *l, const struct idxp_piece *d, struct beep_refusal *no, uint64_t now);
void idxp_line_forget(struct idxp_line *l); /* what it has put off */
void idxp_peer_forget(struct idxp_peer *p);

#endif
