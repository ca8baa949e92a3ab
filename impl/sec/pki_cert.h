/* SPDX-License-Identifier: MIT */
/* pki_cert: one key or one certificate, in memory.  Nobody outside sec/ includes it. */
#ifndef SEC_PKI_CERT_H
#define SEC_PKI_CERT_H

#include "sec/pki.h"

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdbool.h>

/* NULL when the library refused. */
EVP_PKEY *pki_rsa_key(void);
/* group: domain parameters from pki_dsa_group, shared by all keys because they take longest to make. */
EVP_PKEY *pki_dsa_key(EVP_PKEY *group);
EVP_PKEY *pki_dsa_group(void);

struct pki_spec {
    bool authority;
    const char *cn, *ou;         /* ou NULL: none */
    const char *const *names[2]; /* NULL-ended lists of DNS names and addresses; either may be NULL */
    const char *role_oid;        /* beside the TLS usages; NULL: none */
    long from_days, to_days;     /* validity, counted from now */
    EVP_PKEY *key;
    X509 *issuer;         /* NULL: self-signed */
    EVP_PKEY *issuer_key; /* NULL: key; another one than the issuer's makes a forged signature */
    bool sha1;            /* signed with SHA-1 instead of SHA-256 */
};

/* NULL when the library refused; *bad_name is then the name that is none, if it was that. */
X509 *pki_cert_make(const struct pki_spec *s, const char **bad_name);

#endif
