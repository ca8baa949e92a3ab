/* SPDX-License-Identifier: MIT */
#include "cap/pcapng.h"

#include <string.h>

enum {
    SEGMENT_MAX = 1460, /* an Ethernet frame less two headers */
    DATAGRAM_MAX = 65507, /* the length of an IPv4 packet has 16 bits; two headers less */
    HEADERS_N = 40,     /* IPv4 and TCP without options */
    UDP_HEADERS_N = 28,
    FLOWS_MAX = 4096,   /* one scenario opens a handful; this is no memory worth speaking of */
    TEXT_MAX = 60000,   /* option lengths are 16 bits */
    WINDOW = 65535
};
enum { BLOCK_SECTION = 0x0a0d0d0a, BLOCK_INTERFACE = 1, BLOCK_PACKET = 6 };
enum { OPT_END = 0, OPT_COMMENT = 1, OPT_EPB_FLAGS = 2, OPT_SHB_APP = 4, OPT_IF_TSRESOL = 9 };
enum { LINKTYPE_RAW = 101 };
enum { TCP_FIN = 1, TCP_SYN = 2, TCP_RST = 4, TCP_PSH = 8, TCP_ACK = 16, TCP_URG = 32 };

struct side {
    uint32_t seq;
    bool ended;
};
struct flow {
    struct pcapng_flow f;
    struct side side[2]; /* client, server */
    uint16_t ip_id;
};
struct pcapng {
    const struct mem *mem;
    struct buf *out;
    struct flow *flow;
    size_t n, cap;
};

/* ---- octets in order; the file is written little-endian, the packets in network order ---- */

struct pen {
    uint8_t *p;
};

static void le32(struct pen *w, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        *w->p++ = (uint8_t)(v >> (8 * i));
}
static void le16(struct pen *w, uint32_t v)
{
    *w->p++ = (uint8_t)v;
    *w->p++ = (uint8_t)(v >> 8);
}
static void be16(struct pen *w, uint32_t v)
{
    *w->p++ = (uint8_t)(v >> 8);
    *w->p++ = (uint8_t)v;
}
static void be32(struct pen *w, uint32_t v)
{
    be16(w, v >> 16);
    be16(w, v & 0xffff);
}
static void octets(struct pen *w, const void *p, size_t n)
{
    if (n) memcpy(w->p, p, n);
    w->p += n;
}
static size_t padded(size_t n)
{
    return (n + 3) & ~(size_t)3;
}
static void padding(struct pen *w, size_t n)
{
    memset(w->p, 0, padded(n) - n);
    w->p += padded(n) - n;
}
static void option(struct pen *w, uint32_t code, const void *p, size_t n)
{
    le16(w, code);
    le16(w, (uint32_t)n);
    octets(w, p, n);
    padding(w, n);
}
static size_t text_n(const char *s)
{
    size_t n = s ? strlen(s) : 0;
    if (n <= TEXT_MAX) return n;
    for (n = TEXT_MAX; n && ((uint8_t)s[n] & 0xc0) == 0x80;)
        n--; /* not in the middle of a UTF-8 character */
    return n;
}

/* ---- blocks ---- */

static err write_section(struct buf *out, const char *app)
{
    uint8_t *at;
    size_t an = text_n(app);
    size_t section = 28 + 4 + padded(an) + 4, interface = 20 + 8 + 4;
    TRY(buf_reserve(out, section + interface, &at));
    struct pen w = {at};
    le32(&w, BLOCK_SECTION);
    le32(&w, (uint32_t)section);
    le32(&w, 0x1a2b3c4d);
    le16(&w, 1);
    le16(&w, 0);
    le32(&w, 0xffffffff); /* section length: not said */
    le32(&w, 0xffffffff);
    option(&w, OPT_SHB_APP, app, an);
    option(&w, OPT_END, NULL, 0);
    le32(&w, (uint32_t)section);

    const uint8_t micro = 6;
    le32(&w, BLOCK_INTERFACE);
    le32(&w, (uint32_t)interface);
    le16(&w, LINKTYPE_RAW);
    le16(&w, 0);
    le32(&w, 0); /* no snap length */
    option(&w, OPT_IF_TSRESOL, &micro, 1);
    option(&w, OPT_END, NULL, 0);
    le32(&w, (uint32_t)interface);
    buf_added(out, (size_t)(w.p - at));
    return OK;
}

static uint32_t sum16(uint32_t sum, const uint8_t *p, size_t n)
{
    for (size_t i = 0; i + 1 < n; i += 2) {
        sum += (uint32_t)p[i] << 8 | p[i + 1];
        sum = (sum & 0xffff) + (sum >> 16);
    }
    if (n & 1) {
        sum += (uint32_t)p[n - 1] << 8;
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return sum;
}

static void put_sum(uint8_t *at, uint32_t sum)
{
    sum = ~sum & 0xffff;
    at[0] = (uint8_t)(sum >> 8);
    at[1] = (uint8_t)sum;
}

static size_t headers_n(const struct flow *f)
{
    return f->f.udp ? UDP_HEADERS_N : HEADERS_N;
}

static void write_ip(struct pen *w, const struct flow *f, bool from_client, size_t n)
{
    uint8_t *ip = w->p;
    be16(w, 0x4500);
    be16(w, (uint32_t)n);
    be16(w, f->ip_id);
    be16(w, 0x4000); /* do not fragment */
    be16(w, 64 << 8 | (f->f.udp ? 17 : 6));
    be16(w, 0);
    be32(w, from_client ? f->f.client_ip : f->f.server_ip);
    be32(w, from_client ? f->f.server_ip : f->f.client_ip);
    put_sum(ip + 10, sum16(0, ip, 20));
}

static void write_udp(struct pen *w, const struct flow *f, bool from_client, slice data)
{
    uint8_t *ip = w->p, *udp = ip + 20;
    size_t n = 8 + data.n;
    write_ip(w, f, from_client, UDP_HEADERS_N + data.n);
    be16(w, from_client ? f->f.client_port : f->f.server_port);
    be16(w, from_client ? f->f.server_port : f->f.client_port);
    be16(w, (uint32_t)n);
    be16(w, 0);
    octets(w, data.p, data.n);
    put_sum(udp + 6, sum16(sum16(0, ip + 12, 8) + 17 + (uint32_t)n, udp, n));
    if (!udp[6] && !udp[7]) udp[6] = udp[7] = 0xff; /* 0 would say that there is none (RFC 768) */
}

static void write_headers(struct pen *w, const struct flow *f, bool from_client, unsigned flags, slice data)
{
    uint8_t *ip = w->p;
    const struct side *me = &f->side[from_client ? 0 : 1], *peer = &f->side[from_client ? 1 : 0];
    write_ip(w, f, from_client, HEADERS_N + data.n);
    uint8_t *tcp = w->p;
    be16(w, from_client ? f->f.client_port : f->f.server_port);
    be16(w, from_client ? f->f.server_port : f->f.client_port);
    be32(w, me->seq);
    be32(w, flags & TCP_ACK ? peer->seq : 0);
    be16(w, 5 << 12 | flags);
    be16(w, WINDOW);
    be16(w, 0);
    be16(w, flags & TCP_URG ? 1 : 0);
    octets(w, data.p, data.n);
    uint32_t sum = sum16(0, ip + 12, 8); /* pseudo header */
    sum = sum16(sum + 6 + (uint32_t)(20 + data.n), tcp, 20 + data.n);
    put_sum(tcp + 16, sum);
}

/* One packet; the flow moves on only when it is written. */
static err packet(struct pcapng *p, struct flow *f, bool from_client, unsigned flags, slice data, uint64_t us,
                  const char *comment)
{
    size_t size = headers_n(f) + data.n, cn = text_n(comment);
    size_t block = 28 + padded(size) + (4 + 4) + (cn ? 4 + padded(cn) : 0) + 4 + 4;
    uint8_t *at, direction[4] = {from_client ? 2 : 1, 0, 0, 0}; /* the client's are outbound */
    TRY(buf_reserve(p->out, block, &at));
    struct pen w = {at};
    le32(&w, BLOCK_PACKET);
    le32(&w, (uint32_t)block);
    le32(&w, 0);
    le32(&w, (uint32_t)(us >> 32));
    le32(&w, (uint32_t)us);
    le32(&w, (uint32_t)size);
    le32(&w, (uint32_t)size);
    if (f->f.udp) write_udp(&w, f, from_client, data);
    else write_headers(&w, f, from_client, flags, data);
    padding(&w, size);
    if (cn) option(&w, OPT_COMMENT, comment, cn);
    option(&w, OPT_EPB_FLAGS, direction, sizeof direction);
    option(&w, OPT_END, NULL, 0);
    le32(&w, (uint32_t)block);
    buf_added(p->out, (size_t)(w.p - at));
    struct side *me = &f->side[from_client ? 0 : 1];
    me->seq += (uint32_t)data.n + (flags & (TCP_SYN | TCP_FIN) ? 1 : 0);
    if (flags & TCP_FIN) me->ended = true;
    if (flags & TCP_RST) f->side[0].ended = f->side[1].ended = true;
    f->ip_id++;
    return OK;
}

/* ---- the contract ---- */

err pcapng_new(const struct mem *mem, struct buf *out, const char *app, struct pcapng **pp)
{
    *pp = NULL;
    struct pcapng *p = mem_new(mem, sizeof *p);
    if (!p) return ERR_MEM;
    p->mem = mem;
    p->out = out;
    err e = write_section(out, app);
    if (e != OK) {
        mem_free(mem, p);
        return e;
    }
    *pp = p;
    return OK;
}

void pcapng_free(struct pcapng *p)
{
    if (!p) return;
    mem_free(p->mem, p->flow);
    mem_free(p->mem, p);
}

err pcapng_open(struct pcapng *p, const struct pcapng_flow *f, uint64_t us, int *flow_id)
{
    if (p->n == FLOWS_MAX) return ERR_LIMIT;
    if (p->n == p->cap) {
        size_t cap = p->cap ? p->cap * 2 : 4;
        struct flow *more = mem_resize(p->mem, p->flow, cap * sizeof *more);
        if (!more) return ERR_MEM;
        p->flow = more;
        p->cap = cap;
    }
    struct flow *fl = &p->flow[p->n];
    *fl = (struct flow){.f = *f, .ip_id = 1};
    /* far apart, different for each flow, the same in each run */
    fl->side[0].seq = 1000000u * (uint32_t)(p->n + 1);
    fl->side[1].seq = 0x80000000u + 1000000u * (uint32_t)(p->n + 1);
    if (!f->udp) {
        TRY(packet(p, fl, true, TCP_SYN, SLICE_NONE, us, NULL));
        TRY(packet(p, fl, false, TCP_SYN | TCP_ACK, SLICE_NONE, us, NULL));
        TRY(packet(p, fl, true, TCP_ACK, SLICE_NONE, us, NULL));
    }
    *flow_id = (int)p->n++;
    return OK;
}

static struct flow *flow_of(struct pcapng *p, int flow_id, bool from_client)
{
    if (flow_id < 0 || (size_t)flow_id >= p->n) return NULL;
    struct flow *f = &p->flow[flow_id];
    return f->side[from_client ? 0 : 1].ended ? NULL : f;
}

err pcapng_data(struct pcapng *p, int flow_id, bool from_client, slice data, uint64_t us, const char *comment)
{
    struct flow *f = flow_of(p, flow_id, from_client);
    if (!f) return ERR_USE;
    size_t max = f->f.udp ? DATAGRAM_MAX : SEGMENT_MAX;
    for (size_t at = 0; at < data.n; at += max) {
        slice part = slice_sub(data, at, at + max);
        bool end = at + part.n == data.n;
        TRY(packet(p, f, from_client, end ? TCP_PSH | TCP_ACK : TCP_ACK, part, us, at ? NULL : comment));
    }
    return OK;
}

err pcapng_signal(struct pcapng *p, int flow_id, bool from_client, enum pcapng_end what, uint64_t us)
{
    struct flow *f = flow_of(p, flow_id, from_client);
    if (!f) return ERR_USE;
    if (f->f.udp) return OK;
    switch (what) {
    case PCAPNG_FIN:
        TRY(packet(p, f, from_client, TCP_FIN | TCP_ACK, SLICE_NONE, us, NULL));
        return packet(p, f, !from_client, TCP_ACK, SLICE_NONE, us, NULL);
    case PCAPNG_RST:
        return packet(p, f, from_client, TCP_RST | TCP_ACK, SLICE_NONE, us, NULL);
    case PCAPNG_URG:
        return packet(p, f, from_client, TCP_URG | TCP_ACK, SLICE_NONE, us, NULL);
    }
    return ERR_USE;
}
