/* SPDX-License-Identifier: MIT */
/* oe_zone: the name server of the tester: the records of one case, how it is told to behave, and the messages
 * that come of both.  No sockets, no time: whoever has them says when an answer goes out. */
#ifndef RUN_OE_ZONE_H
#define RUN_OE_ZONE_H

#include "codec/dns_msg.h"
#include "codec/oe_host.h"
#include "scn/scn.h"

enum {
    OE_ZONE_RECORDS = 4096, /* more do not fit into a message */
    OE_ZONE_BEHAVES = 128,
    OE_ZONE_FORGED = 8, /* forged answers before a good one */
    OE_ZONE_CHAIN = 32, /* aliases of one answer: a circle ends there */
    OE_ZONE_TTL = 300   /* of records, and of their absence */
};
#define OE_FORGED_GATEWAY "203.0.113.66" /* what forged answers lead to: $FORGED */

struct oe_zone_record {
    char name[OE_NAME_TEXT], target[OE_NAME_TEXT];
    uint16_t type;
    uint32_t ttl;
    uint8_t *rdata; /* owned */
    size_t n;
};

/* What is wrong with an answer on purpose. */
enum oe_lie {
    OE_LIE_ID = 1,
    OE_LIE_OWNER = 2,
    OE_LIE_TYPE = 4,
    OE_LIE_QUESTION = 8,
    OE_LIE_ELSEWHERE = 16,
    OE_LIE_GARBAGE = 32, /* it begins as the answer, and cannot be read */
    OE_LIE_SHORT = 64    /* a few octets */
};
enum oe_silence { OE_SPEAKS, OE_MUTE_UDP = 1, OE_MUTE_TCP = 2 }; /* bits */

/* Which members of a behaviour were said. */
enum {
    OE_SAID_RCODE = 1,
    OE_SAID_SILENT = 2,
    OE_SAID_TRUNCATE = 4,
    OE_SAID_HOLD = 8,
    OE_SAID_DELAY = 16,
    OE_SAID_AD = 32,
    OE_SAID_BOGUS = 64,
    OE_SAID_LIES = 128,
    OE_SAID_FIRST = 256,
    OE_SAID_TTL = 512,
    OE_SAID_CHAIN = 1024,
    OE_SAID_FORGED = 2048
};
struct oe_behave {
    char name[OE_NAME_TEXT]; /* "": all */
    uint16_t type;           /* 0: all */
    unsigned said;
    int rcode;       /* -1: what the records say */
    unsigned silent; /* enum oe_silence */
    bool truncate, hold, ad, bogus, no_chain, forged_none;
    uint32_t delay_ms, ttl;
    unsigned lies; /* enum oe_lie */
    unsigned first[OE_ZONE_FORGED];
    size_t firsts;
};

struct oe_zone {
    const struct env *env;
    struct oe_zone_record *record;
    size_t records, cap;
    struct oe_behave behave[OE_ZONE_BEHAVES];
    size_t behaves;
};

void oe_zone_init(struct oe_zone *z, const struct env *env);
void oe_zone_done(struct oe_zone *z);

/* The verbs of docs/scenarios.md, from a planned statement.  ERR_USE: why says what would be right;
 * ERR_LIMIT, ERR_MEM. */
err oe_zone_add(struct oe_zone *z, const struct scn_stmt *s, char *why, size_t why_n) MUST_CHECK;
err oe_zone_remove(struct oe_zone *z, const struct scn_stmt *s, char *why, size_t why_n) MUST_CHECK;
err oe_zone_behave(struct oe_zone *z, const struct scn_stmt *s, char *why, size_t why_n) MUST_CHECK;
/* The arguments of such a statement alone, for one answer. */
err oe_behave_of(const struct scn_stmt *s, struct oe_behave *b, char *why, size_t why_n) MUST_CHECK;
/* name= or of=ADDRESS, folded; "" when neither is said.  type= likewise 0. */
err oe_zone_place(const struct scn_stmt *s, char name[OE_NAME_TEXT], uint16_t *type, char *why,
                  size_t why_n) MUST_CHECK;
/* Puts one in without a statement. */
err oe_zone_put(struct oe_zone *z, const char *name, uint16_t type, uint32_t ttl, slice rdata) MUST_CHECK;

/* All that was said about that question; later ones win, member by member. */
void oe_zone_how(const struct oe_zone *z, const char *name, uint16_t type, struct oe_behave *out);

struct oe_zone_said { /* of an answer, for people */
    char text[160];   /* "answer 2 TXT", "answer NXDOMAIN", "answer TC" */
};
/* Appends the message that answers q (a query that could be read): the zone as it stands, the behaviour but
 * for silence, hold, delay and first.  forged: in place of what the zone has, the forged record, with these
 * lies (enum oe_lie) and no other misbehaviour.  over TCP nothing is cut.  ERR_MEM, ERR_LIMIT. */
err oe_zone_answer(const struct oe_zone *z, const struct dns_msg *q, const struct oe_behave *how, bool tcp,
                   struct buf *out, struct oe_zone_said *said) MUST_CHECK;
err oe_zone_forge(const struct oe_zone *z, const struct dns_msg *q, const struct oe_behave *how,
                  unsigned lies, struct buf *out, struct oe_zone_said *said) MUST_CHECK;

#endif
