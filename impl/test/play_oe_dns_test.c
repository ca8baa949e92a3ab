/* SPDX-License-Identifier: MIT */
/* The name server of the tester: what it has, how it misbehaves, and when it answers. */
#include "test/play_oe_rig.h"

#include "test/mem_fail.h"
#include "run/oe_zone.h"

#define NAME "66.2.0.192.in-addr.arpa"

/* A case whose gateway was told everything, so that queries count; lead stands before reach ready. */
static void play(struct rig *r, const char *body)
{
    char text[8192], line[80];
    snprintf(text, sizeof text, "reach ready\n%s", body);
    rig_play(r, text);
    snprintf(line, sizeof line, "{\"id\":\"%llu\",\"status\":\"ready\"}",
             (unsigned long long)r->oe.play.next_id);
    rig_says(r, line);
}

static void open_rig(struct rig *r)
{
    rig_open(r, "oe-gateway", "rfc");
}

struct got { /* the next answer */
    bool any, elsewhere, readable;
    enum dns_how how;
    uint32_t who;
    struct dns_msg m;
};

static struct got take(struct rig *r)
{
    struct got g = {.any = false};
    struct dns_frame f;
    g.any = rig_frame(r, &f, &g.m);
    if (!g.any) return g;
    g.elsewhere = f.elsewhere;
    g.how = f.how;
    g.who = f.who;
    g.readable = g.m.header_read;
    return g;
}

static void none(struct rig *r)
{
    struct got g = take(r);
    assert_false(g.any);
}

/* Asks by UDP and takes the answer. */
static struct got ask(struct rig *r, const char *name, uint16_t type)
{
    rig_query(r, DNS_FRAME_UDP, 7, 0x1234, name, type);
    return take(r);
}

static void let_go(struct got *g)
{
    if (g->any) dns_msg_done(&g->m);
}

#define END "expect decision -> pass\n"

static void test_records(void **state)
{
    struct rig r;
    struct got g;
    (void)state;
    open_rig(&r);
    play(&r, "dns do record of=192.0.2.66 type=TXT text=a\ndns do record of=192.0.2.66 type=TXT ttl=7 "
             "text=b\ndns do record name=A.example.org type=KEY key=AwE=\n" END);
    g = ask(&r, NAME, DNS_TXT);
    assert_true(g.any && g.readable && !g.elsewhere && g.how == DNS_FRAME_UDP && g.who == 7);
    assert_int_equal(g.m.id, 0x1234);
    assert_true(g.m.response && g.m.ra && g.m.rd && !g.m.tc && !g.m.ad && !g.m.rcode);
    assert_string_equal(g.m.qname, NAME);
    assert_int_equal(g.m.answers, 2); /* in the order in which they were put in */
    assert_true(slice_eq(g.m.rr[0].rdata, SLICE_LIT("\1a")) && slice_eq(g.m.rr[1].rdata, SLICE_LIT("\1b")));
    assert_true(g.m.rr[0].ttl == 300 && g.m.rr[1].ttl == 7);
    let_go(&g);
    g = ask(&r, NAME, DNS_KEY); /* the name is there, the type is not */
    assert_true(g.any && !g.m.rcode && !g.m.answers && g.m.authorities == 1);
    assert_int_equal(g.m.rr[0].type, DNS_SOA);
    assert_true(slice_eq(slice_sub(g.m.rr[0].rdata, g.m.rr[0].rdata.n - 4, g.m.rr[0].rdata.n),
                         SLICE_LIT("\0\0\x01\x2c")));
    let_go(&g);
    g = ask(&r, "a.example.org", DNS_KEY);
    assert_true(g.any && g.m.answers == 1);
    let_go(&g);
    g = ask(&r, "b.example.org", DNS_KEY);
    assert_true(g.any && g.m.rcode == DNS_NXDOMAIN && !g.m.answers);
    let_go(&g);
    play(&r, "dns do record of=192.0.2.66 type=TXT text=%n-%n times=3\ndns do record of=192.0.2.66 type=A "
             "address=192.0.2.1\ndns do remove of=192.0.2.66 type=A\n" END);
    g = ask(&r, NAME, DNS_ANY);
    assert_int_equal(g.m.answers, 3);
    assert_true(slice_eq(g.m.rr[2].rdata, SLICE_LIT("\x03"
                                                    "3-3")));
    let_go(&g);
    rig_close(&r);
}

static void test_aliases(void **state)
{
    struct rig r;
    struct got g;
    (void)state;
    open_rig(&r);
    play(&r, "dns do record name=a.example type=CNAME target=B.example\ndns do record name=b.example "
             "type=CNAME target=c.example\ndns do record name=c.example type=TXT text=x\n"
             "dns do record name=d.example type=CNAME target=nowhere.example\ndns do record name=e.example "
             "type=CNAME target=e.example\n" END);
    g = ask(&r, "a.example", DNS_TXT);
    assert_int_equal(g.m.answers, 3);
    assert_string_equal(g.m.rr[0].target, "b.example");
    assert_string_equal(g.m.rr[2].name, "c.example");
    let_go(&g);
    g = ask(&r, "a.example", DNS_CNAME);
    assert_int_equal(g.m.answers, 1);
    let_go(&g);
    g = ask(&r, "d.example", DNS_TXT);
    assert_true(g.m.answers == 1 && g.m.rcode == DNS_NXDOMAIN);
    let_go(&g);
    rig_query(&r, DNS_FRAME_TCP, 7, 1, "e.example", DNS_TXT);
    g = take(&r);
    assert_true(g.m.answers == OE_ZONE_CHAIN && !g.m.rcode);
    let_go(&g);
    play(&r, "dns do record name=a.example type=CNAME target=b.example\ndns do record name=b.example "
             "type=TXT text=x\ndns do behave name=a.example chain=no\n" END);
    g = ask(&r, "a.example", DNS_TXT);
    assert_true(g.m.answers == 1 && !g.m.authorities && !g.m.rcode);
    let_go(&g);
    rig_close(&r);
}

/* An answer that is not found at the first try is told by its flags. */
static void test_behaviour(void **state)
{
    struct rig r;
    struct got g;
    char t[16];
    (void)state;
    open_rig(&r);
    static const char *const rcodes[] = {"FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMPL", "REFUSED"};
    static const char *const words[] = {"formerr", "servfail", "nxdomain", "notimp", "refused"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        char body[300];
        snprintf(body, sizeof body,
                 "dns do record of=192.0.2.66 type=TXT text=a\ndns do behave rcode=%s\n" END, words[i]);
        play(&r, body);
        g = ask(&r, NAME, DNS_TXT);
        assert_string_equal(dns_rcode_name(g.m.rcode, t), rcodes[i]);
        assert_int_equal(g.m.answers, 0);
        let_go(&g);
    }
    /* what fits adds up, and the last word counts; another type and another name are not meant */
    play(&r,
         "dns do record of=192.0.2.66 type=TXT text=a\ndns do behave ad=yes\ndns do behave of=192.0.2.66 "
         "rcode=servfail\ndns do behave of=192.0.2.66 type=KEY silent=yes\n"
         "dns do behave of=192.0.2.66 type=TXT rcode=noerror\ndns do behave name=other rcode=refused\n" END);
    g = ask(&r, NAME, DNS_TXT);
    assert_true(g.m.ad && !g.m.rcode && g.m.answers == 1);
    let_go(&g);
    g = ask(&r, NAME, DNS_A);
    assert_true(g.m.ad && g.m.rcode == DNS_SERVFAIL);
    let_go(&g);
    g = ask(&r, NAME, DNS_KEY);
    assert_false(g.any);
    play(&r, "dns do behave rcode=refused\ndns do behave of=192.0.2.66 ad=yes\n" END);
    g = ask(&r, NAME, DNS_TXT);
    assert_true(g.m.ad && g.m.rcode == DNS_REFUSED);
    let_go(&g);
    play(&r, "dns do behave silent=udp\n" END);
    g = ask(&r, NAME, DNS_TXT);
    assert_false(g.any);
    rig_query(&r, DNS_FRAME_TCP, 8, 1, NAME, DNS_TXT);
    g = take(&r);
    assert_true(g.any && g.how == DNS_FRAME_TCP && g.who == 8);
    let_go(&g);
    play(&r, "dns do behave bogus=yes\ndns do behave ttl=5\n" END);
    g = ask(&r, NAME, DNS_TXT);
    assert_true(g.m.rcode == DNS_SERVFAIL && g.m.extended_error == DNS_EDE_BOGUS);
    let_go(&g);
    play(&r, "dns do behave ttl=5\n" END);
    g = ask(&r, NAME, DNS_TXT);
    assert_true(g.m.rcode == DNS_NXDOMAIN && g.m.authorities == 1 && g.m.rr[0].ttl == 5);
    assert_true(slice_eq(slice_sub(g.m.rr[0].rdata, g.m.rr[0].rdata.n - 4, g.m.rr[0].rdata.n),
                         SLICE_LIT("\0\0\0\5")));
    let_go(&g);
    rig_close(&r);
}

static void test_truncation(void **state)
{
    struct rig r;
    struct got g;
    (void)state;
    open_rig(&r);
    play(&r, "dns do record of=192.0.2.66 type=TXT text=a\ndns do behave truncate=yes\n" END);
    g = ask(&r, NAME, DNS_TXT);
    assert_true(g.m.tc && !g.m.answers);
    let_go(&g);
    rig_query(&r, DNS_FRAME_TCP, 8, 1, NAME, DNS_TXT);
    g = take(&r);
    assert_true(!g.m.tc && g.m.answers == 1);
    let_go(&g);
    /* what does not fit into what the query takes is cut by itself */
    play(&r, "dns do record of=192.0.2.66 type=TXT precedence=%n gateway=192.1.1.%n key=$KEY5 times=3\n" END);
    g = ask(&r, NAME, DNS_TXT);
    assert_true(g.m.tc && !g.m.answers);
    let_go(&g);
    rig_query(&r, DNS_FRAME_TCP, 8, 1, NAME, DNS_TXT);
    g = take(&r);
    assert_true(!g.m.tc && g.m.answers == 3);
    let_go(&g);
    /* without EDNS 512 octets are all: four records of 120 fit, five do not */
    for (int n = 4; n <= 5; n++) {
        struct dns_msg q;
        struct buf b;
        char body[400];
        snprintf(body, sizeof body, "dns do record name=a type=TXT text=%0100d times=%d\n" END, 0, n);
        play(&r, body);
        dns_msg_ask(&q, 1, "a", DNS_TXT, false);
        q.edns = false;
        buf_init(&b, r.env.mem, 1024);
        assert_int_equal(dns_msg_write(&q, &b), OK);
        rig_frame_out(&r, DNS_FRAME_UDP, 9, buf_slice(&b));
        buf_done(&b);
        g = take(&r);
        assert_int_equal(g.m.tc, n == 5);
        let_go(&g);
    }
    rig_close(&r);
}

static void test_lies(void **state)
{
    struct rig r;
    struct got g;
    (void)state;
    open_rig(&r);
    play(&r, "dns do record of=192.0.2.66 type=TXT text=a\ndns do behave id=wrong\n" END);
    g = ask(&r, NAME, DNS_TXT);
    assert_true(g.m.id != 0x1234 && g.m.answers == 1 && strcmp(g.m.qname, NAME) == 0 &&
                strcmp(g.m.rr[0].name, NAME) == 0);
    let_go(&g);
    play(&r, "dns do record of=192.0.2.66 type=TXT text=a\ndns do behave owner=wrong\n" END);
    g = ask(&r, NAME, DNS_TXT);
    assert_true(g.m.id == 0x1234 && strcmp(g.m.qname, NAME) == 0 && strcmp(g.m.rr[0].name, NAME) != 0);
    let_go(&g);
    play(&r, "dns do record of=192.0.2.66 type=TXT text=a\ndns do behave type_of=wrong\n" END);
    g = ask(&r, NAME, DNS_TXT);
    assert_true(g.m.qtype == DNS_TXT && g.m.rr[0].type != DNS_TXT && strcmp(g.m.rr[0].name, NAME) == 0);
    let_go(&g);
    play(&r, "dns do record of=192.0.2.66 type=TXT text=a\ndns do behave question=wrong\n" END);
    g = ask(&r, NAME, DNS_TXT);
    assert_true(g.m.id == 0x1234 && strcmp(g.m.qname, NAME) != 0 && strcmp(g.m.rr[0].name, NAME) == 0);
    let_go(&g);
    play(&r, "dns do record of=192.0.2.66 type=TXT text=a\ndns do behave from=elsewhere\n" END);
    g = ask(&r, NAME, DNS_TXT);
    assert_true(g.elsewhere && g.m.answers == 1);
    let_go(&g);
    play(&r, "dns do behave garbage=yes\n" END);
    g = ask(&r, NAME, DNS_TXT);
    assert_true(g.any && !g.readable && g.m.id == 0x1234 && g.m.qname && strcmp(g.m.qname, NAME) == 0);
    let_go(&g);
    play(&r, "dns do behave garbage=short\n" END);
    g = ask(&r, NAME, DNS_TXT);
    assert_true(g.any && !g.readable);
    let_go(&g);
    play(&r,
         "dns do record of=192.0.2.66 type=TXT text=a\ndns do behave id=wrong\ndns do behave id=good\n" END);
    g = ask(&r, NAME, DNS_TXT);
    assert_true(g.m.id == 0x1234);
    let_go(&g);
    rig_close(&r);
}

/* Forged answers come first, and lead elsewhere; by TCP there are none. */
static void test_forgeries(void **state)
{
    struct rig r;
    struct got g;
    (void)state;
    open_rig(&r);
    play(&r, "dns do record of=192.0.2.66 type=TXT text=a\ndns do behave first=id first=elsewhere "
             "first=owner\n" END);
    g = ask(&r, NAME, DNS_TXT);
    assert_true(g.m.id != 0x1234 && g.m.answers == 1 &&
                slice_find(g.m.rr[0].rdata, SLICE_LIT("(1)=" OE_FORGED_GATEWAY " ")) < g.m.rr[0].rdata.n);
    let_go(&g);
    g = take(&r);
    assert_true(g.elsewhere && g.m.id == 0x1234);
    let_go(&g);
    g = take(&r);
    assert_true(!g.elsewhere && g.m.id == 0x1234 && strcmp(g.m.rr[0].name, NAME) != 0);
    let_go(&g);
    g = take(&r);
    assert_true(g.m.id == 0x1234 && slice_eq(g.m.rr[0].rdata, SLICE_LIT("\1a")));
    let_go(&g);
    none(&r);
    rig_query(&r, DNS_FRAME_TCP, 8, 1, NAME, DNS_TXT);
    g = take(&r);
    assert_true(g.any && slice_eq(g.m.rr[0].rdata, SLICE_LIT("\1a")));
    let_go(&g);
    none(&r);
    /* at once, though the good answer is held; as told, it is NXDOMAIN */
    play(&r, "dns do behave first=question forged=nxdomain hold=yes\n" END);
    g = ask(&r, NAME, DNS_KEY);
    assert_true(g.m.rcode == DNS_NXDOMAIN && strcmp(g.m.qname, NAME) != 0);
    let_go(&g);
    none(&r);
    rig_close(&r);
}

static void test_held(void **state)
{
    struct rig r;
    struct got g;
    (void)state;
    open_rig(&r);
    /* the answer is made of what stands there when it goes out */
    play(&r, "dns do behave hold=yes\ndns expect query again=no fresh=yes port=7 -> next\ndns do record "
             "of=192.0.2.66 type=TXT text=late\ndns do release of=192.0.2.67\n" END);
    rig_query(&r, DNS_FRAME_UDP, 7, 5, NAME, DNS_TXT);
    none(&r); /* release of another name waits */
    rig_query(&r, DNS_FRAME_UDP, 7, 6, "67.2.0.192.in-addr.arpa", DNS_TXT);
    g = take(&r);
    assert_true(g.any && g.m.id == 6);
    let_go(&g);
    none(&r);
    play(&r,
         "dns do behave hold=yes\ndns expect query -> next\ndns expect query again=yes fresh=no -> next\ndns "
         "do record of=192.0.2.66 type=TXT text=late\ndns do behave rcode=refused\ndns do release\n" END);
    rig_query(&r, DNS_FRAME_UDP, 7, 5, NAME, DNS_TXT);
    none(&r);
    rig_query(&r, DNS_FRAME_UDP, 7, 5, NAME, DNS_TXT); /* both tries are answered */
    for (int i = 0; i < 2; i++) {
        g = take(&r);
        assert_true(g.any && g.m.rcode == DNS_REFUSED);
        let_go(&g);
    }
    none(&r);
    /* a TCP connection that was ended hears nothing any more */
    play(&r,
         "dns do behave hold=yes\ndns expect query -> next\ndns expect query -> next\ndns do release\n" END);
    rig_query(&r, DNS_FRAME_TCP, 3, 5, NAME, DNS_TXT);
    rig_frame_out(&r, DNS_FRAME_END, 3, SLICE_NONE);
    rig_query(&r, DNS_FRAME_TCP, 4, 6, NAME, DNS_TXT);
    g = take(&r);
    assert_true(g.any && g.who == 4);
    let_go(&g);
    none(&r);
    play(&r, "dns do release within 2s\n" END);
    rig_wait(&r, 2500);
    rig_is(&r, V_INCONC, "nothing came within 2.0 s that line 6 could be about");
    rig_close(&r);
}

static void test_late(void **state)
{
    struct rig r;
    struct got g;
    (void)state;
    open_rig(&r);
    play(&r, "dns do behave delay=300\n" END);
    g = ask(&r, NAME, DNS_TXT);
    assert_false(g.any);
    assert_int_equal(r.p->e.ops->deadline(&r.p->e), r.now + 300);
    rig_wait(&r, 299);
    none(&r);
    rig_wait(&r, 1);
    g = take(&r);
    assert_true(g.any && g.m.rcode == DNS_NXDOMAIN);
    let_go(&g);
    rig_wait(&r, 1000);
    none(&r);
    rig_close(&r);
}

/* Anew: the last query, or the last one about a name, as the statement says and not as it is told to behave.
 */
static void test_answer(void **state)
{
    struct rig r;
    struct got g;
    (void)state;
    open_rig(&r);
    play(&r,
         "dns do behave rcode=servfail\ndns expect query -> next\ndns expect query -> next\ndns do record "
         "of=192.0.2.66 type=TXT text=a\ndns do answer of=192.0.2.66 ad=yes\ndns do answer first=id\n" END);
    g = ask(&r, NAME, DNS_TXT);
    assert_true(g.m.rcode == DNS_SERVFAIL);
    let_go(&g);
    rig_query(&r, DNS_FRAME_UDP, 9, 2, "b", DNS_TXT);
    g = take(&r);
    assert_true(g.m.rcode == DNS_SERVFAIL && g.who == 9);
    let_go(&g);
    g = take(&r);
    assert_true(g.who == 7 && g.m.ad && g.m.answers == 1 && !g.m.rcode);
    let_go(&g);
    g = take(&r);
    assert_true(g.who == 9 && g.m.id != 2);
    let_go(&g);
    g = take(&r);
    assert_true(g.who == 9 && g.m.id == 2 && g.m.rcode == DNS_NXDOMAIN);
    let_go(&g);
    none(&r);
    rig_close(&r);
}

static void test_query_fields(void **state)
{
    struct rig r;
    struct got g;
    (void)state;
    open_rig(&r);
    play(&r, "dns expect query name=" NAME
             " type=TXT class=IN via=udp rd=yes do=yes again=no form=good id=4660 port=7 fresh=yes -> next\n"
             "dns expect query type=TYPE65280 via=tcp again=no -> next\ndns expect query type=TXT again=yes "
             "fresh=yes -> next\ndns expect query again=yes fresh=no -> pass\n");
    g = ask(&r, "66.2.0.192.IN-ADDR.arpa", DNS_TXT);
    assert_true(slice_find(g.m.question, SLICE_LIT("IN-ADDR")) < g.m.question.n); /* letter case comes back */
    let_go(&g);
    rig_query(&r, DNS_FRAME_TCP, 7, 1, NAME, 65280);
    rig_query(&r, DNS_FRAME_UDP, 8, 0x1234, NAME, DNS_TXT);
    rig_query(&r, DNS_FRAME_UDP, 8, 0x1234, NAME, DNS_TXT);
    rig_is(&r, V_PASS, NULL);
    assert_true(r.oe.play.observed >> OE_SEEN_QUERY & 1);
    rig_close(&r);
}

static void test_no_queries(void **state)
{
    static const uint8_t two[] = {0,   9, 1, 0,  0, 2, 0, 0,   0, 0, 0,  0, 1,
                                  'a', 0, 0, 16, 0, 1, 1, 'b', 0, 0, 16, 0, 1};
    static const uint8_t update[] = {0, 9, 0x28, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 'a', 0, 0, 16, 0, 1};
    struct rig r;
    struct got g;
    (void)state;
    open_rig(&r);
    play(&r, "dns expect query form=bad -> next\ndns expect query form=bad -> next\ndns expect query "
             "form=bad name=\"\" -> next\n" END);
    rig_frame_out(&r, DNS_FRAME_UDP, 7, slice_of(two, sizeof two));
    g = take(&r);
    assert_true(g.any && g.m.rcode == DNS_FORMERR && g.m.id == 9);
    let_go(&g);
    rig_frame_out(&r, DNS_FRAME_UDP, 7, slice_of(update, sizeof update));
    g = take(&r);
    assert_true(g.any && g.m.rcode == DNS_NOTIMP);
    let_go(&g);
    rig_frame_out(&r, DNS_FRAME_UDP, 7, SLICE_LIT("x"));
    none(&r);
    assert_int_equal(r.p->pc, 4);
    /* an answer is no query, and is not answered */
    rig_frame_out(&r, DNS_FRAME_UDP, 7, SLICE_LIT("\0\1\x80\0\0\0\0\0\0\0\0\0"));
    none(&r);
    /* before anything was asked nobody has a reason to ask us */
    rig_play(&r, "reach ready\ndns expect silence within 1s -> pass\n");
    rig_query(&r, DNS_FRAME_UDP, 7, 1, NAME, DNS_TXT);
    none(&r);
    rig_close(&r);
}

/* Queries wait in their order until somebody wants to know, or until they are forgotten. */
static void test_forget(void **state)
{
    struct rig r;
    struct got g;
    (void)state;
    open_rig(&r);
    for (int forget = 0; forget < 2; forget++) {
        char line[80];
        play(&r, forget ? "send initiate\nexpect decision -> next\ndns do forget\ndns expect query -> "
                          "fail\ndns or silence within 1s -> pass\n"
                        : "send initiate\nexpect decision -> next\ndns expect query -> fail\ndns or silence "
                          "within 1s -> pass\n");
        g = ask(&r, NAME, DNS_TXT);
        let_go(&g);
        snprintf(line, sizeof line, "{\"id\":\"%llu\",\"decision\":\"clear\"}",
                 (unsigned long long)r.oe.play.next_id);
        rig_says(&r, line);
        if (forget) rig_wait(&r, 1100);
        rig_is(&r, forget ? V_PASS : V_FAIL, NULL);
    }
    rig_close(&r);
}

/* A case that uses nearly all of it, with the n-th allocation refused. */
static void memory_once(struct rig *r, struct mem_fail *f, size_t n)
{
    struct env env = r->env;
    struct mem mem = mem_fail_init(f, n);
    struct play_run run = r->run;
    struct oe_run oe = r->oe;
    struct player *p = NULL;
    env.mem = &mem;
    run.env = &env;
    run.proto_run = &oe;
    oe.play.next_id = 0;
    if (player_new(&run, r->plan, &p) != OK) return;
    p->e.ops->tick(&p->e, 1000);
    for (int i = 0; i < PLAY_OE_ENDS; i++) {
        p->e.link[i].state = LINK_UP;
        p->e.ops->up(&p->e, i, 1000);
    }
    slice in = SLICE_LIT("{\"id\":\"1\",\"status\":\"ready\"}\n");
    p->e.ops->feed(&p->e, PLAY_OE_ADAPTER, in, 1000);
    static const uint8_t query[] = {0, 0, 0, 0, 7, 0, 19, 0,   9, 1, 0,  0, 1,
                                    0, 0, 0, 0, 0, 0, 1,  'a', 0, 0, 16, 0, 1};
    p->e.ops->feed(&p->e, PLAY_OE_DNS, slice_of(query, sizeof query), 1000);
    p->e.ops->feed(&p->e, PLAY_OE_DNS, slice_of(query, sizeof query), 1000);
    p->e.ops->tick(&p->e, 1400);
    in = SLICE_LIT("{\"id\":\"2\",\"decision\":\"encrypt\",\"gateway\":\"192.1.1.5\",\"keys\":[{\"exponent_"
                   "hex\":\"03\",\"modulus_hex\":\"b6be\"}]}\n");
    p->e.ops->feed(&p->e, PLAY_OE_ADAPTER, in, 1400);
    if (!n) assert_int_equal(p->verdict, V_PASS);
    if (!n) assert_true(p->stop);
    player_free(p);
}

static void test_memory(void **state)
{
    struct rig r;
    struct mem_fail f;
    (void)state;
    open_rig(&r);
    rig_play(&r, "reach ready\nsend initiate as=x\ndns do record name=a type=TXT text=%n times=3\ndns do "
                 "behave name=a delay=100 first=id ad=yes\ndns expect query -> next\ndns do answer\nexpect "
                 "decision is=encrypt key=other -> pass\n");
    memory_once(&r, &f, 0);
    size_t all = f.calls;
    assert_int_equal(f.blocks, 0);
    for (size_t n = 1; n <= all; n++) {
        memory_once(&r, &f, n);
        assert_int_equal(f.blocks, 0);
    }
    rig_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_records),    cmocka_unit_test(test_aliases),
        cmocka_unit_test(test_behaviour),  cmocka_unit_test(test_truncation),
        cmocka_unit_test(test_lies),       cmocka_unit_test(test_forgeries),
        cmocka_unit_test(test_held),       cmocka_unit_test(test_late),
        cmocka_unit_test(test_answer),     cmocka_unit_test(test_query_fields),
        cmocka_unit_test(test_no_queries), cmocka_unit_test(test_forget),
        cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
