/* SPDX-License-Identifier: MIT */
/* Between the files of the IDXP adapter: play_idxp (life, ends that read octets, sessions begun anew), _chan
 * (what passes on channels goes to the trackers), _event (what it tells), _reply (what we do by ourselves),
 * _say, _el and _sample (what is sent), _do, _reach and _look (what the peer's IDMEF shows). */
#ifndef RUN_PLAY_IDXP_IMPL_H
#define RUN_PLAY_IDXP_IMPL_H

#include "run/play_beep_impl.h"
#include "run/play_idxp.h"
#include "track/track_idxp.h"
#include "track/track_tunnel.h"

enum {
    IDXP_PLAY_CHANS = 64,   /* IDXP and TUNNEL channels of one connection that are followed */
    IDXP_PLAY_QUIET = 16,   /* MSGs of ours on a channel, sent by ourselves, whose replies are passed over */
    IDXP_PLAY_ALERTS = 128, /* messages of `do alerts' under way at a time */
    IDXP_PLAY_HOPS = 200    /* elements in one another that a statement can write */
};

struct idxp_play_chan {
    bool used, tunnel; /* tunnel: with that profile; otherwise IDXP */
    uint32_t number;
    int starter;         /* side */
    struct track_idxp t; /* IDXP */
    struct idxp_got got; /* of the last frame or content; valid until the next one */
    struct tunnel_got tgot;
    bool inside;                /* the start has an element inside, and is unanswered */
    bool in_start;              /* what got is about came in a start or its answer */
    bool peer_greeted, greeted; /* the peer, and we, sent a greeting */
    bool rejected;              /* our last greeting got an error */
    unsigned rejected_code;
    bool silent;    /* reach idxp-channel: we do not greet by ourselves */
    bool data_seen; /* data of the peer came */
    uint32_t quiet[IDXP_PLAY_QUIET];
    size_t quiets;
};

struct idxp_play_alerts {
    bool on;
    uint32_t channel, left, sent, oks, errors;
    unsigned code;
    bool disorder;
    uint32_t wait[IDXP_PLAY_ALERTS]; /* message numbers without a reply, oldest first */
    size_t waits;
    struct buf payload;
};

/* What an ident, or a messageid, of the peer stands for. */
struct idxp_play_id {
    uint64_t key, content;
};
enum { IDXP_PLAY_IDS = 256 };

struct idxp_play_way {
    size_t pc; /* the statement, + 1 */
    int step;
    uint32_t number, msgno;
    bool asked;
};

enum idxp_play_mode { IDXP_MODE_USUAL, IDXP_MODE_OCTETS, IDXP_MODE_BEEP };

struct idxp_play_end {
    struct player *p; /* for the hook of the connection */
    int end;
    struct idxp_play_chan chan[IDXP_PLAY_CHANS];
    uint32_t current, current_tunnel; /* channels that were reached, started or greeted on last; 0: none */
    bool has_tunnel;
    struct track_tunnel tunnel;
    struct track_idxp zero; /* for channel 0 */
    bool has_zero;
    bool offers_idxp, offers_tunnel; /* the peer's present greeting */
    bool hold_greetings, hold_data, hold_tunnels, hold_starts, no_greeting, no_renew;
    enum idxp_play_mode mode;  /* of the connection to come: said by the case */
    bool opaque;               /* octets are read */
    bool through;              /* a tunnel stands on this connection */
    bool switching;            /* the ok passed: what follows belongs to somebody else */
    bool ours_inside;          /* proxy: what comes is our own, passed on: nothing is held against the peer */
    bool we_asked, peer_asked; /* for a tunnel, unanswered */
    bool tunnel_failed;        /* our last element got an error */
    bool we_refused;           /* the last element of the peer got an error from us */
    size_t hops;               /* of the element that we sent last */
    bool first_renewed;        /* the first frame behind a tunnel is still to come */
    struct idxp_play_alerts alerts;
    struct idxp_play_id id[IDXP_PLAY_IDS]; /* of the peer's IDMEF; the oldest give way */
    size_t ids;
    struct idxp_play_way way;
};

struct idxp_play {
    struct beep_play beep; /* first */
    struct idxp_play_end end[PLAY_ENDS];
};

static inline struct idxp_play_end *idxp_play_end(const struct player *p, int end)
{
    return &((struct idxp_play *)p->state)->end[end];
}
static inline struct play_idxp_run *idxp_play_run(const struct player *p)
{
    return p->run->proto_run;
}
static inline bool idxp_play_proxy(const struct player *p)
{
    return idxp_play_run(p)->role == TEST_TUNNEL_PROXY;
}
static inline void idxp_play_see(struct player *p, int end, enum play_idxp_seen what)
{
    if (!idxp_play_end(p, end)->ours_inside) idxp_play_run(p)->observed |= 1ull << what;
}
enum { TUNNEL_PLAY_NEAR, TUNNEL_PLAY_FAR, TUNNEL_PLAY_SECOND };

/* --- channels ------------------------------------------------------------------------------------ */
/* NULL: no such channel with these profiles, started or open. */
struct idxp_play_chan *idxp_play_chan(const struct player *p, int end, uint32_t number);
bool idxp_play_open(const struct player *p, int end, uint32_t number);
/* The channel that a statement is about when it names none: the current one, or the newest that is open;
 * NULL. */
struct idxp_play_chan *idxp_play_current(const struct player *p, int end, bool tunnel);
/* The one on which the peer waits for a reply of ours; NULL. */
struct idxp_play_chan *idxp_play_owing(const struct player *p, int end, bool tunnel);
/* A start of the peer with an element inside that we have not answered; NULL. */
struct idxp_play_chan *idxp_play_owing_start(const struct player *p, int end, bool tunnel);
/* A frame that one side sent goes to the trackers.  rung: of the ladder, for faults of the peer. */
err idxp_play_pass(struct player *p, int end, int side, const struct beep_got *g, size_t rung) MUST_CHECK;
/* All channels are gone. */
void idxp_play_forget(struct player *p, int end);
/* The faults that a tracker found last. */
void idxp_play_faults(struct player *p, int end, struct track_idxp *t, size_t rung);
void idxp_play_tunnel_faults(struct player *p, int end, size_t rung);
/* One more, beside those. */
void idxp_play_fault(struct player *p, int end, int code, enum clause_id clause, enum defect_id defect,
                     bool fail, const char *text, size_t rung);

/* --- events -------------------------------------------------------------------------------------- */
enum beep_play_told idxp_play_tells(const struct player *p, int end, const struct beep_got *g);
err idxp_play_message(struct player *p, int end, const struct beep_got *g, size_t rung,
                      uint64_t now) MUST_CHECK;
void idxp_play_octets(struct player *p, int end, slice octets, uint64_t now);
/* Compact text of an element, as in send tunnel path=. */
void idxp_play_path(const struct tunnel_msg *m, char *out, size_t n);
/* What a message of IDMEF shows: for the run, and faults in it. */
void idxp_play_look(struct player *p, int end, slice body, slice charset, const struct idmef_result *r,
                    size_t rung);
void idxp_play_look_inside(struct player *p, int end, slice body, size_t rung);
/* What a greeting of BEEP shows. */
void idxp_play_look_greeting(struct player *p, int end, const struct beep_el *el, size_t rung);
/* What a greeting of IDXP shows. */
void idxp_play_look_idxp(struct player *p, int end, const struct idxp_msg *m, size_t rung);

/* --- by ourselves -------------------------------------------------------------------------------- */
err idxp_play_react(struct player *p, int end, const struct beep_got *g, bool *took, uint64_t now) MUST_CHECK;
/* ok to all that is complete on IDXP channels and was held. */
err idxp_play_rest(struct player *p, int end, uint64_t now) MUST_CHECK;
/* What became possible: greetings in turn, the session anew, alerts. */
err idxp_play_settle(struct player *p, int end, uint64_t now) MUST_CHECK;
err idxp_play_renew(struct player *p, int end, uint64_t now) MUST_CHECK;
err idxp_play_opaque(struct player *p, int end, uint64_t now) MUST_CHECK;
/* A reply to a message of `do alerts'?  It is counted, then. */
bool idxp_play_alert_reply(struct player *p, int end, uint32_t channel, uint32_t msgno, bool good,
                           unsigned code);
bool idxp_play_is_quiet(const struct idxp_play_chan *c, uint32_t msgno);
/* Our greeting on a channel, with the arguments of a statement (NULL: none). */
err idxp_play_greet(struct player *p, int end, struct idxp_play_chan *c, const struct scn_stmt *s,
                    uint64_t now) MUST_CHECK;
/* Appends our greeting as an element alone. */
err idxp_play_greeting(struct player *p, const struct scn_stmt *s, struct buf *out) MUST_CHECK;
/* Starts a channel with that content. */
err idxp_play_start(struct player *p, int end, const char *uri, slice content, uint32_t number,
                    uint32_t *msgno, uint64_t now) MUST_CHECK;

/* --- the words ----------------------------------------------------------------------------------- */
bool idxp_play_word(struct player *p, int end, const struct scn_stmt *s, const char *name,
                    struct beep_say_word *out);
err idxp_play_channel(struct player *p, int end, const struct scn_stmt *s, const struct beep_say_word *w,
                      uint32_t *out) MUST_CHECK;
err idxp_play_compose(struct player *p, int end, const struct scn_stmt *s, const struct beep_say_word *w,
                      bool goes_on, struct buf *out) MUST_CHECK;
/* The element, or the body of data, that a statement describes, in pieces.  *hops of a tunnel. */
err idxp_play_parts(struct player *p, const struct scn_stmt *s, const char *name,
                    struct parts *out) MUST_CHECK;
err idxp_play_sample(struct player *p, const struct scn_stmt *s, struct parts *out) MUST_CHECK;
/* XML with & < > ' replaced, whatever else stands in it. */
err idxp_play_escape(slice text, struct buf *out) MUST_CHECK;
err idxp_play_act(struct player *p, int end, const struct scn_stmt *s, const char *verb, bool *took,
                  uint64_t now) MUST_CHECK;
bool idxp_play_hold(struct player *p, int end, const char *what);
bool idxp_play_reach(struct player *p, int end, const char *state, int *r, uint64_t now, char *why,
                     size_t why_n);
int idxp_play_greeted(struct player *p, int end, char *why, size_t why_n);

extern const struct beep_play_more idxp_play_more;

#endif
