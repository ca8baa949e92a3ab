/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/files.h"
#include "run/server.h"

enum {
    OPT_LISTEN = 0x2000, OPT_CONNECT, OPT_NEXT_HOP, OPT_IDENTITY, OPT_STORE, OPT_MUTATE, OPT_HOST, OPT_REFUSE, OPT_DEADLINE,
    OPT_IDLE, OPT_CONTENT, OPT_STYLE, OPT_TYPE, OPT_PAD, OPT_ONCE
};

static const struct argp_option options[] = {
    {"listen", OPT_LISTEN, "H:P", 0, "take connections here; 127.0.0.1:0 for any free port (printed)", 1},
    {"connect", OPT_CONNECT, "H:P", 0, "open the connection to H:P, again and again (manager, analyzer)", 1},
    {"once", OPT_ONCE, NULL, 0, "with --connect: end when the first connection ended", 1},
    {"host", OPT_HOST, "NAME", 0, "name to put into the connect request; default: the address of --connect", 1},
    {"next-hop", OPT_NEXT_HOP, "[NAME=]H:P", 0, "proxy: connect onwards to H:P, with NAME= only for requests for that host; may be repeated.  "
     "Requests for any other host are answered 403 (7.5)", 2},
    {"identity", OPT_IDENTITY, "NAME", 0, "proxy: the host in its Via lines; default: made of port and host name", 2},
    {"store", OPT_STORE, "DIR", 0, "manager: keep alerts in DIR before they are acknowledged", 3},
    {"refuse", OPT_REFUSE, NULL, 0, "answer every connect request with 403", 3},
    {"deadline", OPT_DEADLINE, "S", 0, "end a connection whose set-up takes longer (default 60)", 3},
    {"idle", OPT_IDLE, "S", 0, "end a connection without alerts for so long (default: never)", 3},
    {"max-content", OPT_CONTENT, "OCTETS", 0, "largest alert that is taken (default 4194304)", 3},
    {"type", OPT_TYPE, "TYPE", 0, "analyzer: media type of the alerts", 4},
    {"pad", OPT_PAD, "N|uniform:N", 0, "analyzer: pad alerts with blanks to a multiple of N octets, or to a length drawn evenly up to N (7.4)", 4},
    {"style", OPT_STYLE, "sent|example|grammar", 0, "form to write where the draft contradicts itself", 4},
    {"mutate", OPT_MUTATE, "NAME", 0, "make one deliberate mistake: see draftproof mutants", 6},
    {"verbose", 'v', NULL, 0, "tell what happens on standard error", 6},
    {0}};

struct serve {
    struct cli_talk talk;
    struct env env;
    struct server_options o;
    struct cli_alerts alerts;
    char *route[SERVER_ROUTES];
    const char *type, *pad;
    int role;
};

static void add_route(struct serve *s, char *text, struct argp_state *state)
{
    struct server_options *o = &s->o;
    if (o->routes == SERVER_ROUTES) argp_error(state, "more than %d next hops", SERVER_ROUTES);
    char *eq = strchr(text, '=');
    struct iap_route *r = &o->route[o->routes++];
    if (eq) *eq = 0;
    r->host = eq ? text : NULL;
    r->to = eq ? eq + 1 : text;
}

static void set_mutant(struct serve *s, const char *name)
{
    s->o.mutant = iap_mutant_find(slice_str(name));
    if (s->o.mutant != MUT_NONE) return;
    cli_error("--mutate: there is no mistake %s: see draftproof mutants", name);
    exit(CLI_USE);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct serve *s = state->input;
    switch (key) {
    case ARGP_KEY_INIT: state->child_inputs[0] = &s->talk; return 0;
    case OPT_LISTEN: s->o.listen = arg; return 0;
    case OPT_CONNECT: s->o.connect = arg; return 0;
    case OPT_ONCE: s->o.reconnect = false; return 0;
    case OPT_HOST: s->o.host = arg; return 0;
    case OPT_NEXT_HOP: add_route(s, arg, state); return 0;
    case OPT_IDENTITY: s->o.identity = arg; return 0;
    case OPT_STORE: s->o.store_dir = arg; return 0;
    case OPT_REFUSE: s->o.refuse = true; return 0;
    case OPT_DEADLINE: s->env.limits.setup_ms = (uint32_t)cli_want(cli_seconds("--deadline", arg)); return 0;
    case OPT_IDLE: s->env.limits.idle_ms = (uint32_t)cli_want(cli_seconds("--idle", arg)); return 0;
    case OPT_CONTENT:
        s->env.limits.content = (size_t)cli_want(cli_number("--max-content", arg, 1, 1 << 30));
        s->env.limits.out_queue = 2 * s->env.limits.content + 65536;
        return 0;
    case OPT_TYPE: s->type = arg; return 0;
    case OPT_PAD: s->pad = arg; return 0;
    case OPT_STYLE: s->o.style = *cli_style(arg); return 0;
    case OPT_MUTATE: set_mutant(s, arg); return 0;
    case 'v': s->o.verbose = true; return 0;
    case ARGP_KEY_ARG:
        if (s->role < 0) {
            s->role = cli_role(arg);
            if (s->role < 0) exit(CLI_USE);
            return 0;
        }
        if (cli_alerts_add(&s->alerts, arg) != CLI_OK) exit(CLI_USE);
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static void say(void *ctx, const char *text)
{
    (void)ctx;
    fprintf(stderr, "%s\n", text);
}

static int check_use(struct serve *s)
{
    struct server_options *o = &s->o;
    if (s->role < 0) return cli_error("serve what?  iap-manager, iap-analyzer or iap-proxy");
    if (!o->listen == !o->connect) return cli_error("give either --listen or --connect");
    if (s->role == TEST_PROXY && o->connect) return cli_error("a proxy listens: give --listen and --next-hop");
    if (s->role == TEST_PROXY && !o->routes) return cli_error("a proxy connects only to what is configured (7.5): give --next-hop H:P");
    if (s->role != TEST_PROXY && o->routes) return cli_error("--next-hop is for iap-proxy");
    if (s->role != TEST_MANAGER && o->store_dir) return cli_error("--store is for iap-manager");
    if (s->role != TEST_ANALYZER && s->alerts.n) return cli_error("only an analyzer sends files");
    if (cli_host("--host", o->host) != CLI_OK || cli_host("--identity", o->identity) != CLI_OK) return CLI_USE;
    for (size_t i = 0; i < o->routes; i++) {
        if (cli_host("--next-hop", o->route[i].host) != CLI_OK) return CLI_USE;
        if (cli_address("--next-hop", o->route[i].to) != CLI_OK) return CLI_USE;
    }
    return cli_address("--connect", o->connect);
}

int cli_serve(int argc, char **argv)
{
    static const struct argp_child children[] = {{&cli_talk_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {options, parse, "ROLE [FILE...]",
                                     "Runs a reference peer: ROLE is iap-manager, iap-analyzer or iap-proxy.  Prints `listening on H:P' "
                                     "once it takes connections, ends with status 0 on SIGTERM.  An analyzer sends each FILE (three samples "
                                     "without any) on every connection, then stays.", children, NULL, NULL};
    struct serve s = {.role = -1};
    struct tls_context *tls = NULL;
    char why[300] = "";
    env_init(&s.env);
    s.o = (struct server_options){.env = &s.env, .style = iap_style_sent, .reconnect = true, .listening = cli_listening, .say = say};
    cli_alerts_init(&s.alerts);
    argp_parse(&argp, argc, argv, ARGP_IN_ORDER * 0, NULL, &s);
    int status = check_use(&s);
    if (status == CLI_OK && s.role == TEST_ANALYZER) status = cli_alerts_ready(&s.alerts, s.type, s.pad);
    if (s.role == TEST_ANALYZER) cli_talk_name(&s.talk, s.o.host, s.o.connect);
    if (status == CLI_OK && s.role != TEST_PROXY) status = cli_talk_context(&s.env, &s.talk, s.role == TEST_ANALYZER, &tls);
    if (status == CLI_OK) {
        s.o.role = (enum iap_under_test)s.role;
        s.o.no_tls = s.talk.tls == RUN_TLS_OFF;
        s.o.tls = tls;
        s.o.alert = s.alerts.a;
        s.o.alerts = s.alerts.n;
        if (server_run(&s.o, why, sizeof why) != OK) status = cli_error("%s", *why ? why : "out of memory");
    }
    tls_context_free(tls);
    cli_alerts_done(&s.alerts);
    return status;
}
