/* SPDX-License-Identifier: MIT */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

enum { OPT_FORMAT = 0x2000 };
enum { TEXT, JSON, DOT };

struct model {
    const char *name;
    int format;
};

/* Joins the names of all machines. */
static const char *names(char *out, size_t n)
{
    size_t at = 0;
    out[0] = 0;
    for (size_t i = 0; run_protos[i]; i++) {
        for (const struct fsm *const *m = run_protos[i]->machine; *m && at < n; m++)
            at += (size_t)snprintf(out + at, n - at, "%s%s", at ? ", " : "", (*m)->name);
    }
    return out;
}

static const struct argp_option options[] = {{"format", OPT_FORMAT, "text|json|dot", 0, "how to print (default text)", 0}, {0}};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    static const char *const formats[] = {"text", "json", "dot", NULL};
    struct model *m = state->input;
    char list[200];
    switch (key) {
    case OPT_FORMAT:
        m->format = cli_word("--format", arg, formats);
        if (m->format < 0) exit(CLI_USE);
        return 0;
    case ARGP_KEY_ARG: m->name = arg; return 0;
    case ARGP_KEY_NO_ARGS: argp_error(state, "which model?  %s", names(list, sizeof list)); return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static const char *const kinds[] = {"allowed", "tolerated", "forbidden"};

static void print_text(const struct fsm *m)
{
    for (size_t i = 0; i < m->row_count; i++) {
        const struct fsm_row *r = &m->rows[i];
        printf("%-16s %-12s %-17s -> %-16s %-9s %s%s%s%s%s\n", m->states[r->from], m->parties[r->who], m->events[r->event], m->states[r->to],
               kinds[r->kind], clauses[r->clause].id, r->defect ? " " : "", r->defect ? defects[r->defect].id : "", r->guard ? "  if " : "",
               r->guard ? m->guards[r->guard] : "");
    }
}

static void print_dot(const struct fsm *m)
{
    printf("digraph %s {\n  rankdir=TB;\n  node [shape=box, style=rounded, fontname=Helvetica];\n  edge [fontname=Helvetica, fontsize=10];\n", m->name);
    for (size_t i = 0; i < m->row_count; i++) {
        const struct fsm_row *r = &m->rows[i];
        if (r->kind == FSM_FATAL) continue;
        printf("  \"%s\" -> \"%s\" [label=\"%s: %s\\n%s\"%s];\n", m->states[r->from], m->states[r->to], m->parties[r->who], m->events[r->event],
               clauses[r->clause].id, r->kind == FSM_LOOSE ? ", style=dashed" : "");
    }
    puts("}");
}

static int print_json(const struct fsm *m)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < m->row_count; i++) {
        const struct fsm_row *r = &m->rows[i];
        json_array_append_new(rows, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "from", m->states[r->from], "to", m->states[r->to], "who",
                                              m->parties[r->who], "event", m->events[r->event], "kind", kinds[r->kind], "clause",
                                              clauses[r->clause].id, "defect", defects[r->defect].id, "guard", m->guards[r->guard]));
    }
    json_t *root = json_pack("{s:s, s:s, s:o}", "name", m->name, "start", m->states[m->start], "rows", rows);
    int bad = root ? json_dumpf(root, stdout, JSON_INDENT(1)) : -1;
    putchar('\n');
    json_decref(root);
    return bad ? cli_error("cannot print: out of memory") : CLI_OK;
}

static const struct fsm *find(const char *name)
{
    for (size_t i = 0; run_protos[i]; i++) {
        for (const struct fsm *const *m = run_protos[i]->machine; *m; m++) {
            if (strcmp((*m)->name, name) == 0) return *m;
        }
    }
    return NULL;
}

int cli_model(int argc, char **argv)
{
    static const struct argp argp = {options, parse, "MODEL", "Prints a state machine that the reference peers, the checks and the scenarios run on.", NULL, NULL, NULL};
    struct model m = {0};
    char list[200];
    argp_parse(&argp, argc, argv, 0, NULL, &m);
    const struct fsm *f = find(m.name);
    if (!f) return cli_error("there is no model %s: there is %s", m.name, names(list, sizeof list));
    if (m.format == JSON) return print_json(f);
    if (m.format == DOT) print_dot(f);
    else print_text(f);
    return CLI_OK;
}
