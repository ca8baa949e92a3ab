/* SPDX-License-Identifier: MIT */
/* track_beep: observes one BEEP session over TCP (RFC 3080, RFC 3081) with the tables of model/beep.  It does not know which side "we" are: side 0 opened the TCP
 * connection (initiator), side 1 accepted it (listener).  Frames of both directions go in, as octets or as structs by whoever wrote them; it counts message
 * numbers, sequence numbers and windows once, for everybody, and gives back frames and whole messages with the faults found in them.  After a
 * fault it stays usable: frames are still read, order is no longer judged (lost).
 *
 * What cannot be known is not judged: the two directions are ordered only as far as one refers to the other, so what may have crossed on the way is no fault. */
#ifndef TRACK_TRACK_BEEP_H
#define TRACK_TRACK_BEEP_H

#include "codec/beep_frame.h"
#include "codec/beep_mgmt.h"

enum {
    BEEP_TRACK_FAULTS = 10,
    BEEP_CHANNELS_MAX = 65536,   /* of one session: far over the 257 that 2.3 asks for */
    BEEP_EXCHANGES_MAX = 4096,   /* MSGs of one side on one channel that wait for their replies */
    BEEP_ANSWERS_MAX = 1024,     /* answers in progress of one reply */
    BEEP_ANSWERED = 8,           /* message numbers answered last that are remembered, to tell "again" from "never sent" */
    BEEP_GONE = 288              /* closed channels that are remembered: more than the 257 of 2.3 that may end at once (BEEP-D28) */
};

struct beep_fault { /* a fault as data: it becomes a verdict */
    enum beep_fault_code code;
    enum severity severity;
    enum clause_id clause;
    enum defect_id defect;
    int side;         /* who broke it */
    uint64_t at;      /* octet offset in the clear stream of that side */
    uint32_t channel;
    const char *text; /* static */
};

/* What a MSG on channel 0 asked for, kept until it is answered. */
enum beep_ask { BEEP_ASK_NOTHING /* unreadable, or not understood */, BEEP_ASK_START, BEEP_ASK_CLOSE, BEEP_ASK_RELEASE, BEEP_ASK_GREETING };

struct beep_answer;
struct beep_exchange { /* a MSG and its reply */
    uint32_t msgno;
    struct fsm_inst fsm;      /* beep_exchange_machine */
    bool preempted;           /* the ERR was complete before the MSG was */
    enum beep_ask ask;        /* channel 0 */
    bool well_asked;          /* the MSG had no fault that asks for an error */
    uint32_t number;          /* start, close */
    char **uri;               /* start: the profiles proposed */
    size_t uris;
    uint64_t end;             /* number behind the last octet of the MSG; 0 while it is not complete */
    uint64_t cut_edge;        /* preempted: how far the client may have sent before it could know */
    struct beep_answer *answer; /* answers begun and not complete */
    size_t answers, answer_cap;
};
struct beep_answer {
    uint32_t ansno;
    struct buf part;          /* its payload so far; only where messages are read */
    bool part_lost;
};

/* What one side sends on a channel.  Counters are absolute; the numbers on the wire are their lower 32 bits (2.2.1.2). */
struct beep_dir {
    uint64_t next;            /* number of the payload octet that comes next */
    uint64_t edge;            /* right edge of the window as the other side granted it last */
    uint64_t edge_max;        /* the furthest that it ever was: what is in flight may have been sent under it */
    uint64_t acked;
    uint64_t answered_to;     /* the other side has shown by replies that it read this far */
    bool unfinished;          /* the last frame was '*' ... */
    enum beep_keyword keyword;/* ... of this message */
    uint32_t msgno, ansno;
    struct buf part;          /* payload of the message that is not complete; only where messages are read */
    bool part_lost;           /* it passed a limit: the rest is not kept */
    struct beep_exchange *x;  /* MSGs of this side whose reply is not complete, in their order: x[x_from .. x_from + xs) */
    size_t x_from, xs, x_cap;
    uint32_t x_high;          /* no number in x is higher */
    uint32_t answered[BEEP_ANSWERED]; /* message numbers answered last */
    uint32_t answereds;
    uint64_t msgs;            /* MSGs begun so far */
};

enum beep_tuning_kind { BEEP_DATA_CHANNEL, BEEP_TLS_CHANNEL, BEEP_SASL_CHANNEL };

struct beep_channel {
    uint32_t number;
    struct fsm_inst fsm;      /* beep_channel_machine */
    char *uri;                /* profile in force; "" for channel 0 */
    enum beep_tuning_kind tuning;
    struct beep_dir dir[2];   /* by sender */
    void *user;               /* an endpoint's own */
};

enum beep_got_kind {
    BEEP_GOT_NOTHING,
    BEEP_GOT_FRAME,  /* a whole frame, SEQ too */
    BEEP_GOT_BAD     /* the octets cannot be read on; fault[0] says why */
};
struct beep_got {
    enum beep_got_kind kind;
    struct beep_frame frame;
    uint64_t at;                    /* its first octet in the clear stream of its side */
    struct beep_channel *channel;   /* NULL when there is none */
    bool last;                      /* the frame completes its message */
    slice message;                  /* payload of the whole message, where messages are read (channel 0, tuning, t->read_all) and it is complete */
    bool message_lost;              /* it was complete but too large to be kept */
    const struct beep_el *el;       /* channel 0 and tuning channels: the element of a complete message, also when it is faulty; NULL otherwise */
    const struct beep_el *inner;    /* the element inside the profile of a start's answer, or of a start with one tuning profile; may be NULL */
    enum beep_ask ask;              /* complete reply on channel 0: what it answers */
    uint32_t number;                /* start, close: the channel it is about */
    struct beep_channel *opened;    /* this message created that channel */
    bool closed;                    /* this message closed channel `number`; it is gone */
    bool tune;                      /* behind this message the layer below is negotiated: proceed.  Clear octets end here */
};

struct track_beep {
    const struct env *env;
    struct fsm_inst session, tuning;
    struct beep_tuning_facts tuning_facts;
    struct beep_reader reader[2];
    struct beep_channel **channel;  /* by number */
    size_t channels, channel_cap;
    struct beep_channel *last_used;
    bool read_all;                  /* messages of data channels are kept whole, too (limits.content) */
    bool no_tls;                    /* clauses about TLS are out of the run */
    bool lost;                      /* order is no longer judged */
    bool tainted[2];                /* a deliberate mistake of that side: order is not held against the other any more */
    bool greeted[2], ended[2];
    bool released_by[2];            /* that side agreed to a release */
    uint32_t ready_channel, ready_msgno; /* where the ready is that waits for its answer ... */
    uint64_t ready_end;             /* ... and the number behind its last octet */
    uint32_t sasl_channel;          /* of the SASL exchange under way, or of the last one */
    bool sasl_answered;             /* its server has said something in it */
    bool sasl_crossed;              /* another of the other side's crossed it: nobody can be told to leave either */
    uint32_t sasl_on;               /* the channel that success was told on, ... */
    uint64_t sasl_end;              /* ... and the number behind its last octet */
    bool ready_crossed;             /* a ready of the other side crossed it: both wait, and somebody has to answer */
    uint64_t release_at[2];         /* offset of the frame by which that side last asked for a release, 0 before (a greeting is there) */
    struct beep_gone { uint32_t number; int side; } *gone; /* closed channels, and the side whose frames may still be on the way; BEEP_GONE of them once one closed */
    size_t gones;
    uint64_t at[2];                 /* offset of the frame that is judged */
    struct beep_el el, inner;       /* of the last message */
    bool el_used, inner_used;
    struct buf whole;               /* of the last message */
    uint32_t fault_n;               /* of the last item */
    struct beep_fault fault[BEEP_TRACK_FAULTS];
};

/* max_payload: octets of one frame that are read at most. */
err track_beep_init(struct track_beep *t, const struct env *env, size_t max_payload) MUST_CHECK;
void track_beep_done(struct track_beep *t);

/* Takes octets of one side (*in is advanced) until there is one thing to tell; false when all were taken.  Everything that *got refers to is valid until the next call.
 * t->fault[0 .. fault_n) are the faults of this item.  A fault that the header shows is told (GOT_BAD) before the payload is there, when its remedy is the
 * end of the session.  With resync such a frame is read to its end instead and told as FRAME, so that a tester can go on. */
bool track_beep_next(struct track_beep *t, int side, bool resync, slice *in, struct beep_got *got);
/* A frame that one side sent and that needs no reading: endpoints tell what they send.  payload must be whole. */
void track_beep_frame(struct track_beep *t, int side, const struct beep_frame *f, struct beep_got *got);
/* Would fault (remedy SESSION) if side sent this header now?  Nothing changes. */
enum beep_fault_code track_beep_judge(const struct track_beep *t, int side, const struct beep_frame *f);

/* What is not frames.  The layer below was negotiated (open) or not: all channels are gone, new greetings are due (3).  Octets of clear text that the reader of
 * `side` holds already belong to the layer below: take them with beep_reader_rest first. */
err track_beep_tuned(struct track_beep *t, bool tls, bool open) MUST_CHECK;
/* A SASL exchange completed with a security layer: as track_beep_tuned. */
err track_beep_layer(struct track_beep *t) MUST_CHECK;
/* Octets came behind a proceed that are no TLS. */
void track_beep_not_tls(struct track_beep *t, int side);
/* That side's stream ended; false when inside a frame (fault). */
bool track_beep_ended(struct track_beep *t, int side);

/* --- for those who send --------------------------------------------------------------------------------------------------- */
struct beep_channel *track_beep_channel(const struct track_beep *t, uint32_t number); /* open, closing or crossed; NULL when there is none */
enum beep_session_state track_beep_session(const struct track_beep *t);
enum beep_tuning_state track_beep_tuning(const struct track_beep *t);
/* Payload octets that side may send on c now. */
uint32_t beep_window(const struct beep_channel *c, int side);
/* The lowest message number over all in use, 1 for the first (0 belongs to the greeting, BEEP-D08). */
uint32_t beep_free_msgno(const struct beep_channel *c, int side);
/* The lowest channel number that side may start (odd for the initiator) and that is not in use; 0 when there is none. */
uint32_t track_beep_free_channel(const struct track_beep *t, int side);
/* The oldest MSG of the other side that `side` has not answered completely; NULL when there is none. */
const struct beep_exchange *beep_owed(const struct beep_channel *c, int side);
/* The exchange of a MSG that side sent; NULL. */
struct beep_exchange *beep_exchange_of(const struct beep_channel *c, int side, uint32_t msgno);
/* Is a MSG of side not answered yet / is there anything open in either direction? */
bool beep_waits(const struct beep_channel *c, int side);
bool beep_quiet(const struct beep_channel *c);
/* What side may do now, for people: "MSG on 0, 1; RPY, ERR on 0 to 3; fin" into out. */
void track_beep_allowed(const struct track_beep *t, int side, char *out, size_t out_n);

#endif
