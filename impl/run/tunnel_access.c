/* SPDX-License-Identifier: MIT */
#include "run/tunnel_access.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"

enum { IDENTITY, TO, CONDITIONS };
static const char *const condition_names[CONDITIONS] = {"identity", "to"};

struct rule {
    bool deny;
    uint16_t code;
    size_t line;
    char *want[CONDITIONS]; /* NULL: any */
};
struct tunnel_access {
    const struct mem *mem;
    struct rule *rule;
    size_t rules, cap;
};

/* --- reading ---------------------------------------------------------------------------------------------------------------- */

struct reader {
    struct tunnel_access *a;
    const char *name;
    size_t line;
    char *why;
    size_t why_n;
};

__attribute__((format(printf, 2, 3))) static err wrong(const struct reader *r, const char *fmt, ...)
{
    char text[200];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (r->why) snprintf(r->why, r->why_n, "%s:%zu: %s", r->name, r->line, text);
    return ERR_PEER;
}

static bool blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static slice next_word(slice *line)
{
    size_t from = 0, to;
    while (from < line->n && blank(line->p[from]))
        from++;
    for (to = from; to < line->n && !blank(line->p[to]);)
        to++;
    slice w = slice_sub(*line, from, to);
    *line = slice_sub(*line, to, line->n);
    return w.n && w.p[0] == '#' ? SLICE_NONE : w;
}

static err set_code(const struct reader *r, struct rule *x, slice value)
{
    static const uint16_t codes[] = {530, 534, 537, 550, 554};
    uint64_t code;
    if (!x->deny) return wrong(r, "code= is for deny");
    for (size_t i = 0; slice_number(value, 999, &code) && i < sizeof codes / sizeof *codes; i++) {
        if (codes[i] != code) continue;
        x->code = (uint16_t)code;
        return OK;
    }
    return wrong(r, "code=%.*s is none of 530, 534, 537, 550, 554", (int)(value.n < 40 ? value.n : 40), (const char *)value.p);
}

static err set_word(const struct reader *r, struct rule *x, slice w)
{
    size_t eq = slice_find(w, SLICE_LIT("="));
    slice key = slice_sub(w, 0, eq), value = slice_sub(w, eq + (eq < w.n), w.n);
    int shown = (int)(w.n < 60 ? w.n : 60);
    if (eq == w.n) return wrong(r, "\"%.*s\" is no condition: write identity=, to= or code=", shown, (const char *)w.p);
    if (slice_eq(key, SLICE_LIT("code"))) return set_code(r, x, value);
    if (value.n >= 2 && value.p[0] == '"' && value.p[value.n - 1] == '"') value = slice_sub(value, 1, value.n - 1);
    for (size_t i = 0; i < CONDITIONS; i++) {
        if (!slice_eq(key, slice_str(condition_names[i]))) continue;
        if (x->want[i]) return wrong(r, "a second %s=", condition_names[i]);
        if (i == TO && slice_find(value, SLICE_LIT(":")) == value.n && !slice_eq(value, SLICE_LIT("*")))
            return wrong(r, "to=%.*s has no port: write HOST:PORT, where * stands for any", (int)(value.n < 60 ? value.n : 60), (const char *)value.p);
        x->want[i] = mem_dup(r->a->mem, value.n ? (const void *)value.p : "", value.n);
        return x->want[i] ? OK : ERR_MEM;
    }
    return wrong(r, "there is no condition \"%.*s\": there are identity, to and code", shown, (const char *)w.p);
}

static err add_rule(const struct reader *r, bool deny, slice rest)
{
    struct tunnel_access *a = r->a;
    if (a->rules == TUNNEL_ACCESS_RULES) {
        (void)wrong(r, "more than %d rules", TUNNEL_ACCESS_RULES);
        return ERR_LIMIT;
    }
    if (a->rules == a->cap) {
        size_t cap = a->cap ? 2 * a->cap : 16;
        struct rule *w = mem_resize(a->mem, a->rule, cap * sizeof *w);
        if (!w) return ERR_MEM;
        a->rule = w;
        a->cap = cap;
    }
    struct rule *x = &a->rule[a->rules++];
    *x = (struct rule){.deny = deny, .code = 537, .line = r->line};
    for (slice w = next_word(&rest); w.n; w = next_word(&rest))
        TRY(set_word(r, x, w));
    return OK;
}

static err read_line(const struct reader *r, slice line)
{
    for (size_t i = 0; i < line.n; i++) {
        if (line.p[i] == 0 || line.p[i] == 127 || (line.p[i] < ' ' && !blank(line.p[i]))) return wrong(r, "a control character");
    }
    slice w = next_word(&line);
    if (!w.n) return OK;
    bool deny = slice_eq(w, SLICE_LIT("deny"));
    if (!deny && !slice_eq(w, SLICE_LIT("allow"))) return wrong(r, "a rule begins with allow or deny, not with \"%.*s\"", (int)(w.n < 60 ? w.n : 60), (const char *)w.p);
    return add_rule(r, deny, line);
}

err tunnel_access_parse(const struct env *env, slice text, const char *name, struct tunnel_access **out, char *why, size_t why_n)
{
    struct reader r = {.name = name, .why = why, .why_n = why_n};
    *out = NULL;
    if (why && why_n) why[0] = 0;
    if (text.n > TUNNEL_ACCESS_FILE_MAX) {
        r.line = 1;
        (void)wrong(&r, "more than %d octets", TUNNEL_ACCESS_FILE_MAX);
        return ERR_LIMIT;
    }
    r.a = mem_new(env->mem, sizeof *r.a);
    if (!r.a) return ERR_MEM;
    r.a->mem = env->mem;
    err e = OK;
    for (size_t at = 0; at < text.n && e == OK;) {
        slice rest = slice_sub(text, at, text.n);
        size_t n = slice_find(rest, SLICE_LIT("\n"));
        r.line++;
        e = read_line(&r, slice_sub(rest, 0, n));
        at += n + 1;
    }
    if (e != OK) tunnel_access_free(r.a);
    else *out = r.a;
    return e;
}

void tunnel_access_free(struct tunnel_access *a)
{
    if (!a) return;
    for (size_t i = 0; i < a->rules; i++) {
        for (size_t k = 0; k < CONDITIONS; k++)
            mem_free(a->mem, a->rule[i].want[k]);
    }
    mem_free(a->mem, a->rule);
    mem_free(a->mem, a);
}

/* --- judging ---------------------------------------------------------------------------------------------------------------- */

static int lower(char c)
{
    return c >= 'A' && c <= 'Z' ? c + 32 : c;
}

/* Going back to the last star alone is enough: what stands before it fits as early as it can. */
static bool fits(const char *pattern, const char *text, bool nocase)
{
    const char *star = NULL, *back = NULL;
    while (*text) {
        if (*pattern == '*') {
            star = ++pattern;
            back = text;
        } else if (*pattern && (*pattern == '?' || *pattern == *text || (nocase && lower(*pattern) == lower(*text)))) {
            pattern++;
            text++;
        } else if (star) {
            pattern = star;
            text = ++back;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return !*pattern;
}

static bool identity_fits(const char *pattern, const char *identity)
{
    return *identity ? fits(pattern, identity, false) : !*pattern; /* nobody is not somebody of any name */
}

/* The address that a place is connected to, written shortest: IPv4 within IPv6 is what it is, and who connects to no address meets this machine.  What leads to one place is one.  "" where
 * to tells as much already. */
static void plain_form(const char *to, char *out, size_t n)
{
    static const char any4[] = "0.0.0.0:";
    struct in6_addr in6;
    struct in_addr in4;
    char host[INET6_ADDRSTRLEN];
    const char *end = *to == '[' ? strchr(to, ']') : NULL;
    size_t len = end ? (size_t)(end - to - 1) : 0;
    *out = 0;
    if (strncmp(to, any4, sizeof any4 - 1) == 0) snprintf(out, n, "127.0.0.1:%s", to + sizeof any4 - 1);
    if (!end || len >= sizeof host) return;
    memcpy(host, to + 1, len);
    host[len] = 0;
    if (inet_pton(AF_INET6, host, &in6) != 1) return;
    bool mapped = IN6_IS_ADDR_V4MAPPED(&in6);
    if (IN6_IS_ADDR_UNSPECIFIED(&in6)) in6 = in6addr_loopback;
    memcpy(&in4, in6.s6_addr + 12, sizeof in4);
    if (in4.s_addr == INADDR_ANY) in4.s_addr = htonl(INADDR_LOOPBACK);
    if (!inet_ntop(mapped ? AF_INET : AF_INET6, mapped ? (const void *)&in4 : &in6, host, sizeof host)) return;
    snprintf(out, n, mapped ? "%s%s" : "[%s]%s", host, end + 1);
}

enum { FORMS = 4, FORM_MAX = INET6_ADDRSTRLEN + 16 };

static bool any_fits(const char *pattern, const char *const form[FORMS])
{
    for (int i = 0; i < FORMS; i++)
        if (form[i] && *form[i] && fits(pattern, form[i], true)) return true;
    return false;
}

uint16_t tunnel_access_judge(const struct tunnel_access *a, const char *identity, const char *to, const char *place, size_t *line)
{
    char plain_to[FORM_MAX], plain_place[FORM_MAX] = "";
    const char *const form[FORMS] = {to, plain_to, place, plain_place};
    bool for_somebody = false;
    plain_form(to, plain_to, sizeof plain_to);
    if (place) plain_form(place, plain_place, sizeof plain_place);
    if (line) *line = 0;
    for (size_t i = 0; i < a->rules; i++) {
        const struct rule *x = &a->rule[i];
        if (x->want[TO] && !any_fits(x->want[TO], form)) continue;
        if (x->want[IDENTITY] && !identity_fits(x->want[IDENTITY], identity)) {
            for_somebody |= !x->deny;
            continue;
        }
        if (line) *line = x->line;
        return x->deny ? x->code : 0;
    }
    return for_somebody && !*identity ? 530 : 537;
}
