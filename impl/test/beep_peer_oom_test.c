/* SPDX-License-Identifier: MIT */
/* Every n-th allocation fails, over whole sessions of two BEEP peers: nothing crashes, leaks or hangs, and nobody takes for done what was not. */
#include "test/beep_world.h"
#include "test/keyed.h"

enum { RUNS_MAX = 20000 };

static int setup(void **state)
{
    return keyed_setup(state, (struct identity_policy){.no_resumption = true}, SLICE_LIT("alice wonder\n"));
}

static struct beep_profile echo, many;
static char text[6000];
static bool begun;

/* What the application does once it may. */
static void go(struct beep_world *w, int side, uint64_t now)
{
    if (side || begun) return;
    begun = true;
    bw_start(w, 0, &echo, slice_of(text, sizeof text), now);
    bw_start(w, 0, &many, SLICE_LIT("\r\ncount 5 size 900"), now);
}

static err play(struct beep_world *w)
{
    begun = false;
    err e = bw_open(w);
    if (e == OK) {
        bw_run(w, 500);
        if (w->chans == 2 && w->side[1].p && !bw_over(w, 1)) bw_start(w, 1, &echo, SLICE_LIT("other way"), net_now(w->net));
        bw_run(w, 500);
        for (size_t i = 0; i < w->chans; i++) {
            struct bw_chan *c = &w->chan[i];
            if (c->b && w->side[i == 2].p && beep_peer_close(w->side[i == 2].p, c->channel, net_now(w->net)) != OK) continue;
        }
        bw_run(w, 500);
        if (w->side[0].p && beep_peer_close(w->side[0].p, 0, net_now(w->net)) != OK) bw_run(w, 1);
        bw_run(w, 10 * 60 * 1000); /* deadlines end what a failure left lying about */
        for (int i = 0; i < 2; i++)
            if (w->side[i].p && w->side[i].p->e.link[0].state == LINK_UP) assert_true(bw_over(w, i));
    }
    bw_close(w);
    return e;
}

static void whole(struct beep_world *w)
{
    size_t n = 0, step = 1, had = w->f.live;
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (char)(' ' + i % 90);
    echo = bw_profile(w, BEEP_URI_ECHO);
    many = bw_profile(w, BEEP_URI_MANY);
    w->on_greeted = go;
    bool fine;
    do {
        assert_true((n += step) < RUNS_MAX);
        w->f.calls = 0;
        w->f.fail_at = n;
        err e = play(w);
        assert_int_equal(w->f.live, had);
        fine = e == OK && w->chans == 3;
        for (size_t i = 0; i < w->chans; i++) {
            const struct bw_chan *c = &w->chan[i];
            assert_false(c->wrong);
            assert_true(c->replies + c->errors + c->nuls <= 1);
            assert_int_equal(c->b ? 1 : 0, 0);
            if (c->replies) assert_int_equal(c->got, c->message.n);
            fine = fine && (c->replies || c->nuls);
        }
        assert_true(fine || w->f.calls >= n);
    } while (w->f.calls >= n);
    w->f.fail_at = 0;
    assert_true(fine); /* the run in which nothing failed */
    assert_true(n > 100);
}

static void in_clear(void **state)
{
    struct beep_world w;
    (void)state;
    bw_env(&w);
    whole(&w);
    w.split = SPLIT_RANDOM;
    whole(&w);
}

static void with_tls(void **state)
{
    struct fixture *x = *state;
    struct beep_world w;
    bw_env(&w);
    w.setup[1].tls_server = x->tls[0];
    w.setup[0].tls_client = x->tls[1];
    w.setup[0].want_tls = true;
    whole(&w);
}

static void with_sasl(void **state)
{
    struct fixture *x = *state;
    static const enum sasl_mech mechs[] = {SASL_PLAIN, SASL_DIGEST_MD5};
    for (size_t i = 0; i < 2; i++) {
        struct beep_world w;
        bw_env(&w);
        struct sasl_options so = {.side = SASL_SERVER, .hostname = "h.test", .offered = SASL_BIT(mechs[i]), .users = x->users, .qop = SASL_QOP_ANY};
        struct sasl_options co = {.side = SASL_CLIENT, .hostname = "h.test", .offered = SASL_ALL, .user = "alice", .password = "wonder", .qop = SASL_QOP_ANY};
        assert_int_equal(sasl_context_new(&w.env, &so, &w.setup[1].sasl_server, NULL, 0), OK);
        assert_int_equal(sasl_context_new(&w.env, &co, &w.setup[0].sasl_client, NULL, 0), OK);
        w.setup[0].sasl_mechanism = sasl_mech_names[mechs[i]];
        w.setup[1].need_auth = true;
        whole(&w);
        sasl_context_free(w.setup[1].sasl_server);
        sasl_context_free(w.setup[0].sasl_client);
        assert_int_equal(w.f.live, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_clear),
        cmocka_unit_test(with_tls),
        cmocka_unit_test(with_sasl),
    };
    return cmocka_run_group_tests(tests, setup, keyed_teardown);
}
