/* SPDX-License-Identifier: MIT */
/* Records that scenarios describe, as octets; and the keys that they put into them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/base64.h"
#include "codec/oe_key.h"
#include "codec/oe_txt.h"
#include "test/mem_fail.h"
#include "run/oe_rdata.h"
#include "run/samples_oe.h"

struct made {
    struct env env;
    struct scn_file *file;
    struct scn_plan *plan;
    struct oe_rdata r;
    char why[300], hex[4096];
    err e;
};

static bool lookup(void *ctx, const char *name, struct scn_octets *out)
{
    (void)ctx;
    if (strncmp(name, "KEY", 3) != 0) return false;
    union {
        const char *in;
        uint8_t *out;
    } key = {samples_oe[name[3] - '1']}; /* the plan copies it */
    *out = (struct scn_octets){key.out, strlen(key.in)};
    return true;
}

static void make(struct made *m, const char *statement, const struct mem *mem)
{
    char text[2048];
    struct scn_fault f;
    *m = (struct made){0};
    env_init(&m->env);
    snprintf(text, sizeof text, "case oe/a/b\ntitle T\nclause OE-7.2-6\nagainst x\n%s\nexpect x -> pass\n",
             statement);
    if (scn_parse(&m->env, "t.scn", slice_str(text), &m->file, &f) != OK) fail_msg("%d: %s", f.line, f.text);
    assert_int_equal(scn_plan(&m->env, m->file->cases[0], 0, lookup, NULL, &m->plan, &f), OK);
    if (mem) m->env.mem = mem;
    m->e = oe_rdata_of(&m->env, &m->plan->stmt[0], &m->r, m->why, sizeof m->why);
    slice s = buf_slice(&m->r.octets);
    for (size_t i = 0; i < s.n && i < sizeof m->hex / 2 - 1; i++)
        snprintf(m->hex + 2 * i, 3, "%02x", s.p[i]);
}

static void drop(struct made *m)
{
    oe_rdata_done(&m->r);
    scn_plan_free(m->plan);
    scn_file_free(m->file);
}

static void is(const char *statement, const char *hex)
{
    struct made m;
    make(&m, statement, NULL);
    if (m.e != OK || strcmp(m.hex, hex) != 0)
        fail_msg("%s: %s %s\n%s is wanted", statement, m.why, m.hex, hex);
    drop(&m);
}

static void test_txt(void **state)
{
    (void)state;
    is("send record text=abc", "03616263");
    is("send record text=\"\"", "00");
    is("send record hex=\"\"", "");
    is("send record hex=00Ff", "00ff");
    is("send record text=abc at=1", "0161026263");
    is("send record text=abc at=0", "0003616263");
    is("send record text=abc at=1 at=1", "016100026263");
    is("send record text=abc at=3", "0361626300");
    is("send record text=abc at=0 at=3", "000361626300");
    is("send record strings=abc strings=\"\" strings=d", "03616263000164");
    is("send record strings=abc length=200 strings=d", "c86162630164");
    is("send record strings=abc length=0", "00616263");
    is("send record precedence=5 gateway=1.2.3.4", "19582d49507365632d5365727665722835293d312e322e332e34");
}

/* The count of octets of a statement's RDATA, and how long its first string is. */
static void sizes(const char *statement, size_t n, uint8_t first, uint8_t at256)
{
    struct made m;
    make(&m, statement, NULL);
    assert_int_equal(m.e, OK);
    slice s = buf_slice(&m.r.octets);
    assert_int_equal(s.n, n);
    assert_int_equal(s.p[0], first);
    if (n > 256) assert_int_equal(s.p[256], at256);
    drop(&m);
}

static void test_cuts(void **state)
{
    char statement[1200], text[601] = "";
    (void)state;
    memset(text, 'a', 600);
    snprintf(statement, sizeof statement, "send record text=%.254s", text);
    sizes(statement, 255, 254, 0);
    snprintf(statement, sizeof statement, "send record text=%.255s", text);
    sizes(statement, 256, 255, 0);
    snprintf(statement, sizeof statement, "send record text=%.256s", text);
    sizes(statement, 258, 255, 1);
    snprintf(statement, sizeof statement, "send record text=%.510s", text);
    sizes(statement, 512, 255, 255);
    snprintf(statement, sizeof statement, "send record text=%.600s at=255",
             text); /* where it is cut anyway */
    sizes(statement, 603, 255, 255);
}

static void test_key(void **state)
{
    (void)state;
    is("send key key=AwE=", "420004010301");
    is("send key key=\"\"", "42000401");
    is("send key flags=0xC000 protocol=255 algorithm=5 key=\"\"", "c000ff05");
    is("send key exponent=03 modulus=b6be", "420004010103b6be");
    is("send key exponent=03 modulus=b6be form=long", "42000401000001"
                                                      "03b6be");
    is("send key exponent=\"\" modulus=b6be", "4200040100b6be");
    is("send key exponent=03 modulus=b6be cut=3", "420004");
    is("send key hex=420004", "420004");
    is("send key hex=420004 cut=0", "");
}

static void test_master(void **state)
{
    struct made m;
    (void)state;
    make(&m, "send master type=KEY text=\"16896 4 1 AQ==\"", NULL);
    assert_int_equal(m.e, OK);
    assert_int_equal(m.r.form, OE_RDATA_MASTER);
    assert_int_equal(m.r.type, OE_RR_KEY);
    assert_true(slice_eq(buf_slice(&m.r.octets), SLICE_LIT("16896 4 1 AQ==")));
    drop(&m);
    make(&m, "expect record", NULL); /* no statement of ours */
    assert_int_equal(m.e, ERR_USE);
    assert_false(oe_rdata_is(&m.plan->stmt[0]));
    drop(&m);
    make(&m, "send record text=a but drop x", NULL);
    assert_int_equal(m.e, ERR_USE);
    drop(&m);
}

/* What a gateway would read of a record that is said by its fields. */
static void test_read_back(void **state)
{
    struct made m;
    struct oe_txt t;
    (void)state;
    make(&m, "send record precedence=300 gateway=@sg.example.org key=$KEY5", NULL);
    assert_int_equal(m.e, OK);
    assert_int_equal(oe_txt_read(&m.env, buf_slice(&m.r.octets), &t), OK);
    assert_int_equal(t.precedence, 300);
    assert_int_equal(t.gateway, OE_FQDN);
    assert_true(slice_eq(t.fqdn, SLICE_LIT("sg.example.org")));
    assert_int_equal(sample_oe_of(t.rsa.exponent, t.rsa.modulus), 5);
    assert_int_equal(oe_txt_take(&t, OE_DRAFT), OE_TAKE);
    oe_txt_done(&t);
    drop(&m);
}

/* The keys are what their names promise, and no two are the same. */
static void test_samples(void **state)
{
    static const unsigned bits[OE_SAMPLE_KEYS] = {512, 1024, 1024, 2048, 4096, 1024};
    struct env env;
    (void)state;
    env_init(&env);
    for (int i = 0; i < OE_SAMPLE_KEYS; i++) {
        struct buf b;
        struct oe_rsa k;
        struct oe_notes notes = {0};
        buf_init(&b, env.mem, OE_RSA_DATA_MAX);
        assert_int_equal(base64_decode(slice_str(samples_oe[i]), false, &b, NULL), OK);
        oe_rsa_read(buf_slice(&b), &k, &notes);
        assert_int_equal(notes.n, 0);
        assert_int_equal(k.bits, bits[i]);
        assert_true(slice_eq(k.exponent, i == 5 ? SLICE_LIT("\x01\x00\x01") : SLICE_LIT("\x03")));
        assert_int_equal(sample_oe_of(k.exponent, k.modulus), i + 1);
        assert_int_equal(sample_oe_of_text(slice_str(samples_oe[i])), i + 1);
        assert_int_equal(sample_oe_of(SLICE_LIT("\x11"), k.modulus), OE_SAMPLE_OTHER);
        uint8_t zeros[OE_SAMPLE_OCTETS + 2] = {0};
        memcpy(zeros + 2, k.modulus.p, k.modulus.n);
        assert_int_equal(sample_oe_of(k.exponent, slice_of(zeros, k.modulus.n + 2)),
                         i + 1); /* with zeros in front, too */
        buf_done(&b);
    }
    assert_int_equal(sample_oe_of(SLICE_NONE, SLICE_NONE), OE_SAMPLE_OTHER);
    assert_int_equal(sample_oe_of_text(SLICE_LIT("AQ==")), OE_SAMPLE_OTHER);
}

static void test_memory(void **state)
{
    static const char *const all[] = {"send record precedence=10 gateway=192.1.1.5 key=$KEY5 at=20",
                                      "send key exponent=03 modulus=b6be", "send key key=$KEY5",
                                      "send master type=TXT text=abc"};
    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        err e = ERR_MEM;
        for (size_t n = 1; e != OK; n++) {
            struct mem_fail f;
            struct mem mem = mem_fail_init(&f, n);
            struct made m;
            make(&m, all[i], &mem);
            e = m.e;
            assert_true(e == OK || e == ERR_MEM);
            drop(&m);
            assert_int_equal(f.blocks, 0);
            assert_true(n < 100);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_txt),       cmocka_unit_test(test_cuts),
                                       cmocka_unit_test(test_key),       cmocka_unit_test(test_master),
                                       cmocka_unit_test(test_read_back), cmocka_unit_test(test_samples),
                                       cmocka_unit_test(test_memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
