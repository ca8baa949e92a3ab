/* SPDX-License-Identifier: MIT */
/* Packets in the clear: whose packet made a look-up, and what goes on before there is a decision (RFC 4322 3.1.1); ICMP that doubts the other end (11.2).
 * Which way a packet goes is known where the capture says so, or by the link address of the gateway; where it is not, nothing is judged. */
#include <string.h>

#include "track/track_oe_impl.h"

static bool by_gateway(const struct track_oe *t, const struct ip_packet *p)
{
    if (p->way != IP_WAY_UNKNOWN) return p->way == IP_WAY_OUT;
    for (size_t i = 0; i < t->own->links && p->sender_known; i++) {
        if (memcmp(t->own->link[i], p->sender, sizeof p->sender) == 0) return true;
    }
    return false;
}

static size_t kept(const struct track_oe_own *w)
{
    return w->flows < OE_FLOWS_MAX ? w->flows : OE_FLOWS_MAX;
}

/* The i-th before the present. */
static const struct oe_flow_seen *flow_back(const struct track_oe_own *w, size_t i)
{
    return &w->flow[(w->flows - 1 - i) % OE_FLOWS_MAX];
}

static void remember(struct track_oe_own *w, const struct ip_packet *p, bool out)
{
    size_t n = kept(w);
    for (size_t i = 0; i < n && i < 16; i++) { /* one of a flow is enough for a while */
        const struct oe_flow_seen *f = flow_back(w, i);
        if (f->out == out && ip_address_eq(&f->from, &p->from) && ip_address_eq(&f->to, &p->to) && w->ms - f->ms < OE_TRACK_TWIN_MS) return;
    }
    w->flow[w->flows++ % OE_FLOWS_MAX] = (struct oe_flow_seen){.from = p->from, .to = p->to, .out = out, .ms = w->ms};
}

void oe_clear_source(struct track_oe *t, struct oe_asked *a)
{
    const struct track_oe_own *w = t->own;
    const struct oe_flow_seen *source = NULL;
    for (size_t i = 0; i < kept(w); i++) {
        const struct oe_flow_seen *f = flow_back(w, i);
        if (!ip_address_eq(&f->to, &a->at)) continue;
        if (f->out) return; /* it goes in the clear already: the look-up only renews what is known */
        if (!source && w->ms - f->ms <= OE_TRACK_FLOW_MS) source = f;
    }
    if (!source) return;
    a->source_known = true;
    t->own->sources++;
    a->source = source->from;
}

bool oe_clear_other_host(const struct track_oe *t, const struct ip_address *not)
{
    const struct track_oe_own *w = t->own;
    const struct ip_address *one = NULL;
    for (size_t i = 0; i < kept(w); i++) {
        const struct oe_flow_seen *f = flow_back(w, i);
        bool asked = false;
        if (f->out || w->ms - f->ms > OE_TRACK_FLOW_MS) continue;
        if (ip_address_eq(&f->to, not) || (one && !ip_address_eq(one, &f->to))) return false;
        for (size_t k = 0; k < w->askeds; k++)
            asked = asked || (w->asked[k].type == DNS_TXT && ip_address_eq(&w->asked[k].at, &f->to));
        if (asked) return false;
        one = &f->to;
    }
    return one != NULL;
}

/* A packet of the flow that made the look-up goes on. */
static err forwarded(struct track_oe *t, const struct ip_packet *p)
{
    uint64_t now = t->own->ms;
    for (size_t i = 0; i < t->own->askeds; i++) {
        struct oe_asked *a = &t->own->asked[i];
        if (a->type != DNS_TXT || !a->source_known || a->forwarded || !ip_address_eq(&a->at, &p->to) || !ip_address_eq(&a->source, &p->from)) continue;
        struct oe_init_facts f = oe_order_facts(t, a);
        const struct fsm_row *row = fsm_peek(&a->init, OE_SIDE_GATEWAY, OE_IE_PASS, &f);
        bool looking = a->init.state == OE_IS_LOOKING && a->pending && now - a->asked_ms <= OE_TRACK_TRIP_MS; /* behind it the look-up may have failed */
        bool keying = a->init.state == OE_IS_KEYING && !a->refused && now - a->ike_ms <= OE_TRACK_FLOW_MS;
        bool at_once = row && row->kind == FSM_FATAL && a->init.state == OE_IS_DOUBTED && !a->refused;
        a->forwarded = true;
        if (looking || keying) { /* to be told when the decision comes: it may be lost */
            a->early = t->own->packet;
            a->early_ms = now;
        }
        if (at_once) TRY(oe_fault(t, OE_TF_GAVE_UP, &t->o.gateway[0]));
        if (row && row->kind != FSM_FATAL) (void)fsm_step(&a->init, OE_SIDE_GATEWAY, OE_IE_PASS, &f);
    }
    return OK;
}

err oe_clear_packet(struct track_oe *t, const struct ip_packet *p)
{
    bool out = by_gateway(t, p);
    if (oe_ours(t, &p->to) || oe_ours(t, &p->from) || !p->from.family) return OK;
    if (!out && p->way == IP_WAY_UNKNOWN && !p->sender_known) return OK; /* raw IP: it may be either */
    if (out && t->own->sources) TRY(forwarded(t, p));
    remember(t->own, p, out);
    return OK;
}

err oe_icmp_packet(struct track_oe *t, const struct ip_packet *p)
{
    struct ip_packet quoted;
    ip_packet_read(p->payload, p->payload.n, &quoted);
    bool ike = quoted.what == IP_UDP && !quoted.no_header && (quoted.to_port == OE_PORT_IKE || quoted.to_port == OE_PORT_IKE_NAT);
    if (!oe_ours(t, &p->to) || !ike || !oe_ours(t, &quoted.from)) return OK;
    t->heads.icmp++;
    oe_tell(t, "gets an ICMP unreachable for IKE");
    for (size_t i = 0; i < t->own->phase1s; i++) {
        struct oe_phase1 *x = &t->own->phase1[i];
        if (x->whole && x->ours && x->last == 1 && ip_address_eq(&x->peer, &quoted.to)) x->icmp_ms = t->own->ms;
    }
    for (size_t i = 0; i < t->own->askeds; i++) {
        struct oe_asked *a = &t->own->asked[i];
        if (a->ike_ms == NEVER || !ip_address_eq(&a->tried, &quoted.to)) continue;
        struct oe_init_facts f = oe_order_facts(t, a);
        a->icmp_ms = t->own->ms;
        if (fsm_peek(&a->init, OE_SIDE_WORLD, OE_IE_ICMP, &f)) (void)fsm_step(&a->init, OE_SIDE_WORLD, OE_IE_ICMP, &f);
    }
    return OK;
}
