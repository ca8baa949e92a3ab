/* SPDX-License-Identifier: MIT */
/* replay: judges captures.  What a capture holds is told by whoever follows its protocol; here it becomes results, and is compared with what was expected of it. */
#ifndef RUN_REPLAY_H
#define RUN_REPLAY_H

#include "run/result.h"
#include "track/track_oe.h"

struct replay_options {
    const struct env *env;
    enum oe_dialect dialect;
    struct ip_address gateway[OE_TRACK_GATEWAYS]; /* none: it is guessed */
    size_t gateways;
    bool fresh; /* the gateway was started with the capture */
    void (*tell)(void *ctx, uint32_t packet, uint64_t us, const char *text); /* may be NULL */
    void *ctx;
};

/* One capture in one dialect. */
struct replay {
    bool nothing;         /* no conversation that is known here */
    bool guessed;
    uint64_t began_us;    /* the first packet */
    char damaged[200];    /* why reading ended before the file did; "" */
    struct track_oe track;/* heads, observed and faults; its dialect and gateways */
};

/* OK, also when there is nothing in it.  ERR_SYS, ERR_USE: it cannot be read; ERR_PEER: whose capture it is cannot be told; why says more.  ERR_MEM.  replay_done after any result. */
err replay_oe(const struct replay_options *o, const char *path, struct replay *r, char *why, size_t why_n) MUST_CHECK;
void replay_done(struct replay *r);
/* Adds a result for each clause that the capture tells about: "oe/passive/4.4-1", of the gateway and of those that it talks to (role "other end").  file is the path. */
err replay_oe_results(const struct replay *r, const char *path, struct run_results *out) MUST_CHECK;

/* --- what is expected of a capture: JSON with the gateway, and for each dialect the heads, the verdicts and the faults ------------ */
struct replay_expect; /* a JSON document */
err replay_expect_new(const struct replay_options *o, struct replay_expect **out) MUST_CHECK;
void replay_expect_free(struct replay_expect *e);
/* Adds what was found in one dialect; results: those of this capture and dialect alone. */
err replay_expect_add(struct replay_expect *e, const struct replay *r, const struct run_results *results) MUST_CHECK;
err replay_expect_save(const struct env *env, const struct replay_expect *e, const char *path, char *why, size_t why_n) MUST_CHECK;
/* Compares what was found with the file, in the dialects that were added.  *differs: how many members differ, each told by a line.  ERR_SYS, ERR_USE: the file cannot be used. */
err replay_expect_compare(const struct replay_expect *e, const char *path, size_t *differs, void (*line)(void *ctx, const char *text), void *ctx, char *why, size_t why_n) MUST_CHECK;

#endif
