/* SPDX-License-Identifier: MIT */
/* DNS over TCP: messages with their length in front (RFC 1035 4.2.2), several on a connection (RFC 7766 6.2.1). */
#include <string.h>

#include "run/dns_link_impl.h"

enum { MSG_MAX = 65535, LEAD = 2 };

static void conn_free(struct dns_conn *c)
{
    struct dns_link *d = c->d;
    for (size_t i = 0; i < d->conns; i++) {
        if (d->conn[i] != c) continue;
        memmove(&d->conn[i], &d->conn[i + 1], (--d->conns - i) * sizeof d->conn[0]); /* they stay in the order in which they came */
        break;
    }
    loop_tcp_free(c->t, false);
    buf_done(&c->in);
    buf_done(&c->out);
    mem_free(d->env->mem, c);
}

/* The connection is over, and who has the frames is told. */
static void conn_over(struct dns_conn *c)
{
    const struct dns_frame f = {.how = DNS_FRAME_END, .who = c->who};
    dns_link_tell(c->d, &f);
    conn_free(c);
}

static struct dns_conn *conn_of(struct dns_link *d, uint32_t who)
{
    for (size_t i = 0; i < d->conns; i++) {
        if (d->conn[i]->who == who) return d->conn[i];
    }
    return NULL;
}

static struct dns_conn *conn_new(struct dns_link *d, uint32_t who)
{
    struct dns_conn *c = mem_new(d->env->mem, sizeof *c);
    if (!c) return NULL;
    if (d->conns == DNS_LINK_TCPS) conn_over(d->conn[0]);
    c->d = d;
    c->who = who;
    c->heard = loop_now(d->loop);
    buf_init(&c->in, d->env->mem, LEAD + MSG_MAX + 65536); /* one message and what one read brings beyond it */
    buf_init(&c->out, d->env->mem, DNS_CONN_OUT);
    d->conn[d->conns++] = c;
    if (d->conns == 1) loop_timer_at(d->timer, loop_now(d->loop) + DNS_LINK_IDLE_MS);
    return c;
}

/* Who asked and has ended its direction may still wait for answers; false: the connection has gone. */
static bool conn_settle(struct dns_conn *c)
{
    if (!c->half || c->out.n || c->told < c->asked) return true;
    conn_over(c);
    return false;
}

static void conn_write(struct dns_conn *c)
{
    while (c->up && c->out.n) {
        size_t took = 0;
        if (loop_tcp_write(c->t, buf_slice(&c->out), &took) != OK) return; /* it is told by ended */
        if (!took) return;
        buf_take(&c->out, took);
    }
    (void)conn_settle(c);
}

/* --- events ------------------------------------------------------------------------------------------------------------------ */

static void on_up(void *ctx, struct loop_tcp *t)
{
    struct dns_conn *c = ctx;
    (void)t;
    c->up = true;
    conn_write(c);
}

static void on_writable(void *ctx, struct loop_tcp *t)
{
    (void)t;
    conn_write(ctx);
}

static void on_read(void *ctx, struct loop_tcp *t, slice octets)
{
    struct dns_conn *c = ctx;
    (void)t;
    c->heard = loop_now(c->d->loop);
    if (buf_add(&c->in, octets) != OK) {
        conn_over(c);
        return;
    }
    while (c->in.n >= LEAD) {
        slice s = buf_slice(&c->in);
        size_t n = (size_t)s.p[0] << 8 | s.p[1];
        if (s.n < LEAD + n) break;
        const struct dns_frame f = {.how = DNS_FRAME_TCP, .who = c->who, .msg = slice_sub(s, LEAD, LEAD + n)};
        dns_link_tell(c->d, &f);
        buf_take(&c->in, LEAD + n);
        c->asked++;
    }
}

static void on_ended(void *ctx, struct loop_tcp *t, enum loop_end how, int sys)
{
    struct dns_conn *c = ctx;
    (void)t;
    (void)sys;
    if (how != LOOP_FIN || !c->d->server) {
        conn_over(c);
        return;
    }
    c->half = true;
    (void)conn_settle(c);
}

static const struct loop_tcp_events events = {.up = on_up, .read = on_read, .writable = on_writable, .ended = on_ended};

/* --- what is asked of them ----------------------------------------------------------------------------------------------------- */

void dns_conn_accepted(void *ctx, struct loop_tcp *t)
{
    struct dns_link *d = ctx;
    struct dns_conn *c = d->pipe ? conn_new(d, ++d->whos) : NULL;
    if (!c) {
        loop_tcp_free(t, true);
        return;
    }
    c->t = t;
    c->up = true;
    loop_tcp_set_ctx(t, &events, c);
}

static struct dns_conn *conn_dial(struct dns_link *d, uint32_t who)
{
    struct dns_conn *c = conn_new(d, who);
    if (!c) return NULL;
    if (loop_tcp_dial(d->loop, &d->at, DNS_DIAL_MS, &events, c, &c->t) == OK) return c;
    conn_free(c);
    return NULL;
}

void dns_conn_send(struct dns_link *d, uint32_t who, slice msg)
{
    const struct dns_frame gone = {.how = DNS_FRAME_END, .who = who};
    struct dns_conn *c = conn_of(d, who);
    if (!c && !d->server) c = conn_dial(d, who);
    if (!c) {
        dns_link_tell(d, &gone);
        return;
    }
    uint8_t lead[LEAD] = {(uint8_t)(msg.n >> 8), (uint8_t)msg.n};
    if (buf_add(&c->out, slice_of(lead, LEAD)) != OK || buf_add(&c->out, msg) != OK) {
        conn_over(c); /* half of a message may stand there */
        return;
    }
    c->told++;
    conn_write(c);
}

void dns_conn_end(struct dns_link *d, uint32_t who)
{
    struct dns_conn *c = conn_of(d, who);
    if (c) conn_free(c);
}

void dns_conn_end_all(struct dns_link *d)
{
    while (d->conns)
        conn_free(d->conn[d->conns - 1]);
}

void dns_conn_idle(void *ctx)
{
    struct dns_link *d = ctx;
    uint64_t now = loop_now(d->loop), next = UINT64_MAX;
    for (size_t i = d->conns; i-- > 0;) {
        uint64_t until = d->conn[i]->heard + DNS_LINK_IDLE_MS;
        if (until <= now) conn_over(d->conn[i]);
        else if (until < next) next = until;
    }
    loop_timer_at(d->timer, next);
}
