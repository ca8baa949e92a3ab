/* SPDX-License-Identifier: MIT */
#include "base/buf.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void buf_init(struct buf *b, const struct mem *mem, size_t max)
{
    *b = (struct buf){.mem = mem, .max = max};
}

void buf_done(struct buf *b)
{
    if (b->mem) mem_free(b->mem, b->p);
    b->p = NULL;
    b->from = b->n = b->cap = 0;
}

void buf_clear(struct buf *b)
{
    b->from = b->n = 0;
}

void buf_shrink(struct buf *b)
{
    buf_done(b);
}

slice buf_slice(const struct buf *b)
{
    return b->n ? (slice){b->p + b->from, b->n} : SLICE_NONE;
}

size_t buf_room(const struct buf *b)
{
    return b->max - b->n;
}

/* Moves the octets to the front of the memory, which grows when that alone would have to be done over and
 * over. */
static err make_room(struct buf *b, size_t n)
{
    size_t want = b->n + n, cap = b->cap ? b->cap : 64;
    bool far = b->from >= b->n; /* as many octets gone as there are to move */
    while (cap < want || (cap == b->cap && !far && cap < b->max))
        cap = cap > SIZE_MAX / 2 ? want : cap * 2;
    if (cap > b->max) cap = b->max; /* not below want, as n fits */
    if (b->from) memmove(b->p, b->p + b->from, b->n);
    b->from = 0;
    if (cap <= b->cap) return OK;
    uint8_t *p = mem_resize(b->mem, b->p, cap);
    if (!p) return b->cap < want ? ERR_MEM : OK;
    b->p = p;
    b->cap = cap;
    return OK;
}

err buf_reserve(struct buf *b, size_t n, uint8_t **at)
{
    if (n > b->max - b->n) return ERR_LIMIT;
    if (b->from + b->n + n > b->cap) TRY(make_room(b, n));
    *at = b->p + b->from + b->n;
    return OK;
}

void buf_added(struct buf *b, size_t n)
{
    assert(b->from + b->n + n <= b->cap);
    b->n += n;
}

err buf_add(struct buf *b, slice s)
{
    uint8_t *at;
    if (s.n == 0) return OK;
    TRY(buf_reserve(b, s.n, &at));
    memcpy(at, s.p, s.n);
    buf_added(b, s.n);
    return OK;
}

err buf_add_str(struct buf *b, const char *s)
{
    return buf_add(b, slice_str(s));
}

err buf_add_byte(struct buf *b, uint8_t c)
{
    return buf_add(b, slice_of(&c, 1));
}

err buf_addf(struct buf *b, const char *fmt, ...)
{
    char small[256];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(small, sizeof small, fmt, ap);
    va_end(ap);
    if (n < 0) return ERR_USE;
    if ((size_t)n < sizeof small) return buf_add(b, slice_of(small, (size_t)n));
    char *big = mem_new(b->mem, (size_t)n + 1);
    if (!big) return ERR_MEM;
    va_start(ap, fmt);
    vsnprintf(big, (size_t)n + 1, fmt, ap);
    va_end(ap);
    err e = buf_add(b, slice_of(big, (size_t)n));
    mem_free(b->mem, big);
    return e;
}

void buf_take(struct buf *b, size_t n)
{
    assert(n <= b->n);
    b->from += n;
    b->n -= n;
    if (b->n == 0) b->from = 0;
}

void buf_unadd(struct buf *b, size_t n)
{
    assert(n <= b->n);
    b->n -= n;
    if (b->n == 0) b->from = 0;
}

const char *buf_str(struct buf *b)
{
    size_t max = b->max;
    uint8_t *at;
    if (max < SIZE_MAX) b->max = max + 1; /* the NUL is ours, not content */
    err e = buf_reserve(b, 1, &at);
    b->max = max;
    if (e != OK) return NULL;
    *at = 0;
    return (const char *)b->p + b->from;
}
