/* SPDX-License-Identifier: MIT */
/* parts: a message as named pieces, between the structs of a codec and the octets on the wire.  A codec composes every message that it
 * writes from pieces ("connect.prefix", "connect.gap", ... "end.eol"); a deliberate mistake changes, drops, doubles or swaps one of
 * them.  So the valid message is real code and exactly one thing about it is wrong. */
#ifndef CODEC_PARTS_H
#define CODEC_PARTS_H

#include "base/buf.h"
#include "base/err.h"

enum { PARTS_MAX = 560 };

struct part {
    char line[16];        /* "connect", "via", "via2", "body" ... */
    const char *piece;    /* "prefix", "value", "eol" ...; static */
    uint32_t from, n;     /* octets, in parts.octets */
};

struct parts {
    struct part *part;    /* grows on demand up to PARTS_MAX */
    size_t n, cap;
    struct buf octets;    /* what the pieces refer to, in no order */
    size_t cut;           /* octets of the whole that are written; SIZE_MAX for all */
};

/* max: octets that all pieces together may have. */
void parts_init(struct parts *p, const struct mem *mem, size_t max);
void parts_done(struct parts *p);
/* Forget the pieces, keep the memory. */
void parts_clear(struct parts *p);
/* Adds a piece at the end.  line is copied, piece must be static. */
err parts_add(struct parts *p, const char *line, const char *piece, slice octets) MUST_CHECK;
slice parts_octets(const struct parts *p, size_t k);
/* Writes all pieces in order, whole or not at all. */
err parts_write(const struct parts *p, struct buf *out) MUST_CHECK;

enum parts_op {
    PARTS_SET,    /* field gets the octets */
    PARTS_ADD,    /* decimal number of field plus value */
    PARTS_SUB,
    PARTS_DROP,   /* field is left out */
    PARTS_DUP,    /* field stands twice */
    PARTS_CUT,    /* only the first value octets of the whole message are written; negative counts from the end */
    PARTS_SWAP,   /* field and field2 change places */
    PARTS_INSERT  /* octets stand before field */
};

/* field is "line.piece", or "line" for all pieces of that line (PARTS_SET then replaces them by one piece), or "all".  "via" means the first Via line.
 * ERR_USE with one line in why when there is no such field (the fields there are are named) or the value is no number. */
err parts_change(struct parts *p, enum parts_op op, const char *field, const char *field2, slice value, char *why,
                 size_t why_n) MUST_CHECK;

#endif
