/* SPDX-License-Identifier: MIT */
/* tunnel_access: whom a proxy lets where (RFC 3620 7), from the text of a small file.  The first rule that fits decides; where none does the tunnel is refused.
 *
 *   deny  to=127.*:*                              # behind a look-up the addresses are judged, too
 *   allow identity=alice to=*.example.org:604     # a name: judged before it is looked up
 *   allow identity=site-? to=192.0.2.*:*
 *
 * A name is judged alone first, and once more with each of its addresses: a rule fits then that fits either.  So what denies an address stands in front of what allows names.  An address of
 * IPv6 fits as it was written, as it is written shortest, and as IPv4 where it is one
 * (::ffff:127.0.0.1); 0.0.0.0 and :: fit as the loopback address that they lead to, too.
 *
 * One rule a line; a word that begins with # ends it.  Conditions, all of which have to hold, each at most once: identity=PATTERN (of SASL; "" is nobody, which only identity="" fits, or a
 * rule without that condition) and to=PATTERN (HOST:PORT, [ADDRESS6]:PORT; letters without case).  In patterns * is any octets, ? is one.  deny may have
 * code=530|534|537|550|554 (537 without).  A hop that names no place by itself (a route of ours leads on) is judged by the place that the route gives. */
#ifndef RUN_TUNNEL_ACCESS_H
#define RUN_TUNNEL_ACCESS_H

#include "base/env.h"
#include "base/err.h"

enum {
    TUNNEL_ACCESS_FILE_MAX = 1 << 20, /* octets: 10,000 rules of a hundred */
    TUNNEL_ACCESS_RULES = 10000
};
struct tunnel_access;

/* On failure *out is NULL and why holds "NAME:LINE: what is wrong".  ERR_PEER, ERR_LIMIT, ERR_MEM. */
err tunnel_access_parse(const struct env *env, slice text, const char *name, struct tunnel_access **out, char *why, size_t why_n) MUST_CHECK;
/* NULL is allowed. */
void tunnel_access_free(struct tunnel_access *a);
/* place: one of the addresses of to, NULL before they are known.  0: allowed; otherwise the code of the refusal.  530 when somebody with an identity would have been let through and nobody's is known.  line: of the rule
 * that decided, 0 for none; may be NULL. */
uint16_t tunnel_access_judge(const struct tunnel_access *a, const char *identity, const char *to, const char *place, size_t *line);

#endif
