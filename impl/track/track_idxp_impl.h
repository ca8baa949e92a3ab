/* SPDX-License-Identifier: MIT */
/* Between the files of the tracker: track_idxp.c (pieces and messages), track_idxp_start.c (channel 0), track_idxp_order.c (greetings, what answers what, who may what). */
#ifndef TRACK_TRACK_IDXP_IMPL_H
#define TRACK_TRACK_IDXP_IMPL_H

#include "base/buf.h"
#include "track/track_idxp.h"

enum {
    /* Header lines, and as much of the body as idxp_head_read looks at; twice, as UTF-16 has a zero with each character. */
    IDXP_FRONT_MAX = BEEP_MIME_HEAD_MAX + 2 * IDXP_SNIFF_MAX + 4,
    IDXP_WHOLE_MAX = BEEP_MIME_HEAD_MAX + IDXP_ELEMENT_MAX
};

struct idxp_held { /* whom a greeting names, with the octets of it */
    struct idxp_identity id;
    char *octets;
};

struct idxp_exchange { /* a MSG without (complete) reply */
    uint32_t msgno;
    bool embedded;
    bool many;               /* ANS or NUL came for it, and that was told */
    enum idxp_asked asked;
    uint64_t at;             /* number of the message among all */
    struct idxp_held held;   /* greeting */
};

/* What the greetings of one side came to, when this many of them were answered. */
struct idxp_standing {
    bool given, vague;       /* vague: something was answered that cannot be told: nothing is held against this side */
    enum idxp_role role;
    uint64_t answered;
};

enum idxp_outcome { IDXP_ACCEPTED, IDXP_REJECTED, IDXP_UNCLEAR };

struct track_idxp_side {
    /* the message that this side is sending */
    bool open, settled, told, lost, over; /* told: that it is settled; over: too long to be kept */
    enum beep_keyword keyword;
    uint32_t msgno;
    enum idxp_kind kind;
    enum idxp_asked asked;
    uint64_t at;
    struct buf part;         /* from its first octet on: until the kind is settled, of elements to their end */
    struct idmef_check *check;
    bool judged;             /* its verdict stands */
    unsigned reply;
    const char *why;
    bool answered;           /* the reply was complete before this message was */
    struct idxp_msg msg;     /* of the last message that was whole */
    bool msg_used;
    /* its MSGs */
    struct idxp_exchange *x; /* x[x_from .. x_from + xs) in their order */
    size_t x_from, xs, x_cap;
    bool forgot;             /* more than that */
    /* its greetings */
    uint64_t greetings;      /* sent so far */
    bool maybe_greeted;      /* or something that may have been one */
    struct idxp_held now;    /* in force, as observed */
    struct idxp_standing known;                    /* what it must know of ... */
    struct idxp_past {                             /* ... and what was answered since, by messages `at` */
        uint64_t at;
        bool asks_client;    /* the greeting that was answered, or it may have */
        struct idxp_standing then;
    } past[IDXP_GREETINGS_MAX];
    size_t pasts;
};

/* --- faults of this call --- */
void idxp_fault(struct track_idxp *t, int side, enum idxp_fault_code code, const char *text);
/* A fault of order: not while the other side is tainted.  clause: of its own, or CL_NONE. */
void idxp_order_fault(struct track_idxp *t, int side, enum idxp_fault_code code, enum clause_id clause, const char *text);

/* --- messages --- */
/* What the last call gave is not needed any more. */
void idxp_fresh(struct track_idxp *t, struct idxp_got *got);
/* A message of side begins; of a MSG an exchange. */
err idxp_message_begins(struct track_idxp *t, int side, enum beep_keyword keyword, uint32_t msgno) MUST_CHECK;
/* The notes of the message of side that was read become faults; asks: and the code to answer with. */
void idxp_notes(struct track_idxp *t, int side, bool asks);
/* Can it not be told what this is? */
bool idxp_unreadable(const struct idxp_msg *m);
/* The element of a MSG or a start was read; x may be NULL. */
err idxp_asked_element(struct track_idxp *t, int side, struct idxp_exchange *x, struct idxp_got *got) MUST_CHECK;

/* --- exchanges --- */
err idxp_exchange_new(struct track_idxp *t, int side, uint32_t msgno, uint64_t at) MUST_CHECK;
/* NULL when there is none. */
struct idxp_exchange *idxp_exchange_find(struct track_idxp_side *s, uint32_t msgno);
/* side shows by a reply that it read what the other one sent up to the message `at`. */
void idxp_learns(struct track_idxp *t, int side, uint64_t at);
/* side answered x, which is forgotten then; got->row follows. */
void idxp_answered(struct track_idxp *t, int side, struct idxp_exchange *x, enum idxp_outcome outcome, uint64_t at, struct idxp_got *got);

/* --- order --- */
/* A MSG or a start of side is a greeting; x may be NULL (not remembered, or answered before it was whole). */
err idxp_greets(struct track_idxp *t, int side, struct idxp_exchange *x, const struct idxp_msg *m, struct idxp_got *got) MUST_CHECK;
/* Data of side begins.  The fault that was told, F_NONE. */
enum idxp_fault_code idxp_data_begins(struct track_idxp *t, int side, struct idxp_got *got);
/* Nothing is held against side until its next greeting was accepted. */
void idxp_blur(struct track_idxp_side *s);
void idxp_held_done(const struct track_idxp *t, struct idxp_held *h);

static inline struct idxp_standing idxp_standing_now(const struct track_idxp_side *s)
{
    return s->pasts ? s->past[s->pasts - 1].then : s->known;
}

#endif
