/* SPDX-License-Identifier: MIT */
/* One DNS message.  What is held against the reader, beyond not crashing:
 *   - what it gives lies inside the octets, names are in the one form that the header promises, and a fault has a place and a reason;
 *   - a message that is read whole is none when its last octet is missing, and is written to what reads the same;
 *   - libldns, which reads messages as a whole, finds the same records wherever it reads them too. */
#include <ldns/ldns.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/dns_msg.h"
#include "want.h"

static struct env env;

static bool inside(slice s, const uint8_t *data, size_t size)
{
    return s.n == 0 || (s.p >= data && s.p + s.n <= data + size);
}

static void good_name(const char *name)
{
    char again[DNS_NAME_TEXT];
    WANT(strlen(name) < DNS_NAME_TEXT);
    WANT(dns_name_text(slice_str(name), again) && strcmp(name, again) == 0);
}

static size_t count(const struct dns_msg *m)
{
    return m->answers + m->authorities + m->additionals;
}

static void looked_at(const struct dns_msg *m, const uint8_t *data, size_t size)
{
    WANT(inside(m->question, data, size));
    if (m->qname) good_name(m->qname);
    for (size_t i = 0; i < count(m); i++) {
        const struct dns_rr *rr = &m->rr[i];
        good_name(rr->name);
        WANT(inside(rr->rdata, data, size) && rr->ttl <= INT32_MAX);
        WANT((rr->target != NULL) == (rr->type == DNS_CNAME || rr->type == DNS_DNAME));
        if (rr->target) good_name(rr->target);
    }
    WANT(m->edns || (m->rcode <= 15 && m->extended_error < 0 && !m->dnssec_ok));
}

static void same(const struct dns_msg *a, const struct dns_msg *b)
{
    WANT(a->id == b->id && a->response == b->response && a->aa == b->aa && a->tc == b->tc && a->rd == b->rd && a->ra == b->ra && a->ad == b->ad && a->cd == b->cd && a->z == b->z);
    WANT(a->opcode == b->opcode && a->rcode == b->rcode && a->edns == b->edns && a->extended_error == b->extended_error && a->dnssec_ok == b->dnssec_ok);
    WANT(!a->edns || (a->udp_size == b->udp_size && a->edns_version == b->edns_version));
    WANT(a->answers == b->answers && a->authorities == b->authorities && a->additionals == b->additionals);
    WANT(!a->qname == !b->qname && (!a->qname || (strcmp(a->qname, b->qname) == 0 && a->qtype == b->qtype && a->qclass == b->qclass)));
    for (size_t i = 0; i < count(a); i++) {
        const struct dns_rr *x = &a->rr[i], *y = &b->rr[i];
        WANT(strcmp(x->name, y->name) == 0 && x->type == y->type && x->class == y->class && x->ttl == y->ttl);
        WANT(x->target ? strcmp(x->target, y->target) == 0 : slice_eq(x->rdata, y->rdata));
    }
}

static void written(struct dns_msg *m)
{
    struct buf out;
    struct dns_msg back;
    struct dns_fault f;
    buf_init(&out, &mem_libc, 1 << 24);
    for (size_t i = 0; i < count(m); i++) {
        if (m->rr[i].target) m->rr[i].rdata = SLICE_NONE; /* its pointers mean nothing elsewhere */
    }
    err e = dns_msg_write(m, &out);
    WANT(e == OK || e == ERR_LIMIT); /* what was compressed may be longer now */
    if (e == OK) {
        WANT(dns_msg_read(&env, buf_slice(&out), &back, &f) == OK && back.trailing == 0);
        same(m, &back);
        dns_msg_done(&back);
    }
    buf_done(&out);
}

static void same_record(const ldns_rr *theirs, const struct dns_rr *ours)
{
    char text[DNS_NAME_TEXT];
    char *owner = ldns_rdf2str(ldns_rr_owner(theirs));
    WANT(owner && dns_name_text(slice_str(owner), text) && strcmp(text, ours->name) == 0);
    free(owner);
    WANT(ldns_rr_get_type(theirs) == ours->type && ldns_rr_get_class(theirs) == ours->class);
    WANT(ldns_rr_ttl(theirs) == ours->ttl || (ours->ttl == 0 && ldns_rr_ttl(theirs) > INT32_MAX));
}

/* libldns goes astray behind RDATA that is longer than the form that it has for the type (an A of five octets): behind such a record nothing it says can be compared. */
static bool certain(const struct dns_rr *rr)
{
    switch (rr->type) {
    case DNS_TXT:
    case DNS_CNAME:
    case DNS_DNAME: return true;
    case DNS_KEY: return rr->rdata.n > 4;
    case DNS_A: return rr->rdata.n == 4;
    case DNS_AAAA: return rr->rdata.n == 16;
    default: return rr->type >= 0xFF00; /* private use: octets */
    }
}

static void second_opinion(const struct dns_msg *m, const uint8_t *data, size_t size)
{
    static uint8_t room[DNS_MSG_MAX + 512]; /* it is not the one that is tried here: what it looks at behind the end is nothing */
    ldns_pkt *p = NULL;
    memcpy(room, data, size);
    memset(room + size, 0, sizeof room - size);
    if (ldns_wire2pkt(&p, room, size) != LDNS_STATUS_OK) return;
    WANT(ldns_pkt_id(p) == m->id && ldns_pkt_qr(p) == m->response && ldns_pkt_tc(p) == m->tc && ldns_pkt_ad(p) == m->ad);
    WANT(ldns_rr_list_rr_count(ldns_pkt_answer(p)) == m->answers && ldns_rr_list_rr_count(ldns_pkt_authority(p)) == m->authorities);
    for (size_t i = 0; i < m->answers + m->authorities; i++) {
        bool answer = i < m->answers;
        same_record(ldns_rr_list_rr(answer ? ldns_pkt_answer(p) : ldns_pkt_authority(p), answer ? i : i - m->answers), &m->rr[i]);
        if (!certain(&m->rr[i])) break;
    }
    ldns_pkt_free(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dns_msg m, less;
    struct dns_fault f;
    env_init(&env);
    err e = dns_msg_read(&env, slice_of(data, size), &m, &f);
    WANT(m.header_read == (size >= 12 && size <= DNS_MSG_MAX));
    looked_at(&m, data, size);
    if (e != OK) {
        WANT(e == ERR_PEER && *f.why && f.at <= size);
    } else {
        bool shorter_is_none = m.trailing == 0;
        err cut = dns_msg_read(&env, slice_of(data, size - 1), &less, &f);
        WANT(cut == (shorter_is_none ? ERR_PEER : OK));
        dns_msg_done(&less);
        second_opinion(&m, data, size);
        written(&m);
    }
    dns_msg_done(&m);
    return 0;
}
