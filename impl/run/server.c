/* SPDX-License-Identifier: MIT */
#include "run/server.h"

#include "io/loop.h"
#include "io/stdio.h"

enum { BACKOFF_MIN_MS = 100, BACKOFF_MAX_MS = 5000, WRITTEN_MS = 1000 /* what is said has to be read by somebody */ };

void server_say(struct server *s, const char *text)
{
    if (s->o->say) s->o->say(s->o->ctx, text);
}

/* --- peers ---------------------------------------------------------------------------------------------------------------- */

static void connect_again(struct server *s)
{
    if (!s->o->connect || !s->again || s->stop) return;
    loop_timer_at(s->again, loop_now(s->loop) + s->backoff);
    s->backoff = s->backoff * 2 > BACKOFF_MAX_MS ? BACKOFF_MAX_MS : s->backoff * 2;
}

void server_gone(struct server *s, struct endpoint *e, bool served)
{
    for (size_t i = 0; i < s->lives; i++) {
        if (s->live[i] != e) continue;
        s->live[i] = s->live[--s->lives];
        break;
    }
    s->alone = s->lives == 0;
    if (served) s->backoff = BACKOFF_MIN_MS;
    if (!s->o->connect) return;
    if (s->o->reconnect) connect_again(s);
    else s->stop = true;
}

static bool room_for_peer(struct server *s)
{
    if (s->lives < s->live_cap) return true;
    size_t cap = s->live_cap ? s->live_cap * 2 : 64;
    struct endpoint **w = mem_resize(s->o->env->mem, s->live, cap * sizeof *w);
    if (!w) return false;
    s->live = w;
    s->live_cap = cap;
    return true;
}

static struct endpoint *make_peer(struct server *s)
{
    if (!room_for_peer(s)) return NULL;
    struct endpoint *e = s->o->proto->server->peer(s);
    if (e && s->o->role->ways != RUN_PROXY) s->live[s->lives++] = e;
    return e;
}

static struct endpoint *accept_peer(void *ctx, int *link, bool *owned)
{
    *link = 0;
    *owned = true;
    return make_peer(ctx);
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

static void all_said(void *ctx)
{
    ((struct server *)ctx)->stop = true;
}

/* The peer ends its side when its input has ended and all is answered. */
static err begin_stdio(struct server *s)
{
    struct loop_tcp *tcp;
    int fd;
    TRY(loop_stdio_new(s->loop, all_said, s, &s->stdio, &fd));
    TRY(loop_tcp_adopt(s->loop, fd, NULL, NULL, &tcp));
    s->only = s->o->proto->server->peer(s);
    err e = s->only ? net_add(s->net, s->only, false) : ERR_MEM;
    if (e == OK) net_tcp_lend(s->net, s->only, 0, tcp);
    else loop_tcp_free(tcp, false);
    return e;
}

static void end_stdio(struct server *s)
{
    if (s->only) {
        net_remove(s->net, s->only);
        s->only->ops->free(s->only);
    }
    loop_stdio_free(s->stdio, WRITTEN_MS);
}

static err begin(struct server *s, char *why, size_t why_n)
{
    const struct server_options *o = s->o;
    const struct server_ops *ops = o->proto->server;
    char bound[64];
    TRY(loop_new(o->env, &s->loop));
    TRY(net_tcp_new(o->env, s->loop, &s->net));
    TRY(loop_on_signals(s->loop, on_signal, s));
    TRY(ops->begin(s, why, why_n));
    if (o->role->adapter) return begin_stdio(s);
    if (o->connect) {
        TRY(loop_timer_new(s->loop, connect_now, s, &s->again));
        connect_now(s);
        return OK;
    }
    TRY(net_listen(s->net, o->listen, accept_peer, s, bound, sizeof bound, why, why_n));
    if (ops->bound) ops->bound(s, bound);
    if (o->listening) o->listening(o->ctx, bound);
    return OK;
}

/* Told to stop: what is being written is still answered, then every session ends in order.  A peer that does not answer in kind is not waited
 * for longer than usual, and not at all when told to stop once more. */
static void take_leave(struct server *s)
{
    const struct server_ops *ops = s->o->proto->server;
    s->leaving = true;
    if (s->net && s->o->listen) net_unlisten(s->net, accept_peer, s);
    while (ops->busy && ops->busy(s)) {
        bool done = false;
        loop_run_until(s->loop, &done, loop_now(s->loop) + 20);
    }
    if (!s->net) return;
    for (size_t i = s->lives; i-- > 0;) {
        struct endpoint *e = s->live[i];
        if (e->link[0].state == LINK_UP) ops->close(s, e, net_now(s->net));
        else e->link[0].drop = true;
        net_touch(s->net, e);
    }
    s->alone = s->lives == 0;
    uint64_t until = loop_now(s->loop) + s->o->env->limits.close_ms + 100;
    while (!s->alone && !s->hurry && loop_now(s->loop) < until)
        loop_run_until(s->loop, &s->alone, loop_now(s->loop) + 100);
}

err server_run(const struct server_options *o, char *why, size_t why_n)
{
    const struct server_ops *ops = o->proto->server;
    struct server *s = mem_new(o->env->mem, sizeof *s);
    if (!s) return ERR_MEM;
    s->state = mem_new(o->env->mem, ops->size);
    if (!s->state) {
        mem_free(o->env->mem, s);
        return ERR_MEM;
    }
    s->o = o;
    s->backoff = BACKOFF_MIN_MS;
    err e = begin(s, why, why_n);
    while (e == OK && !s->stop)
        loop_run_until(s->loop, &s->stop, loop_now(s->loop) + 60000);
    take_leave(s);
    end_stdio(s);
    loop_timer_free(s->again);
    s->again = NULL;
    net_free(s->net);
    if (ops->leave) ops->leave(s);
    if (s->loop) loop_free(s->loop);
    if (ops->end) ops->end(s);
    mem_free(o->env->mem, s->live);
    mem_free(o->env->mem, s->state);
    mem_free(o->env->mem, s);
    return e;
}
