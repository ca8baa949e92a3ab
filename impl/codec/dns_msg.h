/* SPDX-License-Identifier: MIT */
/* dns_msg: DNS messages (RFC 1035 4, EDNS by RFC 6891), from octets and back.  Names, with their compression and escapes, are libldns's; records are told
 * apart here, because a reader of whole messages refuses all of one for what stands in the RDATA of a single record, which is what has to be looked at.
 *
 * Names are text in lower case without the dot behind ("66.0.2.192.in-addr.arpa"), the root is ".".  Octets that are no letters, digits, hyphens or
 * underscores stand as libldns writes them: \. or \DDD. */
#ifndef CODEC_DNS_MSG_H
#define CODEC_DNS_MSG_H

#include "base/buf.h"
#include "base/env.h"
#include "codec/arena.h"

enum {
    DNS_MSG_MAX = 65535,   /* the length over TCP has 16 bits */
    DNS_NAME_TEXT = 1025,  /* 255 octets, each as \DDD, and a NUL */
    DNS_UDP_PLAIN = 512,   /* RFC 1035 4.2.1 */
    DNS_UDP_SIZE = 1232    /* what we announce: no path cuts it (RFC 6891 6.2.5) */
};
/* Those that are spoken of by number; RFC 1035 3.2.2, RFC 2535, RFC 3596, RFC 4034, RFC 4025, RFC 6891. */
enum dns_type {
    DNS_A = 1, DNS_NS = 2, DNS_CNAME = 5, DNS_SOA = 6, DNS_PTR = 12, DNS_TXT = 16, DNS_SIG = 24, DNS_KEY = 25, DNS_AAAA = 28, DNS_DNAME = 39, DNS_OPT = 41,
    DNS_IPSECKEY = 45, DNS_RRSIG = 46, DNS_ANY = 255
};
enum { DNS_IN = 1 };
enum dns_rcode { DNS_NOERROR, DNS_FORMERR, DNS_SERVFAIL, DNS_NXDOMAIN, DNS_NOTIMP, DNS_REFUSED };
enum { DNS_EDE_BOGUS = 6 }; /* RFC 8914 4.7 */

struct dns_rr {
    const char *name;
    uint16_t type, class;
    uint32_t ttl;       /* seconds; read as 0 when its first bit is set (RFC 2181 8) */
    slice rdata;        /* in wire form, borrowed; names in it may be compressed when it was read */
    const char *target; /* of CNAME and DNAME; NULL otherwise.  Written in place of rdata when it is set and rdata is empty */
};
struct dns_msg {
    uint16_t id;
    bool response, aa, tc, rd, ra, ad, cd, z;
    uint8_t opcode;
    uint16_t rcode;         /* with the upper bits of EDNS */
    /* The first question.  qname NULL: there is none. */
    const char *qname;
    uint16_t qtype, qclass;
    slice question;         /* its octets, borrowed, when it was read whole: written as they are when set, so that letter case comes back */
    uint16_t questions;     /* how many the header tells; to write, qname or question decides */
    /* answers, then authorities, then additional records; OPT is not among them. */
    struct dns_rr *rr;
    size_t answers, authorities, additionals;
    bool edns;
    uint16_t udp_size;
    uint8_t edns_version;
    bool dnssec_ok;
    int extended_error;     /* info code of the first (RFC 8914), -1: none.  A message to be written wants dns_msg_init for that */
    size_t trailing;        /* octets behind the last record */
    bool header_read;       /* whatever else is wrong, id, flags and rcode (without its upper bits) are there */
    struct arena own;       /* the rest is the reader's */
    const struct mem *mem;
    size_t rr_room;
};
struct dns_fault {
    size_t at;       /* octet of the message */
    const char *why; /* a few words, static */
};

/* An empty message, to be filled in and written; nothing of it is owned, and dns_msg_done is not needed. */
void dns_msg_init(struct dns_msg *m);
/* Reads a whole message; it borrows the octets.  OK; ERR_PEER: *f says what is wrong with it, and m holds what came before that; ERR_MEM.
 * dns_msg_done after any result. */
err dns_msg_read(const struct env *env, slice octets, struct dns_msg *m, struct dns_fault *f) MUST_CHECK;
void dns_msg_done(struct dns_msg *m);
/* Appends the octets.  Owners that are the name of the question point to it; nothing else is compressed.  ERR_USE: a name that is none, or too much of
 * something; ERR_LIMIT: more than DNS_MSG_MAX or than out takes; ERR_MEM.  Nothing was added then. */
err dns_msg_write(const struct dns_msg *m, struct buf *out) MUST_CHECK;

/* A query for one name: recursion desired, EDNS with DNS_UDP_SIZE, and DO as told.  name is borrowed. */
void dns_msg_ask(struct dns_msg *m, uint16_t id, const char *name, uint16_t type, bool dnssec_ok);
/* An answer to q without records: id, question, opcode, rd and EDNS of it.  Borrows from q. */
void dns_msg_reply(struct dns_msg *m, const struct dns_msg *q, uint16_t rcode);

/* A name as this header has it: lower case, no dot behind; false when it is none.  out may be what text borrows. */
bool dns_name_text(slice text, char out[DNS_NAME_TEXT]);
/* "TXT"; "TYPE65280" when it has no name. */
const char *dns_type_name(uint16_t type, char out[16]);
/* By name in either letter case, or TYPE65280; 0 when there is none. */
uint16_t dns_type_find(slice name);
/* "NXDOMAIN"; "RCODE77" when it has no name. */
const char *dns_rcode_name(uint16_t rcode, char out[16]);

#endif
