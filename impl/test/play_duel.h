/* SPDX-License-Identifier: MIT */
/* play_duel: two players against each other in memory, each with a scenario of its own.  The one whose verdict counts is the tester, the other is a peer
 * that can be told to do anything right or wrong.  A protocol (play_beep_duel.h, play_idxp_duel.h) defines before it includes this
 *   DUEL_OWN              what else stands in struct duel
 *   DUEL_HEAD             the head of the cases
 *   DUEL_FAULT(code)      the name of a fault
 *   DUEL_NAMES            {"NAME", "value"} ..., what $NAME stands for
 * and gives every duel a begin() that fills run[], and an end() that calls duel_end. */
#ifndef TEST_PLAY_DUEL_H
#define TEST_PLAY_DUEL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "run/net.h"
#include "run/play.h"
#include "test/mem_fail.h"

#define IDLE "expect tls-failed within 30m -> skip\n" /* a peer that only does what it does by itself */

struct duel {
    struct env env;
    struct net *net;
    struct play_run run[2]; /* [0] opens the connection */
    struct scn_file *file[2];
    struct scn_plan *plan[2];
    struct player *p[2];
    DUEL_OWN
};

static inline struct endpoint *give(void *ctx, int *link, bool *owned)
{
    struct duel *d = ctx;
    *owned = false;
    for (int i = 0; i < (int)d->run[1].end_count; i++) {
        if (d->p[1]->e.link[i].state != LINK_IDLE) continue;
        *link = i;
        return &d->p[1]->e;
    }
    return NULL;
}

static inline bool lookup(void *ctx, const char *name, struct scn_octets *out)
{
    static char names[][2][64] = {DUEL_NAMES};
    (void)ctx;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(name, names[i][0]) != 0) continue;
        *out = (struct scn_octets){(uint8_t *)names[i][1], strlen(names[i][1])};
        return true;
    }
    return false;
}

/* poor: memory of the player; NULL: what there is. */
static inline void prepare(struct duel *d, int i, const char *body, const struct env *poor)
{
    char text[8192];
    struct scn_fault fault;
    snprintf(text, sizeof text, DUEL_HEAD "%s", body);
    err e = scn_parse(&d->env, "t.scn", slice_str(text), &d->file[i], &fault);
    if (e != OK) print_error("%d:%d: %s\n%s", fault.line, fault.column, fault.text, text);
    assert_int_equal(e, OK);
    e = scn_plan(&d->env, d->file[i]->cases[0], 0, lookup, d, &d->plan[i], &fault);
    if (e != OK) print_error("%d:%d: %s\n%s", fault.line, fault.column, fault.text, text);
    assert_int_equal(e, OK);
    if (poor) d->run[i].env = poor;
    e = player_new(&d->run[i], d->plan[i], &d->p[i]);
    assert_int_equal(e == OK, d->p[i] != NULL);
    if (!poor) assert_int_equal(e, OK);
}

/* Until the side that counts has its verdict. */
static inline void carry(struct duel *d, int counts)
{
    assert_int_equal(net_mem_new(&d->env, 1000, &d->net), OK);
    assert_int_equal(net_listen(d->net, "l", give, d, NULL, 0, NULL, 0), OK);
    for (int i = 1; i >= 0; i--) {
        assert_int_equal(net_add(d->net, &d->p[i]->e, false), OK);
        d->p[i]->e.ops->tick(&d->p[i]->e, net_now(d->net));
    }
    net_run(d->net, &d->p[counts]->stop, 1000 + 3600 * 1000);
    for (int i = 0; i < 2; i++)
        net_remove(d->net, &d->p[i]->e);
}

static inline void duel_end(struct duel *d)
{
    if (d->net) net_free(d->net);
    for (int i = 0; i < 2; i++) {
        player_free(d->p[i]);
        scn_plan_free(d->plan[i]);
        scn_file_free(d->file[i]);
    }
}

static inline void show(const struct player *p)
{
    for (size_t i = 0; i < p->rungs; i++)
        print_error("  %s %s%s%s\n", p->rung[i].from_peer ? "<" : ">", p->rung[i].label, p->rung[i].why ? "   !! " : "", p->rung[i].why ? p->rung[i].why : "");
}

static inline void is(const struct duel *d, int side, enum verdict v, const char *reason)
{
    const struct player *p = d->p[side];
    bool good = p->stop && p->verdict == v && (!reason || strstr(p->reason, reason));
    if (!good) {
        print_error("%s, line %d: %s\n", p->stop ? verdict_names[p->verdict] : "not over", p->line, p->reason);
        show(p);
        print_error("the other: %s: %s\n", verdict_names[d->p[!side]->verdict], d->p[!side]->reason);
    }
    assert_true(good);
}

static inline void list_faults(const struct duel *d, int side)
{
    for (size_t k = 0; k < d->p[side]->faults; k++)
        print_error("side %d found %s (%s)\n", side, DUEL_FAULT(d->p[side]->fault[k].code), d->p[side]->fault[k].text);
    if (d->p[side]->faults) show(d->p[side]);
}

static inline void spotless(const struct duel *d)
{
    for (int i = 0; i < 2; i++) {
        list_faults(d, i);
        assert_int_equal(d->p[i]->faults, 0);
    }
}

/* Whatever allocation of one side fails, the case ends, and nothing is left over. */
static inline void out_of_memory(void (*begins)(struct duel *d), void (*ends)(struct duel *d), const char *opener, const char *other, int side)
{
    for (size_t n = 1;; n++) {
        struct duel d;
        struct mem_fail f;
        begins(&d);
        struct env poor = d.env;
        struct mem mem = mem_fail_init(&f, n);
        poor.mem = &mem;
        prepare(&d, 0, opener, side == 0 ? &poor : NULL);
        prepare(&d, 1, other, side == 1 ? &poor : NULL);
        bool began = d.p[0] && d.p[1];
        if (began) carry(&d, side);
        bool refused = f.calls >= n;
        if (began && !refused) is(&d, side, V_PASS, NULL);
        ends(&d);
        assert_int_equal(f.blocks, 0);
        if (!refused) break;
        assert_true(n < 20000);
    }
}

#endif
