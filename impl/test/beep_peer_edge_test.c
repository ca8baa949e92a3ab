/* SPDX-License-Identifier: MIT */
/* One BEEP peer at its edges: deadlines, bounds, the hand-over of octets, profiles that answer later. */
#include "test/beep_script.h"

#define START(n, uri) "<start number='" #n "'><profile uri='" uri "' /></start>"

static void listener(struct beep_script *s)
{
    bw_env(&s->w);
    bs_open(s, 1);
    bs_greet(s, "<greeting />");
}

/* --- refusals that come early ------------------------------------------------------------------------------------------------ */

/* 2.6.3 goes for channel 0 as well: a start that the window holds up is refused before its end.  An empty frame ends it, whoever asked is told, and the session can end. */
static void start_cut(void **state)
{
    (void)state;
    for (int pieces = 1; pieces < 3; pieces++) {
        static char init[4000];
        struct beep_script s;
        uint32_t number, had = 0;
        memset(init, 'i', sizeof init);
        bw_env(&s.w);
        struct beep_profile app = bw_profile(&s.w, BEEP_URI_ECHO);
        bs_open(&s, 0);
        bs_greet(&s, "<greeting />");
        assert_int_equal(beep_peer_start(s.p, &app, slice_of(init, sizeof init), &number, s.now), OK);
        bs_take_out(&s);
        while (bs_next(&s)) {
            assert_true(s.f.keyword == BEEP_MSG && s.f.channel == 0 && s.f.msgno == 1 && s.f.more);
            had = s.f.seqno + s.f.size;
        }
        assert_int_equal(had, 4096);
        if (pieces == 2) {
            bs_frame(&s, "ERR", 0, 1, '*', BS_HEAD);
            bs_expect(&s, BEEP_MSG, 0, 1, "");
            bs_frame(&s, "ERR", 0, 1, '.', "<error code='550'>no</error>");
        } else {
            bs_mgmt(&s, "ERR", 1, "<error code='550'>no</error>");
            bs_expect(&s, BEEP_MSG, 0, 1, "");
        }
        assert_false(s.f.more);
        assert_int_equal(s.f.size, 0);
        bs_alive(&s);
        assert_null(beep_peer_bound(s.p, number));
        assert_int_equal(beep_peer_close(s.p, 0, s.now), OK);
        bs_raw(&s, "SEQ 0 4096 10\r\n");
        bs_expect(&s, BEEP_MSG, 0, 2, "");
        assert_true(s.f.more);
        bs_mgmt(&s, "ERR", 2, "<error code='550'>not yet</error>");
        bs_expect(&s, BEEP_MSG, 0, 2, "");
        assert_int_equal(s.f.size, 0);
        assert_int_equal(beep_peer_close(s.p, 0, s.now), OK);
        bs_raw(&s, "SEQ 0 4106 4096\r\n");
        bs_expect(&s, BEEP_MSG, 0, 3, "<close");
        bs_mgmt(&s, "RPY", 3, "<ok />");
        bs_dead(&s);
        assert_string_equal(beep_peer_why(s.p), "");
        bs_close(&s);
    }
}

/* --- deadlines ------------------------------------------------------------------------------------------------------------------ */

static void at_deadline(struct beep_script *s, uint32_t after)
{
    uint64_t at = s->p->e.ops->deadline(&s->p->e);
    assert_int_equal(at, s->now + after);
    s->now = at;
    s->p->e.ops->tick(&s->p->e, s->now);
    bs_take_out(s);
}

static void deadlines(void **state)
{
    struct beep_script s;
    (void)state;
    bw_env(&s.w);
    bs_open(&s, 1);
    bs_expect(&s, BEEP_RPY, 0, 0, "<greeting");
    at_deadline(&s, s.w.env.limits.setup_ms);
    bs_dead(&s);
    assert_string_equal(beep_peer_why(s.p), "no greeting in time");
    at_deadline(&s, s.w.env.limits.close_ms);
    assert_true(s.p->e.link[0].drop && s.p->over);
    bs_close(&s);

    listener(&s);
    assert_true(s.p->e.ops->deadline(&s.p->e) == UINT64_MAX);
    bs_raw(&s, "MSG 0 1 . 52 10\r\nab");
    at_deadline(&s, s.w.env.limits.message_ms);
    bs_dead(&s);
    bs_close(&s);

    listener(&s);
    assert_int_equal(beep_peer_close(s.p, 0, s.now), OK);
    bs_take_out(&s);
    bs_expect(&s, BEEP_MSG, 0, 1, "<close");
    at_deadline(&s, s.w.env.limits.message_ms);
    bs_dead(&s);
    bs_close(&s);

    bw_env(&s.w);
    s.w.env.limits.idle_ms = 5000;
    bs_open(&s, 1);
    bs_greet(&s, "<greeting />");
    at_deadline(&s, 5000);
    bs_expect(&s, BEEP_MSG, 0, 1, "<close");
    bs_close(&s);

    /* what the peer leaves unfinished is in the way of a release: it is not waited for twice */
    bw_env(&s.w);
    s.w.env.limits.idle_ms = 5000;
    bs_open(&s, 1);
    bs_greet(&s, "<greeting />");
    bs_mgmt(&s, "MSG", 1, START(1, BEEP_URI_ECHO));
    bs_expect(&s, BEEP_RPY, 0, 1, "<profile");
    bs_frame(&s, "MSG", 1, 0, '*', "half");
    at_deadline(&s, 5000);
    bs_alive(&s);
    at_deadline(&s, 5000);
    bs_dead(&s);
    bs_close(&s);
}

/* A release that the application asks for waits for what is in its way, but not for ever, whatever the limit of idle sessions is. */
static void release_in_vain(void **state)
{
    (void)state;
    for (int trickle = 0; trickle < 2; trickle++) {
        struct beep_script s;
        listener(&s);
        bs_mgmt(&s, "MSG", 1, START(1, BEEP_URI_ECHO));
        bs_expect(&s, BEEP_RPY, 0, 1, "<profile");
        bs_frame(&s, "MSG", 1, 0, '*', "half");
        assert_true(s.p->e.ops->deadline(&s.p->e) == UINT64_MAX);
        uint64_t wished = s.now, message = s.w.env.limits.message_ms;
        assert_int_equal(beep_peer_close(s.p, 0, s.now), OK);
        for (uint64_t i = 1; trickle && i < 20; i++) { /* half as fast as it must be */
            s.now += message / 2;
            assert_int_equal(s.p->e.ops->deadline(&s.p->e), wished + (i + 1) * message / 2);
            assert_int_equal(beep_peer_close(s.p, 0, s.now), OK); /* to ask again gains no time */
            bs_frame(&s, "MSG", 1, 0, '*', "x");
            s.p->e.ops->tick(&s.p->e, s.now);
            bs_take_out(&s);
            bs_alive(&s);
        }
        at_deadline(&s, (uint32_t)(trickle ? message / 2 : message));
        bs_dead(&s);
        assert_string_equal(beep_peer_why(s.p), "what is in the way of the release did not end in time");
        at_deadline(&s, s.w.env.limits.close_ms);
        assert_true(s.p->over);
        bs_close(&s);
    }
    /* and what ends in time is not cut off: then the release has its own time */
    struct beep_script s;
    listener(&s);
    bs_mgmt(&s, "MSG", 1, START(1, BEEP_URI_ECHO));
    bs_expect(&s, BEEP_RPY, 0, 1, "<profile");
    bs_frame(&s, "MSG", 1, 0, '*', "half");
    assert_int_equal(beep_peer_close(s.p, 0, s.now), OK);
    s.now += 20000;
    bs_frame(&s, "MSG", 1, 0, '.', "");
    bs_expect(&s, BEEP_RPY, 1, 0, "half");
    bs_expect(&s, BEEP_MSG, 0, 1, "<close");
    assert_int_equal(s.p->e.ops->deadline(&s.p->e), s.now + s.w.env.limits.message_ms);
    bs_mgmt(&s, "ERR", 1, "<error code='550' />");
    assert_true(s.p->e.ops->deadline(&s.p->e) == UINT64_MAX);
    bs_close(&s);
}

/* --- bounds --------------------------------------------------------------------------------------------------------------------- */

/* Who sends beyond its window and does not read is not kept; what is held meanwhile stays small. */
static void slow_reader(void **state)
{
    struct beep_script s;
    (void)state;
    listener(&s);
    bs_mgmt(&s, "MSG", 1, START(1, BEEP_URI_ECHO));
    bs_expect(&s, BEEP_RPY, 0, 1, "<profile");
    char text[20001];
    memset(text, 'x', 20000);
    text[20000] = 0;
    uint32_t n = 0;
    while (!s.p->ending && n < 100000) { /* nothing is taken out, and windows do not matter to it */
        struct buf b;
        buf_init(&b, &mem_libc, 1 << 20);
        assert_int_equal(buf_addf(&b, "SEQ 1 0 2000000000\r\n"), OK);
        bs_add(&s, &b, "MSG", 1, n++, '.', slice_str(text));
        s.p->e.ops->feed(&s.p->e, 0, buf_slice(&b), s.now);
        buf_done(&b);
    }
    assert_string_equal(beep_peer_why(s.p), "peer sends beyond its window, and does not read");
    assert_true(s.w.f.peak < 40u << 20);
    bs_close(&s);
}

/* Nothing of what waits for TCP is taken: not waited for long; some is: waited for. */
static void stalled(void **state)
{
    (void)state;
    for (int some = 0; some < 2; some++) {
        struct beep_script s;
        listener(&s);
        bs_mgmt(&s, "MSG", 1, START(1, BEEP_URI_ECHO));
        bs_expect(&s, BEEP_RPY, 0, 1, "<profile");
        struct link *l = &s.p->e.link[0];
        char text[3001];
        memset(text, 'x', 3000);
        text[3000] = 0;
        for (uint32_t n = 0; n < 8; n++) {
            struct buf b;
            buf_init(&b, &mem_libc, 1 << 20);
            assert_int_equal(buf_addf(&b, "SEQ 1 0 2000000000\r\n"), OK);
            bs_add(&s, &b, "MSG", 1, n, '.', slice_str(text));
            s.p->e.ops->feed(&s.p->e, 0, buf_slice(&b), s.now);
            buf_done(&b);
        }
        assert_true(l->out.n >= beep_mux_usual.low_water && l->out.n < 2 * beep_mux_usual.low_water);
        assert_int_equal(s.p->e.ops->deadline(&s.p->e), s.now + s.w.env.limits.message_ms);
        s.now += s.w.env.limits.message_ms;
        if (some) buf_take(&l->out, 1);
        s.p->e.ops->tick(&s.p->e, s.now);
        assert_int_equal(s.p->over, !some);
        if (some) assert_int_equal(s.p->e.ops->deadline(&s.p->e), s.now + s.w.env.limits.message_ms);
        buf_clear(&l->out);
        bs_close(&s);
    }
}

/* Whatever fills the queue to TCP: behind a limit nothing is read until it is empty. */
static void paused(void **state)
{
    struct beep_script s;
    (void)state;
    listener(&s);
    struct link *l = &s.p->e.link[0];
    uint8_t *at;
    assert_int_equal(buf_reserve(&l->out, PEER_UNREAD_MAX + 1, &at), OK);
    buf_added(&l->out, PEER_UNREAD_MAX + 1);
    s.p->e.ops->feed(&s.p->e, 0, SLICE_LIT("SEQ 0 0 5000\r\n"), s.now);
    assert_true(l->pause);
    buf_clear(&l->out);
    s.p->e.ops->drained(&s.p->e, 0, s.now);
    assert_false(l->pause);
    bs_close(&s);
}

static void seq_storm(void **state)
{
    struct beep_script s;
    struct buf b;
    (void)state;
    listener(&s);
    buf_init(&b, &mem_libc, 8 << 20);
    for (int i = 0; i < 100000; i++)
        assert_int_equal(buf_addf(&b, "SEQ 0 %u %d\r\n", (unsigned)(i % 50), 5000 + i % 7), OK);
    bs_feed(&s, buf_slice(&b));
    bs_alive(&s);
    buf_done(&b);
    bs_mgmt(&s, "MSG", 1, START(1, BEEP_URI_ECHO));
    bs_expect(&s, BEEP_RPY, 0, 1, "<profile");
    bs_close(&s);
}

/* --- octets handed over ------------------------------------------------------------------------------------------------------------ */

struct tunnel {
    char got[100];
    size_t n;
    unsigned ended;
    struct beep_raw raw;
};

static void raw_octets(void *ctx, struct beep_peer *p, slice octets, uint64_t now)
{
    struct tunnel *t = ctx;
    (void)p;
    (void)now;
    assert_true(t->n + octets.n < sizeof t->got);
    memcpy(t->got + t->n, octets.p, octets.n);
    t->n += octets.n;
}

static void raw_ended(void *ctx, struct beep_peer *p, enum link_end how, uint64_t now)
{
    struct tunnel *t = ctx;
    (void)how;
    t->ended++;
    beep_peer_end_raw(p, now);
}

static void tunnel_start(struct beep_bound *b, slice init, struct buf *answer, struct beep_refusal *no, uint64_t now)
{
    struct tunnel *t = b->profile->ctx;
    (void)init;
    (void)no;
    assert_int_equal(buf_add_str(answer, "<ok />"), OK);
    beep_peer_go_raw(b->peer, &t->raw, now);
}

static void transparent(void **state)
{
    (void)state;
    for (size_t cut_at = 0; cut_at < 260; cut_at++) {
        struct beep_script s;
        struct tunnel t = {.n = 0};
        t.raw = (struct beep_raw){.ctx = &t, .octets = raw_octets, .ended = raw_ended};
        struct beep_profile tunnel = {.uri = "http://tunnel.invalid/", .ctx = &t, .start = tunnel_start};
        const struct beep_profile *list[] = {&tunnel};
        bw_env(&s.w);
        s.w.setup[1].profile = list;
        s.w.setup[1].profiles = 1;
        bs_open(&s, 1);
        bs_greet(&s, "<greeting />");
        struct buf b;
        buf_init(&b, &mem_libc, 1 << 20);
        bs_add(&s, &b, "MSG", 0, 1, '.', SLICE_LIT(BS_HEAD START(1, "http://tunnel.invalid/")));
        assert_int_equal(buf_add_str(&b, "any octets"), OK);
        if (cut_at) {
            bs_feed(&s, slice_sub(buf_slice(&b), 0, cut_at));
            bs_feed(&s, slice_sub(buf_slice(&b), cut_at, b.n));
        } else {
            for (size_t i = 0; i < b.n; i++)
                bs_feed(&s, slice_sub(buf_slice(&b), i, i + 1));
        }
        buf_done(&b);
        bs_expect(&s, BEEP_RPY, 0, 1, "ok />");
        assert_true(s.p->raw_on);
        assert_int_equal(t.n, 10);
        assert_memory_equal(t.got, "any octets", 10);
        assert_int_equal(beep_peer_write_raw(s.p, SLICE_LIT("RPY back")), OK);
        bs_take_out(&s);
        assert_int_equal(s.out.n, 8);
        s.p->e.ops->ended(&s.p->e, 0, LINK_FIN, s.now);
        assert_int_equal(t.ended, 1);
        assert_true(s.p->e.link[0].fin);
        buf_clear(&s.out);
        bs_close(&s);
    }
}

/* A profile that answers later: what is behind it on channel 0 waits. */
static struct beep_bound *late;
static void late_start(struct beep_bound *b, slice init, struct buf *answer, struct beep_refusal *no, uint64_t now)
{
    (void)init;
    (void)answer;
    (void)no;
    (void)now;
    b->later = true;
    late = b;
}
static void late_closed(struct beep_bound *b, uint64_t now)
{
    (void)b;
    (void)now;
    late = NULL;
}

static void later(void **state)
{
    (void)state;
    for (int refuse = 0; refuse < 2; refuse++) {
        struct beep_script s;
        struct beep_profile slow = {.uri = "http://slow.invalid/", .start = late_start, .closed = late_closed};
        const struct beep_profile *list[] = {&slow, &beep_echo};
        struct beep_refusal no = {refuse ? 554 : 0, "not now"};
        bw_env(&s.w);
        s.w.setup[1].profile = list;
        bs_open(&s, 1);
        bs_greet(&s, "<greeting />");
        bs_mgmt(&s, "MSG", 1, START(1, "http://slow.invalid/"));
        bs_mgmt(&s, "MSG", 2, START(3, BEEP_URI_ECHO));
        bs_alive(&s);
        beep_peer_answer(late, SLICE_LIT("text"), &no, s.now);
        bs_take_out(&s);
        if (refuse) bs_expect(&s, BEEP_ERR, 0, 1, "code='554'");
        else bs_expect(&s, BEEP_RPY, 0, 1, "text");
        bs_expect(&s, BEEP_RPY, 0, 2, "<profile");
        bs_close(&s);
        assert_null(late);
    }
}

/* What waits on channel 0 for an answer that is long in coming is bounded in octets as well: no window is granted for more. */
static void later_flood(void **state)
{
    struct beep_script s;
    struct beep_profile slow = {.uri = "http://slow.invalid/", .start = late_start, .closed = late_closed};
    const struct beep_profile *list[] = {&slow, &beep_echo};
    char start[4200], init[4001];
    (void)state;
    memset(init, 'i', sizeof init);
    init[4000] = 0;
    bw_env(&s.w);
    s.w.setup[1].profile = list;
    bs_open(&s, 1);
    bs_greet(&s, "<greeting />");
    bs_mgmt(&s, "MSG", 1, START(1, "http://slow.invalid/"));
    for (uint32_t n = 2; n < 102; n++) {
        snprintf(start, sizeof start, "<start number='%u'><profile uri='http://none.invalid/'>%s</profile></start>", (unsigned)(2 * n + 1), init);
        bs_mgmt(&s, "MSG", n, start);
    }
    bs_alive(&s);
    const struct beep_dir *d = &track_beep_channel(beep_peer_track(s.p), 0)->dir[0];
    assert_true(d->edge > PEER_WAITING_MAX && d->edge < PEER_WAITING_MAX + 40000);
    bs_raw(&s, "SEQ 0 0 100000\r\n");
    beep_peer_answer(late, SLICE_LIT("text"), NULL, s.now);
    bs_take_out(&s);
    bs_expect(&s, BEEP_RPY, 0, 1, "text");
    for (uint32_t n = 2; n < 102; n++)
        bs_expect(&s, BEEP_ERR, 0, n, "code='550'");
    assert_true(d->edge >= d->next + BEEP_WINDOW);
    bs_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(start_cut),
        cmocka_unit_test(deadlines),
        cmocka_unit_test(release_in_vain),
        cmocka_unit_test(slow_reader),
        cmocka_unit_test(stalled),
        cmocka_unit_test(paused),
        cmocka_unit_test(seq_storm),
        cmocka_unit_test(transparent),
        cmocka_unit_test(later),
        cmocka_unit_test(later_flood),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
