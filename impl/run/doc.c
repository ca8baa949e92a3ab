/* SPDX-License-Identifier: MIT */
#include "run/doc.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/fd.h"

void doc_add(struct doc *d, slice s)
{
    if (d->failed == OK) d->failed = buf_add(d->out, s);
}

void doc_str(struct doc *d, const char *s)
{
    doc_add(d, slice_str(s));
}

void doc_fmt(struct doc *d, const char *fmt, ...)
{
    char s[512];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(s, sizeof s, fmt, ap);
    va_end(ap);
    if (n < 0 || (size_t)n >= sizeof s) {
        if (d->failed == OK) d->failed = ERR_USE;
        return;
    }
    doc_add(d, slice_of(s, (size_t)n));
}

size_t doc_utf8_len(slice s)
{
    if (s.n == 0) return 0;
    uint8_t c = s.p[0];
    size_t n = c < 0x80                ? 1
               : c >= 0xc2 && c < 0xe0 ? 2
               : c >= 0xe0 && c < 0xf0 ? 3
               : c >= 0xf0 && c < 0xf5 ? 4
                                       : 0;
    if (n == 0 || n > s.n) return 0;
    for (size_t i = 1; i < n; i++)
        if ((s.p[i] & 0xc0) != 0x80) return 0;
    if (c == 0xe0 && s.p[1] < 0xa0) return 0;  /* overlong */
    if (c == 0xed && s.p[1] >= 0xa0) return 0; /* surrogates */
    if (c == 0xf0 && s.p[1] < 0x90) return 0;
    if (c == 0xf4 && s.p[1] >= 0x90) return 0;
    return n;
}

static const slice replacement = {(const uint8_t *)"\xef\xbf\xbd", 3};

void doc_utf8(struct doc *d, slice s)
{
    size_t from = 0, at = 0;
    while (at < s.n) {
        size_t n = doc_utf8_len(slice_sub(s, at, s.n));
        if (n) {
            at += n;
            continue;
        }
        doc_add(d, slice_sub(s, from, at));
        doc_add(d, replacement);
        from = ++at;
    }
    doc_add(d, slice_sub(s, from, at));
}

/* What stands for the character in XML, or an empty slice when it stands for itself. */
static slice xml_form(slice c)
{
    switch (c.p[0]) {
    case '<':
        return SLICE_LIT("&lt;");
    case '>':
        return SLICE_LIT("&gt;");
    case '&':
        return SLICE_LIT("&amp;");
    case '"':
        return SLICE_LIT("&quot;");
    case '\'':
        return SLICE_LIT("&#39;");
    case '\n':
        return SLICE_LIT("&#10;"); /* else an attribute turns it into a blank */
    case '\t':
        return SLICE_LIT("&#9;");
    }
    if (c.p[0] < 0x20 || c.p[0] == 0x7f) return replacement;
    if (c.n == 2 && c.p[0] == 0xc2 && c.p[1] < 0xa0) return replacement; /* C1 controls */
    /* U+FFFE, U+FFFF, and the marks that turn the direction of the text around them */
    if (c.n == 3 && c.p[0] == 0xef && c.p[1] == 0xbf && c.p[2] >= 0xbe) return replacement;
    if (c.n == 3 && c.p[0] == 0xe2 && c.p[1] == 0x80 && c.p[2] >= 0xaa && c.p[2] <= 0xae) return replacement;
    if (c.n == 3 && c.p[0] == 0xe2 && c.p[1] == 0x81 && c.p[2] >= 0xa6 && c.p[2] <= 0xa9) return replacement;
    return SLICE_NONE;
}

void doc_xml(struct doc *d, slice s)
{
    size_t from = 0, at = 0;
    while (at < s.n) {
        size_t n = doc_utf8_len(slice_sub(s, at, s.n));
        slice form = n ? xml_form(slice_sub(s, at, at + n)) : replacement;
        if (form.n) {
            doc_add(d, slice_sub(s, from, at));
            doc_add(d, form);
            from = at + (n ? n : 1);
        }
        at += n ? n : 1;
    }
    doc_add(d, slice_sub(s, from, at));
}

void doc_text(struct doc *d, slice s)
{
    size_t from = 0;
    for (size_t i = 0; i < s.n; i++) {
        uint8_t c = s.p[i];
        if (c >= 0x20 && c < 0x7f && c != '\\') continue;
        doc_add(d, slice_sub(s, from, i));
        from = i + 1;
        if (c == '\r')
            doc_str(d, "\\r");
        else if (c == '\n')
            doc_str(d, "\\n");
        else if (c == '\t')
            doc_str(d, "\\t");
        else if (c == '\\')
            doc_str(d, "\\\\");
        else
            doc_fmt(d, "\\x%02x", c);
    }
    doc_add(d, slice_sub(s, from, s.n));
}

/* A character of two or three octets that a reader of text may trip over, as \uXXXX. */
static void doc_escape(struct doc *d, slice c)
{
    unsigned v = c.n == 2 ? (c.p[0] & 0x1fu) << 6 | (c.p[1] & 0x3fu)
                          : (c.p[0] & 0x0fu) << 12 | (c.p[1] & 0x3fu) << 6 | (c.p[2] & 0x3fu);
    doc_fmt(d, "\\u%04x", v);
}

void doc_json(struct doc *d, slice s)
{
    doc_str(d, "\"");
    for (size_t at = 0; at < s.n;) {
        size_t n = doc_utf8_len(slice_sub(s, at, s.n));
        uint8_t c = s.p[at];
        if (n == 0)
            doc_add(d, replacement);
        else if (c == '"' || c == '\\')
            doc_fmt(d, "\\%c", c);
        else if (c < 0x20 || c == 0x7f)
            doc_fmt(d, "\\u%04x", c);
        else if (n > 1 && xml_form(slice_sub(s, at, at + n)).n)
            doc_escape(d, slice_sub(s, at, at + n));
        else
            doc_add(d, slice_sub(s, at, at + n));
        at += n ? n : 1;
    }
    doc_str(d, "\"");
}

void doc_hex(struct doc *d, slice s, const char *indent)
{
    for (size_t at = 0; at < s.n; at += 16) {
        char line[80];
        int n = snprintf(line, sizeof line, "%08zx ", at);
        size_t len = s.n - at < 16 ? s.n - at : 16;
        for (size_t i = 0; i < 16; i++) {
            const char *gap = i == 8 ? " " : "";
            if (i < len)
                n += snprintf(line + n, sizeof line - (size_t)n, "%s %02x", gap, s.p[at + i]);
            else
                n += snprintf(line + n, sizeof line - (size_t)n, "%s   ", gap);
        }
        doc_str(d, indent);
        doc_add(d, slice_of(line, (size_t)n));
        doc_str(d, "  |");
        for (size_t i = 0; i < len; i++) {
            uint8_t c = s.p[at + i];
            doc_add(d, c >= 0x20 && c < 0x7f ? slice_of(&s.p[at + i], 1) : SLICE_LIT("."));
        }
        doc_str(d, "|\n");
    }
}

bool doc_is_text(slice s)
{
    size_t plain = 0;
    for (size_t i = 0; i < s.n; i++)
        if ((s.p[i] >= 0x20 && s.p[i] < 0x7f) || s.p[i] == '\r' || s.p[i] == '\n' || s.p[i] == '\t') plain++;
    return plain * 10 >= s.n * 9;
}

/* ---- to disk ---- */

static err complain(const char *path, const char *text, char *why, size_t why_n)
{
    if (why_n) snprintf(why, why_n, "%s: %s", path, text);
    return ERR_SYS;
}

static err save_in_place(int fd, slice s, bool ours, const char *path, char *why, size_t why_n)
{
    err e = fd < 0 ? ERR_SYS : fd_write_all(fd, s);
    int keep = errno;
    if (fd >= 0 && ours && close(fd) != 0 && e == OK) {
        e = ERR_SYS;
        keep = errno;
    }
    return e == OK ? OK : complain(path, strerror(keep), why, why_n);
}

/* Beside the target, so that rename stays within one file system. */
static err save_and_rename(const char *target, slice s, const char *path, char *why, size_t why_n)
{
    char tmp[PATH_MAX];
    int n = snprintf(tmp, sizeof tmp, "%s.%ld.part", target, (long)getpid());
    if (n < 0 || (size_t)n >= sizeof tmp) return complain(path, "name too long", why, why_n);
    int fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (fd < 0) return complain(path, strerror(errno), why, why_n);
    err e = fd_write_all(fd, s);
    int keep = errno;
    if (close(fd) != 0 && e == OK) {
        e = ERR_SYS;
        keep = errno;
    }
    if (e == OK && rename(tmp, target) != 0) {
        e = ERR_SYS;
        keep = errno;
    }
    if (e == OK) return OK;
    unlink(tmp);
    return complain(path, strerror(keep), why, why_n);
}

err doc_save(const struct doc *d, const char *path, char *why, size_t why_n)
{
    struct stat st;
    char target[PATH_MAX];
    if (why_n) why[0] = 0;
    if (d->failed != OK) {
        (void)complain(path,
                       d->failed == ERR_MEM     ? "out of memory"
                       : d->failed == ERR_LIMIT ? "the report is too long"
                                                : err_name(d->failed),
                       why, why_n);
        return d->failed;
    }
    slice s = buf_slice(d->out);
    if (strcmp(path, "-") == 0) {
        fflush(stdout); /* what was printed before comes before */
        return save_in_place(STDOUT_FILENO, s, false, "standard output", why, why_n);
    }
    bool there = stat(path, &st) == 0;
    if (there && !S_ISREG(st.st_mode)) {
        return save_in_place(open(path, O_WRONLY | O_CLOEXEC), s, true, path, why, why_n);
    }
    /* through a link to the file it names */
    if (!there || !realpath(path, target)) {
        int n = snprintf(target, sizeof target, "%s", path);
        if (n < 0 || (size_t)n >= sizeof target) return complain(path, "name too long", why, why_n);
    }
    return save_and_rename(target, s, path, why, why_n);
}
