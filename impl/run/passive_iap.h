/* SPDX-License-Identifier: MIT */
/* passive_iap: the clauses that the tracker checks in every session.  Each becomes a result of its own, "iap/passive/3.1-1": kept, broken, or never seen. */
#ifndef RUN_PASSIVE_IAP_H
#define RUN_PASSIVE_IAP_H

#include "model/iap.h"
#include "run/play_iap.h"

struct passive_iap {
    enum clause_id clause;
    uint64_t needs;             /* bit set of enum play_iap_seen: all of them must have been seen */
    enum clause_id follows[5];  /* broken when one of these is, too */
};
extern const struct passive_iap passive_iap[];
extern const size_t passive_iap_count;
/* Does the clause bind the role under test ("initiator", "manager" ... against what the peer is)? */
bool passive_iap_binds(const struct clause *c, enum iap_under_test role, bool peer_connects);

#endif
