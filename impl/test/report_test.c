/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "run/doc.h"
#include "run/result.h"

/* ---- a folder ---- */

struct place { char dir[64]; };

static int place_make(void **state)
{
    struct place *p = calloc(1, sizeof *p);
    if (!p) return -1;
    strcpy(p->dir, "/tmp/report_test.XXXXXX");
    if (!mkdtemp(p->dir)) return -1;
    *state = p;
    return 0;
}

static size_t dir_files(const char *dir, bool remove_them)
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

static int place_drop(void **state)
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

static char *slurp(const char *path)
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

static char *dup_str(const struct mem *m, const char *s)
{
    return s ? mem_dup(m, s, strlen(s)) : NULL;
}

static struct rung *rung(const struct mem *m, struct result *r, enum rung_kind kind, uint64_t ms, int end, bool from_peer, const char *label,
                         slice octets)
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

static bool broken(const struct mem *m, struct rung *g, size_t clause, const char *why)
{
    if (!g) return false;
    g->violating = true;
    g->clause = (enum clause_id)clause;
    g->why = dup_str(m, why);
    return g->why;
}

static struct result *result(struct run_results *rs, const char *id, enum verdict v, const char *split, const char *reason)
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
    if (!r->id || !r->title || !r->file || !r->role || !r->split || !r->reason || !r->vary || !r->clause || !r->defect) return NULL;
    r->clause[0] = (enum clause_id)1;
    r->clause[1] = (enum clause_id)3;
    r->clauses = 2;
    if (v == V_WEAK) {
        r->defect[0] = (enum defect_id)1;
        r->defects = 1;
    }
    return r;
}

static bool small_ladder(const struct mem *m, struct result *r)
{
    slice connect = SLICE_LIT("IAP/0.3 CONNECT M.DOM.ORG\r\n\r\n"), no = SLICE_LIT("IAP/0.3 200 or so\n\x01\xff<b>\r\n");
    if (!rung(m, r, RUNG_EVENT, 0, 0, false, "connected", SLICE_NONE)) return false;
    if (!rung(m, r, RUNG_MESSAGE, 4, 0, false, "CONNECT M.DOM.ORG", connect)) return false;
    if (!broken(m, rung(m, r, RUNG_MESSAGE, 1250, 0, true, "200", no), 3, "a bare LF ends the line")) return false;
    if (!rung(m, r, RUNG_NOTE, 1251, 0, false, "reached tls.on", SLICE_NONE)) return false;
    struct rung *g = rung(m, r, RUNG_MESSAGE, 1300, 0, false, "CONTENT 64", SLICE_LIT("secret"));
    if (!g) return false;
    g->secured = true;
    return rung(m, r, RUNG_EVENT, 2000, 0, true, "FIN", SLICE_NONE);
}

static const char *const relay_ends[] = {"near", "far"};

static bool relay_ladder(const struct mem *m, struct result *r)
{
    slice connect = SLICE_LIT("IAP/0.3 CONNECT M.DOM.ORG\r\n\r\n"), via = SLICE_LIT("IAP/0.3 CONNECT M.DOM.ORG\r\nIAP/0.3 Via: P.DOM.ORG\r\n\r\n");
    r->ladder.ends = relay_ends;
    r->ladder.end_count = 2;
    if (!rung(m, r, RUNG_MESSAGE, 0, 0, false, "CONNECT M.DOM.ORG", connect)) return false;
    if (!rung(m, r, RUNG_EVENT, 1, 1, true, "connected", SLICE_NONE)) return false;
    if (!rung(m, r, RUNG_MESSAGE, 2, 1, true, "CONNECT M.DOM.ORG", via)) return false;
    if (!rung(m, r, RUNG_MESSAGE, 3, 1, false, "200", SLICE_LIT("IAP/0.3 200\r\n\r\n"))) return false;
    return broken(m, rung(m, r, RUNG_MESSAGE, 5, 0, true, "502", SLICE_LIT("IAP/0.3 502\r\n\r\n")), 5, "the answer was changed on its way back");
}

static bool fill(struct run_results *rs, const struct mem *m)
{
    run_results_init(rs, m);
    rs->role = dup_str(m, "iap-manager");
    rs->peer = dup_str(m, "127.0.0.1:4711");
    rs->tls = dup_str(m, "off");
    rs->version = dup_str(m, "0.1.0");
    if (!rs->role || !rs->peer || !rs->tls || !rs->version) return false;
    struct result *r;
    if (!result(rs, "iap/3.1/a", V_PASS, "whole", "") || !result(rs, "iap/3.1/a", V_PASS, "bytes", "")) return false;
    if (!(r = result(rs, "iap/3.1/b", V_FAIL, "whole", "answered \"200\" & <went> on")) || !small_ladder(m, r)) return false;
    if (!result(rs, "iap/3.1/c", V_WEAK, "whole", "tolerated") || !result(rs, "iap/3.2/d", V_INCONC, "whole", "never got there")) return false;
    if (!(r = result(rs, "iap/3.2/e", V_SKIP, "whole", "needs TLS # 1"))) return false;
    r->waived = dup_str(m, "known, see ticket 7");
    if (!r->waived || !(r = result(rs, "iap/3.2/f", V_ERROR, "random:7", "our fault"))) return false;
    if (!(r = result(rs, "iap/2.3/g", V_FAIL, "whole", "changed")) || !relay_ladder(m, r)) return false;
    run_results_count(rs);
    return true;
}

static const char hostile[] = "</title></pre></script><script>alert(1)</script><img src=x onerror=alert(2)>\"'&amp;]]>--> \x01\x1b[31m\xff\xfe\xc0\x80"
                              "\xed\xa0\x80\xe2\x80\xae\xef\xbf\xbf\r\n..\n  ...\nok 9 - \xf0\x9f\x92\xa9 # TODO";

static bool fill_hostile(struct run_results *rs, const struct mem *m)
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

/* ---- is it well formed? tags closed in order, quoted attributes, known entities, no control characters ---- */

struct tag { char name[32]; };

static bool is_void(const char *name)
{
    return !strcmp(name, "meta") || !strcmp(name, "input");
}

static void check_text(slice s)
{
    for (size_t i = 0; i < s.n; i++) {
        assert_true(s.p[i] >= 0x20 || s.p[i] == '\n');
        assert_true(s.p[i] != '<');
        if (s.p[i] != '&') continue;
        slice e = slice_sub(s, i, i + 6);
        assert_true(slice_starts(e, SLICE_LIT("&lt;")) || slice_starts(e, SLICE_LIT("&gt;")) || slice_starts(e, SLICE_LIT("&amp;")) ||
                    slice_starts(e, SLICE_LIT("&quot;")) || slice_starts(e, SLICE_LIT("&#")));
    }
    for (size_t i = 0; i < s.n;) {
        size_t n = doc_utf8_len(slice_sub(s, i, s.n));
        assert_true(n != 0);
        i += n;
    }
}

/* The attributes; none may be a handler, and links stay on the page. */
static void check_attributes(slice s)
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
static size_t well_formed(const char *text, const char *count)
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

static size_t times(const char *text, const char *what)
{
    size_t n = 0;
    for (const char *p = text; (p = strstr(p, what)); p++)
        n++;
    return n;
}

/* ---- results ---- */

static void counts_and_exit_status(void **state)
{
    (void)state;
    static const struct { enum verdict v[3]; size_t n; int plain, strict; } rows[] = {
        {{V_PASS}, 0, 3, 3},          {{V_PASS}, 1, 0, 0},         {{V_WEAK}, 1, 0, 1},         {{V_FAIL}, 1, 1, 1},
        {{V_SKIP}, 1, 3, 3},          {{V_INCONC}, 1, 3, 3},       {{V_ERROR}, 1, 1, 1},        {{V_PASS, V_FAIL}, 2, 1, 1},
        {{V_SKIP, V_INCONC}, 2, 3, 3}, {{V_PASS, V_INCONC}, 2, 0, 0}, {{V_PASS, V_SKIP}, 2, 0, 0}, {{V_PASS, V_PASS, V_ERROR}, 3, 1, 1},
        {{V_PASS, V_WEAK}, 2, 0, 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct run_results rs;
        run_results_init(&rs, &mem_libc);
        for (size_t k = 0; k < rows[i].n; k++)
            run_results_add(&rs)->verdict = rows[i].v[k];
        assert_int_equal(run_results_status(&rs, false), rows[i].plain);
        assert_int_equal(run_results_status(&rs, true), rows[i].strict);
        run_results_done(&rs);
    }
    struct run_results rs;
    assert_true(fill(&rs, &mem_libc));
    static const size_t want[V_COUNT] = {2, 1, 2, 1, 1, 1};
    run_results_count(&rs);
    assert_memory_equal(rs.count, want, sizeof want);
    run_results_done(&rs);
    assert_int_equal(rs.n, 0);
}

/* ---- writing text ---- */

static void text_is_escaped(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, &mem_libc, 4096);
    struct doc d = {&b, OK};
    doc_xml(&d, SLICE_LIT("a<b>&\"'\x02\xc3\xa9\xc3\n\xe2\x80\xae"));
    assert_string_equal(buf_str(&b), "a&lt;b&gt;&amp;&quot;&#39;\xef\xbf\xbd\xc3\xa9\xef\xbf\xbd&#10;\xef\xbf\xbd");
    buf_clear(&b);
    doc_text(&d, SLICE_LIT("a\\\r\n\t\x00\x7f\xc3z"));
    assert_string_equal(buf_str(&b), "a\\\\\\r\\n\\t\\x00\\x7f\\xc3z");
    buf_clear(&b);
    doc_json(&d, SLICE_LIT("\"\\\n\xff\xc2\x85\xf0\x9f\x92\xa9"));
    assert_string_equal(buf_str(&b), "\"\\\"\\\\\\u000a\xef\xbf\xbd\\u0085\xf0\x9f\x92\xa9\"");
    buf_clear(&b);
    doc_hex(&d, SLICE_LIT("0123456789abcde\n~"), ">");
    assert_string_equal(buf_str(&b), ">00000000  30 31 32 33 34 35 36 37  38 39 61 62 63 64 65 0a  |0123456789abcde.|\n"
                                     ">00000010  7e                                                |~|\n");
    buf_clear(&b);
    doc_utf8(&d, SLICE_LIT("\xe0\x80\x80\xf4\x90\x80\x80\xc3"));
    assert_int_equal(b.n, 8 * 3);
    assert_int_equal(d.failed, OK);
    buf_done(&b);
    assert_true(doc_is_text(SLICE_LIT("abc\r\n")));
    assert_false(doc_is_text(SLICE_LIT("abcd\x01")));
}

static void a_report_replaces_only_when_complete(void **state)
{
    struct place *p = *state;
    struct buf b;
    char why[200];
    buf_init(&b, &mem_libc, 10);
    struct doc d = {&b, OK};
    doc_str(&d, "first");
    assert_int_equal(doc_save(&d, in(p, "r"), why, sizeof why), OK);
    doc_str(&d, "too long now");
    assert_int_equal(doc_save(&d, in(p, "r"), why, sizeof why), ERR_LIMIT);
    assert_non_null(strstr(why, "/r: the report is too long"));
    char *s = slurp(in(p, "r"));
    assert_string_equal(s, "first");
    free(s);
    d.failed = OK;
    assert_int_equal(doc_save(&d, in(p, "no/such"), why, sizeof why), ERR_SYS);
    assert_non_null(strstr(why, "No such file"));
    /* a link stays a link */
    assert_int_equal(symlink("r", in(p, "link")), 0);
    buf_clear(&b);
    doc_str(&d, "second");
    assert_int_equal(doc_save(&d, in(p, "link"), why, sizeof why), OK);
    struct stat st;
    assert_int_equal(lstat(in(p, "link"), &st), 0);
    assert_true(S_ISLNK(st.st_mode));
    s = slurp(in(p, "r"));
    assert_string_equal(s, "second");
    free(s);
    /* what is no file is not replaced by one */
    assert_int_equal(doc_save(&d, "/dev/null", why, sizeof why), OK);
    assert_int_equal(stat("/dev/null", &st), 0);
    assert_true(S_ISCHR(st.st_mode));
    assert_int_equal(doc_save(&d, "/dev/full", why, sizeof why), ERR_SYS);
    assert_non_null(strstr(why, "/dev/full: No space left"));
    assert_int_equal(dir_files(p->dir, false), 2);
    buf_done(&b);
}

/* ---- the reports ---- */

typedef err report(const struct run_results *rs, const char *path, char *why, size_t why_n);

static char *written(struct place *p, report *f, const struct run_results *rs)
{
    char why[200];
    err e = f(rs, in(p, "out"), why, sizeof why);
    if (e != OK) print_error("%s\n", why);
    assert_int_equal(e, OK);
    return slurp(in(p, "out"));
}

static void jsonl_has_the_keys_of_the_contract(void **state)
{
    struct place *p = *state;
    struct run_results rs;
    assert_true(fill(&rs, &mem_libc));
    char *s = written(p, report_jsonl, &rs);
    static const char start[] = "{\"id\":\"iap/3.1/a\",\"verdict\":\"pass\",\"clauses\":[\"";
    assert_memory_equal(s, start, sizeof start - 1);
    assert_int_equal(times(s, "\n"), rs.n + 1);
    size_t i = 0;
    for (char *line = strtok(s, "\n"); line; line = strtok(NULL, "\n"), i++) {
        json_t *o = json_loads(line, 0, NULL);
        assert_non_null(o);
        if (i == rs.n) {
            json_t *sum = json_object_get(o, "summary");
            assert_int_equal(json_object_size(o), 1);
            assert_int_equal(json_object_size(sum), V_COUNT);
            for (int v = 0; v < V_COUNT; v++)
                assert_int_equal(json_integer_value(json_object_get(sum, verdict_names[v])), rs.count[v]);
        } else {
            const struct result *r = &rs.r[i];
            assert_string_equal(json_string_value(json_object_get(o, "id")), r->id);
            assert_string_equal(json_string_value(json_object_get(o, "verdict")), verdict_names[r->verdict]);
            assert_string_equal(json_string_value(json_object_get(o, "reason")), r->reason);
            assert_string_equal(json_string_value(json_object_get(o, "split")), r->split);
            assert_true(json_real_value(json_object_get(o, "ms")) == 12.346);
            assert_int_equal(json_array_size(json_object_get(o, "clauses")), 2);
            assert_string_equal(json_string_value(json_array_get(json_object_get(o, "clauses"), 1)), clauses[3].id);
            assert_int_equal(json_array_size(json_object_get(o, "defects")), r->defects);
            assert_int_equal(json_integer_value(json_object_get(o, "line")), 12);
            assert_int_equal(json_integer_value(json_object_get(o, "instances")), 1);
            assert_true(json_is_false(json_object_get(o, "passive")));
            assert_true(r->waived ? json_is_string(json_object_get(o, "waived")) : json_is_null(json_object_get(o, "waived")));
            static const char *const more[] = {"title", "role", "vary", "file", "saved"};
            for (size_t k = 0; k < 5; k++)
                assert_non_null(json_object_get(o, more[k]));
        }
        json_decref(o);
    }
    assert_int_equal(i, rs.n + 1);
    free(s);
    run_results_done(&rs);
    assert_true(fill_hostile(&rs, &mem_libc));
    s = written(p, report_jsonl, &rs);
    assert_int_equal(times(s, "\n"), rs.n + 1);
    i = 0;
    for (char *line = strtok(s, "\n"); line; line = strtok(NULL, "\n"), i++) {
        json_t *o = json_loads(line, 0, NULL);
        assert_non_null(o);
        json_decref(o);
    }
    free(s);
    run_results_done(&rs);
}

static void junit_tells_failures_from_errors(void **state)
{
    struct place *p = *state;
    struct run_results rs;
    assert_true(fill(&rs, &mem_libc));
    mem_free(&mem_libc, rs.r[7].role);
    rs.r[7].role = dup_str(&mem_libc, "iap-proxy");
    char *s = written(p, report_junit, &rs);
    assert_int_equal(well_formed(s, "testcase"), 8);
    assert_int_equal(well_formed(s, "failure"), 2);
    assert_int_equal(well_formed(s, "error"), 2);
    assert_int_equal(well_formed(s, "skipped"), 1);
    assert_int_equal(well_formed(s, "system-out"), 1);
    assert_int_equal(well_formed(s, "testsuite"), 2);
    assert_non_null(strstr(s, "<testsuite name=\"iap-manager\" tests=\"7\" failures=\"1\" errors=\"2\" skipped=\"1\" time=\"0.086\">"));
    assert_non_null(strstr(s, "<testsuite name=\"iap-proxy\" tests=\"1\" failures=\"1\""));
    assert_non_null(strstr(s, "<testcase classname=\"iap-manager\" name=\"iap/3.2/f[random:7]\""));
    assert_non_null(strstr(s, "<failure type=\"fail\" message=\"answered &quot;200&quot; &amp; &lt;went&gt; on\">"));
    assert_non_null(strstr(s, "<error type=\"inconc\""));
    assert_non_null(strstr(s, "<skipped message=\"known, see ticket 7\"/>"));
    assert_non_null(strstr(s, "<property name=\"verdict\" value=\"weak\"/>"));
    free(s);
    run_results_done(&rs);
    assert_true(fill_hostile(&rs, &mem_libc));
    s = written(p, report_junit, &rs);
    assert_int_equal(well_formed(s, "testcase"), 6);
    assert_int_equal(well_formed(s, "script"), 0);
    free(s);
    run_results_done(&rs);
}

static void tap_has_a_plan_and_reasons(void **state)
{
    struct place *p = *state;
    struct run_results rs;
    assert_true(fill(&rs, &mem_libc));
    char *s = written(p, report_tap, &rs);
    static const char start[] = "TAP version 13\n1..8\nok 1 - iap-manager iap/3.1/a[whole] A request is answered\nok 2 - ";
    assert_memory_equal(s, start, sizeof start - 1);
    assert_non_null(strstr(s, "\nnot ok 3 - iap-manager iap/3.1/b[whole] A request is answered\n  ---\n  verdict: \"fail\"\n"
                              "  reason: \"answered \\\"200\\\" & <went> on\"\n  clauses: [\""));
    assert_non_null(strstr(s, "\nok 4 - "));
    assert_non_null(strstr(s, "\nnot ok 5 - "));
    assert_non_null(strstr(s, "\nok 6 - iap-manager iap/3.2/e[whole] A request is answered # SKIP known, see ticket 7\n"));
    assert_non_null(strstr(s, "\nnot ok 7 - "));
    free(s);
    run_results_done(&rs);
    assert_true(fill_hostile(&rs, &mem_libc));
    s = written(p, report_tap, &rs);
    assert_int_equal(times(s, "\nok ") + times(s, "\nnot ok "), 6); /* no line of a peer's making */
    assert_int_equal(times(s, "\n  ...\n"), 4);
    assert_null(strstr(s, " # TODO\n"));
    free(s);
    run_results_done(&rs);
    run_results_init(&rs, &mem_libc);
    s = written(p, report_tap, &rs);
    assert_string_equal(s, "TAP version 13\n1..0 # SKIP no case ran\n");
    free(s);
}

static err html_of(const struct run_results *rs, const char *path, char *why, size_t why_n)
{
    return report_html(&rs, 1, path, why, why_n);
}

static void page_stands_alone(void **state)
{
    struct place *p = *state;
    struct run_results rs;
    char why[200];
    assert_true(fill(&rs, &mem_libc));
    char *s = written(p, html_of, &rs);
    assert_int_equal(well_formed(s, "script"), 1);
    assert_int_equal(well_formed(s, "tr") > 3, 1);
    assert_int_equal(times(s, "class=\"case\""), 7); /* the two splits of one case are one */
    assert_non_null(strstr(s, "<span class=\"v fail\">2 fail</span>"));
    assert_non_null(strstr(s, "data-v=\"fail\">fail 2</button>"));
    assert_int_equal(times(s, "<svg class=\"lad\""), 2);
    assert_non_null(strstr(s, "a bare LF ends the line"));
    assert_non_null(strstr(s, "x=\"836\" y=\"14\">far</text>"));
    assert_non_null(strstr(s, "IAP/0.3 200 or so\\n&#10;\\x01\\xff&lt;b&gt;\\r\\n"));
    assert_null(strstr(s, "http://"));
    assert_null(strstr(s, "https://"));
    char row[64];
    snprintf(row, sizeof row, "<tr id=\"c-%s\">", clauses[3].id);
    assert_int_equal(times(s, row), 1);
    for (size_t c = 1; c < CLAUSE_COUNT; c++) { /* every clause of that protocol is somewhere */
        snprintf(row, sizeof row, "<tr id=\"c-%s\">", clauses[c].id);
        assert_int_equal(times(s, row), !strcmp(clauses[c].proto, clauses[1].proto));
    }
    free(s);
    struct run_results bad;
    assert_true(fill_hostile(&bad, &mem_libc));
    const struct run_results *both[] = {&rs, &bad};
    assert_int_equal(report_html(both, 2, in(p, "two"), why, sizeof why), OK);
    s = slurp(in(p, "two"));
    assert_int_equal(well_formed(s, "script"), 1);
    assert_int_equal(well_formed(s, "img"), 0);
    assert_int_equal(times(s, "class=\"case\""), 8);
    free(s);
    assert_int_equal(report_html(NULL, 0, in(p, "none"), why, sizeof why), OK);
    s = slurp(in(p, "none"));
    well_formed(s, "x");
    free(s);
    run_results_done(&bad);
    run_results_done(&rs);
}

/* ---- ladders ---- */

static void ladder_as_text(void **state)
{
    (void)state;
    struct run_results rs;
    struct buf b;
    assert_true(fill(&rs, &mem_libc));
    buf_init(&b, &mem_libc, 1 << 20);
    assert_int_equal(report_ladder(&rs.r[2].ladder, 72, &b), OK);
    const char *s = buf_str(&b);
    if (getenv("SHOW_LADDER")) print_message("%s", s);
    char clause[200];
    snprintf(clause, sizeof clause, "!!           %s (section %s)\n             a bare LF ends the line\n", clauses[3].id, clauses[3].section);
    assert_non_null(strstr(s, "    0.000  tester  .................. connected ..................  peer\n"));
    assert_non_null(strstr(s, "    0.004  tester  ------------- CONNECT M.DOM.ORG -------------->  peer\n"));
    assert_non_null(strstr(s, "!!  1.250  tester  <-------------------- 200 ---------------------  peer\n!!  "));
    assert_non_null(strstr(s, clause));
    assert_non_null(strstr(s, "    1.251  * reached tls.on\n"));
    assert_non_null(strstr(s, "    1.300  tester  ================= CONTENT 64 =================>  peer\n"));
    assert_non_null(strstr(s, "    2.000  tester  <.................... FIN .....................  peer\n"));
    buf_clear(&b);
    assert_int_equal(report_ladder(&rs.r[7].ladder, 72, &b), OK);
    s = buf_str(&b);
    if (getenv("SHOW_LADDER")) print_message("%s", s);
    assert_non_null(strstr(s, "           near                        peer                          far\n"));
    assert_non_null(strstr(s, "    0.000  |---- CONNECT M.DOM.ORG ----->|                             |\n"));
    assert_non_null(strstr(s, "    0.002  |                             |---- CONNECT M.DOM.ORG ----->|\n"));
    assert_non_null(strstr(s, "    0.003  |                             |<----------- 200 ------------|\n"));
    assert_non_null(strstr(s, "!!  0.005  |<----------- 502 ------------|                             |\n"));
    run_results_done(&rs);
    /* whatever the labels hold: lines no longer than asked for, printable */
    assert_true(fill_hostile(&rs, &mem_libc));
    for (size_t width = 0; width < 130; width += 13) {
        buf_clear(&b);
        assert_int_equal(report_ladder(&rs.r[0].ladder, width, &b), OK);
        slice all = buf_slice(&b);
        size_t col = 0;
        for (size_t i = 0; i < all.n; i++) {
            assert_true(all.p[i] == '\n' || (all.p[i] >= 0x20 && all.p[i] < 0x7f));
            col = all.p[i] == '\n' ? 0 : col + 1;
            assert_true(col <= (width < 60 ? 60 : width));
        }
    }
    run_results_done(&rs);
    buf_done(&b);
}

/* ---- --save ---- */

static void saves_three_files_a_case(void **state)
{
    struct place *p = *state;
    struct run_results rs;
    char why[200], dir[128], path[512];
    assert_true(fill(&rs, &mem_libc));
    snprintf(dir, sizeof dir, "%s/saved/", p->dir);
    mem_free(&mem_libc, rs.r[2].vary);
    rs.r[2].vary = dup_str(&mem_libc, "gap=7 host=../../x");
    assert_int_equal(report_save(&rs, &rs.r[2], dir, why, sizeof why), OK);
    snprintf(path, sizeof path, "%s/saved/iap-3.1-b-whole-gap-7-host-..-..-x", p->dir);
    assert_string_equal(rs.r[2].saved, path);
    snprintf(path, sizeof path, "%s.txt", rs.r[2].saved);
    char *s = slurp(path);
    assert_non_null(strstr(s, "reason   answered \"200\" & <went> on\n"));
    assert_non_null(strstr(s, "    0.004  tester -> peer  CONNECT M.DOM.ORG  (29 octets)\n           IAP/0.3 CONNECT M.DOM.ORG\\r\\n\n           \\r\\n\n"));
    assert_non_null(strstr(s, "    1.300  tester -> peer  [tls] CONTENT 64  (6 octets)\n"));
    assert_non_null(strstr(s, "a bare LF ends the line\n"));
    free(s);
    snprintf(path, sizeof path, "%s.ladder.txt", rs.r[2].saved);
    s = slurp(path);
    assert_non_null(strstr(s, " CONNECT M.DOM.ORG ---"));
    free(s);
    snprintf(path, sizeof path, "%s.pcapng", rs.r[2].saved);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_true(st.st_size > 600);

    /* the same words in the same run: not the same file */
    rs.r[0].verdict = V_FAIL;
    mem_free(&mem_libc, rs.r[1].split);
    rs.r[1].split = dup_str(&mem_libc, "WHOLE");
    assert_int_equal(report_save(&rs, &rs.r[0], dir, why, sizeof why), OK);
    assert_int_equal(report_save(&rs, &rs.r[1], dir, why, sizeof why), OK);
    assert_non_null(strstr(rs.r[0].saved, "iap-3.1-a-whole"));
    assert_non_null(strstr(rs.r[1].saved, "iap-3.1-a-WHOLE-2"));
    assert_int_equal(dir_files(dir, false), 9);
    /* once more: the same name */
    assert_int_equal(report_save(&rs, &rs.r[1], dir, why, sizeof why), OK);
    assert_int_equal(dir_files(dir, false), 9);
    assert_int_equal(report_save(&rs, &rs.r[7], dir, why, sizeof why), OK);
    assert_int_equal(report_save(&rs, &rs.r[3], in(p, "no/such"), why, sizeof why), ERR_SYS);
    assert_null(rs.r[3].saved);
    run_results_done(&rs);

    assert_true(fill_hostile(&rs, &mem_libc));
    for (size_t i = 0; i < rs.n; i++) {
        mem_free(&mem_libc, rs.r[i].saved);
        rs.r[i].saved = NULL;
    }
    for (size_t i = 0; i < rs.n; i++) {
        assert_int_equal(report_save(&rs, &rs.r[i], dir, why, sizeof why), OK);
        const char *slug = strrchr(rs.r[i].saved, '/') + 1;
        assert_true(strlen(slug) < 200);
        assert_int_equal(strspn(slug, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"), strlen(slug));
        snprintf(path, sizeof path, "%s.txt", rs.r[i].saved);
        s = slurp(path);
        for (char *c = s; *c; c++)
            assert_true(*c == '\n' || ((uint8_t)*c >= 0x20 && (uint8_t)*c < 0x7f));
        free(s);
    }
    assert_int_equal(dir_files(dir, false), 12 + 18);
    run_results_done(&rs);
}

/* ---- memory ---- */

struct tight { long left; };

static void *tight_resize(void *ctx, void *p, size_t n)
{
    struct tight *t = ctx;
    return t->left-- > 0 ? realloc(p, n) : NULL;
}

static void tight_release(void *ctx, void *p)
{
    (void)ctx;
    free(p);
}

static void results_survive_every_failed_allocation(void **state)
{
    (void)state;
    bool ok = false;
    for (long n = 0; !ok; n++) {
        struct tight t = {n};
        struct mem mem = {&t, tight_resize, tight_release};
        struct run_results rs;
        assert_true(n < 1000);
        ok = fill(&rs, &mem);
        run_results_done(&rs);
    }
}

static err save_of(const struct run_results *rs, const char *path, char *why, size_t why_n)
{
    struct run_results *own = (struct run_results *)(uintptr_t)rs;
    err e = report_save(own, &own->r[2], path, why, why_n);
    return e == OK ? report_save(own, &own->r[7], path, why, why_n) : e;
}

static void reports_survive_every_failed_allocation(void **state)
{
    struct place *p = *state;
    static report *const all[] = {report_jsonl, report_junit, report_tap, html_of, save_of};
    struct tight t = {1000000};
    struct mem mem = {&t, tight_resize, tight_release};
    struct run_results rs;
    assert_true(fill(&rs, &mem));
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        const char *path = in(p, all[i] == save_of ? "saved" : "out");
        if (all[i] == html_of) { /* what was there stays */
            FILE *f = fopen(path, "w");
            assert_non_null(f);
            fputs("before", f);
            fclose(f);
        }
        err e = ERR_MEM;
        for (long n = 0; e != OK; n++) {
            char why[300] = "";
            assert_true(n < 1000);
            t.left = n;
            e = all[i](&rs, path, why, sizeof why);
            if (e == OK) break;
            assert_int_equal(e, ERR_MEM);
            assert_non_null(strstr(why, "out of memory"));
            if (all[i] != html_of) continue;
            char *s = slurp(path);
            assert_string_equal(s, "before");
            free(s);
        }
    }
    t.left = 1000000;
    run_results_done(&rs);
}

/* ---- a long run: the page stays of a size that a browser opens at once ---- */

static bool fill_long(struct run_results *rs, const char *role, const char *proto)
{
    static const char *const split[] = {"whole", "bytes", "random:7"};
    static const char *const titles[] = {"A connect request with a lower-case keyword is read",
                                         "A via line that names the proxy itself is answered 502",
                                         "A content length of zero is acknowledged", "An unknown content type is rejected"};
    const struct mem *m = &mem_libc;
    run_results_init(rs, m);
    rs->role = dup_str(m, role);
    rs->peer = dup_str(m, "192.0.2.17:4711");
    rs->tls = dup_str(m, "modern");
    rs->version = dup_str(m, "0.1.0");
    for (unsigned i = 0; i < 150; i++) {
        for (unsigned k = 0; k < 3; k++) {
            char id[64];
            enum verdict v = i % 17 == 3 ? V_FAIL : i % 23 == 5 ? V_WEAK : i % 31 == 7 && k ? V_INCONC : i % 29 == 1 ? V_SKIP : V_PASS;
            snprintf(id, sizeof id, "%s/4.%u/case-%u", proto, i / 20, i);
            struct result *r = result(rs, id, v, split[k], v == V_PASS ? "" : v == V_FAIL ? "answered 200; the request must be refused" : "the peer closed first");
            if (!r) return false;
            mem_free(m, r->title);
            r->title = dup_str(m, titles[i % 4]);
            r->text = dup_str(m, "case     iap/4.3.1/response-code-range\ntitle    A response code of four digits ends the session\n"
                             "against  iap-analyzer\n\nreach    connected\nsend     response 2000\nexpect   close within 3s -> pass\n");
            r->clause[0] = (enum clause_id)(1 + i % (CLAUSE_COUNT - 1));
            r->clause[1] = (enum clause_id)(1 + (i * 7) % (CLAUSE_COUNT - 1));
            if (!strcmp(role, "iap-proxy") ? !relay_ladder(m, r) : !small_ladder(m, r)) return false;
            for (unsigned x = 0; x < 14; x++) {
                struct rung *g = rung(m, r, RUNG_MESSAGE, 1310 + x, 0, x & 1, x & 1 ? "200" : "CONTENT application/x-idef-alert 64",
                                      SLICE_LIT("Content-Type: application/x-idef-alert\r\nContent-Length: 64\r\n\r\n"
                                                "................................................................\r\n\r\n"));
                if (!g) return false;
                g->secured = true;
            }
            if (v != V_FAIL && v != V_WEAK)
                for (size_t x = 0; x < r->ladder.rungs; x++)
                    r->ladder.rung[x].violating = false;
        }
    }
    run_results_count(rs);
    return true;
}

static void a_long_run_makes_a_page_of_moderate_size(void **state)
{
    struct place *p = *state;
    struct run_results rs[3];
    char why[200];
    assert_true(fill_long(&rs[0], "iap-manager", "iap"));
    assert_true(fill_long(&rs[1], "iap-analyzer", "iap"));
    assert_true(fill_long(&rs[2], "iap-proxy", "iap"));
    const struct run_results *all[] = {&rs[0], &rs[1], &rs[2]};
    const char *keep = getenv("KEEP_REPORT"); /* for a look with a browser */
    const char *path = keep ? keep : in(p, "page.html");
    assert_int_equal(report_html(all, 3, path, why, sizeof why), OK);
    char *s = slurp(path);
    assert_true(strlen(s) < (size_t)16 << 20);
    assert_int_equal(times(s, "class=\"case\""), 450);
    well_formed(s, "x");
    free(s);
    for (size_t i = 0; i < 3; i++)
        run_results_done(&rs[i]);
}

static void a_ladder_too_long_is_shortened_around_the_violation(void **state)
{
    struct place *p = *state;
    struct run_results rs;
    run_results_init(&rs, &mem_libc);
    struct result *r = result(&rs, "long", V_FAIL, "bytes", "x");
    assert_non_null(r);
    for (unsigned i = 0; i < 3000; i++)
        assert_non_null(rung(&mem_libc, r, RUNG_MESSAGE, i, 0, false, i == 1500 ? "this one" : "octet", SLICE_LIT("o")));
    assert_true(broken(&mem_libc, &r->ladder.rung[1500], 2, "here"));
    char *s = written(p, html_of, &rs);
    assert_true(strlen(s) < 400000);
    assert_int_equal(times(s, ">this one</text>"), 1);
    assert_non_null(strstr(s, " 1380 more "));
    assert_non_null(strstr(s, " 1459 more "));
    well_formed(s, "x");
    free(s);
    run_results_done(&rs);
}

#define T(f) cmocka_unit_test_setup_teardown(f, place_make, place_drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(counts_and_exit_status),
        T(text_is_escaped),
        T(a_report_replaces_only_when_complete),
        T(jsonl_has_the_keys_of_the_contract),
        T(junit_tells_failures_from_errors),
        T(tap_has_a_plan_and_reasons),
        T(page_stands_alone),
        T(ladder_as_text),
        T(saves_three_files_a_case),
        T(results_survive_every_failed_allocation),
        T(reports_survive_every_failed_allocation),
        T(a_long_run_makes_a_page_of_moderate_size),
        T(a_ladder_too_long_is_shortened_around_the_violation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
