/* SPDX-License-Identifier: MIT */
/* report_html: the inside of the page.  It is a list of sections, each a function that writes its part; a
 * further one (what a run of the deliberate mistakes killed, say) is one more row in report_html.c. */
#ifndef RUN_REPORT_HTML_H
#define RUN_REPORT_HTML_H

#include "run/doc.h"
#include "run/result.h"

struct html_entry { /* one result */
    const struct result *r;
    const char *role;
    size_t run, index; /* which run, which result of it */
};
struct html_case { /* the results of one case of one role in one run: its splits */
    const struct html_entry *e;
    size_t n;
    size_t run, index; /* index of the first */
    enum verdict worst;
};
struct page {
    struct doc d;
    const struct mem *mem;
    const struct run_results *const *runs;
    size_t n;
    struct html_entry *entry;
    size_t entries;
    struct html_case *cases;
    size_t case_n;
    const struct kill_matrix *kill; /* NULL: no such section */
};

/* fail, weak, error, inconc, pass, skip: how much one verdict says against the other. */
int html_weight(enum verdict v);
/* <span class="v fail">fail</span> */
void html_verdict(struct doc *d, enum verdict v);
void html_text(struct doc *d, const char *s);
/* A link to the clause's row in the matrix. */
void html_clause(struct doc *d, enum clause_id c);

void html_section_clauses(struct page *p);
void html_section_kill(struct page *p);
void html_section_loops(struct page *p);
void html_section_cases(struct page *p);
/* The ladder as inline SVG; anything longer than a screenful or ten is shortened around what matters. */
void html_ladder(struct doc *d, const struct ladder *l);
/* The octets of its messages, at most max of each. */
void html_octets(struct doc *d, const struct ladder *l, size_t max);

extern const char html_css[], html_js[], html_symbols[];

#endif
