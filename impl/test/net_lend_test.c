/* SPDX-License-Identifier: MIT */
/* Connections that are lent to one endpoint after the other, and links that are dialled by somebody else. */
#include "test/net_stage.h"

struct other { /* the other side of one that is lent */
    struct stage *s;
    struct loop_tcp *t, *kept; /* kept: what is lent, while nobody has it */
    char got[256];
    size_t n;
    int ends;
    bool refuse; /* nothing may be dialled */
};

static void other_read(void *ctx, struct loop_tcp *t, slice octets)
{
    struct other *o = ctx;
    (void)t;
    for (size_t i = 0; i < octets.n && o->n + 1 < sizeof o->got; i++)
        o->got[o->n++] = (char)octets.p[i];
    o->got[o->n] = 0;
    o->s->woken = true;
}

static void other_ended(void *ctx, struct loop_tcp *t, enum loop_end how, int sys)
{
    struct other *o = ctx;
    (void)t;
    (void)how;
    (void)sys;
    o->ends++;
    o->s->woken = true;
}

static const struct loop_tcp_events other_events = {.read = other_read, .ended = other_ended};

static void tell(struct other *o, const char *text)
{
    size_t took;
    assert_int_equal(loop_tcp_write(o->t, slice_str(text), &took), OK);
    assert_int_equal(took, strlen(text));
}

static void other_open(struct stage *s, struct other *o)
{
    int fd[2];
    memset(o, 0, sizeof *o);
    o->s = s;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
    assert_int_equal(loop_tcp_adopt(s->loop, fd[0], &other_events, o, &o->t), OK);
    assert_int_equal(loop_tcp_adopt(s->loop, fd[1], NULL, NULL, &o->kept), OK);
}

static void lend(struct stage *s, struct node *n, struct other *o)
{
    assert_int_equal(net_add(s->net, &n->e, false), OK);
    net_tcp_lend(s->net, &n->e, 1, o->kept);
    o->kept = NULL;
}

static void one_after_the_other(void **state)
{
    struct stage s;
    struct other o;
    struct net_lent how;
    (void)state;
    begin(&s, true);
    other_open(&s, &o);
    tell(&o, "early\n");
    s.a.reply = SLICE_LIT("one\ntwo\n");
    lend(&s, &s.a, &o);
    assert_int_equal(s.a.ups, 1);
    UNTIL(&s, o.n == 8 && s.a.got.n == 6);
    tell(&o, "1\n2\nhalf");
    UNTIL(&s, s.a.got.n == 14);
    o.kept = net_tcp_take_back(s.net, &s.a.e, 1, &how);
    assert_non_null(o.kept);
    assert_int_equal(s.a.e.link[1].state, LINK_DOWN);
    assert_true(how.open_line && !how.over && !how.unsent);
    assert_int_equal(how.asked, 2);
    assert_int_equal(how.told, 3);
    net_remove(s.net, &s.a.e);
    assert_int_equal(s.a.fins + s.a.resets, 0); /* not a word */

    s.b.reply = SLICE_LIT("three\n");
    lend(&s, &s.b, &o);
    UNTIL(&s, o.n == 14);
    assert_string_equal(o.got, "one\ntwo\nthree\n");
    tell(&o, "\n");
    UNTIL(&s, s.b.got.n == 1);
    o.kept = net_tcp_take_back(s.net, &s.b.e, 1, &how);
    assert_false(how.open_line || how.over || how.unsent);
    assert_int_equal(how.asked, 1); /* counted anew */
    assert_int_equal(how.told, 1);
    assert_int_equal(o.ends, 0);
    loop_tcp_free(o.kept, false);
    loop_tcp_free(o.t, false);
    finish(&s);
}

static void lent_and_over(void **state)
{
    struct stage s;
    struct other o;
    struct net_lent how;
    (void)state;
    begin(&s, true);
    /* the other side ends */
    other_open(&s, &o);
    lend(&s, &s.a, &o);
    tell(&o, "last");
    loop_tcp_free(o.t, false);
    UNTIL(&s, s.a.fins == 1);
    assert_int_equal(s.a.got.n, 4);
    o.kept = net_tcp_take_back(s.net, &s.a.e, 1, &how);
    assert_true(how.over && how.open_line);
    loop_tcp_free(o.kept, false);
    net_remove(s.net, &s.a.e);
    /* ours does */
    other_open(&s, &o);
    lend(&s, &s.b, &o);
    s.b.e.link[1].fin = true;
    net_touch(s.net, &s.b.e);
    UNTIL(&s, o.ends == 1);
    o.kept = net_tcp_take_back(s.net, &s.b.e, 1, &how);
    assert_true(how.over);
    loop_tcp_free(o.kept, false);
    /* or drops it, and then there is nothing to take back */
    link_reset(&s.b.e, 1);
    loop_tcp_free(o.t, false);
    other_open(&s, &o);
    lend(&s, &s.b, &o);
    assert_false(s.b.e.link[1].in_ended);
    s.b.e.link[1].drop = true;
    net_touch(s.net, &s.b.e);
    UNTIL(&s, o.ends == 1);
    assert_null(net_tcp_take_back(s.net, &s.b.e, 1, &how));
    assert_true(how.over);
    loop_tcp_free(o.t, false);
    finish(&s);
}

static void lent_and_unsent(void **state)
{
    static uint8_t much[1 << 20];
    struct stage s;
    struct other o;
    struct net_lent how;
    (void)state;
    begin(&s, true);
    other_open(&s, &o);
    loop_tcp_pause(o.t, true);
    s.a.reply = slice_of(much, sizeof much);
    lend(&s, &s.a, &o);
    s.a.e.link[1].pause = true;
    net_touch(s.net, &s.a.e);
    a_moment(&s);
    o.kept = net_tcp_take_back(s.net, &s.a.e, 1, &how);
    assert_true(how.unsent && !how.over);
    assert_int_equal(s.a.e.link[1].out.n, 0);
    net_remove(s.net, &s.a.e);
    /* it is read again, though the one before had paused it */
    s.b.reply = SLICE_NONE;
    lend(&s, &s.b, &o);
    tell(&o, "x");
    UNTIL(&s, s.b.got.n == 1);
    finish(&s);
}

static struct loop_tcp *dial_by(void *ctx, const struct endpoint *e, int link, const char *to, bool *pass)
{
    struct other *o = ctx;
    struct loop_tcp *t = o->kept;
    (void)e;
    (void)link;
    (void)to;
    *pass = !o->refuse;
    o->kept = NULL;
    return t;
}

static void dialled_otherwise(void **state)
{
    struct stage s;
    struct other o;
    (void)state;
    begin(&s, true);
    other_open(&s, &o);
    net_tcp_dial_by(s.net, dial_by, &o);
    s.a.reply = SLICE_LIT("hello");
    s.a.e.link[0].to = "somewhere";
    s.a.e.link[0].state = LINK_WANTED;
    assert_int_equal(net_add(s.net, &s.a.e, false), OK);
    UNTIL(&s, s.a.ups == 1 && o.n == 5);
    o.refuse = true;
    s.b.e.link[0].to = s.at; /* where somebody listens */
    s.b.e.link[0].state = LINK_WANTED;
    assert_int_equal(net_add(s.net, &s.b.e, false), OK);
    UNTIL(&s, s.b.refusals == 1);
    assert_int_equal(s.b.ups, 0);
    net_remove(s.net, &s.b.e);
    o.refuse = false;
    /* as usual */
    net_remove(s.net, &s.a.e);
    link_reset(&s.a.e, 0);
    dial(&s);
    UNTIL(&s, s.b.ups == 1);
    finish(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_after_the_other),
        cmocka_unit_test(lent_and_over),
        cmocka_unit_test(lent_and_unsent),
        cmocka_unit_test(dialled_otherwise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
