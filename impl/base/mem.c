/* SPDX-License-Identifier: MIT */
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

static void *libc_resize(void *ctx, void *p, size_t n)
{
    (void)ctx;
    return realloc(p, n);
}

static void libc_release(void *ctx, void *p)
{
    (void)ctx;
    free(p);
}

const struct mem mem_libc = {NULL, libc_resize, libc_release};

void *mem_new(const struct mem *m, size_t n)
{
    void *p = m->resize(m->ctx, NULL, n ? n : 1);
    if (p) memset(p, 0, n);
    return p;
}

void *mem_resize(const struct mem *m, void *p, size_t n)
{
    return m->resize(m->ctx, p, n ? n : 1);
}

void *mem_dup(const struct mem *m, const void *p, size_t n)
{
    char *copy = m->resize(m->ctx, NULL, n + 1);
    if (!copy) return NULL;
    if (n) memcpy(copy, p, n);
    copy[n] = 0;
    return copy;
}

void mem_free(const struct mem *m, void *p)
{
    if (p) m->release(m->ctx, p);
}
