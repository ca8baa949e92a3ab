/* SPDX-License-Identifier: MIT */
#include "run/server_iap.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "io/loop.h"
#include "run/keeper.h"

struct iap_server {
    struct server *s;
    const struct server_iap_options *o;
    struct iap_setup peer;
    struct iap_proxy_setup proxy;
    char identity[300];
    struct keeper keeper;
};

/* --- the store ------------------------------------------------------------------------------------------------------------- */

static void on_kept(void *ctx, void *owner, uint64_t tag, bool kept)
{
    const struct iap_server *x = ctx;
    struct iap_peer *p = owner;
    (void)tag; /* it answers in order */
    iap_peer_answer(p, kept ? 200 : 500, net_now(x->s->net));
    net_touch(x->s->net, &p->e);
}

static void on_line(void *ctx, const char *text)
{
    server_say(((struct iap_server *)ctx)->s, text);
}

static uint16_t on_alert(void *ctx, struct iap_peer *p, const struct iap_alert *a)
{
    struct iap_server *x = ctx;
    struct tls_info info = {0};
    if (!keeper_stores(&x->keeper)) return 200;
    if (x->s->leaving) return 0; /* neither stored nor answered: a refusal would make the analyzer drop it */
    if (p->c.tls) tls_info_of(p->c.tls, &info);
    struct store_record r = {.type = a->type, .body = a->body, .from = slice_str(info.peer_subject && *info.peer_subject ? info.peer_subject : "-")};
    err e = keeper_add(&x->keeper, p, 0, &r);
    if (e == ERR_LIMIT) return 503; /* more is queued than the disk takes: the analyzer may try again */
    return e == OK ? 0 : 500;
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

static void on_gone(void *ctx, struct iap_peer *p)
{
    struct iap_server *x = ctx;
    keeper_forget(&x->keeper, p);
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
                                        .say = o->verbose ? on_line : NULL,
                                        .ctx = x};
    const struct keeper_hooks hooks = {.ctx = x, .kept = on_kept, .say = on_line};
    return x->o->store_dir ? keeper_open(&x->keeper, o->env, s->loop, x->o->store_dir, &hooks, why, why_n) : OK;
}

static bool busy(struct server *s)
{
    return keeper_busy(&((const struct iap_server *)s->state)->keeper);
}

static void end(struct server *s)
{
    keeper_close(&((struct iap_server *)s->state)->keeper);
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
