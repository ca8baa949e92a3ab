/* SPDX-License-Identifier: MIT */
/* Scenario files.  Oracles: a failure fills its fault; what parses prints to text that parses and prints the
 * same; the instances of a case, planned, print to text that parses, plans and prints the same; and nothing
 * leaks. */
#include "scn/scn.h"

#include <stdlib.h>
#include <string.h>

enum {
    INPUT_MAX = 16 << 10,  /* larger ones find nothing that small ones do not */
    OUTPUT_MAX = 32 << 20, /* names multiply what is written */
    TEXT_MAX = 1 << 20,    /* of a scenario file */
    INSTANCES = 64
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
    if (!ok) abort();
}

static bool lookup(void *ctx, const char *name, struct scn_octets *out)
{
    static uint8_t odd[] = "a$|,\"\\ \0\xff", time[] = "3s", field[] = "via";
    (void)ctx;
    if (strcmp(name, "NONE") == 0) return false;
    *out = (struct scn_octets){odd, sizeof odd - 1};
    if (name[0] == 'T') *out = (struct scn_octets){time, sizeof time - 1};
    if (name[0] == 'F') *out = (struct scn_octets){field, sizeof field - 1};
    return true;
}

/* A failure says where and why, a success does not. */
static void check(err e, const void *out, const struct scn_fault *f)
{
    must((e == OK) == (out != NULL));
    must(e == OK || (f->line >= 1 && f->column >= 1 && f->text[0]));
    must(e == OK || e == ERR_PEER || e == ERR_LIMIT);
}

static struct scn_file *parse(const struct env *env, slice text)
{
    struct scn_file *file;
    struct scn_fault f;
    err e = scn_parse(env, "fuzz.scn", text, &file, &f);
    check(e, file, &f);
    return file;
}

static void print(const struct scn_case *c, struct buf *out)
{
    buf_init(out, &mem_libc, OUTPUT_MAX);
    must(scn_print(c, out) == OK);
}

static struct scn_plan *plan(const struct env *env, const struct scn_case *c, size_t i)
{
    struct scn_plan *p;
    struct scn_fault f;
    err e = scn_plan(env, c, i, lookup, NULL, &p, &f);
    check(e, p, &f);
    return p;
}

/* The plan as a case that varies nothing.  Printed, it may pass a limit that the case kept; then it is let
 * be. */
static void check_plan(const struct env *env, const struct scn_case *c, const struct scn_plan *p)
{
    struct scn_case flat = *c;
    struct buf once, twice;
    flat.lets = flat.varies = 0;
    flat.stmt = p->stmt;
    flat.stmts = p->stmts;
    print(&flat, &once);
    struct scn_file *file = NULL;
    if (once.n <= TEXT_MAX) {
        struct scn_fault f;
        err e = scn_parse(env, "plan.scn", buf_slice(&once), &file, &f);
        check(e, file, &f);
        must(e == OK || e == ERR_LIMIT);
    }
    if (file) {
        struct scn_plan *again = plan(env, file->cases[0], 0);
        must(again != NULL && again->vary[0] == 0);
        flat.stmt = again->stmt;
        flat.stmts = again->stmts;
        print(&flat, &twice);
        must(slice_eq(buf_slice(&once), buf_slice(&twice)));
        buf_done(&twice);
        scn_plan_free(again);
    }
    scn_file_free(file);
    buf_done(&once);
}

static void check_case(const struct env *env, const struct scn_case *c)
{
    struct buf once, twice;
    print(c, &once);
    struct scn_file *file = parse(env, buf_slice(&once));
    must(file && file->n == 1);
    print(file->cases[0], &twice);
    must(slice_eq(buf_slice(&once), buf_slice(&twice)));
    must(scn_instances(c) == scn_instances(file->cases[0]));
    buf_done(&once);
    buf_done(&twice);
    scn_file_free(file);

    size_t n = scn_instances(c);
    must(n >= 1 && n <= 4096);
    for (size_t i = 0; i < n && i < INSTANCES; i++) {
        struct scn_plan *p = plan(env, c, i);
        if (p && i < 4) check_plan(env, c, p);
        scn_plan_free(p);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct env env;
    env_init(&env);
    if (size > INPUT_MAX) return 0;
    struct scn_file *file = parse(&env, slice_of(data, size));
    for (size_t i = 0; file && i < file->n; i++)
        check_case(&env, file->cases[i]);
    scn_file_free(file);
    return 0;
}
