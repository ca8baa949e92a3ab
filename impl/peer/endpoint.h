/* SPDX-License-Identifier: MIT */
/* endpoint: a protocol peer without sockets.  It owns up to LINK_MAX connections (links); a carrier (a socket loop, or the memory of the
 * process) moves octets between links of different endpoints, tells what happened, and calls tick at the deadline.  Reference peers, proxies and
 * the scripted tester are all endpoints, so every combination runs over sockets and in memory alike. */
#ifndef PEER_ENDPOINT_H
#define PEER_ENDPOINT_H

#include "base/buf.h"
#include "base/env.h"

enum { LINK_MAX = 4 };

enum link_state {
    LINK_IDLE,      /* not in use, or waiting to be given an accepted connection */
    LINK_WANTED,    /* the endpoint asks the carrier to open a connection to link.to */
    LINK_DIALING,   /* the carrier is at it */
    LINK_UP,
    LINK_DOWN       /* over; the endpoint may set LINK_IDLE or LINK_WANTED to use the slot again */
};
enum link_end { LINK_FIN, LINK_RESET, LINK_REFUSED /* could not be opened */ };
enum { LINK_NOWHERE = -1 }; /* trouble: the name could not be looked up */
enum link_split { SPLIT_WHOLE, SPLIT_BYTES, SPLIT_RANDOM };

struct link {
    enum link_state state;
    const char *to;     /* where to open it: a name that the carrier knows; borrowed */
    struct buf out;     /* octets waiting to be sent */
    bool fin;           /* end our direction once out is empty */
    bool drop;          /* reset the connection now */
    bool urgent;        /* send the next octet of out as TCP urgent data */
    bool pause;         /* do not bring octets now */
    bool in_ended;      /* the other side's direction is over */
    bool fin_sent;      /* set by the carrier */
    int trouble;        /* set by the carrier with LINK_REFUSED: errno, 0: unknown, LINK_NOWHERE */
    enum link_split split; /* how out is cut into writes */
    struct rng cuts;
    void *carrier;      /* the carrier's own */
};

struct endpoint;
struct endpoint_ops {
    void (*up)(struct endpoint *e, int link, uint64_t now);                 /* the connection stands */
    void (*feed)(struct endpoint *e, int link, slice octets, uint64_t now); /* octets came; borrowed for the call */
    void (*urgent)(struct endpoint *e, int link, uint64_t now);             /* TCP urgent data came */
    void (*ended)(struct endpoint *e, int link, enum link_end how, uint64_t now);
    void (*drained)(struct endpoint *e, int link, uint64_t now);            /* out became empty; NULL: not wanted */
    void (*tick)(struct endpoint *e, uint64_t now);
    uint64_t (*deadline)(const struct endpoint *e);                         /* UINT64_MAX: none */
    bool (*finished)(const struct endpoint *e);                             /* nothing more will happen: may be freed */
    void (*free)(struct endpoint *e);
};
struct endpoint {
    const struct endpoint_ops *ops;
    const struct env *env;
    struct link link[LINK_MAX];
    void *carrier; /* the carrier's own */
};

/* Sets up ops, env and idle links. */
void endpoint_init(struct endpoint *e, const struct endpoint_ops *ops, const struct env *env);
void endpoint_done(struct endpoint *e);
/* Makes a link ready to be used (again): empty queue, flags cleared, state IDLE. */
void link_reset(struct endpoint *e, int link);
/* Of a link that ended with LINK_REFUSED, for people: "cannot connect to 127.0.0.1:80: Connection refused". */
void link_trouble(const struct link *l, char *out, size_t n);

#endif
