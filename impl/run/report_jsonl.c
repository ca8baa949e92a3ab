/* SPDX-License-Identifier: MIT */
#include "run/result.h"

#include <jansson.h>
#include <stdlib.h>

#include "run/doc.h"

/* s with wrong octets replaced, as jansson takes only UTF-8; null for NULL. */
static json_t *string_of(const struct mem *mem, const char *s)
{
    struct buf b;
    if (!s) return json_null();
    buf_init(&b, mem, DOC_MAX);
    struct doc d = {&b, OK};
    doc_utf8(&d, slice_str(s));
    slice all = buf_slice(&b);
    json_t *j = d.failed == OK ? json_stringn(all.n ? (const char *)all.p : "", all.n) : NULL;
    buf_done(&b);
    return j;
}

static bool put(json_t *o, const char *key, json_t *value)
{
    return json_object_set_new(o, key, value) == 0; /* fails for a value of NULL */
}

static bool put_string(const struct mem *mem, json_t *o, const char *key, const char *s)
{
    return put(o, key, string_of(mem, s));
}

static json_t *clause_ids(const struct result *r)
{
    json_t *a = json_array();
    for (size_t i = 0; a && i < r->clauses; i++) {
        if (json_array_append_new(a, json_string(clauses[r->clause[i]].id)) == 0) continue;
        json_decref(a);
        a = NULL;
    }
    return a;
}

static json_t *defect_ids(const struct result *r)
{
    json_t *a = json_array();
    for (size_t i = 0; a && i < r->defects; i++) {
        if (json_array_append_new(a, json_string(defects[r->defect[i]].id)) == 0) continue;
        json_decref(a);
        a = NULL;
    }
    return a;
}

/* Microseconds are the finest that mean anything; JSON has no infinity. */
static double milliseconds(double ms)
{
    return ms >= 0 && ms < 1e12 ? (double)(long long)(ms * 1000 + 0.5) / 1000 : 0;
}

/* The keys of the contract first, in its order. */
static json_t *object_of(const struct run_results *rs, const struct result *r)
{
    const struct mem *m = rs->mem;
    json_t *o = json_object();
    if (!o) return NULL;
    bool ok = put_string(m, o, "id", r->id ? r->id : "") &&
              put(o, "verdict", json_string(verdict_names[r->verdict])) && put(o, "clauses", clause_ids(r)) &&
              put(o, "defects", defect_ids(r)) && put_string(m, o, "reason", r->reason ? r->reason : "") &&
              put(o, "ms", json_real(milliseconds(r->ms))) &&
              put_string(m, o, "split", r->split ? r->split : "whole") &&
              put_string(m, o, "title", r->title ? r->title : "") &&
              put_string(m, o, "role", r->role ? r->role : rs->role) &&
              put_string(m, o, "vary", r->vary ? r->vary : "") &&
              put(o, "instances", json_integer((json_int_t)r->instances)) &&
              put(o, "passive", json_boolean(r->passive)) && put_string(m, o, "about", r->about) && put_string(m, o, "dialect", r->dialect) && put_string(m, o, "waived", r->waived) &&
              put_string(m, o, "file", r->file) && put(o, "line", json_integer(r->line)) &&
              put_string(m, o, "saved", r->saved);
    if (ok) return o;
    json_decref(o);
    return NULL;
}

static void line_of(struct doc *d, json_t *o)
{
    char *s = o ? json_dumps(o, JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(12)) : NULL;
    if (s) {
        doc_str(d, s);
        doc_str(d, "\n");
    } else if (d->failed == OK) {
        d->failed = ERR_MEM;
    }
    free(s); /* jansson's own memory; the allocator it uses is a global of the library and stays as it is */
    json_decref(o);
}

err report_jsonl(const struct run_results *rs, const char *path, char *why, size_t why_n)
{
    struct buf out;
    size_t count[V_COUNT] = {0};
    buf_init(&out, rs->mem, DOC_MAX);
    struct doc d = {&out, OK};
    for (size_t i = 0; i < rs->n && d.failed == OK; i++) {
        count[rs->r[i].verdict]++;
        line_of(&d, object_of(rs, &rs->r[i]));
    }
    json_t *sum = json_object(), *last = json_object();
    bool ok = sum && last;
    for (int v = 0; v < V_COUNT && ok; v++)
        ok = put(sum, verdict_names[v], json_integer((json_int_t)count[v]));
    if (ok) ok = put(last, "summary", json_incref(sum));
    if (!ok && d.failed == OK) d.failed = ERR_MEM;
    json_decref(sum);
    line_of(&d, last);
    err e = doc_save(&d, path, why, why_n);
    buf_done(&out);
    return e;
}
