/* SPDX-License-Identifier: MIT */
#include "run/identity.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *const run_tls_names[3] = {"off", "draft", "modern"};

enum { KINDS = PKI_FLAWS + 1, NONE = PKI_FLAWS };

struct identities {
    const struct env *env;
    enum run_tls tls;
    struct identity_files files;
    bool own_dir, made;
    char dir[256], folder[320];
    struct tls_context *tester[KINDS][2]; /* [flaw][client] */
};

err identities_new(const struct env *env, enum run_tls tls, const char *dir, const struct identity_files *files,
                   struct identities **out)
{
    struct identities *s = mem_new(env->mem, sizeof *s);
    *out = NULL;
    if (!s) return ERR_MEM;
    s->env = env;
    s->tls = tls;
    if (files) s->files = *files;
    if (dir) {
        snprintf(s->dir, sizeof s->dir, "%s", dir);
        s->made = true;
    }
    *out = s;
    return OK;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st;
    (void)flag;
    (void)ftw;
    return remove(path);
}

void identities_free(struct identities *s)
{
    if (!s) return;
    for (int f = 0; f < KINDS; f++) {
        tls_context_free(s->tester[f][0]);
        tls_context_free(s->tester[f][1]);
    }
    if (s->own_dir) nftw(s->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    mem_free(s->env->mem, s);
}

static err make(struct identities *s, char *why, size_t why_n)
{
    const char *tmp = getenv("TMPDIR");
    if (s->made) return OK;
    snprintf(s->dir, sizeof s->dir, "%s/draftproof-pki-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    if (!mkdtemp(s->dir)) {
        if (why) snprintf(why, why_n, "%s: %s", s->dir, strerror(errno));
        return ERR_SYS;
    }
    s->own_dir = true;
    TRY(pki_make(s->dir, NULL, why, why_n));
    s->made = true;
    return OK;
}

static const char *algorithm(const struct identities *s)
{
    return s->tls == RUN_TLS_DRAFT ? "dsa" : "rsa";
}

/* Role and flaw to a folder: "rsa/manager", "dsa/analyzer-expired". */
static void folder_of(const struct identities *s, bool analyzer, int flaw, char *out, size_t n)
{
    snprintf(out, n, "%s/%s/%s%s%s", s->dir, algorithm(s), analyzer ? "analyzer" : "manager", flaw ? "-" : "",
             flaw ? pki_flaw_names[flaw] : "");
}

static int kind_find(const char *name)
{
    if (strcmp(name, "none") == 0) return NONE;
    for (int f = 0; f < PKI_FLAWS; f++) {
        if (strcmp(pki_flaw_names[f], name) == 0) return f;
    }
    return -1;
}

/* Certificate, key and authority: the user's for the good identity, the throw-away ones otherwise. */
struct paths { char cert[400], key[400], ca[400]; };

static err paths_of(struct identities *s, bool analyzer, int flaw, struct paths *p, char *why, size_t why_n)
{
    char dir[320];
    if (flaw == PKI_GOOD && s->files.cert) {
        snprintf(p->cert, sizeof p->cert, "%s", s->files.cert);
        snprintf(p->key, sizeof p->key, "%s", s->files.key);
        snprintf(p->ca, sizeof p->ca, "%s", s->files.ca ? s->files.ca : "");
        return OK;
    }
    TRY(make(s, why, why_n));
    folder_of(s, analyzer, flaw, dir, sizeof dir);
    snprintf(p->cert, sizeof p->cert, "%s/cert.pem", dir);
    snprintf(p->key, sizeof p->key, "%s/key.pem", dir);
    snprintf(p->ca, sizeof p->ca, "%s/ca.pem", dir);
    return OK;
}

static struct tls_options options_of(const struct identities *s, bool client, const struct paths *p)
{
    return (struct tls_options){.profile = s->tls == RUN_TLS_DRAFT ? TLS_DRAFT : TLS_MODERN,
                                .side = client ? TLS_CLIENT : TLS_SERVER,
                                .cert_file = p->cert,
                                .key_file = p->key,
                                .ca_file = *p->ca ? p->ca : NULL};
}

struct tls_context *identities_tester(void *ctx, const char *name, bool client, char *why, size_t why_n)
{
    struct identities *s = ctx;
    int kind = kind_find(name);
    struct paths p;
    if (kind < 0) {
        snprintf(why, why_n, "no such identity");
        return NULL;
    }
    struct tls_context **c = &s->tester[kind][client];
    if (*c) return *c;
    if (paths_of(s, client, kind == NONE ? PKI_GOOD : kind, &p, why, why_n) != OK) return NULL;
    struct tls_options o = options_of(s, client, &p);
    o.trust_any = o.peer_cert_optional = true; /* what the peer shows, or does not, is judged by cases */
    if (kind == NONE) o.cert_file = o.key_file = NULL;
    if (tls_context_new(s->env, &o, c, why, why_n) != OK) return NULL;
    return *c;
}

err identities_reference(struct identities *s, const struct identity_policy *policy, struct tls_context **out, char *why,
                         size_t why_n)
{
    struct paths p;
    int kind = policy->shows ? kind_find(policy->shows) : PKI_GOOD;
    if (kind < 0) return ERR_USE;
    TRY(paths_of(s, policy->analyzer, kind == NONE ? PKI_GOOD : kind, &p, why, why_n));
    struct tls_options o = options_of(s, policy->analyzer, &p);
    if (kind == NONE) o.cert_file = o.key_file = NULL;
    o.peer_name = policy->peer_name;
    o.peer_eku_oid = policy->peer_oid;
    o.peer_subject = policy->peer_subject;
    o.peer_cert_optional = policy->cert_optional;
    o.trust_any = policy->trust_any;
    o.no_resumption = policy->no_resumption;
    return tls_context_new(s->env, &o, out, why, why_n);
}

const char *identities_folder(struct identities *s, bool analyzer, char *why, size_t why_n)
{
    if (make(s, why, why_n) != OK) return NULL;
    folder_of(s, analyzer, PKI_GOOD, s->folder, sizeof s->folder);
    return s->folder;
}
