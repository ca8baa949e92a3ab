/* SPDX-License-Identifier: MIT */
/* Two multiplexers back to back: segmentation, windows, turns, memory.  Each side's tracker judges what comes: not a fault is allowed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "test/beep_stage.h"
#include "test/mem_fail.h"

static void frames_and_windows_at_every_split(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 911, 912, 913, 4096, 4097, 16384, 16385, 70001};
    for (int split = SPLIT_WHOLE; split <= SPLIT_RANDOM; split++) {
        struct stage *g = stage_new(NULL);
        g->p.split = (enum link_split)split;
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            slice s = pattern(sizes[i]);
            uint32_t msgno = (uint32_t)i + 1;
            assert_int_equal(put(g, 0, 1, BEEP_MSG, msgno, 0, s, true), OK);
            assert_false(beep_mux_idle(&g->p.end[0].m));
            bp_settle(&g->p);
            assert_int_equal(put(g, 1, 1, BEEP_RPY, msgno, 0, s, true), OK);
            bp_settle(&g->p);
            for (int side = 0; side < 2; side++)
                assert_true(slice_eq(buf_slice(&g->h.octets[side]), s));
            assert_true(beep_mux_idle(&g->p.end[0].m) && beep_mux_idle_on(&g->p.end[1].m, 1));
            assert_int_equal(g->p.end[0].m.queued + g->p.end[1].m.queued, 0);
            forget_heard(&g->h);
            pattern_free(s);
        }
        stage_free(g);
    }
}

static void pieces_are_joined_as_far_as_they_came(void **state)
{
    (void)state;
    struct stage *g = stage_new(NULL);
    assert_int_equal(put(g, 0, 1, BEEP_MSG, 1, 0, SLICE_LIT("one"), false), OK);
    assert_int_equal(put(g, 0, 1, BEEP_MSG, 1, 0, SLICE_NONE, false), OK);
    assert_int_equal(put(g, 0, 1, BEEP_MSG, 1, 0, SLICE_LIT("two"), false), OK);
    bp_settle(&g->p);
    assert_false(beep_mux_idle_on(&g->p.end[0].m, 1));
    assert_int_equal(put(g, 0, 1, BEEP_MSG, 1, 0, SLICE_LIT("three"), false), OK);
    bp_settle(&g->p);
    assert_int_equal(put(g, 0, 1, BEEP_MSG, 1, 0, SLICE_NONE, true), OK);
    bp_settle(&g->p);
    HEARD(g, 1, "MSG 1 1 * 6", "MSG 1 1 * 5", "MSG 1 1 . 0");
    stage_free(g);
}

/* A receiver that consumes nothing: the sender stops at the edge, and other channels go on. */
static void windows_stop_one_channel_only(void **state)
{
    (void)state;
    struct stage *g = stage_new(NULL);
    slice s = pattern(40000);
    bp_open(&g->p, 0, 3);
    g->p.end[1].hold = true;
    assert_int_equal(put(g, 0, 1, BEEP_MSG, 1, 0, s, true), OK);
    bp_settle(&g->p);
    assert_int_equal(g->h.octets[1].n, 4096); /* the first SEQ comes with what is consumed */
    assert_int_equal(put(g, 0, 3, BEEP_MSG, 1, 0, SLICE_LIT("past it"), true), OK);
    bp_settle(&g->p);
    assert_true(g->h.three);
    /* one octet consumed: the window is widened, and nothing of it is granted twice */
    assert_int_equal(beep_mux_consumed(&g->p.end[1].m, 1, 1), OK);
    bp_settle(&g->p);
    assert_int_equal(g->h.octets[1].n, 16384 + 1);
    /* less than half of the buffer would be advertised: no SEQ */
    uint64_t seqs = g->p.end[0].frames[BEEP_SEQ];
    assert_int_equal(beep_mux_consumed(&g->p.end[1].m, 1, 8191), OK);
    bp_settle(&g->p);
    assert_int_equal(g->p.end[0].frames[BEEP_SEQ], seqs);
    assert_int_equal(beep_mux_consumed(&g->p.end[1].m, 1, 1), OK);
    bp_settle(&g->p);
    assert_int_equal(g->p.end[0].frames[BEEP_SEQ], seqs + 1);
    assert_int_equal(g->h.octets[1].n, 16384 + 8193);
    assert_int_equal(beep_mux_consumed(&g->p.end[1].m, 1, 16384), OK);
    bp_settle(&g->p);
    assert_true(slice_eq(buf_slice(&g->h.octets[1]), s));
    assert_true(beep_mux_idle(&g->p.end[0].m));
    pattern_free(s);
    stage_free(g);
}

static void one_seq_for_what_came_together(void **state)
{
    (void)state;
    struct stage *g = stage_new(NULL);
    slice s = pattern(4096);
    uint64_t seqs = g->p.end[0].frames[BEEP_SEQ];
    assert_int_equal(put(g, 0, 1, BEEP_MSG, 1, 0, s, true), OK);
    bp_settle(&g->p);
    assert_int_equal(g->p.end[0].frames[BEEP_SEQ], seqs + 1); /* five frames */
    assert_int_equal(bp_channel(&g->p, 0, 1)->dir[0].edge, 4096 + 16384);
    pattern_free(s);
    stage_free(g);
}

/* Octets are consumed late and in odd portions: everything arrives, and the tracker saw no window passed. */
static void windows_hold_with_a_slow_reader(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed < 20; seed++) {
        struct stage *g = stage_new(NULL);
        slice s = pattern(100000);
        struct rng r;
        size_t consumed = 0;
        rng_init(&r, seed);
        rng_init(&g->p.cuts, seed);
        g->p.split = SPLIT_RANDOM;
        g->p.end[1].hold = true;
        assert_int_equal(put(g, 0, 1, BEEP_MSG, 1, 0, s, true), OK);
        while (!beep_mux_idle(&g->p.end[0].m)) {
            for (unsigned k = (unsigned)rng_below(&r, 6); k; k--)
                bp_turn(&g->p);
            size_t n = (size_t)rng_below(&r, g->p.end[1].held - consumed + 1);
            consumed += n;
            assert_int_equal(beep_mux_consumed(&g->p.end[1].m, 1, n), OK);
        }
        bp_settle(&g->p);
        assert_true(slice_eq(buf_slice(&g->h.octets[1]), s));
        pattern_free(s);
        stage_free(g);
    }
}

static void numbers_wrap(void **state)
{
    (void)state;
    struct stage *g = stage_new(NULL);
    slice s = pattern(70000);
    for (int view = 0; view < 2; view++)
        for (int sender = 0; sender < 2; sender++) {
            struct beep_dir *d = &bp_channel(&g->p, view, 1)->dir[sender];
            d->next = d->acked = 0xfffffff0u - 2000;
            d->edge = d->edge_max = d->next + 4096;
        }
    assert_int_equal(put(g, 0, 1, BEEP_MSG, 1, 0, s, true), OK);
    bp_settle(&g->p);
    assert_int_equal(put(g, 1, 1, BEEP_RPY, 1, 0, s, true), OK);
    bp_settle(&g->p);
    for (int side = 0; side < 2; side++) {
        assert_true(slice_eq(buf_slice(&g->h.octets[side]), s));
        assert_true(bp_channel(&g->p, side, 1)->dir[side].next > UINT32_MAX);
    }
    pattern_free(s);
    stage_free(g);
}

/* A MiB on one channel delays a small message on another by no more than what the socket already has. */
static void channels_take_turns(void **state)
{
    (void)state;
    static const struct beep_mux_setup brief = {.frame_max = 912, .window = 1u << 21, .queue_max = 8u << 20, .low_water = 2000};
    for (int usual = 0; usual < 2; usual++) {
        struct stage *g = stage_new(usual ? NULL : &brief);
        slice s = pattern(MIB);
        bp_open(&g->p, 0, 3);
        assert_int_equal(put(g, 0, 1, BEEP_MSG, 1, 0, s, true), OK);
        for (int k = 0; k < 40; k++)
            bp_turn(&g->p);
        uint64_t had = g->h.before;
        assert_true(had > 20 && !beep_mux_idle(&g->p.end[0].m));
        assert_int_equal(put(g, 0, 3, BEEP_MSG, 1, 0, SLICE_LIT("small"), true), OK);
        bp_settle(&g->p);
        assert_true(g->h.three);
        if (g->h.before - had > (usual ? 20u : 4u)) print_error("behind %u frames\n", (unsigned)(g->h.before - had));
        assert_true(g->h.before - had <= (usual ? 20u : 4u));
        assert_true(slice_eq(buf_slice(&g->h.octets[1]), s));
        pattern_free(s);
        stage_free(g);
    }
}

/* Three busy channels: their frames come one by one. */
static void busy_channels_alternate(void **state)
{
    (void)state;
    struct stage *g = stage_new(NULL);
    slice s = pattern(2000);
    bp_open(&g->p, 0, 3);
    bp_open(&g->p, 0, 5);
    for (uint32_t ch = 1; ch <= 5; ch += 2)
        assert_int_equal(put(g, 0, ch, BEEP_MSG, 1, 0, s, true), OK);
    bp_settle(&g->p);
    HEARD(g, 1, "MSG 1 1 * 912", "MSG 3 1 * 912", "MSG 5 1 * 912", "MSG 1 1 * 912", "MSG 3 1 * 912", "MSG 5 1 * 912", "MSG 1 1 . 176",
          "MSG 3 1 . 176", "MSG 5 1 . 176");
    pattern_free(s);
    stage_free(g);
}

static void many_channels(void **state)
{
    (void)state;
    enum { CHANNELS = 257 };
    struct mem_fail f;
    struct mem mem = mem_fail_init(&f, 0);
    struct env env;
    struct beep_pair p;
    char text[32];
    env_init(&env);
    env.mem = &mem;
    bp_init(&p, &env, NULL);
    bp_greet(&p);
    for (uint32_t n = 0; n < CHANNELS; n++)
        bp_open(&p, n & 1, n + 1);
    size_t had = f.live, count = p.end[0].c.track.channels;
    assert_true(count > CHANNELS);
    for (int round = 1; round <= 2; round++) {
        for (uint32_t n = 0; n < CHANNELS; n++) {
            snprintf(text, sizeof text, "for %u", (unsigned)n);
            bp_say(&p, 0, n + 1, BEEP_MSG, (uint32_t)round, text);
            bp_say(&p, 1, n + 1, BEEP_MSG, (uint32_t)round, text);
        }
        bp_settle(&p);
        for (uint32_t n = 0; n < CHANNELS; n++) {
            bp_say(&p, 0, n + 1, BEEP_RPY, (uint32_t)round, "");
            bp_say(&p, 1, n + 1, BEEP_RPY, (uint32_t)round, "");
        }
        bp_settle(&p);
    }
    assert_int_equal(p.faults, 0);
    /* what an idle channel leaves in a multiplexer, each side, with what its tracker keeps for the next exchange */
    size_t exchange = 2 * sizeof(struct beep_exchange) * 2;
    assert_true((f.live - had) / CHANNELS / 2 < 200 + exchange);
    for (uint32_t n = 0; n < CHANNELS; n++)
        bp_close(&p, n & 1, n + 1);
    assert_int_equal(p.faults, 0);
    bp_done(&p);
    assert_int_equal(f.live, 0);
}

/* More windows open at once than are told one by one. */
static void many_windows_open_at_once(void **state)
{
    (void)state;
    enum { CHANNELS = 100 };
    struct stage *g = stage_new(NULL);
    slice s = pattern(5000);
    for (uint32_t n = 3; n < 2 * CHANNELS; n += 2)
        bp_open(&g->p, 0, n);
    g->p.end[1].hold = true;
    for (uint32_t n = 1; n < 2 * CHANNELS; n += 2)
        assert_int_equal(put(g, 0, n, BEEP_MSG, 1, 0, s, true), OK);
    bp_settle(&g->p);
    assert_int_equal(g->p.end[1].held, CHANNELS * 4096);
    for (uint32_t n = 1; n < 2 * CHANNELS; n += 2)
        assert_int_equal(beep_mux_consumed(&g->p.end[1].m, n, 4096), OK);
    bp_settle(&g->p);
    assert_int_equal(g->p.end[1].held, CHANNELS * 5000);
    assert_true(beep_mux_idle(&g->p.end[0].m));
    pattern_free(s);
    stage_free(g);
}

/* Whoever claims to have consumed more than came grants no more than the buffer has. */
static void no_window_beyond_the_buffer(void **state)
{
    (void)state;
    struct stage *g = stage_new(NULL);
    for (int k = 0; k < 3; k++) {
        assert_int_equal(beep_mux_consumed(&g->p.end[1].m, 1, 100000), OK);
        bp_settle(&g->p);
        assert_int_equal(beep_window(bp_channel(&g->p, 0, 1), 0), 16384);
    }
    stage_free(g);
}

/* --- memory --------------------------------------------------------------------------------------------------------------- */

static void play(struct beep_pair *p)
{
    slice s = pattern(9000);
    bp_greet(p);
    bp_open(p, 0, 1);
    bp_open(p, 1, 2);
    for (uint32_t n = 1; n <= 3 && !p->dead; n++)
        bp_good(p, beep_mux_send(&p->end[0].m, 1, BEEP_MSG, n, 0, s, true));
    if (!p->dead) bp_good(p, beep_mux_send(&p->end[1].m, 2, BEEP_MSG, 1, 0, s, true));
    bp_settle(p);
    for (uint32_t k = 0; k < 6 && !p->dead; k++)
        bp_good(p, beep_mux_send(&p->end[1].m, 1, BEEP_ANS, 1, k, slice_sub(s, 0, 10), k > 2));
    for (uint32_t k = 0; k < 3 && !p->dead; k++)
        bp_good(p, beep_mux_send(&p->end[1].m, 1, BEEP_ANS, 1, k, SLICE_NONE, true));
    if (!p->dead) bp_good(p, beep_mux_send(&p->end[1].m, 1, BEEP_NUL, 1, 0, SLICE_NONE, true));
    bp_settle(p);
    pattern_free(s);
}

static void memory_is_short_at_every_call(void **state)
{
    (void)state;
    size_t n = 0;
    struct mem_fail f;
    do {
        struct mem mem = mem_fail_init(&f, ++n);
        struct env env;
        struct beep_pair p;
        env_init(&env);
        env.mem = &mem;
        bp_init(&p, &env, NULL);
        p.may_fail = true;
        play(&p);
        if (f.calls < n) {
            assert_false(p.dead);
            assert_int_equal(p.faults, 0);
            assert_int_equal(p.end[0].frames[BEEP_NUL], 1);
        }
        bp_done(&p);
        assert_int_equal(f.live, 0);
    } while (f.calls >= n);
    assert_true(n > 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_and_windows_at_every_split),
        cmocka_unit_test(pieces_are_joined_as_far_as_they_came),
        cmocka_unit_test(windows_stop_one_channel_only),
        cmocka_unit_test(one_seq_for_what_came_together),
        cmocka_unit_test(windows_hold_with_a_slow_reader),
        cmocka_unit_test(numbers_wrap),
        cmocka_unit_test(channels_take_turns),
        cmocka_unit_test(busy_channels_alternate),
        cmocka_unit_test(many_channels),
        cmocka_unit_test(many_windows_open_at_once),
        cmocka_unit_test(no_window_beyond_the_buffer),
        cmocka_unit_test(memory_is_short_at_every_call),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
