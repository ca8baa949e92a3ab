/* SPDX-License-Identifier: MIT */
/* Runs vectors/beep/: each frame whole, cut in two at every place and octet by octet, through beep_frame_read
 * and beep_reader, and back; each element in and out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>

#include "codec/beep_frame.h"
#include "codec/beep_mgmt.h"
#include "test/vectors_md.h"

enum { PAYLOAD_MAX = 4096 };

struct tally {
    size_t frames, elements, exact;
    bool fault[BEEP_F_COUNT];
    bool keyword[BEEP_KEYWORDS], element[BEEP_EL_COUNT];
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

static const char *const known[] = {"result",   "keyword",  "channel", "msgno",      "more",    "seqno",
                                    "size",     "ansno",    "ackno",   "window",     "note",    "used",
                                    "severity", "writes",   "element", "rewrites",   "read",    "fault",
                                    "features", "localize", "number",  "serverName", "code",    "lang",
                                    "text",     "version",  "status",  "blob",       "profile", "content"};

static const char *const severities[] = {"note", "weak", "fail"};

static void want_word(const struct at *at, const struct md_block *b, const char *word, const char *got)
{
    const char *value = md_value(b, word, 0);
    WANT(at, value ? got && strcmp(value, got) == 0 : !got, "%s is %s instead of %s", word,
         got ? got : "not there", value ? value : "not there");
}

static void want_number(const struct at *at, const struct md_block *b, const char *word, uint64_t got,
                        bool here)
{
    char text[24];
    snprintf(text, sizeof text, "%llu", (unsigned long long)got);
    want_word(at, b, word, here ? text : NULL);
}

static void want_slice(const struct at *at, const struct md_block *b, const char *word, size_t k, slice got,
                       bool here)
{
    static uint8_t octets[MD_OCTETS];
    size_t n = 0;
    const char *value = md_value(b, word, k);
    if (value && !md_decode(value, octets, sizeof octets, &n)) md_die(at->v->file, at->v->line_no, word);
    WANT(at, value ? here && slice_eq(got, slice_of(octets, n)) : !here, "%s is '%.*s' instead of '%s'", word,
         (int)got.n, (const char *)got.p, value ? value : "not there");
}

/* --- frames
 * --------------------------------------------------------------------------------------------------- */

static void want_notes(const struct at *at, const struct md_block *b, const struct beep_frame *f)
{
    const char *s;
    size_t k;
    enum severity worst = SEV_NOTE;
    for (k = 0; k < f->note_n; k++) {
        char text[40];
        const struct fault_info *info = &beep_faults[f->note[k].code];
        snprintf(text, sizeof text, "%s@%u", info->name, (unsigned)f->note[k].at);
        s = md_value(b, "note", k);
        WANT(at, s && strcmp(s, text) == 0, "note %zu is %s instead of %s", k, text, s ? s : "none");
        if (info->severity > worst) worst = info->severity;
    }
    WANT(at, !md_value(b, "note", k), "%zu notes only", k);
    s = md_value(b, "severity", 0);
    if (f->head && f->payload.p)
        WANT(at, strcmp(s ? s : "note", severities[worst]) == 0, "severity is %s", severities[worst]);
}

static void want_fields(const struct at *at, const struct md_block *b, const struct beep_frame *f)
{
    bool head = f->head > 0, seq = head && f->keyword == BEEP_SEQ, data = head && !seq;
    want_word(at, b, "keyword", head ? beep_keyword_names[f->keyword] : NULL);
    want_number(at, b, "channel", f->channel, head);
    want_number(at, b, "msgno", f->msgno, data);
    want_word(at, b, "more", data ? (f->more ? "*" : ".") : NULL);
    want_number(at, b, "seqno", f->seqno, data);
    want_number(at, b, "size", f->size, data);
    want_number(at, b, "ansno", f->ansno, head && f->keyword == BEEP_ANS);
    want_number(at, b, "ackno", f->seqno, seq);
    want_number(at, b, "window", f->size, seq);
}

static void want_frame(const struct at *at, const struct md_block *b, err want, err e,
                       const struct beep_frame *f)
{
    WANT(at, e == want, "result is %s instead of %s", err_name(e), err_name(want));
    want_notes(at, b, f);
    if (e == OK || (e == ERR_MORE && f->head)) want_fields(at, b, f);
    if (e != OK) return;
    size_t used = md_value(b, "used", 0) ? strtoul(md_value(b, "used", 0), NULL, 10) : at->v->n;
    slice whole = slice_of(at->v->octets, used);
    WANT(at, slice_eq(f->raw, whole), "raw is %zu octets", f->raw.n);
    if (f->keyword != BEEP_SEQ)
        WANT(at, slice_eq(f->payload, slice_sub(whole, f->head, f->head + f->size)), "wrong payload");
}

/* Cut at at->cut, then in pieces of step, until there is a result. */
static void run_reader(struct at *at, const struct env *env, const struct md_block *b, err want, size_t step)
{
    struct beep_reader r;
    struct beep_frame f;
    uint64_t where;
    size_t fed = at->cut;
    bool headed = false;
    slice whole = slice_of(at->v->octets, at->v->n), in = slice_sub(whole, 0, at->cut);
    beep_reader_init(&r, env, PAYLOAD_MAX);
    if (want == ERR_MORE) r.max_payload = SIZE_MAX;
    for (;;) {
        enum beep_read what = beep_reader_next(&r, &in, &f, &where);
        WANT(at, where == 0, "it begins at %llu", (unsigned long long)where);
        if (what == BEEP_READ_MORE) {
            WANT(at, in.n == 0, "%zu octets were left", in.n);
            if (fed == whole.n) break;
            in = slice_sub(whole, fed, fed + step);
            fed += in.n;
            continue;
        }
        if (what == BEEP_READ_HEAD) {
            WANT(at, !headed && f.payload.n == 0 && f.head, "a header at the wrong time");
            headed = true;
            if (want == OK) want_fields(at, b, &f);
            continue;
        }
        if (what == BEEP_READ_BAD) {
            want_frame(at, b, want, r.failed, &f);
            want = ERR_USE; /* nothing else will do */
            break;
        }
        WANT(at, headed, "no header before the frame");
        want_frame(at, b, want, OK, &f);
        want = ERR_USE;
        break;
    }
    WANT(at, want == ERR_USE || want == ERR_MORE, "nothing came of it");
    beep_reader_done(&r);
}

static void run_writer(const struct at *at, const struct md_block *b, const struct beep_frame *f)
{
    struct parts p;
    struct buf one, two;
    bool same = md_value(b, "writes", 0) == NULL;
    buf_init(&one, &mem_libc, MD_OCTETS);
    buf_init(&two, &mem_libc, MD_OCTETS);
    parts_init(&p, &mem_libc, MD_OCTETS);
    WANT(at, beep_frame_write(f, &one) == OK, "cannot be written");
    WANT(at, beep_frame_compose(f, NULL, &p) == OK && parts_write(&p, &two) == OK, "cannot be composed");
    WANT(at, slice_eq(buf_slice(&one), buf_slice(&two)), "beep_frame_write and beep_frame_compose differ");
    WANT(at, slice_eq(buf_slice(&one), f->raw) == same, "written %s",
         same ? "otherwise" : "to the same octets");
    parts_done(&p);
    buf_done(&one);
    buf_done(&two);
}

static slice trim(slice s)
{
    while (s.n && isspace(s.p[0]))
        s = slice_sub(s, 1, s.n);
    while (s.n && isspace(s.p[s.n - 1]))
        s = slice_sub(s, 0, s.n - 1);
    return s;
}

/* The payload as a message: read, and written again with the blanks around contents as the writer has them.
 */
static void run_payload(const struct at *at, const struct env *env, const struct md_block *b, slice payload,
                        struct tally *t)
{
    struct beep_el el, inner;
    struct buf out;
    const char *no = md_value(b, "rewrites", 0);
    buf_init(&out, env->mem, MD_OCTETS);
    err e = beep_mgmt_read(env, payload, &el);
    WANT(at, e == OK, "the message: %s", el.why);
    WANT(at, el.note_n == 0, "the message has %s", beep_faults[el.note[0].code].name);
    want_word(at, b, "element", beep_element_names[el.kind]);
    for (size_t i = 0; i < el.profiles; i++) {
        WANT(at, beep_el_read(env, el.profile[i].content, SLICE_NONE, &inner) == OK, "the content: %s",
             inner.why);
        WANT(at, inner.note_n == 0 && (inner.kind != BEEP_EL_NONE) == (el.profile[i].content.n > 0),
             "the content has notes");
        beep_el_done(&inner);
        el.profile[i].content = trim(el.profile[i].content);
    }
    WANT(at, beep_mgmt_write(&el, BEEP_CDATA, &out) == OK, "the message cannot be written");
    bool same = slice_eq(buf_slice(&out), payload);
    WANT(at, same == !no, "the message is '%.*s'", (int)out.n, (const char *)buf_slice(&out).p);
    t->exact += same;
    beep_el_done(&el);
    buf_done(&out);
}

static void run_frame(const struct md_vector *v, const struct md_block *b, struct tally *t)
{
    struct env env;
    struct at at = {v, "whole", v->n};
    struct beep_frame f;
    size_t used;
    const char *s = md_value(b, "result", 0);
    err want = !s ? OK : strcmp(s, "more") == 0 ? ERR_MORE : strcmp(s, "peer") == 0 ? ERR_PEER : ERR_LIMIT;
    slice whole = slice_of(v->octets, v->n);
    env_init(&env);
    /* a copy of exactly that size, so that the sanitizer sees a step too far */
    uint8_t *exact = malloc(v->n ? v->n : 1);
    memcpy(exact, v->octets, v->n);
    err e = beep_frame_read(slice_of(exact, v->n), want == ERR_MORE ? SIZE_MAX : PAYLOAD_MAX, &f, &used);
    want_frame(&at, b, want, e, &f);
    WANT(&at, used == (e == OK ? f.raw.n : 0), "used is %zu", used);
    for (uint32_t i = 0; i < f.note_n; i++)
        t->fault[f.note[i].code] = true;
    if (e == OK) {
        t->keyword[f.keyword] = true;
        run_writer(&at, b, &f);
        if (md_value(b, "element", 0)) run_payload(&at, &env, b, f.payload, t);
    }
    free(exact);
    for (at.cut = 0, at.how = "two pieces"; at.cut <= whole.n; at.cut++)
        run_reader(&at, &env, b, want, v->n);
    at.cut = 0;
    at.how = "octet by octet";
    run_reader(&at, &env, b, want, 1);
    t->frames++;
}

/* --- elements
 * ------------------------------------------------------------------------------------------------- */

static void want_element(const struct at *at, const struct md_block *b, const struct beep_el *el)
{
    static const char *const status[] = {"continue", "abort", "complete"};
    bool coded = el->kind == BEEP_EL_CLOSE || el->kind == BEEP_EL_ERROR, blob = el->kind == BEEP_EL_BLOB;
    want_slice(at, b, "features", 0, el->features, el->features_given);
    want_slice(at, b, "localize", 0, el->localize, el->localize_given);
    want_number(at, b, "number", el->number, el->number_given);
    want_slice(at, b, "serverName", 0, el->server_name, el->server_name_given);
    want_number(at, b, "code", el->code, coded);
    want_slice(at, b, "lang", 0, el->lang, el->lang_given);
    want_slice(at, b, "text", 0, el->text, el->text.n > 0);
    want_slice(at, b, "version", 0, el->version, el->kind == BEEP_EL_READY);
    want_word(at, b, "status", blob ? status[el->status] : NULL);
    want_slice(at, b, "blob", 0, el->blob, el->blob.n > 0);
    for (size_t i = 0; i < el->profiles; i++)
        want_slice(at, b, "profile", i, el->profile[i].uri, true);
    WANT(at, !md_value(b, "profile", el->profiles), "%zu profiles only", el->profiles);
    slice content = el->profiles ? el->profile[0].content : SLICE_NONE;
    want_slice(at, b, "content", 0, content, content.n > 0);
}

/* What was written reads as the same. */
static void run_again(struct at *at, const struct env *env, const struct md_block *b,
                      const struct beep_el *el, enum beep_style style)
{
    struct beep_el again;
    struct buf out;
    buf_init(&out, env->mem, MD_OCTETS);
    WANT(at, beep_el_write(el, style, &out) == OK, "cannot be written");
    err e = beep_el_read(env, buf_slice(&out), SLICE_NONE, &again);
    WANT(at, e == OK && again.kind == el->kind, "'%.*s' does not read", (int)out.n,
         (const char *)buf_slice(&out).p);
    for (size_t i = 0; i < again.profiles && style == BEEP_CDATA; i++)
        again.profile[i].content = trim(again.profile[i].content);
    want_element(at, b, &again);
    beep_el_done(&again);
    buf_done(&out);
}

static void run_element(const struct md_vector *v, const struct md_block *b, struct tally *t)
{
    struct env env;
    struct beep_el el;
    struct at at = {v, "whole", v->n};
    bool message = strcmp(md_value(b, "read", 0), "message") == 0;
    const char *s = md_value(b, "result", 0);
    err want = s && strcmp(s, "peer") == 0 ? ERR_PEER : OK;
    env_init(&env);
    uint8_t *exact = malloc(v->n ? v->n : 1);
    memcpy(exact, v->octets, v->n);
    err e = message ? beep_mgmt_read(&env, slice_of(exact, v->n), &el)
                    : beep_el_read(&env, slice_of(exact, v->n), SLICE_NONE, &el);
    free(exact); /* nothing points into it */
    WANT(&at, e == want, "result is %s: %s", err_name(e), el.why ? el.why : "");
    WANT(&at, (e == OK) == (el.why == NULL), "why");
    want_word(&at, b, "element", beep_element_names[el.kind]);
    want_word(&at, b, "fault", el.note_n ? beep_faults[el.note[0].code].name : NULL);
    for (uint32_t i = 0; i < el.note_n; i++)
        t->fault[el.note[i].code] = true;
    if (el.note_n == 0) {
        static const char *const styles[] = {"as CDATA", "escaped", "in base64"};
        t->element[el.kind] = true;
        want_element(&at, b, &el);
        for (int style = BEEP_CDATA; style <= BEEP_IN_BASE64; style++) {
            at.how = styles[style];
            if (style == BEEP_IN_BASE64 && el.profiles && el.profile[0].content.n > BEEP_INIT_MAX / 4 * 3)
                continue; /* it grows */
            run_again(&at, &env, b, &el, (enum beep_style)style);
        }
    }
    beep_el_done(&el);
    t->elements++;
}

static void run_block(const struct md_vector *v, const struct md_block *b, void *ctx)
{
    for (size_t i = 0; i < b->n; i++) {
        bool ok = false;
        for (size_t k = 0; k < sizeof known / sizeof *known; k++)
            ok = ok || strcmp(b->line[i].word, known[k]) == 0;
        if (!ok) md_die(v->file, v->line_no, b->line[i].word);
    }
    if (md_value(b, "read", 0))
        run_element(v, b, ctx);
    else
        run_frame(v, b, ctx);
}

static void test_vectors(void **state)
{
    struct tally t = {.frames = 0};
    const char *dir = SOURCE_DIR "/vectors/beep";
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
    print_message("%zu frames, %zu elements; %zu messages of the examples are written to the same octets\n",
                  t.frames, t.elements, t.exact);
    assert_int_equal(t.exact, 53); /* of 55: all but the two that were folded for the page */
    for (int k = 0; k < BEEP_KEYWORDS; k++)
        assert_true(t.keyword[k]);
    for (int k = BEEP_EL_GREETING; k < BEEP_EL_COUNT; k++)
        assert_true(t.element[k]);
    for (int f = BEEP_F_NONE + 1; f < BEEP_F_COUNT; f++) {
        bool frame = f < BEEP_F_HALF,
             element = (f >= BEEP_F_MIME && f <= BEEP_F_BLOB_BASE64) || f == BEEP_F_OTHER_ERROR_CODE;
        if ((frame || element) && !t.fault[f]) fail_msg("no vector for %s", beep_faults[f].name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_vectors)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
