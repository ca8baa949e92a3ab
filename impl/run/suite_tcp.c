/* SPDX-License-Identifier: MIT */
/* The suite over TCP: several cases at a time where the peer listens, or where we start one peer for each connection. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/loop.h"
#include "run/suite_impl.h"

enum { JOBS_MAX = 64, CHILD_GRACE_MS = 500, CASE_MAX_MS = 10 * 60 * 1000, SILENT_MAX = 12, PART_MS = 500, EXIT_MS = 200, LEAVE_MS = 1000, PART_LOOK_MS = 5 };
enum { SHELL_NOT_RUN = 126, SHELL_NOT_FOUND = 127, SHELL_SIGNAL = 128 }; /* what the shell says of a command */

struct slot { /* one case being played */
    struct suite_tcp *t;
    const struct suite_item *it;
    struct player *p;
    struct scn_plan *plan;
    struct play_run run;
    struct loop_child *child;
    struct suite_adapter *adapter; /* outlives the cases; NULL: the role has none, or no case was played yet */
    struct suite_exit exit;
    uint64_t began;
    uint64_t part_by; /* a peer that is being left: wait so long for it to let go, 0 */
    bool listens; /* on an address of its own */
};
struct suite_tcp {
    struct suite *s;
    struct loop *loop;
    struct net *net;
    struct slot slot[JOBS_MAX];
    size_t slots;
    bool wake;
    bool common_listener;
    bool deaf;          /* the case being played does not listen: the listener has to be set up again */
    char bound[64];
    size_t silent;      /* instances in a row that came to nothing */
    uint64_t heard_from; /* when the latest of the cases began in which octets of the peer came */
    bool closing;       /* the sanity case at the end is being played ... */
    bool dead;          /* ... and nothing came */
    char last_seen[96]; /* the case in which the peer last did something */
};

static bool is_proxy(const struct suite *s)
{
    return s->ctx.role->ways == RUN_PROXY;
}

/* Which of our ends wants a connection that came in? */
static struct endpoint *offer(struct slot *g, int *link)
{
    if (!g->p || g->p->stop) return NULL;
    /* a peer that connects comes to the first end, a proxy's next hop is the second; nothing else waits */
    int end = g->run.dial ? 1 : 0;
    if (g->run.dial && !is_proxy(g->t->s)) return NULL;
    if (g->p->e.link[end].state != LINK_IDLE) return NULL;
    *link = end;
    return &g->p->e;
}

static struct endpoint *give_common(void *ctx, int *link, bool *owned)
{
    struct suite_tcp *t = ctx;
    *owned = false;
    for (size_t i = 0; i < t->slots; i++) {
        struct endpoint *e = offer(&t->slot[i], link);
        if (e) return e;
    }
    return NULL;
}

static struct endpoint *give_slot(void *ctx, int *link, bool *owned)
{
    *owned = false;
    return offer(ctx, link);
}

err suite_tcp_new(struct suite *s, struct suite_tcp **out, char *why, size_t why_n)
{
    const struct suite_options *o = s->o;
    struct suite_tcp *t = mem_new(o->env->mem, sizeof *t);
    *out = NULL;
    if (!t) return ERR_MEM;
    t->s = s;
    err e = loop_new(o->env, &t->loop);
    if (e == OK) e = net_tcp_new(o->env, t->loop, &t->net);
    /* peers that we start can share no port of ours, unless each case takes one that is free */
    const char *at = s->ctx.role->adapter ? o->dns_listen : o->exec ? o->listen : NULL, *port = at ? strrchr(at, ':') : NULL;
    bool parallel = !is_proxy(s) && (o->connect || o->exec) && (!port || strcmp(port, ":0") == 0);
    t->slots = parallel && o->jobs > 1 ? o->jobs : 1;
    if (t->slots > JOBS_MAX) t->slots = JOBS_MAX;
    for (size_t i = 0; i < t->slots; i++)
        t->slot[i].t = t;
    const char *listen = is_proxy(s) ? o->next_hop : o->listen;
    if (e == OK && listen && !o->exec) {
        e = net_listen(t->net, listen, give_common, t, t->bound, sizeof t->bound, why, why_n);
        if (e == OK && is_proxy(s) && s->proto->bound) s->proto->bound(&s->ctx, t->bound);
        if (e == OK && o->listening) o->listening(o->ctx, t->bound);
        net_tcp_park(t->net, !is_proxy(s));
        t->common_listener = e == OK;
    }
    if (e != OK) {
        suite_tcp_free(t);
        return e;
    }
    *out = t;
    return OK;
}

/* An adapter ends when its input ends, unless the user will not wait. */
static void leave_adapters(struct suite_tcp *t)
{
    bool stand = !suite_interrupted(t->s);
    for (size_t i = 0; i < t->slots && stand; i++)
        suite_adapter_leave(t->slot[i].adapter);
    for (uint64_t until = t->loop ? loop_now(t->loop) + LEAVE_MS : 0; stand && t->loop && loop_now(t->loop) < until;) {
        stand = false;
        for (size_t i = 0; i < t->slots; i++)
            stand |= suite_adapter_stands(t->slot[i].adapter);
        if (stand) loop_run_until(t->loop, NULL, loop_now(t->loop) + PART_LOOK_MS);
    }
    for (size_t i = 0; i < t->slots; i++)
        suite_adapter_free(t->slot[i].adapter);
}

void suite_tcp_free(struct suite_tcp *t)
{
    if (!t) return;
    leave_adapters(t);
    net_free(t->net);
    loop_free(t->loop);
    mem_free(t->s->o->env->mem, t);
}

/* --- a peer that is started for us --------------------------------------------------------------------------------------- */

static void on_exited(void *ctx, int status, int signal)
{
    ((struct slot *)ctx)->exit = (struct suite_exit){true, status, signal};
}

static err start_child(struct slot *g, const char *address, char *why, size_t why_n)
{
    struct suite *s = g->t->s;
    static const struct loop_child_events child_events = {.exited = on_exited};
    const char *dir = identities_folder(s->ctx.identities, run_tls_client(s->ctx.role, true), why, why_n);
    char host[64];
    const char *colon = strrchr(address, ':');
    struct buf command;
    if (!dir || !colon) return ERR_SYS;
    snprintf(host, sizeof host, "%.*s", (int)(colon - address), address);
    const struct suite_word words[] = {{"{host}", host}, {"{port}", colon + 1}, {"{dir}", dir}, {NULL, NULL}};
    TRY(suite_command(s, words, &command));
    err e = loop_child_new(g->t->loop, buf_str(&command), false, s->o->quiet, &child_events, g, &g->child, why, why_n);
    buf_done(&command);
    return e;
}

/* Listening anew for each case makes sure that a straggler of the case before does not become the next one's peer. */
static err summon(struct slot *g, char *why, size_t why_n)
{
    char bound[64];
    const char *listen = g->t->s->o->listen ? g->t->s->o->listen : "127.0.0.1:0";
    TRY(net_listen(g->t->net, listen, give_slot, g, bound, sizeof bound, why, why_n));
    g->listens = true;
    return start_child(g, bound, why, why_n);
}

/* An adapter for each slot, and a name server of its own where there is one. */
static err have_adapter(struct slot *g, char *why, size_t why_n)
{
    struct suite *s = g->t->s;
    if (!s->ctx.role->adapter) return OK;
    if (!g->adapter) TRY(suite_adapter_new(s, g->t->loop, g->t->net, s->play.end_count > 1, &g->adapter, why, why_n));
    g->run.dns = suite_adapter_dns(g->adapter);
    return OK;
}

/* --- slots ------------------------------------------------------------------------------------------------------------------ */

static void clear_slot(struct slot *g)
{
    if (g->p && g->adapter) suite_adapter_take_back(g->adapter, g->p);
    if (g->p) net_remove(g->t->net, &g->p->e);
    if (g->listens) net_unlisten(g->t->net, give_slot, g);
    if (g->child) loop_child_free(g->child, CHILD_GRACE_MS);
    player_free(g->p);
    scn_plan_free(g->plan);
    *g = (struct slot){.t = g->t, .adapter = g->adapter};
}

static void deafen(void *ctx)
{
    struct suite_tcp *t = ctx;
    if (!t->common_listener || t->deaf) return;
    net_unlisten(t->net, give_common, t);
    t->deaf = true;
}

static err listen_again(struct suite_tcp *t, char *why, size_t why_n)
{
    char bound[64];
    if (!t->deaf) return OK;
    TRY(net_listen(t->net, t->bound, give_common, t, bound, sizeof bound, why, why_n));
    t->deaf = false;
    return OK;
}

static void report(struct suite_tcp *t, const struct suite_item *it)
{
    struct suite *s = t->s;
    const struct result *r = &s->out->r[it->result];
    if (r->instances < scn_instances(it->c)) return;
    s->done++;
    if (s->o->progress) s->o->progress(s->o->ctx, s->done, s->all, r);
}

static err start(struct suite_tcp *t, struct slot *g, const struct suite_item *it, char *why, size_t why_n)
{
    struct suite *s = t->s;
    g->it = it;
    g->run = s->play;
    g->run.split = it->split->how;
    g->run.seed = it->split->seed;
    g->run.dial = s->o->peer_connects ? NULL : s->o->connect;
    g->run.wake = &t->wake;
    g->run.deafen = deafen;
    g->run.deafen_ctx = t;
    TRY(listen_again(t, why, why_n));
    TRY(have_adapter(g, why, why_n));
    TRY(suite_player(s, it, &g->run, &g->plan, &g->p));
    if (!g->p) {
        report(t, it);
        g->plan = NULL;
        return OK;
    }
    g->began = net_now(t->net);
    t->dead = t->closing; /* until it is heard */
    g->p->born = g->began;
    err e = s->o->exec && !g->adapter ? summon(g, why, why_n) : OK;
    if (e == OK) e = net_add(t->net, &g->p->e, false);
    if (e == OK && g->adapter) e = suite_adapter_lend(g->adapter, g->p, it->result, why, why_n);
    if (e != OK) {
        clear_slot(g);
        return e;
    }
    g->p->e.ops->tick(&g->p->e, g->began);
    net_touch(t->net, &g->p->e);
    return OK;
}

/* Whether a peer that ended its connection is sound is told by how it ends itself, a moment later.  It may have closed its direction alone, and wait for ours. */
static bool still_exiting(struct slot *g, uint64_t now)
{
    /* the end of an adapter is the fault itself, and how it ended explains it */
    bool right = g->p->verdict == V_PASS || g->p->verdict == V_WEAK || g->adapter;
    if (!(g->child || g->adapter) || g->exit.done || !right || !g->p->e.link[0].in_ended) return false;
    if (!g->part_by) {
        g->part_by = now + EXIT_MS;
        g->p->e.link[0].fin = true;
        net_touch(g->t->net, &g->p->e);
    }
    return now < g->part_by;
}

/* A proxy is left in order, and waited for a moment: a connection that it still makes for this case must not become the next one's. */
static bool still_parting(struct slot *g, uint64_t now)
{
    if (!is_proxy(g->t->s)) return still_exiting(g, now);
    if (!g->part_by) {
        g->part_by = now + PART_MS;
        for (int i = 0; i < LINK_MAX; i++)
            g->p->e.link[i].fin = true;
        net_touch(g->t->net, &g->p->e);
    }
    bool over = true;
    for (int i = 0; i < LINK_MAX; i++)
        over &= g->p->e.link[i].state != LINK_UP || g->p->e.link[i].in_ended;
    return !over && now < g->part_by;
}

/* The signal of a crash, also when the shell reports it; 0: none. */
static int crash_of(const struct slot *g)
{
    static const int bad[] = {SIGSEGV, SIGABRT, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGSYS};
    int number = g->exit.signal ? g->exit.signal : g->exit.status - SHELL_SIGNAL;
    for (size_t i = 0; i < sizeof bad / sizeof *bad && g->exit.done; i++) {
        if (bad[i] == number) return number;
    }
    return 0;
}

void suite_exit_text(const struct suite_exit *x, const char *text, char *out, size_t n)
{
    int by = x->signal ? x->signal : x->status > SHELL_SIGNAL ? x->status - SHELL_SIGNAL : 0; /* the shell tells so of what it runs */
    const char *more = by ? "" : x->status == SHELL_NOT_FOUND ? ": there is no such command" : x->status == SHELL_NOT_RUN ? ": the command cannot be run" : "";
    if (x->done) snprintf(out, n, "%.299s (%s %d%s)", text, by ? "signal" : "status", by ? by : x->status, more);
    else snprintf(out, n, "%.299s", text);
}

/* What became of the command of --exec decides the case, or explains it. */
static void look_at_exit(struct slot *g, bool heard)
{
    struct player *p = g->p;
    char was[300];
    int crash = crash_of(g);
    bool ended = g->adapter && (g->exit.done || p->e.link[0].in_ended);
    snprintf(was, sizeof was, "%.299s", p->reason);
    if (crash && p->verdict != V_FAIL && p->verdict != V_ERROR) {
        p->verdict = V_FAIL;
        snprintf(p->reason, sizeof p->reason, "the peer crashed (signal %d)%s%s", crash, *was ? ": " : "", was);
    } else if (ended && (p->verdict == V_PASS || p->verdict == V_WEAK)) {
        p->verdict = V_FAIL;
        suite_exit_text(&g->exit, "the adapter ended behind its answer", p->reason, sizeof p->reason);
    } else if (ended) {
        suite_exit_text(&g->exit, was, p->reason, sizeof p->reason);
    } else if (g->exit.done && !heard && p->verdict == V_INCONC) {
        snprintf(p->reason, sizeof p->reason, "%s; the command of --exec had ended with %s %d", was, g->exit.signal ? "signal" : "status",
                 g->exit.signal ? g->exit.signal : g->exit.status);
    }
}

static bool was_heard(const struct player *p)
{
    for (size_t i = 0; i < p->rungs; i++) {
        if (p->rung[i].from_peer && p->rung[i].octets.n) return true;
    }
    return false;
}

static void reap(struct suite_tcp *t)
{
    uint64_t now = net_now(t->net);
    for (size_t i = 0; i < t->slots; i++) {
        struct slot *g = &t->slot[i];
        if (!g->p) continue;
        if (g->adapter) g->exit = *suite_adapter_exit(g->adapter);
        if (!g->p->stop && now > g->began + CASE_MAX_MS) play_inconc(g->p, "not finished after ten minutes");
        if (!g->p->stop || still_parting(g, now)) continue;
        const struct suite_item *it = g->it;
        bool heard = was_heard(g->p);
        if (heard && g->began > t->heard_from) t->heard_from = g->began;
        if (heard) t->dead = false;
        look_at_exit(g, heard);
        /* one that answers at once, though wrongly, costs no time: the case about just that answer is still to come */
        bool prompt = heard && now - g->began < t->s->o->timeout_ms;
        bool gone = crash_of(g) || (g->adapter && g->p->e.link[0].in_ended);
        if ((g->p->verdict == V_INCONC && !prompt) || (!heard && gone)) {
            t->silent++;
        } else if (g->p->verdict != V_ERROR) {
            t->silent = 0;
            if (heard) snprintf(t->last_seen, sizeof t->last_seen, "%s", t->s->out->r[it->result].id);
        }
        suite_collect(t->s, it, g->p, g->plan, (double)(now - g->began));
        t->s->out->r[it->result].ended = now;
        clear_slot(g);
        report(t, it);
    }
}

/* A peer that is dead or hangs would cost a timeout for each case that is left, and prove nothing. */
static bool gave_up(struct suite_tcp *t, const struct suite_item *it)
{
    char text[200];
    if (t->silent < SILENT_MAX) return false;
    snprintf(text, sizeof text, "not tried: the peer has been dead or silent since %s", t->last_seen[0] ? t->last_seen : "the beginning");
    suite_verdict(t->s, it, V_INCONC, text);
    report(t, it);
    return true;
}

/* The user will not wait: what is being played is left as it is. */
static void stop_all(struct suite_tcp *t, const struct suite_item *item, size_t n)
{
    for (size_t i = 0; i < t->slots; i++) {
        struct slot *g = &t->slot[i];
        if (!g->p) continue;
        suite_verdict(t->s, g->it, V_INCONC, SUITE_INTERRUPTED);
        clear_slot(g);
    }
    for (size_t i = 0; i < n; i++)
        suite_verdict(t->s, &item[i], V_INCONC, SUITE_INTERRUPTED);
}

void suite_tcp_closing(struct suite_tcp *t)
{
    t->silent = 0; /* however silent it has been: this tells whether it is dead */
    t->closing = true;
}

void suite_tcp_doubt(struct suite_tcp *t)
{
    struct suite *s = t->s;
    if (!t->dead) return;
    s->out->unfinished = s->o->exec && s->o->quiet ? "the peer was dead or silent at the end; --verbose shows what the command wrote to standard error"
                                                   : "the peer was dead or silent at the end";
    for (size_t i = 0; i < s->out->n; i++) {
        struct result *r = &s->out->r[i];
        if (r->verdict == V_PASS && r->ended && r->ended >= t->heard_from) suite_take_back(s, r, "passed, but the peer was not heard of again: it may have been dead, or have died here");
    }
}

err suite_run_tcp(struct suite_tcp *t, const struct suite_item *item, size_t n, char *why, size_t why_n)
{
    size_t next = 0, live = 1;
    while (live || next < n) {
        live = 0;
        t->wake = false;
        if (suite_interrupted(t->s)) {
            stop_all(t, &item[next], n - next);
            return OK;
        }
        for (size_t i = 0; i < t->slots; i++) {
            struct slot *g = &t->slot[i];
            while (!g->p && next < n) {
                if (gave_up(t, &item[next])) {
                    next++;
                    continue;
                }
                err e = start(t, g, &item[next], why, why_n);
                if (e != OK) return e;
                next++;
            }
            if (g->p) live++;
        }
        bool parting = false;
        for (size_t i = 0; i < t->slots; i++)
            parting |= t->slot[i].p && t->slot[i].part_by;
        if (live && !t->wake) net_run(t->net, &t->wake, net_now(t->net) + (parting ? 2 : 1000));
        reap(t);
    }
    return OK;
}
