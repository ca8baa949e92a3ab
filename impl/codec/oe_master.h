/* SPDX-License-Identifier: MIT */
/* oe_master: TXT and KEY records as text of a master file (RFC 1035 5.1, RFC 2535 7.1, RFC 3597 5), both
 * ways.  What stands in the RDATA is for oe_txt and oe_key; here it is octets. */
#ifndef CODEC_OE_MASTER_H
#define CODEC_OE_MASTER_H

#include "base/base64.h"
#include "base/buf.h"
#include "base/env.h"
#include "model/oe.h"

enum {
    OE_RR_TXT = 16,       /* RFC 1035 3.2.2 */
    OE_RR_KEY = 25,       /* RFC 2535 3 */
    OE_RDATA_MAX = 65535, /* RDLENGTH has 16 bits */
    OE_STRING_MAX = 255,  /* a character-string (RFC 1035 3.3) */
    /* text of one record: four octets for each of the longest RDATA, as \DDD, and as much for blanks and
       comments */
    OE_MASTER_MAX = 8 * OE_RDATA_MAX
};

struct oe_text_fault {
    enum oe_fault_code code; /* MASTER, or MASTER_STRING */
    size_t at;               /* octet of the text */
    const char *why;         /* a few words, static */
    bool other;              /* a record of another type, or a directive ($TTL): none of ours */
};

struct oe_rr {
    uint16_t type; /* OE_RR_... */
    slice owner;   /* as it was written, borrowed from the text; SLICE_NONE when it was not */
    bool ttl_given;
    uint32_t ttl;     /* seconds */
    bool hex_flags;   /* of KEY: 0x..., which RFC 2535 7.1 does not have (OE-D16) */
    unsigned lax;     /* of KEY: BASE64_LAX_... that the base64 needed to be read, apart from blanks */
    size_t used;      /* octets of the text, with the line end */
    struct buf rdata; /* wire form */
};

/* Reads one record from the front of text: [owner] [TTL] [IN] TXT|KEY RDATA in any order that RFC 1035 has
 * for them, TYPE16 and TYPE25 too, and the RDATA in its own form or as \# (RFC 3597).  Empty lines and
 * comments in front are passed over.  type: 0, or a type when the text is RDATA alone.
 *   OK; ERR_MORE: nothing but blanks and comments; ERR_PEER: *f, and used tells where the next record
 *   begins, behind the line with its parentheses when they can be read; ERR_LIMIT: longer than
 *   OE_MASTER_MAX; ERR_MEM.
 * rr must be freed by oe_rr_done after any result. */
err oe_master_read(const struct env *env, slice text, uint16_t type, struct oe_rr *rr,
                   struct oe_text_fault *f) MUST_CHECK;
void oe_rr_done(struct oe_rr *rr);

/* Wire form of TXT from text of any length, cut at OE_STRING_MAX; empty text makes one empty string.
 * ERR_LIMIT past OE_RDATA_MAX or out's maximum, ERR_MEM; out is as it was then. */
err oe_txt_strings(slice text, size_t cut, struct buf *out) MUST_CHECK;

enum oe_layout { OE_ONE_LINE, OE_WRAPPED /* in parentheses, a string or 64 digits a line */ };
/* Appends the RDATA as text that BIND, NSD and Unbound load: every string in quotation marks, what is no
 * printable ASCII as \DDD; KEY with decimal numbers (OE-D16).  ERR_USE: RDATA that is no such record in wire
 * form.  ERR_LIMIT, ERR_MEM: part of it may have been added. */
err oe_rdata_write(uint16_t type, slice rdata, enum oe_layout layout, struct buf *out) MUST_CHECK;
/* A whole line, with its LF: owner TTL IN TYPE RDATA.  The owner is written as it is. */
err oe_rr_write(slice owner, uint32_t ttl, uint16_t type, slice rdata, enum oe_layout layout,
                struct buf *out) MUST_CHECK;

#endif
