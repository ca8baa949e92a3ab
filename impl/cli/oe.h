/* SPDX-License-Identifier: MIT */
/* oe: the subcommands of draftproof oe. */
#ifndef CLI_OE_H
#define CLI_OE_H

#include <stdio.h>

#include "base/slice.h"
#include "model/oe.h"

/* argv[0] is "draftproof oe NAME". */
int cli_oe_parse(int argc, char **argv);
int cli_oe_record(int argc, char **argv);
int cli_oe_lookup(int argc, char **argv);
int cli_oe_decide(int argc, char **argv);
int cli_oe_cases(int argc, char **argv);
/* The options of each, as --help lists them. */
void cli_oe_parse_help(FILE *to);
void cli_oe_record_help(FILE *to);
void cli_oe_lookup_help(FILE *to);
void cli_oe_decide_help(FILE *to);
void cli_oe_cases_help(FILE *to);

enum { CLI_OE_INPUT_MAX = 4 * 1024 * 1024 }; /* octets read from standard input or a file: a zone of some thousand keys */
/* All of a file ("-": standard input), with malloc; NULL after a message. */
uint8_t *cli_oe_file(const char *path, size_t *n);
/* The dialect of an option; ends the program with a message when there is none of that name. */
enum oe_dialect cli_oe_dialect(const char *value);

#endif
