/* SPDX-License-Identifier: MIT */
/* play_idxp: the words of IDXP, IDMEF and TUNNEL for scenarios (docs/scenarios.md, "IDXP and TUNNEL
 * vocabulary"), on top of those of BEEP, and what a run against an IDXP endpoint or a tunnel proxy needs. */
#ifndef RUN_PLAY_IDXP_H
#define RUN_PLAY_IDXP_H

#include "codec/idmef.h"
#include "model/idxp.h"
#include "model/tunnel.h"
#include "run/play_beep.h"

enum idxp_under_test { TEST_IDXP_MANAGER, TEST_IDXP_ANALYZER, TEST_TUNNEL_PROXY };

enum { PLAY_IDXP_ENDS = 2 /* peer, second */, PLAY_TUNNEL_ENDS = 3 /* near, far, second */ };
/* Names of the ends for play_run.ends: of the two endpoints, and of the proxy. */
extern const char *const play_idxp_ends[PLAY_IDXP_ENDS + 1];
extern const char *const play_tunnel_ends[PLAY_TUNNEL_ENDS + 1];

/* What all cases of a run share.  begin of the protocol fills it, from the top down; text is borrowed and
 * outlives the run. */
struct play_idxp_run {
    /* First: the player's adapter of BEEP reads it.  Of it
     *   under_test    TEST_BEEP_LISTENER where we dial (an endpoint that listens; a proxy),
     * TEST_BEEP_INITIATOR where the endpoint connects to us profile       play_idxp_init sets it to the URI
     * of the dialect, and echo to false no_tls, identity ... users, scram_rounds: as for BEEP
     *   learned_wants_tls: an endpoint that connects and asks for TLS */
    struct play_beep_run beep;
    enum idxp_under_test role;
    enum idxp_dialect dialect;
    const struct idmef_schema *schema; /* borrowed; NULL: IDMEF is not judged */
    bool need_auth;  /* the peer serves nobody without SASL: reach authenticates under idxp-channel, idxp and
                        data */
    bool tunnelled;  /* an endpoint that connects through us: what a case reaches lies behind a tunnel */
    bool in_memory;  /* no addresses: ip and the like are not judged */
    const char *uri; /* ours; $URI.  NULL: "draftproof" of example.org */
    const char
        *listen; /* proxy: the name under which the far end is given connections ("far"); NULL is "far" */
    const char *far_ip4, *far_port; /* where a tunnel leads to us by default; NULL: far.draftproof.invalid,
                                       604 by fqdn (in memory) */
    const struct tunnel_msg *path;  /* what reach tunnel asks for without path=: the hops to us; NULL: one hop
                                       by far_ip4 and far_port */

    uint64_t observed; /* bit set of enum play_idxp_seen: what the peer did so far */
};

/* Sets what follows from under_test, role and dialect.  After the fields above were filled. */
void play_idxp_init(struct play_idxp_run *r);

/* What the passive checks need to have seen of the peer before they can say that a clause was kept. */
enum play_idxp_seen {
    IDXP_SEEN_CONNECTION,
    IDXP_SEEN_TLS,
    IDXP_SEEN_BEEP_GREETING,
    IDXP_SEEN_CLEAR_GREETING /* of BEEP, in clear, of whoever tunnels lead through, or to: not behind one */,
    IDXP_SEEN_CLEAR_LISTENER /* the same of an endpoint that listens, where TLS is in the run */,
    IDXP_SEEN_CLEAR_OFFER /* the same, with IDXP in it */,
    IDXP_SEEN_INNER_GREETING /* of BEEP, inside TLS or a layer of SASL */,
    IDXP_SEEN_STARTED /* it started an IDXP channel */,
    IDXP_SEEN_CHANNEL /* an IDXP channel came to life */,
    IDXP_SEEN_GREETING,
    IDXP_SEEN_GREETING_BEHIND /* a greeting of IDXP behind TLS or SASL */,
    IDXP_SEEN_IP,
    IDXP_SEEN_OPTION,
    IDXP_SEEN_PRIORITY,
    IDXP_SEEN_STREAM,
    IDXP_SEEN_SERVER /* its accepted greeting says server */,
    IDXP_SEEN_OK,
    IDXP_SEEN_ERROR,
    IDXP_SEEN_REPLY /* to a greeting in MSG */,
    IDXP_SEEN_REPLY_EMBEDDED,
    IDXP_SEEN_REPLY_DATA,
    IDXP_SEEN_DATA,
    IDXP_SEEN_IDMEF,
    IDXP_SEEN_TYPED_DATA /* IDMEF on a channel with a streamType */,
    IDXP_SEEN_TUNNEL /* it asked for one */,
    IDXP_SEEN_TUNNEL_TALK /* it asked, or answered */,
    IDXP_SEEN_TUNNEL_REPLY,
    IDXP_SEEN_TUNNEL_ERROR,
    IDXP_SEEN_TUNNEL_OFFER /* proxy: in clear, before SASL succeeded */,
    IDXP_SEEN_RENEWED /* the first frame behind the ok to a tunnel */,
    /* in its IDMEF */
    IDXP_SEEN_DECLARATION,
    IDXP_SEEN_UTF16,
    IDXP_SEEN_ALERT,
    IDXP_SEEN_HEARTBEAT,
    IDXP_SEEN_TOOL,
    IDXP_SEEN_CORRELATION,
    IDXP_SEEN_OVERFLOW,
    IDXP_SEEN_SOURCE,
    IDXP_SEEN_TARGET,
    IDXP_SEEN_ASSESSMENT,
    IDXP_SEEN_ADDITIONAL,
    IDXP_SEEN_IMPACT,
    IDXP_SEEN_ACTION,
    IDXP_SEEN_CONFIDENCE,
    IDXP_SEEN_REFERENCE,
    IDXP_SEEN_NODE,
    IDXP_SEEN_ADDRESS,
    IDXP_SEEN_USER,
    IDXP_SEEN_USER_ID,
    IDXP_SEEN_PROCESS,
    IDXP_SEEN_SERVICE,
    IDXP_SEEN_WEB,
    IDXP_SEEN_SNMP,
    IDXP_SEEN_FILE,
    IDXP_SEEN_ACCESS /* FileAccess */,
    IDXP_SEEN_LINKAGE,
    IDXP_SEEN_INODE,
    IDXP_SEEN_CHECKSUM,
    IDXP_SEEN_INTEGER,
    IDXP_SEEN_REAL,
    IDXP_SEEN_BASE64,
    IDXP_SEEN_PORT_LIST,
    IDXP_SEEN_XMLTEXT,
    IDXP_SEEN_IDENT,
    IDXP_SEEN_COUNT
};

extern const struct play_proto play_idxp;

/* play_fault.code of a run: faults of BEEP as they are, those of IDXP, TUNNEL and IDMEF behind them.  For
 * run_proto.fault_name. */
enum { PLAY_IDXP_FAULT = 1000, PLAY_TUNNEL_FAULT = 2000, PLAY_IDMEF_FAULT = 3000 };
const char *play_idxp_fault_name(int code);

#endif
