/* SPDX-License-Identifier: MIT */
/* BEEP's machines and list of faults: each row and each fault stands on a clause that can be broken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "model/beep.h"

static const struct fsm *const machines[] = {&beep_session_machine, &beep_channel_machine, &beep_exchange_machine, &beep_tuning_machine};

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
            assert_memory_equal(clauses[r->clause].proto, "BEEP", 4);
            if (r->kind == FSM_FATAL && clauses[r->clause].level == LEVEL_MAY)
                fail_msg("%s: row %zu rules out by %s, a permission", machines[m]->name, k, clauses[r->clause].id);
        }
    }
}

static void test_faults(void **state)
{
    (void)state;
    for (int f = 1; f < BEEP_F_COUNT; f++) {
        const struct fault_info *i = &beep_faults[f];
        assert_true(i->clause != CL_NONE && i->text[0] && i->name[0]);
        if (i->severity == SEV_FAIL && clauses[i->clause].level == LEVEL_MAY) fail_msg("%s breaks %s, a permission", i->name, clauses[i->clause].id);
        if (i->severity == SEV_FAIL && clauses[i->clause].level == LEVEL_SHOULD) fail_msg("%s fails for %s, a SHOULD", i->name, clauses[i->clause].id);
        if (i->severity == SEV_WEAK && i->defect == DEF_NONE && clauses[i->clause].level == LEVEL_MUST)
            fail_msg("%s is weak and nothing says why", i->name);
        if (i->severity == SEV_FAIL && i->defect != DEF_NONE) fail_msg("%s fails in spite of %s", i->name, defects[i->defect].id);
        assert_true(beep_remedies[f] <= BEEP_DO_UNWANTED);
    }
}

static void test_ways(void **state)
{
    struct fsm_inst i;
    const struct fsm_row *r;
    (void)state;
    fsm_init(&i, &beep_session_machine);
    fsm_bind(&i, BEEP_SP_INITIATOR, 0);
    /* both greet, in either order */
    assert_non_null(fsm_step(&i, 1, BEEP_SE_GREETING, NULL));
    assert_non_null(fsm_step(&i, 0, BEEP_SE_GREETING, NULL));
    assert_int_equal(i.state, BEEP_SS_OPEN);
    r = fsm_next(&i, BEEP_SS_RELEASED, 0, NULL);
    assert_int_equal(r->event, BEEP_SE_RELEASE);
    assert_non_null(fsm_step(&i, 0, BEEP_SE_RELEASE, NULL));
    r = fsm_peek(&i, 0, BEEP_SE_AGREE, NULL);
    assert_true(!r); /* nobody agrees with himself */
    assert_non_null(fsm_step(&i, 1, BEEP_SE_AGREE, NULL));
    assert_int_equal(i.state, BEEP_SS_RELEASED);
}

static void test_codes(void **state)
{
    (void)state;
    assert_string_equal(beep_code_text(421), "service not available");
    assert_null(beep_code_text(422));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_machines), cmocka_unit_test(test_faults), cmocka_unit_test(test_ways),
                                       cmocka_unit_test(test_codes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
