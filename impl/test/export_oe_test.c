/* SPDX-License-Identifier: MIT */
/* Cases of oe-parser as JSON: what a case says is what the members say, in the dialect that was asked for;
 * what has no form in JSON is refused with its place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test/mem_fail.h"
#include "run/export_oe.h"

#define HEAD(id, clause, more)                                                                               \
    "case " id "\ntitle A case of the test\nclause " clause "\nagainst oe-parser\n" more "\n"
#define GOOD                                                                                                 \
    HEAD("oe/7.2/good", "OE-7.2-9 OERFC-5.2-1", "vary p=0|10")                                               \
    "send record text=\"X-IPsec-Server($p)=192.1.1.5 $KEY1\"\n"                                              \
    "expect result status=ok precedence=$p type=ipv4 gateway=192.1.1.5 key=1 -> pass\n"                      \
    "or result -> fail \"no\"\nor silence -> fail \"no answer\"\n"
#define OPEN                                                                                                 \
    HEAD("oe/7.2/open", "OE-7.2-9", "needs key-records")                                                     \
    "send key hex=4200040101\nexpect result status=malformed -> pass\n"                                      \
    "or result status=ok key=none -> weak \"takes it (OE-D08)\"\nor result -> fail \"no\"\n"
#define NUMBERS                                                                                              \
    HEAD("oe/7.2/numbers", "OE-7.2-9", "")                                                                   \
    "send record text=\"X\"\nexpect result status=ok exponent=03 modulus=c1 bits=8 -> pass\nor result -> "   \
    "fail \"no\"\n"
#define TWO                                                                                                  \
    HEAD("oe/7.2/two", "OE-7.2-8", "needs master")                                                           \
    "send master type=TXT text=\"\\\"x\\\"\"\nexpect result status=ignore|malformed\nor result -> fail "     \
    "\"no\"\n"                                                                                               \
    "send master type=TXT text=\"y\"\nexpect result status=ignore -> pass\n"
#define RFC_ONLY                                                                                             \
    HEAD("oe/rfc/5.2/only", "OERFC-5.2-1", "") "send record text=x\nexpect result status=ignore -> pass\n"
#define DRAFT_ONLY                                                                                           \
    HEAD("oe/7.2/only", "OE-7.2-9", "needs dialect-draft")                                                   \
    "send record text=x\nexpect result status=ignore -> pass\n"
#define OTHER_ROLE                                                                                           \
    "case oe/1.1/gateway\ntitle A gateway\nclause OE-1.1-1\nagainst oe-gateway\ndo policy\nexpect ready -> " \
    "pass\n"

struct told {
    size_t n;
    struct export_oe_test last;
};

static void tell(void *ctx, const struct export_oe_test *t)
{
    struct told *told = ctx;
    told->n++;
    told->last = *t;
}

/* Exports what the text holds; the JSON, or NULL with why. */
static json_t *export(const char *text, enum oe_dialect d, struct told *told, char why[300])
{
    struct env env;
    struct catalog c;
    struct buf out;
    size_t n = 0;
    const struct scn_source sources[] = {{"t.scn", (const unsigned char *)text, strlen(text)},
                                         {NULL, NULL, 0}};
    env_init(&env);
    *told = (struct told){.n = 0};
    assert_int_equal(catalog_load(&env, sources, &c, why, 300), OK);
    buf_init(&out, env.mem, EXPORT_OE_MAX);
    err e = export_oe(&env, &c, d, &out, &n, tell, told, why, 300);
    json_t *all = NULL;
    if (e == OK) {
        slice s = buf_slice(&out);
        all = json_loadb((const char *)s.p, s.n, JSON_REJECT_DUPLICATES, NULL);
        assert_non_null(all);
        assert_int_equal(json_integer_value(json_object_get(all, "numberOfTests")), n);
        assert_int_equal(told->n, n);
    } else {
        assert_int_equal(e, ERR_USE);
    }
    buf_done(&out);
    catalog_done(&c);
    return all;
}

static json_t *test_of(json_t *all, size_t group, size_t nth)
{
    json_t *g = json_array_get(json_object_get(all, "testGroups"), group);
    return json_array_get(json_object_get(g, "tests"), nth);
}

static void has(const json_t *o, const char *name, const char *text)
{
    json_t *want = json_loads(text, JSON_DECODE_ANY, NULL), *have = json_object_get(o, name);
    assert_non_null(want);
    char *shown = json_dumps(have, JSON_ENCODE_ANY | JSON_COMPACT);
    if (!json_equal(want, have)) fail_msg("%s is %s, not %s", name, shown ? shown : "not there", text);
    free(shown);
    json_decref(want);
}

static void members(void **state)
{
    struct told told;
    char why[300];
    (void)state;
    json_t *all = export(GOOD OPEN, OE_RFC, &told, why);
    json_t *good = test_of(all, 0, 1), *open = test_of(all, 1, 0);
    has(all, "dialect", "\"rfc\"");
    has(all, "numberOfTests", "3");
    has(good, "tcId", "2");
    has(good, "comment", "\"p=10\"");
    has(good, "flags", "[]");
    has(good, "type", "\"TXT\"");
    has(good, "result", "\"valid\"");
    has(good, "clauses", "[\"OE-7.2-9\",\"OERFC-5.2-1\"]");
    has(good, "defects", "[]");
    json_t *strict = json_object_get(good, "expected"), *key = json_object_get(strict, "key");
    has(strict, "precedence", "10");
    has(strict, "gateway_type", "\"ipv4\"");
    has(strict, "gateway", "\"192.1.1.5\"");
    has(key, "exponent_hex", "\"03\"");
    assert_int_equal(json_string_length(json_object_get(key, "modulus_hex")), 128);
    assert_int_equal(json_array_size(json_object_get(good, "answers")),
                     1); /* what fails goes without saying */
    const char *rdata = json_string_value(json_object_get(good, "rdata_hex"));
    assert_memory_equal(rdata, "75582d4950736563", 16); /* 117 octets: X-IPsec... */
    has(open, "flags", "[\"KeyRecord\",\"Open\"]");
    has(open, "type", "\"KEY\"");
    has(open, "rdata_hex", "\"4200040101\"");
    has(open, "result", "\"acceptable\"");
    has(open, "expected", "{\"status\":\"malformed\"}");
    has(open, "defects", "[\"OE-D08\"]");
    has(open, "answers",
        "[{\"verdict\":\"pass\",\"members\":{\"status\":[\"malformed\"]}},{\"verdict\":\"weak\",\"reason\":"
        "\"takes it (OE-D08)\",\"members\":{\"status\":[\"ok\"],\"key\":[null]}}]");
    assert_string_equal(told.last.expected, "malformed");
    assert_int_equal(told.last.result, EXPORT_OE_ACCEPTABLE);
    assert_non_null(json_object_get(json_object_get(all, "notes"), "OE-D08"));
    assert_non_null(json_object_get(json_object_get(all, "clauses"), "OERFC-5.2-1"));
    json_decref(all);
    all = export(NUMBERS, OE_RFC, &told, why);
    has(json_object_get(test_of(all, 0, 0), "expected"), "key",
        "{\"exponent_hex\":\"03\",\"modulus_hex\":\"c1\"}");
    json_decref(all);
}

static void several_records(void **state)
{
    struct told told;
    char why[300];
    (void)state;
    json_t *all = export(TWO, OE_DRAFT, &told, why);
    json_t *one = test_of(all, 0, 0), *two = test_of(all, 0, 1);
    has(one, "comment", "\"record 1 of 2\"");
    has(one, "text", "\"\\\"x\\\"\"");
    assert_null(json_object_get(one, "rdata_hex"));
    has(one, "flags", "[\"MasterFile\"]");
    has(one, "result", "\"invalid\"");
    has(one, "expected", "{\"status\":\"ignore\"}");
    has(one, "answers",
        "[{\"verdict\":\"pass\",\"members\":{\"status\":[\"ignore\",\"malformed\"]}}]"); /* what the case goes
                                                                                            on with */
    has(two, "comment", "\"record 2 of 2\"");
    has(two, "tcId", "2");
    assert_true(told.last.master);
    json_decref(all);
}

static void dialects(void **state)
{
    struct told told;
    char why[300];
    (void)state;
    json_t *all = export(GOOD RFC_ONLY DRAFT_ONLY OTHER_ROLE, OE_DRAFT, &told, why);
    assert_int_equal(told.n, 3);
    assert_string_equal(told.last.expected, "ignore");
    has(test_of(all, 0, 0), "clauses", "[\"OE-7.2-9\"]");
    has(json_array_get(json_object_get(all, "testGroups"), 1), "case", "\"oe/7.2/only\"");
    json_decref(all);
    all = export(GOOD RFC_ONLY DRAFT_ONLY OTHER_ROLE, OE_RFC, &told, why);
    assert_int_equal(told.n, 3);
    has(json_array_get(json_object_get(all, "testGroups"), 1), "case", "\"oe/rfc/5.2/only\"");
    json_decref(all);
}

static void refusals(void **state)
{
    static const struct {
        const char *body, *why;
    } rows[] = {
        {"send record text=x\nexpect result status!=ok -> pass\n", "!="},
        {"send record text=x\nexpect result reason=x -> pass\n", "reason"},
        {"send record text=x\nexpect result status=ok -> inconc \"x\"\nor result -> pass\n",
         "neither passes"},
        {"send record text=x\nexpect result -> fail \"x\"\nor silence -> pass\n",
         "no answer to a record would be right"},
        {"send record text=x\nexpect result status=ok key=7 -> pass\n", "key=7"},
        {"send record text=x\nexpect result status=ok exponent=03 -> pass\n", "exponent and modulus"},
        {"send record text=x\nexpect result status=ok precedence=x -> pass\n", "precedence"},
        {"send record text=x\nexpect result key=none -> pass\n", "no status"},
        {"send record text=x hex=00\nexpect result status=ok -> pass\n", "oe/7.2/x, line "},
        {"send record text=$DNS\nexpect result status=ok -> pass\n", "DNS"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct told told;
        char text[600], why[300];
        snprintf(text, sizeof text, "%s%s", HEAD("oe/7.2/x", "OE-7.2-9", ""), rows[i].body);
        assert_null(export(text, OE_RFC, &told, why));
        if (!strstr(why, rows[i].why)) fail_msg("%s: \"%s\" does not say %s", rows[i].body, why, rows[i].why);
    }
}

static void no_memory(void **state)
{
    static const char text[] = GOOD OPEN TWO;
    const struct scn_source sources[] = {{"t.scn", (const unsigned char *)text, sizeof text - 1},
                                         {NULL, NULL, 0}};
    struct env plain;
    struct catalog c;
    char why[300];
    size_t n;
    (void)state;
    env_init(&plain);
    assert_int_equal(catalog_load(&plain, sources, &c, why, sizeof why), OK);
    for (size_t at = 1;; at++) {
        struct mem_fail f;
        struct mem mem = mem_fail_init(&f, at);
        struct env env = plain;
        struct buf out;
        env.mem = &mem;
        buf_init(&out, &mem, EXPORT_OE_MAX);
        err e = export_oe(&env, &c, OE_RFC, &out, &n, NULL, NULL, why, sizeof why);
        buf_done(&out);
        assert_int_equal(f.blocks, 0);
        if (e == OK) {
            assert_true(f.calls < at);
            assert_true(at > 20);
            break;
        }
        assert_int_equal(e, ERR_MEM);
    }
    struct buf small;
    buf_init(&small, plain.mem, 2000);
    assert_int_equal(export_oe(&plain, &c, OE_RFC, &small, &n, NULL, NULL, why, sizeof why), ERR_LIMIT);
    buf_done(&small);
    catalog_done(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(members), cmocka_unit_test(several_records),
                                       cmocka_unit_test(dialects), cmocka_unit_test(refusals),
                                       cmocka_unit_test(no_memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
