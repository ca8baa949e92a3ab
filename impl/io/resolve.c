/* SPDX-License-Identifier: MIT */
#include "io/resolve.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "io/unbound_ctx.h"

enum { TYPE_A = 1, TYPE_AAAA = 28, TYPE_SRV = 33 };
enum { FAMILIES = 2 };
static const int family_types[FAMILIES] = {TYPE_A, TYPE_AAAA};

struct ask { /* one question to libunbound */
    struct resolve_job *job;
    int id, type;
    bool open;
};
struct host { /* one target and its addresses */
    struct resolve_target t;
    struct ask ask[FAMILIES];
    char at[FAMILIES][RESOLVE_PER_HOST][64];
    size_t n[FAMILIES];
};
struct resolve_job {
    struct resolver *r;
    struct resolve_job *prev, *next;
    resolve_done done;
    void *ctx;
    struct loop_timer *timer;
    struct resolve_query q; /* its texts stand behind */
    char name[RESOLVE_NAME_MAX + 1], srv[RESOLVE_NAME_MAX + 1];
    struct ask service;
    struct host host[RESOLVE_TARGETS];
    size_t hosts;
    bool ready;             /* answer is whole, and told at the next turn */
    bool failed;            /* some question got no answer, which is not the same as the answer that there is nothing */
    struct resolve_answer answer;
};
struct resolver {
    struct unbound_ctx c; /* first */
    struct resolve_job *jobs;
    size_t count;
    struct rng rng;
};

/* --- texts and records ----------------------------------------------------------------------------------------------------- */

/* A name as labels, never compressed here (RFC 2782), to text.  Octets that would change what the text says make it no name. */
static bool read_name(slice s, char *out)
{
    size_t at = 0, n = 0;
    while (at < s.n && s.p[at]) {
        size_t len = s.p[at++];
        if (len > 63 || len > s.n - at || n + len + 1 > RESOLVE_NAME_MAX) return false;
        if (n) out[n++] = '.';
        for (size_t i = 0; i < len; i++) {
            uint8_t c = s.p[at + i];
            if (c <= ' ' || c >= 127 || c == '.' || c == '\\') return false;
            out[n++] = (char)c;
        }
        at += len;
    }
    out[n] = 0;
    return at + 1 == s.n;
}

bool resolve_read_srv(slice r, struct resolve_target *out)
{
    if (r.n < 7) return false;
    *out = (struct resolve_target){.priority = (uint16_t)(r.p[0] << 8 | r.p[1]), .weight = (uint16_t)(r.p[2] << 8 | r.p[3]), .port = (uint16_t)(r.p[4] << 8 | r.p[5])};
    return read_name(slice_sub(r, 6, r.n), out->host);
}

static void swap(struct resolve_target *a, struct resolve_target *b)
{
    struct resolve_target t = *a;
    *a = *b;
    *b = t;
}

/* Those of weight 0 stand first, so that they have a small chance beside the others. */
static bool before(const struct resolve_target *a, const struct resolve_target *b)
{
    if (a->priority != b->priority) return a->priority < b->priority;
    return a->weight == 0 && b->weight != 0;
}

void resolve_order(struct resolve_target *t, size_t n, struct rng *r)
{
    for (size_t i = 1; i < n; i++) {
        for (size_t k = i; k && before(&t[k], &t[k - 1]); k--)
            swap(&t[k], &t[k - 1]);
    }
    for (size_t i = 0; i < n; i++) {
        uint64_t sum = 0, at = 0;
        size_t end = i, k = i;
        for (; end < n && t[end].priority == t[i].priority; end++)
            sum += t[end].weight;
        uint64_t drawn = rng_below(r, sum + 1);
        while (k + 1 < end && (at += t[k].weight) < drawn)
            k++;
        for (; k > i; k--) /* the others keep their order */
            swap(&t[k], &t[k - 1]);
    }
}

/* --- a job ------------------------------------------------------------------------------------------------------------------ */

static void cancel_ask(struct ask *a)
{
    if (a->open) ub_cancel(a->job->r->c.ub, a->id);
    a->open = false;
}

static void cancel_all(struct resolve_job *j)
{
    cancel_ask(&j->service);
    for (size_t i = 0; i < j->hosts; i++) {
        for (size_t f = 0; f < FAMILIES; f++)
            cancel_ask(&j->host[i].ask[f]);
    }
}

void resolve_cancel(struct resolve_job *j)
{
    cancel_all(j);
    if (j->prev) j->prev->next = j->next;
    else j->r->jobs = j->next;
    if (j->next) j->next->prev = j->prev;
    j->r->count--;
    loop_timer_free(j->timer);
    mem_free(j->r->c.o.l->env.mem, j);
}

static void tell(struct resolve_job *j)
{
    struct resolve_answer a = j->answer;
    resolve_done done = j->done;
    void *ctx = j->ctx;
    resolve_cancel(j);
    done(ctx, &a);
}

/* Not from here: whoever asked may still be asking, and libunbound may stand above us. */
static void finish(struct resolve_job *j, const char *why)
{
    cancel_all(j);
    j->ready = true;
    if (!j->answer.n)
        snprintf(j->answer.why, sizeof j->answer.why, "%.40s%s%.60s: %s", j->q.srv ? j->srv : "", j->q.srv ? "." : "", j->name, why);
    loop_timer_at(j->timer, loop_now(j->r->c.o.l));
}

static void collect(struct resolve_job *j, const char *why)
{
    struct resolve_answer *a = &j->answer;
    for (size_t i = 0; i < j->hosts; i++) {
        for (size_t f = 0; f < FAMILIES; f++) {
            for (size_t k = 0; k < j->host[i].n[f] && a->n < RESOLVE_ANSWERS; k++)
                memcpy(a->at[a->n++], j->host[i].at[f][k], sizeof a->at[0]);
        }
    }
    finish(j, why);
}

/* What came until the deadline is better than nothing. */
static void on_timer(void *ctx)
{
    struct resolve_job *j = ctx;
    if (j->ready) tell(j);
    else collect(j, "no answer from the name server in time");
}

static void gather(struct resolve_job *j)
{
    for (size_t i = 0; i < j->hosts; i++) {
        for (size_t f = 0; f < FAMILIES; f++) {
            if (j->host[i].ask[f].open) return;
        }
    }
    collect(j, j->failed ? "the name server gave no answer" : "there is no such host");
}

static void on_address(void *ctx, int ub_err, struct ub_result *res)
{
    struct ask *a = ctx;
    struct resolve_job *j = a->job;
    size_t f = a->type == TYPE_AAAA;
    struct host *h = NULL;
    a->open = false;
    for (size_t i = 0; i < j->hosts; i++) {
        if (&j->host[i].ask[f] == a) h = &j->host[i];
    }
    /* 3: no such name, which is an answer */
    if (ub_err || !res || (!res->havedata && res->rcode != 0 && res->rcode != 3)) j->failed = true;
    for (size_t i = 0; h && !ub_err && res && res->havedata && res->data[i] && h->n[f] < RESOLVE_PER_HOST; i++) {
        char text[INET6_ADDRSTRLEN];
        if (res->len[i] != (f ? 16 : 4) || !inet_ntop(f ? AF_INET6 : AF_INET, res->data[i], text, sizeof text)) continue;
        snprintf(h->at[f][h->n[f]++], sizeof h->at[f][0], f ? "[%s]:%u" : "%s:%u", text, (unsigned)h->t.port);
    }
    if (res) ub_resolve_free(res);
    gather(j);
}

static bool ask(struct ask *a, struct resolve_job *j, const char *name, int type, ub_callback_type cb)
{
    *a = (struct ask){.job = j, .type = type};
    a->open = ub_resolve_async(j->r->c.ub, name, type, UNBOUND_CTX_CLASS, a, cb, &a->id) == 0;
    if (!a->open) j->failed = true;
    return a->open;
}

/* The addresses of all targets at once; their order is that of the targets. */
static void ask_hosts(struct resolve_job *j)
{
    bool waits = false;
    for (size_t i = 0; i < j->hosts; i++) {
        struct host *h = &j->host[i];
        if (unbound_ctx_literal(h->t.host, h->t.port, h->at[0][0], sizeof h->at[0][0])) { /* no name (RFC 2782 wants one), but clear */
            h->n[0] = 1;
            continue;
        }
        for (size_t f = 0; f < FAMILIES; f++)
            waits |= ask(&h->ask[f], j, h->t.host, family_types[f], on_address);
    }
    if (!waits) gather(j);
}

static void fall_back(struct resolve_job *j, const char *why)
{
    if (!j->q.port) {
        finish(j, why);
        return;
    }
    j->host[0].t = (struct resolve_target){.port = j->q.port};
    snprintf(j->host[0].t.host, sizeof j->host[0].t.host, "%s", j->name);
    j->hosts = 1;
    ask_hosts(j);
}

/* More records than we look at: the best of them are kept, whatever their order was. */
static size_t read_targets(struct resolve_job *j, const struct ub_result *res, struct resolve_target *t, bool *refused)
{
    size_t n = 0;
    for (size_t i = 0; res->data[i]; i++) {
        struct resolve_target one;
        if (res->len[i] < 0 || !resolve_read_srv(slice_of(res->data[i], (size_t)res->len[i]), &one)) continue;
        if (!one.host[0] || !one.port) {
            *refused |= !one.host[0];
            continue;
        }
        if (n < 2 * RESOLVE_TARGETS) {
            t[n++] = one;
            continue;
        }
        size_t worst = 0;
        for (size_t k = 1; k < n; k++) {
            if (t[k].priority > t[worst].priority) worst = k;
        }
        if (one.priority < t[worst].priority) t[worst] = one;
    }
    resolve_order(t, n, &j->r->rng);
    return n < RESOLVE_TARGETS ? n : RESOLVE_TARGETS;
}

static void on_service(void *ctx, int ub_err, struct ub_result *res)
{
    struct ask *a = ctx;
    struct resolve_job *j = a->job;
    struct resolve_target t[2 * RESOLVE_TARGETS];
    bool refused = false;
    size_t n = 0;
    bool answered = !ub_err && res && (res->havedata || res->rcode == 0 || res->rcode == 3);
    a->open = false;
    if (answered && res->havedata) n = read_targets(j, res, t, &refused);
    if (res) ub_resolve_free(res);
    if (!n && refused) {
        finish(j, "the host says that it has no such service");
        return;
    }
    if (!n) {
        fall_back(j, answered ? "there is no such service" : "the name server gave no answer");
        return;
    }
    for (size_t i = 0; i < n; i++)
        j->host[i].t = t[i];
    j->hosts = n;
    ask_hosts(j);
}

static bool fits(const char *text)
{
    return text && *text && strlen(text) <= RESOLVE_NAME_MAX;
}

static void start(struct resolve_job *j)
{
    char service[2 * RESOLVE_NAME_MAX + 2];
    if (unbound_ctx_literal(j->name, j->q.port, j->answer.at[0], sizeof j->answer.at[0]) && !j->q.srv) {
        j->answer.n = 1;
        finish(j, "");
        return;
    }
    if (!j->q.srv) {
        fall_back(j, "which port?");
        return;
    }
    snprintf(service, sizeof service, "%s.%s", j->srv, j->name);
    if (!ask(&j->service, j, service, TYPE_SRV, on_service)) fall_back(j, "that is no name of a service");
}

err resolve_ask(struct resolver *r, const struct resolve_query *q, uint32_t timeout_ms, resolve_done done, void *ctx, struct resolve_job **out)
{
    const struct mem *m = r->c.o.l->env.mem;
    *out = NULL;
    if (!fits(q->host) || (q->srv && !fits(q->srv)) || (!q->srv && !q->port)) return ERR_USE;
    if (r->count == RESOLVE_JOBS) return ERR_LIMIT;
    struct resolve_job *j = mem_new(m, sizeof *j);
    if (!j) return ERR_MEM;
    j->r = r;
    j->done = done;
    j->ctx = ctx;
    snprintf(j->name, sizeof j->name, "%s", q->host);
    snprintf(j->srv, sizeof j->srv, "%s", q->srv ? q->srv : "");
    j->q = (struct resolve_query){j->name, q->srv ? j->srv : NULL, q->port};
    err e = loop_timer_new(r->c.o.l, on_timer, j, &j->timer);
    if (e != OK) {
        mem_free(m, j);
        return e;
    }
    j->next = r->jobs;
    if (j->next) j->next->prev = j;
    r->jobs = j;
    r->count++;
    loop_timer_at(j->timer, loop_now(r->c.o.l) + timeout_ms);
    start(j);
    *out = j;
    return OK;
}

/* --- the resolver ----------------------------------------------------------------------------------------------------------- */

static void drop(struct loop_obj *o)
{
    struct resolver *r = (struct resolver *)o;
    while (r->jobs)
        resolve_cancel(r->jobs);
    unbound_ctx_close(&r->c);
}

void resolve_free(struct resolver *r)
{
    if (r) drop(&r->c.o);
}

err resolve_new(struct loop *l, const char *server, uint64_t seed, struct resolver **out, char *why, size_t why_n)
{
    /* No answers are validated: what is reached is checked by TLS, and a place without keys of the root has to work too. */
    static const struct unbound_ctx_option option = {"module-config:", "iterator"};
    const struct unbound_ctx_use use = {.option = &option, .options = 1, .server = &server, .servers = server ? 1 : 0};
    *out = NULL;
    if (l->freeing) return ERR_USE;
    struct resolver *r = mem_new(l->env.mem, sizeof *r);
    if (!r) return ERR_MEM;
    err e = unbound_ctx_open(l, &use, drop, &r->c, why, why_n);
    if (e != OK) {
        mem_free(l->env.mem, r);
        return e;
    }
    rng_init(&r->rng, seed);
    *out = r;
    return OK;
}
