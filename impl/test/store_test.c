/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/store.h"

/* ---- a folder for one test ---- */

struct place {
    char root[64], dir[96];
    struct env env;
};

static int place_make(void **state)
{
    struct place *p = calloc(1, sizeof *p);
    if (!p) return -1;
    snprintf(p->root, sizeof p->root, "%s/store_test.XXXXXX", P_tmpdir);
    if (!mkdtemp(p->root)) return -1;
    snprintf(p->dir, sizeof p->dir, "%s/alerts", p->root);
    env_init(&p->env);
    *state = p;
    return 0;
}

static void dir_empty(const char *dir)
{
    DIR *d = opendir(dir);
    if (!d) return;
    for (struct dirent *de; (de = readdir(d));)
        if (de->d_name[0] != '.') unlinkat(dirfd(d), de->d_name, 0);
    closedir(d);
}

static int place_drop(void **state)
{
    struct place *p = *state;
    dir_empty(p->dir);
    rmdir(p->dir);
    rmdir(p->root);
    free(p);
    return 0;
}

static const char *file_in(const struct place *p, const char *name)
{
    static char path[160];
    snprintf(path, sizeof path, "%s/%s", p->dir, name);
    return path;
}

static uint8_t *slurp(const char *path, size_t *n)
{
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    uint8_t *p = malloc(1 << 20);
    assert_non_null(p);
    *n = fread(p, 1, 1 << 20, f);
    fclose(f);
    return p;
}

static void spit(const char *path, const uint8_t *p, size_t n)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(p, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

/* ---- reading back ---- */

struct seen {
    uint64_t number[64];
    uint64_t us[64];
    char body[64][64], type[64][64], from[64][64];
    size_t n, stop;
};

static void copy_word(char to[64], slice s)
{
    size_t n = s.n < 63 ? s.n : 63;
    if (n) memcpy(to, s.p, n);
    to[n] = 0;
}

static bool see(void *ctx, const struct store_record *r)
{
    struct seen *s = ctx;
    assert_true(s->n < 64);
    s->number[s->n] = r->number;
    s->us[s->n] = r->us;
    copy_word(s->body[s->n], r->body);
    copy_word(s->type[s->n], r->type);
    copy_word(s->from[s->n], r->from);
    s->n++;
    return s->n != s->stop;
}

static struct store_state look(const struct place *p, struct seen *s)
{
    struct store_state st;
    char why[200];
    memset(s, 0, sizeof *s);
    assert_int_equal(store_each(&p->env, p->dir, see, s, &st, why, sizeof why), OK);
    return st;
}

static struct store *opened(const struct place *p, struct store_state *st)
{
    struct store *s;
    char why[200];
    err e = store_open(&p->env, p->dir, &s, st, why, sizeof why);
    if (e != OK) print_error("%s\n", why);
    assert_int_equal(e, OK);
    return s;
}

static uint64_t add(struct store *s, const char *body)
{
    uint64_t number = 0;
    struct store_record r = {.us = 953769600123456u,
                             .type = SLICE_LIT("application/x-idef-alert"),
                             .body = slice_str(body),
                             .from = SLICE_LIT("A DOM.ORG")};
    assert_int_equal(store_add(s, &r, &number), OK);
    return number;
}

static uint64_t sync_ok(struct store *s)
{
    uint64_t durable = 0;
    char why[200];
    assert_int_equal(store_sync(s, &durable, why, sizeof why), OK);
    return durable;
}

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

/* ---- damage ---- */

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

/* Every number once, rising, and the file's octets all still somewhere. */
static void check_numbers(const struct seen *s)
{
    for (size_t i = 1; i < s->n; i++)
        assert_true(s->number[i] > s->number[i - 1]);
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

#define T(f) cmocka_unit_test_setup_teardown(f, place_make, place_drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(keeps_what_was_stored),
        T(writes_the_format_it_promises),
        T(refuses_a_second_server),
        T(restarts_without_alerts_leave_one_file),
        T(survives_a_cut_at_every_octet),
        T(a_torn_number_is_not_given_again),
        T(loses_only_the_record_of_a_changed_octet),
        T(lives_with_any_octets),
        T(a_forged_record_in_a_body_stays_a_body),
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
