/* SPDX-License-Identifier: MIT */
/* The words of BEEP for TLS and SASL, and what becomes of a case when memory is short. */
#include "test/play_beep_duel.h"

#include "run/identity.h"

/* --- tuning -------------------------------------------------------------------------------------- */

static void test_sasl(void **state)
{
    static const char *const mechanisms[] = {"PLAIN",         "CRAM-MD5",   "SCRAM-SHA-1",
                                             "SCRAM-SHA-256", "DIGEST-MD5", "ANONYMOUS"};
    (void)state;
    for (size_t i = 0; i < sizeof mechanisms / sizeof *mechanisms; i++) {
        char text[400];
        snprintf(text, sizeof text,
                 "reach greeted\ndo sasl %s\nexpect authenticated mechanism=%s -> next\nreach channel\nsend "
                 "msg body=x\nexpect rpy -> pass\n",
                 mechanisms[i], mechanisms[i]);
        passes(text);
        snprintf(text, sizeof text, "reach greeted\ndo sasl %s embed=no\nexpect authenticated -> pass\n",
                 mechanisms[i]);
        passes(text);
    }
    passes("reach authenticated\nreach channel\nsend msg body=x\nexpect rpy -> pass\n");
    passes("reach authenticated mechanism=CRAM-MD5\nexpect silence within 1s -> pass\n");
    gives("reach greeted\ndo sasl PLAIN wrong=yes\nexpect not-authenticated code=535 -> pass\n", IDLE, V_PASS,
          NULL);
    gives("reach greeted\ndo sasl SCRAM-SHA-1 wrong=yes\nexpect not-authenticated code=535 -> pass\n", IDLE,
          V_PASS, NULL);
}

static void test_sasl_layer(void **state)
{
    (void)state;
    passes("reach greeted\ndo sasl DIGEST-MD5 qop=int\nexpect authenticated layer=yes -> next\nexpect "
           "greeting -> next\nreach channel\n"
           "send msg pattern=20000\nexpect rpy same=yes -> pass\n");
}

/* Each side of an exchange by hand, and what the other side does by itself is passed over. */
static void test_sasl_by_hand(void **state)
{
    (void)state;
    struct duel d;
    gives("reach greeted\ndo sasl PLAIN embed=no\nexpect authenticated -> pass\n",
          "do hold\nexpect start -> next\nsend profile content=\"\"\nexpect blob status=continue "
          "content=*alice*wonder -> next\nsend blob "
          "status=complete\n" IDLE,
          V_PASS, NULL);
    gives("reach greeted\nsend start profile=${SASL}PLAIN\nexpect profile -> next\nsend blob "
          "content=\"\\0alice\\0wonder\"\n"
          "expect blob status=complete -> pass\n",
          IDLE, V_PASS, NULL);
    gives("reach greeted\ndo sasl PLAIN\nexpect rpy -> pass\n", IDLE, V_FAIL, "got authenticated");
    begin(&d);
    fight(&d, "reach greeted\ndo sasl PLAIN\nexpect authenticated -> next\nsend start number=3\n" IDLE,
          "reach greeted\nexpect start number=3 -> pass\n", 1);
    is(&d, 1, V_PASS, NULL);
    end(&d);
}

static void with_tls(struct duel *d, struct identities **ids)
{
    begin(d);
    assert_int_equal(identities_new(&d->env, RUN_TLS_MODERN, NULL, NULL, ids), OK);
    for (int i = 0; i < 2; i++) {
        d->beep[i].no_tls = false;
        d->beep[i].identity = identities_tester;
        d->beep[i].identity_ctx = *ids;
    }
}

static void tls_gives(const char *initiator, const char *listener, int counts, enum verdict v, bool clean)
{
    struct duel d;
    struct identities *ids;
    with_tls(&d, &ids);
    fight(&d, initiator, listener, counts);
    is(&d, counts, v, NULL);
    if (clean) spotless(&d);
    end(&d);
    identities_free(ids);
}

static void test_tls(void **state)
{
    (void)state;
    tls_gives("reach tls\nreach channel\nsend msg pattern=9000\nexpect rpy same=yes -> pass\n", IDLE, 0,
              V_PASS, true);
    tls_gives("reach greeted\nsend start profile=$TLS content=\"<ready />\"\nexpect profile inner=proceed "
              "uri=$TLS -> next\ndo tls\n"
              "expect tls certificate=yes -> next\nexpect greeting profiles!=*TLS* -> pass\n",
              IDLE, 0, V_PASS, true);
    tls_gives("reach greeted\nsend start profile=$TLS\nexpect profile -> next\nsend ready\nexpect proceed -> "
              "next\ndo tls\nexpect tls -> pass\n",
              IDLE, 0, V_PASS, true);
    tls_gives("reach tls\nreach authenticated\nexpect silence within 1s -> pass\n", IDLE, 0, V_PASS, true);
    tls_gives(
        "reach tls\n" IDLE,
        "do hold\nexpect start inner=ready -> next\nsend profile content=\"<error code='501' />\"\n" IDLE, 0,
        V_INCONC, false);
    tls_gives("reach tls\nreach channel\n" IDLE, "reach tls\nexpect start -> pass\n", 1, V_PASS, true);
}

static void tls_finds(const char *initiator, const char *listener, enum clause_id clause)
{
    struct duel d;
    struct identities *ids;
    bool hit = false;
    with_tls(&d, &ids);
    fight(&d, initiator, listener, 0);
    for (size_t i = 0; i < d.p[0]->faults; i++)
        hit |= d.p[0]->fault[i].clause == clause && d.p[0]->fault[i].fail;
    if (!hit) show(d.p[0]);
    assert_true(hit);
    end(&d);
    identities_free(ids);
}

static void test_tls_closer(void **state)
{
    (void)state;
    tls_finds("reach tls\n" IDLE, "do hold\nexpect start inner=ready -> next\nsend profile\n" IDLE,
              CL_BEEP_3_1_1_4);
    tls_finds("reach tls\n" IDLE,
              "do hold\nexpect start -> next\nsend profile content=\"<proceed />\"\ndo tls\ndo "
              "no-greeting\nexpect tls -> next\nsend start\n" IDLE,
              CL_BEEP_3_1);
    tls_finds("reach tls\n" IDLE,
              "do hold\nexpect start -> next\nsend profile content=\"<proceed />\"\nraw "
              "\"\\x16\\x03\\x01\\0\\x10\\x01\\0\\0\\x0c\\x03\\x01\"\n" IDLE,
              CL_BEEP_3_1_3_2_4);
}

/* An initiator that asks for TLS by itself is let have it: what a case is about lies behind. */
static void test_wants_tls(void **state)
{
    struct duel d;
    struct identities *ids;
    (void)state;
    with_tls(&d, &ids);
    d.beep[1].learned_wants_tls = true;
    fight(&d, "reach tls\nreach channel\n" IDLE,
          "reach greeted\nexpect tls -> fail\nor start profiles=$PROFILE -> pass\n", 1);
    is(&d, 1, V_PASS, NULL);
    assert_true((d.beep[1].observed & (SEE(TLS) | SEE(READY) | SEE(HELLO))) ==
                (SEE(TLS) | SEE(READY) | SEE(HELLO)));
    end(&d);
    identities_free(ids);
    /* unless the case wants to see it */
    with_tls(&d, &ids);
    d.beep[1].learned_wants_tls = true;
    fight(&d, "reach tls\n" IDLE, "do hold\nreach greeted\nexpect start inner=ready -> pass\n", 1);
    is(&d, 1, V_PASS, NULL);
    end(&d);
    identities_free(ids);
}


static void test_memory(void **state)
{
    (void)state;
    out_of_memory(begin, end, "reach channel\ndo no-seq\nsend msg pattern=9000\nexpect response -> next\ndo seq\nexpect "
                  "rpy same=yes -> next\n"
                  "send start number=9 profile=urn:x profile=$PROFILE content=x but type.value=x\nexpect "
                  "error -> pass\n",
                  IDLE, 0);
    out_of_memory(begin, end, "reach authenticated mechanism=CRAM-MD5\nreach released\nexpect fin -> pass\n", IDLE, 0);
    out_of_memory(begin, end, "do sasl PLAIN\nreach channel\nsend msg body=x\nsend close number=1\n" IDLE,
                  "expect close-request -> pass\n", 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sasl),       cmocka_unit_test(test_sasl_layer),
        cmocka_unit_test(test_tls),        cmocka_unit_test(test_sasl_by_hand),
        cmocka_unit_test(test_tls_closer), cmocka_unit_test(test_wants_tls),
        cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
