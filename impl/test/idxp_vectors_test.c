/* SPDX-License-Identifier: MIT */
/* Runs vectors/idxp/, vectors/tunnel/ and vectors/idmef/: frames with what is inside them, messages and
 * elements; what they are read as, what is noted, and back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>

#include "codec/beep_frame.h"
#include "codec/beep_mgmt.h"
#include "codec/idmef.h"
#include "codec/idxp_msg.h"
#include "codec/tunnel_msg.h"
#include "test/vectors_md.h"

struct tally {
    size_t vectors;
    struct idmef_schema *schema;
    struct env env;
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

/* A value in the notation of the vectors. */
static const char *shown(slice s, char out[MD_LINE])
{
    size_t n = 0;
    for (size_t i = 0; i < s.n && n + 5 < MD_LINE; i++) {
        uint8_t c = s.p[i];
        bool edge = c == ' ' && (i == 0 || i + 1 == s.n);
        if (c == '\n')
            n += (size_t)snprintf(out + n, MD_LINE - n, "\\n");
        else if (edge)
            n += (size_t)snprintf(out + n, MD_LINE - n, "\\s");
        else if (c == '\\')
            n += (size_t)snprintf(out + n, MD_LINE - n, "\\\\");
        else if (c < ' ' || c > 126)
            n += (size_t)snprintf(out + n, MD_LINE - n, "\\x%02X", c);
        else
            out[n++] = (char)c;
    }
    out[n] = 0;
    return out;
}

static void say_slice(struct said *s, const char *word, slice v)
{
    char text[MD_LINE];
    say(s, "%s %s", word, shown(v, text));
}

static void say_idxp(struct said *s, const struct idxp_msg *m, err e)
{
    say(s, "idxp %s", m->kind ? idxp_kind_names[m->kind] : "nothing");
    if (m->uri_given) say_slice(s, "uri", m->uri);
    if (m->role) say(s, "role %s", idxp_role_names[m->role]);
    if (m->fqdn_given) say_slice(s, "fqdn", m->fqdn);
    if (m->ip_given) say_slice(s, "ip", m->ip);
    for (size_t i = 0; i < m->options; i++) {
        const struct idxp_option *o = &m->option[i];
        char name[MD_LINE], value[64] = "";
        if (o->kind == IDXP_OPTION_PRIORITY) snprintf(value, sizeof value, " %u", (unsigned)o->priority);
        if (o->kind == IDXP_OPTION_STREAM)
            snprintf(value, sizeof value, " %s", o->stream ? idxp_stream_names[o->stream] : "-");
        bool named = o->internal_given || o->external_given;
        say(s, "option %.300s%s%s", named ? shown(o->internal_given ? o->internal : o->external, name) : "-",
            value, o->must_understand ? " must" : "");
    }
    if (m->code) say(s, "code %u", m->code);
    if (m->text.n) say_slice(s, "text", m->text);
    for (uint32_t i = 0; i < m->note_n; i++)
        say(s, "note %s", idxp_faults[m->note[i].code].name);
    assert_int_equal(e == ERR_PEER, idxp_msg_reply(m) != 0);
    if (e == ERR_PEER) say(s, "reply %u", idxp_msg_reply(m));
}

/* What was good is written to what reads the same. */
static void idxp_again(const struct env *env, enum idxp_dialect d, const struct idxp_msg *m,
                       const struct said *first, size_t from)
{
    struct said s = {.n = 0};
    struct idxp_msg again;
    struct buf out;
    if (m->kind != IDXP_GREETING && m->kind != IDXP_OK && m->kind != IDXP_ERROR) return;
    buf_init(&out, env->mem, 1 << 20);
    assert_int_equal(idxp_el_write(m, &out), OK);
    err e = idxp_el_read(env, d, buf_slice(&out), &again);
    again.note_n = again.note_n && again.note[0].code == IDXP_F_OTHER_CODE ? 1 : 0;
    say_idxp(&s, &again, e);
    for (size_t i = 0; i < s.n; i++)
        assert_string_equal(s.line[i], first->line[from + i]);
    idxp_msg_done(&again);
    buf_done(&out);
}

static void run_idxp(const struct env *env, enum idxp_dialect d, slice in, bool whole, struct said *s)
{
    struct idxp_msg m;
    size_t from = s->n;
    err e = whole ? idxp_msg_read(env, d, in, &m) : idxp_el_read(env, d, in, &m);
    say_idxp(s, &m, e);
    if (e == OK) idxp_again(env, d, &m, s, from);
    idxp_msg_done(&m);
}

static void say_tunnel(struct said *s, const struct tunnel_msg *m, err e)
{
    say(s, "tunnel %s", m->kind ? tunnel_kind_names[m->kind] : "nothing");
    for (size_t i = 0; i < m->hops; i++) {
        const struct tunnel_hop *h = &m->hop[i];
        char line[MD_LINE];
        size_t n = (size_t)snprintf(line, sizeof line, "%s", tunnel_way_names[h->way]);
        for (int a = 0; a < TUNNEL_ATTRS; a++) {
            char v[MD_LINE];
            if (h->given >> a & 1)
                n += (size_t)snprintf(line + n, sizeof line - n, " %s=%.200s", tunnel_attr_names[a],
                                      shown(h->value[a], v));
            assert_true(n < sizeof line);
        }
        say(s, "hop %.900s", line);
    }
    if (m->code) say(s, "code %u", m->code);
    if (m->text.n) say_slice(s, "text", m->text);
    for (uint32_t i = 0; i < m->note_n; i++)
        say(s, "note %s", tunnel_faults[m->note[i].code].name);
    assert_int_equal(e == ERR_PEER, tunnel_msg_reply(m) != 0);
    if (e == ERR_PEER) say(s, "reply %u", tunnel_msg_reply(m));
}

/* Each hop strips one element; the rest says what it said. */
static void strip(const struct env *env, const struct tunnel_msg *m)
{
    for (size_t from = 0; from < m->hops; from++) {
        struct tunnel_msg rest;
        struct buf out;
        buf_init(&out, env->mem, 1 << 20);
        assert_int_equal(tunnel_el_write(m, from, &out), OK);
        assert_int_equal(tunnel_el_read(env, buf_slice(&out), &rest), OK);
        assert_int_equal(rest.hops, m->hops - from);
        for (size_t i = 0; i < rest.hops; i++) {
            const struct tunnel_hop *a = &rest.hop[i], *b = &m->hop[from + i];
            assert_true(a->given == b->given && a->way == b->way && a->port == b->port);
            for (int k = 0; k < TUNNEL_ATTRS; k++)
                assert_true(slice_eq(a->value[k], b->value[k]));
        }
        tunnel_msg_done(&rest);
        buf_done(&out);
    }
}

static void run_tunnel(const struct env *env, slice in, bool whole, struct said *s)
{
    struct tunnel_msg m;
    err e = whole ? tunnel_msg_read(env, in, &m) : tunnel_el_read(env, in, &m);
    say_tunnel(s, &m, e);
    if (e == OK) strip(env, &m);
    tunnel_msg_done(&m);
}

static void run_frame(struct tally *t, enum idxp_dialect d, bool tunnel, slice in, struct said *s)
{
    struct beep_frame f;
    struct beep_el el;
    size_t used;
    err e = beep_frame_read(in, 1 << 20, &f, &used);
    if (e != OK) {
        say(s, "frame %s", e == ERR_MORE ? "more" : beep_faults[f.note[0].code].name);
        return;
    }
    assert_int_equal(used, in.n);
    say(s, "frame %s %u %u %c %u %u", beep_keyword_names[f.keyword], (unsigned)f.channel, (unsigned)f.msgno,
        f.more ? '*' : '.', (unsigned)f.seqno, (unsigned)f.size);
    if (f.channel) {
        if (tunnel)
            run_tunnel(&t->env, f.payload, true, s);
        else
            run_idxp(&t->env, d, f.payload, true, s);
        return;
    }
    e = beep_mgmt_read(&t->env, f.payload, &el);
    say(s, "element %s", el.kind ? beep_element_names[el.kind] : "unknown");
    if (el.note_n) say(s, "fault %s", beep_faults[el.note[0].code].name);
    for (size_t i = 0; i < el.profiles; i++) {
        say_slice(s, "profile", el.profile[i].uri);
        if (!el.profile[i].content.n) continue;
        if (tunnel)
            run_tunnel(&t->env, el.profile[i].content, false, s);
        else
            run_idxp(&t->env, d, el.profile[i].content, false, s);
    }
    beep_el_done(&el);
}

static void run_idmef(struct tally *t, slice in, struct said *s)
{
    struct idmef_result whole, cut;
    assert_int_equal(idmef_validate(&t->env, t->schema, in, SLICE_NONE, &whole), OK);
    for (size_t piece = 1; piece <= 7; piece += 3) {
        struct idmef_check *c;
        err e = OK;
        assert_int_equal(idmef_check_new(&t->env, t->schema, NULL, SLICE_NONE, &c), OK);
        for (size_t at = 0; e == OK && (at == 0 || at < in.n); at += piece)
            e = idmef_check_feed(c, slice_sub(in, at, at + piece), at + piece >= in.n);
        cut = *idmef_check_result(c);
        assert_int_equal(cut.verdict, whole.verdict);
        assert_int_equal(cut.line, whole.line);
        assert_string_equal(cut.why, whole.why);
        assert_int_equal(cut.note_n, whole.note_n);
        idmef_check_free(c);
    }
    say(s, "idmef %s", idmef_verdict_names[whole.verdict]);
    if (whole.verdict != IDMEF_OK)
        say(s, "fault %s@%u", idmef_faults[whole.fault].name, (unsigned)whole.line);
    say(s, "alerts %u", (unsigned)whole.alerts);
    if (whole.heartbeats) say(s, "heartbeats %u", (unsigned)whole.heartbeats);
    for (uint32_t i = 0; i < whole.note_n; i++)
        say(s, "note %s@%u", idmef_faults[whole.note[i].code].name, (unsigned)whole.note[i].line);
}

static void run(const struct md_vector *v, const struct md_block *b, void *ctx)
{
    static struct said s;
    struct tally *t = ctx;
    const char *as = md_value(b, "as", 0), *dialect = md_value(b, "dialect", 0);
    enum idxp_dialect d = dialect && strcmp(dialect, "rfc") == 0 ? IDXP_RFC : IDXP_DRAFT;
    slice in = slice_of(v->octets, v->n);
    s.n = 0;
    if (!as) md_die(v->file, v->line_no, "no word as");
    if (strcmp(as, "idxp-frame") == 0 || strcmp(as, "tunnel-frame") == 0)
        run_frame(t, d, as[0] == 't', in, &s);
    else if (strcmp(as, "idxp-message") == 0 || strcmp(as, "idxp-element") == 0)
        run_idxp(&t->env, d, in, as[5] == 'm', &s);
    else if (strcmp(as, "tunnel-message") == 0 || strcmp(as, "tunnel-element") == 0)
        run_tunnel(&t->env, in, as[7] == 'm', &s);
    else if (strcmp(as, "idmef") == 0)
        run_idmef(t, in, &s);
    else
        md_die(v->file, v->line_no, "as what?");
    size_t k = 0;
    bool good = true;
    for (size_t i = 0; i < b->n; i++) {
        char line[MD_LINE + 32];
        if (strcmp(b->line[i].word, "as") == 0 || strcmp(b->line[i].word, "dialect") == 0) continue;
        snprintf(line, sizeof line, "%s %s", b->line[i].word, b->line[i].value);
        good = good && k < s.n && strcmp(line, s.line[k]) == 0;
        k++;
    }
    if (!good || k != s.n) {
        fprintf(stderr, "%s:%d: %s: is read as\n", v->file, v->line_no, v->name);
        for (size_t i = 0; i < s.n; i++)
            fprintf(stderr, "%s\n", s.line[i]);
        fail();
    }
    t->vectors++;
}

static void run_folder(const char *folder, size_t least)
{
    static struct tally t;
    struct dirent *entry;
    t.vectors = 0;
    env_init(&t.env);
    assert_int_equal(idmef_schema_new(&t.env, &t.schema), OK);
    DIR *d = opendir(folder);
    assert_non_null(d);
    while ((entry = readdir(d))) {
        char path[1024];
        size_t n = strlen(entry->d_name);
        if (n < 4 || strcmp(entry->d_name + n - 3, ".md") != 0 || strcmp(entry->d_name, "README.md") == 0)
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        md_file(path, run, &t);
    }
    closedir(d);
    idmef_schema_free(t.schema);
    assert_true(t.vectors >= least);
}

static void test_idxp(void **state)
{
    (void)state;
    run_folder(SOURCE_DIR "/vectors/idxp", 40);
}

static void test_tunnel(void **state)
{
    (void)state;
    run_folder(SOURCE_DIR "/vectors/tunnel", 20);
}

static void test_idmef(void **state)
{
    (void)state;
    run_folder(SOURCE_DIR "/vectors/idmef", 40);
}

/* Messages of another program: each file is one, valid, and departs in what vectors/idmef/prelude/README.md
 * says. */
static void run_foreign(struct tally *t, const char *path, uint32_t *alerts, uint32_t *heartbeats)
{
    static uint8_t octets[8192];
    static const enum idmef_fault_code noted[] = {IDMEF_F_NO_DECLARATION, IDMEF_F_NO_NAMESPACE,
                                                  IDMEF_F_NO_LANGUAGE};
    struct idmef_result r;
    static struct said s;
    FILE *f = fopen(path, "rb");
    s.n = 0;
    assert_non_null(f);
    slice in = slice_of(octets, fread(octets, 1, sizeof octets, f));
    assert_true(in.n > 0 && in.n < sizeof octets);
    fclose(f);
    assert_int_equal(idmef_validate(&t->env, t->schema, in, SLICE_NONE, &r), OK);
    if (r.verdict != IDMEF_OK) fail_msg("%s:%u: %s", path, (unsigned)r.line, r.why);
    assert_int_equal(r.alerts + r.heartbeats, 1);
    assert_int_equal(r.note_n, sizeof noted / sizeof *noted);
    for (size_t i = 0; i < r.note_n; i++)
        assert_int_equal(r.note[i].code, noted[i]);
    run_idmef(t, in, &s); /* in pieces it is the same */
    *alerts += r.alerts;
    *heartbeats += r.heartbeats;
}

static void test_prelude(void **state)
{
    static const char folder[] = SOURCE_DIR "/vectors/idmef/prelude";
    static struct tally t;
    struct dirent *entry;
    uint32_t alerts = 0, heartbeats = 0;
    (void)state;
    env_init(&t.env);
    assert_int_equal(idmef_schema_new(&t.env, &t.schema), OK);
    DIR *d = opendir(folder);
    assert_non_null(d);
    while ((entry = readdir(d))) {
        char path[1024];
        size_t n = strlen(entry->d_name);
        if (n < 5 || strcmp(entry->d_name + n - 4, ".xml") != 0) continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        run_foreign(&t, path, &alerts, &heartbeats);
    }
    closedir(d);
    idmef_schema_free(t.schema);
    assert_int_equal(alerts, 4);
    assert_int_equal(heartbeats, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_idxp), cmocka_unit_test(test_tunnel),
                                       cmocka_unit_test(test_idmef), cmocka_unit_test(test_prelude)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
