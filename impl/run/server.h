/* SPDX-License-Identifier: MIT */
/* server: reference peers as programs: they listen, or connect and connect again, until told to stop; a manager stores what it acknowledges, an analyzer
 * sends alerts, a proxy relays. */
#ifndef RUN_SERVER_H
#define RUN_SERVER_H

#include "peer/iap_peer.h"
#include "peer/iap_proxy.h"
#include "run/play_iap.h"

enum { SERVER_ROUTES = 32 };

struct server_alert { slice type, body; const char *name; }; /* name for people: the file */

struct server_options {
    const struct env *env;
    enum iap_under_test role;
    const char *listen, *connect; /* one of them */
    struct iap_route route[SERVER_ROUTES];
    size_t routes;
    const char *identity;     /* proxy; NULL: made from host name and port */
    const char *host;         /* name in CONNECT; NULL: the address connected to */
    const char *store_dir;    /* manager; NULL: acknowledged without being stored */
    bool no_tls, refuse;
    struct tls_context *tls;  /* NULL with TLS on: upgrades are answered 500 */
    struct iap_style style;
    enum iap_mutant mutant;
    const struct server_alert *alert; /* analyzer: what it sends on each connection */
    size_t alerts;
    bool reconnect;           /* connect again after the connection ended */
    bool verbose;
    void (*listening)(void *ctx, const char *address);
    void (*say)(void *ctx, const char *text); /* one line for people */
    void *ctx;
};

/* Runs until SIGTERM or SIGINT (OK).  ERR_SYS with why: address in use, store locked or broken ... */
err server_run(const struct server_options *o, char *why, size_t why_n) MUST_CHECK;

/* --- one delivery -------------------------------------------------------------------------------------------------------- */
struct sender_options {
    struct server_options peer;   /* role analyzer; listen or connect */
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
