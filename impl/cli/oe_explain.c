/* SPDX-License-Identifier: MIT */
#include "cli/oe_explain.h"

#include <stdlib.h>

enum { SHOWN = 8 }; /* octets of a modulus by which a person tells keys apart */

bool cli_oe_is_verdict(const struct oe_decision *d)
{
    return d->ask == OE_ASK_PHASE1 || d->ask == OE_ASK_PHASE2;
}

static void key_line(FILE *to, const char *prefix, const struct oe_rsa *k)
{
    fprintf(to, "%s  with a key of %u bits, whose modulus begins with ", prefix, (unsigned)k->bits);
    for (size_t i = 0; i < k->modulus.n && i < SHOWN; i++)
        fprintf(to, "%02x", k->modulus.p[i]);
    putc('\n', to);
}

static void step_line(FILE *to, const char *prefix, size_t i, const struct oe_step *s)
{
    const struct oe_rule *r = s->rule;
    fprintf(to, "%s  %zu. %s", prefix, i + 1, s->table->name);
    if (s->about[0]) fprintf(to, ", %s", s->about);
    fprintf(to, ": %s: %s (%s%s%s)\n", oe_outcome_name(r->out), r->why, clauses[r->clause].id,
            r->defect ? ", " : "", r->defect ? defects[r->defect].id : "");
}

void cli_oe_explain(FILE *to, const char *prefix, const struct oe_decision *d)
{
    char text[OE_HOST_TEXT];
    fprintf(to, "%s%s: %s", prefix, cli_oe_is_verdict(d) ? "verdict" : "decision", oe_outcome_name(d->out));
    if (d->gateway.family) fprintf(to, ", gateway %s", oe_host_text(&d->gateway, text));
    if (d->source.family) fprintf(to, ", source %s", oe_host_text(&d->source, text));
    putc('\n', to);
    for (size_t i = 0; i < d->key_count; i++)
        key_line(to, prefix, &d->keys[i]);
    if (d->remembered) fprintf(to, "%s  as it was decided before\n", prefix);
    for (size_t i = 0; i < d->steps; i++)
        step_line(to, prefix, i, &d->trail[i]);
}

static json_t *hex(slice s)
{
    char *text = malloc(2 * s.n + 1);
    if (!text) return NULL;
    for (size_t i = 0; i < s.n; i++)
        snprintf(text + 2 * i, 3, "%02x", s.p[i]);
    json_t *j = json_stringn(text, 2 * s.n);
    free(text);
    return j;
}

static json_t *step_json(const struct oe_step *s)
{
    const struct oe_rule *r = s->rule;
    json_t *j = json_pack("{s:s, s:s, s:s, s:s, s:s}", "table", s->table->name, "about", s->about, "outcome",
                          oe_outcome_name(r->out), "why", r->why, "clause", clauses[r->clause].id);
    if (j && r->defect && json_object_set_new(j, "defect", json_string(defects[r->defect].id)) != 0) {
        json_decref(j);
        return NULL;
    }
    return j;
}

/* Takes value, which may be NULL for want of memory. */
static bool put(json_t *o, const char *name, json_t *value)
{
    return value && json_object_set_new(o, name, value) == 0;
}

static json_t *lists(json_t *o, const struct oe_decision *d)
{
    json_t *keys = json_array(), *trail = json_array();
    bool ok = keys && trail;
    for (size_t i = 0; ok && i < d->key_count; i++) {
        json_t *e = hex(d->keys[i].exponent), *m = hex(d->keys[i].modulus);
        json_t *k = e && m ? json_pack("{s:O, s:O}", "exponent_hex", e, "modulus_hex", m) : NULL;
        json_decref(e);
        json_decref(m);
        ok = k && json_array_append_new(keys, k) == 0;
    }
    for (size_t i = 0; ok && i < d->steps; i++) {
        json_t *s = step_json(&d->trail[i]);
        ok = s && json_array_append_new(trail, s) == 0;
    }
    if (ok && put(o, "keys", json_incref(keys)) && put(o, "trail", json_incref(trail))) {
        json_decref(keys);
        json_decref(trail);
        return o;
    }
    json_decref(keys);
    json_decref(trail);
    json_decref(o);
    return NULL;
}

json_t *cli_oe_explain_json(const struct oe_decision *d)
{
    char text[OE_HOST_TEXT];
    json_t *o = json_object();
    bool ok =
        o && put(o, cli_oe_is_verdict(d) ? "verdict" : "decision", json_string(oe_outcome_name(d->out)));
    if (ok && d->gateway.family) ok = put(o, "gateway", json_string(oe_host_text(&d->gateway, text)));
    if (ok && d->source.family) ok = put(o, "source", json_string(oe_host_text(&d->source, text)));
    if (ok)
        ok = put(o, "life_ms", json_integer((json_int_t)d->life_ms)) &&
             put(o, "remembered", json_boolean(d->remembered));
    if (ok) return lists(o, d);
    json_decref(o);
    return NULL;
}
