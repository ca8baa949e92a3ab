/* SPDX-License-Identifier: MIT */
/* What a program of IDXP is made of, by its options: the same for a server and for one delivery. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "run/server_idxp.h"

enum idxp_kind server_idxp_kind(slice type)
{
    if (slice_eq_nocase(type, SLICE_LIT("text/xml"))) return IDXP_XML;
    return slice_eq_nocase(type, SLICE_LIT("text/plain")) ? IDXP_TEXT : IDXP_BINARY;
}

err idxp_program_sasl(const struct server_options *o, bool client, struct sasl_context **out, char *why, size_t why_n)
{
    const struct server_idxp_options *own = o->own;
    *out = NULL;
    if (client && !own->mechanism) return OK;
    const struct sasl_user *who = client && sasl_users_count(own->users) ? sasl_users_at(own->users, 0) : NULL;
    struct sasl_options so = {.side = client ? SASL_CLIENT : SASL_SERVER,
                              .qop = client ? SASL_QOP_AUTH : SASL_QOP_ANY,
                              .offered = SASL_ALL,
                              .users = client ? NULL : own->users,
                              .user = who ? who->name : NULL,
                              .password = who ? who->password : NULL};
    /* nobody has a password: what needs one is not offered */
    if (!client && !own->users) so.offered = SASL_BIT(SASL_ANONYMOUS) | SASL_BIT(SASL_EXTERNAL);
    return sasl_context_new(o->env, &so, out, why, why_n);
}

err idxp_program_hop(const struct server_options *o, struct sasl_context **out, char *why, size_t why_n)
{
    const struct server_idxp_options *own = o->own;
    const struct sasl_user *who = sasl_users_count(own->hop_users) ? sasl_users_at(own->hop_users, 0) : NULL;
    struct sasl_options so = {.side = SASL_CLIENT, .qop = SASL_QOP_AUTH, .offered = SASL_ALL};
    *out = NULL;
    if (!own->hop_mechanism || !who) return OK;
    so.user = who->name;
    so.password = who->password;
    return sasl_context_new(o->env, &so, out, why, why_n);
}

/* Two endpoints on one machine need not be told apart by it: who compares is told a name. */
static void name_self(struct idxp_program *x, const struct server_options *o)
{
    char host[200] = "localhost";
    if (gethostname(host, sizeof host - 1) != 0 || !*host) snprintf(host, sizeof host, "localhost");
    host[sizeof host - 1] = 0;
    snprintf(x->uri, sizeof x->uri, "http://%s/%s", host, o->role->name);
}

err idxp_program_init(struct idxp_program *x, const struct server_options *o, char *why, size_t why_n)
{
    const struct server_idxp_options *own = o->own;
    bool client = o->connect != NULL, target = !client && !own->no_target;
    x->env = o->env;
    name_self(x, o);
    TRY(idmef_schema_new(o->env, &x->schema));
    TRY(idxp_program_sasl(o, client, &x->sasl, why, why_n));
    if (own->via) TRY(idxp_program_hop(o, &x->hop_sasl, why, why_n));
    x->offered[0] = &tunnel_target;
    x->setup = (struct idxp_peer_setup){
        .beep = {.env = o->env,
                 .profile = x->offered,
                 .profiles = target ? 1 : 0,
                 .tls_server = client ? NULL : o->tls,
                 .tls_client = client ? o->tls : NULL,
                 .want_tls = client && o->tls,
                 .sasl_server = client ? NULL : x->sasl,
                 .sasl_client = client ? x->sasl : NULL,
                 .sasl_mechanism = client ? own->mechanism : NULL,
                 .via = client ? own->via : NULL,
                 .via_sasl = x->hop_sasl,
                 .via_mechanism = own->hop_mechanism,
                 .mux = beep_mux_usual,
                 .idxp_mutant = o->mutant},
        .idxp = {.env = o->env,
                 .dialect = own->dialect,
                 .uri = own->uri ? own->uri : x->uri,
                 .fqdn = own->fqdn,
                 .ip = own->ip,
                 .priority_given = own->priority_given,
                 .priority = own->priority,
                 .embed = own->embed,
                 .need_tls = own->need_tls,
                 .need_auth = own->need_auth,
                 .policy = own->policy,
                 .schema = x->schema,
                 .mutant = o->mutant},
        .analyzer = o->role->bit & IBY_ANALYZER,
        .streams = own->streams,
        .pipeline = own->pipeline};
    memcpy(x->setup.stream, own->stream, sizeof x->setup.stream);
    return OK;
}

void idxp_program_done(struct idxp_program *x)
{
    sasl_context_free(x->sasl);
    sasl_context_free(x->hop_sasl);
    idmef_schema_free(x->schema);
    *x = (struct idxp_program){.env = x->env};
}
