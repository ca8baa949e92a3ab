/* SPDX-License-Identifier: MIT */
/* Plans of cases, cases printed, and both with memory short. */
#include "test/scn_help.h"

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

/* --- plans
 * -----------------------------------------------------------------------------------------------------------
 */

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
    static const struct {
        const char *text;
        int line, column;
        const char *says;
    } plans[] = {
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

int main(void)
{
    const struct CMUnitTest tests[] = {
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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
