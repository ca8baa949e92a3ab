/* SPDX-License-Identifier: MIT */
/* The words of BEEP for cases about channels: many of them, their closes left to the case, one without a
 * window. */
#include "test/play_beep_duel.h"

static void test_many(void **state)
{
    (void)state;
    passes("reach greeted\ndo channels count=5\nexpect channels accepted=5 declined=0 code=\"\" -> next\n"
           "send msg channel=9 body=x\nexpect rpy channel=9 same=yes -> pass\n");
    /* far more than the window of channel 0 holds at once, and than 2.3 asks for */
    passes("reach greeted\ndo channels count=300 profile=$PROFILE\nexpect channels accepted=300 -> next\n"
           "send start number=601\nexpect profile number=601 -> pass\n");
}

static void test_declined(void **state)
{
    (void)state;
    /* each start waits for the answer to the one before, and a number that was declined does not come again
     */
    gives("reach greeted\ndo channels count=3 profile=urn:x\nexpect channels accepted=1 declined=2 code=451 "
          "-> pass\n",
          "do hold\nexpect start number=1 profiles=urn:x -> next\nexpect silence within 1s -> next\nsend "
          "error code=450\n"
          "expect start number=3 -> next\nsend profile\nexpect start number=5 -> next\nsend error "
          "code=451\n" IDLE,
          V_PASS, NULL);
    gives("reach greeted\ndo channels count=2\nexpect channels -> fail \"over\"\nor bad -> pass\n",
          "do hold\nexpect start -> next\nsend profile but body.value=\"<profile\"\n" IDLE, V_PASS, NULL);
    gives("reach greeted\ndo channels count=2\nexpect channels -> fail \"over\"\nor close -> pass\n",
          "do hold\nexpect start -> next\ndo fin\n" IDLE, V_PASS, NULL);
    gives("reach greeted\ndo channels count=2\nexpect channels -> fail \"over\"\nor silence -> pass\n",
          "do hold\n" IDLE, V_PASS, NULL);
}

static void test_window(void **state)
{
    (void)state;
    /* the window of channel 0 stops them, and a SEQ lets them go on */
    gives("reach greeted\ndo channels count=100\nexpect channels -> fail \"over\"\nor silence within 1s -> "
          "next\n"
          "expect channels accepted=100 -> pass\n",
          "do no-seq\nreach greeted\nexpect silence within 2s -> next\ndo seq channel=0\n" IDLE, V_PASS,
          NULL);
}

static void test_hold(void **state)
{
    (void)state;
    gives_listener("reach channel\nsend close number=1\nexpect ok|error -> pass\n",
                   "do hold closes\nexpect close-request number=1 -> next\nsend msg body=x\nexpect rpy "
                   "body=x -> next\nsend ok\n"
                   "expect silence within 1s -> pass\n",
                   V_PASS, NULL);
    /* the other kind goes on by itself */
    gives("reach channel\nsend close number=1\nexpect ok asked=close -> next\nsend close\nexpect silence "
          "within 1s -> pass\n",
          "do hold release\n" IDLE, V_PASS, NULL);
    gives("reach channel\nsend close number=1\nexpect silence within 1s -> pass\n", "do hold closes\n" IDLE,
          V_PASS, NULL);
    gives("reach greeted\nsend close\nexpect ok asked=release -> pass\n", "do hold closes\n" IDLE, V_PASS,
          NULL);
    gives("reach channel\nsend close number=1\nexpect ok -> pass\n", "do hold closes\ndo answer\n" IDLE,
          V_PASS, NULL);
}

static void test_no_seq_on_one(void **state)
{
    (void)state;
    passes(
        "reach greeted\nsend start number=1\nexpect profile -> next\nsend start number=3\nexpect profile -> "
        "next\ndo no-seq channel=3\n"
        "send msg channel=1 size=9000\nexpect rpy channel=1 same=yes -> next\nsend msg channel=3 size=9000\n"
        "expect silence within 1s -> next\ndo seq channel=3\nexpect rpy channel=3 same=yes -> pass\n");
}

static void test_misuse(void **state)
{
    (void)state;
    gives("reach greeted\ndo channels\n" IDLE, IDLE, V_ERROR, "wants count=");
    gives("reach greeted\ndo channels count=1 profile=\"\"\n" IDLE, IDLE, V_ERROR, "wants count=");
    gives("reach greeted\ndo channels count=1\ndo channels count=1\n" IDLE, "do hold\n" IDLE, V_ERROR,
          "not answered yet");
    gives("reach greeted\ndo hold breath\n" IDLE, IDLE, V_ERROR, "do hold breath");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_many), cmocka_unit_test(test_declined),      cmocka_unit_test(test_window),
        cmocka_unit_test(test_hold), cmocka_unit_test(test_no_seq_on_one), cmocka_unit_test(test_misuse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
