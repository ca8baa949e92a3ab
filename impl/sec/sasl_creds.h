/* SPDX-License-Identifier: MIT */
/* sasl_creds: who may come in, from a file.  Never from the command line, which other users of a machine can
 * read.
 *
 *   # user   password    authorization identities that the user may take beside the own one
 *   alice    wonder
 *   sensor-7 "two words" site-a site-b
 *
 * One line a user, words parted by SP and HT.  A word that begins with # ends the line.  Within double quotes
 * a word may hold blanks and #, and \" and \\ stand for themselves.  UTF-8; names are kept as SASLprep (RFC
 * 4013) writes them, so that they can be compared. */
#ifndef SEC_SASL_CREDS_H
#define SEC_SASL_CREDS_H

#include "base/env.h"
#include "base/err.h"

#define SASL_USERS_FILE_MAX (1u << 20) /* octets: 10,000 lines of a hundred */
#define SASL_USERS_MAX      10000      /* every sensor of a large installation */
#define SASL_NAME_MAX       255        /* octets of a name: RFC 4616 section 2 asks that as much be taken */
#define SASL_PASSWORD_MAX   1024       /* octets: what people and key generators write, with room */
#define SASL_AUTHZ_MAX      16         /* further identities of one user */

struct sasl_user {
    char *name, *password; /* NUL-ended; the password as it stands in the file */
    char *authz[SASL_AUTHZ_MAX];
    size_t authz_n;
    size_t line; /* of the file, from 1 */
};

struct sasl_users;

/* text: the octets of a file; name: what faults call it.  On failure *out is NULL and why (why_n octets, may
 * be NULL) holds "NAME:LINE: what is wrong"; no word of the file is in it, as it might be a password.
 * ERR_PEER for a file that does not fit, ERR_LIMIT, ERR_MEM. */
err sasl_users_parse(const struct env *env, slice text, const char *name, struct sasl_users **out, char *why,
                     size_t why_n) MUST_CHECK;
/* The same from a file; ERR_SYS when it cannot be read.  A file that others than its owner can read or write
 * is taken, and *loose is then true (may be NULL): the caller says so to people. */
err sasl_users_read(const struct env *env, const char *path, struct sasl_users **out, bool *loose, char *why,
                    size_t why_n) MUST_CHECK;
/* Overwrites every password first.  NULL is allowed. */
void sasl_users_free(struct sasl_users *u);

size_t sasl_users_count(const struct sasl_users *u);
/* In the order of names.  i < count. */
const struct sasl_user *sasl_users_at(const struct sasl_users *u, size_t i);
/* The user of this name, compared as SASLprep writes it; NULL when there is none, or memory is short.  u may
 * be NULL. */
const struct sasl_user *sasl_users_find(const struct sasl_users *u, const char *name);
/* The identity that the user gets who asks for authzid: the own name when it is empty or NULL, NULL when it
 * is not allowed.  Lives as long as the users. */
const char *sasl_user_as(const struct sasl_user *u, const char *authzid);

#endif
