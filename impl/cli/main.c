/* SPDX-License-Identifier: MIT */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

#ifndef DRAFTPROOF_VERSION
#define DRAFTPROOF_VERSION "0.1.0"
#endif

const char *argp_program_version = "draftproof " DRAFTPROOF_VERSION;

static const struct cli_command commands[] = {
    {"check", cli_check, "run the conformance suite against a peer"},
    {"serve", cli_serve, "run a reference peer"},
    {"send", cli_send, "send alerts as an analyzer and wait for each acknowledgement"},
    {"store", cli_store, "list or extract what a manager stored"},
    {"clauses", cli_clauses, "print the catalogue of clauses and how each is covered"},
    {"mutants", cli_mutants, "print the deliberate mistakes, or run the suite against them"},
    {"model", cli_model, "print a protocol's state machine"},
    {"idmef", cli_idmef, "validate IDMEF messages"},
    {"oe", cli_oe, "read, print or look up records of opportunistic encryption, decide by them"},
    {"replay", cli_replay, "judge captures of a gateway of opportunistic encryption"},
    {"pki", cli_pki, "make a throw-away CA, certificates and keys"},
};
enum { COMMANDS = sizeof commands / sizeof *commands };

static void overview(FILE *to)
{
    fprintf(to, "Usage: draftproof COMMAND [OPTION...]\n\n"
                "Conformance and fuzz testing for intrusion-alert protocols and opportunistic encryption.\n\n");
    for (size_t i = 0; i < COMMANDS; i++)
        fprintf(to, "  %-9s %s\n", commands[i].name, commands[i].line);
    fprintf(to, "\ndraftproof COMMAND --help tells the options of a command; man draftproof tells the rest.\n"
                "Exit status: 0 fine, 1 something failed, 2 wrong use, 3 nothing was proven.\n");
}

static int unknown(const char *word)
{
    const char *names[COMMANDS + 1] = {NULL};
    for (size_t i = 0; i < COMMANDS; i++)
        names[i] = commands[i].name;
    const char *near = cli_nearest(word, names);
    if (near) return cli_error("there is no command %s: did you mean %s?", word, near);
    return cli_error("there is no command %s: see draftproof --help", word);
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN); /* a closed pipe is an error of the write, not the end of a run */
    signal(SIGXFSZ, SIG_IGN); /* so is a file that may grow no further: the store then refuses alerts and says why */
    if (argc < 2) {
        overview(stderr);
        return CLI_USE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-?") == 0 || strcmp(argv[1], "help") == 0) {
        overview(stdout);
        return CLI_OK;
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts(argp_program_version);
        return CLI_OK;
    }
    for (size_t i = 0; i < COMMANDS; i++) {
        char name[64];
        if (strcmp(commands[i].name, argv[1]) != 0) continue;
        snprintf(name, sizeof name, "draftproof %s", argv[1]);
        argv[1] = name; /* argp shows it in its messages */
        argp_err_exit_status = CLI_USE;
        int status = commands[i].run(argc - 1, argv + 1);
        if ((fflush(stdout) != 0 || ferror(stdout)) && status == CLI_OK) return cli_error("standard output: cannot be written");
        return status;
    }
    return unknown(argv[1]);
}
