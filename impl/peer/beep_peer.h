/* SPDX-License-Identifier: MIT */
/* beep_peer: the reference BEEP peer as one endpoint, in either role: greets at once, manages channels, tunes (TLS, SASL), hands messages to profiles. */
#ifndef PEER_BEEP_PEER_H
#define PEER_BEEP_PEER_H

#include "peer/beep_mux.h"
#include "peer/beep_profile.h"

enum { BEEP_PROFILES_OFFERED = 64, BEEP_CODE_UNAVAILABLE = 421 };

struct tunnel_msg;

struct beep_hooks { /* all may be NULL */
    void *ctx;
    /* Both greetings passed, and what the setup asks for of TLS and SASL is done: channels may be started.  Called again after new greetings. */
    void (*greeted)(void *ctx, struct beep_peer *p, uint64_t now);
    /* The peer declined the close of that channel, or with 0 the release: it goes on (2.3.1.3, 2.4).  no is borrowed. */
    void (*declined)(void *ctx, struct beep_peer *p, uint32_t channel, const struct beep_refusal *no, uint64_t now);
    void (*say)(void *ctx, struct beep_peer *p, const char *text);   /* one line for people: diagnostics that the RFCs recommend */
    void (*gone)(void *ctx, struct beep_peer *p);                    /* the endpoint is about to be freed */
};

struct beep_setup { /* shared by many peers; outlives them */
    const struct env *env;
    const struct beep_profile *const *profile; /* offered, in this order; TLS and SASL are added by what follows */
    size_t profiles;
    struct tls_context *tls_server, *tls_client; /* NULL: the TLS profile is not offered / not asked for */
    bool want_tls;                    /* initiator: ask for TLS first, and stop without it (9) */
    struct sasl_context *sasl_server, *sasl_client; /* NULL: none */
    const char *sasl_mechanism;       /* client: the one to use; NULL: none */
    bool sasl_if_offered;             /* client: go on without it when the peer does not offer it */
    bool bare;                        /* client of TLS and SASL: channels are started without content; ready and the first blob follow as MSG */
    bool need_tls, need_auth;         /* listener: data profiles are declined with 530 before (4, 9) */
    bool unavailable;                 /* listener: 421 in place of the greeting */
    const char *server_name;          /* initiator: serverName of the first start; listener: the only one served; NULL: any */
    const char *features, *localize;  /* of the greeting; NULL */
    const struct tunnel_msg *via;     /* initiator: ask for this tunnel first, in clear, and begin anew behind it (peer/tunnel.h); NULL: none */
    struct sasl_context *via_sasl;    /* ... and authenticate to whoever is asked for it first (RFC 3620 7), by that mechanism and without a layer (SASL_QOP_AUTH:
                                       * TUNNEL is to be had in clear only).  Behind the ok that is forgotten, and sasl_mechanism is for the end of the tunnel */
    const char *via_mechanism;        /* NULL: nobody is told who asks */
    bool tunnelled_needs_tls;         /* listener: need_tls behind a tunnel, whatever it is in front of it */
    struct beep_mux_setup mux;
    unsigned mutant;                  /* enum beep_mutant; 0: none */
    unsigned idxp_mutant;             /* enum idxp_mutant, for the parts of TUNNEL; 0: none */
    struct beep_hooks hooks;
};

/* Who takes over the octets of a session that ends as BEEP without its connection ending: TUNNEL behind its ok. */
struct beep_raw {
    void *ctx;
    void (*octets)(void *ctx, struct beep_peer *p, slice octets, uint64_t now); /* borrowed for the call */
    void (*drained)(void *ctx, struct beep_peer *p, uint64_t now);              /* what was written went out; NULL */
    void (*ended)(void *ctx, struct beep_peer *p, enum link_end how, uint64_t now);
    void (*begun)(void *ctx, struct beep_peer *p, uint64_t now);                /* the last frame went out: octets may be written; before the first are given.  NULL */
};

struct beep_peer; /* first member: struct endpoint e */

/* opener: link 0 asks to be opened to to (borrowed), we are the initiator; otherwise it waits to be given a connection. */
err beep_peer_new(const struct beep_setup *s, bool opener, const char *to, struct beep_peer **out) MUST_CHECK;
struct endpoint *beep_peer_endpoint(struct beep_peer *p);

/* Starts a channel with that profile and initialization content.  *channel: its number.  ERR_USE before the greetings, while tuning or closing; ERR_LIMIT. */
err beep_peer_start(struct beep_peer *p, const struct beep_profile *profile, slice init, uint32_t *channel, uint64_t now) MUST_CHECK;
/* Answers a start that the profile put off (later): content, or a refusal when no is given and its code is not 0. */
void beep_peer_answer(struct beep_bound *b, slice content, const struct beep_refusal *no, uint64_t now);
/* Sends a piece of a MSG; *msgno is set with the first piece (0 there: a new message).  ERR_LIMIT and nothing done: no room now, the profile's room will be called.
 * ERR_USE: the channel is not open, or is being closed, or another MSG on it was begun.  Pieces of a MSG that the peer refused early (2.6.3) are dropped: OK. */
err beep_peer_msg(struct beep_bound *b, uint32_t *msgno, slice octets, bool last, uint64_t now) MUST_CHECK;
/* Sends a piece of a reply: RPY, ERR, ANS or NUL.  Errors as of beep_peer_msg. */
err beep_peer_reply(struct beep_bound *b, enum beep_keyword keyword, uint32_t msgno, uint32_t ansno, slice octets, bool last,
                    uint64_t now) MUST_CHECK;
/* Received octets that the profile could not take at once are consumed now: until then the peer gets no new window for them. */
err beep_peer_consumed(struct beep_bound *b, size_t n) MUST_CHECK;
/* Keep what comes on this channel unacknowledged until beep_peer_consumed. */
void beep_peer_hold(struct beep_bound *b, bool hold);
/* Asks for the close of a channel (once its own MSGs are acknowledged), or with 0 for the release of the session.
 * What is in the way of a release has message_ms of the limits from the peer's last frame on, and ten times that as a whole: then the session ends without it. */
err beep_peer_close(struct beep_peer *p, uint32_t channel, uint64_t now) MUST_CHECK;
/* Ends the TCP connection without more ado. */
void beep_peer_abort(struct beep_peer *p, uint64_t now);
/* The session ends as BEEP as soon as what is queued went out (the answer that says so): all channels are closed, and from there on octets of the peer, those that
 * came right behind its last frame first, are given to raw (borrowed; outlives the peer).  The layers below (TLS, SASL) stay. */
void beep_peer_go_raw(struct beep_peer *p, const struct beep_raw *raw, uint64_t now);
/* Behind go_raw: sends octets as they are, through the layers.  ERR_LIMIT: wait for drained. */
err beep_peer_write_raw(struct beep_peer *p, slice octets) MUST_CHECK;
void beep_peer_end_raw(struct beep_peer *p, uint64_t now);
/* Behind go_raw: ends our direction once what was written went out; octets of the peer are still given to raw. */
void beep_peer_shut_raw(struct beep_peer *p, uint64_t now);
/* RFC 3620 4: as soon as what is queued went out (the answer that says so) all channels are closed, what was known of the session is forgotten (identity, serverName,
 * the greeting of the peer), and new greetings follow on the same connection.  Octets that came right behind the last frame belong to the new session.  The layers below stay. */
void beep_peer_renew(struct beep_peer *p, uint64_t now);
bool beep_peer_tunnelled(const struct beep_peer *p); /* did it begin anew behind a tunnel? */
/* For an endpoint that has several BEEP peers as parts: p uses that link (of the whole, borrowed) in place of its own.  Before anything happens on it; the whole hands
 * events on to the ops of beep_peer_endpoint(p), and frees it by them. */
void beep_peer_embed(struct beep_peer *p, struct link *link);

/* What is known of who is at the other end.  Strings live until the next call of the peer. */
struct beep_facts {
    bool secured;           /* inside TLS */
    struct tls_info tls;    /* of it; all zero without */
    bool authenticated;     /* the peer proved an identity by SASL; what we proved to it is not told here */
    const char *mechanism;  /* by which; "" without */
    const char *identity;   /* "" without, and for ANONYMOUS */
};
void beep_peer_facts(const struct beep_peer *p, struct beep_facts *out);
/* A pointer for whoever made the peer: hooks and profiles are shared by many. */
void beep_peer_set_user(struct beep_peer *p, void *user);
void *beep_peer_user(const struct beep_peer *p);

const char *beep_peer_identity(const struct beep_peer *p); /* authenticated identity, "" for anonymous */
bool beep_peer_secured(const struct beep_peer *p);
const char *beep_peer_why(const struct beep_peer *p);      /* why the session ended, "" while fine */
const struct track_beep *beep_peer_track(const struct beep_peer *p);
bool beep_peer_offers(const struct beep_peer *p, const char *uri); /* did the other side's last greeting list that profile? */

/* The channel with that number; NULL.  Lives until its profile's closed. */
struct beep_bound *beep_peer_bound(const struct beep_peer *p, uint32_t channel);

/* The profiles of tests: whatever is sent comes back; and one that answers a MSG whose body is "count N size S" by N answers of S octets behind an empty line, two of
 * them at a time interleaved, and NUL; ERR 501 when it is anything else or N is over 100,000 or S over 1 MiB. */
extern const struct beep_profile beep_echo, beep_many;
#define BEEP_URI_ECHO "http://draftproof.invalid/profiles/echo"
#define BEEP_URI_MANY "http://draftproof.invalid/profiles/many"

#endif
