/* SPDX-License-Identifier: MIT */
/* oe_agent: what must never be, whatever the zone, the policy and the order of events; and memory that is refused at every place. */
#include "test/oe_world.h"

enum { WALKS = 20000, STEPS = 14, HOSTS = 4 };
static const char *const hosts[HOSTS] = {"192.0.2.66", "192.0.2.7", "192.1.1.5", "2001:db8::1"};
static const char *const gateways[HOSTS] = {"192.1.1.5", "192.1.1.6", "192.1.1.4", "192.0.2.66"};
static const char *const names[] = {"sg.example.org", "SG.Example.org", "other.example.org"};

static struct world w;
static struct oe_policy policy;
static unsigned said[OE_OUT_COUNT]; /* how often each outcome came */

static unsigned below(struct rng *r, unsigned n)
{
    return (unsigned)rng_below(r, n);
}

static void any_zone(struct rng *r)
{
    char name[40];
    w.records = w.rules = 0;
    for (unsigned n = below(r, 8); n > 0; n--) {
        const char *where = hosts[below(r, HOSTS)];
        unsigned kind = below(r, 8);
        if (kind == 0)
            zone_text(&w, where, "X-IPsec-Server(10)=192.1.1.5 AQ=");
        else if (kind == 1)
            zone_text(&w, where, "v=spf1 -all");
        else if (kind == 2)
            zone_txt(&w, where, below(r, 3), (snprintf(name, sizeof name, "@%s", names[below(r, 3)]), name), below(r, 3));
        else
            zone_txt(&w, where, below(r, 3), gateways[below(r, HOSTS)], below(r, 3));
    }
    for (unsigned n = below(r, 5); n > 0; n--)
        zone_key(&w, below(r, 2) ? gateways[below(r, HOSTS)] : "sg.example.org", 1 + below(r, 2), below(r, 4) ? 0x4200 : 0x8200);
    for (unsigned n = below(r, 3); n > 0; n--) {
        static const enum oe_look looks[] = {OE_LOOK_NXDOMAIN, OE_LOOK_NODATA, OE_LOOK_SERVFAIL, OE_LOOK_UNREADABLE, OE_LOOK_TIMEOUT, OE_LOOK_TRUNCATED, OE_LOOK_COUNT};
        struct zone_rule *rule = zone_rule(&w, below(r, 2) ? hosts[below(r, HOSTS)] : gateways[below(r, HOSTS)], 0);
        rule->look = looks[below(r, 7)];
        rule->security = (enum oe_security)below(r, OE_SEC_COUNT + 1);
        rule->silent = below(r, 6) == 0;
    }
    w.security = (enum oe_security)below(r, OE_SEC_COUNT);
    w.ttl = below(r, 3) * 100;
}

static void any_policy(struct rng *r, struct oe_agent_setup *s)
{
    world_policy(&w, s);
    s->seed = rng_next(r);
    s->policy.dialect = (enum oe_dialect)below(r, OE_DIALECTS);
    s->policy.tolerant = below(r, 2);
    s->policy.class = (enum oe_policy_class)below(r, OE_POLICY_COUNT);
    s->policy.unsigned_records = (enum oe_unsigned)below(r, OE_UNSIGNED_COUNT);
    s->policy.untold = (enum oe_untold)below(r, OE_UNTOLD_COUNT);
    s->policy.spoil = (enum oe_spoil)below(r, OE_SPOIL_COUNT);
    s->policy.nat = (enum oe_nat)below(r, OE_NAT_FAR);
    for (unsigned n = below(r, 3); n > 0; n--)
        assert_int_equal(oe_policy_except(&s->policy, slice_str(hosts[below(r, HOSTS)]), (enum oe_policy_class)below(r, OE_POLICY_COUNT)), OK);
    policy = s->policy;
}

/* Does the zone have, or has it had since the agent began, a good record of the host for the gateway with one of the keys, or a good KEY where the record has none?  Zones of a walk
 * only grow in history: all of them are kept. */
struct past {
    struct zone_record record[2000];
    size_t n;
};
static struct past past;

static void remember(void)
{
    for (size_t i = 0; i < w.records && past.n < sizeof past.record / sizeof *past.record; i++)
        past.record[past.n++] = w.zone[i];
}

static bool taken(enum oe_take t)
{
    return t == OE_TAKE || (t == OE_LOOSE && policy.tolerant);
}

static bool key_stands(const char *name, const struct oe_rsa *key)
{
    for (size_t i = 0; i < past.n; i++) {
        struct oe_key k;
        if (past.record[i].type != OE_RR_KEY || strcmp(past.record[i].name, name) != 0) continue;
        oe_key_read(slice_of(past.record[i].rdata, past.record[i].n), &k);
        if (taken(oe_notes_take(&k.notes, policy.dialect)) && oe_rsa_eq(&k.rsa, key)) return true;
    }
    return false;
}

/* gateway NULL: any of that name. */
static bool record_stands(const struct oe_host *of, const struct oe_host *gateway, const char *name, const struct oe_rsa *key)
{
    char owner[OE_NAME_TEXT], reverse[OE_NAME_TEXT];
    bool found = false;
    struct env env;
    env_init(&env);
    oe_reverse_name(of, owner);
    if (gateway) oe_reverse_name(gateway, reverse);
    for (size_t i = 0; i < past.n && !found; i++) {
        struct oe_txt t;
        if (past.record[i].type != OE_RR_TXT || strcmp(past.record[i].name, owner) != 0) continue;
        assert_int_equal(oe_txt_read(&env, slice_of(past.record[i].rdata, past.record[i].n), &t), OK);
        struct oe_host h = oe_host_of(t.gateway == OE_IP4 ? 4 : t.gateway == OE_IP6 ? 6 : 0, t.address);
        bool who = gateway ? oe_host_eq(&h, gateway) : t.gateway == OE_FQDN && oe_name_eq(t.fqdn, slice_str(name));
        bool fits = t.rsa.modulus.n ? oe_rsa_eq(&t.rsa, key) : !gateway || key_stands(reverse, key);
        found = taken(oe_txt_take(&t, policy.dialect)) && who && fits;
        oe_txt_done(&t);
    }
    return found;
}

struct peer {
    struct oe_host from, identity;
    const char *name;
    bool authentic;
    struct oe_rsa key;
};

static void check_destination(const struct oe_decision *d, const struct oe_host *destination)
{
    enum oe_policy_class c = oe_policy_of_host(&policy, destination);
    static const enum oe_outcome fixed[] = {OE_OUT_DROP, OE_OUT_CLEAR, OE_OUT_CONFIGURED};
    if (c <= OE_POLICY_CONFIGURED) {
        assert_int_equal(d->out, fixed[c]);
        return;
    }
    assert_true(d->out == OE_OUT_ENCRYPT || d->out == OE_OUT_CLEAR || d->out == OE_OUT_DROP);
    if (d->out == OE_OUT_CLEAR) assert_int_equal(c, OE_POLICY_PERMISSIVE);
    if (d->out != OE_OUT_ENCRYPT) return;
    assert_true(d->key_count > 0 && d->gateway.family);
    assert_false(oe_policy_is_self(&policy, &d->gateway));
    for (size_t i = 0; i < d->key_count; i++)
        assert_true(record_stands(destination, &d->gateway, NULL, &d->keys[i]));
}

static void check_peer(const struct oe_decision *d, struct peer *p)
{
    enum oe_policy_class c = p->name ? oe_policy_of_name(&policy, slice_str(p->name)) : oe_policy_of_host(&policy, &p->identity);
    char name[OE_NAME_TEXT];
    assert_true(d->out == OE_OUT_AUTHENTIC || d->out == OE_OUT_REFUSE || d->out == OE_OUT_CONFIGURED || d->out == OE_OUT_CHECK);
    assert_int_equal(d->out == OE_OUT_CONFIGURED, c == OE_POLICY_CONFIGURED);
    p->authentic = d->out == OE_OUT_AUTHENTIC;
    if (!p->authentic) return;
    assert_true(c >= OE_POLICY_PERMISSIVE);
    if (p->name)
        assert_true(oe_name_fold(slice_str(p->name), name));
    else
        oe_reverse_name(&p->identity, name);
    assert_true(key_stands(name, &p->key));
}

static void check_source(const struct oe_decision *d, const struct oe_host *source, const struct peer *p)
{
    assert_true(d->out == OE_OUT_ACCEPT || d->out == OE_OUT_REFUSE);
    if (d->out == OE_OUT_REFUSE) return;
    assert_true(p->authentic && oe_policy_of_host(&policy, source) >= OE_POLICY_PERMISSIVE);
    if (oe_host_eq(source, p->name ? &p->from : &p->identity)) return;
    /* a record without key needs no KEY here: phase 1 has told it */
    bool with = record_stands(source, p->name ? NULL : &p->identity, p->name, &p->key);
    assert_true(with);
}

static bool settle(struct oe_decision *d, err e)
{
    if (e != OK) return false;
    world_run(&w);
    while (!oe_agent_decision(w.a, d)) {
        if (!world_wait(&w)) return false;
    }
    assert_true(d->steps > 0);
    assert_int_equal(d->trail[d->steps - 1].rule->out, d->out);
    said[d->out]++;
    return true;
}

static void one_step(struct rng *r, struct peer *peer, uint64_t tag)
{
    struct oe_host a = host(hosts[below(r, HOSTS)]), b = host(below(r, 2) ? "192.1.0.65" : "10.0.0.5"), g = host(gateways[below(r, HOSTS)]);
    struct oe_decision d;
    unsigned what = below(r, 8);
    if (what < 2) {
        assert_true(settle(&d, oe_agent_initiate(w.a, tag, below(r, 2) ? &b : NULL, &a, w.now)));
        check_destination(&d, &a);
    } else if (what < 4) {
        assert_true(settle(&d, oe_agent_report(w.a, tag, &a, &g, (enum oe_report)below(r, OE_REPORT_COUNT), w.now)));
        check_destination(&d, &a);
    } else if (what == 4) {
        struct oe_phase1 p = {.from = g, .signed_by = key_of(1 + below(r, 2))};
        char text[OE_HOST_TEXT];
        *peer = (struct peer){.from = g, .identity = g, .name = below(r, 2) ? names[below(r, 3)] : NULL, .key = p.signed_by};
        p.type = peer->name ? OE_ID_NAME : OE_ID_IP4;
        p.identity = slice_str(peer->name ? peer->name : oe_host_text(&g, text));
        assert_true(settle(&d, oe_agent_phase1(w.a, 1, &p, w.now)));
        check_peer(&d, peer);
    } else if (what == 5) {
        assert_true(settle(&d, oe_agent_phase2(w.a, tag, 1, &a, w.now)));
        check_source(&d, &a, peer);
    } else if (what == 6) {
        oe_agent_advance(w.a, below(r, 4) * 50000, w.now);
    } else {
        any_zone(r);
        remember();
    }
}

static void test_walk(void **state)
{
    static const enum oe_outcome all[] = {OE_OUT_ENCRYPT, OE_OUT_CLEAR, OE_OUT_DROP, OE_OUT_CONFIGURED, OE_OUT_AUTHENTIC, OE_OUT_REFUSE, OE_OUT_ACCEPT};
    struct rng r;
    (void)state;
    rng_init(&r, 4322);
    for (int n = 0; n < WALKS; n++) {
        struct oe_agent_setup s = {.seed = 0};
        struct peer peer = {.authentic = false};
        any_policy(&r, &s);
        past.n = 0;
        world_begin(&w, &s);
        any_zone(&r);
        remember();
        for (uint64_t tag = 2; tag < STEPS; tag++)
            one_step(&r, &peer, tag);
        assert_int_equal(oe_agent_under_way(w.a), 0);
        world_end(&w);
    }
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) /* the walk gets everywhere */
        if (said[all[i]] < 50) fail_msg("%s came %u times", oe_outcome_name(all[i]), said[all[i]]);
}

/* The same, with memory that is refused at the n-th time, wherever that is. */
static bool starved(size_t fail_at)
{
    struct oe_agent_setup s = {.seed = 1};
    struct oe_host bob = host("192.0.2.66"), carol = host("192.0.2.7"), from = host("192.1.0.65"), private = host("10.0.0.5"), sg = host("192.1.1.5");
    struct oe_phase1 p = {.from = sg, .type = OE_ID_IP4, .identity = SLICE_LIT("192.1.1.5"), .signed_by = key_of(1)};
    struct oe_decision d;
    struct oe_agent *a;
    world_policy(&w, &s);
    s.policy.dialect = OE_RFC;
    s.policy.class = OE_POLICY_PARANOID;
    world_begin(&w, &s);
    policy = s.policy;
    oe_agent_free(w.a);
    w.fail = (struct mem_fail){.fail_at = fail_at};
    for (int i = 0; i < 6; i++)
        zone_txt(&w, "192.0.2.66", 10, i % 2 ? "192.1.1.5" : "192.1.1.6", (unsigned)i % 3);
    zone_txt(&w, "192.0.2.7", 10, "192.1.1.5", 0);
    zone_key(&w, "192.1.1.5", 1, 0x4200);
    zone_key(&w, "192.1.1.6", 2, 0x4200);
    past.n = 0;
    remember();
    err e = oe_agent_new(&w.env, &s, &w.a);
    a = w.a;
    if (e == OK) {
        if (settle(&d, oe_agent_initiate(a, 1, &from, &bob, w.now))) check_destination(&d, &bob);
        if (settle(&d, oe_agent_report(a, 2, &bob, &sg, OE_REPORT_SILENT, w.now))) check_destination(&d, &bob);
        if (settle(&d, oe_agent_initiate(a, 3, NULL, &carol, w.now))) check_destination(&d, &carol);
        if (settle(&d, oe_agent_initiate(a, 3, &private, &carol, w.now))) assert_int_equal(d.out, OE_OUT_DROP);
        struct peer peer = {.from = sg, .identity = sg, .key = key_of(1)};
        if (settle(&d, oe_agent_phase1(a, 4, &p, w.now))) check_peer(&d, &peer);
        if (settle(&d, oe_agent_phase2(a, 5, 4, &carol, w.now))) check_source(&d, &carol, &peer);
        assert_int_equal(oe_agent_under_way(a), 0);
    }
    bool reached = w.fail.calls >= fail_at;
    world_end(&w);
    return reached;
}

static void test_memory(void **state)
{
    size_t n = 1;
    (void)state;
    while (starved(n))
        n++;
    assert_true(n > 30);
}

/* More hosts than are remembered: the oldest go, nothing breaks, and those of a tunnel stay, however many they are. */
static void test_many(void **state)
{
    enum { TUNNELS = 200 };
    struct oe_agent_setup s = {.seed = 1};
    struct oe_host sg = host("192.1.1.5"), d, g;
    struct oe_decision got;
    char text[32];
    (void)state;
    world_policy(&w, &s);
    policy = s.policy;
    world_begin(&w, &s);
    for (unsigned i = 0; i < TUNNELS; i++) {
        snprintf(text, sizeof text, "192.0.2.%u", i);
        struct oe_host h = host(text);
        zone_txt(&w, text, 10, "192.1.1.5", 1);
        assert_true(settle(&got, oe_agent_initiate(w.a, 1, NULL, &h, w.now)));
        assert_true(settle(&got, oe_agent_report(w.a, 1, &h, &sg, OE_REPORT_UP, w.now)));
    }
    for (uint32_t i = 0; i < OE_AGENT_HOSTS + 500; i++) {
        uint8_t octets[4] = {11, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i};
        struct oe_host h = oe_host_of(4, octets);
        assert_true(settle(&got, oe_agent_initiate(w.a, i, NULL, &h, w.now)));
        assert_int_equal(got.out, OE_OUT_CLEAR);
    }
    assert_true(oe_agent_tunnel(w.a, TUNNELS - 1, &d, &g) && !oe_agent_tunnel(w.a, TUNNELS, &d, &g));
    assert_true(d.octets[0] == 192 && oe_host_eq(&g, &sg));
    assert_true(w.fail.live < (size_t)OE_AGENT_HOSTS * 2048); /* two kilobytes a host */
    world_end(&w);
}

/* All at once, and none answered: there is an end to what is under way, and it is said. */
static void test_flood(void **state)
{
    struct oe_agent_setup s = {.seed = 1};
    struct oe_decision got;
    uint32_t begun = 0;
    size_t decided = 0;
    err e = OK;
    (void)state;
    world_policy(&w, &s);
    policy = s.policy;
    world_begin(&w, &s);
    for (; e == OK; begun++) {
        uint8_t octets[4] = {11, (uint8_t)(begun >> 16), (uint8_t)(begun >> 8), (uint8_t)begun};
        struct oe_host h = oe_host_of(4, octets);
        e = oe_agent_initiate(w.a, begun, NULL, &h, w.now);
    }
    assert_int_equal(e, ERR_LIMIT);
    assert_int_equal(begun - 1, OE_AGENT_HOSTS);
    w.now += OE_POLICY_TIMEOUT_MS;
    oe_agent_tick(w.a, w.now);
    while (oe_agent_decision(w.a, &got))
        decided += got.out == OE_OUT_CLEAR;
    assert_int_equal(decided, OE_AGENT_HOSTS);
    world_end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_walk),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_flood),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
