/* SPDX-License-Identifier: MIT */
#include "sec/sasl_creds.h"

#include <errno.h>
#include <fcntl.h>
#include <gsasl.h>
#include <openssl/crypto.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct sasl_users {
    const struct mem *mem;
    struct sasl_user *user; /* sorted by name */
    size_t n, cap;
};

/* A word of a line, with quotes and escapes taken away; the longest is a password. */
struct word {
    size_t n;
    char text[SASL_PASSWORD_MAX + 1];
};

struct parse {
    const struct env *env;
    struct sasl_users *u;
    slice line;
    size_t at, number;
    struct word word;
    const char *name;
    char *why;
    size_t why_n;
};

__attribute__((format(printf, 3, 4))) static err fault(struct parse *p, err e, const char *fmt, ...)
{
    char text[160];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (p->why_n) snprintf(p->why, p->why_n, "%s:%zu: %s", p->name, p->number, text);
    return e;
}

/* The word as SASLprep writes it, from the library's memory; NULL when it rules it out.  What is kept must
 * not have characters that Unicode 3.2 had not (RFC 4013 2.5).  The library's flag for that means the
 * opposite of its name in some releases, so a word has to pass both ways; a name that is only looked up then
 * finds nothing either way. */
static char *prepared(const char *s)
{
    char *strict = NULL, *out = NULL;
    if (gsasl_saslprep(s, 0, &strict, NULL) == GSASL_OK &&
        gsasl_saslprep(s, GSASL_ALLOW_UNASSIGNED, &out, NULL) != GSASL_OK)
        out = NULL;
    if (strict) OPENSSL_cleanse(strict, strlen(strict));
    gsasl_free(strict);
    return out;
}

static bool blank(uint8_t c)
{
    return c == ' ' || c == '\t';
}

/* ERR_MORE at the end of the line. */
static err next_word(struct parse *p)
{
    slice l = p->line;
    struct word *w = &p->word;
    w->n = 0;
    while (p->at < l.n && blank(l.p[p->at]))
        p->at++;
    if (p->at == l.n || l.p[p->at] == '#') return ERR_MORE;
    bool quoted = l.p[p->at] == '"', closed = false;
    for (p->at += quoted; p->at < l.n && !closed; p->at++) {
        uint8_t c = l.p[p->at];
        if (!quoted && blank(c)) break;
        closed = quoted && c == '"';
        if (closed) continue;
        if (!quoted && c == '"') return fault(p, ERR_PEER, "a quote inside a word");
        if (quoted && c == '\\') {
            if (++p->at == l.n || (l.p[p->at] != '"' && l.p[p->at] != '\\'))
                return fault(p, ERR_PEER,
                             "a backslash in quotes that stands before neither a quote nor another one");
            c = l.p[p->at];
        }
        if (c < ' ' || c == 0x7f) return fault(p, ERR_PEER, "a control character");
        if (w->n == SASL_PASSWORD_MAX)
            return fault(p, ERR_LIMIT, "a word is longer than %d octets", SASL_PASSWORD_MAX);
        w->text[w->n++] = (char)c;
    }
    if (quoted && !closed) return fault(p, ERR_PEER, "a quote is not closed");
    if (quoted && p->at < l.n && !blank(l.p[p->at]))
        return fault(p, ERR_PEER, "no blank behind a closing quote");
    w->text[w->n] = 0;
    if (w->n == 0) return fault(p, ERR_PEER, "an empty word");
    return OK;
}

/* The present word as a name. */
static err take_name(struct parse *p, const char *what, char **out)
{
    if (p->word.n > SASL_NAME_MAX)
        return fault(p, ERR_LIMIT, "%s is longer than %d octets", what, SASL_NAME_MAX);
    char *prep = prepared(p->word.text);
    if (!prep || !*prep || strlen(prep) > SASL_NAME_MAX) {
        gsasl_free(prep);
        return fault(p, ERR_PEER, "%s is none that SASLprep (RFC 4013) allows", what);
    }
    *out = mem_dup(p->env->mem, prep, strlen(prep));
    gsasl_free(prep);
    return *out ? OK : fault(p, ERR_MEM, "out of memory");
}

static err take_password(struct parse *p, struct sasl_user *u)
{
    err e = next_word(p);
    if (e != OK) return e == ERR_MORE ? fault(p, ERR_PEER, "a user without a password") : e;
    char *prep = prepared(p->word.text);
    bool good = prep && *prep;
    if (prep) OPENSSL_cleanse(prep, strlen(prep));
    gsasl_free(prep);
    if (!good) return fault(p, ERR_PEER, "the password is none that SASLprep (RFC 4013) allows");
    u->password = mem_dup(p->env->mem, p->word.text, p->word.n);
    return u->password ? OK : fault(p, ERR_MEM, "out of memory");
}

static err take_line(struct parse *p)
{
    p->at = 0;
    err e = next_word(p);
    if (e != OK) return e == ERR_MORE ? OK : e;
    struct sasl_users *us = p->u;
    if (us->n == SASL_USERS_MAX) return fault(p, ERR_LIMIT, "more than %d users", SASL_USERS_MAX);
    if (us->n == us->cap) {
        size_t cap = us->cap ? us->cap * 2 : 16;
        struct sasl_user *more = mem_resize(us->mem, us->user, cap * sizeof *more);
        if (!more) return fault(p, ERR_MEM, "out of memory");
        us->user = more;
        us->cap = cap;
    }
    struct sasl_user *u =
        &us->user[us->n++]; /* counted at once, so that a half-filled one is freed as well */
    *u = (struct sasl_user){.line = p->number};
    TRY(take_name(p, "the user", &u->name));
    TRY(take_password(p, u));
    while ((e = next_word(p)) == OK) {
        if (u->authz_n == SASL_AUTHZ_MAX)
            return fault(p, ERR_LIMIT, "more than %d identities of a user", SASL_AUTHZ_MAX);
        TRY(take_name(p, "an identity", &u->authz[u->authz_n]));
        u->authz_n++;
    }
    return e == ERR_MORE ? OK : e;
}

static int by_name(const void *a, const void *b)
{
    const struct sasl_user *x = a, *y = b;
    return strcmp(x->name, y->name);
}

static int by_name_and_line(const void *a, const void *b)
{
    const struct sasl_user *x = a, *y = b;
    int c = by_name(a, b);
    return c ? c : (x->line > y->line) - (x->line < y->line);
}

static err sorted(struct parse *p)
{
    struct sasl_users *u = p->u;
    if (u->n) qsort(u->user, u->n, sizeof *u->user, by_name_and_line);
    for (size_t i = 1; i < u->n; i++) {
        if (strcmp(u->user[i - 1].name, u->user[i].name) != 0) continue;
        p->number = u->user[i].line;
        return fault(p, ERR_PEER, "the user of line %zu once more", u->user[i - 1].line);
    }
    return OK;
}

static err lines(struct parse *p, slice text)
{
    if (text.n > SASL_USERS_FILE_MAX) {
        p->number = 1;
        return fault(p, ERR_LIMIT, "longer than %u octets", SASL_USERS_FILE_MAX);
    }
    for (size_t at = 0; at < text.n; at += p->line.n + 1) {
        slice rest = slice_sub(text, at, text.n);
        p->line = slice_sub(rest, 0, slice_find(rest, SLICE_LIT("\n")));
        p->number++;
        slice whole = p->line;
        if (whole.n && whole.p[whole.n - 1] == '\r') p->line.n--;
        err e = take_line(p);
        p->line = whole;
        TRY(e);
    }
    return sorted(p);
}

err sasl_users_parse(const struct env *env, slice text, const char *name, struct sasl_users **out, char *why,
                     size_t why_n)
{
    *out = NULL;
    struct parse p = {.env = env, .name = name, .why = why, .why_n = why ? why_n : 0};
    p.u = mem_new(env->mem, sizeof *p.u);
    if (!p.u) return fault(&p, ERR_MEM, "out of memory");
    p.u->mem = env->mem;
    err e = lines(&p, text);
    OPENSSL_cleanse(&p.word, sizeof p.word);
    if (e != OK) {
        sasl_users_free(p.u);
        return e;
    }
    *out = p.u;
    return OK;
}

/* Whole, or ERR_LIMIT one octet behind the limit.  A pipe is taken as well: that is how a shell hands over a
 * secret. */
static err read_all(int fd, uint8_t *to, size_t cap, size_t *n)
{
    for (*n = 0;;) {
        if (*n == cap) return ERR_LIMIT;
        ssize_t got = read(fd, to + *n, cap - *n);
        if (got == 0) return OK;
        if (got < 0 && errno != EINTR) return ERR_SYS;
        if (got > 0) *n += (size_t)got;
    }
}

err sasl_users_read(const struct env *env, const char *path, struct sasl_users **out, bool *loose, char *why,
                    size_t why_n)
{
    const size_t cap = SASL_USERS_FILE_MAX + 1;
    struct stat st;
    size_t n = 0;
    *out = NULL;
    if (!why) why_n = 0;
    if (loose) *loose = false;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0) {
        if (why_n) snprintf(why, why_n, "%s: %s", path, strerror(errno));
        if (fd >= 0) close(fd);
        return ERR_SYS;
    }
    if (loose) *loose = S_ISREG(st.st_mode) && (st.st_mode & (S_IRWXG | S_IRWXO));
    uint8_t *text = mem_new(env->mem, cap);
    err e = text ? read_all(fd, text, cap, &n) : ERR_MEM;
    if (e != OK && why_n)
        snprintf(why, why_n, "%s: %s", path,
                 e == ERR_SYS   ? strerror(errno)
                 : e == ERR_MEM ? "out of memory"
                                : "longer than 1 MiB");
    close(fd);
    if (e == OK) e = sasl_users_parse(env, slice_of(text, n), path, out, why, why_n);
    if (text) OPENSSL_cleanse(text, cap);
    mem_free(env->mem, text);
    return e;
}

void sasl_users_free(struct sasl_users *u)
{
    if (!u) return;
    for (size_t i = 0; i < u->n; i++) {
        struct sasl_user *one = &u->user[i];
        if (one->password) OPENSSL_cleanse(one->password, strlen(one->password));
        mem_free(u->mem, one->password);
        mem_free(u->mem, one->name);
        for (size_t k = 0; k < one->authz_n; k++)
            mem_free(u->mem, one->authz[k]);
    }
    mem_free(u->mem, u->user);
    mem_free(u->mem, u);
}

size_t sasl_users_count(const struct sasl_users *u)
{
    return u ? u->n : 0;
}

const struct sasl_user *sasl_users_at(const struct sasl_users *u, size_t i)
{
    return &u->user[i];
}

const struct sasl_user *sasl_users_find(const struct sasl_users *u, const char *name)
{
    char *prep = u && u->n ? prepared(name) : NULL;
    if (!prep) return NULL;
    struct sasl_user key = {.name = prep};
    const struct sasl_user *found = bsearch(&key, u->user, u->n, sizeof key, by_name);
    gsasl_free(prep);
    return found;
}

const char *sasl_user_as(const struct sasl_user *u, const char *authzid)
{
    if (!authzid || !*authzid) return u->name;
    char *prep = prepared(authzid);
    const char *as = prep && strcmp(prep, u->name) == 0 ? u->name : NULL;
    for (size_t i = 0; prep && !as && i < u->authz_n; i++)
        if (strcmp(prep, u->authz[i]) == 0) as = u->authz[i];
    gsasl_free(prep);
    return as;
}
