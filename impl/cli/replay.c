/* SPDX-License-Identifier: MIT */
#include "run/replay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/oe.h"

enum { OPT_EXPECT = 0x2400, OPT_BLESS, OPT_JSONL, OPT_GATEWAY, OPT_DIALECT, OPT_FRESH, OPT_EVENTS, OPT_ALL };

struct use {
    struct replay_options o;
    bool dialect_given, events, all;
    const char *expect, *bless, *jsonl;
    const char **file;
    size_t files;
    struct run_results all_results;
    size_t nothing, differs;
    uint64_t began_us; /* of the capture whose events are told */
};

static const struct argp_option options[] = {
    {"gateway", OPT_GATEWAY, "ADDRESS", 0, "the gateway whose capture it is; may be repeated for its other addresses (guessed where it is plain)", 0},
    {"dialect", OPT_DIALECT, "NAME", 0, "rfc (as usual) or draft: whose rules decide; with --expect and --bless both as usual", 0},
    {"fresh", OPT_FRESH, 0, 0, "the gateway was started with the capture and has no configured tunnels, so whatever it knows is in there: then what is missing counts as well", 0},
    {"expect", OPT_EXPECT, "FILE", 0, "compare with what FILE expects; that alone makes the status", 0},
    {"bless", OPT_BLESS, "FILE", 0, "write what was found, as what is expected from now on", 0},
    {"jsonl", OPT_JSONL, "FILE", 0, "write the results as JSON, one a line (-: standard output)", 0},
    {"events", OPT_EVENTS, 0, 0, "print what happens, packet by packet", 0},
    {"all", OPT_ALL, 0, 0, "print the clauses that were kept as well", 0},
    {0}};

static void add_gateway(struct replay_options *o, const char *text, struct argp_state *state)
{
    if (o->gateways == OE_TRACK_GATEWAYS) argp_error(state, "--gateway: more than %d addresses", OE_TRACK_GATEWAYS);
    else if (!ip_address_read(text, &o->gateway[o->gateways++])) argp_error(state, "--gateway: %s is no address", text);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct use *u = state->input;
    switch (key) {
    case OPT_GATEWAY: add_gateway(&u->o, arg, state); return 0;
    case OPT_DIALECT:
        u->o.dialect = cli_oe_dialect(arg);
        u->dialect_given = true;
        return 0;
    case OPT_FRESH: u->o.fresh = true; return 0;
    case OPT_EXPECT: u->expect = arg; return 0;
    case OPT_BLESS: u->bless = arg; return 0;
    case OPT_JSONL: u->jsonl = arg; return 0;
    case OPT_EVENTS: u->events = true; return 0;
    case OPT_ALL: u->all = true; return 0;
    case ARGP_KEY_ARG: u->file[u->files++] = arg; return 0;
    case ARGP_KEY_END:
        if (!u->files) argp_error(state, "no capture is named");
        if ((u->expect || u->bless) && u->files > 1) argp_error(state, "--expect and --bless are for one capture");
        if (u->expect && u->bless) argp_error(state, "--expect and --bless exclude each other");
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

/* --- printing ---------------------------------------------------------------------------------------------------------------- */

static void event(void *ctx, uint32_t packet, uint64_t us, const char *text)
{
    struct use *u = ctx;
    if (!u->began_us) u->began_us = us;
    uint64_t at = us > u->began_us ? us - u->began_us : 0;
    printf("  %6u %8llu.%03u s  %s\n", (unsigned)packet, (unsigned long long)(at / 1000000), (unsigned)(at / 1000 % 1000), text);
}

static void head(const struct replay *r, const char *file)
{
    const struct oe_track_heads *h = &r->track.heads;
    char text[IP_TEXT];
    printf("%s: gateway %s%s, dialect %s\n", file, ip_address_text(&r->track.o.gateway[0], text), r->guessed ? " (by the looks of it)" : "",
           oe_dialect_names[r->track.o.dialect]);
    printf("  %u packets: %u queries and %u answers for TXT and KEY, %u of IKE in %u exchanges, %u of ESP\n", (unsigned)h->packets, (unsigned)h->queries,
           (unsigned)h->answers, (unsigned)h->ike, (unsigned)h->exchanges, (unsigned)h->esp);
    if (h->inside) printf("  the capture begins inside an exchange: %s\n", oe_inside_texts[h->inside]);
    if (h->cut) printf("  %u packets are cut\n", (unsigned)h->cut);
    if (h->fragments) printf("  %u packets are fragments, which are not put together\n", (unsigned)h->fragments);
    if (h->unread) printf("  %u packets cannot be read\n", (unsigned)h->unread);
    if (h->strays) printf("  %u answers come without a query\n", (unsigned)h->strays);
    if (h->unanswered) printf("  %u names were asked for, and no answer is there\n", (unsigned)h->unanswered);
    if (h->partial) printf("  %u segments of DNS over TCP hold no whole message\n", (unsigned)h->partial);
    if (h->exchanges_inside) printf("  %u exchanges of IKE have no beginning\n", (unsigned)h->exchanges_inside);
    if (h->ike2) printf("  %u packets of IKEv2 are none of ours\n", (unsigned)h->ike2);
    if (h->full) printf("  a limit was reached: some of it was not followed\n");
    if (r->damaged[0]) printf("  reading ended early: %s\n", r->damaged);
}

static void print(const struct use *u, const struct replay *r, const char *file, const struct run_results *rs)
{
    head(r, file);
    for (size_t i = 0; i < rs->n; i++) {
        const struct result *x = &rs->r[i];
        if (x->verdict == V_PASS && !x->reason[0] && !u->all) continue;
        printf("  %-4s  %-14s %s: %s\n", verdict_names[x->verdict], clauses[x->clause[0]].id, x->role, x->reason[0] ? x->reason : x->title);
    }
    printf("  %zu pass, %zu weak, %zu fail\n", rs->count[V_PASS], rs->count[V_WEAK], rs->count[V_FAIL]);
}

static void differs(void *ctx, const char *text)
{
    (void)ctx;
    printf("  differs: %s\n", text);
}

/* --- judging ------------------------------------------------------------------------------------------------------------------ */

static int judge(struct use *u, const char *file, enum oe_dialect dialect, struct replay_expect *e)
{
    struct replay r;
    struct run_results rs;
    char why[1200] = "";
    int status = CLI_OK;
    u->o.dialect = dialect;
    u->began_us = 0;
    run_results_init(&rs, u->o.env->mem);
    err failed = replay_oe(&u->o, file, &r, why, sizeof why);
    if (failed == OK && r.nothing) u->nothing++;
    if (failed == OK) failed = replay_oe_results(&r, file, &rs);
    if (failed == OK) failed = replay_oe_results(&r, file, &u->all_results);
    run_results_count(&rs);
    if (failed == OK && e) failed = replay_expect_add(e, &r, &rs);
    if (failed == ERR_MEM) status = cli_error("%s: out of memory", file);
    else if (failed != OK) status = cli_error("%s: %s", file, why);
    else if (r.nothing) printf("%s: no conversation of opportunistic encryption\n", file);
    else print(u, &r, file, &rs);
    run_results_done(&rs);
    replay_done(&r);
    return status;
}

static int expected(struct use *u, struct replay_expect *e)
{
    char why[400] = "";
    const char *file = u->expect ? u->expect : u->bless;
    err failed = u->expect ? replay_expect_compare(e, u->expect, &u->differs, differs, u, why, sizeof why) : replay_expect_save(u->o.env, e, u->bless, why, sizeof why);
    if (failed != OK) return why[0] ? cli_error("%s", why) : cli_error("%s: out of memory", file);
    if (u->expect && !u->differs) printf("  as expected\n");
    return CLI_OK;
}

static int run(struct use *u)
{
    struct replay_expect *e = NULL;
    char why[400] = "";
    int status = CLI_OK;
    bool both = (u->expect || u->bless) && !u->dialect_given;
    if ((u->expect || u->bless) && replay_expect_new(&u->o, &e) != OK) status = cli_error("out of memory");
    enum oe_dialect only = u->o.dialect;
    for (size_t i = 0; i < u->files && status == CLI_OK; i++) {
        for (int d = 0; d < OE_DIALECTS && status == CLI_OK; d++) {
            if (both || d == (int)only) status = judge(u, u->file[i], (enum oe_dialect)d, e);
        }
    }
    if (status == CLI_OK && e) status = expected(u, e);
    replay_expect_free(e);
    if (status == CLI_OK && u->jsonl && report_jsonl(&u->all_results, u->jsonl, why, sizeof why) != OK) status = cli_error("%s", why[0] ? why : "out of memory");
    return status;
}

int cli_replay(int argc, char **argv)
{
    static const struct argp argp = {options, parse, "CAPTURE...",
                                     "Judges captures (pcap or pcapng) of a gateway of opportunistic encryption: DNS, IKE and ESP in their order, and what can be read of each.\v"
                                     "What may have been lost or have happened before the capture began is held against nobody.  Status 0: nothing fails; 1: something does, or is not as "
                                     "expected; 2: wrong use, or a file that cannot be read; 3: there was no conversation to judge.",
                                     NULL, NULL, NULL};
    struct env env;
    struct use u = {.o.env = &env, .o.dialect = OE_RFC};
    env_init(&env);
    u.file = calloc((size_t)argc + 1, sizeof *u.file);
    if (!u.file) return cli_error("out of memory");
    run_results_init(&u.all_results, env.mem);
    argp_parse(&argp, argc, argv, 0, NULL, &u);
    if (u.events) {
        u.o.tell = event;
        u.o.ctx = &u;
    }
    int status = run(&u);
    run_results_count(&u.all_results);
    if (status == CLI_OK && u.expect) status = u.differs ? CLI_FAILED : CLI_OK;
    else if (status == CLI_OK && !u.bless && u.all_results.count[V_FAIL]) status = CLI_FAILED;
    else if (status == CLI_OK && !u.bless && u.all_results.n == 0) status = CLI_UNPROVEN;
    run_results_done(&u.all_results);
    free(u.file);
    return status;
}
