/* SPDX-License-Identifier: MIT */
/* Manager and analyzer of IDXP against each other: both dialects, both directions of TCP, every cut, what becomes of each message, and memory that is refused. */
#include "test/idxp_world.h"
#include "test/keyed.h"

#define ALERT                                                                                                \
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<IDMEF-Message version=\"1.0\" xmlns=\"http://iana.org/idmef\"><Alert messageid=\"1\"><Analyzer analyzerid=\"a\"/>" \
    "<CreateTime ntpstamp=\"0xbc71f4f5.0xef449129\">2000-03-09T10:01:25.93464Z</CreateTime><Classification text=\"x\"/></Alert></IDMEF-Message>\n"
#define HEARTBEAT                                                                                            \
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<IDMEF-Message version=\"1.0\" xmlns=\"http://iana.org/idmef\"><Heartbeat messageid=\"1\"><Analyzer analyzerid=\"a\"/>" \
    "<CreateTime ntpstamp=\"0xbc71f4f5.0xef449129\">2000-03-09T10:01:25.93464Z</CreateTime></Heartbeat></IDMEF-Message>\n"

static const enum link_split splits[] = {SPLIT_WHOLE, SPLIT_BYTES, SPLIT_RANDOM};
enum { SOME = 2000, HOUR = 3600 * 1000 };

static void all_well(struct idxp_world *w)
{
    for (int i = 0; i < 2; i++) {
        assert_true(iw_over(w, i));
        if (w->p[i] && *idxp_peer_why(w->p[i])) fail_msg("side %d: %s", i, idxp_peer_why(w->p[i]));
    }
    assert_int_equal(w->told, w->items);
    assert_int_equal(w->oks, w->items);
}

/* --- what works ------------------------------------------------------------------------------------------------------------ */

static void exchange(enum idxp_dialect dialect, int opener, bool embed, enum link_split split, unsigned pipeline)
{
    struct idxp_world w;
    iw_init(&w, dialect, opener);
    iw_with_schema(&w);
    w.split = split;
    w.setup[0].pipeline = pipeline;
    for (int i = 0; i < 2; i++)
        w.setup[i].idxp.embed = embed;
    for (int i = 0; i < 40; i++)
        iw_item(&w, IDXP_XML, SLICE_LIT(ALERT));
    iw_item(&w, IDXP_TEXT, SLICE_LIT("just text"));
    iw_item(&w, IDXP_BINARY, slice_of("\0\xff\r\n.", 5));
    iw_item(&w, IDXP_BINARY, SLICE_NONE);
    assert_int_equal(iw_open(&w), OK);
    iw_run(&w, HOUR);
    all_well(&w);
    assert_int_equal(w.alerts, 43);
    assert_int_equal(w.body.n, 0);
    assert_string_equal(w.uri, "https://a.example.org/analyzer");
    assert_string_equal(w.type, "application/octet-stream");
    assert_int_equal(w.ready[0], 1);
    assert_int_equal(w.ready[1], 1);
    iw_close(&w);
}

static void test_exchange(void **state)
{
    (void)state;
    for (int dialect = 0; dialect < 2; dialect++)
        for (int opener = 0; opener < 2; opener++)
            for (int embed = 0; embed < 2; embed++)
                for (int split = 0; split < 3; split++)
                    exchange((enum idxp_dialect)dialect, opener, embed, splits[split], split == 1 ? 1 : 0);
}

/* Octet for octet, and of each thing once. */
static void test_octets(void **state)
{
    struct idxp_world w;
    (void)state;
    iw_init(&w, IDXP_RFC, 0);
    iw_with_schema(&w);
    iw_item(&w, IDXP_XML, SLICE_LIT(ALERT));
    assert_int_equal(iw_open(&w), OK);
    iw_run(&w, HOUR);
    all_well(&w);
    assert_int_equal(idxp_peer_owed(w.p[1]), 0);
    assert_int_equal(w.body.n, sizeof ALERT - 1);
    assert_memory_equal(w.body.p + w.body.from, ALERT, sizeof ALERT - 1);
    assert_string_equal(w.type, "text/xml");
    iw_close(&w);
}

static void fill(uint8_t *p, size_t n)
{
    struct rng r;
    rng_init(&r, 3);
    for (size_t i = 0; i < n; i++)
        p[i] = (uint8_t)rng_next(&r);
}

/* Long ones: memory does not hold a second copy of what the sender has, and one at most where it is received. */
static void long_one(bool in_pieces, enum link_split split)
{
    enum { LONG = 3 * 1024 * 1024 + 3 };
    struct idxp_world w;
    uint8_t *octets = malloc(LONG);
    fill(octets, LONG);
    iw_init(&w, IDXP_RFC, 0);
    w.split = split;
    w.setup[0].beep.mux.queue_max = 64 * 1024;
    iw_item(&w, IDXP_BINARY, in_pieces ? SLICE_NONE : slice_of(octets, LONG));
    w.item[0].in_pieces = in_pieces;
    w.pieced = slice_of(octets, LONG);
    assert_int_equal(iw_open(&w), OK);
    iw_run(&w, HOUR);
    all_well(&w);
    assert_int_equal(w.body.n, LONG);
    assert_memory_equal(w.body.p + w.body.from, octets, LONG);
    /* what is received is in a buffer that doubles; while it grows both halves are there */
    if (w.f.peak > 4 * 1024 * 1024 + 2 * 1024 * 1024 + 512 * 1024) fail_msg("%zu octets at the most", w.f.peak);
    iw_close(&w);
    free(octets);
}

static void test_long(void **state)
{
    (void)state;
    long_one(false, SPLIT_WHOLE);
    long_one(true, SPLIT_WHOLE);
    long_one(true, SPLIT_RANDOM);
}

/* The queue, the windows and a slow source: the sender keeps nothing. */
static void test_sender_keeps_nothing(void **state)
{
    enum { LONG = 3 * 1024 * 1024 };
    struct idxp_world w;
    uint8_t *octets = calloc(1, LONG);
    (void)state;
    iw_init(&w, IDXP_DRAFT, 0);
    w.setup[0].beep.mux.queue_max = 64 * 1024;
    w.setup[1].idxp.content_max = 1000; /* so that nothing is kept there either */
    iw_item(&w, IDXP_BINARY, slice_of(octets, LONG));
    iw_item(&w, IDXP_TEXT, SLICE_LIT("short"));
    assert_int_equal(iw_open(&w), OK);
    iw_run(&w, HOUR);
    assert_int_equal(w.code[1], 554);
    assert_int_equal(w.code[2], 200);
    assert_int_equal(w.alerts, 1);
    if (w.f.peak > 1024 * 1024) fail_msg("%zu octets at the most", w.f.peak);
    iw_close(&w);
    free(octets);
}

static void test_categories(void **state)
{
    struct idxp_world w;
    (void)state;
    for (int opener = 0; opener < 2; opener++) {
        iw_init(&w, IDXP_RFC, opener);
        iw_with_schema(&w);
        w.setup[0].idxp.schema = w.schema;
        for (int i = 0; i < 2; i++) {
            w.setup[i].stream[0] = IDXP_CONFIG;
            w.setup[i].stream[1] = IDXP_HEARTBEAT;
            w.setup[i].stream[2] = IDXP_ALERT;
            w.setup[i].streams = 3;
        }
        w.end = false;
        assert_int_equal(iw_open(&w), OK);
        iw_run(&w, SOME);
        iw_item(&w, IDXP_XML, SLICE_LIT(HEARTBEAT));
        iw_item(&w, IDXP_XML, SLICE_LIT(ALERT));
        iw_item(&w, IDXP_TEXT, SLICE_LIT("set x"));
        w.item[2].stream = IDXP_CONFIG;
        w.end = true;
        idxp_peer_poke(w.p[0], net_now(w.net));
        iw_run(&w, HOUR);
        all_well(&w);
        assert_int_equal(w.alerts, 3);
        unsigned seen = 0;
        for (int i = 0; i < 3; i++)
            seen |= 1u << w.streams[i];
        assert_int_equal(seen, 1u << IDXP_ALERT | 1u << IDXP_HEARTBEAT | 1u << IDXP_CONFIG);
        iw_close(&w);
    }
}

/* In the draft's dialect nothing tells the categories, and channels are channels all the same. */
static void test_many_channels_in_the_draft(void **state)
{
    struct idxp_world w;
    (void)state;
    iw_init(&w, IDXP_DRAFT, 0);
    w.setup[0].stream[0] = IDXP_ALERT;
    w.setup[0].stream[1] = IDXP_HEARTBEAT;
    w.setup[0].streams = 2;
    w.setup[0].idxp.text = "in the cellar";
    w.setup[0].idxp.ip = "10.0.0.27";
    w.setup[0].idxp.fqdn = "a.example.org";
    for (int i = 0; i < 10; i++)
        iw_item(&w, IDXP_TEXT, SLICE_LIT("x"));
    w.item[3].stream = IDXP_HEARTBEAT;
    assert_int_equal(iw_open(&w), OK);
    iw_run(&w, HOUR);
    all_well(&w);
    iw_close(&w);
}

/* --- a store that takes its time ------------------------------------------------------------------------------------------- */

static void test_later(void **state)
{
    struct idxp_world w;
    (void)state;
    for (int split = 0; split < 3; split++) {
        iw_init(&w, IDXP_RFC, 0);
        w.split = splits[split];
        w.answer = 0;
        w.setup[0].pipeline = 3;
        for (int i = 0; i < 7; i++)
            iw_item(&w, IDXP_TEXT, SLICE_LIT("x"));
        assert_int_equal(iw_open(&w), OK);
        iw_run(&w, SOME);
        assert_int_equal(w.alerts, 3); /* as many as the sender lets be without an answer */
        assert_int_equal(w.told, 0);
        assert_int_equal(idxp_peer_owed(w.p[1]), 3);
        idxp_peer_answer(w.p[1], w.later[1].tag, 450, "the disk is busy", net_now(w.net));
        iw_run(&w, SOME);
        assert_int_equal(w.told, 0); /* in order */
        idxp_peer_answer(w.p[1], w.later[0].tag, IDXP_STORED, NULL, net_now(w.net));
        idxp_peer_answer(w.p[1], 4711, IDXP_STORED, NULL, net_now(w.net));
        iw_run(&w, SOME);
        assert_int_equal(w.code[1], 200);
        assert_int_equal(w.code[2], 450);
        assert_int_equal(w.alerts, 5);
        for (size_t i = 2; i < 7; i++) {
            idxp_peer_answer(w.p[1], w.later[i].tag, IDXP_STORED, NULL, net_now(w.net));
            idxp_peer_answer(w.p[1], w.later[i].tag, IDXP_STORED, NULL, net_now(w.net));
            iw_run(&w, SOME);
        }
        iw_run(&w, HOUR);
        assert_int_equal(w.told, 7);
        assert_int_equal(w.oks, 6);
        assert_true(iw_over(&w, 0));
        iw_close(&w);
    }
}

/* A store that takes nothing: what it was given stays bounded, whatever the sender has. */
static void test_slow_store_holds_up(void **state)
{
    struct idxp_world w;
    static char text[2000];
    (void)state;
    memset(text, 'x', sizeof text);
    iw_init(&w, IDXP_RFC, 0);
    w.answer = 0;
    w.setup[0].pipeline = 4000;
    w.setup[0].beep.mux.queue_max = 64 * 1024;
    for (int i = 0; i < 4000; i++)
        iw_item(&w, IDXP_TEXT, slice_of(text, sizeof text));
    assert_int_equal(iw_open(&w), OK);
    iw_run(&w, SOME);
    assert_in_range(w.alerts, IDXP_PEER_KEEP_MAX, IDXP_PEER_KEEP_MAX + 16); /* and what its window lets be under way */
    if (w.f.peak > 1024 * 1024) fail_msg("%zu octets at the most", w.f.peak);
    for (size_t i = 0; i < 4000; i++) {
        if (i >= w.laters) fail_msg("held up for good at %zu", i);
        idxp_peer_answer(w.p[1], w.later[i].tag, IDXP_STORED, NULL, net_now(w.net));
        if (i % 16 == 15) iw_run(&w, 10);
    }
    iw_run(&w, HOUR);
    all_well(&w);
    iw_close(&w);
}

/* What is not answered when the session ends is told of. */
static void test_connection_ends(void **state)
{
    struct idxp_world w;
    (void)state;
    iw_init(&w, IDXP_RFC, 0);
    w.answer = 0;
    w.setup[0].pipeline = 2;
    for (int i = 0; i < 5; i++)
        iw_item(&w, IDXP_TEXT, SLICE_LIT("x"));
    assert_int_equal(iw_open(&w), OK);
    iw_run(&w, SOME);
    assert_int_equal(w.alerts, 2);
    idxp_peer_answer(w.p[1], w.later[0].tag, IDXP_STORED, NULL, net_now(w.net));
    iw_run(&w, SOME);
    beep_peer_abort(idxp_peer_beep(w.p[1]), net_now(w.net));
    iw_run(&w, HOUR);
    idxp_peer_answer(w.p[1], w.later[1].tag, IDXP_STORED, NULL, net_now(w.net)); /* comes too late, and does no harm */
    iw_close(&w);
    assert_int_equal(w.code[1], 200);
    for (size_t i = 2; i <= w.next; i++)
        assert_int_equal(w.code[i], 0);
}

/* --- how a session ends ---------------------------------------------------------------------------------------------------- */

static void test_manager_closes(void **state)
{
    struct idxp_world w;
    (void)state;
    for (int opener = 0; opener < 2; opener++) {
        iw_init(&w, IDXP_RFC, opener);
        w.end = false;
        iw_item(&w, IDXP_TEXT, SLICE_LIT("x"));
        assert_int_equal(iw_open(&w), OK);
        iw_run(&w, SOME);
        assert_int_equal(w.oks, 1);
        assert_true(idxp_peer_ready(w.p[0]));
        idxp_peer_close(w.p[1], net_now(w.net));
        iw_run(&w, HOUR);
        all_well(&w);
        iw_close(&w);
    }
}

static void test_linger(void **state)
{
    struct idxp_world w;
    (void)state;
    iw_init(&w, IDXP_RFC, 0);
    w.setup[0].linger = true;
    iw_item(&w, IDXP_TEXT, SLICE_LIT("x"));
    assert_int_equal(iw_open(&w), OK);
    iw_run(&w, HOUR);
    assert_int_equal(w.oks, 1);
    assert_false(iw_over(&w, 0));
    idxp_peer_close(w.p[0], net_now(w.net));
    iw_run(&w, HOUR);
    all_well(&w);
    iw_close(&w);
}

static void test_nobody_there(void **state)
{
    struct idxp_world w;
    (void)state;
    iw_init(&w, IDXP_RFC, 0);
    iw_item(&w, IDXP_TEXT, SLICE_LIT("x"));
    for (int i = 0; i < 2; i++)
        assert_int_equal(idxp_peer_prepare(&w.setup[i]), OK);
    struct endpoint *e = NULL;
    assert_int_equal(net_mem_new(&w.env, 1000, &w.net), OK);
    assert_int_equal(iw_make(&w, 0, true, &e), OK);
    assert_int_equal(net_add(w.net, e, false), OK);
    iw_run(&w, HOUR);
    assert_true(iw_over(&w, 0));
    assert_string_equal(idxp_peer_why(w.p[0]), "cannot connect to there");
    iw_close(&w);
    struct idxp_peer *early;
    assert_int_equal(idxp_peer_new(&w.setup[1], false, NULL, &early), OK);
    idxp_peer_close(early, 5); /* before anybody came */
    assert_true(idxp_peer_endpoint(early)->ops->finished(idxp_peer_endpoint(early)));
    idxp_peer_endpoint(early)->ops->free(idxp_peer_endpoint(early));
    assert_int_equal(w.f.live, 0);
    struct idxp_peer_setup none = {.beep = {.env = &w.env}};
    assert_int_equal(idxp_peer_prepare(&none), ERR_USE);
}

/* Analyzers do not talk to analyzers: none is server (draft 2.1, RFC 4767 2.1). */
static void test_analyzer_to_analyzer(void **state)
{
    struct idxp_world w;
    (void)state;
    for (int role = 0; role < 2; role++) {
        iw_init(&w, IDXP_RFC, 0);
        w.setup[1].analyzer = true;
        if (role) w.setup[1].idxp.role = IDXP_SERVER;
        iw_item(&w, IDXP_TEXT, SLICE_LIT("x"));
        assert_int_equal(iw_open(&w), OK);
        iw_run(&w, HOUR);
        assert_int_equal(w.alerts, 0);
        assert_int_equal(w.oks, 0);
        assert_non_null(strstr(w.lines[0], "rejected: 554"));
        iw_close(&w);
    }
}

/* --- security -------------------------------------------------------------------------------------------------------------- */

static int setup(void **state)
{
    return keyed_setup(state, (struct identity_policy){.no_resumption = true, .cert_optional = true}, SLICE_LIT("alice wonder\n"));
}

struct safety { /* one way in, and what becomes of it */
    bool tls, need_tls, need_auth;
    const char *mechanism, *suites, *policy;
    uint16_t code;
};

static void safe(struct fixture *x, const struct safety *s, enum idxp_dialect dialect, bool embed)
{
    struct idxp_world w;
    struct idxp_policy *policy = NULL;
    char why[300] = "", line[64];
    iw_init(&w, dialect, 0);
    struct sasl_options server = {.side = SASL_SERVER, .hostname = "host.test", .offered = SASL_ALL, .users = x->users, .scram_rounds = 16};
    struct sasl_options client = {.side = SASL_CLIENT, .hostname = "host.test", .offered = SASL_ALL, .user = "alice", .password = "wonder"};
    w.setup[1].beep.tls_server = x->tls[0];
    w.setup[0].beep.tls_client = x->tls[1];
    w.setup[0].beep.want_tls = s->tls;
    if (s->mechanism) {
        assert_int_equal(sasl_context_new(&w.env, &server, &w.setup[1].beep.sasl_server, why, sizeof why), OK);
        assert_int_equal(sasl_context_new(&w.env, &client, &w.setup[0].beep.sasl_client, why, sizeof why), OK);
        w.setup[0].beep.sasl_mechanism = s->mechanism;
    }
    if (s->policy && idxp_policy_parse(&w.env, slice_str(s->policy), "policy", &policy, why, sizeof why) != OK) fail_msg("%s", why);
    w.setup[1].idxp.policy = policy;
    w.setup[1].idxp.need_tls = s->need_tls;
    w.setup[1].idxp.need_auth = s->need_auth;
    w.setup[1].idxp.suites = s->suites;
    w.setup[0].idxp.embed = embed;
    iw_item(&w, IDXP_TEXT, SLICE_LIT("x"));
    assert_int_equal(iw_open(&w), OK);
    iw_run(&w, HOUR);
    snprintf(line, sizeof line, "the greeting is rejected: %u ", (unsigned)s->code);
    if (s->code && !strstr(w.lines[0], line)) fail_msg("%u wanted: %s", (unsigned)s->code, w.lines[0]);
    if (!s->code && w.oks != 1) fail_msg("%s%s%s", s->policy ? s->policy : "", w.lines[0], w.lines[1]);
    assert_int_equal(w.alerts, s->code ? 0 : 1);
    assert_true(iw_over(&w, 0));
    iw_end(&w);
    sasl_context_free(w.setup[1].beep.sasl_server);
    sasl_context_free(w.setup[0].beep.sasl_client);
    idxp_policy_free(policy);
    iw_close(&w);
}

static void test_security(void **state)
{
    static const struct safety rows[] = {
        {0},
        {.need_tls = true, .code = 530},
        {.need_auth = true, .code = 530},
        {.tls = true, .need_tls = true},
        {.tls = true, .need_tls = true, .need_auth = true},
        {.mechanism = "SCRAM-SHA-256", .need_tls = true, .code = 534},
        {.mechanism = "SCRAM-SHA-256", .need_auth = true},
        {.mechanism = "ANONYMOUS", .need_auth = true, .code = 534},
        {.mechanism = "ANONYMOUS"},
        {.mechanism = "PLAIN", .need_auth = true, .code = 534},
        {.tls = true, .mechanism = "PLAIN", .need_auth = true},
        {.tls = true, .suites = "TLS_AES_* TLS_ECDHE_* TLS_CHACHA20_*"},
        {.tls = true, .suites = "TLS_DHE_DSS_WITH_3DES_EDE_CBC_SHA", .code = 534},
        {.policy = "allow uri=https://a.example.org/*"},
        {.policy = "allow uri=https://b.example.org/*", .code = 537},
        {.policy = "allow role=server", .code = 537},
        {.policy = "allow tls=yes", .code = 530},
        {.tls = true, .policy = "allow tls=yes subject=CN=*"},
        {.tls = true, .policy = "allow subject=CN=nobody", .code = 535},
        {.mechanism = "SCRAM-SHA-256", .policy = "allow identity=alice uri=*analyzer kind=analyzer"},
        {.mechanism = "SCRAM-SHA-256", .policy = "allow identity=bob uri=*analyzer", .code = 535},
        {.policy = "deny code=450 uri=*", .code = 450},
        {.policy = "deny code=454 uri=*", .code = 454},
        {.policy = "deny code=550 uri=* text=\"gone\"", .code = 550},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (int way = 0; way < 4; way++)
            safe(*state, &rows[i], way & 1 ? IDXP_RFC : IDXP_DRAFT, way & 2);
}

/* An analyzer that knows the other end for an analyzer, or asks it for its name, rejects it as well. */
static void test_analyzer_judges(void **state)
{
    static const struct {
        const char *policy;
        uint16_t code;
    } rows[] = {{"allow uri=https://m.example.org/manager role=server", 0}, {"allow uri=https://other.example.org/", 537}, {"allow role=any", 0}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct idxp_world w;
        struct idxp_policy *policy;
        char why[200];
        iw_init(&w, IDXP_RFC, 0);
        assert_int_equal(idxp_policy_parse(&w.env, slice_str(rows[i].policy), "policy", &policy, why, sizeof why), OK);
        w.setup[0].idxp.policy = policy;
        iw_item(&w, IDXP_TEXT, SLICE_LIT("x"));
        assert_int_equal(iw_open(&w), OK);
        iw_run(&w, HOUR);
        assert_int_equal(w.alerts, rows[i].code ? 0 : 1); /* RFC 4767 3.2: without the other greeting nothing flows */
        iw_end(&w);
        idxp_policy_free(policy);
        iw_close(&w);
    }
}

/* --- memory ---------------------------------------------------------------------------------------------------------------- */

static void short_of_memory(enum idxp_dialect dialect, int opener, size_t step)
{
    for (size_t at = 1;; at += step) {
        struct idxp_world w;
        iw_init(&w, dialect, opener);
        w.setup[0].idxp.embed = dialect == IDXP_DRAFT;
        w.setup[0].streams = 2;
        w.setup[0].stream[0] = IDXP_ALERT;
        w.setup[0].stream[1] = IDXP_HEARTBEAT;
        iw_item(&w, IDXP_TEXT, SLICE_LIT("one"));
        iw_item(&w, IDXP_TEXT, SLICE_LIT("two"));
        iw_item(&w, IDXP_BINARY, SLICE_LIT("three"));
        w.f.fail_at = at;
        err e = iw_open(&w);
        if (e == OK) iw_run(&w, HOUR);
        bool through = w.f.calls < at;
        w.f.fail_at = 0;
        if (through) all_well(&w);
        assert_true(w.oks <= w.alerts); /* what was acknowledged was there */
        iw_close(&w);
        if (through) break;
    }
}

static void test_no_memory(void **state)
{
    (void)state;
    for (int way = 0; way < 4; way++)
        short_of_memory(way & 1 ? IDXP_RFC : IDXP_DRAFT, way / 2, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exchange),
        cmocka_unit_test(test_octets),
        cmocka_unit_test(test_long),
        cmocka_unit_test(test_sender_keeps_nothing),
        cmocka_unit_test(test_categories),
        cmocka_unit_test(test_many_channels_in_the_draft),
        cmocka_unit_test(test_later),
        cmocka_unit_test(test_slow_store_holds_up),
        cmocka_unit_test(test_connection_ends),
        cmocka_unit_test(test_manager_closes),
        cmocka_unit_test(test_linger),
        cmocka_unit_test(test_nobody_there),
        cmocka_unit_test(test_analyzer_to_analyzer),
        cmocka_unit_test(test_security),
        cmocka_unit_test(test_analyzer_judges),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, setup, keyed_teardown);
}
