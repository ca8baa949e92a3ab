/* SPDX-License-Identifier: MIT */
/* Runs vectors/oe/: each record as it stands, texts cut to strings at every place, what was good written and
 * read again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <dirent.h>

#include "codec/oe_key.h"
#include "codec/oe_master.h"
#include "codec/oe_txt.h"
#include "test/vectors_md.h"

struct tally {
    size_t vectors;
    struct env env;
    size_t failed;
    bool fault[OE_F_COUNT], take[4];
};

/* What was read, as lines of an expect block. */
struct said {
    size_t n;
    char line[MD_LINES][MD_LINE];
};

static void say(struct said *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void say(struct said *s, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    assert_true(s->n < MD_LINES);
    vsnprintf(s->line[s->n++], MD_LINE, fmt, ap);
    va_end(ap);
}

static void say_take(struct said *s, const struct oe_notes *n, struct tally *t)
{
    for (int d = 0; d < OE_DIALECTS; d++) {
        enum oe_take take = oe_notes_take(n, (enum oe_dialect)d);
        say(s, "%s %s", oe_dialect_names[d], oe_take_names[take]);
        t->take[take] = true;
    }
    for (uint32_t i = 0; i < n->n; i++) {
        say(s, "note %s@%u", oe_faults[n->note[i].code].name, (unsigned)n->note[i].at);
        t->fault[n->note[i].code] = true;
    }
}

static void say_rsa(struct said *s, const struct oe_rsa *k)
{
    if (k->modulus.n) say(s, "key %u bits, exponent of %zu", (unsigned)k->bits, k->exponent.n);
}

static void say_txt(struct said *s, const struct oe_txt *t, struct tally *tally)
{
    char text[INET6_ADDRSTRLEN];
    say_take(s, &t->notes, tally);
    if (t->precedence_given) say(s, "precedence %u", t->precedence);
    if (t->gateway == OE_FQDN) say(s, "gateway @%.*s", (int)t->fqdn.n, (const char *)t->fqdn.p);
    if (t->gateway == OE_IP4 || t->gateway == OE_IP6)
        say(s, "gateway %s",
            inet_ntop(t->gateway == OE_IP4 ? AF_INET : AF_INET6, t->address, text, sizeof text));
    say_rsa(s, &t->rsa);
}

/* Tells of the first line that differs. */
static bool same(const struct md_vector *v, const struct md_block *b, const struct said *s)
{
    size_t k = 0;
    for (size_t i = 0; i < b->n; i++) {
        char want[MD_LINE + 32];
        if (strcmp(b->line[i].word, "as") == 0 || strcmp(b->line[i].word, "form") == 0) continue;
        snprintf(want, sizeof want, "%s %s", b->line[i].word, b->line[i].value);
        if (k < s->n && strcmp(want, s->line[k]) == 0) {
            k++;
            continue;
        }
        fprintf(stderr, "%s:%d: %s: '%s' instead of '%s'\n", v->file, v->line_no, v->name,
                k < s->n ? s->line[k] : "", want);
        return false;
    }
    if (k < s->n)
        fprintf(stderr, "%s:%d: %s: more was said: '%s'\n", v->file, v->line_no, v->name, s->line[k]);
    return k == s->n;
}

/* What can be written reads as the same record, and is good. */
static void txt_again(const struct env *env, const struct oe_txt *t)
{
    struct buf out;
    struct oe_txt again;
    bool wants_key = t->key_given;
    buf_init(&out, env->mem, OE_TXT_MAX);
    assert_int_equal(oe_txt_write(env, t, &out), OK);
    assert_int_equal(oe_txt_read(env, buf_slice(&out), &again), OK);
    if (t->gateway != OE_IP6 && wants_key)
        assert_true(oe_txt_take(&again, OE_DRAFT) <= (t->gateway == OE_IP4 ? OE_LOOSE : OE_TAKE));
    assert_int_equal(again.precedence, t->precedence);
    assert_int_equal(again.gateway, t->gateway);
    assert_memory_equal(again.address, t->address, sizeof t->address);
    assert_true(slice_eq(again.fqdn, t->fqdn));
    assert_true(oe_rsa_eq(&again.rsa, &t->rsa));
    oe_txt_done(&again);
    buf_done(&out);
}

static void run_rdata(slice in, struct said *s, struct tally *tally)
{
    struct oe_txt t;
    uint8_t *exact =
        malloc(in.n ? in.n : 1); /* of exactly that size, so that the sanitizer sees a step too far */
    if (in.n) memcpy(exact, in.p, in.n);
    assert_int_equal(oe_txt_read(&tally->env, slice_of(exact, in.n), &t), OK);
    free(exact);
    say_txt(s, &t, tally);
    if (oe_txt_take(&t, OE_RFC) <= OE_LOOSE && !oe_notes_has(&t.notes, OE_F_RSA_NO_KEY)) txt_again(&tally->env, &t);
    oe_txt_done(&t);
}

/* However a text is cut, it is read as the same record, but for the notes that tell of the cut. */
static void run_cut(const struct md_vector *v, slice text, const struct said *first, struct tally *tally)
{
    for (size_t cut = 1; cut < text.n && text.n; cut++) {
        struct said s = {.n = 0};
        struct oe_txt t;
        struct buf rdata;
        uint32_t kept = 0;
        if (text.n > 600 && cut > 8 && cut != 100 && cut < 250) continue;
        if (cut > OE_STRING_MAX) break;
        buf_init(&rdata, &mem_libc, OE_RDATA_MAX);
        assert_int_equal(oe_txt_strings(text, cut, &rdata), OK);
        assert_int_equal(oe_txt_read(&tally->env, buf_slice(&rdata), &t), OK);
        assert_true(slice_eq(t.text, text));
        for (uint32_t i = 0; i < t.notes.n; i++) {
            if (t.notes.note[i].code == OE_F_STRINGS) continue;
            t.notes.note[kept] = t.notes.note[i];
            if (t.notes.note[kept].code == OE_F_JOINED)
                t.notes.note[kept] = (struct oe_note){OE_F_GATEWAY, 0};
            kept++;
        }
        t.notes.n = kept;
        say_txt(&s, &t, tally);
        if (s.n != first->n) fprintf(stderr, "%s:%d: %s: cut at %zu\n", v->file, v->line_no, v->name, cut);
        assert_int_equal(s.n, first->n);
        for (size_t i = 0; i < s.n; i++) {
            bool gateway = strncmp(first->line[i], "note GATEWAY@", 13) == 0 ||
                           strncmp(first->line[i], "note FQDN@", 10) == 0;
            if (!gateway) assert_string_equal(s.line[i], first->line[i]);
        }
        oe_txt_done(&t);
        buf_done(&rdata);
    }
}

static void run_text(const struct md_vector *v, slice in, struct said *s, struct tally *tally)
{
    struct oe_txt t;
    assert_int_equal(oe_txt_read_text(&tally->env, in, &t), OK);
    say_txt(s, &t, tally);
    if (oe_txt_take(&t, OE_RFC) <= OE_LOOSE && !oe_notes_has(&t.notes, OE_F_RSA_NO_KEY)) txt_again(&tally->env, &t);
    oe_txt_done(&t);
    run_cut(v, in, s, tally);
}

static void run_key(slice in, struct said *s, struct tally *tally)
{
    struct oe_key k;
    struct buf out;
    uint8_t *exact = calloc(in.n ? in.n : 1, 1);
    if (in.n) memcpy(exact, in.p, in.n);
    oe_key_read(slice_of(exact, in.n), &k);
    say_take(s, &k.notes, tally);
    if (in.n >= 4) say(s, "head 0x%04X %u %u", k.flags, k.protocol, k.algorithm);
    say_rsa(s, &k.rsa);
    if (oe_notes_take(&k.notes, OE_RFC) <= OE_LOOSE && !oe_notes_has(&k.notes, OE_F_RSA_NO_KEY)) {
        buf_init(&out, &mem_libc, OE_KEY_MAX);
        assert_int_equal(oe_key_write(k.flags, k.protocol, k.algorithm, k.rsa.exponent, k.rsa.modulus, &out),
                         OK);
        assert_true(slice_eq(buf_slice(&out), in));
        buf_done(&out);
    }
    free(exact);
}

/* What was read from text is written in both layouts, and read again to the same octets. */
static void master_again(const struct env *env, const struct oe_rr *rr)
{
    for (int layout = OE_ONE_LINE; layout <= OE_WRAPPED; layout++) {
        struct buf out;
        struct oe_rr again;
        struct oe_text_fault f;
        buf_init(&out, env->mem, 1 << 20);
        err e = oe_rr_write(SLICE_LIT("a.example."), 3600, rr->type, buf_slice(&rr->rdata),
                            (enum oe_layout)layout, &out);
        if (e == ERR_USE) { /* \# can hold what is no record */
            buf_done(&out);
            continue;
        }
        assert_int_equal(e, OK);
        assert_int_equal(oe_master_read(env, buf_slice(&out), 0, &again, &f), OK);
        assert_int_equal(again.used, out.n);
        assert_int_equal(again.type, rr->type);
        assert_int_equal(again.ttl, 3600);
        assert_true(slice_eq(again.owner, SLICE_LIT("a.example.")));
        assert_true(slice_eq(buf_slice(&again.rdata), buf_slice(&rr->rdata)));
        oe_rr_done(&again);
        buf_done(&out);
    }
}

static void run_master(const struct md_block *b, slice in, struct said *s, struct tally *tally)
{
    struct oe_rr rr;
    struct oe_text_fault f;
    const char *as = md_value(b, "as", 0);
    uint16_t type = strcmp(as, "txt-text") == 0 ? OE_RR_TXT : strcmp(as, "key-text") == 0 ? OE_RR_KEY : 0;
    err e = oe_master_read(&tally->env, in, type, &rr, &f);
    if (e == OK) {
        say(s, "type %s", rr.type == OE_RR_TXT ? "TXT" : "KEY");
        if (rr.owner.n) say(s, "owner %.*s", (int)rr.owner.n, (const char *)rr.owner.p);
        if (rr.ttl_given) say(s, "ttl %u", (unsigned)rr.ttl);
        if (rr.hex_flags) say(s, "hex flags");
        if (rr.lax) say(s, "lax %u", rr.lax);
        if (rr.used != in.n) say(s, "used %zu", rr.used);
        if (rr.type == OE_RR_TXT)
            run_rdata(buf_slice(&rr.rdata), s, tally);
        else
            run_key(buf_slice(&rr.rdata), s, tally);
        master_again(&tally->env, &rr);
    } else if (e == ERR_PEER) {
        say(s, "fault %s@%zu", oe_faults[f.code].name, f.at);
        tally->fault[f.code] = true;
        assert_true(f.why[0] && f.at <= in.n);
    } else {
        say(s, "result %s", err_name(e));
    }
    oe_rr_done(&rr);
}

static void run(const struct md_vector *v, const struct md_block *b, void *ctx)
{
    struct tally *t = ctx;
    struct said s = {.n = 0};
    slice in = slice_of(v->octets, v->n);
    const char *as = md_value(b, "as", 0);
    if (!as) md_die(v->file, v->line_no, "no line 'as'");
    if (strcmp(as, "text") == 0)
        run_text(v, in, &s, t);
    else if (strcmp(as, "rdata") == 0)
        run_rdata(in, &s, t);
    else if (strcmp(as, "key") == 0)
        run_key(in, &s, t);
    else if (strcmp(as, "record") == 0 || strcmp(as, "txt-text") == 0 || strcmp(as, "key-text") == 0)
        run_master(b, in, &s, t);
    else
        md_die(v->file, v->line_no, "as what?");
    t->failed += !same(v, b, &s);
    t->vectors++;
}

static void vectors(void **state)
{
    struct tally t = {.vectors = 0};
    const char *folder = SOURCE_DIR "/vectors/oe";
    (void)state;
    env_init(&t.env);
    struct dirent **names;
    int n = scandir(folder, &names, NULL, alphasort);
    assert_true(n > 0);
    for (int i = 0; i < n; i++) {
        char path[600];
        size_t len = strlen(names[i]->d_name);
        if (len > 3 && strcmp(names[i]->d_name + len - 3, ".md") == 0 &&
            strcmp(names[i]->d_name, "README.md") != 0) {
            snprintf(path, sizeof path, "%s/%s", folder, names[i]->d_name);
            md_file(path, run, &t);
        }
        free(names[i]);
    }
    free(names);
    printf("%zu vectors\n", t.vectors);
    assert_int_equal(t.failed, 0);
    assert_true(t.vectors >= 150);
    for (int i = 0; i < 4; i++)
        assert_true(t.take[i]);
    for (int i = 1; i < OE_F_COUNT; i++) {
        if (i == OE_F_TXT_LIMIT || i == OE_F_KEY_LIMIT || i == OE_F_MASTER_HEX)
            continue; /* oe_txt_test, oe_key_test; "hex flags" */
        if (!t.fault[i]) fprintf(stderr, "no vector has %s\n", oe_faults[i].name);
        assert_true(t.fault[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(vectors)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
