/* SPDX-License-Identifier: MIT */
/* reference_beep: makes reference peers of BEEP with one configuration, or with one mistake, for the suite in memory (run/proto.h says what each does). */
#ifndef RUN_REFERENCE_BEEP_H
#define RUN_REFERENCE_BEEP_H

#include "run/proto.h"

err reference_beep_new(const struct run_ctx *r, const struct run_need *special, void **out, char *why, size_t why_n) MUST_CHECK;
void reference_beep_free(void *reference);
struct endpoint *reference_beep_peer(void *reference);

#endif
