/* SPDX-License-Identifier: MIT */
/* A mistake that changes nothing would prove nothing: each mutant of frames and elements has to write something else than what was meant, and every other nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <string.h>

#include "peer/mutate_beep.h"

/* Mistakes that are made in frames. */
static const enum beep_mutant wire[] = {
    BMUT_LOWER_KEYWORD, BMUT_TWO_BLANKS, BMUT_TAB, BMUT_NO_MORE_FIELD, BMUT_SEVENTH_FIELD, BMUT_PLUS_SIGN, BMUT_MORE_COMMA, BMUT_HEAD_LF,
    BMUT_TRAILER_LF, BMUT_TRAILER_SMALL, BMUT_NO_TRAILER, BMUT_SIZE_OVER, BMUT_SIZE_UNDER, BMUT_SIZE_HEX, BMUT_SEQNO_BIG, BMUT_NUL_PAYLOAD,
    BMUT_NUL_STAR, BMUT_ANS_NO_NUMBER, BMUT_SEQ_TRAILER, BMUT_SEQ_NO_WINDOW, BMUT_SEQNO_ONE_ON, BMUT_SEQNO_FROM_ONE, BMUT_SEQNO_STUCK,
    BMUT_SEQNO_PER_MESSAGE, BMUT_SEQNO_SHARED, BMUT_SEQNO_FRAMES, BMUT_MSG_TWICE, BMUT_ALWAYS_MORE, BMUT_NEVER_MORE, BMUT_KEYWORD_CHANGES,
    BMUT_MIXES_MESSAGES, BMUT_ANS_SAME_NUMBER, BMUT_ANS_NO_NUL, BMUT_ANS_THEN_RPY, BMUT_REPLY_TWICE, BMUT_REPLY_TO_NOTHING, BMUT_NO_SEQ,
    BMUT_SEQ_AHEAD, BMUT_SEQ_STUCK, BMUT_SEQ_SHRINKS, BMUT_SEQ_ELSEWHERE, BMUT_NO_GREETING, BMUT_GREETS_TWICE, BMUT_GREETING_ONE, BMUT_GREETING_MSG,
    BMUT_ERROR_IN_RPY, BMUT_OK_IN_ERR, BMUT_TLS_SEQNO_GOES_ON};
/* Mistakes that are made in elements or in their text. */
static const enum beep_mutant words[] = {
    BMUT_GREETING_CONTENT, BMUT_GREETING_ATTRIBUTE, BMUT_FEATURE_NAME, BMUT_TEXT_XML, BMUT_NO_TYPE, BMUT_NO_EMPTY_LINE, BMUT_XML_DECLARATION,
    BMUT_XML_DOCTYPE, BMUT_LATIN_1, BMUT_ILL_FORMED, BMUT_STARTS_ZERO, BMUT_STARTS_BARE, BMUT_CLOSE_NO_CODE, BMUT_ERROR_NO_CODE,
    BMUT_ERROR_CODE_LONG, BMUT_ERROR_200, BMUT_OK_CONTENT, BMUT_OK_CODE, BMUT_TLS_WORD, BMUT_SASL_NO_STATUS, BMUT_SASL_BAD_STATUS,
    BMUT_SASL_HEX, BMUT_SASL_SMALL_NAME};

static bool in(const enum beep_mutant *list, size_t n, unsigned mutant)
{
    for (size_t i = 0; i < n; i++)
        if (list[i] == (enum beep_mutant)mutant) return true;
    return false;
}

static const struct mem *heap(void)
{
    return &mem_libc;
}

static void session(struct beep_slip *s, struct buf *out)
{
    static const struct {
        enum beep_keyword keyword;
        uint32_t channel, msgno;
        bool more;
        uint32_t seqno;
        const char *text;
        uint32_t ansno, window;
    } frames[] = {{BEEP_RPY, 0, 0, false, 0, "<greeting />", 0, 0}, {BEEP_RPY, 0, 1, false, 12, "<ok />", 0, 0},
                  {BEEP_ERR, 0, 2, false, 18, "<error />", 0, 0},   {BEEP_MSG, 1, 1, false, 0, "abc", 0, 0},
                  {BEEP_RPY, 1, 1, true, 3, "defg", 0, 0},          {BEEP_RPY, 1, 1, false, 7, "hi", 0, 0},
                  {BEEP_ANS, 1, 2, true, 9, "j", 0, 0},             {BEEP_ANS, 1, 2, false, 10, "k", 1, 0},
                  {BEEP_ANS, 1, 2, false, 11, "l", 0, 0},           {BEEP_NUL, 1, 2, false, 12, "", 0, 0},
                  {BEEP_SEQ, 1, 0, false, 9, "", 0, 4096},          {BEEP_SEQ, 1, 0, false, 12, "", 0, 4096}};
    for (size_t i = 0; i < sizeof frames / sizeof *frames; i++) {
        struct beep_frame f = {.keyword = frames[i].keyword,
                               .channel = frames[i].channel,
                               .msgno = frames[i].msgno,
                               .more = frames[i].more,
                               .seqno = frames[i].seqno,
                               .size = frames[i].window,
                               .payload = slice_str(frames[i].text),
                               .ansno = frames[i].ansno};
        assert_int_equal(beep_slip_write(s, &f, out), OK);
    }
    beep_slip_anew(s);
    struct beep_frame again = {.keyword = BEEP_RPY, .payload = SLICE_LIT("<greeting />")};
    assert_int_equal(beep_slip_write(s, &again, out), OK);
}

static void frames(void **state)
{
    struct beep_slip s;
    struct buf good, out;
    (void)state;
    buf_init(&good, heap(), 1 << 16);
    beep_slip_init(&s, BMUT_NONE, heap());
    session(&s, &good);
    for (unsigned m = 1; m < BMUT_COUNT; m++) {
        buf_init(&out, heap(), 1 << 16);
        beep_slip_init(&s, m, heap());
        session(&s, &out);
        bool differs = !slice_eq(buf_slice(&out), buf_slice(&good));
        if (differs != in(wire, sizeof wire / sizeof *wire, m)) fail_msg("%s: %s", beep_mutants[m].name, differs ? "differs" : "no difference");
        buf_done(&out);
    }
    buf_done(&good);
}

static void say(unsigned mutant, const struct beep_el *el, struct buf *out)
{
    struct beep_el own = *el;
    struct buf text;
    buf_init(&text, heap(), 1 << 16);
    beep_mutate_element(mutant, &own);
    assert_int_equal(beep_mgmt_write(&own, BEEP_CDATA, &text), OK);
    assert_int_equal(beep_mutate_text(mutant, el->kind, &text), OK);
    assert_int_equal(buf_add(out, buf_slice(&text)), OK);
    buf_done(&text);
}

static void all_elements(unsigned mutant, struct buf *out)
{
    struct beep_profile_el one = {.uri = SLICE_LIT(BEEP_URI_SASL "PLAIN")}, inner = {.uri = SLICE_LIT(BEEP_URI_TLS), .content = SLICE_LIT("<proceed />")};
    const struct beep_el els[] = {
        {.kind = BEEP_EL_GREETING, .profile = &one, .profiles = 1},
        {.kind = BEEP_EL_START, .profile = &one, .profiles = 1, .number = 1, .number_given = true},
        {.kind = BEEP_EL_PROFILE, .profile = &inner, .profiles = 1},
        {.kind = BEEP_EL_CLOSE, .number = 1, .number_given = true, .code = 200},
        {.kind = BEEP_EL_OK},
        {.kind = BEEP_EL_ERROR, .code = 550, .text = SLICE_LIT("no")},
        {.kind = BEEP_EL_BLOB, .blob = SLICE_LIT("abc")},
        {.kind = BEEP_EL_BLOB, .status = BEEP_BLOB_COMPLETE},
    };
    for (size_t i = 0; i < sizeof els / sizeof *els; i++)
        say(mutant, &els[i], out);
}

static void elements(void **state)
{
    struct buf good, out;
    (void)state;
    buf_init(&good, heap(), 1 << 16);
    all_elements(BMUT_NONE, &good);
    for (unsigned m = 1; m < BMUT_COUNT; m++) {
        buf_init(&out, heap(), 1 << 16);
        all_elements(m, &out);
        bool differs = !slice_eq(buf_slice(&out), buf_slice(&good));
        if (differs != in(words, sizeof words / sizeof *words, m)) fail_msg("%s: %s", beep_mutants[m].name, differs ? "differs" : "no difference");
        buf_done(&out);
    }
    buf_done(&good);
}

/* Without a mistake the octets are those of the codec. */
static void as_it_should_be(void **state)
{
    struct beep_slip s;
    struct beep_frame f = {.keyword = BEEP_ANS, .channel = 7, .msgno = 3, .more = true, .seqno = 4294967290u, .payload = SLICE_LIT("0123456789"), .ansno = 5};
    struct buf out, plain;
    (void)state;
    buf_init(&out, heap(), 1024);
    buf_init(&plain, heap(), 1024);
    beep_slip_init(&s, BMUT_NONE, heap());
    assert_int_equal(beep_slip_write(&s, &f, &out), OK);
    assert_int_equal(beep_frame_write(&f, &plain), OK);
    assert_true(slice_eq(buf_slice(&out), buf_slice(&plain)));
    buf_done(&out);
    buf_done(&plain);
}

/* What a mutant makes of a window that ends at edge, where it has sent up to next and `acked` of it was acknowledged. */
static uint32_t acked_window(struct beep_slip *s, uint64_t acked, uint64_t next, uint64_t edge)
{
    struct beep_dir d = {.next = next, .edge = edge, .acked = acked};
    return beep_slip_window(s, 1, &d, edge > next ? (uint32_t)(edge - next) : 0, 7);
}

static uint32_t window(struct beep_slip *s, uint64_t next, uint64_t edge, uint32_t left)
{
    assert_int_equal(left, edge - next > edge ? 0 : edge - next);
    return acked_window(s, next, next, edge);
}

static void windows(void **state)
{
    struct beep_slip s;
    (void)state;
    beep_slip_init(&s, BMUT_NONE, heap());
    assert_int_equal(window(&s, 4096, 20000, 15904), 15904);
    beep_slip_init(&s, BMUT_STOPS_AT_4096, heap());
    assert_int_equal(window(&s, 96, 20000, 19904), 4000);
    assert_int_equal(window(&s, 4096, 20000, 15904), 0);
    beep_slip_init(&s, BMUT_FIRST_SEQ_ONLY, heap());
    assert_int_equal(window(&s, 96, 4096, 4000), 4000);
    assert_int_equal(window(&s, 4096, 20000, 15904), 15904);
    assert_int_equal(window(&s, 20000, 30000, 10000), 0);
    beep_slip_init(&s, BMUT_ONE_WINDOW, heap());
    assert_int_equal(window(&s, 0, 4096, 4096), 7);
    beep_slip_init(&s, BMUT_ZERO_IS_NONE, heap());
    assert_int_equal(window(&s, 0, 4096, 4096), 4096);
    assert_int_equal(window(&s, 4096, 4096, 0), BEEP_NUMBER_MAX);
    beep_slip_init(&s, BMUT_WINDOW_FROM_HERE, heap());
    assert_int_equal(acked_window(&s, 0, 0, 4096), 4096);
    assert_int_equal(acked_window(&s, 0, 2000, 4096), 2096);
    assert_int_equal(acked_window(&s, 0, 2000, 5000), 5000);
    assert_int_equal(acked_window(&s, 0, 3000, 5000), 4000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(frames), cmocka_unit_test(elements), cmocka_unit_test(as_it_should_be), cmocka_unit_test(windows)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
