/* SPDX-License-Identifier: MIT */
#include "run/result.h"

#include <string.h>

#include "run/doc.h"
#include "run/rungs.h"

enum { WIDTH_MIN = 60, WIDTH_MAX = 400, GUTTER = 11 /* mark, time, two blanks */, NAME_MAX_N = 12 };

/* Labels are printable by contract, but a report does not bet on it. */
static void clean(struct doc *d, slice s, size_t room)
{
    bool cut = s.n > room;
    size_t n = cut ? (room > 2 ? room - 2 : 0) : s.n;
    for (size_t i = 0; i < n; i++)
        doc_add(d, s.p[i] >= 0x20 && s.p[i] < 0x7f ? slice_of(&s.p[i], 1) : SLICE_LIT("."));
    if (cut && room >= 2) doc_str(d, "..");
}

static void fill(struct doc *d, const char *c, size_t n)
{
    while (n--)
        doc_add(d, slice_of(c, 1));
}

static void gutter(struct doc *d, const struct rung *g)
{
    doc_fmt(d, "%s%3llu.%03llu  ", g->violating ? "!!" : "  ", (unsigned long long)(g->ms / 1000) % 100000,
            (unsigned long long)(g->ms % 1000));
}

/* room columns: "----- label ----->". */
static void arrow(struct doc *d, const struct rung *g, size_t room, bool to_right)
{
    bool head = rung_directed(g);
    const char *line = g->kind == RUNG_EVENT ? "." : g->secured ? "=" : "-";
    slice label = slice_str(g->label);
    size_t heads = head ? 1 : 0, text = label.n;
    if (text > room - heads - 6) text = room - heads - 6; /* two of line and a blank on each side */
    size_t rest = room - heads - text - 2, left = rest / 2;
    if (head && !to_right) doc_str(d, "<");
    fill(d, line, left);
    doc_str(d, " ");
    clean(d, label, text);
    doc_str(d, " ");
    fill(d, line, rest - left);
    if (head && to_right) doc_str(d, ">");
}

/* text in lines of at most width columns, each begun with indent. */
static void wrapped(struct doc *d, slice s, size_t width, size_t indent)
{
    size_t room = width - indent;
    while (s.n) {
        size_t n = s.n;
        if (n > room) {
            n = room;
            while (n && s.p[n] != ' ')
                n--;
            if (n == 0) n = room;
        }
        fill(d, " ", indent);
        clean(d, slice_sub(s, 0, n), room);
        doc_str(d, "\n");
        s = slice_trim(slice_sub(s, n, s.n));
    }
}

static void violation(struct doc *d, const struct rung *g, size_t width)
{
    const struct clause *c = &clauses[g->clause];
    const char *defect = defects[g->defect].id;
    doc_str(d, "!!");
    fill(d, " ", GUTTER);
    if (g->clause)
        doc_fmt(d, "%.60s (section %.40s)", c->id, c->section);
    else
        doc_str(d, "violation");
    if (g->defect) doc_fmt(d, " %.60s", defect);
    doc_str(d, "\n");
    wrapped(d, slice_str(g->why && g->why[0] ? g->why : g->clause ? c->text : ""), width, GUTTER + 2);
}

static void name(struct doc *d, const char *s, size_t room)
{
    slice all = slice_str(s);
    clean(d, all, room);
    if (all.n < room) fill(d, " ", room - all.n);
}

static void note(struct doc *d, const struct rung *g, size_t width)
{
    slice label = slice_str(g->label);
    doc_str(d, "* ");
    clean(d, label, width - GUTTER - 4);
    doc_str(d, "\n");
}

/* tester and peer; with more ends than a page has columns the left name says which */
static void one_pair(struct doc *d, const struct ladder *l, size_t width)
{
    size_t left = strlen("tester");
    for (size_t i = 0; i < l->rungs; i++) {
        size_t n = strlen(rung_end(l, &l->rung[i]));
        if (n > left) left = n < NAME_MAX_N ? n : NAME_MAX_N;
    }
    for (size_t i = 0; i < l->rungs && d->failed == OK; i++) {
        const struct rung *g = &l->rung[i];
        gutter(d, g);
        if (g->kind == RUNG_NOTE) {
            note(d, g, width);
        } else {
            name(d, rung_end(l, g), left);
            doc_str(d, "  ");
            arrow(d, g, width - GUTTER - 2 - left - 6, !g->from_peer);
            doc_str(d, "  peer\n");
        }
        if (g->violating) violation(d, g, width);
    }
}

static void relay(struct doc *d, const struct ladder *l, size_t width)
{
    size_t lane = (width - GUTTER - 3) / 2;
    slice far = slice_str(l->ends[1]);
    fill(d, " ", GUTTER);
    name(d, l->ends[0], lane - 1);
    doc_str(d, "peer");
    fill(d, " ", lane > far.n + 1 ? lane - far.n : 1);
    clean(d, far, lane - 1);
    doc_str(d, "\n");
    for (size_t i = 0; i < l->rungs && d->failed == OK; i++) {
        const struct rung *g = &l->rung[i];
        gutter(d, g);
        if (g->kind == RUNG_NOTE) {
            note(d, g, width);
        } else {
            doc_str(d, "|");
            if (g->end == 0)
                arrow(d, g, lane, !g->from_peer);
            else
                fill(d, " ", lane);
            doc_str(d, "|");
            if (g->end == 1)
                arrow(d, g, lane, g->from_peer); /* we stand at the right */
            else
                fill(d, " ", lane);
            doc_str(d, "|\n");
        }
        if (g->violating) violation(d, g, width);
    }
}

err report_ladder(const struct ladder *l, size_t width, struct buf *out)
{
    struct doc d = {out, OK};
    if (width < WIDTH_MIN) width = WIDTH_MIN;
    if (width > WIDTH_MAX) width = WIDTH_MAX;
    if (ladder_is_relay(l))
        relay(&d, l, width);
    else
        one_pair(&d, l, width);
    return d.failed;
}
