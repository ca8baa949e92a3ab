/* SPDX-License-Identifier: MIT */
/* The frames of a BEEP connection: what is not sent, what is not read, and octets that a tester says by
 * itself. */
#include "test/beep_conn_pair.h"
#include "test/mem_fail.h"

static struct beep_frame msg(uint32_t channel, uint32_t msgno, uint32_t seqno, slice payload)
{
    return (struct beep_frame){
        .keyword = BEEP_MSG, .channel = channel, .msgno = msgno, .seqno = seqno, .payload = payload};
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
        snprintf(text, sizeof text, "RPY 0 1 . 52 %zu\r\n" PROCEED "END\r\n%s", strlen(PROCEED),
                 more ? "RPY" : "");
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_that_are_not_sent), cmocka_unit_test(a_frame_without_memory_for_it),
        cmocka_unit_test(bad_octets_are_told_once), cmocka_unit_test(an_end_inside_a_frame),
        cmocka_unit_test(octets_of_a_tester),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
