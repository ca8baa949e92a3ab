/* SPDX-License-Identifier: MIT */
/* oe_explain: a decision of a gateway for people and for programs: what it came to, and each rule that led there with its clause. */
#ifndef CLI_OE_EXPLAIN_H
#define CLI_OE_EXPLAIN_H

#include <jansson.h>
#include <stdio.h>

#include "peer/oe_agent.h"

/* "encrypt with 192.1.1.5, ..." and a line for each step, all of them behind prefix (";; ", ""). */
void cli_oe_explain(FILE *to, const char *prefix, const struct oe_decision *d);
/* Members decision or verdict, gateway, keys, source, life_ms, remembered and trail; NULL: out of memory. */
json_t *cli_oe_explain_json(const struct oe_decision *d);
/* Of phase 1 and 2: the decision is a verdict. */
bool cli_oe_is_verdict(const struct oe_decision *d);

#endif
