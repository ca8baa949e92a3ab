/* SPDX-License-Identifier: MIT */
/* The two carriers, with the same small endpoints: what holds in memory holds over sockets. */
#include "test/net_stage.h"

static void connected(struct stage *s, bool tcp)
{
    begin(s, tcp);
    dial(s);
    UNTIL(s, s->a.ups == 1 && s->b.ups == 1);
    assert_int_equal(link_a(s)->state, LINK_UP);
    assert_int_equal(link_b(s)->state, LINK_UP);
}

/* --- the tests: each on both carriers
 * ----------------------------------------------------------------------------- */

static void octets_keep_their_order(bool tcp, enum link_split split)
{
    struct stage s;
    static uint8_t much[100000];
    for (size_t i = 0; i < sizeof much; i++)
        much[i] = (uint8_t)(i * 31 + i / 251);
    connected(&s, tcp);
    link_a(&s)->split = link_b(&s)->split = split;
    s.b.echo = true;
    for (size_t i = 0; i < sizeof much; i += 12500)
        say(&s, &s.a, link_a(&s), slice_of(much + i, 12500));
    UNTIL(&s, s.a.got.n == sizeof much && link_a(&s)->out.n == 0);
    assert_true(slice_eq(buf_slice(&s.a.got), slice_of(much, sizeof much)));
    assert_true(slice_eq(buf_slice(&s.b.got), slice_of(much, sizeof much)));
    assert_true(s.a.drains >= 1 && s.b.drains >= 1);
    if (!tcp && split == SPLIT_BYTES) assert_true(s.b.feeds > 2000);
    finish(&s);
}

/* Who has more to say whenever there is room says it all, although nothing comes in meanwhile. */
static void more_when_there_is_room(bool tcp)
{
    static const uint8_t some[1000];
    struct stage s;
    begin(&s, tcp);
    s.a.reply = slice_of(some, sizeof some);
    s.a.refills = 50;
    dial(&s);
    UNTIL(&s, s.b.got.n == 51 * sizeof some);
    a_moment(&s);
    assert_int_equal(s.b.got.n, 51 * sizeof some);
    finish(&s);
}

static void half_close(bool tcp)
{
    struct stage s;
    connected(&s, tcp);
    say(&s, &s.a, link_a(&s), SLICE_LIT("last words"));
    link_a(&s)->fin = true;
    net_touch(s.net, &s.a.e);
    UNTIL(&s, s.b.fins == 1);
    assert_int_equal(s.b.got_at_fin, 10); /* what was queued comes before the end */
    assert_true(link_b(&s)->in_ended);
    assert_true(link_a(&s)->fin_sent);
    assert_int_equal(link_a(&s)->state, LINK_UP);
    assert_int_equal(link_b(&s)->state, LINK_UP);
    say(&s, &s.b, link_b(&s), SLICE_LIT("answer")); /* the other direction goes on */
    UNTIL(&s, s.a.got.n == 6);
    assert_int_equal(s.a.fins, 0);
    link_b(&s)->fin = true;
    net_touch(s.net, &s.b.e);
    UNTIL(&s, s.a.fins == 1 && link_a(&s)->state == LINK_DOWN && link_b(&s)->state == LINK_DOWN);
    a_moment(&s);
    assert_int_equal(s.a.fins + s.b.fins, 2);
    assert_int_equal(s.a.resets + s.b.resets, 0);
    finish(&s);
}

static void slot_used_again(bool tcp)
{
    struct stage s;
    connected(&s, tcp);
    s.b.fin_back = true;
    link_a(&s)->fin = true;
    net_touch(s.net, &s.a.e);
    UNTIL(&s, link_a(&s)->state == LINK_DOWN && link_b(&s)->state == LINK_DOWN);
    link_reset(&s.a.e, 0);
    link_reset(&s.b.e, 2);
    s.b.fins = 0;
    link_a(&s)->to = s.at;
    link_a(&s)->state = LINK_WANTED;
    net_touch(s.net, &s.a.e);
    UNTIL(&s, s.a.ups == 2 && s.b.ups == 2);
    say(&s, &s.a, link_a(&s), SLICE_LIT("again"));
    UNTIL(&s, s.b.got.n == 5);
    finish(&s);
}

static void reset(bool tcp)
{
    struct stage s;
    connected(&s, tcp);
    link_a(&s)->drop = true;
    net_touch(s.net, &s.a.e);
    UNTIL(&s, s.b.resets == 1);
    assert_int_equal(link_a(&s)->state, LINK_DOWN);
    assert_int_equal(s.a.resets, 0); /* who resets is not told */
    assert_int_equal(s.b.fins, 0);
    finish(&s);
}

static void removed(bool tcp)
{
    struct stage s;
    connected(&s, tcp);
    net_remove(s.net, &s.a.e);
    UNTIL(&s, s.b.fins == 1 || s.b.resets == 1);
    assert_int_equal(s.b.resets, 0); /* an orderly end where nothing was lost */
    finish(&s);
}

static void refused(bool tcp)
{
    struct stage s;
    begin(&s, tcp);
    net_unlisten(s.net, give, &s);
    dial(&s);
    UNTIL(&s, s.a.refusals == 1);
    assert_int_equal(link_a(&s)->state, LINK_DOWN);
    assert_int_equal(s.a.ups, 0);
    finish(&s);
}

static void deadlines(bool tcp)
{
    struct stage s;
    begin(&s, tcp);
    assert_int_equal(net_add(s.net, &s.a.e, false), OK);
    assert_int_equal(net_add(s.net, &s.b.e, false), OK);
    uint64_t t = net_now(s.net);
    s.a.due = t + 60;
    s.b.due = t + 20;
    net_touch(s.net, &s.a.e);
    net_touch(s.net, &s.b.e);
    UNTIL(&s, s.b.ticks == 1);
    assert_int_equal(s.a.ticks, 0);
    assert_true(s.b.ticked_at >= t + 20);
    UNTIL(&s, s.a.ticks == 1);
    assert_true(s.a.ticked_at >= t + 60);
    s.a.due = net_now(s.net) + 1000000;
    net_touch(s.net, &s.a.e);
    a_moment(&s);
    assert_int_equal(s.a.ticks, 1);
    finish(&s);
}

static void backpressure(bool tcp)
{
    struct stage s;
    connected(&s, tcp);
    link_b(&s)->pause = true;
    net_touch(s.net, &s.b.e);
    a_moment(&s);
    say(&s, &s.a, link_a(&s), SLICE_LIT("wait"));
    link_a(&s)->fin = true;
    net_touch(s.net, &s.a.e);
    a_moment(&s);
    assert_int_equal(s.b.feeds, 0);
    assert_int_equal(s.b.fins, 0); /* the end does not overtake octets that wait */
    link_b(&s)->pause = false;
    net_touch(s.net, &s.b.e);
    UNTIL(&s, s.b.got.n == 4 && s.b.fins == 1);
    finish(&s);
}

/* More than a socket takes at once, and an end behind it. */
static void end_behind_much(bool tcp)
{
    struct stage s;
    const size_t much = 7 << 20;
    uint8_t *octets = calloc(1, much);
    assert_non_null(octets);
    connected(&s, tcp);
    link_b(&s)->pause = true;
    net_touch(s.net, &s.b.e);
    a_moment(&s);
    say(&s, &s.a, link_a(&s), slice_of(octets, much));
    link_a(&s)->fin = true;
    net_touch(s.net, &s.a.e);
    a_moment(&s);
    assert_true(link_a(&s)->out.n > 0); /* otherwise the test shows nothing */
    assert_false(link_a(&s)->fin_sent);
    link_b(&s)->pause = false;
    net_touch(s.net, &s.b.e);
    UNTIL(&s, s.b.fins == 1);
    assert_int_equal(s.b.got_at_fin, much);
    free(octets);
    finish(&s);
}

static void urgent_data(bool tcp)
{
    struct stage s;
    connected(&s, tcp);
    say(&s, &s.a, link_a(&s), SLICE_LIT("before"));
    UNTIL(&s, s.b.got.n == 6);
    link_a(&s)->urgent = true;
    net_touch(s.net, &s.a.e);
    UNTIL(&s, s.b.urgents == 1);
    assert_false(link_a(&s)->urgent);
    say(&s, &s.a, link_a(&s), SLICE_LIT("after"));
    UNTIL(&s, s.b.got.n == 11);
    assert_true(
        slice_eq(buf_slice(&s.b.got), SLICE_LIT("beforeafter"))); /* the octet itself is not of the stream */
    assert_int_equal(s.b.urgents, 1);
    finish(&s);
}

static void first_words(bool tcp)
{
    struct stage s;
    begin(&s, tcp);
    s.b.reply = SLICE_LIT("hello and goodbye");
    s.b.fin_at_up = true;
    s.a.fin_back = true;
    dial(&s);
    UNTIL(&s, s.a.fins == 1);
    assert_int_equal(s.a.got_at_fin, 17);
    UNTIL(&s, link_a(&s)->state == LINK_DOWN && link_b(&s)->state == LINK_DOWN);
    finish(&s);
}

static void owned_ones_are_freed(bool tcp)
{
    struct stage s;
    struct node c;
    int freed = 0;
    begin(&s, tcp);
    node_init(&s, &c);
    c.freed = &freed;
    c.due = net_now(s.net) + 10;
    assert_int_equal(net_add(s.net, &c.e, true), OK);
    UNTIL(&s, c.ticks == 1);
    assert_int_equal(freed, 0);
    c.over = true;
    net_touch(s.net, &c.e);
    UNTIL(&s, freed == 1);
    finish(&s);
    assert_int_equal(freed, 1);
}

static void nobody_wants_it(bool tcp)
{
    struct stage s;
    begin(&s, tcp);
    s.nobody = true;
    dial(&s);
    UNTIL(&s, s.a.refusals + s.a.resets == 1); /* the system may have accepted it already */
    assert_int_equal(link_a(&s)->state, LINK_DOWN);
    assert_int_equal(s.b.ups, 0);
    finish(&s);
}

/* A tester that is between two cases finds the connection that came meanwhile. */
static void kept_until_wanted(void **state)
{
    struct stage s;
    (void)state;
    begin(&s, true);
    net_tcp_park(s.net, true);
    s.nobody = true;
    dial(&s);
    UNTIL(&s, s.a.ups == 1);
    say(&s, &s.a, link_a(&s), SLICE_LIT("early"));
    a_moment(&s);
    s.nobody = false;
    assert_int_equal(net_add(s.net, &s.b.e, false), OK);
    UNTIL(&s, s.b.ups == 1 && s.b.got.n == 5);
    finish(&s);
}

#define BOTH(name)                                                                                           \
    static void name##_in_memory(void **state)                                                               \
    {                                                                                                        \
        (void)state;                                                                                         \
        name(false);                                                                                         \
    }                                                                                                        \
    static void name##_over_tcp(void **state)                                                                \
    {                                                                                                        \
        (void)state;                                                                                         \
        name(true);                                                                                          \
    }
#define UNITS(name) cmocka_unit_test(name##_in_memory), cmocka_unit_test(name##_over_tcp)

static void whole(bool tcp)
{
    octets_keep_their_order(tcp, SPLIT_WHOLE);
}

static void bytewise(bool tcp)
{
    octets_keep_their_order(tcp, SPLIT_BYTES);
}

static void at_random(bool tcp)
{
    octets_keep_their_order(tcp, SPLIT_RANDOM);
}

BOTH(whole)
BOTH(bytewise)
BOTH(at_random)
BOTH(more_when_there_is_room)
BOTH(half_close)
BOTH(slot_used_again)
BOTH(reset)
BOTH(removed)
BOTH(refused)
BOTH(deadlines)
BOTH(backpressure)
BOTH(end_behind_much)
BOTH(urgent_data)
BOTH(first_words)
BOTH(owned_ones_are_freed)
BOTH(nobody_wants_it)

static void an_hour_costs_nothing(void **state)
{
    struct stage s;
    (void)state;
    begin(&s, false);
    s.a.due = 1000 + 3600 * 1000;
    assert_int_equal(net_add(s.net, &s.a.e, false), OK);
    s.woken = false;
    net_run(s.net, &s.woken, UINT64_MAX);
    assert_int_equal(s.a.ticks, 1);
    assert_int_equal(s.a.ticked_at, 1000 + 3600 * 1000);
    finish(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNITS(whole),
        UNITS(bytewise),
        UNITS(at_random),
        UNITS(more_when_there_is_room),
        UNITS(half_close),
        UNITS(slot_used_again),
        UNITS(reset),
        UNITS(removed),
        UNITS(refused),
        UNITS(deadlines),
        UNITS(backpressure),
        UNITS(urgent_data),
        UNITS(first_words),
        UNITS(owned_ones_are_freed),
        UNITS(nobody_wants_it),
        UNITS(end_behind_much),
        cmocka_unit_test(kept_until_wanted),
        cmocka_unit_test(an_hour_costs_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
