/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "codec/oe_key.h"
#include "run/doc.h"
#include "run/export_oe_impl.h"
#include "run/oe_rdata.h"

err export_refuse(struct export *x, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(x->why, x->why_n, fmt, ap);
    va_end(ap);
    return ERR_USE;
}

/* --- JSON -------------------------------------------------------------------------------------- */

/* False for a value of NULL, as when memory was short. */
bool export_put(json_t *o, const char *key, json_t *value)
{
    return json_object_set_new(o, key, value) == 0;
}

json_t *export_hex(slice s)
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
json_t *export_text(const struct export *x, slice s)
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

/* --- which answers a case names ---------------------------------------------------------------- */

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
err export_answers_of(struct export *x, const struct scn_plan *p, size_t from, struct export_answers *out)
{
    size_t last = 0;
    out->n = 0;
    for (size_t i = from; i < p->stmts && (p->stmt[i].word == SCN_EXPECT || p->stmt[i].word == SCN_OR); i++) {
        const struct scn_stmt *s = &p->stmt[i];
        if (!names(s, "result")) continue;
        if (out->n == EXPORT_OE_ANSWERS)
            return export_refuse(x, "%s: more than %d answers to one record", p->of->id, EXPORT_OE_ANSWERS);
        enum scn_verdict v = s->verdict == SCN_NEXT ? SCN_PASS : s->verdict;
        if (v == SCN_SKIP || v == SCN_INCONC)
            return export_refuse(x, "%s, line %d: an answer neither passes, is weak nor fails", p->of->id,
                                 s->line);
        out->a[out->n++] = (struct export_answer){s, v};
        if (v != SCN_FAIL) last = out->n;
    }
    out->n = last;
    return last ? OK : export_refuse(x, "%s: no answer to a record would be right", p->of->id);
}

/* What the first answer to have that status makes of a reader, values apart. */
static enum scn_verdict best(const struct export_answers *a, const char *status)
{
    enum scn_verdict v = SCN_FAIL;
    for (size_t i = 0; i < a->n; i++) {
        enum scn_verdict one = a->a[i].verdict;
        if (says(a->a[i].s, status) && (one == SCN_PASS || (one == SCN_WEAK && v == SCN_FAIL))) v = one;
    }
    return v;
}

enum export_oe_result export_result(const struct export_answers *a)
{
    bool ok = best(a, "ok") != SCN_FAIL,
         other = best(a, "malformed") != SCN_FAIL || best(a, "ignore") != SCN_FAIL;
    return !ok ? EXPORT_OE_INVALID : other ? EXPORT_OE_ACCEPTABLE : EXPORT_OE_VALID;
}

/* --- members of an answer ---------------------------------------------------------------------- */

static err decimal(struct export *x, slice s, json_t *list)
{
    uint64_t v;
    if (!slice_number(s, UINT32_MAX, &v)) return export_refuse(x, "a precedence that is no number");
    return json_array_append_new(list, json_integer((json_int_t)v)) ? ERR_MEM : OK;
}

static json_t *key_numbers(const struct export *x, slice exponent_hex, slice modulus_hex)
{
    json_t *k = json_object();
    if (k && export_put(k, "exponent_hex", export_text(x, exponent_hex)) &&
        export_put(k, "modulus_hex", export_text(x, modulus_hex)))
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
        return export_refuse(x, "key=%.*s: the number of a sample is wanted, or none", (int)number.n,
                             (const char *)number.p);
    buf_init(&data, x->env->mem, OE_SAMPLE_OCTETS * 2);
    err e = base64_decode(slice_str(samples_oe[n - 1]), false, &data, NULL);
    if (e == OK) {
        oe_rsa_read(buf_slice(&data), &k, &notes);
        json_t *key = json_object();
        if (!key || !export_put(key, "exponent_hex", export_hex(k.exponent)) ||
            !export_put(key, "modulus_hex", export_hex(k.modulus)))
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
        else if (json_array_append_new(list, export_text(x, v)))
            e = ERR_MEM;
    }
    if (e == OK) return export_put(out, name, list) ? OK : ERR_MEM;
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
        if (a->negated)
            return export_refuse(x, "%s, line %d: %s!= has no form in JSON", p->of->id, s->line, a->key);
        for (size_t k = 0; !taken && plain[k]; k++) {
            if (strcmp(a->key, plain[k]) != 0) continue;
            TRY(member(x, a, out));
            taken = true;
        }
        if (!taken)
            return export_refuse(x, "%s, line %d: %s has no form in JSON", p->of->id, s->line, a->key);
    }
    slice exponent = oe_arg_octets(s, "exponent"), modulus = oe_arg_octets(s, "modulus");
    if (json_object_get(out, "key") || (!exponent.n && !modulus.n && !scn_named(s, "bits")))
        return OK; /* key says both */
    if (!exponent.n || !modulus.n)
        return export_refuse(x, "%s, line %d: exponent and modulus are wanted, or key", p->of->id, s->line);
    json_t *list = json_array();
    if (list && json_array_append_new(list, key_numbers(x, exponent, modulus)) == 0)
        return export_put(out, "key", list) ? OK : ERR_MEM;
    json_decref(list);
    return ERR_MEM;
}

err export_answer(struct export *x, const struct scn_plan *p, const struct export_answer *a, json_t *list)
{
    json_t *o = json_object(), *m = json_object();
    err e = o && m ? members(x, p, a->s, m) : ERR_MEM;
    if (e != OK) {
        json_decref(m);
    } else if (!export_put(o, "verdict", json_string(scn_verdict_name(a->verdict))) ||
               (a->s->text && !export_put(o, "reason", export_text(x, slice_str(a->s->text))))) {
        json_decref(m);
        e = ERR_MEM;
    } else if (!export_put(o, "members", m)) {
        e = ERR_MEM;
    }
    if (e == OK && json_array_append_new(list, o) == 0) return OK;
    if (e != OK) json_decref(o);
    return e == OK ? ERR_MEM : e;
}

/* What the strict reading says: the first answer that passes, with the first of each of its values. */
json_t *export_expected(const json_t *answers)
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
