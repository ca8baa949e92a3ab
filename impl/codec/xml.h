/* SPDX-License-Identifier: MIT */
/* xml: libxml2's push parser as BEEP and its profiles may use it (RFC 3080 6.4): no XML declaration, no document type, no entities but the five and
 * character references; comments and processing instructions are passed over.  Never reads a file or the network.  Limits instead of trust. */
#ifndef CODEC_XML_H
#define CODEC_XML_H

#include "base/buf.h"
#include "base/env.h"
#include "base/err.h"
#include "model/beep.h"

struct xml_attr {
    slice name, value; /* name with its prefix as written ("xml:lang"); value after the references were replaced */
};
struct xml_handler { /* anything but OK stops the parse and comes back from xml_feed */
    err (*open)(void *ctx, slice name, const struct xml_attr *attr, size_t n);
    err (*text)(void *ctx, slice text, bool cdata); /* may come in pieces */
    err (*close)(void *ctx, slice name);
};
struct xml_limits {
    size_t octets;     /* of the document */
    unsigned depth, elements, attributes;
};
extern const struct xml_limits xml_limits_beep; /* 256 KiB: a greeting with forty profiles has 4 KiB; depth 8, 1,024 elements, 16 attributes each */

struct xml;
/* charset: of the MIME header; empty for UTF-8.  ERR_MEM; ERR_PEER when it is not known (BEEP_F_CHARSET). */
err xml_new(const struct env *env, const struct xml_handler *handler, void *ctx, const struct xml_limits *limits, slice charset,
            struct xml **out) MUST_CHECK;
void xml_free(struct xml *x);
/* Octets in any pieces; last: the document ends with them.  ERR_PEER: xml_fault says which (BEEP_F_XML_*) and xml_why why, for people. */
err xml_feed(struct xml *x, slice octets, bool last) MUST_CHECK;
/* A whole document.  OK: it was read, with *fault when it breaks a rule of ours (BEEP_F_XML_*, BEEP_F_CHARSET) and why, for people, then ("" where the fault says it all); what the handler has
 * against it is its own to keep, and no fault.  ERR_MEM and whatever else the handler gave but ERR_PEER. */
err xml_read(const struct env *env, const struct xml_handler *handler, void *ctx, const struct xml_limits *limits, slice charset, slice document,
             enum beep_fault_code *fault, char *why, size_t why_n) MUST_CHECK;
enum beep_fault_code xml_fault(const struct xml *x);
const char *xml_why(const struct xml *x);
/* True when text is UTF-8 that XML 1.0 takes as characters (2.2 there), in whatever form. */
bool xml_takes(slice text);
/* Appends text with & < > ' " replaced. */
err xml_escape(slice text, struct buf *out) MUST_CHECK;

#endif
