/* SPDX-License-Identifier: MIT */
/* settings_oe: how `draftproof check reference' starts our parser and gateway as programs. */
#ifndef RUN_SETTINGS_OE_H
#define RUN_SETTINGS_OE_H

#include "run/proto.h"

extern const struct run_setting settings_oe[]; /* ended by NULL name */

#endif
