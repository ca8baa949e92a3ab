/* SPDX-License-Identifier: MIT */
#include "model/oe_decide.h"

#define NAME(n, s) s,
static const char *const classes[] = {OE_CLASSES(NAME)};
static const char *const looks[] = {OE_LOOKS(NAME)};
static const char *const securities[] = {OE_SECURITIES(NAME)};
static const char *const founds[] = {OE_FOUNDS(NAME)};
static const char *const gateways[] = {OE_HOPS(NAME)};
static const char *const lasts[] = {OE_LASTS(NAME)};
static const char *const keys[] = {OE_KEYS(NAME)};
static const char *const unsigneds[] = {OE_UNSIGNEDS(NAME)};
static const char *const untolds[] = {OE_UNTOLDS(NAME)};
static const char *const spoils[] = {OE_SPOILS(NAME)};
static const char *const opens[] = {OE_OPENS(NAME)};
static const char *const dialects[] = {OE_DIALECTS_(NAME)};
static const char *const ids[] = {OE_IDS(NAME)};
static const char *const signatures[] = {OE_SIGNATURES(NAME)};
static const char *const sources[] = {OE_SOURCES(NAME)};
static const char *const peers[] = {OE_PEERS(NAME)};
static const char *const matches[] = {OE_MATCHES(NAME)};
static const char *const translations[] = {OE_NATS(NAME)};
static const char *const addresses[] = {OE_ADDRESSES(NAME)};
static const char *const parts[] = {OE_PARTS(NAME)};
static const char *const reverses[] = {OE_REVERSES(NAME)};
static const char *const forwards[] = {OE_FORWARDS(NAME)};
static const char *const compares[] = {OE_COMPARES(NAME)};
static const char *const ways[] = {OE_WAYS(NAME)};
static const char *const failures[] = {OE_FAILURES(NAME)};
static const char *const outcomes[] = {OE_OUTCOMES(NAME)};

#define ALL(names) (uint8_t)(sizeof names / sizeof *names)
#define B(v)       (1u << (v))
#define R(o, c, d, w, ...) {.out = OE_OUT_##o, .clause = CL_##c, .defect = DEF_##d, .why = w, .want = {__VA_ARGS__}}
/* A failure, for which FAIL says what becomes of it. */
#define F(f, c, d, w, ...) {.out = OE_OUT_FAIL + OE_FAIL_##f, .clause = CL_##c, .defect = DEF_##d, .why = w, .want = {__VA_ARGS__}}
#define ANY                [0] = 0
#define OE_TABLE(title, n) {.name = title, .axes = n##_axes, .rules = n##_rules, .axis_count = ALL(n##_axes), .rule_count = ALL(n##_rules)}

/* clang-format off */
static const struct oe_axis seek_axes[OE_S_AXES] = {
    [OE_S_CLASS] = {"class", classes, ALL(classes)},
    [OE_S_DIALECT] = {"dialect", dialects, ALL(dialects)},
    [OE_S_UNSIGNED] = {"unsigned", unsigneds, ALL(unsigneds)},
    [OE_S_UNTOLD] = {"indeterminate", untolds, ALL(untolds)},
    [OE_S_SPOIL] = {"bad beside good", spoils, ALL(spoils)},
    [OE_S_TXT] = {"TXT", looks, ALL(looks)},
    [OE_S_SECURITY] = {"DNSSEC", securities, ALL(securities)},
    [OE_S_FOUND] = {"records", founds, ALL(founds)},
};
#define CLASS(v)  [OE_S_CLASS] = B(OE_CLASS_##v)
#define TXT(v)    [OE_S_TXT] = B(OE_LOOK_##v)
#define SEC(v)    [OE_S_SECURITY] = B(OE_SEC_##v)
#define FOUND(v)  [OE_S_FOUND] = B(OE_FOUND_##v)
#define IN(v)     [OE_S_DIALECT] = B(OE_##v)
#define UNPROVED  [OE_S_SECURITY] = B(OE_SEC_INSECURE) | B(OE_SEC_INDETERMINATE)
static const struct oe_rule seek_rules[] = {
    R(DROP,        OE_1_1_1,         NONE,   "the class of the destination is deny",               CLASS(DENY)),
    R(CLEAR,       OE_1_1_1,         NONE,   "the class of the destination is clear text",         CLASS(CLEAR)),
    R(CONFIGURED,  OE_1_1_4,         NONE,   "a tunnel is configured for the destination",         CLASS(CONFIGURED)),
    R(ASK_TXT,     OE_4_2_3,         NONE,   "the destination was not asked for",                  TXT(UNASKED)),
    R(WAIT,        OE_6_4_4,         NONE,   "the answer is still to come",                        TXT(PENDING)),
    R(ASK_TXT_TCP, OE_7_2_1_3,       NONE,   "the answer did not fit into UDP",                    TXT(TRUNCATED)),
    F(SILENCE,     OE_11_1_1,        NONE,   "DNS does not answer",                                TXT(TIMEOUT)),
    F(SERVER,      OE_11_1_1,        OE_D23, "DNS answers that it cannot",                         TXT(SERVFAIL)),
    F(ANSWER,      OE_11_1_1,        OE_D23, "the answer cannot be read",                          TXT(UNREADABLE)),
    F(BOGUS,       OE_7_2_4,         OE_D23, "the answer is forged or broken",                     SEC(BOGUS), IN(DRAFT)),
    F(BOGUS,       OERFC_3_2_4_3,    NONE,   "the answer is forged or broken",                     SEC(BOGUS)),
    F(BOGUS,       OE_7_2_4,         OE_D38, "nothing can be told of the answer, which counts as forged",
      SEC(INDETERMINATE), [OE_S_UNTOLD] = B(OE_UNTOLD_BOGUS)),
    F(NO_RECORD,   OE_1_1_2,         OE_D39, "the reverse map has no TXT for the destination",
      [OE_S_TXT] = B(OE_LOOK_NXDOMAIN) | B(OE_LOOK_NODATA)),
    F(NO_RECORD,   OE_7_2_8,         OE_D39, "all TXT of the destination is for something else",   TXT(FOREIGN)),
    F(UNSIGNED,    OE_7_2_4,         NONE,   "the records are not signed, and count only when they are",
      UNPROVED, [OE_S_UNSIGNED] = B(OE_UNSIGNED_IGNORE)),
    F(MALFORMED,   OE_4_2_4,         OE_D23, "the record is malformed",                            FOUND(BAD), IN(DRAFT)),
    F(MALFORMED,   OERFC_3_2_4_2,    NONE,   "the record is malformed",                            FOUND(BAD)),
    F(MALFORMED,   OE_7_2_23,        OE_D28, "one of the records is malformed, which counts for all",
      FOUND(MIXED), [OE_S_SPOIL] = B(OE_SPOIL_YES)),
    F(NO_GATEWAY,  OE_7_2_24,        OE_D14, "the records name gateways without address",          FOUND(NAMES)),
    R(PICK,        OE_4_3_1,         NONE,   "there are records of gateways",                      ANY),
};
#undef CLASS
#undef TXT
#undef SEC
#undef FOUND
#undef IN
#undef UNPROVED

static const struct oe_axis hop_axes[OE_H_AXES] = {
    [OE_H_DIALECT] = {"dialect", dialects, ALL(dialects)},
    [OE_H_UNSIGNED] = {"unsigned", unsigneds, ALL(unsigneds)},
    [OE_H_UNTOLD] = {"indeterminate", untolds, ALL(untolds)},
    [OE_H_SECURITY] = {"DNSSEC", securities, ALL(securities)},
    [OE_H_GATEWAY] = {"gateway", gateways, ALL(gateways)},
    [OE_H_LAST] = {"last", lasts, ALL(lasts)},
    [OE_H_KEY] = {"KEY", keys, ALL(keys)},
};
#define GW(v)    [OE_H_GATEWAY] = B(OE_GW_##v)
#define LAST(v)  GW(NONE_LEFT), [OE_H_LAST] = B(OE_LAST_##v)
#define KEY(v)   [OE_H_KEY] = B(OE_KS_##v)
#define IN(v)    [OE_H_DIALECT] = B(OE_##v)
static const struct oe_rule hop_rules[] = {
    F(UNSIGNED,    OERFC_3_2_4_1_1,  OE_D38, "records that are not signed may only name the destination itself",
      LAST(PASSED), [OE_H_UNSIGNED] = B(OE_UNSIGNED_OWN), [OE_H_SECURITY] = B(OE_SEC_INSECURE) | B(OE_SEC_INDETERMINATE)),
    F(NO_GATEWAY,  OE_4_3_1,         OE_D45, "the records name nobody but ourselves",              LAST(PASSED)),
    F(NO_KEY,      OERFC_3_2_4_6,    OE_D13, "no gateway has a key",                               LAST(NO_KEY)),
    F(MALFORMED,   OERFC_3_2_4_6,    OE_D13, "the key of the last gateway is malformed",           LAST(BAD_KEY)),
    F(BOGUS,       OERFC_3_2_4_6,    OE_D13, "the key of the last gateway is forged or broken",    LAST(BOGUS_KEY)),
    F(SILENT,      OE_11_2_4,        OE_D44, "no gateway answers",                                 LAST(SILENT)),
    F(REFUSED,     OE_11_2_4,        OE_D44, "no gateway wants to",                                LAST(REFUSED)),
    F(SIGNATURE,   OE_7_2_17,        OE_D44, "none of the keys made the signature",                LAST(SIGNATURE)),
    R(NEXT,        OE_4_3_1,         OE_D45, "the record names ourselves",                         GW(OURSELVES)),
    R(NEXT,        OERFC_3_2_4_1_1,  OE_D38, "a record that is not signed may only name the destination itself", GW(OTHER),
      [OE_H_UNSIGNED] = B(OE_UNSIGNED_OWN), [OE_H_SECURITY] = B(OE_SEC_INSECURE) | B(OE_SEC_INDETERMINATE)),
    R(ENCRYPT,     OE_4_2_1,         NONE,   "the record has gateway and key",                     KEY(IN_TXT)),
    R(ASK_KEY,     OE_7_2_6,         OE_D13, "the record has no key",                              KEY(UNASKED), IN(DRAFT)),
    R(ASK_KEY,     OERFC_2_3_2_1,    NONE,   "the record has no key",                              KEY(UNASKED)),
    R(WAIT,        OE_6_4_4,         NONE,   "the key is still to come",                           KEY(PENDING)),
    R(ASK_KEY_TCP, OE_7_2_1_3,       NONE,   "the key did not fit into UDP",                       KEY(TRUNCATED)),
    R(NEXT,        OERFC_3_2_4_6,    OE_D13, "DNS has no answer about the key",                    KEY(FAILED)),
    R(NEXT,        OERFC_3_2_4_6,    OE_D13, "the gateway has no key",                             KEY(NONE)),
    R(NEXT,        OE_7_1_2,         NONE,   "the key is malformed",                               KEY(BAD)),
    R(NEXT,        OERFC_3_2_4_6,    OE_D13, "the key is forged or broken",                        KEY(BOGUS)),
    R(NEXT,        OE_7_2_4,         OE_D38, "nothing can be told of the key, which counts as forged", KEY(INDETERMINATE),
      [OE_H_UNTOLD] = B(OE_UNTOLD_BOGUS)),
    R(NEXT,        OE_7_2_4,         NONE,   "the key is not signed, and counts only when it is",
      [OE_H_KEY] = B(OE_KS_INSECURE) | B(OE_KS_INDETERMINATE), [OE_H_UNSIGNED] = B(OE_UNSIGNED_IGNORE)),
    R(ENCRYPT,     OERFC_5_2_2,      OE_D13, "the record has the gateway, its KEY the key",        ANY),
};
#undef GW
#undef LAST
#undef KEY
#undef IN

static const struct oe_axis fail_axes[OE_X_AXES] = {
    [OE_X_DIALECT] = {"dialect", dialects, ALL(dialects)},
    [OE_X_OPEN] = {"fails", opens, ALL(opens)},
    [OE_X_FAILURE] = {"failure", failures, ALL(failures)},
};
#define AT(v)     [OE_X_FAILURE] = B(OE_FAIL_##v)
#define OPEN      [OE_X_OPEN] = B(OE_OPEN_YES)
#define IN(v)     [OE_X_DIALECT] = B(OE_##v)
#define BROKEN    [OE_X_FAILURE] = B(OE_FAIL_MALFORMED) | B(OE_FAIL_BOGUS)
#define L(o, l, c, d, w, ...) {.out = OE_OUT_##o, .life = OE_LIFE_##l, .clause = CL_##c, .defect = DEF_##d, .why = w, .want = {__VA_ARGS__}}
static const struct oe_rule fail_rules[] = {
    /* RFC 4322: what is broken on the way may be an attack, and does not open the way to clear text */
    L(DROP,  TTL,   OERFC_3_2_4_2, NONE,   "a malformed record never leads to clear text",     AT(MALFORMED), IN(RFC)),
    L(DROP,  TTL,   OERFC_3_2_4_3, NONE,   "what DNSSEC refutes never leads to clear text",    AT(BOGUS), IN(RFC)),
    L(CLEAR, TTL,   OE_11_1_1,     OE_D23, "the policy fails open, for broken answers too",    BROKEN, OPEN),
    L(DROP,  TTL,   OE_11_1_1,     OE_D23, "the policy fails closed",                          BROKEN),
    L(CLEAR, SHORT, OE_11_1_1,     NONE,   "the policy fails open while DNS is away",          OPEN,
      [OE_X_FAILURE] = B(OE_FAIL_SILENCE) | B(OE_FAIL_SERVER) | B(OE_FAIL_ANSWER)),
    L(DROP,  SHORT, OE_11_1_1,     NONE,   "the policy fails closed while DNS is away",
      [OE_X_FAILURE] = B(OE_FAIL_SILENCE) | B(OE_FAIL_SERVER) | B(OE_FAIL_ANSWER)),
    L(CLEAR, SHORT, OE_4_1_4,      NONE,   "the policy fails open while the gateway is away",  AT(SILENT), OPEN),
    L(DROP,  SHORT, OE_11_2_4,     NONE,   "the policy fails closed while the gateway is away", AT(SILENT)),
    L(CLEAR, USUAL, OE_11_2_4,     NONE,   "the policy fails open when the gateway refuses",   AT(REFUSED), OPEN),
    L(DROP,  USUAL, OE_11_2_4,     NONE,   "the policy fails closed when the gateway refuses", AT(REFUSED)),
    L(CLEAR, TTL,   OE_1_2_4,      NONE,   "the policy fails open",                            OPEN),
    L(DROP,  TTL,   OE_1_2_4,      NONE,   "the policy fails closed",                          ANY),
};
#undef AT
#undef OPEN
#undef IN
#undef BROKEN

/* An identity can be known by its KEY only, never by TXT, so IN_TXT is left out. */
static const struct oe_axis auth_axes[OE_A_AXES] = {
    [OE_A_CLASS] = {"class", classes, ALL(classes)},
    [OE_A_UNSIGNED] = {"unsigned", unsigneds, ALL(unsigneds)},
    [OE_A_UNTOLD] = {"indeterminate", untolds, ALL(untolds)},
    [OE_A_ID] = {"identity", ids, ALL(ids)},
    [OE_A_KEY] = {"KEY", keys, OE_KS_IN_TXT},
    [OE_A_SIGNATURE] = {"signature", signatures, ALL(signatures)},
};
#define CLASS(v) [OE_A_CLASS] = B(OE_CLASS_##v)
#define ID(v)    [OE_A_ID] = B(OE_ID_##v)
#define KEY(v)   [OE_A_KEY] = B(OE_KS_##v)
#define SIG(v)   [OE_A_SIGNATURE] = B(OE_SIG_##v)
static const struct oe_rule auth_rules[] = {
    R(REFUSE,       OE_1_1_1,      NONE,   "the class of the other end is deny",               CLASS(DENY)),
    R(REFUSE,       OE_1_1_1,      NONE,   "the class of the other end is clear text",         CLASS(CLEAR)),
    R(CONFIGURED,   OE_13_1_2,     NONE,   "the identity is that of a configured tunnel",      CLASS(CONFIGURED)),
    R(REFUSE,       OE_6_4_2,      NONE,   "the identity is neither address nor name",         ID(OTHER)),
    R(ASK_KEY_NAME, OE_7_3_4,      NONE,   "the identity is a name",                           KEY(UNASKED), ID(NAME)),
    R(ASK_KEY,      OE_4_9_1,      OE_D03, "the identity is an address",                       KEY(UNASKED)),
    R(WAIT,         OE_6_4_4,      NONE,   "the key is still to come",                         KEY(PENDING)),
    R(ASK_KEY_TCP,  OE_7_2_1_3,    NONE,   "the key did not fit into UDP",                     KEY(TRUNCATED)),
    R(REFUSE,       OE_4_9_2,      NONE,   "DNS has no answer about the key",                  KEY(FAILED)),
    R(REFUSE,       OE_7_1_1,      OE_D06, "the other end has no key",                         KEY(NONE)),
    R(REFUSE,       OE_7_1_2,      NONE,   "the key is malformed",                             KEY(BAD)),
    R(REFUSE,       OE_4_9_2,      OE_D23, "the key is forged or broken",                      KEY(BOGUS)),
    R(REFUSE,       OE_7_2_4,      OE_D38, "nothing can be told of the key, which counts as forged", KEY(INDETERMINATE),
      [OE_A_UNTOLD] = B(OE_UNTOLD_BOGUS)),
    R(REFUSE,       OE_7_2_4,      NONE,   "the key is not signed, and counts only when it is",
      [OE_A_KEY] = B(OE_KS_INSECURE) | B(OE_KS_INDETERMINATE), [OE_A_UNSIGNED] = B(OE_UNSIGNED_IGNORE)),
    R(CHECK,        OE_7_2_17,     OE_D04, "all keys are candidates for the signature",        SIG(UNCHECKED)),
    R(REFUSE,       OE_4_9_2,      NONE,   "none of the keys made the signature",              SIG(WRONG)),
    R(AUTHENTIC,    OE_4_9_2,      NONE,   "a key of the other end made the signature",        ANY),
};
#undef CLASS
#undef ID
#undef KEY
#undef SIG

static const struct oe_axis allow_axes[OE_W_AXES] = {
    [OE_W_PEER] = {"other end", peers, ALL(peers)},
    [OE_W_CLASS] = {"class", classes, ALL(classes)},
    [OE_W_DIALECT] = {"dialect", dialects, ALL(dialects)},
    [OE_W_UNSIGNED] = {"unsigned", unsigneds, ALL(unsigneds)},
    [OE_W_UNTOLD] = {"indeterminate", untolds, ALL(untolds)},
    [OE_W_SPOIL] = {"bad beside good", spoils, ALL(spoils)},
    [OE_W_SOURCE] = {"source", sources, ALL(sources)},
    [OE_W_TXT] = {"TXT", looks, ALL(looks)},
    [OE_W_SECURITY] = {"DNSSEC", securities, ALL(securities)},
    [OE_W_FOUND] = {"records", founds, ALL(founds)},
    [OE_W_MATCH] = {"match", matches, ALL(matches)},
};
#define SRC(v)    [OE_W_SOURCE] = B(OE_SRC_##v)
#define TXT(v)    [OE_W_TXT] = B(OE_LOOK_##v)
#define FOUND(v)  [OE_W_FOUND] = B(OE_FOUND_##v)
#define MATCH(v)  [OE_W_MATCH] = B(OE_MATCH_##v)
#define UNPROVED  [OE_W_SECURITY] = B(OE_SEC_INSECURE) | B(OE_SEC_INDETERMINATE)
#define CLASS(v)  [OE_W_CLASS] = B(OE_CLASS_##v)
#define IN(v)     [OE_W_DIALECT] = B(OE_##v)
#define KEPT_OUT  [OE_W_CLASS] = B(OE_CLASS_DENY) | B(OE_CLASS_CLEAR)
static const struct oe_rule allow_rules[] = {
    R(REFUSE,      OE_4_9_2,         NONE,   "the other end is not authentic",                    [OE_W_PEER] = B(OE_PEER_STRANGER)),
    R(WAIT,        OE_4_12_2_1,      NONE,   "phase 2 has not said for whom",                     SRC(UNKNOWN)),
    R(REFUSE,      OE_1_1_1,         NONE,   "the class of the host is deny, or clear text",      KEPT_OUT, IN(DRAFT)),
    R(REFUSE,      OERFC_3_3_2_3,    NONE,   "the class of the host is deny, or clear text",      KEPT_OUT),
    R(REFUSE,      OE_13_1_2,        NONE,   "a tunnel is configured for the host",               CLASS(CONFIGURED)),
    R(ACCEPT,      OE_7_3_7,         OE_D15, "the other end acts for itself",                     SRC(SELF)),
    R(ASK_TXT,     OE_4_12_2_1,      OE_D03, "the host was not asked for",                        TXT(UNASKED)),
    R(WAIT,        OE_6_4_4,         NONE,   "the answer is still to come",                       TXT(PENDING)),
    R(ASK_TXT_TCP, OE_7_2_1_3,       NONE,   "the answer did not fit into UDP",                   TXT(TRUNCATED)),
    R(REFUSE,      OE_7_3_6,         OE_D23, "DNS has no answer about the host",
      [OE_W_TXT] = B(OE_LOOK_TIMEOUT) | B(OE_LOOK_SERVFAIL) | B(OE_LOOK_UNREADABLE)),
    R(REFUSE,      OE_7_3_6,         OE_D23, "the answer is forged or broken",                    [OE_W_SECURITY] = B(OE_SEC_BOGUS)),
    R(REFUSE,      OE_7_2_4,         OE_D38, "nothing can be told of the answer, which counts as forged",
      [OE_W_SECURITY] = B(OE_SEC_INDETERMINATE), [OE_W_UNTOLD] = B(OE_UNTOLD_BOGUS)),
    R(REFUSE,      OE_7_3_6,         OE_D39, "the host has no record",
      [OE_W_TXT] = B(OE_LOOK_NXDOMAIN) | B(OE_LOOK_NODATA) | B(OE_LOOK_FOREIGN)),
    R(REFUSE,      OE_7_2_4,         NONE,   "the records are not signed, and count only when they are",
      UNPROVED, [OE_W_UNSIGNED] = B(OE_UNSIGNED_IGNORE)),
    R(REFUSE,      OERFC_3_2_4_1_1,  OE_D38, "records that are not signed may only name the host itself",
      UNPROVED, [OE_W_UNSIGNED] = B(OE_UNSIGNED_OWN)),
    R(REFUSE,      OE_4_2_4,         OE_D23, "the record is malformed",                           FOUND(BAD)),
    R(REFUSE,      OE_7_2_23,        OE_D28, "one of the records is malformed, which counts for all",
      FOUND(MIXED), [OE_W_SPOIL] = B(OE_SPOIL_YES)),
    R(REFUSE,      OE_4_12_3_1,      OE_D24, "no record names the other end",                     MATCH(OTHER_GATEWAY)),
    R(REFUSE,      OE_4_12_3_1,      OE_D24, "the record has another key than the other end",     MATCH(OTHER_KEY)),
    R(ACCEPT,      OE_7_2_6,         OE_D13, "the record names the other end, without key",       MATCH(KEYLESS),
      [OE_W_DIALECT] = B(OE_DRAFT)),
    R(ACCEPT,      OERFC_5_2_2,      NONE,   "the record names the other end, without key",       MATCH(KEYLESS)),
    R(ACCEPT,      OE_4_12_3_1,      OE_D30, "a record has gateway and key of the other end",     ANY),
};
#undef CLASS
#undef IN
#undef KEPT_OUT
#undef SRC
#undef TXT
#undef FOUND
#undef MATCH
#undef UNPROVED

static const struct oe_axis nat_axes[OE_N_AXES] = {
    [OE_N_NAT] = {"translation", translations, ALL(translations)},
    [OE_N_ADDRESS] = {"host", addresses, ALL(addresses)},
    [OE_N_PART] = {"part", parts, ALL(parts)},
};
#define NAT(v)     [OE_N_NAT] = B(OE_NAT_##v)
#define PRIVATE    [OE_N_ADDRESS] = B(OE_ADDR_PRIVATE)
#define RESPOND    [OE_N_PART] = B(OE_PART_RESPOND)
static const struct oe_rule nat_rules[] = {
    R(REFUSE,        OE_8_3_1, NONE, "nobody can address a host behind translation",        NAT(FAR)),
    R(AS_TRANSLATED, OE_8_1_3, NONE, "each host has a public address of its own",           NAT(ONE)),
    R(AS_GATEWAY,    OE_8_1_4, NONE, "to others the hosts are the gateway",                 NAT(MANY)),
    F(SOURCE,        OE_8_1_3, NONE, "a private address has no reverse map for others",     PRIVATE, [OE_N_PART] = B(OE_PART_INITIATE)),
    R(REFUSE,        OE_8_1_3, NONE, "a private address has no reverse map for others",     PRIVATE),
    R(REFUSE,        OE_8_2_1, NONE, "a gateway behind translation cannot be addressed",    NAT(BETWEEN), RESPOND),
    R(AS_HOST,       OE_8_2_2, NONE, "the gateway goes by name, the host by its address",   NAT(BETWEEN)),
    R(AS_HOST,       OE_4_1_3, NONE, "the host has a public address",                       ANY),
};
#undef NAT
#undef PRIVATE
#undef RESPOND

static const struct oe_axis self_axes[OE_M_AXES] = {
    [OE_M_PART] = {"part", parts, ALL(parts)},
    [OE_M_REVERSE] = {"reverse map", reverses, ALL(reverses)},
    [OE_M_FORWARD] = {"forward map", forwards, ALL(forwards)},
};
static const struct oe_rule self_rules[] = {
    R(BY_ADDRESS, OE_6_3_1,    NONE,   "the key is found by address",                    [OE_M_REVERSE] = B(OE_REVERSE_YES)),
    R(BY_ADDRESS, OE_7_2_12,   OE_D06, "the initiator has the key from TXT",             [OE_M_PART] = B(OE_PART_RESPOND)),
    R(BY_NAME,    OE_7_3_3,    NONE,   "the key is found by name",                       [OE_M_FORWARD] = B(OE_FORWARD_YES)),
    R(REFUSE,     OE_7_1_1,    OE_D06, "nobody could find the key",                      ANY),
};

static const struct oe_axis twin_axes[OE_T_AXES] = {
    [OE_T_DIALECT] = {"dialect", dialects, ALL(dialects)},
    [OE_T_COMPARE] = {"second", compares, ALL(compares)},
    [OE_T_WAY] = {"way", ways, ALL(ways)},
};
#define CMP(v)   [OE_T_COMPARE] = B(OE_CMP_##v)
#define WAY(v)   [OE_T_WAY] = B(OE_WAY_##v)
#define IN(v)    [OE_T_DIALECT] = B(OE_##v)
static const struct oe_rule twin_rules[] = {
    R(SECOND, OE_10_6,  NONE,   "the second gateway has the stronger record",  CMP(STRONGER), IN(DRAFT)),
    R(FIRST,  OE_10_6,  NONE,   "the first gateway has the stronger record",   CMP(WEAKER), IN(DRAFT)),
    R(BOTH,   OE_10_9,  OE_D09, "turn and turn about",                         WAY(TURNS)),
    R(SECOND, OE_10_10, OE_D09, "it was heard last",                           WAY(HEARD)),
    R(BOTH,   OE_10_11, OE_D09, "whichever the routes of others prefer",       WAY(ROUTING)),
    R(REFUSE, OE_10_12, OE_D09, "a second tunnel is not made",                 WAY(REFUSE)),
    R(SECOND, OE_10_13, OE_D09, "the second replaces the first",               ANY),
};
#undef CMP
#undef WAY
#undef IN
/* clang-format on */

const struct oe_table oe_seek = OE_TABLE("seek", seek);
const struct oe_table oe_hop = OE_TABLE("hop", hop);
const struct oe_table oe_fail = OE_TABLE("fail", fail);
const struct oe_table oe_auth = OE_TABLE("auth", auth);
const struct oe_table oe_allow = OE_TABLE("allow", allow);
const struct oe_table oe_nats = OE_TABLE("nat", nat);
const struct oe_table oe_self = OE_TABLE("self", self);
const struct oe_table oe_twin = OE_TABLE("twin", twin);

const struct oe_rule *oe_decide(const struct oe_table *t, const uint8_t *facts)
{
    for (size_t a = 0; a < t->axis_count; a++) {
        if (facts[a] >= t->axes[a].count) return NULL;
    }
    for (size_t k = 0; k < t->rule_count; k++) {
        const struct oe_rule *r = &t->rules[k];
        size_t a = 0;
        while (a < t->axis_count && (!r->want[a] || r->want[a] >> facts[a] & 1u))
            a++;
        if (a == t->axis_count) return r;
    }
    return NULL;
}

const char *oe_outcome_name(unsigned out)
{
    if (out < OE_OUT_FAIL) return outcomes[out];
    return out < OE_OUT_COUNT ? failures[out - OE_OUT_FAIL] : "?";
}
