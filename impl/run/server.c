/* SPDX-License-Identifier: MIT */
#include "run/server.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "io/loop.h"
#include "io/store.h"
#include "run/net.h"

enum { BACKOFF_MIN_MS = 100, BACKOFF_MAX_MS = 5000 };

struct owed { /* an alert that waits for the disk */
    struct iap_peer *p; /* NULL: the connection is gone */
    uint64_t number;
};
struct server {
    const struct server_options *o;
    struct loop *loop;
    struct net *net;
    struct iap_setup peer;
    struct iap_proxy_setup proxy;
    char identity[300];
    struct store *store;
    struct owed *owed;
    size_t owes, owed_cap;
    bool syncing, stop, broken;
    uint64_t durable;
    err sync_result;
    char sync_why[200];
    struct loop_timer *again; /* reconnect */
    uint64_t backoff;
    struct iap_peer **live;   /* the peers that there are */
    size_t lives, live_cap;
    bool leaving, hurry, alone; /* told to stop; told so twice; no peer is left */
    char why[200];
};

static void say(struct server *s, const char *text)
{
    if (s->o->say) s->o->say(s->o->ctx, text);
}

/* --- the store: batches, one at a time ----------------------------------------------------------------------------------- */

static void sync_now(void *ctx)
{
    struct server *s = ctx;
    s->sync_result = store_sync(s->store, &s->durable, s->sync_why, sizeof s->sync_why);
}

static void start_sync(struct server *s);

static void answer_owed(struct server *s, uint16_t code, uint64_t up_to)
{
    size_t kept = 0, n = s->owes;
    /* answering may bring further alerts, which join the list behind n */
    for (size_t i = 0; i < n; i++) {
        struct owed w = s->owed[i];
        if (w.number > up_to) {
            s->owed[kept++] = w;
            continue;
        }
        s->owed[i].p = NULL;
        if (!w.p) continue;
        iap_peer_answer(w.p, code, net_now(s->net));
        net_touch(s->net, &w.p->e);
    }
    memmove(&s->owed[kept], &s->owed[n], (s->owes - n) * sizeof *s->owed);
    s->owes -= n - kept;
}

static void synced(void *ctx)
{
    struct server *s = ctx;
    s->syncing = false;
    if (s->sync_result != OK) {
        if (!s->broken) {
            snprintf(s->why, sizeof s->why, "%s", s->sync_why);
            say(s, s->why);
        }
        s->broken = true;
        answer_owed(s, 500, UINT64_MAX); /* not on disk: not acknowledged */
        return;
    }
    answer_owed(s, 200, s->durable);
    if (store_pending(s->store)) start_sync(s);
}

static void start_sync(struct server *s)
{
    if (s->syncing || s->broken) return;
    s->syncing = true;
    if (loop_work(s->loop, sync_now, synced, s) == OK) return;
    sync_now(s); /* no worker: the disk is waited for here */
    synced(s);
}

static bool grow(struct server *s)
{
    if (s->owes < s->owed_cap) return true;
    size_t cap = s->owed_cap ? s->owed_cap * 2 : 64;
    struct owed *w = mem_resize(s->o->env->mem, s->owed, cap * sizeof *w);
    if (!w) return false;
    s->owed = w;
    s->owed_cap = cap;
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
    struct server *s = ctx;
    struct tls_info info = {0};
    if (!s->store) return 200;
    if (s->leaving) return 0; /* neither stored nor answered: a refusal would make the analyzer drop it */
    if (s->broken || !grow(s)) return 500;
    if (p->c.tls) tls_info_of(p->c.tls, &info);
    struct store_record r = {.us = time_of_day(), .type = a->type, .body = a->body,
                             .from = slice_str(info.peer_subject && *info.peer_subject ? info.peer_subject : "-")};
    uint64_t number;
    err e = store_add(s->store, &r, &number);
    if (e == ERR_LIMIT) return 503; /* more is queued than the disk takes: the analyzer may try again */
    if (e != OK) return 500;
    s->owed[s->owes++] = (struct owed){p, number};
    start_sync(s);
    return 0;
}

/* --- peers ---------------------------------------------------------------------------------------------------------------- */

static bool next_alert(void *ctx, struct iap_peer *p, struct iap_alert *out, bool *end)
{
    struct server *s = ctx;
    uint64_t at = p->sent_id; /* alerts are numbered from 1 on each connection */
    (void)end;
    if (at >= s->o->alerts) return false;
    out->type = s->o->alert[at].type;
    out->body = s->o->alert[at].body;
    out->id = at + 1;
    return true;
}

static void on_say(void *ctx, struct iap_peer *p, const char *text)
{
    (void)p;
    say(ctx, text);
}

static void on_proxy_say(void *ctx, const char *text)
{
    say(ctx, text);
}

static void connect_again(struct server *s)
{
    if (!s->o->connect || !s->again || s->stop) return;
    loop_timer_at(s->again, loop_now(s->loop) + s->backoff);
    s->backoff = s->backoff * 2 > BACKOFF_MAX_MS ? BACKOFF_MAX_MS : s->backoff * 2;
}

static void on_gone(void *ctx, struct iap_peer *p)
{
    struct server *s = ctx;
    for (size_t i = 0; i < s->lives; i++) {
        if (s->live[i] != p) continue;
        s->live[i] = s->live[--s->lives];
        break;
    }
    s->alone = s->lives == 0;
    for (size_t i = 0; i < s->owes; i++) {
        if (s->owed[i].p == p) s->owed[i].p = NULL;
    }
    if (p->c.track.contents || track_iap_state(&p->c.track) >= IAP_S_ACCEPTED) s->backoff = BACKOFF_MIN_MS;
    if (!s->o->connect) return;
    if (s->o->reconnect) connect_again(s);
    else s->stop = true;
}

static bool room_for_peer(struct server *s)
{
    if (s->lives < s->live_cap) return true;
    size_t cap = s->live_cap ? s->live_cap * 2 : 64;
    struct iap_peer **w = mem_resize(s->o->env->mem, s->live, cap * sizeof *w);
    if (!w) return false;
    s->live = w;
    s->live_cap = cap;
    return true;
}

static struct endpoint *make_peer(struct server *s)
{
    struct iap_peer *p;
    if (s->o->role == TEST_PROXY) {
        struct endpoint *e;
        return iap_proxy_new(&s->proxy, &e) == OK ? e : NULL;
    }
    if (!room_for_peer(s) || iap_peer_new(&s->peer, s->o->connect != NULL, s->o->connect, &p) != OK) return NULL;
    s->live[s->lives++] = p;
    return &p->e;
}

static struct endpoint *accept_peer(void *ctx, int *link, bool *owned)
{
    struct server *s = ctx;
    *link = 0;
    *owned = true;
    if (s->o->mutant == MUT_ONLY_ONE && s->lives > 0) return NULL;
    return make_peer(s);
}

static void connect_now(void *ctx)
{
    struct server *s = ctx;
    struct endpoint *e = make_peer(s);
    if (!e) {
        connect_again(s);
        return;
    }
    if (net_add(s->net, e, true) != OK) {
        e->ops->free(e);
        connect_again(s);
    }
}

static void on_signal(void *ctx)
{
    struct server *s = ctx;
    s->hurry = s->stop;
    s->stop = true;
}

/* --- life ------------------------------------------------------------------------------------------------------------------ */

static err open_store(struct server *s, char *why, size_t why_n)
{
    struct store_state st;
    char text[300];
    if (!s->o->store_dir) return OK;
    TRY(store_open(s->o->env, s->o->store_dir, &s->store, &st, why, why_n));
    if (st.alerts || st.torn_octets || st.bad_records) {
        snprintf(text, sizeof text, "store %s: %llu alerts in %llu files%s", s->o->store_dir, (unsigned long long)st.alerts,
                 (unsigned long long)st.files, st.torn_octets || st.bad_records ? "; a damaged end was set aside" : "");
        say(s, text);
    }
    return OK;
}

static void name_identity(struct server *s, const char *bound)
{
    char host[200] = "localhost";
    const char *colon = strrchr(bound, ':');
    if (s->o->identity) {
        snprintf(s->identity, sizeof s->identity, "%s", s->o->identity);
        return;
    }
    /* two proxies on one machine must not take each other for themselves */
    if (gethostname(host, sizeof host) != 0) snprintf(host, sizeof host, "localhost");
    snprintf(s->identity, sizeof s->identity, "p%s.%s", colon ? colon + 1 : "", host);
    /* a machine may be called what no host of the draft is; a proxy behind would then refuse our Via line (4.3.2) */
    if (iap_host_kind(slice_str(s->identity)) == IAP_HOST_BAD)
        snprintf(s->identity, sizeof s->identity, "p%s.localhost", colon ? colon + 1 : "");
}

static err begin(struct server *s, char *why, size_t why_n)
{
    const struct server_options *o = s->o;
    char bound[64];
    TRY(loop_new(o->env, &s->loop));
    TRY(net_tcp_new(o->env, s->loop, &s->net));
    TRY(loop_on_signals(s->loop, on_signal, s));
    TRY(open_store(s, why, why_n));
    if (o->connect) {
        TRY(loop_timer_new(s->loop, connect_now, s, &s->again));
        connect_now(s);
        return OK;
    }
    TRY(net_listen(s->net, o->listen, accept_peer, s, bound, sizeof bound, why, why_n));
    name_identity(s, bound);
    if (o->listening) o->listening(o->ctx, bound);
    return OK;
}

static void set_up(struct server *s)
{
    const struct server_options *o = s->o;
    s->peer = (struct iap_setup){.env = o->env,
                                 .analyzer = o->role == TEST_ANALYZER,
                                 .host = o->host,
                                 .tls = o->tls,
                                 .no_tls = o->no_tls,
                                 .refuse = o->refuse,
                                 .style = o->style,
                                 .mutant = o->mutant,
                                 .hooks = {.ctx = s, .alert = on_alert, .gone = on_gone}};
    if (o->role == TEST_ANALYZER) s->peer.hooks.next = next_alert;
    if (o->verbose) s->peer.hooks.say = on_say;
    s->proxy = (struct iap_proxy_setup){.env = o->env,
                                        .identity = s->identity,
                                        .route = o->route,
                                        .routes = o->routes,
                                        .mutant = o->mutant,
                                        .say = o->verbose ? on_proxy_say : NULL,
                                        .ctx = s};
    s->backoff = BACKOFF_MIN_MS;
}

/* Told to stop: what is being written is still answered, then every session ends by close_notify (3.5).  A peer that does not
 * answer in kind is not waited for longer than usual, and not at all when told to stop once more. */
static void take_leave(struct server *s)
{
    s->leaving = true;
    if (s->net && s->o->listen) net_unlisten(s->net, accept_peer, s);
    while (s->syncing) { /* the worker still has the store in its hands */
        bool done = false;
        loop_run_until(s->loop, &done, loop_now(s->loop) + 20);
    }
    if (!s->net) return;
    for (size_t i = s->lives; i-- > 0;) {
        struct iap_peer *p = s->live[i];
        if (p->e.link[0].state == LINK_UP) iap_peer_close(p, net_now(s->net));
        else p->e.link[0].drop = true;
        net_touch(s->net, &p->e);
    }
    s->alone = s->lives == 0;
    uint64_t until = loop_now(s->loop) + s->o->env->limits.close_ms + 100;
    while (!s->alone && !s->hurry && loop_now(s->loop) < until)
        loop_run_until(s->loop, &s->alone, loop_now(s->loop) + 100);
}

err server_run(const struct server_options *o, char *why, size_t why_n)
{
    struct server *s = mem_new(o->env->mem, sizeof *s);
    if (!s) return ERR_MEM;
    s->o = o;
    set_up(s);
    err e = begin(s, why, why_n);
    while (e == OK && !s->stop)
        loop_run_until(s->loop, &s->stop, loop_now(s->loop) + 60000);
    take_leave(s);
    loop_timer_free(s->again);
    s->again = NULL;
    net_free(s->net);
    if (s->loop) loop_free(s->loop);
    store_close(s->store);
    mem_free(o->env->mem, s->owed);
    mem_free(o->env->mem, s->live);
    mem_free(o->env->mem, s);
    return e;
}
