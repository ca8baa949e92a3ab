/* SPDX-License-Identifier: MIT */
/* server_iap: manager, analyzer and proxy as programs: a manager stores what it acknowledges, an analyzer sends alerts, a proxy relays. */
#ifndef RUN_SERVER_IAP_H
#define RUN_SERVER_IAP_H

#include "peer/iap_peer.h"
#include "peer/iap_proxy.h"
#include "run/play_iap.h"
#include "run/sender.h"
#include "run/server.h"

enum { SERVER_ROUTES = 32 };

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

/* A delivery (run/sender.h); sender_options.peer.own is a struct server_iap_options, whose alerts are not looked at. */
extern const struct sender_ops sender_iap;

#endif
