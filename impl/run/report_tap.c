/* SPDX-License-Identifier: MIT */
#include "run/result.h"

#include "run/doc.h"

/* One line of a description: # would begin a directive, \ an escape. */
static void words(struct doc *d, const char *s)
{
    slice all = slice_str(s);
    for (size_t at = 0; at < all.n;) {
        slice rest = slice_sub(all, at, all.n);
        size_t n = doc_utf8_len(rest);
        uint8_t c = rest.p[0];
        if (n == 1 && (c == '#' || c == '\\'))
            doc_fmt(d, "\\%c", c);
        else if (n == 1 && (c < 0x20 || c == 0x7f))
            doc_str(d, " ");
        else
            doc_utf8(d, slice_sub(rest, 0, n ? n : 1));
        at += n ? n : 1;
    }
}

static void quoted(struct doc *d, const char *key, const char *s)
{
    doc_fmt(d, "  %s: ", key);
    doc_json(d, slice_str(s));
    doc_str(d, "\n");
}

static void block(struct doc *d, const struct result *r)
{
    doc_str(d, "  ---\n");
    quoted(d, "verdict", verdict_names[r->verdict]);
    quoted(d, "reason", r->reason);
    doc_str(d, "  clauses: [");
    for (size_t i = 0; i < r->clauses; i++) {
        if (i) doc_str(d, ", ");
        doc_json(d, slice_str(clauses[r->clause[i]].id));
    }
    doc_str(d, "]\n  defects: [");
    for (size_t i = 0; i < r->defects; i++) {
        if (i) doc_str(d, ", ");
        doc_json(d, slice_str(defects[r->defect[i]].id));
    }
    doc_str(d, "]\n");
    if (r->vary && r->vary[0]) quoted(d, "vary", r->vary);
    if (r->file && r->file[0]) quoted(d, "file", r->file);
    if (r->line) doc_fmt(d, "  line: %d\n", r->line);
    if (r->saved) quoted(d, "saved", r->saved);
    doc_str(d, "  ...\n");
}

static void test_line(struct doc *d, const struct run_results *rs, const struct result *r, size_t number)
{
    bool ok = r->verdict == V_PASS || r->verdict == V_WEAK || r->verdict == V_SKIP;
    doc_fmt(d, "%s %zu - ", ok ? "ok" : "not ok", number);
    words(d, r->role ? r->role : rs->role);
    doc_str(d, " ");
    words(d, r->id);
    doc_str(d, "[");
    words(d, r->split ? r->split : "whole");
    doc_str(d, "]");
    if (r->title && r->title[0]) {
        doc_str(d, " ");
        words(d, r->title);
    }
    if (r->verdict == V_SKIP) {
        doc_str(d, " # SKIP ");
        words(d, r->waived && r->waived[0] ? r->waived : r->reason);
    }
    doc_str(d, "\n");
    if (r->verdict != V_PASS && r->verdict != V_SKIP) block(d, r);
}

err report_tap(const struct run_results *rs, const char *path, char *why, size_t why_n)
{
    struct buf out;
    buf_init(&out, rs->mem, DOC_MAX);
    struct doc d = {&out, OK};
    doc_fmt(&d, "TAP version 13\n1..%zu%s\n", rs->n, rs->n ? "" : " # SKIP no case ran");
    for (size_t i = 0; i < rs->n && d.failed == OK; i++)
        test_line(&d, rs, &rs->r[i], i + 1);
    err e = doc_save(&d, path, why, why_n);
    buf_done(&out);
    return e;
}
