/* SPDX-License-Identifier: MIT */
/* oe_gateway: a gateway behind an adapter's lines (docs/oe-adapters.md, oe-gateway), as an endpoint: link 0 waits to be given the conversation, link 1 is opened to the name server that "begin" names
 * and carries frames of DNS messages (codec/dns_frame.h).  What it decides is oe_agent's, how it asks oe_stub's.
 *
 * It reads records strictly unless told otherwise.  Behind the end of the questions it answers what is under way, and ends its own side then. */
#ifndef PEER_OE_GATEWAY_H
#define PEER_OE_GATEWAY_H

#include "peer/endpoint.h"
#include "peer/oe_agent.h"

enum {
    OE_GATEWAY_OPEN = 4096,   /* questions under way: more than a person or a suite asks at a time */
    OE_GATEWAY_PHASE1 = 1024  /* answered ones that phase2 may name; the oldest is forgotten */
};

struct oe_gateway_setup { /* shared by many; outlives them */
    const struct env *env;
    const char *dns_to;  /* name server when "begin" names none; NULL: there is none then */
    bool tolerant;       /* records that the tolerant reading alone takes count */
    enum oe_untold untold;
    enum oe_spoil spoil;
    uint64_t seed;       /* of ids, sockets, and the choice among equal gateways */
    unsigned mutant;     /* enum oe_mutant; 0: none */
};
/* It is finished when link 0 is down. */
err oe_gateway_new(const struct oe_gateway_setup *s, struct endpoint **out) MUST_CHECK;

#endif
