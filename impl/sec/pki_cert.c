/* SPDX-License-Identifier: MIT */
#include "sec/pki_cert.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <openssl/dsa.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <string.h>

#define DAY (24L * 60 * 60)

EVP_PKEY *pki_rsa_key(void)
{
    return EVP_RSA_gen(2048);
}

/* The digest stays the default for 160 bits, SHA-1: with one set, OpenSSL 3.0 makes no key from the group. */
EVP_PKEY *pki_dsa_group(void)
{
    EVP_PKEY *group = NULL;
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_id(EVP_PKEY_DSA, NULL);
    if (!c || EVP_PKEY_paramgen_init(c) <= 0 || EVP_PKEY_CTX_set_dsa_paramgen_bits(c, 1024) <= 0 ||
        EVP_PKEY_CTX_set_dsa_paramgen_q_bits(c, 160) <= 0 || EVP_PKEY_paramgen(c, &group) <= 0)
        group = NULL;
    EVP_PKEY_CTX_free(c);
    return group;
}

EVP_PKEY *pki_dsa_key(EVP_PKEY *group)
{
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(group, NULL);
    if (!c || EVP_PKEY_keygen_init(c) <= 0 || EVP_PKEY_keygen(c, &key) <= 0) key = NULL;
    EVP_PKEY_CTX_free(c);
    return key;
}

static bool add_name(X509_NAME *n, const char *kind, const char *text)
{
    return X509_NAME_add_entry_by_txt(n, kind, MBSTRING_UTF8, (const unsigned char *)text, -1, -1, 0) == 1;
}

static bool set_subject(X509 *x, const struct pki_spec *s)
{
    X509_NAME *n = X509_get_subject_name(x);
    return add_name(n, "O", "Draftproof Test") && (!s->ou || add_name(n, "OU", s->ou)) &&
           add_name(n, "CN", s->cn);
}

static bool set_serial(X509 *x)
{
    unsigned char octets[16];
    if (RAND_bytes(octets, sizeof octets) != 1) return false;
    octets[0] = (unsigned char)((octets[0] & 0x7f) | 0x40); /* positive, always 16 octets */
    BIGNUM *n = BN_bin2bn(octets, sizeof octets, NULL);
    bool ok = n && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(x));
    BN_free(n);
    return ok;
}

static bool add_ext(X509 *x, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    bool ok = e && X509_add_ext(x, e, -1) == 1;
    X509_EXTENSION_free(e);
    return ok;
}

static bool add_usages(X509 *x, const char *role_oid)
{
    const char *oids[] = {"1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2", role_oid}; /* TLS server, TLS client */
    EXTENDED_KEY_USAGE *list = sk_ASN1_OBJECT_new_null();
    bool ok = list != NULL;
    for (size_t i = 0; ok && i < 3 && oids[i]; i++) {
        ASN1_OBJECT *o = OBJ_txt2obj(oids[i], 1);
        ok = o && sk_ASN1_OBJECT_push(list, o);
        if (!ok) ASN1_OBJECT_free(o);
    }
    ok = ok && X509_add1_ext_i2d(x, NID_ext_key_usage, list, 0, 0) == 1;
    EXTENDED_KEY_USAGE_free(list);
    return ok;
}

static bool host_is(const char *name)
{
    size_t n = strlen(name);
    if (n == 0 || n > 253) return false;
    for (size_t i = 0; i < n; i++)
        if (!isalnum((unsigned char)name[i]) && !strchr("-._*", name[i])) return false;
    return true;
}

static GENERAL_NAME *general_name(const char *name)
{
    unsigned char addr[16];
    bool ip = inet_pton(AF_INET, name, addr) == 1 || inet_pton(AF_INET6, name, addr) == 1;
    if (!ip && !host_is(name)) return NULL;
    char text[256];
    size_t n = strlen(name);
    memcpy(text, name, n + 1);
    return a2i_GENERAL_NAME(NULL, NULL, NULL, ip ? GEN_IPADD : GEN_DNS, text, 0);
}

static bool add_names(X509 *x, const struct pki_spec *s, const char **bad_name)
{
    GENERAL_NAMES *list = sk_GENERAL_NAME_new_null();
    bool ok = list != NULL;
    for (int k = 0; k < 2; k++)
        for (size_t i = 0; ok && s->names[k] && s->names[k][i]; i++) {
            GENERAL_NAME *g = general_name(s->names[k][i]);
            ok = g && sk_GENERAL_NAME_push(list, g);
            if (ok) continue;
            *bad_name = s->names[k][i];
            GENERAL_NAME_free(g);
        }
    ok = ok && X509_add1_ext_i2d(x, NID_subject_alt_name, list, 0, 0) == 1;
    GENERAL_NAMES_free(list);
    return ok;
}

static bool add_exts(X509 *x, const struct pki_spec *s, const char **bad_name)
{
    X509 *issuer = s->issuer ? s->issuer : x;
    if (!add_ext(x, issuer, NID_subject_key_identifier, "hash") ||
        !add_ext(x, issuer, NID_authority_key_identifier, "keyid:always"))
        return false;
    if (s->authority)
        return add_ext(x, issuer, NID_basic_constraints, "critical,CA:TRUE") &&
               add_ext(x, issuer, NID_key_usage, "critical,keyCertSign,cRLSign");
    return add_ext(x, issuer, NID_basic_constraints, "critical,CA:FALSE") &&
           add_ext(x, issuer, NID_key_usage, "critical,digitalSignature") && add_usages(x, s->role_oid) &&
           add_names(x, s, bad_name);
}

X509 *pki_cert_make(const struct pki_spec *s, const char **bad_name)
{
    *bad_name = NULL;
    X509 *x = X509_new();
    if (x && X509_set_version(x, X509_VERSION_3) && set_serial(x) && set_subject(x, s) &&
        X509_set_issuer_name(x, X509_get_subject_name(s->issuer ? s->issuer : x)) &&
        X509_gmtime_adj(X509_getm_notBefore(x), s->from_days * DAY) &&
        X509_gmtime_adj(X509_getm_notAfter(x), s->to_days * DAY) && X509_set_pubkey(x, s->key) &&
        add_exts(x, s, bad_name) &&
        X509_sign(x, s->issuer_key ? s->issuer_key : s->key, s->sha1 ? EVP_sha1() : EVP_sha256()))
        return x;
    X509_free(x);
    return NULL;
}
