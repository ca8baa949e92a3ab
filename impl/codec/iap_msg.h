/* SPDX-License-Identifier: MIT */
/* iap_msg: the messages of draft-ietf-idwg-iap-01 section 4, both ways.  The reader is lenient and exact at once: it takes every form
 * that can be told apart, and notes each departure from the printed form with its position, so that the callers decide what to make of it. */
#ifndef CODEC_IAP_MSG_H
#define CODEC_IAP_MSG_H

#include "base/env.h"
#include "codec/parts.h"
#include "model/iap.h"

enum iap_kind { IAP_NOTHING, IAP_CONNECT, IAP_RESPONSE, IAP_UPGRADE, IAP_CHANNEL, IAP_CONTENT };
enum iap_role { IAP_ROLE_NONE, IAP_SENDER, IAP_RECEIVER };
enum { IAP_VIAS_MAX = 64, IAP_NOTES_MAX = 8 };

struct iap_note { /* a departure from the printed form */
    enum iap_fault_code code;
    uint32_t at; /* octets from the first octet of the message */
};

/* All slices point into the octets that were read, or, when writing, to the caller's. */
struct iap_msg {
    enum iap_kind kind;
    slice raw;          /* the octets of the whole message; of what cannot be read: all there is of it */
    slice host;         /* CONNECT */
    uint16_t code;      /* RESPONSE; 0 when it was no three digits */
    slice upgrade;      /* UPGRADE: "TLS/1.0" */
    slice version;      /* CHANNEL: "0.3" */
    enum iap_role role; /* CHANNEL */
    slice role_text;
    slice type;         /* CONTENT: media type without parameters */
    slice length_text;
    uint64_t length;    /* CONTENT: as announced */
    slice body;
    uint32_t via_n;     /* CONNECT and RESPONSE; in the order of the lines */
    uint32_t note_n;    /* note[] holds the first IAP_NOTES_MAX, worst kept */
    struct iap_note note[IAP_NOTES_MAX];
    slice via[IAP_VIAS_MAX];
};

/* The worst severity among the notes of a message, SEV_NOTE when there are none. */
enum severity iap_msg_severity(const struct iap_msg *m);
bool iap_msg_has(const struct iap_msg *m, enum iap_fault_code code);
const char *iap_kind_name(enum iap_kind k); /* "connect", "response", "upgrade", "channel", "content" */

/* --- reading ------------------------------------------------------------------------------------------------------ */

/* Reads one message from the front of in.
 *   OK         m is filled, *used octets belong to it
 *   ERR_MORE   it is not whole yet.  settle says that no more octets will come soon: a message that lacks only a final CRLF that the tolerant
 *              reading lets be absent (IAP-D04, IAP-D10) is then taken as whole
 *   ERR_PEER   the octets are no message and reading cannot go on; note[0] says why and where
 *   ERR_LIMIT  a limit of env was passed; note[0] says which
 * The result depends on the octets alone, never on how they were cut.  *need (may be NULL): with ERR_MORE, the number of octets below which
 * it is no use to call again. */
err iap_read(const struct env *env, slice in, bool settle, struct iap_msg *m, size_t *used, size_t *need) MUST_CHECK;

/* A stream of messages in one direction: keeps what is not whole yet. */
struct iap_reader {
    const struct env *env;
    struct buf held;   /* a message begun and not whole; empty while messages come whole */
    size_t need;       /* octets below which held is not read again */
    size_t release;    /* octets of held that the last message used; dropped at the next call */
    uint64_t offset;   /* of the first held octet in the stream */
    err failed;        /* sticky ERR_PEER or ERR_LIMIT */
};
void iap_reader_init(struct iap_reader *r, const struct env *env);
void iap_reader_done(struct iap_reader *r);
/* Takes octets from in (*in is advanced) until one message is whole.  OK: m is filled, its slices are valid until the next call and while the
 * octets of in live; *at is the stream offset of its first octet.  ERR_MORE: all of in was taken.  ERR_PEER, ERR_LIMIT: as iap_read, sticky; ERR_MEM. */
err iap_reader_next(struct iap_reader *r, slice *in, struct iap_msg *m, uint64_t *at) MUST_CHECK;
/* Like iap_reader_next with settle and no octets: for when the stream paused or ended. */
err iap_reader_settle(struct iap_reader *r, struct iap_msg *m, uint64_t *at) MUST_CHECK;
/* True when a message is begun and not whole.  Empty lines alone begin none: they are left over from the message before. */
bool iap_reader_inside(const struct iap_reader *r);
/* Takes the octets back that were held and belong to no message: what comes behind a 101 is TLS.  Moves them to out. */
err iap_reader_rest(struct iap_reader *r, struct buf *out) MUST_CHECK;

/* --- writing ------------------------------------------------------------------------------------------------------ */

/* Where grammar and example of the draft contradict each other (IAP-D01 to D04): the forms that can be written. */
struct iap_style {
    uint8_t length_blanks; /* SP after "Content-Length:": 1 recommended (example), 2 by the grammar */
    bool role_prefix;      /* IAP/0.3 before IAP-Role: as the example */
    bool no_blank;         /* no blank line before the body: as the example */
};
extern const struct iap_style iap_style_sent;    /* what we send: 1, grammar, grammar */
extern const struct iap_style iap_style_example; /* octet for octet as 4.4 prints */
extern const struct iap_style iap_style_grammar; /* octet for octet as 4.3 says */

/* Names of lines and pieces:
 *   connect.{prefix,gap,name,sp,value,eol}  via, via2, via3 ....{the same}  status.{prefix,gap,value,eol}
 *   upgrade.{prefix,gap,name,sp,value,eol}  version.{prefix,gap,name,sp,value,eol}  role.{[prefix,gap,]name,sp,value,eol}
 *   type.{name,sp,value,eol}  length.{name,sp,value,eol}  blank.eol  body.value  tail.eol  end.eol */
err iap_compose(const struct iap_msg *m, const struct iap_style *style, struct parts *out) MUST_CHECK;
/* Appends the message, whole or not at all.  content: length is taken from body.n. */
err iap_write(const struct iap_msg *m, const struct iap_style *style, struct buf *out) MUST_CHECK;

/* --- hosts -------------------------------------------------------------------------------------------------------- */

enum iap_host { IAP_HOST_BAD, IAP_HOST_NAME, IAP_HOST_IPV4, IAP_HOST_LOOSE }; /* LOOSE: with port, or IPv6 literal (IAP-D08) */
enum iap_host iap_host_kind(slice host);
/* Same host: letter case, one trailing dot and a port are ignored (3.1 loop rule; IAP-D07, IAP-D08, IAP-D17). */
bool iap_host_same(slice a, slice b);

#endif
