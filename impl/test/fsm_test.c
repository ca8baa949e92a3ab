/* SPDX-License-Identifier: MIT */
/* The engine of the state machines on made-up ones, and the IAP machine itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "model/iap.h"

/* --- a made-up machine: knock, open, enter ------------------------------------------------------------ */

enum { OUT, DOOR, IN, GONE, LOST, STATES };
enum { KNOCK, OPEN, ENTER, LEAVE, EVENTS };
enum { ANY, GUEST, HOST, PARTIES };
enum { NONE, INVITED, GUARDS };

static const char *const states[] = {"out", "door", "in", "gone", "lost"};
static const char *const events[] = {"knock", "open", "enter", "leave"};
static const char *const parties[] = {"either", "guest", "host"};
static const char *const guards[] = {"", "invited"};

static bool holds(uint8_t guard, const void *facts)
{
    return guard == INVITED && *(const bool *)facts;
}

static const struct fsm_row good[] = {
    {OUT, DOOR, ANY, KNOCK, NONE, GUEST, FSM_OK, 1, 0},
    {DOOR, IN, HOST, OPEN, NONE, ANY, FSM_OK, 1, 0},
    {DOOR, LOST, GUEST, OPEN, NONE, ANY, FSM_FATAL, 1, 0},
    {OUT, IN, GUEST, ENTER, INVITED, GUEST, FSM_LOOSE, 1, 1},
    {IN, GONE, ANY, LEAVE, NONE, ANY, FSM_OK, 1, 0},
};
enum { GOOD = sizeof good / sizeof *good };

static struct fsm machine(const struct fsm_row *rows, size_t n)
{
    return (struct fsm){.name = "door",
                        .states = states,
                        .events = events,
                        .parties = parties,
                        .guards = guards,
                        .state_count = STATES,
                        .event_count = EVENTS,
                        .party_count = PARTIES,
                        .guard_count = GUARDS,
                        .start = OUT,
                        .lost = LOST,
                        .final = GONE,
                        .rows = rows,
                        .row_count = n,
                        .otherwise = 1,
                        .holds = holds};
}

static void test_steps(void **state)
{
    struct fsm m = machine(good, GOOD);
    struct fsm_inst i;
    bool invited = false;
    (void)state;
    fsm_init(&i, &m);
    assert_int_equal(fsm_side(&i, GUEST), -1);
    assert_int_equal(fsm_legal(&i, 0, &invited), 1u << KNOCK);
    assert_ptr_equal(fsm_peek(&i, 1, KNOCK, &invited), &good[0]);
    assert_int_equal(i.state, OUT);
    assert_ptr_equal(fsm_step(&i, 1, KNOCK, &invited), &good[0]);
    assert_int_equal(i.state, DOOR);
    assert_int_equal(fsm_side(&i, GUEST), 1); /* whoever knocks is the guest, and the other one the host */
    assert_int_equal(fsm_side(&i, HOST), 0);
    assert_int_equal(fsm_legal(&i, 0, &invited), 1u << OPEN);
    assert_int_equal(fsm_legal(&i, 1, &invited), 0); /* what is ruled out is not legal */
    assert_ptr_equal(fsm_step(&i, 1, OPEN, &invited), &good[2]);
    assert_int_equal(i.state, LOST);
    assert_null(fsm_step(&i, 0, LEAVE, &invited));
    assert_int_equal(i.state, LOST);
    fsm_init(&i, &m);
    assert_null(fsm_step(&i, 0, ENTER, &invited)); /* no row, as the guard does not hold */
    assert_int_equal(i.state, LOST);
    fsm_init(&i, &m);
    invited = true;
    assert_int_equal(fsm_legal(&i, 0, &invited), 1u << KNOCK | 1u << ENTER);
    assert_int_equal(fsm_step(&i, 0, ENTER, &invited)->kind, FSM_LOOSE);
    assert_int_equal(fsm_side(&i, GUEST), 0);
    assert_ptr_equal(fsm_step(&i, 1, LEAVE, &invited), &good[4]);
    assert_int_equal(i.state, GONE);
}

static void test_bind(void **state)
{
    struct fsm m = machine(good, GOOD);
    struct fsm_inst i;
    (void)state;
    fsm_init(&i, &m);
    fsm_bind(&i, HOST, 1);
    assert_int_equal(fsm_side(&i, GUEST), 0);
    fsm_bind(&i, GUEST, 1);
    assert_int_equal(fsm_side(&i, HOST), 0);
    fsm_bind(&i, FSM_ANY, 1);
    assert_int_equal(fsm_side(&i, FSM_ANY), -1);
    fsm_bind(&i, FSM_PARTIES, 1); /* neither written nor read past the end */
    fsm_bind(&i, 7, 1);
    assert_int_equal(fsm_side(&i, 7), 1);
    assert_int_equal(fsm_side(&i, FSM_PARTIES), -1);
    assert_int_equal(fsm_state_find(&m, "in"), IN);
    assert_int_equal(fsm_state_find(&m, "nowhere"), -1);
}

static void test_ways(void **state)
{
    struct fsm m = machine(good, GOOD);
    struct fsm_inst i;
    bool invited = true;
    (void)state;
    fsm_init(&i, &m);
    assert_ptr_equal(fsm_next(&i, GONE, 0, &invited), &good[0]); /* tolerated rows are no way */
    assert_ptr_equal(fsm_next(&i, DOOR, 1u << OUT, &invited),
                     &good[0]); /* where we are need not be avoided */
    assert_null(fsm_next(&i, GONE, 1u << DOOR, &invited));
    assert_null(fsm_next(&i, GONE, 1u << GONE, &invited));
    assert_null(fsm_next(&i, OUT, 0, &invited));
    assert_null(fsm_next(&i, LOST, 0, &invited));
    assert_null(fsm_next(&i, 200, 0, &invited));
    i.state = GONE;
    assert_null(fsm_next(&i, IN, 0, &invited));
}

/* --- fsm_check ---------------------------------------------------------------------------------------- */

static void want_finding(const struct fsm *m, const char *what, size_t row)
{
    struct fsm_lint out[8];
    size_t n = fsm_check(m, out, 8);
    for (size_t k = 0; k < n && k < 8; k++) {
        if (strstr(out[k].what, what) && out[k].row == row) return;
    }
    fail_msg("'%s' at %zu is not among %zu findings", what, row, n);
}

static void test_check_rows(void **state)
{
    static const struct {
        struct fsm_row row;
        const char *what;
    } t[] = {
        {{STATES, IN, ANY, KNOCK, NONE, ANY, FSM_OK, 1, 0}, "not there"},
        {{IN, 99, ANY, KNOCK, NONE, ANY, FSM_OK, 1, 0}, "not there"},
        {{IN, IN, PARTIES, KNOCK, NONE, ANY, FSM_OK, 1, 0}, "not there"},
        {{IN, IN, ANY, EVENTS, NONE, ANY, FSM_OK, 1, 0}, "not there"},
        {{IN, IN, ANY, KNOCK, GUARDS, ANY, FSM_OK, 1, 0}, "not there"},
        {{IN, IN, ANY, KNOCK, NONE, PARTIES, FSM_OK, 1, 0}, "not there"},
        {{IN, IN, ANY, KNOCK, NONE, ANY, 9, 1, 0}, "not there"},
        {{IN, IN, ANY, KNOCK, NONE, ANY, FSM_OK, 0, 0}, "without clause"},
        {{IN, IN, ANY, KNOCK, NONE, ANY, FSM_LOOSE, 1, 0}, "without defect"},
        {{IN, IN, ANY, KNOCK, NONE, ANY, FSM_FATAL, 1, 0}, "does not lose"},
        {{IN, LOST, ANY, KNOCK, NONE, ANY, FSM_OK, 1, 0}, "allows and loses"},
        {{GONE, IN, ANY, KNOCK, NONE, ANY, FSM_OK, 1, 0}, "leaves a final state"},
        {{LOST, IN, ANY, KNOCK, NONE, ANY, FSM_OK, 1, 0}, "leaves a final state"},
        {{IN, GONE, GUEST, LEAVE, NONE, ANY, FSM_OK, 1, 0}, "hidden"},
        {{IN, OUT, ANY, LEAVE, INVITED, ANY, FSM_OK, 1, 0}, "hidden"},
        {{OUT, IN, GUEST, ENTER, INVITED, ANY, FSM_OK, 1, 0}, "hidden"},
    };
    (void)state;
    struct fsm_row rows[GOOD + 1];
    memcpy(rows, good, sizeof good);
    for (size_t k = 0; k < sizeof t / sizeof *t; k++) {
        rows[GOOD] = t[k].row;
        struct fsm m = machine(rows, GOOD + 1);
        want_finding(&m, t[k].what, GOOD);
    }
    /* rows that only look hidden: another party, another guard, none at first */
    static const struct fsm_row fine[] = {{DOOR, IN, ANY, OPEN, NONE, ANY, FSM_OK, 1, 0},
                                          {OUT, OUT, GUEST, ENTER, NONE, ANY, FSM_OK, 1, 0},
                                          {OUT, OUT, HOST, ENTER, INVITED, ANY, FSM_OK, 1, 0}};
    for (size_t k = 0; k < sizeof fine / sizeof *fine; k++) {
        rows[GOOD] = fine[k];
        struct fsm m = machine(rows, GOOD + 1);
        assert_int_equal(fsm_check(&m, NULL, 0), 0);
    }
}

static void test_check_names(void **state)
{
    (void)state;
    struct fsm m = machine(good, GOOD);
    assert_int_equal(fsm_check(&m, NULL, 0), 0);
    m = machine(good, GOOD - 1); /* without the way to gone */
    want_finding(&m, "state that nothing reaches", GONE);
    want_finding(&m, "event that no row uses", LEAVE);
    assert_int_equal(fsm_check(&m, NULL, 0), 2); /* counted, though nothing is filled in */
    static const struct fsm_row plain[] = {{OUT, GONE, ANY, KNOCK, NONE, ANY, FSM_OK, 1, 0}};
    m = machine(plain, 1);
    want_finding(&m, "guard that no row uses", INVITED);
    want_finding(&m, "party that no row uses", HOST);
    static const char *const holes[] = {"out", NULL, "in", "gone", "lost"};
    m = machine(good, GOOD);
    m.states = holes;
    want_finding(&m, "missing", DOOR);
    m = machine(good, GOOD);
    m.start = STATES;
    want_finding(&m, "larger", 0);
    m = machine(good, GOOD);
    m.state_count = FSM_STATES + 1;
    want_finding(&m, "larger", 0);
}

/* --- IAP ---------------------------------------------------------------------------------------------- */

static void test_iap_check(void **state)
{
    struct fsm_lint out[16];
    size_t n = fsm_check(&iap_machine, out, 16);
    (void)state;
    for (size_t k = 0; k < n && k < 16; k++)
        print_message("%s: %zu\n", out[k].what, out[k].row);
    assert_int_equal(n, 0);
    for (size_t k = 0; k < iap_machine.row_count; k++) {
        const struct fsm_row *r = &iap_machine.rows[k];
        assert_true(r->clause < CLAUSE_COUNT && r->defect < DEFECT_COUNT);
        assert_string_equal(clauses[r->clause].proto, "IAP");
        /* what can be broken must be able to break the verdict */
        if (r->kind == FSM_FATAL && clauses[r->clause].level == LEVEL_MAY)
            fail_msg("row %zu rules out by %s, a permission", k, clauses[r->clause].id);
    }
    for (int f = 1; f < IAP_F_COUNT; f++) {
        const struct fault_info *i = &iap_faults[f];
        assert_true(i->clause != CL_NONE && i->text[0] && i->name[0]);
        if (i->severity == SEV_FAIL && clauses[i->clause].level == LEVEL_MAY)
            fail_msg("%s breaks a permission", i->name);
        /* weak needs a reason: a defect or a SHOULD */
        if (i->severity == SEV_WEAK && i->defect == DEF_NONE && clauses[i->clause].level == LEVEL_MUST)
            fail_msg("%s is weak and nothing says why", i->name);
        if (i->severity == SEV_FAIL && i->defect != DEF_NONE)
            fail_msg("%s fails in spite of %s", i->name, defects[i->defect].id);
    }
}

/* Walks the way to ready; the events on it, with commas. */
static void walk(bool sender, uint32_t avoid, char *out, size_t n)
{
    struct fsm_inst i;
    struct iap_facts facts = {.offer_known = true, .offer_sender = sender};
    const struct fsm_row *r;
    size_t at = 0;
    out[0] = 0;
    fsm_init(&i, &iap_machine);
    fsm_bind(&i, IAP_P_INITIATOR, 0);
    fsm_bind(&i, IAP_P_TLS_CLIENT, sender ? 0 : 1);
    while ((r = fsm_next(&i, IAP_S_READY, avoid, &facts)) && at < n) {
        int side = r->who ? fsm_side(&i, r->who) : 0;
        at +=
            (size_t)snprintf(out + at, n - at, "%s%d:%s", at ? " " : "", side, iap_machine.events[r->event]);
        assert_int_not_equal(side, -1);
        assert_ptr_equal(fsm_step(&i, side, r->event, &facts), r);
    }
    if (i.state != IAP_S_READY)
        snprintf(out, n, "stuck in %s", iap_machine.states[i.state]);
    else
        assert_int_equal(fsm_side(&i, IAP_P_REQUESTER), sender ? 0 : 1);
}

static void test_iap_ways(void **state)
{
    char way[200];
    (void)state;
    walk(true, 0, way, sizeof way);
    assert_string_equal(way, "0:connect 1:200 0:upgrade 1:101 0:hello 0:tls 0:channel-sender 1:200");
    walk(false, 0, way, sizeof way);
    assert_string_equal(way, "0:connect 1:200 0:upgrade 1:101 1:hello 0:tls 0:channel-receiver 1:200");
    walk(true, 1u << IAP_S_CHANNEL, way, sizeof way);
    assert_string_equal(way, "stuck in start");
    /* each state but lost can be reached by rows that are allowed */
    for (uint8_t s = 0; s < IAP_S_COUNT; s++) {
        struct fsm_inst i;
        struct iap_facts facts = {.outstanding = 1};
        fsm_init(&i, &iap_machine);
        if (s != IAP_S_START && s != IAP_S_LOST) assert_non_null(fsm_next(&i, s, 0, &facts));
        if (s == IAP_S_LOST) assert_null(fsm_next(&i, s, 0, &facts));
    }
}

static uint32_t set(int n, ...)
{
    uint32_t s = 0;
    va_list ap;
    va_start(ap, n);
    while (n--)
        s |= 1u << va_arg(ap, int);
    va_end(ap);
    return s;
}

/* Who may say what: side 0 opened the connection and sends the requests. */
static void test_iap_legal(void **state)
{
    const uint32_t fin = 1u << IAP_E_FIN, notify = 1u << IAP_E_NOTIFY,
                   answers = set(2, IAP_E_RESPONSE_200, IAP_E_RESPONSE_ERROR),
                   channel = set(2, IAP_E_CHANNEL_AS_SENDER, IAP_E_CHANNEL_AS_RECEIVER);
    const struct {
        uint8_t state;
        uint32_t opener, other;
    } t[] = {{IAP_S_START, set(1, IAP_E_CONNECT), 0},
             {IAP_S_ASKED, 0, answers},
             {IAP_S_ACCEPTED, set(1, IAP_E_UPGRADE), set(1, IAP_E_RESPONSE_ERROR)},
             {IAP_S_REFUSED, set(1, IAP_E_CONNECT), 0},
             {IAP_S_UPGRADING, 0, set(2, IAP_E_RESPONSE_101, IAP_E_RESPONSE_ERROR)},
             {IAP_S_UPGRADED, set(1, IAP_E_TLS_HELLO), 0},
             {IAP_S_HANDSHAKE, set(3, IAP_E_TLS_OPEN, IAP_E_TLS_FAILED, IAP_E_NOTIFY),
              set(3, IAP_E_TLS_OPEN, IAP_E_TLS_FAILED, IAP_E_NOTIFY)},
             {IAP_S_SECURED, channel | notify, set(1, IAP_E_RESPONSE_ERROR) | notify},
             {IAP_S_CHANNEL, notify, answers | notify},
             {IAP_S_CHANNEL_REFUSED, channel | notify, notify},
             {IAP_S_READY, set(1, IAP_E_CONTENT) | notify, set(1, IAP_E_RESPONSE_ERROR) | notify},
             {IAP_S_SENT, set(1, IAP_E_CONTENT) | notify, answers | notify},
             {IAP_S_ENDING, set(1, IAP_E_CONTENT) | channel | answers | notify, answers | notify}};
    (void)state;
    for (size_t k = 0; k < sizeof t / sizeof *t; k++) {
        struct fsm_inst i;
        struct iap_facts facts = {.outstanding = 1};
        fsm_init(&i, &iap_machine);
        fsm_bind(&i, IAP_P_INITIATOR, 0);
        fsm_bind(&i, IAP_P_TLS_CLIENT, 0);
        fsm_bind(&i, IAP_P_REQUESTER, 0);
        i.state = t[k].state;
        if (fsm_legal(&i, 0, &facts) != (t[k].opener | fin) || fsm_legal(&i, 1, &facts) != (t[k].other | fin))
            fail_msg("%s: %x and %x", iap_machine.states[i.state], fsm_legal(&i, 0, &facts),
                     fsm_legal(&i, 1, &facts));
    }
    struct fsm_inst i;
    struct iap_facts facts = {.offer_known = true, .offer_sender = false};
    fsm_init(&i, &iap_machine);
    i.state = IAP_S_SECURED;
    fsm_bind(&i, IAP_P_INITIATOR, 0);
    assert_int_equal(fsm_legal(&i, 0, &facts) & channel, 1u << IAP_E_CHANNEL_AS_RECEIVER);
    i.state = IAP_S_CLOSED;
    assert_int_equal(fsm_legal(&i, 0, &facts), 0);
    i.state = IAP_S_LOST;
    assert_int_equal(fsm_legal(&i, 0, &facts), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_steps),       cmocka_unit_test(test_bind),
        cmocka_unit_test(test_ways),        cmocka_unit_test(test_check_rows),
        cmocka_unit_test(test_check_names), cmocka_unit_test(test_iap_check),
        cmocka_unit_test(test_iap_ways),    cmocka_unit_test(test_iap_legal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
