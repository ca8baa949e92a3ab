/* SPDX-License-Identifier: MIT */
#include "run/sender.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "io/loop.h"
#include "run/net.h"

struct sender {
    const struct sender_options *o;
    void *state;
    struct loop *loop;
    struct net *net;
    struct sender_result *out;
    uint64_t next, answered; /* of out->all */
    size_t live;
    bool stop;
    uint64_t progress_at;
    char why[300];
};

/* --- for protocols --------------------------------------------------------------------------------------------------------- */

const struct sender_options *sender_options(const struct sender *s)
{
    return s->o;
}

void *sender_state(struct sender *s)
{
    return s->state;
}

struct net *sender_net(const struct sender *s)
{
    return s->net;
}

static const struct server_alert *alert_of(const struct sender *s, uint64_t n)
{
    return &s->o->alert[n % s->o->alerts];
}

const struct server_alert *sender_next(struct sender *s, uint64_t *id)
{
    if (s->next == s->out->all) return NULL;
    *id = s->next++;
    return alert_of(s, *id);
}

void sender_answered(struct sender *s, uint64_t id, bool fine, uint16_t code, const char *text)
{
    if (s->net) s->progress_at = net_now(s->net);
    s->answered++;
    if (fine) s->out->acknowledged++;
    else {
        if (code) s->out->rejected++;
        else s->out->unanswered++;
        if (s->o->refused) s->o->refused(s->o->peer.ctx, alert_of(s, id), code, text);
    }
    if (s->o->progress) s->o->progress(s->o->peer.ctx, s->out->acknowledged, s->out->all);
}

void sender_say(struct sender *s, const char *text)
{
    snprintf(s->why, sizeof s->why, "%s", text);
    if (s->o->peer.verbose && s->o->peer.say) s->o->peer.say(s->o->peer.ctx, text);
}

void sender_gone(struct sender *s)
{
    if (--s->live == 0 && (s->o->peer.connect || s->answered == s->out->all)) s->stop = true;
}

/* --- one delivery ------------------------------------------------------------------------------------------------------------- */

static struct endpoint *make(struct sender *s)
{
    struct endpoint *e = s->o->ops->peer(s);
    if (e) s->live++;
    return e;
}

static struct endpoint *accept_peer(void *ctx, int *link, bool *owned)
{
    *link = 0;
    *owned = true;
    return make(ctx);
}

static void on_signal(void *ctx)
{
    struct sender *s = ctx;
    snprintf(s->why, sizeof s->why, "interrupted");
    s->stop = true;
}

static err begin(struct sender *s, char *why, size_t why_n)
{
    const struct server_options *o = &s->o->peer;
    char bound[64];
    TRY(loop_new(o->env, &s->loop));
    TRY(net_tcp_new(o->env, s->loop, &s->net));
    TRY(loop_on_signals(s->loop, on_signal, s));
    TRY(s->o->ops->begin(s, why, why_n));
    s->progress_at = net_now(s->net);
    if (o->listen) {
        TRY(net_listen(s->net, o->listen, accept_peer, s, bound, sizeof bound, why, why_n));
        if (o->listening) o->listening(o->ctx, bound);
        return OK;
    }
    for (unsigned i = 0; i < s->o->connections; i++) {
        struct endpoint *e = make(s);
        if (!e) return ERR_MEM;
        TRY(net_add(s->net, e, true));
    }
    return OK;
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static err deliver(struct sender *s, char *why, size_t why_n)
{
    const struct sender_options *o = s->o;
    err e = begin(s, why, why_n);
    while (e == OK && !s->stop) {
        uint64_t now = net_now(s->net);
        if (now >= s->progress_at + o->timeout_ms) {
            snprintf(s->why, sizeof s->why, "no progress for %.0f s", (double)o->timeout_ms / 1000);
            break;
        }
        loop_run_until(s->loop, &s->stop, s->progress_at + o->timeout_ms);
    }
    return e;
}

err sender_run(const struct sender_options *o, struct sender_result *out, char *why, size_t why_n)
{
    const struct mem *m = o->peer.env->mem;
    struct sender *s = mem_new(m, sizeof *s);
    if (!s) return ERR_MEM;
    *out = (struct sender_result){.all = (uint64_t)o->alerts * o->repeat};
    s->o = o;
    s->out = out;
    s->state = mem_new(m, o->ops->size);
    double began = seconds();
    err e = s->state ? deliver(s, why, why_n) : ERR_MEM;
    out->seconds = seconds() - began;
    bool waiting = s->answered < out->all;
    if (s->net) net_free(s->net);
    s->net = NULL;
    if (s->loop) loop_free(s->loop);
    if (s->state && o->ops->end) o->ops->end(s);
    if (waiting) out->unanswered += out->all - out->acknowledged - out->rejected - out->unanswered;
    if (e == OK && s->why[0]) snprintf(why, why_n, "%s", s->why);
    mem_free(m, s->state);
    mem_free(m, s);
    return e;
}
