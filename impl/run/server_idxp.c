/* SPDX-License-Identifier: MIT */
#include "run/server_idxp.h"

#include <stdio.h>
#include <string.h>

#include "io/loop.h"

enum { WHO_MAX = 600 };

struct idxp_server {
    struct server *s;
    const struct server_idxp_options *o;
    struct idxp_program program;
    struct idxp_peer_setup full;  /* of those that are too many: 421 */
    struct keeper keeper;
    struct loop_timer *timer;     /* of --every */
    uint64_t rounds;              /* an analyzer sends everything so many times on a connection that stood from the start */
    struct tunnel_server *tunnel; /* proxy */
};

static bool is_proxy(const struct server *s)
{
    return s->o->role->ways == RUN_PROXY;
}

static void on_line(void *ctx, const char *text)
{
    server_say(((struct idxp_server *)ctx)->s, text);
}

/* --- manager ------------------------------------------------------------------------------------------------------------------- */

static void on_kept(void *ctx, void *owner, uint64_t tag, bool kept)
{
    const struct idxp_server *x = ctx;
    struct idxp_peer *p = owner;
    idxp_peer_answer(p, tag, kept ? IDXP_STORED : 451, kept ? NULL : "it could not be stored", net_now(x->s->net));
    net_touch(x->s->net, idxp_peer_endpoint(p));
}

static uint16_t on_alert(void *ctx, struct idxp_peer *p, const struct idxp_alert *a)
{
    struct idxp_server *x = ctx;
    char who[WHO_MAX];
    if (!keeper_stores(&x->keeper)) return IDXP_STORED;
    if (x->s->leaving) return 0; /* neither stored nor answered: a refusal would make the analyzer drop it */
    const char *subject = a->who.subject && *a->who.subject ? a->who.subject : "";
    snprintf(who, sizeof who, "%.*s%s%s", (int)(a->who.uri.n < WHO_MAX ? a->who.uri.n : WHO_MAX), (const char *)a->who.uri.p, *subject ? " " : "", subject);
    struct store_record r = {.type = a->type, .body = a->body, .from = slice_str(who)};
    err e = keeper_add(&x->keeper, p, a->tag, &r);
    if (e == ERR_LIMIT) return 450; /* more is queued than the disk takes: the analyzer may try again */
    return e == OK ? 0 : 451;
}

/* --- analyzer ------------------------------------------------------------------------------------------------------------------ */

static bool next_item(void *ctx, struct idxp_peer *p, struct idxp_item *out, bool *end)
{
    const struct idxp_server *x = ctx;
    uintptr_t at = (uintptr_t)idxp_peer_user(p); /* how many were sent on this connection */
    (void)end; /* it stays */
    if (!x->o->alerts || at >= x->o->alerts * x->rounds) return false;
    const struct server_alert *a = &x->o->alert[at % x->o->alerts];
    *out = (struct idxp_item){.id = at + 1, .kind = server_idxp_kind(a->type), .body = a->body};
    idxp_peer_set_user(p, (void *)(at + 1));
    return true;
}

static void on_answered(void *ctx, struct idxp_peer *p, uint64_t id, uint16_t code, const char *text)
{
    const struct idxp_server *x = ctx;
    const struct server_alert *a = &x->o->alert[(id - 1) % x->o->alerts];
    char line[400];
    (void)p;
    if (code == IDXP_STORED || !x->s->o->verbose) return;
    snprintf(line, sizeof line, "%s: not acknowledged: %u %s", a->name ? a->name : "sample", (unsigned)code, code ? text : "no answer");
    server_say(x->s, line);
}

static void again(void *ctx)
{
    struct idxp_server *x = ctx;
    x->rounds++;
    for (size_t i = x->s->lives; i-- > 0 && !x->s->leaving;) {
        struct endpoint *e = x->s->live[i];
        if (e->link[0].state != LINK_UP) continue;
        idxp_peer_poke(idxp_peer_of(e), net_now(x->s->net));
        net_touch(x->s->net, e);
    }
    loop_timer_at(x->timer, loop_now(x->s->loop) + x->o->every_ms);
}

/* --- peers ------------------------------------------------------------------------------------------------------------------------ */

static void on_say(void *ctx, struct idxp_peer *p, const char *text)
{
    (void)p;
    server_say(((struct idxp_server *)ctx)->s, text);
}

static void on_gone(void *ctx, struct idxp_peer *p)
{
    struct idxp_server *x = ctx;
    keeper_forget(&x->keeper, p);
    server_gone(x->s, idxp_peer_endpoint(p), idxp_peer_ready(p) || track_beep_session(beep_peer_track(idxp_peer_beep(p))) != BEEP_SS_START);
}

static struct endpoint *make_peer(struct server *s)
{
    struct idxp_server *x = s->state;
    struct idxp_peer *p;
    if (x->tunnel) return tunnel_server_peer(x->tunnel);
    size_t most = x->o->max_sessions ? x->o->max_sessions : SERVER_SESSIONS;
    const struct idxp_peer_setup *setup = s->lives < most ? &x->program.setup : &x->full;
    if (idxp_peer_new(setup, s->o->connect != NULL, s->o->connect, &p) != OK) return NULL;
    /* what stands from the beginning gets every round; who comes later begins with the one that is under way */
    if (x->o->every_ms && x->rounds > 1) idxp_peer_set_user(p, (void *)(uintptr_t)((x->rounds - 1) * x->o->alerts));
    return idxp_peer_endpoint(p);
}

static void close_peer(struct server *s, struct endpoint *e, uint64_t now)
{
    (void)s;
    idxp_peer_close(idxp_peer_of(e), now);
}

/* --- life --------------------------------------------------------------------------------------------------------------------------- */

static err begin_endpoint(struct idxp_server *x, char *why, size_t why_n)
{
    const struct server_options *o = x->s->o;
    struct idxp_peer_setup *setup = &x->program.setup;
    const struct keeper_hooks hooks = {.ctx = x, .kept = on_kept, .say = on_line};
    TRY(idxp_program_init(&x->program, o, why, why_n));
    setup->linger = true;
    setup->hooks = (struct idxp_peer_hooks){.ctx = x, .gone = on_gone};
    if (o->verbose) setup->hooks.say = on_say;
    if (setup->analyzer) {
        setup->hooks.next = next_item;
        setup->hooks.answered = on_answered;
    } else {
        setup->hooks.alert = on_alert;
    }
    x->full = *setup;
    x->full.beep.unavailable = true;
    TRY(idxp_peer_prepare(setup));
    TRY(idxp_peer_prepare(&x->full));
    x->rounds = 1;
    if (x->o->every_ms && setup->analyzer) {
        TRY(loop_timer_new(x->s->loop, again, x, &x->timer)); /* freed with the loop */
        loop_timer_at(x->timer, loop_now(x->s->loop) + x->o->every_ms);
    }
    return x->o->store_dir ? keeper_open(&x->keeper, o->env, x->s->loop, x->o->store_dir, &hooks, why, why_n) : OK;
}

static err begin(struct server *s, char *why, size_t why_n)
{
    struct idxp_server *x = s->state;
    x->s = s;
    x->o = s->o->own;
    return is_proxy(s) ? tunnel_server_new(s, &x->tunnel, why, why_n) : begin_endpoint(x, why, why_n);
}

static void bound(struct server *s, const char *address)
{
    struct idxp_server *x = s->state;
    if (x->tunnel) tunnel_server_bound(x->tunnel, address);
}

static bool busy(struct server *s)
{
    const struct idxp_server *x = s->state;
    return keeper_busy(&x->keeper);
}

static void end(struct server *s)
{
    struct idxp_server *x = s->state;
    keeper_close(&x->keeper);
    tunnel_server_free(x->tunnel);
    idxp_program_done(&x->program);
}

const struct server_ops server_idxp = {
    .size = sizeof(struct idxp_server),
    .begin = begin,
    .bound = bound,
    .peer = make_peer,
    .close = close_peer,
    .busy = busy,
    .end = end,
};
