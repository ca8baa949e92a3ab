/* SPDX-License-Identifier: MIT */
/* sasl_layer: the integrity layer of DIGEST-MD5, both ways, with cuts, damage, limits and packets of another
 * program. */
#include "test/sasl_pair.h"

#include "base/base64.h"
#include "test/mem_fail.h"

int gsasl_nonce(char *data, size_t n);
int gsasl_random(char *data, size_t n);

static bool fixed_nonce;

/* See sasl_test. */
int gsasl_nonce(char *data, size_t n)
{
    if (!fixed_nonce) return gsasl_random(data, n);
    struct buf b;
    buf_init(&b, &mem_libc, 18);
    assert_int_equal(base64_decode(SLICE_LIT("fyko+d2lbbFgONRv9qkxdawL"), false, &b, NULL), OK);
    assert_true(n <= b.n);
    memcpy(data, buf_slice(&b).p, n);
    buf_done(&b);
    return 0;
}

/* Both ends with an exchange behind them. */
static void open_layer(struct pair *p, enum sasl_qop client, enum sasl_qop server)
{
    pair_init(p);
    p->co.qop = client;
    p->so.qop = server;
    pair_open(p, SASL_DIGEST_MD5);
    assert_false(sasl_has_layer(p->c) || sasl_has_layer(p->s));
    pair_talk(p);
}

static void negotiated(void **state)
{
    (void)state;
    /* rows: client; columns: server; -1: no exchange comes about */
    static const int layer[3][3] = {{0, 0, -1}, {0, 1, 1}, {-1, 1, 1}};
    for (int c = 0; c < 3; c++) {
        for (int s = 0; s < 3; s++) {
            struct pair p;
            open_layer(&p, (enum sasl_qop)c, (enum sasl_qop)s);
            bool both = p.cst == SASL_COMPLETE && p.sst == SASL_COMPLETE;
            assert_int_equal(both, layer[c][s] >= 0);
            if (both) assert_int_equal(sasl_has_layer(p.c), layer[c][s]);
            if (both) assert_int_equal(sasl_has_layer(p.s), layer[c][s]);
            pair_done(&p);
        }
    }
}

/* RFC 3080 4.1: none inside TLS, unless the mistake is asked for. */
static void inside_tls(void **state)
{
    (void)state;
    for (int mistake = 0; mistake < 2; mistake++) {
        struct pair p;
        pair_init(&p);
        p.link.encrypted = true;
        p.co.qop = p.so.qop = SASL_QOP_INT;
        p.co.layer_inside_tls = p.so.layer_inside_tls = mistake;
        pair_open(&p, SASL_DIGEST_MD5);
        pair_talk(&p);
        assert_int_equal(p.sst, SASL_COMPLETE);
        assert_int_equal(p.cst, SASL_COMPLETE);
        assert_int_equal(sasl_has_layer(p.s), mistake);
        assert_int_equal(sasl_has_layer(p.c), mistake);
        struct buf b;
        buf_init(&b, &mem_libc, 100);
        if (!mistake) {
            assert_int_equal(sasl_encode(p.s, SLICE_LIT("x"), &b), ERR_USE);
            assert_int_equal(sasl_decode(p.s, SLICE_LIT("x"), &b), ERR_USE);
        }
        buf_done(&b);
        pair_done(&p);
    }
}

static uint8_t octet(size_t i)
{
    return (uint8_t)(i * 31 + i / 251);
}

static void send_through(struct sasl *from, struct sasl *to, size_t n, size_t cut)
{
    struct buf clear, wire, got;
    uint8_t *at;
    buf_init(&clear, &mem_libc, n + 1);
    buf_init(&wire, &mem_libc, 2 * n + 100);
    buf_init(&got, &mem_libc, 2 * n + 200000);
    assert_int_equal(buf_reserve(&clear, n + 1, &at), OK);
    for (size_t i = 0; i < n; i++)
        at[i] = octet(i);
    buf_added(&clear, n);
    assert_int_equal(sasl_encode(from, buf_slice(&clear), &wire), OK);
    assert_int_equal(wire.n > n, n > 0);
    for (size_t i = 0; i < wire.n; i += cut)
        assert_int_equal(sasl_decode(to, slice_sub(buf_slice(&wire), i, i + cut), &got), OK);
    assert_true(slice_eq(buf_slice(&clear), buf_slice(&got)));
    buf_done(&clear);
    buf_done(&wire);
    buf_done(&got);
}

static void both_ways(void **state)
{
    (void)state;
    struct pair p;
    const size_t sizes[] = {0, 1, 2, 100, 65519, 65520, 65521, 200000};
    open_layer(&p, SASL_QOP_INT, SASL_QOP_ANY);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        send_through(p.c, p.s, sizes[i], 1 + sizes[i] / 5);
        send_through(p.s, p.c, sizes[i], 70000);
        if (sizes[i] <= 100) send_through(p.c, p.s, sizes[i], 1);
    }
    pair_done(&p);
}

/* Keys and codes worked out by another program, see sasl_test. */
static void vectors(void **state)
{
    (void)state;
    struct pair p;
    struct buf out;
    pair_init(&p);
    p.co = (struct sasl_options){.offered = SASL_ALL,
                                 .user = "chris",
                                 .password = "secret",
                                 .hostname = "elwood.innosoft.com",
                                 .qop = SASL_QOP_ANY};
    fixed_nonce = true;
    pair_open(&p, SASL_DIGEST_MD5);
    fixed_nonce = false;
    buf_init(&out, &mem_libc, SASL_BLOB_MAX);
    assert_int_equal(sasl_step(p.c,
                               SLICE_LIT("realm=\"elwood.innosoft.com\",nonce=\"OA6MG9tEQGm2hh\","
                                         "qop=\"auth,auth-int\",algorithm=md5-sess,charset=utf-8"),
                               true, &out, &p.cst),
                     OK);
    assert_non_null(strstr(buf_str(&out), "response=9ca99611c6197d465a8af82044aba230"));
    assert_int_equal(
        sasl_peer_complete(p.c, SLICE_LIT("rspauth=0bd184bd11ba12c078951a3045a7c5b0"), true, &p.cst), OK);
    assert_true(sasl_has_layer(p.c));
    buf_clear(&out);
    assert_int_equal(sasl_encode(p.c, SLICE_LIT("hello"), &out), OK);
    assert_int_equal(sasl_encode(p.c, SLICE_LIT("again"), &out), OK);
    assert_true(slice_eq(buf_slice(&out),
                         SLICE_LIT("\0\0\0\x15hello\x60\xf4\xcd\xf5\x99\x6a\xbc\x60\xe7\x49\0\1\0\0\0\0"
                                   "\0\0\0\x15"
                                   "again\x0b\x5a\xb2\x77\x52\x30\x2c\x0c\x35\xff\0\1\0\0\0\1")));
    buf_clear(&out);
    assert_int_equal(
        sasl_decode(p.c, SLICE_LIT("\0\0\0\x17welcome\x4d\xb5\xfc\x11\x6e\xfe\xf4\x24\xbc\x1d\0\1\0\0\0\0"),
                    &out),
        OK);
    assert_string_equal(buf_str(&out), "welcome");
    buf_done(&out);
    pair_done(&p);
}

/* Each bit of a packet counts, and nothing comes through behind a wrong one. */
static void flipped(void **state)
{
    (void)state;
    size_t tried = 0;
    for (size_t bit = 0; bit < 8 * (5 + 20); bit++) {
        struct pair p;
        struct buf wire, got;
        open_layer(&p, SASL_QOP_ANY, SASL_QOP_INT);
        buf_init(&wire, &mem_libc, 1000);
        buf_init(&got, &mem_libc, 1000);
        assert_int_equal(sasl_encode(p.s, SLICE_LIT("hello"), &wire), OK);
        assert_int_equal(wire.n, 25);
        wire.p[wire.from + bit / 8] ^= (uint8_t)(1u << bit % 8);
        err e = sasl_decode(p.c, buf_slice(&wire), &got);
        /* a length that is too large waits for more, which then is wrong */
        uint8_t zeros[600] = {0};
        if (e == OK) e = sasl_decode(p.c, slice_of(zeros, sizeof zeros), &got);
        bool waits = e == OK;
        assert_true(waits ? bit / 8 == 2 : e == ERR_PEER);
        assert_int_equal(got.n, 0);
        if (!waits) {
            assert_true(sasl_failure_of(p.c)->why[0]);
            assert_int_equal(sasl_decode(p.c, SLICE_LIT("x"), &got), ERR_USE);
            tried++;
        }
        buf_done(&wire);
        buf_done(&got);
        pair_done(&p);
    }
    assert_true(tried > 190);
}

static void wrong_packets(void **state)
{
    (void)state;
    const slice bad[] = {SLICE_LIT("\0\0\0\0"), SLICE_LIT("\0\0\0\x10"), SLICE_LIT("\0\1\0\1"),
                         SLICE_LIT("\xff\xff\xff\xff")};
    for (size_t i = 0; i < 6; i++) {
        struct pair p;
        struct buf a, b, got;
        open_layer(&p, SASL_QOP_INT, SASL_QOP_INT);
        buf_init(&a, &mem_libc, 1000);
        buf_init(&b, &mem_libc, 1000);
        buf_init(&got, &mem_libc, 1000);
        assert_int_equal(sasl_encode(p.c, SLICE_LIT("one"), &a), OK);
        assert_int_equal(sasl_encode(p.c, SLICE_LIT("two"), &b), OK);
        if (i < 4) {
            assert_int_equal(sasl_decode(p.s, bad[i], &got), ERR_PEER);
        } else if (i == 4) { /* once more */
            assert_int_equal(sasl_decode(p.s, buf_slice(&a), &got), OK);
            assert_int_equal(sasl_decode(p.s, buf_slice(&a), &got), ERR_PEER);
        } else { /* out of order */
            assert_int_equal(sasl_decode(p.s, buf_slice(&b), &got), ERR_PEER);
        }
        assert_int_equal(got.n, i == 4 ? 3 : 0);
        buf_done(&a);
        buf_done(&b);
        buf_done(&got);
        pair_done(&p);
    }
}

/* Of the challenge, with another limit. */
static void says_maxbuf(void *ctx, unsigned step, struct buf *b)
{
    if (step == 0) assert_int_equal(buf_add_str(b, ctx), OK);
}

static void peer_limit(void **state)
{
    (void)state;
    char small[] = ",maxbuf=50", odd[] = ", maxbuf = \"17\"";
    for (int i = 0; i < 2; i++) {
        struct pair p;
        struct buf wire;
        pair_init(&p);
        p.meddle = says_maxbuf;
        p.ctx = i ? odd : small;
        p.co.qop = p.so.qop = SASL_QOP_INT;
        pair_open(&p, SASL_DIGEST_MD5);
        pair_talk(&p);
        assert_int_equal(p.cst, SASL_COMPLETE);
        buf_init(&wire, &mem_libc, 10000);
        assert_int_equal(sasl_encode(p.c, SLICE_LIT("0123456789012345678901234567890123456789"), &wire), OK);
        assert_int_equal(wire.n, i ? 40 * 21 : 54 + 26);
        assert_int_equal(buf_slice(&wire).p[3], i ? 17 : 50);
        buf_clear(&wire);
        send_through(p.s, p.c, 1000, 7); /* the other way nothing was said */
        buf_done(&wire);
        pair_done(&p);
    }
}

static void no_room(void **state)
{
    (void)state;
    struct pair p;
    struct buf wire, got;
    open_layer(&p, SASL_QOP_INT, SASL_QOP_INT);
    buf_init(&wire, &mem_libc, 24);
    buf_init(&got, &mem_libc, 24);
    assert_int_equal(sasl_encode(p.c, SLICE_LIT("hello"), &wire), ERR_LIMIT);
    assert_int_equal(wire.n, 0);
    assert_int_equal(sasl_encode(p.c, SLICE_LIT("hell"), &wire), OK);
    assert_int_equal(buf_add_byte(&got, 'x'), OK);
    assert_int_equal(sasl_decode(p.s, buf_slice(&wire), &got), ERR_LIMIT);
    buf_clear(&got);
    assert_int_equal(sasl_decode(p.s, buf_slice(&wire), &got), OK);
    assert_string_equal(buf_str(&got), "hell");
    buf_done(&wire);
    buf_done(&got);
    pair_done(&p);
}

static void out_of_memory(void **state)
{
    (void)state;
    struct mem_fail fail;
    struct mem mem = mem_fail_init(&fail, 1);
    struct pair p;
    struct buf wire, broken;
    open_layer(&p, SASL_QOP_INT, SASL_QOP_INT);
    buf_init(&wire, &mem_libc, 1000);
    buf_init(&broken, &mem, 1000);
    assert_int_equal(sasl_encode(p.c, SLICE_LIT("x"), &broken), ERR_MEM);
    assert_int_equal(sasl_encode(p.c, SLICE_LIT("x"), &wire), ERR_USE);
    assert_int_equal(sasl_encode(p.s, SLICE_LIT("x"), &wire), OK);
    pair_close(&p);
    pair_open(&p, SASL_DIGEST_MD5);
    pair_talk(&p);
    buf_clear(&wire);
    fail.fail_at = fail.calls + 1;
    assert_int_equal(sasl_encode(p.s, SLICE_LIT("x"), &wire), OK);
    assert_int_equal(sasl_decode(p.c, buf_slice(&wire), &broken), ERR_MEM);
    assert_int_equal(sasl_decode(p.c, buf_slice(&wire), &broken), ERR_USE);
    buf_done(&wire);
    buf_done(&broken);
    pair_done(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(negotiated), cmocka_unit_test(inside_tls),    cmocka_unit_test(both_ways),
        cmocka_unit_test(vectors),    cmocka_unit_test(flipped),       cmocka_unit_test(wrong_packets),
        cmocka_unit_test(peer_limit), cmocka_unit_test(out_of_memory), cmocka_unit_test(no_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
