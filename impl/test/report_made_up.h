/* SPDX-License-Identifier: MIT */
/* report_made_up: results, quiet and hostile, and a check of markup, for the tests of the reports. */
#ifndef TEST_REPORT_MADE_UP_H
#define TEST_REPORT_MADE_UP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "run/doc.h"
#include "run/result.h"

/* ---- a folder ---- */

struct place {
    char dir[64];
};

static inline int place_make(void **state)
{
    struct place *p = calloc(1, sizeof *p);
    if (!p) return -1;
    snprintf(p->dir, sizeof p->dir, "%s/report_test.XXXXXX", P_tmpdir);
    if (!mkdtemp(p->dir)) return -1;
    *state = p;
    return 0;
}

static inline size_t dir_files(const char *dir, bool remove_them)
{
    DIR *d = opendir(dir);
    size_t n = 0;
    if (!d) return 0;
    for (struct dirent *de; (de = readdir(d));) {
        if (!strcmp(de->d_name, ".") || !strcmp(de->d_name, "..")) continue;
        n++;
        if (remove_them) unlinkat(dirfd(d), de->d_name, 0);
    }
    closedir(d);
    return n;
}

static inline int place_drop(void **state)
{
    struct place *p = *state;
    char sub[96];
    snprintf(sub, sizeof sub, "%s/saved", p->dir);
    dir_files(sub, true);
    rmdir(sub);
    dir_files(p->dir, true);
    rmdir(p->dir);
    free(p);
    return 0;
}

static const char *in(const struct place *p, const char *name)
{
    static char path[4][512];
    static size_t at;
    at = (at + 1) % 4;
    snprintf(path[at], sizeof path[at], "%s/%s", p->dir, name);
    return path[at];
}

static inline char *slurp(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (!f) print_error("%s\n", path);
    assert_non_null(f);
    fseek(f, 0, SEEK_END);
    long n = ftell(f);
    rewind(f);
    char *p = malloc((size_t)n + 1);
    assert_non_null(p);
    assert_int_equal(fread(p, 1, (size_t)n, f), n);
    p[n] = 0;
    fclose(f);
    return p;
}

/* ---- made-up results; every step may meet a refusing allocator ---- */

static inline char *dup_str(const struct mem *m, const char *s)
{
    return s ? mem_dup(m, s, strlen(s)) : NULL;
}

static inline struct rung *rung(const struct mem *m, struct result *r, enum rung_kind kind, uint64_t ms,
                                int end, bool from_peer, const char *label, slice octets)
{
    struct ladder *l = &r->ladder;
    struct rung *more = mem_resize(m, l->rung, (l->rungs + 1) * sizeof *more);
    if (!more) return NULL;
    l->rung = more;
    struct rung *g = &l->rung[l->rungs];
    *g = (struct rung){.kind = kind, .ms = ms, .end = end, .from_peer = from_peer};
    g->label = dup_str(m, label);
    if (!g->label) return NULL;
    l->rungs++;
    if (octets.n) {
        g->octets.p = mem_dup(m, octets.p, octets.n);
        if (!g->octets.p) return NULL;
        g->octets.n = octets.n;
    }
    return g;
}

static inline bool broken(const struct mem *m, struct rung *g, size_t clause, const char *why)
{
    if (!g) return false;
    g->violating = true;
    g->clause = (enum clause_id)clause;
    g->why = dup_str(m, why);
    return g->why;
}

static inline struct result *result(struct run_results *rs, const char *id, enum verdict v, const char *split,
                                    const char *reason)
{
    const struct mem *m = rs->mem;
    struct result *r = run_results_add(rs);
    if (!r) return NULL;
    r->verdict = v;
    r->line = 12;
    r->instances = 1;
    r->ms = 12.3456;
    r->id = dup_str(m, id);
    r->title = dup_str(m, "A request is answered");
    r->file = dup_str(m, "iap/3.1-a.scn");
    r->role = dup_str(m, "iap-manager");
    r->split = dup_str(m, split);
    r->reason = dup_str(m, reason);
    r->vary = dup_str(m, "");
    r->clause = mem_new(m, 2 * sizeof *r->clause);
    r->defect = mem_new(m, sizeof *r->defect);
    if (!r->id || !r->title || !r->file || !r->role || !r->split || !r->reason || !r->vary || !r->clause ||
        !r->defect)
        return NULL;
    r->clause[0] = (enum clause_id)1;
    r->clause[1] = (enum clause_id)3;
    r->clauses = 2;
    if (v == V_WEAK) {
        r->defect[0] = (enum defect_id)1;
        r->defects = 1;
    }
    return r;
}

static inline bool small_ladder(const struct mem *m, struct result *r)
{
    slice connect = SLICE_LIT("IAP/0.3 CONNECT M.DOM.ORG\r\n\r\n"),
          no = SLICE_LIT("IAP/0.3 200 or so\n\x01\xff<b>\r\n");
    if (!rung(m, r, RUNG_EVENT, 0, 0, false, "connected", SLICE_NONE)) return false;
    if (!rung(m, r, RUNG_MESSAGE, 4, 0, false, "CONNECT M.DOM.ORG", connect)) return false;
    if (!broken(m, rung(m, r, RUNG_MESSAGE, 1250, 0, true, "200", no), 3, "a bare LF ends the line"))
        return false;
    if (!rung(m, r, RUNG_NOTE, 1251, 0, false, "reached tls.on", SLICE_NONE)) return false;
    struct rung *g = rung(m, r, RUNG_MESSAGE, 1300, 0, false, "CONTENT 64", SLICE_LIT("secret"));
    if (!g) return false;
    g->secured = true;
    return rung(m, r, RUNG_EVENT, 2000, 0, true, "FIN", SLICE_NONE);
}

static const char *const relay_ends[] = {"near", "far"};

static inline bool relay_ladder(const struct mem *m, struct result *r)
{
    slice connect = SLICE_LIT("IAP/0.3 CONNECT M.DOM.ORG\r\n\r\n"),
          via = SLICE_LIT("IAP/0.3 CONNECT M.DOM.ORG\r\nIAP/0.3 Via: P.DOM.ORG\r\n\r\n");
    r->ladder.ends = relay_ends;
    r->ladder.end_count = 2;
    if (!rung(m, r, RUNG_MESSAGE, 0, 0, false, "CONNECT M.DOM.ORG", connect)) return false;
    if (!rung(m, r, RUNG_EVENT, 1, 1, true, "connected", SLICE_NONE)) return false;
    if (!rung(m, r, RUNG_MESSAGE, 2, 1, true, "CONNECT M.DOM.ORG", via)) return false;
    if (!rung(m, r, RUNG_MESSAGE, 3, 1, false, "200", SLICE_LIT("IAP/0.3 200\r\n\r\n"))) return false;
    return broken(m, rung(m, r, RUNG_MESSAGE, 5, 0, true, "502", SLICE_LIT("IAP/0.3 502\r\n\r\n")), 5,
                  "the answer was changed on its way back");
}

static inline bool fill(struct run_results *rs, const struct mem *m)
{
    run_results_init(rs, m);
    rs->role = dup_str(m, "iap-manager");
    rs->peer = dup_str(m, "127.0.0.1:4711");
    rs->tls = dup_str(m, "off");
    rs->version = dup_str(m, "0.1.0");
    if (!rs->role || !rs->peer || !rs->tls || !rs->version) return false;
    struct result *r;
    if (!result(rs, "iap/3.1/a", V_PASS, "whole", "") || !result(rs, "iap/3.1/a", V_PASS, "bytes", ""))
        return false;
    if (!(r = result(rs, "iap/3.1/b", V_FAIL, "whole", "answered \"200\" & <went> on")) ||
        !small_ladder(m, r))
        return false;
    if (!result(rs, "iap/3.1/c", V_WEAK, "whole", "tolerated") ||
        !result(rs, "iap/3.2/d", V_INCONC, "whole", "never got there"))
        return false;
    if (!(r = result(rs, "iap/3.2/e", V_SKIP, "whole", "needs TLS # 1"))) return false;
    r->waived = dup_str(m, "known, see ticket 7");
    if (!r->waived || !(r = result(rs, "iap/3.2/f", V_ERROR, "random:7", "our fault"))) return false;
    if (!(r = result(rs, "iap/2.3/g", V_FAIL, "whole", "changed")) || !relay_ladder(m, r)) return false;
    run_results_count(rs);
    return true;
}

static const char hostile[] =
    "</title></pre></script><script>alert(1)</script><img src=x onerror=alert(2)>\"'&amp;]]>--> "
    "\x01\x1b[31m\xff\xfe\xc0\x80"
    "\xed\xa0\x80\xe2\x80\xae\xef\xbf\xbf\r\n..\n  ...\nok 9 - \xf0\x9f\x92\xa9 # TODO";

static inline bool fill_hostile(struct run_results *rs, const struct mem *m)
{
    run_results_init(rs, m);
    rs->role = dup_str(m, hostile);
    rs->peer = dup_str(m, hostile);
    rs->tls = dup_str(m, hostile);
    rs->version = dup_str(m, hostile);
    for (int v = 0; v < V_COUNT; v++) {
        struct result *r = result(rs, hostile, (enum verdict)v, hostile, hostile);
        if (!r) return false;
        mem_free(m, r->title);
        mem_free(m, r->file);
        mem_free(m, r->role);
        mem_free(m, r->vary);
        r->title = dup_str(m, hostile);
        r->file = dup_str(m, hostile);
        r->role = dup_str(m, hostile);
        r->vary = dup_str(m, hostile);
        r->waived = v == V_SKIP ? dup_str(m, hostile) : NULL;
        r->text = dup_str(m, hostile);
        r->saved = dup_str(m, hostile);
        struct rung *g = rung(m, r, RUNG_MESSAGE, 1, 0, true, hostile, slice_of(hostile, sizeof hostile));
        if (!broken(m, g, 2, hostile)) return false;
        if (!rung(m, r, RUNG_NOTE, 1, 0, true, hostile, slice_of("\x01\x02\xff\xfe", 4))) return false;
        if (!rung(m, r, RUNG_EVENT, 1, 7, true, hostile, SLICE_NONE)) return false;
    }
    run_results_count(rs);
    return true;
}

/* ---- is it well formed? tags closed in order, quoted attributes, known entities, no control characters ----
 */

struct tag {
    char name[32];
};

static inline bool is_void(const char *name)
{
    return !strcmp(name, "meta") || !strcmp(name, "input");
}

static inline void check_text(slice s)
{
    for (size_t i = 0; i < s.n; i++) {
        assert_true(s.p[i] >= 0x20 || s.p[i] == '\n');
        assert_true(s.p[i] != '<');
        if (s.p[i] != '&') continue;
        slice e = slice_sub(s, i, i + 6);
        assert_true(slice_starts(e, SLICE_LIT("&lt;")) || slice_starts(e, SLICE_LIT("&gt;")) ||
                    slice_starts(e, SLICE_LIT("&amp;")) || slice_starts(e, SLICE_LIT("&quot;")) ||
                    slice_starts(e, SLICE_LIT("&#")));
    }
    for (size_t i = 0; i < s.n;) {
        size_t n = doc_utf8_len(slice_sub(s, i, s.n));
        assert_true(n != 0);
        i += n;
    }
}

/* The attributes; none may be a handler, and links stay on the page. */
static inline void check_attributes(slice s)
{
    size_t at = 0;
    while (at < s.n) {
        while (at < s.n && (s.p[at] == ' ' || s.p[at] == '\n'))
            at++;
        size_t from = at;
        while (at < s.n && s.p[at] != '=' && s.p[at] != ' ')
            at++;
        slice name = slice_sub(s, from, at);
        if (at == s.n || s.p[at] == ' ') {
            assert_true(name.n == 0 || slice_eq(name, SLICE_LIT("hidden")) || slice_eq(name, SLICE_LIT("/")));
            continue;
        }
        at++;
        assert_true(at < s.n && s.p[at] == '"');
        from = ++at;
        while (at < s.n && s.p[at] != '"')
            at++;
        assert_true(at < s.n);
        slice value = slice_sub(s, from, at++);
        check_text(value);
        assert_false(slice_starts_nocase(name, SLICE_LIT("on")));
        assert_false(slice_eq_nocase(name, SLICE_LIT("src")));
        if (slice_eq_nocase(name, SLICE_LIT("href"))) assert_true(slice_starts(value, SLICE_LIT("#")));
    }
}

/* Returns how many elements of that name there were. */
static inline size_t well_formed(const char *text, const char *count)
{
    static struct tag open[64];
    size_t depth = 0, found = 0, at = 0;
    slice s = slice_str(text);
    while (at < s.n) {
        slice rest = slice_sub(s, at, s.n);
        size_t lt = slice_find(rest, SLICE_LIT("<"));
        check_text(slice_sub(rest, 0, lt));
        at += lt;
        if (at == s.n) break;
        rest = slice_sub(s, at, s.n);
        size_t gt = slice_find(rest, SLICE_LIT(">"));
        assert_true(gt < rest.n);
        slice tag = slice_sub(rest, 1, gt);
        at += gt + 1;
        if (tag.p[0] == '?' || tag.p[0] == '!') continue;
        bool close = tag.p[0] == '/', empty = tag.p[tag.n - 1] == '/';
        if (close) tag = slice_sub(tag, 1, tag.n);
        size_t n = 0;
        char name[32] = "";
        while (n < tag.n && n < 31 && tag.p[n] != ' ' && tag.p[n] != '/')
            n++;
        memcpy(name, tag.p, n);
        if (close) {
            assert_true(depth > 0);
            assert_string_equal(open[--depth].name, name);
            continue;
        }
        if (!strcmp(name, count)) found++;
        check_attributes(slice_sub(tag, n, tag.n));
        if (empty || is_void(name)) continue;
        assert_true(depth < 64);
        strcpy(open[depth++].name, name);
        if (!strcmp(name, "script") || !strcmp(name, "style")) { /* ours; ends at the first end tag */
            char end[40];
            snprintf(end, sizeof end, "</%s>", name);
            at += slice_find(slice_sub(s, at, s.n), slice_str(end));
        }
    }
    assert_int_equal(depth, 0);
    return found;
}

static inline size_t times(const char *text, const char *what)
{
    size_t n = 0;
    for (const char *p = text; (p = strstr(p, what)); p++)
        n++;
    return n;
}

/* ---- an allocator that refuses ---- */

struct tight {
    long left;
};

static inline void *tight_resize(void *ctx, void *p, size_t n)
{
    struct tight *t = ctx;
    return t->left-- > 0 ? realloc(p, n) : NULL;
}

static inline void tight_release(void *ctx, void *p)
{
    (void)ctx;
    free(p);
}

/* ---- a report, as it was written ---- */

typedef err report(const struct run_results *rs, const char *path, char *why, size_t why_n);

static inline char *written(struct place *p, report *f, const struct run_results *rs)
{
    char why[200];
    err e = f(rs, in(p, "out"), why, sizeof why);
    if (e != OK) print_error("%s\n", why);
    assert_int_equal(e, OK);
    return slurp(in(p, "out"));
}

#endif
