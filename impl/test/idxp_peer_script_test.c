/* SPDX-License-Identifier: MIT */
/* A manager of IDXP against a bare BEEP peer that says what a test wants: each code of the list, and what may follow. */
#include "test/idxp_script.h"

static struct iw_bare *manager(struct idxp_world *w, enum idxp_dialect dialect)
{
    iw_init(w, dialect, 0);
    iw_with_schema(w);
    struct iw_bare *x = iw_bare(w, 0);
    return x;
}

/* --- greetings that a manager is told ---------------------------------------------------------------------------------------- */

static const struct {
    const char *element;
    unsigned code[IDXP_DIALECTS];
} greetings[] = {
    {"<IDXP-Greeting uri='http://x.example.org/' role='client' />", {200, 200}},
    {"<IDXP-Greeting uri='http://x.example.org/' role='client'", {500, 500}},
    {"<!DOCTYPE x><IDXP-Greeting uri='http://x.example.org/' role='client' />", {500, 500}},
    {"<IDXP-Greeting uri='http://x.example.org/' />", {501, 501}},
    {"<IDXP-Greeting role='client' />", {501, 501}},
    {"<IDXP-Greeting uri='http://x.example.org/' role='Client' />", {501, 501}},
    {"<IDXP-Greeting uri='http://x.example.org/' role='client' x='y' />", {501, 501}},
    {"<IDXP-Greeting uri='x' role='client' />", {553, 553}},
    {"<IDXP-Greeting uri='http://x.example.org/' fqdn='a..b' role='client' />", {553, 553}},
    {"<IDXP-Greeting uri='http://x.example.org/' ip='10.0.0.27' role='client' />", {200, 501}},
    {"<IDXP-Greeting uri='http://x.example.org/' ip='::1' role='client' />", {553, 501}},
    {"<IDXP-Greeting uri='http://x.example.org/' role='client'>here</IDXP-Greeting>", {200, 501}},
    {"<IDXP-Greeting uri='http://x.example.org/' role='client'><Option external='http://o.example.org/' mustUnderstand='true'/></IDXP-Greeting>", {501, 504}},
    {"<IDXP-Greeting uri='http://x.example.org/' role='client'><Option external='http://o.example.org/'/></IDXP-Greeting>", {501, 200}},
    {"<IDXP-Greeting uri='http://x.example.org/' role='client'><Option internal='channelPriority'><channelPriority priority='0'/></Option></IDXP-Greeting>", {501, 200}},
    {"<IDXP-Greeting uri='http://x.example.org/' role='client'><Option internal='channelPriority'><channelPriority priority='-1'/></Option></IDXP-Greeting>", {501, 501}},
    {"<IDXP-Greeting uri='http://x.example.org/' role='client'><Option internal='streamType' mustUnderstand='true'><streamType type='config'/></Option></IDXP-Greeting>", {501, 550}},
    {"<IDXP-Greeting uri='http://x.example.org/' role='client'><Option internal='streamType'><streamType type='config'/></Option></IDXP-Greeting>", {501, 200}},
    {"<IDXP-Greeting uri='http://x.example.org/' role='server' />", {554, 554}},
    {"<ok />", {501, 501}},
    {"<Option internal='x' />", {501, 501}},
    {"<what />", {501, 501}},
};

static void test_greetings(void **state)
{
    (void)state;
    for (int dialect = 0; dialect < 2; dialect++)
        for (size_t i = 0; i < sizeof greetings / sizeof *greetings; i++) {
            struct idxp_world w;
            char text[600];
            struct iw_bare *x = manager(&w, (enum idxp_dialect)dialect);
            unsigned want = greetings[i].code[dialect];
            x->greets = false;
            w.setup[1].idxp.streams = 1u << IDXP_ALERT | 1u << IDXP_HEARTBEAT;
            snprintf(text, sizeof text, XML "%s\r\n", greetings[i].element);
            begin(&w);
            unsigned got = said(&w, x, text);
            if (got != want) fail_msg("%s, %s: %u", idxp_dialect_names[dialect], greetings[i].element, got);
            /* and then: who is not in sends nothing, a good greeting is taken, and data with it */
            if (want != 200) assert_int_equal(said(&w, x, TEXT "no"), 554);
            assert_int_equal(said(&w, x, AS_CLIENT), 200);
            assert_int_equal(said(&w, x, TEXT "yes"), 200);
            assert_int_equal(w.alerts, 1);
            iw_close(&w);
        }
}

/* 3.2: in the start it means the same, and the channel is created all the same (IDXP-D07). */
static void test_embedded_greetings(void **state)
{
    (void)state;
    for (int dialect = 0; dialect < 2; dialect++)
        for (size_t i = 0; i < sizeof greetings / sizeof *greetings; i++) {
            struct idxp_world w;
            char code[32];
            struct iw_bare *x = manager(&w, (enum idxp_dialect)dialect);
            x->greets = false;
            x->init = greetings[i].element;
            w.setup[1].idxp.streams = 1u << IDXP_ALERT | 1u << IDXP_HEARTBEAT;
            begin(&w);
            unsigned want = greetings[i].code[dialect];
            snprintf(code, sizeof code, "code='%u'", want);
            if (!strstr(x->answer, want == 200 ? "<ok />" : code)) fail_msg("%s: %s", greetings[i].element, x->answer);
            assert_true(x->opened);
            assert_int_equal(said(&w, x, TEXT "data"), want == 200 ? 200 : 554);
            iw_close(&w);
        }
}

/* 3.4.1: at any time; the newest one that was accepted holds. */
static void test_newest_accepted_holds(void **state)
{
    struct idxp_world w;
    (void)state;
    for (int dialect = 0; dialect < 2; dialect++) {
        struct iw_bare *x = manager(&w, (enum idxp_dialect)dialect);
        begin(&w);
        assert_int_equal(said(&w, x, TEXT "1"), 200);
        assert_int_equal(said(&w, x, XML "<IDXP-Greeting uri='http://other.example.org/' role='client' />"), 200);
        assert_int_equal(said(&w, x, TEXT "2"), 200);
        assert_string_equal(w.uri, "http://other.example.org/");
        assert_int_equal(said(&w, x, XML "<IDXP-Greeting role='client' />"), 501);
        assert_int_equal(said(&w, x, TEXT "3"), 200);
        assert_int_equal(said(&w, x, AS_SERVER), 554); /* we are that already */
        assert_int_equal(said(&w, x, TEXT "4"), 200);
        assert_string_equal(w.uri, "http://other.example.org/");
        iw_close(&w);
    }
}

/* --- data ------------------------------------------------------------------------------------------------------------------ */

#define IDMEF(x) "<?xml version='1.0'?>\r\n<IDMEF-Message version='1.0' xmlns='http://iana.org/idmef'>" x "</IDMEF-Message>\r\n"
#define HEART    "<Heartbeat><Analyzer/><CreateTime ntpstamp='0x0.0x0'>2000-03-09T10:01:25Z</CreateTime></Heartbeat>"

static void test_data(void **state)
{
    static const struct {
        const char *message;
        unsigned code[IDXP_DIALECTS];
    } rows[] = {
        {XML IDMEF(HEART), {200, 200}},
        {XML IDMEF("<Heartbeat>"), {500, 500}},
        {XML IDMEF("<Heartbeat/>"), {501, 501}},
        {XML IDMEF("&x;"), {500, 500}},
        {XML "<IDMEF-Message", {500, 500}},
        {XML "<alert/>", {501, 501}},
        {TEXT "anything", {200, 200}},
        {TEXT, {200, 200}},
        {"\r\n\x01\x02", {200, 200}},
        {"Content-Type: image/png\r\n\r\nx", {504, 504}},
        {"Content-Type: text/xml\r\nContent-Transfer-Encoding: base64\r\n\r\nPElETUVGLU1lc3NhZ2UgdmVyc2lvbj0iMS4wIi8+\r\n", {200, 200}},
        {"Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!!", {501, 501}},
        {"no header", {500, 500}},
    };
    (void)state;
    for (int dialect = 0; dialect < 2; dialect++) {
        struct idxp_world w;
        struct iw_bare *x = manager(&w, (enum idxp_dialect)dialect);
        size_t taken = 0;
        begin(&w);
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
            unsigned want = rows[i].code[dialect], got = said(&w, x, rows[i].message);
            if (got != want) fail_msg("%s: %s: %u %s", idxp_dialect_names[dialect], rows[i].message, got, x->said[x->said_n - 1].text);
            taken += want == 200;
            assert_int_equal(w.alerts, taken);
        }
        assert_string_equal(w.type, "text/xml");
        assert_int_equal(w.body.n, 30);
        iw_close(&w);
    }
}

/* Data before greetings: the draft needs that of its sender, the RFC both (IDXP-D08). */
static void test_data_before_greetings(void **state)
{
    (void)state;
    for (int dialect = 0; dialect < 2; dialect++)
        for (int accepts = 0; accepts < 2; accepts++) {
            struct idxp_world w;
            struct iw_bare *x = manager(&w, (enum idxp_dialect)dialect);
            x->greets = false;
            x->accepts = accepts;
            begin(&w);
            assert_int_equal(said(&w, x, TEXT "early"), 554);
            assert_int_equal(said(&w, x, AS_CLIENT), 200);
            assert_int_equal(said(&w, x, TEXT "later"), accepts || dialect == IDXP_DRAFT ? 200 : 554);
            iw_close(&w);
        }
}

/* Who is to prove something first is told that, and not what else is wrong. */
static void test_data_without_security(void **state)
{
    struct idxp_world w;
    struct iw_bare *x = manager(&w, IDXP_RFC);
    (void)state;
    w.setup[1].idxp.need_tls = true;
    begin(&w);
    assert_int_equal(code_of(reply_to(x, 1)), 530);
    assert_int_equal(said(&w, x, TEXT "early"), 530);
    iw_close(&w);
}

static void test_too_long(void **state)
{
    struct idxp_world w;
    struct iw_bare *x = manager(&w, IDXP_RFC);
    static char text[200000];
    uint32_t msgno = 0;
    (void)state;
    memset(text, 'x', sizeof text);
    w.setup[1].idxp.content_max = 1000;
    begin(&w);
    assert_int_equal(beep_peer_msg(x->b, &msgno, SLICE_LIT(TEXT), false, net_now(w.net)), OK);
    assert_int_equal(beep_peer_msg(x->b, &msgno, slice_of(text, 500), false, net_now(w.net)), OK);
    iw_run(&w, SOME);
    assert_null(reply_to(x, msgno));
    assert_int_equal(beep_peer_msg(x->b, &msgno, slice_of(text, 501), false, net_now(w.net)), OK);
    iw_run(&w, SOME);
    assert_int_equal(code_of(reply_to(x, msgno)), 554); /* 3080 2.6.3: before its end */
    assert_int_equal(beep_peer_msg(x->b, &msgno, slice_of(text, sizeof text), true, net_now(w.net)), OK);
    iw_run(&w, SOME);
    assert_int_equal(said(&w, x, TEXT "short"), 200);
    assert_int_equal(w.alerts, 1);
    iw_close(&w);
}

static void test_store_is_busy(void **state)
{
    static const uint16_t codes[] = {421, 450, 454, 500, 501, 504, 530, 534, 535, 537, 550, 553, 554};
    struct idxp_world w;
    struct iw_bare *x = manager(&w, IDXP_DRAFT);
    (void)state;
    begin(&w);
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        w.answer = codes[i];
        assert_int_equal(said(&w, x, TEXT "x"), codes[i]);
    }
    iw_close(&w);
}

/* --- room ------------------------------------------------------------------------------------------------------------------ */

static void test_too_many_channels(void **state)
{
    struct idxp_world w;
    struct iw_bare *x = manager(&w, IDXP_RFC);
    uint32_t channel;
    (void)state;
    w.setup[1].idxp.channels_max = 2;
    begin(&w);
    for (int i = 0; i < 2; i++) {
        x->no.code = 0;
        assert_int_equal(beep_peer_start(x->p, &x->profile, SLICE_NONE, &channel, net_now(w.net)), OK);
        iw_run(&w, SOME);
        assert_int_equal(x->no.code, i ? 421 : 0);
    }
    assert_int_equal(beep_peer_close(x->p, x->b->channel, net_now(w.net)), OK);
    iw_run(&w, SOME);
    x->no.code = 0;
    assert_int_equal(beep_peer_start(x->p, &x->profile, SLICE_NONE, &channel, net_now(w.net)), OK);
    iw_run(&w, SOME);
    assert_int_equal(x->no.code, 0);
    iw_close(&w);
}

/* Shutting down: greetings are rejected with 421 until the release, which waits for what is owed, is through. */
static void test_shutting_down(void **state)
{
    struct idxp_world w;
    struct iw_bare *x = manager(&w, IDXP_RFC);
    uint32_t one, two;
    (void)state;
    w.answer = 0;
    begin(&w);
    iw_send(x, TEXT "x", &one);
    iw_run(&w, SOME);
    idxp_peer_close(w.p[1], net_now(w.net));
    iw_send(x, AS_CLIENT, &two);
    iw_run(&w, SOME);
    idxp_peer_answer(w.p[1], w.later[0].tag, IDXP_STORED, NULL, net_now(w.net));
    iw_run(&w, HOUR);
    assert_int_equal(code_of(reply_to(x, one)), 200);
    assert_int_equal(code_of(reply_to(x, two)), 421);
    assert_true(iw_over(&w, 1));
    assert_string_equal(idxp_peer_why(w.p[1]), "");
    iw_close(&w);
}

/* Two channels of one session do not touch each other. */
static void test_channels_apart(void **state)
{
    struct idxp_world w;
    struct iw_bare *x = manager(&w, IDXP_RFC);
    uint32_t channel;
    (void)state;
    begin(&w);
    struct beep_bound *first = x->b;
    x->greets = false;
    assert_int_equal(beep_peer_start(x->p, &x->profile, SLICE_NONE, &channel, net_now(w.net)), OK);
    iw_run(&w, SOME);
    assert_ptr_not_equal(x->b, first);
    x->said_n = 0;
    assert_int_equal(said(&w, x, AS_SERVER), 554);
    assert_int_equal(said(&w, x, TEXT "x"), 554);
    x->b = first;
    x->said_n = 0;
    assert_int_equal(said(&w, x, TEXT "x"), 200);
    iw_close(&w);
}

static void piece(struct idxp_world *w, struct iw_bare *x, struct beep_bound *b, uint32_t *msgno, slice text, bool last)
{
    x->said_n = 0;
    assert_int_equal(beep_peer_msg(b, msgno, text, last, net_now(w->net)), OK);
    iw_run(w, SOME);
}

/* Messages that come on all channels at once are bounded together, and none is lost for it: what is refused can be sent again. */
static void test_much_at_once(void **state)
{
    enum { CHANNELS = IDXP_PEER_BODIES + 1 };
    struct idxp_world w;
    struct iw_bare *x = manager(&w, IDXP_RFC);
    struct beep_bound *b[CHANNELS];
    uint32_t msgno[CHANNELS] = {0}, channel;
    char text[sizeof TEXT + 900];
    (void)state;
    memset(text, 'a', sizeof text - 1);
    memcpy(text, TEXT, sizeof TEXT - 1);
    text[sizeof text - 1] = 0;
    w.setup[1].idxp.content_max = 1000;
    begin(&w);
    b[0] = x->b;
    for (int i = 1; i < CHANNELS; i++) {
        assert_int_equal(beep_peer_start(x->p, &x->profile, SLICE_NONE, &channel, net_now(w.net)), OK);
        iw_run(&w, SOME);
        b[i] = x->b;
    }
    for (int i = 0; i < CHANNELS - 1; i++) {
        piece(&w, x, b[i], &msgno[i], slice_str(text), false);
        assert_int_equal(x->said_n, 0);
    }
    piece(&w, x, b[CHANNELS - 1], &msgno[CHANNELS - 1], slice_str(text), false);
    assert_int_equal(code_of(reply_to(x, msgno[CHANNELS - 1])), 450);
    piece(&w, x, b[CHANNELS - 1], &msgno[CHANNELS - 1], SLICE_NONE, true);
    assert_int_equal(x->said_n, 0);
    piece(&w, x, b[0], &msgno[0], SLICE_LIT("b"), true);
    assert_int_equal(code_of(reply_to(x, msgno[0])), 200);
    x->b = b[CHANNELS - 1];
    x->said_n = 0;
    assert_int_equal(said(&w, x, text), 200);
    assert_int_equal(w.alerts, 2);
    for (int i = 1; i < CHANNELS - 1; i++) {
        piece(&w, x, b[i], &msgno[i], SLICE_LIT("c"), true);
        assert_int_equal(code_of(reply_to(x, msgno[i])), 200);
    }
    iw_close(&w);
}

/* A store that never answers does not keep a manager that is to leave. */
static void test_store_is_dead(void **state)
{
    struct idxp_world w;
    struct iw_bare *x = manager(&w, IDXP_RFC);
    uint32_t msgno;
    (void)state;
    w.answer = 0;
    begin(&w);
    iw_send(x, TEXT "x", &msgno);
    iw_run(&w, HOUR);
    assert_false(iw_over(&w, 1)); /* until then it may take its time */
    idxp_peer_close(w.p[1], net_now(w.net));
    iw_run(&w, w.env.limits.message_ms - 1);
    assert_false(iw_over(&w, 1));
    iw_run(&w, SOME);
    assert_true(iw_over(&w, 1));
    assert_string_equal(idxp_peer_why(w.p[1]), "what is in the way of the release did not end in time");
    iw_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_greetings),
        cmocka_unit_test(test_embedded_greetings),
        cmocka_unit_test(test_newest_accepted_holds),
        cmocka_unit_test(test_data),
        cmocka_unit_test(test_data_before_greetings),
        cmocka_unit_test(test_data_without_security),
        cmocka_unit_test(test_too_long),
        cmocka_unit_test(test_store_is_busy),
        cmocka_unit_test(test_too_many_channels),
        cmocka_unit_test(test_shutting_down),
        cmocka_unit_test(test_channels_apart),
        cmocka_unit_test(test_store_is_dead),
        cmocka_unit_test(test_much_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
