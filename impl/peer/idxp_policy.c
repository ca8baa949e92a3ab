/* SPDX-License-Identifier: MIT */
#include "peer/idxp_policy.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"

enum { WORD_MAX = 4096 /* octets of a word: a URI as long as a greeting in a start may have */ };

const char *const idxp_peer_kind_names[3] = {"", "analyzer", "manager"};

enum pattern { BY_URI, BY_FQDN, BY_SUBJECT, BY_IDENTITY, PATTERNS };
static const char *const pattern_names[PATTERNS] = {"uri", "fqdn", "subject", "identity"};

struct rule {
    size_t line;
    bool deny;
    char *pattern[PATTERNS]; /* NULL: any */
    enum idxp_role role;     /* NO_ROLE: any */
    enum idxp_stream stream;
    bool by_stream, by_role;
    int8_t tls;              /* -1: any */
    enum idxp_peer_kind kind;
    uint16_t code;
    char *text;
};
struct idxp_policy {
    const struct mem *mem;
    struct rule *rule;
    size_t n, cap;
};

/* --- patterns -------------------------------------------------------------------------------------------------------------- */

/* Up to the next separator that no backslash stands before. */
static slice part_of(slice *rest, const char *separators)
{
    size_t i = 0;
    while (i < rest->n && !strchr(separators, rest->p[i]))
        i += rest->p[i] == '\\' ? 2 : 1;
    if (i > rest->n) i = rest->n;
    slice part = slice_sub(*rest, 0, i);
    *rest = slice_sub(*rest, i < rest->n ? i + 1 : i, rest->n);
    return part;
}

static bool typed(slice part, slice *type, slice *value)
{
    size_t eq = slice_find(part, SLICE_LIT("="));
    *type = slice_trim(slice_sub(part, 0, eq));
    *value = eq < part.n ? slice_sub(part, eq + 1, part.n) : SLICE_NONE;
    return eq < part.n && type->n > 0;
}

static int hex(uint8_t c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* RFC 4514 2.4: a backslash and two digits are an octet, and with another character that one.  Attributes are shorter than out (RFC 5280 A.1: 64 for names). */
static slice plain_of(slice value, uint8_t *out, size_t max)
{
    size_t n = 0;
    for (size_t i = 0; i < value.n && n < max; i++) {
        bool escaped = value.p[i] == '\\' && i + 1 < value.n;
        int hi = escaped && i + 2 < value.n ? hex(value.p[i + 1]) : -1, lo = hi >= 0 ? hex(value.p[i + 2]) : -1;
        if (lo >= 0) out[n++] = (uint8_t)(hi * 16 + lo);
        else out[n++] = value.p[i + escaped];
        i += lo >= 0 ? 2 : escaped;
    }
    return slice_of(out, n);
}

static bool has_attribute(slice subject, slice type, slice pattern)
{
    uint8_t plain[1024];
    while (subject.n) {
        slice t, v;
        if (!typed(part_of(&subject, ",+"), &t, &v)) continue;
        if (slice_eq_nocase(t, type) && slice_glob_nocase(pattern, plain_of(v, plain, sizeof plain))) return true;
    }
    return false;
}

bool idxp_policy_subject(slice list, slice subject)
{
    bool any = false;
    while (list.n) {
        slice t, v;
        if (!typed(part_of(&list, ","), &t, &v) || !has_attribute(subject, t, v)) return false;
        any = true;
    }
    return any;
}

/* --- reading --------------------------------------------------------------------------------------------------------------- */

struct reader {
    struct idxp_policy *p;
    const char *name;
    size_t line;
    char *why;
    size_t why_n;
    char word[WORD_MAX + 1];
    size_t n;            /* octets of word */
    bool some;           /* a word was there, even an empty one */
};

static void say(const struct reader *r, const char *text)
{
    if (r->why) snprintf(r->why, r->why_n, "%s:%zu: %s", r->name, r->line, text);
}

__attribute__((format(printf, 2, 3))) static err wrong(const struct reader *r, const char *fmt, ...)
{
    char text[200];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    say(r, text);
    return ERR_PEER;
}

static err put(struct reader *r, uint8_t c)
{
    if (r->n == WORD_MAX) return wrong(r, "a word is longer than %d octets", WORD_MAX);
    if (!c) return wrong(r, "an octet of zero");
    r->word[r->n++] = (char)c;
    return OK;
}

/* In patterns a backslash keeps its meaning, so that one within quotes that stands before neither is kept. */
static err quoted(struct reader *r, slice line, size_t *at)
{
    for (size_t i = *at + 1; i < line.n; i++) {
        uint8_t c = line.p[i];
        if (c == '"') {
            *at = i + 1;
            return OK;
        }
        if (c == '\\' && i + 1 < line.n && (line.p[i + 1] == '"' || line.p[i + 1] == '\\')) c = line.p[++i];
        TRY(put(r, c));
    }
    return wrong(r, "a double quote is not closed");
}

static bool blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static err next_word(struct reader *r, slice line, size_t *at)
{
    r->n = 0;
    while (*at < line.n && blank(line.p[*at]))
        ++*at;
    r->some = *at < line.n && line.p[*at] != '#';
    while (r->some && *at < line.n && !blank(line.p[*at])) {
        if (line.p[*at] == '"') {
            TRY(quoted(r, line, at));
        } else {
            TRY(put(r, line.p[*at]));
            ++*at;
        }
    }
    r->word[r->n] = 0;
    return OK;
}

/* The index of value in a list of names; -1. */
static int one_of(const char *value, const char *const *names, int n)
{
    for (int i = 0; i < n; i++)
        if (*names[i] && strcmp(value, names[i]) == 0) return i;
    return -1;
}

static err keep(const struct reader *r, char **to, const char *value)
{
    *to = mem_dup(r->p->mem, value, strlen(value));
    return *to ? OK : ERR_MEM;
}

static err subject_ok(const struct reader *r, const char *value)
{
    slice rest = slice_str(value), t, v;
    if (!rest.n) return wrong(r, "subject= is empty");
    while (rest.n)
        if (!typed(part_of(&rest, ","), &t, &v)) return wrong(r, "subject=%s is not of the form CN=sensor-*,O=Example", value);
    return OK;
}

static err pattern_word(const struct reader *r, struct rule *u, enum pattern which, const char *value)
{
    if (u->pattern[which]) return wrong(r, "%s= stands twice", pattern_names[which]);
    if (which == BY_SUBJECT) TRY(subject_ok(r, value));
    return keep(r, &u->pattern[which], value);
}

static err code_word(const struct reader *r, struct rule *u, const char *value)
{
    uint64_t code;
    if (u->code) return wrong(r, "code= stands twice");
    if (!slice_number(slice_str(value), 999, &code) || !idxp_code_text((unsigned)code))
        return wrong(r, "code=%s is none of the thirteen of IDXP: 421, 450, 454, 500, 501, 504, 530, 534, 535, 537, 550, 553, 554", value);
    u->code = (uint16_t)code;
    return OK;
}

static err role_word(const struct reader *r, struct rule *u, const char *value)
{
    int i = one_of(value, idxp_role_names, 3);
    if (u->by_role) return wrong(r, "role= stands twice");
    if (i < 0 && strcmp(value, "any") != 0) return wrong(r, "role=%s is not client, server or any", value);
    u->by_role = true;
    u->role = i < 0 ? IDXP_NO_ROLE : (enum idxp_role)i;
    return OK;
}

static err stream_word(const struct reader *r, struct rule *u, const char *value)
{
    int i = one_of(value, idxp_stream_names, 4);
    if (u->by_stream) return wrong(r, "stream= stands twice");
    if (i < 0 && strcmp(value, "none") != 0) return wrong(r, "stream=%s is not alert, heartbeat, config or none", value);
    u->by_stream = true;
    u->stream = i < 0 ? IDXP_NO_STREAM : (enum idxp_stream)i;
    return OK;
}

static err other_word(const struct reader *r, struct rule *u, const char *key, const char *value)
{
    if (strcmp(key, "role") == 0) return role_word(r, u, value);
    if (strcmp(key, "stream") == 0) return stream_word(r, u, value);
    if (strcmp(key, "code") == 0) return code_word(r, u, value);
    if (strcmp(key, "kind") == 0) {
        int i = one_of(value, idxp_peer_kind_names, 3);
        if (u->kind) return wrong(r, "kind= stands twice");
        if (i < 0) return wrong(r, "kind=%s is not analyzer or manager", value);
        u->kind = (enum idxp_peer_kind)i;
        return OK;
    }
    if (strcmp(key, "tls") == 0) {
        bool yes = strcmp(value, "yes") == 0;
        if (u->tls >= 0) return wrong(r, "tls= stands twice");
        if (!yes && strcmp(value, "no") != 0) return wrong(r, "tls=%s is not yes or no", value);
        u->tls = yes;
        return OK;
    }
    if (strcmp(key, "text") == 0) {
        if (u->text) return wrong(r, "text= stands twice");
        return keep(r, &u->text, value);
    }
    return wrong(r, "unknown word %s= (uri, fqdn, subject, identity, role, stream, tls, kind, code and text are known)", key);
}

static err word_of_rule(struct reader *r, struct rule *u)
{
    char *eq = strchr(r->word, '=');
    if (!eq) return wrong(r, "\"%s\" is not of the form word=value", r->word);
    *eq = 0;
    int which = one_of(r->word, pattern_names, PATTERNS);
    return which >= 0 ? pattern_word(r, u, (enum pattern)which, eq + 1) : other_word(r, u, r->word, eq + 1);
}

static void rule_done(const struct mem *mem, struct rule *u)
{
    for (int i = 0; i < PATTERNS; i++)
        mem_free(mem, u->pattern[i]);
    mem_free(mem, u->text);
}

static err add(struct idxp_policy *p, const struct rule *u)
{
    if (p->n >= IDXP_POLICY_RULES_MAX) return ERR_LIMIT;
    if (p->n == p->cap) {
        size_t cap = p->cap ? p->cap * 2 : 8;
        struct rule *grown = mem_resize(p->mem, p->rule, cap * sizeof *grown);
        if (!grown) return ERR_MEM;
        p->rule = grown;
        p->cap = cap;
    }
    p->rule[p->n++] = *u;
    return OK;
}

static err rule_words(struct reader *r, slice line, size_t at, struct rule *u)
{
    for (;;) {
        TRY(next_word(r, line, &at));
        if (!r->some) break;
        TRY(word_of_rule(r, u));
    }
    if (!u->deny && (u->code || u->text)) return wrong(r, "code= and text= are for deny");
    if (u->deny && u->kind) return wrong(r, "kind= is for allow");
    if (u->deny && !u->code) u->code = 537;
    if (u->kind == IDXP_KIND_ANALYZER && u->role == IDXP_SERVER) return wrong(r, "an analyzer is never server");
    return OK;
}

static err rule_line(struct reader *r, slice line)
{
    size_t at = 0;
    struct rule u = {.line = r->line, .tls = -1};
    TRY(next_word(r, line, &at));
    if (!r->some) return OK;
    u.deny = strcmp(r->word, "deny") == 0;
    if (!u.deny && strcmp(r->word, "allow") != 0) return wrong(r, "a rule begins with allow or deny, not with \"%s\"", r->word);
    err e = rule_words(r, line, at, &u);
    if (e == OK) e = add(r->p, &u);
    if (e == ERR_LIMIT) say(r, "more rules than a file may have");
    if (e != OK) rule_done(r->p->mem, &u);
    return e;
}

err idxp_policy_parse(const struct env *env, slice text, const char *name, struct idxp_policy **out, char *why, size_t why_n)
{
    *out = NULL;
    if (text.n > IDXP_POLICY_FILE_MAX) {
        if (why) snprintf(why, why_n, "%s: longer than %d octets", name, IDXP_POLICY_FILE_MAX);
        return ERR_LIMIT;
    }
    if (why && why_n) snprintf(why, why_n, "%s: out of memory", name);
    struct idxp_policy *p = mem_new(env->mem, sizeof *p);
    struct reader *r = p ? mem_new(env->mem, sizeof *r) : NULL;
    err e = r ? OK : ERR_MEM;
    if (p) p->mem = env->mem;
    if (r) *r = (struct reader){.p = p, .name = name, .why = why_n ? why : NULL, .why_n = why_n};
    while (e == OK && text.n) {
        size_t end = slice_find(text, SLICE_LIT("\n"));
        r->line++;
        e = rule_line(r, slice_sub(text, 0, end));
        text = slice_sub(text, end + 1, text.n);
    }
    mem_free(env->mem, r);
    if (e != OK) {
        idxp_policy_free(p);
        return e;
    }
    if (why && why_n) *why = 0;
    *out = p;
    return OK;
}

err idxp_policy_read(const struct env *env, const char *path, struct idxp_policy **out, char *why, size_t why_n)
{
    struct buf text;
    uint8_t *at;
    int bad = 0;
    err e = OK;
    *out = NULL;
    FILE *f = fopen(path, "rb");
    if (!f) {
        if (why) snprintf(why, why_n, "%s: %s", path, strerror(errno));
        return ERR_SYS;
    }
    buf_init(&text, env->mem, IDXP_POLICY_FILE_MAX + 4096 + 1);
    for (size_t n = 1; e == OK && n && text.n <= IDXP_POLICY_FILE_MAX;) {
        e = buf_reserve(&text, 4096, &at);
        n = e == OK ? fread(at, 1, 4096, f) : 0;
        bad = errno;
        buf_added(&text, n);
    }
    if (e != OK && why) snprintf(why, why_n, "%s: out of memory", path);
    if (e == OK && ferror(f)) {
        if (why) snprintf(why, why_n, "%s: %s", path, strerror(bad));
        e = ERR_SYS;
    }
    fclose(f);
    if (e == OK) e = idxp_policy_parse(env, buf_slice(&text), path, out, why, why_n);
    buf_done(&text);
    return e;
}

void idxp_policy_free(struct idxp_policy *p)
{
    if (!p) return;
    for (size_t i = 0; i < p->n; i++)
        rule_done(p->mem, &p->rule[i]);
    mem_free(p->mem, p->rule);
    mem_free(p->mem, p);
}

size_t idxp_policy_count(const struct idxp_policy *p)
{
    return p ? p->n : 0;
}

/* --- judging --------------------------------------------------------------------------------------------------------------- */

/* What the peer says of itself fits. */
static bool claimed(const struct rule *u, const struct idxp_who *w)
{
    if (u->pattern[BY_URI] && !slice_glob(slice_str(u->pattern[BY_URI]), w->uri)) return false;
    if (u->pattern[BY_FQDN] && !slice_glob_nocase(slice_str(u->pattern[BY_FQDN]), w->fqdn)) return false;
    if (u->role != IDXP_NO_ROLE && u->role != w->role) return false;
    if (u->kind == IDXP_KIND_ANALYZER && w->role == IDXP_SERVER) return false; /* 2.1: it is a source */
    return !u->by_stream || u->stream == w->stream;
}

/* What is proved of it does. */
static bool proved(const struct rule *u, const struct idxp_who *w)
{
    if (u->tls >= 0 && (u->tls != 0) != w->secured) return false;
    if (u->pattern[BY_SUBJECT] && (!w->cert || !idxp_policy_subject(slice_str(u->pattern[BY_SUBJECT]), slice_str(w->subject)))) return false;
    if (!u->pattern[BY_IDENTITY]) return true;
    if (!w->authenticated) return false;
    return w->identity[0] ? slice_glob(slice_str(u->pattern[BY_IDENTITY]), slice_str(w->identity)) : !u->pattern[BY_IDENTITY][0];
}

void idxp_policy_judge(const struct idxp_policy *p, const struct idxp_who *w, struct idxp_decision *d)
{
    bool known = false;
    *d = (struct idxp_decision){.text = ""};
    if (!p) return;
    for (size_t i = 0; i < p->n; i++) {
        const struct rule *u = &p->rule[i];
        if (!claimed(u, w)) continue;
        if (proved(u, w)) {
            *d = (struct idxp_decision){u->code, u->kind, u->line, u->text ? u->text : u->deny ? "a rule does not allow this" : ""};
            return;
        }
        known = known || !u->deny;
    }
    bool shown = w->cert || (w->authenticated && w->identity[0]);
    if (!known) *d = (struct idxp_decision){.code = 537, .text = "nobody of this name may come in as this"};
    else if (!shown) *d = (struct idxp_decision){.code = 530, .text = "this name has to be proved first"};
    else *d = (struct idxp_decision){.code = 535, .text = "who proved to be somebody else may not come in under this name"};
}
