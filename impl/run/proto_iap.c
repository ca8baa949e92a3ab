/* SPDX-License-Identifier: MIT */
#include "run/proto_iap.h"

#include <stdio.h>
#include <string.h>

#include "model/iap.h"
#include "peer/mutate.h"
#include "run/passive_iap.h"
#include "run/play_iap.h"
#include "run/reference_iap.h"
#include "run/server_iap.h"
#include "run/suite.h"

#define COUNT(list) (sizeof(list) / sizeof *(list))

static const struct run_family families[] = {{"IAP-", ""}, {NULL, NULL}};

static const struct run_role roles[] = {
    {"iap-manager", R_MANAGER, TEST_MANAGER, RUN_LISTENS | RUN_CONNECTS, false, false, "manager", "responder", "initiator", false},
    {"iap-analyzer", R_ANALYZER, TEST_ANALYZER, RUN_LISTENS | RUN_CONNECTS, true, false, "analyzer", "responder", "initiator", false},
    {"iap-proxy", R_PROXY, TEST_PROXY, RUN_PROXY, false, false, "proxy", NULL, NULL, false},
    {0}};

static const struct fsm *const machines[] = {&iap_machine, NULL};

/* --- a run ------------------------------------------------------------------------------------------------------------------ */

static err begin(struct run_ctx *r, struct play_run *play)
{
    struct play_iap_run *x = r->state;
    const struct suite_options *o = r->o;
    *x = (struct play_iap_run){.under_test = (enum iap_under_test)r->role->id,
                               .no_tls = o->tls == RUN_TLS_OFF,
                               .host = o->host ? o->host : "m.dom.org",
                               .identity = o->tls == RUN_TLS_OFF ? NULL : identities_tester,
                               .identity_ctx = r->identities};
    play->ends = play_iap_ends[r->role->id == TEST_PROXY];
    play->end_count = 2;
    return OK;
}

/* The name that the proxy itself puts into Via comes first: it is what a request that came back would carry (3.1, IAP-D17). */
static const char *proxy_name(const struct run_ctx *r)
{
    const struct play_iap_run *x = r->state;
    return x->learned_identity[0] || !r->o->identity ? x->learned_identity : r->o->identity;
}

static bool lookup(const struct run_ctx *r, const char *name, char *out, size_t n)
{
    const struct play_iap_run *x = r->state;
    bool other = strcmp(name, "PROXY_OTHER_CASE") == 0;
    if (strcmp(name, "HOST") == 0) snprintf(out, n, "%s", x->host);
    else if (other || strcmp(name, "PROXY") == 0) snprintf(out, n, "%s", proxy_name(r));
    else return false;
    for (char *c = out; other && *c; c++) /* the same host with the other letter case */
        if ((*c | 0x20) >= 'a' && (*c | 0x20) <= 'z') *c ^= 0x20;
    return true;
}

static uint64_t observed(const struct run_ctx *r)
{
    return ((const struct play_iap_run *)r->state)->observed;
}

static const char *fault_name(int code)
{
    return iap_faults[code].name;
}

/* --- needs ------------------------------------------------------------------------------------------------------------------ */

static bool met_identity(const struct run_ctx *r)
{
    return r->o->identity || ((const struct play_iap_run *)r->state)->learned_identity[0];
}

/* A peer that took our good certificate trusts its authority, so the wrong ones of the same authority can be shown. */
static bool met_trust(const struct run_ctx *r)
{
    return run_met_trust(r) || run_met_able(r, "trust");
}

static bool met_name(const struct run_ctx *r)
{
    return run_met_trust(r) || run_met_able(r, "name");
}

static const struct run_need needs[] = {
    {"identity", "the proxy adds no Via line that would tell its identity; give --identity NAME", false, RUN_USUAL, met_identity},
    {"refusing", "the peer has to be set up to refuse connections: --able refusing", true, RUN_SPECIAL, NULL},
    {"unconfigured", "the peer has to be set up without a certificate: --able unconfigured", true, RUN_SPECIAL, NULL},
    {"trust", "no TLS session came about in the sanity case, or the certificate is your own: give --pki DIR", true, RUN_USUAL, met_trust},
    {"role-oid", "the peer has to be set up to check the role OIDs that draftproof pki gives: --able role-oid", true, RUN_USUAL, NULL},
    {"subject", "the peer has to be set up to check the subject OU=Sensors or OU=Managers: --able subject", true, RUN_USUAL, NULL},
    {"name", "no TLS session came about in the sanity case, or the certificate is your own: give --pki DIR", true, RUN_USUAL, met_name},
    {0}};

/* --- deliberate mistakes ------------------------------------------------------------------------------------------------- */

static bool about_tls(unsigned mutant, const struct run_role *role)
{
    return (mutant >= MUT_WRONG_HELLO && mutant <= MUT_SENDS_URGENT) || role->id == TEST_PROXY;
}

static const struct run_try tries[] = {
    {TRY_ALWAYS, RUN_TLS_OFF, false, NULL, NULL},
    /* with TLS first what TLS decides: the rest was seen without */
    {TRY_TLS, RUN_TLS_MODERN, true, NULL, NULL},
    {TRY_ALIVE, RUN_TLS_MODERN, false, NULL, NULL},
    {TRY_TLS_ONLY, RUN_TLS_DRAFT, true, "iap/6.3", NULL}, /* what only TLS 1.0 can show */
};

/* --- programs on loopback ---------------------------------------------------------------------------------------------- */

#define HOST "--host", "m.dom.org"
#define STRICT_MANAGER  {"--peer-oid", PKI_OID_ALERT_GENERATOR, "--peer-subject", "OU=Sensors", NULL}
#define STRICT_ANALYZER {"--peer-oid", PKI_OID_ALERT_CONSUMER, "--peer-subject", "OU=Managers", "--peer-name", "m.dom.org", NULL}

static const struct run_setting settings[] = {
    {.name = "iap-manager that listens", .role = "iap-manager", .able = {"trust", "role-oid", "subject"}, .serve = {HOST}, .serve_tls = STRICT_MANAGER},
    {.name = "iap-manager that connects", .role = "iap-manager", .connects = true, .able = {"trust", "role-oid", "subject"}, .serve = {HOST}, .serve_tls = STRICT_MANAGER},
    {.name = "iap-analyzer that connects", .role = "iap-analyzer", .connects = true, .able = {"trust", "role-oid", "subject", "name"}, .serve = {HOST}, .serve_tls = STRICT_ANALYZER},
    {.name = "iap-analyzer that listens", .role = "iap-analyzer", .able = {"trust", "role-oid", "subject", "name"}, .serve = {HOST}, .serve_tls = STRICT_ANALYZER},
    {.name = "iap-proxy", .role = "iap-proxy", .bare = true, .serve = {HOST, "--next-hop", "m.dom.org={hop}", "--identity", "p.dom.org"}},
    /* these answer before TLS begins */
    {.name = "iap-manager that refuses", .role = "iap-manager", .once = true, .able = {"refusing"}, .serve = {HOST, "--refuse"}, .serve_tls = STRICT_MANAGER},
    {.name = "iap-manager without certificate", .role = "iap-manager", .bare = true, .once = true, .able = {"unconfigured"}, .serve = {HOST}},
    {0}};

const struct run_proto run_iap = {
    .name = "iap",
    .family = families,
    .role = roles,
    .machine = machines,
    .play = &play_iap,
    .run_size = sizeof(struct play_iap_run),
    .begin = begin,
    .lookup = lookup,
    .observed = observed,
    .seen_tls = 1ull << SEEN_TLS,
    .fault_name = fault_name,
    .need = needs,
    .specially = "the peer was set up to refuse, or without a certificate",
    .passive = passive_iap,
    .passives = PASSIVE_IAP,
    .mutant = iap_mutants,
    .mutants = MUT_COUNT,
    .try = tries,
    .tries = COUNT(tries),
    .about_tls = about_tls,
    .reference_new = reference_iap_new,
    .reference_free = reference_iap_free,
    .reference_peer = reference_iap_peer,
    .setting = settings,
    .server = &server_iap,
};
