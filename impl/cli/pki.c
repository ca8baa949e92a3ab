/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "cli/cli.h"

enum { NAMES_MAX = 32 };

struct pki {
    const char *dir;
    const char *name[NAMES_MAX + 1];
    int names;
};

static const struct argp_option options[] = {
    {"name", 'n', "NAME", 0, "a further DNS name or IP address for the good certificates; may be repeated", 0}, {0}};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct pki *p = state->input;
    switch (key) {
    case 'n':
        if (p->names == NAMES_MAX) argp_error(state, "more than %d names", NAMES_MAX);
        p->name[p->names++] = arg;
        return 0;
    case ARGP_KEY_ARG:
        if (p->dir) argp_error(state, "one folder only");
        p->dir = arg;
        return 0;
    case ARGP_KEY_NO_ARGS: argp_error(state, "which folder?"); return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

int cli_pki(int argc, char **argv)
{
    static const struct argp argp = {options, parse, "DIR",
                                     "Makes a throw-away authority, certificates and keys in DIR: rsa/ for --tls modern, dsa/ for --tls draft, each with "
                                     "manager/ and analyzer/ (cert.pem, key.pem, ca.pem) and folders of certificates that are wrong on purpose; DIR/INDEX "
                                     "says what each is.  For tests only.", NULL, NULL, NULL};
    struct pki p = {0};
    char why[300] = "";
    argp_parse(&argp, argc, argv, 0, NULL, &p);
    if (pki_make(p.dir, p.name, why, sizeof why) != OK) return cli_error("%s", *why ? why : "out of memory");
    printf("made %s/rsa and %s/dsa: see %s/INDEX\n", p.dir, p.dir, p.dir);
    return CLI_OK;
}
