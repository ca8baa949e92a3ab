/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cap/pcapng.h"

/* A reader of its own, so that a mistake of the writer is not repeated here. */
struct packet {
    uint64_t us;
    uint32_t src, dst, seq, ack;
    unsigned sport, dport, flags, urgent, direction;
    char comment[128];
    slice data;
};
struct file {
    struct packet p[256];
    size_t n;
    char app[64];
    unsigned link, resolution;
};

static uint32_t le(const uint8_t *p, size_t n)
{
    uint32_t v = 0;
    while (n--)
        v = v << 8 | p[n];
    return v;
}

static uint32_t be(const uint8_t *p, size_t n)
{
    uint32_t v = 0;
    for (size_t i = 0; i < n; i++)
        v = v << 8 | p[i];
    return v;
}

static unsigned sum(uint32_t start, const uint8_t *p, size_t n)
{
    uint64_t s = start;
    for (size_t i = 0; i < n; i++)
        s += i & 1 ? p[i] : (uint64_t)p[i] << 8;
    while (s >> 16)
        s = (s & 0xffff) + (s >> 16);
    return (unsigned)s;
}

/* Value of an option, n octets, or NULL. */
static const uint8_t *find_option(slice o, unsigned code, size_t *n)
{
    size_t at = 0;
    const uint8_t *found = NULL;
    for (;;) {
        assert_true(at + 4 <= o.n);
        unsigned c = le(o.p + at, 2), len = le(o.p + at + 2, 2);
        if (c == 0) {
            assert_int_equal(len, 0);
            assert_int_equal(at + 4, o.n); /* the end is at the end */
            return found;
        }
        if (c == code) {
            found = o.p + at + 4;
            *n = len;
        }
        at += 4 + (len + 3) / 4 * 4;
    }
}

static void read_packet(slice b, struct packet *k)
{
    memset(k, 0, sizeof *k);
    assert_int_equal(le(b.p, 4), 0);
    k->us = (uint64_t)le(b.p + 4, 4) << 32 | le(b.p + 8, 4);
    size_t n = le(b.p + 12, 4), on;
    assert_int_equal(le(b.p + 16, 4), n);
    const uint8_t *ip = b.p + 20, *tcp = ip + 20;
    slice options = slice_sub(b, 20 + (n + 3) / 4 * 4, b.n);
    assert_int_equal(ip[0], 0x45);
    assert_int_equal(be(ip + 2, 2), n);
    assert_int_equal(ip[9], 6);
    assert_int_equal(sum(0, ip, 20), 0xffff);
    assert_int_equal(sum(sum(6 + (uint32_t)(n - 20), ip + 12, 8), tcp, n - 20), 0xffff);
    k->src = be(ip + 12, 4);
    k->dst = be(ip + 16, 4);
    k->sport = be(tcp, 2);
    k->dport = be(tcp + 2, 2);
    k->seq = be(tcp + 4, 4);
    k->ack = be(tcp + 8, 4);
    assert_int_equal(tcp[12], 0x50);
    k->flags = tcp[13];
    k->urgent = be(tcp + 18, 2);
    k->data = slice_of(tcp + 20, n - 40);
    const uint8_t *o = find_option(options, 2, &on);
    assert_non_null(o);
    k->direction = le(o, on);
    o = find_option(options, 1, &on);
    if (o) snprintf(k->comment, sizeof k->comment, "%.*s", (int)on, (const char *)o);
}

static void read_file(const struct buf *b, struct file *f)
{
    slice s = buf_slice(b);
    size_t at = 0, on;
    memset(f, 0, sizeof *f);
    for (size_t block = 0; at < s.n; block++) {
        assert_true(at + 12 <= s.n);
        unsigned type = le(s.p + at, 4), n = le(s.p + at + 4, 4);
        assert_int_equal(n % 4, 0);
        assert_true(at + n <= s.n);
        assert_int_equal(le(s.p + at + n - 4, 4), n);
        slice body = slice_sub(s, at + 8, at + n - 4);
        if (block == 0) {
            assert_int_equal(type, 0x0a0d0d0a);
            assert_int_equal(le(body.p, 4), 0x1a2b3c4d);
            assert_int_equal(le(body.p + 4, 4), 1);
            const uint8_t *app = find_option(slice_sub(body, 16, body.n), 4, &on);
            snprintf(f->app, sizeof f->app, "%.*s", (int)on, (const char *)app);
        } else if (block == 1) {
            assert_int_equal(type, 1);
            f->link = le(body.p, 2);
            assert_int_equal(le(body.p + 4, 4), 0);
            f->resolution = *find_option(slice_sub(body, 8, body.n), 9, &on);
        } else {
            assert_int_equal(type, 6);
            assert_true(f->n < 256);
            read_packet(body, &f->p[f->n++]);
        }
        at += n;
    }
    assert_int_equal(at, s.n);
}

static const struct pcapng_flow flow = {0x0a000001, 0x0a000002, 40000, 1234, false};

static void conversation(void **state)
{
    (void)state;
    struct buf out;
    struct pcapng *p;
    struct file f;
    static uint8_t big[3001];
    int id = -1;
    for (size_t i = 0; i < sizeof big; i++)
        big[i] = (uint8_t)(i * 7);
    buf_init(&out, &mem_libc, 1 << 20);
    assert_int_equal(pcapng_new(&mem_libc, &out, "Draftproof 0.1", &p), OK);
    uint64_t t = 1700000000123456u;
    assert_int_equal(pcapng_open(p, &flow, t, &id), OK);
    assert_int_equal(pcapng_data(p, id, true, SLICE_LIT("hello"), t + 1, "CONNECT"), OK);
    assert_int_equal(pcapng_data(p, id, false, slice_of(big, sizeof big), t + 2, "three parts"), OK);
    assert_int_equal(pcapng_data(p, id, true, SLICE_NONE, t + 2, "nothing"), OK);
    assert_int_equal(pcapng_signal(p, id, true, PCAPNG_URG, t + 3), OK);
    assert_int_equal(pcapng_signal(p, id, true, PCAPNG_FIN, t + 4), OK);
    assert_int_equal(pcapng_data(p, id, true, SLICE_LIT("x"), t, NULL), ERR_USE);
    assert_int_equal(pcapng_data(p, id, false, SLICE_LIT("bye"), t + 5, NULL), OK);
    assert_int_equal(pcapng_signal(p, id, false, PCAPNG_RST, t + 6), OK);
    assert_int_equal(pcapng_signal(p, id, false, PCAPNG_RST, t + 6), ERR_USE);
    assert_int_equal(pcapng_data(p, id + 1, true, SLICE_LIT("x"), t, NULL), ERR_USE);
    assert_int_equal(pcapng_data(p, -1, true, SLICE_LIT("x"), t, NULL), ERR_USE);
    pcapng_free(p);

    read_file(&out, &f);
    assert_string_equal(f.app, "Draftproof 0.1");
    assert_int_equal(f.link, 101);
    assert_int_equal(f.resolution, 6);
    static const unsigned flags[] = {2, 18, 16, 24, 16, 16, 24, 48, 17, 16, 24, 20};
    uint32_t next[2] = {0, 0};
    assert_int_equal(f.n, 12);
    for (size_t i = 0; i < f.n; i++) {
        const struct packet *k = &f.p[i];
        static const bool is_client[] = {1, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0};
        bool c = is_client[i];
        assert_int_equal(k->flags, flags[i]);
        assert_int_equal(k->src, c ? flow.client_ip : flow.server_ip);
        assert_int_equal(k->dst, c ? flow.server_ip : flow.client_ip);
        assert_int_equal(k->sport, c ? 40000 : 1234);
        assert_int_equal(k->dport, c ? 1234 : 40000);
        assert_int_equal(k->direction, c ? 2 : 1);
        if (k->flags & 2) next[!c] = k->seq;
        assert_int_equal(k->seq, next[!c]);
        if (k->flags & 16) assert_int_equal(k->ack, next[c]);
        next[!c] += (uint32_t)k->data.n + ((k->flags & 3) != 0);
        assert_int_equal(k->urgent != 0, (k->flags & 32) != 0);
    }
    assert_int_equal(f.p[0].us, t);
    assert_int_equal(f.p[11].us, t + 6);
    assert_string_equal(f.p[3].comment, "CONNECT");
    assert_memory_equal(f.p[3].data.p, "hello", 5);
    assert_string_equal(f.p[4].comment, "three parts");
    assert_string_equal(f.p[5].comment, "");
    assert_int_equal(f.p[4].data.n, 1460);
    assert_int_equal(f.p[6].data.n, 81);
    assert_memory_equal(f.p[5].data.p, big + 1460, 1460);
    assert_memory_equal(f.p[6].data.p, big + 2920, 81);
    const char *keep = getenv("KEEP_PCAPNG"); /* for a look with other tools */
    if (keep) {
        FILE *o = fopen(keep, "wb");
        assert_non_null(o);
        fwrite(buf_slice(&out).p, 1, out.n, o);
        fclose(o);
    }
    buf_done(&out);
}

static void several_flows(void **state)
{
    (void)state;
    struct buf out;
    struct pcapng *p;
    struct file f;
    buf_init(&out, &mem_libc, 1 << 20);
    assert_int_equal(pcapng_new(&mem_libc, &out, NULL, &p), OK);
    for (int i = 0; i < 9; i++) {
        struct pcapng_flow fl = flow;
        int id;
        fl.client_port = (uint16_t)(fl.client_port + i);
        assert_int_equal(pcapng_open(p, &fl, 5, &id), OK);
        assert_int_equal(id, i);
    }
    assert_int_equal(pcapng_data(p, 4, false, SLICE_LIT("four"), 6, NULL), OK);
    pcapng_free(p);
    read_file(&out, &f);
    assert_int_equal(f.n, 28);
    assert_int_equal(f.p[27].dport, 40004);
    assert_int_equal(f.p[27].seq, f.p[13].seq + 1);
    assert_int_not_equal(f.p[0].seq, f.p[3].seq);
    buf_done(&out);
}

/* Datagrams: the first block behind the interface is the first of them, with right lengths and checksum. */
static void datagrams(void **state)
{
    static const struct pcapng_flow f = {.client_ip = 0xc0000202, .server_ip = 0xc0000203, .client_port = 40000, .server_port = 53, .udp = true};
    uint8_t big[65508];
    struct buf b;
    struct pcapng *p;
    int id;
    (void)state;
    memset(big, 7, sizeof big);
    buf_init(&b, &mem_libc, 1 << 20);
    assert_int_equal(pcapng_new(&mem_libc, &b, "t", &p), OK);
    size_t head = b.n;
    assert_int_equal(pcapng_open(p, &f, 5, &id), OK);
    assert_int_equal(b.n, head); /* nothing has to be said before */
    assert_int_equal(pcapng_data(p, id, true, SLICE_LIT("query"), 6, "ask"), OK);
    assert_int_equal(pcapng_data(p, id, false, SLICE_LIT("answer"), 7, NULL), OK);
    assert_int_equal(pcapng_signal(p, id, true, PCAPNG_FIN, 8), OK);
    assert_int_equal(pcapng_data(p, id, false, slice_of(big, sizeof big), 9, NULL), OK);
    slice s = slice_sub(buf_slice(&b), head, b.n);
    static const struct { unsigned sport, dport; size_t n; } want[] = {{40000, 53, 5}, {53, 40000, 6}, {53, 40000, 65507}, {53, 40000, 1}};
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        const uint8_t *ip = s.p + 28, *udp = ip + 20;
        size_t n = want[i].n;
        assert_int_equal(le(s.p, 4), 6);
        assert_int_equal(le(s.p + 20, 4), 28 + n);
        assert_int_equal(be(ip + 2, 2), 28 + n);
        assert_int_equal(ip[9], 17);
        assert_int_equal(sum(0, ip, 20), 0xffff);
        assert_int_equal(be(udp, 2), want[i].sport);
        assert_int_equal(be(udp + 2, 2), want[i].dport);
        assert_int_equal(be(udp + 4, 2), 8 + n);
        assert_int_equal(sum(sum(17 + 8 + (uint32_t)n, ip + 12, 8), udp, 8 + n), 0xffff);
        s = slice_sub(s, le(s.p + 4, 4), s.n);
    }
    assert_int_equal(s.n, 0);
    pcapng_free(p);
    buf_done(&b);
}

static void long_comments_are_cut_between_characters(void **state)
{
    (void)state;
    struct buf out;
    struct pcapng *p;
    int id;
    static char text[80001];
    memset(text, 'a', 80000);
    for (size_t i = 1; i + 1 < 80000; i += 2)
        memcpy(text + i, "\xc3\xa9", 2);
    buf_init(&out, &mem_libc, 1 << 20);
    assert_int_equal(pcapng_new(&mem_libc, &out, "t", &p), OK);
    assert_int_equal(pcapng_open(p, &flow, 5, &id), OK);
    size_t before = out.n;
    assert_int_equal(pcapng_data(p, id, true, SLICE_LIT("abcd"), 6, text), OK);
    slice s = slice_sub(buf_slice(&out), before, out.n);
    assert_int_equal(le(s.p + 4, 4), s.n);
    assert_int_equal(le(s.p + 28 + 44, 2), 1);
    assert_int_equal(le(s.p + 28 + 46, 2), 59999);
    pcapng_free(p);
    buf_done(&out);
}

struct tight {
    long left;
};

static void *tight_resize(void *ctx, void *p, size_t n)
{
    struct tight *t = ctx;
    return t->left-- > 0 ? realloc(p, n) : NULL;
}

static void tight_release(void *ctx, void *p)
{
    (void)ctx;
    free(p);
}

static err talk(const struct mem *mem, struct buf *out)
{
    struct pcapng *p;
    int id;
    TRY(pcapng_new(mem, out, "app", &p));
    err e = OK;
    for (int i = 0; i < 6 && e == OK; i++) {
        e = pcapng_open(p, &flow, 1, &id);
        if (e == OK) e = pcapng_data(p, id, true, SLICE_LIT("some octets"), 2, "comment");
        if (e == OK) e = pcapng_signal(p, id, true, PCAPNG_FIN, 3);
    }
    pcapng_free(p);
    return e;
}

static void failures_leave_whole_blocks(void **state)
{
    (void)state;
    struct file *f = malloc(sizeof *f);
    assert_non_null(f);
    err e = ERR_MEM;
    for (long n = 0; e != OK; n++) {
        struct tight t = {n};
        struct mem mem = {&t, tight_resize, tight_release};
        struct buf out;
        assert_true(n < 50);
        buf_init(&out, &mem, 1 << 20);
        e = talk(&mem, &out);
        if (e != OK) assert_int_equal(e, ERR_MEM);
        read_file(&out, f);
        buf_done(&out);
    }
    for (size_t max = 0; max < 3000; max += 37) {
        struct buf out;
        buf_init(&out, &mem_libc, max);
        assert_int_equal(talk(&mem_libc, &out), ERR_LIMIT);
        read_file(&out, f);
        buf_done(&out);
    }
    free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conversation),
        cmocka_unit_test(several_flows),
        cmocka_unit_test(datagrams),
        cmocka_unit_test(long_comments_are_cut_between_characters),
        cmocka_unit_test(failures_leave_whole_blocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
