/* SPDX-License-Identifier: MIT */
/* clauses: the catalogue of requirements and of the drafts' defects, compiled from vectors/clauses/ by scripts/gen-clauses.
 * enum clause_id has CL_IAP_3_1_6 for IAP-3.1-6 (every character that C does not take becomes _), enum defect_id has
 * DEF_IAP_D01 for IAP-D01; 0 is none in both, so a wrong id does not compile. */
#ifndef MODEL_CLAUSES_H
#define MODEL_CLAUSES_H

#include "base/slice.h"
#include "model/clauses_gen.h"

/* How binding a clause is.  What a level makes of a broken clause: LEVEL_MUST fails; LEVEL_SHOULD is weak; LEVEL_MAY is never
 * broken.  "statement", "grammar", "reply-code", "example" and "must-lc" of the catalogue bind like MUST, "should-lc" like SHOULD. */
enum clause_level { LEVEL_MUST, LEVEL_SHOULD, LEVEL_MAY };

/* How a clause is looked at from outside. */
enum clause_watch {
    WATCH_CASE,    /* scenario cases cite it */
    WATCH_PASSIVE, /* the tracker checks it in every session */
    WATCH_NONE     /* cannot be seen from outside: reason says why */
};

struct clause {
    const char *id;      /* "IAP-3.1-6" */
    const char *proto;   /* "IAP" */
    const char *word;    /* level as the catalogue writes it: "MUST", "should-lc", "grammar" ... */
    enum clause_level level;
    const char *roles;   /* comma-separated, as bound: "initiator,responder" */
    const char *section; /* "3.1" */
    const char *text;    /* paraphrase */
    enum clause_watch watch;
    const char *how;     /* how it is tested, or the reason why not */
    const char *at;      /* WATCH_CASE: the one role under test that can show it, "" for each role that it binds */
};

struct defect {
    const char *id;      /* "IAP-D03" */
    const char *title;
    const char *sent;    /* the form that we send */
    const char *accepted;/* the forms that are no failure of a peer */
    const char *clauses; /* space-separated ids that it touches, may be "" */
};

/* clauses[0] and defects[0] are the entries of "none" (id ""); the arrays have CLAUSE_COUNT and DEFECT_COUNT entries. */
extern const struct clause clauses[];
extern const struct defect defects[];

/* 0 when there is no such id.  Letter case counts. */
enum clause_id clause_find(slice id);
enum defect_id defect_find(slice id);

#endif
