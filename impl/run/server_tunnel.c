/* SPDX-License-Identifier: MIT */
/* A proxy of TUNNEL as a program: names are looked up without blocking, and what only the sockets know (who is there, is that us) is told to the proxies. */
#include <stdio.h>
#include <string.h>

#include "io/loop.h"
#include "io/resolve.h"
#include "run/server_idxp.h"

enum { LOOKUP_MS = 5000 /* a name server that does not answer in that time will not */ };

struct lookup { /* one that a proxy waits for */
    struct lookup *next;
    struct tunnel_server *x;
    struct endpoint *e;
    tunnel_found done;
    void *who;
    struct resolve_job *job;
};
struct tunnel_server {
    struct server *s;
    const struct server_idxp_options *o;
    struct tunnel_proxy_setup proxy;
    struct beep_setup near;
    struct tunnel_house house;
    struct sasl_context *sasl, *hop_sasl;
    struct resolver *resolver; /* goes with the loop */
    struct lookup *lookups;
    struct endpoint **live;    /* all proxies: their connections are looked at for loops */
    size_t lives, cap;
    char bound[64], neighbour[64];
};

/* --- what only the sockets know ------------------------------------------------------------------------------------------------- */

static bool self_is(void *ctx, const char *to)
{
    const struct tunnel_server *x = ctx;
    return loop_addr_is_self(to, x->bound);
}

/* Does the connection come from this process?  Then somebody's chain leads through us and back. */
static bool ours(void *ctx, struct endpoint *e)
{
    const struct tunnel_server *x = ctx;
    char local[64], peer[64], mine[64], other[64];
    if (!net_tcp_ends(x->s->net, e, 0, local, peer)) return false;
    for (size_t i = 0; i < x->lives; i++) {
        for (int link = 1; link < LINK_MAX; link++) {
            if (net_tcp_ends(x->s->net, x->live[i], link, mine, other) && strcmp(mine, peer) == 0) return true;
        }
    }
    return false;
}

static const char *neighbour(void *ctx, struct endpoint *e)
{
    struct tunnel_server *x = ctx;
    char local[64];
    if (!net_tcp_ends(x->s->net, e, 0, local, x->neighbour)) return "";
    char *colon = strrchr(x->neighbour, ':');
    if (colon) *colon = 0;
    return x->neighbour;
}

static void allow(void *ctx, const struct tunnel_request *r, struct beep_refusal *no)
{
    const struct tunnel_server *x = ctx;
    if (x->o->access && r->to) no->code = tunnel_access_judge(x->o->access, r->identity, r->to, r->place, NULL);
}

/* --- names ------------------------------------------------------------------------------------------------------------------------ */

static void forget(struct lookup *l)
{
    struct tunnel_server *x = l->x;
    for (struct lookup **at = &x->lookups; *at; at = &(*at)->next) {
        if (*at != l) continue;
        *at = l->next;
        break;
    }
    mem_free(x->s->o->env->mem, l);
}

static void on_answer(void *ctx, const struct resolve_answer *a)
{
    struct lookup w = *(struct lookup *)ctx;
    struct tunnel_place place[TUNNEL_PLACES_MAX];
    size_t n = a->n < TUNNEL_PLACES_MAX ? a->n : TUNNEL_PLACES_MAX;
    for (size_t i = 0; i < n; i++)
        snprintf(place[i].to, sizeof place[i].to, "%s", a->at[i]);
    const char *reason = strstr(a->why, ": "); /* the name is told by the proxy */
    forget(ctx);
    w.done(w.who, place, n, reason ? reason + 2 : a->why, net_now(w.x->s->net));
    net_touch(w.x->s->net, w.e);
}

static err resolve(void *ctx, struct endpoint *e, const struct tunnel_query *q, tunnel_found done, void *who)
{
    struct tunnel_server *x = ctx;
    const char *dot = strchr(q->name, '.');
    const char *host = q->srv && dot ? strchr(dot + 1, '.') : NULL; /* behind the service and the protocol */
    char service[RESOLVE_NAME_MAX + 1];
    struct resolve_query rq = {q->name, NULL, q->port};
    if (q->srv) {
        if (!host || (size_t)(host - q->name) >= sizeof service) return ERR_USE;
        snprintf(service, sizeof service, "%.*s", (int)(host - q->name), q->name);
        rq = (struct resolve_query){host + 1, service, 0};
    }
    struct lookup *l = mem_new(x->s->o->env->mem, sizeof *l);
    if (!l) return ERR_MEM;
    *l = (struct lookup){.next = x->lookups, .x = x, .e = e, .done = done, .who = who};
    x->lookups = l;
    err r = resolve_ask(x->resolver, &rq, LOOKUP_MS, on_answer, l, &l->job);
    if (r != OK) forget(l);
    return r;
}

static void cancel(void *ctx, void *who)
{
    const struct tunnel_server *x = ctx;
    for (struct lookup *l = x->lookups; l; l = l->next) {
        if (l->who != who) continue;
        resolve_cancel(l->job);
        forget(l);
        return;
    }
}

/* --- life --------------------------------------------------------------------------------------------------------------------------- */

static void on_say(void *ctx, const char *text)
{
    server_say(((struct tunnel_server *)ctx)->s, text);
}

static void on_gone(void *ctx, struct endpoint *e)
{
    struct tunnel_server *x = ctx;
    for (size_t i = 0; i < x->lives; i++) {
        if (x->live[i] != e) continue;
        x->live[i] = x->live[--x->lives];
        return;
    }
}

err tunnel_server_new(struct server *s, struct tunnel_server **out, char *why, size_t why_n)
{
    const struct server_options *o = s->o;
    struct tunnel_server *x = mem_new(o->env->mem, sizeof *x);
    *out = x;
    if (!x) return ERR_MEM;
    x->s = s;
    x->o = o->own;
    TRY(idxp_program_sasl(o, false, &x->sasl, why, why_n));
    TRY(idxp_program_hop(o, &x->hop_sasl, why, why_n));
    TRY(resolve_new(s->loop, x->o->resolver, loop_now(s->loop), &x->resolver, why, why_n));
    x->near = (struct beep_setup){.env = o->env, .tls_server = o->tls, .sasl_server = x->sasl, .mux = beep_mux_usual, .idxp_mutant = o->mutant};
    x->proxy = (struct tunnel_proxy_setup){.env = o->env,
                                           .near = &x->near,
                                           .hop_sasl = x->hop_sasl,
                                           .hop_mechanism = x->o->hop_mechanism,
                                           .route = x->o->route,
                                           .routes = x->o->routes,
                                           .self = x->o->self,
                                           .selves = x->o->selves,
                                           .need_auth = !x->o->open,
                                           .routed_only = x->o->routed_only,
                                           .hops_max = x->o->hops,
                                           .house = &x->house,
                                           .mutant = o->mutant,
                                           .ctx = x,
                                           .allow = allow,
                                           .resolve = resolve,
                                           .cancel = cancel,
                                           .self_is = self_is,
                                           .ours = ours,
                                           .neighbour = neighbour,
                                           .say = o->verbose ? on_say : NULL,
                                           .gone = on_gone};
    return OK;
}

void tunnel_server_bound(struct tunnel_server *x, const char *address)
{
    snprintf(x->bound, sizeof x->bound, "%s", address);
}

struct endpoint *tunnel_server_peer(struct tunnel_server *x)
{
    struct endpoint *e;
    if (x->lives == x->cap) {
        size_t cap = x->cap ? 2 * x->cap : 64;
        struct endpoint **w = mem_resize(x->s->o->env->mem, x->live, cap * sizeof *w);
        if (!w) return NULL;
        x->live = w;
        x->cap = cap;
    }
    if (tunnel_proxy_new(&x->proxy, &e) != OK) return NULL;
    x->live[x->lives++] = e;
    return e;
}

void tunnel_server_free(struct tunnel_server *x)
{
    if (!x) return;
    const struct mem *m = x->s->o->env->mem;
    sasl_context_free(x->sasl);
    sasl_context_free(x->hop_sasl);
    mem_free(m, x->live);
    mem_free(m, x);
}
