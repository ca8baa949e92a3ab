/* SPDX-License-Identifier: MIT */
/* The words of scenarios about opportunistic encryption: what is asked of an adapter, and what its answers
 * are as events. */
#include "test/play_oe_rig.h"

static char asked[32768];

/* --- a parser --------------------------------------------------------------------------------- */

static void parser(struct rig *r, const char *body, const char *answer, enum verdict v, const char *reason)
{
    rig_play(r, body);
    if (answer) rig_says(r, answer);
    rig_is(r, v, reason);
}

static void test_record(void **state)
{
    struct rig r;
    (void)state;
    rig_open(&r, "oe-parser", "rfc");
    rig_play(&r, "send record text=\"AB\"\nexpect result status=ignore -> pass\n");
    assert_string_equal(rig_asked(&r, asked, sizeof asked), "{\"id\":\"1\",\"rdata_hex\":\"024142\"}\n");
    rig_says(&r, "{\"id\":\"1\",\"status\":\"ignore\"}");
    rig_is(&r, V_PASS, NULL);
    /* ids go on through the run */
    rig_play(&r, "send key key=\"AwE=\"\nexpect result status=malformed -> pass\n");
    assert_string_equal(rig_asked(&r, asked, sizeof asked),
                        "{\"id\":\"2\",\"type\":\"KEY\",\"rdata_hex\":\"420004010301\"}\n");
    rig_says(&r, "{\"id\":\"1\",\"status\":\"ok\"}"); /* a straggler of the case before */
    assert_false(r.p->stop);
    rig_says(&r, "{\"id\":\"2\",\"status\":\"malformed\"}");
    rig_is(&r, V_PASS, NULL);
    rig_play(&r, "send master type=TXT text=\"\\\"a\\\"\"\nexpect result -> pass\n");
    assert_string_equal(rig_asked(&r, asked, sizeof asked),
                        "{\"id\":\"3\",\"type\":\"TXT\",\"text\":\"\\\"a\\\"\"}\n");
    rig_close(&r);
}

static void test_result_fields(void **state)
{
    struct rig r;
    (void)state;
    rig_open(&r, "oe-parser", "rfc");
    parser(&r,
           "send record text=a\nexpect result status=ok precedence=10 type=ipv4 gateway=192.1.1.5 key=other "
           "exponent=03 modulus=b6be bits=16 -> pass\n",
           "{\"id\":\"1\",\"status\":\"ok\",\"precedence\":10,\"gateway_type\":\"ipv4\",\"gateway\":\"192.1."
           "1.5\",\"key\":{\"exponent_hex\":\"0003\",\"modulus_hex\":\"00B6BE\"}}",
           V_PASS, NULL);
    parser(
        &r,
        "send record text=a\nexpect result type=fqdn gateway=sg.example.org key=none exponent=\"\" -> pass\n",
        "{\"id\":\"2\",\"status\":\"ok\",\"precedence\":10,\"gateway_type\":\"fqdn\",\"gateway\":\"SG."
        "Example.org.\",\"key\":null}",
        V_PASS, NULL);
    parser(&r, "send record text=a\nexpect result type=ipv6 gateway=2001:db8::1 -> pass\n",
           "{\"id\":\"3\",\"status\":\"ok\",\"precedence\":65536,\"gateway_type\":\"ipv6\",\"gateway\":"
           "\"2001:0DB8:0::1\",\"key\":null}",
           V_PASS, NULL);
    parser(&r, "send record text=a\nexpect result status=malformed -> pass\n",
           "{\"id\":\"4\",\"status\":\"ok\",\"key\":null}", V_FAIL, "got rubbish why=ok without precedence");
    rig_close(&r);
}

static void test_key_names(void **state)
{
    struct rig r;
    (void)state;
    rig_open(&r, "oe-parser", "rfc");
    for (int k = 1; k <= 6; k++) { /* what was asked comes back as it is: octets behind "4200" "04" "01",
                                      length, exponent, modulus */
        char body[200], line[4096], *hex;
        snprintf(body, sizeof body, "send key key=$KEY%d\nexpect result key=%d -> pass\nor result -> fail\n",
                 k, k);
        rig_play(&r, body);
        rig_asked(&r, asked, sizeof asked);
        hex = strstr(asked, "42000401");
        assert_non_null(hex);
        hex += 8;
        *strchr(hex, '"') = 0;
        size_t n = (size_t)strtoul((char[]){hex[0], hex[1], 0}, NULL, 16);
        snprintf(
            line, sizeof line,
            "{\"id\":\"%d\",\"status\":\"ok\",\"key\":{\"exponent_hex\":\"%.*s\",\"modulus_hex\":\"%s\"}}", k,
            (int)(2 * n), hex + 2, hex + 2 + 2 * n);
        rig_says(&r, line);
        rig_is(&r, V_PASS, NULL);
    }
    rig_close(&r);
}

#define ASK "send record text=a\n"

static void test_parser_faults(void **state)
{
    static const struct {
        const char *body, *says;
    } wrong[] = {
        {"send recrod text=a\nexpect result -> pass\n",
         "t.scn:5: unknown message recrod; there are record, key and master"},
        {"send record txt=a\nexpect result -> pass\n", "txt= says nothing here; there are text="},
        {"send record text=a hex=00\nexpect result -> pass\n", "one of text="},
        {"send record\nexpect result -> pass\n", "one of text="},
        {"send record hex=0\nexpect result -> pass\n", "odd number of digits"},
        {"send record hex=0g\nexpect result -> pass\n", "digit 2 is not hexadecimal"},
        {"send record text=abc at=4\nexpect result -> pass\n", "at=4: the text has 3 octets"},
        {"send record text=abc at=2 at=1\nexpect result -> pass\n", "ascending"},
        {"send record length=3\nexpect result -> pass\n", "one of text="},
        {"send record length=3 strings=a\nexpect result -> pass\n", "length= belongs behind the strings="},
        {"send record strings=a length=256\nexpect result -> pass\n", "a number up to 255"},
        {"send key flags=65536 key=$KEY1\nexpect result -> pass\n", "flags=65536: a number up to 65535"},
        {"send key flags=0x10000 key=$KEY1\nexpect result -> pass\n", "flags=0x10000: a number up to 65535"},
        {"send key flags=1\nexpect result -> pass\n", "KEY record is said by key="},
        {"send key key=$KEY1 exponent=03\nexpect result -> pass\n", "KEY record is said by key="},
        {"send key key=\"A A\"\nexpect result -> pass\n", "key= is no base64"},
        {"send key exponent=03 modulus=05 form=wide\nexpect result -> pass\n", "there are short and long"},
        {"send key hex=00 flags=1\nexpect result -> pass\n", "hex= is the whole of RDATA"},
        {"send key key=$KEY1 cut=9999\nexpect result -> pass\n", "cut=9999: a number up to"},
        {"send master text=a\nexpect result -> pass\n", "type=TXT or type=KEY"},
        {"send record text=a but drop x\nexpect result -> pass\n", "no pieces"},
        {"reach ready\nexpect result -> pass\n", "a parser needs no reach"},
        {"do policy\nexpect result -> pass\n", "nothing to do with a parser"},
        {"raw x\nexpect result -> pass\n", "raw says nothing here"},
        {"dns expect query -> pass\n", "t.scn:5: there is no end called dns here"},
        {ASK "expect reslut -> pass\n", "t.scn:6: there is no event reslut here; there are result error "
                                        "unsupported rubbish fin reset close refused silence any"},
        {ASK "expect decision -> pass\n", "there is no event decision here"},
        {ASK "expect result|reslut -> pass\n", "there is no event reslut here"},
        {ASK "expect result -> next\nor rubbish status=ok -> pass\n",
         "t.scn:7: rubbish has no field status; it has why"},
        {ASK "expect result status=good -> pass\n", "status=good never comes; there are ok ignore malformed"},
        {ASK "expect result status=ok|good -> pass\n", "status=good never comes"},
        {ASK "expect silence is=x -> pass\n", "silence has no field is; it has none"},
    };
    struct rig r;
    (void)state;
    rig_open(&r, "oe-parser", "draft");
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        parser(&r, wrong[i].body, NULL, V_ERROR, wrong[i].says);
    rig_close(&r);
}

static void test_what_is_no_answer(void **state)
{
    struct rig r;
    (void)state;
    rig_open(&r, "oe-parser", "rfc");
    parser(&r, ASK "expect result -> pass\n", "hello", V_FAIL, "got rubbish why=");
    parser(&r, ASK "expect rubbish -> pass\n", "{\"id\":\"2\"}", V_PASS, NULL);
    parser(&r, ASK "expect result -> pass\n", "{\"id\":\"2000\",\"status\":\"ignore\"}", V_FAIL,
           "an answer to nothing that was asked");
    parser(&r, ASK "expect result -> pass\n", "{\"id\":\"x\",\"status\":\"ignore\"}", V_FAIL,
           "an answer to nothing that was asked");
    parser(&r, ASK "expect result -> pass\n", "{\"id\":\"5\",\"decision\":\"clear\"}", V_FAIL,
           "no answer to record");
    parser(&r, ASK "expect result -> next\nexpect silence within 1s -> pass\n",
           "{\"id\":\"6\",\"status\":\"ignore\"}\n{\"id\":\"6\",\"status\":\"ignore\"}", V_FAIL,
           "answered twice");
    parser(&r, ASK "expect result -> pass\n",
           "{\"id\":\"7\",\"status\":\"unsupported\",\"reason\":\"no such thing\"}", V_SKIP,
           "the adapter does not support record: no such thing");
    parser(&r, ASK "expect unsupported -> pass\n", "{\"id\":\"8\",\"status\":\"unsupported\"}", V_PASS, NULL);
    parser(&r, ASK "expect result -> pass\nor error -> weak \"cannot\"\n",
           "{\"id\":\"9\",\"status\":\"error\",\"reason\":\"why\"}", V_WEAK,
           "cannot (got error about=record reason=why)");
    rig_close(&r);
}

static void test_lines_in_pieces(void **state)
{
    static const char line[] = "\r\n{\"id\":\"1\",\"status\":\"ignore\"}\r\n";
    struct rig r;
    (void)state;
    rig_open(&r, "oe-parser", "rfc");
    rig_play(&r, ASK "expect result status=ignore -> pass\n");
    for (size_t i = 0; i < sizeof line - 1; i++)
        rig_feed(&r, PLAY_OE_ADAPTER, slice_of(line + i, 1));
    rig_is(&r, V_PASS, NULL);
    rig_close(&r);
}

static void test_adapter_ends(void **state)
{
    struct rig r;
    (void)state;
    rig_open(&r, "oe-parser", "rfc");
    rig_play(&r, ASK "expect result -> pass\n");
    r.p->e.ops->ended(&r.p->e, PLAY_OE_ADAPTER, LINK_FIN, r.now);
    rig_is(&r, V_INCONC, "the adapter ended before it answered anything");
    rig_play(&r, ASK "expect result -> next\n" ASK "expect result -> pass\n");
    rig_says(&r, "{\"id\":\"2\",\"status\":\"ignore\"}");
    r.p->e.ops->ended(&r.p->e, PLAY_OE_ADAPTER, LINK_RESET, r.now);
    rig_is(&r, V_FAIL, "the adapter ended");
    rig_play(&r, ASK "expect result -> next\nor close -> pass\n");
    r.p->e.ops->ended(&r.p->e, PLAY_OE_ADAPTER, LINK_FIN, r.now);
    rig_is(&r, V_PASS, NULL);
    rig_play(&r, ASK "expect result -> next\nor silence -> pass\n");
    r.p->e.ops->ended(&r.p->e, PLAY_OE_ADAPTER, LINK_REFUSED, r.now);
    rig_is(&r, V_INCONC, "there is no adapter");
    rig_close(&r);
}

/* --- a gateway -------------------------------------------------------------------------------- */

static void gateway(struct rig *r, const char *dialect)
{
    rig_open(r, "oe-gateway", dialect);
}

static void test_begin(void **state)
{
    struct rig r;
    (void)state;
    gateway(&r, "draft");
    rig_play(&r, "do policy class=paranoid for=192.0.2.99:deny for=2001:db8::1:clear\ndo policy "
                 "self=192.1.1.7 self=192.1.1.8 unsigned=own nat=one public=10.0.0.1:192.1.1.9 timeout=500\n"
                 "reach ready\nsend initiate\nexpect decision -> pass\n");
    rig_asked(&r, asked, sizeof asked);
    assert_string_equal(
        asked, "{\"id\":\"1\",\"op\":\"begin\",\"dialect\":\"draft\",\"dns\":\"127.0.0.1:5301\",\"policy\":{"
               "\"class\":\"paranoid\",\"classes\":{\"192.0.2.99\":\"deny\",\"2001:db8::1\":\"clear\"},"
               "\"self\":[\"192.1.1.7\",\"192.1.1.8\"],\"name\":\"sg-a.example.org\",\"unsigned\":\"own\","
               "\"nat\":\"one\",\"public\":{\"10.0.0.1\":\"192.1.1.9\"},\"timeout_ms\":500}}\n");
    rig_says(&r, "{\"id\":\"1\",\"status\":\"ready\"}");
    rig_asked(&r, asked, sizeof asked);
    assert_string_equal(
        asked,
        "{\"id\":\"2\",\"op\":\"initiate\",\"source\":\"192.1.0.65\",\"destination\":\"192.0.2.66\"}\n");
    /* as it is without a word of policy; the carrier says where we are */
    r.run.dns = "127.0.0.1:99";
    rig_play(&r, "reach ready\nreach ready\ndo policy class=deny\nreach ready\nsend tunnels\nexpect tunnels "
                 "-> pass\n");
    rig_asked(&r, asked, sizeof asked);
    assert_string_equal(
        asked, "{\"id\":\"3\",\"op\":\"begin\",\"dialect\":\"draft\",\"dns\":\"127.0.0.1:99\",\"policy\":{"
               "\"class\":\"permissive\",\"self\":[\"192.1.1.4\"],"
               "\"name\":\"sg-a.example.org\",\"unsigned\":\"use\",\"nat\":\"none\",\"timeout_ms\":2000}}\n");
    rig_says(&r, "{\"id\":\"3\",\"status\":\"ready\"}");
    rig_asked(&r, asked, sizeof asked); /* a second reach is content; another policy wants to be told */
    assert_non_null(strstr(asked, "{\"id\":\"4\",\"op\":\"begin\""));
    assert_non_null(strstr(asked, "\"deny\""));
    rig_says(&r, "{\"id\":\"4\",\"status\":\"ready\"}");
    assert_string_equal(rig_asked(&r, asked, sizeof asked), "{\"id\":\"5\",\"op\":\"tunnels\"}\n");
    rig_says(&r, "{\"id\":\"5\",\"tunnels\":[]}");
    rig_is(&r, V_PASS, NULL);
    rig_close(&r);
}

static void test_begin_fails(void **state)
{
    struct rig r;
    (void)state;
    gateway(&r, "rfc");
    rig_play(&r, "reach ready\nsend initiate\nexpect decision -> pass\n");
    rig_says(&r, "{\"id\":\"1\",\"status\":\"unsupported\"}");
    rig_is(&r, V_SKIP, "the adapter does not support begin");
    rig_play(&r, "reach ready\nsend initiate\nexpect decision -> pass\n");
    rig_says(&r, "{\"id\":\"2\",\"status\":\"error\",\"reason\":\"no such policy\"}");
    rig_is(&r, V_INCONC, "could not reach ready: begin was answered by error: no such policy");
    rig_play(&r, "reach ready\nsend initiate\nexpect decision -> pass\n");
    rig_wait(&r, 4000);
    rig_is(&r, V_INCONC, "could not reach ready: the peer was silent");
    /* what is no answer is told, and not taken for silence */
    rig_play(&r, "reach ready\nsend initiate\nexpect decision -> pass\n");
    rig_says(&r, "{\"id\":\"4\",\"op\":\"begin\"}");
    rig_is(&r, V_INCONC, "could not reach ready: begin was answered by rubbish: none of status");
    rig_play(&r, "reach ready\nsend initiate\nexpect decision -> pass\n");
    rig_says(&r, "{\"id\":\"5\",\"decision\":\"clear\"}");
    rig_is(&r, V_INCONC, "could not reach ready: begin was answered by rubbish: no answer to begin");
    rig_play(&r, "reach ready\nsend initiate\nexpect decision -> pass\n");
    rig_says(&r, "hello");
    rig_wait(&r, 4000);
    rig_is(&r, V_INCONC, "was no answer: no JSON");
    rig_play(&r, "reach ready\nsend initiate\nexpect decision -> pass\n");
    rig_says(&r, "hello"); /* a greeting is passed over */
    rig_says(&r, "{\"id\":\"7\",\"status\":\"ready\"}");
    rig_says(&r, "{\"id\":\"8\",\"decision\":\"clear\"}");
    rig_is(&r, V_PASS, NULL);
    rig_close(&r);
}

/* Plays a case whose reach ready succeeds; the questions behind it are taken away. */
static void ready(struct rig *r, const char *body)
{
    char line[80], *id;
    rig_play(r, body);
    rig_asked(r, asked, sizeof asked);
    id = strstr(asked, "\"id\":\"");
    assert_non_null(id);
    snprintf(line, sizeof line, "{\"id\":\"%ld\",\"status\":\"ready\"}", strtol(id + 6, NULL, 10));
    rig_says(r, line);
    rig_asked(r, asked, sizeof asked);
}

static void test_questions(void **state)
{
    struct rig r;
    (void)state;
    gateway(&r, "rfc");
    ready(
        &r,
        "reach ready\nsend initiate source=10.0.0.1 destination=192.0.2.1 as=a\nsend report outcome=up\nsend "
        "phase1\nsend phase1 type=fqdn identity=sg-b.example.org signed=\"\" as=b\nsend phase2\n"
        "send phase2 phase1=b source=192.0.2.9\ndo advance ms=60000\nsend report gateway=192.1.1.6 "
        "destination=192.0.2.7 outcome=signature\nexpect decision -> pass\n");
    static const char *const want[] = {
        "{\"id\":\"2\",\"op\":\"initiate\",\"source\":\"10.0.0.1\",\"destination\":\"192.0.2.1\"}\n",
        "{\"id\":\"3\",\"op\":\"report\",\"destination\":\"192.0.2.66\",\"gateway\":\"192.1.1.5\","
        "\"outcome\":\"up\"}\n",
        "{\"id\":\"4\",\"op\":\"phase1\",\"from\":\"192.1.1.5\",\"identity\":{\"type\":\"ipv4\",\"value\":"
        "\"192.1.1.5\"},\"signed_by\":{\"exponent_hex\":\"03\"",
        "{\"id\":\"5\",\"op\":\"phase1\",\"from\":\"192.1.1.5\",\"identity\":{\"type\":\"fqdn\",\"value\":"
        "\"sg-b.example.org\"}",
        "{\"id\":\"6\",\"op\":\"phase2\",\"phase1\":\"5\",\"source\":\"192.0.2.66\"}\n",
        "{\"id\":\"7\",\"op\":\"phase2\",\"phase1\":\"5\",\"source\":\"192.0.2.9\"}\n",
        "{\"id\":\"8\",\"op\":\"advance\",\"ms\":60000}\n",
        "{\"id\":\"9\",\"op\":\"report\",\"destination\":\"192.0.2.7\",\"gateway\":\"192.1.1.6\",\"outcome\":"
        "\"signature\"}\n"};
    for (size_t i = 0; i < sizeof want / sizeof *want; i++)
        if (!strstr(asked, want[i])) fail_msg("not asked: %s\n%s", want[i], asked);
    rig_close(&r);
}

static void test_decisions(void **state)
{
    struct rig r;
    (void)state;
    gateway(&r, "rfc");
    ready(&r, "reach ready\nsend initiate as=a\nsend initiate as=b\nsend initiate as=c\nsend initiate as=d\n"
              "expect decision to=b is=clear keys=0 gateway=\"\" -> next\nexpect decision to=a is=encrypt "
              "gateway=192.1.1.6 keys=2 key=other source=192.1.0.65 reason=because -> next\n"
              "expect decision to=c is=drop -> next\nexpect decision to=d is=configured -> next\nsend report "
              "outcome=silent\nexpect decision is=encrypt -> pass\n");
    rig_says(&r, "{\"id\":\"3\",\"decision\":\"clear\"}");
    rig_says(&r, "{\"id\":\"2\",\"decision\":\"encrypt\",\"gateway\":\"192.1.1.6\",\"source\":\"192.1.0.65\","
                 "\"reason\":\"because\",\"keys\":["
                 "{\"exponent_hex\":\"03\",\"modulus_hex\":\"b6be\"},{\"exponent_hex\":\"03\",\"modulus_"
                 "hex\":\"B6BE\"},{\"exponent_hex\":\"05\",\"modulus_hex\":\"b6be\"}]}");
    rig_says(&r, "{\"id\":\"4\",\"decision\":\"drop\"}\n{\"id\":\"5\",\"decision\":\"configured\"}");
    rig_asked(&r, asked, sizeof asked);
    assert_string_equal(asked, "{\"id\":\"6\",\"op\":\"report\",\"destination\":\"192.0.2.66\",\"gateway\":"
                               "\"192.1.1.6\",\"outcome\":\"silent\"}\n"); /* of the last decision */
    rig_says(&r, "{\"id\":\"6\",\"verdict\":\"accept\"}");
    rig_is(&r, V_FAIL, "no answer to report");
    rig_close(&r);
}

static void test_verdicts(void **state)
{
    struct rig r;
    (void)state;
    gateway(&r, "rfc");
    ready(&r, "reach ready\nsend phase1 as=a\nexpect verdict is=authentic to=a -> next\nsend phase2\nexpect "
              "verdict is=accept to=\"\" -> pass\n");
    rig_says(&r, "{\"id\":\"2\",\"verdict\":\"authentic\",\"keys\":[{\"exponent_hex\":\"03\",\"modulus_hex\":"
                 "\"b6be\"}]}");
    rig_says(&r, "{\"id\":\"3\",\"verdict\":\"accept\"}");
    rig_is(&r, V_PASS, NULL);
    ready(&r, "reach ready\nsend phase1\nexpect verdict -> pass\n");
    rig_says(&r, "{\"id\":\"5\",\"verdict\":\"accept\"}"); /* that is for phase 2 */
    rig_is(&r, V_FAIL, "no answer to phase1");
    ready(&r, "reach ready\nsend tunnels\nexpect tunnels n=2 destination=192.0.2.66,2001:db8::1 "
              "gateway=192.1.1.5,192.1.1.6 -> pass\n");
    rig_says(&r, "{\"id\":\"7\",\"tunnels\":[{\"destination\":\"192.0.2.66\",\"gateway\":\"192.1.1.5\"},{"
                 "\"destination\":\"2001:DB8::1\",\"gateway\":\"192.1.1.6\"}]}");
    rig_is(&r, V_PASS, NULL);
    ready(&r, "reach ready\ndo advance ms=5\nexpect silence within 1s -> pass\n"); /* ready is passed over */
    rig_says(&r, "{\"id\":\"9\",\"status\":\"ready\"}");
    rig_wait(&r, 1500);
    rig_is(&r, V_PASS, NULL);
    rig_close(&r);
}

static void test_known(void **state)
{
    struct rig r;
    struct dns_frame f;
    struct dns_msg m;
    (void)state;
    gateway(&r, "rfc");
    ready(&r, "reach known\nsend phase2\nexpect verdict is=accept -> pass\n");
    assert_non_null(strstr(asked, "\"op\":\"phase1\",\"from\":\"192.1.1.5\""));
    rig_query(&r, DNS_FRAME_UDP, 7, 99, "5.1.1.192.in-addr.arpa", DNS_KEY); /* what it needs is there */
    assert_true(rig_frame(&r, &f, &m));
    assert_int_equal(m.answers, 1);
    dns_msg_done(&m);
    rig_says(&r, "{\"id\":\"2\",\"verdict\":\"authentic\"}");
    rig_asked(&r, asked, sizeof asked);
    assert_non_null(strstr(asked, "\"phase1\":\"2\""));
    rig_says(&r, "{\"id\":\"3\",\"verdict\":\"accept\"}");
    rig_is(&r, V_PASS, NULL);
    ready(&r, "reach known\nsend phase2\nexpect verdict is=accept -> pass\n");
    rig_says(&r, "{\"id\":\"5\",\"verdict\":\"refuse\"}");
    rig_is(&r, V_INCONC, "could not reach known: phase 1 with a good KEY record came out as refuse");
    rig_close(&r);
}

static void test_gateway_faults(void **state)
{
    static const struct {
        const char *body, *says;
    } wrong[] = {
        {"reach redy\nexpect decision -> pass\n", "reach ready and reach known"},
        {"dns reach ready\nexpect decision -> pass\n", "on the end adapter"},
        {"send record text=a\nexpect decision -> pass\n",
         "there are initiate, report, phase1, phase2 and tunnels"},
        {"dns send initiate\nexpect decision -> pass\n", "our name server answers by itself"},
        {"send initiate to=x\nexpect decision -> pass\n",
         "to= says nothing here; there are source= destination= as="},
        {"send report\nexpect decision -> pass\n", "outcome=up|silent|refused|signature"},
        {"send report outcome=gone\nexpect decision -> pass\n",
         "outcome=gone: there are up silent refused signature"},
        {"send phase1 type=fqdn\nexpect decision -> pass\n", "type=fqdn wants identity="},
        {"send phase1 type=ip\nexpect decision -> pass\n", "there are ipv4 ipv6 fqdn other"},
        {"send phase1 signed=x*x\nexpect decision -> pass\n", "signed= is no base64"},
        {"send phase2\nexpect verdict -> pass\n", "wants a phase1 before it"},
        {"send phase2 phase1=a\nexpect verdict -> pass\n", "no phase1 was sent as=a"},
        {"send initiate destination=\"\\xff\"\nexpect decision -> pass\n", "no line can say this"},
        {"do policy class=open\nexpect decision -> pass\n",
         "class=open: there are deny clear configured permissive paranoid"},
        {"do policy for=192.0.2.1\nexpect decision -> pass\n", "ADDRESS:CLASS is wanted"},
        {"do policy public=10.0.0.1\nexpect decision -> pass\n", "PRIVATE:PUBLIC is wanted"},
        {"do policy nat=all\nexpect decision -> pass\n", "there are none one many between"},
        {"do policy timeout=0\nexpect decision -> pass\n", "milliseconds from 1 on"},
        {"do record\nexpect decision -> pass\n", "there are policy and advance, and dns do record"},
        {"do advance\nexpect decision -> pass\n", "advance wants ms="},
        {"dns do policy\nexpect decision -> pass\n",
         "there are record, remove, behave, release, answer and forget"},
        {"dns do record type=TXT text=a\nexpect decision -> pass\n", "whose record?"},
        {"dns do record of=192.0.2.66 text=a\nexpect decision -> pass\n", "which record?"},
        {"dns do record of=192.0.2 type=TXT text=a\nexpect decision -> pass\n",
         "of=192.0.2: an IPv4 or IPv6 address is wanted"},
        {"dns do record of=192.0.2.66 name=a type=TXT text=a\nexpect decision -> pass\n",
         "name= and of= say the same"},
        {"dns do record name=a type=TEXT text=a\nexpect decision -> pass\n", "type=TEXT: there are TXT"},
        {"dns do record name=a type=TXT\nexpect decision -> pass\n", "one of text="},
        {"dns do record name=a type=CNAME\nexpect decision -> pass\n", "an alias wants target="},
        {"dns do record name=a type=A address=x\nexpect decision -> pass\n", "A wants an IPv4 address"},
        {"dns do record name=a..b type=TXT text=a\nexpect decision -> pass\n", "a domain name is wanted"},
        {"dns do remove name=a\nexpect decision -> pass\n", "no such record to be removed"},
        {"dns do behave name=a\nexpect decision -> pass\n", "how?"},
        {"dns do behave rcode=nope\nexpect decision -> pass\n",
         "rcode=nope: there are noerror formerr servfail"},
        {"dns do behave first=none\nexpect decision -> pass\n",
         "first=none: there are id owner type question elsewhere garbage"},
        {"dns do behave silent=maybe\nexpect decision -> pass\n", "there are yes udp tcp no"},
        {"dns do behave id=right\nexpect decision -> pass\n", "there are wrong good"},
        {"dns do behave delay=-1\nexpect decision -> pass\n", "delay=-1: a number"},
        {"dns do answer hold=yes\nexpect decision -> pass\n", "answer answers now"},
        {"far expect decision -> pass\n", "there is no end called far"},
        {"expect query -> pass\n", "query comes on the end dns alone; here there are decision verdict"},
        {"dns expect query -> next\nor decision -> pass\n",
         "decision comes on the end adapter alone; here there are query silence any"},
        {"never query\nexpect decision -> pass\n", "query comes on the end dns alone"},
        {"dns expect query type=TXT nam=x -> pass\n", "query has no field nam; it has name type class"},
        {"expect verdict is=agree -> pass\n",
         "is=agree never comes; there are authentic refuse configured accept"},
        {"expect decision|verdict is=accept -> pass\n", "is=accept never comes; there are encrypt"},
    };
    struct rig r;
    (void)state;
    gateway(&r, "rfc");
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        rig_play(&r, wrong[i].body);
        rig_is(&r, V_ERROR, wrong[i].says);
    }
    rig_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_record),
        cmocka_unit_test(test_result_fields),
        cmocka_unit_test(test_key_names),
        cmocka_unit_test(test_parser_faults),
        cmocka_unit_test(test_what_is_no_answer),
        cmocka_unit_test(test_lines_in_pieces),
        cmocka_unit_test(test_adapter_ends),
        cmocka_unit_test(test_begin),
        cmocka_unit_test(test_begin_fails),
        cmocka_unit_test(test_questions),
        cmocka_unit_test(test_decisions),
        cmocka_unit_test(test_verdicts),
        cmocka_unit_test(test_known),
        cmocka_unit_test(test_gateway_faults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
