/* SPDX-License-Identifier: MIT */
/* server_iap: manager, analyzer and proxy as programs: a manager stores what it acknowledges, an analyzer sends alerts, a proxy relays. */
#ifndef RUN_SERVER_IAP_H
#define RUN_SERVER_IAP_H

#include "peer/iap_peer.h"
#include "peer/iap_proxy.h"
#include "run/play_iap.h"
#include "run/server.h"

enum { SERVER_ROUTES = 32 };

struct server_alert { slice type, body; const char *name; }; /* name for people: the file */

struct server_iap_options { /* server_options.own */
    struct iap_route route[SERVER_ROUTES];
    size_t routes;
    const char *identity;     /* proxy; NULL: made from host name and port */
    const char *host;         /* name in CONNECT; NULL: the address connected to */
    const char *store_dir;    /* manager; NULL: acknowledged without being stored */
    bool refuse;
    struct iap_style style;
    const struct server_alert *alert; /* analyzer: what it sends on each connection */
    size_t alerts;
};

extern const struct server_ops server_iap;

/* --- one delivery -------------------------------------------------------------------------------------------------------- */
struct sender_options {
    struct server_options peer;   /* role analyzer; listen or connect; own is not looked at */
    struct server_iap_options iap;
    size_t repeat;                /* each alert so many times */
    unsigned connections;         /* shared by this many connections at once */
    uint64_t timeout_ms;          /* without progress, the delivery is given up */
    void (*progress)(void *ctx, uint64_t acknowledged, uint64_t all);
    /* One alert that was not acknowledged; code 0: no answer. */
    void (*refused)(void *ctx, const struct server_alert *a, uint16_t code);
};
struct sender_result { uint64_t all, acknowledged, rejected, unanswered; double seconds; };
err sender_run(const struct sender_options *o, struct sender_result *out, char *why, size_t why_n) MUST_CHECK;

#endif
