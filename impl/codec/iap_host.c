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

static bool is_alnum(uint8_t c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

/* RFC 2396 3.2.2 hostname: labels of letters, digits and inner hyphens, one dot at the end allowed. */
static bool is_name(slice h)
{
    size_t label = 0;
    if (h.n == 0 || h.n > 255) return false;
    if (h.p[h.n - 1] == '.') h = slice_sub(h, 0, h.n - 1);
    if (h.n == 0) return false;
    for (size_t i = 0; i <= h.n; i++) {
        if (i < h.n && h.p[i] != '.') {
            if (!is_alnum(h.p[i]) && h.p[i] != '-' && h.p[i] != '_') return false;
            label++;
            continue;
        }
        if (label == 0 || label > 63 || h.p[i - 1] == '-' || h.p[i - label] == '-') return false;
        label = 0;
    }
    return true;
}

/* The host without a port; h itself when there is none. */
static slice without_port(slice h)
{
    if (h.n && h.p[0] == '[') {
        size_t close = slice_find(h, SLICE_LIT("]"));
        return slice_sub(h, 0, close + 1);
    }
    size_t colon = slice_find(h, SLICE_LIT(":"));
    if (colon < h.n && slice_find(slice_sub(h, colon + 1, h.n), SLICE_LIT(":")) < h.n - colon - 1) return h; /* IPv6 */
    return slice_sub(h, 0, colon);
}

enum iap_host iap_host_kind(slice h)
{
    uint64_t port;
    if (is_ipv4(h)) return IAP_HOST_IPV4;
    if (is_name(h)) {
        /* 1.2.3.4.5 or 300.1.1.1 are no names: the last label must not be all digits */
        size_t from = h.n - (h.p[h.n - 1] == '.');
        size_t end = from;
        while (from && h.p[from - 1] != '.')
            from--;
        uint64_t v;
        return slice_number(slice_sub(h, from, end), UINT64_MAX, &v) ? IAP_HOST_BAD : IAP_HOST_NAME;
    }
    slice bare = without_port(h);
    if (bare.n < h.n) {
        bool port_ok = h.p[bare.n] == ':' && slice_number(slice_sub(h, bare.n + 1, h.n), 65535, &port);
        if (!port_ok) return IAP_HOST_BAD;
    }
    if (bare.n > 3 && bare.p[0] == '[' && bare.p[bare.n - 1] == ']') {
        for (size_t i = 1; i + 1 < bare.n; i++) {
            uint8_t c = bare.p[i];
            if (!is_alnum(c) && c != ':' && c != '.') return IAP_HOST_BAD;
        }
        return IAP_HOST_LOOSE;
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
