/* SPDX-License-Identifier: MIT */
#include "sec/rsa_key.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

/* Nobody is asked for a passphrase: a key that has one is not read. */
static int no_passphrase(char *out, int size, int writing, void *ctx)
{
    (void)out, (void)size, (void)writing, (void)ctx;
    return -1;
}

/* The text is read from its front each time: what it is, its label says. */
static EVP_PKEY *public_key(slice pem, bool *private_key)
{
    EVP_PKEY *key = NULL;
    X509 *cert = NULL;
    for (int form = 0; form < 3 && !key; form++) {
        BIO *in = BIO_new_mem_buf(pem.p, (int)pem.n);
        if (!in) break;
        if (form == 0) key = PEM_read_bio_PUBKEY(in, NULL, no_passphrase, NULL);
        if (form == 1) cert = PEM_read_bio_X509(in, NULL, no_passphrase, NULL);
        if (form == 1 && cert) key = X509_get_pubkey(cert);
        if (form == 2) key = PEM_read_bio_PrivateKey(in, NULL, no_passphrase, NULL);
        *private_key = form == 2;
        X509_free(cert);
        cert = NULL;
        BIO_free(in);
    }
    return key;
}

static err number(const EVP_PKEY *key, const char *name, struct buf *out)
{
    BIGNUM *n = NULL;
    uint8_t *at;
    err e = ERR_SYS;
    if (EVP_PKEY_get_bn_param(key, name, &n) == 1 && BN_num_bytes(n) > 0) {
        size_t octets = (size_t)BN_num_bytes(n);
        e = buf_reserve(out, octets, &at);
        if (e == OK) {
            BN_bn2bin(n, at);
            buf_added(out, octets);
        }
    }
    BN_free(n);
    return e;
}

err rsa_key_read(const struct env *env, slice pem, struct rsa_key *k, const char **why)
{
    err e;
    *why = "";
    *k = (struct rsa_key){.bits = 0};
    buf_init(&k->exponent, env->mem, RSA_KEY_NUMBER_MAX);
    buf_init(&k->modulus, env->mem, RSA_KEY_NUMBER_MAX);
    if (pem.n > RSA_KEY_PEM_MAX) return ERR_LIMIT;
    EVP_PKEY *key = pem.n ? public_key(pem, &k->private_key) : NULL;
    if (!key) {
        *why = "no public key, certificate or private key without a passphrase in PEM";
        e = ERR_PEER;
    } else if (EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA) {
        *why = "a key, but none of RSA";
        e = ERR_PEER;
    } else {
        e = number(key, OSSL_PKEY_PARAM_RSA_E, &k->exponent);
        if (e == OK) e = number(key, OSSL_PKEY_PARAM_RSA_N, &k->modulus);
        k->bits = (uint32_t)EVP_PKEY_get_bits(key);
    }
    EVP_PKEY_free(key);
    ERR_clear_error();
    return e;
}

void rsa_key_done(struct rsa_key *k)
{
    buf_done(&k->exponent);
    buf_done(&k->modulus);
}

static EVP_PKEY *made(const BIGNUM *e, const BIGNUM *n)
{
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
    OSSL_PARAM *params = NULL;
    if (ctx && bld && OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_E, e) == 1 &&
        OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_N, n) == 1)
        params = OSSL_PARAM_BLD_to_param(bld);
    if (params && EVP_PKEY_fromdata_init(ctx) == 1 &&
        EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
        key = NULL;
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(bld);
    EVP_PKEY_CTX_free(ctx);
    return key;
}

err rsa_key_write(slice exponent, slice modulus, struct buf *out)
{
    err e = ERR_USE;
    if (!exponent.n || !modulus.n || exponent.n > RSA_KEY_NUMBER_MAX || modulus.n > RSA_KEY_NUMBER_MAX)
        return ERR_USE;
    BIGNUM *x = BN_bin2bn(exponent.p, (int)exponent.n, NULL), *n = BN_bin2bn(modulus.p, (int)modulus.n, NULL);
    EVP_PKEY *key = x && n ? made(x, n) : NULL;
    BIO *to = BIO_new(BIO_s_mem());
    char *text;
    if (key && to && PEM_write_bio_PUBKEY(to, key) == 1) {
        long octets = BIO_get_mem_data(to, &text);
        e = octets > 0 ? buf_add(out, slice_of(text, (size_t)octets)) : ERR_MEM;
    } else if (!x || !n || !to) {
        e = ERR_MEM;
    }
    BIO_free(to);
    EVP_PKEY_free(key);
    BN_free(x);
    BN_free(n);
    ERR_clear_error();
    return e;
}
