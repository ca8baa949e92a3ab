/* SPDX-License-Identifier: MIT */
/* passive_iap: the clauses that the tracker checks in every session.  Each becomes a result of its own, "iap/passive/3.1-1": kept, broken, or never seen. */
#ifndef RUN_PASSIVE_IAP_H
#define RUN_PASSIVE_IAP_H

#include "run/proto.h"

enum { PASSIVE_IAP = 59 };
/* Their needs are bit sets of enum play_iap_seen. */
extern const struct run_passive passive_iap[PASSIVE_IAP];

#endif
