/* SPDX-License-Identifier: MIT */
/* cursor: reads a slice from front to back with a sticky error, so that a parser is straight lines with one
 * check at the end.  After the first failed read every read is a no-op that gives zero or an empty slice. */
#ifndef BASE_CURSOR_H
#define BASE_CURSOR_H

#include "base/err.h"
#include "base/slice.h"

struct cursor {
    slice in;
    size_t at;  /* octets read so far */
    err failed; /* first error, OK until then */
};

void cursor_init(struct cursor *c, slice in);
size_t cursor_left(const struct cursor *c);
/* Next octet without reading it, or -1 at the end. */
int cursor_peek(const struct cursor *c);
/* Each of these fails with ERR_MORE at the end of the octets. */
uint8_t cursor_u8(struct cursor *c);
uint16_t cursor_u16(struct cursor *c); /* network order */
uint32_t cursor_u32(struct cursor *c);
slice cursor_take(struct cursor *c, size_t n);
/* Read up to, and pass, the first LF; the line comes without its CRLF (or bare LF: *bare_lf is set). */
slice cursor_line(struct cursor *c, bool *bare_lf);
/* Pass the literal (letters compared without case) or fail with ERR_PEER. */
void cursor_literal(struct cursor *c, slice lit);

#endif
