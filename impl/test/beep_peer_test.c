/* SPDX-License-Identifier: MIT */
/* Whole sessions of two BEEP peers: greetings, channels, messages, closes and releases in every order. */
#include "test/beep_world.h"

static const enum link_split splits[] = {SPLIT_WHOLE, SPLIT_BYTES, SPLIT_RANDOM};
static struct beep_profile echo_app(struct beep_world *w)
{
    return bw_profile(w, BEEP_URI_ECHO);
}

static uint8_t *pattern(size_t n)
{
    uint8_t *p = malloc(n);
    assert_non_null(p);
    for (size_t i = 0; i < n; i++)
        p[i] = (uint8_t)(i * 7 + i / 251);
    return p;
}

static void greetings(void **state)
{
    struct beep_world w;
    (void)state;
    bw_env(&w);
    w.setup[1].features = "x-one x-two";
    w.setup[0].localize = "fr en";
    assert_int_equal(bw_open(&w), OK);
    bw_run(&w, 100);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(w.side[i].greeted, 1);
        assert_true(beep_peer_offers(w.side[i].p, BEEP_URI_ECHO));
        assert_true(beep_peer_offers(w.side[i].p, BEEP_URI_MANY));
        assert_false(beep_peer_offers(w.side[i].p, "http://draftproof.invalid/profiles/ech"));
        assert_false(beep_peer_offers(w.side[i].p, ""));
        assert_string_equal(w.side[i].said, "");
    }
    assert_true(w.side[1].p->foreign);
    assert_false(w.side[0].p->foreign);
    assert_int_equal(beep_peer_close(w.side[0].p, 0, net_now(w.net)), OK);
    bw_run(&w, 100);
    bw_ended_well(&w);
    bw_close(&w);
    assert_int_equal(w.f.live, 0);
}

static void unavailable(void **state)
{
    struct beep_world w;
    (void)state;
    bw_env(&w);
    w.setup[1].unavailable = true;
    assert_int_equal(bw_open(&w), OK);
    bw_run(&w, 100);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(w.side[i].greeted, 0);
        assert_true(bw_over(&w, i));
    }
    assert_non_null(strstr(w.side[0].said, "not available: 421"));
    bw_close(&w);
    assert_int_equal(w.f.live, 0);
}

/* One message of n octets there and back. */
static void echo_by(size_t n, enum link_split split, int side, size_t queue_max)
{
    struct beep_world w;
    uint8_t *text = pattern(n + 1);
    bw_env(&w);
    w.setup[0].mux.queue_max = w.setup[1].mux.queue_max = queue_max;
    struct beep_profile app = echo_app(&w);
    w.split = split;
    assert_int_equal(bw_open(&w), OK);
    bw_run(&w, 100);
    struct bw_chan *c = bw_start(&w, side, &app, slice_of(text, n), net_now(w.net));
    assert_non_null(c);
    assert_int_equal(c->channel, side ? 2 : 1);
    bw_run(&w, 1000);
    assert_int_equal(c->replies, 1);
    assert_int_equal(c->got, n);
    assert_false(c->wrong);
    assert_int_equal(beep_peer_close(w.side[side].p, c->channel, net_now(w.net)), OK);
    bw_run(&w, 100);
    assert_int_equal(c->closed, 1);
    assert_int_equal(beep_peer_close(w.side[side].p, 0, net_now(w.net)), OK);
    bw_run(&w, 100);
    bw_ended_well(&w);
    bw_close(&w);
    assert_int_equal(w.f.live, 0);
    free(text);
}

static void echo_of(size_t n, enum link_split split, int side)
{
    echo_by(n, split, side, beep_mux_usual.queue_max);
}

/* Queues that hold a small part of the message only: all of it comes, as there is room. */
static void small_queues(void **state)
{
    (void)state;
    for (size_t k = 0; k < 3; k++) {
        echo_by(100000, splits[k], 0, 10000);
        echo_by(100000, splits[k], 1, 14000);
    }
    echo_by(1 << 20, SPLIT_WHOLE, 0, 20000);
}

static void echoes(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        for (int side = 0; side < 2; side++) {
            echo_of(0, splits[i], side);
            echo_of(1, splits[i], side);
            echo_of(4096, splits[i], side);
            echo_of(4097, splits[i], side);
            echo_of(100000, splits[i], side);
        }
    }
    echo_of(1 << 20, SPLIT_WHOLE, 0);
    echo_of(1 << 20, SPLIT_RANDOM, 1);
}

/* What is too long for the echo is refused, and the channel lives on. */
static void too_long(void **state)
{
    struct beep_world w;
    (void)state;
    uint8_t *text = pattern(300000);
    bw_env(&w);
    struct beep_profile app = echo_app(&w);
    w.env.limits.content = 200000;
    assert_int_equal(bw_open(&w), OK);
    bw_run(&w, 100);
    struct bw_chan *c = bw_start(&w, 0, &app, slice_of(text, 300000), net_now(w.net));
    bw_run(&w, 100);
    assert_int_equal(c->errors, 1);
    struct bw_chan *d = bw_start(&w, 0, &app, slice_of(text, 200000), net_now(w.net));
    bw_run(&w, 100);
    assert_int_equal(d->replies, 1);
    bw_close(&w);
    assert_int_equal(w.f.live, 0);
    free(text);
}

static void many_channels(void **state)
{
    struct beep_world w;
    uint8_t *text = pattern(3000);
    (void)state;
    bw_env(&w);
    struct beep_profile app = echo_app(&w);
    assert_int_equal(bw_open(&w), OK);
    bw_run(&w, 100);
    for (int i = 0; i < 300; i++)
        assert_non_null(bw_start(&w, i % 3 == 0, &app, slice_of(text, 3000), net_now(w.net)));
    net_touch(w.net, beep_peer_endpoint(w.side[0].p));
    bw_run(&w, 1000);
    for (size_t i = 0; i < 300; i++) {
        assert_int_equal(w.chan[i].replies, 1);
        assert_int_equal(w.chan[i].got, 3000);
        assert_false(w.chan[i].wrong);
    }
    assert_int_equal(w.side[0].p->chans, 300);
    assert_int_equal(w.side[1].p->chans, 300);
    for (size_t i = 0; i < 300; i += 2)
        assert_int_equal(beep_peer_close(w.side[i % 3 == 0].p, w.chan[i].channel, net_now(w.net)), OK);
    bw_run(&w, 1000);
    assert_int_equal(w.side[0].p->chans, 150);
    assert_int_equal(w.side[1].p->chans, 150);
    assert_int_equal(beep_peer_close(w.side[1].p, 0, net_now(w.net)), OK);
    bw_run(&w, 100);
    bw_ended_well(&w);
    bw_close(&w);
    assert_int_equal(w.f.live, 0);
    free(text);
}

/* Channels over the limit are declined with 450, and not before. */
static void too_many_channels(void **state)
{
    struct beep_world w;
    (void)state;
    bw_env(&w);
    struct beep_profile app = echo_app(&w);
    assert_int_equal(bw_open(&w), OK);
    bw_run(&w, 100);
    for (int i = 0; i < PEER_CHANNELS_MAX; i++) {
        uint32_t n;
        assert_int_equal(beep_peer_start(w.side[0].p, &app, SLICE_NONE, &n, net_now(w.net)), OK);
        if (i % 100 == 99) bw_run(&w, 10);
    }
    bw_run(&w, 100);
    assert_int_equal(w.side[1].p->chans, PEER_CHANNELS_MAX);
    /* our own limit is the same: the other side's is seen from a start that the listener makes */
    uint32_t n;
    assert_int_equal(beep_peer_start(w.side[0].p, &app, SLICE_NONE, &n, net_now(w.net)), ERR_LIMIT);
    assert_int_equal(beep_peer_close(w.side[0].p, 0, net_now(w.net)), OK);
    bw_run(&w, 100);
    bw_ended_well(&w);
    bw_close(&w);
    assert_int_equal(w.f.live, 0);
}

static void answers(void **state)
{
    static const struct {
        const char *ask;
        unsigned answers, errors;
        size_t size;
    } rows[] = {{"\r\ncount 0 size 5", 0, 0, 0},
                {"\r\ncount 1 size 0", 1, 0, 2},
                {"\r\ncount 7 size 5000\r\n", 7, 0, 5002},
                {"Content-Type: text/plain\r\n\r\ncount 300 size 700", 300, 0, 702},
                {"\r\ncount 3 size 1048576", 3, 0, 1048578},
                {"\r\ncount 3 size 1048577", 0, 1, 0},
                {"\r\ncount 3 size", 0, 1, 0},
                {"\r\ncount 3 size 1 x", 0, 1, 0},
                {"count 3 size 1", 0, 1, 0}};
    (void)state;
    for (size_t k = 0; k < 3; k++) {
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
            struct beep_world w;
            if (rows[i].size > 100000 && k) continue;
            bw_env(&w);
            w.split = splits[k];
            struct beep_profile app = bw_profile(&w, BEEP_URI_MANY);
            assert_int_equal(bw_open(&w), OK);
            bw_run(&w, 100);
            struct bw_chan *c = bw_start(&w, 0, &app, slice_str(rows[i].ask), net_now(w.net));
            bw_run(&w, 1000);
            assert_int_equal(c->errors, rows[i].errors);
            assert_int_equal(c->nuls, !rows[i].errors);
            assert_int_equal(c->answers, rows[i].answers);
            assert_false(c->wrong);
            for (unsigned a = 0; a < rows[i].answers; a++)
                assert_int_equal(c->answer[a], rows[i].size);
            if (rows[i].size > 5000) assert_true(c->turns > 2 * rows[i].answers - 2);
            bw_close(&w);
            assert_int_equal(w.f.live, 0);
        }
    }
}

/* Closes and releases from both sides, crossing, with a message under way or not: everything is answered, nobody waits for ever. */
static void ends(void **state)
{
    uint8_t *text = pattern(40000);
    (void)state;
    for (unsigned bits = 0; bits < 128; bits++) {
        for (size_t k = 0; k < 3; k++) {
            struct beep_world w;
            bw_env(&w);
            w.split = splits[k];
            struct beep_profile app = echo_app(&w);
            assert_int_equal(bw_open(&w), OK);
            bw_run(&w, 100);
            uint64_t now = net_now(w.net);
            /* one channel from each side, both open */
            struct bw_chan *a = bw_start(&w, 0, &app, SLICE_NONE, now), *b = bw_start(&w, 1, &app, SLICE_NONE, now);
            bw_run(&w, 100);
            now = net_now(w.net);
            if (bits & 1) a->message = slice_of(text, 40000);
            if (bits & 2) b->message = slice_of(text, 40000);
            if (bits & 1) bw_send_on(a->b, now);
            if (bits & 2) bw_send_on(b->b, now);
            if (bits & 4) assert_int_equal(beep_peer_close(w.side[0].p, a->channel, now), OK);
            if (bits & 8) assert_int_equal(beep_peer_close(w.side[1].p, a->channel, now), OK);
            if (bits & 16) assert_int_equal(beep_peer_close(w.side[0].p, b->channel, now), OK);
            if (bits & 32) assert_int_equal(beep_peer_close(w.side[1].p, 0, now), OK);
            if (bits & 64) assert_int_equal(beep_peer_close(w.side[0].p, 0, now), OK);
            bw_run(&w, 1000);
            if (bits & 1) assert_int_equal(a->replies, 1);
            if (bits & 2) assert_int_equal(b->replies, 1);
            assert_false(a->wrong || b->wrong);
            if (bits & (4 | 8 | 32 | 64)) assert_int_equal(a->closed, (bits & (4 | 8)) != 0);
            if (bits & (32 | 64)) {
                bw_ended_well(&w);
            } else {
                for (int s = 0; s < 2; s++) {
                    assert_false(bw_over(&w, s));
                    assert_int_equal(w.side[s].p->chans, 2 - ((bits & 12) != 0) - ((bits & 16) != 0));
                    assert_int_equal(w.side[s].p->asked_out, 0);
                    assert_string_equal(w.side[s].said, "");
                }
            }
            bw_close(&w);
            assert_int_equal(a->closed + (a->started == 1), 2);
            assert_int_equal(w.f.live, 0);
        }
    }
    free(text);
}

/* A profile that says no: close and release are declined, the session goes on. */
static void declined(void **state)
{
    struct beep_world w;
    (void)state;
    bw_env(&w);
    struct beep_profile app = echo_app(&w);
    assert_int_equal(bw_open(&w), OK);
    bw_run(&w, 100);
    struct bw_chan *c = bw_start(&w, 0, &app, SLICE_LIT("hello"), net_now(w.net));
    bw_run(&w, 100);
    w.refuse_close = true;
    assert_int_equal(beep_peer_close(w.side[1].p, c->channel, net_now(w.net)), OK);
    bw_run(&w, 100);
    assert_int_equal(w.side[1].declined, 1);
    assert_int_equal(w.side[1].no.code, 550);
    assert_string_equal(w.side[1].no.text, "still working");
    assert_int_equal(beep_peer_close(w.side[1].p, 0, net_now(w.net)), OK);
    bw_run(&w, 100);
    assert_int_equal(w.side[1].declined, 2);
    assert_false(bw_over(&w, 0) || bw_over(&w, 1));
    w.refuse_close = false;
    assert_int_equal(beep_peer_close(w.side[1].p, c->channel, net_now(w.net)), OK);
    bw_run(&w, 100);
    assert_int_equal(c->closed, 1);
    assert_int_equal(beep_peer_close(w.side[1].p, 0, net_now(w.net)), OK);
    bw_run(&w, 100);
    bw_ended_well(&w);
    bw_close(&w);
    assert_int_equal(w.f.live, 0);
}

static void server_names(void **state)
{
    static const struct {
        const char *asked, *served;
        unsigned code;
    } rows[] = {{NULL, NULL, 0}, {"a.test", NULL, 0}, {"a.test", "a.test", 0}, {NULL, "a.test", 0}, {"b.test", "a.test", 550}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct beep_world w;
        bw_env(&w);
        struct beep_profile app = echo_app(&w);
        w.setup[0].server_name = rows[i].asked;
        w.setup[1].server_name = rows[i].served;
        assert_int_equal(bw_open(&w), OK);
        bw_run(&w, 100);
        struct bw_chan *c = bw_start(&w, 0, &app, SLICE_LIT("x"), net_now(w.net));
        bw_run(&w, 100);
        assert_int_equal(c->no.code, rows[i].code);
        assert_int_equal(c->replies, !rows[i].code);
        bw_close(&w);
        assert_int_equal(w.f.live, 0);
    }
}

/* Nothing is asked for before both greeted, behind a release, or twice. */
static void wrong_use(void **state)
{
    struct beep_world w;
    uint32_t n, msgno = 0;
    (void)state;
    bw_env(&w);
    struct beep_profile app = echo_app(&w);
    assert_int_equal(bw_open(&w), OK);
    struct beep_peer *p = w.side[0].p;
    assert_int_equal(beep_peer_start(p, &app, SLICE_NONE, &n, 0), ERR_USE);
    assert_int_equal(beep_peer_close(p, 0, 0), ERR_USE);
    bw_run(&w, 100);
    assert_int_equal(beep_peer_close(p, 1, net_now(w.net)), ERR_USE);
    struct bw_chan *c = bw_start(&w, 0, &app, SLICE_NONE, net_now(w.net));
    assert_int_equal(beep_peer_msg(c->b, &msgno, SLICE_LIT("x"), true, net_now(w.net)), ERR_USE);
    bw_run(&w, 100);
    assert_int_equal(beep_peer_msg(c->b, &msgno, SLICE_LIT("x"), false, net_now(w.net)), OK);
    assert_int_equal(msgno, 1);
    uint32_t other = 0;
    assert_int_equal(beep_peer_msg(c->b, &other, SLICE_LIT("x"), true, net_now(w.net)), ERR_USE);
    assert_int_equal(beep_peer_reply(c->b, BEEP_RPY, 5, 0, SLICE_LIT("x"), true, net_now(w.net)), ERR_USE);
    assert_int_equal(beep_peer_close(p, c->channel, net_now(w.net)), OK);
    bw_run(&w, 100);
    assert_int_equal(c->closed, 0); /* a MSG is begun */
    assert_int_equal(beep_peer_msg(c->b, &msgno, SLICE_LIT("y"), true, net_now(w.net)), OK);
    bw_run(&w, 100);
    assert_int_equal(c->closed, 1);
    assert_int_equal(beep_peer_start(p, &app, slice_of(w.side[0].said, 4097), &n, net_now(w.net)), ERR_LIMIT);
    assert_int_equal(beep_peer_close(p, 0, net_now(w.net)), OK);
    bw_run(&w, 100);
    assert_int_equal(beep_peer_start(p, &app, SLICE_NONE, &n, net_now(w.net)), ERR_USE);
    bw_ended_well(&w);
    bw_close(&w);
    assert_int_equal(w.f.live, 0);
}

static void aborted(void **state)
{
    struct beep_world w;
    (void)state;
    bw_env(&w);
    struct beep_profile app = echo_app(&w);
    assert_int_equal(bw_open(&w), OK);
    bw_run(&w, 100);
    struct bw_chan *c = bw_start(&w, 0, &app, SLICE_LIT("x"), net_now(w.net));
    bw_run(&w, 100);
    beep_peer_abort(w.side[0].p, net_now(w.net));
    bw_run(&w, 100);
    assert_true(bw_over(&w, 0) && bw_over(&w, 1));
    assert_string_equal(beep_peer_why(w.side[1].p), "peer ended the connection");
    bw_close(&w);
    assert_int_equal(c->closed, 1);
    assert_int_equal(w.f.live, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(greetings),     cmocka_unit_test(unavailable), cmocka_unit_test(echoes),
        cmocka_unit_test(small_queues),
        cmocka_unit_test(too_long),      cmocka_unit_test(many_channels), cmocka_unit_test(too_many_channels),
        cmocka_unit_test(answers),       cmocka_unit_test(ends),        cmocka_unit_test(declined),
        cmocka_unit_test(server_names),  cmocka_unit_test(wrong_use),   cmocka_unit_test(aborted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
