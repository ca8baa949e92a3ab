/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "codec/oe_line_impl.h"

/* --- reading ------------------------------------------------------------------------------------------------------------------- */

static err read_ok(struct line_reader *r, json_t *o, struct oe_line_reply *out)
{
    static const char *const gateways[] = {"ipv4", "ipv6", "fqdn", NULL};
    uint64_t precedence = 0;
    unsigned type = 0;
    out->precedence_given = json_object_get(o, "precedence") != NULL;
    TRY(line_number(r, o, "precedence", false, 0, UINT32_MAX, &precedence));
    out->precedence = (uint32_t)precedence;
    if (json_object_get(o, "gateway_type") || json_object_get(o, "gateway")) {
        TRY(line_word(r, o, "gateway_type", true, gateways, &type));
        out->gateway_type = (enum oe_gateway)(type + 1);
        TRY(line_text(r, o, "gateway", true, &out->gateway));
    }
    return line_rsa(r, json_object_get(o, "key"), "key", false, &out->key);
}

static err read_tunnels(struct line_reader *r, json_t *o, struct oe_line_reply *out)
{
    json_t *list;
    char path[40];
    TRY(line_list(r, o, "tunnels", &list));
    out->tunnels = arena_new(r->own, json_array_size(list) * sizeof *out->tunnels);
    if (!out->tunnels) return ERR_MEM;
    for (size_t i = 0; i < json_array_size(list); i++) {
        struct line_reader in = {.own = r->own, .f = r->f, .path = path};
        json_t *one = json_array_get(list, i);
        snprintf(path, sizeof path, "tunnels[%zu].", i);
        if (!json_is_object(one)) return line_fault(r, "tunnels[%zu] is no object", i);
        TRY(line_text(&in, one, "destination", true, &out->tunnels[i].destination));
        TRY(line_text(&in, one, "gateway", false, &out->tunnels[i].gateway));
        out->tunnel_count++;
    }
    return OK;
}

/* The one member that says what kind of answer it is. */
static err read_kind(struct line_reader *r, json_t *o, enum oe_line_says *says)
{
    static const char *const kinds[] = {"status", "decision", "verdict", "tunnels"};
    static const uint8_t means[] = {OE_SAYS_OK, OE_SAYS_DECISION, OE_SAYS_VERDICT, OE_SAYS_TUNNELS};
    const char *had = NULL;
    for (size_t i = 0; i < sizeof means; i++) {
        if (!json_object_get(o, kinds[i])) continue;
        if (had) return line_fault(r, "%s and %s are both there", had, kinds[i]);
        had = kinds[i];
        *says = (enum oe_line_says)means[i];
    }
    return had ? OK : line_fault(r, "none of status, decision, verdict, tunnels is there");
}

static err read_members(struct line_reader *r, json_t *o, struct oe_line_reply *out)
{
    static const char *const states[] = {"ok", "ignore", "malformed", "ready", "unsupported", "error", NULL};
    unsigned i = 0;
    TRY(line_text(r, o, "reason", false, &out->reason));
    TRY(read_kind(r, o, &out->says));
    switch (out->says) {
    case OE_SAYS_DECISION:
        TRY(line_word(r, o, "decision", true, oe_line_decision_names, &i));
        out->decision = (enum oe_line_decision)i;
        TRY(line_text(r, o, "gateway", out->decision == OE_LINE_DECISION_ENCRYPT, &out->decided_gateway));
        TRY(line_text(r, o, "source", false, &out->source));
        return line_keys(r, o, out->decision == OE_LINE_DECISION_ENCRYPT, &out->keys, &out->key_count);
    case OE_SAYS_VERDICT:
        TRY(line_word(r, o, "verdict", true, oe_line_verdict_names, &i));
        out->verdict = (enum oe_line_verdict)i;
        return line_keys(r, o, false, &out->keys, &out->key_count);
    case OE_SAYS_TUNNELS: return read_tunnels(r, o, out);
    default:
        TRY(line_word(r, o, "status", true, states, &i));
        out->says = (enum oe_line_says)i; /* they stand in that order */
        return out->says == OE_SAYS_OK ? read_ok(r, o, out) : OK;
    }
}

err oe_line_reply_read(const struct env *env, slice line, struct oe_line_reply *out, struct oe_line_fault *f)
{
    struct line_reader r = {.own = &out->own, .f = f, .path = ""};
    json_t *root = NULL, *id;
    *out = (struct oe_line_reply){.id = "", .reason = "", .gateway = "", .decided_gateway = "", .source = ""};
    arena_init(&out->own, env->mem);
    err e = line_open(&r, line, &root, &out->id);
    /* who could not read an id says so without one */
    id = json_object_get(root, "id");
    if (e == ERR_PEER && json_is_string(id) && json_string_length(id) == 0) e = OK;
    if (e == OK) e = read_members(&r, root, out);
    if (e == OK && !*out->id && out->says != OE_SAYS_ERROR) e = line_fault(&r, "id is empty");
    json_decref(root);
    return e;
}

void oe_line_reply_done(struct oe_line_reply *r)
{
    arena_done(&r->own);
}

/* --- writing ------------------------------------------------------------------------------------------------------------------- */

static void write_ok(struct line_writer *w, const struct oe_line_reply *a)
{
    if (a->precedence_given) line_put_number(w, w->o, "precedence", a->precedence);
    if (a->gateway_type != OE_NO_GATEWAY) {
        line_put_word(w, w->o, "gateway_type", oe_line_gateway_names, OE_GATEWAYS, (size_t)a->gateway_type);
        line_put_text(w, w->o, "gateway", a->gateway);
    }
    line_put_rsa(w, w->o, "key", &a->key);
}

static void write_decision(struct line_writer *w, const struct oe_line_reply *a)
{
    line_put_word(w, w->o, "decision", oe_line_decision_names, OE_LINE_DECISION_COUNT, (size_t)a->decision);
    if (a->decision == OE_LINE_DECISION_ENCRYPT) {
        line_put_text(w, w->o, "gateway", a->decided_gateway);
        line_put_keys(w, w->o, a->keys, a->key_count);
    }
    line_put_some(w, w->o, "source", a->source);
}

static void write_tunnels(struct line_writer *w, const struct oe_line_reply *a)
{
    json_t *list = w->e == OK ? json_array() : NULL;
    if (w->e == OK) line_put(w, w->o, "tunnels", list);
    for (size_t i = 0; i < a->tunnel_count && w->e == OK; i++) {
        json_t *one = json_object();
        line_put(w, list, NULL, one);
        line_put_text(w, one, "destination", a->tunnels[i].destination);
        line_put_some(w, one, "gateway", a->tunnels[i].gateway);
    }
}

err oe_line_reply_write(const struct oe_line_reply *a, struct buf *out)
{
    struct line_writer w;
    line_begin(&w);
    line_put_text(&w, w.o, "id", a->id);
    switch (a->says) {
    case OE_SAYS_DECISION: write_decision(&w, a); break;
    case OE_SAYS_VERDICT:
        line_put_word(&w, w.o, "verdict", oe_line_verdict_names, OE_LINE_VERDICT_COUNT, (size_t)a->verdict);
        if (a->key_count) line_put_keys(&w, w.o, a->keys, a->key_count);
        break;
    case OE_SAYS_TUNNELS: write_tunnels(&w, a); break;
    default:
        line_put_word(&w, w.o, "status", oe_line_says_names, OE_SAYS_DECISION, (size_t)a->says);
        if (a->says == OE_SAYS_OK) write_ok(&w, a);
    }
    line_put_some(&w, w.o, "reason", a->reason);
    return line_close(&w, out);
}
