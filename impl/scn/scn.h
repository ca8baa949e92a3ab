/* SPDX-License-Identifier: MIT */
/* scn: the scenario language as data.  One statement a line, the first word decides.  scn_parse reads a file into cases;
 * scn_plan makes the runnable instances of one case: a vary is unrolled (cross product in the order written, last varies fastest),
 * $names are replaced.  Neither knows a protocol: names of messages, fields and events are words to it.
 *
 *   stmt    = [ end ] word { arg } [ "but" change { "," change } ] [ "within" time ] [ "->" verdict [ string ] ]
 *   arg     = value | key "=" value | key "!=" value
 *   change  = field "=" value | field "+=" value | field "-=" value | "drop" field | "dup" field | "cut" value
 *             | "swap" field field | "insert" field value
 *   value   = run of non-blank characters without , (in a change) | quoted string | $name inside either
 *   verdict = pass | weak | fail | inconc | skip | next
 *
 * # starts a comment outside quotes.  Quoted strings take \r \n \t \0 \\ \" \$ \xHH.  A line that ends in \ goes on in the next.
 * In an unquoted value of an expect, or, never or vary, | separates alternatives.  ${name} is allowed for $name.  "end" is any word
 * that is no statement word, before one ("far expect response"). */
#ifndef SCN_SCN_H
#define SCN_SCN_H

#include "base/buf.h"
#include "base/env.h"
#include "base/err.h"
#include "model/clauses.h"

enum scn_word {
    SCN_CASE, SCN_TITLE, SCN_CLAUSE, SCN_AGAINST, SCN_NEEDS, SCN_LET, SCN_VARY, SCN_NOTE, SCN_ABOUT, /* head */
    SCN_REACH, SCN_SEND, SCN_RAW, SCN_EXPECT, SCN_OR, SCN_NEVER, SCN_DO                      /* body */
};
enum scn_verdict { SCN_NEXT, SCN_PASS, SCN_WEAK, SCN_FAIL, SCN_INCONC, SCN_SKIP };
enum scn_op { SCN_SET, SCN_ADD, SCN_SUB, SCN_DROP, SCN_DUP, SCN_CUT, SCN_SWAP, SCN_INSERT };

/* Octets; a NUL stands behind them, not counted.  In a case the names are still to be replaced: ${name} is a name, $$ a dollar sign.
 * In a plan, and in what a lookup gives, every octet stands for itself. */
struct scn_octets { uint8_t *p; size_t n; };

struct scn_arg {
    char *key;                /* NULL for a positional argument */
    bool negated;             /* != */
    struct scn_octets *value; /* alternatives; one unless | was used */
    size_t values;
};
struct scn_change {
    enum scn_op op;
    char *field, *field2;     /* field2 for swap; both NULL for cut; may hold a ${name} in a case */
    struct scn_octets value;
};
struct scn_stmt {
    enum scn_word word;
    int line;                 /* in the file, from 1 */
    bool planned;             /* of a plan: names are replaced, a $ is a dollar sign */
    char *end;                /* NULL: the only, or first, end; an "or" without one has the end of its expect */
    struct scn_arg *arg;      size_t args;
    struct scn_change *change; size_t changes;
    char *within;             /* as written (names as in octets), NULL if absent; a plan has it in within_ms */
    int64_t within_ms;        /* -1: not given, or a name to be replaced */
    enum scn_verdict verdict; /* default: NEXT for expect and or, FAIL for never */
    bool verdict_given;
    char *text;               /* NULL */
};
/* let has one value; the value of a let or vary may name lets and varies of earlier statements, so of smaller line, and earlier ones
 * of its own statement. */
struct scn_var { char *name; struct scn_octets *value; size_t values; int line; };

struct scn_case {
    char *id, *title, *file;
    int line;
    char *note;               /* "note" lines joined by a space, NULL */
    const char *about;        /* of scn_topics, NULL: a report has no section of its own for it */
    enum clause_id *clause;   size_t clauses;
    char **against;           size_t againsts; /* roles, "iap-manager" */
    char **needs;             size_t need_count;
    struct scn_var *let;      size_t lets;
    struct scn_var *vary;     size_t varies;
    struct scn_stmt *stmt;    size_t stmts;
};
struct scn_file { const struct mem *mem; struct scn_case **cases; size_t n; };

struct scn_fault { int line, column; char text[160]; }; /* text says what was wrong and what would be right */

/* Several cases may stand in one file, each begun by "case".  A case needs id, title, at least one clause and one against, and a body
 * with at least one way to a verdict; an "or" must follow an expect or an or.  Unknown clause ids, unknown words, doubled ids, $names
 * never set (unless upper case or listed in scn_known_names: those come from the run) are faults.  Limits: 1 MiB of text, 64 cases,
 * 512 statements a case, 64 arguments a statement, 64 KiB a string.  On failure *out is NULL and *fault is filled.
 * ERR_PEER for faults of the text, ERR_LIMIT, ERR_MEM. */
extern const char *const scn_topics[];      /* what a case may be `about', ended by NULL: "proxy-loops" */
extern const char *const scn_known_names[]; /* lower-case names that a run gives, ended by NULL */
err scn_parse(const struct env *env, const char *file, slice text, struct scn_file **out, struct scn_fault *fault) MUST_CHECK;
void scn_file_free(struct scn_file *f);

/* Gives the value of a run's own name ("HOST"); false when there is none. */
typedef bool (*scn_lookup)(void *ctx, const char *name, struct scn_octets *out);

struct scn_plan {             /* one instance, self-contained copy, names replaced */
    const struct mem *mem;
    const struct scn_case *of;
    char *vary;               /* "gap=7 host=a", "" when the case varies nothing; as written ("via=$PROXY"), so it is the
                               * same in every run */
    struct scn_stmt *stmt; size_t stmts; /* body only */
};
size_t scn_instances(const struct scn_case *c); /* at most 4,096: scn_parse refuses more */
/* c is borrowed and must outlive the plan.  ERR_PEER for a name without a value (lookup may be NULL: it has none) and for what a
 * value makes impossible (a time, a field), ERR_USE for an instance out of range, ERR_LIMIT (64 KiB a string, 16 MiB a plan),
 * ERR_MEM. */
err scn_plan(const struct env *env, const struct scn_case *c, size_t instance, scn_lookup lookup, void *ctx, struct scn_plan **out,
             struct scn_fault *fault) MUST_CHECK;
void scn_plan_free(struct scn_plan *p);

/* The case, or one statement, as text that parses to the same (but for line numbers).  A case ends in a line end, a statement has
 * none.  Errors are those of out. */
err scn_print(const struct scn_case *c, struct buf *out) MUST_CHECK;
err scn_print_stmt(const struct scn_stmt *s, struct buf *out) MUST_CHECK;
/* Octets as one quoted word with escapes. */
err scn_quote(slice s, struct buf *out) MUST_CHECK;
const char *scn_word_name(enum scn_word w);
const char *scn_verdict_name(enum scn_verdict v);
/* First positional argument, or NULL; named argument, or NULL. */
const struct scn_arg *scn_first(const struct scn_stmt *s);
const struct scn_arg *scn_named(const struct scn_stmt *s, const char *key);

#endif
