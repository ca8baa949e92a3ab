/* SPDX-License-Identifier: MIT */
#include "scn/scn_impl.h"

#include <string.h>

enum { WORD_WIDTH = 8 }; /* "against " */

/* Octets that need no quotes wherever a value stands. */
static bool bare(uint8_t c)
{
    return scn_name_char(c) || c == '+' || c == '%';
}

static bool value_is_bare(slice v, bool planned)
{
    struct scn_piece piece;
    size_t at = 0;
    if (v.n == 0 || slice_eq(v, SLICE_LIT("but")) || slice_eq(v, SLICE_LIT("within"))) return false;
    while (scn_piece_next(v, planned, &at, &piece))
        for (size_t i = 0; !piece.name && i < piece.s.n; i++)
            if (!bare(piece.s.p[i])) return false;
    return true;
}

static err print_escaped(slice s, struct buf *out)
{
    static const char from[] = "\r\n\t\\\"$", to[] = "rnt\\\"$";
    for (size_t i = 0; i < s.n; i++) {
        uint8_t c = s.p[i];
        const char *e = c ? strchr(from, c) : NULL;
        if (!c)
            TRY(buf_add_str(out, "\\0"));
        else if (e)
            TRY(buf_addf(out, "\\%c", to[e - from]));
        else if (c < 0x20 || c > 0x7e)
            TRY(buf_addf(out, "\\x%02x", c));
        else
            TRY(buf_add_byte(out, c));
    }
    return OK;
}

static err print_pieces(slice v, bool planned, struct buf *out)
{
    struct scn_piece piece, next;
    size_t at = 0;
    bool any = scn_piece_next(v, planned, &at, &piece);
    while (any) {
        any = scn_piece_next(v, planned, &at, &next);
        if (!piece.name) {
            TRY(print_escaped(piece.s, out));
        } else {
            bool joined = any && !next.name && next.s.n && scn_ident_char(next.s.p[0]);
            TRY(buf_add_str(out, joined ? "${" : "$"));
            TRY(buf_add(out, piece.s));
            if (joined) TRY(buf_add_byte(out, '}'));
        }
        piece = next;
    }
    return OK;
}

static err print_quoted(slice v, bool planned, struct buf *out)
{
    TRY(buf_add_byte(out, '"'));
    TRY(print_pieces(v, planned, out));
    return buf_add_byte(out, '"');
}

err scn_print_value(slice v, bool planned, struct buf *out)
{
    return value_is_bare(v, planned) ? print_pieces(v, planned, out) : print_quoted(v, planned, out);
}

err scn_quote(slice s, struct buf *out)
{
    return print_quoted(s, true, out);
}

static err print_octets(const struct scn_octets *v, size_t n, bool planned, struct buf *out)
{
    for (size_t i = 0; i < n; i++) {
        if (i) TRY(buf_add_byte(out, '|'));
        TRY(scn_print_value(slice_of(v[i].p, v[i].n), planned, out));
    }
    return OK;
}

static err print_change(const struct scn_change *c, bool planned, struct buf *out)
{
    bool named = c->op >= SCN_DROP; /* the change is a word before the field, not a sign behind it */
    if (named) TRY(buf_addf(out, " %s", scn_op_name(c->op)));
    if (c->field) {
        TRY(buf_add_byte(out, ' '));
        TRY(print_pieces(slice_str(c->field), planned, out));
    }
    if (c->field2) {
        TRY(buf_add_byte(out, ' '));
        TRY(print_pieces(slice_str(c->field2), planned, out));
    }
    if (c->op == SCN_DROP || c->op == SCN_DUP || c->op == SCN_SWAP) return OK;
    if (named)
        TRY(buf_add_byte(out, ' '));
    else if (c->op == SCN_SET)
        TRY(buf_add_byte(out, '='));
    else
        TRY(buf_addf(out, " %s ", scn_op_name(c->op)));
    return scn_print_value(slice_of(c->value.p, c->value.n), planned, out);
}

static err pad(struct buf *out, size_t from, size_t width)
{
    while (out->n - from < width)
        TRY(buf_add_byte(out, ' '));
    return OK;
}

/* width: columns of the end and the word, so that the lines of a case stand in columns. */
static err print_stmt(const struct scn_stmt *s, size_t width, struct buf *out)
{
    size_t from = out->n;
    if (s->end) TRY(buf_addf(out, "%s ", s->end));
    TRY(buf_add_str(out, scn_word_name(s->word)));
    TRY(pad(out, from, width));
    for (size_t i = 0; i < s->args; i++) {
        const struct scn_arg *a = &s->arg[i];
        TRY(buf_add_byte(out, ' '));
        if (a->key) TRY(buf_addf(out, "%s%s", a->key, a->negated ? "!=" : "="));
        TRY(print_octets(a->value, a->values, s->planned, out));
    }
    for (size_t i = 0; i < s->changes; i++) {
        TRY(buf_add_str(out, i ? "," : " but"));
        TRY(print_change(&s->change[i], s->planned, out));
    }
    if (s->within) {
        TRY(buf_add_str(out, " within "));
        TRY(print_pieces(slice_str(s->within), s->planned, out));
    }
    if (!s->verdict_given) return OK;
    TRY(buf_addf(out, " -> %s", scn_verdict_name(s->verdict)));
    if (!s->text) return OK;
    TRY(buf_add_byte(out, ' '));
    return print_quoted(slice_str(s->text), s->planned, out);
}

err scn_print_stmt(const struct scn_stmt *s, struct buf *out)
{
    return print_stmt(s, 0, out);
}

static err print_word(enum scn_word w, struct buf *out)
{
    size_t from = out->n;
    TRY(buf_add_str(out, scn_word_name(w)));
    return pad(out, from, WORD_WIDTH);
}

/* A title or note: as it is where the rest of a line can hold it. */
static err print_text(enum scn_word w, const char *text, struct buf *out)
{
    slice s = slice_str(text), trimmed = slice_trim(s);
    bool plain = s.n && trimmed.n == s.n && s.p[0] != '"';
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < 0x20 || s.p[i] == 0x7f || s.p[i] == '#' || s.p[i] == '\\') plain = false;
    TRY(print_word(w, out));
    TRY(buf_add_byte(out, ' '));
    TRY(plain ? buf_add(out, s) : print_quoted(s, true, out));
    return buf_add_byte(out, '\n');
}

static err print_names(enum scn_word w, char *const *list, size_t n, struct buf *out)
{
    if (n == 0) return OK;
    TRY(print_word(w, out));
    for (size_t i = 0; i < n; i++)
        TRY(buf_addf(out, " %s", list[i]));
    return buf_add_byte(out, '\n');
}

/* The variables of one statement: those that share a line. */
static err print_vars(enum scn_word w, const struct scn_var *v, size_t n, size_t *at, struct buf *out)
{
    int line = v[*at].line;
    TRY(print_word(w, out));
    for (; *at < n && v[*at].line == line; ++*at) {
        TRY(buf_addf(out, " %s=", v[*at].name));
        TRY(print_octets(v[*at].value, v[*at].values, false, out));
    }
    return buf_add_byte(out, '\n');
}

/* let and vary in the order written, as later ones may name earlier ones. */
static err print_all_vars(const struct scn_case *c, struct buf *out)
{
    size_t let = 0, vary = 0;
    while (let < c->lets || vary < c->varies) {
        bool first = vary == c->varies || (let < c->lets && c->let[let].line < c->vary[vary].line);
        if (first)
            TRY(print_vars(SCN_LET, c->let, c->lets, &let, out));
        else
            TRY(print_vars(SCN_VARY, c->vary, c->varies, &vary, out));
    }
    return OK;
}

err scn_print(const struct scn_case *c, struct buf *out)
{
    size_t width = WORD_WIDTH;
    TRY(print_word(SCN_CASE, out));
    TRY(buf_addf(out, " %s\n", c->id));
    TRY(print_text(SCN_TITLE, c->title, out));
    if (c->note) TRY(print_text(SCN_NOTE, c->note, out));
    TRY(print_word(SCN_CLAUSE, out));
    for (size_t i = 0; i < c->clauses; i++)
        TRY(buf_addf(out, " %s", clauses[c->clause[i]].id));
    TRY(buf_add_byte(out, '\n'));
    TRY(print_names(SCN_AGAINST, c->against, c->againsts, out));
    TRY(print_names(SCN_NEEDS, c->needs, c->need_count, out));
    if (c->about) {
        TRY(print_word(SCN_ABOUT, out));
        TRY(buf_addf(out, " %s\n", c->about));
    }
    TRY(print_all_vars(c, out));
    TRY(buf_add_byte(out, '\n'));
    for (size_t i = 0; i < c->stmts; i++) {
        size_t n = strlen(scn_word_name(c->stmt[i].word)) + (c->stmt[i].end ? strlen(c->stmt[i].end) + 1 : 0);
        if (n > width && n <= 2 * WORD_WIDTH) width = n;
    }
    for (size_t i = 0; i < c->stmts; i++) {
        TRY(print_stmt(&c->stmt[i], width, out));
        TRY(buf_add_byte(out, '\n'));
    }
    return OK;
}
