/* SPDX-License-Identifier: MIT */
/* beep_conn: one BEEP session as its two ends see it: link, tracker, TLS filter and SASL security layer put together.  Octets go in, events come out; frames go in,
 * octets go out.  It decides nothing: what to answer is for the endpoint (beep_peer) or the tester (run). */
#ifndef PEER_BEEP_CONN_H
#define PEER_BEEP_CONN_H

#include "peer/endpoint.h"
#include "peer/mutate_beep.h"
#include "sec/sasl.h"
#include "sec/tls.h"
#include "track/track_beep.h"

enum beep_event_kind {
    BEEP_EV_NOTHING,
    BEEP_EV_FRAME,      /* got; faults may stand beside it in track.fault */
    BEEP_EV_BAD,        /* the stream cannot be read on, or a frame is poorly formed; track.fault[0] says why, without one it was memory, a limit or the layer */
    BEEP_EV_HELLO,      /* the peer's first TLS record behind proceed (or what stands in its place: faults) */
    BEEP_EV_TLS,        /* handshake completed: new greetings are due */
    BEEP_EV_TLS_FAILED, /* tls_why(c->tls) */
    BEEP_EV_NOTIFY      /* close_notify */
};
struct beep_event {
    enum beep_event_kind kind;
    struct beep_got got;
    uint16_t hello_version; /* HELLO: version of the record, 0x0301; 0: no TLS */
    int alert;              /* TLS_FAILED: what the peer's fatal alert says, -1 for none */
};

struct beep_conn {
    const struct env *env;
    struct link *link;
    struct track_beep track;
    struct tls *tls;                 /* NULL in clear */
    struct beep_slip *slip;          /* deliberate mistakes in what is written; borrowed, NULL: none */
    struct sasl *layer;              /* SASL security layer in force; borrowed, NULL */
    int8_t side;                     /* 0: we opened the TCP connection (initiator) */
    bool resync;                     /* tester: poorly-formed frames of the peer are read to their end (track_beep_next) */
    bool to_tls;                     /* clear octets ended by a proceed: what comes is TLS; false again once TLS stands or was given up */
    bool tls_client;                 /* of that TLS */
    bool passing;                    /* TLS was given up: records that were on their way are passed over before clear octets begin */
    bool hello_seen, open_told, failed_told, notify_told, notify_sent;
    bool bad_told;                   /* what stands behind it is passed over: only how the stream ends is told */
    bool flip_next;                  /* tester: damage one octet of the next TLS record */
    bool replay_next;                /* tester: the next TLS record goes out twice, as somebody on the way would do it */
    bool gathers;                    /* what is sent under TLS waits in gathered */
    struct buf gathered;             /* clear octets of the next record */
    struct buf wire;                 /* octets behind proceed that no TLS filter took yet */
    size_t wire_seen;                /* tester: octets of wire whose records were looked at */
    struct buf clear;                /* octets out of the SASL layer, or left over from TLS that was given up, that are not read yet */
    size_t release, clear_release;   /* octets of the filter, and of clear, that the last event used */
    uint8_t record[5], record_n;     /* header of the TLS record at hand during the handshake */
    size_t record_left;              /* octets of its body still to come */
    /* Tester: a frame that beep_conn_write_read sent, as the tracker read it; valid for the call, in which nothing is to be sent.  NULL: not wanted. */
    void (*sent)(void *ctx, const struct beep_got *got);
    void *sent_ctx;
    struct beep_news {               /* for whoever sends: channels on which a SEQ or the end of a message came */
        uint32_t channel[32];
        uint8_t n;
        bool more;                   /* and others: look at all of them */
    } news;
    uint64_t first_octet, last_octet;/* of a frame begun and not whole; 0 when none */
};

/* link is borrowed.  side: 0 initiator, 1 listener.  max_payload: octets of one frame that are read at most.  After an error beep_conn_done is harmless. */
err beep_conn_init(struct beep_conn *c, const struct env *env, struct link *link, int side, size_t max_payload) MUST_CHECK;
void beep_conn_done(struct beep_conn *c);

/* Takes octets of the wire from in until there is an event; false when all were taken and nothing happened.  What the event refers to lives until the next call of
 * anything here: octets of its frame until the next beep_conn_next, elements and faults until anything is sent.
 * Call with an empty in as well: events may be pending. */
bool beep_conn_next(struct beep_conn *c, slice *in, uint64_t now, struct beep_event *ev);
/* The wire ended.  False when that was inside a frame (fault). */
bool beep_conn_ended(struct beep_conn *c);

/* Sends octets as they are through the present layers and does not tell the tracker.  ERR_SYS: a layer took them and they cannot be sent, so the session cannot go on;
 * nothing is sent with any other error. */
err beep_conn_write(struct beep_conn *c, slice octets) MUST_CHECK;
/* Between these two, what is sent under TLS is kept together, so that many short frames do not cost a record each; without TLS nothing changes.  ERR_SYS of the second:
 * what was kept cannot be sent any more, and the session cannot go on.  Nothing else is to be done with the connection in between. */
void beep_conn_gather(struct beep_conn *c);
err beep_conn_gathered(struct beep_conn *c) MUST_CHECK;
/* Octets that wait for the carrier, and to be gathered. */
static inline size_t beep_conn_waiting(const struct beep_conn *c)
{
    return c->link->out.n + c->gathered.n;
}
/* Sends octets and lets the tracker read them as ours: for the tester, whose octets may be wrong on purpose.  Sets track.tainted for our side when they are no
 * good frames in order. */
err beep_conn_write_read(struct beep_conn *c, slice octets) MUST_CHECK;
/* Sends a frame and tells the tracker, whose faults are then those of this frame; its size is that of the payload.  ERR_USE, and nothing sent, when it would end the
 * session, lies beyond the window or behind a proceed; nothing is sent with ERR_MEM and ERR_LIMIT either.  ERR_SYS: sent, but the tracker or the layer below had no memory
 * for it and the session cannot go on. */
err beep_conn_frame(struct beep_conn *c, const struct beep_frame *f) MUST_CHECK;

/* Behind proceed (sent or received) the wire belongs to TLS, which is noticed here; until this is called octets wait in wire (limits.out_queue).  The context is borrowed and
 * is of the side that client says: we sent the ready.  ERR_USE without a proceed, under TLS, or under a SASL layer. */
err beep_conn_start_tls(struct beep_conn *c, struct tls_context *context, bool client, const char *resume_key) MUST_CHECK;
/* Gives TLS up before it stood and goes on in clear with new greetings (3080 3, a failed negotiation).  Records that were still on their way are passed over.  ERR_USE
 * without a proceed or once TLS stood. */
err beep_conn_without_tls(struct beep_conn *c) MUST_CHECK;
/* From here on everything passes through the layer of that exchange, in both directions (4.1); call it as soon as the completing reply was sent or read, before anything
 * else is.  What the last event refers to ends here.  s is borrowed and outlives the session. */
err beep_conn_layer(struct beep_conn *c, struct sasl *s) MUST_CHECK;
/* The session begins anew on the same connection (RFC 3620 4): the tracker is a new one, and octets that came behind the last frame are the first of the new session.
 * The layers below stay.  What the last event refers to ends here.  After an error beep_conn_done alone may be called. */
err beep_conn_renew(struct beep_conn *c) MUST_CHECK;
/* close_notify; nothing without TLS. */
err beep_conn_notify(struct beep_conn *c) MUST_CHECK;
bool beep_conn_secured(const struct beep_conn *c);
/* The deliberate mistake in force, enum beep_mutant. */
static inline unsigned beep_conn_mutant(const struct beep_conn *c)
{
    return c->slip ? c->slip->mutant : BMUT_NONE;
}

#endif
