/* SPDX-License-Identifier: MIT */
/* mutant: what the deliberate mistakes of every protocol have in common.  Each protocol has a list of its own, whose entry 0 is none. */
#ifndef PEER_MUTANT_H
#define PEER_MUTANT_H

#include "base/buf.h"

struct mutant {
    const char *name;    /* unique within its protocol; "" for entry 0 */
    unsigned roles;      /* bit set, as the protocol numbers its roles: those that can make it */
    const char *clauses; /* that it breaks, separated by blanks */
    const char *text;    /* what the peer does */
};

/* The index of a name in a list of n entries; 0 when there is none. */
unsigned mutant_find(const struct mutant *list, size_t n, slice name);

/* Puts put in the place of the first find in text; text without it stays as it is.  ERR_MEM, ERR_LIMIT: text is spoilt. */
err mutant_rewrite(struct buf *text, const char *find, const char *put) MUST_CHECK;

#endif
