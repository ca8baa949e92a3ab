/* SPDX-License-Identifier: MIT */
/* passive_beep: the clauses that the tracker checks in every BEEP session.  Each becomes a result of its own,
 * "beep/passive/2.2.1-1": kept, broken, or never seen. */
#ifndef RUN_PASSIVE_BEEP_H
#define RUN_PASSIVE_BEEP_H

#include "run/proto.h"

enum { PASSIVE_BEEP = 65 };
/* Their needs are bit sets of enum play_beep_seen. */
extern const struct run_passive passive_beep[PASSIVE_BEEP];

#endif
