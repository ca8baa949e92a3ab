/* SPDX-License-Identifier: MIT */
/* Reading scenario files: values, faults, limits. */
#include "test/scn_help.h"

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
        "note one\nneeds tls x.y\nabout proxy-loops\nnote \"two # \\\"$q\\x41\"  # c\n"
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
    assert_string_equal(c->about, "proxy-loops");
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
    assert_int_equal(s[2].line, 16);
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
    {HEAD "about weather\n", 5, 7, "unknown topic weather: a case may be about proxy-loops"},
    {HEAD "about\n", 5, 6, "unknown topic"},
    {HEAD "about proxy-loops x\n", 5, 19, "one topic"},
    {HEAD "about proxy-loops\nabout proxy-loops\n", 6, 1, "second about"},
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
        cmocka_unit_test(parses_the_example),         cmocka_unit_test(reads_every_kind_of_value),
        cmocka_unit_test(reads_several_cases),        cmocka_unit_test(says_what_is_wrong),
        cmocka_unit_test(keeps_its_limits),           cmocka_unit_test(keeps_the_limit_of_cases),
        cmocka_unit_test(reference_shows_true_cases), cmocka_unit_test(generator_sorts_and_escapes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
