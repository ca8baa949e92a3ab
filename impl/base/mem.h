/* SPDX-License-Identifier: MIT */
/* mem: the allocator that every floor above uses.  Tests hand in one that fails at the n-th call. */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>

struct mem {
    void *ctx;
    /* Like realloc(3): p NULL allocates, n is never 0.  NULL means refused and leaves p as it was. */
    void *(*resize)(void *ctx, void *p, size_t n);
    void (*release)(void *ctx, void *p);
};

/* malloc, realloc and free of the C library. */
extern const struct mem mem_libc;

/* n octets set to zero, or NULL. */
void *mem_new(const struct mem *m, size_t n);
void *mem_resize(const struct mem *m, void *p, size_t n);
/* A copy of n octets with a NUL behind them, or NULL. */
void *mem_dup(const struct mem *m, const void *p, size_t n);
/* p may be NULL. */
void mem_free(const struct mem *m, void *p);

#endif
