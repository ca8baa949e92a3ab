/* SPDX-License-Identifier: MIT */
/* result: what a run found, as data for the reports and for --save.  Everything is owned by the struct run_results it hangs on. */
#ifndef RUN_RESULT_H
#define RUN_RESULT_H

#include "base/buf.h"
#include "base/env.h"
#include "model/clauses.h"

enum verdict { V_PASS, V_WEAK, V_FAIL, V_INCONC, V_SKIP, V_ERROR, V_COUNT };
extern const char *const verdict_names[V_COUNT]; /* "pass", "weak", "fail", "inconc", "skip", "error" */

/* One thing that happened, in order of time: the rungs of a ladder. */
enum rung_kind {
    RUNG_MESSAGE, /* a message or octets that crossed the wire; label says which, octets are its clear text */
    RUNG_EVENT,   /* connected, tls done, close_notify, fin, reset, urgent, timeout: label says which */
    RUNG_NOTE     /* of the tester: "reached tls.on", "expect ..." */
};
struct rung {
    enum rung_kind kind;
    uint64_t ms;          /* since the case began */
    int end;              /* index into ladder ends; 0 is the first or only connection */
    bool from_peer;       /* direction; notes: false */
    bool secured;         /* went through TLS */
    char *label;          /* short, printable: "CONNECT M.DOM.ORG", "200", "FIN" */
    slice octets;         /* clear octets of a message, may be empty */
    bool violating;       /* the arrow to mark */
    enum clause_id clause;   /* of the violation */
    enum defect_id defect;
    char *why;            /* text of the violation, NULL */
};
struct ladder {
    const char *const *ends; /* names of our connections: {"near","far"}; static */
    size_t end_count;
    struct rung *rung; size_t rungs;
};

/* Frees the rungs of a ladder and leaves it empty. */
void ladder_done(const struct mem *mem, struct ladder *l);

struct result {           /* one case at one split, the worst of its instances */
    char *id, *title, *file;
    int line;             /* of the statement that gave the verdict, 0 */
    char *role;           /* "iap-manager" */
    char *split;          /* "whole", "bytes", "random:7" */
    enum verdict verdict;
    char *reason;         /* one line, "" for a plain pass */
    char *vary;           /* instance that gave the verdict, "" */
    size_t instances;
    const char *about;    /* a topic that has a section of its own in reports ("proxy-loops"); static, NULL */
    const char *dialect;  /* of its run: "rfc"; static, NULL where the protocol has one only */
    bool passive;         /* of the tracker, not of a scenario */
    char *waived;         /* reason of a waiver that turned a failure into a skip, NULL */
    enum clause_id *clause; size_t clauses;
    enum defect_id *defect; size_t defects;
    double ms;
    uint64_t ended;       /* over sockets: when its last instance was over, on the run's clock */
    struct ladder ladder; /* of that instance; may be empty */
    char *saved;          /* path stem of the files of --save, NULL */
    char *text;           /* the scenario as written, NULL */
};

struct run_results {
    const struct mem *mem;
    char *role, *peer;    /* "iap-manager", "127.0.0.1:1234" or "reference in memory" */
    char *tls;            /* "draft", "modern", "off" */
    char *version;        /* of draftproof */
    const char *dialect;  /* of the protocol: "rfc"; static, NULL where it has one only */
    struct result *r; size_t n, cap;
    size_t count[V_COUNT];
    const char *unfinished; /* why the run, whatever passed, is no success: the peer died, the user interrupted; static, NULL */
    double ms;
};

void run_results_init(struct run_results *rs, const struct mem *mem);
void run_results_done(struct run_results *rs);
/* A new zeroed result at the end of the list; NULL when memory is short.  Valid until the next call. */
struct result *run_results_add(struct run_results *rs);
/* Recounts count[] from r[]. */
void run_results_count(struct run_results *rs);
/* Are results of these runs about a topic (of scn_topics)?  How many of each verdict. */
#define TOPIC_PROXY_LOOPS "proxy-loops"
bool run_results_about(const struct run_results *const *runs, size_t n, const char *topic, size_t count[V_COUNT]);
/* Exit status of the command-line contract: 0, 1 or 3 (2 is wrong use, the caller's). strict: weak counts as failed. */
int run_results_status(const struct run_results *rs, bool strict);

/* The reports.  Each writes the whole document to path ("-": standard output), replacing the file only when it is complete.
 * On failure one line stands in why. */
err report_jsonl(const struct run_results *rs, const char *path, char *why, size_t why_n) MUST_CHECK;
err report_junit(const struct run_results *rs, const char *path, char *why, size_t why_n) MUST_CHECK;
err report_tap(const struct run_results *rs, const char *path, char *why, size_t why_n) MUST_CHECK;
struct kill_matrix;
/* Several runs (roles, profiles) on one self-contained page; kill (may be NULL) adds the proof that the suite can fail. */
err report_html(const struct run_results *const *runs, size_t n, const struct kill_matrix *kill, const char *path, char *why, size_t why_n) MUST_CHECK;
/* The ladder as text, width columns wide (at least 60). */
err report_ladder(const struct ladder *l, size_t width, struct buf *out) MUST_CHECK;
/* Files of one case in dir: SLUG.pcapng (clear text), SLUG.txt (transcript), SLUG.ladder.txt; sets r->saved. */
err report_save(struct run_results *rs, struct result *r, const char *dir, char *why, size_t why_n) MUST_CHECK;

#endif
