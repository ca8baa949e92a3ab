/* SPDX-License-Identifier: MIT */
/* The words of BEEP: two players against each other in memory, each with a scenario of its own.  The one whose verdict counts is the tester, the other is a peer that
 * can be told to do anything right or wrong. */
#include "run/play_beep.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "peer/beep_peer.h"
#include "run/identity.h"
#include "run/net.h"

#define HEAD   "case beep/a/b\ntitle T\nclause BEEP-2.2-4\nagainst x\n"
#define IDLE   "expect tls-failed within 30m -> skip\n" /* a peer that only does what it does by itself */
#define SEE(x) (1ull << BEEP_SEEN_##x)

struct duel {
    struct env env;
    struct net *net;
    struct play_beep_run beep[2]; /* [0] the initiator plays, so a listener is under test */
    struct play_run run[2];
    struct scn_file *file[2];
    struct scn_plan *plan[2];
    struct player *p[2];
    struct sasl_users *users;
    bool never;
};

static struct endpoint *give(void *ctx, int *link, bool *owned)
{
    struct duel *d = ctx;
    *owned = false;
    for (int i = 0; i < PLAY_BEEP_ENDS; i++) {
        if (d->p[1]->e.link[i].state != LINK_IDLE) continue;
        *link = i;
        return &d->p[1]->e;
    }
    return NULL;
}

static bool lookup(void *ctx, const char *name, struct scn_octets *out)
{
    static uint8_t tls[] = BEEP_URI_TLS, sasl[] = BEEP_URI_SASL, echo[] = BEEP_URI_ECHO;
    (void)ctx;
    if (strcmp(name, "TLS") == 0) *out = (struct scn_octets){tls, sizeof tls - 1};
    else if (strcmp(name, "SASL") == 0) *out = (struct scn_octets){sasl, sizeof sasl - 1};
    else if (strcmp(name, "PROFILE") == 0) *out = (struct scn_octets){echo, sizeof echo - 1};
    else return false;
    return true;
}

static void prepare(struct duel *d, int i, const char *body)
{
    char text[4096];
    struct scn_fault fault;
    snprintf(text, sizeof text, HEAD "%s", body);
    err e = scn_parse(&d->env, "t.scn", slice_str(text), &d->file[i], &fault);
    if (e != OK) print_error("%d:%d: %s\n%s", fault.line, fault.column, fault.text, text);
    assert_int_equal(e, OK);
    e = scn_plan(&d->env, d->file[i]->cases[0], 0, lookup, d, &d->plan[i], &fault);
    if (e != OK) print_error("%d:%d: %s\n%s", fault.line, fault.column, fault.text, text);
    assert_int_equal(e, OK);
    d->run[i].proto_run = &d->beep[i];
    d->run[i].split = SPLIT_WHOLE;
    assert_int_equal(player_new(&d->run[i], d->plan[i], &d->p[i]), OK);
}

static void begin(struct duel *d)
{
    char why[100] = "";
    memset(d, 0, sizeof *d);
    env_init(&d->env);
    assert_int_equal(sasl_users_parse(&d->env, SLICE_LIT("alice wonder\n"), "users", &d->users, why, sizeof why), OK);
    for (int i = 0; i < 2; i++) {
        d->beep[i] = (struct play_beep_run){.under_test = i ? TEST_BEEP_INITIATOR : TEST_BEEP_LISTENER,
                                            .no_tls = true,
                                            .echo = true,
                                            .user = "alice",
                                            .password = "wonder",
                                            .users = d->users};
        d->run[i] = (struct play_run){.env = &d->env, .proto = &play_beep, .ends = play_beep_ends, .end_count = PLAY_BEEP_ENDS,
                                      .dial = i ? NULL : "l", .timeout_ms = 3000, .accept_ms = 5000};
    }
}

/* Plays until the side that counts has its verdict. */
static void fight(struct duel *d, const char *initiator, const char *listener, int counts)
{
    prepare(d, 0, initiator);
    prepare(d, 1, listener);
    assert_int_equal(net_mem_new(&d->env, 1000, &d->net), OK);
    assert_int_equal(net_listen(d->net, "l", give, d, NULL, 0, NULL, 0), OK);
    for (int i = 1; i >= 0; i--) {
        assert_int_equal(net_add(d->net, &d->p[i]->e, false), OK);
        d->p[i]->e.ops->tick(&d->p[i]->e, net_now(d->net));
    }
    net_run(d->net, &d->p[counts]->stop, 1000 + 3600 * 1000);
    for (int i = 0; i < 2; i++)
        net_remove(d->net, &d->p[i]->e);
}

static void end(struct duel *d)
{
    net_free(d->net);
    for (int i = 0; i < 2; i++) {
        player_free(d->p[i]);
        scn_plan_free(d->plan[i]);
        scn_file_free(d->file[i]);
    }
    sasl_users_free(d->users);
}

static void show(const struct player *p)
{
    for (size_t i = 0; i < p->rungs; i++)
        print_error("  %s %s%s%s\n", p->rung[i].from_peer ? "<" : ">", p->rung[i].label, p->rung[i].why ? "   !! " : "",
                    p->rung[i].why ? p->rung[i].why : "");
}

static void is(const struct duel *d, int side, enum verdict v, const char *reason)
{
    const struct player *p = d->p[side];
    bool good = p->stop && p->verdict == v && (!reason || strstr(p->reason, reason));
    if (!good) {
        print_error("%s, line %d: %s\n", p->stop ? verdict_names[p->verdict] : "not over", p->line, p->reason);
        show(p);
        print_error("the other: %s: %s\n", verdict_names[d->p[!side]->verdict], d->p[!side]->reason);
    }
    assert_true(good);
}

static void spotless(const struct duel *d)
{
    for (int i = 0; i < 2; i++) {
        for (size_t k = 0; k < d->p[i]->faults; k++)
            print_error("side %d found %s (%s)\n", i, beep_faults[d->p[i]->fault[k].code].name, d->p[i]->fault[k].text);
        if (d->p[i]->faults) show(d->p[i]);
        assert_int_equal(d->p[i]->faults, 0);
    }
}

/* The initiator's scenario passes against a listener that only does what it does by itself, and nobody finds a fault. */
static void passes(const char *text)
{
    struct duel d;
    begin(&d);
    fight(&d, text, IDLE, 0);
    is(&d, 0, V_PASS, NULL);
    spotless(&d);
    end(&d);
}

/* One scenario each; the initiator's verdict, with what its reason holds. */
static void gives(const char *initiator, const char *listener, enum verdict v, const char *reason)
{
    struct duel d;
    begin(&d);
    fight(&d, initiator, listener, 0);
    is(&d, 0, v, reason);
    end(&d);
}

/* The same for the listener. */
static void gives_listener(const char *initiator, const char *listener, enum verdict v, const char *reason)
{
    struct duel d;
    begin(&d);
    fight(&d, initiator, listener, 1);
    is(&d, 1, v, reason);
    end(&d);
}

/* --- what goes right ------------------------------------------------------------------------------------------------------- */

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
    gives("reach connected\nexpect greeting profiles=urn:a,urn:b features=x-f localize=en frames=1 channel=0 -> pass\n",
          "send greeting profiles=urn:a,urn:b features=x-f localize=en\n" IDLE, V_PASS, NULL);
    gives("reach connected\nexpect greeting frames=3 largest=20 -> pass\n", "send greeting profiles=\"\" frame=20\n" IDLE, V_PASS, NULL);
    gives("reach connected\nexpect refusal code=421 text=busy -> pass\n", "send refusal text=busy\n" IDLE, V_PASS, NULL);
    gives("reach greeted\n" IDLE, "send refusal text=busy\n" IDLE, V_INCONC, "421 busy");
}

static void test_channel_echo(void **state)
{
    (void)state;
    passes("reach channel\nsend msg body=hello\nexpect rpy body=hello same=yes channel=1 msgno=1 frames=1 -> pass\n");
    passes("reach channel\nsend msg type=text/plain body=hello\nexpect rpy type=text/plain body=hello -> pass\n");
    passes("reach channel\nsend msg body=one\nsend msg body=two\nexpect rpy msgno=1 body=one -> next\nexpect rpy msgno=2 body=two -> pass\n");
}

static void test_channels_by_hand(void **state)
{
    (void)state;
    passes("reach greeted\nsend start number=5\nexpect profile uri=$PROFILE asked=start number=5 -> next\n"
           "send start number=7 profile=urn:none profile=$PROFILE\nexpect profile uri=$PROFILE number=7 -> next\n"
           "send msg channel=7 body=x\nexpect rpy channel=7 -> next\n"
           "send close number=7\nexpect ok asked=close number=7 -> next\n"
           "send msg body=y\nexpect rpy channel=5 -> pass\n");
}

static void test_declined(void **state)
{
    (void)state;
    gives("reach greeted\nsend start number=1 profile=urn:none\nexpect error code=550 keyword=ERR asked=start -> pass\n",
          "do hold\nexpect start number=1 profiles=urn:none -> next\nsend error code=550 text=no\n" IDLE, V_PASS, NULL);
    gives("reach channel\n" IDLE, "do hold\nexpect start -> next\nsend error code=554 text=never\n" IDLE, V_INCONC, "554 never");
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
    passes("reach channel\ndo no-seq\nsend msg size=9000\nexpect response size=4096 more=\"*\" -> next\nexpect silence within 1s -> next\n"
           "send seq window=100\nexpect response seqno=4096 size=100 more=\"*\" -> next\ndo seq\nexpect rpy size=9002 same=yes -> pass\n");
    gives("reach channel\nsend msg size=9000\nexpect any -> pass\n", "do no-seq\n" IDLE, V_INCONC, "grants no window on channel 1: 4906 octets");
    gives_listener("reach channel\nsend msg size=9000 window=ignore\n" IDLE, "do no-seq\nexpect request size=9002 more=. -> pass\n", V_PASS, NULL);
}

static void test_segments_by_hand(void **state)
{
    (void)state;
    passes("reach channel\nsend msg body=ab more=yes\nsend msg body=cd\nexpect rpy body=abcd same=yes -> pass\n");
    passes("reach channel\nsend msg body=ab more=yes\nsend start number=3\nexpect profile number=3 -> next\nsend msg body=\"\" channel=1\n"
           "expect rpy body=ab -> pass\n");
}

static void test_answers(void **state)
{
    (void)state;
    gives("reach channel\nsend msg body=x\nexpect ans ansno=1 body=BB frames=2 -> next\nexpect ans ansno=0 body=AA -> next\nexpect nul -> pass\n",
          "expect start -> next\ndo hold\nexpect msg body=x -> next\nsend ans ansno=0 body=A more=yes\nsend ans ansno=1 body=B more=yes\n"
          "send ans ansno=1 body=B\nsend ans ansno=0 body=A\nsend nul\n" IDLE,
          V_PASS, NULL);
}

static void test_release(void **state)
{
    (void)state;
    passes("reach released\nexpect fin -> pass\n");
    passes("reach channel\nsend close number=0\nexpect ok asked=release -> next\nexpect close -> pass\n");
    gives("reach released\n" IDLE, "do hold\nexpect close-request number=0 code=200 -> next\nsend error code=550 text=stay\n" IDLE, V_INCONC, "550 stay");
}

static void test_ok_waits(void **state)
{
    (void)state;
    /* the listener has a MSG of its own under way on the channel that the initiator wants to close: its ok comes behind the reply */
    struct duel d;
    begin(&d);
    fight(&d,
          "reach channel\ndo hold\nexpect msg body=q -> next\nsend close number=1\nexpect silence within 1s -> next\nsend rpy body=a\n"
          "expect ok asked=close -> pass\n",
          "reach channel\nsend msg body=q\nexpect rpy -> next\n" IDLE, 0);
    is(&d, 0, V_PASS, NULL);
    spotless(&d);
    end(&d);
}

/* --- an initiator under test ------------------------------------------------------------------------------------------------- */

static void test_busy_initiator(void **state)
{
    (void)state;
    /* what it does of its own accord is answered, and passed over */
    struct duel d;
    begin(&d);
    fight(&d,
          "reach channel\nsend msg body=one\nexpect rpy same=yes -> next\nsend close number=1\nexpect ok -> next\nsend start number=3\n"
          "expect profile -> next\nsend msg channel=3 pattern=20000\nexpect rpy same=yes -> next\nexpect silence within 5s -> pass\n",
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
    gives_listener("reach greeted\nexpect silence within 1s -> next\ndo reset\n" IDLE, wait, V_INCONC, "of its own accord");
    gives_listener("reach released\ndo close\n" IDLE, ask, V_PASS, NULL);
    gives_listener("reach greeted\ndo close\n" IDLE, ask, V_PASS, NULL);
    /* it owes an answer, or was made to */
    gives_listener("reach greeted\ndo hold\nexpect start -> next\ndo close\n" IDLE, "reach greeted\nsend start\nexpect error -> pass\n", V_FAIL, "got fin");
    gives_listener("reach greeted\nexpect bad -> next\ndo close\n" IDLE, "reach greeted\nraw x\nexpect rpy -> pass\n", V_FAIL, "got fin");
    gives("reach greeted\nexpect rpy -> pass\n", "reach greeted\ndo close\n" IDLE, V_FAIL, "got fin");
    gives("reach greeted\nexpect rpy -> pass\n", "reach released\n" IDLE, V_INCONC, "of its own accord");
}

static void test_named_initiative(void **state)
{
    (void)state;
    gives_listener("reach channel\nsend msg body=one\n" IDLE, "expect start number=1 profiles=$PROFILE -> next\nexpect msg body=one channel=1 -> pass\n",
                   V_PASS, NULL);
    gives_listener("reach channel\nsend msg body=one\n" IDLE, "reach channel\nexpect msg body=one -> pass\n", V_PASS, NULL);
    gives_listener("do hold\nsend greeting profiles=urn:x\nexpect start number=2 -> next\nsend profile\n" IDLE,
                   "reach channel profile=urn:x\nexpect silence within 1s -> pass\n", V_PASS, NULL);
}

/* --- what goes wrong --------------------------------------------------------------------------------------------------------- */

static void test_changes(void **state)
{
    static const struct {
        const char *change, *fault;
    } t[] = {{"seqno += 1", "SEQNO_FIRST"},
             {"head.keyword=FOO", "KEYWORD"},
             {"msgno=x", "MSGNO"},
             {"trailer.word=ENX", "TRAILER"},
             {"size += 1", "TRAILER"},
             {"drop trailer", NULL},
             {"channel=99", "NO_CHANNEL"},
             {"eol=\"\\n\"", "HEAD_EOL"},
             {"dup sp2", "BLANKS"}};
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        char mine[300], theirs[200];
        snprintf(mine, sizeof mine, "reach channel\nsend msg body=hello but %s\nsend start number=3\n" IDLE, t[i].change);
        snprintf(theirs, sizeof theirs, "expect bad%s%s -> pass\n", t[i].fault ? " fault=" : "", t[i].fault ? t[i].fault : "");
        gives_listener(mine, theirs, V_PASS, NULL);
    }
}

static void test_payload_changes(void **state)
{
    (void)state;
    /* size follows a changed payload, so that the frame is good and the message is not */
    gives_listener("reach greeted\nsend start number=1 but type.value=text/xml\n" IDLE, "expect bad fault=TYPE channel=0 keyword=MSG -> pass\n", V_PASS, NULL);
    gives("reach greeted\nsend mgmt xml=\"<start\"\nexpect error code=500 -> pass\n", IDLE, V_PASS, NULL);
    gives("reach greeted\nsend mgmt xml=\"<foo />\"\nexpect error code=501 -> pass\n", IDLE, V_PASS, NULL);
    gives_listener("reach channel\nsend msg body=ab but insert body XY\n" IDLE, "expect msg body=XYab -> pass\n", V_PASS, NULL);
}

static void test_no_response(void **state)
{
    (void)state;
    const char *text = "reach greeted\nraw \"FOO 0 1 . 0 0\\r\\nEND\\r\\n\"\nexpect close -> pass\nor response -> fail \"answered\"\nor silence -> fail \"kept\"\n";
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
    passes("reach channel\nsecond reach channel\nsecond send msg body=b\nsecond expect rpy body=b -> next\nsend msg body=a\nexpect rpy body=a -> pass\n");
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

/* --- tuning ------------------------------------------------------------------------------------------------------------------ */

static void test_sasl(void **state)
{
    static const char *const mechanisms[] = {"PLAIN", "CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256", "DIGEST-MD5", "ANONYMOUS"};
    (void)state;
    for (size_t i = 0; i < sizeof mechanisms / sizeof *mechanisms; i++) {
        char text[400];
        snprintf(text, sizeof text, "reach greeted\ndo sasl %s\nexpect authenticated mechanism=%s -> next\nreach channel\nsend msg body=x\nexpect rpy -> pass\n",
                 mechanisms[i], mechanisms[i]);
        passes(text);
        snprintf(text, sizeof text, "reach greeted\ndo sasl %s embed=no\nexpect authenticated -> pass\n", mechanisms[i]);
        passes(text);
    }
    passes("reach authenticated\nreach channel\nsend msg body=x\nexpect rpy -> pass\n");
    passes("reach authenticated mechanism=CRAM-MD5\nexpect silence within 1s -> pass\n");
    gives("reach greeted\ndo sasl PLAIN wrong=yes\nexpect not-authenticated code=535 -> pass\n", IDLE, V_PASS, NULL);
    gives("reach greeted\ndo sasl SCRAM-SHA-1 wrong=yes\nexpect not-authenticated code=535 -> pass\n", IDLE, V_PASS, NULL);
}

static void test_sasl_layer(void **state)
{
    (void)state;
    passes("reach greeted\ndo sasl DIGEST-MD5 qop=int\nexpect authenticated layer=yes -> next\nexpect greeting -> next\nreach channel\n"
           "send msg pattern=20000\nexpect rpy same=yes -> pass\n");
}

static void with_tls(struct duel *d, struct identities **ids)
{
    begin(d);
    assert_int_equal(identities_new(&d->env, RUN_TLS_MODERN, NULL, NULL, ids), OK);
    for (int i = 0; i < 2; i++) {
        d->beep[i].no_tls = false;
        d->beep[i].identity = identities_tester;
        d->beep[i].identity_ctx = *ids;
    }
}

static void tls_gives(const char *initiator, const char *listener, int counts, enum verdict v, bool clean)
{
    struct duel d;
    struct identities *ids;
    with_tls(&d, &ids);
    fight(&d, initiator, listener, counts);
    is(&d, counts, v, NULL);
    if (clean) spotless(&d);
    end(&d);
    identities_free(ids);
}

static void test_tls(void **state)
{
    (void)state;
    tls_gives("reach tls\nreach channel\nsend msg pattern=9000\nexpect rpy same=yes -> pass\n", IDLE, 0, V_PASS, true);
    tls_gives("reach greeted\nsend start profile=$TLS content=\"<ready />\"\nexpect profile inner=proceed uri=$TLS -> next\ndo tls\n"
              "expect tls certificate=yes -> next\nexpect greeting profiles!=*TLS* -> pass\n",
              IDLE, 0, V_PASS, true);
    tls_gives("reach greeted\nsend start profile=$TLS\nexpect profile -> next\nsend ready\nexpect proceed -> next\ndo tls\nexpect tls -> pass\n", IDLE, 0, V_PASS,
              true);
    tls_gives("reach tls\nreach authenticated\nexpect silence within 1s -> pass\n", IDLE, 0, V_PASS, true);
    tls_gives("reach tls\n" IDLE, "do hold\nexpect start inner=ready -> next\nsend profile content=\"<error code='501' />\"\n" IDLE, 0, V_INCONC, false);
    tls_gives("reach tls\nreach channel\n" IDLE, "reach tls\nexpect start -> pass\n", 1, V_PASS, true);
}

/* An initiator that asks for TLS by itself is let have it: what a case is about lies behind. */
static void test_wants_tls(void **state)
{
    struct duel d;
    struct identities *ids;
    (void)state;
    with_tls(&d, &ids);
    d.beep[1].learned_wants_tls = true;
    fight(&d, "reach tls\nreach channel\n" IDLE, "reach greeted\nexpect start profiles=$PROFILE -> pass\n", 1);
    is(&d, 1, V_PASS, NULL);
    assert_true((d.beep[1].observed & (SEE(TLS) | SEE(READY) | SEE(HELLO))) == (SEE(TLS) | SEE(READY) | SEE(HELLO)));
    end(&d);
    identities_free(ids);
}

static void test_observed(void **state)
{
    (void)state;
    struct duel d;
    begin(&d);
    fight(&d, "reach channel\nsend msg pattern=9000\nexpect rpy -> next\nsend close number=1\nexpect ok -> pass\n", IDLE, 0);
    is(&d, 0, V_PASS, NULL);
    uint64_t want = SEE(CONNECTION) | SEE(GREETING) | SEE(PROFILE) | SEE(RPY) | SEE(OK) | SEE(SEQ) | SEE(DATA) | SEE(WINDOW) | SEE(SEGMENTED) | SEE(FRAME);
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
        start |= r->from_peer && strncmp(r->label, "MSG 0 1 . ", 10) == 0 && strstr(r->label, " start number=1");
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
        cmocka_unit_test(test_greeting),         cmocka_unit_test(test_greeting_fields),  cmocka_unit_test(test_channel_echo),
        cmocka_unit_test(test_channels_by_hand), cmocka_unit_test(test_declined),         cmocka_unit_test(test_large),
        cmocka_unit_test(test_windows),          cmocka_unit_test(test_segments_by_hand), cmocka_unit_test(test_answers),
        cmocka_unit_test(test_release),          cmocka_unit_test(test_ok_waits),         cmocka_unit_test(test_busy_initiator),
        cmocka_unit_test(test_named_initiative), cmocka_unit_test(test_changes),          cmocka_unit_test(test_payload_changes),
        cmocka_unit_test(test_no_response),      cmocka_unit_test(test_faults),           cmocka_unit_test(test_second_end),
        cmocka_unit_test(test_misuse),           cmocka_unit_test(test_sasl),             cmocka_unit_test(test_sasl_layer),
        cmocka_unit_test(test_tls),              cmocka_unit_test(test_wants_tls),        cmocka_unit_test(test_observed),
        cmocka_unit_test(test_labels),           cmocka_unit_test(test_own_accord),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
