/* SPDX-License-Identifier: MIT */
/* capture: reads the packets of a pcap or pcapng file through libpcap: Ethernet, Linux cooked (v1 and v2), raw IP, loopback; VLAN tags are passed.
 * What was cut off by the capture, and what is no IP, is told packet by packet. */
#ifndef CAP_CAPTURE_H
#define CAP_CAPTURE_H

#include "base/err.h"
#include "base/mem.h"
#include "codec/ip_packet.h"

enum {
    CAPTURE_OCTETS_MAX = 262144,  /* of one packet, as libpcap has it: more is a damaged file */
    CAPTURE_PACKETS_MAX = 5000000 /* of one file: a day of a busy gateway's DNS and IKE; more is somebody's whole traffic */
};

struct capture;
struct capture_packet {
    uint32_t number;     /* from 1, as other programs count */
    uint64_t us;         /* since 1970 */
    struct ip_packet ip; /* what IP_NONE: no IP.  Its slices are valid until the next call */
};

/* path "-": standard input.  ERR_SYS: it cannot be read, or is no capture; ERR_USE: of a link layer that is not read here; ERR_MEM.  why (may be NULL) tells more, without the path. */
err capture_open(const struct mem *mem, const char *path, struct capture **out, char *why, size_t why_n) MUST_CHECK;
void capture_close(struct capture *c); /* NULL: nothing */
/* OK; ERR_MORE: the end; ERR_SYS: the file is damaged or ends inside a packet (what came before stands), ERR_LIMIT: too many packets. */
err capture_next(struct capture *c, struct capture_packet *p, char *why, size_t why_n) MUST_CHECK;

#endif
