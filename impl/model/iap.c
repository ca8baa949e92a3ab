/* SPDX-License-Identifier: MIT */
#include "model/iap.h"

#define NAME(n, s) s,
static const char *const states[] = {IAP_STATES(NAME)};
static const char *const events[] = {IAP_EVENTS(NAME)};
static const char *const parties[] = {IAP_PARTIES(NAME)};
static const char *const guards[] = {IAP_GUARDS(NAME)};

_Static_assert((int)IAP_S_COUNT <= FSM_STATES && (int)IAP_E_COUNT <= FSM_EVENTS &&
                   (int)IAP_P_COUNT <= FSM_PARTIES,
               "the bit sets of fsm hold every name");

static bool holds(uint8_t guard, const void *facts)
{
    const struct iap_facts *f = facts;
    switch ((enum iap_guard)guard) {
    case IAP_G_NONE: return true;
    case IAP_G_LAST_ANSWER: return f->outstanding <= 1;
    case IAP_G_MORE_OPEN: return f->outstanding > 1;
    case IAP_G_OFFER_SENDER: return !f->offer_known || f->offer_sender;
    case IAP_G_OFFER_RECEIVER: return !f->offer_known || !f->offer_sender;
    case IAP_G_COUNT: break;
    }
    return false;
}

/* clang-format off */
#define S(n) IAP_S_##n
#define E(n) IAP_E_##n
#define P(n) IAP_P_##n
#define G(n) IAP_G_##n
#define ROW(from, to, who, ev, guard, binds, kind, clause, defect) \
    {S(from), S(to), P(who), E(ev), G(guard), P(binds), FSM_##kind, CL_##clause, DEF_##defect}

static const struct fsm_row rows[] = {
    /*  from             to               who         event                guard           binds       kind   clause      defect */
    /* 3.1 TCP set-up */
    ROW(START,           ASKED,           INITIATOR,  CONNECT,             NONE,           INITIATOR,  OK,    IAP_3_1_1,  NONE),
    ROW(START,           LOST,            INITIATOR,  UPGRADE,             NONE,           ANY,        FATAL, IAP_3_1_1,  NONE),
    ROW(START,           LOST,            INITIATOR,  CHANNEL_AS_SENDER,   NONE,           ANY,        FATAL, IAP_3_1_1,  NONE),
    ROW(START,           LOST,            INITIATOR,  CHANNEL_AS_RECEIVER, NONE,           ANY,        FATAL, IAP_3_1_1,  NONE),
    ROW(START,           LOST,            INITIATOR,  CONTENT,             NONE,           ANY,        FATAL, IAP_3_1_1,  NONE),
    ROW(START,           LOST,            INITIATOR,  TLS_HELLO,           NONE,           ANY,        FATAL, IAP_3_1_1,  NONE),
    ROW(START,           LOST,            RESPONDER,  CONNECT,             NONE,           ANY,        FATAL, IAP_2_3_1,  NONE),
    ROW(ASKED,           ACCEPTED,        RESPONDER,  RESPONSE_200,        NONE,           ANY,        OK,    IAP_3_1_2,  NONE),
    ROW(ASKED,           REFUSED,         RESPONDER,  RESPONSE_ERROR,      NONE,           ANY,        OK,    IAP_3_1_4,  NONE),
    ROW(ASKED,           LOST,            RESPONDER,  RESPONSE_101,        NONE,           ANY,        FATAL, IAP_3_1_6,  NONE),
    ROW(ASKED,           LOST,            RESPONDER,  RESPONSE_OTHER,      NONE,           ANY,        FATAL, IAP_3_1_6,  NONE),
    ROW(ASKED,           LOST,            RESPONDER,  CONNECT,             NONE,           ANY,        FATAL, IAP_2_3_1,  NONE),
    ROW(ASKED,           LOST,            RESPONDER,  UPGRADE,             NONE,           ANY,        FATAL, IAP_2_3_1,  NONE),
    ROW(ASKED,           LOST,            INITIATOR,  UPGRADE,             NONE,           ANY,        FATAL, IAP_3_2_2,  NONE),
    ROW(ASKED,           LOST,            INITIATOR,  CONNECT,             NONE,           ANY,        FATAL, IAP_2_1,    NONE),
    /* 3.2 security set-up */
    ROW(ACCEPTED,        UPGRADING,       INITIATOR,  UPGRADE,             NONE,           ANY,        OK,    IAP_3_2_2,  NONE),
    ROW(ACCEPTED,        LOST,            INITIATOR,  CONNECT,             NONE,           ANY,        FATAL, IAP_3_2_2,  NONE),
    ROW(ACCEPTED,        LOST,            INITIATOR,  CHANNEL_AS_SENDER,   NONE,           ANY,        FATAL, IAP_3_2_2,  NONE),
    ROW(ACCEPTED,        LOST,            INITIATOR,  CHANNEL_AS_RECEIVER, NONE,           ANY,        FATAL, IAP_3_2_2,  NONE),
    ROW(ACCEPTED,        LOST,            INITIATOR,  CONTENT,             NONE,           ANY,        FATAL, IAP_3_4_1,  NONE),
    ROW(ACCEPTED,        LOST,            INITIATOR,  TLS_HELLO,           NONE,           ANY,        FATAL, IAP_3_2_2,  NONE),
    ROW(ACCEPTED,        LOST,            RESPONDER,  CONNECT,             NONE,           ANY,        FATAL, IAP_2_3_1,  NONE),
    ROW(ACCEPTED,        LOST,            RESPONDER,  UPGRADE,             NONE,           ANY,        FATAL, IAP_2_3_1,  NONE),
    /* an error without a request may be a farewell: the draft forbids a response without a request, D16 leaves what follows open */
    ROW(ACCEPTED,        REFUSED,         RESPONDER,  RESPONSE_ERROR,      NONE,           ANY,        LOOSE, IAP_4_3_1_4, IAP_D16),
    ROW(REFUSED,         LOST,            INITIATOR,  UPGRADE,             NONE,           ANY,        FATAL, IAP_3_2_3,  NONE),
    ROW(REFUSED,         LOST,            ANY,        TLS_HELLO,           NONE,           ANY,        FATAL, IAP_3_2_11, NONE),
    ROW(REFUSED,         ASKED,           INITIATOR,  CONNECT,             NONE,           ANY,        OK,    IAP_3_1_8,  NONE),
    ROW(UPGRADING,       UPGRADED,        RESPONDER,  RESPONSE_101,        NONE,           ANY,        OK,    IAP_3_2_7,  NONE),
    ROW(UPGRADING,       REFUSED,         RESPONDER,  RESPONSE_ERROR,      NONE,           ANY,        OK,    IAP_3_2_9,  NONE),
    ROW(UPGRADING,       LOST,            RESPONDER,  RESPONSE_200,        NONE,           ANY,        FATAL, IAP_3_2_8,  NONE),
    ROW(UPGRADING,       LOST,            RESPONDER,  RESPONSE_OTHER,      NONE,           ANY,        FATAL, IAP_3_2_8,  NONE),
    ROW(UPGRADING,       LOST,            ANY,        TLS_HELLO,           NONE,           ANY,        FATAL, IAP_4_3_3_2, NONE),
    ROW(UPGRADING,       LOST,            INITIATOR,  UPGRADE,             NONE,           ANY,        FATAL, IAP_3_2_1,  NONE),
    ROW(UPGRADING,       LOST,            INITIATOR,  CONNECT,             NONE,           ANY,        FATAL, IAP_3_2_1,  NONE),
    ROW(UPGRADING,       LOST,            INITIATOR,  CONTENT,             NONE,           ANY,        FATAL, IAP_3_4_1,  NONE),
    ROW(UPGRADED,        HANDSHAKE,       TLS_CLIENT, TLS_HELLO,           NONE,           TLS_CLIENT, OK,    IAP_3_2_13, NONE),
    ROW(UPGRADED,        LOST,            TLS_SERVER, TLS_HELLO,           NONE,           ANY,        FATAL, IAP_3_2_13, NONE),
    ROW(UPGRADED,        LOST,            INITIATOR,  CHANNEL_AS_SENDER,   NONE,           ANY,        FATAL, IAP_3_3_1,  NONE),
    ROW(UPGRADED,        LOST,            INITIATOR,  CHANNEL_AS_RECEIVER, NONE,           ANY,        FATAL, IAP_3_3_1,  NONE),
    ROW(UPGRADED,        LOST,            ANY,        CONTENT,             NONE,           ANY,        FATAL, IAP_3_4_1,  NONE),
    ROW(HANDSHAKE,       SECURED,         ANY,        TLS_OPEN,            NONE,           ANY,        OK,    IAP_3_2_12, NONE),
    ROW(HANDSHAKE,       CLOSED,          ANY,        TLS_FAILED,          NONE,           ANY,        OK,    IAP_3_2_15, NONE),
    /* 3.3 channel set-up */
    ROW(SECURED,         CHANNEL,         INITIATOR,  CHANNEL_AS_SENDER,   OFFER_SENDER,   REQUESTER,  OK,    IAP_3_3_2,  NONE),
    ROW(SECURED,         CHANNEL,         INITIATOR,  CHANNEL_AS_RECEIVER, OFFER_RECEIVER, ANSWERER,   OK,    IAP_3_3_2,  NONE),
    ROW(SECURED,         LOST,            INITIATOR,  CONTENT,             NONE,           ANY,        FATAL, IAP_3_2_17, NONE),
    ROW(SECURED,         LOST,            RESPONDER,  CONTENT,             NONE,           ANY,        FATAL, IAP_2_3_2,  NONE),
    ROW(SECURED,         LOST,            RESPONDER,  CHANNEL_AS_SENDER,   NONE,           ANY,        FATAL, IAP_2_3_1,  NONE),
    ROW(SECURED,         LOST,            RESPONDER,  CHANNEL_AS_RECEIVER, NONE,           ANY,        FATAL, IAP_2_3_1,  NONE),
    ROW(SECURED,         CHANNEL_REFUSED, RESPONDER,  RESPONSE_ERROR,      NONE,           ANY,        LOOSE, IAP_4_3_1_4, IAP_D16),
    ROW(CHANNEL,         READY,           RESPONDER,  RESPONSE_200,        NONE,           ANY,        OK,    IAP_3_3_5,  NONE),
    ROW(CHANNEL,         CHANNEL_REFUSED, RESPONDER,  RESPONSE_ERROR,      NONE,           ANY,        OK,    IAP_3_3_4,  NONE),
    ROW(CHANNEL,         LOST,            RESPONDER,  RESPONSE_OTHER,      NONE,           ANY,        FATAL, IAP_3_3_5,  NONE),
    ROW(CHANNEL,         LOST,            RESPONDER,  RESPONSE_101,        NONE,           ANY,        FATAL, IAP_3_3_5,  NONE),
    ROW(CHANNEL,         LOST,            ANY,        CONTENT,             NONE,           ANY,        FATAL, IAP_3_3_6,  NONE),
    ROW(CHANNEL_REFUSED, CHANNEL,         INITIATOR,  CHANNEL_AS_SENDER,   NONE,           REQUESTER,  OK,    IAP_3_3_2,  NONE),
    ROW(CHANNEL_REFUSED, CHANNEL,         INITIATOR,  CHANNEL_AS_RECEIVER, NONE,           ANSWERER,   OK,    IAP_3_3_2,  NONE),
    ROW(CHANNEL_REFUSED, LOST,            ANY,        CONTENT,             NONE,           ANY,        FATAL, IAP_3_3_6,  NONE),
    /* 3.4 data */
    ROW(READY,           SENT,            REQUESTER,  CONTENT,             NONE,           ANY,        OK,    IAP_3_4_1,  NONE),
    ROW(READY,           LOST,            TLS_SERVER, CONTENT,             NONE,           ANY,        FATAL, IAP_2_2_3,  NONE),
    ROW(READY,           LOST,            ANSWERER,   CONTENT,             NONE,           ANY,        FATAL, IAP_2_3_4,  NONE),
    ROW(READY,           READY,           ANSWERER,   RESPONSE_ERROR,      NONE,           ANY,        LOOSE, IAP_4_3_1_4, IAP_D16),
    ROW(READY,           LOST,            INITIATOR,  CHANNEL_AS_SENDER,   NONE,           ANY,        FATAL, IAP_3_3_6,  NONE),
    ROW(READY,           LOST,            INITIATOR,  CHANNEL_AS_RECEIVER, NONE,           ANY,        FATAL, IAP_3_3_6,  NONE),
    ROW(READY,           LOST,            RESPONDER,  CHANNEL_AS_SENDER,   NONE,           ANY,        FATAL, IAP_2_3_1,  NONE),
    ROW(READY,           LOST,            RESPONDER,  CHANNEL_AS_RECEIVER, NONE,           ANY,        FATAL, IAP_2_3_1,  NONE),
    ROW(SENT,            READY,           ANSWERER,   RESPONSE_200,        LAST_ANSWER,    ANY,        OK,    IAP_4_3,    NONE),
    ROW(SENT,            SENT,            ANSWERER,   RESPONSE_200,        MORE_OPEN,      ANY,        OK,    IAP_4_3,    NONE),
    ROW(SENT,            READY,           ANSWERER,   RESPONSE_ERROR,      LAST_ANSWER,    ANY,        OK,    IAP_3_4_3,  NONE),
    ROW(SENT,            SENT,            ANSWERER,   RESPONSE_ERROR,      MORE_OPEN,      ANY,        OK,    IAP_3_4_3,  NONE),
    ROW(SENT,            SENT,            REQUESTER,  CONTENT,             NONE,           ANY,        LOOSE, IAP_2_1,    IAP_D26),
    ROW(SENT,            LOST,            TLS_SERVER, CONTENT,             NONE,           ANY,        FATAL, IAP_2_2_3,  NONE),
    ROW(SENT,            LOST,            ANSWERER,   CONTENT,             NONE,           ANY,        FATAL, IAP_2_3_4,  NONE),
    ROW(SENT,            LOST,            ANSWERER,   RESPONSE_101,        NONE,           ANY,        FATAL, IAP_4_4_9,  NONE),
    ROW(SENT,            LOST,            ANSWERER,   RESPONSE_OTHER,      NONE,           ANY,        FATAL, IAP_4_4_9,  NONE),
    /* 4.3.1 a response answers a request: where none is open, or from the side that asked, it is out of order (after the rows above) */
    ROW(START,           LOST,            ANY,        RESPONSE_200,        NONE,           ANY,        FATAL, IAP_4_3_1_4, NONE),
    ROW(START,           LOST,            ANY,        RESPONSE_101,        NONE,           ANY,        FATAL, IAP_4_3_1_4, NONE),
    ROW(START,           LOST,            ANY,        RESPONSE_ERROR,      NONE,           ANY,        FATAL, IAP_4_3_1_4, NONE),
    ROW(START,           LOST,            ANY,        RESPONSE_OTHER,      NONE,           ANY,        FATAL, IAP_4_3_1_4, NONE),
    ROW(ASKED,           LOST,            ANY,        RESPONSE_200,        NONE,           ANY,        FATAL, IAP_4_3_1_4, NONE),
    ROW(ASKED,           LOST,            ANY,        RESPONSE_101,        NONE,           ANY,        FATAL, IAP_4_3_1_4, NONE),
    ROW(ASKED,           LOST,            ANY,        RESPONSE_ERROR,      NONE,           ANY,        FATAL, IAP_4_3_1_4, NONE),
    ROW(ASKED,           LOST,            ANY,        RESPONSE_OTHER,      NONE,           ANY,        FATAL, IAP_4_3_1_4, NONE),
    ROW(ACCEPTED,        LOST,            ANY,        RESPONSE_200,        NONE,           ANY,        FATAL, IAP_4_3_1_4, NONE),
    ROW(ACCEPTED,        LOST,            ANY,        RESPONSE_101,        NONE,           ANY,        FATAL, IAP_4_3_1_4, NONE),
    ROW(ACCEPTED,        LOST,            ANY,        RESPONSE_ERROR,      NONE,           ANY,        FATAL, IAP_4_3_1_4, NONE),
    ROW(ACCEPTED,        LOST,            ANY,        RESPONSE_OTHER,      NONE,           ANY,        FATAL, IAP_4_3_1_4, NONE),
    ROW(UPGRADING,       LOST,            ANY,        RESPONSE_200,        NONE,           ANY,        FATAL, IAP_4_3_1_4, NONE),
    ROW(UPGRADING,       LOST,            ANY,        RESPONSE_101,        NONE,           ANY,        FATAL, IAP_4_3_1_4, NONE),
    ROW(UPGRADING,       LOST,            ANY,        RESPONSE_ERROR,      NONE,           ANY,        FATAL, IAP_4_3_1_4, NONE),
    ROW(UPGRADING,       LOST,            ANY,        RESPONSE_OTHER,      NONE,           ANY,        FATAL, IAP_4_3_1_4, NONE),
    ROW(SECURED,         LOST,            ANY,        RESPONSE_200,        NONE,           ANY,        FATAL, IAP_4_3_1_4, NONE),
    ROW(SECURED,         LOST,            ANY,        RESPONSE_101,        NONE,           ANY,        FATAL, IAP_4_3_1_4, NONE),
    ROW(SECURED,         LOST,            ANY,        RESPONSE_ERROR,      NONE,           ANY,        FATAL, IAP_4_3_1_4, NONE),
    ROW(SECURED,         LOST,            ANY,        RESPONSE_OTHER,      NONE,           ANY,        FATAL, IAP_4_3_1_4, NONE),
    ROW(CHANNEL,         LOST,            ANY,        RESPONSE_200,        NONE,           ANY,        FATAL, IAP_4_3_1_4, NONE),
    ROW(CHANNEL,         LOST,            ANY,        RESPONSE_101,        NONE,           ANY,        FATAL, IAP_4_3_1_4, NONE),
    ROW(CHANNEL,         LOST,            ANY,        RESPONSE_ERROR,      NONE,           ANY,        FATAL, IAP_4_3_1_4, NONE),
    ROW(CHANNEL,         LOST,            ANY,        RESPONSE_OTHER,      NONE,           ANY,        FATAL, IAP_4_3_1_4, NONE),
    ROW(READY,           LOST,            ANY,        RESPONSE_200,        NONE,           ANY,        FATAL, IAP_4_3_1_4, NONE),
    ROW(READY,           LOST,            ANY,        RESPONSE_101,        NONE,           ANY,        FATAL, IAP_4_3_1_4, NONE),
    ROW(READY,           LOST,            ANY,        RESPONSE_ERROR,      NONE,           ANY,        FATAL, IAP_4_3_1_4, NONE),
    ROW(READY,           LOST,            ANY,        RESPONSE_OTHER,      NONE,           ANY,        FATAL, IAP_4_3_1_4, NONE),
    ROW(SENT,            LOST,            ANY,        RESPONSE_200,        NONE,           ANY,        FATAL, IAP_4_3_1_4, NONE),
    ROW(SENT,            LOST,            ANY,        RESPONSE_101,        NONE,           ANY,        FATAL, IAP_4_3_1_4, NONE),
    ROW(SENT,            LOST,            ANY,        RESPONSE_ERROR,      NONE,           ANY,        FATAL, IAP_4_3_1_4, NONE),
    ROW(SENT,            LOST,            ANY,        RESPONSE_OTHER,      NONE,           ANY,        FATAL, IAP_4_3_1_4, NONE),
    /* 3.5 termination: close_notify in any secured state, answered by close_notify */
    ROW(HANDSHAKE,       ENDING,          ANY,        NOTIFY,              NONE,           ANY,        OK,    IAP_3_5_1,  NONE),
    ROW(SECURED,         ENDING,          ANY,        NOTIFY,              NONE,           ANY,        OK,    IAP_3_5_1,  NONE),
    ROW(CHANNEL,         ENDING,          ANY,        NOTIFY,              NONE,           ANY,        OK,    IAP_3_5_1,  NONE),
    ROW(CHANNEL_REFUSED, ENDING,          ANY,        NOTIFY,              NONE,           ANY,        OK,    IAP_3_5_1,  NONE),
    ROW(READY,           ENDING,          ANY,        NOTIFY,              NONE,           ANY,        OK,    IAP_3_5_1,  NONE),
    ROW(SENT,            ENDING,          ANY,        NOTIFY,              NONE,           ANY,        OK,    IAP_3_5_1,  NONE),
    ROW(ENDING,          CLOSED,          ANY,        NOTIFY,              NONE,           ANY,        OK,    IAP_3_5_2,  NONE),
    /* the other side may not have read the close_notify yet: what crosses it on the way is no fault */
    ROW(ENDING,          ENDING,          ANY,        RESPONSE_200,        NONE,           ANY,        OK,    IAP_3_5_1,  NONE),
    ROW(ENDING,          ENDING,          ANY,        RESPONSE_ERROR,      NONE,           ANY,        OK,    IAP_3_5_1,  NONE),
    ROW(ENDING,          ENDING,          REQUESTER,  CONTENT,             NONE,           ANY,        OK,    IAP_3_5_1,  NONE),
    ROW(ENDING,          ENDING,          INITIATOR,  CHANNEL_AS_SENDER,   NONE,           REQUESTER,  OK,    IAP_3_5_1,  NONE),
    ROW(ENDING,          ENDING,          INITIATOR,  CHANNEL_AS_RECEIVER, NONE,           ANSWERER,   OK,    IAP_3_5_1,  NONE),
    /* the TCP connection may end anywhere; whether it may end so is for a case to say */
    ROW(START,           CLOSED,          ANY,        FIN,                 NONE,           ANY,        OK,    IAP_2_2_4,  NONE),
    ROW(ASKED,           CLOSED,          ANY,        FIN,                 NONE,           ANY,        OK,    IAP_2_2_4,  NONE),
    ROW(ACCEPTED,        CLOSED,          ANY,        FIN,                 NONE,           ANY,        OK,    IAP_3_2_5,  NONE),
    ROW(REFUSED,         CLOSED,          ANY,        FIN,                 NONE,           ANY,        OK,    IAP_3_1_8,  NONE),
    ROW(UPGRADING,       CLOSED,          ANY,        FIN,                 NONE,           ANY,        OK,    IAP_2_2_4,  NONE),
    ROW(UPGRADED,        CLOSED,          ANY,        FIN,                 NONE,           ANY,        OK,    IAP_2_2_4,  NONE),
    ROW(HANDSHAKE,       CLOSED,          ANY,        FIN,                 NONE,           ANY,        OK,    IAP_2_2_4,  NONE),
    ROW(SECURED,         CLOSED,          ANY,        FIN,                 NONE,           ANY,        OK,    IAP_3_5_1,  NONE),
    ROW(CHANNEL,         CLOSED,          ANY,        FIN,                 NONE,           ANY,        OK,    IAP_3_5_1,  NONE),
    ROW(CHANNEL_REFUSED, CLOSED,          ANY,        FIN,                 NONE,           ANY,        OK,    IAP_3_5_1,  NONE),
    ROW(READY,           CLOSED,          ANY,        FIN,                 NONE,           ANY,        OK,    IAP_3_5_1,  NONE),
    ROW(SENT,            CLOSED,          ANY,        FIN,                 NONE,           ANY,        OK,    IAP_3_5_1,  NONE),
    ROW(ENDING,          CLOSED,          ANY,        FIN,                 NONE,           ANY,        OK,    IAP_3_5_2,  NONE),
};
#undef ROW
/* clang-format on */

const struct fsm iap_machine = {
    .name = "iap",
    .states = states,
    .events = events,
    .parties = parties,
    .guards = guards,
    .state_count = IAP_S_COUNT,
    .event_count = IAP_E_COUNT,
    .party_count = IAP_P_COUNT,
    .guard_count = IAP_G_COUNT,
    .start = IAP_S_START,
    .lost = IAP_S_LOST,
    .final = IAP_S_CLOSED,
    .rows = rows,
    .row_count = sizeof rows / sizeof *rows,
    .otherwise = CL_IAP_3_2,
    .holds = holds,
};

#define FAULT(n, c, d, s, t) {#n, CL_##c, DEF_##d, SEV_##s, t},
const struct fault_info iap_faults[IAP_F_COUNT] = {{"none", CL_NONE, DEF_NONE, SEV_NOTE, ""}, IAP_FAULTS(FAULT)};
