/* SPDX-License-Identifier: MIT */
/* The suite with roles behind an adapter, in memory: what is asked of them, and that nothing of TLS is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "run/proto_oe.h"
#include "run/suite.h"

static const char parser[] =
    "case oe/sanity/x\ntitle T\nclause OE-7.2-6\nagainst oe-parser\nsend record gateway=192.1.1.5 "
    "key=$KEY3\nexpect result key=3 -> pass\n"
    "case oe/a/tls\ntitle T\nclause OE-7.2-6\nagainst oe-parser\nneeds tls\nsend record gateway=192.1.1.5 "
    "key=$KEY3\nexpect result -> pass\n"
    "case oe/a/key\ntitle T\nclause OE-7.1-1\nagainst oe-parser\nneeds key-records\nvary k=$KEY1|$KEY6\nsend "
    "key key=$k\nexpect result status=ok -> pass\n"
    "case oe/a/draft\ntitle T\nclause OE-6.6.1-4\nagainst oe-parser\nsend record text=a\nexpect result -> "
    "pass\n"
    "case oe/a/wrong\ntitle T\nclause OE-7.2-6\nagainst oe-parser\nsend record text=$NOBODY\nexpect result "
    "-> pass\n";
static const char gateway[] =
    "case oe/sanity/x\ntitle T\nclause OE-4.2-1\nagainst oe-gateway\ndns do record of=192.0.2.66 type=TXT "
    "gateway=192.1.1.5 key=$KEY5\nreach ready\nsend initiate\n"
    "dns expect query type=TXT -> next\nexpect decision is=encrypt key=5 gateway=192.1.1.5 -> pass\n"
    "case oe/a/two\ntitle T\nclause OE-6.2-2\nagainst oe-gateway\ndns do record of=192.0.2.66 type=TXT "
    "gateway=192.1.1.5 key=$KEY5\ndns do behave of=192.0.2.66 hold=yes\n"
    "reach known\nsend initiate as=a\nsend initiate destination=192.0.2.67 as=b\nexpect decision to=b "
    "is=clear -> next\ndns do release\nexpect decision to=a is=encrypt -> pass\n"
    "case oe/a/clock\ntitle T\nclause OE-5.1-6\nagainst oe-gateway\nneeds clock\nreach ready\ndo advance "
    "ms=1000\nsend tunnels\nexpect tunnels n=0 -> pass\n";

static err run(const struct env *env, const char *text, size_t n, const char *role, struct suite_options *o,
               struct run_results *rs)
{
    struct scn_source source[] = {{"oe/x.scn", (const unsigned char *)text, n}, {NULL, NULL, 0}};
    struct catalog c;
    char why[400] = "";
    err e = catalog_load(env, source, &c, why, sizeof why);
    run_results_init(rs, env->mem);
    if (e != OK) return e;
    o->env = env;
    o->catalog = &c;
    o->role = role;
    o->memory = true;
    o->splits = 1;
    snprintf(o->split[0].name, sizeof o->split[0].name, "whole");
    o->timeout_ms = 3000;
    o->patience_ms = 3000;
    e = suite_run(o, rs, why, sizeof why);
    if (e != OK && e != ERR_MEM && e != ERR_USE) fail_msg("%s", why);
    catalog_done(&c);
    return e;
}

static const struct result *of(const struct run_results *rs, const char *id)
{
    for (size_t i = 0; i < rs->n; i++)
        if (strcmp(rs->r[i].id, id) == 0) return &rs->r[i];
    fail_msg("no result of %s", id);
    return NULL;
}

static void is(const struct run_results *rs, const char *id, enum verdict v, const char *reason)
{
    const struct result *r = of(rs, id);
    if (r->verdict != v || !strstr(r->reason, reason))
        fail_msg("%s: %s %s", id, verdict_names[r->verdict], r->reason);
}

static void test_parser(void **state)
{
    struct env env;
    struct run_results rs;
    struct suite_options o = {
        .tls = RUN_TLS_MODERN, .pki_dir = "/nowhere", .files = {.cert = "/no/such", .key = "/no/such"}};
    (void)state;
    env_init(&env);
    assert_int_equal(run(&env, parser, sizeof parser - 1, "oe-parser", &o, &rs),
                     OK); /* certificates that are not there do not matter */
    assert_string_equal(rs.dialect, "rfc");
    is(&rs, "oe/sanity/x", V_PASS, "");
    is(&rs, "oe/sanity/x-again", V_PASS, "");
    is(&rs, "oe/a/tls", V_SKIP, "--tls off");
    is(&rs, "oe/a/key", V_PASS, "");
    assert_int_equal(of(&rs, "oe/a/key")->instances, 2);
    is(&rs, "oe/a/draft", V_SKIP, "about the dialect of the draft");
    is(&rs, "oe/a/wrong", V_ERROR, "$NOBODY");
    assert_int_equal(rs.n, 6); /* nothing is told of what only captures show */
    run_results_done(&rs);
}

static void test_gateway(void **state)
{
    struct env env;
    struct run_results rs;
    (void)state;
    env_init(&env);
    for (int draft = 0; draft < 2; draft++) {
        for (int split = SPLIT_WHOLE; split <= SPLIT_RANDOM; split++) {
            struct suite_options o = {.dialect = draft ? "draft" : "rfc"};
            o.split[0].how = (enum link_split)split;
            assert_int_equal(run(&env, gateway, sizeof gateway - 1, "oe-gateway", &o, &rs), OK);
            assert_string_equal(rs.dialect, draft ? "draft" : "rfc");
            assert_int_equal(rs.n, 4);
            for (size_t i = 0; i < rs.n; i++)
                if (rs.r[i].verdict != V_PASS) fail_msg("%s: %s", rs.r[i].id, rs.r[i].reason);
            run_results_done(&rs);
        }
    }
}

/* The ladder is made of both ends, and is the same each time. */
static void test_ladder(void **state)
{
    struct env env;
    struct run_results rs;
    struct buf text[2];
    (void)state;
    env_init(&env);
    for (int i = 0; i < 2; i++) {
        struct suite_options o = {.dialect = "rfc"};
        assert_int_equal(run(&env, gateway, sizeof gateway - 1, "oe-gateway", &o, &rs), OK);
        buf_init(&text[i], env.mem, 1u << 16);
        assert_int_equal(report_ladder(&of(&rs, "oe/a/two")->ladder, 120, &text[i]), OK);
        run_results_done(&rs);
    }
    const char *t = buf_str(&text[0]);
    static const char *const want[] = {"adapter",
                                       "dns",
                                       "begin rfc permissive",
                                       "phase 1 of 192.1.1.5 signed by KEY2",
                                       "answer 1 KEY",
                                       "verdict authentic KEY2",
                                       "reached known",
                                       "initiate 192.1.0.65 to 192.0.2.67 (b)",
                                       "query TXT 66.2.0.192.in-addr.arpa udp",
                                       "answer held back",
                                       "decision clear (b)",
                                       "answer 1 TXT",
                                       "decision encrypt 192.1.1.5 KEY5 (a)"};
    for (size_t i = 0; i < sizeof want / sizeof *want; i++)
        if (!strstr(t, want[i])) fail_msg("%s is missing:\n%s", want[i], t);
    assert_true(slice_eq(buf_slice(&text[0]), buf_slice(&text[1])));
    buf_done(&text[0]);
    buf_done(&text[1]);
}

static void test_wrong_use(void **state)
{
    struct env env;
    struct run_results rs;
    struct suite_options o = {.dialect = "bis"};
    (void)state;
    env_init(&env);
    assert_int_equal(run(&env, parser, sizeof parser - 1, "oe-parser", &o, &rs), ERR_USE);
    run_results_done(&rs);
}

/* A mistake shows where the reference makes it. */
static void test_mistake(void **state)
{
    struct env env;
    struct run_results rs;
    (void)state;
    env_init(&env);
    unsigned failed = 0;
    for (unsigned m = 1; m < run_oe.mutants; m++) {
        struct suite_options o = {.mutant = m};
        if (!(run_oe.mutant[m].roles & OE_R_PARSER)) continue;
        assert_int_equal(run(&env, parser, sizeof parser - 1, "oe-parser", &o, &rs), OK);
        failed += rs.count[V_FAIL] > 0;
        run_results_done(&rs);
    }
    assert_true(failed > 0);
}

static void test_names(void **state)
{
    struct oe_run oe = {.play = {.dialect = OE_RFC, .dns = "127.0.0.1:99"}};
    struct run_ctx ctx = {.state = &oe};
    char out[1024];
    (void)state;
    assert_true(run_oe.lookup(&ctx, "KEY1", out, sizeof out) && strncmp(out, "AQ", 2) == 0);
    assert_true(run_oe.lookup(&ctx, "KEY6", out, sizeof out) && strncmp(out, "AwEAA", 5) == 0);
    assert_true(run_oe.lookup(&ctx, "KEY5", out, sizeof out) && strlen(out) == 688);
    assert_true(run_oe.lookup(&ctx, "DNS", out, sizeof out) && strcmp(out, "127.0.0.1:99") == 0);
    assert_true(run_oe.lookup(&ctx, "FORGED", out, sizeof out) && strcmp(out, "203.0.113.66") == 0);
    assert_true(run_oe.lookup(&ctx, "DIALECT", out, sizeof out) && strcmp(out, "rfc") == 0);
    static const char *const no[] = {"KEY", "KEY0", "KEY7", "KEY11", "key1", "HOST"};
    for (size_t i = 0; i < sizeof no / sizeof *no; i++)
        assert_false(run_oe.lookup(&ctx, no[i], out, sizeof out));
    run_oe.bound(&ctx, "127.0.0.1:5353");
    assert_true(run_oe.lookup(&ctx, "DNS", out, sizeof out) && strcmp(out, "127.0.0.1:5353") == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_parser),  cmocka_unit_test(test_gateway),
                                       cmocka_unit_test(test_ladder),  cmocka_unit_test(test_wrong_use),
                                       cmocka_unit_test(test_mistake), cmocka_unit_test(test_names)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
