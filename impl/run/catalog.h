/* SPDX-License-Identifier: MIT */
/* catalog: the scenario cases of the program (compiled in) and of further files, parsed. */
#ifndef RUN_CATALOG_H
#define RUN_CATALOG_H

#include "scn/cases.h"
#include "scn/scn.h"

struct catalog {
    const struct env *env;
    struct scn_file **file;
    size_t files;
    const struct scn_case **item; /* all cases, in order of file and line */
    size_t n;
};

/* why: "file:line:column: what". */
err catalog_load(const struct env *env, const struct scn_source *sources, struct catalog *out, char *why, size_t why_n) MUST_CHECK;
/* Adds the cases of one file of the user's. */
err catalog_add_file(struct catalog *c, const char *path, char *why, size_t why_n) MUST_CHECK;
void catalog_done(struct catalog *c);
/* Does the case run against that role ("iap-manager"), whose peer listens (or connects)? */
bool catalog_applies(const struct scn_case *c, const char *role, bool peer_listens);
/* Does an id start with one of the prefixes (n of 0: all do)?  A prefix ends at a "/" or "." or at the end of the id:
 * "iap/4" takes section 4 and all below it, and not section 41. */
bool catalog_selected(const char *id, const char *const *prefix, size_t n);

#endif
