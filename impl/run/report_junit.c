/* SPDX-License-Identifier: MIT */
#include "run/result.h"

#include <string.h>

#include "run/doc.h"

static const char *role_of(const struct run_results *rs, const struct result *r)
{
    return r->role ? r->role : rs->role ? rs->role : "";
}

static void xml(struct doc *d, const char *s)
{
    doc_xml(d, slice_str(s));
}

static void seconds(struct doc *d, double ms)
{
    doc_fmt(d, " time=\"%.3f\"", ms >= 0 && ms < 1e12 ? ms / 1000 : 0.0);
}

static void property(struct doc *d, const char *name, const char *value)
{
    if (!value || !value[0]) return;
    doc_fmt(d, "<property name=\"%s\" value=\"", name);
    xml(d, value);
    doc_str(d, "\"/>");
}

static void properties(struct doc *d, const struct result *r)
{
    doc_str(d, "      <properties>");
    property(d, "verdict", verdict_names[r->verdict]);
    for (size_t i = 0; i < r->clauses; i++)
        property(d, "clause", clauses[r->clause[i]].id);
    for (size_t i = 0; i < r->defects; i++)
        property(d, "defect", defects[r->defect[i]].id);
    property(d, "about", r->about);
    property(d, "vary", r->vary);
    property(d, "waived", r->waived);
    property(d, "saved", r->saved);
    doc_str(d, "</properties>\n");
}

static void body_text(struct doc *d, const struct result *r)
{
    xml(d, r->reason);
    for (size_t i = 0; i < r->clauses; i++) {
        const struct clause *c = &clauses[r->clause[i]];
        doc_str(d, "&#10;");
        xml(d, c->id);
        doc_str(d, " (");
        xml(d, c->section);
        doc_str(d, "): ");
        xml(d, c->text);
    }
    if (r->file && r->line) {
        doc_str(d, "&#10;");
        xml(d, r->file);
        doc_fmt(d, ":%d", r->line);
    }
}

static void outcome(struct doc *d, const struct result *r)
{
    const char *tag = NULL;
    switch (r->verdict) {
    case V_PASS:
        return;
    case V_WEAK:
        /* these readers know no third thing between passed and failed */
        doc_str(d, "      <system-out>weak: ");
        body_text(d, r);
        doc_str(d, "</system-out>\n");
        return;
    case V_SKIP:
        doc_str(d, "      <skipped message=\"");
        xml(d, r->waived && r->waived[0] ? r->waived : r->reason);
        doc_str(d, "\"/>\n");
        return;
    case V_FAIL:
        tag = "failure";
        break;
    case V_INCONC:
    case V_ERROR:
        tag = "error";
        break;
    case V_COUNT:
        return;
    }
    doc_fmt(d, "      <%s type=\"%s\" message=\"", tag, verdict_names[r->verdict]);
    xml(d, r->reason);
    doc_str(d, "\">");
    body_text(d, r);
    doc_fmt(d, "</%s>\n", tag);
}

static void suite(struct doc *d, const struct run_results *rs, const char *role, size_t from)
{
    size_t count[V_COUNT] = {0}, n = 0;
    double ms = 0;
    for (size_t i = from; i < rs->n; i++) {
        if (strcmp(role_of(rs, &rs->r[i]), role) != 0) continue;
        count[rs->r[i].verdict]++;
        ms += rs->r[i].ms;
        n++;
    }
    doc_str(d, "  <testsuite name=\"");
    xml(d, role);
    doc_fmt(d, "\" tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\"", n, count[V_FAIL],
            count[V_INCONC] + count[V_ERROR], count[V_SKIP]);
    seconds(d, ms);
    doc_str(d, ">\n    <properties>");
    property(d, "peer", rs->peer);
    property(d, "tls", rs->tls);
    property(d, "dialect", rs->dialect);
    property(d, "draftproof", rs->version);
    doc_str(d, "</properties>\n");
    for (size_t i = from; i < rs->n; i++) {
        const struct result *r = &rs->r[i];
        if (strcmp(role_of(rs, r), role) != 0) continue;
        doc_str(d, "    <testcase classname=\"");
        xml(d, role);
        doc_str(d, "\" name=\"");
        xml(d, r->id);
        doc_str(d, "[");
        xml(d, r->split ? r->split : "whole");
        doc_str(d, "]\"");
        seconds(d, r->ms);
        doc_str(d, ">\n");
        properties(d, r);
        outcome(d, r);
        doc_str(d, "    </testcase>\n");
    }
    doc_str(d, "  </testsuite>\n");
}

err report_junit(const struct run_results *rs, const char *path, char *why, size_t why_n)
{
    struct buf out;
    buf_init(&out, rs->mem, DOC_MAX);
    struct doc d = {&out, OK};
    doc_str(&d, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"draftproof\">\n");
    for (size_t i = 0; i < rs->n && d.failed == OK; i++) {
        const char *role = role_of(rs, &rs->r[i]);
        bool before = false;
        for (size_t k = 0; k < i && !before; k++)
            before = strcmp(role_of(rs, &rs->r[k]), role) == 0;
        if (!before) suite(&d, rs, role, i);
    }
    doc_str(&d, "</testsuites>\n");
    err e = doc_save(&d, path, why, why_n);
    buf_done(&out);
    return e;
}
