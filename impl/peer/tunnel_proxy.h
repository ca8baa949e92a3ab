/* SPDX-License-Identifier: MIT */
/* tunnel_proxy: a proxy of RFC 3620 as one endpoint for one accepted connection: a BEEP peer on link 0
 * (near), and on one of the other links a connection to the hop that was asked for (far), with a BEEP peer of
 * its own as long as a greeting and an answer are awaited from there (a last hop without an inner element has
 * none).
 *
 * TUNNEL is offered in clear only (5.2): with a near session inside TLS, or within a layer of SASL, it is
 * refused by 538.
 *
 * What it does with a tunnel element (section 4): the outermost element is looked at, routed when it names a
 * profile or an endpoint, allowed or not, looked up and connected to; the rest is passed on in a start; ok is
 * held back until the far side said ok.  From there on octets pass both ways as they are, with what came
 * early, ends as half-closes (TUNNEL-D09), and no more than TUNNEL_BUFFER waiting a direction.  An error of
 * the next hop is passed back unchanged (4.14); those of our own have a code of section 6 and our name in the
 * text.  After an error the session goes on, and another element may be sent; one that comes while one is
 * under way is answered behind it.
 *
 * Bounds (TUNNEL-D05), each of which ends in an error at once: a hop that is ourselves (self; an inner one
 * too, since the tunnel would come back), a connection that comes from ourselves (ours), the same hop twice in one chain, more than hops_max elements, as many
 * requests for the same from the same neighbour under way as same_max; and a deadline for the whole set-up.
 */
#ifndef PEER_TUNNEL_PROXY_H
#define PEER_TUNNEL_PROXY_H

#include "peer/tunnel.h"

enum {
    TUNNEL_BUFFER = 64 * 1024, /* octets that wait for one side, beyond what one read brings: the other side
                                  is not read meanwhile */
    TUNNEL_PLACES_MAX = 8,     /* addresses that are tried for one hop */
    TUNNEL_PLACE_MAX = 272     /* HOST:PORT with the longest name */
};

/* --- looking up names
 * ------------------------------------------------------------------------------------------------------ */

struct tunnel_place {
    char
        to[TUNNEL_PLACE_MAX]; /* as the carrier takes it: HOST:PORT, [ADDRESS6]:PORT, or any word in memory */
};
struct tunnel_query {
    const char *name; /* the host; for SRV the service and the protocol in front of it: _x._tcp.example.com */
    bool srv;         /* an SRV record is wanted; otherwise addresses */
    uint16_t port;    /* of the addresses; 0 for SRV */
};
/* n places in the order in which they are to be tried; n 0: the look-up failed, and why (borrowed, may be
 * NULL) says how.  At most once a query; never behind cancel. */
typedef void (*tunnel_found)(void *who, const struct tunnel_place *place, size_t n, const char *why,
                             uint64_t now);

/* --- settings
 * --------------------------------------------------------------------------------------------------------------
 */

struct tunnel_route { /* a profile or endpoint that leads somewhere (2.5, 2.6) */
    bool endpoint;    /* key is an endpoint, not the URI of a profile */
    const char *key;
    const struct tunnel_msg *to; /* what takes the element's place; its innermost element may again name a
                                    profile or endpoint, for the next hop to map */
};

struct tunnel_request {           /* what is asked for, for the hook that allows it; borrowed */
    const struct tunnel_msg *msg; /* as it came */
    const struct tunnel_msg *way; /* as it was routed; msg itself when it needs no route */
    const char *identity;         /* whom SASL authenticated; "" for nobody */
    const char *mechanism;        /* by which mechanism, for 534; "" for nobody */
    const char *to;    /* what we are about to look up or to connect to: HOST:PORT; _x._tcp.HOST:PORT for SRV,
                        * with 0 when there is no port; NULL for an element without attributes */
    const char *place; /* one of the addresses that a look-up of it told; NULL before */
};

/* What all proxies of one process know of each other: kept by whoever makes them, outlives them.  Not for
 * several threads. */
struct tunnel_proxy;
struct tunnel_house {
    struct tunnel_proxy *first; /* with a request under way */
    size_t pending;
};

struct tunnel_proxy_setup { /* shared by many proxies; outlives them */
    const struct env *env;
    const char *name;              /* ours, in the texts of errors; NULL: "proxy" */
    const struct beep_setup *near; /* TLS and SASL that we offer, further profiles, hooks of the session with
                                      whoever asks; TUNNEL is added in front */
    const struct beep_setup *far;  /* mux, features and mutant of sessions with next hops, which offer nothing
                                      and do no tuning; hooks are not called.  NULL: as near */
    struct sasl_context *hop_sasl; /* who we are to next hops that are proxies as well (7), without a layer
                                      (SASL_QOP_AUTH, 5.2); NULL: nobody */
    const char *hop_mechanism;     /* asked for where it is offered: an open proxy asks nobody.  The end of a
                                      tunnel gets no proof of ours: it is to know the initiator */
    const struct tunnel_route *route;
    size_t routes;
    const char *const
        *self; /* names and addresses that are ours, as HOST:PORT or HOST (any port); case does not matter */
    size_t selves;
    bool here; /* an element without attributes is for us: a session anew with the profiles of near. Otherwise
                  error 550 */
    bool need_auth;             /* 530 to whoever did not authenticate (7) */
    bool routed_only;           /* 554 to any source route: profile and endpoint only (7) */
    size_t hops_max;            /* elements in one another; 0: TUNNEL_HOPS_MAX */
    size_t same_max;            /* requests under way for the same from the same neighbour; 0: 16 */
    size_t pending_max;         /* requests under way in the house, behind that 421; 0: 256 */
    uint32_t setup_ms;          /* for the whole of a set-up; 0: 20 s */
    uint32_t connect_ms;        /* for each address that is tried; 0: 5 s */
    struct tunnel_house *house; /* NULL: each proxy is alone, and same_max and pending_max do not count */
    unsigned mutant;            /* enum idxp_mutant */

    void *ctx; /* of the hooks, all of which may be NULL */
    /* Fills in a refusal: 530, 534, 537 or 554.  Called before anything is looked up, and again for each
     * place that a look-up told, and for HOST:PORT that is tried when SRV is not there. */
    void (*allow)(void *ctx, const struct tunnel_request *r, struct beep_refusal *no);
    /* Looks a name up; done may be called from inside.  Whoever calls it later has the carrier look at e
     * again (net_touch).  NULL: names go to the carrier as they are, and look-ups of SRV fail. */
    err (*resolve)(void *ctx, struct endpoint *e, const struct tunnel_query *q, tunnel_found done, void *who);
    void (*cancel)(void *ctx, void *who); /* of a look-up whose answer is not wanted any more */
    bool (*self_is)(void *ctx,
                    const char *to); /* is that place (HOST:PORT) one where this process listens? */
    bool (*ours)(void *ctx, struct endpoint *e); /* does the connection on link 0 of e come from this process,
                                                    by the addresses of its own connections? */
    const char *(*neighbour)(void *ctx, struct endpoint *e); /* who is on link 0, without port: what same_max
                                                                counts by.  NULL: everybody is the same */
    void (*through)(void *ctx, struct endpoint *e, const char *to, uint64_t now); /* a tunnel stands */
    void (*say)(void *ctx, const char *text);                                     /* one line for people */
    void (*gone)(void *ctx, struct endpoint *e); /* it is about to be freed */
};

/* A proxy for one connection that was accepted; link 0 waits to be given it. */
err tunnel_proxy_new(const struct tunnel_proxy_setup *s, struct endpoint **out) MUST_CHECK;

/* For tests and carriers. */
struct beep_peer *tunnel_proxy_near(const struct endpoint *e);
struct beep_peer *tunnel_proxy_far(const struct endpoint *e); /* NULL: none now */
bool tunnel_proxy_through(const struct endpoint *e);
const char *tunnel_proxy_to(const struct endpoint *e); /* where it leads, or is about to; "" for nowhere */

#endif
