/* SPDX-License-Identifier: MIT */
/* Both TLS profiles in memory: opening at every cut, data, closing, resumption. */
#include "test/tls_pair.h"

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
            assert_non_null(strstr(info(p.c).peer_usages, "," PKI_OID_ALERT_CONSUMER));
            assert_non_null(strstr(info(p.s).peer_usages, "," PKI_OID_ALERT_GENERATOR));
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

/* Whoever sees a broken record forgets the session at once, and the other one when the alert reaches it. */
static void broken_session(const struct world *w, const struct how *h, bool server_sees, bool alert_arrives)
{
    struct pair p;
    uint8_t copy[512];
    pair_init(&p, w, h, "m");
    settle(&p);
    again(&p, "m", true);
    struct tls *a = server_sees ? p.c : p.s, *b = server_sees ? p.s : p.c;
    assert_int_equal(tls_write(a, SLICE_LIT("spoil me")), OK);
    slice out = tls_out(a);
    assert_in_range(out.n, 20, sizeof copy);
    memcpy(copy, out.p, out.n);
    copy[out.n - 3] ^= 0x10;
    assert_int_equal(tls_feed(b, slice_of(copy, out.n)), OK);
    tls_sent(a, out.n);
    assert_int_equal(tls_state_of(b), TLS_FAILED);
    assert_why(b, "sent alert 20 bad_record_mac");
    assert_true(tls_out(b).n > 0);
    if (alert_arrives) {
        settle(&p);
        assert_int_equal(tls_state_of(a), TLS_FAILED);
        assert_int_equal(tls_alert_received(a), 20);
        assert_string_equal(tls_why(a), "peer sent alert 20 bad_record_mac");
    }
    again(&p, "m", false);
    pair_done(&p);
}

static void broken_session_is_forgotten(void **state)
{
    for (size_t k = 0; k < PROFILES; k++)
        for (int i = 0; i < 4; i++)
            broken_session(*state, &each_profile[k], i & 1, i & 2);
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
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
