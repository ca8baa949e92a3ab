/* SPDX-License-Identifier: MIT */
/* What the tests of the store share: a folder for one test, reading back, a store with records. */
#ifndef TEST_STORE_HELP_H
#define TEST_STORE_HELP_H

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

#define T(f) cmocka_unit_test_setup_teardown(f, place_make, place_drop)

/* ---- a folder for one test ---- */

struct place {
    char root[64], dir[96];
    struct env env;
};

static inline int place_make(void **state)
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

static inline void dir_empty(const char *dir)
{
    DIR *d = opendir(dir);
    if (!d) return;
    for (struct dirent *de; (de = readdir(d));)
        if (de->d_name[0] != '.') unlinkat(dirfd(d), de->d_name, 0);
    closedir(d);
}

static inline int place_drop(void **state)
{
    struct place *p = *state;
    dir_empty(p->dir);
    rmdir(p->dir);
    rmdir(p->root);
    free(p);
    return 0;
}

static inline const char *file_in(const struct place *p, const char *name)
{
    static char path[160];
    snprintf(path, sizeof path, "%s/%s", p->dir, name);
    return path;
}

static inline uint8_t *slurp(const char *path, size_t *n)
{
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    uint8_t *p = malloc(1 << 20);
    assert_non_null(p);
    *n = fread(p, 1, 1 << 20, f);
    fclose(f);
    return p;
}

static inline void spit(const char *path, const uint8_t *p, size_t n)
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

static inline void copy_word(char to[64], slice s)
{
    size_t n = s.n < 63 ? s.n : 63;
    if (n) memcpy(to, s.p, n);
    to[n] = 0;
}

static inline bool see(void *ctx, const struct store_record *r)
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

static inline struct store_state look(const struct place *p, struct seen *s)
{
    struct store_state st;
    char why[200];
    memset(s, 0, sizeof *s);
    assert_int_equal(store_each(&p->env, p->dir, see, s, &st, why, sizeof why), OK);
    return st;
}

static inline struct store *opened(const struct place *p, struct store_state *st)
{
    struct store *s;
    char why[200];
    err e = store_open(&p->env, p->dir, &s, st, why, sizeof why);
    if (e != OK) print_error("%s\n", why);
    assert_int_equal(e, OK);
    return s;
}

static inline uint64_t add(struct store *s, const char *body)
{
    uint64_t number = 0;
    struct store_record r = {.us = 953769600123456u,
                             .type = SLICE_LIT("application/x-idef-alert"),
                             .body = slice_str(body),
                             .from = SLICE_LIT("A DOM.ORG")};
    assert_int_equal(store_add(s, &r, &number), OK);
    return number;
}

static inline uint64_t sync_ok(struct store *s)
{
    uint64_t durable = 0;
    char why[200];
    assert_int_equal(store_sync(s, &durable, why, sizeof why), OK);
    return durable;
}

/* Every number once, rising, and the file's octets all still somewhere. */
static inline void check_numbers(const struct seen *s)
{
    for (size_t i = 1; i < s->n; i++)
        assert_true(s->number[i] > s->number[i - 1]);
}

#endif
