/* SPDX-License-Identifier: MIT */
/* Both TLS profiles in memory, with certificates made for the run. */
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

static int drop_one(const char *path, const struct stat *st, int kind, struct FTW *f)
{
    (void)st, (void)kind, (void)f;
    return remove(path);
}

static int setup(void **state)
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

static int teardown(void **state)
{
    struct world *w = *state;
    nftw(w->dir, drop_one, 16, FTW_DEPTH | FTW_PHYS);
    free(w);
    return 0;
}

static struct tls_context *context(const struct world *w, const struct env *env, const struct how *h,
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

static void pair_session(struct pair *p, const char *key)
{
    assert_int_equal(tls_new(p->cc, key, &p->c), OK);
    assert_int_equal(tls_new(p->sc, NULL, &p->s), OK);
}

static void pair_init(struct pair *p, const struct world *w, const struct how *h, const char *key)
{
    memset(p, 0, sizeof *p);
    p->env = w->env;
    if (h->out_queue) p->env.limits.out_queue = h->out_queue;
    p->cc = context(w, &p->env, h, TLS_CLIENT);
    p->sc = context(w, &p->env, h, TLS_SERVER);
    pair_session(p, key);
}

static void pair_drop(struct pair *p)
{
    tls_free(p->c);
    tls_free(p->s);
    p->c = p->s = NULL;
}

static void pair_done(struct pair *p)
{
    pair_drop(p);
    tls_context_free(p->cc);
    tls_context_free(p->sc);
}

/* Carries what one side has for the other; true when there was something. */
static bool carry(struct tls *from, struct tls *to, enum cut cut, struct rng *r)
{
    slice out = tls_out(from);
    if (out.n == 0) return false;
    size_t n = cut == WHOLE ? out.n : cut == BYTES ? 1 : 1 + (size_t)rng_below(r, 700);
    if (n > out.n) n = out.n;
    assert_int_equal(tls_feed(to, slice_sub(out, 0, n)), OK);
    tls_sent(from, n);
    return true;
}

static void settle_cut(struct pair *p, enum cut cut, uint64_t seed)
{
    struct rng r;
    rng_init(&r, seed);
    assert_int_equal(tls_feed(p->c, SLICE_NONE), OK);
    for (bool more = true; more;) {
        more = carry(p->c, p->s, cut, &r);
        more = carry(p->s, p->c, cut, &r) || more;
    }
}

static void settle(struct pair *p)
{
    settle_cut(p, WHOLE, 0);
}

static void assert_open(const struct pair *p)
{
    if (tls_state_of(p->c) != TLS_OPEN || tls_state_of(p->s) != TLS_OPEN)
        print_error("client: %s; server: %s\n", tls_why(p->c), tls_why(p->s));
    assert_int_equal(tls_state_of(p->c), TLS_OPEN);
    assert_int_equal(tls_state_of(p->s), TLS_OPEN);
}

static struct tls_info info(const struct tls *t)
{
    struct tls_info i;
    assert_true(tls_info_of(t, &i));
    return i;
}

static void say(struct tls *from, struct tls *to, const char *text)
{
    assert_int_equal(tls_write(from, slice_str(text)), OK);
    while (carry(from, to, WHOLE, NULL))
        continue;
    assert_true(slice_eq(tls_in(to), slice_str(text)));
    tls_taken(to, strlen(text));
    assert_int_equal(tls_in(to).n, 0);
}

static void assert_why(const struct tls *t, const char *part)
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

/* ---------------------------------------------------------------- opening */

static void opens_at_every_cut(void **state)
{
    static const char *const versions[] = {"TLS1.0", "TLS1.3", "TLS1.2"};
    static const char *const suites[] = {"TLS_DHE_DSS_WITH_3DES_EDE_CBC_SHA", "TLS_AES_256_GCM_SHA384",
                                         "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"};
    for (size_t i = 0; i < PROFILES; i++)
        for (int cut = WHOLE; cut <= RANDOM; cut++) {
            struct how h = each_profile[i];
            struct pair p;
            h.server_name = "manager.dom.org";
            h.server_eku = PKI_OID_ALERT_CONSUMER;
            h.client_eku = PKI_OID_ALERT_GENERATOR;
            h.server_subject = "ou=managers, CN=*.dom.org";
            h.client_subject = "OU=Sensors,CN=analy?er.dom.org,O=Draft*";
            pair_init(&p, *state, &h, NULL);
            settle_cut(&p, (enum cut)cut, 7 + i);
            assert_open(&p);
            assert_string_equal(info(p.c).version, versions[i]);
            assert_string_equal(info(p.s).version, versions[i]);
            assert_string_equal(info(p.c).suite, suites[i]);
            assert_string_equal(info(p.s).suite, suites[i]);
            assert_true(info(p.c).peer_cert && info(p.s).peer_cert);
            assert_string_equal(info(p.c).peer_subject, "CN=manager.dom.org,OU=Managers,O=Draftproof Test");
            assert_string_equal(info(p.s).peer_subject, "CN=analyzer.dom.org,OU=Sensors,O=Draftproof Test");
            assert_false(info(p.c).resumed || info(p.s).resumed);
            assert_string_equal(tls_why(p.c), "");
            assert_int_equal(tls_alert_received(p.s), -1);
            say(p.c, p.s, "to the manager");
            say(p.s, p.c, "to the analyzer");
            pair_done(&p);
        }
}

static void carries_a_mebioctet(void **state)
{
    enum { N = 1 << 20 };
    uint8_t *big = malloc(N);
    for (size_t i = 0; i < N; i++)
        big[i] = (uint8_t)(i * 31 + (i >> 11));
    for (size_t k = 0; k < PROFILES; k++) {
        struct pair p;
        pair_init(&p, *state, &each_profile[k], NULL);
        settle(&p);
        assert_open(&p);
        struct tls *ends[][2] = {{p.c, p.s}, {p.s, p.c}};
        for (int way = 0; way < 2; way++) {
            struct rng r;
            size_t got = 0;
            rng_init(&r, 3);
            assert_int_equal(tls_write(ends[way][0], slice_of(big, N)), OK);
            while (carry(ends[way][0], ends[way][1], RANDOM, &r)) {
                slice in = tls_in(ends[way][1]);
                if (in.n < 40000) continue; /* sometimes only */
                assert_memory_equal(in.p, big + got, in.n);
                got += in.n;
                tls_taken(ends[way][1], in.n);
            }
            slice in = tls_in(ends[way][1]);
            assert_int_equal(got + in.n, N);
            assert_memory_equal(in.p, big + got, in.n);
        }
        pair_done(&p);
    }
    free(big);
}

/* ---------------------------------------------------------------- closing */

static void closes_in_both_ways(void **state)
{
    for (size_t k = 0; k < PROFILES * 2; k++) {
        struct pair p;
        pair_init(&p, *state, &each_profile[k / 2], NULL);
        settle(&p);
        assert_open(&p);
        struct tls *a = k % 2 ? p.c : p.s, *b = k % 2 ? p.s : p.c;
        assert_int_equal(tls_write(a, SLICE_LIT("last words")), OK);
        assert_int_equal(tls_close(a), OK);
        assert_int_equal(tls_close(a), OK); /* once only */
        assert_int_equal(tls_state_of(a), TLS_OPEN);
        assert_int_equal(tls_write(a, SLICE_LIT("x")), ERR_USE);
        settle(&p);
        assert_int_equal(tls_state_of(b), TLS_ENDED);
        assert_int_equal(tls_state_of(a), TLS_OPEN);
        assert_true(slice_eq(tls_in(b), SLICE_LIT("last words")));
        assert_int_equal(tls_feed(b, SLICE_LIT("anything at all")), OK); /* ignored */
        assert_int_equal(tls_state_of(b), TLS_ENDED);
        assert_int_equal(tls_out(b).n, 0);
        assert_int_equal(tls_write(b, SLICE_LIT("answer")), OK);
        assert_int_equal(tls_close(b), OK);
        assert_int_equal(tls_write(b, SLICE_LIT("x")), ERR_USE);
        settle(&p);
        assert_int_equal(tls_state_of(a), TLS_ENDED);
        assert_true(slice_eq(tls_in(a), SLICE_LIT("answer")));
        tls_wire_ended(a);
        assert_int_equal(tls_state_of(a), TLS_ENDED); /* a proper end stays one */
        assert_string_equal(tls_why(a), "");
        pair_done(&p);
    }
}

static void wire_end_without_notify_fails(void **state)
{
    for (size_t k = 0; k < PROFILES; k++) {
        struct pair p;
        pair_init(&p, *state, &each_profile[k], NULL);
        assert_int_equal(tls_write(p.c, SLICE_LIT("early")), ERR_USE);
        assert_int_equal(tls_close(p.c), OK); /* harmless */
        settle(&p);
        assert_open(&p);
        tls_wire_ended(p.c);
        assert_int_equal(tls_state_of(p.c), TLS_FAILED);
        assert_why(p.c, "ended without close_notify");
        assert_int_equal(tls_write(p.c, SLICE_LIT("x")), ERR_USE);
        assert_int_equal(tls_feed(p.c, SLICE_LIT("x")), OK);
        struct tls_info i;
        assert_false(tls_info_of(p.c, &i));
        pair_drop(&p);
        pair_session(&p, NULL);
        assert_int_equal(tls_feed(p.c, SLICE_NONE), OK);
        assert_true(tls_out(p.c).n > 0);
        assert_int_equal(tls_feed(p.s, slice_sub(tls_out(p.c), 0, tls_out(p.c).n / 2)), OK);
        tls_wire_ended(p.s);
        assert_int_equal(tls_state_of(p.s), TLS_FAILED);
        assert_why(p.s, "wire ended during the handshake");
        pair_done(&p);
    }
}

/* ---------------------------------------------------------------- resumption */

static void again(struct pair *p, const char *key, bool resumed)
{
    pair_drop(p);
    pair_session(p, key);
    settle(p);
    assert_open(p);
    if (info(p->c).resumed != resumed) print_error("resumed: %d\n", !resumed);
    assert_int_equal(info(p->c).resumed, resumed);
    assert_int_equal(info(p->s).resumed, resumed);
    /* the identity lives on with the session */
    assert_string_equal(info(p->s).peer_subject, "CN=analyzer.dom.org,OU=Sensors,O=Draftproof Test");
    assert_string_equal(info(p->c).peer_subject, "CN=manager.dom.org,OU=Managers,O=Draftproof Test");
    say(p->c, p->s, "again");
}

static void resumes(void **state)
{
    for (size_t k = 0; k < PROFILES; k++) {
        struct pair p;
        pair_init(&p, *state, &each_profile[k], "m");
        settle(&p);
        assert_open(&p);
        assert_int_equal(tls_close(p.c), OK);
        settle(&p);
        assert_int_equal(tls_close(p.s), OK);
        settle(&p);
        again(&p, "m", true);
        tls_wire_ended(p.c); /* cut off: may be resumed all the same */
        tls_wire_ended(p.s);
        again(&p, "m", true);
        again(&p, "m", true); /* dropped without a word */
        again(&p, "other", false);
        again(&p, NULL, false);
        again(&p, "m", true);
        pair_done(&p);
    }
}

static void resumes_not_when_told(void **state)
{
    for (size_t k = 0; k < PROFILES * 2; k++) {
        struct how h = each_profile[k / 2];
        struct pair p;
        h.client_no_resumption = k % 2 == 0;
        h.server_no_resumption = k % 2 == 1;
        pair_init(&p, *state, &h, "m");
        settle(&p);
        again(&p, "m", false);
        again(&p, "m", false);
        pair_done(&p);
    }
}

/* The server forgets a session that saw a broken record, even when the client still offers it. */
static void broken_session_is_forgotten(void **state)
{
    for (size_t k = 0; k < PROFILES * 2; k++) {
        bool server_sees = k % 2;
        struct pair p;
        pair_init(&p, *state, &each_profile[k / 2], "m");
        settle(&p);
        again(&p, "m", true);
        struct tls *a = server_sees ? p.c : p.s, *b = server_sees ? p.s : p.c;
        assert_int_equal(tls_write(a, SLICE_LIT("spoil me")), OK);
        uint8_t copy[512];
        slice out = tls_out(a);
        assert_in_range(out.n, 20, sizeof copy);
        memcpy(copy, out.p, out.n);
        copy[out.n - 3] ^= 0x10;
        assert_int_equal(tls_feed(b, slice_of(copy, out.n)), OK);
        tls_sent(a, out.n);
        assert_int_equal(tls_state_of(b), TLS_FAILED);
        assert_why(b, "sent alert 20 bad_record_mac");
        assert_true(tls_out(b).n > 0);
        if (server_sees) tls_sent(b, tls_out(b).n); /* the alert is lost: the client does not know */
        settle(&p);
        if (!server_sees) {
            assert_int_equal(tls_state_of(a), TLS_FAILED);
            assert_int_equal(tls_alert_received(a), 20);
            assert_string_equal(tls_why(a), "peer sent alert 20 bad_record_mac");
        }
        again(&p, "m", false);
        pair_done(&p);
    }
}

static void client_keeps_a_bounded_number(void **state)
{
    for (size_t k = 0; k < 2; k++) {
        struct pair p;
        char key[16] = "0";
        pair_init(&p, *state, &each_profile[k], key);
        settle(&p);
        for (int i = 1; i <= 64; i++) {
            snprintf(key, sizeof key, "%d", i);
            again(&p, key, false);
        }
        again(&p, "64", true);
        again(&p, "1", true);
        again(&p, "0", false); /* the oldest gave way */
        pair_done(&p);
    }
}

/* ---------------------------------------------------------------- certificates */

static bool is_cert_alert(int a)
{
    return a == 42 || a == 45 || a == 48;
}

/* One side refuses the other's certificate; the other one hears of it. */
static void refused(const struct world *w, const struct how *h, bool by_server, const char *why)
{
    struct pair p;
    pair_init(&p, w, h, "m");
    settle(&p);
    struct tls *judge = by_server ? p.s : p.c, *judged = by_server ? p.c : p.s;
    assert_int_equal(tls_state_of(judge), TLS_FAILED);
    assert_int_equal(tls_state_of(judged), TLS_FAILED);
    assert_why(judge, "peer certificate refused: ");
    assert_why(judge, why);
    assert_why(judge, "(sent alert ");
    assert_true(is_cert_alert(tls_alert_received(judged)));
    assert_why(judged, "peer sent alert ");
    assert_int_equal(tls_write(judge, SLICE_LIT("x")), ERR_USE);
    pair_done(&p);
}

static void strict(struct how *h)
{
    h->server_name = "manager.dom.org";
    h->server_eku = PKI_OID_ALERT_CONSUMER;
    h->client_eku = PKI_OID_ALERT_GENERATOR;
    h->server_subject = "OU=Managers";
    h->client_subject = "OU=Sensors,CN=*.dom.org";
}

static void each_flaw_is_refused(void **state)
{
    static const char *const by_client[] = {"",
                                            "expired",
                                            "self-signed",
                                            "signature",
                                            "stranger.example, not for",
                                            "lacks the extended key usage 2.999.23.2",
                                            "lacks the extended key usage",
                                            "is Strangers, wanted OU=Managers"};
    static const char *const by_server[] = {"",
                                            "expired",
                                            "self-signed",
                                            "signature",
                                            "common name is stranger.example",
                                            "2.999.23.1",
                                            "lacks the extended key usage",
                                            "organizational unit is Strangers, wanted OU=Sensors"};
    for (size_t k = 0; k < PROFILES; k++)
        for (int flaw = PKI_GOOD + 1; flaw < PKI_FLAWS; flaw++) {
            char name[64];
            struct how h = each_profile[k];
            strict(&h);
            snprintf(name, sizeof name, "manager-%s", pki_flaw_names[flaw]);
            h.server_cert = name;
            refused(*state, &h, false, by_client[flaw]);
            h.server_cert = NULL;
            snprintf(name, sizeof name, "analyzer-%s", pki_flaw_names[flaw]);
            h.client_cert = name;
            refused(*state, &h, true, by_server[flaw]);
        }
}

static void trust_any_takes_each_flaw(void **state)
{
    for (size_t k = 0; k < PROFILES; k++)
        for (int flaw = PKI_GOOD + 1; flaw < PKI_FLAWS; flaw++) {
            char c[64], s[64];
            struct how h = each_profile[k];
            struct pair p;
            strict(&h);
            snprintf(s, sizeof s, "manager-%s", pki_flaw_names[flaw]);
            snprintf(c, sizeof c, "analyzer-%s", pki_flaw_names[flaw]);
            h.server_cert = s;
            h.client_cert = c;
            h.client_trusts_any = h.server_trusts_any = true;
            pair_init(&p, *state, &h, NULL);
            settle(&p);
            assert_open(&p);
            assert_true(info(p.s).peer_cert);
            pair_done(&p);
        }
}

static void names_as_in_rfc_2595(void **state)
{
    static const char *const good[] = {"MANAGER.dom.org", "m.dom.org.",     "localhost", "127.0.0.1", "::1",
                                       "[::1]",           "0:0:0:0:0:0:0:1"};
    static const char *const bad[] = {"dom.org", "x.manager.dom.org", "anager.dom.org", "127.0.0.2",
                                      "::2",     "manager",           "*.dom.org"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct how h = each_profile[1];
        struct pair p;
        h.server_name = good[i];
        pair_init(&p, *state, &h, NULL);
        settle(&p);
        assert_open(&p);
        pair_done(&p);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct how h = each_profile[i % 2];
        h.server_name = bad[i];
        refused(*state, &h, false, "not for ");
    }
}

static void client_without_certificate(void **state)
{
    for (size_t k = 0; k < PROFILES; k++) {
        struct how h = each_profile[k];
        struct pair p;
        h.client_cert = "";
        pair_init(&p, *state, &h, NULL);
        settle(&p);
        assert_int_equal(tls_state_of(p.s), TLS_FAILED);
        assert_int_equal(tls_state_of(p.c), TLS_FAILED);
        assert_int_equal(tls_alert_received(p.c), k == 1 ? 116 : 40);
        assert_why(p.s, "sent alert");
        pair_done(&p);
        h.server_trusts_any = true; /* whoever it is, there must be one */
        pair_init(&p, *state, &h, NULL);
        settle(&p);
        assert_int_equal(tls_state_of(p.s), TLS_FAILED);
        pair_done(&p);
        h.server_trusts_any = false;
        h.cert_optional = true;
        pair_init(&p, *state, &h, NULL);
        settle(&p);
        assert_open(&p);
        assert_false(info(p.s).peer_cert);
        assert_string_equal(info(p.s).peer_subject, "");
        pair_done(&p);
    }
}

/* ---------------------------------------------------------------- what is no TLS of ours */

static void profiles_do_not_mix(void **state)
{
    for (int k = 0; k < 2; k++) {
        struct how h = {.client_profile = k ? TLS_DRAFT : TLS_MODERN,
                        .server_profile = k ? TLS_MODERN : TLS_DRAFT,
                        .client_trusts_any = true,
                        .server_trusts_any = true};
        struct pair p;
        pair_init(&p, *state, &h, NULL);
        settle(&p);
        assert_int_equal(tls_state_of(p.s), TLS_FAILED);
        assert_int_equal(tls_state_of(p.c), TLS_FAILED);
        if (k)
            assert_string_equal(tls_why(p.c), "peer sent alert 70 protocol_version");
        else
            assert_true(tls_alert_received(p.c) > 0);
        assert_why(p.s, "sent alert");
        pair_done(&p);
    }
}

/* A hello of SSL 3.0 that offers the right suite; record and hello version apart. */
static const uint8_t ssl30_hello[] = {
    0x16, 3,  0,  0,  0x2d, 1,  0,  0,  0x29, 3,  0,  1,  2,  3,  4,  5,  6,  7,  8, 9, 10, 11, 12,   13, 14,
    15,   16, 17, 18, 19,   20, 21, 22, 23,   24, 25, 26, 27, 28, 29, 30, 31, 32, 0, 0, 2,  0,  0x13, 1,  0};

/* The same in the form of SSLv2, offering TLS 1.0. */
static const uint8_t ssl2_hello[] = {0x80, 0x1c, 1, 3, 1, 0, 3, 0, 0,  0,  0x10, 0,  0,  0x13, 1,
                                     2,    3,    4, 5, 6, 7, 8, 9, 10, 11, 12,   13, 14, 15,   16};

static void server_refuses(const struct world *w, const struct how *h, slice hello, int alert)
{
    for (int bytes = 0; bytes < 2; bytes++) {
        struct pair p;
        pair_init(&p, w, h, NULL);
        for (size_t i = 0; i < hello.n; i += bytes ? 1 : hello.n)
            assert_int_equal(tls_feed(p.s, slice_sub(hello, i, bytes ? i + 1 : hello.n)), OK);
        assert_int_equal(tls_state_of(p.s), TLS_FAILED);
        assert_why(p.s, "sent alert");
        slice out = tls_out(p.s);
        assert_int_equal(out.n, 7);
        assert_int_equal(out.p[0], 21);
        assert_int_equal(out.p[5], 2);
        assert_int_equal(out.p[6], alert);
        pair_done(&p);
    }
}

static void older_hellos_are_refused(void **state)
{
    for (size_t k = 0; k < 2; k++) {
        /* OpenSSL answers SSL 3.0 in kind, which has no alert protocol_version */
        server_refuses(*state, &each_profile[k], slice_of(ssl30_hello, sizeof ssl30_hello), k ? 40 : 70);
        server_refuses(*state, &each_profile[k], slice_of(ssl2_hello, sizeof ssl2_hello), 70);
    }
}

static void garbage_is_refused(void **state)
{
    static const char *const texts[] = {"IAP/0.3 Upgrade: TLS/1.0\r\n\r\n", "GET / HTTP/1.0\r\n\r\n",
                                        "\x16\x02\x01more than enough octets",
                                        "\xff\xff\xff\xff\xff\xff\xff\xff"};
    for (size_t k = 0; k < PROFILES; k++)
        for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
            server_refuses(*state, &each_profile[k], slice_str(texts[i]), i >= 2 ? 70 : 10);
            struct pair p; /* and by a client, which has sent its hello */
            pair_init(&p, *state, &each_profile[k], NULL);
            assert_int_equal(tls_feed(p.c, SLICE_NONE), OK);
            tls_sent(p.c, tls_out(p.c).n);
            assert_int_equal(tls_feed(p.c, slice_str(texts[i])), OK);
            assert_int_equal(tls_state_of(p.c), TLS_FAILED);
            assert_int_equal(tls_out(p.c).n, 7);
            pair_done(&p);
        }
}

/* Every octet of the client's flights changed in turn: never open on both sides, never an error of ours. */
static void changed_handshake_never_opens(void **state)
{
    for (size_t k = 0; k < PROFILES; k++)
        for (size_t at = 0; at < 900; at += k ? 23 : 61) {
            struct pair p;
            size_t seen = 0;
            pair_init(&p, *state, &each_profile[k], NULL);
            assert_int_equal(tls_feed(p.c, SLICE_NONE), OK);
            for (bool more = true; more;) {
                uint8_t copy[8192];
                slice out = tls_out(p.c);
                assert_true(out.n <= sizeof copy);
                more = out.n > 0;
                if (out.n) memcpy(copy, out.p, out.n);
                if (at >= seen && at - seen < out.n) copy[at - seen] ^= 0x41;
                seen += out.n;
                tls_sent(p.c, out.n);
                assert_int_equal(tls_feed(p.s, slice_of(copy, out.n)), OK);
                more = carry(p.s, p.c, WHOLE, NULL) || more;
            }
            if (seen > at && tls_state_of(p.s) == TLS_OPEN) print_error("octet %zu of %zu\n", at, seen);
            /* octets of a record header's version may be ignored: TLS 1.3 says so */
            if (seen > at && tls_state_of(p.s) == TLS_OPEN) assert_int_not_equal(k, 0);
            pair_done(&p);
        }
}

/* ---------------------------------------------------------------- limits */

static void queues_are_bounded(void **state)
{
    static uint8_t piece[30000];
    for (size_t k = 0; k < PROFILES; k++) {
        struct how h = each_profile[k];
        struct pair p;
        h.out_queue = 100000;
        pair_init(&p, *state, &h, NULL);
        settle(&p);
        assert_open(&p);
        for (int i = 0; i < 3; i++)
            assert_int_equal(tls_write(p.c, slice_of(piece, sizeof piece)), OK);
        assert_int_equal(tls_write(p.c, slice_of(piece, sizeof piece)), ERR_LIMIT);
        assert_int_equal(tls_state_of(p.c), TLS_OPEN);
        settle(&p); /* the refused piece left nothing behind */
        assert_int_equal(tls_in(p.s).n, 3 * sizeof piece);
        assert_int_equal(tls_write(p.c, slice_of(piece, sizeof piece)), OK);
        assert_int_equal(tls_feed(p.s, tls_out(p.c)), ERR_LIMIT);
        assert_int_equal(tls_state_of(p.s), TLS_OPEN);
        tls_taken(p.s, tls_in(p.s).n); /* taken: the same octets pass now */
        settle(&p);
        assert_int_equal(tls_in(p.s).n, sizeof piece);
        pair_done(&p);
    }
}

struct scarce {
    long left;
};

static void *scarce_resize(void *ctx, void *p, size_t n)
{
    struct scarce *s = ctx;
    if (s->left-- <= 0) return NULL;
    return mem_libc.resize(NULL, p, n);
}

static void scarce_release(void *ctx, void *p)
{
    (void)ctx;
    mem_libc.release(NULL, p);
}

/* Each allocation of ours fails once; whatever happens, nothing leaks and nothing but ERR_MEM is said. */
static void scarce_run(const struct world *w, const struct how *h, struct scarce *scarce,
                       const struct mem *mem)
{
    struct pair p = {0};
    char cert[160], key[160], ca[160];
    p.env = w->env;
    p.env.mem = mem;
    err e = OK;
    for (int side = TLS_CLIENT; side <= TLS_SERVER && e == OK; side++) {
        const char *alg = h->client_profile == TLS_DRAFT ? "dsa" : "rsa";
        const char *role = side == TLS_CLIENT ? "analyzer" : "manager";
        snprintf(cert, sizeof cert, "%s/%s/%s/cert.pem", w->dir, alg, role);
        snprintf(key, sizeof key, "%s/%s/%s/key.pem", w->dir, alg, role);
        snprintf(ca, sizeof ca, "%s/%s/ca.pem", w->dir, alg);
        struct tls_options o = {.profile = h->client_profile,
                                .side = (enum tls_side)side,
                                .cert_file = cert,
                                .key_file = key,
                                .ca_file = ca,
                                .peer_subject = "O=Draftproof Test",
                                .peer_eku_oid =
                                    side == TLS_CLIENT ? PKI_OID_ALERT_CONSUMER : PKI_OID_ALERT_GENERATOR};
        e = tls_context_new(&p.env, &o, side == TLS_CLIENT ? &p.cc : &p.sc, NULL, 0);
    }
    if (e == OK) e = tls_new(p.cc, "m", &p.c);
    if (e == OK) e = tls_new(p.sc, NULL, &p.s);
    for (int round = 0; e == OK && round < 8; round++) {
        e = tls_feed(p.s, tls_out(p.c));
        tls_sent(p.c, tls_out(p.c).n);
        if (e == OK) e = tls_feed(p.c, tls_out(p.s));
        tls_sent(p.s, tls_out(p.s).n);
    }
    if (e == OK && p.c && tls_state_of(p.c) == TLS_OPEN) e = tls_write(p.c, SLICE_LIT("hello"));
    if (e != OK) assert_int_equal(e, ERR_MEM);
    if (scarce->left >= 0) assert_int_equal(tls_state_of(p.c), TLS_OPEN);
    pair_done(&p);
}

static void lives_with_scarce_memory(void **state)
{
    for (size_t k = 0; k < 2; k++)
        for (long n = 0;; n++) {
            struct scarce s = {n};
            struct mem mem = {&s, scarce_resize, scarce_release};
            scarce_run(*state, &each_profile[k], &s, &mem);
            if (s.left >= 0) break; /* enough for all */
            assert_true(n < 1000);
        }
}

/* ---------------------------------------------------------------- contexts */

static void bad_contexts_say_why(void **state)
{
    const struct world *w = *state;
    char rsa[160], rsa_key[160], dsa[160], dsa_key[160], why[240];
    snprintf(rsa, sizeof rsa, "%s/rsa/manager/cert.pem", w->dir);
    snprintf(rsa_key, sizeof rsa_key, "%s/rsa/manager/key.pem", w->dir);
    snprintf(dsa, sizeof dsa, "%s/dsa/manager/cert.pem", w->dir);
    snprintf(dsa_key, sizeof dsa_key, "%s/dsa/manager/key.pem", w->dir);
    const struct {
        struct tls_options o;
        err e;
        const char *why;
    } rows[] = {
        {{.cert_file = "/nowhere/cert.pem", .key_file = rsa_key}, ERR_SYS, "/nowhere/cert.pem: No such file"},
        {{.ca_file = "/nowhere/ca.pem"}, ERR_SYS, "/nowhere/ca.pem: No such file"},
        {{.ca_file = rsa_key}, ERR_SYS, "no certificate in PEM form"},
        {{.cert_file = rsa}, ERR_USE, "needs a key"},
        {{.cert_file = rsa_key, .key_file = rsa_key}, ERR_SYS, "no certificate in PEM form"},
        {{.cert_file = rsa, .key_file = rsa}, ERR_SYS, "no private key"},
        {{.cert_file = rsa, .key_file = dsa_key, .profile = TLS_MODERN}, ERR_SYS, "not the key of"},
        {{.cert_file = rsa, .key_file = rsa_key, .profile = TLS_DRAFT}, ERR_SYS, "takes DSA keys only"},
        {{.cert_file = dsa, .key_file = dsa_key, .profile = TLS_MODERN}, ERR_SYS, "take no DSA key"},
        {{.peer_eku_oid = "not an oid"}, ERR_USE, "not a dotted object identifier"},
        {{.peer_subject = "OU=Sensors,Strangers"}, ERR_USE, "\"Strangers\" is not of the form"},
        {{.peer_subject = "=x"}, ERR_USE, "is not of the form"},
        {{.priority = "no such thing", .profile = TLS_DRAFT}, ERR_USE, "priority string"},
        {{.priority = "no-such-cipher", .profile = TLS_MODERN}, ERR_USE, "cipher string"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct tls_context *c = (struct tls_context *)&c;
        assert_int_equal(tls_context_new(&w->env, &rows[i].o, &c, why, sizeof why), rows[i].e);
        assert_null(c);
        if (!strstr(why, rows[i].why)) print_error("\"%s\" lacks \"%s\"\n", why, rows[i].why);
        assert_non_null(strstr(why, rows[i].why));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opens_at_every_cut),
        cmocka_unit_test(carries_a_mebioctet),
        cmocka_unit_test(closes_in_both_ways),
        cmocka_unit_test(wire_end_without_notify_fails),
        cmocka_unit_test(resumes),
        cmocka_unit_test(resumes_not_when_told),
        cmocka_unit_test(broken_session_is_forgotten),
        cmocka_unit_test(client_keeps_a_bounded_number),
        cmocka_unit_test(each_flaw_is_refused),
        cmocka_unit_test(trust_any_takes_each_flaw),
        cmocka_unit_test(names_as_in_rfc_2595),
        cmocka_unit_test(client_without_certificate),
        cmocka_unit_test(profiles_do_not_mix),
        cmocka_unit_test(older_hellos_are_refused),
        cmocka_unit_test(garbage_is_refused),
        cmocka_unit_test(changed_handshake_never_opens),
        cmocka_unit_test(queues_are_bounded),
        cmocka_unit_test(lives_with_scarce_memory),
        cmocka_unit_test(bad_contexts_say_why),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
