/* SPDX-License-Identifier: MIT */
#include "sec/sasl_impl.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

/* A password that nobody knows: for a stranger the exchange takes its whole course, and fails at the place
 * and after the time that a user's wrong password takes, so that names cannot be guessed one by one. */
static int decoy(Gsasl_session *x)
{
    unsigned char octets[16];
    char hex[2 * sizeof octets + 1];
    if (RAND_bytes(octets, sizeof octets) != 1) return GSASL_CRYPTO_ERROR;
    for (size_t i = 0; i < sizeof octets; i++)
        snprintf(hex + 2 * i, 3, "%02x", octets[i]);
    return gsasl_property_set(x, GSASL_PASSWORD, hex);
}

static const struct sasl_user *named_user(struct sasl *s)
{
    const char *name = gsasl_property_fast(s->lib, GSASL_AUTHID);
    s->user = name ? sasl_users_find(s->c->o.users, name) : NULL;
    s->stranger = !s->user;
    return s->user;
}

/* PLAIN: the library has prepared what came, and leaves the comparison to us. */
static int compare_plain(struct sasl *s)
{
    const struct sasl_user *u = named_user(s);
    const char *got = gsasl_property_fast(s->lib, GSASL_PASSWORD);
    char *want = NULL;
    if (!u || !got) return GSASL_AUTHENTICATION_ERROR;
    int rc = gsasl_saslprep(u->password, GSASL_ALLOW_UNASSIGNED, &want, NULL);
    if (rc != GSASL_OK) return rc;
    size_t n = strlen(want);
    bool same = strlen(got) == n && CRYPTO_memcmp(got, want, n) == 0;
    OPENSSL_cleanse(want, n);
    gsasl_free(want);
    return same ? GSASL_OK : GSASL_AUTHENTICATION_ERROR;
}

static int ask_server(struct sasl *s, Gsasl_property p)
{
    const struct sasl_options *o = &s->c->o;
    char rounds[16];
    switch ((int)p) {
    case GSASL_VALIDATE_SIMPLE:
        return compare_plain(s);
    case GSASL_SCRAM_ITER:
        if (!o->scram_rounds) return GSASL_NO_CALLBACK;
        snprintf(rounds, sizeof rounds, "%u", o->scram_rounds);
        return gsasl_property_set(s->lib, p, rounds);
    case GSASL_PASSWORD:
        return named_user(s) ? gsasl_property_set(s->lib, p, s->user->password) : decoy(s->lib);
    case GSASL_REALM:
        return gsasl_property_set(s->lib, p, o->realm);
    case GSASL_QOPS:
        return gsasl_property_set(s->lib, p,
                                  s->qop == SASL_QOP_INT   ? "qop-int"
                                  : s->qop == SASL_QOP_ANY ? "qop-auth, qop-int"
                                                           : "qop-auth");
    default:
        return GSASL_NO_CALLBACK;
    }
}

/* The client's choice among what the server offers; a word that the library does not know makes it give up.
 */
static int choose_qop(struct sasl *s)
{
    const char *offered = gsasl_property_fast(s->lib, GSASL_QOPS);
    bool has_auth = offered && strstr(offered, "qop-auth"), has_int = offered && strstr(offered, "qop-int");
    s->layer = has_int && s->qop != SASL_QOP_AUTH;
    bool fits = s->layer || (has_auth && s->qop != SASL_QOP_INT);
    return gsasl_property_set(s->lib, GSASL_QOP, s->layer ? "qop-int" : fits ? "qop-auth" : "none");
}

static int ask_client(struct sasl *s, Gsasl_property p)
{
    const struct sasl_options *o = &s->c->o;
    const char *value = NULL;
    switch ((int)p) {
    case GSASL_AUTHID:
        value = o->user;
        break;
    case GSASL_PASSWORD:
        value = o->password;
        break;
    case GSASL_AUTHZID:
        value = o->authzid;
        break;
    case GSASL_SERVICE:
        value = o->service ? o->service : SASL_SERVICE;
        break;
    case GSASL_HOSTNAME:
        value = o->hostname;
        break;
    case GSASL_QOP:
        return choose_qop(s);
    default:
        break;
    }
    return value ? gsasl_property_set(s->lib, p, value) : GSASL_NO_CALLBACK;
}

int sasl_lib_ask(Gsasl *g, Gsasl_session *x, Gsasl_property p)
{
    (void)g;
    struct sasl *s = x ? gsasl_session_hook_get(x) : NULL;
    if (!s)
        return GSASL_NO_CALLBACK; /* asked while the session is made: about channel bindings, of which we have
                                     none */
    return s->c->o.side == SASL_SERVER ? ask_server(s, p) : ask_client(s, p);
}

int sasl_lib_step(struct sasl *s, slice in, char **out, size_t *out_n)
{
    *out = NULL;
    *out_n = 0;
    /* the library looks at strings in places: they end here */
    char *copy = mem_dup(s->c->env->mem, in.p, in.n);
    if (!copy) return GSASL_MALLOC_ERROR;
    int rc = gsasl_step(s->lib, copy, in.n, out, out_n);
    OPENSSL_cleanse(copy, in.n);
    mem_free(s->c->env->mem, copy);
    return rc;
}

enum sasl_code sasl_lib_code(int rc)
{
    switch (rc) {
    case GSASL_MECHANISM_PARSE_ERROR:
    case GSASL_BASE64_ERROR:
    case GSASL_SASLPREP_ERROR:
    case GSASL_MECHANISM_CALLED_TOO_MANY_TIMES:
        return SASL_MALFORMED;
    case GSASL_AUTHENTICATION_ERROR:
    case GSASL_INTEGRITY_ERROR:
    case GSASL_NO_PASSWORD:
        return SASL_WRONG;
    default:
        return SASL_TEMPORARY;
    }
}

bool sasl_lib_identify(struct sasl *s)
{
    if (!s->user || s->stranger) return false;
    s->identity = sasl_user_as(s->user, gsasl_property_fast(s->lib, GSASL_AUTHZID));
    return s->identity != NULL;
}

/* An empty name loses memory in the library before it is refused there. */
static const char *screen_scram_first(slice in)
{
    for (int commas = 0; commas < 2; commas++) {
        size_t n = slice_find(in, SLICE_LIT(","));
        in = slice_sub(in, n + 1, in.n);
    }
    if (!slice_starts(in, SLICE_LIT("n="))) return "a first message without a name";
    slice name = slice_sub(in, 2, slice_find(in, SLICE_LIT(",")));
    char text[SASL_BLOB_MAX + 1], *prep = NULL;
    if (name.n > SASL_BLOB_MAX) return "a name that is too long";
    if (name.n) memcpy(text, name.p, name.n);
    text[name.n] = 0;
    bool good = gsasl_saslprep(text, GSASL_ALLOW_UNASSIGNED, &prep, NULL) == GSASL_OK && *prep;
    gsasl_free(prep);
    return good ? NULL : "a name that SASLprep does not allow";
}

/* The library would work as long as it is told to. */
static const char *screen_scram_rounds(slice in)
{
    uint64_t rounds;
    for (slice rest = in; rest.n;) {
        size_t n = slice_find(rest, SLICE_LIT(","));
        slice part = slice_sub(rest, 0, n);
        rest = slice_sub(rest, n + 1, rest.n);
        if (!slice_starts(part, SLICE_LIT("i="))) continue;
        if (!slice_number(slice_sub(part, 2, part.n), SASL_ROUNDS_MAX, &rounds))
            return "a count of rounds that is none, or more than we work";
    }
    return NULL;
}

const char *sasl_lib_screen(const struct sasl *s, slice in)
{
    slice uri;
    bool server = s->c->o.side == SASL_SERVER, first = s->seen == 1;
    if (in.n == 0) return "an empty blob";
    if (s->mech == SASL_PLAIN) return NULL;
    if (memchr(in.p, 0, in.n)) return "a NUL in a blob of text";
    if (s->mech == SASL_SCRAM_SHA_1 || s->mech == SASL_SCRAM_SHA_256) {
        if (!first) return NULL;
        return server ? screen_scram_first(in) : screen_scram_rounds(in);
    }
    if (s->mech == SASL_DIGEST_MD5 && server &&
        (!sasl_directive(in, SLICE_LIT("digest-uri"), &uri) ||
         !slice_starts_nocase(uri, SLICE_LIT(SASL_SERVICE "/"))))
        return "a digest-uri that is not of the service " SASL_SERVICE;
    return NULL;
}
