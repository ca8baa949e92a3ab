/* SPDX-License-Identifier: MIT */
#include "model/clauses.h"

#include <string.h>

/* The order of gen-clauses: by octet, and a shorter id before a longer one that begins with it. */
static int order(slice a, slice b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int c = n ? memcmp(a.p, b.p, n) : 0;
    if (c) return c;
    return a.n < b.n ? -1 : a.n > b.n;
}

enum clause_id clause_find(slice id)
{
    size_t from = 0, to = CLAUSE_COUNT;
    while (from < to) {
        size_t mid = from + (to - from) / 2;
        int c = order(id, slice_str(clauses[clauses_by_id[mid]].id));
        if (c == 0) return (enum clause_id)clauses_by_id[mid];
        if (c < 0)
            to = mid;
        else
            from = mid + 1;
    }
    return CL_NONE;
}

enum defect_id defect_find(slice id)
{
    size_t from = 0, to = DEFECT_COUNT;
    while (from < to) {
        size_t mid = from + (to - from) / 2;
        int c = order(id, slice_str(defects[defects_by_id[mid]].id));
        if (c == 0) return (enum defect_id)defects_by_id[mid];
        if (c < 0)
            to = mid;
        else
            from = mid + 1;
    }
    return DEF_NONE;
}
