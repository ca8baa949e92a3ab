/* SPDX-License-Identifier: MIT */
/* beep_frame by itself: every field at its edges, whole and at every cut; the reader's order of telling, its
 * memory, what it gives back; writing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "codec/beep_frame.h"
#include "test/mem_fail.h"

enum { MAX = 4096 };

struct row {
    const char *octets;
    enum beep_fault_code code; /* of the first note */
    uint32_t at;
    err e;
};

#define Z10  "0000000000"
#define Z100 Z10 Z10 Z10 Z10 Z10 Z10 Z10 Z10 Z10 Z10

/* All of these cannot be read on, and that is known at octet at, not one later. */
static const struct row broken[] = {
    {"X", BEEP_F_KEYWORD, 0, ERR_PEER},
    {"msg 0 1 . 0 0\r\n", BEEP_F_KEYWORD_CASE, 0, ERR_PEER},
    {"mxg 0 1 . 0 0\r\n", BEEP_F_KEYWORD, 1, ERR_PEER},
    {"Msg 0 1 . 0 0\r\n", BEEP_F_KEYWORD_CASE, 1, ERR_PEER},
    {"MSX", BEEP_F_KEYWORD, 2, ERR_PEER},
    {"SEG", BEEP_F_KEYWORD, 2, ERR_PEER},
    {"END\r\n", BEEP_F_KEYWORD, 1, ERR_PEER},
    {"\r\nMSG", BEEP_F_KEYWORD, 0, ERR_PEER},
    {" MSG", BEEP_F_KEYWORD, 0, ERR_PEER},
    {"MSGS 0", BEEP_F_KEYWORD, 3, ERR_PEER},
    {"MSG\t0", BEEP_F_BLANKS, 3, ERR_PEER},
    {"MSG\r\n", BEEP_F_FIELDS, 3, ERR_PEER},
    {"MSG\n", BEEP_F_HEAD_EOL, 3, ERR_PEER},
    {"MSG  0", BEEP_F_BLANKS, 4, ERR_PEER},
    {"MSG \t0", BEEP_F_BLANKS, 4, ERR_PEER},
    {"MSG \r\n", BEEP_F_CHANNEL, 4, ERR_PEER},
    {"MSG \n", BEEP_F_HEAD_EOL, 4, ERR_PEER},
    {"MSG +1 1 . 0 0\r\n", BEEP_F_CHANNEL, 4, ERR_PEER},
    {"MSG -1 1 . 0 0\r\n", BEEP_F_CHANNEL, 4, ERR_PEER},
    {"MSG 0:1 . 0 0\r\n", BEEP_F_CHANNEL, 5, ERR_PEER},
    {"MSG 0x0 1 . 0 0\r\n", BEEP_F_CHANNEL, 5, ERR_PEER},
    {"MSG 2147483648 1 . 0 0\r\n", BEEP_F_CHANNEL, 13, ERR_PEER},
    {"MSG 99999999999999999999 1 . 0 0\r\n", BEEP_F_CHANNEL, 13, ERR_PEER},
    {"MSG 0\r\n", BEEP_F_FIELDS, 5, ERR_PEER},
    {"MSG 0\t1", BEEP_F_BLANKS, 5, ERR_PEER},
    {"MSG 0  1", BEEP_F_BLANKS, 6, ERR_PEER},
    {"MSG 0 -1", BEEP_F_MSGNO, 6, ERR_PEER},
    {"MSG 0 1a", BEEP_F_MSGNO, 7, ERR_PEER},
    {"MSG 0 2147483648", BEEP_F_MSGNO, 15, ERR_PEER},
    {"MSG 0 1 ,", BEEP_F_MORE, 8, ERR_PEER},
    {"MSG 0 1 0 0\r\n", BEEP_F_MORE, 8, ERR_PEER},
    {"MSG 0 1  0", BEEP_F_BLANKS, 8, ERR_PEER},
    {"MSG 0 1 ..", BEEP_F_MORE, 9, ERR_PEER},
    {"MSG 0 1 .\r", BEEP_F_FIELDS, 9, ERR_PEER},
    {"MSG 0 1 . x", BEEP_F_SEQNO_FORM, 10, ERR_PEER},
    {"MSG 0 1 . 4294967296", BEEP_F_SEQNO_FORM, 19, ERR_PEER},
    {"MSG 0 1 . 0 \r\n", BEEP_F_SIZE, 12, ERR_PEER},
    {"MSG 0 1 . 0 +0", BEEP_F_SIZE, 12, ERR_PEER},
    {"MSG 0 1 . 0 2147483648", BEEP_F_SIZE, 21, ERR_PEER},
    {"MSG 0 1 . 0 0,", BEEP_F_SIZE, 13, ERR_PEER},
    /* a SP behind the last field: a blank too many or a field too many, which it does not say */
    {"MSG 0 1 . 0 0 \r\nEND\r\n", BEEP_F_FIELDS, 13, ERR_PEER},
    {"RPY 0 1 . 0 0 7\r\nEND\r\n", BEEP_F_FIELDS, 13, ERR_PEER},
    {"MSG 0 1 . 0 0\t\r\n", BEEP_F_BLANKS, 13, ERR_PEER},
    {"MSG 0 1 . 0 0\nEND\r\n", BEEP_F_HEAD_EOL, 13, ERR_PEER},
    {"MSG 0 1 . 0 0\rEND\r\n", BEEP_F_HEAD_EOL, 14, ERR_PEER},
    {"MSG 0 1 . 0 0\r\r\n", BEEP_F_HEAD_EOL, 14, ERR_PEER},
    {"ANS 0 1 . 0 0\r\n", BEEP_F_FIELDS, 13, ERR_PEER},
    {"ANS 0 1 . 0 0 \r\n", BEEP_F_ANSNO, 14, ERR_PEER},
    {"ANS 0 1 . 0 0 4294967296", BEEP_F_ANSNO, 23, ERR_PEER},
    {"ANS 0 1 . 0 0 1 2", BEEP_F_FIELDS, 15, ERR_PEER},
    {"NUL 0 1 * 0 0\r\n", BEEP_F_NUL_FORM, 8, ERR_PEER},
    {"NUL 0 1 . 0 02\r\n", BEEP_F_NUL_FORM, 13, ERR_PEER},
    {"NUL 0 1 . 0 -", BEEP_F_SIZE, 12, ERR_PEER},
    {"SEQ 0 0\r\n", BEEP_F_SEQ_FORM, 7, ERR_PEER},
    {"SEQ 0 0 \r\n", BEEP_F_SEQ_FORM, 8, ERR_PEER},
    {"SEQ 0 0 0 0", BEEP_F_SEQ_FORM, 9, ERR_PEER},
    {"SEQ 0 0 4096\n", BEEP_F_HEAD_EOL, 12, ERR_PEER},
    {"SEQ 0 0  4", BEEP_F_BLANKS, 8, ERR_PEER},
    {"SEQ 0 -1 0", BEEP_F_SEQ_FORM, 6, ERR_PEER},
    {"SEQ 0 4294967296 0", BEEP_F_SEQ_RANGE, 15, ERR_PEER},
    {"SEQ 0 0 2147483648", BEEP_F_SEQ_RANGE, 17, ERR_PEER},
    {"SEQ 2147483648 0 0", BEEP_F_CHANNEL, 13, ERR_PEER},
    {"SEQ\r\n", BEEP_F_SEQ_FORM, 3, ERR_PEER},
    {"MSG 0 1 . 0 3\r\nabcend\r\n", BEEP_F_TRAILER_CASE, 18, ERR_PEER},
    {"MSG 0 1 . 0 3\r\nabcEnx\r\n", BEEP_F_TRAILER, 20, ERR_PEER},
    {"MSG 0 1 . 0 0\r\nENd\r\n", BEEP_F_TRAILER_CASE, 17, ERR_PEER},
    {"MSG 0 1 . 0 3\r\nabcdEND\r\n", BEEP_F_TRAILER, 18, ERR_PEER},
    {"MSG 0 1 . 0 3\r\nabEND\r\n", BEEP_F_TRAILER, 18, ERR_PEER},
    {"MSG 0 1 . 0 3\r\nabcEND\n", BEEP_F_TRAILER, 21, ERR_PEER},
    {"MSG 0 1 . 0 3\r\nabcEND\r\r", BEEP_F_TRAILER, 22, ERR_PEER},
    {"MSG 0 1 . 0 0\r\n END\r\n", BEEP_F_TRAILER, 15, ERR_PEER},
    {"MSG " Z100 Z10 Z10 Z10 Z10 Z10 Z10 "1 1 . 0 0\r\n", BEEP_F_HEAD_LONG, 160, ERR_PEER},
    {"MSG " Z100 Z10 Z10 Z10 "00000000000000001 1 . 0 0\r\n", BEEP_F_HEAD_LONG, 160, ERR_PEER},
    {"MSG 0 1 . 0 4097\r\n", BEEP_F_FRAME_LONG, 12, ERR_LIMIT},
    {"MSG 0 1 . 0 2147483647\r\n", BEEP_F_FRAME_LONG, 12, ERR_LIMIT},
};

/* What the reader makes of a stream, as text. */
struct story {
    char text[600];
    size_t n;
};

static void tell(struct story *st, const char *word, const struct beep_frame *f, uint64_t at)
{
    char line[200];
    int n =
        snprintf(line, sizeof line, "%s@%u %d %u %u %d %u %u %u %u+%zu", word, (unsigned)at, (int)f->keyword,
                 (unsigned)f->channel, (unsigned)f->msgno, (int)f->more, (unsigned)f->seqno,
                 (unsigned)f->size, (unsigned)f->ansno, (unsigned)f->head, f->payload.n);
    for (uint32_t i = 0; i < f->note_n; i++)
        n += snprintf(line + n, sizeof line - (size_t)n, " %d@%u", (int)f->note[i].code,
                      (unsigned)f->note[i].at);
    if (st->n + (size_t)n + 2 < sizeof st->text) st->n += (size_t)sprintf(st->text + st->n, "%s\n", line);
}

/* The stream in pieces: the first of cut octets, the others of step. */
static void read_cut(const struct env *env, slice all, size_t cut, size_t step, struct story *st)
{
    struct beep_reader r;
    struct beep_frame f;
    uint64_t at;
    size_t fed = cut;
    *st = (struct story){.n = 0};
    slice in = slice_sub(all, 0, cut);
    beep_reader_init(&r, env, MAX);
    for (;;) {
        enum beep_read what = beep_reader_next(&r, &in, &f, &at);
        if (what == BEEP_READ_MORE) {
            assert_int_equal(in.n, 0);
            if (fed == all.n) break;
            in = slice_sub(all, fed, fed + step);
            fed += in.n;
            continue;
        }
        tell(st, what == BEEP_READ_HEAD ? "head" : what == BEEP_READ_FRAME ? "frame" : "bad", &f, at);
        if (what == BEEP_READ_BAD) {
            assert_int_equal(beep_reader_next(&r, &in, &f, &at), BEEP_READ_BAD);
            break;
        }
    }
    beep_reader_done(&r);
}

static void all_cuts(slice all, struct story *first)
{
    struct env env;
    struct story st;
    env_init(&env);
    read_cut(&env, all, all.n, 1, first);
    for (size_t cut = 0; cut < all.n; cut++) {
        read_cut(&env, all, cut, all.n, &st);
        assert_string_equal(st.text, first->text);
    }
    read_cut(&env, all, 0, 1, &st);
    assert_string_equal(st.text, first->text);
}

static void test_broken(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        const struct row *b = &broken[i];
        struct beep_frame f;
        struct story st;
        char last[40];
        size_t used = 1;
        slice all = slice_str(b->octets);
        err e = beep_frame_read(all, MAX, &f, &used);
        if (e != b->e || f.note[0].code != b->code || f.note[0].at != b->at)
            fail_msg("%s: %s %s@%u", b->octets, err_name(e), beep_faults[f.note[0].code].name,
                     (unsigned)f.note[0].at);
        assert_int_equal(used, 0);
        /* it is told with the first octet that shows it; a limit at the end of the header */
        size_t shows = b->e == ERR_LIMIT             ? all.n - 1
                       : b->code == BEEP_F_HEAD_LONG ? BEEP_HEAD_MAX - 1
                                                     : b->at;
        /* another case is one only when the whole word is there */
        if (b->code == BEEP_F_KEYWORD_CASE) shows = 2;
        if (b->code == BEEP_F_TRAILER_CASE) shows = all.n - 1;
        for (size_t n = 0; n < all.n; n++) {
            e = beep_frame_read(slice_sub(all, 0, n), MAX, &f, &used);
            if (e != (n > shows ? b->e : ERR_MORE)) fail_msg("%s: %s at %zu", b->octets, err_name(e), n);
        }
        all_cuts(all, &st);
        snprintf(last, sizeof last, " %d@%u", (int)b->code, (unsigned)b->at);
        assert_non_null(strstr(st.text, last));
        assert_non_null(strstr(st.text, "bad@0"));
        assert_int_equal(strstr(st.text, "head") != NULL, b->code == BEEP_F_TRAILER || b->code == BEEP_F_TRAILER_CASE);
    }
}

static void good(const char *octets, struct beep_frame *f)
{
    size_t used;
    slice all = slice_str(octets);
    assert_int_equal(beep_frame_read(all, SIZE_MAX, f, &used), OK);
    assert_int_equal(used, all.n);
    assert_true(slice_eq(f->raw, all));
    for (size_t n = 0; n < all.n; n++) {
        struct beep_frame g;
        assert_int_equal(beep_frame_read(slice_sub(all, 0, n), SIZE_MAX, &g, &used), ERR_MORE);
        assert_int_equal(g.head, n >= f->head ? f->head : 0);
        assert_int_equal(g.payload.n, 0);
        if (g.head) assert_int_equal(g.channel, f->channel);
    }
}

static void test_edges(void **state)
{
    struct beep_frame f;
    (void)state;
    good("ANS 2147483647 2147483647 * 4294967295 2 2147483647\r\nabEND\r\n", &f);
    assert_int_equal(f.keyword, BEEP_ANS);
    assert_int_equal(f.channel, 2147483647);
    assert_int_equal(f.msgno, 2147483647);
    assert_true(f.more);
    assert_int_equal(f.seqno, 4294967295u);
    assert_int_equal(f.size, 2);
    assert_int_equal(f.ansno, 2147483647);
    assert_true(slice_eq(f.payload, SLICE_LIT("ab")));
    assert_int_equal(f.note_n, 0);
    good("ANS 0 0 . 0 0 4294967295\r\nEND\r\n", &f);
    assert_int_equal(f.note_n, 1);
    assert_int_equal(f.note[0].code, BEEP_F_ANSNO_HIGH);
    assert_int_equal(f.note[0].at, 14);
    good("NUL 5 0 . 7 0\r\nEND\r\n", &f);
    assert_int_equal(f.keyword, BEEP_NUL);
    assert_false(f.more);
    good("SEQ 1 4294967295 2147483647\r\n", &f);
    assert_int_equal(f.keyword, BEEP_SEQ);
    assert_int_equal(f.seqno, 4294967295u);
    assert_int_equal(f.size, 2147483647);
    good("MSG 00 01 . 052 002\r\nabEND\r\n", &f);
    assert_int_equal(f.note_n, 4);
    assert_int_equal(f.note[0].code, BEEP_F_ZEROS);
    assert_int_equal(f.note[3].at, 16);
    assert_int_equal(f.size, 2);
    /* a header of exactly the limit: zeros are all that can fill it */
    good("MSG " Z100 Z10 Z10 Z10 "0000000000000001 1 . 0 0\r\nEND\r\n", &f);
    assert_int_equal(f.head, BEEP_HEAD_MAX);
    /* END inside a payload ends nothing */
    good("RPY 0 0 . 0 5\r\nEND\r\nEND\r\n", &f);
    assert_true(slice_eq(f.payload, SLICE_LIT("END\r\n")));
}

/* Frames one behind the other tell the same however they come, and heads come first. */
static void test_streams(void **state)
{
    struct story st;
    (void)state;
    all_cuts(SLICE_LIT("RPY 0 0 . 0 3\r\nabcEND\r\nSEQ 0 3 4096\r\nMSG 0 1 * 0 0\r\nEND\r\nANS 1 2 . 3 4 "
                       "5\r\nwxyzEND\r\nQ"),
             &st);
    assert_string_equal(st.text, "head@0 1 0 0 0 0 3 0 15+0\nframe@0 1 0 0 0 0 3 0 15+3\n"
                                 "head@23 5 0 0 0 3 4096 0 14+0\nframe@23 5 0 0 0 3 4096 0 14+0\n"
                                 "head@37 0 0 1 1 0 0 0 15+0\nframe@37 0 0 1 1 0 0 0 15+0\n"
                                 "head@57 3 1 2 0 3 4 5 17+0\nframe@57 3 1 2 0 3 4 5 17+4\n"
                                 "bad@83 0 0 0 0 0 0 0 0+0 1@0\n");
}

/* Whole frames are not copied, pieces are held no longer than needed, and what is announced costs nothing
 * before it comes. */
static void test_memory(void **state)
{
    struct mem_fail mf;
    struct mem mem = mem_fail_init(&mf, 0);
    struct env env;
    struct beep_reader r;
    struct beep_frame f;
    uint64_t at;
    (void)state;
    env_init(&env);
    env.mem = &mem;
    slice whole = SLICE_LIT("MSG 0 1 . 0 3\r\nabcEND\r\nSEQ 0 0 1\r\n"), in = whole;
    beep_reader_init(&r, &env, MAX);
    assert_int_equal(beep_reader_next(&r, &in, &f, &at), BEEP_READ_HEAD);
    assert_int_equal(beep_reader_next(&r, &in, &f, &at), BEEP_READ_FRAME);
    assert_ptr_equal(f.payload.p, whole.p + 15);
    assert_int_equal(beep_reader_next(&r, &in, &f, &at), BEEP_READ_HEAD);
    assert_int_equal(beep_reader_next(&r, &in, &f, &at), BEEP_READ_FRAME);
    assert_int_equal(beep_reader_next(&r, &in, &f, &at), BEEP_READ_MORE);
    assert_int_equal(mf.calls, 0);
    beep_reader_done(&r);

    beep_reader_init(&r, &env, SIZE_MAX);
    in = SLICE_LIT("MSG 0 1 . 0 2147483647\r\nabc");
    assert_int_equal(beep_reader_next(&r, &in, &f, &at), BEEP_READ_HEAD);
    assert_int_equal(beep_reader_next(&r, &in, &f, &at), BEEP_READ_MORE);
    assert_true(mf.peak < 4096);
    static uint8_t much[1000];
    in = slice_of(much, sizeof much);
    assert_int_equal(beep_reader_next(&r, &in, &f, &at), BEEP_READ_MORE);
    assert_true(beep_reader_inside(&r));
    beep_reader_done(&r);
    assert_int_equal(mf.blocks, 0);
}

static void test_no_memory(void **state)
{
    (void)state;
    for (size_t n = 1; n < 4; n++) {
        struct mem_fail mf;
        struct mem mem = mem_fail_init(&mf, n);
        struct env env;
        struct story st;
        env_init(&env);
        env.mem = &mem;
        read_cut(
            &env,
            SLICE_LIT("MSG 0 1 . 0 300\r\n"
                      "......................................................................................"
                      ".........................."
                      "......................................................................................"
                      ".........................."
                      "............................................................................END\r\n"),
            3, 5, &st);
        bool hit = mf.calls >= n;
        char last[24];
        snprintf(last, sizeof last, " %d@0\n", (int)BEEP_F_LIMIT);
        assert_int_equal(strstr(st.text, last) != NULL, hit);
        assert_int_equal(mf.blocks, 0);
        assert_true(hit || n > 1);
    }
}

static void test_rest(void **state)
{
    struct env env;
    struct beep_reader r;
    struct beep_frame f;
    struct buf rest;
    uint64_t at;
    (void)state;
    env_init(&env);
    beep_reader_init(&r, &env, MAX);
    buf_init(&rest, env.mem, 100);
    slice in = SLICE_LIT("RPY 0 0 . 0 0\r\nEND");
    assert_false(beep_reader_inside(&r));
    assert_int_equal(beep_reader_next(&r, &in, &f, &at), BEEP_READ_HEAD);
    assert_true(beep_reader_inside(&r));
    assert_int_equal(beep_reader_next(&r, &in, &f, &at), BEEP_READ_MORE);
    in = SLICE_LIT("\r\nMS");
    assert_int_equal(beep_reader_next(&r, &in, &f, &at), BEEP_READ_FRAME);
    assert_int_equal(in.n, 2);
    assert_false(beep_reader_inside(&r));
    assert_int_equal(beep_reader_rest(&r, &rest), OK);
    assert_int_equal(rest.n, 0);
    assert_int_equal(beep_reader_next(&r, &in, &f, &at), BEEP_READ_MORE);
    assert_true(beep_reader_inside(&r));
    assert_int_equal(beep_reader_rest(&r, &rest), OK);
    assert_true(slice_eq(buf_slice(&rest), SLICE_LIT("MS")));
    assert_false(beep_reader_inside(&r));
    in = SLICE_LIT("SEQ 0 0 0\r\n");
    assert_int_equal(beep_reader_next(&r, &in, &f, &at), BEEP_READ_HEAD);
    assert_int_equal(at, 22); /* the offset goes on */
    beep_reader_done(&r);
    buf_done(&rest);
}

/* beep_frame_write and beep_frame_compose make the same octets, and they read back. */
static void want_written(const struct beep_frame *f, const char *octets)
{
    struct buf one, two;
    struct parts p;
    buf_init(&one, &mem_libc, 1000);
    buf_init(&two, &mem_libc, 1000);
    parts_init(&p, &mem_libc, 1000);
    assert_int_equal(beep_frame_write(f, &one), OK);
    assert_int_equal(beep_frame_compose(f, NULL, &p), OK);
    assert_int_equal(parts_write(&p, &two), OK);
    assert_true(slice_eq(buf_slice(&one), slice_str(octets)));
    assert_true(slice_eq(buf_slice(&two), slice_str(octets)));
    parts_done(&p);
    buf_done(&one);
    buf_done(&two);
}

static void test_writing(void **state)
{
    (void)state;
    want_written(
        &(struct beep_frame){
            .keyword = BEEP_MSG, .msgno = 1, .seqno = 52, .size = 99, .payload = SLICE_LIT("abc")},
        "MSG 0 1 . 52 3\r\nabcEND\r\n");
    want_written(&(struct beep_frame){.keyword = BEEP_ANS,
                                      .channel = BEEP_NUMBER_MAX,
                                      .more = true,
                                      .seqno = UINT32_MAX,
                                      .ansno = UINT32_MAX},
                 "ANS 2147483647 0 * 4294967295 0 4294967295\r\nEND\r\n");
    want_written(&(struct beep_frame){.keyword = BEEP_NUL, .channel = 3}, "NUL 3 0 . 0 0\r\nEND\r\n");
    want_written(&(struct beep_frame){.keyword = BEEP_SEQ, .channel = 10, .seqno = 4096, .size = 8192},
                 "SEQ 10 4096 8192\r\n");

    struct parts p, inner;
    struct buf out;
    buf_init(&out, &mem_libc, 20);
    parts_init(&p, &mem_libc, 1000);
    parts_init(&inner, &mem_libc, 1000);
    assert_int_equal(parts_add(&inner, "blank", "eol", SLICE_LIT("\r\n")), OK);
    assert_int_equal(parts_add(&inner, "body", "value", SLICE_LIT("xyz")), OK);
    assert_int_equal(beep_frame_compose(&(struct beep_frame){.keyword = BEEP_RPY}, &inner, &p), OK);
    assert_int_equal(parts_write(&p, &out), ERR_LIMIT);
    out.max = 100;
    assert_int_equal(parts_write(&p, &out), OK);
    assert_true(slice_eq(buf_slice(&out), SLICE_LIT("RPY 0 0 . 0 5\r\n\r\nxyzEND\r\n")));
    buf_clear(&out);
    out.max = 20;
    assert_int_equal(beep_frame_write(&(struct beep_frame){.payload = SLICE_LIT("xyz")}, &out), ERR_LIMIT);
    assert_int_equal(out.n, 0);
    assert_int_equal(beep_frame_write(&(struct beep_frame){.keyword = BEEP_KEYWORDS}, &out), ERR_USE);
    parts_done(&p);
    parts_done(&inner);
    buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_broken),  cmocka_unit_test(test_edges),     cmocka_unit_test(test_streams),
        cmocka_unit_test(test_memory),  cmocka_unit_test(test_no_memory), cmocka_unit_test(test_rest),
        cmocka_unit_test(test_writing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
