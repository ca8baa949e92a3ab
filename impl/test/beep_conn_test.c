/* SPDX-License-Identifier: MIT */
/* A BEEP session's layers: clear text, TLS behind a proceed, clear text again when TLS came to nothing; what is not sent, what is not read. */
#include "test/tls_pair.h"

#include "test/beep_pair.h"
#include "test/mem_fail.h"

#define READY       BP_HEAD "<start number='1'><profile uri='" BP_TLS "'>&lt;ready /></profile></start>\r\n"
#define PROCEED     BP_HEAD "<profile uri='" BP_TLS "'>&lt;proceed /></profile>\r\n"

/* What happened, side by side. */
struct seen {
    struct tls_context *context[2]; /* by side; side 0 asks for TLS.  NULL: nobody starts it */
    bool clear_after;               /* goes on in clear when the handshake failed */
    unsigned n[2][BEEP_EV_NOTIFY + 1];
    uint16_t version[2];
    int alert[2];
    enum beep_fault_code fault[2];  /* the first */
};

static void start_tls(struct beep_pair *p, const struct seen *s, int side)
{
    struct beep_end *e = &p->end[side];
    if (s->context[side] && e->c.to_tls && !e->c.tls) bp_good(p, beep_conn_start_tls(&e->c, s->context[side], side == 0, NULL));
}

static void greet_again(struct beep_pair *p, int side)
{
    beep_mux_reset(&p->end[side].m);
    bp_say(p, side, 0, BEEP_RPY, 0, BP_GREETING);
}

static void watch(void *ctx, struct beep_pair *p, int side, const struct beep_event *ev)
{
    struct seen *s = ctx;
    const struct track_beep *t = &p->end[side].c.track;
    s->n[side][ev->kind]++;
    if (t->fault_n && !s->fault[side]) s->fault[side] = t->fault[0].code;
    switch (ev->kind) {
    case BEEP_EV_HELLO: s->version[side] = ev->hello_version; break;
    case BEEP_EV_TLS: greet_again(p, side); break;
    case BEEP_EV_TLS_FAILED:
        s->alert[side] = ev->alert;
        if (!s->clear_after || p->end[side].c.open_told) break;
        if (bp_good(p, beep_conn_without_tls(&p->end[side].c))) greet_again(p, side);
        break;
    case BEEP_EV_FRAME: start_tls(p, s, side); break;
    case BEEP_EV_NOTHING:
    case BEEP_EV_BAD:
    case BEEP_EV_NOTIFY: break;
    }
}

static void begin(struct beep_pair *p, struct seen *s, const struct env *env)
{
    bp_init(p, env, NULL);
    p->event = watch;
    p->ctx = s;
    p->by_hand = true;
}

/* As far as the proceed, which the listener has sent and nobody has read. */
static void to_proceed(struct beep_pair *p, struct seen *s)
{
    bp_greet(p);
    if (p->dead) return;
    bp_say(p, 0, 0, BEEP_MSG, 1, READY);
    bp_settle(p);
    if (p->dead) return;
    bp_say(p, 1, 0, BEEP_RPY, 1, PROCEED);
    if (p->dead || !bp_good(p, beep_mux_pump(&p->end[1].m))) return;
    if (p->may_fail && !p->end[1].c.to_tls) {
        p->dead = true; /* the element could not be read */
        return;
    }
    assert_true(p->end[1].c.to_tls);
    start_tls(p, s, 1);
}

static void talk(struct beep_pair *p)
{
    bp_settle(p);
    if (p->dead) return;
    p->by_hand = false;
    bp_open(p, 0, 1);
    if (p->dead) return;
    bp_say(p, 0, 1, BEEP_MSG, 1, "behind the layer");
    bp_settle(p);
    if (!p->dead) bp_say(p, 1, 1, BEEP_RPY, 1, "heard");
    bp_settle(p);
}

static void contexts(const struct world *w, const struct env *env, const struct how *h, struct seen *s)
{
    s->context[0] = context(w, env, h, TLS_CLIENT);
    s->context[1] = context(w, env, h, TLS_SERVER);
}

static void no_contexts(struct seen *s)
{
    tls_context_free(s->context[0]);
    tls_context_free(s->context[1]);
}

static void tls_at_every_split(void **state)
{
    const struct world *w = *state;
    for (size_t k = 0; k < PROFILES; k++) {
        for (int split = SPLIT_WHOLE; split <= SPLIT_RANDOM; split++) {
            struct seen s = {0};
            struct beep_pair p;
            contexts(w, &w->env, &each_profile[k], &s);
            begin(&p, &s, &w->env);
            p.split = (enum link_split)split;
            to_proceed(&p, &s);
            talk(&p);
            assert_int_equal(p.faults, 0);
            for (int side = 0; side < 2; side++) {
                struct beep_conn *c = &p.end[side].c;
                assert_int_equal(s.n[side][BEEP_EV_HELLO], 1);
                assert_int_equal(s.n[side][BEEP_EV_TLS], 1);
                assert_int_equal(s.version[side] >> 8, 3);
                assert_true(beep_conn_secured(c) && !c->to_tls);
                assert_int_equal(track_beep_tuning(&c->track), BEEP_TS_SECURED);
                assert_int_equal(c->wire.cap + c->clear.cap, 0); /* nothing is kept */
            }
            assert_int_equal(p.end[1].frames[BEEP_MSG], 3);
            assert_int_equal(p.end[0].frames[BEEP_RPY], 5);
            for (int side = 0; side < 2; side++) {
                assert_int_equal(beep_conn_notify(&p.end[side].c), OK);
                assert_int_equal(beep_conn_notify(&p.end[side].c), OK);
            }
            bp_settle(&p);
            for (int side = 0; side < 2; side++) {
                assert_int_equal(s.n[side][BEEP_EV_NOTIFY], 1);
                assert_int_equal(s.n[side][BEEP_EV_TLS_FAILED], 0);
                assert_true(beep_conn_ended(&p.end[side].c));
            }
            bp_done(&p);
            no_contexts(&s);
        }
    }
}

/* The handshake comes in the same octets as the proceed, before anybody could start TLS; and TLS is started only later. */
static void octets_wait_for_tls(void **state)
{
    const struct world *w = *state;
    struct seen s = {0}, ready = {0};
    struct beep_pair p;
    contexts(w, &w->env, &each_profile[1], &ready);
    begin(&p, &s, &w->env);
    to_proceed(&p, &s);
    bp_settle(&p);
    assert_int_equal(beep_conn_start_tls(&p.end[0].c, ready.context[0], true, NULL), OK);
    assert_int_equal(beep_conn_start_tls(&p.end[0].c, ready.context[0], true, NULL), ERR_USE);
    bp_settle(&p);
    assert_int_equal(s.n[1][BEEP_EV_HELLO], 1);
    assert_true(p.end[1].c.wire.n > 100);
    assert_int_equal(beep_conn_start_tls(&p.end[1].c, ready.context[1], false, NULL), OK);
    talk(&p);
    assert_int_equal(p.faults, 0);
    assert_int_equal(s.n[0][BEEP_EV_TLS] + s.n[1][BEEP_EV_TLS], 2);
    bp_done(&p);
    no_contexts(&ready);
}

/* The client does not trust the server: an alert, and right behind it the greeting in clear (3). */
static void clear_again_when_tls_fails(void **state)
{
    const struct world *w = *state;
    for (size_t k = 0; k < PROFILES; k++) {
        for (int split = SPLIT_WHOLE; split <= SPLIT_RANDOM; split++) {
            struct how h = each_profile[k];
            h.server_name = "another.example";
            struct seen s = {.clear_after = true};
            struct beep_pair p;
            contexts(w, &w->env, &h, &s);
            begin(&p, &s, &w->env);
            p.split = (enum link_split)split;
            to_proceed(&p, &s);
            bp_settle(&p);
            if (s.n[1][BEEP_EV_TLS]) { /* 1.3: the server was done before */
                bp_done(&p);
                no_contexts(&s);
                continue;
            }
            talk(&p);
            assert_int_equal(p.faults, 0);
            for (int side = 0; side < 2; side++) {
                assert_int_equal(s.n[side][BEEP_EV_TLS_FAILED], 1);
                assert_int_equal(s.n[side][BEEP_EV_TLS], 0);
                assert_false(beep_conn_secured(&p.end[side].c));
                assert_int_equal(track_beep_tuning(&p.end[side].c.track), BEEP_TS_PLAIN);
            }
            assert_true(s.alert[1] > 0);
            assert_int_equal(s.alert[0], -1);
            assert_int_equal(p.end[1].frames[BEEP_MSG], 3);
            bp_done(&p);
            no_contexts(&s);
        }
    }
}

/* Records that were on their way when TLS was given up are passed over, wherever they are cut. */
static void late_records_are_passed_over(void **state)
{
    const struct world *w = *state;
    static const char late[] = "\x16\x03\x01\x00\x04MSG \x15\x03\x01\x00\x02\x02\x28" "RPY 0 0 . 0 52\r\n" BP_GREETING "END\r\n";
    for (size_t cut = 0; cut < sizeof late; cut++) {
        struct seen s = {0};
        struct beep_pair p;
        begin(&p, &s, &w->env);
        to_proceed(&p, &s);
        bp_settle(&p);
        bp_feed(&p, 1, slice_of(late, cut));
        assert_int_equal(beep_conn_without_tls(&p.end[1].c), OK);
        assert_int_equal(beep_conn_without_tls(&p.end[1].c), ERR_USE);
        bp_feed(&p, 1, slice_of(late + cut, sizeof late - 1 - cut));
        assert_int_equal(p.end[1].frames[BEEP_RPY], 2); /* the other is from before */
        assert_int_equal(s.n[1][BEEP_EV_BAD], 0);
        bp_done(&p);
    }
}

static void clear_text_behind_proceed(void **state)
{
    const struct world *w = *state;
    struct seen s = {0};
    struct beep_pair p;
    begin(&p, &s, &w->env);
    to_proceed(&p, &s);
    bp_settle(&p);
    bp_feed(&p, 1, SLICE_LIT("R"));
    assert_int_equal(s.n[1][BEEP_EV_HELLO], 1);
    assert_int_equal(s.version[1], 0);
    assert_int_equal(s.fault[1], BEEP_F_NOT_TLS);
    bp_feed(&p, 1, SLICE_LIT("PY 0 0 . 0 0\r\n"));
    assert_int_equal(s.n[1][BEEP_EV_HELLO], 1);
    bp_done(&p);
}

/* A tester that speaks TLS by hand: the alert is told, a hello of SSL 2.0 is one. */
static void tls_by_hand(void **state)
{
    const struct world *w = *state;
    static const char alert[] = "\x15\x03\x01\x00\x02\x02\x46", behind[] = "\x16\x03\x01\x00\x01\x02\x15\x03\x01\x00\x02\x02\x28";
    struct seen s = {0};
    struct beep_pair p;
    begin(&p, &s, &w->env);
    to_proceed(&p, &s);
    bp_settle(&p);
    for (size_t i = 0; i < sizeof alert - 1; i++) {
        assert_int_equal(s.n[0][BEEP_EV_TLS_FAILED], 0);
        bp_feed(&p, 0, slice_of(alert + i, 1));
    }
    assert_int_equal(s.n[0][BEEP_EV_TLS_FAILED], 1);
    assert_int_equal(s.alert[0], 70);
    assert_int_equal(s.n[0][BEEP_EV_HELLO], 0);
    bp_feed(&p, 1, slice_of(behind, sizeof behind - 1));
    assert_int_equal(s.alert[1], 40);
    assert_int_equal(p.faults, 0);
    bp_done(&p);
    s = (struct seen){0};
    begin(&p, &s, &w->env);
    to_proceed(&p, &s);
    bp_settle(&p);
    bp_feed(&p, 1, slice_of("\x80\x2e\x01\x03\x01", 5));
    assert_int_equal(s.n[1][BEEP_EV_HELLO], 1);
    assert_int_equal(s.version[1], 2);
    assert_int_equal(p.faults, 0);
    bp_done(&p);
}

static void a_damaged_record(void **state)
{
    const struct world *w = *state;
    struct seen s = {0};
    struct beep_pair p;
    contexts(w, &w->env, &each_profile[2], &s);
    begin(&p, &s, &w->env);
    to_proceed(&p, &s);
    bp_settle(&p);
    p.end[0].c.flip_next = true;
    bp_say(&p, 0, 0, BEEP_MSG, 1, BP_HEAD "<close code='200' />\r\n");
    bp_settle(&p);
    assert_int_equal(s.n[1][BEEP_EV_TLS_FAILED], 1);
    assert_int_equal(p.end[1].frames[BEEP_MSG], 1); /* the ready */
    bp_done(&p);
    no_contexts(&s);
}

/* The first copy is read, and the second one ends it. */
static void a_record_twice(void **state)
{
    const struct world *w = *state;
    struct seen s = {0};
    struct beep_pair p;
    contexts(w, &w->env, &each_profile[2], &s);
    begin(&p, &s, &w->env);
    to_proceed(&p, &s);
    talk(&p);
    uint64_t had = p.end[1].frames[BEEP_MSG];
    p.end[0].c.replay_next = p.may_fail = true; /* a window is granted on what has failed by then */
    bp_say(&p, 0, 1, BEEP_MSG, 2, "once");
    bp_settle(&p);
    assert_int_equal(p.end[1].frames[BEEP_MSG], had + 1);
    assert_int_equal(s.n[1][BEEP_EV_TLS_FAILED], 1);
    assert_false(p.end[0].c.replay_next);
    bp_done(&p);
    no_contexts(&s);
}

static size_t records(const struct buf *wire)
{
    slice w = buf_slice(wire);
    size_t n = 0;
    for (size_t at = 0; at < w.n; n++)
        at += 5 + (size_t)(w.p[at + 3] << 8 | w.p[at + 4]);
    return n;
}

/* One record for as many frames as it holds; what is longer than a record goes by itself, in its place. */
static void frames_share_records(void **state)
{
    const struct world *w = *state;
    struct seen s = {0};
    struct beep_pair p;
    static uint8_t much[20000];
    contexts(w, &w->env, &each_profile[2], &s);
    begin(&p, &s, &w->env);
    to_proceed(&p, &s);
    talk(&p);
    struct beep_end *e = &p.end[0];
    uint64_t had = p.end[1].frames[BEEP_MSG];
    for (uint32_t i = 2; i < 22; i++)
        bp_say(&p, 0, 1, BEEP_MSG, i, "short");
    bp_good(&p, beep_mux_pump(&e->m));
    assert_int_equal(records(&e->link.out), 1);
    assert_int_equal(e->c.gathered.cap, 0);
    bp_settle(&p);
    assert_int_equal(p.end[1].frames[BEEP_MSG] - had, 20);

    static const struct {
        size_t first, second, waits, made; /* octets that still wait behind both, records of them */
    } rows[] = {{100, 16284, 16384, 1}, {100, 16285, 16285, 2}, {100, 20000, 0, 3}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        buf_clear(&e->link.out);
        beep_conn_gather(&e->c);
        assert_int_equal(beep_conn_write(&e->c, slice_of(much, rows[i].first)), OK);
        assert_int_equal(beep_conn_write(&e->c, slice_of(much, rows[i].second)), OK);
        assert_int_equal(beep_conn_waiting(&e->c) - e->link.out.n, rows[i].waits);
        assert_int_equal(beep_conn_gathered(&e->c), OK);
        assert_int_equal(records(&e->link.out), rows[i].made);
    }
    bp_done(&p);
    no_contexts(&s);
}

/* --- frames --------------------------------------------------------------------------------------------------------------- */

static struct beep_frame msg(uint32_t channel, uint32_t msgno, uint32_t seqno, slice payload)
{
    return (struct beep_frame){.keyword = BEEP_MSG, .channel = channel, .msgno = msgno, .seqno = seqno, .payload = payload};
}

static void frames_that_are_not_sent(void **state)
{
    const struct world *w = *state;
    static char much[4097];
    struct beep_pair p;
    bp_init(&p, &w->env, NULL);
    bp_begin(&p);
    struct beep_conn *c = &p.end[0].c;
    struct beep_frame f = msg(0, 1, 0, SLICE_NONE);
    assert_int_equal(beep_conn_frame(c, &f), ERR_USE); /* before the greeting */
    bp_settle(&p);
    bp_open(&p, 0, 1);
    memset(much, 'x', sizeof much);
    f = msg(1, 1, 0, slice_of(much, sizeof much));
    assert_int_equal(beep_conn_frame(c, &f), ERR_USE); /* beyond the window */
    f = msg(1, 1, 1, SLICE_LIT("x"));
    assert_int_equal(beep_conn_frame(c, &f), ERR_USE);
    f = msg(3, 1, 0, SLICE_LIT("x"));
    assert_int_equal(beep_conn_frame(c, &f), ERR_USE);
    f = (struct beep_frame){.keyword = BEEP_SEQ, .channel = 1, .seqno = 1, .size = 8000};
    assert_int_equal(beep_conn_frame(c, &f), ERR_USE); /* acknowledges what was never sent */
    assert_int_equal(c->link->out.n, 0);
    f = msg(1, 1, 0, slice_of(much, 4096));
    f.size = 7; /* is not looked at */
    f.more = true;
    assert_int_equal(beep_conn_frame(c, &f), OK);
    f = msg(1, 1, 4096, SLICE_NONE);
    assert_int_equal(beep_conn_frame(c, &f), OK); /* nothing needs no window */
    bp_settle(&p);
    assert_int_equal(p.faults, 0);
    assert_int_equal(p.end[1].frames[BEEP_MSG], 3);
    bp_done(&p);
}

/* The frame went out, but its MSG could not be kept in mind: that is no success. */
static void a_frame_without_memory_for_it(void **state)
{
    const struct world *w = *state;
    struct mem_fail f;
    struct mem mem = mem_fail_init(&f, 0);
    struct env env = w->env;
    struct beep_pair p;
    env.mem = &mem;
    bp_init(&p, &env, NULL);
    bp_greet(&p);
    bp_open(&p, 0, 1);
    struct beep_frame m = msg(1, 1, 0, SLICE_LIT("x"));
    assert_true(p.end[0].link.out.cap > 64); /* no memory is wanted for the octets */
    f.fail_at = f.calls + 1;
    assert_int_equal(beep_conn_frame(&p.end[0].c, &m), ERR_SYS);
    assert_true(p.end[0].link.out.n > 0);
    f.fail_at = 0;
    bp_done(&p);
    assert_int_equal(f.live, 0);
}

static void bad_octets_are_told_once(void **state)
{
    const struct world *w = *state;
    struct seen s = {0};
    struct beep_pair p;
    begin(&p, &s, &w->env);
    bp_greet(&p);
    bp_feed(&p, 1, SLICE_LIT("MSG 9 1 . 0 0\r\nEND\r\nMSG 9"));
    assert_int_equal(s.n[1][BEEP_EV_BAD], 1);
    assert_int_equal(s.fault[1], BEEP_F_NO_CHANNEL);
    bp_feed(&p, 1, SLICE_LIT(" 1 . 0 0\r\n"));
    assert_int_equal(s.n[1][BEEP_EV_BAD], 1);
    assert_true(beep_conn_ended(&p.end[1].c));
    bp_done(&p);
    /* a tester reads on */
    s = (struct seen){0};
    begin(&p, &s, &w->env);
    bp_greet(&p);
    p.end[1].c.resync = true;
    unsigned had = s.n[1][BEEP_EV_FRAME];
    bp_feed(&p, 1, SLICE_LIT("MSG 9 1 . 0 0\r\nEND\r\nMSG 9 2 . 0 0\r\nEND\r\n"));
    assert_int_equal(s.n[1][BEEP_EV_BAD], 0);
    assert_int_equal(s.n[1][BEEP_EV_FRAME], had + 2);
    assert_int_equal(s.fault[1], BEEP_F_NO_CHANNEL);
    bp_done(&p);
}

static void an_end_inside_a_frame(void **state)
{
    const struct world *w = *state;
    struct seen s = {0};
    struct beep_pair p;
    begin(&p, &s, &w->env);
    bp_greet(&p);
    assert_int_equal(p.end[1].c.first_octet, 0);
    bp_feed(&p, 1, SLICE_LIT("MSG 0 1 ."));
    assert_int_equal(p.end[1].c.first_octet, 1);
    assert_false(beep_conn_ended(&p.end[1].c));
    assert_int_equal(p.end[1].c.track.fault[0].code, BEEP_F_HALF);
    assert_true(beep_conn_ended(&p.end[0].c));
    bp_done(&p);
}

/* Octets of a tester: the tracker reads them as ours, and what is wrong with them taints us. */
static void octets_of_a_tester(void **state)
{
    const struct world *w = *state;
    struct seen s = {0};
    struct beep_pair p;
    begin(&p, &s, &w->env);
    bp_greet(&p);
    struct beep_conn *c = &p.end[0].c;
    static const char good[] = "MSG 0 1 . 52 0\r\nEND\r\n", bad[] = "MSG 0 2 . 52 1\r\nxEN?\r\n";
    assert_int_equal(bp_channel(&p, 0, 0)->dir[0].next, 52);
    assert_int_equal(beep_conn_write_read(c, slice_sub(slice_str(good), 0, 5)), OK);
    assert_int_equal(beep_conn_write_read(c, slice_sub(slice_str(good), 5, 99)), OK);
    assert_true(beep_exchange_of(bp_channel(&p, 0, 0), 0, 1) != NULL);
    assert_int_equal(c->link->out.n, strlen(good));
    assert_int_equal(beep_conn_write_read(c, slice_str(bad)), OK);
    assert_true(c->track.tainted[0]);
    assert_int_equal(c->link->out.n, strlen(good) + strlen(bad));
    assert_int_equal(c->track.fault_n, 0);
    /* told nothing */
    assert_int_equal(beep_conn_write(c, SLICE_LIT("FOO")), OK);
    bp_done(&p);
    /* beyond the window is no end of the session, and still our own doing */
    bp_init(&p, &w->env, NULL);
    bp_greet(&p);
    bp_open(&p, 0, 1);
    static char long_frame[5200];
    int head = snprintf(long_frame, sizeof long_frame, "MSG 1 1 . 0 5000\r\n");
    memset(long_frame + head, 'x', 5000);
    memcpy(long_frame + head + 5000, "END\r\n", 5);
    assert_int_equal(beep_conn_write_read(&p.end[0].c, slice_of(long_frame, (size_t)head + 5005)), OK);
    assert_true(p.end[0].c.track.tainted[0]);
    assert_false(p.end[0].c.track.lost);
    bp_done(&p);
    /* a proceed by hand, and too much behind it */
    for (int more = 0; more < 2; more++) {
        char text[400];
        s = (struct seen){0};
        begin(&p, &s, &w->env);
        bp_greet(&p);
        bp_say(&p, 0, 0, BEEP_MSG, 1, READY);
        bp_settle(&p);
        c = &p.end[1].c;
        snprintf(text, sizeof text, "RPY 0 1 . 52 %zu\r\n" PROCEED "END\r\n%s", strlen(PROCEED), more ? "RPY" : "");
        assert_int_equal(beep_conn_write_read(c, slice_str(text)), OK);
        assert_true(c->to_tls);
        assert_int_equal(c->track.tainted[1], more);
        struct beep_frame f = msg(0, 1, 0, SLICE_NONE);
        assert_int_equal(beep_conn_frame(c, &f), ERR_USE);
        assert_int_equal(beep_conn_write_read(c, SLICE_LIT("x")), OK);
        assert_true(c->track.tainted[1]);
        bp_done(&p);
    }
}

static void tls_is_refused_without_a_proceed(void **state)
{
    const struct world *w = *state;
    struct seen s = {0}, t = {0};
    struct beep_pair p;
    contexts(w, &w->env, &each_profile[1], &t);
    begin(&p, &s, &w->env);
    bp_greet(&p);
    assert_int_equal(beep_conn_start_tls(&p.end[0].c, t.context[0], true, NULL), ERR_USE);
    assert_int_equal(beep_conn_without_tls(&p.end[0].c), ERR_USE);
    assert_int_equal(beep_conn_notify(&p.end[0].c), OK);
    assert_int_equal(p.end[0].link.out.n, 0);
    bp_done(&p);
    no_contexts(&t);
}

/* What waits for TLS is bounded. */
static void too_much_behind_proceed(void **state)
{
    const struct world *w = *state;
    static uint8_t much[5000];
    struct seen s = {0};
    struct env env = w->env;
    struct beep_pair p;
    env.limits.out_queue = 4096;
    begin(&p, &s, &env);
    to_proceed(&p, &s);
    bp_settle(&p);
    much[0] = 0x16;
    much[1] = 3;
    bp_feed(&p, 1, slice_of(much, sizeof much));
    assert_int_equal(s.n[1][BEEP_EV_BAD], 1);
    bp_done(&p);
}

/* --- memory --------------------------------------------------------------------------------------------------------------- */

static void memory_is_short_at_every_call(void **state)
{
    const struct world *w = *state;
    for (int fails = 0; fails < 2; fails++) {
        struct how h = each_profile[2];
        struct mem_fail f;
        struct mem mem = mem_fail_init(&f, 0);
        struct env env = w->env;
        struct seen s;
        size_t n = 0, had;
        env.mem = &mem;
        if (fails) h.server_name = "another.example";
        memset(&s, 0, sizeof s);
        contexts(w, &env, &h, &s);
        had = f.live;
        do {
            struct seen now = {.clear_after = fails != 0};
            struct beep_pair p;
            memcpy(now.context, s.context, sizeof now.context);
            f.calls = 0;
            f.fail_at = ++n;
            begin(&p, &now, &env);
            p.may_fail = true;
            to_proceed(&p, &now);
            talk(&p);
            if (f.calls < n) assert_false(p.dead);
            bp_done(&p);
            assert_true(f.live <= had + 4096); /* the contexts remember sessions */
            had = f.live;
        } while (f.calls >= n);
        assert_true(n > 50);
        f.fail_at = 0;
        no_contexts(&s);
        assert_int_equal(f.live, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tls_at_every_split),
        cmocka_unit_test(octets_wait_for_tls),
        cmocka_unit_test(clear_again_when_tls_fails),
        cmocka_unit_test(late_records_are_passed_over),
        cmocka_unit_test(clear_text_behind_proceed),
        cmocka_unit_test(tls_by_hand),
        cmocka_unit_test(a_damaged_record), cmocka_unit_test(a_record_twice),
        cmocka_unit_test(frames_share_records),
        cmocka_unit_test(frames_that_are_not_sent),
        cmocka_unit_test(a_frame_without_memory_for_it),
        cmocka_unit_test(bad_octets_are_told_once),
        cmocka_unit_test(an_end_inside_a_frame),
        cmocka_unit_test(octets_of_a_tester),
        cmocka_unit_test(tls_is_refused_without_a_proceed),
        cmocka_unit_test(too_much_behind_proceed),
        cmocka_unit_test(memory_is_short_at_every_call),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
