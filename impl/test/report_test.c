/* SPDX-License-Identifier: MIT */
#include "test/report_made_up.h"

/* ---- results ---- */

static void counts_and_exit_status(void **state)
{
    (void)state;
    static const struct {
        enum verdict v[3];
        size_t n;
        int plain, strict;
    } rows[] = {
        {{V_PASS}, 0, 3, 3},           {{V_PASS}, 1, 0, 0},         {{V_WEAK}, 1, 0, 1},
        {{V_FAIL}, 1, 1, 1},           {{V_SKIP}, 1, 3, 3},         {{V_INCONC}, 1, 3, 3},
        {{V_ERROR}, 1, 1, 1},          {{V_PASS, V_FAIL}, 2, 1, 1}, {{V_SKIP, V_INCONC}, 2, 3, 3},
        {{V_PASS, V_INCONC}, 2, 0, 0}, {{V_PASS, V_SKIP}, 2, 0, 0}, {{V_PASS, V_PASS, V_ERROR}, 3, 1, 1},
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
    assert_string_equal(buf_str(&b),
                        "a&lt;b&gt;&amp;&quot;&#39;\xef\xbf\xbd\xc3\xa9\xef\xbf\xbd&#10;\xef\xbf\xbd");
    buf_clear(&b);
    doc_text(&d, SLICE_LIT("a\\\r\n\t\x00\x7f\xc3z"));
    assert_string_equal(buf_str(&b), "a\\\\\\r\\n\\t\\x00\\x7f\\xc3z");
    buf_clear(&b);
    doc_json(&d, SLICE_LIT("\"\\\n\xff\xc2\x85\xf0\x9f\x92\xa9\xef\xbf\xbf\xe2\x80\xae"));
    assert_string_equal(buf_str(&b), "\"\\\"\\\\\\u000a\xef\xbf\xbd\\u0085\xf0\x9f\x92\xa9\\uffff\\u202e\"");
    buf_clear(&b);
    doc_hex(&d, SLICE_LIT("0123456789abcde\n~"), ">");
    assert_string_equal(buf_str(&b),
                        ">00000000  30 31 32 33 34 35 36 37  38 39 61 62 63 64 65 0a  |0123456789abcde.|\n"
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
    /* What is no file is not replaced by one.  A pipe of our own and never a device: should this break, a
     * test that runs as root must not take /dev/null from the machine. */
    char got[16] = "";
    assert_int_equal(mkfifo(in(p, "pipe"), 0600), 0);
    int reader = open(in(p, "pipe"), O_RDONLY | O_NONBLOCK);
    assert_true(reader >= 0);
    assert_int_equal(doc_save(&d, in(p, "pipe"), why, sizeof why), OK);
    assert_int_equal(read(reader, got, sizeof got), 6);
    assert_memory_equal(got, "second", 6);
    close(reader);
    assert_int_equal(lstat(in(p, "pipe"), &st), 0);
    assert_true(S_ISFIFO(st.st_mode));
    /* a full disk leaves what was there, and nothing half-written beside it */
    struct rlimit old, tight;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    tight = old;
    tight.rlim_cur = 3;
    buf_clear(&b);
    doc_str(&d, "third");
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
    err e = doc_save(&d, in(p, "r"), why, sizeof why);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    assert_int_equal(e, ERR_SYS);
    assert_non_null(strstr(why, "/r: File too large"));
    s = slurp(in(p, "r"));
    assert_string_equal(s, "second");
    free(s);
    assert_int_equal(dir_files(p->dir, false), 3);
    buf_done(&b);
}

/* ---- the reports ---- */

static void jsonl_has_the_keys_of_the_contract(void **state)
{
    struct place *p = *state;
    struct run_results rs;
    assert_true(fill(&rs, &mem_libc));
    rs.r[1].about = TOPIC_PROXY_LOOPS;
    rs.r[1].dialect = "rfc";
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
            assert_string_equal(json_string_value(json_array_get(json_object_get(o, "clauses"), 1)),
                                clauses[3].id);
            assert_int_equal(json_array_size(json_object_get(o, "defects")), r->defects);
            assert_int_equal(json_integer_value(json_object_get(o, "line")), 12);
            assert_int_equal(json_integer_value(json_object_get(o, "instances")), 1);
            assert_true(json_is_false(json_object_get(o, "passive")));
            assert_true(r->waived ? json_is_string(json_object_get(o, "waived"))
                                  : json_is_null(json_object_get(o, "waived")));
            const json_t *about = json_object_get(o, "about"), *dialect = json_object_get(o, "dialect");
            if (i == 1) assert_string_equal(json_string_value(about), "proxy-loops");
            else assert_true(json_is_null(about));
            if (i == 1) assert_string_equal(json_string_value(dialect), "rfc");
            else assert_true(json_is_null(dialect));
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
    rs.r[2].about = TOPIC_PROXY_LOOPS;
    rs.dialect = "draft";
    char *s = written(p, report_junit, &rs);
    assert_int_equal(well_formed(s, "testcase"), 8);
    assert_int_equal(well_formed(s, "failure"), 2);
    assert_int_equal(well_formed(s, "error"), 2);
    assert_int_equal(well_formed(s, "skipped"), 1);
    assert_int_equal(well_formed(s, "system-out"), 1);
    assert_int_equal(well_formed(s, "testsuite"), 2);
    assert_non_null(strstr(s, "<testsuite name=\"iap-manager\" tests=\"7\" failures=\"1\" errors=\"2\" "
                              "skipped=\"1\" time=\"0.086\">"));
    assert_non_null(strstr(s, "<testsuite name=\"iap-proxy\" tests=\"1\" failures=\"1\""));
    assert_non_null(strstr(s, "<testcase classname=\"iap-manager\" name=\"iap/3.2/f[random:7]\""));
    assert_non_null(
        strstr(s, "<failure type=\"fail\" message=\"answered &quot;200&quot; &amp; &lt;went&gt; on\">"));
    assert_non_null(strstr(s, "<error type=\"inconc\""));
    assert_non_null(strstr(s, "<skipped message=\"known, see ticket 7\"/>"));
    assert_non_null(strstr(s, "<property name=\"verdict\" value=\"weak\"/>"));
    assert_int_equal(times(s, "<property name=\"about\" value=\"proxy-loops\"/>"), 1);
    assert_int_equal(times(s, "<property name=\"dialect\" value=\"draft\"/>"), 2); /* a property of each suite */
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
    static const char start[] =
        "TAP version 13\n1..8\nok 1 - iap-manager iap/3.1/a[whole] A request is answered\nok 2 - ";
    assert_memory_equal(s, start, sizeof start - 1);
    assert_non_null(strstr(
        s, "\nnot ok 3 - iap-manager iap/3.1/b[whole] A request is answered\n  ---\n  verdict: \"fail\"\n"
           "  reason: \"answered \\\"200\\\" & <went> on\"\n  clauses: [\""));
    assert_non_null(strstr(s, "\nok 4 - "));
    assert_non_null(strstr(s, "\nnot ok 5 - "));
    assert_non_null(strstr(
        s, "\nok 6 - iap-manager iap/3.2/e[whole] A request is answered # SKIP known, see ticket 7\n"));
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

/* ---- memory ---- */

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
        T(results_survive_every_failed_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
