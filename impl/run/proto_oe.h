/* SPDX-License-Identifier: MIT */
/* proto_oe: opportunistic encryption for the suite, the proof that it can fail, and the commands. */
#ifndef RUN_PROTO_OE_H
#define RUN_PROTO_OE_H

#include "run/play_oe.h"
#include "run/proto.h"

/* Bits of the roles; those of the deliberate mistakes (peer/mutate_oe.h) are the same. */
enum { OE_R_PARSER = 1, OE_R_GATEWAY = 2 };

/* Where our name server is in memory: the reference is told so by `begin', and whoever dials it or "tester"
 * comes to us. */
#define OE_MEM_DNS "127.0.0.1:5301"

struct oe_run {
    struct play_oe_run play;
    char dns[64]; /* over sockets, from bound() */
};

/* bound() takes the address of our name server, and has to be called before the first case is played over
 * sockets. */
extern const struct run_proto run_oe;

#endif
