/* SPDX-License-Identifier: MIT */
/* The suite against the reference in the memory of the process, with virtual time. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "run/suite_impl.h"

struct stage { /* one instance being played */
    const struct run_proto *proto;
    void *ref;
    struct player *p;
};

static struct endpoint *give_reference(void *ctx, int *link, bool *owned)
{
    struct stage *g = ctx;
    *link = 0;
    *owned = true;
    return g->proto->reference_peer(g->ref);
}

static struct endpoint *give_player(void *ctx, int *link, bool *owned)
{
    struct stage *g = ctx;
    *owned = false;
    for (int i = 0; i < PLAY_ENDS; i++) {
        if (g->p->e.link[i].state != LINK_IDLE) continue;
        if (g->p->run->dial && i == 0) continue; /* that end dials */
        *link = i;
        return &g->p->e;
    }
    return NULL;
}

static double ms_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1000 + (double)t.tv_nsec / 1e6;
}

/* The reference in the configurations that cases ask for: [0] as it should be, then one for each special need of the protocol. */
enum { KINDS = 1 + SUITE_NEEDS };

static int kind_of(const struct suite *s, const struct run_need *special)
{
    ptrdiff_t i = special ? special - s->proto->need + 1 : 0;
    return i < KINDS ? (int)i : -1;
}

/* The names that the peer and we have beside those of every protocol. */
static err listen_places(const struct suite *s, struct net *net, struct stage *g, char *why, size_t why_n)
{
    static const net_accept accept[] = {[RUN_AT_PEER] = give_reference, [RUN_AT_TESTER] = give_player, [RUN_AT_NOBODY] = NULL};
    for (const struct run_place *x = s->proto->place; x && x->name; x++)
        TRY(net_listen(net, x->name, accept[x->who], g, NULL, 0, why, why_n));
    return OK;
}

static err play_one(struct suite *s, const struct suite_item *it, void *ref)
{
    struct play_run run = s->play;
    struct scn_plan *plan = NULL;
    struct stage g = {.proto = s->proto, .ref = ref};
    struct net *net = NULL;
    char why[200] = "";
    double began = ms_now();
    run.split = it->split->how;
    run.seed = it->split->seed;
    run.dial = s->o->peer_connects ? NULL : "peer";
    TRY(suite_player(s, it, &run, &plan, &g.p));
    if (!g.p) return OK;
    err e = net_mem_new(s->o->env, 1000, &net);
    if (e == OK) e = net_listen(net, "peer", give_reference, &g, NULL, 0, why, sizeof why);
    if (e == OK) e = net_listen(net, s->ctx.role->ways == RUN_PROXY ? "far" : "tester", give_player, &g, NULL, 0, why, sizeof why);
    if (e == OK) e = listen_places(s, net, &g, why, sizeof why);
    if (e == OK) e = net_add(net, &g.p->e, false);
    if (e == OK && s->o->peer_connects) {
        struct endpoint *peer = s->proto->reference_peer(ref);
        e = peer ? net_add(net, peer, true) : ERR_MEM;
    }
    if (e == OK) {
        g.p->born = net_now(net);
        g.p->e.ops->tick(&g.p->e, net_now(net));
        net_run(net, &g.p->stop, 1000 + 24ull * 3600 * 1000);
        if (!g.p->stop) play_inconc(g.p, "nothing happened for a day");
        net_remove(net, &g.p->e);
        suite_collect(s, it, g.p, plan, ms_now() - began);
    }
    net_free(net);
    player_free(g.p);
    scn_plan_free(plan);
    return e;
}

err suite_run_mem(struct suite *s, const struct suite_item *item, size_t n, char *why, size_t why_n)
{
    void *ref[KINDS] = {NULL};
    err e = OK;
    for (size_t i = 0; i < n && e == OK; i++) {
        const struct run_need *special = suite_special(s, item[i].c);
        int k = kind_of(s, special);
        if (suite_interrupted(s)) {
            suite_verdict(s, &item[i], V_INCONC, SUITE_INTERRUPTED);
            continue;
        }
        if (k < 0) e = ERR_LIMIT; /* a protocol with more needs than SUITE_NEEDS */
        if (e == OK && !ref[k]) e = s->proto->reference_new(&s->ctx, special, &ref[k], why, why_n);
        if (e == OK) e = play_one(s, &item[i], ref[k]);
    }
    for (int k = 0; k < KINDS; k++)
        s->proto->reference_free(ref[k]);
    return e;
}
