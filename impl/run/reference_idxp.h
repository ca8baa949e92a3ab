/* SPDX-License-Identifier: MIT */
/* reference_idxp: reference managers, analyzers and tunnel proxies for runs in memory, set up as the cases ask for. */
#ifndef RUN_REFERENCE_IDXP_H
#define RUN_REFERENCE_IDXP_H

#include "run/proto.h"

err reference_idxp_new(const struct run_ctx *x, const struct run_need *special, void **out, char *why, size_t why_n) MUST_CHECK;
void reference_idxp_free(void *reference);
struct endpoint *reference_idxp_peer(void *reference);

#endif
