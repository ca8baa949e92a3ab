/* SPDX-License-Identifier: MIT */
/* The machines and lists of faults of IDXP, TUNNEL and IDMEF: each row and each fault stands on a clause that
 * can be broken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "model/idmef_faults.h"
#include "model/idxp.h"
#include "model/tunnel.h"

static const struct fsm *const machines[] = {&idxp_machine, &tunnel_machine, &tunnel_relay_machine};

static void test_machines(void **state)
{
    (void)state;
    for (size_t m = 0; m < sizeof machines / sizeof *machines; m++) {
        struct fsm_lint out[16];
        size_t n = fsm_check(machines[m], out, 16);
        for (size_t k = 0; k < n && k < 16; k++)
            print_error("%s: %s: %zu\n", machines[m]->name, out[k].what, out[k].row);
        assert_int_equal(n, 0);
        for (size_t k = 0; k < machines[m]->row_count; k++) {
            const struct fsm_row *r = &machines[m]->rows[k];
            assert_true(r->clause < CLAUSE_COUNT && r->defect < DEFECT_COUNT);
            if (r->kind == FSM_FATAL && clauses[r->clause].level == LEVEL_MAY)
                fail_msg("%s: row %zu rules out by %s, a permission", machines[m]->name, k,
                         clauses[r->clause].id);
        }
    }
}

static void check_faults(const struct fault_info *faults, const uint16_t *replies, int n,
                         const char *(*code_text)(unsigned))
{
    for (int f = 1; f < n; f++) {
        const struct fault_info *i = &faults[f];
        assert_true(i->clause != CL_NONE && i->text[0] && i->name[0]);
        if (i->severity == SEV_FAIL && clauses[i->clause].level != LEVEL_MUST)
            fail_msg("%s fails for %s, which does not bind so", i->name, clauses[i->clause].id);
        if (i->severity == SEV_WEAK && i->defect == DEF_NONE && clauses[i->clause].level == LEVEL_MUST)
            fail_msg("%s is weak and nothing says why", i->name);
        if (i->severity == SEV_FAIL && i->defect != DEF_NONE)
            fail_msg("%s fails in spite of %s", i->name, defects[i->defect].id);
        if (replies && replies[f] && !code_text(replies[f]))
            fail_msg("%s is answered by %u, which is not listed", i->name, replies[f]);
    }
}

static void test_faults(void **state)
{
    (void)state;
    check_faults(idxp_faults, idxp_fault_replies, IDXP_F_COUNT, idxp_code_text);
    check_faults(tunnel_faults, tunnel_fault_replies, TUNNEL_F_COUNT, tunnel_code_text);
    check_faults(idmef_faults, NULL, IDMEF_F_COUNT, NULL);
}

static const struct fsm_row *step(struct fsm_inst *i, int side, enum idxp_event e, enum idxp_dialect d,
                                  enum idxp_role role)
{
    struct idxp_facts f = {d, role};
    return fsm_step(i, side, (uint8_t)e, &f);
}

/* All ways to two greetings in force, and what may be sent on them. */
static void test_greetings(void **state)
{
    struct fsm_inst i;
    (void)state;
    for (int first = 0; first < 2; first++) {
        int second = 1 - first;
        fsm_init(&i, &idxp_machine);
        assert_non_null(step(&i, first, IDXP_E_GREETING, IDXP_DRAFT, IDXP_CLIENT));
        assert_non_null(step(&i, second, IDXP_E_GREETING, IDXP_DRAFT, IDXP_SERVER));
        assert_int_equal(i.state, IDXP_S_CROSSED);
        /* the second one's greeting is answered first, so that it is ahead */
        assert_non_null(step(&i, first, IDXP_E_OK, IDXP_DRAFT, IDXP_CLIENT));
        assert_int_equal(i.state, IDXP_S_HALF_ASKED);
        assert_int_equal(fsm_side(&i, IDXP_P_FIRST), second);
        assert_non_null(step(&i, second, IDXP_E_OK, IDXP_DRAFT, IDXP_SERVER));
        assert_int_equal(i.state, IDXP_S_READY);
        assert_int_equal(step(&i, first, IDXP_E_DATA, IDXP_DRAFT, IDXP_CLIENT)->kind, FSM_OK);
        assert_non_null(step(&i, second, IDXP_E_ACCEPT, IDXP_DRAFT, IDXP_SERVER));
        /* anew, and refused: the one before stays in force */
        assert_non_null(step(&i, second, IDXP_E_GREETING, IDXP_DRAFT, IDXP_SERVER));
        assert_non_null(step(&i, first, IDXP_E_ERROR, IDXP_DRAFT, IDXP_CLIENT));
        assert_int_equal(i.state, IDXP_S_READY);
        assert_int_equal(step(&i, second, IDXP_E_DATA, IDXP_DRAFT, IDXP_SERVER)->kind, FSM_FATAL);
        assert_int_equal(i.state, IDXP_S_LOST);
    }
}

static void test_refusals(void **state)
{
    struct fsm_inst i;
    (void)state;
    fsm_init(&i, &idxp_machine);
    assert_non_null(step(&i, 0, IDXP_E_GREETING, IDXP_RFC, IDXP_CLIENT));
    assert_null(
        fsm_peek(&i, 0, IDXP_E_OK, &(struct idxp_facts){IDXP_RFC, IDXP_CLIENT})); /* nobody answers himself */
    assert_non_null(step(&i, 1, IDXP_E_GREETING, IDXP_RFC, IDXP_SERVER));
    assert_non_null(
        step(&i, 1, IDXP_E_ERROR, IDXP_RFC, IDXP_SERVER)); /* the first is refused: the second is ahead */
    assert_int_equal(i.state, IDXP_S_ASKED);
    assert_int_equal(fsm_side(&i, IDXP_P_FIRST), 1);
    assert_non_null(step(&i, 0, IDXP_E_ERROR, IDXP_RFC, IDXP_CLIENT));
    assert_int_equal(i.state, IDXP_S_NONE);
}

static void test_data_early(void **state)
{
    struct fsm_inst i;
    (void)state;
    for (int d = 0; d < IDXP_DIALECTS; d++) {
        fsm_init(&i, &idxp_machine);
        assert_int_equal(step(&i, 0, IDXP_E_DATA, (enum idxp_dialect)d, IDXP_NO_ROLE)->kind,
                         d == IDXP_RFC ? FSM_FATAL : FSM_LOOSE);
        fsm_init(&i, &idxp_machine);
        assert_non_null(step(&i, 0, IDXP_E_GREETING, (enum idxp_dialect)d, IDXP_CLIENT));
        assert_non_null(step(&i, 1, IDXP_E_OK, (enum idxp_dialect)d, IDXP_NO_ROLE));
        assert_int_equal(step(&i, 0, IDXP_E_DATA, (enum idxp_dialect)d, IDXP_CLIENT)->kind,
                         d == IDXP_RFC ? FSM_FATAL : FSM_OK);
    }
}

/* RFC 3620 4: a proxy says ok only when the far side did. */
static void test_relay(void **state)
{
    static const uint8_t way[][2] = {{1, TUNNEL_RE_ASK},
                                     {0, TUNNEL_RE_CONNECT},
                                     {1, TUNNEL_RE_GREETING},
                                     {0, TUNNEL_RE_PASS},
                                     {1, TUNNEL_RE_FAR_OK}};
    struct fsm_inst i;
    (void)state;
    for (size_t n = 1; n <= sizeof way / sizeof *way; n++) {
        fsm_init(&i, &tunnel_relay_machine);
        fsm_bind(&i, TUNNEL_RP_PROXY, 0);
        for (size_t k = 0; k < n; k++)
            assert_non_null(fsm_step(&i, way[k][0], way[k][1], NULL));
        assert_int_equal(fsm_step(&i, 0, TUNNEL_RE_OK, NULL)->kind, n == 5 ? FSM_OK : FSM_FATAL);
    }
    assert_int_equal(i.state, TUNNEL_RS_THROUGH);
}

static void test_codes(void **state)
{
    unsigned idxp = 0, tunnel = 0;
    (void)state;
    for (unsigned c = 0; c < 1000; c++) {
        idxp += idxp_code_text(c) != NULL;
        tunnel += tunnel_code_text(c) != NULL;
    }
    assert_int_equal(idxp, 13);
    assert_int_equal(tunnel, 12);
    assert_null(idxp_code_text(538));
    assert_null(tunnel_code_text(535));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_machines),   cmocka_unit_test(test_faults),
                                       cmocka_unit_test(test_greetings),  cmocka_unit_test(test_refusals),
                                       cmocka_unit_test(test_data_early), cmocka_unit_test(test_relay),
                                       cmocka_unit_test(test_codes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
