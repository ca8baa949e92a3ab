/* SPDX-License-Identifier: MIT */
/* The samples of the reference analyzer are valid, and nothing in them is noted. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "codec/idmef.h"
#include "run/samples_idxp.h"

static void valid(void **state)
{
    struct env env;
    struct idmef_schema *s;
    (void)state;
    env_init(&env);
    assert_int_equal(idmef_schema_new(&env, &s), OK);
    for (size_t i = 0; i < SAMPLES_IDXP; i++) {
        struct idmef_result r;
        assert_int_equal(idmef_validate(&env, s, samples_idxp[i].body, SLICE_NONE, &r), OK);
        if (r.verdict != IDMEF_OK) fail_msg("%s, line %u: %s", samples_idxp[i].name, (unsigned)r.line, r.why);
        for (uint32_t k = 0; k < r.note_n; k++)
            fail_msg("%s, line %u: %s", samples_idxp[i].name, (unsigned)r.note[k].line, idmef_faults[r.note[k].code].text);
        assert_int_equal(r.alerts, samples_idxp[i].stream == IDXP_ALERT);
        assert_int_equal(r.heartbeats, samples_idxp[i].stream == IDXP_HEARTBEAT);
    }
    idmef_schema_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(valid)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
