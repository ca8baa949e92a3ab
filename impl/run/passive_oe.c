/* SPDX-License-Identifier: MIT */
#include "run/passive_oe.h"

#include "model/oe_track.h"

#define SEE(x) (1ull << OE_WIRE_##x)

/* Some clauses restate a fact that is reported under a neighbour's id: they follow it. */
const struct run_passive passive_oe[PASSIVE_OE] = {
    {CL_OE_3_2_1, SEE(FLOW), {CL_OE_3_2_3, CL_OE_3_2_4, CL_OE_4_11_1, CL_OE_4_12_2_2}},
    {CL_OE_3_2_3, SEE(LOOKED), {0}},
    {CL_OE_3_2_4, SEE(ASKED), {0}},
    {CL_OE_4_3_1, SEE(LOOKED), {0}},
    {CL_OE_4_4_1, SEE(OFFER), {0}},
    {CL_OE_4_5_1, SEE(CHOICE), {0}},
    {CL_OE_4_6_1, SEE(EXPONENT), {0}},
    {CL_OE_4_7_1, SEE(EXPONENT_BACK), {0}},
    {CL_OE_4_8_1, SEE(ID), {0}},
    {CL_OE_4_11_1, SEE(AUTH), {0}},
    {CL_OE_4_12_2_2, SEE(ALLOWED), {0}},
    {CL_OE_4_14_1, SEE(WAY_BACK), {0}},
    {CL_OE_5_1_3, SEE(INFO), {0}},
    {CL_OE_5_2_1, SEE(END_TOLD), {0}},
    {CL_OE_5_2_2, SEE(ANSWER), {0}},
    {CL_OE_5_2_5, SEE(REPEAT), {0}},
    {CL_OE_5_2_6, SEE(NEW_USED), {0}},
    {CL_OE_5_2_7, SEE(OLD_GONE), {0}},
    {CL_OE_6_1_2, SEE(IKE), {CL_OE_4_6_1, CL_OE_4_7_1}},
    {CL_OE_6_6_1_1, SEE(OFFER), {0}},
    {CL_OE_6_6_1_2, SEE(GROUP2), {0}},
    {CL_OE_6_6_1_3, SEE(GROUP5), {0}},
    {CL_OE_6_6_1_4, SEE(OFFER), {CL_OE_4_4_1}},
    {CL_OE_6_6_1_6, SEE(OFFER), {CL_OE_4_4_1}},
    {CL_OE_6_6_1_7, SEE(OWN_KEY) | SEE(INITIATES), {0}},
    {CL_OE_7_1_1, SEE(OWN_KEY), {0}},
    {CL_OE_7_2_1, SEE(HOST_TXT), {0}},
    {CL_OE_8_1_3, SEE(PUBLIC), {0}},
    {CL_OE_11_2_1, SEE(AGAIN), {0}},
    {CL_OERFC_3_1_1_2, SEE(HELD), {0}},
    {CL_OERFC_3_4_1_2, SEE(INFO), {0}},
    {CL_OERFC_4_6_1_1, SEE(OFFER), {0}},
    {CL_OERFC_4_6_1_2, SEE(OFFER), {CL_OE_4_4_1}},
    {CL_OERFC_4_6_1_3, SEE(OFFER), {CL_OE_4_4_1}},
    {CL_OERFC_4_6_1_4, SEE(OFFER), {0}},
    {CL_OERFC_4_6_1_5, SEE(OFFER), {0}},
    {CL_OERFC_4_6_1_6, SEE(USUAL), {CL_OE_4_5_1}},
    {CL_OERFC_4_6_1_8, SEE(OFFER), {CL_OE_4_4_1}},
    {CL_OERFC_4_6_1_9, SEE(OWN_KEY) | SEE(INITIATES), {0}},
    {CL_OERFC_5_1_1, SEE(OWN_KEY), {0}},
    {CL_OERFC_9_2_1, SEE(AGAIN), {0}},
    {CL_OERFC_11_2_2, SEE(AUTH) | SEE(ALLOWED), {CL_OE_4_11_1, CL_OE_4_12_2_2}},
};
