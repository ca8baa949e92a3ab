/* SPDX-License-Identifier: MIT */
/* passive_oe: the clauses of opportunistic encryption that a capture of one gateway shows.  Each becomes a result of `draftproof replay': "oe/passive/4.4-1".
 * Where the suite asks a gateway through its adapter there is no capture, and they are not told: its observed() has none of these bits. */
#ifndef RUN_PASSIVE_OE_H
#define RUN_PASSIVE_OE_H

#include "run/proto.h"

enum { PASSIVE_OE = 42 };
/* Their needs are bit sets of enum oe_wire (model/oe_track.h). */
extern const struct run_passive passive_oe[PASSIVE_OE];

#endif
