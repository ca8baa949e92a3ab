/* SPDX-License-Identifier: MIT */
/* oe_rdata: the records that `send record', `send key' and `send master' describe (docs/scenarios.md, "OE
 * vocabulary"), from a planned statement to octets.  The player asks adapters with them, and whoever exports
 * the cases prints them; both have to see the same. */
#ifndef RUN_OE_RDATA_H
#define RUN_OE_RDATA_H

#include "base/buf.h"
#include "codec/oe_master.h"
#include "scn/scn.h"

enum oe_rdata_form {
    OE_RDATA_WIRE,  /* octets are RDATA */
    OE_RDATA_MASTER /* octets are the text of RDATA, as a master file has it */
};

struct oe_rdata {
    enum oe_rdata_form form;
    uint16_t type; /* OE_RR_TXT, OE_RR_KEY */
    struct buf octets;
};

/* The record of a statement `send record|key|master ...' of a plan.  OK; ERR_USE: not such a statement, or
 * its arguments make no sense: why says which would; ERR_LIMIT: RDATA longer than 65,535 octets; ERR_MEM. out
 * must be freed by oe_rdata_done after any result. */
err oe_rdata_of(const struct env *env, const struct scn_stmt *s, struct oe_rdata *out, char *why,
                size_t why_n) MUST_CHECK;
void oe_rdata_done(struct oe_rdata *r);
/* Is it one? */
bool oe_rdata_is(const struct scn_stmt *s);

/* For records of a zone: appends RDATA of TXT by text=, strings= with length=, hex=, at=, or precedence=,
 * gateway=, key=; of KEY by flags=, protocol=, algorithm=, key=, exponent=, modulus=, form=, cut=, hex=. */
err oe_rdata_txt(const struct env *env, const struct scn_stmt *s, struct buf *out, char *why,
                 size_t why_n) MUST_CHECK;
err oe_rdata_key(const struct env *env, const struct scn_stmt *s, struct buf *out, char *why,
                 size_t why_n) MUST_CHECK;

/* The text of a named argument, a NUL behind it; NULL when it is not there. */
const char *oe_arg(const struct scn_stmt *s, const char *key);
slice oe_arg_octets(const struct scn_stmt *s, const char *key);
/* Decimal, or hexadecimal behind 0x; otherwise ERR_USE and why.  Not given: *out stays as it is. */
err oe_arg_number(const struct scn_stmt *s, const char *key, uint64_t max, uint64_t *out, char *why,
                  size_t why_n) MUST_CHECK;
/* Each key of the statement is one of these (ended by NULL); otherwise ERR_USE and why, with what would be
 * right. */
err oe_arg_known(const struct scn_stmt *s, const char *const *keys, char *why, size_t why_n) MUST_CHECK;
/* Appends the octets that hexadecimal digits stand for. */
err oe_arg_hex(slice digits, struct buf *out, char *why, size_t why_n) MUST_CHECK;

#endif
