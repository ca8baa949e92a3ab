/* SPDX-License-Identifier: MIT */
#include "io/udp.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "io/loop_impl.h"

enum {
    READS_MAX = 64,             /* datagrams of one turn: then the others have theirs */
    ROOM_WANTED = 1024 * 1024   /* octets that the system may keep for us: a burst is no reason to lose queries */
};
_Static_assert((int)LOOP_READ_MAX > 65535, "any datagram fits the loop's buffer");

struct loop_udp {
    struct loop_obj o;
    uv_poll_t poll;
    loop_udp_got got;
    void *ctx;
    struct loop_addr at;
    int fd;
};

static void on_readable(uv_poll_t *h, int status, int events);

static void wait_for(struct loop_udp *u)
{
    int r = uv_poll_start(&u->poll, UV_READABLE, on_readable);
    assert(r == 0); /* fails on closing handles only */
    (void)r;
}

/* -1: nothing now. */
static ssize_t read_one(struct loop_udp *u, struct loop_addr *from)
{
    struct sockaddr_storage sa;
    socklen_t n = sizeof sa;
    ssize_t got;
    do
        got = recvfrom(u->fd, u->o.l->buf, LOOP_READ_MAX, MSG_DONTWAIT, (struct sockaddr *)&sa, &n);
    while (got < 0 && errno == EINTR);
    if (got >= 0) loop_addr_set(from, (struct sockaddr *)&sa, n);
    return got;
}

static void on_readable(uv_poll_t *h, int status, int events)
{
    struct loop_udp *u = h->data;
    struct loop_addr from;
    (void)events;
    for (int i = 0; i < READS_MAX && !u->o.gone; i++) {
        ssize_t n = read_one(u, &from); /* takes an error of the socket away as well */
        if (n < 0) break;
        u->got(u->ctx, u, slice_of(u->o.l->buf, (size_t)n), &from);
    }
    if (status < 0 && !u->o.gone) wait_for(u); /* libuv stopped waiting */
}

static void udp_drop(struct loop_obj *o)
{
    struct loop_udp *u = (struct loop_udp *)o;
    loop_obj_gone(o);
    loop_obj_close(o, (uv_handle_t *)&u->poll);
    close(u->fd);
    u->fd = -1;
}

static int open_socket(const struct loop_addr *at)
{
    const struct sockaddr *sa = loop_addr_get(at);
    int room = ROOM_WANTED, fd = socket(sa->sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
    if (bind(fd, sa, at->n) == 0) return fd;
    int e = errno;
    close(fd);
    errno = e;
    return -1;
}

static err trouble(int sys, const struct loop_addr *at, char *why, size_t why_n)
{
    char text[64];
    loop_addr_print(at, text, sizeof text);
    return loop_say(sys == ENOMEM ? ERR_MEM : ERR_SYS, why, why_n, "%s (UDP): %s", text, strerror(sys));
}

err loop_udp_new(struct loop *l, const struct loop_addr *at, loop_udp_got got, void *ctx, struct loop_udp **out, char *why, size_t why_n)
{
    struct sockaddr_storage own;
    socklen_t n = sizeof own;
    *out = NULL;
    if (why_n) why[0] = 0;
    if (l->freeing) return ERR_USE;
    int fd = open_socket(at);
    if (fd < 0) return trouble(errno, at, why, why_n);
    struct loop_udp *u = mem_new(l->env.mem, sizeof *u);
    int r = u ? uv_poll_init(l->uv, &u->poll, fd) : UV_ENOMEM;
    if (r != 0) {
        mem_free(l->env.mem, u);
        close(fd);
        return trouble(-r, at, why, why_n);
    }
    u->fd = fd;
    u->got = got;
    u->ctx = ctx;
    u->at = *at;
    if (getsockname(fd, (struct sockaddr *)&own, &n) == 0) loop_addr_set(&u->at, (struct sockaddr *)&own, n);
    loop_obj_link(l, &u->o, udp_drop);
    loop_obj_add(&u->o, (uv_handle_t *)&u->poll);
    wait_for(u);
    *out = u;
    return OK;
}

err loop_udp_send(struct loop_udp *u, const struct loop_addr *to, slice datagram)
{
    ssize_t n;
    static const uint8_t none;
    do
        n = sendto(u->fd, datagram.n ? datagram.p : &none, datagram.n, MSG_DONTWAIT | MSG_NOSIGNAL, loop_addr_get(to), to->n);
    while (n < 0 && errno == EINTR);
    if (n >= 0) return OK;
    if (errno == EMSGSIZE) return ERR_LIMIT;
    return errno == EAGAIN || errno == ENOBUFS || errno == ENOMEM ? ERR_MORE : ERR_SYS;
}

void loop_udp_drain(struct loop_udp *u)
{
    struct loop_addr from;
    /* whoever sends faster than we can forget does not keep us here */
    for (int i = 0; i < 100 * READS_MAX && read_one(u, &from) >= 0; i++)
        continue;
}

void loop_udp_addr(const struct loop_udp *u, struct loop_addr *out)
{
    *out = u->at;
}

void loop_udp_free(struct loop_udp *u)
{
    if (u) udp_drop(&u->o);
}
