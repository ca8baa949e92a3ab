/* SPDX-License-Identifier: MIT */
/* beep_mime: the MIME entity that every BEEP message is (RFC 3080 2.2; RFC 2045 3): optional headers, an empty line, the body. */
#ifndef CODEC_BEEP_MIME_H
#define CODEC_BEEP_MIME_H

#include "base/err.h"
#include "codec/parts.h"
#include "model/beep.h"

enum beep_transfer { BEEP_BINARY /* 7bit and 8bit, too */, BEEP_BASE64, BEEP_QUOTED, BEEP_TRANSFER_OTHER };
enum { BEEP_MIME_HEAD_MAX = 8192 /* octets of all header lines: a handful of short ones are usual */ };

struct beep_mime {
    slice type;     /* media type without parameters, blanks within as they stand; "application/octet-stream" when none is given (2.2) */
    bool typed;     /* a Content-Type stands there */
    slice charset;  /* parameter without quotes, empty when there is none */
    enum beep_transfer transfer;
    slice body;     /* as it stands: a transfer encoding is not undone */
    uint32_t fault_at;
};

/* Reads a whole message.  Header names are compared without case, folded lines are joined in judgment (not in place), unknown headers passed over.  A message that
 * begins with CRLF has no headers, and so has an empty one.  ERR_PEER when no empty line ends the headers or a line is no header (BEEP_F_MIME, fault_at); ERR_LIMIT.
 * Slices point into message. */
err beep_mime_read(slice message, struct beep_mime *m) MUST_CHECK;
/* Without case, blanks and comments. */
bool beep_mime_is(const struct beep_mime *m, const char *type);

/* Appends the body with its transfer encoding undone.  ERR_PEER when it is in none that is known, or not in the one that is named; ERR_LIMIT and ERR_MEM of out.
 * Nothing was added unless OK. */
err beep_mime_decode(const struct beep_mime *m, struct buf *out) MUST_CHECK;

/* type "": no headers, the message begins with the empty line.  Pieces: type.{name,sp,value,eol} blank.eol body.value */
err beep_mime_compose(const char *type, slice body, struct parts *out) MUST_CHECK;
/* Appends headers and empty line for a body of that type; nothing else. */
err beep_mime_head(const char *type, struct buf *out) MUST_CHECK;

#endif
