/* SPDX-License-Identifier: MIT */
/* The file that says who may be what: what is read, what is refused with which line, who is let in, and with which code others are not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "peer/idxp_policy.h"
#include "test/mem_fail.h"

static struct idxp_policy *parsed(const char *text)
{
    struct env env;
    struct idxp_policy *p;
    char why[300] = "x";
    env_init(&env);
    err e = idxp_policy_parse(&env, slice_str(text), "who.conf", &p, why, sizeof why);
    if (e != OK) fail_msg("%s", why);
    assert_string_equal(why, "");
    return p;
}

static struct idxp_who anybody(void)
{
    return (struct idxp_who){.uri = SLICE_LIT("https://a.example.org/sensor/7"), .fqdn = SLICE_LIT("A.example.ORG"), .role = IDXP_CLIENT, .suite = "", .subject = "", .mechanism = "", .identity = ""};
}

static struct idxp_who sensor(void)
{
    struct idxp_who w = anybody();
    w.secured = w.cert = true;
    w.subject = "CN=sensor-7,OU=Lab\\, north,O=Example";
    return w;
}

/* 0 or the code; *line of the rule. */
static uint16_t judged(const char *text, const struct idxp_who *w, size_t *line)
{
    struct idxp_policy *p = parsed(text);
    struct idxp_decision d;
    idxp_policy_judge(p, w, &d);
    if (line) *line = d.line;
    assert_true(d.code == 0 || d.text[0]);
    assert_true(d.code == 0 || idxp_code_text(d.code));
    idxp_policy_free(p);
    return d.code;
}

/* --- patterns --- */

static void test_glob(void **state)
{
    static const struct {
        const char *pattern, *text;
        bool fits;
    } rows[] = {
        {"", "", true}, {"", "a", false}, {"*", "", true}, {"*", "abc", true}, {"a*", "abc", true}, {"*c", "abc", true}, {"a*c", "abbbc", true}, {"a*c", "abcd", false},
        {"?", "", false}, {"?", "a", true}, {"a?c", "abc", true}, {"a?c", "ac", false}, {"*a*b*", "xxaxxbxx", true}, {"*a*b*", "xxbxxaxx", false}, {"a\\*", "a*", true},
        {"a\\*", "ab", false}, {"\\?", "?", true}, {"\\?", "x", false}, {"\\\\", "\\", true}, {"abc", "ABC", false}, {"a**b", "ab", true}, {"*ab", "aab", true}, {"*aab", "aaab", true},
        {"\\", "\\", true}, {"a\\", "a", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (slice_glob(slice_str(rows[i].pattern), slice_str(rows[i].text)) != rows[i].fits) fail_msg("%s against %s", rows[i].pattern, rows[i].text);
}

static void test_glob_takes_no_time(void **state)
{
    char text[4001];
    (void)state;
    memset(text, 'a', 4000);
    text[4000] = 0;
    assert_false(slice_glob(SLICE_LIT("*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b"), slice_str(text)));
}

static void test_subject(void **state)
{
    static const struct {
        const char *list, *subject;
        bool fits;
    } rows[] = {
        {"CN=sensor-*", "CN=sensor-7,O=Example", true}, {"CN=sensor-*,O=Example", "CN=sensor-7,O=Example", true}, {"O=example,cn=SENSOR-7", "CN=sensor-7,O=Example", true},
        {"CN=sensor-*,O=Other", "CN=sensor-7,O=Example", false}, {"CN=sensor-*", "O=CN\\=sensor-7", false}, {"OU=Lab\\, north", "CN=x,OU=Lab\\, north", true},
        {"OU=Lab", "CN=x,OU=Lab\\, north", false}, {"CN=a*", "", false}, {"", "CN=a", false}, {"CN=\xc3\xa4*", "CN=\\C3\\A4bc", true}, {"CN=b", "O=x+CN=b", true},
        {"OU=b", "OU=a,OU=b", true}, {"N=a", "CN=a", false}, {"CN=", "CN=a", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (idxp_policy_subject(slice_str(rows[i].list), slice_str(rows[i].subject)) != rows[i].fits) fail_msg("%s against %s", rows[i].list, rows[i].subject);
}

/* --- who comes in --- */

static void test_first_rule_decides(void **state)
{
    struct idxp_who w = sensor();
    size_t line;
    (void)state;
    assert_int_equal(judged("# nobody yet\n\nallow uri=https://a.example.org/*\ndeny uri=*\n", &w, &line), 0);
    assert_int_equal(line, 3);
    assert_int_equal(judged("deny uri=*\nallow uri=https://a.example.org/*\n", &w, &line), 537);
    assert_int_equal(line, 1);
    assert_int_equal(judged("deny uri=https://b.example.org/*\r\nallow\r\n", &w, &line), 0);
    assert_int_equal(line, 2);
    assert_int_equal(judged("deny code=454 text=\"not now\" uri=\"*\"", &w, NULL), 454);
}

static void test_without_a_file(void **state)
{
    struct idxp_who w = anybody();
    struct idxp_decision d;
    (void)state;
    idxp_policy_judge(NULL, &w, &d);
    assert_int_equal(d.code, 0);
    assert_int_equal(d.kind, IDXP_KIND_UNKNOWN);
    assert_int_equal(judged("", &w, NULL), 537);
    assert_int_equal(judged("# all out\n", &w, NULL), 537);
}

static void test_conditions(void **state)
{
    struct idxp_who w = sensor();
    (void)state;
    assert_int_equal(judged("allow role=client", &w, NULL), 0);
    assert_int_equal(judged("allow role=any", &w, NULL), 0);
    assert_int_equal(judged("allow role=server", &w, NULL), 537);
    assert_int_equal(judged("allow fqdn=a.EXAMPLE.org", &w, NULL), 0);
    assert_int_equal(judged("allow fqdn=", &w, NULL), 537);
    assert_int_equal(judged("allow uri=https://A.example.org/*", &w, NULL), 537);
    assert_int_equal(judged("allow stream=alert", &w, NULL), 537);
    assert_int_equal(judged("allow stream=none", &w, NULL), 0);
    w.stream = IDXP_HEARTBEAT;
    assert_int_equal(judged("allow stream=heartbeat", &w, NULL), 0);
    assert_int_equal(judged("allow stream=none", &w, NULL), 537);
    assert_int_equal(judged("allow tls=yes", &w, NULL), 0);
    assert_int_equal(judged("allow tls=no", &w, NULL), 535);
    assert_int_equal(judged("allow subject=\"CN=sensor-*,OU=Lab\\, north\"", &w, NULL), 0);
    assert_int_equal(judged("allow subject=CN=sensor-*,OU=Lab\\,*", &w, NULL), 0);
}

/* What was missing decides the code. */
static void test_codes(void **state)
{
    struct idxp_who w = sensor();
    const char *rule = "allow uri=https://a.example.org/* subject=CN=other,O=Example";
    (void)state;
    assert_int_equal(judged(rule, &w, NULL), 535);
    w.uri = SLICE_LIT("https://nobody.example.org/");
    assert_int_equal(judged(rule, &w, NULL), 537);
    w = anybody();
    assert_int_equal(judged(rule, &w, NULL), 530);
    w.authenticated = true;
    w.mechanism = "ANONYMOUS";
    assert_int_equal(judged(rule, &w, NULL), 530);
    w.mechanism = "SCRAM-SHA-256";
    w.identity = "alice";
    assert_int_equal(judged(rule, &w, NULL), 535);
    assert_int_equal(judged("deny identity=bob", &w, NULL), 537); /* nothing that it could prove would help */
    assert_int_equal(judged("allow identity=ali*", &w, NULL), 0);
    assert_int_equal(judged("allow identity=Ali*", &w, NULL), 535);
}

static void test_anonymous_is_nobody(void **state)
{
    struct idxp_who w = anybody();
    (void)state;
    assert_int_equal(judged("allow identity=*", &w, NULL), 530); /* not authenticated at all */
    assert_int_equal(judged("allow identity=\"\"", &w, NULL), 530);
    w.authenticated = true;
    assert_int_equal(judged("allow identity=*", &w, NULL), 530);
    assert_int_equal(judged("allow identity=\"\"", &w, NULL), 0);
}

static void test_kinds(void **state)
{
    struct idxp_who w = sensor();
    struct idxp_decision d;
    struct idxp_policy *p = parsed("allow uri=*/sensor/* kind=analyzer\nallow uri=* kind=manager");
    (void)state;
    assert_int_equal(idxp_policy_count(p), 2);
    idxp_policy_judge(p, &w, &d);
    assert_int_equal(d.kind, IDXP_KIND_ANALYZER);
    w.role = IDXP_SERVER; /* 2.1: then the rule is not about it */
    idxp_policy_judge(p, &w, &d);
    assert_int_equal(d.kind, IDXP_KIND_MANAGER);
    assert_int_equal(d.line, 2);
    idxp_policy_free(p);
}

/* --- what is no such file --- */

static void test_errors(void **state)
{
    static const struct {
        const char *text, *why;
    } rows[] = {
        {"permit uri=*", "who.conf:1: a rule begins with allow or deny, not with \"permit\""},
        {"\n\nallow uri", "who.conf:3: \"uri\" is not of the form word=value"},
        {"allow url=*", "who.conf:1: unknown word url= (uri, fqdn, subject, identity, role, stream, tls, kind, code and text are known)"},
        {"allow uri=a uri=b", "who.conf:1: uri= stands twice"},
        {"allow role=client role=any", "who.conf:1: role= stands twice"},
        {"allow role=sensor", "who.conf:1: role=sensor is not client, server or any"},
        {"allow role=", "who.conf:1: role= is not client, server or any"},
        {"allow stream=alerts", "who.conf:1: stream=alerts is not alert, heartbeat, config or none"},
        {"allow tls=maybe", "who.conf:1: tls=maybe is not yes or no"},
        {"allow kind=proxy", "who.conf:1: kind=proxy is not analyzer or manager"},
        {"allow kind=", "who.conf:1: kind= is not analyzer or manager"},
        {"allow subject=sensor", "who.conf:1: subject=sensor is not of the form CN=sensor-*,O=Example"},
        {"allow subject=", "who.conf:1: subject= is empty"},
        {"deny code=451", "who.conf:1: code=451 is none of the thirteen of IDXP: 421, 450, 454, 500, 501, 504, 530, 534, 535, 537, 550, 553, 554"},
        {"deny code=x", "who.conf:1: code=x is none of the thirteen of IDXP: 421, 450, 454, 500, 501, 504, 530, 534, 535, 537, 550, 553, 554"},
        {"deny code=537 code=550", "who.conf:1: code= stands twice"},
        {"allow code=537", "who.conf:1: code= and text= are for deny"},
        {"allow text=no", "who.conf:1: code= and text= are for deny"},
        {"deny kind=analyzer", "who.conf:1: kind= is for allow"},
        {"allow kind=analyzer role=server", "who.conf:1: an analyzer is never server"},
        {"# fine\nallow uri=\"https://a", "who.conf:2: a double quote is not closed"},
    };
    struct env env;
    (void)state;
    env_init(&env);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct idxp_policy *p = (struct idxp_policy *)&env;
        char why[300];
        assert_int_equal(idxp_policy_parse(&env, slice_str(rows[i].text), "who.conf", &p, why, sizeof why), ERR_PEER);
        assert_string_equal(why, rows[i].why);
        assert_null(p);
        assert_int_equal(idxp_policy_parse(&env, slice_str(rows[i].text), "who.conf", &p, NULL, 0), ERR_PEER);
    }
    struct idxp_policy *p;
    assert_int_equal(idxp_policy_parse(&env, slice_of("allow uri=a\0b", 13), "x", &p, NULL, 0), ERR_PEER);
}

static void test_limits(void **state)
{
    struct env env;
    struct idxp_policy *p;
    char why[200], line[24];
    struct buf text;
    (void)state;
    env_init(&env);
    buf_init(&text, env.mem, 2u << 20);
    for (int i = 0; i <= IDXP_POLICY_RULES_MAX; i++) {
        snprintf(line, sizeof line, "allow uri=%d\n", i);
        assert_int_equal(buf_add_str(&text, line), OK);
    }
    assert_int_equal(idxp_policy_parse(&env, buf_slice(&text), "big", &p, why, sizeof why), ERR_LIMIT);
    assert_string_equal(why, "big:10001: more rules than a file may have");
    while (text.n <= IDXP_POLICY_FILE_MAX)
        assert_int_equal(buf_add_str(&text, "# and more\n"), OK);
    assert_int_equal(idxp_policy_parse(&env, buf_slice(&text), "big", &p, why, sizeof why), ERR_LIMIT);
    assert_string_equal(why, "big: longer than 1048576 octets");
    buf_clear(&text);
    assert_int_equal(buf_add_str(&text, "allow uri="), OK);
    for (int i = 0; i < 4100; i++)
        assert_int_equal(buf_add_byte(&text, 'a'), OK);
    assert_int_equal(idxp_policy_parse(&env, buf_slice(&text), "big", &p, why, sizeof why), ERR_PEER);
    buf_done(&text);
}

static void test_files(void **state)
{
    struct env env;
    struct idxp_policy *p;
    char why[300], path[] = "/tmp/idxp_policy_XXXXXX";
    (void)state;
    env_init(&env);
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "allow uri=*\ndeny\n", 17), 17);
    close(fd);
    assert_int_equal(idxp_policy_read(&env, path, &p, why, sizeof why), OK);
    assert_int_equal(idxp_policy_count(p), 2);
    idxp_policy_free(p);
    unlink(path);
    assert_int_equal(idxp_policy_read(&env, path, &p, why, sizeof why), ERR_SYS);
    assert_null(p);
    assert_non_null(strstr(why, path));
}

static void test_no_memory(void **state)
{
    (void)state;
    for (size_t at = 1;; at++) {
        struct mem_fail f;
        struct mem mem = mem_fail_init(&f, at);
        struct env env;
        struct idxp_policy *p;
        char why[200];
        env_init(&env);
        env.mem = &mem;
        err e = idxp_policy_parse(&env, SLICE_LIT("allow uri=a subject=CN=b\ndeny text=\"no\" identity=c\n"), "x", &p, why, sizeof why);
        idxp_policy_free(p);
        assert_int_equal(f.live, 0);
        if (e == OK) break;
        assert_int_equal(e, ERR_MEM);
        assert_string_equal(why, "x: out of memory");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_glob),        cmocka_unit_test(test_glob_takes_no_time), cmocka_unit_test(test_subject),
        cmocka_unit_test(test_first_rule_decides), cmocka_unit_test(test_without_a_file), cmocka_unit_test(test_conditions),
        cmocka_unit_test(test_codes),       cmocka_unit_test(test_anonymous_is_nobody), cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_errors),      cmocka_unit_test(test_limits),             cmocka_unit_test(test_files),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
