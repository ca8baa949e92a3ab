/* SPDX-License-Identifier: MIT */
/* pcapng: writes TCP conversations, and datagrams, as a pcapng file that Wireshark opens.  The packets are made up around the octets: Ethernet is left out
 * (LINKTYPE_RAW), IPv4 and TCP carry right lengths, checksums, sequence numbers and flags, so "follow TCP stream" shows what was said. */
#ifndef CAP_PCAPNG_H
#define CAP_PCAPNG_H

#include "base/buf.h"
#include "base/err.h"

struct pcapng;

struct pcapng_flow { /* one TCP connection, or the datagrams between two ports; addresses in host order */
    uint32_t client_ip, server_ip;
    uint16_t client_port, server_port;
    bool udp;
};

/* Writes into out (borrowed until pcapng_free).  app goes into the section header as the writing application. */
err pcapng_new(const struct mem *mem, struct buf *out, const char *app, struct pcapng **pp) MUST_CHECK;
void pcapng_free(struct pcapng *p);
/* Opens a connection with its three packets (datagrams need none); *flow_id for the calls below.  Times are microseconds since 1970. */
err pcapng_open(struct pcapng *p, const struct pcapng_flow *f, uint64_t us, int *flow_id) MUST_CHECK;
/* Octets in one direction, cut into segments of at most 1,460; comment (may be NULL) becomes the packet comment of the first.
 * By UDP it is one datagram, or several when it is longer than one can be. */
err pcapng_data(struct pcapng *p, int flow_id, bool from_client, slice octets, uint64_t us, const char *comment) MUST_CHECK;
enum pcapng_end { PCAPNG_FIN, PCAPNG_RST, PCAPNG_URG };
/* FIN (with the other side's acknowledgement) or RST from one side, or one segment with URG set: without octets, its pointer at the one
 * that comes next; by UDP nothing is to be seen.  Both calls: ERR_USE once that side has ended, or for an unknown flow; ERR_LIMIT when out is full, ERR_MEM. */
err pcapng_signal(struct pcapng *p, int flow_id, bool from_client, enum pcapng_end what, uint64_t us) MUST_CHECK;

#endif
