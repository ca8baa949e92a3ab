/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "run/tunnel_access.h"
#include "test/mem_fail.h"

static const char text[] =
    "# who may go where\n"
    "deny to=*:25 code=554\n"
    "allow identity=alice to=*.example.org:604 # and no other port\r\n"
    "\n"
    "allow identity=site-? to=192.0.2.*:*\n"
    "allow identity=\"\" to=open.example.org:*\n"
    "allow to=[2001:db8::*]:*\n"
    "deny  identity=mallory to=* code=550\n"
    "allow identity=* to=any.example.org:604";

static void rules(void **state)
{
    static const struct { const char *identity, *to; uint16_t code; size_t line; } rows[] = {
        {"alice", "m.example.org:604", 0, 3},      {"alice", "M.Example.ORG:604", 0, 3},
        {"alice", "m.example.org:605", 537, 0},    {"alice", "m.example.org:25", 554, 2},
        {"Alice", "m.example.org:604", 537, 0},    {"bob", "m.example.org:604", 537, 0},
        {"", "m.example.org:604", 530, 0},         {"site-7", "192.0.2.9:1", 0, 5},
        {"site-77", "192.0.2.9:1", 537, 0},        {"", "open.example.org:9", 0, 6},
        {"bob", "open.example.org:9", 537, 0},     {"bob", "[2001:db8::1]:604", 0, 7},
        {"", "[2001:DB8::1]:604", 0, 7},
        {"mallory", "any.example.org:604", 550, 8}, {"bob", "any.example.org:604", 0, 9},
        {"", "any.example.org:604", 530, 0},       {"", "nowhere:1", 537, 0},
    };
    struct env env;
    struct tunnel_access *a;
    (void)state;
    env_init(&env);
    assert_int_equal(tunnel_access_parse(&env, slice_of(text, sizeof text - 1), "f", &a, NULL, 0), OK);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t line = 99;
        uint16_t code = tunnel_access_judge(a, rows[i].identity, rows[i].to, NULL, &line);
        if (code != rows[i].code || line != rows[i].line) fail_msg("%s to %s: %u by line %zu", rows[i].identity, rows[i].to, (unsigned)code, line);
    }
    tunnel_access_free(a);
    assert_int_equal(tunnel_access_parse(&env, SLICE_NONE, "f", &a, NULL, 0), OK); /* nobody goes anywhere */
    assert_int_equal(tunnel_access_judge(a, "alice", "m:1", NULL, NULL), 537);
    tunnel_access_free(a);
}

/* What a name leads to is judged, and another way to write an address is no way around a rule. */
static void places(void **state)
{
    static const char rule[] = "deny to=127.*:* code=554\ndeny to=[::1]:*\nallow to=*.example.org:604\nallow to=[2001:DB8:0:0::1]:*\nallow to=192.0.2.*:*\ndeny to=*:*\n";
    static const struct { const char *to, *place; uint16_t code; size_t line; } rows[] = {
        {"m.example.org:604", NULL, 0, 3},
        {"m.example.org:604", "203.0.113.9:604", 0, 3},
        {"m.example.org:604", "127.0.0.1:604", 554, 1},
        {"m.example.org:604", "[::ffff:127.0.0.1]:604", 554, 1},
        {"m.example.org:604", "[0:0:0:0:0:0:0:1]:604", 537, 2},
        {"m.example.net:604", "203.0.113.9:604", 537, 6},
        {"[::ffff:127.0.0.1]:1", NULL, 554, 1},
        {"[::ffff:7f00:1]:1", NULL, 554, 1},
        {"[0::0001]:1", NULL, 537, 2},
        {"0.0.0.0:1", NULL, 554, 1},
        {"[::ffff:0.0.0.0]:1", NULL, 554, 1},
        {"[::]:1", NULL, 537, 2},
        {"10.0.0.0:1", NULL, 537, 6},
        {"[2001:DB8:0:0::1]:7", NULL, 0, 4},
        {"[::ffff:192.0.2.5]:7", NULL, 0, 5},
        {"[::1", NULL, 537, 6},
        {"[]:1", NULL, 537, 6},
        {"[0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000]:1", NULL, 537, 6},
    };
    struct env env;
    struct tunnel_access *a;
    (void)state;
    env_init(&env);
    assert_int_equal(tunnel_access_parse(&env, slice_of(rule, sizeof rule - 1), "f", &a, NULL, 0), OK);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t line = 99;
        uint16_t code = tunnel_access_judge(a, "", rows[i].to, rows[i].place, &line);
        if (code != rows[i].code || line != rows[i].line)
            fail_msg("%s at %s: %u by line %zu", rows[i].to, rows[i].place ? rows[i].place : "-", (unsigned)code, line);
    }
    tunnel_access_free(a);
}

static void faults(void **state)
{
    static const struct { const char *text, *why; } rows[] = {
        {"permit to=*\n", "f:1: a rule begins with allow or deny, not with \"permit\""},
        {"\n\nallow alice\n", "f:3: \"alice\" is no condition"},
        {"allow user=alice\n", "f:1: there is no condition \"user=alice\""},
        {"allow to=m.example.org\n", "f:1: to=m.example.org has no port"},
        {"allow to=a:1 to=b:1\n", "f:1: a second to="},
        {"allow code=537\n", "f:1: code= is for deny"},
        {"deny code=200\n", "f:1: code=200 is none of"},
        {"deny code=\n", "f:1: code= is none of"},
        {"deny to=\x01:1\n", "f:1: a control character"},
    };
    struct env env;
    (void)state;
    env_init(&env);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct tunnel_access *a;
        char why[200];
        assert_int_equal(tunnel_access_parse(&env, slice_str(rows[i].text), "f", &a, why, sizeof why), ERR_PEER);
        assert_null(a);
        if (strncmp(why, rows[i].why, strlen(rows[i].why)) != 0) fail_msg("%s", why);
    }
}

static void memory(void **state)
{
    (void)state;
    err e = ERR_MEM;
    for (size_t n = 1; e != OK; n++) {
        struct mem_fail f = {.fail_at = n};
        struct mem mem = {&f, mem_fail_resize, mem_fail_release};
        struct env env;
        struct tunnel_access *a;
        env_init(&env);
        env.mem = &mem;
        e = tunnel_access_parse(&env, slice_of(text, sizeof text - 1), "f", &a, NULL, 0);
        assert_true(e == OK || e == ERR_MEM);
        tunnel_access_free(a);
        assert_int_equal(f.blocks, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(rules), cmocka_unit_test(places), cmocka_unit_test(faults), cmocka_unit_test(memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
