/* SPDX-License-Identifier: MIT */
/* arena: many small pieces of memory that are let go of at once. */
#ifndef CODEC_ARENA_H
#define CODEC_ARENA_H

#include "base/mem.h"
#include "base/slice.h"

struct arena {
    const struct mem *mem;
    void *last; /* block that is being filled */
};
void arena_init(struct arena *a, const struct mem *mem);
/* Safe on one that is zero. */
void arena_done(struct arena *a);
/* n octets set to zero, aligned for anything; NULL when memory is short.  n may be 0. */
void *arena_new(struct arena *a, size_t n);
/* The octets with a NUL behind them; NULL when memory is short. */
char *arena_text(struct arena *a, slice s);

#endif
