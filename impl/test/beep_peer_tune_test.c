/* SPDX-License-Identifier: MIT */
/* Tuning between two BEEP peers: TLS of both kinds, every SASL mechanism good and bad, the security layer, what is offered when. */
#include "test/beep_world.h"

static const enum link_split splits[] = {SPLIT_WHOLE, SPLIT_BYTES, SPLIT_RANDOM};

struct fixture {
    struct env env;
    struct identities *ids[3];
    struct tls_context *tls[3][2]; /* of a kind: server, client */
    struct sasl_users *users;
};

static int setup(void **state)
{
    struct fixture *x = calloc(1, sizeof *x);
    char why[200];
    env_init(&x->env);
    for (int kind = RUN_TLS_DRAFT; kind <= RUN_TLS_MODERN; kind++) {
        if (identities_new(&x->env, (enum run_tls)kind, NULL, NULL, &x->ids[kind]) != OK) return -1;
        for (int client = 0; client < 2; client++) {
            struct identity_policy p = {.analyzer = client, .no_resumption = true};
            if (identities_reference(x->ids[kind], &p, &x->tls[kind][client], why, sizeof why) != OK) {
                print_error("%s\n", why);
                return -1;
            }
        }
    }
    if (sasl_users_parse(&x->env, SLICE_LIT("alice wonder\nbob builder site-a\n"), "users", &x->users, why, sizeof why) != OK) return -1;
    *state = x;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *x = *state;
    for (int kind = RUN_TLS_DRAFT; kind <= RUN_TLS_MODERN; kind++) {
        tls_context_free(x->tls[kind][0]);
        tls_context_free(x->tls[kind][1]);
        identities_free(x->ids[kind]);
    }
    sasl_users_free(x->users);
    free(x);
    return 0;
}

static void with_tls(struct beep_world *w, struct fixture *x, int kind)
{
    w->setup[1].tls_server = x->tls[kind][0];
    w->setup[0].tls_client = x->tls[kind][1];
    w->setup[0].want_tls = true;
}

static struct sasl_options server_options(struct fixture *x)
{
    return (struct sasl_options){.side = SASL_SERVER, .hostname = "host.test", .offered = SASL_ALL, .users = x->users};
}

static struct sasl_options client_options(void)
{
    return (struct sasl_options){.side = SASL_CLIENT, .hostname = "host.test", .offered = SASL_ALL, .user = "alice", .password = "wonder"};
}

static void with_sasl(struct beep_world *w, const struct sasl_options *server, const struct sasl_options *client, const char *mechanism)
{
    char why[200] = "";
    if (server && sasl_context_new(&w->env, server, &w->setup[1].sasl_server, why, sizeof why) != OK) fail_msg("%s", why);
    if (client && sasl_context_new(&w->env, client, &w->setup[0].sasl_client, why, sizeof why) != OK) fail_msg("%s", why);
    w->setup[0].sasl_mechanism = mechanism;
}

static void sasl_gone(struct beep_world *w)
{
    sasl_context_free(w->setup[1].sasl_server);
    sasl_context_free(w->setup[0].sasl_client);
    assert_int_equal(w->f.live, 0);
}

/* The session can be used, and is ended. */
/* app: the caller's, as the channels keep it to their end. */
static void use(struct beep_world *w, struct beep_profile *app)
{
    *app = bw_profile(w, BEEP_URI_ECHO);
    uint8_t text[30000];
    memset(text, 'x', sizeof text);
    for (int side = 0; side < 2; side++) {
        struct bw_chan *c = bw_start(w, side, app, slice_of(text, sizeof text), net_now(w->net));
        assert_non_null(c);
        bw_run(w, 200);
        assert_int_equal(c->replies, 1);
        assert_false(c->wrong);
    }
    assert_int_equal(beep_peer_close(w->side[0].p, 0, net_now(w->net)), OK);
    bw_run(w, 200);
    bw_ended_well(w);
}

static void tls(void **state)
{
    struct fixture *x = *state;
    for (int kind = RUN_TLS_DRAFT; kind <= RUN_TLS_MODERN; kind++) {
        for (size_t k = 0; k < 3; k++) {
            for (int bare = 0; bare < 2; bare++) {
                struct beep_world w;
                struct beep_profile app;
                bw_env(&w);
                w.split = splits[k];
                with_tls(&w, x, kind);
                w.setup[0].bare = bare;
                w.setup[1].need_tls = true;
                assert_int_equal(bw_open(&w), OK);
                bw_run(&w, 200);
                for (int i = 0; i < 2; i++) {
                    assert_string_equal(w.side[i].said, "");
                    assert_true(beep_peer_secured(w.side[i].p));
                    assert_int_equal(w.side[i].greeted, 1 + i); /* the listener was greeted before as well */
                    assert_int_equal(w.side[i].p->chans, 0);
                }
                assert_false(beep_peer_offers(w.side[0].p, BEEP_URI_TLS));
                assert_true(beep_peer_offers(w.side[0].p, BEEP_URI_ECHO));
                use(&w, &app);
                bw_close(&w);
                assert_int_equal(w.f.live, 0);
            }
        }
    }
}

static void no_tls_to_be_had(void **state)
{
    struct fixture *x = *state;
    for (int server = 0; server < 2; server++) {
        struct beep_world w;
        bw_env(&w);
        with_tls(&w, x, RUN_TLS_MODERN);
        if (server) w.setup[0].tls_client = NULL;
        else w.setup[1].tls_server = NULL;
        assert_int_equal(bw_open(&w), OK);
        bw_run(&w, 200);
        assert_int_equal(w.side[0].greeted, 0);
        assert_true(bw_over(&w, 0) && bw_over(&w, 1));
        assert_string_equal(beep_peer_why(w.side[1].p), ""); /* it was released in order */
        assert_string_equal(beep_peer_why(w.side[0].p), server ? "TLS is asked for and not configured" : "peer does not offer TLS");
        bw_close(&w);
        assert_int_equal(w.f.live, 0);
    }
}

/* The handshake fails: both end the session and say why. */
static void tls_fails(void **state)
{
    struct fixture *x = *state;
    struct beep_world w;
    bw_env(&w);
    with_tls(&w, x, RUN_TLS_MODERN);
    w.setup[0].tls_client = x->tls[RUN_TLS_DRAFT][1];
    assert_int_equal(bw_open(&w), OK);
    bw_run(&w, 5000);
    for (int i = 0; i < 2; i++) {
        assert_true(bw_over(&w, i));
        assert_non_null(strstr(beep_peer_why(w.side[i].p), i ? "TLS: " : ""));
        assert_string_not_equal(beep_peer_why(w.side[i].p), "");
        assert_int_equal(w.side[i].greeted, i);
    }
    bw_close(&w);
    assert_int_equal(w.f.live, 0);
}

static bool layered(enum sasl_mech m, enum sasl_qop qop)
{
    return m == SASL_DIGEST_MD5 && qop != SASL_QOP_AUTH;
}

static void one_good(struct fixture *x, enum sasl_mech m, enum sasl_qop qop, size_t k, int bare, int kind)
{
    struct beep_world w;
    struct beep_profile app;
    bw_env(&w);
    struct sasl_options so = server_options(x), co = client_options();
    so.qop = co.qop = qop;
    if (m == SASL_ANONYMOUS) co.trace = "me@host.test";
    if (kind) with_tls(&w, x, kind);
    with_sasl(&w, &so, &co, sasl_mech_names[m]);
    w.split = splits[k];
    w.setup[0].bare = bare;
    w.setup[1].need_auth = true;
    assert_int_equal(bw_open(&w), OK);
    bw_run(&w, 200);
    for (int i = 0; i < 2; i++) {
        assert_string_equal(w.side[i].said, "");
        assert_true(w.side[i].p->authenticated);
        assert_int_equal(beep_peer_secured(w.side[i].p), kind != 0);
    }
    assert_int_equal(w.side[0].greeted, 1);
    const char *who = beep_peer_identity(w.side[1].p);
    if (m == SASL_ANONYMOUS) assert_string_equal(who, "anonymous");
    else if (m != SASL_EXTERNAL) assert_string_equal(who, "alice");
    else assert_true(who[0] != 0);
    assert_int_equal(w.side[1].p->c.layer != NULL, layered(m, qop) && !kind);
    /* profiles of tuning are not offered any more where greetings were anew */
    if (layered(m, qop) && !kind) {
        assert_false(beep_peer_offers(w.side[0].p, BEEP_URI_SASL "PLAIN"));
        assert_false(beep_peer_offers(w.side[0].p, BEEP_URI_TLS));
        assert_true(beep_peer_offers(w.side[0].p, BEEP_URI_ECHO));
    }
    use(&w, &app);
    bw_close(&w);
    sasl_gone(&w);
}

static void mechanisms(void **state)
{
    struct fixture *x = *state;
    for (unsigned m = 0; m < SASL_MECHS; m++) {
        for (size_t k = 0; k < 3; k++) {
            for (int bare = 0; bare < 2; bare++) {
                if (m != SASL_EXTERNAL) one_good(x, (enum sasl_mech)m, SASL_QOP_AUTH, k, bare, 0);
                if (m == SASL_DIGEST_MD5) one_good(x, (enum sasl_mech)m, SASL_QOP_INT, k, bare, 0);
                if (k == 0) one_good(x, (enum sasl_mech)m, SASL_QOP_ANY, k, bare, RUN_TLS_MODERN);
                if (k == 0) one_good(x, (enum sasl_mech)m, SASL_QOP_ANY, k, bare, RUN_TLS_DRAFT);
            }
        }
    }
}

/* The wrong password, a user who is not there, an identity that is not the user's, a mechanism that is not to be had. */
static void refused(void **state)
{
    struct fixture *x = *state;
    for (unsigned m = SASL_PLAIN; m < SASL_MECHS; m++) {
        for (int how = 0; how < 3; how++) {
            for (int bare = 0; bare < 2; bare++) {
                struct beep_world w;
                bw_env(&w);
                struct sasl_options so = server_options(x), co = client_options();
                if (how == 0) co.password = "wrong";
                if (how == 1) co.user = "mallory";
                if (how == 2) so.offered = SASL_ALL & ~SASL_BIT(m);
                with_sasl(&w, &so, &co, sasl_mech_names[m]);
                w.setup[0].bare = bare;
                assert_int_equal(bw_open(&w), OK);
                bw_run(&w, 200);
                assert_int_equal(w.side[0].greeted, 0);
                assert_false(w.side[0].p->authenticated || w.side[1].p->authenticated);
                assert_true(bw_over(&w, 0) && bw_over(&w, 1));
                assert_string_equal(beep_peer_identity(w.side[1].p), "");
                assert_string_equal(beep_peer_why(w.side[1].p), "");
                assert_string_not_equal(beep_peer_why(w.side[0].p), "");
                if (how < 2) assert_non_null(strstr(w.side[1].said, "535"));
                else assert_non_null(strstr(w.side[0].said, "does not offer"));
                bw_close(&w);
                sasl_gone(&w);
            }
        }
    }
}

/* A server that does not know the password and claims success all the same. */
static void server_is_wrong(void **state)
{
    struct fixture *x = *state;
    struct sasl_users *others;
    assert_int_equal(sasl_users_parse(&x->env, SLICE_LIT("alice other\n"), "users", &others, NULL, 0), OK);
    for (unsigned m = SASL_DIGEST_MD5; m < SASL_MECHS; m++) {
        struct beep_world w;
        bw_env(&w);
        struct sasl_options so = server_options(x), co = client_options();
        so.users = others;
        with_sasl(&w, &so, &co, sasl_mech_names[m]);
        assert_int_equal(bw_open(&w), OK);
        bw_run(&w, 200);
        assert_int_equal(w.side[0].greeted, 0);
        assert_false(w.side[0].p->authenticated);
        bw_close(&w);
        sasl_gone(&w);
    }
    sasl_users_free(others);
}

/* What is not to be had before TLS or SASL is declined with 530. */
static void not_before(void **state)
{
    struct fixture *x = *state;
    for (int need = 1; need < 4; need++) {
        struct beep_world w;
        bw_env(&w);
        struct sasl_options so = server_options(x), co = client_options();
        with_sasl(&w, &so, &co, NULL);
        with_tls(&w, x, RUN_TLS_MODERN);
        w.setup[0].want_tls = false;
        w.setup[1].need_tls = need & 1;
        w.setup[1].need_auth = need & 2;
        struct beep_profile app = bw_profile(&w, BEEP_URI_ECHO);
        assert_int_equal(bw_open(&w), OK);
        bw_run(&w, 200);
        assert_false(beep_peer_offers(w.side[0].p, BEEP_URI_ECHO));
        assert_true(beep_peer_offers(w.side[0].p, BEEP_URI_TLS));
        struct bw_chan *c = bw_start(&w, 0, &app, SLICE_LIT("x"), net_now(w.net));
        bw_run(&w, 200);
        assert_int_equal(c->no.code, 530);
        bw_close(&w);
        sasl_gone(&w);
    }
}

/* What encrypts nothing is not listed where it needs it, and listed behind TLS. */
static void listed(void **state)
{
    struct fixture *x = *state;
    for (int kind = 0; kind < 3; kind += 2) {
        struct beep_world w;
        bw_env(&w);
        struct sasl_options so = server_options(x), co = client_options();
        so.clear_needs_encryption = true;
        so.weak = SASL_BIT(SASL_CRAM_MD5);
        so.offered = SASL_ALL & ~SASL_BIT(SASL_ANONYMOUS);
        with_sasl(&w, &so, &co, NULL);
        if (kind) with_tls(&w, x, kind);
        assert_int_equal(bw_open(&w), OK);
        bw_run(&w, 200);
        assert_int_equal(beep_peer_offers(w.side[0].p, BEEP_URI_SASL "PLAIN"), kind != 0);
        assert_true(beep_peer_offers(w.side[0].p, BEEP_URI_SASL "CRAM-MD5"));
        assert_false(beep_peer_offers(w.side[0].p, BEEP_URI_SASL "ANONYMOUS"));
        bw_close(&w);
        sasl_gone(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tls),     cmocka_unit_test(no_tls_to_be_had), cmocka_unit_test(tls_fails),  cmocka_unit_test(mechanisms),
        cmocka_unit_test(refused), cmocka_unit_test(server_is_wrong),  cmocka_unit_test(not_before), cmocka_unit_test(listed),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
