/* SPDX-License-Identifier: MIT */
/* ESP as packets of tunnels: their age (5.1), what follows rekeying and what stands at their end (5.2). */
#include <stdio.h>

#include "track/track_oe_impl.h"

enum { SURE = 3 /* packets: one or two may have been on their way */ };

/* --- tunnels ------------------------------------------------------------------------------------------------------------------ */

static err tunnel_new(struct track_oe *t, const struct ip_address *peer, struct oe_tunnel **out)
{
    struct track_oe_own *w = t->own;
    err e;
    *out = NULL;
    struct oe_tunnel *list = oe_room(t, w->tunnel, w->tunnels, &w->tunnel_room, sizeof *list, OE_TUNNELS_MAX, &e);
    if (!list) return e;
    w->tunnel = list;
    *out = &w->tunnel[w->tunnels++];
    **out = (struct oe_tunnel){.peer = *peer, .ms = w->ms, .began = w->ms, .after = NOBODY, .before = NOBODY, .phase1 = NOBODY, .quick = NOBODY};
    oe_flow_init(&(*out)->age, &oe_age_machine);
    return OK;
}

err oe_esp_tunnel(struct track_oe *t, const struct oe_phase1 *x, const struct oe_quick *q)
{
    struct track_oe_own *w = t->own;
    size_t old = NOBODY, phase1 = (size_t)(x - w->phase1), quick = (size_t)(q - x->quick);
    struct oe_tunnel *u;
    for (size_t i = 0; i < w->tunnels; i++) {
        const struct oe_tunnel *o = &w->tunnel[i];
        if (ip_address_eq(&o->peer, &x->peer) && o->end[0].spi && o->end[1].spi && o->before == NOBODY) old = i;
    }
    err e = tunnel_new(t, &x->peer, &u);
    if (!u) return e;
    u->phase1 = phase1;
    u->quick = quick;
    u->alone = q->alone;
    u->after = old;
    if (old != NOBODY) w->tunnel[old].before = w->tunnels - 1;
    return OK;
}

/* The tunnel of an SPI; a new SPI belongs to the latest that has none in that direction. */
static struct oe_tunnel *tunnel_of(struct track_oe *t, const struct ip_address *peer, int side, uint32_t spi)
{
    struct oe_tunnel *fresh = NULL;
    for (size_t i = t->own->tunnels; i-- > 0;) {
        struct oe_tunnel *u = &t->own->tunnel[i];
        if (!ip_address_eq(&u->peer, peer)) continue;
        if (u->end[side].spi == spi) return u;
        if (!fresh && u->end[side].spi == 0) fresh = u;
    }
    return fresh;
}

/* Lets the age go on to the present: at each end of a period it is old or closed, by whether it was used in its last half. */
void oe_esp_clock(struct track_oe *t, struct oe_tunnel *u)
{
    while (u->age.state == OE_AS_YOUNG || u->age.state == OE_AS_OLD) {
        uint32_t period = oe_age_period(u->age.state);
        if (t->own->ms < u->began + period) return;
        struct oe_age_facts f = {.now = u->began + period, .began = u->began, .used = u->used};
        (void)fsm_step(&u->age, OE_SIDE_WORLD, OE_AE_EXPIRE, &f);
        u->began += period;
        if (u->age.state == OE_AS_CLOSED) u->closed_ms = u->began;
    }
}

/* --- packets -------------------------------------------------------------------------------------------------------------------- */

/* Used though the other end has gone on to the tunnel that takes its place, longer ago than a round trip? */
static bool late(const struct track_oe *t, const struct oe_tunnel *u, int side)
{
    if (u->before == NOBODY) return false;
    const struct oe_tunnel *n = &t->own->tunnel[u->before];
    const struct oe_end *theirs = &n->end[1 - side], *ours = &n->end[side];
    if (!theirs->count || t->own->ms <= theirs->first_ms + OE_TRACK_TRIP_MS) return false;
    return !ours->count || t->own->ms > ours->first_ms + OE_TRACK_TRIP_MS;
}

static void used(struct track_oe *t, struct oe_tunnel *u, int side, uint32_t spi)
{
    struct oe_end *e = &u->end[side];
    oe_esp_clock(t, u);
    if (u->age.state == OE_AS_CLOSED) { /* it lives on, by another measure than that of 5.1 */
        oe_flow_init(&u->age, &oe_age_machine);
        u->began = t->own->ms;
        u->closed_ms = 0;
    }
    if (!e->count) {
        e->spi = spi;
        e->first_ms = t->own->ms;
        oe_tell(t, "%s the first ESP of SPI %08x", side == GATEWAY ? "sends" : "gets", (unsigned)spi);
    }
    if (late(t, u, side)) {
        if (!e->late) e->packet = t->own->packet;
        e->late++;
    }
    e->count++;
    e->ms = u->used = t->own->ms;
}

/* The first packet of the gateway shows whether the tunnel is the way back (4.14), and that all of the exchange is there. */
static err of_exchange(struct track_oe *t, const struct oe_tunnel *u, bool by_us)
{
    if (u->phase1 == NOBODY) return OK;
    struct oe_phase1 *x = &t->own->phase1[u->phase1];
    struct oe_quick *q = &x->quick[u->quick];
    bool whole = x->whole, done = x->ours ? x->looked && q->ours : x->known && q->host != NOBODY;
    for (int i = 1; i < 7; i++)
        whole = whole && x->ms[i] != NEVER;
    if (whole && done) oe_seen(t, &x->us, OE_WIRE_FLOW);
    if (!by_us || q->ours || q->sent_esp) return OK;
    q->sent_esp = true;
    oe_seen(t, &x->us, OE_WIRE_WAY_BACK);
    return q->asked_again ? oe_fault(t, OE_TF_WAY_BACK, &x->us) : OK;
}

err oe_esp_packet(struct track_oe *t, const struct ip_packet *p, uint32_t spi)
{
    bool by_us = oe_ours(t, &p->from);
    const struct ip_address *peer = by_us ? &p->to : &p->from;
    int side = by_us ? GATEWAY : OTHER;
    if (by_us == oe_ours(t, &p->to)) return OK;
    t->heads.esp++;
    struct oe_tunnel *u = tunnel_of(t, peer, side, spi);
    if (!u) { /* nobody agreed on it */
        oe_begins_inside(t, OE_INSIDE_ESP);
        TRY(tunnel_new(t, peer, &u));
        if (!u) return OK;
    }
    used(t, u, side, spi);
    return of_exchange(t, u, by_us);
}

/* --- the end ------------------------------------------------------------------------------------------------------------------- */

/* An encrypted informational message between the two in that time.  by_gateway: sent by the gateway only. */
static bool informed(const struct track_oe *t, const struct ip_address *peer, uint64_t from, uint64_t to, bool by_gateway)
{
    for (size_t i = 0; i < t->own->phase1s; i++) {
        const struct oe_phase1 *x = &t->own->phase1[i];
        if (!ip_address_eq(&x->peer, peer)) continue;
        for (size_t k = 0; k < x->infos; k++) {
            const struct oe_info *f = &x->info[k];
            if ((f->gateway || !by_gateway) && f->ms >= from && f->first_ms <= to) return true;
        }
    }
    return false;
}

/* Did that side of the new tunnel, and nobody else, go on with the old one?  Sure only when the other end has left it altogether: quick modes of another pair of hosts look the same. */
static err replaced(struct track_oe *t, const struct oe_tunnel *n, int side)
{
    const struct oe_tunnel *o = &t->own->tunnel[n->after];
    const struct oe_end *old = &o->end[side], *theirs_new = &n->end[1 - side], *theirs_old = &o->end[1 - side], *new = &n->end[side];
    const struct ip_address *by = side == GATEWAY ? &t->own->phase1[n->phase1].us : &n->peer;
    bool sure = n->alone && theirs_new->count >= SURE && theirs_old->ms <= theirs_new->first_ms + OE_TRACK_TRIP_MS;
    if (!sure) return OK;
    if (old->late >= SURE) {
        TRY(oe_fault_at(t, OE_TF_OLD_USED, by, old->packet, old->ms, false));
    } else if (new->count) {
        oe_seen(t, by, OE_WIRE_NEW_USED);
    }
    if (side != GATEWAY) return OK;
    if (informed(t, &n->peer, n->ms, NEVER, true)) oe_seen(t, by, OE_WIRE_OLD_GONE);
    bool over = t->own->ms > n->ms + 2 * OE_TRACK_PROMPT_MS;
    if (!over || informed(t, &n->peer, n->ms, n->ms + 2 * OE_TRACK_PROMPT_MS, false)) return OK;
    const struct oe_phase1 *x = &t->own->phase1[n->phase1];
    return oe_fault_at(t, OE_TF_OLD_STAYS, by, x->quick[n->quick].packet[1], n->ms, false);
}

static bool followed_by_another(const struct track_oe *t, const struct oe_tunnel *u)
{
    for (size_t i = 0; i < t->own->tunnels; i++) {
        const struct oe_tunnel *o = &t->own->tunnel[i];
        if (o != u && ip_address_eq(&o->peer, &u->peer) && (o->ms > u->ms || o->phase1 == NOBODY)) return true;
    }
    return false;
}

err oe_esp_end(struct track_oe *t)
{
    size_t told = 0, untold = 0;
    const struct oe_tunnel *last = NULL;
    for (size_t i = 0; i < t->own->tunnels; i++) {
        struct oe_tunnel *u = &t->own->tunnel[i];
        if (u->phase1 == NOBODY) continue;
        oe_esp_clock(t, u);
        for (int side = GATEWAY; side <= OTHER && u->after != NOBODY; side++)
            TRY(replaced(t, u, side));
        if (!u->used || followed_by_another(t, u) || !oe_opportunistic(t, &t->own->phase1[u->phase1])) continue;
        bool end = informed(t, &u->peer, u->used, NEVER, false), over = u->closed_ms && t->own->ms >= u->closed_ms + OE_TRACK_PROMPT_MS;
        if (end) told++;
        else if (over) untold++, last = u;
    }
    if (told) oe_seen(t, &t->o.gateway[0], OE_WIRE_END_TOLD);
    if (told || untold < 2) return OK;
    const struct oe_phase1 *x = &t->own->phase1[last->phase1];
    return oe_fault_at(t, OE_TF_END_UNTOLD, &x->us, x->quick[last->quick].packet[1], last->used, false);
}
