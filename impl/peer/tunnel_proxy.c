/* SPDX-License-Identifier: MIT */
/* The proxy as an endpoint: which events go where, and what is done when.  Callbacks of the BEEP peers only
 * note what they find; it is done in tunnel_settle, when no peer is at work, so that peers can be let go
 * there. */
#include "peer/tunnel_proxy_impl.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static struct tunnel_proxy *proxy_of(struct endpoint *e)
{
    return (struct tunnel_proxy *)e;
}

const char *tunnel_name(const struct tunnel_proxy *p)
{
    return p->s->name ? p->s->name : "proxy";
}

void tunnel_say(struct tunnel_proxy *p, const char *fmt, ...)
{
    char text[TUNNEL_TEXT_MAX + 100];
    va_list ap;
    if (!p->s->say) return;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    p->s->say(p->s->ctx, text);
}

void tunnel_drop_all(struct tunnel_proxy *p)
{
    for (int i = 0; i < LINK_MAX; i++) {
        struct link *l = &p->e.link[i];
        if (l->state == LINK_UP || l->state == LINK_DIALING) l->drop = true;
        if (l->state == LINK_WANTED) l->state = LINK_IDLE;
    }
    p->stage = TUNNEL_OVER;
}

/* --- what can be done now
 * ------------------------------------------------------------------------------------------------------ */

static bool under_way(const struct tunnel_proxy *p)
{
    return p->stage > TUNNEL_RESTS && p->stage < TUNNEL_THROUGH;
}

static bool near_is_gone(const struct tunnel_proxy *p)
{
    const struct beep_peer *near = tunnel_near(p);
    return near->ending || near->over;
}

static void judge(struct tunnel_proxy *p, uint64_t now)
{
    struct tunnel_no no = {.code = 0};
    p->by = now + (p->s->setup_ms ? p->s->setup_ms : TUNNEL_SETUP_MS);
    tunnel_rule_request(p, &no);
    if (no.code) {
        tunnel_ask_fail(p, no.code, now, "%s", no.text);
    } else if (p->way->hop[0].way == TUNNEL_HERE) {
        p->stage = TUNNEL_AGREED;
    } else {
        tunnel_way_look(p, now);
    }
    p->again = true;
}

static void step(struct tunnel_proxy *p, uint64_t now)
{
    const struct beep_peer *far = p->side[FAR].peer;
    if (under_way(p) && near_is_gone(p)) {
        tunnel_ask_over(p, now);
        tunnel_way_close(p, now);
        p->stage = TUNNEL_OVER;
        return;
    }
    if (p->stage == TUNNEL_WAITS || p->stage == TUNNEL_PASSED) {
        /* we release it when what we asked for before the element cannot be had */
        if (far && (far->ending || far->over || far->release_wanted || far->release_sent))
            tunnel_way_lost(p, now);
    }
    switch (p->stage) {
    case TUNNEL_ASKED:
        judge(p, now);
        break;
    case TUNNEL_LOOKS:
        if (p->found) tunnel_way_found(p, now);
        break;
    case TUNNEL_DIALS:
        if (!p->side[FAR].link) tunnel_way_dial(p, now);
        break;
    default:
        break;
    }
    tunnel_ask_answer(p, now);
}

/* Far sessions that came to their end. */
static void sweep(struct tunnel_proxy *p)
{
    for (int i = 1; i < LINK_MAX; i++) {
        struct beep_peer *old = p->old[i];
        if (!old || (!old->over && p->e.link[i].state != LINK_DOWN && p->e.link[i].state != LINK_IDLE))
            continue;
        p->old[i] = NULL;
        old->e.ops->free(&old->e);
    }
}

void tunnel_settle(struct tunnel_proxy *p, uint64_t now)
{
    if (p->settling) {
        p->again = true;
        return;
    }
    p->settling = true;
    do {
        p->again = false;
        step(p, now);
    } while (p->again && p->stage != TUNNEL_OVER);
    tunnel_relay_pauses(p);
    sweep(p);
    p->settling = false;
}

/* --- events
 * --------------------------------------------------------------------------------------------------------------------
 */

/* Whose link is it?  NULL: nobody's who speaks BEEP. */
static struct beep_peer *peer_on(const struct tunnel_proxy *p, int link)
{
    if (link == 0) return tunnel_near(p);
    return link == p->side[FAR].link ? p->side[FAR].peer : p->old[link];
}

static void proxy_up(struct endpoint *e, int link, uint64_t now)
{
    struct tunnel_proxy *p = proxy_of(e);
    struct beep_peer *peer = peer_on(p, link);
    if (link && (link != p->side[FAR].link || p->stage != TUNNEL_DIALS)) { /* nobody waits for it any more */
        e->link[link].drop = true;
        return;
    }
    if (link) tunnel_way_up(p, now);
    if (peer) peer->e.ops->up(&peer->e, 0, now);
    tunnel_settle(p, now);
}

/* What a far side says that is no greeting, for people. */
static void keep_seen(struct tunnel_proxy *p, slice octets)
{
    for (size_t i = 0; i < octets.n && p->seen_n < TUNNEL_SEEN; i++) {
        uint8_t c = octets.p[i];
        p->seen[p->seen_n++] = c >= ' ' && c < 0x7f ? (char)c : ' ';
    }
    p->seen[p->seen_n] = 0;
}

static void proxy_feed(struct endpoint *e, int link, slice octets, uint64_t now)
{
    struct tunnel_proxy *p = proxy_of(e);
    struct beep_peer *peer = peer_on(p, link);
    bool far = link && link == p->side[FAR].link;
    if (far && p->stage == TUNNEL_WAITS) keep_seen(p, octets);
    if (peer)
        peer->e.ops->feed(&peer->e, 0, octets, now);
    else if (far)
        tunnel_relay_octets(p, FAR, octets, now);
    tunnel_settle(p, now);
}

static void proxy_urgent(struct endpoint *e, int link, uint64_t now)
{
    (void)e; /* neither BEEP nor a tunnel has a use for it; the octet comes with the others */
    (void)link;
    (void)now;
}

static void proxy_ended(struct endpoint *e, int link, enum link_end how, uint64_t now)
{
    struct tunnel_proxy *p = proxy_of(e);
    struct beep_peer *peer = peer_on(p, link);
    bool far = link && link == p->side[FAR].link;
    if (far && how == LINK_REFUSED && p->stage == TUNNEL_DIALS)
        tunnel_way_next(p, now, "cannot be connected to");
    else if (peer)
        peer->e.ops->ended(&peer->e, 0, how, now);
    else if (far)
        tunnel_relay_ended(p, FAR, how, now);
    tunnel_settle(p, now);
}

static void proxy_drained(struct endpoint *e, int link, uint64_t now)
{
    struct tunnel_proxy *p = proxy_of(e);
    struct beep_peer *peer = peer_on(p, link);
    if (peer) peer->e.ops->drained(&peer->e, 0, now);
    tunnel_settle(p, now);
}

/* --- deadlines
 * -------------------------------------------------------------------------------------------------------------------
 */

static uint64_t sooner(uint64_t a, uint64_t b)
{
    return b && b < a ? b : a;
}

/* Once a tunnel stands nobody looks at the clock, unless one direction ended: who says nothing in the other
 * for long is not waited for (TUNNEL-D09). */
static uint64_t half_by(const struct tunnel_proxy *p)
{
    bool half = (p->side[NEAR].ended || p->side[FAR].ended) && !PMUT(p, P_KEEPS_OPEN);
    return half ? p->passed_at + p->e.env->limits.setup_ms : 0;
}

static uint64_t peer_deadline(const struct beep_peer *peer)
{
    return peer ? peer->e.ops->deadline(&peer->e) : UINT64_MAX;
}

static uint64_t proxy_deadline(const struct endpoint *e)
{
    const struct tunnel_proxy *p = (const struct tunnel_proxy *)e;
    uint64_t at = UINT64_MAX;
    for (int i = 1; i < LINK_MAX; i++)
        at = sooner(at, peer_deadline(p->old[i]));
    if (p->stage == TUNNEL_THROUGH) return sooner(at, half_by(p));
    at = sooner(at, peer_deadline(tunnel_near(p)));
    if (p->stage == TUNNEL_OVER || p->stage == TUNNEL_RESTS) return at;
    at = sooner(at, peer_deadline(p->side[FAR].peer));
    if (p->stage != TUNNEL_FAILED) at = sooner(at, p->by);
    if (p->stage == TUNNEL_DIALS) at = sooner(at, p->side[FAR].link ? p->connect_by : p->again_by);
    return at;
}

static void tick_peer(struct beep_peer *peer, uint64_t now)
{
    if (peer) peer->e.ops->tick(&peer->e, now);
}

static void too_late(struct tunnel_proxy *p, uint64_t now)
{
    bool met = p->stage == TUNNEL_WAITS || p->stage == TUNNEL_PASSED;
    const char *what = p->stage == TUNNEL_LOOKS    ? "was not found"
                       : p->stage == TUNNEL_WAITS  ? "did not greet"
                       : p->stage == TUNNEL_PASSED ? "did not answer"
                                                   : "was not reached";
    tunnel_ask_fail(p, met ? 550 : 450, now, "%s %s in time", p->to, what);
}

static void proxy_tick(struct endpoint *e, uint64_t now)
{
    struct tunnel_proxy *p = proxy_of(e);
    for (int i = 1; i < LINK_MAX; i++)
        tick_peer(p->old[i], now);
    if (p->stage == TUNNEL_THROUGH) {
        if (half_by(p) && now >= half_by(p)) tunnel_drop_all(p);
    } else {
        tick_peer(tunnel_near(p), now);
        tick_peer(p->side[FAR].peer, now);
    }
    bool asked = p->stage > TUNNEL_ASKED && p->stage < TUNNEL_AGREED;
    if (p->stage == TUNNEL_AGREED && now >= p->by)
        tunnel_drop_all(p); /* ok cannot be said, for want of a window or room */
    else if (asked && now >= p->by)
        too_late(p, now);
    else if (p->stage == TUNNEL_DIALS && p->side[FAR].link && now >= p->connect_by)
        tunnel_way_next(p, now, "did not answer in time");
    tunnel_settle(p, now);
}

/* --- life
 * ------------------------------------------------------------------------------------------------------------------------
 */

static bool proxy_finished(const struct endpoint *e)
{
    const struct tunnel_proxy *p = (const struct tunnel_proxy *)e;
    for (int i = 0; i < LINK_MAX; i++) {
        const struct link *l = &e->link[i];
        bool lives = l->state == LINK_UP || l->state == LINK_DIALING || l->state == LINK_WANTED;
        if (i && lives && !l->drop) return false;
    }
    return e->link[0].state == LINK_DOWN || (tunnel_near(p)->over && e->link[0].state != LINK_IDLE);
}

static void peer_free(struct beep_peer *peer)
{
    if (peer) peer->e.ops->free(&peer->e);
}

static void proxy_free(struct endpoint *e)
{
    struct tunnel_proxy *p = proxy_of(e);
    const struct mem *mem = e->env->mem;
    if (p->looking && p->s->cancel) p->s->cancel(p->s->ctx, p);
    p->looking = false;
    p->stage = TUNNEL_OVER;
    tunnel_house_leave(p);
    for (int i = 1; i < LINK_MAX; i++)
        peer_free(p->old[i]);
    peer_free(p->side[FAR].peer);
    peer_free(p->side[NEAR].peer);
    if (p->s->gone) p->s->gone(p->s->ctx, e);
    tunnel_msg_done(&p->msg);
    tunnel_part_done(&p->far_part);
    buf_done(&p->text);
    buf_done(&p->answer);
    buf_done(&p->side[NEAR].early);
    buf_done(&p->side[FAR].early);
    endpoint_done(e);
    mem_free(mem, p);
}

static const struct endpoint_ops ops = {
    .up = proxy_up,
    .feed = proxy_feed,
    .urgent = proxy_urgent,
    .ended = proxy_ended,
    .drained = proxy_drained,
    .tick = proxy_tick,
    .deadline = proxy_deadline,
    .finished = proxy_finished,
    .free = proxy_free,
};

static void settings(struct tunnel_proxy *p)
{
    const struct tunnel_proxy_setup *s = p->s;
    const struct beep_setup *far = s->far ? s->far : s->near;
    tunnel_ask_profile(p);
    tunnel_way_profile(p);
    p->near_setup = *s->near;
    p->near_setup.env = s->env;
    p->near_setup.profile = p->offered;
    p->near_setup.profiles = 1;
    p->near_setup.idxp_mutant = s->mutant;
    p->offered[0] = &p->near_profile;
    for (size_t i = 0; i < s->near->profiles && p->near_setup.profiles < BEEP_PROFILES_OFFERED; i++)
        p->offered[p->near_setup.profiles++] = s->near->profile[i];
    p->far_setup.env = s->env;
    p->far_setup.mux = far->mux;
    p->far_setup.features = far->features;
    p->far_setup.localize = far->localize;
    p->far_setup.sasl_if_offered = true;
    p->far_setup.mutant = s->far ? far->mutant : 0;
    if (PMUT(p, P_FAR_EVEN)) p->far_setup.idxp_mutant = s->mutant;
}

err tunnel_proxy_new(const struct tunnel_proxy_setup *s, struct endpoint **out)
{
    struct tunnel_proxy *p = mem_new(s->env->mem, sizeof *p);
    *out = NULL;
    if (!p) return ERR_MEM;
    endpoint_init(&p->e, &ops, s->env);
    p->s = s;
    settings(p);
    tunnel_relay_init(p);
    buf_init(&p->text, s->env->mem, TUNNEL_ELEMENT_MAX * 4);
    buf_init(&p->answer, s->env->mem, TUNNEL_ELEMENT_MAX * 8); /* an error of the next hop, escaped anew */
    tunnel_part_init(&p->far_part, s->env);
    err e = beep_peer_new(&p->near_setup, false, NULL, &p->side[NEAR].peer);
    if (e != OK) {
        endpoint_done(&p->e);
        mem_free(s->env->mem, p);
        return e;
    }
    beep_peer_embed(p->side[NEAR].peer, &p->e.link[0]);
    *out = &p->e;
    return OK;
}

struct beep_peer *tunnel_proxy_near(const struct endpoint *e)
{
    return tunnel_near((const struct tunnel_proxy *)e);
}

struct beep_peer *tunnel_proxy_far(const struct endpoint *e)
{
    return ((const struct tunnel_proxy *)e)->side[FAR].peer;
}

bool tunnel_proxy_through(const struct endpoint *e)
{
    return ((const struct tunnel_proxy *)e)->stage == TUNNEL_THROUGH;
}

const char *tunnel_proxy_to(const struct endpoint *e)
{
    return ((const struct tunnel_proxy *)e)->to;
}
