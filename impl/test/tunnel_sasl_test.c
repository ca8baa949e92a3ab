/* SPDX-License-Identifier: MIT */
/* Proxies that let nobody through who does not say who he is (RFC 3620 2, 7): an initiator that authenticates
 * to the first of them before it asks for its tunnel, a proxy that does so to the next one, and an end that
 * knows neither. */
#include "test/keyed.h"
#include "test/tunnel_world.h"

#include "run/identity.h"

static const enum link_split splits[] = {SPLIT_WHOLE, SPLIT_BYTES, SPLIT_RANDOM};

struct who {
    const char *user, *password;
    enum sasl_qop qop;
};

struct row {
    const char *about;
    struct who via, hop, end; /* of the initiator to the first proxy, of that to the second, of the initiator
                                 to the end; user NULL: nobody */
    bool open[2];             /* does that proxy ask nobody? */
    bool tls;
    const char *seen[2]; /* whom the proxies took those who asked for; NULL: they were not asked */
    const char *why;     /* part of why there was no tunnel; NULL: it stands */
};

static const struct row rows[] = {
    {"both know who asks, and TLS is from end to end",
     {"alice", "wonder", 0},
     {"site", "gate", 0},
     {0},
     {0},
     true,
     {"alice", "site"},
     NULL},
    {"the end asks as well, and is told another name",
     {"alice", "wonder", 0},
     {"site", "gate", 0},
     {"bob", "builder", 0},
     {0},
     true,
     {"alice", "site"},
     NULL},
    {"the second asks nobody",
     {"alice", "wonder", 0},
     {"site", "gate", 0},
     {0},
     {false, true},
     false,
     {"alice", ""},
     NULL},
    {"the initiator says nothing", {0}, {"site", "gate", 0}, {0}, {0}, false, {NULL, NULL}, "530"},
    {"it has a wrong password",
     {"alice", "wander", 0},
     {"site", "gate", 0},
     {0},
     {0},
     false,
     {NULL, NULL},
     "not authenticated"},
    {"the first asks nobody, and so cannot be told",
     {"alice", "wonder", 0},
     {"site", "gate", 0},
     {0},
     {true, false},
     false,
     {NULL, NULL},
     "the proxy does not offer SCRAM-SHA-256"},
    {"a layer is no place for TUNNEL",
     {"alice", "wonder", SASL_QOP_ANY},
     {"site", "gate", 0},
     {0},
     {0},
     false,
     {NULL, NULL},
     "does not offer TUNNEL"},
    {"the first proxy says nothing",
     {"alice", "wonder", 0},
     {0},
     {0},
     {0},
     false,
     {"alice", NULL},
     "530 p2.example:604"},
    {"the first proxy has a wrong password",
     {"alice", "wonder", 0},
     {"site", "gape", 0},
     {0},
     {0},
     false,
     {"alice", NULL},
     "550 p1.example:604: p2.example:604: not authenticated"},
};

struct world {
    struct tunnel_world w;
    const struct row *row;
    struct sasl_context *made[6];
    size_t mades;
    char seen[2][40];
    unsigned asked[2];
    struct beep_facts facts; /* of the end */
    char identity[40];
    const char *end_says;
    struct beep_peer *end;
};

static struct world *the;

static struct sasl_context *context(struct world *x, const struct sasl_options *o)
{
    struct sasl_context *c;
    char why[200] = "";
    if (sasl_context_new(&x->w.env, o, &c, why, sizeof why) != OK) fail_msg("%s", why);
    x->made[x->mades++] = c;
    return c;
}

static struct sasl_context *client(struct world *x, const struct who *who)
{
    struct sasl_options o = {.side = SASL_CLIENT,
                             .hostname = "h.test",
                             .qop = who->qop,
                             .offered = SASL_ALL,
                             .user = who->user,
                             .password = who->password};
    return who->user ? context(x, &o) : NULL;
}

static const char *mechanism(const struct who *who)
{
    if (!who->user) return NULL;
    return who->qop == SASL_QOP_ANY ? "DIGEST-MD5" : "SCRAM-SHA-256";
}

static void by_name(void *ctx, const struct tunnel_request *r, struct beep_refusal *no)
{
    const struct tw_proxy *p = ctx;
    int i = p == &the->w.proxy[1];
    (void)no;
    if (r->place) return;
    the->asked[i]++;
    snprintf(the->seen[i], sizeof the->seen[i], "%s", r->identity);
}

static void end_greeted(void *ctx, struct beep_peer *p, uint64_t now)
{
    struct world *x = ctx;
    (void)now;
    if (beep_peer_tunnelled(p)) x->w.greeted[1]++;
    x->end = p;
}

static void greeted(void *ctx, struct beep_peer *p, uint64_t now)
{
    struct world *x = ctx;
    (void)now;
    assert_true(beep_peer_tunnelled(p));
    x->w.greeted[0]++;
}

static struct endpoint *end_accept(void *ctx, int *link, bool *owned)
{
    struct world *x = ctx;
    struct beep_peer *p;
    if (beep_peer_new(&x->w.setup[1], false, NULL, &p) != OK) return NULL;
    p->e.link[0].split = x->w.split;
    *link = 0;
    *owned = true;
    return &p->e;
}

static const struct beep_profile *const end_profiles[] = {&tunnel_target, &beep_echo};

static void begin(struct world *x, const struct fixture *f, const struct row *row, enum link_split split)
{
    struct tunnel_world *w = &x->w;
    struct sasl_options so = {.side = SASL_SERVER,
                              .hostname = "h.test",
                              .qop = SASL_QOP_ANY,
                              .offered = SASL_ALL,
                              .users = f->users,
                              .scram_rounds = 16};
    char bound[64];
    const char *why;
    *x = (struct world){.row = row};
    the = x;
    tw_init(w);
    w->split = split;
    struct sasl_context *server = context(x, &so);
    for (int i = 0; i < 2; i++) {
        w->proxy[i].near.sasl_server = row->open[i] ? NULL : server;
        w->proxy[i].s.need_auth = !row->open[i];
        w->proxy[i].s.allow = by_name;
    }
    w->proxy[0].s.hop_sasl = client(x, &row->hop);
    w->proxy[0].s.hop_mechanism = mechanism(&row->hop);
    assert_int_equal(tunnel_chain_read(&w->env, SLICE_LIT("p2.example:604 t.example:604"), &w->via, &why),
                     OK);
    w->setup[0] = (struct beep_setup){.env = &w->env,
                                      .mux = beep_mux_usual,
                                      .via = &w->via,
                                      .via_sasl = client(x, &row->via),
                                      .via_mechanism = mechanism(&row->via),
                                      .sasl_client = client(x, &row->end),
                                      .sasl_mechanism = mechanism(&row->end),
                                      .tls_client = row->tls ? f->tls[1] : NULL,
                                      .want_tls = row->tls,
                                      .hooks = {.ctx = x, .greeted = greeted}};
    w->setup[1] =
        (struct beep_setup){.env = &w->env,
                            .mux = beep_mux_usual,
                            .profile = end_profiles,
                            .profiles = 2,
                            .sasl_server = server, /* whoever proves something here is known by it */
                            .tls_server = row->tls ? f->tls[0] : NULL,
                            .hooks = {.ctx = x, .greeted = end_greeted}};
    tw_open(w, 2);
    assert_int_equal(net_listen(w->net, "t.example:604", end_accept, x, bound, sizeof bound, NULL, 0), OK);
}

static err go(struct world *x)
{
    TRY(beep_peer_new(&x->w.setup[0], true, "p1.example:604", &x->w.peer[0]));
    x->w.peer[0]->e.link[0].split = x->w.split;
    return net_add(x->w.net, &x->w.peer[0]->e, false);
}

static void finish(struct world *x)
{
    struct sasl_context *made[6];
    size_t n = x->mades;
    memcpy(made, x->made, sizeof made);
    /* the contexts go when nobody uses them any more, and before memory is counted */
    if (x->w.peer[0]) {
        net_remove(x->w.net, &x->w.peer[0]->e);
        x->w.peer[0]->e.ops->free(&x->w.peer[0]->e);
        x->w.peer[0] = NULL;
    }
    tw_run(&x->w, 60 * 60 * 1000);
    for (size_t i = 0; i < n; i++)
        sasl_context_free(made[i]);
    tw_close(&x->w);
}

static void check_through(struct world *x)
{
    const struct row *row = x->row;
    struct beep_facts f;
    if (!x->w.greeted[0]) fail_msg("%s: %s\n%s", row->about, beep_peer_why(x->w.peer[0]), x->w.proxy[0].said);
    assert_int_equal(x->w.greeted[0], 1);
    assert_true(x->w.greeted[1] >= 1);
    beep_peer_facts(x->end, &f);
    assert_int_equal(f.secured, row->tls);
    assert_string_equal(f.identity, row->end.user ? row->end.user : "");
    assert_int_equal(beep_peer_secured(x->w.peer[0]), row->tls);
    assert_int_equal(x->w.proxy[0].through + x->w.proxy[1].through, 2);
}

static void who_asks(void **state)
{
    for (size_t i = 0; i < 3 * sizeof rows / sizeof *rows; i++) {
        const struct row *row = &rows[i / 3];
        struct world x;
        begin(&x, *state, row, splits[i % 3]);
        assert_int_equal(go(&x), OK);
        tw_run(&x.w, 15000);
        for (int k = 0; k < 2; k++) {
            if (x.asked[k] != (row->seen[k] != NULL))
                fail_msg("%s: proxy %d was asked %u times: %s\n%s", row->about, k + 1, x.asked[k],
                         beep_peer_why(x.w.peer[0]), x.w.proxy[0].said);
            if (row->seen[k]) assert_string_equal(x.seen[k], row->seen[k]);
        }
        const char *why = beep_peer_why(x.w.peer[0]);
        if (row->why && !strstr(why, row->why))
            fail_msg("%s: \"%s\" is not in \"%s\"", row->about, row->why, why);
        if (row->why)
            assert_int_equal(x.w.greeted[0] + x.w.greeted[1], 0);
        else
            check_through(&x);
        finish(&x);
    }
}

/* A hop that is the end of the tunnel gets no proof of the proxy's: it begins anew, and would not know whose
 * that was. */
static void end_is_told_nothing(void **state)
{
    const struct row row = {.via = {"alice", "wonder", 0}, .hop = {"site", "gate", 0}, .open = {false, true}};
    const char *why;
    struct world x;
    begin(&x, *state, &row, SPLIT_WHOLE);
    tunnel_msg_done(&x.w.via);
    assert_int_equal(tunnel_chain_read(&x.w.env, SLICE_LIT("stub.example:604"), &x.w.via, &why), OK);
    static const struct tw_rule far[] = {
        {NULL, "RPY", 0, 0,
         TW_HEAD "<greeting><profile uri='http://iana.org/beep/SASL/SCRAM-SHA-256'/><profile uri='" TUNNEL_URI
                 "'/></greeting>\r\n",
         0},
        {"<tunnel/>", "RPY", 0, 1, TW_OK, 0}};
    struct tw_stub *f = TW_LISTEN(&x.w, "stub.example:604", far);
    assert_int_equal(go(&x), OK);
    tw_run(&x.w, 5000);
    tw_wants(f, "<tunnel/>");
    assert_false(tw_heard(f, "SASL"));
    finish(&x);
}

/* A next hop that refuses who the proxy is, and then says nothing more, is not waited for. */
static void hop_falls_silent(void **state)
{
    static const struct row row = {.via = {"alice", "wonder", 0}, .hop = {"site", "gate", 0}};
    static const struct tw_rule far[] = {
        {NULL, "RPY", 0, 0,
         TW_HEAD "<greeting><profile uri='http://iana.org/beep/SASL/SCRAM-SHA-256'/><profile "
                 "uri='" TUNNEL_URI "'/></greeting>\r\n",
         0},
        {"MSG 0 1", "RPY", 0, 1,
         TW_HEAD "<profile uri='http://iana.org/beep/SASL/SCRAM-SHA-256'><![CDATA[<error "
                 "code='535'/>]]></profile>\r\n",
         0}};
    struct world x;
    const char *why;
    begin(&x, *state, &row, SPLIT_WHOLE);
    tunnel_msg_done(&x.w.via);
    assert_int_equal(tunnel_chain_read(&x.w.env, SLICE_LIT("stub.example:604 t.example:604"), &x.w.via, &why),
                     OK);
    struct tw_stub *f = TW_LISTEN(&x.w, "stub.example:604", far);
    assert_int_equal(go(&x), OK);
    tw_run(&x.w, 3000);
    tw_wants(f, "SASL/SCRAM-SHA-256");
    why = beep_peer_why(x.w.peer[0]);
    if (!strstr(why, "550") || !strstr(why, "not authenticated")) fail_msg("\"%s\"", why);
    assert_null(strstr(why, "it said")); /* its greeting was fine */
    finish(&x);
}

static void no_memory(void **state)
{
    bool fine = false;
    for (size_t n = 1; !fine; n += 1 + n / 100) {
        struct world x;
        assert_true(n < 20000);
        begin(&x, *state, &rows[2], SPLIT_WHOLE);
        x.w.f.calls = 0;
        x.w.f.fail_at = n;
        if (go(&x) == OK) {
            tw_run(&x.w, 10000);
            fine = x.w.f.calls < n && x.w.greeted[0] == 1;
        }
        x.w.f.fail_at = 0;
        finish(&x);
    }
}

static int setup(void **state)
{
    return keyed_setup(state, (struct identity_policy){.no_resumption = true}, SLICE_LIT("alice wonder\nsite gate\nbob builder\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(who_asks), cmocka_unit_test(end_is_told_nothing),
                                       cmocka_unit_test(hop_falls_silent), cmocka_unit_test(no_memory)};
    return cmocka_run_group_tests(tests, setup, keyed_teardown);
}
