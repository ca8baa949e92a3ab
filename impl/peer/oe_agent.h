/* SPDX-License-Identifier: MIT */
/* oe_agent: the mind of a gateway that encrypts when it can, without any I/O.  It is asked what becomes of packets and of other gateways, asks
 * for what it has to know of the DNS, is told the answers, and decides by the tables of model/oe_decide; it remembers what it learnt for as
 * long as that holds, and how old its tunnels are (model/oe_flow).  Answers, policy, time and seed make the decision and nothing else does.
 *
 * Call oe_agent_ask and oe_agent_decision until they are empty behind each other call: what a decision points to holds until the next call that
 * tells the agent something.  Times are milliseconds on one clock that never goes back. */
#ifndef PEER_OE_AGENT_H
#define PEER_OE_AGENT_H

#include "base/env.h"
#include "codec/oe_key.h"
#include "codec/oe_policy.h"
#include "model/oe_decide.h"
#include "peer/mutate_oe.h"

enum {
    OE_AGENT_RECORDS = 5460,    /* of one answer that are read: twelve octets are the least that each takes, so more do not fit into a DNS message */
    OE_AGENT_OCTETS = 128 * 1024, /* of one answer that are kept: twice what a DNS message can hold */
    OE_AGENT_GATEWAYS = 256,    /* of one destination that are tried, the strongest of them: nobody waits for more */
    OE_AGENT_KEYS = 256,        /* candidates for one signature: checking is dear */
    OE_AGENT_TASKS = 65536,     /* questions to us that are under way */
    OE_AGENT_HOSTS = 16384,     /* destinations and other ends that are remembered: the one that was not used for longest goes */
    OE_AGENT_CACHED = 16384,    /* names that are remembered, the same way */
    OE_AGENT_TTL_MAX = 86400,   /* seconds that an answer is believed at most: a day, so that no forgery stays for years (RFC 2308 5 has the like) */
    OE_AGENT_SHORT_MS = 10000,  /* OE_LIFE_SHORT: DNS or the gateway may be back soon */
    OE_AGENT_USUAL_MS = 300000, /* OE_LIFE_USUAL: somebody has to change a setting first */
};

/* --- what the DNS said ------------------------------------------------------------------------------------------------------- */

/* One look-up's result.  look: TRUNCATED, TIMEOUT, SERVFAIL, UNREADABLE, NXDOMAIN, NODATA or RECORDS; what the records come to is told here.
 * A bogus answer is bogus whatever look says. */
struct oe_answer {
    enum oe_look look;
    enum oe_security security;
    uint32_t ttl; /* seconds: of the records, or of their absence (RFC 2308) */
    uint16_t type; /* that was asked for */
    const slice *rdata; /* of records of that type at the end of the chain of aliases, in wire form; n is 0 unless look is RECORDS */
    size_t n;
    slice canonical; /* the name at that end, as text; may be empty */
    unsigned aliases;
};

struct oe_question {
    uint32_t id; /* its answer bears this */
    uint16_t type; /* OE_RR_TXT or OE_RR_KEY */
    bool tcp; /* by TCP at once, as UDP was truncated */
    char name[OE_NAME_TEXT]; /* lower case, no dot behind */
};

/* --- questions to the agent and its decisions ----------------------------------------------------------------------------------- */

#define OE_REPORTS(X) X(UP, "up") X(SILENT, "silent") X(REFUSED, "refused") X(SIGNATURE, "signature")
#define OE_ENUM_REPORT(n, s) OE_REPORT_##n,
enum oe_report { OE_REPORTS(OE_ENUM_REPORT) OE_REPORT_COUNT };
extern const char *const oe_report_words[]; /* ended by NULL */

struct oe_phase1 {
    struct oe_host from;
    enum oe_id type;
    slice identity; /* an address or a name, by type */
    struct oe_rsa signed_by; /* empty: nobody has said yet, and the decision is OE_OUT_CHECK with the candidates */
};

enum oe_ask { OE_ASK_INITIATE, OE_ASK_REPORT, OE_ASK_PHASE1, OE_ASK_PHASE2 };

/* One rule that was applied.  The last one gave the outcome. */
struct oe_step {
    const struct oe_table *table;
    const struct oe_rule *rule;
    char about[64]; /* the address or name that it was about: a destination, gateway, identity.  Cut where it is longer */
};

struct oe_decision {
    uint64_t tag;
    enum oe_ask ask;
    enum oe_outcome out; /* CLEAR, DROP, CONFIGURED or ENCRYPT; AUTHENTIC, REFUSE, CONFIGURED or CHECK; ACCEPT or REFUSE */
    struct oe_host gateway; /* of ENCRYPT */
    const struct oe_rsa *keys; /* candidates: of ENCRYPT, AUTHENTIC, CHECK, and of a signature that did not fit */
    size_t key_count;
    struct oe_host source; /* of ENCRYPT: under which address the host appears; none when nobody said from where */
    const struct oe_step *trail;
    size_t steps; /* at least 1 */
    uint64_t life_ms; /* for how long it will be told again without asking DNS */
    bool remembered; /* it was decided before */
};

struct oe_agent_setup {
    struct oe_policy policy;
    uint64_t seed; /* among equal gateways */
    unsigned mutant; /* enum oe_mutant; 0: none */
};

struct oe_agent;
/* OK or ERR_MEM.  env is borrowed. */
err oe_agent_new(const struct env *env, const struct oe_agent_setup *s, struct oe_agent **out) MUST_CHECK;
void oe_agent_free(struct oe_agent *a);

/* Each of these gives one decision with that tag, now or when DNS has answered.  ERR_LIMIT: too many are under way; ERR_MEM; ERR_USE: a decision waits to be taken, a phase 1 of
 * that tag is under way, or there is no address.  Nothing was begun then. */
err oe_agent_initiate(struct oe_agent *a, uint64_t tag, const struct oe_host *source /* family 0: not told */, const struct oe_host *destination,
                      uint64_t now) MUST_CHECK;
err oe_agent_report(struct oe_agent *a, uint64_t tag, const struct oe_host *destination, const struct oe_host *gateway, enum oe_report what,
                    uint64_t now) MUST_CHECK;
/* The tag names this phase 1 in oe_agent_phase2 later. */
err oe_agent_phase1(struct oe_agent *a, uint64_t tag, const struct oe_phase1 *p, uint64_t now) MUST_CHECK;
err oe_agent_phase2(struct oe_agent *a, uint64_t tag, uint64_t phase1, const struct oe_host *source, uint64_t now) MUST_CHECK;

/* The next question to DNS; false when there is none.  Each has to be answered once, by a time-out when by nothing else. */
bool oe_agent_ask(struct oe_agent *a, struct oe_question *q);
/* An id that is not waited for is passed over.  ERR_MEM: the look-up counts as one that cannot be read. */
err oe_agent_answer(struct oe_agent *a, uint32_t id, const struct oe_answer *answer, uint64_t now) MUST_CHECK;
/* The next decision; false when there is none. */
bool oe_agent_decision(struct oe_agent *a, struct oe_decision *d);

/* When oe_agent_tick wants to be called; UINT64_MAX: not at all. */
uint64_t oe_agent_deadline(const struct oe_agent *a);
void oe_agent_tick(struct oe_agent *a, uint64_t now);
/* Winds the agent's clock forward: from now on it is so much later for it. */
void oe_agent_advance(struct oe_agent *a, uint64_t ms, uint64_t now);
/* The i-th tunnel that stands; false behind the last. */
bool oe_agent_tunnel(const struct oe_agent *a, size_t i, struct oe_host *destination, struct oe_host *gateway);
/* Questions to us that are not decided. */
size_t oe_agent_under_way(const struct oe_agent *a);

#endif
