/* SPDX-License-Identifier: MIT */
/* For the tests of the carriers: a small endpoint that keeps what comes, and a net with two of them. */
#ifndef TEST_NET_STAGE_H
#define TEST_NET_STAGE_H

#include "run/net.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "io/loop.h"

enum { LOG_MAX = 8 << 20, WAIT_MS = 5000 };

struct node {          /* keeps what comes, does what its test says */
    struct endpoint e; /* first */
    struct buf got;
    int ups, fins, resets, refusals, urgents, drains, ticks, feeds;
    size_t got_at_fin, got_at_urgent;
    uint64_t due, ticked_at;
    slice reply; /* said when the connection stands */
    int refills; /* so many times more, each when there is room again */
    bool fin_at_up, echo, fin_back, over;
    bool *wake;
    int *freed;
};

static inline struct node *node_of(struct endpoint *e)
{
    return (struct node *)e;
}

static inline void wake(struct node *n)
{
    if (n->wake) *n->wake = true;
}

static inline void up(struct endpoint *e, int link, uint64_t now)
{
    struct node *n = node_of(e);
    (void)now;
    n->ups++;
    assert_int_equal(e->link[link].state, LINK_UP);
    assert_int_equal(buf_add(&e->link[link].out, n->reply), OK);
    if (n->fin_at_up) e->link[link].fin = true;
    wake(n);
}

static inline void feed(struct endpoint *e, int link, slice octets, uint64_t now)
{
    struct node *n = node_of(e);
    (void)now;
    n->feeds++;
    assert_true(octets.n > 0);
    assert_int_equal(n->fins, 0); /* nothing behind the end */
    assert_int_equal(buf_add(&n->got, octets), OK);
    if (n->echo) assert_int_equal(buf_add(&e->link[link].out, octets), OK);
    wake(n);
}

static inline void urgent(struct endpoint *e, int link, uint64_t now)
{
    struct node *n = node_of(e);
    (void)link;
    (void)now;
    n->urgents++;
    n->got_at_urgent = n->got.n;
    wake(n);
}

static inline void ended(struct endpoint *e, int link, enum link_end how, uint64_t now)
{
    struct node *n = node_of(e);
    (void)now;
    if (how == LINK_FIN) n->fins++;
    if (how == LINK_RESET) n->resets++;
    if (how == LINK_REFUSED) n->refusals++;
    if (how == LINK_FIN)
        n->got_at_fin = n->got.n;
    else
        assert_int_equal(e->link[link].state, LINK_DOWN);
    if (how == LINK_FIN && n->fin_back) e->link[link].fin = true;
    wake(n);
}

static inline void drained(struct endpoint *e, int link, uint64_t now)
{
    (void)now;
    assert_int_equal(e->link[link].out.n, 0);
    node_of(e)->drains++;
    if (node_of(e)->refills > 0) {
        node_of(e)->refills--;
        assert_int_equal(buf_add(&e->link[link].out, node_of(e)->reply), OK);
    }
    wake(node_of(e));
}

static inline void tick(struct endpoint *e, uint64_t now)
{
    struct node *n = node_of(e);
    if (now < n->due) return;
    n->ticks++;
    n->ticked_at = now;
    n->due = UINT64_MAX;
    wake(n);
}

static inline uint64_t deadline(const struct endpoint *e)
{
    return ((const struct node *)e)->due;
}

static inline bool finished(const struct endpoint *e)
{
    return ((const struct node *)e)->over;
}

static inline void node_free(struct endpoint *e)
{
    struct node *n = node_of(e);
    buf_done(&n->got);
    endpoint_done(e);
    if (n->freed) ++*n->freed;
}

static const struct endpoint_ops ops = {.up = up,
                                        .feed = feed,
                                        .urgent = urgent,
                                        .ended = ended,
                                        .drained = drained,
                                        .tick = tick,
                                        .deadline = deadline,
                                        .finished = finished,
                                        .free = node_free};

/* One net with a node that listens and a node that dials. */
struct stage {
    struct env env;
    bool tcp;
    struct loop *loop;
    struct net *net;
    struct node a, b; /* a dials, b is given the connection */
    bool nobody;      /* nobody takes it */
    bool woken;
    char at[64];
};

static inline struct endpoint *give(void *ctx, int *link, bool *owned)
{
    struct stage *s = ctx;
    *link = 2; /* any link may be given */
    *owned = false;
    return s->nobody ? NULL : &s->b.e;
}

static inline void node_init(struct stage *s, struct node *n)
{
    memset(n, 0, sizeof *n);
    endpoint_init(&n->e, &ops, &s->env);
    buf_init(&n->got, s->env.mem, LOG_MAX);
    n->due = UINT64_MAX;
    n->wake = &s->woken;
}

static inline void begin(struct stage *s, bool tcp)
{
    char why[200] = "";
    memset(s, 0, sizeof *s);
    env_init(&s->env);
    s->tcp = tcp;
    if (tcp) {
        assert_int_equal(loop_new(&s->env, &s->loop), OK);
        assert_int_equal(net_tcp_new(&s->env, s->loop, &s->net), OK);
    } else {
        assert_int_equal(net_mem_new(&s->env, 1000, &s->net), OK);
    }
    node_init(s, &s->a);
    node_init(s, &s->b);
    assert_int_equal(
        net_listen(s->net, tcp ? "127.0.0.1:0" : "b", give, s, s->at, sizeof s->at, why, sizeof why), OK);
    assert_string_equal(why, "");
}

static inline void finish(struct stage *s)
{
    net_free(s->net);
    if (s->loop) loop_free(s->loop);
    node_free(&s->a.e);
    node_free(&s->b.e);
}

static inline void dial(struct stage *s)
{
    s->a.e.link[0].to = s->at;
    s->a.e.link[0].state = LINK_WANTED;
    assert_int_equal(net_add(s->net, &s->a.e, false), OK);
}

/* Carries until cond holds; a condition that never comes true fails the test. */
#define UNTIL(s, cond)                                                                                       \
    do {                                                                                                     \
        uint64_t end_ = net_now((s)->net) + WAIT_MS;                                                         \
        while (!(cond) && net_now((s)->net) < end_) {                                                        \
            (s)->woken = false;                                                                              \
            net_run((s)->net, &(s)->woken, end_);                                                            \
        }                                                                                                    \
        assert_true(cond);                                                                                   \
    } while (0)

/* Long enough for whatever is under way on the loopback interface to arrive; for things that must not happen.
 */
static inline void a_moment(struct stage *s)
{
    bool never = false;
    net_run(s->net, &never, net_now(s->net) + 50);
}

static inline struct link *link_a(struct stage *s)
{
    return &s->a.e.link[0];
}

static inline struct link *link_b(struct stage *s)
{
    return &s->b.e.link[2];
}

static inline void say(struct stage *s, struct node *n, struct link *l, slice octets)
{
    assert_int_equal(buf_add(&l->out, octets), OK);
    net_touch(s->net, &n->e);
}

#endif
