/* SPDX-License-Identifier: MIT */
#include "run/passive_iap.h"

#include <string.h>

#define SEE(x) (1ull << SEEN_##x)

/* Some clauses restate a fact that the tracker reports under a neighbour's id: they follow it. */
const struct passive_iap passive_iap[] = {
    {CL_IAP_1_6_2, SEE(ANYTHING), {CL_IAP_4_2_5, CL_IAP_4_3_4_1}},
    {CL_IAP_1_7_1, SEE(CONTENT), {CL_IAP_4_3_5_2}},
    {CL_IAP_1_7_2, SEE(CONTENT), {0}},
    {CL_IAP_2_1, SEE(ANYTHING), {CL_IAP_4_3_1_4}},
    {CL_IAP_2_3, SEE(SETUP_RESPONSE), {CL_IAP_4_4}},
    {CL_IAP_2_2_2, SEE(CONTENT), {CL_IAP_2_2_3}},
    {CL_IAP_2_2_3, SEE(DATA_RESPONSE), {0}},
    {CL_IAP_2_3_1, SEE(ANYTHING), {0}},
    {CL_IAP_2_3_2, SEE(ANYTHING), {CL_IAP_2_2_3, CL_IAP_3_3_6, CL_IAP_6_6_3}},
    {CL_IAP_2_3_4, SEE(ANYTHING), {CL_IAP_2_2_3}},
    {CL_IAP_3_2, SEE(CHANNEL), {CL_IAP_3_1_1, CL_IAP_3_2_2, CL_IAP_3_2_1}},
    {CL_IAP_3_1_1, SEE(CONNECT), {0}},
    {CL_IAP_3_1_6, SEE(SETUP_RESPONSE), {0}},
    {CL_IAP_3_1_7, SEE(ERROR_RESPONSE), {0}},
    {CL_IAP_3_2_1, SEE(ANYTHING), {0}},
    {CL_IAP_3_2_2, SEE(UPGRADE), {0}},
    {CL_IAP_3_2_7, SEE(SETUP_RESPONSE), {CL_IAP_3_2_8}},
    {CL_IAP_3_2_8, SEE(SETUP_RESPONSE), {0}},
    {CL_IAP_3_2_10, SEE(ERROR_RESPONSE), {0}},
    {CL_IAP_3_2_12, SEE(TLS), {0}},
    {CL_IAP_3_2_13, SEE(TLS), {0}},
    {CL_IAP_3_2_14, SEE(TLS), {CL_IAP_3_2_13}},
    {CL_IAP_3_2_17, SEE(TLS) | SEE(CHANNEL), {CL_IAP_6_6_3}},
    {CL_IAP_3_3_1, SEE(TLS), {CL_IAP_3_2_16}},
    {CL_IAP_3_3_2, SEE(CHANNEL), {CL_IAP_2_3_1}},
    {CL_IAP_3_3_6, SEE(ANYTHING), {0}},
    {CL_IAP_3_4_1, SEE(TLS) | SEE(CONTENT), {CL_IAP_6_3_6, CL_IAP_2_2_3}},
    {CL_IAP_4_1, SEE(ANYTHING), {0}},
    {CL_IAP_4_2, SEE(ANYTHING), {0}},
    {CL_IAP_4_4, SEE(SETUP_RESPONSE), {0}},
    {CL_IAP_4_1_1, SEE(CONTENT), {0}},
    {CL_IAP_4_2_1, SEE(ANYTHING), {0}},
    {CL_IAP_4_2_3, SEE(CONTENT), {0}},
    {CL_IAP_4_2_4, SEE(ANYTHING), {0}},
    {CL_IAP_4_2_5, SEE(ANYTHING), {0}},
    {CL_IAP_4_2_6, SEE(CHANNEL), {0}},
    {CL_IAP_4_2_7, SEE(CHANNEL), {CL_IAP_2_2_3}},
    {CL_IAP_4_3_1_1, SEE(SETUP_RESPONSE), {CL_IAP_4_3_1_2, CL_IAP_4_3_1_3, CL_IAP_4_2_1, CL_IAP_4_2_5}},
    {CL_IAP_4_3_1_2, SEE(SETUP_RESPONSE), {0}},
    {CL_IAP_4_3_1_3, SEE(SETUP_RESPONSE), {0}},
    {CL_IAP_4_3_1_4, SEE(ANYTHING), {0}},
    {CL_IAP_4_3_2_1, SEE(CONNECT), {CL_IAP_4_3_2_2, CL_IAP_4_3_2_3}},
    {CL_IAP_4_3_2_2, SEE(CONNECT), {0}},
    {CL_IAP_4_3_2_3, SEE(VIA), {0}},
    {CL_IAP_4_3_2_5, SEE(CONNECT), {CL_IAP_3_1_1}},
    {CL_IAP_4_3_3_1, SEE(UPGRADE), {0}},
    {CL_IAP_4_3_3_2, SEE(ANYTHING), {0}},
    {CL_IAP_4_3_4_1, SEE(CHANNEL), {0}},
    {CL_IAP_4_3_4_2, SEE(CHANNEL), {0}},
    {CL_IAP_4_3_5_1, SEE(CONTENT), {0}},
    {CL_IAP_4_3_5_2, SEE(CONTENT), {0}},
    {CL_IAP_4_3_5_3, SEE(CONTENT), {0}},
    {CL_IAP_4_3_5_4, SEE(CONTENT), {0}},
    {CL_IAP_4_3_5_5, SEE(CONTENT), {0}},
    {CL_IAP_4_3_5_6, SEE(CONTENT), {CL_IAP_4_3_5_1}},
    {CL_IAP_4_3_5_8, SEE(CONTENT), {0}},
    {CL_IAP_4_3_5_9, SEE(DATA_RESPONSE), {CL_IAP_4_2}},
    {CL_IAP_4_4_9, SEE(DATA_RESPONSE), {0}},
    {CL_IAP_6_2_1, SEE(ANYTHING), {0}},
};
const size_t passive_iap_count = sizeof passive_iap / sizeof *passive_iap;

static bool lists(const char *roles, const char *role)
{
    size_t n = strlen(role);
    for (const char *at = roles; (at = strstr(at, role)); at += n) {
        bool begins = at == roles || at[-1] == ',';
        bool ends = at[n] == 0 || at[n] == ',';
        if (begins && ends) return true;
    }
    return false;
}

bool passive_iap_binds(const struct clause *c, enum iap_under_test role, bool peer_connects)
{
    switch (role) {
    case TEST_PROXY: return lists(c->roles, "proxy");
    case TEST_MANAGER:
        if (lists(c->roles, "manager")) return true;
        break;
    case TEST_ANALYZER:
        if (lists(c->roles, "analyzer")) return true;
        break;
    }
    return lists(c->roles, peer_connects ? "initiator" : "responder");
}
