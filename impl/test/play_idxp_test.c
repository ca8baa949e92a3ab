/* SPDX-License-Identifier: MIT */
/* The words of IDXP, IDMEF and TUNNEL: two players against each other in memory, one as the tester, the other
 * as a peer that can be told to do anything right or wrong. */
#include "test/play_idxp_duel.h"

/* --- ways ---------------------------------------------------------------------------------------- */

static void test_greetings(void **state)
{
    (void)state;
    passes(true, "reach idxp\nsend idmef\nexpect idxp-ok about=data embedded=no -> pass\n", IDLE, 0);
    passes(true, "reach idxp embed=yes\nsend text\nexpect idxp-ok about=data -> pass\n", IDLE, 0);
    passes(true,
           "reach idxp-channel\nsend idxp-greeting\nexpect idxp-ok about=greeting embedded=no keyword=RPY -> "
           "next\nexpect idxp-greeting role=server -> pass\n",
           IDLE, 0);
    passes(
        true,
        "reach greeted\nsend idxp-greeting embed=yes\nexpect idxp-ok about=greeting embedded=yes -> pass\n",
        IDLE, 0);
    /* an analyzer that opens the connection starts the channel itself */
    passes(true, "reach idxp\n" IDLE, "reach idxp\nexpect silence -> pass\n", 1);
    /* one that listens is called, and greets in turn */
    passes(false, "reach idxp\nexpect silence -> pass\n", IDLE, 0);
    passes(false, "reach data\nexpect data kind=idmef -> pass\n",
           "reach idxp start=no\nsend idmef\nexpect idxp-ok -> next\nsend idmef\n" IDLE, 0);
}

/* The case has a greeting of its own, and the peer greets first. */
static void test_own_greeting(void **state)
{
    (void)state;
    passes(true,
           "reach greeted\nsend start number=1\nexpect profile -> next\nexpect idxp-greeting "
           "-> next\n"
           "expect silence within 1s -> next\nsend idxp-greeting uri=http://x/y\nexpect idxp-ok -> pass\n",
           "never idxp-greeting uri!=http://x/y\nreach greeted\nexpect start -> next\nsend idxp-greeting\n"
           "expect idxp-ok -> next\n" IDLE,
           0);
}

static void test_two_channels(void **state)
{
    (void)state;
    passes(true,
           "reach idxp number=11\nreach idxp number=13\nsend idmef channel=11\nexpect idxp-ok channel=11 -> "
           "next\nsend idmef\nexpect idxp-ok channel=13 -> next\n"
           "send close number=13\nexpect ok -> next\nsend idmef\nexpect idxp-ok channel=11 -> pass\n",
           IDLE, 0);
}

/* --- events -------------------------------------------------------------------------------------- */

/* Behind reach idxp-channel we greet when the case does, and not before. */
static void test_silent_channel(void **state)
{
    (void)state;
    passes(true, "reach idxp-channel\n" IDLE,
           "reach greeted\nexpect start -> next\nnever idxp-greeting\nsend idxp-greeting\nexpect idxp-ok -> "
           "next\n"
           "expect silence within 1s -> pass\n",
           1);
}

/* What a peer sends is seen class by class. */
static void test_seen(void **state)
{
    struct duel d;
    (void)state;
    for (int whole = 0; whole < 2; whole++) {
        begin(&d, IDXP_RFC, true);
        prepare(&d, 0,
                whole ? "reach idxp\nsend idmef sample=whole\n" IDLE
                      : "reach idxp\nsend idmef sample=smallest\n" IDLE, NULL);
        prepare(&d, 1, "expect data valid=yes -> pass\n", NULL);
        carry(&d, 1);
        is(&d, 1, V_PASS, NULL);
        spotless(&d);
        for (int bit = IDXP_SEEN_DECLARATION; bit < IDXP_SEEN_COUNT; bit++) {
            bool small = bit == IDXP_SEEN_DECLARATION || bit == IDXP_SEEN_ALERT;
            if ((d.idxp[1].observed >> bit & 1) != (whole ? bit != IDXP_SEEN_UTF16 : small))
                print_error("bit %d\n", bit);
            assert_int_equal(d.idxp[1].observed >> bit & 1, whole ? bit != IDXP_SEEN_UTF16 : small);
        }
        end(&d);
    }
}

/* A channel that the peer starts meanwhile, and that we greet on by ourselves, is not the one that the case
 * means. */
static void test_current(void **state)
{
    (void)state;
    passes(
        true,
        "reach idxp\nexpect idxp-greeting channel=8 -> next\nexpect silence within 1s -> next\nsend idmef\n"
        "expect idxp-ok channel=1 -> pass\n",
        "reach idxp start=no\nsend idxp-greeting embed=yes number=8 role=server\nexpect idxp-ok channel=8 -> "
        "next\n" IDLE,
        0);
}

static void test_fields(void **state)
{
    (void)state;
    fight(IDXP_RFC, true, SPLIT_WHOLE,
          "reach idxp-channel\nsend idxp-greeting uri=http://a/b fqdn=a.example.org option=channelPriority "
          "priority=5 must=true option=streamType stream=alert external=http://x.example.org/o localize=en "
          "inner=\"<y/>\"\n" IDLE,
          "do no-idxp-greeting\nexpect start -> next\nexpect idxp-greeting role=client uri=http://a/b "
          "fqdn=a.example.org options=\"channelPriority=5!,streamType=alert,http://x.example.org/o\" "
          "valid=yes embedded=no -> pass\n",
          1, V_PASS, NULL, true);
    fight(IDXP_DRAFT, true, SPLIT_WHOLE,
          "reach greeted\nsend idxp-greeting embed=yes ip=10.0.0.27 text=\"<!-- x -->hello\"\n" IDLE,
          "expect start -> next\nexpect idxp-greeting ip=10.0.0.27 text=hello embedded=yes -> pass\n", 1,
          V_PASS, NULL, true);
    passes(true,
           "reach idxp\nsend idmef sample=heartbeat\nexpect idxp-ok -> next\nsend binary\nexpect idxp-ok -> "
           "next\nsend text body=\"hello\"\n" IDLE,
           "expect data kind=idmef heartbeats=1 alerts=0 valid=yes -> next\nexpect data kind=binary size=256 "
           "-> next\nexpect data kind=text type=text/plain body=hello -> pass\n",
           1);
    passes(true,
           "reach idxp\nsend idmef sample=whole\nexpect idxp-ok -> next\nsend idmef sample=smallest\nexpect "
           "idxp-ok -> next\nsend idmef size=100000\n" IDLE,
           "expect data alerts=3 heartbeats=1 valid=yes -> next\nexpect data alerts=1 valid=yes -> "
           "next\nexpect data size=100000 valid=yes -> pass\n",
           1);
    passes(true,
           "reach idxp\nsend idmef encoding=UTF-16BE xml=\"<?xml version='1.0' "
           "encoding='UTF-16'?><IDMEF-Message xml:lang='en'/>\"\nexpect idxp-ok -> next\nsend idmef "
           "encoding=UTF-16LE\nexpect idxp-ok -> pass\n",
           "expect data valid=yes alerts=0 -> next\nexpect data valid=yes alerts=1 -> next\n" IDLE, 0);
}

static void test_mistakes(void **state)
{
    static const struct {
        const char *send, *wants;
    } tries[] = {
        {"idxp-greeting but drop role", "501"},
        {"idxp-greeting but role.value=both", "501"},
        {"idxp-greeting but drop uri", "501"},
        {"idxp-greeting uri=\"a b\"", "553"},
        {"idxp-greeting but drop end", "500"},
        {"idxp-greeting but open.value=\"<IDXP-GREETING\", end.value=\"/>\"", "501"},
        {"idxp-greeting option=x must=true", "504"},
        {"idxp-greeting xml=\"<Option internal='x'/>\"", "501"},
    };
    char a[600], b[400];
    (void)state;
    for (size_t i = 0; i < sizeof tries / sizeof *tries; i++) {
        const char *but = strstr(tries[i].send, " but ");
        snprintf(a, sizeof a,
                 "reach idxp-channel\nsend %s\nexpect idxp-error code=%s about=greeting|\"\" keyword=ERR -> "
                 "pass\n",
                 tries[i].send, tries[i].wants);
        fight(IDXP_RFC, true, SPLIT_WHOLE, a, IDLE, 0, V_PASS, NULL, false);
        snprintf(b, sizeof b, "%.*s embed=yes%s",
                 but ? (int)(but - tries[i].send) : (int)strlen(tries[i].send), tries[i].send,
                 but ? but : "");
        snprintf(a, sizeof a,
                 "reach greeted\nsend %s\nexpect idxp-error code=%s embedded=yes keyword=RPY -> pass\n", b,
                 tries[i].wants);
        fight(IDXP_RFC, true, SPLIT_WHOLE, a, IDLE, 0, V_PASS, NULL, false);
    }
    fight(IDXP_RFC, true, SPLIT_WHOLE,
          "reach idxp\nsend idmef but drop classification\nexpect idxp-error code=501 about=data -> pass\n",
          IDLE, 0, V_PASS, NULL, false);
    fight(IDXP_RFC, true, SPLIT_WHOLE,
          "reach idxp\nsend idmef but swap analyzer time\nexpect idxp-error code=501 about=data -> "
          "next\nsend idmef but drop end\nexpect idxp-error code=500 -> pass\n",
          IDLE, 0, V_PASS, NULL, false);
    /* what BEEP's words do not have is told */
    fight(IDXP_RFC, true, SPLIT_WHOLE, "reach greeted\nsend start but drop role\nexpect silence -> pass\n",
          IDLE, 0, V_ERROR, "no", false);
}

static void test_styles(void **state)
{
    static const char *const styles[] = {"cdata", "escaped", "base64", "spaced"};
    char a[200];
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        snprintf(a, sizeof a,
                 "reach greeted\nsend idxp-greeting embed=yes style=%s\nexpect idxp-ok -> pass\n", styles[i]);
        fight(IDXP_DRAFT, true, SPLIT_WHOLE, a, IDLE, 0, V_PASS, NULL, false);
    }
}

/* --- held ---------------------------------------------------------------------------------------- */

static void test_held(void **state)
{
    (void)state;
    passes(true,
           "reach greeted\nsend idxp-greeting embed=yes\nexpect idxp-error code=537 embedded=yes text=no "
           "lang=en -> pass\n",
           "do hold greetings\nexpect idxp-greeting -> next\nsend idxp-error code=537 text=no lang=en\n" IDLE,
           0);
    passes(true,
           "reach idxp-channel\nsend idxp-greeting\nexpect idxp-error code=421 embedded=no keyword=ERR -> "
           "pass\n",
           "do hold greetings\nexpect idxp-greeting -> next\nsend idxp-error code=421\n" IDLE, 0);
    passes(true,
           "reach idxp\nsend idmef\nexpect idxp-error code=450 about=data -> next\nsend idmef\nexpect "
           "idxp-ok -> pass\n",
           "do hold data\nexpect data -> next\nsend idxp-error code=450\ndo answer\n" IDLE, 0);
    /* the first of three by the peer's hand, the others at once */
    passes(true,
           "reach idxp\nsend idmef\nsend text\nsend binary\nexpect idxp-error code=450 -> next\nexpect "
           "idxp-ok -> next\nexpect idxp-ok -> pass\n",
           "do hold data\nexpect data -> next\nexpect data -> next\nexpect data -> next\nsend idxp-error "
           "code=450\ndo rest\n" IDLE,
           0);
    passes(
        true,
        "reach greeted\nsend idxp-greeting embed=yes number=5\nexpect error asked=start code=550 -> pass\n",
        "do hold starts\nexpect start -> next\nsend error code=550\n" IDLE, 0);
    passes(true,
           "reach idxp-channel\nsend idxp-greeting\nexpect idxp-ok -> next\nnever idxp-greeting\nexpect "
           "silence -> pass\n",
           "do no-idxp-greeting\n" IDLE, 0);
}

/* --- faults -------------------------------------------------------------------------------------- */

static void test_faults(void **state)
{
    (void)state;
    finds(IDXP_RFC, "reach idxp\nsend idmef\nexpect idxp-error -> pass\n",
          "do hold data\nexpect data -> next\nsend idxp-error code=200\n" IDLE, 0, "OTHER_CODE");
    finds(IDXP_RFC, "reach idxp-channel\nsend idxp-greeting\nexpect bad|idxp-ok -> pass\n",
          "do hold greetings\nexpect idxp-greeting -> next\nsend idxp-ok but end.value=\">x</ok>\"\n" IDLE, 0,
          "OK_CONTENT");
    finds(IDXP_RFC, "reach idxp\nsend idmef\nexpect idxp-error -> pass\n",
          "do hold data\nexpect data -> next\nsend idxp-error keyword=RPY code=550\n" IDLE, 0, "REPLY");
    finds(IDXP_RFC, "reach idxp-channel\nsend idmef\nexpect idxp-ok|idxp-error -> pass\n",
          "expect data -> pass\n", 1, "HALF_GREETED_RFC");
    finds(IDXP_DRAFT, "reach idxp-channel\nsend idmef\nexpect idxp-ok|idxp-error -> pass\n",
          "expect data -> pass\n", 1, "NO_GREETING");
    finds(IDXP_RFC, "reach idxp-channel\nsend idxp-greeting role=boss\nexpect idxp-ok|idxp-error -> pass\n",
          "expect idxp-greeting -> pass\n", 1, "ROLE");
    finds(IDXP_RFC, "reach idxp-channel\nsend idxp-greeting type=\"\"\nexpect idxp-ok|idxp-error -> pass\n",
          "expect idxp-greeting -> pass\n", 1, "UNTYPED_RFC");
}

/* --- IDMEF of the peer --------------------------------------------------------------------------- */

#define ALERT(attributes) "alert.attributes=\"" attributes "\""
#define TIME(ntp, text)   "time.value=\"<idmef:CreateTime ntpstamp='" ntp "'>" text "</idmef:CreateTime>\""
#define MORE(what)        "additional.value=\"" what "\""
#define DATA(type, inner) MORE("<idmef:AdditionalData type='" type "'>" inner "</idmef:AdditionalData>")

static void test_idmef(void **state)
{
    static const struct {
        const char *change;
        enum clause_id clause;
        bool fail;
    } tries[] = {
        {"drop decl", CL_IDMEF_3_1_1_1_1, false},
        {"decl.value=\"<?xml version='1.0'?>\"", CL_IDMEF_3_1_1_1_2, false},
        {"root.attributes=\" version='1.0' xmlns:idmef='http://iana.org/idmef'\"", CL_IDMEF_3_1_3_1, false},
        {"root.attributes=\" version='2.0' xmlns:idmef='http://iana.org/idmef' xml:lang='en'\"",
         CL_IDMEF_4_2_1_2, true},
        {"drop classification", CL_IDMEF_4_2_2_1, true},
        {"drop end", CL_IDMEF_6_1_1, true},
        {"classification.value=\"<idmef:Classification/>\"", CL_IDMEF_4_2_4_2_1, true},
        {"source.value=\"<idmef:Source spoofed='maybe'/>\"", CL_IDMEF_3_2_5_1, true},
        {"classification.value=\"<idmef:Classification text='a'/><idmef:Assessment><idmef:Impact "
         "severity='worst'/></idmef:Assessment>\"",
         CL_IDMEF_4_2_6_1_1, true},
        {"source.value=\"<idmef:Source><x/></idmef:Source>\"", CL_IDMEF_8_1, false},
        {"source.value=\"<idmef:Source><idmef:Node><idmef:location>l</idmef:location></idmef:Node></"
         "idmef:Source>\"",
         CL_IDMEF_4_2_7_2_1, true},
        {"source.value=\"<x:y xmlns:x='http://x.example.org/'/>\"", CL_IDMEF_5_2_4, true},
        {TIME("0xc25bb714.0x0", "2003-5-01T15:09:08Z"), CL_IDMEF_3_2_6_1, true},
        {TIME("0xc25bb714.0x0", "2003-13-01T15:09:08Z"), CL_IDMEF_3_2_6_1, true},
        {TIME("0xc25bb714.0x0", "2003-05-01T15:9:08Z"), CL_IDMEF_3_2_6_3, true},
        {TIME("0xc25bb714.0x0", "2003-05-01T15:09:08"), CL_IDMEF_3_2_6_8, true},
        {TIME("0xc25bb714.0x0", "2003-05-01T15:09:08+02"), CL_IDMEF_3_2_6_9, true},
        {TIME("0xc25bb714.0x0", "2003-05-01T15:09:08+02"), CL_IDMEF_3_2_6_10, true},
        {TIME("0xc25b3a30.0x0", "2003-04-30T24:00:00Z"), CL_IDMEF_3_2_6_4, false},
        {TIME("0xc25bb714.0x0", "2003-05-01T15:09:11Z"), CL_IDMEF_4_2_5_3, false},
        {TIME("0x025bb714.0x0", "2003-05-01T15:09:08Z"), CL_IDMEF_6_4_2, true},
        {TIME("c25bb714", "2003-05-01T15:09:08Z"), CL_IDMEF_3_2_7_1, true},
        {"time.value=\"<idmef:CreateTime>2003-05-01T15:09:08Z</idmef:CreateTime>\"", CL_IDMEF_4_2_5_1, true},
        {"analyzer.value=\"<idmef:Analyzer/>\"", CL_IDMEF_4_2_4_1_2, true},
        {"analyzer.value=\"<idmef:Analyzer analyzerid='0'/>\"", CL_IDMEF_4_2_4_1_2, true},
        {"classification.value=\"<idmef:Classification text='x'><idmef:Reference origin='cve' "
         "meaning='m'><idmef:name>n</idmef:name><idmef:url>u</idmef:url></idmef:Reference></"
         "idmef:Classification>\"",
         CL_IDMEF_4_2_7_1_2, false},
        {"source.value=\"<idmef:Source><idmef:Node><idmef:Address "
         "category='ipv4-addr'><idmef:address>1.2.3</idmef:address></idmef:Address></idmef:Node></"
         "idmef:Source>\"",
         CL_IDMEF_4_2_7_2_1_2, false},
        {DATA("integer", "<idmef:integer>seven</idmef:integer>"), CL_IDMEF_3_2_1_1, true},
        {DATA("string", "<idmef:integer>7</idmef:integer>"), CL_IDMEF_4_2_4_6_1, false},
        {DATA("byte-string", "<idmef:byte-string>***</idmef:byte-string>"), CL_IDMEF_3_2_4_1, true},
        {DATA("portlist", "<idmef:portlist>1,,2</idmef:portlist>"), CL_IDMEF_3_2_8_1, true},
        {DATA("real", "<idmef:real>pi</idmef:real>"), CL_IDMEF_3_2_2_1, true},
        {DATA("xmltext", "<idmef:xmltext><y/></idmef:xmltext>"), CL_IDMEF_5_2_3, false},
        {MORE("<idmef:Assessment><idmef:Confidence rating='high'>0.5</idmef:Confidence></idmef:Assessment>"),
         CL_IDMEF_4_2_6_3_1, false},
        {MORE("<idmef:Assessment><idmef:Confidence>7</idmef:Confidence></idmef:Assessment>"),
         CL_IDMEF_4_2_6_3_1, false},
    };
    char text[1000];
    (void)state;
    for (size_t i = 0; i < sizeof tries / sizeof *tries; i++) {
        struct duel d;
        const struct play_fault *found = NULL;
        begin(&d, IDXP_RFC, true);
        snprintf(text, sizeof text, "reach idxp\nsend idmef but %s\nexpect idxp-ok|idxp-error -> pass\n",
                 tries[i].change);
        prepare(&d, 0, text, NULL);
        prepare(&d, 1, "expect data -> pass\n", NULL);
        carry(&d, 1);
        for (size_t k = 0; k < d.p[1]->faults; k++)
            if (d.p[1]->fault[k].clause == tries[i].clause) found = &d.p[1]->fault[k];
        if (!found || found->fail != tries[i].fail) {
            print_error("%s: no %s\n", tries[i].change, clauses[tries[i].clause].id);
            show(d.p[1]);
        }
        assert_non_null(found);
        assert_int_equal(found->fail, tries[i].fail);
        end(&d);
    }
}

/* The ids of one session: what is the same may come again, what differs may not. */
static void test_idmef_ids(void **state)
{
    (void)state;
    passes(true, "reach idxp\nsend idmef\nexpect idxp-ok -> next\nsend idmef\nexpect idxp-ok -> pass\n",
           "expect data -> next\nexpect data -> pass\n", 1);
    finds(IDXP_RFC,
          "reach idxp\nsend idmef\nexpect idxp-ok -> next\nsend idmef but "
          "classification.value=\"<idmef:Classification text='other'/>\"\nexpect idxp-ok -> pass\n",
          "expect data -> next\nexpect data -> pass\n", 1, "VALUE");
}

/* --- alerts -------------------------------------------------------------------------------------- */

static void test_alerts(void **state)
{
    (void)state;
    passes(true,
           "reach idxp\ndo alerts count=300\nexpect answered sent=300 oks=300 errors=0 order=yes -> pass\n",
           IDLE, 0);
    fight(
        IDXP_RFC, true, SPLIT_WHOLE,
        "reach idxp\ndo alerts count=3 size=200000\nexpect answered sent=3 oks=2 errors=1 code=450 -> pass\n",
        "do hold data\nexpect data -> next\nsend idxp-error code=450\ndo answer\n" IDLE, 0, V_PASS, NULL,
        false);
}

/* --- tunnels ------------------------------------------------------------------------------------- */

static void test_target(void **state)
{
    (void)state;
    passes(true, "reach tunnel\nreach idxp\nsend idmef\nexpect idxp-ok -> pass\n", IDLE, 0);
    passes(true,
           "reach greeted\nsend tunnel\nexpect tunnel-ok embedded=yes -> next\nexpect greeting "
           "profiles!=\"*TUNNEL*\" -> pass\n",
           IDLE, 0);
    passes(true,
           "reach tunnel-channel\nsend tunnel embed=no\nexpect tunnel-ok embedded=no keyword=RPY -> "
           "next\nreach idxp\nsend idmef\nexpect idxp-ok -> pass\n",
           IDLE, 0);
    passes(true,
           "reach greeted\nsend tunnel path=\"fqdn=a.example.org port=604 / ip4=10.0.0.1 port=7 / "
           "here\"\nexpect tunnel-error code=537 text=no -> next\nreach idxp\nsend idmef\nexpect idxp-ok -> "
           "pass\n",
           "do hold tunnels\nexpect start -> next\nexpect tunnel way=fqdn fqdn=a.example.org port=604 hops=3 "
           "path=\"fqdn=a.example.org port=604 / ip4=10.0.0.1 port=7 / here\" -> next\nsend tunnel-error "
           "code=537 text=no\ndo answer\n" IDLE,
           0);
    passes(
        true,
        "reach greeted\nsend tunnel path=\"ip4=10.0.0.1 port=7 / here\" times=3\nexpect tunnel-ok -> pass\n",
        "expect tunnel hops=4 path=\"*ip4=10.0.0.1 port=7 / ip4=10.0.0.1 port=7 / here\" -> next\n" IDLE, 0);
}

static void test_tunnel_mistakes(void **state)
{
    static const char *const tries[] = {
        "tunnel path=\"fqdn=a.example.org\"",        "tunnel path=\"port=604\"",
        "tunnel but insert end \" x='y'\"",          "tunnel path=\"here / here\"",
        "tunnel but open.value=\"<TUNNEL\"",         "tunnel path=\"ip4=1.2.3 port=7\"",
        "tunnel path=\"profile=http://x/y / here\"", "tunnel xml=\"<tunnel>\""};
    char a[300];
    (void)state;
    for (size_t i = 0; i < sizeof tries / sizeof *tries; i++) {
        snprintf(a, sizeof a, "reach greeted\nsend %s\nexpect tunnel-error code=5xx embedded=yes -> pass\n",
                 tries[i]);
        fight(IDXP_RFC, true, SPLIT_WHOLE, a, IDLE, 0, V_PASS, NULL, false);
    }
}

/* An initiator that comes through us. */
static void test_through_us(void **state)
{
    struct duel d;
    (void)state;
    for (int dialect = 0; dialect < 2; dialect++) {
        begin(&d, (enum idxp_dialect)dialect, true);
        d.idxp[1].tunnelled = true;
        prepare(
            &d, 0,
            "reach tunnel path=\"fqdn=target.example.org port=604 / here\"\nreach idxp\nsend idmef\n" IDLE, NULL);
        prepare(&d, 1, "reach idxp\nexpect data -> pass\n", NULL);
        carry(&d, 1);
        is(&d, 1, V_PASS, NULL);
        spotless(&d);
        assert_true(d.idxp[1].observed >> IDXP_SEEN_RENEWED & 1);
        end(&d);
    }
    begin(&d, IDXP_RFC, true);
    d.idxp[1].tunnelled = true;
    prepare(&d, 0,
            "reach greeted\nsend tunnel path=\"fqdn=target.example.org port=604 / here\"\nexpect tunnel-ok "
            "-> next\n" IDLE, NULL);
    prepare(
        &d, 1,
        "reach tunnel-asked\nexpect silence within 1s -> next\nsend tunnel-ok\nexpect greeting -> pass\n", NULL);
    carry(&d, 1);
    is(&d, 1, V_PASS, NULL);
    end(&d);
}

/* Octets behind a tunnel, where nobody begins anew. */
static void test_octets(void **state)
{
    (void)state;
    passes(true,
           "do no-renew\nreach greeted\nsend tunnel path=\"fqdn=a port=7\"\nexpect tunnel-ok -> next\nexpect "
           "octets is=\"login: \" -> next\nraw \"joe\\r\\n\"\nexpect octets is=\"bye\" -> next\nexpect close "
           "-> pass\n",
           "do no-renew\nexpect tunnel -> next\nraw \"login: \"\nexpect octets is=\"joe\\r\\n\" -> next\nraw "
           "\"bye\"\ndo fin\n" IDLE,
           0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_greetings),      cmocka_unit_test(test_own_greeting),
        cmocka_unit_test(test_silent_channel), cmocka_unit_test(test_seen),
        cmocka_unit_test(test_current),        cmocka_unit_test(test_two_channels),
        cmocka_unit_test(test_fields),         cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_styles),         cmocka_unit_test(test_held),
        cmocka_unit_test(test_faults),         cmocka_unit_test(test_alerts),
        cmocka_unit_test(test_idmef),          cmocka_unit_test(test_idmef_ids),
        cmocka_unit_test(test_target),         cmocka_unit_test(test_tunnel_mistakes),
        cmocka_unit_test(test_through_us),     cmocka_unit_test(test_octets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
