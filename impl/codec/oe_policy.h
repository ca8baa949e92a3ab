/* SPDX-License-Identifier: MIT */
/* oe_policy: what a gateway is told of its place: the policy of an adapter's "begin" (docs/oe-adapters.md) and of draftproof oe decide and
 * lookup.  Plain data without memory of its own. */
#ifndef CODEC_OE_POLICY_H
#define CODEC_OE_POLICY_H

#include "base/err.h"
#include "codec/oe_host.h"
#include "model/oe_decide.h"

/* A class as policies are written: what the tables have as class and "fails open". */
#define OE_POLICY_CLASSES(X)                                                                                 \
    X(DENY, "deny", DENY, NO)                                                                                \
    X(CLEAR, "clear", CLEAR, YES)                                                                            \
    X(CONFIGURED, "configured", CONFIGURED, NO)                                                              \
    X(PERMISSIVE, "permissive", OPPORTUNISTIC, YES)                                                          \
    X(PARANOID, "paranoid", OPPORTUNISTIC, NO)
#define OE_ENUM_PC(n, s, class, open) OE_POLICY_##n,
enum oe_policy_class { OE_POLICY_CLASSES(OE_ENUM_PC) OE_POLICY_COUNT };
/* The words of options and JSON members, each ended by NULL, in the order of their enums. */
extern const char *const oe_policy_class_words[];    /* enum oe_policy_class */
extern const char *const oe_policy_unsigned_words[]; /* enum oe_unsigned: use, own, ignore */
extern const char *const oe_policy_untold_words[];   /* enum oe_untold: insecure, bogus */
extern const char *const oe_policy_nat_words[];      /* enum oe_nat without FAR: none, one, many, between */
extern const uint8_t oe_policy_table_class[OE_POLICY_COUNT]; /* enum oe_class */
extern const uint8_t oe_policy_open[OE_POLICY_COUNT];        /* enum oe_open */

enum {
    OE_POLICY_EXCEPTIONS = 64, /* addresses with a class of their own: a policy is written by a person */
    OE_POLICY_SELVES = 32,     /* own addresses */
    OE_POLICY_MAPPED = 64,     /* hosts behind a translation one to one */
    OE_POLICY_TIMEOUT_MS = 5000, /* as usual: one try of a stub resolver and two more */
};

struct oe_policy {
    enum oe_dialect dialect;
    bool tolerant; /* records that only a tolerant reading takes (OE_LOOSE) count too */
    enum oe_policy_class class;
    struct oe_exception {
        struct oe_host host; /* none: by name */
        char name[OE_NAME_TEXT]; /* folded */
        enum oe_policy_class class;
    } exception[OE_POLICY_EXCEPTIONS];
    size_t exceptions;
    struct oe_host self[OE_POLICY_SELVES];
    size_t selves;
    char name[OE_NAME_TEXT]; /* one's own, folded; "": none */
    enum oe_unsigned unsigned_records;
    enum oe_untold untold;
    enum oe_spoil spoil;
    enum oe_nat nat;
    struct oe_mapping {
        struct oe_host inner, outer;
    } mapping[OE_POLICY_MAPPED];
    size_t mappings;
    uint32_t timeout_ms;
};

/* RFC 4322, permissive, insecure records are used, no translation, nobody oneself, OE_POLICY_TIMEOUT_MS. */
void oe_policy_init(struct oe_policy *p);
/* Each takes text as a person or an adapter wrote it.  ERR_USE: it is no such thing; ERR_LIMIT: there are too many. */
err oe_policy_except(struct oe_policy *p, slice address_or_name, enum oe_policy_class class) MUST_CHECK;
err oe_policy_self(struct oe_policy *p, slice address) MUST_CHECK;
err oe_policy_name(struct oe_policy *p, slice name) MUST_CHECK; /* empty: none */
err oe_policy_map(struct oe_policy *p, slice inner, slice outer) MUST_CHECK;

enum oe_policy_class oe_policy_of_host(const struct oe_policy *p, const struct oe_host *h);
enum oe_policy_class oe_policy_of_name(const struct oe_policy *p, slice name);
bool oe_policy_is_self(const struct oe_policy *p, const struct oe_host *h);

#endif
