/* SPDX-License-Identifier: MIT */
/* oe_table: the decision tables of model/oe_decide for people and for programs. */
#ifndef CLI_OE_TABLE_H
#define CLI_OE_TABLE_H

#include <stdbool.h>

/* A line for each table.  Returns the exit status. */
int cli_oe_tables(bool json);
/* The axes and the rules of one table; CLI_USE with a message when there is none of that name. */
int cli_oe_table(const char *name, bool json);

#endif
