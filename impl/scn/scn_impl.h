/* SPDX-License-Identifier: MIT */
/* scn_impl: what the files of this floor share and nobody else sees. */
#ifndef SCN_SCN_IMPL_H
#define SCN_SCN_IMPL_H

#include "scn/scn.h"

/* Each limit with its reason. */
enum {
    SCN_MAX_TEXT = 1 << 20,        /* octets of one file: the largest are captures turned into raw lines */
    SCN_MAX_CASES = 64,            /* cases of one file: one section of a draft */
    SCN_MAX_STMTS = 512,           /* body statements of one case */
    SCN_MAX_ARGS = 64,             /* arguments, or changes, of one statement */
    SCN_MAX_LIST = 256,            /* clauses, roles, needs, lets or varies of one case */
    SCN_MAX_STRING = 64 << 10,     /* octets of one value, title or note, before and after names are replaced */
    SCN_MAX_NAME = 255,            /* octets of a key, field, end or name */
    SCN_MAX_ALTS = 4096,           /* alternatives of one value: what one vary may give in instances */
    SCN_MAX_INSTANCES = 4096,      /* of one case: more is a fuzzer's work */
    SCN_MAX_HELD = 64 << 20,       /* octets that one parsed file may hold: about 60 for each octet of text */
    SCN_MAX_PLAN = 16 << 20,       /* octets that one instance may hold: names can multiply what is written */
    SCN_MAX_WITHIN = 24 * 3600000, /* milliseconds: a day */
    SCN_SHOW = 48                  /* room for a word shown in a fault */
};

/* A pool holds allocations that end together, each its own so that a tool sees a read past its end. */
struct scn_pool_item;
struct scn_pool {
    const struct mem *mem;
    struct scn_pool_item *first;
    size_t held, max;
    bool full; /* the last refusal was for max, not for memory */
};
void scn_pool_init(struct scn_pool *p, const struct mem *mem, size_t max);
void scn_pool_done(struct scn_pool *p);
/* NULL when refused: scn_pool_why then tells ERR_LIMIT from ERR_MEM.  _new is zeroed; _dup puts a NUL behind. */
void *scn_pool_new(struct scn_pool *p, size_t n);
void *scn_pool_dup(struct scn_pool *p, slice s);
err scn_pool_why(const struct scn_pool *p);
/* Room for one more behind the n elements of an array that only this function allocates (NULL at first). */
void *scn_pool_grow(struct scn_pool *p, void *array, size_t n, size_t size);

/* Fills the fault, gives e back. */
err scn_fault_set(struct scn_fault *f, err e, int line, int column, const char *fmt, ...) MUST_CHECK
    __attribute__((format(printf, 5, 6)));
/* Text for ERR_MEM and ERR_LIMIT where nothing better is known; other errors are left as they are. */
err scn_fault_why(struct scn_fault *f, err e, int line) MUST_CHECK;
/* The word for a fault's text: printable, clipped. */
const char *scn_show(slice s, char out[SCN_SHOW]);

/* Names.  A name is a key, field, end, role or need; an ident is what may follow a $. */
bool scn_name_char(int c);
bool scn_ident_char(int c);
bool scn_is_name(slice s);
bool scn_is_ident(slice s);
bool scn_is_upper(slice s); /* an ident without lower-case letters */
bool scn_word_find(slice s, enum scn_word *w);
bool scn_verdict_find(slice s, enum scn_verdict *v);
/* drop dup cut swap insert */
bool scn_op_find(slice s, enum scn_op *op);
const char *scn_op_name(enum scn_op op);
/* The statement word or verdict a slip away from s, or NULL. */
const char *scn_word_near(slice s);
const char *scn_verdict_near(slice s);
/* "250ms", "3s", "1m"; at most SCN_MAX_WITHIN. */
bool scn_time(slice s, int64_t *ms);

/* A value in a case is a run of pieces: literal octets and names. */
struct scn_piece {
    bool name;
    slice s;
};
/* False at the end.  *at starts at 0.  planned: one literal piece. */
bool scn_piece_next(slice value, bool planned, size_t *at, struct scn_piece *out);
bool scn_has_names(slice value);

/* scn_lex: the octets of a file as words, lines counted. */
struct scn_mark { int line, column; };
enum scn_lex_how {
    SCN_LEX_ALTS = 1,  /* | separates alternatives */
    SCN_LEX_COMMA = 2, /* , ends the value */
    SCN_LEX_PLAIN = 4  /* no names: $ is a dollar sign, and the result holds it once */
};
struct scn_lex {
    slice text;
    size_t at, line_at;
    int line;
    struct scn_fault *fault;
    const struct scn_case *names; /* whose lets and varies may be named; may be NULL */
    struct buf word;              /* what was read last */
};
void scn_lex_init(struct scn_lex *l, const struct mem *mem, slice text, struct scn_fault *fault);
void scn_lex_done(struct scn_lex *l);
struct scn_mark scn_lex_mark(const struct scn_lex *l);
/* Fault of the text at the mark. */
err scn_lex_fault(struct scn_lex *l, struct scn_mark m, const char *fmt, ...) MUST_CHECK
    __attribute__((format(printf, 3, 4)));
/* Pass blanks, continued line ends and a comment. */
void scn_lex_blank(struct scn_lex *l);
bool scn_lex_eol(const struct scn_lex *l); /* end of line or of text, where blanks have been passed */
bool scn_lex_end(const struct scn_lex *l);
void scn_lex_next_line(struct scn_lex *l);
int scn_lex_peek(const struct scn_lex *l); /* -1 at the end */
/* The run of non-blank octets here, not passed. */
slice scn_lex_run(const struct scn_lex *l);
void scn_lex_pass(struct scn_lex *l, size_t n); /* not over a line end */
/* One value, or one alternative of it (*more: another follows), into l->word. */
err scn_lex_value(struct scn_lex *l, unsigned how, bool *more) MUST_CHECK;
/* The rest of the line as text, or one quoted string, into l->word. */
err scn_lex_rest(struct scn_lex *l) MUST_CHECK;
/* A field of a change into l->word; empty when there is none. */
err scn_lex_field(struct scn_lex *l) MUST_CHECK;

/* scn_parse and scn_head: one file being read. */
struct scn_parser {
    struct scn_pool *pool;
    struct scn_lex lex;
    struct scn_file *file;
    struct scn_case *c; /* the case being read, NULL before the first */
    const char *path;
};
/* The statement w of the head, whose word stands at m and is passed. */
err scn_head(struct scn_parser *p, enum scn_word w, struct scn_mark m) MUST_CHECK;
/* Everything a case owes once its last line is read. */
err scn_head_finish(struct scn_parser *p) MUST_CHECK;
/* l->word copied; ERR_MEM or ERR_LIMIT. */
err scn_keep(struct scn_parser *p, struct scn_octets *out) MUST_CHECK;
err scn_keep_str(struct scn_parser *p, slice s, char **out) MUST_CHECK;
/* The value here with its alternatives. */
err scn_keep_values(struct scn_parser *p, unsigned how, struct scn_octets **value, size_t *values) MUST_CHECK;

/* scn_print: one value; planned as in scn_stmt. */
err scn_print_value(slice value, bool planned, struct buf *out) MUST_CHECK;

#endif
