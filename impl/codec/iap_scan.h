/* SPDX-License-Identifier: MIT */
/* iap_scan: the inside of the reader of iap_msg: lines, words and notes.  For impl/codec/iap_*.c only. */
#ifndef CODEC_IAP_SCAN_H
#define CODEC_IAP_SCAN_H

#include "codec/iap_msg.h"

/* One message being read.  at is where the next line begins. */
struct iap_scan {
    const struct env *env;
    slice in;
    size_t at;
    size_t need;  /* octets below which ERR_MORE stands, 0 when one more may do */
    size_t lines; /* passed so far */
    bool settle;
    struct iap_msg *m; /* NULL: only looking, nothing is noted */
};

struct iap_line {
    slice text; /* without its end */
    size_t at;  /* position of its first octet */
    size_t next;
};

enum iap_prefix { IAP_PREFIX_NONE, IAP_PREFIX_GOOD, IAP_PREFIX_OTHER };

/* What a line is, by its first word behind the prefix. */
enum iap_word {
    IAP_W_OTHER,
    IAP_W_CONNECT,
    IAP_W_STATUS,
    IAP_W_UPGRADE,
    IAP_W_VERSION,
    IAP_W_ROLE,
    IAP_W_VIA,
    IAP_W_TYPE,
    IAP_W_LENGTH,
    IAP_W_CODING
};

void iap_scan_note(struct iap_scan *s, enum iap_fault_code code, size_t at);
/* Notes at where p stands in the octets. */
void iap_scan_note_p(struct iap_scan *s, enum iap_fault_code code, const uint8_t *p);
/* Makes code the first note, the reason why reading stopped, and returns e. */
err iap_scan_stop(struct iap_scan *s, enum iap_fault_code code, size_t at, err e);

/* The line that begins at s->at, or ERR_MORE, or ERR_LIMIT.  Does not pass it. */
err iap_scan_peek(struct iap_scan *s, struct iap_line *l);
/* Passes a line that was peeked, with the checks that every line gets; ERR_LIMIT when the head gets too long.
 */
err iap_scan_pass(struct iap_scan *s, const struct iap_line *l);
/* An empty line.  1: yes and passed, 0: something else stands there, -1: not known yet. */
int iap_scan_end(struct iap_scan *s);

/* Cut blanks off the front of *rest and judge them: exactly one SP is the printed form. */
void iap_scan_blanks(struct iap_scan *s, slice *rest);
/* v without the blanks at its end, which are noted. */
slice iap_scan_tail(struct iap_scan *s, slice v);
/* One word up to a blank; whatever follows is too much. */
slice iap_scan_value(struct iap_scan *s, slice rest);
/* Passes "IAP/x.y" and the blanks behind it. */
enum iap_prefix iap_scan_prefix(struct iap_scan *s, slice *rest);
/* Decides what line this is and passes its word.  A status code has no word of its own: a digit begins it. */
enum iap_word iap_scan_word(struct iap_scan *s, slice *rest);

static inline bool iap_is_blank(uint8_t c)
{
    return c == ' ' || c == '\t';
}

/* The content behind its first line; iap_content.c. */
err iap_scan_content(struct iap_scan *s);
/* One header line of a content: *rest is the line behind prefix and word. */
err iap_scan_content_line(struct iap_scan *s, enum iap_word w, slice rest, size_t line_at);

#endif
