/* SPDX-License-Identifier: MIT */
/* The two ends of a tunnel without a proxy between them: what the initiator asks for and does behind the
 * answer, what the target takes, and the session that begins anew. */
#include "peer/tunnel.h"
#include "test/beep_script.h"
#include "test/beep_world.h"
#include "test/keyed.h"

#define TUNNEL(n, el)                                                                                        \
    "<start number='" n "'><profile uri='" TUNNEL_URI "'><![CDATA[" el "]]></profile></start>"

static const enum link_split splits[] = {SPLIT_WHOLE, SPLIT_BYTES, SPLIT_RANDOM};
static const struct beep_profile *const offered[] = {&tunnel_target, &beep_echo, &beep_many};
static struct tunnel_msg empty = {.kind = TUNNEL_TUNNEL, .hop = {{.way = TUNNEL_HERE}}, .hops = 1};

static int setup(void **state)
{
    return keyed_setup(state, (struct identity_policy){.no_resumption = true}, SLICE_LIT("alice wonder\n"));
}

static void env(struct beep_world *w)
{
    bw_env(w);
    w->setup[1].profile = offered;
    w->setup[1].profiles = 3;
    w->setup[0].via = &empty;
}

static struct beep_profile echo;

static void go(struct beep_world *w, int side, uint64_t now)
{
    if (side == 0) bw_start(w, 0, &echo, SLICE_LIT("\r\nthrough the tunnel"), now);
}

/* The session behind the tunnel is one like any other. */
static void works(struct beep_world *w)
{
    assert_int_equal(bw_open(w), OK);
    bw_run(w, 5000);
    assert_int_equal(w->chans, 1);
    assert_int_equal(w->chan[0].replies, 1);
    assert_int_equal(w->chan[0].channel, 1);
    assert_false(w->chan[0].wrong);
    for (int i = 0; i < 2; i++) {
        assert_true(beep_peer_tunnelled(w->side[i].p));
        assert_int_equal(w->side[i].greeted,
                         i ? 2 : 1); /* nobody tells the initiator before the tunnel stands */
    }
    assert_int_equal(beep_peer_close(w->side[0].p, 0, net_now(w->net)), OK);
    bw_run(w, 5000);
    bw_ended_well(w);
    bw_close(w);
}

static void through(void **state)
{
    struct beep_world w;
    (void)state;
    for (int bare = 0; bare < 2; bare++) {
        env(&w);
        echo = bw_profile(&w, BEEP_URI_ECHO);
        w.on_greeted = go;
        w.setup[0].bare = bare;
        for (size_t i = 0; i < 3; i++) {
            w.split = splits[i];
            works(&w);
        }
        assert_int_equal(w.f.live, 0);
    }
}

/* TLS comes behind the tunnel, and TUNNEL is not offered inside. */
static void tls_behind(void **state)
{
    struct fixture *x = *state;
    struct beep_world w;
    for (int how = 0; how < 3; how++) {
        env(&w);
        echo = bw_profile(&w, BEEP_URI_ECHO);
        w.on_greeted = go;
        w.setup[1].tls_server = x->tls[0];
        w.setup[1].need_tls = how == 1;
        w.setup[1].tunnelled_needs_tls = how == 2;
        w.setup[0].tls_client = x->tls[1];
        w.setup[0].want_tls = true;
        assert_int_equal(bw_open(&w), OK);
        bw_run(&w, 5000);
        assert_int_equal(w.chan[0].replies, 1);
        assert_true(beep_peer_secured(w.side[0].p) && beep_peer_tunnelled(w.side[0].p));
        assert_false(beep_peer_offers(w.side[0].p, TUNNEL_URI));
        assert_int_equal(beep_peer_close(w.side[0].p, 0, net_now(w.net)), OK);
        bw_run(&w, 5000);
        bw_close(&w);
        assert_int_equal(w.f.live, 0);
    }
}

/* Behind a tunnel what the setup demands counts as it does in front of it. */
static void bare_behind(void **state)
{
    struct fixture *x = *state;
    struct beep_world w;
    env(&w);
    echo = bw_profile(&w, BEEP_URI_ECHO);
    w.on_greeted = go;
    w.setup[1].tls_server = x->tls[0];
    w.setup[1].tunnelled_needs_tls = true;
    assert_int_equal(bw_open(&w), OK);
    bw_run(&w, 5000);
    assert_int_equal(w.chan[0].no.code, 530);
    bw_close(&w);
    assert_int_equal(w.f.live, 0);
}

static void fails(struct beep_world *w, const char *why)
{
    assert_int_equal(bw_open(w), OK);
    bw_run(w, 5000);
    assert_int_equal(w->side[0].greeted, 0);
    assert_true(bw_over(w, 0) && bw_over(w, 1));
    if (!strstr(beep_peer_why(w->side[0].p), why)) fail_msg("%s", beep_peer_why(w->side[0].p));
    assert_string_equal(beep_peer_why(w->side[1].p), ""); /* it was released in order */
    bw_close(w);
    assert_int_equal(w->f.live, 0);
}

static void refused(void **state)
{
    struct beep_world w;
    struct tunnel_msg far;
    const char *why;
    (void)state;
    for (int bare = 0; bare < 2; bare++) {
        env(&w);
        w.setup[0].bare = bare;
        assert_int_equal(tunnel_chain_read(&w.env, SLICE_LIT("final.example.com:604"), &far, &why), OK);
        w.setup[0].via = &far;
        fails(&w, "504");
    }
    env(&w);
    w.setup[1].profile = &offered[1];
    w.setup[1].profiles = 2;
    fails(&w, "does not offer TUNNEL");
    tunnel_msg_done(&far);
}

/* --- the target, octet for octet
 * ---------------------------------------------------------------------------------------------- */

static void target(struct beep_script *s)
{
    env(&s->w);
    s->w.setup[0].via = NULL;
    bs_open(s, 1);
    bs_expect(s, BEEP_RPY, 0, 0, "uri='" TUNNEL_URI "'");
    bs_mgmt(s, "RPY", 0, "<greeting />");
    bs_alive(s);
}

/* What stands behind the ok counts from the beginning: seqno, numbers, channels; what came right behind it is
 * not lost. */
static void anew(struct beep_script *s)
{
    assert_true(s->out.n > 7 && memcmp(buf_slice(&s->out).p, "RPY 0 0", 7) == 0); /* no SEQ in front of it */
    bs_expect(s, BEEP_RPY, 0, 0, "<greeting");
    assert_int_equal(s->f.seqno, 0);
    bs_expect(s, BEEP_RPY, 0, 1, "<profile");
    bs_expect(s, BEEP_RPY, 1, 1, "hello");
    assert_int_equal(s->f.seqno, 0);
    bs_alive(s);
    assert_true(beep_peer_tunnelled(s->p));
    assert_int_equal(s->p->chans, 1);
}

static void next_session(struct beep_script *s, struct buf *b)
{
    memset(s->seq, 0, sizeof s->seq);
    bs_add(s, b, "RPY", 0, 0, '.', SLICE_LIT(BS_HEAD "<greeting />\r\n"));
    bs_add(s, b, "MSG", 0, 1, '.',
           SLICE_LIT(BS_HEAD "<start number='1'><profile uri='" BEEP_URI_ECHO "'/></start>"));
    bs_add(s, b, "MSG", 1, 1, '.', SLICE_LIT("\r\nhello"));
}

static void coalesced(void **state)
{
    (void)state;
    for (size_t cut = 0; cut < 900; cut += cut < 400 ? 1 : 7) {
        struct beep_script s;
        struct buf b;
        target(&s);
        buf_init(&b, &mem_libc, 1 << 20);
        bs_mgmt(&s, "MSG", 1, "<start number='7'><profile uri='" BEEP_URI_ECHO "'/></start>");
        bs_expect(&s, BEEP_RPY, 0, 1, "<profile");
        bs_add(&s, &b, "MSG", 0, 2, '.', SLICE_LIT(BS_HEAD TUNNEL("1", "<tunnel/>")));
        next_session(&s, &b);
        if (cut) {
            bs_feed(&s, slice_sub(buf_slice(&b), 0, cut));
            bs_feed(&s, slice_sub(buf_slice(&b), cut, b.n));
        } else {
            for (size_t i = 0; i < b.n; i++)
                bs_feed(&s, slice_sub(buf_slice(&b), i, i + 1));
        }
        bs_expect(&s, BEEP_RPY, 0, 2, "<ok />");
        anew(&s);
        buf_done(&b);
        bs_close(&s);
    }
}

static void on_channel(void **state)
{
    struct beep_script s;
    struct buf b;
    (void)state;
    target(&s);
    buf_init(&b, &mem_libc, 1 << 20);
    bs_mgmt(&s, "MSG", 1, "<start number='1'><profile uri='" TUNNEL_URI "'/></start>");
    bs_expect(&s, BEEP_RPY, 0, 1, "<profile");
    bs_frame(&s, "MSG", 1, 1, '*', BS_HEAD "<tun");
    bs_frame(&s, "MSG", 1, 1, '.', "nel port='1' />");
    bs_expect(&s, BEEP_ERR, 1, 1, "code='501'");
    bs_frame(&s, "MSG", 1, 2, '.', BS_HEAD "<foo />");
    bs_expect(&s, BEEP_ERR, 1, 2, "code='501'");
    bs_frame(&s, "MSG", 1, 3, '.', BS_HEAD "<ok />");
    bs_expect(&s, BEEP_ERR, 1, 3, "code='501'");
    bs_frame(&s, "MSG", 1, 4, '.', BS_HEAD "<tunnel");
    bs_expect(&s, BEEP_ERR, 1, 4, "code='500'");
    bs_frame(&s, "MSG", 1, 5, '.', BS_HEAD "<tunnel endpoint='somebody' />");
    bs_expect(&s, BEEP_ERR, 1, 5, "code='504'");
    bs_add(&s, &b, "MSG", 1, 6, '.', SLICE_LIT(BS_HEAD "<tunnel> </tunnel>"));
    next_session(&s, &b);
    bs_feed(&s, buf_slice(&b));
    bs_expect(&s, BEEP_RPY, 1, 6, "<ok />");
    anew(&s);
    buf_done(&b);
    bs_close(&s);
}

static void in_start(void **state)
{
    static const struct {
        const char *el, *code;
    } row[] = {
        {TUNNEL("1", "<tunnel"), "code='500'"},
        {TUNNEL("1", "<tunnel><tunnel/></tunnel>"), "code='501'"},
        {TUNNEL("1", "<TUNNEL/>"), "code='501'"},
        {TUNNEL("1", "<tunnel host='x'/>"), "code='501'"},
        {TUNNEL("1", "<tunnel fqdn='a.example' port='604'/>"), "code='504'"},
        {TUNNEL("1", "<error code='550'/>"), "code='501'"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct beep_script s;
        target(&s);
        bs_mgmt(&s, "MSG", 1, row[i].el);
        bs_expect(&s, BEEP_RPY, 0, 1, row[i].code);
        bs_alive(&s);
        /* the channel is there, and may be asked on again */
        bs_frame(&s, "MSG", 1, 1, '.', BS_HEAD "<tunnel />");
        bs_expect(&s, BEEP_RPY, 1, 1, "<ok />");
        bs_expect(&s, BEEP_RPY, 0, 0, "<greeting");
        assert_int_equal(s.f.seqno, 0);
        bs_alive(&s);
        bs_close(&s);
    }
}

/* As many channels as anybody needs; and no SEQ comes behind the ok, nor for the frame that it answers once
 * the ok went out. */
static void bounds(void **state)
{
    struct beep_script s;
    char text[200], pad[5000];
    (void)state;
    target(&s);
    for (unsigned n = 1; n <= TUNNEL_CHANNELS_SERVED; n++) {
        snprintf(text, sizeof text, "<start number='%u'><profile uri='" TUNNEL_URI "'/></start>", 2 * n - 1);
        bs_mgmt(&s, "MSG", n, text);
        bs_expect(&s, BEEP_RPY, 0, n, "<profile");
    }
    bs_mgmt(&s, "MSG", 99, "<start number='99'><profile uri='" TUNNEL_URI "'/></start>");
    bs_expect(&s, BEEP_ERR, 0, 99, "421");
    memset(pad, ' ', sizeof pad);
    pad[sizeof pad - 1] = 0;
    for (int i = 0; i < 4; i++)
        bs_frame(&s, "MSG", 1, 1, '*', i ? pad + 1000 : pad + 1000 + sizeof BS_HEAD);
    bs_silent(&s);
    bs_frame(&s, "MSG", 1, 1, '*', pad + 1000);
    bs_frame(&s, "MSG", 1, 1, '.', "<tunnel />");
    bs_expect(&s, BEEP_ERR, 1, 1, "code='5");
    bs_alive(&s);
    bs_close(&s);
}

/* --- the initiator, octet for octet
 * -------------------------------------------------------------------------------------------- */

static void initiator(struct beep_script *s)
{
    env(&s->w);
    bs_open(s, 0);
    bs_greet_and(s, "<greeting><profile uri='" TUNNEL_URI "'/><profile uri='" BEEP_URI_ECHO "'/></greeting>");
    bs_expect(s, BEEP_MSG, 0, 1, "<tunnel/>");
    assert_true(slice_find(s->f.payload, SLICE_LIT("number='1'")) < s->f.payload.n);
    bs_silent(s);
}

static void initiator_anew(void **state)
{
    (void)state;
    for (size_t cut = 1; cut < 500; cut++) {
        struct beep_script s;
        struct buf b;
        initiator(&s);
        buf_init(&b, &mem_libc, 1 << 20);
        bs_add(&s, &b, "RPY", 0, 1, '.',
               SLICE_LIT(BS_HEAD "<profile uri='" TUNNEL_URI "'><![CDATA[<ok/>]]></profile>"));
        memset(s.seq, 0, sizeof s.seq);
        bs_add(&s, &b, "RPY", 0, 0, '.',
               SLICE_LIT(BS_HEAD "<greeting><profile uri='" BEEP_URI_ECHO "'/></greeting>"));
        bs_feed(&s, slice_sub(buf_slice(&b), 0, cut));
        bs_feed(&s, slice_sub(buf_slice(&b), cut, b.n));
        assert_true(s.out.n > 5 && memcmp(buf_slice(&s.out).p, "RPY 0", 5) == 0); /* no SEQ in front of it */
        bs_expect(&s, BEEP_RPY, 0, 0, "<greeting");
        assert_int_equal(s.f.seqno, 0);
        bs_alive(&s);
        assert_int_equal(s.w.side[0].greeted, 1);
        assert_false(beep_peer_offers(s.p, TUNNEL_URI));
        buf_done(&b);
        bs_close(&s);
    }
}

static void initiator_refused(void **state)
{
    static const struct {
        const char *keyword, *el, *why;
    } row[] = {
        {"ERR", "<error code='538'>so not</error>", "538 so not"},
        {"RPY",
         "<profile uri='" TUNNEL_URI
         "'><![CDATA[<error code='450' xml:lang='en'>proxy1: no way</error>]]></profile>",
         "450 proxy1: no way"},
        {"RPY", "<profile uri='" TUNNEL_URI "'><![CDATA[<foo/>]]></profile>", "something else"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct beep_script s;
        initiator(&s);
        bs_mgmt(&s, row[i].keyword, 1, row[i].el);
        bs_expect(&s, BEEP_MSG, 0, 2, "<close");
        bs_mgmt(&s, "RPY", 2, "<ok />");
        bs_dead(&s);
        if (!strstr(beep_peer_why(s.p), row[i].why)) fail_msg("%s", beep_peer_why(s.p));
        assert_int_equal(s.w.side[0].greeted, 0);
        bs_close(&s);
    }
}

/* Nobody answers: the session ends. */
static void unanswered(void **state)
{
    struct beep_script s;
    (void)state;
    initiator(&s);
    s.now = s.p->e.ops->deadline(&s.p->e);
    assert_true(s.now <= 1000 + s.w.env.limits.setup_ms);
    s.p->e.ops->tick(&s.p->e, s.now);
    bs_dead(&s);
    bs_close(&s);
}

/* --- others
 * ------------------------------------------------------------------------------------------------------------------------
 */

/* The identity is gone behind the tunnel. */
static void identity(void **state)
{
    struct fixture *x = *state;
    struct beep_script s;
    env(&s.w);
    s.w.setup[0].via = NULL;
    struct sasl_options so = {
        .side = SASL_SERVER, .hostname = "h.test", .offered = SASL_BIT(SASL_PLAIN), .users = x->users};
    assert_int_equal(sasl_context_new(&s.w.env, &so, &s.w.setup[1].sasl_server, NULL, 0), OK);
    bs_open(&s, 1);
    bs_greet(&s, "<greeting />");
    bs_mgmt(&s, "MSG", 1,
            "<start number='1'><profile "
            "uri='http://iana.org/beep/SASL/PLAIN'><![CDATA[<blob>AGFsaWNlAHdvbmRlcg==</blob>]]></profile></"
            "start>");
    bs_expect(&s, BEEP_RPY, 0, 1, "complete");
    assert_string_equal(beep_peer_identity(s.p), "alice");
    bs_mgmt(&s, "MSG", 2, TUNNEL("3", "<tunnel/>"));
    bs_expect(&s, BEEP_RPY, 0, 2, "<ok");
    bs_expect(&s, BEEP_RPY, 0, 0, "SASL/PLAIN");
    assert_string_equal(beep_peer_identity(s.p), "");
    bs_alive(&s);
    struct sasl_context *context = s.w.setup[1].sasl_server;
    s.p->e.ops->free(&s.p->e);
    buf_done(&s.out);
    buf_done(&s.kept);
    sasl_context_free(context);
    assert_int_equal(s.w.f.live, 0);
}

static void chains(void **state)
{
    static const struct {
        const char *text, *xml, *place;
    } good[] = {
        {"final.example.com:604", "<tunnel fqdn=", "final.example.com:604"},
        {"10.1.2.3:10290 raw", "ip4=", "10.1.2.3:10290"},
        {"[::1]:604", "ip6=", "[::1]:604"},
        {"_beep._tcp.example.com", "srv=", NULL},
        {"_beep._tcp.example.com:9", "srv=", "example.com:9"},
        {"a.example:1 b.example:2 endpoint=operator console", "operator console", "a.example:1"},
        {"profile=http://draftproof.invalid/p", "profile=", NULL},
    };
    static const char *const bad[] = {"",
                                      "host",
                                      "host:0",
                                      "host:65536",
                                      "host:x",
                                      "[::1]",
                                      "[x]:1",
                                      "_a:1",
                                      "_a._b:1",
                                      "raw",
                                      "a..b:1",
                                      "profile= x",
                                      "profile=http://x/ a.example:1",
                                      "a.example:1 raw b.example:2"};
    struct env e;
    struct tunnel_msg m;
    const char *why;
    char place[300];
    (void)state;
    env_init(&e);
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct buf b;
        buf_init(&b, &mem_libc, 10000);
        assert_int_equal(tunnel_chain_read(&e, slice_str(good[i].text), &m, &why), OK);
        assert_int_equal(tunnel_el_write(&m, 0, &b), OK);
        assert_true(slice_find(buf_slice(&b), slice_str(good[i].xml)) < b.n);
        bool raw = strstr(good[i].text, "raw") || m.hop[m.hops - 1].given;
        assert_int_equal(slice_find(buf_slice(&b), SLICE_LIT("<tunnel/>")) < b.n, !raw);
        assert_int_equal(tunnel_hop_place(&m.hop[0], place, sizeof place), good[i].place ? OK : ERR_USE);
        if (good[i].place) assert_string_equal(place, good[i].place);
        tunnel_msg_done(&m);
        buf_done(&b);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (tunnel_chain_read(&e, slice_str(bad[i]), &m, &why) == OK) fail_msg("%s was taken", bad[i]);
        assert_non_null(why);
        tunnel_msg_done(&m);
    }
}

/* Numbers are decimal however many zeros stand in front: to a resolver 010 is eight, and 099 a name to ask for. */
static void decimal(void **state)
{
    static const struct {
        const char *xml, *place;
    } rows[] = {
        {"<tunnel ip4='010.000.0.099' port='1'/>", "10.0.0.99:1"},
        {"<tunnel ip4='127.0.0.1' port='604'/>", "127.0.0.1:604"},
        {"<tunnel ip4='0.0.0.0' port='1'/>", "0.0.0.0:1"},
        {"<tunnel ip4='200.100.010.001' port='1'/>", "200.100.10.1:1"},
        {"<tunnel ip6='::ffff:127.000.000.001' port='1'/>", "[::ffff:127.0.0.1]:1"},
        {"<tunnel ip6='2001:0db8::0001' port='1'/>", "[2001:0db8::0001]:1"},
        {"<tunnel ip6='::' port='1'/>", "[::]:1"},
        {"<tunnel fqdn='a.001.example' port='1'/>", "a.001.example:1"},
    };
    struct env e;
    (void)state;
    env_init(&e);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct tunnel_msg m;
        char place[300];
        assert_int_equal(tunnel_el_read(&e, slice_str(rows[i].xml), &m), OK);
        assert_int_equal(tunnel_hop_place(&m.hop[0], place, sizeof place), OK);
        assert_string_equal(place, rows[i].place);
        tunnel_msg_done(&m);
    }
}

/* 5.2: neither under TLS nor within a layer of SASL is there TUNNEL; SASL without a layer is nothing of the
 * kind (TUNNEL-D14). */
static void layered(void **state)
{
    struct fixture *x = *state;
    for (int how = 0; how < 3; how++) {
        struct beep_world w;
        struct beep_profile tunnel;
        struct sasl_options so = {.side = SASL_SERVER,
                                  .hostname = "h.test",
                                  .offered = SASL_ALL,
                                  .users = x->users,
                                  .qop = how == 1 ? SASL_QOP_ANY : 0};
        struct sasl_options co = {.side = SASL_CLIENT,
                                  .hostname = "h.test",
                                  .offered = SASL_ALL,
                                  .user = "alice",
                                  .password = "wonder",
                                  .qop = so.qop};
        env(&w);
        w.setup[0].via = NULL;
        tunnel = bw_profile(&w, TUNNEL_URI);
        if (how == 0) {
            w.setup[1].tls_server = x->tls[0];
            w.setup[0].tls_client = x->tls[1];
            w.setup[0].want_tls = true;
        } else {
            assert_int_equal(sasl_context_new(&w.env, &so, &w.setup[1].sasl_server, NULL, 0), OK);
            assert_int_equal(sasl_context_new(&w.env, &co, &w.setup[0].sasl_client, NULL, 0), OK);
            w.setup[0].sasl_mechanism = how == 1 ? "DIGEST-MD5" : "PLAIN";
        }
        assert_int_equal(bw_open(&w), OK);
        bw_run(&w, 5000);
        assert_int_equal(w.side[0].greeted, 1);
        assert_int_equal(beep_peer_offers(w.side[0].p, TUNNEL_URI), how == 2);
        struct bw_chan *c = bw_start(&w, 0, &tunnel, SLICE_NONE, net_now(w.net));
        bw_run(&w, 5000);
        assert_non_null(c);
        assert_int_equal(c->no.code, how == 2 ? 0 : 538);
        struct sasl_context *contexts[] = {w.setup[0].sasl_client, w.setup[1].sasl_server};
        bw_close(&w);
        sasl_context_free(contexts[0]);
        sasl_context_free(contexts[1]);
        assert_int_equal(w.f.live, 0);
    }
}

static void no_memory(void **state)
{
    struct beep_world w;
    (void)state;
    env(&w);
    echo = bw_profile(&w, BEEP_URI_ECHO);
    w.on_greeted = go;
    bool fine = false;
    for (size_t n = 1; !fine; n++) {
        assert_true(n < 5000);
        w.f.calls = 0;
        w.f.fail_at = n;
        err e = bw_open(&w);
        if (e == OK) {
            bw_run(&w, 5000);
            fine = w.f.calls < n && w.chans == 1 && w.chan[0].replies == 1;
            assert_false(w.chans && w.chan[0].wrong);
            bw_run(&w, 10 * 60 * 1000);
        }
        bw_close(&w);
        assert_int_equal(w.f.live, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(through),        cmocka_unit_test(tls_behind),
        cmocka_unit_test(bare_behind),    cmocka_unit_test(refused),
        cmocka_unit_test(coalesced),      cmocka_unit_test(on_channel),
        cmocka_unit_test(in_start),       cmocka_unit_test(bounds),
        cmocka_unit_test(initiator_anew), cmocka_unit_test(initiator_refused),
        cmocka_unit_test(unanswered),     cmocka_unit_test(identity),
        cmocka_unit_test(chains),         cmocka_unit_test(layered),
        cmocka_unit_test(no_memory),      cmocka_unit_test(decimal),
    };
    return cmocka_run_group_tests(tests, setup, keyed_teardown);
}
