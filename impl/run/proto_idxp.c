/* SPDX-License-Identifier: MIT */
#include "run/proto_idxp.h"

#include <stdio.h>
#include <string.h>

#include "peer/mutate_idxp.h"
#include "run/beep_needs.h"
#include "run/passive_idxp.h"
#include "run/reference_idxp.h"
#include "run/server_idxp.h"
#include "run/settings_idxp.h"
#include "run/suite.h"

#define COUNT(list) (sizeof(list) / sizeof *(list))

static const struct run_family families[] = {{"IDXP-", ""}, {"IDXPRFC-", "rfc/"}, {"TUNNEL-", "tunnel/"}, {"IDMEF-", "idmef/"}, {NULL, NULL}};

/* Who asks for TLS is who opened the connection, as in BEEP. */
static const struct run_role roles[] = {
    {"idxp-manager", IDXP_R_MANAGER, TEST_IDXP_MANAGER, RUN_LISTENS | RUN_CONNECTS, false, true, "manager,server", "listener,tunnel-target", "initiator", false},
    {"idxp-analyzer", IDXP_R_ANALYZER, TEST_IDXP_ANALYZER, RUN_LISTENS | RUN_CONNECTS, false, true, "analyzer,client", "listener", "initiator,tunnel-initiator", false},
    {"tunnel-proxy", IDXP_R_PROXY, TEST_TUNNEL_PROXY, RUN_PROXY, false, false, "proxy", NULL, NULL, false},
    {0}};

/* RFC 4767 is what peers of today speak; the draft is asked for by name. */
static const char *const dialects[] = {"rfc", "draft", NULL};
static const struct fsm *const machines[] = {&idxp_machine, &tunnel_machine, &tunnel_relay_machine, NULL};

/* --- a run ------------------------------------------------------------------------------------------------------------------ */

static struct idxp_run *run_of(const struct run_ctx *r)
{
    return r->state;
}

/* "127.0.0.1:604" or "[::1]:604" into its parts. */
static void cut_address(const char *text, char *host, size_t host_n, char *port, size_t port_n)
{
    const char *colon = strrchr(text, ':');
    size_t n = colon ? (size_t)(colon - text) : 0;
    bool brackets = n > 1 && text[0] == '[' && text[n - 1] == ']';
    snprintf(host, host_n, "%.*s", (int)(brackets ? n - 2 : n), text + brackets);
    snprintf(port, port_n, "%s", colon ? colon + 1 : "");
}

static bool is_ip4(const char *text)
{
    return tunnel_is_ip4(slice_str(text));
}

/* What names a hop as a case would: the user's word, or what is known of the place. */
static const char *hop_name(const struct run_ctx *r, const char *name, const char *memory, const char *sockets)
{
    const char *given = suite_given(r->o, name);
    if (given) return given;
    return r->o->memory ? memory : sockets;
}

static enum idxp_dialect dialect_of(const struct run_ctx *r)
{
    return r->dialect && strcmp(r->dialect, idxp_dialect_names[IDXP_DRAFT]) == 0 ? IDXP_DRAFT : IDXP_RFC;
}

static void know_far(struct idxp_run *x, const char *ip4, const char *port)
{
    bool known = is_ip4(ip4) && *port;
    x->play.far_ip4 = known ? ip4 : NULL;
    x->play.far_port = known ? port : NULL;
}

static err begin(struct run_ctx *r, struct play_run *play)
{
    struct idxp_run *x = r->state;
    const struct suite_options *o = r->o;
    const struct idxp_options *own = o->own;
    enum idxp_under_test role = (enum idxp_under_test)r->role->id;
    bool proxy = role == TEST_TUNNEL_PROXY;
    enum beep_under_test t = proxy || !o->peer_connects ? TEST_BEEP_LISTENER : TEST_BEEP_INITIATOR;
    TRY(idmef_schema_new(o->env, &x->schema));
    TRY(proto_beep_fill(r, own ? &own->beep : NULL, t, &x->play.beep, &x->own));
    x->play.role = role;
    x->play.dialect = dialect_of(r);
    x->play.schema = x->schema;
    x->play.in_memory = o->memory;
    x->play.need_auth = !o->memory && run_met_able(r, "need-auth");
    x->play.tunnelled = !o->memory && run_met_able(r, "tunnel");
    x->play.uri = hop_name(r, "URI", IDXP_SAMPLE_URI, IDXP_SAMPLE_URI);
    if (o->next_hop && *o->next_hop) cut_address(o->next_hop, x->far_ip4, sizeof x->far_ip4, x->far_port, sizeof x->far_port);
    if (o->connect) cut_address(o->connect, x->self_ip4, sizeof x->self_ip4, x->self_port, sizeof x->self_port);
    know_far(x, hop_name(r, "FAR_IP4", IDXP_MEM_FAR_IP4, x->far_ip4), hop_name(r, "FAR_PORT", IDXP_MEM_PORT, x->far_port));
    play->ends = proxy ? play_tunnel_ends : play_idxp_ends;
    play->end_count = proxy ? PLAY_TUNNEL_ENDS : PLAY_IDXP_ENDS;
    play_idxp_init(&x->play);
    return OK;
}

/* Any free port may have been asked for. */
static void bound(struct run_ctx *r, const char *address)
{
    struct idxp_run *x = r->state;
    cut_address(address, x->far_ip4, sizeof x->far_ip4, x->far_port, sizeof x->far_port);
    know_far(x, hop_name(r, "FAR_IP4", "", x->far_ip4), hop_name(r, "FAR_PORT", "", x->far_port));
}

static void done(struct run_ctx *r)
{
    struct idxp_run *x = r->state;
    sasl_users_free(x->own);
    idmef_schema_free(x->schema);
}

/* A name, its value in memory, and over sockets (NULL: none but the user's). */
static const struct { const char *name, *memory, *sockets; } names[] = {
    {"URI_OTHER", IDXP_SAMPLE_URI_OTHER, IDXP_SAMPLE_URI_OTHER},
    {"URI_REFUSED", IDXP_SAMPLE_URI_REFUSED, IDXP_SAMPLE_URI_REFUSED},
    {"URI_ANALYZER", IDXP_SAMPLE_URI_ANALYZER, IDXP_SAMPLE_URI_ANALYZER},
    {"FAR_IP6", IDXP_MEM_FAR_IP6, NULL},
    {"FAR_NAME", IDXP_MEM_FAR_NAME, "localhost"},
    {"FAR_SRV", IDXP_MEM_FAR_SRV, NULL},
    {"FAR_CLOSED_PORT", "1", "1"}, /* tcpmux: long out of use */
    {"DEAF_IP4", IDXP_MEM_DEAF_IP4, "192.0.2.99"}, /* RFC 5737: nobody has it */
    {"NO_NAME", "nobody.draftproof.invalid", "nobody.draftproof.invalid"},
    {"ROUTE_PROFILE", IDXP_SAMPLE_ROUTE_PROFILE, IDXP_SAMPLE_ROUTE_PROFILE},
    {"ROUTE_ENDPOINT", IDXP_SAMPLE_ROUTE_ENDPOINT, IDXP_SAMPLE_ROUTE_ENDPOINT},
    {"FORBIDDEN_IP4", IDXP_MEM_FORBIDDEN, "127.0.0.66"},
    {"FORBIDDEN_PORT", IDXP_MEM_PORT, IDXP_MEM_PORT},
    {"SELF_NAME", IDXP_MEM_SELF_NAME, "localhost"},
};

static const char *fixed(const struct run_ctx *r, const char *name)
{
    for (size_t i = 0; i < COUNT(names); i++) {
        if (strcmp(name, names[i].name) == 0) return hop_name(r, name, names[i].memory, names[i].sockets ? names[i].sockets : "");
    }
    return NULL;
}

/* Names of what is not known are empty: the case that wants them says so under needs. */
static bool lookup(const struct run_ctx *r, const char *name, char *out, size_t n)
{
    const struct idxp_run *x = run_of(r);
    const char *text = fixed(r, name);
    if (strcmp(name, "URI") == 0) text = x->play.uri;
    else if (strcmp(name, "IDXP") == 0) text = idxp_uris[x->play.dialect];
    else if (strcmp(name, "IDXP_OTHER") == 0) text = idxp_uris[x->play.dialect == IDXP_DRAFT ? IDXP_RFC : IDXP_DRAFT];
    else if (strcmp(name, "TUNNEL") == 0) text = TUNNEL_URI;
    else if (strcmp(name, "DIALECT") == 0) text = idxp_dialect_names[x->play.dialect];
    else if (strcmp(name, "FAR_IP4") == 0) text = x->play.far_ip4 ? x->play.far_ip4 : "";
    else if (strcmp(name, "FAR_PORT") == 0) text = x->play.far_port ? x->play.far_port : "";
    else if (strcmp(name, "SELF_IP4") == 0) text = hop_name(r, name, IDXP_MEM_SELF_IP4, x->self_ip4);
    else if (strcmp(name, "SELF_PORT") == 0) text = hop_name(r, name, IDXP_MEM_PORT, x->self_port);
    if (!text) return proto_beep_lookup(r, name, out, n);
    snprintf(out, n, "%s", text);
    return true;
}

static const char *const given[] = {"URI",      "URI_OTHER",       "URI_REFUSED", "URI_ANALYZER", "FAR_IP4",       "FAR_IP6",        "FAR_PORT",      "FAR_NAME",       "FAR_SRV",
                                    "DEAF_IP4", "FAR_CLOSED_PORT", "NO_NAME",     "ROUTE_PROFILE", "ROUTE_ENDPOINT", "FORBIDDEN_IP4", "FORBIDDEN_PORT", "SELF_IP4", "SELF_PORT",
                                    "SELF_NAME", NULL};

static uint64_t observed(const struct run_ctx *r)
{
    return run_of(r)->play.observed;
}

/* --- needs ------------------------------------------------------------------------------------------------------------------ */

static bool met_always(const struct run_ctx *r)
{
    (void)r;
    return true;
}

static bool met_starts(const struct run_ctx *r)
{
    return r->o->peer_connects && ((run_of(r)->play.observed >> IDXP_SEEN_STARTED & 1) || run_met_able(r, "starts"));
}

/* The reference asks for TLS where it can be had, and so does what `serve' runs. */
static bool met_need_tls(const struct run_ctx *r)
{
    return r->o->tls != RUN_TLS_OFF && run_met_able(r, "need-tls");
}

static bool met_need_auth(const struct run_ctx *r)
{
    return run_of(r)->play.beep.users && run_met_able(r, "need-auth");
}

/* It shows by what our certificate is compared with, so there has to be one. */
static bool met_compares(const struct run_ctx *r)
{
    return r->o->tls != RUN_TLS_OFF && run_met_able(r, "compares");
}

static bool met_tunnel(const struct run_ctx *r)
{
    return r->o->peer_connects && run_met_able(r, "tunnel");
}

static bool met_target(const struct run_ctx *r)
{
    if (run_of(r)->play.role == TEST_TUNNEL_PROXY) return true; /* tunnels are all that it is for */
    return !r->o->peer_connects && run_met_able(r, "target");
}

/* A peer that took our good certificate trusts its authority, so the wrong ones of the same authority can be shown. */
static bool met_trust(const struct run_ctx *r)
{
    return r->o->tls != RUN_TLS_OFF && (run_met_trust(r) || run_met_able(r, "trust"));
}

#define SET_UP(what, word) "the peer has to be set up " what ": --able " word
static const struct run_need needs[] = {
    BEEP_NEEDS_TUNING,
    {"profile", "IDXP is the profile", false, RUN_USUAL, met_always},
    {"starts", "the peer was not seen starting a channel: --able starts", true, RUN_USUAL, met_starts},
    {"need-tls", SET_UP("to serve nobody without TLS", "need-tls"), true, RUN_USUAL, met_need_tls},
    {"need-auth", SET_UP("to serve nobody before authentication, and told of us: --sasl-user FILE", "need-auth"), true, RUN_APART, met_need_auth},
    {"trust", "no TLS session came about in the sanity case, or the certificate is your own: give --pki DIR", true, RUN_USUAL, met_trust},
    {"knows-uri", SET_UP("to take $URI, and neither $URI_OTHER nor $URI_REFUSED", "knows-uri"), true, RUN_APART, NULL},
    {"knows-kind", SET_UP("to know that $URI_ANALYZER is an analyzer", "knows-kind"), true, RUN_APART, NULL},
    {"compares", SET_UP("to compare the subject of our certificate with $URI", "compares"), true, RUN_APART, met_compares},
    {"tunnel", SET_UP("to come through us as its proxy", "tunnel"), true, RUN_APART, met_tunnel},
    {"target", SET_UP("to let tunnels end at it", "target"), true, RUN_USUAL, met_target},
    {"names", SET_UP("to resolve $FAR_NAME to us, and $NO_NAME to nothing", "names"), true, RUN_USUAL, NULL},
    {"srv", SET_UP("to find us by the SRV records of $FAR_SRV", "srv"), true, RUN_USUAL, NULL},
    {"profile-map", SET_UP("to have a route to us for $ROUTE_PROFILE", "profile-map"), true, RUN_USUAL, NULL},
    {"endpoint-map", SET_UP("to have a route to us for $ROUTE_ENDPOINT", "endpoint-map"), true, RUN_USUAL, NULL},
    {"limits", SET_UP("to refuse tunnels to $FORBIDDEN_IP4 and $FORBIDDEN_PORT", "limits"), true, RUN_USUAL, NULL},
    {"heartbeats", SET_UP("to send heartbeats", "heartbeats"), true, RUN_USUAL, NULL},
    {0}};

/* --- deliberate mistakes ------------------------------------------------------------------------------------------------- */

_Static_assert(IDXP_R_MANAGER == IBY_MANAGER && IDXP_R_ANALYZER == IBY_ANALYZER && IDXP_R_PROXY == IBY_PROXY, "mistakes name roles by the same bits");

/* TLS decides whether it shows. */
static bool about_tls(unsigned mutant, const struct run_role *role)
{
    (void)role;
    static const unsigned those[] = {IMUT_TAKES_CLEAR, IMUT_TAKES_ANYONE, IMUT_TUNNEL_UNDER_TLS, IMUT_TARGET_NO_TLS, IMUT_TRUSTS_ANY, IMUT_VIA_NO_TLS, IMUT_NO_TLS_OFFER, IMUT_REFUSES_COVERED};
    for (size_t i = 0; i < COUNT(those); i++)
        if (mutant == those[i]) return true;
    return false;
}

/* What is printed, and what is made of silence and refusals, is another text in each. */
static bool about_dialect(unsigned mutant)
{
    static const unsigned those[] = {IMUT_GREETING_MUTE, IMUT_DATA_MUTE, IMUT_SULKS, IMUT_SENDS_REJECTED, IMUT_EMBEDDED_IGNORED, IMUT_ALL_501};
    for (size_t i = 0; i < COUNT(those); i++)
        if (mutant == those[i]) return true;
    return false;
}

/* What is wrong with data, options and tunnels shows where these are, and there are many ways to be wrong. */
static const char *shows_in(unsigned mutant)
{
    static const struct { const char *begins, *in; } those[] = {
        {"idmef-", "idxp/idmef/"}, {"option-", "idxp/3.4.1/"}, {"priority-", "idxp/3.4.1/"},
        {"stream-", "idxp/3.4.1/"}, {"uri-", "idxp/3.4.1/"}, {"ip-", "idxp/3.4.1/"}, {"fqdn-", "idxp/3.4.1/"},
        {"all-4", "idxp/5/"}, {"all-53", "idxp/5/"}, {"tunnel-all-", "idxp/tunnel/"},
    };
    for (size_t i = 0; i < COUNT(those); i++)
        if (strncmp(idxp_mutants[mutant].name, those[i].begins, strlen(those[i].begins)) == 0) return those[i].in;
    return NULL;
}

static const struct run_try tries[] = {
    {TRY_ALWAYS, RUN_TLS_OFF, false, NULL, "rfc"},
    {TRY_DIALECT, RUN_TLS_OFF, false, NULL, "draft"},
    {TRY_TLS, RUN_TLS_MODERN, true, NULL, "rfc"},
    {TRY_TLS_ONLY, RUN_TLS_MODERN, false, "idxp/6", "rfc"},
    {TRY_TLS_ONLY, RUN_TLS_MODERN, false, "idxp/5/535-other", "rfc"},
    {TRY_TLS_ONLY, RUN_TLS_MODERN, false, "idxp/6/clear", "draft"},
    {TRY_TLS_ONLY, RUN_TLS_MODERN, false, "idxp/3.4.1/printed-start-in-clear", "draft"},
    {TRY_ALIVE, RUN_TLS_MODERN, false, NULL, "rfc"},
    {TRY_ALIVE, RUN_TLS_MODERN, false, NULL, "draft"},
};

/* --- in memory --------------------------------------------------------------------------------------------------------------- */

static const struct run_place places[] = {
    {IDXP_MEM_FAR_IP4 ":" IDXP_MEM_PORT, RUN_AT_TESTER},
    {"[" IDXP_MEM_FAR_IP6 "]:" IDXP_MEM_PORT, RUN_AT_TESTER},
    {IDXP_MEM_FAR_NAME ":" IDXP_MEM_PORT, RUN_AT_TESTER},
    {IDXP_MEM_SELF_IP4 ":" IDXP_MEM_PORT, RUN_AT_PEER},
    {IDXP_MEM_SELF_NAME ":" IDXP_MEM_PORT, RUN_AT_PEER},
    {IDXP_MEM_DEAF_IP4 ":" IDXP_MEM_PORT, RUN_AT_NOBODY},
    {NULL, RUN_AT_NOBODY}};

const struct run_proto run_idxp = {
    .name = "idxp",
    .family = families,
    .role = roles,
    .dialect = dialects,
    .machine = machines,
    .play = &play_idxp,
    .run_size = sizeof(struct idxp_run),
    .begin = begin,
    .bound = bound,
    .done = done,
    .given = given,
    .lookup = lookup,
    .observed = observed,
    .seen_tls = 1ull << IDXP_SEEN_TLS,
    .fault_name = play_idxp_fault_name,
    .need = needs,
    .specially = NULL,
    .passive = passive_idxp,
    .passives = PASSIVE_IDXP,
    .mutant = idxp_mutants,
    .mutants = IMUT_COUNT,
    .try = tries,
    .tries = COUNT(tries),
    .about_tls = about_tls,
    .about_dialect = about_dialect,
    .shows_in = shows_in,
    .reference_new = reference_idxp_new,
    .reference_free = reference_idxp_free,
    .place = places,
    .reference_peer = reference_idxp_peer,
    .setting = settings_idxp,
    .server = &server_idxp,
};
