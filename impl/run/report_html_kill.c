/* SPDX-License-Identifier: MIT */
/* The section of the page that proves that the suite can fail: each deliberate mistake and who caught it. */
#include <string.h>

#include "run/kill.h"
#include "run/report_html.h"

static void row(struct doc *d, const struct kill_matrix *k, const struct kill_mutant *m)
{
    const struct mutant *x = &m->proto->mutant[m->mutant];
    doc_str(d, "<tr><td><code>");
    html_text(d, x->name);
    doc_str(d, "</code></td><td>");
    html_text(d, m->role->name);
    doc_str(d, "</td><td>");
    html_text(d, x->text);
    doc_str(d, "</td><td>");
    html_text(d, x->clauses);
    doc_str(d, "</td><td>");
    if (!m->bys) html_verdict(d, V_FAIL);
    doc_fmt(d, "%s", m->bys ? "" : " survived");
    for (size_t i = 0; i < m->bys && i < 4; i++) {
        if (i) doc_str(d, "<br>");
        html_text(d, k->c[m->by[i]].id);
    }
    if (m->bys > 4) doc_fmt(d, "<br>and %zu more", m->bys - 4);
    doc_str(d, "</td></tr>\n");
}

static void idle_cases(struct doc *d, const struct kill_matrix *k)
{
    doc_str(d, "<h3>Cases that catch none of them</h3>\n<ul>\n");
    for (size_t i = 0; i < k->cases; i++) {
        const struct kill_case *c = &k->c[i];
        if (c->kills || c->noticed || strstr(c->id, "/passive/")) continue;
        doc_str(d, "<li><code>");
        html_text(d, c->id);
        doc_str(d, "</code> ");
        html_text(d, c->excuse ? c->excuse : "no reason given");
        doc_str(d, "</li>\n");
    }
    doc_str(d, "</ul>\n");
}

void html_section_kill(struct page *p)
{
    struct doc *d = &p->d;
    const struct kill_matrix *k = p->kill;
    doc_fmt(d, "<p class=\"soft\">The reference peers were run with %zu deliberate mistakes, one at a time; a mistake is caught by a case or check that cites a "
               "clause which it breaks. %zu survived.</p>\n", k->mutants, k->survivors);
    doc_str(d, "<div class=\"wide\"><table><thead><tr><th>Mistake</th><th>Role</th><th>What it does</th><th>Breaks</th><th>Caught by</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < k->mutants && d->failed == OK; i++)
        row(d, k, &k->m[i]);
    doc_str(d, "</tbody></table></div>\n");
    idle_cases(d, k);
}
