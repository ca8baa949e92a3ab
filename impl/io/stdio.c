/* SPDX-License-Identifier: MIT */
#include "io/stdio.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "io/fd.h"
#include "io/loop_impl.h"

enum { PIECE = 16 * 1024 }; /* octets moved at a time: on the stack of a thread */

/* What the threads see.  It is freed with the loop's side when both have ended, else left to the end of the process. */
struct pumps {
    pthread_t thread[2]; /* 0 input, 1 output */
    int fd;              /* their end of the pair */
    pthread_mutex_t lock;
    pthread_cond_t turned;
    bool ended[2];       /* under lock */
    uv_async_t *tell;    /* under lock; NULL: the loop has let go */
};
struct loop_stdio {
    struct loop_obj o;
    uv_async_t async;
    void (*done)(void *ctx);
    void *ctx;
    struct pumps *p;
};

/* ---- the threads ---- */

static void has_ended(struct pumps *p, int which)
{
    pthread_mutex_lock(&p->lock);
    p->ended[which] = true;
    if (which == 1 && p->tell) uv_async_send(p->tell);
    pthread_cond_signal(&p->turned);
    pthread_mutex_unlock(&p->lock);
}

/* Waits for input; false when the loop's end is closed: a read that nothing comes for could not be left. */
static bool input_ready(const struct pumps *p)
{
    struct pollfd at[2] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.fd = p->fd, .events = 0}};
    while (poll(at, 2, -1) < 0) {
        if (errno != EINTR) return false;
    }
    return !(at[1].revents & (POLLHUP | POLLERR));
}

static void *pump_in(void *ctx)
{
    struct pumps *p = ctx;
    uint8_t piece[PIECE];
    while (input_ready(p)) {
        ssize_t n = read(STDIN_FILENO, piece, sizeof piece);
        if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
        if (n <= 0 || fd_write_all(p->fd, slice_of(piece, (size_t)n)) != OK) break;
    }
    (void)shutdown(p->fd, SHUT_WR);
    has_ended(p, 0);
    return NULL;
}

/* Somebody else may have made it non-blocking. */
static bool write_out(slice s)
{
    while (s.n) {
        ssize_t n = write(STDOUT_FILENO, s.p, s.n);
        if (n < 0 && errno == EAGAIN) {
            struct pollfd at = {.fd = STDOUT_FILENO, .events = POLLOUT};
            (void)poll(&at, 1, -1);
        } else if (n < 0 && errno != EINTR) {
            return false;
        }
        if (n > 0) s = slice_sub(s, (size_t)n, s.n);
    }
    return true;
}

static void *pump_out(void *ctx)
{
    struct pumps *p = ctx;
    uint8_t piece[PIECE];
    for (;;) {
        ssize_t n = read(p->fd, piece, sizeof piece);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0 || !write_out(slice_of(piece, (size_t)n))) break;
    }
    has_ended(p, 1);
    return NULL;
}

/* ---- the loop's side ---- */

static void on_tell(uv_async_t *h)
{
    struct loop_stdio *s = h->data;
    void (*done)(void *ctx) = s->done;
    s->done = NULL;
    if (done && !s->o.gone) done(s->ctx);
}

static void pumps_free(const struct mem *m, struct pumps *p)
{
    close(p->fd);
    pthread_cond_destroy(&p->turned);
    pthread_mutex_destroy(&p->lock);
    mem_free(m, p);
}

static void let_go(struct loop_stdio *s, uint32_t wait_ms)
{
    struct pumps *p = s->p;
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += wait_ms / 1000;
    until.tv_nsec += (long)(wait_ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    pthread_mutex_lock(&p->lock);
    p->tell = NULL;
    while (!(p->ended[0] && p->ended[1]) && pthread_cond_timedwait(&p->turned, &p->lock, &until) == 0)
        continue;
    bool all = p->ended[0] && p->ended[1];
    pthread_mutex_unlock(&p->lock);
    for (int i = 0; i < 2; i++) {
        if (all) pthread_join(p->thread[i], NULL);
        else pthread_detach(p->thread[i]);
    }
    if (all) pumps_free(s->o.l->env.mem, p);
    loop_obj_gone(&s->o);
    loop_obj_close(&s->o, (uv_handle_t *)&s->async);
}

static void stdio_drop(struct loop_obj *o)
{
    let_go((struct loop_stdio *)o, 0);
}

void loop_stdio_free(struct loop_stdio *s, uint32_t wait_ms)
{
    if (s) let_go(s, wait_ms);
}

/* Signals are for the loop's thread. */
static int start(struct pumps *p)
{
    sigset_t all, was;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &was);
    int r = pthread_create(&p->thread[0], NULL, pump_in, p);
    if (r == 0) {
        r = pthread_create(&p->thread[1], NULL, pump_out, p);
        if (r != 0) { /* the first one sees that the pair is broken */
            (void)shutdown(p->fd, SHUT_RDWR);
            pthread_join(p->thread[0], NULL);
        }
    }
    pthread_sigmask(SIG_SETMASK, &was, NULL);
    return r;
}

err loop_stdio_new(struct loop *l, void (*done)(void *ctx), void *ctx, struct loop_stdio **out, int *talk)
{
    uv_os_sock_t pair[2];
    *out = NULL;
    *talk = -1;
    if (l->freeing) return ERR_USE;
    int r = uv_socketpair(SOCK_STREAM, 0, pair, UV_NONBLOCK_PIPE, 0);
    if (r != 0) return loop_uv_err(r);
    struct loop_stdio *s = mem_new(l->env.mem, sizeof *s);
    struct pumps *p = s ? mem_new(l->env.mem, sizeof *p) : NULL;
    if (!p) {
        close(pair[0]);
        close(pair[1]);
        mem_free(l->env.mem, s);
        return ERR_MEM;
    }
    s->done = done;
    s->ctx = ctx;
    s->p = p;
    loop_obj_link(l, &s->o, stdio_drop);
    r = uv_async_init(l->uv, &s->async, on_tell);
    assert(r == 0); /* the loop has its descriptors for it already */
    loop_obj_add(&s->o, (uv_handle_t *)&s->async);
    p->fd = pair[1];
    p->tell = &s->async;
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->turned, NULL);
    r = start(p);
    if (r != 0) {
        close(pair[0]);
        loop_obj_gone(&s->o);
        loop_obj_close(&s->o, (uv_handle_t *)&s->async);
        pumps_free(l->env.mem, p);
        return ERR_SYS;
    }
    *out = s;
    *talk = pair[0];
    return OK;
}
