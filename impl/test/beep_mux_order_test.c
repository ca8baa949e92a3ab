/* SPDX-License-Identifier: MIT */
/* Two multiplexers back to back: the order of what is sent on a channel, what is refused, and what is kept back.  Each side's tracker judges what comes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "test/beep_stage.h"

static void replies_keep_the_order_of_their_msgs(void **state)
{
    (void)state;
    struct stage *g = stage_new(NULL);
    for (uint32_t n = 7; n > 4; n--)
        say(g, 0, BEEP_MSG, n, "?");
    bp_settle(&g->p);
    say(g, 1, BEEP_RPY, 5, "third");
    say(g, 1, BEEP_ERR, 6, "second");
    bp_settle(&g->p);
    assert_int_equal(g->h.lines[0], 0);
    say(g, 1, BEEP_RPY, 7, "first");
    bp_settle(&g->p);
    HEARD(g, 0, "RPY 1 7 . 5", "ERR 1 6 . 6", "RPY 1 5 . 5");
    stage_free(g);
}

/* A reply does not cut into a MSG of the same channel, nor a MSG into a reply; what was queued first goes first. */
static void messages_of_a_channel_are_not_cut_into(void **state)
{
    (void)state;
    struct stage *g = stage_new(NULL);
    slice s = pattern(6000);
    say(g, 1, BEEP_MSG, 1, "?");
    bp_settle(&g->p);
    assert_int_equal(put(g, 0, 1, BEEP_MSG, 1, 0, SLICE_LIT("begun"), false), OK);
    bp_settle(&g->p);
    assert_int_equal(put(g, 0, 1, BEEP_RPY, 1, 0, SLICE_LIT("reply"), false), OK);
    say(g, 0, BEEP_MSG, 2, "after");
    bp_settle(&g->p);
    HEARD(g, 1, "MSG 1 1 * 5");
    assert_int_equal(put(g, 0, 1, BEEP_MSG, 1, 0, s, true), OK);
    bp_settle(&g->p);
    /* the window of 4,096 is wider by the time it is used up */
    forget_heard(&g->h);
    assert_int_equal(put(g, 0, 1, BEEP_RPY, 1, 0, SLICE_LIT("!"), true), OK);
    bp_settle(&g->p);
    HEARD(g, 1, "RPY 1 1 . 1", "MSG 1 2 . 5");
    pattern_free(s);
    stage_free(g);
}

static void a_message_without_octets_keeps_nothing_waiting(void **state)
{
    (void)state;
    struct stage *g = stage_new(NULL);
    say(g, 1, BEEP_MSG, 1, "?");
    bp_settle(&g->p);
    assert_int_equal(put(g, 0, 1, BEEP_MSG, 1, 0, SLICE_NONE, false), OK); /* nothing was said yet */
    say(g, 0, BEEP_RPY, 1, "!");
    bp_settle(&g->p);
    HEARD(g, 1, "RPY 1 1 . 1");
    stage_free(g);
}

static void answers_are_interleaved_as_they_were_queued(void **state)
{
    (void)state;
    struct stage *g = stage_new(NULL);
    say(g, 0, BEEP_MSG, 1, "?");
    say(g, 0, BEEP_MSG, 2, "?");
    bp_settle(&g->p);
    say(g, 1, BEEP_RPY, 2, "later");
    answer(g, 1, 1, 0, "a", false);
    answer(g, 1, 1, 1, "b", false);
    say(g, 1, BEEP_MSG, 1, "not between them");
    assert_int_equal(put(g, 1, 1, BEEP_NUL, 1, 0, SLICE_NONE, true), ERR_USE);
    answer(g, 1, 1, 0, "aa", false);
    answer(g, 1, 1, 0, "aaa", true);
    answer(g, 1, 1, 1, "", true);
    answer(g, 1, 1, 0, "again", true);
    bp_settle(&g->p);
    assert_int_equal(put(g, 1, 1, BEEP_NUL, 1, 0, SLICE_NONE, true), OK);
    assert_int_equal(put(g, 1, 1, BEEP_ANS, 1, 3, SLICE_LIT("x"), true), ERR_USE);
    bp_settle(&g->p);
    HEARD(g, 0, "ANS 1 1/0 * 1", "ANS 1 1/1 * 1", "ANS 1 1/0 . 5", "ANS 1 1/1 . 0", "ANS 1 1/0 . 5", "MSG 1 1 . 16", "NUL 1 1 . 0",
          "RPY 1 2 . 5");
    assert_int_equal(g->p.end[1].m.queued, 0);
    /* an answer is begun and there is nothing to send of it: a MSG has to wait all the same */
    say(g, 0, BEEP_MSG, 5, "?");
    bp_settle(&g->p);
    forget_heard(&g->h);
    answer(g, 1, 5, 0, "a", false);
    answer(g, 1, 5, 1, "b", true);
    bp_settle(&g->p);
    say(g, 1, BEEP_MSG, 2, "?");
    bp_settle(&g->p);
    HEARD(g, 0, "ANS 1 5/0 * 1", "ANS 1 5/1 . 1");
    answer(g, 1, 5, 0, "", true);
    assert_int_equal(put(g, 1, 1, BEEP_NUL, 5, 0, SLICE_NONE, true), OK);
    bp_settle(&g->p);
    HEARD(g, 0, "ANS 1 5/0 * 1", "ANS 1 5/1 . 1", "ANS 1 5/0 . 0", "NUL 1 5 . 0", "MSG 1 2 . 1");
    /* none at all, and one in many frames */
    slice s = pattern(2000);
    say(g, 0, BEEP_MSG, 3, "?");
    say(g, 0, BEEP_MSG, 4, "?");
    bp_settle(&g->p);
    forget_heard(&g->h);
    assert_int_equal(put(g, 1, 1, BEEP_NUL, 3, 0, SLICE_NONE, true), OK);
    assert_int_equal(put(g, 1, 1, BEEP_ANS, 4, 9, s, true), OK);
    assert_int_equal(put(g, 1, 1, BEEP_NUL, 4, 0, SLICE_NONE, true), OK);
    bp_settle(&g->p);
    HEARD(g, 0, "NUL 1 3 . 0", "ANS 1 4/9 * 912", "ANS 1 4/9 * 912", "ANS 1 4/9 . 176", "NUL 1 4 . 0");
    pattern_free(s);
    stage_free(g);
}

static void an_early_error_cuts_the_msg(void **state)
{
    (void)state;
    struct stage *g = stage_new(NULL);
    assert_int_equal(put(g, 0, 1, BEEP_MSG, 1, 0, SLICE_LIT("begun"), false), OK);
    bp_settle(&g->p);
    /* anything but ERR waits for the MSG's end */
    assert_int_equal(put(g, 1, 1, BEEP_ERR, 1, 0, SLICE_LIT("no"), true), OK);
    bp_settle(&g->p);
    HEARD(g, 0, "ERR 1 1 . 2");
    slice s = pattern(3000);
    assert_int_equal(put(g, 0, 1, BEEP_MSG, 1, 0, s, false), OK);
    say(g, 0, BEEP_MSG, 2, "next");
    assert_int_equal(beep_mux_cut(&g->p.end[0].m, 1, 2), ERR_USE);
    assert_int_equal(beep_mux_cut(&g->p.end[0].m, 1, 1), OK);
    assert_int_equal(put(g, 0, 1, BEEP_MSG, 1, 0, s, true), OK); /* dropped */
    bp_settle(&g->p);
    HEARD(g, 1, "MSG 1 1 * 5", "MSG 1 1 . 0", "MSG 1 2 . 4");
    assert_int_equal(beep_mux_cut(&g->p.end[0].m, 1, 1), OK); /* it is over */
    say(g, 1, BEEP_RPY, 2, "fine");
    bp_settle(&g->p);
    assert_int_equal(g->p.end[0].m.queued, 0);
    pattern_free(s);
    stage_free(g);
}

static void a_reply_waits_for_the_end_of_its_msg(void **state)
{
    (void)state;
    struct stage *g = stage_new(NULL);
    assert_int_equal(put(g, 0, 1, BEEP_MSG, 1, 0, SLICE_LIT("begun"), false), OK);
    bp_settle(&g->p);
    say(g, 1, BEEP_RPY, 1, "hasty");
    bp_settle(&g->p);
    assert_int_equal(g->h.lines[0], 0);
    assert_int_equal(put(g, 0, 1, BEEP_MSG, 1, 0, SLICE_NONE, true), OK);
    bp_settle(&g->p);
    HEARD(g, 0, "RPY 1 1 . 5");
    stage_free(g);
}

/* --- what is refused, and what is kept back ------------------------------------------------------------------------------- */

static void what_nothing_allows(void **state)
{
    (void)state;
    struct stage *g = stage_new(NULL);
    const slice x = SLICE_LIT("x");
    say(g, 0, BEEP_MSG, 1, "?");
    assert_int_equal(put(g, 0, 1, BEEP_MSG, 1, 0, x, true), ERR_USE);      /* waits */
    bp_settle(&g->p);
    assert_int_equal(put(g, 0, 1, BEEP_MSG, 1, 0, x, true), ERR_USE);      /* is not answered */
    assert_int_equal(put(g, 0, 9, BEEP_MSG, 1, 0, x, true), ERR_USE);      /* no such channel */
    assert_int_equal(put(g, 0, 1, BEEP_SEQ, 1, 0, x, true), ERR_USE);
    assert_int_equal(put(g, 0, 1, BEEP_MSG, BEEP_NUMBER_MAX + 1, 0, x, true), ERR_USE);
    assert_int_equal(put(g, 1, 1, BEEP_RPY, 2, 0, x, true), ERR_USE);      /* no such MSG */
    assert_int_equal(put(g, 1, 1, BEEP_ANS, 1, BEEP_NUMBER_MAX + 1, x, true), ERR_USE); /* BEEP-D01 */
    assert_int_equal(put(g, 1, 1, BEEP_NUL, 1, 0, x, true), ERR_USE);
    assert_int_equal(put(g, 1, 1, BEEP_NUL, 1, 0, SLICE_NONE, false), ERR_USE);
    assert_int_equal(put(g, 1, 1, BEEP_RPY, 1, 0, x, false), OK);
    assert_int_equal(put(g, 1, 1, BEEP_ERR, 1, 0, x, true), ERR_USE);      /* two kinds */
    assert_int_equal(put(g, 1, 1, BEEP_NUL, 1, 0, SLICE_NONE, true), ERR_USE);
    assert_int_equal(put(g, 1, 1, BEEP_RPY, 1, 0, x, true), OK);
    assert_int_equal(put(g, 1, 1, BEEP_RPY, 1, 0, x, true), ERR_USE);      /* ended */
    bp_settle(&g->p);
    assert_int_equal(put(g, 1, 1, BEEP_RPY, 1, 0, x, true), ERR_USE);      /* answered */
    assert_int_equal(put(g, 0, 0, BEEP_MSG, 9, 0, SLICE_LIT(BP_HEAD "<close number='1' code='200' />\r\n"), true), OK);
    assert_int_equal(beep_mux_pump(&g->p.end[0].m), OK);
    assert_int_equal(put(g, 0, 1, BEEP_MSG, 2, 0, x, true), ERR_USE);      /* behind a close */
    stage_free(g);
    struct beep_mux m;
    struct beep_mux_setup bad = beep_mux_usual;
    bad.window = 4095;
    assert_int_equal(beep_mux_init(&m, NULL, &bad), ERR_USE);
    bad = beep_mux_usual;
    bad.frame_max = 0;
    assert_int_equal(beep_mux_init(&m, NULL, &bad), ERR_USE);
}

static void queues_are_bounded(void **state)
{
    (void)state;
    static const struct beep_mux_setup narrow = {.frame_max = 912, .window = 4096, .queue_max = 10000, .low_water = 16384};
    struct stage *g = stage_new(&narrow);
    slice s = pattern(10000);
    struct beep_mux *m = &g->p.end[0].m, *l = &g->p.end[1].m;
    g->p.end[1].hold = true;
    assert_int_equal(put(g, 0, 1, BEEP_MSG, 1, 0, s, true), ERR_LIMIT);
    assert_int_equal(m->queued, 0);
    size_t room = beep_mux_room(m, 1);
    assert_int_equal(put(g, 0, 1, BEEP_MSG, 1, 0, slice_sub(s, 0, room + 64), false), ERR_LIMIT);
    assert_int_equal(put(g, 0, 1, BEEP_MSG, 1, 0, slice_sub(s, 0, room), false), OK);
    assert_int_equal(put(g, 0, 1, BEEP_MSG, 1, 0, slice_sub(s, 0, 64), false), ERR_LIMIT);
    bp_settle(&g->p);
    assert_true(beep_mux_room(m, 1) >= 4096 - 256); /* as much went out */
    assert_int_equal(beep_mux_room(m, 9), 0);
    /* empty messages are not for nothing */
    err e = OK;
    unsigned n = 1;
    while (e == OK)
        e = put(g, 0, 1, BEEP_MSG, ++n, 0, SLICE_NONE, true);
    assert_int_equal(e, ERR_LIMIT);
    assert_true(n < 200);
    beep_mux_forget(m, 1);
    assert_int_equal(m->queued, 0);
    /* replies that wait for another cannot keep it out */
    g->p.end[1].hold = false;
    struct stage *h = stage_new(&narrow);
    for (uint32_t k = 1; k <= 3; k++)
        say(h, 0, BEEP_MSG, k, "?");
    bp_settle(&h->p);
    l = &h->p.end[1].m;
    assert_int_equal(put(h, 1, 1, BEEP_RPY, 2, 0, slice_sub(s, 0, 9000), true), OK);
    assert_int_equal(put(h, 1, 1, BEEP_RPY, 3, 0, slice_sub(s, 0, 9000), true), ERR_LIMIT);
    assert_true(beep_mux_room(l, 1) >= 9000);
    assert_int_equal(put(h, 1, 1, BEEP_RPY, 1, 0, slice_sub(s, 0, 9000), true), OK);
    bp_settle(&h->p);
    assert_int_equal(put(h, 1, 1, BEEP_RPY, 3, 0, slice_sub(s, 0, 9000), true), OK);
    bp_settle(&h->p);
    assert_int_equal(h->h.octets[0].n, 27000);
    stage_free(h);
    stage_free(g);
    pattern_free(s);
}

static void numbers_of_msgs_that_wait_are_in_use(void **state)
{
    (void)state;
    struct stage *g = stage_new(NULL);
    struct beep_mux *m = &g->p.end[0].m;
    assert_int_equal(beep_mux_free_msgno(m, 1), 1);
    say(g, 0, BEEP_MSG, 1, "?");
    assert_int_equal(beep_mux_free_msgno(m, 1), 2);
    say(g, 0, BEEP_MSG, BEEP_NUMBER_MAX, "?");
    assert_int_equal(beep_mux_free_msgno(m, 1), 2);
    say(g, 0, BEEP_MSG, 2, "?");
    assert_int_equal(beep_mux_free_msgno(m, 1), 3);
    bp_settle(&g->p);
    stage_free(g);
}

/* While a ready is not answered its sender says nothing and the other only replies; behind proceed comes no SEQ (BEEP-D13). */
static void nothing_around_a_ready(void **state)
{
    (void)state;
    struct stage *g = stage_new(NULL);
    struct beep_mux *i = &g->p.end[0].m, *l = &g->p.end[1].m;
    slice s = pattern(3000);
    /* the other side consumes late, so that SEQs are due at the wrong time */
    g->p.end[0].hold = g->p.end[1].hold = true;
    say(g, 0, BEEP_MSG, 1, "?");
    say(g, 1, BEEP_MSG, 1, "?");
    bp_settle(&g->p);
    g->p.by_hand = true;
    bp_say(&g->p, 0, 0, BEEP_MSG, 20, BP_HEAD "<start number='5'><profile uri='" BP_TLS "'>&lt;ready />" "</profile></start>\r\n");
    bp_settle(&g->p);
    assert_int_equal(track_beep_tuning(&g->p.end[1].c.track), BEEP_TS_READY);
    forget_heard(&g->h);
    uint64_t seqs[2] = {g->p.end[0].frames[BEEP_SEQ], g->p.end[1].frames[BEEP_SEQ]};
    for (int side = 0; side < 2; side++) {
        assert_int_equal(beep_mux_consumed(&g->p.end[side].m, 1, 1), OK);
        assert_int_equal(put(g, side, 1, BEEP_MSG, 2, 0, s, true), OK);
        say(g, side, BEEP_RPY, 1, "!");
    }
    bp_settle(&g->p);
    HEARD(g, 0, "RPY 1 1 . 1");
    assert_int_equal(g->h.lines[1], 0);
    for (int side = 0; side < 2; side++)
        assert_int_equal(g->p.end[side].frames[BEEP_SEQ], seqs[side]);
    /* declined: everything goes on */
    bp_say(&g->p, 1, 0, BEEP_RPY, 20, BP_HEAD "<profile uri='" BP_TLS "'>&lt;error code='550'/></profile>\r\n");
    bp_settle(&g->p);
    assert_true(beep_mux_idle(i) && beep_mux_idle(l));
    HEARD(g, 1, "MSG 1 2 * 912", "MSG 1 2 * 912", "MSG 1 2 * 912", "MSG 1 2 . 264", "RPY 1 1 . 1");
    assert_true(g->p.end[0].frames[BEEP_SEQ] > seqs[0]);
    pattern_free(s);
    stage_free(g);
}

/* The frame that answers the ready lets go what it kept back, in the same pump. */
static void what_a_ready_kept_back_goes_behind_its_answer(void **state)
{
    (void)state;
    struct stage *g = stage_new(NULL);
    g->p.by_hand = true;
    bp_say(&g->p, 0, 0, BEEP_MSG, 20, BP_HEAD "<start number='5'><profile uri='" BP_TLS "'>&lt;ready />" "</profile></start>\r\n");
    bp_settle(&g->p);
    say(g, 1, BEEP_MSG, 1, "?");
    bp_settle(&g->p);
    assert_int_equal(g->h.lines[0], 0);
    bp_say(&g->p, 1, 0, BEEP_RPY, 20, BP_HEAD "<profile uri='" BP_TLS "'>&lt;error code='550'/></profile>\r\n");
    assert_int_equal(beep_mux_pump(&g->p.end[1].m), OK);
    assert_true(beep_mux_idle(&g->p.end[1].m));
    bp_settle(&g->p);
    HEARD(g, 0, "MSG 1 1 . 1");
    stage_free(g);
}

static void no_seq_before_the_greeting(void **state)
{
    (void)state;
    struct env env;
    struct beep_pair p;
    env_init(&env);
    bp_init(&p, &env, NULL);
    bp_begin(&p);
    beep_mux_reset(&p.end[1].m);
    bp_settle(&p);
    assert_int_equal(p.end[1].frames[BEEP_RPY], 1);
    assert_int_equal(p.end[0].frames[BEEP_SEQ], 0);
    bp_say(&p, 1, 0, BEEP_RPY, 0, BP_GREETING);
    bp_settle(&p);
    assert_int_equal(p.end[0].frames[BEEP_SEQ], 1);
    assert_int_equal(p.faults, 0);
    bp_done(&p);
}

/* Both ask for the release: both get their ok. */
static void releases_that_cross(void **state)
{
    (void)state;
    struct stage *g = stage_new(NULL);
    for (int side = 0; side < 2; side++)
        bp_say(&g->p, side, 0, BEEP_MSG, 9, BP_HEAD "<close code='200' />\r\n");
    for (int side = 0; side < 2; side++)
        assert_int_equal(beep_mux_pump(&g->p.end[side].m), OK);
    bp_settle(&g->p);
    for (int side = 0; side < 2; side++) {
        assert_true(beep_mux_idle(&g->p.end[side].m));
        assert_int_equal(track_beep_session(&g->p.end[side].c.track), BEEP_SS_RELEASED);
    }
    stage_free(g);
}

/* No more MSGs are sent without an answer than a tracker keeps, and no more wait. */
static void msgs_without_answers_are_bounded(void **state)
{
    (void)state;
    struct stage *g = stage_new(NULL);
    for (uint32_t n = 1; n <= BEEP_MUX_MESSAGES; n++)
        assert_int_equal(put(g, 0, 1, BEEP_MSG, n, 0, SLICE_NONE, true), OK);
    assert_int_equal(put(g, 0, 1, BEEP_MSG, BEEP_MUX_MESSAGES + 1, 0, SLICE_NONE, true), ERR_LIMIT);
    assert_int_equal(beep_mux_room(&g->p.end[0].m, 1), 0);
    bp_settle(&g->p);
    assert_true(beep_mux_idle(&g->p.end[0].m));
    assert_int_equal(put(g, 0, 1, BEEP_MSG, BEEP_MUX_MESSAGES + 1, 0, SLICE_NONE, true), OK);
    bp_settle(&g->p);
    assert_false(beep_mux_idle(&g->p.end[0].m));
    say(g, 1, BEEP_RPY, 1, "!");
    bp_settle(&g->p);
    assert_true(beep_mux_idle(&g->p.end[0].m));
    stage_free(g);
}

/* While the end of a SASL exchange may be on its way, a layer could begin in front of a SEQ (4.1). */
static void seq_is_spared_in_a_sasl_exchange(void **state)
{
    (void)state;
    struct stage *g = stage_new(NULL);
    slice s = pattern(3000);
    g->p.end[1].c.track.tuning.state = BEEP_TS_BLOB;
    uint64_t seqs = g->p.end[0].frames[BEEP_SEQ];
    assert_int_equal(put(g, 0, 1, BEEP_MSG, 1, 0, slice_sub(s, 0, 500), false), OK);
    bp_settle(&g->p);
    assert_int_equal(g->p.end[0].frames[BEEP_SEQ], seqs);
    assert_int_equal(put(g, 0, 1, BEEP_MSG, 1, 0, s, true), OK);
    bp_settle(&g->p);
    assert_int_equal(g->p.end[0].frames[BEEP_SEQ], seqs + 1);
    pattern_free(s);
    stage_free(g);
}

static void nothing_behind_proceed(void **state)
{
    (void)state;
    struct stage *g = stage_new(NULL);
    g->p.by_hand = true;
    bp_say(&g->p, 0, 0, BEEP_MSG, 20, BP_HEAD "<start number='5'><profile uri='" BP_TLS "'>&lt;ready />" "</profile></start>\r\n");
    bp_settle(&g->p);
    bp_say(&g->p, 1, 0, BEEP_RPY, 20, BP_HEAD "<profile uri='" BP_TLS "'>&lt;proceed /></profile>\r\n");
    assert_int_equal(beep_mux_pump(&g->p.end[1].m), OK);
    assert_true(g->p.end[1].c.to_tls);
    size_t had = g->p.end[1].link.out.n;
    assert_int_equal(put(g, 1, 1, BEEP_MSG, 2, 0, SLICE_LIT("x"), true), ERR_USE);
    assert_int_equal(beep_mux_consumed(&g->p.end[1].m, 0, 100), OK);
    assert_int_equal(beep_mux_pump(&g->p.end[1].m), OK);
    assert_int_equal(g->p.end[1].link.out.n, had);
    bp_settle(&g->p);
    assert_true(g->p.end[0].c.to_tls);
    assert_int_equal(beep_mux_consumed(&g->p.end[0].m, 0, 100), OK);
    assert_int_equal(beep_mux_pump(&g->p.end[0].m), OK);
    assert_int_equal(g->p.end[0].link.out.n, 0);
    stage_free(g);
}

/* Behind our close a SEQ could cross the ok and find no channel: only a peer that runs short gets one. */
static void seq_is_spared_around_a_close(void **state)
{
    (void)state;
    struct stage *g = stage_new(NULL);
    slice s = pattern(3000);
    uint64_t seqs = g->p.end[1].frames[BEEP_SEQ];
    g->p.by_hand = true;
    bp_say(&g->p, 0, 0, BEEP_MSG, 20, BP_HEAD "<close number='1' code='200' />\r\n");
    bp_settle(&g->p);
    seqs = g->p.end[1].frames[BEEP_SEQ];
    assert_int_equal(put(g, 1, 1, BEEP_MSG, 1, 0, slice_sub(s, 0, 1000), false), OK);
    bp_settle(&g->p);
    assert_int_equal(g->p.end[1].frames[BEEP_SEQ], seqs);
    assert_int_equal(put(g, 1, 1, BEEP_MSG, 1, 0, s, true), OK);
    bp_settle(&g->p);
    assert_int_equal(g->p.end[1].frames[BEEP_SEQ], seqs + 1);
    pattern_free(s);
    stage_free(g);
}

/* A number that is used again begins with the initial window. */
static void channels_come_again(void **state)
{
    (void)state;
    struct stage *g = stage_new(NULL);
    slice s = pattern(20000);
    for (int k = 0; k < 3; k++) {
        if (k) bp_open(&g->p, 0, 1);
        assert_int_equal(put(g, 0, 1, BEEP_MSG, 1, 0, s, true), OK);
        bp_settle(&g->p);
        say(g, 1, BEEP_RPY, 1, "!");
        bp_settle(&g->p);
        assert_true(slice_eq(buf_slice(&g->h.octets[1]), s));
        bp_close(&g->p, 0, 1);
        assert_int_equal(g->p.end[1].m.queues, 1); /* channel 0 */
        forget_heard(&g->h);
    }
    pattern_free(s);
    stage_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replies_keep_the_order_of_their_msgs),
        cmocka_unit_test(messages_of_a_channel_are_not_cut_into),
        cmocka_unit_test(a_message_without_octets_keeps_nothing_waiting),
        cmocka_unit_test(answers_are_interleaved_as_they_were_queued),
        cmocka_unit_test(an_early_error_cuts_the_msg),
        cmocka_unit_test(a_reply_waits_for_the_end_of_its_msg),
        cmocka_unit_test(what_nothing_allows),
        cmocka_unit_test(queues_are_bounded),
        cmocka_unit_test(numbers_of_msgs_that_wait_are_in_use),
        cmocka_unit_test(nothing_around_a_ready),
        cmocka_unit_test(what_a_ready_kept_back_goes_behind_its_answer),
        cmocka_unit_test(no_seq_before_the_greeting),
        cmocka_unit_test(releases_that_cross),
        cmocka_unit_test(msgs_without_answers_are_bounded),
        cmocka_unit_test(seq_is_spared_in_a_sasl_exchange),
        cmocka_unit_test(nothing_behind_proceed),
        cmocka_unit_test(seq_is_spared_around_a_close),
        cmocka_unit_test(channels_come_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
