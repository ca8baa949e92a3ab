/* SPDX-License-Identifier: MIT */
/* play_beep: the words of BEEP for scenarios (docs/scenarios.md, "BEEP vocabulary"), and what a run against a
 * BEEP peer needs. */
#ifndef RUN_PLAY_BEEP_H
#define RUN_PLAY_BEEP_H

#include "run/play.h"
#include "sec/sasl.h"
#include "sec/tls.h"

/* Who is tested: the listener accepts TCP, so we are the initiator, and the other way round (3081 2). */
enum beep_under_test { TEST_BEEP_LISTENER, TEST_BEEP_INITIATOR };

enum {
    PLAY_BEEP_URI = 256
}; /* octets of a profile's URI that are learned: longer ones are not used by default */

struct beep_play_more;

struct play_beep_run {
    enum beep_under_test under_test;
    const struct beep_play_more *more; /* words of a protocol over BEEP (run/play_beep_impl.h); NULL: none */
    bool no_tls;
    /* Gives the TLS context for one of our identities ("good", "expired" ...); NULL with why when there is
     * none.  Owned by the giver.  NULL: no TLS. */
    struct tls_context *(*identity)(void *ctx, const char *name, bool client, char *why, size_t why_n);
    void *identity_ctx;
    const char *profile; /* data profile that cases use; NULL: learned */
    bool echo; /* that profile sends each message back as it came: what the peer's MSGs are answered with, too
                */
    const char *user, *password; /* credentials that the peer knows; NULL: none */
    const char *authzid;         /* NULL: none */
    const char *mechanism; /* of $MECHANISM and of reach authenticated; NULL: the best that the peer offers */
    const struct sasl_users *users; /* whom we let in as a SASL server; NULL: nobody */
    unsigned scram_rounds;          /* that we want as a SASL server: sasl_options.scram_rounds */
    /* What the run has learned so far, kept from case to case. */
    uint64_t observed;                   /* bit set of enum play_beep_seen */
    char learned_profile[PLAY_BEEP_URI]; /* the first data profile that the peer offered, or asked for; ""
                                            unknown */
    char learned_offer[PLAY_BEEP_URI];   /* the first data profile that an initiator's greeting listed: it need not be what it asks for */
    bool learned_tls;                    /* the peer offers TLS */
    bool learned_wants_tls; /* an initiator that asks for TLS by itself: states behind the greeting lie behind
                               TLS, then */
    unsigned learned_mechanisms; /* SASL_BIT of what the peer offers */
};

/* What the passive checks need to have seen before they can say that a clause was kept. */
enum play_beep_seen {
    BEEP_SEEN_CONNECTION,
    BEEP_SEEN_FRAME,
    BEEP_SEEN_GREETING,
    BEEP_SEEN_REFUSAL,
    BEEP_SEEN_MSG,
    BEEP_SEEN_RPY,
    BEEP_SEEN_ERR,
    BEEP_SEEN_ANS,
    BEEP_SEEN_NUL,
    BEEP_SEEN_SEQ,
    BEEP_SEEN_SEGMENTED /* a message of several frames */,
    BEEP_SEEN_WINDOW /* more than the first window on one channel */,
    BEEP_SEEN_START,
    BEEP_SEEN_PROFILE,
    BEEP_SEEN_CLOSE,
    BEEP_SEEN_OK,
    BEEP_SEEN_ERROR,
    BEEP_SEEN_RELEASE /* asked for, or agreed to */,
    BEEP_SEEN_READY,
    BEEP_SEEN_PROCEED,
    BEEP_SEEN_HELLO,
    BEEP_SEEN_TLS,
    BEEP_SEEN_BLOB,
    BEEP_SEEN_AUTHENTICATED,
    BEEP_SEEN_DATA /* a message on a data channel */,
    BEEP_SEEN_FEATURES,
    BEEP_SEEN_TWO_CHANNELS /* data on two channels of one session */,
    BEEP_SEEN_PIPELINE /* a reply while another MSG of ours waits on the channel */,
    BEEP_SEEN_GREETED_AGAIN /* under TLS */,
    BEEP_SEEN_KEPT /* error to a close */,
    BEEP_SEEN_INNER /* an element inside the profile of a reply */,
    BEEP_SEEN_SASL_URI,
    BEEP_SEEN_TLS_TALK /* ready or proceed */
};

extern const struct play_proto play_beep;
/* Its functions, for a protocol over BEEP to put its own in front of: what each does is said in run/play.h. */
err play_beep_begin(struct player *p) MUST_CHECK;
void play_beep_done(struct player *p);
/* Forgets the connection of an end that is over, so that the end can have another one. */
void play_beep_over(struct player *p, int end);
void play_beep_up(struct player *p, int end, uint64_t now);
bool play_beep_feed(struct player *p, int end, slice *octets, uint64_t now);
void play_beep_ended(struct player *p, int end, enum link_end how, uint64_t now);
void play_beep_allowed(struct player *p, int end, char *out, size_t n);
uint64_t play_beep_deadline(const struct player *p);
void play_beep_tick(struct player *p, uint64_t now);
const char *play_beep_excuse(const struct player *p, int end, const struct play_event *ev);
/* The names of our ends: "peer", "second". */
extern const char *const play_beep_ends[3];
enum { PLAY_BEEP_ENDS = 2 };

/* The data profile that cases use: run->profile, otherwise what was learned; NULL when none is known yet. */
const char *play_beep_profile(const struct play_beep_run *r);
/* The mechanism that cases use: run->mechanism, otherwise the best that the peer offers and we have what it
 * takes for; NULL. */
const char *play_beep_mechanism(const struct play_beep_run *r, unsigned offered);

#endif
