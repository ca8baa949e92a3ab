/* SPDX-License-Identifier: MIT */
/* idxp_msg: the messages of an IDXP channel in both dialects (draft-ietf-idwg-beep-idxp-01 3.3, 3.4, 4; RFC 4767 3.3, 3.4, 4, 9), both ways.  The body of data is not read here: text/xml goes to
 * codec/idmef, the rest is octets. */
#ifndef CODEC_IDXP_MSG_H
#define CODEC_IDXP_MSG_H

#include "base/buf.h"
#include "base/env.h"
#include "codec/beep_mime.h"
#include "model/idxp.h"

enum idxp_kind { IDXP_NOTHING, IDXP_GREETING, IDXP_OK, IDXP_ERROR, IDXP_XML, IDXP_TEXT, IDXP_BINARY, IDXP_KINDS };
extern const char *const idxp_kind_names[IDXP_KINDS]; /* "", "greeting", "ok", "error", "idmef", "text", "binary" */
enum {
    IDXP_OPTIONS_MAX = 16,          /* a greeting with more is refused: two are registered */
    IDXP_NOTES = 8,
    IDXP_ELEMENT_MAX = 64 * 1024,   /* octets of a greeting or a reply: a few hundred are usual, options hold anything */
    IDXP_SNIFF_MAX = 4096           /* octets of white space, comments and declarations in front of the first element: one line is usual */
};

/* --- what kind of message begins here ------------------------------------------------------------------------------------- */
struct idxp_head {
    enum idxp_kind kind;   /* GREETING stands for every element but IDMEF-Message: collect it and call idxp_msg_read.  XML, TEXT, BINARY: data */
    struct beep_mime mime; /* body: what of it is there */
    size_t body_at;        /* octets in front of the body */
    bool known_type;       /* text/xml (application/xml and application/beep+xml are taken for it), text/plain or application/octet-stream, given or by default */
    bool sniffed;          /* no Content-Type, but the body begins like an element of IDXP (IDXP-D15); kind says what was found */
    bool encoded;          /* in a Content-Transfer-Encoding: base64 or quoted-printable.  Data is then to be decoded with beep_mime_decode, and XML is GREETING whatever it holds */
};
/* Looks at the first octets of a message; last: there are no more.  ERR_MORE: too few to tell.  ERR_PEER: the headers cannot be read.  ERR_LIMIT.  Slices point into begin.
 * The octets do not have to be kept: when OK was said once, the kind is settled. */
err idxp_head_read(slice begin, bool last, struct idxp_head *h) MUST_CHECK;

/* --- messages -------------------------------------------------------------------------------------------------------------- */
enum idxp_option_kind { IDXP_OPTION_UNKNOWN, IDXP_OPTION_PRIORITY, IDXP_OPTION_STREAM };
struct idxp_option {
    enum idxp_option_kind kind; /* by internal: channelPriority, streamType */
    slice internal, external, localize;
    bool internal_given, external_given, localize_given;
    bool must_understand, must_understand_given;
    uint32_t priority;
    enum idxp_stream stream;
    slice content;              /* writing: of an unknown option, XML as it is; reading: empty */
};
struct idxp_note {
    enum idxp_fault_code code;
    const char *text; /* more than the fault's own words, static; may be NULL */
};
struct idxp_msg {
    enum idxp_kind kind;
    /* greeting */
    slice uri, fqdn, ip, text;  /* text: of a greeting (draft) or an error */
    bool uri_given, fqdn_given, ip_given;
    enum idxp_role role;
    struct idxp_option option[IDXP_OPTIONS_MAX];
    size_t options;
    /* error */
    uint16_t code;
    slice lang;
    bool lang_given;
    /* data */
    struct idxp_head head;      /* of idxp_msg_read; head.mime.body is the data, and points into the message */
    uint32_t note_n;
    struct idxp_note note[IDXP_NOTES]; /* departures; note[0] is the one to answer for */
    const char *why;            /* of an ERR_PEER, for people: a sentence for an error element; in memory */
    struct buf memory;          /* what the slices of elements point into */
};

/* Reads a whole message: headers, media type, and of elements XML and the rules of the dialect.
 *   OK        m is filled; notes that need no answer may stand in it.  Data is OK whatever is in it.
 *   ERR_PEER  idxp_msg_reply says with which code to answer a MSG, why in words; kind is filled as far as it was known
 *   ERR_MEM
 * An Option that has to be understood and is unknown is an ERR_PEER (OPTION_UNKNOWN, 504).  m must be freed by idxp_msg_done after any result. */
err idxp_msg_read(const struct env *env, enum idxp_dialect dialect, slice message, struct idxp_msg *m) MUST_CHECK;
/* One element without headers, as it stands in a profile element behind CDATA, references or base64 (those were undone by beep_mgmt_read).  White space around it is passed over and noted
 * (IDXP-D12).  Nothing but white space: kind NOTHING. */
err idxp_el_read(const struct env *env, enum idxp_dialect dialect, slice xml, struct idxp_msg *m) MUST_CHECK;
void idxp_msg_done(struct idxp_msg *m);
/* The code of the first note that asks for one; 0 when none does. */
unsigned idxp_msg_reply(const struct idxp_msg *m);
/* Severest note; SEV_NOTE when there are none. */
enum severity idxp_msg_severity(const struct idxp_msg *m);
bool idxp_msg_noted(const struct idxp_msg *m, enum idxp_fault_code code);

/* Appends greeting, ok or error alone, in the hand of the examples; only what is given is written, and role when it is not NO_ROLE.  ERR_USE when XML does not take a value. */
err idxp_el_write(const struct idxp_msg *m, struct buf *out) MUST_CHECK;
/* Appends a whole message: Content-Type: text/xml, empty line, element, CRLF. */
err idxp_msg_write(const struct idxp_msg *m, struct buf *out) MUST_CHECK;
/* Appends the headers of data: "text/xml", "text/plain" or "application/octet-stream". */
err idxp_data_head(enum idxp_kind kind, struct buf *out) MUST_CHECK;

/* The forms of values, for settings as well. */
bool idxp_is_uri(slice s);   /* absolute, RFC 3986 3 and RFC 2396 3: scheme, colon, at least one character, none that a URI cannot hold */
bool idxp_is_fqdn(slice s);  /* RFC 1034 3.5, with digits in front as RFC 1123 2.1 has them; a dot at the end is taken */

#endif
