/* SPDX-License-Identifier: MIT */
/* The observer of TUNNEL: each fault by a minimal exchange and in every cut, what stands behind ok, crossing,
 * the relay; short memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "test/mem_fail.h"
#include "track/track_tunnel.h"

enum { STEPS = 10, TEXT = 2048 };
enum step_kind {
    STEP_END,
    STEP_START,
    STEP_ANSWER,
    STEP_DECLINE,
    STEP_MESSAGE,
    STEP_OFFER,
    STEP_COVER,
    STEP_CLOSE,
    STEP_TAINT,
    STEP_GONE
};
struct step {
    enum step_kind kind;
    int side;
    enum beep_keyword keyword;
    uint32_t msgno;
    const char *body;
};
struct script {
    const char *name, *faults; /* "side:NAME" in order */
    enum tunnel_state ends;
    struct step step[STEPS];
};

#define HERE "<tunnel />"
#define HOP  "<tunnel fqdn='final.example.com' port='604'><tunnel /></tunnel>"
#define LAST "<tunnel ip4='192.0.2.1' port='23' />"
#define OK_  "<ok />"
#define E550 "<error code='550'>no</error>"
#define FROM(s, c)                                                                                           \
    {                                                                                                        \
        STEP_START, s, BEEP_MSG, 0, c                                                                        \
    }
#define BACK(s, c)                                                                                           \
    {                                                                                                        \
        STEP_ANSWER, s, BEEP_RPY, 0, c                                                                       \
    }
#define DECLINE(s)                                                                                           \
    {                                                                                                        \
        STEP_DECLINE, s, BEEP_ERR, 0, ""                                                                     \
    }
#define ASK(s, m, c)                                                                                         \
    {                                                                                                        \
        STEP_MESSAGE, s, BEEP_MSG, m, c                                                                      \
    }
#define RE(s, m, c)                                                                                          \
    {                                                                                                        \
        STEP_MESSAGE, s, BEEP_RPY, m, c                                                                      \
    }
#define NAY(s, m, c)                                                                                         \
    {                                                                                                        \
        STEP_MESSAGE, s, BEEP_ERR, m, c                                                                      \
    }
#define ANS(s, m)                                                                                            \
    {                                                                                                        \
        STEP_MESSAGE, s, BEEP_ANS, m, OK_                                                                    \
    }
#define NUL(s, m)                                                                                            \
    {                                                                                                        \
        STEP_MESSAGE, s, BEEP_NUL, m, ""                                                                     \
    }
#define OFFER(s, u)                                                                                          \
    {                                                                                                        \
        STEP_OFFER, s, BEEP_MSG, 0, u                                                                        \
    }
#define COVER(c)                                                                                             \
    {                                                                                                        \
        STEP_COVER, 0, BEEP_MSG, c, ""                                                                       \
    }
#define CLOSE                                                                                                \
    {                                                                                                        \
        STEP_CLOSE, 0, BEEP_MSG, 0, ""                                                                       \
    }
#define GONE(s)                                                                                              \
    {                                                                                                        \
        STEP_GONE, s, BEEP_MSG, 0, ""                                                                        \
    }
#define TAINT(s)                                                                                             \
    {                                                                                                        \
        STEP_TAINT, s, BEEP_MSG, 0, ""                                                                       \
    }

static const struct script scripts[] = {
    {"in the start", "", TUNNEL_S_THROUGH, {OFFER(1, TUNNEL_URI), FROM(0, HOP), BACK(1, OK_)}},
    {"on the channel", "", TUNNEL_S_THROUGH, {FROM(0, ""), BACK(1, ""), ASK(0, 0, HOP), RE(1, 0, OK_)}},
    {"the listener asks", "", TUNNEL_S_THROUGH, {FROM(1, LAST), BACK(0, OK_)}},
    {"an error, and once more",
     "",
     TUNNEL_S_THROUGH,
     {FROM(0, HOP), BACK(1, E550), ASK(0, 0, HOP), NAY(1, 0, E550), ASK(0, 1, LAST), RE(1, 1, OK_)}},
    {"declined", "", TUNNEL_S_IDLE, {FROM(0, HOP), DECLINE(1)}},
    {"closed", "", TUNNEL_S_IDLE, {FROM(0, ""), BACK(1, ""), ASK(0, 0, HOP), CLOSE}},
    {"gone while it waits", "", TUNNEL_S_DONE, {FROM(0, HOP), GONE(0)}},
    {"gone behind ok", "", TUNNEL_S_DONE, {FROM(0, HOP), BACK(1, OK_), GONE(1)}},
    {"a SEQ or more behind ok is nobody's fault",
     "",
     TUNNEL_S_THROUGH,
     {FROM(0, HOP), BACK(1, OK_), ASK(0, 7, "x")}},
    {"twice", "0:AGAIN", TUNNEL_S_ASKED, {FROM(0, HOP), BACK(1, E550), ASK(0, 0, HOP), ASK(0, 1, HOP)}},
    {"twice, and both are refused",
     "0:AGAIN",
     TUNNEL_S_IDLE,
     {FROM(0, ""), BACK(1, ""), ASK(0, 0, HOP), ASK(0, 1, HOP), NAY(1, 0, E550), NAY(1, 1, E550)}},
    {"both ask",
     "",
     TUNNEL_S_IDLE,
     {FROM(0, ""), BACK(1, ""), ASK(0, 0, HOP), ASK(1, 0, HOP), NAY(0, 0, E550), NAY(1, 0, E550)}},
    {"both ask, one is refused",
     "",
     TUNNEL_S_ASKED,
     {FROM(0, ""), BACK(1, ""), ASK(0, 0, HOP), ASK(1, 0, HOP), NAY(0, 0, E550)}},
    {"both ask, one gets it",
     "",
     TUNNEL_S_THROUGH,
     {FROM(0, ""), BACK(1, ""), ASK(0, 0, HOP), ASK(1, 0, HOP), RE(0, 0, OK_)}},
    {"an answer to nothing", "1:ORDER", TUNNEL_S_IDLE, {FROM(0, ""), BACK(1, ""), RE(1, 0, OK_)}},
    {"an answer to an empty start", "1:ORDER", TUNNEL_S_IDLE, {FROM(0, ""), BACK(1, OK_)}},
    {"ok to something else",
     "0:ELEMENT 1:ORDER",
     TUNNEL_S_IDLE,
     {FROM(0, ""), BACK(1, ""), ASK(0, 0, "<foo />"), RE(1, 0, OK_)}},
    {"ok to what cannot be read",
     "0:XML_ILL",
     TUNNEL_S_ASKED,
     {FROM(0, ""), BACK(1, ""), ASK(0, 0, "<<"), RE(1, 0, OK_), ASK(0, 1, HOP), ASK(0, 2, HOP)}},
    {"error in RPY", "1:REPLY", TUNNEL_S_IDLE, {FROM(0, ""), BACK(1, ""), ASK(0, 0, HOP), RE(1, 0, E550)}},
    {"ok in ERR", "1:REPLY", TUNNEL_S_IDLE, {FROM(0, ""), BACK(1, ""), ASK(0, 0, HOP), NAY(1, 0, OK_)}},
    {"tunnel in RPY", "1:REPLY", TUNNEL_S_IDLE, {FROM(0, ""), BACK(1, ""), ASK(0, 0, HOP), RE(1, 0, HOP)}},
    {"tunnel in the answer", "1:REPLY", TUNNEL_S_IDLE, {FROM(0, HOP), BACK(1, HOP)}},
    {"nothing in the answer", "1:REPLY", TUNNEL_S_IDLE, {FROM(0, HOP), BACK(1, "")}},
    {"one to many",
     "1:REPLY",
     TUNNEL_S_IDLE,
     {FROM(0, ""), BACK(1, ""), ASK(0, 0, HOP), ANS(1, 0), ANS(1, 0), NUL(1, 0)}},
    {"ok as MSG", "0:ELEMENT", TUNNEL_S_IDLE, {FROM(0, ""), BACK(1, ""), ASK(0, 0, OK_)}},
    {"TUNNEL in capitals", "0:ELEMENT", TUNNEL_S_IDLE, {FROM(0, "<TUNNEL />"), BACK(1, E550)}},
    {"a code of another list",
     "1:OTHER_CODE",
     TUNNEL_S_IDLE,
     {FROM(0, HOP), BACK(1, "<error code='535' />")}},
    {"two inside",
     "0:NESTED",
     TUNNEL_S_ASKED,
     {FROM(0, "<tunnel ip4='192.0.2.1' port='1'><tunnel /><tunnel /></tunnel>")}},
    {"offered inside TLS", "1:AFTER_TLS", TUNNEL_S_IDLE, {COVER(TUNNEL_IN_TLS), OFFER(1, TUNNEL_URI)}},
    {"asked for inside TLS", "0:AFTER_TLS", TUNNEL_S_ASKED, {COVER(TUNNEL_IN_TLS), FROM(0, HOP)}},
    {"offered within SASL", "1:AFTER_TLS", TUNNEL_S_IDLE, {COVER(TUNNEL_IN_SASL), OFFER(1, TUNNEL_URI)}},
    {"something else inside TLS",
     "",
     TUNNEL_S_IDLE,
     {COVER(TUNNEL_IN_TLS), OFFER(1, "http://example.com/x")}},
    {"capitals in the URI", "1:URI", TUNNEL_S_IDLE, {OFFER(1, "http://IANA.org/beep/TUNNEL")}},
    {"a slash behind it", "1:URI", TUNNEL_S_IDLE, {OFFER(1, TUNNEL_URI "/")}},
    {"a mistake on purpose",
     "0:ELEMENT",
     TUNNEL_S_IDLE,
     {TAINT(0), FROM(0, ""), BACK(1, ""), ASK(0, 0, "<foo />"), RE(1, 0, OK_), RE(1, 3, OK_)}},
};

static bool seen[TUNNEL_F_COUNT];

static size_t note(const struct track_tunnel *t, char *out, size_t n)
{
    for (uint32_t i = 0; i < t->fault_n; i++) {
        seen[t->fault[i].code] = true;
        n += (size_t)snprintf(out + n, TEXT - n, "%s%d:%s", n ? " " : "", t->fault[i].side,
                              tunnel_faults[t->fault[i].code].name);
    }
    return n;
}

static err message(struct track_tunnel *t, const struct step *s, size_t cut, char *out, size_t *n,
                   struct tunnel_got *got)
{
    char wire[1024];
    size_t at = 0, all = (size_t)snprintf(
                       wire, sizeof wire, "%s%s",
                       s->keyword == BEEP_NUL ? "" : "Content-Type: application/beep+xml\r\n\r\n", s->body);
    err worst = OK;
    do {
        size_t k = cut == 1 && all ? 1 : cut && at == 0 && cut < all ? cut : all - at;
        char *piece = malloc(k + 1);
        if (k) memcpy(piece, wire + at, k);
        err e =
            track_tunnel_octets(t, s->side, 1, s->keyword, s->msgno, slice_of(piece, k), at + k == all, got);
        free(piece);
        *n = note(t, out, *n);
        if (e != OK) worst = e;
        at += k;
    } while (at < all);
    return worst;
}

static err take(struct track_tunnel *t, const struct step *s, size_t cut, char *out, size_t *n,
                struct tunnel_got *got)
{
    err e = OK;
    t->fault_n = 0;
    switch (s->kind) {
    case STEP_START:
        e = track_tunnel_start(t, s->side, 1, SLICE_LIT(TUNNEL_URI), slice_str(s->body), got);
        break;
    case STEP_ANSWER:
    case STEP_DECLINE:
        e = track_tunnel_answer(t, s->side, 1, slice_str(s->body), s->kind == STEP_DECLINE, got);
        break;
    case STEP_MESSAGE:
        return message(t, s, cut, out, n, got);
    case STEP_OFFER:
        track_tunnel_offered(t, s->side, slice_str(s->body));
        break;
    case STEP_COVER:
        track_tunnel_cover(t, (enum tunnel_cover)s->msgno);
        break;
    case STEP_CLOSE:
        track_tunnel_closed(t, 1);
        break;
    case STEP_TAINT:
        t->tainted[s->side] = true;
        break;
    default:
        track_tunnel_ended(t, s->side);
    }
    *n = note(t, out, *n);
    return e;
}

static void test_scripts(void **state)
{
    struct env env;
    (void)state;
    env_init(&env);
    for (size_t k = 0; k < sizeof scripts / sizeof *scripts; k++) {
        const struct script *s = &scripts[k];
        for (size_t cut = 0; cut < 130; cut++) {
            struct track_tunnel t;
            struct tunnel_got got;
            char faults[TEXT] = "";
            size_t n = 0;
            track_tunnel_init(&t, &env);
            for (size_t i = 0; i < STEPS && s->step[i].kind != STEP_END; i++)
                assert_int_equal(take(&t, &s->step[i], cut, faults, &n, &got), OK);
            if (strcmp(faults, s->faults) != 0)
                fail_msg("%s, cut at %zu: faults \"%s\", expected \"%s\"", s->name, cut, faults, s->faults);
            if (track_tunnel_state(&t) != s->ends)
                fail_msg("%s: ends in %s", s->name, tunnel_machine.states[track_tunnel_state(&t)]);
            track_tunnel_done(&t);
        }
    }
}

static void test_told(void **state)
{
    struct env env;
    struct track_tunnel t;
    struct tunnel_got got;
    (void)state;
    env_init(&env);
    track_tunnel_init(&t, &env);
    assert_int_equal(track_tunnel_asker(&t), -1);
    assert_int_equal(track_tunnel_start(&t, 0, 1, SLICE_LIT(TUNNEL_URI), SLICE_LIT(HOP), &got), OK);
    assert_int_equal(got.kind, TUNNEL_TUNNEL);
    assert_int_equal(got.way, TUNNEL_BY_FQDN);
    assert_int_equal(got.hops, 2);
    assert_int_equal(got.reply, 0);
    assert_int_equal(got.row->event, TUNNEL_E_TUNNEL);
    assert_int_equal(track_tunnel_asker(&t), 0);
    assert_int_equal(track_tunnel_answer(&t, 1, 1, SLICE_LIT(OK_), false, &got), OK);
    assert_true(got.through && got.beep && !got.reset && got.answers);
    assert_int_equal(got.row->event, TUNNEL_E_OK);
    track_tunnel_raw(&t, 1, 5);
    assert_int_equal(t.raw[1], 5);
    track_tunnel_done(&t);

    track_tunnel_init(&t, &env);
    assert_int_equal(track_tunnel_start(&t, 0, 1, SLICE_LIT("x:y"), SLICE_LIT(HERE), &got), OK);
    assert_int_equal(t.fault[0].code, TUNNEL_F_URI);
    assert_int_equal(track_tunnel_start(&t, 0, 3, SLICE_LIT(TUNNEL_URI), SLICE_LIT(LAST), &got), OK);
    assert_int_equal(got.reply, 501); /* another channel, and the first one waits */
    assert_int_equal(t.fault[0].code, TUNNEL_F_AGAIN);
    assert_int_equal(track_tunnel_answer(&t, 1, 1, SLICE_LIT(OK_), false, &got), OK);
    assert_true(got.through && got.beep && got.reset);
    track_tunnel_done(&t);

    track_tunnel_init(&t, &env);
    assert_int_equal(track_tunnel_start(&t, 0, 1, SLICE_LIT(TUNNEL_URI), SLICE_LIT(HOP), &got), OK);
    assert_false(got.crossed);
    assert_int_equal(track_tunnel_start(&t, 1, 2, SLICE_LIT(TUNNEL_URI), SLICE_LIT(HOP), &got), OK);
    assert_true(got.crossed);
    assert_int_equal(t.fault_n, 0);
    track_tunnel_done(&t);

    track_tunnel_init(&t, &env);
    track_tunnel_cover(&t, TUNNEL_IN_TLS);
    assert_int_equal(track_tunnel_start(&t, 0, 1, SLICE_LIT(TUNNEL_URI), SLICE_NONE, &got), OK);
    assert_int_equal(got.reply, 538);
    assert_int_equal(t.fault[0].severity, SEV_FAIL);
    track_tunnel_cover(&t, TUNNEL_IN_SASL);
    assert_true(track_tunnel_offered(&t, 1, SLICE_LIT(TUNNEL_URI)));
    assert_int_equal(t.fault[0].severity, SEV_WEAK);
    assert_int_equal(t.fault[0].defect, DEF_TUNNEL_D14);
    track_tunnel_done(&t);
}

static void test_all_were_raised(void **state)
{
    (void)state;
    for (int f = TUNNEL_F_AGAIN; f < TUNNEL_F_COUNT; f++) {
        if (!seen[f]) fail_msg("%s was never raised", tunnel_faults[f].name);
    }
}

static void test_limits(void **state)
{
    static char big[8192];
    struct env env;
    struct track_tunnel t;
    struct tunnel_got got;
    bool limit = false;
    (void)state;
    env_init(&env);
    track_tunnel_init(&t, &env);
    memset(big, 'a', sizeof big);
    for (uint32_t c = 1; c < 80; c += 2)
        assert_int_equal(track_tunnel_start(&t, 0, c, SLICE_LIT(TUNNEL_URI), SLICE_NONE, &got), OK);
    for (int k = 0; k < 8; k++) {
        assert_int_equal(track_tunnel_octets(&t, 0, 1, BEEP_MSG, 0, slice_of(big, sizeof big), k == 7, &got),
                         OK);
        limit = limit || (t.fault_n && t.fault[0].code == TUNNEL_F_XML_LIMIT);
    }
    assert_true(limit);
    for (uint32_t m = 1; m < 40; m++) /* more than are remembered: replies are not judged any more */
        assert_int_equal(track_tunnel_octets(&t, 0, 3, BEEP_MSG, m, SLICE_LIT("\r\n<foo />"), true, &got),
                         OK);
    for (uint32_t m = 1; m < 40; m++) {
        assert_int_equal(track_tunnel_octets(&t, 1, 3, BEEP_ERR, m,
                                             SLICE_LIT("Content-Type: application/beep+xml\r\n\r\n" E550),
                                             true, &got),
                         OK);
        assert_int_equal(t.fault_n, 0);
    }
    for (uint32_t m = 0; m < 40; m++)
        assert_int_equal(track_tunnel_octets(&t, 0, 5, BEEP_MSG, m,
                                             SLICE_LIT("Content-Type: application/beep+xml\r\n\r\n" HOP),
                                             true, &got),
                         OK);
    assert_int_equal(track_tunnel_state(&t), TUNNEL_S_ASKED);
    for (uint32_t m = 0; m < 40; m++)
        assert_int_equal(track_tunnel_octets(&t, 1, 5, BEEP_ERR, m,
                                             SLICE_LIT("Content-Type: application/beep+xml\r\n\r\n" E550),
                                             true, &got),
                         OK);
    assert_int_equal(track_tunnel_state(&t), TUNNEL_S_IDLE);
    track_tunnel_done(&t);
}

static void test_memory(void **state)
{
    (void)state;
    for (size_t k = 0; k < sizeof scripts / sizeof *scripts; k++) {
        for (size_t at = 1;; at++) {
            struct mem_fail f;
            struct mem mem = mem_fail_init(&f, at);
            struct env env;
            struct track_tunnel t;
            struct tunnel_got got;
            char faults[TEXT] = "";
            size_t n = 0;
            env_init(&env);
            env.mem = &mem;
            track_tunnel_init(&t, &env);
            for (size_t i = 0; i < STEPS && scripts[k].step[i].kind != STEP_END; i++) {
                err e = take(&t, &scripts[k].step[i], at % 5, faults, &n, &got);
                if (e != OK) assert_int_equal(e, ERR_MEM);
            }
            if (strstr(faults, "ORDER") && !strstr(scripts[k].faults, "ORDER"))
                fail_msg("%s: %s when memory was short", scripts[k].name, faults);
            track_tunnel_done(&t);
            assert_int_equal(f.blocks, 0);
            if (f.calls < at) break;
        }
    }
}

/* --- relay ---------------------------------------------------------------------------------------------- */

static void test_relay_order(void **state)
{
    struct env env;
    struct track_relay r;
    (void)state;
    env_init(&env);
    track_relay_init(&r, &env, 1024);
    assert_non_null(track_relay_step(&r, false, TUNNEL_RE_ASK));
    assert_non_null(track_relay_step(&r, true, TUNNEL_RE_CONNECT));
    assert_non_null(track_relay_step(&r, false, TUNNEL_RE_GREETING));
    assert_non_null(track_relay_step(&r, true, TUNNEL_RE_PASS));
    assert_int_equal(r.fault_n, 0);
    assert_int_equal(track_relay_step(&r, true, TUNNEL_RE_OK)->kind, FSM_FATAL);
    assert_int_equal(r.fault_n, 1);
    assert_int_equal(r.fault.clause, CL_IDXP_2_1_13);
    assert_int_equal(r.fault.side, 0);
    assert_null(track_relay_step(&r, true, TUNNEL_RE_OK)); /* once */
    assert_int_equal(r.fault_n, 0);
    track_relay_done(&r);

    track_relay_init(&r, &env, 1024);
    assert_null(track_relay_step(&r, true, TUNNEL_RE_OK)); /* nobody asked */
    assert_int_equal(r.fault_n, 1);
    track_relay_done(&r);

    track_relay_init(&r, &env, 1024);
    assert_non_null(track_relay_step(&r, false, TUNNEL_RE_ASK));
    assert_non_null(track_relay_step(&r, false, TUNNEL_RE_END));
    assert_null(track_relay_step(&r, true, TUNNEL_RE_ERROR)); /* it crossed the end */
    assert_int_equal(r.fault_n, 0);
    track_relay_done(&r);
}

static void test_relay_octets(void **state)
{
    struct env env;
    struct track_relay r;
    size_t at;
    (void)state;
    env_init(&env);
    track_relay_init(&r, &env, 8);
    assert_int_equal(track_relay_in(&r, TUNNEL_FAR, SLICE_LIT("login:")), OK);
    assert_int_equal(track_relay_owed(&r, TUNNEL_NEAR), 6);
    assert_true(track_relay_out(&r, TUNNEL_NEAR, SLICE_LIT("lo"), &at));
    assert_true(track_relay_out(&r, TUNNEL_NEAR, SLICE_LIT("gin:"), &at));
    assert_int_equal(track_relay_owed(&r, TUNNEL_NEAR), 0);
    assert_int_equal(track_relay_in(&r, TUNNEL_NEAR, SLICE_LIT("abc")), OK);
    assert_false(track_relay_out(&r, TUNNEL_FAR, SLICE_LIT("abX"), &at));
    assert_int_equal(at, 2);
    assert_int_equal(r.fault.clause, CL_TUNNEL_1_2);
    assert_int_equal(track_relay_in(&r, TUNNEL_FAR, SLICE_LIT("xy")), OK);
    assert_false(track_relay_out(&r, TUNNEL_NEAR, SLICE_LIT("xyz"), &at)); /* more than was sent */
    assert_int_equal(at, 2);
    track_relay_done(&r);

    track_relay_init(&r, &env, 8); /* more than is held: counted */
    assert_int_equal(track_relay_in(&r, TUNNEL_NEAR, SLICE_LIT("0123456789")), OK);
    assert_true(track_relay_out(&r, TUNNEL_FAR, SLICE_LIT("01234567??"), &at));
    assert_false(track_relay_out(&r, TUNNEL_FAR, SLICE_LIT("!"), &at));
    assert_int_equal(at, 0);
    track_relay_done(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scripts),         cmocka_unit_test(test_told),
        cmocka_unit_test(test_all_were_raised), cmocka_unit_test(test_limits),
        cmocka_unit_test(test_memory),          cmocka_unit_test(test_relay_order),
        cmocka_unit_test(test_relay_octets)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
