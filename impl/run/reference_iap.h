/* SPDX-License-Identifier: MIT */
/* reference_iap: makes reference peers of IAP with one configuration, or with one mistake, for the suite in memory (run/proto.h says what each does). */
#ifndef RUN_REFERENCE_IAP_H
#define RUN_REFERENCE_IAP_H

#include "run/proto.h"

err reference_iap_new(const struct run_ctx *r, const struct run_need *special, void **out, char *why, size_t why_n) MUST_CHECK;
void reference_iap_free(void *reference);
struct endpoint *reference_iap_peer(void *reference);

#endif
