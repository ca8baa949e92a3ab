/* SPDX-License-Identifier: MIT */
#include "model/oe.h"

#define FAULT(n, c, d, s, t3, t4, t) {#n, CL_##c, DEF_##d, SEV_##s, t},
#define TAKE(n, c, d, s, t3, t4, t) {OE_##t3, OE_##t4},
const struct fault_info oe_faults[OE_F_COUNT] = {{"none", CL_NONE, DEF_NONE, SEV_NOTE, ""}, OE_FAULTS(FAULT)};
const uint8_t oe_takes[OE_F_COUNT][OE_DIALECTS] = {{OE_TAKE, OE_TAKE}, OE_FAULTS(TAKE)};

const char *const oe_dialect_names[OE_DIALECTS] = {"draft", "rfc"};
