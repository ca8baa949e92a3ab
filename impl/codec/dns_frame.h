/* SPDX-License-Identifier: MIT */
/* dns_frame: DNS messages as a stream of octets, so that a resolver and a name server are endpoints like all others and can talk in memory.
 * Over sockets a carrier turns frames into datagrams and TCP connections and back.
 *
 *   u8 how, u32 who, u16 length, octets of one DNS message; numbers in network order
 *
 * who is the socket, or the TCP connection, of whoever asks: its own choice.  An answer bears the number of the query.  A server tells
 * askers apart by it, and sends what it makes up to none that it has not heard of. */
#ifndef CODEC_DNS_FRAME_H
#define CODEC_DNS_FRAME_H

#include "base/buf.h"

enum dns_how {
    DNS_FRAME_UDP,
    DNS_FRAME_TCP, /* one message; the length of RFC 1035 4.2.2 is not part of it */
    DNS_FRAME_END  /* no octets.  Of whoever answers: the TCP connection is over, or could not be opened.  Of whoever asks: so it is, or the UDP socket is let go of */
};
enum {
    DNS_FRAME_HEAD = 7,
    DNS_FRAME_ELSEWHERE = 0x80, /* bit of how: the datagram came from another address than the one that was asked; to a carrier: send it from there */
    DNS_FRAME_MAX = DNS_FRAME_HEAD + 65535
};

struct dns_frame {
    enum dns_how how;
    bool elsewhere;
    uint32_t who;
    slice msg; /* may be empty: there are datagrams without octets */
};

/* Reads one frame from the front of in; msg borrows from it.  OK: *used octets were it.  ERR_MORE: not whole yet.  ERR_PEER: no frame
 * begins so; nothing behind it can be told apart. */
err dns_frame_read(slice in, struct dns_frame *f, size_t *used) MUST_CHECK;
/* Appends one.  ERR_USE: more than 65,535 octets, or a how that there is not.  ERR_LIMIT, ERR_MEM; in all cases nothing was added. */
err dns_frame_write(const struct dns_frame *f, struct buf *out) MUST_CHECK;

/* Cuts a stream into frames.  It holds no more than one frame that is not whole. */
struct dns_frames {
    struct buf held;
    size_t taken; /* octets at the front of held that the last frame borrows */
};
void dns_frames_init(struct dns_frames *c, const struct mem *mem);
void dns_frames_done(struct dns_frames *c);
/* Takes from *octets (which is advanced) until there is a frame.  OK: *f, whose msg is valid until the next call or the end of *octets.
 * ERR_MORE: all were taken and a frame is not whole.  ERR_PEER: as above; the connection is of no more use.  ERR_MEM. */
err dns_frames_next(struct dns_frames *c, slice *octets, struct dns_frame *f) MUST_CHECK;

#endif
