/* SPDX-License-Identifier: MIT */
/* tls_policy: whether a peer's certificate is taken (IAP 6.4 to 6.6, RFC 2595 2.4).  The one judge behind
 * both TLS libraries, so that a certificate gets the same answer and the same words whichever of them carries
 * the session. */
#ifndef SEC_TLS_POLICY_H
#define SEC_TLS_POLICY_H

#include "base/env.h"
#include "base/err.h"
#include "sec/tls.h"

#include <openssl/x509.h>

/* Alerts of RFC 2246 7.2 that the judge gives. */
enum { TLS_ALERT_NONE = 0, TLS_ALERT_BAD_CERT = 42, TLS_ALERT_EXPIRED = 45, TLS_ALERT_UNKNOWN_CA = 48 };

struct tls_policy {
    const struct mem *mem;
    bool trust_any;
    X509_STORE *store; /* the authorities */
    ASN1_OBJECT *eku;  /* NULL: not checked */
    char *eku_text;    /* as the caller wrote it */
    char *name;        /* NULL: any; without brackets and trailing dot */
    char *subject;     /* NULL: any */
};

/* ca: the octets of the authorities' PEM file, may be empty.  ERR_USE for an unreadable pattern or OID,
 * ERR_SYS for authorities that do not parse, ERR_MEM; why holds a line then. */
err tls_policy_init(struct tls_policy *p, const struct env *env, const struct tls_options *o, slice ca,
                    char *why, size_t why_n) MUST_CHECK;
/* Harmless on a zeroed or half-made policy. */
void tls_policy_done(struct tls_policy *p);
/* 0 when the certificate is taken, otherwise the alert to send, with the reason in why ("it has expired").
 * others: what the peer sent beside its own certificate, may be NULL. */
int tls_policy_judge(const struct tls_policy *p, X509 *leaf, STACK_OF(X509) * others, char *why,
                     size_t why_n);

/* RFC 2595 2.4: pattern as in a certificate ("*.dom.org"), name as asked for.  Letters without case; the
 * wildcard is the whole left-most label and stands for one label. */
bool tls_policy_name_fits(slice pattern, slice name);

/* The subject as RFC 4514 text, from mem; NULL when memory is short. */
char *tls_policy_subject(const struct mem *mem, X509 *x);
/* Its extended key usages, dotted and joined by commas, from mem; "" for none, NULL when memory is short.  As many as fit into
 * 1,000 octets. */
char *tls_policy_usages(const struct mem *mem, X509 *x);
/* All certificates of a PEM text; NULL when there is none or one does not parse.  sk_X509_pop_free. */
STACK_OF(X509) * tls_policy_pem(slice pem);

#endif
