/* SPDX-License-Identifier: MIT */
/* sasl: each mechanism against itself and against vectors, good and bad, and what a hostile peer may send. */
#include "test/sasl_pair.h"

#include "base/base64.h"
#include "test/mem_fail.h"

/* What the library draws its nonces from goes through this function of ours, so that vectors can be played;
 * which gives chance to all the other tests. */
int gsasl_nonce(char *data, size_t n);
int gsasl_random(char *data, size_t n);

static bool fixed_nonce;
static const char *const nonce_64 = "fyko+d2lbbFgONRv9qkxdawL"; /* the client's of RFC 5802 section 5 */

int gsasl_nonce(char *data, size_t n)
{
    if (!fixed_nonce) return gsasl_random(data, n);
    struct buf b;
    buf_init(&b, &mem_libc, 18);
    assert_int_equal(base64_decode(slice_str(nonce_64), false, &b, NULL), OK);
    assert_true(n <= b.n);
    memcpy(data, buf_slice(&b).p, n);
    buf_done(&b);
    return 0;
}

static bool has_password(enum sasl_mech m)
{
    return m != SASL_ANONYMOUS && m != SASL_EXTERNAL;
}

static bool proves_server(enum sasl_mech m)
{
    return m == SASL_DIGEST_MD5 || m == SASL_SCRAM_SHA_1 || m == SASL_SCRAM_SHA_256;
}

static void good(void **state)
{
    (void)state;
    for (int m = 0; m < SASL_MECHS; m++) {
        struct pair p;
        pair_init(&p);
        p.link.external = "sensor.dom.org";
        pair_open(&p, (enum sasl_mech)m);
        assert_null(sasl_identity(p.s));
        pair_talk(&p);
        assert_int_equal(p.sst, SASL_COMPLETE);
        assert_int_equal(p.cst, SASL_COMPLETE);
        assert_string_equal(sasl_identity(p.s), has_password((enum sasl_mech)m) ? "alice"
                                                : m == SASL_EXTERNAL            ? "sensor.dom.org"
                                                                                : "anonymous");
        assert_int_equal(sasl_mech_of(p.s), m);
        assert_false(sasl_has_layer(p.s) || sasl_has_layer(p.c));
        assert_int_equal(sasl_has_out(p.s), proves_server((enum sasl_mech)m));
        struct buf out;
        enum sasl_status st;
        buf_init(&out, &mem_libc, 100);
        assert_int_equal(sasl_step(p.s, SLICE_NONE, false, &out, &st), ERR_USE);
        assert_int_equal(sasl_step(p.c, SLICE_NONE, false, &out, &st), ERR_USE);
        assert_int_equal(st, SASL_COMPLETE);
        pair_done(&p);
    }
}

/* Ends as given on the server, whatever the mechanism with a password. */
static void each_ends(const char *user, const char *password, const char *authzid, enum sasl_status want,
                      const char *identity)
{
    for (int m = 0; m < SASL_MECHS; m++) {
        struct pair p;
        if (!has_password((enum sasl_mech)m) || (authzid && m == SASL_CRAM_MD5)) continue;
        pair_init(&p);
        p.co.user = user;
        p.co.password = password;
        p.co.authzid = authzid;
        pair_open(&p, (enum sasl_mech)m);
        pair_talk(&p);
        assert_int_equal(p.sst, want);
        if (want == SASL_FAILED) {
            assert_int_equal(sasl_failure_of(p.s)->code, SASL_WRONG);
            assert_true(sasl_failure_of(p.s)->why[0]);
            assert_null(sasl_identity(p.s));
            assert_false(sasl_has_out(p.s));
            assert_null(strstr(sasl_failure_of(p.s)->why, password));
        } else {
            assert_string_equal(sasl_identity(p.s), identity);
        }
        pair_done(&p);
    }
}

static void wrong_credentials(void **state)
{
    (void)state;
    each_ends("alice", "wonderland", NULL, SASL_FAILED, NULL);
    each_ends("alice", "pencil", NULL, SASL_FAILED, NULL);
    each_ends("nobody", "wonder", NULL, SASL_FAILED, NULL);
    each_ends("alice", "wonder", "user", SASL_FAILED, NULL);
    each_ends("user", "pencil", "site-a", SASL_FAILED, NULL);
    each_ends("alice", "wonder", "site-a", SASL_COMPLETE, "site-a");
    each_ends("alice", "wonder", "alice", SASL_COMPLETE, "alice");
    each_ends("\xef\xbd\x81lice", "wonder", NULL, SASL_COMPLETE,
              "alice"); /* a wide a, which SASLprep narrows */
}

/* A server that does not know the password must not look right to the client. */
static void server_unproven(void **state)
{
    (void)state;
    for (int m = 0; m < SASL_MECHS; m++) {
        struct pair p;
        struct buf up;
        bool early = m == SASL_CRAM_MD5 || proves_server((enum sasl_mech)m);
        pair_init(&p);
        pair_open(&p, (enum sasl_mech)m);
        buf_init(&up, &mem_libc, SASL_BLOB_MAX);
        assert_int_equal(sasl_step(p.c, SLICE_NONE, false, &up, &p.cst), OK);
        assert_int_equal(sasl_peer_complete(p.c, SLICE_NONE, false, &p.cst), OK);
        assert_int_equal(p.cst, early ? SASL_FAILED : SASL_COMPLETE);
        pair_close(&p);

        pair_open(&p, (enum sasl_mech)m);
        assert_int_equal(sasl_peer_complete(p.c, SLICE_LIT("v=x"), true, &p.cst), OK);
        assert_int_equal(p.cst, SASL_FAILED);
        pair_close(&p);
        pair_open(&p, (enum sasl_mech)m); /* the same before the client has said a word */
        assert_int_equal(sasl_peer_complete(p.c, SLICE_NONE, false, &p.cst), OK);
        assert_int_equal(p.cst, SASL_FAILED);
        pair_done(&p);
        buf_done(&up);
    }
}

static void breaks_last(void *ctx, unsigned step, struct buf *b)
{
    const unsigned *at = ctx;
    if (step == *at && b->n) b->p[b->from + b->n - 2] ^= 2;
}

static void server_proof_altered(void **state)
{
    (void)state;
    for (int m = SASL_DIGEST_MD5; m < SASL_MECHS; m++) {
        struct pair p;
        unsigned at = m == SASL_DIGEST_MD5 ? 2 : 3;
        pair_init(&p);
        p.meddle = breaks_last;
        p.ctx = &at;
        pair_open(&p, (enum sasl_mech)m);
        pair_talk(&p);
        assert_int_equal(p.sst, SASL_COMPLETE);
        assert_int_equal(p.cst, SASL_FAILED);
        pair_done(&p);
    }
}

static void other_service(void *ctx, unsigned step, struct buf *b)
{
    (void)ctx;
    size_t at = slice_find(buf_slice(b), SLICE_LIT("\"beep/"));
    if (step == 1) memcpy(b->p + b->from + at, "\"imap/", 6);
}

/* A response that was made for another service is told from a wrong password (RFC 2831 2.1.2). */
static void wrong_service(void **state)
{
    (void)state;
    struct pair p;
    pair_init(&p);
    p.meddle = other_service;
    pair_open(&p, SASL_DIGEST_MD5);
    pair_talk(&p);
    assert_int_equal(p.sst, SASL_FAILED);
    assert_int_equal(sasl_failure_of(p.s)->code, SASL_MALFORMED);
    pair_done(&p);
}

/* --- vectors --- */

/* The client's next blob to that of a server; NULL for none. */
static void client_says(struct pair *p, const char *in, const char *want)
{
    struct buf out;
    buf_init(&out, &mem_libc, SASL_BLOB_MAX);
    assert_int_equal(sasl_step(p->c, slice_str(in), in != NULL, &out, &p->cst), OK);
    assert_int_equal(p->cst, SASL_CONTINUE);
    assert_int_equal(sasl_has_out(p->c), want != NULL);
    assert_string_equal(buf_str(&out), want ? want : "");
    buf_done(&out);
}

static void proof(struct pair *p, const char *in)
{
    assert_int_equal(sasl_peer_complete(p->c, slice_str(in), in != NULL, &p->cst), OK);
    assert_int_equal(p->cst, SASL_COMPLETE);
}

/* RFC 2195 section 2, RFC 4616 section 4, RFC 5802 section 5, RFC 2831 section 4 and RFC 7677 section 3.
 * Where the client's nonce of the RFC is not as long as the library's, the rest was worked out by another
 * program that gives the RFC's own result for the RFC's nonce. */
static void vectors(void **state)
{
    (void)state;
    struct pair p;
    struct buf out;
    pair_init(&p);
    p.co.user = "tim";
    p.co.password = "tanstaaftanstaaf";
    pair_open(&p, SASL_CRAM_MD5);
    client_says(&p, NULL, NULL);
    client_says(&p, "<1896.697170952@postoffice.reston.mci.net>", "tim b913a602c7eda7a495b4e6e7334d3890");
    proof(&p, NULL);
    pair_close(&p);

    p.co.user = "Kurt";
    p.co.password = "xipj3plmq";
    p.co.authzid = "Ursel";
    pair_open(&p, SASL_PLAIN);
    buf_init(&out, &mem_libc, 100);
    assert_int_equal(sasl_step(p.c, SLICE_NONE, false, &out, &p.cst), OK);
    assert_true(slice_eq(buf_slice(&out), SLICE_LIT("Ursel\0Kurt\0xipj3plmq")));
    buf_done(&out);
    proof(&p, NULL);
    pair_close(&p);

    fixed_nonce = true;
    p.co = (struct sasl_options){.offered = SASL_ALL, .user = "user", .password = "pencil"};
    pair_open(&p, SASL_SCRAM_SHA_1);
    client_says(&p, NULL, "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL");
    client_says(&p, "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
                "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=");
    proof(&p, "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=");
    pair_close(&p);
    pair_open(&p, SASL_SCRAM_SHA_256);
    client_says(&p, NULL, "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL");
    client_says(&p,
                "r=fyko+d2lbbFgONRv9qkxdawL%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
                "c=biws,r=fyko+d2lbbFgONRv9qkxdawL%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
                "p=2FUSN0pPcS7P8hBhsxBJOiUDbRoW4KVNGZT0LxVnSek=");
    client_says(&p, "v=zJZjsVp2g+W9jd01vgbsshippfH1sM0tLdBvs+e3DF4=",
                ""); /* in a blob of its own, as some servers do */
    proof(&p, NULL);
    pair_close(&p);

    p.co.user = "chris";
    p.co.password = "secret";
    p.co.hostname = "elwood.innosoft.com";
    pair_open(&p, SASL_DIGEST_MD5);
    buf_init(&out, &mem_libc, SASL_BLOB_MAX);
    assert_int_equal(
        sasl_step(p.c,
                  SLICE_LIT("realm=\"elwood.innosoft.com\",nonce=\"OA6MG9tEQGm2hh\",qop=\"auth\","
                            "algorithm=md5-sess,charset=utf-8"),
                  true, &out, &p.cst),
        OK);
    assert_non_null(strstr(buf_str(&out), "response=c5fd1141eebff35aeb67765168ce42fb"));
    assert_non_null(strstr(buf_str(&out), "digest-uri=\"beep/elwood.innosoft.com\""));
    proof(&p, "rspauth=32dfc36da7997816d469d7cf6536091f");
    pair_close(&p);

    p.co.service = "imap"; /* a mistake */
    pair_open(&p, SASL_DIGEST_MD5);
    buf_clear(&out);
    assert_int_equal(
        sasl_step(p.c,
                  SLICE_LIT("realm=\"elwood.innosoft.com\",nonce=\"OA6MG9tEQGm2hh\",qop=\"auth\","
                            "algorithm=md5-sess,charset=utf-8"),
                  true, &out, &p.cst),
        OK);
    assert_non_null(strstr(buf_str(&out), "digest-uri=\"imap/elwood.innosoft.com\""));
    assert_null(strstr(buf_str(&out), "response=c5fd1141eebff35aeb67765168ce42fb")); /* the name goes into the digest */
    buf_done(&out);
    pair_done(&p);
    fixed_nonce = false;
}

/* --- hostile peers --- */

/* The server fails with the code when it is sent the blobs one after the other. */
static void server_fails(enum sasl_mech m, const struct sasl_link *link, enum sasl_code code, size_t n,
                         const slice *in)
{
    struct pair p;
    struct buf out;
    pair_init(&p);
    if (link) p.link = *link;
    pair_open(&p, m);
    buf_init(&out, &mem_libc, SASL_BLOB_MAX);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(p.sst, SASL_CONTINUE);
        assert_int_equal(sasl_step(p.s, in[i], in[i].p != NULL, &out, &p.sst), OK);
    }
    assert_int_equal(p.sst, SASL_FAILED);
    assert_int_equal(sasl_failure_of(p.s)->code, code);
    assert_int_equal(sasl_step(p.s, SLICE_NONE, false, &out, &p.sst), ERR_USE);
    buf_done(&out);
    pair_done(&p);
}

#define FAILS(m, code, ...)                                                                                  \
    server_fails(m, NULL, code, sizeof((slice[]){__VA_ARGS__}) / sizeof(slice), (slice[]){__VA_ARGS__})

static void malformed(void **state)
{
    (void)state;
    static uint8_t big[SASL_BLOB_MAX + 1];
    memset(big, 'x', sizeof big);
    const slice none = SLICE_NONE, empty = SLICE_LIT(""), x = SLICE_LIT("x");
    for (int m = 0; m < SASL_MECHS; m++) {
        FAILS((enum sasl_mech)m, SASL_MALFORMED, none, slice_of(big, sizeof big));
        if (has_password((enum sasl_mech)m)) {
            FAILS((enum sasl_mech)m, SASL_MALFORMED, none, empty);
            FAILS((enum sasl_mech)m, SASL_MALFORMED, none, x);
            FAILS((enum sasl_mech)m, SASL_MALFORMED, none, slice_of(big, SASL_BLOB_MAX));
        }
    }
    FAILS(SASL_CRAM_MD5, SASL_MALFORMED, x); /* no initial response there */
    FAILS(SASL_DIGEST_MD5, SASL_MALFORMED, x);
    FAILS(SASL_CRAM_MD5, SASL_MALFORMED, empty, empty);
    FAILS(SASL_CRAM_MD5, SASL_MALFORMED, none, SLICE_LIT("alice\0x 0123456789abcdef0123456789abcdef"));
    FAILS(SASL_CRAM_MD5, SASL_WRONG, none, SLICE_LIT("alice 0123456789abcdef0123456789abcdef"));
    FAILS(SASL_CRAM_MD5, SASL_WRONG, none, SLICE_LIT(" 0123456789abcdef0123456789abcdef"));
    FAILS(SASL_PLAIN, SASL_MALFORMED, SLICE_LIT("\0alice"));
    FAILS(SASL_PLAIN, SASL_MALFORMED, SLICE_LIT("\0alice\0wonder\0"));
    FAILS(SASL_PLAIN, SASL_WRONG, SLICE_LIT("\0alice\0"));
    FAILS(SASL_PLAIN, SASL_WRONG, SLICE_LIT("\0\0wonder"));
    FAILS(SASL_PLAIN, SASL_WRONG, SLICE_LIT("\0alic\0wonder"));
    FAILS(SASL_PLAIN, SASL_WRONG, SLICE_LIT("\0alice\0wonde"));
    FAILS(SASL_SCRAM_SHA_1, SASL_MALFORMED, SLICE_LIT("n,,n=,r=abc"));
    FAILS(SASL_SCRAM_SHA_1, SASL_MALFORMED, SLICE_LIT("n,,n=\xc2\xad,r=abc")); /* nothing is left of it */
    FAILS(SASL_SCRAM_SHA_1, SASL_MALFORMED, SLICE_LIT("n,,m=must,n=alice,r=abc"));
    FAILS(SASL_SCRAM_SHA_1, SASL_MALFORMED, SLICE_LIT("n,,n=alice,r=abc"), SLICE_LIT("c=biws,r=abc"));
    FAILS(SASL_SCRAM_SHA_1, SASL_WRONG, SLICE_LIT("n,,n=alice,r=abc"), SLICE_LIT("c=biws,r=abc,p=AAAA"));
    FAILS(SASL_ANONYMOUS, SASL_MALFORMED, SLICE_LIT("a\0b"));
    FAILS(SASL_ANONYMOUS, SASL_MALFORMED, SLICE_LIT("\xc3("));
    FAILS(SASL_ANONYMOUS, SASL_MALFORMED, slice_of(big, 256));
    FAILS(SASL_DIGEST_MD5, SASL_MALFORMED, none,
          SLICE_LIT("username=\"alice\",nonce=\"x\",cnonce=\"y\",nc=00000001,digest-uri=\"imap/m.dom.org\","
                    "response=0123456789abcdef0123456789abcdef"));
}

/* The client fails when the server sends the blob at the given place of an otherwise good exchange. */
static void client_fails(enum sasl_mech m, const char *first, const char *second)
{
    struct pair p;
    struct buf out;
    pair_init(&p);
    buf_init(&out, &mem_libc, 2 * SASL_BLOB_MAX);
    fixed_nonce = true;
    pair_open(&p, m);
    fixed_nonce = false;
    assert_int_equal(sasl_step(p.c, SLICE_NONE, false, &out, &p.cst), OK);
    assert_int_equal(sasl_step(p.c, slice_str(first), true, &out, &p.cst), OK);
    if (second) {
        assert_int_equal(p.cst, SASL_CONTINUE);
        assert_int_equal(sasl_step(p.c, slice_str(second), true, &out, &p.cst), OK);
    }
    assert_int_equal(p.cst, SASL_FAILED);
    assert_true(sasl_failure_of(p.c)->why[0]);
    buf_done(&out);
    pair_done(&p);
}

static void hostile_server(void **state)
{
    (void)state;
    static char big[SASL_BLOB_MAX + 2];
    memset(big, 'x', sizeof big - 1);
    for (int m = 0; m < SASL_MECHS; m++)
        client_fails((enum sasl_mech)m, big, NULL);
    client_fails(SASL_PLAIN, "", NULL);
    client_fails(SASL_ANONYMOUS, "more", NULL);
    client_fails(SASL_CRAM_MD5, "", NULL);
    client_fails(SASL_CRAM_MD5, "<1@x>", "<2@x>");
    client_fails(SASL_DIGEST_MD5, "rubbish", NULL);
    client_fails(SASL_DIGEST_MD5, "nonce=\"x\",qop=\"auth-int\",algorithm=md5-sess",
                 NULL); /* what we did not ask for */
    client_fails(SASL_DIGEST_MD5, "nonce=\"x\",algorithm=md5-sess",
                 "rspauth=0123456789abcdef0123456789abcdef");
    client_fails(SASL_SCRAM_SHA_1, "r=other,s=QSXCR+Q6sek8bf92,i=4096", NULL);
    client_fails(SASL_SCRAM_SHA_1, "r=fyko+d2lbbFgONRv9qkxdawLx,s=QSXCR+Q6sek8bf92,i=100001", NULL);
    client_fails(SASL_SCRAM_SHA_1, "r=fyko+d2lbbFgONRv9qkxdawLx,s=QSXCR+Q6sek8bf92,i=99999999999999999999999",
                 NULL);
    client_fails(SASL_SCRAM_SHA_1, "r=fyko+d2lbbFgONRv9qkxdawLx,s=QSXCR+Q6sek8bf92,i=0", NULL);
    client_fails(SASL_SCRAM_SHA_1, "r=fyko+d2lbbFgONRv9qkxdawLx,s=QSXCR+Q6sek8bf92,i=1", "v=AAAA");
    client_fails(SASL_SCRAM_SHA_1, "r=fyko+d2lbbFgONRv9qkxdawLx,s=QSXCR+Q6sek8bf92,i=1", "e=other-error");
}

struct damage {
    unsigned step;
    size_t keep; /* octets that are left, SIZE_MAX for all */
    size_t flip; /* octet that is changed, SIZE_MAX for none */
    bool done;
};

static void damages(void *ctx, unsigned step, struct buf *b)
{
    struct damage *d = ctx;
    if (step != d->step) return;
    if (d->keep < b->n) {
        buf_unadd(b, b->n - d->keep);
        d->done = true;
    }
    if (d->flip < b->n) {
        b->p[b->from + d->flip] ^=
            4; /* the lower bits of the last digit of a proof in base64 stand for nothing */
        d->done = true;
    }
}

/* One exchange with that damage; false when there was nothing to damage any more. */
static bool damaged(enum sasl_mech m, struct damage *d)
{
    struct pair p;
    pair_init(&p);
    p.meddle = damages;
    p.ctx = d;
    d->done = false;
    pair_open(&p, m);
    pair_talk(&p);
    bool both = p.sst == SASL_COMPLETE && p.cst == SASL_COMPLETE;
    /* an unknown directive of DIGEST-MD5 is passed over, and what it said with it (RFC 2831 2.1.1); but then
     * the server knows whom it has */
    if (m == SASL_DIGEST_MD5 && both)
        assert_string_equal(sasl_identity(p.s), "alice");
    else if (d->done)
        assert_false(both);
    pair_done(&p);
    return d->done;
}

static void each_octet(void **state)
{
    (void)state;
    unsigned tried = 0;
    for (int m = 0; m < SASL_MECHS; m++) {
        if (!has_password((enum sasl_mech)m)) continue;
        for (unsigned step = 0; step < 4; step++) {
            struct damage d = {.step = step, .keep = SIZE_MAX};
            for (d.flip = 0; damaged((enum sasl_mech)m, &d); d.flip++)
                tried++;
            d.flip = SIZE_MAX;
            for (d.keep = 0; damaged((enum sasl_mech)m, &d); d.keep++)
                tried++;
        }
    }
    assert_true(tried > 800);
}

/* --- mechanisms of one string --- */

static void external_pairs(void **state)
{
    (void)state;
    const struct sasl_link tls = {.external = "a.dom.org"};
    server_fails(SASL_EXTERNAL, NULL, SASL_WRONG, 1, &SLICE_LIT(""));
    server_fails(SASL_EXTERNAL, NULL, SASL_WRONG, 1, &SLICE_LIT("a.dom.org"));
    server_fails(SASL_EXTERNAL, &tls, SASL_WRONG, 1, &SLICE_LIT("b.dom.org"));
    server_fails(SASL_EXTERNAL, &tls, SASL_WRONG, 1, &SLICE_LIT("a.dom.org2"));
    server_fails(SASL_EXTERNAL, &tls, SASL_MALFORMED, 1, &SLICE_LIT("a.dom.org\0"));
    for (int i = 0; i < 2; i++) {
        struct pair p;
        pair_init(&p);
        p.link = tls;
        p.co.user = p.co.password = NULL;
        p.co.authzid = i ? "a.dom.org" : NULL;
        pair_open(&p, SASL_EXTERNAL);
        pair_talk(&p);
        assert_int_equal(p.sst, SASL_COMPLETE);
        assert_string_equal(sasl_identity(p.s), "a.dom.org");
        assert_string_equal(sasl_identity(p.c), i ? "a.dom.org" : "");
        pair_done(&p);
    }
}

static void anonymous_traces(void **state)
{
    (void)state;
    const char *traces[] = {NULL, "sirhc", "Gr\xc3\xbc\xc3\x9f\x65"};
    for (size_t i = 0; i < 3; i++) {
        struct pair p;
        pair_init(&p);
        p.co.trace = traces[i];
        pair_open(&p, SASL_ANONYMOUS);
        assert_null(sasl_trace(p.s));
        pair_talk(&p);
        assert_int_equal(p.sst, SASL_COMPLETE);
        assert_string_equal(sasl_trace(p.s), traces[i] ? traces[i] : "");
        pair_done(&p);
    }
}

/* Memory that runs out at the n-th call never crashes, leaks or lets anybody in. */
static void out_of_memory(void **state)
{
    (void)state;
    for (int m = 0; m < SASL_MECHS; m++) {
        bool whole = false;
        for (size_t n = 1; !whole; n++) {
            struct mem_fail fail;
            struct pair p;
            struct sasl *s = NULL;
            struct sasl_context *c = NULL;
            struct sasl_failure f = {0};
            struct buf out;
            enum sasl_status st = SASL_CONTINUE;
            pair_init(&p);
            struct mem mem = mem_fail_init(&fail, n);
            p.env.mem = &mem;
            const struct sasl_link link = {.external = "x"};
            err e = sasl_context_new(&p.env, &p.so, &c, NULL, 0);
            if (e == OK) e = sasl_new(c, slice_str(sasl_mech_names[m]), &link, &s, &f);
            buf_init(&out, &mem, SASL_BLOB_MAX);
            if (e == OK) e = sasl_step(s, SLICE_NONE, false, &out, &st);
            if (e == OK && st == SASL_CONTINUE) e = sasl_step(s, SLICE_LIT("\0alice\0nope"), true, &out, &st);
            assert_true(e == OK || e == ERR_MEM);
            whole = fail.calls < n;
            assert_true(e == OK || s ? st == SASL_FAILED : f.code == SASL_TEMPORARY || !c);
            assert_true(whole || !s || sasl_failure_of(s)->code == SASL_TEMPORARY);
            buf_done(&out);
            sasl_free(s);
            sasl_context_free(c);
            assert_int_equal(fail.blocks, 0);
            p.env.mem = &mem_libc;
            pair_done(&p);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good),
        cmocka_unit_test(wrong_service),
        cmocka_unit_test(wrong_credentials),
        cmocka_unit_test(server_unproven),
        cmocka_unit_test(vectors),
        cmocka_unit_test(server_proof_altered),
        cmocka_unit_test(malformed),
        cmocka_unit_test(hostile_server),
        cmocka_unit_test(each_octet),
        cmocka_unit_test(external_pairs),
        cmocka_unit_test(anonymous_traces),
        cmocka_unit_test(out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
