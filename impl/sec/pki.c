/* SPDX-License-Identifier: MIT */
#include "sec/pki.h"

#include "sec/pki_cert.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define VALID_FROM -1 /* days: a peer's clock may be behind */
#define VALID_TO   730

const char *const pki_flaw_names[PKI_FLAWS] = {"good",       "expired",    "self-signed", "other-ca",
                                               "wrong-name", "wrong-role", "no-role",     "wrong-ou"};

static const char *const flaw_texts[PKI_FLAWS] = {
    "nothing wrong",
    "right authority, validity in the past",
    "self-signed",
    "signature of another authority of the same name",
    "right authority, names that nobody asked for",
    "right authority, extended key usage of the opposite role",
    "right authority, no extended key usage of IAP",
    "right authority, organizational unit Strangers",
};

static const char *const alg_names[] = {"rsa", "dsa"};
static const char *const role_names[] = {"analyzer", "manager"};
static const char *const role_oids[] = {PKI_OID_ALERT_GENERATOR, PKI_OID_ALERT_CONSUMER};

/* What one run works with. */
struct shop {
    const char *dir;
    const char *const *names;
    char *why;
    size_t why_n;
    enum pki_alg alg;
    EVP_PKEY *group, *ca_key, *other_key, *key[2];
    X509 *ca;
};

static err failed(const struct shop *s, const char *what, const char *reason)
{
    if (s->why_n) snprintf(s->why, s->why_n, "%s: %s", what, reason);
    return ERR_SYS;
}

static err lib_failed(const struct shop *s, const char *what)
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());
    err e = failed(s, what, reason ? reason : "refused by OpenSSL");
    ERR_clear_error();
    return e;
}

static err folder(const struct shop *s, const char *path)
{
    struct stat st;
    if (mkdir(path, 0700) == 0) return OK;
    if (errno != EEXIST) return failed(s, path, strerror(errno));
    if (stat(path, &st) != 0) return failed(s, path, strerror(errno));
    return S_ISDIR(st.st_mode) ? OK : failed(s, path, strerror(ENOTDIR));
}

static err path_in(const struct shop *s, char *out, const char *rel, const char *file)
{
    int n = snprintf(out, PATH_MAX, "%s%s%s%s%s", s->dir, *rel ? "/" : "", rel, file ? "/" : "",
                     file ? file : "");
    return n > 0 && n < PATH_MAX ? OK : failed(s, s->dir, strerror(ENAMETOOLONG));
}

/* Our own files are written over; a link in their place is not followed. */
static err file_write(const struct shop *s, const char *rel, const char *file, mode_t mode, BIO *text)
{
    char path[PATH_MAX];
    TRY(path_in(s, path, rel, file));
    int fd = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, mode);
    if (fd < 0) return failed(s, path, strerror(errno));
    char *p = NULL;
    long left = BIO_get_mem_data(text, &p);
    err e = OK;
    /* The mode before the octets: the file may be an older one that others can read. */
    if (fchmod(fd, mode) != 0 || ftruncate(fd, 0) != 0) e = failed(s, path, strerror(errno));
    while (e == OK && left > 0) {
        ssize_t n = write(fd, p, (size_t)left);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) {
            e = failed(s, path, strerror(errno));
        } else {
            p += n;
            left -= n;
        }
    }
    if (close(fd) != 0 && e == OK) e = failed(s, path, strerror(errno));
    return e;
}

static err cert_write(const struct shop *s, const char *rel, const char *file, X509 *x)
{
    BIO *b = BIO_new(BIO_s_mem());
    err e = b && PEM_write_bio_X509(b, x) ? file_write(s, rel, file, 0644, b) : lib_failed(s, file);
    BIO_free(b);
    return e;
}

static err key_write(const struct shop *s, const char *rel, const char *file, EVP_PKEY *k)
{
    BIO *b = BIO_new(BIO_s_secmem());
    err e = b && PEM_write_bio_PKCS8PrivateKey(b, k, NULL, NULL, 0, NULL, NULL)
                ? file_write(s, rel, file, 0600, b)
                : lib_failed(s, file);
    BIO_free(b);
    return e;
}

static err keys_make(struct shop *s)
{
    EVP_PKEY **all[] = {&s->ca_key, &s->other_key, &s->key[PKI_ANALYZER], &s->key[PKI_MANAGER]};
    if (s->alg == PKI_DSA && !(s->group = pki_dsa_group())) return lib_failed(s, "DSA parameters");
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        *all[i] = s->alg == PKI_DSA ? pki_dsa_key(s->group) : pki_rsa_key();
        if (!*all[i]) return lib_failed(s, "key");
    }
    return OK;
}

static void keys_drop(struct shop *s)
{
    EVP_PKEY_free(s->group);
    EVP_PKEY_free(s->ca_key);
    EVP_PKEY_free(s->other_key);
    EVP_PKEY_free(s->key[0]);
    EVP_PKEY_free(s->key[1]);
    X509_free(s->ca);
    s->group = s->ca_key = s->other_key = s->key[0] = s->key[1] = NULL;
    s->ca = NULL;
}

static err ca_make(struct shop *s)
{
    const char *bad, *rel = alg_names[s->alg];
    struct pki_spec spec = {.authority = true,
                            .cn = "Draftproof Test Authority",
                            .from_days = VALID_FROM,
                            .to_days = VALID_TO,
                            .key = s->ca_key,
                            .sha1 = s->alg == PKI_DSA};
    char path[PATH_MAX];
    TRY(path_in(s, path, rel, NULL));
    TRY(folder(s, path));
    s->ca = pki_cert_make(&spec, &bad);
    if (!s->ca) return lib_failed(s, "certificate of the authority");
    TRY(cert_write(s, rel, "ca.pem", s->ca));
    return key_write(s, rel, "ca-key.pem", s->ca_key);
}

static struct pki_spec spec_of(const struct shop *s, enum pki_role role, enum pki_flaw flaw)
{
    static const char *const units[] = {"Sensors", "Managers"};
    static const char *const names[2][6] = {
        {"analyzer.dom.org", "a.dom.org", "localhost", "127.0.0.1", "::1", NULL},
        {"manager.dom.org", "m.dom.org", "localhost", "127.0.0.1", "::1", NULL}};
    static const char *const wrong[] = {"stranger.example", NULL};
    struct pki_spec p = {.cn = names[role][0],
                         .ou = units[role],
                         .names = {names[role], s->names},
                         .role_oid = role_oids[role],
                         .from_days = VALID_FROM,
                         .to_days = VALID_TO,
                         .key = s->key[role],
                         .issuer = s->ca,
                         .issuer_key = s->ca_key,
                         .sha1 = s->alg == PKI_DSA};
    switch (flaw) {
    case PKI_GOOD:
    case PKI_FLAWS:
        break;
    case PKI_EXPIRED:
        p.from_days = -60;
        p.to_days = -30;
        break;
    case PKI_SELF:
        p.issuer = NULL;
        p.issuer_key = NULL;
        break;
    case PKI_OTHER_CA: /* names and key identifier of the right one: only the signature tells */
        p.issuer_key = s->other_key;
        break;
    case PKI_WRONG_NAME:
        p.cn = wrong[0];
        p.names[0] = wrong;
        p.names[1] = NULL;
        break;
    case PKI_WRONG_ROLE:
        p.role_oid = role_oids[role == PKI_ANALYZER ? PKI_MANAGER : PKI_ANALYZER];
        break;
    case PKI_NO_ROLE:
        p.role_oid = NULL;
        break;
    case PKI_WRONG_OU:
        p.ou = "Strangers";
        break;
    }
    return p;
}

static err leaf_make(const struct shop *s, enum pki_role role, enum pki_flaw flaw, BIO *index)
{
    char path[PATH_MAX], rel[64];
    const char *bad = NULL;
    snprintf(rel, sizeof rel, "%s/%s%s%s", alg_names[s->alg], role_names[role], flaw ? "-" : "",
             flaw ? pki_flaw_names[flaw] : "");
    TRY(path_in(s, path, rel, NULL));
    TRY(folder(s, path));
    struct pki_spec spec = spec_of(s, role, flaw);
    X509 *x = pki_cert_make(&spec, &bad);
    if (!x) return bad ? failed(s, bad, "neither a host name nor an address") : lib_failed(s, path);
    err e = cert_write(s, rel, "cert.pem", x);
    X509_free(x);
    if (e == OK) e = key_write(s, rel, "key.pem", spec.key);
    if (e == OK) e = cert_write(s, rel, "ca.pem", s->ca);
    if (e == OK &&
        BIO_printf(index, "%-24s %s, %s: %s\n", rel, role_names[role],
                   s->alg == PKI_DSA ? "DSA 1024 with SHA-1" : "RSA 2048 with SHA-256", flaw_texts[flaw]) < 0)
        e = lib_failed(s, "INDEX");
    return e;
}

static err alg_make(struct shop *s, BIO *index)
{
    TRY(keys_make(s));
    TRY(ca_make(s));
    for (int role = PKI_ANALYZER; role <= PKI_MANAGER; role++)
        for (int flaw = PKI_GOOD; flaw < PKI_FLAWS; flaw++)
            TRY(leaf_make(s, (enum pki_role)role, (enum pki_flaw)flaw, index));
    return OK;
}

err pki_make(const char *dir, const char *const *names, char *why, size_t why_n)
{
    struct shop s = {.dir = dir, .names = names, .why = why, .why_n = why ? why_n : 0};
    if (s.why_n) why[0] = 0;
    ERR_clear_error();
    BIO *index = BIO_new(BIO_s_mem());
    if (!index) return lib_failed(&s, dir);
    err e = folder(&s, dir);
    for (int alg = PKI_RSA; alg <= PKI_DSA && e == OK; alg++) {
        s.alg = (enum pki_alg)alg;
        e = alg_make(&s, index);
        keys_drop(&s);
    }
    if (e == OK) e = file_write(&s, "", "INDEX", 0644, index);
    BIO_free(index);
    return e;
}
