/* SPDX-License-Identifier: MIT */
/* net: carries octets between the links of endpoints.  Two carriers stand behind this header: the memory of the process with virtual time
 * (net_mem), and TCP sockets on a loop (net_tcp).  An endpoint cannot tell which one it is on. */
#ifndef RUN_NET_H
#define RUN_NET_H

#include "base/err.h"
#include "peer/endpoint.h"

struct net;

/* Gives the endpoint, and which of its links, that takes an accepted connection; NULL refuses it.  The endpoint is carried (net_add) by the net
 * afterwards if it was not yet: owned says whether the net frees it when it is finished. */
typedef struct endpoint *(*net_accept)(void *ctx, int *link, bool *owned);

struct net_ops {
    uint64_t (*now)(struct net *n);
    err (*add)(struct net *n, struct endpoint *e, bool owned);
    void (*remove)(struct net *n, struct endpoint *e);
    void (*touch)(struct net *n, struct endpoint *e);
    err (*listen)(struct net *n, const char *name, net_accept accept, void *ctx, char *bound, size_t bound_n, char *why,
                  size_t why_n);
    void (*unlisten)(struct net *n, net_accept accept, void *ctx);
    void (*run)(struct net *n, const bool *stop, uint64_t at);
    void (*free)(struct net *n);
};
struct net {
    const struct net_ops *ops;
    const struct env *env;
};

/* Milliseconds on the net's clock. */
uint64_t net_now(struct net *n);
/* Carries e from now on: opens the links that it wants opened, calls its deadlines.  owned: freed when it says it is finished. */
err net_add(struct net *n, struct endpoint *e, bool owned) MUST_CHECK;
/* Stops carrying e: its connections are closed (orderly where possible).  Never call it from inside a callback of e. */
void net_remove(struct net *n, struct endpoint *e);
/* Something about e changed outside its callbacks: look at its links and deadline again. */
void net_touch(struct net *n, struct endpoint *e);
/* Takes connections at name ("127.0.0.1:0", or any word in memory).  bound: the address really taken. */
err net_listen(struct net *n, const char *name, net_accept accept, void *ctx, char *bound, size_t bound_n, char *why,
               size_t why_n) MUST_CHECK;
void net_unlisten(struct net *n, net_accept accept, void *ctx);
/* Carries until *stop is true or the clock reads at. */
void net_run(struct net *n, const bool *stop, uint64_t at);
void net_free(struct net *n);

/* Who listens in memory with accept NULL is never heard of: connections there neither come about nor fail.
 * Virtual time begins at start_ms and jumps from deadline to deadline. */
err net_mem_new(const struct env *env, uint64_t start_ms, struct net **out) MUST_CHECK;
struct loop;
/* On a loop (borrowed). */
err net_tcp_new(const struct env *env, struct loop *loop, struct net **out) MUST_CHECK;
/* Keep connections that nobody wants yet for the endpoint that is added next: for peers that connect whenever they like.  Otherwise they are reset. */
void net_tcp_park(struct net *n, bool on);
/* The addresses of both ends of a link that stands, over sockets ("127.0.0.1:80"; each text of 64 octets); false when it does not. */
bool net_tcp_ends(struct net *n, const struct endpoint *e, int link, char local[64], char peer[64]);
/* Gives a connection that stands (borrowed) to a link of an endpoint that is carried: up is called, and the link is used like any other.  For connections that outlive the endpoint. */
struct loop_tcp;
void net_tcp_lend(struct net *n, struct endpoint *e, int link, struct loop_tcp *tcp);
struct net_lent {       /* how the connection was left */
    bool over;          /* the other side has ended it, or it broke */
    bool unsent;        /* octets for it are left: what it got may be half of something */
    bool open_line;     /* the last octet that came from it ended no line */
    size_t asked, told; /* lines that went and came */
};
/* Takes it back without a word to the endpoint; the link is down then.  The connection is the caller's again (freed by the net when it broke, or the endpoint ended it: then NULL), and waits for
 * loop_tcp_set_ctx.  Not from inside a callback of e. */
struct loop_tcp *net_tcp_take_back(struct net *n, struct endpoint *e, int link, struct net_lent *how);
/* Asked before a link is dialled: a connection that stands and is the net's from then on, or NULL and *pass true: dial it as usual; false: it cannot be opened. */
typedef struct loop_tcp *(*net_dial)(void *ctx, const struct endpoint *e, int link, const char *to, bool *pass);
void net_tcp_dial_by(struct net *n, net_dial dial, void *ctx);
/* How many octets of out go in one write, by the split of the link. */
size_t net_cut(struct link *l);

#endif
