/* SPDX-License-Identifier: MIT */
/* tunnel_msg: the elements of the TUNNEL profile (RFC 3620 3), both ways. */
#ifndef CODEC_TUNNEL_MSG_H
#define CODEC_TUNNEL_MSG_H

#include "base/buf.h"
#include "base/env.h"
#include "codec/beep_mime.h"
#include "model/tunnel.h"

enum tunnel_kind { TUNNEL_NOTHING, TUNNEL_TUNNEL, TUNNEL_OK, TUNNEL_ERROR, TUNNEL_KINDS };
extern const char *const tunnel_kind_names[TUNNEL_KINDS]; /* "", "tunnel", "ok", "error" */
enum tunnel_attr { TUNNEL_A_FQDN, TUNNEL_A_IP4, TUNNEL_A_IP6, TUNNEL_A_PORT, TUNNEL_A_SRV, TUNNEL_A_PROFILE, TUNNEL_A_ENDPOINT, TUNNEL_ATTRS };
extern const char *const tunnel_attr_names[TUNNEL_ATTRS]; /* "fqdn" ... */
/* What an element asks for, by its attributes (3, 4). */
enum tunnel_way {
    TUNNEL_NO_WAY,     /* a combination that may not be */
    TUNNEL_BY_FQDN,    /* fqdn, port */
    TUNNEL_BY_SRV,     /* fqdn, srv; with port: the fall-back when the look-up fails */
    TUNNEL_BY_IP4, TUNNEL_BY_IP6, /* with port */
    TUNNEL_BY_PROFILE, TUNNEL_BY_ENDPOINT,
    TUNNEL_HERE,       /* no attributes: whoever gets it is meant */
    TUNNEL_WAYS
};
extern const char *const tunnel_way_names[TUNNEL_WAYS]; /* "none", "fqdn", "srv", "ip4", "ip6", "profile", "endpoint", "here" */
enum {
    TUNNEL_HOPS_MAX = 32,          /* elements in one another: chains of eight are long, and the 4,096 octets of a start hold some 80 */
    TUNNEL_ELEMENT_MAX = 16 * 1024,/* octets of a message: 32 hops with the longest names */
    TUNNEL_NOTES = 6
};

struct tunnel_hop {
    slice value[TUNNEL_ATTRS];
    uint8_t given;         /* a bit for each attribute, 1 << TUNNEL_A_... */
    enum tunnel_way way;
    uint16_t port;         /* 0: not given */
};
struct tunnel_note {
    enum tunnel_fault_code code;
    const char *text;      /* static; may be NULL */
    uint32_t hop;          /* which element, 0 for the outermost */
};
struct tunnel_msg {
    enum tunnel_kind kind;
    struct tunnel_hop hop[TUNNEL_HOPS_MAX]; /* outermost first */
    size_t hops;
    uint16_t code;         /* error */
    slice lang, text;
    bool lang_given;
    uint32_t note_n;
    struct tunnel_note note[TUNNEL_NOTES]; /* note[0] is the one to answer for */
    const char *why;       /* of an ERR_PEER, for people; in memory */
    struct buf memory;
};

/* Reads a whole message of the channel.  The text names no media type: application/beep+xml is meant, others are noted, none is taken.
 *   OK, ERR_PEER (tunnel_msg_reply, why), ERR_MEM.  m must be freed by tunnel_msg_done after any result. */
err tunnel_msg_read(const struct env *env, slice message, struct tunnel_msg *m) MUST_CHECK;
/* One element without headers, as the content of a profile element.  Nothing but white space: kind NOTHING. */
err tunnel_el_read(const struct env *env, slice xml, struct tunnel_msg *m) MUST_CHECK;
void tunnel_msg_done(struct tunnel_msg *m);
/* The code of the first note that asks for one; 0 when none does. */
unsigned tunnel_msg_reply(const struct tunnel_msg *m);
enum severity tunnel_msg_severity(const struct tunnel_msg *m);

/* Appends the element alone.  from: elements stripped off outside (3620 4), so that tunnel_el_write(m, 1, out) is what the next hop gets: every attribute of the inner elements with its value octet
 * for octet, spelled anew.  ERR_USE when there is no such element, or XML does not take a value. */
err tunnel_el_write(const struct tunnel_msg *m, size_t from, struct buf *out) MUST_CHECK;
/* Appends a whole message: Content-Type: application/beep+xml, empty line, element, CRLF. */
err tunnel_msg_write(const struct tunnel_msg *m, size_t from, struct buf *out) MUST_CHECK;

/* Sets one attribute of a hop (writing); the value is borrowed.  way and port follow. */
void tunnel_hop_set(struct tunnel_hop *h, enum tunnel_attr a, slice value);
/* Text forms, for settings as well.  ip4: four numbers up to 255 without signs.  ip6: RFC 2373 2.2, all three forms, no prefix length. */
bool tunnel_is_ip4(slice s);
bool tunnel_is_ip6(slice s);
bool tunnel_is_srv(slice s);

#endif
