/* SPDX-License-Identifier: MIT */
/* Sockets of the loop.  The rest of the loop is in loop_turn_test.c, children in loop_child_test.c. */
#include "test/loop_net.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>

/* ---- opening ---- */

static void octets_one_by_one_come_back(void **state)
{
    struct world *w = *state;
    world_connect(w);
    w->b.echo = true;
    w->a.pattern = true;
    for (size_t i = 0; i < 2000; i++) {
        uint8_t c = pattern_at(i);
        size_t took;
        assert_int_equal(loop_tcp_write(w->a.t, slice_of(&c, 1), &took), OK);
        assert_int_equal(took, 1);
        if (i % 50 == 0) WAIT(w, w->a.n >= i);
    }
    WAIT(w, w->a.n == 2000);
    assert_false(w->a.wrong);
    assert_int_equal(w->b.n, 2000);
    char text[64], own[64];
    loop_tcp_peer(w->a.t, text, sizeof text);
    loop_addr_print(&w->at, own, sizeof own);
    assert_string_equal(text, own);
    loop_tcp_peer(w->b.t, text, sizeof text);
    assert_memory_equal(text, "127.0.0.1:", 10);
    assert_ptr_equal(loop_tcp_ctx(w->a.t), &w->a);
}

static void write_before_up_takes_nothing(void **state)
{
    struct world *w = *state;
    size_t took = 9;
    world_listen(w);
    world_dial(w);
    assert_int_equal(loop_tcp_write(w->a.t, SLICE_LIT("early"), &took), OK);
    assert_int_equal(took, 0);
    assert_int_equal(loop_tcp_urgent(w->a.t, 1), ERR_MORE);
    WAIT(w, w->a.writables == 1);
    assert_int_equal(w->a.ups, 1);
    assert_rests(w); /* told once, and only when asked */
    assert_int_equal(w->a.writables, 1);
    end_write(&w->a, "late");
    WAIT(w, w->b.n == 4);
}

static void fin_before_up_is_kept(void **state)
{
    struct world *w = *state;
    world_listen(w);
    world_dial(w);
    loop_tcp_fin(w->a.t);
    WAIT(w, w->b.t && w->b.fins == 1);
    assert_int_equal(w->a.ups, 1);
}

static void nobody_listens(void **state)
{
    struct world *w = *state;
    world_listen(w);
    loop_listener_free(w->ls);
    world_dial(w);
    assert_int_equal(w->a.refusals, 0); /* not from inside the call */
    WAIT(w, w->a.refusals == 1);
    assert_int_equal(w->a.sys, ECONNREFUSED);
    size_t took;
    assert_int_equal(loop_tcp_write(w->a.t, SLICE_LIT("x"), &took), ERR_SYS);
    assert_int_equal(loop_tcp_urgent(w->a.t, 1), ERR_SYS);
    world_idle(w, 20);
    assert_int_equal(w->a.refusals, 1);
    assert_int_equal(w->a.ups + w->a.fins + w->a.resets, 0);
}

static void connect_that_fails_at_once(void **state)
{
    struct world *w = *state;
    char why[160];
    assert_int_equal(loop_addr_parse("255.255.255.255:9", &w->at, why, sizeof why),
                     OK); /* TCP to broadcast */
    world_dial(w);
    assert_int_equal(w->a.refusals, 0);
    WAIT(w, w->a.refusals == 1);
    assert_int_not_equal(w->a.sys, 0);
    assert_int_not_equal(w->a.sys, ETIMEDOUT);
}

/* A socket of the test's own that listens. */
static int own_listener(struct world *w)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof in;
    char text[64], why[160];
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&in, n), 0);
    assert_int_equal(listen(fd, 0), 0);
    getsockname(fd, (struct sockaddr *)&in, &n);
    snprintf(text, sizeof text, "127.0.0.1:%u", (unsigned)ntohs(in.sin_port));
    assert_int_equal(loop_addr_parse(text, &w->at, why, sizeof why), OK);
    return fd;
}

/* A listener with a queue of one, which is full: the next SYN stays unanswered. */
static void nobody_answers(void **state)
{
    struct world *w = *state;
    int ls = own_listener(w), full[4];
    for (int i = 0; i < 4; i++) {
        full[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)connect(full[i], (const struct sockaddr *)(const void *)w->at.storage, w->at.n);
    }
    uint64_t from = loop_now(w->l);
    assert_int_equal(loop_tcp_dial(w->l, &w->at, 150, &end_events, &w->a, &w->a.t), OK);
    WAIT(w, w->a.refusals == 1);
    assert_int_equal(w->a.sys, ETIMEDOUT);
    assert_in_range(loop_now(w->l) - from, 150, 900);
    for (int i = 0; i < 4; i++)
        close(full[i]);
    close(ls);
}

/* The owner sets what it wants when it wants; until then nothing is read. */
static struct loop_tcp *kept;
static void keep(void *ctx, struct loop_tcp *t)
{
    ((struct world *)ctx)->event = true;
    kept = t;
}

static void reading_starts_with_the_events(void **state)
{
    struct world *w = *state;
    char why[160];
    kept = NULL;
    assert_int_equal(loop_addr_parse("127.0.0.1:0", &w->at, why, sizeof why), OK);
    assert_int_equal(loop_listen(w->l, &w->at, keep, w, &w->ls, why, sizeof why), OK);
    loop_listener_addr(w->ls, &w->at);
    world_dial(w);
    WAIT(w, kept && w->a.ups);
    end_write(&w->a, "hello");
    w->b.t = kept;
    end_write(&w->b, "hi"); /* writing does not begin it */
    assert_rests(w);
    assert_int_equal(w->a.n, 2);
    loop_tcp_set_ctx(kept, &end_events, &w->b);
    WAIT(w, w->b.n == 5);
}

/* Up, then reset, even when both came before we looked: that peer did not refuse. */
static void reset_at_once_is_no_refusal(void **state)
{
    struct world *w = *state;
    struct linger now = {.l_onoff = 1, .l_linger = 0};
    int ls = own_listener(w);
    world_dial(w);
    int fd = accept(ls, NULL, NULL); /* nothing of the loop runs until it is closed again */
    assert_true(fd >= 0);
    assert_int_equal(send(fd, "no", 2, MSG_NOSIGNAL), 2);
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(fd);
    close(ls);
    WAIT(w, w->a.resets == 1);
    assert_int_equal(w->a.ups, 1);
    assert_int_equal(w->a.refusals, 0);
    assert_int_equal(w->a.sys, ECONNRESET);
    assert_string_equal(w->a.in, "no");
}

/* ---- ends ---- */

static void half_closed_both_ways(void **state)
{
    struct world *w = *state;
    size_t took;
    world_connect(w);
    end_write(&w->a, "question");
    loop_tcp_fin(w->a.t);
    loop_tcp_fin(w->a.t);
    assert_int_equal(loop_tcp_write(w->a.t, SLICE_LIT("more"), &took), ERR_USE);
    assert_int_equal(loop_tcp_urgent(w->a.t, 1), ERR_USE);
    WAIT(w, w->b.fins == 1);
    assert_string_equal(w->b.in, "question");
    assert_rests(w);
    end_write(&w->b, "answer");
    WAIT(w, w->a.n == 6);
    assert_int_equal(w->a.fins, 0);
    loop_tcp_fin(w->b.t);
    WAIT(w, w->a.fins == 1);
    assert_rests(w);
    assert_int_equal(w->a.fins + w->b.fins, 2);
    assert_int_equal(w->a.resets + w->b.resets, 0);
}

static void close_is_fin(void **state)
{
    struct world *w = *state;
    world_connect(w);
    end_write(&w->a, "never read by b, which must not make an RST of it");
    end_write(&w->b, "bye");
    loop_tcp_pause(w->b.t, true);
    loop_tcp_free(w->b.t, false);
    WAIT(w, w->a.fins == 1);
    assert_string_equal(w->a.in, "bye");
    assert_int_equal(w->a.resets, 0);
}

static void reset_after_last_words(void **state)
{
    struct world *w = *state;
    world_connect(w);
    end_write(&w->b, "last words");
    loop_tcp_free(w->b.t, true);
    WAIT(w, w->a.resets == 1);
    assert_int_equal(w->a.sys, ECONNRESET);
    assert_string_equal(w->a.in, "last words");
    assert_int_equal(w->a.fins, 0);
    assert_rests(w);
    assert_int_equal(w->a.resets, 1);
}

/* Writing to a connection that the peer broke must not lose what the peer said before. */
static void write_finds_it_broken(void **state)
{
    struct world *w = *state;
    size_t took = 9;
    world_connect(w);
    end_write(&w->b, "last words");
    loop_tcp_free(w->b.t, true);
    assert_int_equal(loop_tcp_write(w->a.t, SLICE_LIT("hello?"), &took), OK);
    assert_int_equal(took, 0);
    assert_int_equal(loop_tcp_write(w->a.t, SLICE_LIT("hello??"), &took), OK);
    assert_int_equal(took, 0);
    WAIT(w, w->a.resets == 1);
    assert_string_equal(w->a.in, "last words");
    assert_int_equal(w->a.writables + w->a.fins, 0);
    assert_int_equal(w->a.sys, ECONNRESET);
    assert_int_equal(loop_tcp_write(w->a.t, SLICE_LIT("x"), &took), ERR_SYS);
}

/* Who neither reads nor ends would wait for ever for room to write. */
static void broken_while_paused(void **state)
{
    struct world *w = *state;
    size_t took;
    world_connect(w);
    loop_tcp_pause(w->a.t, true);
    loop_tcp_free(w->b.t, true);
    assert_rests(w);
    assert_int_equal(w->a.resets + w->a.fins, 0);
    assert_int_equal(loop_tcp_write(w->a.t, SLICE_LIT("x"), &took), OK);
    WAIT(w, w->a.resets == 1);
    assert_rests(w);
}

static void urgent_finds_it_broken_while_paused(void **state)
{
    struct world *w = *state;
    world_connect(w);
    loop_tcp_pause(w->a.t, true);
    loop_tcp_free(w->b.t, true);
    assert_int_equal(loop_tcp_urgent(w->a.t, 'U'), OK);
    WAIT(w, w->a.resets == 1);
}

static void reset_after_fin(void **state)
{
    struct world *w = *state;
    world_connect(w);
    loop_tcp_fin(w->a.t);
    WAIT(w, w->b.fins == 1);
    assert_rests(w);
    loop_tcp_free(w->a.t, true);
    WAIT(w, w->b.resets == 1);
    assert_rests(w);
    assert_int_equal(w->b.resets, 1);
}

/* ---- urgent data ---- */

static void urgent_between(struct world *w, struct end *from, struct end *to)
{
    end_write(from, "abc");
    assert_int_equal(loop_tcp_urgent(from->t, 'U'), OK);
    end_write(from, "def");
    WAIT(w, to->n == 6 && to->urgents == 1);
    assert_string_equal(to->in, "abcdef");
    assert_rests(w);
    assert_int_equal(loop_tcp_urgent(from->t, 'V'), OK); /* alone: the condition stays until the next octet */
    WAIT(w, to->urgents == 2);
    assert_rests(w);
    assert_int_equal(to->urgents, 2);
    end_write(from, "ghi");
    WAIT(w, to->n == 9);
    assert_string_equal(to->in, "abcdefghi");
    assert_int_equal(loop_tcp_urgent(from->t, 'W'), OK);
    loop_tcp_fin(from->t);
    WAIT(w, to->fins == 1);
    assert_int_equal(to->urgents, 3);
    assert_int_equal(to->n, 9);
    assert_rests(w);
}

static void urgent_each_way(void **state)
{
    struct world *w = *state;
    world_connect(w);
    urgent_between(w, &w->a, &w->b);
    urgent_between(w, &w->b, &w->a);
}

static void urgent_waits_for_the_pause(void **state)
{
    struct world *w = *state;
    world_connect(w);
    loop_tcp_pause(w->b.t, true);
    end_write(&w->a, "one");
    assert_int_equal(loop_tcp_urgent(w->a.t, 'U'), OK);
    end_write(&w->a, "two");
    assert_rests(w);
    assert_int_equal(w->b.urgents + w->b.n, 0);
    loop_tcp_pause(w->b.t, false);
    WAIT(w, w->b.urgents == 1 && w->b.n == 6);
    assert_string_equal(w->b.in, "onetwo");
}

/* ---- slow readers ---- */

static void slow_reader_holds_the_writer(void **state)
{
    struct world *w = *state;
    enum { TOTAL = 24 << 20, CHUNK = 1 << 20 };
    uint8_t *all = malloc(TOTAL);
    assert_non_null(all);
    for (size_t i = 0; i < TOTAL; i++)
        all[i] = pattern_at(i);
    world_connect(w);
    w->b.pattern = true;
    loop_tcp_pause(w->b.t, true);
    size_t sent = 0, took;
    do {
        assert_int_equal(loop_tcp_write(w->a.t, slice_of(all + sent, CHUNK), &took), OK);
        sent += took;
    } while (took && sent + CHUNK <= TOTAL);
    assert_true(took < CHUNK); /* what the kernel holds is far less than all */
    assert_rests(w);
    assert_int_equal(w->b.n, 0);
    loop_tcp_pause(w->b.t, false);
    while (sent < TOTAL) {
        unsigned was = w->a.writables;
        size_t want = TOTAL - sent < CHUNK ? TOTAL - sent : CHUNK;
        assert_int_equal(loop_tcp_write(w->a.t, slice_of(all + sent, want), &took), OK);
        sent += took;
        if (took < want) WAIT(w, w->a.writables == was + 1);
    }
    WAIT(w, w->b.n == TOTAL);
    assert_false(w->b.wrong);
    free(all);
}

static void pause_holds_back_fin(void **state)
{
    struct world *w = *state;
    world_connect(w);
    loop_tcp_pause(w->b.t, true);
    end_write(&w->a, "x");
    loop_tcp_fin(w->a.t);
    assert_rests(w);
    assert_int_equal(w->b.n + w->b.fins, 0);
    loop_tcp_pause(w->b.t, false);
    WAIT(w, w->b.fins == 1);
    assert_int_equal(w->b.n, 1);
}

/* ---- freed inside a callback ---- */

static void freed_inside(void **state, char in)
{
    struct world *w = *state;
    size_t took;
    w->a.free_in = in;
    world_listen(w);
    if (in == 'f') { /* refused */
        loop_listener_free(w->ls);
        w->a.free_in = 'e';
    }
    world_dial(w);
    if (in == 'w') assert_int_equal(loop_tcp_write(w->a.t, SLICE_LIT("x"), &took), OK);
    if (in != 'u' && in != 'f' && in != 'w') {
        WAIT(w, w->a.ups && w->b.t);
        if (in == 'R') w->a.free_in = 'e';
        if (in == 'o') assert_int_equal(loop_tcp_urgent(w->b.t, 'U'), OK);
        if (in != 'R') end_write(&w->b, "more than one event at once");
        if (in == 'e') loop_tcp_pause(w->b.t, true);
        if (in == 'e' || in == 'R') loop_tcp_free(w->b.t, in == 'R');
    }
    WAIT(w, w->a.t == NULL);
    unsigned events = w->a.ups + w->a.urgents + w->a.writables + w->a.fins + w->a.resets + w->a.refusals;
    size_t n = w->a.n;
    world_idle(w, 20);
    assert_int_equal(w->a.ups + w->a.urgents + w->a.writables + w->a.fins + w->a.resets + w->a.refusals,
                     events);
    assert_int_equal(w->a.n, n);
}

static void freed_in_up(void **state)
{
    freed_inside(state, 'u');
}
static void freed_in_read(void **state)
{
    freed_inside(state, 'r');
}
static void freed_in_urgent(void **state)
{
    freed_inside(state, 'o');
}
static void freed_in_writable(void **state)
{
    freed_inside(state, 'w');
}
static void freed_in_fin(void **state)
{
    freed_inside(state, 'e');
}
static void freed_in_reset(void **state)
{
    freed_inside(state, 'R');
}
static void freed_in_refused(void **state)
{
    freed_inside(state, 'f');
}

static void refuse(void *ctx, struct loop_tcp *t)
{
    struct world *w = ctx;
    w->event = true;
    loop_tcp_free(t, true);
    loop_listener_free(w->ls);
    w->ls = NULL;
}

static void listener_freed_in_accepted(void **state)
{
    struct world *w = *state;
    char why[160];
    assert_int_equal(loop_addr_parse("127.0.0.1:0", &w->at, why, sizeof why), OK);
    assert_int_equal(loop_listen(w->l, &w->at, refuse, w, &w->ls, why, sizeof why), OK);
    loop_listener_addr(w->ls, &w->at);
    world_dial(w);
    WAIT(w, w->ls == NULL && w->a.resets == 1);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, world_make, world_end)
    const struct CMUnitTest tests[] = {
        T(octets_one_by_one_come_back),
        T(write_before_up_takes_nothing),
        T(fin_before_up_is_kept),
        T(nobody_listens),
        T(connect_that_fails_at_once),
        T(nobody_answers),
        T(reading_starts_with_the_events),
        T(reset_at_once_is_no_refusal),
        T(half_closed_both_ways),
        T(close_is_fin),
        T(reset_after_last_words),
        T(write_finds_it_broken),
        T(broken_while_paused),
        T(urgent_finds_it_broken_while_paused),
        T(reset_after_fin),
        T(urgent_each_way),
        T(urgent_waits_for_the_pause),
        T(slow_reader_holds_the_writer),
        T(pause_holds_back_fin),
        T(freed_in_up),
        T(freed_in_read),
        T(freed_in_urgent),
        T(freed_in_writable),
        T(freed_in_fin),
        T(freed_in_reset),
        T(freed_in_refused),
        T(listener_freed_in_accepted),
    };
    return cmocka_run_group_tests_name("loop: sockets", tests, NULL, NULL);
}
