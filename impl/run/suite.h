/* SPDX-License-Identifier: MIT */
/* suite: runs the cases of a role against a peer, over sockets or against the reference in memory, and gathers results. */
#ifndef RUN_SUITE_H
#define RUN_SUITE_H

#include <signal.h>

#include "peer/endpoint.h"
#include "run/catalog.h"
#include "run/proto.h"
#include "run/result.h"

enum { SUITE_SPLITS = 4, SUITE_NEEDS = 32, SUITE_GIVEN = 32, SUITE_VALUE = 1024 };

struct suite_split {
    enum link_split how;
    uint64_t seed;
    char name[32]; /* "whole", "bytes", "random:7" */
};

/* A known failure that is let pass for a while. */
struct suite_waiver {
    char *id, *reason, *link, *expires; /* case id or prefix; expires "2027-01-31" */
};

/* A name of the scenarios that the user gave a value. */
struct suite_given { const char *name, *value; }; /* value: shorter than SUITE_VALUE octets */

struct suite_options {
    const struct env *env;
    const struct catalog *catalog;
    const char *role;            /* "iap-manager" */
    /* in memory */
    bool memory;
    unsigned mutant;             /* index in run_proto.mutant */
    /* over sockets */
    const char *connect;         /* where the peer listens; NULL: it connects to us */
    const char *listen;          /* where we listen for the peer; for a proxy: next_hop */
    const char *next_hop;
    const char *exec;            /* command that starts a peer for one connection, with {host} {port} {dir}; an adapter for the whole run, with {dialect} {dns} */
    const char *dns_listen;      /* where our name server is, for a peer that asks one; NULL: 127.0.0.1:0 */
    unsigned jobs;
    /* both */
    bool peer_connects;
    enum run_tls tls;
    const char *pki_dir;
    struct identity_files files;
    const char *host;            /* name for CONNECT; NULL: "m.dom.org" */
    const char *dialect;         /* one of run_proto.dialect; NULL: its first */
    const char *identity;        /* of the proxy under test; NULL: learned */
    const void *own;             /* the protocol's own: struct beep_options ...; NULL: nothing was said */
    const char *const *select;   /* prefixes of ids */
    size_t selects;
    bool only_tls;               /* of the cases, only those that need TLS (and sanity) */
    struct suite_split split[SUITE_SPLITS];
    size_t splits;
    uint64_t timeout_ms, patience_ms;
    const char *able[SUITE_NEEDS]; /* what the peer was set up for: names of run_need */
    size_t ables;
    bool only_able;              /* of the cases, only those that need one of these (and sanity) */
    struct suite_given given[SUITE_GIVEN]; /* --set */
    size_t givens;
    bool quiet;
    const char *save_dir;        /* NULL: nothing is saved */
    const struct suite_waiver *waiver;
    size_t waivers;
    const char *today;           /* "2026-11-22", for waivers */
    const volatile sig_atomic_t *interrupted; /* looked at once a second: what is not finished by then is inconclusive; NULL: never */
    void (*progress)(void *ctx, size_t done, size_t all, const struct result *r);
    void (*listening)(void *ctx, const char *address);
    void *ctx;
};

/* Adds one result for each case and split, the passive checks, and the verdicts of waivers.  ERR_USE and why when the options do not fit together;
 * ERR_SYS when an address cannot be used. */
err suite_run(const struct suite_options *o, struct run_results *out, char *why, size_t why_n) MUST_CHECK;

/* The value that the user gave a name; NULL when he gave none. */
const char *suite_given(const struct suite_options *o, const char *name);

#endif
