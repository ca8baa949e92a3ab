/* SPDX-License-Identifier: MIT */
#include "base/fsm.h"

#include <string.h>

void fsm_init(struct fsm_inst *i, const struct fsm *m)
{
    i->m = m;
    i->state = m->start;
    for (size_t p = 0; p < FSM_PARTIES; p++)
        i->side[p] = -1;
}

void fsm_bind(struct fsm_inst *i, uint8_t party, int side)
{
    if (party == FSM_ANY || party >= FSM_PARTIES) return;
    uint8_t partner = (uint8_t)(party & 1 ? party + 1 : party - 1);
    i->side[party] = (int8_t)side;
    if (partner < FSM_PARTIES) i->side[partner] = (int8_t)!side;
}

int fsm_side(const struct fsm_inst *i, uint8_t party)
{
    return party < FSM_PARTIES ? i->side[party] : -1;
}

static bool may(const struct fsm_inst *i, const struct fsm_row *r, int side)
{
    return r->who == FSM_ANY || i->side[r->who] == -1 || i->side[r->who] == side;
}

static bool holds(const struct fsm *m, const struct fsm_row *r, const void *facts)
{
    return r->guard == FSM_NOGUARD || m->holds(r->guard, facts);
}

const struct fsm_row *fsm_peek(const struct fsm_inst *i, int side, uint8_t event, const void *facts)
{
    const struct fsm *m = i->m;
    for (size_t k = 0; k < m->row_count; k++) {
        const struct fsm_row *r = &m->rows[k];
        if (r->from == i->state && r->event == event && may(i, r, side) && holds(m, r, facts)) return r;
    }
    return NULL;
}

const struct fsm_row *fsm_step(struct fsm_inst *i, int side, uint8_t event, const void *facts)
{
    const struct fsm_row *r = fsm_peek(i, side, event, facts);
    if (!r) {
        i->state = i->m->lost;
        return NULL;
    }
    if (r->binds) fsm_bind(i, r->binds, side);
    i->state = r->to;
    return r;
}

uint32_t fsm_legal(const struct fsm_inst *i, int side, const void *facts)
{
    uint32_t set = 0;
    for (uint8_t e = 0; e < i->m->event_count; e++) {
        const struct fsm_row *r = fsm_peek(i, side, e, facts);
        if (r && r->kind != FSM_FATAL) set |= 1u << e;
    }
    return set;
}

const struct fsm_row *fsm_next(const struct fsm_inst *i, uint8_t target, uint32_t avoid, const void *facts)
{
    /* breadth first, backwards from the target, so that the first hit at the present state is on a shortest way */
    const struct fsm *m = i->m;
    uint32_t seen = 1u << target, front = seen;
    if (i->state == target) return NULL;
    while (front) {
        uint32_t before = 0;
        for (size_t k = 0; k < m->row_count; k++) {
            const struct fsm_row *r = &m->rows[k];
            if (r->kind != FSM_OK || !(front >> r->to & 1) || (seen >> r->from & 1)) continue;
            if ((avoid >> r->from & 1) || !holds(m, r, facts)) continue;
            if (r->from == i->state) return r;
            before |= 1u << r->from;
        }
        seen |= before;
        front = before;
    }
    return NULL;
}

int fsm_state_find(const struct fsm *m, const char *name)
{
    for (int s = 0; s < m->state_count; s++) {
        if (strcmp(m->states[s], name) == 0) return s;
    }
    return -1;
}

struct findings {
    struct fsm_lint *out;
    size_t n, max;
};

static void found(struct findings *f, const char *what, size_t row)
{
    if (f->n < f->max) f->out[f->n] = (struct fsm_lint){what, row};
    f->n++;
}

static bool hides(const struct fsm_row *a, const struct fsm_row *b)
{
    return a->from == b->from && a->event == b->event && (a->who == FSM_ANY || a->who == b->who) &&
           (a->guard == FSM_NOGUARD || a->guard == b->guard);
}

static void check_row(const struct fsm *m, size_t k, struct findings *f)
{
    const struct fsm_row *r = &m->rows[k];
    if (r->from >= m->state_count || r->to >= m->state_count || r->event >= m->event_count ||
        r->who >= m->party_count || r->binds >= m->party_count || r->guard >= m->guard_count) {
        found(f, "row refers to a name that is not there", k);
        return;
    }
    if (!r->clause) found(f, "row without clause", k);
    if (r->kind == FSM_LOOSE && !r->defect) found(f, "tolerant row without defect", k);
    if (r->from == m->lost || r->from == m->final) found(f, "row leaves a final state", k);
    for (size_t j = 0; j < k; j++) {
        if (hides(&m->rows[j], r)) {
            found(f, "row hidden by an earlier row", k);
            break;
        }
    }
}

size_t fsm_check(const struct fsm *m, struct fsm_lint *out, size_t n)
{
    struct findings f = {out, 0, n};
    uint32_t reached = 1u << m->start, events = 0, guards = 1u, parties = 1u;
    for (size_t k = 0; k < m->row_count; k++)
        check_row(m, k, &f);
    for (size_t round = 0; round < m->state_count; round++) {
        for (size_t k = 0; k < m->row_count; k++) {
            const struct fsm_row *r = &m->rows[k];
            if (reached >> r->from & 1) reached |= 1u << r->to;
            events |= 1u << r->event;
            guards |= 1u << r->guard;
            parties |= 1u << r->who | 1u << r->binds;
        }
    }
    for (uint8_t s = 0; s < m->state_count; s++) {
        if (!(reached >> s & 1) && s != m->lost) found(&f, "state that nothing reaches", s);
    }
    for (uint8_t e = 0; e < m->event_count; e++) {
        if (!(events >> e & 1)) found(&f, "event that no row uses", e);
    }
    for (uint8_t g = 0; g < m->guard_count; g++) {
        if (!(guards >> g & 1)) found(&f, "guard that no row uses", g);
    }
    for (uint8_t p = 0; p < m->party_count; p++) {
        if (!(parties >> p & 1)) found(&f, "party that no row uses", p);
    }
    return f.n;
}
