/* SPDX-License-Identifier: MIT */
/* oe_decide: what a gateway does with an address, as const tables.  Facts and policy are small numbers, one for each axis of a table; the
 * first rule that holds gives the outcome, with the clause that says so.  Each table is total: some rule holds for all facts.  Nothing here
 * keeps a record, knows a name or asks anybody: whoever calls gathers facts, does what the outcome says, and asks again.
 *
 * As initiator for a destination: SEEK until it says PICK, then HOP for one gateway after the other (strongest precedence first, equal ones
 * in any order; NEXT: take the next, and note in OE_H_LAST why) until it says ENCRYPT or a failure; FAIL tells what becomes of a failure.
 * As responder: AUTH until the other end is AUTHENTIC, then ALLOW for the source that it names in phase 2. */
#ifndef MODEL_OE_DECIDE_H
#define MODEL_OE_DECIDE_H

#include "model/oe.h"

/* --- values of the axes -------------------------------------------------------------------------------------------------------- */
/* The class that the policy has for the address (draft 1.1, RFC 4322 3.2). */
#define OE_CLASSES(X) X(DENY, "deny") X(CLEAR, "clear") X(CONFIGURED, "configured") X(OPPORTUNISTIC, "opportunistic")
/* One look-up of TXT. */
#define OE_LOOKS(X)                                                                                          \
    X(UNASKED, "unasked")                                                                                    \
    X(PENDING, "pending")                                                                                    \
    X(TRUNCATED, "truncated")     /* TC over UDP, and TCP was not tried */                                   \
    X(TIMEOUT, "timeout")                                                                                    \
    X(SERVFAIL, "servfail")       /* or any other code that is no answer */                                  \
    X(UNREADABLE, "unreadable")   /* the answer is malformed */                                              \
    X(NXDOMAIN, "nxdomain")                                                                                  \
    X(NODATA, "nodata")           /* the name exists without TXT */                                          \
    X(FOREIGN, "foreign")         /* TXT, and all of it of others */                                         \
    X(RECORDS, "records")
#define OE_SECURITIES(X) X(SECURE, "secure") X(INSECURE, "insecure") X(BOGUS, "bogus") X(INDETERMINATE, "indeterminate")
/* What the records of ours come to, as the reading that is in force takes them (enum oe_take). */
#define OE_FOUNDS(X)                                                                                         \
    X(BAD, "bad")                 /* each is malformed */                                                    \
    X(MIXED, "mixed")             /* some are malformed, some good */                                        \
    X(NAMES, "names")             /* those that are good name gateways by @FQDN only */                      \
    X(GOOD, "good")
/* The gateway that is up now. */
#define OE_HOPS(X)                                                                                       \
    X(NONE_LEFT, "none left")                                                                                \
    X(OURSELVES, "ourselves")     /* an address of whoever asks */                                           \
    X(HOST, "host")               /* the destination itself */                                               \
    X(OTHER, "other")
/* Why there is none left: what came of the last that was up. */
#define OE_LASTS(X)                                                                                          \
    X(PASSED, "passed over")      /* none was tried */                                                       \
    X(NO_KEY, "no key")                                                                                      \
    X(BAD_KEY, "bad key")                                                                                    \
    X(BOGUS_KEY, "bogus key")                                                                                \
    X(SILENT, "silent")           /* or nothing but ICMP, for as long as is waited */                        \
    X(REFUSED, "refused")         /* phase 1 or 2, by an answer or by none in phase 2 */                     \
    X(SIGNATURE, "signature")     /* none of the candidates made it */
/* The key of the other end: a look-up of KEY, with what DNSSEC says of it, or none that is needed. */
#define OE_KEYS(X)                                                                                           \
    X(UNASKED, "unasked")                                                                                    \
    X(PENDING, "pending")                                                                                    \
    X(TRUNCATED, "truncated")                                                                                \
    X(FAILED, "failed")           /* time-out, SERVFAIL, an answer that cannot be read */                    \
    X(NONE, "none")               /* NXDOMAIN, no KEY, or none for IPsec */                                  \
    X(BAD, "bad")                                                                                            \
    X(BOGUS, "bogus")                                                                                        \
    X(INDETERMINATE, "indeterminate") /* good, but for that */                                               \
    X(INSECURE, "insecure")                                                                                  \
    X(SECURE, "secure")                                                                                      \
    X(IN_TXT, "in txt")           /* of initiators only */
/* Policy: records that are not certainly signed (7.2; RFC 4322 3.2.4.1), states of which DNSSEC can tell nothing, bad records beside good. */
#define OE_UNSIGNEDS(X) X(USE, "use") X(OWN, "own address only") X(IGNORE, "ignore")
#define OE_UNTOLDS(X)   X(INSECURE, "as insecure") X(BOGUS, "as bogus")
#define OE_SPOILS(X)    X(NO, "bad records are ignored") X(YES, "bad records spoil all")
#define OE_OPENS(X)     X(NO, "closed") X(YES, "open")
#define OE_DIALECTS_(X) X(DRAFT, "draft") X(RFC, "rfc")
/* Identity of phase 1, signature, source of phase 2, and how the records at it fit the identity. */
#define OE_IDS(X)        X(IP4, "ipv4") X(IP6, "ipv6") X(NAME, "fqdn") X(OTHER, "other")
#define OE_SIGNATURES(X) X(UNCHECKED, "unchecked") X(WRONG, "wrong") X(GOOD, "good")
#define OE_SOURCES(X)    X(UNKNOWN, "unknown") X(SELF, "identity") X(OTHER, "other")
#define OE_PEERS(X)      X(STRANGER, "not authentic") X(KNOWN, "authentic")
#define OE_MATCHES(X)                                                                                        \
    X(BOTH, "gateway and key")                                                                               \
    X(KEYLESS, "gateway, and no key in the record")                                                          \
    X(OTHER_KEY, "gateway, and another key")                                                                 \
    X(OTHER_GATEWAY, "another gateway")
/* Address translation (8), identity of one's own (6.3, 7.3), two tunnels to one host (10). */
#define OE_NATS(X)                                                                                           \
    X(NONE, "none")                                                                                          \
    X(ONE, "one to one")          /* in the gateway */                                                       \
    X(MANY, "many to one")        /* in the gateway */                                                       \
    X(BETWEEN, "between")         /* between the gateways */                                                 \
    X(FAR, "destination")         /* the destination is behind one */
#define OE_ADDRESSES(X) X(PUBLIC, "public") X(PRIVATE, "private")
#define OE_PARTS(X)     X(INITIATE, "initiate") X(RESPOND, "respond")
#define OE_REVERSES(X)  X(NO, "no key in the reverse map") X(YES, "key in the reverse map")
#define OE_FORWARDS(X)  X(NO, "no key by name") X(YES, "key by name")
#define OE_COMPARES(X)  X(STRONGER, "stronger") X(EQUAL, "equal") X(WEAKER, "weaker")
#define OE_WAYS(X)      X(TURNS, "turns") X(HEARD, "last heard") X(ROUTING, "routing") X(REFUSE, "refuse") X(REPLACE, "replace")

#define OE_FAILURES(X)                                                                                       \
    X(NO_RECORD, "no record")                                                                                \
    X(SILENCE, "DNS is silent")                                                                              \
    X(SERVER, "DNS fails")                                                                                   \
    X(ANSWER, "answer that cannot be read")                                                                  \
    X(BOGUS, "bogus")                                                                                        \
    X(UNSIGNED, "not signed")                                                                                \
    X(MALFORMED, "malformed record")                                                                         \
    X(NO_GATEWAY, "no gateway")                                                                              \
    X(NO_KEY, "no key")                                                                                      \
    X(SILENT, "gateway is silent")                                                                           \
    X(REFUSED, "gateway refuses")                                                                            \
    X(SIGNATURE, "wrong signature")                                                                          \
    X(SOURCE, "no address that others could look up")

/* What to do.  The failures follow in the order of OE_FAILURES: OE_OUT_FAIL + enum oe_failure, for the table FAIL. */
#define OE_OUTCOMES(X)                                                                                       \
    X(CLEAR, "clear")                                                                                        \
    X(DROP, "drop")                                                                                          \
    X(CONFIGURED, "configured tunnel")                                                                       \
    X(ENCRYPT, "encrypt")         /* with the gateway that is up; candidates: the keys of all records */     \
    X(WAIT, "wait")                                                                                          \
    X(ASK_TXT, "ask for TXT")     /* at the reverse name of the address */                                   \
    X(ASK_TXT_TCP, "ask for TXT by TCP")                                                                     \
    X(ASK_KEY, "ask for KEY")     /* at the reverse name of the gateway */                                   \
    X(ASK_KEY_NAME, "ask for KEY by name")                                                                   \
    X(ASK_KEY_TCP, "ask for KEY by TCP")                                                                     \
    X(PICK, "pick a gateway")                                                                                \
    X(NEXT, "next gateway")                                                                                  \
    X(CHECK, "check the signature")                                                                          \
    X(AUTHENTIC, "authentic")                                                                                \
    X(ACCEPT, "accept")                                                                                      \
    X(REFUSE, "refuse")                                                                                      \
    X(AS_HOST, "source is the host")                                                                         \
    X(AS_TRANSLATED, "source is the translated address")                                                     \
    X(AS_GATEWAY, "source is the gateway")                                                                   \
    X(BY_ADDRESS, "identity is the address")                                                                 \
    X(BY_NAME, "identity is the name")                                                                       \
    X(FIRST, "use the first tunnel")                                                                         \
    X(SECOND, "use the second tunnel")                                                                       \
    X(BOTH, "use both tunnels")                                                                              \
    X(FAIL, "failure")            /* + enum oe_failure */

#define OE_ENUM_CLASS(n, s) OE_CLASS_##n,
#define OE_ENUM_LOOK(n, s)  OE_LOOK_##n,
#define OE_ENUM_SEC(n, s)   OE_SEC_##n,
#define OE_ENUM_FOUND(n, s) OE_FOUND_##n,
#define OE_ENUM_GW(n, s)    OE_GW_##n,
#define OE_ENUM_LAST(n, s)  OE_LAST_##n,
#define OE_ENUM_KEY(n, s)   OE_KS_##n,
#define OE_ENUM_UNS(n, s)   OE_UNSIGNED_##n,
#define OE_ENUM_UNT(n, s)   OE_UNTOLD_##n,
#define OE_ENUM_SPOIL(n, s) OE_SPOIL_##n,
#define OE_ENUM_OPEN(n, s)  OE_OPEN_##n,
#define OE_ENUM_ID(n, s)    OE_ID_##n,
#define OE_ENUM_SIG(n, s)   OE_SIG_##n,
#define OE_ENUM_SRC(n, s)   OE_SRC_##n,
#define OE_ENUM_PEER(n, s)  OE_PEER_##n,
#define OE_ENUM_MATCH(n, s) OE_MATCH_##n,
#define OE_ENUM_NAT(n, s)   OE_NAT_##n,
#define OE_ENUM_ADDR(n, s)  OE_ADDR_##n,
#define OE_ENUM_PART(n, s)  OE_PART_##n,
#define OE_ENUM_REV(n, s)   OE_REVERSE_##n,
#define OE_ENUM_FWD(n, s)   OE_FORWARD_##n,
#define OE_ENUM_CMP(n, s)   OE_CMP_##n,
#define OE_ENUM_WAY(n, s)   OE_WAY_##n,
#define OE_ENUM_FAIL(n, s)  OE_FAIL_##n,
#define OE_ENUM_OUT(n, s)   OE_OUT_##n,
enum oe_class { OE_CLASSES(OE_ENUM_CLASS) OE_CLASS_COUNT };
enum oe_look { OE_LOOKS(OE_ENUM_LOOK) OE_LOOK_COUNT };
enum oe_security { OE_SECURITIES(OE_ENUM_SEC) OE_SEC_COUNT };
enum oe_found { OE_FOUNDS(OE_ENUM_FOUND) OE_FOUND_COUNT };
enum oe_hop_now { OE_HOPS(OE_ENUM_GW) OE_GW_COUNT };
enum oe_last { OE_LASTS(OE_ENUM_LAST) OE_LAST_COUNT };
enum oe_key_state { OE_KEYS(OE_ENUM_KEY) OE_KS_COUNT };
enum oe_unsigned { OE_UNSIGNEDS(OE_ENUM_UNS) OE_UNSIGNED_COUNT };
enum oe_untold { OE_UNTOLDS(OE_ENUM_UNT) OE_UNTOLD_COUNT };
enum oe_spoil { OE_SPOILS(OE_ENUM_SPOIL) OE_SPOIL_COUNT };
enum oe_open { OE_OPENS(OE_ENUM_OPEN) OE_OPEN_COUNT };
enum oe_id { OE_IDS(OE_ENUM_ID) OE_ID_COUNT };
enum oe_signature { OE_SIGNATURES(OE_ENUM_SIG) OE_SIG_COUNT };
enum oe_source { OE_SOURCES(OE_ENUM_SRC) OE_SRC_COUNT };
enum oe_peer { OE_PEERS(OE_ENUM_PEER) OE_PEER_COUNT };
enum oe_match { OE_MATCHES(OE_ENUM_MATCH) OE_MATCH_COUNT };
enum oe_nat { OE_NATS(OE_ENUM_NAT) OE_NAT_COUNT };
enum oe_address { OE_ADDRESSES(OE_ENUM_ADDR) OE_ADDR_COUNT };
enum oe_part { OE_PARTS(OE_ENUM_PART) OE_PART_COUNT };
enum oe_reverse { OE_REVERSES(OE_ENUM_REV) OE_REVERSE_COUNT };
enum oe_forward { OE_FORWARDS(OE_ENUM_FWD) OE_FORWARD_COUNT };
enum oe_compare { OE_COMPARES(OE_ENUM_CMP) OE_CMP_COUNT };
enum oe_way { OE_WAYS(OE_ENUM_WAY) OE_WAY_COUNT };
enum oe_failure { OE_FAILURES(OE_ENUM_FAIL) OE_FAIL_COUNT };
enum oe_outcome { OE_OUTCOMES(OE_ENUM_OUT) OE_OUT_COUNT = OE_OUT_FAIL + OE_FAIL_COUNT };

/* --- axes of the tables -------------------------------------------------------------------------------------------------------- */
enum { OE_AXES = 11 };
enum oe_seek_axis { OE_S_CLASS, OE_S_DIALECT, OE_S_UNSIGNED, OE_S_UNTOLD, OE_S_SPOIL, OE_S_TXT, OE_S_SECURITY, OE_S_FOUND, OE_S_AXES };
enum oe_hop_axis { OE_H_DIALECT, OE_H_UNSIGNED, OE_H_UNTOLD, OE_H_SECURITY, OE_H_GATEWAY, OE_H_LAST, OE_H_KEY, OE_H_AXES };
enum oe_fail_axis { OE_X_DIALECT, OE_X_OPEN, OE_X_FAILURE, OE_X_AXES };
enum oe_auth_axis { OE_A_CLASS, OE_A_UNSIGNED, OE_A_UNTOLD, OE_A_ID, OE_A_KEY, OE_A_SIGNATURE, OE_A_AXES };
enum oe_allow_axis {
    OE_W_PEER, OE_W_CLASS, OE_W_DIALECT, OE_W_UNSIGNED, OE_W_UNTOLD, OE_W_SPOIL, OE_W_SOURCE, OE_W_TXT, OE_W_SECURITY, OE_W_FOUND, OE_W_MATCH, OE_W_AXES
};
enum oe_nat_axis { OE_N_NAT, OE_N_ADDRESS, OE_N_PART, OE_N_AXES };
enum oe_self_axis { OE_M_PART, OE_M_REVERSE, OE_M_FORWARD, OE_M_AXES };
enum oe_twin_axis { OE_T_DIALECT, OE_T_COMPARE, OE_T_WAY, OE_T_AXES }; /* the second tunnel against the first */

/* How long an outcome holds (RFC 4322 3.2.5): as usual, shorter as the gateway may come back, or as long as DNS says. */
enum oe_life { OE_LIFE_USUAL, OE_LIFE_SHORT, OE_LIFE_TTL };

struct oe_axis {
    const char *name;
    const char *const *values;
    uint8_t count; /* at most 16 */
};

struct oe_rule {
    uint16_t want[OE_AXES]; /* bit set of values for each axis; 0: any */
    uint8_t out;            /* enum oe_outcome, or OE_OUT_FAIL + enum oe_failure */
    uint8_t life;           /* enum oe_life */
    uint16_t clause;        /* enum clause_id */
    uint16_t defect;        /* enum defect_id: the texts leave it open; 0 */
    const char *why;
};

struct oe_table {
    const char *name;
    const struct oe_axis *axes;
    const struct oe_rule *rules;
    uint8_t axis_count;
    uint8_t rule_count;
};

extern const struct oe_table oe_seek, oe_hop, oe_fail;  /* initiator */
extern const struct oe_table oe_auth, oe_allow;         /* responder */
extern const struct oe_table oe_nats, oe_self, oe_twin; /* sections 8; 6.3 and 7.3; 10 */

/* The rule that holds; facts has a value for each axis.  NULL when one of them is out of range, which is a bug of the caller. */
const struct oe_rule *oe_decide(const struct oe_table *t, const uint8_t *facts);
/* "clear" ...; of a failure its own words. "?" when there is none. */
const char *oe_outcome_name(unsigned out);

#endif
