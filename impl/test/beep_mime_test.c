/* SPDX-License-Identifier: MIT */
/* beep_mime: headers in the forms that MIME has for them, what is no header, limits, encodings, writing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "codec/beep_mime.h"

static struct beep_mime good(const char *message)
{
    struct beep_mime m;
    if (beep_mime_read(slice_str(message), &m) != OK)
        fail_msg("'%s' fails at %u", message, (unsigned)m.fault_at);
    return m;
}

#define WANT(s, lit) assert_true(slice_eq((s), SLICE_LIT(lit)))

static void test_defaults(void **state)
{
    (void)state;
    struct beep_mime m = good("\r\nbody");
    WANT(m.type, "application/octet-stream");
    WANT(m.body, "body");
    WANT(m.charset, "");
    assert_false(m.typed);
    assert_int_equal(m.transfer, BEEP_BINARY);
    m = good("");
    assert_false(m.typed);
    WANT(m.body, "");
    m = good("\r\n");
    WANT(m.body, "");
    m = good("\r\n\r\nx");
    WANT(m.body, "\r\nx");
    m = good("X-Other: anything at all\xff\r\n\r\n");
    assert_false(m.typed);
}

static void test_forms(void **state)
{
    static const char *const same[] = {
        "Content-Type: application/beep+xml\r\n\r\n<ok />",
        "content-TYPE:APPLICATION/BEEP+XML\r\n\r\n<ok />",
        "Content-Type:\r\n\tapplication/beep+xml \r\n\r\n<ok />",
        "X: y\r\nContent-Type: application/beep+xml\r\nContent-ID: <1>\r\n\r\n<ok />",
        "Content-Type: (a (nested \\) ) comment) application / beep+xml (b)\r\n\r\n<ok />",
        "Content-Type: application/\r\n beep+xml;\r\n\r\n<ok />",
        "Content-Type: application/beep+xml; x=y; z=\"q\\\";\" ;v=1\r\n\r\n<ok />",
    };
    (void)state;
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        struct beep_mime m = good(same[i]);
        if (!beep_mime_is(&m, BEEP_MEDIA_TYPE) || !m.typed) fail_msg("%s", same[i]);
        assert_false(beep_mime_is(&m, "application/beep+xm"));
        assert_false(beep_mime_is(&m, "application/beep+xmlx"));
        assert_false(beep_mime_is(&m, "application"));
        assert_false(beep_mime_is(&m, "applicatio/beep+xml"));
        WANT(m.body, "<ok />");
        WANT(m.charset, "");
    }
    struct beep_mime m = good("Content-Type: text/xml; Charset = \"ISO-8859-1\"\r\n\r\n");
    WANT(m.type, "text/xml");
    WANT(m.charset, "ISO-8859-1");
    m = good("Content-Type: text/xml; a=b;charset=us-ascii(c)\r\n\r\n");
    WANT(m.charset, "us-ascii");
}

static void test_transfer(void **state)
{
    static const struct {
        const char *message, *body;
        enum beep_transfer is;
    } row[] = {
        {"Content-Transfer-Encoding: 7bit\r\n\r\na=41", "a=41", BEEP_BINARY},
        {"Content-Transfer-Encoding: 8BIT\r\n\r\na", "a", BEEP_BINARY},
        {"Content-Transfer-Encoding: binary (x)\r\n\r\n", "", BEEP_BINARY},
        {"Content-Transfer-Encoding: Base64\r\n\r\nYWJj\r\nZA==\r\n", "abcd", BEEP_BASE64},
        {"Content-Transfer-Encoding: base64\r\n\r\nYWJ", NULL, BEEP_BASE64},
        {"Content-Transfer-Encoding: quoted-printable\r\n\r\n=3Cok=20=\r\n/=3e", "<ok />", BEEP_QUOTED},
        {"Content-Transfer-Encoding: quoted-printable\r\n\r\na=4", NULL, BEEP_QUOTED},
        {"Content-Transfer-Encoding: quoted-printable\r\n\r\na=4x", NULL, BEEP_QUOTED},
        {"Content-Transfer-Encoding: quoted-printable\r\n\r\na=\n\nb", NULL, BEEP_QUOTED},
        {"Content-Transfer-Encoding: x-uuencode\r\n\r\na", NULL, BEEP_TRANSFER_OTHER},
    };
    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct buf out;
        struct beep_mime m = good(row[i].message);
        assert_int_equal(m.transfer, row[i].is);
        buf_init(&out, &mem_libc, 64);
        err e = beep_mime_decode(&m, &out);
        if (e != (row[i].body ? OK : ERR_PEER) || !slice_eq(buf_slice(&out), slice_str(row[i].body)))
            fail_msg("%s", row[i].message);
        buf_done(&out);
    }
}

static void test_broken(void **state)
{
    static const struct {
        const char *message;
        uint32_t at;
    } row[] = {
        {"Content-Type: application/beep+xml\r\n", 36}, /* no empty line */
        {"Content-Type: application/beep+xml", 34},
        {"<ok />", 3},
        {" Folded: first\r\n\r\n", 0},
        {": x\r\n\r\n", 0},
        {"A\r\n\r\n", 1},
        {"A : x\r\n\r\n", 1},
        {"A: x\n\n", 4},
        {"A: x\rB: y\r\n\r\n", 4},
        {"A: x\r\n\n", 6},
        {"A: x\r\n\r", 6},
        {"\n", 0},
        {"Content-Type:\r\n\r\n", 13},
        {"Content-Type: text\r\n\r\n", 18},
        {"Content-Type: text/\r\n\r\n", 19},
        {"Content-Type: /xml\r\n\r\n", 14},
        {"Content-Type: text/xml charset\r\n\r\n", 23},
        {"Content-Type: text/xml; charset\r\n\r\n", 31},
        {"Content-Type: text/xml; charset=\r\n\r\n", 32},
        {"Content-Type: text/xml; charset=\"x\r\n\r\n", 34},
        {"Content-Type: text/xml (x\r\n\r\n", 25},
        {"Content-Type: a/b\r\nContent-Type: a/b\r\n\r\n", 32},
        {"Content-Transfer-Encoding: 8bit\r\nContent-Transfer-Encoding: 8bit\r\n\r\n", 59},
        {"Content-Transfer-Encoding: a b\r\n\r\n", 29},
        {"Content-Transfer-Encoding:\r\n\r\n", 26},
    };
    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct beep_mime m;
        /* a copy of exactly that size, so that the sanitizer sees a step too far */
        size_t n = strlen(row[i].message);
        uint8_t *exact = malloc(n);
        memcpy(exact, row[i].message, n);
        err e = beep_mime_read(slice_of(exact, n), &m);
        if (e != ERR_PEER || m.fault_at != row[i].at)
            fail_msg("%s: %s at %u", row[i].message, err_name(e), (unsigned)m.fault_at);
        free(exact);
    }
}

static void test_limit(void **state)
{
    static char text[3 * BEEP_MIME_HEAD_MAX];
    struct beep_mime m;
    (void)state;
    /* one line, many lines, folds: the same limit for all, and no limit for the body */
    static const char *const unit[] = {"x", "x\r\nA: ", "x\r\n "};
    for (size_t k = 0; k < 3; k++) {
        size_t n = 3, u = strlen(unit[k]);
        memcpy(text, "A: ", 3);
        while (n + u < sizeof text) {
            memcpy(text + n, unit[k], u);
            n += u;
        }
        assert_int_equal(beep_mime_read(slice_of(text, n), &m), ERR_LIMIT);
        assert_int_equal(m.fault_at, BEEP_MIME_HEAD_MAX);
    }
    /* headers of exactly as many octets, and of one more; over one line and over two */
    for (size_t lines = 1; lines <= 2; lines++) {
        for (size_t n = BEEP_MIME_HEAD_MAX; n <= BEEP_MIME_HEAD_MAX + 1; n++) {
            memset(text, 'x', n);
            memcpy(text, "A: ", 3);
            if (lines == 2) memcpy(text + 4000, "\r\nB:", 4);
            memcpy(text + n - 2, "\r\n\r\n", 4);
            err e = beep_mime_read(slice_of(text, n + 2), &m);
            assert_int_equal(e, n > BEEP_MIME_HEAD_MAX ? ERR_LIMIT : OK);
        }
    }
    memset(text, 'x', sizeof text);
    memcpy(text, "\r\n", 2);
    assert_int_equal(beep_mime_read(slice_of(text, sizeof text), &m), OK);
    assert_int_equal(m.body.n, sizeof text - 2);
}

static void test_writing(void **state)
{
    struct parts p;
    struct buf one, two;
    static const char *const type[] = {"", BEEP_MEDIA_TYPE};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        parts_init(&p, &mem_libc, 200);
        buf_init(&one, &mem_libc, 200);
        buf_init(&two, &mem_libc, 200);
        assert_int_equal(beep_mime_compose(type[i], SLICE_LIT("<ok />"), &p), OK);
        assert_int_equal(parts_write(&p, &one), OK);
        assert_int_equal(beep_mime_head(type[i], &two), OK);
        assert_int_equal(buf_add_str(&two, "<ok />"), OK);
        assert_true(slice_eq(buf_slice(&one), buf_slice(&two)));
        assert_true(
            slice_eq(buf_slice(&one), i ? SLICE_LIT("Content-Type: application/beep+xml\r\n\r\n<ok />")
                                        : SLICE_LIT("\r\n<ok />")));
        parts_done(&p);
        buf_done(&one);
        buf_done(&two);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults), cmocka_unit_test(test_forms), cmocka_unit_test(test_transfer),
        cmocka_unit_test(test_broken),   cmocka_unit_test(test_limit), cmocka_unit_test(test_writing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
