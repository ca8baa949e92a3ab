/* SPDX-License-Identifier: MIT */
/* What passes through a tunnel: octets as they are, both ways, and ends (RFC 3620 4, TUNNEL-D09). */
#include "peer/tunnel_proxy_impl.h"

static struct tunnel_side *other(struct tunnel_side *s)
{
    return &s->p->side[s == &s->p->side[NEAR] ? FAR : NEAR];
}

static struct link *link_of(struct tunnel_side *s)
{
    return &s->p->e.link[s->link];
}

/* --- writing
 * --------------------------------------------------------------------------------------------------------------------------
 */

static void put(struct tunnel_side *to, slice octets)
{
    struct link *l = link_of(to);
    err e;
    if (!octets.n || l->state != LINK_UP || l->drop || to->shut) return;
    if (to->peer)
        e = beep_conn_write(&to->peer->c, octets);
    else
        e = buf_add(&l->out, octets);
    if (e != OK) tunnel_drop_all(to->p);
}

static void give(struct tunnel_side *to, slice octets)
{
    if (to->open)
        put(to, octets);
    else if (buf_add(&to->early, octets) != OK)
        tunnel_drop_all(to->p);
}

/* The end is passed on behind the last octet. */
static void shut(struct tunnel_side *to, uint64_t now)
{
    if (to->shut || !to->open || PMUT(to->p, P_KEEPS_OPEN)) return;
    to->shut = true;
    if (to->peer)
        beep_peer_shut_raw(to->peer, now);
    else
        link_of(to)->fin = true;
}

/* --- what mutants do with octets
 * ---------------------------------------------------------------------------------------------------------
 */

static void alter(struct tunnel_side *to, slice octets, uint8_t last)
{
    struct tunnel_proxy *p = to->p;
    for (size_t i = 0; i < octets.n; i++) {
        uint8_t c = octets.p[i];
        if (PMUT(p, P_NEWLINES) && c == '\n' && last != '\r') give(to, SLICE_LIT("\r"));
        last = c;
        if (PMUT(p, P_ALTERS) && c == 255) c = 254;
        give(to, slice_of(&c, 1));
    }
}

static void give_mutated(struct tunnel_side *from, struct tunnel_side *to, slice octets)
{
    struct tunnel_proxy *p = to->p;
    enum { LOST = 8, STOP = 65536 };
    bool near = from == &p->side[NEAR];
    uint64_t before = from->octets;
    if (PMUT(p, P_LOSES_NEAR) && near && before < LOST)
        octets = slice_sub(octets, (size_t)(LOST - before), octets.n);
    if (PMUT(p, P_STOPS) && near) octets = slice_sub(octets, 0, before < STOP ? (size_t)(STOP - before) : 0);
    if (PMUT(p, P_ALTERS) || PMUT(p, P_NEWLINES))
        alter(to, octets, from->last);
    else
        give(to, octets);
}

/* --- what comes
 * ----------------------------------------------------------------------------------------------------------------------------
 */

void tunnel_relay_octets(struct tunnel_proxy *p, int from, slice octets, uint64_t now)
{
    struct tunnel_side *s = &p->side[from];
    if (p->stage == TUNNEL_OVER || !octets.n) return;
    p->passed_at = now;
    give_mutated(s, other(s), octets);
    s->octets += octets.n;
    s->last = octets.p[octets.n - 1];
}

static void is_through(struct tunnel_proxy *p, uint64_t now)
{
    tunnel_house_leave(p);
    p->stage = TUNNEL_THROUGH;
    p->passed_at = now;
    tunnel_say(p, "tunnel to %s", p->to);
    if (p->s->through) p->s->through(p->s->ctx, &p->e, p->to, now);
}

void tunnel_relay_open(struct tunnel_proxy *p, int side, uint64_t now)
{
    struct tunnel_side *s = &p->side[side];
    s->open = true;
    if (!(PMUT(p, P_LOSES_FAR) && side == NEAR)) put(s, buf_slice(&s->early));
    buf_shrink(&s->early);
    if (side == FAR && !s->peer && PMUT(p, P_GREETS_LAST))
        put(s,
            SLICE_LIT("RPY 0 0 . 0 52\r\nContent-Type: application/beep+xml\r\n\r\n<greeting />\r\nEND\r\n"));
    if (p->side[NEAR].open && p->side[FAR].open && p->stage == TUNNEL_AGREED) is_through(p, now);
    if (other(s)->ended) shut(s, now);
}

void tunnel_relay_ended(struct tunnel_proxy *p, int from, enum link_end how, uint64_t now)
{
    struct tunnel_side *s = &p->side[from], *to = other(s);
    s->ended = true;
    p->passed_at = now;
    if (PMUT(p, P_KEEPS_OPEN)) return;
    if (how == LINK_FIN) {
        shut(to, now);
        return;
    }
    if (to->open && link_of(to)->state == LINK_UP) link_of(to)->drop = true;
    if (!to->open && from == FAR) shut(to, now);
    if (p->stage == TUNNEL_THROUGH) p->stage = TUNNEL_OVER;
}

/* Who reads slowly keeps the other side from being read; octets that came early wait likewise. */
void tunnel_relay_pauses(struct tunnel_proxy *p)
{
    for (int i = 0; i < 2; i++) {
        struct tunnel_side *s = &p->side[i], *to = other(s);
        bool raw = s->peer ? s->peer->raw_on : s->link != 0;
        if (!raw || (i == FAR && !s->link)) continue;
        size_t waits = to->open ? link_of(to)->out.n : to->early.n;
        link_of(s)->pause = waits > TUNNEL_BUFFER && link_of(s)->state == LINK_UP;
    }
}

/* --- as BEEP peers see it
 * ---------------------------------------------------------------------------------------------------------------------
 */

static int index_of(const struct tunnel_side *s)
{
    return s == &s->p->side[NEAR] ? NEAR : FAR;
}

static void raw_octets(void *ctx, struct beep_peer *peer, slice octets, uint64_t now)
{
    struct tunnel_side *s = ctx;
    if (s->peer == peer) tunnel_relay_octets(s->p, index_of(s), octets, now);
}

static void raw_ended(void *ctx, struct beep_peer *peer, enum link_end how, uint64_t now)
{
    struct tunnel_side *s = ctx;
    if (s->peer == peer) tunnel_relay_ended(s->p, index_of(s), how, now);
}

static void raw_begun(void *ctx, struct beep_peer *peer, uint64_t now)
{
    struct tunnel_side *s = ctx;
    if (s->peer == peer) tunnel_relay_open(s->p, index_of(s), now);
}

void tunnel_relay_init(struct tunnel_proxy *p)
{
    for (int i = 0; i < 2; i++) {
        struct tunnel_side *s = &p->side[i];
        s->p = p;
        s->raw = (struct beep_raw){.ctx = s, .octets = raw_octets, .ended = raw_ended, .begun = raw_begun};
        buf_init(&s->early, p->e.env->mem, p->e.env->limits.out_queue);
    }
}
