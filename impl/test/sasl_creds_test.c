/* SPDX-License-Identifier: MIT */
/* sasl_creds: files of users, good and bad, and which identities a user gets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "test/mem_fail.h"
#include "base/buf.h"
#include "sec/sasl_creds.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct sasl_users *take(slice text)
{
    struct env env;
    struct sasl_users *u;
    char why[200] = "";
    env_init(&env);
    err e = sasl_users_parse(&env, text, "f", &u, why, sizeof why);
    if (e != OK) print_error("%s\n", why);
    assert_int_equal(e, OK);
    return u;
}

static void reads(void **state)
{
    (void)state;
    struct sasl_users *u = take(SLICE_LIT("# all of them\r\n"
                                          "\n"
                                          "  \t \n"
                                          "zoe\tz#1 # hers\r\n"
                                          "bob  \"two words\\\" and a \\\\\"  site-a\tsite-b\r\n"
                                          "\"an na\" \"#x\"\n"
                                          "\xc2\xaa last")); /* a letter that SASLprep turns into a plain a */
    assert_int_equal(sasl_users_count(u), 4);
    assert_string_equal(sasl_users_at(u, 0)->name, "a");
    assert_string_equal(sasl_users_at(u, 1)->name, "an na");
    assert_string_equal(sasl_users_at(u, 1)->password, "#x");
    assert_string_equal(sasl_users_find(u, "zoe")->password, "z#1");
    assert_int_equal(sasl_users_find(u, "zoe")->authz_n, 0);
    assert_int_equal(sasl_users_find(u, "zoe")->line, 4);
    const struct sasl_user *bob = sasl_users_find(u, "\xef\xbd\x82ob");
    assert_string_equal(bob->password, "two words\" and a \\");
    assert_int_equal(bob->authz_n, 2);
    assert_string_equal(sasl_user_as(bob, NULL), "bob");
    assert_string_equal(sasl_user_as(bob, ""), "bob");
    assert_string_equal(sasl_user_as(bob, "bob"), "bob");
    assert_string_equal(sasl_user_as(bob, "site-b"), "site-b");
    assert_null(sasl_user_as(bob, "site"));
    assert_null(sasl_user_as(bob, "\x01"));
    assert_null(sasl_users_find(u, "Bob"));
    assert_null(sasl_users_find(u, ""));
    assert_null(sasl_users_find(u, "\xff"));
    assert_null(sasl_users_find(NULL, "bob"));
    sasl_users_free(u);
    u = take(SLICE_LIT("# nobody"));
    assert_int_equal(sasl_users_count(u), 0);
    assert_null(sasl_users_find(u, "bob"));
    sasl_users_free(u);
    sasl_users_free(NULL);
    assert_int_equal(sasl_users_count(NULL), 0);
}

static void refused(slice text, err want, const char *start)
{
    struct env env;
    struct sasl_users *u;
    char why[200] = "";
    env_init(&env);
    assert_int_equal(sasl_users_parse(&env, text, "f", &u, why, sizeof why), want);
    assert_null(u);
    if (strncmp(why, start, strlen(start)) != 0) print_error("%s\n", why);
    assert_memory_equal(why, start, strlen(start));
    assert_null(strstr(why, "hush"));
    assert_int_equal(sasl_users_parse(&env, text, "f", &u, NULL, 0), want);
}

static void refuses(void **state)
{
    (void)state;
    refused(SLICE_LIT("a b\nbob\n"), ERR_PEER, "f:2: a user without a password");
    refused(SLICE_LIT("bob # hush\n"), ERR_PEER, "f:1: a user without");
    refused(SLICE_LIT("bob \"hush\n"), ERR_PEER, "f:1: a quote is not closed");
    refused(SLICE_LIT("bob \"hush\\"), ERR_PEER, "f:1: a backslash");
    refused(SLICE_LIT("bob \"hush\\n\""), ERR_PEER, "f:1: a backslash");
    refused(SLICE_LIT("bob \"hush\"x"), ERR_PEER, "f:1: no blank");
    refused(SLICE_LIT("bob hush\"x\""), ERR_PEER, "f:1: a quote inside");
    refused(SLICE_LIT("bob \"\""), ERR_PEER, "f:1: an empty word");
    refused(SLICE_LIT("bob hush\0"), ERR_PEER, "f:1: a control");
    refused(SLICE_LIT("bob hush\r\r\n"), ERR_PEER, "f:1: a control");
    refused(SLICE_LIT("bob \xc2\xad\n"), ERR_PEER, "f:1: the password is none");
    refused(SLICE_LIT("\xff hush\n"), ERR_PEER, "f:1: the user is none");
    refused(SLICE_LIT("b\xc8\xa1 hush\n"), ERR_PEER, "f:1: the user is none"); /* not in Unicode 3.2 */
    refused(SLICE_LIT("bob hush \xff\n"), ERR_PEER, "f:1: an identity is none");
    refused(SLICE_LIT("bob x\nann y\nbob hush\n"), ERR_PEER, "f:3: the user of line 1 once more");
    refused(SLICE_LIT("a hush\n\xc2\xaa hush\n"), ERR_PEER, "f:2: the user of line 1");
}

static void limits(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, &mem_libc, 2 * SASL_USERS_FILE_MAX);
    for (int n = SASL_NAME_MAX; n <= SASL_NAME_MAX + 1; n++) {
        buf_clear(&b);
        assert_int_equal(buf_addf(&b, "%0*d %0*d\n", n, 7, SASL_PASSWORD_MAX, 8), OK);
        if (n == SASL_NAME_MAX)
            sasl_users_free(take(buf_slice(&b)));
        else
            refused(buf_slice(&b), ERR_LIMIT, "f:1: the user is longer than 255 octets");
    }
    buf_clear(&b);
    assert_int_equal(buf_addf(&b, "x %0*d\n", SASL_PASSWORD_MAX + 1, 8), OK);
    refused(buf_slice(&b), ERR_LIMIT, "f:1: a word is longer");
    buf_clear(&b);
    assert_int_equal(buf_add_str(&b, "x y"), OK);
    for (int i = 0; i < SASL_AUTHZ_MAX; i++)
        assert_int_equal(buf_addf(&b, " z%d", i), OK);
    sasl_users_free(take(buf_slice(&b)));
    assert_int_equal(buf_add_str(&b, " more"), OK);
    refused(buf_slice(&b), ERR_LIMIT, "f:1: more than 16 identities");
    buf_clear(&b);
    for (int i = 0; i < SASL_USERS_MAX; i++)
        assert_int_equal(buf_addf(&b, "user%d p\n", i), OK);
    struct sasl_users *u = take(buf_slice(&b));
    assert_int_equal(sasl_users_count(u), SASL_USERS_MAX);
    assert_int_equal(sasl_users_find(u, "user4711")->line, 4712);
    sasl_users_free(u);
    assert_int_equal(buf_add_str(&b, "one p\n"), OK);
    refused(buf_slice(&b), ERR_LIMIT, "f:10001: more than 10000 users");
    buf_clear(&b);
    uint8_t *at;
    assert_int_equal(buf_reserve(&b, SASL_USERS_FILE_MAX + 1, &at), OK);
    memset(at, '\n', SASL_USERS_FILE_MAX + 1);
    buf_added(&b, SASL_USERS_FILE_MAX + 1);
    refused(buf_slice(&b), ERR_LIMIT, "f:1: longer than 1048576 octets");
    buf_done(&b);
}

static void from_files(void **state)
{
    (void)state;
    struct env env;
    struct sasl_users *u;
    char dir[] = "/tmp/sasl_creds.XXXXXX", path[64], why[200] = "";
    bool loose = true;
    env_init(&env);
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/users", dir);
    assert_int_equal(sasl_users_read(&env, path, &u, &loose, why, sizeof why), ERR_SYS);
    assert_memory_equal(why, path, strlen(path));
    assert_int_equal(sasl_users_read(&env, dir, &u, NULL, NULL, 0), ERR_SYS);
    assert_null(u);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs("bob hush\n", f);
    fclose(f);
    const mode_t modes[] = {0600, 0400, 0640, 0604, 0620, 0666};
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        assert_int_equal(chmod(path, modes[i]), 0);
        assert_int_equal(sasl_users_read(&env, path, &u, &loose, why, sizeof why), OK);
        assert_int_equal(loose, i >= 2);
        assert_string_equal(sasl_users_find(u, "bob")->password, "hush");
        sasl_users_free(u);
    }
    assert_int_equal(truncate(path, SASL_USERS_FILE_MAX + 1), 0);
    assert_int_equal(sasl_users_read(&env, path, &u, NULL, why, sizeof why), ERR_LIMIT);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(dir), 0);
}

static void out_of_memory(void **state)
{
    (void)state;
    err e = ERR_MEM;
    for (size_t n = 1; e == ERR_MEM; n++) {
        struct mem_fail fail;
        struct mem mem = mem_fail_init(&fail, n);
        struct env env;
        struct sasl_users *u;
        char why[100] = "";
        env_init(&env);
        env.mem = &mem;
        e = sasl_users_parse(&env, SLICE_LIT("bob hush site-a site-b\nann x\n"), "f", &u, why, sizeof why);
        assert_int_equal(e == OK, u != NULL);
        assert_int_equal(e == OK, why[0] == 0);
        sasl_users_free(u);
        assert_int_equal(fail.blocks, 0);
    }
    assert_int_equal(e, OK);
}

/* A password is gone from memory that was given back. */
static const char *watched;

static void look(void *ctx, void *p)
{
    if (p == watched) {
        bool *gone = ctx;
        *gone = strcmp(p, "") == 0;
    }
    free(p);
}

static void *grow(void *ctx, void *p, size_t n)
{
    (void)ctx;
    return realloc(p, n);
}

static void overwritten(void **state)
{
    (void)state;
    bool gone = false;
    const struct mem mem = {&gone, grow, look};
    struct env env;
    struct sasl_users *u;
    env_init(&env);
    env.mem = &mem;
    assert_int_equal(sasl_users_parse(&env, SLICE_LIT("bob hush"), "f", &u, NULL, 0), OK);
    watched = sasl_users_at(u, 0)->password;
    sasl_users_free(u);
    assert_true(gone);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads),      cmocka_unit_test(refuses),       cmocka_unit_test(limits),
        cmocka_unit_test(from_files), cmocka_unit_test(out_of_memory), cmocka_unit_test(overwritten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
