/* SPDX-License-Identifier: MIT */
#include "peer/mutant.h"

unsigned mutant_find(const struct mutant *list, size_t n, slice name)
{
    for (size_t i = 1; i < n; i++) {
        if (slice_eq(name, slice_str(list[i].name))) return (unsigned)i;
    }
    return 0;
}
