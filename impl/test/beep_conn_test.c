/* SPDX-License-Identifier: MIT */
/* A BEEP session's layers: clear text, TLS behind a proceed, clear text again when TLS came to nothing; memory that is refused at every place. */
#include "test/beep_conn_pair.h"
#include "test/mem_fail.h"

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
        cmocka_unit_test(tls_at_every_split),         cmocka_unit_test(octets_wait_for_tls),
        cmocka_unit_test(clear_again_when_tls_fails), cmocka_unit_test(late_records_are_passed_over),
        cmocka_unit_test(clear_text_behind_proceed),  cmocka_unit_test(tls_by_hand),
        cmocka_unit_test(a_damaged_record),           cmocka_unit_test(a_record_twice),
        cmocka_unit_test(frames_share_records),       cmocka_unit_test(tls_is_refused_without_a_proceed),
        cmocka_unit_test(too_much_behind_proceed),    cmocka_unit_test(memory_is_short_at_every_call),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
