/* SPDX-License-Identifier: MIT */
#include "model/oe_flow.h"

#define NAME(n, s) s,
static const char *const parties[] = {OE_FLOW_PARTIES(NAME)};
static const char *const init_states[] = {OE_INIT_STATES(NAME)};
static const char *const init_events[] = {OE_INIT_EVENTS(NAME)};
static const char *const init_guards[] = {OE_INIT_GUARDS(NAME)};
static const char *const resp_states[] = {OE_RESP_STATES(NAME)};
static const char *const resp_events[] = {OE_RESP_EVENTS(NAME)};
static const char *const resp_guards[] = {OE_RESP_GUARDS(NAME)};
static const char *const age_states[] = {OE_AGE_STATES(NAME)};
static const char *const age_events[] = {OE_AGE_EVENTS(NAME)};
static const char *const age_guards[] = {OE_AGE_GUARDS(NAME)};
static const char *const delete_states[] = {OE_DELETE_STATES(NAME)};
static const char *const delete_events[] = {OE_DELETE_EVENTS(NAME)};
static const char *const delete_guards[] = {OE_DELETE_GUARDS(NAME)};

/* clang-format off */
#define ROW(from, to, who, event, guard, kind, clause, defect) \
    {S(from), S(to), OE_FP_##who, E(event), G(guard), OE_FP_ANY, FSM_##kind, CL_##clause, DEF_##defect}
#define S(n) OE_IS_##n
#define E(n) OE_IE_##n
#define G(n) OE_IG_##n
static const struct fsm_row init_rows[] = {
    /*  from       to         who      event        guard      kind   clause         defect */
    ROW(NONE,      LOOKING,   GATEWAY, ASK_TXT,     NONE,      OK,    OE_4_2_3,      NONE),
    ROW(NONE,      CLEAR,     GATEWAY, PASS,        NONE,      OK,    OE_1_1_1,      NONE), /* by class */
    ROW(NONE,      DENY,      GATEWAY, DROP,        NONE,      OK,    OE_1_1_1,      NONE),
    ROW(NONE,      LOST,      GATEWAY, IKE,         NONE,      FATAL, OE_3_2_3,      NONE),
    ROW(LOOKING,   LOOKING,   GATEWAY, ASK_TXT,     NONE,      OK,    OE_7_2_1_3,    NONE), /* again, or by TCP */
    ROW(LOOKING,   FOUND,     WORLD,   RECORD,      NONE,      OK,    OE_4_2_1,      NONE),
    ROW(LOOKING,   KEYLESS,   WORLD,   BARE_RECORD, RFC,       OK,    OERFC_5_2_2,   NONE),
    ROW(LOOKING,   KEYLESS,   WORLD,   BARE_RECORD, DRAFT,     LOOSE, OE_7_2_6,      OE_D13),
    ROW(LOOKING,   FAILED,    WORLD,   NO_RECORD,   NONE,      OK,    OE_1_1_2,      NONE),
    ROW(LOOKING,   BROKEN,    WORLD,   BROKEN,      NONE,      OK,    OE_4_2_4,      NONE),
    ROW(LOOKING,   LOST,      GATEWAY, IKE,         NONE,      FATAL, OE_3_2_3,      NONE),
    ROW(LOOKING,   LOST,      GATEWAY, PASS,        NONE,      FATAL, OE_6_4_4,      NONE), /* silence is NO_RECORD first */
    ROW(LOOKING,   LOST,      GATEWAY, DROP,        NONE,      FATAL, OE_6_4_4,      NONE),
    ROW(KEYLESS,   KEY_ASKED, GATEWAY, ASK_KEY,     NONE,      OK,    OERFC_2_3_2_1, NONE),
    ROW(KEYLESS,   LOST,      GATEWAY, IKE,         RFC,       FATAL, OERFC_3_2_4_6, NONE),
    ROW(KEYLESS,   KEYING,    GATEWAY, IKE,         DRAFT,     LOOSE, OE_7_2_6,      OE_D13), /* the key may come meanwhile */
    ROW(KEYLESS,   FAILED,    WORLD,   NO_KEY,      NONE,      LOOSE, OE_7_2_6,      OE_D13), /* read as malformed, and left */
    ROW(KEY_ASKED, KEY_ASKED, GATEWAY, ASK_KEY,     NONE,      OK,    OE_7_2_1_3,    NONE),
    ROW(KEY_ASKED, FOUND,     WORLD,   KEY,         NONE,      OK,    OERFC_2_3_2_1, NONE),
    ROW(KEY_ASKED, FOUND,     WORLD,   NO_KEY,      KEY_KNOWN, OK,    OERFC_3_2_5_1, NONE),
    ROW(KEY_ASKED, KEYLESS,   WORLD,   NO_KEY,      MORE,      OK,    OERFC_3_2_5_1, NONE),
    ROW(KEY_ASKED, FAILED,    WORLD,   NO_KEY,      NO_MORE,   OK,    OERFC_3_2_4_6, NONE),
    ROW(KEY_ASKED, BROKEN,    WORLD,   BROKEN,      NONE,      OK,    OERFC_3_2_4_6, NONE),
    ROW(KEY_ASKED, LOST,      GATEWAY, IKE,         RFC,       FATAL, OERFC_3_2_4_6, NONE),
    ROW(KEY_ASKED, KEYING,    GATEWAY, IKE,         DRAFT,     LOOSE, OE_7_2_6,      OE_D13),
    ROW(FOUND,     KEYING,    GATEWAY, IKE,         NONE,      OK,    OE_4_3_1,      NONE),
    ROW(FAILED,    CLEAR,     GATEWAY, PASS,        NONE,      OK,    OE_1_2_4,      NONE),
    ROW(FAILED,    DENY,      GATEWAY, DROP,        NONE,      OK,    OE_1_2_4,      NONE),
    ROW(BROKEN,    DENY,      GATEWAY, DROP,        NONE,      OK,    OERFC_3_2_4_2, NONE),
    ROW(BROKEN,    CLEAR,     GATEWAY, PASS,        DRAFT,     OK,    OE_11_1_1,     OE_D23),
    ROW(BROKEN,    LOST,      GATEWAY, PASS,        RFC,       FATAL, OERFC_3_2_4_2, NONE),
    ROW(KEYING,    KEYING,    GATEWAY, IKE,         NONE,      OK,    OE_4_4_1,      NONE),
    ROW(KEYING,    DOUBTED,   WORLD,   ICMP,        NONE,      OK,    OE_11_2_1,     NONE),
    ROW(KEYING,    KEYED,     ANY,     TUNNEL,      NONE,      OK,    OE_4_13_1,     NONE),
    ROW(KEYING,    FOUND,     WORLD,   GAVE_UP,     KEY_KNOWN, OK,    OERFC_3_2_5_1, NONE),
    ROW(KEYING,    KEYLESS,   WORLD,   GAVE_UP,     MORE,      OK,    OERFC_3_2_5_1, NONE),
    ROW(KEYING,    FAILED,    WORLD,   GAVE_UP,     NO_MORE,   OK,    OE_11_2_4,     NONE),
    ROW(DOUBTED,   DOUBTED,   WORLD,   ICMP,        NONE,      OK,    OE_11_2_1,     NONE),
    ROW(DOUBTED,   KEYING,    GATEWAY, IKE,         NONE,      OK,    OE_11_2_1,     NONE),
    ROW(DOUBTED,   KEYED,     ANY,     TUNNEL,      NONE,      OK,    OE_4_13_1,     NONE),
    ROW(DOUBTED,   LOST,      GATEWAY, PASS,        AT_ONCE,   FATAL, OE_11_2_1,     NONE), /* without another try */
    ROW(DOUBTED,   LOST,      GATEWAY, DROP,        AT_ONCE,   FATAL, OE_11_2_1,     NONE),
    ROW(DOUBTED,   LOST,      WORLD,   GAVE_UP,     AT_ONCE,   FATAL, OE_11_2_1,     NONE),
    ROW(DOUBTED,   FOUND,     WORLD,   GAVE_UP,     KEY_KNOWN, OK,    OERFC_3_2_5_1, NONE),
    ROW(DOUBTED,   KEYLESS,   WORLD,   GAVE_UP,     MORE,      OK,    OERFC_3_2_5_1, NONE),
    ROW(DOUBTED,   FAILED,    WORLD,   GAVE_UP,     NO_MORE,   OK,    OE_11_2_4,     NONE),
    ROW(KEYED,     KEYED,     ANY,     TUNNEL,      NONE,      OK,    OE_5_2_6,      NONE), /* rekeyed */
    ROW(KEYED,     KEYED,     GATEWAY, IKE,         NONE,      OK,    OE_5_2_6,      NONE),
    ROW(KEYED,     GONE,      ANY,     DELETE,      NONE,      OK,    OE_5_2_1,      NONE),
    ROW(KEYED,     GONE,      ANY,     UNUSED,      NONE,      OK,    OE_5_1_6,      NONE),
    ROW(CLEAR,     LOOKING,   GATEWAY, ASK_TXT,     NONE,      OK,    OERFC_3_2_7_1, NONE), /* the answer was stale */
    ROW(CLEAR,     GONE,      ANY,     UNUSED,      NONE,      OK,    OERFC_3_2_7_1, NONE),
    ROW(DENY,      LOOKING,   GATEWAY, ASK_TXT,     NONE,      OK,    OERFC_3_2_7_1, NONE),
    ROW(DENY,      GONE,      ANY,     UNUSED,      NONE,      OK,    OERFC_3_2_7_1, NONE),
};
#undef S
#undef E
#undef G

#define S(n) OE_RS_##n
#define E(n) OE_RE_##n
#define G(n) OE_RG_##n
static const struct fsm_row resp_rows[] = {
    /*  from       to         who      event         guard    kind   clause         defect */
    ROW(NONE,      NAMED,     WORLD,   IDENTITY,     NONE,    OK,    OE_4_8_1,      NONE),
    ROW(NAMED,     KEY_ASKED, GATEWAY, ASK_KEY,      NONE,    OK,    OE_4_9_1,      NONE),
    ROW(NAMED,     LOST,      GATEWAY, AUTHENTICATE, NONE,    FATAL, OE_4_9_2,      NONE),
    ROW(NAMED,     GONE,      GATEWAY, REFUSE,       NONE,    OK,    OE_1_1_1,      NONE), /* by class */
    ROW(KEY_ASKED, KEY_ASKED, GATEWAY, ASK_KEY,      NONE,    OK,    OE_7_2_1_3,    NONE),
    ROW(KEY_ASKED, KNOWN,     WORLD,   KEY,          NONE,    OK,    OE_4_10_1,     NONE),
    ROW(KEY_ASKED, UNKNOWN,   WORLD,   NO_KEY,       NONE,    OK,    OE_4_9_2,      NONE),
    ROW(KEY_ASKED, LOST,      GATEWAY, AUTHENTICATE, NONE,    FATAL, OE_6_4_4,      NONE),
    ROW(KNOWN,     AUTHENTIC, GATEWAY, AUTHENTICATE, NONE,    OK,    OE_4_11_1,     NONE),
    ROW(KNOWN,     GONE,      GATEWAY, REFUSE,       NONE,    OK,    OE_4_9_2,      NONE), /* none of the keys fits */
    ROW(UNKNOWN,   GONE,      GATEWAY, REFUSE,       NONE,    OK,    OE_4_9_2,      NONE),
    ROW(UNKNOWN,   LOST,      GATEWAY, AUTHENTICATE, NONE,    FATAL, OE_4_9_2,      NONE),
    ROW(AUTHENTIC, PROPOSED,  WORLD,   PROPOSAL,     NONE,    OK,    OE_4_12_2_1,   NONE),
    ROW(AUTHENTIC, GONE,      ANY,     END,          NONE,    OK,    OE_5_1_6,      NONE),
    ROW(PROPOSED,  LOOKING,   GATEWAY, ASK_TXT,      NONE,    OK,    OE_4_12_2_1,   NONE),
    ROW(PROPOSED,  TUNNEL,    GATEWAY, ACCEPT,       SELF,    OK,    OE_7_3_7,      NONE),
    ROW(PROPOSED,  TUNNEL,    GATEWAY, ACCEPT,       LIVES,   OK,    OE_4_12_2_2,   NONE),
    ROW(PROPOSED,  LOST,      GATEWAY, ACCEPT,       STRANGE, FATAL, OE_4_12_2_1,   NONE),
    ROW(PROPOSED,  AUTHENTIC, GATEWAY, REFUSE,       NONE,    OK,    OE_10_12,      NONE), /* phase 1 stands */
    ROW(LOOKING,   LOOKING,   GATEWAY, ASK_TXT,      NONE,    OK,    OE_7_2_1_3,    NONE),
    ROW(LOOKING,   ALLOWED,   WORLD,   RECORD,       NONE,    OK,    OE_4_12_3_1,   NONE),
    ROW(LOOKING,   DENIED,    WORLD,   NO_RECORD,    NONE,    OK,    OE_7_3_6,      NONE),
    ROW(LOOKING,   LOST,      GATEWAY, ACCEPT,       NONE,    FATAL, OE_6_4_4,      NONE),
    ROW(ALLOWED,   TUNNEL,    GATEWAY, ACCEPT,       NONE,    OK,    OE_4_12_3_1,   NONE),
    ROW(ALLOWED,   AUTHENTIC, GATEWAY, REFUSE,       NONE,    OK,    OE_10_12,      NONE),
    ROW(DENIED,    AUTHENTIC, GATEWAY, REFUSE,       NONE,    OK,    OE_7_3_6,      NONE),
    ROW(DENIED,    LOST,      GATEWAY, ACCEPT,       NONE,    FATAL, OE_7_3_6,      NONE),
    ROW(TUNNEL,    PROPOSED,  WORLD,   PROPOSAL,     NONE,    OK,    OE_4_12_4_1,   NONE), /* another pair, or rekeying */
    ROW(TUNNEL,    GONE,      ANY,     END,          NONE,    OK,    OE_5_1_6,      NONE),
};
#undef S
#undef E
#undef G

#define S(n) OE_AS_##n
#define E(n) OE_AE_##n
#define G(n) OE_AG_##n
static const struct fsm_row age_rows[] = {
    /*  from   to      who      event   guard kind clause    defect */
    ROW(YOUNG, OLD,    WORLD,   EXPIRE, USED, OK,  OE_5_1_8, NONE),
    ROW(YOUNG, CLOSED, WORLD,   EXPIRE, IDLE, OK,  OE_5_1_8, NONE),
    ROW(YOUNG, CLOSED, GATEWAY, DELETE, NONE, OK,  OE_5_2_1, NONE),
    ROW(YOUNG, CLOSED, WORLD,   DELETE, NONE, OK,  OE_5_2_1, NONE),
    ROW(OLD,   OLD,    WORLD,   EXPIRE, USED, OK,  OE_5_1_8, NONE),
    ROW(OLD,   CLOSED, WORLD,   EXPIRE, IDLE, OK,  OE_5_1_8, NONE),
    ROW(OLD,   CLOSED, GATEWAY, DELETE, NONE, OK,  OE_5_2_1, NONE),
    ROW(OLD,   CLOSED, WORLD,   DELETE, NONE, OK,  OE_5_2_1, NONE),
};
#undef S
#undef E
#undef G

#define S(n) OE_DS_##n
#define E(n) OE_DE_##n
#define G(n) OE_DG_##n
static const struct fsm_row delete_rows[] = {
    /*  from    to      who      event    guard kind   clause    defect */
    ROW(UP,     FIRST,  GATEWAY, DELETE,  NONE, OK,    OE_5_2_4, NONE),
    ROW(UP,     TOLD,   WORLD,   DELETE,  NONE, OK,    OE_5_2_2, NONE),
    ROW(TOLD,   DOWN,   GATEWAY, DELETE,  NONE, OK,    OE_5_2_2, NONE),
    ROW(TOLD,   TOLD,   WORLD,   DELETE,  NONE, OK,    OE_5_2_5, NONE), /* the answer was late or lost */
    ROW(FIRST,  DOWN,   WORLD,   DELETE,  NONE, OK,    OE_5_2_2, NONE), /* an answer, or one that crossed */
    ROW(FIRST,  SECOND, GATEWAY, DELETE,  DUE,  OK,    OE_5_2_5, NONE),
    ROW(SECOND, DOWN,   WORLD,   DELETE,  NONE, OK,    OE_5_2_2, NONE),
    ROW(SECOND, THIRD,  GATEWAY, DELETE,  DUE,  OK,    OE_5_2_5, NONE),
    ROW(THIRD,  DOWN,   WORLD,   DELETE,  NONE, OK,    OE_5_2_2, NONE),
    ROW(THIRD,  DOWN,   GATEWAY, GIVE_UP, DUE,  OK,    OE_5_2_5, NONE),
    ROW(THIRD,  FOURTH, GATEWAY, DELETE,  DUE,  LOOSE, OE_5_2_5, OE_D42),
    ROW(FOURTH, DOWN,   WORLD,   DELETE,  NONE, OK,    OE_5_2_2, NONE),
    ROW(FOURTH, DOWN,   GATEWAY, GIVE_UP, DUE,  OK,    OE_5_2_5, NONE),
};
#undef S
#undef E
#undef G
#undef ROW
/* clang-format on */

static bool init_holds(uint8_t guard, const void *facts)
{
    const struct oe_init_facts *f = facts;
    switch ((enum oe_init_guard)guard) {
    case OE_IG_NONE: return true;
    case OE_IG_MORE: return f->more && !f->key_known;
    case OE_IG_NO_MORE: return !f->more;
    case OE_IG_DRAFT: return f->dialect == OE_DRAFT;
    case OE_IG_RFC: return f->dialect == OE_RFC;
    case OE_IG_KEY_KNOWN: return f->more && f->key_known;
    case OE_IG_AT_ONCE: return f->now - f->icmp <= OE_AT_ONCE_MS;
    case OE_IG_COUNT: break;
    }
    return false;
}

static bool resp_holds(uint8_t guard, const void *facts)
{
    const struct oe_resp_facts *f = facts;
    switch ((enum oe_resp_guard)guard) {
    case OE_RG_NONE: return true;
    case OE_RG_SELF: return f->self;
    case OE_RG_LIVES: return f->lives;
    case OE_RG_STRANGE: return !f->self && !f->lives;
    case OE_RG_COUNT: break;
    }
    return false;
}

/* The edge of the half belongs to it (OE-D43); what was never used is idle. */
static bool age_holds(uint8_t guard, const void *facts)
{
    const struct oe_age_facts *f = facts;
    bool used = f->used && f->used >= f->began && f->used - f->began >= (f->now - f->began) / 2;
    switch ((enum oe_age_guard)guard) {
    case OE_AG_NONE: return true;
    case OE_AG_USED: return used;
    case OE_AG_IDLE: return !used;
    case OE_AG_COUNT: break;
    }
    return false;
}

static bool delete_holds(uint8_t guard, const void *facts)
{
    const struct oe_delete_facts *f = facts;
    return guard == OE_DG_NONE || (guard == OE_DG_DUE && f->now - f->sent >= OE_DELETE_WAIT_MS);
}

#define COUNT(a) (uint8_t)(sizeof a / sizeof *a)
#define MACHINE(title, n, P, begin, end, clause)                                                             \
    {                                                                                                        \
        .name = title, .states = n##_states, .events = n##_events, .parties = parties, .guards = n##_guards, \
        .state_count = COUNT(n##_states), .event_count = COUNT(n##_events), .party_count = OE_FP_COUNT,      \
        .guard_count = COUNT(n##_guards), .start = OE_##P##_##begin, .lost = OE_##P##_LOST,                  \
        .final = OE_##P##_##end, .rows = n##_rows, .row_count = COUNT(n##_rows), .otherwise = clause,        \
        .holds = n##_holds                                                                                   \
    }

const struct fsm oe_init_machine = MACHINE("oe-initiator", init, IS, NONE, GONE, CL_OE_3_2_1);
const struct fsm oe_resp_machine = MACHINE("oe-responder", resp, RS, NONE, GONE, CL_OE_3_2_1);
const struct fsm oe_age_machine = MACHINE("oe-age", age, AS, YOUNG, CLOSED, CL_OE_5_1_6);
const struct fsm oe_delete_machine = MACHINE("oe-delete", delete, DS, UP, DOWN, CL_OE_5_2_5);

void oe_flow_init(struct fsm_inst *i, const struct fsm *m)
{
    fsm_init(i, m);
    fsm_bind(i, OE_FP_GATEWAY, OE_SIDE_GATEWAY);
}

uint32_t oe_age_period(uint8_t state)
{
    return state == OE_AS_YOUNG ? OE_AGE_YOUNG_MS : state == OE_AS_OLD ? OE_AGE_OLD_MS : 0;
}
