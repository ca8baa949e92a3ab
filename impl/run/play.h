/* SPDX-License-Identifier: MIT */
/* play: runs one plan (an instance of a scenario) as an endpoint: sends, waits, judges.  The engine knows statements, events, deadlines and verdicts; what
 * a message is, is known to a protocol adapter (play_iap).  It runs on any net, so the same case is played over sockets and in memory. */
#ifndef RUN_PLAY_H
#define RUN_PLAY_H

#include "peer/endpoint.h"
#include "run/result.h"
#include "scn/scn.h"

enum { PLAY_ENDS = 3, PLAY_FIELDS = 12 };

struct player;

/* Something that happened on one of our connections, for expect, or, never.  Values are owned by the event. */
struct play_field {
    const char *key; /* static */
    slice value;
};
struct play_event {
    struct play_event *next;
    const char *name; /* static: "response", "fin" ... */
    int end;
    bool shy;         /* passed over unless an alternative names it: connected, hello, tls */
    size_t rung;      /* its place in the ladder */
    struct play_field field[PLAY_FIELDS];
    size_t fields;
};

/* A fault that the tracker found in what the peer did. */
struct play_fault {
    int code;               /* of the protocol's fault list */
    bool fail;              /* both readings forbid it; otherwise weak */
    enum clause_id clause;
    enum defect_id defect;
    const char *text;       /* static */
    uint64_t at;            /* octet in the peer's clear stream */
    size_t rung;
};

struct play_proto {
    err (*begin)(struct player *p);   /* allocates p->state, asks for links */
    void (*done)(struct player *p);
    void (*up)(struct player *p, int end, uint64_t now);
    /* Takes octets (*octets is advanced) until there is one event; false when they were not enough for one.  One at a time, because the
     * statements in between decide what the next one means. */
    bool (*feed)(struct player *p, int end, slice *octets, uint64_t now);
    void (*urgent)(struct player *p, int end, uint64_t now);
    void (*ended)(struct player *p, int end, enum link_end how, uint64_t now);
    err (*send)(struct player *p, int end, const struct scn_stmt *s, uint64_t now); /* send and raw; play_error on misuse */
    err (*act)(struct player *p, int end, const struct scn_stmt *s, uint64_t now);  /* do */
    /* Goes towards a named state: 1 there, 0 on the way (wait for events), -1 cannot get there: why says so. */
    int (*reach)(struct player *p, int end, const char *state, uint64_t now, char *why, size_t why_n);
    uint64_t (*deadline)(const struct player *p);
    void (*tick)(struct player *p, uint64_t now);
    /* What the peer may do now, for messages to people. */
    void (*allowed)(struct player *p, int end, char *out, size_t out_n);
    int (*end_of)(const struct player *p, const char *name); /* NULL: the first; -1: no such end */
    /* Why nobody may hold ev against the peer: the end of its connection, that nothing comes on it any more (NULL), or what no alternative names (static);
     * NULL: one may.  A case that would fail for that did not get to its point.  NULL: no protocol of such ways out. */
    const char *(*excuse)(const struct player *p, int end, const struct play_event *ev);
    /* What came in place of that which reach waited for in vain (lives in the player); NULL: nothing did.  NULL: it is not told. */
    const char *(*instead)(const struct player *p);
};

/* What all cases of a run share; borrowed by the players. */
struct play_run {
    const struct env *env;
    const struct play_proto *proto;
    void *proto_run;            /* the adapter's own */
    const char *const *ends;    /* names for the ladder */
    size_t end_count;
    const char *dial;           /* where the peer under test listens; NULL when it connects to us */
    const char *dns;            /* where the peer finds our name server: "127.0.0.1:5301"; in memory "tester"; NULL: we are none */
    uint64_t timeout_ms;        /* default of within */
    uint64_t accept_ms;         /* how long a peer may take to connect to us */
    enum link_split split;
    uint64_t seed;
    bool *wake;                 /* set when a player stops */
    void (*deafen)(void *ctx);  /* stops listening for the rest of the case, so that the peer is really refused; NULL: not needed */
    void *deafen_ctx;
};

struct player {
    struct endpoint e; /* first */
    const struct play_run *run;
    const struct scn_plan *plan;
    void *state;       /* the adapter's own */
    size_t pc;
    uint64_t born, armed_until; /* 0: no statement is waiting */
    uint64_t armed_at;          /* since when it is */
    bool under_way;             /* a message that came in pieces made it longer */
    bool stop;         /* the verdict stands */
    bool busy;
    int acting;        /* line of the send or do that is carried out: pc is past it by then; 0 */
    enum verdict verdict;
    int line;
    char reason[400];
    struct play_event *head[PLAY_ENDS], *tail[PLAY_ENDS];
    bool came[PLAY_ENDS];        /* anything came in on that end */
    bool moved;        /* set by the adapter: the send that waits got further, so its time begins anew */
    size_t raised, raised_armed; /* events so far, and when the clock of a reach was last wound up */
    unsigned wound;              /* by how many events it was */
    struct buf raw_sent[PLAY_ENDS]; /* for octets is=same */
    bool never[512];             /* statements of plan that are armed */
    struct rung *rung;
    size_t rungs, rung_cap;
    struct play_fault fault[32];
    size_t faults;
    const char *listen_name[PLAY_ENDS]; /* set by the adapter for ends that wait to be given a connection */
};

err player_new(const struct play_run *run, const struct scn_plan *plan, struct player **out) MUST_CHECK;
/* Frees it; the ladder goes with it unless it was taken. */
void player_free(struct player *p);
/* Hands the ladder over (owned by the caller, made of run->env->mem). */
void player_take_ladder(struct player *p, struct ladder *out);

/* --- for adapters --------------------------------------------------------------------------------------------------- */
/* Adds to the ladder; octets are copied (at most 64 KiB of them are kept).  Returns the rung's index. */
size_t play_rung(struct player *p, enum rung_kind kind, int end, bool from_peer, bool secured, const char *label, slice octets,
                 uint64_t now);
void play_fault(struct player *p, const struct play_fault *f);
/* Raises an event; field values are copied. */
void play_raise(struct player *p, const char *name, int end, bool shy, size_t rung, const struct play_field *field, size_t n);
/* A piece of a message came that is not whole yet: who waits for a message on that end waits on, each time as long as in the beginning and ten times that
 * as a whole.  A trickle without an end makes the case inconclusive. */
void play_progress(struct player *p, int end, uint64_t now);
/* Drops all events of an end that nobody looked at; returns the name of the last one, or NULL. */
const char *play_drain(struct player *p, int end);
/* The scenario, or the tester, is at fault: verdict error. */
__attribute__((format(printf, 2, 3))) err play_error(struct player *p, const char *fmt, ...);
/* The case did not get to its point. */
__attribute__((format(printf, 2, 3))) void play_inconc(struct player *p, const char *fmt, ...);

#endif
