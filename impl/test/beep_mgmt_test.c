/* SPDX-License-Identifier: MIT */
/* beep_mgmt: the fields of each element, the faults of each rule of the DTDs, writing and reading back,
 * memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "codec/beep_mgmt.h"
#include "test/mem_fail.h"

#define WANT(s, lit) assert_true(slice_eq((s), SLICE_LIT(lit)))

static err read_el(const char *xml, struct beep_el *el)
{
    struct env env;
    env_init(&env);
    return beep_el_read(&env, slice_str(xml), SLICE_NONE, el);
}

static void good(const char *xml, struct beep_el *el)
{
    if (read_el(xml, el) != OK) fail_msg("%s: %s", xml, el->why);
}

static void test_fields(void **state)
{
    struct beep_el el;
    (void)state;
    good("<greeting features='x-a  x-b' localize='en'><!-- c --> <profile uri='u1' />\r\n<profile "
         "uri='u&amp;2' encoding='none'> "
         "</profile></greeting>",
         &el);
    assert_int_equal(el.kind, BEEP_EL_GREETING);
    assert_int_equal(el.profiles, 2);
    WANT(el.profile[0].uri, "u1");
    WANT(el.profile[1].uri, "u&2");
    WANT(el.features, "x-a  x-b");
    WANT(el.localize, "en");
    assert_int_equal(el.note_n, 0);
    beep_el_done(&el);

    good("<start number='2147483647' serverName=''><profile uri='u'>a&lt;<![CDATA[b<]]>c</profile></start>",
         &el);
    assert_int_equal(el.number, 2147483647);
    assert_true(el.number_given && el.server_name_given && !el.features_given);
    WANT(el.profile[0].content, "a<b<c");
    assert_false(el.profile[0].base64);
    beep_el_done(&el);

    good("<profile uri='u' encoding='base64'>\r\n  YW\r\nJj\r\n</profile>", &el);
    assert_int_equal(el.kind, BEEP_EL_PROFILE);
    assert_int_equal(el.profiles, 1);
    assert_true(el.profile[0].base64);
    WANT(el.profile[0].content, "abc");
    beep_el_done(&el);

    good("<close code='200'/>", &el); /* BEEP-D04 */
    assert_int_equal(el.number, 0);
    assert_false(el.number_given);
    assert_int_equal(el.code, 200);
    beep_el_done(&el);
    good("<close code='550' number='0' xml:lang=' fr '>adieu\r\nadieu</close>", &el);
    assert_true(el.number_given && el.lang_given);
    WANT(el.lang, "fr");
    WANT(el.text, "adieu\nadieu");
    beep_el_done(&el);

    good("<ok> </ok>", &el);
    assert_int_equal(el.kind, BEEP_EL_OK);
    beep_el_done(&el);
    good("<ready/>", &el);
    WANT(el.version, "1");
    beep_el_done(&el);
    good("<ready version=\"oops\" />", &el);
    WANT(el.version, "oops");
    beep_el_done(&el);
    good("<proceed />", &el);
    assert_int_equal(el.kind, BEEP_EL_PROCEED);
    beep_el_done(&el);
    good("<blob xml:space='preserve' status='complete'> AGJs\nb2Nr </blob>", &el);
    assert_int_equal(el.status, BEEP_BLOB_COMPLETE);
    WANT(el.blob, "\0block");
    beep_el_done(&el);
    good("<blob status='abort'/>", &el);
    assert_int_equal(el.status, BEEP_BLOB_ABORT);
    assert_int_equal(el.blob.n, 0);
    beep_el_done(&el);
    good(" \r\n\t", &el);
    assert_int_equal(el.kind, BEEP_EL_NONE);
    beep_el_done(&el);
    good("\r\n   <ready />\r\n  ", &el); /* as it stands within the examples' profile */
    assert_int_equal(el.kind, BEEP_EL_READY);
    beep_el_done(&el);
}

struct row {
    const char *xml;
    enum beep_fault_code code; /* of the first note */
    enum beep_element kind;
    bool answer;
};

#define P "<profile uri='u'/>"

static const struct row rows[] = {
    {"<foo/>", BEEP_F_ELEMENT, BEEP_EL_NONE, true},
    {"<foo a='b'>x<ok/></foo>", BEEP_F_ELEMENT, BEEP_EL_NONE, true},
    {"<OK/>", BEEP_F_ELEMENT, BEEP_EL_NONE, true},
    {"<b:ok xmlns:b='u'/>", BEEP_F_ELEMENT, BEEP_EL_NONE, true},
    {"<greeting><ok/></greeting>", BEEP_F_ELEMENT, BEEP_EL_GREETING, true},
    {"<greeting><greeting/></greeting>", BEEP_F_ELEMENT, BEEP_EL_GREETING, true},
    {"<start number='1'><profile uri='u'><ready/></profile></start>", BEEP_F_ELEMENT, BEEP_EL_START, true},
    {"<profile uri='u'><profile uri='u'/></profile>", BEEP_F_ELEMENT, BEEP_EL_PROFILE, true},
    {"<error code='550'>a<b/></error>", BEEP_F_ELEMENT, BEEP_EL_ERROR, true},
    {"<blob><a/></blob>", BEEP_F_ELEMENT, BEEP_EL_BLOB, true},
    {"<greeting foo=''/>", BEEP_F_ATTRIBUTE, BEEP_EL_GREETING, true},
    {"<greeting xml:lang='en'/>", BEEP_F_ATTRIBUTE, BEEP_EL_GREETING, true},
    {"<greeting xmlns='u'/>", BEEP_F_ATTRIBUTE, BEEP_EL_GREETING, true},
    {"<greeting localize='a,b'/>", BEEP_F_ATTRIBUTE, BEEP_EL_GREETING, true},
    {"<start number='1' code='200'>" P "</start>", BEEP_F_ATTRIBUTE, BEEP_EL_START, true},
    {"<profile uri='u' number='1'/>", BEEP_F_ATTRIBUTE, BEEP_EL_PROFILE, true},
    {"<error code='550' number='1'/>", BEEP_F_ATTRIBUTE, BEEP_EL_ERROR, true},
    {"<error code='550' xml:lang=''/>", BEEP_F_ATTRIBUTE, BEEP_EL_ERROR, true},
    {"<error code='550' lang='en'/>", BEEP_F_ATTRIBUTE, BEEP_EL_ERROR, true},
    {"<greeting>x</greeting>", BEEP_F_CONTENT, BEEP_EL_GREETING, true},
    {"<start number='1'>" P "x</start>", BEEP_F_CONTENT, BEEP_EL_START, true},
    {"<greeting><profile uri='u'>x</profile></greeting>", BEEP_F_GREETING_CONTENT, BEEP_EL_GREETING, true},
    {"<greeting features=''/>", BEEP_F_FEATURES, BEEP_EL_GREETING, true},
    {"<greeting features='x-a,x-b'/>", BEEP_F_FEATURES, BEEP_EL_GREETING, true},
    {"<greeting features='x-a magic'/>", BEEP_F_FEATURE_NAME, BEEP_EL_GREETING, false},
    {"<greeting localize='en fr'/>", BEEP_F_LOCALIZE, BEEP_EL_GREETING, false},
    {"<greeting localize=''/>", BEEP_F_LOCALIZE, BEEP_EL_GREETING, false},
    {"<start>" P "</start>", BEEP_F_NUMBER, BEEP_EL_START, true},
    {"<start number='0'>" P "</start>", BEEP_F_NUMBER, BEEP_EL_START, true},
    {"<start number=''>" P "</start>", BEEP_F_NUMBER, BEEP_EL_START, true},
    {"<start number='+1'>" P "</start>", BEEP_F_NUMBER, BEEP_EL_START, true},
    {"<start number=' 1'>" P "</start>", BEEP_F_NUMBER, BEEP_EL_START, true},
    {"<start number='2147483648'>" P "</start>", BEEP_F_NUMBER, BEEP_EL_START, true},
    {"<start number='99999999999999999999'>" P "</start>", BEEP_F_NUMBER, BEEP_EL_START, true},
    {"<start number='1'/>", BEEP_F_NO_PROFILE, BEEP_EL_START, true},
    {"<profile/>", BEEP_F_PROFILE_URI, BEEP_EL_PROFILE, true},
    {"<greeting><profile uri=''/></greeting>", BEEP_F_PROFILE_URI, BEEP_EL_GREETING, true},
    {"<profile uri='u' encoding='hex'/>", BEEP_F_ENCODING, BEEP_EL_PROFILE, true},
    {"<profile uri='u' encoding='base64'>YWJ</profile>", BEEP_F_ENCODING, BEEP_EL_PROFILE, true},
    {"<profile uri='u' encoding='base64'>YW!j</profile>", BEEP_F_ENCODING, BEEP_EL_PROFILE, true},
    {"<close code='200' number='2147483648'/>", BEEP_F_CLOSE_NUMBER, BEEP_EL_CLOSE, true},
    {"<close code='200' number='-1'/>", BEEP_F_CLOSE_NUMBER, BEEP_EL_CLOSE, true},
    {"<close number='1'/>", BEEP_F_CLOSE_CODE, BEEP_EL_CLOSE, true},
    {"<close code='20'/>", BEEP_F_CLOSE_CODE, BEEP_EL_CLOSE, true},
    {"<close code='0200'/>", BEEP_F_CLOSE_CODE, BEEP_EL_CLOSE, true},
    {"<close code='099'/>", BEEP_F_CLOSE_CODE, BEEP_EL_CLOSE, true},
    {"<close code='600'/>", BEEP_F_CLOSE_CODE, BEEP_EL_CLOSE, true},
    {"<error code='5x0'/>", BEEP_F_ERROR_CODE, BEEP_EL_ERROR, true},
    {"<error/>", BEEP_F_ERROR_CODE, BEEP_EL_ERROR, true},
    {"<error code='599'/>", BEEP_F_OTHER_ERROR_CODE, BEEP_EL_ERROR, false},
    {"<ok a='b'/>", BEEP_F_OK_CONTENT, BEEP_EL_OK, true},
    {"<ok>x</ok>", BEEP_F_OK_CONTENT, BEEP_EL_OK, true},
    {"<ok><ok/></ok>", BEEP_F_OK_CONTENT, BEEP_EL_OK, true},
    {"<ready>x</ready>", BEEP_F_READY_FORM, BEEP_EL_READY, true},
    {"<ready code='1'/>", BEEP_F_READY_FORM, BEEP_EL_READY, true},
    {"<proceed version='1'/>", BEEP_F_READY_FORM, BEEP_EL_PROCEED, true},
    {"<blob status='done'/>", BEEP_F_BLOB_FORM, BEEP_EL_BLOB, true},
    {"<blob xml:space='none'/>", BEEP_F_BLOB_FORM, BEEP_EL_BLOB, true},
    {"<blob a='b'/>", BEEP_F_BLOB_FORM, BEEP_EL_BLOB, true},
    {"<blob>YWJ</blob>", BEEP_F_BLOB_BASE64, BEEP_EL_BLOB, true},
    /* the worst first: what is not XML, then what is not valid, then what is only noted */
    {"<greeting features='magic' foo=''>x<profile uri='u'>", BEEP_F_XML_ILL, BEEP_EL_GREETING, true},
    {"<greeting features='magic' localize='a b' foo=''/>", BEEP_F_ATTRIBUTE, BEEP_EL_GREETING, true},
    {"<greeting localize='a b' features='magic'/>", BEEP_F_FEATURE_NAME, BEEP_EL_GREETING, false},
    {"<?xml version='1.0'?><ok/>", BEEP_F_XML_DECL, BEEP_EL_NONE, true},
    {"  <?xml version='1.0'?><ok/>", BEEP_F_XML_DECL, BEEP_EL_NONE, true},
    {"<!DOCTYPE ok><ok/>", BEEP_F_XML_DOCTYPE, BEEP_EL_NONE, true},
    {"<error code='550'>&nbsp;</error>", BEEP_F_XML_ENTITY, BEEP_EL_ERROR, true},
    {"<a><a><a><a><a><a><a><a><a/></a></a></a></a></a></a></a></a>", BEEP_F_XML_LIMIT, BEEP_EL_NONE, true},
};

static void test_faults(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct beep_el el;
        err e = read_el(rows[i].xml, &el);
        if (e != (rows[i].answer ? ERR_PEER : OK) || el.note_n == 0 || el.note[0].code != rows[i].code ||
            el.kind != rows[i].kind)
            fail_msg("%s: %s %s %s", rows[i].xml, err_name(e), beep_faults[el.note[0].code].name,
                     beep_element_names[el.kind]);
        if (rows[i].answer && (!el.why || !*el.why)) fail_msg("%s: says nothing", rows[i].xml);
        for (uint32_t k = 0; k < el.note_n; k++)
            assert_true(beep_el_severity(&el) >= beep_faults[el.note[k].code].severity);
        beep_el_done(&el);
    }
    struct beep_el el;
    assert_int_equal(read_el("<start number='0'>" P "</start>", &el), ERR_PEER);
    assert_string_equal(el.why, "number attribute must be 1 to 2147483647 in <start> element");
    beep_el_done(&el);
    assert_int_equal(read_el("<start number='0'>" P "</begin>", &el), ERR_PEER);
    assert_non_null(strstr(el.why, "poorly-formed XML: "));
    beep_el_done(&el);
    assert_int_equal(read_el("<greeting localize='a b' features='a,b' foo=''><ok/>t<profile/><profile "
                             "uri='u' encoding='x'>c</profile></greeting>",
                             &el),
                     ERR_PEER);
    assert_int_equal(el.note_n, BEEP_EL_NOTES); /* eight are wrong; the least is left out, and the last */
    for (uint32_t i = 0; i < el.note_n; i++)
        assert_int_not_equal(el.note[i].code, BEEP_F_LOCALIZE);
    beep_el_done(&el);

    /* each fault once, and of what stands in an element that may not be there nothing is told */
    static const char *const once[] = {
        "<greeting a='' b=''/>",
        "<greeting><x>t</x></greeting>",
        "<greeting><x><profile/></x></greeting>",
        "<start number='1'><x/>" P "</start>",
        "<start number='1'><profile uri='u'>a<b/>c</profile></start>",
        "<error code='550'>a<b>x</b>c</error>",
    };
    for (size_t i = 0; i < sizeof once / sizeof *once; i++) {
        assert_int_equal(read_el(once[i], &el), ERR_PEER);
        if (el.note_n != 1) fail_msg("%s: %u notes", once[i], (unsigned)el.note_n);
        if (el.kind == BEEP_EL_ERROR) WANT(el.text, "ac");
        assert_int_equal(el.profiles, el.kind == BEEP_EL_START ? 1 : 0);
        if (i == 4) WANT(el.profile[0].content, "ac");
        beep_el_done(&el);
    }
}

/* A start with one profile whose content has that many octets. */
static err long_content(size_t n, const char *before, const char *after, struct beep_el *el)
{
    char *text = malloc(n + 1);
    struct buf b;
    struct env env;
    env_init(&env);
    buf_init(&b, env.mem, 100000);
    memset(text, 'A', n);
    text[n] = 0;
    assert_int_equal(
        buf_addf(&b, "<start number='1'><profile uri='u'%s%s%s</profile></start>", before, text, after), OK);
    err e = beep_el_read(&env, buf_slice(&b), SLICE_NONE, el);
    buf_done(&b);
    free(text);
    return e;
}

static void test_limits(void **state)
{
    static const struct {
        size_t n;
        const char *before, *after;
        bool fits;
    } row[] = {
        {4096, ">", "", true},
        {4097, ">", "", false},
        {4095, "><![CDATA[", "]]>", true},
        {4095, "><![CDATA[", "]]>\r\n", true},   /* the end of a line is one octet */
        {4095, "><![CDATA[", "]]>\r\n ", false}, /* blanks are content */
        {4095, ">&lt;", "", true},               /* a reference is one octet */
        {4096, " encoding='base64'>", "", true},
        {4100, " encoding='base64'>", "", false}, /* as written, not as decoded */
    };
    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct beep_el el;
        err e = long_content(row[i].n, row[i].before, row[i].after, &el);
        assert_int_equal(e, row[i].fits ? OK : ERR_PEER);
        if (!row[i].fits) assert_int_equal(el.note[0].code, BEEP_F_INIT_LONG);
        beep_el_done(&el);
    }
    /* only a start is limited */
    struct beep_el profile;
    static char text[BEEP_INIT_MAX + 40];
    memset(text, 'x', sizeof text - 1);
    memcpy(text, "<profile uri='u'>", 17);
    memcpy(text + sizeof text - 11, "</profile>", 10);
    assert_int_equal(read_el(text, &profile), OK);
    assert_int_equal(profile.profile[0].content.n, BEEP_INIT_MAX + 12);
    beep_el_done(&profile);
    for (size_t n = BEEP_PROFILES_MAX; n <= BEEP_PROFILES_MAX + 1; n++) {
        struct beep_el el;
        struct buf b;
        struct env env;
        env_init(&env);
        buf_init(&b, env.mem, 100000);
        assert_int_equal(buf_add_str(&b, "<greeting>"), OK);
        for (size_t i = 0; i < n; i++)
            assert_int_equal(buf_add_str(&b, P), OK);
        assert_int_equal(buf_add_str(&b, "</greeting>"), OK);
        assert_int_equal(beep_el_read(&env, buf_slice(&b), SLICE_NONE, &el),
                         n > BEEP_PROFILES_MAX ? ERR_PEER : OK);
        assert_int_equal(el.profiles, BEEP_PROFILES_MAX);
        if (n > BEEP_PROFILES_MAX) assert_string_equal(el.why, "too many profiles");
        beep_el_done(&el);
        buf_done(&b);
    }
}

static void test_messages(void **state)
{
    static const struct row row[] = {
        {"Content-Type: application/beep+xml\r\n\r\n<ok />\r\n", BEEP_F_NONE, BEEP_EL_OK, false},
        {"Content-Type: application/beep+xml; charset=iso-8859-1\r\n\r\n<error code='550'>\xe4</error>",
         BEEP_F_NONE, BEEP_EL_ERROR, false},
        {"Content-Type: application/beep+xml\r\nContent-Transfer-Encoding: base64\r\n\r\nPG9rIC8+",
         BEEP_F_NONE, BEEP_EL_OK, false},
        {"Content-Type: application/beep+xml\r\nContent-Transfer-Encoding: base64\r\n\r\n<ok />", BEEP_F_MIME,
         BEEP_EL_NONE, true},
        {"Content-Type: application/beep+xml\r\nContent-Transfer-Encoding: gzip\r\n\r\n<ok />", BEEP_F_MIME,
         BEEP_EL_NONE, true},
        {"Content-Type: application/beep+xml\r\n\r\n", BEEP_F_XML_ILL, BEEP_EL_NONE, true},
        {"Content-Type: application/beep+xml; charset=koi8-r\r\n\r\n<ok />", BEEP_F_CHARSET, BEEP_EL_NONE,
         true},
        {"Content-Type: text/xml\r\n\r\n<ok />", BEEP_F_TYPE, BEEP_EL_OK, true},
        {"Content-Type: text/xml\r\n\r\n<ok>", BEEP_F_TYPE, BEEP_EL_OK, true},
        {"\r\n<ok />", BEEP_F_TYPE, BEEP_EL_OK, true},
        {"<ok />", BEEP_F_MIME, BEEP_EL_NONE, true},
        {"", BEEP_F_TYPE, BEEP_EL_NONE, true},
    };
    struct env env;
    (void)state;
    env_init(&env);
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct beep_el el;
        err e = beep_mgmt_read(&env, slice_str(row[i].xml), &el);
        enum beep_fault_code code = el.note_n ? el.note[0].code : BEEP_F_NONE;
        if (e != (row[i].answer ? ERR_PEER : OK) || code != row[i].code || el.kind != row[i].kind)
            fail_msg("%s: %s %s", row[i].xml, err_name(e), beep_faults[code].name);
        beep_el_done(&el);
    }
}

static void want_written(const struct beep_el *el, enum beep_style style, const char *xml)
{
    struct buf b;
    buf_init(&b, &mem_libc, 2000);
    err e = beep_el_write(el, style, &b);
    if (e != (xml ? OK : ERR_USE) || !slice_eq(buf_slice(&b), slice_str(xml)))
        fail_msg("%s: '%.*s'", err_name(e), (int)b.n, (const char *)buf_slice(&b).p);
    buf_done(&b);
}

static void test_writing(void **state)
{
    struct beep_profile_el p[2] = {{.uri = SLICE_LIT("u'1")},
                                   {.uri = SLICE_LIT("u2"), .content = SLICE_LIT("<ready />")}};
    struct beep_el start = {
        .kind = BEEP_EL_START, .profile = p, .profiles = 2, .number = 1, .number_given = true};
    struct beep_el one = {.kind = BEEP_EL_PROFILE, .profile = p + 1, .profiles = 1};
    (void)state;
    want_written(&start, BEEP_CDATA,
                 "<start number='1'>\r\n   <profile uri='u&apos;1' />\r\n   <profile uri='u2'>\r\n       "
                 "<![CDATA[<ready />]]>\r\n   "
                 "</profile>\r\n</start>");
    want_written(&one, BEEP_CDATA, "<profile uri='u2'>\r\n    <![CDATA[<ready />]]>\r\n</profile>");
    want_written(&one, BEEP_ESCAPED, "<profile uri='u2'>&lt;ready /&gt;</profile>");
    want_written(&one, BEEP_IN_BASE64, "<profile uri='u2' encoding='base64'>PHJlYWR5IC8+</profile>");
    p[1].content = SLICE_LIT("a]]>b\nc\r\nd\re");
    want_written(
        &one, BEEP_CDATA,
        "<profile uri='u2'>\r\n    <![CDATA[a]]]]><![CDATA[>b\r\nc\r\nd]]>&#13;<![CDATA[e]]>\r\n</profile>");
    want_written(&one, BEEP_ESCAPED, "<profile uri='u2'>a]]&gt;b\r\nc&#13;\r\nd&#13;e</profile>");
    p[1].content = SLICE_LIT("\0");
    want_written(&one, BEEP_CDATA, NULL);
    want_written(&one, BEEP_ESCAPED, NULL);
    want_written(&one, BEEP_IN_BASE64, "<profile uri='u2' encoding='base64'>AA==</profile>");
    p[1].base64 = true;
    want_written(&one, BEEP_CDATA, "<profile uri='u2' encoding='base64'>AA==</profile>");
    /* the blanks around it count: so much fits with them, and more goes without */
    static char octets[BEEP_INIT_MAX];
    memset(octets, 'x', sizeof octets);
    for (size_t n = BEEP_INIT_MAX - 13; n <= BEEP_INIT_MAX; n++) {
        struct buf out;
        struct beep_el again;
        struct env env;
        env_init(&env);
        buf_init(&out, env.mem, 8192);
        p[1].content = slice_of(octets, n);
        p[1].base64 = false;
        assert_int_equal(beep_el_write(&start, BEEP_CDATA, &out), OK);
        assert_int_equal(slice_find(buf_slice(&out), SLICE_LIT("\r\n       <![")) < out.n,
                         n <= BEEP_INIT_MAX - 12);
        assert_int_equal(beep_el_read(&env, buf_slice(&out), SLICE_NONE, &again), OK);
        assert_in_range(again.profile[1].content.n, n, BEEP_INIT_MAX);
        beep_el_done(&again);
        buf_done(&out);
    }
    static const char *const no_text[] = {
        "\xff", "\xc3", "\x1f", "\xef\xbf\xbe", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe0\x82\x80"};
    for (size_t i = 0; i < sizeof no_text / sizeof *no_text; i++)
        want_written(&(struct beep_el){.kind = BEEP_EL_ERROR, .code = 550, .text = slice_str(no_text[i])},
                     BEEP_CDATA, NULL);

    want_written(&(struct beep_el){.kind = BEEP_EL_GREETING}, BEEP_CDATA, "<greeting />");
    want_written(&(struct beep_el){.kind = BEEP_EL_GREETING,
                                   .features = SLICE_LIT("x-a\tx-b\n"),
                                   .features_given = true,
                                   .localize = SLICE_LIT("en"),
                                   .localize_given = true},
                 BEEP_CDATA, "<greeting features='x-a&#9;x-b&#10;' localize='en' />");
    want_written(&(struct beep_el){.kind = BEEP_EL_CLOSE, .code = 200}, BEEP_CDATA, "<close code='200' />");
    want_written(
        &(struct beep_el){.kind = BEEP_EL_CLOSE, .number_given = true, .code = 200, .text = SLICE_LIT("<")},
        BEEP_CDATA, "<close number='0' code='200'>&lt;</close>");
    want_written(
        &(struct beep_el){.kind = BEEP_EL_ERROR, .code = 421, .lang = SLICE_LIT("fr"), .lang_given = true},
        BEEP_CDATA, "<error code='421' xml:lang='fr' />");
    want_written(&(struct beep_el){.kind = BEEP_EL_READY, .version = SLICE_LIT("1")}, BEEP_CDATA,
                 "<ready />");
    want_written(&(struct beep_el){.kind = BEEP_EL_READY, .version = SLICE_LIT("2")}, BEEP_CDATA,
                 "<ready version='2' />");
    want_written(&(struct beep_el){.kind = BEEP_EL_PROCEED}, BEEP_CDATA, "<proceed />");
    want_written(&(struct beep_el){.kind = BEEP_EL_BLOB, .status = BEEP_BLOB_COMPLETE}, BEEP_CDATA,
                 "<blob status='complete' />");
    want_written(&(struct beep_el){.kind = BEEP_EL_BLOB, .status = BEEP_BLOB_ABORT}, BEEP_CDATA,
                 "<blob status='abort' />");
    want_written(&(struct beep_el){.kind = BEEP_EL_BLOB, .blob = SLICE_LIT("abc")}, BEEP_CDATA,
                 "<blob>YWJj</blob>");
    want_written(&(struct beep_el){.kind = BEEP_EL_NONE}, BEEP_CDATA, NULL);
    want_written(&(struct beep_el){.kind = BEEP_EL_PROFILE}, BEEP_CDATA, NULL);

    struct buf b;
    buf_init(&b, &mem_libc, 46);
    assert_int_equal(beep_mgmt_write(&(struct beep_el){.kind = BEEP_EL_OK}, BEEP_CDATA, &b), OK);
    WANT(buf_slice(&b),
         "Content-Type: application/beep+xml\r\n\r\n<ok />\r\n"); /* 46 octets, as in 2.3.1.3 */
    buf_clear(&b);
    assert_int_equal(beep_mgmt_write(&(struct beep_el){.kind = BEEP_EL_GREETING}, BEEP_CDATA, &b), ERR_LIMIT);
    assert_int_equal(b.n, 0);
    buf_done(&b);
}

static void test_no_memory(void **state)
{
    static const char message[] =
        "Content-Type: application/beep+xml; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
        "<start number='1' q:r='s'>" P P P P "<profile uri='u' encoding='base64'>YWJj</profile></start>";
    (void)state;
    for (size_t n = 1, done = 0; !done; n++) {
        struct mem_fail mf;
        struct mem mem = mem_fail_init(&mf, n);
        struct env env;
        struct beep_el el;
        env_init(&env);
        env.mem = &mem;
        err e = beep_mgmt_read(&env, SLICE_LIT(message), &el);
        done = mf.calls < n;
        assert_int_equal(e, done ? ERR_PEER : ERR_MEM);
        if (done) assert_int_equal(el.note[0].code, BEEP_F_ATTRIBUTE);
        beep_el_done(&el);
        assert_int_equal(mf.blocks, 0);
        assert_true(n < 50);
    }
    struct beep_el never = {.kind = BEEP_EL_NONE};
    beep_el_done(&never);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fields),   cmocka_unit_test(test_faults),  cmocka_unit_test(test_limits),
        cmocka_unit_test(test_messages), cmocka_unit_test(test_writing), cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
