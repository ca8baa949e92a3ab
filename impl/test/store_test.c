/* SPDX-License-Identifier: MIT */
#include "test/store_help.h"

static void keeps_what_was_stored(void **state)
{
    struct place *p = *state;
    struct store_state st;
    struct seen seen;
    struct store *s = opened(p, &st);
    assert_int_equal(st.alerts, 0);
    assert_false(store_pending(s));
    assert_int_equal(add(s, "one"), 1);
    assert_int_equal(add(s, "alert 7 fake\nwith lines\n"), 2);
    assert_true(store_pending(s));
    assert_int_equal(sync_ok(s), 2);
    assert_false(store_pending(s));
    assert_int_equal(add(s, ""), 3);
    assert_int_equal(sync_ok(s), 3);
    assert_int_equal(add(s, "never synced"), 4);
    store_close(s);
    st = look(p, &seen);
    assert_int_equal(st.alerts, 3);
    assert_int_equal(st.torn_octets + st.bad_records, 0);
    assert_string_equal(seen.body[1], "alert 7 fake\nwith lines\n");
    assert_string_equal(seen.body[2], "");
    assert_string_equal(seen.type[0], "application/x-idef-alert");
    assert_string_equal(seen.from[0], "A_DOM.ORG");
    assert_int_equal(seen.us[0], 953769600123456u);

    s = opened(p, &st);
    assert_int_equal(st.alerts, 3);
    assert_int_equal(st.files, 1);
    assert_int_equal(add(s, "four"), 4);
    assert_int_equal(sync_ok(s), 4);
    store_close(s);
    assert_int_equal(look(p, &seen).files, 2);
    assert_int_equal(seen.number[3], 4);
    struct stat sb;
    assert_int_equal(stat(p->dir, &sb), 0);
    assert_int_equal(sb.st_mode & 0777, 0700);
}

static void writes_the_format_it_promises(void **state)
{
    struct place *p = *state;
    struct store *s = opened(p, NULL);
    struct store_record r = {.us = 951827696000007u,
                             .type = SLICE_LIT("text/x; a=\"b\r\nc\" "),
                             .body = SLICE_LIT("hi"),
                             .from = SLICE_NONE};
    uint64_t number;
    assert_int_equal(store_add(s, &r, &number), OK);
    r.us = 951868800000000u + (uint64_t)86400 * 1000000 * 366; /* past a leap day of a century */
    assert_int_equal(store_add(s, &r, &number), OK);
    sync_ok(s);
    store_close(s);
    size_t n;
    uint8_t *all = slurp(file_in(p, "alerts-000001.log"), &n);
    static const char head[] = "alert 1 2000-02-29T12:34:56.000007Z type text/x; a=\"b__c\"_ length 2 crc32 ";
    assert_memory_equal(all, head, sizeof head - 1);
    assert_memory_equal(all + sizeof head - 1 + 8, " from -\nhi\nalert 2 2001-03-02T00:00:00.000000Z ", 47);
    free(all);
    struct seen seen;
    look(p, &seen);
    assert_int_equal(seen.n, 2);
    assert_int_equal(seen.us[0], 951827696000007u);
    assert_int_equal(seen.us[1], r.us);
    assert_string_equal(seen.from[0], "");
}

static void refuses_a_second_server(void **state)
{
    struct place *p = *state;
    struct store *s = opened(p, NULL), *t;
    char why[200], want[200];
    assert_int_equal(store_open(&p->env, p->dir, &t, NULL, why, sizeof why), ERR_SYS);
    snprintf(want, sizeof want, "%s is in use by another server", p->dir);
    assert_string_equal(why, want);
    assert_null(t);
    store_close(s);
    s = opened(p, NULL);
    store_close(s);
}

static void restarts_without_alerts_leave_one_file(void **state)
{
    struct place *p = *state;
    struct seen seen;
    for (int i = 0; i < 5; i++)
        store_close(opened(p, NULL));
    assert_int_equal(look(p, &seen).files, 1);
}
/* ---- limits and failures ---- */

static void ends_a_file_that_grows_too_long(void **state)
{
    struct place *p = *state;
    struct seen seen;
    struct store *s = opened(p, NULL);
    store_rotate_at(s, 250);
    for (int i = 0; i < 7; i++) {
        add(s, "rotates");
        sync_ok(s);
    }
    store_close(s);
    assert_int_equal(look(p, &seen).files, 4);
    assert_int_equal(seen.n, 7);
    check_numbers(&seen);
    s = opened(p, NULL);
    assert_int_equal(add(s, "next"), 8);
    store_close(s);
    assert_int_equal(access(file_in(p, "alerts-000005.log"), F_OK), 0);
}

static void bounds_what_waits(void **state)
{
    struct place *p = *state;
    p->env.limits.content = 1000;
    p->env.limits.store_queue = 5000;
    struct store *s = opened(p, NULL);
    static uint8_t big[1001];
    struct store_record r = {.type = SLICE_LIT("t/t"), .body = {big, 1001}, .from = SLICE_LIT("A")};
    uint64_t number = 77;
    assert_int_equal(store_add(s, &r, &number), ERR_LIMIT);
    r.body.n = 1000;
    int i = 0;
    while (store_add(s, &r, &number) == OK)
        i++;
    assert_int_equal(i, 4);
    assert_int_equal(number, 4);
    assert_int_equal(sync_ok(s), 4);
    assert_int_equal(store_add(s, &r, &number), OK);
    assert_int_equal(number, 5);
    static char word[1025];
    memset(word, 'w', sizeof word);
    r.body.n = 0;
    r.type = slice_of(word, 1025);
    assert_int_equal(store_add(s, &r, &number), ERR_LIMIT);
    r.type.n = 1024;
    r.from = r.type;
    assert_int_equal(store_add(s, &r, &number), OK);
    assert_int_equal(sync_ok(s), 6);
    store_close(s);
    struct seen seen;
    assert_int_equal(look(p, &seen).alerts, 6);
}

static void takes_nothing_after_a_full_disk(void **state)
{
    struct place *p = *state;
    struct seen seen;
    struct store_state st;
    struct rlimit old, tight = {300, RLIM_INFINITY};
    struct store *s = opened(p, NULL);
    char why[200] = "";
    uint64_t durable = 0, number = 0;
    struct store_record r = {.type = SLICE_LIT("t/t"), .body = SLICE_LIT("0123456789")};
    add(s, "safe");
    assert_int_equal(sync_ok(s), 1);
    add(s, "also safe");
    assert_int_equal(sync_ok(s), 2);
    add(s, "is cut short");
    add(s, "is lost");
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &old);
    tight.rlim_max = old.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
    err e = store_sync(s, &durable, why, sizeof why);
    setrlimit(RLIMIT_FSIZE, &old);
    assert_int_equal(e, ERR_SYS);
    assert_int_equal(durable, 2);
    assert_non_null(strstr(why, "alerts-000001.log: File too large; no more alerts are taken"));
    assert_int_equal(store_add(s, &r, &number), ERR_SYS);
    why[0] = 0;
    assert_int_equal(store_sync(s, &durable, why, sizeof why), ERR_SYS); /* though there is room again */
    assert_true(why[0] != 0);
    assert_int_equal(durable, 2);
    assert_false(store_pending(s));
    store_close(s);
    s = opened(p, &st);
    assert_int_equal(st.alerts, 2);
    assert_true(st.torn_octets > 0);
    assert_true(add(s, "goes on") > 3);
    sync_ok(s);
    store_close(s);
    look(p, &seen);
    assert_int_equal(seen.n, 3);
}

static void says_why_a_folder_will_not_do(void **state)
{
    struct place *p = *state;
    char why[200], dir[200];
    struct store *s;
    snprintf(dir, sizeof dir, "%s/no/such", p->root);
    assert_int_equal(store_open(&p->env, dir, &s, NULL, why, sizeof why), ERR_SYS);
    assert_non_null(strstr(why, "No such file"));
    assert_int_equal(store_each(&p->env, dir, see, NULL, NULL, why, sizeof why), ERR_SYS);
    store_close(opened(p, NULL));
    assert_int_equal(store_open(&p->env, file_in(p, "alerts-000001.log"), &s, NULL, why, sizeof why),
                     ERR_SYS);
    assert_non_null(strstr(why, "Not a directory"));
}

static void stops_when_asked(void **state)
{
    struct place *p = *state;
    struct store *s = opened(p, NULL);
    for (int i = 0; i < 5; i++)
        add(s, "x");
    sync_ok(s);
    store_close(s);
    struct seen seen = {.stop = 2};
    assert_int_equal(store_each(&p->env, p->dir, see, &seen, NULL, NULL, 0), OK);
    assert_int_equal(seen.n, 2);
}

/* ---- memory ---- */

struct tight {
    long left;
};

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

static void survives_every_failed_allocation(void **state)
{
    struct place *p = *state;
    struct store *s = opened(p, NULL);
    for (int i = 0; i < 20; i++)
        add(s, "x");
    sync_ok(s);
    store_close(s);
    struct tight t;
    struct mem mem = {&t, tight_resize, tight_release};
    struct env env = p->env;
    env.mem = &mem;
    bool done = false;
    for (long n = 0; !done; n++) {
        assert_true(n < 100);
        char why[200];
        uint64_t number, durable;
        struct store_record r = {.type = SLICE_LIT("t/t"), .body = SLICE_LIT("body")};
        t.left = n;
        err e = store_open(&env, p->dir, &s, NULL, why, sizeof why);
        if (e == OK) {
            e = store_add(s, &r, &number);
            err f = store_sync(s, &durable, why, sizeof why);
            assert_int_equal(f, OK);
            if (e == OK) assert_int_equal(durable, number);
            store_close(s);
        } else {
            assert_non_null(strstr(why, "out of memory"));
        }
        if (e == OK)
            done = true;
        else
            assert_int_equal(e, ERR_MEM);
    }
}

/* ---- two threads ---- */

struct writer {
    struct store *s;
    bool stop;
    pthread_mutex_t lock;
};

static void *writes(void *arg)
{
    struct writer *w = arg;
    for (bool stop = false; !stop;) {
        uint64_t durable;
        char why[200];
        pthread_mutex_lock(&w->lock);
        stop = w->stop;
        pthread_mutex_unlock(&w->lock);
        if (store_sync(w->s, &durable, why, sizeof why) != OK) return w;
    }
    return NULL;
}

struct count {
    uint64_t n;
    bool ok;
};

static bool count_up(void *ctx, const struct store_record *r)
{
    struct count *c = ctx;
    if (r->number != ++c->n || r->body.n != r->number % 7) c->ok = false;
    return true;
}

static void adds_while_another_thread_writes(void **state)
{
    struct place *p = *state;
    struct writer w = {.s = opened(p, NULL)};
    pthread_t t;
    void *failed;
    pthread_mutex_init(&w.lock, NULL);
    store_rotate_at(w.s, 20000);
    assert_int_equal(pthread_create(&t, NULL, writes, &w), 0);
    for (uint64_t i = 1; i <= 3000; i++) {
        struct store_record r = {.type = SLICE_LIT("t/t"), .body = {(const uint8_t *)"abcdefg", i % 7}};
        uint64_t number;
        assert_int_equal(store_add(w.s, &r, &number), OK);
        assert_int_equal(number, i);
        (void)store_pending(w.s);
    }
    pthread_mutex_lock(&w.lock);
    w.stop = true;
    pthread_mutex_unlock(&w.lock);
    pthread_join(t, &failed);
    assert_null(failed);
    assert_int_equal(sync_ok(w.s), 3000);
    store_close(w.s);
    struct count c = {0, true};
    struct store_state st;
    assert_int_equal(store_each(&p->env, p->dir, count_up, &c, &st, NULL, 0), OK);
    assert_int_equal(c.n, 3000);
    assert_true(c.ok);
    assert_int_equal(st.torn_octets + st.bad_records, 0);
    pthread_mutex_destroy(&w.lock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(keeps_what_was_stored),
        T(writes_the_format_it_promises),
        T(refuses_a_second_server),
        T(restarts_without_alerts_leave_one_file),
        T(ends_a_file_that_grows_too_long),
        T(bounds_what_waits),
        T(takes_nothing_after_a_full_disk),
        T(says_why_a_folder_will_not_do),
        T(stops_when_asked),
        T(survives_every_failed_allocation),
        T(adds_while_another_thread_writes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
