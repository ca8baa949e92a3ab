/* SPDX-License-Identifier: MIT */
#include "codec/arena.h"

#include <stdalign.h>
#include <string.h>

enum { BLOCK = 4096, ALIGN = alignof(max_align_t) };

struct block {
    struct block *before;
    size_t used, room;
    alignas(max_align_t) uint8_t octets[];
};

void arena_init(struct arena *a, const struct mem *mem)
{
    *a = (struct arena){.mem = mem};
}

void arena_done(struct arena *a)
{
    for (struct block *b = a->last; b;) {
        struct block *before = b->before;
        mem_free(a->mem, b);
        b = before;
    }
    a->last = NULL;
}

void *arena_new(struct arena *a, size_t n)
{
    struct block *b = a->last;
    if (n > SIZE_MAX / 2) return NULL;
    n = (n + ALIGN - 1) / ALIGN * ALIGN;
    if (!b || b->room - b->used < n) {
        size_t room = n > BLOCK ? n : BLOCK;
        b = mem_new(a->mem, sizeof *b + room);
        if (!b) return NULL;
        b->before = a->last;
        b->room = room;
        a->last = b;
    }
    void *p = b->octets + b->used;
    b->used += n;
    return p;
}

char *arena_text(struct arena *a, slice s)
{
    char *p = arena_new(a, s.n + 1);
    if (p && s.n) memcpy(p, s.p, s.n);
    return p;
}
