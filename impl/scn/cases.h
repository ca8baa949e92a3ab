/* SPDX-License-Identifier: MIT */
/* cases: the scenario files compiled in.  scripts/gen-cases writes the definitions; they are linked into the program and into the
 * tests that want them. */
#ifndef SCN_CASES_H
#define SCN_CASES_H

#include <stddef.h>

struct scn_source {
    const char *path;          /* below vectors/cases, "iap/3.1-connect.scn" */
    const unsigned char *text; /* a NUL stands behind it, not counted */
    size_t size;
};

/* Sorted by path, scn_source_count entries, then one with path NULL. */
extern const struct scn_source scn_sources[];
extern const size_t scn_source_count;

#endif
