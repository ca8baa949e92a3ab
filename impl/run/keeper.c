/* SPDX-License-Identifier: MIT */
#include "run/keeper.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

/* --- batches, one at a time ------------------------------------------------------------------------------------------------ */

static void sync_now(void *ctx)
{
    struct keeper *k = ctx;
    k->sync_result = store_sync(k->store, &k->durable, k->sync_why, sizeof k->sync_why);
}

static void start_sync(struct keeper *k);

static void answer_owed(struct keeper *k, bool kept, uint64_t up_to)
{
    size_t left = 0, n = k->owes;
    /* answering may bring further messages, which join the list behind n */
    for (size_t i = 0; i < n; i++) {
        struct keeper_owed w = k->owed[i];
        if (w.number > up_to) {
            k->owed[left++] = w;
            continue;
        }
        k->owed[i].owner = NULL;
        if (w.owner) k->hooks.kept(k->hooks.ctx, w.owner, w.tag, kept);
    }
    memmove(&k->owed[left], &k->owed[n], (k->owes - n) * sizeof *k->owed);
    k->owes -= n - left;
}

static void synced(void *ctx)
{
    struct keeper *k = ctx;
    k->syncing = false;
    if (k->sync_result != OK) {
        if (!k->broken) k->hooks.say(k->hooks.ctx, k->sync_why);
        k->broken = true;
        answer_owed(k, false, UINT64_MAX); /* not on disk: not acknowledged */
        return;
    }
    answer_owed(k, true, k->durable);
    if (store_pending(k->store)) start_sync(k);
}

static void start_sync(struct keeper *k)
{
    if (k->syncing || k->broken) return;
    k->syncing = true;
    if (loop_work(k->loop, sync_now, synced, k) == OK) return;
    sync_now(k); /* no worker: the disk is waited for here */
    synced(k);
}

static bool grow(struct keeper *k)
{
    if (k->owes < k->owed_cap) return true;
    size_t cap = k->owed_cap ? k->owed_cap * 2 : 64;
    struct keeper_owed *w = mem_resize(k->env->mem, k->owed, cap * sizeof *w);
    if (!w) return false;
    k->owed = w;
    k->owed_cap = cap;
    return true;
}

/* Wall clock: the store is read by people, long after this run. */
static uint64_t time_of_day(void)
{
    struct timespec t;
    if (clock_gettime(CLOCK_REALTIME, &t) != 0 || t.tv_sec < 0) return 0;
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* --- for servers ----------------------------------------------------------------------------------------------------------- */

err keeper_open(struct keeper *k, const struct env *env, struct loop *loop, const char *dir, const struct keeper_hooks *hooks, char *why, size_t why_n)
{
    struct store_state st;
    char text[300];
    *k = (struct keeper){.env = env, .loop = loop, .hooks = *hooks};
    TRY(store_open(env, dir, &k->store, &st, why, why_n));
    if (st.alerts || st.torn_octets || st.bad_records) {
        snprintf(text, sizeof text, "store %s: %llu alerts in %llu files%s", dir, (unsigned long long)st.alerts, (unsigned long long)st.files,
                 st.torn_octets || st.bad_records ? "; a damaged end was set aside" : "");
        hooks->say(hooks->ctx, text);
    }
    return OK;
}

bool keeper_stores(const struct keeper *k)
{
    return k->store != NULL;
}

err keeper_add(struct keeper *k, void *owner, uint64_t tag, const struct store_record *r)
{
    struct store_record stamped = *r;
    uint64_t number;
    if (k->broken) return ERR_SYS;
    if (!grow(k)) return ERR_MEM;
    stamped.us = time_of_day();
    TRY(store_add(k->store, &stamped, &number));
    k->owed[k->owes++] = (struct keeper_owed){owner, tag, number};
    start_sync(k);
    return OK;
}

void keeper_forget(struct keeper *k, const void *owner)
{
    for (size_t i = 0; i < k->owes; i++) {
        if (k->owed[i].owner == owner) k->owed[i].owner = NULL;
    }
}

bool keeper_busy(const struct keeper *k)
{
    return k->syncing;
}

void keeper_close(struct keeper *k)
{
    store_close(k->store);
    k->store = NULL;
    if (k->env) mem_free(k->env->mem, k->owed);
    k->owed = NULL;
}
