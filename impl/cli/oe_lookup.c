/* SPDX-License-Identifier: MIT */
#include "cli/oe_lookup.h"

#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/oe.h"

enum {
    OPT_SERVER = 0x2500,
    OPT_PORT,
    OPT_DIRECT,
    OPT_TCP,
    OPT_BUFSIZE,
    OPT_ANCHOR,
    OPT_TIMEOUT,
    OPT_JOBS,
    OPT_FILE,
    OPT_SOURCE,
    OPT_JSON
};
enum {
    ADDRESSES = 1000000, /* of one run; 18 MB */
    ZONES = 64,          /* of one name server that are asked straight */
    JOBS_USUAL = 32,
    JOBS_MAX = 4096, /* a quarter of what lookup.h lets be under way: each may ask for several names */
    AHEAD = 4096,    /* answers that wait for one before them to be printed */
    ANSWER_OCTETS_MIN = 512,
    ANSWER_OCTETS_MAX = 4096
};

struct use {
    struct oe_lookup_setup s; /* first: what jobs see */
    const char *server[LOOKUP_SERVERS], *zone[ZONES], *file;
    size_t servers, zones;
    uint16_t port, octets;
    bool tcp, files, interrupted;
    size_t jobs;
    struct oe_host *address;
    size_t addresses, room;
};

static const struct argp_option options[] = {
    {"server", OPT_SERVER, "H[:P]", 0, "the resolver to ask; may be repeated.  Those of the system otherwise",
     0},
    {"port", OPT_PORT, "P", 0, "of servers that are given without one (53)", 0},
    {"direct", OPT_DIRECT, "ZONE", OPTION_ARG_OPTIONAL,
     "the servers are masters of the zone (of all of them otherwise), and asked without recursion; may be "
     "repeated",
     0},
    {"tcp", OPT_TCP, 0, 0, "TCP at once; it follows a truncated answer in any case", 0},
    {"bufsize", OPT_BUFSIZE, "N", 0, "octets of an answer that may come over UDP: 512 to 4096 (1232)", 0},
    {"trust-anchor", OPT_ANCHOR, "FILE", 0,
     "DS or DNSKEY records that validation begins with; may be repeated.  Without one nothing is validated",
     0},
    {"timeout", OPT_TIMEOUT, "S", 0, "seconds that each look-up may take (5)", 0},
    {"jobs", OPT_JOBS, "N", 0, "addresses at a time (32)", 0},
    {"file", OPT_FILE, "FILE", 0, "read addresses from there, one a line; - is standard input", 0},
    {"source", OPT_SOURCE, "ADDRESS", 0, "the host that wants to talk", 0},
    {"json", OPT_JSON, 0, 0, "one JSON object a line for each address", 0},
    {0}};

/* --- addresses ------------------------------------------------------------------------------------- */

static int add_address(struct use *u, const char *where, slice text)
{
    struct oe_host h;
    if (!oe_host_read(text, &h))
        return cli_error("%s: \"%.*s\" is no address", where, text.n > 80 ? 80 : (int)text.n,
                         text.n ? (const char *)text.p : "");
    if (u->addresses == ADDRESSES) return cli_error("%s: more than %d addresses", where, ADDRESSES);
    if (u->addresses == u->room) {
        size_t room = u->room ? 2 * u->room : 64;
        struct oe_host *more = realloc(u->address, room * sizeof *more);
        if (!more) return cli_error("out of memory");
        u->address = more;
        u->room = room;
    }
    u->address[u->addresses++] = h;
    return CLI_OK;
}

static int read_file(struct use *u, const char *path)
{
    size_t n, line = 1;
    uint8_t *text = cli_oe_file(path, &n);
    int status = text ? CLI_OK : CLI_USE;
    for (slice rest = slice_of(text, text ? n : 0); status == CLI_OK && rest.n; line++) {
        char where[300];
        size_t end = slice_find(rest, SLICE_LIT("\n"));
        slice one = slice_sub(rest, 0, end);
        rest = slice_sub(rest, end + 1, rest.n);
        one = slice_sub(one, 0, slice_find(one, SLICE_LIT("#")));
        if (one.n && one.p[one.n - 1] == '\r') one.n--;
        one = slice_trim(one);
        snprintf(where, sizeof where, "%.280s:%zu", strcmp(path, "-") == 0 ? "standard input" : path, line);
        if (one.n) status = add_address(u, where, one);
    }
    free(text);
    return status;
}

/* --- options --------------------------------------------------------------------------------------- */

static void want(int status)
{
    if (status != CLI_OK) exit(status);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct use *u = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &u->s.policy;
        return 0;
    case OPT_SERVER:
        if (u->servers == LOOKUP_SERVERS) exit(cli_error("--server: at most %d", LOOKUP_SERVERS));
        u->server[u->servers++] = arg;
        return 0;
    case OPT_PORT:
        u->port = (uint16_t)cli_want(cli_number("--port", arg, 1, 65535));
        return 0;
    case OPT_DIRECT:
        if (u->zones == ZONES) exit(cli_error("--direct: at most %d", ZONES));
        u->zone[u->zones++] = arg ? arg : ".";
        return 0;
    case OPT_TCP:
        u->tcp = true;
        return 0;
    case OPT_BUFSIZE:
        u->octets = (uint16_t)cli_want(cli_number("--bufsize", arg, ANSWER_OCTETS_MIN, ANSWER_OCTETS_MAX));
        return 0;
    case OPT_ANCHOR:
        want(cli_oe_anchor_file(arg, &u->s.anchors));
        return 0;
    case OPT_TIMEOUT: {
        int64_t ms = cli_want(cli_seconds("--timeout", arg));
        if (ms < 1 || ms > 600000) exit(cli_error("--timeout: %s is not between 1ms and 10m", arg));
        u->s.policy.policy.timeout_ms = (uint32_t)ms;
        return 0;
    }
    case OPT_JOBS:
        u->jobs = (size_t)cli_want(cli_number("--jobs", arg, 1, JOBS_MAX));
        return 0;
    case OPT_FILE:
        u->files = true;
        want(read_file(u, arg));
        return 0;
    case OPT_SOURCE:
        if (!oe_host_read(slice_str(arg), &u->s.source))
            exit(cli_error("--source: \"%.80s\" is no address", arg));
        return 0;
    case OPT_JSON:
        u->s.json = true;
        return 0;
    case ARGP_KEY_ARG:
        want(add_address(u, "ADDRESS", slice_str(arg)));
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_child children[] = {{&cli_oe_policy_argp, 0, "The gateway that decides:", 1}, {0}};
static const struct argp argp = {
    options,
    parse,
    "[ADDRESS...]",
    "Look up what DNS says of opportunistic encryption with each ADDRESS, and decide what a gateway makes of "
    "it.\v"
    "Without ADDRESS and --file, addresses are read from standard input.  Exit status: 0 all is decided, 1 a "
    "look-up failed (what follows from that is decided all the "
    "same), 2 wrong use, 3 nothing was decided.",
    children,
    NULL,
    NULL};

void cli_oe_lookup_help(FILE *to)
{
    argp_help(&argp, to, ARGP_HELP_LONG, NULL);
}

/* --- all of them ----------------------------------------------------------------------------------- */

struct slot {
    struct oe_lookup_job *job; /* under way */
    char *text;                /* to be printed when its turn has come */
    bool over;
};
struct all {
    struct use *u;
    struct slot slot[AHEAD]; /* of address i: slot i modulo AHEAD */
    size_t begun, printed, under_way;
    size_t decided;
    bool failed, done;
};

static void start_some(struct all *a);

static void on_done(void *ctx, size_t index, char *text, bool decided, bool failed)
{
    struct all *a = ctx;
    struct slot *s = &a->slot[index % AHEAD];
    *s = (struct slot){.text = text, .over = true};
    a->under_way--;
    a->decided += decided;
    a->failed |= failed || !decided;
    for (; a->printed < a->begun && a->slot[a->printed % AHEAD].over; a->printed++) {
        s = &a->slot[a->printed % AHEAD];
        if (s->text) fputs(s->text, stdout);
        free(s->text);
        *s = (struct slot){.text = NULL};
    }
    start_some(a);
}

static void start_some(struct all *a)
{
    struct use *u = a->u;
    while (!a->done && a->under_way < u->jobs && a->begun < u->addresses && a->begun - a->printed < AHEAD) {
        size_t i = a->begun++;
        a->under_way++;
        if (oe_lookup_begin(&u->s, &u->address[i], i, on_done, a, &a->slot[i % AHEAD].job) == CLI_OK)
            continue;
        a->slot[i % AHEAD].job = NULL;
        a->failed = a->done = true;
    }
    if (a->printed == u->addresses) a->done = true;
}

static void on_signal(void *ctx)
{
    struct all *a = ctx;
    a->u->interrupted = a->done = true;
}

static int look_all_up(struct use *u)
{
    struct all *a = calloc(1, sizeof *a);
    if (!a) return cli_error("out of memory"), CLI_FAILED;
    a->u = u;
    if (loop_on_signals(u->s.loop, on_signal, a) != OK) cli_error("signals cannot be waited for");
    start_some(a);
    loop_run_until(u->s.loop, &a->done, UINT64_MAX);
    for (size_t i = 0; i < AHEAD; i++) {
        if (a->slot[i].job) oe_lookup_cancel(a->slot[i].job);
        free(a->slot[i].text);
    }
    int status = a->failed ? CLI_FAILED : u->interrupted || !a->decided ? CLI_UNPROVEN : CLI_OK;
    if (u->interrupted) cli_error("interrupted: %zu of %zu addresses are decided", a->decided, u->addresses);
    free(a);
    return status;
}

/* --- the resolver ---------------------------------------------------------------------------------- */

/* --port goes to those that are an address alone.  texts holds what had to be written. */
static const char *with_port(const struct use *u, const char *server, char text[80])
{
    slice s = slice_str(server);
    struct oe_host h;
    bool brackets = s.n > 2 && s.p[0] == '[' && s.p[s.n - 1] == ']';
    if (brackets) s = slice_sub(s, 1, s.n - 1);
    if (!u->port || !oe_host_read(s, &h)) return server;
    snprintf(text, 80, h.family == 6 ? "[%.*s]:%u" : "%.*s:%u", (int)s.n, (const char *)s.p,
             (unsigned)u->port);
    return text;
}

static int open_resolver(struct use *u)
{
    char text[LOOKUP_SERVERS][80], why[300] = "";
    const char *anchor[CLI_OE_ANCHORS];
    size_t n = 0;
    for (size_t i = 0; i < u->servers; i++) {
        u->server[i] = with_port(u, u->server[i], text[i]);
        n += (size_t)snprintf(u->s.servers + n, sizeof u->s.servers - n, "%s%.60s", i ? ", " : "",
                              u->server[i]);
    }
    if (!u->servers) snprintf(u->s.servers, sizeof u->s.servers, "those of the system");
    for (size_t i = 0; i < u->s.anchors.n; i++)
        anchor[i] = u->s.anchors.line[i];
    const struct lookup_use use = {u->server, u->servers,     u->zone, u->zones,
                                   anchor,    u->s.anchors.n, u->tcp,  u->octets};
    err e = loop_new(&u->s.env, &u->s.loop);
    if (e == OK) e = lookup_new(u->s.loop, &use, &u->s.dns, why, sizeof why);
    if (e == OK) return CLI_OK;
    cli_error("%s", why[0] ? why : err_name(e));
    return e == ERR_USE ? CLI_USE : CLI_FAILED;
}

static int run(struct use *u)
{
    if (u->zones && !u->servers) return cli_error("--direct: --server has to say which master is asked");
    if (u->addresses == 0 && !u->files) want(read_file(u, "-"));
    if (u->addresses == 0) return cli_error("there is no address to look up"), CLI_UNPROVEN;
    int status = open_resolver(u);
    if (status == CLI_OK) status = look_all_up(u);
    lookup_free(u->s.dns);
    if (u->s.loop) loop_free(u->s.loop);
    return status;
}

int cli_oe_lookup(int argc, char **argv)
{
    struct use *u = calloc(1, sizeof *u);
    if (!u) return cli_error("out of memory");
    env_init(&u->s.env);
    cli_oe_policy_init(&u->s.policy);
    u->jobs = JOBS_USUAL;
    argp_parse(&argp, argc, argv, 0, NULL, u);
    int status = run(u);
    cli_oe_anchors_done(&u->s.anchors);
    free(u->address);
    free(u);
    return status;
}
