/* SPDX-License-Identifier: MIT */
/* What is expected of a capture, as JSON: made from what was found, and compared with it. */
#include "run/replay.h"

#include <jansson.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run/doc.h"

struct replay_expect {
    const struct mem *mem;
    json_t *root;
};

static bool put(json_t *o, const char *key, json_t *value)
{
    return json_object_set_new(o, key, value) == 0; /* fails for a value of NULL */
}

static bool put_number(json_t *o, const char *key, uint32_t n)
{
    return put(o, key, json_integer((json_int_t)n));
}

/* --- made -------------------------------------------------------------------------------------------------------------------- */

err replay_expect_new(const struct replay_options *o, struct replay_expect **out)
{
    char text[IP_TEXT];
    struct replay_expect *e = mem_new(o->env->mem, sizeof *e);
    *out = e;
    if (!e) return ERR_MEM;
    e->mem = o->env->mem;
    e->root = json_object();
    json_t *options = json_object(), *list = json_array();
    bool ok = e->root && options && list;
    for (size_t i = 0; ok && i < o->gateways; i++)
        ok = json_array_append_new(list, json_string(ip_address_text(&o->gateway[i], text))) == 0;
    ok = ok && json_object_set(options, "gateway", list) == 0 && put(options, "fresh", json_boolean(o->fresh)) && json_object_set(e->root, "options", options) == 0;
    json_decref(list);
    json_decref(options);
    return ok ? OK : ERR_MEM;
}

void replay_expect_free(struct replay_expect *e)
{
    if (!e) return;
    json_decref(e->root);
    mem_free(e->mem, e);
}

static json_t *heads(const struct replay *r)
{
    const struct oe_track_heads *h = &r->track.heads;
    json_t *o = json_object();
    bool ok = o && put_number(o, "packets", h->packets) && put_number(o, "cut", h->cut) && put_number(o, "fragments", h->fragments) &&
              put_number(o, "unread", h->unread) && put_number(o, "queries", h->queries) && put_number(o, "answers", h->answers) &&
              put_number(o, "answers without query", h->strays) && put_number(o, "unanswered", h->unanswered) && put_number(o, "parts of DNS over TCP", h->partial) &&
              put_number(o, "IKE", h->ike) && put_number(o, "IKEv2", h->ike2) && put_number(o, "ESP", h->esp) && put_number(o, "exchanges", h->exchanges) &&
              put_number(o, "exchanges without beginning", h->exchanges_inside) && put(o, "begins inside", json_string(oe_inside_texts[h->inside])) &&
              put(o, "damaged", json_string(r->damaged));
    if (ok) return o;
    json_decref(o);
    return NULL;
}

static json_t *faults(const struct replay *r)
{
    char text[IP_TEXT];
    json_t *a = json_array();
    for (size_t i = 0; a && i < r->track.faults; i++) {
        const struct oe_track_fault *f = &r->track.fault[i];
        json_t *one = json_pack("[s, i, s]", oe_track_faults[f->code].info.name, (int)f->packet, ip_address_text(&f->by, text));
        if (one && json_array_append_new(a, one) == 0) continue;
        json_decref(a);
        a = NULL;
    }
    return a;
}

/* Verdicts by clause, of the gateway or of the others. */
static json_t *verdicts(const struct run_results *results, bool gateway)
{
    json_t *o = json_object();
    for (size_t i = 0; o && i < results->n; i++) {
        const struct result *x = &results->r[i];
        if ((strncmp(x->role, "gateway", 7) == 0) != gateway) continue;
        if (put(o, clauses[x->clause[0]].id, json_string(verdict_names[x->verdict]))) continue;
        json_decref(o);
        o = NULL;
    }
    return o;
}

err replay_expect_add(struct replay_expect *e, const struct replay *r, const struct run_results *results)
{
    char text[IP_TEXT];
    json_t *o = json_object();
    bool ok = o && put(o, "seen", heads(r)) && put(o, "faults", faults(r)) && put(o, "gateway", verdicts(results, true)) && put(o, "other end", verdicts(results, false)) &&
              put(e->root, "gateway", json_string(r->track.o.gateways ? ip_address_text(&r->track.o.gateway[0], text) : "none")) &&
              json_object_set(e->root, oe_dialect_names[r->track.o.dialect], o) == 0;
    json_decref(o);
    return ok ? OK : ERR_MEM;
}

err replay_expect_save(const struct env *env, const struct replay_expect *e, const char *path, char *why, size_t why_n)
{
    struct buf out;
    buf_init(&out, env->mem, DOC_MAX);
    struct doc d = {&out, OK};
    char *s = json_dumps(e->root, JSON_INDENT(1) | JSON_PRESERVE_ORDER);
    if (s) {
        doc_str(&d, s);
        doc_str(&d, "\n");
    } else {
        d.failed = ERR_MEM;
    }
    free(s); /* jansson's own memory */
    err failed = doc_save(&d, path, why, why_n);
    buf_done(&out);
    return failed;
}

/* --- compared ------------------------------------------------------------------------------------------------------------------ */

struct comparing {
    size_t *differs;
    void (*line)(void *ctx, const char *text);
    void *ctx;
};

static void differ(const struct comparing *c, const char *where, const char *key, const json_t *want, const json_t *got)
{
    char text[600];
    char *w = want ? json_dumps(want, JSON_COMPACT | JSON_ENCODE_ANY) : NULL, *g = got ? json_dumps(got, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
    snprintf(text, sizeof text, "%s, %s: expected %.200s, found %.200s", where, key, w ? w : "nothing", g ? g : "nothing");
    free(w);
    free(g);
    ++*c->differs;
    c->line(c->ctx, text);
}

static void compare(const struct comparing *c, const char *where, json_t *want, json_t *got)
{
    const char *key;
    json_t *value;
    json_object_foreach(want, key, value) {
        const json_t *other = json_object_get(got, key);
        if (!other || !json_equal(value, other)) differ(c, where, key, value, other);
    }
    json_object_foreach(got, key, value) {
        if (!json_object_get(want, key)) differ(c, where, key, NULL, value);
    }
}

err replay_expect_compare(const struct replay_expect *e, const char *path, size_t *differs, void (*line)(void *ctx, const char *text), void *ctx, char *why, size_t why_n)
{
    static const char *const parts[] = {"seen", "faults", "gateway", "other end"};
    struct comparing c = {differs, line, ctx};
    json_error_t error;
    *differs = 0;
    json_t *want = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    if (!want) {
        if (json_error_code(&error) == json_error_cannot_open_file) snprintf(why, why_n, "%s: %s", path, strerror(errno));
        else snprintf(why, why_n, "%s:%d: nothing that replay --bless wrote: %s", path, error.line < 0 ? 1 : error.line, error.text);
        return json_error_code(&error) == json_error_cannot_open_file ? ERR_SYS : ERR_USE;
    }
    const json_t *gateway = json_object_get(want, "gateway"), *found = json_object_get(e->root, "gateway");
    if (!gateway || !json_equal((json_t *)(uintptr_t)gateway, (json_t *)(uintptr_t)found)) differ(&c, "capture", "gateway", gateway, found);
    for (int d = 0; d < OE_DIALECTS; d++) {
        json_t *got = json_object_get(e->root, oe_dialect_names[d]), *of = json_object_get(want, oe_dialect_names[d]);
        if (!got) continue;
        for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
            json_t *a = json_object_get(of, parts[i]), *b = json_object_get(got, parts[i]);
            if (json_is_object(a) && json_is_object(b)) compare(&c, oe_dialect_names[d], a, b);
            else if (!a || !json_equal(a, b)) differ(&c, oe_dialect_names[d], parts[i], a, b);
        }
    }
    json_decref(want);
    return OK;
}
