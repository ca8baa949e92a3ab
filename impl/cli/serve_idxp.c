/* SPDX-License-Identifier: MIT */
/* draftproof serve: what IDXP and TUNNEL have of their own. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/serve.h"
#include "run/proto_idxp.h"

/* --- options -------------------------------------------------------------------------------------------------------------------- */

static void add_stream(struct server_idxp_options *o, const char *word)
{
    static const char *const words[] = {"alert", "heartbeat", "config", NULL};
    enum idxp_stream stream = (enum idxp_stream)(cli_want(cli_word("--stream", word, words)) + 1);
    for (size_t i = 0; i < o->streams; i++)
        if (o->stream[i] == stream) return;
    if (o->streams < IDXP_PEER_STREAMS) o->stream[o->streams++] = stream;
}

static void add_map(struct serve_idxp *x, const char *option, char *text, bool endpoint)
{
    char *eq = strrchr(text, '=');
    if (!eq || eq == text || !eq[1]) {
        cli_error("%s: \"%s\": %s=H:P is wanted", option, text, endpoint ? "NAME" : "URI");
        exit(CLI_USE);
    }
    if (x->maps == SERVER_TUNNEL_ROUTES) {
        cli_error("%s: at most %d routes", option, SERVER_TUNNEL_ROUTES);
        exit(CLI_USE);
    }
    *eq = 0;
    x->route[x->maps] = (struct tunnel_route){.endpoint = endpoint, .key = text};
    x->to[x->maps++] = eq + 1;
}

static void add_self(struct serve_idxp *x, const char *name)
{
    if (!*name) {
        cli_error("--self: a name of this proxy is wanted: HOST or HOST:P");
        exit(CLI_USE);
    }
    if (x->o.selves == SERVER_TUNNEL_SELVES) {
        cli_error("--self: at most %d names", SERVER_TUNNEL_SELVES);
        exit(CLI_USE);
    }
    x->self[x->o.selves++] = name;
}

static error_t parse_proxy(struct serve_idxp *x, int key, char *arg)
{
    struct server_idxp_options *o = &x->o;
    switch (key) {
    case OPT_ACCESS: x->access_file = arg; return 0;
    case OPT_OPEN: o->open = true; return 0;
    case OPT_HOPS: o->hops = (size_t)cli_want(cli_number("--hops", arg, 1, TUNNEL_HOPS_MAX)); return 0;
    case OPT_PROFILE_MAP: add_map(x, "--profile-map", arg, false); return 0;
    case OPT_ENDPOINT_MAP: add_map(x, "--endpoint-map", arg, true); return 0;
    case OPT_SELF: add_self(x, arg); return 0;
    case OPT_RESOLVER: o->resolver = arg; return 0;
    case OPT_HOP_USER: x->next_hop.user_file = arg; return 0;
    case OPT_HOP_MECHANISM: x->next_hop.mechanism = arg; return 0;
    case OPT_ROUTED_ONLY: o->routed_only = true; return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static error_t parse(struct serve *s, int key, char *arg, struct argp_state *state)
{
    struct serve_idxp *x = &s->idxp;
    struct server_idxp_options *o = &x->o;
    (void)state;
    switch (key) {
    case OPT_DIALECT: o->dialect = cli_dialect(arg); return 0;
    case OPT_URI: o->uri = arg; return 0;
    case OPT_FQDN: o->fqdn = arg; return 0;
    case OPT_POLICY: x->policy_file = arg; return 0;
    case OPT_VIA: cli_via_add(&x->via, arg); return 0;
    case OPT_VIA_USER: x->via_hop.user_file = arg; return 0;
    case OPT_VIA_MECHANISM: x->via_hop.mechanism = arg; return 0;
    case OPT_STREAM: add_stream(o, arg); return 0;
    case OPT_PRIORITY:
        o->priority = (uint32_t)cli_want(cli_number("--priority", arg, 0, INT32_MAX));
        o->priority_given = true;
        return 0;
    case OPT_PIPELINE: o->pipeline = (unsigned)cli_want(cli_number("--pipeline", arg, 1, 1000)); return 0;
    case OPT_EMBED: o->embed = true; return 0;
    case OPT_ALLOW_CLEAR: x->allow_clear = true; return 0;
    case OPT_NO_TARGET: o->no_target = true; return 0;
    case OPT_MAX_SESSIONS: o->max_sessions = (size_t)cli_want(cli_number("--max-sessions", arg, 1, 1000000)); return 0;
    case OPT_STORE: o->store_dir = arg; return 0;
    case OPT_TYPE: s->type = arg; return 0;
    case OPT_EVERY: o->every_ms = (uint64_t)cli_want(cli_seconds("--every", arg)); return 0;
    case OPT_NEED_AUTH: o->need_auth = true; return 0;
    case OPT_SASL_USERS: s->users_file = arg; return 0;
    case OPT_SASL_USER: s->user_file = arg; return 0;
    case OPT_SASL_MECHANISM: o->mechanism = arg; return 0;
    default: return parse_proxy(x, key, arg);
    }
}

/* --- do they fit? ---------------------------------------------------------------------------------------------------------------- */

static bool is_given(const struct cli_hop *h)
{
    return h->user_file || h->mechanism;
}

static int check_proxy(const struct serve *s)
{
    const struct serve_idxp *x = &s->idxp;
    const struct server_idxp_options *o = &x->o;
    if (s->alerts.n) return cli_error("only an analyzer sends files");
    if (o->uri || o->fqdn || x->policy_file || x->via.hops || o->streams || o->priority_given || o->pipeline || o->embed || x->allow_clear || o->no_target ||
        o->max_sessions || o->store_dir || s->type || o->every_ms || is_given(&x->via_hop))
        return cli_error("--uri, --fqdn, --policy, --via, --via-user, --via-mechanism, --stream, --priority, --pipeline, --embed, --allow-clear, --no-target, --max-sessions, --store, --type and --every are for idxp-manager and "
                         "idxp-analyzer");
    if (s->user_file || o->mechanism) return cli_error("--sasl-user and --sasl-mechanism are for who connects: a proxy is told who may come in by --sasl-users");
    if (!s->users_file && !o->open) return cli_error("whom is it for?  Give --sasl-users FILE, or --open for whoever asks");
    if (s->users_file && o->open) return cli_error("--open asks nobody who he is: --sasl-users is of no use with it");
    return cli_hop_check("hop", &x->next_hop);
}

static int check_sasl(const struct serve *s)
{
    const struct server_idxp_options *o = &s->idxp.o;
    if (s->o.connect) {
        if (s->users_file) return cli_error("--sasl-users is for who listens: who connects is told who it is by --sasl-user");
        if (s->user_file && !o->mechanism) return cli_error("--sasl-user: by which mechanism?  Give --sasl-mechanism");
        if (o->mechanism && cli_sasl_mechanism(o->mechanism) != CLI_OK) return CLI_USE;
        if (o->mechanism && !s->user_file && cli_sasl_password(o->mechanism)) return cli_error("--sasl-mechanism %s needs a password: give --sasl-user FILE", o->mechanism);
        return CLI_OK;
    }
    if (s->user_file || o->mechanism) return cli_error("--sasl-user and --sasl-mechanism are for who connects: who listens is told who may come in by --sasl-users");
    return CLI_OK;
}

static int check(struct serve *s)
{
    const struct serve_idxp *x = &s->idxp;
    const struct server_idxp_options *o = &x->o;
    if (s->o.role->id == TEST_TUNNEL_PROXY) return check_proxy(s);
    bool analyzer = s->o.role->id == TEST_IDXP_ANALYZER;
    if (x->access_file || o->open || o->hops || x->maps || o->selves || o->resolver || o->routed_only || is_given(&x->next_hop))
        return cli_error("--access, --open, --hops, --hop-user, --hop-mechanism, --profile-map, --endpoint-map, --self, --resolver and --routed-only are for tunnel-proxy");
    if (analyzer && o->store_dir) return cli_error("--store is for idxp-manager");
    if (!analyzer && (s->alerts.n || s->type || o->every_ms || o->pipeline)) return cli_error("only an analyzer sends files: FILE, --type, --every and --pipeline are for idxp-analyzer");
    if (!s->o.connect && (x->via.hops || o->streams || o->embed)) return cli_error("--via, --stream and --embed are for who connects: who listens takes what comes");
    if (is_given(&x->via_hop) && !x->via.hops) return cli_error("--via-user and --via-mechanism go with --via: there is no proxy to be told");
    if (cli_hop_check("via", &x->via_hop) != CLI_OK) return CLI_USE;
    if (o->streams && o->dialect == IDXP_DRAFT) return cli_error("--stream: the draft has no streamType: it goes with --dialect rfc");
    if (o->priority_given && o->dialect == IDXP_DRAFT) return cli_error("--priority: the draft has no channelPriority: it goes with --dialect rfc");
    if (cli_idxp_uri("--uri", o->uri) != CLI_OK || cli_host("--fqdn", o->fqdn) != CLI_OK) return CLI_USE;
    return check_sasl(s);
}

/* --- making it ready ------------------------------------------------------------------------------------------------------------- */

static int read_access(struct serve *s)
{
    struct serve_idxp *x = &s->idxp;
    struct cli_alerts file; /* reads any file */
    char why[300] = "";
    if (!x->access_file) return CLI_OK;
    cli_alerts_init(&file);
    file.max = TUNNEL_ACCESS_FILE_MAX;
    int status = cli_alerts_add(&file, x->access_file);
    if (status == CLI_OK && tunnel_access_parse(&s->env, file.a[0].body, x->access_file, &x->access, why, sizeof why) != OK)
        status = cli_error("%s", *why ? why : "out of memory");
    cli_alerts_done(&file);
    x->o.access = x->access;
    return status;
}

static int read_routes(struct serve *s)
{
    struct serve_idxp *x = &s->idxp;
    const char *why = NULL;
    x->way = calloc(x->maps + 1, sizeof *x->way);
    if (!x->way) return cli_error("out of memory");
    for (size_t i = 0; i < x->maps; i++) {
        err e = tunnel_chain_read(&s->env, slice_str(x->to[i]), &x->way[i], &why);
        if (e != OK) return cli_error("%s: \"%s\": %s", x->route[i].endpoint ? "--endpoint-map" : "--profile-map", x->to[i], e == ERR_USE && why ? why : err_name(e));
        x->route[i].to = &x->way[i];
    }
    x->o.route = x->route;
    x->o.routes = x->maps;
    x->o.self = x->self;
    return CLI_OK;
}

static int ready_proxy(struct serve *s, struct tls_context **tls)
{
    if (read_access(s) != CLI_OK || read_routes(s) != CLI_OK) return CLI_USE;
    if (cli_sasl_users(&s->env, "--sasl-users", s->users_file, &s->users) != CLI_OK) return CLI_USE;
    s->idxp.o.users = s->users;
    if (cli_hop_ready(&s->env, "hop", &s->idxp.next_hop, &s->idxp.o) != CLI_OK) return CLI_USE;
    return cli_talk_context(&s->env, &s->talk, false, false, tls);
}

static int ready(struct serve *s, struct tls_context **tls)
{
    struct serve_idxp *x = &s->idxp;
    struct server_idxp_options *o = &x->o;
    char why[300] = "";
    const char *dial;
    bool client = s->o.connect != NULL;
    s->o.own = o;
    if (s->o.role->id == TEST_TUNNEL_PROXY) return ready_proxy(s, tls);
    if (x->policy_file && idxp_policy_read(&s->env, x->policy_file, &x->policy, why, sizeof why) != OK) return cli_error("%s", *why ? why : "out of memory");
    o->policy = x->policy;
    if (cli_sasl_users(&s->env, client ? "--sasl-user" : "--sasl-users", client ? s->user_file : s->users_file, &s->users) != CLI_OK) return CLI_USE;
    o->users = s->users;
    if (cli_hop_ready(&s->env, "via", &x->via_hop, o) != CLI_OK) return CLI_USE;
    if (s->o.role->id == TEST_IDXP_ANALYZER && cli_messages_ready(&s->alerts, s->type) != CLI_OK) return CLI_USE;
    o->alert = s->alerts.a;
    o->alerts = s->alerts.n;
    if (client) cli_talk_name(&s->talk, NULL, s->o.connect);
    if (cli_via_ready(&s->env, &x->via, s->o.connect, &dial, &o->via) != CLI_OK) return CLI_USE;
    s->o.connect = dial;
    int status = cli_talk_context(&s->env, &s->talk, client, false, tls);
    /* where TLS can be had nobody is served without (draft 6, RFC 4767 9) */
    o->need_tls = *tls && !x->allow_clear;
    return status;
}

void serve_idxp_done(struct serve *s)
{
    struct serve_idxp *x = &s->idxp;
    cli_via_done(&x->via);
    for (size_t i = 0; x->way && i < x->maps; i++)
        tunnel_msg_done(&x->way[i]);
    free(x->way);
    sasl_users_free(x->via_hop.users);
    sasl_users_free(x->next_hop.users);
    idxp_policy_free(x->policy);
    tunnel_access_free(x->access);
}

const struct serve_proto serve_idxp = {&run_idxp, parse, check, ready};
