/* SPDX-License-Identifier: MIT */
/* Between the files of the BEEP adapter: play_beep (life), _event (what came becomes events), _seen (what it
 * tells), _reply (what we do by ourselves), _sasl, _many (channels by the number), _say (send and raw), _do
 * and _reach. */
#ifndef RUN_PLAY_BEEP_IMPL_H
#define RUN_PLAY_BEEP_IMPL_H

#include "codec/parts.h"
#include "peer/beep_conn.h"
#include "run/play_beep.h"

enum {
    BEEP_PLAY_PARTS = 64, /* messages of the peer that are in progress at once and counted: as many channels
                             as a case talks about */
    BEEP_PLAY_SENT = 64, /* messages of ours that a reply can be compared with: pipelined, and not answered */
    BEEP_PLAY_OWED = 128,    /* replies of ours that wait: for the window, or for other replies */
    BEEP_PLAY_EXCHANGES = 8, /* authentications of one case */
    BEEP_PLAY_FRAME = 16384, /* octets of a frame of ours, unless the case says otherwise: no peer of small
                                buffers is asked too much */
    BEEP_PLAY_GRANT = 65536  /* octets that we let a peer send ahead: any message that it echoes fits */
};

/* A message of the peer that is not complete. */
struct beep_play_part {
    bool used;
    enum beep_keyword keyword;
    uint32_t channel, msgno, ansno;
    uint32_t frames, largest;
    uint64_t size;
};

/* What a reply that echoes has to equal. */
struct beep_play_sent {
    bool used;
    uint32_t channel, msgno;
    uint64_t hash, size;
};

enum beep_play_then { BEEP_THEN_NOTHING, BEEP_THEN_TLS, BEEP_THEN_LAYER, BEEP_THEN_END };

/* A message that we send by ourselves, once it may be sent. */
struct beep_play_owed {
    enum beep_keyword keyword;
    uint32_t channel, msgno;
    struct buf payload;
    size_t at; /* octets sent */
    bool begun;
    bool closing; /* ok to the close of `number`: waits until nothing is open there (3080 2.3.1.3) */
    uint32_t number;
    enum beep_play_then then;
    char what[24]; /* for the ladder */
};

/* A send statement that may take several frames, and wait for the window between them. */
struct beep_play_sending {
    bool on;
    size_t pc; /* the statement, + 1 */
    enum beep_keyword keyword;
    uint32_t channel, msgno, ansno;
    struct buf payload;
    size_t at, frame; /* frame: octets of each */
    bool begun, more, reckless;
    bool composed; /* by a protocol over BEEP */
    char what[24];
};

struct beep_play_exchange {
    struct sasl_context *context;
    struct sasl *sasl;
};

struct beep_play_sasl { /* an authentication that runs by itself */
    bool on, client;
    bool may_layer; /* client: a security layer may come of it */
    bool channel_open;
    uint32_t channel;
    char mechanism[32];
    struct buf first; /* the client's first blob, where the start did not carry it */
    bool has_first;
    struct sasl *sasl; /* one of exchange[] */
};

struct beep_play_way { /* what reach asked for and waits for the answer to */
    size_t pc;         /* the statement, + 1; 0: none */
    uint32_t number, msgno;
    bool asked;
};

struct beep_play_many { /* channels that we start one behind the other */
    bool on, waits;     /* waits: for the answer to the last start */
    uint32_t left, number, msgno, accepted, declined;
    uint16_t code; /* of the last refusal, 0: none */
    slice uri;     /* of the plan, or of the run */
};

struct beep_play_end {
    struct beep_conn conn;
    bool live; /* conn is in use */
    bool dials;
    bool hold;                      /* nothing is answered by itself */
    bool hold_closes, hold_release; /* the close of a channel, or of the session, is not */
    bool no_seq;                    /* no window is granted by itself */
    uint32_t no_seq_on;             /* nor on this data channel; 0: none */
    bool no_greeting;
    bool greeted; /* we sent our greeting, or something in its place, since the connection stands or was tuned
                   */
    bool peer_greeted; /* the peer's greeting, or its refusal, came */
    bool auto_tls;     /* a proceed is followed by the handshake */
    bool resume;       /* TLS: try to resume the session before */
    bool authenticated;
    const char *identity;        /* certificate that we show; a word of the plan */
    char offered[PLAY_BEEP_URI]; /* first data profile of the peer's present greeting */
    bool offers_tls;
    unsigned offers_sasl;
    enum beep_tuning_state was_tuning; /* ahead of the last event */
    char declined[96];                 /* the last error that the peer answered, for people */
    bool peer_releases;                /* the peer asked for the release of its own accord, and we agree */
    uint64_t over_at;      /* the peer ended the session of its own accord: then the case is over, 0: never */
    bool refused;          /* error in place of the greeting */
    uint32_t data_channel; /* the channel that data came on, for BEEP_SEEN_TWO_CHANNELS */
    struct beep_play_part part[BEEP_PLAY_PARTS];
    struct beep_play_sent sent[BEEP_PLAY_SENT];
    size_t sent_next;
    struct beep_play_owed owed[BEEP_PLAY_OWED];
    size_t owed_n;
    struct beep_play_sending sending;
    struct beep_play_sasl sasl;
    struct beep_play_exchange exchange[BEEP_PLAY_EXCHANGES];
    size_t exchanges;
    struct beep_play_way way;
    struct beep_play_many many;
};
struct beep_play {
    char resume_key[32]; /* sessions are resumed within one case only, however many run at once */
    struct beep_play_end end[PLAY_ENDS];
};

/* --- a protocol over BEEP ------------------------------------------------------------------------ */
enum beep_say_kind { SAY_ELEMENT, SAY_DATA, SAY_XML, SAY_SEQ, SAY_MORE /* composed by the protocol */ };
enum beep_say_where { WHERE_MANAGEMENT, WHERE_DATA, WHERE_TUNING, WHERE_MORE /* chosen by it */ };
struct beep_say_word {
    const char *name;
    enum beep_say_kind kind;
    enum beep_element element;
    enum beep_keyword keyword;
    enum beep_say_where where;
};

/* What becomes of BEEP's own event of a message that the protocol tells of. */
enum beep_play_told {
    BEEP_TOLD_AS_EVER,
    BEEP_TOLD_SHYLY, /* passed over unless an alternative names it */
    BEEP_TOLD_NOT
};

/* What it adds to the words of BEEP.  All functions are there. */
struct beep_play_more {
    size_t state;      /* octets of p->state, which begins with struct beep_play */
    const char *words; /* of send, of do, and states, for people */
    const char *verbs;
    const char *states;
    /* conn of an end was set up anew; all channels of it are gone (tuning, begun anew). */
    void (*live)(struct player *p, int end);
    void (*fresh)(struct player *p, int end);
    /* May SEQ be sent by ourselves now? */
    bool (*may_talk)(const struct player *p, int end);
    /* A frame of the peer, ahead of the events of its message. */
    err (*frame)(struct player *p, int end, const struct beep_got *g, size_t rung);
    enum beep_play_told (*tells)(const struct player *p, int end, const struct beep_got *g);
    /* A whole message of the peer, behind BEEP's own event. */
    err (*message)(struct player *p, int end, const struct beep_got *g, size_t rung, uint64_t now);
    /* A MSG that is to be answered by ourselves.  *took: it was, or was left to the case. */
    err (*react)(struct player *p, int end, const struct beep_got *g, bool *took, uint64_t now);
    /* Profiles that we offer behind the data profile: URIs, static; NULL behind the last. */
    const char *(*offer)(const struct player *p, int end, size_t which);
    /* Both greetings passed: 1 that is enough, 0 something else comes first, -1 it never will: why. */
    int (*greeted)(struct player *p, int end, char *why, size_t why_n);
    /* send: false when the word is another. */
    bool (*word)(struct player *p, int end, const struct scn_stmt *s, const char *name, struct beep_say_word *out);
    err (*channel)(struct player *p, int end, const struct scn_stmt *s, const struct beep_say_word *w, uint32_t *out);
    err (*compose)(struct player *p, int end, const struct scn_stmt *s, const struct beep_say_word *w, bool goes_on,
                   struct buf *payload);
    /* do: *took false when the verb is another. */
    err (*act)(struct player *p, int end, const struct scn_stmt *s, const char *verb, bool *took, uint64_t now);
    /* do hold WHAT; false when there is no such thing.  NULL: answer everything again. */
    bool (*hold)(struct player *p, int end, const char *what);
    /* reach: false when the state is another; *r as beep_play_reach gives it. */
    bool (*reach)(struct player *p, int end, const char *state, int *r, uint64_t now, char *why, size_t why_n);
};

static inline struct beep_play_end *beep_play_end(const struct player *p, int end)
{
    return &((struct beep_play *)p->state)->end[end];
}
static inline struct play_beep_run *beep_play_run(const struct player *p)
{
    return p->run->proto_run;
}
static inline void beep_play_see(struct player *p, enum play_beep_seen what)
{
    beep_play_run(p)->observed |= 1ull << what;
}
/* 3080 4.1: the peer may complete an exchange of ours at any moment, and what we send in clear then would be
 * taken for the security layer's. */
static inline bool beep_play_may_layer(const struct beep_play_end *x)
{
    return x->sasl.on && x->sasl.client && x->sasl.may_layer;
}
static inline bool beep_play_secured(const struct beep_play_end *x)
{
    return beep_conn_secured(&x->conn);
}

/* --- fields of events ---------------------------------------------------------------------------- */
struct beep_fields {
    struct play_field f[PLAY_FIELDS];
    size_t n;
    char text[PLAY_FIELDS][24];
};
void beep_put(struct beep_fields *f, const char *key, slice value);
void beep_put_number(struct beep_fields *f, const char *key, uint64_t v);

/* --- life ---------------------------------------------------------------------------------------- */
/* Asks for the connection of an end that dials, if it is not open; nothing for ends that wait. */
void beep_play_open(struct player *p, int end);
/* Sends the greeting, unless the case has one of its own or forbade it. */
err beep_play_greet(struct player *p, int end, uint64_t now) MUST_CHECK;
/* Begins the handshake.  client: we sent the ready. */
err beep_play_start_tls(struct player *p, int end, bool client) MUST_CHECK;
/* FIN; notify: close_notify ahead of it. */
err beep_play_close(struct player *p, int end, bool notify, uint64_t now) MUST_CHECK;
/* The layer below changed: channels, replies that wait and ways are gone. */
void beep_play_fresh(struct player *p, int end);

/* --- sending ------------------------------------------------------------------------------------- */
/* Sends octets of one frame, or of none, and notes them in the ladder: what names them. */
err beep_play_write(struct player *p, int end, slice octets, const char *what, uint64_t now) MUST_CHECK;
/* A frame as it should be: seqno comes from the tracker. */
err beep_play_frame(struct player *p, int end, enum beep_keyword keyword, uint32_t channel, uint32_t msgno,
                    uint32_t ansno, bool more, slice payload, const char *what, uint64_t now) MUST_CHECK;
/* Grants: SEQ for the channel, window octets from where the peer stands. */
err beep_play_seq(struct player *p, int end, uint32_t channel, uint32_t window, uint64_t now) MUST_CHECK;
/* A message of channel management as it should be, queued behind what waits already (MSG: a number is
 * chosen; one that the window does not hold goes out in frames as the peer grants).  *msgno may be NULL. */
err beep_play_element(struct player *p, int end, enum beep_keyword keyword, uint32_t channel, uint32_t *msgno,
                      const struct beep_el *el, enum beep_play_then then, uint64_t now) MUST_CHECK;
/* Remembers what a MSG of ours holds, piece by piece. */
void beep_play_remember(struct beep_play_end *x, uint32_t channel, uint32_t msgno, slice octets);
/* 1 the message equals our MSG of that number, 0 it does not, -1 not known. */
int beep_play_same(const struct beep_play_end *x, uint32_t channel, uint32_t msgno, slice message);
/* The channel that data goes to when a statement names none; 0 when there is none. */
uint32_t beep_play_data_channel(const struct beep_play_end *x);
/* Fills the profiles of our greeting: at most n of them.  Text lives in store. */
size_t beep_play_offers(struct player *p, int end, struct beep_profile_el *out, size_t n, struct buf *store);

/* --- by ourselves -------------------------------------------------------------------------------- */
/* What a whole message of the peer asks us to do.  Sends nothing yet: *got has to stay as it is. */
err beep_play_react(struct player *p, int end, const struct beep_got *got, uint64_t now) MUST_CHECK;
/* Sends what waits and may be sent. */
err beep_play_pump(struct player *p, int end, uint64_t now) MUST_CHECK;
/* Grants the peer what it may want next on the channel. */
err beep_play_grant(struct player *p, int end, uint32_t channel, uint64_t now) MUST_CHECK;
/* Queues a reply: payload is copied. */
err beep_play_owe(struct player *p, int end, enum beep_keyword keyword, uint32_t channel, uint32_t msgno,
                  slice payload, enum beep_play_then then, const char *what) MUST_CHECK;

/* --- SASL ---------------------------------------------------------------------------------------- */
err beep_play_sasl_begin(struct player *p, int end, const char *mechanism, const struct scn_stmt *s,
                         uint64_t now) MUST_CHECK;
/* Is the reply part of an exchange of ours that runs by itself? */
bool beep_play_sasl_about(const struct beep_play_end *x, const struct beep_got *got);
err beep_play_sasl_reply(struct player *p, int end, const struct beep_got *got, uint64_t now) MUST_CHECK;
/* As server: fills the element to answer with, and what follows. */
err beep_play_sasl_start(struct player *p, int end, slice mechanism, const struct beep_el *inner,
                         uint32_t channel, struct beep_el *answer, struct buf *store,
                         enum beep_play_then *then, uint64_t now) MUST_CHECK;
err beep_play_sasl_blob(struct player *p, int end, const struct beep_el *blob, struct beep_el *answer,
                        struct buf *store, enum beep_play_then *then, uint64_t now) MUST_CHECK;
/* The completing reply passed: the security layer, if there is one, holds from here. */
err beep_play_sasl_layer(struct player *p, int end, uint64_t now) MUST_CHECK;
void beep_play_sasl_done(struct beep_play_end *x);

/* --- channels by the number ---------------------------------------------------------------------- */
/* Starts count channels, one behind the answer of the other, and raises `channels` in the end.  uri is
 * borrowed for the case. */
err beep_play_many_begin(struct player *p, int end, uint32_t count, slice uri, uint64_t now) MUST_CHECK;
/* Is the reply the one to the last of them? */
bool beep_play_many_about(const struct beep_play_end *x, const struct beep_got *got);
/* Counts it.  good: it is readable. */
void beep_play_many_reply(struct beep_play_end *x, const struct beep_got *got, bool good);
/* Goes on, once the window lets it. */
err beep_play_many_go(struct player *p, int end, uint64_t now) MUST_CHECK;

/* --- events -------------------------------------------------------------------------------------- */
/* The element and its number for the ladder: "start number=1". */
void beep_play_summary(const struct beep_el *el, char *out, size_t n);
/* The header of a frame in octets, printable: "MSG 0 1 . 52 120". */
void beep_play_head(slice octets, char *out, size_t n);
/* The faults of the tracker that are the peer's. */
void beep_play_faults(struct player *p, int end, size_t rung);
/* What a frame of the peer shows: for the run, and faults that the tracker does not tell. */
void beep_play_look(struct player *p, int end, const struct beep_got *g, bool greeting, size_t rung);
void beep_play_look_hello(struct player *p, int end, size_t rung);
/* What a readable element of the peer tells the run. */
void beep_play_learn(struct player *p, int end, const struct beep_got *g);
/* A complete message of channel management or tuning without a fault that asks for ERR 500 or 501. */
bool beep_play_readable(const struct beep_got *g);
void beep_play_plain(struct player *p, int end, const char *name, bool shy, const char *label, uint64_t now);
/* One event of the connection; false when there is none. */
bool beep_play_next(struct player *p, int end, slice *in, uint64_t now);

/* --- the words ----------------------------------------------------------------------------------- */
err beep_play_send(struct player *p, int end, const struct scn_stmt *s, uint64_t now) MUST_CHECK;
err beep_play_act(struct player *p, int end, const struct scn_stmt *s, uint64_t now) MUST_CHECK;
int beep_play_reach(struct player *p, int end, const char *state, uint64_t now, char *why, size_t why_n);
/* The text of an argument, NULL when it is not there; second and later positional ones by their number from
 * 0. */
const char *beep_play_text(const struct scn_stmt *s, const char *key);
const char *beep_play_word(const struct scn_stmt *s, size_t which);
slice beep_play_octets(const struct scn_stmt *s, const char *key);
bool beep_play_number(const struct scn_stmt *s, const char *key, uint32_t *out);
bool beep_play_yes(const struct scn_stmt *s, const char *key);
/* Octets of a statement: key="…", or fill=N size=N, or pattern=N.  key NULL: the first positional value. */
err beep_play_make(struct player *p, const struct scn_stmt *s, const char *key, struct buf *out) MUST_CHECK;
/* Where a change belongs. */
enum beep_play_layer { BEEP_OF_FRAME, BEEP_OF_PAYLOAD, BEEP_OF_ELEMENT };
err beep_play_change(struct player *p, const struct scn_stmt *s, struct parts *parts, enum beep_play_layer layer)
    MUST_CHECK;
/* Steps of reach for others: 1 there, 0 on the way, -1 stuck: why. */
/* A message of ours on channel 0, sent or waiting for the window, is not answered yet. */
bool beep_play_management(const struct beep_play_end *x, uint32_t msgno);
int beep_play_to_greeted(struct player *p, int end, uint64_t now, char *why, size_t why_n);
int beep_play_to_tls(struct player *p, int end, uint64_t now, char *why, size_t why_n);
int beep_play_to_authenticated(struct player *p, int end, uint64_t now, char *why, size_t why_n);

#endif
