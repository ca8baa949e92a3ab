/* SPDX-License-Identifier: MIT */
/* buf: octets that we own, with a hard maximum.  Consumed octets leave at the front without moving the rest
 * each time, so it serves as a queue as well.  Octets from buf_slice stay valid until the next non-const call. */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/err.h"
#include "base/mem.h"
#include "base/slice.h"

struct buf {
    const struct mem *mem;
    uint8_t *p;
    size_t from, n; /* the octets held are p[from .. from+n) */
    size_t cap;
    size_t max; /* n never passes this */
};

/* No allocation happens before the first octet. */
void buf_init(struct buf *b, const struct mem *mem, size_t max);
void buf_done(struct buf *b);
/* Drop the octets, keep the memory. */
void buf_clear(struct buf *b);
/* Drop the octets and the memory: for idle connections. */
void buf_shrink(struct buf *b);
slice buf_slice(const struct buf *b);
size_t buf_room(const struct buf *b);
/* ERR_LIMIT past max, ERR_MEM; in both cases nothing was added. */
err buf_add(struct buf *b, slice s) MUST_CHECK;
err buf_add_str(struct buf *b, const char *s) MUST_CHECK;
err buf_add_byte(struct buf *b, uint8_t c) MUST_CHECK;
err buf_addf(struct buf *b, const char *fmt, ...) MUST_CHECK __attribute__((format(printf, 2, 3)));
/* Room for n more octets at *at; call buf_added with how many were written there. */
err buf_reserve(struct buf *b, size_t n, uint8_t **at) MUST_CHECK;
void buf_added(struct buf *b, size_t n);
/* Drop n octets at the front, or at the end (n <= b->n). */
void buf_take(struct buf *b, size_t n);
void buf_unadd(struct buf *b, size_t n);
/* The octets as a C string (a NUL is kept behind them, not counted); NULL when memory is short. */
const char *buf_str(struct buf *b);

#endif
