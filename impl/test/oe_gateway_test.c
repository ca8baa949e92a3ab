/* SPDX-License-Identifier: MIT */
/* oe_gateway: questions in, queries out, answers in, decisions out; what is under way when something ends; lines that make no sense; no memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "test/mem_fail.h"
#include "test/oe_adapter_help.h"
#include "peer/oe_gateway.h"

#define BOB     "66.2.0.192.in-addr.arpa"
#define GATEWAY "5.1.1.192.in-addr.arpa"
#define BEGIN   "{\"id\":\"b\",\"op\":\"begin\",\"dialect\":\"rfc\",\"dns\":\"ns\",\"policy\":{\"self\":[\"192.1.1.4\"],\"timeout_ms\":900}}\n"
#define ASK(id) "{\"id\":\"" id "\",\"op\":\"initiate\",\"source\":\"192.1.0.65\",\"destination\":\"192.0.2.66\"}\n"

struct world {
    struct env env;
    struct oe_gateway_setup s;
    struct endpoint *e;
    uint64_t now;
    uint8_t octets[65536];
    struct dns_frame f;
    struct dns_msg q;
    bool asked;
};

static void let_go(struct world *w)
{
    if (w->asked) dns_msg_done(&w->q);
    w->asked = false;
}

/* The next query; w->q is it. */
static bool query(struct world *w)
{
    let_go(w);
    w->asked = next_query(w->e, &w->env, &w->f, w->octets, &w->q);
    return w->asked;
}

static void wants(struct world *w, const char *name, uint16_t type)
{
    if (!query(w)) fail_msg("no query for %s", name);
    assert_string_equal(w->q.qname, name);
    assert_int_equal(w->q.qtype, type);
}

static void says(struct world *w, const char *text)
{
    char *all = said(w->e);
    if (strncmp(all, text, strlen(text)) != 0) fail_msg("it said %s", all);
    free(all);
}

static void says_nothing(struct world *w)
{
    char *all = said(w->e);
    assert_string_equal(all, "");
    free(all);
}

static struct world *world_new(void)
{
    struct world *w = calloc(1, sizeof *w);
    env_init(&w->env);
    w->s = (struct oe_gateway_setup){.env = &w->env, .seed = 3};
    w->now = 10;
    assert_int_equal(oe_gateway_new(&w->s, &w->e), OK);
    stand(w->e, 0, w->now);
    return w;
}

static void dialled(struct world *w, const char *to)
{
    assert_int_equal(w->e->link[1].state, LINK_WANTED);
    assert_string_equal(w->e->link[1].to, to);
    stand(w->e, 1, w->now);
}

static struct world *begun(void)
{
    struct world *w = world_new();
    hear(w->e, BEGIN, w->now);
    says(w, "{\"id\":\"b\",\"status\":\"ready\"}\n");
    dialled(w, "ns");
    return w;
}

static void world_free(struct world *w)
{
    let_go(w);
    w->e->ops->free(w->e);
    free(w);
}

static struct dns_rr txt(const char *name, const char *text)
{
    static uint8_t rdata[4][300];
    static int turn;
    uint8_t *p = rdata[turn = (turn + 1) % 4];
    p[0] = (uint8_t)strlen(text);
    memcpy(p + 1, text, strlen(text));
    return (struct dns_rr){.name = name, .type = DNS_TXT, .class = DNS_IN, .ttl = 60, .rdata = slice_of(p, 1 + strlen(text))};
}

static void answer(struct world *w, uint16_t rcode, struct dns_rr *rr, size_t n)
{
    struct dns_msg m;
    dns_msg_reply(&m, &w->q, rcode);
    m.rr = rr;
    m.answers = n;
    reply_dns(w->e, w->f, &m, w->now);
}

/* --- --------------------------------------------------------------------------------------------------------------------------------- */

static void a_decision(void **state)
{
    (void)state;
    struct world *w = begun();
    struct dns_rr rr[] = {txt(BOB, "X-IPsec-Server(10)=192.1.1.5 " KEY_A_BASE64), txt(BOB, "v=spf1"), txt(BOB, "X-IPsec-Server(10)=192.1.1.5 " KEY_B_BASE64)};
    hear(w->e, ASK("1"), w->now);
    says_nothing(w);
    wants(w, BOB, DNS_TXT);
    assert_false(w->f.elsewhere);
    answer(w, DNS_NOERROR, rr, 3);
    says(w, "{\"id\":\"1\",\"decision\":\"encrypt\",\"gateway\":\"192.1.1.5\",\"keys\":[" KEY_A_JSON "," KEY_B_JSON "],\"source\":\"192.1.0.65\",\"reason\":\"");
    hear(w->e, ASK("1"), w->now); /* an id may be used again once it was answered; and what was learnt holds */
    says(w, "{\"id\":\"1\",\"decision\":\"encrypt\"");
    assert_false(query(w));
    hear(w->e, "{\"id\":\"r\",\"op\":\"report\",\"destination\":\"192.0.2.66\",\"gateway\":\"192.1.1.5\",\"outcome\":\"up\"}\n", w->now);
    says(w, "{\"id\":\"r\",\"decision\":\"encrypt\"");
    hear(w->e, "{\"id\":\"t\",\"op\":\"tunnels\"}\n", w->now);
    says(w, "{\"id\":\"t\",\"tunnels\":[{\"destination\":\"192.0.2.66\",\"gateway\":\"192.1.1.5\"}]}\n");
    hear(w->e, "{\"id\":\"a\",\"op\":\"advance\",\"ms\":86400000}\n{\"id\":\"t\",\"op\":\"tunnels\"}\n", w->now);
    says(w, "{\"id\":\"a\",\"status\":\"ready\"}\n{\"id\":\"t\",\"tunnels\":[]}\n");
    world_free(w);
}

static void key_records(void **state)
{
    (void)state;
    struct world *w = begun();
    struct dns_rr rr[] = {txt(BOB, "X-IPsec-Server(10)=192.1.1.5")};
    uint8_t rdata[4 + 66] = {0x42, 0, 4, 1, 1, 3};
    struct dns_rr key[] = {{.name = GATEWAY, .type = DNS_KEY, .class = DNS_IN, .ttl = 60, .rdata = slice_of(rdata, sizeof rdata)}};
    for (size_t i = 0; i < 64; i++)
        sscanf(&KEY_A_MODULUS[2 * i], "%2hhx", &rdata[6 + i]);
    hear(w->e, ASK("1"), w->now);
    wants(w, BOB, DNS_TXT);
    answer(w, DNS_NOERROR, rr, 1);
    wants(w, GATEWAY, DNS_KEY);
    answer(w, DNS_NOERROR, key, 1);
    says(w, "{\"id\":\"1\",\"decision\":\"encrypt\",\"gateway\":\"192.1.1.5\",\"keys\":[" KEY_A_JSON "]");
    /* as responder: the same key, then the host for which it acts */
    hear(w->e, "{\"id\":\"p\",\"op\":\"phase1\",\"from\":\"192.1.1.5\",\"identity\":{\"type\":\"ipv4\",\"value\":\"192.1.1.5\"},\"signed_by\":" KEY_A_JSON "}\n", w->now);
    says(w, "{\"id\":\"p\",\"verdict\":\"authentic\",\"keys\":[" KEY_A_JSON "]");
    hear(w->e, "{\"id\":\"q\",\"op\":\"phase2\",\"phase1\":\"p\",\"source\":\"192.0.2.70\"}\n", w->now);
    wants(w, "70.2.0.192.in-addr.arpa", DNS_TXT);
    answer(w, DNS_NXDOMAIN, NULL, 0);
    says(w, "{\"id\":\"q\",\"verdict\":\"refuse\"");
    hear(w->e, "{\"id\":\"q\",\"op\":\"phase2\",\"phase1\":\"p\",\"source\":\"192.1.1.5\"}\n", w->now);
    says(w, "{\"id\":\"q\",\"verdict\":\"accept\"");
    hear(w->e, "{\"id\":\"n\",\"op\":\"phase1\",\"from\":\"192.1.1.5\",\"identity\":{\"type\":\"ipv4\",\"value\":\"192.1.1.5\"},\"signed_by\":null}\n", w->now);
    says(w, "{\"id\":\"n\",\"verdict\":\"refuse\"");
    world_free(w);
}

static void several_under_way(void **state)
{
    (void)state;
    struct world *w = begun();
    struct dns_msg q[3];
    struct dns_frame f[3];
    static uint8_t octets[3][65536];
    for (int i = 0; i < 3; i++) {
        char line[200];
        snprintf(line, sizeof line, "{\"id\":\"%d\",\"op\":\"initiate\",\"source\":\"192.1.0.65\",\"destination\":\"192.0.2.%d\"}\n", i, i + 1);
        hear(w->e, line, w->now);
        assert_true(next_query(w->e, &w->env, &f[i], octets[i], &q[i]));
    }
    hear(w->e, "{\"id\":\"1\",\"op\":\"initiate\",\"source\":\"192.1.0.65\",\"destination\":\"192.0.2.9\"}\n", w->now);
    says(w, "{\"id\":\"1\",\"status\":\"error\",\"reason\":\"a question with this id is under way\"}\n");
    for (int i = 3; i-- > 0;) {
        char want[60];
        w->f = f[i];
        w->q = q[i];
        answer(w, DNS_NXDOMAIN, NULL, 0);
        snprintf(want, sizeof want, "{\"id\":\"%d\",\"decision\":\"clear\"", i);
        says(w, want);
        dns_msg_done(&q[i]);
    }
    world_free(w);
}

static void time_passes(void **state)
{
    (void)state;
    struct world *w = begun();
    hear(w->e, ASK("1"), w->now);
    for (int i = 0; i < 3; i++) {
        wants(w, BOB, DNS_TXT);
        assert_false(query(w));
        w->now = w->e->ops->deadline(w->e);
        assert_int_equal(w->now, 10 + 300 * (i + 1));
        w->e->ops->tick(w->e, w->now);
    }
    says(w, "{\"id\":\"1\",\"decision\":\"clear\"");
    world_free(w);
}

/* --- begin and end ----------------------------------------------------------------------------------------------------------------------- */

static void begin_forgets(void **state)
{
    (void)state;
    struct world *w = begun();
    hear(w->e, ASK("1"), w->now);
    wants(w, BOB, DNS_TXT);
    struct dns_frame old = w->f;
    struct dns_msg m;
    hear(w->e, BEGIN, w->now);
    says(w, "{\"id\":\"b\",\"status\":\"ready\"}\n");
    assert_int_equal(w->e->link[1].state, LINK_UP); /* the same name server: the same link */
    assert_false(w->e->link[1].drop);
    hear(w->e, ASK("1"), w->now); /* the same id is free again, and the answer to the first query is nobody's */
    dns_msg_reply(&m, &w->q, DNS_NXDOMAIN);
    reply_dns(w->e, old, &m, w->now);
    says_nothing(w);
    wants(w, BOB, DNS_TXT);
    answer(w, DNS_NXDOMAIN, NULL, 0);
    says(w, "{\"id\":\"1\",\"decision\":\"clear\"");
    /* another name server */
    hear(w->e, "{\"id\":\"b\",\"op\":\"begin\",\"dialect\":\"draft\",\"dns\":\"other\",\"policy\":{}}\n", w->now);
    says(w, "{\"id\":\"b\",\"status\":\"ready\"}\n");
    assert_true(w->e->link[1].drop);
    w->e->link[1].state = LINK_DOWN;
    hear(w->e, ASK("2"), w->now);
    dialled(w, "other");
    wants(w, BOB, DNS_TXT);
    world_free(w);
}

static void the_link_to_dns_is_lost(void **state)
{
    (void)state;
    struct world *w = begun();
    hear(w->e, ASK("1"), w->now);
    wants(w, BOB, DNS_TXT);
    w->e->link[1].state = LINK_DOWN;
    w->e->ops->ended(w->e, 1, LINK_RESET, w->now);
    w->now = w->e->ops->deadline(w->e);
    w->e->ops->tick(w->e, w->now); /* the next try opens it anew */
    dialled(w, "ns");
    wants(w, BOB, DNS_TXT);
    hear(w->e, ASK("2"), w->now); /* of the same name: it is waited for already */
    answer(w, DNS_NXDOMAIN, NULL, 0);
    says(w, "{\"id\":\"1\",\"decision\":\"clear\"");
    w->e->ops->feed(w->e, 1, SLICE_LIT("\x55no frame"), w->now);
    assert_true(w->e->link[1].drop);
    world_free(w);
}

static void the_end_waits_for_answers(void **state)
{
    (void)state;
    struct world *w = begun();
    hear(w->e, ASK("1"), w->now);
    wants(w, BOB, DNS_TXT);
    w->e->ops->ended(w->e, 0, LINK_FIN, w->now);
    assert_false(w->e->link[0].fin);
    answer(w, DNS_NXDOMAIN, NULL, 0);
    says(w, "{\"id\":\"1\",\"decision\":\"clear\"");
    assert_true(w->e->link[0].fin && w->e->link[1].fin);
    assert_false(w->e->ops->finished(w->e));
    w->e->link[0].state = LINK_DOWN;
    assert_true(w->e->ops->finished(w->e));
    world_free(w);
    w = world_new(); /* nothing began: at once */
    w->e->ops->ended(w->e, 0, LINK_FIN, w->now);
    assert_true(w->e->link[0].fin);
    world_free(w);
    w = world_new(); /* a mistake that never answers does not keep it alive */
    w->s.mutant = OEMUT_ENDLESS_ALIASES;
    w->e->ops->free(w->e);
    assert_int_equal(oe_gateway_new(&w->s, &w->e), OK);
    stand(w->e, 0, w->now);
    hear(w->e, BEGIN ASK("1"), w->now);
    dialled(w, "ns");
    wants(w, BOB, DNS_TXT);
    struct dns_rr circle[] = {{.name = BOB, .type = DNS_CNAME, .class = DNS_IN, .ttl = 9, .target = BOB}};
    answer(w, DNS_NOERROR, circle, 1);
    w->e->ops->ended(w->e, 0, LINK_FIN, w->now);
    assert_false(w->e->link[0].fin);
    w->e->ops->tick(w->e, w->now + 1800);
    assert_true(w->e->link[0].fin);
    world_free(w);
}

static void what_makes_no_sense(void **state)
{
    (void)state;
    static const struct {
        const char *line, *answer;
    } rows[] = {
        {"{\"id\":\"1\",\"rdata_hex\":\"\"}", "unsupported"},
        {"[", "{\"id\":\"\",\"status\":\"error\",\"reason\":\"no JSON"},
        {"{\"id\":\"1\",\"op\":\"initiate\",\"source\":\"x\",\"destination\":\"192.0.2.66\"}", "source is no address"},
        {"{\"id\":\"1\",\"op\":\"initiate\",\"source\":\"192.0.2.66\",\"destination\":\"192.0.2.066\"}", "destination is no address"},
        {"{\"id\":\"1\",\"op\":\"report\",\"destination\":\"192.0.2.66\",\"gateway\":\"sg\",\"outcome\":\"up\"}", "gateway is no address"},
        {"{\"id\":\"1\",\"op\":\"phase2\",\"phase1\":\"7\",\"source\":\"192.0.2.66\"}", "phase1 names no question phase1"},
        {"{\"id\":\"1\",\"op\":\"phase1\",\"from\":\"me\",\"identity\":{\"type\":\"fqdn\",\"value\":\"a.b\"}}", "from is no address"},
        {"{\"id\":\"1\",\"op\":\"begin\",\"dialect\":\"rfc\",\"policy\":{}}", "dns is missing"},
        {"{\"id\":\"1\",\"op\":\"begin\",\"dialect\":\"rfc\",\"dns\":\"ns\",\"policy\":{\"self\":[\"sg\"]}}", "policy"},
    };
    struct world *w = world_new();
    hear(w->e, ASK("1"), w->now);
    says(w, "{\"id\":\"1\",\"status\":\"error\",\"reason\":\"nothing began yet\"}\n");
    world_free(w);
    w = begun();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        hear(w->e, rows[i].line, w->now);
        hear(w->e, "\n", w->now);
        char *text = said(w->e);
        if (!strstr(text, rows[i].answer)) fail_msg("%s: %s", rows[i].line, text);
        free(text);
        assert_false(query(w));
    }
    hear(w->e, ASK("1"), w->now); /* and it goes on */
    wants(w, BOB, DNS_TXT);
    world_free(w);
}

/* Of phase 1 no more are kept than phase2 may name. */
static void many_phase1(void **state)
{
    (void)state;
    struct world *w = begun();
    char line[300];
    for (int i = 0; i < OE_GATEWAY_PHASE1 + 10; i++) {
        snprintf(line, sizeof line, "{\"id\":\"p%d\",\"op\":\"phase1\",\"identity\":{\"type\":\"other\"},\"signed_by\":" KEY_A_JSON "}\n", i);
        hear(w->e, line, w->now);
        says(w, "{\"id\":\"p");
    }
    for (int i = 0; i < 2 * OE_GATEWAY_PHASE1; i++) { /* other questions take nothing from them */
        hear(w->e, "{\"id\":\"i\",\"op\":\"phase2\",\"phase1\":\"p1000\",\"source\":\"192.0.2.66\"}\n", w->now);
        says(w, "{\"id\":\"i\",\"verdict\":\"refuse\"");
    }
    hear(w->e, "{\"id\":\"q\",\"op\":\"phase2\",\"phase1\":\"p0\",\"source\":\"192.0.2.66\"}\n", w->now);
    says(w, "{\"id\":\"q\",\"status\":\"error\"");
    hear(w->e, "{\"id\":\"q\",\"op\":\"phase2\",\"phase1\":\"p1000\",\"source\":\"192.0.2.66\"}\n", w->now);
    says(w, "{\"id\":\"q\",\"verdict\":\"refuse\"");
    world_free(w);
}

static void memory_fails(void **state)
{
    (void)state;
    bool whole = false;
    size_t at;
    for (at = 1; at < 500 && !whole; at++) {
        struct mem_fail fails;
        struct mem mem = mem_fail_init(&fails, at);
        struct world w = {.now = 10};
        struct env usual;
        struct dns_rr rr[] = {txt(BOB, "X-IPsec-Server(10)=192.1.1.5 " KEY_A_BASE64)};
        env_init(&w.env);
        usual = w.env;
        w.env.mem = &mem;
        w.s = (struct oe_gateway_setup){.env = &w.env, .seed = 3};
        if (oe_gateway_new(&w.s, &w.e) == OK) {
            stand(w.e, 0, w.now);
            hear(w.e, BEGIN ASK("1"), w.now);
            if (w.e->link[1].state == LINK_WANTED) stand(w.e, 1, w.now);
            for (int i = 0; i < 5; i++) {
                while (next_query(w.e, &usual, &w.f, w.octets, &w.q)) {
                    answer(&w, DNS_NOERROR, rr, 1);
                    dns_msg_done(&w.q);
                }
                w.now += 300;
                w.e->ops->tick(w.e, w.now);
            }
            whole = fails.calls < at;
            char *text = said(w.e);
            /* something is always said, unless the conversation is over */
            if (!w.e->link[0].drop) assert_non_null(strstr(text, "\"id\":"));
            if (whole) assert_non_null(strstr(text, "\"decision\":\"encrypt\""));
            free(text);
            w.e->ops->free(w.e);
        }
        assert_int_equal(fails.blocks, 0);
    }
    assert_true(whole && at > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_decision),
        cmocka_unit_test(key_records),
        cmocka_unit_test(several_under_way),
        cmocka_unit_test(time_passes),
        cmocka_unit_test(begin_forgets),
        cmocka_unit_test(the_link_to_dns_is_lost),
        cmocka_unit_test(the_end_waits_for_answers),
        cmocka_unit_test(what_makes_no_sense),
        cmocka_unit_test(many_phase1),
        cmocka_unit_test(memory_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
