/* SPDX-License-Identifier: MIT */
/* track_iap: observes one IAP connection between two neighbours with the tables of model/iap.  It does not know which side "we" are: side 0 opened
 * the TCP connection, side 1 accepted it.  It is fed the clear octets of both directions, and signals for what is not octets; it gives back
 * messages with the faults found in them, and stays usable after a fault (state LOST: messages are still read, order is no longer judged). */
#ifndef TRACK_TRACK_IAP_H
#define TRACK_TRACK_IAP_H

#include "codec/iap_msg.h"

enum { TRACK_FAULTS_MAX = 10 };

struct iap_fault { /* a fault as data: it becomes a verdict */
    enum iap_fault_code code;
    enum severity severity;
    enum clause_id clause;
    enum defect_id defect;
    int side;       /* who broke it */
    uint64_t at;    /* octet offset in the clear stream of that side */
    const char *text;
};

struct track_iap {
    const struct env *env;
    struct fsm_inst fsm;
    struct iap_facts facts;
    struct iap_reader reader[2];
    bool no_tls;      /* --tls off: the 101 leads straight into the channel set-up */
    bool tainted;     /* a deliberate mistake was made by one side: order is not held against the other any more */
    bool ended[2];    /* that side's stream ended */
    int last_request_side;   /* who sent the request that is unanswered, -1 */
    uint16_t last_code;      /* of the last response, 0 */
    uint64_t contents;       /* seen whole */
    uint32_t fault_n;        /* of the last item */
    struct iap_fault fault[TRACK_FAULTS_MAX];
};

/* offer_known, offer_sender: what the initiator is going to offer, where that is known (endpoints); it narrows the legal moves. */
void track_iap_init(struct track_iap *t, const struct env *env, bool no_tls);
void track_iap_done(struct track_iap *t);

/* Octets of one side, as iap_reader_next: OK and *m filled with one message (already stepped), ERR_MORE when all octets were taken, ERR_PEER or ERR_LIMIT
 * when the stream cannot be read on.  With any result but ERR_MORE t->fault[0 .. fault_n) are the faults of this item. */
err track_iap_feed(struct track_iap *t, int side, slice *in, struct iap_msg *m) MUST_CHECK;
/* The stream of side paused (or ended): take what the tolerant reading calls whole. */
err track_iap_settle(struct track_iap *t, int side, struct iap_msg *m) MUST_CHECK;
/* A message that one side sent and that needs no reading: endpoints tell what they send.  Returns false when it was out of order. */
bool track_iap_message(struct track_iap *t, int side, const struct iap_msg *m);
/* Would that be in order now?  Nothing changes. */
bool track_iap_legal(const struct track_iap *t, int side, enum iap_event ev);
/* What is not octets: TLS_HELLO, TLS_OPEN, TLS_FAILED, NOTIFY, FIN.  Faults as above; false when there are any. */
bool track_iap_signal(struct track_iap *t, int side, enum iap_event ev);
bool track_iap_urgent(struct track_iap *t, int side);
/* The octets after a 101 were no TLS record. */
bool track_iap_not_tls(struct track_iap *t, int side);
/* A connection that ended inside a message. */
bool track_iap_half(struct track_iap *t, int side);

enum iap_state track_iap_state(const struct track_iap *t);
/* True while octets on the wire are TLS (or would be, with no_tls: never). */
bool track_iap_is_tls(const struct track_iap *t);
/* The event that a message is. */
enum iap_event track_iap_event(const struct iap_msg *m);
/* Names of the events that side may do now, "connect, fin", into out (out_n octets). */
void track_iap_allowed(const struct track_iap *t, int side, char *out, size_t out_n);

#endif
