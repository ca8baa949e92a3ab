/* SPDX-License-Identifier: MIT */
/* server_beep: BEEP listener and initiator as programs: a listener serves the profiles of tests, an initiator starts a channel and sends a message now and then. */
#ifndef RUN_SERVER_BEEP_H
#define RUN_SERVER_BEEP_H

#include "peer/beep_peer.h"
#include "run/server.h"

struct server_beep_options { /* server_options.own; server_options.tls is the context of the listener as server, or of the initiator as client */
    struct tls_context *tls_server; /* initiator: TLS is offered too; NULL */
    bool want_tls;                  /* initiator: asks for TLS, and stops without it */
    const struct sasl_users *users; /* listener: who may come in; initiator: the first by name is who it is; NULL: nobody */
    const char *mechanism;          /* initiator: NULL: it does not authenticate itself */
    bool bare;                      /* initiator: channels of TLS and SASL are started without content */
    bool need_tls, need_auth, unavailable; /* listener */
    const char *server_name;        /* NULL: none */
    const char *profile;            /* a further one, which echoes; NULL */
    uint32_t window, frame;         /* octets; 0: as usual */
    uint64_t every_ms;              /* initiator: time between messages; 0: a second */
};

extern const struct server_ops server_beep;

#endif
