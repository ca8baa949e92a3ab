/* SPDX-License-Identifier: MIT */
#include "run/server_iap.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "io/loop.h"
#include "io/store.h"

struct owed { /* an alert that waits for the disk */
    struct iap_peer *p; /* NULL: the connection is gone */
    uint64_t number;
};
struct iap_server {
    struct server *s;
    const struct server_iap_options *o;
    struct iap_setup peer;
    struct iap_proxy_setup proxy;
    char identity[300];
    struct store *store;
    struct owed *owed;
    size_t owes, owed_cap;
    bool syncing, broken;
    uint64_t durable;
    err sync_result;
    char sync_why[200];
};

/* --- the store: batches, one at a time ----------------------------------------------------------------------------------- */

static void sync_now(void *ctx)
{
    struct iap_server *x = ctx;
    x->sync_result = store_sync(x->store, &x->durable, x->sync_why, sizeof x->sync_why);
}

static void start_sync(struct iap_server *x);

static void answer_owed(struct iap_server *x, uint16_t code, uint64_t up_to)
{
    size_t kept = 0, n = x->owes;
    /* answering may bring further alerts, which join the list behind n */
    for (size_t i = 0; i < n; i++) {
        struct owed w = x->owed[i];
        if (w.number > up_to) {
            x->owed[kept++] = w;
            continue;
        }
        x->owed[i].p = NULL;
        if (!w.p) continue;
        iap_peer_answer(w.p, code, net_now(x->s->net));
        net_touch(x->s->net, &w.p->e);
    }
    memmove(&x->owed[kept], &x->owed[n], (x->owes - n) * sizeof *x->owed);
    x->owes -= n - kept;
}

static void synced(void *ctx)
{
    struct iap_server *x = ctx;
    x->syncing = false;
    if (x->sync_result != OK) {
        if (!x->broken) {
            server_say(x->s, x->sync_why);
        }
        x->broken = true;
        answer_owed(x, 500, UINT64_MAX); /* not on disk: not acknowledged */
        return;
    }
    answer_owed(x, 200, x->durable);
    if (store_pending(x->store)) start_sync(x);
}

static void start_sync(struct iap_server *x)
{
    if (x->syncing || x->broken) return;
    x->syncing = true;
    if (loop_work(x->s->loop, sync_now, synced, x) == OK) return;
    sync_now(x); /* no worker: the disk is waited for here */
    synced(x);
}

static bool grow(struct iap_server *x)
{
    if (x->owes < x->owed_cap) return true;
    size_t cap = x->owed_cap ? x->owed_cap * 2 : 64;
    struct owed *w = mem_resize(x->s->o->env->mem, x->owed, cap * sizeof *w);
    if (!w) return false;
    x->owed = w;
    x->owed_cap = cap;
    return true;
}

/* Wall clock: the store is read by people, long after this run. */
static uint64_t time_of_day(void)
{
    struct timespec t;
    if (clock_gettime(CLOCK_REALTIME, &t) != 0 || t.tv_sec < 0) return 0;
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static uint16_t on_alert(void *ctx, struct iap_peer *p, const struct iap_alert *a)
{
    struct iap_server *x = ctx;
    struct tls_info info = {0};
    if (!x->store) return 200;
    if (x->s->leaving) return 0; /* neither stored nor answered: a refusal would make the analyzer drop it */
    if (x->broken || !grow(x)) return 500;
    if (p->c.tls) tls_info_of(p->c.tls, &info);
    struct store_record r = {.us = time_of_day(), .type = a->type, .body = a->body,
                             .from = slice_str(info.peer_subject && *info.peer_subject ? info.peer_subject : "-")};
    uint64_t number;
    err e = store_add(x->store, &r, &number);
    if (e == ERR_LIMIT) return 503; /* more is queued than the disk takes: the analyzer may try again */
    if (e != OK) return 500;
    x->owed[x->owes++] = (struct owed){p, number};
    start_sync(x);
    return 0;
}

/* --- peers ---------------------------------------------------------------------------------------------------------------- */

static bool next_alert(void *ctx, struct iap_peer *p, struct iap_alert *out, bool *end)
{
    const struct iap_server *x = ctx;
    uint64_t at = p->sent_id; /* alerts are numbered from 1 on each connection */
    (void)end;
    if (at >= x->o->alerts) return false;
    out->type = x->o->alert[at].type;
    out->body = x->o->alert[at].body;
    out->id = at + 1;
    return true;
}

static void on_say(void *ctx, struct iap_peer *p, const char *text)
{
    (void)p;
    server_say(((struct iap_server *)ctx)->s, text);
}

static void on_proxy_say(void *ctx, const char *text)
{
    server_say(((struct iap_server *)ctx)->s, text);
}

static void on_gone(void *ctx, struct iap_peer *p)
{
    struct iap_server *x = ctx;
    for (size_t i = 0; i < x->owes; i++) {
        if (x->owed[i].p == p) x->owed[i].p = NULL;
    }
    server_gone(x->s, &p->e, p->c.track.contents || track_iap_state(&p->c.track) >= IAP_S_ACCEPTED);
}

static struct endpoint *make_peer(struct server *s)
{
    struct iap_server *x = s->state;
    struct iap_peer *p;
    if (s->o->role->id == TEST_PROXY) {
        struct endpoint *e;
        return iap_proxy_new(&x->proxy, &e) == OK ? e : NULL;
    }
    if (s->o->mutant == MUT_ONLY_ONE && s->lives > 0) return NULL;
    return iap_peer_new(&x->peer, s->o->connect != NULL, s->o->connect, &p) == OK ? &p->e : NULL;
}

static void close_peer(struct server *s, struct endpoint *e, uint64_t now)
{
    (void)s;
    iap_peer_close((struct iap_peer *)e, now);
}

/* --- life ------------------------------------------------------------------------------------------------------------------ */

static err open_store(struct iap_server *x, char *why, size_t why_n)
{
    struct store_state st;
    char text[300];
    if (!x->o->store_dir) return OK;
    TRY(store_open(x->s->o->env, x->o->store_dir, &x->store, &st, why, why_n));
    if (st.alerts || st.torn_octets || st.bad_records) {
        snprintf(text, sizeof text, "store %s: %llu alerts in %llu files%s", x->o->store_dir, (unsigned long long)st.alerts,
                 (unsigned long long)st.files, st.torn_octets || st.bad_records ? "; a damaged end was set aside" : "");
        server_say(x->s, text);
    }
    return OK;
}

static void name_identity(struct server *s, const char *bound)
{
    struct iap_server *x = s->state;
    char host[200] = "localhost";
    const char *colon = strrchr(bound, ':');
    if (x->o->identity) {
        snprintf(x->identity, sizeof x->identity, "%s", x->o->identity);
        return;
    }
    /* two proxies on one machine must not take each other for themselves */
    if (gethostname(host, sizeof host) != 0) snprintf(host, sizeof host, "localhost");
    snprintf(x->identity, sizeof x->identity, "p%s.%s", colon ? colon + 1 : "", host);
    /* a machine may be called what no host of the draft is; a proxy behind would then refuse our Via line (4.3.2) */
    if (iap_host_kind(slice_str(x->identity)) == IAP_HOST_BAD)
        snprintf(x->identity, sizeof x->identity, "p%s.localhost", colon ? colon + 1 : "");
}

static err begin(struct server *s, char *why, size_t why_n)
{
    struct iap_server *x = s->state;
    const struct server_options *o = s->o;
    x->s = s;
    x->o = o->own;
    x->peer = (struct iap_setup){.env = o->env,
                                 .analyzer = o->role->id == TEST_ANALYZER,
                                 .host = x->o->host,
                                 .tls = o->tls,
                                 .no_tls = o->no_tls,
                                 .refuse = x->o->refuse,
                                 .style = x->o->style,
                                 .mutant = (enum iap_mutant)o->mutant,
                                 .hooks = {.ctx = x, .alert = on_alert, .gone = on_gone}};
    if (o->role->id == TEST_ANALYZER) x->peer.hooks.next = next_alert;
    if (o->verbose) x->peer.hooks.say = on_say;
    x->proxy = (struct iap_proxy_setup){.env = o->env,
                                        .identity = x->identity,
                                        .route = x->o->route,
                                        .routes = x->o->routes,
                                        .mutant = (enum iap_mutant)o->mutant,
                                        .say = o->verbose ? on_proxy_say : NULL,
                                        .ctx = x};
    return open_store(x, why, why_n);
}

/* The worker has the store in its hands. */
static bool busy(struct server *s)
{
    return ((const struct iap_server *)s->state)->syncing;
}

static void end(struct server *s)
{
    struct iap_server *x = s->state;
    store_close(x->store);
    mem_free(s->o->env->mem, x->owed);
}

const struct server_ops server_iap = {
    .size = sizeof(struct iap_server),
    .begin = begin,
    .bound = name_identity,
    .peer = make_peer,
    .close = close_peer,
    .busy = busy,
    .end = end,
};
