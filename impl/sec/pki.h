/* SPDX-License-Identifier: MIT */
/* pki: throw-away certificate authority, certificates and keys, made at run time and never kept in the project. */
#ifndef SEC_PKI_H
#define SEC_PKI_H

#include "base/err.h"

#include <stddef.h>

/* The extended key usages of IAP 6.5 were never given numbers; these are ours, under the documentation arc
 * 2.999, and can be replaced by option. */
#define PKI_OID_ALERT_GENERATOR    "2.999.23.1"
#define PKI_OID_ALERT_CONSUMER     "2.999.23.2"
#define PKI_OID_IDEF_CONFIGURATOR  "2.999.23.3"

enum pki_role { PKI_ANALYZER, PKI_MANAGER };
enum pki_alg { PKI_RSA, PKI_DSA }; /* RSA 2048 with SHA-256; DSA 1024 with SHA-1 (the only kind DHE_DSS of TLS 1.0 takes) */

/* What is wrong with a certificate on purpose. */
enum pki_flaw {
    PKI_GOOD,
    PKI_EXPIRED,    /* right CA, validity in the past */
    PKI_SELF,       /* self-signed */
    PKI_OTHER_CA,   /* right in everything but signed by another CA of the same name */
    PKI_WRONG_NAME, /* right CA, names that nobody asked for */
    PKI_WRONG_ROLE, /* right CA, extended key usage of the opposite role */
    PKI_NO_ROLE,    /* right CA, no IAP extended key usage */
    PKI_WRONG_OU,   /* right CA, organizational unit "Strangers" instead of "Sensors" or "Managers" */
    PKI_FLAWS
};
extern const char *const pki_flaw_names[PKI_FLAWS]; /* "good", "expired", "self-signed", ... */

/* Fills dir (made if absent, mode 0700) with
 *   rsa/ca.pem, dsa/ca.pem             the authorities' certificates (rsa/ca-key.pem: key, mode 0600)
 *   rsa/manager/{cert,key,ca}.pem      and analyzer, and dsa/...: good ones
 *   rsa/manager-expired/{cert,key,ca}.pem ... one folder a flaw and role
 *   INDEX                              one line a folder: what it is
 * names: NULL-ended list of further DNS names or IP addresses for the good certificates, may be NULL.  Always in: localhost,
 * 127.0.0.1, ::1, manager.dom.org / analyzer.dom.org, m.dom.org / a.dom.org.
 * ERR_SYS with one line in why. */
err pki_make(const char *dir, const char *const *names, char *why, size_t why_n) MUST_CHECK;

#endif
