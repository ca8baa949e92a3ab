/* SPDX-License-Identifier: MIT */
/* oe_agent: every outcome of a responder: who is who it says, and may act for which hosts. */
#include "test/oe_agent_ask.h"

static struct world w;

static void authentication(void **state)
{
    (void)state;
    for (int d = 0; d < OE_DIALECTS; d++) {
        struct oe_agent_setup s = {.seed = 1};
        world_policy(&w, &s);
        s.policy.dialect = (enum oe_dialect)d;
        assert_int_equal(oe_policy_except(&s.policy, SLICE_LIT("192.1.1.9"), OE_POLICY_CONFIGURED), OK);
        assert_int_equal(oe_policy_except(&s.policy, SLICE_LIT("no.example.org"), OE_POLICY_DENY), OK);
        world_begin(&w, &s);
        zone_key(&w, "192.1.1.5", 1, 0x4200);
        zone_key(&w, "192.1.1.5", 2, 0x4200);
        zone_key(&w, "sg.example.org", 3, 0x4200);
        zone_key(&w, "192.1.1.6", 1, 0x8200);
        for (unsigned k = 1; k < 3; k++) {
            struct oe_decision got = phase1(&w, k, "192.1.1.5", OE_ID_IP4, "192.1.1.5", k);
            assert_int_equal(got.out, OE_OUT_AUTHENTIC);
            assert_int_equal(got.key_count, 2);
        }
        assert_int_equal(world_asked(&w, SG_NAME, OE_RR_KEY), 1); /* it lives */
        assert_int_equal(phase1(&w, 3, "192.1.1.5", OE_ID_IP4, "192.1.1.5", 3).out, OE_OUT_REFUSE);
        assert_int_equal(phase1(&w, 4, "192.1.1.5", OE_ID_IP4, "192.1.1.5", 0).out, OE_OUT_CHECK);
        assert_int_equal(phase1(&w, 5, "192.1.1.6", OE_ID_IP4, "192.1.1.6", 1).out, OE_OUT_REFUSE);
        assert_int_equal(phase1(&w, 6, "192.1.1.7", OE_ID_IP4, "192.1.1.7", 1).out, OE_OUT_REFUSE);
        assert_int_equal(phase1(&w, 7, "203.0.113.1", OE_ID_NAME, "SG.Example.ORG.", 3).out,
                         OE_OUT_AUTHENTIC);
        assert_int_equal(world_asked(&w, "sg.example.org", OE_RR_KEY), 1);
        size_t queries = w.queries;
        assert_int_equal(phase1(&w, 8, "192.1.1.9", OE_ID_IP4, "192.1.1.9", 1).out, OE_OUT_CONFIGURED);
        assert_int_equal(phase1(&w, 9, "192.1.1.9", OE_ID_NAME, "no.example.org", 1).out, OE_OUT_REFUSE);
        assert_int_equal(phase1(&w, 10, "192.1.1.9", OE_ID_OTHER, "CN=sg", 1).out, OE_OUT_REFUSE);
        assert_int_equal(phase1(&w, 11, "192.1.1.9", OE_ID_IP4, "sg", 1).out, OE_OUT_REFUSE);
        assert_int_equal(phase1(&w, 12, "192.1.1.9", OE_ID_IP6, "192.1.1.5", 1).out, OE_OUT_REFUSE);
        assert_int_equal(w.queries, queries);
        world_end(&w);
    }
}

static void authorisation(void **state)
{
    (void)state;
    for (int d = 0; d < OE_DIALECTS; d++) {
        struct oe_agent_setup s = {.seed = 1};
        world_policy(&w, &s);
        s.policy.dialect = (enum oe_dialect)d;
        assert_int_equal(oe_policy_except(&s.policy, SLICE_LIT("192.1.0.99"), OE_POLICY_DENY), OK);
        world_begin(&w, &s);
        zone_key(&w, "192.1.1.5", 1, 0x4200);
        zone_key(&w, "sg.example.org", 1, 0x4200);
        phase1(&w, 1, "192.1.1.5", OE_ID_IP4, "192.1.1.5", 1);
        phase1(&w, 2, "203.0.113.1", OE_ID_NAME, "sg.example.org", 1);
        phase1(&w, 3, "192.1.1.7", OE_ID_IP4, "192.1.1.7", 1);
        zone_txt(&w, "192.1.0.1", 10, "192.1.1.9", 1); /* a stronger one of somebody else */
        zone_txt(&w, "192.1.0.1", 20, "192.1.1.5", 1);
        zone_txt(&w, "192.1.0.2", 10, "192.1.1.5", 2);
        zone_txt(&w, "192.1.0.3", 10, "192.1.1.9", 1);
        zone_txt(&w, "192.1.0.4", 10, "@SG.example.org", 1);
        zone_txt(&w, "192.1.0.5", 10, "192.1.1.5", 0);
        zone_text(&w, "192.1.0.6", "X-IPsec-Server(x)=192.1.1.5 AQ==");
        zone_txt(&w, "192.1.0.99", 10, "192.1.1.5", 1);
        assert_int_equal(phase2(&w, 1, "192.1.0.1").out, OE_OUT_ACCEPT);
        assert_int_equal(phase2(&w, 1, "192.1.0.2").out, OE_OUT_REFUSE);
        assert_int_equal(phase2(&w, 1, "192.1.0.3").out, OE_OUT_REFUSE);
        assert_int_equal(phase2(&w, 1, "192.1.0.4").out, OE_OUT_REFUSE);
        assert_int_equal(phase2(&w, 2, "192.1.0.4").out, OE_OUT_ACCEPT);
        assert_int_equal(phase2(&w, 2, "192.1.0.1").out, OE_OUT_REFUSE);
        assert_int_equal(phase2(&w, 1, "192.1.0.5").out, d == OE_RFC ? OE_OUT_ACCEPT : OE_OUT_REFUSE);
        assert_int_equal(phase2(&w, 1, "192.1.0.6").out, OE_OUT_REFUSE);
        assert_int_equal(phase2(&w, 1, "192.1.0.7").out, OE_OUT_REFUSE);
        size_t queries = w.queries;
        assert_int_equal(phase2(&w, 1, "192.1.1.5").out, OE_OUT_ACCEPT);
        assert_int_equal(phase2(&w, 2, "203.0.113.1").out, OE_OUT_ACCEPT);
        assert_int_equal(phase2(&w, 1, "192.1.0.99").out, OE_OUT_REFUSE); /* by class */
        assert_int_equal(phase2(&w, 3, "192.1.0.1").out, OE_OUT_REFUSE);  /* not authentic */
        assert_int_equal(phase2(&w, 3, "192.1.1.7").out, OE_OUT_REFUSE);
        assert_int_equal(phase2(&w, 77, "192.1.0.1").out, OE_OUT_REFUSE); /* nobody */
        assert_int_equal(w.queries, queries);
        world_end(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(authentication),
        cmocka_unit_test(authorisation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
