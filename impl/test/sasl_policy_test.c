/* SPDX-License-Identifier: MIT */
/* sasl: which mechanisms are to be had, and options that no exchange can be made of. */
#include "test/sasl_pair.h"

static void refused(const struct pair *p, const char *mech, const struct sasl_link *link, err e,
                    unsigned code)
{
    struct sasl *s;
    struct sasl_failure f;
    assert_int_equal(sasl_new(p->sc, slice_str(mech), link, &s, &f), e);
    assert_int_equal(f.code, code);
    assert_int_equal(f.why[0] != 0, e != OK);
    assert_int_equal(s != NULL, e == OK);
    sasl_free(s);
}

static void policy(void **state)
{
    (void)state;
    struct pair p;
    const struct sasl_link tls = {.encrypted = true};
    pair_init(&p);
    p.so.offered = SASL_ALL & ~SASL_BIT(SASL_EXTERNAL);
    p.so.weak = SASL_BIT(SASL_CRAM_MD5);
    p.so.clear_needs_encryption = true;
    pair_open(&p, SASL_DIGEST_MD5);
    refused(&p, "OTP", NULL, ERR_PEER, 504);
    refused(&p, "", NULL, ERR_PEER, 504);
    refused(&p, "plain", &tls, ERR_PEER, 504);
    refused(&p, "EXTERNAL", NULL, ERR_PEER, 550);
    refused(&p, "CRAM-MD5", NULL, ERR_PEER, 534);
    refused(&p, "PLAIN", NULL, ERR_PEER, 538);
    refused(&p, "PLAIN", &p.link, ERR_PEER, 538);
    refused(&p, "PLAIN", &tls, OK, 0);
    refused(&p, "SCRAM-SHA-256", NULL, OK, 0);
    pair_close(&p);
    p.co.password = NULL;
    p.so = p.co;
    assert_int_equal(sasl_context_new(&p.env, &p.so, &p.sc, NULL, 0), OK);
    refused(&p, "PLAIN", NULL, ERR_USE, 454);
    sasl_context_free(p.sc);
    p.so.password = "x";
    p.so.authzid = "site-a";
    assert_int_equal(sasl_context_new(&p.env, &p.so, &p.sc, NULL, 0), OK);
    refused(&p, "CRAM-MD5", NULL, ERR_USE, 454);
    refused(&p, "PLAIN", NULL, OK, 0);
    refused(&p, "ANONYMOUS", NULL, OK, 0);
    pair_done(&p);
}

static void bad_options(void **state)
{
    (void)state;
    static char big[300];
    memset(big, 'x', sizeof big - 1);
    const struct sasl_options bad[] = {{.offered = 1u << SASL_MECHS},
                                       {.weak = 1u << SASL_MECHS},
                                       {.user = "a\x01"},
                                       {.password = ""},
                                       {.authzid = "\xff"},
                                       {.trace = ""},
                                       {.trace = big},
                                       {.trace = "\xed\xa0\x80"},
                                       {.realm = "\xc0\x80"}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct env env;
        struct sasl_context *c;
        char why[100] = "";
        env_init(&env);
        assert_int_equal(sasl_context_new(&env, &bad[i], &c, why, sizeof why), ERR_USE);
        assert_null(c);
        assert_true(why[0]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(policy), cmocka_unit_test(bad_options)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
