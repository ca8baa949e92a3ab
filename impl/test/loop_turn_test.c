/* SPDX-License-Identifier: MIT */
/* The loop itself: timers, signals, work, addresses, listeners, many connections, scarce memory and
 * descriptors. */
#include "test/loop_net.h"

#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>

/* ---- turns and timers ---- */

struct tick {
    struct world *w;
    struct loop_timer *t;
    char name;
    char *log; /* names in order */
    unsigned times, again;
    uint64_t every, at;
    bool free_inside, stop;
};

static void on_tick(void *ctx)
{
    struct tick *k = ctx;
    k->w->event = true;
    k->at = loop_now(k->w->l);
    k->times++;
    if (k->log) k->log[strlen(k->log)] = k->name;
    if (k->again) {
        if (k->again != UINT32_MAX) k->again--;
        loop_timer_at(k->t, k->every == UINT64_MAX ? 0 : k->at + k->every);
    }
    if (k->stop) loop_stop(k->w->l);
    if (k->free_inside) {
        loop_timer_free(k->t);
        k->t = NULL;
    }
}

static void tick_make(struct tick *k, struct world *w)
{
    k->w = w;
    assert_int_equal(loop_timer_new(w->l, on_tick, k, &k->t), OK);
}

static void nothing_to_wait_for(void **state)
{
    struct world *w = *state;
    loop_run(w->l); /* returns */
    uint64_t from = loop_now(w->l);
    loop_run_until(w->l, NULL, from + 50);
    assert_in_range(loop_now(w->l) - from, 50, 1000);
    bool done = true;
    loop_run_until(w->l, &done, UINT64_MAX);
    done = false;
    loop_run_until(w->l, &done, UINT64_MAX);
    loop_run_until(w->l, &done, 0);
}

static void timers_go_in_order(void **state)
{
    struct world *w = *state;
    char log[8] = "";
    struct tick k[4] = {{.name = 'a', .log = log},
                        {.name = 'b', .log = log},
                        {.name = 'c', .log = log},
                        {.name = 'd', .log = log}};
    uint64_t now = loop_now(w->l);
    static const uint64_t after[4] = {60, 20, 40, 40};
    for (int i = 0; i < 4; i++) {
        tick_make(&k[i], w);
        loop_timer_at(k[i].t, now + after[i]);
    }
    loop_run(w->l);
    assert_string_equal(log, "bcda");
    for (int i = 0; i < 4; i++)
        assert_in_range(k[i].at, now + after[i], now + after[i] + 500);
}

static void timers_are_set_again(void **state)
{
    struct world *w = *state;
    struct tick k = {.again = 4, .every = 10}, off = {0}, moved = {0}, own = {.free_inside = true};
    tick_make(&k, w);
    tick_make(&off, w);
    tick_make(&moved, w);
    tick_make(&own, w);
    uint64_t now = loop_now(w->l);
    loop_timer_at(k.t, now + 10);
    loop_timer_at(off.t, now + 10);
    loop_timer_at(off.t, UINT64_MAX);
    loop_timer_at(moved.t, now + 5);
    loop_timer_at(moved.t, now + 80);
    loop_timer_at(own.t, now);
    loop_run(w->l);
    assert_int_equal(k.times, 5);
    assert_true(k.at >= now + 50);
    assert_int_equal(off.times, 0);
    assert_int_equal(moved.times, 1);
    assert_true(moved.at >= now + 80);
    assert_int_equal(own.times, 1);
    loop_timer_free(k.t);
    loop_timer_free(NULL);
}

/* A timer that is always due must leave the sockets their turn. */
static void eager_timer_starves_nobody(void **state)
{
    struct world *w = *state;
    struct tick k = {.again = UINT32_MAX, .every = UINT64_MAX};
    tick_make(&k, w);
    loop_timer_at(k.t, 0);
    world_connect(w);
    w->b.echo = true;
    end_write(&w->a, "still there?");
    WAIT(w, w->a.n == 12 && k.times > 3);
}

/* The clock moves inside a long callback too: what starts there has its whole time. */
static void on_long(void *ctx)
{
    struct tick *k = ctx;
    uint64_t from = loop_now(k->w->l);
    usleep(60000);
    assert_true(loop_now(k->w->l) >= from + 60);
    k->every = loop_now(k->w->l) + 50;
    assert_int_equal(loop_timer_new(k->w->l, on_tick, k, &k->t), OK);
    loop_timer_at(k->t, k->every);
}

static void the_clock_moves(void **state)
{
    struct world *w = *state;
    struct tick k = {.w = w};
    struct loop_timer *t;
    assert_int_equal(loop_timer_new(w->l, on_long, &k, &t), OK);
    loop_timer_at(t, 0);
    loop_run(w->l);
    assert_int_equal(k.times, 1);
    assert_true(k.at >= k.every);
}

static void stop_ends_each_kind_of_run(void **state)
{
    struct world *w = *state;
    struct tick k = {.again = UINT32_MAX, .every = 5, .stop = true};
    tick_make(&k, w);
    loop_timer_at(k.t, 0);
    loop_run(w->l);
    assert_int_equal(k.times, 1);
    loop_run(w->l);
    assert_int_equal(k.times, 2);
    uint64_t now = loop_now(w->l);
    loop_run_until(w->l, NULL, now + 10000);
    assert_int_equal(k.times, 3);
    assert_true(loop_now(w->l) < now + 5000);
    loop_stop(w->l); /* before it begins counts as well */
    loop_run(w->l);
    assert_int_equal(k.times, 3);
}

/* ---- signals, work ---- */

static void on_signal(void *ctx)
{
    struct world *w = ctx;
    w->a.urgents++;
    loop_stop(w->l);
}

static void signals(void **state)
{
    struct world *w = *state;
    assert_int_equal(loop_on_signals(w->l, on_signal, w), OK);
    loop_run(w->l); /* a signal is nothing to wait for */
    assert_int_equal(w->a.urgents, 0);
    world_listen(w);
    raise(SIGTERM);
    loop_run(w->l);
    assert_int_equal(w->a.urgents, 1);
    raise(SIGINT);
    loop_run_until(w->l, NULL, loop_now(w->l) + WAIT_MS);
    assert_int_equal(w->a.urgents, 2);
    assert_int_equal(loop_on_signals(w->l, on_signal, w), OK); /* again */
    raise(SIGTERM);
    loop_run(w->l);
    assert_int_equal(w->a.urgents, 3);
    raise(SIGPIPE); /* survived */
}

struct job {
    struct world *w;
    pthread_t worker, main;
    atomic_int ran;
    int done;
    bool slow, was_main;
};

static void job_run(void *ctx)
{
    struct job *j = ctx;
    if (j->slow) usleep(100000);
    j->worker = pthread_self();
    atomic_fetch_add(&j->ran, 1);
}

static void job_done(void *ctx)
{
    struct job *j = ctx;
    j->done++;
    j->was_main = pthread_equal(pthread_self(), j->main);
    j->w->event = true;
}

static void work(void **state)
{
    struct world *w = *state;
    struct job j = {.w = w, .main = pthread_self()};
    assert_int_equal(loop_work(w->l, job_run, job_done, &j), OK);
    WAIT(w, j.done == 1);
    assert_true(j.was_main);
    assert_false(pthread_equal(j.worker, j.main));
    j.slow = true;
    assert_int_equal(loop_work(w->l, job_run, job_done, &j), OK);
    assert_int_equal(loop_work(w->l, job_run, NULL, &j), OK);
    loop_free(w->l); /* not before the work is done */
    assert_int_equal(atomic_load(&j.ran), 3);
    assert_int_equal(j.done, 2);
    assert_int_equal(loop_new(&w->env, &w->l), OK);
}

/* ---- addresses ---- */

static void addresses(void **state)
{
    (void)state;
    static const char *const good[][2] = {{"127.0.0.1:80", "127.0.0.1:80"},
                                          {"[::1]:80", "[::1]:80"},
                                          {"localhost:65535", "127.0.0.1:65535"},
                                          {":80", "0.0.0.0:80"},
                                          {"0.0.0.0:0", "0.0.0.0:0"},
                                          {"[::]:1", "[::]:1"},
                                          {"[::ffff:10.0.0.1]:7", "10.0.0.1:7"}};
    static const char *const bad[][2] = {{"", "no port"},
                                         {"80", "no port"},
                                         {"127.0.0.1", "no port"},
                                         {"127.0.0.1:", "the port is no number"},
                                         {"127.0.0.1:65536", "the port is no number"},
                                         {"127.0.0.1:-1", "the port is no number"},
                                         {"127.0.0.1: 80", "the port is no number"},
                                         {"localhost:http", "the port is no number"},
                                         {"::1:80", "stands in brackets"},
                                         {"[::1:80", "do not hold"},
                                         {"[]:80", "do not hold"},
                                         {"[127.0.0.1]:80", "do not hold"},
                                         {"[::1]", "the port is no number"},
                                         {"[::1]x:80", "do not hold"},
                                         {"[::g]:80", ""},
                                         {"no such host:80", ""}};
    struct loop_addr a;
    char why[256], text[64];
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_int_equal(loop_addr_parse(good[i][0], &a, why, sizeof why), OK);
        loop_addr_print(&a, text, sizeof text);
        assert_string_equal(text, good[i][1]);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(loop_addr_parse(bad[i][0], &a, why, sizeof why), ERR_USE);
        assert_non_null(strstr(why, bad[i][1]));
        assert_non_null(strstr(why, "such as 127.0.0.1:7070"));
        assert_null(strchr(why, '\n'));
        assert_memory_equal(why, bad[i][0], strlen(bad[i][0]));
    }
    char longest[400];
    memset(longest, 'a', sizeof longest);
    strcpy(longest + 256, ":80");
    assert_int_equal(loop_addr_parse(longest, &a, why, sizeof why), ERR_USE);
    assert_non_null(strstr(why, "255"));
    assert_int_equal(loop_addr_parse("x", &a, NULL, 0), ERR_USE);
    memset(&a, 0, sizeof a);
    loop_addr_print(&a, text, sizeof text);
    assert_string_equal(text, "unknown address");
}

/* ---- listeners ---- */

static void listener_troubles(void **state)
{
    struct world *w = *state;
    struct loop_listener *other;
    struct loop_addr no;
    char why[256], text[64], want[256];
    world_listen(w);
    assert_int_equal(loop_listen(w->l, &w->at, end_accepted, w, &other, why, sizeof why), ERR_SYS);
    assert_null(other);
    loop_addr_print(&w->at, text, sizeof text);
    snprintf(want, sizeof want, "%s: address already in use; choose another port, or :0 for any free one",
             text);
    assert_string_equal(why, want);
    assert_int_equal(loop_addr_parse("192.0.2.1:80", &no, why, sizeof why), OK);
    assert_int_equal(loop_listen(w->l, &no, end_accepted, w, &other, why, sizeof why), ERR_SYS);
    assert_string_equal(why,
                        "192.0.2.1:80: not an address of this machine; 0.0.0.0 stands for all that it has");
    assert_int_equal(loop_listener_trouble(w->ls), 0);
    world_dial(w);
    WAIT(w, w->a.ups && w->b.t);
    loop_tcp_fin(w->b.t);
    WAIT(w, w->a.fins);
    loop_tcp_free(w->a.t, false);
    WAIT(w, w->b.fins);        /* the connection waits out its time at our port */
    loop_listener_free(w->ls); /* and the port is free at once all the same */
    assert_int_equal(loop_listen(w->l, &w->at, end_accepted, w, &other, why, sizeof why), OK);
    loop_listener_free(other);
    loop_listener_free(NULL);
}

static void over_ipv6(void **state)
{
    struct world *w = *state;
    char why[256], text[64];
    assert_int_equal(loop_addr_parse("[::1]:0", &w->at, why, sizeof why), OK);
    if (loop_listen(w->l, &w->at, end_accepted, w, &w->ls, why, sizeof why) != OK)
        skip(); /* a machine without */
    loop_listener_addr(w->ls, &w->at);
    world_dial(w);
    WAIT(w, w->a.ups && w->b.t);
    loop_tcp_peer(w->b.t, text, sizeof text);
    assert_memory_equal(text, "[::1]:", 6);
    end_write(&w->b, "six");
    WAIT(w, w->a.n == 3);
}

static void files_limit_is_raised(void **state)
{
    struct world *w = *state;
    struct rlimit was, low, now;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &was), 0);
    low = was;
    low.rlim_cur = 200;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
    loop_free(w->l);
    assert_int_equal(loop_new(&w->env, &w->l), OK);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &now), 0);
    assert_true(now.rlim_cur == was.rlim_max || now.rlim_cur == (rlim_t)1 << 20);
}

/* Accepting rests, does not spin, tells why, and goes on when there is room again. */
static void descriptors_run_out(void **state)
{
    struct world *w = *state;
    struct rlimit was, none;
    world_listen(w);
    world_dial(w);
    WAIT(w, w->a.ups && w->b.t);
    loop_tcp_free(w->b.t, false);
    w->b.t = NULL;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    world_idle(w, 20);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &was), 0);
    none = was;
    int next = dup(0);
    close(next);
    none.rlim_cur = (rlim_t)next;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)(const void *)w->at.storage, w->at.n), 0);
    world_idle(w, 20);
    assert_rests(w);
    int trouble = loop_listener_trouble(w->ls);
    struct loop_tcp *t;
    err e = loop_tcp_dial(w->l, &w->at, 0, &end_events, NULL, &t);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &was), 0);
    assert_int_equal(trouble, EMFILE);
    assert_int_equal(e, ERR_SYS);
    assert_null(t);
    assert_null(w->b.t);
    WAIT(w, w->b.t);
    close(fd);
}

/* ---- many ---- */

enum { MANY = 1000 };

struct crowd {
    struct world *w;
    struct end *far;
    size_t n;
};

static void many_accepted(void *ctx, struct loop_tcp *t)
{
    struct crowd *c = ctx;
    assert_true(c->n < MANY);
    struct end *e = &c->far[c->n++];
    c->w->event = true;
    e->w = c->w;
    e->t = t;
    e->echo = true;
    loop_tcp_set_ctx(t, &end_events, e);
}

static void a_thousand_connections(void **state)
{
    struct world *w = *state;
    struct rlimit r;
    char why[160];
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &r), 0);
    if (r.rlim_cur < 2 * MANY + 100) skip();
    struct end *near = calloc(MANY, sizeof *near), *far = calloc(MANY, sizeof *far);
    assert_true(near && far);
    struct crowd crowd = {.w = w, .far = far};
    assert_int_equal(loop_addr_parse("127.0.0.1:0", &w->at, why, sizeof why), OK);
    assert_int_equal(loop_listen(w->l, &w->at, many_accepted, &crowd, &w->ls, why, sizeof why), OK);
    loop_listener_addr(w->ls, &w->at);
    for (size_t i = 0; i < MANY; i++) {
        near[i].w = w;
        assert_int_equal(loop_tcp_dial(w->l, &w->at, 20000, &end_events, &near[i], &near[i].t), OK);
    }
    WAIT(w, crowd.n == MANY);
    for (size_t i = 0; i < MANY; i++) {
        WAIT(w, near[i].ups == 1);
        uint8_t c = (uint8_t)i;
        size_t took;
        assert_int_equal(loop_tcp_write(near[i].t, slice_of(&c, 1), &took), OK);
    }
    for (size_t i = 0; i < MANY; i++) {
        WAIT(w, near[i].n == 1);
        assert_int_equal(near[i].in[0], (uint8_t)i);
    }
    assert_rests(w);
    for (size_t i = 0; i < MANY; i += 2)
        loop_tcp_free(near[i].t, false);
    size_t fins = 0;
    uint64_t until = loop_now(w->l) + WAIT_MS;
    while (fins < MANY / 2 && loop_now(w->l) < until) {
        world_idle(w, 5);
        fins = 0;
        for (size_t i = 0; i < MANY; i++)
            fins += far[i].fins;
    }
    assert_int_equal(fins, MANY / 2);
    loop_free(w->l); /* half of them still open */
    assert_int_equal(loop_new(&w->env, &w->l), OK);
    free(near);
    free(far);
}

/* ---- scarce memory, and what is left open ---- */

static void memory_runs_out(void **state)
{
    struct world *w = *state;
    struct loop *l;
    struct loop_timer *t;
    struct loop_tcp *c;
    struct loop_listener *ls;
    char why[160];
    for (size_t i = 0; i < 2; i++) {
        w->scarce.fail = i;
        assert_int_equal(loop_new(&w->env, &l), ERR_MEM);
        assert_null(l);
    }
    w->scarce.fail = SIZE_MAX;
    world_listen(w);
    w->scarce.fail = 0;
    assert_int_equal(loop_timer_new(w->l, on_tick, NULL, &t), ERR_MEM);
    assert_int_equal(loop_work(w->l, job_run, job_done, NULL), ERR_MEM);
    assert_int_equal(loop_tcp_dial(w->l, &w->at, 0, &end_events, NULL, &c), ERR_MEM);
    struct loop_addr any;
    w->scarce.fail = SIZE_MAX;
    assert_int_equal(loop_addr_parse(":0", &any, why, sizeof why), OK);
    w->scarce.fail = 0;
    assert_int_equal(loop_listen(w->l, &any, end_accepted, w, &ls, why, sizeof why), ERR_MEM);
    assert_int_not_equal(why[0], 0);
    w->scarce.fail = 1; /* the dialled one has its memory, the accepted one has not */
    world_dial(w);
    WAIT(w, loop_listener_trouble(w->ls) == ENOMEM);
    assert_null(w->b.t);
    w->scarce.fail = SIZE_MAX;
    loop_tcp_free(w->a.t, false);
    w->a.ups = 0;
    world_dial(w);
    WAIT(w, w->b.t && w->a.ups);
}

static void everything_left_open(void **state)
{
    struct world *w = *state;
    struct tick k = {0};
    struct loop_tcp *t;
    world_connect(w);
    tick_make(&k, w);
    loop_timer_at(k.t, loop_now(w->l) + 100000);
    assert_int_equal(loop_on_signals(w->l, on_signal, w), OK);
    assert_int_equal(loop_tcp_dial(w->l, &w->at, 5000, &end_events, NULL, &t), OK);
    struct job j = {.w = w};
    assert_int_equal(loop_work(w->l, job_run, job_done, &j), OK);
    loop_free(w->l);
    assert_int_equal(j.done, 1);
    assert_int_equal(w->a.fins + w->a.resets + w->b.fins + w->b.resets, 0);
    loop_free(NULL);
    assert_int_equal(loop_new(&w->env, &w->l), OK);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, world_make, world_end)
    const struct CMUnitTest tests[] = {
        T(nothing_to_wait_for),
        T(timers_go_in_order),
        T(timers_are_set_again),
        T(eager_timer_starves_nobody),
        T(the_clock_moves),
        T(stop_ends_each_kind_of_run),
        T(signals),
        T(work),
        T(addresses),
        T(listener_troubles),
        T(over_ipv6),
        T(files_limit_is_raised),
        T(descriptors_run_out),
        T(a_thousand_connections),
        T(memory_runs_out),
        T(everything_left_open),
    };
    return cmocka_run_group_tests_name("loop: turns", tests, NULL, NULL);
}
