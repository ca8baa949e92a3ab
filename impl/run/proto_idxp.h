/* SPDX-License-Identifier: MIT */
/* proto_idxp: what the suite has to be told about IDXP and TUNNEL, and what a user can tell it about such a peer. */
#ifndef RUN_PROTO_IDXP_H
#define RUN_PROTO_IDXP_H

#include "run/play_idxp.h"
#include "run/proto_beep.h"

/* The bits of the roles in struct mutant.roles. */
enum { IDXP_R_MANAGER = 1, IDXP_R_ANALYZER = 2, IDXP_R_PROXY = 4 };

/* suite_options.own of a run.  All of it may be left out. */
struct idxp_options {
    struct beep_options beep; /* of SASL; profile and echo are not looked at */
};

/* Who is who where the reference is on both ends: in memory, and in check reference. */
#define IDXP_SAMPLE_URI          "https://tester.draftproof.invalid/idxp"
#define IDXP_SAMPLE_URI_OTHER    "https://stranger.draftproof.invalid/idxp"
#define IDXP_SAMPLE_URI_REFUSED  "https://refused.draftproof.invalid/idxp"
#define IDXP_SAMPLE_URI_ANALYZER "https://analyzer.draftproof.invalid/idxp"
/* A peer that knows us and one analyzer, and refuses one (needs knows-uri, knows-kind); and one that compares our certificate with our uri (compares). */
#define IDXP_SAMPLE_POLICY                                                          \
    "deny  uri=" IDXP_SAMPLE_URI_REFUSED " text=\"refused by name\"\n"               \
    "allow uri=" IDXP_SAMPLE_URI_ANALYZER " kind=analyzer\n"                         \
    "allow uri=" IDXP_SAMPLE_URI "\n"
#define IDXP_SAMPLE_COMPARES                                                        \
    "allow uri=" IDXP_SAMPLE_URI " subject=\"OU=Sensors\"\n"                         \
    "allow uri=" IDXP_SAMPLE_URI " subject=\"OU=Managers\"\n"
/* Hops in memory. */
#define IDXP_MEM_FAR_IP4      "192.0.2.7"
#define IDXP_MEM_FAR_IP6      "2001:db8::7"
#define IDXP_MEM_FAR_NAME     "far.draftproof.invalid"
#define IDXP_MEM_FAR_SRV      "service.draftproof.invalid" /* has _idxp._tcp and _tunnel._tcp, which lead to us */
#define IDXP_MEM_PORT         "604"
#define IDXP_MEM_SELF_IP4     "192.0.2.1"
#define IDXP_MEM_SELF_NAME    "proxy.draftproof.invalid"
#define IDXP_MEM_DEAF_IP4     "192.0.2.99"
#define IDXP_MEM_FORBIDDEN    "192.0.2.66"
#define IDXP_SAMPLE_ROUTE_PROFILE  "http://draftproof.invalid/profiles/route"
#define IDXP_SAMPLE_ROUTE_ENDPOINT "draftproof-far"

struct idxp_run { /* run_ctx.state */
    struct play_idxp_run play; /* first: what the player is given */
    struct sasl_users *own;    /* made of a text; NULL */
    struct idmef_schema *schema;
    char far_ip4[64], far_port[8]; /* over sockets: where we are the hop behind a proxy */
    char self_ip4[64], self_port[8];
};

extern const struct run_proto run_idxp;

#endif
