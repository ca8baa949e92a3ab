/* SPDX-License-Identifier: MIT */
#include "run/server_beep.h"

#include "io/loop.h"
#include "peer/mutate_beep.h"
#include "run/proto_beep.h"
#include "run/talk_beep.h"

enum { EVERY_MS = 1000 };

struct beep_server {
    struct server *s;
    const struct server_beep_options *o;
    struct beep_setup setup;
    struct talk_beep talk;
    struct beep_profile further;
    const struct beep_profile *offered[3];
    struct sasl_context *sasl;
    struct loop_timer *timer; /* of the next message */
};

static bool initiates(const struct beep_server *x)
{
    return x->s->o->role->id == TEST_BEEP_INITIATOR;
}

/* --- hooks ------------------------------------------------------------------------------------------------------------------ */

static void on_greeted(void *ctx, struct beep_peer *p, uint64_t now)
{
    struct beep_server *x = ctx;
    if (initiates(x) && !x->s->leaving) talk_beep_begin(&x->talk, p, now);
}

static void on_say(void *ctx, struct beep_peer *p, const char *text)
{
    (void)p;
    server_say(((struct beep_server *)ctx)->s, text);
}

static void on_gone(void *ctx, struct beep_peer *p)
{
    const struct beep_server *x = ctx;
    server_gone(x->s, beep_peer_endpoint(p), track_beep_session(beep_peer_track(p)) != BEEP_SS_START);
}

/* The release was declined: we are told to stop all the same. */
static void on_declined(void *ctx, struct beep_peer *p, uint32_t channel, const struct beep_refusal *no, uint64_t now)
{
    const struct beep_server *x = ctx;
    (void)no;
    if (!channel && x->s->leaving) beep_peer_abort(p, now);
}

static void now_and_then(void *ctx)
{
    struct beep_server *x = ctx;
    uint64_t every = x->o->every_ms ? x->o->every_ms : EVERY_MS;
    for (size_t i = 0; i < x->s->lives && !x->s->leaving; i++) {
        struct endpoint *e = x->s->live[i];
        if (e->link[0].state != LINK_UP) continue;
        talk_beep_more(&x->talk, (struct beep_peer *)e, net_now(x->s->net));
        net_touch(x->s->net, e);
    }
    loop_timer_at(x->timer, loop_now(x->s->loop) + every);
}

/* --- life ------------------------------------------------------------------------------------------------------------------- */

static err make_sasl(struct beep_server *x, char *why, size_t why_n)
{
    const struct server_beep_options *o = x->o;
    bool client = initiates(x);
    if (client && !o->mechanism) return OK;
    const struct sasl_user *who = client && sasl_users_count(o->users) ? sasl_users_at(o->users, 0) : NULL;
    struct sasl_options so = {.side = client ? SASL_CLIENT : SASL_SERVER,
                              .service = client ? beep_mutant_service(x->s->o->mutant) : NULL,
                              .qop = client ? SASL_QOP_AUTH : SASL_QOP_ANY,
                              .offered = SASL_ALL,
                              .users = client ? NULL : o->users,
                              .user = who ? who->name : NULL,
                              .password = who ? who->password : NULL};
    /* nobody has a password: what needs one is not offered */
    if (!client && !o->users) so.offered = SASL_BIT(SASL_ANONYMOUS) | SASL_BIT(SASL_EXTERNAL);
    return sasl_context_new(x->s->o->env, &so, &x->sasl, why, why_n);
}

static err begin(struct server *s, char *why, size_t why_n)
{
    struct beep_server *x = s->state;
    const struct server_options *o = s->o;
    x->s = s;
    x->o = o->own;
    bool client = initiates(x);
    size_t n = 0;
    if (x->o->profile) {
        x->further = beep_echo;
        x->further.uri = x->o->profile;
        x->offered[n++] = &x->further;
    }
    x->offered[n++] = &beep_echo;
    x->offered[n++] = &beep_many;
    talk_beep_init(&x->talk, x->o->profile);
    TRY(make_sasl(x, why, why_n));
    x->setup = (struct beep_setup){.env = o->env,
                                   .profile = x->offered,
                                   .profiles = n,
                                   .tls_server = client ? x->o->tls_server : o->tls,
                                   .tls_client = client ? o->tls : NULL,
                                   .want_tls = x->o->want_tls,
                                   .sasl_server = client ? NULL : x->sasl,
                                   .sasl_client = client ? x->sasl : NULL,
                                   .sasl_mechanism = x->o->mechanism,
                                   .bare = x->o->bare,
                                   .need_tls = x->o->need_tls,
                                   .need_auth = x->o->need_auth,
                                   .unavailable = x->o->unavailable,
                                   .server_name = x->o->server_name,
                                   .mux = beep_mux_usual,
                                   .mutant = o->mutant,
                                   .hooks = {.ctx = x, .greeted = on_greeted, .declined = on_declined, .gone = on_gone}};
    if (x->o->window) x->setup.mux.window = x->o->window;
    if (x->o->frame) x->setup.mux.frame_max = x->o->frame;
    if (o->verbose) x->setup.hooks.say = on_say;
    if (!client) return OK;
    TRY(loop_timer_new(s->loop, now_and_then, x, &x->timer)); /* freed with the loop */
    now_and_then(x);
    return OK;
}

static struct endpoint *make_peer(struct server *s)
{
    const struct beep_server *x = s->state;
    struct beep_peer *p;
    return beep_peer_new(&x->setup, s->o->connect != NULL, s->o->connect, &p) == OK ? beep_peer_endpoint(p) : NULL;
}

static void close_peer(struct server *s, struct endpoint *e, uint64_t now)
{
    struct beep_peer *p = (struct beep_peer *)e;
    (void)s;
    if (beep_peer_close(p, 0, now) != OK) beep_peer_abort(p, now); /* before the greetings, or while tuning */
}

static void end(struct server *s)
{
    sasl_context_free(((struct beep_server *)s->state)->sasl);
}

const struct server_ops server_beep = {
    .size = sizeof(struct beep_server),
    .begin = begin,
    .peer = make_peer,
    .close = close_peer,
    .end = end,
};
