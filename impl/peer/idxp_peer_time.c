/* SPDX-License-Identifier: MIT */
/* A deadline of manager and analyzer in front of those of BEEP: greetings are not waited for without end. */
#include "peer/beep_peer_impl.h"
#include "peer/idxp_peer_impl.h"

static void time_up(struct endpoint *e, int link, uint64_t now)
{
    idxp_peer_of(e)->under->up(e, link, now);
}

static void time_feed(struct endpoint *e, int link, slice octets, uint64_t now)
{
    idxp_peer_of(e)->under->feed(e, link, octets, now);
}

static void time_urgent(struct endpoint *e, int link, uint64_t now)
{
    idxp_peer_of(e)->under->urgent(e, link, now);
}

static void time_ended(struct endpoint *e, int link, enum link_end how, uint64_t now)
{
    idxp_peer_of(e)->under->ended(e, link, how, now);
}

static void time_drained(struct endpoint *e, int link, uint64_t now)
{
    idxp_peer_of(e)->under->drained(e, link, now);
}

/* Ours counts while the session lasts; its end has deadlines of BEEP. */
static uint64_t own_deadline(const struct idxp_peer *p)
{
    struct beep_peer *b = p->b;
    bool on = p->ready_by && b->ready && !b->over && !b->ending && !b->leaving && beep_link(b)->state == LINK_UP;
    return on ? p->ready_by : UINT64_MAX;
}

static uint64_t time_deadline(const struct endpoint *e)
{
    const struct idxp_peer *p = beep_peer_user((const struct beep_peer *)e);
    uint64_t own = own_deadline(p), under = p->under->deadline(e);
    return own < under ? own : under;
}

static void time_tick(struct endpoint *e, uint64_t now)
{
    struct idxp_peer *p = idxp_peer_of(e);
    p->under->tick(e, now);
    if (now < own_deadline(p)) return;
    idxp_peer_tell(p, "no greetings on a channel in time");
    idxp_peer_release(p, now);
}

static bool time_finished(const struct endpoint *e)
{
    const struct idxp_peer *p = beep_peer_user((const struct beep_peer *)e);
    return p->under->finished(e);
}

static void time_free(struct endpoint *e)
{
    idxp_peer_of(e)->under->free(e); /* frees the peer as well */
}

static const struct endpoint_ops ops = {
    .up = time_up,
    .feed = time_feed,
    .urgent = time_urgent,
    .ended = time_ended,
    .drained = time_drained,
    .tick = time_tick,
    .deadline = time_deadline,
    .finished = time_finished,
    .free = time_free,
};

void idxp_peer_watch(struct idxp_peer *p)
{
    struct endpoint *e = beep_peer_endpoint(p->b);
    p->under = e->ops;
    e->ops = &ops;
}
