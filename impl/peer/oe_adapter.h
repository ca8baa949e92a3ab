/* SPDX-License-Identifier: MIT */
/* oe_adapter: the side of an adapter in the conversation of docs/oe-adapters.md, on link 0 of an endpoint: lines in, lines out.  What parser and gateway have in common. */
#ifndef PEER_OE_ADAPTER_H
#define PEER_OE_ADAPTER_H

#include "codec/oe_line.h"
#include "peer/endpoint.h"

struct oe_adapter {
    struct endpoint *e;
    struct oe_lines lines;
    /* A question that could be read.  It lives for the call. */
    void (*ask)(struct endpoint *e, const struct oe_line_ask *a, uint64_t now);
};
void oe_adapter_init(struct oe_adapter *a, struct endpoint *e, void (*ask)(struct endpoint *e, const struct oe_line_ask *a, uint64_t now));
void oe_adapter_done(struct oe_adapter *a);
/* Octets that came on link 0.  What is no question is answered by an error with its reason. */
void oe_adapter_feed(struct oe_adapter *a, slice octets, uint64_t now);
/* Queues an answer.  When that fails (nobody reads, no memory) the conversation is of no more use, and the link is dropped. */
void oe_adapter_say(struct oe_adapter *a, const struct oe_line_reply *r);
/* A status alone: OE_SAYS_READY and the like; reason may be "". */
void oe_adapter_status(struct oe_adapter *a, const char *id, enum oe_line_says says, const char *reason);

#endif
