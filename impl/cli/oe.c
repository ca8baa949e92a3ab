/* SPDX-License-Identifier: MIT */
#include "cli/oe.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

uint8_t *cli_oe_file(const char *path, size_t *n)
{
    bool in = strcmp(path, "-") == 0;
    const char *name = in ? "standard input" : path;
    FILE *f = in ? stdin : fopen(path, "rb");
    uint8_t *text = malloc(CLI_OE_INPUT_MAX + 1);
    *n = 0;
    if (!f || !text) {
        cli_error("%s: %s", name, f ? "out of memory" : strerror(errno));
        if (f && !in) fclose(f);
        free(text);
        return NULL;
    }
    *n = fread(text, 1, CLI_OE_INPUT_MAX + 1, f);
    bool failed = ferror(f) != 0, large = *n > CLI_OE_INPUT_MAX;
    if (failed) cli_error("%s: %s", name, strerror(errno));
    if (large && !failed) cli_error("%s: more than %d octets", name, CLI_OE_INPUT_MAX);
    if (!in) fclose(f);
    if (!failed && !large) return text;
    free(text);
    return NULL;
}

enum oe_dialect cli_oe_dialect(const char *value)
{
    const char *words[OE_DIALECTS + 1] = {NULL};
    for (int d = 0; d < OE_DIALECTS; d++)
        words[d] = oe_dialect_names[d];
    return (enum oe_dialect)cli_want(cli_word("--dialect", value, words));
}

static const struct sub {
    const char *name;
    int (*run)(int argc, char **argv);
    void (*help)(FILE *to);
    const char *usage, *line;
} subs[] = {
    {"parse", cli_oe_parse, cli_oe_parse_help, "[RECORD...]", "parse reads TXT and KEY records: lines of master files, RDATA in hexadecimal, or the text alone:"},
    {"record", cli_oe_record, cli_oe_record_help, "FILE", "record prints the TXT and KEY records of a gateway for its public key:"},
    {"cases", cli_oe_cases, cli_oe_cases_help, "", "cases prints the records with which check oe-parser tries a reader:"},
    {"decide", cli_oe_decide, cli_oe_decide_help, "", "decide says what a gateway makes of a destination, or of another gateway, from a zone file alone:"},
    {"lookup", cli_oe_lookup, cli_oe_lookup_help, "[ADDRESS...]", "lookup asks DNS for the records of addresses, and decides what a gateway makes of them:"},
};
enum { SUBS = sizeof subs / sizeof *subs };

static void overview(FILE *to)
{
    for (size_t i = 0; i < SUBS; i++)
        fprintf(to, "%s draftproof oe %s [OPTION...] %s\n", i ? "  or: " : "Usage:", subs[i].name, subs[i].usage);
    fprintf(to, "Records of opportunistic encryption (draft-richardson-ipsec-opportunistic-03, RFC 4322), and what a gateway makes of them.\n");
    for (size_t i = 0; i < SUBS; i++) {
        fprintf(to, "\n%s\n\n", subs[i].line);
        subs[i].help(to);
    }
    fprintf(to, "\n      --help                 print this and end; behind one of the words, more of that one\n");
}

int cli_oe(int argc, char **argv)
{
    const char *words[SUBS + 1] = {NULL};
    char list[80];
    size_t n = 0;
    for (size_t i = 0; i < SUBS; i++) {
        words[i] = subs[i].name;
        n += (size_t)snprintf(list + n, sizeof list - n, "%s%s", i == 0 ? "" : i + 1 < SUBS ? ", " : " or ", subs[i].name);
    }
    for (size_t i = 0; argc > 1 && i < SUBS; i++) {
        char name[40];
        if (strcmp(argv[1], subs[i].name) != 0) continue;
        snprintf(name, sizeof name, "draftproof oe %s", subs[i].name);
        argv[1] = name;
        return subs[i].run(argc - 1, argv + 1);
    }
    if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-?") == 0)) {
        overview(stdout);
        return CLI_OK;
    }
    if (argc < 2) return cli_error("oe takes %s: see draftproof oe --help", list);
    const char *near = cli_nearest(argv[1], words);
    if (near) return cli_error("oe takes no %s: did you mean %s?", argv[1], near);
    return cli_error("oe takes %s: see draftproof oe --help", list);
}
