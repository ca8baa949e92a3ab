/* SPDX-License-Identifier: MIT */
/* play_idxp_duel: two players against each other in memory, each with a scenario of its own: one tests, the
 * other is a peer that can be told to do anything right or wrong. */
#ifndef TEST_PLAY_IDXP_DUEL_H
#define TEST_PLAY_IDXP_DUEL_H

#include "run/play_idxp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "run/net.h"

#define HEAD "case idxp/a/b\ntitle T\nclause IDXP-1-1\nagainst x\n"
#define IDLE "expect tls-failed within 30m -> skip\n" /* a peer that only does what it does by itself */

struct duel {
    struct env env;
    struct net *net;
    struct idmef_schema *schema;
    struct play_idxp_run idxp[2]; /* [0] opens the connection */
    struct play_run run[2];
    struct scn_file *file[2];
    struct scn_plan *plan[2];
    struct player *p[2];
};

static inline struct endpoint *give(void *ctx, int *link, bool *owned)
{
    struct duel *d = ctx;
    *owned = false;
    for (int i = 0; i < PLAY_IDXP_ENDS; i++) {
        if (d->p[1]->e.link[i].state != LINK_IDLE) continue;
        *link = i;
        return &d->p[1]->e;
    }
    return NULL;
}

static inline bool lookup(void *ctx, const char *name, struct scn_octets *out)
{
    static uint8_t idxp[] = IDXP_URI_RFC, tunnel[] = TUNNEL_URI, uri[] = "http://example.org/me";
    (void)ctx;
    if (strcmp(name, "IDXP") == 0)
        *out = (struct scn_octets){idxp, sizeof idxp - 1};
    else if (strcmp(name, "TUNNEL") == 0)
        *out = (struct scn_octets){tunnel, sizeof tunnel - 1};
    else if (strcmp(name, "URI") == 0)
        *out = (struct scn_octets){uri, sizeof uri - 1};
    else
        return false;
    return true;
}

/* poor: memory of the player; NULL: what there is. */
static inline void prepare_poor(struct duel *d, int i, const char *body, const struct env *poor)
{
    char text[8192];
    struct scn_fault fault;
    snprintf(text, sizeof text, HEAD "%s", body);
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

static inline void prepare(struct duel *d, int i, const char *body)
{
    prepare_poor(d, i, body, NULL);
}

/* analyzer_opens: the one that opens the connection plays the analyzer, so that a manager is under test. */
static inline void begin(struct duel *d, enum idxp_dialect dialect, bool analyzer_opens)
{
    memset(d, 0, sizeof *d);
    env_init(&d->env);
    assert_int_equal(idmef_schema_new(&d->env, &d->schema), OK);
    for (int i = 0; i < 2; i++) {
        bool tests_manager = (i == 0) == analyzer_opens;
        d->idxp[i] = (struct play_idxp_run){
            .role = tests_manager ? TEST_IDXP_MANAGER : TEST_IDXP_ANALYZER,
            .dialect = dialect,
            .schema = d->schema,
            .in_memory = true,
            .beep = {.under_test = i ? TEST_BEEP_INITIATOR : TEST_BEEP_LISTENER, .no_tls = true}};
        play_idxp_init(&d->idxp[i]);
        d->run[i] = (struct play_run){.env = &d->env,
                                      .proto = &play_idxp,
                                      .proto_run = &d->idxp[i],
                                      .ends = play_idxp_ends,
                                      .end_count = PLAY_IDXP_ENDS,
                                      .dial = i ? NULL : "l",
                                      .timeout_ms = 3000,
                                      .accept_ms = 5000,
                                      .split = SPLIT_WHOLE};
    }
}

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

static inline void end(struct duel *d)
{
    if (d->net) net_free(d->net);
    for (int i = 0; i < 2; i++) {
        player_free(d->p[i]);
        scn_plan_free(d->plan[i]);
        scn_file_free(d->file[i]);
    }
    idmef_schema_free(d->schema);
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
            print_error("side %d found %s (%s)\n", i, play_idxp_fault_name(d->p[i]->fault[k].code),
                        d->p[i]->fault[k].text);
        if (d->p[i]->faults) show(d->p[i]);
        assert_int_equal(d->p[i]->faults, 0);
    }
}

/* The opener's scenario against the other's, in one dialect: verdict of side counts. */
static inline void fight(enum idxp_dialect dialect, bool analyzer_opens, enum link_split split,
                         const char *opener, const char *other, int counts, enum verdict v,
                         const char *reason, bool clean)
{
    struct duel d;
    begin(&d, dialect, analyzer_opens);
    d.run[0].split = d.run[1].split = split;
    prepare(&d, 0, opener);
    prepare(&d, 1, other);
    carry(&d, counts);
    is(&d, counts, v, reason);
    if (clean) spotless(&d);
    assert_int_equal(d.p[counts]->faults, 0); /* our own mistakes are not the other's */
    end(&d);
}

/* In both dialects, whole and octet by octet. */
static inline void passes(bool analyzer_opens, const char *opener, const char *other, int counts)
{
    for (int k = 0; k < 4; k++)
        fight(k & 1 ? IDXP_RFC : IDXP_DRAFT, analyzer_opens, k & 2 ? SPLIT_BYTES : SPLIT_WHOLE, opener, other,
              counts, V_PASS, NULL, true);
}

static inline void finds(enum idxp_dialect dialect, const char *opener, const char *other, int finder,
                         const char *name)
{
    struct duel d;
    bool found = false;
    begin(&d, dialect, true);
    prepare(&d, 0, opener);
    prepare(&d, 1, other);
    carry(&d, finder);
    for (size_t k = 0; k < d.p[finder]->faults; k++)
        found |= strcmp(play_idxp_fault_name(d.p[finder]->fault[k].code), name) == 0;
    if (!found) {
        for (size_t k = 0; k < d.p[finder]->faults; k++)
            print_error("found %s (%s)\n", play_idxp_fault_name(d.p[finder]->fault[k].code),
                        d.p[finder]->fault[k].text);
        print_error("not found: %s; %s\n", name, d.p[finder]->reason);
        show(d.p[finder]);
    }
    assert_true(found);
    end(&d);
}

#endif
