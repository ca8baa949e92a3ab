/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "io/loop.h"
#include "run/net.h"
#include "run/server_iap.h"

struct sender {
    const struct sender_options *o;
    struct loop *loop;
    struct net *net;
    struct iap_setup peer;
    struct sender_result *out;
    uint64_t next, answered; /* of out->all */
    size_t live;
    bool stop;
    uint64_t progress_at;
    char why[200];
};

static const struct server_alert *alert_of(const struct sender *s, uint64_t n)
{
    return &s->o->iap.alert[n % s->o->iap.alerts];
}

static bool next_alert(void *ctx, struct iap_peer *p, struct iap_alert *out, bool *end)
{
    struct sender *s = ctx;
    (void)p;
    if (s->next == s->out->all) {
        *end = true;
        return false;
    }
    const struct server_alert *a = alert_of(s, s->next);
    out->type = a->type;
    out->body = a->body;
    out->id = s->next++;
    return true;
}

static void answered(void *ctx, struct iap_peer *p, uint64_t id, uint16_t code)
{
    struct sender *s = ctx;
    (void)p;
    s->progress_at = net_now(s->net);
    s->answered++;
    if (code == 200) s->out->acknowledged++;
    else {
        if (code) s->out->rejected++;
        else s->out->unanswered++;
        if (s->o->refused) s->o->refused(s->o->peer.ctx, alert_of(s, id), code);
    }
    if (s->o->progress) s->o->progress(s->o->peer.ctx, s->out->acknowledged, s->out->all);
}

static void on_say(void *ctx, struct iap_peer *p, const char *text)
{
    struct sender *s = ctx;
    (void)p;
    snprintf(s->why, sizeof s->why, "%s", text);
    if (s->o->peer.verbose && s->o->peer.say) s->o->peer.say(s->o->peer.ctx, text);
}

static void gone(void *ctx, struct iap_peer *p)
{
    struct sender *s = ctx;
    (void)p;
    if (--s->live == 0 && (s->o->peer.connect || s->answered == s->out->all)) s->stop = true;
}

static struct endpoint *make(struct sender *s)
{
    struct iap_peer *p;
    if (iap_peer_new(&s->peer, s->o->peer.connect != NULL, s->o->peer.connect, &p) != OK) return NULL;
    s->live++;
    return &p->e;
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

err sender_run(const struct sender_options *o, struct sender_result *out, char *why, size_t why_n)
{
    struct sender *s = mem_new(o->peer.env->mem, sizeof *s);
    if (!s) return ERR_MEM;
    *out = (struct sender_result){.all = (uint64_t)o->iap.alerts * o->repeat};
    s->o = o;
    s->out = out;
    s->peer = (struct iap_setup){.env = o->peer.env,
                                 .analyzer = true,
                                 .host = o->iap.host,
                                 .tls = o->peer.tls,
                                 .no_tls = o->peer.no_tls,
                                 .style = o->iap.style,
                                 .mutant = (enum iap_mutant)o->peer.mutant,
                                 .hooks = {.ctx = s, .next = next_alert, .answered = answered, .say = on_say, .gone = gone}};
    double began = seconds();
    err e = begin(s, why, why_n);
    while (e == OK && !s->stop) {
        uint64_t now = net_now(s->net);
        if (now >= s->progress_at + o->timeout_ms) {
            snprintf(s->why, sizeof s->why, "no progress for %.0f s", (double)o->timeout_ms / 1000);
            break;
        }
        loop_run_until(s->loop, &s->stop, s->progress_at + o->timeout_ms);
    }
    out->seconds = seconds() - began;
    bool waiting = s->answered < out->all;
    if (s->net) net_free(s->net);
    s->net = NULL;
    if (s->loop) loop_free(s->loop);
    if (waiting) out->unanswered += out->all - out->acknowledged - out->rejected - out->unanswered;
    if (e == OK && s->why[0]) snprintf(why, why_n, "%s", s->why);
    mem_free(o->peer.env->mem, s);
    return e;
}
