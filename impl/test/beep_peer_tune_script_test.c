/* SPDX-License-Identifier: MIT */
/* One BEEP peer against octets around tuning: ready and blob in every wrong form, at the wrong time, on both sides. */
#include "test/beep_script.h"
#include "test/keyed.h"

#define START(n, uri, content) "<start number='" #n "'><profile uri='" uri "'>" content "</profile></start>"
#define CDATA(x) "<![CDATA[" x "]]>"
#define PLAIN_ALICE "AGFsaWNlAHdvbmRlcg==" /* NUL alice NUL wonder */
#define PLAIN_WRONG "AGFsaWNlAHdvbmRlWg=="

static int setup(void **state)
{
    return keyed_setup(state, (struct identity_policy){0}, SLICE_LIT("alice wonder\n"));
}

static void listener(struct beep_script *s, struct fixture *x)
{
    struct sasl_options so = {.side = SASL_SERVER, .hostname = "host.test", .offered = SASL_ALL, .users = x->users};
    bw_env(&s->w);
    assert_int_equal(sasl_context_new(&s->w.env, &so, &s->w.setup[1].sasl_server, NULL, 0), OK);
    s->w.setup[1].tls_server = x->tls[0];
    bs_open(s, 1);
    bs_greet(s, "<greeting />");
}

static void done(struct beep_script *s)
{
    struct sasl_context *server = s->w.setup[1].sasl_server, *client = s->w.setup[0].sasl_client;
    s->p->e.ops->free(&s->p->e);
    buf_done(&s->out);
    buf_done(&s->kept);
    sasl_context_free(server);
    sasl_context_free(client);
    assert_int_equal(s->w.f.live, 0);
}

/* --- TLS --------------------------------------------------------------------------------------------------------------- */

static void proceeds(void **state)
{
    static const char *const forms[] = {"<ready />", "<ready version='1' />", "  <ready/>  "};
    for (size_t i = 0; i < 3; i++) {
        struct beep_script s;
        char start[300];
        listener(&s, *state);
        snprintf(start, sizeof start, START(1, BEEP_URI_TLS, CDATA("%s")), forms[i]);
        bs_mgmt(&s, "MSG", 1, start);
        bs_expect(&s, BEEP_RPY, 0, 1, "<![CDATA[<proceed />]]>");
        bs_alive(&s);
        assert_true(s.p->c.to_tls && s.p->c.tls);
        /* clear octets where TLS belongs end it */
        bs_raw(&s, "MSG 0 2 . 300 0\r\nEND\r\n");
        assert_true(s.p->ending);
        done(&s);
    }
}

static void bare(void **state)
{
    struct beep_script s;
    listener(&s, *state);
    bs_mgmt(&s, "MSG", 1, "<start number='1'><profile uri='" BEEP_URI_TLS "' /></start>");
    bs_expect(&s, BEEP_RPY, 0, 1, "<profile uri='" BEEP_URI_TLS "'");
    assert_true(slice_find(s.f.payload, SLICE_LIT("proceed")) == s.f.payload.n);
    /* one waits: no other tuning now, whatever kind (BEEP-D15) */
    bs_mgmt(&s, "MSG", 2, START(3, BEEP_URI_SASL "ANONYMOUS", ""));
    bs_expect(&s, BEEP_ERR, 0, 2, "code='550'");
    bs_mgmt(&s, "MSG", 3, START(3, BEEP_URI_TLS, CDATA("<ready />")));
    bs_expect(&s, BEEP_ERR, 0, 3, "code='550'");
    done(&s);

    static const struct {
        const char *payload, *code;
    } rows[] = {{BS_HEAD "<ready version='2' />", "code='501'"}, {BS_HEAD "<ready", "code='500'"}, {BS_HEAD "<proceed />", "code='501'"},
                {BS_HEAD "<ready x='1' />", "code='501'"},       {"\r\n<ready />", "code='500'"},  {BS_HEAD "<ok />", "code='501'"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        listener(&s, *state);
        bs_mgmt(&s, "MSG", 1, "<start number='1'><profile uri='" BEEP_URI_TLS "' /></start>");
        bs_expect(&s, BEEP_RPY, 0, 1, "<profile uri='" BEEP_URI_TLS "'");
        bs_frame(&s, "MSG", 1, 0, '.', rows[i].payload);
        bs_expect(&s, BEEP_ERR, 1, 0, rows[i].code);
        bs_alive(&s);
        bs_frame(&s, "MSG", 1, 1, '.', BS_HEAD "<ready version='1' />");
        bs_expect(&s, BEEP_RPY, 1, 1, "<proceed />");
        assert_true(s.p->c.tls != NULL);
        done(&s);
    }
}

/* 3.1.1: the channel is there, what was to happen on it is not. */
static void refused_inside(void **state)
{
    static const char *const forms[] = {"<ready version='oops' />", "<ready version='2' />", "<ready", "<ok />", "<ready x='1' />", "<proceed />"};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        struct beep_script s;
        char start[300];
        listener(&s, *state);
        snprintf(start, sizeof start, START(1, BEEP_URI_TLS, CDATA("%s")), forms[i]);
        bs_mgmt(&s, "MSG", 1, start);
        bs_expect(&s, BEEP_RPY, 0, 1, "<![CDATA[<error code='501'>");
        bs_alive(&s);
        /* it is no longer in the way (BEEP-D15), and can be closed */
        bs_mgmt(&s, "MSG", 2, START(3, BEEP_URI_ECHO, ""));
        bs_expect(&s, BEEP_RPY, 0, 2, "<profile");
        if (i % 2) {
            bs_mgmt(&s, "MSG", 3, "<close number='1' code='200' />");
            bs_expect(&s, BEEP_RPY, 0, 3, "<ok />");
        }
        bs_mgmt(&s, "MSG", 4, START(5, BEEP_URI_TLS, CDATA("<ready />")));
        bs_expect(&s, BEEP_RPY, 0, 4, "<proceed />");
        done(&s);
    }
}

/* 3.1.3.1: replies that are owed go out before proceed does, and so does everything asked for on channel 0. */
static struct beep_bound *late;
static uint32_t late_msgno;
static void late_start(struct beep_bound *b, slice init, struct buf *answer, struct beep_refusal *no, uint64_t now)
{
    (void)init;
    (void)answer;
    (void)no;
    (void)now;
    late = b;
}
static void late_octets(struct beep_bound *b, enum beep_keyword keyword, uint32_t msgno, uint32_t ansno, slice octets, bool last, uint64_t now)
{
    (void)b;
    (void)keyword;
    (void)ansno;
    (void)octets;
    (void)last;
    (void)now;
    late_msgno = msgno;
}

static void replies_first(void **state)
{
    for (int in_start = 0; in_start < 2; in_start++) {
        struct beep_script s;
        struct fixture *x = *state;
        struct beep_profile slow = {.uri = "http://slow.invalid/", .start = late_start, .octets = late_octets};
        const struct beep_profile *list[] = {&slow, &beep_echo};
        bw_env(&s.w);
        s.w.setup[1].profile = list;
        s.w.setup[1].tls_server = x->tls[0];
        bs_open(&s, 1);
        bs_greet(&s, "<greeting />");
        bs_mgmt(&s, "MSG", 1, START(1, "http://slow.invalid/", ""));
        bs_expect(&s, BEEP_RPY, 0, 1, "<profile");
        if (!in_start) {
            bs_mgmt(&s, "MSG", 2, START(3, BEEP_URI_TLS, ""));
            bs_expect(&s, BEEP_RPY, 0, 2, "<profile");
        }
        bs_frame(&s, "MSG", 1, 1, '.', "slow work");
        uint32_t own = 0;
        if (in_start) {
            bs_mgmt(&s, "MSG", 3, START(3, BEEP_URI_TLS, CDATA("<ready />")));
        } else {
            bs_frame(&s, "MSG", 3, 1, '.', BS_HEAD "<ready />");
        }
        bs_alive(&s);
        assert_int_equal(beep_peer_msg(late, &own, SLICE_LIT("not now"), true, s.now), OK);
        bs_take_out(&s);
        bs_alive(&s); /* a MSG of ours is no reply: it does not go out any more */
        assert_int_equal(beep_peer_reply(late, BEEP_RPY, late_msgno, 0, SLICE_LIT("done"), true, s.now), OK);
        bs_take_out(&s);
        bs_expect(&s, BEEP_RPY, 1, 1, "done");
        bs_expect(&s, BEEP_RPY, in_start ? 0 : 3, in_start ? 3 : 1, "<proceed />");
        bs_alive(&s);
        assert_true(s.p->c.tls != NULL);
        bs_close(&s);
    }
}

/* ... also those on channel 0 that have to wait themselves. */
static void close_first(void **state)
{
    struct beep_script s;
    listener(&s, *state);
    bs_mgmt(&s, "MSG", 1, START(1, BEEP_URI_ECHO, ""));
    bs_expect(&s, BEEP_RPY, 0, 1, "<profile");
    bs_mgmt(&s, "MSG", 2, START(3, BEEP_URI_TLS, ""));
    bs_expect(&s, BEEP_RPY, 0, 2, "<profile");
    bs_frame(&s, "MSG", 1, 1, '*', "begun");
    bs_mgmt(&s, "MSG", 3, "<close number='1' code='200' />");
    bs_frame(&s, "MSG", 3, 1, '.', BS_HEAD "<ready />");
    bs_alive(&s);
    bs_frame(&s, "MSG", 1, 1, '.', ""); /* not to be sent behind ready, and not held against anybody */
    bs_expect(&s, BEEP_RPY, 1, 1, "begun");
    bs_expect(&s, BEEP_RPY, 0, 3, "<ok />");
    bs_expect(&s, BEEP_RPY, 3, 1, "<proceed />");
    done(&s);
}

static void late_answer_start(struct beep_bound *b, slice init, struct buf *answer, struct beep_refusal *no, uint64_t now)
{
    late_start(b, init, answer, no, now);
    b->later = true;
}

/* ... or for a profile. */
static void start_first(void **state)
{
    struct beep_script s;
    struct fixture *x = *state;
    struct beep_profile slow = {.uri = "http://slow.invalid/", .start = late_answer_start};
    const struct beep_profile *list[] = {&slow, &beep_echo};
    bw_env(&s.w);
    s.w.setup[1].profile = list;
    s.w.setup[1].tls_server = x->tls[0];
    bs_open(&s, 1);
    bs_greet(&s, "<greeting />");
    bs_mgmt(&s, "MSG", 1, START(1, BEEP_URI_TLS, ""));
    bs_expect(&s, BEEP_RPY, 0, 1, "<profile");
    bs_mgmt(&s, "MSG", 2, START(3, "http://slow.invalid/", ""));
    bs_frame(&s, "MSG", 1, 1, '.', BS_HEAD "<ready />");
    bs_alive(&s);
    beep_peer_answer(late, SLICE_NONE, NULL, s.now);
    bs_take_out(&s);
    bs_expect(&s, BEEP_RPY, 0, 2, "<profile");
    bs_expect(&s, BEEP_RPY, 1, 1, "<proceed />");
    bs_close(&s);
}

static void at_deadline(struct beep_script *s, uint32_t after)
{
    assert_int_equal(s->p->e.ops->deadline(&s->p->e), s->now + after);
    s->now += after;
    s->p->e.ops->tick(&s->p->e, s->now);
    bs_take_out(s);
}

/* A client that has left a MSG of its own unfinished may not end it behind its ready: neither waits for the other without end. */
static void in_vain(void **state)
{
    for (int in_start = 0; in_start < 2; in_start++) {
        struct beep_script s;
        listener(&s, *state);
        bs_mgmt(&s, "MSG", 1, START(1, BEEP_URI_ECHO, ""));
        bs_expect(&s, BEEP_RPY, 0, 1, "<profile");
        if (!in_start) {
            bs_mgmt(&s, "MSG", 2, START(3, BEEP_URI_TLS, ""));
            bs_expect(&s, BEEP_RPY, 0, 2, "<profile");
        }
        bs_frame(&s, "MSG", 1, 1, '*', "begun");
        if (in_start) {
            bs_mgmt(&s, "MSG", 3, START(3, BEEP_URI_TLS, CDATA("<ready />")));
            bs_mgmt(&s, "MSG", 4, "<close number='3' code='200' />"); /* too early: there is no such channel yet, and it is told so behind the other answer */
        } else {
            bs_frame(&s, "MSG", 3, 1, '.', BS_HEAD "<ready />");
        }
        bs_alive(&s);
        at_deadline(&s, s.w.env.limits.message_ms);
        bs_expect(&s, in_start ? BEEP_RPY : BEEP_ERR, in_start ? 0 : 3, in_start ? 3 : 1, "<error code='450'>");
        if (in_start) bs_expect(&s, BEEP_ERR, 0, 4, "code='550'");
        bs_alive(&s);
        assert_true(s.p->e.ops->deadline(&s.p->e) == UINT64_MAX);
        /* the session goes on as it was, and TLS can be asked for again */
        bs_frame(&s, "MSG", 1, 1, '.', "");
        bs_expect(&s, BEEP_RPY, 1, 1, "begun");
        bs_mgmt(&s, "MSG", 5, START(5, BEEP_URI_TLS, CDATA("<ready />")));
        bs_expect(&s, BEEP_RPY, 0, 5, "<proceed />");
        assert_true(s.p->c.tls != NULL);
        done(&s);
    }
}

/* A channel whose operation failed may try again, unless another has begun meanwhile. */
static void another_first(void **state)
{
    struct beep_script s;
    listener(&s, *state);
    bs_mgmt(&s, "MSG", 1, START(1, BEEP_URI_TLS, CDATA("<ready version='2' />")));
    bs_expect(&s, BEEP_RPY, 0, 1, "<error code='501'>");
    bs_mgmt(&s, "MSG", 2, "<start number='3'><profile uri='" BEEP_URI_SASL "PLAIN' /></start>");
    bs_expect(&s, BEEP_RPY, 0, 2, "<blob />");
    bs_frame(&s, "MSG", 1, 1, '.', BS_HEAD "<ready />");
    bs_expect(&s, BEEP_ERR, 1, 1, "code='550'");
    bs_alive(&s);
    done(&s);
}

static void initiator(struct beep_script *s, struct fixture *x, bool is_bare)
{
    bw_env(&s->w);
    s->w.setup[0].tls_client = x->tls[1];
    s->w.setup[0].want_tls = true;
    s->w.setup[0].bare = is_bare;
    bs_open(s, 0);
    bs_greet_and(s, "<greeting><profile uri='" BEEP_URI_TLS "' /></greeting>");
    bs_expect(s, BEEP_MSG, 0, 1, is_bare ? "<profile uri='" BEEP_URI_TLS "' />" : "<![CDATA[<ready />]]>");
}

static void client_is_refused(void **state)
{
    static const struct {
        bool bare;
        const char *keyword, *element, *keyword1, *payload1;
        bool dead, poor; /* the session ends at once; the channel is closed first (2.2.2.1) */
    } rows[] = {
        {false, "ERR", "<error code='550'>no</error>", NULL, NULL, false, false},
        {false, "RPY", "<profile uri='" BEEP_URI_TLS "'>" CDATA("<error code='501' />") "</profile>", NULL, NULL, false, false},
        {false, "RPY", "<profile uri='" BEEP_URI_TLS "'>" CDATA("<ok />") "</profile>", NULL, NULL, false, true},
        {false, "RPY", "<profile uri='" BEEP_URI_TLS "'>" CDATA("<pro") "</profile>", NULL, NULL, false, true},
        {true, "RPY", "<profile uri='" BEEP_URI_TLS "' />", "ERR", BS_HEAD "<error code='501' />", false, false},
        {true, "RPY", "<profile uri='" BEEP_URI_TLS "' />", "RPY", BS_HEAD "<ok />", false, true},
        {true, "RPY", "<profile uri='" BEEP_URI_TLS "' />", "RPY", "rubbish", false, true},
        {true, "RPY", "<profile uri='" BEEP_URI_TLS "' />", "RPY", BS_HEAD "<proceed x='1' />", false, true},
        {true, "RPY", "<profile uri='" BEEP_URI_TLS "' />", "ERR", BS_HEAD "<error />", false, true},
        {false, "RPY", "<profile uri='" BEEP_URI_ECHO "' />", NULL, NULL, true, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct beep_script s;
        initiator(&s, *state, rows[i].bare);
        bs_mgmt(&s, rows[i].keyword, 1, rows[i].element);
        if (rows[i].payload1) {
            bs_expect(&s, BEEP_MSG, 1, 1, "<ready />");
            bs_frame(&s, rows[i].keyword1, 1, 1, '.', rows[i].payload1);
        }
        if (rows[i].dead) {
            bs_dead(&s);
        } else { /* 9: it does not go on without privacy, and says goodbye */
            uint32_t release = rows[i].poor ? 3 : 2;
            if (rows[i].poor) {
                bs_expect(&s, BEEP_MSG, 0, 2, "<close number='1' code='200' />");
                bs_alive(&s);
                bs_mgmt(&s, i % 2 ? "RPY" : "ERR", 2, i % 2 ? "<ok />" : "<error code='550' />");
            }
            bs_expect(&s, BEEP_MSG, 0, release, "<close code='200' />");
            bs_alive(&s);
            bs_mgmt(&s, "RPY", release, "<ok />");
            bs_dead(&s);
        }
        assert_int_equal(s.w.side[0].greeted, 0);
        assert_string_not_equal(beep_peer_why(s.p), "");
        bs_close(&s);
    }
}

/* Between ready and its answer we say nothing, whatever the other side asks. */
static void client_is_silent(void **state)
{
    struct beep_script s;
    initiator(&s, *state, false);
    bs_mgmt(&s, "MSG", 1, START(2, BEEP_URI_ECHO, ""));
    assert_int_equal(s.out.n, 0);
    bs_mgmt(&s, "ERR", 1, "<error code='550' />");
    bs_expect(&s, BEEP_RPY, 0, 1, "<profile");
    bs_close(&s);

    initiator(&s, *state, false);
    uint64_t at = s.p->e.ops->deadline(&s.p->e);
    assert_int_equal(at, s.now + s.w.env.limits.setup_ms);
    s.p->e.ops->tick(&s.p->e, at);
    bs_take_out(&s);
    bs_dead(&s);
    bs_close(&s);

    initiator(&s, *state, false);
    bs_mgmt(&s, "RPY", 1, "<profile uri='" BEEP_URI_TLS "'>" CDATA("<proceed />") "</profile>");
    assert_true(s.out.n > 50);
    assert_int_equal(buf_slice(&s.out).p[0], 0x16);
    at = s.p->e.ops->deadline(&s.p->e);
    assert_int_equal(at, s.now + s.w.env.limits.setup_ms);
    buf_clear(&s.out);
    bs_close(&s);
}

/* --- SASL -------------------------------------------------------------------------------------------------------------- */

static void blobs(void **state)
{
    static const struct {
        const char *mech, *content, *holds;
    } rows[] = {
        {"PLAIN", "<blob>" PLAIN_ALICE "</blob>", "<blob status='complete'"},
        {"PLAIN", "<blob>" PLAIN_WRONG "</blob>", "<error code='535'>"},
        {"PLAIN", "<blob>rubbish!</blob>", "<error code='501'>"},
        {"PLAIN", "<blob status='abort' />", "<error code='451'>"},
        {"PLAIN", "<blob status='complete' />", "<error code='501'>"},
        {"PLAIN", "<blob status='x' />", "<error code='501'>"},
        {"PLAIN", "<ready />", "<error code='501'>"},
        {"PLAIN", "<blob", "<error code='501'>"},
        {"ANONYMOUS", "<blob />", "<blob status='complete'"},
        {"EXTERNAL", "<blob />", "<error code='535'>"},
        {"CRAM-MD5", "<blob>" PLAIN_ALICE "</blob>", "<error code='501'>"},
        {"SCRAM-SHA-256", "<blob>biwsbj1hbGljZSxyPWFiY2RlZg==</blob>", "<blob>"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct beep_script s;
        char start[500];
        listener(&s, *state);
        snprintf(start, sizeof start, "<start number='1'><profile uri='" BEEP_URI_SASL "%s'><![CDATA[%s]]></profile></start>", rows[i].mech, rows[i].content);
        bs_mgmt(&s, "MSG", 1, start);
        bs_expect(&s, BEEP_RPY, 0, 1, rows[i].holds);
        bs_alive(&s);
        assert_int_equal(s.p->authenticated, strstr(rows[i].holds, "complete") != NULL);
        done(&s);
        if (strcmp(rows[i].mech, "CRAM-MD5") == 0) continue;
        /* the same, bare */
        listener(&s, *state);
        snprintf(start, sizeof start, "<start number='1'><profile uri='" BEEP_URI_SASL "%s' /></start>", rows[i].mech);
        bs_mgmt(&s, "MSG", 1, start);
        bs_expect(&s, BEEP_RPY, 0, 1, "<blob />");
        snprintf(start, sizeof start, BS_HEAD "%s\r\n", rows[i].content);
        bs_frame(&s, "MSG", 1, 0, '.', start);
        bool error = strstr(rows[i].holds, "error") != NULL;
        bool ill = strcmp(rows[i].content, "<blob") == 0;
        bs_expect(&s, error ? BEEP_ERR : BEEP_RPY, 1, 0, ill ? "<error code='500'>" : rows[i].holds);
        bs_alive(&s);
        done(&s);
    }
}

/* One success is all there is: no further authentication, no TLS (4, 4.1). */
static void once(void **state)
{
    struct beep_script s;
    listener(&s, *state);
    bs_mgmt(&s, "MSG", 1, START(1, BEEP_URI_SASL "ANONYMOUS", CDATA("<blob />")));
    bs_expect(&s, BEEP_RPY, 0, 1, "complete");
    bs_frame(&s, "MSG", 1, 0, '.', BS_HEAD "<blob />");
    bs_expect(&s, BEEP_ERR, 1, 0, "code='550'");
    bs_mgmt(&s, "MSG", 2, START(3, BEEP_URI_SASL "ANONYMOUS", CDATA("<blob />")));
    bs_expect(&s, BEEP_ERR, 0, 2, "code='550'");
    bs_mgmt(&s, "MSG", 3, START(3, BEEP_URI_TLS, CDATA("<ready />")));
    bs_expect(&s, BEEP_ERR, 0, 3, "code='550'");
    bs_mgmt(&s, "MSG", 4, "<start number='3'><profile uri='" BEEP_URI_TLS "'>" CDATA("<ready />") "</profile><profile uri='" BEEP_URI_ECHO "' /></start>");
    bs_expect(&s, BEEP_RPY, 0, 4, BEEP_URI_ECHO);
    bs_mgmt(&s, "MSG", 5, "<close number='1' code='200' />");
    bs_expect(&s, BEEP_RPY, 0, 5, "<ok />");
    bs_alive(&s);
    assert_string_equal(beep_peer_identity(s.p), "anonymous");
    done(&s);
}

/* Another attempt on the same channel and on another; guessing has an end. */
static void attempts(void **state)
{
    struct beep_script s;
    listener(&s, *state);
    bs_mgmt(&s, "MSG", 1, START(1, BEEP_URI_SASL "PLAIN", CDATA("<blob>" PLAIN_WRONG "</blob>")));
    bs_expect(&s, BEEP_RPY, 0, 1, "code='535'");
    bs_frame(&s, "MSG", 1, 0, '.', BS_HEAD "<blob>" PLAIN_WRONG "</blob>");
    bs_expect(&s, BEEP_ERR, 1, 0, "code='535'");
    bs_mgmt(&s, "MSG", 2, START(3, BEEP_URI_SASL "PLAIN", CDATA("<blob>" PLAIN_WRONG "</blob>")));
    bs_expect(&s, BEEP_RPY, 0, 2, "code='535'");
    for (uint32_t n = 1; n + 2 < PEER_SASL_TRIES; n++) {
        bs_frame(&s, "MSG", 1, n, '.', BS_HEAD "<blob>" PLAIN_WRONG "</blob>");
        bs_expect(&s, BEEP_ERR, 1, n, "code='535'");
    }
    bs_frame(&s, "MSG", 1, 90, '.', BS_HEAD "<blob>" PLAIN_ALICE "</blob>");
    bs_expect(&s, BEEP_ERR, 1, 90, "code='554'");
    bs_alive(&s);
    done(&s);
}

static void challenged(void **state)
{
    struct beep_script s;
    listener(&s, *state);
    bs_mgmt(&s, "MSG", 1, START(1, BEEP_URI_SASL "CRAM-MD5", ""));
    bs_expect(&s, BEEP_RPY, 0, 1, "<![CDATA[<blob>");
    bs_mgmt(&s, "MSG", 2, START(3, BEEP_URI_SASL "ANONYMOUS", CDATA("<blob />")));
    bs_expect(&s, BEEP_ERR, 0, 2, "code='550'");
    bs_frame(&s, "MSG", 1, 0, '.', BS_HEAD "<blob status='abort' />");
    bs_expect(&s, BEEP_ERR, 1, 0, "code='451'");
    bs_mgmt(&s, "MSG", 3, START(3, BEEP_URI_SASL "ANONYMOUS", CDATA("<blob />")));
    bs_expect(&s, BEEP_RPY, 0, 3, "complete");
    bs_alive(&s);
    done(&s);
}

static void sasl_client(struct beep_script *s, const char *mech, const char *first)
{
    struct sasl_options co = {.side = SASL_CLIENT, .hostname = "host.test", .offered = SASL_ALL, .user = "alice", .password = "wonder"};
    char greeting[200];
    bw_env(&s->w);
    assert_int_equal(sasl_context_new(&s->w.env, &co, &s->w.setup[0].sasl_client, NULL, 0), OK);
    s->w.setup[0].sasl_mechanism = mech;
    bs_open(s, 0);
    snprintf(greeting, sizeof greeting, "<greeting><profile uri='" BEEP_URI_SASL "%s' /></greeting>", mech);
    bs_greet_and(s, greeting);
    bs_expect(s, BEEP_MSG, 0, 1, first);
}

#define ANSWER(mech, content) "<profile uri='" BEEP_URI_SASL mech "'>" content "</profile>"

static void client_answers(void **state)
{
    struct beep_script s;
    (void)state;
    sasl_client(&s, "PLAIN", "<![CDATA[<blob>" PLAIN_ALICE "</blob>]]>");
    bs_mgmt(&s, "RPY", 1, ANSWER("PLAIN", CDATA("<blob status='complete' />")));
    bs_expect(&s, BEEP_MSG, 0, 2, "<close number='1' code='200' />");
    bs_alive(&s);
    assert_int_equal(s.w.side[0].greeted, 1);
    assert_true(s.p->authenticated);
    done(&s);

    sasl_client(&s, "PLAIN", "<blob>");
    bs_mgmt(&s, "RPY", 1, ANSWER("PLAIN", CDATA("<error code='535' />")));
    bs_expect(&s, BEEP_MSG, 0, 2, "<close code='200' />");
    assert_int_equal(s.w.side[0].greeted, 0);
    done(&s);

    /* a challenge where the mechanism has none: the client gives up, by the word for it */
    sasl_client(&s, "PLAIN", "<blob>");
    bs_mgmt(&s, "RPY", 1, ANSWER("PLAIN", CDATA("<blob>YQ==</blob>")));
    bs_expect(&s, BEEP_MSG, 1, 1, "<blob status='abort' />");
    bs_alive(&s);
    bs_frame(&s, "ERR", 1, 1, '.', BS_HEAD "<error code='451' />");
    bs_expect(&s, BEEP_MSG, 0, 2, "<close code='200' />");
    done(&s);

    /* the same, and what it says to that cannot be read */
    sasl_client(&s, "PLAIN", "<blob>");
    bs_mgmt(&s, "RPY", 1, ANSWER("PLAIN", CDATA("<blob>YQ==</blob>")));
    bs_expect(&s, BEEP_MSG, 1, 1, "<blob status='abort' />");
    bs_frame(&s, "ERR", 1, 1, '.', BS_HEAD "<error");
    bs_expect(&s, BEEP_MSG, 0, 2, "<close number='1' code='200' />");
    bs_mgmt(&s, "RPY", 2, "<ok />");
    bs_expect(&s, BEEP_MSG, 0, 3, "<close code='200' />");
    done(&s);

    /* the same, and the server says nothing to it: that is not waited for without end */
    sasl_client(&s, "PLAIN", "<blob>");
    bs_mgmt(&s, "RPY", 1, ANSWER("PLAIN", CDATA("<blob>YQ==</blob>")));
    bs_expect(&s, BEEP_MSG, 1, 1, "<blob status='abort' />");
    assert_int_equal(s.p->e.ops->deadline(&s.p->e), s.now + s.w.env.limits.message_ms);
    s.now += s.w.env.limits.message_ms;
    s.p->e.ops->tick(&s.p->e, s.now);
    bs_take_out(&s);
    bs_dead(&s);
    done(&s);

    /* what is no answer has the channel closed, and that channel first (2.2.2.1) */
    static const char *const poor[] = {"<blob>YQ=!</blob>", "<blob", "<blob status='later' />", "<ok />", "<error code='x' />"};
    for (size_t i = 0; i < 2 * sizeof poor / sizeof *poor; i++) {
        const char *el = poor[i / 2];
        char text[300];
        sasl_client(&s, "CRAM-MD5", "<profile");
        if (i % 2) {
            snprintf(text, sizeof text, ANSWER("CRAM-MD5", CDATA("%s")), el);
            bs_mgmt(&s, "RPY", 1, text);
        } else {
            bs_mgmt(&s, "RPY", 1, "<profile uri='" BEEP_URI_SASL "CRAM-MD5' />");
            bs_expect(&s, BEEP_MSG, 1, 1, "<blob />");
            snprintf(text, sizeof text, BS_HEAD "%s", el);
            bs_frame(&s, "RPY", 1, 1, '.', text);
        }
        bs_expect(&s, BEEP_MSG, 0, 2, "<close number='1' code='200' />");
        bs_alive(&s);
        bs_mgmt(&s, "RPY", 2, "<ok />");
        bs_expect(&s, BEEP_MSG, 0, 3, "<close code='200' />");
        bs_alive(&s);
        assert_false(s.p->authenticated);
        assert_int_equal(s.w.side[0].greeted, 0);
        done(&s);
    }

    /* a server that says it is done before it can be */
    sasl_client(&s, "SCRAM-SHA-1", "<blob>");
    bs_mgmt(&s, "RPY", 1, ANSWER("SCRAM-SHA-1", CDATA("<blob status='complete' />")));
    assert_false(s.p->authenticated);
    bs_expect(&s, BEEP_MSG, 0, 2, "<close code='200' />");
    done(&s);

    /* the channel without a word, and a mechanism in which the server begins */
    sasl_client(&s, "CRAM-MD5", "<profile uri='" BEEP_URI_SASL "CRAM-MD5' />");
    bs_mgmt(&s, "RPY", 1, "<profile uri='" BEEP_URI_SASL "CRAM-MD5' />");
    bs_expect(&s, BEEP_MSG, 1, 1, "<blob />");
    bs_frame(&s, "RPY", 1, 1, '.', BS_HEAD "<blob>PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+</blob>");
    bs_expect(&s, BEEP_MSG, 1, 2, "<blob>");
    bs_frame(&s, "RPY", 1, 2, '.', BS_HEAD "<blob status='complete' />");
    bs_expect(&s, BEEP_MSG, 0, 2, "<close number='1'");
    assert_true(s.p->authenticated);
    done(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(proceeds),          cmocka_unit_test(bare),             cmocka_unit_test(refused_inside), cmocka_unit_test(replies_first),
        cmocka_unit_test(close_first),       cmocka_unit_test(another_first),    cmocka_unit_test(start_first),      cmocka_unit_test(in_vain),
        cmocka_unit_test(client_is_refused), cmocka_unit_test(client_is_silent), cmocka_unit_test(blobs),          cmocka_unit_test(once),
        cmocka_unit_test(attempts),          cmocka_unit_test(challenged),       cmocka_unit_test(client_answers),
    };
    return cmocka_run_group_tests(tests, setup, keyed_teardown);
}
