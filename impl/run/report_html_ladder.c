/* SPDX-License-Identifier: MIT */
#include "run/report_html.h"

#include <stdio.h>
#include <string.h>

#include "run/rungs.h"

enum {
    FIRST_SHOWN = 120,
    LAST_SHOWN = 40, /* a ladder read by a person is no longer */
    TIME_W = 66,
    GLYPH = 72, /* tenths of a pixel of one letter at 12 px, in the fonts of the page */
    WHY_MAX = 88,
    LANE_CHARS = 50
};

struct sketch {
    struct doc *d;
    const struct ladder *l;
    bool relay;
    int x[3]; /* of the lifelines; two unless relay */
    int y;
};

static bool shown(const struct ladder *l, size_t i)
{
    return i < FIRST_SHOWN || i + LAST_SHOWN >= l->rungs || l->rung[i].violating;
}

/* Characters of UTF-8 text, cut at max with three dots.  Returns how many were written. */
static size_t short_text(struct doc *d, const char *s, size_t max)
{
    slice all = slice_str(s);
    size_t at = 0, n = 0;
    while (at < all.n && n < max) {
        size_t k = doc_utf8_len(slice_sub(all, at, all.n));
        at += k ? k : 1;
        n++;
    }
    doc_xml(d, slice_sub(all, 0, at));
    if (at == all.n) return n;
    doc_str(d, "\xe2\x80\xa6");
    return n + 1;
}

static size_t count_text(const char *s, size_t max)
{
    struct buf none;
    buf_init(&none, NULL, 0); /* takes nothing: this only counts */
    struct doc d = {&none, ERR_LIMIT};
    return short_text(&d, s, max);
}

/* What a hover shows. */
static void title(struct doc *d, const struct rung *g)
{
    char place[64];
    doc_str(d, "<title>");
    html_text(d, g->label);
    if (g->why && g->violating) {
        doc_str(d, "\n");
        html_text(d, g->why);
    }
    if (g->octets.n) {
        struct buf b;
        snprintf(place, sizeof place, "\n%zu octets\n", g->octets.n);
        doc_str(d, place);
        buf_init(&b, d->out->mem, 4096);
        struct doc t = {&b, d->failed};
        doc_text(&t, slice_sub(g->octets, 0, 200));
        if (t.failed == OK)
            doc_xml(d, buf_slice(&b));
        else
            d->failed = t.failed;
        buf_done(&b);
        if (g->octets.n > 200) doc_str(d, "\xe2\x80\xa6");
    }
    doc_str(d, "</title>");
}

static void arrow(struct sketch *k, const struct rung *g)
{
    struct doc *d = k->d;
    bool second = k->relay && g->end == 1;
    int left = k->x[second ? 1 : 0], right = k->x[second ? 2 : 1], mid = (left + right) / 2;
    bool to_right = second ? g->from_peer : !g->from_peer; /* the peer stands in the middle of a relay */
    bool head = rung_directed(g);
    char end_name[64] = "";
    if (!k->relay && k->l->end_count > 1) snprintf(end_name, sizeof end_name, "%.40s: ", rung_end(k->l, g));
    size_t max = (size_t)((right - left - 50) * 10 / GLYPH) - strlen(end_name);
    if (max > 200) max = 12; /* no room for a long name of an end */
    size_t n = strlen(end_name) + count_text(g->label, max);
    if (g->secured) {
        doc_fmt(d, "<use href=\"#lk\" x=\"%d\" y=\"%d\" width=\"9\" height=\"11\"/>",
                mid - (int)(n * GLYPH / 20) - 14, k->y - 15);
    }
    doc_fmt(d, "<text class=\"m\" x=\"%d\" y=\"%d\">", mid, k->y - 6);
    html_text(d, end_name);
    short_text(d, g->label, max);
    doc_fmt(d, "</text><path class=\"a\" d=\"M%d %dH%d\"/>", left + (head && !to_right ? 7 : 2), k->y,
            right - (head && to_right ? 7 : 2));
    if (head && to_right) doc_fmt(d, "<path class=\"hd\" d=\"M%d %dl-9 -4v8z\"/>", right - 1, k->y);
    if (head && !to_right) doc_fmt(d, "<path class=\"hd\" d=\"M%d %dl9 -4v8z\"/>", left + 1, k->y);
}

static void violation(struct sketch *k, const struct rung *g)
{
    struct doc *d = k->d;
    int mid = (k->x[0] + k->x[k->relay ? 2 : 1]) / 2;
    if (k->relay && g->kind != RUNG_NOTE)
        mid = g->end == 1 ? (k->x[1] + k->x[2]) / 2 : (k->x[0] + k->x[1]) / 2;
    k->y += 17;
    if (g->clause) {
        doc_str(d, "<a href=\"#c-");
        html_text(d, clauses[g->clause].id);
        doc_fmt(d, "\"><text class=\"m\" x=\"%d\" y=\"%d\">", mid, k->y);
        html_text(d, clauses[g->clause].id);
        doc_str(d, " \xc2\xb7 section ");
        html_text(d, clauses[g->clause].section);
        if (g->defect) {
            doc_str(d, " \xc2\xb7 ");
            html_text(d, defects[g->defect].id);
        }
        doc_str(d, "</text></a>");
    }
    if (g->why && g->why[0]) {
        k->y += g->clause ? 16 : 0;
        /* beside its arrow where that is wide enough, else over all lanes */
        if (k->relay && count_text(g->why, WHY_MAX) > LANE_CHARS) mid = (k->x[0] + k->x[2]) / 2;
        doc_fmt(d, "<text class=\"w\" x=\"%d\" y=\"%d\">", mid, k->y);
        short_text(d, g->why, WHY_MAX);
        doc_str(d, "</text>");
    }
}

static void rung(struct sketch *k, const struct rung *g)
{
    struct doc *d = k->d;
    k->y += g->kind == RUNG_NOTE ? 24 : 34;
    doc_fmt(d, "<g class=\"%s%s%s\">", g->kind == RUNG_EVENT ? "e" : "g", g->secured ? " s" : "",
            g->violating ? " x" : "");
    title(d, g);
    doc_fmt(d, "<text class=\"t\" x=\"0\" y=\"%d\">%llu.%03llu</text>", k->y + (g->kind == RUNG_NOTE ? 0 : 4),
            (unsigned long long)(g->ms / 1000), (unsigned long long)(g->ms % 1000));
    if (g->kind == RUNG_NOTE) {
        doc_fmt(d, "<text class=\"nt\" x=\"%d\" y=\"%d\">", k->x[0] + 10, k->y);
        short_text(d, g->label, (size_t)((k->x[k->relay ? 2 : 1] - k->x[0]) / 7));
        doc_str(d, "</text>");
    } else {
        arrow(k, g);
    }
    if (g->violating) violation(k, g);
    doc_str(d, "</g>");
}

/* The lifelines are drawn first, so the height has to be known before. */
static int height_of(const struct ladder *l)
{
    int y = 30;
    bool gap = false;
    for (size_t i = 0; i < l->rungs; i++) {
        const struct rung *g = &l->rung[i];
        if (!shown(l, i)) {
            if (!gap) y += 24;
            gap = true;
            continue;
        }
        gap = false;
        y += g->kind == RUNG_NOTE ? 24 : 34;
        if (g->violating) y += 17 + (g->why && g->why[0] && g->clause ? 16 : 0);
    }
    return y + 16;
}

static void lifelines(struct sketch *k, int height)
{
    struct doc *d = k->d;
    const char *names[3] = {"tester", "peer", ""};
    size_t n = 2;
    if (k->relay) {
        names[0] = k->l->ends[0];
        names[2] = k->l->ends[1];
        n = 3;
    }
    for (size_t i = 0; i < n; i++) {
        doc_fmt(d, "<path class=\"life\" d=\"M%d 22V%d\"/><text class=\"h\" x=\"%d\" y=\"14\">", k->x[i],
                height - 6, k->x[i]);
        html_text(d, names[i]);
        doc_str(d, "</text>");
    }
}

void html_ladder(struct doc *d, const struct ladder *l)
{
    struct sketch k = {
        .d = d, .l = l, .relay = ladder_is_relay(l), .x = {TIME_W + 40, TIME_W + 640, 0}, .y = 30};
    if (l->rungs == 0) return;
    if (k.relay) {
        k.x[0] = TIME_W + 30;
        k.x[1] = TIME_W + 400;
        k.x[2] = TIME_W + 770;
    }
    int width = k.x[k.relay ? 2 : 1] + 40, height = height_of(l);
    doc_fmt(d,
            "<div class=\"ladder\"><svg class=\"lad\" role=\"img\" aria-label=\"Message ladder\" "
            "width=\"%d\" height=\"%d\">",
            width, height);
    lifelines(&k, height);
    for (size_t i = 0; i < l->rungs && d->failed == OK; i++) {
        if (shown(l, i)) {
            rung(&k, &l->rung[i]);
            continue;
        }
        size_t from = i;
        while (i + 1 < l->rungs && !shown(l, i + 1))
            i++;
        k.y += 24;
        doc_fmt(d, "<text class=\"nt\" x=\"%d\" y=\"%d\">\xe2\x80\xa6 %zu more \xe2\x80\xa6</text>",
                k.x[0] + 10, k.y, i - from + 1);
    }
    doc_str(d, "</svg></div>\n");
}

static void octet_lines(struct doc *d, slice s)
{
    struct buf b;
    buf_init(&b, d->out->mem, 1 << 20);
    struct doc t = {&b, d->failed};
    if (!doc_is_text(s)) doc_hex(&t, s, "");
    for (size_t at = 0; at < s.n && doc_is_text(s);) {
        slice line = slice_sub(s, at, s.n);
        line = slice_sub(line, 0, slice_find(line, SLICE_LIT("\n")) + 1);
        doc_text(&t, line);
        doc_str(&t, "\n");
        at += line.n;
    }
    if (t.failed == OK)
        doc_xml(d, buf_slice(&b));
    else if (d->failed == OK)
        d->failed = t.failed;
    buf_done(&b);
}

void html_octets(struct doc *d, const struct ladder *l, size_t max)
{
    bool any = false;
    for (size_t i = 0; i < l->rungs; i++)
        if (l->rung[i].octets.n && shown(l, i)) any = true;
    if (!any) return;
    doc_str(d, "<details class=\"more\"><summary>Octets</summary>\n");
    for (size_t i = 0; i < l->rungs && d->failed == OK; i++) {
        const struct rung *g = &l->rung[i];
        if (!g->octets.n || !shown(l, i)) continue;
        doc_fmt(d, "<p class=\"o\">%llu.%03llu ", (unsigned long long)(g->ms / 1000),
                (unsigned long long)(g->ms % 1000));
        html_text(d, rung_end(l, g));
        doc_str(d, g->from_peer ? " \xe2\x86\x90 peer " : " \xe2\x86\x92 peer ");
        if (g->secured) doc_str(d, "(TLS) ");
        short_text(d, g->label, 120);
        doc_str(d, "</p><pre>");
        slice part = slice_sub(g->octets, 0, max);
        octet_lines(d, part);
        if (part.n < g->octets.n) doc_fmt(d, "\xe2\x80\xa6 %zu more octets", g->octets.n - part.n);
        doc_str(d, "</pre>\n");
    }
    doc_str(d, "</details>\n");
}
