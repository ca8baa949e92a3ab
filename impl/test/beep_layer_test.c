/* SPDX-License-Identifier: MIT */
/* A BEEP session under a SASL security layer (RFC 3080 4.1): packets in both directions at every split, and what is damaged on the way. */
#include "test/sasl_pair.h"

#include "test/beep_pair.h"

struct stage {
    struct pair sasl;
    struct beep_pair p;
    unsigned bad[2];
};

static void watch(void *ctx, struct beep_pair *p, int side, const struct beep_event *ev)
{
    struct stage *g = ctx;
    if (ev->kind != BEEP_EV_BAD) return;
    g->bad[side]++;
    p->dead = true;
}

/* As if the exchange had been on a channel: both take the layer at once.  before: octets of the listener in clear that are read behind it. */
static struct stage *stage_new(enum link_split split, bool layer)
{
    struct stage *g = calloc(1, sizeof *g);
    assert_non_null(g);
    pair_init(&g->sasl);
    g->sasl.so.qop = g->sasl.co.qop = layer ? SASL_QOP_INT : SASL_QOP_AUTH;
    pair_open(&g->sasl, SASL_DIGEST_MD5);
    pair_talk(&g->sasl);
    assert_int_equal(g->sasl.cst, SASL_COMPLETE);
    bp_init(&g->p, &g->sasl.env, NULL);
    g->p.split = split;
    g->p.event = watch;
    g->p.ctx = g;
    bp_greet(&g->p);
    assert_int_equal(beep_conn_layer(&g->p.end[0].c, g->sasl.c), layer ? OK : ERR_USE);
    assert_int_equal(beep_conn_layer(&g->p.end[1].c, g->sasl.s), layer ? OK : ERR_USE);
    for (int side = 0; side < 2 && layer; side++) {
        beep_mux_reset(&g->p.end[side].m);
        bp_say(&g->p, side, 0, BEEP_RPY, 0, BP_GREETING);
    }
    return g;
}

static void stage_free(struct stage *g)
{
    bp_done(&g->p);
    pair_done(&g->sasl);
    free(g);
}

static void frames_pass_in_packets(void **state)
{
    (void)state;
    for (int split = SPLIT_WHOLE; split <= SPLIT_RANDOM; split++) {
        static char much[50000];
        struct stage *g = stage_new((enum link_split)split, true);
        assert_int_equal(beep_mux_pump(&g->p.end[0].m), OK);
        slice out = buf_slice(&g->p.end[0].link.out);
        assert_true(out.n > 20 && out.p[0] == 0); /* a length stands in front, and no frame begins like that */
        bp_settle(&g->p);
        bp_open(&g->p, 0, 1);
        memset(much, 'm', sizeof much);
        assert_int_equal(beep_mux_send(&g->p.end[0].m, 1, BEEP_MSG, 1, 0, slice_of(much, sizeof much), true), OK);
        bp_settle(&g->p);
        bp_say(&g->p, 1, 1, BEEP_RPY, 1, "heard");
        bp_settle(&g->p);
        assert_int_equal(g->p.faults, 0);
        assert_int_equal(bp_channel(&g->p, 1, 1)->dir[0].next, sizeof much);
        assert_true(beep_mux_idle(&g->p.end[0].m) && beep_mux_idle(&g->p.end[1].m));
        assert_int_equal(g->p.end[1].c.clear.cap, 0);
        assert_int_equal(beep_conn_layer(&g->p.end[0].c, g->sasl.c), ERR_USE);
        stage_free(g);
    }
}

/* The first packet came with the end of the exchange, and the reader took some of it for clear text. */
static void what_the_reader_held_goes_through_the_layer(void **state)
{
    (void)state;
    struct stage *g = stage_new(SPLIT_WHOLE, false);
    stage_free(g);
    for (size_t cut = 1; cut < 4; cut++) {
        static const char greeting[] = "RPY 0 0 . 0 52\r\n" BP_GREETING "END\r\n";
        struct buf wire;
        g = calloc(1, sizeof *g);
        assert_non_null(g);
        pair_init(&g->sasl);
        g->sasl.so.qop = g->sasl.co.qop = SASL_QOP_INT;
        pair_open(&g->sasl, SASL_DIGEST_MD5);
        pair_talk(&g->sasl);
        bp_init(&g->p, &g->sasl.env, NULL);
        g->p.event = watch;
        g->p.ctx = g;
        bp_greet(&g->p);
        buf_init(&wire, &mem_libc, 4096);
        assert_int_equal(sasl_encode(g->sasl.c, slice_str(greeting), &wire), OK);
        /* straight into the reader, which a completing frame in the same octets would have done */
        struct beep_reader *r = &g->p.end[1].c.track.reader[0];
        assert_int_equal(buf_add(&r->held, slice_sub(buf_slice(&wire), 0, cut)), OK);
        assert_int_equal(beep_conn_layer(&g->p.end[1].c, g->sasl.s), OK);
        unsigned had = (unsigned)g->p.end[1].frames[BEEP_RPY];
        bp_feed(&g->p, 1, slice_sub(buf_slice(&wire), cut, wire.n));
        assert_int_equal(g->bad[1], 0);
        assert_int_equal(g->p.end[1].frames[BEEP_RPY], had + 1);
        buf_done(&wire);
        stage_free(g);
    }
}

static void a_damaged_packet_ends_it(void **state)
{
    (void)state;
    struct stage *g = stage_new(SPLIT_WHOLE, true);
    assert_int_equal(beep_mux_pump(&g->p.end[0].m), OK);
    struct buf *out = &g->p.end[0].link.out;
    out->p[out->from + 10] ^= 1;
    bp_settle(&g->p);
    assert_int_equal(g->bad[1], 1);
    assert_int_equal(g->p.faults, 0);
    assert_int_equal(sasl_failure_of(g->sasl.s)->code != 0, 1);
    slice more = SLICE_LIT("more");
    struct beep_event ev;
    assert_false(beep_conn_next(&g->p.end[1].c, &more, 1, &ev)); /* it is told once */
    assert_int_equal(more.n, 0);
    stage_free(g);
}

/* A link that takes no more: nothing is coded, so that the count of the layer stays right. */
static void a_full_link_takes_nothing(void **state)
{
    (void)state;
    struct stage *g = stage_new(SPLIT_WHOLE, true);
    struct beep_end *e = &g->p.end[0];
    size_t max = e->link.out.max;
    e->link.out.max = 30;
    assert_int_equal(beep_mux_pump(&e->m), ERR_LIMIT);
    assert_int_equal(e->link.out.n, 0);
    e->link.out.max = max;
    bp_settle(&g->p);
    assert_int_equal(g->bad[1], 0);
    assert_int_equal(track_beep_session(&g->p.end[1].c.track), BEEP_SS_OPEN);
    stage_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_pass_in_packets),
        cmocka_unit_test(what_the_reader_held_goes_through_the_layer),
        cmocka_unit_test(a_damaged_packet_ends_it),
        cmocka_unit_test(a_full_link_takes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
