/* SPDX-License-Identifier: MIT */
/* tls: one TLS session as a byte filter without sockets.  Two libraries stand behind this header: GnuTLS for
 * --tls draft (TLS 1.0 with TLS_DHE_DSS_WITH_3DES_EDE_CBC_SHA and nothing else, IAP 6.3), OpenSSL for
 * --tls modern (TLS 1.2 and 1.3).
 *
 *   wire octets --> tls_feed --> tls_read  --> clear octets
 *   clear octets --> tls_write --> tls_out --> wire octets
 *
 * A context holds what many sessions share (certificate, trust, policy, resumption store); it must outlive
 * its sessions.  No call blocks; no call uses a socket or a file descriptor. */
#ifndef SEC_TLS_H
#define SEC_TLS_H

#include "base/buf.h"
#include "base/env.h"
#include "base/err.h"

enum tls_profile { TLS_DRAFT, TLS_MODERN };
enum tls_side { TLS_CLIENT, TLS_SERVER };
enum tls_state {
    TLS_HANDSHAKE, /* feed and drain until it changes */
    TLS_OPEN,      /* clear octets flow */
    TLS_ENDED,     /* the peer's close_notify was received */
    TLS_FAILED     /* fatal: tls_why says why; drain what is left (our alert), then close */
};

struct tls_options {
    enum tls_profile profile;
    enum tls_side side;
    const char *cert_file, *key_file; /* PEM; chain allowed in cert_file.  NULL: none (tests only) */
    const char *ca_file;              /* PEM; NULL: no peer certificate is trusted unless trust_any */
    bool peer_cert_optional;          /* server: go on with a client that shows no certificate (a mistake: 6.4) */
    bool trust_any;                   /* do not check the peer's chain, dates, usage or name (a mistake: 6.6) */
    const char *peer_name;      /* client: name that the peer's certificate must carry (RFC 2595 2.4); NULL: any */
    const char *peer_eku_oid;   /* extended key usage the peer must have (IAP 6.5), dotted; NULL: not checked */
    const char *peer_subject;   /* comma-separated patterns "OU=Sensors,CN=*.dom.org" that the peer's subject
                                   must all match (IAP 6.6; letters without case, * and ? as in fnmatch); NULL: any */
    bool no_resumption;         /* offer and accept none (a mistake: 6.7) */
    const char *priority;       /* library's own priority/cipher string instead of the profile's, for tests; NULL.
                                   modern: names with TLS_ are suites of 1.3, others ciphers of 1.2; a version
                                   without names is off */
};

struct tls_context;
struct tls;

struct tls_info { /* of an open session; strings are static or live as long as the session */
    const char *version; /* "TLS1.0", "TLS1.2", "TLS1.3" */
    const char *suite;   /* IANA name: "TLS_DHE_DSS_WITH_3DES_EDE_CBC_SHA" */
    bool resumed;
    bool peer_cert;           /* the peer showed one */
    const char *peer_subject; /* RFC 4514 text, "" without certificate */
    const char *peer_usages;  /* extended key usages of its certificate: dotted OIDs joined by commas, "" for none */
};

/* Loads files and checks that they fit together (key belongs to certificate, algorithm usable in the profile).
 * On failure *out is NULL and why (why_n octets, may be NULL) holds one line: which file, what is wrong.
 * ERR_SYS for files and certificates, ERR_MEM, ERR_USE. */
err tls_context_new(const struct env *env, const struct tls_options *o, struct tls_context **out, char *why,
                    size_t why_n) MUST_CHECK;
void tls_context_free(struct tls_context *c);

/* A session.  resume_key: sessions of a client context that share it try to resume each other's last session
 * (IAP 6.7); NULL for none. */
err tls_new(struct tls_context *c, const char *resume_key, struct tls **out) MUST_CHECK;
void tls_free(struct tls *t);

enum tls_state tls_state_of(const struct tls *t);
/* Octets from the wire.  Goes as far as it can.  ERR_LIMIT when what is buffered passes env limits, ERR_MEM;
 * a TLS failure is a state, not an error. An empty slice starts a client's handshake.
 * ERR_LIMIT with a session that is not TLS_FAILED: nothing was read; take what is in tls_in and feed again.
 * Octets for a session that is TLS_ENDED or TLS_FAILED are dropped. */
err tls_feed(struct tls *t, slice wire) MUST_CHECK;
/* Octets for the wire; valid until the next call on t.  tls_sent drops the first n of them. */
slice tls_out(const struct tls *t);
void tls_sent(struct tls *t, size_t n);
/* Clear octets received so far; valid until the next call on t.  tls_taken drops the first n of them. */
slice tls_in(const struct tls *t);
void tls_taken(struct tls *t, size_t n);
/* Encrypts.  ERR_USE before TLS_OPEN, in TLS_FAILED or after tls_close; ERR_LIMIT and nothing done when too much
 * waits in tls_out. */
err tls_write(struct tls *t, slice clear) MUST_CHECK;
/* Sends close_notify (once).  Allowed in TLS_OPEN and TLS_ENDED; harmless otherwise. */
err tls_close(struct tls *t) MUST_CHECK;
/* Tells the session that the wire ended; without close_notify before, the session is TLS_FAILED
 * "ended without close_notify" yet stays resumable (IAP 6.7). */
void tls_wire_ended(struct tls *t);
bool tls_info_of(const struct tls *t, struct tls_info *out);
/* One line for people, "" while nothing failed or without a session (t NULL).  Names the alert when one was sent or received. */
const char *tls_why(const struct tls *t);
/* 0 between two records of the peer; otherwise the number, from 1, of the record that was begun and is not whole. */
uint64_t tls_inside(const struct tls *t);
/* The alert description (RFC 2246 7.2) that the peer sent fatally, or -1. */
int tls_alert_received(const struct tls *t);

#endif
