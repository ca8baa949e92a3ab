/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "codec/idmef.h"

enum { OPT_STRICT = 0x2100, OPT_QUIET = 'q', OPT_CHARSET = 0x2101 };

struct idmef_use {
    bool strict, quiet;
    const char *charset;
    const char **file;
    size_t files;
};

static const struct argp_option options[] = {
    {"strict", OPT_STRICT, 0, 0, "what RFC 4765 asks for beside its declarations fails as well", 0},
    {"charset", OPT_CHARSET, "NAME", 0, "of all files, whatever they say themselves", 0},
    {"quiet", OPT_QUIET, 0, 0, "only the exit status", 0},
    {0}};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct idmef_use *u = state->input;
    switch (key) {
    case OPT_STRICT:
        u->strict = true;
        return 0;
    case OPT_QUIET:
        u->quiet = true;
        return 0;
    case OPT_CHARSET:
        u->charset = arg;
        return 0;
    case ARGP_KEY_ARG:
        u->file[u->files++] = arg;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* The file in pieces, as a manager would get it: what is large is never held. */
static int feed(struct idmef_check *c, FILE *f, const char *path)
{
    uint8_t piece[16384];
    err e = OK;
    bool last = false;
    while (e == OK && !last) {
        size_t n = fread(piece, 1, sizeof piece, f);
        if (ferror(f)) return cli_error("%s: %s", path, strerror(errno));
        last = feof(f) != 0;
        e = idmef_check_feed(c, slice_of(piece, n), last);
    }
    return e == ERR_MEM ? cli_error("%s: out of memory", path) : CLI_OK;
}

/* True when it has to fail. */
static bool print(const struct idmef_use *u, const char *path, const struct idmef_result *r)
{
    bool failed = r->verdict != IDMEF_OK;
    if (!u->quiet && failed)
        printf("%s:%u: %s: %s (%s)\n", path, (unsigned)r->line, idmef_verdict_names[r->verdict], r->why,
               clauses[idmef_faults[r->fault].clause].id);
    if (!u->quiet && !failed)
        printf("%s: valid, %u alerts, %u heartbeats\n", path, (unsigned)r->alerts, (unsigned)r->heartbeats);
    for (uint32_t i = 0; i < r->note_n; i++) {
        static const char *const words[] = {"note", "weak", "fail"};
        const struct fault_info *f = &idmef_faults[r->note[i].code];
        if (u->strict && f->severity != SEV_NOTE) failed = true;
        if (!u->quiet)
            printf("%s:%u: %s: %s (%s%s%s)\n", path, (unsigned)r->note[i].line, words[f->severity], f->text,
                   clauses[f->clause].id, f->defect ? ", " : "", defects[f->defect].id);
    }
    return failed;
}

static int validate(const struct idmef_use *u, const struct env *env, const struct idmef_schema *schema,
                    const char *path, bool *failed)
{
    struct idmef_check *c;
    bool in = strcmp(path, "-") == 0;
    const char *name = in ? "standard input" : path;
    FILE *f = in ? stdin : fopen(path, "rb");
    if (!f) return cli_error("%s: %s", path, strerror(errno));
    int status = CLI_OK;
    if (idmef_check_new(env, schema, NULL, slice_str(u->charset), &c) != OK) {
        status = cli_error("%s: out of memory", name);
    } else {
        status = feed(c, f, name);
        if (status == CLI_OK && print(u, name, idmef_check_result(c))) *failed = true;
        idmef_check_free(c);
    }
    if (!in) fclose(f);
    return status;
}

/* What an option says is judged before any file. */
static int charset_ready(const struct idmef_use *u, const struct env *env, const struct idmef_schema *schema)
{
    struct idmef_result r;
    if (!u->charset) return CLI_OK;
    if (idmef_validate(env, schema, SLICE_LIT(" "), slice_str(u->charset), &r) != OK) return cli_error("out of memory");
    if (r.fault != IDMEF_F_CHARSET) return CLI_OK;
    return cli_error("--charset: %s is none of utf-8, utf-16, utf-16be, utf-16le, us-ascii, iso-8859-1", u->charset);
}

static int run(struct idmef_use *u)
{
    struct env env;
    struct idmef_schema *schema;
    bool failed = false;
    int status = CLI_OK;
    env_init(&env);
    if (idmef_schema_new(&env, &schema) != OK) return cli_error("out of memory");
    status = charset_ready(u, &env, schema);
    for (size_t i = 1; i < u->files && (status == CLI_OK || i > 1); i++) { /* one that cannot be read is no reason to say nothing of the others */
        int one = validate(u, &env, schema, u->file[i], &failed);
        if (one != CLI_OK) status = one;
        fflush(stdout); /* what goes to standard error stays in order with it */
    }
    idmef_schema_free(schema);
    return status != CLI_OK ? status : failed ? CLI_FAILED : CLI_OK;
}

int cli_idmef(int argc, char **argv)
{
    static const struct argp argp = {
        options,
        parse,
        "validate FILE...\ndtd",
        "Validate IDMEF messages (RFC 4765), or print the declarations that they are validated by.\v"
        "FILE - is standard input.  Nothing is loaded that a message names.",
        NULL,
        NULL,
        NULL};
    struct idmef_use u = {.file = calloc((size_t)argc + 1, sizeof *u.file)};
    int status;
    if (!u.file) return cli_error("out of memory");
    argp_parse(&argp, argc, argv, 0, NULL, &u);
    if (u.files == 1 && strcmp(u.file[0], "dtd") == 0) {
        fputs(idmef_dtd(), stdout);
        status = CLI_OK;
    } else if (u.files < 2 || strcmp(u.file[0], "validate") != 0) {
        status = cli_error("idmef takes validate and files, or dtd: see draftproof idmef --help");
    } else {
        status = run(&u);
    }
    free(u.file);
    return status;
}
