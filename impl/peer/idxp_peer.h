/* SPDX-License-Identifier: MIT */
/* idxp_peer: the reference manager and analyzer of IDXP as one endpoint on beep_peer; which of the two, and who opened the TCP connection, are settings.  Who opened it asks for the IDXP channels (one, or one
 * for each category), once the tunnel, TLS and SASL of the BEEP setup are done, and leaves when no channel
 * is ready within limits.setup_ms; the other side takes what comes.  The analyzer is client and the manager server on all of them, unless the setup says otherwise. */
#ifndef PEER_IDXP_PEER_H
#define PEER_IDXP_PEER_H

#include "peer/idxp.h"

enum {
    IDXP_PEER_STREAMS = 3,      /* categories of RFC 4767 4.2 */
    IDXP_PEER_PROFILES = 8,     /* offered beside IDXP */
    IDXP_PEER_PIPELINE = 16,    /* pipeline of 0: messages without an answer on a channel before the next has to wait */
    IDXP_PEER_KEEP_MAX = 64,    /* messages of a connection that the hook alert has put off; from there on the peer gets no window */
    IDXP_PEER_BODIES = 4        /* largest messages that may be incomplete on one session at once, over all its channels; what goes beyond is refused by 450 */
};

struct idxp_peer;

/* What an analyzer sends. */
struct idxp_item {
    uint64_t id;             /* the source's own */
    enum idxp_kind kind;     /* XML, TEXT or BINARY */
    enum idxp_stream stream; /* its category.  NO_STREAM: found out when there are several channels, a schema, and body is the whole of it; otherwise the first channel */
    slice body;              /* the whole message, which has to stay where it is until `answered` was called for it; it is not copied ... */
    bool in_pieces;          /* ... or it comes by the hook `piece`, and body is not looked at */
};

/* A message that a manager has received. */
struct idxp_alert {
    uint64_t tag;            /* for idxp_peer_answer; counts from 1 */
    enum idxp_kind kind;
    slice type;              /* media type, "text/xml" where none was given and it was taken for it */
    slice body;              /* decoded, without headers; borrowed for the call */
    enum idxp_stream stream; /* of its channel */
    const struct idmef_result *idmef; /* NULL without a schema, and for what is not XML */
    struct idxp_who who;     /* of whom */
};

struct idxp_peer_hooks { /* all may be NULL */
    void *ctx;
    /* Analyzer: the next item; false when there is none now.  *end: there will be none any more: close once everything is answered. */
    bool (*next)(void *ctx, struct idxp_peer *p, struct idxp_item *out, bool *end);
    /* Analyzer: the next octets of an item in pieces (borrowed until the next call), *last with its end; false when there are none now (idxp_peer_poke tells of more). */
    bool (*piece)(void *ctx, struct idxp_peer *p, uint64_t id, slice *octets, bool *last);
    /* Analyzer: what became of an item, once for each that next gave: 200 for ok; the code of the error; 0: the connection or the channel ended before an answer.  text is for people, may be empty. */
    void (*answered)(void *ctx, struct idxp_peer *p, uint64_t id, uint16_t code, const char *text);
    /* Manager: a message came.  IDXP_STORED: ok.  One of the thirteen codes: refused.  0: idxp_peer_answer will be called for its tag. */
    uint16_t (*alert)(void *ctx, struct idxp_peer *p, const struct idxp_alert *a);
    /* Either: may this peer come in?  As admit of idxp.h, behind everything else. */
    void (*admit)(void *ctx, struct idxp_peer *p, const struct idxp_who *w, struct beep_refusal *no);
    /* Channels may be used: the first one is ready. */
    void (*ready)(void *ctx, struct idxp_peer *p);
    void (*say)(void *ctx, struct idxp_peer *p, const char *text); /* one line for people */
    void (*gone)(void *ctx, struct idxp_peer *p);                  /* the endpoint is about to be freed */
};

/* Zero it, fill it in, call idxp_peer_prepare, then let it be: it is shared by many peers, outlives them and must not move. */
struct idxp_peer_setup {
    struct beep_setup beep;   /* env, TLS, SASL, via, mux, names, features.  profile and profiles: what is offered beside IDXP (at most IDXP_PEER_PROFILES).  hooks are not looked at */
    struct idxp_setup idxp;   /* uri, dialect, security, policy, schema, options, mutant.  env, role (unless one is set) and analyzer come from what follows; hooks are not looked at */
    bool analyzer;
    bool waits;               /* who opened TCP asks for no channels, and takes what comes */
    bool asks;                /* who was called asks for channels, too */
    enum idxp_stream stream[IDXP_PEER_STREAMS]; /* a channel for each, asked for by whoever asks */
    size_t streams;           /* 0: one channel for all */
    unsigned pipeline;        /* analyzer: messages under way on a channel; 0: IDXP_PEER_PIPELINE, 1: waits for each answer */
    bool linger;              /* an analyzer whose source ended keeps the session */
    struct idxp_peer_hooks hooks;
    /* set by idxp_peer_prepare */
    struct beep_setup ready_beep;
    struct idxp_setup ready_idxp;
    struct beep_profile profile;
    const struct beep_profile *offered[IDXP_PEER_PROFILES + 1];
};

/* ERR_USE: no uri, too many profiles. */
err idxp_peer_prepare(struct idxp_peer_setup *s) MUST_CHECK;
/* opener: link 0 asks to be opened to to (borrowed); otherwise it waits to be given a connection.  The endpoint owns the peer: freeing it frees both. */
err idxp_peer_new(const struct idxp_peer_setup *s, bool opener, const char *to, struct idxp_peer **out) MUST_CHECK;
struct endpoint *idxp_peer_endpoint(struct idxp_peer *p);
struct beep_peer *idxp_peer_beep(struct idxp_peer *p);
/* The peer behind an endpoint that idxp_peer_new made. */
struct idxp_peer *idxp_peer_of(struct endpoint *e);

/* Manager: answers the message with that tag: IDXP_STORED or a code; text may be NULL.  Harmless when its channel has ended. */
void idxp_peer_answer(struct idxp_peer *p, uint64_t tag, uint16_t code, const char *text, uint64_t now);
/* Manager: messages of this connection that have no answer yet. */
size_t idxp_peer_owed(const struct idxp_peer *p);
/* Analyzer: there may be items, or pieces, again. */
void idxp_peer_poke(struct idxp_peer *p, uint64_t now);
/* Ends the session in order: nothing new is begun (greetings are rejected with 421), then the release.  What the peer, or the
 * hook alert, owes is not waited for longer than limits.message_ms. */
void idxp_peer_close(struct idxp_peer *p, uint64_t now);
/* Why it came to nothing: the channel was declined, a greeting was rejected, the session ended; "" while fine. */
const char *idxp_peer_why(const struct idxp_peer *p);
/* Is some channel ready? */
bool idxp_peer_ready(const struct idxp_peer *p);

void *idxp_peer_user(const struct idxp_peer *p);
void idxp_peer_set_user(struct idxp_peer *p, void *user);

#endif
