/* SPDX-License-Identifier: MIT */
/* An analyzer of IDXP that is told what a test wants: rejections in each form, odd replies, silence. */
#include "test/idxp_script.h"

/* --- what an analyzer is told ---------------------------------------------------------------------------------------------- */

static struct iw_bare *analyzer(struct idxp_world *w, enum idxp_dialect dialect, bool embed)
{
    iw_init(w, dialect, 0);
    struct iw_bare *x = iw_bare(w, 1);
    w->setup[0].idxp.embed = embed;
    iw_item(w, IDXP_TEXT, SLICE_LIT("one"));
    iw_item(w, IDXP_TEXT, SLICE_LIT("two"));
    w->setup[0].pipeline = 1;
    return x;
}

static void answer(struct iw_bare *x, struct idxp_world *w, enum beep_keyword keyword, uint32_t msgno, const char *text)
{
    if (x->b) assert_int_equal(beep_peer_reply(x->b, keyword, msgno, 0, slice_str(text), true, net_now(w->net)), OK);
    iw_run(w, SOME);
}

/* Without the greeting of the other side: the draft lets data go, the RFC does not. */
static void test_analyzer_waits(void **state)
{
    (void)state;
    for (int dialect = 0; dialect < 2; dialect++)
        for (int embed = 0; embed < 2; embed++) {
            struct idxp_world w;
            struct iw_bare *x = analyzer(&w, (enum idxp_dialect)dialect, embed);
            x->greets = x->accepts = false;
            if (embed) x->init = "<ok />";
            begin(&w);
            size_t said_by_now = embed ? 0 : 1;
            if (!embed) { /* nothing before its greeting was answered */
                assert_int_equal(x->said_n, 1);
                assert_non_null(strstr(x->said[0].text, "role='client'"));
                answer(x, &w, BEEP_RPY, x->said[0].msgno, XML "<ok />");
            } else {
                assert_non_null(strstr(x->answer, "<IDXP-Greeting uri='https://a.example.org/analyzer' role='client' />"));
            }
            assert_int_equal(x->said_n, said_by_now + (dialect == IDXP_DRAFT));
            uint32_t msgno;
            iw_send(x, AS_SERVER, &msgno);
            x->accepts = true;
            iw_run(&w, SOME);
            assert_int_equal(code_of(reply_to(x, msgno)), 200);
            if (dialect == IDXP_DRAFT) answer(x, &w, BEEP_RPY, x->said[said_by_now].msgno, XML "<ok />");
            iw_run(&w, HOUR);
            assert_int_equal(w.oks, 2);
            iw_close(&w);
        }
}

/* Rejected, however that is said, no data comes, and the session ends in order. */
static void test_analyzer_is_rejected(void **state)
{
    static const uint16_t codes[] = {421, 450, 454, 500, 501, 504, 530, 534, 535, 537, 550, 553, 554};
    (void)state;
    for (int dialect = 0; dialect < 2; dialect++)
        for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
            for (int way = 0; way < 3; way++) { /* by a MSG's reply, in the answer to start, by ERR there */
                struct idxp_world w;
                char text[200], inside[100];
                struct iw_bare *x = analyzer(&w, (enum idxp_dialect)dialect, way != 0);
                snprintf(inside, sizeof inside, " <error code='%u'>not you,\r\n  eve</error> ", (unsigned)codes[i]);
                snprintf(text, sizeof text, XML "%s", inside);
                x->accepts = false;
                if (way == 1) x->init = inside;
                if (way == 2) x->no.code = codes[i];
                begin(&w);
                if (way == 0) answer(x, &w, BEEP_ERR, x->said[0].msgno, text);
                iw_run(&w, HOUR);
                assert_true(iw_over(&w, 0));
                snprintf(text, sizeof text, "%s: %u ", way == 2 ? "declined" : "rejected", (unsigned)codes[i]);
                if (!strstr(idxp_peer_why(w.p[0]), text)) fail_msg("%s, not %s", idxp_peer_why(w.p[0]), text);
                assert_int_equal(w.oks, 0);
                for (size_t k = 0; k < x->said_n; k++)
                    assert_null(strstr(x->said[k].text, "text/plain"));
                assert_true(w.p[0]->b->c.track.released_by[0] || w.p[0]->b->c.track.released_by[1]);
                iw_close(&w);
            }
}

/* Inside the answer to its start as well: what is neither ok nor error is no answer. */
static void test_odd_embedded_answers(void **state)
{
    static const char *const rows[] = {"<what />", "<ok", "<IDXP-Greeting uri='http://x/' role='server' />", "<ok>x</ok>", ""};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct idxp_world w;
        struct iw_bare *x = analyzer(&w, IDXP_RFC, true);
        x->init = rows[i];
        begin(&w);
        if (!x->closed) fail_msg("%s", rows[i]);
        assert_int_equal(w.oks, 0);
        iw_close(&w);
    }
}

/* What greetings of ours say in either dialect. */
static void test_what_is_greeted(void **state)
{
    static const char *const want[IDXP_DIALECTS] = {
        XML "<IDXP-Greeting uri='https://a.example.org/analyzer' role='client' fqdn='a.example.org' ip='10.0.0.27'>in the cellar</IDXP-Greeting>\r\n",
        NULL};
    (void)state;
    for (int dialect = 0; dialect < 2; dialect++) {
        struct idxp_world w;
        struct iw_bare *x = analyzer(&w, (enum idxp_dialect)dialect, false);
        struct idxp_setup *s = &w.setup[0].idxp;
        s->fqdn = "a.example.org";
        s->ip = "10.0.0.27";
        s->text = "in the cellar";
        s->priority_given = true;
        s->priority = 5;
        s->stream = IDXP_HEARTBEAT;
        begin(&w);
        const char *text = x->said[0].text;
        if (want[dialect]) assert_string_equal(text, want[dialect]);
        if (dialect == IDXP_RFC) {
            assert_non_null(strstr(text, "fqdn='a.example.org'"));
            assert_non_null(strstr(text, "<channelPriority priority='5'"));
            assert_non_null(strstr(text, "<streamType type='heartbeat'"));
            assert_null(strstr(text, "10.0.0.27"));
            assert_null(strstr(text, "cellar"));
        }
        iw_close(&w);
    }
}

/* A reply that is none: the channel is closed, and nothing counts as acknowledged. */
static void test_odd_replies(void **state)
{
    static const struct {
        enum beep_keyword keyword;
        const char *text;
    } rows[] = {
        {BEEP_RPY, XML "<what />"}, {BEEP_RPY, XML "<error code='550' />"}, {BEEP_ERR, XML "<ok />"}, {BEEP_RPY, "\r\nok"}, {BEEP_RPY, ""}, {BEEP_ANS, XML "<ok />"}, {BEEP_RPY, XML "<ok"},
        {BEEP_RPY, XML "<IDXP-Greeting uri='http://x/' role='server' />"}, {BEEP_NUL, ""}, {BEEP_RPY, XML "<ok code='200' />"},
    };
    (void)state;
    for (int to_data = 0; to_data < 2; to_data++)
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
            struct idxp_world w;
            struct iw_bare *x = analyzer(&w, IDXP_RFC, false);
            begin(&w);
            x->accepts = false;
            if (!to_data) {
                iw_close(&w);
                x = analyzer(&w, IDXP_RFC, false);
                x->accepts = false;
                begin(&w);
            } else {
                w.items = 0;
                iw_close(&w);
                x = analyzer(&w, IDXP_RFC, false);
                w.end = false;
                w.items = 0;
                begin(&w);
                x->accepts = false;
                w.items = 2;
                idxp_peer_poke(w.p[0], net_now(w.net));
                iw_run(&w, SOME);
                assert_non_null(strstr(x->said[x->said_n - 1].text, "one"));
            }
            uint32_t msgno = 0;
            for (size_t k = 0; k < x->said_n; k++)
                if (x->said[k].keyword == BEEP_MSG) msgno = x->said[k].msgno;
            answer(x, &w, rows[i].keyword, msgno, rows[i].text);
            if (rows[i].keyword == BEEP_ANS) answer(x, &w, BEEP_NUL, msgno, "");
            iw_run(&w, SOME);
            if (!x->closed) fail_msg("%d: %s", to_data, rows[i].text);
            assert_int_equal(w.oks, 0);
            if (to_data) assert_int_equal(w.code[1], 0);
            iw_close(&w);
        }
}

/* An error for data is told of; the next goes on. */
static void test_data_is_refused(void **state)
{
    struct idxp_world w;
    struct iw_bare *x = analyzer(&w, IDXP_RFC, false);
    (void)state;
    w.end = false;
    w.items = 0;
    begin(&w);
    x->accepts = false;
    w.items = 2;
    idxp_peer_poke(w.p[0], net_now(w.net));
    iw_run(&w, SOME);
    answer(x, &w, BEEP_ERR, x->said[x->said_n - 1].msgno, XML "<error code='450'>busy</error>");
    assert_int_equal(w.code[1], 450);
    assert_non_null(strstr(x->said[x->said_n - 1].text, "two"));
    answer(x, &w, BEEP_RPY, x->said[x->said_n - 1].msgno, XML "<ok />");
    assert_int_equal(w.code[2], 200);
    iw_close(&w);
}

/* 3080 2.6.3: a long message is refused before its end, and the next one goes. */
static void test_refused_early(void **state)
{
    struct idxp_world w;
    struct iw_bare *x = analyzer(&w, IDXP_DRAFT, false);
    static char text[300000];
    (void)state;
    memset(text, 'x', sizeof text);
    w.item[0].body = slice_of(text, sizeof text);
    w.setup[0].beep.mux.queue_max = 32768;
    x->setup.mux.window = 16384;
    w.end = false;
    w.items = 0;
    begin(&w);
    beep_peer_hold(x->b, true); /* no more than a window comes */
    x->accepts = false;
    w.items = 2;
    idxp_peer_poke(w.p[0], net_now(w.net));
    iw_run(&w, SOME);
    assert_false(x->whole);
    uint32_t msgno = x->said[x->said_n - 1].msgno;
    answer(x, &w, BEEP_ERR, msgno, XML "<error code='554'>too long</error>");
    assert_int_equal(w.code[1], 554);
    beep_peer_hold(x->b, false);
    assert_int_equal(beep_peer_consumed(x->b, SIZE_MAX), OK);
    beep_peer_work(x->p, net_now(w.net));
    iw_run(&w, SOME);
    assert_non_null(strstr(x->said[x->said_n - 1].text, "two"));
    answer(x, &w, BEEP_RPY, x->said[x->said_n - 1].msgno, XML "<ok />");
    assert_int_equal(w.code[2], 200);
    iw_close(&w);
}

/* A manager without the profile. */
static void test_no_profile(void **state)
{
    struct idxp_world w;
    struct iw_bare *x = analyzer(&w, IDXP_RFC, false);
    (void)state;
    x->profile.uri = IDXP_URI_DRAFT;
    begin(&w);
    iw_run(&w, HOUR);
    assert_true(iw_over(&w, 0));
    assert_string_equal(idxp_peer_why(w.p[0]), "the peer does not offer " IDXP_URI_RFC);
    iw_close(&w);
}

/* Who does not greet, or answers no greeting, is not waited for without end. */
static void test_silent_manager(void **state)
{
    (void)state;
    for (int accepts = 0; accepts < 2; accepts++) {
        struct idxp_world w;
        struct iw_bare *x = analyzer(&w, IDXP_RFC, false);
        x->greets = false;
        x->accepts = accepts;
        begin(&w);
        iw_run(&w, w.env.limits.setup_ms - SOME - 1);
        assert_false(iw_over(&w, 0));
        assert_string_equal(idxp_peer_why(w.p[0]), "");
        iw_run(&w, HOUR);
        assert_true(iw_over(&w, 0));
        assert_string_equal(idxp_peer_why(w.p[0]), "no greetings on a channel in time");
        iw_close(&w);
    }
}

/* Data to an analyzer is refused whatever was greeted. */
static void test_data_to_an_analyzer(void **state)
{
    struct idxp_world w;
    struct iw_bare *x = analyzer(&w, IDXP_RFC, false);
    (void)state;
    w.end = false;
    begin(&w);
    assert_int_equal(said(&w, x, TEXT "x"), 554);
    assert_int_equal(said(&w, x, AS_CLIENT), 554);
    assert_int_equal(said(&w, x, AS_SERVER), 200);
    iw_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_analyzer_waits),
        cmocka_unit_test(test_analyzer_is_rejected),
        cmocka_unit_test(test_odd_embedded_answers),
        cmocka_unit_test(test_what_is_greeted),
        cmocka_unit_test(test_odd_replies),
        cmocka_unit_test(test_data_is_refused),
        cmocka_unit_test(test_refused_early),
        cmocka_unit_test(test_no_profile),
        cmocka_unit_test(test_silent_manager),
        cmocka_unit_test(test_data_to_an_analyzer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
