/* SPDX-License-Identifier: MIT */
/* Between the files of the suite: suite.c (what to run and what it means), suite_mem.c and suite_tcp.c (how it is carried). */
#ifndef RUN_SUITE_IMPL_H
#define RUN_SUITE_IMPL_H

#include "run/net.h"
#include "run/suite.h"

enum { SUITE_FAULTS = 64 };

struct suite_fault { /* of the whole run, for the passive checks */
    struct play_fault f;
    char where[96];      /* id of the case that saw it first */
};

struct suite_exit { bool done; int status, signal; }; /* of a command that was started */

struct suite {
    const struct suite_options *o;
    struct run_results *out;
    const struct run_proto *proto;
    struct run_ctx ctx;        /* what the protocol's functions are handed; holds role and identities */
    struct play_run play;      /* template: split and seed are set for each instance */
    const struct play_run *making; /* of the player that is being made: it may have an address of its own */
    struct suite_fault fault[SUITE_FAULTS];
    size_t faults;
    size_t done, all;
    char scratch[SUITE_VALUE]; /* the value of a name that a plan asked for */
    bool unreachable;          /* the sanity case found nobody: the rest is not tried */
};

/* One instance of a case at one split, and where its outcome goes. */
struct suite_item {
    const struct scn_case *c;
    size_t instance;
    const struct suite_split *split;
    size_t result;             /* index in out->r */
};

/* The set-up of its own that a case asks for; NULL: none. */
const struct run_need *suite_special(const struct suite *s, const struct scn_case *c);
/* NULL when the case can run; otherwise why not. */
const char *suite_unmet(const struct suite *s, const struct scn_case *c);
/* Adds the results of the passive checks. */
err suite_passive(struct suite *s) MUST_CHECK;
char *suite_dup(const struct suite *s, const char *text);
void suite_add_defect(struct suite *s, struct result *r, enum defect_id d);

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

/* --exec with each name replaced by its value; words end with a NULL name.  out is made here, and done again when it fails. */
struct suite_word { const char *name, *value; };
err suite_command(const struct suite *s, const struct suite_word *words, struct buf *out) MUST_CHECK;
/* "TEXT (signal 11)", "TEXT (status 3)", or TEXT alone when nothing is known. */
void suite_exit_text(const struct suite_exit *x, const char *text, char *out, size_t n);

/* --- a peer behind an adapter: suite_adapter.c ----------------------------------------------------------------------------------------------------- */
struct suite_adapter;
struct loop;
/* Starts nothing yet, but binds the name server of a peer that asks one (with_dns). */
err suite_adapter_new(struct suite *s, struct loop *loop, struct net *net, bool with_dns, struct suite_adapter **out, char *why, size_t why_n) MUST_CHECK;
/* The address of the name server; NULL: there is none. */
const char *suite_adapter_dns(const struct suite_adapter *a);
/* Gives the player, which is carried, its connections: end 1 to the name server, end 0 to the program, which is started when none runs, or when it was left in a state that nobody can go on from. */
err suite_adapter_lend(struct suite_adapter *a, struct player *p, size_t result, char *why, size_t why_n) MUST_CHECK;
/* Before the player is let go. */
void suite_adapter_take_back(struct suite_adapter *a, struct player *p);
const struct suite_exit *suite_adapter_exit(const struct suite_adapter *a);
/* The end of the run: its input ends, and it should end by itself; does it still run?  NULL: there is none. */
void suite_adapter_leave(struct suite_adapter *a);
bool suite_adapter_stands(const struct suite_adapter *a);
void suite_adapter_free(struct suite_adapter *a); /* NULL: does nothing */

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
