/* SPDX-License-Identifier: MIT */
/* xml_out: values on their way into a document that is read back to the same octets, in the hand of RFC 3080's examples: single quotes, lines that end in CRLF. */
#ifndef CODEC_XML_OUT_H
#define CODEC_XML_OUT_H

#include "base/buf.h"

/* Appends a blank, the name, and the value in single quotes.  ERR_USE when XML does not take the value; something may have been added then. */
err xml_out_attr(const char *name, slice value, struct buf *out) MUST_CHECK;
/* Ends the start tag of an element with lang (NULL: none) and text inside: " xml:lang='en'>text</name>", or " />" when there is no text. */
err xml_out_tail(const char *name, const slice *lang, slice text, struct buf *out) MUST_CHECK;
/* Appends character data. */
err xml_out_text(slice text, struct buf *out) MUST_CHECK;

/* XML's white space (2.3 there), and text without it at both ends. */
bool xml_is_white(uint8_t c);
bool xml_all_white(slice s);
slice xml_trim(slice s);

#endif
