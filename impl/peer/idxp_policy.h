/* SPDX-License-Identifier: MIT */
/* idxp_policy: who may be what on an IDXP channel, from the text of a small file.  The first rule that fits decides; where none does the greeting is rejected.
 *
 *   # who    conditions, all of which have to hold                                            what the rule says of such a peer
 *   allow    uri=https://sensors.example.org/s* subject="CN=sensor-*,O=Example" role=client    kind=analyzer
 *   allow    uri=https://m2.example.org/idxp identity=m2 tls=yes                              kind=manager
 *   deny     uri=https://old.example.org/o* code=550 text="was taken out of service"
 *   allow    uri=* role=client stream=heartbeat
 *
 * One rule a line; words are parted by SP and HT; a word that begins with # ends the line.  A value may stand in double quotes, in which \" and \\ are these two.  Conditions, each at most once:
 *
 *   uri=PATTERN       of the greeting.  Letters as they are: a path may tell them apart
 *   fqdn=PATTERN      of the greeting; letters without case.  A greeting without it has the empty one
 *   subject=LIST      of the peer's certificate: TYPE=PATTERN with commas between (\, for a comma), each of which an attribute of its subject has to fit; letters without case
 *   identity=PATTERN  that SASL proved; ANONYMOUS has the empty one, which only identity="" fits
 *   role=client|server|any
 *   stream=alert|heartbeat|config|none   that the greeting asks for (RFC 4767 4.2)
 *   tls=yes|no        is the session inside TLS?
 *
 * In patterns * is any octets and ? is one, \ takes the next one as it is; outside of double quotes a backslash is itself as well.  kind=analyzer|manager is no condition: it is what we
 * know of such a peer, since no greeting tells it (IDXP-D11); analyzers do not talk to analyzers, and none is server (2.1).  code=NNN (one of the thirteen) and text= are for deny, 537 without.
 *
 * Where no rule fits, the code says what was missing (draft 5, RFC 4767 10): 530 when a rule would allow it to who proves an identity and none was shown, 535 when one was and proves another,
 * 537 otherwise. */
#ifndef PEER_IDXP_POLICY_H
#define PEER_IDXP_POLICY_H

#include "base/env.h"
#include "base/err.h"
#include "model/idxp.h"

enum {
    IDXP_POLICY_FILE_MAX = 1 << 20, /* octets: 10,000 rules of a hundred */
    IDXP_POLICY_RULES_MAX = 10000   /* a rule for every sensor of a large installation */
};
enum idxp_peer_kind { IDXP_KIND_UNKNOWN, IDXP_KIND_ANALYZER, IDXP_KIND_MANAGER };
extern const char *const idxp_peer_kind_names[3]; /* "", "analyzer", "manager" */

/* What is known of the other side of a channel when it greets.  Strings are borrowed. */
struct idxp_who {
    slice uri, fqdn;
    enum idxp_role role;
    enum idxp_stream stream;
    bool secured;           /* inside TLS */
    const char *suite;      /* its cipher suite, "" without TLS */
    bool cert;              /* it showed a certificate, which was taken */
    const char *subject;    /* RFC 4514 text of it, "" without */
    bool authenticated;     /* SASL came to its end */
    const char *mechanism;  /* "" without */
    const char *identity;   /* "" for ANONYMOUS and without */
};
struct idxp_decision {
    uint16_t code;          /* 0: allowed */
    enum idxp_peer_kind kind;
    size_t line;            /* of the rule, from 1; 0: none fits */
    const char *text;       /* for an error element; lives as long as the policy */
};

struct idxp_policy;

/* text: the octets of a file; name: what faults call it.  On failure *out is NULL and why (why_n octets, may be NULL) holds "NAME:LINE: what is wrong".  ERR_PEER for a file that does not fit, ERR_LIMIT,
 * ERR_MEM.  A file without rules refuses everybody. */
err idxp_policy_parse(const struct env *env, slice text, const char *name, struct idxp_policy **out, char *why, size_t why_n) MUST_CHECK;
/* The same from a file; ERR_SYS when it cannot be read. */
err idxp_policy_read(const struct env *env, const char *path, struct idxp_policy **out, char *why, size_t why_n) MUST_CHECK;
/* NULL is allowed. */
void idxp_policy_free(struct idxp_policy *p);
size_t idxp_policy_count(const struct idxp_policy *p);

/* policy may be NULL: everybody is allowed, and of unknown kind. */
void idxp_policy_judge(const struct idxp_policy *p, const struct idxp_who *w, struct idxp_decision *d);

/* The list of patterns of slice_glob against a subject in RFC 4514 text. */
bool idxp_policy_subject(slice list, slice subject);

#endif
