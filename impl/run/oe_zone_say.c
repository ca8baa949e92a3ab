/* SPDX-License-Identifier: MIT */
/* The zone of the tester: the messages that come of it, right and wrong. */
#include <stdio.h>
#include <string.h>

#include "base/base64.h"
#include "codec/oe_key.h"
#include "codec/oe_master.h"
#include "run/oe_zone.h"
#include "run/samples_oe.h"

#define ELSEWHERE "elsewhere.draftproof.invalid" /* of whom nobody asked */

enum {
    FLIP_ID = 0x2a15, /* a wrong id differs from the right one in several bits */
    TYPE_SPF = 99,
    TYPE_DNSKEY = 48,
    TYPE_NOBODY = 65280, /* in place of the type that was asked for: those that have the same RDATA */
    FORGED_KEY = 6,
    SOA_MAX = 400
};

/* --- what stands in the zone ------------------------------------------------------------------ */

struct reading { /* of the zone, for one question */
    struct dns_rr *rr;
    size_t n, max;
    bool found;   /* the name at the end is there */
    size_t asked; /* records of the type that was asked for */
};

static bool add_rr(struct reading *r, const struct oe_zone_record *x)
{
    if (r->n == r->max) return false;
    r->rr[r->n++] = (struct dns_rr){.name = x->name,
                                    .type = x->type,
                                    .class = DNS_IN,
                                    .ttl = x->ttl,
                                    .rdata = slice_of(x->rdata, x->n),
                                    .target = *x->target ? x->target : NULL};
    return true;
}

/* Follows aliases as a resolver does, and takes what stands at their end. */
static void read_zone(const struct oe_zone *z, const char *name, uint16_t type, bool chain, struct reading *r)
{
    for (int hops = 0; hops < OE_ZONE_CHAIN; hops++) {
        const struct oe_zone_record *alias = NULL;
        bool here = false;
        for (size_t i = 0; i < z->records; i++) {
            const struct oe_zone_record *x = &z->record[i];
            if (strcmp(x->name, name) != 0) continue;
            here = true;
            if (x->type == DNS_CNAME && type != DNS_CNAME && !alias) alias = x;
            if (x->type != type && type != DNS_ANY) continue;
            if (add_rr(r, x)) r->asked++;
        }
        r->found = here;
        if (!alias || r->asked) return;
        add_rr(r, alias);
        if (!chain) return;
        name = alias->target;
    }
}

/* The SOA that tells how long there is nothing (RFC 2308 3). */
static err soa(uint32_t ttl, struct buf *out)
{
    static const uint8_t names[] = {2,   'n', 's', 10,  'd', 'r', 'a', 'f', 't', 'p', 'r', 'o',
                                    'o', 'f', 7,   'i', 'n', 'v', 'a', 'l', 'i', 'd', 0,   0};
    const uint32_t number[] = {1, 3600, 600, 86400, ttl};
    TRY(buf_add(out, slice_of(names, sizeof names)));
    for (size_t i = 0; i < sizeof number / sizeof *number; i++)
        for (int shift = 24; shift >= 0; shift -= 8)
            TRY(buf_add_byte(out, (uint8_t)(number[i] >> shift)));
    return OK;
}

/* --- lies ------------------------------------------------------------------------------------- */

static void lie_in(struct dns_msg *m, unsigned lies, uint16_t type)
{
    if (lies & OE_LIE_ID) m->id ^= FLIP_ID;
    if (lies & OE_LIE_QUESTION) {
        m->qname = ELSEWHERE;
        m->question = SLICE_NONE;
    }
    for (size_t i = 0; i < m->answers; i++) {
        if (lies & OE_LIE_OWNER) m->rr[i].name = ELSEWHERE;
        if (lies & OE_LIE_TYPE && m->rr[i].type == type)
            m->rr[i].type = type == DNS_TXT ? TYPE_SPF : type == DNS_KEY ? TYPE_DNSKEY : TYPE_NOBODY;
    }
}

/* The beginning of the answer, and a record that passes its end. */
static err garbage(const struct dns_msg *q, struct buf *out)
{
    static const uint8_t record[] = {0xc0, 0x0c, 0,    16, 0,   1,   0,   0,   1,
                                     0x2c, 0xff, 0xff, 40, 'X', '-', 'I', 'P', 's'};
    struct dns_msg m;
    size_t was = out->n;
    uint8_t *at;
    dns_msg_reply(&m, q, DNS_NOERROR);
    m.edns = false;
    TRY(dns_msg_write(&m, out));
    TRY(buf_add(out, slice_of(record, sizeof record)));
    TRY(buf_reserve(out, 1, &at));
    (at - (out->n - was))[7] = 1; /* ANCOUNT */
    return OK;
}

static const char *lie_words(unsigned lies)
{
    return lies & OE_LIE_ID         ? ", wrong id"
           : lies & OE_LIE_OWNER    ? ", wrong owner"
           : lies & OE_LIE_TYPE     ? ", wrong type"
           : lies & OE_LIE_QUESTION ? ", wrong question"
                                    : "";
}

/* --- messages --------------------------------------------------------------------------------- */

static size_t room(const struct dns_msg *q)
{
    return q->edns && q->udp_size > DNS_UDP_PLAIN ? q->udp_size : DNS_UDP_PLAIN;
}

/* A message that does not fit says so, and nothing else. */
static err write_fitting(struct dns_msg *m, bool tcp, size_t limit, struct buf *out)
{
    size_t was = out->n;
    err e = dns_msg_write(m, out);
    if (e == OK && (tcp || out->n - was <= limit)) return OK;
    if (e != OK && (e != ERR_LIMIT && e != ERR_USE)) return e;
    if (e == OK) buf_unadd(out, out->n - was);
    m->tc = true;
    m->rr = NULL;
    m->answers = m->authorities = m->additionals = 0;
    return dns_msg_write(m, out);
}

static void tell(const struct dns_msg *m, uint16_t type, size_t asked, unsigned lies,
                 struct oe_zone_said *said)
{
    char t[16], r[16];
    const char *more = lie_words(lies), *ad = m->ad ? ", AD" : "";
    if (m->tc)
        snprintf(said->text, sizeof said->text, "answer TC%s", more);
    else if (m->extended_error >= 0)
        snprintf(said->text, sizeof said->text, "answer %s, extended error %d%s", dns_rcode_name(m->rcode, r),
                 m->extended_error, more);
    else if (m->rcode)
        snprintf(said->text, sizeof said->text, "answer %s%s%s", dns_rcode_name(m->rcode, r), ad, more);
    else if (!m->answers)
        snprintf(said->text, sizeof said->text, "answer, no %s%s%s", dns_type_name(type, t), ad, more);
    else if (asked == m->answers)
        snprintf(said->text, sizeof said->text, "answer %zu %s%s%s", asked, dns_type_name(type, t), ad, more);
    else
        snprintf(said->text, sizeof said->text, "answer %zu CNAME, %zu %s%s%s", m->answers - asked, asked,
                 dns_type_name(type, t), ad, more);
}

static err short_or_garbage(const struct dns_msg *q, unsigned lies, struct buf *out,
                            struct oe_zone_said *said)
{
    if (lies & OE_LIE_SHORT) {
        snprintf(said->text, sizeof said->text, "answer, five octets");
        TRY(buf_add_byte(out, (uint8_t)(q->id >> 8)));
        TRY(buf_add_byte(out, (uint8_t)q->id));
        return buf_add(out, SLICE_LIT("\x81\x80\0"));
    }
    snprintf(said->text, sizeof said->text, "answer that cannot be read");
    return garbage(q, out);
}

err oe_zone_answer(const struct oe_zone *z, const struct dns_msg *q, const struct oe_behave *how, bool tcp,
                   struct buf *out, struct oe_zone_said *said)
{
    struct dns_msg m;
    struct buf none;
    struct reading r = {.max = z->records + OE_ZONE_CHAIN + 1};
    if (how->lies & (OE_LIE_SHORT | OE_LIE_GARBAGE)) return short_or_garbage(q, how->lies, out, said);
    r.rr = mem_new(z->env->mem, (r.max + 1) * sizeof *r.rr);
    if (!r.rr) return ERR_MEM;
    buf_init(&none, z->env->mem, SOA_MAX);
    dns_msg_reply(&m, q, how->rcode >= 0 ? (uint16_t)how->rcode : how->bogus ? DNS_SERVFAIL : DNS_NOERROR);
    m.ra = true;
    m.ad = how->ad;
    if (how->bogus && m.edns) m.extended_error = DNS_EDE_BOGUS;
    bool empty_handed = how->rcode >= 0 || how->bogus || (how->truncate && !tcp);
    if (!empty_handed && q->qclass == DNS_IN) read_zone(z, q->qname, q->qtype, !how->no_chain, &r);
    if (!empty_handed && !r.found && (!how->no_chain || !r.n)) m.rcode = DNS_NXDOMAIN;
    m.rr = r.rr;
    m.answers = r.n;
    err e = OK;
    if (!r.asked && !how->no_chain &&
        (m.rcode == DNS_NXDOMAIN || (!empty_handed && m.rcode == DNS_NOERROR))) {
        e = soa(how->ttl, &none);
        r.rr[r.n] = (struct dns_rr){
            .name = ".", .type = DNS_SOA, .class = DNS_IN, .ttl = how->ttl, .rdata = buf_slice(&none)};
        m.authorities = 1;
    }
    m.tc = how->truncate && !tcp;
    lie_in(&m, how->lies, q->qtype);
    if (e == OK) e = write_fitting(&m, tcp, room(q), out);
    if (e == OK) tell(&m, q->qtype, r.asked, how->lies, said);
    buf_done(&none);
    mem_free(z->env->mem, r.rr);
    return e;
}

/* --- forgeries -------------------------------------------------------------------------------- */

static err forged_rdata(const struct env *env, uint16_t type, struct buf *out)
{
    struct buf text;
    if (type == DNS_A) return buf_add(out, SLICE_LIT("\xcb\0\x71\x42")); /* OE_FORGED_GATEWAY */
    if (type == DNS_KEY) {
        TRY(buf_add(out, SLICE_LIT("\x42\0\x04\x01")));
        return base64_decode(slice_str(samples_oe[FORGED_KEY - 1]), false, out, NULL);
    }
    buf_init(&text, env->mem, OE_RDATA_MAX);
    err e = buf_addf(&text, OE_ATTRIBUTE "(1)=" OE_FORGED_GATEWAY " %s", samples_oe[FORGED_KEY - 1]);
    if (e == OK) e = oe_txt_strings(buf_slice(&text), OE_STRING_MAX, out);
    buf_done(&text);
    return e;
}

err oe_zone_forge(const struct oe_zone *z, const struct dns_msg *q, const struct oe_behave *how,
                  unsigned lies, struct buf *out, struct oe_zone_said *said)
{
    struct dns_msg m;
    struct buf rdata;
    char t[16];
    if (lies & (OE_LIE_SHORT | OE_LIE_GARBAGE)) {
        TRY(short_or_garbage(q, lies, out, said));
        return OK;
    }
    buf_init(&rdata, z->env->mem, OE_RDATA_MAX);
    err e = forged_rdata(z->env, q->qtype, &rdata);
    struct dns_rr rr = {
        .name = q->qname, .type = q->qtype, .class = DNS_IN, .ttl = OE_ZONE_TTL, .rdata = buf_slice(&rdata)};
    dns_msg_reply(&m, q, how->forged_none ? DNS_NXDOMAIN : DNS_NOERROR);
    m.ra = true;
    m.ad = how->ad; /* a forger says what helps */
    m.rr = &rr;
    m.answers = how->forged_none ? 0 : 1;
    lie_in(&m, lies, q->qtype);
    if (e == OK) e = dns_msg_write(&m, out);
    if (e == OK)
        snprintf(said->text, sizeof said->text, "forged answer, %s%s%s",
                 how->forged_none ? "NXDOMAIN" : dns_type_name(q->qtype, t), lie_words(lies),
                 lies & OE_LIE_ELSEWHERE ? ", from elsewhere" : "");
    buf_done(&rdata);
    return e;
}
