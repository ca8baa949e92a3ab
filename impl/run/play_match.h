/* SPDX-License-Identifier: MIT */
/* play_match: does an event fit an alternative?  And both in words for people. */
#ifndef RUN_PLAY_MATCH_H
#define RUN_PLAY_MATCH_H

#include "run/play.h"

enum play_match { MATCH_NO, MATCH_YES, MATCH_PARTLY /* octets that may become what is wanted */ };

/* Names: the event's own; "close" for fin, reset and close-notify; "any" for each.  Values: octets as they are; in a value of digits and x an x is any
 * digit (4xx); * stands for any octets; octets is=same means what was sent raw on the other end. */
enum play_match play_matches(struct player *p, const struct scn_stmt *s, const struct play_event *ev);
bool play_is_silence(const struct scn_stmt *s);
/* "response code=400" */
void play_describe(const struct play_event *ev, char *out, size_t n);
void play_wanted(const struct scn_stmt *s, char *out, size_t n);

#endif
