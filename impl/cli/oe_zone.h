/* SPDX-License-Identifier: MIT */
/* oe_zone: the records of a master file that a gateway would see, as answers to its questions.  TXT, KEY and CNAME are read, with $ORIGIN, $TTL and owners left out; names
 * of other records exist, without those. */
#ifndef CLI_OE_ZONE_H
#define CLI_OE_ZONE_H

#include "peer/oe_agent.h"

enum {
    CLI_OE_RECORDS = 65536, /* of a zone; those behind are told of and not read */
    CLI_OE_ALIASES = 8,     /* that are followed for one answer (OE-D40) */
};

struct cli_oe_rr {
    char *name, *target; /* folded; target: of CNAME */
    uint16_t type;       /* 0: of no type that is read here */
    uint32_t ttl;
    uint8_t *rdata;
    size_t n;
};
struct cli_oe_zone {
    struct cli_oe_rr *rr;
    size_t n, cap;
    size_t txt, key, alias, others, bad; /* bad: lines that could not be read, each of which was told on standard error */
};

/* Reads a file ("-": standard input).  origin: of relative names before the first $ORIGIN; NULL: the root.  CLI_OK, or CLI_USE behind a message. */
int cli_oe_zone_read(const struct env *env, const char *path, const char *origin, struct cli_oe_zone *z);
void cli_oe_zone_done(struct cli_oe_zone *z);
/* What a server of the zone alone would say, aliases followed.  rdata: room for OE_AGENT_RECORDS; answer borrows it and the zone. */
void cli_oe_zone_answer(const struct cli_oe_zone *z, const char *name, uint16_t type, slice *rdata, struct oe_answer *answer);

#endif
