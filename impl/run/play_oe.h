/* SPDX-License-Identifier: MIT */
/* play_oe: the words of opportunistic encryption for scenarios (docs/scenarios.md, "OE vocabulary"), and what
 * a run against a parser or a gateway needs.
 *
 * Ends: 0, `adapter', is the conversation in JSON lines (docs/oe-adapters.md); 1, `dns', of gateways alone,
 * is a stream of frames (codec/dns_frame.h), in which we are the server.  In memory end 0 dials "peer" and
 * the reference dials "tester" for end 1; over sockets both ends are given connections by the carrier. */
#ifndef RUN_PLAY_OE_H
#define RUN_PLAY_OE_H

#include "model/oe.h"
#include "run/play.h"

enum oe_under_test { TEST_OE_PARSER, TEST_OE_GATEWAY };
enum { PLAY_OE_ADAPTER, PLAY_OE_DNS, PLAY_OE_ENDS };

struct play_oe_run {
    enum oe_under_test role;
    enum oe_dialect dialect;
    const char *dns;   /* where our name server is, for `begin' and $DNS: "127.0.0.1:5301" */
    uint64_t next_id;  /* of questions: unique in the run, since the adapter outlives its cases */
    uint64_t observed; /* bit set of enum play_oe_seen */
};

/* What the peer was seen doing in the run.  The bits below are those of captures (run/passive_oe.h), of which
 * the suite sees none. */
enum play_oe_seen {
    OE_SEEN_ANSWER = 61, /* the adapter answered anything */
    OE_SEEN_QUERY,       /* a question came to our name server */
    OE_SEEN_TLS          /* never: there is none */
};

extern const struct play_proto play_oe;
extern const char *const play_oe_ends[PLAY_OE_ENDS]; /* "adapter", "dns"; a parser has the first alone */

/* The name of a fault of a record, for reports. */
const char *play_oe_fault_name(int code);

#endif
