/* SPDX-License-Identifier: MIT */
/* keeper: the store of a manager that is a program.  What comes in is queued, a worker thread writes and syncs it in batches, and each message is answered once
 * it is on disk, in the order in which they came.  When the disk fails nothing is acknowledged any more. */
#ifndef RUN_KEEPER_H
#define RUN_KEEPER_H

#include "base/env.h"
#include "base/err.h"
#include "io/loop.h"
#include "io/store.h"

struct keeper_owed { /* a message that waits for the disk */
    void *owner;     /* NULL: it is gone, nobody is to be told */
    uint64_t tag, number;
};

struct keeper_hooks {
    void *ctx;
    /* kept: it is on disk; otherwise it never will be.  What is added from inside waits for the next batch. */
    void (*kept)(void *ctx, void *owner, uint64_t tag, bool kept);
    void (*say)(void *ctx, const char *text); /* one line for people */
};

struct keeper { /* zeroed: there is no store */
    const struct env *env;
    struct loop *loop;
    struct keeper_hooks hooks;
    struct store *store;
    struct keeper_owed *owed;
    size_t owes, owed_cap;
    bool syncing, broken;
    uint64_t durable;
    err sync_result;
    char sync_why[200];
};

/* Opens the store in dir, and says what is there already.  ERR_... and one line in why, as store_open. */
err keeper_open(struct keeper *k, const struct env *env, struct loop *loop, const char *dir, const struct keeper_hooks *hooks, char *why, size_t why_n) MUST_CHECK;
bool keeper_stores(const struct keeper *k);
/* Takes a message; its time is now, r->number and r->us are not looked at.  OK: kept tells later what became of it.  ERR_LIMIT: more waits than the disk takes, or it is too
 * long; any other: it cannot be kept.  Then nobody is told. */
err keeper_add(struct keeper *k, void *owner, uint64_t tag, const struct store_record *r) MUST_CHECK;
/* The owner is about to be freed. */
void keeper_forget(struct keeper *k, const void *owner);
/* The worker has the store in its hands: run the loop on. */
bool keeper_busy(const struct keeper *k);
/* Behind loop_free, or when it is not busy.  What was not synced is dropped: nobody was told that it is safe. */
void keeper_close(struct keeper *k);

#endif
