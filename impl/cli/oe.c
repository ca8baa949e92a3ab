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

static void overview(FILE *to)
{
    fprintf(to, "Usage: draftproof oe parse [OPTION...] [RECORD...]\n"
                "  or:  draftproof oe record [OPTION...] FILE\n"
                "Records of opportunistic encryption (draft-richardson-ipsec-opportunistic-03, RFC 4322).\n\n"
                "parse reads TXT and KEY records: lines of master files, RDATA in hexadecimal, or the text alone:\n\n");
    cli_oe_parse_help(to);
    fprintf(to, "\nrecord prints the TXT and KEY records of a gateway for its public key:\n\n");
    cli_oe_record_help(to);
    fprintf(to, "\n      --help                 print this and end; behind parse or record, more of that one\n");
}

int cli_oe(int argc, char **argv)
{
    static char parse[] = "draftproof oe parse", record[] = "draftproof oe record";
    static const char *const words[] = {"parse", "record", NULL};
    if (argc > 1 && strcmp(argv[1], "parse") == 0) {
        argv[1] = parse;
        return cli_oe_parse(argc - 1, argv + 1);
    }
    if (argc > 1 && strcmp(argv[1], "record") == 0) {
        argv[1] = record;
        return cli_oe_record(argc - 1, argv + 1);
    }
    if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-?") == 0)) {
        overview(stdout);
        return CLI_OK;
    }
    if (argc < 2) return cli_error("oe takes parse or record: see draftproof oe --help");
    const char *near = cli_nearest(argv[1], words);
    if (near) return cli_error("oe takes no %s: did you mean %s?", argv[1], near);
    return cli_error("oe takes parse or record: see draftproof oe --help");
}
