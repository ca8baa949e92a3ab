/* SPDX-License-Identifier: MIT */
/* server: reference peers as programs: they listen, or connect and connect again, until told to stop.  What a peer is, is known to the protocol's
 * server_ops. */
#ifndef RUN_SERVER_H
#define RUN_SERVER_H

#include "run/net.h"
#include "run/proto.h"

struct server_options {
    const struct env *env;
    const struct run_proto *proto; /* has a server */
    const struct run_role *role;
    const char *listen, *connect; /* one of them; neither for a role behind an adapter, which talks over standard input and output */
    bool no_tls;
    struct tls_context *tls;  /* NULL: TLS was not set up */
    unsigned mutant;          /* index in proto->mutant */
    bool reconnect;           /* connect again after the connection ended */
    bool verbose;
    void (*listening)(void *ctx, const char *address);
    void (*say)(void *ctx, const char *text); /* one line for people */
    void *ctx;
    const void *own;          /* the protocol's own: struct server_iap_options ... */
};

/* Runs until SIGTERM or SIGINT, or until all is said that standard input asked for (OK).  ERR_SYS with why: address in use, store locked or broken ... */
err server_run(const struct server_options *o, char *why, size_t why_n) MUST_CHECK;

/* --- for protocols --------------------------------------------------------------------------------------------------------- */

struct server {
    const struct server_options *o;
    void *state;              /* the protocol's own: size octets, zeroed */
    struct loop *loop;
    struct net *net;
    struct endpoint **live;   /* the peers that there are, but for proxies, which nobody waits for */
    size_t lives, live_cap;
    struct loop_timer *again; /* reconnect */
    uint64_t backoff;
    bool stop, hurry;         /* told to stop; told so twice */
    bool leaving;             /* nothing new is begun any more */
    bool alone;               /* no peer is left */
    struct loop_stdio *stdio; /* of a role behind an adapter ... */
    struct endpoint *only;    /* ... and its one peer, which is the server's */
};

struct server_ops {
    size_t size;
    /* Before anything listens or connects; loop and net stand.  end is called in any case, even when it never came to begin. */
    err (*begin)(struct server *s, char *why, size_t why_n);
    /* It listens there now; may be NULL. */
    void (*bound)(struct server *s, const char *address);
    /* A peer for one connection: with o->connect it dials there, otherwise it waits to be given one.  NULL: refused, or short of memory.
     * Unless the role is a proxy, or behind an adapter, server_gone has to be called before the peer is freed. */
    struct endpoint *(*peer)(struct server *s);
    /* Told to stop: ends the connection of a peer in order.  Not called for roles behind an adapter. */
    void (*close)(struct server *s, struct endpoint *e, uint64_t now);
    /* Something is still at work beside the loop, and has to be waited for; may be NULL. */
    bool (*busy)(struct server *s);
    /* All peers are gone, the loop stands; may be NULL. */
    void (*leave)(struct server *s);
    /* All peers, net and loop are gone; may be NULL. */
    void (*end)(struct server *s);
};

/* A peer is about to be freed.  served: it was of use, so that the next attempt to connect need not wait long. */
void server_gone(struct server *s, struct endpoint *e, bool served);
void server_say(struct server *s, const char *text);

#endif
