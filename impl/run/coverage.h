/* SPDX-License-Identifier: MIT */
/* coverage: joins the catalogue of clauses with the cases that cite them and the passive checks.  What a case has to show is shown for each role under test
 * that the clause binds. */
#ifndef RUN_COVERAGE_H
#define RUN_COVERAGE_H

#include "run/catalog.h"
#include "run/proto.h"

enum coverage_how { COVERED_CASE, COVERED_PASSIVE, COVERED_NONE, COVERED_MISSING, COVERED_OTHER /* not asked for */ };
struct coverage_row {
    enum coverage_how how;
    const char **id; /* of the cases; borrowed from the catalog */
    size_t cases;
    const char *lacks; /* COVERED_MISSING: the role under test that it binds and that no case tries it on; NULL when nothing looks at it at all */
};
struct coverage {
    const struct mem *mem;
    struct coverage_row *row; /* CLAUSE_COUNT entries, [0] unused */
    size_t count[5];
};
/* Of the clauses of one protocol (only NULL: of all).  c is borrowed. */
err coverage_new(const struct catalog *c, const struct run_proto *only, struct coverage *out) MUST_CHECK;
void coverage_done(struct coverage *v);

#endif
