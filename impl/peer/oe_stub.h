/* SPDX-License-Identifier: MIT */
/* oe_stub: asks a resolver for records, by frames (codec/dns_frame.h) and without sockets or clock of its own, and makes of its answers what a gateway wants to know.
 *
 * Ids of queries, and the numbers of their sockets, are random.  An answer counts when it comes from where was asked, to the socket from which was asked, with the id and the question of the query; all
 * else is passed over, as if it had not come (RFC 5452 9).  Of what counts, records are taken from the name that was asked for, or that aliases lead to (eight at most, OE-D40), and nowhere else. */
#ifndef PEER_OE_STUB_H
#define PEER_OE_STUB_H

#include "codec/dns_frame.h"
#include "codec/dns_msg.h"
#include "peer/oe_agent.h"

enum {
    OE_STUB_LOOKUPS = 4096,      /* under way at a time: more sockets than a process is usually given */
    OE_STUB_ALIASES = 8,         /* OE-D40 */
    OE_STUB_TRIES = 3,           /* in the time that there is */
    OE_STUB_RETRY_MAX_MS = 5000, /* between tries: what resolvers of hosts wait */
};

struct oe_stub_ops {
    /* Sends a frame; one that cannot be sent is lost, as datagrams are. */
    void (*send)(void *ctx, const struct dns_frame *f);
    /* One for each oe_stub_ask that returned OK; answer lives for the call.  oe_stub_ask may be called from inside. */
    void (*done)(void *ctx, uint32_t id, const struct oe_answer *answer, uint64_t now);
};
struct oe_lookup;
struct oe_stub {
    const struct env *env;
    const struct oe_stub_ops *ops;
    void *ctx;
    uint32_t timeout_ms; /* for a look-up as a whole: tries, TCP and aliases */
    unsigned mutant;
    struct rng rng;
    struct dns_frames frames;
    struct oe_lookup **slot; /* NULL: free */
    size_t slots, under_way;
    uint64_t next; /* no deadline is before it */
};

void oe_stub_init(struct oe_stub *s, const struct env *env, const struct oe_stub_ops *ops, void *ctx, uint32_t timeout_ms, uint64_t seed, unsigned mutant);
/* Look-ups under way are forgotten without a word. */
void oe_stub_done(struct oe_stub *s);
/* Lets go of the sockets of all look-ups, and forgets them. */
void oe_stub_cancel(struct oe_stub *s);
/* Asks for what q says.  ERR_USE: the name is none; ERR_LIMIT, ERR_MEM.  Nothing was begun then, and done is not called. */
err oe_stub_ask(struct oe_stub *s, const struct oe_question *q, uint64_t now) MUST_CHECK;
/* Octets of frames that came.  ERR_PEER: they are none, and the link is of no more use; ERR_MEM: likewise. */
err oe_stub_feed(struct oe_stub *s, slice octets, uint64_t now) MUST_CHECK;
/* The link is a new one: half a frame of the old one is forgotten, look-ups go on. */
void oe_stub_relink(struct oe_stub *s);
uint64_t oe_stub_deadline(const struct oe_stub *s); /* UINT64_MAX: none */
void oe_stub_tick(struct oe_stub *s, uint64_t now);

#endif
