/* SPDX-License-Identifier: MIT */
/* udp: datagrams on a loop.  A socket is never connected, so that what comes from anywhere is seen, with where it came from; what ICMP says about what was sent (a closed port) is
 * not told: a datagram that nobody took is one that nobody answers. */
#ifndef IO_UDP_H
#define IO_UDP_H

#include "io/loop.h"

struct loop_udp;

/* datagram is borrowed from the loop's one buffer, at most 65,535 octets.  The socket may be freed from inside. */
typedef void (*loop_udp_got)(void *ctx, struct loop_udp *u, slice datagram, const struct loop_addr *from);

/* Binds to at (port 0: one that the system chooses at random).  why: one line, as of loop_listen. */
err loop_udp_new(struct loop *l, const struct loop_addr *at, loop_udp_got got, void *ctx, struct loop_udp **out, char *why, size_t why_n) MUST_CHECK;
/* One datagram.  ERR_MORE: there is no room now, and it was not sent.  ERR_LIMIT: it is longer than a datagram can be.  ERR_SYS: it cannot go there. */
err loop_udp_send(struct loop_udp *u, const struct loop_addr *to, slice datagram) MUST_CHECK;
/* Reads what waits there, and forgets it. */
void loop_udp_drain(struct loop_udp *u);
/* The address really bound. */
void loop_udp_addr(const struct loop_udp *u, struct loop_addr *out);
void loop_udp_free(struct loop_udp *u);

#endif
