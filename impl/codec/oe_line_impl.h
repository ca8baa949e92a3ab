/* SPDX-License-Identifier: MIT */
/* What reading and writing of both kinds of lines have in common; of oe_line*.c only. */
#ifndef CODEC_OE_LINE_IMPL_H
#define CODEC_OE_LINE_IMPL_H

#include <jansson.h>

#include "codec/oe_line.h"

/* --- reading: each takes one member of an object, and fails with ERR_PEER and a reason that names it, or with ERR_MEM */
struct line_reader {
    struct arena *own;
    struct oe_line_fault *f;
    const char *path; /* what stands before the name of a member: "policy." */
};
/* A line as an object, whose id is in f and in *id.  *root is the caller's, who lets it go by json_decref. */
err line_open(struct line_reader *r, slice line, json_t **root, const char **id) MUST_CHECK;
__attribute__((format(printf, 2, 3))) err line_fault(struct line_reader *r, const char *fmt, ...) MUST_CHECK;
/* *out is "" when it is not there and need not be.  Control characters are refused. */
err line_text(struct line_reader *r, json_t *o, const char *key, bool must, const char **out) MUST_CHECK;
/* An index into words; *out stays when it is not there and need not be. */
err line_word(struct line_reader *r, json_t *o, const char *key, bool must, const char *const *words, unsigned *out) MUST_CHECK;
err line_number(struct line_reader *r, json_t *o, const char *key, bool must, uint64_t min, uint64_t max, uint64_t *out) MUST_CHECK;
/* Octets in hexadecimal. */
err line_hex(struct line_reader *r, json_t *o, const char *key, slice *out) MUST_CHECK;
/* An object of exponent_hex and modulus_hex; what: how to name it.  Nothing or null: an empty one, unless must. */
err line_rsa(struct line_reader *r, json_t *key, const char *what, bool must, struct oe_rsa *out) MUST_CHECK;
/* A list of them; none when it is not there and need not be. */
err line_keys(struct line_reader *r, json_t *o, bool must, struct oe_rsa **out, size_t *n) MUST_CHECK;
/* The list under key, or NULL when it is not there; refused when it is none, or too long. */
err line_list(struct line_reader *r, json_t *o, const char *key, json_t **out) MUST_CHECK;

/* --- writing: sets a member; after the first that fails the others do nothing, and line_close says why */
struct line_writer {
    json_t *o;
    err e;
};
void line_begin(struct line_writer *w);
/* Takes over v; NULL is memory that is short. */
void line_put(struct line_writer *w, json_t *o, const char *key, json_t *v);
void line_put_text(struct line_writer *w, json_t *o, const char *key, const char *text);
/* Only when it is neither NULL nor "". */
void line_put_some(struct line_writer *w, json_t *o, const char *key, const char *text);
void line_put_number(struct line_writer *w, json_t *o, const char *key, uint64_t v);
void line_put_hex(struct line_writer *w, json_t *o, const char *key, slice octets);
/* An object, or null when the modulus is empty. */
void line_put_rsa(struct line_writer *w, json_t *o, const char *key, const struct oe_rsa *k);
void line_put_keys(struct line_writer *w, json_t *o, const struct oe_rsa *k, size_t n);
/* The word of an index, which has to be one of words; no more than count. */
void line_put_word(struct line_writer *w, json_t *o, const char *key, const char *const *words, size_t count, size_t index);
/* Appends the line and lets the object go.  Nothing is added when it fails. */
err line_close(struct line_writer *w, struct buf *out) MUST_CHECK;

#endif
