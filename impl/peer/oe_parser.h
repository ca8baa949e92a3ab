/* SPDX-License-Identifier: MIT */
/* oe_parser: a reader of records behind an adapter's lines (docs/oe-adapters.md, oe-parser), as an endpoint: link 0 waits to be given the conversation.  It answers TXT and KEY records, in wire
 * form and as text of a master file, one after the other.
 *
 * Read strictly, what both readings take is ok; what the tolerant one alone takes is malformed, as what is wrong in both; records of others are ignored. */
#ifndef PEER_OE_PARSER_H
#define PEER_OE_PARSER_H

#include "peer/endpoint.h"
#include "peer/mutate_oe.h"

struct oe_parser_setup { /* shared by many; outlives them */
    const struct env *env;
    enum oe_dialect dialect;
    bool tolerant;   /* what the tolerant reading takes is ok, too */
    unsigned mutant; /* enum oe_mutant; 0: none */
};
/* It is finished when link 0 is down; behind the other side's end it ends its own. */
err oe_parser_new(const struct oe_parser_setup *s, struct endpoint **out) MUST_CHECK;

#endif
