/* SPDX-License-Identifier: MIT */
/* resolve: host names and services to addresses, on the loop and without blocking it, through libunbound.  A service is looked up by SRV and put in the order of
 * RFC 2782: priorities one after the other, within one a draw by weight.  Addresses that are written as such need no server.  Everything is called in the
 * loop's thread; done is never called before resolve_ask has returned. */
#ifndef IO_RESOLVE_H
#define IO_RESOLVE_H

#include "base/env.h"
#include "base/err.h"
#include "io/loop.h"

struct resolver;
struct resolve_job;

enum {
    RESOLVE_NAME_MAX = 253,  /* octets of a domain name in text (RFC 1035 2.3.4) */
    RESOLVE_TARGETS = 8,     /* hosts of one service that are looked at: nobody waits for more connections to fail */
    RESOLVE_PER_HOST = 8,    /* addresses of one host and family */
    RESOLVE_ANSWERS = 32,    /* addresses of one answer */
    RESOLVE_JOBS = 256       /* look-ups at a time: behind that it is somebody's flood */
};

struct resolve_query {
    const char *host;        /* "idxp.example.org", "192.0.2.1", "2001:db8::1" (with brackets or without) */
    const char *srv;         /* "_idxp._tcp": look that service of host up; NULL: its addresses */
    uint16_t port;           /* of the addresses; with srv: the fall-back when there is no such service, 0: none */
};
struct resolve_answer {
    size_t n;                       /* 0: why says so */
    char at[RESOLVE_ANSWERS][64];   /* "192.0.2.1:604", "[2001:db8::1]:604": to be tried in this order; of one host IPv4 comes first */
    char why[160];                  /* one line for people, "" when n */
};
typedef void (*resolve_done)(void *ctx, const struct resolve_answer *a); /* *a is valid for the call; the job is over before it */

/* server: an address, "192.0.2.53", "127.0.0.1:5353", "[::1]:53"; NULL: those of the system, and its hosts file.  seed: for the draws by weight.  ERR_USE with why when it is no address. */
err resolve_new(struct loop *l, const char *server, uint64_t seed, struct resolver **out, char *why, size_t why_n) MUST_CHECK;
/* Its jobs end without done.  Not from inside done.  A resolver that is left goes with the loop. */
void resolve_free(struct resolver *r);
/* q is copied.  Within timeout_ms done is called, once.  ERR_USE: no name, or too long; ERR_LIMIT: RESOLVE_JOBS are under way. */
err resolve_ask(struct resolver *r, const struct resolve_query *q, uint32_t timeout_ms, resolve_done done, void *ctx, struct resolve_job **out) MUST_CHECK;
/* Nobody wants to know any more; done is not called.  Not behind done. */
void resolve_cancel(struct resolve_job *j);

/* --- by itself, for tests -------------------------------------------------------------------------------------------------- */
struct resolve_target { uint16_t priority, weight, port; char host[RESOLVE_NAME_MAX + 1]; };
/* Puts the targets in the order in which they are to be tried (RFC 2782). */
void resolve_order(struct resolve_target *t, size_t n, struct rng *r);
/* An SRV record's octets; false when it is none.  The root as target, which says that there is no such service, gives host "". */
bool resolve_read_srv(slice rdata, struct resolve_target *out);

#endif
