/* SPDX-License-Identifier: MIT */
/* vectors_md: reads the Markdown of vectors/ for the tests.  A vector is a heading (## and its name), prose,
 * one block fenced as octets and one or more fenced as expect; vectors/iap/README.md has the notation. Errors
 * in a file end the test program: they are our own. */
#ifndef TEST_VECTORS_MD_H
#define TEST_VECTORS_MD_H

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/slice.h"

enum { MD_OCTETS = 16384, MD_LINES = 48, MD_LINE = 1024 };

struct md_block { /* one expect block: words and their values */
    size_t n;
    struct md_line {
        char word[24];
        char value[MD_LINE];
    } line[MD_LINES];
};

struct md_vector {
    const char *file;
    int line_no; /* of the heading */
    char name[160];
    uint8_t octets[MD_OCTETS];
    size_t n;
    bool has_octets, has_prose;
};

/* Called for each expect block. */
typedef void (*md_run)(const struct md_vector *v, const struct md_block *b, void *ctx);

static inline void md_die(const char *file, int line_no, const char *why)
{
    fprintf(stderr, "%s:%d: %s\n", file, line_no, why);
    exit(2);
}

static inline int md_hex(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* One octet of the notation: *p is passed.  False when it is no octet. */
static inline bool md_octet(const char **p, uint8_t *c, bool *escaped)
{
    const char *s = *p;
    *escaped = *s == '\\';
    if (!*escaped) {
        *c = (uint8_t)*s;
        *p = s + 1;
        return true;
    }
    switch (s[1]) {
    case 'r':
        *c = '\r';
        break;
    case 'n':
        *c = '\n';
        break;
    case 't':
        *c = '\t';
        break;
    case 's':
        *c = ' ';
        break;
    case '\\':
        *c = '\\';
        break;
    case 'x':
        if (md_hex(s[2]) < 0 || md_hex(s[3]) < 0) return false;
        *c = (uint8_t)(md_hex(s[2]) << 4 | md_hex(s[3]));
        *p = s + 4;
        return true;
    default:
        return false;
    }
    *p = s + 2;
    return true;
}

/* Appends the octets of one line of the notation to out[*n].  False when the line is wrong or too long. */
static inline bool md_decode(const char *s, uint8_t *out, size_t max, size_t *n)
{
    while (*s) {
        uint8_t c;
        bool escaped;
        unsigned long times = 1;
        if (!md_octet(&s, &c, &escaped)) return false;
        if (escaped && *s == '*' && isdigit((unsigned char)s[1])) {
            char *end;
            times = strtoul(s + 1, &end, 10);
            s = end;
        }
        if (times > max - *n) return false;
        memset(out + *n, c, times);
        *n += times;
    }
    return true;
}

static inline void md_expect_line(const struct md_vector *v, struct md_block *b, char *s, int line_no)
{
    size_t word = strcspn(s, " ");
    if (!*s) return;
    if (b->n == MD_LINES || word >= sizeof b->line->word)
        md_die(v->file, line_no, "too many lines, or too long a word");
    struct md_line *l = &b->line[b->n++];
    memcpy(l->word, s, word);
    l->word[word] = 0;
    s += word;
    while (*s == ' ')
        s++;
    snprintf(l->value, sizeof l->value, "%s", s);
}

/* The value of the k-th line of a word, or NULL. */
static inline const char *md_value(const struct md_block *b, const char *word, size_t k)
{
    for (size_t i = 0; i < b->n; i++) {
        if (strcmp(b->line[i].word, word) == 0 && k-- == 0) return b->line[i].value;
    }
    return NULL;
}

static inline void md_finish(const struct md_vector *v, bool ran)
{
    if (!v->name[0]) return;
    if (!ran) md_die(v->file, v->line_no, "vector without octets and expect");
    if (!v->has_prose) md_die(v->file, v->line_no, "vector without a line that says what it is for");
}

static inline void md_file(const char *path, md_run run, void *ctx)
{
    enum { PROSE, OCTETS, EXPECT, OTHER } in = PROSE;
    static struct md_vector v;
    static struct md_block b;
    char s[MD_LINE];
    bool ran = false;
    FILE *f = fopen(path, "r");
    if (!f) md_die(path, 0, "cannot be opened");
    v = (struct md_vector){.file = path};
    for (int no = 1; fgets(s, sizeof s, f); no++) {
        s[strcspn(s, "\n")] = 0;
        if (in == PROSE && strncmp(s, "## ", 3) == 0) {
            md_finish(&v, ran);
            v = (struct md_vector){.file = path, .line_no = no};
            snprintf(v.name, sizeof v.name, "%.*s", (int)sizeof v.name - 1, s + 3);
            ran = false;
        } else if (strncmp(s, "```", 3) == 0) {
            bool open = in == PROSE;
            if (in == EXPECT) {
                if (!v.has_octets) md_die(path, no, "expect without octets");
                run(&v, &b, ctx);
                ran = true;
            }
            in = !open                          ? PROSE
                 : strcmp(s + 3, "octets") == 0 ? OCTETS
                 : strcmp(s + 3, "expect") == 0 ? EXPECT
                                                : OTHER;
            if (in == OCTETS) v.has_octets = true;
            b.n = 0;
        } else if (in == OCTETS) {
            if (!md_decode(s, v.octets, sizeof v.octets, &v.n))
                md_die(path, no, "not in the notation of octets");
        } else if (in == EXPECT) {
            md_expect_line(&v, &b, s, no);
        } else if (in == PROSE && *s) {
            v.has_prose = true;
        }
    }
    if (in != PROSE) md_die(path, v.line_no, "block without end");
    md_finish(&v, ran);
    fclose(f);
}

#endif
