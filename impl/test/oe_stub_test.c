/* SPDX-License-Identifier: MIT */
/* oe_stub: which answers count, what is made of them, aliases, and deliberate mistakes. */
#include "test/oe_stub_help.h"

static void a_query(void **state)
{
    (void)state;
    struct world *w = world_new(0);
    struct dns_msg q;
    uint32_t who[50];
    uint16_t ids[50], differ = 0;
    for (int i = 0; i < 50; i++) {
        asked(w, "66.0.2.192.IN-ADDR.arpa");
        query(w, &q);
        assert_string_equal(q.qname, NAME);
        assert_true(q.rd && q.ad && q.edns && q.dnssec_ok && q.qtype == DNS_TXT && q.qclass == DNS_IN && !q.response && q.udp_size == DNS_UDP_SIZE);
        assert_int_equal(w->frame.how, DNS_FRAME_UDP);
        who[i] = w->frame.who;
        ids[i] = q.id;
        dns_msg_done(&q);
        for (int k = 0; k < i; k++) {
            assert_int_not_equal(who[k], who[i]);
            assert_int_not_equal(who[k] >> 16, 0);
            differ = (uint16_t)(differ + (ids[k] != ids[i]));
        }
    }
    assert_true(differ > 1200); /* of 1225 pairs */
    oe_stub_cancel(&w->stub);
    assert_int_equal(w->ends, 50);
    assert_int_equal(oe_stub_deadline(&w->stub), UINT64_MAX);
    struct oe_question bad = question(1, "a..b");
    assert_int_equal(oe_stub_ask(&w->stub, &bad, w->now), ERR_USE);
    world_free(w);
}

static void records_and_none(void **state)
{
    (void)state;
    struct world *w = world_new(0);
    struct dns_rr rr[] = {txt(NAME, 30, "\2ab"), txt(OTHER, 5, "\1x"), txt(NAME, 20, "\0"), {.name = NAME, .type = DNS_A, .class = DNS_IN, .ttl = 1}};
    asked(w, NAME);
    answer(w, DNS_NOERROR, true, rr, 4, 0);
    assert_int_equal(w->told, 1);
    assert_int_equal(w->id, 5);
    assert_int_equal(w->a.look, OE_LOOK_RECORDS);
    assert_int_equal(w->a.security, OE_SEC_SECURE);
    assert_int_equal(w->a.n, 2);
    assert_int_equal(w->rdata_octets, 3);
    assert_int_equal(w->a.ttl, 20);
    assert_string_equal(w->canonical, NAME);
    assert_int_equal(w->ends, 1);
    assert_int_equal(w->ended, w->frame.who);
    asked(w, NAME);
    answer(w, DNS_NOERROR, false, rr + 1, 1, 0); /* of another name alone */
    assert_int_equal(w->a.look, OE_LOOK_NODATA);
    assert_int_equal(w->a.security, OE_SEC_INSECURE);
    assert_int_equal(w->a.ttl, 0);
    asked(w, NAME);
    answer(w, DNS_NOERROR, false, rr + 3, 1, 0); /* of another type alone */
    assert_int_equal(w->a.look, OE_LOOK_NODATA);
    struct dns_rr none[] = {soa};
    asked(w, NAME);
    answer(w, DNS_NXDOMAIN, true, none, 0, 1);
    assert_int_equal(w->a.look, OE_LOOK_NXDOMAIN);
    assert_int_equal(w->a.ttl, 60); /* MINIMUM is less than the TTL of the SOA (RFC 2308 5) */
    assert_int_equal(w->a.security, OE_SEC_SECURE);
    asked(w, NAME);
    answer(w, DNS_NXDOMAIN, false, rr, 1, 0); /* who says both is believed that there is none */
    assert_int_equal(w->a.look, OE_LOOK_NXDOMAIN);
    assert_int_equal(w->a.n, 0);
    world_free(w);
}

static void failures(void **state)
{
    (void)state;
    struct world *w = world_new(0);
    const uint16_t rcodes[] = {DNS_FORMERR, DNS_SERVFAIL, DNS_NOTIMP, DNS_REFUSED, 9};
    struct dns_msg q, m;
    for (size_t i = 0; i < 5; i++) {
        asked(w, NAME);
        answer(w, rcodes[i], true, NULL, 0, 0);
        assert_int_equal(w->told, i + 1);
        assert_int_equal(w->a.look, OE_LOOK_SERVFAIL);
        assert_int_equal(w->a.security, OE_SEC_INDETERMINATE);
    }
    for (int code = 5; code <= 7; code++) { /* only one of the extended errors says that it is bogus */
        asked(w, NAME);
        query(w, &q);
        dns_msg_reply(&m, &q, DNS_SERVFAIL);
        m.extended_error = code;
        say(w, &m);
        dns_msg_done(&q);
        assert_int_equal(w->a.look, OE_LOOK_SERVFAIL);
        assert_int_equal(w->a.security, code == 6 ? OE_SEC_BOGUS : OE_SEC_INDETERMINATE);
    }
    asked(w, NAME); /* who cannot read the query may leave its question out */
    query(w, &q);
    dns_msg_reply(&m, &q, DNS_FORMERR);
    m.qname = NULL;
    m.question = SLICE_NONE;
    say(w, &m);
    dns_msg_done(&q);
    assert_int_equal(w->told, 9);
    world_free(w);
}

/* --- forged and broken ones ----------------------------------------------------------------------------------------------------------- */

enum forge { WRONG_ID, NO_RESPONSE, OPCODE, OTHER_NAME, OTHER_TYPE, OTHER_CLASS, NO_QUESTION, TWO_QUESTIONS, ELSEWHERE, OTHER_WHO, OVER_TCP, STUMP, FORGES };

static void forge(struct world *w, enum forge what)
{
    struct dns_rr rr[] = {txt(NAME, 30, "\6forged")};
    struct dns_msg q, m;
    struct buf out;
    struct dns_frame f = w->frame;
    query(w, &q);
    dns_msg_reply(&m, &q, DNS_NOERROR);
    m.question = SLICE_NONE;
    m.rr = rr;
    m.answers = 1;
    if (what == WRONG_ID) m.id ^= 0x100;
    if (what == NO_RESPONSE) m.response = false;
    if (what == OPCODE) m.opcode = 4;
    if (what == OTHER_NAME) m.qname = OTHER;
    if (what == OTHER_TYPE) m.qtype = DNS_KEY;
    if (what == OTHER_CLASS) m.qclass = 3;
    if (what == NO_QUESTION) m.qname = NULL;
    if (what == ELSEWHERE) f.elsewhere = true;
    if (what == OTHER_WHO) f.who ^= 0x10000;
    if (what == OVER_TCP) f.how = DNS_FRAME_TCP;
    buf_init(&out, &mem_libc, 1 << 16);
    assert_int_equal(dns_msg_write(&m, &out), OK);
    if (what == TWO_QUESTIONS) out.p[out.from + 5] = 2; /* the record is read for one */
    f.msg = what == STUMP ? slice_sub(buf_slice(&out), 0, 12) : buf_slice(&out);
    assert_int_equal(feed(w, &f), OK);
    buf_done(&out);
    dns_msg_done(&q);
}

static void forged_ones_are_passed_over(void **state)
{
    (void)state;
    for (int what = 0; what < FORGES; what++) {
        struct world *w = world_new(0);
        struct dns_rr rr[] = {txt(NAME, 30, "\4good")};
        asked(w, NAME);
        forge(w, (enum forge)what);
        if (w->told) fail_msg("forged answer %d counts", what);
        answer(w, DNS_NOERROR, false, rr, 1, 0);
        assert_int_equal(w->told, 1);
        assert_int_equal(w->rdata_octets, 5);
        answer(w, DNS_NOERROR, false, rr, 1, 0); /* twice: passed over */
        assert_int_equal(w->told, 1);
        world_free(w);
    }
}

static void broken_ones(void **state)
{
    (void)state;
    struct world *w = world_new(0);
    struct dns_msg q, m;
    struct buf out;
    struct dns_rr rr[] = {txt(NAME, 30, "\4good")};
    struct dns_frame f;
    asked(w, NAME);
    f = w->frame;
    f.msg = SLICE_LIT("\x01\x02garbage");
    assert_int_equal(feed(w, &f), OK);
    f.msg = SLICE_NONE;
    assert_int_equal(feed(w, &f), OK);
    assert_int_equal(w->told, 0); /* nothing says that it is the answer */
    query(w, &q);
    dns_msg_reply(&m, &q, DNS_NOERROR);
    m.rr = rr;
    m.answers = 1;
    buf_init(&out, &mem_libc, 1 << 16);
    assert_int_equal(dns_msg_write(&m, &out), OK);
    f.msg = slice_sub(buf_slice(&out), 0, out.n - 20); /* cut inside the record: id and question say that it is */
    assert_int_equal(feed(w, &f), OK);
    assert_int_equal(w->told, 1);
    assert_int_equal(w->a.look, OE_LOOK_UNREADABLE);
    buf_done(&out);
    dns_msg_done(&q);
    assert_int_equal(oe_stub_feed(&w->stub, SLICE_LIT("\x7f"), w->now), ERR_PEER); /* no frame */
    world_free(w);
}

/* --- aliases --------------------------------------------------------------------------------------------------------------------------- */

static void aliases_in_one_answer(void **state)
{
    (void)state;
    char names[10][8];
    struct dns_rr rr[12];
    for (size_t n = 1; n <= 9; n++) {
        struct world *w = world_new(0);
        for (size_t i = 0; i < n; i++) {
            snprintf(names[i], sizeof names[i], "a%zu.org", i);
            rr[n - 1 - i] = alias(i ? names[i - 1] : NAME, names[i]); /* in no order */
        }
        rr[n] = txt(names[n - 1], 30, "\4good");
        asked(w, NAME);
        answer(w, DNS_NOERROR, true, rr, n + 1, 0);
        assert_int_equal(w->told, 1);
        assert_int_equal(w->a.look, n <= 8 ? OE_LOOK_RECORDS : OE_LOOK_SERVFAIL);
        if (n <= 8) {
            assert_string_equal(w->canonical, names[n - 1]);
            assert_int_equal(w->a.aliases, n);
            assert_int_equal(w->a.ttl, 30);
        }
        world_free(w);
    }
    struct world *w = world_new(0);
    struct dns_rr circle[] = {alias(NAME, "a.org"), alias("a.org", "b.org"), alias("b.org", "a.org")};
    asked(w, NAME);
    answer(w, DNS_NOERROR, true, circle, 3, 0);
    assert_int_equal(w->a.look, OE_LOOK_SERVFAIL);
    struct dns_rr nowhere[] = {alias(NAME, "a.org"), soa};
    asked(w, NAME);
    answer(w, DNS_NXDOMAIN, true, nowhere, 1, 1);
    assert_int_equal(w->a.look, OE_LOOK_NXDOMAIN);
    assert_int_equal(w->a.ttl, 60);
    asked(w, NAME);
    answer(w, DNS_NOERROR, true, nowhere, 1, 1);
    assert_int_equal(w->a.look, OE_LOOK_NODATA); /* the SOA says that it went to the end */
    assert_int_equal(w->told, 3);
    world_free(w);
}

static void aliases_one_by_one(void **state)
{
    (void)state;
    struct world *w = world_new(0);
    struct dns_rr one[] = {alias(NAME, "a.org")}, two[] = {txt("a.org", 30, "\4good"), txt(NAME, 30, "\1x")};
    asked(w, NAME);
    uint32_t first = w->frame.who;
    answer(w, DNS_NOERROR, false, one, 1, 0);
    assert_int_equal(w->told, 0);
    struct dns_msg q;
    query(w, &q);
    assert_string_equal(q.qname, "a.org");
    dns_msg_done(&q);
    assert_int_not_equal(w->frame.who, first);
    assert_int_equal(w->ended, first);
    answer(w, DNS_NOERROR, true, two, 2, 0);
    assert_int_equal(w->a.look, OE_LOOK_RECORDS);
    assert_int_equal(w->a.security, OE_SEC_INSECURE); /* the first step was */
    assert_int_equal(w->a.n, 1);
    assert_string_equal(w->canonical, "a.org");
    /* round and round, one at a time */
    struct dns_rr there[] = {alias("a.org", "b.org")}, back[] = {alias("b.org", "a.org")};
    asked(w, NAME);
    answer(w, DNS_NOERROR, false, one, 1, 0);
    for (int i = 0; i < 20 && w->told == 1; i++)
        answer(w, DNS_NOERROR, false, i % 2 ? back : there, 1, 0);
    assert_int_equal(w->told, 2);
    assert_int_equal(w->a.look, OE_LOOK_SERVFAIL);
    assert_int_equal(w->a.aliases, 9);
    world_free(w);
}

/* --- mistakes ------------------------------------------------------------------------------------------------------------------------------ */

static void mistakes(void **state)
{
    (void)state;
    static const struct {
        unsigned mutant;
        enum forge takes;
    } forged[] = {{OEMUT_ANY_ID, WRONG_ID}, {OEMUT_ANY_PLACE, ELSEWHERE}, {OEMUT_ANY_QUESTION, OTHER_TYPE}};
    for (size_t i = 0; i < 3; i++) {
        for (int what = 0; what < FORGES; what++) {
            struct world *w = world_new(forged[i].mutant);
            asked(w, NAME);
            forge(w, (enum forge)what);
            bool one = what == (int)forged[i].takes || (forged[i].mutant == OEMUT_ANY_QUESTION && (what == OTHER_NAME || what == OTHER_CLASS));
            if ((w->told == 1) != one) fail_msg("mutant %u, forged answer %d", forged[i].mutant, what);
            world_free(w);
        }
    }
    struct dns_rr other[] = {txt(OTHER, 5, "\1x"), {.name = NAME, .type = DNS_A, .class = DNS_IN, .ttl = 1, .rdata = SLICE_LIT("\1\2\3\4")}};
    struct world *w = world_new(OEMUT_ANY_OWNER);
    asked(w, NAME);
    answer(w, DNS_NOERROR, false, other, 2, 0);
    assert_int_equal(w->rdata_octets, 2);
    world_free(w);
    w = world_new(OEMUT_ANY_TYPE);
    asked(w, NAME);
    answer(w, DNS_NOERROR, false, other, 2, 0);
    assert_int_equal(w->rdata_octets, 4);
    world_free(w);
    w = world_new(OEMUT_NO_TCP);
    asked(w, NAME);
    truncate(w);
    assert_int_equal(w->a.look, OE_LOOK_SERVFAIL);
    world_free(w);
    w = world_new(OEMUT_TAKES_TRUNCATED);
    asked(w, NAME);
    truncate(w);
    assert_int_equal(w->a.look, OE_LOOK_NODATA);
    world_free(w);
    w = world_new(OEMUT_AD_ALWAYS);
    asked(w, NAME);
    answer(w, DNS_NXDOMAIN, false, NULL, 0, 0);
    assert_int_equal(w->a.security, OE_SEC_SECURE);
    world_free(w);
    w = world_new(OEMUT_AD_UNSEEN);
    asked(w, NAME);
    answer(w, DNS_NXDOMAIN, true, NULL, 0, 0);
    assert_int_equal(w->a.security, OE_SEC_INSECURE);
    world_free(w);
    w = world_new(OEMUT_GARBAGE_COUNTS);
    asked(w, NAME);
    struct dns_frame f = w->frame;
    f.msg = SLICE_LIT("garbage");
    assert_int_equal(feed(w, &f), OK);
    assert_int_equal(w->a.look, OE_LOOK_UNREADABLE);
    world_free(w);
    w = world_new(OEMUT_ENDLESS_ALIASES);
    struct dns_rr circle[] = {alias(NAME, NAME)};
    asked(w, NAME);
    answer(w, DNS_NOERROR, false, circle, 1, 0);
    w->now += 100000;
    oe_stub_tick(&w->stub, w->now);
    assert_int_equal(w->told, 0);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_query),
        cmocka_unit_test(records_and_none),
        cmocka_unit_test(failures),
        cmocka_unit_test(forged_ones_are_passed_over),
        cmocka_unit_test(broken_ones),
        cmocka_unit_test(aliases_in_one_answer),
        cmocka_unit_test(aliases_one_by_one),
        cmocka_unit_test(mistakes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
