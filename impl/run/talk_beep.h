/* SPDX-License-Identifier: MIT */
/* talk_beep: what a reference initiator has to say.  It starts one channel with the first profile of its list that the peer offers, sends a few messages there that show
 * what an initiator can send (a short one, one of every octet value, one that is longer than the first window), and then stays, or closes the channel and releases the
 * session. */
#ifndef RUN_TALK_BEEP_H
#define RUN_TALK_BEEP_H

#include "peer/beep_peer.h"

enum { TALK_BEEP_PROFILES = 3 };

struct talk_beep {
    struct beep_profile profile[TALK_BEEP_PROFILES]; /* what it speaks, best first; answers as beep_echo does */
    size_t profiles;
};

/* uri: a profile that it speaks beside echo and many; NULL: none.  Borrowed.  t must not move afterwards. */
void talk_beep_init(struct talk_beep *t, const char *uri);
/* It leaves when it has said everything, in order: close, then release.  What is declined it does not ask for again, and stays. */
void talk_beep_leaves(struct talk_beep *t);
/* For the hook greeted: starts the channel, unless there is one. */
void talk_beep_begin(struct talk_beep *t, struct beep_peer *p, uint64_t now);
/* One more short message, where the channel is open. */
void talk_beep_more(const struct talk_beep *t, struct beep_peer *p, uint64_t now);

#endif
