/* SPDX-License-Identifier: MIT */
/* play_iap: the words of IAP for scenarios (docs/scenarios.md, "IAP vocabulary"), and what a run against an IAP peer needs. */
#ifndef RUN_PLAY_IAP_H
#define RUN_PLAY_IAP_H

#include "run/play.h"
#include "sec/tls.h"

enum iap_under_test { TEST_MANAGER, TEST_ANALYZER, TEST_PROXY };

/* Gives the TLS context for one of our identities ("good", "expired" ...; client: as analyzer); NULL with why when there is none. Owned by the giver. */
typedef struct tls_context *(*play_identity)(void *ctx, const char *name, bool client, char *why, size_t why_n);

struct play_iap_run {
    enum iap_under_test under_test;
    bool no_tls;
    play_identity identity;
    void *identity_ctx;
    const char *host;              /* name in CONNECT: the manager */
    char learned_identity[256];    /* of the proxy: the last Via line that it added, "" unknown */
    uint64_t observed;             /* bit set of enum play_iap_seen: what the peer was seen doing in the run */
};

/* What the passive checks need to have seen before they can say that a clause was kept. */
enum play_iap_seen {
    SEEN_SETUP_RESPONSE, SEEN_DATA_RESPONSE, SEEN_CONNECT, SEEN_VIA, SEEN_UPGRADE, SEEN_CHANNEL, SEEN_CONTENT, SEEN_HELLO, SEEN_TLS,
    SEEN_ANYTHING, SEEN_ERROR_RESPONSE, SEEN_CONNECTION
};

extern const struct play_proto play_iap;
/* The names of our ends, by what is tested. */
extern const char *const play_iap_ends[2][3]; /* [0] {"peer","second"}, [1] {"near","far"} */

#endif
