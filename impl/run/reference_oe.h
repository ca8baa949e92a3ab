/* SPDX-License-Identifier: MIT */
/* reference_oe: our own parser and gateway in the memory of the process, for the suite (members of struct
 * run_proto). */
#ifndef RUN_REFERENCE_OE_H
#define RUN_REFERENCE_OE_H

#include "run/proto.h"

err reference_oe_new(const struct run_ctx *x, const struct run_need *special, void **out, char *why,
                     size_t why_n) MUST_CHECK;
void reference_oe_free(void *reference);
struct endpoint *reference_oe_peer(void *reference);

#endif
