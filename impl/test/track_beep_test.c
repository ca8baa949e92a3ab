/* SPDX-License-Identifier: MIT */
/* The tracker on frames: numbering, order, windows (RFC 3080 2.2.1.1, RFC 3081 3.1). */
#include "test/track_beep_help.h"

static void test_greetings(void **state)
{
    (void)state;
    struct talk *x = talk_new();
    FINE(say(x, I, "RPY", 0, 0, GREETING));
    assert_int_equal(track_beep_session(&x->t), BEEP_SS_HALF);
    FINE(say(x, I, "MSG", 0, 1, START(1))); /* nobody waits for the other's greeting */
    FINE(say(x, L, "RPY", 0, 0, GREETING));
    assert_int_equal(track_beep_session(&x->t), BEEP_SS_OPEN);
    FINE(say(x, L, "RPY", 0, 1, PROFILE));
    FAULTS(say(x, L, "RPY", 0, 0, GREETING), REPLY_AGAIN);
    talk_free(x);
    x = talk_new();
    FAULTS(say(x, I, "MSG", 0, 0, START(1)), NO_GREETING);
    talk_free(x);
    x = talk_new();
    FAULTS(say(x, L, "RPY", 0, 5, GREETING), GREETING_FRAME);
    talk_free(x);
    x = talk_new();
    FAULTS(say_seq(x, L, "RPY", 0, 0, -1, 1, GREETING), GREETING_FRAME);
    talk_free(x);
    x = talk_new();
    FAULTS(say(x, I, "MSG", 1, 0, "x"), NO_GREETING);
    talk_free(x);
    /* in pieces, which 2.2 allows */
    x = talk_new();
    FINE(say(x, L, "RPY*", 0, 0, HEAD "<gre"));
    FINE(say(x, L, "RPY", 0, 0, "eting />"));
    assert_true(x->got.last);
    assert_non_null(x->got.el);
    assert_int_equal(x->got.el->kind, BEEP_EL_GREETING);
    talk_free(x);
}

static void test_refusal(void **state)
{
    (void)state;
    struct talk *x = talk_new();
    FINE(say(x, L, "ERR", 0, 0, HEAD "<error code='421' />\r\n"));
    assert_int_equal(track_beep_session(&x->t), BEEP_SS_UNAVAILABLE);
    FINE(say(x, I, "RPY", 0, 0, GREETING)); /* ignored (2.4) */
    talk_free(x);
    x = talk_new();
    FAULTS(say(x, I, "ERR", 0, 0, HEAD "<error code='421' />\r\n"), REFUSED_BY_INITIATOR);
    talk_free(x);
}

static void test_message_zero_is_free(void **state)
{
    (void)state;
    struct talk *x = greeted(); /* BEEP-D08 */
    FINE(say(x, I, "MSG", 0, 0, START(1)));
    FINE(say(x, L, "RPY", 0, 0, PROFILE));
    talk_free(x);
}

static void test_rules_of_poorly_formed_frames(void **state)
{
    (void)state;
    struct talk *x = opened(); /* 3 */
    FAULTS(say(x, I, "MSG", 99, 1, "x"), NO_CHANNEL);
    talk_free(x);
    x = opened(); /* 4 */
    FINE(say(x, I, "MSG", 1, 7, "x"));
    FAULTS(say(x, I, "MSG", 1, 7, "x"), MSG_REUSED);
    talk_free(x);
    x = opened(); /* the number is free again once the reply is complete */
    FINE(say(x, I, "MSG", 1, 7, "x"));
    FINE(say(x, L, "RPY", 1, 7, "x"));
    FINE(say(x, I, "MSG", 1, 7, "x"));
    talk_free(x);
    x = opened(); /* 5 */
    FINE(say(x, I, "MSG", 1, 7, "x"));
    FINE(say(x, L, "RPY", 1, 7, "x"));
    FAULTS(say(x, L, "RPY", 1, 7, "x"), REPLY_AGAIN);
    talk_free(x);
    x = opened(); /* 6 */
    FAULTS(say(x, L, "RPY", 1, 77, "x"), REPLY_UNKNOWN);
    talk_free(x);
    x = opened(); /* 7 */
    FINE(say(x, I, "MSG", 1, 7, "x"));
    FINE(say(x, L, "RPY*", 1, 7, "x"));
    FAULTS(say(x, L, "ERR", 1, 7, "x"), KEYWORD_CHANGED);
    talk_free(x);
    x = opened(); /* 8 */
    FINE(say(x, I, "MSG", 1, 7, "x"));
    FINE(say(x, L, "RPY*", 1, 7, "x"));
    FAULTS(say(x, L, "NUL", 1, 7, ""), NUL_AFTER);
    talk_free(x);
    x = opened(); /* 9 */
    FINE(say(x, I, "MSG*", 1, 7, "x"));
    FAULTS(say(x, I, "MSG", 1, 8, "x"), INTERLEAVED);
    talk_free(x);
    x = opened(); /* 10 */
    FINE(say(x, I, "MSG", 1, 7, "abc"));
    FAULTS(say_seq(x, I, "MSG", 1, 8, -1, 4, "x"), SEQNO);
    talk_free(x);
    x = opened();
    FAULTS(say_seq(x, I, "MSG", 1, 8, -1, 1, "x"), SEQNO_FIRST);
    talk_free(x);
}

static void test_both_directions_use_the_same_number(void **state)
{
    (void)state;
    struct talk *x = opened(); /* 2.7, BEEP-D02 */
    FINE(say(x, I, "MSG", 1, 7, "x"));
    FINE(say(x, L, "MSG", 1, 7, "y"));
    FINE(say(x, L, "RPY", 1, 7, "x"));
    FINE(say(x, I, "RPY", 1, 7, "y"));
    assert_true(beep_quiet(track_beep_channel(&x->t, 1)));
    talk_free(x);
    x = opened(); /* but not in the middle of each other */
    FINE(say(x, I, "MSG", 1, 7, "x"));
    FINE(say(x, L, "MSG*", 1, 7, "y"));
    FAULTS(say(x, L, "RPY", 1, 7, "x"), INTERLEAVED);
    talk_free(x);
}

static void test_replies_in_order(void **state)
{
    (void)state;
    struct talk *x = opened(); /* 2.6.1 */
    FINE(say(x, I, "MSG", 1, 7, "x"));
    FINE(say(x, I, "MSG", 1, 3, "x"));
    FAULTS(say(x, L, "RPY", 1, 3, "x"), REPLY_ORDER);
    FINE(say(x, L, "RPY", 1, 7, "x"));
    talk_free(x);
    x = opened(); /* channels are independent (2.6.2) */
    FINE(say(x, I, "MSG", 0, 2, START(3)));
    FINE(say(x, L, "RPY", 0, 2, PROFILE));
    FINE(say(x, I, "MSG", 1, 7, "x"));
    FINE(say(x, I, "MSG", 3, 7, "x"));
    FINE(say(x, L, "RPY", 3, 7, "x"));
    FINE(say(x, L, "RPY", 1, 7, "x"));
    talk_free(x);
}

static void test_answers(void **state)
{
    (void)state;
    struct talk *x = opened();
    x->t.read_all = true;
    FINE(say(x, I, "MSG", 1, 0, "x"));
    FINE(answer(x, L, true, 1, 0, 0, "aaa"));
    FINE(answer(x, L, true, 1, 0, 1, "bbb"));
    FINE(answer(x, L, false, 1, 0, 0, "ccc"));
    assert_true(slice_eq(x->got.message, SLICE_LIT("aaaccc")));
    FAULTS(say(x, L, "NUL", 1, 0, ""), NUL_OPEN); /* answer 1 is not complete */
    talk_free(x);
    x = opened();
    FINE(say(x, I, "MSG", 1, 0, "x"));
    FINE(answer(x, L, false, 1, 0, 0, "aaa"));
    FINE(answer(x, L, false, 1, 0, 0, "bbb")); /* the first is not in progress any more */
    FINE(say(x, L, "NUL", 1, 0, ""));
    FAULTS(say(x, L, "NUL", 1, 0, ""), REPLY_AGAIN);
    talk_free(x);
    x = opened(); /* none at all */
    FINE(say(x, I, "MSG", 1, 0, "x"));
    FINE(say(x, L, "NUL", 1, 0, ""));
    talk_free(x);
    x = opened();
    FINE(say(x, I, "MSG", 1, 0, "x"));
    FINE(answer(x, L, false, 1, 0, 0, "aaa"));
    FAULTS(say(x, L, "RPY", 1, 0, "x"), KEYWORD_CHANGED);
    talk_free(x);
    x = greeted(); /* channel management has none */
    FINE(say(x, I, "MSG", 0, 1, START(1)));
    FAULTS(say(x, L, "NUL", 0, 1, ""), MGMT_ANS);
    talk_free(x);
}

static void test_early_error(void **state)
{
    (void)state;
    struct talk *x = opened(); /* 2.6.3 */
    FINE(say(x, I, "MSG*", 1, 0, "x"));
    FINE(say(x, L, "ERR", 1, 0, "no"));
    FINE(say(x, I, "MSG*", 1, 0, "more")); /* may have been on its way */
    FINE(say(x, I, "MSG", 1, 0, ""));
    assert_true(beep_quiet(track_beep_channel(&x->t, 1)));
    FINE(say(x, I, "MSG", 1, 0, "again"));
    talk_free(x);
    x = opened();
    FINE(say(x, I, "MSG*", 1, 0, "x"));
    FAULTS(say(x, L, "RPY", 1, 0, "yes"), EARLY_REPLY);
    talk_free(x);
    /* the MSG goes on to its end, and has had its reply */
    x = opened();
    FINE(say(x, I, "MSG*", 1, 0, "x"));
    FAULTS(say(x, L, "RPY", 1, 0, "yes"), EARLY_REPLY);
    FINE(say(x, I, "MSG*", 1, 0, "more"));
    FINE(say(x, I, "MSG", 1, 0, "end"));
    assert_true(beep_quiet(track_beep_channel(&x->t, 1)));
    FAULTS(say(x, L, "RPY", 1, 0, "again"), REPLY_AGAIN);
    talk_free(x);
    /* what lies in a window that was granted behind the ERR was sent in knowledge of it */
    x = opened();
    char big[4096];
    memset(big, 'x', 4095);
    big[4095] = 0;
    FINE(say(x, I, "MSG*", 1, 0, big));
    FINE(say(x, L, "ERR", 1, 0, "no"));
    FINE(seq(x, L, 1, 4095, 4096));
    FAULTS(say(x, I, "MSG", 1, 0, "xx"), NOT_CUT);
    talk_free(x);
}

static void test_windows(void **state)
{
    (void)state;
    char big[4098];
    memset(big, 'x', 4097);
    big[4097] = 0;
    struct talk *x = opened();
    FAULTS(say(x, I, "MSG", 1, 0, big), WINDOW);
    talk_free(x);
    big[4096] = 0;
    x = opened();
    FINE(say(x, I, "MSG", 1, 0, big));
    assert_int_equal(beep_window(track_beep_channel(&x->t, 1), I), 0);
    FAULTS(say(x, I, "MSG", 1, 1, "x"), WINDOW);
    talk_free(x);
    x = opened();
    FINE(say(x, I, "MSG", 1, 0, big));
    FINE(seq(x, L, 1, 4096, 10));
    assert_int_equal(beep_window(track_beep_channel(&x->t, 1), I), 10);
    FINE(say(x, I, "MSG*", 1, 1, "0123456789"));
    FAULTS(say(x, I, "MSG", 1, 1, "x"), WINDOW);
    talk_free(x);
    x = opened();
    FAULTS(seq(x, L, 99, 0, 4096), SEQ_CHANNEL);
    talk_free(x);
    x = opened();
    FAULTS(seq(x, L, 1, 1, 4096), SEQ_AHEAD);
    talk_free(x);
    x = opened();
    FINE(say(x, I, "MSG", 1, 0, "0123456789"));
    FINE(seq(x, L, 1, 10, 5000));
    FAULTS(seq(x, L, 1, 5, 5005), SEQ_BACK);
    talk_free(x);
    x = opened(); /* a reply tells that its MSG was read; an ERR may be early, and what came behind the MSG may not have come yet */
    FINE(say(x, I, "MSG", 1, 0, "0123456789"));
    FINE(say(x, I, "MSG", 1, 1, "0123456789"));
    FINE(seq(x, L, 1, 0, 4096));
    FINE(say(x, L, "RPY*", 1, 0, "x"));
    FAULTS(seq(x, L, 1, 9, 4096), SEQ_STALE);
    FINE(seq(x, L, 1, 10, 4096));
    FINE(say(x, L, "RPY", 1, 0, "x"));
    FINE(say(x, L, "ERR", 1, 1, "x"));
    FINE(seq(x, L, 1, 10, 4096));
    talk_free(x);
    x = opened();
    FAULTS(seq(x, L, 1, 0, 100), SEQ_SHRINKS);
    FINE(say(x, I, "MSG", 1, 0, big)); /* what was on its way when it shrank */
    talk_free(x);
}

static void test_numbers_wrap(void **state)
{
    (void)state;
    struct talk *x = opened(); /* modulo 2^32 (2.2.1.2) */
    struct beep_channel *c = track_beep_channel(&x->t, 1);
    c->dir[I].next = 0xfffffffbu;
    c->dir[I].edge = c->dir[I].edge_max = c->dir[I].next + 4096;
    x->seq[I][1] = 0xfffffffbu;
    FINE(say(x, I, "MSG", 1, 0, "0123456789"));
    assert_int_equal(c->dir[I].next, 0x100000005u);
    FINE(seq(x, L, 1, 5, 4096));
    assert_int_equal(beep_window(c, I), 4096);
    FINE(seq(x, L, 1, 5, 4097));
    FAULTS(say_seq(x, I, "MSG", 1, 1, -1, 6, "x"), SEQNO);
    talk_free(x);
    x = opened();
    c = track_beep_channel(&x->t, 1);
    c->dir[I].next = 0x100000005u;
    c->dir[I].edge = c->dir[I].edge_max = c->dir[I].next + 4096;
    FINE(seq(x, L, 1, 0xfffffff0u, 8192)); /* behind the wrap */
    assert_int_equal(c->dir[I].acked, 0xfffffff0u);
    FAULTS(seq(x, L, 1, 6, 8192), SEQ_AHEAD);
    talk_free(x);
}

static void test_bad_frames_end_it(void **state)
{
    (void)state;
    struct talk *x = opened();
    FAULTS(octets(x, I, "FOO", 3), KEYWORD);
    assert_int_equal(x->got.kind, BEEP_GOT_BAD);
    assert_true(x->t.lost);
    talk_free(x);
    x = opened(); /* told by the header: four megabytes are not waited for */
    const char *huge = "MSG 1 0 . 7 4000000\r\n";
    FAULTS(octets(x, I, huge, strlen(huge)), SEQNO_FIRST);
    assert_int_equal(x->got.kind, BEEP_GOT_BAD);
    talk_free(x);
}

/* What a tester needs: after its own mistake nothing about order is held against the other. */
static void test_taint(void **state)
{
    (void)state;
    struct talk *x = opened();
    x->t.tainted[I] = true;
    FINE(say(x, L, "RPY", 1, 77, "x"));
    talk_free(x);
    x = opened();
    x->t.tainted[I] = true;
    FAULTS(octets(x, L, "RPY 1 x", 7), MSGNO); /* what a frame shows by itself is held against it */
    talk_free(x);
}

static void test_half_a_frame(void **state)
{
    (void)state;
    struct talk *x = opened();
    FINE(octets(x, I, "MSG 1", 5));
    assert_false(track_beep_ended(&x->t, I));
    assert_int_equal(x->t.fault[0].code, BEEP_F_HALF);
    talk_free(x);
    x = opened();
    assert_true(track_beep_ended(&x->t, I));
    assert_int_equal(track_beep_session(&x->t), BEEP_SS_CLOSED);
    talk_free(x);
}

static void test_many_channels(void **state)
{
    (void)state;
    struct talk *x = greeted();
    for (uint32_t n = 1; n < 2 * 300; n += 2) {
        char text[200];
        snprintf(text, sizeof text, HEAD "<start number='%u'><profile uri='http://x.test/p' /></start>", (unsigned)n);
        FINE(seq(x, L, 0, x->seq[I][0], 4096));
        FINE(seq(x, I, 0, x->seq[L][0], 4096));
        assert_int_equal(track_beep_free_channel(&x->t, I), n);
        FINE(say(x, I, "MSG", 0, n, text));
        FINE(say(x, L, "RPY", 0, n, PROFILE));
    }
    assert_int_equal(x->t.channels, 301);
    for (uint32_t n = 599; n >= 3; n -= 2)
        FINE(say(x, I, "MSG", n, 1, "x"));
    for (uint32_t n = 3; n < 600; n += 2)
        FINE(say(x, L, "RPY", n, 1, "x"));
    talk_free(x);
}

static void test_free_numbers(void **state)
{
    (void)state;
    struct talk *x = opened();
    struct beep_channel *c = track_beep_channel(&x->t, 1);
    assert_int_equal(beep_free_msgno(c, I), 1);
    FINE(say(x, I, "MSG", 1, 2, "x"));
    assert_int_not_equal(beep_free_msgno(c, I), 2);
    assert_int_equal(beep_owed(c, L)->msgno, 2);
    assert_null(beep_owed(c, I));
    assert_int_equal(track_beep_free_channel(&x->t, L), 2);
    assert_int_equal(track_beep_free_channel(&x->t, I), 3);
    talk_free(x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_greetings),
        cmocka_unit_test(test_refusal),
        cmocka_unit_test(test_message_zero_is_free),
        cmocka_unit_test(test_rules_of_poorly_formed_frames),
        cmocka_unit_test(test_both_directions_use_the_same_number),
        cmocka_unit_test(test_replies_in_order),
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_early_error),
        cmocka_unit_test(test_windows),
        cmocka_unit_test(test_numbers_wrap),
        cmocka_unit_test(test_bad_frames_end_it),
        cmocka_unit_test(test_taint),
        cmocka_unit_test(test_half_a_frame),
        cmocka_unit_test(test_many_channels),
        cmocka_unit_test(test_free_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
