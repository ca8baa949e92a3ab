/* SPDX-License-Identifier: MIT */
#include "model/oe_track.h"

#define OFF           (-1)
#define LEVEL_OFF     OFF
#define LEVEL_NOTE    SEV_NOTE
#define LEVEL_WEAK    SEV_WEAK
#define LEVEL_FAIL    SEV_FAIL
#define WORST(sd, sr) ((sd) == OFF ? (enum severity)(sr) : (enum severity)(sd))
#define FAULT(n, c, r, d, sd, sr, t)                                                                         \
    {{#n, CL_##c, DEF_##d, WORST(LEVEL_##sd, LEVEL_##sr), t}, CL_##r, {LEVEL_##sd, LEVEL_##sr}},
const struct oe_track_info oe_track_faults[OE_TF_COUNT] = {
    {{"none", CL_NONE, DEF_NONE, SEV_NOTE, ""}, CL_NONE, {OFF, OFF}}, OE_TRACK_FAULTS(FAULT)};

#define NAME(n, t) [OE_WIRE_##n] = t,
const char *const oe_wire_names[OE_WIRE_END] = {OE_WIRES(NAME)};
