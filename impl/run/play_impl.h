/* SPDX-License-Identifier: MIT */
/* Between the files of the player: play.c (the engine, events, verdicts), play_expect.c (expect and its alternatives, and how long they are waited for). */
#ifndef RUN_PLAY_IMPL_H
#define RUN_PLAY_IMPL_H

#include "run/play.h"

/* --- play.c --- */
/* The case is over; only the first verdict counts. */
__attribute__((format(printf, 4, 5))) void play_finish(struct player *p, enum verdict v, int line, const char *fmt, ...);
/* An end, or silence (ev NULL), that the peer has a right to: fail and weak become inconc, and the case is over.  False: nothing was done. */
bool play_excused(struct player *p, enum verdict v, int end, const struct play_event *ev, int line);
enum verdict play_verdict_of(enum scn_verdict v);
/* Of the statement that is played. */
int play_line(const struct player *p);
/* Drops the oldest event of an end. */
void play_pop(struct player *p, int end);
/* What a statement that is no expect waits, in ms. */
uint64_t play_wait_ms(const struct player *p, const struct scn_stmt *s);

/* --- play_expect.c --- */
/* How long the expect at pc waits, in ms. */
uint64_t play_group_wait(const struct player *p);
/* Looks at what came for the expect at pc.  True when it is done with or the case over. */
bool play_group_try(struct player *p);
/* That time is over. */
void play_group_timed_out(struct player *p);
/* The time is over although a message was under way all the while: true, and the case is over. */
bool play_trickled(struct player *p, uint64_t now);

#endif
