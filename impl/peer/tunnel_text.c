/* SPDX-License-Identifier: MIT */
/* Chains of hops as text, as people write them in settings. */
#include <stdio.h>
#include <string.h>

#include "codec/idxp_msg.h"
#include "peer/tunnel.h"

static const char *const bad_port = "a port is a decimal number from 1 to 65535";

static slice until(slice s, char c)
{
    size_t n = 0;
    while (n < s.n && s.p[n] != (uint8_t)c)
        n++;
    return slice_sub(s, 0, n);
}

static const char *set_port(struct tunnel_hop *h, slice s)
{
    tunnel_hop_set(h, TUNNEL_A_PORT, s);
    return h->port ? NULL : bad_port;
}

/* _SERVICE._PROTO.HOST */
static const char *set_srv(struct tunnel_hop *h, slice host)
{
    slice one = until(host, '.');
    slice two = until(slice_sub(host, one.n + 1, host.n), '.');
    size_t n = one.n + 1 + two.n;
    slice srv = slice_sub(host, 0, n), fqdn = slice_sub(host, n + 1, host.n);
    if (!tunnel_is_srv(srv) || !idxp_is_fqdn(fqdn)) return "a name with underscores is _SERVICE._PROTO.HOST";
    tunnel_hop_set(h, TUNNEL_A_FQDN, fqdn);
    tunnel_hop_set(h, TUNNEL_A_SRV, srv);
    return NULL;
}

static const char *read_hop(slice word, struct tunnel_hop *h)
{
    const char *why;
    if (word.p[0] == '[') {
        slice in = until(slice_sub(word, 1, word.n), ']'), behind = slice_sub(word, in.n + 2, word.n);
        if (!tunnel_is_ip6(in) || !slice_starts(behind, SLICE_LIT(":")))
            return "an IPv6 address is [ADDRESS]:PORT";
        tunnel_hop_set(h, TUNNEL_A_IP6, in);
        return set_port(h, slice_sub(behind, 1, behind.n));
    }
    slice host = until(word, ':');
    bool has_port = host.n < word.n;
    slice port = slice_sub(word, host.n + 1, word.n);
    if (word.p[0] == '_') {
        why = set_srv(h, host);
        return why || !has_port ? why : set_port(h, port);
    }
    if (!has_port)
        return "a hop is HOST:PORT, ADDRESS:PORT, [ADDRESS6]:PORT, _SERVICE._PROTO.HOST, profile=URI or "
               "endpoint=TEXT";
    if (tunnel_is_ip4(host))
        tunnel_hop_set(h, TUNNEL_A_IP4, host);
    else if (idxp_is_fqdn(host))
        tunnel_hop_set(h, TUNNEL_A_FQDN, host);
    else
        return "the host is no domain name";
    return set_port(h, port);
}

/* The word, or with endpoint= all that is left. */
static slice next_word(slice *rest)
{
    slice word = slice_starts(*rest, SLICE_LIT("endpoint=")) ? *rest : until(*rest, ' ');
    *rest = slice_trim(slice_sub(*rest, word.n, rest->n));
    return word;
}

static const char *read_chain(slice rest, struct tunnel_msg *m)
{
    bool ends = false; /* the last hop has nothing inside */
    while (rest.n) {
        slice word = next_word(&rest);
        if (ends) return "something stands behind the last hop";
        if (slice_eq(word, SLICE_LIT("raw")) && m->hops) {
            ends = true;
            continue;
        }
        if (m->hops + 1 >= TUNNEL_HOPS_MAX) return "too many hops";
        struct tunnel_hop *h = &m->hop[m->hops++];
        *h = (struct tunnel_hop){.way = TUNNEL_HERE};
        const char *why = NULL;
        if (slice_starts(word, SLICE_LIT("profile="))) {
            tunnel_hop_set(h, TUNNEL_A_PROFILE, slice_sub(word, 8, word.n));
            if (!idxp_is_uri(h->value[TUNNEL_A_PROFILE])) why = "the profile is no URI";
            ends = true;
        } else if (slice_starts(word, SLICE_LIT("endpoint="))) {
            tunnel_hop_set(h, TUNNEL_A_ENDPOINT, slice_sub(word, 9, word.n));
            if (word.n == 9) why = "the endpoint has no name";
            ends = true;
        } else {
            why = read_hop(word, h);
        }
        if (why) return why;
    }
    if (!m->hops) return "no hop";
    if (!ends) m->hop[m->hops++] = (struct tunnel_hop){.way = TUNNEL_HERE};
    return NULL;
}

err tunnel_chain_read(const struct env *env, slice text, struct tunnel_msg *m, const char **why)
{
    *m = (struct tunnel_msg){.kind = TUNNEL_TUNNEL};
    buf_init(&m->memory, env->mem, 0);
    *why = read_chain(slice_trim(text), m);
    return *why ? ERR_USE : OK;
}

/* An address as everybody reads it alike: the element may have 010.0.0.1, which is ten to us and eight to many a
 * resolver, or no address at all but a name to be looked up. */
static size_t plain_address(slice v, char *out, size_t out_n)
{
    size_t n = 0, quad = v.n;
    bool lead = false;
    while (quad && v.p[quad - 1] != ':')
        quad--;
    if (slice_find(v, SLICE_LIT(".")) == v.n) quad = v.n; /* no IPv4 in it */
    for (size_t i = 0; i < v.n && n + 1 < out_n; i++) {
        bool more = i + 1 < v.n && v.p[i + 1] >= '0' && v.p[i + 1] <= '9';
        lead = lead || i == quad;
        if (lead && more && v.p[i] == '0') continue;
        out[n++] = (char)v.p[i];
        lead = i >= quad && v.p[i] == '.';
    }
    out[n] = 0;
    return n;
}

err tunnel_hop_place(const struct tunnel_hop *h, char *out, size_t out_n)
{
    enum tunnel_attr a = h->way == TUNNEL_BY_IP4   ? TUNNEL_A_IP4
                         : h->way == TUNNEL_BY_IP6 ? TUNNEL_A_IP6
                                                   : TUNNEL_A_FQDN;
    if ((h->way != TUNNEL_BY_FQDN && h->way != TUNNEL_BY_SRV && h->way != TUNNEL_BY_IP4 &&
         h->way != TUNNEL_BY_IP6) ||
        !h->port)
        return ERR_USE;
    slice v = h->value[a];
    char plain[64];
    if (a != TUNNEL_A_FQDN) v = slice_of(plain, plain_address(v, plain, sizeof plain));
    int n = snprintf(out, out_n, h->way == TUNNEL_BY_IP6 ? "[%.*s]:%u" : "%.*s:%u", (int)v.n,
                     (const char *)v.p, (unsigned)h->port);
    return n > 0 && (size_t)n < out_n ? OK : ERR_USE;
}
