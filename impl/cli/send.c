/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/files.h"
#include "cli/idxp.h"
#include "run/server_iap.h"

enum { OPT_LISTEN = 0x2000, OPT_CONNECT, OPT_HOST, OPT_TYPE, OPT_PAD, OPT_REPEAT, OPT_CONNECTIONS, OPT_TIMEOUT, OPT_STYLE,
       OPT_DIALECT, OPT_URI, OPT_VIA, OPT_PIPELINE, OPT_SASL_USER, OPT_SASL_MECHANISM,
       OPT_VIA_USER, OPT_VIA_MECHANISM };

static const struct argp_option options[] = {
    {"connect", OPT_CONNECT, "H:P", 0, "the manager, or the proxy in front of it", 1},
    {"listen", OPT_LISTEN, "H:P", 0, "wait here for a manager that connects (6.1)", 1},
    {"host", OPT_HOST, "NAME", 0, "iap: name of the manager for the connect request; default: the address of --connect", 1},
    {"via", OPT_VIA, "HOP", 0, "idxp: by a tunnel through that proxy (RFC 3620), H:P; may be repeated, outermost first", 1},
    {"via-user", OPT_VIA_USER, "FILE", 0, "idxp: who the analyzer is to the first proxy, as a line of `user password'", 1},
    {"via-mechanism", OPT_VIA_MECHANISM, "NAME", 0, "idxp: by which mechanism (default SCRAM-SHA-256)", 1},
    {"dialect", OPT_DIALECT, "draft|rfc", 0, "idxp: that of draft-ietf-idwg-beep-idxp-01, or that of RFC 4767 (default)", 1},
    {"uri", OPT_URI, "URI", 0, "idxp: the analyzer's name in its greeting (default: made of the host's)", 1},
    {"sasl-user", OPT_SASL_USER, "FILE", 0, "idxp: who the analyzer is, as a line of `user password'", 1},
    {"sasl-mechanism", OPT_SASL_MECHANISM, "NAME", 0, "idxp: authenticate yourself by that mechanism", 1},
    {"type", OPT_TYPE, "TYPE", 0, "media type (default application/x-idef-alert; idxp: text/xml, text/plain or application/octet-stream by what the file looks like)", 2},
    {"pipeline", OPT_PIPELINE, "N", 0, "idxp: messages that may be without an answer on a connection (default 16)", 2},
    {"pad", OPT_PAD, "N|uniform:N", 0, "iap: pad alerts with blanks to a multiple of N octets, or to a length drawn evenly up to N (7.4)", 2},
    {"style", OPT_STYLE, "sent|example|grammar", 0, "iap: form to write where the draft contradicts itself", 2},
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
    struct server_iap_options iap;
    struct server_idxp_options idxp;
    struct cli_via via;
    struct cli_hop hop;
    struct sasl_users *users;
    struct cli_alerts alerts;
    const char *role, *type, *pad, *user_file;
    const char *iap_only, *idxp_only; /* an option of one protocol that was given, for messages */
    bool quiet, terminal;
    size_t complaints;
};

static error_t parse_iap(struct send *s, int key, char *arg)
{
    switch (key) {
    case OPT_HOST: s->iap.host = arg; s->iap_only = "--host"; return 0;
    case OPT_PAD: s->pad = arg; s->iap_only = "--pad"; return 0;
    case OPT_STYLE: s->iap.style = *cli_style(arg); s->iap_only = "--style"; return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static error_t parse_idxp(struct send *s, int key, char *arg)
{
    switch (key) {
    case OPT_VIA: cli_via_add(&s->via, arg); s->idxp_only = "--via"; return 0;
    case OPT_VIA_USER: s->hop.user_file = arg; s->idxp_only = "--via-user"; return 0;
    case OPT_VIA_MECHANISM: s->hop.mechanism = arg; s->idxp_only = "--via-mechanism"; return 0;
    case OPT_DIALECT: s->idxp.dialect = cli_dialect(arg); s->idxp_only = "--dialect"; return 0;
    case OPT_URI: s->idxp.uri = arg; s->idxp_only = "--uri"; return 0;
    case OPT_PIPELINE: s->idxp.pipeline = (unsigned)cli_want(cli_number("--pipeline", arg, 1, 1000)); s->idxp_only = "--pipeline"; return 0;
    case OPT_SASL_USER: s->user_file = arg; s->idxp_only = "--sasl-user"; return 0;
    case OPT_SASL_MECHANISM: s->idxp.mechanism = arg; s->idxp_only = "--sasl-mechanism"; return 0;
    default: return parse_iap(s, key, arg);
    }
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct send *s = state->input;
    switch (key) {
    case ARGP_KEY_INIT: state->child_inputs[0] = &s->talk; return 0;
    case OPT_LISTEN: s->o.peer.listen = arg; return 0;
    case OPT_CONNECT: s->o.peer.connect = arg; return 0;
    case OPT_TYPE: s->type = arg; return 0;
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
    default: return parse_idxp(s, key, arg);
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

static void refused(void *ctx, const struct server_alert *a, uint16_t code, const char *text)
{
    struct send *s = ctx;
    if (++s->complaints == 20) fprintf(stderr, "... (further ones are counted only)\n");
    if (s->complaints >= 20) return;
    if (code) fprintf(stderr, "%s%s: not acknowledged: answered %u%s%s\n", s->terminal ? "\n" : "", a->name, (unsigned)code, *text ? " " : "", text);
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

static bool by_idxp(const struct send *s)
{
    return strcmp(s->role, "idxp-analyzer") == 0;
}

static int check_use(const struct send *s)
{
    const struct server_options *p = &s->o.peer;
    if (!s->role || (strcmp(s->role, "iap-analyzer") != 0 && !by_idxp(s))) return cli_error("send as whom?  draftproof send iap-analyzer|idxp-analyzer ... FILE...");
    const char *other = by_idxp(s) ? s->iap_only : s->idxp_only;
    if (other) return cli_error("%s says nothing to %s", other, s->role);
    if (!p->listen == !p->connect) return cli_error("give either --connect or --listen");
    if (!s->alerts.n) return cli_error("nothing to send: give FILE..., or - for standard input");
    if (cli_idxp_uri("--uri", s->idxp.uri) != CLI_OK || cli_host("--host", s->iap.host) != CLI_OK) return CLI_USE;
    if (s->idxp_only && p->listen && (s->via.hops || s->user_file || s->idxp.mechanism)) return cli_error("--via, --sasl-user and --sasl-mechanism go with --connect");
    if (s->user_file && !s->idxp.mechanism) return cli_error("--sasl-user: by which mechanism?  Give --sasl-mechanism");
    if (s->idxp.mechanism && cli_sasl_mechanism(s->idxp.mechanism) != CLI_OK) return CLI_USE;
    if (s->idxp.mechanism && !s->user_file && cli_sasl_password(s->idxp.mechanism)) return cli_error("--sasl-mechanism %s needs a password: give --sasl-user FILE", s->idxp.mechanism);
    if ((s->hop.user_file || s->hop.mechanism) && !s->via.hops) return cli_error("--via-user and --via-mechanism go with --via: there is no proxy to be told");
    if (cli_hop_check("via", &s->hop) != CLI_OK) return CLI_USE;
    return s->via.hops ? CLI_OK : cli_address("--connect", p->connect); /* the end of a tunnel may be named otherwise */
}

/* The analyzer is the client of TLS, whoever opened the connection. */
static int ready_iap(struct send *s, struct tls_context **tls)
{
    if (cli_alerts_ready(&s->alerts, s->type, s->pad) != CLI_OK) return CLI_USE;
    cli_talk_name(&s->talk, s->iap.host, s->o.peer.connect);
    s->o.ops = &sender_iap;
    s->o.peer.own = &s->iap;
    return cli_talk_context(&s->env, &s->talk, true, true, tls);
}

/* Who opened the connection is. */
static int ready_idxp(struct send *s, struct tls_context **tls)
{
    bool client = s->o.peer.connect != NULL;
    const char *dial;
    if (cli_messages_ready(&s->alerts, s->type) != CLI_OK) return CLI_USE;
    if (cli_sasl_users(&s->env, "--sasl-user", s->user_file, &s->users) != CLI_OK) return CLI_USE;
    s->idxp.users = s->users;
    if (cli_hop_ready(&s->env, "via", &s->hop, &s->idxp) != CLI_OK) return CLI_USE;
    if (client) cli_talk_name(&s->talk, NULL, s->o.peer.connect);
    if (cli_via_ready(&s->env, &s->via, s->o.peer.connect, &dial, &s->idxp.via) != CLI_OK) return CLI_USE;
    s->o.peer.connect = dial;
    s->o.ops = &sender_idxp;
    s->o.peer.own = &s->idxp;
    int status = cli_talk_context(&s->env, &s->talk, client, false, tls);
    s->idxp.need_tls = *tls != NULL;
    s->idxp.embed = true;
    return status;
}

static int run(struct send *s, struct tls_context *tls)
{
    size_t largest = 0;
    for (size_t i = 0; i < s->alerts.n; i++)
        if (s->alerts.a[i].body.n > largest) largest = s->alerts.a[i].body.n;
    if (largest > s->env.limits.content) s->env.limits.content = largest;
    s->env.limits.out_queue = 2 * s->env.limits.content + 65536;
    s->o.peer.no_tls = s->talk.tls == RUN_TLS_OFF;
    s->o.peer.tls = tls;
    s->o.alert = s->alerts.a;
    s->o.alerts = s->alerts.n;
    return deliver(s);
}

int cli_send(int argc, char **argv)
{
    static const struct argp_child children[] = {{&cli_talk_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {options, parse, "iap-analyzer|idxp-analyzer FILE...",
                                     "Sends each FILE (- for standard input) as one alert and waits for its acknowledgement.  Exit status 0 only when each "
                                     "was acknowledged.", children, NULL, NULL};
    struct send s = {.terminal = isatty(STDERR_FILENO) == 1, .iap = {.style = iap_style_sent}, .idxp = {.dialect = IDXP_RFC}};
    struct tls_context *tls = NULL;
    env_init(&s.env);
    s.o = (struct sender_options){
        .peer = {.env = &s.env, .listening = cli_listening, .say = say, .ctx = &s},
        .repeat = 1, .connections = 1, .timeout_ms = 10000, .progress = progress, .refused = refused};
    cli_alerts_init(&s.alerts);
    argp_parse(&argp, argc, argv, 0, NULL, &s);
    int status = check_use(&s);
    if (status == CLI_OK) run_proto_of_role(s.role, &s.o.peer.role);
    if (status == CLI_OK) status = by_idxp(&s) ? ready_idxp(&s, &tls) : ready_iap(&s, &tls);
    if (status == CLI_OK) status = run(&s, tls);
    tls_context_free(tls);
    sasl_users_free(s.users);
    sasl_users_free(s.hop.users);
    cli_via_done(&s.via);
    cli_alerts_done(&s.alerts);
    return status;
}
