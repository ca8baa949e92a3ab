/* SPDX-License-Identifier: MIT */
#include "run/export_oe.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "codec/oe_key.h"
#include "run/doc.h"
#include "run/oe_rdata.h"
#include "run/proto.h"
#include "run/samples_oe.h"

const char *const export_oe_results[3] = {"valid", "acceptable", "invalid"};
#define ROLE "oe-parser"

struct export
{
    const struct env *env;
    const char *dialect;
    struct buf *out;
    size_t tests;
    bool used_clause[CLAUSE_COUNT], used_defect[DEFECT_COUNT];
    void (*each)(void *ctx, const struct export_oe_test *t);
    void *ctx;
    char *why;
    size_t why_n;
    char scratch[OE_SAMPLE_OCTETS * 2]; /* a key in base64 */
};

__attribute__((format(printf, 2, 3))) static err refuse(struct export *x, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(x->why, x->why_n, fmt, ap);
    va_end(ap);
    return ERR_USE;
}

/* --- JSON
 * ----------------------------------------------------------------------------------------------------------------------
 */

/* False for a value of NULL, as when memory was short. */
static bool put(json_t *o, const char *key, json_t *value)
{
    return json_object_set_new(o, key, value) == 0;
}

static json_t *hex_of(slice s)
{
    static const char digits[] = "0123456789abcdef";
    char *text = malloc(s.n * 2 + 1);
    if (!text) return NULL;
    for (size_t i = 0; i < s.n; i++) {
        text[2 * i] = digits[s.p[i] >> 4];
        text[2 * i + 1] = digits[s.p[i] & 15];
    }
    json_t *j = json_stringn(text, s.n * 2);
    free(text);
    return j;
}

/* Octets that are no UTF-8 are replaced, as JSON has no others; they are in names of instances and reasons
 * alone. */
static json_t *text_of(const struct export *x, slice s)
{
    struct buf b;
    buf_init(&b, x->env->mem, EXPORT_OE_MAX);
    struct doc d = {&b, OK};
    doc_utf8(&d, s);
    slice all = buf_slice(&b);
    json_t *j = d.failed == OK ? json_stringn(all.n ? (const char *)all.p : "", all.n) : NULL;
    buf_done(&b);
    return j;
}

/* Appends it without line ends, and frees it. */
static err dump(json_t *j, struct buf *out)
{
    char *text = j ? json_dumps(j, JSON_COMPACT | JSON_ENSURE_ASCII | JSON_ENCODE_ANY) : NULL;
    err e = text ? buf_add_str(out, text) : ERR_MEM;
    free(text);
    json_decref(j);
    return e;
}

/* --- which answers a case names
 * ------------------------------------------------------------------------------------------------ */

struct answer {
    const struct scn_stmt *s;
    enum scn_verdict verdict; /* NEXT stands for PASS: it is what the case goes on with */
};
struct answers {
    struct answer a[EXPORT_OE_ANSWERS];
    size_t n;
};

static slice value_of(const struct scn_octets *o)
{
    return slice_of(o->p, o->n);
}

static bool names(const struct scn_stmt *s, const char *event)
{
    const struct scn_arg *a = scn_first(s);
    for (size_t i = 0; a && i < a->values; i++) {
        if (slice_eq(value_of(&a->value[i]), slice_str(event))) return true;
    }
    return false;
}

static bool says(const struct scn_stmt *s, const char *status)
{
    const struct scn_arg *a = scn_named(s, "status");
    if (!a) return true;
    for (size_t i = 0; i < a->values; i++) {
        if (slice_eq(value_of(&a->value[i]), slice_str(status))) return true;
    }
    return false;
}

/* From the statement behind a send.  What follows the last answer that is none of a failure is left out: what
 * fits no answer fails. */
static err answers_of(struct export *x, const struct scn_plan *p, size_t from, struct answers *out)
{
    size_t last = 0;
    out->n = 0;
    for (size_t i = from; i < p->stmts && (p->stmt[i].word == SCN_EXPECT || p->stmt[i].word == SCN_OR); i++) {
        const struct scn_stmt *s = &p->stmt[i];
        if (!names(s, "result")) continue;
        if (out->n == EXPORT_OE_ANSWERS)
            return refuse(x, "%s: more than %d answers to one record", p->of->id, EXPORT_OE_ANSWERS);
        enum scn_verdict v = s->verdict == SCN_NEXT ? SCN_PASS : s->verdict;
        if (v == SCN_SKIP || v == SCN_INCONC)
            return refuse(x, "%s, line %d: an answer neither passes, is weak nor fails", p->of->id, s->line);
        out->a[out->n++] = (struct answer){s, v};
        if (v != SCN_FAIL) last = out->n;
    }
    out->n = last;
    return last ? OK : refuse(x, "%s: no answer to a record would be right", p->of->id);
}

/* What the first answer to have that status makes of a reader, values apart. */
static enum scn_verdict best(const struct answers *a, const char *status)
{
    enum scn_verdict v = SCN_FAIL;
    for (size_t i = 0; i < a->n; i++) {
        enum scn_verdict one = a->a[i].verdict;
        if (says(a->a[i].s, status) && (one == SCN_PASS || (one == SCN_WEAK && v == SCN_FAIL))) v = one;
    }
    return v;
}

static enum export_oe_result result_of(const struct answers *a)
{
    bool ok = best(a, "ok") != SCN_FAIL,
         other = best(a, "malformed") != SCN_FAIL || best(a, "ignore") != SCN_FAIL;
    return !ok ? EXPORT_OE_INVALID : other ? EXPORT_OE_ACCEPTABLE : EXPORT_OE_VALID;
}

/* --- members of an answer
 * ------------------------------------------------------------------------------------------------------ */

static err decimal(struct export *x, slice s, json_t *list)
{
    uint64_t v;
    if (!slice_number(s, UINT32_MAX, &v)) return refuse(x, "a precedence that is no number");
    return json_array_append_new(list, json_integer((json_int_t)v)) ? ERR_MEM : OK;
}

static json_t *key_numbers(const struct export *x, slice exponent_hex, slice modulus_hex)
{
    json_t *k = json_object();
    if (k && put(k, "exponent_hex", text_of(x, exponent_hex)) &&
        put(k, "modulus_hex", text_of(x, modulus_hex)))
        return k;
    json_decref(k);
    return NULL;
}

/* One of $KEY1 ... by its number. */
static err sample(struct export *x, slice number, json_t *list)
{
    uint64_t n;
    struct buf data;
    struct oe_rsa k;
    struct oe_notes notes = {.n = 0};
    if (slice_eq(number, SLICE_LIT("none"))) return json_array_append_new(list, json_null()) ? ERR_MEM : OK;
    if (!slice_number(number, OE_SAMPLE_KEYS, &n) || n == 0)
        return refuse(x, "key=%.*s: the number of a sample is wanted, or none", (int)number.n,
                      (const char *)number.p);
    buf_init(&data, x->env->mem, OE_SAMPLE_OCTETS * 2);
    err e = base64_decode(slice_str(samples_oe[n - 1]), false, &data, NULL);
    if (e == OK) {
        oe_rsa_read(buf_slice(&data), &k, &notes);
        json_t *key = json_object();
        if (!key || !put(key, "exponent_hex", hex_of(k.exponent)) ||
            !put(key, "modulus_hex", hex_of(k.modulus)))
            e = ERR_MEM;
        if (e != OK)
            json_decref(key);
        else if (json_array_append_new(list, key))
            e = ERR_MEM;
    }
    buf_done(&data);
    return e;
}

/* The values of one argument, each with what it is in JSON. */
static err member(struct export *x, const struct scn_arg *a, json_t *out)
{
    bool precedence = strcmp(a->key, "precedence") == 0, key = strcmp(a->key, "key") == 0;
    const char *name = strcmp(a->key, "type") == 0 ? "gateway_type" : a->key;
    json_t *list = json_array();
    err e = list ? OK : ERR_MEM;
    for (size_t i = 0; i < a->values && e == OK; i++) {
        slice v = value_of(&a->value[i]);
        if (precedence)
            e = decimal(x, v, list);
        else if (key)
            e = sample(x, v, list);
        else if (json_array_append_new(list, text_of(x, v)))
            e = ERR_MEM;
    }
    if (e == OK) return put(out, name, list) ? OK : ERR_MEM;
    json_decref(list);
    return e;
}

static err members(struct export *x, const struct scn_plan *p, const struct scn_stmt *s, json_t *out)
{
    static const char *const plain[] = {"status", "precedence", "type", "gateway", "key", NULL};
    for (size_t i = 0; i < s->args; i++) {
        const struct scn_arg *a = &s->arg[i];
        bool taken = !a->key || strcmp(a->key, "exponent") == 0 || strcmp(a->key, "modulus") == 0 ||
                     strcmp(a->key, "bits") == 0;
        if (a->negated) return refuse(x, "%s, line %d: %s!= has no form in JSON", p->of->id, s->line, a->key);
        for (size_t k = 0; !taken && plain[k]; k++) {
            if (strcmp(a->key, plain[k]) != 0) continue;
            TRY(member(x, a, out));
            taken = true;
        }
        if (!taken) return refuse(x, "%s, line %d: %s has no form in JSON", p->of->id, s->line, a->key);
    }
    slice exponent = oe_arg_octets(s, "exponent"), modulus = oe_arg_octets(s, "modulus");
    if (json_object_get(out, "key") || (!exponent.n && !modulus.n && !scn_named(s, "bits")))
        return OK; /* key says both */
    if (!exponent.n || !modulus.n)
        return refuse(x, "%s, line %d: exponent and modulus are wanted, or key", p->of->id, s->line);
    json_t *list = json_array();
    if (list && json_array_append_new(list, key_numbers(x, exponent, modulus)) == 0)
        return put(out, "key", list) ? OK : ERR_MEM;
    json_decref(list);
    return ERR_MEM;
}

static err answer(struct export *x, const struct scn_plan *p, const struct answer *a, json_t *list)
{
    json_t *o = json_object(), *m = json_object();
    err e = o && m ? members(x, p, a->s, m) : ERR_MEM;
    if (e != OK) {
        json_decref(m);
    } else if (!put(o, "verdict", json_string(scn_verdict_name(a->verdict))) ||
               (a->s->text && !put(o, "reason", text_of(x, slice_str(a->s->text))))) {
        json_decref(m);
        e = ERR_MEM;
    } else if (!put(o, "members", m)) {
        e = ERR_MEM;
    }
    if (e == OK && json_array_append_new(list, o) == 0) return OK;
    if (e != OK) json_decref(o);
    return e == OK ? ERR_MEM : e;
}

/* What the strict reading says: the first answer that passes, with the first of each of its values. */
static json_t *expected(const json_t *answers)
{
    json_t *out = json_object();
    for (size_t i = 0; out && i < json_array_size(answers); i++) {
        const char *name;
        json_t *value, *one = json_array_get(answers, i);
        if (strcmp(json_string_value(json_object_get(one, "verdict")), "pass") != 0) continue;
        json_object_foreach(json_object_get(one, "members"), name, value)
        {
            if (json_object_set(out, name, json_array_get(value, 0)) == 0) continue;
            json_decref(out);
            return NULL;
        }
        break;
    }
    return out;
}

/* --- clauses, defects, flags
 * --------------------------------------------------------------------------------------------------- */

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
static json_t *defect_ids(struct export *x, const struct answers *a)
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

/* --- one test
 * ------------------------------------------------------------------------------------------------------------------
 */

static err fill(struct export *x, const struct scn_plan *p, const struct answers *a, const struct oe_rdata *r,
                struct export_oe_test *t, json_t *o)
{
    json_t *list = json_array();
    err e = list ? OK : ERR_MEM;
    for (size_t i = 0; i < a->n && e == OK; i++)
        e = answer(x, p, &a->a[i], list);
    json_t *strict = e == OK ? expected(list) : NULL;
    slice octets = buf_slice(&r->octets);
    if (e == OK && !strict) e = ERR_MEM;
    if (e == OK) {
        const char *status = json_string_value(json_object_get(strict, "status"));
        t->expected = !status                         ? ""
                      : strcmp(status, "ok") == 0     ? "ok"
                      : strcmp(status, "ignore") == 0 ? "ignore"
                                                      : "malformed";
    }
    if (e == OK && !*t->expected) e = refuse(x, "%s: no status is what the strict reading says", p->of->id);
    if (e == OK &&
        (!put(o, "tcId", json_integer((json_int_t)t->number)) ||
         !put(o, "comment", text_of(x, slice_str(t->comment))) ||
         !put(o, "flags", flags_of(p->of, t->result)) ||
         !put(o, "type", json_string(r->type == OE_RR_KEY ? "KEY" : "TXT")) ||
         !put(o, t->master ? "text" : "rdata_hex", t->master ? text_of(x, octets) : hex_of(octets)) ||
         !put(o, "result", json_string(export_oe_results[t->result])) ||
         json_object_set(o, "expected", strict) || json_object_set(o, "answers", list) ||
         !put(o, "clauses", clause_ids(x, p->of)) || !put(o, "defects", defect_ids(x, a))))
        e = ERR_MEM;
    json_decref(strict);
    json_decref(list);
    return e;
}

/* The record of the statement at; first: no other test of the group was written yet. */
static err test(struct export *x, const struct scn_plan *p, size_t at, const char *comment, bool first)
{
    struct oe_rdata r;
    struct answers a;
    char why[200] = "";
    json_t *o = json_object();
    err e = oe_rdata_of(x->env, &p->stmt[at], &r, why, sizeof why);
    if (e == ERR_USE) refuse(x, "%s, line %d: %s", p->of->id, p->stmt[at].line, why);
    if (e == OK) e = answers_of(x, p, at + 1, &a);
    if (e == OK) {
        struct export_oe_test t = {.number = ++x->tests,
                                   .of = p->of,
                                   .comment = comment,
                                   .type = r.type,
                                   .master = r.form == OE_RDATA_MASTER,
                                   .octets = r.octets.n,
                                   .result = result_of(&a)};
        e = o ? fill(x, p, &a, &r, &t, o) : ERR_MEM;
        if (e == OK && x->each) x->each(x->ctx, &t);
    }
    if (e == OK) e = buf_add_str(x->out, first ? "\n    " : ",\n    ");
    if (e == OK) e = dump(json_incref(o), x->out);
    json_decref(o);
    oe_rdata_done(&r);
    return e;
}

/* --- a case
 * --------------------------------------------------------------------------------------------------------------------
 */

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
    if (e == ERR_PEER) return refuse(x, "%s, line %d: %s", c->id, f.line, f.text);
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

/* --- what stands in front
 * ------------------------------------------------------------------------------------------------------- */

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
        good = put(n, flags[i].flag,
                   json_pack("{s:s, s:s}", "bugType", flags[i].kind, "description", flags[i].text));
    for (size_t d = 1; good && d < DEFECT_COUNT; d++) {
        if (x->used_defect[d])
            good = put(n, defects[d].id,
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
            good = put(n, clauses[i].id,
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
