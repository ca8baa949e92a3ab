/* SPDX-License-Identifier: MIT */
/* The tracker on channel management, release and tuning (RFC 3080 2.3, 2.4, 3, 4). */
#include "test/track_beep_help.h"

#define TLS_START   HEAD "<start number='1'><profile uri='" BEEP_URI_TLS "'><![CDATA[<ready />]]></profile></start>\r\n"
#define TLS_PROCEED HEAD "<profile uri='" BEEP_URI_TLS "'><![CDATA[<proceed />]]></profile>\r\n"
#define SASL(m)     BEEP_URI_SASL m
#define SASL_START  HEAD "<start number='1'><profile uri='" SASL("PLAIN") "'><![CDATA[<blob>AGEAYg==</blob>]]></profile></start>\r\n"
#define BLOB(attr)  HEAD "<blob" attr " />\r\n"

static void test_start(void **state)
{
    (void)state;
    struct talk *x = greeted();
    FINE(say(x, I, "MSG", 0, 1, START(1)));
    assert_int_equal(x->got.ask, BEEP_ASK_START);
    assert_int_equal(x->got.number, 1);
    assert_null(track_beep_channel(&x->t, 1)); /* not before the answer */
    FINE(say(x, L, "ERR", 0, 1, ERROR550));
    assert_null(track_beep_channel(&x->t, 1));
    FINE(say(x, I, "MSG", 0, 2, START(1)));
    FINE(say(x, L, "RPY", 0, 2, PROFILE));
    assert_ptr_equal(x->got.opened, track_beep_channel(&x->t, 1));
    assert_string_equal(track_beep_channel(&x->t, 1)->uri, "http://x.test/p");
    FAULTS(say(x, I, "MSG", 0, 3, START(1)), IN_USE);
    FINE(say(x, L, "ERR", 0, 3, ERROR550));
    FAULTS(say(x, I, "MSG", 0, 4, START(2)), PARITY_INITIATOR);
    FINE(say(x, L, "ERR", 0, 4, ERROR550));
    FAULTS(say(x, L, "MSG", 0, 1, START(3)), PARITY_LISTENER);
    FINE(say(x, I, "ERR", 0, 1, ERROR550));
    talk_free(x);
}

static void test_start_answers(void **state)
{
    (void)state;
    struct talk *x = greeted();
    FINE(say(x, I, "MSG", 0, 1, START(1)));
    FAULTS(say(x, L, "RPY", 0, 1, HEAD "<profile uri='http://x.test/other' />"), PROFILE_OTHER);
    talk_free(x);
    x = greeted();
    FINE(say(x, I, "MSG", 0, 1, START(1)));
    FAULTS(say(x, L, "RPY", 0, 1, OKAY), ANSWER);
    talk_free(x);
    x = greeted();
    FINE(say(x, I, "MSG", 0, 1, START(1)));
    FAULTS(say(x, L, "RPY", 0, 1, ERROR550), MGMT_KEYWORD);
    talk_free(x);
    x = greeted();
    FINE(say(x, I, "MSG", 0, 1, START(1)));
    FAULTS(say(x, L, "ERR", 0, 1, OKAY), MGMT_KEYWORD);
    talk_free(x);
    x = greeted();
    FAULTS(say(x, I, "MSG", 0, 1, OKAY), MGMT_KEYWORD);
    FINE(say(x, L, "ERR", 0, 1, ERROR550)); /* that is what it deserves */
    talk_free(x);
    x = greeted(); /* ill-formed MSG: answered by error, and the session goes on */
    FAULTS(say(x, I, "MSG", 0, 1, HEAD "<start"), XML_ILL);
    FINE(say(x, L, "ERR", 0, 1, HEAD "<error code='500' />"));
    FINE(say(x, I, "MSG", 0, 2, START(1)));
    talk_free(x);
}

static void test_starts_cross(void **state)
{
    (void)state;
    struct talk *x = greeted();
    FINE(say(x, I, "MSG", 0, 1, START(1)));
    FINE(say(x, L, "MSG", 0, 1, START(2)));
    FINE(say(x, I, "RPY", 0, 1, PROFILE));
    FINE(say(x, L, "RPY", 0, 1, PROFILE));
    assert_non_null(track_beep_channel(&x->t, 1));
    assert_non_null(track_beep_channel(&x->t, 2));
    talk_free(x);
}

static void test_close(void **state)
{
    (void)state;
    struct talk *x = opened();
    FINE(say(x, I, "MSG", 0, 2, CLOSE(1)));
    FINE(say(x, L, "MSG", 1, 1, "the other may still ask"));
    FINE(say(x, I, "RPY", 1, 1, "and is answered"));
    FINE(say(x, L, "RPY", 0, 2, OKAY));
    assert_true(x->got.closed);
    assert_null(track_beep_channel(&x->t, 1));
    FINE(seq(x, I, 1, 23, 4096)); /* may have crossed the ok */
    FAULTS(say(x, L, "MSG", 1, 2, "x"), NO_CHANNEL);
    talk_free(x);
    x = opened(); /* declined: it stays */
    FINE(say(x, I, "MSG", 0, 2, CLOSE(1)));
    FINE(say(x, L, "ERR", 0, 2, ERROR550));
    FINE(say(x, I, "MSG", 1, 1, "x"));
    talk_free(x);
    x = opened();
    FINE(say(x, I, "MSG", 1, 1, "x"));
    FAULTS(say(x, I, "MSG", 0, 2, CLOSE(1)), CLOSE_EARLY);
    talk_free(x);
    x = opened(); /* acknowledged is not the same as answered */
    FINE(say(x, I, "MSG", 1, 1, "x"));
    FINE(say(x, L, "RPY*", 1, 1, "x"));
    FINE(say(x, I, "MSG", 0, 2, CLOSE(1)));
    FAULTS(say(x, L, "RPY", 0, 2, OKAY), OK_EARLY);
    talk_free(x);
    x = opened();
    FINE(say(x, I, "MSG", 0, 2, CLOSE(1)));
    FAULTS(say(x, I, "MSG", 1, 1, "x"), MSG_AFTER_CLOSE);
    talk_free(x);
    x = opened();
    FAULTS(say(x, I, "MSG", 0, 2, CLOSE(5)), CLOSE_UNKNOWN);
    FINE(say(x, L, "ERR", 0, 2, ERROR550));
    talk_free(x);
    x = opened(); /* its number may be used again */
    FINE(say(x, I, "MSG", 0, 2, CLOSE(1)));
    FINE(say(x, L, "RPY", 0, 2, OKAY));
    FINE(say(x, I, "MSG", 0, 3, START(1)));
    FINE(say(x, L, "RPY", 0, 3, PROFILE));
    FINE(say(x, I, "MSG", 1, 1, "x"));
    talk_free(x);
}

static void test_closes_cross(void **state)
{
    (void)state;
    struct talk *x = opened();
    FINE(say(x, I, "MSG", 0, 2, CLOSE(1)));
    FINE(say(x, L, "MSG", 0, 1, CLOSE(1)));
    FINE(say(x, L, "RPY", 0, 2, OKAY));
    FINE(say(x, I, "RPY", 0, 1, OKAY));
    assert_null(track_beep_channel(&x->t, 1));
    assert_int_equal(x->t.channels, 1);
    talk_free(x);
    x = opened(); /* one declines, one agrees */
    FINE(say(x, I, "MSG", 0, 2, CLOSE(1)));
    FINE(say(x, L, "MSG", 0, 1, CLOSE(1)));
    FINE(say(x, L, "ERR", 0, 2, ERROR550));
    assert_non_null(track_beep_channel(&x->t, 1));
    FINE(say(x, I, "RPY", 0, 1, OKAY));
    assert_int_equal(x->t.channels, 1);
    talk_free(x);
    x = opened(); /* agreed before the other's answer, which says that there is nothing left to close */
    FINE(say(x, I, "MSG", 0, 2, CLOSE(1)));
    FINE(say(x, L, "MSG", 0, 1, CLOSE(1)));
    FINE(say(x, I, "RPY", 0, 1, OKAY));
    FINE(say(x, L, "ERR", 0, 2, ERROR550));
    assert_int_equal(x->t.channels, 1);
    talk_free(x);
}

static void test_release(void **state)
{
    (void)state;
    struct talk *x = opened();
    FINE(say(x, I, "MSG", 0, 2, HEAD "<close code='200' />"));
    assert_int_equal(track_beep_session(&x->t), BEEP_SS_RELEASING);
    FINE(say(x, L, "ERR", 0, 2, ERROR550));
    assert_int_equal(track_beep_session(&x->t), BEEP_SS_OPEN);
    FINE(say(x, L, "MSG", 0, 2, CLOSE(0)));
    FINE(say(x, I, "RPY", 0, 2, OKAY));
    assert_int_equal(track_beep_session(&x->t), BEEP_SS_RELEASED);
    FAULTS(say(x, I, "MSG", 1, 1, "x"), RELEASED);
    talk_free(x);
    x = opened(); /* both at once */
    FINE(say(x, I, "MSG", 0, 2, CLOSE(0)));
    FINE(say(x, L, "MSG", 0, 2, CLOSE(0)));
    FINE(say(x, L, "RPY", 0, 2, OKAY));
    FINE(say(x, I, "RPY", 0, 2, OKAY));
    assert_int_equal(track_beep_session(&x->t), BEEP_SS_RELEASED);
    talk_free(x);
    x = talk_new(); /* asked for before the other greeted */
    FINE(say(x, I, "RPY", 0, 0, GREETING));
    FINE(say(x, I, "MSG", 0, 1, CLOSE(0)));
    FINE(say(x, L, "RPY", 0, 0, GREETING));
    FINE(say(x, L, "RPY", 0, 1, OKAY));
    assert_int_equal(track_beep_session(&x->t), BEEP_SS_RELEASED);
    talk_free(x);
}

static void renewed(struct talk *x)
{
    memset(x->seq, 0, sizeof x->seq);
    assert_int_equal(x->t.channels, 1);
    assert_int_equal(track_beep_session(&x->t), BEEP_SS_START);
    FINE(say(x, L, "RPY", 0, 0, GREETING));
    FINE(say(x, I, "RPY", 0, 0, GREETING));
    assert_int_equal(track_beep_session(&x->t), BEEP_SS_OPEN);
}

static void test_tls(void **state)
{
    (void)state;
    struct talk *x = greeted(); /* 3.1.1: ready inside the start */
    FINE(say(x, I, "MSG", 0, 1, TLS_START));
    assert_int_equal(x->got.inner->kind, BEEP_EL_READY);
    assert_int_equal(track_beep_tuning(&x->t), BEEP_TS_READY);
    FINE(say(x, L, "RPY", 0, 1, TLS_PROCEED));
    assert_true(x->got.tune);
    assert_int_equal(track_beep_session(&x->t), BEEP_SS_TUNING);
    assert_int_equal(track_beep_tuned(&x->t, true, true), OK);
    assert_int_equal(track_beep_tuning(&x->t), BEEP_TS_SECURED);
    renewed(x);
    talk_free(x);
    x = greeted(); /* a failed negotiation: new greetings in clear */
    FINE(say(x, I, "MSG", 0, 1, TLS_START));
    FINE(say(x, L, "RPY", 0, 1, TLS_PROCEED));
    assert_int_equal(track_beep_tuned(&x->t, true, false), OK);
    assert_int_equal(track_beep_tuning(&x->t), BEEP_TS_PLAIN);
    renewed(x);
    talk_free(x);
    x = greeted(); /* a bare ready; the listener asks as well as the initiator */
    FINE(say(x, L, "MSG", 0, 1, HEAD "<start number='2'><profile uri='" BEEP_URI_TLS "' /></start>"));
    FINE(say(x, I, "RPY", 0, 1, HEAD "<profile uri='" BEEP_URI_TLS "' />"));
    FINE(say(x, L, "MSG", 2, 1, HEAD "<ready />"));
    FINE(say(x, I, "RPY", 2, 1, HEAD "<proceed />"));
    assert_true(x->got.tune);
    talk_free(x);
    x = greeted(); /* the operation fails, the channel is there */
    FINE(say(x, I, "MSG", 0, 1, TLS_START));
    FINE(say(x, L, "RPY", 0, 1, HEAD "<profile uri='" BEEP_URI_TLS "'><![CDATA[<error code='501' />]]></profile>"));
    assert_false(x->got.tune);
    assert_int_equal(track_beep_tuning(&x->t), BEEP_TS_PLAIN);
    assert_non_null(track_beep_channel(&x->t, 1));
    talk_free(x);
    x = greeted(); /* the start itself is declined */
    FINE(say(x, I, "MSG", 0, 1, TLS_START));
    FINE(say(x, L, "ERR", 0, 1, ERROR550));
    assert_int_equal(track_beep_tuning(&x->t), BEEP_TS_PLAIN);
    FINE(say(x, I, "MSG", 0, 2, START(1)));
    talk_free(x);
}

static void test_traffic_around_ready(void **state)
{
    (void)state;
    struct talk *x = opened();
    FINE(say(x, I, "MSG", 0, 2, HEAD "<start number='3'><profile uri='" BEEP_URI_TLS "'>&lt;ready/></profile></start>"));
    FAULTS(say(x, I, "MSG", 1, 1, "x"), AFTER_READY);
    talk_free(x);
    for (int taken = 0; taken < 2; taken++) { /* the answer to a start ahead of it is none to the ready */
        x = greeted();
        FINE(say(x, I, "MSG", 0, 1, START(1)));
        FINE(say(x, I, "MSG", 0, 2, HEAD "<start number='3'><profile uri='" BEEP_URI_TLS "'>&lt;ready/></profile></start>"));
        if (taken) FINE(say(x, L, "RPY", 0, 1, PROFILE));
        else FINE(say(x, L, "ERR", 0, 1, ERROR550));
        assert_int_equal(track_beep_tuning(&x->t), BEEP_TS_READY);
        FINE(say(x, L, "RPY", 0, 2, HEAD "<profile uri='" BEEP_URI_TLS "'>&lt;proceed/></profile>"));
        assert_true(x->got.tune);
        talk_free(x);
    }
    x = opened();
    FINE(say(x, I, "MSG", 1, 1, "x"));
    FINE(say(x, I, "MSG", 0, 2, HEAD "<start number='3'><profile uri='" BEEP_URI_TLS "'>&lt;ready/></profile></start>"));
    FINE(say(x, L, "RPY", 1, 1, "owed"));
    FINE(say(x, L, "MSG", 1, 1, "may have been on its way"));
    FINE(seq(x, L, 0, x->seq[I][0], 4096));
    FAULTS(say(x, L, "MSG", 1, 2, "was not"), READY_HELD);
    FAULTS(seq(x, I, 1, 4, 4096), SEQ_AFTER_READY);
    FINE(say(x, L, "RPY", 0, 2, TLS_PROCEED));
    FAULTS(seq(x, L, 1, 1, 4096), AFTER_PROCEED);
    talk_free(x);
}

static void test_sasl(void **state)
{
    (void)state;
    struct talk *x = greeted();
    FINE(say(x, I, "MSG", 0, 1, SASL_START));
    FINE(say(x, L, "RPY", 0, 1, HEAD "<profile uri='" SASL("PLAIN") "'><![CDATA[<blob status='complete' />]]></profile>"));
    assert_int_equal(track_beep_tuning(&x->t), BEEP_TS_AUTHENTICATED);
    FAULTS(say(x, I, "MSG", 0, 2, HEAD "<start number='3'><profile uri='" BEEP_URI_TLS "'>&lt;ready/></profile></start>"), TLS_AFTER_SASL);
    FINE(say(x, L, "ERR", 0, 2, ERROR550));
    talk_free(x);
    x = greeted(); /* challenge and response */
    FINE(say(x, I, "MSG", 0, 1, SASL_START));
    FINE(say(x, L, "RPY", 0, 1, HEAD "<profile uri='" SASL("PLAIN") "'><![CDATA[<blob>YQ==</blob>]]></profile>"));
    FINE(say(x, I, "MSG", 1, 1, BLOB("")));
    FINE(say(x, L, "RPY", 1, 1, BLOB("")));
    FINE(say(x, I, "MSG", 1, 2, BLOB(" status='abort'")));
    FINE(say(x, L, "ERR", 1, 2, ERROR550));
    assert_int_equal(track_beep_tuning(&x->t), BEEP_TS_PLAIN);
    talk_free(x);
    x = greeted();
    FINE(say(x, I, "MSG", 0, 1, SASL_START));
    FAULTS(say(x, L, "RPY", 0, 1, HEAD "<profile uri='" SASL("PLAIN") "'><![CDATA[<blob status='abort' />]]></profile>"), BLOB_SERVER);
    talk_free(x);
    x = greeted();
    FINE(say(x, I, "MSG", 0, 1, SASL_START));
    FINE(say(x, L, "RPY", 0, 1, HEAD "<profile uri='" SASL("PLAIN") "' />"));
    FAULTS(say(x, I, "MSG", 1, 1, BLOB(" status='complete'")), BLOB_CLIENT);
    talk_free(x);
    x = greeted(); /* a layer: everything begins anew */
    FINE(say(x, I, "MSG", 0, 1, SASL_START));
    FINE(say(x, L, "RPY", 0, 1, HEAD "<profile uri='" SASL("PLAIN") "'><![CDATA[<blob status='complete' />]]></profile>"));
    assert_int_equal(track_beep_layer(&x->t), OK);
    renewed(x);
    assert_int_equal(track_beep_tuning(&x->t), BEEP_TS_AUTHENTICATED);
    talk_free(x);
}

/* One session, whole and cut at every octet: the same. */
static void test_cuts(void **state)
{
    (void)state;
    static const char said[] = "RPY 0 0 . 0 52\r\n" GREETING "END\r\nMSG 0 1 . 52 100\r\n" HEAD
                               "<start number='1'><profile uri='http://x.test/p' /></start> \r\nEND\r\nSEQ 0 0 4096\r\nMSG 0 1 . 152 1\r\nxEND\r\n";
    size_t n = sizeof said - 1;
    for (size_t cut = 0; cut <= n; cut++) {
        struct talk *x = talk_new();
        enum beep_fault_code a = octets(x, I, said, cut);
        bool was = x->t.lost;
        enum beep_fault_code b = octets(x, I, said + cut, n - cut);
        if (was) assert_int_equal(a, BEEP_F_MSG_REUSED);
        else FAULTS(b, MSG_REUSED);
        assert_true(x->t.lost);
        talk_free(x);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_start),
        cmocka_unit_test(test_start_answers),
        cmocka_unit_test(test_starts_cross),
        cmocka_unit_test(test_close),
        cmocka_unit_test(test_closes_cross),
        cmocka_unit_test(test_release),
        cmocka_unit_test(test_tls),
        cmocka_unit_test(test_traffic_around_ready),
        cmocka_unit_test(test_sasl),
        cmocka_unit_test(test_cuts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
