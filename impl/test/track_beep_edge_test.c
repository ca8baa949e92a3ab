/* SPDX-License-Identifier: MIT */
/* The tracker at its edges: what a tester goes on from, limits, memory that runs out, tuning that goes astray. */
#include "test/mem_fail.h"
#include "test/track_beep_help.h"

#define URI(m)    "<profile uri='" m "' />"
#define SASL(m)   BEEP_URI_SASL m
#define INSIDE(x) HEAD "<profile uri='" SASL("PLAIN") "'><![CDATA[" x "]]></profile>\r\n"

static void begin_sasl(struct talk *x)
{
    FINE(say(x, I, "MSG", 0, 1, HEAD "<start number='1'>" URI(SASL("PLAIN")) "</start>"));
}

static struct talk *authenticated(void)
{
    struct talk *x = greeted();
    begin_sasl(x);
    FINE(say(x, L, "RPY", 0, 1, INSIDE("<blob status='complete' />")));
    assert_int_equal(track_beep_tuning(&x->t), BEEP_TS_AUTHENTICATED);
    return x;
}

/* A tester reads on behind a frame that should have ended the session. */
static void test_resync(void **state)
{
    (void)state;
    struct talk *x = opened();
    x->t.read_all = true;
    static const char wrong[] = "MSG 1 0 . 7 3\r\nabcEND\r\n", next[] = "MSG 1 1 . 10 2\r\ndeEND\r\n";
    slice in = slice_of(wrong, sizeof wrong - 1);
    assert_true(track_beep_next(&x->t, I, true, &in, &x->got));
    assert_int_equal(x->got.kind, BEEP_GOT_FRAME);
    assert_int_equal(x->t.fault[0].code, BEEP_F_SEQNO_FIRST);
    assert_int_equal(x->t.fault_n, 1);
    assert_true(slice_eq(x->got.message, SLICE_LIT("abc")));
    assert_true(x->t.lost);
    in = slice_of(next, sizeof next - 1);
    assert_true(track_beep_next(&x->t, I, true, &in, &x->got));
    assert_int_equal(x->t.fault_n, 0); /* once is enough */
    assert_true(slice_eq(x->got.message, SLICE_LIT("de")));
    talk_free(x);
}

static void test_tuning_astray(void **state)
{
    (void)state;
    struct talk *x = authenticated(); /* 4: no second authentication */
    FINE(say(x, I, "MSG", 0, 2, HEAD "<start number='3'>" URI(SASL("PLAIN")) "</start>"));
    FAULTS(say(x, L, "RPY", 0, 2, HEAD URI(SASL("PLAIN"))), AUTH_AGAIN);
    talk_free(x);
    x = authenticated(); /* 4.1: no transport security behind it */
    FINE(say(x, I, "MSG", 0, 2, HEAD "<start number='3'>" URI(BEEP_URI_TLS) "</start>"));
    FINE(say(x, L, "RPY", 0, 2, HEAD URI(BEEP_URI_TLS)));
    FAULTS(say(x, I, "MSG", 3, 1, HEAD "<ready />"), TLS_AFTER_SASL);
    FAULTS(say(x, L, "RPY", 3, 1, HEAD "<proceed />"), TLS_AFTER_SASL);
    talk_free(x);
    x = greeted();
    begin_sasl(x);
    FINE(say(x, L, "RPY", 0, 1, HEAD URI(SASL("PLAIN"))));
    FAULTS(say(x, I, "MSG", 1, 1, HEAD "<ready />"), TUNING_ORDER);
    assert_int_equal(x->t.fault[0].clause, CL_BEEP_6_3_1);
    talk_free(x);
    x = greeted(); /* what is no step of an exchange gets an error, and that is in order */
    begin_sasl(x);
    FINE(say(x, L, "RPY", 0, 1, INSIDE("<error code='535'>no</error>")));
    FAULTS(say(x, I, "MSG", 1, 1, HEAD "<blob status='abort' />"), BLOB_CLIENT);
    FINE(say(x, L, "ERR", 1, 1, ERROR550));
    FAULTS(say(x, I, "MSG", 1, 2, HEAD "<blob>!</blob>"), BLOB_BASE64);
    FINE(say(x, L, "ERR", 1, 2, ERROR550));
    talk_free(x);
    x = greeted();
    FINE(say(x, I, "MSG", 0, 1, HEAD "<start number='1'>" URI(BEEP_URI_TLS) "</start>"));
    FINE(say(x, L, "RPY", 0, 1, HEAD URI(BEEP_URI_TLS)));
    FAULTS(say(x, I, "MSG", 1, 1, HEAD "<blob />"), TUNING_ORDER);
    assert_int_equal(x->t.fault[0].clause, CL_BEEP_6_2_1);
    talk_free(x);
    x = greeted(); /* only a server says complete, in a start as elsewhere */
    FAULTS(say(x, I, "MSG", 0, 1, HEAD "<start number='1'><profile uri='" SASL("PLAIN") "'><![CDATA[<blob status='complete'>YQ==</blob>]]></profile></start>"),
           BLOB_CLIENT);
    talk_free(x);
    x = greeted(); /* two at once */
    begin_sasl(x);
    FINE(say(x, L, "RPY", 0, 1, HEAD URI(SASL("PLAIN"))));
    FAULTS(say(x, I, "MSG", 0, 2, HEAD "<start number='3'><profile uri='" BEEP_URI_TLS "'>&lt;ready/></profile></start>"), TWO_TUNINGS);
    talk_free(x);
    x = greeted(); /* proceed that nobody asked for */
    FINE(say(x, I, "MSG", 0, 1, HEAD "<start number='1'>" URI(BEEP_URI_TLS) "</start>"));
    FAULTS(say(x, L, "RPY", 0, 1, HEAD "<profile uri='" BEEP_URI_TLS "'>&lt;proceed/></profile>"), TUNING_ORDER);
    assert_false(x->got.tune);
    talk_free(x);
    x = greeted(); /* an abort is not answered by success; by another blob it may be (BEEP-D31) */
    begin_sasl(x);
    FINE(say(x, L, "RPY", 0, 1, INSIDE("<blob>YQ==</blob>")));
    FINE(say(x, I, "MSG", 1, 1, HEAD "<blob status='abort' />"));
    FAULTS(say(x, L, "RPY", 1, 1, HEAD "<blob status='complete' />"), BLOB_SERVER);
    talk_free(x);
    x = greeted();
    begin_sasl(x);
    FINE(say(x, L, "RPY", 0, 1, INSIDE("<blob>YQ==</blob>")));
    FINE(say(x, I, "MSG", 1, 1, HEAD "<blob status='abort' />"));
    FINE(say(x, L, "RPY", 1, 1, HEAD "<blob />"));
    assert_int_equal(track_beep_tuning(&x->t), BEEP_TS_PLAIN);
    talk_free(x);
    x = greeted(); /* a reply that nobody can read ends the try as an error would */
    FINE(say(x, I, "MSG", 0, 1, HEAD "<start number='1'>" URI(BEEP_URI_TLS) "</start>"));
    FINE(say(x, L, "RPY", 0, 1, HEAD URI(BEEP_URI_TLS)));
    FINE(say(x, I, "MSG", 1, 1, HEAD "<ready />"));
    FAULTS(say(x, L, "RPY", 1, 1, HEAD "<pro"), XML_ILL);
    assert_int_equal(track_beep_tuning(&x->t), BEEP_TS_PLAIN);
    FINE(say(x, I, "MSG", 0, 2, CLOSE(1)));
    talk_free(x);
    x = greeted();
    begin_sasl(x);
    FINE(say(x, L, "RPY", 0, 1, INSIDE("<blob>YQ==</blob>")));
    FINE(say(x, I, "MSG", 1, 1, HEAD "<blob />"));
    FAULTS(say(x, L, "RPY", 1, 1, HEAD "<blo"), XML_ILL);
    assert_int_equal(track_beep_tuning(&x->t), BEEP_TS_PLAIN);
    talk_free(x);
    x = greeted(); /* a failure leaves the way open for another try (BEEP-D15) */
    begin_sasl(x);
    FINE(say(x, L, "RPY", 0, 1, INSIDE("<error code='535' />")));
    FINE(say(x, I, "MSG", 0, 2, HEAD "<start number='3'><profile uri='" BEEP_URI_TLS "'>&lt;ready/></profile></start>"));
    assert_int_equal(track_beep_tuning(&x->t), BEEP_TS_READY);
    talk_free(x);
}

#define CHALLENGE HEAD "<blob>YQ==</blob>"
#define START3    HEAD "<start number='3'>" URI(SASL("PLAIN")) "</start>"
#define BY(who)   assert_int_equal(x->t.fault[0].side, who)

static struct talk *challenged(void)
{
    struct talk *x = greeted();
    begin_sasl(x);
    FINE(say(x, L, "RPY", 0, 1, INSIDE("<blob>YQ==</blob>")));
    return x;
}

/* Section 2: one tuning channel at a time.  Who lets a second exchange begin, or begins it, is told so; a channel whose operation failed does not count. */
static void test_two_exchanges(void **state)
{
    (void)state;
    struct talk *x = challenged();
    FINE(say(x, I, "MSG", 0, 2, START3)); /* it can be declined */
    FAULTS(say(x, L, "RPY", 0, 2, HEAD URI(SASL("PLAIN"))), TWO_TUNINGS);
    BY(L);
    assert_int_equal(x->t.fault[0].clause, CL_BEEP_2_3);
    assert_int_equal(x->t.fault[0].severity, SEV_FAIL);
    FINE(say(x, I, "MSG", 3, 1, CHALLENGE)); /* the newer one is followed ... */
    FINE(say(x, L, "ERR", 3, 1, ERROR550));
    assert_int_equal(track_beep_tuning(&x->t), BEEP_TS_PLAIN);
    talk_free(x);
    x = challenged();
    FINE(say(x, I, "MSG", 1, 1, CHALLENGE));
    FINE(say(x, I, "MSG", 0, 2, START3));
    FAULTS(say(x, L, "RPY", 0, 2, HEAD URI(SASL("PLAIN"))), TWO_TUNINGS);
    FINE(say(x, L, "RPY", 1, 1, HEAD "<blob status='complete' />")); /* ... until the other one is through */
    assert_int_equal(track_beep_tuning(&x->t), BEEP_TS_AUTHENTICATED);
    talk_free(x);
    x = challenged();
    FINE(say(x, I, "MSG", 0, 2, START3));
    FINE(say(x, L, "RPY", 0, 2, INSIDE("<error code='550'>one at a time</error>")));
    FAULTS(say(x, I, "MSG", 3, 1, CHALLENGE), TWO_TUNINGS); /* it is there, and not to be used now */
    BY(I);
    talk_free(x);
    x = challenged();
    FINE(say(x, I, "MSG", 0, 2, START3));
    FINE(say(x, L, "ERR", 0, 2, ERROR550));
    FINE(say(x, I, "MSG", 1, 1, CHALLENGE));
    FINE(say(x, L, "RPY", 1, 1, CHALLENGE));
    FINE(say(x, I, "MSG", 1, 2, CHALLENGE)); /* as many steps as it takes */
    talk_free(x);
    x = challenged(); /* what was aborted is over for its client, and its late end is not that of the next */
    FINE(say(x, I, "MSG", 1, 1, HEAD "<blob status='abort' />"));
    FINE(say(x, I, "MSG", 0, 2, START3));
    FINE(say(x, L, "RPY", 0, 2, INSIDE("<blob>YQ==</blob>")));
    FINE(say(x, L, "ERR", 1, 1, ERROR550));
    assert_int_equal(track_beep_tuning(&x->t), BEEP_TS_CHALLENGED);
    talk_free(x);
}

/* Both ask, and grant, before either could know: nobody is to blame. */
static void test_exchanges_cross(void **state)
{
    (void)state;
    for (int who = 0; who < 2; who++) {
        struct talk *x = greeted();
        begin_sasl(x);
        FINE(say(x, L, "MSG", 0, 1, HEAD "<start number='2'>" URI(SASL("PLAIN")) "</start>"));
        FINE(say(x, L, "RPY", 0, 1, HEAD URI(SASL("PLAIN"))));
        FINE(say(x, I, "RPY", 0, 1, HEAD URI(SASL("PLAIN"))));
        FINE(say(x, L, "MSG", 2, 1, CHALLENGE));
        FINE(say(x, I, "MSG", 1, 1, CHALLENGE));
        FINE(who ? say(x, L, "RPY", 1, 1, HEAD "<blob status='complete' />") : say(x, I, "RPY", 2, 1, HEAD "<blob status='complete' />"));
        assert_int_equal(track_beep_tuning(&x->t), BEEP_TS_AUTHENTICATED);
        FINE(who ? say(x, I, "RPY", 2, 1, HEAD "<blob status='complete' />") : say(x, L, "RPY", 1, 1, HEAD "<blob status='complete' />"));
        talk_free(x);
    }
}

/* Section 4: no attempt behind a success, from whoever knows of it. */
static void test_again(void **state)
{
    (void)state;
    struct talk *x = authenticated();
    FINE(say(x, I, "MSG", 0, 2, START3)); /* may have crossed */
    FAULTS(say(x, L, "RPY", 0, 2, HEAD URI(SASL("PLAIN"))), AUTH_AGAIN);
    BY(L);
    assert_int_equal(x->t.fault[0].clause, CL_BEEP_4_1);
    talk_free(x);
    x = authenticated();
    FINE(say(x, I, "MSG", 0, 2, START3));
    FINE(say(x, L, "RPY", 0, 2, INSIDE("<error code='550'>once is all</error>")));
    FAULTS(say(x, I, "MSG", 3, 1, CHALLENGE), AUTH_AGAIN);
    BY(I);
    talk_free(x);
    x = authenticated();
    FINE(seq(x, I, 0, x->seq[L][0], 4096));
    FINE(say(x, I, "MSG", 0, 2, HEAD "<start number='3'>" URI(SASL("PLAIN")) URI("http://x.test/p") "</start>"));
    FAULTS(say(x, I, "MSG", 0, 3, HEAD "<start number='5'>" URI(SASL("PLAIN")) URI(SASL("OTP")) "</start>"), AUTH_AGAIN);
    BY(I);
    FINE(say(x, L, "ERR", 0, 2, ERROR550));
    talk_free(x);
    x = authenticated(); /* who told it knows it, and nobody is client of the other behind it */
    FAULTS(say(x, L, "MSG", 0, 1, HEAD "<start number='2'>" URI(SASL("PLAIN")) "</start>"), AUTH_AGAIN);
    BY(L);
    talk_free(x);
    x = challenged(); /* on a channel of its own; when that is closed everybody knows */
    FINE(say(x, I, "MSG", 1, 1, CHALLENGE));
    FINE(say(x, L, "RPY", 1, 1, HEAD "<blob status='complete' />"));
    FINE(say(x, I, "MSG", 0, 2, START3));
    FINE(say(x, L, "ERR", 0, 2, ERROR550));
    FINE(say(x, I, "MSG", 0, 3, CLOSE(1)));
    FINE(say(x, L, "RPY", 0, 3, OKAY));
    FAULTS(say(x, I, "MSG", 0, 4, START3), AUTH_AGAIN);
    talk_free(x);
    x = authenticated(); /* and so does everybody behind a layer */
    assert_int_equal(track_beep_layer(&x->t), OK);
    memset(x->seq, 0, sizeof x->seq);
    FINE(say(x, L, "RPY", 0, 0, GREETING));
    FINE(say(x, I, "RPY", 0, 0, GREETING));
    FAULTS(say(x, I, "MSG", 0, 1, HEAD "<start number='1'>" URI(SASL("PLAIN")) "</start>"), AUTH_AGAIN);
    talk_free(x);
}

#define READY(n) HEAD "<start number='" n "'><profile uri='" BEEP_URI_TLS "'>&lt;ready/></profile></start>"

/* Both may ask for TLS before either could have seen the other's ready; who acknowledged it has seen it. */
static void test_readies_cross(void **state)
{
    (void)state;
    struct talk *x = greeted();
    FINE(say(x, L, "MSG", 0, 1, READY("2")));
    FINE(say(x, I, "MSG", 0, 1, READY("1")));
    assert_int_equal(track_beep_tuning(&x->t), BEEP_TS_READY);
    FINE(say(x, L, "ERR", 0, 1, ERROR550)); /* somebody has to answer, although both are to be quiet */
    talk_free(x);
    x = greeted();
    FINE(say(x, L, "MSG", 0, 1, READY("2")));
    FINE(seq(x, I, 0, x->seq[L][0], 4096));
    FAULTS(say(x, I, "MSG", 0, 1, READY("1")), READY_HELD);
    assert_int_equal(x->t.fault[1].code, BEEP_F_TWO_TUNINGS);
    talk_free(x);
    x = greeted(); /* one's own ready is known without an acknowledgement */
    FINE(say(x, I, "MSG", 0, 1, READY("1")));
    FAULTS(say(x, I, "MSG", 0, 2, READY("3")), AFTER_READY);
    assert_int_equal(x->t.fault[1].code, BEEP_F_TWO_TUNINGS);
    talk_free(x);
}

static void test_layers(void **state)
{
    (void)state;
    struct talk *x = greeted();
    FINE(say(x, I, "MSG", 0, 1, HEAD "<start number='1'><profile uri='" BEEP_URI_TLS "'>&lt;ready/></profile></start>"));
    FINE(say(x, L, "RPY", 0, 1, HEAD "<profile uri='" BEEP_URI_TLS "'>&lt;proceed/></profile>"));
    assert_int_equal(track_beep_tuned(&x->t, true, true), OK);
    memset(x->seq, 0, sizeof x->seq);
    FINE(say(x, L, "RPY", 0, 0, GREETING));
    FINE(say(x, I, "RPY", 0, 0, GREETING));
    begin_sasl(x);
    FINE(say(x, L, "RPY", 0, 1, INSIDE("<blob status='complete' />")));
    assert_int_equal(track_beep_layer(&x->t), OK);
    assert_int_equal(x->t.fault[0].code, BEEP_F_LAYER_AFTER_TLS);
    assert_int_equal(x->t.fault[0].side, L);
    talk_free(x);
    for (int side = 0; side < 2; side++) { /* each has a clause of its own */
        x = greeted();
        FINE(say(x, I, "MSG", 0, 1, HEAD "<start number='1'><profile uri='" BEEP_URI_TLS "'>&lt;ready/></profile></start>"));
        FINE(say(x, L, "RPY", 0, 1, HEAD "<profile uri='" BEEP_URI_TLS "'>&lt;proceed/></profile>"));
        track_beep_not_tls(&x->t, side);
        assert_int_equal(x->t.fault[0].clause, side == I ? CL_BEEP_3_1_3_2_3 : CL_BEEP_3_1_3_2_2);
        talk_free(x);
    }
    x = opened();
    track_beep_not_tls(&x->t, L);
    assert_int_equal(x->t.fault[0].code, BEEP_F_NOT_TLS);
    assert_true(x->t.lost);
    talk_free(x);
}

static void test_channel_zero_in_pieces(void **state)
{
    (void)state;
    struct talk *x = greeted();
    FINE(say(x, I, "MSG*", 0, 1, HEAD "<start number='1'>"));
    assert_null(x->got.el);
    FINE(say(x, L, "ERR", 0, 1, ERROR550)); /* 2.6.3: refused before its end */
    FINE(say(x, I, "MSG", 0, 1, "<rubbish"));
    assert_null(x->got.el); /* which is not looked at */
    FINE(say(x, I, "MSG", 0, 2, START(1)));
    FAULTS(say(x, I, "MSG", 0, 3, START(1)), IN_USE); /* not open, but asked for */
    FINE(say(x, L, "RPY", 0, 2, PROFILE));
    FINE(say(x, L, "ERR", 0, 3, ERROR550));
    FAULTS(say(x, L, "MSG", 0, 1, HEAD "<profile uri='x' />"), MGMT_KEYWORD);
    talk_free(x);
    x = greeted(); /* what was asked cannot be told: any answer is the other's affair */
    FAULTS(say(x, I, "MSG", 0, 1, HEAD "<start number='1'>"), XML_ILL);
    FINE(say(x, L, "ERR", 0, 1, HEAD "<error code='500' />"));
    FAULTS(say(x, I, "MSG", 0, 2, HEAD "<what />"), ELEMENT);
    FAULTS(say(x, L, "RPY", 0, 2, HEAD "<start number='1'>" URI("x") "</start>"), MGMT_KEYWORD);
    talk_free(x);
    x = opened();
    FINE(say(x, I, "MSG", 0, 2, CLOSE(1)));
    FAULTS(say(x, I, "MSG", 0, 3, CLOSE(1)), ORDER);
    FINE(say(x, L, "RPY", 0, 2, OKAY));
    FINE(say(x, L, "ERR", 0, 3, ERROR550));
    talk_free(x);
}

static void test_messages_too_large_are_let_go(void **state)
{
    (void)state;
    struct talk *x = calloc(1, sizeof *x);
    env_init(&x->env);
    x->env.limits.content = 1000;
    assert_int_equal(track_beep_init(&x->t, &x->env, 1u << 22), OK);
    x->t.read_all = true;
    FINE(say(x, L, "RPY", 0, 0, GREETING));
    FINE(say(x, I, "RPY", 0, 0, GREETING));
    FINE(say(x, I, "MSG", 0, 1, START(1)));
    FINE(say(x, L, "RPY", 0, 1, PROFILE));
    char part[601];
    memset(part, 'x', 600);
    part[600] = 0;
    FINE(say(x, I, "MSG*", 1, 1, part));
    FINE(say(x, I, "MSG*", 1, 1, part));
    FINE(say(x, I, "MSG", 1, 1, part));
    assert_true(x->got.last && x->got.message_lost);
    assert_int_equal(x->got.message.n, 0);
    FINE(say(x, I, "MSG*", 1, 2, part));
    FINE(say(x, I, "MSG", 1, 2, "y"));
    assert_false(x->got.message_lost);
    assert_int_equal(x->got.message.n, 601);
    talk_free(x);
}

static void test_long_pipelines(void **state)
{
    (void)state;
    struct talk *x = opened();
    /* a queue that never empties moves along in its memory */
    FINE(say(x, I, "MSG", 1, 1, ""));
    for (uint32_t n = 2; n < 5000; n++) {
        FINE(say(x, I, "MSG", 1, n, ""));
        FINE(say(x, L, "RPY", 1, n - 1, ""));
    }
    const struct beep_channel *c = track_beep_channel(&x->t, 1);
    assert_int_equal(c->dir[I].xs, 1);
    assert_true(c->dir[I].x_cap <= 8);
    for (uint32_t n = 5000; n < 5000 + BEEP_EXCHANGES_MAX - 1; n++)
        FINE(say(x, I, "MSG", 1, n, ""));
    FAULTS(say(x, I, "MSG", 1, 99999, ""), LIMIT);
    talk_free(x);
    x = opened();
    FINE(say(x, I, "MSG", 1, 1, ""));
    for (int n = 0; n < BEEP_ANSWERS_MAX; n++)
        FINE(answer(x, L, true, 1, 1, n, ""));
    answer(x, L, true, 1, 1, 5000, "");
    assert_int_equal(beep_exchange_of(track_beep_channel(&x->t, 1), I, 1)->answers, BEEP_ANSWERS_MAX);
    talk_free(x);
}

/* Whatever allocation fails: no crash, no leak, and order is not held against anybody afterwards. */
static void test_no_memory(void **state)
{
    (void)state;
    for (size_t n = 0; n < 200; n++) {
        struct mem_fail f;
        struct mem mem = mem_fail_init(&f, n);
        struct talk *x = calloc(1, sizeof *x);
        env_init(&x->env);
        x->env.mem = &mem;
        if (track_beep_init(&x->t, &x->env, 1u << 20) == OK) {
            x->t.read_all = true;
            say(x, L, "RPY*", 0, 0, HEAD "<gree");
            say(x, L, "RPY", 0, 0, "ting />");
            say(x, I, "RPY", 0, 0, GREETING);
            say(x, I, "MSG", 0, 1, START(1));
            say(x, L, "RPY", 0, 1, PROFILE);
            say(x, I, "MSG", 1, 1, "x");
            say(x, I, "MSG", 1, 2, "x");
            say(x, I, "MSG", 1, 3, "x");
            answer(x, L, true, 1, 1, 1, "x");
            answer(x, L, false, 1, 1, 1, "x");
            octets(x, I, "MSG 1 4 . 3 5\r\nab", 17);
            if (track_beep_tuned(&x->t, false, true) == OK) say(x, L, "RPY", 0, 0, GREETING);
            track_beep_done(&x->t);
        }
        assert_int_equal(f.live, 0);
        free(x);
    }
}

/* 6.3: an error is what ERR holds, and nothing else does. */
static void test_blob_in_err(void **state)
{
    (void)state;
    struct talk *x = greeted();
    FINE(say(x, I, "MSG", 0, 1, HEAD "<start number='1'>" URI(SASL("PLAIN")) "</start>"));
    FINE(say(x, L, "RPY", 0, 1, HEAD URI(SASL("PLAIN"))));
    FINE(say(x, I, "MSG", 1, 1, HEAD "<blob>YQ==</blob>"));
    FAULTS(say(x, L, "ERR", 1, 1, HEAD "<blob status='complete' />"), MGMT_KEYWORD);
    assert_int_equal(x->t.fault[0].clause, CL_BEEP_6_3_1);
    talk_free(x);
}

/* Where order is lost the number of a MSG that waits may come once more, with another start. */
static void test_number_starts_again(void **state)
{
    (void)state;
    struct talk *x = greeted();
    FINE(say(x, I, "MSG", 0, 1, HEAD "<start number='1'>" URI("urn:a") "</start>"));
    x->t.lost = true;
    say(x, I, "MSG", 0, 1, HEAD "<start number='3'>" URI("urn:b") URI("urn:c") URI("urn:d") "</start>");
    const struct beep_exchange *e = beep_exchange_of(track_beep_channel(&x->t, 0), I, 1);
    assert_non_null(e);
    assert_int_equal(e->uris, 3);
    assert_string_equal(e->uri[0], "urn:b");
    say(x, I, "MSG", 0, 1, HEAD "<close number='3' code='200'/>");
    talk_free(x);
}

/* Both asked for the release: what is left when one of them was answered, and who may say what then (2.4, BEEP-D23). */
static void test_releases_cross(void **state)
{
    (void)state;
    for (int first = 0; first < 2; first++) {
        for (int declines = 0; declines < 2; declines++) { /* one is declined, and the other is still there to be agreed to */
            struct talk *x = opened();
            FINE(say(x, first, "MSG", 0, 2, CLOSE(0)));
            FINE(say(x, !first, "MSG", 0, 2, CLOSE(0)));
            FINE(say(x, declines, "ERR", 0, 2, ERROR550));
            assert_int_equal(track_beep_session(&x->t), BEEP_SS_RELEASING);
            FINE(say(x, !declines, "RPY", 0, 2, OKAY));
            assert_int_equal(track_beep_session(&x->t), BEEP_SS_RELEASED);
            talk_free(x);
        }
        for (int agrees = 0; agrees < 2; agrees++) { /* whoever agreed is bound by it; the other may not know of it yet */
            struct talk *x = opened();
            FINE(say(x, first, "MSG", 0, 2, CLOSE(0)));
            FINE(say(x, !first, "MSG", 0, 2, CLOSE(0)));
            FINE(say(x, agrees, "RPY", 0, 2, OKAY));
            FINE(say(x, !agrees, "MSG", 1, 1, "on its way"));
            FAULTS(say(x, agrees, "MSG", 1, 1, "x"), RELEASED);
            talk_free(x);
        }
    }
}

/* A release that does not wait for the other greeting may cross the refusal that stands in its place (2.4). */
static void test_release_crosses_refusal(void **state)
{
    (void)state;
    for (int early = 0; early < 2; early++) {
        struct talk *x = talk_new();
        if (early) FINE(say(x, L, "ERR", 0, 0, HEAD "<error code='421' />"));
        FINE(say(x, I, "RPY", 0, 0, GREETING));
        FINE(say(x, I, "MSG", 0, 1, CLOSE(0)));
        if (!early) FINE(say(x, L, "ERR", 0, 0, HEAD "<error code='421' />"));
        assert_int_equal(track_beep_session(&x->t), BEEP_SS_UNAVAILABLE);
        talk_free(x);
    }
}

/* The client gives an exchange up by closing its channel: another tuning may follow (2.3.1.3, 4.1). */
static void test_exchange_ends_with_its_channel(void **state)
{
    (void)state;
    struct talk *x = greeted();
    begin_sasl(x);
    FINE(say(x, L, "RPY", 0, 1, INSIDE("<blob>YQ==</blob>")));
    assert_int_equal(track_beep_tuning(&x->t), BEEP_TS_CHALLENGED);
    FINE(say(x, I, "MSG", 0, 2, CLOSE(1)));
    FINE(say(x, L, "RPY", 0, 2, OKAY));
    assert_int_equal(track_beep_tuning(&x->t), BEEP_TS_PLAIN);
    FINE(say(x, I, "MSG", 0, 3, HEAD "<start number='3'><profile uri='" BEEP_URI_TLS "'>&lt;ready/></profile></start>"));
    FINE(say(x, L, "RPY", 0, 3, HEAD "<profile uri='" BEEP_URI_TLS "'>&lt;proceed/></profile>"));
    assert_true(x->got.tune);
    talk_free(x);
    /* the close of another SASL channel is none of it */
    x = greeted();
    begin_sasl(x);
    FINE(say(x, L, "RPY", 0, 1, INSIDE("<error code='535' />")));
    FINE(say(x, I, "MSG", 0, 2, HEAD "<start number='3'>" URI(SASL("PLAIN")) "</start>"));
    FINE(say(x, L, "RPY", 0, 2, INSIDE("<blob>YQ==</blob>")));
    FINE(say(x, I, "MSG", 0, 3, CLOSE(1)));
    FINE(say(x, L, "RPY", 0, 3, OKAY));
    assert_int_equal(track_beep_tuning(&x->t), BEEP_TS_CHALLENGED);
    talk_free(x);
}

/* A MSG on channel 0 that is ended while it is being refused is not read (2.6.3). */
static void test_cut_while_refused(void **state)
{
    (void)state;
    struct talk *x = greeted();
    FINE(say(x, I, "MSG*", 0, 1, HEAD "<start num"));
    FINE(say(x, L, "ERR*", 0, 1, HEAD));
    FINE(say(x, I, "MSG", 0, 1, ""));
    FINE(say(x, L, "ERR", 0, 1, "<error code='550' />"));
    FINE(say(x, I, "MSG", 0, 1, START(1)));
    talk_free(x);
}

/* BEEP-D28: however many channels end at once, a SEQ for any of them may have been under way. */
static void test_many_closes(void **state)
{
    (void)state;
    struct talk *x = greeted();
    char text[200];
    for (uint32_t n = 1; n < 2 * 257; n += 2) {
        snprintf(text, sizeof text, HEAD "<start number='%u'><profile uri='http://x.test/p' /></start>", (unsigned)n);
        FINE(seq(x, L, 0, x->seq[I][0], 4096));
        FINE(seq(x, I, 0, x->seq[L][0], 4096));
        FINE(say(x, I, "MSG", 0, n, text));
        FINE(say(x, L, "RPY", 0, n, PROFILE));
    }
    for (uint32_t n = 1; n < 2 * 257; n += 2) {
        snprintf(text, sizeof text, HEAD "<close number='%u' code='200' />", (unsigned)n);
        FINE(seq(x, L, 0, x->seq[I][0], 4096));
        FINE(seq(x, I, 0, x->seq[L][0], 4096));
        FINE(say(x, I, "MSG", 0, n, text));
        FINE(say(x, L, "RPY", 0, n, OKAY));
    }
    FINE(seq(x, I, 1, 0, 4096));
    FAULTS(seq(x, I, 999, 0, 4096), SEQ_CHANNEL);
    talk_free(x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_resync),
        cmocka_unit_test(test_tuning_astray),
        cmocka_unit_test(test_two_exchanges),
        cmocka_unit_test(test_exchanges_cross),
        cmocka_unit_test(test_again),
        cmocka_unit_test(test_readies_cross),
        cmocka_unit_test(test_layers),
        cmocka_unit_test(test_channel_zero_in_pieces),
        cmocka_unit_test(test_messages_too_large_are_let_go),
        cmocka_unit_test(test_long_pipelines),
        cmocka_unit_test(test_blob_in_err),
        cmocka_unit_test(test_number_starts_again),
        cmocka_unit_test(test_many_closes),
        cmocka_unit_test(test_cut_while_refused),
        cmocka_unit_test(test_releases_cross),
        cmocka_unit_test(test_release_crosses_refusal),
        cmocka_unit_test(test_exchange_ends_with_its_channel),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
