/* SPDX-License-Identifier: MIT */
/* passive_idxp: the clauses of IDXP, TUNNEL and IDMEF that any session shows.  Each becomes a result of its
 * own, "idxp/passive/3.4-1", "idxp/passive/idmef/8-1": kept, broken, or never seen. */
#ifndef RUN_PASSIVE_IDXP_H
#define RUN_PASSIVE_IDXP_H

#include "run/proto.h"

enum { PASSIVE_IDXP = 125 };
/* Their needs are bit sets of enum play_idxp_seen. */
extern const struct run_passive passive_idxp[PASSIVE_IDXP];

#endif
