/* SPDX-License-Identifier: MIT */
#include "io/loop.h"

#include <assert.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "io/loop_impl.h"

/* Room for connections: some systems allow a thousand million, which programs that walk their descriptors do
 * not survive. */
#define FILES_WANTED ((rlim_t)1 << 20)

struct loop_timer {
    struct loop_obj o;
    uv_timer_t timer;
    void (*fn)(void *ctx);
    void *ctx;
};

struct work {
    uv_work_t req;
    struct loop *l;
    void (*fn)(void *ctx), (*done)(void *ctx);
    void *ctx;
};

/* ---- what all files share ---- */

void loop_obj_link(struct loop *l, struct loop_obj *o, void (*drop)(struct loop_obj *o))
{
    o->l = l;
    o->drop = drop;
    o->prev = l->live.prev;
    o->next = &l->live;
    o->prev->next = o;
    l->live.prev = o;
}

void loop_obj_gone(struct loop_obj *o)
{
    assert(!o->gone);
    o->gone = true;
    o->prev->next = o->next;
    o->next->prev = o->prev;
}

void loop_obj_add(struct loop_obj *o, uv_handle_t *h)
{
    h->data = o;
    o->handles++;
}

static void on_closed(uv_handle_t *h)
{
    struct loop_obj *o = h->data;
    if (--o->handles == 0) {
        assert(o->gone);
        mem_free(o->l->env.mem, o);
    }
}

void loop_obj_close(struct loop_obj *o, uv_handle_t *h)
{
    assert(h->data == o);
    uv_close(h, on_closed);
}

err loop_uv_err(int r)
{
    if (r == 0) return OK;
    return r == UV_ENOMEM ? ERR_MEM : ERR_SYS;
}

err loop_say(err e, char *why, size_t why_n, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    if (why_n) vsnprintf(why, why_n, fmt, ap);
    va_end(ap);
    return e;
}

/* ---- the loop ---- */

static void raise_file_limit(void)
{
    struct rlimit r;
    if (getrlimit(RLIMIT_NOFILE, &r) != 0) return;
    rlim_t want = r.rlim_max == RLIM_INFINITY || r.rlim_max > FILES_WANTED ? FILES_WANTED : r.rlim_max;
    if (r.rlim_cur == RLIM_INFINITY || r.rlim_cur >= want) return;
    r.rlim_cur = want;
    (void)setrlimit(RLIMIT_NOFILE, &r); /* refused: then fewer connections fit, and the listener says so */
}

/* A child that closes its standard input must not end this process. */
static void ignore_sigpipe(void)
{
    struct sigaction sa;
    if (sigaction(SIGPIPE, NULL, &sa) != 0 || (sa.sa_flags & SA_SIGINFO) || sa.sa_handler != SIG_DFL) return;
    memset(&sa, 0, sizeof sa);
    sa.sa_handler = SIG_IGN;
    (void)sigaction(SIGPIPE, &sa, NULL);
}

err loop_new(const struct env *env, struct loop **out)
{
    *out = NULL;
    struct loop *l = mem_new(env->mem, sizeof *l);
    if (!l) return ERR_MEM;
    l->env = *env;
    l->live.prev = l->live.next = &l->live;
    l->buf = mem_new(env->mem, LOOP_READ_MAX);
    int r = l->buf ? uv_loop_init(&l->store) : UV_ENOMEM;
    if (r != 0) {
        mem_free(env->mem, l->buf);
        mem_free(env->mem, l);
        return loop_uv_err(r);
    }
    l->uv = &l->store;
    uv_timer_init(l->uv, &l->until); /* cannot fail */
    raise_file_limit();
    ignore_sigpipe();
    *out = l;
    return OK;
}

void loop_free(struct loop *l)
{
    if (!l) return;
    assert(!l->running);
    l->freeing = true;
    while (l->live.next != &l->live)
        l->live.next->drop(l->live.next);
    if (l->with_signals) {
        uv_close((uv_handle_t *)&l->sigterm, NULL);
        uv_close((uv_handle_t *)&l->sigint, NULL);
    }
    uv_close((uv_handle_t *)&l->until, NULL);
    /* children that have just been killed, work under way, and the handles themselves */
    while (uv_run(l->uv, UV_RUN_DEFAULT) != 0)
        continue;
    int r = uv_loop_close(l->uv);
    assert(r == 0);
    (void)r;
    mem_free(l->env.mem, l->buf);
    mem_free(l->env.mem, l);
}

uint64_t loop_now(const struct loop *l)
{
    /* libuv looks at the clock once a turn; deadlines that start after a second of key making must not start
     * a second ago */
    uv_update_time(l->uv);
    return uv_now(l->uv);
}

uint64_t loop_wait_ms(const struct loop *l, uint64_t at)
{
    uint64_t now = loop_now(l);
    return at > now ? at - now : 1;
}

static void on_until(uv_timer_t *t)
{
    (void)t; /* it only ends the wait */
}

void loop_run_until(struct loop *l, const bool *flag, uint64_t at)
{
    assert(!l->running);
    l->running = true;
    while (!l->stop && !(flag && *flag) && loop_now(l) < at) {
        if (at != UINT64_MAX) uv_timer_start(&l->until, on_until, loop_wait_ms(l, at), 0);
        if (uv_run(l->uv, UV_RUN_ONCE) == 0 && at == UINT64_MAX)
            break; /* nothing is left that could set the flag */
    }
    uv_timer_stop(&l->until);
    l->stop = false;
    l->running = false;
}

void loop_run(struct loop *l)
{
    loop_run_until(l, NULL, UINT64_MAX);
}

void loop_stop(struct loop *l)
{
    l->stop = true;
}

/* ---- signals ---- */

static void on_signal(uv_signal_t *s, int number)
{
    struct loop *l = s->data;
    (void)number;
    if (!l->freeing && l->on_signal) l->on_signal(l->signal_ctx);
}

err loop_on_signals(struct loop *l, void (*fn)(void *ctx), void *ctx)
{
    l->on_signal = fn;
    l->signal_ctx = ctx;
    if (l->with_signals) return OK;
    TRY(loop_uv_err(uv_signal_init(l->uv, &l->sigterm)));
    int r = uv_signal_init(l->uv, &l->sigint);
    if (r != 0) {
        uv_close((uv_handle_t *)&l->sigterm, NULL);
        return loop_uv_err(r);
    }
    l->with_signals = true;
    l->sigterm.data = l->sigint.data = l;
    /* waiting for a signal is no reason to go on */
    uv_unref((uv_handle_t *)&l->sigterm);
    uv_unref((uv_handle_t *)&l->sigint);
    TRY(loop_uv_err(uv_signal_start(&l->sigterm, on_signal, SIGTERM)));
    return loop_uv_err(uv_signal_start(&l->sigint, on_signal, SIGINT));
}

/* ---- work in another thread ---- */

static void work_run(uv_work_t *req)
{
    struct work *w = req->data;
    w->fn(w->ctx);
}

static void work_done(uv_work_t *req, int status)
{
    struct work *w = req->data;
    (void)status; /* nothing cancels it */
    void (*done)(void *ctx) = w->done;
    void *ctx = w->ctx;
    mem_free(w->l->env.mem, w);
    if (done) done(ctx);
}

err loop_work(struct loop *l, void (*fn)(void *ctx), void (*done)(void *ctx), void *ctx)
{
    if (l->freeing) return ERR_USE;
    struct work *w = mem_new(l->env.mem, sizeof *w);
    if (!w) return ERR_MEM;
    *w = (struct work){.l = l, .fn = fn, .done = done, .ctx = ctx};
    w->req.data = w;
    int r = uv_queue_work(l->uv, &w->req, work_run, work_done);
    if (r != 0) mem_free(l->env.mem, w);
    return loop_uv_err(r);
}

/* ---- timers ---- */

static void timer_drop(struct loop_obj *o)
{
    struct loop_timer *t = (struct loop_timer *)o;
    loop_obj_gone(o);
    loop_obj_close(o, (uv_handle_t *)&t->timer);
}

static void on_timer(uv_timer_t *h)
{
    struct loop_timer *t = h->data;
    t->fn(t->ctx);
}

err loop_timer_new(struct loop *l, void (*fn)(void *ctx), void *ctx, struct loop_timer **out)
{
    *out = NULL;
    if (l->freeing) return ERR_USE;
    struct loop_timer *t = mem_new(l->env.mem, sizeof *t);
    if (!t) return ERR_MEM;
    t->fn = fn;
    t->ctx = ctx;
    loop_obj_link(l, &t->o, timer_drop);
    uv_timer_init(l->uv, &t->timer);
    loop_obj_add(&t->o, (uv_handle_t *)&t->timer);
    *out = t;
    return OK;
}

void loop_timer_at(struct loop_timer *t, uint64_t at)
{
    assert(!t->o.gone);
    if (at == UINT64_MAX)
        uv_timer_stop(&t->timer);
    else
        uv_timer_start(&t->timer, on_timer, loop_wait_ms(t->o.l, at), 0);
}

void loop_timer_free(struct loop_timer *t)
{
    if (t) timer_drop(&t->o);
}
