/* SPDX-License-Identifier: MIT */
/* The cases about loops of proxies together, whatever their section and protocol: whoever has to know whether proxies can be made to chase themselves looks here. */
#include "run/report_html.h"

#include <string.h>

static void one(struct page *p, size_t at)
{
    struct doc *d = &p->d;
    const struct html_case *k = &p->cases[at];
    const struct result *r = k->e[0].r;
    doc_str(d, "<tr><td>");
    html_verdict(d, k->worst);
    doc_fmt(d, "</td><td class=\"id\"><a href=\"#k%zu\">", at);
    html_text(d, r->id);
    doc_str(d, "</a></td><td class=\"r\">");
    html_text(d, r->title ? r->title : "");
    doc_str(d, "</td><td class=\"n\">");
    html_text(d, p->runs[k->run]->role ? p->runs[k->run]->role : "run");
    doc_str(d, "</td></tr>\n");
}

void html_section_loops(struct page *p)
{
    struct doc *d = &p->d;
    size_t count[V_COUNT];
    run_results_about(p->runs, p->n, TOPIC_PROXY_LOOPS, count);
    doc_str(d, "<p class=\"counts\">");
    for (int v = 0; v < V_COUNT; v++)
        if (count[v]) doc_fmt(d, "<span class=\"v %s\">%zu %s</span> ", verdict_names[v], count[v], verdict_names[v]);
    doc_str(d, "</p>\n<div class=\"wide\"><table><thead><tr><th>Verdict</th><th>Case</th><th>What is tried</th><th>Run</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < p->case_n && d->failed == OK; i++) {
        const char *about = p->cases[i].e[0].r->about;
        if (about && strcmp(about, TOPIC_PROXY_LOOPS) == 0) one(p, i);
    }
    doc_str(d, "</tbody></table></div>\n");
}
