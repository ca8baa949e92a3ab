/* SPDX-License-Identifier: MIT */
/* Between the files of the suite: suite.c (what to run and what it means), suite_mem.c and suite_tcp.c (how it is carried). */
#ifndef RUN_SUITE_IMPL_H
#define RUN_SUITE_IMPL_H

#include "run/net.h"
#include "run/play_iap.h"
#include "run/suite.h"

enum { SUITE_FAULTS = 64 };

struct suite_fault { /* of the whole run, for the passive checks */
    struct play_fault f;
    char where[96];      /* id of the case that saw it first */
};

struct suite {
    const struct suite_options *o;
    struct run_results *out;
    enum iap_under_test role;
    struct identities *identities;
    struct play_iap_run iap;
    struct play_run play;      /* template: split and seed are set for each instance */
    struct suite_fault fault[SUITE_FAULTS];
    size_t faults;
    size_t done, all;
    char scratch[512];         /* the value of a name that a plan asked for */
    bool unreachable;          /* the sanity case found nobody: the rest is not tried */
};

/* One instance of a case at one split, and where its outcome goes. */
struct suite_item {
    const struct scn_case *c;
    size_t instance;
    const struct suite_split *split;
    size_t result;             /* index in out->r */
};

/* Makes plan and player of an item.  ERR_PEER: the scenario itself is wrong, the result says so. */
err suite_player(struct suite *s, const struct suite_item *it, const struct play_run *run, struct scn_plan **plan, struct player **p);
/* Takes the outcome of a player that stopped over into its result. */
void suite_collect(struct suite *s, const struct suite_item *it, struct player *p, const struct scn_plan *plan, double ms);
/* The user wants it to end: nothing further is started. */
bool suite_interrupted(const struct suite *s);
#define SUITE_INTERRUPTED "not finished: the run was interrupted"
/* A pass that turned out to prove nothing. */
void suite_take_back(struct suite *s, struct result *r, const char *reason);
/* A verdict without a player. */
void suite_verdict(struct suite *s, const struct suite_item *it, enum verdict v, const char *reason);

err suite_run_mem(struct suite *s, const struct suite_item *item, size_t n, char *why, size_t why_n) MUST_CHECK;
struct suite_tcp;
err suite_tcp_new(struct suite *s, struct suite_tcp **out, char *why, size_t why_n) MUST_CHECK;
err suite_run_tcp(struct suite_tcp *t, const struct suite_item *item, size_t n, char *why, size_t why_n) MUST_CHECK;
/* The cases that come now are the sanity case at the end. */
void suite_tcp_closing(struct suite_tcp *t);
/* Takes back what passed after the peer was last heard, when it was dead at the end. */
void suite_tcp_doubt(struct suite_tcp *t);
void suite_tcp_free(struct suite_tcp *t);

#endif
