/* SPDX-License-Identifier: MIT */
/* One BEEP peer against octets: what it answers to each mistake, and to what is unusual and right. */
#include "test/beep_script.h"

#define START(n, uri) "<start number='" #n "'><profile uri='" uri "' /></start>"

static void listener(struct beep_script *s)
{
    bw_env(&s->w);
    bs_open(s, 1);
    bs_greet(s, "<greeting />");
}

/* --- channel 0 ----------------------------------------------------------------------------------------------------------- */

static void asked(void **state)
{
    static const struct {
        const char *element; /* NULL: payload */
        const char *payload;
        enum beep_keyword keyword;
        const char *holds;
    } rows[] = {
        {START(1, BEEP_URI_ECHO), NULL, BEEP_RPY, "<profile uri='" BEEP_URI_ECHO "'"},
        {START(2147483647, BEEP_URI_ECHO), NULL, BEEP_RPY, "<profile"},
        {START(2, BEEP_URI_ECHO), NULL, BEEP_ERR, "code='501'"},
        {START(0, BEEP_URI_ECHO), NULL, BEEP_ERR, "code='501'"},
        {START(2147483648, BEEP_URI_ECHO), NULL, BEEP_ERR, "code='501'"},
        {START(1, "http://nobody.invalid/"), NULL, BEEP_ERR, "code='550'"},
        {START(1, BEEP_URI_TLS), NULL, BEEP_ERR, "code='550'"},
        {START(1, BEEP_URI_SASL "PLAIN"), NULL, BEEP_ERR, "code='550'"},
        {"<start number='1'><profile uri='http://nobody.invalid/' /><profile uri='" BEEP_URI_MANY "' /><profile uri='" BEEP_URI_ECHO "' /></start>",
         NULL, BEEP_RPY, BEEP_URI_MANY},
        {"<start number='1'></start>", NULL, BEEP_ERR, "code='501'"},
        {"<start><profile uri='" BEEP_URI_ECHO "' /></start>", NULL, BEEP_ERR, "code='501'"},
        {"<start number='1'><profile /></start>", NULL, BEEP_ERR, "code='501'"},
        {"<start number='1'><profile uri='" BEEP_URI_ECHO "' encoding='x' /></start>", NULL, BEEP_ERR, "code='501'"},
        {"<start number='1'><profile uri='" BEEP_URI_ECHO "' encoding='base64'>aGFsbG8=</profile></start>", NULL, BEEP_RPY, "hallo"},
        {"<start number='1'><profile uri='" BEEP_URI_ECHO "' ><![CDATA[<hallo/>]]></profile></start>", NULL, BEEP_RPY, "<hallo/>"},
        {"<close number='1' code='200' />", NULL, BEEP_ERR, "code='550'"},
        {"<close number='1' />", NULL, BEEP_ERR, "code='501'"},
        {"<close number='x' code='200' />", NULL, BEEP_ERR, "code='501'"},
        {"<ok />", NULL, BEEP_ERR, "code='501'"},
        {"<greeting />", NULL, BEEP_ERR, "code='501'"},
        {"<profile uri='" BEEP_URI_ECHO "' />", NULL, BEEP_ERR, "code='501'"},
        {"<foo />", NULL, BEEP_ERR, "code='501'"},
        {"<start number='1'>", NULL, BEEP_ERR, "code='500'"},
        {"<?xml version='1.0'?><close code='200' />", NULL, BEEP_ERR, "code='500'"},
        {"<!DOCTYPE close><close code='200' />", NULL, BEEP_ERR, "code='500'"},
        {"", NULL, BEEP_ERR, "code='500'"},
        {NULL, "", BEEP_ERR, "code='50"},
        {NULL, "x", BEEP_ERR, "code='500'"},
        {NULL, "Content-Type: text/xml\r\n\r\n<close code='200' />", BEEP_ERR, "code='500'"},
        {NULL, "\r\n" START(1, BEEP_URI_ECHO), BEEP_ERR, "code='500'"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct beep_script s;
        listener(&s);
        if (rows[i].element) bs_mgmt(&s, "MSG", 7, rows[i].element);
        else bs_frame(&s, "MSG", 0, 7, '.', rows[i].payload);
        bs_expect(&s, rows[i].keyword, 0, 7, rows[i].holds);
        bs_alive(&s);
        /* and it goes on */
        bs_mgmt(&s, "MSG", 8, START(3, BEEP_URI_ECHO));
        bs_expect(&s, BEEP_RPY, 0, 8, "<profile");
        bs_frame(&s, "MSG", 3, 0, '.', "\r\nhello");
        bs_expect(&s, BEEP_RPY, 3, 0, "\r\nhello");
        bs_mgmt(&s, "MSG", 9, "<close number='3' code='200' />");
        bs_expect(&s, BEEP_RPY, 0, 9, "<ok />");
        bs_mgmt(&s, "MSG", 0, "<close code='200' />");
        bs_expect(&s, BEEP_RPY, 0, 0, "<ok />");
        bs_dead(&s);
        assert_string_equal(beep_peer_why(s.p), "");
        bs_close(&s);
    }
}

static void initial_content(void **state)
{
    (void)state;
    for (int over = 0; over < 2; over++) {
        struct beep_script s;
        char text[8192];
        listener(&s);
        int n = snprintf(text, sizeof text, "<start number='1'><profile uri='" BEEP_URI_ECHO "'>");
        memset(text + n, 'x', 4096 + (size_t)over);
        snprintf(text + n + 4096 + over, 100, "</profile></start>");
        /* over the initial window (BEEP-D09): nothing is said about what becomes of that; SEQ would come first */
        s.p->c.track.channel[0]->dir[0].edge = s.p->c.track.channel[0]->dir[0].edge_max = 100000;
        bs_mgmt(&s, "MSG", 1, text);
        bs_expect(&s, over ? BEEP_ERR : BEEP_RPY, 0, 1, over ? "code='501'" : "<profile");
        bs_close(&s);
    }
}

static void in_use(void **state)
{
    struct beep_script s;
    (void)state;
    listener(&s);
    bs_mgmt(&s, "MSG", 1, START(1, BEEP_URI_ECHO));
    bs_expect(&s, BEEP_RPY, 0, 1, "<profile");
    bs_mgmt(&s, "MSG", 2, START(1, BEEP_URI_MANY));
    bs_expect(&s, BEEP_ERR, 0, 2, "code='550'");
    bs_frame(&s, "MSG", 1, 0, '.', "x");
    bs_expect(&s, BEEP_RPY, 1, 0, "x");
    bs_close(&s);
}

static void languages(void **state)
{
    static const struct {
        const char *localize;
        bool named;
    } rows[] = {{"en", false}, {"en-GB fr", false}, {"i-default", false}, {"fr en", true}, {"eng", true}, {"EN", false}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct beep_script s;
        char greeting[80];
        bw_env(&s.w);
        bs_open(&s, 1);
        snprintf(greeting, sizeof greeting, "<greeting localize='%s' />", rows[i].localize);
        bs_greet(&s, greeting);
        bs_mgmt(&s, "MSG", 1, "<close number='1' code='200' />");
        bs_expect(&s, BEEP_ERR, 0, 1, rows[i].named ? "xml:lang='en'" : "<error code='550'>");
        bs_close(&s);
    }
}

/* Replies come in the order of the MSGs, and what waits for a channel to be quiet keeps what is behind it waiting. */
static void in_order(void **state)
{
    struct beep_script s;
    struct buf b;
    (void)state;
    listener(&s);
    bs_mgmt(&s, "MSG", 1, START(1, BEEP_URI_ECHO));
    bs_expect(&s, BEEP_RPY, 0, 1, "<profile");
    bs_frame(&s, "MSG", 1, 4, '*', "half");
    buf_init(&b, &mem_libc, 1 << 20);
    bs_mgmt(&s, "MSG", 2, "<close number='1' code='200' />"); /* too early: waited for all the same */
    bs_mgmt(&s, "MSG", 3, START(2, BEEP_URI_ECHO));
    bs_mgmt(&s, "MSG", 4, START(3, BEEP_URI_ECHO));
    bs_mgmt(&s, "MSG", 5, "<close");
    bs_mgmt(&s, "MSG", 6, "<close number='9' code='200' />");
    bs_alive(&s);
    bs_frame(&s, "MSG", 1, 4, '.', " done");
    bs_expect(&s, BEEP_RPY, 1, 4, "half done");
    bs_expect(&s, BEEP_RPY, 0, 2, "<ok />");
    bs_expect(&s, BEEP_ERR, 0, 3, "code='501'");
    bs_expect(&s, BEEP_RPY, 0, 4, "<profile");
    bs_expect(&s, BEEP_ERR, 0, 5, "code='500'");
    bs_expect(&s, BEEP_ERR, 0, 6, "code='550'");
    bs_alive(&s);
    buf_done(&b);
    bs_close(&s);
}

/* What waits on channel 0 has a limit. */
static void flood(void **state)
{
    struct beep_script s;
    (void)state;
    listener(&s);
    bs_mgmt(&s, "MSG", 1, START(1, BEEP_URI_ECHO));
    bs_expect(&s, BEEP_RPY, 0, 1, "<profile");
    bs_frame(&s, "MSG", 1, 4, '*', "half");
    bs_mgmt(&s, "MSG", 2, "<close number='1' code='200' />");
    uint32_t n = 3;
    while (!s.p->ending && n < 10000)
        bs_frame(&s, "MSG", 0, n++, '.', "");
    assert_true(n > PEER_ASKS_MAX && n < PEER_ASKS_MAX + 10);
    bs_dead(&s);
    bs_close(&s);
}

/* Thousands of starts in one go are answered one by one, whatever the peer reads. */
static void pipelined(void **state)
{
    struct beep_script s;
    (void)state;
    listener(&s);
    size_t bad = 0, good = 0;
    for (uint32_t i = 0; i < 3000; i++) {
        char start[200];
        snprintf(start, sizeof start, "<start number='%u'><profile uri='%s' /></start>", (unsigned)(2 * (i % 1500) + 1), BEEP_URI_ECHO);
        bs_mgmt(&s, "MSG", i + 1, start);
        while (bs_next(&s)) {
            good += s.f.keyword == BEEP_RPY;
            bad += s.f.keyword == BEEP_ERR;
            char seq[80];
            if (s.f.more) continue;
            snprintf(seq, sizeof seq, "SEQ 0 %u 60000\r\n", (unsigned)(s.f.seqno + s.f.size));
            bs_raw(&s, seq);
        }
    }
    assert_int_equal(good, 1500);
    assert_int_equal(bad, 1500);
    bs_alive(&s);
    bs_close(&s);
}

static void start_nothing(struct beep_bound *b, slice init, struct buf *answer, struct beep_refusal *no, uint64_t now)
{
    (void)b;
    (void)init;
    (void)answer;
    (void)no;
    (void)now;
}

/* More channels than the limit are declined, and the session goes on. */
static void too_many(void **state)
{
    struct beep_script s;
    char start[200];
    (void)state;
    listener(&s);
    for (uint32_t i = 0; i <= PEER_CHANNELS_MAX; i++) {
        snprintf(start, sizeof start, "<start number='%u'><profile uri='%s' /></start>", (unsigned)(2 * i + 1), BEEP_URI_ECHO);
        bs_mgmt(&s, "MSG", i + 1, start);
        bs_expect(&s, i < PEER_CHANNELS_MAX ? BEEP_RPY : BEEP_ERR, 0, i + 1, i < PEER_CHANNELS_MAX ? "<profile" : "code='450'");
        snprintf(start, sizeof start, "SEQ 0 %u 60000\r\n", (unsigned)(s.f.seqno + s.f.size));
        bs_raw(&s, start);
    }
    bs_alive(&s);
    bs_close(&s);
}

/* 2.7: a profile that takes no messages says so. */
static void takes_nothing(void **state)
{
    struct beep_script s;
    struct beep_profile deaf = {.uri = "http://deaf.invalid/", .start = start_nothing};
    const struct beep_profile *list[] = {&deaf};
    (void)state;
    bw_env(&s.w);
    s.w.setup[1].profile = list;
    s.w.setup[1].profiles = 1;
    bs_open(&s, 1);
    bs_greet(&s, "<greeting />");
    bs_mgmt(&s, "MSG", 1, START(1, "http://deaf.invalid/"));
    bs_expect(&s, BEEP_RPY, 0, 1, "<profile");
    bs_frame(&s, "MSG", 1, 5, '.', "hello");
    bs_expect(&s, BEEP_ERR, 1, 5, "code='550'");
    bs_alive(&s);
    bs_close(&s);
}

/* --- what ends the session without a word ---------------------------------------------------------------------------------- */

static void poorly_formed(void **state)
{
    static const char *const rows[] = {
        "FOO 0 1 . 52 0\r\nEND\r\n",       "msg 0 1 . 52 0\r\nEND\r\n",      "MSG 0 1 . 52\r\n",
        "MSG  0 1 . 52 0\r\nEND\r\n",      "MSG 2147483648 1 . 52 0\r\n",    "MSG 0 2147483648 . 52 0\r\n",
        "MSG 0 1 , 52 0\r\nEND\r\n",       "MSG 0 1 . 4294967296 0\r\n",     "MSG 0 1 . 52 2147483648\r\n",
        "MSG 0 1 . 52 0\nEND\r\n",         "MSG 0 1 . 52 0\r\nEND\n",        "MSG 0 1 . 53 0\r\nEND\r\n",
        "MSG 9 1 . 0 0\r\nEND\r\n",        "RPY 0 1 . 52 0\r\nEND\r\n",      "RPY 0 0 . 52 0\r\nEND\r\n",
        "ANS 0 1 . 52 0\r\nEND\r\n",       "NUL 0 1 * 52 0\r\nEND\r\n",      "SEQ 0 999999 4096\r\n",
        "SEQ 5 0 4096\r\n",                "SEQ 0 0 2147483648\r\n",         "MSG 0 1 . 52 2147483647\r\n",
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct beep_script s;
        listener(&s);
        assert_int_equal(s.seq[0], 52);
        bs_raw(&s, rows[i]);
        bs_dead(&s);
        assert_string_not_equal(beep_peer_why(s.p), "");
        assert_non_null(strstr(s.w.side[1].said, "peer broke BEEP"));
        bs_mgmt(&s, "MSG", 8, START(3, BEEP_URI_ECHO)); /* nothing behind it is looked at */
        bs_dead(&s);
        bs_close(&s);
    }
}

static void no_greeting(void **state)
{
    static const char *const rows[] = {"MSG 0 1 . 0 0\r\nEND\r\n", "ERR 0 0 . 0 60\r\n" BS_HEAD "<error code='421' />\r\nEND\r\n",
                                       "RPY 0 1 . 0 52\r\n" BS_HEAD "<greeting />\r\nEND\r\n",
                                       "RPY 0 0 . 0 46\r\n" BS_HEAD "<ok />\r\nEND\r\n", "RPY 0 0 . 0 1\r\nxEND\r\n"};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct beep_script s;
        bw_env(&s.w);
        bs_open(&s, 1);
        bs_expect(&s, BEEP_RPY, 0, 0, "<greeting");
        bs_raw(&s, rows[i]);
        bs_dead(&s);
        bs_close(&s);
    }
}

/* The initiator's side: replies on channel 0 that are none. */
static void useless_replies(void **state)
{
    static const struct {
        const char *keyword, *element;
        bool dead;
    } rows[] = {{"RPY", "<ok />", true},
                {"RPY", "<profile", true},
                {"RPY", "<profile uri='http://nobody.invalid/' />", true},
                {"RPY", "<error code='550' />", true},
                {"ERR", "<profile uri='" BEEP_URI_ECHO "' />", true},
                {"ERR", "<error />", true},
                {"ERR", "<error code='550' />", false},
                {"ERR", "<error code='999' />", true},
                {"RPY", "<profile uri='" BEEP_URI_ECHO "' />", false}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct beep_script s;
        bw_env(&s.w);
        struct beep_profile app = bw_profile(&s.w, BEEP_URI_ECHO);
        bs_open(&s, 0);
        bs_greet(&s, "<greeting />");
        struct bw_chan *c = bw_start(&s.w, 0, &app, SLICE_NONE, s.now);
        bs_take_out(&s);
        bs_expect(&s, BEEP_MSG, 0, 1, "<start number='1'>");
        bs_mgmt(&s, rows[i].keyword, 1, rows[i].element);
        if (rows[i].dead) bs_dead(&s);
        else bs_alive(&s);
        if (!rows[i].dead) assert_int_equal(c->no.code, rows[i].keyword[0] == 'E' ? 550 : 0);
        bs_close(&s);
        assert_int_equal(c->started, 1); /* it has been told in any case */
    }
}

/* --- what is unusual and right ------------------------------------------------------------------------------------------------ */

/* 2.7: who came as a client answers, too. */
static void initiator_is_asked(void **state)
{
    struct beep_script s;
    (void)state;
    bw_env(&s.w);
    bs_open(&s, 0);
    bs_greet(&s, "<greeting />");
    bs_mgmt(&s, "MSG", 1, START(2, BEEP_URI_ECHO));
    bs_expect(&s, BEEP_RPY, 0, 1, "<profile");
    bs_mgmt(&s, "MSG", 2, START(1, BEEP_URI_ECHO));
    bs_expect(&s, BEEP_ERR, 0, 2, "code='501'");
    bs_mgmt(&s, "MSG", 3, START(4, "http://nobody.invalid/"));
    bs_expect(&s, BEEP_ERR, 0, 3, "code='550'");
    bs_alive(&s);
    bs_close(&s);
}

/* 2.6.3: our MSG is refused before its end: an empty frame ends it, and the profile's further pieces go nowhere. */
static void cut(void **state)
{
    struct beep_script s;
    uint32_t msgno = 0, second = 0;
    (void)state;
    bw_env(&s.w);
    struct beep_profile app = bw_profile(&s.w, BEEP_URI_ECHO);
    bs_open(&s, 0);
    bs_greet(&s, "<greeting />");
    struct bw_chan *c = bw_start(&s.w, 0, &app, SLICE_NONE, s.now);
    bs_take_out(&s);
    bs_expect(&s, BEEP_MSG, 0, 1, "<start");
    bs_mgmt(&s, "RPY", 1, "<profile uri='" BEEP_URI_ECHO "' />");
    assert_int_equal(beep_peer_msg(c->b, &msgno, SLICE_LIT("first"), false, s.now), OK);
    bs_take_out(&s);
    bs_expect(&s, BEEP_MSG, 1, 1, "first");
    assert_true(s.f.more);
    bs_frame(&s, "ERR", 1, 1, '.', "no");
    bs_expect(&s, BEEP_MSG, 1, 1, "");
    assert_false(s.f.more);
    assert_int_equal(s.f.size, 0);
    assert_int_equal(beep_peer_msg(c->b, &msgno, SLICE_LIT("second"), true, s.now), OK);
    bs_take_out(&s);
    bs_alive(&s);
    assert_int_equal(beep_peer_msg(c->b, &second, SLICE_LIT("other"), true, s.now), OK);
    bs_take_out(&s);
    bs_expect(&s, BEEP_MSG, 1, 2, "other");
    assert_int_equal(c->errors, 1);
    bs_alive(&s);
    bs_close(&s);
}

/* A release that we asked for and that crosses theirs: both are granted. */
static void crossing(void **state)
{
    struct beep_script s;
    (void)state;
    listener(&s);
    assert_int_equal(beep_peer_close(s.p, 0, s.now), OK);
    bs_take_out(&s);
    bs_expect(&s, BEEP_MSG, 0, 1, "<close code='200' />");
    bs_mgmt(&s, "MSG", 1, "<close number='0' code='200' />");
    bs_expect(&s, BEEP_RPY, 0, 1, "<ok />");
    bs_dead(&s);
    assert_string_equal(beep_peer_why(s.p), "");
    bs_close(&s);

    listener(&s);
    assert_int_equal(beep_peer_close(s.p, 0, s.now), OK);
    bs_take_out(&s);
    bs_expect(&s, BEEP_MSG, 0, 1, "<close");
    bs_mgmt(&s, "MSG", 5, START(1, BEEP_URI_ECHO)); /* was on its way */
    bs_expect(&s, BEEP_ERR, 0, 5, "code='550'");
    bs_mgmt(&s, "ERR", 1, "<error code='550'>still working</error>");
    bs_alive(&s);
    assert_int_equal(s.w.side[1].declined, 1);
    bs_mgmt(&s, "MSG", 6, START(1, BEEP_URI_ECHO));
    bs_expect(&s, BEEP_RPY, 0, 6, "<profile");

    /* theirs waits for a message to end when they agree to ours: it is granted on the way out */
    assert_int_equal(beep_peer_close(s.p, 0, s.now), OK);
    bs_take_out(&s);
    bs_expect(&s, BEEP_MSG, 0, 2, "<close");
    bs_frame(&s, "MSG", 1, 1, '*', "begun");
    bs_mgmt(&s, "MSG", 7, "<close code='200' />");
    bs_alive(&s);
    bs_mgmt(&s, "RPY", 2, "<ok />");
    bs_expect(&s, BEEP_RPY, 0, 7, "<ok />");
    bs_dead(&s);
    bs_close(&s);
}

/* A close is asked for once our MSG is acknowledged, which the first frame of the reply does; where the peer asks, it is granted once the reply is complete, and
 * nothing new is begun meanwhile (2.3.1.3). */
static void closes_in_time(void **state)
{
    (void)state;
    for (int ours = 0; ours < 2; ours++) {
        struct beep_script s;
        uint32_t msgno = 0, other = 0;
        bw_env(&s.w);
        struct beep_profile app = bw_profile(&s.w, BEEP_URI_ECHO);
        bs_open(&s, 0);
        bs_greet(&s, "<greeting />");
        struct bw_chan *c = bw_start(&s.w, 0, &app, SLICE_NONE, s.now);
        bs_take_out(&s);
        bs_expect(&s, BEEP_MSG, 0, 1, "<start");
        bs_mgmt(&s, "RPY", 1, "<profile uri='" BEEP_URI_ECHO "' />");
        assert_int_equal(beep_peer_msg(c->b, &msgno, SLICE_LIT("hello"), true, s.now), OK);
        bs_take_out(&s);
        bs_expect(&s, BEEP_MSG, 1, 1, "hello");
        if (ours) assert_int_equal(beep_peer_close(s.p, 1, s.now), OK);
        else bs_mgmt(&s, "MSG", 1, "<close number='1' code='200' />");
        bs_take_out(&s);
        bs_alive(&s);
        if (!ours) assert_int_equal(beep_peer_msg(c->b, &other, SLICE_LIT("more"), true, s.now), ERR_USE);
        bs_frame(&s, "RPY", 1, 1, '*', "");
        if (ours) bs_expect(&s, BEEP_MSG, 0, 2, "<close number='1' code='200' />");
        bs_alive(&s);
        if (ours) assert_int_equal(beep_peer_msg(c->b, &other, SLICE_LIT("more"), true, s.now), ERR_USE);
        bs_frame(&s, "RPY", 1, 1, '.', "");
        if (!ours) bs_expect(&s, BEEP_RPY, 0, 1, "<ok />");
        else bs_mgmt(&s, "RPY", 2, "<ok />");
        bs_alive(&s);
        assert_int_equal(c->closed, 1);
        bs_close(&s);
    }
}

/* A window of nothing: what we have to say waits, and comes once it may. */
/* Frames that TCP gave together are granted anew by one SEQ, in front of the reply (3081 3.1.4); those behind the reply by another. */
static void one_seq_for_all_of_it(void **state)
{
    static const char *const wanted[] = {"SEQ 1 1200 16384\r\n", "RPY 1 1 * 0 912\r\n", "RPY 1 1 . 912 288\r\n", "SEQ 1 1600 16384\r\n"};
    char part[401];
    struct beep_script s;
    struct buf b;
    (void)state;
    memset(part, 'x', sizeof part - 1);
    part[sizeof part - 1] = 0;
    listener(&s);
    bs_mgmt(&s, "MSG", 1, "<start number='1'><profile uri='" BEEP_URI_ECHO "' /></start>");
    bs_expect(&s, BEEP_RPY, 0, 1, "<profile");
    bs_alive(&s);
    buf_init(&b, &mem_libc, 1 << 20);
    for (int i = 0; i < 4; i++)
        bs_add(&s, &b, "MSG", 1, i < 3 ? 1 : 2, i == 2 ? '.' : '*', slice_str(part));
    bs_feed(&s, buf_slice(&b));
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        size_t used;
        assert_true(slice_starts(buf_slice(&s.out), slice_str(wanted[i])));
        struct beep_frame f;
        assert_int_equal(beep_frame_read(buf_slice(&s.out), 1 << 20, &f, &used), OK);
        buf_take(&s.out, used);
    }
    assert_int_equal(s.out.n, 0);
    bs_frame(&s, "MSG", 1, 2, '*', part); /* alone, and there is nothing else to be said */
    assert_true(slice_eq(buf_slice(&s.out), SLICE_LIT("SEQ 1 2000 16384\r\n")));
    buf_done(&b);
    bs_close(&s);
}

static void small_windows(void **state)
{
    struct beep_script s;
    (void)state;
    listener(&s);
    bs_next(&s);
    bs_raw(&s, "SEQ 0 0 0\r\n"); /* takes back what was granted: bad manners, no more */
    bs_mgmt(&s, "MSG", 1, START(1, BEEP_URI_ECHO));
    bs_alive(&s);
    bs_raw(&s, "SEQ 0 0 100000\r\n");
    bs_expect(&s, BEEP_RPY, 0, 1, "<profile");
    bs_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asked),
        cmocka_unit_test(initial_content),
        cmocka_unit_test(in_use),
        cmocka_unit_test(languages),
        cmocka_unit_test(in_order),
        cmocka_unit_test(flood),
        cmocka_unit_test(pipelined),
        cmocka_unit_test(too_many),
        cmocka_unit_test(takes_nothing),
        cmocka_unit_test(poorly_formed),
        cmocka_unit_test(no_greeting),
        cmocka_unit_test(useless_replies),
        cmocka_unit_test(initiator_is_asked),
        cmocka_unit_test(cut),
        cmocka_unit_test(crossing),
        cmocka_unit_test(closes_in_time),
        cmocka_unit_test(one_seq_for_all_of_it),
        cmocka_unit_test(small_windows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
