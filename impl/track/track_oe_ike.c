/* SPDX-License-Identifier: MIT */
/* Main modes: which message is which, and what each has to hold. */
#include <stdio.h>
#include <string.h>

#include "track/track_oe_impl.h"

static bool zero(const uint8_t cookie[8])
{
    static const uint8_t none[8];
    return memcmp(cookie, none, 8) == 0;
}

/* --- exchanges --------------------------------------------------------------------------------------------------------------- */

static struct oe_phase1 *find(const struct track_oe *t, const struct isakmp *m, const struct ip_address *peer)
{
    for (size_t i = t->own->phase1s; i-- > 0;) {
        struct oe_phase1 *x = &t->own->phase1[i];
        if (memcmp(x->icookie, m->icookie, 8) != 0 || !ip_address_eq(&x->peer, peer)) continue;
        if (m->begins || !x->rcookie_known || memcmp(x->rcookie, m->rcookie, 8) == 0) return x;
    }
    return NULL;
}

static err make(struct track_oe *t, const struct isakmp *m, const struct ip_address *us, const struct ip_address *peer, struct oe_phase1 **out)
{
    struct track_oe_own *w = t->own;
    err e;
    *out = NULL;
    struct oe_phase1 *list = oe_room(t, w->phase1, w->phase1s, &w->phase1_room, sizeof *list, OE_PHASE1_MAX, &e);
    if (!list) return e;
    w->phase1 = list;
    struct oe_phase1 *x = *out = &w->phase1[w->phase1s++];
    memcpy(x->icookie, m->icookie, 8);
    x->us = *us;
    x->peer = *peer;
    x->icmp_ms = x->info_ms = NEVER;
    for (int i = 0; i < 7; i++)
        x->ms[i] = NEVER;
    oe_flow_init(&x->resp, &oe_resp_machine);
    t->heads.exchanges++;
    return OK;
}

/* Both ends count informational messages of either as the same exchange; a refusal may come without the cookie of the responder. */
static void learn_cookie(struct oe_phase1 *x, const struct isakmp *m)
{
    if (x->rcookie_known || zero(m->rcookie)) return;
    memcpy(x->rcookie, m->rcookie, 8);
    x->rcookie_known = true;
}

/* --- numbers ------------------------------------------------------------------------------------------------------------------ */

static bool identifies(const struct isakmp *m)
{
    for (size_t i = 0; i < m->payloads; i++) {
        if (m->payload[i].type == ISAKMP_P_ID) return true;
    }
    return false;
}

/* 1 to 6 by who sends and what is in it; 0: neither SA nor KE nor identity can be there, or nothing is known. */
static uint8_t number_of(const struct isakmp *m, bool by_initiator)
{
    if (m->encrypted) return by_initiator ? 5 : 6;
    if (m->sa || (m->begins && by_initiator)) return by_initiator ? 1 : 2;
    if (m->ke || !m->payloads) return by_initiator ? 3 : 4;
    if (m->notify) return 0; /* a notification in its place: it is judged as one */
    if (!identifies(m)) return by_initiator ? 3 : 4;
    return by_initiator ? 5 : 6;
}

static const char *who(bool by_us)
{
    return by_us ? "sends" : "gets";
}

/* A message that stands in front of the one before it.  The capture may have exchanged two that came together. */
static err in_order(struct track_oe *t, const struct oe_phase1 *x, uint8_t n)
{
    if (n < 2 || n >= 6 || x->ms[n + 1] == NEVER || x->ms[n] != NEVER) return OK;
    if (t->own->ms - x->ms[n + 1] <= OE_TRACK_TWIN_MS) return OK;
    bool next_by_us = (n % 2 == 0) == x->ours; /* odd numbers are the initiator's */
    return oe_fault_at(t, OE_TF_ORDER, next_by_us ? &x->us : &x->peer, x->packet[n + 1], x->ms[n + 1], false);
}

static err judge(struct track_oe *t, struct oe_phase1 *x, const struct isakmp *m, uint8_t n, const struct ip_address *by, bool by_us)
{
    switch (n) {
    case 1: TRY(oe_sa_offer(t, x, m, by)); break;
    case 2: TRY(oe_sa_choice(t, x, m, by)); break;
    case 3:
    case 4: TRY(oe_sa_exponent(t, x, m, n == 4, by)); break;
    case 5:
        if (!m->encrypted && m->whole) TRY(oe_fault(t, OE_TF_CLEAR_ID, by));
        oe_seen(t, by, OE_WIRE_ID);
        if (!by_us) TRY(oe_order_named(t, x));
        break;
    case 6:
        if (!m->encrypted && m->whole) TRY(oe_fault(t, OE_TF_CLEAR_AUTH, by));
        if (by_us) TRY(oe_order_authenticated(t, x));
        break;
    default: break;
    }
    return OK;
}

static void first_of(struct track_oe *t, struct oe_phase1 *x, bool by_us, const struct ip_address *by)
{
    x->whole = true;
    x->ours = by_us;
    oe_seen(t, by, OE_WIRE_INITIATES);
}

static err main_message(struct track_oe *t, struct oe_phase1 *x, const struct isakmp *m, bool by_us, uint64_t hash)
{
    const struct ip_address *by = by_us ? &x->us : &x->peer;
    bool aggressive = m->exchange == ISAKMP_AGGRESSIVE;
    if (m->begins && !x->whole) first_of(t, x, by_us, by);
    if (!x->whole) return OK; /* who is the initiator cannot be told */
    uint8_t n = number_of(m, by_us == x->ours);
    if (aggressive && n != 1) return OK;
    if (n == 0) return OK;
    if (x->ms[n] != NEVER) { /* again */
        if (n != 1) return OK;
        x->count1++;
        oe_tell(t, "%s message 1 again", who(by_us));
        return by_us && t->own->ms - x->ms[1] > OE_TRACK_TWIN_MS ? oe_order_begun(t, x, true) : OK;
    }
    if (n > 1 && m->begins && !m->encrypted) TRY(oe_fault(t, OE_TF_IKE_COOKIE, by));
    TRY(in_order(t, x, n));
    x->ms[n] = t->own->ms;
    x->packet[n] = t->own->packet;
    x->hash[n] = hash;
    if (n > x->last) x->last = n;
    oe_tell(t, "%s message %u of %s mode", who(by_us), n, aggressive ? "aggressive" : "main");
    if (n == 1 && aggressive) TRY(oe_fault_of(t, OE_TF_AGGRESSIVE, x, by));
    x->aggressive = aggressive;
    TRY(judge(t, x, m, n, by, by_us));
    return n == 1 && by_us ? oe_order_begun(t, x, false) : OK;
}

/* --- packets ------------------------------------------------------------------------------------------------------------------- */

static err notes(struct track_oe *t, const struct isakmp *m, const struct ip_address *by)
{
    for (size_t i = 0; i < m->notes; i++)
        TRY(oe_fault(t, m->note[i], by));
    return OK;
}

/* The other end says no to the attempt: from now on the policy decides. */
static void refused(struct track_oe *t, const struct oe_phase1 *x)
{
    for (size_t i = 0; i < t->own->askeds; i++) {
        struct oe_asked *a = &t->own->asked[i];
        if (a->ike_ms != NEVER && ip_address_eq(&a->tried, &x->peer)) a->refused = true;
    }
}

static err info_clear(struct track_oe *t, struct oe_phase1 *x, const struct isakmp *m, bool by_us)
{
    const struct ip_address *by = by_us ? &x->us : &x->peer;
    bool from_responder = x->whole && by_us != x->ours;
    if (m->deletes) TRY(oe_fault(t, OE_TF_CLEAR_DELETE, by));
    if (!by_us && m->notify) refused(t, x);
    if (m->notify != ISAKMP_NO_PROPOSAL_CHOSEN || !from_responder || x->last != 1 || x->refused) return OK;
    x->refused = true;
    oe_tell(t, "%s a refusal of all proposals", who(by_us));
    return oe_sa_refused(t, x, by);
}

static bool twin(const struct oe_phase1 *x, uint64_t hash)
{
    for (int i = 1; i < 7; i++) {
        if (x->ms[i] != NEVER && x->hash[i] == hash) return true;
    }
    return false;
}

static err exchange(struct track_oe *t, struct oe_phase1 *x, const struct isakmp *m, bool by_us, uint64_t hash)
{
    switch (m->exchange) {
    case ISAKMP_MAIN:
    case ISAKMP_AGGRESSIVE:
        if (m->notify && !m->encrypted && !m->sa && !m->ke) return info_clear(t, x, m, by_us);
        return main_message(t, x, m, by_us, hash);
    case ISAKMP_QUICK: return m->encrypted ? oe_quick_message(t, x, m, by_us, hash) : OK;
    case ISAKMP_INFO: return m->encrypted ? oe_info_message(t, x, m, by_us, hash) : info_clear(t, x, m, by_us);
    default: return OK;
    }
}

static bool begins_phase1(const struct isakmp *m)
{
    return m->begins && (m->exchange == ISAKMP_MAIN || m->exchange == ISAKMP_AGGRESSIVE);
}

static err followed(struct track_oe *t, const struct ip_packet *p, const struct isakmp *m, slice octets)
{
    bool by_us = oe_ours(t, &p->from);
    const struct ip_address *us = by_us ? &p->from : &p->to, *peer = by_us ? &p->to : &p->from;
    uint64_t hash = oe_hash(octets);
    struct oe_phase1 *x = find(t, m, peer);
    bool known = x && twin(x, hash);
    t->heads.ike++;
    if (m->whole) oe_seen(t, &p->from, OE_WIRE_IKE);
    if (!known && m->whole) TRY(notes(t, m, &p->from));
    if (!x && m->exchange == ISAKMP_INFO && !m->encrypted) return m->deletes ? oe_fault(t, OE_TF_CLEAR_DELETE, &p->from) : OK; /* to a message that is not in the capture */
    if (!x) {
        err e = make(t, m, us, peer, &x);
        if (!x) return e;
        if (!begins_phase1(m)) {
            t->heads.exchanges_inside++;
            oe_begins_inside(t, OE_INSIDE_IKE);
        }
    }
    learn_cookie(x, m);
    if (m->begins && p->fragment && m->exchange == ISAKMP_MAIN && x->ms[1] == NEVER) TRY(oe_fault_of(t, OE_TF_FRAGMENT, x, &p->from));
    return exchange(t, x, m, by_us, hash);
}

err oe_ike_packet(struct track_oe *t, const struct ip_packet *p, slice octets)
{
    struct isakmp m;
    if (oe_ours(t, &p->from) == oe_ours(t, &p->to)) return OK; /* between others, or the gateway with itself */
    if (octets.n == 1 && octets.p[0] == 0xFF) return OK;       /* keeps the way through a translator open: RFC 3948 2.3 */
    if (!isakmp_read(octets, p->cut || p->fragment, &m)) {
        t->heads.unread++;
        return OK;
    }
    if (m.other) {
        t->heads.ike2++;
        return OK;
    }
    return followed(t, p, &m, octets);
}
