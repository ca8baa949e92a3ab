/* SPDX-License-Identifier: MIT */
/* The tables of opportunistic encryption: total, nothing hidden, every outcome reached, each on a clause that
 * can carry it; and the ways through the machines that the texts describe. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "model/oe_decide.h"
#include "model/oe_flow.h"

static const struct oe_table *const tables[] = {&oe_seek,  &oe_hop,  &oe_fail, &oe_auth,
                                                &oe_allow, &oe_nats, &oe_self, &oe_twin};
static const struct fsm *const machines[] = {&oe_init_machine, &oe_resp_machine, &oe_age_machine,
                                             &oe_delete_machine};
enum { TABLES = sizeof tables / sizeof *tables, MACHINES = sizeof machines / sizeof *machines };

static void test_faults(void **state)
{
    (void)state;
    for (int f = 1; f < OE_F_COUNT; f++) {
        const struct fault_info *i = &oe_faults[f];
        const uint8_t *t = oe_takes[f];
        assert_true(i->clause != CL_NONE && i->text[0] && i->name[0]);
        if (i->severity == SEV_FAIL && clauses[i->clause].level != LEVEL_MUST)
            fail_msg("%s fails for %s, which does not bind so", i->name, clauses[i->clause].id);
        if (i->severity == SEV_WEAK && i->defect == DEF_NONE && clauses[i->clause].level == LEVEL_MUST)
            fail_msg("%s is weak and nothing says why", i->name);
        if (i->severity == SEV_FAIL && i->defect != DEF_NONE)
            fail_msg("%s fails in spite of %s", i->name, defects[i->defect].id);
        /* what only a tolerant reading takes has a sentence that is read so */
        if ((t[OE_DRAFT] == OE_LOOSE || t[OE_RFC] == OE_LOOSE) && i->defect == DEF_NONE)
            fail_msg("%s is tolerated by no defect", i->name);
        if (i->severity == SEV_FAIL && !(t[OE_DRAFT] == OE_BAD && t[OE_RFC] == OE_BAD))
            fail_msg("%s fails and is taken", i->name);
        /* the dialects part only where the draft is the stricter of the two */
        if (t[OE_RFC] > t[OE_DRAFT]) fail_msg("%s is taken better by the draft", i->name);
    }
}

/* All facts, one after the other; false behind the last. */
static bool next_facts(const struct oe_table *t, uint8_t *facts)
{
    for (size_t a = 0; a < t->axis_count; a++) {
        if (++facts[a] < t->axes[a].count) return true;
        facts[a] = 0;
    }
    return false;
}

static int dialect_axis(const struct oe_table *t)
{
    for (int a = 0; a < t->axis_count; a++)
        if (strcmp(t->axes[a].name, "dialect") == 0) return a;
    return -1;
}

static bool holds_in(const struct clause *c, enum oe_dialect d)
{
    const char *comma = strrchr(c->roles, ',');
    return !comma || strcmp(comma, d == OE_DRAFT ? ",rfc" : ",draft") != 0;
}

/* Every combination finds a rule, every rule is found, and a rule whose clause the dialect does not have says
 * by which defect it holds there. */
static void test_tables(void **state)
{
    bool out[OE_OUT_COUNT] = {false};
    (void)state;
    for (size_t n = 0; n < TABLES; n++) {
        const struct oe_table *t = tables[n];
        uint8_t facts[OE_AXES] = {0};
        bool used[UINT8_MAX] = {false};
        int dialect = dialect_axis(t);
        assert_true(t->axis_count <= OE_AXES && t->rule_count > 0);
        do {
            const struct oe_rule *r = oe_decide(t, facts);
            if (!r) fail_msg("%s: no rule for some facts", t->name);
            used[r - t->rules] = true;
            out[r->out] = true;
            if (dialect < 0 || holds_in(&clauses[r->clause], (enum oe_dialect)facts[dialect])) continue;
            if (r->defect == DEF_NONE)
                fail_msg("%s: %s rests on %s in the other dialect", t->name, r->why, clauses[r->clause].id);
        } while (next_facts(t, facts));
        for (size_t k = 0; k < t->rule_count; k++) {
            const struct oe_rule *r = &t->rules[k];
            if (!used[k]) fail_msg("%s: rule %zu (%s) is never used", t->name, k, r->why);
            assert_true(r->clause != CL_NONE && r->clause < CLAUSE_COUNT && r->defect < DEFECT_COUNT);
            assert_true(r->why && r->why[0]);
            assert_true(strcmp(clauses[r->clause].proto, "OE") == 0 ||
                        strcmp(clauses[r->clause].proto, "OERFC") == 0);
        }
    }
    for (unsigned o = 0; o < OE_OUT_COUNT; o++) {
        assert_true(oe_outcome_name(o)[0] != '?');
        if (!out[o]) fail_msg("nothing leads to: %s", oe_outcome_name(o));
    }
    assert_string_equal(oe_outcome_name(OE_OUT_COUNT), "?");
}

static void test_axes(void **state)
{
    (void)state;
    for (size_t n = 0; n < TABLES; n++) {
        const struct oe_table *t = tables[n];
        for (size_t a = 0; a < t->axis_count; a++) {
            uint8_t facts[OE_AXES] = {0};
            const struct oe_axis *x = &t->axes[a];
            assert_true(x->name && x->name[0] && x->count >= 2 && x->count <= 16);
            for (size_t v = 0; v < x->count; v++)
                assert_true(x->values[v] && x->values[v][0]);
            facts[a] = x->count;
            assert_null(oe_decide(t, facts));
            bool matters = false;
            for (size_t k = 0; k < t->rule_count; k++) {
                const struct oe_rule *r = &t->rules[k];
                matters = matters || r->want[a];
                if (r->want[a] >> x->count)
                    fail_msg("%s: rule %zu wants what %s has not", t->name, k, x->name);
                if (r->want[a] == (1u << x->count) - 1)
                    fail_msg("%s: rule %zu wants all of %s", t->name, k, x->name);
            }
            if (!matters) fail_msg("%s: no rule looks at %s", t->name, x->name);
        }
    }
}

/* What must never be, whatever the policy: an answer that is not there, or refuted, or malformed, opens
 * nothing; there is always an end to the gateways; and a better proof never makes things worse. */
static void test_safety(void **state)
{
    uint8_t f[OE_AXES] = {0};
    (void)state;
    do {
        unsigned out = oe_decide(&oe_seek, f)->out;
        bool ours = f[OE_S_CLASS] == OE_CLASS_OPPORTUNISTIC;
        if (ours) assert_true(out != OE_OUT_CLEAR && out != OE_OUT_DROP && out != OE_OUT_CONFIGURED);
        if (out != OE_OUT_PICK) continue;
        assert_true(ours && f[OE_S_TXT] == OE_LOOK_RECORDS && f[OE_S_SECURITY] != OE_SEC_BOGUS);
        assert_true(f[OE_S_FOUND] != OE_FOUND_BAD && f[OE_S_FOUND] != OE_FOUND_NAMES);
        uint8_t signed_[OE_AXES];
        memcpy(signed_, f, sizeof f);
        signed_[OE_S_SECURITY] = OE_SEC_SECURE;
        assert_int_equal(oe_decide(&oe_seek, signed_)->out, OE_OUT_PICK);
    } while (next_facts(&oe_seek, f));
    do {
        unsigned out = oe_decide(&oe_hop, f)->out;
        bool left = f[OE_H_GATEWAY] != OE_GW_NONE_LEFT;
        assert_int_equal(left, out < OE_OUT_FAIL);
        if (out != OE_OUT_ENCRYPT) continue;
        assert_true(f[OE_H_KEY] >= OE_KS_INDETERMINATE && f[OE_H_GATEWAY] != OE_GW_OURSELVES);
    } while (next_facts(&oe_hop, f));
    do {
        if (oe_decide(&oe_auth, f)->out != OE_OUT_AUTHENTIC) continue;
        assert_int_equal(f[OE_A_CLASS], OE_CLASS_OPPORTUNISTIC);
        assert_int_equal(f[OE_A_SIGNATURE], OE_SIG_GOOD);
        assert_true(f[OE_A_KEY] >= OE_KS_INDETERMINATE);
    } while (next_facts(&oe_auth, f));
    do {
        if (oe_decide(&oe_allow, f)->out != OE_OUT_ACCEPT || f[OE_W_SOURCE] == OE_SRC_SELF) continue;
        assert_true(f[OE_W_PEER] == OE_PEER_KNOWN && f[OE_W_CLASS] == OE_CLASS_OPPORTUNISTIC);
        assert_true(f[OE_W_TXT] == OE_LOOK_RECORDS && f[OE_W_SECURITY] != OE_SEC_BOGUS);
        assert_true(f[OE_W_FOUND] != OE_FOUND_BAD && f[OE_W_MATCH] <= OE_MATCH_KEYLESS);
    } while (next_facts(&oe_allow, f));
}

/* Facts of a good answer; each test changes what it is about. */
static const uint8_t good_seek[OE_S_AXES] = {[OE_S_CLASS] = OE_CLASS_OPPORTUNISTIC,
                                             [OE_S_TXT] = OE_LOOK_RECORDS,
                                             [OE_S_SECURITY] = OE_SEC_INSECURE,
                                             [OE_S_FOUND] = OE_FOUND_GOOD};
static const uint8_t good_hop[OE_H_AXES] = {
    [OE_H_SECURITY] = OE_SEC_INSECURE, [OE_H_GATEWAY] = OE_GW_OTHER, [OE_H_KEY] = OE_KS_IN_TXT};
static const uint8_t good_auth[OE_A_AXES] = {
    [OE_A_CLASS] = OE_CLASS_OPPORTUNISTIC, [OE_A_KEY] = OE_KS_INSECURE, [OE_A_SIGNATURE] = OE_SIG_GOOD};
static const uint8_t good_allow[OE_W_AXES] = {[OE_W_PEER] = OE_PEER_KNOWN,
                                              [OE_W_CLASS] = OE_CLASS_OPPORTUNISTIC,
                                              [OE_W_SOURCE] = OE_SRC_OTHER,
                                              [OE_W_TXT] = OE_LOOK_RECORDS,
                                              [OE_W_SECURITY] = OE_SEC_INSECURE,
                                              [OE_W_FOUND] = OE_FOUND_GOOD,
                                              [OE_W_MATCH] = OE_MATCH_BOTH};

struct change {
    int axis, value;
};

/* The outcome of facts with up to three of them changed; an axis of -1 changes nothing. */
static unsigned with(const struct oe_table *t, const uint8_t *good, struct change a, struct change b,
                     struct change c)
{
    uint8_t facts[OE_AXES] = {0};
    const struct change all[] = {a, b, c};
    memcpy(facts, good, t->axis_count);
    for (size_t k = 0; k < 3; k++)
        if (all[k].axis >= 0) facts[all[k].axis] = (uint8_t)all[k].value;
    const struct oe_rule *r = oe_decide(t, facts);
    assert_non_null(r);
    return r->out;
}

#define NO             ((struct change){-1, 0})
#define C(a, v)        ((struct change){a, v})
#define FAIL(f)        (OE_OUT_FAIL + OE_FAIL_##f)
#define SEEK(a, b, c)  with(&oe_seek, good_seek, a, b, c)
#define HOP(a, b, c)   with(&oe_hop, good_hop, a, b, c)
#define AUTH(a, b, c)  with(&oe_auth, good_auth, a, b, c)
#define ALLOW(a, b, c) with(&oe_allow, good_allow, a, b, c)

static void test_initiator(void **state)
{
    static const uint8_t begin[OE_S_AXES] = {[OE_S_CLASS] = OE_CLASS_OPPORTUNISTIC};
    (void)state;
    assert_int_equal(with(&oe_seek, begin, NO, NO, NO), OE_OUT_ASK_TXT);
    assert_int_equal(SEEK(NO, NO, NO), OE_OUT_PICK);
    assert_int_equal(SEEK(C(OE_S_TXT, OE_LOOK_TRUNCATED), NO, NO), OE_OUT_ASK_TXT_TCP);
    assert_int_equal(SEEK(C(OE_S_TXT, OE_LOOK_NXDOMAIN), NO, NO), FAIL(NO_RECORD));
    assert_int_equal(SEEK(C(OE_S_TXT, OE_LOOK_FOREIGN), NO, NO), FAIL(NO_RECORD));
    assert_int_equal(SEEK(C(OE_S_TXT, OE_LOOK_TIMEOUT), NO, NO), FAIL(SILENCE));
    /* what is forged is not believed, neither that there is nothing nor that there is something */
    assert_int_equal(SEEK(C(OE_S_TXT, OE_LOOK_NXDOMAIN), C(OE_S_SECURITY, OE_SEC_BOGUS), NO), FAIL(BOGUS));
    assert_int_equal(SEEK(C(OE_S_SECURITY, OE_SEC_BOGUS), NO, NO), FAIL(BOGUS));
    assert_int_equal(SEEK(C(OE_S_SECURITY, OE_SEC_INDETERMINATE), NO, NO), OE_OUT_PICK);
    assert_int_equal(SEEK(C(OE_S_SECURITY, OE_SEC_INDETERMINATE), C(OE_S_UNTOLD, OE_UNTOLD_BOGUS), NO),
                     FAIL(BOGUS));
    assert_int_equal(SEEK(C(OE_S_UNSIGNED, OE_UNSIGNED_IGNORE), NO, NO), FAIL(UNSIGNED));
    assert_int_equal(SEEK(C(OE_S_UNSIGNED, OE_UNSIGNED_IGNORE), C(OE_S_SECURITY, OE_SEC_SECURE), NO),
                     OE_OUT_PICK);
    assert_int_equal(SEEK(C(OE_S_FOUND, OE_FOUND_BAD), NO, NO), FAIL(MALFORMED));
    assert_int_equal(SEEK(C(OE_S_FOUND, OE_FOUND_MIXED), NO, NO), OE_OUT_PICK);
    assert_int_equal(SEEK(C(OE_S_FOUND, OE_FOUND_MIXED), C(OE_S_SPOIL, OE_SPOIL_YES), NO), FAIL(MALFORMED));
    assert_int_equal(SEEK(C(OE_S_FOUND, OE_FOUND_NAMES), NO, NO), FAIL(NO_GATEWAY));
    /* classes need no DNS */
    assert_int_equal(with(&oe_seek, begin, C(OE_S_CLASS, OE_CLASS_DENY), NO, NO), OE_OUT_DROP);
    assert_int_equal(with(&oe_seek, begin, C(OE_S_CLASS, OE_CLASS_CLEAR), NO, NO), OE_OUT_CLEAR);
    assert_int_equal(with(&oe_seek, begin, C(OE_S_CLASS, OE_CLASS_CONFIGURED), NO, NO), OE_OUT_CONFIGURED);

    assert_int_equal(HOP(NO, NO, NO), OE_OUT_ENCRYPT);
    assert_int_equal(HOP(C(OE_H_UNSIGNED, OE_UNSIGNED_OWN), NO, NO), OE_OUT_NEXT);
    assert_int_equal(HOP(C(OE_H_UNSIGNED, OE_UNSIGNED_OWN), C(OE_H_GATEWAY, OE_GW_HOST), NO), OE_OUT_ENCRYPT);
    assert_int_equal(HOP(C(OE_H_UNSIGNED, OE_UNSIGNED_OWN), C(OE_H_SECURITY, OE_SEC_SECURE), NO),
                     OE_OUT_ENCRYPT);
    assert_int_equal(HOP(C(OE_H_GATEWAY, OE_GW_OURSELVES), NO, NO), OE_OUT_NEXT);
    for (int d = 0; d < OE_DIALECTS; d++) {
        assert_int_equal(HOP(C(OE_H_DIALECT, d), C(OE_H_KEY, OE_KS_UNASKED), NO), OE_OUT_ASK_KEY);
        assert_int_equal(HOP(C(OE_H_DIALECT, d), C(OE_H_KEY, OE_KS_SECURE), NO), OE_OUT_ENCRYPT);
    }
    assert_int_equal(HOP(C(OE_H_KEY, OE_KS_NONE), NO, NO), OE_OUT_NEXT);
    assert_int_equal(HOP(C(OE_H_KEY, OE_KS_INSECURE), C(OE_H_UNSIGNED, OE_UNSIGNED_IGNORE), NO), OE_OUT_NEXT);
    assert_int_equal(HOP(C(OE_H_GATEWAY, OE_GW_NONE_LEFT), C(OE_H_LAST, OE_LAST_SILENT), NO), FAIL(SILENT));
    assert_int_equal(HOP(C(OE_H_GATEWAY, OE_GW_NONE_LEFT), C(OE_H_LAST, OE_LAST_BOGUS_KEY), NO), FAIL(BOGUS));
}

/* Where RFC 4322 lets no policy choose: what is broken is dropped, whatever class the destination has. */
static void test_failures(void **state)
{
    (void)state;
    for (int f = 0; f < OE_FAIL_COUNT; f++) {
        for (int d = 0; d < OE_DIALECTS; d++) {
            bool broken = f == OE_FAIL_BOGUS || f == OE_FAIL_MALFORMED;
            uint8_t facts[] = {
                [OE_X_DIALECT] = (uint8_t)d, [OE_X_OPEN] = OE_OPEN_YES, [OE_X_FAILURE] = (uint8_t)f};
            const struct oe_rule *r = oe_decide(&oe_fail, facts);
            assert_int_equal(r->out, broken && d == OE_RFC ? OE_OUT_DROP : OE_OUT_CLEAR);
            facts[OE_X_OPEN] = OE_OPEN_NO;
            r = oe_decide(&oe_fail, facts);
            assert_int_equal(r->out, OE_OUT_DROP);
            bool away =
                f == OE_FAIL_SILENT || f == OE_FAIL_SILENCE || f == OE_FAIL_SERVER || f == OE_FAIL_ANSWER;
            assert_int_equal(r->life, f == OE_FAIL_REFUSED ? OE_LIFE_USUAL
                                      : away               ? OE_LIFE_SHORT
                                                           : OE_LIFE_TTL);
        }
    }
}

static void test_responder(void **state)
{
    (void)state;
    assert_int_equal(AUTH(C(OE_A_KEY, OE_KS_UNASKED), NO, NO), OE_OUT_ASK_KEY);
    assert_int_equal(AUTH(C(OE_A_KEY, OE_KS_UNASKED), C(OE_A_ID, OE_ID_IP6), NO), OE_OUT_ASK_KEY);
    assert_int_equal(AUTH(C(OE_A_KEY, OE_KS_UNASKED), C(OE_A_ID, OE_ID_NAME), NO), OE_OUT_ASK_KEY_NAME);
    assert_int_equal(AUTH(C(OE_A_ID, OE_ID_OTHER), NO, NO), OE_OUT_REFUSE);
    assert_int_equal(AUTH(C(OE_A_SIGNATURE, OE_SIG_UNCHECKED), NO, NO), OE_OUT_CHECK);
    assert_int_equal(AUTH(C(OE_A_SIGNATURE, OE_SIG_WRONG), NO, NO), OE_OUT_REFUSE);
    assert_int_equal(AUTH(NO, NO, NO), OE_OUT_AUTHENTIC);
    assert_int_equal(AUTH(C(OE_A_UNSIGNED, OE_UNSIGNED_IGNORE), NO, NO), OE_OUT_REFUSE);
    assert_int_equal(AUTH(C(OE_A_CLASS, OE_CLASS_CONFIGURED), NO, NO), OE_OUT_CONFIGURED);
    /* no state of the key but a good one lets anybody in, whatever the signature is said to be */
    for (int k = 0; k < OE_KS_INDETERMINATE; k++)
        assert_int_not_equal(AUTH(C(OE_A_KEY, k), NO, NO), OE_OUT_AUTHENTIC);

    assert_int_equal(ALLOW(NO, NO, NO), OE_OUT_ACCEPT);
    assert_int_equal(ALLOW(C(OE_W_SOURCE, OE_SRC_SELF), C(OE_W_TXT, OE_LOOK_NXDOMAIN), NO), OE_OUT_ACCEPT);
    /* who acts for itself has to be authentic all the same, and nobody acts for a host of another class */
    assert_int_equal(ALLOW(C(OE_W_SOURCE, OE_SRC_SELF), C(OE_W_PEER, OE_PEER_STRANGER), NO), OE_OUT_REFUSE);
    for (int d = 0; d < OE_DIALECTS; d++)
        for (int k = 0; k < OE_CLASS_OPPORTUNISTIC; k++)
            assert_int_equal(ALLOW(C(OE_W_SOURCE, OE_SRC_SELF), C(OE_W_CLASS, k), C(OE_W_DIALECT, d)), OE_OUT_REFUSE);
    assert_int_equal(ALLOW(C(OE_W_TXT, OE_LOOK_UNASKED), NO, NO), OE_OUT_ASK_TXT);
    assert_int_equal(ALLOW(C(OE_W_TXT, OE_LOOK_SERVFAIL), NO, NO), OE_OUT_REFUSE);
    assert_int_equal(ALLOW(C(OE_W_MATCH, OE_MATCH_OTHER_KEY), NO, NO), OE_OUT_REFUSE);
    assert_int_equal(ALLOW(C(OE_W_MATCH, OE_MATCH_OTHER_GATEWAY), NO, NO), OE_OUT_REFUSE);
    assert_int_equal(ALLOW(C(OE_W_FOUND, OE_FOUND_NAMES), NO, NO), OE_OUT_ACCEPT); /* OE-D14 */
    assert_int_equal(ALLOW(C(OE_W_SECURITY, OE_SEC_BOGUS), NO, NO), OE_OUT_REFUSE);
    assert_int_equal(ALLOW(C(OE_W_UNSIGNED, OE_UNSIGNED_OWN), NO, NO), OE_OUT_REFUSE);
    for (int l = 0; l < OE_LOOK_RECORDS; l++)
        assert_int_not_equal(ALLOW(C(OE_W_TXT, l), NO, NO), OE_OUT_ACCEPT);
}

static void test_places(void **state)
{
    static const uint8_t none[OE_AXES] = {0};
    (void)state;
    assert_int_equal(with(&oe_nats, none, C(OE_N_NAT, OE_NAT_MANY), C(OE_N_ADDRESS, OE_ADDR_PRIVATE), NO),
                     OE_OUT_AS_GATEWAY);
    assert_int_equal(with(&oe_nats, none, C(OE_N_NAT, OE_NAT_ONE), C(OE_N_ADDRESS, OE_ADDR_PRIVATE), NO),
                     OE_OUT_AS_TRANSLATED);
    assert_int_equal(with(&oe_nats, none, C(OE_N_ADDRESS, OE_ADDR_PRIVATE), NO, NO), FAIL(SOURCE));
    assert_int_equal(with(&oe_nats, none, C(OE_N_ADDRESS, OE_ADDR_PRIVATE), C(OE_N_PART, OE_PART_RESPOND), NO), OE_OUT_REFUSE);
    assert_int_equal(with(&oe_nats, none, C(OE_N_NAT, OE_NAT_BETWEEN), NO, NO), OE_OUT_AS_HOST);
    assert_int_equal(with(&oe_nats, none, C(OE_N_NAT, OE_NAT_BETWEEN), C(OE_N_PART, OE_PART_RESPOND), NO),
                     OE_OUT_REFUSE);
    assert_int_equal(with(&oe_nats, none, C(OE_N_NAT, OE_NAT_FAR), NO, NO), OE_OUT_REFUSE);
    assert_int_equal(with(&oe_self, none, C(OE_M_FORWARD, OE_FORWARD_YES), NO, NO), OE_OUT_BY_NAME);
    assert_int_equal(
        with(&oe_self, none, C(OE_M_FORWARD, OE_FORWARD_YES), C(OE_M_REVERSE, OE_REVERSE_YES), NO),
        OE_OUT_BY_ADDRESS);
    assert_int_equal(with(&oe_self, none, C(OE_M_FORWARD, OE_FORWARD_YES), C(OE_M_PART, OE_PART_RESPOND), NO),
                     OE_OUT_BY_ADDRESS);
    assert_int_equal(with(&oe_self, none, NO, NO, NO), OE_OUT_REFUSE);
    assert_int_equal(with(&oe_twin, none, C(OE_T_COMPARE, OE_CMP_WEAKER), C(OE_T_WAY, OE_WAY_REPLACE), NO),
                     OE_OUT_FIRST);
    assert_int_equal(with(&oe_twin, none, C(OE_T_COMPARE, OE_CMP_WEAKER), C(OE_T_WAY, OE_WAY_REPLACE),
                          C(OE_T_DIALECT, OE_RFC)),
                     OE_OUT_SECOND);
}

static void test_machines(void **state)
{
    (void)state;
    for (size_t m = 0; m < MACHINES; m++) {
        struct fsm_lint out[16];
        size_t n = fsm_check(machines[m], out, 16);
        for (size_t k = 0; k < n && k < 16; k++)
            print_error("%s: %s: %zu\n", machines[m]->name, out[k].what, out[k].row);
        assert_int_equal(n, 0);
        for (size_t k = 0; k < machines[m]->row_count; k++) {
            const struct fsm_row *r = &machines[m]->rows[k];
            assert_true(r->clause < CLAUSE_COUNT && r->defect < DEFECT_COUNT);
            if (r->kind == FSM_FATAL && clauses[r->clause].level != LEVEL_MUST)
                fail_msg("%s: row %zu rules out by %s, which does not bind so", machines[m]->name, k,
                         clauses[r->clause].id);
        }
    }
}

/* The way of section 3.2 through both machines, and what is ruled out at each step. */
static void test_flow(void **state)
{
    struct fsm_inst i;
    struct oe_init_facts f = {.dialect = OE_RFC};
    struct oe_resp_facts g = {0};
    (void)state;
    oe_flow_init(&i, &oe_init_machine);
    assert_int_equal(fsm_peek(&i, 0, OE_IE_IKE, &f)->clause, CL_OE_3_2_3);
    assert_null(fsm_peek(&i, 1, OE_IE_ASK_TXT, &f)); /* only the gateway asks */
    assert_non_null(fsm_step(&i, 0, OE_IE_ASK_TXT, &f));
    assert_int_equal(fsm_peek(&i, 0, OE_IE_PASS, &f)->kind, FSM_FATAL);
    assert_non_null(fsm_step(&i, 1, OE_IE_BARE_RECORD, &f));
    assert_int_equal(fsm_peek(&i, 0, OE_IE_IKE, &f)->kind, FSM_FATAL);
    f.dialect = OE_DRAFT;
    assert_int_equal(fsm_peek(&i, 0, OE_IE_IKE, &f)->kind, FSM_LOOSE);
    assert_non_null(fsm_step(&i, 0, OE_IE_ASK_KEY, &f));
    assert_non_null(fsm_step(&i, 1, OE_IE_KEY, &f));
    assert_non_null(fsm_step(&i, 0, OE_IE_IKE, &f));
    assert_non_null(fsm_step(&i, 1, OE_IE_ICMP, &f));
    f.now = f.icmp = 7000;
    assert_int_equal(fsm_peek(&i, 0, OE_IE_PASS, &f)->clause, CL_OE_11_2_1);
    f.now += OE_AT_ONCE_MS;
    assert_int_equal(fsm_peek(&i, 1, OE_IE_GAVE_UP, &f)->clause, CL_OE_11_2_1);
    f.now++;
    assert_int_equal(fsm_peek(&i, 1, OE_IE_GAVE_UP, &f)->to, OE_IS_FAILED);
    assert_non_null(fsm_step(&i, 0, OE_IE_IKE, &f));
    f.more = true;
    assert_int_equal(fsm_peek(&i, 1, OE_IE_GAVE_UP, &f)->to, OE_IS_KEYLESS);
    f.key_known = true;
    assert_int_equal(fsm_peek(&i, 1, OE_IE_GAVE_UP, &f)->to, OE_IS_FOUND);
    f.more = false;
    assert_int_equal(fsm_peek(&i, 1, OE_IE_GAVE_UP, &f)->to, OE_IS_FAILED);
    assert_non_null(fsm_step(&i, 0, OE_IE_TUNNEL, &f));
    assert_int_equal(i.state, OE_IS_KEYED);

    oe_flow_init(&i, &oe_resp_machine);
    assert_non_null(fsm_step(&i, 1, OE_RE_IDENTITY, &g));
    assert_int_equal(fsm_peek(&i, 0, OE_RE_AUTHENTICATE, &g)->kind, FSM_FATAL);
    assert_non_null(fsm_step(&i, 0, OE_RE_ASK_KEY, &g));
    assert_non_null(fsm_step(&i, 1, OE_RE_KEY, &g));
    assert_non_null(fsm_step(&i, 0, OE_RE_AUTHENTICATE, &g));
    assert_non_null(fsm_step(&i, 1, OE_RE_PROPOSAL, &g));
    assert_int_equal(fsm_peek(&i, 0, OE_RE_ACCEPT, &g)->clause, CL_OE_4_12_2_1);
    g.lives = true;
    assert_int_equal(fsm_peek(&i, 0, OE_RE_ACCEPT, &g)->to, OE_RS_TUNNEL);
    assert_non_null(fsm_step(&i, 0, OE_RE_ASK_TXT, &g));
    assert_int_equal(fsm_peek(&i, 0, OE_RE_ACCEPT, &g)->kind, FSM_FATAL);
    assert_non_null(fsm_step(&i, 1, OE_RE_NO_RECORD, &g));
    assert_int_equal(fsm_peek(&i, 0, OE_RE_ACCEPT, &g)->clause, CL_OE_7_3_6);
    assert_non_null(fsm_step(&i, 0, OE_RE_REFUSE, &g));
    assert_int_equal(i.state, OE_RS_AUTHENTIC);
}

static void test_broken(void **state)
{
    struct fsm_inst i;
    struct oe_init_facts f = {.dialect = OE_RFC};
    (void)state;
    oe_flow_init(&i, &oe_init_machine);
    assert_non_null(fsm_step(&i, 0, OE_IE_ASK_TXT, &f));
    assert_non_null(fsm_step(&i, 1, OE_IE_BROKEN, &f));
    assert_int_equal(fsm_peek(&i, 0, OE_IE_DROP, &f)->to, OE_IS_DENY);
    assert_int_equal(fsm_peek(&i, 0, OE_IE_PASS, &f)->kind, FSM_FATAL);
    f.dialect = OE_DRAFT;
    assert_int_equal(fsm_peek(&i, 0, OE_IE_PASS, &f)->to, OE_IS_CLEAR);
}

static uint8_t expire(uint8_t from, uint64_t used)
{
    struct fsm_inst i;
    uint64_t period = oe_age_period(from);
    struct oe_age_facts f = {.now = 5000 + period, .began = 5000, .used = used};
    oe_flow_init(&i, &oe_age_machine);
    i.state = from;
    assert_non_null(fsm_step(&i, 1, OE_AE_EXPIRE, &f));
    return i.state;
}

static void test_age(void **state)
{
    (void)state;
    assert_int_equal(oe_age_period(OE_AS_YOUNG), 60 * 1000);
    assert_int_equal(oe_age_period(OE_AS_OLD), 20 * 60 * 1000);
    assert_int_equal(oe_age_period(OE_AS_CLOSED), 0);
    assert_int_equal(expire(OE_AS_YOUNG, 0), OE_AS_CLOSED);
    assert_int_equal(expire(OE_AS_YOUNG, 4000), OE_AS_CLOSED);  /* before the period */
    assert_int_equal(expire(OE_AS_YOUNG, 34999), OE_AS_CLOSED); /* in its first half */
    assert_int_equal(expire(OE_AS_YOUNG, 35000), OE_AS_OLD);
    assert_int_equal(expire(OE_AS_YOUNG, 65000), OE_AS_OLD);
    assert_int_equal(expire(OE_AS_OLD, 5000 + 600000), OE_AS_OLD);
    assert_int_equal(expire(OE_AS_OLD, 5000 + 599999), OE_AS_CLOSED);
}

static void test_delete(void **state)
{
    struct fsm_inst i;
    struct oe_delete_facts f = {.now = 1000};
    (void)state;
    oe_flow_init(&i, &oe_delete_machine);
    for (unsigned n = 0; n < OE_DELETE_TRIES; n++) {
        if (n) {
            f.now = f.sent + OE_DELETE_WAIT_MS - 1;
            assert_null(fsm_peek(&i, 0, OE_DE_DELETE, &f)); /* too soon */
            f.now++;
        }
        assert_int_equal(fsm_step(&i, 0, OE_DE_DELETE, &f)->kind, FSM_OK);
        f.sent = f.now;
        assert_int_equal(fsm_peek(&i, 1, OE_DE_DELETE, &f)->to, OE_DS_DOWN);
    }
    assert_null(fsm_peek(&i, 0, OE_DE_GIVE_UP, &f));
    f.now += OE_DELETE_WAIT_MS;
    assert_int_equal(fsm_peek(&i, 0, OE_DE_DELETE, &f)->defect, DEF_OE_D42);
    assert_non_null(fsm_step(&i, 0, OE_DE_GIVE_UP, &f));
    assert_int_equal(i.state, OE_DS_DOWN);

    oe_flow_init(&i, &oe_delete_machine); /* the other end begins: one answer, at once */
    assert_non_null(fsm_step(&i, 1, OE_DE_DELETE, &f));
    assert_non_null(fsm_step(&i, 0, OE_DE_DELETE, &f));
    assert_int_equal(i.state, OE_DS_DOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_faults),    cmocka_unit_test(test_tables),    cmocka_unit_test(test_axes),
        cmocka_unit_test(test_safety),    cmocka_unit_test(test_initiator), cmocka_unit_test(test_failures),
        cmocka_unit_test(test_responder), cmocka_unit_test(test_places),    cmocka_unit_test(test_machines),
        cmocka_unit_test(test_flow),      cmocka_unit_test(test_broken),    cmocka_unit_test(test_age),
        cmocka_unit_test(test_delete),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
