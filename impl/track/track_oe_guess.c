/* SPDX-License-Identifier: MIT */
/* Whose capture it is: who asks the reverse DNS for TXT or KEY, and who speaks IKE with whom. */
#include <string.h>

#include "track/track_oe_impl.h"

static size_t who(struct oe_guess *g, const struct ip_address *a)
{
    size_t i = 0;
    while (i < g->n && !ip_address_eq(&g->who[i].at, a))
        i++;
    if (i == g->n && g->n < OE_GUESS_MAX) {
        g->who[i].at = *a;
        g->n++;
    }
    return i;
}

static void speak(struct oe_guess *g, const struct ip_packet *p)
{
    size_t a = who(g, &p->from), b = who(g, &p->to);
    if (a < g->n) g->who[a].keys = true;
    if (b < g->n) g->who[b].keys = true;
    for (size_t i = 0; i < g->pairs; i++) {
        bool there = ip_address_eq(&g->pair[i].a, &p->from) && ip_address_eq(&g->pair[i].b, &p->to);
        bool back = ip_address_eq(&g->pair[i].a, &p->to) && ip_address_eq(&g->pair[i].b, &p->from);
        if (there || back) return;
    }
    if (g->pairs < OE_GUESS_MAX) {
        g->pair[g->pairs].a = p->from;
        g->pair[g->pairs++].b = p->to;
    }
}

static void ask(struct oe_guess *g, const struct env *env, const struct ip_packet *p)
{
    struct dns_msg m;
    struct dns_fault f;
    struct ip_address at;
    slice in = p->what == IP_TCP ? slice_sub(p->payload, 2, p->payload.n) : p->payload;
    err e = dns_msg_read(env, in, &m, &f);
    if (e == OK && !m.response && m.qname && (m.qtype == DNS_TXT || m.qtype == DNS_KEY) && ip_address_of_reverse(m.qname, &at)) {
        size_t i = who(g, &p->from);
        if (i < g->n) g->who[i].asks = true;
    }
    dns_msg_done(&m);
}

void oe_guess_packet(struct oe_guess *g, const struct env *env, const struct ip_packet *p)
{
    if ((p->what != IP_UDP && p->what != IP_TCP) || p->no_header || (p->fragment && !p->first)) return;
    if (p->to_port == OE_PORT_DNS) ask(g, env, p);
    else if (p->what == IP_UDP && (p->from_port == OE_PORT_IKE || p->to_port == OE_PORT_IKE || p->to_port == OE_PORT_IKE_NAT)) speak(g, p);
}

static bool in_every_pair(const struct oe_guess *g, const struct ip_address *a)
{
    for (size_t i = 0; i < g->pairs; i++) {
        if (!ip_address_eq(&g->pair[i].a, a) && !ip_address_eq(&g->pair[i].b, a)) return false;
    }
    return g->pairs > 1;
}

bool oe_guess_made(const struct oe_guess *g, struct ip_address *out)
{
    size_t both = 0, asks = 0, every = 0;
    const struct ip_address *at_both = NULL, *at_asks = NULL, *at_every = NULL;
    for (size_t i = 0; i < g->n; i++) {
        const struct ip_address *a = &g->who[i].at;
        if (g->who[i].asks && g->who[i].keys) both++, at_both = a;
        if (g->who[i].asks) asks++, at_asks = a;
        if (g->who[i].keys && in_every_pair(g, a)) every++, at_every = a;
    }
    const struct ip_address *made = both == 1 ? at_both : both == 0 && asks == 1 && g->pairs == 0 ? at_asks : every == 1 ? at_every : NULL;
    if (made) *out = *made;
    return made != NULL;
}
