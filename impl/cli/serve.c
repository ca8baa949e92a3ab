/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/serve.h"

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

static const struct serve_proto *const protos[] = {&serve_iap, NULL};

static const struct serve_proto *proto_of(const struct run_proto *p)
{
    for (size_t i = 0; protos[i]; i++) {
        if (protos[i]->proto == p) return protos[i];
    }
    return NULL;
}

static error_t parse_own(int key, char *arg, struct argp_state *state)
{
    for (size_t i = 0; protos[i]; i++) {
        if (protos[i]->parse(state->input, key, arg, state) == 0) return 0;
    }
    return ARGP_ERR_UNKNOWN;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct serve *s = state->input;
    switch (key) {
    case ARGP_KEY_INIT: state->child_inputs[0] = &s->talk; return 0;
    case OPT_LISTEN: s->o.listen = arg; return 0;
    case OPT_CONNECT: s->o.connect = arg; return 0;
    case OPT_ONCE: s->o.reconnect = false; return 0;
    case OPT_DEADLINE: s->env.limits.setup_ms = (uint32_t)cli_want(cli_seconds("--deadline", arg)); return 0;
    case OPT_IDLE: s->env.limits.idle_ms = (uint32_t)cli_want(cli_seconds("--idle", arg)); return 0;
    case OPT_CONTENT:
        s->env.limits.content = (size_t)cli_want(cli_number("--max-content", arg, 1, 1 << 30));
        s->env.limits.out_queue = 2 * s->env.limits.content + 65536;
        return 0;
    case OPT_MUTATE: s->mutant = arg; return 0;
    case 'v': s->o.verbose = true; return 0;
    case ARGP_KEY_ARG:
        if (!s->o.role) {
            s->o.role = cli_role(arg, &s->o.proto);
            if (!s->o.role) exit(CLI_USE);
            return 0;
        }
        if (cli_alerts_add(&s->alerts, arg) != CLI_OK) exit(CLI_USE);
        return 0;
    default: return parse_own(key, arg, state);
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
    const struct run_role *role = o->role;
    char list[400];
    run_role_list(" or ", list, sizeof list);
    if (!role) return cli_error("serve what?  %s", list);
    if (!o->proto->server || !proto_of(o->proto)) return cli_error("there is no %s to be run", role->name);
    if (s->mutant) o->mutant = cli_mutant(o->proto, s->mutant);
    if (s->mutant && !o->mutant) return CLI_USE;
    if (!o->listen == !o->connect) return cli_error("give either --listen or --connect");
    if (role->ways == RUN_PROXY && o->connect) return cli_error("a proxy listens: give --listen and --next-hop");
    if (o->connect && role->ways == RUN_LISTENS) return cli_error("%s listens: give --listen", role->name);
    if (o->listen && role->ways == RUN_CONNECTS) return cli_error("%s connects: give --connect", role->name);
    int status = proto_of(o->proto)->check(s);
    return status == CLI_OK ? cli_address("--connect", o->connect) : status;
}

int cli_serve(int argc, char **argv)
{
    static const struct argp_child children[] = {{&cli_talk_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {options, parse, "ROLE [FILE...]",
                                     "Runs a reference peer: ROLE is iap-manager, iap-analyzer or iap-proxy.  Prints `listening on H:P' "
                                     "once it takes connections, ends with status 0 on SIGTERM.  An analyzer sends each FILE (three samples "
                                     "without any) on every connection, then stays.", children, NULL, NULL};
    struct serve s = {.iap = {.style = iap_style_sent}};
    struct tls_context *tls = NULL;
    char why[300] = "";
    env_init(&s.env);
    s.o = (struct server_options){.env = &s.env, .reconnect = true, .listening = cli_listening, .say = say};
    cli_alerts_init(&s.alerts);
    argp_parse(&argp, argc, argv, ARGP_IN_ORDER * 0, NULL, &s);
    int status = check_use(&s);
    if (status == CLI_OK) status = proto_of(s.o.proto)->ready(&s, &tls);
    if (status == CLI_OK) {
        s.o.no_tls = s.talk.tls == RUN_TLS_OFF;
        s.o.tls = tls;
        if (server_run(&s.o, why, sizeof why) != OK) status = cli_error("%s", *why ? why : "out of memory");
    }
    tls_context_free(tls);
    cli_alerts_done(&s.alerts);
    return status;
}
