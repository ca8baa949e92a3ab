/* SPDX-License-Identifier: MIT */
#include "scn/scn_impl.h"

#include <string.h>

struct scn_file_own {
    struct scn_file file; /* first: what the caller holds */
    struct scn_pool pool;
};

static bool judges(enum scn_word w)
{
    return w == SCN_EXPECT || w == SCN_OR || w == SCN_NEVER;
}

static err too_many(struct scn_parser *p, const char *what)
{
    struct scn_mark m = scn_lex_mark(&p->lex);
    return scn_fault_set(p->lex.fault, ERR_LIMIT, m.line, m.column, "a statement has at most %d %s",
                         SCN_MAX_ARGS, what);
}

static bool clause_word(slice s)
{
    return slice_eq(s, SLICE_LIT("but")) || slice_eq(s, SLICE_LIT("within")) || slice_eq(s, SLICE_LIT("->"));
}

/* The key of "key=" or "key!=" at the front of run, passed; none when the run is a positional argument. */
static err arg_key(struct scn_parser *p, struct scn_stmt *s, slice run, struct scn_arg *a)
{
    struct scn_mark m = scn_lex_mark(&p->lex);
    char show[SCN_SHOW];
    size_t eq = slice_find(run, SLICE_LIT("="));
    if (eq == run.n || slice_find(run, SLICE_LIT("\"")) < eq) return OK;
    a->negated = eq && run.p[eq - 1] == '!';
    slice key = slice_sub(run, 0, eq - a->negated);
    if (!scn_is_name(key))
        return scn_lex_fault(&p->lex, m,
                             "\"%s\" is no key: write key=value without blanks; quote a value that holds a =",
                             scn_show(key, show));
    if (slice_eq(key, SLICE_LIT("within")) || slice_eq(key, SLICE_LIT("but")))
        return scn_lex_fault(&p->lex, m, "`%s` takes no =: write %s", scn_show(key, show),
                             key.n == 3 ? "but field=value" : "within 3s");
    if (a->negated && !judges(s->word))
        return scn_lex_fault(&p->lex, m, "!= stands in expect, or and never only");
    scn_lex_pass(&p->lex, eq + 1);
    return scn_keep_str(p, key, &a->key);
}

static err parse_args(struct scn_parser *p, struct scn_stmt *s)
{
    for (;;) {
        scn_lex_blank(&p->lex);
        slice run = scn_lex_run(&p->lex);
        if (scn_lex_eol(&p->lex) || clause_word(run)) return OK;
        if (slice_starts(run, SLICE_LIT("->")))
            return scn_lex_fault(&p->lex, scn_lex_mark(&p->lex), "a blank must follow ->");
        if (s->args == SCN_MAX_ARGS) return too_many(p, "arguments");
        struct scn_arg a = {0}, *list;
        TRY(arg_key(p, s, run, &a));
        TRY(scn_keep_values(p, judges(s->word) ? SCN_LEX_ALTS : 0, &a.value, &a.values));
        list = scn_pool_grow(p->pool, s->arg, s->args, sizeof *list);
        if (!list) return scn_pool_why(p->pool);
        s->arg = list;
        list[s->args++] = a;
    }
}

/* "=", "+=" or "-=" here, passed. */
static bool set_op(struct scn_lex *l, enum scn_op *op)
{
    slice rest = slice_sub(l->text, l->at, l->text.n);
    if (slice_starts(rest, SLICE_LIT("=")))
        *op = SCN_SET;
    else if (slice_starts(rest, SLICE_LIT("+=")))
        *op = SCN_ADD;
    else if (slice_starts(rest, SLICE_LIT("-=")))
        *op = SCN_SUB;
    else
        return false;
    scn_lex_pass(l, *op == SCN_SET ? 1 : 2);
    return true;
}

static err keep_field(struct scn_parser *p, const char *op, char **out)
{
    scn_lex_blank(&p->lex);
    struct scn_mark m = scn_lex_mark(&p->lex);
    TRY(scn_lex_field(&p->lex));
    slice f = buf_slice(&p->lex.word);
    if (!f.n) return scn_lex_fault(&p->lex, m, "`%s` takes a field here", op);
    return scn_keep_str(p, f, out);
}

static err change_value(struct scn_parser *p, struct scn_change *c)
{
    bool more;
    scn_lex_blank(&p->lex);
    TRY(scn_lex_value(&p->lex, SCN_LEX_COMMA, &more));
    return scn_keep(p, &c->value);
}

static err parse_change(struct scn_parser *p, struct scn_change *c)
{
    scn_lex_blank(&p->lex);
    struct scn_mark m = scn_lex_mark(&p->lex);
    static const char right[] =
        "a change is field=value, field+=value, field-=value, drop, dup, cut, swap or insert";
    char show[SCN_SHOW];
    TRY(scn_lex_field(&p->lex));
    slice word = buf_slice(&p->lex.word);
    if (!word.n) return scn_lex_fault(&p->lex, m, "%s", right);
    if (scn_op_find(word, &c->op)) {
        const char *op = scn_op_name(c->op);
        int next = scn_lex_peek(&p->lex);
        if (next == '=' || next == '"')
            return scn_lex_fault(&p->lex, m, "`%s` is a change of its own, no field: write %s and a blank",
                                 op, op);
        if (c->op != SCN_CUT) TRY(keep_field(p, op, &c->field));
        if (c->op == SCN_SWAP) TRY(keep_field(p, op, &c->field2));
        return c->op == SCN_CUT || c->op == SCN_INSERT ? change_value(p, c) : OK;
    }
    TRY(scn_keep_str(p, word, &c->field));
    scn_lex_blank(&p->lex);
    if (!set_op(&p->lex, &c->op))
        return scn_lex_fault(&p->lex, m, "what of %s? %s", scn_show(slice_str(c->field), show), right);
    return change_value(p, c);
}

static err parse_but(struct scn_parser *p, struct scn_stmt *s)
{
    struct scn_mark m = scn_lex_mark(&p->lex);
    if (judges(s->word))
        return scn_lex_fault(&p->lex, m, "`but` changes what we send: it cannot follow %s",
                             scn_word_name(s->word));
    scn_lex_pass(&p->lex, 3);
    for (;;) {
        if (s->changes == SCN_MAX_ARGS) return too_many(p, "changes");
        struct scn_change *list = scn_pool_grow(p->pool, s->change, s->changes, sizeof *list);
        if (!list) return scn_pool_why(p->pool);
        s->change = list;
        list[s->changes] = (struct scn_change){0};
        TRY(parse_change(p, &list[s->changes++]));
        scn_lex_blank(&p->lex);
        if (scn_lex_peek(&p->lex) != ',') return OK;
        scn_lex_pass(&p->lex, 1);
    }
}

/* What can be a time: one as it is, or with names replaced. */
static bool time_like(slice t, int64_t *ms)
{
    struct scn_piece piece;
    size_t at = 0;
    if (!scn_has_names(t)) return scn_time(t, ms);
    while (scn_piece_next(t, false, &at, &piece))
        for (size_t i = 0; !piece.name && i < piece.s.n; i++)
            if (!scn_ident_char(piece.s.p[i])) return false;
    return true;
}

static err parse_within(struct scn_parser *p, struct scn_stmt *s)
{
    bool more;
    scn_lex_pass(&p->lex, 6);
    scn_lex_blank(&p->lex);
    struct scn_mark m = scn_lex_mark(&p->lex);
    char show[SCN_SHOW];
    if (scn_lex_eol(&p->lex) || scn_lex_peek(&p->lex) == '"')
        return scn_lex_fault(&p->lex, m, "within takes a time, 250ms, 3s or 1m, without quotes");
    TRY(scn_lex_value(&p->lex, 0, &more));
    slice t = buf_slice(&p->lex.word);
    if (!time_like(t, &s->within_ms))
        return scn_lex_fault(&p->lex, m, "\"%s\" is no time: write 250ms, 3s or 1m, at most a day",
                             scn_show(t, show));
    return scn_keep_str(p, t, &s->within);
}

static err parse_verdict(struct scn_parser *p, struct scn_stmt *s)
{
    struct scn_mark m = scn_lex_mark(&p->lex);
    char show[SCN_SHOW];
    bool more;
    if (s->word == SCN_SEND || s->word == SCN_RAW)
        return scn_lex_fault(&p->lex, m, "%s has no verdict: put -> on an expect, or or never line",
                             scn_word_name(s->word));
    scn_lex_pass(&p->lex, 2);
    scn_lex_blank(&p->lex);
    m = scn_lex_mark(&p->lex);
    slice v = scn_lex_eol(&p->lex) ? SLICE_NONE : scn_lex_run(&p->lex);
    if (!scn_verdict_find(v, &s->verdict)) {
        const char *near = scn_verdict_near(v);
        if (near)
            return scn_lex_fault(&p->lex, m, "unknown verdict %s: did you mean `%s`?", scn_show(v, show),
                                 near);
        return scn_lex_fault(&p->lex, m, "-> takes pass, weak, fail, inconc, skip or next%s%s",
                             v.n ? ", not " : "", v.n ? scn_show(v, show) : "");
    }
    s->verdict_given = true;
    scn_lex_pass(&p->lex, v.n);
    scn_lex_blank(&p->lex);
    if (scn_lex_eol(&p->lex)) return OK;
    m = scn_lex_mark(&p->lex);
    if (scn_lex_peek(&p->lex) != '"')
        return scn_lex_fault(&p->lex, m,
                             "only a quoted text may follow the verdict; but and within stand before the ->");
    TRY(scn_lex_value(&p->lex, 0, &more));
    slice text = buf_slice(&p->lex.word);
    if (memchr(text.p ? text.p : (const uint8_t *)"", 0, text.n))
        return scn_lex_fault(&p->lex, m, "the text of a verdict holds no \\0");
    return scn_keep_str(p, text, &s->text);
}

static err parse_tail(struct scn_parser *p, struct scn_stmt *s)
{
    if (slice_eq(scn_lex_run(&p->lex), SLICE_LIT("but"))) TRY(parse_but(p, s));
    scn_lex_blank(&p->lex);
    if (slice_eq(scn_lex_run(&p->lex), SLICE_LIT("within"))) TRY(parse_within(p, s));
    scn_lex_blank(&p->lex);
    if (slice_eq(scn_lex_run(&p->lex), SLICE_LIT("->"))) TRY(parse_verdict(p, s));
    scn_lex_blank(&p->lex);
    if (scn_lex_eol(&p->lex)) return OK;
    return scn_lex_fault(&p->lex, scn_lex_mark(&p->lex), "%s",
                         s->verdict_given ? "nothing may follow the text of a verdict"
                         : s->within      ? "only -> and a verdict may follow within"
                                          : "changes are separated by , and end with the line, within or ->");
}

/* What each word asks of its arguments. */
static err check_args(struct scn_parser *p, const struct scn_stmt *s, struct scn_mark m)
{
    static const char *const wants[] = {
        [SCN_REACH] = "a state",  [SCN_SEND] = "a message",  [SCN_RAW] = "a quoted string of octets, or pattern=N, or fill=N size=N",
        [SCN_DO] = "a verb",      [SCN_EXPECT] = "an event", [SCN_OR] = "an event",
        [SCN_NEVER] = "an event",
    };
    const struct scn_arg *first = scn_first(s);
    bool enough = judges(s->word) || s->word == SCN_RAW ? s->args > 0 : first != NULL;
    if (enough) return OK;
    return scn_lex_fault(&p->lex, m, "`%s` takes %s", scn_word_name(s->word), wants[s->word]);
}

/* An "or" belongs to the expect above it and hears the same end unless it names one. */
static err check_or(struct scn_parser *p, struct scn_stmt *s, struct scn_mark m)
{
    const struct scn_case *c = p->c;
    size_t i = c->stmts;
    if (i == 0 || (c->stmt[i - 1].word != SCN_EXPECT && c->stmt[i - 1].word != SCN_OR))
        return scn_lex_fault(&p->lex, m, "`or` must follow `expect` or `or`");
    while (c->stmt[i - 1].word == SCN_OR)
        i--;
    const char *end = c->stmt[i - 1].end;
    return s->end || !end ? OK : scn_keep_str(p, slice_str(end), &s->end);
}

static err parse_body(struct scn_parser *p, enum scn_word w, slice end, struct scn_mark m)
{
    struct scn_case *c = p->c;
    struct scn_stmt s = {.word = w, .line = m.line, .within_ms = -1};
    s.verdict = w == SCN_NEVER ? SCN_FAIL : SCN_NEXT;
    if (end.n) TRY(scn_keep_str(p, end, &s.end));
    if (w == SCN_OR) TRY(check_or(p, &s, m));
    if (c->stmts == SCN_MAX_STMTS)
        return scn_fault_set(p->lex.fault, ERR_LIMIT, m.line, m.column, "a case has at most %d statements",
                             SCN_MAX_STMTS);
    TRY(parse_args(p, &s));
    TRY(check_args(p, &s, m));
    TRY(parse_tail(p, &s));
    struct scn_stmt *list = scn_pool_grow(p->pool, c->stmt, c->stmts, sizeof *list);
    if (!list) return scn_pool_why(p->pool);
    c->stmt = list;
    list[c->stmts++] = s;
    return OK;
}

static err unknown_word(struct scn_parser *p, slice run, struct scn_mark m)
{
    const char *near = scn_word_near(run);
    char show[SCN_SHOW];
    if (near)
        return scn_lex_fault(&p->lex, m, "unknown word %s: did you mean `%s`?", scn_show(run, show), near);
    return scn_lex_fault(
        &p->lex, m, "a line begins with a word such as send or expect, or an end before one, not with %s",
        scn_show(run, show));
}

static err parse_stmt(struct scn_parser *p)
{
    struct scn_mark m = scn_lex_mark(&p->lex);
    slice run = scn_lex_run(&p->lex), end = SLICE_NONE;
    char show[SCN_SHOW];
    enum scn_word w;
    if (!scn_word_find(run, &w)) {
        slice next;
        end = run;
        scn_lex_pass(&p->lex, run.n);
        scn_lex_blank(&p->lex);
        next = scn_lex_run(&p->lex);
        if (!scn_is_name(end) || !scn_word_find(next, &w)) return unknown_word(p, end, m);
        if (w < SCN_REACH)
            return scn_lex_fault(&p->lex, m,
                                 "%s: an end stands before reach, send, raw, expect, or, never and do only",
                                 scn_show(end, show));
        run = next;
    }
    scn_lex_pass(&p->lex, run.n);
    if (!p->c && w != SCN_CASE)
        return scn_lex_fault(&p->lex, m, "a file begins with a case line: case proto/section/name");
    if (w >= SCN_REACH) return parse_body(p, w, end, m);
    TRY(scn_head(p, w, m));
    scn_lex_blank(&p->lex);
    if (scn_lex_eol(&p->lex)) return OK;
    return scn_lex_fault(&p->lex, scn_lex_mark(&p->lex), "nothing may follow here but a comment");
}

static err parse_all(struct scn_parser *p)
{
    while (!scn_lex_end(&p->lex)) {
        scn_lex_blank(&p->lex);
        if (!scn_lex_eol(&p->lex)) TRY(parse_stmt(p));
        scn_lex_next_line(&p->lex);
    }
    if (!p->c)
        return scn_lex_fault(&p->lex, (struct scn_mark){1, 1},
                             "no case here: begin with case proto/section/name");
    return scn_head_finish(p);
}

err scn_parse(const struct env *env, const char *file, slice text, struct scn_file **out,
              struct scn_fault *fault)
{
    struct scn_fault unseen;
    if (!fault) fault = &unseen;
    *fault = (struct scn_fault){0};
    *out = NULL;
    if (text.n > SCN_MAX_TEXT)
        return scn_fault_set(fault, ERR_LIMIT, 1, 1, "a scenario file holds at most %d octets", SCN_MAX_TEXT);
    struct scn_file_own *own = mem_new(env->mem, sizeof *own);
    if (!own) return scn_fault_why(fault, ERR_MEM, 1);
    own->file.mem = env->mem;
    scn_pool_init(&own->pool, env->mem, SCN_MAX_HELD);
    struct scn_parser p = {.pool = &own->pool, .file = &own->file, .path = file ? file : ""};
    scn_lex_init(&p.lex, env->mem, text, fault);
    err e = parse_all(&p);
    if (e != OK) {
        e = scn_fault_why(fault, e, p.lex.line);
        scn_file_free(&own->file);
    } else {
        *out = &own->file;
    }
    scn_lex_done(&p.lex);
    return e;
}

void scn_file_free(struct scn_file *f)
{
    if (!f) return;
    struct scn_file_own *own = (struct scn_file_own *)f;
    const struct mem *mem = f->mem;
    scn_pool_done(&own->pool);
    mem_free(mem, own);
}
