/* SPDX-License-Identifier: MIT */
#include "run/report_html.h"

#include <stdlib.h>
#include <string.h>

enum {
    PASS_LADDERS = 12 << 20, /* past this length of page, of which each run has its share, a plain pass keeps its line and loses its ladder */
    ALL_LADDERS = 64 << 20,  /* and past this everything does: browsers stop being pleasant */
    OCTETS_SHOWN = 4096,
    OCTETS_OF_PASS = 600
};

/* ---- small parts ---- */

int html_weight(enum verdict v)
{
    static const int weight[V_COUNT] = {
        [V_SKIP] = 0, [V_PASS] = 1, [V_INCONC] = 2, [V_ERROR] = 3, [V_WEAK] = 4, [V_FAIL] = 5};
    return weight[v];
}

void html_text(struct doc *d, const char *s)
{
    doc_xml(d, slice_str(s));
}

void html_verdict(struct doc *d, enum verdict v)
{
    doc_fmt(d, "<span class=\"v %s\">%s</span>", verdict_names[v], verdict_names[v]);
}

void html_clause(struct doc *d, enum clause_id c)
{
    doc_str(d, "<a class=\"id\" href=\"#c-");
    html_text(d, clauses[c].id);
    doc_str(d, "\">");
    html_text(d, clauses[c].id);
    doc_str(d, "</a>");
}

static void field(struct doc *d, const char *before, const char *s, const char *after)
{
    if (!s || !s[0]) return;
    doc_str(d, before);
    html_text(d, s);
    doc_str(d, after);
}

/* ---- cases: results that differ only in how the octets were cut ---- */

static int by_case(const void *a, const void *b)
{
    const struct html_entry *x = a, *y = b;
    if (x->run != y->run) return x->run < y->run ? -1 : 1;
    int c = strcmp(x->role, y->role);
    if (c == 0) c = strcmp(x->r->id ? x->r->id : "", y->r->id ? y->r->id : "");
    if (c) return c;
    return (x->index > y->index) - (x->index < y->index);
}

static int by_place(const void *a, const void *b)
{
    const struct html_case *x = a, *y = b;
    if (x->run != y->run) return x->run < y->run ? -1 : 1;
    return (x->index > y->index) - (x->index < y->index);
}

static bool same_case(const struct html_entry *a, const struct html_entry *b)
{
    return a->run == b->run && strcmp(a->role, b->role) == 0 &&
           strcmp(a->r->id ? a->r->id : "", b->r->id ? b->r->id : "") == 0;
}

static void form_cases(struct page *p)
{
    qsort(p->entry, p->entries, sizeof *p->entry, by_case);
    for (size_t i = 0; i < p->entries;) {
        struct html_case *k = &p->cases[p->case_n++];
        *k = (struct html_case){.e = &p->entry[i],
                                .run = p->entry[i].run,
                                .index = p->entry[i].index,
                                .worst = p->entry[i].r->verdict};
        for (; i < p->entries && same_case(k->e, &p->entry[i]); i++) {
            enum verdict v = p->entry[i].r->verdict;
            if (html_weight(v) > html_weight(k->worst)) k->worst = v;
            k->n++;
        }
    }
    qsort(p->cases, p->case_n, sizeof *p->cases, by_place);
}

static err page_init(struct page *p, struct buf *out, const struct mem *mem,
                     const struct run_results *const *runs, size_t n)
{
    *p = (struct page){.d = {out, OK}, .mem = mem, .runs = runs, .n = n};
    size_t total = 0;
    for (size_t i = 0; i < n; i++)
        total += runs[i]->n;
    p->entry = mem_new(mem, (total + 1) * sizeof *p->entry);
    p->cases = mem_new(mem, (total + 1) * sizeof *p->cases);
    if (!p->entry || !p->cases) return ERR_MEM;
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < runs[i]->n; k++) {
            const struct result *r = &runs[i]->r[k];
            const char *role = r->role ? r->role : runs[i]->role ? runs[i]->role : "";
            p->entry[p->entries++] = (struct html_entry){r, role, i, k};
        }
    }
    if (p->entries) form_cases(p);
    return OK;
}

/* ---- section: one card a run ---- */

static void card(struct doc *d, const struct run_results *rs)
{
    static const enum verdict order[] = {V_PASS, V_WEAK, V_FAIL, V_INCONC, V_ERROR, V_SKIP};
    size_t count[V_COUNT] = {0};
    double ms = 0;
    for (size_t i = 0; i < rs->n; i++) {
        count[rs->r[i].verdict]++;
        ms += rs->r[i].ms;
    }
    doc_str(d, "<div class=\"run\"><h3>");
    html_text(d, rs->role ? rs->role : "run");
    doc_str(d, "</h3><p>");
    field(d, "", rs->peer, "");
    field(d, " \xc2\xb7 TLS ", rs->tls, "");
    field(d, " \xc2\xb7 dialect ", rs->dialect, "");
    double took = rs->ms > 0 ? rs->ms : ms;
    if (took >= 0 && took < 1e12) doc_fmt(d, " \xc2\xb7 %.1f s", took / 1000);
    doc_str(d, "</p><div class=\"bar\">");
    for (size_t i = 0; i < V_COUNT; i++)
        if (count[order[i]])
            doc_fmt(d, "<i class=\"%s\" style=\"flex:%zu\"></i>", verdict_names[order[i]], count[order[i]]);
    doc_str(d, "</div><div class=\"counts\">");
    for (size_t i = 0; i < V_COUNT; i++)
        if (count[order[i]])
            doc_fmt(d, "<span class=\"v %s\">%zu %s</span>", verdict_names[order[i]], count[order[i]],
                    verdict_names[order[i]]);
    if (rs->n == 0) doc_str(d, "<span class=\"soft\">no case ran</span>");
    doc_str(d, "</div></div>\n");
}

static void section_runs(struct page *p)
{
    doc_str(&p->d, "<div class=\"runs\">\n");
    for (size_t i = 0; i < p->n; i++)
        card(&p->d, p->runs[i]);
    if (p->n == 0) doc_str(&p->d, "<p>No run.</p>");
    doc_str(&p->d, "</div>\n");
}

/* ---- section: cases ---- */

static void toolbar(struct page *p)
{
    static const enum verdict order[] = {V_FAIL, V_WEAK, V_ERROR, V_INCONC, V_PASS, V_SKIP};
    struct doc *d = &p->d;
    size_t count[V_COUNT] = {0};
    for (size_t i = 0; i < p->case_n; i++) {
        bool has[V_COUNT] = {false};
        for (size_t e = 0; e < p->cases[i].n; e++)
            has[p->cases[i].e[e].r->verdict] = true;
        for (int v = 0; v < V_COUNT; v++)
            count[v] += has[v];
    }
    doc_str(d, "<div class=\"tools\" hidden>");
    for (size_t i = 0; i < V_COUNT; i++)
        if (count[order[i]])
            doc_fmt(d, "<button type=\"button\" aria-pressed=\"false\" data-v=\"%s\">%s %zu</button>",
                    verdict_names[order[i]], verdict_names[order[i]], count[order[i]]);
    doc_str(d, "<input type=\"search\" placeholder=\"Id, title, clause or reason\" aria-label=\"Filter by "
               "text\"><output></output></div>\n"
               "<p class=\"key\">In the ladders: <svg width=\"10\" height=\"12\" fill=\"currentColor\"><use "
               "href=\"#lk\"/></svg> went inside TLS; "
               "dashed is an event of the connection; red breaks the clause named below it. Hover shows the "
               "octets.</p>\n");
}

static void summary(struct doc *d, const struct html_case *k, size_t number)
{
    const struct result *r = k->e[0].r;
    bool has[V_COUNT] = {false};
    const char *blank = "";
    double ms = 0;
    bool mixed = false;
    for (size_t i = 0; i < k->n; i++) {
        has[k->e[i].r->verdict] = true;
        if (k->e[i].r->verdict != k->worst) mixed = true;
        ms += k->e[i].r->ms;
    }
    doc_fmt(d, "<details class=\"case\" id=\"k%zu\" data-v=\"", number);
    for (int v = 0; v < V_COUNT; v++) {
        if (!has[v]) continue;
        doc_fmt(d, "%s%s", blank, verdict_names[v]);
        blank = " ";
    }
    doc_str(d, "\"><summary>");
    html_verdict(d, k->worst);
    doc_str(d, "<span>");
    field(d, "", r->title, " ");
    doc_str(d, "<span class=\"id\">");
    html_text(d, r->id);
    doc_str(d, "</span>");
    if (r->passive) doc_str(d, " <span class=\"soft\">seen in passing</span>");
    doc_str(d, "</span><span class=\"splits\">");
    for (size_t i = 0; i < k->n; i++) {
        enum verdict v = k->e[i].r->verdict;
        if (i) doc_str(d, " \xc2\xb7 ");
        html_text(d, k->e[i].r->split ? k->e[i].r->split : "whole");
        if (mixed) doc_fmt(d, " <b class=\"%s\">%s</b>", verdict_names[v], verdict_names[v]);
    }
    if (ms >= 0 && ms < 1e12) doc_fmt(d, " \xc2\xb7 %.0f ms", ms);
    doc_str(d, "</span></summary>\n");
}

static void clause_list(struct doc *d, const struct result *r)
{
    if (r->clauses + r->defects == 0) return;
    doc_str(d, "<ul class=\"cl\">");
    for (size_t i = 0; i < r->clauses; i++) {
        const struct clause *c = &clauses[r->clause[i]];
        doc_str(d, "<li>");
        html_clause(d, r->clause[i]);
        field(d, " <span class=\"soft\">section ", c->section, ", ");
        html_text(d, c->word);
        doc_str(d, "</span> ");
        html_text(d, c->text);
        doc_str(d, "</li>");
    }
    for (size_t i = 0; i < r->defects; i++) {
        const struct defect *f = &defects[r->defect[i]];
        doc_str(d, "<li><span class=\"id\">");
        html_text(d, f->id);
        doc_str(d, "</span> <span class=\"soft\">defect of the draft</span> ");
        html_text(d, f->title);
        field(d, ". No failure: ", f->accepted, "");
        doc_str(d, "</li>");
    }
    doc_str(d, "</ul>\n");
}

static void facts(struct doc *d, const struct result *r)
{
    doc_str(d, "<p class=\"facts\">");
    field(d, "Instance ", r->vary, "");
    if (r->instances > 1)
        doc_fmt(d, "%s%zu instances, the worst is shown", r->vary && r->vary[0] ? " of " : "", r->instances);
    if (r->file && r->file[0]) {
        doc_str(d, " <code>");
        html_text(d, r->file);
        if (r->line) doc_fmt(d, ":%d", r->line);
        doc_str(d, "</code>");
    }
    field(d, " Waived: ", r->waived, ".");
    field(d, " Saved as <code>", r->saved, ".*</code>");
    doc_str(d, "</p>\n");
}

static void split(struct page *p, const struct html_case *k, size_t i)
{
    struct doc *d = &p->d;
    const struct result *r = k->e[i].r;
    bool plain = r->verdict == V_PASS || r->verdict == V_SKIP;
    size_t share = PASS_LADDERS / p->n * (k->run + 1);
    bool ladder = r->ladder.rungs && d->out->n < (plain ? share : ALL_LADDERS) && (!plain || i == 0);
    doc_str(d, "<div class=\"split\">");
    if (k->n > 1) {
        doc_str(d, "<h4>");
        html_text(d, r->split ? r->split : "whole");
        doc_str(d, " ");
        html_verdict(d, r->verdict);
        doc_str(d, "</h4>");
    }
    /* the first line of the whole case says it already when all agree */
    if (r->reason && r->reason[0] &&
        (i == 0 || !k->e[0].r->reason || strcmp(r->reason, k->e[0].r->reason) != 0)) {
        doc_fmt(d, "<p class=\"why %s\">", verdict_names[r->verdict]);
        html_text(d, r->reason);
        doc_str(d, "</p>\n");
    }
    facts(d, r);
    if (ladder) {
        html_ladder(d, &r->ladder);
        html_octets(d, &r->ladder, plain ? OCTETS_OF_PASS : OCTETS_SHOWN);
    } else if (r->ladder.rungs) {
        doc_str(d, "<p class=\"soft\">Ladder left out: ");
        doc_str(d, plain && i ? "it passed, like the one above.</p>\n" : "the page would be too long.</p>\n");
    }
    doc_str(d, "</div>\n");
}

static void one_case(struct page *p, size_t number)
{
    struct doc *d = &p->d;
    const struct html_case *k = &p->cases[number];
    size_t worst = 0;
    for (size_t i = 1; i < k->n; i++)
        if (html_weight(k->e[i].r->verdict) > html_weight(k->e[worst].r->verdict)) worst = i;
    const struct result *r = k->e[worst].r;
    summary(d, k, number);
    doc_str(d, "<div class=\"body\"><div class=\"find\">");
    clause_list(d, r);
    doc_str(d, "</div>\n");
    for (size_t i = 0; i < k->n && d->failed == OK; i++)
        split(p, k, i);
    for (size_t i = 0; i < k->n; i++) {
        if (!k->e[i].r->text) continue;
        doc_str(d, "<details class=\"more\"><summary>Scenario</summary><pre>");
        html_text(d, k->e[i].r->text);
        doc_str(d, "</pre></details>\n");
        break; /* the same file for every split */
    }
    doc_str(d, "</div></details>\n");
}

void html_section_cases(struct page *p)
{
    struct doc *d = &p->d;
    toolbar(p);
    for (size_t i = 0; i < p->case_n && d->failed == OK; i++) {
        const struct html_case *k = &p->cases[i];
        bool begins = i == 0 || p->cases[i - 1].run != k->run;
        if (begins) {
            if (i) doc_str(d, "</div>\n");
            doc_str(d, "<div class=\"group\"><h3>");
            html_text(d, p->runs[k->run]->role ? p->runs[k->run]->role : "run");
            field(d, " <span class=\"soft\">", p->runs[k->run]->peer, "</span>");
            doc_str(d, "</h3>\n");
        }
        one_case(p, i);
    }
    if (p->case_n) doc_str(d, "</div>\n");
}

/* ---- the page ---- */

static bool has_loops(const struct page *p)
{
    size_t count[V_COUNT];
    return run_results_about(p->runs, p->n, TOPIC_PROXY_LOOPS, count);
}

static bool has_kill(const struct page *p)
{
    return p->kill != NULL;
}

static const struct section {
    const char *id, *title;
    void (*write)(struct page *p);
    bool (*wanted)(const struct page *p); /* NULL: always */
} sections[] = {
    {"runs", "Runs", section_runs, NULL},
    {"proxy-loops", "Proxy loops", html_section_loops, has_loops},
    {"cases", "Cases", html_section_cases, NULL},
    {"clauses", "Clauses", html_section_clauses, NULL},
    {"mistakes", "Deliberate mistakes", html_section_kill, has_kill},
};
enum { SECTIONS = sizeof sections / sizeof *sections };

static void write_page(struct page *p)
{
    struct doc *d = &p->d;
    /* hostile octets are escaped; should one slip through, it still cannot load or send anything */
    doc_str(d, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
               "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
               "'unsafe-inline'; "
               "script-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\">\n"
               "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n<title>Draftproof "
               "conformance report</title>\n<style>\n");
    doc_str(d, html_css);
    doc_str(d, "</style></head><body>\n");
    doc_str(d, html_symbols);
    doc_str(d, "<header class=\"top\"><h1>Conformance report</h1><p>Draftproof");
    if (p->n) field(d, " ", p->runs[0]->version, "");
    doc_fmt(d, " \xc2\xb7 %zu case%s, %zu result%s</p><nav>", p->case_n, p->case_n == 1 ? "" : "s",
            p->entries, p->entries == 1 ? "" : "s");
    for (size_t i = 0; i < SECTIONS; i++)
        if (!sections[i].wanted || sections[i].wanted(p)) doc_fmt(d, "<a href=\"#%s\">%s</a>", sections[i].id, sections[i].title);
    doc_str(d, "</nav></header>\n<main>\n");
    for (size_t i = 0; i < SECTIONS && d->failed == OK; i++) {
        if (sections[i].wanted && !sections[i].wanted(p)) continue;
        doc_fmt(d, "<section id=\"%s\"><h2>%s</h2>\n", sections[i].id, sections[i].title);
        sections[i].write(p);
        doc_str(d, "</section>\n");
    }
    doc_str(d, "</main>\n<script>\n");
    doc_str(d, html_js);
    doc_str(d, "</script></body></html>\n");
}

err report_html(const struct run_results *const *runs, size_t n, const struct kill_matrix *kill, const char *path,
                char *why, size_t why_n)
{
    struct page p;
    struct buf out;
    const struct mem *mem = n ? runs[0]->mem : &mem_libc;
    buf_init(&out, mem, DOC_MAX);
    err e = page_init(&p, &out, mem, runs, n);
    p.kill = kill;
    if (e == OK)
        write_page(&p);
    else
        p.d.failed = e;
    e = doc_save(&p.d, path, why, why_n);
    buf_done(&out);
    mem_free(mem, p.entry);
    mem_free(mem, p.cases);
    return e;
}
