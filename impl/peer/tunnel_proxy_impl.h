/* SPDX-License-Identifier: MIT */
/* Between the files of the proxy: tunnel_proxy.c (the endpoint: events, deadlines), tunnel_proxy_ask.c (what
 * is asked for on the near side, and its answer), tunnel_proxy_rule.c (whether it may be), tunnel_proxy_way.c
 * (look-ups and the far connection), tunnel_proxy_relay.c (octets). */
#ifndef PEER_TUNNEL_PROXY_IMPL_H
#define PEER_TUNNEL_PROXY_IMPL_H

#include "peer/tunnel_impl.h"

enum { NEAR, FAR };

enum {
    TUNNEL_NAME_MAX = 400, /* srv, a name and a port; the DNS takes less, and says so */
    TUNNEL_MORE_MAX = 16,  /* requests that came while one was under way: each TUNNEL channel can have one */
    TUNNEL_SEEN =
        60, /* octets of what a far side says in place of a greeting, for the text of the error (6.3) */
    TUNNEL_SAME = 16,
    TUNNEL_PENDING = 256,
    TUNNEL_SETUP_MS = 20000,
    TUNNEL_CONNECT_MS = 5000,
    TUNNEL_AGAIN_MS = 5 /* until a connection is tried again for which there was no link */
};

enum tunnel_stage {
    TUNNEL_RESTS,  /* nothing is asked for */
    TUNNEL_ASKED,  /* a good element came */
    TUNNEL_LOOKS,  /* names are looked up */
    TUNNEL_DIALS,  /* a connection is being opened, or there is one to be */
    TUNNEL_WAITS,  /* it stands: a greeting is awaited */
    TUNNEL_PASSED, /* the inner element went on */
    TUNNEL_AGREED, /* ok is owed, or on its way */
    TUNNEL_FAILED, /* an error is owed */
    TUNNEL_THROUGH,
    TUNNEL_OVER /* the near side is gone */
};

struct tunnel_side {
    struct tunnel_proxy *p;
    struct beep_peer *peer; /* NULL: a last hop, which we do not speak BEEP with; or none */
    int link;               /* far: 0 for none */
    struct buf early;       /* octets for this side that came before it could take them */
    struct beep_raw raw;
    bool open;        /* octets can be written to it */
    bool ended, shut; /* it ended; we ended our direction to it */
    uint64_t octets;  /* that came from it */
    uint8_t last;     /* the last of them */
};

struct tunnel_more { /* a request that is refused once the one under way failed */
    uint32_t channel, msgno;
    bool in_start;
};

struct tunnel_proxy {
    struct endpoint e; /* first */
    const struct tunnel_proxy_setup *s;
    struct beep_setup near_setup, far_setup;
    const struct beep_profile *offered[BEEP_PROFILES_OFFERED];
    struct beep_profile near_profile, far_profile;
    struct tunnel_side side[2];
    struct beep_peer *old[LINK_MAX]; /* far sessions that are ending, by their link */
    enum tunnel_stage stage;
    bool settling, again;
    bool ok_sent;

    /* the request under way */
    struct beep_bound *b; /* its channel */
    bool in_start;
    uint32_t msgno;
    struct tunnel_msg msg;        /* as it came ... */
    const struct tunnel_msg *way; /* ... and as it was routed */
    struct buf text;              /* the same as text: what same_max compares */
    char neighbour[64];
    struct tunnel_proxy *next, *before; /* in the house */
    bool housed;
    struct buf answer; /* the element that is owed */
    uint64_t by, connect_by, again_by;
    bool looking, found, srv; /* a look-up is under way; it was answered; it was one of SRV */
    struct tunnel_place place[TUNNEL_PLACES_MAX];
    size_t places, place_at;
    char to[TUNNEL_NAME_MAX];    /* where it leads */
    char query[TUNNEL_NAME_MAX]; /* what is looked up */
    char named[TUNNEL_NAME_MAX]; /* the same with its port, as the hook that allows it is told */
    struct tunnel_no last;       /* what became of the address that was tried last, or of the look-up */
    struct tunnel_part far_part; /* the far answer, when it comes on the channel */
    char seen[TUNNEL_SEEN + 1];
    size_t seen_n;
    struct tunnel_more more[TUNNEL_MORE_MAX];
    size_t mores;

    uint64_t passed_at; /* last octets that went through */
};

#define PMUT(p, name) IMUT((p)->s->mutant, name)

static inline struct link *tunnel_link(struct tunnel_proxy *p, int side)
{
    return &p->e.link[p->side[side].link];
}
static inline struct beep_peer *tunnel_near(const struct tunnel_proxy *p)
{
    return p->side[NEAR].peer;
}

/* --- tunnel_proxy.c --- */
__attribute__((format(printf, 2, 3))) void tunnel_say(struct tunnel_proxy *p, const char *fmt, ...);
const char *tunnel_name(const struct tunnel_proxy *p);
/* Does what can be done now.  Everything that a callback finds out is noted in the stage, and done here. */
void tunnel_settle(struct tunnel_proxy *p, uint64_t now);
/* Ends both sides at once. */
void tunnel_drop_all(struct tunnel_proxy *p);

/* --- tunnel_proxy_ask.c --- */
void tunnel_ask_profile(struct tunnel_proxy *p);
/* Answers what is owed, when it can be. */
void tunnel_ask_answer(struct tunnel_proxy *p, uint64_t now);
/* An error of ours is owed: what was opened for the request is closed. */
__attribute__((format(printf, 4, 5))) void tunnel_ask_fail(struct tunnel_proxy *p, uint16_t code,
                                                           uint64_t now, const char *fmt, ...);
/* That of the next hop, unchanged. */
void tunnel_ask_pass(struct tunnel_proxy *p, const struct tunnel_msg *error, uint64_t now);
/* The request is over, whatever became of it. */
void tunnel_ask_over(struct tunnel_proxy *p, uint64_t now);

/* --- tunnel_proxy_rule.c --- */
/* Is the request allowed, by itself and with all else that is under way?  Routes it (p->way).  What is
 * against it in no. */
void tunnel_rule_request(struct tunnel_proxy *p, struct tunnel_no *no);
/* The same for a place that a look-up told; and for HOST:PORT in place of SRV. */
void tunnel_rule_place(struct tunnel_proxy *p, const char *to, struct tunnel_no *no);
void tunnel_rule_fallback(struct tunnel_proxy *p, struct tunnel_no *no);
void tunnel_house_leave(struct tunnel_proxy *p);

/* --- tunnel_proxy_way.c --- */
void tunnel_way_profile(struct tunnel_proxy *p);
/* Looks the next hop up. */
void tunnel_way_look(struct tunnel_proxy *p, uint64_t now);
/* The look-up was answered. */
void tunnel_way_found(struct tunnel_proxy *p, uint64_t now);
/* Connects to the place whose turn it is, unless that is under way. */
void tunnel_way_dial(struct tunnel_proxy *p, uint64_t now);
/* The place did not work out: the next one, or an error. */
void tunnel_way_next(struct tunnel_proxy *p, uint64_t now, const char *why);
void tunnel_way_up(struct tunnel_proxy *p, uint64_t now);
/* The far session is over before the tunnel stands. */
void tunnel_way_lost(struct tunnel_proxy *p, uint64_t now);
/* Lets the far connection go, and a look-up. */
void tunnel_way_close(struct tunnel_proxy *p, uint64_t now);

/* --- tunnel_proxy_relay.c --- */
void tunnel_relay_init(struct tunnel_proxy *p);
void tunnel_relay_octets(struct tunnel_proxy *p, int from, slice octets, uint64_t now);
/* Octets can be written to that side from now on. */
void tunnel_relay_open(struct tunnel_proxy *p, int side, uint64_t now);
void tunnel_relay_ended(struct tunnel_proxy *p, int from, enum link_end how, uint64_t now);
/* Who is read now. */
void tunnel_relay_pauses(struct tunnel_proxy *p);

#endif
