/* SPDX-License-Identifier: MIT */
/* The questions of oe_agent, asked in a world of its own and answered at once: each runs the world until
 * there is a decision. */
#ifndef TEST_OE_AGENT_ASK_H
#define TEST_OE_AGENT_ASK_H

#include "test/oe_world.h"

#define GONE     ((struct oe_host){.family = 0})
#define BOB      "192.0.2.66"
#define BOB_NAME "66.2.0.192.in-addr.arpa"
#define SG_NAME  "5.1.1.192.in-addr.arpa"

static inline struct oe_decision initiate(struct world *w, const char *source, const char *destination)
{
    struct oe_host s = source ? host(source) : GONE, d = host(destination);
    struct oe_decision out;
    assert_int_equal(oe_agent_initiate(w->a, 7, &s, &d, w->now), OK);
    world_run(w);
    while (!oe_agent_decision(w->a, &out))
        assert_true(world_wait(w));
    assert_int_equal(out.tag, 7);
    assert_true(out.steps > 0 && out.ask == OE_ASK_INITIATE);
    return out;
}

static inline struct oe_decision report(struct world *w, const char *destination, const char *gateway,
                                        enum oe_report what)
{
    struct oe_host d = host(destination), g = host(gateway);
    struct oe_decision out;
    assert_int_equal(oe_agent_report(w->a, 8, &d, &g, what, w->now), OK);
    world_run(w);
    while (!oe_agent_decision(w->a, &out))
        assert_true(world_wait(w));
    return out;
}

static inline struct oe_decision phase1(struct world *w, uint64_t tag, const char *from, enum oe_id type,
                                        const char *identity, unsigned key)
{
    struct oe_phase1 p = {.from = host(from), .type = type, .identity = slice_str(identity)};
    struct oe_decision out;
    if (key) p.signed_by = key_of(key);
    assert_int_equal(oe_agent_phase1(w->a, tag, &p, w->now), OK);
    world_run(w);
    while (!oe_agent_decision(w->a, &out))
        assert_true(world_wait(w));
    return out;
}

static inline struct oe_decision phase2(struct world *w, uint64_t peer, const char *source)
{
    struct oe_host s = host(source);
    struct oe_decision out;
    assert_int_equal(oe_agent_phase2(w->a, 1000, peer, &s, w->now), OK);
    world_run(w);
    while (!oe_agent_decision(w->a, &out))
        assert_true(world_wait(w));
    return out;
}

static inline void assert_gateway(const struct oe_decision *d, const char *gateway)
{
    char text[OE_HOST_TEXT];
    assert_int_equal(d->out, OE_OUT_ENCRYPT);
    assert_string_equal(oe_host_text(&d->gateway, text), gateway);
}

static inline bool has_key(const struct oe_decision *d, unsigned n)
{
    struct oe_rsa k = key_of(n);
    for (size_t i = 0; i < d->key_count; i++)
        if (oe_rsa_eq(&d->keys[i], &k)) return true;
    return false;
}

static inline const struct oe_rule *last(const struct oe_decision *d)
{
    return d->trail[d->steps - 1].rule;
}

static inline void begin(struct world *w, enum oe_dialect dialect, enum oe_policy_class class)
{
    struct oe_agent_setup s = {.seed = 1};
    world_policy(w, &s);
    s.policy.dialect = dialect;
    s.policy.class = class;
    world_begin(w, &s);
}

#endif
