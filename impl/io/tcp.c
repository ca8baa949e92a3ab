/* SPDX-License-Identifier: MIT */
#include "io/loop.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>

#include "io/loop_impl.h"

struct loop_tcp {
    struct loop_obj o;
    uv_poll_t poll;
    uv_timer_t timer; /* while dialling */
    struct loop_tcp_events ev;
    void *ctx;
    struct {
        uint8_t octets[sizeof(struct sockaddr_in6)]; /* a sockaddr_storage is a quarter of the whole */
        uint8_t n;
    } peer;
    int fd;
    int polled;     /* events that the loop waits for now */
    int dial_errno; /* connect failed at once; told from the loop */
    int broken; /* errno of a write that found the connection broken; told after what was received before */
    bool dialling, given; /* given: its owner has set the events */
    bool local;           /* between processes of this machine: whoever closes closes both directions */
    bool paused, want_write, fin_sent, fin_seen, over;
};

/* Thousands of these stand in one process. */
_Static_assert(sizeof(struct loop_tcp) < 600, "a connection stays small");

struct loop_listener {
    struct loop_obj o;
    uv_poll_t poll;
    uv_timer_t timer; /* rests accepting */
    void (*accepted)(void *ctx, struct loop_tcp *t);
    void *ctx;
    struct loop_addr at;
    int fd;
    int trouble;
};

static void on_ready(uv_poll_t *h, int status, int events);

/* ---- what a connection waits for ---- */

static int wanted(const struct loop_tcp *t)
{
    if (t->over || !t->given) return 0;
    int out = t->want_write || t->broken ? UV_WRITABLE : 0;
    if (t->dialling) return t->dial_errno ? 0 : UV_WRITABLE;
    if (t->paused) return out;
    if (!t->fin_seen) return out | UV_READABLE | UV_PRIORITIZED;
    if (t->local) return out; /* it says no more than the FIN did */
    /* After its FIN a socket stays readable for ever.  The other event says nothing then except that the
     * connection broke. */
    return t->fin_sent ? 0 : out | UV_PRIORITIZED;
}

static void poll_update(struct loop_tcp *t)
{
    if (t->o.gone) return;
    int want = wanted(t);
    if (want == t->polled) return;
    t->polled = want;
    if (want) {
        int r = uv_poll_start(&t->poll, want, on_ready);
        assert(r == 0); /* fails on closing handles only */
        (void)r;
    } else {
        uv_poll_stop(&t->poll);
    }
}

/* The last event of a connection. */
static void over(struct loop_tcp *t, enum loop_end how, int sys)
{
    t->over = true;
    poll_update(t);
    if (t->ev.ended) t->ev.ended(t->ctx, t, how, sys);
}

static int socket_error(const struct loop_tcp *t)
{
    int e = 0;
    socklen_t n = sizeof e;
    return getsockopt(t->fd, SOL_SOCKET, SO_ERROR, &e, &n) == 0 ? e : errno;
}

static void reset_seen(struct loop_tcp *t)
{
    int e = t->broken ? t->broken : socket_error(t);
    over(t, LOOP_RESET, e ? e : ECONNRESET);
}

/* ---- events ---- */

static void read_once(struct loop_tcp *t, bool error)
{
    ssize_t n = recv(t->fd, t->o.l->buf, LOOP_READ_MAX, MSG_DONTWAIT);
    if (n > 0) {
        if (t->ev.read) t->ev.read(t->ctx, t, slice_of(t->o.l->buf, (size_t)n));
    } else if (n == 0 && !t->broken) {
        t->fin_seen = true;
        poll_update(t);
        if (t->ev.ended) t->ev.ended(t->ctx, t, LOOP_FIN, 0);
    } else if (n == 0) {
        reset_seen(t);
    } else if (errno == EAGAIN || errno == EINTR) {
        if (error) reset_seen(t); /* an error and nothing to read: asking again would go on for ever */
    } else {
        over(t, LOOP_RESET, errno);
    }
}

/* True when there was an urgent octet.  It comes before anything is read: a read that starts at the mark
 * drops it. */
static bool read_urgent(struct loop_tcp *t)
{
    uint8_t octet;
    if (recv(t->fd, &octet, 1, MSG_OOB | MSG_DONTWAIT) != 1) return false;
    if (t->ev.urgent) t->ev.urgent(t->ctx, t);
    return true;
}

static void dial_done(struct loop_tcp *t)
{
    struct sockaddr_storage own;
    socklen_t n = sizeof own;
    int e = t->dial_errno ? t->dial_errno : socket_error(t);
    /* A connection to a port that nobody listens at may be given that very port as its own and then meet
     * itself. */
    if (e == 0 && getsockname(t->fd, (struct sockaddr *)&own, &n) == 0 && n == t->peer.n &&
        memcmp(&own, t->peer.octets, n) == 0)
        e = ECONNREFUSED;
    if (e == ECONNRESET || e == EPIPE) {
        /* It stood and was reset before we looked; a refusal has other names.  What came in between is still
         * to be read. */
        t->broken = e;
        e = 0;
    }
    t->dialling = false;
    uv_timer_stop(&t->timer);
    if (e != 0) {
        over(t, LOOP_REFUSED, e);
        return;
    }
    if (t->fin_sent) (void)shutdown(t->fd, SHUT_WR);
    if (t->ev.up) t->ev.up(t->ctx, t);
    poll_update(t);
}

static void on_dial_timer(uv_timer_t *h)
{
    struct loop_tcp *t = h->data;
    if (!t->dial_errno) t->dial_errno = ETIMEDOUT;
    dial_done(t);
}

/* One event of the socket.  Each callback may free the connection, pause it or end it. */
static void ready(struct loop_tcp *t, bool error, int events)
{
    bool urgent = (events & UV_PRIORITIZED) && !t->paused && read_urgent(t);
    if (t->o.gone || t->over) return;
    if (t->paused || t->fin_seen) {
        /* What broke is told even to who does not read: it may be waiting for us to write. */
        bool hung = error || t->broken || (!t->paused && (events & UV_PRIORITIZED) && !urgent);
        if (hung) {
            reset_seen(t);
            return;
        }
    } else if (t->broken && !(events & UV_READABLE)) {
        reset_seen(t);
        return;
    } else if (error || (events & UV_READABLE)) {
        read_once(t, error);
        if (t->o.gone || t->over) return;
    }
    if ((events & UV_WRITABLE) && t->want_write && !t->broken) {
        t->want_write = false;
        if (t->ev.writable) t->ev.writable(t->ctx, t);
    }
}

static void on_ready(uv_poll_t *h, int status, int events)
{
    struct loop_tcp *t = h->data;
    if (t->o.gone) return;
    if (status < 0) t->polled = 0; /* libuv has stopped waiting */
    if (t->dialling)
        dial_done(t);
    else
        ready(t, status < 0, status < 0 ? 0 : events);
    poll_update(t);
}

/* ---- opening and closing ---- */

static void tcp_close(struct loop_tcp *t)
{
    loop_obj_gone(&t->o);
    loop_obj_close(&t->o, (uv_handle_t *)&t->poll);
    loop_obj_close(&t->o, (uv_handle_t *)&t->timer);
    close(t->fd);
    t->fd = -1;
}

static void tcp_drop(struct loop_obj *o)
{
    loop_tcp_free((struct loop_tcp *)o, false);
}

/* Takes fd over, also when it fails. */
static err tcp_new(struct loop *l, int fd, const struct sockaddr *peer, socklen_t peer_n,
                   struct loop_tcp **out)
{
    int on = 1;
    err e = ERR_SYS;
    struct loop_tcp *t = NULL;
    *out = NULL;
    if (peer_n > sizeof t->peer.octets) goto fail;
    e = ERR_MEM;
    if (!(t = mem_new(l->env.mem, sizeof *t))) goto fail;
    e = loop_uv_err(uv_poll_init(l->uv, &t->poll, fd)); /* makes it non-blocking */
    if (e != OK) goto fail;
    /* a segment a write, so that a cut made by us is a cut on the wire */
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    t->fd = fd;
    memcpy(t->peer.octets, peer, peer_n);
    t->peer.n = (uint8_t)peer_n;
    loop_obj_link(l, &t->o, tcp_drop);
    loop_obj_add(&t->o, (uv_handle_t *)&t->poll);
    uv_timer_init(l->uv, &t->timer);
    loop_obj_add(&t->o, (uv_handle_t *)&t->timer);
    *out = t;
    return OK;
fail:
    mem_free(l->env.mem, t);
    close(fd);
    return e;
}

err loop_tcp_dial(struct loop *l, const struct loop_addr *to, uint32_t timeout_ms,
                  const struct loop_tcp_events *ev, void *ctx, struct loop_tcp **out)
{
    *out = NULL;
    if (l->freeing) return ERR_USE;
    const struct sockaddr *sa = loop_addr_get(to);
    int fd = socket(sa->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return ERR_SYS;
    struct loop_tcp *t;
    TRY(tcp_new(l, fd, sa, to->n, &t));
    t->dialling = true;
    if (connect(fd, sa, to->n) != 0 && errno != EINPROGRESS && errno != EINTR) t->dial_errno = errno;
    if (t->dial_errno) timeout_ms = 1; /* no event comes from inside this call */
    if (timeout_ms) uv_timer_start(&t->timer, on_dial_timer, loop_wait_ms(l, loop_now(l) + timeout_ms), 0);
    loop_tcp_set_ctx(t, ev, ctx);
    *out = t;
    return OK;
}

err loop_tcp_adopt(struct loop *l, int fd, const struct loop_tcp_events *ev, void *ctx, struct loop_tcp **out)
{
    struct sockaddr_storage peer = {0};
    socklen_t n = sizeof peer;
    struct loop_tcp *t;
    *out = NULL;
    if (l->freeing || getpeername(fd, (struct sockaddr *)&peer, &n) != 0) {
        close(fd);
        return l->freeing ? ERR_USE : ERR_SYS;
    }
    if (n > sizeof t->peer.octets) n = sizeof(sa_family_t); /* of a named local socket: nobody asks for the name */
    TRY(tcp_new(l, fd, (struct sockaddr *)&peer, n, &t));
    (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
    t->local = peer.ss_family == AF_UNIX;
    if (ev) loop_tcp_set_ctx(t, ev, ctx);
    *out = t;
    return OK;
}

/* A close with octets unread sends RST, which may take from the peer what we wrote last. */
static void read_rest(int fd)
{
    uint8_t away[4096];
    for (int i = 0; i < 64; i++)
        if (recv(fd, away, sizeof away, MSG_DONTWAIT) <= 0) return;
}

void loop_tcp_free(struct loop_tcp *t, bool reset)
{
    if (!t) return;
    if (reset) {
        struct linger now = {.l_onoff = 1, .l_linger = 0};
        (void)setsockopt(t->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    } else if (!t->dialling && !t->over) {
        read_rest(t->fd);
    }
    tcp_close(t);
}

/* ---- what the owner does ---- */

void loop_tcp_set_ctx(struct loop_tcp *t, const struct loop_tcp_events *ev, void *ctx)
{
    t->ev = *ev;
    t->ctx = ctx;
    t->given = true;
    poll_update(t);
}

void *loop_tcp_ctx(const struct loop_tcp *t)
{
    return t->ctx;
}

void loop_tcp_pause(struct loop_tcp *t, bool on)
{
    t->paused = on;
    poll_update(t);
}

/* One send.  A connection that the peer broke counts as one that takes nothing now: what came from the peer
 * before that is still to be read, and ended follows it. */
static err send_now(struct loop_tcp *t, slice s, int flags, size_t *took)
{
    *took = 0;
    if (t->over) return ERR_SYS;
    if (t->fin_sent) return ERR_USE;
    if (t->broken || t->dialling || s.n == 0) return OK;
    ssize_t n;
    do
        n = send(t->fd, s.p, s.n, MSG_NOSIGNAL | MSG_DONTWAIT | flags);
    while (n < 0 && errno == EINTR);
    if (n >= 0)
        *took = (size_t)n;
    else if (errno != EAGAIN && errno != ENOBUFS && errno != ENOMEM)
        t->broken = errno;
    return OK;
}

err loop_tcp_write(struct loop_tcp *t, slice octets, size_t *took)
{
    TRY(send_now(t, octets, 0, took));
    if (*took < octets.n) t->want_write = true;
    poll_update(t);
    return OK;
}

err loop_tcp_urgent(struct loop_tcp *t, uint8_t octet)
{
    size_t took;
    TRY(send_now(t, slice_of(&octet, 1), MSG_OOB, &took));
    poll_update(t);
    return took || t->broken ? OK : ERR_MORE;
}

void loop_tcp_fin(struct loop_tcp *t)
{
    if (t->fin_sent || t->over) return;
    t->fin_sent = true;
    t->want_write = false;
    if (!t->dialling)
        (void)shutdown(t->fd, SHUT_WR); /* refused when the peer has reset: that is told by ended */
    poll_update(t);
}

void loop_tcp_peer(const struct loop_tcp *t, char *text, size_t n)
{
    struct loop_addr a;
    loop_addr_set(&a, (const struct sockaddr *)(const void *)t->peer.octets, t->peer.n);
    loop_addr_print(&a, text, n);
}

void loop_tcp_local(const struct loop_tcp *t, char *text, size_t n)
{
    struct sockaddr_storage sa;
    socklen_t len = sizeof sa;
    struct loop_addr a = {{0}, 0};
    if (getsockname(t->fd, (struct sockaddr *)&sa, &len) == 0) loop_addr_set(&a, (const struct sockaddr *)&sa, len);
    loop_addr_print(&a, text, n);
}

/* ---- listening ---- */

static void on_acceptable(uv_poll_t *h, int status, int events);

static void accept_on(struct loop_listener *ls)
{
    int r = uv_poll_start(&ls->poll, UV_READABLE, on_acceptable);
    assert(r == 0);
    (void)r;
}

static void on_rested(uv_timer_t *h)
{
    accept_on(h->data);
}

/* False when accepting must rest or nobody waits. */
static bool accept_one(struct loop_listener *ls)
{
    struct sockaddr_storage from;
    socklen_t n = sizeof from;
    int fd = accept(ls->fd, (struct sockaddr *)&from, &n);
    struct loop_tcp *t = NULL;
    if (fd >= 0) {
        (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
        err e = tcp_new(ls->o.l, fd, (struct sockaddr *)&from, n, &t);
        if (e == OK) {
            ls->accepted(ls->ctx, t);
            return true;
        }
        errno = ENOMEM; /* the connection is lost: the next one will not fare better at once */
    } else if (errno == EAGAIN) {
        return false;
    } else if (errno == EINTR || errno == ECONNABORTED) {
        return true; /* that one broke while it waited; others may wait */
    }
    ls->trouble = errno;
    uv_poll_stop(&ls->poll);
    uv_timer_start(&ls->timer, on_rested, LOOP_ACCEPT_PAUSE_MS, 0);
    return false;
}

static void on_acceptable(uv_poll_t *h, int status, int events)
{
    struct loop_listener *ls = h->data;
    (void)events;
    if (status < 0)
        accept_on(ls); /* libuv stopped waiting because of an error that accept has taken or will take */
    for (int i = 0; i < LOOP_ACCEPT_MAX && !ls->o.gone; i++)
        if (!accept_one(ls)) return;
}

static err listen_trouble(int sys, const struct loop_addr *at, char *why, size_t why_n)
{
    char text[64];
    const char *what = strerror(sys);
    loop_addr_print(at, text, sizeof text);
    if (sys == EADDRINUSE)
        what = "address already in use; choose another port, or :0 for any free one";
    else if (sys == EACCES)
        what = "permission denied; ports below 1024 are for the superuser, choose a higher one";
    else if (sys == EADDRNOTAVAIL)
        what = "not an address of this machine; 0.0.0.0 stands for all that it has";
    return loop_say(ERR_SYS, why, why_n, "%s: %s", text, what);
}

static void listener_drop(struct loop_obj *o)
{
    struct loop_listener *ls = (struct loop_listener *)o;
    loop_obj_gone(o);
    loop_obj_close(o, (uv_handle_t *)&ls->poll);
    loop_obj_close(o, (uv_handle_t *)&ls->timer);
    close(ls->fd);
    ls->fd = -1;
}

static int listen_socket(const struct loop_addr *at)
{
    const struct sockaddr *sa = loop_addr_get(at);
    int on = 1, fd = socket(sa->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, sa, at->n) == 0 && listen(fd, 4096) == 0) return fd;
    int e = errno;
    close(fd);
    errno = e;
    return -1;
}

err loop_listen(struct loop *l, const struct loop_addr *at, void (*accepted)(void *ctx, struct loop_tcp *t),
                void *ctx, struct loop_listener **out, char *why, size_t why_n)
{
    struct sockaddr_storage own;
    socklen_t n = sizeof own;
    *out = NULL;
    if (why_n) why[0] = 0;
    if (l->freeing) return ERR_USE;
    int fd = listen_socket(at);
    if (fd < 0) return listen_trouble(errno, at, why, why_n);
    struct loop_listener *ls = mem_new(l->env.mem, sizeof *ls);
    int r = ls ? uv_poll_init(l->uv, &ls->poll, fd) : UV_ENOMEM;
    if (r != 0) {
        mem_free(l->env.mem, ls);
        close(fd);
        (void)listen_trouble(-r, at, why, why_n);
        return loop_uv_err(r);
    }
    ls->fd = fd;
    ls->accepted = accepted;
    ls->ctx = ctx;
    ls->at = *at;
    if (getsockname(fd, (struct sockaddr *)&own, &n) == 0) loop_addr_set(&ls->at, (struct sockaddr *)&own, n);
    loop_obj_link(l, &ls->o, listener_drop);
    loop_obj_add(&ls->o, (uv_handle_t *)&ls->poll);
    uv_timer_init(l->uv, &ls->timer);
    loop_obj_add(&ls->o, (uv_handle_t *)&ls->timer);
    accept_on(ls);
    *out = ls;
    return OK;
}

void loop_listener_addr(const struct loop_listener *ls, struct loop_addr *out)
{
    *out = ls->at;
}

int loop_listener_trouble(const struct loop_listener *ls)
{
    return ls->trouble;
}

void loop_listener_free(struct loop_listener *ls)
{
    if (ls) listener_drop(&ls->o);
}
