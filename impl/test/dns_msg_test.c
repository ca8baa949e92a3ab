/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <ldns/ldns.h>

#include "codec/dns_msg.h"
#include "test/mem_fail.h"

static struct env env;

static int setup(void **state)
{
    (void)state;
    env_init(&env);
    return 0;
}

/* An answer with all that there is: aliases, records of which one is broken inside, an SOA, an additional record, OPT with an extended error. */
#define HEADER     "\x12\x34\x85\xb0\x00\x01\x00\x04\x00\x01\x00\x02"
#define QUESTION   "\x02" "66\x01" "0\x01" "2\x03" "192\x07" "In-Addr\x04" "ARPA\x00" "\x00\x10\x00\x01"
#define CNAME_     "\xc0\x0c\x00\x05\x00\x01\x00\x00\x01\x2c\x00\x06" "\x03" "a_b\xc0\x0f"
#define TXT_       "\x03" "A_B\xc0\x0f\x00\x10\x00\x01\x00\x00\x00\x0a\x00\x04\x03" "abc"
#define TXT_BROKEN "\x03" "a_b\xc0\x0f\x00\x10\x00\x01\x00\x00\x00\x0b\x00\x02\xff" "a"
#define TXT_EMPTY  "\x03" "a_b\xc0\x0f\x00\x10\x00\x01\x80\x00\x00\x0b\x00\x00"
#define SOA_       "\xc0\x0f\x00\x06\x00\x01\x00\x00\x0e\x10\x00\x18\xc0\x0f\xc0\x0f\x00\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00\x03\x00\x00\x00\x04\x00\x00\x00\x3c"
#define A_         "\x01.\x00\x00\x01\x00\x01\x00\x00\x00\x05\x00\x04\xc0\x00\x02\x01"
#define OPT_       "\x00\x00\x29\x04\xd0\x01\x00\x80\x00\x00\x0c\x00\x03\x00\x02hi\x00\x0f\x00\x02\x00\x06"
#define ANSWER     HEADER QUESTION CNAME_ TXT_ TXT_BROKEN TXT_EMPTY SOA_ A_ OPT_

static void an_answer_is_read(void **state)
{
    (void)state;
    struct dns_msg m;
    struct dns_fault f;
    assert_int_equal(dns_msg_read(&env, SLICE_LIT(ANSWER), &m, &f), OK);
    assert_int_equal(m.id, 0x1234);
    assert_true(m.response && m.aa && m.rd && m.ra && m.ad && m.cd && !m.tc && !m.z && m.opcode == 0);
    assert_int_equal(m.rcode, 16);
    assert_int_equal(m.questions, 1);
    assert_string_equal(m.qname, "66.0.2.192.in-addr.arpa");
    assert_int_equal(m.qtype, DNS_TXT);
    assert_int_equal(m.qclass, DNS_IN);
    assert_true(slice_eq(m.question, SLICE_LIT(QUESTION)));
    assert_int_equal(m.answers, 4);
    assert_int_equal(m.authorities, 1);
    assert_int_equal(m.additionals, 1);
    assert_string_equal(m.rr[0].name, "66.0.2.192.in-addr.arpa");
    assert_int_equal(m.rr[0].type, DNS_CNAME);
    assert_int_equal(m.rr[0].ttl, 300);
    assert_string_equal(m.rr[0].target, "a_b.0.2.192.in-addr.arpa");
    assert_string_equal(m.rr[1].name, "a_b.0.2.192.in-addr.arpa");
    assert_true(slice_eq(m.rr[1].rdata, SLICE_LIT("\x03" "abc")));
    assert_null(m.rr[1].target);
    assert_true(slice_eq(m.rr[2].rdata, SLICE_LIT("\xff" "a"))); /* broken, and no other suffers */
    assert_int_equal(m.rr[3].rdata.n, 0);
    assert_int_equal(m.rr[3].ttl, 0); /* RFC 2181 8 */
    assert_int_equal(m.rr[4].type, DNS_SOA);
    assert_int_equal(m.rr[4].rdata.n, 24);
    assert_string_equal(m.rr[5].name, "\\.");
    assert_true(m.edns && m.dnssec_ok && m.udp_size == 1232 && m.edns_version == 0);
    assert_int_equal(m.extended_error, DNS_EDE_BOGUS);
    assert_int_equal(m.trailing, 0);
    dns_msg_done(&m);
    assert_int_equal(dns_msg_read(&env, SLICE_LIT(ANSWER "more"), &m, &f), OK);
    assert_int_equal(m.trailing, 4);
    dns_msg_done(&m);
}

/* What is cut anywhere is no message, and says where; what stood before is there. */
static void every_cut_is_told(void **state)
{
    (void)state;
    static const char answer[] = ANSWER;
    for (size_t n = 0; n < sizeof answer - 1; n++) {
        struct dns_msg m;
        struct dns_fault f;
        uint8_t *exact = malloc(n ? n : 1); /* of just that length, for the sanitizer */
        memcpy(exact, answer, n);
        assert_int_equal(dns_msg_read(&env, slice_of(exact, n), &m, &f), ERR_PEER);
        assert_true(f.at <= n && *f.why);
        assert_int_equal(m.header_read, n >= 12);
        assert_int_equal(m.qname != NULL, n >= 12 + sizeof QUESTION - 1);
        dns_msg_done(&m);
        free(exact);
    }
}

static void wrong(const char *what, size_t n, const char *why, size_t at)
{
    struct dns_msg m;
    struct dns_fault f;
    err e = dns_msg_read(&env, slice_of(what, n), &m, &f);
    dns_msg_done(&m);
    if (e != ERR_PEER) fail_msg("was read, and not refused for: %s", why);
    assert_string_equal(f.why, why);
    assert_int_equal(f.at, at);
}
#define WRONG(lit, why, at) wrong(lit, sizeof(lit) - 1, why, at)
#define ONE                 "\x00\x01\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00"
#define ONE_RR              "\x00\x01\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00"
#define ADDITIONAL(n)       "\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00" n
#define L63                 "\x3f" "012345678901234567890123456789012345678901234567890123456789012"

static void names_that_are_none(void **state)
{
    (void)state;
    WRONG(ONE "\xc0\x0c\x00\x10\x00\x01", "a pointer leads to no name before it", 12); /* to itself */
    WRONG(ONE "\x01" "a\xc0\x0c\x00\x10\x00\x01", "a pointer leads to no name before it", 14); /* a circle */
    WRONG(ONE "\xc0\x10\x00\x01\x01" "a\x00", "a pointer leads to no name before it", 12); /* ahead */
    WRONG(ONE "\xc0\x00\x00\x10\x00\x01", "a pointer leads to no name before it", 12); /* into the header */
    WRONG(ONE "\xc0", "a name passes the end of the message", 12);
    WRONG(ONE "\x02" "a", "a name passes the end of the message", 12);
    WRONG(ONE "\x40\x00", "a label is of no known kind", 12);
    WRONG(ONE "\x80\x00", "a label is of no known kind", 12);
    WRONG(ONE L63 L63 L63 L63 "\x00\x00\x10\x00\x01", "a name has more than 255 octets", 12);
    WRONG(ONE_RR "\x00\x00\x05\x00\x01\x00\x00\x00\x00\x00\x02\x00\x00", "RDATA of an alias is not one name", 25);
    WRONG(ONE_RR "\x00\x00\x05\x00\x01\x00\x00\x00\x00\x00\x00\x00", "RDATA of an alias is not one name", 23);
    WRONG(ONE_RR "\x00\x00\x10\x00\x01\x00\x00\x00\x00\x00\x03" "ab", "RDATA passes the end of the message", 23);
    WRONG(ONE_RR "\x00\x00\x10\x00\x01\x00\x00\x00\x00\x00", "the message ends inside a record", 13);
    WRONG("\x00\x01\x00\x00\x00", "shorter than a header", 5);
    WRONG(ADDITIONAL("\x02") "\x00\x00\x29\x02\x00\x00\x00\x00\x00\x00\x00" "\x00\x00\x29\x02\x00\x00\x00\x00\x00\x00\x00", "a second OPT record", 23);
    WRONG(ADDITIONAL("\x01") "\x01" "a\x00\x00\x29\x02\x00\x00\x00\x00\x00\x00\x00", "an OPT record with a name", 12);
    WRONG(ADDITIONAL("\x01") "\x00\x00\x29\x02\x00\x00\x00\x00\x00\x00\x05\x00\x0f\x00\x02\x00", "an option passes the end of OPT", 12);
    char *huge = calloc(1, 65536);
    wrong(huge, 65536, "longer than a message can be", 65535);
    free(huge);
}

/* Pointers that lead back and back are followed to the end: 250 octets of one label each, every one a pointer away. */
static void long_chains_of_pointers(void **state)
{
    (void)state;
    uint8_t msg[2000] = {0, 1, 0, 0, 0, 0, 0, 126};
    size_t n = 12, before = 0;
    for (int i = 0; i < 126; i++) {
        size_t here = n;
        msg[n++] = 1;
        msg[n++] = 'a';
        if (i == 0) {
            msg[n++] = 0;
        } else {
            msg[n++] = (uint8_t)(0xC0 | before >> 8);
            msg[n++] = (uint8_t)before;
        }
        before = here;
        n += 10; /* type 0, class 0, no RDATA */
    }
    struct dns_msg m;
    struct dns_fault f;
    assert_int_equal(dns_msg_read(&env, slice_of(msg, n), &m, &f), OK);
    assert_int_equal(strlen(m.rr[125].name), 251);
    dns_msg_done(&m);
}

/* --- both ways ------------------------------------------------------------------------------------------------------------------- */

static void same_as_libldns(slice octets, const struct dns_msg *m)
{
    ldns_pkt *p = NULL;
    assert_int_equal(ldns_wire2pkt(&p, octets.p, octets.n), LDNS_STATUS_OK);
    assert_int_equal(ldns_pkt_id(p), m->id);
    assert_int_equal(ldns_pkt_tc(p), m->tc);
    assert_int_equal(ldns_pkt_ad(p), m->ad);
    assert_int_equal(ldns_pkt_ancount(p), m->answers);
    assert_int_equal(ldns_pkt_nscount(p), m->authorities);
    assert_int_equal((unsigned)ldns_pkt_get_rcode(p) | (unsigned)ldns_pkt_edns_extended_rcode(p) << 4, m->rcode);
    assert_int_equal(ldns_pkt_edns_do(p), m->dnssec_ok);
    for (size_t i = 0; i < m->answers; i++) {
        ldns_rr *rr = ldns_rr_list_rr(ldns_pkt_answer(p), i);
        char *owner = ldns_rdf2str(ldns_rr_owner(rr));
        owner[strlen(owner) - 1] = 0;
        assert_string_equal(owner, m->rr[i].name);
        assert_int_equal(ldns_rr_ttl(rr), m->rr[i].ttl);
        assert_int_equal(ldns_rr_get_type(rr), m->rr[i].type);
        free(owner);
    }
    ldns_pkt_free(p);
}

static void what_is_written_is_read(void **state)
{
    (void)state;
    struct dns_rr rr[] = {
        {.name = "66.0.2.192.in-addr.arpa", .type = DNS_CNAME, .class = DNS_IN, .ttl = 300, .target = "66.64-27.0.2.192.in-addr.arpa"},
        {.name = "66.64-27.0.2.192.in-addr.arpa", .type = DNS_TXT, .class = DNS_IN, .ttl = 5, .rdata = SLICE_LIT("\x03" "abc")},
        {.name = "2.0.192.in-addr.arpa", .type = DNS_TXT, .class = DNS_IN, .ttl = 5, .rdata = SLICE_LIT("\x00")},
    };
    struct dns_msg m, back;
    struct dns_fault f;
    struct buf out;
    dns_msg_init(&m);
    m.id = 77;
    m.response = m.ad = m.rd = m.aa = true;
    m.qname = "66.0.2.192.in-addr.arpa";
    m.qtype = DNS_TXT;
    m.edns = m.dnssec_ok = true;
    m.udp_size = 4096;
    m.rcode = DNS_SERVFAIL;
    m.extended_error = DNS_EDE_BOGUS;
    m.rr = rr;
    m.answers = 2;
    m.authorities = 1;
    buf_init(&out, &mem_libc, 1 << 17);
    assert_int_equal(buf_add_str(&out, "in front"), OK); /* pointers count from the message */
    assert_int_equal(dns_msg_write(&m, &out), OK);
    slice octets = slice_sub(buf_slice(&out), 8, out.n);
    assert_int_equal(dns_msg_read(&env, octets, &back, &f), OK);
    assert_string_equal(back.qname, m.qname);
    assert_int_equal(back.rcode, DNS_SERVFAIL);
    assert_int_equal(back.extended_error, DNS_EDE_BOGUS);
    assert_int_equal(back.udp_size, 4096);
    assert_true(back.ad && back.aa && back.dnssec_ok && back.edns && back.response && back.rd && !back.ra);
    assert_int_equal(back.trailing, 0);
    for (size_t i = 0; i < 3; i++) {
        assert_string_equal(back.rr[i].name, rr[i].name);
        assert_int_equal(back.rr[i].ttl, rr[i].ttl);
        if (i) assert_true(slice_eq(back.rr[i].rdata, rr[i].rdata));
    }
    assert_string_equal(back.rr[0].target, rr[0].target);
    same_as_libldns(octets, &back);
    dns_msg_done(&back);
    buf_done(&out);
}

static void queries_and_replies(void **state)
{
    (void)state;
    struct dns_msg q, asked, r, back;
    struct dns_fault f;
    struct buf out;
    buf_init(&out, &mem_libc, DNS_MSG_MAX);
    dns_msg_ask(&q, 9, "SG-a.Example.org", DNS_KEY, true);
    assert_int_equal(dns_msg_write(&q, &out), OK);
    assert_int_equal(dns_msg_read(&env, buf_slice(&out), &asked, &f), OK);
    assert_string_equal(asked.qname, "sg-a.example.org");
    assert_true(asked.rd && !asked.response && asked.edns && asked.dnssec_ok && asked.udp_size == DNS_UDP_SIZE && asked.qtype == DNS_KEY);
    struct buf answer;
    buf_init(&answer, &mem_libc, DNS_MSG_MAX);
    dns_msg_reply(&r, &asked, DNS_NXDOMAIN);
    assert_int_equal(dns_msg_write(&r, &answer), OK);
    assert_int_equal(dns_msg_read(&env, buf_slice(&answer), &back, &f), OK);
    assert_true(slice_eq(back.question, asked.question)); /* letter case comes back */
    assert_true(memcmp(back.question.p + 1, "SG-a", 4) == 0);
    assert_true(back.response && back.id == 9 && back.rd && back.ra && back.edns && back.rcode == DNS_NXDOMAIN);
    dns_msg_done(&back);
    dns_msg_done(&asked);
    buf_done(&answer);
    buf_done(&out);
}

static void what_cannot_be_written(void **state)
{
    (void)state;
    static uint8_t big[70000];
    struct dns_rr rr[2] = {{.name = "a", .type = DNS_TXT, .class = DNS_IN, .rdata = slice_of(big, 40000)}, {.name = "b", .type = DNS_TXT, .class = DNS_IN, .rdata = slice_of(big, 40000)}};
    struct dns_msg m;
    struct buf out;
    buf_init(&out, &mem_libc, 1 << 20);
    dns_msg_ask(&m, 1, "a..b", DNS_TXT, false);
    assert_int_equal(dns_msg_write(&m, &out), ERR_USE);
    m.qname = "";
    assert_int_equal(dns_msg_write(&m, &out), ERR_USE);
    m.qname = "0123456789012345678901234567890123456789012345678901234567890123.org";
    assert_int_equal(dns_msg_write(&m, &out), ERR_USE);
    m.qname = "a";
    m.rr = rr;
    m.answers = 2;
    assert_int_equal(dns_msg_write(&m, &out), ERR_LIMIT);
    m.answers = 1;
    rr[0].rdata = slice_of(big, 65536);
    assert_int_equal(dns_msg_write(&m, &out), ERR_USE);
    m.answers = 0;
    m.rcode = 16;
    m.edns = false;
    assert_int_equal(dns_msg_write(&m, &out), ERR_USE);
    assert_int_equal(out.n, 0);
    m.rcode = 0;
    assert_int_equal(dns_msg_write(&m, &out), OK);
    buf_done(&out);
}

/* --- names and numbers -------------------------------------------------------------------------------------------------------------- */

static void names(void **state)
{
    (void)state;
    char out[DNS_NAME_TEXT], text[16];
    assert_true(dns_name_text(SLICE_LIT("Sg-A.Example.ORG."), out));
    assert_string_equal(out, "sg-a.example.org");
    assert_true(dns_name_text(SLICE_LIT("."), out));
    assert_string_equal(out, ".");
    assert_true(dns_name_text(SLICE_LIT("a\\.b.\\065.\\000"), out));
    assert_string_equal(out, "a\\.b.a.\\000");
    assert_false(dns_name_text(SLICE_LIT(""), out));
    assert_false(dns_name_text(SLICE_LIT("a..b"), out));
    assert_false(dns_name_text(SLICE_LIT("a\0b"), out));
    assert_string_equal(dns_type_name(DNS_TXT, text), "TXT");
    assert_string_equal(dns_type_name(DNS_KEY, text), "KEY");
    assert_string_equal(dns_type_name(DNS_IPSECKEY, text), "IPSECKEY");
    assert_string_equal(dns_type_name(65280, text), "TYPE65280");
    assert_string_equal(dns_type_name(0, text), "TYPE0");
    assert_string_equal(dns_type_name(DNS_ANY, text), "ANY");
    assert_int_equal(dns_type_find(SLICE_LIT("txt")), DNS_TXT);
    assert_int_equal(dns_type_find(SLICE_LIT("IPSECKEY")), DNS_IPSECKEY);
    assert_int_equal(dns_type_find(SLICE_LIT("TYPE65280")), 65280);
    assert_int_equal(dns_type_find(SLICE_LIT("TYPE65536")), 0);
    assert_int_equal(dns_type_find(SLICE_LIT("")), 0);
    assert_int_equal(dns_type_find(SLICE_LIT("TX")), 0);
    assert_string_equal(dns_rcode_name(DNS_NXDOMAIN, text), "NXDOMAIN");
    assert_string_equal(dns_rcode_name(77, text), "RCODE77");
}

static void memory_fails(void **state)
{
    (void)state;
    err e = ERR_MEM;
    size_t at;
    for (at = 1; e == ERR_MEM && at < 100; at++) {
        struct mem_fail fails;
        struct mem mem = mem_fail_init(&fails, at);
        struct env short_ = env;
        struct dns_msg m;
        struct dns_fault f;
        short_.mem = &mem;
        e = dns_msg_read(&short_, SLICE_LIT(ANSWER), &m, &f);
        dns_msg_done(&m);
        assert_int_equal(fails.blocks, 0);
    }
    assert_int_equal(e, OK);
    assert_true(at > 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_is_read),
        cmocka_unit_test(every_cut_is_told),
        cmocka_unit_test(names_that_are_none),
        cmocka_unit_test(long_chains_of_pointers),
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(queries_and_replies),
        cmocka_unit_test(what_cannot_be_written),
        cmocka_unit_test(names),
        cmocka_unit_test(memory_fails),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
