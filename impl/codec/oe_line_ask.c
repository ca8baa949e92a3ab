/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "codec/oe_line_impl.h"
#include "codec/oe_master.h"

enum { TIMEOUT_MS = 2000, TIMEOUT_MAX_MS = 600000 };

static const char *const dialects[OE_DIALECTS + 1] = {"draft", "rfc", NULL};
static const char *const types[] = {"TXT", "KEY", NULL};

/* --- reading ------------------------------------------------------------------------------------------------------------------- */

static err read_record(struct line_reader *r, json_t *o, struct oe_line_ask *a)
{
    unsigned type = 0;
    json_t *text = json_object_get(o, "text");
    TRY(line_word(r, o, "type", false, types, &type));
    a->type = type ? OE_RR_KEY : OE_RR_TXT;
    if (!text) return line_hex(r, o, "rdata_hex", &a->rdata);
    if (json_object_get(o, "rdata_hex")) return line_fault(r, "text and rdata_hex are both there");
    if (!json_is_string(text)) return line_fault(r, "text is no text");
    if (json_string_length(text) > OE_MASTER_MAX) return line_fault(r, "text has more than %d octets", OE_MASTER_MAX);
    slice s = slice_str(json_string_value(text));
    const char *copy = arena_text(r->own, s); /* lines of a master file may be several: control characters are the reader's affair */
    if (!copy) return ERR_MEM;
    a->master = true;
    a->text = slice_of(copy, s.n);
    return OK;
}

static err read_classes(struct line_reader *r, json_t *o, struct oe_line_policy *p)
{
    json_t *all = json_object_get(o, "classes"), *v;
    const char *who;
    if (!all) return OK;
    if (!json_is_object(all)) return line_fault(r, "policy.classes is no object");
    if (json_object_size(all) > OE_LINE_LIST_MAX) return line_fault(r, "policy.classes has more than %d members", OE_LINE_LIST_MAX);
    p->classes = arena_new(r->own, json_object_size(all) * sizeof *p->classes);
    if (!p->classes) return ERR_MEM;
    json_object_foreach (all, who, v) {
        unsigned is = 0;
        struct line_reader in = {.own = r->own, .f = r->f, .path = "policy.classes."};
        if (strlen(who) > 255) return line_fault(r, "policy.classes has a member of more than 255 octets");
        TRY(line_word(&in, all, who, true, oe_line_class_names, &is));
        p->classes[p->class_count] = (struct oe_line_class_of){.who = arena_text(r->own, slice_str(who)), .is = (enum oe_line_class)is};
        if (!p->classes[p->class_count++].who) return ERR_MEM;
    }
    return OK;
}

static err read_publics(struct line_reader *r, json_t *o, struct oe_line_policy *p)
{
    json_t *all = json_object_get(o, "public"), *v;
    const char *inside;
    struct line_reader in = {.own = r->own, .f = r->f, .path = "policy.public."};
    if (!all) return OK;
    if (!json_is_object(all)) return line_fault(r, "policy.public is no object");
    if (json_object_size(all) > OE_LINE_LIST_MAX) return line_fault(r, "policy.public has more than %d members", OE_LINE_LIST_MAX);
    p->publics = arena_new(r->own, json_object_size(all) * sizeof *p->publics);
    if (!p->publics) return ERR_MEM;
    json_object_foreach (all, inside, v) {
        struct oe_line_public *one = &p->publics[p->public_count];
        if (strlen(inside) > 255) return line_fault(r, "policy.public has a member of more than 255 octets");
        TRY(line_text(&in, all, inside, true, &one->outside));
        one->inside = arena_text(r->own, slice_str(inside));
        if (!one->inside) return ERR_MEM;
        p->public_count++;
    }
    return OK;
}

static err read_self(struct line_reader *r, json_t *o, struct oe_line_policy *p)
{
    json_t *list;
    TRY(line_list(r, o, "self", &list));
    if (!list) return OK;
    p->self = arena_new(r->own, json_array_size(list) * sizeof *p->self);
    if (!p->self) return ERR_MEM;
    for (size_t i = 0; i < json_array_size(list); i++) {
        json_t *v = json_array_get(list, i);
        if (!json_is_string(v) || json_string_length(v) > 255) return line_fault(r, "policy.self[%zu] is no address", i);
        p->self[i] = arena_text(r->own, slice_str(json_string_value(v)));
        if (!p->self[i]) return ERR_MEM;
        p->self_count++;
    }
    return OK;
}

static err read_begin(struct line_reader *r, json_t *root, struct oe_line_ask *a)
{
    struct oe_line_policy *p = &a->policy;
    struct line_reader in = {.own = r->own, .f = r->f, .path = "policy."};
    unsigned dialect = OE_RFC, is = OE_LINE_PERMISSIVE, rule = OE_UNSIGNED_USE, nat = OE_LINE_NAT_NONE;
    uint64_t timeout = TIMEOUT_MS;
    json_t *o = json_object_get(root, "policy");
    TRY(line_word(r, root, "dialect", true, dialects, &dialect));
    TRY(line_text(r, root, "dns", false, &a->dns));
    if (!o) return line_fault(r, "policy is missing");
    if (!json_is_object(o)) return line_fault(r, "policy is no object");
    TRY(line_word(&in, o, "class", false, oe_line_class_names, &is));
    TRY(line_word(&in, o, "unsigned", false, oe_line_unsigned_names, &rule));
    TRY(line_word(&in, o, "nat", false, oe_line_nat_names, &nat));
    TRY(line_text(&in, o, "name", false, &p->name));
    TRY(line_number(&in, o, "timeout_ms", false, 1, TIMEOUT_MAX_MS, &timeout));
    a->dialect = (enum oe_dialect)dialect;
    p->is = (enum oe_line_class)is;
    p->unsigned_ = (enum oe_unsigned)rule;
    p->nat = (enum oe_line_nat)nat;
    p->timeout_ms = (uint32_t)timeout;
    TRY(read_classes(&in, o, p));
    TRY(read_self(&in, o, p));
    return read_publics(&in, o, p);
}

static err read_members(struct line_reader *r, json_t *o, struct oe_line_ask *a)
{
    unsigned i = 0;
    switch (a->op) {
    case OE_OP_RECORD: return read_record(r, o, a);
    case OE_OP_BEGIN: return read_begin(r, o, a);
    case OE_OP_INITIATE:
        TRY(line_text(r, o, "source", true, &a->source));
        return line_text(r, o, "destination", true, &a->destination);
    case OE_OP_REPORT:
        TRY(line_text(r, o, "destination", true, &a->destination));
        TRY(line_text(r, o, "gateway", true, &a->gateway));
        TRY(line_word(r, o, "outcome", true, oe_line_report_names, &i));
        a->outcome = (enum oe_line_report)i;
        return OK;
    case OE_OP_PHASE1: {
        json_t *id = json_object_get(o, "identity");
        struct line_reader in = {.own = r->own, .f = r->f, .path = "identity."};
        TRY(line_text(r, o, "from", false, &a->from));
        if (!json_is_object(id)) return line_fault(r, "identity is %s", id ? "no object" : "missing");
        TRY(line_word(&in, id, "type", true, oe_line_id_names, &i));
        a->identity_type = (enum oe_id)i;
        TRY(line_text(&in, id, "value", i != OE_ID_OTHER, &a->identity));
        return line_rsa(r, json_object_get(o, "signed_by"), "signed_by", false, &a->signed_by);
    }
    case OE_OP_PHASE2:
        TRY(line_text(r, o, "phase1", true, &a->phase1));
        return line_text(r, o, "source", true, &a->source);
    case OE_OP_ADVANCE: return line_number(r, o, "ms", true, 0, (uint64_t)366 * 86400 * 1000, &a->ms);
    default: return OK;
    }
}

err oe_line_ask_read(const struct env *env, slice line, struct oe_line_ask *a, struct oe_line_fault *f)
{
    struct line_reader r = {.own = &a->own, .f = f, .path = ""};
    json_t *root = NULL;
    unsigned op = OE_OP_RECORD;
    *a = (struct oe_line_ask){.id = "", .dns = "", .source = "", .destination = "", .gateway = "", .from = "", .identity = "", .phase1 = "", .policy.name = ""};
    arena_init(&a->own, env->mem);
    err e = line_open(&r, line, &root, &a->id);
    if (e == OK) e = line_word(&r, root, "op", false, oe_line_op_names + 1, &op);
    if (e == OK) {
        a->op = json_object_get(root, "op") ? (enum oe_line_op)(op + 1) : OE_OP_RECORD;
        e = read_members(&r, root, a);
    }
    json_decref(root);
    return e;
}

void oe_line_ask_done(struct oe_line_ask *a)
{
    arena_done(&a->own);
}

/* --- writing ------------------------------------------------------------------------------------------------------------------- */

static void write_policy(struct line_writer *w, const struct oe_line_policy *p)
{
    json_t *o = w->e == OK ? json_object() : NULL, *part;
    if (w->e == OK) line_put(w, w->o, "policy", o);
    line_put_word(w, o, "class", oe_line_class_names, OE_LINE_CLASS_COUNT, (size_t)p->is);
    if (p->class_count && w->e == OK) {
        line_put(w, o, "classes", part = json_object());
        for (size_t i = 0; i < p->class_count; i++)
            line_put_word(w, part, p->classes[i].who, oe_line_class_names, OE_LINE_CLASS_COUNT, (size_t)p->classes[i].is);
    }
    if (w->e == OK) {
        line_put(w, o, "self", part = json_array());
        for (size_t i = 0; i < p->self_count; i++)
            line_put_text(w, part, NULL, p->self[i]);
    }
    line_put_text(w, o, "name", p->name ? p->name : "");
    line_put_word(w, o, "unsigned", oe_line_unsigned_names, OE_UNSIGNED_COUNT, (size_t)p->unsigned_);
    line_put_word(w, o, "nat", oe_line_nat_names, OE_LINE_NAT_COUNT, (size_t)p->nat);
    if (p->public_count && w->e == OK) {
        line_put(w, o, "public", part = json_object());
        for (size_t i = 0; i < p->public_count; i++)
            line_put_text(w, part, p->publics[i].inside, p->publics[i].outside);
    }
    line_put_number(w, o, "timeout_ms", p->timeout_ms ? p->timeout_ms : TIMEOUT_MS);
}

static void write_phase1(struct line_writer *w, const struct oe_line_ask *a)
{
    json_t *id = w->e == OK ? json_object() : NULL;
    line_put_some(w, w->o, "from", a->from);
    if (w->e == OK) {
        line_put(w, w->o, "identity", id);
    } else {
        json_decref(id);
        return;
    }
    line_put_word(w, id, "type", oe_line_id_names, OE_ID_COUNT, (size_t)a->identity_type);
    line_put_text(w, id, "value", a->identity);
    line_put_rsa(w, w->o, "signed_by", &a->signed_by);
}

err oe_line_ask_write(const struct oe_line_ask *a, struct buf *out)
{
    struct line_writer w;
    line_begin(&w);
    line_put_text(&w, w.o, "id", a->id);
    if (a->op != OE_OP_RECORD) line_put_word(&w, w.o, "op", oe_line_op_names, OE_OP_COUNT, (size_t)a->op);
    switch (a->op) {
    case OE_OP_RECORD:
        if (a->type != OE_RR_TXT || a->master) line_put_text(&w, w.o, "type", a->type == OE_RR_KEY ? "KEY" : "TXT");
        if (!a->master) line_put_hex(&w, w.o, "rdata_hex", a->rdata);
        else if (w.e == OK && !memchr(a->text.n ? (const char *)a->text.p : "x", 0, a->text.n)) {
            json_t *text = json_stringn((const char *)a->text.p, a->text.n);
            if (text) line_put(&w, w.o, "text", text);
            else w.e = ERR_USE;
        } else if (w.e == OK) w.e = ERR_USE;
        break;
    case OE_OP_BEGIN:
        line_put_word(&w, w.o, "dialect", dialects, OE_DIALECTS, (size_t)a->dialect);
        line_put_some(&w, w.o, "dns", a->dns);
        write_policy(&w, &a->policy);
        break;
    case OE_OP_INITIATE:
        line_put_text(&w, w.o, "source", a->source);
        line_put_text(&w, w.o, "destination", a->destination);
        break;
    case OE_OP_REPORT:
        line_put_text(&w, w.o, "destination", a->destination);
        line_put_text(&w, w.o, "gateway", a->gateway);
        line_put_word(&w, w.o, "outcome", oe_line_report_names, OE_LINE_REPORT_COUNT, (size_t)a->outcome);
        break;
    case OE_OP_PHASE1: write_phase1(&w, a); break;
    case OE_OP_PHASE2:
        line_put_text(&w, w.o, "phase1", a->phase1);
        line_put_text(&w, w.o, "source", a->source);
        break;
    case OE_OP_ADVANCE: line_put_number(&w, w.o, "ms", a->ms); break;
    default: break;
    }
    return line_close(&w, out);
}
