/* SPDX-License-Identifier: MIT */
#include "scn/scn.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define HEAD "case a/b/c\ntitle T\nclause IAP-3.1-13\nagainst iap-proxy\n"
#define TAIL "expect x -> pass\n"

static const char example[] =
    "case     iap/3.1/loop-own-via\n"
    "title    A connect request that names the proxy in a Via line is answered 502\n"
    "clause   IAP-3.1-13 IAP-3.1-14\n"
    "against  iap-proxy\n"
    "vary     via=$PROXY|\"p.dom.org\"\n"
    "near send    connect host=$HOST via=$via but via.prefix=\"IAP/0.3\", drop connect.eol\n"
    "far  never   connected -> fail \"the proxy went on\"\n"
    "near expect  response code=502 within 3s -> pass\n"
    "or   response code=4xx|5xx -> weak \"refused with another code\"\n"
    "or   silence -> fail \"no answer\"\n";

static struct env env_libc(void)
{
    struct env e;
    env_init(&e);
    return e;
}

static struct scn_file *parsed(const char *text, size_t n)
{
    struct env env = env_libc();
    struct scn_file *f;
    struct scn_fault fault;
    err e = scn_parse(&env, "t.scn", slice_of(text, n), &f, &fault);
    if (e != OK) print_error("%d:%d: %s\n%.*s\n", fault.line, fault.column, fault.text, (int)n, text);
    assert_int_equal(e, OK);
    assert_non_null(f);
    return f;
}

static struct scn_file *parsed_str(const char *text)
{
    return parsed(text, strlen(text));
}

static bool lookup(void *ctx, const char *name, struct scn_octets *out)
{
    static uint8_t host[] = "h.dom.org", odd[] = {'$', 0, 0xff, '"', '\\', 0};
    (void)ctx;
    if (strcmp(name, "HOST") == 0)
        *out = (struct scn_octets){host, sizeof host - 1};
    else if (strcmp(name, "ODD") == 0)
        *out = (struct scn_octets){odd, 5};
    else if (strcmp(name, "PROXY") == 0)
        *out = (struct scn_octets){host, 1};
    else
        return false;
    return true;
}

static struct scn_plan *planned(const struct scn_case *c, size_t i)
{
    struct env env = env_libc();
    struct scn_plan *p;
    struct scn_fault fault;
    err e = scn_plan(&env, c, i, lookup, NULL, &p, &fault);
    if (e != OK) print_error("%d:%d: %s\n", fault.line, fault.column, fault.text);
    assert_int_equal(e, OK);
    return p;
}

static void is_octets(const struct scn_octets *v, const char *p, size_t n)
{
    assert_int_equal(v->n, n);
    assert_memory_equal(v->p, p, n);
    assert_int_equal(v->p[n], 0);
}
#define IS(v, lit) is_octets(&(v), lit, sizeof(lit) - 1)

/* --- equality, but for line numbers
 * ---------------------------------------------------------------------------------- */

static void same_str(const char *a, const char *b)
{
    assert_int_equal(!a, !b);
    if (a) assert_string_equal(a, b);
}

static void same_values(const struct scn_octets *a, size_t an, const struct scn_octets *b, size_t bn)
{
    assert_int_equal(an, bn);
    for (size_t i = 0; i < an; i++)
        is_octets(&b[i], (const char *)a[i].p, a[i].n);
}

static void same_stmt(const struct scn_stmt *a, const struct scn_stmt *b)
{
    assert_int_equal(a->word, b->word);
    assert_int_equal(a->verdict, b->verdict);
    assert_int_equal(a->verdict_given, b->verdict_given);
    assert_true(a->within_ms == b->within_ms);
    same_str(a->end, b->end);
    same_str(a->within, b->within);
    same_str(a->text, b->text);
    assert_int_equal(a->args, b->args);
    for (size_t i = 0; i < a->args; i++) {
        same_str(a->arg[i].key, b->arg[i].key);
        assert_int_equal(a->arg[i].negated, b->arg[i].negated);
        same_values(a->arg[i].value, a->arg[i].values, b->arg[i].value, b->arg[i].values);
    }
    assert_int_equal(a->changes, b->changes);
    for (size_t i = 0; i < a->changes; i++) {
        assert_int_equal(a->change[i].op, b->change[i].op);
        same_str(a->change[i].field, b->change[i].field);
        same_str(a->change[i].field2, b->change[i].field2);
        assert_int_equal(!a->change[i].value.p, !b->change[i].value.p);
        if (a->change[i].value.p) same_values(&a->change[i].value, 1, &b->change[i].value, 1);
    }
}

static void same_vars(const struct scn_var *a, size_t an, const struct scn_var *b, size_t bn)
{
    assert_int_equal(an, bn);
    for (size_t i = 0; i < an; i++) {
        assert_string_equal(a[i].name, b[i].name);
        same_values(a[i].value, a[i].values, b[i].value, b[i].values);
    }
}

static void same_names(char *const *a, size_t an, char *const *b, size_t bn)
{
    assert_int_equal(an, bn);
    for (size_t i = 0; i < an; i++)
        assert_string_equal(a[i], b[i]);
}

static void same_case(const struct scn_case *a, const struct scn_case *b)
{
    same_str(a->id, b->id);
    same_str(a->title, b->title);
    same_str(a->note, b->note);
    assert_int_equal(a->clauses, b->clauses);
    for (size_t i = 0; i < a->clauses; i++)
        assert_int_equal(a->clause[i], b->clause[i]);
    same_names(a->against, a->againsts, b->against, b->againsts);
    same_names(a->needs, a->need_count, b->needs, b->need_count);
    same_vars(a->let, a->lets, b->let, b->lets);
    same_vars(a->vary, a->varies, b->vary, b->varies);
    assert_int_equal(a->stmts, b->stmts);
    for (size_t i = 0; i < a->stmts; i++)
        same_stmt(&a->stmt[i], &b->stmt[i]);
}

/* --- parsing
 * ---------------------------------------------------------------------------------------------------------
 */

static void parses_the_example(void **state)
{
    (void)state;
    struct scn_file *f = parsed_str(example);
    assert_int_equal(f->n, 1);
    const struct scn_case *c = f->cases[0];
    assert_string_equal(c->id, "iap/3.1/loop-own-via");
    assert_string_equal(c->title, "A connect request that names the proxy in a Via line is answered 502");
    assert_string_equal(c->file, "t.scn");
    assert_int_equal(c->clauses, 2);
    assert_int_equal(c->clause[1], CL_IAP_3_1_14);
    assert_string_equal(c->against[0], "iap-proxy");
    assert_int_equal(c->varies, 1);
    assert_int_equal(c->vary[0].values, 2);
    IS(c->vary[0].value[0], "${PROXY}");
    IS(c->vary[0].value[1], "p.dom.org");
    assert_int_equal(c->stmts, 5);

    const struct scn_stmt *s = &c->stmt[0];
    assert_int_equal(s->word, SCN_SEND);
    assert_int_equal(s->line, 6);
    assert_string_equal(s->end, "near");
    IS(scn_first(s)->value[0], "connect");
    IS(scn_named(s, "host")->value[0], "${HOST}");
    assert_null(scn_named(s, "nothing"));
    assert_int_equal(s->changes, 2);
    assert_int_equal(s->change[0].op, SCN_SET);
    assert_string_equal(s->change[0].field, "via.prefix");
    IS(s->change[0].value, "IAP/0.3");
    assert_int_equal(s->change[1].op, SCN_DROP);
    assert_string_equal(s->change[1].field, "connect.eol");
    assert_false(s->verdict_given);

    s = &c->stmt[1];
    assert_string_equal(s->end, "far");
    assert_int_equal(s->verdict, SCN_FAIL);
    assert_string_equal(s->text, "the proxy went on");

    s = &c->stmt[2];
    assert_true(s->within_ms == 3000);
    assert_int_equal(s->verdict, SCN_PASS);
    assert_null(s->text);
    s = &c->stmt[3];
    assert_int_equal(s->word, SCN_OR);
    assert_string_equal(s->end, "near"); /* of its expect */
    assert_true(s->within_ms == -1);
    assert_int_equal(scn_named(s, "code")->values, 2);
    IS(scn_named(s, "code")->value[1], "5xx");
    scn_file_free(f);
}

static void reads_every_kind_of_value(void **state)
{
    (void)state;
    static const char text[] =
        "\xef\xbb\xbf# first\r\ncase a/b\r\n\ttitle\t Its \"own\"  words $1 | , = 'x'  # not this\r\n"
        "note one\nneeds tls x.y\nnote \"two # \\\"$q\\x41\"  # c\n"
        "clause IAP-3.1-13 \\\n  IAP-3.1-14\nagainst iap-proxy iap-manager\nlet a=1 b=\"$a${a}b\\$\" "
        "c=a|b,c\\$=d\n\n"
        "raw \"\\r\\n\\t\\0\\\\\\\"\\x00\\xfF\\$a\\\n,\t\xc3\xa4\"\n"
        "send m k=\"\" $a x$b.c but s += 5, t-=$a , u=\"a,b|c\",drop v.w,dup x, cut 7,swap y z, insert $a/e "
        "\"q\" within 250ms\n"
        "far expect a|\"b|c\"|$a k!=1|2 within ${a}m # comment -> \n"
        "or never -> skip \"why $a\\$\"\n"
        "near or other\n"
        "never z\n"
        "do thing now\n"
        "reach s->t within 1m";
    struct scn_file *f = parsed(text, sizeof text - 1);
    const struct scn_case *c = f->cases[0];
    assert_string_equal(c->title, "Its \"own\"  words $1 | , = 'x'");
    assert_string_equal(c->note, "one two # \"$qA");
    struct scn_file *g = parsed_str(HEAD "note a\\\n  b \\\r\n\tc\n" TAIL);
    assert_string_equal(g->cases[0]->note, "a b c");
    scn_file_free(g);
    assert_int_equal(c->clauses, 2);
    assert_int_equal(c->againsts, 2);
    assert_int_equal(c->need_count, 2);
    assert_string_equal(c->needs[1], "x.y");
    assert_int_equal(c->lets, 3);
    IS(c->let[1].value[0], "${a}${a}b$$");
    IS(c->let[2].value[0], "a|b,c$$=d");
    assert_int_equal(c->stmts, 8);
    const struct scn_stmt *s = c->stmt;
    IS(s[0].arg[0].value[0], "\r\n\t\0\\\"\0\xff$$a,\t\xc3\xa4");
    assert_int_equal(s[1].args, 4);
    IS(s[1].arg[1].value[0], "");
    IS(s[1].arg[3].value[0], "x${b}.c");
    assert_int_equal(s[1].changes, 8);
    assert_int_equal(s[1].change[0].op, SCN_ADD);
    IS(s[1].change[0].value, "5");
    assert_int_equal(s[1].change[1].op, SCN_SUB);
    assert_string_equal(s[1].change[1].field, "t");
    IS(s[1].change[2].value, "a,b|c");
    assert_int_equal(s[1].change[4].op, SCN_DUP);
    assert_int_equal(s[1].change[5].op, SCN_CUT);
    assert_null(s[1].change[5].field);
    IS(s[1].change[5].value, "7");
    assert_int_equal(s[1].change[6].op, SCN_SWAP);
    assert_string_equal(s[1].change[6].field2, "z");
    assert_int_equal(s[1].change[7].op, SCN_INSERT);
    assert_string_equal(s[1].change[7].field, "${a}/e");
    assert_true(s[1].within_ms == 250);
    assert_int_equal(s[2].arg[0].values, 3);
    IS(s[2].arg[0].value[1], "b|c");
    assert_true(s[2].arg[1].negated);
    assert_int_equal(s[2].arg[1].values, 2);
    assert_string_equal(s[2].within, "${a}m");
    assert_true(s[2].within_ms == -1);
    assert_int_equal(s[2].verdict, SCN_NEXT);
    assert_string_equal(s[3].end, "far");
    assert_string_equal(s[3].text, "why ${a}$$");
    assert_string_equal(s[4].end, "near");
    assert_int_equal(s[5].verdict, SCN_FAIL);
    assert_false(s[5].verdict_given);
    assert_true(s[7].within_ms == 60000);
    assert_int_equal(s[2].line, 15);
    scn_file_free(f);
}

static void reads_several_cases(void **state)
{
    (void)state;
    struct scn_file *f = parsed_str(HEAD TAIL "case d\ntitle U\nclause IAP-3.1-14\nagainst x\n" TAIL);
    assert_int_equal(f->n, 2);
    assert_string_equal(f->cases[1]->title, "U");
    assert_int_equal(f->cases[1]->line, 6);
    scn_file_free(f);
}

static const struct bad {
    const char *text;
    int line, column;
    const char *says; /* a part of the fault */
} bads[] = {
    {"", 1, 1, "begin with case"},
    {"# only this\n", 1, 1, "begin with case"},
    {"send x\n", 1, 1, "begins with a case line"},
    {"\xef\xbb\xbfsend x\n", 1, 1, "begins with a case line"},
    {"case /a\n", 1, 6, "no case id"},
    {"case a//b\n", 1, 6, "no case id"},
    {"case a/b c\n", 1, 10, "nothing may follow"},
    {"case a/b\nclause IAP-3.1-13\nagainst x\n" TAIL, 1, 1, "no title"},
    {"case a/b\ntitle t\nagainst x\n" TAIL, 1, 1, "cites no clause"},
    {"case a/b\ntitle t\nclause IAP-3.1-13\n" TAIL, 1, 1, "no against"},
    {HEAD, 1, 1, "no body"},
    {HEAD "send x\n", 1, 1, "no way to a verdict"},
    {HEAD "expect x\nor y -> next\n", 1, 1, "no way to a verdict"},
    {HEAD TAIL HEAD TAIL, 6, 6, "begun on line 1 already"},
    {HEAD "clause IAP-3.1-99\n", 5, 8, "unknown clause IAP-3.1-99: see draftproof clauses"},
    {HEAD "clause IAP-3.1-13\n", 5, 8, "cited twice"},
    {HEAD "clause # none\n", 5, 14, "takes one or more"},
    {HEAD "against  iap-proxy\n", 5, 10, "stands twice"},
    {HEAD "needs a,b\n", 5, 7, "no name"},
    {HEAD "needs\n", 5, 6, "takes one or more"},
    {HEAD "title again\n", 5, 1, "second title"},
    {HEAD "note\n", 5, 5, "takes a text"},
    {HEAD "note \"a\\0\"\n", 5, 6, "no \\0"},
    {HEAD "note \"a\" b\n", 5, 6, "one quoted string"},
    {HEAD "note a#b\n", 5, 7, "# inside a word"},
    {HEAD "let a\n", 5, 5, "sets nothing"},
    {HEAD "let 1a=2\n", 5, 5, "sets nothing"},
    {HEAD "let\n", 5, 4, "let takes NAME=VALUE"},
    {HEAD "vary\n", 5, 5, "vary takes"},
    {HEAD "let a=1\nvary a=2\n", 6, 6, "$a is set on line 5 already"},
    {HEAD "let a=$a\n", 5, 7, "$a is not set"},
    {HEAD "let a=$b\nlet b=1\n", 5, 7, "$b is not set"},
    {HEAD "let a=\n", 5, 7, "value is missing"},
    {HEAD "let a=\"x\"|\"y\"\n", 5, 10, "alternatives stand in"},
    {HEAD "vary a=1||2\n", 5, 10, "value is missing"},
    {HEAD "vary a=1|\n", 5, 10, "value is missing"},
    {HEAD "send x y=$gap\n", 5, 10, "$gap is not set"},
    {HEAD "send x y=$\n", 5, 10, "a dollar sign is \\$"},
    {HEAD "send x y=${HOST\n", 5, 10, "no closing }"},
    {HEAD "send x y=a\"b\"\n", 5, 11, "quote inside a word"},
    {HEAD "send x y=\"a\"b\n", 5, 13, "blank must follow"},
    {HEAD "send x y=\"a\"#b\n", 5, 13, "# inside a word"},
    {HEAD "send x y=a#b\n", 5, 11, "# inside a word"},
    {HEAD "send x y=\"a\n\"", 5, 10, "not closed"},
    {HEAD "send x y=\"a\\q\"", 5, 12, "unknown escape"},
    {HEAD "send x y=\"a\\x4g\"", 5, 12, "two hexadecimal"},
    {HEAD "send x y=a\\b\n", 5, 11, "backslash outside quotes"},
    {HEAD "send x \\", 5, 8, "backslash outside quotes"},
    {HEAD "send x y=\x01\n", 5, 10, "\\x01"},
    {HEAD "send x y=\"\x7f\"\n", 5, 11, "\\x7f"},
    {HEAD "send x\ry\n", 5, 7, "\\x0d"},
    {HEAD "send\n", 5, 1, "`send` takes a message"},
    {HEAD "send a=b\n", 5, 1, "`send` takes a message"},
    {HEAD "reach\n", 5, 1, "takes a state"},
    {HEAD "raw\n", 5, 1, "takes a quoted"},
    {HEAD "do\n", 5, 1, "takes a verb"},
    {HEAD "expect -> pass\n", 5, 1, "takes an event"},
    {HEAD "send x a = b\n", 5, 10, "no key"},
    {HEAD "send http://x/?a=b\n", 5, 6, "no key"},
    {HEAD "send x a!=b\n", 5, 8, "!= stands in"},
    {HEAD "send x within=3s\n", 5, 8, "write within 3s"},
    {HEAD "send x but=3\n", 5, 8, "write but field=value"},
    {HEAD "send x but\n", 5, 11, "a change is"},
    {HEAD "send x but a\n", 5, 12, "what of a?"},
    {HEAD "send x but a=1,\n", 5, 16, "a change is"},
    {HEAD "send x but a=1 b=2\n", 5, 16, "separated by ,"},
    {HEAD "send x but drop\n", 5, 16, "`drop` takes a field"},
    {HEAD "send x but drop=1\n", 5, 12, "change of its own"},
    {HEAD "send x but swap a\n", 5, 18, "`swap` takes a field"},
    {HEAD "send x but insert a\n", 5, 20, "value is missing"},
    {HEAD "send x but a- = 1\n", 5, 12, "does not end in -"},
    {HEAD "send x but $HOST- = 1\n", 5, 12, "does not end in -"},
    {HEAD "send x -> pass\n", 5, 8, "send has no verdict"},
    {HEAD "expect x but a=1\n", 5, 10, "cannot follow expect"},
    {HEAD "expect x within\n", 5, 16, "within takes a time"},
    {HEAD "expect x within \"3s\"\n", 5, 17, "within takes a time"},
    {HEAD "expect x within 3\n", 5, 17, "\"3\" is no time"},
    {HEAD "expect x within 25h\n", 5, 17, "no time"},
    {HEAD "expect x within 1441m\n", 5, 17, "no time"},
    {HEAD "expect x within a|$HOST\n", 5, 17, "no time"},
    {HEAD "expect x within 3s but a=1\n", 5, 20, "only -> and a verdict"},
    {HEAD "expect x ->pass\n", 5, 10, "blank must follow ->"},
    {HEAD "expect x ->\n", 5, 12, "-> takes pass"},
    {HEAD "expect x -> psas\n", 5, 13, "did you mean `pass`?"},
    {HEAD "expect x -> whatever\n", 5, 13, "-> takes pass, weak, fail, inconc, skip or next, not whatever"},
    {HEAD "expect x -> fail why\n", 5, 18, "quoted text"},
    {HEAD "expect x -> fail \"why\" within 3s\n", 5, 24, "nothing may follow"},
    {HEAD "expect x -> fail \"\\0\"\n", 5, 18, "no \\0"},
    {HEAD "expct x\n", 5, 1, "unknown word expct: did you mean `expect`?"},
    {HEAD "Send x\n", 5, 1, "did you mean `send`?"},
    {HEAD "frobnicate x\n", 5, 1, "a line begins with"},
    {HEAD "far title x\n", 5, 1, "an end stands before"},
    {HEAD "or x\n", 5, 1, "`or` must follow `expect` or `or`"},
    {HEAD "expect x\nsend y\nor x\n", 7, 1, "`or` must follow `expect` or `or`"},
    {HEAD "send x\nlet a=1\n", 6, 1, "`let` belongs before"},
};

static void says_what_is_wrong(void **state)
{
    (void)state;
    struct env env = env_libc();
    for (size_t i = 0; i < sizeof bads / sizeof *bads; i++) {
        const struct bad *b = &bads[i];
        struct scn_fault fault;
        struct scn_file *f = (struct scn_file *)&fault;
        err e = scn_parse(&env, "t.scn", slice_str(b->text), &f, &fault);
        bool right = e == ERR_PEER && !f && fault.line == b->line && fault.column == b->column &&
                     strstr(fault.text, b->says);
        if (!right)
            fail_msg("%s\n expected %d:%d %s\n got %s %d:%d %s", b->text, b->line, b->column, b->says,
                     err_name(e), fault.line, fault.column, fault.text);
    }
}

/* --- limits
 * ----------------------------------------------------------------------------------------------------------
 */

static void add(struct buf *b, const char *s)
{
    assert_int_equal(buf_add_str(b, s), OK);
}

static void add_times(struct buf *b, const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        add(b, s);
}

/* n of what is at the limit and taken; one more is refused. */
static void limit_case(const char *before, const char *each, size_t n, const char *after, const char *says)
{
    struct env env = env_libc();
    for (size_t extra = 0; extra < 2; extra++) {
        struct buf b;
        struct scn_file *f;
        struct scn_fault fault;
        buf_init(&b, &mem_libc, 4 << 20);
        add(&b, before);
        add_times(&b, each, n + extra);
        add(&b, after);
        err e = scn_parse(&env, "t.scn", buf_slice(&b), &f, &fault);
        if (e != (extra ? ERR_LIMIT : OK))
            fail_msg("%zu of \"%s\": %s %s", n + extra, each, err_name(e), fault.text);
        if (extra) {
            assert_null(f);
            assert_non_null(strstr(fault.text, says));
            assert_true(fault.line >= 1 && fault.column >= 1);
        }
        scn_file_free(f);
        buf_done(&b);
    }
}

static void keeps_its_limits(void **state)
{
    (void)state;
    limit_case(HEAD TAIL, "#", (1 << 20) - strlen(HEAD TAIL), "", "1048576 octets");
    limit_case(HEAD, "expect x -> pass\n", 512, "", "512 statements");
    limit_case(HEAD TAIL "send", " x", 64, "\n", "64 arguments");
    limit_case(HEAD TAIL "send x but drop y", ", drop y", 63, "\n", "64 changes");
    limit_case(HEAD TAIL "raw \"", "x", 65536, "\"\n", "65536 octets");
    limit_case(HEAD "vary a=1", "|2", 4095, "\n" TAIL, "4096 alternatives");
    limit_case(HEAD "vary a=1|2\nvary b=1", "|2", 2047, "\n" TAIL, "4096 instances");
}

static void keeps_the_limit_of_cases(void **state)
{
    (void)state;
    struct env env = env_libc();
    struct buf b;
    struct scn_file *f;
    struct scn_fault fault;
    buf_init(&b, &mem_libc, 1 << 20);
    for (int i = 0; i < 65; i++) {
        assert_int_equal(buf_addf(&b, "case c%d\n%s", i, strchr(HEAD TAIL, '\n') + 1), OK);
        err e = scn_parse(&env, "t.scn", buf_slice(&b), &f, &fault);
        assert_int_equal(e, i < 64 ? OK : ERR_LIMIT);
        if (e == OK) assert_int_equal(f->n, (size_t)i + 1);
        scn_file_free(f);
    }
    buf_done(&b);
}

static void names_cannot_multiply_without_end(void **state)
{
    (void)state;
    struct env env = env_libc();
    struct scn_fault fault;
    struct scn_plan *p;
    struct buf b;
    buf_init(&b, &mem_libc, 1 << 20);
    add(&b, HEAD "let a0=xxxxxxxx\n");
    for (int i = 1; i < 64; i++)
        assert_int_equal(buf_addf(&b, "let a%d=$a%d$a%d\n", i, i - 1, i - 1), OK);
    add(&b, TAIL);
    struct scn_file *f = parsed((const char *)buf_slice(&b).p, b.n);
    assert_int_equal(scn_plan(&env, f->cases[0], 0, NULL, NULL, &p, &fault), ERR_LIMIT);
    assert_null(p);
    assert_non_null(strstr(fault.text, "longer than 65536"));
    assert_int_equal(fault.line, 5 + 14);
    scn_file_free(f);

    buf_clear(&b); /* each string within its limit, but too many of them */
    add(&b, HEAD "let a=\"");
    add_times(&b, "x", 65536);
    add(&b, "\"\n");
    for (int i = 0; i < 5; i++) {
        add(&b, "send");
        add_times(&b, " $a", 64);
        add(&b, "\n");
    }
    add(&b, TAIL);
    f = parsed((const char *)buf_slice(&b).p, b.n);
    assert_int_equal(scn_plan(&env, f->cases[0], 0, NULL, NULL, &p, &fault), ERR_LIMIT);
    assert_non_null(strstr(fault.text, "more memory than"));
    scn_file_free(f);
    buf_done(&b);
}

/* --- plans
 * -----------------------------------------------------------------------------------------------------------
 */

static void plans_the_cross_product(void **state)
{
    (void)state;
    struct scn_file *f =
        parsed_str(HEAD "vary a=1|2\nlet x=$a-\nvary b=u|\"v w\"|$x c=$HOST\nlet y=\"$x$b\"\n"
                        "send m y=$y b=$b c=$c\n" TAIL);
    static const struct {
        const char *vary, *y, *b;
    } want[] = {
        {"a=1 b=u c=$HOST", "1-u", "u"},           {"a=1 b=\"v w\" c=$HOST", "1-v w", "v w"},
        {"a=1 b=$x c=$HOST", "1-1-", "1-"},        {"a=2 b=u c=$HOST", "2-u", "u"},
        {"a=2 b=\"v w\" c=$HOST", "2-v w", "v w"}, {"a=2 b=$x c=$HOST", "2-2-", "2-"},
    };
    const struct scn_case *c = f->cases[0];
    assert_int_equal(scn_instances(c), 6);
    for (size_t i = 0; i < 6; i++) {
        struct scn_plan *p = planned(c, i);
        assert_string_equal(p->vary, want[i].vary);
        assert_ptr_equal(p->of, c);
        assert_int_equal(p->stmts, 2);
        assert_true(p->stmt[0].planned);
        is_octets(scn_named(&p->stmt[0], "y")->value, want[i].y, strlen(want[i].y));
        is_octets(scn_named(&p->stmt[0], "b")->value, want[i].b, strlen(want[i].b));
        IS(scn_named(&p->stmt[0], "c")->value[0], "h.dom.org");
        scn_plan_free(p);
    }
    struct env env = env_libc();
    struct scn_plan *p;
    struct scn_fault fault;
    assert_int_equal(scn_plan(&env, c, 6, lookup, NULL, &p, &fault), ERR_USE);
    assert_null(p);
    scn_file_free(f);
}

static void plans_every_part(void **state)
{
    (void)state;
    struct scn_file *f =
        parsed_str(HEAD "let t=3 f=via d=\"a\\$b\" HOST=mine\n"
                        "send $f k=$d v=$ODD but $f.x=$d, drop $f, insert ${f}y \"\\$f$t\"\n"
                        "far expect e|$f within ${t}s -> weak \"$f $ODD\\$\"\nor x=$HOST -> pass\n");
    struct scn_plan *p = planned(f->cases[0], 0);
    const struct scn_stmt *s = p->stmt;
    assert_string_equal(p->vary, "");
    IS(s[0].arg[0].value[0], "via");
    IS(s[0].arg[1].value[0], "a$b");
    IS(s[0].arg[2].value[0], "$\0\xff\"\\");
    assert_string_equal(s[0].change[0].field, "via.x");
    IS(s[0].change[0].value, "a$b");
    assert_string_equal(s[0].change[1].field, "via");
    assert_null(s[0].change[1].value.p);
    assert_string_equal(s[0].change[2].field, "viay");
    IS(s[0].change[2].value, "$f3");
    assert_true(s[0].within_ms == -1);
    assert_true(s[1].within_ms == 3000);
    assert_string_equal(s[1].within, "3s");
    assert_string_equal(s[1].end, "far");
    assert_string_equal(s[2].end, "far");
    assert_string_equal(s[1].text, "via $.\xff\"\\$"); /* a NUL cannot stand in a C string */
    IS(s[1].arg[0].value[1], "via");
    IS(s[2].arg[0].value[0], "mine"); /* a let goes before the run's own */
    scn_plan_free(p);
    scn_file_free(f);
}

static void plan_says_what_is_wrong(void **state)
{
    (void)state;
    static const struct bad plans[] = {
        {HEAD "send x y=$NOSUCH\n" TAIL, 5, 1, "$NOSUCH has no value in this run"},
        {HEAD "let a=$NOSUCH\n" TAIL, 5, 1, "$NOSUCH has no value in this run"},
        {HEAD TAIL "expect y within $HOST\n", 6, 1, "\"h.dom.org\" is no time"},
        {HEAD "let f=\"a b\"\nsend x but drop $f\n" TAIL, 6, 1, "\"a b\" is no field"},
        {HEAD "let f=drop\nsend x but $f=1\n" TAIL, 6, 1, "`drop` is a change of its own"},
    };
    struct env env = env_libc();
    for (size_t i = 0; i < sizeof plans / sizeof *plans; i++) {
        struct scn_file *f = parsed_str(plans[i].text);
        struct scn_fault fault;
        struct scn_plan *p;
        assert_int_equal(scn_plan(&env, f->cases[0], 0, lookup, NULL, &p, &fault), ERR_PEER);
        assert_null(p);
        assert_int_equal(fault.line, plans[i].line);
        assert_int_equal(fault.column, plans[i].column);
        if (!strstr(fault.text, plans[i].says)) fail_msg("%s, not %s", fault.text, plans[i].says);
        scn_file_free(f);
    }
}

/* --- printing
 * -------------------------------------------------------------------------------------------------------- */

static const char *const good[] = {
    example,
    HEAD TAIL,
    HEAD "note \"  blanks \" \nlet a=\"\\x00\\xff\\t\\$\"\nvary b=\"\"|a|\"|\"|$a\nneeds x y\n" TAIL,
    HEAD "note a\\\n b\nnote \"\\\"q\\\"\"\n" TAIL,
    HEAD "note \"\\\"q\\\" r\"\n" TAIL,
    HEAD "note \"a # b\"\n" TAIL,
    HEAD "note \"ends in \\\\\"\n" TAIL,
    HEAD "note \"a\\nb\"\n" TAIL,
    HEAD "vary b=1|2\nlet a=$b c=$a\nvary d=$c|x e=$d\nlet f=$e\n" TAIL,
    HEAD "send \"but\" \"within\" \"->\" \"->x\" \"a=b\" \"a!=b\" x=a=b \"#\" , | c,d \"\" '\n" TAIL,
    HEAD "expect \"a|b\"|c x!=\"but\"|within y=\"->\" -> pass \"\"\n",
    HEAD "let a=1\nsend ${a}b $a.b ${a}_ \"$a b\" \"\\$a\" \\$a $a$a \"$a\\x41\"\n" TAIL,
    HEAD "let a=b\nsend x but $a=1, ${a}b += 2, q -= 3, $a -=4, drop f-$a.g\n" TAIL,
    HEAD "send x but cut \"1 2\", swap a b, insert c \"\", dup d, e=\",\", f += \"but\"\nnear reach y within "
         "0ms -> skip\n" TAIL,
    HEAD "longer-than-any-end expect x within 1m -> inconc \"\\$5 \\\"\\\\\"\nfar or y\nor z -> next\ndo x "
         "-> weak\n",
};

static void print_case(const struct scn_case *c, struct buf *out)
{
    buf_init(out, &mem_libc, 1 << 20);
    assert_int_equal(scn_print(c, out), OK);
}

static void prints_what_parses_to_the_same(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct scn_file *a = parsed_str(good[i]);
        struct buf once, twice;
        print_case(a->cases[0], &once);
        struct scn_file *b = parsed((const char *)buf_slice(&once).p, once.n);
        same_case(a->cases[0], b->cases[0]);
        print_case(b->cases[0], &twice);
        assert_string_equal(buf_str(&once), buf_str(&twice));

        struct scn_plan *p = planned(a->cases[0], 0), *q = planned(b->cases[0], 0);
        for (size_t k = 0; k < p->stmts; k++)
            same_stmt(&p->stmt[k], &q->stmt[k]);
        scn_plan_free(p);
        scn_plan_free(q);
        scn_file_free(a);
        scn_file_free(b);
        buf_done(&once);
        buf_done(&twice);
    }
}

static void prints_to_be_read(void **state)
{
    (void)state;
    static const char want[] =
        "case     iap/3.1/loop-own-via\n"
        "title    A connect request that names the proxy in a Via line is answered 502\n"
        "clause   IAP-3.1-13 IAP-3.1-14\n"
        "against  iap-proxy\n"
        "vary     via=$PROXY|p.dom.org\n"
        "\n"
        "near send   connect host=$HOST via=$via but via.prefix=IAP/0.3, drop connect.eol\n"
        "far never   connected -> fail \"the proxy went on\"\n"
        "near expect response code=502 within 3s -> pass\n"
        "near or     response code=4xx|5xx -> weak \"refused with another code\"\n"
        "near or     silence -> fail \"no answer\"\n";
    struct scn_file *f = parsed_str(example);
    struct buf b;
    print_case(f->cases[0], &b);
    assert_string_equal(buf_str(&b), want);
    struct scn_plan *p = planned(f->cases[0], 0);
    assert_string_equal(p->vary, "via=$PROXY");
    buf_clear(&b);
    assert_int_equal(scn_print_stmt(&p->stmt[0], &b), OK);
    assert_string_equal(buf_str(&b),
                        "near send connect host=h.dom.org via=h but via.prefix=IAP/0.3, drop connect.eol");
    scn_plan_free(p);
    scn_file_free(f);
    buf_done(&b);
}

/* A planned statement printed is a statement again, with every octet that its names brought in. */
static void prints_planned_statements(void **state)
{
    (void)state;
    struct scn_file *f =
        parsed_str(HEAD "let w=within a=\"\\${HOST}\"\nsend $w $ODD k=$ODD l=$a but m=$a\n" TAIL);
    struct scn_plan *p = planned(f->cases[0], 0);
    struct buf b;
    buf_init(&b, &mem_libc, 4096);
    assert_int_equal(buf_add_str(&b, HEAD TAIL), OK);
    assert_int_equal(scn_print_stmt(&p->stmt[0], &b), OK);
    struct scn_file *g = parsed((const char *)buf_slice(&b).p, b.n);
    struct scn_plan *q = planned(g->cases[0], 0);
    same_stmt(&p->stmt[0], &q->stmt[1]);
    scn_plan_free(p);
    scn_plan_free(q);
    scn_file_free(f);
    scn_file_free(g);
    buf_done(&b);
}

static void quotes_octets(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, &mem_libc, 256);
    assert_int_equal(scn_quote(SLICE_LIT("a\r\n\t\0\\\"$x${y}$$\x1b\xff~\x7f"), &b), OK);
    assert_string_equal(buf_str(&b), "\"a\\r\\n\\t\\0\\\\\\\"\\$x\\${y}\\$\\$\\x1b\\xff~\\x7f\"");
    buf_clear(&b);
    b.max = 3;
    assert_int_equal(scn_quote(SLICE_LIT("abcdef"), &b), ERR_LIMIT);
    buf_done(&b);
    assert_string_equal(scn_word_name(SCN_EXPECT), "expect");
    assert_string_equal(scn_verdict_name(SCN_INCONC), "inconc");
}

/* --- memory
 * ----------------------------------------------------------------------------------------------------------
 */

struct failing {
    size_t calls, fail_at;
    long held;
};

static void *failing_resize(void *ctx, void *p, size_t n)
{
    struct failing *f = ctx;
    if (++f->calls == f->fail_at) return NULL;
    void *q = realloc(p, n);
    assert_non_null(q);
    if (!p) f->held++;
    return q;
}

static void failing_release(void *ctx, void *p)
{
    struct failing *f = ctx;
    f->held--;
    free(p);
}

/* Parse, plan and print every instance; the first error is given back. */
static err whole(const struct env *env, const char *text)
{
    struct scn_file *f;
    struct scn_fault fault;
    err e = scn_parse(env, "t.scn", slice_str(text), &f, &fault);
    assert_int_equal(e == OK, f != NULL);
    if (e != OK) assert_true(fault.line >= 1 && fault.text[0]);
    for (size_t i = 0; e == OK && i < scn_instances(f->cases[0]); i++) {
        struct scn_plan *p;
        e = scn_plan(env, f->cases[0], i, lookup, NULL, &p, &fault);
        assert_int_equal(e == OK, p != NULL);
        if (e != OK) assert_true(fault.line >= 1 && fault.text[0]);
        scn_plan_free(p);
    }
    struct buf b;
    buf_init(&b, env->mem, 1 << 16);
    if (e == OK) e = scn_print(f->cases[0], &b);
    buf_done(&b);
    scn_file_free(f);
    return e;
}

static void survives_every_refused_allocation(void **state)
{
    (void)state;
    static const char *const texts[] = {
        example,
        HEAD "note a\nnote b\nneeds x y z\nlet a=1 b=$a\nvary c=1|2|3 d=$b|x\nlet e=\"$d$c\"\n"
             "far expect x|y|z k=$a l!=1|2 within ${a}s -> weak \"t $e\"\nor $e\n"
             "send m k=$e but f=$e, $a$c.x += 1, swap a b, insert q \"$d\", cut 1\n",
    };
    for (size_t t = 0; t < 2; t++) {
        size_t n = 1;
        for (;; n++) {
            struct failing fail = {.fail_at = n};
            struct mem mem = {&fail, failing_resize, failing_release};
            struct env env = env_libc();
            env.mem = &mem;
            err e = whole(&env, texts[t]);
            assert_int_equal(fail.held, 0);
            if (fail.calls < n) {
                assert_int_equal(e, OK);
                break;
            }
            assert_int_equal(e, ERR_MEM);
        }
        assert_true(n > 50);
    }
}

static void takes_nothing_for_nothing(void **state)
{
    (void)state;
    struct env env = env_libc();
    struct scn_file *f;
    scn_file_free(NULL);
    scn_plan_free(NULL);
    assert_int_equal(scn_parse(&env, NULL, slice_str("x"), &f, NULL), ERR_PEER); /* no fault wanted */
    assert_int_equal(scn_parse(&env, NULL, slice_str(HEAD TAIL), &f, NULL), OK);
    assert_string_equal(f->cases[0]->file, "");
    struct scn_plan *p;
    assert_int_equal(scn_plan(&env, f->cases[0], 1, NULL, NULL, &p, NULL), ERR_USE);
    scn_file_free(f);
}

/* --- the reference
 * ------------------------------------------------------------------------------------------------- */

/* Every case that docs/scenarios.md shows is one. */
static void reference_shows_true_cases(void **state)
{
    (void)state;
    static char text[1 << 16];
    FILE *f = fopen(SOURCE_DIR "/docs/scenarios.md", "rb");
    assert_non_null(f);
    text[fread(text, 1, sizeof text - 1, f)] = 0;
    fclose(f);
    size_t seen = 0;
    for (const char *p = text; (p = strstr(p, "```\ncase ")) != NULL; seen++) {
        p += 4;
        const char *end = strstr(p, "```");
        assert_non_null(end);
        scn_file_free(parsed(p, (size_t)(end - p)));
        p = end;
    }
    assert_true(seen >= 2);
}

/* --- the generator of cases_gen.c
 * ------------------------------------------------------------------------------------ */

static void write_file(const char *path, const char *p, size_t n)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(p, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

/* Compiles nothing: what it writes is read as text. */
static void generator_sorts_and_escapes(void **state)
{
    (void)state;
    char dir[] = "/tmp/scn_test.XXXXXX", path[128], cmd[1024], text[1024];
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/b.scn", dir);
    write_file(path, "q?\"\\\t1\nz\0\xff", 10);
    snprintf(path, sizeof path, "%s/a.scn", dir);
    write_file(path, "", 0);
    snprintf(cmd, sizeof cmd,
             "cd '%s' && python3 '%s/scripts/gen-cases' --out gen/o.c --root . b.scn ./a.scn", dir,
             SOURCE_DIR);
    assert_int_equal(system(cmd), 0);
    snprintf(path, sizeof path, "%s/gen/o.c", dir);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    text[fread(text, 1, sizeof text - 1, f)] = 0;
    fclose(f);
    const char *a = strstr(text, "{\"a.scn\", (const unsigned char *)\n     \"\",\n     0},\n");
    const char *b = strstr(text, "{\"b.scn\", (const unsigned char *)\n     \"q\\077\\042\\134\\0111\\n\"\n"
                                 "     \"z\\000\\377\",\n     10},\n    {0, 0, 0},\n};\n"
                                 "const size_t scn_source_count = 2;\n");
    if (!a || !b || a > b) fail_msg("%s", text);
    snprintf(cmd, sizeof cmd,
             "cd '%s' && python3 '%s/scripts/gen-cases' --out n.c --root . && grep -q 'count = 0' n.c", dir,
             SOURCE_DIR);
    assert_int_equal(system(cmd), 0);
    snprintf(cmd, sizeof cmd, "rm -r '%s'", dir);
    assert_int_equal(system(cmd), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parses_the_example),
        cmocka_unit_test(reads_every_kind_of_value),
        cmocka_unit_test(reads_several_cases),
        cmocka_unit_test(says_what_is_wrong),
        cmocka_unit_test(keeps_its_limits),
        cmocka_unit_test(keeps_the_limit_of_cases),
        cmocka_unit_test(names_cannot_multiply_without_end),
        cmocka_unit_test(plans_the_cross_product),
        cmocka_unit_test(plans_every_part),
        cmocka_unit_test(plan_says_what_is_wrong),
        cmocka_unit_test(prints_what_parses_to_the_same),
        cmocka_unit_test(prints_to_be_read),
        cmocka_unit_test(prints_planned_statements),
        cmocka_unit_test(quotes_octets),
        cmocka_unit_test(survives_every_refused_allocation),
        cmocka_unit_test(takes_nothing_for_nothing),
        cmocka_unit_test(reference_shows_true_cases),
        cmocka_unit_test(generator_sorts_and_escapes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
