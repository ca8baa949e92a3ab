/* SPDX-License-Identifier: MIT */
/* kill: the proof that the suite can fail.  It is run in memory against every deliberate mistake; a mutant is killed by a case (or passive check) that does not
 * pass and cites one of the clauses that the mistake breaks. */
#ifndef RUN_KILL_H
#define RUN_KILL_H

#include <signal.h>

#include "run/suite.h"

struct kill_case {
    char *id;
    char *excuse;         /* why it catches none ("no mutant: ..." in its notes), NULL */
    size_t kills;         /* mutants that it caught by a clause of theirs */
    size_t noticed;       /* mutants that it did not let pass, though it cites none of their clauses */
};
struct kill_mutant {
    const struct run_proto *proto;
    unsigned mutant;      /* index in proto->mutant */
    const struct run_role *role; /* a mistake is played in each of its roles */
    size_t *by; size_t bys; /* indexes into kill_matrix.c, of cases that cite one of its clauses */
    size_t others;        /* cases that noticed something without citing one of its clauses */
};
struct kill_matrix {
    const struct mem *mem;
    struct kill_case *c; size_t cases;
    struct kill_mutant *m; size_t mutants;
    size_t survivors, idle; /* mutants that nobody killed; cases that notice none and have no excuse */
};

/* Runs all mistakes of a protocol (only NULL: of all protocols), each with what the protocol tries against it (struct run_try); several at a time, in
 * threads, which is why memory and all that env holds must bear that.  progress is called from any of them, never from two at once.  progress and
 * interrupted (see suite_options) may be NULL; an interrupted run is ERR_SYS. */
err kill_run(const struct env *env, const struct catalog *catalog, const struct run_proto *only, const volatile sig_atomic_t *interrupted,
             void (*progress)(void *ctx, size_t done, size_t all), void *ctx, struct kill_matrix *out, char *why, size_t why_n) MUST_CHECK;
void kill_done(struct kill_matrix *k);

#endif
