/* SPDX-License-Identifier: MIT */
/* The suite against the reference in the memory of the process, with virtual time. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "run/reference.h"
#include "run/suite_impl.h"

struct stage { /* one instance being played */
    struct reference *ref;
    struct player *p;
};

static struct endpoint *give_reference(void *ctx, int *link, bool *owned)
{
    struct stage *g = ctx;
    *link = 0;
    *owned = true;
    return reference_peer(g->ref);
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

static bool needs(const struct scn_case *c, const char *what)
{
    for (size_t i = 0; i < c->need_count; i++) {
        if (strcmp(c->needs[i], what) == 0) return true;
    }
    return false;
}

static double ms_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1000 + (double)t.tv_nsec / 1e6;
}

/* The reference in the configurations that cases ask for: as it should be, refusing, without certificate. */
enum { PLAIN, REFUSING, UNCONFIGURED, KINDS };

static int kind_of(const struct scn_case *c)
{
    return needs(c, "refusing") ? REFUSING : needs(c, "unconfigured") ? UNCONFIGURED : PLAIN;
}

static err make_reference(struct suite *s, int kind, struct reference **out, char *why, size_t why_n)
{
    const struct suite_options *o = s->o;
    struct reference_options r = {.env = o->env,
                                  .role = s->role,
                                  .connects = o->peer_connects,
                                  .to = s->role == TEST_PROXY ? "far" : "tester",
                                  .host = s->iap.host,
                                  .identity = "p.dom.org",
                                  .no_tls = o->tls == RUN_TLS_OFF,
                                  .refusing = kind == REFUSING,
                                  .unconfigured = kind == UNCONFIGURED,
                                  .identities = s->identities,
                                  .mutant = o->mutant};
    if (kind == UNCONFIGURED) r.no_tls = false;
    return reference_new(&r, out, why, why_n);
}

static err play_one(struct suite *s, const struct suite_item *it, struct reference *ref)
{
    struct play_run run = s->play;
    struct scn_plan *plan = NULL;
    struct stage g = {.ref = ref};
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
    if (e == OK) e = net_listen(net, s->role == TEST_PROXY ? "far" : "tester", give_player, &g, NULL, 0, why, sizeof why);
    if (e == OK) e = net_add(net, &g.p->e, false);
    if (e == OK && s->o->peer_connects) {
        struct endpoint *peer = reference_peer(ref);
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
    struct reference *ref[KINDS] = {NULL};
    err e = OK;
    for (size_t i = 0; i < n && e == OK; i++) {
        int k = kind_of(item[i].c);
        if (suite_interrupted(s)) {
            suite_verdict(s, &item[i], V_INCONC, SUITE_INTERRUPTED);
            continue;
        }
        if (!ref[k]) e = make_reference(s, k, &ref[k], why, why_n);
        if (e == OK) e = play_one(s, &item[i], ref[k]);
    }
    for (int k = 0; k < KINDS; k++)
        reference_free(ref[k]);
    return e;
}
