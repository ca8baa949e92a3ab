/* SPDX-License-Identifier: MIT */
/* Messages as named pieces: every operation on pieces, lines and the whole, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "codec/iap_msg.h"
#include "test/mem_fail.h"

#define L(s) SLICE_LIT(s)

static void compose(struct parts *p, const struct mem *mem)
{
    struct iap_msg m = {.kind = IAP_CONNECT, .host = L("M"), .via_n = 2};
    m.via[0] = L("P");
    m.via[1] = L("Q");
    parts_init(p, mem, 4096);
    assert_int_equal(iap_compose(&m, &iap_style_sent, p), OK);
}

static void want(const struct parts *p, const char *text)
{
    struct buf out;
    buf_init(&out, &mem_libc, 8192);
    assert_int_equal(parts_write(p, &out), OK);
    assert_string_equal(buf_str(&out), text);
    buf_done(&out);
}

#define C   "IAP/0.3 CONNECT M\r\n"
#define V1  "IAP/0.3 Via: P\r\n"
#define V2  "IAP/0.3 Via: Q\r\n"
#define END "\r\n"

struct change {
    enum parts_op op;
    const char *field, *field2, *value, *text;
};

static const struct change changes[] = {
    {PARTS_SET, "connect.value", NULL, "N.ORG", "IAP/0.3 CONNECT N.ORG\r\n" V1 V2 END},
    {PARTS_SET, "connect.prefix", NULL, "", " CONNECT M\r\n" V1 V2 END},
    {PARTS_SET, "via", NULL, "x", C "x" V2 END},
    {PARTS_SET, "via2", NULL, "", C V1 END},
    {PARTS_SET, "all", NULL, "rubbish", "rubbish"},
    {PARTS_DROP, "via2.eol", NULL, "", C V1 "IAP/0.3 Via: Q" END},
    {PARTS_DROP, "via", NULL, "", C V2 END},
    {PARTS_DROP, "connect", NULL, "", V1 V2 END},
    {PARTS_DROP, "all", NULL, "", ""},
    {PARTS_DUP, "connect.sp", NULL, "", "IAP/0.3 CONNECT  M\r\n" V1 V2 END},
    {PARTS_DUP, "via", NULL, "", C V1 V1 V2 END},
    {PARTS_DUP, "end.eol", NULL, "", C V1 V2 END END},
    {PARTS_DUP, "all", NULL, "", C V1 V2 END C V1 V2 END},
    {PARTS_CUT, "all", NULL, "9", "IAP/0.3 C"},
    {PARTS_CUT, "", NULL, "0", ""},
    {PARTS_CUT, "", NULL, "9999", C V1 V2 END},
    {PARTS_CUT, "", NULL, "-2", C V1 V2},
    {PARTS_CUT, "", NULL, "-9999", ""},
    {PARTS_SWAP, "via", "via2", "", C V2 V1 END},
    {PARTS_SWAP, "via2", "connect", "", V2 V1 C END},
    {PARTS_SWAP, "connect.prefix", "connect.name", "", "CONNECT IAP/0.3 M\r\n" V1 V2 END},
    {PARTS_SWAP, "connect.value", "via", "", "IAP/0.3 CONNECT " V1 "\r\nM" V2 END},
    {PARTS_INSERT, "via", NULL, "X: y\r\n", C "X: y\r\n" V1 V2 END},
    {PARTS_INSERT, "connect.prefix", NULL, "\r\n", "\r\n" C V1 V2 END},
    {PARTS_INSERT, "all", NULL, "!", "!" C V1 V2 END},
};

static void test_changes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        const struct change *c = &changes[i];
        struct parts p;
        char why[200] = "";
        compose(&p, &mem_libc);
        assert_int_equal(parts_change(&p, c->op, c->field, c->field2, slice_str(c->value), why, sizeof why),
                         OK);
        want(&p, c->text);
        assert_string_equal(why, "");
        parts_done(&p);
    }
}

static void test_numbers(void **state)
{
    static const struct {
        enum parts_op op;
        const char *by, *to;
    } t[] = {{PARTS_ADD, "1", "65"},
             {PARTS_SUB, "1", "63"},
             {PARTS_SUB, "64", "0"},
             {PARTS_ADD, "0", "64"},
             {PARTS_ADD, "18446744073709551551", "18446744073709551615"},
             {PARTS_SUB, "65", "18446744073709551615"}}; /* as unsigned numbers of 64 bits go round */
    struct iap_msg m = {.kind = IAP_CONTENT,
                        .body = L("0123456789012345678901234567890123456789012345678901234567890123")};
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        struct parts p;
        parts_init(&p, &mem_libc, 4096);
        assert_int_equal(iap_compose(&m, &iap_style_sent, &p), OK);
        assert_int_equal(parts_change(&p, t[i].op, "length.value", NULL, slice_str(t[i].by), NULL, 0), OK);
        for (size_t k = 0; k < p.n; k++) {
            if (strcmp(p.part[k].line, "length") == 0 && strcmp(p.part[k].piece, "value") == 0)
                assert_true(slice_eq(parts_octets(&p, k), slice_str(t[i].to)));
        }
        parts_done(&p);
    }
}

static void test_refused(void **state)
{
    static const struct {
        enum parts_op op;
        const char *field, *field2, *value, *says;
    } t[] = {{PARTS_SET, "host", NULL, "x", "no field host"},
             {PARTS_SET, "connect.host", NULL, "x", "connect.prefix"},
             {PARTS_SET, "via3.value", NULL, "x", "via2.value"},
             {PARTS_SET, "connec", NULL, "x", "no field"},
             {PARTS_DROP, "", NULL, "", "no field"},
             {PARTS_ADD, "connect.value", NULL, "1", "connect.value is no number"},
             {PARTS_ADD, "connect", NULL, "1", "is no number"},
             {PARTS_CUT, "", NULL, "many", "number"},
             {PARTS_CUT, "", NULL, "-", "number"},
             {PARTS_CUT, "", NULL, "", "number"},
             {PARTS_SWAP, "via", "via9", "", "no field via9"},
             {PARTS_SWAP, "via", NULL, "", "no field"},
             {PARTS_SWAP, "via", "via.value", "", "share a piece"},
             {PARTS_SWAP, "via.value", "via", "", "share a piece"},
             {PARTS_SWAP, "all", "end", "", "share a piece"}};
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        struct parts p;
        char why[1000] = "";
        compose(&p, &mem_libc);
        assert_int_equal(
            parts_change(&p, t[i].op, t[i].field, t[i].field2, slice_str(t[i].value), why, sizeof why),
            ERR_USE);
        if (!strstr(why, t[i].says)) fail_msg("%s: %s", t[i].field, why);
        assert_int_equal(parts_change(&p, t[i].op, t[i].field, t[i].field2, slice_str(t[i].value), NULL, 0),
                         ERR_USE);
        want(&p, C V1 V2 END); /* nothing has changed */
        parts_done(&p);
    }
}

static void test_one_after_another(void **state)
{
    struct parts p;
    (void)state;
    compose(&p, &mem_libc);
    assert_int_equal(parts_change(&p, PARTS_INSERT, "via", NULL, L("X: "), NULL, 0), OK);
    assert_int_equal(parts_change(&p, PARTS_SET, "new.value", NULL, L("Y: "), NULL, 0), OK);
    assert_int_equal(parts_change(&p, PARTS_DROP, "connect", NULL, SLICE_NONE, NULL, 0), OK);
    assert_int_equal(parts_change(&p, PARTS_SWAP, "new", "end", SLICE_NONE, NULL, 0), OK);
    want(&p, END V1 V2 "Y: ");
    assert_int_equal(parts_change(&p, PARTS_CUT, "", NULL, L("3"), NULL, 0), OK);
    want(&p, "\r\nI");
    parts_clear(&p);
    want(&p, "");
    assert_int_equal(parts_change(&p, PARTS_SET, "all", NULL, L("x"), NULL, 0), ERR_USE);
    assert_int_equal(parts_add(&p, "a-line-with-a-name-of-many-letters", "v", L("zzzz")), OK);
    want(&p, "zzzz"); /* the cut is forgotten too */
    assert_int_equal(strlen(p.part[0].line), sizeof p.part[0].line - 1);
    parts_done(&p);
}

static void test_limits(void **state)
{
    struct parts p;
    struct buf out;
    (void)state;
    parts_init(&p, &mem_libc, 10);
    assert_int_equal(parts_add(&p, "a", "b", L("1234567890")), OK);
    assert_int_equal(parts_add(&p, "a", "b", L("1")), ERR_LIMIT);
    assert_int_equal(parts_change(&p, PARTS_INSERT, "a", NULL, L("1"), NULL, 0), ERR_LIMIT);
    want(&p, "1234567890");
    buf_init(&out, &mem_libc, 12);
    assert_int_equal(buf_add(&out, L("abc")), OK);
    assert_int_equal(parts_write(&p, &out), ERR_LIMIT);
    assert_int_equal(out.n, 3); /* whole or not at all */
    buf_done(&out);
    parts_done(&p);
    parts_init(&p, &mem_libc, 4096);
    for (int i = 0; i < PARTS_MAX; i++)
        assert_int_equal(parts_add(&p, "a", "b", L("1")), OK);
    assert_int_equal(parts_add(&p, "a", "b", L("1")), ERR_LIMIT);
    assert_int_equal(parts_change(&p, PARTS_DUP, "a.b", NULL, SLICE_NONE, NULL, 0), ERR_LIMIT);
    assert_int_equal(p.n, PARTS_MAX);
    parts_done(&p);
}

static void test_scarce(void **state)
{
    (void)state;
    for (size_t at = 1, more = 1; more; at++) {
        struct mem_fail f;
        struct mem mem = mem_fail_init(&f, at);
        struct iap_msg m = {.kind = IAP_CONNECT, .host = L("M"), .via_n = 9};
        struct parts p;
        for (int i = 0; i < 9; i++)
            m.via[i] = L("somewhere.example");
        parts_init(&p, &mem, 4096);
        err e = iap_compose(&m, &iap_style_sent, &p);
        if (e == OK) e = parts_change(&p, PARTS_SWAP, "via", "via9", SLICE_NONE, NULL, 0);
        if (e == OK) e = parts_change(&p, PARTS_DUP, "all", NULL, SLICE_NONE, NULL, 0);
        more = f.calls >= at;
        assert_int_equal(e, more ? ERR_MEM : OK);
        parts_done(&p);
        assert_int_equal(f.blocks, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_changes), cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_refused), cmocka_unit_test(test_one_after_another),
        cmocka_unit_test(test_limits),  cmocka_unit_test(test_scarce),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
