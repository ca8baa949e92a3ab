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
    /* breadth first, backwards from the target, so that the first hit at the present state is on a shortest
     * way */
    const struct fsm *m = i->m;
    if (i->state == target || target >= m->state_count || (avoid >> target & 1)) return NULL;
    uint32_t seen = 1u << target, front = seen;
    while (front) {
        uint32_t before = 0;
        for (size_t k = 0; k < m->row_count; k++) {
            const struct fsm_row *r = &m->rows[k];
            if (r->kind != FSM_OK || !(front >> r->to & 1) || (seen >> r->from & 1)) continue;
            if (!holds(m, r, facts)) continue;
            if (r->from == i->state) return r;
            if (avoid >> r->from & 1) continue;
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

static bool in_range(const struct fsm *m, const struct fsm_row *r)
{
    return r->from < m->state_count && r->to < m->state_count && r->event < m->event_count &&
           r->who < m->party_count && r->binds < m->party_count && r->guard < m->guard_count &&
           r->kind <= FSM_FATAL;
}

static void check_row(const struct fsm *m, size_t k, struct findings *f)
{
    const struct fsm_row *r = &m->rows[k];
    if (!in_range(m, r)) {
        found(f, "row refers to a name that is not there", k);
        return;
    }
    if (!r->clause) found(f, "row without clause", k);
    if (r->kind == FSM_LOOSE && !r->defect) found(f, "tolerant row without defect", k);
    if (r->kind == FSM_FATAL && r->to != m->lost) found(f, "row rules out and does not lose the session", k);
    if (r->kind != FSM_FATAL && r->to == m->lost) found(f, "row allows and loses the session", k);
    if (r->from == m->lost || r->from == m->final) found(f, "row leaves a final state", k);
    for (size_t j = 0; j < k; j++) {
        if (hides(&m->rows[j], r)) {
            found(f, "row hidden by an earlier row", k);
            break;
        }
    }
}

/* Names that are in use, as bit sets. */
struct uses {
    uint32_t states, events, guards, parties;
};

static struct uses find_uses(const struct fsm *m)
{
    struct uses u = {.states = 1u << m->start, .guards = 1u, .parties = 1u};
    for (size_t round = 0; round < m->state_count; round++) {
        for (size_t k = 0; k < m->row_count; k++) {
            const struct fsm_row *r = &m->rows[k];
            if (!in_range(m, r)) continue;
            if (u.states >> r->from & 1) u.states |= 1u << r->to;
            u.events |= 1u << r->event;
            u.guards |= 1u << r->guard;
            u.parties |= 1u << r->who | 1u << r->binds;
        }
    }
    return u;
}

static void check_names(const char *const *names, uint8_t count, uint32_t used, const char *unused,
                        struct findings *f)
{
    for (uint8_t k = 0; k < count; k++) {
        if (!names[k]) found(f, "name that is missing", k);
        if (!(used >> k & 1)) found(f, unused, k);
    }
}

size_t fsm_check(const struct fsm *m, struct fsm_lint *out, size_t n)
{
    struct findings f = {out, 0, n};
    if (m->state_count > FSM_STATES || m->event_count > FSM_EVENTS || m->guard_count > 32 ||
        m->party_count > FSM_PARTIES || m->start >= m->state_count || m->lost >= m->state_count ||
        m->final >= m->state_count) {
        found(&f, "machine that is larger than the bit sets, or starts or ends nowhere", 0);
        return f.n;
    }
    for (size_t k = 0; k < m->row_count; k++)
        check_row(m, k, &f);
    struct uses u = find_uses(m);
    check_names(m->states, m->state_count, u.states | 1u << m->lost, "state that nothing reaches", &f);
    check_names(m->events, m->event_count, u.events, "event that no row uses", &f);
    check_names(m->guards, m->guard_count, u.guards, "guard that no row uses", &f);
    check_names(m->parties, m->party_count, u.parties, "party that no row uses", &f);
    return f.n;
}
