/* SPDX-License-Identifier: MIT */
/* iap_proxy: relays one connection (draft 2.3.1, 3.1, 7.5).  Link 0 is the requester's, link 1 leads to the next hop.  It reads the connect
 * request and the response to it, and nothing else: from the accepted connection on octets pass unaltered in both directions. */
#ifndef PEER_IAP_PROXY_H
#define PEER_IAP_PROXY_H

#include "peer/iap_conn.h"
#include "peer/mutate.h"

struct iap_route { /* 7.5: only what is listed is connected to */
    const char *host; /* name in CONNECT that this route serves; NULL: any */
    const char *to;   /* where to connect, as the carrier takes it */
};

struct iap_proxy_setup { /* shared; outlives the proxies */
    const struct env *env;
    const char *identity;  /* the host in our Via lines; loops are seen by it (IAP-D17) */
    const struct iap_route *route;
    size_t routes;
    enum iap_mutant mutant;
    void (*say)(void *ctx, const char *text);
    void *ctx;
};

/* A proxy for one connection that was accepted; link 0 waits to be given it. */
err iap_proxy_new(const struct iap_proxy_setup *s, struct endpoint **out) MUST_CHECK;

#endif
