/* SPDX-License-Identifier: MIT */
/* rsa_key: RSA public keys between PEM and the two numbers that a DNS record carries. */
#ifndef SEC_RSA_KEY_H
#define SEC_RSA_KEY_H

#include "base/buf.h"
#include "base/env.h"

enum {
    RSA_KEY_PEM_MAX =
        64 * 1024, /* text that is read: a private key of 16384 bits with a certificate behind it */
    RSA_KEY_NUMBER_MAX = 2048 /* octets of a number: 16384 bits, as far as OpenSSL goes */
};

struct rsa_key {
    struct buf exponent, modulus; /* octets in network order, no leading zeros */
    uint32_t bits;                /* of the modulus */
    bool private_key;             /* the text held a private key, of which the public part was taken */
};

/* Reads the first of: a public key (SubjectPublicKeyInfo or PKCS #1), a certificate, a private key without a
 * passphrase. OK; ERR_PEER: no such thing, or no RSA key (*why, static); ERR_LIMIT; ERR_MEM. k must be freed
 * by rsa_key_done after any result. */
err rsa_key_read(const struct env *env, slice pem, struct rsa_key *k, const char **why) MUST_CHECK;
void rsa_key_done(struct rsa_key *k);
/* Appends the key as PEM, SubjectPublicKeyInfo.  ERR_USE: the numbers are none that OpenSSL takes for a key;
 * ERR_MEM, ERR_LIMIT. */
err rsa_key_write(slice exponent, slice modulus, struct buf *out) MUST_CHECK;

#endif
