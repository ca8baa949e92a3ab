/* SPDX-License-Identifier: MIT */
#include "run/net.h"

#include <stdio.h>
#include <string.h>

enum { NODES_MAX = 64, LISTENERS_MAX = 16 };

struct node;
struct wire_end { /* what link.carrier points to */
    struct node *node;
    int link;
    struct wire_end *other; /* NULL when the other end is gone */
};
struct node {
    struct endpoint *e;
    bool owned;
    struct wire_end end[LINK_MAX];
};
struct listener {
    char name[64];
    net_accept accept;
    void *ctx;
};
struct net_mem {
    struct net n; /* first */
    uint64_t now;
    struct node *node[NODES_MAX];
    size_t nodes;
    struct listener listener[LISTENERS_MAX];
    size_t listeners;
};

static struct net_mem *mem_of(struct net *n)
{
    return (struct net_mem *)n;
}

static uint64_t mem_now(struct net *n)
{
    return mem_of(n)->now;
}

static struct node *node_of(struct net_mem *m, struct endpoint *e)
{
    for (size_t i = 0; i < m->nodes; i++) {
        if (m->node[i]->e == e) return m->node[i];
    }
    return NULL;
}

static err mem_add(struct net *n, struct endpoint *e, bool owned)
{
    struct net_mem *m = mem_of(n);
    if (node_of(m, e)) return OK;
    if (m->nodes == NODES_MAX) return ERR_LIMIT;
    struct node *d = mem_new(n->env->mem, sizeof *d);
    if (!d) return ERR_MEM;
    d->e = e;
    d->owned = owned;
    m->node[m->nodes++] = d;
    return OK;
}

static void lose_other(struct net_mem *m, struct wire_end *end, enum link_end how)
{
    struct wire_end *o = end->other;
    end->other = NULL;
    if (!o) return;
    o->other = NULL;
    struct link *l = &o->node->e->link[o->link];
    if (l->state != LINK_UP) return;
    bool heard = l->in_ended;
    l->in_ended = true;
    l->state = LINK_DOWN;
    if (!heard || how == LINK_RESET) o->node->e->ops->ended(o->node->e, o->link, how, m->now);
}

static void forget(struct net_mem *m, struct node *d, bool free_it)
{
    for (int i = 0; i < LINK_MAX; i++) {
        struct link *l = &d->e->link[i];
        bool clean = l->state != LINK_UP || !l->drop;
        if (d->end[i].other) lose_other(m, &d->end[i], clean ? LINK_FIN : LINK_RESET);
    }
    for (size_t i = 0; i < m->nodes; i++) {
        if (m->node[i] != d) continue;
        m->node[i] = m->node[--m->nodes];
        break;
    }
    if (free_it) d->e->ops->free(d->e);
    mem_free(m->n.env->mem, d);
}

static void mem_remove(struct net *n, struct endpoint *e)
{
    struct node *d = node_of(mem_of(n), e);
    if (d) forget(mem_of(n), d, false);
}

static void mem_touch(struct net *n, struct endpoint *e)
{
    (void)n;
    (void)e; /* every link is looked at in every round */
}

static err mem_listen(struct net *n, const char *name, net_accept accept, void *ctx, char *bound, size_t bound_n,
                      char *why, size_t why_n)
{
    struct net_mem *m = mem_of(n);
    if (m->listeners == LISTENERS_MAX) {
        if (why) snprintf(why, why_n, "too many listeners");
        return ERR_LIMIT;
    }
    struct listener *l = &m->listener[m->listeners++];
    snprintf(l->name, sizeof l->name, "%s", name);
    l->accept = accept;
    l->ctx = ctx;
    if (bound) snprintf(bound, bound_n, "%s", name);
    return OK;
}

static void mem_unlisten(struct net *n, net_accept accept, void *ctx)
{
    struct net_mem *m = mem_of(n);
    for (size_t i = 0; i < m->listeners; i++) {
        if (m->listener[i].accept != accept || m->listener[i].ctx != ctx) continue;
        m->listener[i] = m->listener[--m->listeners];
        return;
    }
}

static void dial(struct net_mem *m, struct node *d, int i)
{
    struct link *l = &d->e->link[i];
    struct endpoint *other = NULL;
    int link = 0;
    bool owned = false;
    for (size_t k = 0; k < m->listeners && !other; k++) {
        bool here = strcmp(m->listener[k].name, l->to) == 0;
        if (here && !m->listener[k].accept) {
            l->state = LINK_DIALING;
            return;
        }
        if (here) other = m->listener[k].accept(m->listener[k].ctx, &link, &owned);
    }
    if (!other || mem_add(&m->n, other, owned) != OK) {
        if (other && owned) other->ops->free(other);
        l->state = LINK_DOWN;
        d->e->ops->ended(d->e, i, LINK_REFUSED, m->now);
        return;
    }
    struct node *o = node_of(m, other);
    d->end[i] = (struct wire_end){.node = d, .link = i, .other = &o->end[link]};
    o->end[link] = (struct wire_end){.node = o, .link = link, .other = &d->end[i]};
    l->state = LINK_UP;
    other->link[link].state = LINK_UP;
    other->ops->up(other, link, m->now);
    d->e->ops->up(d->e, i, m->now);
}

static void both_over(struct wire_end *a)
{
    struct wire_end *b = a->other;
    struct link *la = &a->node->e->link[a->link];
    if (!la->fin_sent || !la->in_ended) return;
    la->state = LINK_DOWN;
    if (!b) return;
    b->node->e->link[b->link].state = LINK_DOWN;
    a->other = b->other = NULL;
}

/* One thing that one link has to do; true when something was done. */
static bool work(struct net_mem *m, struct node *d, int i)
{
    struct endpoint *e = d->e;
    struct link *l = &e->link[i];
    if (l->state == LINK_WANTED) {
        dial(m, d, i);
        return true;
    }
    struct wire_end *o = d->end[i].other;
    if (l->state == LINK_DIALING && l->drop) { /* to somebody who is never heard of */
        l->state = LINK_DOWN;
        return true;
    }
    if (l->state != LINK_UP || !o) return false;
    struct endpoint *oe = o->node->e;
    struct link *ol = &oe->link[o->link];
    if (l->drop) {
        l->state = LINK_DOWN;
        lose_other(m, &d->end[i], LINK_RESET);
        return true;
    }
    if (l->out.n && !l->fin_sent) {
        if (ol->pause) return false;
        size_t n = net_cut(l);
        oe->ops->feed(oe, o->link, slice_sub(buf_slice(&l->out), 0, n), m->now);
        if (l->out.n) buf_take(&l->out, n);
        if (!l->out.n) {
            buf_shrink(&l->out);
            if (e->ops->drained) e->ops->drained(e, i, m->now);
        }
        return true;
    }
    if (l->urgent) {
        l->urgent = false;
        oe->ops->urgent(oe, o->link, m->now);
        return true;
    }
    if (l->fin && !l->fin_sent) {
        l->fin_sent = true;
        ol->in_ended = true;
        oe->ops->ended(oe, o->link, LINK_FIN, m->now);
        both_over(&d->end[i]);
        return true;
    }
    return false;
}

static bool reap(struct net_mem *m)
{
    for (size_t i = 0; i < m->nodes; i++) {
        struct node *d = m->node[i];
        if (!d->owned || !d->e->ops->finished(d->e)) continue;
        bool waiting = false; /* a reset that was asked for still has to be delivered */
        for (int k = 0; k < LINK_MAX; k++)
            waiting |= d->e->link[k].state == LINK_UP && d->e->link[k].drop && d->end[k].other;
        if (waiting) continue;
        forget(m, d, true);
        return true;
    }
    return false;
}

static bool round_of_work(struct net_mem *m, const bool *stop)
{
    bool any = false;
    for (size_t i = 0; i < m->nodes && !*stop; i++) {
        struct node *d = m->node[i];
        for (int k = 0; k < LINK_MAX && i < m->nodes && m->node[i] == d && !*stop; k++)
            any |= work(m, d, k);
    }
    while (reap(m))
        any = true;
    return any;
}

static void mem_run(struct net *n, const bool *stop, uint64_t at)
{
    struct net_mem *m = mem_of(n);
    while (!*stop) {
        if (round_of_work(m, stop)) continue;
        uint64_t next = at;
        for (size_t i = 0; i < m->nodes; i++) {
            uint64_t t = m->node[i]->e->ops->deadline(m->node[i]->e);
            if (t < next) next = t;
        }
        /* a deadline that a tick did not move must not stop the clock */
        m->now = next > m->now ? next : m->now + 1;
        if (m->now >= at) return;
        for (size_t i = 0; i < m->nodes && !*stop; i++)
            m->node[i]->e->ops->tick(m->node[i]->e, m->now);
    }
}

static void mem_free_net(struct net *n)
{
    struct net_mem *m = mem_of(n);
    while (m->nodes) {
        struct node *d = m->node[m->nodes - 1];
        forget(m, d, d->owned);
    }
    mem_free(n->env->mem, m);
}

static const struct net_ops ops = {
    .now = mem_now,
    .add = mem_add,
    .remove = mem_remove,
    .touch = mem_touch,
    .listen = mem_listen,
    .unlisten = mem_unlisten,
    .run = mem_run,
    .free = mem_free_net,
};

err net_mem_new(const struct env *env, uint64_t start_ms, struct net **out)
{
    struct net_mem *m = mem_new(env->mem, sizeof *m);
    *out = NULL;
    if (!m) return ERR_MEM;
    m->n.ops = &ops;
    m->n.env = env;
    m->now = start_ms;
    *out = &m->n;
    return OK;
}
