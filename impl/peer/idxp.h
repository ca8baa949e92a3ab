/* SPDX-License-Identifier: MIT */
/* idxp: the IDXP profile for a BEEP peer, in both dialects and both roles, on channels that either side started.  An endpoint is a tracker that also talks: track_idxp says what a message is and what is
 * wrong with it, this file answers, and asks its hooks what only they can know.
 *
 * On each channel both sides greet.  We do as soon as the channel is open (in the start of a channel that we ask for, when the setup says so).  A greeting of the peer is judged in this order, and the
 * first that says no gives the code (draft 5, RFC 4767 10):
 *   form             500 not well-formed, 501 not valid, 504 an option that must be understood, 553 uri, fqdn or ip that is none, 554 a limit; as track_idxp says
 *   security         530 TLS or an identity is demanded and not there, 534 what is there does not do: ANONYMOUS, a password in clear, a cipher suite that is not of the list, SASL where TLS is demanded
 *   roles            554 the peer takes the role that we have on the channel, or wants to send to an analyzer
 *   policy           530, 535, 537 or the code of a rule (idxp_policy.h); who is known for an analyzer is never server
 *   room             421 more channels than channels_max
 *   stream           550 a stream type that we do not take, when it has to be understood
 *   the hook admit   any of the thirteen; 454 when it cannot know at the moment, 421 when it is shutting down
 * Data is refused before it is complete where that can be known (3080 2.6.3): 504 type, 554 role, no greeting, too long; else behind its end: 500 not well-formed, 501 not valid IDMEF.  450 and others come
 * from the hook.
 *
 * Replies go out in the order of the MSGs (3080 2.6.1).  Nothing is sent again by itself. */
#ifndef PEER_IDXP_H
#define PEER_IDXP_H

#include "codec/idmef.h"
#include "codec/idxp_msg.h"
#include "peer/beep_peer.h"
#include "peer/idxp_policy.h"
#include "peer/mutate_idxp.h"

enum {
    IDXP_STORED = 200,        /* what a hook says for ok */
    IDXP_CHANNELS_USUAL = 64, /* channels_max of 0: three categories for each of twenty sources */
    IDXP_OWED_MAX = 4096      /* MSGs of the peer on a channel that have no reply yet, as BEEP_EXCHANGES_MAX; from 512 on no window is granted, and more than these end the session */
};

struct idxp_channel; /* one channel; from idxp_open or the peer's start until the hook closed */

/* A part of data that came. */
struct idxp_piece {
    uint32_t msgno;
    enum idxp_kind kind;              /* XML, TEXT or BINARY */
    bool first, last;                 /* of the message; an empty piece may be both */
    slice octets;                     /* of the body, as they came */
    const struct beep_mime *mime;     /* with first: the headers; NULL otherwise */
    bool encoded;                     /* in a Content-Transfer-Encoding: octets are as they came, and to be decoded when the message is complete */
    const struct idmef_result *idmef; /* with last, of XML when the setup has a schema: it is valid; NULL */
    uint16_t refused;                 /* not 0: the message was refused by us with this code, and comes to nothing; last is set */
};

struct idxp_hooks { /* all may be NULL; everything is borrowed for the call.  Every function of this header may be called; what sends on the channel ends the life of a piece */
    void *ctx;
    /* The peer greets, and nothing speaks against it so far: no->code 0 accepts, any of the thirteen with a text rejects. */
    void (*admit)(void *ctx, struct idxp_channel *c, const struct idxp_msg *greeting, const struct idxp_who *w, struct beep_refusal *no, uint64_t now);
    /* Our greeting was answered: no->code 0 accepted. */
    void (*greeted)(void *ctx, struct idxp_channel *c, const struct beep_refusal *no, uint64_t now);
    /* The greetings that the dialect asks for are in force: as client, data may be sent (idxp_channel_may_send).  Called again after each change of greetings.  By the draft ours is enough, but where need_tls,
     * need_auth, suites or policy stand in the setup: the peer has to pass them first. */
    void (*ready)(void *ctx, struct idxp_channel *c, uint64_t now);
    /* Data came.  IDXP_STORED with the last piece: ok is sent.  0: more is to come, or behind the last piece: idxp_answer will be called.  Any of the thirteen: refused, at once when it is not the last piece, and
     * then no further piece of this message is given. */
    uint16_t (*data)(void *ctx, struct idxp_channel *c, const struct idxp_piece *d, struct beep_refusal *no, uint64_t now);
    /* Our data was answered: no->code 0 is ok. */
    void (*answered)(void *ctx, struct idxp_channel *c, uint32_t msgno, const struct beep_refusal *no, uint64_t now);
    /* There is room again behind ERR_LIMIT of idxp_send. */
    void (*room)(void *ctx, struct idxp_channel *c, uint64_t now);
    /* A channel that we asked for was not created: it is freed behind this call.  No other of the hooks was called for it. */
    void (*declined)(void *ctx, struct idxp_channel *c, const struct beep_refusal *no, uint64_t now);
    /* The channel ended, by whomever; what was not answered will not be.  It is freed behind this call. */
    void (*closed)(void *ctx, struct idxp_channel *c, uint64_t now);
    /* One line for people. */
    void (*say)(void *ctx, struct idxp_channel *c, const char *text);
};

struct idxp_setup { /* shared by many channels; outlives them.  Strings are borrowed as long */
    const struct env *env;
    enum idxp_dialect dialect;
    enum idxp_role role;      /* that we take on channels that the peer starts.  NO_ROLE: the one that its greeting leaves; then ours goes out behind our reply to it */
    const char *uri;          /* who we are */
    const char *fqdn, *ip, *text; /* further attributes; NULL.  ip and text in the draft's dialect only */
    bool priority_given;      /* options of our greetings (RFC 4767 4.1, 4.2); not sent in the draft's dialect */
    uint32_t priority;
    enum idxp_stream stream;
    bool embed;               /* a channel that we start has our greeting in the start */
    bool analyzer;            /* we are one: nobody sends to us (554), and no analyzer sends or takes (2.1) */
    bool need_tls, need_auth; /* what greetings are rejected without; need_auth: a certificate or an identity by SASL */
    const char *suites;       /* TLS cipher suites that do, IANA names with blanks between, patterns with * and ?; NULL: any */
    unsigned streams;         /* that we take: a bit 1 << IDXP_ALERT ... each; 0: all */
    size_t channels_max;      /* of one session at a time; 0: IDXP_CHANNELS_USUAL */
    size_t content_max;       /* octets of data; 0: limits.content of env */
    const struct idxp_policy *policy;   /* NULL: everybody */
    const struct idmef_schema *schema;  /* NULL: data of text/xml is neither looked into nor refused for what it is */
    unsigned mutant;          /* enum idxp_mutant; 0: none */
    struct idxp_hooks hooks;
};

/* What a greeting of ours says where it is not as the setup has it. */
struct idxp_wish {
    enum idxp_role role;      /* NO_ROLE: the setup's */
    const char *uri;          /* NULL: the setup's; borrowed as long as the channel */
    enum idxp_stream stream;  /* NO_STREAM: the setup's */
    bool must_understand;     /* of the options */
};

/* Makes *out the profile, for beep_setup.profile and idxp_open.  It points to s, and to the URI of the dialect. */
void idxp_profile_init(const struct idxp_setup *s, struct beep_profile *out);
/* Asks for a channel.  w may be NULL, user as of idxp_channel_set_user.  Errors as of beep_peer_start; ERR_MEM. */
err idxp_open(struct beep_peer *p, const struct beep_profile *profile, const struct idxp_wish *w, void *user, struct idxp_channel **out, uint64_t now) MUST_CHECK;
/* Greets anew (3.4.1: at any time).  ERR_USE: the channel is not open, or a MSG on it was begun; ERR_LIMIT; ERR_MEM. */
err idxp_greet(struct idxp_channel *c, const struct idxp_wish *w, uint64_t now) MUST_CHECK;
/* Sends a piece of data: takes the octets off that were queued.  *msgno 0 begins a message, and is set once something of it was queued.  last: octets are its end.
 *   OK         all of it
 *   ERR_LIMIT  what is left in *octets waits for the hook room
 *   ERR_USE    the channel is not open, or is being closed, or we may not send (idxp_channel_may_send), or another MSG was begun
 * What the peer refused before its end (3080 2.6.3) is dropped: OK. */
err idxp_send(struct idxp_channel *c, uint32_t *msgno, enum idxp_kind kind, slice *octets, bool last, uint64_t now) MUST_CHECK;
/* Answers data that the hook put off: IDXP_STORED or a code with a text (NULL: the code's own words).  Harmless when the message is not there any more. */
void idxp_answer(struct idxp_channel *c, uint32_t msgno, uint16_t code, const char *text, uint64_t now);
/* Holds the peer up: it gets no new window on this channel until that ends. */
void idxp_hold(struct idxp_channel *c, bool hold, uint64_t now);

bool idxp_channel_may_send(const struct idxp_channel *c);
enum idxp_role idxp_channel_role(const struct idxp_channel *c, bool ours);  /* in force; NO_ROLE before */
slice idxp_channel_identity(const struct idxp_channel *c, bool ours);       /* uri in force; borrowed until the next call of the peer */
enum idxp_stream idxp_channel_stream(const struct idxp_channel *c);         /* of either side's newest accepted greeting, the peer's first */
enum idxp_peer_kind idxp_channel_kind(const struct idxp_channel *c);        /* what the policy says of the peer in force */
size_t idxp_channel_unanswered(const struct idxp_channel *c);               /* MSGs with data of ours without a reply */
bool idxp_channel_rejected(const struct idxp_channel *c);                   /* our last greeting was, or the channel was declined */
/* What is known of the peer; uri, fqdn, role and stream are those in force.  Borrowed until the next call of the peer. */
void idxp_channel_who(const struct idxp_channel *c, struct idxp_who *w);
struct beep_bound *idxp_channel_bound(const struct idxp_channel *c);        /* NULL once it is closed */
struct beep_peer *idxp_channel_peer(const struct idxp_channel *c);
const struct idxp_setup *idxp_channel_setup(const struct idxp_channel *c);
void *idxp_channel_user(const struct idxp_channel *c);
void idxp_channel_set_user(struct idxp_channel *c, void *user);
/* The channel behind a bound of this profile. */
struct idxp_channel *idxp_channel_of(const struct beep_bound *b);

#endif
