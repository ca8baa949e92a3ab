/* SPDX-License-Identifier: MIT */
/* Between the files of the IDXP profile: idxp.c (channels, what comes), idxp_say.c (what is sent), idxp_judge.c (who may come in, and what is answered to what came). */
#ifndef PEER_IDXP_IMPL_H
#define PEER_IDXP_IMPL_H

#include "peer/beep_peer_impl.h"
#include "peer/idxp.h"
#include "track/track_idxp.h"

enum {
    IDXP_OWED_HOLD = 512,      /* MSGs of the peer without reply, from which on it gets no window */
    IDXP_PIECE = 16384,        /* octets queued at once, so that a queue need not have room for all of a message */
    IDXP_FIRST = 4096          /* octets that go together with the headers of data: these are put in one place for it */
};

/* A MSG of the peer without reply. */
struct idxp_owed {
    struct idxp_owed *next;
    uint32_t msgno;
    bool ready;                /* code is settled */
    bool greeting;
    uint16_t code;             /* 0: ok */
    enum idxp_peer_kind kind;  /* of a greeting that is accepted */
    char text[160];
};

struct idxp_channel {
    const struct idxp_setup *s;
    struct beep_bound *b;      /* NULL once it is closed */
    void *user;
    struct track_idxp t;
    int side;                  /* ours, as the tracker counts */
    bool open;                 /* messages may be sent */
    bool over;                 /* nothing is wanted of it any more: it is to be closed.  MSGs of the peer are answered to the end, or it could not agree */
    unsigned busy;             /* calls of ours that are under way; gone: it is freed when they are over */
    bool gone;

    struct idxp_wish wish;     /* of our greetings */
    enum idxp_role role;       /* that we take; NO_ROLE: not known yet */
    bool embedded;             /* our greeting stands in the start */
    bool greeted;              /* ours was sent */
    bool greet_due;            /* it waits for room */
    bool rejected;             /* the last one was */
    enum idxp_peer_kind kind;  /* of the peer, as the policy says of its greeting in force */

    struct idxp_owed *owed, **owed_end;
    size_t owed_n;
    bool flushing, reading;    /* replies wait until what came was dealt with: what the tracker tells lives until it is asked again */
    bool hold;                 /* as the user wants it */

    uint32_t in_msgno;         /* the message that comes */
    struct idxp_owed *in_owed; /* its reply; NULL once that went out */
    bool in_given, in_over;    /* pieces of it were given to the hook; nothing of it is wanted any more */
    uint64_t in_octets;
    bool overlooks;            /* a mistake: what is wrong with it is not noticed */
    bool misread;              /* a mistake took the error to our greeting for ok */
    bool refused_peer;         /* the last greeting of the peer was rejected; for mistakes alone */
    bool odd;                  /* the peer wrote an element otherwise than we do; for mistakes alone */

    uint32_t out_msgno;        /* our data that is being sent */
    bool out_open, out_cut;    /* it is not complete; the peer has answered it already */
    size_t unanswered;
};

static inline int idxp_other(const struct idxp_channel *c)
{
    return !c->side;
}

#define CMUT(c, name) IMUT((c)->s->mutant, name)

/* --- idxp.c --- */
__attribute__((format(printf, 2, 3))) void idxp_note(const struct idxp_channel *c, const char *fmt, ...);
/* Our own failure ends the session. */
void idxp_broken(struct idxp_channel *c, err e, uint64_t now);
/* The peer does what nothing can be made of: the channel is to be closed. */
void idxp_give_up(struct idxp_channel *c, uint64_t now, const char *why);
void idxp_enter(struct idxp_channel *c);
void idxp_leave(struct idxp_channel *c); /* c may be gone behind it */
/* Tells the hook when the greetings that are needed are in force. */
void idxp_told_ready(struct idxp_channel *c, uint64_t now);

/* --- idxp_say.c --- */
/* The greeting of the wish as an element, or as a message. */
err idxp_compose_greeting(const struct idxp_channel *c, const struct idxp_wish *w, bool bare, struct buf *out) MUST_CHECK;
/* ok (code 0) or error, the same. */
err idxp_compose_answer(const struct idxp_channel *c, uint16_t code, const char *text, bool bare, struct buf *out) MUST_CHECK;
/* Greets when that is due. */
void idxp_greet_now(struct idxp_channel *c, uint64_t now);
/* Sends the replies that are next in order. */
void idxp_flush(struct idxp_channel *c, uint64_t now);
void idxp_settle_hold(struct idxp_channel *c, uint64_t now);

/* --- idxp_judge.c --- */
/* What to say to a greeting (whole, from the tracker); *kind: what the policy says of the peer. */
void idxp_judge_greeting(struct idxp_channel *c, const struct idxp_got *g, struct beep_refusal *no, enum idxp_peer_kind *kind, uint64_t now);
/* ... to anything else that came, by form and order; no->code 0: nothing speaks against it. */
void idxp_judge_form(struct idxp_channel *c, const struct idxp_got *g, struct beep_refusal *no);
/* Data that is complete, and valid by the declarations: 501 for values that these cannot tell from good ones. */
void idxp_judge_values(const struct idxp_channel *c, const struct idxp_got *g, struct beep_refusal *no);
/* Is the session safe enough? */
void idxp_judge_security(const struct idxp_channel *c, const struct idxp_who *w, struct beep_refusal *no);
/* Facts of the session alone. */
void idxp_session_who(const struct idxp_channel *c, struct idxp_who *w);

#endif
