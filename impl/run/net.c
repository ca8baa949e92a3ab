/* SPDX-License-Identifier: MIT */
#include "run/net.h"

uint64_t net_now(struct net *n)
{
    return n->ops->now(n);
}

err net_add(struct net *n, struct endpoint *e, bool owned)
{
    return n->ops->add(n, e, owned);
}

void net_remove(struct net *n, struct endpoint *e)
{
    n->ops->remove(n, e);
}

void net_touch(struct net *n, struct endpoint *e)
{
    n->ops->touch(n, e);
}

err net_listen(struct net *n, const char *name, net_accept accept, void *ctx, char *bound, size_t bound_n, char *why,
               size_t why_n)
{
    return n->ops->listen(n, name, accept, ctx, bound, bound_n, why, why_n);
}

void net_unlisten(struct net *n, net_accept accept, void *ctx)
{
    n->ops->unlisten(n, accept, ctx);
}

void net_run(struct net *n, const bool *stop, uint64_t at)
{
    n->ops->run(n, stop, at);
}

void net_free(struct net *n)
{
    if (n) n->ops->free(n);
}

size_t net_cut(struct link *l)
{
    /* the first 2,048 octets of a burst and the last 64 are where cuts can hurt; a megabyte between them need not be 1,000,000 writes */
    enum { FINE = 2048, TAIL = 64 };
    size_t n = l->out.n;
    if (l->split == SPLIT_WHOLE || n <= 1) return n;
    bool middle = l->out.from > FINE && n > TAIL;
    if (l->split == SPLIT_BYTES) return middle ? n - TAIL : 1;
    return middle ? n - TAIL : 1 + (size_t)rng_below(&l->cuts, n < 64 ? n : 64);
}
