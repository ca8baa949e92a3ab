/* SPDX-License-Identifier: MIT */
#include "io/loop.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io/loop_impl.h"

enum {
    GROUP_LOOK_MS = 20, /* how often we look whether the rest of a dying group has gone: nothing tells us */
    DRAIN_MAX = 32 /* reads after the exit: a pipe holds one, the rest is for what descendants still write */
};

struct pipe_end { /* our end of a pipe; fd -1 when there is none */
    uv_poll_t poll;
    int fd;
};

/* Lives on after loop_child_free until the process is reaped and its group has gone. */
struct loop_child {
    struct loop_obj o;
    uv_process_t process;
    uv_timer_t timer; /* grace, once it has been freed */
    struct pipe_end in, out;
    struct buf queue; /* for its standard input */
    struct loop_child_events ev;
    void *ctx;
    uint64_t kill_at; /* loop_now clock */
    bool ended;       /* reaped */
    bool alone;       /* reaped, and nobody of its group was left: the number may be somebody else's by now */
    bool in_broken;
};

/* ---- pipes ---- */

static void pipe_close(struct loop_child *c, struct pipe_end *p)
{
    if (p->fd < 0) return;
    loop_obj_close(&c->o, (uv_handle_t *)&p->poll);
    close(p->fd);
    p->fd = -1;
}

/* Reads once; false when there is nothing now. */
static bool read_output(struct loop_child *c)
{
    if (c->out.fd < 0) return false;
    ssize_t n = read(c->out.fd, c->o.l->buf, LOOP_READ_MAX);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return false;
    if (n <= 0) {
        pipe_close(c, &c->out);
        return false;
    }
    /* what comes after loop_child_free is read all the same, or the child would hang or die while it cleans
     * up */
    if (!c->o.gone && c->ev.output) c->ev.output(c->ctx, slice_of(c->o.l->buf, (size_t)n));
    return true;
}

static void on_output(uv_poll_t *h, int status, int events)
{
    (void)status; /* errors come out of read */
    (void)events;
    struct loop_child *c = h->data;
    (void)read_output(c);
    /* libuv stops waiting when it reports an error */
    if (c->out.fd >= 0 && !uv_is_active((uv_handle_t *)h)) uv_poll_start(h, UV_READABLE, on_output);
}

/* Writes what the pipe takes now. */
static void write_queue(struct loop_child *c)
{
    while (c->queue.n) {
        slice s = buf_slice(&c->queue);
        ssize_t n = write(c->in.fd, s.p, s.n);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno == EAGAIN) return;
        if (n < 0) {
            c->in_broken = true;
            buf_shrink(&c->queue);
            pipe_close(c, &c->in);
            return;
        }
        buf_take(&c->queue, (size_t)n);
    }
}

static void on_input_room(uv_poll_t *h, int status, int events)
{
    (void)status;
    (void)events;
    struct loop_child *c = h->data;
    if (c->in.fd < 0) return;
    write_queue(c);
    if (c->in.fd < 0) return;
    if (c->queue.n)
        uv_poll_start(h, UV_WRITABLE, on_input_room);
    else
        uv_poll_stop(h);
}

err loop_child_write(struct loop_child *c, slice octets)
{
    assert(!c->o.gone);
    if (c->in_broken) return ERR_SYS;
    if (c->in.fd < 0) return ERR_USE;
    TRY(buf_add(&c->queue, octets));
    if (c->queue.n) uv_poll_start(&c->in.poll, UV_WRITABLE, on_input_room);
    return OK;
}

/* ---- the end ---- */

static void group_kill(const struct loop_child *c, int signal)
{
    assert(c->process.pid > 1);
    (void)kill(-c->process.pid, signal); /* ESRCH: all have gone already */
}

static bool group_stands(const struct loop_child *c)
{
    return kill(-c->process.pid, 0) == 0 || errno == EPERM;
}

/* Lets go of a freed child whose process is reaped. */
static void bury(struct loop_child *c)
{
    pipe_close(c, &c->out);
    buf_done(&c->queue);
    loop_obj_close(&c->o, (uv_handle_t *)&c->timer);
    loop_obj_close(&c->o, (uv_handle_t *)&c->process);
}

static void on_grace(uv_timer_t *t);

/* Of a freed child: waits for the rest of its group, at most until kill_at. */
static void end_step(struct loop_child *c)
{
    uint64_t now = loop_now(c->o.l);
    if (now >= c->kill_at) group_kill(c, SIGKILL);
    if (c->ended && (now >= c->kill_at || !group_stands(c))) {
        bury(c);
        return;
    }
    if (now >= c->kill_at) return; /* on_exit comes */
    uint64_t look = c->ended && now + GROUP_LOOK_MS < c->kill_at ? now + GROUP_LOOK_MS : c->kill_at;
    uv_timer_start(&c->timer, on_grace, loop_wait_ms(c->o.l, look), 0);
}

static void on_grace(uv_timer_t *t)
{
    end_step(t->data);
}

static void on_exit(uv_process_t *p, int64_t status, int signal)
{
    struct loop_child *c = p->data;
    c->ended = true;
    c->alone = !group_stands(c);
    if (c->o.gone) {
        end_step(c);
        return;
    }
    for (int i = 0; i < DRAIN_MAX && read_output(c); i++) /* it may be freed from inside */
        continue;
    if (!c->o.gone && c->ev.exited) c->ev.exited(c->ctx, (int)status, signal);
}

void loop_child_free(struct loop_child *c, uint32_t grace_ms)
{
    if (!c) return;
    loop_obj_gone(&c->o);
    pipe_close(c, &c->in);
    if (c->alone) {
        bury(c);
        return;
    }
    c->kill_at = loop_now(c->o.l) + grace_ms;
    if (grace_ms) group_kill(c, SIGTERM);
    end_step(c);
}

static void child_drop(struct loop_obj *o)
{
    loop_child_free((struct loop_child *)o, 0);
}

/* ---- the beginning ---- */

/* A pipe of which we keep one end; theirs is set to the other. */
static int pipe_open(struct loop_child *c, struct pipe_end *p, bool we_write, int *theirs)
{
    uv_file fd[2];
    int r = uv_pipe(fd, 0, 0); /* close-on-exec both; only our end becomes non-blocking */
    if (r != 0) return r;
    int ours = fd[we_write ? 1 : 0];
    *theirs = fd[we_write ? 0 : 1];
    r = uv_poll_init(c->o.l->uv, &p->poll, ours);
    if (r != 0) {
        close(ours);
        return r;
    }
    p->fd = ours;
    loop_obj_add(&c->o, (uv_handle_t *)&p->poll);
    return 0;
}

struct spawn { /* their ends, ours to close once the child has them */
    int in, out;
    int talk; /* one for both, instead of those two; -1: no */
};

static int spawn(struct loop_child *c, const char *command, bool with_stdin, bool quiet, struct spawn *s)
{
    char shell[] = "/bin/sh", flag[] = "-c";
    char *text = mem_dup(c->o.l->env.mem, command, strlen(command));
    char *args[] = {shell, flag, text, NULL};
    uv_stdio_container_t io[3] = {{.flags = UV_IGNORE}, {.flags = UV_IGNORE}, {.flags = UV_IGNORE}};
    int r = text ? 0 : UV_ENOMEM;
    if (r == 0 && with_stdin) {
        r = pipe_open(c, &c->in, true, &s->in);
        io[0] = (uv_stdio_container_t){.flags = UV_INHERIT_FD, .data.fd = s->in};
    }
    if (s->talk >= 0) {
        io[0] = io[1] = (uv_stdio_container_t){.flags = UV_INHERIT_FD, .data.fd = s->talk};
    } else if (r == 0 && c->ev.output) {
        r = pipe_open(c, &c->out, false, &s->out);
        io[1] = (uv_stdio_container_t){.flags = UV_INHERIT_FD, .data.fd = s->out};
    } else if (!quiet) {
        io[1] = (uv_stdio_container_t){.flags = UV_INHERIT_FD, .data.fd = STDERR_FILENO};
    }
    if (!quiet) io[2] = (uv_stdio_container_t){.flags = UV_INHERIT_FD, .data.fd = STDERR_FILENO};
    uv_process_options_t how = {.exit_cb = on_exit,
                                .file = shell,
                                .args = args,
                                .flags = UV_PROCESS_DETACHED,
                                .stdio_count = 3,
                                .stdio = io};
    if (r == 0) {
        r = uv_spawn(c->o.l->uv, &c->process, &how);
        loop_obj_add(&c->o, (uv_handle_t *)&c->process); /* initialised even when it fails */
    }
    mem_free(c->o.l->env.mem, text);
    return r;
}

/* Their ends in s are closed in any case. */
static err child_start(struct loop *l, const char *command, bool with_stdin, bool quiet, const struct loop_child_events *ev, void *ctx,
                       struct spawn *s, struct loop_child **out, char *why, size_t why_n)
{
    struct loop_child *c = l->freeing ? NULL : mem_new(l->env.mem, sizeof *c);
    int r = UV_ENOMEM;
    if (c) {
        c->in.fd = c->out.fd = -1;
        if (ev) c->ev = *ev;
        if (s->talk >= 0) c->ev.output = NULL;
        c->ctx = ctx;
        buf_init(&c->queue, l->env.mem, l->env.limits.out_queue);
        loop_obj_link(l, &c->o, child_drop);
        uv_timer_init(l->uv, &c->timer);
        loop_obj_add(&c->o, (uv_handle_t *)&c->timer);
        r = spawn(c, command, with_stdin, quiet, s);
    }
    if (s->in >= 0) close(s->in);
    if (s->out >= 0) close(s->out);
    if (s->talk >= 0) close(s->talk);
    if (!c) return l->freeing ? ERR_USE : loop_say(ERR_MEM, why, why_n, "out of memory");
    if (r != 0) {
        loop_obj_gone(&c->o);
        pipe_close(c, &c->in);
        pipe_close(c, &c->out);
        loop_obj_close(&c->o, (uv_handle_t *)&c->timer);
        if (c->process.data == c) loop_obj_close(&c->o, (uv_handle_t *)&c->process);
        return loop_say(loop_uv_err(r), why, why_n, "cannot start \"%.80s\": %s", command, uv_strerror(r));
    }
    if (c->out.fd >= 0) uv_poll_start(&c->out.poll, UV_READABLE, on_output);
    *out = c;
    return OK;
}

err loop_child_new(struct loop *l, const char *command, bool with_stdin, bool quiet,
                   const struct loop_child_events *ev, void *ctx, struct loop_child **out, char *why,
                   size_t why_n)
{
    struct spawn s = {-1, -1, -1};
    *out = NULL;
    if (why_n) why[0] = 0;
    return child_start(l, command, with_stdin, quiet, ev, ctx, &s, out, why, why_n);
}

err loop_child_talk(struct loop *l, const char *command, bool quiet, const struct loop_child_events *ev, void *ctx,
                    struct loop_child **out, int *talk, char *why, size_t why_n)
{
    uv_os_sock_t pair[2];
    *out = NULL;
    *talk = -1;
    if (why_n) why[0] = 0;
    int r = uv_socketpair(SOCK_STREAM, 0, pair, UV_NONBLOCK_PIPE, 0); /* close-on-exec both; only our end becomes non-blocking */
    if (r != 0) return loop_say(loop_uv_err(r), why, why_n, "no socket for \"%.80s\": %s", command, uv_strerror(r));
    struct spawn s = {-1, -1, pair[1]};
    err e = child_start(l, command, false, quiet, ev, ctx, &s, out, why, why_n);
    if (e != OK) close(pair[0]);
    else *talk = pair[0];
    return e;
}
