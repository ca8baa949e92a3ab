/* SPDX-License-Identifier: MIT */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "io/loop.h"
#include "run/net.h"

enum { PARKED_MAX = 8, DIAL_MS = 10000 };

struct tcp_net;
struct tcp_node;

struct tcp_link { /* what link.carrier points to */
    struct tcp_node *node;
    int link;
    struct loop_tcp *tcp; /* NULL while there is none */
    bool had_out, paused;
    bool stuck; /* took less than all of out: writable comes */
    bool lent;
    struct net_lent log; /* of a connection that was lent */
};
struct tcp_node {
    struct tcp_node *next;
    struct tcp_net *net;
    struct endpoint *e;
    struct loop_timer *timer;
    bool owned, removed;
    int busy; /* callbacks of e that are running */
    struct tcp_link at[LINK_MAX];
};
struct tcp_listener {
    struct tcp_listener *next;
    struct tcp_net *net;
    struct loop_listener *l;
    net_accept accept;
    void *ctx;
};
struct tcp_net {
    struct net n; /* first */
    struct loop *loop;
    struct tcp_node *nodes;
    struct tcp_listener *listeners;
    struct { /* connections that came while nobody wanted one */
        struct loop_tcp *tcp;
        struct tcp_listener *from;
    } parked[PARKED_MAX];
    size_t parks;
    bool park;
    net_dial dial; /* NULL: all links are dialled as usual */
    void *dial_ctx;
};

static struct tcp_net *tcp_of(struct net *n)
{
    return (struct tcp_net *)n;
}

static const struct mem *mem(const struct tcp_node *d)
{
    return d->net->n.env->mem;
}

static const struct loop_tcp_events events;

static uint64_t now_of(const struct tcp_node *d)
{
    return loop_now(d->net->loop);
}

static void unlink_node(struct tcp_node *d)
{
    for (struct tcp_node **at = &d->net->nodes; *at; at = &(*at)->next) {
        if (*at != d) continue;
        *at = d->next;
        return;
    }
}

static void close_link(struct tcp_link *t, bool reset)
{
    if (t->tcp) loop_tcp_free(t->tcp, reset);
    t->tcp = NULL;
    t->paused = t->had_out = t->stuck = t->lent = false;
}

static size_t lines_in(slice s)
{
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++)
        n += s.p[i] == '\n';
    return n;
}

/* Lets go of a node; its endpoint is freed with it when it is the net's. */
static void drop_node(struct tcp_node *d, bool free_endpoint)
{
    for (int i = 0; i < LINK_MAX; i++) {
        struct link *l = &d->e->link[i];
        close_link(&d->at[i], l->drop);
        if (l->state == LINK_UP || l->state == LINK_DIALING) l->state = LINK_DOWN;
        l->carrier = NULL;
    }
    loop_timer_free(d->timer);
    unlink_node(d);
    d->e->carrier = NULL;
    if (free_endpoint) d->e->ops->free(d->e);
    mem_free(mem(d), d);
}

static void pump(struct tcp_node *d);

/* Every call into an endpoint goes through these, so that its links are looked at afterwards and it can be let go safely. */
static void enter(struct tcp_node *d)
{
    d->busy++;
}

static void leave(struct tcp_node *d)
{
    d->busy--;
    if (!d->busy) pump(d);
}

static void over(struct tcp_node *d, int i, enum link_end how)
{
    struct link *l = &d->e->link[i];
    bool heard = l->in_ended;
    close_link(&d->at[i], false);
    l->state = LINK_DOWN;
    l->in_ended = true;
    if (heard && how == LINK_FIN) return;
    enter(d);
    d->e->ops->ended(d->e, i, how, now_of(d));
    leave(d);
}

/* A connection that stands, for a link. */
static void put_on(struct tcp_node *d, int i, struct loop_tcp *tcp)
{
    d->at[i].tcp = tcp;
    loop_tcp_set_ctx(tcp, &events, &d->at[i]);
    enter(d);
    d->e->link[i].state = LINK_UP;
    d->e->ops->up(d->e, i, now_of(d));
    leave(d);
}

static void dial(struct tcp_node *d, int i)
{
    struct link *l = &d->e->link[i];
    struct loop_addr a;
    char why[200];
    bool pass = true;
    l->state = LINK_DIALING;
    l->trouble = 0;
    struct loop_tcp *stands = d->net->dial ? d->net->dial(d->net->dial_ctx, d->e, i, l->to, &pass) : NULL;
    if (stands) {
        put_on(d, i, stands);
        return;
    }
    if (!pass) l->trouble = LINK_NOWHERE;
    else if (loop_addr_parse(l->to, &a, why, sizeof why) != OK) l->trouble = LINK_NOWHERE;
    else if (loop_tcp_dial(d->net->loop, &a, DIAL_MS, &events, &d->at[i], &d->at[i].tcp) == OK) return;
    over(d, i, LINK_REFUSED);
}

static bool write_some(struct tcp_node *d, int i)
{
    struct tcp_link *t = &d->at[i];
    struct link *l = &d->e->link[i];
    t->stuck = false;
    while (l->out.n && t->tcp) {
        size_t n = net_cut(l), took = 0;
        t->had_out = true;
        if (loop_tcp_write(t->tcp, slice_sub(buf_slice(&l->out), 0, n), &took) != OK) {
            over(d, i, LINK_RESET);
            return false;
        }
        if (t->lent) t->log.asked += lines_in(slice_sub(buf_slice(&l->out), 0, took));
        buf_take(&l->out, took);
        t->stuck = took < n;
        if (t->stuck) return false;
    }
    if (t->had_out && !l->out.n) {
        t->had_out = false;
        buf_shrink(&l->out);
        if (d->e->ops->drained) {
            enter(d);
            d->e->ops->drained(d->e, i, now_of(d));
            d->busy--; /* the caller goes on with the links */
        }
    }
    return t->tcp != NULL;
}

static void work(struct tcp_node *d, int i)
{
    struct tcp_link *t = &d->at[i];
    struct link *l = &d->e->link[i];
    if (l->state == LINK_WANTED) {
        dial(d, i);
        return;
    }
    if (l->state == LINK_DIALING && l->drop) {
        close_link(t, true);
        l->state = LINK_DOWN;
    }
    if (l->state != LINK_UP || !t->tcp) return;
    if (l->drop) {
        close_link(t, true);
        l->state = LINK_DOWN;
        return;
    }
    if (l->pause != t->paused) {
        t->paused = l->pause;
        loop_tcp_pause(t->tcp, l->pause);
    }
    if (!l->fin_sent && !write_some(d, i)) return;
    if (l->out.n || !t->tcp) return;
    if (l->urgent) {
        l->urgent = false;
        if (loop_tcp_urgent(t->tcp, '!') != OK) {
            over(d, i, LINK_RESET);
            return;
        }
    }
    if (l->fin && !l->fin_sent) {
        l->fin_sent = true;
        loop_tcp_fin(t->tcp);
    }
    if (l->fin_sent && l->in_ended) {
        close_link(t, false);
        l->state = LINK_DOWN;
    }
}

static void pump(struct tcp_node *d)
{
    d->busy++;
    for (int k = 0; k < 2 * LINK_MAX; k++) /* twice: what one link does may concern one that was looked at already */
        work(d, k % LINK_MAX);
    d->busy--;
    if (d->busy) return;
    bool more = false; /* an endpoint that had waited for room has filled it again: the others have their turn first */
    for (int i = 0; i < LINK_MAX; i++)
        more |= d->e->link[i].state == LINK_UP && d->at[i].tcp && d->e->link[i].out.n && !d->e->link[i].fin_sent && !d->at[i].stuck;
    if (d->removed || (d->owned && d->e->ops->finished(d->e))) {
        drop_node(d, d->owned);
        return;
    }
    loop_timer_at(d->timer, more ? now_of(d) : d->e->ops->deadline(d->e));
}

/* --- events of the loop ------------------------------------------------------------------------------------------------ */

static void on_up(void *ctx, struct loop_tcp *tcp)
{
    struct tcp_link *t = ctx;
    struct tcp_node *d = t->node;
    (void)tcp;
    enter(d);
    d->e->link[t->link].state = LINK_UP;
    d->e->ops->up(d->e, t->link, now_of(d));
    leave(d);
}

static void on_read(void *ctx, struct loop_tcp *tcp, slice octets)
{
    struct tcp_link *t = ctx;
    struct tcp_node *d = t->node;
    (void)tcp;
    if (t->lent) {
        t->log.told += lines_in(octets);
        t->log.open_line = octets.p[octets.n - 1] != '\n';
    }
    enter(d);
    d->e->ops->feed(d->e, t->link, octets, now_of(d));
    leave(d);
}

static void on_urgent(void *ctx, struct loop_tcp *tcp)
{
    struct tcp_link *t = ctx;
    struct tcp_node *d = t->node;
    (void)tcp;
    enter(d);
    d->e->ops->urgent(d->e, t->link, now_of(d));
    leave(d);
}

static void on_writable(void *ctx, struct loop_tcp *tcp)
{
    struct tcp_link *t = ctx;
    (void)tcp;
    pump(t->node);
}

static void on_ended(void *ctx, struct loop_tcp *tcp, enum loop_end how, int sys)
{
    struct tcp_link *t = ctx;
    struct tcp_node *d = t->node;
    (void)tcp;
    if (how != LOOP_FIN) {
        d->e->link[t->link].trouble = sys;
        over(d, t->link, how == LOOP_REFUSED ? LINK_REFUSED : LINK_RESET);
        return;
    }
    enter(d);
    d->e->link[t->link].in_ended = true;
    d->e->ops->ended(d->e, t->link, LINK_FIN, now_of(d));
    leave(d);
}

static const struct loop_tcp_events events = {
    .up = on_up, .read = on_read, .urgent = on_urgent, .writable = on_writable, .ended = on_ended};

static void on_timer(void *ctx)
{
    struct tcp_node *d = ctx;
    enter(d);
    d->e->ops->tick(d->e, now_of(d));
    leave(d);
}

/* --- the net -------------------------------------------------------------------------------------------------------------- */

static uint64_t net_tcp_now(struct net *n)
{
    return loop_now(tcp_of(n)->loop);
}

static struct tcp_node *node_of(struct tcp_net *t, struct endpoint *e)
{
    (void)t;
    return e->carrier;
}

static err carry(struct tcp_net *t, struct endpoint *e, bool owned, struct tcp_node **out)
{
    struct tcp_node *d = node_of(t, e);
    *out = d;
    if (d) return OK;
    d = mem_new(t->n.env->mem, sizeof *d);
    if (!d) return ERR_MEM;
    d->net = t;
    d->e = e;
    d->owned = owned;
    for (int i = 0; i < LINK_MAX; i++)
        d->at[i] = (struct tcp_link){.node = d, .link = i};
    err r = loop_timer_new(t->loop, on_timer, d, &d->timer);
    if (r != OK) {
        mem_free(t->n.env->mem, d);
        return r;
    }
    d->next = t->nodes;
    t->nodes = d;
    e->carrier = d;
    *out = d;
    return OK;
}

/* Gives an accepted connection to whoever wants it; false when nobody does. */
static bool hand_over(struct tcp_net *t, struct tcp_listener *from, struct loop_tcp *tcp)
{
    int link = 0;
    bool owned = false;
    struct tcp_node *d;
    struct endpoint *e = from->accept(from->ctx, &link, &owned);
    if (!e) return false;
    if (carry(t, e, owned, &d) != OK) {
        if (owned) e->ops->free(e);
        loop_tcp_free(tcp, true);
        return true;
    }
    put_on(d, link, tcp);
    return true;
}

static void unpark(struct tcp_net *t)
{
    while (t->parks) {
        struct loop_tcp *tcp = t->parked[0].tcp;
        struct tcp_listener *from = t->parked[0].from;
        if (!hand_over(t, from, tcp)) return;
        t->parks--;
        memmove(&t->parked[0], &t->parked[1], t->parks * sizeof t->parked[0]);
    }
}

static err net_tcp_add(struct net *n, struct endpoint *e, bool owned)
{
    struct tcp_node *d;
    TRY(carry(tcp_of(n), e, owned, &d));
    pump(d);
    unpark(tcp_of(n));
    return OK;
}

static void net_tcp_remove(struct net *n, struct endpoint *e)
{
    struct tcp_node *d = node_of(tcp_of(n), e);
    if (!d) return;
    if (d->busy) {
        d->removed = true;
        d->owned = false;
        return;
    }
    drop_node(d, false);
}

static void net_tcp_touch(struct net *n, struct endpoint *e)
{
    struct tcp_node *d = node_of(tcp_of(n), e);
    if (d && !d->busy) pump(d);
}

static void accepted(void *ctx, struct loop_tcp *tcp)
{
    struct tcp_listener *l = ctx;
    struct tcp_net *t = l->net;
    if (hand_over(t, l, tcp)) return;
    if (!t->park || t->parks == PARKED_MAX) {
        loop_tcp_free(tcp, true);
        return;
    }
    t->parked[t->parks].tcp = tcp;
    t->parked[t->parks++].from = l;
}

static err net_tcp_listen(struct net *n, const char *name, net_accept accept, void *ctx, char *bound, size_t bound_n,
                          char *why, size_t why_n)
{
    struct tcp_net *t = tcp_of(n);
    struct loop_addr a;
    TRY(loop_addr_parse(name, &a, why, why_n));
    struct tcp_listener *l = mem_new(n->env->mem, sizeof *l);
    if (!l) return ERR_MEM;
    l->net = t;
    l->accept = accept;
    l->ctx = ctx;
    err e = loop_listen(t->loop, &a, accepted, l, &l->l, why, why_n);
    if (e != OK) {
        mem_free(n->env->mem, l);
        return e;
    }
    l->next = t->listeners;
    t->listeners = l;
    if (bound) {
        loop_listener_addr(l->l, &a);
        loop_addr_print(&a, bound, bound_n);
    }
    return OK;
}

static void drop_parked(struct tcp_net *t, const struct tcp_listener *from)
{
    size_t kept = 0;
    for (size_t i = 0; i < t->parks; i++) {
        if (!from || t->parked[i].from == from) loop_tcp_free(t->parked[i].tcp, true);
        else t->parked[kept++] = t->parked[i];
    }
    t->parks = kept;
}

static void net_tcp_unlisten(struct net *n, net_accept accept, void *ctx)
{
    struct tcp_net *t = tcp_of(n);
    for (struct tcp_listener **at = &t->listeners; *at; at = &(*at)->next) {
        struct tcp_listener *l = *at;
        if (l->accept != accept || l->ctx != ctx) continue;
        *at = l->next;
        drop_parked(t, l);
        loop_listener_free(l->l);
        mem_free(n->env->mem, l);
        return;
    }
}

static void net_tcp_run(struct net *n, const bool *stop, uint64_t at)
{
    loop_run_until(tcp_of(n)->loop, stop, at);
}

static void net_tcp_free(struct net *n)
{
    struct tcp_net *t = tcp_of(n);
    drop_parked(t, NULL);
    while (t->nodes)
        drop_node(t->nodes, t->nodes->owned);
    while (t->listeners)
        net_tcp_unlisten(n, t->listeners->accept, t->listeners->ctx);
    mem_free(n->env->mem, t);
}

static const struct net_ops ops = {
    .now = net_tcp_now,
    .add = net_tcp_add,
    .remove = net_tcp_remove,
    .touch = net_tcp_touch,
    .listen = net_tcp_listen,
    .unlisten = net_tcp_unlisten,
    .run = net_tcp_run,
    .free = net_tcp_free,
};

bool net_tcp_ends(struct net *n, const struct endpoint *e, int link, char local[64], char peer[64])
{
    const struct tcp_node *d = e->carrier;
    (void)n;
    if (!d || e->link[link].state != LINK_UP || !d->at[link].tcp) return false;
    loop_tcp_local(d->at[link].tcp, local, 64);
    loop_tcp_peer(d->at[link].tcp, peer, 64);
    return true;
}

void net_tcp_lend(struct net *n, struct endpoint *e, int link, struct loop_tcp *tcp)
{
    struct tcp_node *d = node_of(tcp_of(n), e);
    assert(d && !d->at[link].tcp);
    d->at[link].lent = true;
    d->at[link].log = (struct net_lent){0};
    put_on(d, link, tcp);
}

struct loop_tcp *net_tcp_take_back(struct net *n, struct endpoint *e, int link, struct net_lent *how)
{
    struct tcp_node *d = node_of(tcp_of(n), e);
    struct link *l = &e->link[link];
    struct tcp_link *t = d ? &d->at[link] : NULL;
    *how = t ? t->log : (struct net_lent){0};
    if (!t || !t->tcp) {
        how->over = true;
        return NULL;
    }
    assert(!d->busy);
    struct loop_tcp *tcp = t->tcp;
    how->over = l->in_ended || l->fin_sent;
    how->unsent = l->out.n > 0;
    if (t->paused) loop_tcp_pause(tcp, false);
    t->tcp = NULL;
    close_link(t, false);
    buf_shrink(&l->out);
    l->state = LINK_DOWN;
    return tcp;
}

void net_tcp_dial_by(struct net *n, net_dial by, void *ctx)
{
    tcp_of(n)->dial = by;
    tcp_of(n)->dial_ctx = ctx;
}

void net_tcp_park(struct net *n, bool on)
{
    tcp_of(n)->park = on;
}

err net_tcp_new(const struct env *env, struct loop *loop, struct net **out)
{
    struct tcp_net *t = mem_new(env->mem, sizeof *t);
    *out = NULL;
    if (!t) return ERR_MEM;
    t->n.ops = &ops;
    t->n.env = env;
    t->loop = loop;
    *out = &t->n;
    return OK;
}
