/* SPDX-License-Identifier: MIT */
/* The tracker: whole sessions in every constellation of roles, every row that rules out or tolerates, and
 * what is not octets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "track/track_iap.h"

#define L(s) SLICE_LIT(s)

static const char *octets_of(enum iap_event ev)
{
    switch (ev) {
    case IAP_E_CONNECT:
        return "IAP/0.3 CONNECT M.DOM.ORG\r\n\r\n";
    case IAP_E_UPGRADE:
        return "IAP/0.3 Upgrade: TLS/1.0\r\n\r\n";
    case IAP_E_CHANNEL_AS_SENDER:
        return "IAP/0.3 IAP-Version: 0.3\r\nIAP-Role: Sender\r\n\r\n";
    case IAP_E_CHANNEL_AS_RECEIVER:
        return "IAP/0.3 IAP-Version: 0.3\r\nIAP-Role: Receiver\r\n\r\n";
    case IAP_E_CONTENT:
        return "Content-Type: application/x-idef-alert\r\nContent-Length: 2\r\n\r\nhi\r\n\r\n";
    case IAP_E_RESPONSE_200:
        return "IAP/0.3 200\r\n\r\n";
    case IAP_E_RESPONSE_101:
        return "IAP/0.3 101\r\n\r\n";
    case IAP_E_RESPONSE_ERROR:
        return "IAP/0.3 403\r\n\r\n";
    case IAP_E_RESPONSE_OTHER:
        return "IAP/0.3 302\r\n\r\n";
    case IAP_E_TLS_HELLO:
    case IAP_E_TLS_OPEN:
    case IAP_E_TLS_FAILED:
    case IAP_E_NOTIFY:
    case IAP_E_FIN:
    case IAP_E_COUNT:
        break;
    }
    return NULL;
}

/* Feeds octets that hold one message; the result of the tracker. */
static err feed(struct track_iap *t, int side, const char *text)
{
    struct iap_msg m;
    slice in = slice_str(text);
    err e = track_iap_feed(t, side, &in, &m);
    if (e == OK) assert_int_equal(in.n, 0);
    return e;
}

static void act(struct track_iap *t, int side, enum iap_event ev)
{
    const char *text = octets_of(ev);
    if (text) {
        assert_int_equal(feed(t, side, text), OK);
        return;
    }
    bool fine = track_iap_signal(t, side, ev);
    assert_int_equal(fine, t->fault_n == 0);
}

/* Goes to a state by the shortest way of the tables; false when there is none. */
static bool reach(struct track_iap *t, enum iap_state state)
{
    const struct fsm_row *r;
    while (track_iap_state(t) != state) {
        r = fsm_next(&t->fsm, (uint8_t)state, 0, &t->facts);
        if (!r) return false;
        int side = r->who ? fsm_side(&t->fsm, r->who) : 0;
        act(t, side < 0 ? 0 : side, (enum iap_event)r->event);
        assert_int_equal(t->fault_n, 0);
    }
    return true;
}

static void want_fault(const struct track_iap *t, int side, enum iap_fault_code code, enum clause_id clause,
                       enum severity severity, uint64_t at)
{
    assert_int_equal(t->fault_n, 1);
    const struct iap_fault *f = &t->fault[0];
    if (f->clause != clause) fail_msg("%s instead of %s", clauses[f->clause].id, clauses[clause].id);
    assert_int_equal(f->code, code);
    assert_int_equal(f->severity, severity);
    assert_int_equal(f->side, side);
    assert_int_equal(f->at, at);
    assert_true(f->text && f->text[0]);
}

/* --- good sessions -------------------------------------------------------------------------------- */

/* Side 0 opened the connection.  analyzer: the side it is on; sender: what side 0 asks for. */
static void session(int analyzer, bool sender, bool no_tls)
{
    struct env env;
    struct track_iap t;
    int asks = sender ? 0 : 1;
    env_init(&env);
    track_iap_init(&t, &env, no_tls);
    fsm_bind(&t.fsm, IAP_P_TLS_CLIENT, analyzer);
#define DO(side, ev, state)                                                                                  \
    do {                                                                                                     \
        act(&t, side, IAP_E_##ev);                                                                           \
        assert_int_equal(t.fault_n, 0);                                                                      \
        assert_int_equal(track_iap_state(&t), IAP_S_##state);                                                \
    } while (0)
    DO(0, CONNECT, ASKED);
    assert_int_equal(t.last_request_side, 0);
    DO(1, RESPONSE_200, ACCEPTED);
    assert_int_equal(t.last_request_side, -1);
    assert_int_equal(t.last_code, 200);
    DO(0, UPGRADE, UPGRADING);
    assert_false(track_iap_is_tls(&t));
    if (no_tls) {
        DO(1, RESPONSE_101, SECURED);
        assert_false(track_iap_is_tls(&t));
    } else {
        DO(1, RESPONSE_101, UPGRADED);
        assert_true(track_iap_is_tls(&t));
        DO(analyzer, TLS_HELLO, HANDSHAKE);
        DO(!analyzer, TLS_OPEN, SECURED);
        assert_true(track_iap_is_tls(&t));
    }
    if (sender)
        DO(0, CHANNEL_AS_SENDER, CHANNEL);
    else
        DO(0, CHANNEL_AS_RECEIVER, CHANNEL);
    DO(1, RESPONSE_200, READY);
    assert_int_equal(fsm_side(&t.fsm, IAP_P_REQUESTER), asks);
    for (int i = 0; i < 3; i++) {
        DO(asks, CONTENT, SENT);
        assert_int_equal(t.facts.outstanding, 1);
        DO(!asks, RESPONSE_200, READY);
        DO(asks, CONTENT, SENT);
        DO(!asks, RESPONSE_ERROR, READY); /* a refusal ends nothing */
        assert_int_equal(t.last_code, 403);
    }
    assert_int_equal(t.contents, 6);
    DO(1, NOTIFY, ENDING);
    DO(0, NOTIFY, CLOSED);
    DO(0, FIN, CLOSED);
    assert_true(t.ended[0] && !t.ended[1]);
    assert_false(track_iap_is_tls(&t));
    track_iap_done(&t);
#undef DO
}

static void test_sessions(void **state)
{
    (void)state;
    for (int k = 0; k < 8; k++)
        session(k & 1, k & 2, k & 4);
}

/* Contents ahead of their answers: recorded, and every answer belongs to one. */
static void test_pipelined(void **state)
{
    struct env env;
    struct track_iap t;
    (void)state;
    env_init(&env);
    track_iap_init(&t, &env, true);
    assert_true(reach(&t, IAP_S_READY));
    act(&t, 0, IAP_E_CONTENT);
    uint64_t at = t.reader[0].offset;
    act(&t, 0, IAP_E_CONTENT);
    want_fault(&t, 0, IAP_F_PIPELINED, CL_IAP_2_1, SEV_NOTE, at);
    assert_int_equal(t.fault[0].defect, DEF_IAP_D26);
    act(&t, 0, IAP_E_CONTENT);
    assert_int_equal(t.facts.outstanding, 3);
    act(&t, 1, IAP_E_RESPONSE_200);
    act(&t, 1, IAP_E_RESPONSE_ERROR);
    assert_int_equal(track_iap_state(&t), IAP_S_SENT);
    act(&t, 1, IAP_E_RESPONSE_200);
    assert_int_equal(t.fault_n, 0);
    assert_int_equal(track_iap_state(&t), IAP_S_READY);
    at = t.reader[1].offset;
    act(&t, 1, IAP_E_RESPONSE_200); /* one too many */
    want_fault(&t, 1, IAP_F_ORDER, CL_IAP_4_3_1_4, SEV_FAIL, at);
    assert_int_equal(track_iap_state(&t), IAP_S_LOST);
    track_iap_done(&t);
}

/* What crosses a close_notify on its way is no fault of its sender. */
static void test_crossing(void **state)
{
    struct env env;
    struct track_iap t;
    (void)state;
    env_init(&env);
    for (int k = 0; k < 4; k++) {
        track_iap_init(&t, &env, false);
        if (k < 2)
            assert_true(reach(&t, IAP_S_READY));
        else
            assert_true(reach(&t, IAP_S_SECURED));
        if (k == 1) act(&t, 0, IAP_E_CONTENT);
        if (k == 3) act(&t, 0, IAP_E_CHANNEL_AS_RECEIVER);
        act(&t, k == 1 || k == 3 ? 0 : 1, IAP_E_NOTIFY);
        if (k == 0) act(&t, 0, IAP_E_CONTENT);
        if (k == 2) act(&t, 0, IAP_E_CHANNEL_AS_SENDER);
        if (k & 1) act(&t, 1, IAP_E_RESPONSE_200);
        assert_int_equal(t.fault_n, 0);
        assert_int_equal(track_iap_state(&t), IAP_S_ENDING);
        act(&t, k == 1 || k == 3 ? 1 : 0, IAP_E_NOTIFY);
        assert_int_equal(track_iap_state(&t), IAP_S_CLOSED);
        track_iap_done(&t);
    }
}

/* --- rows ----------------------------------------------------------------------------------------- */

/* A tracker in the state of a row, with the roles dealt as k says, such that side's event uses that very row.
 * False: not so. */
static bool stage(struct track_iap *t, const struct env *env, const struct fsm_row *r, int k, int side)
{
    track_iap_init(t, env, false);
    if (k / 2 > 0) fsm_bind(&t->fsm, IAP_P_TLS_CLIENT, k / 2 - 1);
    t->facts.offer_known = true;
    t->facts.offer_sender = k & 1;
    return reach(t, (enum iap_state)r->from) && fsm_peek(&t->fsm, side, r->event, &t->facts) == r;
}

/* Each row that rules something out, or tolerates it, is reached by a session and tells its clause. */
static void test_rows(void **state)
{
    struct env env;
    size_t fatal = 0, loose = 0;
    (void)state;
    env_init(&env);
    for (size_t n = 0; n < iap_machine.row_count; n++) {
        const struct fsm_row *r = &iap_machine.rows[n];
        bool hit = false;
        if (r->kind == FSM_OK) continue;
        for (int k = 0; k < 12 && !hit; k++) {
            struct track_iap t;
            int side = k % 2;
            if (stage(&t, &env, r, k / 2, side)) {
                uint64_t at = t.reader[side].offset;
                enum iap_fault_code code =
                    r->kind == FSM_LOOSE && r->event == IAP_E_CONTENT ? IAP_F_PIPELINED : IAP_F_ORDER;
                bool clear =
                    r->from == IAP_S_ACCEPTED || r->from == IAP_S_UPGRADING || r->from == IAP_S_UPGRADED;
                bool data = r->event == IAP_E_CONTENT || r->event == IAP_E_CHANNEL_AS_SENDER ||
                            r->event == IAP_E_CHANNEL_AS_RECEIVER;
                if (clear && data) code = IAP_F_CLEAR_CHANNEL;
                if (r->event == IAP_E_TLS_HELLO && r->from < IAP_S_UPGRADED) code = IAP_F_EARLY_TLS;
                act(&t, side, (enum iap_event)r->event);
                want_fault(&t, side, code, (enum clause_id)r->clause,
                           r->kind == FSM_FATAL      ? SEV_FAIL
                           : code == IAP_F_PIPELINED ? SEV_NOTE
                                                     : SEV_WEAK,
                           at);
                assert_int_equal(t.fault[0].defect, r->defect);
                assert_int_equal(track_iap_state(&t), r->to);
                hit = true;
            }
            track_iap_done(&t);
        }
        if (!hit)
            fail_msg("row %zu (%s in %s) is never used", n, iap_machine.events[r->event],
                     iap_machine.states[r->from]);
        fatal += r->kind == FSM_FATAL;
        loose += r->kind == FSM_LOOSE;
    }
    assert_true(fatal > 60);
    assert_true(loose >= 4);
}

/* The same faults, written down by hand from the draft: in which state, by which side, what, and the clause.
 */
static void test_by_hand(void **state)
{
    static const struct {
        uint8_t from, side, event;
        enum clause_id clause;
    } t[] = {{IAP_S_START, 0, IAP_E_UPGRADE, CL_IAP_3_1_1},
             {IAP_S_START, 1, IAP_E_CONNECT, CL_IAP_2_3_1},
             {IAP_S_START, 1, IAP_E_RESPONSE_200, CL_IAP_4_3_1_4},
             {IAP_S_ASKED, 1, IAP_E_RESPONSE_OTHER, CL_IAP_3_1_6},
             {IAP_S_ASKED, 0, IAP_E_UPGRADE, CL_IAP_3_2_2},
             {IAP_S_ASKED, 0, IAP_E_RESPONSE_200, CL_IAP_4_3_1_4},
             {IAP_S_ACCEPTED, 0, IAP_E_CHANNEL_AS_SENDER, CL_IAP_3_2_2},
             {IAP_S_ACCEPTED, 0, IAP_E_CONTENT, CL_IAP_3_4_1},
             {IAP_S_ACCEPTED, 1, IAP_E_RESPONSE_200, CL_IAP_4_3_1_4},
             {IAP_S_REFUSED, 0, IAP_E_UPGRADE, CL_IAP_3_2_3},
             {IAP_S_REFUSED, 0, IAP_E_TLS_HELLO, CL_IAP_3_2_11},
             {IAP_S_UPGRADING, 1, IAP_E_RESPONSE_200, CL_IAP_3_2_8},
             {IAP_S_UPGRADING, 1, IAP_E_TLS_HELLO, CL_IAP_4_3_3_2},
             {IAP_S_UPGRADED, 1, IAP_E_TLS_HELLO, CL_IAP_3_2_13}, /* side 0 is the analyzer */
             {IAP_S_UPGRADED, 0, IAP_E_CHANNEL_AS_SENDER, CL_IAP_3_3_1},
             {IAP_S_SECURED, 0, IAP_E_CONTENT, CL_IAP_3_2_17},
             {IAP_S_SECURED, 1, IAP_E_CHANNEL_AS_SENDER, CL_IAP_2_3_1},
             {IAP_S_SECURED, 0, IAP_E_CONNECT, CL_IAP_3_2}, /* no row: the order of the phases */
             {IAP_S_CHANNEL, 1, IAP_E_RESPONSE_OTHER, CL_IAP_3_3_5},
             {IAP_S_CHANNEL, 0, IAP_E_CONTENT, CL_IAP_3_3_6},
             {IAP_S_READY, 1, IAP_E_CONTENT, CL_IAP_2_2_3}, /* the manager on the analyzer's connection */
             {IAP_S_READY, 1, IAP_E_RESPONSE_200, CL_IAP_4_3_1_4},
             {IAP_S_SENT, 1, IAP_E_RESPONSE_OTHER, CL_IAP_4_4_9},
             {IAP_S_SENT, 0, IAP_E_RESPONSE_200, CL_IAP_4_3_1_4},
             {IAP_S_ENDING, 0, IAP_E_CONNECT, CL_IAP_3_2}};
    struct env env;
    (void)state;
    env_init(&env);
    for (size_t k = 0; k < sizeof t / sizeof *t; k++) {
        struct track_iap tr;
        track_iap_init(&tr, &env, false);
        fsm_bind(&tr.fsm, IAP_P_TLS_CLIENT, 0);
        assert_true(reach(&tr, (enum iap_state)t[k].from));
        act(&tr, t[k].side, (enum iap_event)t[k].event);
        assert_int_equal(tr.fault_n, 1);
        if (tr.fault[0].clause != t[k].clause)
            fail_msg("%zu: %s instead of %s", k, clauses[tr.fault[0].clause].id, clauses[t[k].clause].id);
        assert_int_equal(tr.fault[0].severity, SEV_FAIL);
        assert_int_equal(tr.fault[0].side, t[k].side);
        assert_int_equal(track_iap_state(&tr), IAP_S_LOST);
        track_iap_done(&tr);
    }
}

/* --- faults of form, and what comes behind them ---------------------------------------------------- */

static void test_notes(void **state)
{
    struct env env;
    struct track_iap t;
    struct iap_msg m;
    (void)state;
    env_init(&env);
    track_iap_init(&t, &env, true);
    assert_int_equal(feed(&t, 0, octets_of(IAP_E_CONNECT)), OK);
    /* form and order in one item, each with its place in the stream */
    assert_int_equal(feed(&t, 0, "IAP/0.3 CONNECT M:80\r\n\r\n"), OK);
    assert_int_equal(t.fault_n, 2);
    assert_int_equal(t.fault[0].code, IAP_F_HOST_PORT);
    assert_int_equal(t.fault[0].at, 29 + 16);
    assert_int_equal(t.fault[0].defect, DEF_IAP_D08);
    assert_int_equal(t.fault[0].severity, SEV_WEAK);
    assert_int_equal(t.fault[1].code, IAP_F_ORDER);
    assert_int_equal(t.fault[1].at, 29);
    /* lost: still read, order no longer judged */
    assert_int_equal(feed(&t, 0, octets_of(IAP_E_CONTENT)), OK);
    assert_int_equal(t.fault_n, 0);
    assert_int_equal(feed(&t, 1, "IAP/0.3 2000\r\n\r\n"), OK);
    assert_int_equal(t.fault_n, 1);
    assert_int_equal(t.fault[0].code, IAP_F_CODE_DIGITS);
    assert_int_equal(t.fault[0].side, 1);
    /* unreadable: told once, then sticky without a fault */
    assert_int_equal(feed(&t, 1, "GET / HTTP/1.1\r\n"), ERR_PEER);
    want_fault(&t, 1, IAP_F_NOT_IAP, CL_IAP_4_1, SEV_FAIL, 16);
    assert_int_equal(feed(&t, 1, octets_of(IAP_E_RESPONSE_200)), ERR_PEER);
    assert_int_equal(t.fault_n, 0);
    assert_int_equal(feed(&t, 0, octets_of(IAP_E_CONNECT)), OK); /* the other side is none the worse */
    track_iap_done(&t);

    track_iap_init(&t, &env, true);
    assert_int_equal(feed(&t, 0, "Content-Length: 99999999\r\n"), ERR_LIMIT);
    want_fault(&t, 0, IAP_F_CONTENT_LONG, CL_IAP_4_3_5_5, SEV_NOTE, 0);
    assert_int_equal(track_iap_state(&t), IAP_S_LOST);
    track_iap_done(&t);

    track_iap_init(&t, &env, true);
    assert_true(reach(&t, IAP_S_ASKED));
    assert_int_equal(feed(&t, 1, "IAP/0.3 200\r\n"), ERR_MORE);
    assert_int_equal(t.fault_n, 0);
    assert_int_equal(track_iap_settle(&t, 1, &m), OK);
    want_fault(&t, 1, IAP_F_ONE_CRLF, CL_IAP_4_2_1, SEV_WEAK, 13);
    assert_int_equal(track_iap_state(&t), IAP_S_ACCEPTED);
    assert_int_equal(track_iap_settle(&t, 1, &m), ERR_MORE);
    assert_int_equal(t.fault_n, 0);
    track_iap_done(&t);
}

/* What only the tracker can judge: the kind of message and the phase bear on the form. */
static void test_judged(void **state)
{
    struct env env;
    struct track_iap t;
    struct iap_msg m;
    (void)state;
    env_init(&env);
    track_iap_init(&t, &env, true);
    assert_int_equal(feed(&t, 0, "IAP/0.3 CONNECT M\r\n"), ERR_MORE);
    assert_int_equal(track_iap_settle(&t, 0, &m), OK);
    want_fault(&t, 0, IAP_F_ONE_CRLF, CL_IAP_4_2_1, SEV_FAIL, 19);
    assert_int_equal(t.fault[0].defect, DEF_NONE);
    assert_int_equal(feed(&t, 1, "200\r\n\r\n"), OK);
    want_fault(&t, 1, IAP_F_NO_PREFIX, CL_IAP_4_2, SEV_FAIL, 0);
    assert_true(reach(&t, IAP_S_SENT));
    assert_int_equal(feed(&t, 1, "200\r\n\r\n"), OK);
    assert_int_equal(t.fault[0].clause, CL_IAP_4_3_5_9);
    track_iap_done(&t);
}

/* A request that is refused before it is whole is answered, not greeted. */
static void test_refused_early(void **state)
{
    static const enum iap_state from[] = {IAP_S_START, IAP_S_ACCEPTED, IAP_S_SECURED, IAP_S_READY};
    struct env env;
    (void)state;
    env_init(&env);
    for (size_t k = 0; k < sizeof from / sizeof *from; k++) {
        struct track_iap t;
        track_iap_init(&t, &env, true);
        assert_true(reach(&t, from[k]));
        assert_int_equal(feed(&t, 0, "Content-Type: x\r\n"), ERR_MORE);
        act(&t, 1, IAP_E_RESPONSE_ERROR);
        assert_int_equal(t.fault_n, 0);
        assert_int_equal(track_iap_state(&t), IAP_S_LOST);
        track_iap_done(&t);
        track_iap_init(&t, &env, true);
        assert_true(reach(&t, from[k]));
        assert_int_equal(feed(&t, 0, "Content-Type: x\r\n"), ERR_MORE);
        act(&t, 1, IAP_E_RESPONSE_200); /* success cannot come before the request */
        assert_int_equal(t.fault_n, 1);
        track_iap_done(&t);
    }
}

static void test_no_tls(void **state)
{
    struct env env;
    struct track_iap t;
    (void)state;
    env_init(&env);
    track_iap_init(&t, &env, true);
    /* a 101 out of place leads nowhere */
    assert_true(reach(&t, IAP_S_ASKED));
    act(&t, 1, IAP_E_RESPONSE_101);
    want_fault(&t, 1, IAP_F_ORDER, CL_IAP_3_1_6, SEV_FAIL, 0);
    assert_int_equal(track_iap_state(&t), IAP_S_LOST);
    track_iap_done(&t);
}

static void test_tainted(void **state)
{
    struct env env;
    struct track_iap t;
    (void)state;
    env_init(&env);
    track_iap_init(&t, &env, false);
    t.tainted = true;
    act(&t, 1, IAP_E_RESPONSE_200); /* out of order, and nobody is blamed */
    assert_int_equal(t.fault_n, 0);
    assert_int_equal(track_iap_state(&t), IAP_S_LOST);
    assert_int_equal(feed(&t, 1, "IAP/0.3 200 OK\r\n\r\n"), OK); /* form is judged all the same */
    want_fault(&t, 1, IAP_F_REASON, CL_IAP_4_3_1_2, SEV_FAIL, 15 + 11);
    track_iap_done(&t);
    track_iap_init(&t, &env, false);
    assert_true(reach(&t, IAP_S_READY));
    t.tainted = true;
    act(&t, 0, IAP_E_CONTENT);
    act(&t, 0, IAP_E_CONTENT);
    act(&t, 1, IAP_E_RESPONSE_101);
    assert_int_equal(t.fault_n, 0);
    track_iap_done(&t);
    track_iap_init(&t, &env, false);
    assert_true(reach(&t, IAP_S_UPGRADED));
    t.tainted = true;
    assert_true(track_iap_not_tls(&t, 1)); /* what answers a mistake may be anything */
    assert_int_equal(t.fault_n, 0);
    assert_int_equal(track_iap_state(&t), IAP_S_LOST);
    assert_false(track_iap_urgent(&t, 1)); /* but not anyhow */
    track_iap_done(&t);
}

static void test_told(void **state)
{
    static const struct {
        bool (*tell)(struct track_iap *, int);
        enum iap_fault_code code;
        enum clause_id clause;
    } t[] = {{track_iap_urgent, IAP_F_URGENT, CL_IAP_6_2_1},
             {track_iap_not_tls, IAP_F_NOT_TLS, CL_IAP_3_2_12},
             {track_iap_half, IAP_F_HALF, CL_IAP_4_2_4}};
    struct env env;
    (void)state;
    env_init(&env);
    for (size_t k = 0; k < sizeof t / sizeof *t; k++) {
        for (int side = 0; side < 2; side++) {
            struct track_iap tr;
            track_iap_init(&tr, &env, false);
            assert_true(reach(&tr, IAP_S_ACCEPTED));
            assert_false(t[k].tell(&tr, side));
            want_fault(&tr, side, t[k].code, t[k].clause, SEV_FAIL, side ? 15 : 29);
            assert_int_equal(track_iap_state(&tr), IAP_S_LOST);
            track_iap_done(&tr);
        }
    }
}

/* --- asking --------------------------------------------------------------------------------------- */

static void test_asking(void **state)
{
    struct env env;
    struct track_iap t;
    char text[100];
    struct iap_msg m = {.kind = IAP_CONNECT, .host = L("M")};
    (void)state;
    env_init(&env);
    track_iap_init(&t, &env, false);
    track_iap_allowed(&t, 0, text, sizeof text);
    assert_string_equal(text, "connect, fin");
    track_iap_allowed(&t, 1, text, sizeof text);
    assert_string_equal(text, "fin");
    track_iap_allowed(&t, 0, text, 8); /* no half names, and an end */
    assert_true(strlen(text) < 8);
    assert_true(track_iap_legal(&t, 0, IAP_E_CONNECT));
    assert_false(track_iap_legal(&t, 0, IAP_E_UPGRADE));
    assert_int_equal(track_iap_state(&t), IAP_S_START);
    assert_true(track_iap_message(&t, 0, &m));
    assert_int_equal(track_iap_state(&t), IAP_S_ASKED);
    assert_false(track_iap_message(&t, 0, &m));
    assert_int_equal(t.fault[0].clause, CL_IAP_2_1);
    track_iap_done(&t);
    track_iap_init(&t, &env, false);
    t.facts.offer_known = true; /* it will ask to receive */
    assert_true(reach(&t, IAP_S_SECURED));
    assert_true(track_iap_legal(&t, 0, IAP_E_CHANNEL_AS_RECEIVER));
    assert_false(track_iap_legal(&t, 0, IAP_E_CHANNEL_AS_SENDER));
    track_iap_done(&t);
}

static void test_events(void **state)
{
    static const struct {
        uint16_t code;
        enum iap_event ev;
    } t[] = {{200, IAP_E_RESPONSE_200},   {101, IAP_E_RESPONSE_101},   {100, IAP_E_RESPONSE_OTHER},
             {201, IAP_E_RESPONSE_OTHER}, {302, IAP_E_RESPONSE_OTHER}, {399, IAP_E_RESPONSE_OTHER},
             {400, IAP_E_RESPONSE_ERROR}, {499, IAP_E_RESPONSE_ERROR}, {500, IAP_E_RESPONSE_ERROR},
             {599, IAP_E_RESPONSE_ERROR}, {600, IAP_E_RESPONSE_OTHER}, {0, IAP_E_RESPONSE_OTHER}};
    (void)state;
    for (size_t k = 0; k < sizeof t / sizeof *t; k++) {
        struct iap_msg m = {.kind = IAP_RESPONSE, .code = t[k].code};
        assert_int_equal(track_iap_event(&m), t[k].ev);
    }
    struct iap_msg m = {.kind = IAP_CHANNEL, .role = IAP_RECEIVER};
    assert_int_equal(track_iap_event(&m), IAP_E_CHANNEL_AS_RECEIVER);
    m.role = IAP_SENDER;
    assert_int_equal(track_iap_event(&m), IAP_E_CHANNEL_AS_SENDER);
}

/* The tolerant forms of every kind lead through a session as the printed ones do. */
static void test_tolerant_session(void **state)
{
    static const struct {
        int side;
        const char *text;
        enum severity worst;
    } t[] = {{0, "iap/0.3 connect m.dom.org:4711\r\n\r\n", SEV_WEAK},
             {1, "IAP/0.3 200\r\nIAP/0.3 Via: P.DOM.ORG\r\n\r\n", SEV_NOTE},
             {0, "IAP/0.3  UPGRADE:  tls/1.0 \r\n\r\n", SEV_NOTE},
             {1, "IAP/0.3 101\r\nIAP/0.3 Upgrade: TLS/1.0\r\n\r\n", SEV_WEAK},
             {0, "IAP/0.3 iap-version: IAP/0.3\r\nIAP/0.3 IAP-Role: SENDER\r\n\r\n", SEV_WEAK},
             {1, "\r\nIAP/0.3 200\r\n\r\n", SEV_WEAK},
             {0, "Content-Type: text/plain\r\nContent-Length:\t2\r\nhi\r\n\r\n", SEV_WEAK},
             {1, "IAP/0.3 415\r\n\r\n", SEV_NOTE}};
    struct env env;
    struct track_iap tr;
    (void)state;
    env_init(&env);
    track_iap_init(&tr, &env, true);
    for (size_t k = 0; k < sizeof t / sizeof *t; k++) {
        assert_int_equal(feed(&tr, t[k].side, t[k].text), OK);
        enum severity worst = SEV_NOTE;
        for (uint32_t i = 0; i < tr.fault_n; i++)
            if (tr.fault[i].severity > worst) worst = tr.fault[i].severity;
        assert_int_equal(worst, t[k].worst);
    }
    assert_int_equal(track_iap_state(&tr), IAP_S_READY);
    track_iap_done(&tr);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sessions), cmocka_unit_test(test_pipelined),
        cmocka_unit_test(test_crossing), cmocka_unit_test(test_rows),
        cmocka_unit_test(test_by_hand),  cmocka_unit_test(test_notes),
        cmocka_unit_test(test_no_tls),   cmocka_unit_test(test_tainted),
        cmocka_unit_test(test_told),     cmocka_unit_test(test_asking),
        cmocka_unit_test(test_events),   cmocka_unit_test(test_tolerant_session),
        cmocka_unit_test(test_judged),   cmocka_unit_test(test_refused_early),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
