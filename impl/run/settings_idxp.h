/* SPDX-License-Identifier: MIT */
/* settings_idxp: how `draftproof check reference' starts the programs of IDXP and TUNNEL, in both dialects. */
#ifndef RUN_SETTINGS_IDXP_H
#define RUN_SETTINGS_IDXP_H

#include "run/proto.h"

extern const struct run_setting settings_idxp[]; /* ended by NULL name */

#endif
