/* SPDX-License-Identifier: MIT */
#include "cap/capture.h"

#include <pcap/pcap.h>
#include <stdio.h>
#include <string.h>

#include "base/cursor.h"

enum { ETHER_IP4 = 0x0800, ETHER_IP6 = 0x86DD, ETHER_VLAN = 0x8100, ETHER_QINQ = 0x88A8, ETHER_QINQ_OLD = 0x9100 };
enum { COOKED_OUT = 4, TAGS_MAX = 4 };

struct capture {
    const struct mem *mem;
    pcap_t *pcap;
    int link;
    uint32_t packets;
};

static bool known(int link)
{
    return link == DLT_EN10MB || link == DLT_LINUX_SLL || link == DLT_LINUX_SLL2 || link == DLT_RAW || link == DLT_IPV4 || link == DLT_IPV6 || link == DLT_NULL ||
           link == DLT_LOOP;
}

err capture_open(const struct mem *mem, const char *path, struct capture **out, char *why, size_t why_n)
{
    char told[PCAP_ERRBUF_SIZE] = "";
    struct capture *c = mem_new(mem, sizeof *c);
    *out = NULL;
    if (!c) return ERR_MEM;
    c->mem = mem;
    c->pcap = pcap_open_offline_with_tstamp_precision(path, PCAP_TSTAMP_PRECISION_MICRO, told);
    if (!c->pcap) {
        size_t n = strlen(path);
        const char *text = strncmp(told, path, n) == 0 && strncmp(told + n, ": ", 2) == 0 ? told + n + 2 : told; /* whoever asked names the file himself */
        if (strcmp(text, "unknown file format") == 0) text = "neither pcap nor pcapng";
        if (why) snprintf(why, why_n, "%s", text);
        capture_close(c);
        return ERR_SYS;
    }
    c->link = pcap_datalink(c->pcap);
    if (!known(c->link)) {
        const char *name = pcap_datalink_val_to_name(c->link);
        if (why) snprintf(why, why_n, "packets of link layer %s (%d) are not read", name ? name : "unknown", c->link);
        capture_close(c);
        return ERR_USE;
    }
    *out = c;
    return OK;
}

void capture_close(struct capture *c)
{
    if (!c) return;
    if (c->pcap) pcap_close(c->pcap);
    mem_free(c->mem, c);
}

/* --- link layers ---------------------------------------------------------------------------------------------------------- */

struct link { /* what the header of the link layer says */
    bool ip;
    enum ip_way way;
    bool sender_known;
    uint8_t sender[6];
};

/* Passes VLAN tags. */
static bool ether_type(struct cursor *c, uint16_t type)
{
    for (int i = 0; i < TAGS_MAX && (type == ETHER_VLAN || type == ETHER_QINQ || type == ETHER_QINQ_OLD); i++) {
        (void)cursor_u16(c);
        type = cursor_u16(c);
    }
    return c->failed == OK && (type == ETHER_IP4 || type == ETHER_IP6);
}

static void sender(struct link *l, slice address)
{
    if (address.n < 6) return;
    l->sender_known = true;
    memcpy(l->sender, address.p, 6);
}

static void ethernet(struct cursor *c, struct link *l)
{
    (void)cursor_take(c, 6);
    sender(l, cursor_take(c, 6));
    l->ip = ether_type(c, cursor_u16(c));
}

static void cooked(struct cursor *c, struct link *l)
{
    uint16_t kind = cursor_u16(c);
    (void)cursor_take(c, 12);
    l->ip = ether_type(c, cursor_u16(c));
    l->way = kind == COOKED_OUT ? IP_WAY_OUT : IP_WAY_IN;
}

static void cooked2(struct cursor *c, struct link *l)
{
    uint16_t type = cursor_u16(c);
    (void)cursor_take(c, 8);
    uint8_t kind = cursor_u8(c);
    (void)cursor_take(c, 9);
    l->ip = ether_type(c, type);
    l->way = kind == COOKED_OUT ? IP_WAY_OUT : IP_WAY_IN;
}

/* The address family stands in the order of the machine that captured, or (DLT_LOOP) in that of the network; the IP header tells as well. */
static void loopback(struct cursor *c, struct link *l)
{
    uint32_t family = cursor_u32(c);
    l->ip = family != 0;
}

static void strip(int link, struct cursor *c, struct link *l)
{
    switch (link) {
    case DLT_EN10MB: ethernet(c, l); break;
    case DLT_LINUX_SLL: cooked(c, l); break;
    case DLT_LINUX_SLL2: cooked2(c, l); break;
    case DLT_NULL:
    case DLT_LOOP: loopback(c, l); break;
    default: l->ip = true; break; /* raw */
    }
}

/* --- packets ------------------------------------------------------------------------------------------------------------- */

static void take(const struct capture *c, const struct pcap_pkthdr *h, const u_char *octets, struct capture_packet *p)
{
    struct link l = {.ip = false};
    struct cursor at;
    slice frame = slice_of(octets, h->caplen);
    size_t wire = h->len < h->caplen ? h->caplen : h->len;
    cursor_init(&at, frame);
    strip(c->link, &at, &l);
    p->number = c->packets;
    p->us = (uint64_t)h->ts.tv_sec * 1000000u + (uint64_t)h->ts.tv_usec;
    p->ip = (struct ip_packet){.what = IP_NONE, .cut = h->caplen < h->len};
    if (l.ip && at.failed == OK) ip_packet_read(slice_sub(frame, at.at, frame.n), wire - at.at, &p->ip);
    p->ip.way = l.way;
    p->ip.sender_known = l.sender_known;
    memcpy(p->ip.sender, l.sender, sizeof l.sender);
}

err capture_next(struct capture *c, struct capture_packet *p, char *why, size_t why_n)
{
    struct pcap_pkthdr *h = NULL;
    const u_char *octets = NULL;
    int got = pcap_next_ex(c->pcap, &h, &octets);
    if (got == PCAP_ERROR_BREAK) return ERR_MORE;
    if (got != 1) {
        if (why) snprintf(why, why_n, "behind packet %u: %s", (unsigned)c->packets, pcap_geterr(c->pcap));
        return ERR_SYS;
    }
    if (c->packets == CAPTURE_PACKETS_MAX || h->caplen > CAPTURE_OCTETS_MAX) {
        if (why) snprintf(why, why_n, "more than %d packets, or one of more than %d octets", CAPTURE_PACKETS_MAX, CAPTURE_OCTETS_MAX);
        return ERR_LIMIT;
    }
    c->packets++;
    take(c, h, octets, p);
    return OK;
}
