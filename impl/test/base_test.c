/* SPDX-License-Identifier: MIT */
/* The ground floor: slice, buf, cursor, mem, rng, env, err. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/cursor.h"
#include "base/env.h"
#include "test/mem_fail.h"

#define L(s) SLICE_LIT(s)

/* --- slice -------------------------------------------------------------------------------------------- */

static void test_slice_sub(void **state)
{
    static const struct {
        size_t from, to, at, n;
    } t[] = {{0, 5, 0, 5},  {1, 3, 1, 2},   {0, 0, 0, 0}, {5, 5, 5, 0},
             {2, 99, 2, 3}, {99, 99, 5, 0}, {4, 2, 2, 0}, {SIZE_MAX, SIZE_MAX, 5, 0}};
    slice s = L("abcde");
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        slice r = slice_sub(s, t[i].from, t[i].to);
        assert_int_equal(r.n, t[i].n);
        assert_ptr_equal(r.p, s.p + t[i].at); /* an empty one keeps its place */
    }
    assert_null(slice_sub(SLICE_NONE, 0, 0).p);
    assert_null(slice_sub(SLICE_NONE, 3, 9).p);
    assert_int_equal(slice_sub(SLICE_NONE, 3, 9).n, 0);
}

static void test_slice_compare(void **state)
{
    (void)state;
    assert_true(slice_eq(L("ab"), L("ab")));
    assert_false(slice_eq(L("ab"), L("aB")));
    assert_false(slice_eq(L("ab"), L("abc")));
    assert_true(slice_eq(SLICE_NONE, L("")));
    assert_true(slice_eq_nocase(L("aBz[@"), L("AbZ[@")));
    assert_false(
        slice_eq_nocase(L("@"), L("`"))); /* differ by the bit that parts the cases, and are no letters */
    assert_false(slice_eq_nocase(L("["), L("{")));
    assert_false(slice_eq_nocase(L("\xC4"), L("\xE4")));
    assert_false(slice_eq_nocase(L("a"), L("ab")));
    assert_true(slice_starts(L("abc"), L("ab")));
    assert_true(slice_starts(L("abc"), L("")));
    assert_false(slice_starts(L("ab"), L("abc")));
    assert_false(slice_starts(L("Abc"), L("ab")));
    assert_true(slice_starts_nocase(L("Abc"), L("aB")));
    assert_false(slice_starts_nocase(L("xbc"), L("ab")));
    assert_int_equal(slice_str(NULL).n, 0);
    assert_int_equal(slice_str("four").n, 4);
}

static void test_slice_find(void **state)
{
    (void)state;
    assert_int_equal(slice_find(L("abcabd"), L("abd")), 3);
    assert_int_equal(slice_find(L("aaab"), L("aab")), 1);
    assert_int_equal(slice_find(L("abc"), L("c")), 2);
    assert_int_equal(slice_find(L("abc"), L("d")), 3);
    assert_int_equal(slice_find(L("ab"), L("abc")), 2);
    assert_int_equal(slice_find(L("abc"), L("")), 0);
    assert_int_equal(slice_find(SLICE_NONE, L("a")), 0);
    assert_int_equal(slice_find(L("a\0b"), slice_of("\0b", 2)), 1);
    assert_true(slice_eq(slice_trim(L(" \t a b\t ")), L("a b")));
    assert_int_equal(slice_trim(L(" \t ")).n, 0);
    assert_int_equal(slice_trim(L("\r")).n, 1);
}

static void test_slice_number(void **state)
{
    uint64_t v = 7;
    (void)state;
    assert_true(slice_number(L("0"), 0, &v) && v == 0);
    assert_true(slice_number(L("0042"), 42, &v) && v == 42);
    assert_true(slice_number(L("18446744073709551615"), UINT64_MAX, &v) && v == UINT64_MAX);
    v = 7;
    static const char *const bad[] = {
        "", "-1", "+1", " 1", "1 ", "0x1", "1.0", "43", "18446744073709551616", "99999999999999999999", "a"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        uint64_t max = i == 7 ? 42 : UINT64_MAX;
        assert_false(slice_number(slice_str(bad[i]), max, &v));
        assert_int_equal(v, 7);
    }
    assert_false(slice_number(L("5"), 4, &v)); /* a digit past the limit by itself */
    assert_false(slice_number(L("10"), 9, &v));
}

/* --- buf ---------------------------------------------------------------------------------------------- */

static void test_buf_holds(void **state)
{
    struct mem_fail f;
    struct mem mem = mem_fail_init(&f, 0);
    struct buf b;
    (void)state;
    buf_init(&b, &mem, 100);
    assert_int_equal(f.calls, 0);
    assert_null(buf_slice(&b).p);
    assert_int_equal(buf_add(&b, L("hello")), OK);
    assert_int_equal(buf_add_byte(&b, ' '), OK);
    assert_int_equal(buf_add_str(&b, "world"), OK);
    assert_true(slice_eq(buf_slice(&b), L("hello world")));
    assert_int_equal(buf_room(&b), 89);
    buf_take(&b, 6);
    assert_true(slice_eq(buf_slice(&b), L("world")));
    buf_unadd(&b, 1);
    assert_true(slice_eq(buf_slice(&b), L("worl")));
    assert_string_equal(buf_str(&b), "worl");
    assert_int_equal(b.n, 4);
    buf_unadd(&b, 4);
    assert_int_equal(b.from, 0); /* nothing held: all of the memory is room again */
    assert_int_equal(buf_addf(&b, "%d-%s", 7, "x"), OK);
    assert_true(slice_eq(buf_slice(&b), L("7-x")));
    buf_clear(&b);
    assert_int_equal(b.n, 0);
    assert_int_equal(f.blocks, 1);
    buf_shrink(&b);
    assert_int_equal(f.blocks, 0);
    assert_int_equal(buf_add(&b, L("again")), OK);
    buf_done(&b);
    assert_int_equal(f.blocks, 0);
}

static void test_buf_limit(void **state)
{
    struct buf b;
    (void)state;
    buf_init(&b, &mem_libc, 8);
    assert_int_equal(buf_add(&b, L("12345678")), OK);
    assert_int_equal(b.cap, 8);
    assert_int_equal(buf_add_byte(&b, '9'), ERR_LIMIT);
    assert_int_equal(buf_addf(&b, "x"), ERR_LIMIT);
    assert_true(slice_eq(buf_slice(&b), L("12345678")));
    assert_int_equal(buf_add(&b, SLICE_NONE), OK);
    assert_string_equal(buf_str(&b), "12345678"); /* the NUL is not content */
    buf_take(&b, 3);
    assert_int_equal(buf_add(&b, L("abcd")), ERR_LIMIT);
    assert_int_equal(buf_add(&b, L("abc")), OK);
    assert_true(slice_eq(buf_slice(&b), L("45678abc")));
    buf_done(&b);
}

static void test_buf_long_format(void **state)
{
    struct buf b;
    char want[600];
    (void)state;
    memset(want, 'y', sizeof want - 1);
    want[sizeof want - 1] = 0;
    buf_init(&b, &mem_libc, 4096);
    for (size_t n = 250; n < 262; n++) { /* around the size that needs no allocation */
        buf_clear(&b);
        assert_int_equal(buf_addf(&b, "%.*s", (int)n, want), OK);
        assert_true(slice_eq(buf_slice(&b), slice_of(want, n)));
    }
    assert_int_equal(buf_addf(&b, "%s", want), OK);
    buf_done(&b);
}

/* As a queue beside an array that simply remembers all: same octets, whatever is added and taken. */
static void test_buf_queue(void **state)
{
    struct mem_fail f;
    struct mem mem = mem_fail_init(&f, 0);
    struct buf b;
    struct rng r;
    static uint8_t all[200000];
    size_t from = 0, to = 0;
    (void)state;
    rng_init(&r, 5);
    for (size_t i = 0; i < sizeof all; i++)
        all[i] = (uint8_t)rng_next(&r);
    buf_init(&b, &mem, 700);
    while (to + 300 < sizeof all) {
        size_t n = rng_below(&r, 300);
        err e = buf_add(&b, slice_of(all + to, n));
        assert_int_equal(e, to - from + n > 700 ? ERR_LIMIT : OK);
        if (e == OK) to += n;
        assert_true(slice_eq(buf_slice(&b), slice_of(all + from, to - from)));
        n = rng_below(&r, to - from + 1);
        buf_take(&b, n);
        from += n;
        assert_true(b.cap <= 700);
    }
    assert_true(f.calls < 12);
    buf_done(&b);
}

static void test_buf_scarce(void **state)
{
    (void)state;
    for (size_t at = 1; at < 8; at++) {
        struct mem_fail f;
        struct mem mem = mem_fail_init(&f, at);
        struct buf b;
        bool failed = false;
        buf_init(&b, &mem, 1 << 20);
        for (size_t n = 1; n < 3000; n *= 3) {
            size_t had = b.n;
            err e = buf_addf(&b, "%*d", (int)n, 1);
            assert_true(e == OK || e == ERR_MEM);
            assert_int_equal(b.n, e == OK ? had + n : had);
            failed = failed || e != OK;
        }
        assert_true(failed || f.calls < at);
        buf_done(&b);
        assert_int_equal(f.blocks, 0);
    }
    struct mem_fail f;
    struct mem mem = mem_fail_init(&f, 1);
    struct buf b;
    buf_init(&b, &mem, 10);
    assert_null(buf_str(&b));
    assert_string_equal(buf_str(&b), "");
    assert_int_equal(b.max, 10);
    buf_done(&b);
}

/* --- cursor ------------------------------------------------------------------------------------------- */

static void test_cursor(void **state)
{
    struct cursor c;
    bool lf;
    (void)state;
    cursor_init(&c, slice_of("\x01\x02\x03\xff\x00\x00\x01tail", 11));
    assert_int_equal(cursor_peek(&c), 1);
    assert_int_equal(cursor_u8(&c), 1);
    assert_int_equal(cursor_u16(&c), 0x0203);
    assert_int_equal(cursor_u32(&c), 0xff000001);
    assert_int_equal(cursor_left(&c), 4);
    assert_true(slice_eq(cursor_take(&c, 4), L("tail")));
    assert_int_equal(c.failed, OK);
    assert_int_equal(cursor_peek(&c), -1);
    assert_int_equal(cursor_u8(&c), 0);
    assert_int_equal(c.failed, ERR_MORE);
    assert_int_equal(c.at, 11);

    cursor_init(&c, L("one\r\ntwo\n\r\nrest"));
    assert_true(slice_eq(cursor_line(&c, &lf), L("one")) && !lf);
    assert_true(slice_eq(cursor_line(&c, &lf), L("two")) && lf);
    assert_true(cursor_line(&c, &lf).n == 0 && !lf && c.failed == OK);
    assert_int_equal(cursor_line(&c, &lf).n, 0);
    assert_int_equal(c.failed, ERR_MORE);
    assert_int_equal(cursor_u8(&c), 0); /* sticky, though octets are left */
    assert_int_equal(cursor_take(&c, 1).n, 0);
    assert_int_equal(cursor_peek(&c), -1);

    cursor_init(&c, L("IaP/0.3 X"));
    cursor_literal(&c, L("iap/0.3 "));
    assert_int_equal(c.failed, OK);
    cursor_literal(&c, L("y"));
    assert_int_equal(c.failed, ERR_PEER);
    assert_int_equal(c.at, 8); /* where it went wrong */
    cursor_literal(&c, L("X"));
    assert_int_equal(c.failed, ERR_PEER);

    cursor_init(&c, L("ab"));
    cursor_literal(&c, L("abc"));
    assert_int_equal(c.failed, ERR_MORE);
    cursor_init(&c, L("\x01"));
    assert_int_equal(cursor_u16(&c), 0);
    assert_int_equal(c.failed, ERR_MORE);
    cursor_init(&c, SLICE_NONE);
    assert_int_equal(cursor_line(&c, &lf).n, 0);
    assert_int_equal(cursor_take(&c, 0).n, 0);
    assert_int_equal(cursor_peek(&c), -1);
}

/* --- mem, rng, env, err ------------------------------------------------------------------------------- */

static void test_mem(void **state)
{
    struct mem_fail f;
    struct mem mem = mem_fail_init(&f, 0);
    (void)state;
    uint8_t *p = mem_new(&mem, 32);
    for (size_t i = 0; i < 32; i++)
        assert_int_equal(p[i], 0);
    p[0] = 9;
    p = mem_resize(&mem, p, 64);
    assert_int_equal(p[0], 9);
    mem_free(&mem, p);
    char *s = mem_dup(&mem, "abc", 2);
    assert_string_equal(s, "ab");
    mem_free(&mem, s);
    s = mem_dup(&mem, NULL, 0);
    assert_string_equal(s, "");
    mem_free(&mem, s);
    mem_free(&mem, NULL);
    void *q = mem_new(&mem, 0);
    assert_non_null(q);
    mem_free(&mem, q);
    assert_int_equal(f.blocks, 0);
    f.fail_at = f.calls + 1;
    assert_null(mem_new(&mem, 1));
    f.fail_at = f.calls + 1;
    assert_null(mem_dup(&mem, "a", 1));
    void *r = mem_new(&mem_libc, 5);
    r = mem_resize(&mem_libc, r, 50);
    assert_non_null(r);
    mem_free(&mem_libc, r);
}

static void test_rng(void **state)
{
    struct rng a, b, c;
    size_t same = 0, seen[10] = {0};
    (void)state;
    rng_init(&a, 1);
    rng_init(&b, 1);
    rng_init(&c, 2);
    for (int i = 0; i < 1000; i++) {
        uint64_t x = rng_next(&a);
        assert_true(x == rng_next(&b));
        same += x == rng_next(&c);
    }
    assert_true(same < 2);
    for (int i = 0; i < 10000; i++) {
        uint64_t x = rng_below(&a, 10);
        assert_true(x < 10);
        seen[x]++;
    }
    for (int i = 0; i < 10; i++)
        assert_in_range(seen[i], 800, 1200);
    assert_int_equal(rng_below(&a, 0), 0);
    assert_int_equal(rng_below(&a, 1), 0);
}

static void test_env(void **state)
{
    struct env e;
    (void)state;
    env_init(&e);
    assert_ptr_equal(e.mem, &mem_libc);
    assert_int_equal(e.limits.line, limits_default.line);
    assert_int_equal(e.limits.content, limits_default.content);
    assert_int_equal(e.limits.close_ms, limits_default.close_ms);
    assert_true(e.limits.line && e.limits.head >= e.limits.line && e.limits.vias && e.limits.content &&
                e.limits.out_queue);
    assert_true(e.limits.setup_ms && e.limits.message_ms && e.limits.grace_ms && e.limits.close_ms);
}

static void test_err(void **state)
{
    static const char *const names[] = {"ok", "more", "peer", "limit", "memory", "system", "use"};
    (void)state;
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
        assert_string_equal(err_name((err)(i << 8)), names[i]);
    assert_string_equal(err_name((err)0x7700), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slice_sub),
        cmocka_unit_test(test_slice_compare),
        cmocka_unit_test(test_slice_find),
        cmocka_unit_test(test_slice_number),
        cmocka_unit_test(test_buf_holds),
        cmocka_unit_test(test_buf_limit),
        cmocka_unit_test(test_buf_long_format),
        cmocka_unit_test(test_buf_queue),
        cmocka_unit_test(test_buf_scarce),
        cmocka_unit_test(test_cursor),
        cmocka_unit_test(test_mem),
        cmocka_unit_test(test_rng),
        cmocka_unit_test(test_env),
        cmocka_unit_test(test_err),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
