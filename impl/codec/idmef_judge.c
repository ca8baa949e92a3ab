/* SPDX-License-Identifier: MIT */
/* What stands where: elements and attributes of IDMEF against the declarations, compared by namespace, which
 * libxml2's own validation does not do.  Content models are asked by the regular expressions that libxml2
 * makes of them, one step an element. */
#include <stdarg.h>
#include <stdio.h>

#include "codec/idmef_impl.h"

#include <libxml/valid.h>

enum { NAME_SHOWN = 40, EXPECTED_SHOWN = 6 };

/* --- what is told
 * ------------------------------------------------------------------------------------------------------- */

struct idmef_shown idmef_show(slice name)
{
    struct idmef_shown out;
    size_t at = 0;
    for (; at < name.n && at < NAME_SHOWN; at++)
        out.s[at] = (char)(name.p[at] >= ' ' && name.p[at] < 127 ? name.p[at] : '?');
    if (at < name.n) {
        memcpy(out.s + at, "...", 3);
        at += 3;
    }
    out.s[at] = 0;
    return out;
}

uint32_t idmef_line(const struct idmef_check *c)
{
    int line = c->parser && c->parser->input ? c->parser->input->line : 1;
    return line > 0 ? (uint32_t)line : 1;
}

void idmef_say(struct idmef_check *c, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(c->result.why, sizeof c->result.why, fmt, ap);
    va_end(ap);
}

bool idmef_invalid(struct idmef_check *c, enum idmef_fault_code fault)
{
    if (!c->judging || c->failed != OK) return false;
    c->judging = false;
    c->result.verdict = IDMEF_INVALID;
    c->result.fault = fault;
    c->result.line = idmef_line(c);
    return true;
}

void idmef_note(struct idmef_check *c, enum idmef_fault_code code)
{
    struct idmef_result *r = &c->result;
    for (uint32_t i = 0; i < r->note_n; i++) {
        if (r->note[i].code != code) continue;
        r->note[i].count++;
        return;
    }
    if (r->note_n < IDMEF_NOTES) r->note[r->note_n++] = (struct idmef_note){code, idmef_line(c), 1};
}

/* --- elements
 * ------------------------------------------------------------------------------------------------------------
 */

static bool is_idmef(const xmlChar *uri)
{
    return uri && strcmp((const char *)uri, IDMEF_NAMESPACE) == 0;
}

/* By namespace; the defaults of the declarations stand in where a document declares none. */
static bool ours(struct idmef_check *c, const xmlChar *prefix, const xmlChar *uri)
{
    if (is_idmef(uri)) {
        if (prefix && !idmef_is(prefix, "idmef")) idmef_note(c, IDMEF_F_PREFIX);
        return true;
    }
    if (uri || (prefix && !idmef_is(prefix, "idmef"))) return false;
    idmef_note(c, IDMEF_F_NO_NAMESPACE);
    return true;
}

static const char *allowed(xmlRegExecCtxtPtr exec, bool failed, char *out, size_t room)
{
    xmlChar *values[EXPECTED_SHOWN];
    const xmlChar *at = NULL;
    int n = EXPECTED_SHOWN, neg = 0, terminal = 0;
    size_t used = 0;
    out[0] = 0;
    int rc = failed ? xmlRegExecErrInfo(exec, &at, &n, &neg, values, &terminal)
                    : xmlRegExecNextValues(exec, &n, &neg, values, &terminal);
    if (rc < 0) return out;
    for (int i = 0; i < n && used < room; i++)
        used += (size_t)snprintf(out + used, room - used, "%s%s", i ? " or " : "", (const char *)values[i]);
    return out;
}

/* A child of an element that is known. */
static void place(struct idmef_check *c, const struct idmef_open *in, const xmlChar *name)
{
    char want[120];
    xmlElementPtr d = in->decl;
    switch (d->etype) {
    case XML_ELEMENT_TYPE_EMPTY:
    case XML_ELEMENT_TYPE_MIXED: /* of text alone: the declarations have no other */
        if (idmef_invalid(c, IDMEF_F_PLACE))
            idmef_say(c, "<%s> may not stand in <%s>, which holds %s", idmef_show(idmef_text(name)).s,
                      (const char *)d->name, d->etype == XML_ELEMENT_TYPE_EMPTY ? "nothing" : "text only");
        return;
    case XML_ELEMENT_TYPE_ELEMENT:
        if (!in->exec || xmlRegExecPushString(in->exec, name, NULL) >= 0 || !idmef_invalid(c, IDMEF_F_PLACE))
            return;
        allowed(in->exec, true, want, sizeof want);
        if (want[0])
            idmef_say(c, "<%s> may not stand here in <%s>: %s should", idmef_show(idmef_text(name)).s,
                      (const char *)d->name, want);
        else
            idmef_say(c, "<%s> may not stand here in <%s>, which should end", idmef_show(idmef_text(name)).s,
                      (const char *)d->name);
        return;
    case XML_ELEMENT_TYPE_ANY:
    case XML_ELEMENT_TYPE_UNDEFINED:
        return;
    }
}

static xmlAttributePtr find_attr(const xmlElementPtr decl, const xmlChar *prefix, const char *name)
{
    for (xmlAttributePtr a = decl->attributes; a; a = a->nexth) {
        bool same = prefix ? idmef_is(a->prefix, (const char *)prefix) : !a->prefix;
        if (same && idmef_is(a->name, name)) return a;
    }
    return NULL;
}

static bool is_name_char(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_' || c == ':' || c >= 0x80;
}

/* XML 1.0 3.3.3: values that are no CDATA lose their blanks outside; line ends became blanks in the parser.
 */
static bool value_fits(const xmlAttributePtr a, slice v)
{
    if (a->atype != XML_ATTRIBUTE_CDATA) v = slice_trim(v);
    if (a->def == XML_ATTRIBUTE_FIXED && !slice_eq(v, idmef_text(a->defaultValue))) return false;
    if (a->atype == XML_ATTRIBUTE_ENUMERATION) {
        for (xmlEnumerationPtr e = a->tree; e; e = e->next) {
            if (slice_eq(v, idmef_text(e->name))) return true;
        }
        return false;
    }
    if (a->atype == XML_ATTRIBUTE_NMTOKEN) {
        for (size_t i = 0; i < v.n; i++) {
            if (!is_name_char(v.p[i])) return false;
        }
        return v.n > 0;
    }
    return true;
}

/* uri: of the attribute's namespace; that of xmlns attributes is told by prefix and name. */
static void judge_attr(struct idmef_check *c, const xmlElementPtr decl, const xmlChar *prefix,
                       const char *name, slice v)
{
    xmlAttributePtr a = find_attr(decl, prefix, name);
    const char *colon = prefix ? ":" : "";
    struct idmef_shown before = idmef_show(idmef_text(prefix));
    if (!a && (prefix || idmef_is((const xmlChar *)name, "xmlns"))) {
        /* Classification and Reference lack what all others have; the root has it all */
        a = find_attr(xmlGetDtdElementDesc(c->schema->dtd, (const xmlChar *)"IDMEF-Message"), prefix, name);
        if (a) idmef_note(c, IDMEF_F_GLOBAL);
    }
    if (!a) {
        if (idmef_invalid(c, IDMEF_F_ATTRIBUTE))
            idmef_say(c, "<%s> has no attribute %s%s%s", (const char *)decl->name, before.s, colon,
                      idmef_show(idmef_text((const xmlChar *)name)).s);
        return;
    }
    if (!value_fits(a, v) && idmef_invalid(c, IDMEF_F_VALUE))
        idmef_say(c, "'%s' is no value of %s%s%s of <%s>", idmef_show(v).s, before.s, colon, name,
                  (const char *)decl->name);
    if (!prefix && idmef_is(a->name, "ntpstamp")) {
        struct idmef_value value;
        idmef_value_begin(&value, IDMEF_T_NTPSTAMP);
        idmef_value_add(&value, v);
        if (idmef_value_end(&value) != IDMEF_F_NONE) idmef_note(c, IDMEF_F_NTPSTAMP);
    }
}

static void judge_namespaces(struct idmef_check *c, const xmlElementPtr decl, int n, const xmlChar **space)
{
    static const xmlChar xmlns[] = "xmlns";
    for (int i = 0; i < n; i++) {
        const xmlChar *prefix = space[2 * i], *uri = space[2 * i + 1];
        if (!prefix)
            judge_attr(c, decl, NULL, "xmlns", idmef_text(uri));
        else if (idmef_is(prefix, "idmef"))
            judge_attr(c, decl, xmlns, "idmef", idmef_text(uri));
        else if (!is_idmef(uri))
            idmef_note(c, IDMEF_F_EXTENSION);
    }
}

static void judge_attrs(struct idmef_check *c, const xmlElementPtr decl, int n, const xmlChar **attr)
{
    static const char xml_uri[] = "http://www.w3.org/XML/1998/namespace";
    bool language = false;
    for (int i = 0; i < n; i++) {
        const xmlChar **a =
            attr + 5 * i; /* name, prefix, namespace, first octet of the value, the one behind it */
        if (a[2] && !idmef_is(a[2], xml_uri) && !is_idmef(a[2])) {
            idmef_note(c, IDMEF_F_EXTENSION);
            continue;
        }
        judge_attr(c, decl, a[1], (const char *)a[0], slice_of(a[3], (size_t)(a[4] - a[3])));
        if (a[1] && idmef_is(a[0], "lang")) language = true;
    }
    if (c->depth == 0 && !language) idmef_note(c, IDMEF_F_NO_LANGUAGE);
    for (xmlAttributePtr d = decl->attributes; d; d = d->nexth) {
        bool there = false;
        if (d->def != XML_ATTRIBUTE_REQUIRED) continue;
        for (int i = 0; i < n && !there; i++)
            there = !attr[5 * i + 1] && xmlStrEqual(attr[5 * i], d->name);
        if (!there && idmef_invalid(c, IDMEF_F_ATTRIBUTE_MISSING))
            idmef_say(c, "<%s> lacks its attribute %s", (const char *)decl->name, (const char *)d->name);
    }
}

/* Where the element may stand and what is known of it; NULL when nothing is. */
xmlElementPtr idmef_judge_element(struct idmef_check *c, const xmlChar *local, const xmlChar *prefix,
                                  const xmlChar *uri)
{
    const struct idmef_open *in = c->depth ? &c->open[c->depth - 1] : NULL;
    bool mine = ours(c, prefix, uri);
    if (!in && (!mine || !idmef_is(local, "IDMEF-Message"))) {
        if (idmef_invalid(c, IDMEF_F_ROOT))
            idmef_say(c, "the document is <%s>%s, and not IDMEF-Message of %s",
                      idmef_show(idmef_text(local)).s, uri && !is_idmef(uri) ? " of another namespace" : "",
                      IDMEF_NAMESPACE);
        return NULL;
    }
    if (!mine) {
        if (in && in->decl && in->decl->etype == XML_ELEMENT_TYPE_ANY)
            idmef_note(c, IDMEF_F_EXTENSION);
        else if (idmef_invalid(c, IDMEF_F_FOREIGN))
            idmef_say(c, "<%s> is of another namespace, and may stand in <xmltext> only",
                      idmef_show(idmef_text(local)).s);
        return NULL;
    }
    xmlElementPtr decl = xmlGetDtdElementDesc(c->schema->dtd, local);
    if (!decl) {
        if (idmef_invalid(c, IDMEF_F_ELEMENT))
            idmef_say(c, "there is no element <%s>", idmef_show(idmef_text(local)).s);
        return NULL;
    }
    if (in && in->decl) place(c, in, local);
    return decl;
}

void idmef_judge_attrs(struct idmef_check *c, const xmlElementPtr decl, int spaces, const xmlChar **space,
                       int attrs, const xmlChar **attr)
{
    judge_namespaces(c, decl, spaces, space);
    judge_attrs(c, decl, attrs, attr);
}

void idmef_judge_end(struct idmef_check *c, const struct idmef_open *o)
{
    char want[120];
    allowed(o->exec, false, want, sizeof want); /* asked before: the end may change what it answers */
    if (xmlRegExecPushString(o->exec, NULL, NULL) <= 0 && idmef_invalid(c, IDMEF_F_MISSING))
        idmef_say(c, "<%s> ends where %s should stand", (const char *)o->decl->name,
                  want[0] ? want : "an element");
}
