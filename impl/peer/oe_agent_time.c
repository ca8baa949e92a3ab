/* SPDX-License-Identifier: MIT */
#include <stddef.h>

#include "peer/oe_agent_impl.h"

#define OF_DUE(r) ((struct job *)(void *)((char *)(r) - offsetof(struct job, due)))

uint64_t oe_agent_later(uint64_t t, uint64_t ms)
{
    return t > UINT64_MAX - ms ? UINT64_MAX : t + ms;
}

bool oe_agent_tunnel(const struct oe_agent *a, size_t i, struct oe_host *destination, struct oe_host *gateway)
{
    for (const struct ring *r = a->jobs.next; r != &a->jobs; r = r->next) {
        const struct job *j = (const struct job *)r;
        if (!j->tunnel || i--) continue;
        *destination = j->host;
        *gateway = j->gateways[j->current].host;
        return true;
    }
    return false;
}

/* Mistakes: whoever waits for ever, or goes round in circles for ever, sees no deadline. */
static bool timeless(const struct oe_agent *a)
{
    return OEMUT(a->mutant, PATIENT) || OEMUT(a->mutant, ENDLESS_ALIASES);
}

uint64_t oe_agent_deadline(const struct oe_agent *a)
{
    uint64_t t = a->next_age;
    if (a->due.next != &a->due && !timeless(a)) {
        const struct job *j = OF_DUE(a->due.next);
        if (j->deadline < t) t = j->deadline;
    }
    return t == OE_NEVER ? OE_NEVER : t > a->ahead ? t - a->ahead : 0;
}

static void lapse(struct oe_agent *a, uint64_t t)
{
    while (a->due.next != &a->due && OF_DUE(a->due.next)->deadline <= t && !timeless(a)) {
        struct job *j = OF_DUE(a->due.next);
        oe_ring_cut(&j->due);
        oe_ring_cut(&j->wait);
        j->silent = true;
        oe_agent_run(a, j, t);
    }
}

/* One tunnel, period by period, as several may be over (5.1).  Gives when it is to be looked at again. */
static uint64_t grow_old(struct oe_agent *a, struct job *j, uint64_t t)
{
    for (;;) {
        uint64_t end = oe_agent_later(j->began, oe_age_period(j->old.state));
        if (end > t || OEMUT(a->mutant, NEVER_AGES)) return end > t ? end : OE_NEVER;
        struct oe_age_facts f = {.now = end, .began = j->began, .used = j->used};
        fsm_step(&j->old, OE_SIDE_WORLD, OE_AE_EXPIRE, &f);
        if (j->old.state == OE_AS_CLOSED || j->old.state == OE_AS_LOST) {
            j->tunnel = false;
            return OE_NEVER;
        }
        j->began = end;
    }
}

void oe_agent_tick(struct oe_agent *a, uint64_t now)
{
    uint64_t t = oe_agent_later(now, a->ahead);
    oe_agent_free_spent(a);
    a->at = t;
    lapse(a, t);
    if (t < a->next_age) return;
    a->next_age = OE_NEVER;
    for (struct ring *r = a->jobs.next; r != &a->jobs; r = r->next) {
        struct job *j = (struct job *)r;
        uint64_t again = j->tunnel ? grow_old(a, j, t) : OE_NEVER;
        if (again < a->next_age) a->next_age = again;
    }
}

void oe_agent_advance(struct oe_agent *a, uint64_t ms, uint64_t now)
{
    a->ahead = oe_agent_later(a->ahead, ms);
    oe_agent_tick(a, now);
}
