/* SPDX-License-Identifier: MIT */
#include "scn/scn_impl.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const words[] = {
    [SCN_CASE] = "case",   [SCN_TITLE] = "title", [SCN_CLAUSE] = "clause", [SCN_AGAINST] = "against",
    [SCN_NEEDS] = "needs", [SCN_LET] = "let",     [SCN_VARY] = "vary",     [SCN_NOTE] = "note",
    [SCN_REACH] = "reach", [SCN_SEND] = "send",   [SCN_RAW] = "raw",       [SCN_EXPECT] = "expect",
    [SCN_OR] = "or",       [SCN_NEVER] = "never", [SCN_DO] = "do",       [SCN_ABOUT] = "about",
};
static const char *const verdicts[] = {
    [SCN_NEXT] = "next", [SCN_PASS] = "pass",     [SCN_WEAK] = "weak",
    [SCN_FAIL] = "fail", [SCN_INCONC] = "inconc", [SCN_SKIP] = "skip",
};
static const char *const ops[] = {
    [SCN_SET] = "=",   [SCN_ADD] = "+=",  [SCN_SUB] = "-=",    [SCN_DROP] = "drop",
    [SCN_DUP] = "dup", [SCN_CUT] = "cut", [SCN_SWAP] = "swap", [SCN_INSERT] = "insert",
};
enum { WORDS = sizeof words / sizeof *words, VERDICTS = sizeof verdicts / sizeof *verdicts };
enum { OPS = sizeof ops / sizeof *ops };
_Static_assert(WORDS == SCN_DO + 1, "a word has no name");
_Static_assert(VERDICTS == SCN_SKIP + 1, "a verdict has no name");
_Static_assert(OPS == SCN_INSERT + 1, "a change has no name");

/* A run gives upper-case names only, so far. */
const char *const scn_known_names[] = {NULL};
const char *const scn_topics[] = {"proxy-loops", NULL};

const char *scn_word_name(enum scn_word w)
{
    return words[w];
}

const char *scn_verdict_name(enum scn_verdict v)
{
    return verdicts[v];
}

const char *scn_op_name(enum scn_op op)
{
    return ops[op];
}

static size_t find(const char *const *names, size_t n, slice s)
{
    size_t i = 0;
    while (i < n && !slice_eq(s, slice_str(names[i])))
        i++;
    return i;
}

bool scn_word_find(slice s, enum scn_word *w)
{
    size_t i = find(words, WORDS, s);
    if (i < WORDS) *w = (enum scn_word)i;
    return i < WORDS;
}

bool scn_verdict_find(slice s, enum scn_verdict *v)
{
    size_t i = find(verdicts, VERDICTS, s);
    if (i < VERDICTS) *v = (enum scn_verdict)i;
    return i < VERDICTS;
}

bool scn_op_find(slice s, enum scn_op *op)
{
    size_t i = find(ops, OPS, s);
    if (i >= OPS || i < SCN_DROP) return false;
    *op = (enum scn_op)i;
    return true;
}

static int lower(int c)
{
    return c >= 'A' && c <= 'Z' ? c + 32 : c;
}

/* Slips between a and b, where one slip is a letter too many, too few, wrong, or two letters swapped. */
static unsigned slips(slice a, const char *b)
{
    enum { MOST = 16 };
    unsigned d[MOST + 1][MOST + 1];
    size_t n = strlen(b);
    if (a.n > MOST || n > MOST) return MOST;
    for (size_t i = 0; i <= a.n; i++) {
        for (size_t j = 0; j <= n; j++) {
            if (i == 0 || j == 0) {
                d[i][j] = (unsigned)(i + j);
                continue;
            }
            bool same = lower(a.p[i - 1]) == b[j - 1];
            unsigned best = d[i - 1][j - 1] + !same;
            if (d[i - 1][j] + 1 < best) best = d[i - 1][j] + 1;
            if (d[i][j - 1] + 1 < best) best = d[i][j - 1] + 1;
            bool swapped = i > 1 && j > 1 && lower(a.p[i - 1]) == b[j - 2] && lower(a.p[i - 2]) == b[j - 1];
            if (swapped && d[i - 2][j - 2] + 1 < best) best = d[i - 2][j - 2] + 1;
            d[i][j] = best;
        }
    }
    return d[a.n][n];
}

static const char *near(const char *const *names, size_t n, slice s)
{
    const char *best = NULL;
    unsigned least = 3; /* three slips make another word */
    for (size_t i = 0; i < n; i++) {
        unsigned d = slips(s, names[i]);
        if (d < least && d < strlen(names[i])) {
            least = d;
            best = names[i];
        }
    }
    return best;
}

const char *scn_word_near(slice s)
{
    return near(words, WORDS, s);
}

const char *scn_verdict_near(slice s)
{
    return near(verdicts, VERDICTS, s);
}

static bool letter(int c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool digit(int c)
{
    return c >= '0' && c <= '9';
}

bool scn_ident_char(int c)
{
    return letter(c) || digit(c) || c == '_';
}

bool scn_name_char(int c)
{
    return scn_ident_char(c) || (c > 0 && c < 128 && strchr(".:/@*[]-", c));
}

bool scn_is_name(slice s)
{
    if (s.n == 0 || s.n > SCN_MAX_NAME || !scn_ident_char(s.p[0]) || s.p[s.n - 1] == '-') return false;
    for (size_t i = 0; i < s.n; i++)
        if (!scn_name_char(s.p[i])) return false;
    return true;
}

bool scn_is_ident(slice s)
{
    if (s.n == 0 || s.n > SCN_MAX_NAME || digit(s.p[0])) return false;
    for (size_t i = 0; i < s.n; i++)
        if (!scn_ident_char(s.p[i])) return false;
    return true;
}

bool scn_is_upper(slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] >= 'a' && s.p[i] <= 'z') return false;
    return scn_is_ident(s);
}

bool scn_time(slice s, int64_t *ms)
{
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}};
    size_t digits = 0;
    uint64_t v;
    while (digits < s.n && digit(s.p[digits]))
        digits++;
    if (!slice_number(slice_sub(s, 0, digits), SCN_MAX_WITHIN, &v)) return false;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (!slice_eq(slice_sub(s, digits, s.n), slice_str(units[i].unit))) continue;
        if ((int64_t)v > SCN_MAX_WITHIN / units[i].ms) return false;
        *ms = (int64_t)v * units[i].ms;
        return true;
    }
    return false;
}

bool scn_piece_next(slice value, bool planned, size_t *at, struct scn_piece *out)
{
    size_t from = *at, i = from;
    if (from >= value.n) return false;
    while (i < value.n && (planned || value.p[i] != '$'))
        i++;
    *out = (struct scn_piece){false, slice_sub(value, from, i)};
    *at = i;
    if (i > from) return true;
    if (i + 1 < value.n && value.p[i + 1] == '{') {
        size_t to = i + 2;
        while (to < value.n && value.p[to] != '}')
            to++;
        *out = (struct scn_piece){true, slice_sub(value, i + 2, to)};
        *at = to + 1;
        return true;
    }
    out->s = slice_sub(value, i, i + 1);
    *at = i + 2;
    return true;
}

bool scn_has_names(slice value)
{
    struct scn_piece piece;
    size_t at = 0;
    while (scn_piece_next(value, false, &at, &piece))
        if (piece.name) return true;
    return false;
}

err scn_fault_set(struct scn_fault *f, err e, int line, int column, const char *fmt, ...)
{
    va_list ap;
    f->line = line;
    f->column = column;
    va_start(ap, fmt);
    vsnprintf(f->text, sizeof f->text, fmt, ap);
    va_end(ap);
    return e;
}

err scn_fault_why(struct scn_fault *f, err e, int line)
{
    if (f->text[0]) return e;
    const char *why = e == ERR_MEM     ? "memory is short"
                      : e == ERR_LIMIT ? "this needs more memory than one scenario may have"
                                       : "internal fault";
    return scn_fault_set(f, e, line, 1, "%s", why);
}

const char *scn_show(slice s, char out[SCN_SHOW])
{
    size_t n = s.n < SCN_SHOW - 4 ? s.n : SCN_SHOW - 4;
    for (size_t i = 0; i < n; i++)
        out[i] = (char)(s.p[i] >= 0x20 && s.p[i] < 0x7f ? s.p[i] : '?');
    memcpy(out + n, "...", 4);
    if (n == s.n) out[n] = 0;
    return out;
}

const struct scn_arg *scn_first(const struct scn_stmt *s)
{
    for (size_t i = 0; i < s->args; i++)
        if (!s->arg[i].key) return &s->arg[i];
    return NULL;
}

const struct scn_arg *scn_named(const struct scn_stmt *s, const char *key)
{
    for (size_t i = 0; i < s->args; i++)
        if (s->arg[i].key && strcmp(s->arg[i].key, key) == 0) return &s->arg[i];
    return NULL;
}
