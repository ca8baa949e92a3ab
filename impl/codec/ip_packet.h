/* SPDX-License-Identifier: MIT */
/* ip_packet: one packet of a capture, from its IP header on: IPv4 (RFC 791) and IPv6 (RFC 8200) with UDP, TCP, ICMP and ESP as far as whoever follows opportunistic encryption looks at them.
 * Reading never fails: what cannot be told apart is IP_NONE or IP_OTHER, and what is missing is told. */
#ifndef CODEC_IP_PACKET_H
#define CODEC_IP_PACKET_H

#include "base/slice.h"

struct ip_address {
    uint8_t family;    /* 4, 6; 0: none */
    uint8_t octet[16]; /* network order; 4 of IPv4, the rest zero */
};
enum { IP_TEXT = 46 };
/* "192.1.1.5", "2001:db8::5"; "none". */
const char *ip_address_text(const struct ip_address *a, char out[IP_TEXT]);
/* False when it is none; *a is family 0 then. */
bool ip_address_read(const char *text, struct ip_address *a);
bool ip_address_eq(const struct ip_address *a, const struct ip_address *b);
/* Of RFC 1918. */
bool ip_address_private(const struct ip_address *a);
/* Of the whole name of one address below in-addr.arpa or ip6.arpa, in lower case without dot behind; false for any other. */
bool ip_address_of_reverse(const char *name, struct ip_address *a);

enum ip_what {
    IP_NONE, /* no IP header that could be read */
    IP_UDP,
    IP_TCP,
    IP_UNREACHABLE, /* ICMP: net, host or port; payload is the packet that it quotes, from its IP header on */
    IP_ICMP,        /* any other */
    IP_ESP,
    IP_OTHER
};
enum ip_way { IP_WAY_UNKNOWN, IP_WAY_IN, IP_WAY_OUT }; /* as the host that captured saw it */

struct ip_packet {
    enum ip_what what;
    struct ip_address from, to;
    uint16_t from_port, to_port; /* UDP, TCP */
    uint32_t spi;                /* ESP */
    slice payload;               /* behind the header of UDP, TCP, ICMP; of ESP from the SPI on; borrowed */
    bool fragment, first;        /* a piece of a packet; the one with the header in it: payload is as much as it has */
    bool cut;                    /* octets are missing at the end: they were not captured */
    bool no_header;              /* ... and the header of UDP, TCP, ICMP or ESP is among them; ports are 0 */
    /* Set by whoever captured. */
    enum ip_way way;
    bool sender_known;
    uint8_t sender[6];           /* link address of the sender */
};

enum { IP_EXTENSIONS_MAX = 8 }; /* IPv6 headers before the last: more are never seen, and only work */
/* octets: from the IP header to the end of the frame, padding included; wire: how many there were before the capture cut them. */
void ip_packet_read(slice octets, size_t wire, struct ip_packet *p);

#endif
