/* SPDX-License-Identifier: MIT */
/* What a proxy refuses, and what it says and leaves behind when the far side does: nothing that stays open,
 * and a near session that goes on. */
#include "test/tunnel_world.h"

#define GREETING                                                                                             \
    {                                                                                                        \
        NULL, "RPY", 0, 0, TW_HEAD "<greeting />\r\n", 0                                                     \
    }
#define ASKS(el)                                                                                             \
    GREETING,                                                                                                \
    {                                                                                                        \
        "END\r\n", "MSG", 0, 1, TW_START("1", el), 0                                                         \
    }
#define TO_T "<tunnel fqdn='t.example' port='604'><tunnel/></tunnel>"
#define GREETS                                                                                               \
    {                                                                                                        \
        NULL, "RPY", 0, 0, TW_GREETING, 0                                                                    \
    }

/* Behind an error the same session asks again, on the same channel and on a new one, and gets its tunnel. */
static const struct tw_rule again[] = {
    ASKS(TO_T),
    {"RPY 0 1", NULL, 0, 0, NULL, 0},
    {"END\r\n", "MSG", 1, 1, TW_HEAD "<tunnel fqdn='nobody.example' port='1'/>\r\n", 0},
    {"ERR 1 1", NULL, 0, 0, NULL, 0},
    {"END\r\n", "MSG", 0, 2, TW_START("3", "<tunnel fqdn='good.example' port='1'/>"), 0},
    {"<ok />", NULL, 0, 0, NULL, 0},
    {"END\r\n", NULL, 0, 0, "works", 0},
    {"works too", NULL, 0, 0, NULL, TW_FIN}};
static const struct tw_rule good[] = {{"works", NULL, 0, 0, "works too", 0}};

static void far_fails(const struct tw_rule *far, size_t rules, bool stays, const char *code, const char *text,
                      uint64_t within)
{
    struct tunnel_world w;
    tw_init(&w);
    tw_open(&w, 1);
    w.proxy[0].s.setup_ms = 500;
    struct tw_stub *f = rules ? tw_listen(&w, "t.example:604", far, rules) : NULL,
                   *g = TW_LISTEN(&w, "good.example:1", good);
    struct tw_stub *n = TW_DIAL(&w, "p1.example:604", again);
    if (f) f->stays = stays;
    tw_run(&w, within);
    tw_wants(n, code);
    tw_wants(n, text);
    tw_wants(n, "ERR 1 1 .");
    tw_wants(g, "works");
    tw_wants(n, "works too");
    tw_run(&w, 5000);
    if (f) assert_int_equal(f->ups, 1);
    if (f) assert_int_equal(f->e.link[0].state, LINK_DOWN);
    assert_int_equal(w.proxy[0].lives, 0);
    tw_close(&w);
}
#define FAR_FAILS(far, stays, code, text)                                                                    \
    far_fails(far, sizeof(far) / sizeof *(far), stays, "code='" code "'", text, 900)

static void far_sides(void **state)
{
    static const struct tw_rule login[] = {{NULL, NULL, 0, 0, "login: ", 0}};
    static const struct tw_rule login_ends[] = {{NULL, NULL, 0, 0, "220 smtp\r\n", TW_FIN}};
    static const struct tw_rule without[] = {{NULL, "RPY", 0, 0, TW_HEAD "<greeting />\r\n", 0}};
    static const struct tw_rule unavailable[] = {
        {NULL, "ERR", 0, 0, TW_HEAD "<error code='421'>too busy</error>\r\n", 0}};
    static const struct tw_rule closes[] = {{NULL, NULL, 0, 0, NULL, TW_FIN}};
    static const struct tw_rule resets[] = {{NULL, NULL, 0, 0, NULL, TW_RESET}};
    static const struct tw_rule silent[] = {{"never", NULL, 0, 0, NULL, 0}};
    static const struct tw_rule answer_closes[] = {GREETS, {"<tunnel/>", NULL, 0, 0, NULL, TW_FIN}};
    static const struct tw_rule answer_resets[] = {GREETS, {"<tunnel/>", NULL, 0, 0, NULL, TW_RESET}};
    static const struct tw_rule answer_silent[] = {GREETS};
    static const struct tw_rule answer_garbage[] = {GREETS, {"<tunnel/>", NULL, 0, 0, "garbage\r\n", 0}};
    static const struct tw_rule answer_foo[] = {
        GREETS,
        {"<tunnel/>", "RPY", 0, 1, TW_HEAD "<profile uri='" TUNNEL_URI "'><![CDATA[<foo/>]]></profile>", 0}};
    static const struct tw_rule error_rpy[] = {
        GREETS,
        {"<tunnel/>", "RPY", 0, 1,
         TW_HEAD "<profile uri='" TUNNEL_URI
                 "'><![CDATA[<error code='537' xml:lang='de'>nein</error>]]></profile>",
         0}};
    static const struct tw_rule error_err[] = {
        GREETS, {"<tunnel/>", "ERR", 0, 1, TW_HEAD "<error code='550' xml:lang='fr'>non</error>", 0}};
    (void)state;
    FAR_FAILS(login, false, "550", "login: ");
    FAR_FAILS(login, true, "550", "login: ");
    FAR_FAILS(login_ends, true, "550", "220 smtp");
    FAR_FAILS(without, true, "550", "does not offer TUNNEL");
    FAR_FAILS(unavailable, true, "550", "421 too busy");
    FAR_FAILS(closes, true, "550", "t.example:604");
    FAR_FAILS(resets, true, "550", "t.example:604");
    FAR_FAILS(silent, true, "550", "did not greet in time");
    FAR_FAILS(answer_closes, true, "550", "ended");
    FAR_FAILS(answer_resets, true, "550", "ended");
    FAR_FAILS(answer_silent, true, "550", "did not answer in time");
    FAR_FAILS(answer_garbage, true, "550", "t.example:604");
    FAR_FAILS(answer_foo, true, "550", "something else");
    FAR_FAILS(error_rpy, true, "537", "<error code='537' xml:lang='de'>nein</error>");
    FAR_FAILS(error_err, true, "550", "<error code='550' xml:lang='fr'>non</error>");
    far_fails(NULL, 0, true, "code='450'", "p1.example:604: t.example:604 cannot be connected to", 900);
}

/* --- the near side
 * -------------------------------------------------------------------------------------------------------------------
 */

/* It leaves while the next hop holds its ok back: what was opened for it is closed (4.19). */
static void near_leaves(void **state)
{
    static const struct tw_rule far[] = {GREETS};
    static const struct tw_rule mute[] = {{"never", NULL, 0, 0, NULL, 0}};
    static const struct tw_rule near[] = {ASKS(TO_T)};
    (void)state;
    for (int how = 0; how < 4; how++) {
        struct tunnel_world w;
        tw_init(&w);
        tw_open(&w, 1);
        struct tw_stub *f = how & 1 ? TW_LISTEN(&w, "t.example:604", mute)
                                    : TW_LISTEN(&w, "t.example:604", far),
                       *n = TW_DIAL(&w, "p1.example:604", near);
        f->stays = true;
        tw_run(&w, 1000);
        assert_int_equal(f->ups, 1);
        assert_int_equal(f->ends, 0);
        if (how & 2)
            n->e.link[0].drop = true;
        else
            n->e.link[0].fin = true;
        tw_run(&w, 100);
        assert_true(f->ends > 0);
        tw_run(&w, 5000);
        assert_int_equal(w.proxy[0].lives, 0);
        tw_close(&w);
    }
}

/* Requests that come while one is under way are answered behind it, when it fails; and not at all when it
 * succeeds. */
static void while_under_way(void **state)
{
    static const struct tw_rule near[] = {GREETING,
                                          {"END\r\n", "MSG", 0, 1, TW_START("1", ""), 0},
                                          {NULL, "MSG", 0, 2, TW_START("3", ""), 0},
                                          {"RPY 0 2", NULL, 0, 0, NULL, 0},
                                          {"END\r\n", "MSG", 1, 1, TW_HEAD TO_T, 0},
                                          {NULL, "MSG", 1, 2, TW_HEAD TO_T, 0},
                                          {NULL, "MSG", 3, 1, TW_HEAD TO_T, 0},
                                          {NULL, "MSG", 0, 3, TW_START("5", TO_T), 0}};
    static const struct tw_rule refuses[] = {
        GREETS, {"<tunnel/>", "ERR", 0, 1, TW_HEAD "<error code='537'>no</error>", 0}};
    static const struct tw_rule agrees[] = {
        GREETS, {"<tunnel/>", "RPY", 0, 1, TW_OK, 0}, {NULL, NULL, 0, 0, "through", 0}};
    (void)state;
    for (int ok = 0; ok < 2; ok++) {
        struct tunnel_world w;
        tw_init(&w);
        tw_open(&w, 1);
        if (ok)
            TW_LISTEN(&w, "t.example:604", agrees);
        else
            TW_LISTEN(&w, "t.example:604", refuses);
        struct tw_stub *n = TW_DIAL(&w, "p1.example:604", near);
        tw_run(&w, 5000);
        if (ok) {
            tw_wants(n, "RPY 1 1 .");
            tw_wants(n, "END\r\nthrough");
            assert_false(tw_heard(n, "ERR"));
        } else {
            tw_wants(n, "ERR 1 1 .");
            tw_wants(n, "<error code='537'>no</error>");
            tw_wants(n, "ERR 1 2 .");
            tw_wants(n, "ERR 3 1 .");
            tw_wants(n, "RPY 0 3 .");
            assert_int_equal(n->ends, 0);
        }
        tw_close(&w);
    }
}

/* --- what is not to be had
 * -------------------------------------------------------------------------------------------------------------
 */

static void refused(struct tunnel_world *w, const char *el, const char *code, const char *text,
                    size_t proxies)
{
    char start[6000];
    snprintf(start, sizeof start,
             TW_HEAD "<start number='1'><profile uri='" TUNNEL_URI "'><![CDATA[%s]]></profile></start>", el);
    struct tw_rule near[] = {GREETING, {"END\r\n", "MSG", 0, 1, start, 0}};
    uint64_t from = net_now(w->net);
    struct tw_stub *n = TW_DIAL(w, "p1.example:604", near);
    bool stop = false;
    for (int i = 0; i < 100 && !tw_heard(n, "RPY 0 1"); i++)
        net_run(w->net, &stop, net_now(w->net) + 10);
    assert_true(net_now(w->net) - from <= 1000);
    if (!tw_heard(n, "RPY 0 1"))
        fail_msg("no answer: %s\n%.*s", el, (int)n->in.n, (const char *)buf_slice(&n->in).p);
    tw_wants(n, code);
    tw_wants(n, text);
    assert_int_equal(n->ends, 0);
    n->e.link[0].fin = true;
    tw_run(w, 5000);
    for (size_t i = 0; i < proxies; i++) {
        assert_int_equal(w->proxy[i].lives, 0);
        assert_int_equal(w->proxy[i].through, 0);
    }
}

static void form(void **state)
{
    static const struct {
        const char *el, *code;
    } row[] = {
        {"<tunnel fqdn='t.example' port='604'><tunnel/>", "500"},
        {"<tunnel fqdn='t.example' port='0'><tunnel/></tunnel>", "501"},
        {"<tunnel fqdn='t.example' port='4294967900'><tunnel/></tunnel>", "501"},
        {"<tunnel ip4='1.2.3' port='604'><tunnel/></tunnel>", "501"},
        {"<tunnel ip6=':::' port='604'><tunnel/></tunnel>", "501"},
        {"<tunnel fqdn='t.example' srv='telnet.tcp'/>", "501"},
        {"<tunnel fqdn='t.example'/>", "501"},
        {"<tunnel fqdn='t.example' port='1' svc='_telnet._tcp'/>", "501"},
        {"<tunnel fqdn='t.example' port='604'><tunnel/><tunnel/></tunnel>", "501"},
        {"<tunnel fqdn='t.example' port='604'>text</tunnel>", "501"},
        {"<tunnel profile='http://x.example/'><tunnel/></tunnel>", "501"},
        {"<tunnel><tunnel/></tunnel>", "501"},
        {"<Tunnel/>", "501"},
        {"<tunnel/>", "550"},
        {"<tunnel endpoint='nobody'/>", "450"},
        {"<tunnel profile='http://x.example/'/>", "450"},
        {"<tunnel fqdn='t.example' srv='_telnet._tcp'/>", "450"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct tunnel_world w;
        char code[20];
        tw_init(&w);
        tw_open(&w, 1);
        snprintf(code, sizeof code, "code='%s'", row[i].code);
        refused(&w, row[i].el, code, "", 1);
        tw_close(&w);
    }
}

static void nest(char *out, size_t room, const char *hop, size_t n)
{
    *out = 0;
    for (size_t i = 0; i < n; i++)
        snprintf(out + strlen(out), room - strlen(out), "%s", hop);
    snprintf(out + strlen(out), room - strlen(out), "<tunnel/>");
    for (size_t i = 0; i < n; i++)
        snprintf(out + strlen(out), room - strlen(out), "</tunnel>");
}

static bool names_p1(void *ctx, const char *to)
{
    (void)ctx;
    return strcmp(to, "alias.example:604") == 0;
}

/* In memory: are we among those whom another proxy of the same house has connected to? */
static bool comes_from_us(void *ctx, struct endpoint *e)
{
    (void)e;
    return ((struct tw_proxy *)ctx)->ours;
}

static void loops(void **state)
{
    struct tunnel_world w;
    char el[5000];
    const char *why;
    (void)state;
    tw_init(&w);
    tw_open(&w, 2);
    w.proxy[0].s.hops_max = 8;
    w.proxy[0].s.self_is = names_p1;
    w.proxy[0].s.ours = comes_from_us;
    refused(&w, "<tunnel fqdn='P1.example' port='604'><tunnel/></tunnel>", "554",
            "a loop: P1.example:604 is this proxy itself", 2);
    refused(&w, "<tunnel fqdn='alias.example' port='604'><tunnel/></tunnel>", "554", "this proxy itself", 2);
    refused(&w,
            "<tunnel fqdn='p2.example' port='604'><tunnel fqdn='p1.example' port='604'><tunnel "
            "fqdn='P2.example' port='604'><tunnel/></tunnel></tunnel></tunnel>",
            "554", "named twice", 2);
    nest(el, sizeof el, "<tunnel fqdn='p2.example' port='604'>", 9);
    refused(&w, el, "554", "elements in one another", 2);
    nest(el, sizeof el, "<tunnel ip4='1.2.3.4' port='1'>", 60);
    refused(&w, el, "554", "", 2);
    w.proxy[0].ours = true;
    refused(&w, "<tunnel fqdn='p2.example' port='604'><tunnel/></tunnel>", "554",
            "comes from this proxy itself", 2);
    w.proxy[0].ours = false;
    assert_int_equal(w.proxy[1].accepted, 0);
    /* there and back again by way of another: nobody else is bothered */
    refused(&w,
            "<tunnel fqdn='p2.example' port='604'><tunnel fqdn='p1.example' port='604'><tunnel "
            "ip4='10.0.0.1' port='1'/></tunnel></tunnel>",
            "554", "comes back to p1.example:604, which is this proxy itself", 2);
    assert_int_equal(w.proxy[1].accepted, 0);
    /* routes that lead in a circle: nobody named it, and yet it ends */
    struct tunnel_msg to[2];
    assert_int_equal(tunnel_chain_read(&w.env, SLICE_LIT("p2.example:604 endpoint=x"), &to[0], &why), OK);
    assert_int_equal(tunnel_chain_read(&w.env, SLICE_LIT("p1.example:604 endpoint=x"), &to[1], &why), OK);
    struct tunnel_route route[2] = {{true, "x", &to[0]}, {true, "x", &to[1]}};
    for (int i = 0; i < 2; i++) {
        w.proxy[i].s.route = &route[i];
        w.proxy[i].s.routes = 1;
        w.proxy[i].s.same_max = 4;
        w.proxy[i].accepted = 0;
    }
    refused(&w, "<tunnel endpoint='x'/>", "554", "asked for 4 times at once", 2);
    assert_true(w.proxy[0].accepted <= 5 && w.proxy[1].accepted <= 5);
    /* and others are served behind that */
    static const struct tw_rule near[] = {ASKS("<tunnel fqdn='good.example' port='1'/>"),
                                          {"<ok />", NULL, 0, 0, NULL, 0},
                                          {"END\r\n", NULL, 0, 0, "works", 0}};
    TW_LISTEN(&w, "good.example:1", good);
    struct tw_stub *n = TW_DIAL(&w, "p1.example:604", near);
    tw_run(&w, 1000);
    tw_wants(n, "works too");
    tunnel_msg_done(&to[0]);
    tunnel_msg_done(&to[1]);
    tw_close(&w);
}

/* Two proxies whose routes lead in a circle that is never recognized (each request another): the deadline
 * ends it. */
static void deadline(void **state)
{
    static const struct tw_rule mute[] = {{"never", NULL, 0, 0, NULL, 0}};
    static const struct tw_rule near[] = {ASKS(TO_T)};
    struct tunnel_world w;
    (void)state;
    tw_init(&w);
    tw_open(&w, 1);
    struct tw_stub *f = TW_LISTEN(&w, "t.example:604", mute), *n = TW_DIAL(&w, "p1.example:604", near);
    tw_run(&w, TUNNEL_SETUP_MS - 100);
    assert_false(tw_heard(n, "RPY 0 1"));
    tw_run(&w, 200);
    tw_wants(n, "did not greet in time");
    assert_true(f->ends > 0);
    tw_close(&w);
}

/* --- who may
 * -------------------------------------------------------------------------------------------------------------------------------
 */

static void only_alice(void *ctx, const struct tunnel_request *r, struct beep_refusal *no)
{
    struct tw_proxy *p = ctx;
    (void)p;
    assert_non_null(r->msg);
    if (strcmp(r->identity, "alice") != 0)
        *no = (struct beep_refusal){537, "this is for alice"};
    else if (strcmp(r->mechanism, "PLAIN") != 0)
        *no = (struct beep_refusal){534, ""};
    else if (r->to && strstr(r->to, "secret"))
        *no = (struct beep_refusal){554, ""};
}

static void policy(void **state)
{
    static const char plain_alice[] =
        TW_HEAD "<start number='3'><profile "
                "uri='http://iana.org/beep/SASL/PLAIN'><![CDATA[<blob>AGFsaWNlAHdvbmRlcg==</blob>]]></"
                "profile></start>";
    static const char plain_bob[] = TW_HEAD
        "<start number='3'><profile "
        "uri='http://iana.org/beep/SASL/PLAIN'><![CDATA[<blob>AGJvYgBidWlsZGVy</blob>]]></profile></start>";
    static const struct {
        const char *sasl, *el, *code;
    } row[] = {
        {NULL, TO_T, "530"},
        {plain_bob, TO_T, "537"},
        {plain_alice, "<tunnel fqdn='secret.example' port='604'><tunnel/></tunnel>", "554"},
        {plain_alice, TO_T, "450"}, /* allowed, and nobody is there */
    };
    struct sasl_users *users;
    char why[200];
    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct tunnel_world w;
        char start[600], code[20];
        tw_init(&w);
        assert_int_equal(sasl_users_parse(&w.env, SLICE_LIT("alice wonder\nbob builder\n"), "users", &users,
                                          why, sizeof why),
                         OK);
        struct sasl_options so = {
            .side = SASL_SERVER, .hostname = "h.test", .offered = SASL_BIT(SASL_PLAIN), .users = users};
        assert_int_equal(sasl_context_new(&w.env, &so, &w.proxy[0].near.sasl_server, why, sizeof why), OK);
        w.proxy[0].s.need_auth = true;
        w.proxy[0].s.allow = only_alice;
        tw_open(&w, 1);
        snprintf(start, sizeof start,
                 TW_HEAD "<start number='1'><profile uri='" TUNNEL_URI "'><![CDATA[%s]]></profile></start>",
                 row[i].el);
        struct tw_rule near[] = {GREETING,
                                 {"END\r\n", row[i].sasl ? "MSG" : NULL, 0, 1, row[i].sasl, 0},
                                 {row[i].sasl ? "END\r\n" : NULL, "MSG", 0, row[i].sasl ? 2 : 1, start, 0}};
        struct tw_stub *n = TW_DIAL(&w, "p1.example:604", near);
        tw_run(&w, 1000);
        snprintf(code, sizeof code, "code='%s'", row[i].code);
        tw_wants(n, TUNNEL_URI);
        tw_wants(n, code);
        n->e.link[0].fin = true;
        tw_run(&w, 5000);
        sasl_context_free(w.proxy[0].near.sasl_server);
        sasl_users_free(users);
        tw_close(&w);
    }
}

static void crowds(void **state)
{
    static const struct tw_rule mute[] = {{"never", NULL, 0, 0, NULL, 0}};
    static const struct tw_rule near[] = {ASKS(TO_T)},
                                another[] = {ASKS("<tunnel fqdn='u.example' port='604'><tunnel/></tunnel>")};
    struct tunnel_world w;
    (void)state;
    tw_init(&w);
    tw_open(&w, 1);
    w.proxy[0].s.pending_max = 1;
    w.proxy[0].s.routed_only = false;
    TW_LISTEN(&w, "t.example:604", mute);
    struct tw_stub *n = TW_DIAL(&w, "p1.example:604", near), *m = TW_DIAL(&w, "p1.example:604", another);
    tw_run(&w, 1000);
    assert_false(tw_heard(n, "RPY 0 1"));
    tw_wants(m, "code='421'");
    tw_close(&w);
    tw_init(&w);
    tw_open(&w, 1);
    w.proxy[0].s.routed_only = true;
    refused(&w, TO_T, "554", "profile or an endpoint", 1);
    tw_close(&w);
}

/* --- here
 * ------------------------------------------------------------------------------------------------------------------------------------
 */

/* A proxy that serves something itself, by the empty element or by a route. */
static void here(void **state)
{
    static const struct beep_profile *const offered[] = {&beep_echo};
    static const struct tw_rule near[] = {
        ASKS("<tunnel/>"), {"<ok />", NULL, 0, 0, NULL, 0}, {"<greeting>", NULL, 0, 0, NULL, 0}};
    struct tunnel_world w;
    (void)state;
    tw_init(&w);
    w.proxy[0].s.here = true;
    w.proxy[0].near.profile = offered;
    w.proxy[0].near.profiles = 1;
    tw_open(&w, 1);
    struct tw_stub *n = TW_DIAL(&w, "p1.example:604", near);
    tw_run(&w, 1000);
    tw_wants(n, "END\r\nRPY 0 0 . 0 ");
    assert_int_equal(n->at, n->rules);
    tw_close(&w);
}

/* --- memory
 * --------------------------------------------------------------------------------------------------------------------------------------
 */

static void no_memory(void **state)
{
    static const struct tw_rule near[] = {ASKS("<tunnel fqdn='p2.example' port='604'>" TO_T "</tunnel>"),
                                          {"<ok />", NULL, 0, 0, NULL, 0},
                                          {"END\r\n", NULL, 0, 0, "hello", 0},
                                          {"and you", NULL, 0, 0, NULL, TW_FIN}};
    static const struct tw_rule far[] = {
        GREETS, {"<tunnel/>", "RPY", 0, 1, TW_OK, 0}, {"hello", NULL, 0, 0, "and you", 0}};
    static const struct tw_rule refuses[] = {
        GREETS, {"<tunnel/>", "ERR", 0, 1, TW_HEAD "<error code='537'>no</error>", 0}};
    (void)state;
    for (int bad = 0; bad < 2; bad++) {
        bool fine = false;
        for (size_t n = 1; !fine; n++) {
            struct tunnel_world w;
            assert_true(n < 5000);
            tw_init(&w);
            tw_open(&w, 2);
            struct tw_stub *f = bad ? TW_LISTEN(&w, "t.example:604", refuses)
                                    : TW_LISTEN(&w, "t.example:604", far),
                           *c = TW_DIAL(&w, "p1.example:604", near);
            w.f.calls = 0;
            w.f.fail_at = n;
            tw_run(&w, 5000);
            fine = w.f.calls < n;
            if (fine && bad) tw_wants(c, "code='537'");
            if (fine && !bad) tw_wants(c, "and you");
            if (tw_heard(c, "and you")) assert_true(tw_heard(f, "hello"));
            c->e.link[0].fin = true;
            tw_run(&w, 10 * 60 * 1000);
            assert_int_equal(w.proxy[0].lives + w.proxy[1].lives, 0);
            w.f.fail_at = 0;
            tw_close(&w);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(far_sides), cmocka_unit_test(near_leaves), cmocka_unit_test(while_under_way),
        cmocka_unit_test(form),      cmocka_unit_test(loops),       cmocka_unit_test(deadline),
        cmocka_unit_test(policy),    cmocka_unit_test(crowds),      cmocka_unit_test(here),
        cmocka_unit_test(no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
