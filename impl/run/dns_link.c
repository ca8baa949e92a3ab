/* SPDX-License-Identifier: MIT */
#include "run/dns_link.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "run/dns_link_impl.h"

enum { PORT_TRIES = 20 }; /* to find a port that is free for UDP and TCP */

/* --- frames to who asked for them ------------------------------------------------------------------------------------------------- */

static void pipe_close(struct dns_link *d)
{
    loop_tcp_free(d->pipe, false);
    d->pipe = NULL;
    buf_shrink(&d->out);
    dns_frames_done(&d->in);
    dns_frames_init(&d->in, d->env->mem);
}

static void pipe_write(struct dns_link *d)
{
    while (d->pipe && d->out.n) {
        size_t took = 0;
        if (loop_tcp_write(d->pipe, buf_slice(&d->out), &took) != OK || !took) return; /* writable or ended comes */
        buf_take(&d->out, took);
    }
}

void dns_link_tell(struct dns_link *d, const struct dns_frame *f)
{
    if (!d->pipe || dns_frame_write(f, &d->out) != OK) return;
    pipe_write(d);
}

/* --- datagrams ------------------------------------------------------------------------------------------------------------------ */

static struct dns_source *source_at(struct dns_link *d, const struct loop_addr *at)
{
    uint64_t n = d->sources < DNS_LINK_SOURCES ? d->sources : DNS_LINK_SOURCES;
    uint32_t who = 0;
    for (uint64_t i = 1; i <= n; i++) { /* the newest first */
        struct dns_source *s = &d->source[(d->sources - i) % DNS_LINK_SOURCES];
        if (!loop_addr_same(&s->at, at)) continue;
        if (i <= DNS_LINK_SOURCES / 2) return s;
        who = s->who; /* an old one that asks again must not be the next to be forgotten */
        s->who = 0;
        s->at = (struct loop_addr){{0}, 0};
        break;
    }
    struct dns_source *s = &d->source[d->sources++ % DNS_LINK_SOURCES];
    *s = (struct dns_source){.at = *at, .who = who ? who : ++d->whos};
    return s;
}

static const struct loop_addr *source_of(const struct dns_link *d, uint32_t who)
{
    for (size_t i = 0; i < DNS_LINK_SOURCES && i < d->sources; i++) {
        if (d->source[i].who == who) return &d->source[i].at;
    }
    return NULL;
}

static void server_got(void *ctx, struct loop_udp *u, slice datagram, const struct loop_addr *from)
{
    struct dns_link *d = ctx;
    (void)u;
    if (!d->pipe) return;
    const struct dns_frame f = {.how = DNS_FRAME_UDP, .who = source_at(d, from)->who, .msg = datagram};
    dns_link_tell(d, &f);
}

/* Who asked the other address of ours did not ask us. */
static void elsewhere_got(void *ctx, struct loop_udp *u, slice datagram, const struct loop_addr *from)
{
    (void)ctx;
    (void)u;
    (void)datagram;
    (void)from;
}

/* A neighbour of the address that we are at: all of 127.0.0.0/8 is ours; of others, another port. */
static struct loop_udp *elsewhere(struct dns_link *d)
{
    struct loop_addr at = d->at;
    struct sockaddr_in in;
    char why[100];
    if (d->elsewhere) return d->elsewhere;
    memcpy(&in, at.storage, sizeof in);
    if (in.sin_family == AF_INET && ntohl(in.sin_addr.s_addr) >> 24 == 127) {
        in.sin_addr.s_addr = htonl(ntohl(in.sin_addr.s_addr) == 0x7f000002 ? 0x7f000003 : 0x7f000002);
        memcpy(at.storage, &in, sizeof in);
        if (loop_udp_new(d->loop, &at, elsewhere_got, d, &d->elsewhere, why, sizeof why) == OK) return d->elsewhere;
        at = d->at; /* some systems have but the one */
    }
    loop_addr_set_port(&at, 0);
    return loop_udp_new(d->loop, &at, elsewhere_got, d, &d->elsewhere, why, sizeof why) == OK ? d->elsewhere : NULL;
}

static void client_got(void *ctx, struct loop_udp *u, slice datagram, const struct loop_addr *from)
{
    const struct dns_socket *s = ctx;
    (void)u;
    const struct dns_frame f = {.how = DNS_FRAME_UDP, .who = s->who, .elsewhere = !loop_addr_same(from, &s->d->at), .msg = datagram};
    dns_link_tell(s->d, &f);
}

static void socket_close(struct dns_socket *s)
{
    loop_udp_free(s->u);
    s->u = NULL;
}

static struct loop_udp *socket_of(struct dns_link *d, uint32_t who)
{
    struct loop_addr any = d->at;
    struct dns_socket *best = &d->socket[0];
    char why[100];
    for (size_t i = 0; i < DNS_LINK_SOCKETS; i++) {
        struct dns_socket *s = &d->socket[i];
        if (s->u && s->who == who) {
            s->used = ++d->uses;
            return s->u;
        }
        if (best->u && (!s->u || s->used < best->used)) best = s;
    }
    socket_close(best);
    memset(any.storage + offsetof(struct sockaddr, sa_data), 0, any.n - offsetof(struct sockaddr, sa_data)); /* any address, any port */
    *best = (struct dns_socket){.d = d, .who = who, .used = ++d->uses};
    return loop_udp_new(d->loop, &any, client_got, best, &best->u, why, sizeof why) == OK ? best->u : NULL;
}

/* What finds no room is lost, as datagrams may be. */
static void send_datagram(struct dns_link *d, const struct dns_frame *f)
{
    const struct loop_addr *to = d->server ? source_of(d, f->who) : &d->at;
    struct loop_udp *u = !d->server ? socket_of(d, f->who) : f->elsewhere ? elsewhere(d) : d->udp;
    if (to && u && loop_udp_send(u, to, f->msg) != OK) return;
}

/* --- frames from there ---------------------------------------------------------------------------------------------------------------- */

static void end_who(struct dns_link *d, uint32_t who)
{
    dns_conn_end(d, who);
    for (size_t i = 0; i < DNS_LINK_SOCKETS; i++) {
        if (d->socket[i].u && d->socket[i].who == who) socket_close(&d->socket[i]);
    }
}

static void end_all(struct dns_link *d)
{
    dns_conn_end_all(d);
    for (size_t i = 0; i < DNS_LINK_SOCKETS; i++)
        socket_close(&d->socket[i]);
}

static void on_frames(void *ctx, struct loop_tcp *t, slice octets)
{
    struct dns_link *d = ctx;
    struct dns_frame f;
    err e = OK;
    (void)t;
    while ((e = dns_frames_next(&d->in, &octets, &f)) == OK) {
        switch (f.how) {
        case DNS_FRAME_UDP: send_datagram(d, &f); break;
        case DNS_FRAME_TCP: dns_conn_send(d, f.who, f.msg); break;
        case DNS_FRAME_END: end_who(d, f.who); break;
        }
    }
    if (e == ERR_MORE) return;
    pipe_close(d);
    end_all(d);
}

static void on_room(void *ctx, struct loop_tcp *t)
{
    (void)t;
    pipe_write(ctx);
}

static void on_left(void *ctx, struct loop_tcp *t, enum loop_end how, int sys)
{
    struct dns_link *d = ctx;
    (void)t;
    (void)how;
    (void)sys;
    pipe_close(d);
    end_all(d);
}

err dns_link_open(struct dns_link *d, struct loop_tcp **out)
{
    static const struct loop_tcp_events events = {.read = on_frames, .writable = on_room, .ended = on_left};
    int pair[2];
    *out = NULL;
    pipe_close(d);
    end_all(d);
    if (d->udp) loop_udp_drain(d->udp);
    if (d->elsewhere) loop_udp_drain(d->elsewhere);
    d->sources = 0; /* late answers of the one before reach nobody */
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) != 0) return ERR_SYS;
    err e = loop_tcp_adopt(d->loop, pair[0], NULL, NULL, out); /* takes it in any case */
    err mine = loop_tcp_adopt(d->loop, pair[1], &events, d, &d->pipe);
    if (e == OK && mine == OK) return OK;
    loop_tcp_free(*out, false);
    *out = NULL;
    pipe_close(d);
    return e != OK ? e : mine;
}

/* --- life -------------------------------------------------------------------------------------------------------------------------------- */

static err link_new(const struct env *env, struct loop *l, bool server, struct dns_link **out)
{
    struct dns_link *d = mem_new(env->mem, sizeof *d);
    *out = NULL;
    if (!d) return ERR_MEM;
    d->env = env;
    d->loop = l;
    d->server = server;
    dns_frames_init(&d->in, env->mem);
    buf_init(&d->out, env->mem, env->limits.out_queue);
    err e = loop_timer_new(l, dns_conn_idle, d, &d->timer);
    if (e == OK && server && !(d->source = mem_new(env->mem, DNS_LINK_SOURCES * sizeof *d->source))) e = ERR_MEM;
    if (e != OK) {
        dns_link_free(d);
        return e;
    }
    *out = d;
    return OK;
}

/* One port for both. */
static err bind_both(struct dns_link *d, char *why, size_t why_n)
{
    struct loop_addr at = d->at;
    err e = ERR_SYS;
    for (int i = 0; i < PORT_TRIES && e != OK; i++) {
        e = loop_udp_new(d->loop, &at, server_got, d, &d->udp, why, why_n);
        if (e != OK) return e;
        loop_udp_addr(d->udp, &d->at);
        e = loop_listen(d->loop, &d->at, dns_conn_accepted, d, &d->listener, why, why_n);
        if (e == OK) break;
        loop_udp_free(d->udp);
        d->udp = NULL;
        if (e != ERR_SYS || loop_addr_port(&at)) return e;
    }
    return e;
}

err dns_link_server(const struct env *env, struct loop *l, const char *at, struct dns_link **out, char *bound, char *why, size_t why_n)
{
    struct dns_link *d;
    *out = NULL;
    TRY(link_new(env, l, true, &d));
    err e = loop_addr_parse(at, &d->at, why, why_n);
    if (e == OK) e = bind_both(d, why, why_n);
    if (e != OK) {
        dns_link_free(d);
        return e;
    }
    loop_addr_print(&d->at, bound, 64);
    *out = d;
    return OK;
}

err dns_link_client(const struct env *env, struct loop *l, const char *to, struct dns_link **out, char *why, size_t why_n)
{
    struct dns_link *d;
    *out = NULL;
    TRY(link_new(env, l, false, &d));
    err e = loop_addr_parse(to, &d->at, why, why_n);
    if (e != OK) {
        dns_link_free(d);
        return e;
    }
    *out = d;
    return OK;
}

void dns_link_free(struct dns_link *d)
{
    if (!d) return;
    pipe_close(d);
    end_all(d);
    loop_udp_free(d->udp);
    loop_udp_free(d->elsewhere);
    loop_listener_free(d->listener);
    loop_timer_free(d->timer);
    dns_frames_done(&d->in);
    buf_done(&d->out);
    mem_free(d->env->mem, d->source);
    mem_free(d->env->mem, d);
}
