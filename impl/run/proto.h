/* SPDX-License-Identifier: MIT */
/* proto: what the suite, the proof that it can fail, the servers and the commands have to be told about a protocol.  They know no protocol by themselves.
 *
 * The author of a protocol supplies, in run/proto_NAME.c, one `const struct run_proto run_NAME' and adds it to run/protos.c:
 *
 *  1. names: the protocol's, the prefixes of its clauses, its roles and what is known about each;
 *  2. the adapter of the player (run/play.h) and the state that all its cases share in one run: run_size octets, zeroed, filled by begin;
 *  3. the names that its scenarios may write as $NAME, beside $TIMEOUT and $PATIENCE;
 *  4. needs: what a case may ask for under `needs', beside tls, tls-draft, tls-modern, configured, peer-listens, peer-connects and patience;
 *  5. passive checks: the clauses that its tracker looks at in any session, with what has to be seen before one is called kept;
 *  6. its reference peers, as they should be and with each deliberate mistake (peer/mutant.h), and what the mistakes are tried with;
 *  7. its dialects, where it has several: a row of the catalogue whose roles end in the name of one is judged in a run of that dialect only;
 *  8. settings: how `draftproof check reference' starts them as programs; machines: what `draftproof model' prints.
 *
 * Tables are const; a row with a NULL name ends a list unless a count stands beside it.  Function members may be NULL where it is said. */
#ifndef RUN_PROTO_H
#define RUN_PROTO_H

#include "base/fsm.h"
#include "peer/mutant.h"
#include "run/identity.h"
#include "run/play.h"

struct suite_options;
struct server_ops;

/* --- roles ---------------------------------------------------------------------------------------------------------------- */

/* How a role comes by its connection. */
enum run_ways { RUN_LISTENS = 1, RUN_CONNECTS = 2, RUN_PROXY = 4 /* listens, connects onwards, and is tested from both sides */ };

struct run_role {
    const char *name;     /* "iap-manager": unique among all protocols; `against' of a case names it */
    unsigned bit;         /* of struct mutant.roles; one bit each */
    int id;               /* the protocol's own number for it */
    unsigned ways;        /* enum run_ways */
    bool tls_client;      /* it is the client of TLS, and shows a client's certificate; then the tester is the server */
    bool tls_opener;      /* who opened TCP is, whichever it was (tls_client is not looked at) */
    /* What the clauses call it: words of the column `roles' that bind it always, and those that bind it by who opened TCP.  Joined by commas; NULL: none. */
    const char *binds, *binds_listening, *binds_connecting;
    bool adapter;         /* it is no server, and spoken to through an adapter: a command that is started once for the whole run, and lends its standard input and output to the first end of
                           * case after case.  TLS is off, whatever the user says */
};

/* --- one run of the suite --------------------------------------------------------------------------------------------------- */

/* What the functions of a protocol are handed. */
struct run_ctx {
    const struct suite_options *o;
    const struct run_role *role;
    const char *dialect;           /* one of run_proto.dialect; NULL: the protocol has none */
    struct identities *identities; /* NULL: TLS is off, in memory */
    void *state;                   /* the protocol's own, run_size octets */
};

/* How a peer that has what a case needs differs from others. */
enum run_set_up {
    RUN_USUAL,   /* not at all */
    RUN_SPECIAL, /* no other case is run against it; in memory it gets a reference of its own */
    RUN_APART    /* a reference of its own in memory, and that is all: over sockets every case is run against it */
};

/* What a case may ask for.  It runs when met says so; where met is NULL, in memory, and over sockets when --able names it. */
struct run_need {
    const char *name;
    const char *skip;     /* the reason of a case that is skipped without it */
    bool able;            /* a word of --able */
    enum run_set_up set_up;
    bool (*met)(const struct run_ctx *r); /* may be NULL */
};

struct run_passive {
    enum clause_id clause;
    uint64_t needs;             /* bit set, as observed() has it: all of them must have been seen */
    enum clause_id follows[5];  /* broken when one of these is, too */
};

/* The prefix of clause ids, and what takes its place in the ids of cases and passive checks: {"BEEPTCP-", "tcp/"} makes "beep/passive/tcp/2.1-1". */
struct run_family {
    const char *prefix; /* "IAP-" */
    const char *path;   /* "" */
};

/* In memory: further names of the peer, of us as the hop behind a proxy, and of an address that nothing is heard of. */
struct run_place {
    const char *name; /* NULL ends a list */
    enum run_place_who { RUN_AT_PEER, RUN_AT_TESTER, RUN_AT_NOBODY } who;
};

/* --- deliberate mistakes ------------------------------------------------------------------------------------------------- */

/* What is tried against a mutant, in this order, in each way that its role has. */
enum run_when {
    TRY_ALWAYS,
    TRY_TLS,      /* when the mistake is about TLS, or nobody has caught it yet */
    TRY_ALIVE,    /* when nobody has caught it yet */
    TRY_TLS_ONLY, /* when the mistake is about TLS; not for proxies */
    TRY_DIALECT   /* when the other dialect has cases of its own for it, or nobody has caught it yet */
};
struct run_try {
    enum run_when when;
    enum run_tls tls;
    bool only_tls;       /* of the cases, only those that need TLS */
    const char *select;  /* prefix of the ids of cases; NULL: all */
    const char *dialect; /* NULL: the usual one */
};

/* --- programs on loopback ---------------------------------------------------------------------------------------------- */

enum { RUN_WORDS = 14, RUN_ABLES = 6, RUN_SELECTS = 8 };

/* One configuration of the reference for `draftproof check reference'.  All get --deadline 2 and, but for bare proxies, --tls PROFILE.  In options of a proxy {hop} stands for the address where we are the
 * hop behind it. */
struct run_setting {
    const char *name;                 /* "iap-manager that listens"; NULL ends the list */
    const char *role;
    bool connects;
    bool bare;                        /* gets no certificate */
    bool once;                        /* with --tls modern only: it makes no difference what TLS does */
    unsigned seldom;                  /* bits (1u << RUN_TLS_...) of profiles with which it is played only in a run of several --split: the others tell nearly as much */
    const char *dialect;              /* of the run, and of the peer by its --dialect; NULL: the usual one */
    const char *able[RUN_ABLES];      /* words of --able, NULL-ended */
    const char *serve[RUN_WORDS];     /* options of serve, NULL-ended */
    const char *serve_tls[RUN_WORDS]; /* those of a peer with a certificate, NULL-ended */
    const char *select[RUN_SELECTS];  /* of the cases, those with one of these prefixes, NULL-ended; none: all */
    bool only_able;                   /* of the cases, those that need one of able */
    const void *own;                  /* suite_options.own of the run */
    const char *file, *file2;         /* texts of files, for their owner alone, whose names stand for "{file}" and "{file2}" among the options; NULL: none */
    bool through;                     /* it connects through us as its proxy: --via in place of --connect */
};

/* --- a protocol -------------------------------------------------------------------------------------------------------------- */

struct run_proto {
    const char *name;                  /* "iap": ids of cases begin with "iap/" */
    const struct run_family *family;   /* its own first; ended by NULL prefix */
    const struct run_role *role;       /* ended by NULL name */
    const char *const *dialect;        /* "rfc", "draft": the usual one first, ended by NULL; NULL: there are none.  A case may say `needs dialect-NAME' */
    const struct fsm *const *machine;  /* ended by NULL; names are unique among all protocols */

    const struct play_proto *play;
    size_t run_size;
    /* Fills r->state, and ends, end_count and what else differs of *play (env, deadlines, proto and proto_run are set). */
    err (*begin)(struct run_ctx *r, struct play_run *play);
    /* Over sockets: we take the connections of a proxy at that address; may be NULL. */
    void (*bound)(struct run_ctx *r, const char *address);
    void (*done)(struct run_ctx *r);   /* may be NULL; called once begin was, whatever it gave */
    /* Names that the user may give a value with --set, in place of what lookup says or where it says nothing; ended by NULL, may be NULL. */
    const char *const *given;
    /* The value of $NAME as text; false when there is no such name.  suite_given tells what the user gave. */
    bool (*lookup)(const struct run_ctx *r, const char *name, char *out, size_t n);
    /* What the peer was seen doing so far, a bit set of the protocol's own: 0 while nobody was met. */
    uint64_t (*observed)(const struct run_ctx *r);
    uint64_t seen_tls;                 /* the bits of observed that tell of a TLS session */
    const char *(*fault_name)(int code); /* of play_fault.code */

    const struct run_need *need;       /* ended by NULL name; may be NULL */
    const char *specially;             /* why other cases are skipped when the peer is special; NULL where no need is */
    const struct run_passive *passive;
    size_t passives;

    const struct mutant *mutant;       /* entry 0 is none */
    size_t mutants;                    /* entries, with that one */
    const struct run_try *try;
    size_t tries;
    bool (*about_tls)(unsigned mutant, const struct run_role *role); /* TLS decides whether it shows */
    bool (*about_dialect)(unsigned mutant); /* both dialects have cases of their own for it; may be NULL */
    const char *(*shows_in)(unsigned mutant); /* prefix of the ids of the cases that are enough to try it with; NULL: the tries' own.  May be NULL */

    /* Reference peers in memory, for r->role with mistake r->o->mutant.  special: set up as that need (special, or apart) says; NULL: as it should be.  A peer that connects dials
     * "tester", a proxy "far".  ERR_...  and why when certificates cannot be loaded. */
    err (*reference_new)(const struct run_ctx *r, const struct run_need *special, void **out, char *why, size_t why_n);
    void (*reference_free)(void *reference); /* NULL: does nothing */
    const struct run_place *place;     /* in memory; NULL: none */
    /* A new peer, owned by the caller (in practice the net).  NULL when memory is short, or when the peer refuses this connection. */
    struct endpoint *(*reference_peer)(void *reference);

    const struct run_setting *setting; /* ended by NULL name */
    const struct server_ops *server;   /* run/server.h; NULL: there is no program */
};

/* --- all of them ------------------------------------------------------------------------------------------------------------- */

extern const struct run_proto *const run_protos[]; /* ended by NULL */
/* The protocol of a role ("iap-manager") and the role; NULL when there is none. */
const struct run_proto *run_proto_of_role(const char *name, const struct run_role **role);
const struct run_proto *run_proto_find(const char *name);
/* The protocol that an id of a case belongs to ("iap/3.1/..."); NULL when there is none. */
const struct run_proto *run_proto_of_case(const char *id);
/* Joins the names of all roles: "a, b and c". */
void run_role_list(const char *last, char *out, size_t n);
/* Joins the roles of a protocol that are in bits by commas. */
const char *run_role_names(const struct run_proto *p, unsigned bits, char *out, size_t n);
/* Is a peer of that role the client of TLS? */
bool run_tls_client(const struct run_role *role, bool peer_connects);
/* Does the clause bind the role, opened TCP or not? */
bool run_binds(const struct clause *c, const struct run_role *role, bool peer_connects);
/* The dialect that a clause holds in, as the last of its roles says; NULL: in all. */
const char *run_clause_dialect(const struct clause *c);
/* Is the clause judged in a run of that dialect (NULL: the protocol has none)? */
bool run_in_dialect(const struct clause *c, const char *dialect);
/* The dialect that a case needs ("needs dialect-draft"), as the text behind the dash; NULL: it is for all. */
const char *run_case_dialect(const struct scn_case *c);
/* The protocol that has a clause, a defect or anything else whose id begins as its clauses' do; NULL when none has. */
const struct run_proto *run_proto_of_clause(const char *id);
/* The id of the passive check of a clause: "iap/passive/3.1-1". */
void run_passive_id(const struct clause *c, char *out, size_t n);
/* The passive check of a clause; NULL when no protocol has one. */
const struct run_passive *run_passive_find(enum clause_id id);
/* For met of a need: certificates of ours were made, and a TLS session came about. */
bool run_met_trust(const struct run_ctx *r);
/* For met of a need: in memory, or named by --able. */
bool run_met_able(const struct run_ctx *r, const char *name);

#endif
