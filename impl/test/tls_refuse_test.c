/* SPDX-License-Identifier: MIT */
/* What TLS must refuse in both profiles: flawed certificates, older hellos, garbage, too much, bad options.
 */
#include "test/tls_pair.h"

#include "sec/tls_impl.h" /* to make a library ask for what ours refuses */

#include <gnutls/gnutls.h>

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

static void pass_all(struct tls *from, struct tls *to)
{
    while (carry(from, to, WHOLE, NULL))
        continue;
}

/* A server's wish to negotiate again is answered "no" and the session goes on; a flood of wishes ends it. */
static void renegotiation_is_refused(void **state)
{
    struct pair p;
    int asked = 0;
    pair_init(&p, *state, &each_profile[0], NULL);
    settle(&p);
    assert_open(&p);
    for (;; asked++) {
        assert_true(asked < 40);
        (void)gnutls_rehandshake(p.s->own);
        pass_all(p.s, p.c);
        if (tls_state_of(p.c) == TLS_FAILED) break;
        pass_all(p.c, p.s);
        say(p.s, p.c, "and yet");
        say(p.c, p.s, "it goes on");
    }
    assert_int_equal(asked, 16);
    assert_why(p.c, "wants to renegotiate (sent alert 40");
    pair_drop(&p);
    pair_session(&p, NULL); /* a client's wish ends it at once */
    settle(&p);
    assert_open(&p);
    (void)gnutls_handshake(p.c->own);
    pass_all(p.c, p.s);
    assert_int_equal(tls_state_of(p.s), TLS_FAILED);
    assert_why(p.s, "wants to renegotiate (sent alert 40");
    pair_done(&p);
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
        cmocka_unit_test(each_flaw_is_refused),     cmocka_unit_test(trust_any_takes_each_flaw),
        cmocka_unit_test(names_as_in_rfc_2595),     cmocka_unit_test(client_without_certificate),
        cmocka_unit_test(profiles_do_not_mix),      cmocka_unit_test(older_hellos_are_refused),
        cmocka_unit_test(garbage_is_refused),       cmocka_unit_test(changed_handshake_never_opens),
        cmocka_unit_test(renegotiation_is_refused), cmocka_unit_test(queues_are_bounded),
        cmocka_unit_test(lives_with_scarce_memory), cmocka_unit_test(bad_contexts_say_why),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
