/* SPDX-License-Identifier: MIT */
/* slice: borrowed octets, passed by value.  Read-only, not ended by NUL, valid for the call only unless a
 * function says otherwise. */
#ifndef BASE_SLICE_H
#define BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct slice {
    const uint8_t *p;
    size_t n;
} slice;

#define SLICE_LIT(s) ((slice){(const uint8_t *)(s), sizeof(s) - 1})
#define SLICE_NONE   ((slice){NULL, 0})

slice slice_of(const void *p, size_t n);
/* The octets of a C string without its NUL; NULL gives the empty slice. */
slice slice_str(const char *s);
/* Octets [from, to) of s, clipped to s.  An empty result keeps its place in s: p is NULL only when s.p is. */
slice slice_sub(slice s, size_t from, size_t to);
bool slice_eq(slice a, slice b);
/* Equal with ASCII letters compared without case (RFC 2616 2.1 for quoted literals). */
bool slice_eq_nocase(slice a, slice b);
bool slice_starts(slice s, slice prefix);
bool slice_starts_nocase(slice s, slice prefix);
/* Position of the first needle in s, or s.n when it is not there.  An empty needle is found at 0. */
size_t slice_find(slice s, slice needle);
/* The whole text against a pattern: * any octets, ? one octet, \ takes the next one literally. */
bool slice_glob(slice pattern, slice text);
/* ASCII letters without case. */
bool slice_glob_nocase(slice pattern, slice text);
/* s without SP and HT at both ends. */
slice slice_trim(slice s);
/* Decimal digits only, no sign, no blank, at least one digit, value <= max.  False otherwise. */
bool slice_number(slice s, uint64_t max, uint64_t *out);

#endif
