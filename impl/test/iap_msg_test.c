/* SPDX-License-Identifier: MIT */
/* What the vectors do not show of iap_msg: streams of many messages cut anywhere, limits, memory, hosts,
 * writing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "codec/iap_msg.h"
#include "test/mem_fail.h"

#define L(s)    SLICE_LIT(s)
#define CONNECT "IAP/0.3 CONNECT M.DOM.ORG\r\n\r\n"
#define R200    "IAP/0.3 200\r\n\r\n"
#define HEAD(n) "Content-Type: application/x-idef-alert\r\nContent-Length: " n "\r\n\r\n"

static struct env env_of(const struct mem *mem)
{
    struct env e;
    env_init(&e);
    e.mem = mem;
    return e;
}

/* --- streams ------------------------------------------------------------------------------------------ */

/* Good, odd and bad messages, as they may follow each other on one connection. */
#define S(s)                                                                                                 \
    {                                                                                                        \
        (const uint8_t *)(s), sizeof(s) - 1                                                                  \
    }
static const slice stock[] = {
    S(CONNECT),
    S(R200),
    S("IAP/0.3 403\r\nIAP/0.3 Via: P\r\nIAP/0.3 Via: Q.\r\n\r\n"),
    S("iap/0.3  upgrade : tls/1.0\r\n\r\n"),
    S("IAP/0.3 IAP-Version: 0.3\r\nIAP/0.3 IAP-Role: Sender\r\n\r\n"),
    S("IAP/0.3 200\r\n"), /* one CRLF */
    S(HEAD("5") "\r\n\r\n\n\r\n\r\n"),
    S(HEAD("0") "\r\n\r\n"),
    S("Content-Type: text/x\r\nContent-Length:1\r\nX\r\n\r\n"), /* no blank line */
    S(HEAD("3") "abc\r\n"),                                     /* one CRLF */
    S(HEAD("3") "abc"),                                         /* none */
    S("\r\n" R200),
    S("IAP/0.3 2x0 no\n\n"),
};

enum { RUN = 40, STREAM_MAX = RUN * 120 };

struct seen { /* a message, reduced to what can be compared */
    enum iap_kind kind;
    uint64_t at, sum;
    uint32_t note_n;
    struct iap_note note[IAP_NOTES_MAX];
};

static uint64_t mix(uint64_t sum, slice s)
{
    sum = sum * 31 + s.n;
    for (size_t i = 0; i < s.n; i++)
        sum = sum * 131 + s.p[i];
    return sum;
}

static struct seen see(const struct iap_msg *m, uint64_t at)
{
    struct seen s = {.kind = m->kind, .at = at, .note_n = m->note_n};
    const slice all[] = {m->raw,       m->host, m->upgrade,     m->version,
                         m->role_text, m->type, m->length_text, m->body};
    s.sum = m->code + 1000u * m->via_n + (uint64_t)m->role;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        s.sum = mix(s.sum, all[i]);
    for (size_t i = 0; i < m->via_n; i++)
        s.sum = mix(s.sum, m->via[i]);
    memcpy(s.note, m->note, m->note_n * sizeof *m->note);
    return s;
}

static bool same(const struct seen *a, const struct seen *b)
{
    if (a->kind != b->kind || a->at != b->at || a->sum != b->sum || a->note_n != b->note_n) return false;
    for (uint32_t i = 0; i < a->note_n; i++) {
        if (a->note[i].code != b->note[i].code || a->note[i].at != b->note[i].at) return false;
    }
    return true;
}

static size_t draw_stream(struct rng *r, uint8_t *out)
{
    size_t n = 0;
    for (int i = 0; i < RUN; i++) {
        slice s = stock[rng_below(r, sizeof stock / sizeof *stock)];
        memcpy(out + n, s.p, s.n);
        n += s.n;
    }
    return n;
}

/* All messages of a stream by iap_read alone; how it ended in *end. */
static size_t read_whole(const struct env *env, slice in, struct seen *out, err *end)
{
    size_t n = 0, at = 0, used;
    struct iap_msg m;
    while ((*end = iap_read(env, slice_sub(in, at, in.n), false, &m, &used, NULL)) == OK) {
        out[n++] = see(&m, at);
        assert_in_range(used, 1, in.n - at);
        at += used;
    }
    return n;
}

static size_t read_cut(const struct env *env, slice in, struct rng *r, size_t most, struct seen *out,
                       err *end)
{
    size_t n = 0, fed = 0;
    struct iap_reader rd;
    struct iap_msg m;
    uint64_t at;
    iap_reader_init(&rd, env);
    *end = ERR_MORE;
    while (fed < in.n && *end == ERR_MORE) {
        slice piece = slice_sub(in, fed, fed + 1 + rng_below(r, most));
        fed += piece.n;
        while ((*end = iap_reader_next(&rd, &piece, &m, &at)) == OK)
            out[n++] = see(&m, at);
    }
    iap_reader_done(&rd);
    return n;
}

static void test_random_cuts(void **state)
{
    static uint8_t octets[STREAM_MAX];
    static struct seen whole[2 * RUN], cut[2 * RUN];
    struct rng r;
    size_t total = 0;
    (void)state;
    rng_init(&r, 20001);
    for (int round = 0; round < 300; round++) {
        struct mem_fail f;
        struct mem mem = mem_fail_init(&f, 0);
        struct env env = env_of(&mem);
        slice in = slice_of(octets, draw_stream(&r, octets));
        err end, end_cut;
        size_t n = read_whole(&env, in, whole, &end);
        static const size_t most[] = {1, 3, 20, 200, 3000};
        for (size_t k = 0; k < sizeof most / sizeof *most; k++) {
            assert_int_equal(read_cut(&env, in, &r, most[k], cut, &end_cut), n);
            assert_int_equal(end_cut, end);
            for (size_t i = 0; i < n; i++)
                if (!same(&whole[i], &cut[i]))
                    fail_msg("round %d, cuts to %zu, message %zu", round, most[k], i);
        }
        assert_int_equal(f.blocks, 0);
        total += n;
    }
    assert_true(total > 300 * RUN / 2);
}

static void test_pipelined(void **state)
{
    struct mem_fail f;
    struct mem mem = mem_fail_init(&f, 0);
    struct env env = env_of(&mem);
    struct iap_reader r;
    struct iap_msg m;
    uint64_t at;
    slice in = L(CONNECT R200 HEAD("2") "ab\r\n\r\n" R200 "IAP/0.3 4");
    (void)state;
    iap_reader_init(&r, &env);
    static const struct {
        enum iap_kind kind;
        uint64_t at;
    } want[] = {{IAP_CONNECT, 0}, {IAP_RESPONSE, 29}, {IAP_CONTENT, 44}, {IAP_RESPONSE, 111}};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(iap_reader_next(&r, &in, &m, &at), OK);
        assert_int_equal(m.kind, want[i].kind);
        assert_int_equal(at, want[i].at);
        assert_false(iap_reader_inside(&r));
        assert_int_equal(f.calls, 0); /* whole messages are read where they are */
    }
    assert_int_equal(iap_reader_next(&r, &in, &m, &at), ERR_MORE);
    assert_true(iap_reader_inside(&r));
    in = L("03\r\n\r\n" R200);
    assert_int_equal(iap_reader_next(&r, &in, &m, &at), OK);
    assert_int_equal(m.code, 403);
    assert_int_equal(at, 126);
    assert_int_equal(in.n, 15); /* what lies behind was not taken */
    assert_int_equal(iap_reader_next(&r, &in, &m, &at), OK);
    assert_int_equal(at, 141);
    assert_int_equal(f.blocks, 0); /* and nothing is held between messages */
    assert_int_equal(iap_reader_next(&r, &in, &m, &at), ERR_MORE);
    iap_reader_done(&r);
}

/* --- need --------------------------------------------------------------------------------------------- */

static void test_need(void **state)
{
    struct env env = env_of(&mem_libc);
    struct iap_msg m;
    size_t used, need;
    (void)state;
    assert_int_equal(iap_read(&env, L("IAP/0.3 20"), false, &m, &used, &need), ERR_MORE);
    assert_int_equal(need, 11);
    assert_int_equal(iap_read(&env, L(HEAD("1000")), false, &m, &used, &need), ERR_MORE);
    assert_int_equal(need, sizeof HEAD("1000") - 1 + 1000 + 1);
    assert_int_equal(iap_read(&env, L(HEAD("3") "abc"), false, &m, &used, &need), ERR_MORE);
    assert_int_equal(need, sizeof HEAD("3") - 1 + 3 + 1);
    assert_int_equal(iap_read(&env, L(HEAD("3") "abc\r\n"), false, &m, &used, &need), ERR_MORE);
    assert_int_equal(need, sizeof HEAD("3") - 1 + 3 + 3);
    assert_int_equal(iap_read(&env, SLICE_NONE, false, &m, &used, &need), ERR_MORE);
    assert_int_equal(need, 1);
    assert_int_equal(used, 0);
    /* it never asks for more than there will be */
    static uint8_t octets[STREAM_MAX];
    struct rng r;
    rng_init(&r, 7);
    size_t n = draw_stream(&r, octets), at = 0;
    while (iap_read(&env, slice_of(octets + at, n - at), false, &m, &used, NULL) == OK) {
        size_t first = 0, dummy;
        while (iap_read(&env, slice_of(octets + at, first), false, &m, &dummy, &need) == ERR_MORE) {
            assert_true(need > first);
            first++;
        }
        /* the fewest octets with a result: asking by need comes to the same number */
        for (size_t have = 0;; have = need) {
            if (iap_read(&env, slice_of(octets + at, have), false, &m, &dummy, &need) != ERR_MORE) {
                assert_int_equal(have, first);
                break;
            }
            assert_true(need <= first);
        }
        at += used;
    }
}

/* --- limits ------------------------------------------------------------------------------------------- */

static void test_huge_never_sent(void **state)
{
    struct mem_fail f;
    struct mem mem = mem_fail_init(&f, 0);
    struct env env = env_of(&mem);
    struct iap_reader r;
    struct iap_msg m;
    uint64_t at;
    (void)state;
    iap_reader_init(&r, &env);
    slice in = L(HEAD("4194304"));
    assert_int_equal(iap_reader_next(&r, &in, &m, &at), ERR_MORE);
    for (int i = 0; i < 100; i++) {
        in = L("0123456789");
        assert_int_equal(iap_reader_next(&r, &in, &m, &at), ERR_MORE);
    }
    assert_true(f.peak <= 4096);
    assert_true(iap_reader_inside(&r));
    iap_reader_done(&r);
    assert_int_equal(f.blocks, 0);
}

static void test_largest(void **state)
{
    struct env env = env_of(&mem_libc);
    struct iap_reader r;
    struct iap_msg m;
    struct buf b;
    uint64_t at;
    (void)state;
    env.limits.content = 100000;
    buf_init(&b, &mem_libc, 200000);
    static uint8_t body[100000];
    struct iap_msg out = {.kind = IAP_CONTENT, .body = {body, sizeof body}};
    assert_int_equal(iap_write(&out, &iap_style_sent, &b), OK);
    for (size_t step = 1; step < 100000; step = step * 7 + 1) {
        slice all = buf_slice(&b), in = SLICE_NONE;
        size_t fed = 0;
        err e;
        iap_reader_init(&r, &env);
        while ((e = iap_reader_next(&r, &in, &m, &at)) == ERR_MORE && fed < all.n) {
            in = slice_sub(all, fed, fed + step);
            fed += in.n;
        }
        assert_int_equal(e, OK);
        assert_int_equal(m.body.n, sizeof body);
        iap_reader_done(&r);
    }
    env.limits.content = 99999;
    size_t used;
    assert_int_equal(iap_read(&env, buf_slice(&b), false, &m, &used, NULL), ERR_LIMIT);
    assert_int_equal(m.note[0].code, IAP_F_CONTENT_LONG);
    buf_done(&b);
}

/* A line, a head, a chain of Via lines: what is held never passes the limit by more than a little. */
static void test_floods(void **state)
{
    static const struct {
        const char *first, *again;
        enum iap_fault_code code;
    } t[] = {{"IAP/0.3 CONNECT ", "a", IAP_F_LINE_LONG},
             {CONNECT, "\r\n", IAP_F_NOT_IAP},
             {"IAP/0.3 200\r\n", "IAP/0.3 Via: somewhere.example\r\n", IAP_F_VIA_MANY},
             {"IAP/0.3 200\r\n", "x\r\n", IAP_F_HEAD_LONG},
             {"Content-Type: x\r\n", "Content-Type: x\r\n", IAP_F_HEAD_LONG},
             {"IAP/0.3 200\r\n",
              " IAP/0.3 Via: a-long-line-that-is-folded-and-goes-on-and-on-and-on-and-on-and-on\r\n",
              IAP_F_HEAD_LONG}};
    (void)state;
    for (size_t k = 0; k < sizeof t / sizeof *t; k++) {
        struct mem_fail f;
        struct mem mem = mem_fail_init(&f, 0);
        struct env env = env_of(&mem);
        struct iap_reader r;
        struct iap_msg m;
        uint64_t at;
        env.limits.head = 4000;
        iap_reader_init(&r, &env);
        slice in = slice_str(t[k].first);
        err e = iap_reader_next(&r, &in, &m, &at);
        for (int i = 0; i < 2000 && (e == ERR_MORE || e == OK); i++) {
            in = slice_str(t[k].again);
            e = iap_reader_next(&r, &in, &m, &at);
        }
        assert_int_equal(e, t[k].code == IAP_F_NOT_IAP ? ERR_PEER : ERR_LIMIT);
        assert_int_equal(m.note[0].code, t[k].code);
        assert_true(f.peak <= 8192);
        in = L(R200);
        assert_int_equal(iap_reader_next(&r, &in, &m, &at), e); /* sticks */
        assert_int_equal(in.n, 15);
        assert_int_equal(m.kind, IAP_NOTHING);
        assert_int_equal(iap_reader_settle(&r, &m, &at), e);
        iap_reader_done(&r);
        assert_int_equal(f.blocks, 0);
    }
}

/* --- settle, inside, rest ----------------------------------------------------------------------------- */

static void test_settle(void **state)
{
    struct env env = env_of(&mem_libc);
    struct iap_reader r;
    struct iap_msg m;
    uint64_t at = 9;
    (void)state;
    iap_reader_init(&r, &env);
    assert_int_equal(iap_reader_settle(&r, &m, &at), ERR_MORE);
    slice in = L(R200 "IAP/0.3 101\r\n");
    assert_int_equal(iap_reader_next(&r, &in, &m, &at), OK);
    assert_int_equal(iap_reader_next(&r, &in, &m, &at), ERR_MORE);
    assert_int_equal(iap_reader_settle(&r, &m, &at), OK);
    assert_int_equal(at, 15);
    assert_int_equal(m.code, 101);
    assert_true(iap_msg_has(&m, IAP_F_ONE_CRLF));
    assert_false(iap_reader_inside(&r));
    /* the CRLF that came late belongs to nothing, and the next message is what it is */
    in = L("\r\n");
    assert_int_equal(iap_reader_next(&r, &in, &m, &at), ERR_MORE);
    assert_false(iap_reader_inside(&r));
    in = L(R200);
    assert_int_equal(iap_reader_next(&r, &in, &m, &at), OK);
    assert_int_equal(at, 28);
    assert_true(iap_msg_has(&m, IAP_F_STRAY_CRLF));
    /* settling does not finish what is not whole, and takes nothing away */
    in = L("IAP/0.3 CONNECT M");
    assert_int_equal(iap_reader_next(&r, &in, &m, &at), ERR_MORE);
    assert_int_equal(iap_reader_settle(&r, &m, &at), ERR_MORE);
    in = L("\r\n\r\n");
    assert_int_equal(iap_reader_next(&r, &in, &m, &at), OK);
    assert_true(slice_eq(m.host, L("M")));
    iap_reader_done(&r);
}

static void test_rest(void **state)
{
    struct env env = env_of(&mem_libc);
    struct iap_reader r;
    struct iap_msg m;
    struct buf out;
    uint64_t at;
    static const char all[] = "IAP/0.3 101\r\n\r\n\x16\x03\x01\x00\x02hi";
    slice whole = slice_of(all, sizeof all - 1);
    (void)state;
    /* wherever the stream is cut: held octets and those in hand are what lies behind the message */
    for (size_t cut = 0; cut <= whole.n; cut++) {
        slice in = slice_sub(whole, 0, cut);
        buf_init(&out, &mem_libc, 100);
        iap_reader_init(&r, &env);
        err e = iap_reader_next(&r, &in, &m, &at);
        if (e == ERR_MORE) {
            in = slice_sub(whole, cut, whole.n);
            e = iap_reader_next(&r, &in, &m, &at);
            cut = cut > 15 ? cut : 15;
            assert_int_equal(in.n, whole.n - 15);
        }
        assert_int_equal(e, OK);
        assert_int_equal(m.code, 101);
        assert_int_equal(iap_reader_rest(&r, &out), OK);
        assert_int_equal(buf_add(&out, in), OK);
        assert_true(slice_starts(slice_sub(whole, 15, whole.n), buf_slice(&out)));
        assert_int_equal(r.offset, 15);
        assert_int_equal(r.held.n, 0);
        iap_reader_done(&r);
        buf_done(&out);
    }
    /* octets that were held and belong to no message */
    buf_init(&out, &mem_libc, 3);
    iap_reader_init(&r, &env);
    slice in = L("IAP/0");
    assert_int_equal(iap_reader_next(&r, &in, &m, &at), ERR_MORE);
    assert_int_equal(iap_reader_rest(&r, &out), ERR_LIMIT); /* and stay held when there is no room for them */
    out.max = 10;
    assert_int_equal(iap_reader_rest(&r, &out), OK);
    assert_true(slice_eq(buf_slice(&out), L("IAP/0")));
    assert_int_equal(r.offset, 5);
    buf_done(&out);
    iap_reader_done(&r);
}

/* --- scarce memory ------------------------------------------------------------------------------------ */

/* Reads a stream in pieces and writes each message again, refused memory at the n-th call; a call that failed
 * is made again. */
static bool run_scarce(size_t fail_at)
{
    struct mem_fail f;
    struct mem mem = mem_fail_init(&f, fail_at);
    struct env env = env_of(&mem);
    struct iap_reader r;
    struct iap_msg m;
    struct buf out;
    uint64_t at;
    size_t messages = 0, refused = 0;
    const slice all = L(CONNECT "IAP/0.3 200\r\nIAP/0.3 Via: P\r\n\r\n" HEAD("5") "hello\r\n\r\n"
                                                                                  "IAP/0.3 403\r\n");
    iap_reader_init(&r, &env);
    buf_init(&out, &mem, 4096);
    for (size_t fed = 0; fed < all.n; fed += 11) {
        slice in = slice_sub(all, fed, fed + 11);
        for (;;) {
            err e = iap_reader_next(&r, &in, &m, &at);
            if (e == ERR_MORE) break;
            refused += e == ERR_MEM;
            if (e == ERR_MEM) continue;
            assert_int_equal(e, OK);
            messages++;
            e = iap_write(&m, &iap_style_sent, &out);
            refused += e == ERR_MEM;
            if (e == ERR_MEM)
                assert_int_equal(iap_write(&m, &iap_style_sent, &out), OK);
            else
                assert_int_equal(e, OK);
        }
    }
    assert_int_equal(iap_reader_settle(&r, &m, &at), OK);
    assert_int_equal(m.code, 403);
    assert_int_equal(messages, 3);
    assert_true(slice_eq(buf_slice(&out), slice_sub(all, 0, all.n - 13)));
    iap_reader_done(&r);
    buf_done(&out);
    assert_int_equal(f.blocks, 0);
    bool reached = f.calls >= fail_at;
    assert_int_equal(refused, reached ? 1 : 0);
    return reached;
}

static void test_scarce(void **state)
{
    size_t n = 1;
    (void)state;
    while (run_scarce(n))
        n++;
    assert_true(n > 10);
}

static void test_names(void **state)
{
    struct iap_msg m = {.note_n = 2, .note = {{IAP_F_CASE, 0}, {IAP_F_ONE_CRLF, 3}}};
    (void)state;
    assert_string_equal(iap_kind_name(IAP_CHANNEL), "channel");
    assert_string_equal(iap_kind_name(IAP_NOTHING), "nothing");
    assert_int_equal(iap_msg_severity(&m), SEV_WEAK);
    assert_true(iap_msg_has(&m, IAP_F_CASE));
    assert_false(iap_msg_has(&m, IAP_F_TAIL));
    m.note_n = 0;
    assert_int_equal(iap_msg_severity(&m), SEV_NOTE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_cuts), cmocka_unit_test(test_pipelined),
        cmocka_unit_test(test_need),        cmocka_unit_test(test_huge_never_sent),
        cmocka_unit_test(test_largest),     cmocka_unit_test(test_floods),
        cmocka_unit_test(test_settle),      cmocka_unit_test(test_rest),
        cmocka_unit_test(test_scarce),      cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
