/* SPDX-License-Identifier: MIT */
/* A mistake in IDMEF that changes none of the samples would never show. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/env.h"
#include "peer/mutate_idxp.h"
#include "run/samples_idxp.h"

static bool is_idmef(unsigned m, unsigned role)
{
    return strncmp(idxp_mutants[m].name, "idmef-", 6) == 0 && (idxp_mutants[m].roles & role);
}

static void mutate(const struct env *env, unsigned m, slice body, struct buf *out)
{
    buf_init(out, env->mem, body.n * 2 + 4096);
    assert_int_equal(idmef_mutate(m, body, out), OK);
}

static void test_each_changes_a_sample(void **state)
{
    struct env env;
    struct buf out;
    size_t mistakes = 0;
    (void)state;
    env_init(&env);
    for (unsigned m = 1; m < IMUT_COUNT; m++) {
        size_t changed = 0;
        for (size_t i = 0; is_idmef(m, IBY_ANALYZER) && i < SAMPLES_IDXP; i++) {
            mutate(&env, m, samples_idxp[i].body, &out);
            changed += !slice_eq(buf_slice(&out), samples_idxp[i].body);
            buf_done(&out);
        }
        if (is_idmef(m, IBY_ANALYZER) && !changed) fail_msg("%s changes no sample", idxp_mutants[m].name);
        mistakes += changed > 0;
    }
    assert_true(mistakes > 80);
}

/* Of others, and of none, nothing is changed. */
static void test_others_change_nothing(void **state)
{
    struct env env;
    struct buf out;
    (void)state;
    env_init(&env);
    for (unsigned m = 0; m < IMUT_COUNT; m++) {
        if (is_idmef(m, IBY_ANALYZER)) continue;
        mutate(&env, m, samples_idxp[1].body, &out);
        assert_true(slice_eq(buf_slice(&out), samples_idxp[1].body));
        buf_done(&out);
    }
}

static void test_managers(void **state)
{
    static const char bare[] = "<IDMEF-Message/>", two[] = "<a><idmef:Alert/><idmef:Alert/></a>";
    (void)state;
    for (unsigned m = 0; m < IMUT_COUNT; m++)
        if (!is_idmef(m, IBY_MANAGER)) assert_int_equal(idmef_mutant_dislikes(m, slice_str(bare)), 0);
    assert_int_equal(idmef_mutant_dislikes(IMUT_IDMEF_REFUSES_BARE, slice_str(bare)), 501);
    assert_int_equal(idmef_mutant_dislikes(IMUT_IDMEF_REFUSES_BARE, slice_str(two)), 0);
    assert_int_equal(idmef_mutant_dislikes(IMUT_IDMEF_WANTS_DECLARATION, slice_str(bare)), 501);
    assert_int_equal(idmef_mutant_dislikes(IMUT_IDMEF_WANTS_DECLARATION, samples_idxp[0].body), 0);
    assert_int_equal(idmef_mutant_dislikes(IMUT_IDMEF_REFUSES_MANY, slice_str(two)), 501);
    assert_int_equal(idmef_mutant_dislikes(IMUT_IDMEF_REFUSES_MANY, samples_idxp[0].body), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_changes_a_sample),
        cmocka_unit_test(test_others_change_nothing),
        cmocka_unit_test(test_managers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
