/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/cli.h"
#include "io/store.h"

struct show {
    const char *dir;
    int64_t extract; /* number to write out, 0: list */
    bool found;
};

static const struct argp_option options[] = {
    {"extract", 'x', "NUMBER", 0, "write the octets of one alert to standard output", 0}, {0}};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct show *s = state->input;
    switch (key) {
    case 'x':
        s->extract = cli_number("--extract", arg, 1, INT64_MAX);
        if (s->extract < 0) exit(CLI_USE);
        return 0;
    case ARGP_KEY_ARG:
        if (s->dir) argp_error(state, "one folder only");
        s->dir = arg;
        return 0;
    case ARGP_KEY_NO_ARGS: argp_error(state, "which folder?"); return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static bool show(void *ctx, const struct store_record *r)
{
    struct show *s = ctx;
    char when[32];
    if (s->extract) {
        if (r->number != (uint64_t)s->extract) return true;
        s->found = true;
        fwrite(r->body.p, 1, r->body.n, stdout);
        return false;
    }
    time_t t = (time_t)(r->us / 1000000);
    struct tm tm;
    if (!gmtime_r(&t, &tm) || !strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &tm)) snprintf(when, sizeof when, "?");
    slice type = r->type.n ? r->type : slice_str("-"), from = r->from.n ? r->from : slice_str("-");
    printf("%8llu  %s  %8zu octets  %.*s  %.*s\n", (unsigned long long)r->number, when, r->body.n, (int)type.n,
           (const char *)type.p, (int)from.n, (const char *)from.p);
    return true;
}

int cli_store(int argc, char **argv)
{
    static const struct argp argp = {options, parse, "DIR", "Lists what a manager stored in DIR, oldest first, or writes one alert out.", NULL, NULL, NULL};
    struct show s = {0};
    struct env env;
    struct store_state st;
    char why[300] = "";
    env_init(&env);
    argp_parse(&argp, argc, argv, 0, NULL, &s);
    if (store_each(&env, s.dir, show, &s, &st, why, sizeof why) != OK) return cli_error("%s", *why ? why : "out of memory");
    if (s.extract) return s.found ? CLI_OK : cli_error("%s holds no alert %lld", s.dir, (long long)s.extract);
    printf("%llu alerts in %llu files\n", (unsigned long long)st.alerts, (unsigned long long)st.files);
    if (st.torn_octets) printf("%llu octets at the end are of no whole alert\n", (unsigned long long)st.torn_octets);
    if (st.bad_records) printf("%llu places are damaged and were passed over\n", (unsigned long long)st.bad_records);
    return CLI_OK;
}
