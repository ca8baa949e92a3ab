/* SPDX-License-Identifier: MIT */
#include "model/beep.h"

#define NAME(n, s) s,
static const char *const session_states[] = {BEEP_SESSION_STATES(NAME)};
static const char *const session_events[] = {BEEP_SESSION_EVENTS(NAME)};
static const char *const session_parties[] = {BEEP_SESSION_PARTIES(NAME)};
static const char *const channel_states[] = {BEEP_CHANNEL_STATES(NAME)};
static const char *const channel_events[] = {BEEP_CHANNEL_EVENTS(NAME)};
static const char *const channel_parties[] = {BEEP_CHANNEL_PARTIES(NAME)};
static const char *const exchange_states[] = {BEEP_EXCHANGE_STATES(NAME)};
static const char *const exchange_events[] = {BEEP_EXCHANGE_EVENTS(NAME)};
static const char *const exchange_parties[] = {BEEP_EXCHANGE_PARTIES(NAME)};
static const char *const tuning_states[] = {BEEP_TUNING_STATES(NAME)};
static const char *const tuning_events[] = {BEEP_TUNING_EVENTS(NAME)};
static const char *const tuning_parties[] = {BEEP_TUNING_PARTIES(NAME)};
static const char *const tuning_guards[] = {BEEP_TUNING_GUARDS(NAME)};
static const char *const no_guards[] = {""};

_Static_assert((int)BEEP_SP_COUNT <= FSM_PARTIES && (int)BEEP_CP_COUNT <= FSM_PARTIES && (int)BEEP_XP_COUNT <= FSM_PARTIES &&
                   (int)BEEP_TP_COUNT <= FSM_PARTIES,
               "the bit sets of fsm hold every name");

/* clang-format off */
#define ROW(from, to, who, ev, binds, kind, clause, defect) \
    {S(from), S(to), P(who), E(ev), FSM_NOGUARD, P(binds), FSM_##kind, CL_##clause, DEF_##defect}

#define S(n) BEEP_SS_##n
#define E(n) BEEP_SE_##n
#define P(n) BEEP_SP_##n
static const struct fsm_row session_rows[] = {
    /*  from          to            who         event      binds      kind   clause            defect */
    /* 2.3.1.1: each greets at once, none waits for the other */
    ROW(START,        HALF,         ANY,        GREETING,  FIRST,     OK,    BEEP_2_3_1_1_1,   NONE),
    ROW(START,        UNAVAILABLE,  LISTENER,   REFUSAL,   FIRST,     OK,    BEEP_2_3_1_5_4,   NONE),
    ROW(START,        LOST,         INITIATOR,  REFUSAL,   ANY,       FATAL, BEEP_2_3_1_5_4,   NONE),
    ROW(START,        LOST,         ANY,        TALK,      ANY,       FATAL, BEEP_2_3_1_1_1,   NONE),
    ROW(START,        LOST,         ANY,        RELEASE,   ANY,       FATAL, BEEP_2_3_1_1_1,   NONE),
    ROW(HALF,         OPEN,         SECOND,     GREETING,  ANY,       OK,    BEEP_2_3_1_1_1,   NONE),
    ROW(HALF,         LOST,         FIRST,      GREETING,  ANY,       FATAL, BEEP_2_3_1_1_1,   NONE),
    ROW(HALF,         UNAVAILABLE,  LISTENER,   REFUSAL,   ANY,       OK,    BEEP_2_3_1_5_4,   NONE),
    ROW(HALF,         LOST,         INITIATOR,  REFUSAL,   ANY,       FATAL, BEEP_2_3_1_5_4,   NONE),
    ROW(HALF,         HALF,         FIRST,      TALK,      ANY,       OK,    BEEP_2_3_1_1_2,   NONE),
    ROW(HALF,         LOST,         SECOND,     TALK,      ANY,       FATAL, BEEP_2_3_1_1_1,   NONE),
    ROW(HALF,         RELEASING,    FIRST,      RELEASE,   RELEASER,  OK,    BEEP_2_4_2,       NONE),
    ROW(HALF,         LOST,         SECOND,     RELEASE,   ANY,       FATAL, BEEP_2_3_1_1_1,   NONE),
    /* 2.4: the greeting that crosses a refusal is ignored; both end the connection */
    ROW(UNAVAILABLE,  UNAVAILABLE,  INITIATOR,  GREETING,  ANY,       OK,    BEEP_2_4_1,       NONE),
    ROW(UNAVAILABLE,  UNAVAILABLE,  INITIATOR,  TALK,      ANY,       OK,    BEEP_2_4_1,       NONE),
    ROW(UNAVAILABLE,  UNAVAILABLE,  INITIATOR,  RELEASE,   ANY,       OK,    BEEP_2_4_1,       NONE),
    ROW(UNAVAILABLE,  LOST,         LISTENER,   GREETING,  ANY,       FATAL, BEEP_2_3_1_5_4,   NONE),
    ROW(UNAVAILABLE,  LOST,         LISTENER,   TALK,      ANY,       FATAL, BEEP_2_3_1_5_4,   NONE),
    ROW(OPEN,         OPEN,         ANY,        TALK,      ANY,       OK,    BEEP_2_6_2_1,       NONE),
    ROW(OPEN,         LOST,         ANY,        GREETING,  ANY,       FATAL, BEEP_2_3_1_1_1,   NONE),
    /* 2.4: release */
    ROW(OPEN,         RELEASING,    ANY,        RELEASE,   RELEASER,  OK,    BEEP_2_4_2,       NONE),
    ROW(RELEASING,    RELEASING,    SECOND,     GREETING,  ANY,       OK,    BEEP_2_3_1_1_1,   NONE),
    ROW(RELEASING,    UNAVAILABLE,  LISTENER,   REFUSAL,   ANY,       OK,    BEEP_2_3_1_5_4,   NONE),
    ROW(RELEASING,    RELEASING,    ANY,        TALK,      ANY,       OK,    BEEP_2_3_1_3_4,   NONE),
    ROW(RELEASING,    RELEASED,     ASKED,      AGREE,     ANY,       OK,    BEEP_2_4_2,       NONE),
    ROW(RELEASING,    OPEN,         ASKED,      DECLINE,   ANY,       OK,    BEEP_2_4_3,       NONE),
    ROW(RELEASING,    CROSSED,      ASKED,      RELEASE,   ANY,       OK,    BEEP_2_4_2,       NONE),
    ROW(RELEASING,    RELEASING,    RELEASER,   RELEASE,   ANY,       OK,    BEEP_2_4_2,       NONE),
    ROW(CROSSED,      CROSSED,      ANY,        TALK,      ANY,       OK,    BEEP_2_3_1_3_4,   NONE),
    /* whoever answers has its own release left to be answered; whoever agreed says nothing more, and the other may not know of it yet */
    ROW(CROSSED,      RELEASED,     ANY,        AGREE,     ASKED,     OK,    BEEP_2_4_2,       NONE),
    ROW(CROSSED,      RELEASING,    ASKED,      DECLINE,   RELEASER,  OK,    BEEP_2_4_3,       NONE),
    ROW(CROSSED,      RELEASING,    RELEASER,   DECLINE,   RELEASER,  OK,    BEEP_2_4_3,       NONE),
    ROW(RELEASED,     RELEASED,     ANY,        AGREE,     ANY,       OK,    BEEP_2_4_2,       NONE),
    ROW(RELEASED,     RELEASED,     ANY,        DECLINE,   ANY,       OK,    BEEP_2_4_2,       NONE),
    ROW(RELEASED,     RELEASED,     RELEASER,   TALK,      ANY,       OK,    BEEP_2_4_2,       NONE),
    ROW(RELEASED,     RELEASED,     RELEASER,   RELEASE,   ANY,       OK,    BEEP_2_4_2,       NONE),
    ROW(RELEASED,     LOST,         ASKED,      TALK,      ANY,       FATAL, BEEP_2_4_2,       NONE),
    /* 3 and 4.1: all channels close, the layer below is negotiated, new greetings follow whatever came of it */
    ROW(OPEN,         TUNING,       ANY,        TUNE,      ANY,       OK,    BEEP_3_1,         NONE),
    ROW(HALF,         TUNING,       ANY,        TUNE,      ANY,       OK,    BEEP_3_1,         NONE),
    ROW(RELEASING,    TUNING,       ANY,        TUNE,      ANY,       OK,    BEEP_3_1,         NONE),
    ROW(TUNING,       START,        ANY,        TUNED,     ANY,       OK,    BEEP_3_1,         NONE),
    ROW(TUNING,       LOST,         ANY,        TALK,      ANY,       FATAL, BEEP_3_1_3_2_2,   NONE),
    /* the TCP connection may end anywhere; whether it may end so is for a case to say */
    ROW(START,        CLOSED,       ANY,        FIN,       ANY,       OK,    BEEPTCP_2_3,      NONE),
    ROW(HALF,         CLOSED,       ANY,        FIN,       ANY,       OK,    BEEPTCP_2_3,      NONE),
    ROW(UNAVAILABLE,  CLOSED,       ANY,        FIN,       ANY,       OK,    BEEP_2_3_1_5_4,   NONE),
    ROW(OPEN,         CLOSED,       ANY,        FIN,       ANY,       OK,    BEEPTCP_2_3,      NONE),
    ROW(RELEASING,    CLOSED,       ANY,        FIN,       ANY,       OK,    BEEPTCP_2_3,      NONE),
    ROW(CROSSED,      CLOSED,       ANY,        FIN,       ANY,       OK,    BEEPTCP_2_3,      NONE),
    ROW(RELEASED,     CLOSED,       ANY,        FIN,       ANY,       OK,    BEEPTCP_2_2,      NONE),
    ROW(TUNING,       CLOSED,       ANY,        FIN,       ANY,       OK,    BEEP_3_2,         NONE),
};
#undef S
#undef E
#undef P

#define S(n) BEEP_CS_##n
#define E(n) BEEP_CE_##n
#define P(n) BEEP_CP_##n
static const struct fsm_row channel_rows[] = {
    /*  from          to            who         event      binds      kind   clause            defect */
    ROW(NONE,         STARTING,     ANY,        START,     STARTER,   OK,    BEEP_2_3_1_2_1,   NONE),
    ROW(STARTING,     OPEN,         STARTED,    ACCEPT,    ANY,       OK,    BEEP_2_3_1_2_8,   NONE),
    ROW(STARTING,     CLOSED,       STARTED,    REJECT,    ANY,       OK,    BEEP_2_3_1_2_8,   NONE),
    ROW(STARTING,     LOST,         ANY,        MSG,       ANY,       FATAL, BEEP_2_2_1_1_14,  NONE),
    ROW(OPEN,         OPEN,         ANY,        MSG,       ANY,       OK,    BEEP_2_6_1_1,     NONE),
    ROW(OPEN,         OPEN,         ANY,        REPLY,     ANY,       OK,    BEEP_2_1_1_1,     NONE),
    ROW(OPEN,         CLOSING,      ANY,        CLOSE,     CLOSER,    OK,    BEEP_2_3_1_3_2,   NONE),
    /* 2.3.1.3: whoever asked sends no more MSG; the other may, and everything is answered */
    ROW(CLOSING,      CLOSING,      KEEPER,     MSG,       ANY,       OK,    BEEP_2_3_1_3_4,   NONE),
    ROW(CLOSING,      LOST,         CLOSER,     MSG,       ANY,       FATAL, BEEP_2_3_1_3_3,   NONE),
    ROW(CLOSING,      CLOSING,      ANY,        REPLY,     ANY,       OK,    BEEP_2_3_1_3_4,   NONE),
    ROW(CLOSING,      CLOSED,       KEEPER,     OK,        ANY,       OK,    BEEP_2_3_1_3_7,   NONE),
    ROW(CLOSING,      OPEN,         KEEPER,     KEEP,      ANY,       OK,    BEEP_2_3_1_3_5,   NONE),
    ROW(CLOSING,      CROSSED,      KEEPER,     CLOSE,     ANY,       OK,    BEEP_2_3_1_3_2,   NONE),
    ROW(CLOSING,      LOST,         CLOSER,     CLOSE,     ANY,       FATAL, BEEP_2_3_1_3_13,  NONE),
    /* both asked */
    ROW(CROSSED,      CROSSED,      ANY,        REPLY,     ANY,       OK,    BEEP_2_3_1_3_4,   NONE),
    ROW(CROSSED,      LOST,         ANY,        MSG,       ANY,       FATAL, BEEP_2_3_1_3_3,   NONE),
    ROW(CROSSED,      OWED,         ANY,        OK,        CLOSER,    OK,    BEEP_2_3_1_3_7,   NONE),
    ROW(CROSSED,      CLOSING,      CLOSER,     KEEP,      CLOSER,    OK,    BEEP_2_3_1_3_5,   NONE),
    ROW(CROSSED,      CLOSING,      KEEPER,     KEEP,      CLOSER,    OK,    BEEP_2_3_1_3_5,   NONE),
    ROW(OWED,         CLOSED,       KEEPER,     OK,        ANY,       OK,    BEEP_2_3_1_3_7,   NONE),
    ROW(OWED,         CLOSED,       KEEPER,     KEEP,      ANY,       OK,    BEEP_2_3_1_3_7,   NONE),
};
#undef S
#undef E
#undef P

#define S(n) BEEP_XS_##n
#define E(n) BEEP_XE_##n
#define P(n) BEEP_XP_##n
static const struct fsm_row exchange_rows[] = {
    /*  from          to            who         event      binds      kind   clause            defect */
    ROW(IDLE,         ASKING,       ANY,        MSG_PART,  CLIENT,    OK,    BEEP_2_2_4,       NONE),
    ROW(IDLE,         ASKED,        ANY,        MSG,       CLIENT,    OK,    BEEP_2_1_1_1,     NONE),
    ROW(ASKING,       ASKING,       CLIENT,     MSG_PART,  ANY,       OK,    BEEP_2_2_4,       NONE),
    ROW(ASKING,       ASKED,        CLIENT,     MSG,       ANY,       OK,    BEEP_2_2_4,       NONE),
    ROW(ASKED,        LOST,         CLIENT,     MSG,       ANY,       FATAL, BEEP_2_2_1_1_15,  NONE),
    ROW(ASKED,        LOST,         CLIENT,     MSG_PART,  ANY,       FATAL, BEEP_2_2_1_1_15,  NONE),
    /* 2.6.3: only a negative reply may come before the MSG is complete; the client then ends the MSG with an empty frame */
    ROW(ASKING,       CUTTING,      SERVER,     ERR_PART,  ANY,       OK,    BEEP_2_6_3_1,     NONE),
    ROW(ASKING,       CUT,          SERVER,     ERR,       ANY,       OK,    BEEP_2_6_3_1,     NONE),
    ROW(ASKING,       LOST,         SERVER,     RPY_PART,  ANY,       FATAL, BEEP_2_1_1_1,     NONE),
    ROW(ASKING,       LOST,         SERVER,     RPY,       ANY,       FATAL, BEEP_2_1_1_1,     NONE),
    ROW(ASKING,       LOST,         SERVER,     ANS_PART,  ANY,       FATAL, BEEP_2_1_1_1,     NONE),
    ROW(ASKING,       LOST,         SERVER,     ANS,       ANY,       FATAL, BEEP_2_1_1_1,     NONE),
    ROW(ASKING,       LOST,         SERVER,     NUL,       ANY,       FATAL, BEEP_2_1_1_1,     NONE),
    ROW(CUTTING,      CUTTING,      SERVER,     ERR_PART,  ANY,       OK,    BEEP_2_6_3_1,     NONE),
    ROW(CUTTING,      CUT,          SERVER,     ERR,       ANY,       OK,    BEEP_2_6_3_1,     NONE),
    ROW(CUTTING,      CUTTING,      CLIENT,     MSG_PART,  ANY,       OK,    BEEP_2_6_3_1,     NONE),
    ROW(CUTTING,      REFUSING,     CLIENT,     MSG,       ANY,       OK,    BEEP_2_6_3_2,     NONE),
    ROW(CUT,          CUT,          CLIENT,     MSG_PART,  ANY,       OK,    BEEP_2_6_3_1,     NONE),
    ROW(CUT,          DONE,         CLIENT,     MSG,       ANY,       OK,    BEEP_2_6_3_2,     NONE),
    ROW(CUT,          LOST,         SERVER,     ERR,       ANY,       FATAL, BEEP_2_2_1_1_16,  NONE),
    /* 2.1.1: one to one */
    ROW(ASKED,        REPLYING,     SERVER,     RPY_PART,  ANY,       OK,    BEEP_2_1_1_1,     NONE),
    ROW(ASKED,        DONE,         SERVER,     RPY,       ANY,       OK,    BEEP_2_1_1_1,     NONE),
    ROW(REPLYING,     REPLYING,     SERVER,     RPY_PART,  ANY,       OK,    BEEP_2_1_1_1,     NONE),
    ROW(REPLYING,     DONE,         SERVER,     RPY,       ANY,       OK,    BEEP_2_1_1_1,     NONE),
    ROW(REPLYING,     LOST,         SERVER,     ERR_PART,  ANY,       FATAL, BEEP_2_2_1_1_18,  NONE),
    ROW(REPLYING,     LOST,         SERVER,     ERR,       ANY,       FATAL, BEEP_2_2_1_1_18,  NONE),
    ROW(REPLYING,     LOST,         SERVER,     ANS_PART,  ANY,       FATAL, BEEP_2_2_1_1_18,  NONE),
    ROW(REPLYING,     LOST,         SERVER,     ANS,       ANY,       FATAL, BEEP_2_2_1_1_18,  NONE),
    ROW(REPLYING,     LOST,         SERVER,     NUL,       ANY,       FATAL, BEEP_2_2_1_1_19,  NONE),
    ROW(ASKED,        REFUSING,     SERVER,     ERR_PART,  ANY,       OK,    BEEP_2_1_1_1,     NONE),
    ROW(ASKED,        DONE,         SERVER,     ERR,       ANY,       OK,    BEEP_2_1_1_1,     NONE),
    ROW(REFUSING,     REFUSING,     SERVER,     ERR_PART,  ANY,       OK,    BEEP_2_1_1_1,     NONE),
    ROW(REFUSING,     DONE,         SERVER,     ERR,       ANY,       OK,    BEEP_2_1_1_1,     NONE),
    ROW(REFUSING,     LOST,         SERVER,     RPY_PART,  ANY,       FATAL, BEEP_2_2_1_1_18,  NONE),
    ROW(REFUSING,     LOST,         SERVER,     RPY,       ANY,       FATAL, BEEP_2_2_1_1_18,  NONE),
    ROW(REFUSING,     LOST,         SERVER,     ANS_PART,  ANY,       FATAL, BEEP_2_2_1_1_18,  NONE),
    ROW(REFUSING,     LOST,         SERVER,     ANS,       ANY,       FATAL, BEEP_2_2_1_1_18,  NONE),
    ROW(REFUSING,     LOST,         SERVER,     NUL,       ANY,       FATAL, BEEP_2_2_1_1_19,  NONE),
    /* 2.1.1: one to many */
    ROW(ASKED,        ANSWERING,    SERVER,     ANS_PART,  ANY,       OK,    BEEP_2_1_1_1,     NONE),
    ROW(ASKED,        ANSWERING,    SERVER,     ANS,       ANY,       OK,    BEEP_2_1_1_1,     NONE),
    ROW(ASKED,        DONE,         SERVER,     NUL,       ANY,       OK,    BEEP_2_1_1_1,     NONE),
    ROW(ANSWERING,    ANSWERING,    SERVER,     ANS_PART,  ANY,       OK,    BEEP_2_2_1_1_10,  NONE),
    ROW(ANSWERING,    ANSWERING,    SERVER,     ANS,       ANY,       OK,    BEEP_2_2_1_1_10,  NONE),
    ROW(ANSWERING,    DONE,         SERVER,     NUL,       ANY,       OK,    BEEP_2_6_1_3,     NONE),
    ROW(ANSWERING,    LOST,         SERVER,     RPY_PART,  ANY,       FATAL, BEEP_2_2_1_1_18,  NONE),
    ROW(ANSWERING,    LOST,         SERVER,     RPY,       ANY,       FATAL, BEEP_2_2_1_1_18,  NONE),
    ROW(ANSWERING,    LOST,         SERVER,     ERR_PART,  ANY,       FATAL, BEEP_2_2_1_1_18,  NONE),
    ROW(ANSWERING,    LOST,         SERVER,     ERR,       ANY,       FATAL, BEEP_2_2_1_1_18,  NONE),
};
#undef S
#undef E
#undef P
#undef ROW

#define ROW(from, to, who, ev, guard, binds, kind, clause, defect) \
    {S(from), S(to), P(who), E(ev), BEEP_TG_##guard, P(binds), FSM_##kind, CL_##clause, DEF_##defect}
#define S(n) BEEP_TS_##n
#define E(n) BEEP_TE_##n
#define P(n) BEEP_TP_##n
static const struct fsm_row tuning_rows[] = {
    /*  from           to              who      event       guard      binds   kind   clause            defect */
    /* 3.1: TLS */
    ROW(PLAIN,         READY,          ANY,     READY,      NONE,      CLIENT, OK,    BEEP_3_1_3_1_1,   NONE),
    ROW(SECURED,       READY,          ANY,     READY,      NONE,      CLIENT, LOOSE, BEEP_3_1,         BEEP_D16),
    ROW(READY,         PROCEED,        SERVER,  PROCEED,    NONE,      ANY,    OK,    BEEP_3_1_3_2_2,   NONE),
    ROW(READY,         PLAIN,          SERVER,  TLS_ERROR,  NO_TLS,    ANY,    OK,    BEEP_3_1_1_3,     NONE),
    ROW(READY,         SECURED,        SERVER,  TLS_ERROR,  UNDER_TLS, ANY,    OK,    BEEP_3_1_1_3,     NONE),
    ROW(READY,         LOST,           CLIENT,  TALK,       NONE,      ANY,    FATAL, BEEP_3_1_3_1_1,   NONE),
    ROW(READY,         READY,          SERVER,  TALK,       NONE,      ANY,    OK,    BEEP_3_1_3_1_2,   NONE),
    ROW(PROCEED,       LOST,           SERVER,  TALK,       NONE,      ANY,    FATAL, BEEP_3_1_3_2_2,   NONE),
    ROW(PROCEED,       LOST,           CLIENT,  TALK,       NONE,      ANY,    FATAL, BEEP_3_1_3_2_3,   NONE),
    ROW(PROCEED,       SECURED,        ANY,     TLS_OPEN,   NONE,      ANY,    OK,    BEEP_3_1_3_2_3,   NONE),
    ROW(PROCEED,       PLAIN,          ANY,     TLS_FAILED, NONE,      ANY,    OK,    BEEP_3_2,         NONE),
    /* 4.1: SASL; creating the channel is the client's first word, with or without a blob */
    ROW(PLAIN,         BLOB,           ANY,     BLOB,       NONE,      CLIENT, OK,    BEEP_4_1_1_1,     NONE),
    ROW(SECURED,       BLOB,           ANY,     BLOB,       NONE,      CLIENT, OK,    BEEP_4_1_1_1,     NONE),
    ROW(BLOB,          CHALLENGED,     SERVER,  CHALLENGE,  NONE,      ANY,    OK,    BEEP_4_1_3_1,     NONE),
    ROW(BLOB,          AUTHENTICATED,  SERVER,  COMPLETE,   NONE,      ANY,    OK,    BEEP_4_1,         NONE),
    ROW(BLOB,          PLAIN,          SERVER,  SASL_ERROR, NO_TLS,    ANY,    OK,    BEEP_4_1_1_2,     NONE),
    ROW(BLOB,          SECURED,        SERVER,  SASL_ERROR, UNDER_TLS, ANY,    OK,    BEEP_4_1_1_2,     NONE),
    ROW(BLOB,          LOST,           SERVER,  ABORT,      NONE,      ANY,    FATAL, BEEP_4_1_3_1,     NONE),
    ROW(CHALLENGED,    BLOB,           CLIENT,  BLOB,       NONE,      ANY,    OK,    BEEP_4_1_3_1,     NONE),
    ROW(CHALLENGED,    ABORTING,       CLIENT,  ABORT,      NONE,      ANY,    OK,    BEEP_4_1_3_1,     NONE),
    ROW(CHALLENGED,    LOST,           CLIENT,  COMPLETE,   NONE,      ANY,    FATAL, BEEP_4_1_3_1,     NONE),
    ROW(ABORTING,      PLAIN,          SERVER,  SASL_ERROR, NO_TLS,    ANY,    OK,    BEEP_4_1_3_1,     NONE),
    ROW(ABORTING,      SECURED,        SERVER,  SASL_ERROR, UNDER_TLS, ANY,    OK,    BEEP_4_1_3_1,     NONE),
    ROW(ABORTING,      PLAIN,          SERVER,  CHALLENGE,  NO_TLS,    ANY,    LOOSE, BEEP_4_1_3_4,     BEEP_D31),
    ROW(ABORTING,      SECURED,        SERVER,  CHALLENGE,  UNDER_TLS, ANY,    LOOSE, BEEP_4_1_3_4,     BEEP_D31),
    ROW(AUTHENTICATED, LOST,           ANY,     BLOB,       NONE,      ANY,    FATAL, BEEP_4_1,         NONE),
    ROW(AUTHENTICATED, LOST,           ANY,     READY,      NONE,      ANY,    FATAL, BEEP_4_1_1,       NONE),
};
#undef S
#undef E
#undef P
#undef ROW
/* clang-format on */

static bool tuning_holds(uint8_t guard, const void *facts)
{
    const struct beep_tuning_facts *f = facts;
    switch ((enum beep_tuning_guard)guard) {
    case BEEP_TG_NONE: return true;
    case BEEP_TG_UNDER_TLS: return f->under_tls;
    case BEEP_TG_NO_TLS: return !f->under_tls;
    case BEEP_TG_COUNT: break;
    }
    return false;
}

#define MACHINE(title, prefix, PREFIX, guard_names, guards_n, holds_fn, start_, lost_, final_, clause)       \
    {                                                                                                        \
        .name = title, .states = prefix##_states, .events = prefix##_events, .parties = prefix##_parties,    \
        .guards = guard_names, .state_count = BEEP_##PREFIX##S_COUNT, .event_count = BEEP_##PREFIX##E_COUNT, \
        .party_count = BEEP_##PREFIX##P_COUNT, .guard_count = guards_n, .start = start_, .lost = lost_,      \
        .final = final_, .rows = prefix##_rows, .row_count = sizeof prefix##_rows / sizeof *prefix##_rows,   \
        .otherwise = clause, .holds = holds_fn                                                               \
    }

const struct fsm beep_session_machine =
    MACHINE("beep-session", session, S, no_guards, 1, NULL, BEEP_SS_START, BEEP_SS_LOST, BEEP_SS_CLOSED, CL_BEEP_2_4_2);
const struct fsm beep_channel_machine =
    MACHINE("beep-channel", channel, C, no_guards, 1, NULL, BEEP_CS_NONE, BEEP_CS_LOST, BEEP_CS_CLOSED, CL_BEEP_7_1_2);
const struct fsm beep_exchange_machine =
    MACHINE("beep-exchange", exchange, X, no_guards, 1, NULL, BEEP_XS_IDLE, BEEP_XS_LOST, BEEP_XS_DONE, CL_BEEP_2_1_1_1);
/* what was authenticated stays so: only mistakes leave that state, so none is called final but LOST */
const struct fsm beep_tuning_machine = MACHINE("beep-tuning", tuning, T, tuning_guards, BEEP_TG_COUNT, tuning_holds, BEEP_TS_PLAIN,
                                               BEEP_TS_LOST, BEEP_TS_LOST, CL_BEEP_3_1_3_2_3);

#define FAULT(n, c, d, s, r, t) {#n, CL_##c, DEF_##d, SEV_##s, t},
#define REMEDY(n, c, d, s, r, t) BEEP_DO_##r,
const struct fault_info beep_faults[BEEP_F_COUNT] = {{"none", CL_NONE, DEF_NONE, SEV_NOTE, ""}, BEEP_FAULTS(FAULT)};
const uint8_t beep_remedies[BEEP_F_COUNT] = {BEEP_DO_NOTHING, BEEP_FAULTS(REMEDY)};

const char *beep_code_text(unsigned code)
{
    static const struct {
        uint16_t code;
        const char *text;
    } codes[] = {{200, "success"},
                 {421, "service not available"},
                 {450, "requested action not taken"},
                 {451, "requested action aborted"},
                 {454, "temporary authentication failure"},
                 {500, "general syntax error"},
                 {501, "syntax error in parameters"},
                 {504, "parameter not implemented"},
                 {530, "authentication required"},
                 {534, "authentication mechanism insufficient"},
                 {535, "authentication failure"},
                 {537, "action not authorized for user"},
                 {538, "authentication mechanism requires encryption"},
                 {550, "requested action not taken"},
                 {553, "parameter invalid"},
                 {554, "transaction failed"}};
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        if (codes[i].code == code) return codes[i].text;
    }
    return NULL;
}
