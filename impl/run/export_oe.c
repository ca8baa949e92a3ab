/* SPDX-License-Identifier: MIT */
#include "run/export_oe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run/export_oe_impl.h"
#include "run/oe_rdata.h"
#include "run/proto.h"

const char *const export_oe_results[3] = {"valid", "acceptable", "invalid"};
#define ROLE "oe-parser"

/* Appends it without line ends, and frees it. */
static err dump(json_t *j, struct buf *out)
{
    char *text = j ? json_dumps(j, JSON_COMPACT | JSON_ENSURE_ASCII | JSON_ENCODE_ANY) : NULL;
    err e = text ? buf_add_str(out, text) : ERR_MEM;
    free(text);
    json_decref(j);
    return e;
}

/* --- clauses, defects, flags ------------------------------------------------------------------- */

static bool judged(const struct scn_case *c, size_t i, const char *dialect)
{
    return run_in_dialect(&clauses[c->clause[i]], dialect);
}

static json_t *clause_ids(struct export *x, const struct scn_case *c)
{
    json_t *list = json_array();
    for (size_t i = 0; list && i < c->clauses; i++) {
        if (!judged(c, i, x->dialect)) continue;
        x->used_clause[c->clause[i]] = true;
        if (json_array_append_new(list, json_string(clauses[c->clause[i]].id)) == 0) continue;
        json_decref(list);
        return NULL;
    }
    return list;
}

/* Those that the reasons of the answers name, in the order of the catalogue. */
static json_t *defect_ids(struct export *x, const struct export_answers *a)
{
    json_t *list = json_array();
    for (size_t d = 1; list && d < DEFECT_COUNT; d++) {
        bool named = false;
        for (size_t i = 0; i < a->n && !named; i++)
            named = a->a[i].s->text && strstr(a->a[i].s->text, defects[d].id);
        if (!named) continue;
        x->used_defect[d] = true;
        if (json_array_append_new(list, json_string(defects[d].id)) == 0) continue;
        json_decref(list);
        return NULL;
    }
    return list;
}

static bool needs(const struct scn_case *c, const char *word)
{
    for (size_t i = 0; i < c->need_count; i++) {
        if (strcmp(c->needs[i], word) == 0) return true;
    }
    return false;
}

static json_t *flags_of(const struct scn_case *c, enum export_oe_result r)
{
    json_t *list = json_array();
    bool good = list != NULL;
    if (good && needs(c, "key-records")) good = json_array_append_new(list, json_string("KeyRecord")) == 0;
    if (good && needs(c, "master")) good = json_array_append_new(list, json_string("MasterFile")) == 0;
    if (good && r == EXPORT_OE_ACCEPTABLE) good = json_array_append_new(list, json_string("Open")) == 0;
    if (good) return list;
    json_decref(list);
    return NULL;
}

/* --- one test ---------------------------------------------------------------------------------- */

static err fill(struct export *x, const struct scn_plan *p, const struct export_answers *a,
                const struct oe_rdata *r, struct export_oe_test *t, json_t *o)
{
    json_t *list = json_array();
    err e = list ? OK : ERR_MEM;
    for (size_t i = 0; i < a->n && e == OK; i++)
        e = export_answer(x, p, &a->a[i], list);
    json_t *strict = e == OK ? export_expected(list) : NULL;
    slice octets = buf_slice(&r->octets);
    if (e == OK && !strict) e = ERR_MEM;
    if (e == OK) {
        const char *status = json_string_value(json_object_get(strict, "status"));
        t->expected = !status                         ? ""
                      : strcmp(status, "ok") == 0     ? "ok"
                      : strcmp(status, "ignore") == 0 ? "ignore"
                                                      : "malformed";
    }
    if (e == OK && !*t->expected)
        e = export_refuse(x, "%s: no status is what the strict reading says", p->of->id);
    if (e == OK &&
        (!export_put(o, "tcId", json_integer((json_int_t)t->number)) ||
         !export_put(o, "comment", export_text(x, slice_str(t->comment))) ||
         !export_put(o, "flags", flags_of(p->of, t->result)) ||
         !export_put(o, "type", json_string(r->type == OE_RR_KEY ? "KEY" : "TXT")) ||
         !export_put(o, t->master ? "text" : "rdata_hex",
                     t->master ? export_text(x, octets) : export_hex(octets)) ||
         !export_put(o, "result", json_string(export_oe_results[t->result])) ||
         json_object_set(o, "expected", strict) || json_object_set(o, "answers", list) ||
         !export_put(o, "clauses", clause_ids(x, p->of)) || !export_put(o, "defects", defect_ids(x, a))))
        e = ERR_MEM;
    json_decref(strict);
    json_decref(list);
    return e;
}

/* The record of the statement at; first: no other test of the group was written yet. */
static err test(struct export *x, const struct scn_plan *p, size_t at, const char *comment, bool first)
{
    struct oe_rdata r;
    struct export_answers a;
    char why[200] = "";
    json_t *o = json_object();
    err e = oe_rdata_of(x->env, &p->stmt[at], &r, why, sizeof why);
    if (e == ERR_USE) export_refuse(x, "%s, line %d: %s", p->of->id, p->stmt[at].line, why);
    if (e == OK) e = export_answers_of(x, p, at + 1, &a);
    if (e == OK) {
        struct export_oe_test t = {.number = ++x->tests,
                                   .of = p->of,
                                   .comment = comment,
                                   .type = r.type,
                                   .master = r.form == OE_RDATA_MASTER,
                                   .octets = r.octets.n,
                                   .result = export_result(&a)};
        e = o ? fill(x, p, &a, &r, &t, o) : ERR_MEM;
        if (e == OK && x->each) x->each(x->ctx, &t);
    }
    if (e == OK) e = buf_add_str(x->out, first ? "\n    " : ",\n    ");
    if (e == OK) e = dump(json_incref(o), x->out);
    json_decref(o);
    oe_rdata_done(&r);
    return e;
}

/* --- a case ------------------------------------------------------------------------------------ */

/* The keys are all that a run gives to a record. */
static bool lookup(void *ctx, const char *name, struct scn_octets *out)
{
    struct export *x = ctx;
    if (strncmp(name, "KEY", 3) != 0 || name[3] < '1' || name[3] > '0' + OE_SAMPLE_KEYS || name[4])
        return false;
    snprintf(x->scratch, sizeof x->scratch, "%s", samples_oe[name[3] - '1']);
    *out = (struct scn_octets){(uint8_t *)x->scratch, strlen(x->scratch)};
    return true;
}

static err instance(struct export *x, const struct scn_case *c, size_t i, bool *first)
{
    struct scn_plan *p;
    struct scn_fault f;
    char comment[600];
    size_t sends = 0, nth = 0;
    err e = scn_plan(x->env, c, i, lookup, x, &p, &f);
    if (e == ERR_PEER) return export_refuse(x, "%s, line %d: %s", c->id, f.line, f.text);
    TRY(e);
    for (size_t k = 0; k < p->stmts; k++)
        sends += oe_rdata_is(&p->stmt[k]);
    for (size_t k = 0; k < p->stmts && e == OK; k++) {
        if (!oe_rdata_is(&p->stmt[k])) continue;
        nth++;
        if (sends > 1)
            snprintf(comment, sizeof comment, "%s%srecord %zu of %zu", p->vary, *p->vary ? ", " : "", nth,
                     sends);
        else
            snprintf(comment, sizeof comment, "%s", p->vary);
        e = test(x, p, k, comment, *first);
        *first = false;
    }
    scn_plan_free(p);
    return e;
}

static err group(struct export *x, const struct scn_case *c, bool first)
{
    json_t *id = json_string(c->id), *title = json_string(c->title);
    bool begun = true;
    err e = buf_add_str(x->out, first ? "\n  {\"case\":" : ",\n  {\"case\":");
    if (e == OK) e = dump(json_incref(id), x->out);
    if (e == OK) e = buf_add_str(x->out, ",\"title\":");
    if (e == OK) e = dump(json_incref(title), x->out);
    if (e == OK) e = buf_add_str(x->out, ",\"tests\":[");
    json_decref(id);
    json_decref(title);
    for (size_t i = 0; i < scn_instances(c) && e == OK; i++)
        e = instance(x, c, i, &begun);
    return e == OK ? buf_add_str(x->out, "]}") : e;
}

/* As the suite chooses: of the role, of the dialect, and with a clause that is judged there. */
static bool played(const struct scn_case *c, const char *dialect)
{
    const char *own = run_case_dialect(c);
    bool any = false;
    for (size_t i = 0; i < c->clauses; i++)
        any |= judged(c, i, dialect);
    return any && (!own || strcmp(own, dialect) == 0) && catalog_applies(c, ROLE, true);
}

static bool sends(const struct scn_case *c)
{
    for (size_t i = 0; i < c->stmts; i++) {
        if (oe_rdata_is(&c->stmt[i])) return true;
    }
    return false;
}

/* --- what stands in front ---------------------------------------------------------------------- */

static const struct {
    const char *flag, *kind, *text;
} flags[] = {
    {"KeyRecord", "FUNCTIONALITY", "RDATA of a KEY record, which a reader of TXT alone does not take"},
    {"MasterFile", "FUNCTIONALITY",
     "The record is given as text of a master file, its RDATA alone, in place of octets"},
    {"Open", "SPECIFICATION",
     "The texts leave open whether the record is to be taken, or only a tolerant reading takes it"},
};

static err notes(const struct export *x, struct buf *out)
{
    json_t *n = json_object();
    bool good = n != NULL;
    for (size_t i = 0; good && i < sizeof flags / sizeof *flags; i++)
        good = export_put(n, flags[i].flag,
                          json_pack("{s:s, s:s}", "bugType", flags[i].kind, "description", flags[i].text));
    for (size_t d = 1; good && d < DEFECT_COUNT; d++) {
        if (x->used_defect[d])
            good = export_put(n, defects[d].id,
                              json_pack("{s:s, s:s, s:s}", "bugType", "SPECIFICATION", "description",
                                        defects[d].title, "accepted", defects[d].accepted));
    }
    if (good) return dump(n, out);
    json_decref(n);
    return ERR_MEM;
}

static err catalogue(const struct export *x, struct buf *out)
{
    static const char *const levels[] = {"must", "should", "may"}; /* by enum clause_level */
    json_t *n = json_object();
    bool good = n != NULL;
    for (size_t i = 1; good && i < CLAUSE_COUNT; i++) {
        if (x->used_clause[i])
            good = export_put(n, clauses[i].id,
                              json_pack("{s:s, s:s, s:s}", "section", clauses[i].section, "level",
                                        levels[clauses[i].level], "text", clauses[i].text));
    }
    if (good) return dump(n, out);
    json_decref(n);
    return ERR_MEM;
}

static err head(const struct export *x, struct buf *out)
{
    bool rfc = strcmp(x->dialect, oe_dialect_names[OE_RFC]) == 0;
    TRY(buf_addf(out,
                 "{\n\"algorithm\":\"X-IPsec-Server\",\n\"schema\":\"parser-schema.json\","
                 "\n\"generatorVersion\":\"%s\",\n\"numberOfTests\":%zu,\n",
                 DRAFTPROOF_VERSION, x->tests));
    TRY(buf_addf(out,
                 "\"dialect\":\"%s\",\n\"header\":[\"Records of opportunistic encryption for readers of "
                 "%s.\",\n\"Made of the cases of oe-parser by draftproof oe cases.\"],\n\"notes\":",
                 x->dialect, rfc ? "RFC 4322" : "draft-richardson-ipsec-opportunistic-03"));
    TRY(notes(x, out));
    TRY(buf_add_str(out, ",\n\"clauses\":"));
    TRY(catalogue(x, out));
    return buf_add_str(out, ",\n\"testGroups\":[");
}

err export_oe(const struct env *env, const struct catalog *c, enum oe_dialect dialect, struct buf *out,
              size_t *tests, void (*each)(void *ctx, const struct export_oe_test *t), void *ctx, char *why,
              size_t why_n)
{
    struct buf body;
    struct export *x = mem_new(env->mem, sizeof *x); /* large: a word for each clause */
    if (!x) return ERR_MEM;
    *x = (struct export){.env = env,
                         .dialect = oe_dialect_names[dialect],
                         .out = &body,
                         .each = each,
                         .ctx = ctx,
                         .why = why,
                         .why_n = why_n};
    err e = OK;
    bool first = true;
    if (why_n) *why = 0;
    buf_init(&body, env->mem, EXPORT_OE_MAX);
    for (size_t i = 0; i < c->n && e == OK; i++) {
        if (!played(c->item[i], x->dialect) || !sends(c->item[i])) continue;
        e = group(x, c->item[i], first);
        first = false;
    }
    if (e == OK) e = head(x, out);
    if (e == OK) e = buf_add(out, buf_slice(&body));
    if (e == OK) e = buf_add_str(out, "\n]}\n");
    *tests = x->tests;
    buf_done(&body);
    mem_free(env->mem, x);
    return e;
}
