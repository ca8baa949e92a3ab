/* SPDX-License-Identifier: MIT */
/* The proxy between stubs and between BEEP peers: every form of element, chains, what passes, ends. */
#include "test/tunnel_world.h"

static const enum link_split splits[] = {SPLIT_WHOLE, SPLIT_BYTES, SPLIT_RANDOM};

/* --- one proxy between stubs
 * ---------------------------------------------------------------------------------------------------- */

#define ASKS(el)                                                                                             \
    {NULL, "RPY", 0, 0, TW_HEAD "<greeting />\r\n", 0},                                                      \
    {                                                                                                        \
        "END\r\n", "MSG", 0, 1, TW_START("1", el), 0                                                         \
    }
#define INNER(attrs) "<tunnel " attrs "><tunnel/></tunnel>"
#define TO_T         INNER("fqdn='t.example' port='604'")
#define GREETS                                                                                               \
    {                                                                                                        \
        NULL, "RPY", 0, 0, TW_GREETING, 0                                                                    \
    }

/* The ladder of 2.1, octet for octet, with octets that come coalesced with either ok. */
static void one_hop(void **state)
{
    static const struct tw_rule near[] = {ASKS(TO_T),
                                          {"<ok />", NULL, 0, 0, NULL, 0},
                                          {"END\r\n", NULL, 0, 0, "hello from near", 0},
                                          {"bye", NULL, 0, 0, "bye near", TW_FIN}};
    static const struct tw_rule far[] = {GREETS,
                                         {"<tunnel/>", "RPY", 0, 1, TW_OK, 0},
                                         {NULL, NULL, 0, 0, "coalesced \x01\xff", 0},
                                         {"hello from near", NULL, 0, 0, "bye far", TW_FIN}};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct tunnel_world w;
        tw_init(&w);
        w.split = splits[i];
        tw_open(&w, 1);
        struct tw_stub *f = TW_LISTEN(&w, "t.example:604", far), *n = TW_DIAL(&w, "p1.example:604", near);
        tw_run(&w, 5000);
        tw_wants(n, "<ok />");
        tw_wants(n, "END\r\ncoalesced \x01\xff"
                    "bye far");
        tw_wants(f, "number='1'");
        assert_false(tw_heard(f, "t.example"));
        assert_false(tw_heard(f, "SEQ 0 1"));
        slice in = buf_slice(&f->in);
        assert_true(in.n > 23 && memcmp(in.p + in.n - 28, "END\r\nhello from nearbye near", 28) == 0);
        assert_int_equal(n->ends, 1);
        assert_int_equal(f->ends, 1);
        assert_int_equal(w.proxy[0].through, 1);
        assert_int_equal(w.proxy[0].lives, 0); /* it is over and freed */
        tw_close(&w);
    }
}

/* 2.4: a last hop without BEEP, which speaks first. */
static void last_hop(void **state)
{
    static const struct tw_rule near[] = {ASKS("<tunnel fqdn='t.example' port='23'/>"),
                                          {"login:", NULL, 0, 0, "me", 0},
                                          {"me too", NULL, 0, 0, NULL, TW_RESET}};
    static const struct tw_rule far[] = {{NULL, NULL, 0, 0, "login:", 0}, {"me", NULL, 0, 0, "me too", 0}};
    static const struct tw_rule mute[] = {{"me", NULL, 0, 0, "me too", 0}};
    static const struct tw_rule eager[] = {ASKS("<tunnel fqdn='t.example' port='23'/>"),
                                           {"<ok />", NULL, 0, 0, "me", 0},
                                           {"me too", NULL, 0, 0, NULL, TW_RESET}};
    (void)state;
    for (int silent = 0; silent < 2; silent++) {
        struct tunnel_world w;
        tw_init(&w);
        tw_open(&w, 1);
        struct tw_stub *f = silent ? TW_LISTEN(&w, "t.example:23", mute) : TW_LISTEN(&w, "t.example:23", far);
        struct tw_stub *n =
            silent ? TW_DIAL(&w, "p1.example:604", eager) : TW_DIAL(&w, "p1.example:604", near);
        tw_run(&w, 5000);
        tw_wants(n, silent ? "END\r\nme too" : "END\r\nlogin:me too");
        assert_int_equal(f->in.n, 2); /* no octet of the proxy's own */
        assert_int_equal(f->how, LINK_RESET);
        tw_close(&w);
    }
}

/* Every form of the outermost element, in the start and on the channel. */
static void forms(void **state)
{
    static const struct {
        const char *el, *at;
    } row[] = {
        {TO_T, "t.example:604"},
        {INNER("ip4='10.0.0.9' port='10290'"), "10.0.0.9:10290"},
        {INNER("ip6='fe80::1' port='7'"), "[fe80::1]:7"},
        {INNER("fqdn='t.example' srv='_beep._tcp' port='9'"),
         "t.example:9"}, /* without a resolver SRV fails */
        {"<tunnel profile='http://draftproof.invalid/SEP2'/>", "t.example:604"},
        {"<tunnel endpoint='operator &quot;console&quot;'/>", "t.example:604"},
    };
    static const struct tw_rule far[] = {
        GREETS, {"<tunnel/>", "RPY", 0, 1, TW_OK, 0}, {NULL, NULL, 0, 0, "hi", 0}};
    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        for (int later = 0; later < 2; later++) {
            struct tunnel_world w;
            char text[600];
            const char *why;
            tw_init(&w);
            assert_int_equal(tunnel_chain_read(&w.env, SLICE_LIT("t.example:604"), &w.via, &why), OK);
            struct tunnel_route route[] = {{false, "http://draftproof.invalid/SEP2", &w.via},
                                           {true, "operator \"console\"", &w.via}};
            w.proxy[0].s.route = route;
            w.proxy[0].s.routes = 2;
            tw_open(&w, 1);
            snprintf(text, sizeof text,
                     later ? TW_HEAD "%s"
                           : TW_HEAD "<start number='1'><profile uri='" TUNNEL_URI
                                     "'><![CDATA[%s]]></profile></start>",
                     row[i].el);
            struct tw_rule near[] = {{NULL, "RPY", 0, 0, TW_HEAD "<greeting />\r\n", 0},
                                     {"END\r\n", "MSG", 0, 1, later ? TW_START("1", "") : text, 0},
                                     {"RPY 0 1", NULL, 0, 0, NULL, 0},
                                     {"END\r\n", "MSG", 1, 1, text, 0}};
            struct tw_stub *f = TW_LISTEN(&w, row[i].at, far),
                           *n = tw_dial(&w, "p1.example:604", near, later ? 4 : 2);
            tw_run(&w, 5000);
            tw_wants(n, later ? "RPY 1 1 ." : "RPY 0 1 .");
            tw_wants(n, "END\r\nhi");
            assert_int_equal(f->ups, 1);
            tw_close(&w);
        }
    }
}

/* The next hop takes the element on the channel only. */
static void asks_on_channel(void **state)
{
    static const struct tw_rule near[] = {ASKS(TO_T)};
    static const struct tw_rule far[] = {
        GREETS,
        {"<tunnel/>", "RPY", 0, 1, TW_HEAD "<profile uri='" TUNNEL_URI "'/>", 0},
        {"MSG 1 1", NULL, 0, 0, NULL, 0},
        {"END\r\n", "RPY", 1, 1, TW_HEAD "<ok/>", 0},
        {NULL, NULL, 0, 0, "hi", 0}};
    static const struct tw_rule refuses[] = {
        GREETS,
        {"<tunnel/>", "RPY", 0, 1, TW_HEAD "<profile uri='" TUNNEL_URI "'/>", 0},
        {"MSG 1 1", NULL, 0, 0, NULL, 0},
        {"END\r\n", "ERR", 1, 1, TW_HEAD "<error code='537' xml:lang='de'>nein &lt;</error>", 0}};
    (void)state;
    struct tunnel_world w;
    tw_init(&w);
    tw_open(&w, 1);
    TW_LISTEN(&w, "t.example:604", far);
    struct tw_stub *n = TW_DIAL(&w, "p1.example:604", near);
    tw_run(&w, 5000);
    tw_wants(n, "END\r\nhi");
    tw_close(&w);
    tw_init(&w);
    tw_open(&w, 1);
    struct tw_stub *f = TW_LISTEN(&w, "t.example:604", refuses);
    n = TW_DIAL(&w, "p1.example:604", near);
    tw_run(&w, 5000);
    tw_wants(n, "<error code='537' xml:lang='de'>nein &lt;</error>");
    assert_int_equal(f->ends, 1);
    assert_int_equal(n->ends, 0);
    tw_close(&w);
}

/* --- looking up
 * --------------------------------------------------------------------------------------------------------------------
 */

struct lookup {
    struct endpoint *e;
    tunnel_found done;
    void *who;
    char asked[2][300];
    size_t queries, cancelled, n;
    bool at_once;
    struct tunnel_place place[3];
};

static err resolve(void *ctx, struct endpoint *e, const struct tunnel_query *q, tunnel_found done, void *who)
{
    struct lookup *l = ((struct tw_proxy *)ctx)->s.resolve
                           ? (struct lookup *)(void *)((struct tw_proxy *)ctx)->near.hooks.ctx
                           : NULL;
    assert_true(l && l->queries < 2);
    snprintf(l->asked[l->queries++], sizeof l->asked[0], "%s%s:%u", q->srv ? "srv " : "", q->name,
             (unsigned)q->port);
    l->e = e;
    l->done = done;
    l->who = who;
    if (l->at_once) done(who, l->place, q->srv ? 0 : l->n, "no such name", 2000);
    return OK;
}

static void cancel(void *ctx, void *who)
{
    struct lookup *l = ((struct tw_proxy *)ctx)->near.hooks.ctx;
    assert_ptr_equal(l->who, who);
    l->cancelled++;
}

/* Each name is judged before it is looked up, and each address behind that. */
static char judged[400];
static void by_rule(void *ctx, const struct tunnel_request *r, struct beep_refusal *no)
{
    size_t n = strlen(judged);
    (void)ctx;
    snprintf(judged + n, sizeof judged - n, "%s %s;", r->to, r->place ? r->place : "-");
    if (r->place && strcmp(r->place, "one:1") == 0) *no = (struct beep_refusal){554, "not one"};
}

static void with_lookup(struct tunnel_world *w, struct lookup *l)
{
    *l = (struct lookup){.n = 0};
    w->proxy[0].near.hooks.ctx = l;
    w->proxy[0].s.resolve = resolve;
    w->proxy[0].s.cancel = cancel;
}

static void looked_up(void **state)
{
    static const struct tw_rule near[] = {ASKS(INNER("fqdn='t.example' srv='_beep._tcp' port='9'"))};
    static const struct tw_rule far[] = {
        GREETS, {"<tunnel/>", "RPY", 0, 1, TW_OK, 0}, {NULL, NULL, 0, 0, "hi", 0}};
    struct tunnel_world w;
    struct lookup l;
    (void)state;
    /* the targets of SRV, in their order: the first is not there */
    tw_init(&w);
    with_lookup(&w, &l);
    w.proxy[0].s.allow = by_rule;
    judged[0] = 0;
    tw_open(&w, 1);
    TW_LISTEN(&w, "two:2", far);
    struct tw_stub *n = TW_DIAL(&w, "p1.example:604", near);
    tw_run(&w, 1000);
    assert_int_equal(l.queries, 1);
    assert_string_equal(l.asked[0], "srv _beep._tcp.t.example:0");
    assert_false(tw_heard(n, "RPY 0 1"));
    strcpy(l.place[0].to, "one:1");
    strcpy(l.place[1].to, "gone:7");
    strcpy(l.place[2].to, "two:2");
    l.done(l.who, l.place, 3, NULL, net_now(w.net));
    tw_run(&w, 1000);
    assert_string_equal(judged, "_beep._tcp.t.example:9 -;_beep._tcp.t.example:9 "
                                "one:1;_beep._tcp.t.example:9 gone:7;_beep._tcp.t.example:9 two:2;");
    tw_wants(n, "END\r\nhi");
    tw_close(&w);
    /* no SRV: the name and the port */
    tw_init(&w);
    with_lookup(&w, &l);
    w.proxy[0].s.allow = by_rule;
    judged[0] = 0;
    l.at_once = true;
    l.n = 1;
    strcpy(l.place[0].to, "three:3");
    tw_open(&w, 1);
    TW_LISTEN(&w, "three:3", far);
    n = TW_DIAL(&w, "p1.example:604", near);
    tw_run(&w, 1000);
    tw_wants(n, "END\r\nhi");
    assert_string_equal(l.asked[1], "t.example:9");
    assert_string_equal(judged, "_beep._tcp.t.example:9 -;t.example:9 -;t.example:9 three:3;");
    tw_close(&w);
    /* nor that */
    tw_init(&w);
    with_lookup(&w, &l);
    l.at_once = true;
    tw_open(&w, 1);
    n = TW_DIAL(&w, "p1.example:604", near);
    tw_run(&w, 1000);
    tw_wants(n, "code='450'");
    tw_wants(n, "no such name");
    tw_close(&w);
}

/* The one who asks leaves meanwhile, or it takes too long. */
static void lookup_left(void **state)
{
    static const struct tw_rule near[] = {ASKS(TO_T), {"SEQ", NULL, 0, 0, NULL, TW_FIN}};
    struct tunnel_world w;
    struct lookup l;
    (void)state;
    for (int leave = 0; leave < 2; leave++) {
        tw_init(&w);
        with_lookup(&w, &l);
        tw_open(&w, 1);
        struct tw_stub *n = tw_dial(&w, "p1.example:604", near, leave ? 3 : 2);
        tw_run(&w, 1000);
        assert_int_equal(l.queries, 1);
        if (!leave) tw_run(&w, 30000);
        if (!leave) tw_wants(n, "code='450'");
        tw_run(&w, 1000);
        assert_int_equal(l.cancelled, 1);
        tw_close(&w);
        assert_int_equal(l.cancelled, 1);
    }
}

/* --- BEEP peers at the ends
 * ----------------------------------------------------------------------------------------------------------
 */

static struct tunnel_world *the;
static struct beep_profile app;

static void app_started(struct beep_bound *b, slice answer, const struct beep_refusal *no, uint64_t now)
{
    (void)answer;
    uint32_t msgno = 0;
    if (!no->code)
        assert_int_equal(beep_peer_msg(b, &msgno, SLICE_LIT("\r\nfrom end to end"), true, now), OK);
}
static void app_octets(struct beep_bound *b, enum beep_keyword keyword, uint32_t msgno, uint32_t ansno,
                       slice octets, bool last, uint64_t now)
{
    struct tunnel_world *w = b->profile->ctx;
    (void)msgno;
    (void)ansno;
    (void)now;
    w->chan.got += octets.n;
    if (last && keyword == BEEP_RPY) w->chan.replies++;
}
static void app_answered(struct beep_bound *b, uint32_t msgno, enum beep_keyword keyword, uint64_t now)
{
    (void)msgno;
    (void)keyword;
    if (beep_peer_close(b->peer, 0, now) != OK) the->chan.errors++;
}
static void ends_greeted(void *ctx, struct beep_peer *p, uint64_t now)
{
    struct tunnel_world *w = ctx;
    uint32_t channel;
    w->greeted[0]++;
    if (beep_peer_start(p, &app, SLICE_NONE, &channel, now) != OK) w->chan.errors++;
}
static struct endpoint *target_accept(void *ctx, int *link, bool *owned)
{
    struct tunnel_world *w = ctx;
    struct beep_peer *p;
    if (beep_peer_new(&w->setup[1], false, NULL, &p) != OK) return NULL;
    w->targets++;
    p->e.link[0].split = w->split;
    *link = 0;
    *owned = true;
    return &p->e;
}

static const struct beep_profile *const target_profiles[] = {&tunnel_target, &beep_echo};

static void ends(struct tunnel_world *w, int proxies)
{
    char *text = w->route, bound[64];
    size_t room = sizeof w->route;
    bool bare = w->setup[0].bare;
    const char *why;
    the = w;
    app = (struct beep_profile){.uri = BEEP_URI_ECHO,
                                .ctx = w,
                                .started = app_started,
                                .octets = app_octets,
                                .answered = app_answered};
    for (int i = 1; i < proxies; i++)
        snprintf(text + strlen(text), room - strlen(text), "p%d.example:604 ", i + 1);
    snprintf(text + strlen(text), room - strlen(text), "t.example:604");
    assert_int_equal(tunnel_chain_read(&w->env, slice_str(text), &w->via, &why), OK);
    w->setup[0] = (struct beep_setup){.env = &w->env,
                                      .mux = beep_mux_usual,
                                      .via = &w->via,
                                      .bare = bare,
                                      .hooks = {.ctx = w, .greeted = ends_greeted}};
    w->setup[1] =
        (struct beep_setup){.env = &w->env, .mux = beep_mux_usual, .profile = target_profiles, .profiles = 2};
    assert_int_equal(net_listen(w->net, "t.example:604", target_accept, w, bound, sizeof bound, NULL, 0), OK);
}

static err begin(struct tunnel_world *w)
{
    TRY(beep_peer_new(&w->setup[0], true, "p1.example:604", &w->peer[0]));
    w->peer[0]->e.link[0].split = w->split;
    return net_add(w->net, &w->peer[0]->e, false);
}

static void chains(void **state)
{
    static const int lengths[] = {1, 2, 8};
    (void)state;
    for (size_t i = 0; i < 9; i++) {
        struct tunnel_world w;
        tw_init(&w);
        w.split = splits[i % 3];
        w.setup[0].bare = i > 5;
        tw_open(&w, lengths[i / 3]);
        ends(&w, lengths[i / 3]);
        assert_int_equal(begin(&w), OK);
        tw_run(&w, 1000);
        if (!w.chan.replies) fail_msg("%s", beep_peer_why(w.peer[0]));
        assert_int_equal(w.chan.replies, 1);
        assert_int_equal(w.chan.got, 17);
        assert_int_equal(w.greeted[0], 1);
        assert_int_equal(w.chan.errors, 0);
        tw_run(&w, 5000);
        assert_string_equal(beep_peer_why(w.peer[0]), "");
        for (int k = 0; k < lengths[i / 3]; k++)
            assert_int_equal(w.proxy[k].lives, 0);
        tw_close(&w);
    }
}

/* --- octets
 * ------------------------------------------------------------------------------------------------------------------------------
 */

enum { BIG = 64 << 20 };

static void big(void **state)
{
    static const struct tw_rule near[] = {
        ASKS("<tunnel fqdn='p2.example' port='604'><tunnel fqdn='t.example' port='1'/></tunnel>"),
        {"<ok />", NULL, 0, 0, NULL, 0},
        {"END\r\n", NULL, 0, 0, NULL, 0}};
    struct tunnel_world w;
    (void)state;
    tw_init(&w);
    tw_open(&w, 2);
    struct tw_stub *f = tw_listen(&w, "t.example:1", NULL, 0), *n = TW_DIAL(&w, "p1.example:604", near);
    tw_flood(n, f, BIG);
    /* for a while the far side reads nothing: nobody keeps more than his buffer */
    f->e.link[0].pause = true;
    tw_run(&w, 20000);
    assert_true(n->sent < 4 << 20);
    assert_true(w.f.peak < 4 << 20);
    f->e.link[0].pause = false;
    tw_run(&w, 5000);
    tw_flooded(n, f);
    assert_true(w.f.peak < 4 << 20);
    assert_int_equal(n->ends + f->ends, 2);
    assert_int_equal(w.proxy[0].lives + w.proxy[1].lives, 0);
    tw_close(&w);
}

/* A direction that ended while nothing comes in the other is not kept for ever. */
static void half_open(void **state)
{
    static const struct tw_rule near[] = {ASKS("<tunnel fqdn='t.example' port='1'/>"),
                                          {"<ok />", NULL, 0, 0, "last words", TW_FIN}};
    struct tunnel_world w;
    (void)state;
    tw_init(&w);
    tw_open(&w, 1);
    struct tw_stub *f = tw_listen(&w, "t.example:1", NULL, 0), *n = TW_DIAL(&w, "p1.example:604", near);
    f->stays = true;
    tw_run(&w, 30000);
    tw_wants(f, "last words");
    assert_int_equal(f->ends, 1);
    assert_int_equal(n->ends, 0);
    tw_run(&w, 60000);
    assert_int_equal(n->ends, 1);
    assert_int_equal(w.proxy[0].lives, 0);
    tw_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_hop),         cmocka_unit_test(last_hop),  cmocka_unit_test(forms),
        cmocka_unit_test(asks_on_channel), cmocka_unit_test(looked_up), cmocka_unit_test(lookup_left),
        cmocka_unit_test(chains),          cmocka_unit_test(big),       cmocka_unit_test(half_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
