/* SPDX-License-Identifier: MIT */
/* Runs vectors/iap/: each message whole, cut in two at every place and octet by octet, through iap_read and
 * iap_reader, and back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>

#include "codec/iap_msg.h"
#include "test/vectors_md.h"

struct tally {
    size_t vectors, reads;
    bool fault[IAP_F_COUNT];
    bool kind[IAP_CONTENT + 1];
    bool form[8][2]; /* of defect 1 to 4: as printed, as meant */
};

/* The present vector, for messages. */
struct at {
    const struct md_vector *v;
    const char *how;
    size_t cut;
};

#define WANT(at, ok, ...)                                                                                    \
    do {                                                                                                     \
        if (ok) break;                                                                                       \
        fprintf(stderr, "%s:%d: %s (%s, cut at %zu): ", (at)->v->file, (at)->v->line_no, (at)->v->name,      \
                (at)->how, (at)->cut);                                                                       \
        fprintf(stderr, __VA_ARGS__);                                                                        \
        fprintf(stderr, "\n");                                                                               \
        fail();                                                                                              \
    } while (0)

static const char *const known[] = {"result",  "settle",  "limit", "kind",     "host",   "code",
                                    "upgrade", "version", "role",  "type",     "length", "body",
                                    "via",     "note",    "used",  "severity", "writes", "form"};

static int find_fault(const char *name, size_t n)
{
    for (int i = 0; i < IAP_F_COUNT; i++) {
        if (strlen(iap_faults[i].name) == n && memcmp(iap_faults[i].name, name, n) == 0) return i;
    }
    return -1;
}

static void notes_text(const struct iap_msg *m, char *out, size_t n)
{
    size_t at = 0;
    out[0] = 0;
    for (size_t i = 0; i < m->note_n && at < n; i++)
        at += (size_t)snprintf(out + at, n - at, " %s@%u", iap_faults[m->note[i].code].name,
                               (unsigned)m->note[i].at);
}

static void want_slice(const struct at *at, const struct md_block *b, const char *word, size_t k, slice got,
                       bool here)
{
    static uint8_t octets[MD_OCTETS];
    size_t n = 0;
    const char *value = md_value(b, word, k);
    if (!value) {
        WANT(at, !here, "%s is there and was not expected: '%.*s'", word, (int)got.n, (const char *)got.p);
        return;
    }
    if (!md_decode(value, octets, sizeof octets, &n)) md_die(at->v->file, at->v->line_no, word);
    WANT(at, here && slice_eq(got, slice_of(octets, n)), "%s is '%.*s' instead of '%s'", word, (int)got.n,
         (const char *)got.p, value);
}

static void want_number(const struct at *at, const struct md_block *b, const char *word, uint64_t got,
                        bool here)
{
    const char *value = md_value(b, word, 0);
    if (!value) {
        WANT(at, !here, "%s is there and was not expected: %llu", word, (unsigned long long)got);
        return;
    }
    WANT(at, here && strtoull(value, NULL, 10) == got, "%s is %llu instead of %s", word,
         (unsigned long long)got, value);
}

static void want_notes(const struct at *at, const struct md_block *b, const struct iap_msg *m)
{
    char have[400];
    const char *s;
    size_t k;
    notes_text(m, have, sizeof have);
    for (k = 0; (s = md_value(b, "note", k)); k++) {
        size_t n = strcspn(s, "@");
        int code = find_fault(s, n);
        if (code < 0 || s[n] != '@') md_die(at->v->file, at->v->line_no, "note that is no FAULT@offset");
        WANT(at,
             k < m->note_n && (int)m->note[k].code == code && m->note[k].at == strtoul(s + n + 1, NULL, 10),
             "note %zu is not %s; notes are%s", k + 1, s, have);
    }
    WANT(at, k == m->note_n, "%u notes instead of %zu:%s", (unsigned)m->note_n, k, have);
    static const char *const words[] = {"note", "weak", "fail"};
    s = md_value(b, "severity", 0);
    WANT(at, strcmp(words[iap_msg_severity(m)], s ? s : "note") == 0, "severity is %s",
         words[iap_msg_severity(m)]);
}

static void want_fields(const struct at *at, const struct md_block *b, const struct iap_msg *m)
{
    const char *s = md_value(b, "kind", 0), *role = md_value(b, "role", 0);
    bool c = m->kind == IAP_CONTENT;
    size_t k;
    WANT(at, s && strcmp(s, iap_kind_name(m->kind)) == 0, "kind is %s", iap_kind_name(m->kind));
    want_slice(at, b, "host", 0, m->host, m->kind == IAP_CONNECT);
    want_number(at, b, "code", m->code, m->kind == IAP_RESPONSE);
    want_slice(at, b, "upgrade", 0, m->upgrade, m->kind == IAP_UPGRADE);
    want_slice(at, b, "version", 0, m->version, m->version.p != NULL);
    WANT(at, (m->role_text.p != NULL) == (role != NULL), "role line there: %d", m->role_text.p != NULL);
    if (role) {
        static const char *const names[] = {"none", "sender", "receiver"};
        WANT(at, strcmp(names[m->role], role) == 0, "role is %s", names[m->role]);
    }
    want_slice(at, b, "type", 0, m->type, c);
    want_number(at, b, "length", m->length, c);
    want_slice(at, b, "body", 0, m->body, c);
    for (k = 0; k < m->via_n; k++)
        want_slice(at, b, "via", k, m->via[k], true);
    WANT(at, !md_value(b, "via", k), "%zu Via lines only", k);
}

static void want_all(const struct at *at, const struct md_block *b, err want, err e, const struct iap_msg *m)
{
    WANT(at, e == want, "result is %s instead of %s", err_name(e), err_name(want));
    if (e == ERR_MORE) return;
    want_notes(at, b, m);
    if (e == OK) want_fields(at, b, m);
    size_t used = md_value(b, "used", 0) ? strtoul(md_value(b, "used", 0), NULL, 10) : at->v->n;
    WANT(at, e != OK || slice_eq(m->raw, slice_of(at->v->octets, used)), "raw is %zu octets", m->raw.n);
}

/* Pieces of step octets behind a first one of cut octets, until there is a result. */
static void run_reader(struct at *at, const struct env *env, const struct md_block *b, err want, bool settle,
                       size_t step)
{
    struct iap_reader r;
    struct iap_msg m;
    uint64_t where = 99;
    size_t fed = at->cut;
    slice whole = slice_of(at->v->octets, at->v->n), in = slice_sub(whole, 0, at->cut);
    iap_reader_init(&r, env);
    err e = iap_reader_next(&r, &in, &m, &where);
    while (e == ERR_MORE && fed < whole.n) {
        WANT(at, in.n == 0, "%zu octets were left with ERR_MORE", in.n);
        in = slice_sub(whole, fed, fed + step);
        fed += in.n;
        e = iap_reader_next(&r, &in, &m, &where);
    }
    if (e == ERR_MORE && settle) e = iap_reader_settle(&r, &m, &where);
    want_all(at, b, want, e, &m);
    if (e == OK) {
        struct buf rest;
        size_t used = md_value(b, "used", 0) ? strtoul(md_value(b, "used", 0), NULL, 10) : whole.n;
        WANT(at, where == 0, "the message begins at %llu", (unsigned long long)where);
        buf_init(&rest, env->mem, MD_OCTETS);
        WANT(at, iap_reader_rest(&r, &rest) == OK && buf_add(&rest, in) == OK, "no rest");
        WANT(at, rest.n == fed - used, "%zu octets lie behind the message instead of %zu", rest.n,
             fed - used);
        WANT(at, slice_eq(buf_slice(&rest), slice_sub(whole, used, fed)), "the rest is not what lies behind");
        buf_done(&rest);
    } else if (e != ERR_MORE) {
        err first = e;
        in = whole;
        e = iap_reader_next(&r, &in, &m, &where);
        WANT(at, e == first && in.n == whole.n && m.note_n == 0, "the error does not stick");
    }
    iap_reader_done(&r);
}

static void run_writer(struct at *at, const struct env *env, const struct md_block *b,
                       const struct iap_msg *m)
{
    static const struct {
        const char *name;
        const struct iap_style *style;
    } styles[] = {
        {"sent", &iap_style_sent}, {"example", &iap_style_example}, {"grammar", &iap_style_grammar}};
    const char *s = md_value(b, "writes", 0);
    slice whole = slice_of(at->v->octets, at->v->n);
    for (size_t i = 0; i < sizeof styles / sizeof *styles; i++) {
        struct parts p;
        struct buf one, two;
        buf_init(&one, env->mem, MD_OCTETS);
        buf_init(&two, env->mem, MD_OCTETS);
        parts_init(&p, env->mem, MD_OCTETS);
        at->how = styles[i].name;
        bool named = s && strstr(s, styles[i].name);
        WANT(at, iap_write(m, styles[i].style, &one) == OK, "cannot be written");
        WANT(at, iap_compose(m, styles[i].style, &p) == OK && parts_write(&p, &two) == OK,
             "cannot be composed");
        WANT(at, slice_eq(buf_slice(&one), buf_slice(&two)), "iap_write and iap_compose differ");
        WANT(at, slice_eq(buf_slice(&one), whole) == named, "written %s: '%.*s'",
             named ? "otherwise" : "to the same octets", (int)one.n, (const char *)buf_slice(&one).p);
        parts_done(&p);
        buf_done(&one);
        buf_done(&two);
    }
}

static void take_limits(const struct at *at, const struct md_block *b, struct env *env)
{
    const char *s;
    for (size_t k = 0; (s = md_value(b, "limit", k)); k++) {
        char name[16];
        unsigned long v;
        if (sscanf(s, "%15s %lu", name, &v) != 2) md_die(at->v->file, at->v->line_no, "limit");
        size_t *l = strcmp(name, "line") == 0      ? &env->limits.line
                    : strcmp(name, "head") == 0    ? &env->limits.head
                    : strcmp(name, "vias") == 0    ? &env->limits.vias
                    : strcmp(name, "content") == 0 ? &env->limits.content
                                                   : NULL;
        if (!l)
            md_die(at->v->file, at->v->line_no, "no such limit");
        else
            *l = v;
    }
}

static void take_tally(struct tally *t, const struct md_block *b, const struct iap_msg *m, err e)
{
    const char *s = md_value(b, "form", 0);
    for (size_t i = 0; e != ERR_MORE && i < m->note_n; i++)
        t->fault[m->note[i].code] = true;
    if (e == OK) t->kind[m->kind] = true;
    int d;
    char which[16];
    for (size_t k = 0; (s = md_value(b, "form", k)); k++) {
        if (sscanf(s, "IAP-D%d %15s", &d, which) == 2 && d > 0 && d < 8)
            t->form[d][strcmp(which, "meant") == 0] = true;
    }
}

static void run_block(const struct md_vector *v, const struct md_block *b, void *ctx)
{
    struct tally *t = ctx;
    struct env env;
    struct at at = {v, "whole", v->n};
    struct iap_msg m;
    size_t used, need;
    const char *s = md_value(b, "result", 0);
    bool settle = md_value(b, "settle", 0) != NULL;
    err want = !s ? OK : strcmp(s, "more") == 0 ? ERR_MORE : strcmp(s, "peer") == 0 ? ERR_PEER : ERR_LIMIT;
    for (size_t i = 0; i < b->n; i++) {
        bool ok = false;
        for (size_t k = 0; k < sizeof known / sizeof *known; k++)
            ok = ok || strcmp(b->line[i].word, known[k]) == 0;
        if (!ok) md_die(v->file, v->line_no, b->line[i].word);
    }
    env_init(&env);
    take_limits(&at, b, &env);
    slice whole = slice_of(v->octets, v->n);
    /* a copy of exactly that size, so that the sanitizer sees a step too far */
    uint8_t *exact = malloc(v->n ? v->n : 1);
    memcpy(exact, v->octets, v->n);
    err e = iap_read(&env, slice_of(exact, v->n), settle, &m, &used, &need);
    want_all(&at, b, want, e, &m);
    want_number(&at, b, "used", used, used != whole.n && e == OK);
    WANT(&at, e != ERR_MORE || need > whole.n, "need is %zu of %zu octets", need, whole.n);
    take_tally(t, b, &m, e);
    if (e == OK) run_writer(&at, &env, b, &m);
    free(exact);
    /* every front part is unfinished, or gives the same */
    for (at.cut = 0, at.how = "front"; at.cut < v->n; at.cut++) {
        e = iap_read(&env, slice_sub(whole, 0, at.cut), false, &m, &used, &need);
        if (e != ERR_MORE)
            want_all(&at, b, want, e, &m);
        else
            WANT(&at, need > at.cut && (want != OK || need <= (settle ? v->n + 1 : v->n)), "need is %zu",
                 need);
    }
    for (at.cut = 0, at.how = "two pieces"; at.cut <= v->n; at.cut++)
        run_reader(&at, &env, b, want, settle, v->n);
    at.cut = 0;
    at.how = "octet by octet";
    run_reader(&at, &env, b, want, settle, 1);
    t->vectors++;
    t->reads += 2 * v->n + 3;
}

static void test_vectors(void **state)
{
    struct tally t = {.vectors = 0};
    const char *dir = SOURCE_DIR "/vectors/iap";
    struct dirent **names;
    (void)state;
    int n = scandir(dir, &names, NULL, alphasort);
    assert_true(n > 0);
    for (int i = 0; i < n; i++) {
        char path[512];
        size_t len = strlen(names[i]->d_name);
        snprintf(path, sizeof path, "%s/%s", dir, names[i]->d_name);
        if (len > 3 && strcmp(names[i]->d_name + len - 3, ".md") == 0 &&
            strcmp(names[i]->d_name, "README.md") != 0)
            md_file(path, run_block, &t);
        free(names[i]);
    }
    free(names);
    print_message("%zu expectations, %zu readings\n", t.vectors, t.reads);
    assert_true(t.vectors > 100);
    for (int k = IAP_CONNECT; k <= IAP_CONTENT; k++)
        assert_true(t.kind[k]);
    for (int d = 1; d <= 4; d++) { /* grammar against example */
        assert_true(t.form[d][0]);
        assert_true(t.form[d][1]);
    }
    for (int f = IAP_F_NONE + 1; f < IAP_F_ORDER; f++) { /* those behind are of the tracker */
        if (f == IAP_F_HALF) continue;                   /* so is this one */
        if (!t.fault[f]) fail_msg("no vector for %s", iap_faults[f].name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_vectors)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
