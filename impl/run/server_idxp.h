/* SPDX-License-Identifier: MIT */
/* server_idxp: manager and analyzer of IDXP and proxy of TUNNEL as programs: a manager stores what it acknowledges, an analyzer sends messages, a proxy connects onwards. */
#ifndef RUN_SERVER_IDXP_H
#define RUN_SERVER_IDXP_H

#include "peer/idxp_peer.h"
#include "peer/tunnel_proxy.h"
#include "run/keeper.h"
#include "run/sender.h"
#include "run/server.h"
#include "run/tunnel_access.h"

enum { SERVER_TUNNEL_ROUTES = 64, SERVER_TUNNEL_SELVES = 16, SERVER_SESSIONS = 1000 /* of max_sessions 0 */ };

struct server_idxp_options { /* server_options.own; server_options.tls is the context of who listens as server, or of who connects as client */
    /* manager and analyzer */
    enum idxp_dialect dialect;
    const char *uri, *fqdn, *ip; /* uri NULL: made of the host's name and the role */
    bool embed;                  /* who connects has its greeting in the start */
    bool need_tls, need_auth;    /* greetings are rejected without */
    const struct idxp_policy *policy; /* NULL: everybody */
    const struct sasl_users *users;   /* who listens: who may come in; who connects: the first by name is who it is; NULL: nobody */
    const char *mechanism;       /* who connects: NULL: it does not authenticate itself */
    enum idxp_stream stream[IDXP_PEER_STREAMS]; /* who connects asks for a channel for each */
    size_t streams;              /* 0: one channel for all */
    bool priority_given;
    uint32_t priority;
    const struct tunnel_msg *via;/* who connects: the tunnel; server_options.connect is its first hop then; NULL: none */
    /* With via who connects is that to the first proxy, before the tunnel is asked for; a proxy is that to next hops that are proxies as well: the first by name.
     * By a mechanism without a layer (RFC 3620 5.2).  NULL: nobody */
    const struct sasl_users *hop_users;
    const char *hop_mechanism;
    bool no_target;              /* who listens: no tunnel ends here */
    size_t max_sessions;         /* who listens; further ones are told 421 */
    const char *store_dir;       /* manager; NULL: acknowledged without being stored */
    const struct server_alert *alert; /* analyzer: what it sends on each connection */
    size_t alerts;
    uint64_t every_ms;           /* analyzer: all of it again, so often; 0: once */
    unsigned pipeline;           /* analyzer: messages without an answer; 0: as usual */
    /* proxy */
    const struct tunnel_access *access;  /* NULL: whoever authenticated may go anywhere */
    bool open;                   /* nobody is asked who he is */
    const struct tunnel_route *route;
    size_t routes;
    const char *const *self;     /* further names of this proxy */
    size_t selves;
    size_t hops;                 /* elements in one another; 0: TUNNEL_HOPS_MAX */
    const char *resolver;        /* address of the name server; NULL: the system's */
    bool routed_only;            /* no source routes */
};

extern const struct server_ops server_idxp;
/* A delivery (run/sender.h): sender_options.peer.own is a struct server_idxp_options, whose alerts are not looked at. */
extern const struct sender_ops sender_idxp;

/* The kind of a message by its media type. */
enum idxp_kind server_idxp_kind(slice type);

/* --- for the files behind -------------------------------------------------------------------------------------------------- */

/* An endpoint as the options say, for a server and a delivery alike. */
struct idxp_program {
    const struct env *env;
    struct idxp_peer_setup setup;
    struct idmef_schema *schema;
    struct sasl_context *sasl, *hop_sasl;
    const struct beep_profile *offered[1];
    char uri[320];
};
/* The context of SASL for one side; *out NULL and OK where there is none. */
err idxp_program_sasl(const struct server_options *o, bool client, struct sasl_context **out, char *why, size_t why_n) MUST_CHECK;
/* The same for who we are to a proxy. */
err idxp_program_hop(const struct server_options *o, struct sasl_context **out, char *why, size_t why_n) MUST_CHECK;
/* Fills x but for hooks; idxp_peer_prepare is left to the caller.  idxp_program_done after any result. */
err idxp_program_init(struct idxp_program *x, const struct server_options *o, char *why, size_t why_n) MUST_CHECK;
void idxp_program_done(struct idxp_program *x);

/* The proxy behind server_idxp, in a file of its own: as server_ops. */
struct tunnel_server;
err tunnel_server_new(struct server *s, struct tunnel_server **out, char *why, size_t why_n) MUST_CHECK;
void tunnel_server_bound(struct tunnel_server *x, const char *address);
struct endpoint *tunnel_server_peer(struct tunnel_server *x);
void tunnel_server_free(struct tunnel_server *x);

#endif
