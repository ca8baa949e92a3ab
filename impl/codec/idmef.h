/* SPDX-License-Identifier: MIT */
/* idmef: is this an IDMEF message (RFC 4765)?  Well-formedness by libxml2's push parser, validity by the declarations of section 8, which are compiled in in our own wording.  Nothing is loaded from
 * file or network, no entity is replaced but the five and character references, and no octet of the message is kept: memory does not grow with it.
 *
 * Namespaces.  Section 8 declares its names without a prefix while every example of section 7 writes `idmef:`, so that by the letter of XML 1.0 no example is valid.  Here names are compared by
 * namespace and local name:
 *   - an element belongs to IDMEF when its namespace is http://iana.org/idmef, whatever the prefix (another one than `idmef` or none is noted: PREFIX);
 *   - so does one without a prefix where no default namespace is declared, and one with the undeclared prefix `idmef`: the defaults of section 8 declare both (noted: NO_NAMESPACE);
 *   - attributes of IDMEF elements have no prefix.  xmlns and xmlns:idmef must have the fixed value where they stand;
 *   - declarations of other prefixes, and attributes with such a prefix, are an extension (5.2, 7.8): noted, and not judged;
 *   - an element of another namespace may stand within xmltext, which is the place for extensions (8; the `xml` of 5.2 and 7.8 is not declared): it and all in it are noted and not judged.  Anywhere
 *     else it is a fault (FOREIGN).
 * xml:space, xml:lang and xmlns may stand on every element, on Classification and Reference against the letter (noted: GLOBAL, IDMEF-D04). */
#ifndef CODEC_IDMEF_H
#define CODEC_IDMEF_H

#include "base/env.h"
#include "base/err.h"
#include "model/idmef_faults.h"

enum idmef_verdict {
    IDMEF_OK,
    IDMEF_ILL,      /* not well-formed: IDXP answers 500 */
    IDMEF_INVALID,  /* not valid: 501 */
    IDMEF_TOO_MUCH, /* a limit, a document type with declarations, a character set not known here: 554 */
    IDMEF_VERDICTS
};
extern const char *const idmef_verdict_names[IDMEF_VERDICTS]; /* "valid", "not well-formed", "not valid", "limit" */

enum {
    IDMEF_DEPTH_MAX = 64, /* elements in one another: the deepest example has ten; Analyzer and File nest in themselves */
    IDMEF_TOKEN_MAX = 128 * 1024, /* octets of a tag or comment, as far as it came: attributes are short, and long content is text */
    IDMEF_NAMES_MAX = 256 * 1024, /* octets of all different names: those of IDMEF have 2 KiB, the rest is for extensions */
    IDMEF_NOTES = 12
};
struct idmef_limits {
    size_t octets;     /* of the message */
    size_t elements;
    unsigned attributes; /* of one element */
};
extern const struct idmef_limits idmef_limits_default; /* 64 MiB: an alert with packets in it; 1,000,000 elements; 64 attributes: Analyzer has twelve */

/* The declarations, read once.  After idmef_schema_new nothing in it changes: checks on several threads may share it. */
struct idmef_schema;
/* ERR_MEM.  libxml2's memory is its own. */
err idmef_schema_new(const struct env *env, struct idmef_schema **out) MUST_CHECK;
void idmef_schema_free(struct idmef_schema *s);

struct idmef_note {
    enum idmef_fault_code code;
    uint32_t line;        /* from 1, where it was seen first */
    uint32_t count;
};
struct idmef_result {
    enum idmef_verdict verdict;
    enum idmef_fault_code fault; /* of what is not OK */
    uint32_t line;        /* from 1; of what is not OK */
    char why[200];        /* for people, and for an error element: printable ASCII, "" when OK.  Names of the peer are shortened */
    uint64_t octets;
    uint32_t alerts, heartbeats;
    uint32_t note_n;
    struct idmef_note note[IDMEF_NOTES]; /* what was taken and noted, each fault once, in order of the first */
};

/* One message.  limits may be NULL for the default; charset: of the MIME header, empty when there is none (then the mark of byte order or the XML declaration says). */
struct idmef_check;
err idmef_check_new(const struct env *env, const struct idmef_schema *s, const struct idmef_limits *limits, slice charset, struct idmef_check **out) MUST_CHECK;
void idmef_check_free(struct idmef_check *c);
/* Octets in any pieces; last: the message ends with them (octets may be empty).  What comes out does not depend on the pieces.  ERR_PEER: it is decided that the message is not OK, and more octets
 * change nothing; ERR_MEM, and nothing can be said.  Otherwise OK, and with last the verdict stands. */
err idmef_check_feed(struct idmef_check *c, slice octets, bool last) MUST_CHECK;
/* Valid until idmef_check_free; the verdict after last or ERR_PEER. */
const struct idmef_result *idmef_check_result(const struct idmef_check *c);

/* A whole message at once.  OK with the verdict in *out, or ERR_MEM. */
err idmef_validate(const struct env *env, const struct idmef_schema *s, slice message, slice charset, struct idmef_result *out) MUST_CHECK;

/* The declarations as text, ended by NUL (for `draftproof idmef dtd` and for other validators). */
const char *idmef_dtd(void);

#endif
