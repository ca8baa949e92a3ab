/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "cli/cli.h"
#include "cli/oe.h"
#include "codec/oe_master.h"
#include "run/export_oe.h"

enum { OPT_DIALECT = 0x2300, OPT_JSON };

struct use {
    enum oe_dialect dialect;
    bool json;
    size_t count[3]; /* by enum export_oe_result */
};

static const struct argp_option options[] = {
    {"dialect", OPT_DIALECT, "NAME", 0, "rfc (as usual) or draft: whose rules say what is right", 0},
    {"json", OPT_JSON, 0, 0, "all of it, octets and answers, in the manner of Wycheproof", 0},
    {0}};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct use *u = state->input;
    switch (key) {
    case OPT_DIALECT:
        u->dialect = cli_oe_dialect(arg);
        return 0;
    case OPT_JSON:
        u->json = true;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void line(void *ctx, const struct export_oe_test *t)
{
    struct use *u = ctx;
    u->count[t->result]++;
    if (u->json) return;
    printf("%5zu  %-10s %-9s %s %4zu octets%s  %s%s%s%s\n", t->number, export_oe_results[t->result],
           t->expected, t->type == OE_RR_KEY ? "KEY" : "TXT", t->octets, t->master ? " of text" : "",
           t->of->id, *t->comment ? " [" : "", t->comment, *t->comment ? "]" : "");
}

static const struct argp argp = {options,
                                 parse,
                                 NULL,
                                 "Prints the records with which check oe-parser tries a reader, and what is "
                                 "right for each, for readers that have no adapter.",
                                 NULL,
                                 NULL,
                                 NULL};

void cli_oe_cases_help(FILE *to)
{
    argp_help(&argp, to, ARGP_HELP_LONG, NULL);
}

int cli_oe_cases(int argc, char **argv)
{
    struct use u = {.dialect = OE_RFC};
    struct env env;
    struct catalog c;
    struct buf out;
    char why[300] = "";
    size_t n = 0;
    argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &u);
    env_init(&env);
    if (catalog_load(&env, scn_sources, &c, why, sizeof why) != OK) return cli_error("%s", why);
    buf_init(&out, env.mem, EXPORT_OE_MAX);
    err e = export_oe(&env, &c, u.dialect, &out, &n, line, &u, why, sizeof why);
    int status = CLI_OK;
    if (e != OK)
        status = cli_error("%s", *why             ? why
                                 : e == ERR_LIMIT ? "the cases are more than JSON is made of"
                                                  : "out of memory");
    else if (u.json)
        fwrite(out.p + out.from, 1, out.n, stdout);
    else
        printf("%zu records: %zu valid, %zu acceptable, %zu invalid\n", n, u.count[EXPORT_OE_VALID],
               u.count[EXPORT_OE_ACCEPTABLE], u.count[EXPORT_OE_INVALID]);
    if (status == CLI_OK && fflush(stdout)) status = cli_error("cannot print");
    buf_done(&out);
    catalog_done(&c);
    return status;
}
