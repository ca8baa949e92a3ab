/* SPDX-License-Identifier: MIT */
/* Host names as RFC 2616 takes them from RFC 2396 3.2.2: a name or an IPv4 address, without port. */
#include "codec/iap_msg.h"

static bool is_ipv4(slice h)
{
    int dots = 0;
    size_t from = 0;
    for (size_t i = 0; i <= h.n; i++) {
        if (i < h.n && h.p[i] != '.') continue;
        uint64_t v;
        if (!slice_number(slice_sub(h, from, i), 255, &v) || i - from > 3) return false;
        if (i < h.n) dots++;
        from = i + 1;
    }
    return dots == 3;
}

/* What an octet may be in a name: 1 letter, 2 digit, 3 hyphen, 4 dot, 0 none of them.  Hosts are looked at
 * octet by octet in every message, so this is a table. */
#define LETTERS 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1
static const uint8_t name_class[256] = {
    ['-'] = 3, ['.'] = 4, ['0'] = 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, ['A'] = LETTERS, ['a'] = LETTERS,
};
#undef LETTERS

/* RFC 2396 3.2.2 hostname: labels of letters, digits and inner hyphens, the last one begins with a letter
 * (so 1.2.3.4.5 and 300.1.1.1 are no names), one dot at the end allowed. */
static bool is_name(slice h)
{
    enum { LETTER = 1, DIGIT, HYPHEN, DOT };
    if (h.n == 0 || h.n > 255) return false;
    const uint8_t *label = h.p, *end = h.p + h.n - (h.p[h.n - 1] == '.');
    uint8_t before = DOT, first = 0;
    for (const uint8_t *c = h.p; c < end; c++) {
        uint8_t is = name_class[*c];
        if (before == DOT) { /* a label begins */
            if (is != LETTER && is != DIGIT) return false;
            first = is;
            label = c;
        } else if (is == DOT) {
            if (before == HYPHEN || c - label > 63) return false;
        } else if (is == 0) {
            return false;
        }
        before = is;
    }
    return first == LETTER && (before == LETTER || before == DIGIT) && end - label <= 63;
}

/* The host without a port; h itself when there is none. */
static slice without_port(slice h)
{
    if (h.n && h.p[0] == '[') {
        size_t close = slice_find(h, SLICE_LIT("]"));
        return slice_sub(h, 0, close + 1);
    }
    size_t colon = slice_find(h, SLICE_LIT(":"));
    if (colon < h.n && slice_find(slice_sub(h, colon + 1, h.n), SLICE_LIT(":")) < h.n - colon - 1)
        return h; /* IPv6 */
    return slice_sub(h, 0, colon);
}

enum iap_host iap_host_kind(slice h)
{
    uint64_t port;
    if (is_name(h)) return IAP_HOST_NAME;
    if (is_ipv4(h)) return IAP_HOST_IPV4;
    slice bare = without_port(h);
    if (bare.n < h.n) {
        bool port_ok = h.p[bare.n] == ':' && slice_number(slice_sub(h, bare.n + 1, h.n), 65535, &port);
        if (!port_ok) return IAP_HOST_BAD;
    }
    if (bare.n > 3 && bare.p[0] == '[' && bare.p[bare.n - 1] == ']') {
        size_t colons = 0;
        for (size_t i = 1; i + 1 < bare.n; i++) {
            uint8_t c = bare.p[i];
            bool hex = (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
            if (!hex && c != ':' && c != '.') return IAP_HOST_BAD;
            if (c == ':') colons++;
        }
        return colons >= 2 ? IAP_HOST_LOOSE : IAP_HOST_BAD;
    }
    return bare.n < h.n && (is_ipv4(bare) || is_name(bare)) ? IAP_HOST_LOOSE : IAP_HOST_BAD;
}

bool iap_host_same(slice a, slice b)
{
    a = without_port(a);
    b = without_port(b);
    if (a.n && a.p[a.n - 1] == '.') a.n--;
    if (b.n && b.p[b.n - 1] == '.') b.n--;
    return a.n && slice_eq_nocase(a, b);
}
