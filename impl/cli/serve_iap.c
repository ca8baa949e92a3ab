/* SPDX-License-Identifier: MIT */
/* draftproof serve: what is IAP's own. */
#include <string.h>

#include "cli/serve.h"
#include "run/proto_iap.h"

static void add_route(struct serve *s, char *text, struct argp_state *state)
{
    struct server_iap_options *o = &s->iap;
    if (o->routes == SERVER_ROUTES) argp_error(state, "more than %d next hops", SERVER_ROUTES);
    char *eq = strchr(text, '=');
    struct iap_route *r = &o->route[o->routes++];
    if (eq) *eq = 0;
    r->host = eq ? text : NULL;
    r->to = eq ? eq + 1 : text;
}

static error_t parse(struct serve *s, int key, char *arg, struct argp_state *state)
{
    switch (key) {
    case OPT_HOST: s->iap.host = arg; return 0;
    case OPT_NEXT_HOP: add_route(s, arg, state); return 0;
    case OPT_IDENTITY: s->iap.identity = arg; return 0;
    case OPT_STORE: s->iap.store_dir = arg; return 0;
    case OPT_REFUSE: s->iap.refuse = true; return 0;
    case OPT_TYPE: s->type = arg; return 0;
    case OPT_PAD: s->pad = arg; return 0;
    case OPT_STYLE: s->iap.style = *cli_style(arg); return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static int check(struct serve *s)
{
    const struct server_iap_options *o = &s->iap;
    int role = s->o.role->id;
    if (role == TEST_PROXY && !o->routes) return cli_error("a proxy connects only to what is configured (7.5): give --next-hop H:P");
    if (role != TEST_PROXY && o->routes) return cli_error("--next-hop is for iap-proxy");
    if (role != TEST_MANAGER && o->store_dir) return cli_error("--store is for iap-manager");
    if (role != TEST_ANALYZER && s->alerts.n) return cli_error("only an analyzer sends files");
    if (cli_host("--host", o->host) != CLI_OK || cli_host("--identity", o->identity) != CLI_OK) return CLI_USE;
    for (size_t i = 0; i < o->routes; i++) {
        if (cli_host("--next-hop", o->route[i].host) != CLI_OK) return CLI_USE;
        if (cli_address("--next-hop", o->route[i].to) != CLI_OK) return CLI_USE;
    }
    return CLI_OK;
}

static int ready(struct serve *s, struct tls_context **tls)
{
    bool analyzer = s->o.role->id == TEST_ANALYZER;
    s->o.own = &s->iap;
    if (analyzer) {
        int status = cli_alerts_ready(&s->alerts, s->type, s->pad);
        if (status != CLI_OK) return status;
        cli_talk_name(&s->talk, s->iap.host, s->o.connect);
    }
    s->iap.alert = s->alerts.a;
    s->iap.alerts = s->alerts.n;
    return s->o.role->id == TEST_PROXY ? CLI_OK : cli_talk_context(&s->env, &s->talk, analyzer, true, tls);
}

const struct serve_proto serve_iap = {&run_iap, parse, check, ready};
