/* SPDX-License-Identifier: MIT */
/* dns_link: carries the frames of codec/dns_frame.h over real sockets.  One end of it is a stream of frames, a connection on the loop that any endpoint can have as a link; behind it are UDP and TCP sockets:
 *
 *  - the server side (for the tester) takes queries at one port, over UDP and TCP; `who' is a source of datagrams or a connection.  A frame with DNS_FRAME_ELSEWHERE goes out from another
 *    address than the query went to (127.0.0.2 where we are on 127.0.0.1, else another port).
 *  - the client side (for serve oe-gateway) asks one server, from a socket of its own for each `who', at a port that the system chooses at random.  A datagram that comes from another
 *    address than the server's is handed on with DNS_FRAME_ELSEWHERE: whether that matters is for the stub to say.
 *
 * DNS_FRAME_END ends a TCP connection, or lets go of a UDP socket of the client side (also told by it when a connection cannot be opened).  What is sent to a closed port is lost without a word. */
#ifndef RUN_DNS_LINK_H
#define RUN_DNS_LINK_H

#include "io/loop.h"

enum {
    DNS_LINK_SOURCES = 1024, /* sources of datagrams that are told apart: a gateway may take a new port for each query; an answer to one before them is lost */
    DNS_LINK_SOCKETS = 256,  /* UDP sockets of the client side: as many questions under way; the oldest goes */
    DNS_LINK_TCPS = 64,      /* TCP connections at a time; the oldest goes */
    DNS_LINK_IDLE_MS = 60000 /* a TCP connection on which nothing comes (RFC 7766 6.2.3 leaves the time to the server) */
};

struct dns_link;

/* Binds UDP and TCP to at (port 0: one that is free for both).  bound (64 octets): where. */
err dns_link_server(const struct env *env, struct loop *l, const char *at, struct dns_link **out, char *bound, char *why, size_t why_n) MUST_CHECK;
err dns_link_client(const struct env *env, struct loop *l, const char *to, struct dns_link **out, char *why, size_t why_n) MUST_CHECK;
/* A fresh end of frames, in place of the one before: connections that stood are closed, datagrams that wait are forgotten.  *out is a connection on the loop, the caller's, which waits for
 * loop_tcp_set_ctx.  When the caller ends it, the link closes its connections. */
err dns_link_open(struct dns_link *d, struct loop_tcp **out) MUST_CHECK;
void dns_link_free(struct dns_link *d);

#endif
