/* SPDX-License-Identifier: MIT */
/* The order of DNS and IKE (section 4): what was asked before which message, on the machines of an initiator and a responder. */
#include <stdio.h>

#include "track/track_oe_impl.h"

/* --- the initiator's machine: one for each address that TXT is asked for ------------------------------------------------------ */

struct oe_init_facts oe_order_facts(const struct track_oe *t, const struct oe_asked *a)
{
    return (struct oe_init_facts){.dialect = t->o.dialect, .more = a->names > 1, .key_known = a->keyed, .now = t->own->ms,
                                  .icmp = a->icmp_ms == NEVER ? 0 : a->icmp_ms};
}

/* Steps only where the tables allow it: what they forbid is judged by whoever sees it. */
static void initiator(struct track_oe *t, struct oe_asked *a, int side, uint8_t event)
{
    struct oe_init_facts f = oe_order_facts(t, a);
    const struct fsm_row *row = fsm_peek(&a->init, side, event, &f);
    if (row && row->kind != FSM_FATAL) (void)fsm_step(&a->init, side, event, &f);
}

static bool forbidden(const struct track_oe *t, const struct oe_asked *a, int side, uint8_t event)
{
    struct oe_init_facts f = oe_order_facts(t, a);
    const struct fsm_row *row = fsm_peek(&a->init, side, event, &f);
    return row && row->kind == FSM_FATAL;
}

/* --- what is known of an initiator that named itself --------------------------------------------------------------------------- */

enum about { ABOUT_NOTHING, ABOUT_PENDING, ABOUT_NO_KEY, ABOUT_KEY };

static bool peer_of_another(const struct track_oe *t, const struct oe_phase1 *x, const struct ip_address *at)
{
    for (size_t i = 0; i < t->own->phase1s; i++) {
        if (&t->own->phase1[i] != x && ip_address_eq(&t->own->phase1[i].peer, at)) return true;
    }
    return false;
}

/* Is that a question about the initiator?  Its KEY, by address; by another name while main mode is under way, as identities are encrypted (6.3); or TXT of its own address (OE-D03). */
static bool concerns(const struct track_oe *t, const struct oe_phase1 *x, const struct oe_asked *a)
{
    bool same = a->at.family && ip_address_eq(&a->at, &x->peer);
    if (a->type == DNS_TXT) return same && (!a->answered || (a->keyed && oe_asked_names(a, &x->peer)));
    if (same) return true;
    uint64_t last = a->pending ? a->asked_ms : a->answered_ms;
    return last != NEVER && last >= x->ms[1] && !(a->at.family && peer_of_another(t, x, &a->at));
}

static enum about known_about(const struct track_oe *t, const struct oe_phase1 *x)
{
    enum about best = ABOUT_NOTHING;
    for (size_t i = 0; i < t->own->askeds; i++) {
        const struct oe_asked *a = &t->own->asked[i];
        if (!concerns(t, x, a)) continue;
        enum about now = a->usable || a->vague ? ABOUT_KEY : a->pending ? ABOUT_PENDING : a->answered ? ABOUT_NO_KEY : ABOUT_NOTHING;
        if (now > best) best = now;
    }
    return best;
}

static void responder(struct oe_phase1 *x, int side, uint8_t event)
{
    struct oe_resp_facts f = {.self = false};
    const struct fsm_row *row = fsm_peek(&x->resp, side, event, &f);
    if (row && row->kind != FSM_FATAL) (void)fsm_step(&x->resp, side, event, &f);
}

static void tell_responder(const struct track_oe *t, struct oe_phase1 *x)
{
    enum about now = known_about(t, x);
    if (now != ABOUT_NOTHING) responder(x, OE_SIDE_GATEWAY, OE_RE_ASK_KEY);
    if (now == ABOUT_KEY) responder(x, OE_SIDE_WORLD, OE_RE_KEY);
    if (now == ABOUT_NO_KEY) responder(x, OE_SIDE_WORLD, OE_RE_NO_KEY);
}

err oe_order_named(struct track_oe *t, struct oe_phase1 *x)
{
    if (!x->whole || x->ours) return OK;
    responder(x, OE_SIDE_WORLD, OE_RE_IDENTITY);
    tell_responder(t, x);
    return OK;
}

err oe_order_authenticated(struct track_oe *t, struct oe_phase1 *x)
{
    struct oe_resp_facts f = {.self = false};
    if (!x->whole || x->ours) return OK;
    const struct fsm_row *row = fsm_peek(&x->resp, OE_SIDE_GATEWAY, OE_RE_AUTHENTICATE, &f);
    uint8_t state = x->resp.state;
    enum about now = known_about(t, x);
    x->asked = now != ABOUT_NOTHING;
    x->known = row && row->kind == FSM_OK;
    x->auth_unasked = state == OE_RS_NAMED && !x->asked;
    x->auth_early = state == OE_RS_KEY_ASKED;
    x->resp.state = OE_RS_AUTHENTIC; /* whatever came of it: it goes on from here */
    if (x->asked) oe_seen(t, &x->us, OE_WIRE_ASKED);
    if (x->known) oe_seen(t, &x->us, OE_WIRE_AUTH);
    if (state == OE_RS_UNKNOWN && now == ABOUT_NO_KEY) return oe_fault_at(t, OE_TF_AUTH_UNKNOWN, &x->us, t->own->packet, t->own->ms, true);
    return OK;
}

bool oe_asked_around(const struct oe_asked *a, uint64_t ms)
{
    return a->asked_ms <= ms && a->last_ms > ms;
}

/* Is another initiator being looked up?  Then a name may be its own. */
static bool alone(const struct track_oe *t, const struct oe_phase1 *x, const struct oe_asked *a)
{
    for (size_t i = 0; i < t->own->phase1s; i++) {
        const struct oe_phase1 *o = &t->own->phase1[i];
        if (o != x && !o->ours && (o->ms[6] == NEVER || o->ms[6] >= a->asked_ms)) return false;
    }
    return true;
}

/* An answer about an initiator, behind message 6? */
static err authenticated_early(struct track_oe *t, struct oe_phase1 *x, const struct oe_asked *a)
{
    bool same = a->at.family && ip_address_eq(&a->at, &x->peer);
    bool pending = x->auth_early && a->asked_ms <= x->ms[6] && concerns(t, x, a) && (same || alone(t, x, a));
    bool behind = x->auth_unasked && a->asked_ms > x->ms[6] && a->type == DNS_KEY && same;
    if ((!pending && !behind) || t->own->ms - x->ms[6] > OE_TRACK_SUSPECT_MS || oe_asked_around(a, x->ms[6])) return OK;
    x->auth_early = x->auth_unasked = false;
    return oe_fault_at(t, OE_TF_AUTH_EARLY, &x->us, x->packet[6], x->ms[6], behind);
}

/* --- quick mode ------------------------------------------------------------------------------------------------------------------- */

err oe_order_proposed(struct track_oe *t, struct oe_phase1 *x, struct oe_quick *q)
{
    (void)t;
    if (x->whole && !x->ours && !q->ours) responder(x, OE_SIDE_WORLD, OE_RE_PROPOSAL);
    return OK;
}

/* A packet of the flow went on, and the decision that it should have waited for came only now. */
static err was_early(struct track_oe *t, struct oe_asked *a)
{
    uint32_t packet = a->early;
    a->early = 0;
    return packet ? oe_fault_at(t, OE_TF_CLEAR_MEANWHILE, &t->o.gateway[0], packet, a->early_ms, true) : OK;
}

static err tunnel_stands(struct track_oe *t, const struct oe_phase1 *x)
{
    for (size_t i = 0; i < t->own->askeds; i++) {
        struct oe_asked *a = &t->own->asked[i];
        if (a->init.state != OE_IS_KEYING && a->init.state != OE_IS_DOUBTED) continue;
        if (!ip_address_eq(&a->tried, &x->peer)) continue;
        initiator(t, a, OE_SIDE_GATEWAY, OE_IE_TUNNEL);
        TRY(was_early(t, a));
        if (a->source_known && !a->forwarded) oe_seen(t, &x->us, OE_WIRE_HELD);
    }
    return OK;
}

err oe_order_accepted(struct track_oe *t, struct oe_phase1 *x, struct oe_quick *q)
{
    if (q->ours) return tunnel_stands(t, x);
    size_t host = oe_names(t, &x->peer, true);
    struct oe_resp_facts f = {.lives = host != NOBODY};
    const struct fsm_row *row = fsm_peek(&x->resp, OE_SIDE_GATEWAY, OE_RE_ACCEPT, &f);
    q->host = host;
    q->unasked = host == NOBODY && row && row->kind == FSM_FATAL; /* it may act for itself: only an answer that comes behind it tells */
    if (host != NOBODY) oe_seen(t, &x->us, OE_WIRE_ALLOWED);
    if (x->resp.state != OE_RS_NONE) x->resp.state = OE_RS_TUNNEL;
    return OK;
}

static void accepted_early(struct track_oe *t, struct oe_phase1 *x, const struct oe_asked *a)
{
    if (a->vague) return; /* an answer before this one may have named it */
    for (size_t i = 0; i < x->quicks; i++) {
        struct oe_quick *q = &x->quick[i];
        if (!q->unasked || q->early != NOBODY || t->own->ms - q->ms[1] > OE_TRACK_SUSPECT_MS) continue;
        if (a->asked_ms + OE_TRACK_FLOW_MS < q->ms[0] || !oe_asked_names(a, &x->peer) || oe_asked_around(a, q->ms[1])) continue;
        q->early = (size_t)(a - t->own->asked);
    }
}

/* Did the gateway begin anything with it, so that TXT was asked for on its own account? */
static bool began_with(const struct track_oe *t, const struct ip_address *peer, uint64_t from, uint64_t to)
{
    for (size_t i = 0; i < t->own->phase1s; i++) {
        const struct oe_phase1 *x = &t->own->phase1[i];
        if (!ip_address_eq(&x->peer, peer)) continue;
        if (x->ours && x->whole && x->ms[1] >= from && x->ms[1] <= to) return true;
        for (size_t k = 0; k < x->quicks; k++) {
            if (x->quick[k].ours && x->quick[k].ms[0] != NEVER && x->quick[k].ms[0] >= from && x->quick[k].ms[0] <= to) return true;
        }
    }
    return false;
}

/* Main mode without one of its messages: what is missing elsewhere may be the capture's loss as well. */
static bool has_holes(const struct oe_phase1 *x)
{
    for (int i = 1; i <= x->last && i < 7; i++) {
        if (x->ms[i] == NEVER) return true;
    }
    return false;
}

static err quicks_end(struct track_oe *t, const struct oe_phase1 *x)
{
    if (has_holes(x)) return OK;
    for (size_t i = 0; i < x->quicks; i++) {
        const struct oe_quick *q = &x->quick[i];
        if (!q->unasked || q->early == NOBODY) continue;
        const struct oe_asked *a = &t->own->asked[q->early];
        if (a->source_known || began_with(t, &x->peer, a->asked_ms, a->answered_ms + OE_TRACK_FLOW_MS)) continue;
        TRY(oe_fault_at(t, OE_TF_ACCEPT_EARLY, &x->us, q->packet[1], q->ms[1], a->asked_ms > q->ms[1]));
    }
    return OK;
}

/* The other end whose proposal is open, when there is just one. */
static const struct oe_phase1 *proposer(const struct track_oe *t)
{
    const struct oe_phase1 *one = NULL;
    for (size_t i = 0; i < t->own->phase1s; i++) {
        const struct oe_phase1 *x = &t->own->phase1[i];
        for (size_t k = 0; k < x->quicks; k++) {
            const struct oe_quick *q = &x->quick[k];
            if (q->ours || q->ms[0] == NEVER || q->ms[1] != NEVER || t->own->ms - q->ms[0] > OE_TRACK_SUSPECT_MS) continue;
            if (one && one != x) return NULL;
            one = x;
        }
    }
    return one;
}

/* --- queries and answers ----------------------------------------------------------------------------------------------------------- */

static err asked_txt(struct track_oe *t, struct oe_asked *a)
{
    size_t self = (size_t)(a - t->own->asked);
    if (a->init.state == OE_IS_GONE || a->init.state == OE_IS_FAILED || a->init.state == OE_IS_BROKEN || (a->init.state == OE_IS_FOUND && a->ike_ms == NEVER)) {
        oe_flow_init(&a->init, &oe_init_machine); /* what was known ran out */
        a->source_known = a->forwarded = false;
    }
    initiator(t, a, OE_SIDE_GATEWAY, OE_IE_ASK_TXT);
    if (!a->source_known) oe_clear_source(t, a);
    const struct oe_phase1 *proposal = proposer(t);
    for (size_t i = 0; i < t->own->phase1s; i++) {
        struct oe_phase1 *x = &t->own->phase1[i];
        responder(x, OE_SIDE_GATEWAY, OE_RE_ASK_TXT);
        for (size_t k = 0; k < x->quicks; k++) {
            struct oe_quick *q = &x->quick[k];
            bool done = !q->ours && q->ms[1] != NEVER && !q->sent_esp;
            if (done && !proposal && q->host == self && t->own->ms + OE_TRACK_TRIP_MS < a->expires_ms) q->asked_again = true;
        }
    }
    if (!proposal) return OK;
    if (ip_address_private(&a->at)) return oe_fault(t, OE_TF_PRIVATE, &proposal->peer);
    oe_seen(t, &proposal->peer, OE_WIRE_PUBLIC);
    return OK;
}

err oe_order_asked(struct track_oe *t, struct oe_asked *a)
{
    for (size_t i = 0; i < t->own->phase1s; i++) {
        struct oe_phase1 *x = &t->own->phase1[i];
        if (x->whole && !x->ours && x->resp.state == OE_RS_NAMED && concerns(t, x, a)) tell_responder(t, x);
    }
    return a->type == DNS_TXT && a->at.family ? asked_txt(t, a) : OK;
}

static bool proposes(const struct track_oe *t, const struct ip_address *peer)
{
    for (size_t i = 0; i < t->own->phase1s; i++) {
        const struct oe_phase1 *x = &t->own->phase1[i];
        if (!x->ours && ip_address_eq(&x->peer, peer)) return true;
    }
    return false;
}

/* Message 1 went out before this answer, which is the first that names the other end. */
static err begun_early(struct track_oe *t, const struct oe_asked *a)
{
    for (size_t i = 0; i < t->own->phase1s; i++) {
        struct oe_phase1 *x = &t->own->phase1[i];
        if (!x->unexplained || !oe_asked_names(a, &x->peer)) continue;
        x->unexplained = false;
        if (t->own->ms - x->ms[1] > OE_TRACK_SUSPECT_MS || proposes(t, &x->peer) || oe_asked_around(a, x->ms[1])) continue;
        if (forbidden(t, a, OE_SIDE_GATEWAY, OE_IE_IKE)) TRY(oe_fault_at(t, OE_TF_IKE_EARLY, &x->us, x->packet[1], x->ms[1], true));
    }
    return OK;
}

static err answered_txt(struct track_oe *t, struct oe_asked *a)
{
    uint8_t event = !a->usable ? OE_IE_NO_RECORD : a->keyed ? OE_IE_RECORD : OE_IE_BARE_RECORD;
    if (a->usable) TRY(begun_early(t, a));
    if (a->early && a->init.state == OE_IS_LOOKING && !oe_asked_around(a, a->early_ms)) TRY(was_early(t, a));
    a->early = 0;
    initiator(t, a, OE_SIDE_WORLD, event);
    if (!a->usable && a->source_known && !a->forwarded && a->init.state == OE_IS_FAILED) oe_seen(t, &t->o.gateway[0], OE_WIRE_HELD);
    for (size_t i = 0; i < t->own->phase1s; i++) {
        struct oe_phase1 *x = &t->own->phase1[i];
        if (oe_asked_names(a, &x->peer)) {
            responder(x, OE_SIDE_WORLD, OE_RE_RECORD);
            if (x->whole && !x->ours) accepted_early(t, x, a);
        }
    }
    return OK;
}

err oe_order_answered(struct track_oe *t, struct oe_asked *a, bool was_pending)
{
    for (size_t i = 0; i < t->own->phase1s; i++) {
        struct oe_phase1 *x = &t->own->phase1[i];
        if (!x->whole || x->ours) continue;
        if (was_pending) TRY(authenticated_early(t, x, a));
        if (x->resp.state == OE_RS_NAMED || x->resp.state == OE_RS_KEY_ASKED) tell_responder(t, x);
    }
    return a->type == DNS_TXT && a->at.family ? answered_txt(t, a) : OK;
}

/* --- message 1 of the gateway -------------------------------------------------------------------------------------------------------- */

static bool explained(const struct track_oe *t, const struct oe_phase1 *x)
{
    for (size_t i = 0; i < t->own->askeds; i++) {
        const struct oe_asked *a = &t->own->asked[i];
        if (a->type == DNS_TXT && (a->vague || (a->answered && oe_asked_names(a, &x->peer)))) return true;
    }
    for (size_t i = 0; i < t->own->phase1s; i++) {
        if (&t->own->phase1[i] != x && ip_address_eq(&t->own->phase1[i].peer, &x->peer)) return true; /* it is known from before */
    }
    return false;
}

/* Another gateway of the same host, as soon as ICMP came for the first: given up at once (11.2). */
static err tried_another(struct track_oe *t, const struct oe_asked *a, const struct oe_phase1 *x)
{
    bool other = a->ike_ms != NEVER && !ip_address_eq(&a->tried, &x->peer) && a->icmp_ms != NEVER;
    if (other && forbidden(t, a, OE_SIDE_WORLD, OE_IE_GAVE_UP)) return oe_fault(t, OE_TF_GAVE_UP, &x->us);
    return OK;
}

static err begin_with(struct track_oe *t, struct oe_asked *a, const struct oe_phase1 *x, bool again)
{
    bool same = a->ike_ms != NEVER && ip_address_eq(&a->tried, &x->peer);
    if (again && !same) return OK;
    if (!again) TRY(tried_another(t, a, x));
    if (!same && a->init.state == OE_IS_DOUBTED) initiator(t, a, OE_SIDE_WORLD, OE_IE_GAVE_UP);
    initiator(t, a, OE_SIDE_GATEWAY, OE_IE_IKE);
    if (!again) a->refused = false;
    if (!same) a->icmp_ms = NEVER;
    a->ike_ms = t->own->ms;
    a->tried = x->peer;
    return OK;
}

err oe_order_begun(struct track_oe *t, struct oe_phase1 *x, bool again)
{
    if (again && x->icmp_ms != NEVER) oe_seen(t, &x->us, OE_WIRE_AGAIN);
    size_t host = oe_names(t, &x->peer, false);
    if (!again && host != NOBODY) {
        const struct oe_asked *a = &t->own->asked[host];
        x->looked = true;
        oe_seen(t, &x->us, OE_WIRE_LOOKED);
        if (ip_address_eq(&a->at, &x->peer) && oe_clear_other_host(t, &a->at)) TRY(oe_fault_at(t, OE_TF_TXT_PLACE, &x->us, a->asked_packet, a->asked_ms, true));
    }
    if (!again) x->unexplained = !explained(t, x);
    for (size_t i = 0; i < t->own->askeds; i++) {
        struct oe_asked *a = &t->own->asked[i];
        if (a->type == DNS_TXT && a->answered && oe_asked_names(a, &x->peer)) TRY(begin_with(t, a, x, again));
    }
    return OK;
}

/* --- the end ----------------------------------------------------------------------------------------------------------------------- */

bool oe_opportunistic(const struct track_oe *t, const struct oe_phase1 *x)
{
    for (size_t i = 0; i < t->own->askeds; i++) {
        const struct oe_asked *a = &t->own->asked[i];
        if (a->at.family && ip_address_eq(&a->at, &x->peer)) return true;
        if (a->type == DNS_TXT && oe_asked_names(a, &x->peer)) return true;
    }
    return false;
}

static bool names_known(const struct track_oe *t, const struct oe_asked *a)
{
    for (size_t i = 0; i < t->own->phase1s; i++) {
        if (oe_asked_names(a, &t->own->phase1[i].peer)) return true;
    }
    for (size_t i = 0; i < t->o.gateways; i++) {
        if (oe_asked_names(a, &t->o.gateway[i])) return true;
    }
    return false;
}

/* The one answer that came just before message 1 and names others, of which none was tried, or spoken with in any other way. */
static const struct oe_asked *passed_over(const struct track_oe *t, const struct oe_phase1 *x)
{
    for (size_t i = 0; i < t->own->askeds; i++) {
        const struct oe_asked *a = &t->own->asked[i];
        if (a->type != DNS_TXT || !a->usable || a->vague || names_known(t, a)) continue;
        if (a->answered_ms <= x->ms[1] && x->ms[1] - a->answered_ms <= OE_TRACK_FLOW_MS) return a;
    }
    return NULL;
}

err oe_order_end(struct track_oe *t)
{
    for (size_t i = 0; i < t->own->phase1s; i++) {
        const struct oe_phase1 *x = &t->own->phase1[i];
        bool later = x->whole && t->own->ms - x->ms[1] >= OE_TRACK_SUSPECT_MS;
        bool complete = t->o.fresh && t->heads.queries && x->choice_known && x->choice.method == IKE_RSA_SIGNATURES;
        TRY(quicks_end(t, x));
        if (x->auth_unasked && complete) TRY(oe_fault_at(t, OE_TF_PEER_UNASKED, &x->us, x->packet[6], x->ms[6], false));
        if (!x->unexplained || !later) continue;
        if (passed_over(t, x)) TRY(oe_fault_at(t, OE_TF_OTHER_GATEWAY, &x->us, x->packet[1], x->ms[1], true));
        else if (complete) TRY(oe_fault_at(t, OE_TF_IKE_UNASKED, &x->us, x->packet[1], x->ms[1], false));
    }
    return OK;
}
