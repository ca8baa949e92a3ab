/* SPDX-License-Identifier: MIT */
#include "codec/ip_packet.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/cursor.h"

enum { PROTO_HOPS = 0, PROTO_ICMP = 1, PROTO_TCP = 6, PROTO_UDP = 17, PROTO_ROUTE = 43, PROTO_FRAGMENT = 44, PROTO_ESP = 50, PROTO_ICMP6 = 58, PROTO_OPTIONS = 60 };

/* --- addresses ---------------------------------------------------------------------------------------------------------- */

const char *ip_address_text(const struct ip_address *a, char out[IP_TEXT])
{
    bool ok = a->family && inet_ntop(a->family == 4 ? AF_INET : AF_INET6, a->octet, out, IP_TEXT);
    if (!ok) snprintf(out, IP_TEXT, "none");
    return out;
}

bool ip_address_read(const char *text, struct ip_address *a)
{
    *a = (struct ip_address){.family = 4};
    if (inet_pton(AF_INET, text, a->octet) == 1) return true;
    *a = (struct ip_address){.family = 6};
    if (inet_pton(AF_INET6, text, a->octet) == 1) return true;
    *a = (struct ip_address){.family = 0};
    return false;
}

bool ip_address_eq(const struct ip_address *a, const struct ip_address *b)
{
    return a->family == b->family && memcmp(a->octet, b->octet, sizeof a->octet) == 0;
}

bool ip_address_private(const struct ip_address *a)
{
    const uint8_t *o = a->octet;
    return a->family == 4 && (o[0] == 10 || (o[0] == 172 && (o[1] & 0xF0) == 16) || (o[0] == 192 && o[1] == 168));
}

static int digit(char c, int base)
{
    if (c >= '0' && c <= '9') return c - '0';
    return base == 16 && c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The last octet stands first, in decimal without leading zeros. */
static bool reverse4(const char *name, struct ip_address *a)
{
    struct ip_address got = {.family = 4};
    for (int i = 3; i >= 0; i--, name++) {
        int v = 0, n = 0;
        const char *from = name;
        for (; digit(*name, 10) >= 0 && n < 3; n++)
            v = v * 10 + digit(*name++, 10);
        if (n == 0 || v > 255 || *name != '.' || (n > 1 && *from == '0')) return false;
        got.octet[i] = (uint8_t)v;
    }
    if (strcmp(name, "in-addr.arpa") != 0) return false;
    *a = got;
    return true;
}

/* So does the last nibble, in hexadecimal. */
static bool reverse6(const char *name, struct ip_address *a)
{
    struct ip_address got = {.family = 6};
    for (int i = 31; i >= 0; i--, name += 2) {
        int v = digit(name[0], 16);
        if (v < 0 || name[1] != '.') return false;
        got.octet[i / 2] = (uint8_t)(got.octet[i / 2] | (i % 2 ? v : v << 4));
    }
    if (strcmp(name, "ip6.arpa") != 0) return false;
    *a = got;
    return true;
}

bool ip_address_of_reverse(const char *name, struct ip_address *a)
{
    *a = (struct ip_address){.family = 0};
    return reverse4(name, a) || reverse6(name, a);
}

/* --- packets ------------------------------------------------------------------------------------------------------------- */

struct outer { /* what the IP header says */
    uint8_t proto;
    size_t left; /* octets behind it, on the wire */
    uint32_t offset;
    bool more;
};

static bool read4(struct cursor *c, size_t wire, struct ip_packet *p, struct outer *o)
{
    size_t head = (size_t)(cursor_u8(c) & 15) * 4;
    (void)cursor_u8(c);
    size_t all = cursor_u16(c);
    (void)cursor_u16(c);
    uint16_t piece = cursor_u16(c);
    (void)cursor_u8(c);
    o->proto = cursor_u8(c);
    (void)cursor_u16(c);
    slice from = cursor_take(c, 4), to = cursor_take(c, 4);
    if (c->failed != OK || head < 20) return false;
    (void)cursor_take(c, head - 20);
    if (all == 0) all = wire; /* the network card cuts what is longer: segmentation offload */
    if (c->failed != OK || all < head) return false;
    p->from.family = p->to.family = 4;
    memcpy(p->from.octet, from.p, 4);
    memcpy(p->to.octet, to.p, 4);
    o->left = all - head;
    o->offset = (piece & 0x1FFFu) * 8u;
    o->more = (piece & 0x2000) != 0;
    return true;
}

static bool read6(struct cursor *c, size_t wire, struct ip_packet *p, struct outer *o)
{
    (void)cursor_u32(c);
    size_t left = cursor_u16(c);
    o->proto = cursor_u8(c);
    (void)cursor_u8(c);
    slice from = cursor_take(c, 16), to = cursor_take(c, 16);
    if (c->failed != OK) return false;
    if (left == 0 && wire > 40) left = wire - 40; /* a jumbogram, or segmentation offload */
    p->from.family = p->to.family = 6;
    memcpy(p->from.octet, from.p, 16);
    memcpy(p->to.octet, to.p, 16);
    for (int i = 0; i < IP_EXTENSIONS_MAX; i++) {
        bool piece = o->proto == PROTO_FRAGMENT;
        if (!piece && o->proto != PROTO_HOPS && o->proto != PROTO_ROUTE && o->proto != PROTO_OPTIONS) break;
        if (o->offset) break; /* what follows is the middle of something */
        uint8_t next = cursor_u8(c), n = cursor_u8(c);
        size_t size = piece ? 8 : ((size_t)n + 1) * 8;
        uint16_t where = cursor_u16(c);
        (void)cursor_take(c, size - 4);
        if (c->failed != OK || size > left) return false;
        if (piece) {
            o->offset = where & 0xFFF8u;
            o->more = (where & 1) != 0;
        }
        o->proto = next;
        left -= size;
    }
    o->left = left;
    return true;
}

static bool unreachable(uint8_t family, uint8_t type, uint8_t code)
{
    if (family == 4) return type == 3 && (code == 0 || code == 1 || code == 3); /* net, host, port: RFC 792 */
    return type == 1 && (code == 0 || code == 3 || code == 4);                  /* RFC 4443 3.1 */
}

static void inner(slice in, const struct outer *o, struct ip_packet *p)
{
    struct cursor c;
    cursor_init(&c, in);
    uint8_t type = 0, code = 0;
    switch (o->proto) {
    case PROTO_UDP: p->what = IP_UDP; break;
    case PROTO_TCP: p->what = IP_TCP; break;
    case PROTO_ICMP:
    case PROTO_ICMP6: p->what = IP_ICMP; break;
    case PROTO_ESP: p->what = IP_ESP; break;
    default: p->what = IP_OTHER; return;
    }
    if (p->fragment && !p->first) return;
    if (p->what == IP_UDP || p->what == IP_TCP) {
        p->from_port = cursor_u16(&c);
        p->to_port = cursor_u16(&c);
    }
    if (p->what == IP_UDP) {
        size_t all = cursor_u16(&c);
        (void)cursor_u16(&c);
        if (!p->fragment && all >= 8) in = slice_sub(in, 0, all);
    }
    if (p->what == IP_TCP) {
        (void)cursor_take(&c, 8);
        size_t head = (size_t)(cursor_u8(&c) >> 4) * 4;
        (void)cursor_take(&c, head < 20 ? in.n + 1 : head - 13); /* too small a number fails as too few octets do */
    }
    if (p->what == IP_ICMP) {
        type = cursor_u8(&c);
        code = cursor_u8(&c);
        (void)cursor_take(&c, 6);
        if (unreachable(p->from.family, type, code)) p->what = IP_UNREACHABLE;
    }
    if (p->what == IP_ESP) p->spi = cursor_u32(&c);
    p->no_header = c.failed != OK;
    if (p->no_header) p->from_port = p->to_port = 0;
    p->payload = p->what == IP_ESP || p->no_header ? in : slice_sub(in, c.at, in.n);
    if (p->no_header && p->what == IP_UNREACHABLE) p->what = IP_ICMP;
}

void ip_packet_read(slice octets, size_t wire, struct ip_packet *p)
{
    struct cursor c;
    struct outer o = {.proto = 0};
    *p = (struct ip_packet){.what = IP_NONE};
    cursor_init(&c, octets);
    int version = octets.n ? octets.p[0] >> 4 : 0;
    bool ok = version == 4 ? read4(&c, wire, p, &o) : version == 6 && read6(&c, wire, p, &o);
    if (!ok) {
        *p = (struct ip_packet){.what = IP_NONE, .cut = octets.n < wire};
        return;
    }
    slice in = slice_sub(octets, c.at, c.at + o.left); /* without the padding of short frames */
    p->cut = in.n < o.left;
    p->fragment = o.more || o.offset;
    p->first = o.more && o.offset == 0;
    inner(in, &o, p);
}
