/* SPDX-License-Identifier: MIT */
#include "io/lookup.h"

#include <stdio.h>
#include <string.h>

#include "io/unbound_ctx.h"

struct lookup_job {
    struct lookup *k;
    struct lookup_job *prev, *next;
    lookup_done done;
    void *ctx;
    struct loop_timer *timer;
    uint64_t began;
    int id;
    bool open;       /* libunbound has it */
    const char *why; /* why it never had; static */
    char name[];
};
struct lookup {
    struct unbound_ctx c; /* first */
    struct lookup_job *jobs;
    size_t count;
};

void lookup_cancel(struct lookup_job *j)
{
    if (j->open) ub_cancel(j->k->c.ub, j->id);
    if (j->prev)
        j->prev->next = j->next;
    else
        j->k->jobs = j->next;
    if (j->next) j->next->prev = j->prev;
    j->k->count--;
    loop_timer_free(j->timer);
    mem_free(j->k->c.o.l->env.mem, j);
}

static void tell(struct lookup_job *j, struct lookup_answer *a)
{
    lookup_done done = j->done;
    void *ctx = j->ctx;
    a->ms = (uint32_t)(loop_now(j->k->c.o.l) - j->began);
    lookup_cancel(j); /* the name goes with it: a->canonical is not of the job */
    done(ctx, a);
}

static void on_timer(void *ctx)
{
    struct lookup_job *j = ctx;
    struct lookup_answer a = {
        .end = j->why ? LOOKUP_FAILED : LOOKUP_TIMEOUT, .why = j->why ? j->why : "", .canonical = ""};
    tell(j, &a);
}

static size_t records(const struct ub_result *res)
{
    size_t n = 0;
    while (n < LOOKUP_RECORDS && res->havedata && res->data[n])
        n++;
    return n;
}

static void on_answer(void *ctx, int ub_err, struct ub_result *res)
{
    struct lookup_job *j = ctx;
    const struct mem *m = j->k->c.o.l->env.mem;
    struct lookup_answer a = {.end = LOOKUP_ANSWERED, .why = "", .canonical = ""};
    slice *rdata = NULL;
    j->open = false;
    if (ub_err || !res) {
        a.end = LOOKUP_FAILED;
        a.why = ub_strerror(ub_err);
        tell(j, &a);
        return;
    }
    a.n = records(res);
    if (a.n) rdata = mem_new(m, a.n * sizeof *rdata);
    for (size_t i = 0; rdata && i < a.n; i++)
        rdata[i] = slice_of(res->data[i], res->len[i] > 0 ? (size_t)res->len[i] : 0);
    a.rcode = (unsigned)res->rcode;
    if (a.n && !rdata) { /* an answer with less in it than there was would be a lie */
        a.end = LOOKUP_FAILED;
        a.why = "out of memory";
        a.n = 0;
    }
    a.rdata = rdata;
    a.data = a.n != 0;
    a.secure = res->secure != 0;
    a.bogus = res->bogus != 0;
    if (a.bogus && res->why_bogus) a.why = res->why_bogus;
    a.ttl = res->ttl > 0 ? (uint32_t)res->ttl : 0;
    a.canonical = res->canonname ? res->canonname : res->qname ? res->qname : "";
    if (res->answer_packet && res->answer_len > 0)
        a.packet = slice_of(res->answer_packet, (size_t)res->answer_len);
    tell(j, &a);
    mem_free(m, rdata);
    ub_resolve_free(res);
}

err lookup_ask(struct lookup *k, const char *name, uint16_t type, uint32_t timeout_ms, lookup_done done,
               void *ctx, struct lookup_job **out)
{
    struct loop *l = k->c.o.l;
    size_t n = name ? strlen(name) : 0;
    if (out) *out = NULL;
    if (!n || n > LOOKUP_NAME_MAX) return ERR_USE;
    if (k->count == LOOKUP_JOBS) return ERR_LIMIT;
    struct lookup_job *j = mem_new(l->env.mem, sizeof *j + n + 1);
    if (!j) return ERR_MEM;
    j->k = k;
    j->done = done;
    j->ctx = ctx;
    j->began = loop_now(l);
    memcpy(j->name, name, n + 1);
    err e = loop_timer_new(l, on_timer, j, &j->timer);
    if (e != OK) {
        mem_free(l->env.mem, j);
        return e;
    }
    j->next = k->jobs;
    if (j->next) j->next->prev = j;
    k->jobs = j;
    k->count++;
    int got = ub_resolve_async(k->c.ub, j->name, type, UNBOUND_CTX_CLASS, j, on_answer, &j->id);
    j->open = got == 0;
    if (got != 0) j->why = ub_strerror(got);
    loop_timer_at(j->timer, j->began + (got == 0 ? timeout_ms : 0));
    if (out) *out = j;
    return OK;
}

static void drop(struct loop_obj *o)
{
    struct lookup *k = (struct lookup *)o;
    while (k->jobs)
        lookup_cancel(k->jobs);
    unbound_ctx_close(&k->c);
}

void lookup_free(struct lookup *k)
{
    if (k) drop(&k->c.o);
}

err lookup_new(struct loop *l, const struct lookup_use *use, struct lookup **out, char *why, size_t why_n)
{
    char octets[8];
    snprintf(octets, sizeof octets, "%u", use->octets ? (unsigned)use->octets : 1232u);
    const struct unbound_ctx_option option[] = {
        {"module-config:", use->anchors ? "validator iterator" : "iterator"},
        {"unblock-lan-zones:",
         "yes"}, /* reverse names of private and of documentation addresses are as good as any */
        {"qname-minimisation:",
         "no"}, /* masters and forwarders are asked what was to be asked, and nothing else */
        {"num-queries-per-thread:", "4096"}, /* behind that they wait for each other */
        {"outgoing-range:", "512"},
        {"outgoing-num-tcp:", "64"},
        {"tcp-upstream:", use->tcp ? "yes" : "no"},
        {"edns-buffer-size:", octets},
    };
    const struct unbound_ctx_use ctx = {option,      sizeof option / sizeof *option,
                                        use->server, use->servers,
                                        use->zone,   use->zones,
                                        use->anchor, use->anchors};
    *out = NULL;
    if (l->freeing || use->servers > LOOKUP_SERVERS || (use->zones && !use->servers)) return ERR_USE;
    struct lookup *k = mem_new(l->env.mem, sizeof *k);
    if (!k) return ERR_MEM;
    err e = unbound_ctx_open(l, &ctx, drop, &k->c, why, why_n);
    if (e != OK) {
        mem_free(l->env.mem, k);
        return e;
    }
    *out = k;
    /* The first question makes libunbound read what it was told, which is better known now. */
    int got = ub_ctx_zone_remove(k->c.ub, "127.in-addr.arpa.");
    if (got == 0) return OK;
    loop_say(OK, why, why_n,
             use->anchors ? "the trust anchors cannot be read: %s" : "the resolver cannot be set up: %s",
             ub_strerror(got));
    lookup_free(k);
    *out = NULL;
    return use->anchors ? ERR_USE : ERR_SYS;
}
