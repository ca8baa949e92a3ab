/* SPDX-License-Identifier: MIT */
#include "run/report_html.h"

#include <string.h>

struct cell {
    bool any;
    enum verdict worst;
    size_t cases, at; /* the case to look at */
};

static const char *run_name(const struct page *p, size_t run)
{
    return p->runs[run]->role ? p->runs[run]->role : "run";
}

/* A case counts once, with the worst of its splits that cites the clause. */
static void mark(struct cell *row, size_t run, size_t at, enum verdict v)
{
    struct cell *c = &row[run];
    if (!c->any || c->at != at) c->cases++;
    if (!c->any || html_weight(v) > html_weight(c->worst)) {
        c->worst = v;
        c->at = at;
    }
    c->any = true;
}

static void gather(const struct page *p, struct cell *cell, bool *protos)
{
    for (size_t i = 0; i < p->case_n; i++) {
        const struct html_case *k = &p->cases[i];
        for (size_t e = 0; e < k->n; e++) {
            const struct result *r = k->e[e].r;
            for (size_t c = 0; c < r->clauses; c++) {
                if (r->clause[c] == 0) continue;
                mark(cell + (size_t)r->clause[c] * p->n, k->run, i, r->verdict);
                protos[r->clause[c]] = true;
            }
        }
    }
}

static void describe(struct doc *d, const struct clause *c)
{
    doc_str(d, "<td class=\"id\">");
    html_text(d, c->id);
    doc_str(d, "</td><td class=\"n\">");
    html_text(d, c->section);
    doc_str(d, "</td><td class=\"n\">");
    html_text(d, c->word);
    doc_str(d, "</td><td class=\"r\">");
    html_text(d, c->text);
    doc_str(d, "</td>");
}

static void row(const struct page *p, struct doc *d, const struct clause *c, const struct cell *cells)
{
    doc_str(d, "<tr id=\"c-");
    html_text(d, c->id);
    doc_str(d, "\">");
    describe(d, c);
    for (size_t i = 0; i < p->n; i++) {
        doc_str(d, "<td class=\"c n\">");
        if (cells[i].any) {
            doc_fmt(d, "<a href=\"#k%zu\">", cells[i].at);
            html_verdict(d, cells[i].worst);
            doc_str(d, "</a>");
            if (cells[i].cases > 1) doc_fmt(d, " <span class=\"soft\">%zu cases</span>", cells[i].cases);
        }
        doc_str(d, "</td>");
    }
    doc_str(d, "</tr>\n");
}

/* The matrix would be mostly empty with the clauses of protocols that nobody tested. */
static bool of_tested_proto(const bool *cited, size_t c)
{
    for (size_t i = 1; i < CLAUSE_COUNT; i++)
        if (cited[i] && strcmp(clauses[i].proto, clauses[c].proto) == 0) return true;
    return false;
}

static void unexercised(struct doc *d, const bool *cited)
{
    size_t n = 0;
    for (size_t c = 1; c < CLAUSE_COUNT; c++)
        if (!cited[c] && of_tested_proto(cited, c)) n++;
    if (n == 0) return;
    doc_fmt(d,
            "<details class=\"more\"><summary>%zu clauses not exercised, with the reason</summary>\n<div "
            "class=\"wide\"><table>"
            "<thead><tr><th>Clause</th><th>Section</th><th>Level</th><th>What it asks</th>"
            "<th>Why it is not in the table above</th></tr></thead><tbody>\n",
            n);
    for (size_t c = 1; c < CLAUSE_COUNT; c++) {
        if (cited[c] || !of_tested_proto(cited, c)) continue;
        doc_str(d, "<tr id=\"c-");
        html_text(d, clauses[c].id);
        doc_str(d, "\">");
        describe(d, &clauses[c]);
        doc_str(d, "<td>");
        switch (clauses[c].watch) {
        case WATCH_NONE:
            html_text(d, clauses[c].how);
            break;
        case WATCH_PASSIVE:
            doc_str(d, "Watched in every session; nothing was found against it.");
            break;
        case WATCH_CASE:
            doc_str(d, "No case of these runs cites it.");
            break;
        }
        doc_str(d, "</td></tr>\n");
    }
    doc_str(d, "</tbody></table></div></details>\n");
}

static void matrix(struct page *p, const struct cell *cell, const bool *cited)
{
    struct doc *d = &p->d;
    doc_str(d, "<div class=\"wide\"><table><thead><tr><th>Clause</th><th>Section</th><th>Level</th><th>What "
               "it asks</th>");
    for (size_t i = 0; i < p->n; i++) {
        doc_str(d, "<th>");
        html_text(d, run_name(p, i));
        doc_str(d, "</th>");
    }
    doc_str(d, "</tr></thead><tbody>\n");
    for (size_t c = 1; c < CLAUSE_COUNT && d->failed == OK; c++)
        if (cited[c]) row(p, d, &clauses[c], cell + c * p->n);
    doc_str(d, "</tbody></table></div>\n");
    unexercised(d, cited);
}

void html_section_clauses(struct page *p)
{
    struct cell *cell = mem_new(p->mem, (size_t)CLAUSE_COUNT * p->n * sizeof *cell);
    bool *cited = mem_new(p->mem, (size_t)CLAUSE_COUNT * sizeof *cited);
    if (cell && cited) {
        gather(p, cell, cited);
        bool any = false;
        for (size_t c = 1; c < CLAUSE_COUNT; c++)
            any = any || cited[c];
        if (any) {
            doc_str(&p->d, "<p class=\"soft\">The worst verdict of the cases that cite a clause; each leads "
                           "to the case.</p>\n");
            matrix(p, cell, cited);
        } else {
            doc_str(&p->d, "<p class=\"soft\">No result cites a clause.</p>\n");
        }
    } else if (p->d.failed == OK) {
        p->d.failed = ERR_MEM;
    }
    mem_free(p->mem, cell);
    mem_free(p->mem, cited);
}
