/* SPDX-License-Identifier: MIT */
/* track_idxp: observes one IDXP channel, both directions, in one of the two dialects (draft-ietf-idwg-beep-idxp-01 and RFC 4767: 3.2 to 3.4) with the tables of model/idxp.  It does not know
 * which side "we" are: side 0 opened the TCP connection.  Messages go in as they pass, in pieces of any size; out come what they are and the faults found in them.  What comes out of a message does
 * not depend on how it was cut.  After any fault it stays usable.
 *
 * What cannot be known is not judged.  What one side sends is in order, also across MSG and reply, since a channel is one stream in each direction (RFC 3080 2.6.1).  What the other side had read by
 * then is known only as far as it replied: a reply to a MSG shows that all before that MSG was read.  Anything between that and what was observed may have been read or not; a fault of order is
 * one only when it is under every reading of it, and where readings give different faults the mildest counts.
 *
 * Memory: of data the octets in front of the first element (sniffed), never the body; of greetings and replies the element; of greetings in force and unanswered who they name. */
#ifndef TRACK_TRACK_IDXP_H
#define TRACK_TRACK_IDXP_H

#include "codec/beep_frame.h"
#include "codec/idmef.h"
#include "codec/idxp_msg.h"

enum {
    IDXP_TRACK_FAULTS = 12,
    IDXP_EXCHANGES_MAX = 4096, /* MSGs of one side without reply, as BEEP_EXCHANGES_MAX; more are not remembered, and their replies not judged */
    IDXP_GREETINGS_MAX = 16,   /* greetings of one side without reply, and answers to them that the sender may not know of: one is usual */
    IDXP_NAME_MAX = 4096       /* octets of uri, fqdn and ip that are kept of a greeting; a longer uri is kept as empty */
};

struct idxp_fault { /* a fault as data: it becomes a verdict */
    enum idxp_fault_code code;
    enum severity severity;
    enum clause_id clause;
    enum defect_id defect;
    int side;         /* who broke it */
    const char *text; /* static */
};

/* What a message on the channel is part of. */
enum idxp_asked {
    IDXP_ASKED_NOTHING,  /* no MSG is open that this could answer */
    IDXP_ASKED_GREETING,
    IDXP_ASKED_DATA,
    IDXP_ASKED_OTHER     /* neither: unreadable, ok or error as MSG, another element, or not known yet (it is answered before enough of it came) */
};
extern const char *const idxp_asked_names[4]; /* "nothing", "greeting", "data", "other" */

/* Whom a greeting names; slices belong to the tracker until the channel's next greeting is answered. */
struct idxp_identity {
    bool given;            /* false: no greeting is in force */
    enum idxp_role role;
    slice uri, fqdn, ip;
    bool has_priority;
    uint32_t priority;
    enum idxp_stream stream; /* NO_STREAM when it is not told */
};

struct idxp_got { /* one piece, or one content of start or of its answer */
    enum idxp_kind kind;      /* NOTHING until enough of the message came, and for one that is nothing of IDXP; OK and ERROR of a MSG too */
    enum beep_keyword keyword;/* start counts as MSG, its answer as RPY, or ERR when declined */
    uint32_t msgno;           /* 0 for embedded */
    bool embedded;            /* in start or its answer */
    bool first;               /* the message begins with this piece */
    bool settled;             /* kind, head and asked are known with this piece, and were not before.  Once for each message, at the latest with last */
    bool last;                /* the message ends with this piece */
    struct idxp_head head;    /* once settled; its slices are valid in the call with `settled` only */
    /* Greetings, ok, error: whole, with last.  NULL for data and before. */
    const struct idxp_msg *msg;
    err read;                 /* of msg: OK or ERR_PEER */
    /* Data: octets of the body that this piece brings (from the call with settled on), as they stand: a transfer encoding is not undone.  Both in this order: data[0] is what was kept from pieces
     * before while too little of the message was there (mostly empty), data[1] lies in the octets of this call.  Encoded XML (head.encoded) comes whole with last, in data[0]. */
    slice data[2];
    const struct idmef_result *idmef; /* text/xml of a MSG, with a schema: as soon as its verdict stands, at the latest with last; NULL before */
    enum idxp_asked asked;    /* MSG: what it is, known with settled (a greeting with last); reply: what it answers */
    bool again;               /* greeting: one of its sender is in force already */
    bool clash;               /* greeting: it asks for the role that the other side has or asks for; MSG was it a fault or not, a receiver answers 554 */
    bool declined;            /* the start got ERR: there is no channel */
    /* MSG: the code that a receiver answers with, 0 for ok, by form and order alone (security and policy are the receiver's).  Once it is not 0 it stays, with the same words, until last, so that
     * long data can be refused before its end (RFC 3080 2.6.3).  0 stands with last only. */
    unsigned reply;
    const char *why;          /* for people, with reply; NULL when 0 */
    const struct fsm_row *row;/* of idxp_machine, that this message stepped; NULL none.  One for each message: data with settled, others with last */
};

struct track_idxp_side;
struct track_idxp {
    const struct env *env;
    enum idxp_dialect dialect;
    const struct idmef_schema *schema;
    struct track_idxp_side *side[2]; /* by sender; track_idxp_impl.h */
    bool closed;
    bool tainted[2];           /* a deliberate mistake of that side (set it): order is not held against the other one any more, form is */
    uint64_t items;            /* messages begun in either direction, to tell what lies before what */
    uint32_t fault_n;          /* of the last call */
    struct idxp_fault fault[IDXP_TRACK_FAULTS];
};

/* schema may be NULL: IDMEF is not looked into then.  It has to outlive the tracker.  OK or ERR_MEM; after ERR_MEM _done is fine. */
err track_idxp_init(struct track_idxp *t, const struct env *env, enum idxp_dialect dialect, const struct idmef_schema *schema) MUST_CHECK;
void track_idxp_done(struct track_idxp *t);

/* Every function below sets t->fault[0 .. fault_n), and what *got points to is valid until the next call for this tracker.  ERR_MEM: memory was short; the tracker is usable, what this message was is
 * not known (its reply is not judged), and the rest of it may be fed.
 *
 * side sent a start for this channel; content: of the profile element for this profile, with CDATA, references and base64 undone, SLICE_NONE when there is none.  Of a start with several
 * profiles: the one that was chosen, told when the answer shows it. */
err track_idxp_start(struct track_idxp *t, int side, slice content, struct idxp_got *got) MUST_CHECK;
/* side (the other one) answered it: by RPY with this content of its profile element, or by ERR (declined; content is not looked at). */
err track_idxp_answer(struct track_idxp *t, int side, slice content, bool declined, struct idxp_got *got) MUST_CHECK;
/* Payload octets of one message on the channel, in any pieces; last: the message ends with them, and they may be empty.  A reply to a MSG whose end did not come yet is taken (ERR, RFC 3080 2.6.3). */
err track_idxp_octets(struct track_idxp *t, int side, enum beep_keyword keyword, uint32_t msgno, uint32_t ansno, slice octets, bool last, struct idxp_got *got) MUST_CHECK;
/* The channel ended, by close, by release, by a reset or with the connection. */
void track_idxp_closed(struct track_idxp *t, int side);
/* A whole message on channel 0 that may have to do with IDXP: a start that names the profile, its answer, or one that is no element of channel 0.  Tells CHANNEL_ZERO and TYPE_ON_ZERO; nothing of the
 * channel's state changes, and t need not have seen a start. */
err track_idxp_zero(struct track_idxp *t, int side, slice message, struct idxp_got *got) MUST_CHECK;

/* --- as observed: what was answered counts at once --------------------------------------------------------------------------- */
enum idxp_state track_idxp_state(const struct track_idxp *t);
/* The instance of idxp_machine in that state, for fsm_next and fsm_legal. */
void track_idxp_fsm(const struct track_idxp *t, struct fsm_inst *out);
/* What its guards are judged by, for that side. */
struct idxp_facts track_idxp_facts(const struct track_idxp *t, int side);
/* The role of side in force; NO_ROLE when no greeting of it is. */
enum idxp_role track_idxp_role(const struct track_idxp *t, int side);
const struct idxp_identity *track_idxp_identity(const struct track_idxp *t, int side);
/* The one that it asked for last and that is not answered; NULL. */
const struct idxp_identity *track_idxp_asking(const struct track_idxp *t, int side);
/* Greetings of side without reply. */
size_t track_idxp_unanswered(const struct track_idxp *t, int side);
/* MSGs of side without (complete) reply. */
size_t track_idxp_waiting(const struct track_idxp *t, int side);
/* The fault that data of side would be if it began now; F_NONE: none, by the strict reading.  HALF_GREETED: the draft lets it go on (IDXP-D24). */
enum idxp_fault_code track_idxp_may_send(const struct track_idxp *t, int side);

#endif
