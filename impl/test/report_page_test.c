/* SPDX-License-Identifier: MIT */
#include "test/report_made_up.h"

/* ---- the page ---- */

static err html_of(const struct run_results *rs, const char *path, char *why, size_t why_n)
{
    return report_html(&rs, 1, NULL, path, why, why_n);
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
    assert_null(strstr(s, "proxy-loops"));
    assert_int_equal(times(s, "class=\"case\""), 7); /* the two splits of one case are one */
    assert_non_null(strstr(s, "<span class=\"v fail\">2 fail</span>"));
    assert_non_null(strstr(s, "data-v=\"fail\">fail 2</button>"));
    assert_int_equal(times(s, "<svg class=\"lad\""), 2);
    assert_non_null(strstr(s, "a bare LF ends the line"));
    assert_non_null(strstr(s, "x=\"836\" y=\"14\">far</text>"));
    assert_non_null(strstr(s, "IAP/0.3 200 or so\\n&#10;\\x01\\xff&lt;b&gt;\\r\\n"));
    /* arrows point where the octets went: the peer's to the far side right, ours back left */
    assert_non_null(strstr(s, "M835 132l-9 -4v8z"));
    assert_non_null(strstr(s, "M467 166l9 -4v8z"));
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
    bad.r[0].about = TOPIC_PROXY_LOOPS;
    assert_int_equal(report_html(both, 2, NULL, in(p, "two"), why, sizeof why), OK);
    s = slurp(in(p, "two"));
    assert_int_equal(well_formed(s, "script"), 1);
    assert_int_equal(well_formed(s, "img"), 0);
    assert_int_equal(times(s, "class=\"case\""), 8);
    assert_int_equal(times(s, "<section id=\"proxy-loops\">"), 1);
    assert_int_equal(times(s, "<a href=\"#proxy-loops\">"), 1);
    assert_int_equal(times(s, "<td class=\"id\"><a href=\"#k"), 1); /* that case alone */
    free(s);
    assert_int_equal(report_html(NULL, 0, NULL, in(p, "none"), why, sizeof why), OK);
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
    snprintf(clause, sizeof clause, "!!           %s (section %s)\n             a bare LF ends the line\n",
             clauses[3].id, clauses[3].section);
    assert_non_null(strstr(s, "    0.000  tester  .................. connected ..................  peer\n"));
    assert_non_null(strstr(s, "    0.004  tester  ------------- CONNECT M.DOM.ORG -------------->  peer\n"));
    assert_non_null(
        strstr(s, "!!  1.250  tester  <-------------------- 200 ---------------------  peer\n!!  "));
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
    static const char *const three[] = {"one", "second", "third"};
    rs.r[7].ladder.ends = three;
    rs.r[7].ladder.end_count = 3; /* more than the columns of a page: told by name */
    buf_clear(&b);
    assert_int_equal(report_ladder(&rs.r[7].ladder, 72, &b), OK);
    s = buf_str(&b);
    assert_non_null(strstr(s, "    0.000  one     -----"));
    assert_non_null(strstr(s, "    0.003  second  -----"));
    rs.r[7].ladder.ends = relay_ends;
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

/* The packet of the capture that begins with these octets goes from one address to another. */
static void check_packet(const char *stem, const char *start, const char *from, const char *to)
{
    char path[512];
    struct stat st;
    snprintf(path, sizeof path, "%s.pcapng", stem);
    assert_int_equal(stat(path, &st), 0);
    char *s = slurp(path);
    slice all = slice_of(s, (size_t)st.st_size);
    size_t at = slice_find(all, slice_str(start));
    assert_true(at >= 40 && at < all.n);
    assert_memory_equal(s + at - 28, from, 4);
    assert_memory_equal(s + at - 24, to, 4);
    free(s);
}

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
    assert_non_null(strstr(s, "    0.004  tester -> peer  CONNECT M.DOM.ORG  (29 octets)\n           IAP/0.3 "
                              "CONNECT M.DOM.ORG\\r\\n\n           \\r\\n\n"));
    assert_non_null(strstr(s, "    1.300  tester -> peer  [tls] CONTENT 64  (6 octets)\n"));
    assert_non_null(strstr(s, "a bare LF ends the line\n"));
    free(s);
    snprintf(path, sizeof path, "%s.ladder.txt", rs.r[2].saved);
    s = slurp(path);
    assert_non_null(strstr(s, " CONNECT M.DOM.ORG ---"));
    free(s);
    check_packet(rs.r[2].saved, "IAP/0.3 CONNECT M", "\xc0\x00\x02\x01", "\x7f\x00\x00\x01");
    check_packet(rs.r[2].saved, "IAP/0.3 200 or", "\x7f\x00\x00\x01", "\xc0\x00\x02\x01");

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
    check_packet(rs.r[7].saved, "IAP/0.3 CONNECT M.DOM.ORG\r\nIAP", "\x7f\x00\x00\x01", "\xc0\x00\x02\x03");
    check_packet(rs.r[7].saved, "IAP/0.3 200", "\xc0\x00\x02\x03", "\x7f\x00\x00\x01");
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
        assert_int_equal(strspn(slug, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"),
                         strlen(slug));
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
                                         "A content length of zero is acknowledged",
                                         "An unknown content type is rejected"};
    const struct mem *m = &mem_libc;
    run_results_init(rs, m);
    rs->role = dup_str(m, role);
    rs->peer = dup_str(m, "192.0.2.17:4711");
    rs->tls = dup_str(m, "modern");
    rs->version = dup_str(m, "0.1.0");
    for (unsigned i = 0; i < 150; i++) {
        for (unsigned k = 0; k < 3; k++) {
            char id[64];
            enum verdict v = i % 17 == 3        ? V_FAIL
                             : i % 23 == 5      ? V_WEAK
                             : i % 31 == 7 && k ? V_INCONC
                             : i % 29 == 1      ? V_SKIP
                                                : V_PASS;
            snprintf(id, sizeof id, "%s/4.%u/case-%u", proto, i / 20, i);
            struct result *r = result(rs, id, v, split[k],
                                      v == V_PASS   ? ""
                                      : v == V_FAIL ? "answered 200; the request must be refused"
                                                    : "the peer closed first");
            if (!r) return false;
            mem_free(m, r->title);
            r->title = dup_str(m, titles[i % 4]);
            r->text = dup_str(m, "case     iap/4.3.1/response-code-range\ntitle    A response code of four "
                                 "digits ends the session\n"
                                 "against  iap-analyzer\n\nreach    connected\nsend     response "
                                 "2000\nexpect   close within 3s -> pass\n");
            r->clause[0] = (enum clause_id)(1 + i % (CLAUSE_COUNT - 1));
            r->clause[1] = (enum clause_id)(1 + (i * 7) % (CLAUSE_COUNT - 1));
            if (!strcmp(role, "iap-proxy") ? !relay_ladder(m, r) : !small_ladder(m, r)) return false;
            for (unsigned x = 0; x < 14; x++) {
                struct rung *g = rung(
                    m, r, RUNG_MESSAGE, 1310 + x, 0, x & 1,
                    x & 1 ? "200" : "CONTENT application/x-idef-alert 64",
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
    assert_int_equal(report_html(all, 3, NULL, path, why, sizeof why), OK);
    char *s = slurp(path);
    assert_true(strlen(s) < (size_t)16 << 20);
    assert_int_equal(times(s, "class=\"case\""), 450);
    well_formed(s, "x");
    assert_int_equal(times(s, "data-v=\"pass inconc\"><summary><span class=\"v inconc\">"), 3 * 5);
    size_t later_passes = 0; /* the ladder of the first split stands for them */
    for (size_t i = 0; i < rs[0].n; i++)
        if (i % 3 && (rs[0].r[i].verdict == V_PASS || rs[0].r[i].verdict == V_SKIP)) later_passes++;
    assert_int_equal(times(s, "it passed, like the one above"), 3 * later_passes);
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
        assert_non_null(
            rung(&mem_libc, r, RUNG_MESSAGE, i, 0, false, i == 1500 ? "this one" : "octet", SLICE_LIT("o")));
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
        T(page_stands_alone),
        T(ladder_as_text),
        T(saves_three_files_a_case),
        T(reports_survive_every_failed_allocation),
        T(a_long_run_makes_a_page_of_moderate_size),
        T(a_ladder_too_long_is_shortened_around_the_violation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
