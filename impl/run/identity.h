/* SPDX-License-Identifier: MIT */
/* identity: TLS contexts of a run, made once each and shared by all its connections.  Certificates come from a folder that pki_make filled (given, or
 * thrown away after the run), or from files of the user's for the good identity. */
#ifndef RUN_IDENTITY_H
#define RUN_IDENTITY_H

#include "base/env.h"
#include "base/err.h"
#include "sec/pki.h"
#include "sec/tls.h"

enum run_tls { RUN_TLS_OFF, RUN_TLS_DRAFT, RUN_TLS_MODERN };
extern const char *const run_tls_names[3]; /* "off", "draft", "modern" */

struct identity_files { const char *cert, *key, *ca; }; /* all or none may be NULL */

struct identities;

/* dir NULL: a folder of its own under TMPDIR, removed by identities_free. files: the user's own good identity, may be NULL.  Makes certificates
 * only when first asked for.  ERR_MEM. */
err identities_new(const struct env *env, enum run_tls tls, const char *dir, const struct identity_files *files,
                   struct identities **out) MUST_CHECK;
void identities_free(struct identities *s);

/* The tester's context for a name of pki_flaw_names, or "none": trusts any peer, since what the peer shows is judged by cases.  NULL and why when there is none. */
struct tls_context *identities_tester(void *identities, const char *name, bool client, char *why, size_t why_n);

/* What a reference peer checks, and which of it a mutant leaves out. */
struct identity_policy {
    bool analyzer;       /* client side */
    const char *peer_name;    /* analyzer: name to find in the manager's certificate, NULL: any */
    const char *peer_oid;     /* extended key usage to find, NULL: any */
    const char *peer_subject; /* patterns, NULL: any */
    bool cert_optional, trust_any, no_resumption;
    const char *shows;        /* identity that it shows as its own, NULL: a good one; "none" */
};
/* A good context for a reference peer with its policy; owned by the caller. */
err identities_reference(struct identities *s, const struct identity_policy *policy, struct tls_context **out, char *why,
                         size_t why_n) MUST_CHECK;
/* Path of the folder that holds cert.pem, key.pem and ca.pem of a good identity for a peer under test (analyzer or manager); NULL and why. */
const char *identities_folder(struct identities *s, bool analyzer, char *why, size_t why_n);

#endif
