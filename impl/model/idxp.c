/* SPDX-License-Identifier: MIT */
#include "model/idxp.h"

#define NAME(n, s) s,
static const char *const states[] = {IDXP_STATES(NAME)};
static const char *const events[] = {IDXP_EVENTS(NAME)};
static const char *const parties[] = {IDXP_PARTIES(NAME)};
static const char *const guards[] = {IDXP_GUARDS(NAME)};

/* clang-format off */
#define ROW(from, to, who, event, guard, binds, kind, clause, defect) \
    {IDXP_S_##from, IDXP_S_##to, IDXP_P_##who, IDXP_E_##event, IDXP_G_##guard, IDXP_P_##binds, FSM_##kind, CL_##clause, DEF_##defect}
static const struct fsm_row rows[] = {
    /*  from           to             who     event     guard         binds   kind   clause            defect */
    /* 3.4.1: a greeting is answered ok or error; whoever is ahead is FIRST */
    ROW(NONE,          ASKED,         ANY,    GREETING, NONE,         FIRST,  OK,    IDXP_3_4_1,       NONE),
    ROW(ASKED,         HALF,          SECOND, OK,       NONE,         ANY,    OK,    IDXP_3_4_1_8,     NONE),
    ROW(ASKED,         NONE,          SECOND, ERROR,    NONE,         ANY,    OK,    IDXP_3_4_1_8,     NONE),
    ROW(ASKED,         CROSSED,       SECOND, GREETING, NONE,         ANY,    OK,    IDXP_3_4_1_7,     NONE),
    ROW(CROSSED,       HALF_ASKED,    SECOND, OK,       NONE,         ANY,    OK,    IDXP_3_4_1_8,     NONE),
    ROW(CROSSED,       HALF_ASKED,    FIRST,  OK,       NONE,         SECOND, OK,    IDXP_3_4_1_8,     NONE),
    ROW(CROSSED,       ASKED,         SECOND, ERROR,    NONE,         FIRST,  OK,    IDXP_3_4_1_8,     NONE),
    ROW(CROSSED,       ASKED,         FIRST,  ERROR,    NONE,         ANY,    OK,    IDXP_3_4_1_8,     NONE),
    ROW(HALF,          HALF_ASKED,    SECOND, GREETING, NONE,         ANY,    OK,    IDXP_3_4_1,       NONE),
    ROW(HALF,          HALF_AGAIN,    FIRST,  GREETING, NONE,         ANY,    OK,    IDXP_3_4_1_7,     NONE),
    ROW(HALF_ASKED,    READY,         FIRST,  OK,       NONE,         ANY,    OK,    IDXP_3_4_1_8,     NONE),
    ROW(HALF_ASKED,    HALF,          FIRST,  ERROR,    NONE,         ANY,    OK,    IDXP_3_4_1_8,     NONE),
    ROW(HALF_ASKED,    HALF_CROSSED,  FIRST,  GREETING, NONE,         ANY,    OK,    IDXP_3_4_1_7,     NONE),
    /* a refused greeting leaves the one before in force */
    ROW(HALF_AGAIN,    HALF,          SECOND, OK,       NONE,         ANY,    OK,    IDXP_3_4_1_9,     NONE),
    ROW(HALF_AGAIN,    HALF,          SECOND, ERROR,    NONE,         ANY,    OK,    IDXP_3_4_1_9,     NONE),
    ROW(HALF_AGAIN,    HALF_CROSSED,  SECOND, GREETING, NONE,         ANY,    OK,    IDXP_3_4_1_7,     NONE),
    ROW(HALF_CROSSED,  HALF_ASKED,    SECOND, OK,       NONE,         ANY,    OK,    IDXP_3_4_1_9,     NONE),
    ROW(HALF_CROSSED,  HALF_ASKED,    SECOND, ERROR,    NONE,         ANY,    OK,    IDXP_3_4_1_9,     NONE),
    ROW(HALF_CROSSED,  AGAIN,         FIRST,  OK,       NONE,         ANY,    OK,    IDXP_3_4_1_8,     NONE),
    ROW(HALF_CROSSED,  HALF_AGAIN,    FIRST,  ERROR,    NONE,         ANY,    OK,    IDXP_3_4_1_8,     NONE),
    ROW(READY,         AGAIN,         ANY,    GREETING, NONE,         FIRST,  OK,    IDXP_3_4_1_7,     NONE),
    ROW(AGAIN,         READY,         SECOND, OK,       NONE,         ANY,    OK,    IDXP_3_4_1_9,     NONE),
    ROW(AGAIN,         READY,         SECOND, ERROR,    NONE,         ANY,    OK,    IDXP_3_4_1_9,     NONE),
    ROW(AGAIN,         AGAIN_CROSSED, SECOND, GREETING, NONE,         ANY,    OK,    IDXP_3_4_1_7,     NONE),
    ROW(AGAIN_CROSSED, AGAIN,         SECOND, OK,       NONE,         FIRST,  OK,    IDXP_3_4_1_9,     NONE),
    ROW(AGAIN_CROSSED, AGAIN,         SECOND, ERROR,    NONE,         FIRST,  OK,    IDXP_3_4_1_9,     NONE),
    ROW(AGAIN_CROSSED, AGAIN,         FIRST,  OK,       NONE,         ANY,    OK,    IDXP_3_4_1_9,     NONE),
    ROW(AGAIN_CROSSED, AGAIN,         FIRST,  ERROR,    NONE,         ANY,    OK,    IDXP_3_4_1_9,     NONE),
    /* 3.4: the client sends data.  The RFC wants both greetings before (3.2 there), the draft the sender's own (D24), or none by the letter (D08) */
    ROW(NONE,          NONE,          ANY,    DATA,     DRAFT,        ANY,    LOOSE, IDXP_3_2_7,       IDXP_D08),
    ROW(NONE,          LOST,          ANY,    DATA,     RFC,          ANY,    FATAL, IDXPRFC_3_2_6,    NONE),
    ROW(ASKED,         ASKED,         SECOND, DATA,     DRAFT,        ANY,    LOOSE, IDXP_3_2_7,       IDXP_D08),
    ROW(ASKED,         LOST,          SECOND, DATA,     RFC,          ANY,    FATAL, IDXPRFC_3_2_6,    NONE),
    ROW(ASKED,         ASKED,         FIRST,  DATA,     DRAFT_CLIENT, ANY,    LOOSE, IDXP_3_4_1_9,     IDXP_D10),
    ROW(ASKED,         LOST,          FIRST,  DATA,     RFC_CLIENT,   ANY,    FATAL, IDXPRFC_3_2_2,    NONE),
    ROW(ASKED,         LOST,          FIRST,  DATA,     SERVER,       ANY,    FATAL, IDXP_2_2_6,       NONE),
    ROW(CROSSED,       CROSSED,       ANY,    DATA,     DRAFT_CLIENT, ANY,    LOOSE, IDXP_3_4_1_9,     IDXP_D10),
    ROW(CROSSED,       LOST,          ANY,    DATA,     RFC_CLIENT,   ANY,    FATAL, IDXPRFC_3_2_2,    NONE),
    ROW(CROSSED,       LOST,          ANY,    DATA,     SERVER,       ANY,    FATAL, IDXP_2_2_6,       NONE),
    ROW(HALF,          HALF,          SECOND, DATA,     DRAFT,        ANY,    LOOSE, IDXP_3_2_7,       IDXP_D08),
    ROW(HALF,          LOST,          SECOND, DATA,     RFC,          ANY,    FATAL, IDXPRFC_3_2_6,    NONE),
    ROW(HALF,          HALF,          FIRST,  DATA,     DRAFT_CLIENT, ANY,    OK,    IDXP_3_4_3,       IDXP_D24),
    ROW(HALF,          LOST,          FIRST,  DATA,     RFC_CLIENT,   ANY,    FATAL, IDXPRFC_3_2_2,    NONE),
    ROW(HALF,          LOST,          FIRST,  DATA,     SERVER,       ANY,    FATAL, IDXP_2_2_6,       NONE),
    ROW(HALF_ASKED,    HALF_ASKED,    ANY,    DATA,     DRAFT_CLIENT, ANY,    OK,    IDXP_3_4_3,       IDXP_D24),
    ROW(HALF_ASKED,    LOST,          ANY,    DATA,     RFC_CLIENT,   ANY,    FATAL, IDXPRFC_3_2_2,    NONE),
    ROW(HALF_ASKED,    LOST,          ANY,    DATA,     SERVER,       ANY,    FATAL, IDXP_2_2_6,       NONE),
    ROW(HALF_AGAIN,    HALF_AGAIN,    SECOND, DATA,     DRAFT,        ANY,    LOOSE, IDXP_3_2_7,       IDXP_D08),
    ROW(HALF_AGAIN,    LOST,          SECOND, DATA,     RFC,          ANY,    FATAL, IDXPRFC_3_2_6,    NONE),
    ROW(HALF_AGAIN,    HALF_AGAIN,    FIRST,  DATA,     DRAFT_CLIENT, ANY,    LOOSE, IDXP_3_4_1_9,     IDXP_D10),
    ROW(HALF_AGAIN,    LOST,          FIRST,  DATA,     RFC_CLIENT,   ANY,    FATAL, IDXPRFC_3_2_2,    NONE),
    ROW(HALF_AGAIN,    LOST,          FIRST,  DATA,     SERVER,       ANY,    FATAL, IDXP_2_2_6,       NONE),
    ROW(HALF_CROSSED,  HALF_CROSSED,  ANY,    DATA,     DRAFT_CLIENT, ANY,    LOOSE, IDXP_3_4_1_9,     IDXP_D10),
    ROW(HALF_CROSSED,  LOST,          ANY,    DATA,     RFC_CLIENT,   ANY,    FATAL, IDXPRFC_3_2_2,    NONE),
    ROW(HALF_CROSSED,  LOST,          ANY,    DATA,     SERVER,       ANY,    FATAL, IDXP_2_2_6,       NONE),
    ROW(READY,         READY,         ANY,    DATA,     CLIENT,       ANY,    OK,    IDXP_3_4_3,       NONE),
    ROW(READY,         LOST,          ANY,    DATA,     SERVER,       ANY,    FATAL, IDXP_2_2_6,       NONE),
    ROW(AGAIN,         AGAIN,         SECOND, DATA,     CLIENT,       ANY,    OK,    IDXP_3_4_3,       NONE),
    ROW(AGAIN,         AGAIN,         FIRST,  DATA,     CLIENT,       ANY,    LOOSE, IDXP_3_4_1_9,     IDXP_D10),
    ROW(AGAIN,         LOST,          ANY,    DATA,     SERVER,       ANY,    FATAL, IDXP_2_2_6,       NONE),
    ROW(AGAIN_CROSSED, AGAIN_CROSSED, ANY,    DATA,     CLIENT,       ANY,    LOOSE, IDXP_3_4_1_9,     IDXP_D10),
    ROW(AGAIN_CROSSED, LOST,          ANY,    DATA,     SERVER,       ANY,    FATAL, IDXP_2_2_6,       NONE),
    /* 3.4: the server answers each; that there is something to answer is counted by BEEP (RFC 3080 2.1.1) */
    ROW(NONE,          NONE,          ANY,    REJECT,   NONE,         ANY,    OK,    IDXP_3_4_5,       NONE),
    ROW(NONE,          NONE,          ANY,    ACCEPT,   NONE,         ANY,    LOOSE, IDXP_3_4_5,       IDXP_D08),
    ROW(ASKED,         ASKED,         ANY,    ACCEPT,   NONE,         ANY,    LOOSE, IDXP_3_4_5,       IDXP_D08),
    ROW(ASKED,         ASKED,         ANY,    REJECT,   NONE,         ANY,    OK,    IDXP_3_4_5,       NONE),
    ROW(CROSSED,       CROSSED,       ANY,    ACCEPT,   NONE,         ANY,    LOOSE, IDXP_3_4_5,       IDXP_D08),
    ROW(CROSSED,       CROSSED,       ANY,    REJECT,   NONE,         ANY,    OK,    IDXP_3_4_5,       NONE),
    ROW(HALF,          HALF,          ANY,    REJECT,   NONE,         ANY,    OK,    IDXP_3_4_5,       NONE),
    ROW(HALF,          HALF,          ANY,    ACCEPT,   NONE,         ANY,    OK,    IDXP_3_4_5,       NONE),
    ROW(HALF_ASKED,    HALF_ASKED,    ANY,    REJECT,   NONE,         ANY,    OK,    IDXP_3_4_5,       NONE),
    ROW(HALF_ASKED,    HALF_ASKED,    ANY,    ACCEPT,   NONE,         ANY,    OK,    IDXP_3_4_5,       NONE),
    ROW(HALF_AGAIN,    HALF_AGAIN,    ANY,    REJECT,   NONE,         ANY,    OK,    IDXP_3_4_5,       NONE),
    ROW(HALF_AGAIN,    HALF_AGAIN,    ANY,    ACCEPT,   NONE,         ANY,    OK,    IDXP_3_4_5,       NONE),
    ROW(HALF_CROSSED,  HALF_CROSSED,  ANY,    REJECT,   NONE,         ANY,    OK,    IDXP_3_4_5,       NONE),
    ROW(HALF_CROSSED,  HALF_CROSSED,  ANY,    ACCEPT,   NONE,         ANY,    OK,    IDXP_3_4_5,       NONE),
    ROW(READY,         READY,         ANY,    ACCEPT,   NONE,         ANY,    OK,    IDXP_3_4_5,       NONE),
    ROW(READY,         READY,         ANY,    REJECT,   NONE,         ANY,    OK,    IDXP_3_4_5,       NONE),
    ROW(AGAIN,         AGAIN,         ANY,    ACCEPT,   NONE,         ANY,    OK,    IDXP_3_4_5,       NONE),
    ROW(AGAIN,         AGAIN,         ANY,    REJECT,   NONE,         ANY,    OK,    IDXP_3_4_5,       NONE),
    ROW(AGAIN_CROSSED, AGAIN_CROSSED, ANY,    ACCEPT,   NONE,         ANY,    OK,    IDXP_3_4_5,       NONE),
    ROW(AGAIN_CROSSED, AGAIN_CROSSED, ANY,    REJECT,   NONE,         ANY,    OK,    IDXP_3_4_5,       NONE),
    /* whether a channel may be closed is for BEEP to say (RFC 3080 2.3.1.3) */
    ROW(NONE,          CLOSED,        ANY,    CLOSE,    NONE,         ANY,    OK,    IDXP_2_2_1,       NONE),
    ROW(ASKED,         CLOSED,        ANY,    CLOSE,    NONE,         ANY,    OK,    IDXP_2_2_1,       NONE),
    ROW(CROSSED,       CLOSED,        ANY,    CLOSE,    NONE,         ANY,    OK,    IDXP_2_2_1,       NONE),
    ROW(HALF,          CLOSED,        ANY,    CLOSE,    NONE,         ANY,    OK,    IDXP_2_2_1,       NONE),
    ROW(HALF_ASKED,    CLOSED,        ANY,    CLOSE,    NONE,         ANY,    OK,    IDXP_2_2_1,       NONE),
    ROW(HALF_AGAIN,    CLOSED,        ANY,    CLOSE,    NONE,         ANY,    OK,    IDXP_2_2_1,       NONE),
    ROW(HALF_CROSSED,  CLOSED,        ANY,    CLOSE,    NONE,         ANY,    OK,    IDXP_2_2_1,       NONE),
    ROW(READY,         CLOSED,        ANY,    CLOSE,    NONE,         ANY,    OK,    IDXP_2_2_1,       NONE),
    ROW(AGAIN,         CLOSED,        ANY,    CLOSE,    NONE,         ANY,    OK,    IDXP_2_2_1,       NONE),
    ROW(AGAIN_CROSSED, CLOSED,        ANY,    CLOSE,    NONE,         ANY,    OK,    IDXP_2_2_1,       NONE),
};
#undef ROW
/* clang-format on */

static bool holds(uint8_t guard, const void *facts)
{
    const struct idxp_facts *f = facts;
    bool client = f->role == IDXP_CLIENT;
    switch ((enum idxp_guard)guard) {
    case IDXP_G_NONE: return true;
    case IDXP_G_CLIENT: return client;
    case IDXP_G_SERVER: return !client;
    case IDXP_G_DRAFT: return f->dialect == IDXP_DRAFT;
    case IDXP_G_DRAFT_CLIENT: return client && f->dialect == IDXP_DRAFT;
    case IDXP_G_RFC: return f->dialect == IDXP_RFC;
    case IDXP_G_RFC_CLIENT: return client && f->dialect == IDXP_RFC;
    case IDXP_G_COUNT: break;
    }
    return false;
}

const struct fsm idxp_machine = {
    .name = "idxp",
    .states = states,
    .events = events,
    .parties = parties,
    .guards = guards,
    .state_count = IDXP_S_COUNT,
    .event_count = IDXP_E_COUNT,
    .party_count = IDXP_P_COUNT,
    .guard_count = IDXP_G_COUNT,
    .start = IDXP_S_NONE,
    .lost = IDXP_S_LOST,
    .final = IDXP_S_CLOSED,
    .rows = rows,
    .row_count = sizeof rows / sizeof *rows,
    .otherwise = CL_IDXP_3_4_1_8,
    .holds = holds,
};

#define FAULT(n, c, d, s, r, t) {#n, CL_##c, DEF_##d, SEV_##s, t},
#define REPLY(n, c, d, s, r, t) r,
const struct fault_info idxp_faults[IDXP_F_COUNT] = {{"none", CL_NONE, DEF_NONE, SEV_NOTE, ""}, IDXP_FAULTS(FAULT)};
const uint16_t idxp_fault_replies[IDXP_F_COUNT] = {0, IDXP_FAULTS(REPLY)};

const char *const idxp_uris[IDXP_DIALECTS] = {IDXP_URI_DRAFT, IDXP_URI_RFC};
const char *const idxp_dialect_names[IDXP_DIALECTS] = {"draft", "rfc"};
const char *const idxp_role_names[3] = {"", "client", "server"};
const char *const idxp_stream_names[4] = {"", "alert", "heartbeat", "config"};

const char *idxp_code_text(unsigned code)
{
    switch (code) {
    case 421: return "service not available";
    case 450: return "requested action not taken";
    case 454: return "temporary authentication failure";
    case 500: return "general syntax error";
    case 501: return "syntax error in parameters";
    case 504: return "parameter not implemented";
    case 530: return "authentication required";
    case 534: return "authentication mechanism insufficient";
    case 535: return "authentication failure";
    case 537: return "action not authorized for user";
    case 550: return "requested action not taken";
    case 553: return "parameter invalid";
    case 554: return "transaction failed";
    default: return NULL;
    }
}
