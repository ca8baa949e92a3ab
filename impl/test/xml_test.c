/* SPDX-License-Identifier: MIT */
/* xml: what comes of a document, at every cut; what RFC 3080 6.4 leaves out of XML; limits; character sets;
 * memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/xml.h"
#include "test/mem_fail.h"

/* What the handler was told, as text: (name a=v) ... text ... [cdata] ... (/name) */
struct story {
    char text[4096];
    size_t n, cdata;  /* cdata: octets of text that came as CDATA */
    const char *stop; /* ERR_USE when this element opens */
};

static void say(struct story *st, const char *before, slice s, const char *after)
{
    st->n += (size_t)snprintf(st->text + st->n, sizeof st->text - st->n, "%s%.*s%s", before, (int)s.n,
                              (const char *)s.p, after);
    assert_true(st->n < sizeof st->text);
}

static err open_el(void *ctx, slice name, const struct xml_attr *attr, size_t n)
{
    struct story *st = ctx;
    say(st, "(", name, "");
    for (size_t i = 0; i < n; i++) {
        say(st, " ", attr[i].name, "=");
        say(st, "", attr[i].value, "");
    }
    say(st, "", SLICE_NONE, ")");
    return st->stop && slice_eq(name, slice_str(st->stop)) ? ERR_USE : OK;
}

static err text_el(void *ctx, slice text, bool cdata)
{
    struct story *st = ctx;
    if (cdata) st->cdata += text.n; /* in several pieces, as any text */
    say(ctx, "", text, "");
    return OK;
}

static err close_el(void *ctx, slice name)
{
    say(ctx, "(/", name, ")");
    return OK;
}

static const struct xml_handler handler = {open_el, text_el, close_el};

struct verdict {
    err e;
    enum beep_fault_code fault;
    char why[200];
    struct story st;
};

static void run(const struct env *env, slice doc, size_t cut, size_t step, const char *charset,
                const struct xml_limits *l, struct verdict *v)
{
    struct xml *x;
    size_t at = cut;
    const char *stop = v->st.stop;
    *v = (struct verdict){.st = {.stop = stop}};
    v->e = xml_new(env, &handler, &v->st, l, slice_str(charset), &x);
    if (v->e != OK) return;
    v->e = xml_feed(x, slice_sub(doc, 0, cut), cut == doc.n);
    while (v->e == OK && at < doc.n) {
        slice in = slice_sub(doc, at, at + step);
        at += in.n;
        v->e = xml_feed(x, in, at == doc.n);
    }
    v->fault = xml_fault(x);
    snprintf(v->why, sizeof v->why, "%s", xml_why(x));
    if (v->e != OK) assert_int_equal(xml_feed(x, doc, true), v->e);
    xml_free(x);
}

/* At every cut the same. */
static struct verdict *all_cuts(slice doc, const char *charset, const struct xml_limits *l)
{
    static struct verdict first, v;
    struct env env;
    env_init(&env);
    first.st.stop = v.st.stop = NULL;
    run(&env, doc, doc.n, 1, charset, l, &first);
    for (size_t cut = 0; cut<doc.n; cut += doc.n> 1000 ? 97 : 1) {
        run(&env, doc, cut, doc.n, charset, l, &v);
        assert_int_equal(v.e, first.e);
        assert_int_equal(v.fault, first.fault);
        assert_string_equal(v.why, first.why);
        assert_string_equal(v.st.text, first.st.text);
    }
    run(&env, doc, 0, 1, charset, l, &v);
    assert_int_equal(v.e, first.e);
    assert_string_equal(v.why, first.why);
    assert_string_equal(v.st.text, first.st.text);
    return &first;
}

static void good(slice doc, const char *charset, const char *story)
{
    struct verdict *v = all_cuts(doc, charset, &xml_limits_beep);
    if (v->e != OK) fail_msg("'%.*s': %s", (int)doc.n, (const char *)doc.p, v->why);
    assert_string_equal(v->st.text, story);
}

static void test_good(void **state)
{
    (void)state;
    good(SLICE_LIT("<ok />"), "", "(ok)(/ok)");
    good(SLICE_LIT("\r\n <greeting features='a b'\tlocalize=\"x\"><profile uri='u'/></greeting>\r\n"),
         "utf-8", "(greeting features=a b localize=x)(profile uri=u)(/profile)(/greeting)");
    good(SLICE_LIT("<a "
                   "b='&lt;&amp;&gt;&quot;&apos;&#65;&#x42;&amp;lt;&#38;amp;'>&lt;&amp;&gt;&quot;&apos;&#65;&"
                   "#x42;&amp;lt;</a>"),
         "", "(a b=<&>\"'AB&lt;&amp;)<&>\"'AB&lt;(/a)");
    good(SLICE_LIT("<a xml:lang='en' x:y='1' xmlns='u' xmlns:p='w'><p:b/><q:b/></a>"), "",
         "(a xmlns=u xmlns:p=w xml:lang=en x:y=1)(p:b)(/p:b)(q:b)(/q:b)(/a)");
    good(SLICE_LIT("<a><![CDATA[<ready />&amp;]]]]><![CDATA[>]]></a>"), "", "(a)<ready />&amp;]]>(/a)");
    good(SLICE_LIT("<!-- one --><?pi two?><a>x<!-- <b> -->y<?pi z?></a><!-- -->"), "", "(a)xy(/a)");
    good(SLICE_LIT("<a>1\r\n2\r3</a>"), "", "(a)1\n2\n3(/a)");
    good(SLICE_LIT("\xef\xbb\xbf<a/>"), "", "(a)(/a)");
    good(SLICE_LIT("<a>\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80</a>"), "UTF-8",
         "(a)\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80(/a)");
    good(SLICE_LIT("<a>\xe4</a>"), "ISO-8859-1", "(a)\xc3\xa4(/a)");
    good(SLICE_LIT("<a>x</a>"), "us-ascii", "(a)x(/a)");
    good(SLICE_LIT("\xfe\xff\0<\0a\0>\xd8\x3d\xde\x00\0<\0/\0a\0>"), "utf-16", "(a)\xf0\x9f\x98\x80(/a)");
    good(SLICE_LIT("\xff\xfe<\0a\0/\0>\0"), "utf-16", "(a)(/a)");
    good(SLICE_LIT("\0<\0a\0/\0>"), "utf-16", "(a)(/a)");
    good(SLICE_LIT("<\0a\0/\0>\0"), "utf-16le", "(a)(/a)");
}

struct row {
    const char *doc;
    enum beep_fault_code fault;
};

static void test_broken(void **state)
{
    static const struct row row[] = {
        {"", BEEP_F_XML_ILL},
        {"  ", BEEP_F_XML_ILL},
        {"ok", BEEP_F_XML_ILL},
        {"<ok>", BEEP_F_XML_ILL},
        {"<ok", BEEP_F_XML_ILL},
        {"<ok /><ok />", BEEP_F_XML_ILL},
        {"<ok />x", BEEP_F_XML_ILL},
        {"<a></b>", BEEP_F_XML_ILL},
        {"<a b=c/>", BEEP_F_XML_ILL},
        {"<a b='1' b='2'/>", BEEP_F_XML_ILL},
        {"<a b='<'/>", BEEP_F_XML_ILL},
        {"<a xmlns:xml='u'/>", BEEP_F_XML_ILL}, /* it would be passed over */
        {"<a>&</a>", BEEP_F_XML_ILL},
        {"<a>&#0;</a>", BEEP_F_XML_ILL},
        {"<a>\x01</a>", BEEP_F_XML_ILL},
        {"<a>]]></a>", BEEP_F_XML_ILL},
        {"<a>\xff</a>", BEEP_F_XML_ILL},
        {"<a>\xc0\x80</a>", BEEP_F_XML_ILL},
        {"<a>\xe0\x80\x80</a>", BEEP_F_XML_ILL},
        {"<a>\xed\xa0\x80</a>", BEEP_F_XML_ILL},
        {"<a>\xf4\x90\x80\x80</a>", BEEP_F_XML_ILL},
        {"<a><!-- \xff --></a>", BEEP_F_XML_ILL},
        {"<a>\xc3</a>", BEEP_F_XML_ILL},
        {"<a/>\xc3", BEEP_F_XML_ILL},
        {"<!-- -- --><a/>", BEEP_F_XML_ILL},
        {" <?xml version='1.0'?><a/>", BEEP_F_XML_ILL},
        {"<?xml version='1.0'?><a/>", BEEP_F_XML_DECL},
        {"\xef\xbb\xbf<?xml\tversion='1.0'?><a/>", BEEP_F_XML_DECL},
        {"<?xml version='1.0'?><a>\xff", BEEP_F_XML_DECL}, /* what comes first decides */
        {"<!DOCTYPE a><a/>", BEEP_F_XML_DOCTYPE},
        {"<!-- x --><!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>", BEEP_F_XML_DOCTYPE},
        {"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", BEEP_F_XML_DOCTYPE},
        {"<!DOCTYPE a [<!ENTITY % b SYSTEM 'http://192.0.2.1/'> %b;]><a/>", BEEP_F_XML_DOCTYPE},
        {"<a><!DOCTYPE a></a>", BEEP_F_XML_ILL},
        {"<a>&nbsp;</a>", BEEP_F_XML_ENTITY},
        {"<a b='&nbsp;'/>", BEEP_F_XML_ENTITY},
        {"<a>&nbsp;</b>", BEEP_F_XML_ENTITY},
    };
    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct verdict *v = all_cuts(slice_str(row[i].doc), "", &xml_limits_beep);
        if (v->e != ERR_PEER || v->fault != row[i].fault || !v->why[0])
            fail_msg("'%s': %s %s %s", row[i].doc, err_name(v->e), beep_faults[v->fault].name, v->why);
    }
    struct verdict *v = all_cuts(SLICE_LIT("<a>\0</a>"), "", &xml_limits_beep);
    assert_int_equal(v->fault, BEEP_F_XML_ILL);
    assert_non_null(strstr(v->why, "NUL"));
    /* seen before libxml2 sees them */
    static const char *const not_utf8[] = {"\xff",
                                           "\x80",
                                           "\xc0\x80",
                                           "\xc1\xbf",
                                           "\xe0\x9f\xbf",
                                           "\xed\xa0\x80",
                                           "\xf0\x8f\xbf\xbf",
                                           "\xf4\x90\x80\x80",
                                           "\xc3\x28",
                                           "\xf5\x80\x80\x80"};
    for (size_t i = 0; i < sizeof not_utf8 / sizeof *not_utf8; i++) {
        char doc[20];
        snprintf(doc, sizeof doc, "<a>%s</a>", not_utf8[i]);
        v = all_cuts(slice_str(doc), "", &xml_limits_beep);
        assert_int_equal(v->fault, BEEP_F_XML_ILL);
        assert_non_null(strstr(v->why, "not UTF-8"));
    }
    v = all_cuts(SLICE_LIT("<a><![CDATA[bcd]]>e</a>"), "", &xml_limits_beep);
    assert_int_equal(v->st.cdata, 3);
    v = all_cuts(SLICE_LIT("<\0a\0/\0>\0"), "", &xml_limits_beep); /* UTF-16 is not guessed */
    assert_int_equal(v->fault, BEEP_F_XML_ILL);
    v = all_cuts(SLICE_LIT("<a>\xe4</a>"), "us-ascii", &xml_limits_beep);
    assert_int_equal(v->fault, BEEP_F_XML_ILL);
    v = all_cuts(SLICE_LIT("\0<\0a\0/\0>\xd8\x3d\0x"), "utf-16be", &xml_limits_beep);
    assert_non_null(strstr(v->why, "not UTF-16"));
    assert_int_equal(v->fault, BEEP_F_XML_ILL);
    v = all_cuts(SLICE_LIT("\0<\0a\0/\0>\xde\x00"), "utf-16be", &xml_limits_beep);
    assert_non_null(strstr(v->why, "not UTF-16"));
    assert_int_equal(v->fault, BEEP_F_XML_ILL);
    v = all_cuts(SLICE_LIT("\0<\0a\0/\0>\0"), "utf-16be", &xml_limits_beep);
    assert_int_equal(v->fault, BEEP_F_XML_ILL);
    v = all_cuts(SLICE_LIT("<a/>"), "koi8-r", &xml_limits_beep);
    assert_int_equal(v->e, ERR_PEER);
}

static void test_limits(void **state)
{
    static const struct xml_limits l = {60, 2, 3, 2};
    static const struct {
        const char *doc;
        bool fits;
    } row[] = {
        {"<a><b/><c/></a>", true},
        {"<a><b><c/></b></a>", false},
        {"<a><b/><b/><b/></a>", false},
        {"<a b='1' c='2'/>", true},
        {"<a b='1' c='2' d='3'/>", false},
        {"<a>.....................................................</a>", true},
        {"<a>......................................................</a>", false},
        {"<a><b/><b/></a>                                              ", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct verdict *v = all_cuts(slice_str(row[i].doc), "", &l);
        if (v->e != (row[i].fits ? OK : ERR_PEER) ||
            v->fault != (row[i].fits ? BEEP_F_NONE : BEEP_F_XML_LIMIT))
            fail_msg("'%s' (%zu): %s %s", row[i].doc, strlen(row[i].doc), err_name(v->e), v->why);
    }
    /* beyond what the handler tells of: deep, wide, endless */
    static char doc[300000];
    static const char *const unit[] = {"<a>", "<a/>", "x", "<a b='", "<!--", "<", "&#65;", "<?p "};
    for (size_t k = 0; k < sizeof unit / sizeof *unit; k++) {
        size_t n = 3, u = strlen(unit[k]);
        struct env env;
        static struct verdict v;
        memcpy(doc, "<r>", 3);
        for (; n + u <= sizeof doc; n += u)
            memcpy(doc + n, unit[k], u);
        env_init(&env);
        struct xml *x;
        memset(&v, 0, sizeof v);
        v.st.stop = NULL;
        const struct xml_limits few = {200000, 8, 100, 16};
        assert_int_equal(xml_new(&env, &handler, &v.st, &few, SLICE_NONE, &x), OK);
        err e = OK;
        for (size_t at = 0; at < n && e == OK; at += 1000) {
            v.st.n = 0;
            e = xml_feed(x, slice_sub(slice_of(doc, n), at, at + 1000), at + 1000 >= n);
        }
        assert_int_equal(e, ERR_PEER);
        assert_true(xml_fault(x) == BEEP_F_XML_LIMIT || xml_fault(x) == BEEP_F_XML_ILL);
        xml_free(x);
    }
}

/* Over more than one block, with characters and references over its edges. */
static void test_blocks(void **state)
{
    static char doc[9000], want[9000];
    (void)state;
    for (size_t shift = 0; shift < 12; shift++) {
        size_t n = 0, w = 0;
        memcpy(doc, "<a>", 3);
        memcpy(want, "(a)", 3);
        n = w = 3;
        for (size_t i = 0; i < shift; i++)
            doc[n++] = want[w++] = '.';
        while (n < 4200) {
            memcpy(doc + n, "\xf0\x9f\x98\x80&lt;\r\n", 10);
            memcpy(want + w, "\xf0\x9f\x98\x80<\n", 6);
            n += 10;
            w += 6;
        }
        memcpy(doc + n, "</a>", 4);
        memcpy(want + w, "(/a)", 5);
        struct verdict *v = all_cuts(slice_of(doc, n + 4), "", &xml_limits_beep);
        assert_int_equal(v->e, OK);
        assert_string_equal(v->st.text, want);
    }
}

static void test_handler_stops(void **state)
{
    static struct verdict v;
    struct env env;
    (void)state;
    env_init(&env);
    v.st.stop = "b";
    run(&env, SLICE_LIT("<a><b/><c/></x>"), 15, 1, "", &xml_limits_beep, &v);
    assert_int_equal(v.e, ERR_USE);
    assert_int_equal(v.fault, BEEP_F_NONE);
    assert_string_equal(v.st.text, "(a)(b)");
}

static void test_memory(void **state)
{
    static struct verdict v;
    (void)state;
    for (size_t n = 1; n < 6; n++) {
        struct mem_fail mf;
        struct mem mem = mem_fail_init(&mf, n);
        struct env env;
        env_init(&env);
        env.mem = &mem;
        v.st.stop = NULL;
        run(&env, SLICE_LIT("<a><b/><c/></a>"), 15, 1, "", &xml_limits_beep, &v);
        assert_int_equal(v.e, mf.calls >= n ? ERR_MEM : OK);
        assert_int_equal(mf.blocks, 0);
    }
}

static void test_escape(void **state)
{
    struct buf b;
    (void)state;
    buf_init(&b, &mem_libc, 40);
    assert_int_equal(xml_escape(SLICE_LIT("a<b>&'\"c"), &b), OK);
    assert_true(slice_eq(buf_slice(&b), SLICE_LIT("a&lt;b&gt;&amp;&apos;&quot;c")));
    assert_int_equal(xml_escape(SLICE_LIT("x<<<<<<<<<"), &b), ERR_LIMIT);
    assert_int_equal(b.n, 28);
    buf_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),   cmocka_unit_test(test_broken),        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_blocks), cmocka_unit_test(test_handler_stops), cmocka_unit_test(test_memory),
        cmocka_unit_test(test_escape),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
