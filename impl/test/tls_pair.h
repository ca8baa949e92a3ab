/* SPDX-License-Identifier: MIT */
/* tls_pair: a client and a server in memory, for the tests of TLS.  Include it first. */
#ifndef TEST_TLS_PAIR_H
#define TEST_TLS_PAIR_H

#define _XOPEN_SOURCE 700 /* nftw */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "sec/pki.h"
#include "sec/tls.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TLS12 "ECDHE-RSA-AES128-GCM-SHA256"

struct world {
    struct env env;
    char dir[64];
};

/* How a pair differs from the good one. */
struct how {
    enum tls_profile client_profile, server_profile;
    const char *client_cert, *server_cert;                 /* folder; NULL: the good one; "": none */
    const char *server_name, *server_eku, *server_subject; /* what the client wants of the server */
    const char *client_eku, *client_subject;               /* what the server wants of the client */
    const char *client_priority, *server_priority;
    bool client_trusts_any, server_trusts_any, cert_optional, client_no_resumption, server_no_resumption;
    size_t out_queue;
};

struct pair {
    struct env env;
    struct tls_context *cc, *sc;
    struct tls *c, *s;
};

enum cut { WHOLE, BYTES, RANDOM };

static inline int drop_one(const char *path, const struct stat *st, int kind, struct FTW *f)
{
    (void)st, (void)kind, (void)f;
    return remove(path);
}

static inline int setup(void **state)
{
    char why[200];
    struct world *w = calloc(1, sizeof *w);
    env_init(&w->env);
    snprintf(w->dir, sizeof w->dir, "/tmp/tls_test.XXXXXX");
    if (!mkdtemp(w->dir)) return -1;
    if (pki_make(w->dir, NULL, why, sizeof why) != OK) {
        fprintf(stderr, "%s\n", why);
        return -1;
    }
    *state = w;
    return 0;
}

static inline int teardown(void **state)
{
    struct world *w = *state;
    nftw(w->dir, drop_one, 16, FTW_DEPTH | FTW_PHYS);
    free(w);
    return 0;
}

static inline struct tls_context *context(const struct world *w, const struct env *env, const struct how *h,
                                          enum tls_side side)
{
    bool client = side == TLS_CLIENT;
    char cert[160], key[160], ca[160], why[240];
    enum tls_profile profile = client ? h->client_profile : h->server_profile;
    const char *alg = profile == TLS_DRAFT ? "dsa" : "rsa";
    const char *which = client ? h->client_cert : h->server_cert;
    const char *folder = which ? which : client ? "analyzer" : "manager";
    snprintf(cert, sizeof cert, "%s/%s/%s/cert.pem", w->dir, alg, folder);
    snprintf(key, sizeof key, "%s/%s/%s/key.pem", w->dir, alg, folder);
    snprintf(ca, sizeof ca, "%s/%s/ca.pem", w->dir, alg);
    struct tls_options o = {.profile = profile,
                            .side = side,
                            .cert_file = *folder ? cert : NULL,
                            .key_file = *folder ? key : NULL,
                            .ca_file = ca,
                            .peer_cert_optional = !client && h->cert_optional,
                            .trust_any = client ? h->client_trusts_any : h->server_trusts_any,
                            .no_resumption = client ? h->client_no_resumption : h->server_no_resumption,
                            .peer_name = client ? h->server_name : NULL,
                            .peer_eku_oid = client ? h->server_eku : h->client_eku,
                            .peer_subject = client ? h->server_subject : h->client_subject,
                            .priority = client ? h->client_priority : h->server_priority};
    struct tls_context *c;
    err e = tls_context_new(env, &o, &c, why, sizeof why);
    if (e != OK) print_error("context: %s\n", why);
    assert_int_equal(e, OK);
    return c;
}

static inline void pair_session(struct pair *p, const char *key)
{
    assert_int_equal(tls_new(p->cc, key, &p->c), OK);
    assert_int_equal(tls_new(p->sc, NULL, &p->s), OK);
}

static inline void pair_init(struct pair *p, const struct world *w, const struct how *h, const char *key)
{
    memset(p, 0, sizeof *p);
    p->env = w->env;
    if (h->out_queue) p->env.limits.out_queue = h->out_queue;
    p->cc = context(w, &p->env, h, TLS_CLIENT);
    p->sc = context(w, &p->env, h, TLS_SERVER);
    pair_session(p, key);
}

static inline void pair_drop(struct pair *p)
{
    tls_free(p->c);
    tls_free(p->s);
    p->c = p->s = NULL;
}

static inline void pair_done(struct pair *p)
{
    pair_drop(p);
    tls_context_free(p->cc);
    tls_context_free(p->sc);
}

/* Carries what one side has for the other; true when there was something. */
static inline bool carry(struct tls *from, struct tls *to, enum cut cut, struct rng *r)
{
    slice out = tls_out(from);
    if (out.n == 0) return false;
    size_t n = cut == WHOLE ? out.n : cut == BYTES ? 1 : 1 + (size_t)rng_below(r, 700);
    if (n > out.n) n = out.n;
    assert_int_equal(tls_feed(to, slice_sub(out, 0, n)), OK);
    tls_sent(from, n);
    return true;
}

static inline void settle_cut(struct pair *p, enum cut cut, uint64_t seed)
{
    struct rng r;
    rng_init(&r, seed);
    assert_int_equal(tls_feed(p->c, SLICE_NONE), OK);
    for (bool more = true; more;) {
        more = carry(p->c, p->s, cut, &r);
        more = carry(p->s, p->c, cut, &r) || more;
    }
}

static inline void settle(struct pair *p)
{
    settle_cut(p, WHOLE, 0);
}

static inline void assert_open(const struct pair *p)
{
    if (tls_state_of(p->c) != TLS_OPEN || tls_state_of(p->s) != TLS_OPEN)
        print_error("client: %s; server: %s\n", tls_why(p->c), tls_why(p->s));
    assert_int_equal(tls_state_of(p->c), TLS_OPEN);
    assert_int_equal(tls_state_of(p->s), TLS_OPEN);
}

static inline struct tls_info info(const struct tls *t)
{
    struct tls_info i;
    assert_true(tls_info_of(t, &i));
    return i;
}

static inline void say(struct tls *from, struct tls *to, const char *text)
{
    assert_int_equal(tls_write(from, slice_str(text)), OK);
    while (carry(from, to, WHOLE, NULL))
        continue;
    assert_true(slice_eq(tls_in(to), slice_str(text)));
    tls_taken(to, strlen(text));
    assert_int_equal(tls_in(to).n, 0);
}

static inline void assert_why(const struct tls *t, const char *part)
{
    if (!strstr(tls_why(t), part)) print_error("\"%s\" lacks \"%s\"\n", tls_why(t), part);
    assert_non_null(strstr(tls_why(t), part));
}

static const struct how each_profile[] = {
    {.client_profile = TLS_DRAFT, .server_profile = TLS_DRAFT},
    {.client_profile = TLS_MODERN, .server_profile = TLS_MODERN},
    {.client_profile = TLS_MODERN, .server_profile = TLS_MODERN, .client_priority = TLS12},
};
#define PROFILES (sizeof each_profile / sizeof *each_profile)

#endif
