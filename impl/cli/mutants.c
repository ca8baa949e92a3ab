/* SPDX-License-Identifier: MIT */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "run/kill.h"

enum { OPT_FORMAT = 0x2000, OPT_RUN, OPT_PROTOCOL };

static const struct argp_option options[] = {
    {"format", OPT_FORMAT, "text|json", 0, "how to print (default text)", 0},
    {"protocol", OPT_PROTOCOL, "NAME", 0, "only the mistakes of that protocol (iap, beep, idxp, oe)", 0},
    {"run", OPT_RUN, NULL, 0, "run the suite in memory against each mistake and print who caught it; status 1 when one survives or a case catches none", 0},
    {0}};

struct mutants {
    const struct run_proto *only; /* NULL: all protocols */
    int format;
    bool run;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    static const char *const formats[] = {"text", "json", NULL};
    struct mutants *m = state->input;
    switch (key) {
    case OPT_FORMAT:
        m->format = cli_word("--format", arg, formats);
        if (m->format < 0) exit(CLI_USE);
        return 0;
    case OPT_RUN: m->run = true; return 0;
    case OPT_PROTOCOL: m->only = cli_protocol(arg); return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static bool wanted(const struct mutants *m, const struct run_proto *p)
{
    return !m->only || m->only == p;
}

static void list_text(const struct mutants *m)
{
    char roles[200];
    size_t n = 0;
    for (size_t i = 0; run_protos[i]; i++) {
        const struct run_proto *p = run_protos[i];
        for (size_t k = 1; wanted(m, p) && k < p->mutants; k++, n++)
            printf("%-22s %-25s %s\n%22s %s\n", p->mutant[k].name, run_role_names(p, p->mutant[k].roles, roles, sizeof roles), p->mutant[k].clauses, "",
                   p->mutant[k].text);
    }
    printf("%zu deliberate mistakes\n", n);
}

static json_t *mutant_json(const struct run_proto *p, size_t index)
{
    char roles[200];
    const struct mutant *x = &p->mutant[index];
    return json_pack("{s:s, s:s, s:s, s:s}", "name", x->name, "roles", run_role_names(p, x->roles, roles, sizeof roles), "clauses", x->clauses,
                     "text", x->text);
}

static int print_json(json_t *root)
{
    int bad = root ? json_dumpf(root, stdout, JSON_INDENT(1)) : -1;
    putchar('\n');
    json_decref(root);
    return bad ? cli_error("cannot print: out of memory") : CLI_OK;
}

static int list_json(const struct mutants *m)
{
    json_t *list = json_array();
    for (size_t i = 0; run_protos[i]; i++) {
        for (size_t k = 1; wanted(m, run_protos[i]) && k < run_protos[i]->mutants; k++)
            json_array_append_new(list, mutant_json(run_protos[i], k));
    }
    return print_json(list);
}

static void matrix_text(const struct kill_matrix *k)
{
    for (size_t i = 0; i < k->mutants; i++) {
        const struct kill_mutant *m = &k->m[i];
        printf("%-9s %-22s %-13s", m->bys ? "killed" : "SURVIVED", m->proto->mutant[m->mutant].name, m->role->name);
        for (size_t b = 0; b < m->bys && b < 3; b++)
            printf(" %s", k->c[m->by[b]].id);
        if (m->bys > 3) printf(" and %zu more", m->bys - 3);
        if (!m->bys) printf(" (%zu others noticed something)", m->others);
        putchar('\n');
    }
    for (size_t i = 0; i < k->cases; i++) {
        const struct kill_case *c = &k->c[i];
        if (c->kills || c->noticed || strstr(c->id, "/passive/")) continue;
        printf("%-9s %s%s%s\n", c->excuse ? "excused" : "IDLE", c->id, c->excuse ? ": " : " catches no mistake", c->excuse ? c->excuse : "");
    }
    printf("%zu mutants, %zu survived; %zu cases and checks, %zu without a kill or a reason\n", k->mutants, k->survivors, k->cases, k->idle);
}

static int matrix_json(const struct kill_matrix *k)
{
    json_t *mutants = json_array(), *cases = json_array();
    for (size_t i = 0; i < k->mutants; i++) {
        json_t *o = mutant_json(k->m[i].proto, k->m[i].mutant), *by = json_array();
        for (size_t b = 0; b < k->m[i].bys; b++)
            json_array_append_new(by, json_string(k->c[k->m[i].by[b]].id));
        json_object_set_new(o, "role", json_string(k->m[i].role->name));
        json_object_set_new(o, "killed_by", by);
        json_array_append_new(mutants, o);
    }
    for (size_t i = 0; i < k->cases; i++)
        json_array_append_new(cases, json_pack("{s:s, s:I, s:I, s:s*}", "id", k->c[i].id, "kills", (json_int_t)k->c[i].kills, "noticed",
                                               (json_int_t)k->c[i].noticed, "excuse", k->c[i].excuse));
    return print_json(json_pack("{s:o, s:o, s:I, s:I}", "mutants", mutants, "cases", cases, "survivors", (json_int_t)k->survivors, "idle",
                                (json_int_t)k->idle));
}

static void progress(void *ctx, size_t done, size_t all)
{
    (void)ctx;
    fprintf(stderr, "\r%zu of %zu mutants", done, all);
    if (done == all) fputc('\n', stderr);
}

static int run(const struct mutants *m)
{
    struct env env;
    struct catalog c;
    struct kill_matrix k;
    char why[300] = "";
    env_init(&env);
    if (catalog_load(&env, scn_sources, &c, why, sizeof why) != OK) return cli_error("%s", why);
    err e = kill_run(&env, &c, m->only, cli_interruptible(), isatty(STDERR_FILENO) ? progress : NULL, NULL, &k, why, sizeof why);
    int status = e != OK ? cli_error("%s", *why ? why : err_name(e)) : CLI_OK;
    if (*cli_interruptible()) status = CLI_UNPROVEN;
    if (e == OK) {
        if (m->format) status = matrix_json(&k);
        else matrix_text(&k);
        if (status == CLI_OK && (k.survivors || k.idle)) status = CLI_FAILED;
    }
    kill_done(&k);
    catalog_done(&c);
    return status;
}

int cli_mutants(int argc, char **argv)
{
    static const struct argp argp = {options, parse, NULL,
                                     "Prints the deliberate mistakes that the reference peers can make (serve --mutate NAME), each with the clauses that it "
                                     "breaks; with --run, the proof that the suite catches them.", NULL, NULL, NULL};
    struct mutants m = {0};
    argp_parse(&argp, argc, argv, 0, NULL, &m);
    if (m.run) return run(&m);
    if (m.format) return list_json(&m);
    list_text(&m);
    return CLI_OK;
}
