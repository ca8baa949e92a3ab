/* SPDX-License-Identifier: MIT */
/* Between the files of the tracker: track_beep.c (frames), track_beep_chan.c (channels and exchanges), track_beep_mgmt.c (channel 0 and tuning), track_beep_sasl.c
 * (SASL exchanges). */
#ifndef TRACK_TRACK_BEEP_IMPL_H
#define TRACK_TRACK_BEEP_IMPL_H

#include "track/track_beep.h"

/* Adds a fault of the present item; nothing while order is not judged and the fault is one of order. */
void beep_fault(struct track_beep *t, int side, enum beep_fault_code code, uint32_t channel);
/* The same with a clause other than the fault's own (of a row of a machine); 0: its own. */
void beep_fault_row(struct track_beep *t, int side, enum beep_fault_code code, uint16_t clause, uint32_t channel);

/* --- channels and exchanges --- */
err beep_channel_new(struct track_beep *t, uint32_t number, slice uri, struct beep_channel **out) MUST_CHECK;
/* Frees it and remembers its number; waiting: the side whose frames may still be on the way, -1 none. */
void beep_channel_drop(struct track_beep *t, struct beep_channel *c, int waiting);
void beep_channels_done(struct track_beep *t);
/* Any state. */
struct beep_channel *beep_channel_find(const struct track_beep *t, uint32_t number);
bool beep_channel_gone(const struct track_beep *t, uint32_t number, int side);
err beep_exchange_new(struct track_beep *t, struct beep_dir *d, uint32_t msgno, struct beep_exchange **out) MUST_CHECK;
/* The reply is complete: forgets it. */
void beep_exchange_drop(struct track_beep *t, struct beep_dir *d, struct beep_exchange *x);
struct beep_exchange *beep_exchange_find(const struct beep_dir *d, uint32_t msgno, bool greeting);
bool beep_was_answered(const struct beep_dir *d, uint32_t msgno);
struct beep_answer *beep_answer_find(const struct beep_exchange *x, uint32_t ansno);
err beep_answer_new(struct track_beep *t, struct beep_exchange *x, uint32_t ansno, struct beep_answer **out) MUST_CHECK;
void beep_answer_drop(struct beep_exchange *x, struct beep_answer *a);

/* --- channel 0 and tuning: a message is complete --- */
/* x: the exchange that it is part of, still there. */
void beep_message(struct track_beep *t, int side, struct beep_channel *c, struct beep_exchange *x, const struct beep_frame *f,
                  slice message, struct beep_got *got);
/* Steps the session; false (and a fault) when that was out of order. */
bool beep_session_step(struct track_beep *t, int side, enum beep_session_event ev, uint32_t channel);
bool beep_tuning_step(struct track_beep *t, int side, enum beep_tuning_event ev, uint32_t channel);

/* --- SASL exchanges --- */
/* A start, before it is answered. */
void beep_sasl_asked(struct track_beep *t, int side, const struct beep_el *start);
/* Side answers a start by the SASL channel c; inner: the element in that answer, or NULL. */
void beep_sasl_started(struct track_beep *t, int side, const struct beep_el *inner, const struct beep_channel *c);
/* A whole message on a SASL channel that is well-formed, or an error. */
void beep_sasl_message(struct track_beep *t, int side, const struct beep_channel *c, const struct beep_el *el, bool reply);
/* That channel is closed. */
void beep_sasl_leave(struct track_beep *t, const struct beep_channel *c);

static inline const struct mem *beep_mem(const struct track_beep *t)
{
    return t->env->mem;
}

#endif
