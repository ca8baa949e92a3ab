/* SPDX-License-Identifier: MIT */
/* The observer of an IDXP channel: each fault by a minimal exchange, in one piece and in every cut; the
 * transcripts of the texts; honest peers with delays between them, whom nobody may accuse; short memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "codec/beep_mgmt.h"
#include "test/mem_fail.h"
#include "test/track_idxp_help.h"
#include "test/vectors_md.h"

/* Five attributes; 64 are the limit. */
#define FIVE(c) " " c "1='' " c "2='' " c "3='' " c "4='' " c "5=''"

/* --- exchanges and their faults --------------------------------------------------------------------------
 */

static const struct script scripts[] = {
    {"greetings one after the other",
     BOTH,
     "",
     {ASK(0, 1, GC), OKAY(1, 1), ASK(1, 1, GS), OKAY(0, 1), ASK(0, 2, IDMEF), OKAY(1, 2)}},
    {"greetings that cross",
     BOTH,
     "",
     {ASK(0, 1, GC), ASK(1, 1, GS), OKAY(0, 1), OKAY(1, 1), ASK(0, 2, IDMEF), OKAY(1, 2)}},
    {"embedded greeting", BOTH, "", {START(0, GC), ANSWER(1, "<ok />"), ASK(1, 0, GS), OKAY(0, 0)}},
    {"embedded greeting refused",
     BOTH,
     "",
     {START(0, GC), ANSWER(1, E554), ASK(0, 1, GC), OKAY(1, 1), ASK(1, 1, GS), OKAY(0, 1), ASK(0, 2, IDMEF)}},
    {"start without a greeting", BOTH, "", {START(0, ""), ANSWER(1, ""), ASK(0, 1, GC), OKAY(1, 1)}},
    {"blanks around", BOTH, "0:BLANKS", {START(0, " " GC "\r\n"), ANSWER(1, "<ok />")}},
    {"declined", BOTH, "1:DECLINED", {START(0, GC), DECLINE(1)}},
    {"declined without a greeting", BOTH, "", {START(0, ""), DECLINE(1)}},
    {"no answer to an embedded greeting", BOTH, "1:REPLY_EMBEDDED", {START(0, GC), ANSWER(1, "")}},
    {"a greeting as answer", BOTH, "1:REPLY_EMBEDDED", {START(0, GC), ANSWER(1, GS)}},
    {"another element as answer", BOTH, "1:ELEMENT 1:REPLY_EMBEDDED", {START(0, GC), ANSWER(1, "<foo />")}},
    {"no XML as answer", BOTH, "1:XML_ILL", {START(0, GC), ANSWER(1, "<ok")}},
    {"ok where nothing was asked", BOTH, "1:ORDER", {START(0, ""), ANSWER(1, "<ok />")}},
    {"a greeting where nothing was asked", BOTH, "1:ELEMENT_HERE", {START(0, ""), ANSWER(1, GS)}},
    {"a faulty greeting inside",
     BOTH,
     "0:ROLE_MISSING",
     {START(0, "<IDXP-Greeting uri='a:b' />"), ANSWER(1, E554)}},
    /* 3.2, 3.4: data */
    {"data before all", DRAFT, "0:NO_GREETING", {ASK(0, 1, IDMEF)}},
    {"data before all", RFC, "0:HALF_GREETED_RFC", {ASK(0, 1, IDMEF)}},
    {"data before one's own greeting", DRAFT, "0:NO_GREETING", {ASK(1, 1, GS), OKAY(0, 1), ASK(0, 1, IDMEF)}},
    {"data before one's own greeting",
     RFC,
     "0:HALF_GREETED_RFC",
     {ASK(1, 1, GS), OKAY(0, 1), ASK(0, 1, IDMEF)}},
    {"data behind one greeting", DRAFT, "0:HALF_GREETED", {ASK(0, 1, GC), OKAY(1, 1), ASK(0, 2, IDMEF)}},
    {"data behind one greeting", RFC, "0:HALF_GREETED_RFC", {ASK(0, 1, GC), OKAY(1, 1), ASK(0, 2, IDMEF)}},
    {"data before the answer to the other's",
     RFC,
     "0:HALF_GREETED_RFC",
     {ASK(0, 1, GC), OKAY(1, 1), ASK(1, 1, GS), ASK(0, 2, IDMEF)}},
    {"data before an answer", DRAFT, "0:DATA_EARLY", {ASK(0, 1, GC), ASK(0, 2, IDMEF)}},
    {"data before an answer", RFC, "0:HALF_GREETED_RFC", {ASK(0, 1, GC), ASK(0, 2, IDMEF)}},
    {"data behind a refusal", DRAFT, "0:NO_GREETING", {ASK(0, 1, GC), NAY(1, 1, E554), ASK(0, 2, IDMEF)}},
    {"data behind a refusal", RFC, "0:HALF_GREETED_RFC", {ASK(0, 1, GC), NAY(1, 1, E554), ASK(0, 2, IDMEF)}},
    {"data while greeting anew", BOTH, "0:DATA_EARLY", {READY, ASK(0, 2, GC), ASK(0, 3, IDMEF)}},
    {"data while the other greets anew", BOTH, "", {READY, ASK(1, 2, GS), ASK(0, 2, IDMEF)}},
    {"a refused greeting leaves the one before",
     BOTH,
     "",
     {READY, ASK(0, 2, GC), NAY(1, 2, E554), ASK(0, 3, IDMEF), OKAY(1, 3)}},
    {"data of the server", BOTH, "1:NOT_CLIENT", {READY, ASK(1, 2, IDMEF)}},
    {"data of the server in front of the client's greeting",
     BOTH,
     "1:NOT_CLIENT",
     {ASK(1, 1, GS), OKAY(0, 1), ASK_AS(1, 2, TEXT("x"), "text/plain")}},
    {"data of who asked to be server",
     BOTH,
     "0:NOT_CLIENT",
     {ASK(0, 1, GS), ASK_AS(0, 2, TEXT("x"), "text/plain")}},
    {"ok to data before one's own greeting",
     RFC,
     "0:HALF_GREETED_RFC 1:HALF_GREETED_RFC",
     {ASK(0, 1, IDMEF), OKAY(1, 1)}},
    {"ok to data before one's own greeting", DRAFT, "0:NO_GREETING", {ASK(0, 1, IDMEF), OKAY(1, 1)}},
    {"an error to such data", RFC, "0:HALF_GREETED_RFC", {ASK(0, 1, IDMEF), NAY(1, 1, E554)}},
    /* a change of roles whose answer may have crossed the data: sent as client, come behind the ok */
    {"data that crossed a change",
     BOTH,
     "0:SAME_ROLES 1:SAME_ROLES 0:DATA_EARLY",
     {READY, ASK(0, 2, GS0), OKAY(1, 2), ASK(0, 3, IDMEF)}},
    {"data in knowledge of a change",
     BOTH,
     "0:SAME_ROLES 1:SAME_ROLES 1:SAME_ROLES 0:NOT_CLIENT",
     {READY, ASK(0, 2, GS0), OKAY(1, 2), ASK(1, 2, GS), NAY(0, 2, E554), ASK(0, 3, IDMEF)}},
    {"data in knowledge of nothing new",
     BOTH,
     "0:SAME_ROLES 1:SAME_ROLES 0:DATA_EARLY",
     {READY, ASK(1, 2, GS), ASK(0, 2, GS0), OKAY(1, 2), OKAY(0, 2), ASK(0, 3, IDMEF)}},
    {"data of a server that asked to be client, and may not know that it was refused",
     BOTH,
     "0:SAME_ROLES 0:DATA_EARLY",
     {ASK(0, 1, GS0), OKAY(1, 1), ASK(1, 1, GC), OKAY(0, 1), ASK(0, 2, GC), NAY(1, 2, E554),
      ASK(0, 3, IDMEF)}},
    /* 2.2: roles */
    {"there and back again",
     BOTH,
     "0:SAME_ROLES",
     {QUEUED, READY, ASK(0, 2, GS0), ASK(0, 3, GC), OKAY(1, 2), OKAY(1, 3), ASK(0, 4, IDMEF)}},
    {"what cannot be read may have been a greeting",
     RFC,
     "1:XML_ILL 0:HALF_GREETED_RFC",
     {ASK(0, 1, GC), OKAY(1, 1), ASK(1, 1, "<<"), ASK(0, 2, IDMEF), OKAY(1, 2)}},
    {"asking for the other's role", BOTH, "1:SAME_ROLES", {ASK(0, 1, GC), OKAY(1, 1), ASK(1, 1, GC)}},
    {"and it is let be",
     BOTH,
     "1:SAME_ROLES 0:SAME_ROLES",
     {ASK(0, 1, GC), OKAY(1, 1), ASK(1, 1, GC), OKAY(0, 1)}},
    {"one role by two greetings that cross",
     BOTH,
     "",
     {ASK(0, 1, GC), ASK(1, 1, GC), NAY(0, 1, E554), NAY(1, 1, E554)}},
    {"roles change by turns",
     BOTH,
     "1:SAME_ROLES",
     {READY, ASK(1, 2, GC), ASK(0, 2, GS), OKAY(0, 2), OKAY(1, 2), ASK(1, 3, IDMEF)}},
    /* 3.4: replies */
    {"an answer to nothing", BOTH, "1:ORDER", {ASK(0, 1, GC), OKAY(1, 2)}},
    {"two answers", BOTH, "1:ORDER", {ASK(0, 1, GC), OKAY(1, 1), OKAY(1, 1)}},
    {"error in RPY", BOTH, "1:REPLY", {ASK(0, 1, GC), RE(1, 1, E554)}},
    {"ok in ERR", BOTH, "1:REPLY", {ASK(0, 1, GC), NAY(1, 1, "<ok />")}},
    {"a greeting in RPY", BOTH, "1:REPLY", {ASK(0, 1, GC), RE(1, 1, GS)}},
    {"IDMEF in RPY", BOTH, "1:REPLY", {ASK(0, 1, GC), RE(1, 1, IDMEF)}},
    {"text in RPY", BOTH, "1:REPLY", {ASK(0, 1, GC), RE_AS(1, 1, "ok", "text/plain")}},
    {"another element in RPY", BOTH, "1:ELEMENT 1:REPLY", {ASK(0, 1, GC), RE(1, 1, "<foo />")}},
    {"ill XML in RPY", BOTH, "1:XML_ILL", {ASK(0, 1, GC), RE(1, 1, "<ok")}},
    {"data behind an unclear answer is not judged",
     RFC,
     "1:REPLY",
     {ASK(1, 1, GS), OKAY(0, 1), ASK(0, 1, GC), NAY(1, 1, "<ok />"), ASK(0, 2, IDMEF)}},
    {"one to many", BOTH, "1:ONE_TO_MANY", {ASK(0, 1, GC), ANS(1, 1), ANS(1, 1), NUL(1, 1)}},
    {"NUL alone", BOTH, "1:ONE_TO_MANY", {ASK(0, 1, GC), NUL(1, 1)}},
    {"a code that is not listed", BOTH, "1:OTHER_CODE", {ASK(0, 1, GC), NAY(1, 1, "<error code='538' />")}},
    {"pipelined",
     BOTH,
     "",
     {READY, ASK(0, 2, IDMEF), ASK_AS(0, 3, TEXT("x"), "text/plain"), OKAY(1, 2), NAY(1, 3, E554)}},
    {"ok as MSG", BOTH, "0:ELEMENT_HERE", {ASK(0, 1, "<ok />"), NAY(1, 1, E554)}},
    {"error as MSG", BOTH, "0:ELEMENT_HERE", {ASK(0, 1, E554), NAY(1, 1, E554)}},
    {"something unreadable was let be",
     RFC,
     "0:XML_ILL",
     {ASK(1, 1, GS), OKAY(0, 1), ASK(0, 1, "<<"), OKAY(1, 1), ASK(0, 2, IDMEF)}},
    {"a mistake on purpose is not held against the other",
     RFC,
     "0:XML_ILL",
     {TAINT(0), ASK(0, 1, "<<"), ASK(1, 1, IDMEF), OKAY(1, 7)}},
    {"more greetings at once",
     BOTH,
     "",
     {QUEUED, ASK(0, 1, GC), ASK(0, 2, GC), ASK(1, 1, GS), OKAY(0, 1), OKAY(1, 1), OKAY(1, 2),
      ASK(0, 3, IDMEF)}},
    {"closed", BOTH, "", {READY, CLOSE(0)}},
    /* forms */
    {"greeting without type", DRAFT, "0:UNTYPED", {ASK_AS(0, 1, GC, "")}},
    {"greeting without type", RFC, "0:UNTYPED_RFC 0:UNTYPED", {ASK_AS(0, 1, GC, "")}},
    {"ok without type", DRAFT, "1:UNTYPED", {ASK(0, 1, GC), RE_AS(1, 1, "<ok />", "")}},
    {"data without type", DRAFT, "", {READY, ASK_AS(0, 2, "\x01\x02", "")}},
    {"data without type", RFC, "0:UNTYPED_RFC", {READY, ASK_AS(0, 2, "\x01\x02", "")}},
    {"an image", DRAFT, "0:TYPE_DRAFT", {READY, ASK_AS(0, 2, "\x01\x02", "image/png")}},
    {"an image", RFC, "0:TYPE", {READY, ASK_AS(0, 2, "\x01\x02", "image/png")}},
    {"another type of XML", BOTH, "0:TYPE_XML", {READY, ASK_AS(0, 2, IDMEF, "application/xml")}},
    {"headers that cannot be read", BOTH, "0:MIME", {READY, ASK_AS(0, 2, "x", "text/xml\r\nfoo")}},
    {"IDMEF that is ill", BOTH, "0:IDMEF_ILL", {READY, ASK(0, 2, "<IDMEF-Message><")}},
    {"IDMEF that is not valid",
     BOTH,
     "0:IDMEF_INVALID",
     {READY, ASK(0, 2, "<IDMEF-Message version='1.0'><foo/></IDMEF-Message>")}},
    {"IDMEF that passes a limit",
     BOTH,
     "0:IDMEF_LIMIT",
     {READY, ASK(0, 2,
                 "<IDMEF-Message" FIVE("a") FIVE("b") FIVE("c") FIVE("d") FIVE("e") FIVE("f") FIVE("g")
                     FIVE("h") FIVE("i") FIVE("j") FIVE("k") FIVE("l") FIVE("m") "/>")}},
    {"IDMEF in base64",
     BOTH,
     "",
     {READY, ASK_AS(0, 2, "PD94bWwgdmVyc2lvbj0nMS4wJz8+PElETUVGLU1lc3NhZ2UgdmVyc2lvbj0nMS4wJy8+",
                    "text/xml\r\nContent-Transfer-Encoding: base64")}},
    {"invalid IDMEF in base64",
     BOTH,
     "0:IDMEF_INVALID",
     {READY, ASK_AS(0, 2, "PElETUVGLU1lc3NhZ2U+PGZvby8+PC9JRE1FRi1NZXNzYWdlPg==",
                    "text/xml\r\nContent-Transfer-Encoding: base64")}},
    {"ip of the draft",
     RFC,
     "0:IP_RFC",
     {ASK(0, 1, "<IDXP-Greeting uri='a:b' role='client' ip='1.2.3.4' />")}},
    {"option of the RFC",
     DRAFT,
     "0:OPTION_DRAFT",
     {ASK(0, 1, "<IDXP-Greeting uri='a:b' role='client'><Option internal='x' /></IDXP-Greeting>")}},
};

static void run_all_cuts(const struct script *s, enum idxp_dialect d)
{
    char first[RUN_TEXT], again[RUN_TEXT];
    run_script(s, d, 0, first);
    const char *faults = strchr(first, '|') + 1;
    if (strcmp(faults, s->faults) != 0)
        fail_msg("%s (%s): faults \"%s\", expected \"%s\"", s->name, idxp_dialect_names[d], faults,
                 s->faults);
    for (size_t cut = 1; cut <= 160; cut++) {
        run_script(s, d, cut, again);
        if (strcmp(first, again) != 0)
            fail_msg("%s (%s), cut at %zu:\n%s\nin one piece:\n%s", s->name, idxp_dialect_names[d], cut,
                     again, first);
    }
}

static void test_scripts(void **state)
{
    (void)state;
    for (size_t k = 0; k < sizeof scripts / sizeof *scripts; k++) {
        if (scripts[k].dialects & DRAFT) run_all_cuts(&scripts[k], IDXP_DRAFT);
        if (scripts[k].dialects & RFC) run_all_cuts(&scripts[k], IDXP_RFC);
    }
}

/* Every fault that comes of order, and those of data, were raised above (and below, on channel 0). */
static void test_zero(void **state)
{
    struct track_idxp t;
    struct idxp_got got;
    (void)state;
    assert_int_equal(track_idxp_init(&t, &help_env, IDXP_DRAFT, NULL), OK);
    slice greeting = SLICE_LIT("Content-Type: text/xml\r\n\r\n" GS "\r\n");
    assert_int_equal(track_idxp_zero(&t, 1, greeting, &got), OK);
    assert_int_equal(t.fault_n, 1);
    assert_int_equal(t.fault[0].code, IDXP_F_CHANNEL_ZERO);
    assert_int_equal(t.fault[0].side, 1);
    assert_int_equal(got.reply, 501);
    help_seen[IDXP_F_CHANNEL_ZERO] = true;
    slice start = SLICE_LIT("Content-Type: text/xml\r\n\r\n<start number='1'><profile uri='" IDXP_URI_DRAFT
                            "' /></start>");
    assert_int_equal(track_idxp_zero(&t, 0, start, &got), OK);
    assert_int_equal(t.fault_n, 1);
    assert_int_equal(t.fault[0].code, IDXP_F_TYPE_ON_ZERO);
    assert_int_equal(got.reply, 0);
    help_seen[IDXP_F_TYPE_ON_ZERO] = true;
    slice good = SLICE_LIT("Content-Type: application/beep+xml\r\n\r\n<start number='1' />");
    assert_int_equal(track_idxp_zero(&t, 0, good, &got), OK);
    assert_int_equal(t.fault_n, 0);
    assert_int_equal(track_idxp_state(&t), IDXP_S_NONE);
    track_idxp_done(&t);
}

static void test_all_were_raised(void **state)
{
    (void)state;
    for (int f = IDXP_F_IDMEF_ILL; f < IDXP_F_COUNT; f++) {
        if (!help_seen[f]) fail_msg("%s was never raised", idxp_faults[f].name);
    }
}

/* --- what is told of a message -------------------------------------------------------------------------- */

static void put(struct track_idxp *t, int side, enum beep_keyword k, uint32_t msgno, const char *s, bool last,
                struct idxp_got *got)
{
    assert_int_equal(track_idxp_octets(t, side, k, msgno, 0, slice_str(s), last, got), OK);
}

#define HEAD "Content-Type: text/xml\r\n\r\n"

static void test_told(void **state)
{
    struct track_idxp t;
    struct idxp_got got;
    (void)state;
    assert_int_equal(track_idxp_init(&t, &help_env, IDXP_RFC, help_schema), OK);
    assert_int_equal(track_idxp_may_send(&t, 0), IDXP_F_HALF_GREETED_RFC);
    put(&t, 0, BEEP_MSG, 1,
        HEAD "<IDXP-Greeting uri='a:b' fqdn='x.y' role='client'><Option internal='streamType'><streamType "
             "type='heartbeat'/></Option></IDXP-Greeting>",
        true, &got);
    assert_int_equal(got.kind, IDXP_GREETING);
    assert_int_equal(got.asked, IDXP_ASKED_GREETING);
    assert_true(got.settled && got.last && got.first && !got.again && !got.clash);
    assert_int_equal(got.row->event, IDXP_E_GREETING);
    assert_true(slice_eq(got.msg->uri, SLICE_LIT("a:b")));
    assert_true(slice_eq(track_idxp_asking(&t, 0)->uri, SLICE_LIT("a:b")));
    assert_int_equal(track_idxp_unanswered(&t, 0), 1);
    assert_int_equal(track_idxp_waiting(&t, 0), 1);
    assert_int_equal(track_idxp_role(&t, 0), IDXP_NO_ROLE);
    put(&t, 1, BEEP_RPY, 1, HEAD "<ok />", true, &got);
    assert_int_equal(got.kind, IDXP_OK);
    assert_int_equal(got.asked, IDXP_ASKED_GREETING);
    assert_int_equal(track_idxp_role(&t, 0), IDXP_CLIENT);
    const struct idxp_identity *id = track_idxp_identity(&t, 0);
    assert_true(id->given && slice_eq(id->uri, SLICE_LIT("a:b")) && slice_eq(id->fqdn, SLICE_LIT("x.y")));
    assert_int_equal(id->stream, IDXP_HEARTBEAT);
    assert_null(track_idxp_asking(&t, 0));
    assert_int_equal(track_idxp_may_send(&t, 0), IDXP_F_HALF_GREETED_RFC);
    /* the role that is taken: 554, and a fault */
    put(&t, 1, BEEP_MSG, 1, HEAD GC, true, &got);
    assert_true(got.clash);
    assert_int_equal(got.reply, 554);
    assert_int_equal(t.fault[0].severity, SEV_WEAK);
    put(&t, 0, BEEP_ERR, 1, HEAD E554, true, &got);
    put(&t, 1, BEEP_MSG, 2, HEAD GS, true, &got);
    assert_int_equal(got.reply, 0);
    put(&t, 0, BEEP_RPY, 2, HEAD "<ok />", true, &got);
    assert_int_equal(track_idxp_state(&t), IDXP_S_READY);
    assert_int_equal(track_idxp_may_send(&t, 0), IDXP_F_NONE);
    assert_int_equal(track_idxp_may_send(&t, 1), IDXP_F_NOT_CLIENT);
    put(&t, 1, BEEP_MSG, 3, HEAD GS, true, &got);
    assert_true(got.again);
    track_idxp_done(&t);
}

/* Two greetings for one role that crossed: nobody is to blame, and both get 554. */
static void test_crossed_clash(void **state)
{
    struct track_idxp t;
    struct idxp_got got;
    (void)state;
    assert_int_equal(track_idxp_init(&t, &help_env, IDXP_RFC, NULL), OK);
    put(&t, 0, BEEP_MSG, 1, HEAD GC, true, &got);
    assert_int_equal(got.reply, 0);
    put(&t, 1, BEEP_MSG, 1, HEAD GC, true, &got);
    assert_true(got.clash);
    assert_int_equal(got.reply, 554);
    assert_int_equal(t.fault_n, 0);
    track_idxp_done(&t);
}

static void test_data_pieces(void **state)
{
    struct track_idxp t;
    struct idxp_got got;
    (void)state;
    assert_int_equal(track_idxp_init(&t, &help_env, IDXP_DRAFT, help_schema), OK);
    put(&t, 0, BEEP_MSG, 1, "Content-Ty", false, &got);
    assert_true(got.first && !got.settled && got.kind == IDXP_NOTHING);
    put(&t, 0, BEEP_MSG, 1, "pe: text/xml\r\n\r\n<IDMEF-Mess", false, &got);
    assert_false(got.settled);
    put(&t, 0, BEEP_MSG, 1, "age>", false, &got);
    assert_true(got.settled && got.kind == IDXP_XML && got.asked == IDXP_ASKED_DATA);
    assert_int_equal(got.reply, 554); /* no greeting: known before the end */
    assert_true(slice_eq(got.data[0], SLICE_LIT("<IDMEF-Message>")));
    assert_int_equal(got.data[1].n, 0);
    bool told = t.fault_n > 1;
    put(&t, 0, BEEP_MSG, 1, "<foo/>", false, &got);
    assert_true(slice_eq(got.data[1], SLICE_LIT("<foo/>")));
    assert_false(got.settled);
    told = told || t.fault_n > 0;
    for (int k = 0; k < 40000 && !told; k++) { /* it is read in blocks */
        put(&t, 0, BEEP_MSG, 1, k ? " " : "</foo>", false, &got);
        told = t.fault_n > 0;
    }
    assert_true(told);
    assert_non_null(got.idmef); /* its verdict stands before its end */
    assert_int_equal(got.idmef->verdict, IDMEF_ILL);
    assert_int_equal(got.reply, 554);
    /* refused before its end (RFC 3080 2.6.3) */
    put(&t, 1, BEEP_ERR, 1, HEAD E554, true, &got);
    assert_int_equal(got.asked, IDXP_ASKED_DATA);
    assert_int_equal(t.fault_n, 0);
    put(&t, 0, BEEP_MSG, 1, "", true, &got);
    assert_true(got.last && got.kind == IDXP_XML);
    assert_int_equal(t.fault_n, 0);
    assert_int_equal(track_idxp_waiting(&t, 0), 0);
    track_idxp_done(&t);
}

/* A greeting that was refused before it was whole is not waited for. */
static void test_cut_greeting(void **state)
{
    struct track_idxp t;
    struct idxp_got got;
    (void)state;
    assert_int_equal(track_idxp_init(&t, &help_env, IDXP_RFC, NULL), OK);
    put(&t, 0, BEEP_MSG, 1, HEAD "<IDXP-Greeting uri='a:b' ", false, &got);
    put(&t, 1, BEEP_ERR, 1, HEAD E554, true, &got);
    assert_int_equal(got.asked, IDXP_ASKED_OTHER);
    put(&t, 0, BEEP_MSG, 1, "role='client' />", true, &got);
    assert_int_equal(got.kind, IDXP_GREETING);
    assert_int_equal(track_idxp_unanswered(&t, 0), 0);
    assert_int_equal(track_idxp_state(&t), IDXP_S_NONE);
    put(&t, 0, BEEP_MSG, 2, HEAD IDMEF, true, &got);
    assert_int_equal(t.fault_n, 1);
    assert_int_equal(t.fault[0].code, IDXP_F_HALF_GREETED_RFC);
    track_idxp_done(&t);
}

static void test_declined(void **state)
{
    struct track_idxp t;
    struct idxp_got got;
    (void)state;
    assert_int_equal(track_idxp_init(&t, &help_env, IDXP_RFC, NULL), OK);
    put(&t, 0, BEEP_MSG, 1, HEAD IDMEF, true, &got); /* neither side greeted: a clause of its own */
    assert_int_equal(t.fault[0].clause, CL_IDXPRFC_3_2_6);
    track_idxp_done(&t);
    assert_int_equal(track_idxp_init(&t, &help_env, IDXP_RFC, NULL), OK);
    assert_int_equal(track_idxp_start(&t, 0, SLICE_LIT(GC), &got), OK);
    assert_true(got.embedded && got.last && got.settled);
    assert_int_equal(track_idxp_waiting(&t, 0), 0); /* it is no MSG of this channel */
    assert_int_equal(track_idxp_answer(&t, 1, SLICE_NONE, true, &got), OK);
    assert_true(got.declined);
    assert_int_equal(got.row->event, IDXP_E_ERROR);
    assert_int_equal(track_idxp_state(&t), IDXP_S_CLOSED);
    track_idxp_done(&t);
}

/* --- limits --------------------------------------------------------------------------------------------- */

static void test_no_copy(void **state)
{
    static char big[1 << 20];
    struct mem_fail f;
    struct mem mem = mem_fail_init(&f, 0);
    struct env env;
    struct track_idxp t;
    struct idxp_got got;
    (void)state;
    env_init(&env);
    env.mem = &mem;
    memset(big, 0, sizeof big);
    assert_int_equal(track_idxp_init(&t, &env, IDXP_DRAFT, NULL), OK);
    size_t before = f.live;
    /* zeros without a type: nothing that could be told as an element */
    for (int k = 0; k < 8; k++)
        assert_int_equal(track_idxp_octets(&t, 0, BEEP_MSG, 1, 0,
                                           k ? slice_of(big, sizeof big) : SLICE_LIT("\r\n"), k == 7, &got),
                         OK);
    assert_int_equal(got.kind, IDXP_BINARY);
    assert_true(f.peak < before + 64 * 1024);
    /* an element that does not end */
    memset(big, 'a', sizeof big);
    bool limit = false;
    put(&t, 0, BEEP_MSG, 2, HEAD "<IDXP-Greeting uri='", false, &got);
    for (int k = 0; k < 4; k++) {
        assert_int_equal(track_idxp_octets(&t, 0, BEEP_MSG, 2, 0, slice_of(big, sizeof big), k == 3, &got),
                         OK);
        limit = limit || (t.fault_n && t.fault[0].code == IDXP_F_XML_LIMIT);
        assert_int_equal(got.reply, 554);
    }
    assert_true(limit && got.settled && got.kind == IDXP_NOTHING);
    assert_true(f.peak < 512 * 1024);
    track_idxp_done(&t);
    assert_int_equal(f.blocks, 0);
}

static void test_many_exchanges(void **state)
{
    struct track_idxp t;
    struct idxp_got got;
    (void)state;
    assert_int_equal(track_idxp_init(&t, &help_env, IDXP_DRAFT, NULL), OK);
    for (uint32_t k = 0; k < IDXP_EXCHANGES_MAX + 10; k++)
        put(&t, 0, BEEP_MSG, k, HEAD GC, true, &got);
    assert_int_equal(track_idxp_waiting(&t, 0), IDXP_EXCHANGES_MAX);
    assert_int_equal(track_idxp_unanswered(&t, 0), IDXP_GREETINGS_MAX);
    for (uint32_t k = 0; k < IDXP_EXCHANGES_MAX + 10; k++) {
        put(&t, 1, BEEP_RPY, k, HEAD "<ok />", true, &got);
        assert_int_equal(t.fault_n, 0);
    }
    put(&t, 0, BEEP_MSG, 9999, HEAD IDMEF, true, &got); /* what is in force is not known any more */
    assert_int_equal(t.fault_n, 0);
    track_idxp_done(&t);
    /* a greeting behind more MSGs than are remembered */
    assert_int_equal(track_idxp_init(&t, &help_env, IDXP_DRAFT, NULL), OK);
    for (uint32_t k = 0; k < IDXP_EXCHANGES_MAX; k++) {
        put(&t, 0, BEEP_MSG, k, "\r\nx", true, &got);
        assert_int_equal(t.fault[0].code, IDXP_F_NO_GREETING);
    }
    put(&t, 0, BEEP_MSG, 7000, HEAD GC, true, &got);
    put(&t, 0, BEEP_MSG, 7001, "\r\nx", true, &got);
    assert_int_equal(t.fault_n, 0);
    track_idxp_done(&t);
}

static void test_memory(void **state)
{
    (void)state;
    for (size_t k = 0; k < sizeof scripts / sizeof *scripts; k++) {
        enum idxp_dialect d = scripts[k].dialects & RFC ? IDXP_RFC : IDXP_DRAFT;
        for (size_t at = 1;; at++) {
            struct mem_fail f;
            bool failed = run_short(&scripts[k], d, at, &f);
            assert_int_equal(f.blocks, 0);
            if (f.calls < at) break;
            (void)failed;
        }
    }
}

/* --- the transcripts of the texts -------------------------------------------------------------------------
 */

struct passing { /* the session of a file of vectors */
    struct track_idxp t;
    enum idxp_dialect dialect;
    size_t n, start, answers, data;
};

static void no_fail(const struct md_vector *v, const struct track_idxp *t)
{
    for (uint32_t i = 0; i < t->fault_n; i++) {
        if (t->fault[i].severity == SEV_FAIL) fail_msg("%s: %s: %s", v->file, v->name, t->fault[i].text);
    }
}

/* The sides: start and its ok come from 0 and 1; on channel 1 MSG of the listener first. */
static void on_vector(const struct md_vector *v, const struct md_block *b, void *ctx)
{
    struct passing *p = ctx;
    struct beep_frame f;
    struct idxp_got got;
    size_t used;
    if (beep_frame_read(slice_of(v->octets, v->n), 1 << 20, &f, &used) != OK) return; /* IDXP-D22 */
    p->n++;
    if (f.channel == 0) {
        struct beep_el el;
        err e = beep_mgmt_read(&help_env, f.payload, &el);
        assert_int_not_equal(e, ERR_MEM);
        if (el.kind == BEEP_EL_START) {
            if (p->start++) { /* a new attempt: another channel */
                track_idxp_done(&p->t);
                assert_int_equal(track_idxp_init(&p->t, &help_env, p->dialect, NULL), OK);
            }
            assert_int_equal(track_idxp_start(&p->t, 0, el.profile[0].content, &got), OK);
            no_fail(v, &p->t);
            assert_int_equal(got.kind, IDXP_GREETING);
        } else if (el.kind == BEEP_EL_PROFILE) {
            p->answers++;
            assert_int_equal(track_idxp_answer(&p->t, 1, el.profile[0].content, false, &got), OK);
            no_fail(v, &p->t);
            assert_int_equal(got.asked, IDXP_ASKED_GREETING);
        } else if (el.kind != BEEP_EL_GREETING) {
            int side = f.keyword == BEEP_MSG;
            assert_int_equal(track_idxp_zero(&p->t, side, f.payload, &got), OK);
            no_fail(v, &p->t);
        }
        beep_el_done(&el);
        return;
    }
    if (p->dialect == IDXP_RFC) { /* one peer asks, the other one answers */
        assert_int_equal(
            track_idxp_octets(&p->t, f.keyword != BEEP_MSG, f.keyword, f.msgno, 0, f.payload, true, &got),
            OK);
        no_fail(v, &p->t);
        p->data += got.asked == IDXP_ASKED_GREETING;
        return;
    }
    bool data = p->data++ > 1;
    int side = data == (f.keyword != BEEP_MSG);
    assert_int_equal(track_idxp_octets(&p->t, side, f.keyword, f.msgno, 0, f.payload, true, &got), OK);
    if (p->t.fault_n && !md_value(b, "note", 0)) fail_msg("%s: %s: %s", v->file, v->name, p->t.fault[0].text);
}

static size_t run_file(const char *name, enum idxp_dialect dialect)
{
    struct passing p = {.dialect = dialect};
    char path[512];
    snprintf(path, sizeof path, "%s/%s", SOURCE_DIR "/vectors/idxp", name);
    assert_int_equal(track_idxp_init(&p.t, &help_env, dialect, NULL), OK);
    md_file(path, on_vector, &p);
    assert_true(p.n >= 6 && p.start && p.answers);
    track_idxp_done(&p.t);
    return p.data;
}

static void test_transcripts(void **state)
{
    (void)state;
    run_file("transcript.md", IDXP_DRAFT);
    run_file("meant.md", IDXP_DRAFT);
    assert_int_equal(run_file("rfc4767.md", IDXP_RFC),
                     8); /* four greetings with options, and their replies */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scripts),         cmocka_unit_test(test_zero),
        cmocka_unit_test(test_all_were_raised), cmocka_unit_test(test_told),
        cmocka_unit_test(test_crossed_clash),   cmocka_unit_test(test_data_pieces),
        cmocka_unit_test(test_cut_greeting),    cmocka_unit_test(test_declined),
        cmocka_unit_test(test_no_copy),         cmocka_unit_test(test_many_exchanges),
        cmocka_unit_test(test_memory),          cmocka_unit_test(test_transcripts)};
    return cmocka_run_group_tests(tests, help_begin, help_end);
}
