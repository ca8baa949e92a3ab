/* SPDX-License-Identifier: MIT */
#include "codec/oe_host.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "codec/oe_txt.h"

bool oe_host_read(slice text, struct oe_host *h)
{
    char copy[OE_HOST_TEXT];
    bool zeros = false;
    *h = (struct oe_host){.family = 0};
    if (text.n == 0 || text.n >= sizeof copy || memchr(text.p, 0, text.n)) return false;
    memcpy(copy, text.p, text.n);
    copy[text.n] = 0;
    if (oe_ip4(text, h->octets, &zeros) && !zeros) {
        h->family = 4;
    } else {
        *h = (struct oe_host){.family = 0};
        if (inet_pton(AF_INET6, copy, h->octets) == 1) h->family = 6;
    }
    return h->family != 0;
}

struct oe_host oe_host_of(uint8_t family, const uint8_t *octets)
{
    struct oe_host h = {.family = family};
    memcpy(h.octets, octets, family == 4 ? 4 : family == 6 ? 16 : 0);
    return h;
}

const char *oe_host_text(const struct oe_host *h, char out[OE_HOST_TEXT])
{
    if (!h->family || !inet_ntop(h->family == 4 ? AF_INET : AF_INET6, h->octets, out, OE_HOST_TEXT)) out[0] = 0;
    return out;
}

bool oe_host_eq(const struct oe_host *a, const struct oe_host *b)
{
    return a->family == b->family && memcmp(a->octets, b->octets, sizeof a->octets) == 0;
}

bool oe_host_private(const struct oe_host *h)
{
    const uint8_t *o = h->octets;
    if (h->family == 6) return (o[0] & 0xFE) == 0xFC;
    return h->family == 4 && (o[0] == 10 || (o[0] == 172 && (o[1] & 0xF0) == 16) || (o[0] == 192 && o[1] == 168));
}

void oe_reverse_name(const struct oe_host *h, char out[OE_NAME_TEXT])
{
    size_t n = 0;
    out[0] = 0;
    if (h->family == 4) {
        snprintf(out, OE_NAME_TEXT, "%u.%u.%u.%u.in-addr.arpa", h->octets[3], h->octets[2], h->octets[1], h->octets[0]);
    } else if (h->family == 6) {
        for (int i = 15; i >= 0; i--)
            n += (size_t)snprintf(out + n, OE_NAME_TEXT - n, "%x.%x.", h->octets[i] & 0xFu, h->octets[i] >> 4);
        snprintf(out + n, OE_NAME_TEXT - n, "ip6.arpa");
    }
}

bool oe_name_fold(slice name, char out[OE_NAME_TEXT])
{
    out[0] = 0;
    if (name.n && name.p[name.n - 1] == '.') name.n--;
    if (name.n == 0 || name.n > OE_FQDN_MAX || memchr(name.p, 0, name.n)) return false;
    for (size_t i = 0; i < name.n; i++)
        out[i] = (char)(name.p[i] >= 'A' && name.p[i] <= 'Z' ? name.p[i] | 0x20 : name.p[i]);
    out[name.n] = 0;
    return true;
}

bool oe_name_eq(slice a, slice b)
{
    if (a.n && a.p[a.n - 1] == '.') a.n--;
    if (b.n && b.p[b.n - 1] == '.') b.n--;
    return a.n && slice_eq_nocase(a, b);
}
