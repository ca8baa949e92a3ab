/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "codec/oe_line.h"
#include "codec/oe_master.h"
#include "test/mem_fail.h"

static struct env env;

static int setup(void **state)
{
    (void)state;
    env_init(&env);
    return 0;
}

/* --- questions --------------------------------------------------------------------------------------------------------------- */

/* Read, written, and read again: the written line is the one that is expected. */
static void both_ways(const char *line, const char *as)
{
    struct oe_line_ask a;
    struct oe_line_fault f;
    struct buf out;
    buf_init(&out, &mem_libc, OE_LINE_MAX);
    err e = oe_line_ask_read(&env, slice_str(line), &a, &f);
    if (e != OK) fail_msg("%s: %s", line, f.why);
    assert_int_equal(oe_line_ask_write(&a, &out), OK);
    assert_int_equal(out.p[out.from + out.n - 1], '\n');
    buf_unadd(&out, 1);
    assert_string_equal(buf_str(&out), as ? as : line);
    oe_line_ask_done(&a);
    buf_done(&out);
}

static void asks(void **state)
{
    (void)state;
    both_ways("{\"id\":\"1\",\"rdata_hex\":\"582d4950\"}", NULL);
    both_ways("{\"id\":\"1\",\"rdata_hex\":\"\"}", NULL);
    both_ways("{\"rdata_hex\":\"58AbC0\",\"unknown\":[1,{}],\"id\":\"1\",\"type\":\"TXT\"}", "{\"id\":\"1\",\"rdata_hex\":\"58abc0\"}");
    both_ways("{\"id\":\"4\",\"type\":\"KEY\",\"rdata_hex\":\"42000401\"}", NULL);
    both_ways("{\"id\":\"5\",\"type\":\"KEY\",\"text\":\"16896 4 1 (\\nAQNz\\t)\"}", NULL);
    both_ways("{\"id\":\"5\",\"type\":\"TXT\",\"text\":\"\\\"x\\\"\"}", NULL);
    both_ways("{\"id\":\"1\",\"op\":\"begin\",\"dialect\":\"draft\",\"dns\":\"127.0.0.1:5301\",\"policy\":{\"class\":\"paranoid\",\"classes\":{\"192.0.2.99\":\"deny\","
              "\"sg.example.org\":\"configured\"},\"self\":[\"192.1.1.4\",\"192.1.1.6\"],\"name\":\"sg-a.example.org\",\"unsigned\":\"own\",\"nat\":\"one\","
              "\"public\":{\"10.0.0.1\":\"192.1.0.65\"},\"timeout_ms\":700}}",
              NULL);
    both_ways("{\"id\":\"1\",\"op\":\"begin\",\"dialect\":\"rfc\",\"policy\":{}}",
              "{\"id\":\"1\",\"op\":\"begin\",\"dialect\":\"rfc\",\"policy\":{\"class\":\"permissive\",\"self\":[],\"name\":\"\",\"unsigned\":\"use\",\"nat\":\"none\",\"timeout_ms\":2000}}");
    both_ways("{\"id\":\"2\",\"op\":\"initiate\",\"source\":\"192.1.0.65\",\"destination\":\"192.0.2.66\"}", NULL);
    both_ways("{\"id\":\"3\",\"op\":\"report\",\"destination\":\"192.0.2.66\",\"gateway\":\"192.1.1.5\",\"outcome\":\"silent\"}", NULL);
    both_ways("{\"id\":\"4\",\"op\":\"phase1\",\"from\":\"192.1.1.4\",\"identity\":{\"type\":\"ipv4\",\"value\":\"192.1.1.4\"},\"signed_by\":{\"exponent_hex\":\"03\",\"modulus_hex\":\"b6be\"}}", NULL);
    both_ways("{\"id\":\"4\",\"op\":\"phase1\",\"identity\":{\"type\":\"other\"}}", "{\"id\":\"4\",\"op\":\"phase1\",\"identity\":{\"type\":\"other\",\"value\":\"\"},\"signed_by\":null}");
    both_ways("{\"id\":\"5\",\"op\":\"phase2\",\"phase1\":\"4\",\"source\":\"192.1.0.65\"}", NULL);
    both_ways("{\"id\":\"6\",\"op\":\"advance\",\"ms\":86400000}", NULL);
    both_ways("{\"id\":\"7\",\"op\":\"tunnels\"}", NULL);
}

static void asks_hold_what_was_read(void **state)
{
    (void)state;
    struct oe_line_ask a;
    struct oe_line_fault f;
    assert_int_equal(oe_line_ask_read(&env, slice_str("{\"id\":\"x\",\"op\":\"phase1\",\"identity\":{\"type\":\"fqdn\",\"value\":\"sg\"},\"signed_by\":{\"exponent_hex\":\"010001\",\"modulus_hex\":\"00b6BE\"}}"),
                                      &a, &f),
                     OK);
    assert_string_equal(a.id, "x");
    assert_int_equal(a.op, OE_OP_PHASE1);
    assert_int_equal(a.identity_type, OE_ID_NAME);
    assert_string_equal(a.identity, "sg");
    assert_string_equal(a.from, "");
    assert_int_equal(a.signed_by.exponent.n, 3);
    assert_int_equal(a.signed_by.modulus.n, 3);
    assert_int_equal(a.signed_by.modulus.p[1], 0xB6);
    assert_int_equal(a.signed_by.bits, 16);
    oe_line_ask_done(&a);
    assert_int_equal(oe_line_ask_read(&env, slice_str("{\"id\":\"x\",\"type\":\"KEY\",\"text\":\"a\\nb\"}"), &a, &f), OK);
    assert_true(a.master && slice_eq(a.text, SLICE_LIT("a\nb")) && a.type == OE_RR_KEY);
    oe_line_ask_done(&a);
}

static void no_ask(const char *line, const char *id, const char *why)
{
    struct oe_line_ask a;
    struct oe_line_fault f;
    err e = oe_line_ask_read(&env, slice_str(line), &a, &f);
    oe_line_ask_done(&a);
    if (e != ERR_PEER) fail_msg("%s was read", line);
    assert_string_equal(f.id, id);
    if (!strstr(f.why, why)) fail_msg("%s: %s", line, f.why);
}

static void asks_that_are_none(void **state)
{
    (void)state;
    no_ask("", "", "no JSON");
    no_ask("hello", "", "no JSON");
    no_ask("{\"id\":\"1\"", "", "no JSON");
    no_ask("{\"id\":\"1\",\"op\":\"tunnels\"} {}", "", "no JSON");
    no_ask("{\"id\":\"1\",\"id\":\"2\",\"op\":\"tunnels\"}", "", "no JSON");
    no_ask("{\"id\":\"1\\u0000\",\"op\":\"tunnels\"}", "", "a text has a NUL in it");
    no_ask("{\"id\":\"\xff\",\"op\":\"tunnels\"}", "", "no JSON");
    no_ask("[]", "", "a list, and not an object");
    no_ask("{\"op\":\"tunnels\"}", "", "id is missing");
    no_ask("{\"id\":1,\"op\":\"tunnels\"}", "", "id is a number, and not a text");
    no_ask("{\"id\":\"\",\"op\":\"tunnels\"}", "", "id is empty");
    no_ask("{\"id\":\"a\\nb\",\"op\":\"tunnels\"}", "", "id has a control character");
    no_ask("{\"id\":\"1\",\"op\":\"record\"}", "1", "op is none of begin, initiate");
    no_ask("{\"id\":\"1\",\"op\":null}", "1", "op is none of");
    no_ask("{\"id\":\"1\"}", "1", "rdata_hex is missing");
    no_ask("{\"id\":\"1\",\"rdata_hex\":\"123\"}", "1", "odd number of digits");
    no_ask("{\"id\":\"1\",\"rdata_hex\":\"12 4\"}", "1", "hexadecimal");
    no_ask("{\"id\":\"1\",\"rdata_hex\":12}", "1", "rdata_hex is a number");
    no_ask("{\"id\":\"1\",\"type\":\"A\",\"rdata_hex\":\"12\"}", "1", "type is none of TXT, KEY");
    no_ask("{\"id\":\"1\",\"text\":\"x\",\"rdata_hex\":\"12\"}", "1", "both there");
    no_ask("{\"id\":\"1\",\"text\":[]}", "1", "text is no text");
    no_ask("{\"id\":\"1\",\"op\":\"begin\",\"policy\":{}}", "1", "dialect is missing");
    no_ask("{\"id\":\"1\",\"op\":\"begin\",\"dialect\":\"rfc\"}", "1", "policy is missing");
    no_ask("{\"id\":\"1\",\"op\":\"begin\",\"dialect\":\"rfc\",\"policy\":{\"class\":\"open\"}}", "1", "policy.class is none of deny, clear");
    no_ask("{\"id\":\"1\",\"op\":\"begin\",\"dialect\":\"rfc\",\"policy\":{\"classes\":{\"192.0.2.1\":\"open\"}}}", "1", "policy.classes.192.0.2.1 is none of");
    no_ask("{\"id\":\"1\",\"op\":\"begin\",\"dialect\":\"rfc\",\"policy\":{\"classes\":[]}}", "1", "policy.classes is no object");
    no_ask("{\"id\":\"1\",\"op\":\"begin\",\"dialect\":\"rfc\",\"policy\":{\"self\":\"x\"}}", "1", "policy.self is a text, and not a list");
    no_ask("{\"id\":\"1\",\"op\":\"begin\",\"dialect\":\"rfc\",\"policy\":{\"self\":[1]}}", "1", "policy.self[0] is no address");
    no_ask("{\"id\":\"1\",\"op\":\"begin\",\"dialect\":\"rfc\",\"policy\":{\"timeout_ms\":0}}", "1", "policy.timeout_ms is not between");
    no_ask("{\"id\":\"1\",\"op\":\"begin\",\"dialect\":\"rfc\",\"policy\":{\"timeout_ms\":1.5}}", "1", "not a whole number");
    no_ask("{\"id\":\"1\",\"op\":\"begin\",\"dialect\":\"rfc\",\"policy\":{\"public\":{\"10.0.0.1\":1}}}", "1", "policy.public.10.0.0.1 is a number");
    no_ask("{\"id\":\"1\",\"op\":\"initiate\",\"source\":\"192.1.0.65\"}", "1", "destination is missing");
    no_ask("{\"id\":\"1\",\"op\":\"report\",\"destination\":\"a\",\"gateway\":\"b\",\"outcome\":\"down\"}", "1", "outcome is none of up");
    no_ask("{\"id\":\"1\",\"op\":\"phase1\"}", "1", "identity is missing");
    no_ask("{\"id\":\"1\",\"op\":\"phase1\",\"identity\":{\"type\":\"ipv4\"}}", "1", "identity.value is missing");
    no_ask("{\"id\":\"1\",\"op\":\"phase1\",\"identity\":{\"type\":\"ipv4\",\"value\":\"1\"},\"signed_by\":{\"exponent_hex\":\"03\"}}", "1", "signed_by.modulus_hex is missing");
    no_ask("{\"id\":\"1\",\"op\":\"phase1\",\"identity\":{\"type\":\"ipv4\",\"value\":\"1\"},\"signed_by\":{\"exponent_hex\":\"03\",\"modulus_hex\":\"\"}}", "1", "signed_by.modulus_hex is empty");
    no_ask("{\"id\":\"1\",\"op\":\"phase1\",\"identity\":{\"type\":\"ipv4\",\"value\":\"1\"},\"signed_by\":\"03\"}", "1", "not a key");
    no_ask("{\"id\":\"1\",\"op\":\"phase2\",\"source\":\"a\"}", "1", "phase1 is missing");
    no_ask("{\"id\":\"1\",\"op\":\"advance\"}", "1", "ms is missing");
    no_ask("{\"id\":\"1\",\"op\":\"advance\",\"ms\":-1}", "1", "ms is not between");
    no_ask("{\"id\":\"1\",\"op\":\"advance\",\"ms\":99999999999999999999}", "", "a number is too large");
}

/* Nesting, length: told with a reason, too. */
static void asks_beyond_limits(void **state)
{
    (void)state;
    enum { DEEP = 100000, LONG = 200000 };
    char *deep = malloc(DEEP + 1), *text = malloc(LONG + 200);
    memset(deep, '[', DEEP);
    deep[DEEP] = 0;
    no_ask(deep, "", "no JSON");
    int n = sprintf(text, "{\"id\":\"1\",\"rdata_hex\":\"");
    memset(text + n, '0', LONG);
    strcpy(text + n + LONG, "\"}");
    no_ask(text, "1", "more than 65535 octets");
    n = sprintf(text, "{\"id\":\"");
    memset(text + n, 'i', 129);
    strcpy(text + n + 129, "\",\"op\":\"tunnels\"}");
    no_ask(text, "", "id has more than 128 octets");
    n = sprintf(text, "{\"id\":\"1\",\"op\":\"phase2\",\"phase1\":\"");
    memset(text + n, 'i', 1025);
    strcpy(text + n + 1025, "\",\"source\":\"\"}");
    no_ask(text, "1", "phase1 has more than 1024 octets");
    n = sprintf(text, "{\"id\":\"1\",\"op\":\"begin\",\"dialect\":\"rfc\",\"policy\":{\"self\":[");
    for (int i = 0; i < 4097; i++)
        n += sprintf(text + n, "%s\"1.1.1.1\"", i ? "," : "");
    strcpy(text + n, "]}}");
    no_ask(text, "1", "policy.self has more than 4096 entries");
    free(deep);
    free(text);
}

static void asks_that_cannot_be_written(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, &mem_libc, 1000);
    assert_int_equal(buf_add_str(&out, "before"), OK);
    assert_int_equal(oe_line_ask_write(&(struct oe_line_ask){.id = "1", .op = OE_OP_INITIATE, .source = "\xff", .destination = "a"}, &out), ERR_USE);
    assert_int_equal(oe_line_ask_write(&(struct oe_line_ask){.id = "1", .op = OE_OP_INITIATE, .source = NULL, .destination = "a"}, &out), ERR_USE);
    assert_int_equal(oe_line_ask_write(&(struct oe_line_ask){.id = "1", .op = (enum oe_line_op)99}, &out), ERR_USE);
    assert_int_equal(oe_line_ask_write(&(struct oe_line_ask){.id = "1", .master = true, .text = SLICE_LIT("a\0b")}, &out), ERR_USE);
    char *x = malloc(1000);
    memset(x, 'x', 999);
    x[999] = 0;
    assert_int_equal(oe_line_ask_write(&(struct oe_line_ask){.id = "1", .op = OE_OP_INITIATE, .source = x, .destination = x}, &out), ERR_LIMIT);
    free(x);
    assert_string_equal(buf_str(&out), "before");
    buf_done(&out);
}

/* --- answers ------------------------------------------------------------------------------------------------------------------ */

static void reply_both_ways(const char *line, const char *as)
{
    struct oe_line_reply r;
    struct oe_line_fault f;
    struct buf out;
    buf_init(&out, &mem_libc, OE_LINE_MAX);
    err e = oe_line_reply_read(&env, slice_str(line), &r, &f);
    if (e != OK) fail_msg("%s: %s", line, f.why);
    assert_int_equal(oe_line_reply_write(&r, &out), OK);
    buf_unadd(&out, 1);
    assert_string_equal(buf_str(&out), as ? as : line);
    oe_line_reply_done(&r);
    buf_done(&out);
}

static void replies(void **state)
{
    (void)state;
    reply_both_ways("{\"id\":\"1\",\"status\":\"ok\",\"precedence\":10,\"gateway_type\":\"ipv4\",\"gateway\":\"192.1.1.5\",\"key\":{\"exponent_hex\":\"03\",\"modulus_hex\":\"b6be\"}}", NULL);
    reply_both_ways("{\"id\":\"1\",\"status\":\"ok\",\"precedence\":4294967295,\"gateway_type\":\"fqdn\",\"gateway\":\"sg.example.org\",\"key\":null}", NULL);
    /* a whole number is one however it is written */
    reply_both_ways("{\"id\":\"1\",\"status\":\"ok\",\"precedence\":10.0,\"gateway_type\":\"ipv4\",\"gateway\":\"192.1.1.5\",\"key\":null}",
                    "{\"id\":\"1\",\"status\":\"ok\",\"precedence\":10,\"gateway_type\":\"ipv4\",\"gateway\":\"192.1.1.5\",\"key\":null}");
    reply_both_ways("{\"id\":\"1\",\"status\":\"ok\",\"precedence\":6.5535e4,\"gateway_type\":\"ipv4\",\"gateway\":\"192.1.1.5\",\"key\":null}",
                    "{\"id\":\"1\",\"status\":\"ok\",\"precedence\":65535,\"gateway_type\":\"ipv4\",\"gateway\":\"192.1.1.5\",\"key\":null}");
    reply_both_ways("{\"id\":\"1\",\"status\":\"ok\",\"precedence\":0,\"gateway_type\":\"ipv6\",\"gateway\":\"2001:db8::5\"}",
                    "{\"id\":\"1\",\"status\":\"ok\",\"precedence\":0,\"gateway_type\":\"ipv6\",\"gateway\":\"2001:db8::5\",\"key\":null}");
    reply_both_ways("{\"id\":\"4\",\"status\":\"ok\",\"key\":{\"exponent_hex\":\"03\",\"modulus_hex\":\"b6be\"}}", NULL);
    reply_both_ways("{\"id\":\"2\",\"status\":\"ignore\"}", NULL);
    reply_both_ways("{\"id\":\"3\",\"status\":\"malformed\",\"reason\":\"because\"}", NULL);
    reply_both_ways("{\"id\":\"1\",\"status\":\"ready\"}", NULL);
    reply_both_ways("{\"id\":\"1\",\"status\":\"unsupported\"}", NULL);
    reply_both_ways("{\"id\":\"\",\"status\":\"error\",\"reason\":\"no JSON\"}", NULL);
    reply_both_ways("{\"id\":\"2\",\"decision\":\"encrypt\",\"gateway\":\"192.1.1.5\",\"keys\":[{\"exponent_hex\":\"03\",\"modulus_hex\":\"b6be\"},{\"exponent_hex\":\"010001\",\"modulus_hex\":\"c1\"}],"
                    "\"source\":\"192.1.0.65\"}",
                    NULL);
    reply_both_ways("{\"id\":\"3\",\"decision\":\"clear\"}", NULL);
    reply_both_ways("{\"id\":\"3\",\"decision\":\"drop\",\"reason\":\"so\"}", NULL);
    reply_both_ways("{\"id\":\"4\",\"verdict\":\"authentic\",\"keys\":[{\"exponent_hex\":\"03\",\"modulus_hex\":\"b6be\"}]}", NULL);
    reply_both_ways("{\"id\":\"5\",\"verdict\":\"accept\"}", NULL);
    reply_both_ways("{\"id\":\"6\",\"tunnels\":[{\"destination\":\"192.0.2.66\",\"gateway\":\"192.1.1.5\"},{\"destination\":\"192.0.2.67\"}]}", NULL);
    reply_both_ways("{\"id\":\"6\",\"tunnels\":[]}", NULL);
}

static void no_reply(const char *line, const char *why)
{
    struct oe_line_reply r;
    struct oe_line_fault f;
    err e = oe_line_reply_read(&env, slice_str(line), &r, &f);
    oe_line_reply_done(&r);
    if (e != ERR_PEER) fail_msg("%s was read", line);
    if (!strstr(f.why, why)) fail_msg("%s: %s", line, f.why);
}

static void replies_that_are_none(void **state)
{
    (void)state;
    no_reply("ok", "no JSON");
    no_reply("{\"status\":\"ok\"}", "id is missing");
    no_reply("{\"id\":\"\",\"status\":\"ok\"}", "id is empty");
    no_reply("{\"id\":\"1\"}", "none of status, decision");
    no_reply("{\"id\":\"1\",\"status\":\"ok\",\"decision\":\"clear\"}", "both there");
    no_reply("{\"id\":\"1\",\"status\":\"fine\"}", "status is none of ok, ignore");
    no_reply("{\"id\":\"1\",\"status\":\"ok\",\"precedence\":\"10\"}", "precedence is a text");
    no_reply("{\"id\":\"1\",\"status\":\"ok\",\"precedence\":4294967296}", "precedence is not between");
    no_reply("{\"id\":\"1\",\"status\":\"ok\",\"precedence\":10.5}", "precedence is a number with a fraction, and not a whole number");
    no_reply("{\"id\":\"1\",\"status\":\"ok\",\"precedence\":-1.0}", "precedence is not between");
    no_reply("{\"id\":\"1\",\"status\":\"ok\",\"precedence\":1e300}", "precedence is a number with a fraction, and not a whole number");
    no_reply("{\"id\":\"1\",\"status\":\"ok\",\"gateway\":\"x\"}", "gateway_type is missing");
    no_reply("{\"id\":\"1\",\"status\":\"ok\",\"gateway_type\":\"none\",\"gateway\":\"x\"}", "gateway_type is none of ipv4");
    no_reply("{\"id\":\"1\",\"status\":\"ok\",\"key\":\"AQ\"}", "key is a text, and not a key");
    no_reply("{\"id\":\"1\",\"decision\":\"encrypt\",\"keys\":[]}", "gateway is missing");
    no_reply("{\"id\":\"1\",\"decision\":\"encrypt\",\"gateway\":\"x\"}", "keys is missing");
    no_reply("{\"id\":\"1\",\"decision\":\"encrypt\",\"gateway\":\"x\",\"keys\":[null]}", "keys[0] is null");
    no_reply("{\"id\":\"1\",\"decision\":\"accept\"}", "decision is none of");
    no_reply("{\"id\":\"1\",\"verdict\":\"clear\"}", "verdict is none of");
    no_reply("{\"id\":\"1\",\"tunnels\":{}}", "tunnels is an object, and not a list");
    no_reply("{\"id\":\"1\",\"tunnels\":[1]}", "tunnels[0] is no object");
    no_reply("{\"id\":\"1\",\"tunnels\":[{}]}", "tunnels[0].destination is missing");
}

/* --- memory ---------------------------------------------------------------------------------------------------------------------- */

static void memory_fails(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "{\"id\":\"1\",\"op\":\"begin\",\"dialect\":\"draft\",\"dns\":\"n\",\"policy\":{\"classes\":{\"a\":\"deny\",\"b\":\"clear\"},\"self\":[\"a\",\"b\"],\"public\":{\"a\":\"b\"},\"name\":\"n\"}}",
        "{\"id\":\"4\",\"op\":\"phase1\",\"from\":\"a\",\"identity\":{\"type\":\"ipv4\",\"value\":\"b\"},\"signed_by\":{\"exponent_hex\":\"03\",\"modulus_hex\":\"b6be\"}}",
        "{\"id\":\"4\",\"rdata_hex\":\"00\"}", "{\"id\":\"4\",\"text\":\"00\"}"};
    static const char *const back[] = {"{\"id\":\"2\",\"decision\":\"encrypt\",\"gateway\":\"g\",\"keys\":[{\"exponent_hex\":\"03\",\"modulus_hex\":\"b6be\"}],\"source\":\"s\"}",
                                       "{\"id\":\"6\",\"tunnels\":[{\"destination\":\"d\",\"gateway\":\"g\"}]}"};
    size_t refused = 0;
    for (size_t i = 0; i < 6; i++) {
        err e = ERR_MEM;
        for (size_t at = 1; e == ERR_MEM && at < 100; at++) {
            struct mem_fail fails;
            struct mem mem = mem_fail_init(&fails, at);
            struct env short_ = env;
            struct oe_line_ask a;
            struct oe_line_reply r;
            struct oe_line_fault f;
            short_.mem = &mem;
            if (i < 4) {
                e = oe_line_ask_read(&short_, slice_str(lines[i]), &a, &f);
                oe_line_ask_done(&a);
            } else {
                e = oe_line_reply_read(&short_, slice_str(back[i - 4]), &r, &f);
                oe_line_reply_done(&r);
            }
            refused += e == ERR_MEM;
            assert_int_equal(fails.blocks, 0);
        }
        assert_int_equal(e, OK);
    }
    assert_true(refused >= 6);
}

/* --- streams --------------------------------------------------------------------------------------------------------------------- */

/* However the octets are cut, the same lines come. */
static void lines_of_a_stream(void **state)
{
    (void)state;
    static const char stream[] = "one\r\n\n  \r\ntwo\nthree three\n\t\nfour";
    for (size_t step = 1; step <= sizeof stream; step++) {
        struct oe_lines c;
        char all[100] = "";
        oe_lines_init(&c, &mem_libc);
        for (size_t at = 0; at < sizeof stream - 1; at += step) {
            slice octets = slice_sub(slice_of(stream, sizeof stream - 1), at, at + step), line;
            while (oe_lines_next(&c, &octets, &line) == OK) {
                strncat(all, (const char *)line.p, line.n);
                strcat(all, "|");
            }
            assert_int_equal(octets.n, 0);
        }
        assert_string_equal(all, "one|two|three three|");
        oe_lines_done(&c);
    }
}

static void lines_that_are_too_long(void **state)
{
    (void)state;
    enum { HUGE_ = 10 * 1024 * 1024, CHUNK = 65536 };
    struct oe_lines c;
    char *x = malloc(CHUNK);
    slice line, octets;
    size_t told = 0;
    memset(x, 'x', CHUNK);
    oe_lines_init(&c, &mem_libc);
    for (size_t n = 0; n < HUGE_; n += CHUNK) {
        octets = slice_of(x, CHUNK);
        for (;;) {
            err e = oe_lines_next(&c, &octets, &line);
            if (e == ERR_MORE) break;
            assert_int_equal(e, ERR_LIMIT);
            told++;
        }
    }
    assert_int_equal(told, 1);
    assert_true(c.held.cap < 2 * (size_t)OE_LINE_MAX);
    octets = SLICE_LIT("xx\nnext\n");
    assert_int_equal(oe_lines_next(&c, &octets, &line), OK);
    assert_true(slice_eq(line, SLICE_LIT("next")));
    assert_int_equal(oe_lines_next(&c, &octets, &line), ERR_MORE);
    oe_lines_done(&c);
    free(x);
}

static void lines_without_memory(void **state)
{
    (void)state;
    struct mem_fail fails;
    struct mem mem = mem_fail_init(&fails, 1);
    struct oe_lines c;
    slice octets = SLICE_LIT("half"), line;
    oe_lines_init(&c, &mem);
    assert_int_equal(oe_lines_next(&c, &octets, &line), ERR_MEM);
    octets = SLICE_LIT(" a line\nnext");
    assert_int_equal(oe_lines_next(&c, &octets, &line), ERR_MORE);
    octets = SLICE_LIT(" one\n");
    assert_int_equal(oe_lines_next(&c, &octets, &line), OK);
    assert_true(slice_eq(line, SLICE_LIT("next one")));
    oe_lines_done(&c);
    assert_int_equal(fails.blocks, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asks),
        cmocka_unit_test(asks_hold_what_was_read),
        cmocka_unit_test(asks_that_are_none),
        cmocka_unit_test(asks_beyond_limits),
        cmocka_unit_test(asks_that_cannot_be_written),
        cmocka_unit_test(replies),
        cmocka_unit_test(replies_that_are_none),
        cmocka_unit_test(memory_fails),
        cmocka_unit_test(lines_of_a_stream),
        cmocka_unit_test(lines_that_are_too_long),
        cmocka_unit_test(lines_without_memory),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
