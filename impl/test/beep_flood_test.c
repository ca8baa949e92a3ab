/* SPDX-License-Identifier: MIT */
/* What a BEEP peer does with octets that are meant to hurt: how much it holds, how much it works, and that it ends by its deadlines. */
#include "test/beep_script.h"

#define START_ECHO "<start number='%u'><profile uri='" BEEP_URI_ECHO "' /></start>"

enum {
    KIB = 1024,
    MANY = 100000,
    IDLE = 64 * KIB,   /* what a session with a handful of channels holds */
    CALLS_EACH = 60    /* allocations that one message of channel management may cost */
};

struct flood {
    struct beep_script s;
    size_t base;      /* held before it began */
    size_t calls;
    size_t took;      /* octets that came out and were thrown away */
    bool deaf;        /* nobody takes what comes out */
};

static void take(struct flood *x)
{
    struct link *l = &x->s.p->e.link[0];
    while (!x->deaf && l->out.n && !l->drop) {
        x->took += l->out.n;
        buf_shrink(&l->out);
        x->s.p->e.ops->drained(&x->s.p->e, 0, x->s.now);
    }
}

static bool over(const struct flood *x)
{
    return x->s.p->ending || x->s.p->over;
}

static void hurl(struct flood *x, slice octets)
{
    if (over(x)) return;
    /* who holds back is not fed any more, as no carrier would */
    if (x->s.p->e.link[0].pause) return;
    x->s.p->e.ops->feed(&x->s.p->e, 0, octets, x->s.now);
    take(x);
}

static void hurl_text(struct flood *x, const char *text)
{
    hurl(x, slice_str(text));
}

/* A frame of channel 0 to 7 that is in order. */
static void frame(struct flood *x, const char *keyword, uint32_t channel, uint32_t msgno, char more, slice payload)
{
    struct buf b;
    buf_init(&b, &mem_libc, 8 << 20);
    bs_add(&x->s, &b, keyword, channel, msgno, more, payload);
    hurl(x, buf_slice(&b));
    buf_done(&b);
}

static void mgmt(struct flood *x, const char *keyword, uint32_t msgno, const char *element)
{
    char text[1000];
    snprintf(text, sizeof text, BS_HEAD "%s\r\n", element);
    frame(x, keyword, 0, msgno, '.', slice_str(text));
}

static void open_echo(struct flood *x, uint32_t channel, uint32_t msgno)
{
    char text[300];
    snprintf(text, sizeof text, START_ECHO, (unsigned)channel);
    mgmt(x, "MSG", msgno, text);
    assert_non_null(beep_peer_bound(x->s.p, channel));
}

/* A listener that was greeted; nobody greets it yet with greeted false. */
static struct flood *flood_new(bool greeted)
{
    struct flood *x = calloc(1, sizeof *x);
    assert_non_null(x);
    bw_env(&x->s.w);
    bs_open(&x->s, 1);
    buf_shrink(&x->s.out);
    if (greeted) mgmt(x, "RPY", 0, "<greeting />");
    x->base = x->s.w.f.live;
    x->calls = x->s.w.f.calls;
    x->s.w.f.peak = x->s.w.f.live;
    return x;
}

static void flood_free(struct flood *x)
{
    bs_close(&x->s);
    free(x);
}

static void holds_at_most(const struct flood *x, size_t octets)
{
    if (x->s.w.f.peak > x->base + octets) fail_msg("%zu octets were held, %zu are allowed", x->s.w.f.peak - x->base, octets);
}

static void works_at_most(const struct flood *x, size_t calls)
{
    if (x->s.w.f.calls - x->calls > calls) fail_msg("%zu allocations, %zu are allowed", x->s.w.f.calls - x->calls, calls);
}

static void ends_without_a_word(struct flood *x, const char *octets)
{
    size_t had = x->took;
    hurl_text(x, octets);
    assert_true(over(x));
    assert_int_equal(x->took, had);
}

/* At its deadline it is gone. */
static void ends_within(struct flood *x, uint64_t ms)
{
    uint64_t until = x->s.now + ms;
    unsigned ticks = 0;
    while (!x->s.p->over) {
        uint64_t at = x->s.p->e.ops->deadline(&x->s.p->e);
        if (at > until) fail_msg("it does not end within %llu ms", (unsigned long long)ms);
        x->s.now = at > x->s.now ? at : x->s.now;
        assert_true(++ticks < 10);
        x->s.p->e.ops->tick(&x->s.p->e, x->s.now);
        take(x);
    }
}

/* --- what is announced and never comes ------------------------------------------------------------------------------------- */

static void huge_sizes(void **state)
{
    static const char *const heads[] = {"MSG 0 1 . 52 2147483647\r\n", "MSG 0 1 . 52 4194305\r\n", "RPY 0 0 . 52 2147483647\r\n"};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct flood *x = flood_new(true);
        ends_without_a_word(x, heads[i]);
        holds_at_most(x, 4 * KIB);
        flood_free(x);
    }
    struct flood *x = flood_new(true);
    hurl_text(x, "MSG 0 1 . 52 4194304\r\n");
    assert_false(over(x));
    holds_at_most(x, 4 * KIB); /* what did not come takes no memory */
    ends_within(x, x->s.w.env.limits.message_ms + x->s.w.env.limits.close_ms);
    flood_free(x);
}

/* Slowly is no way around the deadline. */
static void one_octet_a_second(void **state)
{
    struct flood *x = flood_new(true);
    (void)state;
    hurl_text(x, "MSG 0 1 . 52 4000\r\n");
    uint64_t began = x->s.now;
    while (!over(x)) {
        x->s.now += 1000;
        if (x->s.p->e.ops->deadline(&x->s.p->e) <= x->s.now) x->s.p->e.ops->tick(&x->s.p->e, x->s.now);
        hurl_text(x, "x");
    }
    assert_true(x->s.now - began <= x->s.w.env.limits.message_ms + 1000);
    holds_at_most(x, 8 * KIB);
    flood_free(x);
}

/* --- much of the same ------------------------------------------------------------------------------------------------------- */

static void many_starts(void **state)
{
    struct flood *x = flood_new(true);
    (void)state;
    hurl_text(x, "SEQ 0 0 2147483647\r\n"); /* so that no answer waits */
    for (uint32_t i = 0; i < MANY && !over(x); i++) {
        char text[300];
        snprintf(text, sizeof text, START_ECHO, (unsigned)(2 * i + 1));
        mgmt(x, "MSG", i + 1, text);
    }
    assert_false(over(x)); /* the rest was declined */
    assert_int_equal(x->s.p->chans, PEER_CHANNELS_MAX);
    holds_at_most(x, PEER_CHANNELS_MAX * 1500);
    works_at_most(x, (size_t)MANY * CALLS_EACH);
    flood_free(x);
}

static void many_seqs(void **state)
{
    struct flood *x = flood_new(true);
    (void)state;
    open_echo(x, 1, 1);
    size_t calls = x->s.w.f.calls, moves = x->s.p->moves;
    for (uint32_t i = 0; i < MANY; i++)
        hurl_text(x, i % 2 ? "SEQ 1 0 4096\r\n" : "SEQ 1 0 2147483647\r\n");
    assert_false(over(x));
    holds_at_most(x, IDLE);
    assert_true(x->s.w.f.calls - calls < 16);
    assert_true(x->s.p->moves - moves < 16);
    flood_free(x);
}

static void many_cycles(void **state)
{
    struct flood *x = flood_new(true);
    (void)state;
    hurl_text(x, "SEQ 0 0 2147483647\r\n"); /* so that no answer waits */
    size_t after = 0;
    for (uint32_t i = 0; i < 10000; i++) {
        open_echo(x, 1, 2 * i + 1);
        x->s.seq[1] = 0;
        frame(x, "MSG", 1, 1, '.', SLICE_LIT("\r\nhello"));
        mgmt(x, "MSG", 2 * i + 2, "<close number='1' code='200' />");
        assert_null(beep_peer_bound(x->s.p, 1));
        if (i == 100) after = x->s.w.f.live;
    }
    assert_int_equal(x->s.w.f.live, after); /* nothing is left of a channel */
    holds_at_most(x, IDLE);
    works_at_most(x, 10000 * 3 * CALLS_EACH);
    flood_free(x);
}

/* Answered one by one as they come. */
static void long_pipeline(void **state)
{
    struct flood *x = flood_new(true);
    (void)state;
    open_echo(x, 1, 1);
    hurl_text(x, "SEQ 1 0 2147483647\r\n");
    for (uint32_t i = 0; i < MANY && !over(x); i++)
        frame(x, "MSG", 1, i, '.', SLICE_LIT("\r\nhello"));
    assert_false(over(x));
    assert_true(x->took > (size_t)MANY * 25);
    holds_at_most(x, 2 * IDLE);
    works_at_most(x, (size_t)MANY * CALLS_EACH);
    flood_free(x);
}

/* The answers find no window, for ever: no more than a tracker lets be without an answer is held, and then it ends. */
static void pipeline_without_window(void **state)
{
    struct flood *x = flood_new(true);
    (void)state;
    open_echo(x, 1, 1);
    hurl_text(x, "SEQ 1 0 0\r\n");
    uint32_t sent = 0;
    for (; sent < MANY && !over(x); sent++)
        frame(x, "MSG", 1, sent, '.', SLICE_LIT("\r\nhello"));
    assert_true(over(x));
    assert_true(sent <= BEEP_EXCHANGES_MAX + 1);
    holds_at_most(x, 4 << 20);
    ends_within(x, x->s.w.env.limits.close_ms);
    flood_free(x);
}

static void pipeline_on_zero(void **state)
{
    struct flood *x = flood_new(true);
    (void)state;
    hurl_text(x, "SEQ 0 0 0\r\n");
    uint32_t sent = 0;
    for (; sent < MANY && !over(x); sent++)
        mgmt(x, "MSG", sent + 1, "<close number='1' code='200' />");
    assert_true(over(x));
    assert_true(sent <= BEEP_EXCHANGES_MAX + 1);
    holds_at_most(x, 8 << 20);
    ends_within(x, x->s.w.env.limits.close_ms);
    flood_free(x);
}

/* --- windows and readers ------------------------------------------------------------------------------------------------------ */

/* A GiB of answers is asked for: what was taken came, what waits is bounded. */
static void many_answers(struct flood *x, uint32_t window)
{
    mgmt(x, "MSG", 1, "<start number='1'><profile uri='" BEEP_URI_MANY "' /></start>");
    frame(x, "MSG", 1, 1, '.', SLICE_LIT("\r\ncount 1024 size 1048576"));
    char text[60];
    snprintf(text, sizeof text, "SEQ 1 0 %u\r\n", (unsigned)window);
    hurl_text(x, text);
}

static void no_window_for_ever(void **state)
{
    struct flood *x = flood_new(true);
    (void)state;
    many_answers(x, 0);
    assert_false(over(x));
    size_t queued = x->s.p->m.queued, max = x->s.w.setup[1].mux.queue_max;
    assert_true(queued <= max + 64 * KIB);
    holds_at_most(x, 2 * max + (1 << 20)); /* a buffer that grows has its old self beside it */
    for (unsigned i = 0; i < 1000; i++)
        hurl_text(x, "SEQ 1 0 0\r\n");
    assert_int_equal(x->s.p->m.queued, queued);
    flood_free(x);
}

static void never_reads(void **state)
{
    struct flood *x = flood_new(true);
    (void)state;
    x->deaf = true;
    many_answers(x, 2147483647);
    const struct link *l = &x->s.p->e.link[0];
    assert_true(l->out.n <= x->s.w.setup[1].mux.low_water + 1024);
    holds_at_most(x, 2 * x->s.w.setup[1].mux.queue_max + (1 << 20));
    ends_within(x, x->s.w.env.limits.message_ms + x->s.w.env.limits.close_ms);
    assert_true(l->drop);
    flood_free(x);
}

/* The same with answers to small messages that are not read. */
static void never_reads_replies(void **state)
{
    struct flood *x = flood_new(true);
    (void)state;
    open_echo(x, 1, 1);
    hurl_text(x, "SEQ 1 0 2147483647\r\n");
    x->deaf = true;
    uint8_t payload[1000];
    memset(payload, 'x', sizeof payload);
    for (uint32_t i = 0; i < MANY && !over(x); i++)
        frame(x, "MSG", 1, i, '.', slice_of(payload, sizeof payload));
    assert_true(over(x));
    holds_at_most(x, 24 << 20);
    if (!x->s.p->over) ends_within(x, x->s.w.env.limits.close_ms);
    flood_free(x);
}

/* --- messages without end ----------------------------------------------------------------------------------------------------- */

/* One message of many frames on channel 0, filled with the same again and again. */
static void endless(struct flood *x, const char *keyword, uint32_t msgno, const char *begins, const char *goes_on, size_t octets)
{
    char piece[4000];
    size_t n = strlen(goes_on), k = 0;
    while (k + n <= sizeof piece) {
        memcpy(piece + k, goes_on, n);
        k += n;
    }
    frame(x, keyword, 0, msgno, '*', slice_str(begins));
    for (size_t sent = 0; sent < octets && !over(x); sent += k)
        frame(x, keyword, 0, msgno, '*', slice_of(piece, k));
}

static void endless_greeting(void **state)
{
    static const char *const parts[] = {"<profile uri='http://x.invalid/' />", " ", "<!-- -->"};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct flood *x = flood_new(false);
        endless(x, "RPY", 0, BS_HEAD "<greeting>", parts[i], 32 << 20);
        /* nobody needs to read it: it is not kept beyond what a message may have, and not waited for */
        holds_at_most(x, 10 << 20);
        if (!over(x)) ends_within(x, x->s.w.env.limits.setup_ms + x->s.w.env.limits.close_ms);
        flood_free(x);
    }
}

static void endless_heads(void **state)
{
    static const char *const parts[] = {"x-head: value\r\n", "x", " folded\r\n"};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct flood *x = flood_new(true);
        endless(x, "MSG", 1, "", parts[i], 32 << 20);
        holds_at_most(x, 10 << 20);
        size_t had = x->took;
        if (!over(x)) frame(x, "MSG", 0, 1, '.', SLICE_NONE);
        assert_true(over(x) || x->took > had); /* ERR 500 */
        flood_free(x);
    }
}

static void endless_xml(void **state)
{
    static const struct {
        const char *begins, *goes_on;
    } rows[] = {{BS_HEAD, "<a>"},
                {BS_HEAD "<start", " a='b'"},
                {BS_HEAD "<start number='", "1"},
                {BS_HEAD "<close code='200'>", "x"},
                {BS_HEAD "<close code='200'>", "&lt;"},
                {BS_HEAD "<start number='1'><profile uri='x:y' encoding='base64'>", "AAAA"},
                {BS_HEAD "<!DOCTYPE a [<!ENTITY b 'c'>", "<!ENTITY d '&b;&b;'>"},
                {BS_HEAD "<start number='1'>", "<profile uri='x:y' />"}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct flood *x = flood_new(true);
        endless(x, "MSG", 1, rows[i].begins, rows[i].goes_on, 1 << 20);
        assert_false(over(x));
        size_t had = x->took;
        frame(x, "MSG", 0, 1, '.', SLICE_LIT("\r\n"));
        assert_true(x->took > had); /* an error, and it goes on */
        assert_false(over(x));
        holds_at_most(x, 5 << 20);
        mgmt(x, "MSG", 2, "<start number='1'><profile uri='" BEEP_URI_ECHO "' /></start>");
        assert_non_null(beep_peer_bound(x->s.p, 1));
        flood_free(x);
    }
}

/* --- what cannot be read --------------------------------------------------------------------------------------------------------- */

static void ill_headers(void **state)
{
    static const char *const rows[] = {
        "MSG 0 +1 . 52 0\r\n", "MSG 0 -1 . 52 0\r\n", "MSG 0 1 . 52 99999999999999999999\r\n", "MSG 99999999999999999999 1 . 52 0\r\n",
        "MSG 0  1 . 52 0\r\n", "MSG 0 1 . 52 0 \r\n", "MSG\t0 1 . 52 0\r\n", "MSG 0 1 . 52 0x0\r\n", "MSG 0 1 , 52 0\r\n", "MSG 0 1 . 52\r\n",
        "MSG 0 1 . 52 0 0\r\n", "msg 0 1 . 52 0\r\n", "SEQ 0 0 99999999999999999999\r\n", "SEQ 0 0 +4096\r\n", "SEQ 0 -0 4096\r\n", "XYZ",
        "SEQ 0 4294967295 4096\r\n", "NUL 0 0 . 52 5\r\n", "\r\n", " MSG 0 1 . 52 0\r\n", "MSG 0 1 . 52 0\n", "SEQ 3 0 4096\r\n", "MSG 3 1 . 0 0\r\n"};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct flood *x = flood_new(true);
        ends_without_a_word(x, rows[i]);
        holds_at_most(x, 4 * KIB);
        ends_within(x, x->s.w.env.limits.close_ms);
        flood_free(x);
    }
    struct flood *x = flood_new(true); /* a header without end */
    char zeros[1001];
    memset(zeros, '0', 1000);
    zeros[1000] = 0;
    hurl_text(x, "MSG ");
    ends_without_a_word(x, zeros);
    holds_at_most(x, 4 * KIB);
    flood_free(x);
}

/* Keywords that take turns within one reply, and NUL with payload. */
static void keywords_in_turn(void **state)
{
    static const char *const rows[][2] = {{"ANS", "RPY"}, {"RPY", "ANS"}, {"RPY", "ERR"}, {"ERR", "RPY"}, {"ANS", "ERR"}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct flood *x = flood_new(true);
        char text[100];
        open_echo(x, 1, 1);
        assert_int_equal(beep_peer_msg(beep_peer_bound(x->s.p, 1), &(uint32_t){0}, SLICE_LIT("ask"), true, x->s.now), OK);
        take(x);
        snprintf(text, sizeof text, "%s 1 1 * 0 0%s\r\nEND\r\n", rows[i][0], strcmp(rows[i][0], "ANS") == 0 ? " 0" : "");
        hurl_text(x, text);
        assert_false(over(x));
        snprintf(text, sizeof text, "%s 1 1 * 0 0%s\r\n", rows[i][1], strcmp(rows[i][1], "ANS") == 0 ? " 0" : "");
        ends_without_a_word(x, text);
        flood_free(x);
    }
    struct flood *x = flood_new(true);
    open_echo(x, 1, 1);
    assert_int_equal(beep_peer_msg(beep_peer_bound(x->s.p, 1), &(uint32_t){0}, SLICE_LIT("ask"), true, x->s.now), OK);
    take(x);
    ends_without_a_word(x, "NUL 1 1 . 0 5\r\nhelloEND\r\n");
    flood_free(x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(huge_sizes),
        cmocka_unit_test(one_octet_a_second),
        cmocka_unit_test(many_starts),
        cmocka_unit_test(many_seqs),
        cmocka_unit_test(many_cycles),
        cmocka_unit_test(long_pipeline),
        cmocka_unit_test(pipeline_without_window),
        cmocka_unit_test(pipeline_on_zero),
        cmocka_unit_test(no_window_for_ever),
        cmocka_unit_test(never_reads),
        cmocka_unit_test(never_reads_replies),
        cmocka_unit_test(endless_greeting),
        cmocka_unit_test(endless_heads),
        cmocka_unit_test(endless_xml),
        cmocka_unit_test(ill_headers),
        cmocka_unit_test(keywords_in_turn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
