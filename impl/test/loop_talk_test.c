/* SPDX-License-Identifier: MIT */
/* What the loop has for adapters and DNS: sockets that are connected already, children that talk over one, datagrams. */
#include "test/loop_net.h"

#include <stdio.h>
#include <sys/socket.h>

#include "io/udp.h"
#include "test/descriptors.h"

/* ---- sockets that stand ---- */

static void pair_of(struct world *w)
{
    int fd[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
    assert_int_equal(loop_tcp_adopt(w->l, fd[0], &end_events, &w->a, &w->a.t), OK);
    assert_int_equal(loop_tcp_adopt(w->l, fd[1], NULL, NULL, &w->b.t), OK);
}

static void adopted_talk_both_ways(void **state)
{
    struct world *w = *state;
    size_t before = descriptors();
    pair_of(w);
    end_write(&w->a, "early");
    world_idle(w, 30);
    assert_int_equal(w->b.n, 0); /* nobody had asked for it */
    loop_tcp_set_ctx(w->b.t, &end_events, &w->b);
    WAIT(w, w->b.n == 5);
    end_write(&w->b, "answer");
    WAIT(w, w->a.n == 6);
    assert_int_equal(w->a.ups + w->b.ups, 0);
    assert_rests(w);
    loop_tcp_free(w->a.t, false);
    WAIT(w, w->b.fins == 1);
    assert_rests(w); /* the hangup behind the FIN says nothing */
    assert_int_equal(w->b.resets, 0);
    end_write(&w->b, "");
    size_t took;
    assert_int_equal(loop_tcp_write(w->b.t, SLICE_LIT("nobody"), &took), OK);
    WAIT(w, w->b.resets == 1);
    loop_tcp_free(w->b.t, false);
    world_idle(w, 10);
    assert_int_equal(descriptors(), before);
}

static void adopted_half_close(void **state)
{
    struct world *w = *state;
    pair_of(w);
    loop_tcp_set_ctx(w->b.t, &end_events, &w->b);
    loop_tcp_fin(w->a.t);
    WAIT(w, w->b.fins == 1);
    end_write(&w->b, "still said");
    WAIT(w, w->a.n == 10);
    loop_tcp_free(w->b.t, false);
    WAIT(w, w->a.fins == 1);
    assert_rests(w);
}

static void what_is_no_connection_is_refused(void **state)
{
    struct world *w = *state;
    size_t before = descriptors();
    struct loop_tcp *t;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(loop_tcp_adopt(w->l, fd, &end_events, &w->a, &t), ERR_SYS);
    assert_null(t);
    for (size_t n = 0; n < 2; n++) {
        int pair[2];
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
        w->scarce.fail = n;
        err e = loop_tcp_adopt(w->l, pair[0], &end_events, &w->a, &t);
        w->scarce.fail = SIZE_MAX;
        assert_int_equal(e, n ? OK : ERR_MEM);
        loop_tcp_free(t, false);
        close(pair[1]);
    }
    world_idle(w, 10);
    assert_int_equal(descriptors(), before); /* taken over, also where it failed */
}

/* ---- children ---- */

struct kid {
    struct world *w;
    struct loop_child *c;
    unsigned exits;
    int status, signal;
};

static void kid_exited(void *ctx, int status, int signal)
{
    struct kid *k = ctx;
    k->exits++;
    k->status = status;
    k->signal = signal;
    k->w->event = true;
}

static void talk_to(struct kid *k, struct world *w, const char *command)
{
    static const struct loop_child_events events = {.exited = kid_exited};
    char why[160];
    int fd;
    *k = (struct kid){.w = w};
    assert_int_equal(loop_child_talk(w->l, command, true, &events, k, &k->c, &fd, why, sizeof why), OK);
    assert_int_equal(loop_tcp_adopt(w->l, fd, &end_events, &w->a, &w->a.t), OK);
}

static void a_child_is_talked_to(void **state)
{
    struct world *w = *state;
    struct kid k;
    size_t before = descriptors();
    talk_to(&k, w, "while read -r x; do echo \"<$x>\"; done; exit 7");
    end_write(&w->a, "one\ntwo\n");
    WAIT(w, w->a.n == 12);
    assert_memory_equal(w->a.in, "<one>\n<two>\n", 12);
    assert_rests(w);
    loop_tcp_fin(w->a.t); /* its input ends, and so does it */
    WAIT(w, k.exits == 1 && w->a.fins == 1);
    assert_int_equal(k.status, 7);
    loop_tcp_free(w->a.t, false);
    loop_child_free(k.c, 0);
    world_idle(w, 10);
    assert_int_equal(descriptors(), before);
}

static void a_child_that_crashes(void **state)
{
    struct world *w = *state;
    struct kid k;
    talk_to(&k, w, "read -r x; echo half; kill -SEGV $$");
    end_write(&w->a, "one\ntwo\nthree\n"); /* more than it reads: the connection breaks */
    WAIT(w, k.exits == 1 && w->a.fins + w->a.resets >= 1);
    assert_int_equal(k.signal, 11);
    assert_memory_equal(w->a.in, "half\n", 5);
    loop_tcp_free(w->a.t, false);
    loop_child_free(k.c, 0);
}

static void a_child_that_does_not_read(void **state)
{
    struct world *w = *state;
    struct kid k;
    static const uint8_t much[4 << 20];
    size_t took = 0;
    talk_to(&k, w, "sleep 100");
    assert_int_equal(loop_tcp_write(w->a.t, slice_of(much, sizeof much), &took), OK);
    assert_true(took < sizeof much);
    assert_rests(w);
    loop_tcp_free(w->a.t, false);
    loop_child_free(k.c, 100);
}

static void no_child_without_memory(void **state)
{
    struct world *w = *state;
    size_t before = descriptors();
    char why[160];
    for (size_t n = 0; n < 2; n++) {
        struct loop_child *c;
        int fd;
        w->scarce.fail = n;
        assert_int_equal(loop_child_talk(w->l, "cat", true, NULL, NULL, &c, &fd, why, sizeof why), ERR_MEM);
        w->scarce.fail = SIZE_MAX;
        assert_null(c);
        assert_int_equal(fd, -1);
    }
    world_idle(w, 10);
    assert_int_equal(descriptors(), before);
}

/* ---- datagrams ---- */

struct box {
    struct world *w;
    struct loop_udp *u;
    struct loop_addr from;
    size_t n, octets, longest;
    uint8_t last[16];
    bool free_in, echo;
};

static void box_got(void *ctx, struct loop_udp *u, slice s, const struct loop_addr *from)
{
    struct box *b = ctx;
    assert_ptr_equal(b->u, u);
    b->n++;
    b->octets += s.n;
    if (s.n > b->longest) b->longest = s.n;
    b->from = *from;
    memcpy(b->last, s.p, s.n < sizeof b->last ? s.n : sizeof b->last);
    if (b->echo) (void)!loop_udp_send(u, from, s);
    if (b->free_in) loop_udp_free(u);
    b->w->event = true;
}

static bool box_open(struct world *w, struct box *b, const char *at)
{
    struct loop_addr a;
    char why[160];
    *b = (struct box){.w = w};
    assert_int_equal(loop_addr_parse(at, &a, why, sizeof why), OK);
    return loop_udp_new(w->l, &a, box_got, b, &b->u, why, sizeof why) == OK;
}

static void send_to(struct box *from, const struct box *to, slice s, err expect)
{
    struct loop_addr at;
    loop_udp_addr(to->u, &at);
    assert_int_equal(loop_udp_send(from->u, &at, s), expect);
}

static void datagrams_keep_their_borders(const char *at, struct world *w)
{
    struct box a, b;
    struct loop_addr own;
    static uint8_t big[65507];
    if (!box_open(w, &a, at) || !box_open(w, &b, at)) return; /* no IPv6 here */
    send_to(&a, &b, SLICE_LIT("one"), OK);
    send_to(&a, &b, SLICE_LIT(""), OK);
    send_to(&a, &b, SLICE_LIT("three"), OK);
    WAIT(w, b.n == 3);
    assert_int_equal(b.octets, 8);
    assert_memory_equal(b.last, "three", 5);
    loop_udp_addr(a.u, &own);
    assert_true(loop_addr_same(&own, &b.from));
    assert_int_not_equal(loop_addr_port(&own), 0);
    send_to(&a, &b, slice_of(big, sizeof big), OK);
    WAIT(w, b.n == 4);
    assert_int_equal(b.longest, sizeof big);
    static uint8_t bigger[65536];
    send_to(&a, &b, slice_of(bigger, sizeof bigger), ERR_LIMIT);
    assert_rests(w);
    send_to(&a, &b, SLICE_LIT("late"), OK);
    usleep(2000);
    loop_udp_drain(b.u);
    world_idle(w, 30);
    assert_int_equal(b.n, 4);
    loop_udp_free(a.u);
    loop_udp_free(b.u);
}

static void datagrams_over_ipv4(void **state)
{
    datagrams_keep_their_borders("127.0.0.1:0", *state);
}

static void datagrams_over_ipv6(void **state)
{
    datagrams_keep_their_borders("[::1]:0", *state);
}

/* What ICMP says about a port that nobody has must neither end nor spin the loop. */
static void a_closed_port_is_silent(void **state)
{
    struct world *w = *state;
    struct box a, b;
    struct loop_addr at;
    assert_true(box_open(w, &a, "127.0.0.1:0") && box_open(w, &b, "127.0.0.1:0"));
    loop_udp_addr(b.u, &at);
    loop_udp_free(b.u);
    for (int i = 0; i < 10; i++)
        assert_int_equal(loop_udp_send(a.u, &at, SLICE_LIT("anybody?")), OK);
    assert_rests(w);
    assert_int_equal(a.n, 0);
    assert_true(box_open(w, &b, "127.0.0.1:0"));
    b.echo = true;
    send_to(&a, &b, SLICE_LIT("hello"), OK);
    WAIT(w, a.n == 1);
    loop_udp_free(a.u);
    loop_udp_free(b.u);
}

static void ten_thousand_datagrams(void **state)
{
    struct world *w = *state;
    struct box a, b;
    assert_true(box_open(w, &a, "127.0.0.1:0") && box_open(w, &b, "127.0.0.1:0"));
    b.echo = true;
    for (size_t i = 0; i < 10000; i++) {
        send_to(&a, &b, SLICE_LIT("0123456789abcdef0123456789abcdef"), OK);
        if (i % 100 == 99) WAIT(w, a.n == i + 1); /* no more than fit a socket's buffer: what does not is lost */
    }
    assert_int_equal(b.n, 10000);
    loop_udp_free(a.u);
    loop_udp_free(b.u);
}

static void freed_in_its_event(void **state)
{
    struct world *w = *state;
    struct box a, b;
    size_t before = descriptors();
    assert_true(box_open(w, &a, "127.0.0.1:0") && box_open(w, &b, "127.0.0.1:0"));
    b.free_in = true;
    send_to(&a, &b, SLICE_LIT("1"), OK);
    send_to(&a, &b, SLICE_LIT("2"), OK);
    WAIT(w, b.n == 1);
    world_idle(w, 20);
    assert_int_equal(b.n, 1);
    loop_udp_free(a.u);
    world_idle(w, 10);
    assert_int_equal(descriptors(), before);
}

static void addresses_that_cannot_be(void **state)
{
    struct world *w = *state;
    struct loop_addr at;
    struct loop_udp *u;
    struct box a;
    char why[160] = "";
    assert_true(box_open(w, &a, "127.0.0.1:0"));
    loop_udp_addr(a.u, &at);
    assert_int_equal(loop_udp_new(w->l, &at, box_got, &a, &u, why, sizeof why), ERR_SYS);
    assert_null(u);
    assert_non_null(strstr(why, "(UDP): Address already in use"));
    assert_int_equal(loop_addr_parse("192.0.2.1:0", &at, why, sizeof why), OK);
    assert_int_equal(loop_udp_new(w->l, &at, box_got, &a, &u, why, sizeof why), ERR_SYS);
    w->scarce.fail = 0;
    assert_int_equal(loop_addr_parse("127.0.0.1:0", &at, why, sizeof why), OK);
    assert_int_equal(loop_udp_new(w->l, &at, box_got, &a, &u, why, sizeof why), ERR_MEM);
    w->scarce.fail = SIZE_MAX;
    loop_udp_free(a.u);
    /* ports */
    assert_int_equal(loop_addr_parse("[::1]:7", &at, why, sizeof why), OK);
    assert_int_equal(loop_addr_port(&at), 7);
    loop_addr_set_port(&at, 65535);
    char text[64];
    loop_addr_print(&at, text, sizeof text);
    assert_string_equal(text, "[::1]:65535");
    struct loop_addr other;
    assert_int_equal(loop_addr_parse("[::2]:65535", &other, why, sizeof why), OK);
    assert_false(loop_addr_same(&at, &other));
    assert_int_equal(loop_addr_parse("127.0.0.1:65535", &other, why, sizeof why), OK);
    assert_false(loop_addr_same(&at, &other));
}

#define UNIT(name) cmocka_unit_test_setup_teardown(name, world_make, world_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(adopted_talk_both_ways), UNIT(adopted_half_close), UNIT(what_is_no_connection_is_refused), UNIT(a_child_is_talked_to), UNIT(a_child_that_crashes),
        UNIT(a_child_that_does_not_read), UNIT(no_child_without_memory), UNIT(datagrams_over_ipv4), UNIT(datagrams_over_ipv6), UNIT(a_closed_port_is_silent),
        UNIT(ten_thousand_datagrams), UNIT(freed_in_its_event), UNIT(addresses_that_cannot_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
