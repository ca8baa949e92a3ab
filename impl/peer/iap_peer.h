/* SPDX-License-Identifier: MIT */
/* iap_peer: the reference manager and analyzer as one endpoint; which of the two, and who opened the TCP connection, are settings.  The
 * analyzer is the TLS client and the sender of alerts in either direction of TCP (3.2, 2.2). */
#ifndef PEER_IAP_PEER_H
#define PEER_IAP_PEER_H

#include "peer/iap_conn.h"
#include "peer/mutate.h"

struct iap_peer;

struct iap_alert {
    slice type, body;
    uint64_t id; /* the source's own */
};

struct iap_hooks { /* all may be NULL */
    void *ctx;
    /* Analyzer: the next alert (slices valid until the next call); false when there is none now.  *end: there will be none any more, close. */
    bool (*next)(void *ctx, struct iap_peer *p, struct iap_alert *out, bool *end);
    /* Analyzer: what became of it; code 0: the connection ended before an answer. */
    void (*answered)(void *ctx, struct iap_peer *p, uint64_t id, uint16_t code);
    /* Manager: an alert came (borrowed).  Returns the code to answer with, or 0: iap_peer_answer will be called once it is stored. */
    uint16_t (*alert)(void *ctx, struct iap_peer *p, const struct iap_alert *a);
    /* One line for people. */
    void (*say)(void *ctx, struct iap_peer *p, const char *text);
    void (*gone)(void *ctx, struct iap_peer *p); /* the endpoint is about to be freed */
};

struct iap_setup { /* shared by many peers; outlives them */
    const struct env *env;
    bool analyzer;
    const char *host;        /* initiator: name in CONNECT; NULL: the address dialled */
    struct tls_context *tls; /* of the TLS side that the role has; NULL: not configured, upgrades are answered 500 (3.2) */
    bool no_tls;             /* --tls off */
    bool refuse;             /* answers every connect request with 403 */
    struct iap_style style;
    enum iap_mutant mutant;
    struct iap_hooks hooks;
};

struct iap_peer {
    struct endpoint e;       /* first: an endpoint * is an iap_peer * */
    const struct iap_setup *s;
    struct iap_conn c;
    bool opener;             /* we open, or opened, the TCP connection */
    bool begun, closing, over, quiet;
    uint64_t born, close_by; /* ms; 0 none */
    uint64_t touched;        /* last message, for the idle deadline */
    uint64_t stalled;        /* since when the peer takes too little of its answers; 0 */
    uint64_t sent_id;        /* alert that is unanswered */
    bool sent;
    struct buf codes;        /* answers that are owed, in the order of the contents: uint16_t each, 0 while the store has it */
    char why[160];           /* why the connection ended, "" while fine */
};

/* opener: link 0 asks to be opened to to (borrowed); otherwise it waits to be given a connection. */
err iap_peer_new(const struct iap_setup *s, bool opener, const char *to, struct iap_peer **out) MUST_CHECK;
/* Manager: answers the oldest alert that waits. */
void iap_peer_answer(struct iap_peer *p, uint16_t code, uint64_t now);
/* Analyzer: there may be alerts again. */
void iap_peer_poke(struct iap_peer *p, uint64_t now);
/* Ends the connection in order: close_notify, then FIN. */
void iap_peer_close(struct iap_peer *p, uint64_t now);

#endif
