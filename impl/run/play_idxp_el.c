/* SPDX-License-Identifier: MIT */
/* The IDXP adapter of the player: elements in pieces, so that a case can change one of them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run/play_idxp_impl.h"

err idxp_play_escape(slice text, struct buf *out)
{
    for (size_t i = 0; i < text.n; i++) {
        const char *ref = text.p[i] == '&'    ? "&amp;"
                          : text.p[i] == '<'  ? "&lt;"
                          : text.p[i] == '>'  ? "&gt;"
                          : text.p[i] == '\'' ? "&apos;"
                                              : NULL;
        TRY(ref ? buf_add_str(out, ref) : buf_add_byte(out, text.p[i]));
    }
    return OK;
}

static err add(struct parts *o, const char *line, const char *piece, const char *text)
{
    return parts_add(o, line, piece, slice_str(text));
}

static err attribute(struct player *p, struct parts *o, const char *name, slice value)
{
    struct buf b;
    buf_init(&b, p->e.env->mem, 6 * value.n + 8);
    err e = idxp_play_escape(value, &b);
    if (e == OK) e = add(o, name, "gap", " ");
    if (e == OK) e = add(o, name, "name", name);
    if (e == OK) e = add(o, name, "eq", "='");
    if (e == OK) e = parts_add(o, name, "value", buf_slice(&b));
    if (e == OK) e = add(o, name, "quote", "'");
    buf_done(&b);
    return e;
}

static err if_given(struct player *p, const struct scn_stmt *s, struct parts *o, const char *name)
{
    return s && scn_named(s, name) ? attribute(p, o, name, beep_play_octets(s, name)) : OK;
}

/* --- options ------------------------------------------------------------------------------------- */

struct option { /* as it is being gathered from the arguments */
    bool external;
    slice name, must, localize, inner, attributes, priority, stream;
    bool on, has_must, has_localize, has_inner, has_priority, has_stream;
};

static err put(struct buf *out, const char *name, slice value)
{
    TRY(buf_addf(out, " %s='", name));
    TRY(idxp_play_escape(value, out));
    return buf_add_byte(out, '\'');
}

static err end_option(const struct option *o, struct buf *out)
{
    if (!o->on) return OK;
    TRY(buf_add_str(out, "<Option"));
    TRY(put(out, o->external ? "external" : "internal", o->name));
    if (o->has_must) TRY(put(out, "mustUnderstand", o->must));
    if (o->has_localize) TRY(put(out, "localize", o->localize));
    if (o->attributes.n) TRY(buf_addf(out, " %.*s", (int)o->attributes.n, (const char *)o->attributes.p));
    if (!o->has_inner && !o->has_priority && !o->has_stream) return buf_add_str(out, " />");
    TRY(buf_add_byte(out, '>'));
    if (o->has_priority) {
        TRY(buf_add_str(out, "<channelPriority"));
        TRY(put(out, "priority", o->priority));
        TRY(buf_add_str(out, " />"));
    }
    if (o->has_stream) {
        TRY(buf_add_str(out, "<streamType"));
        TRY(put(out, "type", o->stream));
        TRY(buf_add_str(out, " />"));
    }
    TRY(buf_add(out, o->inner));
    return buf_add_str(out, "</Option>");
}

static err write_options(const struct scn_stmt *s, struct buf *out)
{
    struct option o = {.on = false};
    for (size_t i = 0; s && i < s->args; i++) {
        const struct scn_arg *a = &s->arg[i];
        if (!a->key || !a->values) continue;
        slice v = slice_of(a->value[0].p, a->value[0].n);
        if (strcmp(a->key, "option") == 0 || strcmp(a->key, "external") == 0) {
            TRY(end_option(&o, out));
            o = (struct option){.on = true, .external = strcmp(a->key, "external") == 0, .name = v};
        }
        if (strcmp(a->key, "must") == 0) o.must = v, o.has_must = true;
        if (strcmp(a->key, "localize") == 0) o.localize = v, o.has_localize = true;
        if (strcmp(a->key, "inner") == 0) o.inner = v, o.has_inner = true;
        if (strcmp(a->key, "attributes") == 0) o.attributes = v;
        if (strcmp(a->key, "priority") == 0) o.priority = v, o.has_priority = true;
        if (strcmp(a->key, "stream") == 0) o.stream = v, o.has_stream = true;
    }
    return end_option(&o, out);
}

/* --- IDXP ---------------------------------------------------------------------------------------- */

static err greeting_parts(struct player *p, const struct scn_stmt *s, struct parts *o)
{
    const struct play_idxp_run *r = idxp_play_run(p);
    slice text = s ? beep_play_octets(s, "text") : SLICE_NONE;
    struct buf options;
    buf_init(&options, p->e.env->mem, IDXP_ELEMENT_MAX);
    TRY(add(o, "open", "value", "<IDXP-Greeting"));
    TRY(attribute(p, o, "uri", s && scn_named(s, "uri") ? beep_play_octets(s, "uri") : slice_str(r->uri)));
    TRY(attribute(p, o, "role",
                  s && scn_named(s, "role")
                      ? beep_play_octets(s, "role")
                      : slice_str(r->role == TEST_IDXP_ANALYZER ? "server" : "client")));
    TRY(if_given(p, s, o, "fqdn"));
    TRY(if_given(p, s, o, "ip"));
    err e = write_options(s, &options);
    bool content = options.n || (s && scn_named(s, "text"));
    if (e == OK && content) e = add(o, "gt", "value", ">");
    if (e == OK && s && scn_named(s, "text")) e = parts_add(o, "text", "value", text);
    if (e == OK && options.n) e = parts_add(o, "options", "value", buf_slice(&options));
    if (e == OK) e = add(o, "end", "value", content ? "</IDXP-Greeting>" : " />");
    buf_done(&options);
    return e;
}

err idxp_play_greeting(struct player *p, const struct scn_stmt *s, struct buf *out)
{
    struct parts o;
    parts_init(&o, p->e.env->mem, IDXP_ELEMENT_MAX);
    err e = greeting_parts(p, s, &o);
    if (e == OK) e = parts_write(&o, out);
    parts_done(&o);
    return e;
}

static err ok_parts(struct parts *o)
{
    TRY(add(o, "open", "value", "<ok"));
    return add(o, "end", "value", " />");
}

static err error_parts(struct player *p, const struct scn_stmt *s, bool tunnel, struct parts *o)
{
    uint32_t code = 550;
    slice given = scn_named(s, "code") ? beep_play_octets(s, "code") : SLICE_LIT("550");
    beep_play_number(s, "code", &code);
    const char *usual = tunnel ? tunnel_code_text(code) : idxp_code_text(code);
    slice text = scn_named(s, "text") ? beep_play_octets(s, "text") : slice_str(usual);
    struct buf b;
    TRY(add(o, "open", "value", "<error"));
    TRY(attribute(p, o, "code", given));
    if (scn_named(s, "lang")) TRY(attribute(p, o, "xml:lang", beep_play_octets(s, "lang")));
    if (!text.n) return add(o, "end", "value", " />");
    buf_init(&b, p->e.env->mem, 6 * text.n + 8);
    err e = idxp_play_escape(text, &b);
    if (e == OK) e = add(o, "gt", "value", ">");
    if (e == OK) e = parts_add(o, "text", "value", buf_slice(&b));
    if (e == OK) e = add(o, "end", "value", "</error>");
    buf_done(&b);
    return e;
}

/* --- TUNNEL -------------------------------------------------------------------------------------- */

struct attr {
    slice name, value;
};
struct hop {
    struct attr attr[12];
    size_t attrs;
};
struct path {
    struct hop hop[24]; /* as written; the first may stand many times */
    size_t hops;
};

static bool blank(uint8_t c)
{
    return c == ' ' || c == '\t';
}

/* NAME=VALUE, the value perhaps in apostrophes; *at behind it. */
static bool read_attr(slice s, size_t *at, struct attr *out)
{
    size_t i = *at, from = i;
    while (i < s.n && s.p[i] != '=' && !blank(s.p[i]))
        i++;
    if (i == from || i == s.n || s.p[i] != '=') return false;
    out->name = slice_sub(s, from, i++);
    bool quoted = i < s.n && s.p[i] == '\'';
    from = quoted ? ++i : i;
    while (i < s.n && (quoted ? s.p[i] != '\'' : !blank(s.p[i])))
        i++;
    out->value = slice_sub(s, from, i);
    if (quoted && i == s.n) return false;
    *at = quoted ? i + 1 : i;
    return true;
}

static bool read_path(slice s, struct path *out)
{
    size_t i = 0;
    out->hops = 1;
    out->hop[0].attrs = 0;
    while (i < s.n) {
        struct hop *h = &out->hop[out->hops - 1];
        if (blank(s.p[i])) {
            i++;
        } else if (s.p[i] == '/' && (i + 1 == s.n || blank(s.p[i + 1]))) {
            i++;
            if (out->hops == sizeof out->hop / sizeof *out->hop) return false;
            out->hop[out->hops++].attrs = 0;
        } else if (slice_starts(slice_sub(s, i, s.n), SLICE_LIT("here")) &&
                   (i + 4 == s.n || blank(s.p[i + 4]))) {
            i += 4;
        } else {
            if (h->attrs == sizeof h->attr / sizeof *h->attr || !read_attr(s, &i, &h->attr[h->attrs]))
                return false;
            h->attrs++;
        }
    }
    return true;
}

static err write_hop(const struct hop *h, bool last, struct buf *out)
{
    TRY(buf_add_str(out, "<tunnel"));
    for (size_t i = 0; i < h->attrs; i++) {
        TRY(buf_addf(out, " %.*s='", (int)h->attr[i].name.n, (const char *)h->attr[i].name.p));
        TRY(idxp_play_escape(h->attr[i].value, out));
        TRY(buf_add_byte(out, '\''));
    }
    return buf_add_str(out, last ? " />" : ">");
}

/* What stands inside the outermost element: the other hops, one in the other. */
static err write_inner(const struct path *way, size_t times, struct buf *out)
{
    size_t depth = 0;
    for (size_t i = 1; i < times; i++, depth++)
        TRY(write_hop(&way->hop[0], way->hops == 1 && i + 1 == times, out));
    for (size_t i = 1; i < way->hops; i++, depth++)
        TRY(write_hop(&way->hop[i], i + 1 == way->hops, out));
    for (size_t i = 1; i < depth; i++)
        TRY(buf_add_str(out, "</tunnel>"));
    return OK;
}

/* The element, where the case gives no path: an endpoint is where the tunnel ends, and behind a proxy stand
 * we. */
static void usual_path(struct player *p, char *out, size_t n)
{
    const struct play_idxp_run *r = idxp_play_run(p);
    if (!idxp_play_proxy(p))
        snprintf(out, n, "here");
    else if (r->path)
        idxp_play_path(r->path, out, n);
    else if (r->far_ip4)
        snprintf(out, n, "ip4=%s port=%s", r->far_ip4, r->far_port ? r->far_port : "604");
    else
        snprintf(out, n, "fqdn=far.draftproof.invalid port=604");
}

static err tunnel_parts(struct player *p, const struct scn_stmt *s, struct parts *o)
{
    char usual[512], name[16];
    struct path way = {.hops = 0};
    struct buf inner;
    uint32_t times = 1;
    usual_path(p, usual, sizeof usual);
    slice text = scn_named(s, "path") ? beep_play_octets(s, "path") : slice_str(usual);
    beep_play_number(s, "times", &times);
    if (!read_path(text, &way))
        return play_error(p, "path=: hops with blank, slash, blank between, each NAME=VALUE ... or here; at "
                             "most 24 of 12 attributes");
    if (times < 1 || times > IDXP_PLAY_HOPS) return play_error(p, "times= is 1 to %d", IDXP_PLAY_HOPS);
    TRY(add(o, "open", "value", "<tunnel"));
    for (size_t i = 0; i < way.hop[0].attrs; i++) {
        const struct attr *a = &way.hop[0].attr[i];
        if (a->name.n >= sizeof name)
            return play_error(p, "the name of an attribute is longer than %zu letters", sizeof name - 1);
        snprintf(name, sizeof name, "%.*s", (int)a->name.n, (const char *)a->name.p);
        TRY(attribute(p, o, name, a->value));
    }
    if (way.hops == 1 && times == 1) return add(o, "end", "value", " />");
    buf_init(&inner, p->e.env->mem, 256 * 1024);
    err e = write_inner(&way, times, &inner);
    if (e == OK) e = add(o, "gt", "value", ">");
    if (e == OK) e = parts_add(o, "inner", "value", buf_slice(&inner));
    if (e == OK) e = add(o, "end", "value", "</tunnel>");
    buf_done(&inner);
    return e;
}

/* --- which --------------------------------------------------------------------------------------- */

err idxp_play_parts(struct player *p, const struct scn_stmt *s, const char *name, struct parts *o)
{
    if (scn_named(s, "xml")) return parts_add(o, "text", "value", beep_play_octets(s, "xml"));
    if (strcmp(name, "idxp-greeting") == 0) return greeting_parts(p, s, o);
    if (strcmp(name, "idxp-ok") == 0 || strcmp(name, "tunnel-ok") == 0) return ok_parts(o);
    if (strcmp(name, "idxp-error") == 0) return error_parts(p, s, false, o);
    if (strcmp(name, "tunnel-error") == 0) return error_parts(p, s, true, o);
    if (strcmp(name, "tunnel") == 0) return tunnel_parts(p, s, o);
    return idxp_play_sample(p, s, o);
}
