/* SPDX-License-Identifier: MIT */
/* base64: RFC 4648 section 4, both ways.  Reading is strict, as what is lenient there lets two texts mean the
 * same octets; what is wrong is said with its place. */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include "base/buf.h"

enum base64_flaw {
    BASE64_GOOD,
    BASE64_ALPHABET, /* an octet that is neither of the alphabet nor a sign of padding (3.3) */
    BASE64_LENGTH,   /* the digits and the padding are not whole groups of four (4) */
    BASE64_PADDING,  /* a sign of padding with digits behind it, or too many of them (3.2) */
    BASE64_BITS,     /* bits of the last digit that stand for nothing are not zero (3.5) */
    BASE64_BLANK     /* white space that the caller did not allow */
};

struct base64_fault {
    enum base64_flaw flaw;
    size_t at; /* octet of the text; its length when something is missing at the end */
};

/* A few words: "an octet outside the alphabet".  Static, "" for BASE64_GOOD. */
const char *base64_flaw_text(enum base64_flaw f);

/* Octets of the text that n octets make, with padding and without line ends. */
size_t base64_size(size_t n);
/* Adds the text to out.  ERR_LIMIT past out's maximum, ERR_MEM; in both cases nothing was added. */
err base64_encode(slice in, struct buf *out) MUST_CHECK;
/* Adds the octets that the text stands for to out; empty text stands for none.  blanks: SP, HT, CR and LF
 * anywhere are passed over, as content of XML elements may be broken into lines.  ERR_PEER with *f filled in
 * (f may be NULL), ERR_LIMIT, ERR_MEM: nothing was added. */
err base64_decode(slice text, bool blanks, struct buf *out, struct base64_fault *f) MUST_CHECK;

/* What base64_decode_lax passes over, as bits.  It is for whoever has to tell what a strict and a lax reader
 * make of the same text: each flaw that was passed over is told of, with its first place. */
enum {
    BASE64_LAX_BLANKS = 1, /* SP, HT, CR and LF anywhere */
    BASE64_LAX_BITS = 2,   /* bits behind the last octet that are not zero (3.5) */
    BASE64_LAX_PADDING = 4 /* padding that is missing, or part of it, at the end (3.2) */
};
struct base64_passed {
    unsigned lax; /* BASE64_LAX_... of what there was */
    size_t blank, bits,
        end; /* places, where the bit is set: of the first blank, of the last digit, of the end */
};
/* As base64_decode; *p is filled in when the text is taken. */
err base64_decode_lax(slice text, unsigned lax, struct buf *out, struct base64_fault *f,
                      struct base64_passed *p) MUST_CHECK;

#endif
