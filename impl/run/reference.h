/* SPDX-License-Identifier: MIT */
/* reference: makes reference peers of a role with one configuration, or with one mistake, for the in-memory suite. */
#ifndef RUN_REFERENCE_H
#define RUN_REFERENCE_H

#include "peer/iap_peer.h"
#include "peer/iap_proxy.h"
#include "run/identity.h"
#include "run/play_iap.h"

struct reference_options {
    const struct env *env;
    enum iap_under_test role;
    bool connects;          /* the peer opens the connection to to */
    const char *to;         /* address that it dials: the tester, or a proxy's next hop */
    const char *host;       /* name it puts into CONNECT */
    const char *identity;   /* proxy */
    bool no_tls, refusing, unconfigured;
    struct identities *identities; /* NULL with no_tls */
    enum iap_mutant mutant;
};

struct reference;

/* why: one line when certificates cannot be loaded. */
err reference_new(const struct reference_options *o, struct reference **out, char *why, size_t why_n) MUST_CHECK;
void reference_free(struct reference *r);
/* A new peer; owned by the caller (in practice the net). NULL when memory is short or, for the mutant that serves one connection only, busy. */
struct endpoint *reference_peer(struct reference *r);

#endif
