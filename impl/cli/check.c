/* SPDX-License-Identifier: MIT */
#include "cli/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    OPT_CONNECT = 0x2000, OPT_LISTEN, OPT_NEXT_HOP, OPT_EXEC, OPT_ABLE, OPT_CASE, OPT_SCENARIO, OPT_LIST, OPT_DRY,
    OPT_STRICT, OPT_SPLIT, OPT_JOBS, OPT_TIMEOUT, OPT_PATIENCE, OPT_JSONL, OPT_JUNIT, OPT_TAP, OPT_HTML, OPT_SAVE, OPT_SAVE_ALL, OPT_WAIVE,
    OPT_MEMORY, OPT_MUTATE, OPT_PEER_CONNECTS, OPT_SET, OPT_PROTOCOL
};

static const struct argp_option options[] = {
    {NULL, 0, NULL, 0, "The peer under test:", 1},
    {"connect", OPT_CONNECT, "H:P", 0, "it listens at H:P (a proxy: its near side)", 1},
    {"listen", OPT_LISTEN, "H:P", 0, "it connects to us: listen at H:P (127.0.0.1:0 for any free port, which is printed)", 1},
    {"next-hop", OPT_NEXT_HOP, "H:P", 0, "proxy: play the hop behind it at H:P", 1},
    {"exec", OPT_EXEC, "CMD", 0, "start the peer for each connection that it must open; {host}, {port} and {dir} (a folder with cert.pem, key.pem, ca.pem) are replaced; oe: start the adapter for the run; {dialect} and {dns} are replaced", 1},
    {"dns-listen", OPT_DNS_LISTEN, "H:P", 0, "oe-gateway: be its name server at H:P (default 127.0.0.1:0, any free port)", 1},
    {"host", OPT_HOST, "NAME", 0, "iap: name to put into CONNECT (default m.dom.org)", 1},
    {"identity", OPT_IDENTITY, "NAME", 0, "iap-proxy: its identity, if it adds no Via line that tells it", 1},
    {"profile", OPT_PROFILE, "URI", 0, "beep: a profile for data that the peer offers, or asks for (default: the first that it is seen to)", 1},
    {"echo", OPT_ECHO, NULL, 0, "beep: with that profile each message comes back as it was sent", 1},
    {"sasl-user", OPT_SASL_USER, "FILE", 0, "beep, idxp: whom the peer knows, as `user password' on one line; we are the first by name, and let all of them in", 1},
    {"dialect", OPT_DIALECT, "rfc|draft", 0, "idxp: that of RFC 4767 (default), or that of draft-ietf-idwg-beep-idxp-01; oe: that of RFC 4322 (default), or that of draft-richardson-ipsec-opportunistic-03: clauses of the other are not judged", 1},
    {"sasl-mechanism", OPT_SASL_MECHANISM, "NAME", 0, "beep, idxp: how we authenticate ourselves (default: the best that the peer offers)", 1},
    {"able", OPT_ABLE, "WHAT", 0, "what the peer was set up for.  iap: refusing, unconfigured, role-oid, subject (trust and name are taken for granted once a TLS session came about); "
     "beep: many, starts, closes, releases, wants-tls, wants-sasl, server-name, unavailable, need-tls, need-auth; "
     "idxp: starts, wants-tls, wants-sasl, need-tls, need-auth, target, tunnel, heartbeats, knows-uri, knows-kind, compares; tunnel-proxy: names, srv, profile-map, endpoint-map, limits, "
     "need-auth; oe-parser: key-records, master, ipv6; oe-gateway: clock, bogus, ipv6.  May be repeated or joined by commas", 1},
    {"set", OPT_SET, "NAME=VALUE", 0, "give $NAME of the scenarios a value: one that the protocol leaves to you, or, with --scenario, any; may be repeated", 1},
    {"memory", OPT_MEMORY, NULL, 0, "the peer is our own reference, in memory, with virtual time", 1},
    {"peer-connects", OPT_PEER_CONNECTS, NULL, 0, "with --memory: the reference opens the connection", 1},
    {"mutate", OPT_MUTATE, "NAME", 0, "with --memory: the reference makes a deliberate mistake", 1},
    {NULL, 0, NULL, 0, "What to run:", 2},
    {"case", OPT_CASE, "ID", 0, "only the cases whose id is, or begins with, ID (iap/3.1); may be repeated", 2},
    {"scenario", OPT_SCENARIO, "FILE", 0, "the cases of a scenario file of your own too", 2},
    {"protocol", OPT_PROTOCOL, "NAME", 0, "with reference: only the peers of that protocol (iap, beep, idxp, oe)", 2},
    {"split", OPT_SPLIT, "HOW", 0, "how our octets are cut: whole, bytes, random[:SEED], all, or several joined by commas (default whole)", 2},
    {"list", OPT_LIST, NULL, 0, "print the ids and titles of the cases, run nothing", 2},
    {"dry-run", OPT_DRY, NULL, 0, "print the cases as they would be run, run nothing", 2},
    {"jobs", OPT_JOBS, "N", 0, "cases at a time, where the peer listens or is started by --exec (default 1)", 2},
    {"timeout", OPT_TIMEOUT, "S", 0, "how long to wait for an answer (default 5)", 2},
    {"patience", OPT_PATIENCE, "S", 0, "how long a peer may keep a connection that it should end (default four times --timeout)", 2},
    {NULL, 0, NULL, 0, "What to make of it:", 3},
    {"strict", OPT_STRICT, NULL, 0, "weak counts as failed", 3},
    {"waive", OPT_WAIVE, "FILE", 0, "known failures: JSON list of {\"id\",\"reason\",\"link\",\"expires\"}", 3},
    {"jsonl", OPT_JSONL, "FILE", 0, "results, one JSON object a line", 3},
    {"junit", OPT_JUNIT, "FILE", 0, "results as JUnit XML", 3},
    {"tap", OPT_TAP, "FILE", 0, "results as TAP 13", 3},
    {"html", OPT_HTML, "FILE", 0, "results as one page", 3},
    {"save", OPT_SAVE, "DIR", 0, "keep a capture (pcapng), a transcript and a ladder of each case", 3},
    {"save-failed", OPT_SAVE_ALL, NULL, 0, "with --save: only of the cases that did not pass", 3},
    {"verbose", 'v', NULL, 0, "print every case, and ladders of those that did not pass", 3},
    {"quiet", 'q', NULL, 0, "print the summary only", 3},
    {0}};

static void add_split(struct check *c, const char *word, size_t n)
{
    struct suite_options *o = &c->o;
    char name[32];
    if (o->splits == SUITE_SPLITS) {
        cli_error("--split: at most %d", SUITE_SPLITS);
        exit(CLI_USE);
    }
    struct suite_split *s = &o->split[o->splits];
    snprintf(name, sizeof name, "%.*s", (int)n, word);
    s->seed = 7;
    if (strcmp(name, "whole") == 0) s->how = SPLIT_WHOLE;
    else if (strcmp(name, "bytes") == 0) s->how = SPLIT_BYTES;
    else if (strcmp(name, "random") == 0) s->how = SPLIT_RANDOM;
    else if (strncmp(name, "random:", 7) == 0) {
        s->how = SPLIT_RANDOM;
        s->seed = (uint64_t)cli_want(cli_number("--split random", name + 7, 0, INT64_MAX));
    } else {
        cli_error("--split: %s is none of whole, bytes, random[:SEED], all", name);
        exit(CLI_USE);
    }
    if (s->how == SPLIT_RANDOM) snprintf(s->name, sizeof s->name, "random:%llu", (unsigned long long)s->seed);
    else snprintf(s->name, sizeof s->name, "%s", name);
    o->splits++;
}

/* Calls add for each word of a list joined by commas. */
static void each_word(struct check *c, const char *option, const char *list, void (*add)(struct check *c, const char *word, size_t n))
{
    if (!list[strspn(list, ",")]) {
        cli_error("%s: nothing is in it", option);
        exit(CLI_USE);
    }
    while (*list) {
        size_t n = strcspn(list, ",");
        if (n) add(c, list, n);
        list += n + (list[n] == ',');
    }
}

/* The words of --able of one protocol, or of all (NULL): the role may stand behind the option. */
static void able_words(const struct run_proto *only, const char **words, size_t max)
{
    size_t n = 0;
    for (size_t i = 0; run_protos[i]; i++) {
        if (only && run_protos[i] != only) continue;
        for (const struct run_need *need = run_protos[i]->need; need && need->name; need++) {
            bool known = !need->able;
            for (size_t k = 0; k < n && !known; k++)
                known = strcmp(words[k], need->name) == 0;
            if (!known && n + 1 < max) words[n++] = need->name;
        }
    }
    words[n] = NULL;
}

static void add_able(struct check *c, const char *word, size_t n)
{
    const char *words[64];
    char name[32];
    able_words(NULL, words, sizeof words / sizeof *words);
    snprintf(name, sizeof name, "%.*s", (int)n, word);
    size_t w = 0;
    while (words[w] && strcmp(words[w], name) != 0)
        w++;
    if (!words[w]) snprintf(c->unknown_able, sizeof c->unknown_able, "%s", *name ? name : "\"\"");
    else if (c->o.ables < SUITE_NEEDS) c->o.able[c->o.ables++] = words[w];
}

/* NAME=VALUE; the text is ours to change. */
static void add_given(struct check *c, char *text)
{
    struct suite_options *o = &c->o;
    char *eq = strchr(text, '=');
    size_t n = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789");
    if (!eq || !n || text + n != eq) {
        cli_error("--set: %s: NAME=VALUE is wanted, with a name in upper case", text);
        exit(CLI_USE);
    }
    if (strlen(eq) > SUITE_VALUE) {
        cli_error("--set: a value has less than %d octets", SUITE_VALUE);
        exit(CLI_USE);
    }
    if (o->givens == SUITE_GIVEN) {
        cli_error("--set: at most %d", SUITE_GIVEN);
        exit(CLI_USE);
    }
    *eq = 0;
    o->given[o->givens++] = (struct suite_given){text, eq + 1};
}

/* A name that no case of the protocol asks for is a slip. */
static int check_given(const struct check *c)
{
    for (size_t i = 0; i < c->o.givens && !c->files; i++) {
        const char *const *n = c->proto->given;
        while (n && *n && strcmp(*n, c->o.given[i].name) != 0)
            n++;
        if (!n || !*n) return cli_error("--set: the cases of %s leave no $%s to you", c->proto->name, c->o.given[i].name);
    }
    return CLI_OK;
}

static void add_select(struct check *c, const char *id)
{
    if (!*id) {
        cli_error("--case: an id, or the beginning of one, is wanted, such as iap/3.1");
        exit(CLI_USE);
    }
    if (c->o.selects == CHECK_SELECTS) {
        cli_error("--case: at most %d", CHECK_SELECTS);
        exit(CLI_USE);
    }
    c->select[c->o.selects++] = id;
}

static error_t parse_run(int key, char *arg, struct check *c)
{
    switch (key) {
    case OPT_CASE: add_select(c, arg); return 0;
    case OPT_SCENARIO:
        if (c->files < CHECK_FILES) c->file[c->files++] = arg;
        return 0;
    case OPT_PROTOCOL: c->only = cli_protocol(arg); return 0;
    case OPT_SPLIT: each_word(c, "--split", strcmp(arg, "all") == 0 ? "whole,bytes,random" : arg, add_split); return 0;
    case OPT_LIST: c->list = true; return 0;
    case OPT_DRY: c->dry_run = true; return 0;
    case OPT_JOBS: c->o.jobs = (unsigned)cli_want(cli_number("--jobs", arg, 1, 64)); return 0;
    case OPT_TIMEOUT: c->o.timeout_ms = (uint64_t)cli_want(cli_seconds("--timeout", arg)); return 0;
    case OPT_PATIENCE: c->o.patience_ms = (uint64_t)cli_want(cli_seconds("--patience", arg)); return 0;
    case OPT_STRICT: c->strict = true; return 0;
    case OPT_WAIVE: c->waive = arg; return 0;
    case OPT_JSONL: c->jsonl = arg; return 0;
    case OPT_JUNIT: c->junit = arg; return 0;
    case OPT_TAP: c->tap = arg; return 0;
    case OPT_HTML: c->html = arg; return 0;
    case OPT_SAVE: c->save = arg; return 0;
    case OPT_SAVE_ALL: c->save_all = false; return 0;
    case 'v': c->verbose = true; return 0;
    case 'q': c->quiet = true; return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct check *c = state->input;
    switch (key) {
    case ARGP_KEY_INIT: state->child_inputs[0] = &c->talk; return 0;
    case OPT_CONNECT: c->o.connect = arg; return 0;
    case OPT_LISTEN: c->o.listen = arg; return 0;
    case OPT_NEXT_HOP: c->o.next_hop = arg; return 0;
    case OPT_EXEC: c->o.exec = arg; return 0;
    case OPT_ABLE: each_word(c, "--able", arg, add_able); return 0;
    case OPT_SET: add_given(c, arg); return 0;
    case OPT_MEMORY: c->memory = true; return 0;
    case OPT_PEER_CONNECTS: c->o.peer_connects = true; return 0;
    case OPT_MUTATE: c->mutant = arg; return 0;
    case ARGP_KEY_ARG:
        if (c->role) argp_error(state, "one role only: %s and %s", c->role, arg);
        c->role = arg;
        return 0;
    default: return check_own_parse(c, key, arg) == 0 ? 0 : parse_run(key, arg, c);
    }
}

static int check_port(const struct suite_options *o)
{
    size_t n = o->connect ? strlen(o->connect) : 0;
    if (n > 2 && strcmp(o->connect + n - 2, ":0") == 0) return cli_error("--connect: %s: port 0 is no port that a peer listens on", o->connect);
    return CLI_OK;
}

/* The words of --able are those of the protocol. */
static int check_ables(const struct check *c)
{
    const char *words[64];
    able_words(c->proto, words, sizeof words / sizeof *words);
    if (*c->unknown_able) return cli_word("--able", c->unknown_able, words) < 0 ? CLI_USE : CLI_OK;
    for (size_t i = 0; i < c->o.ables; i++)
        if (cli_word("--able", c->o.able[i], words) < 0) return CLI_USE;
    return CLI_OK;
}

/* A parser or a gateway is no server. */
static int check_adapter(const struct check *c, const struct run_role *role)
{
    const struct suite_options *o = &c->o;
    if (o->connect || o->listen || o->next_hop)
        return cli_error("%s is no server that one could connect to: --connect, --listen and --next-hop say nothing to it; give --exec CMD, an adapter that talks over standard input and output", role->name);
    if (cli_talk_none(&c->talk, role) != CLI_OK) return CLI_USE;
    if (o->peer_connects) return cli_error("--peer-connects says nothing about %s: it is started, and talks over standard input and output", role->name);
    if (c->memory) return o->exec ? cli_error("--memory needs no --exec") : CLI_OK;
    if (!o->exec || !o->exec[strspn(o->exec, " \t\n")]) return cli_error("where is the adapter?  Give --exec CMD, a command that answers JSON lines on standard input (`draftproof serve %s' is one)", role->name);
    return CLI_OK;
}

/* Where the peer is, against what a peer of that role does. */
static int check_peer(struct check *c, const struct run_role *role)
{
    struct suite_options *o = &c->o;
    if (role->adapter) return check_adapter(c, role);
    if (c->memory) {
        if (o->connect || o->listen || o->exec) return cli_error("--memory needs no --connect, --listen or --exec");
        return o->peer_connects && !(role->ways & RUN_CONNECTS) && role->ways != RUN_PROXY ? cli_error("--peer-connects: %s listens", role->name) : CLI_OK;
    }
    if (role->ways == RUN_PROXY) {
        if (!o->connect || !o->next_hop) return cli_error("a proxy is tested from both sides: give --connect H:P (its near side) and --next-hop H:P (where we are its next hop)");
        return CLI_OK;
    }
    if (o->next_hop) return cli_error("--next-hop is for proxies: iap-proxy, tunnel-proxy");
    if (o->connect && (o->listen || o->exec)) return cli_error("--connect says that the peer listens; --listen and --exec are for a peer that connects");
    if (!o->connect && !o->listen && !o->exec) return cli_error("where is the peer?  --connect H:P if it listens, --listen H:P or --exec CMD if it connects to us");
    if (o->exec && !o->exec[strspn(o->exec, " \t\n")]) return cli_error("--exec: a command is wanted");
    o->peer_connects = !o->connect;
    if (!(role->ways & (o->peer_connects ? RUN_CONNECTS : RUN_LISTENS)))
        return cli_error(o->peer_connects ? "%s listens: give --connect H:P" : "%s connects to us: give --listen H:P or --exec CMD", role->name);
    return CLI_OK;
}

static int check_use(struct check *c)
{
    struct suite_options *o = &c->o;
    char list[400];
    run_role_list(" or ", list, sizeof list);
    if (!c->role) return cli_error("check what?  %s (or reference: all of our own)", list);
    if (strcmp(c->role, "reference") == 0) {
        bool peer = o->connect || o->listen || o->next_hop || o->exec || c->memory || c->mutant || o->peer_connects || c->owns || o->ables || *c->unknown_able || o->givens;
        return peer && !c->list && !c->dry_run ? cli_error("check reference starts its peers itself: give no option about the peer") : CLI_OK;
    }
    const struct run_role *role = cli_role(c->role, &c->proto);
    if (!role) return CLI_USE;
    if (c->only) return cli_error("--protocol goes with reference: %s says which it is", c->role);
    if (role->ways == RUN_CONNECTS) o->peer_connects = true;
    o->role = c->role;
    o->memory = c->memory;
    if (role->adapter && !c->talk.tls_given) c->talk.tls = RUN_TLS_OFF;
    if (c->mutant) {
        if (!c->memory) return cli_error("--mutate goes with --memory (draftproof serve --mutate does it over sockets)");
        o->mutant = cli_mutant(c->proto, c->mutant);
        if (!o->mutant) return CLI_USE;
    }
    if (check_own_use(c, role) != CLI_OK || check_ables(c) != CLI_OK || check_port(o) != CLI_OK || check_given(c) != CLI_OK) return CLI_USE;
    if (c->list || c->dry_run) return CLI_OK;
    if (cli_address("--connect", o->connect) != CLI_OK || cli_address("--listen", o->listen) != CLI_OK ||
        cli_address("--next-hop", o->next_hop) != CLI_OK)
        return CLI_USE;
    return check_peer(c, role);
}

static void set_defaults(struct check *c)
{
    struct suite_options *o = &c->o;
    time_t now = time(NULL);
    struct tm tm;
    if (!o->splits) add_split(c, "whole", 5);
    if (!o->timeout_ms) o->timeout_ms = 5000;
    if (!o->patience_ms) o->patience_ms = 4 * o->timeout_ms;
    if (c->memory && o->patience_ms < 120000) o->patience_ms = 120000; /* virtual time costs nothing */
    o->select = c->select;
    o->tls = c->talk.tls;
    o->pki_dir = c->talk.pki;
    o->files = (struct identity_files){c->talk.cert, c->talk.key, c->talk.ca};
    o->quiet = !c->verbose;
    o->env = &c->env;
    o->catalog = &c->catalog;
    o->ctx = c;
    if (gmtime_r(&now, &tm)) strftime(c->today, sizeof c->today, "%Y-%m-%d", &tm);
    o->today = c->today;
    o->interrupted = cli_interruptible();
    c->terminal = isatty(STDERR_FILENO) == 1;
    c->colour = isatty(STDOUT_FILENO) == 1 && !getenv("NO_COLOR");
    if (c->terminal && !c->quiet) o->progress = check_progress;
}

static void listening(void *ctx, const char *address)
{
    const struct check *c = ctx;
    printf("listening on %s%s\n", address, c->o.next_hop ? " as the next hop" : "");
    fflush(stdout);
}

static bool anything_selected(const struct check *c)
{
    if (!c->o.selects) return true;
    for (size_t i = 0; i < c->catalog.n; i++) {
        const struct scn_case *x = c->catalog.item[i];
        if (catalog_applies(x, c->role, !c->o.peer_connects) && catalog_selected(x->id, c->select, c->o.selects)) return true;
    }
    for (size_t i = 0; i < c->o.selects; i++) {
        if (check_is_passive(c->proto, c->select[i])) return true;
    }
    return false;
}

static int run(struct check *c)
{
    struct run_results rs;
    char why[400] = "";
    if (!anything_selected(c)) {
        cli_error("no case of %s matches %s: see draftproof check %s --list", c->role, c->select[0], c->role);
        return CLI_UNPROVEN;
    }
    c->o.listening = listening;
    run_results_init(&rs, c->env.mem);
    const char *peer = c->memory ? "reference in memory" : c->o.connect ? c->o.connect : c->o.exec ? c->o.exec : c->o.listen;
    rs.role = mem_dup(c->env.mem, c->role, strlen(c->role));
    rs.peer = mem_dup(c->env.mem, peer, strlen(peer));
    rs.tls = mem_dup(c->env.mem, run_tls_names[c->o.tls], strlen(run_tls_names[c->o.tls]));
    rs.version = mem_dup(c->env.mem, DRAFTPROOF_VERSION, strlen(DRAFTPROOF_VERSION));
    struct timespec a, b;
    clock_gettime(CLOCK_MONOTONIC, &a);
    err e = suite_run(&c->o, &rs, why, sizeof why);
    clock_gettime(CLOCK_MONOTONIC, &b);
    rs.ms = (double)(b.tv_sec - a.tv_sec) * 1e3 + (double)(b.tv_nsec - a.tv_nsec) / 1e6;
    int status = e == OK ? CLI_OK : cli_error("%s", *why ? why : err_name(e));
    if (e == OK) {
        struct run_results *one = &rs;
        status = check_reports(c, &one, 1);
        check_print(c, &rs);
        if (rs.unfinished) cli_error("%s", rs.unfinished);
        if (status == CLI_OK) status = check_status(c, &rs);
    }
    run_results_done(&rs);
    return status;
}

int cli_check(int argc, char **argv)
{
    static const struct argp_child children[] = {{&cli_talk_argp, 0, NULL, 0}, {0}};
    char doc[900], roles[400];
    const struct argp argp = {options, parse, "ROLE", doc, children, NULL, NULL};
    struct check c = {.save_all = true};
    char why[400] = "";
    env_init(&c.env);
    c.o.jobs = 1;
    run_role_list(", ", roles, sizeof roles);
    snprintf(doc, sizeof doc,
             "Runs the conformance suite against a peer.  ROLE is what the peer is: %s; or `reference' for all of our own peers.\v"
             "Exit status: 0 nothing failed and something passed; 1 something failed; 2 wrong use; 3 nothing was proven (nobody there, no case "
             "matched, everything skipped).", roles);
    argp_parse(&argp, argc, argv, 0, NULL, &c);
    int status = check_use(&c);
    if (status != CLI_OK) {
        sasl_users_free(c.users);
        return status;
    }
    if (catalog_load(&c.env, scn_sources, &c.catalog, why, sizeof why) != OK) return cli_error("%s", why);
    for (size_t i = 0; i < c.files && status == CLI_OK; i++) {
        if (catalog_add_file(&c.catalog, c.file[i], why, sizeof why) != OK) status = cli_error("%s", why);
    }
    set_defaults(&c);
    if (status == CLI_OK) status = check_waivers(&c);
    if (status == CLI_OK && !c.list && !c.dry_run) status = check_places(&c);
    if (status == CLI_OK && (c.list || c.dry_run)) status = check_list(&c);
    else if (status == CLI_OK && strcmp(c.role, "reference") == 0) status = check_reference(&c);
    else if (status == CLI_OK) status = run(&c);
    check_waivers_done(&c);
    catalog_done(&c.catalog);
    sasl_users_free(c.users);
    return status;
}
