/* SPDX-License-Identifier: MIT */
/* Between the files of dns_link: dns_link.c (the stream of frames, and datagrams) and dns_link_tcp.c (connections). */
#ifndef RUN_DNS_LINK_IMPL_H
#define RUN_DNS_LINK_IMPL_H

#include "codec/dns_frame.h"
#include "io/udp.h"
#include "run/dns_link.h"

enum {
    DNS_CONN_OUT = 1024 * 1024, /* octets that a TCP connection does not take: sixteen of the longest messages */
    DNS_DIAL_MS = 10000
};

struct dns_conn { /* over TCP */
    struct dns_link *d;
    struct loop_tcp *t;
    uint32_t who;
    struct buf in, out;
    size_t asked, told;      /* messages in either direction */
    bool up, half;           /* half: the other side has ended its direction */
    uint64_t heard;          /* when octets last came */
};
struct dns_source { /* of datagrams, on the server side */
    struct loop_addr at;
    uint32_t who;
};
struct dns_socket { /* of datagrams, on the client side */
    struct dns_link *d;
    struct loop_udp *u; /* NULL: free */
    uint32_t who;
    uint64_t used;      /* the order in which they were */
};
struct dns_link {
    const struct env *env;
    struct loop *loop;
    bool server;
    struct loop_addr at;       /* the server's */
    struct loop_tcp *pipe;     /* our end of the stream of frames; NULL: nobody is there */
    struct dns_frames in;
    struct buf out;
    struct loop_udp *udp, *elsewhere;
    struct loop_listener *listener;
    struct loop_timer *timer;  /* looks at connections on which nothing comes */
    struct dns_source *source; /* DNS_LINK_SOURCES of them, the oldest is overwritten */
    uint64_t sources, uses;
    uint32_t whos;             /* numbers given out */
    struct dns_socket socket[DNS_LINK_SOCKETS];
    struct dns_conn *conn[DNS_LINK_TCPS];
    size_t conns;
};

/* Hands a message, or the end of a connection, to who has the frames; it is lost when there is nobody, or no room. */
void dns_link_tell(struct dns_link *d, const struct dns_frame *f);

/* dns_link_tcp.c */
void dns_conn_accepted(void *ctx, struct loop_tcp *t);
/* A message to who; the client side opens a connection when there is none. */
void dns_conn_send(struct dns_link *d, uint32_t who, slice msg);
/* Ends the connection of who, without a word. */
void dns_conn_end(struct dns_link *d, uint32_t who);
void dns_conn_end_all(struct dns_link *d);
void dns_conn_idle(void *ctx); /* of the timer */

#endif
