/* SPDX-License-Identifier: MIT */
/* Two honest peers who greet anew, change roles and send data as they like, with delays between them and an
 * observer anywhere on the way: whatever crosses, nobody may be accused.  And one who lies is found. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "test/track_idxp_help.h"

enum { QUEUE = 64, TURNS = 300, SEEDS = 120 };

enum what { GREET_CLIENT, GREET_SERVER, SAY_DATA, SAY_OK, SAY_ERROR };
struct note {
    enum what what;
    uint32_t msgno;
};
struct line { /* one half of a direction */
    struct note at[QUEUE];
    size_t n;
};
struct peer {
    enum idxp_role role, others; /* in force, of the own greetings and the other one's */
    enum idxp_role asks[QUEUE];  /* own greetings without reply, in order */
    size_t asking, msgs;         /* msgs: own MSGs without reply */
    uint32_t next, first;        /* numbers of own MSGs */
    bool greeting[QUEUE];        /* own MSGs without reply: greetings? */
    struct note owed[QUEUE];     /* MSGs of the other one that are not answered */
    size_t owes;
};
struct world {
    struct track_idxp t;
    struct peer peer[2];
    struct line line[2][2]; /* by sender; to the observer, from the observer */
    enum idxp_dialect dialect;
    struct rng rng;
    size_t data, changes;
    bool liar; /* side 1 sends data whatever its role is */
    bool caught;
    int seed;
};

static void push(struct line *l, struct note m)
{
    assert_true(l->n < QUEUE);
    l->at[l->n++] = m;
}

static struct note pop(struct line *l)
{
    struct note m = l->at[0];
    memmove(l->at, l->at + 1, --l->n * sizeof m);
    return m;
}

static void observe(struct world *w, int side, struct note m)
{
    static const struct step said[] = {ASK(0, 0, GC), ASK(0, 0, GS), ASK_AS(0, 0, "x", "text/plain"),
                                       RE(0, 0, "<ok />"), NAY(0, 0, E554)};
    struct step s = said[m.what];
    struct telling told = {.body = 0};
    s.side = side;
    s.msgno = m.msgno;
    assert_int_equal(help_pieces(&w->t, &s, 0, &told), OK);
    for (uint32_t i = 0; i < told.faults; i++) {
        if (told.fault[i].severity == SEV_NOTE) continue;
        w->caught = true;
        if (!w->liar || told.fault[i].side == 0)
            fail_msg("side %d is accused: %s (seed %d)", told.fault[i].side, told.fault[i].text, w->seed);
    }
    push(&w->line[side][1], m);
}

static void say_msg(struct world *w, int side, enum what what)
{
    struct peer *p = &w->peer[side];
    bool greeting = what != SAY_DATA;
    if (p->msgs == 8) return;
    if (greeting) p->asks[p->asking++] = what == GREET_CLIENT ? IDXP_CLIENT : IDXP_SERVER;
    p->greeting[p->msgs++] = greeting;
    push(&w->line[side][0], (struct note){what, p->next++});
}

/* Would this role clash with what it knows? */
static bool fits(enum idxp_role own, enum idxp_role others)
{
    return own != others || own == IDXP_NO_ROLE;
}

static void act(struct world *w, int side)
{
    struct peer *p = &w->peer[side];
    uint64_t dice = rng_below(&w->rng, 10);
    if (p->owes && dice < 4) {
        struct note m = p->owed[0];
        bool ok = rng_below(&w->rng, 8) != 0;
        memmove(p->owed, p->owed + 1, --p->owes * sizeof m);
        if (m.what != SAY_DATA) {
            enum idxp_role r = m.what == GREET_CLIENT ? IDXP_CLIENT : IDXP_SERVER;
            ok = ok && fits(p->role, r);
            for (size_t i = 0; i < p->asking; i++)
                ok = ok && fits(p->asks[i], r);
            if (ok) p->others = r;
        } else if (w->dialect == IDXP_RFC) {
            ok = ok && (p->role || p->asking);
        }
        push(&w->line[side][0], (struct note){ok ? SAY_OK : SAY_ERROR, m.msgno});
        return;
    }
    if (dice < 6) {
        enum idxp_role r = rng_below(&w->rng, 2) ? IDXP_CLIENT : IDXP_SERVER;
        if (p->asking < 3 && fits(r, p->others))
            say_msg(w, side, r == IDXP_CLIENT ? GREET_CLIENT : GREET_SERVER);
        return;
    }
    bool may = p->role == IDXP_CLIENT && !p->asking && (w->dialect == IDXP_DRAFT || p->others);
    if (w->liar && side == 1) may = true;
    if (may) say_msg(w, side, SAY_DATA);
    w->data += may;
}

static void deliver(struct world *w, int from)
{
    struct note m = pop(&w->line[from][1]);
    struct peer *p = &w->peer[1 - from];
    if (m.what <= SAY_DATA) {
        p->owed[p->owes++] = m;
        return;
    }
    assert_int_equal(m.msgno, p->first);
    p->first++;
    if (p->greeting[0]) {
        if (m.what == SAY_OK) {
            w->changes += p->role != IDXP_NO_ROLE && p->role != p->asks[0];
            p->role = p->asks[0];
        }
        memmove(p->asks, p->asks + 1, --p->asking * sizeof *p->asks);
    }
    memmove(p->greeting, p->greeting + 1, --p->msgs * sizeof *p->greeting);
}

static void play(struct world *w, uint64_t seed)
{
    int near = (int)(seed % 3); /* the observer is at side 0, at side 1, or between */
    rng_init(&w->rng, seed);
    w->seed = (int)seed;
    for (int turn = 0; turn < TURNS; turn++) {
        int side = (int)rng_below(&w->rng, 2);
        switch (rng_below(&w->rng, 3)) {
        case 0:
            act(w, side);
            break;
        case 1:
            if (w->line[side][0].n) observe(w, side, pop(&w->line[side][0]));
            break;
        default:
            if (w->line[side][1].n) deliver(w, side);
        }
        while (near < 2 && w->line[near][0].n)
            observe(w, near, pop(&w->line[near][0]));
        while (near < 2 && w->line[1 - near][1].n)
            deliver(w, 1 - near);
    }
}

static void test_honest(void **state)
{
    size_t data = 0, changes = 0;
    (void)state;
    for (int d = 0; d < IDXP_DIALECTS; d++) {
        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
            struct world w = {.dialect = (enum idxp_dialect)d};
            assert_int_equal(track_idxp_init(&w.t, &help_env, w.dialect, NULL), OK);
            play(&w, seed);
            data += w.data;
            changes += w.changes;
            track_idxp_done(&w.t);
        }
    }
    assert_true(data > 500 && changes > 50);
}

static void test_liar(void **state)
{
    size_t caught = 0;
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct world w = {.dialect = IDXP_RFC, .liar = true};
        assert_int_equal(track_idxp_init(&w.t, &help_env, w.dialect, NULL), OK);
        play(&w, seed);
        caught += w.caught;
        track_idxp_done(&w.t);
    }
    assert_true(caught > SEEDS * 9 / 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_honest), cmocka_unit_test(test_liar)};
    return cmocka_run_group_tests(tests, help_begin, help_end);
}
