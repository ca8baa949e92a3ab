/* SPDX-License-Identifier: MIT */
/* oe_txt: the delegation record X-IPsec-Server(P)=GATEWAY KEY (draft 7.2, RFC 4322 5.2), from TXT RDATA and
 * back.
 *
 * Reading is lenient and exact at once: each form that can be told apart is taken, each departure from the
 * printed form is noted with its place.  What that makes of the record, oe_txt_take says for a dialect. */
#ifndef CODEC_OE_TXT_H
#define CODEC_OE_TXT_H

#include "base/buf.h"
#include "base/env.h"
#include "codec/oe_key.h"

enum {
    OE_TXT_MAX = 65535, /* RDLENGTH has 16 bits */
    OE_FQDN_MAX =
        253, /* 255 octets on the wire (RFC 1035 3.1), without the length in front and the root behind */
    OE_TXT_CUT = 255 /* where a sender cuts the text: the longest character-string */
};

enum oe_gateway { OE_NO_GATEWAY, OE_IP4, OE_IP6, OE_FQDN, OE_GATEWAYS };
extern const char *const oe_gateway_names[OE_GATEWAYS]; /* "none", "ip4", "ip6", "fqdn" */

struct oe_txt {
    bool precedence_given;
    uint16_t
        precedence; /* leading zeros are read as decimal; OE_F_PRECEDENCE_ZEROS tells that others may not */
    enum oe_gateway gateway;
    uint8_t address[16]; /* network order: 4 octets of OE_IP4, 16 of OE_IP6 */
    slice fqdn;          /* without the @ and without a dot behind; in memory */
    bool key_given;      /* something stands where the key belongs */
    struct oe_rsa rsa;   /* empty when it could not be told apart; in memory */
    size_t strings;      /* character-strings of the RDATA */
    slice
        text; /* all of them, joined plainly; in memory.  Notes count its octets; those about RDATA
                 (TXT_EMPTY, TXT_CUT, TXT_LIMIT) count octets of RDATA, STRINGS says where the string ended */
    struct oe_notes notes;
    struct buf memory;
};

/* Reads RDATA in wire form.  Nothing of it is refused: OK, or ERR_MEM.  t must be freed by oe_txt_done after
 * any result. */
err oe_txt_read(const struct env *env, slice rdata, struct oe_txt *t) MUST_CHECK;
/* Reads a text that was joined already. */
err oe_txt_read_text(const struct env *env, slice text, struct oe_txt *t) MUST_CHECK;
void oe_txt_done(struct oe_txt *t);
enum oe_take oe_txt_take(const struct oe_txt *t, enum oe_dialect d);

/* Appends the text as we send it: exact letter case, decimal numbers, one SP and none else, key in base64
 * with padding.  precedence, gateway with address or fqdn, and rsa when its modulus is not empty.  ERR_USE:
 * no gateway, a name that is none, or a key that RFC 2537 does not take.  ERR_LIMIT, ERR_MEM: part of it may
 * have been added. */
err oe_txt_write_text(const struct oe_txt *t, struct buf *out) MUST_CHECK;
/* Appends RDATA: the same, cut at OE_TXT_CUT octets. */
err oe_txt_write(const struct env *env, const struct oe_txt *t, struct buf *out) MUST_CHECK;

/* A domain name of letters, digits, hyphens and underscores: labels of 1 to 63, no hyphen at either end of
 * one, OE_FQDN_MAX in all, a dot behind allowed. */
bool oe_is_fqdn(slice s);
/* Four decimal numbers up to 255 without signs.  *zeros: one has leading zeros. */
bool oe_ip4(slice s, uint8_t out[4], bool *zeros);

#endif
