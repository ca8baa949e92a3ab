/* SPDX-License-Identifier: MIT */
/* For the tests of the loop: memory that is counted and can run out, a pair of connected ends that write down
 * what happens to them, and waiting with a deadline. */
#ifndef TEST_LOOP_NET_H
#define TEST_LOOP_NET_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "io/loop.h"

enum { WAIT_MS = 20000, END_IN_MAX = 1 << 16 };

struct scarce { /* fail: this many allocations succeed, then none; SIZE_MAX for never */
    size_t live, fail;
};

struct world;

struct end {
    struct world *w;
    struct loop_tcp *t;
    uint8_t in[END_IN_MAX + 1]; /* what came first, as a string */
    size_t n;                   /* all that came */
    unsigned ups, urgents, writables, fins, resets, refusals;
    int sys;
    bool echo, pattern; /* pattern: check that octet i is (uint8_t)(i * 7 + i / 256) */
    bool wrong;
    char free_in; /* u p: up, r: read, o: urgent, w: writable, e: ended */
};

struct world {
    struct env env;
    struct mem mem;
    struct scarce scarce;
    struct loop *l;
    struct loop_listener *ls;
    struct loop_addr at;
    struct end a, b; /* dialled, accepted */
    bool event;
};

static void *scarce_resize(void *ctx, void *p, size_t n)
{
    struct scarce *s = ctx;
    if (s->fail != SIZE_MAX && s->fail-- == 0) {
        s->fail = 0;
        return NULL;
    }
    void *q = realloc(p, n);
    if (!p && q) s->live++;
    return q;
}

static void scarce_release(void *ctx, void *p)
{
    struct scarce *s = ctx;
    if (p) s->live--;
    free(p);
}

/* ---- ends ---- */

static inline uint8_t pattern_at(size_t i)
{
    return (uint8_t)(i * 7 + i / 256);
}

static inline bool end_gone(struct end *e, char in)
{
    e->w->event = true;
    if (e->free_in != in) return false;
    loop_tcp_free(e->t, false);
    e->t = NULL;
    return true;
}

static inline void end_up(void *ctx, struct loop_tcp *t)
{
    struct end *e = ctx;
    assert_true(!e->t || e->t == t);
    e->ups++;
    (void)end_gone(e, 'u');
}

static inline void end_read(void *ctx, struct loop_tcp *t, slice s)
{
    struct end *e = ctx;
    assert_ptr_equal(e->t, t);
    assert_true(s.n > 0 && s.n <= 65536);
    for (size_t i = 0; e->pattern && i < s.n; i++)
        if (s.p[i] != pattern_at(e->n + i)) e->wrong = true;
    if (e->n < END_IN_MAX) {
        size_t n = s.n < END_IN_MAX - e->n ? s.n : END_IN_MAX - e->n;
        memcpy(e->in + e->n, s.p, n);
    }
    e->n += s.n;
    size_t took;
    if (e->echo) {
        assert_int_equal(loop_tcp_write(t, s, &took), OK);
        assert_int_equal(took, s.n);
    }
    (void)end_gone(e, 'r');
}

static inline void end_urgent(void *ctx, struct loop_tcp *t)
{
    struct end *e = ctx;
    assert_ptr_equal(e->t, t);
    e->urgents++;
    (void)end_gone(e, 'o');
}

static inline void end_writable(void *ctx, struct loop_tcp *t)
{
    struct end *e = ctx;
    assert_ptr_equal(e->t, t);
    e->writables++;
    (void)end_gone(e, 'w');
}

static inline void end_ended(void *ctx, struct loop_tcp *t, enum loop_end how, int sys)
{
    struct end *e = ctx;
    assert_ptr_equal(e->t, t);
    if (how == LOOP_FIN)
        e->fins++;
    else if (how == LOOP_RESET)
        e->resets++;
    else
        e->refusals++;
    e->sys = sys;
    (void)end_gone(e, 'e');
}

static const struct loop_tcp_events end_events = {end_up, end_read, end_urgent, end_writable, end_ended};

static inline void end_accepted(void *ctx, struct loop_tcp *t)
{
    struct world *w = ctx;
    assert_null(w->b.t);
    w->b.t = t;
    loop_tcp_set_ctx(t, &end_events, &w->b);
    w->event = true;
}

static inline void end_write(struct end *e, const char *text)
{
    size_t took;
    assert_int_equal(loop_tcp_write(e->t, slice_str(text), &took), OK);
    assert_int_equal(took, strlen(text));
}

/* ---- the world ---- */

static inline void world_watchdog(void)
{
    alarm(120); /* a test that hangs ends the program */
}

static int world_make(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    if (!w) return -1;
    world_watchdog();
    w->scarce.fail = SIZE_MAX;
    w->mem = (struct mem){&w->scarce, scarce_resize, scarce_release};
    env_init(&w->env);
    w->env.mem = &w->mem;
    w->a.w = w->b.w = w;
    if (loop_new(&w->env, &w->l) != OK) return -1;
    *state = w;
    return 0;
}

/* Whatever a test left open: the loop closes it, and nothing stays allocated. */
static int world_end(void **state)
{
    struct world *w = *state;
    loop_free(w->l);
    size_t live = w->scarce.live;
    free(w);
    alarm(0);
    return live ? -1 : 0;
}

static inline void world_listen(struct world *w)
{
    char why[160];
    assert_int_equal(loop_addr_parse("127.0.0.1:0", &w->at, why, sizeof why), OK);
    assert_int_equal(loop_listen(w->l, &w->at, end_accepted, w, &w->ls, why, sizeof why), OK);
    loop_listener_addr(w->ls, &w->at);
}

#define WAIT(w, cond)                                                                                        \
    do {                                                                                                     \
        uint64_t until_ = loop_now((w)->l) + WAIT_MS;                                                        \
        while (!(cond) && loop_now((w)->l) < until_) {                                                       \
            (w)->event = false;                                                                              \
            loop_run_until((w)->l, &(w)->event,                                                              \
                           loop_now((w)->l) + 20); /* not every condition has an event */                    \
        }                                                                                                    \
        assert_true(cond);                                                                                   \
    } while (0)

static inline void world_dial(struct world *w)
{
    assert_int_equal(loop_tcp_dial(w->l, &w->at, 5000, &end_events, &w->a, &w->a.t), OK);
}

/* Two ends that are connected. */
static inline void world_connect(struct world *w)
{
    world_listen(w);
    world_dial(w);
    WAIT(w, w->a.ups == 1 && w->b.t);
}

static inline void world_idle(struct world *w, uint64_t ms)
{
    loop_run_until(w->l, NULL, loop_now(w->l) + ms);
}

static inline uint64_t cpu_us(void)
{
    struct rusage r;
    getrusage(RUSAGE_SELF, &r);
    return (uint64_t)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) * 1000000 +
           (uint64_t)(r.ru_utime.tv_usec + r.ru_stime.tv_usec);
}

/* Waiting a quarter of a second must cost next to no time: a loop that spins burns it all. */
static inline void assert_rests(struct world *w)
{
    uint64_t from = cpu_us();
    world_idle(w, 250);
    assert_in_range(cpu_us() - from, 0, 50000);
}

#endif
