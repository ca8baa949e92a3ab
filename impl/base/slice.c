/* SPDX-License-Identifier: MIT */
#include "base/slice.h"

#include <string.h>

slice slice_of(const void *p, size_t n)
{
    return (slice){p, n};
}

slice slice_str(const char *s)
{
    return s ? (slice){(const uint8_t *)s, strlen(s)} : SLICE_NONE;
}

slice slice_sub(slice s, size_t from, size_t to)
{
    if (to > s.n) to = s.n;
    if (from > to) from = to;
    return (slice){s.p ? s.p + from : NULL, to - from};
}

bool slice_eq(slice a, slice b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

bool slice_eq_nocase(slice a, slice b)
{
    if (a.n != b.n) return false;
    for (size_t i = 0; i < a.n; i++) {
        if (a.p[i] != b.p[i] && lower(a.p[i]) != lower(b.p[i])) return false;
    }
    return true;
}

bool slice_starts(slice s, slice prefix)
{
    return s.n >= prefix.n && slice_eq(slice_sub(s, 0, prefix.n), prefix);
}

bool slice_starts_nocase(slice s, slice prefix)
{
    return s.n >= prefix.n && slice_eq_nocase(slice_sub(s, 0, prefix.n), prefix);
}

size_t slice_find(slice s, slice needle)
{
    if (needle.n == 0) return 0;
    for (size_t at = 0; at + needle.n <= s.n;) {
        const uint8_t *hit = memchr(s.p + at, needle.p[0], s.n - needle.n - at + 1);
        if (!hit) break;
        at = (size_t)(hit - s.p);
        if (memcmp(hit, needle.p, needle.n) == 0) return at;
        at++;
    }
    return s.n;
}

static bool glob(slice pattern, slice text, bool nocase)
{
    size_t p = 0, t = 0, star = SIZE_MAX, mark = 0;
    while (t < text.n) {
        bool quoted = p + 1 < pattern.n && pattern.p[p] == '\\';
        size_t at = p + quoted;
        if (p < pattern.n && !quoted && pattern.p[p] == '*') {
            star = ++p;
            mark = t;
        } else if (at < pattern.n && ((!quoted && pattern.p[at] == '?') || pattern.p[at] == text.p[t] ||
                                      (nocase && lower(pattern.p[at]) == lower(text.p[t])))) {
            p = at + 1;
            t++;
        } else if (star != SIZE_MAX) { /* let the last star take one octet more */
            p = star;
            t = ++mark;
        } else {
            return false;
        }
    }
    while (p < pattern.n && pattern.p[p] == '*')
        p++;
    return p == pattern.n;
}

bool slice_glob(slice pattern, slice text)
{
    return glob(pattern, text, false);
}

bool slice_glob_nocase(slice pattern, slice text)
{
    return glob(pattern, text, true);
}

slice slice_trim(slice s)
{
    while (s.n && (s.p[0] == ' ' || s.p[0] == '\t')) {
        s.p++;
        s.n--;
    }
    while (s.n && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
        s.n--;
    return s;
}

bool slice_number(slice s, uint64_t max, uint64_t *out)
{
    uint64_t v = 0;
    if (s.n == 0) return false;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9') return false;
        uint64_t digit = (uint64_t)(s.p[i] - '0');
        if (digit > max || v > (max - digit) / 10) return false;
        v = v * 10 + digit;
    }
    *out = v;
    return true;
}
