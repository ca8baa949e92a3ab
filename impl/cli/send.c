/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/files.h"

enum { OPT_LISTEN = 0x2000, OPT_CONNECT, OPT_HOST, OPT_TYPE, OPT_PAD, OPT_REPEAT, OPT_CONNECTIONS, OPT_TIMEOUT, OPT_STYLE };

static const struct argp_option options[] = {
    {"connect", OPT_CONNECT, "H:P", 0, "the manager, or the proxy in front of it", 1},
    {"listen", OPT_LISTEN, "H:P", 0, "wait here for a manager that connects (6.1)", 1},
    {"host", OPT_HOST, "NAME", 0, "name of the manager for the connect request; default: the address of --connect", 1},
    {"type", OPT_TYPE, "TYPE", 0, "media type (default application/x-idef-alert)", 2},
    {"pad", OPT_PAD, "N|uniform:N", 0, "pad alerts with blanks to a multiple of N octets, or to a length drawn evenly up to N (7.4)", 2},
    {"style", OPT_STYLE, "sent|example|grammar", 0, "form to write where the draft contradicts itself", 2},
    {"repeat", OPT_REPEAT, "N", 0, "send each file N times", 3},
    {"connections", OPT_CONNECTIONS, "N", 0, "over N connections at once", 3},
    {"timeout", OPT_TIMEOUT, "S", 0, "give up after S seconds without progress (default 10)", 3},
    {"verbose", 'v', NULL, 0, "tell what happens", 4},
    {"quiet", 'q', NULL, 0, "print nothing but errors", 4},
    {0}};

struct send {
    struct cli_talk talk;
    struct env env;
    struct sender_options o;
    struct cli_alerts alerts;
    const char *role, *type, *pad;
    bool quiet, terminal;
    size_t complaints;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct send *s = state->input;
    switch (key) {
    case ARGP_KEY_INIT: state->child_inputs[0] = &s->talk; return 0;
    case OPT_LISTEN: s->o.peer.listen = arg; return 0;
    case OPT_CONNECT: s->o.peer.connect = arg; return 0;
    case OPT_HOST: s->o.iap.host = arg; return 0;
    case OPT_TYPE: s->type = arg; return 0;
    case OPT_PAD: s->pad = arg; return 0;
    case OPT_STYLE: s->o.iap.style = *cli_style(arg); return 0;
    case OPT_REPEAT: s->o.repeat = (size_t)cli_want(cli_number("--repeat", arg, 1, 1000000000)); return 0;
    case OPT_CONNECTIONS: s->o.connections = (unsigned)cli_want(cli_number("--connections", arg, 1, 10000)); return 0;
    case OPT_TIMEOUT: s->o.timeout_ms = (uint64_t)cli_want(cli_seconds("--timeout", arg)); return 0;
    case 'v': s->o.peer.verbose = true; return 0;
    case 'q': s->quiet = true; return 0;
    case ARGP_KEY_ARG:
        if (!s->role) {
            s->role = arg;
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

static void progress(void *ctx, uint64_t done, uint64_t all)
{
    struct send *s = ctx;
    if (!s->terminal || s->quiet) return;
    if (done % 16 && done != all) return;
    fprintf(stderr, "\r%llu of %llu acknowledged", (unsigned long long)done, (unsigned long long)all);
}

static void refused(void *ctx, const struct server_alert *a, uint16_t code)
{
    struct send *s = ctx;
    if (++s->complaints == 20) fprintf(stderr, "... (further ones are counted only)\n");
    if (s->complaints >= 20) return;
    if (code) fprintf(stderr, "%s%s: not acknowledged: answered %u\n", s->terminal ? "\n" : "", a->name, (unsigned)code);
    else fprintf(stderr, "%s%s: not acknowledged: no answer\n", s->terminal ? "\n" : "", a->name);
}

static int deliver(struct send *s)
{
    struct sender_result r;
    char why[300] = "";
    err e = sender_run(&s->o, &r, why, sizeof why);
    if (e != OK) return cli_error("%s", *why ? why : "out of memory");
    if (s->terminal && !s->quiet) fputc('\n', stderr);
    if (!s->quiet) {
        printf("%llu of %llu alerts acknowledged in %.2f s", (unsigned long long)r.acknowledged, (unsigned long long)r.all, r.seconds);
        if (r.rejected) printf(", %llu rejected", (unsigned long long)r.rejected);
        if (r.unanswered) printf(", %llu without an answer", (unsigned long long)r.unanswered);
        putchar('\n');
    }
    if (r.acknowledged == r.all) return CLI_OK;
    if (*why) cli_error("%s", why);
    return CLI_FAILED;
}

int cli_send(int argc, char **argv)
{
    static const struct argp_child children[] = {{&cli_talk_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {options, parse, "iap-analyzer FILE...",
                                     "Sends each FILE (- for standard input) as one alert and waits for its acknowledgement.  Exit status 0 only when each "
                                     "was acknowledged.", children, NULL, NULL};
    struct send s = {.terminal = isatty(STDERR_FILENO) == 1};
    struct tls_context *tls = NULL;
    env_init(&s.env);
    s.o = (struct sender_options){
        .peer = {.env = &s.env, .listening = cli_listening, .say = say, .ctx = &s},
        .iap = {.style = iap_style_sent},
        .repeat = 1, .connections = 1, .timeout_ms = 10000, .progress = progress, .refused = refused};
    cli_alerts_init(&s.alerts);
    argp_parse(&argp, argc, argv, 0, NULL, &s);
    int status = CLI_OK;
    if (!s.role || strcmp(s.role, "iap-analyzer") != 0) status = cli_error("send as whom?  draftproof send iap-analyzer ... FILE...");
    else if (!s.o.peer.listen == !s.o.peer.connect) status = cli_error("give either --connect or --listen");
    else if (!s.alerts.n) status = cli_error("nothing to send: give FILE..., or - for standard input");
    if (status == CLI_OK) status = cli_address("--connect", s.o.peer.connect);
    if (status == CLI_OK) status = cli_host("--host", s.o.iap.host);
    if (status == CLI_OK) status = cli_alerts_ready(&s.alerts, s.type, s.pad);
    cli_talk_name(&s.talk, s.o.iap.host, s.o.peer.connect);
    if (status == CLI_OK) status = cli_talk_context(&s.env, &s.talk, true, true, &tls);
    if (status == CLI_OK) {
        size_t largest = 0;
        for (size_t i = 0; i < s.alerts.n; i++)
            if (s.alerts.a[i].body.n > largest) largest = s.alerts.a[i].body.n;
        if (largest > s.env.limits.content) s.env.limits.content = largest;
        s.env.limits.out_queue = 2 * s.env.limits.content + 65536;
        s.o.peer.no_tls = s.talk.tls == RUN_TLS_OFF;
        s.o.peer.tls = tls;
        s.o.iap.alert = s.alerts.a;
        s.o.iap.alerts = s.alerts.n;
        status = deliver(&s);
    }
    tls_context_free(tls);
    cli_alerts_done(&s.alerts);
    return status;
}
