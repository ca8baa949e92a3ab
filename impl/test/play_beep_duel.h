/* SPDX-License-Identifier: MIT */
/* play_beep_duel: two players against each other in memory, each with a scenario of its own.  The one whose
 * verdict counts is the tester, the other is a peer that can be told to do anything right or wrong. */
#ifndef TEST_PLAY_BEEP_DUEL_H
#define TEST_PLAY_BEEP_DUEL_H

#include "run/play_beep.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "peer/beep_peer.h"
#include "run/net.h"

#define HEAD   "case beep/a/b\ntitle T\nclause BEEP-2.2-4\nagainst x\n"
#define IDLE   "expect tls-failed within 30m -> skip\n" /* a peer that only does what it does by itself */
#define SEE(x) (1ull << BEEP_SEEN_##x)

struct duel {
    struct env env;
    struct net *net;
    struct play_beep_run beep[2]; /* [0] the initiator plays, so a listener is under test */
    struct play_run run[2];
    struct scn_file *file[2];
    struct scn_plan *plan[2];
    struct player *p[2];
    struct sasl_users *users;
    bool never;
};

static inline struct endpoint *give(void *ctx, int *link, bool *owned)
{
    struct duel *d = ctx;
    *owned = false;
    for (int i = 0; i < PLAY_BEEP_ENDS; i++) {
        if (d->p[1]->e.link[i].state != LINK_IDLE) continue;
        *link = i;
        return &d->p[1]->e;
    }
    return NULL;
}

static inline bool lookup(void *ctx, const char *name, struct scn_octets *out)
{
    static uint8_t tls[] = BEEP_URI_TLS, sasl[] = BEEP_URI_SASL, echo[] = BEEP_URI_ECHO;
    (void)ctx;
    if (strcmp(name, "TLS") == 0)
        *out = (struct scn_octets){tls, sizeof tls - 1};
    else if (strcmp(name, "SASL") == 0)
        *out = (struct scn_octets){sasl, sizeof sasl - 1};
    else if (strcmp(name, "PROFILE") == 0)
        *out = (struct scn_octets){echo, sizeof echo - 1};
    else
        return false;
    return true;
}

/* poor: memory of the player; NULL: what there is. */
static inline void prepare(struct duel *d, int i, const char *body, const struct env *poor)
{
    char text[4096];
    struct scn_fault fault;
    snprintf(text, sizeof text, HEAD "%s", body);
    err e = scn_parse(&d->env, "t.scn", slice_str(text), &d->file[i], &fault);
    if (e != OK) print_error("%d:%d: %s\n%s", fault.line, fault.column, fault.text, text);
    assert_int_equal(e, OK);
    e = scn_plan(&d->env, d->file[i]->cases[0], 0, lookup, d, &d->plan[i], &fault);
    if (e != OK) print_error("%d:%d: %s\n%s", fault.line, fault.column, fault.text, text);
    assert_int_equal(e, OK);
    d->run[i].proto_run = &d->beep[i];
    d->run[i].split = SPLIT_WHOLE;
    if (poor) d->run[i].env = poor;
    e = player_new(&d->run[i], d->plan[i], &d->p[i]);
    assert_int_equal(e == OK, d->p[i] != NULL);
    if (!poor) assert_int_equal(e, OK);
}

static inline void begin(struct duel *d)
{
    char why[100] = "";
    memset(d, 0, sizeof *d);
    env_init(&d->env);
    assert_int_equal(
        sasl_users_parse(&d->env, SLICE_LIT("alice wonder\n"), "users", &d->users, why, sizeof why), OK);
    for (int i = 0; i < 2; i++) {
        d->beep[i] = (struct play_beep_run){.under_test = i ? TEST_BEEP_INITIATOR : TEST_BEEP_LISTENER,
                                            .no_tls = true,
                                            .echo = true,
                                            .user = "alice",
                                            .password = "wonder",
                                            .users = d->users};
        d->run[i] = (struct play_run){.env = &d->env,
                                      .proto = &play_beep,
                                      .ends = play_beep_ends,
                                      .end_count = PLAY_BEEP_ENDS,
                                      .dial = i ? NULL : "l",
                                      .timeout_ms = 3000,
                                      .accept_ms = 5000};
    }
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

static inline void fight(struct duel *d, const char *initiator, const char *listener, int counts)
{
    prepare(d, 0, initiator, NULL);
    prepare(d, 1, listener, NULL);
    carry(d, counts);
}

static inline void end(struct duel *d)
{
    if (d->net) net_free(d->net);
    for (int i = 0; i < 2; i++) {
        player_free(d->p[i]);
        scn_plan_free(d->plan[i]);
        scn_file_free(d->file[i]);
    }
    sasl_users_free(d->users);
}

static inline void show(const struct player *p)
{
    for (size_t i = 0; i < p->rungs; i++)
        print_error("  %s %s%s%s\n", p->rung[i].from_peer ? "<" : ">", p->rung[i].label,
                    p->rung[i].why ? "   !! " : "", p->rung[i].why ? p->rung[i].why : "");
}

static inline void is(const struct duel *d, int side, enum verdict v, const char *reason)
{
    const struct player *p = d->p[side];
    bool good = p->stop && p->verdict == v && (!reason || strstr(p->reason, reason));
    if (!good) {
        print_error("%s, line %d: %s\n", p->stop ? verdict_names[p->verdict] : "not over", p->line,
                    p->reason);
        show(p);
        print_error("the other: %s: %s\n", verdict_names[d->p[!side]->verdict], d->p[!side]->reason);
    }
    assert_true(good);
}

static inline void spotless(const struct duel *d)
{
    for (int i = 0; i < 2; i++) {
        for (size_t k = 0; k < d->p[i]->faults; k++)
            print_error("side %d found %s (%s)\n", i, beep_faults[d->p[i]->fault[k].code].name,
                        d->p[i]->fault[k].text);
        if (d->p[i]->faults) show(d->p[i]);
        assert_int_equal(d->p[i]->faults, 0);
    }
}

/* The initiator's scenario passes against a listener that only does what it does by itself, and nobody finds
 * a fault. */
static inline void passes(const char *text)
{
    struct duel d;
    begin(&d);
    fight(&d, text, IDLE, 0);
    is(&d, 0, V_PASS, NULL);
    spotless(&d);
    end(&d);
}

/* One scenario each; the initiator's verdict, with what its reason holds. */
static inline void gives(const char *initiator, const char *listener, enum verdict v, const char *reason)
{
    struct duel d;
    begin(&d);
    fight(&d, initiator, listener, 0);
    is(&d, 0, v, reason);
    end(&d);
}

/* The same for the listener. */
static inline void gives_listener(const char *initiator, const char *listener, enum verdict v,
                                  const char *reason)
{
    struct duel d;
    begin(&d);
    fight(&d, initiator, listener, 1);
    is(&d, 1, v, reason);
    end(&d);
}

#endif
