/* SPDX-License-Identifier: MIT */
#include "run/passive_beep.h"

#include "run/play_beep.h"

#define SEE(x) (1ull << BEEP_SEEN_##x)

const struct run_passive passive_beep[PASSIVE_BEEP] = {
    {CL_BEEP_2_1, SEE(GREETING), {0}},
    {CL_BEEP_2_2_1_1, SEE(FRAME), {0}},
    {CL_BEEPTCP_2_1, SEE(SEQ), {0}},
};
