/* SPDX-License-Identifier: MIT */
#include "scn/scn_impl.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void scn_lex_init(struct scn_lex *l, const struct mem *mem, slice text, struct scn_fault *fault)
{
    *l = (struct scn_lex){.text = text, .line = 1, .fault = fault};
    buf_init(&l->word, mem, SCN_MAX_STRING);
    /* Some editors put a byte order mark in front; it is no part of the first word. */
    if (slice_starts(text, SLICE_LIT("\xef\xbb\xbf"))) l->at = l->line_at = 3;
}

void scn_lex_done(struct scn_lex *l)
{
    buf_done(&l->word);
}

struct scn_mark scn_lex_mark(const struct scn_lex *l)
{
    return (struct scn_mark){l->line, (int)(l->at - l->line_at) + 1};
}

err scn_lex_fault(struct scn_lex *l, struct scn_mark m, const char *fmt, ...)
{
    va_list ap;
    l->fault->line = m.line;
    l->fault->column = m.column;
    va_start(ap, fmt);
    vsnprintf(l->fault->text, sizeof l->fault->text, fmt, ap);
    va_end(ap);
    return ERR_PEER;
}

static int ahead(const struct scn_lex *l, size_t n)
{
    return l->text.n - l->at > n ? l->text.p[l->at + n] : -1;
}

int scn_lex_peek(const struct scn_lex *l)
{
    return ahead(l, 0);
}

bool scn_lex_end(const struct scn_lex *l)
{
    return l->at == l->text.n;
}

bool scn_lex_eol(const struct scn_lex *l)
{
    int c = ahead(l, 0);
    return c < 0 || c == '\n' || (c == '\r' && ahead(l, 1) == '\n');
}

void scn_lex_next_line(struct scn_lex *l)
{
    while (!scn_lex_end(l) && l->text.p[l->at] != '\n')
        l->at++;
    if (scn_lex_end(l)) return;
    l->line_at = ++l->at;
    l->line++;
}

/* A backslash right before the line end: the line goes on in the next. */
static bool continued(const struct scn_lex *l)
{
    return ahead(l, 0) == '\\' && (ahead(l, 1) == '\n' || (ahead(l, 1) == '\r' && ahead(l, 2) == '\n'));
}

static bool blank(const struct scn_lex *l)
{
    int c = ahead(l, 0);
    return c == ' ' || c == '\t' || continued(l);
}

void scn_lex_blank(struct scn_lex *l)
{
    while (blank(l)) {
        if (continued(l))
            scn_lex_next_line(l);
        else
            l->at++;
    }
    if (ahead(l, 0) == '#')
        while (!scn_lex_eol(l))
            l->at++;
}

slice scn_lex_run(const struct scn_lex *l)
{
    struct scn_lex at = *l;
    while (!scn_lex_eol(&at) && !blank(&at))
        at.at++;
    return slice_sub(l->text, l->at, at.at);
}

void scn_lex_pass(struct scn_lex *l, size_t n)
{
    l->at += n;
}

static err put(struct scn_lex *l, slice s)
{
    err e = buf_add(&l->word, s);
    if (e != ERR_LIMIT) return e;
    struct scn_mark m = scn_lex_mark(l);
    return scn_fault_set(l->fault, e, m.line, m.column, "a string holds at most %d octets", SCN_MAX_STRING);
}

static err put_byte(struct scn_lex *l, int c)
{
    uint8_t b = (uint8_t)c;
    return put(l, slice_of(&b, 1));
}

static bool var_in(const struct scn_var *v, size_t n, slice name)
{
    for (size_t i = 0; i < n; i++)
        if (slice_eq(name, slice_str(v[i].name))) return true;
    return false;
}

static bool known(const struct scn_case *c, slice name)
{
    if (scn_is_upper(name)) return true;
    for (const char *const *n = scn_known_names; *n; n++)
        if (slice_eq(name, slice_str(*n))) return true;
    return c && (var_in(c->let, c->lets, name) || var_in(c->vary, c->varies, name));
}

/* $name or ${name}, standing at the $: kept as ${name}. */
static err reference(struct scn_lex *l)
{
    struct scn_mark m = scn_lex_mark(l);
    bool braced = ahead(l, 1) == '{';
    size_t from = l->at + (braced ? 2 : 1), to = from;
    char show[SCN_SHOW];
    while (to < l->text.n && scn_ident_char(l->text.p[to]))
        to++;
    slice name = slice_sub(l->text, from, to);
    if (name.n > SCN_MAX_NAME) return scn_lex_fault(l, m, "a name holds at most %d letters", SCN_MAX_NAME);
    if (!scn_is_ident(name))
        return scn_lex_fault(l, m, "a $ stands before a name, $gap or ${gap}; a dollar sign is \\$");
    if (braced && (to == l->text.n || l->text.p[to] != '}'))
        return scn_lex_fault(l, m, "${%s has no closing }", scn_show(name, show));
    if (!known(l->names, name))
        return scn_lex_fault(
            l, m, "$%s is not set: a let or vary above must set it, or write \\$ for a dollar sign",
            scn_show(name, show));
    l->at = to + braced;
    TRY(put(l, SLICE_LIT("${")));
    TRY(put(l, name));
    return put_byte(l, '}');
}

/* A dollar sign that is meant as such, which in a value is kept doubled. */
static err dollar(struct scn_lex *l, unsigned how)
{
    return put(l, how & SCN_LEX_PLAIN ? SLICE_LIT("$") : SLICE_LIT("$$"));
}

static int hex(int c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

static err escape(struct scn_lex *l, unsigned how)
{
    static const char from[] = "rnt0\\\"", to[] = "\r\n\t\0\\\"";
    struct scn_mark m = scn_lex_mark(l);
    if (continued(l)) {
        scn_lex_next_line(l);
        return OK;
    }
    int c = ahead(l, 1);
    if (c == '$') {
        l->at += 2;
        return dollar(l, how);
    }
    if (c == 'x') {
        int hi = hex(ahead(l, 2)), lo = hex(ahead(l, 3));
        if (hi < 0 || lo < 0) return scn_lex_fault(l, m, "\\x takes two hexadecimal digits, \\x0d");
        l->at += 4;
        return put_byte(l, hi * 16 + lo);
    }
    const char *p = c > 0 ? strchr(from, c) : NULL;
    if (!p) return scn_lex_fault(l, m, "unknown escape; there are \\r \\n \\t \\0 \\\\ \\\" \\$ and \\xHH");
    l->at += 2;
    return put_byte(l, (unsigned char)to[p - from]);
}

static bool control(int c)
{
    return (c >= 0 && c < 0x20 && c != '\t') || c == 0x7f;
}

static err refuse_control(struct scn_lex *l)
{
    return scn_lex_fault(l, scn_lex_mark(l), "a control character: write it as \\x%02x in a quoted string",
                         (unsigned)ahead(l, 0));
}

static err quoted(struct scn_lex *l, unsigned how)
{
    struct scn_mark m = scn_lex_mark(l);
    l->at++;
    for (;;) {
        int c = ahead(l, 0);
        if (scn_lex_eol(l))
            return scn_lex_fault(l, m, "this string is not closed: a \" must end it on its line");
        if (control(c)) return refuse_control(l);
        if (c == '"') break;
        if (c == '\\') {
            TRY(escape(l, how));
        } else if (c == '$' && !(how & SCN_LEX_PLAIN)) {
            TRY(reference(l));
        } else {
            TRY(put_byte(l, c));
            l->at++;
        }
    }
    l->at++;
    return OK;
}

/* Where an unquoted value ends. */
static bool ends(const struct scn_lex *l, unsigned how)
{
    int c = ahead(l, 0);
    return scn_lex_eol(l) || blank(l) || (c == '|' && (how & SCN_LEX_ALTS)) ||
           (c == ',' && (how & SCN_LEX_COMMA));
}

static err refuse_hash(struct scn_lex *l)
{
    return scn_lex_fault(l, scn_lex_mark(l),
                         "a # inside a word: quote the value, or put a blank before the comment");
}

static err unquoted(struct scn_lex *l, unsigned how)
{
    struct scn_mark m = scn_lex_mark(l);
    if (ends(l, how) || ahead(l, 0) == '#')
        return scn_lex_fault(l, m, "a value is missing here; an empty one is written \"\"");
    while (!ends(l, how)) {
        int c = ahead(l, 0);
        if (control(c)) return refuse_control(l);
        if (c == '#') return refuse_hash(l);
        if (c == '"')
            return scn_lex_fault(l, scn_lex_mark(l), "a quote inside a word: quote the whole value");
        if (c == '\\' && ahead(l, 1) != '$')
            return scn_lex_fault(l, scn_lex_mark(l),
                                 "a backslash outside quotes: quote the value, or end the line behind it");
        if (c == '\\') {
            l->at += 2;
            TRY(dollar(l, how));
        } else if (c == '$') {
            TRY(reference(l));
        } else {
            TRY(put_byte(l, c));
            l->at++;
        }
    }
    return OK;
}

err scn_lex_value(struct scn_lex *l, unsigned how, bool *more)
{
    *more = false;
    buf_clear(&l->word);
    if (ahead(l, 0) == '"')
        TRY(quoted(l, how));
    else
        TRY(unquoted(l, how));
    if (!ends(l, how)) {
        if (ahead(l, 0) == '#') return refuse_hash(l);
        if (ahead(l, 0) == '|')
            return scn_lex_fault(l, scn_lex_mark(l), "alternatives stand in expect, or, never and vary only");
        return scn_lex_fault(l, scn_lex_mark(l),
                             "a blank must follow the closing quote; inside a string a quote is \\\"");
    }
    if (ahead(l, 0) == '|' && (how & SCN_LEX_ALTS)) {
        l->at++;
        *more = true;
    }
    return OK;
}

static err rest_quoted(struct scn_lex *l, struct scn_mark m)
{
    bool more;
    TRY(scn_lex_value(l, SCN_LEX_PLAIN, &more));
    scn_lex_blank(l);
    if (scn_lex_eol(l)) return OK;
    return scn_lex_fault(
        l, m, "a text that begins with a quote must be one quoted string; inside it a quote is \\\"");
}

err scn_lex_rest(struct scn_lex *l)
{
    struct scn_mark m = scn_lex_mark(l);
    buf_clear(&l->word);
    if (ahead(l, 0) == '"') return rest_quoted(l, m);
    while (!scn_lex_eol(l)) {
        slice run = scn_lex_run(l);
        for (size_t i = 0; i < run.n; i++, l->at++) {
            if (control(run.p[i])) return refuse_control(l);
            if (run.p[i] == '#') return refuse_hash(l);
        }
        TRY(put(l, run));
        size_t from = l->at;
        int line = l->line;
        scn_lex_blank(l);
        if (scn_lex_eol(l)) break;
        /* Blanks inside stay as written; a continued line end is one blank. */
        TRY(put(l, l->line == line ? slice_sub(l->text, from, l->at) : SLICE_LIT(" ")));
    }
    return OK;
}

err scn_lex_field(struct scn_lex *l)
{
    struct scn_mark m = scn_lex_mark(l);
    buf_clear(&l->word);
    for (;;) {
        int c = ahead(l, 0);
        if (c == '$') {
            TRY(reference(l));
            continue;
        }
        if (!scn_name_char(c) || (c == '-' && ahead(l, 1) == '=')) break;
        TRY(put_byte(l, c));
        l->at++;
    }
    slice w = buf_slice(&l->word);
    if (w.n > SCN_MAX_NAME) return scn_lex_fault(l, m, "a field holds at most %d octets", SCN_MAX_NAME);
    /* "$x- = 1" would read as "$x -= 1" when it is printed. */
    if (w.n && (scn_has_names(w) ? w.p[w.n - 1] == '-' : !scn_is_name(w)))
        return scn_lex_fault(l, m, "a field begins with a letter or digit and does not end in -");
    return OK;
}
