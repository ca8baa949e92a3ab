/* SPDX-License-Identifier: MIT */
/* What the vectors of IDXP, TUNNEL and IDMEF cannot say: octets that come in pieces, memory that is short or
 * has to stay small, limits, forms of values. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <libxml/parser.h>
#include <libxml/valid.h>
#include <stdio.h>

#include "codec/idmef.h"
#include "codec/idxp_msg.h"
#include "codec/tunnel_msg.h"
#include "test/mem_fail.h"

#define HEAD "Content-Type: text/xml\r\n\r\n"
#define OPTIONS                                                                                              \
    "<IDXP-Greeting uri='http://example.com/a' role='client' fqdn='a.example.com'>"                          \
    "<Option internal='streamType' mustUnderstand='true'><streamType type='alert'/></Option>"                \
    "</IDXP-Greeting>"

/* --- heads ----------------------------------------------------------------------------------------- */

static void test_head_cuts(void **state)
{
    static const struct {
        const char *message;
        enum idxp_kind kind;
    } all[] = {{HEAD "<!-- <IDXP-Greeting> --> <?x ?>\r\n<a:IDMEF-Message/>", IDXP_XML},
               {HEAD
                "<?xml version='1.0'?><!DOCTYPE IDMEF-Message SYSTEM 'x'>\n<IDMEF-Message version='1.0'>",
                IDXP_XML},
               {HEAD OPTIONS, IDXP_GREETING},
               {HEAD "<IDMEF-Messages/>", IDXP_GREETING},
               {HEAD "no element", IDXP_GREETING},
               {"Content-Type: text/plain\r\n\r\n<IDMEF-Message/>", IDXP_TEXT},
               {"\r\n  <IDXP-Greeting/>", IDXP_GREETING},
               {"\r\n<IDMEF-Message/>", IDXP_BINARY},
               {"\r\n\xfe\xff<ok/>", IDXP_GREETING},
               {HEAD "\xef\xbb\xbf<IDMEF-Message/>", IDXP_XML},
               {"\r\n\x01\x02", IDXP_BINARY}};
    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        slice whole = slice_str(all[i].message);
        struct idxp_head h;
        bool settled = false;
        assert_int_equal(idxp_head_read(whole, true, &h), OK);
        assert_int_equal(h.kind, all[i].kind);
        for (size_t n = 0; n < whole.n; n++) {
            err e = idxp_head_read(slice_sub(whole, 0, n), false, &h);
            assert_true(e == OK || (e == ERR_MORE && !settled)); /* once told it stays */
            if (e == OK) assert_int_equal(h.kind, all[i].kind);
            if (e == OK)
                assert_int_equal(h.body_at, slice_find(whole, SLICE_LIT("\r\n\r\n")) < whole.n
                                                ? slice_find(whole, SLICE_LIT("\r\n\r\n")) + 4
                                                : 2);
            settled = settled || e == OK;
        }
    }
}

static void test_head_limits(void **state)
{
    static char blanks[IDXP_SNIFF_MAX * 2];
    struct idxp_head h;
    (void)state;
    memset(blanks, ' ', sizeof blanks);
    memcpy(blanks, HEAD, sizeof HEAD - 1);
    assert_int_equal(idxp_head_read(slice_of(blanks, 1000), false, &h), ERR_MORE);
    assert_int_equal(idxp_head_read(slice_of(blanks, sizeof blanks), false, &h),
                     OK); /* whoever checks IDMEF finds out */
    assert_int_equal(h.kind, IDXP_XML);
    memset(blanks, 'x', sizeof blanks);
    assert_int_equal(idxp_head_read(slice_of(blanks, sizeof blanks), false, &h), ERR_MORE);
    static char more[BEEP_MIME_HEAD_MAX + 1];
    memset(more, 'x', sizeof more);
    assert_int_equal(idxp_head_read(slice_of(more, sizeof more), false, &h), ERR_LIMIT);
}

static void test_head_utf16(void **state)
{
    static const char body[] = HEAD "\xff\xfe<\0I\0D\0M\0E\0F\0-\0M\0e\0s\0s\0a\0g\0e\0/\0>\0";
    struct idxp_head h;
    (void)state;
    assert_int_equal(idxp_head_read(slice_of(body, sizeof body - 1), true, &h), OK);
    assert_int_equal(h.kind, IDXP_XML);
}

/* --- memory ---------------------------------------------------------------------------------------- */

static err read_tunnel(const struct env *env)
{
    struct tunnel_msg m;
    struct buf out;
    buf_init(&out, env->mem, 4096);
    err e = tunnel_el_read(
        env, SLICE_LIT("<tunnel fqdn='a.b' port='604'><tunnel endpoint='&lt;x&gt;'/></tunnel>"), &m);
    if (e == OK) e = tunnel_msg_write(&m, 1, &out);
    if (e == OK) assert_int_equal(m.hops, 2);
    tunnel_msg_done(&m);
    buf_done(&out);
    return e;
}

static err read_greeting(const struct env *env)
{
    struct idxp_msg m;
    struct buf out;
    buf_init(&out, env->mem, 4096);
    err e = idxp_msg_read(env, IDXP_RFC, SLICE_LIT(HEAD OPTIONS), &m);
    if (e == OK) e = idxp_msg_write(&m, &out);
    if (e == OK) assert_int_equal(m.option[0].stream, IDXP_ALERT);
    idxp_msg_done(&m);
    buf_done(&out);
    return e;
}

static err check_idmef(const struct env *env)
{
    struct idmef_schema *s;
    struct idmef_result r;
    TRY(idmef_schema_new(env, &s));
    err e = idmef_validate(env, s, SLICE_LIT("<IDMEF-Message/>"), SLICE_NONE, &r);
    idmef_schema_free(s);
    if (e == OK) assert_int_equal(r.verdict, IDMEF_OK);
    return e;
}

static void test_memory(void **state)
{
    static err (*const all[])(const struct env *) = {read_tunnel, read_greeting, check_idmef};
    (void)state;
    for (size_t k = 0; k < sizeof all / sizeof *all; k++) {
        err e = ERR_MEM;
        for (size_t n = 1; e == ERR_MEM; n++) {
            struct mem_fail f;
            struct mem mem = mem_fail_init(&f, n);
            struct env env;
            env_init(&env);
            env.mem = &mem;
            e = all[k](&env);
            assert_true(e == OK || e == ERR_MEM);
            assert_int_equal(f.blocks, 0);
            assert_true(n < 100);
        }
    }
}

/* --- IDMEF that is large, and IDMEF that wants to be ---------------------------------------------------- */

#define BEGIN                                                                                                \
    "<?xml version='1.0' encoding='UTF-8'?><IDMEF-Message xmlns='http://iana.org/idmef' xml:lang='en'>"
#define ALERT                                                                                                \
    "<Alert><Analyzer/><CreateTime ntpstamp='0x1.0x1'>2000-03-09T10:01:25Z</CreateTime><Classification "     \
    "text='a'/></Alert>"
#define END "</IDMEF-Message>"

struct feeding {
    struct env env;
    struct idmef_schema *schema;
    struct idmef_check *check;
};

static void begin(struct feeding *f, const struct idmef_limits *limits)
{
    env_init(&f->env);
    assert_int_equal(idmef_schema_new(&f->env, &f->schema), OK);
    assert_int_equal(idmef_check_new(&f->env, f->schema, limits, SLICE_NONE, &f->check), OK);
}

static enum idmef_verdict end(struct feeding *f, enum idmef_fault_code fault)
{
    struct idmef_result r = *idmef_check_result(f->check);
    assert_int_equal(r.fault, fault);
    assert_true((r.verdict == IDMEF_OK) == (r.why[0] == 0));
    idmef_check_free(f->check);
    idmef_schema_free(f->schema);
    return r.verdict;
}

/* The text of one element, a piece at a time. */
static err feed_times(struct feeding *f, const char *piece, size_t times)
{
    err e = OK;
    for (size_t i = 0; i < times && e == OK; i++)
        e = idmef_check_feed(f->check, slice_str(piece), false);
    return e;
}

static void test_large(void **state)
{
    struct feeding f;
    (void)state;
    begin(&f, NULL);
    assert_int_equal(feed_times(&f, BEGIN, 1), OK);
    assert_int_equal(feed_times(&f, ALERT, 20000), OK);
    assert_int_equal(idmef_check_feed(f.check, SLICE_LIT(END), true), OK);
    assert_int_equal(idmef_check_result(f.check)->alerts, 20000);
    assert_int_equal(end(&f, IDMEF_F_NONE), IDMEF_OK);
}

static void test_limits(void **state)
{
    static const struct {
        const char *begin, *piece;
        size_t times;
        struct idmef_limits limits;
    } all[] = {{BEGIN, ALERT, 100, {5000, 1000, 64}},
               {BEGIN, ALERT, 300, {1 << 20, 1000, 64}},
               {BEGIN "<Alert a='", ">>>>>>>>>>>>>>>>", 20000, {1 << 20, 1000, 64}},
               {BEGIN "<Alert ", "a='' ", 50000, {1 << 20, 1000, 64}},
               {BEGIN "<!--", "long comment ", 20000, {1 << 20, 1000, 64}},
               {"<", "aaaaaaaaaaaaaaaa", 20000, {1 << 20, 1000, 64}},
               {BEGIN "<AdditionalData>", "<a>", 100, {1 << 20, 1000, 64}}};
    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        struct feeding f;
        begin(&f, &all[i].limits);
        err e = feed_times(&f, all[i].begin, 1);
        if (e == OK) e = feed_times(&f, all[i].piece, all[i].times);
        if (e == OK) e = idmef_check_feed(f.check, SLICE_NONE, true);
        assert_int_equal(e, ERR_PEER);
        assert_int_equal(idmef_check_feed(f.check, SLICE_LIT("x"), true), ERR_PEER);
        assert_int_equal(end(&f, IDMEF_F_LIMIT), IDMEF_TOO_MUCH);
    }
}

/* An extension may have names of its own, but not any number of them. */
static void test_names(void **state)
{
    struct feeding f;
    err e;
    (void)state;
    begin(&f, NULL);
    e = feed_times(&f, BEGIN, 1);
    for (int i = 0; i < 100000 && e == OK; i++) {
        char name[64];
        snprintf(name, sizeof name, "<x:name%06d xmlns:x='urn:x'/>", i);
        e = feed_times(&f, name, 1);
    }
    assert_int_equal(e, ERR_PEER);
    assert_int_equal(end(&f, IDMEF_F_LIMIT), IDMEF_TOO_MUCH);
}

static void test_charset(void **state)
{
    struct feeding f;
    struct idmef_result r;
    (void)state;
    begin(&f, NULL);
    slice latin = SLICE_LIT("<?xml version='1.0' encoding='UTF-8'?><IDMEF-Message "
                            "xmlns='http://iana.org/idmef' xml:lang='\xe9'/>");
    assert_int_equal(idmef_validate(&f.env, f.schema, latin, SLICE_LIT("ISO-8859-1"), &r), OK);
    assert_int_equal(r.verdict, IDMEF_OK); /* what the headers say holds */
    for (uint32_t i = 0; i < r.note_n; i++) /* and hides what the declaration says */
        assert_int_not_equal(r.note[i].code, IDMEF_F_NO_ENCODING);
    assert_int_equal(idmef_validate(&f.env, f.schema, latin, SLICE_NONE, &r), OK);
    assert_int_equal(r.verdict, IDMEF_ILL);
    assert_int_equal(idmef_validate(&f.env, f.schema, latin, SLICE_LIT("KOI8-R"), &r), OK);
    assert_int_equal(r.fault, IDMEF_F_CHARSET);
    assert_int_equal(end(&f, IDMEF_F_NONE), IDMEF_OK);
}

/* --- values ---------------------------------------------------------------------------------------- */

static void test_values(void **state)
{
    static const char *const uris[] = {"a:b", "http://example.com/%41?x#y", "mailto:a@b.c", "urn:x", NULL},
                             *const no_uris[] = {"",    "a",    "a:",    ":b",  "1:b",        "a:b c",
                                                 "a:<", "a:%4", "a:%zz", "//x", "a:\xc3\xa9", NULL},
                             *const names[] = {"a", "a.b", "a.b.", "x-1.example", "3com.com", NULL},
                             *const no_names[] = {"", ".", "a..b", ".a", "-a", "a-.b", "a_b", "a b", NULL},
                             *const ip6[] = {"::",        "::1",
                                             "1::",       "1:2:3:4:5:6:7:8",
                                             "1::8",      "1:2:3:4:5:6:1.2.3.4",
                                             "::1.2.3.4", "1:2:3:4:5:6:7::",
                                             NULL},
                             *const no_ip6[] = {"",
                                                ":",
                                                ":::",
                                                "1",
                                                "1:2:3:4:5:6:7",
                                                "1:2:3:4:5:6:7:8:9",
                                                "1:2:3:4:5:6:7:8::",
                                                "::1::",
                                                "12345::",
                                                "g::",
                                                "1:",
                                                ":1",
                                                "1:2:3:4:5:6:7:1.2.3.4",
                                                "::1.2.3",
                                                NULL},
                             *const srvs[] = {"_a._b", "_beep-2._tcp", NULL},
                             *const no_srvs[] = {"", "_._", "_a", "_a._b._c", "a._b", "_a.b", "_a._", NULL};
    (void)state;
    for (size_t i = 0; uris[i]; i++)
        assert_true(idxp_is_uri(slice_str(uris[i])));
    for (size_t i = 0; no_uris[i]; i++)
        assert_false(idxp_is_uri(slice_str(no_uris[i])));
    for (size_t i = 0; names[i]; i++)
        assert_true(idxp_is_fqdn(slice_str(names[i])));
    for (size_t i = 0; no_names[i]; i++)
        assert_false(idxp_is_fqdn(slice_str(no_names[i])));
    for (size_t i = 0; ip6[i]; i++)
        assert_true(tunnel_is_ip6(slice_str(ip6[i])));
    for (size_t i = 0; no_ip6[i]; i++)
        assert_false(tunnel_is_ip6(slice_str(no_ip6[i])));
    for (size_t i = 0; srvs[i]; i++)
        assert_true(tunnel_is_srv(slice_str(srvs[i])));
    for (size_t i = 0; no_srvs[i]; i++)
        assert_false(tunnel_is_srv(slice_str(no_srvs[i])));
}

/* RFC 3620 3: of the 128 sets of attributes eight may be. */
static void test_ways(void **state)
{
    unsigned good = 0;
    (void)state;
    for (unsigned set = 0; set < 1u << TUNNEL_ATTRS; set++) {
        struct tunnel_hop h = {.way = TUNNEL_HERE};
        for (int a = 0; a < TUNNEL_ATTRS; a++) {
            if (set >> a & 1) tunnel_hop_set(&h, (enum tunnel_attr)a, SLICE_LIT("604"));
        }
        assert_int_equal(h.given, set);
        assert_int_equal(h.port, set >> TUNNEL_A_PORT & 1 ? 604 : 0);
        good += h.way != TUNNEL_NO_WAY;
    }
    assert_int_equal(good, 8);
}

static void test_writing(void **state)
{
    struct env env;
    struct buf out;
    struct tunnel_msg t = {.kind = TUNNEL_TUNNEL, .hops = 1};
    struct idxp_msg m = {.kind = IDXP_GREETING, .uri = SLICE_LIT("a:\x01"), .uri_given = true};
    (void)state;
    env_init(&env);
    buf_init(&out, env.mem, 4096);
    assert_int_equal(buf_add_str(&out, "before"), OK);
    assert_int_equal(idxp_el_write(&m, &out), ERR_USE); /* XML does not take it */
    tunnel_hop_set(&t.hop[0], TUNNEL_A_ENDPOINT, SLICE_LIT("\xff"));
    assert_int_equal(tunnel_el_write(&t, 0, &out), ERR_USE);
    assert_int_equal(tunnel_el_write(&t, 1, &out), ERR_USE); /* there is none */
    assert_int_equal(out.n, 6);
    buf_clear(&out);
    slice odd = SLICE_LIT("a\r\n\tb\rc"); /* what XML would make blanks or line ends of */
    tunnel_hop_set(&t.hop[0], TUNNEL_A_ENDPOINT, odd);
    assert_int_equal(tunnel_el_write(&t, 0, &out), OK);
    struct tunnel_msg again;
    assert_int_equal(tunnel_el_read(&env, buf_slice(&out), &again), OK);
    assert_true(slice_eq(again.hop[0].value[TUNNEL_A_ENDPOINT], odd));
    tunnel_msg_done(&again);
    buf_clear(&out);
    m = (struct idxp_msg){.kind = IDXP_GREETING,
                          .uri = SLICE_LIT("http://example.com/bob"),
                          .uri_given = true,
                          .role = IDXP_SERVER};
    assert_int_equal(idxp_msg_write(&m, &out), OK);
    assert_int_equal(out.n, 88); /* as printed in 3.4.1 */
    buf_done(&out);
}

/* --- the declarations ------------------------------------------------------------------------------ */

struct sum {
    size_t elements, attributes;
    uint64_t all; /* of the lines, in any order */
};

static void add_line(struct sum *s, const char *line)
{
    uint64_t h = 0xcbf29ce484222325u;
    for (; *line; line++)
        h = (h ^ (uint8_t)*line) * 0x100000001b3u;
    s->all += h;
}

static void add_element(void *payload, void *data, const xmlChar *name)
{
    struct sum *s = data;
    xmlElementPtr e = payload;
    xmlBufferPtr b = xmlBufferCreate();
    (void)name;
    xmlDumpElementDecl(b, e);
    add_line(s, (const char *)xmlBufferContent(b));
    xmlBufferFree(b);
    s->elements++;
    for (xmlAttributePtr a = e->attributes; a; a = a->nexth, s->attributes++) {
        char line[1024];
        size_t n =
            (size_t)snprintf(line, sizeof line, "%s %s:%s %d %d '%s'", (const char *)e->name,
                             a->prefix ? (const char *)a->prefix : "", (const char *)a->name, (int)a->atype,
                             (int)a->def, a->defaultValue ? (const char *)a->defaultValue : "");
        for (xmlEnumerationPtr x = a->tree; x && n < sizeof line; x = x->next)
            n += (size_t)snprintf(line + n, sizeof line - n, " %s", (const char *)x->name);
        add_line(s, line);
    }
}

/* The sum is that of the declarations of RFC 4765 section 8 as printed: the same elements, contents,
 * attributes, values and defaults. */
static void test_declarations(void **state)
{
    struct sum s = {.all = 0};
    (void)state;
    xmlParserInputBufferPtr in =
        xmlParserInputBufferCreateMem(idmef_dtd(), (int)strlen(idmef_dtd()), XML_CHAR_ENCODING_UTF8);
    xmlDtdPtr dtd = xmlIOParseDTD(NULL, in, XML_CHAR_ENCODING_UTF8);
    assert_non_null(dtd);
    xmlHashScan(dtd->elements, add_element, &s);
    assert_int_equal(s.elements, 84);
    assert_int_equal(s.attributes, 383);
    assert_true(s.all == 6006907280145644680u);
    xmlFreeDtd(dtd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_head_cuts),  cmocka_unit_test(test_head_limits),
        cmocka_unit_test(test_head_utf16), cmocka_unit_test(test_memory),
        cmocka_unit_test(test_large),      cmocka_unit_test(test_limits),
        cmocka_unit_test(test_names),      cmocka_unit_test(test_charset),
        cmocka_unit_test(test_values),     cmocka_unit_test(test_ways),
        cmocka_unit_test(test_writing),    cmocka_unit_test(test_declarations)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
