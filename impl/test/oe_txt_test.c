/* SPDX-License-Identifier: MIT */
/* oe_txt and oe_master: every cut of the strings, every front of a record, limits, memory that is refused,
 * and what the writers take. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "codec/oe_master.h"
#include "codec/oe_txt.h"
#include "test/mem_fail.h"

static uint8_t modulus[512];
static const uint8_t three[] = {3};

static struct oe_txt sample(size_t octets)
{
    for (size_t i = 0; i < sizeof modulus; i++)
        modulus[i] = (uint8_t)(i * 73 + 129) | (i ? 0 : 0x80);
    modulus[octets - 1] |= 1;
    return (struct oe_txt){.precedence = 10,
                           .gateway = OE_IP4,
                           .address = {192, 1, 1, 5},
                           .rsa = {slice_of(three, 1), slice_of(modulus, octets), (uint32_t)octets * 8}};
}

static void env_of(struct env *env, const struct mem *m)
{
    env_init(env);
    env->mem = m;
}

static void assert_same(const struct oe_txt *a, const struct oe_txt *b)
{
    assert_int_equal(a->precedence, b->precedence);
    assert_int_equal(a->gateway, b->gateway);
    assert_memory_equal(a->address, b->address, 16);
    assert_true(slice_eq(a->fqdn, b->fqdn));
    assert_true(oe_rsa_eq(&a->rsa, &b->rsa));
}

/* As it is written, at every size of key that a whole number of octets has. */
static void round_trip(void **state)
{
    struct env env;
    (void)state;
    env_init(&env);
    for (size_t octets = 64; octets <= 512; octets++) {
        struct oe_txt want = sample(octets), got;
        struct buf out;
        buf_init(&out, &mem_libc, OE_TXT_MAX);
        assert_int_equal(oe_txt_write(&env, &want, &out), OK);
        assert_int_equal(oe_txt_read(&env, buf_slice(&out), &got), OK);
        assert_int_equal(got.notes.n, 0);
        assert_int_equal(oe_txt_take(&got, OE_DRAFT), OE_TAKE);
        assert_int_equal(got.rsa.bits, octets * 8);
        assert_same(&want, &got);
        for (size_t i = 0; i < out.n; i += (size_t)out.p[i] + 1) /* each string but the last is full */
            assert_true(out.p[i] == 255 || i + out.p[i] + 1u == out.n);
        oe_txt_done(&got);
        buf_done(&out);
    }
}

static void every_cut(void **state)
{
    struct env env;
    struct oe_txt want = sample(274);
    struct buf text;
    (void)state;
    env_init(&env);
    buf_init(&text, &mem_libc, OE_TXT_MAX);
    assert_int_equal(oe_txt_write_text(&want, &text), OK);
    for (size_t cut = 1; cut <= 255; cut++) {
        struct oe_txt got;
        struct buf out;
        buf_init(&out, &mem_libc, OE_TXT_MAX);
        assert_int_equal(oe_txt_strings(buf_slice(&text), cut, &out), OK);
        assert_int_equal(oe_txt_read(&env, buf_slice(&out), &got), OK);
        assert_int_equal(got.strings, (text.n + cut - 1) / cut);
        assert_true(slice_eq(got.text, buf_slice(&text)));
        assert_same(&want, &got);
        assert_int_equal(got.notes.n, cut < 255);
        if (cut < 255) assert_int_equal(got.notes.note[0].at, cut);
        oe_txt_done(&got);
        buf_done(&out);
    }
    buf_done(&text);
}

/* A front of a record is never read beyond its end, and never as another good record but for what lacks its
 * key. */
static void every_front(void **state)
{
    struct env env;
    struct oe_txt want = sample(64);
    struct buf text;
    (void)state;
    env_init(&env);
    buf_init(&text, &mem_libc, OE_TXT_MAX);
    assert_int_equal(oe_txt_write_text(&want, &text), OK);
    size_t key = slice_find(buf_slice(&text), SLICE_LIT(" ")) + 1;
    for (size_t n = 0; n < text.n; n++) {
        struct oe_txt got;
        uint8_t *exact = malloc(n ? n : 1);
        memcpy(exact, text.p, n);
        assert_int_equal(oe_txt_read_text(&env, slice_of(exact, n), &got), OK);
        free(exact);
        enum oe_take take = oe_txt_take(&got, OE_DRAFT);
        assert_true(take != OE_TAKE);
        if (n > key && n < text.n) assert_int_equal(take, OE_BAD); /* 511 bits and less */
        oe_txt_done(&got);
    }
    buf_done(&text);
}

static void memory(void **state)
{
    struct oe_txt want = sample(274), got;
    struct mem_fail f;
    struct env env;
    (void)state;
    for (size_t at = 1;; at++) {
        struct mem m = mem_fail_init(&f, at);
        struct buf out;
        env_of(&env, &m);
        buf_init(&out, &m, OE_TXT_MAX);
        err e = oe_txt_write(&env, &want, &out);
        if (e == OK) {
            e = oe_txt_read(&env, buf_slice(&out), &got);
            if (e == OK) assert_same(&want, &got);
            oe_txt_done(&got);
        } else {
            assert_int_equal(out.n, 0);
        }
        buf_done(&out);
        assert_int_equal(f.blocks, 0);
        assert_int_equal(e, f.calls < at ? OK : ERR_MEM);
        if (e == OK) break;
        assert_true(at < 40);
    }
    struct mem m = mem_fail_init(&f, 1);
    env_of(&env, &m);
    assert_int_equal(oe_txt_read_text(&env, SLICE_LIT("x"), &got), ERR_MEM);
    oe_txt_done(&got);
}

static void limits(void **state)
{
    static uint8_t large[OE_TXT_MAX + 1];
    struct env env;
    struct oe_txt got;
    struct buf out;
    (void)state;
    env_init(&env);
    memset(large, 0, sizeof large);
    assert_int_equal(oe_txt_read(&env, slice_of(large, sizeof large), &got), OK);
    assert_int_equal(got.notes.note[0].code, OE_F_TXT_LIMIT);
    assert_int_equal(oe_txt_take(&got, OE_DRAFT), OE_BAD);
    oe_txt_done(&got);
    assert_int_equal(oe_txt_read(&env, slice_of(large, OE_TXT_MAX), &got), OK);
    assert_int_equal(got.notes.note[0].code, OE_F_TXT_EMPTY);
    oe_txt_done(&got);
    assert_int_equal(oe_txt_read_text(&env, slice_of(large, sizeof large), &got), OK);
    assert_int_equal(got.notes.note[0].code, OE_F_TXT_LIMIT);
    oe_txt_done(&got);
    buf_init(&out, &mem_libc, 2 * OE_RDATA_MAX);
    assert_int_equal(oe_txt_strings(slice_of(large, 65280), 255, &out),
                     ERR_LIMIT); /* with their lengths they pass 16 bits */
    assert_int_equal(out.n, 0);
    assert_int_equal(oe_txt_strings(slice_of(large, 65279), 255, &out), OK);
    assert_int_equal(out.n, 65535);
    buf_done(&out);
    buf_init(&out, &mem_libc, 300); /* the limit of who asks */
    assert_int_equal(oe_txt_strings(slice_of(large, 299), 255, &out), ERR_LIMIT);
    assert_int_equal(out.n, 0);
    buf_clear(&out);
    assert_int_equal(oe_txt_strings(SLICE_LIT("a"), 0, &out), ERR_USE);
    assert_int_equal(oe_txt_strings(SLICE_LIT("a"), 256, &out), ERR_USE);
    assert_int_equal(oe_txt_strings(SLICE_NONE, 255, &out), OK);
    assert_int_equal(out.n, 1);
    buf_done(&out);
}

static void writer_refuses(void **state)
{
    struct env env;
    struct buf out;
    struct oe_txt t = sample(64);
    (void)state;
    env_init(&env);
    buf_init(&out, &mem_libc, OE_TXT_MAX);
    t.gateway = OE_NO_GATEWAY;
    assert_int_equal(oe_txt_write(&env, &t, &out), ERR_USE);
    t.gateway = OE_FQDN;
    t.fqdn = SLICE_LIT("a b");
    assert_int_equal(oe_txt_write(&env, &t, &out), ERR_USE);
    t.fqdn = SLICE_LIT("sg.example.org");
    t.rsa.modulus.n = 63;
    assert_int_equal(oe_txt_write(&env, &t, &out), ERR_USE);
    assert_int_equal(out.n, 0);
    t.rsa.modulus.n = 0;
    assert_int_equal(oe_txt_write(&env, &t, &out), OK);
    assert_string_equal(buf_str(&out), "\x22X-IPsec-Server(10)=@sg.example.org");
    buf_clear(&out);
    t.gateway = OE_IP6;
    t.precedence = 65535;
    assert_int_equal(oe_txt_write(&env, &t, &out), OK);
    assert_string_equal(buf_str(&out), "\x20X-IPsec-Server(65535)=c001:105::");
    buf_done(&out);
}

/* --- text of master files
 * ---------------------------------------------------------------------------------------- */

static void master_every_front(void **state)
{
    static const char text[] = "a.b. 60 IN TXT ( \"X-IPsec-Server(10)=192.1.1.5 \" ; c\n \\088 \"\\\"\" )\n";
    struct env env;
    struct oe_rr rr;
    struct oe_text_fault f;
    (void)state;
    env_init(&env);
    for (size_t n = 0; n < sizeof text; n++) {
        uint8_t *exact = malloc(n ? n : 1);
        memcpy(exact, text, n);
        err e = oe_master_read(&env, slice_of(exact, n), 0, &rr, &f);
        if (n + 2 >= sizeof text) /* the line end may be missing */
            assert_int_equal(e, OK);
        else
            assert_int_equal(e, n ? ERR_PEER : ERR_MORE);
        assert_true(f.at <= n);
        oe_rr_done(&rr);
        free(exact);
    }
}

static void master_memory(void **state)
{
    static const char *const texts[] = {"a. TXT \"x\" \"y\"", "a. KEY 16896 4 1 AQNJ",
                                        "a. TYPE16 \\# 2 0161"};
    struct mem_fail f;
    struct env env;
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        for (size_t at = 1;; at++) {
            struct mem m = mem_fail_init(&f, at);
            struct oe_rr rr;
            struct oe_text_fault fault;
            env_of(&env, &m);
            err e = oe_master_read(&env, slice_str(texts[i]), 0, &rr, &fault);
            oe_rr_done(&rr);
            assert_int_equal(f.blocks, 0);
            assert_int_equal(e, f.calls < at ? OK : ERR_MEM);
            if (e == OK) break;
            assert_true(at < 20);
        }
    }
}

static void master_limits(void **state)
{
    struct env env;
    struct oe_rr rr;
    struct oe_text_fault f;
    size_t n = OE_MASTER_MAX + 1;
    char *text = malloc(n);
    (void)state;
    env_init(&env);
    memset(text, ' ', n);
    assert_int_equal(oe_master_read(&env, slice_of(text, n), 0, &rr, &f), ERR_LIMIT);
    oe_rr_done(&rr);
    memset(text, 'a', n);
    memcpy(text, "TXT ", 4);
    for (size_t i = 259; i < n; i += 256)
        text[i] = ' '; /* words of 255 octets, of which 256 with their lengths pass 16 bits */
    assert_int_equal(oe_master_read(&env, slice_of(text, 4 + 256 * 255), 0, &rr, &f), OK);
    assert_int_equal(rr.rdata.n, 255 * 256);
    oe_rr_done(&rr);
    assert_int_equal(oe_master_read(&env, slice_of(text, 4 + 256 * 256), 0, &rr, &f), ERR_PEER);
    assert_int_equal(f.at, 4 + 256 * 255);
    oe_rr_done(&rr);
    memset(text, 'A', n);
    memcpy(text, "KEY 0 4 1 ", 10);
    assert_int_equal(oe_master_read(&env, slice_of(text, 10 + 65531 / 3 * 4), 0, &rr, &f), OK);
    oe_rr_done(&rr);
    assert_int_equal(oe_master_read(&env, slice_of(text, 10 + 90000), 0, &rr, &f), ERR_PEER);
    oe_rr_done(&rr);
    free(text);
}

/* A zone is read record by record, whatever else stands in it. */
static void master_goes_on(void **state)
{
    static const char zone[] = "$TTL 60\n"
                               "@ IN SOA a. b. ( 1 ; serial\n 2 3\n 4 5 )\n"
                               "a. IN\n"
                               "a. TXT \"x\"\n"
                               "a. TXT \"not closed\n"
                               "a. KEY 16896 4 ( one\n AQM= )\n"
                               "a. TXT )\n"
                               "b. TXT y\n";
    static const struct {
        err e;
        bool other;
        const char *rest;
    } want[] = {{ERR_PEER, true, "@ IN"},        {ERR_PEER, true, "a. IN"},
                {ERR_PEER, false, "a. TXT \"x"}, {OK, false, "a. TXT \"n"},
                {ERR_PEER, false, "a. KEY"},     {ERR_PEER, false, "a. TXT )"},
                {ERR_PEER, false, "b. TXT y\n"}, {OK, false, ""}};
    struct env env;
    slice rest = slice_str(zone);
    (void)state;
    env_init(&env);
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        struct oe_rr rr;
        struct oe_text_fault f;
        assert_int_equal(oe_master_read(&env, rest, 0, &rr, &f), want[i].e);
        assert_int_equal(f.other, want[i].other);
        rest = slice_sub(rest, rr.used, rest.n);
        assert_true(slice_starts(rest, slice_str(want[i].rest)) && (rest.n > 0) == (want[i].rest[0] != 0));
        oe_rr_done(&rr);
    }
}

static void master_writes(void **state)
{
    struct buf out;
    (void)state;
    buf_init(&out, &mem_libc, 4096);
    assert_int_equal(
        oe_rr_write(SLICE_LIT("a."), 60, OE_RR_TXT, SLICE_LIT("\x01\x22\x03\\ \xff\x01;"), OE_ONE_LINE, &out),
        OK);
    assert_string_equal(buf_str(&out), "a. 60 IN TXT \"\\\"\" \"\\\\ \\255\" \";\"\n");
    buf_clear(&out);
    assert_int_equal(
        oe_rr_write(SLICE_LIT("a."), 60, OE_RR_TXT, SLICE_LIT("\x01\x61\x01\x62"), OE_WRAPPED, &out), OK);
    assert_string_equal(buf_str(&out), "a. 60 IN TXT (\n\t\"a\"\n\t\"b\" )\n");
    buf_clear(&out);
    assert_int_equal(
        oe_rr_write(SLICE_LIT("a."), 60, OE_RR_KEY, SLICE_LIT("\x42\x00\x04\x01\x01\x03"), OE_ONE_LINE, &out),
        OK);
    assert_string_equal(buf_str(&out), "a. 60 IN KEY 16896 4 1 AQM=\n");
    buf_clear(&out);
    assert_int_equal(oe_rdata_write(OE_RR_KEY, SLICE_LIT("\xC2\x00\x04\x01"), OE_WRAPPED, &out), OK);
    assert_string_equal(buf_str(&out), "49664 4 1");
    assert_int_equal(oe_rdata_write(OE_RR_KEY, SLICE_LIT("\xC2\x00\x04"), OE_ONE_LINE, &out), ERR_USE);
    assert_int_equal(oe_rdata_write(OE_RR_TXT, SLICE_NONE, OE_ONE_LINE, &out), ERR_USE);
    assert_int_equal(oe_rdata_write(OE_RR_TXT, SLICE_LIT("\x02y"), OE_ONE_LINE, &out), ERR_USE);
    assert_int_equal(oe_rdata_write(1, SLICE_LIT("\x01y"), OE_ONE_LINE, &out), ERR_USE);
    buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip),
        cmocka_unit_test(every_cut),
        cmocka_unit_test(every_front),
        cmocka_unit_test(memory),
        cmocka_unit_test(limits),
        cmocka_unit_test(writer_refuses),
        cmocka_unit_test(master_every_front),
        cmocka_unit_test(master_memory),
        cmocka_unit_test(master_limits),
        cmocka_unit_test(master_goes_on),
        cmocka_unit_test(master_writes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
