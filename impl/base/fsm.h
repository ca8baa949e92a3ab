/* SPDX-License-Identifier: MIT */
/* fsm: state machines as const rows of small integers.  The rows say who may do what in which state and which clause
 * says so; they do not know which side "we" are.  Endpoint, capture checker, conformance oracle and documents read
 * the same rows.
 *
 * A party is a role inside the exchange (opener, answerer, TLS client ...), numbered from 1; an instance binds
 * parties to the two sides of the connection, 0 and 1.  Parties come in pairs (1,2), (3,4) ...: binding one to a side binds its partner
 * to the other side. */
#ifndef BASE_FSM_H
#define BASE_FSM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FSM_ANY = 0, FSM_PARTIES = 8, FSM_STATES = 32, FSM_EVENTS = 32, FSM_NOGUARD = 0 };

enum fsm_kind {
    FSM_OK,    /* allowed */
    FSM_LOOSE, /* allowed by the tolerant reading of the row's defect only: weak */
    FSM_FATAL  /* the drafts rule it out; the session is lost */
};

struct fsm_row {
    uint8_t from, to;
    uint8_t who;    /* party that sends; FSM_ANY for either */
    uint8_t event;
    uint8_t guard;  /* index of a named predicate over the facts, FSM_NOGUARD for none */
    uint8_t binds;  /* party that the sender becomes, 0 for none */
    uint8_t kind;   /* enum fsm_kind */
    uint16_t clause;/* enum clause_id */
    uint16_t defect;/* enum defect_id, 0 */
};

struct fsm {
    const char *name;
    const char *const *states, *const *events, *const *parties, *const *guards; /* names, and sentences for guards */
    uint8_t state_count, event_count, party_count, guard_count;
    uint8_t start, lost, final; /* lost and final are left by nothing */
    const struct fsm_row *rows;
    size_t row_count;
    uint16_t otherwise; /* clause that is broken by an event for which no row stands */
    bool (*holds)(uint8_t guard, const void *facts);
};

struct fsm_inst {
    const struct fsm *m;
    uint8_t state;
    int8_t side[FSM_PARTIES]; /* side of a party, -1 while unbound */
};

void fsm_init(struct fsm_inst *i, const struct fsm *m);
void fsm_bind(struct fsm_inst *i, uint8_t party, int side);
/* The side of a party, or -1. */
int fsm_side(const struct fsm_inst *i, uint8_t party);
/* The row that an event by side would use now; NULL when none stands.  Nothing changes. */
const struct fsm_row *fsm_peek(const struct fsm_inst *i, int side, uint8_t event, const void *facts);
/* Does it.  The row used, or NULL (then the state is m->lost). */
const struct fsm_row *fsm_step(struct fsm_inst *i, int side, uint8_t event, const void *facts);
/* Bit set of events that side may do now (kinds OK and LOOSE). */
uint32_t fsm_legal(const struct fsm_inst *i, int side, const void *facts);
/* The first row on a shortest way of OK rows from the present state to the target, NULL when there is none or
 * the target is reached. avoid: bit set of states that the way behind the present one must not touch. */
const struct fsm_row *fsm_next(const struct fsm_inst *i, uint8_t target, uint32_t avoid, const void *facts);
/* By name; -1 when there is none. */
int fsm_state_find(const struct fsm *m, const char *name);

struct fsm_lint { /* what is wrong with a machine; row is its index */
    const char *what;
    size_t row;
};
/* Checks: ranges, states that nothing reaches, rows hidden by an earlier row, rows without clause, LOOSE without defect, FATAL rows that do
 * not lead to lost and others that do, rows that leave a final state, names never used or missing.  Where no row is meant, row is the
 * index of the name.  Returns the number of findings, of which at most n are filled in. */
size_t fsm_check(const struct fsm *m, struct fsm_lint *out, size_t n);

#endif
