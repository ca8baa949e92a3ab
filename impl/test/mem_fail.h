/* SPDX-License-Identifier: MIT */
/* mem_fail: an allocator for tests that refuses at the n-th call, and counts what is out. */
#ifndef TEST_MEM_FAIL_H
#define TEST_MEM_FAIL_H

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct mem_fail {
    size_t calls;      /* of resize so far */
    size_t fail_at;    /* number of the call that is refused, from 1; 0 for none */
    size_t live, peak; /* octets that are out, and the most there were */
    size_t blocks;
};

enum { MEM_FAIL_HEAD = 16 }; /* the size stands in front of each block */

static inline void *mem_fail_resize(void *ctx, void *p, size_t n)
{
    struct mem_fail *f = ctx;
    size_t had = 0;
    char *block = p ? (char *)p - MEM_FAIL_HEAD : NULL;
    if (++f->calls == f->fail_at) return NULL;
    if (block) memcpy(&had, block, sizeof had);
    /* always moved, so that an old pointer is found by the sanitizer */
    char *q = malloc(n + MEM_FAIL_HEAD);
    if (!q) abort();
    memcpy(q, &n, sizeof n);
    if (block) {
        memcpy(q + MEM_FAIL_HEAD, p, had < n ? had : n);
        free(block);
    } else {
        f->blocks++;
    }
    f->live = f->live - had + n;
    if (f->live > f->peak) f->peak = f->live;
    return q + MEM_FAIL_HEAD;
}

static inline void mem_fail_release(void *ctx, void *p)
{
    struct mem_fail *f = ctx;
    char *block = (char *)p - MEM_FAIL_HEAD;
    size_t had;
    memcpy(&had, block, sizeof had);
    f->live -= had;
    f->blocks--;
    free(block);
}

static inline struct mem mem_fail_init(struct mem_fail *f, size_t fail_at)
{
    *f = (struct mem_fail){.fail_at = fail_at};
    return (struct mem){f, mem_fail_resize, mem_fail_release};
}

#endif
