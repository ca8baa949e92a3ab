/* SPDX-License-Identifier: MIT */
/* Frames of DNS messages over real UDP and TCP: server and client side against each other, and against sockets of the test's own. */
#include "test/loop_net.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>

#include "codec/dns_frame.h"
#include "run/dns_link.h"
#include "test/descriptors.h"

enum { KEPT = 64, TEXT = 40 };

struct got { /* a frame that came */
    enum dns_how how;
    bool elsewhere;
    uint32_t who;
    size_t n;
    char text[TEXT];
};
struct side { /* who has the frames */
    struct world *w;
    struct dns_link *d;
    struct loop_tcp *t;
    struct dns_frames in;
    struct got got[KEPT]; /* the last ones */
    size_t n;
    unsigned fins;
    bool echo;
};
struct pit { /* a server side and a client side */
    struct world *w;
    struct side s, c;
    char at[64];
    size_t before;
};

static void say(struct side *x, enum dns_how how, bool elsewhere, uint32_t who, slice msg)
{
    struct buf b;
    size_t took;
    const struct dns_frame f = {how, elsewhere, who, msg};
    buf_init(&b, &mem_libc, DNS_FRAME_MAX);
    assert_int_equal(dns_frame_write(&f, &b), OK);
    assert_int_equal(loop_tcp_write(x->t, buf_slice(&b), &took), OK);
    assert_int_equal(took, b.n);
    buf_done(&b);
}

static void on_frames(void *ctx, struct loop_tcp *t, slice octets)
{
    struct side *x = ctx;
    struct dns_frame f;
    (void)t;
    while (dns_frames_next(&x->in, &octets, &f) == OK) {
        struct got *g = &x->got[x->n++ % KEPT];
        *g = (struct got){f.how, f.elsewhere, f.who, f.msg.n, ""};
        memcpy(g->text, f.msg.p, f.msg.n < TEXT - 1 ? f.msg.n : TEXT - 1);
        if (x->echo && f.how != DNS_FRAME_END) say(x, f.how, false, f.who, f.msg);
    }
    x->w->event = true;
}

static void on_ended(void *ctx, struct loop_tcp *t, enum loop_end how, int sys)
{
    struct side *x = ctx;
    (void)t;
    (void)how;
    (void)sys;
    x->fins++;
    x->w->event = true;
}

static const struct loop_tcp_events events = {.read = on_frames, .ended = on_ended};

static void side_open(struct side *x)
{
    assert_int_equal(dns_link_open(x->d, &x->t), OK);
    loop_tcp_set_ctx(x->t, &events, x);
}

static void side_close(struct side *x)
{
    loop_tcp_free(x->t, false);
    x->t = NULL;
}

static const struct got *last(const struct side *x)
{
    assert_true(x->n > 0);
    return &x->got[(x->n - 1) % KEPT];
}

static bool pit_open(struct pit *p, struct world *w, const char *at)
{
    char why[200] = "";
    memset(p, 0, sizeof *p);
    p->before = descriptors();
    p->w = p->s.w = p->c.w = w;
    dns_frames_init(&p->s.in, &mem_libc);
    dns_frames_init(&p->c.in, &mem_libc);
    if (dns_link_server(&w->env, w->l, at, &p->s.d, p->at, why, sizeof why) != OK) return false;
    assert_int_equal(dns_link_client(&w->env, w->l, p->at, &p->c.d, why, sizeof why), OK);
    side_open(&p->s);
    side_open(&p->c);
    return true;
}

static void pit_close(struct pit *p)
{
    if (p->s.t) side_close(&p->s);
    if (p->c.t) side_close(&p->c);
    dns_link_free(p->c.d);
    dns_link_free(p->s.d);
    dns_frames_done(&p->s.in);
    dns_frames_done(&p->c.in);
    world_idle(p->w, 10);
    assert_int_equal(descriptors(), p->before);
}

#define IS(g, how_, who_, text_)                                                                             \
    do {                                                                                                     \
        assert_int_equal((g)->how, how_);                                                                    \
        assert_int_equal((g)->who, who_);                                                                    \
        assert_string_equal((g)->text, text_);                                                               \
    } while (0)

/* ---- both sides ---- */

static void both_ways(struct world *w, const char *at)
{
    struct pit p;
    if (!pit_open(&p, w, at)) return; /* no IPv6 here */
    for (int how = DNS_FRAME_UDP; how <= DNS_FRAME_TCP; how++) {
        size_t had = p.s.n, back = p.c.n;
        say(&p.c, (enum dns_how)how, false, 77, SLICE_LIT("question"));
        WAIT(w, p.s.n == had + 1);
        assert_int_equal(last(&p.s)->how, how);
        assert_string_equal(last(&p.s)->text, "question");
        say(&p.s, (enum dns_how)how, false, last(&p.s)->who, SLICE_LIT("answer"));
        WAIT(w, p.c.n == back + 1);
        IS(last(&p.c), (enum dns_how)how, 77, "answer");
        assert_false(last(&p.c)->elsewhere);
    }
    /* who asks is told apart, and is the same the next time */
    say(&p.c, DNS_FRAME_UDP, false, 78, SLICE_LIT("of another"));
    WAIT(w, p.s.n == 3);
    assert_int_not_equal(p.s.got[2].who, p.s.got[0].who);
    say(&p.c, DNS_FRAME_UDP, false, 77, SLICE_LIT("again"));
    say(&p.c, DNS_FRAME_TCP, false, 77, SLICE_LIT("again"));
    WAIT(w, p.s.n == 5);
    for (size_t i = 3; i < 5; i++)
        assert_int_equal(p.s.got[i].who, p.s.got[p.s.got[i].how == DNS_FRAME_UDP ? 0 : 1].who);
    assert_rests(w);
    pit_close(&p);
}

static void both_ways_over_ipv4(void **state)
{
    both_ways(*state, "127.0.0.1:0");
}

static void both_ways_over_ipv6(void **state)
{
    both_ways(*state, "[::1]:0");
}

static void sizes(void **state)
{
    struct world *w = *state;
    struct pit p;
    static uint8_t big[65535];
    assert_true(pit_open(&p, w, "127.0.0.1:0"));
    p.s.echo = true;
    memset(big, 'x', sizeof big);
    say(&p.c, DNS_FRAME_TCP, false, 1, slice_of(big, sizeof big));
    say(&p.c, DNS_FRAME_TCP, false, 1, SLICE_LIT(""));
    say(&p.c, DNS_FRAME_TCP, false, 1, SLICE_LIT("small"));
    WAIT(w, p.c.n == 3);
    assert_int_equal(p.c.got[0].n, 65535);
    assert_int_equal(p.c.got[1].n, 0);
    IS(&p.c.got[2], DNS_FRAME_TCP, 1, "small");
    say(&p.c, DNS_FRAME_UDP, false, 2, slice_of(big, 65507));
    WAIT(w, p.c.n == 4);
    assert_int_equal(p.c.got[3].n, 65507);
    say(&p.c, DNS_FRAME_UDP, false, 2, slice_of(big, 65508)); /* no datagram is so long: lost */
    say(&p.c, DNS_FRAME_UDP, false, 2, SLICE_LIT(""));
    WAIT(w, p.c.n == 5);
    assert_int_equal(p.c.got[4].n, 0);
    pit_close(&p);
}

static void from_elsewhere(void **state)
{
    struct world *w = *state;
    struct pit p;
    for (int i = 0; i < 2; i++) {
        if (!pit_open(&p, w, i ? "[::1]:0" : "127.0.0.1:0")) return;
        say(&p.c, DNS_FRAME_UDP, false, 5, SLICE_LIT("who?"));
        WAIT(w, p.s.n == 1);
        say(&p.s, DNS_FRAME_UDP, true, last(&p.s)->who, SLICE_LIT("forged"));
        WAIT(w, p.c.n == 1);
        IS(last(&p.c), DNS_FRAME_UDP, 5, "forged");
        assert_true(last(&p.c)->elsewhere);
        say(&p.s, DNS_FRAME_UDP, false, last(&p.s)->who, SLICE_LIT("good"));
        WAIT(w, p.c.n == 2);
        assert_false(last(&p.c)->elsewhere);
        pit_close(&p);
    }
}

static void ends_of_connections(void **state)
{
    struct world *w = *state;
    struct pit p;
    assert_true(pit_open(&p, w, "127.0.0.1:0"));
    /* the server ends */
    say(&p.c, DNS_FRAME_TCP, false, 1, SLICE_LIT("one"));
    WAIT(w, p.s.n == 1);
    say(&p.s, DNS_FRAME_END, false, last(&p.s)->who, SLICE_NONE);
    WAIT(w, p.c.n == 1);
    IS(last(&p.c), DNS_FRAME_END, 1, "");
    /* the client ends: whether it waits for its answer cannot be seen, so only the answer ends the connection */
    say(&p.c, DNS_FRAME_TCP, false, 1, SLICE_LIT("two"));
    WAIT(w, p.s.n == 2);
    uint32_t who = last(&p.s)->who;
    assert_int_not_equal(who, p.s.got[0].who);
    say(&p.c, DNS_FRAME_END, false, 1, SLICE_NONE);
    world_idle(w, 30);
    assert_int_equal(p.s.n, 2);
    say(&p.s, DNS_FRAME_TCP, false, who, SLICE_LIT("late"));
    WAIT(w, p.s.n == 3);
    IS(last(&p.s), DNS_FRAME_END, who, "");
    /* nobody is there any more */
    say(&p.s, DNS_FRAME_TCP, false, who, SLICE_LIT("later"));
    WAIT(w, p.s.n == 4);
    IS(last(&p.s), DNS_FRAME_END, who, "");
    assert_int_equal(p.c.n, 1);
    pit_close(&p);
}

static void nobody_listens(void **state)
{
    struct world *w = *state;
    struct pit p;
    assert_true(pit_open(&p, w, "127.0.0.1:0"));
    side_close(&p.s);
    dns_link_free(p.s.d);
    p.s.d = NULL;
    say(&p.c, DNS_FRAME_UDP, false, 1, SLICE_LIT("anybody?"));
    say(&p.c, DNS_FRAME_TCP, false, 2, SLICE_LIT("anybody?"));
    WAIT(w, p.c.n == 1);
    IS(last(&p.c), DNS_FRAME_END, 2, ""); /* of UDP nothing is heard */
    assert_rests(w);
    assert_int_equal(p.c.n, 1);
    pit_close(&p);
}

/* The next case finds none of what the one before left. */
static void a_fresh_end(void **state)
{
    struct world *w = *state;
    struct pit p;
    assert_true(pit_open(&p, w, "127.0.0.1:0"));
    say(&p.c, DNS_FRAME_UDP, false, 1, SLICE_LIT("first"));
    say(&p.c, DNS_FRAME_TCP, false, 1, SLICE_LIT("first"));
    WAIT(w, p.s.n == 2);
    side_close(&p.s);
    say(&p.c, DNS_FRAME_UDP, false, 1, SLICE_LIT("between"));
    side_open(&p.s);
    WAIT(w, p.c.n == 1); /* its connection was closed */
    IS(last(&p.c), DNS_FRAME_END, 1, "");
    world_idle(w, 20);
    assert_true(p.s.n == 2 || strcmp(last(&p.s)->text, "between") == 0); /* sent before or after the end was opened: both are right */
    size_t had = p.s.n;
    say(&p.c, DNS_FRAME_UDP, false, 1, SLICE_LIT("second"));
    say(&p.c, DNS_FRAME_TCP, false, 1, SLICE_LIT("second"));
    WAIT(w, p.s.n == had + 2);
    assert_string_equal(last(&p.s)->text, "second");
    /* a frame that cannot be ends the conversation, not us */
    size_t took;
    assert_int_equal(loop_tcp_write(p.c.t, SLICE_LIT("\x7f nonsense"), &took), OK);
    WAIT(w, p.c.fins == 1);
    pit_close(&p);
}

/* Ten thousand questions of as many askers: sockets and sources are used again. */
static void ten_thousand(void **state)
{
    struct world *w = *state;
    struct pit p;
    assert_true(pit_open(&p, w, "127.0.0.1:0"));
    p.s.echo = true;
    for (uint32_t i = 1; i <= 10000; i++) {
        say(&p.c, DNS_FRAME_UDP, false, i, SLICE_LIT("question"));
        if (i % 50 == 0) WAIT(w, p.c.n == i);
    }
    IS(last(&p.c), DNS_FRAME_UDP, 10000, "question");
    assert_true(descriptors() < p.before + DNS_LINK_SOCKETS + 20);
    pit_close(&p);
}

static void many_connections(void **state)
{
    struct world *w = *state;
    struct pit p;
    assert_true(pit_open(&p, w, "127.0.0.1:0"));
    p.s.echo = true;
    for (uint32_t i = 1; i <= 500; i++) {
        size_t had = p.c.n;
        say(&p.c, DNS_FRAME_TCP, false, i, SLICE_LIT("question"));
        WAIT(w, p.c.n > had && last(&p.c)->how == DNS_FRAME_TCP && last(&p.c)->who == i);
    }
    assert_true(descriptors() < p.before + 2 * DNS_LINK_TCPS + 20);
    pit_close(&p);
}

/* ---- sockets of our own ---- */

static int raw(const struct pit *p, int type)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)atoi(strrchr(p->at, ':') + 1))};
    int fd = socket(AF_INET, type, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
    return fd;
}

static void segments(void **state)
{
    struct world *w = *state;
    struct pit p;
    char in[64];
    assert_true(pit_open(&p, w, "127.0.0.1:0"));
    int fd = raw(&p, SOCK_STREAM);
    /* two messages and half of a third in one segment */
    assert_int_equal(send(fd, "\0\3one\0\3two\0\5th", 14, 0), 14);
    WAIT(w, p.s.n == 2);
    assert_string_equal(p.s.got[0].text, "one");
    assert_string_equal(p.s.got[1].text, "two");
    world_idle(w, 20);
    assert_int_equal(p.s.n, 2);
    assert_int_equal(send(fd, "ree", 3, 0), 3);
    WAIT(w, p.s.n == 3);
    uint32_t who = last(&p.s)->who;
    assert_string_equal(last(&p.s)->text, "three");
    /* octet by octet */
    for (int i = 0; i < 6; i++) {
        assert_int_equal(send(fd, &"\0\4four"[i], 1, 0), 1);
        world_idle(w, 2);
    }
    WAIT(w, p.s.n == 4);
    assert_string_equal(last(&p.s)->text, "four");
    /* its direction ends in the middle of a message; the answers are still taken */
    assert_int_equal(send(fd, "\0\7hal", 5, 0), 5);
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    world_idle(w, 20);
    assert_int_equal(p.s.n, 4);
    for (int i = 0; i < 4; i++)
        say(&p.s, DNS_FRAME_TCP, false, who, SLICE_LIT("A"));
    WAIT(w, p.s.n == 5);
    IS(last(&p.s), DNS_FRAME_END, who, "");
    assert_int_equal(recv(fd, in, sizeof in, MSG_WAITALL), 12);
    assert_memory_equal(in, "\0\1A\0\1A\0\1A\0\1A", 12);
    close(fd);
    /* a reset */
    fd = raw(&p, SOCK_STREAM);
    assert_int_equal(send(fd, "\0\1x", 3, 0), 3);
    WAIT(w, p.s.n == 6);
    struct linger now = {1, 0};
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now), 0);
    close(fd);
    WAIT(w, p.s.n == 7);
    assert_int_equal(last(&p.s)->how, DNS_FRAME_END);
    pit_close(&p);
}

/* A resolver whose socket is connected: the system itself keeps what comes from elsewhere away. */
static void what_a_connected_socket_sees(void **state)
{
    struct world *w = *state;
    struct pit p;
    char in[64] = "";
    assert_true(pit_open(&p, w, "127.0.0.1:0"));
    int fd = raw(&p, SOCK_DGRAM);
    assert_int_equal(send(fd, "q", 1, 0), 1);
    WAIT(w, p.s.n == 1);
    say(&p.s, DNS_FRAME_UDP, true, last(&p.s)->who, SLICE_LIT("forged"));
    say(&p.s, DNS_FRAME_UDP, false, last(&p.s)->who, SLICE_LIT("good"));
    world_idle(w, 30);
    assert_int_equal(recv(fd, in, sizeof in, MSG_DONTWAIT), 4);
    assert_memory_equal(in, "good", 4);
    assert_int_equal(recv(fd, in, sizeof in, MSG_DONTWAIT), -1);
    close(fd);
    pit_close(&p);
}

static void wrong_addresses(void **state)
{
    struct world *w = *state;
    struct dns_link *d;
    char at[64], other[64], why[200] = "";
    size_t before = descriptors();
    assert_int_equal(dns_link_server(&w->env, w->l, "nonsense", &d, at, why, sizeof why), ERR_USE);
    assert_null(d);
    assert_int_equal(dns_link_server(&w->env, w->l, "192.0.2.1:0", &d, at, why, sizeof why), ERR_SYS);
    assert_non_null(strstr(why, "192.0.2.1:0"));
    assert_int_equal(dns_link_client(&w->env, w->l, "nonsense", &d, why, sizeof why), ERR_USE);
    struct dns_link *first;
    assert_int_equal(dns_link_server(&w->env, w->l, "127.0.0.1:0", &first, at, why, sizeof why), OK);
    assert_int_equal(dns_link_server(&w->env, w->l, at, &d, other, why, sizeof why), ERR_SYS);
    assert_non_null(strstr(why, at));
    dns_link_free(first);
    world_idle(w, 10);
    assert_int_equal(descriptors(), before);
}

static void without_memory(void **state)
{
    struct world *w = *state;
    size_t before = descriptors(), refused = 0;
    char at[64], why[200];
    for (size_t n = 0; n < 40; n++) {
        struct dns_link *d;
        struct loop_tcp *t = NULL;
        w->scarce.fail = n;
        err e = dns_link_server(&w->env, w->l, "127.0.0.1:0", &d, at, why, sizeof why);
        if (e == OK) e = dns_link_open(d, &t);
        w->scarce.fail = SIZE_MAX;
        if (e != OK) {
            assert_int_equal(e, ERR_MEM);
            refused++;
        }
        loop_tcp_free(t, false);
        dns_link_free(d);
        world_idle(w, 1);
        assert_int_equal(descriptors(), before);
        if (e == OK) break;
    }
    assert_true(refused >= 6);
}

#define UNIT(name) cmocka_unit_test_setup_teardown(name, world_make, world_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(both_ways_over_ipv4), UNIT(both_ways_over_ipv6), UNIT(sizes), UNIT(from_elsewhere), UNIT(ends_of_connections), UNIT(nobody_listens), UNIT(a_fresh_end),
        UNIT(ten_thousand), UNIT(many_connections), UNIT(segments), UNIT(what_a_connected_socket_sees), UNIT(wrong_addresses), UNIT(without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
