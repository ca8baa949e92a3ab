/* SPDX-License-Identifier: MIT */
#include "cli/files.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "cli/cli.h"
#include "run/server_iap.h"

void cli_alerts_init(struct cli_alerts *l)
{
    *l = (struct cli_alerts){.max = 1u << 30};
}

void cli_alerts_done(struct cli_alerts *l)
{
    for (size_t i = 0; i < l->n; i++)
        mem_free(&mem_libc, (void *)(uintptr_t)l->a[i].body.p); /* read only for the peers; these are ours */
    free(l->a);
}

static int add(struct cli_alerts *l, slice body, const char *name)
{
    if (l->n == l->cap) {
        size_t cap = l->cap ? l->cap * 2 : 16;
        struct server_alert *a = realloc(l->a, cap * sizeof *a);
        if (!a) return cli_error("out of memory");
        l->a = a;
        l->cap = cap;
    }
    l->a[l->n++] = (struct server_alert){.body = body, .name = name};
    return CLI_OK;
}

int cli_alerts_add_copy(struct cli_alerts *l, slice body, const char *name)
{
    uint8_t *copy = mem_dup(&mem_libc, body.n ? (const void *)body.p : "", body.n);
    return copy ? add(l, slice_of(copy, body.n), name) : cli_error("out of memory");
}

/* Of a file that can be known before a gigabyte of it was read. */
static bool too_large(FILE *f, size_t max)
{
    struct stat st;
    return fstat(fileno(f), &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0 && (uint64_t)st.st_size > max;
}

int cli_alerts_add(struct cli_alerts *l, const char *path)
{
    bool standard = strcmp(path, "-") == 0;
    FILE *f = standard ? stdin : fopen(path, "rb");
    struct buf b;
    uint8_t *at;
    err e = OK;
    if (!f) return cli_error("%s: %s", path, strerror(errno));
    if (too_large(f, l->max)) {
        if (!standard) fclose(f);
        return cli_error("%s: larger than %zu octets", path, l->max);
    }
    buf_init(&b, &mem_libc, l->max);
    while (e == OK && !feof(f) && !ferror(f)) {
        e = buf_reserve(&b, 65536, &at);
        if (e == OK) buf_added(&b, fread(at, 1, 65536, f));
    }
    int bad = ferror(f) ? errno : 0;
    if (!standard) fclose(f);
    int status = CLI_OK;
    if (bad) status = cli_error("%s: %s", path, strerror(bad));
    else if (e != OK) status = cli_error("%s: larger than %zu octets", path, l->max);
    else {
        slice body = buf_slice(&b);
        if (!body.n) body = slice_of(mem_dup(&mem_libc, "", 0), 0);
        else if (b.from) body = slice_of(mem_dup(&mem_libc, body.p, body.n), body.n);
        else b.p = NULL; /* the list has it now */
        status = body.p ? add(l, body, standard ? "standard input" : path) : cli_error("out of memory");
    }
    buf_done(&b);
    return status;
}

static int add_samples(struct cli_alerts *l)
{
    static const char *const text[] = {"<alert ident=\"1\"/>", "<alert>\r\n\r\nIAP/0.3 200\r\n\r\n</alert>"};
    uint8_t *ff = mem_new(&mem_libc, 64);
    if (!ff) return cli_error("out of memory");
    memset(ff, 0xff, 64); /* the alert of section 4.4 */
    if (add(l, slice_of(ff, 64), "sample") != CLI_OK) return CLI_USE;
    for (size_t i = 0; i < 2; i++) {
        size_t n = strlen(text[i]);
        char *copy = mem_dup(&mem_libc, text[i], n);
        if (!copy || add(l, slice_of(copy, n), "sample") != CLI_OK) return CLI_USE;
    }
    return CLI_OK;
}

/* Alerts padded with blanks hide their kind behind a known distribution of lengths (7.4). */
static int pad_one(struct server_alert *a, uint64_t multiple, uint64_t uniform, struct rng *r)
{
    size_t n = a->body.n, to = n;
    if (multiple) to = (size_t)((n + multiple - 1) / multiple * multiple);
    else if (uniform > n) to = n + (size_t)rng_below(r, uniform - n + 1);
    if (to == n) return CLI_OK;
    uint8_t *p = mem_new(&mem_libc, to);
    if (!p) return cli_error("out of memory");
    memcpy(p, a->body.p, n);
    memset(p + n, ' ', to - n);
    mem_free(&mem_libc, (void *)(uintptr_t)a->body.p);
    a->body = slice_of(p, to);
    return CLI_OK;
}

int cli_alerts_ready(struct cli_alerts *l, const char *type, const char *pad)
{
    int64_t multiple = 0, uniform = 0;
    struct rng r;
    rng_init(&r, (uint64_t)time(NULL));
    if (!l->n && add_samples(l) != CLI_OK) return CLI_USE;
    if (pad && strncmp(pad, "uniform:", 8) == 0) uniform = cli_number("--pad", pad + 8, 1, 1 << 28);
    else if (pad) multiple = cli_number("--pad", pad, 1, 1 << 28);
    if (multiple < 0 || uniform < 0) return CLI_USE;
    for (size_t i = 0; i < l->n; i++) {
        l->a[i].type = slice_str(type ? type : IAP_MEDIA_TYPE);
        if (pad && pad_one(&l->a[i], (uint64_t)multiple, (uint64_t)uniform, &r) != CLI_OK) return CLI_USE;
    }
    return CLI_OK;
}
