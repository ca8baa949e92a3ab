/* SPDX-License-Identifier: MIT */
/* proto_beep: what the suite has to be told about BEEP, and what a user can tell it about a BEEP peer. */
#ifndef RUN_PROTO_BEEP_H
#define RUN_PROTO_BEEP_H

#include "run/play_beep.h"
#include "run/proto.h"

/* The bits of the roles in struct mutant.roles. */
enum { BEEP_R_LISTENER = 1, BEEP_R_INITIATOR = 2, BEEP_R_BOTH = 3 };

/* suite_options.own of a run against a BEEP peer.  All of it may be left out. */
struct beep_options {
    const char *profile;            /* data profile that the peer offers; NULL: learned */
    bool echo;                      /* it sends back what it is sent */
    const char *mechanism;          /* of SASL; NULL: the best that the peer offers */
    const struct sasl_users *users; /* whom the peer knows: the first by name is who we are; as server we let in all of them.  NULL: nobody */
    const char *users_text;         /* the same as the text of a file (sec/sasl_creds.h), where users is NULL */
};

/* Who may come in where the reference is on both ends: in memory, and in check reference. */
#define BEEP_SAMPLE_USERS "alice wonder site-a\n"

struct beep_run { /* run_ctx.state */
    struct play_beep_run play; /* first: what the player is given */
    struct sasl_users *own;    /* made of a text; NULL */
};

extern const struct run_proto run_beep;

/* --- for protocols over BEEP, whose run_ctx.state begins with a struct play_beep_run -------------------------------------------- */
/* Fills what a run of BEEP has.  own may be NULL.  *users is set to what was made of own's text, for the caller to free; it stays as it is where there is none. */
err proto_beep_fill(const struct run_ctx *r, const struct beep_options *own, enum beep_under_test t, struct play_beep_run *out, struct sasl_users **users) MUST_CHECK;
/* The names that BEEP gives to scenarios. */
bool proto_beep_lookup(const struct run_ctx *r, const char *name, char *out, size_t n);

#endif
