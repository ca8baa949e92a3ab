/* SPDX-License-Identifier: MIT */
/* The throw-away certificates, the judge of certificates and the store of sessions. */
#define _XOPEN_SOURCE 700 /* nftw */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "sec/pki.h"
#include "sec/tls_policy.h"
#include "sec/tls_store.h"

#include <ftw.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const char *const algs[] = {"rsa", "dsa"};
static const char *const roles[] = {"analyzer", "manager"};

static int drop_one(const char *path, const struct stat *st, int kind, struct FTW *f)
{
    (void)st, (void)kind, (void)f;
    return remove(path);
}

static int setup(void **state)
{
    static const char *const names[] = {"gate.example.net", "192.0.2.7", NULL};
    char why[200], *dir = strdup("/tmp/pki_test.XXXXXX");
    if (!mkdtemp(dir)) return -1;
    if (pki_make(dir, names, why, sizeof why) != OK) {
        fprintf(stderr, "%s\n", why);
        return -1;
    }
    *state = dir;
    return 0;
}

static int teardown(void **state)
{
    nftw(*state, drop_one, 16, FTW_DEPTH | FTW_PHYS);
    free(*state);
    return 0;
}

static const char *folder(char *out, size_t n, int role, int flaw)
{
    snprintf(out, n, "%s%s%s", roles[role], flaw ? "-" : "", flaw ? pki_flaw_names[flaw] : "");
    return out;
}

static FILE *open_in(const char *dir, int alg, const char *where, const char *file)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s/%s%s%s", dir, algs[alg], where, *where ? "/" : "", file);
    FILE *f = fopen(path, "rb");
    if (!f) print_error("%s\n", path);
    assert_non_null(f);
    return f;
}

static X509 *cert_of(const char *dir, int alg, const char *where, const char *file)
{
    FILE *f = open_in(dir, alg, where, file);
    X509 *x = PEM_read_X509(f, NULL, NULL, NULL);
    fclose(f);
    assert_non_null(x);
    return x;
}

static EVP_PKEY *key_of(const char *dir, int alg, const char *where, const char *file)
{
    FILE *f = open_in(dir, alg, where, file);
    struct stat st;
    assert_int_equal(fstat(fileno(f), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    EVP_PKEY *k = PEM_read_PrivateKey(f, NULL, NULL, NULL);
    fclose(f);
    assert_non_null(k);
    return k;
}

static slice slurp(const char *dir, int alg, const char *where, const char *file, uint8_t *out, size_t max)
{
    FILE *f = open_in(dir, alg, where, file);
    size_t n = fread(out, 1, max, f);
    fclose(f);
    return slice_of(out, n);
}

/* ---------------------------------------------------------------- what is made */

static void every_folder_holds_a_fitting_set(void **state)
{
    const char *dir = *state;
    for (int alg = PKI_RSA; alg <= PKI_DSA; alg++) {
        X509 *ca = cert_of(dir, alg, "", "ca.pem");
        EVP_PKEY *ca_key = key_of(dir, alg, "", "ca-key.pem");
        assert_int_equal(X509_check_private_key(ca, ca_key), 1);
        assert_int_equal(X509_check_ca(ca), 1);
        assert_int_equal(X509_get_key_usage(ca), KU_KEY_CERT_SIGN | KU_CRL_SIGN);
        for (int role = 0; role < 2; role++)
            for (int flaw = PKI_GOOD; flaw < PKI_FLAWS; flaw++) {
                char where[64];
                folder(where, sizeof where, role, flaw);
                X509 *x = cert_of(dir, alg, where, "cert.pem"), *copy = cert_of(dir, alg, where, "ca.pem");
                EVP_PKEY *k = key_of(dir, alg, where, "key.pem");
                assert_int_equal(X509_cmp(ca, copy), 0);
                assert_int_equal(X509_check_private_key(x, k), 1);
                assert_int_equal(X509_get_key_usage(x), KU_DIGITAL_SIGNATURE);
                assert_int_equal(X509_check_ca(x), 0);
                assert_int_equal(EVP_PKEY_base_id(k), alg == PKI_DSA ? EVP_PKEY_DSA : EVP_PKEY_RSA);
                assert_int_equal(EVP_PKEY_bits(k), alg == PKI_DSA ? 1024 : 2048);
                assert_int_equal(X509_get_signature_nid(x),
                                 alg == PKI_DSA ? NID_dsaWithSHA1 : NID_sha256WithRSAEncryption);
                bool signed_by_ca = X509_verify(x, X509_get0_pubkey(ca)) == 1;
                assert_int_equal(signed_by_ca, flaw != PKI_SELF && flaw != PKI_OTHER_CA);
                /* another authority has the same name and claims the same key */
                if (flaw == PKI_OTHER_CA) assert_int_equal(X509_check_issued(ca, x), X509_V_OK);
                assert_int_equal(X509_cmp_current_time(X509_get0_notAfter(x)) < 0, flaw == PKI_EXPIRED);
                EVP_PKEY_free(k);
                X509_free(copy);
                X509_free(x);
            }
        EVP_PKEY_free(ca_key);
        X509_free(ca);
    }
}

static void good_ones_carry_the_names(void **state)
{
    static const char *const common[] = {"localhost", "gate.example.net"};
    static const char *const addresses[] = {"127.0.0.1", "::1", "192.0.2.7"};
    static const char *const own[2][2] = {{"analyzer.dom.org", "a.dom.org"},
                                          {"manager.dom.org", "m.dom.org"}};
    for (int role = 0; role < 2; role++) {
        X509 *x = cert_of(*state, PKI_RSA, roles[role], "cert.pem");
        for (int i = 0; i < 2; i++) {
            assert_int_equal(X509_check_host(x, common[i], 0, 0, NULL), 1);
            assert_int_equal(X509_check_host(x, own[role][i], 0, 0, NULL), 1);
            assert_int_equal(X509_check_host(x, own[1 - role][i], 0, 0, NULL), 0);
        }
        for (int i = 0; i < 3; i++)
            assert_int_equal(X509_check_ip_asc(x, addresses[i], 0), 1);
        X509_free(x);
    }
}

static void index_names_every_folder(void **state)
{
    char path[128], text[8192];
    snprintf(path, sizeof path, "%s/INDEX", (const char *)*state);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    text[fread(text, 1, sizeof text - 1, f)] = 0;
    fclose(f);
    int lines = 0;
    for (const char *p = text; *p; p++)
        lines += *p == '\n';
    assert_int_equal(lines, 2 * 2 * PKI_FLAWS);
    assert_non_null(strstr(text, "dsa/manager-wrong-ou"));
    assert_non_null(strstr(text, "rsa/analyzer-self-signed"));
}

static void making_again_writes_over_its_own_only(void **state)
{
    char path[160], key[160], why[200];
    struct stat st;
    snprintf(path, sizeof path, "%s/rsa/manager/mine", (const char *)*state);
    snprintf(key, sizeof key, "%s/rsa/manager/key.pem", (const char *)*state);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs("mine", f);
    fclose(f);
    assert_int_equal(chmod(key, 0644), 0);
    X509 *old = cert_of(*state, PKI_RSA, "manager", "cert.pem");
    struct timespec from, to;
    clock_gettime(CLOCK_MONOTONIC, &from);
    assert_int_equal(
        pki_make(*state, (const char *const[]){"gate.example.net", "192.0.2.7", NULL}, why, sizeof why), OK);
    clock_gettime(CLOCK_MONOTONIC, &to);
    assert_string_equal(why, "");
    assert_true(to.tv_sec - from.tv_sec < 20); /* about one second alone on a machine */
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_size, 4);
    X509 *now = cert_of(*state, PKI_RSA, "manager", "cert.pem");
    EVP_PKEY *k = key_of(*state, PKI_RSA, "manager", "key.pem"); /* looks at the mode */
    assert_int_not_equal(X509_cmp(old, now), 0);
    EVP_PKEY_free(k);
    X509_free(old);
    X509_free(now);
}

static void failures_name_the_file(void **state)
{
    char file[160], sub[200], why[200];
    snprintf(file, sizeof file, "%s/INDEX", (const char *)*state);
    assert_int_equal(pki_make(file, NULL, why, sizeof why), ERR_SYS);
    assert_non_null(strstr(why, "/INDEX: Not a directory"));
    snprintf(sub, sizeof sub, "%s/no/such/place", (const char *)*state);
    assert_int_equal(pki_make(sub, NULL, why, sizeof why), ERR_SYS);
    assert_non_null(strstr(why, "/no/such/place: No such file or directory"));
    assert_int_equal(pki_make(sub, NULL, NULL, 0), ERR_SYS);

    char dir[] = "/tmp/pki_test.XXXXXX", link[64], target[64];
    assert_non_null(mkdtemp(dir));
    assert_int_equal(pki_make(dir, (const char *const[]){"two words", NULL}, why, sizeof why), ERR_SYS);
    assert_string_equal(why, "two words: neither a host name nor an address");
    snprintf(link, sizeof link, "%s/rsa/ca.pem", dir);
    assert_int_equal(unlink(link), 0);
    snprintf(target, sizeof target, "%s/not-to-be-written", dir);
    assert_int_equal(symlink(target, link), 0);
    assert_int_equal(pki_make(dir, NULL, why, sizeof why), ERR_SYS);
    assert_non_null(strstr(why, "rsa/ca.pem: "));
    assert_int_not_equal(access(target, F_OK), 0);
    nftw(dir, drop_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* ---------------------------------------------------------------- the judge */

static void names_fit(void **state)
{
    static const struct {
        const char *pattern, *name;
        bool fits;
    } rows[] = {
        {"m.dom.org", "m.dom.org", true},
        {"M.Dom.ORG", "m.dom.org", true},
        {"m.dom.org", "m.dom.org.", true},
        {"m.dom.org.", "m.dom.org", true},
        {"*.dom.org", "m.dom.org", true},
        {"*.DOM.org", "M.dom.ORG.", true},
        {"*.dom.org", "dom.org", false},
        {"*.dom.org", ".dom.org", false},
        {"*.dom.org", "x.m.dom.org", false},
        {"m*.dom.org", "m1.dom.org", false},
        {"m.*.org", "m.dom.org", false},
        {"*", "localhost", false},
        {"*.", "a.", false},
        {"", "", false},
        {"", "x", false},
        {"m.dom.org", "m.dom.orgs", false},
        {"*.*.org", "a.b.org", false},
        {"m.dom.org", "*.dom.org", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        bool fits = tls_policy_name_fits(slice_str(rows[i].pattern), slice_str(rows[i].name));
        if (fits != rows[i].fits) print_error("%s %s\n", rows[i].pattern, rows[i].name);
        assert_int_equal(fits, rows[i].fits);
    }
    /* a NUL hides nothing */
    assert_false(tls_policy_name_fits(slice_of("m.dom.org\0.evil.example", 23), SLICE_LIT("m.dom.org")));
}

static void globs_match(void **state)
{
    static const struct {
        const char *pattern, *text;
        bool fits;
    } rows[] = {
        {"Sensors", "sensors", true},
        {"S*", "Sensors", true},
        {"*", "", true},
        {"", "", true},
        {"", "x", false},
        {"?", "", false},
        {"S?nsors", "Sensors", true},
        {"*ors", "Sensors", true},
        {"*n*r*", "Sensors", true},
        {"*x*", "Sensors", false},
        {"Sensors?", "Sensors", false},
        {"S\\*", "S*", true},
        {"S\\*", "Sensors", false},
        {"a\\,b", "A,B", true},
        {"\\?", "?", true},
        {"\\?", "x", false},
        {"*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaac", false},
        {"x\\", "x\\", true},
        {"**S", "s", true},
        {"*ab", "aab", true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        bool fits = slice_glob_nocase(slice_str(rows[i].pattern), slice_str(rows[i].text));
        if (fits != rows[i].fits) print_error("%s %s\n", rows[i].pattern, rows[i].text);
        assert_int_equal(fits, rows[i].fits);
    }
}

static X509_NAME *name_of(const char *const *pairs)
{
    X509_NAME *n = X509_NAME_new();
    for (; *pairs; pairs += 2)
        assert_int_equal(X509_NAME_add_entry_by_txt(n, pairs[0], MBSTRING_UTF8,
                                                    (const unsigned char *)pairs[1], -1, -1, 0),
                         1);
    return n;
}

/* A certificate signed by the run's authority with the subject and without any other name. */
static X509 *bare_cert(const char *dir, const char *const *subject)
{
    X509 *x = X509_new(), *ca = cert_of(dir, PKI_RSA, "", "ca.pem");
    EVP_PKEY *ca_key = key_of(dir, PKI_RSA, "", "ca-key.pem");
    X509_NAME *n = name_of(subject);
    assert_int_equal(X509_set_version(x, 2), 1);
    assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(x), 9), 1);
    X509_set_subject_name(x, n);
    X509_set_issuer_name(x, X509_get_subject_name(ca));
    X509_gmtime_adj(X509_getm_notBefore(x), -60);
    X509_gmtime_adj(X509_getm_notAfter(x), 3600);
    X509_set_pubkey(x, ca_key); /* whose key it is does not matter here */
    assert_true(X509_sign(x, ca_key, EVP_sha256()) > 0);
    X509_NAME_free(n);
    EVP_PKEY_free(ca_key);
    X509_free(ca);
    return x;
}

static int judge(const char *dir, const struct tls_options *o, X509 *x, char *why, size_t why_n)
{
    static uint8_t ca[8192];
    struct env env;
    struct tls_policy p;
    env_init(&env);
    assert_int_equal(
        tls_policy_init(&p, &env, o, slurp(dir, PKI_RSA, "", "ca.pem", ca, sizeof ca), why, why_n), OK);
    why[0] = 0;
    int alert = tls_policy_judge(&p, x, NULL, why, why_n);
    tls_policy_done(&p);
    return alert;
}

static void common_name_counts_without_alternatives(void **state)
{
    char why[200];
    X509 *x = bare_cert(*state, (const char *const[]){"CN", "first.dom.org", "CN", "last.dom.org", NULL});
    assert_int_equal(judge(*state, &(struct tls_options){.peer_name = "LAST.dom.org."}, x, why, sizeof why),
                     0);
    assert_int_equal(judge(*state, &(struct tls_options){.peer_name = "first.dom.org"}, x, why, sizeof why),
                     42);
    assert_string_equal(why, "it is for last.dom.org, not for first.dom.org");
    X509_free(x);
    x = bare_cert(*state, (const char *const[]){"CN", "127.0.0.1", NULL});
    /* an address is looked for among addresses only */
    assert_int_equal(judge(*state, &(struct tls_options){.peer_name = "127.0.0.1"}, x, why, sizeof why), 42);
    X509_free(x);
    x = bare_cert(*state, (const char *const[]){"O", "Nobody", NULL});
    assert_int_equal(judge(*state, &(struct tls_options){.peer_name = "m.dom.org"}, x, why, sizeof why), 42);
    assert_string_equal(why, "it is for nobody, not for m.dom.org");
    X509_free(x);
}

static void subject_patterns_all_count(void **state)
{
    char why[200];
    X509 *x = bare_cert(
        *state, (const char *const[]){"O", "Dom, Inc", "OU", "Sensors", "OU", "Berlin", "CN", "s1", NULL});
    static const char *const good[] = {"OU=Sensors", "ou=berlin,OU=Sens*", "O=Dom\\, Inc , CN=s?",
                                       "organizationName=Dom*", ""};
    static const struct {
        const char *pattern, *why;
    } bad[] = {
        {"OU=Managers", "organizational unit is Berlin, wanted OU=Managers"},
        {"OU=Sensors,CN=s2", "common name is s1, wanted CN=s2"},
        {"C=DE", "country is absent, wanted C=DE"},
        {"O=Dom", "organization is Dom, Inc, wanted O=Dom"},
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_int_equal(judge(*state, &(struct tls_options){.peer_subject = good[i]}, x, why, sizeof why),
                         0);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(
            judge(*state, &(struct tls_options){.peer_subject = bad[i].pattern}, x, why, sizeof why), 42);
        assert_string_equal(why, bad[i].why);
    }
    X509_free(x);
}

static void flaws_get_their_alerts(void **state)
{
    static const int alerts[PKI_FLAWS] = {0, 45, 48, 42, 42, 42, 42, 42};
    for (int flaw = PKI_GOOD; flaw < PKI_FLAWS; flaw++) {
        char where[64], why[200];
        X509 *x = cert_of(*state, PKI_RSA, folder(where, sizeof where, PKI_MANAGER, flaw), "cert.pem");
        struct tls_options o = {
            .peer_name = "m.dom.org", .peer_eku_oid = PKI_OID_ALERT_CONSUMER, .peer_subject = "OU=Managers"};
        assert_int_equal(judge(*state, &o, x, why, sizeof why), alerts[flaw]);
        o = (struct tls_options){0}; /* what the flaw is about is not asked for */
        assert_int_equal(judge(*state, &o, x, why, sizeof why), flaw <= PKI_OTHER_CA ? alerts[flaw] : 0);
        X509_free(x);
    }
}

/* ---------------------------------------------------------------- the store */

static void put_ok(struct tls_store *s, int key, int data)
{
    assert_int_equal(tls_store_put(s, slice_of(&key, sizeof key), slice_of(&data, sizeof data)), OK);
}

static int get(const struct tls_store *s, int key)
{
    int data = -1;
    slice d = tls_store_get(s, slice_of(&key, sizeof key));
    if (d.n == sizeof data) memcpy(&data, d.p, d.n);
    return data;
}

static void store_keeps_the_newest(void **state)
{
    struct tls_store s;
    (void)state;
    tls_store_init(&s, &mem_libc, 1000);
    assert_int_equal(get(&s, 1), -1);
    for (int i = 0; i < 5000; i++)
        put_ok(&s, i, i * 3);
    assert_int_equal(s.n, 1000);
    for (int i = 0; i < 5000; i++)
        assert_int_equal(get(&s, i), i < 4000 ? -1 : i * 3);
    put_ok(&s, 4500, 7); /* replaced, nothing else leaves */
    assert_int_equal(s.n, 1000);
    assert_int_equal(get(&s, 4500), 7);
    assert_int_equal(get(&s, 4000), 12000);
    int gone = 4600;
    tls_store_remove(&s, slice_of(&gone, sizeof gone));
    tls_store_remove(&s, slice_of(&gone, sizeof gone));
    assert_int_equal(get(&s, 4600), -1);
    assert_int_equal(s.n, 999);
    put_ok(&s, 9, 9); /* takes the emptied slot */
    assert_int_equal(get(&s, 4000), 12000);
    static const uint8_t big[TLS_STORE_ENTRY_MAX + 1];
    assert_int_equal(tls_store_put(&s, slice_of(&(int){9}, sizeof(int)), slice_of(big, sizeof big)),
                     ERR_LIMIT);
    assert_int_equal(get(&s, 9), -1); /* out of date */
    tls_store_done(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_folder_holds_a_fitting_set),
        cmocka_unit_test(good_ones_carry_the_names),
        cmocka_unit_test(index_names_every_folder),
        cmocka_unit_test(making_again_writes_over_its_own_only),
        cmocka_unit_test(failures_name_the_file),
        cmocka_unit_test(names_fit),
        cmocka_unit_test(globs_match),
        cmocka_unit_test(common_name_counts_without_alternatives),
        cmocka_unit_test(subject_patterns_all_count),
        cmocka_unit_test(flaws_get_their_alerts),
        cmocka_unit_test(store_keeps_the_newest),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
