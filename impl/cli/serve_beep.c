/* SPDX-License-Identifier: MIT */
/* draftproof serve: what is BEEP's own. */
#include <string.h>

#include "cli/serve.h"
#include "run/proto_beep.h"

static error_t parse(struct serve *s, int key, char *arg, struct argp_state *state)
{
    struct server_beep_options *o = &s->beep;
    (void)state;
    switch (key) {
    case OPT_PROFILE: o->profile = arg; return 0;
    case OPT_NEED_TLS: o->need_tls = true; return 0;
    case OPT_NEED_AUTH: o->need_auth = true; return 0;
    case OPT_UNAVAILABLE: o->unavailable = true; return 0;
    case OPT_SASL_USERS: s->users_file = arg; return 0;
    case OPT_SASL_USER: s->user_file = arg; return 0;
    case OPT_SASL_MECHANISM: o->mechanism = arg; return 0;
    case OPT_WAIT_TLS: s->wait_tls = true; return 0;
    case OPT_BARE: o->bare = true; return 0;
    case OPT_SERVER_NAME: o->server_name = arg; return 0;
    case OPT_WINDOW: o->window = (uint32_t)cli_want(cli_number("--window", arg, 4096, INT32_MAX)); return 0;
    case OPT_FRAME: o->frame = (uint32_t)cli_want(cli_number("--frame", arg, 1, 1 << 20)); return 0;
    case OPT_EVERY: o->every_ms = (uint64_t)cli_want(cli_seconds("--every", arg)); return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static int check_listener(const struct serve *s)
{
    const struct server_beep_options *o = &s->beep;
    if (s->user_file || o->mechanism) return cli_error("--sasl-user and --sasl-mechanism are for beep-initiator: a listener is told who may come in by --sasl-users");
    if (s->wait_tls || o->bare || o->every_ms) return cli_error("--wait-tls, --bare and --every are for beep-initiator");
    if (!o->need_tls) return CLI_OK;
    if (s->talk.tls == RUN_TLS_OFF) return cli_error("--need-tls with --tls off: nobody would be served");
    return s->talk.cert || s->talk.pki ? CLI_OK : cli_error("--need-tls: give a certificate by --cert and --key, or --pki");
}

static int check_initiator(const struct serve *s)
{
    const struct server_beep_options *o = &s->beep;
    if (s->users_file) return cli_error("--sasl-users is for beep-listener: an initiator is told who it is by --sasl-user");
    if (o->need_tls || o->need_auth || o->unavailable) return cli_error("--need-tls, --need-auth and --unavailable are for beep-listener");
    if (s->user_file && !o->mechanism) return cli_error("--sasl-user: by which mechanism?  Give --sasl-mechanism");
    if (o->mechanism && cli_sasl_mechanism(o->mechanism) != CLI_OK) return CLI_USE;
    if (o->mechanism && !s->user_file && cli_sasl_password(o->mechanism))
        return cli_error("--sasl-mechanism %s needs a password: give --sasl-user FILE", o->mechanism);
    if (!s->wait_tls) return CLI_OK;
    if (s->talk.tls == RUN_TLS_OFF) return cli_error("--wait-tls with --tls off: which?");
    return s->talk.cert || s->talk.pki ? CLI_OK : cli_error("--wait-tls: give a certificate by --cert and --key, or --pki");
}

static int check(struct serve *s)
{
    if (s->alerts.n) return cli_error("only an analyzer sends files");
    if (cli_beep_profile("--profile", s->beep.profile) != CLI_OK) return CLI_USE;
    return s->o.role->id == TEST_BEEP_LISTENER ? check_listener(s) : check_initiator(s);
}

/* A client of TLS that is not told a name takes any certificate of the authority: who listens at an address is often not known by name. */
static int ready(struct serve *s, struct tls_context **tls)
{
    bool client = s->o.role->id == TEST_BEEP_INITIATOR;
    struct server_beep_options *o = &s->beep;
    const char *file = client ? s->user_file : s->users_file;
    s->o.own = o;
    if (cli_sasl_users(&s->env, client ? "--sasl-user" : "--sasl-users", file, &s->users) != CLI_OK) return CLI_USE;
    o->users = s->users;
    o->want_tls = client && s->talk.tls != RUN_TLS_OFF && !s->wait_tls;
    if (!s->wait_tls) return cli_talk_context(&s->env, &s->talk, client, false, tls);
    int status = cli_talk_context(&s->env, &s->talk, false, false, &s->second);
    o->tls_server = s->second;
    return status;
}

const struct serve_proto serve_beep = {&run_beep, parse, check, ready};
