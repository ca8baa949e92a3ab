/* SPDX-License-Identifier: MIT */
/* beep_mgmt: the elements of channel management (RFC 3080 2.3.1, 7.1), TLS (7.2) and SASL (7.3), both ways. */
#ifndef CODEC_BEEP_MGMT_H
#define CODEC_BEEP_MGMT_H

#include "base/buf.h"
#include "base/env.h"
#include "codec/beep_mime.h"

enum beep_element {
    BEEP_EL_NONE, BEEP_EL_GREETING, BEEP_EL_START, BEEP_EL_PROFILE, BEEP_EL_CLOSE, BEEP_EL_OK, BEEP_EL_ERROR,
    BEEP_EL_READY, BEEP_EL_PROCEED, BEEP_EL_BLOB, BEEP_EL_COUNT
};
extern const char *const beep_element_names[BEEP_EL_COUNT]; /* "", "greeting" ... */
enum beep_blob_status { BEEP_BLOB_CONTINUE, BEEP_BLOB_ABORT, BEEP_BLOB_COMPLETE };
enum {
    BEEP_PROFILES_MAX = 256, /* a greeting or start with more is refused: the longest lists seen in use have some forty */
    BEEP_EL_NOTES = 6
};

struct beep_profile_el {
    slice uri;
    bool base64;    /* encoding='base64' */
    slice content;  /* after decoding; empty when there is none */
};
struct beep_el_note {
    enum beep_fault_code code;
    const char *text; /* more than the fault's own words, static; may be NULL */
};

struct beep_el {
    enum beep_element kind;
    struct beep_profile_el *profile; /* greeting, start: all of them; profile: one */
    size_t profiles;
    slice features, localize;        /* greeting; as written */
    bool features_given, localize_given;
    uint32_t number;                 /* start, close */
    bool number_given;
    slice server_name;               /* start */
    bool server_name_given;
    uint16_t code;                   /* close, error */
    slice lang, text;                /* close, error */
    bool lang_given;
    slice version;                   /* ready; "1" by default */
    enum beep_blob_status status;    /* blob */
    slice blob;                      /* decoded */
    uint32_t note_n;
    struct beep_el_note note[BEEP_EL_NOTES]; /* departures; note[0] is the one to answer for */
    const char *why;                 /* of an ERR_PEER, for people: kept in memory */
    struct buf memory;               /* what the slices point into */
};

/* Reads a message of channel management: MIME headers, media type, XML, DTD.
 *   OK        el is filled; notes that need no answer may stand in it
 *   ERR_PEER  note[0].code is what is wrong (its remedy tells 500 from 501), why says it in words; kind is filled as far as it was known
 *   ERR_MEM
 * typed: the message has to be application/beep+xml (7.1).  el must be freed by beep_el_done after any result. */
err beep_mgmt_read(const struct env *env, slice message, struct beep_el *el) MUST_CHECK;
/* Reads one element without MIME headers, as it stands inside a profile element (2.3.1.2); white space around it is passed over.  Nothing but white space: kind NONE. */
err beep_el_read(const struct env *env, slice xml, slice charset, struct beep_el *el) MUST_CHECK;
void beep_el_done(struct beep_el *el);
/* Severest note; SEV_NOTE when there are none. */
enum severity beep_el_severity(const struct beep_el *el);

/* How the initialization content of a profile is written (2.3.1.2): as CDATA as in the examples, escaped, or base64. */
enum beep_style { BEEP_CDATA, BEEP_ESCAPED, BEEP_IN_BASE64 };
/* Appends the element alone.  Only what is given is written: number 0 of a close is left out unless number_given.  A profile with base64 set is written in
 * base64 whatever the style.  ERR_USE when content cannot be written in that style (octets that XML does not take). */
err beep_el_write(const struct beep_el *el, enum beep_style style, struct buf *out) MUST_CHECK;
/* Appends a whole message: headers, empty line, element, CRLF, as the examples of RFC 3080 have it. */
err beep_mgmt_write(const struct beep_el *el, enum beep_style style, struct buf *out) MUST_CHECK;

#endif
