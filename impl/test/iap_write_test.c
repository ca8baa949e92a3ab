/* SPDX-License-Identifier: MIT */
/* Writing messages, and what is a host. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "codec/iap_msg.h"

#define L(s) SLICE_LIT(s)

/* --- hosts -------------------------------------------------------------------------------------------- */

static void test_host_kind(void **state)
{
    static const struct {
        const char *host;
        enum iap_host kind;
    } t[] = {{"M.DOM.ORG", IAP_HOST_NAME},
             {"m", IAP_HOST_NAME},
             {"m.", IAP_HOST_NAME},
             {"3com.com", IAP_HOST_NAME},
             {"a-b.c-d.e2", IAP_HOST_NAME},
             {"1.2.3.x4", IAP_HOST_NAME},
             {"xn--mnchen-3ya.de", IAP_HOST_NAME},
             {"1.2.3.4", IAP_HOST_IPV4},
             {"255.255.255.255", IAP_HOST_IPV4},
             {"0.0.0.0", IAP_HOST_IPV4},
             {"001.2.3.4", IAP_HOST_IPV4},
             {"m:1", IAP_HOST_LOOSE},
             {"m.dom.org.:65535", IAP_HOST_LOOSE},
             {"1.2.3.4:0", IAP_HOST_LOOSE},
             {"[::]", IAP_HOST_LOOSE},
             {"[2001:DB8::7]:80", IAP_HOST_LOOSE},
             {"[::ffff:1.2.3.4]", IAP_HOST_LOOSE},
             {"", IAP_HOST_BAD},
             {".", IAP_HOST_BAD},
             {"..", IAP_HOST_BAD},
             {"m..", IAP_HOST_BAD},
             {".m", IAP_HOST_BAD},
             {"a..b", IAP_HOST_BAD},
             {"-", IAP_HOST_BAD},
             {"-m", IAP_HOST_BAD},
             {"m-", IAP_HOST_BAD},
             {"m-.x", IAP_HOST_BAD},
             {"m.-x", IAP_HOST_BAD},
             {"m-.", IAP_HOST_BAD},
             {"1.2.3", IAP_HOST_BAD},
             {"1.2.3.4.5", IAP_HOST_BAD},
             {"1.2.3.4.", IAP_HOST_BAD},
             {"1.2.3.256", IAP_HOST_BAD},
             {"1.2.3.0001", IAP_HOST_BAD},
             {"7", IAP_HOST_BAD},
             {"m.7x", IAP_HOST_BAD},
             {"a_b", IAP_HOST_BAD},
             {"m@x", IAP_HOST_BAD},
             {"m/x", IAP_HOST_BAD},
             {"\xC3\xBC", IAP_HOST_BAD},
             {"m:", IAP_HOST_BAD},
             {":80", IAP_HOST_BAD},
             {"m:x", IAP_HOST_BAD},
             {"m:65536", IAP_HOST_BAD},
             {"m:1:2", IAP_HOST_BAD},
             {"m:-1", IAP_HOST_BAD},
             {"[]", IAP_HOST_BAD},
             {"[m]", IAP_HOST_BAD},
             {"[a]", IAP_HOST_BAD},
             {"[abc]", IAP_HOST_BAD},
             {"[ab:cd]", IAP_HOST_BAD},
             {"[::1", IAP_HOST_BAD},
             {"[::1]x", IAP_HOST_BAD},
             {"[::1]:", IAP_HOST_BAD},
             {"[::g]", IAP_HOST_BAD},
             {"::1", IAP_HOST_BAD},
             {"[", IAP_HOST_BAD},
             {"]", IAP_HOST_BAD},
             {":", IAP_HOST_BAD}};
    char s[300];
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        if (iap_host_kind(slice_str(t[i].host)) != t[i].kind)
            fail_msg("'%s' is %d", t[i].host, (int)iap_host_kind(slice_str(t[i].host)));
    }
    assert_int_equal(iap_host_kind(SLICE_NONE), IAP_HOST_BAD);
    memset(s, 'a', sizeof s);
    assert_int_equal(iap_host_kind(slice_of(s, 63)), IAP_HOST_NAME);
    assert_int_equal(iap_host_kind(slice_of(s, 64)), IAP_HOST_BAD);
    s[64] = '.';
    assert_int_equal(iap_host_kind(slice_of(s, 66)), IAP_HOST_BAD);
    s[64] = 'a';
    s[63] = '.';
    assert_int_equal(iap_host_kind(slice_of(s, 64 + 63)), IAP_HOST_NAME);
    assert_int_equal(iap_host_kind(slice_of(s, 64 + 64)), IAP_HOST_BAD);
    s[127] = s[191] = '.';
    assert_int_equal(iap_host_kind(slice_of(s, 255)), IAP_HOST_NAME);
    s[254] = '.';
    assert_int_equal(iap_host_kind(slice_of(s, 255)), IAP_HOST_NAME);
    assert_int_equal(iap_host_kind(slice_of(s, 256)), IAP_HOST_BAD);
}

static void test_host_same(void **state)
{
    (void)state;
    assert_true(iap_host_same(L("P.DOM.ORG"), L("p.dom.org")));
    assert_true(iap_host_same(L("p.dom.org."), L("P.DOM.ORG:4711")));
    assert_true(iap_host_same(L("[::1]:5"), L("[::1]")));
    assert_true(iap_host_same(L("1.2.3.4"), L("1.2.3.4:1")));
    assert_false(iap_host_same(L("p.dom.org"), L("q.dom.org")));
    assert_false(iap_host_same(L("p.dom.org"), L("p.dom.org.x")));
    assert_false(iap_host_same(L("p.dom.org"), L("p.dom")));
    assert_false(iap_host_same(L("::1"), L("::2")));
    assert_false(iap_host_same(L(""), L("")));
    assert_false(iap_host_same(L("."), L(".")));
    assert_false(iap_host_same(L(":1"), L(":2")));
    assert_false(iap_host_same(SLICE_NONE, L("p")));
}

/* --- writing ------------------------------------------------------------------------------------------ */

static const struct iap_style *const styles[] = {&iap_style_sent, &iap_style_example, &iap_style_grammar};

static struct iap_msg sample(enum iap_kind k, int variant)
{
    struct iap_msg m = {.kind = k};
    if (k == IAP_CONNECT) m.host = variant & 1 ? L("[::1]:9") : L("M.DOM.ORG");
    if (k == IAP_CONNECT || k == IAP_RESPONSE)
        m.via_n = variant == 0 ? 0 : variant == 3 ? IAP_VIAS_MAX : (uint32_t)variant;
    for (uint32_t i = 0; i < m.via_n; i++)
        m.via[i] = i & 1 ? L("P.DOM.ORG") : L("q");
    if (k == IAP_RESPONSE) m.code = (uint16_t)(variant == 2 ? 7 : 200 + variant);
    if (k == IAP_UPGRADE && variant & 1) m.upgrade = L("SSL/3.0");
    if (k == IAP_CHANNEL) {
        m.role = variant & 1 ? IAP_RECEIVER : IAP_SENDER;
        if (variant & 2) m.version = L("9.9"), m.role_text = L("Both");
    }
    if (k == IAP_CONTENT) {
        if (variant & 1) m.type = slice_of("te\0xt/x", 7);
        if (variant & 2) m.body = L("\r\n\r\nbody");
    }
    return m;
}

static void test_write_is_compose(void **state)
{
    (void)state;
    for (int k = IAP_CONNECT; k <= IAP_CONTENT; k++) {
        for (int variant = 0; variant < 4; variant++) {
            for (size_t s = 0; s < 3; s++) {
                struct iap_msg m = sample((enum iap_kind)k, variant);
                struct buf one, two;
                struct parts p;
                buf_init(&one, &mem_libc, 100000);
                buf_init(&two, &mem_libc, 100000);
                parts_init(&p, &mem_libc, 100000);
                assert_int_equal(buf_add(&one, L("before")), OK);
                assert_int_equal(iap_write(&m, styles[s], &one), OK);
                assert_int_equal(iap_compose(&m, styles[s], &p), OK);
                assert_int_equal(parts_write(&p, &two), OK);
                assert_true(slice_eq(slice_sub(buf_slice(&one), 6, one.n), buf_slice(&two)));
                assert_int_equal(p.part[p.n - 1].line[0], 'e');
                parts_done(&p);
                buf_done(&one);
                buf_done(&two);
            }
        }
    }
    struct iap_msg none = {.kind = IAP_NOTHING};
    struct iap_style wide = {.length_blanks = 200};
    struct iap_msg content = sample(IAP_CONTENT, 0);
    struct buf b;
    buf_init(&b, &mem_libc, 1000);
    assert_int_equal(iap_write(&none, &iap_style_sent, &b), ERR_USE);
    assert_int_equal(b.n, 0);
    assert_int_equal(iap_write(&content, &wide, &b),
                     OK); /* as many as there is use for, and no octet past them */
    assert_true(slice_find(buf_slice(&b), L("Content-Length:        0\r\n")) < b.n);
    buf_done(&b);
}

/* The names that deliberate mistakes go by. */
static void test_part_names(void **state)
{
    static const struct {
        enum iap_kind kind;
        size_t style;
        const char *names;
    } t[] = {{IAP_CONNECT, 0,
              "connect.prefix connect.gap connect.name connect.sp connect.value connect.eol via.prefix "
              "via.gap via.name "
              "via.sp via.value via.eol via2.prefix via2.gap via2.name via2.sp via2.value via2.eol end.eol"},
             {IAP_UPGRADE, 0,
              "upgrade.prefix upgrade.gap upgrade.name upgrade.sp upgrade.value upgrade.eol end.eol"},
             {IAP_CHANNEL, 0,
              "version.prefix version.gap version.name version.sp version.value version.eol role.name "
              "role.sp role.value "
              "role.eol end.eol"},
             {IAP_CHANNEL, 1,
              "version.prefix version.gap version.name version.sp version.value version.eol role.prefix "
              "role.gap role.name "
              "role.sp role.value role.eol end.eol"},
             {IAP_CONTENT, 0,
              "type.name type.sp type.value type.eol length.name length.sp length.value length.eol blank.eol "
              "body.value "
              "tail.eol end.eol"},
             {IAP_CONTENT, 1,
              "type.name type.sp type.value type.eol length.name length.sp length.value length.eol "
              "body.value tail.eol "
              "end.eol"}};
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        struct iap_msg m = sample(t[i].kind, 2);
        struct parts p;
        char names[600] = "";
        size_t at = 0;
        parts_init(&p, &mem_libc, 4096);
        assert_int_equal(iap_compose(&m, styles[t[i].style], &p), OK);
        for (size_t k = 0; k < p.n; k++)
            at += (size_t)snprintf(names + at, sizeof names - at, "%s%s.%s", k ? " " : "", p.part[k].line,
                                   p.part[k].piece);
        assert_string_equal(names, t[i].names);
        parts_done(&p);
    }
}

static void test_write_limit(void **state)
{
    (void)state;
    for (int k = IAP_CONNECT; k <= IAP_CONTENT; k++) {
        struct iap_msg m = sample((enum iap_kind)k, 2);
        struct buf full, b;
        buf_init(&full, &mem_libc, 10000);
        assert_int_equal(iap_write(&m, &iap_style_sent, &full), OK);
        for (size_t max = 0; max <= full.n; max++) {
            buf_init(&b, &mem_libc, max);
            err e = iap_write(&m, &iap_style_sent, &b);
            assert_int_equal(e, max < full.n ? ERR_LIMIT : OK);
            assert_int_equal(b.n, max < full.n ? 0 : full.n); /* whole or not at all */
            buf_done(&b);
        }
        buf_done(&full);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_host_kind),        cmocka_unit_test(test_host_same),
        cmocka_unit_test(test_write_is_compose), cmocka_unit_test(test_part_names),
        cmocka_unit_test(test_write_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
