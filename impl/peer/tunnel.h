/* SPDX-License-Identifier: MIT */
/* tunnel: the TUNNEL profile (RFC 3620) at the two ends of a tunnel.  Both are parts of a BEEP peer:
 *
 * The initiator sets beep_setup.via.  Behind the first greetings, in clear and before TLS or SASL, but behind
 * SASL to the proxy itself where via_mechanism asks for that (a proxy may want to know who asks: 7), the
 * element is sent in a start (on the channel when it is too long for one); behind the ok everything begins
 * anew on the same connection, and only then does the setup's own wish for TLS and SASL count, and
 * hooks.greeted is called. An error, or a peer that offers no TUNNEL, ends the session in order, and
 * beep_peer_why says what was answered.
 *
 * The target lists &tunnel_target among its profiles.  To an element without attributes it answers ok and
 * begins anew (beep_peer_renew); to any other that is well formed error 504, since it leads nowhere.  TUNNEL
 * is offered, and can be started, in clear only (5.2, TUNNEL-D14); there need_tls and need_auth of the setup
 * do not keep anybody out: they count again behind the tunnel.  tunnelled_needs_tls asks for TLS behind a
 * tunnel alone.
 *
 * Proxies are in peer/tunnel_proxy.h. */
#ifndef PEER_TUNNEL_H
#define PEER_TUNNEL_H

#include "codec/tunnel_msg.h"
#include "peer/beep_peer.h"

extern const struct beep_profile tunnel_target;

enum {
    TUNNEL_CHANNELS_SERVED = 16 /* TUNNEL channels of one session: one is enough, and a proxy that failed may
                                be asked again on another */
};

/* Writes what --tunnel of a program or a line of a file says as a chain of hops, outermost first, separated
 * by blanks: HOST:PORT   ADDRESS:PORT   [ADDRESS6]:PORT   _SERVICE._PROTO.HOST   _SERVICE._PROTO.HOST:PORT
 * profile=URI   endpoint=TEXT (to the end) and, unless the last is one of the latter two or a word `raw`
 * follows, an empty element innermost.  text is borrowed by m, which must be freed by tunnel_msg_done.
 * ERR_USE and *why (static) when it is none. */
err tunnel_chain_read(const struct env *env, slice text, struct tunnel_msg *m, const char **why) MUST_CHECK;

/* Where a hop with an address or a name leads, as a carrier takes it: HOST:PORT, [ADDRESS6]:PORT.  ERR_USE
 * when it has none (srv without port, profile, endpoint, here). */
err tunnel_hop_place(const struct tunnel_hop *h, char *out, size_t out_n) MUST_CHECK;

#endif
