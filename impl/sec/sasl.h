/* SPDX-License-Identifier: MIT */
/* sasl: one authentication exchange as a filter of blobs, without sockets and without base64 (RFC 3080 4.1,
 * RFC 4422).  libgsasl stands behind the mechanisms, except ANONYMOUS and EXTERNAL: a single string each, and
 * the library cannot tell an empty one from none.
 *
 *   server                                        client
 *   sasl_step(blob of <start> or of a <blob>)     sasl_step(nothing), before the channel is started
 *     SASL_CONTINUE: send out as <blob>             SASL_CONTINUE: send out, if any, with <start>
 *     SASL_COMPLETE: send out, if any, as           sasl_step(blob of the server)
 *       <blob status='complete'>                      SASL_CONTINUE: send out as <blob>, an empty one as well
 *     SASL_FAILED: send sasl_failure as <error>       SASL_FAILED: send <blob status='abort'>
 *                                                 sasl_peer_complete(blob of <blob status='complete'>)
 *                                                   SASL_COMPLETE: only then is the server known to be right
 *
 * An exchange that either side gives up is simply freed.  A context holds what exchanges share (users,
 * policy) and outlives them. No call blocks.  Not built in: OTP, which libgsasl does not have, and what
 * stands in the IANA list beside the seven. */
#ifndef SEC_SASL_H
#define SEC_SASL_H

#include "base/buf.h"
#include "base/env.h"
#include "base/err.h"
#include "sec/sasl_creds.h"

enum sasl_mech {
    SASL_ANONYMOUS,
    SASL_PLAIN,
    SASL_EXTERNAL,
    SASL_CRAM_MD5,
    SASL_DIGEST_MD5,
    SASL_SCRAM_SHA_1,
    SASL_SCRAM_SHA_256,
    SASL_MECHS
};
/* As in the last part of the profile's URI: "SCRAM-SHA-1". */
extern const char *const sasl_mech_names[SASL_MECHS];
/* SASL_MECHS when there is none of this name; letters count as they are (a URI is compared octet by octet).
 */
enum sasl_mech sasl_mech_find(slice name);

/* Sets of mechanisms, for the options. */
#define SASL_BIT(mech) (1u << (mech))
#define SASL_ALL       (SASL_BIT(SASL_MECHS) - 1)

/* One blob, either way.  DIGEST-MD5 has the longest: RFC 2831 2.1.2 ends a response at 4,095 octets. */
#define SASL_BLOB_MAX 4096
/* Octets of clear text that one packet of a security layer holds: RFC 2831 2.1.1 has 65,536 for the whole
 * packet unless said otherwise. */
#define SASL_PACKET_MAX 65536
/* Rounds of hashing that a SCRAM server may ask of us: a second of work at most, as no call is to block.  RFC
 * 7677 advises 4,096. */
#define SASL_ROUNDS_MAX 100000

enum sasl_side { SASL_CLIENT, SASL_SERVER };
enum sasl_status { SASL_CONTINUE, SASL_COMPLETE, SASL_FAILED };
enum sasl_qop {                /* which security layer DIGEST-MD5 has (RFC 2831 2.1.2.1) */
                SASL_QOP_AUTH, /* none */
                SASL_QOP_ANY,  /* server: offers both; client: auth-int where it is offered */
                SASL_QOP_INT   /* auth-int or nothing */
};

/* Reply codes of RFC 3080 section 8 that an exchange can end with. */
enum sasl_code {
    SASL_TEMPORARY = 454,  /* memory, or the library */
    SASL_MALFORMED = 501,  /* the peer's blob is none of this mechanism, or comes at the wrong time */
    SASL_UNKNOWN = 504,    /* no mechanism that is built in */
    SASL_WEAK = 534,       /* options.weak */
    SASL_WRONG = 535,      /* not who it says, or not allowed to act for whom it says */
    SASL_ENCRYPTION = 538, /* options.clear_needs_encryption */
    SASL_NOT_OFFERED = 550 /* built in, but not among options.offered */
};

struct sasl_failure {
    enum sasl_code code; /* 0: none */
    char why[160]; /* one line for people, without any secret; what exactly was wrong with credentials is
                      for our own log, not for the peer */
};

struct sasl_options { /* strings are copied */
    enum sasl_side side;
    const char
        *hostname; /* of the server, as the client calls it: DIGEST-MD5's digest-uri.  NULL: "localhost" */
    enum sasl_qop qop;
    bool layer_inside_tls; /* take a security layer although there is TLS (a mistake: 3080 4.1) */
    unsigned offered;      /* SASL_BIT of each mechanism that is taken (server) or may be used (client) */

    /* server */
    const struct sasl_users *users; /* borrowed, must outlive the context; NULL: nobody has a password */
    const char *realm;              /* of DIGEST-MD5; NULL: the hostname */
    unsigned weak;                  /* refused with 534 though they are offered */
    bool clear_needs_encryption;    /* PLAIN without encryption below is refused with 538 */
    unsigned scram_rounds; /* 0: as many as is usual, 4,096 (RFC 5802 5.1).  Fewer where nobody is kept from
                              guessing by them: in one process, thousands of times */

    /* client */
    const char *user, *password; /* NULL: only ANONYMOUS and EXTERNAL can be used */
    const char *service;         /* NULL: "beep" (3080 4.1); another is a mistake, and no server of ours takes it */
    const char *authzid;         /* NULL: the one that follows from the credentials */
    const char *trace; /* of ANONYMOUS (RFC 4505): a mail address or at most 255 characters; NULL: none */
};

/* What one connection brings along. */
struct sasl_link {
    const char *external; /* identity that a service below has proved (3080 4.1.3); NULL: none.  Copied. */
    bool encrypted; /* TLS is on: passwords may be sent in clear, and no security layer is taken (3080 4.1) */
};

struct sasl_context;
struct sasl;

/* ERR_USE for strings that no mechanism can carry (SASLprep) or bits that are none, ERR_SYS when the library
 * refuses, ERR_MEM; *out is NULL then and why (why_n octets, may be NULL) holds a line. */
err sasl_context_new(const struct env *env, const struct sasl_options *o, struct sasl_context **out,
                     char *why, size_t why_n) MUST_CHECK;
/* Overwrites the password first.  NULL is allowed. */
void sasl_context_free(struct sasl_context *c);

/* link: NULL for a bare connection.  ERR_PEER when the mechanism is not to be had, with the reply for it in
 * *f (may be NULL); ERR_USE for a client without the credentials for it or with an authzid that it cannot say
 * (CRAM-MD5), ERR_SYS, ERR_MEM: the code is 454 then.  *out is NULL in all these cases. */
err sasl_new(struct sasl_context *c, slice mechanism, const struct sasl_link *link, struct sasl **out,
             struct sasl_failure *f) MUST_CHECK;
void sasl_free(struct sasl *s);

/* The next blob of the peer; has_in false: there was none (an empty one is one).  What is to be sent is added
 * to out when sasl_has_out says so afterwards, at most SASL_BLOB_MAX octets.  *status says what to do; with
 * SASL_FAILED nothing was added, and sasl_failure says why. The return value is OK whatever the peer sent;
 * ERR_USE behind the end of the exchange, ERR_LIMIT or ERR_MEM when out cannot take the octets: the exchange
 * has failed then as well. */
err sasl_step(struct sasl *s, slice in, bool has_in, struct buf *out, enum sasl_status *status) MUST_CHECK;
/* Client: the server says that the exchange is complete, with a blob or without.  *status is SASL_COMPLETE
 * when the mechanism agrees, which for SCRAM and DIGEST-MD5 means that the server knows the password. ERR_USE
 * for a server or behind the end. */
err sasl_peer_complete(struct sasl *s, slice in, bool has_in, enum sasl_status *status) MUST_CHECK;
/* Whether the last step gave a blob to send, which may be an empty one. */
bool sasl_has_out(const struct sasl *s);
const struct sasl_failure *sasl_failure_of(const struct sasl *s);
enum sasl_mech sasl_mech_of(const struct sasl *s);

/* Behind SASL_COMPLETE, otherwise NULL; they live as long as s.
 * identity: whom the peer may act for (server), or who we asked to be (client; "" when it was left to the
 * server).  "anonymous" for ANONYMOUS, which sasl_mech_of tells from a user of that name. */
const char *sasl_identity(const struct sasl *s);
/* Server: what an anonymous peer said of itself, "" for nothing; NULL for other mechanisms. */
const char *sasl_trace(const struct sasl *s);

/* Security layer, behind SASL_COMPLETE.  It holds from the first octet behind the completing reply, each way
 * (3080 4.1). */
bool sasl_has_layer(const struct sasl *s);
/* Adds the packets of the clear octets to wire.  ERR_USE without a layer; ERR_LIMIT and nothing done when
 * wire has no room; ERR_MEM, ERR_SYS: the layer is broken, as its count went on. */
err sasl_encode(struct sasl *s, slice clear, struct buf *wire) MUST_CHECK;
/* Adds the clear octets of each packet that is whole; the rest of wire is kept for the next call.  ERR_PEER
 * for a wrong code or length: the layer is broken, and the connection with it (sasl_failure says why).
 * ERR_LIMIT and nothing done when clear may lack room for all of it. */
err sasl_decode(struct sasl *s, slice wire, struct buf *clear) MUST_CHECK;

#endif
