/* SPDX-License-Identifier: MIT */
/* iap_conn: one IAP connection as its two ends see it: link, tracker and TLS filter put together.  Octets go in, events come out; messages go
 * in, octets go out.  It decides nothing: what to answer is for the endpoint (iap_peer) or the tester (run). */
#ifndef PEER_IAP_CONN_H
#define PEER_IAP_CONN_H

#include "peer/endpoint.h"
#include "sec/tls.h"
#include "track/track_iap.h"

enum iap_conn_kind {
    IAP_GOT_NOTHING,
    IAP_GOT_MESSAGE,    /* msg; faults may stand beside it */
    IAP_GOT_RUBBISH,    /* the stream cannot be read on; fault[0] says why */
    IAP_GOT_HELLO,      /* the peer's first TLS record (or what stands in its place: faults) */
    IAP_GOT_TLS,        /* handshake completed */
    IAP_GOT_TLS_FAILED, /* tls_why(c->tls) */
    IAP_GOT_NOTIFY      /* close_notify */
};
struct iap_got {
    enum iap_conn_kind kind;
    struct iap_msg msg;
    uint16_t hello_version; /* HELLO: version of the record, 0x0301 */
    int alert;              /* TLS_FAILED while the tester speaks TLS by hand: what the peer's alert says */
};

struct iap_conn {
    const struct env *env;
    struct link *link;
    struct track_iap track;
    struct tls_context *tls_context; /* borrowed; NULL with no_tls or when unconfigured */
    const char *resume_key;          /* borrowed */
    struct tls *tls;
    int8_t side;          /* 0: we opened the TCP connection */
    bool analyzer;        /* we are the TLS client */
    bool no_tls;
    bool manual_tls;      /* the tester starts TLS itself */
    bool hello_seen, open_told, failed_told, notify_told, notify_sent;
    bool rubbish_told;    /* what stands behind rubbish is passed over: only how the stream ends is told */
    bool flip_next;       /* tester: damage one octet of the next TLS record */
    size_t wire_seen;     /* tester: octets of wire whose records were looked at */
    struct buf wire;      /* octets behind the 101 that no TLS filter took yet */
    size_t clear_release; /* clear octets of the filter that the last event used */
    uint64_t first_octet, last_octet; /* of a message begun, 0 when none */
    uint64_t record, record_since;    /* TLS record begun and not whole, and since when; 0 when none */
};

/* link is borrowed.  tls_context: of the side that the role has (client for an analyzer). */
void iap_conn_init(struct iap_conn *c, const struct env *env, struct link *link, int side, bool analyzer, bool no_tls,
                   struct tls_context *tls_context);
void iap_conn_done(struct iap_conn *c);

/* Takes octets of the wire from in until there is an event; false when all were taken and nothing happened.  Slices of the event live until the next
 * call.  Call with an empty in as well: events may be pending.  ERR_MEM and ERR_LIMIT show as RUBBISH. */
bool iap_conn_next(struct iap_conn *c, slice *in, uint64_t now, struct iap_got *got);
/* What the tolerant reading calls whole, after a pause. */
bool iap_conn_settle(struct iap_conn *c, struct iap_got *got);
/* The wire ended.  Returns false when that was inside a message (fault). */
bool iap_conn_ended(struct iap_conn *c);

/* Sends octets as they are through the present layer (clear or TLS). */
err iap_conn_write(struct iap_conn *c, slice octets) MUST_CHECK;
/* Sends a message and tells the tracker.  ERR_USE, and nothing sent, when the tables do not allow it now. */
err iap_conn_send(struct iap_conn *c, const struct iap_msg *m, const struct iap_style *style) MUST_CHECK;
/* Starts the TLS filter; a client says hello.  Done by itself after a 101 unless manual_tls. */
err iap_conn_start_tls(struct iap_conn *c) MUST_CHECK;
/* close_notify; nothing without TLS. */
err iap_conn_notify(struct iap_conn *c) MUST_CHECK;
bool iap_conn_secured(const struct iap_conn *c);

#endif
