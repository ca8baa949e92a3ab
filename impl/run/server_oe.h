/* SPDX-License-Identifier: MIT */
/* server_oe: our parser and gateway as programs behind standard input and output: reference adapters (docs/oe-adapters.md). */
#ifndef RUN_SERVER_OE_H
#define RUN_SERVER_OE_H

#include "model/oe.h"
#include "run/server.h"

struct server_oe_options {
    enum oe_dialect dialect; /* of the parser; a gateway is told by `begin' */
    const char *dns;         /* gateway: whom to ask where `begin' names nobody; NULL: nobody */
};

extern const struct server_ops server_oe; /* o->own is a struct server_oe_options */

#endif
