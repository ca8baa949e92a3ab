/* SPDX-License-Identifier: MIT */
/* Damage to the files of a store: cuts, changed octets, rubbish. */
#include "test/store_help.h"

enum { RECORDS = 6 };

/* RECORDS records in one file; where each ends. */
static uint8_t *sample(struct place *p, size_t *n, size_t end[RECORDS])
{
    static const char *const body[RECORDS] = {"first",           "",  "alert 3 looks like one\n",
                                              "alert 9\nalert ", "5", "the last one"};
    struct store *s = opened(p, NULL);
    for (size_t i = 0; i < RECORDS; i++) {
        struct stat st;
        add(s, body[i]);
        sync_ok(s);
        assert_int_equal(stat(file_in(p, "alerts-000001.log"), &st), 0);
        end[i] = (size_t)st.st_size;
    }
    store_close(s);
    return slurp(file_in(p, "alerts-000001.log"), n);
}

static void survives_a_cut_at_every_octet(void **state)
{
    struct place *p = *state;
    size_t n, end[RECORDS];
    uint8_t *all = sample(p, &n, end);
    assert_int_equal(end[RECORDS - 1], n);
    for (size_t cut = 0; cut <= n; cut++) {
        struct store_state st;
        struct seen seen;
        size_t whole = 0;
        dir_empty(p->dir);
        spit(file_in(p, "alerts-000001.log"), all, cut);
        while (whole < RECORDS && end[whole] <= cut)
            whole++;
        size_t torn = cut - (whole ? end[whole - 1] : 0);
        struct store *s = opened(p, &st);
        assert_int_equal(st.alerts, whole);
        assert_int_equal(st.torn_octets, torn);
        assert_int_equal(st.bad_records, 0);
        uint64_t next = add(s, "after");
        assert_true(next > whole);
        assert_true(torn ? next <= whole + 2 + torn / 64 : next == whole + 1);
        sync_ok(s);
        store_close(s);
        if (torn) {
            size_t tn;
            uint8_t *t = slurp(file_in(p, "alerts-000001.torn"), &tn);
            assert_int_equal(tn, torn);
            assert_memory_equal(t, all + cut - torn, torn);
            free(t);
        } else {
            assert_int_not_equal(access(file_in(p, "alerts-000001.torn"), F_OK), 0);
        }
        st = look(p, &seen);
        assert_int_equal(st.alerts, whole + 1);
        assert_int_equal(st.torn_octets + st.bad_records, 0);
        check_numbers(&seen);
    }
    free(all);
}

static void a_torn_number_is_not_given_again(void **state)
{
    struct place *p = *state;
    size_t n, end[RECORDS];
    struct store_state st;
    uint8_t *all = sample(p, &n, end);
    dir_empty(p->dir);
    spit(file_in(p, "alerts-000001.log"), all, n - 1);
    struct store *s = opened(p, &st);
    assert_int_equal(st.alerts, RECORDS - 1);
    assert_int_equal(add(s, "after"), RECORDS + 1);
    store_close(s);
    /* two damaged at the end */
    dir_empty(p->dir);
    all[end[RECORDS - 3] + 90] ^= 1;
    spit(file_in(p, "alerts-000001.log"), all, n - 1);
    s = opened(p, &st);
    assert_int_equal(st.alerts, RECORDS - 2);
    assert_int_equal(add(s, "after"), RECORDS + 1);
    store_close(s);
    free(all);
}

static void loses_only_the_record_of_a_changed_octet(void **state)
{
    struct place *p = *state;
    size_t n, end[RECORDS];
    static const uint8_t masks[] = {0x01, 0x20, 0x80, 0xff};
    uint8_t *all = sample(p, &n, end);
    for (size_t at = 0; at < n; at++) {
        for (size_t m = 0; m < sizeof masks; m++) {
            struct store_state st;
            struct seen seen;
            size_t hit = 0;
            while (end[hit] <= at)
                hit++;
            dir_empty(p->dir);
            all[at] ^= masks[m];
            spit(file_in(p, "alerts-000001.log"), all, n);
            all[at] ^= masks[m];
            struct store *s = opened(p, &st);
            assert_int_equal(st.alerts, RECORDS - 1);
            if (hit == RECORDS - 1)
                assert_int_equal(st.torn_octets, n - end[hit - 1]);
            else
                assert_int_equal(st.bad_records, 1);
            assert_true(add(s, "after") > RECORDS);
            sync_ok(s);
            store_close(s);
            look(p, &seen);
            assert_int_equal(seen.n, RECORDS);
            check_numbers(&seen);
            for (size_t i = 0; i < RECORDS - 1; i++)
                assert_int_equal(seen.number[i], i < hit ? i + 1 : i + 2);
        }
    }
    free(all);
}

/* Whatever stands in a folder, opening it ends, and what is stored next can be read. */
static void lives_with_any_octets(void **state)
{
    struct place *p = *state;
    size_t n, end[RECORDS];
    struct rng rng;
    uint8_t *all = sample(p, &n, end), *mix = malloc(4 * n);
    assert_non_null(mix);
    rng_init(&rng, 5);
    for (int round = 0; round < 200; round++) {
        struct seen seen;
        size_t k = 0;
        while (k < 2 * n) { /* pieces of records in any order */
            size_t from = (size_t)rng_below(&rng, n), len = (size_t)rng_below(&rng, n - from) + 1;
            memcpy(mix + k, all + from, len);
            k += len;
        }
        dir_empty(p->dir);
        spit(file_in(p, "alerts-000001.log"), mix, k / 2);
        spit(file_in(p, "alerts-000003.log"), mix + k / 2, k - k / 2);
        struct store *s = opened(p, NULL);
        uint64_t number = add(s, "after");
        sync_ok(s);
        store_close(s);
        look(p, &seen);
        assert_int_equal(seen.number[seen.n - 1], number);
        assert_string_equal(seen.body[seen.n - 1], "after");
        for (size_t i = 0; i + 1 < seen.n; i++)
            assert_true(seen.number[i] < number);
    }
    free(mix);
    free(all);
}

static void a_forged_record_in_a_body_stays_a_body(void **state)
{
    struct place *p = *state;
    struct seen seen;
    size_t n, m;
    struct store *s = opened(p, NULL);
    for (int i = 0; i < 9; i++)
        add(s, "x");
    sync_ok(s);
    store_close(s);
    uint8_t *forged = slurp(file_in(p, "alerts-000001.log"), &n);
    dir_empty(p->dir);
    s = opened(p, NULL);
    forged[n - 1] = 0;
    add(s, (char *)forged);
    add(s, "true");
    sync_ok(s);
    store_close(s);
    uint8_t *all = slurp(file_in(p, "alerts-000001.log"), &m);
    all[120] ^= 4; /* inside the body that holds the forged ones */
    spit(file_in(p, "alerts-000001.log"), all, m);
    static const char second[] =
        "alert 2 2000-03-22T12:00:00.123456Z type application/x-idef-alert length 4 crc32 01234567"
        " from A_DOM.ORG\ntrue\n";
    struct store_state st = look(p, &seen);
    assert_int_equal(seen.n, 1);
    assert_string_equal(seen.body[0], "true");
    assert_int_equal(st.bad_records, 1);
    /* the same at the end of the file */
    spit(file_in(p, "alerts-000001.log"), all, m - strlen(second));
    st = look(p, &seen);
    assert_int_equal(seen.n, 0);
    assert_int_equal(st.bad_records, 0);
    assert_true(st.torn_octets > n);
    free(all);
    free(forged);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(survives_a_cut_at_every_octet),
        T(a_torn_number_is_not_given_again),
        T(loses_only_the_record_of_a_changed_octet),
        T(lives_with_any_octets),
        T(a_forged_record_in_a_body_stays_a_body),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
