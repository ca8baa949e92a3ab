/* SPDX-License-Identifier: MIT */
/* base64: the vectors of RFC 4648 section 10, what strict reading refuses and where, and all octets there and
 * back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/base64.h"
#include "test/mem_fail.h"

static const struct {
    const char *clear, *text;
} pairs[] = {{"", ""},
             {"f", "Zg=="},
             {"fo", "Zm8="},
             {"foo", "Zm9v"},
             {"foob", "Zm9vYg=="},
             {"fooba", "Zm9vYmE="},
             {"foobar", "Zm9vYmFy"}};

static void vectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        struct buf a, b;
        buf_init(&a, &mem_libc, 100);
        buf_init(&b, &mem_libc, 100);
        assert_int_equal(base64_encode(slice_str(pairs[i].clear), &a), OK);
        assert_string_equal(buf_str(&a), pairs[i].text);
        assert_int_equal(base64_size(strlen(pairs[i].clear)), strlen(pairs[i].text));
        assert_int_equal(base64_decode(slice_str(pairs[i].text), false, &b, NULL), OK);
        assert_string_equal(buf_str(&b), pairs[i].clear);
        buf_done(&a);
        buf_done(&b);
    }
}

static void refused(const char *text, bool blanks, enum base64_flaw flaw, size_t at)
{
    struct buf b;
    struct base64_fault f;
    buf_init(&b, &mem_libc, 100);
    assert_int_equal(buf_add_str(&b, "kept"), OK);
    assert_int_equal(base64_decode(slice_str(text), blanks, &b, &f), ERR_PEER);
    assert_int_equal(f.flaw, flaw);
    assert_int_equal(f.at, at);
    assert_true(base64_flaw_text(flaw)[0]);
    assert_string_equal(buf_str(&b), "kept");
    buf_done(&b);
}

static void strict(void **state)
{
    (void)state;
    refused("Zg", false, BASE64_LENGTH, 2);
    refused("Zg=", false, BASE64_LENGTH, 3);
    refused("Z", false, BASE64_LENGTH, 1);
    refused("Z===", false, BASE64_PADDING, 1);
    refused("====", false, BASE64_PADDING, 0);
    refused("Zm9v=", false, BASE64_PADDING, 4);
    refused("Zm8==", false, BASE64_PADDING, 4);
    refused("Zg==Zg==", false, BASE64_PADDING, 4);
    refused("Zh==", false, BASE64_BITS, 1);
    refused("Zm9=", false, BASE64_BITS, 2);
    refused("Zm-v", false, BASE64_ALPHABET, 2);
    refused("Zm9v\x80", false, BASE64_ALPHABET, 4);
    refused("Zm9v\n", false, BASE64_BLANK, 4);
    refused(" ", false, BASE64_BLANK, 0);
    refused("Z m\r\n9", true, BASE64_LENGTH, 6);
    refused("Zm\f9v", true, BASE64_ALPHABET, 2);
    assert_string_equal(base64_flaw_text(BASE64_GOOD), "");
}

static void blanks_pass(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, &mem_libc, 4); /* no room for the blanks */
    assert_int_equal(base64_decode(SLICE_LIT(" \t\r\n Z m\r\n9vYg\t= =\n"), true, &b, NULL), OK);
    assert_string_equal(buf_str(&b), "foob");
    buf_done(&b);
    buf_init(&b, &mem_libc, 4);
    assert_int_equal(base64_decode(SLICE_LIT(" \r\n"), true, &b, NULL), OK);
    assert_int_equal(b.n, 0);
    buf_done(&b);
}

static void all_octets(void **state)
{
    (void)state;
    uint8_t octets[256];
    for (size_t i = 0; i < sizeof octets; i++)
        octets[i] = (uint8_t)(i * 167 + 13);
    for (size_t n = 0; n <= sizeof octets; n++) {
        struct buf a, b;
        buf_init(&a, &mem_libc, base64_size(n));
        buf_init(&b, &mem_libc, n);
        assert_int_equal(base64_encode(slice_of(octets, n), &a), OK);
        assert_int_equal(a.n, base64_size(n));
        assert_int_equal(base64_decode(buf_slice(&a), false, &b, NULL), OK);
        assert_true(slice_eq(buf_slice(&b), slice_of(octets, n)));
        buf_done(&a);
        buf_done(&b);
    }
}

static void limits(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, &mem_libc, 3);
    assert_int_equal(base64_encode(SLICE_LIT("f"), &b), ERR_LIMIT);
    assert_int_equal(base64_decode(SLICE_LIT("Zm9vYg=="), false, &b, NULL), ERR_LIMIT);
    assert_int_equal(b.n, 0);
    buf_done(&b);
    struct mem_fail fail;
    struct mem m = mem_fail_init(&fail, 1);
    buf_init(&b, &m, 100);
    assert_int_equal(base64_decode(SLICE_LIT("Zm9v"), false, &b, NULL), ERR_MEM);
    buf_done(&b);
}

static void laxly(const char *text, unsigned lax, unsigned passed, size_t at, const char *clear)
{
    struct buf b;
    struct base64_passed p;
    buf_init(&b, &mem_libc, 100);
    assert_int_equal(base64_decode_lax(slice_str(text), lax, &b, NULL, &p), OK);
    assert_string_equal(buf_str(&b), clear);
    assert_int_equal(p.lax, passed);
    if (passed & BASE64_LAX_BLANKS)
        assert_int_equal(p.blank, at);
    else if (passed & BASE64_LAX_BITS)
        assert_int_equal(p.bits, at);
    else if (passed & BASE64_LAX_PADDING)
        assert_int_equal(p.end, at);
    buf_done(&b);
    buf_init(&b, &mem_libc, 100);
    if (passed) assert_int_equal(base64_decode_lax(slice_str(text), lax & ~passed, &b, NULL, &p), ERR_PEER);
    buf_done(&b);
}

static void lax(void **state)
{
    (void)state;
    unsigned all = BASE64_LAX_BLANKS | BASE64_LAX_BITS | BASE64_LAX_PADDING;
    struct base64_passed p;
    struct base64_fault f;
    struct buf b;
    laxly("Zm9v", all, 0, 0, "foo");
    laxly("Zh==", all, BASE64_LAX_BITS, 1, "f");
    laxly("Zm9=", all, BASE64_LAX_BITS, 2, "fo");
    laxly("Zm8", all, BASE64_LAX_PADDING, 3, "fo");
    laxly("Zg", all, BASE64_LAX_PADDING, 2, "f");
    laxly("Zg=", all, BASE64_LAX_PADDING, 3, "f");
    laxly("Zm 9v\t", all, BASE64_LAX_BLANKS, 2, "foo");
    laxly("Zh", all, BASE64_LAX_PADDING | BASE64_LAX_BITS, 1, "f");
    buf_init(&b, &mem_libc, 100);
    assert_int_equal(base64_decode_lax(SLICE_LIT("Zm9vY"), all, &b, &f, &p), ERR_PEER); /* one digit */
    assert_int_equal(f.flaw, BASE64_LENGTH);
    assert_int_equal(base64_decode_lax(SLICE_LIT("Zg==Zg=="), all, &b, &f, &p), ERR_PEER);
    assert_int_equal(base64_decode_lax(SLICE_LIT("Zm.v"), all, &b, &f, &p), ERR_PEER);
    assert_int_equal(f.at, 2);
    buf_done(&b);
}

/* Every octet at every place of a group, with blanks anywhere, into just as much memory as it takes. */
static void no_room_to_spare(void **state)
{
    (void)state;
    for (size_t n = 1; n <= 48; n++) {
        for (size_t at = 0; at <= 64; at++) {
            uint8_t in[48];
            struct buf text, spread, out;
            struct base64_fault f;
            buf_init(&text, &mem_libc, 100);
            buf_init(&spread, &mem_libc, 200);
            buf_init(&out, &mem_libc, n);
            for (size_t i = 0; i < n; i++)
                in[i] = (uint8_t)(n * 251 + i * 37 + at * 11);
            assert_int_equal(base64_encode(slice_of(in, n), &text), OK);
            slice all = buf_slice(&text);
            assert_int_equal(buf_add(&spread, slice_sub(all, 0, at)), OK);
            assert_int_equal(buf_add_str(&spread, "\r\n  \t \n  \r\n "), OK);
            assert_int_equal(buf_add(&spread, slice_sub(all, at, all.n)), OK);
            assert_int_equal(base64_decode(buf_slice(&spread), true, &out, &f), OK);
            assert_int_equal(out.n, n);
            assert_memory_equal(buf_slice(&out).p, in, n);
            buf_done(&text);
            buf_done(&spread);
            buf_done(&out);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors),    cmocka_unit_test(strict), cmocka_unit_test(blanks_pass),
        cmocka_unit_test(all_octets), cmocka_unit_test(limits), cmocka_unit_test(lax),
        cmocka_unit_test(no_room_to_spare),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
