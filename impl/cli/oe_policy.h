/* SPDX-License-Identifier: MIT */
/* oe_policy: the options that tell oe decide and oe lookup what sort of gateway they decide for, as one child parser of argp. */
#ifndef CLI_OE_POLICY_H
#define CLI_OE_POLICY_H

#include <argp.h>

#include "codec/oe_policy.h"

struct cli_oe_policy {
    struct oe_policy policy;
    uint64_t seed; /* among gateways of the same precedence */
};
/* The usual policy: of the draft, as oe parse and oe record have it. */
void cli_oe_policy_init(struct cli_oe_policy *p);
/* Its input is a struct cli_oe_policy.  What cannot be read ends the program with a message. */
extern const struct argp cli_oe_policy_argp;

#endif
