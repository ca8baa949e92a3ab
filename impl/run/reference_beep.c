/* SPDX-License-Identifier: MIT */
#include "run/reference_beep.h"

#include <string.h>

#include "peer/beep_peer.h"
#include "peer/mutate_beep.h"
#include "run/proto_beep.h"
#include "run/suite.h"
#include "run/talk_beep.h"

struct reference_beep {
    const struct env *env;
    struct beep_setup setup;
    struct talk_beep talk;
    const struct beep_profile *offered[2];
    struct tls_context *tls_server, *tls_client;
    struct sasl_context *sasl_server, *sasl_client;
    struct play_beep_run *play; /* of the run */
    bool connects; /* to "tester" */
};

static void greeted(void *ctx, struct beep_peer *p, uint64_t now)
{
    struct reference_beep *r = ctx;
    if (r->connects) talk_beep_begin(&r->talk, p, now);
}

/* Either side may be asked for TLS, and a client may do without a certificate; one that is shown has to be of the authority. */
static err load_tls(struct reference_beep *r, const struct run_ctx *x, char *why, size_t why_n)
{
    struct identity_policy server = {.cert_optional = true}, client = {.analyzer = true};
    TRY(identities_reference(x->identities, &server, &r->tls_server, why, why_n));
    return identities_reference(x->identities, &client, &r->tls_client, why, why_n);
}

/* PLAIN is offered without TLS as well, so that every mechanism can be tried in every run. */
static err load_sasl(struct reference_beep *r, const struct play_beep_run *play, unsigned mutant, char *why, size_t why_n)
{
    struct sasl_options server = {.side = SASL_SERVER, .qop = SASL_QOP_ANY, .offered = SASL_ALL, .users = play->users, .scram_rounds = play->scram_rounds};
    struct sasl_options client = {.side = SASL_CLIENT, .offered = SASL_ALL, .user = play->user, .password = play->password};
    client.service = beep_mutant_service(mutant);
    TRY(sasl_context_new(r->env, &server, &r->sasl_server, why, why_n));
    return sasl_context_new(r->env, &client, &r->sasl_client, why, why_n);
}

static bool is(const struct run_need *special, const char *name)
{
    return special && strcmp(special->name, name) == 0;
}

/* What an initiator authenticates itself by: as the need "sasl-PLAIN" says, or the run. */
static const char *asks_for(const struct run_need *special, const char *mechanism)
{
    if (!special) return NULL;
    if (strncmp(special->name, "sasl-", 5) == 0) return special->name + 5;
    if (!is(special, "sasl") && !is(special, "wants-sasl") && !is(special, "need-auth")) return NULL;
    return mechanism ? mechanism : sasl_mech_names[SASL_SCRAM_SHA_256];
}

err reference_beep_new(const struct run_ctx *x, const struct run_need *special, void **out, char *why, size_t why_n)
{
    const struct suite_options *o = x->o;
    struct play_beep_run *play = &((struct beep_run *)x->state)->play;
    bool tls = o->tls != RUN_TLS_OFF, connects = o->peer_connects, bare = is(special, "wants-tls-bare");
    struct reference_beep *r = mem_new(o->env->mem, sizeof *r);
    *out = NULL;
    if (!r) return ERR_MEM;
    r->env = o->env;
    r->play = play;
    r->connects = connects;
    r->offered[0] = &beep_echo;
    r->offered[1] = &beep_many;
    talk_beep_init(&r->talk, NULL);
    if (is(special, "closes") || is(special, "releases")) talk_beep_leaves(&r->talk);
    err e = tls ? load_tls(r, x, why, why_n) : OK;
    if (e == OK) e = load_sasl(r, play, o->mutant, why, why_n);
    if (e != OK) {
        reference_beep_free(r);
        return e;
    }
    r->setup = (struct beep_setup){.env = o->env,
                                   .profile = r->offered,
                                   .profiles = 2,
                                   .tls_server = r->tls_server,
                                   .tls_client = r->tls_client,
                                   .want_tls = tls && (is(special, "wants-tls") || bare || (connects && is(special, "need-tls"))),
                                   .bare = bare,
                                   .sasl_server = connects && !is(special, "offers-sasl") ? NULL : r->sasl_server,
                                   .sasl_client = r->sasl_client,
                                   .need_tls = is(special, "need-tls"),
                                   .need_auth = is(special, "need-auth"),
                                   .unavailable = is(special, "unavailable"),
                                   .server_name = is(special, "server-name") ? "beep.example.org" : NULL,
                                   .mux = beep_mux_usual,
                                   .mutant = o->mutant,
                                   .hooks = {.ctx = r, .greeted = greeted}};
    if (connects) r->setup.sasl_mechanism = asks_for(special, play->mechanism);
    *out = r;
    return OK;
}

void reference_beep_free(void *reference)
{
    struct reference_beep *r = reference;
    if (!r) return;
    tls_context_free(r->tls_server);
    tls_context_free(r->tls_client);
    sasl_context_free(r->sasl_server);
    sasl_context_free(r->sasl_client);
    mem_free(r->env->mem, r);
}

struct endpoint *reference_beep_peer(void *reference)
{
    const struct reference_beep *r = reference;
    struct beep_peer *p;
    /* Initiators that ask for TLS and others stand behind one run here: what was learned about one is not true of the next. */
    r->play->learned_wants_tls = r->setup.want_tls;
    return beep_peer_new(&r->setup, r->connects, r->connects ? "tester" : NULL, &p) == OK ? beep_peer_endpoint(p) : NULL;
}
