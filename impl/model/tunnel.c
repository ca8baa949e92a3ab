/* SPDX-License-Identifier: MIT */
#include "model/tunnel.h"

#define NAME(n, s) s,
static const char *const states[] = {TUNNEL_STATES(NAME)};
static const char *const events[] = {TUNNEL_EVENTS(NAME)};
static const char *const parties[] = {TUNNEL_PARTIES(NAME)};
static const char *const relay_states[] = {TUNNEL_RELAY_STATES(NAME)};
static const char *const relay_events[] = {TUNNEL_RELAY_EVENTS(NAME)};
static const char *const relay_parties[] = {TUNNEL_RELAY_PARTIES(NAME)};
static const char *const no_guards[] = {""};

/* clang-format off */
#define ROW(from, to, who, event, binds, kind, clause, defect) \
    {TUNNEL_S_##from, TUNNEL_S_##to, TUNNEL_P_##who, TUNNEL_E_##event, FSM_NOGUARD, TUNNEL_P_##binds, FSM_##kind, CL_##clause, DEF_##defect}
static const struct fsm_row rows[] = {
    /*  from     to       who       event   binds  kind   clause         defect */
    ROW(IDLE,    ASKED,   ANY,      TUNNEL, ASKER, OK,    TUNNEL_4_1,    NONE),
    ROW(IDLE,    DONE,    ANY,      END,    ANY,   OK,    TUNNEL_2_3_2,  NONE),
    ROW(ASKED,   THROUGH, ANSWERER, OK,     ANY,   OK,    TUNNEL_4_15,   NONE),
    ROW(ASKED,   IDLE,    ANSWERER, ERROR,  ANY,   OK,    TUNNEL_4_11,   NONE), /* 2.3 note 3: another element may follow */
    ROW(ASKED,   LOST,    ASKER,    TUNNEL, ANY,   FATAL, TUNNEL_4_1,    NONE),
    ROW(ASKED,   DONE,    ANY,      END,    ANY,   OK,    TUNNEL_2_3_2,  NONE),
    ROW(THROUGH, THROUGH, ANY,      OCTETS, ANY,   OK,    TUNNEL_4_10,   NONE),
    ROW(THROUGH, DONE,    ANY,      END,    ANY,   OK,    TUNNEL_2_1_3,   NONE),
};
#undef ROW

#define ROW(from, to, who, event, kind, clause, defect) \
    {TUNNEL_RS_##from, TUNNEL_RS_##to, TUNNEL_RP_##who, TUNNEL_RE_##event, FSM_NOGUARD, TUNNEL_RP_ANY, FSM_##kind, CL_##clause, DEF_##defect}
static const struct fsm_row relay_rows[] = {
    /*  from       to         who        event         kind   clause          defect */
    ROW(IDLE,      ASKED,     NEIGHBOUR, ASK,          OK,    TUNNEL_4_1,     NONE),
    ROW(IDLE,      HERE,      NEIGHBOUR, ASK_HERE,     OK,    TUNNEL_4_3,     NONE),
    ROW(IDLE,      DONE,      ANY,       END,          OK,    TUNNEL_2_3_2,   NONE),
    ROW(HERE,      RESET,     PROXY,     OK,           OK,    TUNNEL_4_3,     NONE),
    ROW(HERE,      IDLE,      PROXY,     ERROR,        OK,    TUNNEL_6_1,     NONE),
    ROW(HERE,      DONE,      ANY,       END,          OK,    TUNNEL_2_3_2,   NONE),
    ROW(RESET,     DONE,      ANY,       END,          OK,    TUNNEL_5_1,     NONE),
    ROW(ASKED,     CONNECTED, PROXY,     CONNECT,      OK,    TUNNEL_4_13,    NONE),
    ROW(ASKED,     AGREED,    PROXY,     CONNECT_LAST, OK,    TUNNEL_4_9,     NONE),
    ROW(ASKED,     IDLE,      PROXY,     ERROR,        OK,    TUNNEL_4_11,    NONE),
    ROW(ASKED,     LOST,      PROXY,     OK,           FATAL, TUNNEL_4_9,     NONE),
    ROW(ASKED,     DONE,      ANY,       END,          OK,    TUNNEL_4_19,   NONE),
    ROW(CONNECTED, GREETED,   NEIGHBOUR, GREETING,     OK,    TUNNEL_4_13,    NONE),
    ROW(CONNECTED, FAILED,    NEIGHBOUR, OTHER,        OK,    TUNNEL_4_12,    NONE),
    ROW(CONNECTED, IDLE,      PROXY,     ERROR,        OK,    TUNNEL_4_12,    NONE), /* it waited long enough */
    ROW(CONNECTED, LOST,      PROXY,     OK,           FATAL, IDXP_2_1_13,    NONE),
    ROW(CONNECTED, LOST,      PROXY,     PASS,         FATAL, TUNNEL_4_13,    NONE),
    ROW(CONNECTED, DONE,      ANY,       END,          OK,    TUNNEL_4_19,    NONE),
    ROW(GREETED,   PASSED,    PROXY,     PASS,         OK,    TUNNEL_4_13,    NONE),
    ROW(GREETED,   FAILED,    NEIGHBOUR, OTHER,        OK,    TUNNEL_4_12,    NONE),
    ROW(GREETED,   LOST,      PROXY,     OK,           FATAL, IDXP_2_1_13,    NONE),
    ROW(GREETED,   DONE,      ANY,       END,          OK,    TUNNEL_4_19,    NONE),
    ROW(PASSED,    AGREED,    NEIGHBOUR, FAR_OK,       OK,    TUNNEL_4_15,    NONE),
    ROW(PASSED,    FAILED,    NEIGHBOUR, FAR_ERROR,    OK,    TUNNEL_4_14,    NONE),
    ROW(PASSED,    FAILED,    NEIGHBOUR, OTHER,        OK,    TUNNEL_4_18,    NONE),
    ROW(PASSED,    IDLE,      PROXY,     ERROR,        OK,    TUNNEL_4_12,    NONE),
    ROW(PASSED,    LOST,      PROXY,     OK,           FATAL, IDXP_2_1_13,    NONE),
    ROW(PASSED,    DONE,      ANY,       END,          OK,    TUNNEL_4_19,    NONE),
    ROW(FAILED,    IDLE,      PROXY,     ERROR,        OK,    TUNNEL_4_14,    NONE),
    ROW(FAILED,    LOST,      PROXY,     OK,           FATAL, TUNNEL_4_14,    NONE),
    ROW(FAILED,    DONE,      ANY,       END,          OK,    TUNNEL_4_19,    NONE),
    /* 2.4 note 4: what the far host says before the ok went out is kept, and follows it */
    ROW(AGREED,    AGREED,    NEIGHBOUR, OCTETS,       OK,    TUNNEL_2_4_2,   NONE),
    ROW(AGREED,    LOST,      PROXY,     OCTETS,       FATAL, TUNNEL_2_4_2,   NONE),
    ROW(AGREED,    THROUGH,   PROXY,     OK,           OK,    TUNNEL_4_15,    NONE),
    ROW(AGREED,    DONE,      ANY,       END,          OK,    TUNNEL_4_19,    NONE),
    ROW(THROUGH,   THROUGH,   ANY,       OCTETS,       OK,    TUNNEL_1_2,     NONE),
    ROW(THROUGH,   DONE,      ANY,       END,          OK,    TUNNEL_2_1_3,    NONE),
};
#undef ROW
/* clang-format on */

const struct fsm tunnel_machine = {
    .name = "tunnel",
    .states = states,
    .events = events,
    .parties = parties,
    .guards = no_guards,
    .state_count = TUNNEL_S_COUNT,
    .event_count = TUNNEL_E_COUNT,
    .party_count = TUNNEL_P_COUNT,
    .guard_count = 1,
    .start = TUNNEL_S_IDLE,
    .lost = TUNNEL_S_LOST,
    .final = TUNNEL_S_DONE,
    .rows = rows,
    .row_count = sizeof rows / sizeof *rows,
    .otherwise = CL_TUNNEL_4_1,
};

const struct fsm tunnel_relay_machine = {
    .name = "tunnel-relay",
    .states = relay_states,
    .events = relay_events,
    .parties = relay_parties,
    .guards = no_guards,
    .state_count = TUNNEL_RS_COUNT,
    .event_count = TUNNEL_RE_COUNT,
    .party_count = TUNNEL_RP_COUNT,
    .guard_count = 1,
    .start = TUNNEL_RS_IDLE,
    .lost = TUNNEL_RS_LOST,
    .final = TUNNEL_RS_DONE,
    .rows = relay_rows,
    .row_count = sizeof relay_rows / sizeof *relay_rows,
    .otherwise = CL_TUNNEL_4_1,
};

#define FAULT(n, c, d, s, r, t) {#n, CL_##c, DEF_##d, SEV_##s, t},
#define REPLY(n, c, d, s, r, t) r,
const struct fault_info tunnel_faults[TUNNEL_F_COUNT] = {{"none", CL_NONE, DEF_NONE, SEV_NOTE, ""}, TUNNEL_FAULTS(FAULT)};
const uint16_t tunnel_fault_replies[TUNNEL_F_COUNT] = {0, TUNNEL_FAULTS(REPLY)};

const char *tunnel_code_text(unsigned code)
{
    switch (code) {
    case 421: return "service not available";
    case 450: return "requested action not taken";
    case 500: return "general syntax error";
    case 501: return "syntax error in parameters";
    case 504: return "parameter not implemented";
    case 530: return "authentication required";
    case 534: return "authentication mechanism insufficient";
    case 537: return "action not authorized for user";
    case 538: return "encryption already enabled";
    case 550: return "requested action not taken";
    case 553: return "parameter invalid";
    case 554: return "transaction failed";
    default: return NULL;
    }
}
