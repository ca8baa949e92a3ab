/* SPDX-License-Identifier: MIT */
/* oe_parser: what it answers, in both dialects and readings; lines that are none; the end; no memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "test/mem_fail.h"
#include "test/oe_adapter_help.h"
#include "peer/oe_parser.h"

static struct env env;
static struct oe_parser_setup usual = {.env = &env, .dialect = OE_RFC};

static int setup(void **state)
{
    (void)state;
    env_init(&env);
    return 0;
}

static void hex(const char *text, size_t n, char *out)
{
    for (size_t i = 0; i < n; i++)
        sprintf(out + 2 * i, "%02x", (unsigned char)text[i]);
}

/* Asks one parser one line. */
static char *answer_to(const struct oe_parser_setup *s, const char *line)
{
    struct endpoint *e;
    assert_int_equal(oe_parser_new(s, &e), OK);
    stand(e, 0, 0);
    hear(e, line, 0);
    hear(e, "\n", 0);
    char *text = said(e);
    e->ops->free(e);
    return text;
}

static void expect(const struct oe_parser_setup *s, const char *line, const char *answer)
{
    char *text = answer_to(s, line);
    if (text[strlen(answer)] == '\n') text[strlen(answer)] = 0;
    assert_string_equal(text, answer);
    free(text);
}

/* ... where only the beginning of the answer matters: reasons are for people. */
static void begins(const struct oe_parser_setup *s, const char *line, const char *answer)
{
    char *text = answer_to(s, line);
    if (strncmp(text, answer, strlen(answer)) != 0) fail_msg("%s: %s", line, text);
    free(text);
}

static const char *txt_line(const char *text)
{
    static char line[2000];
    char octets[900];
    hex(text, strlen(text), octets);
    snprintf(line, sizeof line, "{\"id\":\"1\",\"rdata_hex\":\"%02x%s\"}", (unsigned)strlen(text), octets);
    return line;
}

static void txt_records(void **state)
{
    (void)state;
    struct oe_parser_setup draft = usual, tolerant = usual;
    draft.dialect = OE_DRAFT;
    tolerant.tolerant = true;
    const char *good = "{\"id\":\"1\",\"status\":\"ok\",\"precedence\":10,\"gateway_type\":\"ipv4\",\"gateway\":\"192.1.1.5\",\"key\":" KEY_A_JSON "}";
    expect(&usual, txt_line("X-IPsec-Server(10)=192.1.1.5 " KEY_A_BASE64), good);
    expect(&draft, txt_line("X-IPsec-Server(10)=192.1.1.5 " KEY_A_BASE64), good);
    expect(&usual, txt_line("X-IPsec-Server(0)=@SG-b.example.org"), "{\"id\":\"1\",\"status\":\"ok\",\"precedence\":0,\"gateway_type\":\"fqdn\",\"gateway\":\"SG-b.example.org\",\"key\":null}");
    begins(&draft, txt_line("X-IPsec-Server(0)=@SG-b.example.org"), "{\"id\":\"1\",\"status\":\"malformed\",\"reason\":\"octet ");
    /* what the tolerant reading alone takes */
    begins(&usual, txt_line("X-IPsec-Server(010)=192.1.1.5 " KEY_A_BASE64), "{\"id\":\"1\",\"status\":\"malformed\",\"reason\":\"octet 15: the precedence has leading zeros");
    expect(&tolerant, txt_line("X-IPsec-Server(010)=192.1.1.5 " KEY_A_BASE64), good);
    begins(&tolerant, txt_line("X-IPsec-Server(10)=2001:DB8::5"), "{\"id\":\"1\",\"status\":\"ok\",\"precedence\":10,\"gateway_type\":\"ipv6\",\"gateway\":\"2001:db8::5\",\"key\":null}");
    expect(&usual, txt_line("v=spf1 -all"), "{\"id\":\"1\",\"status\":\"ignore\"}");
    begins(&usual, txt_line("X-IPsec-Server(65536)=192.1.1.5"), "{\"id\":\"1\",\"status\":\"malformed\",\"reason\":\"octet 15: the precedence is above 65535 (OE-7.2-9)\"}");
    expect(&usual, "{\"id\":\"1\",\"rdata_hex\":\"\"}", "{\"id\":\"1\",\"status\":\"ignore\"}");
    begins(&usual, "{\"id\":\"1\",\"rdata_hex\":\"ff58\"}", "{\"id\":\"1\",\"status\":\"malformed\"");
}

static void key_records(void **state)
{
    (void)state;
    struct oe_parser_setup tolerant = usual;
    tolerant.tolerant = true;
    const char *good = "{\"id\":\"4\",\"status\":\"ok\",\"key\":" KEY_A_JSON "}";
    expect(&usual, "{\"id\":\"4\",\"type\":\"KEY\",\"rdata_hex\":\"420004010103" KEY_A_MODULUS "\"}", good);
    begins(&usual, "{\"id\":\"4\",\"type\":\"KEY\",\"rdata_hex\":\"420004050103" KEY_A_MODULUS "\"}", "{\"id\":\"4\",\"status\":\"malformed\"");
    expect(&tolerant, "{\"id\":\"4\",\"type\":\"KEY\",\"rdata_hex\":\"420004050103" KEY_A_MODULUS "\"}", good);
    expect(&usual, "{\"id\":\"4\",\"type\":\"KEY\",\"rdata_hex\":\"420003010103" KEY_A_MODULUS "\"}", "{\"id\":\"4\",\"status\":\"ignore\"}");
    expect(&usual, "{\"id\":\"4\",\"type\":\"KEY\",\"rdata_hex\":\"C2000401\"}", "{\"id\":\"4\",\"status\":\"ignore\"}");
    begins(&usual, "{\"id\":\"4\",\"type\":\"KEY\",\"rdata_hex\":\"42\"}", "{\"id\":\"4\",\"status\":\"malformed\"");
}

static void master_files(void **state)
{
    (void)state;
    struct oe_parser_setup tolerant = usual;
    tolerant.tolerant = true;
    const char *good = "{\"id\":\"5\",\"status\":\"ok\",\"key\":" KEY_A_JSON "}";
    expect(&usual, "{\"id\":\"5\",\"type\":\"KEY\",\"text\":\"16896 4 1 " KEY_A_BASE64 "\"}", good);
    expect(&usual, "{\"id\":\"5\",\"type\":\"KEY\",\"text\":\"16896 IPSEC RSAMD5 ( ; a key\\n " KEY_A_BASE64 "\\n) ; done\\n\\n\"}", good);
    begins(&usual, "{\"id\":\"5\",\"type\":\"KEY\",\"text\":\"0x4200 4 1 " KEY_A_BASE64 "\"}", "{\"id\":\"5\",\"status\":\"malformed\",\"reason\":\"flags in hexadecimal\"}");
    expect(&tolerant, "{\"id\":\"5\",\"type\":\"KEY\",\"text\":\"0x4200 4 1 " KEY_A_BASE64 "\"}", good);
    begins(&usual, "{\"id\":\"5\",\"type\":\"KEY\",\"text\":\"16896 4 1 " KEY_A_BASE64 "\\n16896 4 1 " KEY_A_BASE64 "\"}", "{\"id\":\"5\",\"status\":\"malformed\",\"reason\":\"octet 99: something stands behind");
    begins(&usual, "{\"id\":\"5\",\"type\":\"KEY\",\"text\":\" ; nothing\"}", "{\"id\":\"5\",\"status\":\"malformed\",\"reason\":\"octet 0: no record\"}");
    begins(&usual, "{\"id\":\"5\",\"type\":\"KEY\",\"text\":\"\"}", "{\"id\":\"5\",\"status\":\"malformed\"");
    begins(&usual, "{\"id\":\"5\",\"type\":\"TXT\",\"text\":\"\\\"X-IPsec-Server(1)=\\\" \\\"192.1.1.5\\\"\"}", "{\"id\":\"5\",\"status\":\"ok\",\"precedence\":1,\"gateway_type\":\"ipv4\",\"gateway\":\"192.1.1.5\",\"key\":null}");
    begins(&usual, "{\"id\":\"5\",\"type\":\"TXT\",\"text\":\"\\\"unended\"}", "{\"id\":\"5\",\"status\":\"malformed\"");
}

static void lines_that_are_none(void **state)
{
    (void)state;
    begins(&usual, "what", "{\"id\":\"\",\"status\":\"error\",\"reason\":\"no JSON");
    begins(&usual, "{\"id\":\"1\",\"op\":\"initiate\",\"source\":\"a\",\"destination\":\"b\"}", "{\"id\":\"1\",\"status\":\"unsupported\"");
    begins(&usual, "{\"id\":\"1\",\"rdata_hex\":\"0\"}", "{\"id\":\"1\",\"status\":\"error\",\"reason\":\"rdata_hex has an odd");
    /* ten megabytes, and the next line is answered as if nothing had been */
    struct endpoint *e;
    char *x = malloc(65537);
    memset(x, 'x', 65536);
    x[65536] = 0;
    assert_int_equal(oe_parser_new(&usual, &e), OK);
    stand(e, 0, 0);
    for (int i = 0; i < 160; i++)
        hear(e, x, 0);
    hear(e, "\n{\"id\":\"2\",\"rdata_hex\":\"\"}\n", 0);
    char *text = said(e);
    assert_string_equal(text, "{\"id\":\"\",\"status\":\"error\",\"reason\":\"a line of more than 4194304 octets\"}\n{\"id\":\"2\",\"status\":\"ignore\"}\n");
    free(text);
    free(x);
    e->ops->free(e);
}

static void order_and_end(void **state)
{
    (void)state;
    struct endpoint *e;
    assert_int_equal(oe_parser_new(&usual, &e), OK);
    assert_false(e->ops->finished(e));
    stand(e, 0, 0);
    const char *lines = "{\"id\":\"a\",\"rdata_hex\":\"\"}\n{\"id\":\"b\",\"rdata_hex\":\"01\"}\r\n\n{\"id\":\"a\",\"rdata_hex\":\"\"}\n{\"id\":\"half";
    for (const char *p = lines; *p; p++)
        e->ops->feed(e, 0, slice_of(p, 1), 0);
    char *text = said(e);
    assert_non_null(strstr(text, "{\"id\":\"a\",\"status\":\"ignore\"}\n{\"id\":\"b\",\"status\":\"malformed\""));
    free(text);
    assert_int_equal(e->ops->deadline(e), UINT64_MAX);
    e->ops->ended(e, 0, LINK_FIN, 0);
    assert_true(e->link[0].fin);
    e->link[0].state = LINK_DOWN;
    assert_true(e->ops->finished(e));
    e->ops->free(e);
}

/* Answers that nobody reads end the conversation, and do not fill memory. */
static void nobody_reads(void **state)
{
    (void)state;
    struct endpoint *e;
    assert_int_equal(oe_parser_new(&usual, &e), OK);
    stand(e, 0, 0);
    for (int i = 0; i < 400000 && !e->link[0].drop; i++)
        hear(e, "{\"id\":\"1\",\"rdata_hex\":\"\"}\n", 0);
    assert_true(e->link[0].drop);
    assert_true(e->link[0].out.n <= env.limits.out_queue);
    e->ops->free(e);
}

static void memory_fails(void **state)
{
    (void)state;
    char line[2000];
    snprintf(line, sizeof line, "%s\n{\"id\":\"2\",\"type\":\"KEY\",\"text\":\"16896 4 1 " KEY_A_BASE64 "\"}\n", txt_line("X-IPsec-Server(10)=192.1.1.5 " KEY_A_BASE64));
    bool whole = false;
    for (size_t at = 1; at < 200 && !whole; at++) {
        struct mem_fail fails;
        struct mem mem = mem_fail_init(&fails, at);
        struct env short_ = env;
        struct oe_parser_setup s = usual;
        struct endpoint *e;
        short_.mem = &mem;
        s.env = &short_;
        if (oe_parser_new(&s, &e) == OK) {
            stand(e, 0, 0);
            hear(e, line, 0);
            whole = fails.calls < at;
            char *text = said(e);
            /* answered, told of, or the conversation is over: never a wrong answer */
            if (whole) assert_null(strstr(text, "error"));
            else assert_true(e->link[0].drop || strstr(text, "out of memory") || strstr(text, "\"id\":\"2\",\"status\":\"ok\""));
            assert_null(strstr(text, "malformed"));
            free(text);
            e->ops->free(e);
        }
        assert_int_equal(fails.blocks, 0);
    }
    assert_true(whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(txt_records),
        cmocka_unit_test(key_records),
        cmocka_unit_test(master_files),
        cmocka_unit_test(lines_that_are_none),
        cmocka_unit_test(order_and_end),
        cmocka_unit_test(nobody_reads),
        cmocka_unit_test(memory_fails),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
