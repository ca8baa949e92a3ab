/* SPDX-License-Identifier: MIT */
/* oe_host: addresses of hosts and gateways as text and octets, the names that the DNS has for them, and domain names as they are compared. */
#ifndef CODEC_OE_HOST_H
#define CODEC_OE_HOST_H

#include "base/slice.h"

enum {
    OE_HOST_TEXT = 46,  /* the longest IPv6 address as text, with its NUL */
    OE_NAME_TEXT = 256, /* the longest domain name as text (RFC 1035 2.3.4: 253 octets), with room for a dot and its NUL */
};

struct oe_host {
    uint8_t family; /* 0: none, 4 or 6 */
    uint8_t octets[16]; /* network order; 4 of them in IPv4, the others are zero then */
};

/* Four decimal numbers without leading zeros, or the text of an IPv6 address (RFC 4291 2.2), of which one that maps an IPv4 address
 * (::ffff:192.0.2.1) stays what it is.  False: neither, and *h is none. */
bool oe_host_read(slice text, struct oe_host *h);
struct oe_host oe_host_of(uint8_t family, const uint8_t *octets);
/* As it is written in RFC 5952; "" for none.  Returns out. */
const char *oe_host_text(const struct oe_host *h, char out[OE_HOST_TEXT]);
bool oe_host_eq(const struct oe_host *a, const struct oe_host *b);
/* Of a network that nobody else can address (RFC 1918; RFC 4193). */
bool oe_host_private(const struct oe_host *h);
/* The name below in-addr.arpa or ip6.arpa, lower case, no dot behind: 66.0.2.192.in-addr.arpa (7.2, RFC 3596 2.5).  "" for none. */
void oe_reverse_name(const struct oe_host *h, char out[OE_NAME_TEXT]);

/* A domain name as it is asked for and compared: lower case, no dot behind.  False, and "": longer than a name may be, or empty.  What stands
 * in labels is not looked at. */
bool oe_name_fold(slice name, char out[OE_NAME_TEXT]);
bool oe_name_eq(slice a, slice b); /* without letter case, with or without a dot behind (OE-D37) */

#endif
