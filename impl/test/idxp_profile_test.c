/* SPDX-License-Identifier: MIT */
/* The IDXP profile by itself: two managers that are client to each other on channels of their own, roles that change, pieces, answers that are put off. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "peer/idxp_impl.h"
#include "run/net.h"
#include "test/mem_fail.h"

enum { SOME = 2000 };

struct world;
struct side {
    struct world *w;
    struct beep_setup beep;
    struct idxp_setup idxp;
    struct beep_profile profile;
    const struct beep_profile *offered[1];
    struct beep_peer *p;
    struct idxp_channel *own, *theirs; /* asked for by us, and by the other side */
    unsigned greeted, rejected, ready, closed, rooms, pieces, messages, taken_back, answers;
    uint32_t msgno;
    struct beep_refusal no;   /* of the last answer, to data or a greeting */
    uint16_t says;            /* to data */
    size_t says_at;           /* behind as many octets */
    bool inside;              /* answers in the hook */
    size_t octets;
    uint32_t got_msgno;
    slice left;               /* of what is being sent */
};
struct world {
    struct env env;
    struct mem mem;
    struct mem_fail f;
    struct side side[2];
    struct net *net;
};

static void on_greeted(void *ctx, struct idxp_channel *c, const struct beep_refusal *no, uint64_t now)
{
    struct side *s = ctx;
    (void)c;
    (void)now;
    s->greeted++;
    s->rejected += no->code != 0;
    s->no = *no;
}

static void on_ready(void *ctx, struct idxp_channel *c, uint64_t now)
{
    struct side *s = ctx;
    (void)now;
    s->ready++;
    assert_true(idxp_channel_may_send(c) || (idxp_channel_role(c, true) == IDXP_SERVER && idxp_channel_role(c, false) == IDXP_CLIENT));
    if (c != s->own) s->theirs = c;
}

static uint16_t on_data(void *ctx, struct idxp_channel *c, const struct idxp_piece *d, struct beep_refusal *no, uint64_t now)
{
    struct side *s = ctx;
    (void)no;
    if (c != s->own) s->theirs = c;
    assert_int_equal(d->first, d->mime != NULL);
    if (d->refused) {
        assert_true(d->last);
        s->taken_back++;
        return 0;
    }
    if (d->first) s->octets = 0;
    s->pieces++;
    s->octets += d->octets.n;
    s->got_msgno = d->msgno;
    s->messages += d->last;
    if (s->inside && d->last) { /* answered from within: what was given stays what it was */
        assert_true(slice_starts(d->octets, SLICE_LIT("twelve")));
        idxp_answer(c, d->msgno, 450, "at once", now);
        assert_true(slice_starts(d->octets, SLICE_LIT("twelve")));
        assert_int_equal(s->w->side[0].answers, 0);
    }
    if (s->says >= 400 && s->octets >= s->says_at) return s->says;
    return d->last ? s->says : 0;
}

static void on_answered(void *ctx, struct idxp_channel *c, uint32_t msgno, const struct beep_refusal *no, uint64_t now)
{
    struct side *s = ctx;
    (void)c;
    (void)now;
    s->answers++;
    s->no = *no;
    s->msgno = msgno;
}

static void on_room(void *ctx, struct idxp_channel *c, uint64_t now)
{
    struct side *s = ctx;
    s->rooms++;
    if (!s->left.n) return;
    err e = idxp_send(c, &s->msgno, IDXP_BINARY, &s->left, true, now);
    assert_true(e == OK || e == ERR_LIMIT);
}

static void on_closed(void *ctx, struct idxp_channel *c, uint64_t now)
{
    struct side *s = ctx;
    (void)now;
    s->closed++;
    if (s->own == c) s->own = NULL;
    if (s->theirs == c) s->theirs = NULL;
}

static void on_gone(void *ctx, struct beep_peer *p)
{
    struct side *s = ctx;
    (void)p;
    s->p = NULL;
}

static struct endpoint *accept_one(void *ctx, int *link, bool *owned)
{
    struct world *w = ctx;
    if (beep_peer_new(&w->side[1].beep, false, NULL, &w->side[1].p) != OK) return NULL;
    *link = 0;
    *owned = false;
    return beep_peer_endpoint(w->side[1].p);
}

static void init(struct world *w, enum idxp_dialect dialect)
{
    memset(w, 0, sizeof *w);
    w->mem = mem_fail_init(&w->f, 0);
    env_init(&w->env);
    w->env.mem = &w->mem;
    for (int i = 0; i < 2; i++) {
        struct side *s = &w->side[i];
        s->w = w;
        s->says = IDXP_STORED;
        s->idxp = (struct idxp_setup){.env = &w->env, .dialect = dialect, .role = IDXP_SERVER, .uri = i ? "http://two.example.org/" : "http://one.example.org/"};
        s->idxp.hooks = (struct idxp_hooks){.ctx = s, .greeted = on_greeted, .ready = on_ready, .data = on_data, .answered = on_answered, .room = on_room, .closed = on_closed, .declined = NULL};
        s->beep = (struct beep_setup){.env = &w->env, .profile = s->offered, .profiles = 1, .mux = beep_mux_usual, .hooks = {.ctx = s, .gone = on_gone}};
        s->offered[0] = &s->profile;
    }
}

static void run(struct world *w)
{
    bool stop = false;
    net_run(w->net, &stop, net_now(w->net) + SOME);
}

static void start(struct world *w)
{
    char bound[64];
    for (int i = 0; i < 2; i++)
        idxp_profile_init(&w->side[i].idxp, &w->side[i].profile);
    assert_int_equal(net_mem_new(&w->env, 1000, &w->net), OK);
    assert_int_equal(net_listen(w->net, "there", accept_one, w, bound, sizeof bound, NULL, 0), OK);
    assert_int_equal(beep_peer_new(&w->side[0].beep, true, "there", &w->side[0].p), OK);
    assert_int_equal(net_add(w->net, beep_peer_endpoint(w->side[0].p), false), OK);
    run(w);
}

static void stop(struct world *w)
{
    for (int i = 0; i < 2; i++) {
        struct endpoint *e = beep_peer_endpoint(w->side[i].p);
        net_remove(w->net, e);
        e->ops->free(e);
        assert_null(w->side[i].own);
    }
    net_free(w->net);
    assert_int_equal(w->f.live, 0);
}

static struct idxp_channel *open_one(struct world *w, int side, enum idxp_role role)
{
    struct side *s = &w->side[side];
    struct idxp_wish wish = {.role = role};
    assert_int_equal(idxp_open(s->p, &s->profile, &wish, s, &s->own, net_now(w->net)), OK);
    run(w);
    return s->own;
}

/* One message, whole. */
static void send_one(struct world *w, struct idxp_channel *c, slice octets, err want)
{
    uint32_t msgno = 0;
    assert_int_equal(idxp_send(c, &msgno, IDXP_TEXT, &octets, true, net_now(w->net)), want);
    assert_int_equal(msgno != 0, want == OK);
    run(w);
}

static void test_both_directions(void **state)
{
    (void)state;
    for (int dialect = 0; dialect < 2; dialect++)
        for (int embed = 0; embed < 2; embed++) {
            struct world w;
            init(&w, (enum idxp_dialect)dialect);
            w.side[0].idxp.embed = w.side[1].idxp.embed = embed;
            start(&w);
            for (int i = 0; i < 2; i++) {
                struct idxp_channel *c = open_one(&w, i, IDXP_CLIENT);
                assert_non_null(c);
                assert_true(idxp_channel_may_send(c));
                assert_int_equal(idxp_channel_role(c, true), IDXP_CLIENT);
                assert_int_equal(idxp_channel_role(c, false), IDXP_SERVER);
                assert_int_equal(idxp_channel_bound(c)->started_by_us, true);
            }
            for (int i = 0; i < 2; i++) {
                send_one(&w, w.side[i].own, SLICE_LIT("hello"), OK);
                assert_int_equal(w.side[!i].messages, 1);
                assert_int_equal(w.side[i].answers, 1);
                assert_int_equal(w.side[i].no.code, 0);
                assert_int_equal(idxp_channel_unanswered(w.side[i].own), 0);
                assert_false(idxp_channel_may_send(w.side[i].theirs)); /* 2.2: a server is a sink */
                send_one(&w, w.side[i].theirs, SLICE_LIT("no"), ERR_USE);
            }
            slice uri = idxp_channel_identity(w.side[0].own, false);
            assert_true(slice_eq(uri, SLICE_LIT("http://two.example.org/")));
            struct idxp_who who;
            idxp_channel_who(w.side[1].theirs, &who);
            assert_true(slice_eq(who.uri, SLICE_LIT("http://one.example.org/")));
            assert_int_equal(who.role, IDXP_CLIENT);
            assert_ptr_equal(idxp_channel_user(w.side[0].own), &w.side[0]);
            stop(&w);
            assert_int_equal(w.side[0].closed, 2);
        }
}

/* A side that takes what the other leaves greets behind it. */
static void test_role_is_left_to_the_peer(void **state)
{
    (void)state;
    for (int way = 0; way < 4; way++) {
        struct world w;
        enum idxp_role role = way & 1 ? IDXP_CLIENT : IDXP_SERVER;
        init(&w, IDXP_RFC);
        w.side[0].idxp.embed = way & 2;
        w.side[1].idxp.role = IDXP_NO_ROLE;
        start(&w);
        struct idxp_channel *c = open_one(&w, 0, role);
        assert_int_equal(idxp_channel_role(c, false), role == IDXP_CLIENT ? IDXP_SERVER : IDXP_CLIENT);
        struct idxp_channel *sender = role == IDXP_CLIENT ? c : w.side[1].theirs;
        assert_non_null(sender);
        send_one(&w, sender, SLICE_LIT("x"), OK);
        assert_int_equal(w.side[role == IDXP_CLIENT].messages, 1);
        stop(&w);
    }
}

static void test_greets_anew(void **state)
{
    struct world w;
    struct idxp_wish other = {.uri = "http://three.example.org/"}, server = {.role = IDXP_SERVER};
    (void)state;
    init(&w, IDXP_DRAFT);
    start(&w);
    struct idxp_channel *c = open_one(&w, 0, IDXP_CLIENT);
    assert_int_equal(idxp_greet(c, &other, net_now(w.net)), OK);
    assert_false(idxp_channel_may_send(c)); /* which one governs is not clear before the answer (IDXP-D10) */
    run(&w);
    assert_true(idxp_channel_may_send(c));
    assert_true(slice_eq(idxp_channel_identity(w.side[1].theirs, false), SLICE_LIT("http://three.example.org/")));
    assert_int_equal(idxp_greet(c, &server, net_now(w.net)), OK);
    run(&w);
    assert_true(idxp_channel_rejected(c));
    assert_int_equal(w.side[0].no.code, 554); /* the other one is server */
    assert_int_equal(idxp_channel_role(c, true), IDXP_CLIENT);
    assert_true(idxp_channel_may_send(c));
    send_one(&w, c, SLICE_LIT("x"), OK);
    stop(&w);
}

static void test_pieces(void **state)
{
    enum { LONG = 400000 };
    struct world w;
    struct side *s = &w.side[0];
    uint8_t *octets = calloc(1, LONG);
    (void)state;
    init(&w, IDXP_RFC);
    s->beep.mux.queue_max = 12000; /* less than a piece */
    start(&w);
    struct idxp_channel *c = open_one(&w, 0, IDXP_CLIENT);
    s->left = slice_of(octets, LONG);
    s->msgno = 0;
    assert_int_equal(idxp_send(c, &s->msgno, IDXP_BINARY, &s->left, true, net_now(w.net)), ERR_LIMIT);
    assert_true(s->msgno != 0 && s->left.n < LONG);
    uint32_t another = 0, was = s->msgno;
    slice x = SLICE_LIT("x");
    assert_int_equal(idxp_send(c, &another, IDXP_TEXT, &x, true, net_now(w.net)), ERR_USE);
    assert_int_equal(idxp_greet(c, NULL, net_now(w.net)), ERR_USE); /* a MSG is not interrupted (3080 2.2.1.1) */
    run(&w);
    assert_int_equal(s->left.n, 0);
    assert_true(s->rooms > 0);
    assert_int_equal(w.side[1].messages, 1);
    assert_int_equal(w.side[1].octets, LONG);
    assert_int_equal(s->answers, 1);
    assert_int_equal(s->msgno, was);
    stop(&w);
    free(octets);
}

static void test_hook_refuses_early(void **state)
{
    enum { LONG = 400000 };
    struct world w;
    struct side *s = &w.side[0];
    uint8_t *octets = calloc(1, LONG);
    (void)state;
    init(&w, IDXP_RFC);
    s->beep.mux.queue_max = 40000;
    start(&w);
    struct idxp_channel *c = open_one(&w, 0, IDXP_CLIENT);
    w.side[1].says = 550;
    w.side[1].says_at = 20000;
    s->left = slice_of(octets, LONG);
    s->msgno = 0;
    assert_int_equal(idxp_send(c, &s->msgno, IDXP_BINARY, &s->left, true, net_now(w.net)), ERR_LIMIT);
    uint32_t msgno = s->msgno;
    run(&w);
    assert_int_equal(s->no.code, 550);
    assert_int_equal(s->answers, 1);
    assert_int_equal(w.side[1].messages, 0);
    assert_in_range(w.side[1].octets, 20000, 40000); /* nothing is given behind that */
    assert_int_equal(w.side[1].taken_back, 0);
    assert_int_equal(idxp_send(c, &msgno, IDXP_BINARY, &s->left, true, net_now(w.net)), OK); /* goes nowhere */
    assert_int_equal(s->left.n, 0);
    w.side[1].says = IDXP_STORED;
    send_one(&w, c, SLICE_LIT("x"), OK);
    assert_int_equal(s->no.code, 0);
    assert_int_equal(w.side[1].messages, 1);
    stop(&w);
    free(octets);
}

/* What we find wrong with a message whose pieces were given is told to who has them. */
static void test_taken_back(void **state)
{
    struct world w;
    struct side *s = &w.side[0];
    static uint8_t octets[60000];
    (void)state;
    init(&w, IDXP_RFC);
    w.side[1].idxp.content_max = 30000;
    start(&w);
    struct idxp_channel *c = open_one(&w, 0, IDXP_CLIENT);
    send_one(&w, c, slice_of(octets, sizeof octets), OK);
    assert_int_equal(s->no.code, 554);
    assert_int_equal(w.side[1].taken_back, 1);
    assert_int_equal(w.side[1].messages, 0);
    send_one(&w, c, slice_of(octets, 30000), OK);
    assert_int_equal(s->no.code, 0);
    assert_int_equal(w.side[1].taken_back, 1);
    send_one(&w, c, slice_of(octets, 30001), OK);
    assert_int_equal(s->no.code, 554);
    stop(&w);
}

static void test_later_and_in_order(void **state)
{
    struct world w;
    struct side *s = &w.side[0];
    uint32_t seen[3];
    (void)state;
    init(&w, IDXP_RFC);
    start(&w);
    struct idxp_channel *c = open_one(&w, 0, IDXP_CLIENT);
    w.side[1].says = 0;
    for (int i = 0; i < 3; i++) {
        send_one(&w, c, SLICE_LIT("x"), OK);
        seen[i] = w.side[1].got_msgno;
    }
    assert_int_equal(idxp_channel_unanswered(c), 3);
    idxp_answer(w.side[1].theirs, seen[2], 450, "busy", net_now(w.net));
    idxp_answer(w.side[1].theirs, seen[2], IDXP_STORED, NULL, net_now(w.net)); /* it is settled */
    idxp_answer(w.side[1].theirs, seen[1], IDXP_STORED, NULL, net_now(w.net));
    run(&w);
    assert_int_equal(s->answers, 0);
    idxp_answer(w.side[1].theirs, seen[0], 454, NULL, net_now(w.net));
    idxp_answer(w.side[1].theirs, seen[0], IDXP_STORED, NULL, net_now(w.net));
    run(&w);
    assert_int_equal(s->answers, 3);
    assert_int_equal(s->no.code, 450);
    assert_string_equal(s->no.text, "busy");
    stop(&w);
}

static void test_answers_in_the_hook(void **state)
{
    struct world w;
    struct side *s = &w.side[0];
    (void)state;
    init(&w, IDXP_RFC);
    start(&w);
    struct idxp_channel *c = open_one(&w, 0, IDXP_CLIENT);
    w.side[1].says = 0;
    w.side[1].inside = true;
    send_one(&w, c, SLICE_LIT("twelve octets"), OK);
    assert_int_equal(s->answers, 1);
    assert_int_equal(s->no.code, 450);
    assert_string_equal(s->no.text, "at once");
    stop(&w);
}

/* Who is owed many replies sends no more for a while, however short its messages are. */
static void test_many_are_owed(void **state)
{
    enum { MANY = 2000 };
    struct world w;
    static const char text[100] = "x";
    (void)state;
    init(&w, IDXP_RFC);
    start(&w);
    struct idxp_channel *c = open_one(&w, 0, IDXP_CLIENT);
    w.side[1].says = 0;
    for (int i = 0; i < MANY; i++) {
        uint32_t msgno = 0;
        slice octets = slice_of(text, sizeof text);
        assert_int_equal(idxp_send(c, &msgno, IDXP_TEXT, &octets, true, net_now(w.net)), OK);
    }
    run(&w);
    assert_in_range(w.side[1].messages, IDXP_OWED_HOLD, IDXP_OWED_HOLD + 16384 / 100);
    for (uint32_t i = 0; i < MANY; i++) {
        idxp_answer(w.side[1].theirs, i + 2, IDXP_STORED, NULL, net_now(w.net)); /* the greeting was 1 */
        if (i % 64 == 0) run(&w);
    }
    run(&w);
    assert_int_equal(w.side[1].messages, MANY);
    assert_int_equal(w.side[0].answers, MANY);
    stop(&w);
}

/* Held up, the peer gets no window, and gets it at once when that ends. */
static void test_hold(void **state)
{
    enum { LONG = 100000 };
    struct world w;
    struct side *s = &w.side[0];
    uint8_t *octets = calloc(1, LONG);
    (void)state;
    init(&w, IDXP_RFC);
    start(&w);
    struct idxp_channel *c = open_one(&w, 0, IDXP_CLIENT);
    idxp_hold(w.side[1].theirs, true, net_now(w.net));
    send_one(&w, c, slice_of(octets, LONG), OK);
    assert_in_range(w.side[1].octets, 1, 20000);
    run(&w);
    assert_int_equal(w.side[1].messages, 0);
    idxp_hold(w.side[1].theirs, false, net_now(w.net));
    run(&w);
    assert_int_equal(w.side[1].messages, 1);
    assert_int_equal(s->answers, 1);
    stop(&w);
    free(octets);
}

/* Nothing is possible on a channel that is not there yet. */
static void test_wrong_use(void **state)
{
    struct world w;
    struct idxp_channel *c;
    struct idxp_wish none = {0};
    slice x = SLICE_LIT("x");
    uint32_t msgno = 0;
    (void)state;
    init(&w, IDXP_RFC);
    w.side[0].idxp.role = IDXP_NO_ROLE;
    start(&w);
    assert_int_equal(idxp_open(w.side[0].p, &w.side[0].profile, &none, NULL, &c, net_now(w.net)), OK);
    w.side[0].own = c;
    assert_int_equal(idxp_send(c, &msgno, IDXP_TEXT, &x, true, net_now(w.net)), ERR_USE);
    assert_int_equal(idxp_greet(c, &(struct idxp_wish){.role = IDXP_CLIENT}, net_now(w.net)), ERR_USE);
    run(&w);
    assert_int_equal(idxp_channel_role(c, true), IDXP_CLIENT); /* the other one is server */
    assert_int_equal(idxp_greet(c, &(struct idxp_wish){.uri = "http://\x01/"}, net_now(w.net)), ERR_USE);
    send_one(&w, c, x, OK);
    stop(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_both_directions),    cmocka_unit_test(test_role_is_left_to_the_peer), cmocka_unit_test(test_greets_anew),
        cmocka_unit_test(test_pieces),             cmocka_unit_test(test_hook_refuses_early),       cmocka_unit_test(test_taken_back),
        cmocka_unit_test(test_answers_in_the_hook), cmocka_unit_test(test_many_are_owed), cmocka_unit_test(test_later_and_in_order), cmocka_unit_test(test_hold),                     cmocka_unit_test(test_wrong_use),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
