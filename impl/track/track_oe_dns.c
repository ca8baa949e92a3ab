/* SPDX-License-Identifier: MIT */
/* What the gateway asks DNS for, and what the answers say. */
#include <stdio.h>
#include <string.h>

#include "codec/oe_key.h"
#include "codec/oe_txt.h"
#include "track/track_oe_impl.h"

enum { ALIASES_MAX = 8, TTL_SLACK_MS = 10000 /* a record that has just run out may still be in use */ };

/* --- names that were asked for ------------------------------------------------------------------------------------------- */

struct oe_asked *oe_asked_find(struct track_oe *t, uint16_t type, const struct ip_address *at)
{
    for (size_t i = 0; i < t->own->askeds; i++) {
        struct oe_asked *a = &t->own->asked[i];
        if (a->type == type && a->at.family && ip_address_eq(&a->at, at)) return a;
    }
    return NULL;
}

static err asked_of(struct track_oe *t, const struct dns_msg *m, struct oe_asked **out)
{
    struct track_oe_own *w = t->own;
    uint64_t hash = oe_hash(slice_str(m->qname));
    err e;
    *out = NULL;
    for (size_t i = 0; i < w->askeds; i++) {
        if (w->asked[i].type == m->qtype && w->asked[i].hash == hash) *out = &w->asked[i];
    }
    if (*out) return OK;
    struct oe_asked *list = oe_room(t, w->asked, w->askeds, &w->asked_room, sizeof *list, OE_ASKED_MAX, &e);
    if (!list) return e;
    w->asked = list;
    *out = &w->asked[w->askeds++];
    **out = (struct oe_asked){.type = m->qtype, .hash = hash, .asked_ms = NEVER, .answered_ms = NEVER, .ike_ms = NEVER, .icmp_ms = NEVER};
    (void)ip_address_of_reverse(m->qname, &(*out)->at);
    oe_flow_init(&(*out)->init, &oe_init_machine);
    return OK;
}

bool oe_asked_names(const struct oe_asked *a, const struct ip_address *gateway)
{
    for (size_t i = 0; i < a->names; i++) {
        if (ip_address_eq(&a->named[i], gateway)) return true;
    }
    return false;
}

size_t oe_names(const struct track_oe *t, const struct ip_address *gateway, bool alive)
{
    const struct track_oe_own *w = t->own;
    for (size_t i = 0; i < w->askeds; i++) {
        const struct oe_asked *a = &w->asked[i];
        if (a->type != DNS_TXT || !a->answered || (alive && w->ms > a->expires_ms)) continue;
        if (oe_asked_names(a, gateway)) return i;
    }
    return NOBODY;
}

/* --- queries ------------------------------------------------------------------------------------------------------------- */

static err query(struct track_oe *t, const struct dns_msg *m, const struct ip_packet *p)
{
    struct oe_asked *a;
    err e = asked_of(t, m, &a);
    if (!a) return e;
    t->heads.queries++;
    if (!a->pending) {
        a->asked_ms = t->own->ms;
        a->asked_packet = t->own->packet;
    }
    a->asked = a->pending = true;
    a->last_ms = t->own->ms;
    a->tcp = p->what == IP_TCP;
    a->way[a->ways++ % OE_WAYS_MAX] = (struct oe_way){m->id, p->from_port};
    oe_tell(t, "asks %s of %s", m->qtype == DNS_TXT ? "TXT" : "KEY", m->qname);
    return oe_order_asked(t, a);
}

/* --- answers ------------------------------------------------------------------------------------------------------------- */

static void name_gateway(struct oe_asked *a, const struct oe_txt *x)
{
    struct ip_address g = {.family = x->gateway == OE_IP4 ? 4 : 6};
    if (x->gateway == OE_FQDN) {
        a->vague = true;
        return;
    }
    memcpy(g.octet, x->address, g.family == 4 ? 4 : 16);
    if (oe_asked_names(a, &g)) return;
    if (a->names < OE_NAMED_MAX) a->named[a->names++] = g;
    else a->vague = true;
}

/* One record: good or not. */
static err record(struct track_oe *t, struct oe_asked *a, const struct dns_rr *rr, bool *good, bool *keyed)
{
    *good = *keyed = false;
    if (rr->type == DNS_KEY) {
        struct oe_key k;
        oe_key_read(rr->rdata, &k);
        *good = *keyed = oe_notes_take(&k.notes, t->o.dialect) <= OE_LOOSE;
        return OK;
    }
    struct oe_txt x;
    err e = oe_txt_read(t->env, rr->rdata, &x);
    *good = e == OK && oe_txt_take(&x, t->o.dialect) <= OE_LOOSE;
    *keyed = *good && x.rsa.modulus.n;
    if (*good) name_gateway(a, &x);
    oe_txt_done(&x);
    return e;
}

struct told { /* what an answer says */
    size_t records, good, keyed;
    uint32_t ttl;
    bool loose_end; /* an alias without what stands behind it */
};

/* The records at the end of the chain of aliases. */
static err records(struct track_oe *t, struct oe_asked *a, const struct dns_msg *m, struct told *out)
{
    const char *name = m->qname;
    *out = (struct told){.ttl = UINT32_MAX};
    for (int step = 0; step <= ALIASES_MAX && name; step++) {
        const char *next = NULL;
        for (size_t i = 0; i < m->answers; i++) {
            const struct dns_rr *rr = &m->rr[i];
            bool good, keyed;
            if (strcmp(rr->name, name) != 0) continue;
            if (rr->ttl < out->ttl) out->ttl = rr->ttl;
            if (rr->type == DNS_CNAME) next = rr->target;
            if (rr->type != m->qtype) continue;
            TRY(record(t, a, rr, &good, &keyed));
            out->records++;
            out->good += good;
            out->keyed += keyed;
        }
        out->loose_end = step > 0 && !next && out->records == 0 && m->authorities == 0 && m->rcode == DNS_NOERROR;
        if (out->records) return OK;
        name = next;
    }
    return OK;
}

/* Whoever asked: does the address have a usable key? */
static err own_key(struct track_oe *t, const struct oe_asked *a, const struct told *said)
{
    const struct ip_address *who = &a->at;
    bool peer = false, begins = false;
    for (size_t i = 0; i < t->own->phase1s; i++) {
        const struct oe_phase1 *x = &t->own->phase1[i];
        if (!ip_address_eq(&x->peer, who)) continue;
        peer = true;
        begins = begins || (x->whole && !x->ours);
    }
    if (!oe_ours(t, who) && !peer) return OK;
    if (said->good) {
        oe_seen(t, who, OE_WIRE_OWN_KEY);
        return OK;
    }
    TRY(oe_fault(t, OE_TF_NO_KEY, who));
    if (begins || (oe_ours(t, who) && t->observed[GATEWAY] >> OE_WIRE_INITIATES & 1)) return oe_fault(t, OE_TF_NO_KEY_INITIATOR, who);
    return OK;
}

static bool final(const struct dns_msg *m)
{
    bool referral = m->rcode == DNS_NOERROR && m->answers == 0 && !m->aa && !m->ra;
    return !m->tc && !referral && (m->rcode == DNS_NOERROR || m->rcode == DNS_NXDOMAIN);
}

static void of_hosts(struct track_oe *t, const struct oe_asked *a)
{
    for (size_t i = 0; i < a->names; i++) {
        if (a->at.family && !ip_address_eq(&a->named[i], &a->at)) oe_seen(t, &a->named[i], OE_WIRE_HOST_TXT);
    }
}

static bool came_by(const struct oe_asked *a, uint16_t id, uint16_t port)
{
    for (size_t i = 0; i < a->ways && i < OE_WAYS_MAX; i++) {
        if (a->way[i].id == id && a->way[i].port == port) return true;
    }
    return false;
}

static err answer(struct track_oe *t, const struct dns_msg *m, const struct ip_packet *p)
{
    struct told said;
    struct oe_asked *a;
    err e = asked_of(t, m, &a);
    if (!a) return e;
    bool was_pending = a->pending;
    t->heads.answers++;
    if (!came_by(a, m->id, p->to_port)) { /* forged, late, or the capture lost something */
        t->heads.strays++;
        if (a->asked) return OK;
        oe_begins_inside(t, OE_INSIDE_DNS);
    }
    if (!final(m)) {
        oe_tell(t, "no answer to the query for %s: %s", m->qname, m->tc ? "truncated" : "the server has none");
        return OK; /* it is asked again, elsewhere or by TCP, or it is given up */
    }
    TRY(records(t, a, m, &said));
    a->answered = true;
    a->pending = false;
    a->usable = said.good > 0;
    a->keyed = said.keyed > 0;
    a->vague = a->vague || said.loose_end;
    a->answered_ms = t->own->ms;
    a->expires_ms = said.records ? t->own->ms + (uint64_t)said.ttl * 1000 + TTL_SLACK_MS : t->own->ms;
    oe_tell(t, "%s of %s: %zu records, %zu of them good", a->type == DNS_TXT ? "TXT" : "KEY", m->qname, said.records, said.good);
    if (a->type == DNS_TXT) of_hosts(t, a);
    if (a->type == DNS_KEY && a->at.family && !said.loose_end) TRY(own_key(t, a, &said));
    return oe_order_answered(t, a, was_pending);
}

/* An answer to somebody else tells about the key of the gateway, and nothing more. */
static err foreign_answer(struct track_oe *t, const struct dns_msg *m)
{
    struct oe_asked a = {.type = DNS_KEY};
    struct told said;
    if (m->qtype != DNS_KEY || !final(m) || !ip_address_of_reverse(m->qname, &a.at) || !oe_ours(t, &a.at)) return OK;
    TRY(records(t, &a, m, &said));
    return said.loose_end ? OK : own_key(t, &a, &said);
}

/* --- packets ------------------------------------------------------------------------------------------------------------- */

/* An answer that cannot be read may have said anything. */
static void blur(struct track_oe *t, const struct ip_packet *p, const struct dns_msg *m)
{
    for (size_t i = 0; i < t->own->askeds; i++) {
        struct oe_asked *a = &t->own->asked[i];
        bool this_one = false;
        for (size_t k = 0; k < a->ways && k < OE_WAYS_MAX; k++)
            this_one = this_one || (a->way[k].port == p->to_port && (m ? a->way[k].id == m->id : a->tcp));
        if (!this_one || !a->pending) continue;
        a->vague = true;
        a->pending = false;
    }
}

static err message(struct track_oe *t, const struct ip_packet *p, const struct dns_msg *m)
{
    if (m->opcode || !m->qname || (m->qtype != DNS_TXT && m->qtype != DNS_KEY)) return OK;
    if (!m->response) return oe_ours(t, &p->from) && p->to_port == OE_PORT_DNS ? query(t, m, p) : OK;
    if (p->from_port != OE_PORT_DNS) return OK;
    return oe_ours(t, &p->to) ? answer(t, m, p) : foreign_answer(t, m);
}

err oe_dns_packet(struct track_oe *t, const struct ip_packet *p)
{
    struct dns_msg m;
    struct dns_fault f;
    slice in = p->payload;
    bool to_us = oe_ours(t, &p->to) && p->from_port == OE_PORT_DNS;
    if (p->what == IP_TCP) {
        if (in.n == 0) return OK;
        size_t n = in.n >= 2 ? (size_t)in.p[0] << 8 | in.p[1] : 0;
        if (p->cut || in.n < 2 || n != in.n - 2) {
            t->heads.partial++;
            if (to_us) blur(t, p, NULL);
            return OK;
        }
        in = slice_sub(in, 2, in.n);
    }
    err e = dns_msg_read(t->env, in, &m, &f);
    if (e == OK && !p->fragment && !p->cut) {
        e = message(t, p, &m);
    } else if (e == OK || e == ERR_PEER) {
        if (e == ERR_PEER && !p->cut && !p->fragment) t->heads.unread++;
        if (to_us && m.header_read && m.response) blur(t, p, &m);
        e = OK;
    }
    dns_msg_done(&m);
    return e;
}
