/* SPDX-License-Identifier: MIT */
#include "cli/oe_table.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "model/oe_decide.h"

static const struct {
    const struct oe_table *table;
    const char *what;
} tables[] = {
    {&oe_seek, "an initiator has a destination: what does DNS say of it?"},
    {&oe_hop, "an initiator has a gateway of its destination: can it be used?"},
    {&oe_fail, "an initiator has no gateway: clear text, or nothing?"},
    {&oe_auth, "a responder is told who calls (phase 1): is that so?"},
    {&oe_allow, "a responder is told for which host (phase 2): may the caller act for it?"},
    {&oe_nats, "under which address a host appears where addresses are translated"},
    {&oe_self, "by what a gateway identifies itself"},
    {&oe_twin, "which of two tunnels to one host is used"},
};
enum { TABLES = sizeof tables / sizeof *tables };
static const char *const lives[] = {[OE_LIFE_USUAL] = "for the usual time", [OE_LIFE_SHORT] = "for a short time", [OE_LIFE_TTL] = "for as long as DNS says"};

/* "a, b or c": the values of an axis that a rule wants. */
static void values(const struct oe_axis *x, unsigned want, char *out, size_t n)
{
    size_t at = 0;
    out[0] = 0;
    for (unsigned v = 0; v < x->count && at < n; v++)
        if (want >> v & 1u) at += (size_t)snprintf(out + at, n - at, "%s%s", at ? " | " : "", x->values[v]);
}

static void print_rule(const struct oe_table *t, size_t k)
{
    const struct oe_rule *r = &t->rules[k];
    char text[400];
    bool any = true;
    printf("%3zu. ", k + 1);
    for (size_t a = 0; a < t->axis_count; a++) {
        if (!r->want[a]) continue;
        values(&t->axes[a], r->want[a], text, sizeof text);
        printf("%s%s: %s", any ? "" : "; ", t->axes[a].name, text);
        any = false;
    }
    printf("%s\n     -> %s%s%s", any ? "all others" : "", r->out >= OE_OUT_FAIL ? "failure: " : "", oe_outcome_name(r->out), t == &oe_fail ? " " : "");
    printf("%s: %s (%s%s%s)\n", t == &oe_fail ? lives[r->life] : "", r->why, clauses[r->clause].id, r->defect ? ", " : "", r->defect ? defects[r->defect].id : "");
}

static json_t *rule_json(const struct oe_table *t, size_t k)
{
    const struct oe_rule *r = &t->rules[k];
    json_t *o = json_object(), *want = json_object();
    for (size_t a = 0; a < t->axis_count; a++) {
        json_t *list = json_array();
        for (unsigned v = 0; v < t->axes[a].count; v++)
            if (r->want[a] >> v & 1u) json_array_append_new(list, json_string(t->axes[a].values[v]));
        if (r->want[a])
            json_object_set_new(want, t->axes[a].name, list);
        else
            json_decref(list);
    }
    json_object_set_new(o, "when", want);
    json_object_set_new(o, "outcome", json_string(oe_outcome_name(r->out)));
    if (r->out >= OE_OUT_FAIL) json_object_set_new(o, "failure", json_true());
    if (t == &oe_fail) json_object_set_new(o, "life", json_string(lives[r->life]));
    json_object_set_new(o, "why", json_string(r->why));
    json_object_set_new(o, "clause", json_string(clauses[r->clause].id));
    if (r->defect) json_object_set_new(o, "defect", json_string(defects[r->defect].id));
    return o;
}

static void print_json(const struct oe_table *t, const char *what)
{
    json_t *o = json_object(), *axes = json_array(), *rules = json_array();
    for (size_t a = 0; a < t->axis_count; a++) {
        json_t *x = json_object(), *list = json_array();
        for (unsigned v = 0; v < t->axes[a].count; v++)
            json_array_append_new(list, json_string(t->axes[a].values[v]));
        json_object_set_new(x, "name", json_string(t->axes[a].name));
        json_object_set_new(x, "values", list);
        json_array_append_new(axes, x);
    }
    for (size_t k = 0; k < t->rule_count; k++)
        json_array_append_new(rules, rule_json(t, k));
    json_object_set_new(o, "table", json_string(t->name));
    json_object_set_new(o, "what", json_string(what));
    json_object_set_new(o, "axes", axes);
    json_object_set_new(o, "rules", rules);
    json_dumpf(o, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(o);
}

int cli_oe_tables(bool json)
{
    for (size_t i = 0; i < TABLES; i++) {
        if (json)
            print_json(tables[i].table, tables[i].what);
        else
            printf("%-6s %s\n", tables[i].table->name, tables[i].what);
    }
    return CLI_OK;
}

int cli_oe_table(const char *name, bool json)
{
    const char *words[TABLES + 1] = {NULL};
    for (size_t i = 0; i < TABLES; i++)
        words[i] = tables[i].table->name;
    int found = cli_word("--table", name, words);
    if (found < 0) return CLI_USE;
    const struct oe_table *t = tables[found].table;
    if (json) {
        print_json(t, tables[found].what);
        return CLI_OK;
    }
    printf("%s: %s\nThe first rule that holds gives the outcome.\n\n", t->name, tables[found].what);
    for (size_t a = 0; a < t->axis_count; a++) {
        printf("  %-16s ", t->axes[a].name);
        for (unsigned v = 0; v < t->axes[a].count; v++)
            printf("%s%s", v ? " | " : "", t->axes[a].values[v]);
        putchar('\n');
    }
    putchar('\n');
    for (size_t k = 0; k < t->rule_count; k++)
        print_rule(t, k);
    return CLI_OK;
}
