/* SPDX-License-Identifier: MIT */
/* The hand-over of a connection whose session ended as BEEP: octets in and out through the layers that stand, without frames. */
#include "peer/beep_peer_impl.h"
#include "peer/mutate_idxp.h"

enum { PIECE = 16384 }; /* octets that a filter takes at a time, so that what is decrypted and not handed over stays small */

static void give(struct beep_peer *p, slice octets, uint64_t now)
{
    if (octets.n && !p->ending && p->raw->octets) p->raw->octets(p->raw->ctx, p, octets, now);
}

/* Octets as they leave TLS, or the wire. */
static err from_below(struct beep_peer *p, slice in, uint64_t now)
{
    struct beep_conn *c = &p->c;
    if (!c->layer) {
        give(p, in, now);
        return OK;
    }
    while (in.n) {
        slice some = slice_sub(in, 0, PIECE);
        in = slice_sub(in, some.n, in.n);
        TRY(sasl_decode(c->layer, some, &c->clear));
        give(p, buf_slice(&c->clear), now);
        buf_shrink(&c->clear);
    }
    return OK;
}

static err flush(struct beep_conn *c)
{
    slice out = tls_out(c->tls);
    if (!out.n) return OK;
    TRY(buf_add(&c->link->out, out));
    tls_sent(c->tls, out.n);
    return OK;
}

static err decrypted(struct beep_peer *p, uint64_t now)
{
    slice clear = tls_in(p->c.tls);
    if (!clear.n) return OK;
    err e = from_below(p, clear, now);
    tls_taken(p->c.tls, clear.n);
    return e;
}

static err feed(struct beep_peer *p, slice octets, uint64_t now)
{
    struct beep_conn *c = &p->c;
    if (!c->tls) return from_below(p, octets, now);
    TRY(decrypted(p, now));
    while (octets.n && !p->ending) {
        slice some = slice_sub(octets, 0, PIECE);
        octets = slice_sub(octets, some.n, octets.n);
        TRY(tls_feed(c->tls, some));
        TRY(flush(c));
        TRY(decrypted(p, now));
    }
    return tls_state_of(c->tls) == TLS_FAILED ? ERR_PEER : OK;
}

void beep_peer_raw_feed(struct beep_peer *p, slice octets, uint64_t now)
{
    err e = feed(p, octets, now);
    if (e != OK) beep_peer_broken(p, e, now);
    else if (p->c.tls && tls_state_of(p->c.tls) == TLS_ENDED && !p->ending && p->raw->ended)
        p->raw->ended(p->raw->ctx, p, LINK_FIN, now);
}

void beep_peer_raw_begin(struct beep_peer *p, uint64_t now)
{
    struct beep_conn *c = &p->c;
    struct buf rest;
    beep_chan_free_all(p, now);
    beep_mgmt_forget(p);
    beep_mux_reset(&p->m);
    p->greet_by = p->tune_by = p->release_by = 0;
    p->raw_on = true;
    if (p->raw->begun) p->raw->begun(p->raw->ctx, p, now);
    /* the last frame is over: what it lay in may go */
    if (c->release && c->tls) tls_taken(c->tls, c->release);
    if (c->clear_release) buf_take(&c->clear, c->clear_release);
    c->release = c->clear_release = 0;
    buf_init(&rest, p->e.env->mem, PEER_FRAME_MAX);
    err e = beep_reader_rest(&c->track.reader[beep_other(p)], &rest);
    if (e == OK) e = buf_add(&rest, buf_slice(&c->clear));
    buf_shrink(&c->clear);
    if (e == OK) give(p, buf_slice(&rest), now);
    buf_done(&rest);
    if (e == OK) e = c->tls ? decrypted(p, now) : OK;
    if (e != OK) beep_peer_broken(p, e, now);
}

void beep_peer_go_raw(struct beep_peer *p, const struct beep_raw *raw, uint64_t now)
{
    p->raw = raw;
    beep_peer_work(p, now);
}

void beep_peer_renew(struct beep_peer *p, uint64_t now)
{
    p->renewing = true;
    beep_peer_work(p, now);
}

/* What SASL settled is forgotten; a layer that it brought stays. */
static void forget_identity(struct beep_peer *p)
{
    if (IMUT(p->s->idxp_mutant, TARGET_REMEMBERS)) return;
    p->authenticated = p->sasl_tried = false;
    if (p->c.layer) return;
    sasl_free(p->sasl);
    p->sasl = NULL;
}

void beep_peer_renewed(struct beep_peer *p, uint64_t now)
{
    p->renewing = false;
    p->tunnelled = true;
    p->m.spare = false;
    beep_chan_free_all(p, now);
    err e = beep_conn_renew(&p->c);
    if (e != OK) {
        beep_peer_broken(p, e, now);
        return;
    }
    forget_identity(p);
    beep_peer_anew(p, now);
}

bool beep_peer_tunnelled(const struct beep_peer *p)
{
    return p->tunnelled;
}

err beep_peer_write_raw(struct beep_peer *p, slice octets)
{
    if (!p->raw_on || p->ending || p->raw_shut) return ERR_USE;
    if (beep_link(p)->out.n > PEER_UNREAD_MAX) return ERR_LIMIT;
    return beep_conn_write(&p->c, octets);
}

void beep_peer_shut_raw(struct beep_peer *p, uint64_t now)
{
    if (!p->raw_on || p->ending || p->raw_shut) return;
    p->raw_shut = true;
    if (beep_conn_notify(&p->c) != OK) beep_peer_broken(p, ERR_SYS, now);
    beep_link(p)->fin = true;
}

void beep_peer_end_raw(struct beep_peer *p, uint64_t now)
{
    if (p->raw_on) beep_peer_terminate(p, now);
}
