/* SPDX-License-Identifier: MIT */
/* doc: text in the making, for the reports.  Writes are sticky: after the first that failed the rest do
 * nothing, so a report is straight lines with one check at the end.  Peers' octets pass only through doc_xml,
 * doc_text, doc_json and their kin, never through doc_str. */
#ifndef RUN_DOC_H
#define RUN_DOC_H

#include "base/buf.h"

struct doc {
    struct buf *out;
    err failed;
};

enum { DOC_MAX = 256 << 20 }; /* of one report: no browser and no CI server likes more */

void doc_str(struct doc *d, const char *s);
void doc_add(struct doc *d, slice s);
/* At most 511 octets; for numbers and words of our own. */
void doc_fmt(struct doc *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Valid UTF-8 stays, each wrong octet becomes U+FFFD. */
void doc_utf8(struct doc *d, slice s);
/* The same with <>&"' as entities and characters that XML 1.0 does not take as U+FFFD: for text and for
 * quoted attributes. */
void doc_xml(struct doc *d, slice s);
/* Printable ASCII as it is, the rest as \r \n \t \\ \xHH. */
void doc_text(struct doc *d, slice s);
/* A quoted JSON string, which YAML reads as well. */
void doc_json(struct doc *d, slice s);
/* "00000000  48 65 6c 6c 6f ...  |Hello|" lines, each begun with indent. */
void doc_hex(struct doc *d, slice s, const char *indent);
/* At least nine in ten octets are printable or line ends. */
bool doc_is_text(slice s);
/* Octets of the character that s starts with, 0 when it is no valid UTF-8. */
size_t doc_utf8_len(slice s);

/* Writes the whole to path ("-": standard output).  A regular file is replaced only when the new one is
 * complete; anything else (a pipe, a terminal) is written to as it stands.  Takes d->failed into account.  On
 * failure one line in why. */
err doc_save(const struct doc *d, const char *path, char *why, size_t why_n) MUST_CHECK;

#endif
