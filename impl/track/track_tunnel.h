/* SPDX-License-Identifier: MIT */
/* track_tunnel: observes TUNNEL (RFC 3620) on one BEEP session with the tables of model/tunnel: elements in start and on channels with the profile, their replies, and what comes behind ok.  It does not
 * know which side "we" are: side 0 opened the TCP connection.  After a fault it stays usable.  What may have crossed on the way is not judged.
 *
 * Behind the frame with ok the session is over (4): of the answerer's direction everything behind that frame's trailer, of the asker's everything behind what it sent before it read the ok.  Where that
 * is in the asker's direction only the asker knows: a SEQ that left it before is passed on (TUNNEL-D13). */
#ifndef TRACK_TRACK_TUNNEL_H
#define TRACK_TRACK_TUNNEL_H

#include "base/buf.h"
#include "codec/beep_frame.h"
#include "codec/tunnel_msg.h"

enum {
    TUNNEL_TRACK_FAULTS = 10,
    TUNNEL_CHANNELS_MAX = 16,  /* channels with the profile that are followed at a time: one is usual */
    TUNNEL_EXCHANGES_MAX = 16  /* MSGs of one side on one channel without reply that are remembered */
};

struct tunnel_fault {
    enum tunnel_fault_code code;
    enum severity severity;
    enum clause_id clause;
    enum defect_id defect;
    int side;
    uint32_t channel;
    const char *text; /* static */
};

/* What protects the session at this time. */
enum tunnel_cover { TUNNEL_CLEAR, TUNNEL_IN_SASL /* a security layer of SASL (TUNNEL-D14) */, TUNNEL_IN_TLS };

struct tunnel_got {
    enum tunnel_kind kind;     /* NOTHING until the message is whole, and for one that is no element of TUNNEL */
    enum beep_keyword keyword;
    uint32_t channel, msgno;
    bool embedded;             /* in start or its answer */
    bool last;                 /* the message is whole; always for start and answer */
    const struct tunnel_msg *msg; /* with last; NULL when there is nothing to read */
    err read;                  /* of msg: OK or ERR_PEER */
    bool answers;              /* a reply: it answers a tunnel element.  msg of the element is gone; see way, hops */
    bool crossed;              /* tunnel element: one of the other side is unanswered; each may have been sent before the other came */
    bool declined;             /* the start got ERR: there is no channel */
    bool through;              /* with this reply the tunnel stands: every octet behind its frame is raw */
    bool reset;                /* and the element had no attributes: whoever answered is the end, and greets anew */
    bool beep;                 /* and the innermost element of it had none: BEEP begins anew with the far end */
    enum tunnel_way way;       /* of the outermost element that was asked (element and its reply) */
    size_t hops;
    unsigned reply;            /* MSG and start: what a receiver answers, 0: the element is right, as far as form and order go */
    const char *why;           /* for people; NULL when 0 */
    const struct fsm_row *row; /* of tunnel_machine; NULL none */
};

struct track_tunnel_channel;
struct track_tunnel {
    const struct env *env;
    struct fsm_inst fsm;       /* tunnel_machine, as observed */
    struct track_tunnel_channel *channel[TUNNEL_CHANNELS_MAX];
    enum tunnel_cover cover;   /* set by track_tunnel_cover */
    bool tainted[2];           /* a deliberate mistake of that side (set it): order is not held against the other one any more */
    unsigned pending[2];       /* tunnel elements of side without reply */
    bool lost;                 /* order is no longer judged */
    uint64_t raw[2];           /* octets behind ok, by sender */
    struct tunnel_msg msg;     /* of the last call */
    bool msg_used;
    uint32_t fault_n;          /* of the last call */
    struct tunnel_fault fault[TUNNEL_TRACK_FAULTS];
};

/* Never fails: memory comes with the first channel. */
void track_tunnel_init(struct track_tunnel *t, const struct env *env);
void track_tunnel_done(struct track_tunnel *t);

/* Every function below that takes *got sets t->fault[0 .. fault_n); what *got points to is valid until the next call.  ERR_MEM: what the message was is not known, and the tracker stays usable.
 *
 * From now on the session is covered so; all channels are gone (RFC 3080 3). */
void track_tunnel_cover(struct track_tunnel *t, enum tunnel_cover cover);
/* A greeting of side offers this URI, whatever it is.  AFTER_TLS, and URI when it is that of TUNNEL but for letter case, a slash or a dot behind it.  True: it is TUNNEL. */
bool track_tunnel_offered(struct track_tunnel *t, int side, slice uri);
/* side sent a start for TUNNEL on channel; uri as it stands there, content: of the profile element, undone, SLICE_NONE when there is none.  Of a start with several profiles: the one that was chosen. */
err track_tunnel_start(struct track_tunnel *t, int side, uint32_t channel, slice uri, slice content, struct tunnel_got *got) MUST_CHECK;
/* side answered it: by RPY with this content, or by ERR (declined). */
err track_tunnel_answer(struct track_tunnel *t, int side, uint32_t channel, slice content, bool declined, struct tunnel_got *got) MUST_CHECK;
/* Payload octets of one message on a channel that was started, in any pieces. */
err track_tunnel_octets(struct track_tunnel *t, int side, uint32_t channel, enum beep_keyword keyword, uint32_t msgno, slice octets, bool last, struct tunnel_got *got) MUST_CHECK;
/* The channel was closed, not by a tunnel. */
void track_tunnel_closed(struct track_tunnel *t, uint32_t channel);
/* Octets behind the ok. */
void track_tunnel_raw(struct track_tunnel *t, int side, size_t octets);
/* The connection ended. */
void track_tunnel_ended(struct track_tunnel *t, int side);

enum tunnel_state track_tunnel_state(const struct track_tunnel *t);
/* The side that asked and is unanswered or got ok; -1 none. */
int track_tunnel_asker(const struct track_tunnel *t);

/* --- a proxy, for whoever sees both of its sides (4) --------------------------------------------------------------------------
 * The order of its events is that of tunnel_relay_machine.  near and far may cross as well: what the proxy does is judged against what it was sent before, which the one who plays both neighbours knows
 * to have arrived only when the proxy reacts to it; the machine has no row that needs more. */
enum tunnel_link { TUNNEL_NEAR, TUNNEL_FAR };
struct track_relay {
    struct fsm_inst fsm;       /* tunnel_relay_machine, PROXY on side 0 */
    struct buf through[2];     /* octets that were sent to the proxy on a link and did not come out on the other one */
    uint64_t in[2], out[2];    /* octets sent to the proxy on a link; octets that came out for them */
    bool lossy[2];             /* more are under way than are held: the rest is counted only */
    uint32_t fault_n;          /* of the last call; at most one */
    struct tunnel_fault fault; /* code ORDER; clause and defect of the row; channel 0 */
};
/* window: octets in flight of one direction that are held to be compared; more are counted. */
void track_relay_init(struct track_relay *r, const struct env *env, size_t window);
void track_relay_done(struct track_relay *r);
/* by_proxy: what the proxy did; else what near or far did.  The row, or NULL when there is none; kinds other than OK are faults of who did it (side 0 the proxy, 1 the neighbour). */
const struct fsm_row *track_relay_step(struct track_relay *r, bool by_proxy, enum tunnel_relay_event ev);
/* Octets that a neighbour sent on link behind the ok (far: from AGREED on).  ERR_MEM only. */
err track_relay_in(struct track_relay *r, enum tunnel_link link, slice octets) MUST_CHECK;
/* Octets that the proxy put out on link.  False: they are not what was sent on the other link, at octet *at of this piece (fault, TUNNEL 1-2). */
bool track_relay_out(struct track_relay *r, enum tunnel_link link, slice octets, size_t *at);
/* Octets that are still owed on that link. */
uint64_t track_relay_owed(const struct track_relay *r, enum tunnel_link link);

#endif
