/* SPDX-License-Identifier: MIT */
/* oe_line: the lines between tester and adapter (docs/oe-adapters.md), both ways.  A line is one JSON object, which is jansson's; what it has to hold is said here.
 *
 * Texts are C strings without NUL and without control characters in them; what is read is owned by the struct and lives until its done.  To write, fill in a
 * struct that is zero but for what is said; nothing of it is owned then. */
#ifndef CODEC_OE_LINE_H
#define CODEC_OE_LINE_H

#include "base/buf.h"
#include "base/env.h"
#include "codec/arena.h"
#include "codec/oe_txt.h"
#include "model/oe_decide.h"

enum {
    OE_LINE_MAX = 4 << 20,     /* octets: eight times the longest text of a record that we read */
    OE_LINE_ID_MAX = 128,      /* octets of an id; ours have ten */
    OE_LINE_TEXT_MAX = 1024,   /* ... of a name, an address, a reason */
    OE_LINE_LIST_MAX = 4096    /* entries of a list: no DNS message holds as many keys */
};

/* --- questions ------------------------------------------------------------------------------------------------------------------ */
#define OE_OPS(X)                                                                                            \
    X(RECORD, "record")           /* of a parser; has no member op */                                        \
    X(BEGIN, "begin")                                                                                        \
    X(INITIATE, "initiate")                                                                                  \
    X(REPORT, "report")                                                                                      \
    X(PHASE1, "phase1")                                                                                      \
    X(PHASE2, "phase2")                                                                                      \
    X(ADVANCE, "advance")                                                                                    \
    X(TUNNELS, "tunnels")
/* Classes of destinations as policies of adapters have them: opportunistic ones are told apart by what becomes of a failure. */
#define OE_LINE_CLASSES(X)                                                                                   \
    X(DENY, "deny")                                                                                          \
    X(CLEAR, "clear")                                                                                        \
    X(CONFIGURED, "configured")                                                                              \
    X(PERMISSIVE, "permissive")                                                                              \
    X(PARANOID, "paranoid")
#define OE_LINE_NATS(X) X(NONE, "none") X(ONE, "one") X(MANY, "many") X(BETWEEN, "between")
#define OE_LINE_UNSIGNEDS(X) X(USE, "use") X(OWN, "own") X(IGNORE, "ignore") /* in the order of enum oe_unsigned */
#define OE_LINE_REPORTS(X) X(UP, "up") X(SILENT, "silent") X(REFUSED, "refused") X(SIGNATURE, "signature")

#define OE_ENUM_OP(n, s)  OE_OP_##n,
#define OE_ENUM_LC(n, s)  OE_LINE_##n,
#define OE_ENUM_LN(n, s)  OE_LINE_NAT_##n,
#define OE_ENUM_REP(n, s) OE_LINE_REPORT_##n,
enum oe_line_op { OE_OPS(OE_ENUM_OP) OE_OP_COUNT };
enum oe_line_class { OE_LINE_CLASSES(OE_ENUM_LC) OE_LINE_CLASS_COUNT };
enum oe_line_nat { OE_LINE_NATS(OE_ENUM_LN) OE_LINE_NAT_COUNT };
enum oe_line_report { OE_LINE_REPORTS(OE_ENUM_REP) OE_LINE_REPORT_COUNT };
/* The words of the lines; each ends with NULL behind its last. */
extern const char *const oe_line_op_names[OE_OP_COUNT + 1], *const oe_line_class_names[OE_LINE_CLASS_COUNT + 1];
extern const char *const oe_line_nat_names[OE_LINE_NAT_COUNT + 1], *const oe_line_unsigned_names[OE_UNSIGNED_COUNT + 1];
extern const char *const oe_line_report_names[OE_LINE_REPORT_COUNT + 1], *const oe_line_id_names[OE_ID_COUNT + 1]; /* "ipv4", "ipv6", "fqdn", "other" */

struct oe_line_class_of {
    const char *who; /* an address, or a name */
    enum oe_line_class is;
};
struct oe_line_public {
    const char *inside, *outside; /* addresses */
};
struct oe_line_policy {
    enum oe_line_class is; /* of all destinations; permissive when a line does not say */
    struct oe_line_class_of *classes;
    size_t class_count;
    const char **self;
    size_t self_count;
    const char *name;      /* "": none */
    enum oe_unsigned unsigned_;
    enum oe_line_nat nat;
    struct oe_line_public *publics;
    size_t public_count;
    uint32_t timeout_ms;   /* 1 to 600,000; 2,000 when a line does not say */
};

struct oe_line_ask {
    const char *id;
    enum oe_line_op op;
    /* record */
    uint16_t type;     /* OE_RR_TXT, OE_RR_KEY */
    bool master;       /* text is what stands in a master file; otherwise rdata */
    slice rdata, text;
    /* begin */
    enum oe_dialect dialect;
    const char *dns;   /* "127.0.0.1:5301", or a name of the carrier; "": none told */
    struct oe_line_policy policy;
    /* initiate: source, destination; report: destination, gateway, outcome; phase2: source; addresses */
    const char *source, *destination, *gateway;
    enum oe_line_report outcome;
    /* phase1 */
    const char *from;           /* "": not told */
    enum oe_id identity_type;
    const char *identity;
    struct oe_rsa signed_by;    /* modulus empty: no signature that verifies with any key */
    /* phase2: the id of its phase1 */
    const char *phase1;
    /* advance: milliseconds */
    uint64_t ms;
    struct arena own;           /* of the reader */
};

/* --- answers -------------------------------------------------------------------------------------------------------------------- */
/* By member: status is one of the first, the others have a member of their own. */
#define OE_SAYS(X)                                                                                           \
    X(OK, "ok")                   /* a record: precedence, gateway, key */                                   \
    X(IGNORE, "ignore")                                                                                      \
    X(MALFORMED, "malformed")                                                                                \
    X(READY, "ready")                                                                                        \
    X(UNSUPPORTED, "unsupported")                                                                            \
    X(ERROR, "error")             /* the question could not be read, or makes no sense; reason */            \
    X(DECISION, "decision")                                                                                  \
    X(VERDICT, "verdict")                                                                                    \
    X(TUNNELS, "tunnels")
#define OE_LINE_DECISIONS(X) X(ENCRYPT, "encrypt") X(CLEAR, "clear") X(DROP, "drop") X(CONFIGURED, "configured")
#define OE_LINE_VERDICTS(X) X(AUTHENTIC, "authentic") X(ACCEPT, "accept") X(REFUSE, "refuse") X(CONFIGURED, "configured")
#define OE_ENUM_SAYS(n, s) OE_SAYS_##n,
#define OE_ENUM_DEC(n, s)  OE_LINE_DECISION_##n,
#define OE_ENUM_VER(n, s)  OE_LINE_VERDICT_##n,
enum oe_line_says { OE_SAYS(OE_ENUM_SAYS) OE_SAYS_COUNT };
enum oe_line_decision { OE_LINE_DECISIONS(OE_ENUM_DEC) OE_LINE_DECISION_COUNT };
enum oe_line_verdict { OE_LINE_VERDICTS(OE_ENUM_VER) OE_LINE_VERDICT_COUNT };
extern const char *const oe_line_says_names[OE_SAYS_COUNT + 1], *const oe_line_decision_names[OE_LINE_DECISION_COUNT + 1];
extern const char *const oe_line_verdict_names[OE_LINE_VERDICT_COUNT + 1], *const oe_line_gateway_names[OE_GATEWAYS + 1]; /* "none", "ipv4", "ipv6", "fqdn" */

struct oe_line_tunnel {
    const char *destination, *gateway;
};
struct oe_line_reply {
    const char *id;     /* "": a line whose id could not be read was answered */
    enum oe_line_says says;
    const char *reason; /* "": none */
    /* OK.  A KEY record has the key alone: gateway_type OE_NO_GATEWAY */
    bool precedence_given;
    uint32_t precedence;         /* as it was written: up to 2^32 - 1, so that an adapter's mistake can be told */
    enum oe_gateway gateway_type;
    const char *gateway;         /* an address, a name without @ */
    struct oe_rsa key;           /* modulus empty: null */
    /* DECISION, VERDICT */
    enum oe_line_decision decision;
    enum oe_line_verdict verdict;
    const char *decided_gateway; /* with encrypt; "" otherwise */
    const char *source;          /* "": not told */
    struct oe_rsa *keys;
    size_t key_count;
    /* TUNNELS */
    struct oe_line_tunnel *tunnels;
    size_t tunnel_count;
    struct arena own;            /* of the reader */
};

/* --- both ways -------------------------------------------------------------------------------------------------------------------- */
struct oe_line_fault {
    char id[OE_LINE_ID_MAX + 1]; /* of the line, "" when that could not be read */
    char why[160];               /* "policy.class is none of deny, clear, configured, permissive, paranoid" */
};

/* Reads one line, without its LF.  OK; ERR_PEER: *f says why it is none; ERR_MEM.  done after any result. */
err oe_line_ask_read(const struct env *env, slice line, struct oe_line_ask *a, struct oe_line_fault *f) MUST_CHECK;
void oe_line_ask_done(struct oe_line_ask *a);
err oe_line_reply_read(const struct env *env, slice line, struct oe_line_reply *r, struct oe_line_fault *f) MUST_CHECK;
void oe_line_reply_done(struct oe_line_reply *r);
/* Append one line with its LF.  ERR_USE: something that belongs to it is missing, or no line can hold it (text that is no UTF-8); ERR_LIMIT, ERR_MEM.  Nothing was
 * added then. */
err oe_line_ask_write(const struct oe_line_ask *a, struct buf *out) MUST_CHECK;
err oe_line_reply_write(const struct oe_line_reply *r, struct buf *out) MUST_CHECK;

/* Cuts a stream into lines. */
struct oe_lines {
    struct buf held;
    bool given;   /* held is the line of the last call */
    bool skipping;
};
void oe_lines_init(struct oe_lines *c, const struct mem *mem);
void oe_lines_done(struct oe_lines *c);
/* Takes from *octets (which is advanced) until there is a line that is not blank.  OK: *line, without CR and LF, valid until the next call or the end of *octets.
 * ERR_MORE: all were taken.  ERR_LIMIT: a line is longer than OE_LINE_MAX; told once, and the rest of it is passed over.  ERR_MEM: so is what was held of a line. */
err oe_lines_next(struct oe_lines *c, slice *octets, slice *line) MUST_CHECK;

#endif
