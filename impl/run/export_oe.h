/* SPDX-License-Identifier: MIT */
/* export_oe: the cases of oe-parser as JSON, in the manner of Wycheproof, for whoever tests a reader of
 * records in another language and without this program.  docs/oe-adapters.md, "The cases as JSON", says what
 * the members mean.  One test is one record of one instance of a case. */
#ifndef RUN_EXPORT_OE_H
#define RUN_EXPORT_OE_H

#include "model/oe.h"
#include "run/catalog.h"

enum {
    EXPORT_OE_MAX = 16 * 1024 * 1024, /* octets of JSON: some thousand tests with keys of 4096 bits */
    EXPORT_OE_ANSWERS = 16            /* alternatives that a case may have for one record */
};

enum export_oe_result {
    EXPORT_OE_VALID,      /* is to be taken */
    EXPORT_OE_ACCEPTABLE, /* may be taken: the texts leave it open, or a tolerant reading allows it */
    EXPORT_OE_INVALID     /* is not to be taken: malformed, or somebody else's */
};
extern const char *const export_oe_results[3]; /* "valid" ... */

/* One test, for lists; borrowed for the call. */
struct export_oe_test {
    size_t number; /* tcId, from 1 */
    const struct scn_case *of;
    const char *comment; /* which instance, and which record of it; "" where there is one */
    uint16_t type;       /* OE_RR_TXT, OE_RR_KEY */
    bool master;         /* text of a master file; octets of RDATA otherwise */
    size_t octets;
    enum export_oe_result result;
    const char *expected; /* "ok", "ignore" or "malformed": what the strict reading says */
};

/* Appends the JSON of all cases of c that a run against oe-parser in that dialect plays; the same cases give
 * the same octets.  each (NULL: none) is told of every test, in order. ERR_USE: a case says what no JSON can,
 * why names it; ERR_LIMIT, ERR_MEM.  *tests: how many. */
err export_oe(const struct env *env, const struct catalog *c, enum oe_dialect dialect, struct buf *out,
              size_t *tests, void (*each)(void *ctx, const struct export_oe_test *t), void *ctx, char *why,
              size_t why_n) MUST_CHECK;

#endif
