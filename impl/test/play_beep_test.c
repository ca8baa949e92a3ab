/* SPDX-License-Identifier: MIT */
/* The words of BEEP: messages, events, windows, and what the tester does by itself. */
#include "test/play_beep_duel.h"

/* --- what goes right ----------------------------------------------------------------------------- */

static void test_greeting(void **state)
{
    (void)state;
    passes("reach connected\nsend greeting\nexpect greeting profiles=*echo* -> pass\n");
    passes("reach connected\nexpect greeting -> pass\n");
    passes("reach greeted\nexpect silence within 1s -> pass\n");
}

static void test_greeting_fields(void **state)
{
    (void)state;
    gives("reach connected\nexpect greeting profiles=urn:a,urn:b features=x-f localize=en frames=1 channel=0 "
          "-> pass\n",
          "send greeting profiles=urn:a,urn:b features=x-f localize=en\n" IDLE, V_PASS, NULL);
    gives("reach connected\nexpect greeting frames=3 largest=20 -> pass\n",
          "send greeting profiles=\"\" frame=20\n" IDLE, V_PASS, NULL);
    gives("reach connected\nexpect refusal code=421 text=busy -> pass\n", "send refusal text=busy\n" IDLE,
          V_PASS, NULL);
    gives("reach greeted\n" IDLE, "send refusal text=busy\n" IDLE, V_INCONC, "421 busy");
}

static void test_channel_echo(void **state)
{
    (void)state;
    passes("reach channel\nsend msg body=hello\nexpect rpy body=hello same=yes channel=1 msgno=1 frames=1 -> "
           "pass\n");
    passes("reach channel\nsend msg type=text/plain body=hello\nexpect rpy type=text/plain body=hello -> "
           "pass\n");
    passes("reach channel\nsend msg body=one\nsend msg body=two\nexpect rpy msgno=1 body=one -> next\nexpect "
           "rpy msgno=2 body=two -> pass\n");
}

static void test_channels_by_hand(void **state)
{
    (void)state;
    passes("reach greeted\nsend start number=5\nexpect profile uri=$PROFILE asked=start number=5 -> next\n"
           "send start number=7 profile=urn:none profile=$PROFILE\nexpect profile uri=$PROFILE number=7 -> "
           "next\n"
           "send msg channel=7 body=x\nexpect rpy channel=7 -> next\n"
           "send close number=7\nexpect ok asked=close number=7 -> next\n"
           "send msg body=y\nexpect rpy channel=5 -> pass\n");
}

static void test_declined(void **state)
{
    (void)state;
    gives("reach greeted\nsend start number=1 profile=urn:none\nexpect error code=550 keyword=ERR "
          "asked=start -> pass\n",
          "do hold\nexpect start number=1 profiles=urn:none -> next\nsend error code=550 text=no\n" IDLE,
          V_PASS, NULL);
    gives("reach channel\n" IDLE, "do hold\nexpect start -> next\nsend error code=554 text=never\n" IDLE,
          V_INCONC, "554 never");
}

static void test_large(void **state)
{
    (void)state;
    passes("reach channel\nsend msg pattern=200000\nexpect rpy same=yes size=200002 within 10s -> pass\n");
    passes("reach channel\nsend msg fill=0x41 size=3 frame=1\nexpect rpy body=AAA -> pass\n");
}

static void test_windows(void **state)
{
    (void)state;
    /* without our SEQ the reply stops at 4,096 octets, and goes on when there is one */
    passes("reach channel\ndo no-seq\nsend msg size=9000\nexpect response size=4096 more=\"*\" -> "
           "next\nexpect silence within 1s -> next\n"
           "send seq window=100\nexpect response seqno=4096 size=100 more=\"*\" -> next\ndo seq\nexpect rpy "
           "size=9002 same=yes -> pass\n");
    gives("reach channel\nsend msg size=9000\nexpect any -> pass\n", "do no-seq\n" IDLE, V_INCONC,
          "grants no window on channel 1: 4906 octets");
    /* each window comes in time, and all of them together take longer than one may */
    gives("reach channel\nsend msg size=9000\nexpect any -> pass\n",
          "do no-seq\nexpect request more=\"*\" -> next\nexpect silence within 2s -> next\nsend seq channel=1 window=4096\n"
          "expect request more=\"*\" -> next\nexpect silence within 2s -> next\nsend seq channel=1 window=4096\n" IDLE,
          V_PASS, NULL);
    gives_listener("reach channel\nsend msg size=9000 window=ignore\n" IDLE,
                   "do no-seq\nexpect request size=9002 more=. -> pass\n", V_PASS, NULL);
}

static void test_segments_by_hand(void **state)
{
    (void)state;
    passes("reach channel\nsend msg body=ab more=yes\nsend msg body=cd\nexpect rpy body=abcd same=yes -> "
           "pass\n");
    passes("reach channel\nsend msg body=ab more=yes\nsend start number=3\nexpect profile number=3 -> "
           "next\nsend msg body=\"\" channel=1\n"
           "expect rpy body=ab -> pass\n");
}

static void test_answers(void **state)
{
    (void)state;
    gives("reach channel\nsend msg body=x\nexpect ans ansno=1 body=BB frames=2 -> next\nexpect ans ansno=0 "
          "body=AA -> next\nexpect nul -> pass\n",
          "expect start -> next\ndo hold\nexpect msg body=x -> next\nsend ans ansno=0 body=A more=yes\nsend "
          "ans ansno=1 body=B more=yes\n"
          "send ans ansno=1 body=B\nsend ans ansno=0 body=A\nsend nul\n" IDLE,
          V_PASS, NULL);
}

/* Once is all: what was declined before its end is not answered at its end again. */
static void test_early_reply(void **state)
{
    (void)state;
    gives("reach channel\nsend msg body=ab more=yes\nexpect err -> next\nsend msg body=\"\"\n"
          "expect silence within 1s -> pass\nor response -> fail \"answered twice\"\n",
          "expect request channel=1 -> next\nsend err\n" IDLE, V_PASS, NULL);
}

/* A slow peer is not a silent one: each piece has its time.  A trickle comes to an end all the same, and nobody is blamed for it. */
static void test_trickle(void **state)
{
#define PIECE     "send rpy body=x more=yes\nexpect tls-failed within 2s -> next\nor silence -> next\n"
#define PIECES(x) x x x x x
#define HOLDS     "expect start -> next\ndo hold\nexpect msg -> next\n"
    static const char judge[] = "reach channel\nsend msg body=q\nexpect rpy frames=6 -> pass\nor silence -> fail \"deaf\"\n";
    (void)state;
    gives(judge, HOLDS PIECES(PIECE) "send rpy body=y\n" IDLE, V_PASS, NULL);
    gives(judge, HOLDS PIECES(PIECE) IDLE, V_FAIL, "deaf (got silence for 3.0 s)");
    gives(judge, HOLDS PIECES(PIECES(PIECE)) IDLE, V_INCONC, "under way for 30.0 s");
    /* an empty frame is no piece of anything */
    gives(judge, HOLDS "send rpy body=x more=yes\n" PIECES(PIECES("expect silence within 2s -> next\nsend rpy body=\"\" more=yes\n")) IDLE, V_FAIL, "deaf");
    /* on the way to a state, too: a greeting in pieces is no event */
#define WAIT "expect tls-failed within 2s -> next\nor silence -> next\n"
#define PART(from, n, text) "raw \"RPY 0 0 * " from " " n "\\r\\n" text "END\\r\\n\"\n" WAIT
    static const char slow[] = "do no-greeting\n" PART("0", "38", "Content-Type: application/beep+xml\\r\\n\\r\\n") PART("38", "5", "<gree") PART("43", "5", "ting ");
    char all[1000];
    snprintf(all, sizeof all, "%sraw \"RPY 0 0 . 48 4\\r\\n/>\\r\\nEND\\r\\n\"\n" IDLE, slow);
    gives("reach greeted\nexpect silence within 1s -> pass\n", all, V_PASS, NULL);
    snprintf(all, sizeof all, "%s" IDLE, slow);
    gives("reach greeted\nexpect silence within 1s -> pass\n", all, V_INCONC, "silent for 3.0 s");
}

static void test_release(void **state)
{
    (void)state;
    passes("reach released\nexpect fin -> pass\n");
    passes("reach channel\nsend close number=0\nexpect ok asked=release -> next\nexpect close -> pass\n");
    gives("reach released\n" IDLE,
          "do hold\nexpect close-request number=0 code=200 -> next\nsend error code=550 text=stay\n" IDLE,
          V_INCONC, "550 stay");
}

static void test_ok_waits(void **state)
{
    (void)state;
    /* the listener has a MSG of its own under way on the channel that the initiator wants to close: its ok
     * comes behind the reply */
    struct duel d;
    begin(&d);
    fight(&d,
          "reach channel\ndo hold\nexpect msg body=q -> next\nsend close number=1\nexpect silence within 1s "
          "-> next\nsend rpy body=a\n"
          "expect ok asked=close -> pass\n",
          "reach channel\nsend msg body=q\nexpect rpy -> next\n" IDLE, 0);
    is(&d, 0, V_PASS, NULL);
    spotless(&d);
    end(&d);
}

/* --- an initiator under test --------------------------------------------------------------------- */

static void test_busy_initiator(void **state)
{
    (void)state;
    /* what it does of its own accord is answered, and passed over */
    struct duel d;
    begin(&d);
    fight(&d,
          "reach channel\nsend msg body=one\nexpect rpy same=yes -> next\nsend close number=1\nexpect ok -> "
          "next\nsend start number=3\n"
          "expect profile -> next\nsend msg channel=3 pattern=20000\nexpect rpy same=yes -> next\nexpect "
          "silence within 5s -> pass\n",
          "reach greeted\nexpect silence within 10s -> pass\n", 1);
    is(&d, 1, V_PASS, NULL);
    is(&d, 0, V_PASS, NULL);
    spotless(&d);
    assert_string_equal(d.beep[1].learned_profile, BEEP_URI_ECHO);
    end(&d);
}

/* A peer that leaves when it is through loses no case that does not ask about it. */
static void test_own_accord(void **state)
{
    (void)state;
    const char *wait = "reach greeted\nexpect rpy -> pass\n", *ask = "reach greeted\nexpect close -> pass\n";
    gives_listener("reach released\ndo close\n" IDLE, wait, V_INCONC, "of its own accord");
    gives_listener("reach greeted\ndo close\n" IDLE, wait, V_INCONC, "of its own accord");
    gives_listener("reach greeted\nexpect silence within 1s -> next\ndo reset\n" IDLE, wait, V_INCONC,
                   "of its own accord");
    gives_listener("reach released\ndo close\n" IDLE, ask, V_PASS, NULL);
    gives_listener("reach greeted\ndo close\n" IDLE, ask, V_PASS, NULL);
    /* it owes an answer, or was made to */
    gives_listener("reach greeted\ndo hold\nexpect start -> next\ndo close\n" IDLE,
                   "reach greeted\nsend start\nexpect error -> pass\n", V_FAIL, "got fin");
    gives_listener("reach greeted\nexpect bad -> next\ndo close\n" IDLE,
                   "reach greeted\nraw x\nexpect rpy -> pass\n", V_FAIL, "got fin");
    gives_listener("reach greeted\nexpect seq window=1 -> next\ndo close\n" IDLE,
                   "reach greeted\nsend seq channel=0 ackno=0 window=1\nexpect rpy -> pass\n", V_FAIL,
                   "got fin");
    gives("reach greeted\nexpect rpy -> pass\n", "reach greeted\ndo close\n" IDLE, V_FAIL, "got fin");
    gives("reach greeted\nexpect rpy -> pass\n", "reach released\n" IDLE, V_INCONC, "of its own accord");
}

/* A start that the window does not hold goes out in pieces: a peer may grant as little as it likes (3081 3.1.3). */
static void test_starts_in_small_windows(void **state)
{
    (void)state;
    static const char grudge[] = "do no-seq\nreach greeted\nexpect request more!=. -> next\nsend seq channel=0 window=5\nexpect request size=5 more!=. -> next\n"
                                 "send seq channel=0 window=5\nexpect request size=5 more!=. -> pass\n";
    gives_listener("reach greeted\ndo channels count=60 profile=$PROFILE\n" IDLE, grudge, V_PASS, NULL);
    gives_listener("reach greeted\ndo channels count=30 profile=$PROFILE\nexpect channels -> next\nreach channel profile=$PROFILE\n" IDLE, grudge, V_PASS, NULL);
    gives("reach greeted\ndo channels count=30 profile=$PROFILE\nexpect channels accepted=30 -> next\nreach channel profile=$PROFILE\nsend msg body=q\n"
          "expect rpy same=yes -> pass\n",
          "do no-seq\nreach greeted\nexpect request more!=. -> next\ndo seq channel=0 window=9000\n" IDLE, V_PASS, NULL);
}

/* What a case calls a failure is none when the peer released the session, which is its right; without a release it is. */
static void test_right_to_leave(void **state)
{
    (void)state;
    const char *fails = "reach greeted\nexpect rpy -> pass\nor close -> fail \"ended\"\nor silence -> fail \"deaf\"\n";
    const char *wrong = "reach greeted\nsend mgmt xml=\"<x />\"\nexpect error -> next\nexpect silence -> pass\nor close -> fail \"ended\"\n";
    const char *never = "reach greeted\nnever close -> weak \"ended\"\nexpect rpy -> pass\n";
    gives_listener("reach released\ndo close\n" IDLE, fails, V_INCONC, "of its own accord");
    gives_listener("reach released\n" IDLE, fails, V_INCONC, "of its own accord");
    gives_listener("reach released\ndo close\n" IDLE, never, V_INCONC, "of its own accord");
    gives_listener("reach greeted\ndo close\n" IDLE, fails, V_FAIL, "ended");
    gives_listener("reach greeted\ndo close\n" IDLE, never, V_WEAK, "ended");
    gives_listener("reach greeted\n" IDLE, fails, V_FAIL, "deaf");
    gives("reach greeted\nexpect rpy -> pass\nor close -> fail \"ended\"\n", "reach released\ndo close\n" IDLE, V_INCONC, "of its own accord");
    /* behind something wrong of ours the code says whether it is about that */
    gives_listener("reach greeted\nexpect bad -> next\nsend close number=0\nexpect ok -> next\ndo close\n" IDLE, wrong, V_INCONC, "of its own accord");
    gives_listener("reach greeted\nexpect bad -> next\nsend close number=0 code=500\nexpect ok -> next\ndo close\n" IDLE, wrong, V_FAIL, "ended");
}

static void test_named_initiative(void **state)
{
    (void)state;
    gives_listener("reach channel\nsend msg body=one\n" IDLE,
                   "expect start number=1 profiles=$PROFILE -> next\nexpect msg body=one channel=1 -> pass\n",
                   V_PASS, NULL);
    gives_listener("reach channel\nsend msg body=one\n" IDLE, "reach channel\nexpect msg body=one -> pass\n",
                   V_PASS, NULL);
    gives_listener(
        "do hold\nsend greeting profiles=urn:x\nexpect start number=2 -> next\nsend profile\n" IDLE,
        "reach channel profile=urn:x\nexpect silence within 1s -> pass\n", V_PASS, NULL);
}

/* --- what goes wrong ----------------------------------------------------------------------------- */

static void test_changes(void **state)
{
    static const struct {
        const char *change, *fault;
    } t[] = {{"seqno += 1", "SEQNO_FIRST"},   {"head.keyword=FOO", "KEYWORD"}, {"msgno=x", "MSGNO"},
             {"trailer.word=ENX", "TRAILER"}, {"size += 1", "TRAILER"},        {"drop trailer", NULL},
             {"channel=99", "NO_CHANNEL"},    {"eol=\"\\n\"", "HEAD_EOL"},     {"dup sp2", "BLANKS"}};
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        char mine[300], theirs[200];
        snprintf(mine, sizeof mine, "reach channel\nsend msg body=hello but %s\nsend start number=3\n" IDLE,
                 t[i].change);
        snprintf(theirs, sizeof theirs, "expect bad%s%s -> pass\n", t[i].fault ? " fault=" : "",
                 t[i].fault ? t[i].fault : "");
        gives_listener(mine, theirs, V_PASS, NULL);
    }
}

static void test_payload_changes(void **state)
{
    (void)state;
    /* size follows a changed payload, so that the frame is good and the message is not */
    gives_listener("reach greeted\nsend start number=1 but type.value=text/xml\n" IDLE,
                   "expect bad fault=TYPE channel=0 keyword=MSG -> pass\n", V_PASS, NULL);
    gives("reach greeted\nsend mgmt xml=\"<start\"\nexpect error code=500 -> pass\n", IDLE, V_PASS, NULL);
    gives("reach greeted\nsend mgmt xml=\"<foo />\"\nexpect error code=501 -> pass\n", IDLE, V_PASS, NULL);
    gives_listener("reach channel\nsend msg body=ab but insert body XY\n" IDLE,
                   "expect msg body=XYab -> pass\n", V_PASS, NULL);
}

static void test_no_response(void **state)
{
    (void)state;
    const char *text = "reach greeted\nraw \"FOO 0 1 . 0 0\\r\\nEND\\r\\n\"\nexpect close -> pass\nor "
                       "response -> fail \"answered\"\nor silence -> fail \"kept\"\n";
    gives(text, "expect bad fault=KEYWORD -> next\ndo close\n" IDLE, V_PASS, NULL);
    gives(text, "expect bad fault=KEYWORD -> next\n" IDLE, V_FAIL, "kept");
    gives(text, "expect bad fault=KEYWORD -> next\nsend seq channel=0\ndo close\n" IDLE, V_PASS, NULL);
    gives(text, "expect bad fault=KEYWORD -> next\nsend error msgno=1\n" IDLE, V_FAIL, "");
}

static void test_faults(void **state)
{
    (void)state;
    struct duel d;
    begin(&d);
    fight(&d, "reach channel\nsend msg size=4000\nexpect rpy -> pass\n",
          "expect start -> next\ndo hold\nexpect msg -> next\nsend rpy size=5000 window=ignore\n" IDLE, 0);
    is(&d, 0, V_PASS, NULL);
    assert_int_equal(d.p[0]->faults, 1);
    assert_int_equal(d.p[0]->fault[0].code, BEEP_F_WINDOW);
    assert_true(d.p[0]->fault[0].fail);
    end(&d);
    /* behind a mistake of ours nothing is held against the peer */
    begin(&d);
    fight(&d, "reach channel\nsend msg body=x but seqno += 1\nexpect close -> pass\n",
          "expect start -> next\ndo hold\nexpect bad -> next\nsend rpy msgno=77\ndo close\n" IDLE, 0);
    assert_int_equal(d.p[0]->faults, 0);
    end(&d);
}

static void test_second_end(void **state)
{
    (void)state;
    passes("reach channel\nsecond reach channel\nsecond send msg body=b\nsecond expect rpy body=b -> "
           "next\nsend msg body=a\nexpect rpy body=a -> pass\n");
}

static void test_misuse(void **state)
{
    (void)state;
    gives("reach greeted\nsend nothing\n" IDLE, IDLE, V_ERROR, "unknown message nothing");
    gives("reach nowhere\n" IDLE, IDLE, V_ERROR, "no state called nowhere");
    gives("reach greeted\ndo nothing\n" IDLE, IDLE, V_ERROR, "unknown do nothing");
    gives("reach greeted\nsend msg body=x but foo.bar=1\n" IDLE, IDLE, V_INCONC, "no channel");
    gives("reach channel\nsend msg body=x but foo.bar=1\n" IDLE, IDLE, V_ERROR, "foo");
    gives("reach channel\nsend rpy body=x\n" IDLE, IDLE, V_INCONC, "waits for no reply");
}

static void test_content(void **state)
{
    (void)state;
    gives("reach greeted\nsend start profile=urn:a content=<x/> profile=urn:b content=YQ encoding=base64\n"
          "expect profile uri=urn:a content=c -> pass\n",
          "do hold\nexpect start profiles=urn:a,urn:b content=<x/> -> next\nsend profile content=c\n" IDLE,
          V_PASS, NULL);
    gives("reach greeted\nsend start content=x profile=urn:a\n" IDLE, IDLE, V_ERROR,
          "stands behind its profile");
}

static void test_greeting_is_no_response(void **state)
{
    (void)state;
    gives("reach connected\nexpect response -> fail\nor greeting -> pass\n", "send greeting frame=20\n" IDLE,
          V_PASS, NULL);
}

static void test_parts_begin_anew(void **state)
{
    (void)state;
    passes("reach channel\nsend msg msgno=7 size=10\nexpect rpy frames=1 -> next\nsend msg msgno=7 "
           "size=10\nexpect rpy frames=1 same=yes size=12 -> pass\n");
}

/* An echo of ours waits for the replies that the case holds back, and for what it left unfinished. */
static void test_order(void **state)
{
    (void)state;
    struct duel d;
    begin(&d);
    fight(&d,
          "reach channel\nsend msg body=a\nsend msg body=b\nexpect rpy msgno=1 body=one -> next\nexpect rpy "
          "msgno=2 body=b -> pass\n",
          "expect start -> next\ndo hold\nexpect msg body=a -> next\ndo answer\nexpect msg body=b -> "
          "next\nsend rpy msgno=1 body=o more=yes\n"
          "expect silence within 1s -> next\nsend rpy body=ne\n" IDLE,
          0);
    is(&d, 0, V_PASS, NULL);
    spotless(&d);
    end(&d);
    begin(&d);
    fight(&d,
          "reach channel\nsend msg body=ab more=yes\nexpect msg body=q -> next\nexpect silence within 1s -> "
          "next\nsend msg body=c\n" IDLE,
          "expect start -> next\nexpect request more=\"*\" channel=1 -> next\nsend msg channel=1 "
          "body=q\nexpect silence within 500ms -> next\nexpect rpy body=q -> pass\n",
          1);
    is(&d, 1, V_PASS, NULL);
    spotless(&d);
    end(&d);
}

/* What the initiator finds at the listener: a clause, broken or only weak; CL_NONE-like clause 0: nothing. */
static void finds(const char *initiator, const char *listener, enum clause_id clause, bool fail)
{
    struct duel d;
    bool hit = false;
    begin(&d);
    fight(&d, initiator, listener, 0);
    for (size_t i = 0; i < d.p[0]->faults; i++)
        hit |= clause && d.p[0]->fault[i].clause == clause && d.p[0]->fault[i].fail == fail;
    if (clause ? !hit : d.p[0]->faults != 0) {
        print_error("%s\n", d.p[0]->reason);
        show(d.p[0]);
    }
    assert_true(clause ? hit : d.p[0]->faults == 0);
    end(&d);
}

static void test_closer(void **state)
{
    (void)state;
    const char *greet = "reach greeted\n" IDLE,
               *leave = "reach channel\nsend close number=1\nexpect profile|error|bad|ok -> pass\n";
#define HOLD "expect start -> next\ndo hold\n"
    finds(greet, "send greeting profiles=${SASL}PLAIN,${SASL}X-1_B\n" IDLE, 0, false);
    finds(greet, "send greeting profiles=${SASL}plain\n" IDLE, CL_BEEP_4_1_2, false);
    finds(greet, "send greeting profiles=${SASL}PL*IN\n" IDLE, CL_BEEP_4_1_2, true);
    finds(greet, "send greeting profiles=$SASL\n" IDLE, CL_BEEP_4_1_2, true);
    finds(leave, HOLD "expect close-request -> next\nsend profile uri=urn:x\n" IDLE, CL_BEEP_2_3_1_4_2, true);
    finds(leave, HOLD "expect close-request -> next\nsend ok keyword=ERR\n" IDLE, CL_BEEP_2_3_1_5_3, true);
    finds(leave, HOLD "expect close-request -> next\nsend error\n" IDLE, 0, false);
    finds(leave,
          HOLD "expect close-request -> next\nsend mgmt keyword=ERR xml=\"<error "
               "code='550'>\xc3\xa4</error>\"\n" IDLE,
          0, false);
    finds(leave,
          HOLD
          "expect close-request -> next\nsend mgmt keyword=ERR xml=\"<error code='550'>\xe4</error>\"\n" IDLE,
          CL_BEEP_6_4_5, true);
    const char *big =
        "reach channel\nsend msg body=x\nexpect rpy -> next\nsend msg body=y\nexpect rpy -> pass\n";
    finds(big,
          HOLD "expect msg -> next\nsend rpy body=x\nexpect msg -> next\nexpect silence within 1s -> "
               "next\nsend rpy size=43688 window=ignore\n" IDLE,
          0, false);
    finds(big,
          HOLD "expect msg -> next\nsend rpy body=x\nexpect msg -> next\nexpect silence within 1s -> "
               "next\nsend rpy size=43689 window=ignore\n" IDLE,
          CL_BEEPTCP_3_1_4_1, false);
    /* behind a mistake of ours nothing is looked at any closer, nor at all */
    finds("reach channel\nsend msg body=x but msgno=0001\nexpect rpy -> pass\n",
          HOLD "expect msg -> next\nsend rpy size=5000 window=ignore\n" IDLE, 0, false);
    finds("reach greeted\nsend mgmt xml=\"<start\"\nexpect bad -> pass\n",
          "do hold\nexpect bad -> next\nsend mgmt keyword=ERR xml=\"<error\"\n" IDLE, 0, false);
}

static void test_observed(void **state)
{
    (void)state;
    struct duel d;
    begin(&d);
    fight(
        &d,
        "reach channel\nsend msg pattern=9000\nexpect rpy -> next\nsend close number=1\nexpect ok -> pass\n",
        IDLE, 0);
    is(&d, 0, V_PASS, NULL);
    uint64_t want = SEE(CONNECTION) | SEE(GREETING) | SEE(PROFILE) | SEE(RPY) | SEE(OK) | SEE(SEQ) |
                    SEE(DATA) | SEE(WINDOW) | SEE(SEGMENTED) | SEE(FRAME);
    assert_int_equal(d.beep[0].observed & want, want);
    assert_int_equal(d.beep[0].observed & (SEE(TLS) | SEE(MSG) | SEE(ERROR)), 0);
    assert_string_equal(d.beep[0].learned_profile, BEEP_URI_ECHO);
    assert_int_equal(d.beep[0].learned_mechanisms, SASL_ALL & ~SASL_BIT(SASL_EXTERNAL));
    end(&d);
}

static void test_labels(void **state)
{
    (void)state;
    struct duel d;
    begin(&d);
    bool start = false, seq = false;
    fight(&d, "reach channel\nsend msg size=3000\nexpect rpy -> pass\n", IDLE, 0);
    for (size_t i = 0; i < d.p[1]->rungs; i++) {
        const struct rung *r = &d.p[1]->rung[i];
        start |=
            r->from_peer && strncmp(r->label, "MSG 0 1 . ", 10) == 0 && strstr(r->label, " start number=1");
        seq |= !r->from_peer && strcmp(r->label, "SEQ 1 3002 65536") == 0;
    }
    if (!start || !seq) show(d.p[1]);
    assert_true(start);
    assert_true(seq);
    end(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_greeting),         cmocka_unit_test(test_greeting_fields),
        cmocka_unit_test(test_channel_echo),     cmocka_unit_test(test_channels_by_hand),
        cmocka_unit_test(test_declined),         cmocka_unit_test(test_large),
        cmocka_unit_test(test_windows),          cmocka_unit_test(test_segments_by_hand),
        cmocka_unit_test(test_early_reply),      cmocka_unit_test(test_trickle),
        cmocka_unit_test(test_answers),          cmocka_unit_test(test_release),
        cmocka_unit_test(test_ok_waits),         cmocka_unit_test(test_busy_initiator),
        cmocka_unit_test(test_own_accord),       cmocka_unit_test(test_named_initiative),
        cmocka_unit_test(test_right_to_leave),   cmocka_unit_test(test_starts_in_small_windows),
        cmocka_unit_test(test_changes),          cmocka_unit_test(test_payload_changes),
        cmocka_unit_test(test_no_response),      cmocka_unit_test(test_faults),
        cmocka_unit_test(test_second_end),       cmocka_unit_test(test_misuse),
        cmocka_unit_test(test_content),          cmocka_unit_test(test_greeting_is_no_response),
        cmocka_unit_test(test_parts_begin_anew), cmocka_unit_test(test_order),
        cmocka_unit_test(test_closer),           cmocka_unit_test(test_observed),
        cmocka_unit_test(test_labels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
