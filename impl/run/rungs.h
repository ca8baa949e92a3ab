/* SPDX-License-Identifier: MIT */
/* rungs: how the reports read one rung of a ladder, so that text, page and capture agree. */
#ifndef RUN_RUNGS_H
#define RUN_RUNGS_H

#include "run/result.h"

/* What an event is, by the first word of its label (letter case does not count). */
enum rung_event {
    RUNG_EV_OTHER,
    RUNG_EV_OPEN, /* connected, accepted */
    RUNG_EV_FIN,
    RUNG_EV_RESET,  /* reset, RST */
    RUNG_EV_URGENT, /* urgent, URG */
    RUNG_EV_CLOSE_NOTIFY
};
enum rung_event rung_event(const struct rung *g);
/* It went from one side to the other: drawn as an arrow. */
bool rung_directed(const struct rung *g);
/* Name of the connection that the rung belongs to: "tester" for an unnamed one. */
const char *rung_end(const struct ladder *l, const struct rung *g);
/* Both sides of a relay: drawn in three columns, near | peer | far. */
bool ladder_is_relay(const struct ladder *l);

#endif
