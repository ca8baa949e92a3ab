/* SPDX-License-Identifier: MIT */
/* Between the files of beep_peer: beep_peer.c (events and deadlines), beep_peer_mgmt.c (what is asked for and answered on channel 0), beep_peer_ask.c (what we ask for
 * there), beep_peer_chan.c (channels and their messages), beep_peer_tune.c (greetings, and the session begun anew), beep_tls.c and beep_sasl.c (the profiles that
 * the peer brings along), beep_peer_raw.c (what follows where a session ends and its connection does not), tunnel.c (that for the sake of a tunnel). */
#ifndef PEER_BEEP_PEER_IMPL_H
#define PEER_BEEP_PEER_IMPL_H

#include "peer/beep_peer.h"

enum {
    PEER_CHANNELS_MAX = 4096,     /* channels of one session beside channel 0: sixteen times what 2.3 asks for */
    PEER_ASKS_MAX = 1024,         /* messages on channel 0 that wait for one before them; more is a flood */
    PEER_PIPELINE_MAX = 256,      /* unanswered MSGs of the peer on channel 0; behind that it gets no window there (the tracker has the hard limit) */
    PEER_WAITING_MAX = 256 * 1024,/* octets of messages that wait there; behind that no window either: one of the largest, or all of 1,024 short ones */
    PEER_UNREAD_MAX = 65536,      /* octets that TCP does not take; behind that nothing is read */
    PEER_GREETING_MAX = 65536,    /* octets of the peer's greeting that are kept: 256 profiles of 255 octets */
    PEER_FRAME_MAX = 4 << 20,     /* octets of one frame that are read: as much as one message may have */
    PEER_RELEASE_WAIT = 10,       /* times message_ms that a release waits at most for what is in its way: ten messages, one behind the other */
    PEER_SASL_TRIES = 16,         /* authentications that may fail in one session: guessing is to cost a connection */
    PEER_ELEMENT_MAX = 256 * 1024 /* octets of a message of channel management that we write */
};

enum chan_stage {
    CHAN_ASKED,     /* we asked for it */
    CHAN_LATER,     /* the peer did; its profile has not answered */
    CHAN_ACCEPTING, /* the answer is queued */
    CHAN_OPEN,
    CHAN_AGREED     /* our ok to its close is queued */
};

struct beep_chan {
    struct beep_bound b;    /* first: a bound * is a chan * */
    enum chan_stage stage;
    bool hold;              /* octets are consumed by beep_peer_consumed alone */
    bool wants_room;
    size_t full_at, full_room; /* when there was none: octets that waited on all channels, room for a piece that was next in order */
    bool peer_closes;       /* the peer asked for the close: no new MSG */
    bool close_wanted;      /* we want to ask for the close */
    bool close_sent;
    bool spent;             /* a tuning channel whose operation failed or ended: it is no longer in the way of another (BEEP-D15) */
    size_t unread;          /* octets that came and are not consumed */
    uint32_t asked_msgno;   /* on channel 0, of our start or close */
    uint32_t msgno;         /* of our MSG last begun */
    bool msg_open, msg_cut; /* it is not complete; the rest of it is dropped (2.6.3) */
};

/* A MSG on channel 0 that waits until those before it are answered (2.6.1). */
struct beep_ask_waiting {
    struct beep_ask_waiting *next;
    uint32_t msgno;
    uint16_t code; /* refused already; 0 */
    const char *text;
    size_t n;
    uint8_t message[];
};

/* The MSG on channel 0 that is being answered. */
enum beep_asked_kind { ASKED_NOTHING, ASKED_START /* its profile has not answered */, ASKED_CLOSE, ASKED_RELEASE };
struct beep_asked {
    enum beep_asked_kind kind;
    uint32_t msgno, number;
};

enum beep_tls_step {
    TLS_STEP_NONE,
    TLS_STEP_ASKED,    /* client: ready is on its way */
    TLS_STEP_PENDING,  /* server: ready waits for other replies (3.1.3.1) */
    TLS_STEP_PROCEEDS  /* proceed is queued, or was received */
};

struct beep_peer {
    struct endpoint e; /* first: an endpoint * is a beep_peer * */
    const struct beep_setup *s;
    struct beep_conn c;
    struct beep_mux m;
    bool ready;        /* c and m are set up */
    bool opener;
    bool inside;       /* a callback or the work loop runs: what is asked for is done when it is over */
    bool over;         /* nothing more will happen */
    bool ending;       /* our direction is over; what comes is dropped */
    bool leaving;      /* it will be, once what is queued went out */
    bool peer_greeted, told_greeted;
    bool named;        /* a start succeeded: serverName has been settled (2.3.1.2) */
    uint64_t moves;    /* counts what the work loop did */
    uint64_t touched;  /* last frame of the peer */
    uint64_t greet_by, tune_by, close_by, release_by; /* ms; 0 none */
    uint64_t wished;   /* since when the release is wanted; 0 */
    uint64_t stalled;  /* since when TCP takes nothing; 0 */
    size_t out_seen;   /* octets that waited for it when we looked last */

    struct beep_chan **chan; /* by number */
    size_t chans, chan_cap;
    size_t accepting, agreed, closes, rooms; /* channels in that stage, or that want that */
    uint32_t last_number;
    uint32_t msgno;      /* of our MSG last sent on channel 0 */
    size_t asked_out;    /* our MSGs on channel 0 without answer, without the release */
    size_t zero_unread;  /* octets that came on channel 0 and are not granted anew */

    struct beep_asked asked;
    struct beep_ask_waiting *waiting, **waiting_end;
    size_t waitings, waiting_octets;
    bool release_wanted, release_sent;
    uint32_t release_msgno;

    struct buf remote;   /* URIs of the peer's greeting, each ended by NUL */
    bool foreign;        /* the peer's first choice is no language of ours: xml:lang is needed */

    struct beep_chan *tuning;    /* channel on which a tuning is under way; NULL */
    enum beep_tls_step tls_step;
    uint32_t tls_msgno;          /* of a ready that came as a MSG */
    bool tls_in_start;           /* or in the start */
    bool tls_client;
    bool tls_tried, sasl_tried;  /* what the setup asks for was begun */
    bool authenticated;
    bool proved_ours;            /* and it is we who proved who we are */
    bool layer_due;              /* it brings a security layer, which begins once the last reply went out */
    unsigned sasl_failed;
    struct sasl *sasl;           /* the exchange that succeeded */
    const struct beep_el *el;    /* of the message that is handed to a tuning profile */

    struct beep_slip slip;       /* what a mutant remembers of its frames ... */
    uint32_t slip_number;        /* ... and of channels */

    struct link *link;           /* ours, or that of the endpoint that we are a part of */
    const struct beep_raw *raw;
    bool raw_on, raw_shut;
    bool renewing;               /* the session begins anew once what is queued went out */
    bool tunnelled;              /* it did */
    bool via_tried;              /* what the setup asks for was begun */
    void *user;          /* of whoever made the peer */
    char why[200];       /* why the session ended, "" while fine */
};

static inline struct link *beep_link(const struct beep_peer *p)
{
    return p->link;
}

static inline int beep_other(const struct beep_peer *p)
{
    return !p->c.side;
}

/* The layer below is about to change: nothing new may be asked for. */
static inline bool beep_peer_tunes(const struct beep_peer *p)
{
    return p->tls_step != TLS_STEP_NONE || p->layer_due || p->c.to_tls;
}

/* What is queued is the last of this session: nothing new is said, and what still comes, but SEQ, is of no use. */
static inline bool beep_peer_turns(const struct beep_peer *p)
{
    return p->raw || p->renewing;
}

/* Is there a tunnel to be asked for, before anything else that the setup wants? */
static inline bool beep_peer_before_tunnel(const struct beep_peer *p)
{
    return p->s->via && p->opener && !p->tunnelled;
}

static inline struct beep_chan *beep_chan_of(struct beep_bound *b)
{
    return (struct beep_chan *)b;
}

/* Deliberate mistakes are asked for by this alone. */
static inline bool beep_mutant_is(const struct beep_peer *p, unsigned mutant)
{
    return mutant && p->s->mutant == mutant;
}

/* --- beep_peer.c --- */
/* One line for people; tell: why the session ends. */
__attribute__((format(printf, 2, 3))) void beep_peer_note(struct beep_peer *p, const char *fmt, ...);
__attribute__((format(printf, 2, 3))) void beep_peer_tell(struct beep_peer *p, const char *fmt, ...);
/* Ends the session without a word (2.2.1.1): what is not framed yet is dropped. */
void beep_peer_terminate(struct beep_peer *p, uint64_t now);
/* Ends it once what is queued went out. */
void beep_peer_leave(struct beep_peer *p, uint64_t now);
/* Our own failure: memory, a library. */
void beep_peer_broken(struct beep_peer *p, err e, uint64_t now);
/* Does what can be done now: frames, channels that open or end, answers that waited. */
void beep_peer_work(struct beep_peer *p, uint64_t now);
/* The first fault of the peer in this item whose remedy is at least that; NULL. */
const struct beep_fault *beep_peer_fault(const struct beep_peer *p, enum beep_remedy atleast);
void beep_peer_tell_fault(struct beep_peer *p, const struct beep_fault *f);
uint16_t beep_peer_code(enum beep_fault_code code);

/* --- beep_peer_mgmt.c --- */
void beep_mgmt_frame(struct beep_peer *p, const struct beep_got *g, uint64_t now);
/* Answers what waited on channel 0 and can be answered now. */
void beep_mgmt_work(struct beep_peer *p, uint64_t now);
void beep_mgmt_forget(struct beep_peer *p);
/* Writes an element to a channel.  el is not changed. */
err beep_peer_element(struct beep_peer *p, uint32_t channel, enum beep_keyword keyword, uint32_t msgno, const struct beep_el *el) MUST_CHECK;
/* An error element; text is not for programs. */
struct beep_el beep_peer_error(const struct beep_peer *p, uint16_t code, const char *text);
void beep_peer_refuse(struct beep_peer *p, uint32_t channel, uint32_t msgno, uint16_t code, const char *text, uint64_t now);
/* Everything on a channel, or on all and channel 0, was said. */
bool beep_peer_quiet_on(const struct beep_peer *p, const struct beep_chan *c);
bool beep_peer_owes(const struct beep_peer *p, uint32_t channel, uint32_t but_msgno, bool but);

/* --- beep_peer_ask.c --- */
void beep_ask_work(struct beep_peer *p, uint64_t now);
void beep_ask_answered(struct beep_peer *p, const struct beep_got *g, uint64_t now);

/* --- beep_peer_chan.c --- */
struct beep_chan *beep_chan_find(const struct beep_peer *p, uint32_t number);
err beep_chan_new(struct beep_peer *p, uint32_t number, const struct beep_profile *profile, bool ours, struct beep_chan **out) MUST_CHECK;
/* told: the profile's closed is called. */
void beep_chan_free(struct beep_peer *p, struct beep_chan *c, bool told, uint64_t now);
void beep_chan_free_all(struct beep_peer *p, uint64_t now);
void beep_chan_frame(struct beep_peer *p, const struct beep_got *g, uint64_t now);
/* 2.6.3: when that is a negative reply to a MSG of ours that is not complete, the rest of it is dropped and an empty frame ends it; true then. */
bool beep_chan_cut(struct beep_peer *p, const struct beep_got *g, uint64_t now);
void beep_chan_work(struct beep_peer *p, uint64_t now);
/* n octets of payload were taken on channel 0 or on c. */
void beep_chan_taken(struct beep_peer *p, uint32_t channel, size_t n, uint64_t now);
void beep_peer_spent(struct beep_bound *b);

/* --- beep_peer_tune.c --- */
void beep_peer_greet(struct beep_peer *p, uint64_t now);
void beep_peer_on_greeting(struct beep_peer *p, const struct beep_el *el, uint64_t now);
/* All channels are gone: new greetings. */
void beep_peer_anew(struct beep_peer *p, uint64_t now);
void beep_tune_work(struct beep_peer *p, uint64_t now);
/* Tells who waits for it that channels may be started, or goes on with what the setup asks for. */
void beep_tune_told(struct beep_peer *p, uint64_t now);
/* What the setup asks for cannot be had: the session ends in order. */
__attribute__((format(printf, 3, 4))) void beep_tune_failed(struct beep_peer *p, uint64_t now, const char *fmt, ...);
/* Is that, as a reply on a tuning channel, poorly formed? */
bool beep_tune_poor(const struct beep_el *el);
/* A reply on a tuning channel of ours was no answer: the channel is to be closed.  What it was for is to be given up beside. */
void beep_tune_useless(struct beep_bound *b, uint64_t now);
/* The content of a profile element, or of a channel, read as one element; kind NONE when it is none, or faulty.  el is to be freed in any case. */
void beep_tune_read(struct beep_peer *p, slice content, struct beep_el *el);
/* Writes an element for the content of a profile. */
void beep_tune_write(struct beep_peer *p, const struct beep_el *el, struct buf *out, uint64_t now);
/* The profile that serves uri now; NULL and a refusal. */
const struct beep_profile *beep_peer_serves(const struct beep_peer *p, slice uri, struct beep_refusal *no);

/* --- beep_peer_raw.c --- */
/* What was queued went out: the session is over as BEEP.  What the reader held is given first. */
void beep_peer_raw_begin(struct beep_peer *p, uint64_t now);
/* The same for beep_peer_renew. */
void beep_peer_renewed(struct beep_peer *p, uint64_t now);
/* Octets of the wire behind that. */
void beep_peer_raw_feed(struct beep_peer *p, slice octets, uint64_t now);

/* --- tunnel.c --- */
/* Asks for the tunnel of the setup. */
void beep_via_ask(struct beep_peer *p, uint64_t now);

/* --- mutate_beep_peer.c: what mutants do; without a mistake all of them do nothing, and say no --- */
#define MUT(p, name) beep_mutant_is(p, BMUT_##name)
void beep_mistake_begin(struct beep_peer *p);
/* Sends one frame more, right behind what is queued. */
void beep_mistake_say(struct beep_peer *p, enum beep_keyword keyword, uint32_t channel, uint32_t msgno, const char *payload, uint64_t now);
/* ... that asks for that channel. */
void beep_mistake_start(struct beep_peer *p, uint32_t channel, uint64_t now);
/* Is that fault of the other side not noticed? */
bool beep_mistake_overlooks(const struct beep_peer *p, const struct beep_fault *f);
/* Says a TLS hello where none belongs. */
void beep_mistake_hello(struct beep_peer *p, uint64_t now);
/* A poorly-formed frame came. */
void beep_mistake_bad(struct beep_peer *p, uint64_t now);
/* Is this the frame that ends the session, or the greeting? */
bool beep_mistake_ends(struct beep_peer *p, const struct beep_got *g);
bool beep_mistake_dislikes(const struct beep_peer *p, const struct beep_el *greeting);
/* A message on channel 0 that is well-formed: true when it is to be called otherwise. */
bool beep_mistake_refuses(const struct beep_peer *p, slice message);
/* One with a document type or declaration: true when it is to be read without, as out has it then. */
bool beep_mistake_strips(const struct beep_peer *p, slice message, struct buf *out);
/* One that is to be answered by this code: true when that is not to be done, or is done. */
bool beep_mistake_answers(struct beep_peer *p, uint32_t msgno, uint16_t *code, uint64_t now);
/* A start came: true when it is dealt with. */
bool beep_mistake_start_asked(struct beep_peer *p, uint32_t msgno, const struct beep_el *el, uint64_t now);
void beep_mistake_declined(struct beep_peer *p, uint32_t number);
void beep_mistake_closed(struct beep_peer *p, uint32_t number);
/* Our start was answered. */
void beep_mistake_started(struct beep_peer *p, uint32_t number, bool declined, uint64_t now);
/* Is a channel to be closed with its first reply? */
bool beep_mistake_wants_close(const struct beep_peer *p);
/* Asks for the close of a channel at once (beep_peer_ask.c). */
void beep_mistake_close(struct beep_peer *p, struct beep_chan *c, uint64_t now);
/* Adds to the content of a start. */
err beep_mistake_content(const struct beep_peer *p, struct buf *content) MUST_CHECK;

/* --- beep_tls.c, beep_sasl.c --- */
extern const struct beep_profile beep_profile_tls, beep_profile_sasl[SASL_MECHS];
void beep_tls_ask(struct beep_peer *p, uint64_t now);
void beep_tls_work(struct beep_peer *p, uint64_t now);
/* tune_by is over: true when that was settled by a word, and the session goes on. */
bool beep_tls_late(struct beep_peer *p, uint64_t now);
/* Is authentication by us still to come before what the setup is for?  In front of a tunnel that is to its first proxy, behind it to its end. */
bool beep_sasl_wanted(const struct beep_peer *p);
void beep_sasl_ask(struct beep_peer *p, uint64_t now);
bool beep_sasl_offers(const struct beep_peer *p, enum sasl_mech mech, bool listed);

#endif
