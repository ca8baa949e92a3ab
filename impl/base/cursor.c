/* SPDX-License-Identifier: MIT */
#include "base/cursor.h"

#include <string.h>

void cursor_init(struct cursor *c, slice in)
{
    *c = (struct cursor){.in = in};
}

size_t cursor_left(const struct cursor *c)
{
    return c->in.n - c->at;
}

int cursor_peek(const struct cursor *c)
{
    return c->failed == OK && c->at < c->in.n ? c->in.p[c->at] : -1;
}

slice cursor_take(struct cursor *c, size_t n)
{
    if (c->failed != OK) return SLICE_NONE;
    if (n > cursor_left(c)) {
        c->failed = ERR_MORE;
        return SLICE_NONE;
    }
    slice s = slice_sub(c->in, c->at, c->at + n);
    c->at += n;
    return s;
}

uint8_t cursor_u8(struct cursor *c)
{
    slice s = cursor_take(c, 1);
    return s.n ? s.p[0] : 0;
}

uint16_t cursor_u16(struct cursor *c)
{
    slice s = cursor_take(c, 2);
    if (!s.n) return 0;
    return (uint16_t)(s.p[0] << 8 | s.p[1]);
}

uint32_t cursor_u32(struct cursor *c)
{
    slice s = cursor_take(c, 4);
    if (!s.n) return 0;
    return (uint32_t)s.p[0] << 24 | (uint32_t)s.p[1] << 16 | (uint32_t)s.p[2] << 8 | s.p[3];
}

slice cursor_line(struct cursor *c, bool *bare_lf)
{
    *bare_lf = false;
    if (c->failed != OK) return SLICE_NONE;
    slice left = slice_sub(c->in, c->at, c->in.n);
    const uint8_t *from = left.p, *lf = left.n ? memchr(from, '\n', left.n) : NULL;
    if (!lf) {
        c->failed = ERR_MORE;
        return SLICE_NONE;
    }
    size_t n = (size_t)(lf - from);
    c->at += n + 1;
    if (n && from[n - 1] == '\r') return slice_of(from, n - 1);
    *bare_lf = true;
    return slice_of(from, n);
}

void cursor_literal(struct cursor *c, slice lit)
{
    slice got = cursor_take(c, lit.n);
    if (c->failed != OK || slice_eq_nocase(got, lit)) return;
    c->failed = ERR_PEER;
    c->at -= lit.n; /* at tells where reading went wrong */
}
