/* SPDX-License-Identifier: MIT */
/* tls_impl: what tls.c and the two libraries behind it share.  Nobody outside sec/ includes it. */
#ifndef SEC_TLS_IMPL_H
#define SEC_TLS_IMPL_H

#include "sec/tls.h"
#include "sec/tls_policy.h"
#include "sec/tls_store.h"

/* Sessions a server remembers: an installation of 5,000 analyzers that all come back. */
#define TLS_SERVER_SESSIONS 8192
/* Peers a client remembers: an analyzer has a few managers, a test run a few dozen. */
#define TLS_CLIENT_SESSIONS 64
/* How long a session can be resumed: the upper limit that RFC 2246 F.1.4 advises. */
#define TLS_SESSION_SECONDS (24 * 60 * 60)
/* One handshake message: a certificate chain or the names of many authorities. */
#define TLS_HANDSHAKE_MAX (64 * 1024)
/* Above the limit of a queue, so that alerts and the rest of a record held by the library always fit. */
#define TLS_SLACK (128 * 1024)

#define TLS_WHY_MAX 240

enum {
    TLS_ALERT_UNEXPECTED = 10,
    TLS_ALERT_BAD_MAC = 20,
    TLS_ALERT_HANDSHAKE_FAILURE = 40,
    TLS_ALERT_VERSION = 70,
    TLS_ALERT_INTERNAL = 80
};

/* The files of the options, read into memory: texts of PEM, empty where the option is NULL. */
struct tls_files {
    struct buf cert, key, ca;
};

struct tls_lib;

struct tls_context {
    const struct env *env;
    const struct tls_lib *lib;
    void *own; /* the library's part */
    enum tls_side side;
    bool peer_cert_optional, no_resumption;
    struct tls_policy policy;
    struct tls_store store; /* client: by resume key; GnuTLS server: by session id */
};

struct tls {
    struct tls_context *c;
    void *own; /* the library's part */
    enum tls_state state;
    slice wire; /* during tls_feed: octets that the library has not read yet */
    struct buf out, in;
    char *resume_key; /* NULL: none */
    char *subject;    /* of the peer, once open */
    char *usages;     /* of the peer, once open */
    bool peer_cert, resumed;
    bool closed;    /* we sent close_notify */
    bool spoiled;   /* failed by a fatal alert or worse: not to be resumed (RFC 2246 7.2.2) */
    uint8_t head_n; /* octets of the first record header looked at so far */
    uint8_t rec_n, rec[5];     /* header of the present record, as far as it came */
    uint16_t rec_left;         /* octets of its body that are still to come */
    uint64_t records;          /* begun so far */
    int alert_in;   /* fatal, or -1 */
    int alert_out;  /* fatal, or -1 */
    int alert_cert; /* what tls_check_peer wants sent, 0 for none */
    unsigned reneg; /* renegotiations refused */
    err broken;     /* first error of a queue, found inside a library's callback */
    char why[TLS_WHY_MAX];
};

/* One TLS library.  Every call may assume a session that is not failed; none keeps t->wire. */
struct tls_lib {
    err (*context_new)(struct tls_context *c, const struct tls_options *o, const struct tls_files *f,
                       char *why, size_t why_n);
    void (*context_free)(struct tls_context *c); /* c->own may be NULL or half-made */
    err (*session_new)(struct tls *t);
    void (*session_free)(struct tls *t); /* t->own may be NULL */
    /* Reads t->wire to its end unless the session fails or ends; handshake, then clear octets to t->in. */
    void (*run)(struct tls *t);
    void (*write)(struct tls *t, slice clear);
    void (*close)(struct tls *t);
    /* The server's cache forgets the session (the client's store is forgotten by tls.c). */
    void (*forget)(struct tls *t);
    bool (*info)(const struct tls *t, struct tls_info *out);
};

extern const struct tls_lib tls_openssl;
extern const struct tls_lib tls_gnutls;

/* --- for the libraries: what happened --- */
/* The handshake is done; leaf is the peer's certificate or NULL (borrowed). */
void tls_opened(struct tls *t, X509 *leaf, bool resumed);
/* Clear octets arrived. */
void tls_got(struct tls *t, slice clear);
void tls_ended(struct tls *t);
/* The session failed.  sent: the fatal alert that went out, or -1.  Of several reasons the first one stays.
 */
void tls_failed(struct tls *t, int sent, const char *text);
void tls_failed_by_alert(struct tls *t, int alert);
/* Octets for the wire; false (and t->broken) when they do not fit. */
bool tls_emit(struct tls *t, slice wire);
/* Judges the peer's certificate; 0 or the alert to send, which stays in t->alert_cert and its reason in
 * t->why. */
int tls_check_peer(struct tls *t, X509 *leaf, STACK_OF(X509) * others);

/* "handshake_failure"; "unknown" for numbers that have no name. */
const char *tls_alert_name(int alert);

#endif
