/* SPDX-License-Identifier: MIT */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "run/coverage.h"

enum { OPT_FORMAT = 0x2000, OPT_PROTOCOL };

struct clauses_use {
    const struct run_proto *only; /* NULL: all */
    int format;
};

static const struct argp_option options[] = {
    {"format", OPT_FORMAT, "text|json", 0, "how to print (default text)", 0},
    {"protocol", OPT_PROTOCOL, "NAME", 0, "only the clauses of that protocol (iap, beep, idxp, oe)", 0},
    {0}};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    static const char *const formats[] = {"text", "json", NULL};
    struct clauses_use *u = state->input;
    switch (key) {
    case OPT_FORMAT: u->format = (int)cli_want(cli_word("--format", arg, formats)); return 0;
    case OPT_PROTOCOL: u->only = cli_protocol(arg); return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static const char *const ways[] = {"case", "passive", "none", "MISSING"};

static void print_text(const struct coverage *v)
{
    for (size_t i = 1; i < CLAUSE_COUNT; i++) {
        const struct clause *c = &clauses[i];
        const struct coverage_row *r = &v->row[i];
        if (r->how == COVERED_OTHER) continue;
        const char *dialect = run_clause_dialect(c);
        printf("%-12s %-10s %-8s %s%s%s%s\n", c->id, c->word, ways[r->how], dialect ? "[" : "", dialect ? dialect : "", dialect ? "] " : "", c->text);
        if (r->how == COVERED_CASE)
            for (size_t k = 0; k < r->cases; k++)
                printf("%33s%s\n", "", r->id[k]);
        else
            printf("%33s%s%s\n", "", r->lacks ? "no case cites it for " : r->how == COVERED_MISSING ? "no case cites it, and no check looks at it" : c->how,
                   r->lacks ? r->lacks : "");
    }
    printf("%zu clauses: %zu with cases, %zu checked in passing, %zu that cannot be seen from outside, %zu missing\n", v->count[0] + v->count[1] + v->count[2] + v->count[3],
           v->count[COVERED_CASE], v->count[COVERED_PASSIVE], v->count[COVERED_NONE], v->count[COVERED_MISSING]);
}

static int print_json(const struct coverage *v, const struct run_proto *only)
{
    json_t *list = json_array();
    for (size_t i = 1; i < CLAUSE_COUNT; i++) {
        const struct clause *c = &clauses[i];
        if (v->row[i].how == COVERED_OTHER) continue;
        json_t *ids = json_array();
        for (size_t k = 0; k < v->row[i].cases; k++)
            json_array_append_new(ids, json_string(v->row[i].id[k]));
        json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s?, s:s, s:s, s:s, s:s, s:o}", "id", c->id, "level", c->word, "roles", c->roles, "dialect", run_clause_dialect(c), "section",
                                              c->section, "text", c->text, "covered", ways[v->row[i].how], "how", c->how, "cases", ids));
    }
    json_t *ds = json_array();
    for (size_t i = 1; i < DEFECT_COUNT; i++) {
        if (only && run_proto_of_clause(defects[i].id) != only) continue;
        json_array_append_new(ds, json_pack("{s:s, s:s, s:s, s:s, s:s}", "id", defects[i].id, "title", defects[i].title, "sent", defects[i].sent, "accepted",
                                            defects[i].accepted, "clauses", defects[i].clauses));
    }
    json_t *root = json_pack("{s:o, s:o, s:I}", "clauses", list, "defects", ds, "missing", (json_int_t)v->count[COVERED_MISSING]);
    int bad = root ? json_dumpf(root, stdout, JSON_INDENT(1)) : -1;
    putchar('\n');
    json_decref(root);
    return bad ? cli_error("cannot print: out of memory") : CLI_OK;
}

int cli_clauses(int argc, char **argv)
{
    static const struct argp argp = {options, parse, NULL,
                                     "Prints the catalogue: each clause of the drafts with its level, and the cases or checks that cover it, or the reason why it "
                                     "cannot be seen from outside.  Status 1 when a clause is unaccounted for.", NULL, NULL, NULL};
    struct env env;
    struct catalog c;
    struct coverage v;
    char why[300] = "";
    struct clauses_use u = {0};
    argp_parse(&argp, argc, argv, 0, NULL, &u);
    env_init(&env);
    if (catalog_load(&env, scn_sources, &c, why, sizeof why) != OK) return cli_error("%s", why);
    int status = CLI_OK;
    if (coverage_new(&c, u.only, &v) != OK) status = cli_error("out of memory");
    if (status == CLI_OK && u.format) status = print_json(&v, u.only);
    else if (status == CLI_OK) print_text(&v);
    if (status == CLI_OK && v.count[COVERED_MISSING]) status = CLI_FAILED;
    coverage_done(&v);
    catalog_done(&c);
    return status;
}
