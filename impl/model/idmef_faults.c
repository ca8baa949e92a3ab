/* SPDX-License-Identifier: MIT */
#include "model/idmef_faults.h"

#define FAULT(n, c, d, s, t) {#n, CL_##c, DEF_##d, SEV_##s, t},
const struct fault_info idmef_faults[IDMEF_F_COUNT] = {{"none", CL_NONE, DEF_NONE, SEV_NOTE, ""}, IDMEF_FAULTS(FAULT)};
