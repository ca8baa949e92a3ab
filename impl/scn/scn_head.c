/* SPDX-License-Identifier: MIT */
/* The head of a case: everything before its first body statement, and what a case owes at its end. */
#include "scn/scn_impl.h"

#include <string.h>

err scn_keep(struct scn_parser *p, struct scn_octets *out)
{
    slice s = buf_slice(&p->lex.word);
    out->p = scn_pool_dup(p->pool, s);
    out->n = s.n;
    return out->p ? OK : scn_pool_why(p->pool);
}

err scn_keep_str(struct scn_parser *p, slice s, char **out)
{
    *out = scn_pool_dup(p->pool, s);
    return *out ? OK : scn_pool_why(p->pool);
}

err scn_keep_values(struct scn_parser *p, unsigned how, struct scn_octets **value, size_t *values)
{
    bool more = true;
    while (more) {
        if (*values == SCN_MAX_ALTS) {
            struct scn_mark m = scn_lex_mark(&p->lex);
            return scn_fault_set(p->lex.fault, ERR_LIMIT, m.line, m.column,
                                 "a value has at most %d alternatives", SCN_MAX_ALTS);
        }
        TRY(scn_lex_value(&p->lex, how, &more));
        struct scn_octets *v = scn_pool_grow(p->pool, *value, *values, sizeof *v);
        if (!v) return scn_pool_why(p->pool);
        *value = v;
        TRY(scn_keep(p, &v[*values]));
        ++*values;
    }
    return OK;
}

static err full(struct scn_parser *p, struct scn_mark m, const char *what)
{
    return scn_fault_set(p->lex.fault, ERR_LIMIT, m.line, m.column, "a case has at most %d %s", SCN_MAX_LIST,
                         what);
}

static bool is_id(slice s)
{
    if (s.n == 0 || s.n > SCN_MAX_NAME) return false;
    for (size_t i = 0; i < s.n; i++) {
        uint8_t c = s.p[i];
        bool edge = i == 0 || i + 1 == s.n || s.p[i - 1] == '/';
        if (c == '/' ? edge : !scn_ident_char(c) && c != '.' && c != '-') return false;
    }
    return true;
}

static err head_case(struct scn_parser *p, struct scn_mark m)
{
    char show[SCN_SHOW];
    if (p->c) TRY(scn_head_finish(p));
    struct scn_mark at = scn_lex_mark(&p->lex);
    slice id = scn_lex_run(&p->lex);
    if (!is_id(id))
        return scn_lex_fault(&p->lex, at,
                             "\"%s\" is no case id: write words of letters, digits, . _ - joined by /",
                             scn_show(id, show));
    for (size_t i = 0; i < p->file->n; i++)
        if (slice_eq(id, slice_str(p->file->cases[i]->id)))
            return scn_lex_fault(&p->lex, at, "case %s was begun on line %d already: ids are unique",
                                 scn_show(id, show), p->file->cases[i]->line);
    if (p->file->n == SCN_MAX_CASES)
        return scn_fault_set(p->lex.fault, ERR_LIMIT, m.line, m.column, "a file holds at most %d cases",
                             SCN_MAX_CASES);
    struct scn_case **list = scn_pool_grow(p->pool, p->file->cases, p->file->n, sizeof *list);
    if (!list) return scn_pool_why(p->pool);
    p->file->cases = list;
    struct scn_case *c = scn_pool_new(p->pool, sizeof *c);
    if (!c) return scn_pool_why(p->pool);
    c->line = m.line;
    TRY(scn_keep_str(p, id, &c->id));
    TRY(scn_keep_str(p, slice_str(p->path), &c->file));
    list[p->file->n++] = p->c = c;
    p->lex.names = c;
    scn_lex_pass(&p->lex, id.n);
    return OK;
}

/* The text of a title or note, in l->word. */
static err head_text(struct scn_parser *p, const char *word)
{
    struct scn_mark at = scn_lex_mark(&p->lex);
    TRY(scn_lex_rest(&p->lex));
    slice s = buf_slice(&p->lex.word);
    if (s.n == 0) return scn_lex_fault(&p->lex, at, "%s takes a text", word);
    if (memchr(s.p, 0, s.n)) return scn_lex_fault(&p->lex, at, "a %s holds no \\0", word);
    return OK;
}

static err head_title(struct scn_parser *p, struct scn_mark m)
{
    if (p->c->title) return scn_lex_fault(&p->lex, m, "a second title; more words go into a note");
    TRY(head_text(p, "title"));
    return scn_keep_str(p, buf_slice(&p->lex.word), &p->c->title);
}

static err head_note(struct scn_parser *p, struct scn_mark m)
{
    TRY(head_text(p, "note"));
    slice s = buf_slice(&p->lex.word);
    if (!p->c->note) return scn_keep_str(p, s, &p->c->note);
    size_t n = strlen(p->c->note);
    if (n + 1 + s.n > SCN_MAX_STRING)
        return scn_fault_set(p->lex.fault, ERR_LIMIT, m.line, m.column,
                             "the notes of a case hold at most %d octets", SCN_MAX_STRING);
    char *joined = scn_pool_new(p->pool, n + 1 + s.n + 1);
    if (!joined) return scn_pool_why(p->pool);
    memcpy(joined, p->c->note, n);
    joined[n] = ' ';
    memcpy(joined + n + 1, s.p, s.n);
    p->c->note = joined;
    return OK;
}

static err head_about(struct scn_parser *p, struct scn_mark m)
{
    char show[SCN_SHOW];
    if (p->c->about) return scn_lex_fault(&p->lex, m, "a second about; a case has one topic");
    scn_lex_blank(&p->lex);
    struct scn_mark at = scn_lex_mark(&p->lex);
    slice s = scn_lex_run(&p->lex);
    for (size_t i = 0; scn_topics[i] && !p->c->about; i++)
        if (slice_eq(s, slice_str(scn_topics[i]))) p->c->about = scn_topics[i];
    if (!p->c->about) return scn_lex_fault(&p->lex, at, "unknown topic %s: a case may be about %s", scn_show(s, show), scn_topics[0]);
    scn_lex_pass(&p->lex, s.n);
    scn_lex_blank(&p->lex);
    at = scn_lex_mark(&p->lex);
    return scn_lex_eol(&p->lex) ? OK : scn_lex_fault(&p->lex, at, "about takes one topic");
}

static err head_clause(struct scn_parser *p)
{
    struct scn_case *c = p->c;
    for (bool any = false;; any = true) {
        char show[SCN_SHOW];
        scn_lex_blank(&p->lex);
        struct scn_mark at = scn_lex_mark(&p->lex);
        if (scn_lex_eol(&p->lex))
            return any ? OK : scn_lex_fault(&p->lex, at, "clause takes one or more clause ids");
        slice id = scn_lex_run(&p->lex);
        enum clause_id found = clause_find(id);
        if (id.n == 0 || (int)found == 0)
            return scn_lex_fault(&p->lex, at, "unknown clause %s: see draftproof clauses",
                                 scn_show(id, show));
        for (size_t i = 0; i < c->clauses; i++)
            if (c->clause[i] == found)
                return scn_lex_fault(&p->lex, at, "clause %s is cited twice", scn_show(id, show));
        if (c->clauses == SCN_MAX_LIST) return full(p, at, "clauses");
        enum clause_id *list = scn_pool_grow(p->pool, c->clause, c->clauses, sizeof *list);
        if (!list) return scn_pool_why(p->pool);
        c->clause = list;
        list[c->clauses++] = found;
        scn_lex_pass(&p->lex, id.n);
    }
}

/* against and needs: one or more names. */
static err head_names(struct scn_parser *p, const char *word, char ***list, size_t *n)
{
    for (bool any = false;; any = true) {
        char show[SCN_SHOW];
        scn_lex_blank(&p->lex);
        struct scn_mark at = scn_lex_mark(&p->lex);
        if (scn_lex_eol(&p->lex))
            return any ? OK : scn_lex_fault(&p->lex, at, "%s takes one or more names", word);
        slice s = scn_lex_run(&p->lex);
        if (!scn_is_name(s))
            return scn_lex_fault(&p->lex, at,
                                 "\"%s\" is no name for %s: write a word, or several with blanks between",
                                 scn_show(s, show), word);
        for (size_t i = 0; i < *n; i++)
            if (slice_eq(s, slice_str((*list)[i])))
                return scn_lex_fault(&p->lex, at, "%s %s stands twice", word, scn_show(s, show));
        if (*n == SCN_MAX_LIST) return full(p, at, "names of this kind");
        char **more = scn_pool_grow(p->pool, *list, *n, sizeof *more);
        if (!more) return scn_pool_why(p->pool);
        *list = more;
        TRY(scn_keep_str(p, s, &more[*n]));
        ++*n;
        scn_lex_pass(&p->lex, s.n);
    }
}

static const struct scn_var *var_find(const struct scn_case *c, slice name)
{
    for (size_t i = 0; i < c->lets; i++)
        if (slice_eq(name, slice_str(c->let[i].name))) return &c->let[i];
    for (size_t i = 0; i < c->varies; i++)
        if (slice_eq(name, slice_str(c->vary[i].name))) return &c->vary[i];
    return NULL;
}

static err head_var(struct scn_parser *p, struct scn_mark at, int line, unsigned how, struct scn_var **list,
                    size_t *n)
{
    char show[SCN_SHOW];
    slice run = scn_lex_run(&p->lex);
    slice name = slice_sub(run, 0, slice_find(run, SLICE_LIT("=")));
    if (name.n == run.n || !scn_is_ident(name))
        return scn_lex_fault(&p->lex, at,
                             "\"%s\" sets nothing: write NAME=VALUE, a name of letters, digits and _",
                             scn_show(name, show));
    const struct scn_var *twice = var_find(p->c, name);
    if (twice)
        return scn_lex_fault(&p->lex, at, "$%s is set on line %d already", scn_show(name, show), twice->line);
    if (*n == SCN_MAX_LIST) return full(p, at, "names of this kind");
    scn_lex_pass(&p->lex, name.n + 1);
    struct scn_var v = {.line = line};
    TRY(scn_keep_values(p, how, &v.value, &v.values));
    TRY(scn_keep_str(p, name, &v.name));
    struct scn_var *more = scn_pool_grow(p->pool, *list, *n, sizeof *more);
    if (!more) return scn_pool_why(p->pool);
    *list = more;
    more[(*n)++] = v; /* only now can its name be used: a value never names itself */
    return OK;
}

static err head_vars(struct scn_parser *p, struct scn_mark m, bool vary)
{
    struct scn_case *c = p->c;
    size_t n = 0;
    for (;; n++) {
        scn_lex_blank(&p->lex);
        struct scn_mark at = scn_lex_mark(&p->lex);
        if (scn_lex_eol(&p->lex)) {
            if (n) return OK;
            return scn_lex_fault(&p->lex, at, vary ? "vary takes NAME=a|b|c" : "let takes NAME=VALUE");
        }
        if (n == SCN_MAX_ARGS)
            return scn_fault_set(p->lex.fault, ERR_LIMIT, at.line, at.column,
                                 "a statement has at most %d arguments", SCN_MAX_ARGS);
        if (vary)
            TRY(head_var(p, at, m.line, SCN_LEX_ALTS, &c->vary, &c->varies));
        else
            TRY(head_var(p, at, m.line, 0, &c->let, &c->lets));
    }
}

err scn_head(struct scn_parser *p, enum scn_word w, struct scn_mark m)
{
    struct scn_case *c = p->c;
    scn_lex_blank(&p->lex);
    if (w == SCN_CASE) return head_case(p, m);
    if (c->stmts)
        return scn_lex_fault(&p->lex, m,
                             "`%s` belongs before the first of reach, send, raw, expect, never, do",
                             scn_word_name(w));
    switch (w) {
    case SCN_TITLE:
        return head_title(p, m);
    case SCN_NOTE:
        return head_note(p, m);
    case SCN_ABOUT:
        return head_about(p, m);
    case SCN_CLAUSE:
        return head_clause(p);
    case SCN_AGAINST:
        return head_names(p, "against", &c->against, &c->againsts);
    case SCN_NEEDS:
        return head_names(p, "needs", &c->needs, &c->need_count);
    case SCN_LET:
        return head_vars(p, m, false);
    case SCN_VARY:
        return head_vars(p, m, true);
    case SCN_CASE:
    case SCN_REACH:
    case SCN_SEND:
    case SCN_RAW:
    case SCN_EXPECT:
    case SCN_OR:
    case SCN_NEVER:
    case SCN_DO:
        break;
    }
    return ERR_USE;
}

err scn_head_finish(struct scn_parser *p)
{
    const struct scn_case *c = p->c;
    struct scn_mark m = {c->line, 1};
    char show[SCN_SHOW];
    const char *id = scn_show(slice_str(c->id), show);
    bool verdict = false;
    for (size_t i = 0; i < c->stmts; i++)
        verdict = verdict || c->stmt[i].verdict != SCN_NEXT;
    if (!c->title) return scn_lex_fault(&p->lex, m, "case %s has no title line", id);
    if (!c->clauses) return scn_lex_fault(&p->lex, m, "case %s cites no clause: add a clause line", id);
    if (!c->againsts)
        return scn_lex_fault(&p->lex, m, "case %s has no against line, which names the role under test", id);
    if (!c->stmts) return scn_lex_fault(&p->lex, m, "case %s has no body: nothing is sent or expected", id);
    if (!verdict)
        return scn_lex_fault(&p->lex, m, "case %s has no way to a verdict: end an expect line with -> pass",
                             id);
    size_t instances = 1;
    for (size_t i = 0; i < c->varies; i++) {
        instances *= c->vary[i].values;
        if (instances > SCN_MAX_INSTANCES)
            return scn_fault_set(p->lex.fault, ERR_LIMIT, c->vary[i].line, 1,
                                 "the vary lines of case %s make more than %d instances", id,
                                 SCN_MAX_INSTANCES);
    }
    return OK;
}
