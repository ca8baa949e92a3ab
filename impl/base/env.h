/* SPDX-License-Identifier: MIT */
/* env: everything a floor above needs from outside: allocator, randomness, limits, trace sink.  Time is an
 * argument of the calls that need it (milliseconds on a clock that never goes back), so an hour of deadlines
 * is tested in a millisecond. */
#ifndef BASE_ENV_H
#define BASE_ENV_H

#include <stdint.h>

#include "base/mem.h"
#include "base/slice.h"

/* Each limit with its reason. */
struct limits {
    size_t line;      /* octets of one header line: host names end at 255, 1,024 leaves room for odd blanks */
    size_t head;      /* octets of one header block: 64 Via lines of a long chain of proxies */
    size_t vias;      /* Via lines of one message: longer chains are loops that nobody detected */
    size_t content;   /* octets of one alert: 4 MiB is an alert with a packet trace attached */
    size_t out_queue; /* octets waiting to be sent on one connection: a slow reader must not fill memory */
    size_t store_queue; /* octets of all connections that wait for the disk: 64 analyzers with a MiB each, and as much while that is written */
    uint32_t setup_ms; /* set-up phase as a whole (IAP 3.2): a minute, as a person may be slow to be asked */
    uint32_t message_ms; /* from the first to the last octet of one message: one octet a minute is an attack */
    uint32_t idle_ms;    /* data phase without any message; 0 for never: analyzers may be silent for days */
    uint32_t grace_ms;   /* a trailing CRLF that the tolerant reading lets be absent is waited for this long */
    uint32_t close_ms;   /* from our close_notify to the peer's */
};

extern const struct limits limits_default;

struct rng { /* xoshiro-like, seeded: same seed, same run.  Not for keys. */
    uint64_t s;
};

void rng_init(struct rng *r, uint64_t seed);
uint64_t rng_next(struct rng *r);
/* 0 <= result < n; n of 0 gives 0. */
uint64_t rng_below(struct rng *r, uint64_t n);

struct env {
    const struct mem *mem;
    struct limits limits;
};

/* libc memory, default limits. */
void env_init(struct env *e);

#endif
