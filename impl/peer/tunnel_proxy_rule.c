/* SPDX-License-Identifier: MIT */
/* Whether a tunnel may be: who asks, for what, and whether it leads in a circle (RFC 3620 7, TUNNEL-D05). */
#include <stdio.h>
#include <string.h>

#include "peer/tunnel_proxy_impl.h"

/* --- the house
 * -------------------------------------------------------------------------------------------------------------------
 */

static void house_enter(struct tunnel_proxy *p)
{
    struct tunnel_house *h = p->s->house;
    if (!h || p->housed) return;
    p->next = h->first;
    p->before = NULL;
    if (h->first) h->first->before = p;
    h->first = p;
    h->pending++;
    p->housed = true;
}

void tunnel_house_leave(struct tunnel_proxy *p)
{
    struct tunnel_house *h = p->s->house;
    if (!h || !p->housed) return;
    if (p->before)
        p->before->next = p->next;
    else
        h->first = p->next;
    if (p->next) p->next->before = p->before;
    h->pending--;
    p->housed = false;
}

static size_t same_in_house(const struct tunnel_proxy *p)
{
    size_t n = 0;
    for (const struct tunnel_proxy *q = p->s->house ? p->s->house->first : NULL; q; q = q->next)
        n += q != p && strcmp(q->neighbour, p->neighbour) == 0 &&
             slice_eq(buf_slice(&q->text), buf_slice(&p->text));
    return n;
}

/* --- circles
 * ---------------------------------------------------------------------------------------------------------------------
 */

static bool same_hop(const struct tunnel_hop *a, const struct tunnel_hop *b)
{
    if (a->given != b->given || a->way == TUNNEL_HERE) return false;
    for (int i = 0; i < TUNNEL_ATTRS; i++)
        if ((a->given >> i & 1) && !slice_eq_nocase(a->value[i], b->value[i])) return false;
    return true;
}

static bool names_twice(const struct tunnel_msg *m)
{
    for (size_t i = 0; i < m->hops; i++)
        for (size_t k = 0; k < i; k++)
            if (same_hop(&m->hop[i], &m->hop[k])) return true;
    return false;
}

/* HOST:PORT against an entry with or without a port. */
static bool is_self(const struct tunnel_proxy *p, slice to)
{
    size_t colon = to.n;
    while (colon && to.p[colon - 1] != ':')
        colon--;
    slice host = colon ? slice_sub(to, 0, colon - 1) : to;
    for (size_t i = 0; i < p->s->selves; i++) {
        slice own = slice_str(p->s->self[i]);
        if (slice_eq_nocase(own, to) || slice_eq_nocase(own, host)) return true;
    }
    return false;
}

static bool leads_to_self(const struct tunnel_proxy *p, const char *to)
{
    if (PMUT(p, P_LOOPS)) return false;
    return is_self(p, slice_str(to)) || (p->s->self_is && p->s->self_is(p->s->ctx, to));
}

/* Is that address, or name of one, another machine for each who reads it? */
static bool is_loopback(const struct tunnel_hop *h)
{
    slice ip4 = h->value[TUNNEL_A_IP4], ip6 = h->value[TUNNEL_A_IP6];
    if (h->way == TUNNEL_BY_IP4) return slice_starts(ip4, SLICE_LIT("127.")) || slice_eq(ip4, SLICE_LIT("0.0.0.0"));
    if (h->way == TUNNEL_BY_IP6)
        return slice_eq(ip6, SLICE_LIT("::1")) || slice_eq(ip6, SLICE_LIT("::")) ||
               slice_starts_nocase(ip6, SLICE_LIT("::ffff:127."));
    return h->way == TUNNEL_BY_FQDN && slice_eq_nocase(h->value[TUNNEL_A_FQDN], SLICE_LIT("localhost"));
}

/* Does an inner element name us?  Then what we pass on comes back, from wherever it leads in between.  The
 * empty element innermost names nobody, and so is never taken for us.  A service is where its record says,
 * whatever port stands beside it for want of one: there the name alone counts.  A loopback address is ours
 * only as long as the hops in front of it do not leave this machine. */
static bool comes_back(const struct tunnel_proxy *p, const struct tunnel_msg *m, char *to, size_t to_n)
{
    bool stays = true;
    for (size_t i = 0; i < m->hops; i++) {
        const struct tunnel_hop *h = &m->hop[i];
        slice fqdn = h->value[TUNNEL_A_FQDN];
        bool loopback = is_loopback(h);
        bool has = true;
        if (h->way == TUNNEL_BY_SRV)
            snprintf(to, to_n, "%.*s", (int)fqdn.n, (const char *)fqdn.p);
        else
            has = tunnel_hop_place(h, to, to_n) == OK;
        if (i && has && (stays || !loopback) && leads_to_self(p, to)) return true;
        stays = stays && loopback;
    }
    return false;
}

/* --- the request
 * ------------------------------------------------------------------------------------------------------------------
 */

static bool is_routed(const struct tunnel_hop *h)
{
    return h->way == TUNNEL_BY_PROFILE || h->way == TUNNEL_BY_ENDPOINT;
}

static const struct tunnel_msg *route_for(const struct tunnel_proxy *p, const struct tunnel_hop *h)
{
    enum tunnel_attr a = h->way == TUNNEL_BY_PROFILE ? TUNNEL_A_PROFILE : TUNNEL_A_ENDPOINT;
    for (size_t i = 0; i < p->s->routes; i++) {
        const struct tunnel_route *r = &p->s->route[i];
        if (r->endpoint == (a == TUNNEL_A_ENDPOINT) && slice_eq(slice_str(r->key), h->value[a])) return r->to;
    }
    return NULL;
}

static void who(const struct tunnel_proxy *p, struct tunnel_no *no)
{
    struct beep_facts f;
    beep_peer_facts(tunnel_near(p), &f);
    if (!p->s->need_auth || *f.identity || PMUT(p, P_ANYBODY)) return;
    if (f.authenticated)
        tunnel_no_set(no, 534, "tunnels are for those who say who they are: anonymous is nobody");
    else
        tunnel_no_set(no, 530, "tunnels are for those who authenticate first");
}

static void allowed(const struct tunnel_proxy *p, const char *to, const char *place, struct tunnel_no *no)
{
    struct beep_refusal r = {.code = 0};
    struct beep_facts f;
    beep_peer_facts(tunnel_near(p), &f); /* nobody's identity is "", that of ANONYMOUS too */
    struct tunnel_request q = {.msg = &p->msg,
                               .way = p->way,
                               .identity = f.identity,
                               .mechanism = f.mechanism,
                               .to = to,
                               .place = place};
    if (!p->s->allow || PMUT(p, P_ANYWHERE)) return;
    p->s->allow(p->s->ctx, &q, &r);
    if (!r.code || (PMUT(p, P_ANYBODY) && (r.code == 530 || r.code == 537))) return;
    tunnel_no_set(no, r.code, "%s", r.text[0] ? r.text : "not allowed");
}

static void shape(const struct tunnel_proxy *p, struct tunnel_no *no)
{
    const struct tunnel_msg *m = &p->msg;
    if (p->s->hops_max && m->hops > p->s->hops_max)
        tunnel_no_set(no, 554, "more than %zu elements in one another", p->s->hops_max);
    else if (names_twice(m) && !PMUT(p, P_LOOPS))
        tunnel_no_set(no, 554, "a loop: the same hop is named twice");
    else if (p->s->routed_only && m->hop[0].way != TUNNEL_HERE && !is_routed(&m->hop[0]))
        tunnel_no_set(no, 554, "only tunnels to a profile or an endpoint are set up here");
    else if (PMUT(p, P_EMPTY_IS_ERROR) && m->hops == 1 && m->hop[0].given)
        tunnel_no_set(no, 501, "no element inside");
}

static void route(struct tunnel_proxy *p, struct tunnel_no *no)
{
    const struct tunnel_hop *h = &p->msg.hop[0];
    p->way = &p->msg;
    if (!is_routed(h)) return;
    p->way = route_for(p, h);
    if (p->way && p->way->hops && !is_routed(&p->way->hop[0])) return;
    p->way = &p->msg;
    tunnel_no_set(no, 450, "no way is known to that %s", tunnel_way_names[h->way]);
}

static void crowd(struct tunnel_proxy *p, struct tunnel_no *no)
{
    const struct tunnel_proxy_setup *s = p->s;
    const char *from = s->neighbour ? s->neighbour(s->ctx, &p->e) : NULL;
    size_t pending_max = s->pending_max ? s->pending_max : TUNNEL_PENDING,
           same_max = s->same_max ? s->same_max : TUNNEL_SAME;
    snprintf(p->neighbour, sizeof p->neighbour, "%s", from ? from : "");
    buf_clear(&p->text);
    if (tunnel_el_write(&p->msg, 0, &p->text) != OK)
        tunnel_no_set(no, 421, "out of memory");
    else if (s->house && s->house->pending >= pending_max)
        tunnel_no_set(no, 421, "too many tunnels are being set up");
    else if (PMUT(p, P_LOOPS))
        return;
    else if (s->ours && s->ours(s->ctx, &p->e))
        tunnel_no_set(no, 554, "a loop: the request comes from this proxy itself");
    else if (same_in_house(p) >= same_max)
        tunnel_no_set(no, 554, "a loop: the same tunnel is asked for %zu times at once", same_max);
}

/* The name or address as it was asked for.  What is ours by name, or forbidden, is so whatever a look-up
 * says. */
static void by_name(struct tunnel_proxy *p, bool srv, struct tunnel_no *no)
{
    const struct tunnel_hop *h = &p->way->hop[0];
    slice fqdn = h->value[TUNNEL_A_FQDN], service = h->value[TUNNEL_A_SRV];
    char to[TUNNEL_PLACE_MAX];
    bool has = tunnel_hop_place(h, to, sizeof to) == OK;
    if (!has) snprintf(to, sizeof to, "%.*s", (int)fqdn.n, (const char *)fqdn.p); /* srv without port */
    if (!srv)
        snprintf(p->named, sizeof p->named, "%s", to);
    else
        snprintf(p->named, sizeof p->named, "%.*s.%.*s:%u", (int)service.n, (const char *)service.p,
                 (int)fqdn.n, (const char *)fqdn.p, (unsigned)h->port);
    if (leads_to_self(p, to))
        tunnel_no_set(no, 554, "a loop: %s is this proxy itself", to);
    else if (comes_back(p, p->way, to, sizeof to))
        tunnel_no_set(no, 554, "a loop: the tunnel comes back to %s, which is this proxy itself", to);
    else
        allowed(p, p->named, NULL, no);
}

static void destination(struct tunnel_proxy *p, struct tunnel_no *no)
{
    const struct tunnel_hop *h = &p->way->hop[0];
    if (h->way != TUNNEL_HERE)
        by_name(p, h->way == TUNNEL_BY_SRV && !PMUT(p, P_NO_SRV), no);
    else if (!p->s->here)
        tunnel_no_set(no, 550, "this is a proxy alone: no service is to be had here");
    else
        allowed(p, NULL, NULL, no);
}

void tunnel_rule_request(struct tunnel_proxy *p, struct tunnel_no *no)
{
    p->way = &p->msg;
    who(p, no);
    if (!no->code) shape(p, no);
    if (!no->code) route(p, no);
    if (!no->code) crowd(p, no);
    if (!no->code) destination(p, no);
    if (!no->code) house_enter(p);
}

void tunnel_rule_place(struct tunnel_proxy *p, const char *to, struct tunnel_no *no)
{
    if (strcmp(to, p->named) == 0) return; /* it was judged already */
    if (leads_to_self(p, to))
        tunnel_no_set(no, 554, "a loop: %s is this proxy itself", to);
    else
        allowed(p, p->named, to, no);
}

void tunnel_rule_fallback(struct tunnel_proxy *p, struct tunnel_no *no)
{
    by_name(p, false, no);
}
