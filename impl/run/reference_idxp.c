/* SPDX-License-Identifier: MIT */
#include "run/reference_idxp.h"

#include <stdio.h>
#include <string.h>

#include "peer/idxp_peer.h"
#include "peer/tunnel_proxy.h"
#include "run/proto_idxp.h"
#include "run/samples_idxp.h"
#include "run/suite.h"
#include "run/tunnel_access.h"

enum { ROUTES = 2, SELVES = 2 };

struct reference_idxp {
    const struct env *env;
    enum idxp_under_test role;
    bool connects; /* to "tester" */
    struct idxp_peer_setup peer;
    struct idxp_policy *policy;
    struct idmef_schema *schema;
    struct tunnel_msg via;
    const struct beep_profile *offered[1];
    struct tls_context *tls_server, *tls_client;
    struct sasl_context *sasl_server, *sasl_client;
    struct play_idxp_run *play; /* of the run */
    /* proxy */
    struct beep_setup near;
    struct tunnel_proxy_setup proxy;
    struct tunnel_house house;
    struct tunnel_msg way; /* of its routes, to the tester */
    struct tunnel_route route[ROUTES];
    const char *self[SELVES];
    struct tunnel_access *access;
};

static bool is(const struct run_need *special, const char *name)
{
    return special && strcmp(special->name, name) == 0;
}

/* --- what it is made of ------------------------------------------------------------------------------------------------------- */

/* Either side may be asked for TLS, and a client may do without a certificate; one that is shown has to be of the authority. */
static err load_tls(struct reference_idxp *r, const struct run_ctx *x, char *why, size_t why_n)
{
    bool any = x->o->mutant == IMUT_TRUSTS_ANY;
    struct identity_policy server = {.cert_optional = true, .trust_any = any}, client = {.analyzer = true, .trust_any = any};
    TRY(identities_reference(x->identities, &server, &r->tls_server, why, why_n));
    return identities_reference(x->identities, &client, &r->tls_client, why, why_n);
}

/* PLAIN is offered without TLS as well, so that every mechanism can be tried in every run. */
static err load_sasl(struct reference_idxp *r, char *why, size_t why_n)
{
    const struct play_beep_run *b = &r->play->beep;
    struct sasl_options server = {.side = SASL_SERVER, .qop = SASL_QOP_ANY, .offered = SASL_ALL, .users = b->users, .scram_rounds = b->scram_rounds};
    struct sasl_options client = {.side = SASL_CLIENT, .offered = SASL_ALL, .user = b->user, .password = b->password};
    TRY(sasl_context_new(r->env, &server, &r->sasl_server, why, why_n));
    return sasl_context_new(r->env, &client, &r->sasl_client, why, why_n);
}

static err load_policy(struct reference_idxp *r, const struct run_need *special, char *why, size_t why_n)
{
    const char *text = is(special, "compares") ? IDXP_SAMPLE_COMPARES : is(special, "knows-uri") || is(special, "knows-kind") ? IDXP_SAMPLE_POLICY : NULL;
    return text ? idxp_policy_parse(r->env, slice_str(text), "policy", &r->policy, why, why_n) : OK;
}

static err load(struct reference_idxp *r, const struct run_ctx *x, const struct run_need *special, char *why, size_t why_n)
{
    const char *wrong = NULL;
    if (x->o->tls != RUN_TLS_OFF) TRY(load_tls(r, x, why, why_n));
    TRY(load_sasl(r, why, why_n));
    TRY(load_policy(r, special, why, why_n));
    TRY(idmef_schema_new(r->env, &r->schema));
    err e = tunnel_chain_read(r->env, slice_str(IDXP_MEM_FAR_IP4 ":" IDXP_MEM_PORT), is(special, "tunnel") ? &r->via : &r->way, &wrong);
    if (wrong) snprintf(why, why_n, "%s", wrong);
    return e;
}

/* --- manager and analyzer ------------------------------------------------------------------------------------------------------ */

static bool next_sample(void *ctx, struct idxp_peer *p, struct idxp_item *out, bool *end)
{
    uintptr_t at = (uintptr_t)idxp_peer_user(p); /* how many it sent */
    (void)ctx;
    (void)end; /* it stays */
    if (at == SAMPLES_IDXP) return false;
    *out = (struct idxp_item){.id = at + 1, .kind = IDXP_XML, .stream = samples_idxp[at].stream, .body = samples_idxp[at].body};
    idxp_peer_set_user(p, (void *)(at + 1));
    return true;
}

static uint16_t on_alert(void *ctx, struct idxp_peer *p, const struct idxp_alert *a)
{
    (void)ctx;
    (void)p;
    (void)a;
    return IDXP_STORED;
}

/* What an initiator authenticates itself by: as the need "sasl-PLAIN" says, or the run. */
static const char *asks_for(const struct run_need *special, const char *mechanism)
{
    if (!special) return NULL;
    if (strncmp(special->name, "sasl-", 5) == 0) return special->name + 5;
    if (!is(special, "sasl") && !is(special, "wants-sasl") && !is(special, "need-auth")) return NULL;
    return mechanism ? mechanism : sasl_mech_names[SASL_SCRAM_SHA_256];
}

static err set_up_peer(struct reference_idxp *r, const struct run_ctx *x, const struct run_need *special)
{
    bool tls = x->o->tls != RUN_TLS_OFF;
    r->offered[0] = &tunnel_target;
    r->peer = (struct idxp_peer_setup){
        .beep = {.env = r->env,
                 .profile = r->offered,
                 .profiles = r->connects ? 0 : 1,
                 .tls_server = r->tls_server,
                 .tls_client = r->tls_client,
                 .want_tls = tls && r->connects,
                 .bare = is(special, "wants-tls-bare"),
                 .sasl_server = r->connects && !is(special, "offers-sasl") ? NULL : r->sasl_server,
                 .sasl_client = r->sasl_client,
                 .sasl_mechanism = r->connects ? asks_for(special, r->play->beep.mechanism) : NULL,
                 .via = r->via.hops ? &r->via : NULL,
                 .mux = beep_mux_usual,
                 .idxp_mutant = x->o->mutant},
        .idxp = {.env = r->env,
                 .dialect = r->play->dialect,
                 .uri = r->role == TEST_IDXP_MANAGER ? "https://manager.draftproof.invalid/idxp" : "https://sensor.draftproof.invalid/idxp",
                 .embed = true,
                 .need_tls = tls && x->o->mutant != IMUT_VIA_NO_TLS && x->o->mutant != IMUT_STARTS_CLEAR, /* where it can be had it is asked for (2.1, 6) */
                 .need_auth = is(special, "need-auth"),
                 .policy = r->policy,
                 .schema = r->schema,
                 .mutant = x->o->mutant},
        .analyzer = r->role == TEST_IDXP_ANALYZER,
        .linger = true,
        .hooks = {.ctx = r, .next = next_sample, .alert = on_alert}};
    if (!r->peer.analyzer) r->peer.hooks.next = NULL;
    else r->peer.hooks.alert = NULL;
    return idxp_peer_prepare(&r->peer);
}

/* --- proxy ---------------------------------------------------------------------------------------------------------------------- */

/* The name server of the place: two names, and two services that lead to the tester. */
static err resolve(void *ctx, struct endpoint *e, const struct tunnel_query *q, tunnel_found done, void *who)
{
    static const struct { const char *name; bool srv; const char *host; } known[] = {
        {IDXP_MEM_FAR_NAME, false, IDXP_MEM_FAR_NAME},
        {IDXP_MEM_SELF_NAME, false, IDXP_MEM_SELF_NAME},
        {IDXP_MEM_FAR_SRV, false, IDXP_MEM_FAR_NAME},
        {"_idxp._tcp." IDXP_MEM_FAR_SRV, true, IDXP_MEM_FAR_NAME},
        {"_tunnel._tcp." IDXP_MEM_FAR_SRV, true, IDXP_MEM_FAR_NAME},
    };
    struct tunnel_place place;
    (void)ctx;
    (void)e;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (known[i].srv != q->srv || !slice_eq_nocase(slice_str(known[i].name), slice_str(q->name))) continue;
        if (q->srv) snprintf(place.to, sizeof place.to, "%s:%s", known[i].host, IDXP_MEM_PORT);
        else snprintf(place.to, sizeof place.to, "%s:%u", known[i].host, (unsigned)q->port);
        done(who, &place, 1, NULL, 0);
        return OK;
    }
    done(who, NULL, 0, "there is no such name", 0);
    return OK;
}

static void allow(void *ctx, const struct tunnel_request *q, struct beep_refusal *no)
{
    const struct reference_idxp *r = ctx;
    if (q->to) no->code = tunnel_access_judge(r->access, q->identity, q->to, q->place, NULL);
}

static err set_up_proxy(struct reference_idxp *r, const struct run_ctx *x, char *why, size_t why_n)
{
    static const char rules[] = "deny to=" IDXP_MEM_FORBIDDEN ":* code=554\nallow to=*\n";
    TRY(tunnel_access_parse(r->env, slice_of(rules, sizeof rules - 1), "access", &r->access, why, why_n));
    r->near = (struct beep_setup){.env = r->env,
                                  .tls_server = r->tls_server,
                                  .sasl_server = r->sasl_server,
                                  .mux = beep_mux_usual,
                                  .idxp_mutant = x->o->mutant};
    r->route[0] = (struct tunnel_route){.key = IDXP_SAMPLE_ROUTE_PROFILE, .to = &r->way};
    r->route[1] = (struct tunnel_route){.endpoint = true, .key = IDXP_SAMPLE_ROUTE_ENDPOINT, .to = &r->way};
    r->self[0] = IDXP_MEM_SELF_IP4 ":" IDXP_MEM_PORT;
    r->self[1] = IDXP_MEM_SELF_NAME;
    r->proxy = (struct tunnel_proxy_setup){.env = r->env,
                                           .near = &r->near,
                                           .route = r->route,
                                           .routes = ROUTES,
                                           .self = r->self,
                                           .selves = SELVES,
                                           /* who goes round in circles would stop at the second round for want of an identity */
                                           .need_auth = r->play->beep.users && x->o->mutant != IMUT_P_LOOPS,
                                           .house = &r->house,
                                           .mutant = x->o->mutant,
                                           .ctx = r,
                                           .allow = allow,
                                           .resolve = resolve};
    return OK;
}

/* --- for the suite --------------------------------------------------------------------------------------------------------------- */

err reference_idxp_new(const struct run_ctx *x, const struct run_need *special, void **out, char *why, size_t why_n)
{
    struct reference_idxp *r = mem_new(x->o->env->mem, sizeof *r);
    *out = NULL;
    if (!r) return ERR_MEM;
    r->env = x->o->env;
    r->role = (enum idxp_under_test)x->role->id;
    r->connects = x->o->peer_connects;
    r->play = &((struct idxp_run *)x->state)->play;
    err e = load(r, x, special, why, why_n);
    if (e == OK) e = r->role == TEST_TUNNEL_PROXY ? set_up_proxy(r, x, why, why_n) : set_up_peer(r, x, special);
    if (e != OK) {
        reference_idxp_free(r);
        return e;
    }
    *out = r;
    return OK;
}

void reference_idxp_free(void *reference)
{
    struct reference_idxp *r = reference;
    if (!r) return;
    tls_context_free(r->tls_server);
    tls_context_free(r->tls_client);
    sasl_context_free(r->sasl_server);
    sasl_context_free(r->sasl_client);
    idxp_policy_free(r->policy);
    idmef_schema_free(r->schema);
    tunnel_access_free(r->access);
    tunnel_msg_done(&r->via);
    tunnel_msg_done(&r->way);
    mem_free(r->env->mem, r);
}

struct endpoint *reference_idxp_peer(void *reference)
{
    struct reference_idxp *r = reference;
    struct endpoint *e = NULL;
    struct idxp_peer *p;
    if (r->role == TEST_TUNNEL_PROXY) return tunnel_proxy_new(&r->proxy, &e) == OK ? e : NULL;
    /* Peers of several kinds stand behind one run here: what was learned about one is not true of the next. */
    r->play->beep.learned_wants_tls = r->peer.beep.want_tls;
    r->play->need_auth = r->peer.idxp.need_auth;
    r->play->tunnelled = r->peer.beep.via != NULL;
    return idxp_peer_new(&r->peer, r->connects, r->connects ? "tester" : NULL, &p) == OK ? idxp_peer_endpoint(p) : NULL;
}
