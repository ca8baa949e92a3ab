/* SPDX-License-Identifier: MIT */
/* oe_agent: every outcome of an initiator, what is asked for on the way, and for how long it holds. */
#include "test/oe_agent_ask.h"

static struct world w;

static void record(void **state)
{
    (void)state;
    for (int d = 0; d < OE_DIALECTS; d++) {
        begin(&w, (enum oe_dialect)d, OE_POLICY_PARANOID);
        zone_txt(&w, BOB, 10, "192.1.1.5", 1);
        struct oe_decision got = initiate(&w, "192.1.0.65", BOB);
        assert_gateway(&got, "192.1.1.5");
        assert_int_equal(got.key_count, 1);
        assert_true(has_key(&got, 1));
        assert_int_equal(w.queries, 1); /* 7.2: the key in the record saves a look-up */
        assert_int_equal(world_asked(&w, BOB_NAME, OE_RR_TXT), 1);
        assert_int_equal(got.life_ms, 300000);
        assert_true(got.source.family == 4 && !got.remembered);
        w.now += 299999;
        got = initiate(&w, NULL, BOB); /* while it lives */
        assert_gateway(&got, "192.1.1.5");
        assert_true(got.remembered && w.queries == 1);
        w.now += 1;
        got = initiate(&w, NULL, BOB);
        assert_true(!got.remembered && w.queries == 2);
        world_end(&w);
    }
}

static void classes(void **state)
{
    static const enum oe_outcome want[] = {OE_OUT_DROP, OE_OUT_CLEAR, OE_OUT_CONFIGURED};
    (void)state;
    for (int d = 0; d < OE_DIALECTS; d++) {
        struct oe_agent_setup s = {.seed = 1};
        world_policy(&w, &s);
        s.policy.dialect = (enum oe_dialect)d;
        for (int c = 0; c < 3; c++) {
            char text[32];
            snprintf(text, sizeof text, "192.0.2.%d", c);
            assert_int_equal(oe_policy_except(&s.policy, slice_str(text), (enum oe_policy_class)c), OK);
        }
        world_begin(&w, &s);
        for (int c = 0; c < 3; c++) {
            char text[32];
            snprintf(text, sizeof text, "192.0.2.%d", c);
            zone_txt(&w, text, 10, "192.1.1.5", 1);
            assert_int_equal(initiate(&w, "192.1.0.65", text).out, want[c]);
            assert_int_equal(report(&w, text, "192.1.1.5", OE_REPORT_SILENT).out, want[c]);
            assert_int_equal(initiate(&w, "10.0.0.1", text).out, want[c]);
        }
        assert_int_equal(w.queries, 0);
        world_end(&w);
    }
}

/* What becomes of each failure, by dialect and class, and for how long. */
static void failures(void **state)
{
    static const struct {
        enum oe_look look;
        enum oe_security security;
        bool silent;
        uint64_t life; /* 0: that of the answer */
        bool never;    /* clear, by RFC 4322 */
    } row[] = {
        {OE_LOOK_NXDOMAIN, OE_SEC_INSECURE, false, 300000, false},
        {OE_LOOK_NODATA, OE_SEC_SECURE, false, 300000, false},
        {OE_LOOK_SERVFAIL, OE_SEC_INSECURE, false, 10000, false},
        {OE_LOOK_UNREADABLE, OE_SEC_INSECURE, false, 10000, false},
        {OE_LOOK_TIMEOUT, OE_SEC_INSECURE, false, 10000, false},
        {OE_LOOK_COUNT, OE_SEC_COUNT, true, 10000, false},
        {OE_LOOK_NXDOMAIN, OE_SEC_BOGUS, false, 300000, true},
        {OE_LOOK_SERVFAIL, OE_SEC_BOGUS, false, 300000, true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++)
        for (int d = 0; d < OE_DIALECTS; d++)
            for (int open = 0; open < 2; open++) {
                begin(&w, (enum oe_dialect)d, open ? OE_POLICY_PERMISSIVE : OE_POLICY_PARANOID);
                struct zone_rule *r = zone_rule(&w, BOB, 0);
                r->look = row[i].look;
                r->security = row[i].security;
                r->silent = row[i].silent;
                struct oe_decision got = initiate(&w, "192.1.0.65", BOB);
                assert_int_equal(got.out,
                                 open && !(row[i].never && d == OE_RFC) ? OE_OUT_CLEAR : OE_OUT_DROP);
                assert_int_equal(got.life_ms, row[i].life);
                if (row[i].silent) assert_int_equal(w.now, 1000 + OE_POLICY_TIMEOUT_MS);
                w.now += row[i].life - 1;
                assert_true(initiate(&w, NULL, BOB).remembered && w.queries == 1);
                w.now++;
                w.rules = 0;
                zone_txt(&w, BOB, 10, "192.1.1.5", 1);
                got = initiate(&w, NULL, BOB);
                if (row[i].silent) { /* the first question was never answered, so nothing new is asked */
                    assert_int_equal(got.out, open ? OE_OUT_CLEAR : OE_OUT_DROP);
                } else {
                    assert_gateway(&got, "192.1.1.5");
                }
                world_end(&w);
            }
}

static void records_of_all_kinds(void **state)
{
    (void)state;
    for (int d = 0; d < OE_DIALECTS; d++) {
        /* foreign ones alone are no record, beside a good one they are nothing */
        begin(&w, (enum oe_dialect)d, OE_POLICY_PERMISSIVE);
        zone_text(&w, BOB, "v=spf1 -all");
        zone_text(&w, BOB, "");
        struct oe_decision got = initiate(&w, NULL, BOB);
        assert_int_equal(got.out, OE_OUT_CLEAR);
        zone_txt(&w, "192.0.2.1", 10, "192.1.1.5", 1);
        zone_text(&w, "192.0.2.1", "a=b");
        got = initiate(&w, NULL, "192.0.2.1");
        assert_gateway(&got, "192.1.1.5");
        /* malformed ones alone, and beside a good one */
        zone_text(&w, "192.0.2.2", "X-IPsec-Server(70000)=192.1.1.5 AQ==");
        got = initiate(&w, NULL, "192.0.2.2");
        assert_int_equal(got.out, d == OE_RFC ? OE_OUT_DROP : OE_OUT_CLEAR);
        zone_text(&w, "192.0.2.3", "X-IPsec-Server(70000)=192.1.1.5 AQ==");
        zone_txt(&w, "192.0.2.3", 10, "192.1.1.5", 1);
        got = initiate(&w, NULL, "192.0.2.3");
        assert_gateway(&got, "192.1.1.5");
        /* names are of no use to an initiator */
        zone_txt(&w, "192.0.2.4", 10, "@sg.example.org", 1);
        size_t queries = w.queries;
        got = initiate(&w, NULL, "192.0.2.4");
        assert_int_equal(got.out, OE_OUT_CLEAR);
        assert_int_equal(w.queries, queries + 1);
        zone_txt(&w, "192.0.2.5", 10, "@sg.example.org", 1);
        zone_txt(&w, "192.0.2.5", 20, "192.1.1.6", 1);
        got = initiate(&w, NULL, "192.0.2.5");
        assert_gateway(&got, "192.1.1.6");
        /* one's own address is passed over */
        zone_txt(&w, "192.0.2.6", 10, "192.1.1.4", 1);
        got = initiate(&w, NULL, "192.0.2.6");
        assert_int_equal(got.out, OE_OUT_CLEAR);
        zone_txt(&w, "192.0.2.6", 20, "192.1.1.5", 1);
        w.now += 300000;
        got = initiate(&w, NULL, "192.0.2.6");
        assert_gateway(&got, "192.1.1.5");
        world_end(&w);
    }
}

static void precedence(void **state)
{
    static const unsigned order[6][3] = {{9, 10, 100}, {9, 100, 10}, {10, 9, 100},
                                         {10, 100, 9}, {100, 9, 10}, {100, 10, 9}};
    (void)state;
    for (int o = 0; o < 6; o++) {
        begin(&w, OE_DRAFT, OE_POLICY_PERMISSIVE);
        for (int i = 0; i < 3; i++) {
            char gateway[32];
            snprintf(gateway, sizeof gateway, "192.1.2.%u", order[o][i]);
            zone_txt(&w, BOB, order[o][i], gateway, 1);
        }
        struct oe_decision got = initiate(&w, NULL, BOB);
        assert_gateway(&got, "192.1.2.9");
        got = report(&w, BOB, "192.1.2.9", OE_REPORT_SILENT);
        assert_gateway(&got, "192.1.2.10");
        got = report(&w, BOB, "192.1.2.9", OE_REPORT_SILENT); /* heard before */
        assert_gateway(&got, "192.1.2.10");
        got = report(&w, BOB, "192.1.2.10", OE_REPORT_REFUSED);
        assert_gateway(&got, "192.1.2.100");
        got = report(&w, BOB, "192.1.2.100", OE_REPORT_SIGNATURE);
        assert_int_equal(got.out, OE_OUT_CLEAR);
        assert_int_equal(got.life_ms, 300000); /* as long as the answer */
        got = initiate(&w, NULL, BOB);
        assert_true(got.out == OE_OUT_CLEAR && got.remembered);
        assert_int_equal(w.queries, 1);
        world_end(&w);
    }
}

static void reports(void **state)
{
    static const uint64_t life[OE_REPORT_COUNT] = {
        [OE_REPORT_SILENT] = 10000, [OE_REPORT_REFUSED] = 300000, [OE_REPORT_SIGNATURE] = 77000};
    (void)state;
    for (int open = 0; open < 2; open++)
        for (int r = OE_REPORT_SILENT; r < OE_REPORT_COUNT; r++) {
            begin(&w, OE_RFC, open ? OE_POLICY_PERMISSIVE : OE_POLICY_PARANOID);
            w.ttl = 77;
            zone_txt(&w, BOB, 10, "192.1.1.5", 1);
            initiate(&w, NULL, BOB);
            struct oe_decision got = report(&w, BOB, "192.1.1.5", (enum oe_report)r);
            assert_int_equal(got.out, open ? OE_OUT_CLEAR : OE_OUT_DROP);
            assert_int_equal(got.life_ms, life[r]);
            w.now += life[r];
            got = initiate(&w, NULL, BOB); /* another try: with the answer that is known, while it lives */
            assert_gateway(&got, "192.1.1.5");
            assert_int_equal(w.queries, life[r] < 77000 ? 1 : 2);
            world_end(&w);
        }
    /* a report about what was never asked for decides like a question */
    begin(&w, OE_RFC, OE_POLICY_PERMISSIVE);
    zone_txt(&w, BOB, 10, "192.1.1.5", 1);
    struct oe_decision got = report(&w, BOB, "192.1.1.5", OE_REPORT_UP);
    assert_gateway(&got, "192.1.1.5");
    got = report(&w, BOB, "192.1.1.9", OE_REPORT_SILENT);
    assert_gateway(&got, "192.1.1.5");
    world_end(&w);
}

/* Of equal ones each is drawn at some time, and the same seed draws the same. */
static void ties(void **state)
{
    unsigned seen[3] = {0};
    (void)state;
    for (uint64_t seed = 0; seed < 60; seed++) {
        struct oe_agent_setup s = {.seed = seed};
        char first[OE_HOST_TEXT] = "";
        world_policy(&w, &s);
        for (int again = 0; again < 2; again++) {
            world_begin(&w, &s);
            zone_txt(&w, BOB, 20, "192.1.1.9", 1);
            zone_txt(&w, BOB, 10, "192.1.1.5", 1);
            zone_txt(&w, BOB, 10, "192.1.1.6", 1);
            zone_txt(&w, BOB, 10, "192.1.1.7", 1);
            struct oe_decision got = initiate(&w, NULL, BOB);
            char text[OE_HOST_TEXT];
            oe_host_text(&got.gateway, text);
            if (again) assert_string_equal(text, first);
            memcpy(first, text, sizeof first);
            assert_true(got.gateway.octets[3] >= 5 && got.gateway.octets[3] <= 7);
            seen[got.gateway.octets[3] - 5]++;
            world_end(&w);
        }
    }
    assert_true(seen[0] > 10 && seen[1] > 10 && seen[2] > 10);
}

static void candidates(void **state)
{
    (void)state;
    begin(&w, OE_RFC, OE_POLICY_PERMISSIVE);
    zone_txt(&w, BOB, 10, "192.1.1.5", 1);
    zone_txt(&w, BOB, 20, "192.1.1.5", 2);
    zone_txt(&w, BOB, 10, "192.1.1.5", 1); /* said twice */
    zone_txt(&w, BOB, 10, "192.1.1.5", 0); /* and once without */
    zone_txt(&w, BOB, 30, "192.1.1.6", 3);
    struct oe_decision got = initiate(&w, NULL, BOB);
    assert_gateway(&got, "192.1.1.5");
    assert_int_equal(got.key_count, 2);
    assert_true(has_key(&got, 1) && has_key(&got, 2));
    assert_int_equal(w.queries, 1);
    world_end(&w);
}

static void key_records(void **state)
{
    (void)state;
    begin(&w, OE_RFC, OE_POLICY_PERMISSIVE);
    zone_txt(&w, BOB, 10, "192.1.1.5", 0);
    zone_key(&w, "192.1.1.5", 1, 0x4200);
    zone_key(&w, "192.1.1.5", 2, 0x4200);
    zone_key(&w, "192.1.1.5", 3, 0x8200); /* no authentication */
    struct oe_decision got = initiate(&w, NULL, BOB);
    assert_gateway(&got, "192.1.1.5");
    assert_int_equal(got.key_count, 2);
    assert_int_equal(world_asked(&w, SG_NAME, OE_RR_KEY), 1);
    world_end(&w);
    /* no key, a bad one, none in time: the next gateway, then the policy */
    for (int i = 0; i < 5; i++) {
        begin(&w, OE_RFC, i % 2 ? OE_POLICY_PARANOID : OE_POLICY_PERMISSIVE);
        zone_txt(&w, BOB, 10, "192.1.1.5", 0);
        if (i == 1) zone_key(&w, "192.1.1.5", 3, 0x8200);
        if (i == 2) zone_rule(&w, "192.1.1.5", 0)->silent = true;
        if (i == 3) zone_rule(&w, "192.1.1.5", 0)->look = OE_LOOK_SERVFAIL;
        if (i == 4) zone_rule(&w, "192.1.1.5", 0)->security = OE_SEC_BOGUS;
        got = initiate(&w, NULL, BOB);
        assert_int_equal(got.out,
                         i % 2 || i == 4 ? OE_OUT_DROP : OE_OUT_CLEAR); /* bogus: whatever the policy */
        zone_txt(&w, "192.0.2.7", 10, "192.1.1.5", 0);
        zone_txt(&w, "192.0.2.7", 20, "192.1.1.6", 2);
        got = initiate(&w, NULL, "192.0.2.7");
        assert_gateway(&got, "192.1.1.6");
        assert_int_equal(got.life_ms, i == 2 || i == 3
                                          ? OE_AGENT_SHORT_MS
                                          : 300000); /* nobody waits for the same silence again and again */
        assert_true(initiate(&w, NULL, "192.0.2.7").remembered);
        world_end(&w);
    }
    /* the draft has no such record, but for a tolerant reader */
    for (int tolerant = 0; tolerant < 2; tolerant++) {
        struct oe_agent_setup s = {.seed = 1};
        world_policy(&w, &s);
        s.policy.dialect = OE_DRAFT;
        s.policy.tolerant = tolerant;
        world_begin(&w, &s);
        zone_txt(&w, BOB, 10, "192.1.1.5", 0);
        zone_key(&w, "192.1.1.5", 1, 0x4200);
        got = initiate(&w, NULL, BOB);
        assert_int_equal(got.out, tolerant ? OE_OUT_ENCRYPT : OE_OUT_CLEAR);
        world_end(&w);
    }
}

static void truncation(void **state)
{
    (void)state;
    begin(&w, OE_RFC, OE_POLICY_PERMISSIVE);
    zone_txt(&w, BOB, 10, "192.1.1.5", 0);
    zone_key(&w, "192.1.1.5", 1, 0x4200);
    zone_rule(&w, BOB, 0)->look = OE_LOOK_TRUNCATED;
    zone_rule(&w, "192.1.1.5", 0)->look = OE_LOOK_TRUNCATED;
    struct oe_decision got = initiate(&w, NULL, BOB);
    assert_gateway(&got, "192.1.1.5");
    assert_int_equal(w.queries, 4);
    assert_true(!w.asked[0].tcp && w.asked[1].tcp && !w.asked[2].tcp && w.asked[3].tcp);
    assert_int_equal(got.life_ms, 300000);
    world_end(&w);
}

static void dnssec(void **state)
{
    static const enum oe_security securities[] = {OE_SEC_SECURE, OE_SEC_INSECURE, OE_SEC_INDETERMINATE};
    (void)state;
    for (int u = 0; u < OE_UNSIGNED_COUNT; u++)
        for (int told = 0; told < OE_UNTOLD_COUNT; told++)
            for (int i = 0; i < 3; i++) {
                struct oe_agent_setup s = {.seed = 1};
                bool bogus = securities[i] == OE_SEC_INDETERMINATE && told == OE_UNTOLD_BOGUS,
                     sure = securities[i] == OE_SEC_SECURE;
                world_policy(&w, &s);
                s.policy.unsigned_records = (enum oe_unsigned)u;
                s.policy.untold = (enum oe_untold)told;
                world_begin(&w, &s);
                w.security = securities[i];
                zone_txt(&w, BOB, 10, "192.1.1.5", 1);
                zone_txt(&w, "192.0.2.7", 10, "192.0.2.7", 1);
                struct oe_decision got = initiate(&w, NULL, BOB);
                assert_int_equal(got.out, bogus                          ? OE_OUT_DROP
                                          : sure || u == OE_UNSIGNED_USE ? OE_OUT_ENCRYPT
                                                                         : OE_OUT_CLEAR);
                got = initiate(&w, NULL, "192.0.2.7");
                assert_int_equal(got.out, bogus                             ? OE_OUT_DROP
                                          : sure || u != OE_UNSIGNED_IGNORE ? OE_OUT_ENCRYPT
                                                                            : OE_OUT_CLEAR);
                world_end(&w);
            }
}

static void translation(void **state)
{
    static const struct {
        enum oe_nat nat;
        const char *source, *as; /* NULL: nobody could look it up */
    } row[] = {
        {OE_NAT_NONE, "192.1.0.65", "192.1.0.65"},    {OE_NAT_NONE, "10.0.0.5", NULL},
        {OE_NAT_ONE, "10.0.0.5", "192.1.0.70"},       {OE_NAT_ONE, "10.0.0.6", NULL},
        {OE_NAT_ONE, "192.1.0.65", "192.1.0.65"},     {OE_NAT_MANY, "10.0.0.5", "192.1.1.4"},
        {OE_NAT_BETWEEN, "192.1.0.65", "192.1.0.65"}, {OE_NAT_BETWEEN, "172.16.0.1", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct oe_agent_setup s = {.seed = 1};
        char text[OE_HOST_TEXT];
        world_policy(&w, &s);
        s.policy.nat = row[i].nat;
        assert_int_equal(oe_policy_map(&s.policy, SLICE_LIT("10.0.0.5"), SLICE_LIT("192.1.0.70")), OK);
        world_begin(&w, &s);
        zone_txt(&w, BOB, 10, "192.1.1.5", 1);
        struct oe_decision got = initiate(&w, row[i].source, BOB);
        assert_int_equal(got.out, row[i].as ? OE_OUT_ENCRYPT : OE_OUT_CLEAR);
        if (row[i].as) assert_string_equal(oe_host_text(&got.source, text), row[i].as);
        assert_ptr_equal(got.trail[0].table, &oe_nats);
        assert_int_equal(w.queries, row[i].as ? 1 : 0);
        world_end(&w);
    }
}

/* An answer that is held back holds nobody else up; who asks for the same meanwhile asks nothing anew. */
static void overlap(void **state)
{
    struct oe_host bob = host(BOB), carol = host("192.0.2.7");
    struct oe_decision got;
    (void)state;
    begin(&w, OE_RFC, OE_POLICY_PARANOID);
    zone_txt(&w, BOB, 10, "192.1.1.5", 1);
    zone_txt(&w, "192.0.2.7", 10, "192.1.1.6", 2);
    zone_rule(&w, BOB, 0)->held = true;
    assert_int_equal(oe_agent_initiate(w.a, 1, NULL, &bob, w.now), OK);
    world_run(&w);
    assert_false(oe_agent_decision(w.a, &got));
    assert_int_equal(oe_agent_initiate(w.a, 2, NULL, &bob, w.now), OK);
    assert_int_equal(oe_agent_initiate(w.a, 3, NULL, &carol, w.now), OK);
    world_run(&w);
    assert_int_equal(w.queries, 2);
    assert_true(oe_agent_decision(w.a, &got));
    assert_int_equal(got.tag, 3);
    assert_gateway(&got, "192.1.1.6");
    assert_false(oe_agent_decision(w.a, &got));
    assert_int_equal(oe_agent_under_way(w.a), 2);
    world_release(&w);
    for (uint64_t tag = 1; tag < 3; tag++) {
        assert_true(oe_agent_decision(w.a, &got));
        assert_int_equal(got.tag, tag);
        assert_gateway(&got, "192.1.1.5");
    }
    assert_false(oe_agent_decision(w.a, &got));
    world_end(&w);
}

static void late_answer(void **state)
{
    (void)state;
    begin(&w, OE_RFC, OE_POLICY_PERMISSIVE);
    zone_txt(&w, BOB, 10, "192.1.1.5", 1);
    zone_rule(&w, BOB, 0)->held = true;
    assert_int_equal(initiate(&w, NULL, BOB).out, OE_OUT_CLEAR);
    world_release(&w); /* for nobody now; it is kept all the same */
    w.now += OE_AGENT_SHORT_MS;
    struct oe_decision got = initiate(&w, NULL, BOB);
    assert_gateway(&got, "192.1.1.5");
    assert_int_equal(w.queries, 1);
    world_end(&w);
}

static void tunnels(void **state)
{
    struct oe_host d, g;
    (void)state;
    begin(&w, OE_RFC, OE_POLICY_PERMISSIVE);
    w.ttl = 10;
    zone_txt(&w, BOB, 10, "192.1.1.5", 1);
    zone_txt(&w, BOB, 20, "192.1.1.6", 1);
    initiate(&w, NULL, BOB);
    assert_false(oe_agent_tunnel(w.a, 0, &d, &g));
    report(&w, BOB, "192.1.1.5", OE_REPORT_UP);
    assert_true(oe_agent_tunnel(w.a, 0, &d, &g));
    assert_false(oe_agent_tunnel(w.a, 1, &d, &g));
    oe_agent_advance(w.a, 40000, w.now); /* behind the life of the answer, in the last half of the minute */
    struct oe_decision got = initiate(&w, NULL, BOB);
    assert_gateway(&got, "192.1.1.5");
    assert_int_equal(w.queries, 1); /* 3.1.5: without a query */
    oe_agent_advance(w.a, 20000, w.now);
    assert_true(oe_agent_tunnel(w.a, 0, &d, &g)); /* twenty minutes more */
    oe_agent_advance(w.a, 1199999, w.now);
    assert_true(oe_agent_tunnel(w.a, 0, &d, &g));
    oe_agent_advance(w.a, 1, w.now);
    assert_false(oe_agent_tunnel(w.a, 0, &d, &g));
    got = initiate(&w, NULL, BOB);
    assert_int_equal(w.queries, 2);
    report(&w, BOB, "192.1.1.5", OE_REPORT_UP);
    oe_agent_advance(w.a, 60000, w.now); /* never used */
    assert_false(oe_agent_tunnel(w.a, 0, &d, &g));
    /* by the clock alone, and a tunnel that falls leads to the next gateway */
    initiate(&w, NULL, BOB);
    report(&w, BOB, "192.1.1.5", OE_REPORT_UP);
    got = report(&w, BOB, "192.1.1.5", OE_REPORT_SILENT);
    assert_gateway(&got, "192.1.1.6");
    assert_false(oe_agent_tunnel(w.a, 0, &d, &g));
    report(&w, BOB, "192.1.1.6", OE_REPORT_UP);
    assert_true(world_wait(&w) && !oe_agent_tunnel(w.a, 0, &d, &g));
    assert_int_equal(oe_agent_deadline(w.a), UINT64_MAX);
    world_end(&w);
}

static void ip6(void **state)
{
    (void)state;
    begin(&w, OE_RFC, OE_POLICY_PERMISSIVE);
    zone_txt(&w, "2001:db8::567:89ab", 10, "192.1.1.5", 1);
    struct oe_decision got = initiate(&w, NULL, "2001:db8::567:89ab");
    assert_gateway(&got, "192.1.1.5");
    assert_int_equal(world_asked(&w,
                                 "b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa",
                                 OE_RR_TXT),
                     1);
    world_end(&w);
}

/* Every rule that is told of is one of the table that is named, and the last one gave the outcome. */
static void reasons(void **state)
{
    (void)state;
    begin(&w, OE_RFC, OE_POLICY_PERMISSIVE);
    for (unsigned i = 0; i < 256; i++) {
        char gateway[32];
        snprintf(gateway, sizeof gateway, "192.1.7.%u", i);
        zone_txt(&w, BOB, i, gateway, 0);
    }
    struct oe_decision got = initiate(&w, "192.1.0.65", BOB);
    assert_int_equal(got.out, OE_OUT_CLEAR);
    assert_true(got.steps > 512);
    for (size_t i = 0; i < got.steps; i++) {
        const struct oe_table *t = got.trail[i].table;
        assert_true(got.trail[i].rule >= t->rules && got.trail[i].rule < t->rules + t->rule_count);
        assert_true(got.trail[i].about[0]);
    }
    assert_ptr_equal(got.trail[got.steps - 1].table, &oe_fail);
    assert_int_equal(last(&got)->out, OE_OUT_CLEAR);
    world_end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(record),      cmocka_unit_test(classes),
        cmocka_unit_test(failures),    cmocka_unit_test(records_of_all_kinds),
        cmocka_unit_test(precedence),  cmocka_unit_test(reports),
        cmocka_unit_test(ties),        cmocka_unit_test(candidates),
        cmocka_unit_test(key_records), cmocka_unit_test(truncation),
        cmocka_unit_test(dnssec),      cmocka_unit_test(translation),
        cmocka_unit_test(overlap),     cmocka_unit_test(late_answer),
        cmocka_unit_test(tunnels),     cmocka_unit_test(ip6),
        cmocka_unit_test(reasons),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
