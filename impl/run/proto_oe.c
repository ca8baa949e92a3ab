/* SPDX-License-Identifier: MIT */
#include "run/proto_oe.h"

#include <stdio.h>
#include <string.h>

#include "model/oe_flow.h"
#include "peer/mutate_oe.h"
#include "run/oe_zone.h"
#include "run/passive_oe.h"
#include "run/reference_oe.h"
#include "run/samples_oe.h"
#include "run/server_oe.h"
#include "run/settings_oe.h"
#include "run/suite.h"

#define COUNT(list) (sizeof(list) / sizeof *(list))

static const struct run_family families[] = {{"OE-", ""}, {"OERFC-", "rfc/"}, {NULL, NULL}};

static const struct run_role roles[] = {
    {"oe-parser", OE_R_PARSER, TEST_OE_PARSER, RUN_LISTENS, false, false, "parser", NULL, NULL, true},
    {"oe-gateway", OE_R_GATEWAY, TEST_OE_GATEWAY, RUN_LISTENS, false, false,
     "gateway,initiator,responder,resolver", NULL, NULL, true},
    {0}};

/* RFC 4322 is what was built; the draft is asked for by name. */
static const char *const dialects[] = {"rfc", "draft", NULL};
static const struct fsm *const machines[] = {&oe_init_machine, &oe_resp_machine, &oe_age_machine,
                                             &oe_delete_machine, NULL};

/* --- a run ------------------------------------------------------------------------------------ */

static struct oe_run *run_of(const struct run_ctx *r)
{
    return r->state;
}

static err begin(struct run_ctx *r, struct play_run *play)
{
    struct oe_run *x = run_of(r);
    x->play.role = (enum oe_under_test)r->role->id;
    x->play.dialect = r->dialect && strcmp(r->dialect, oe_dialect_names[OE_DRAFT]) == 0 ? OE_DRAFT : OE_RFC;
    x->play.dns = OE_MEM_DNS;
    play->ends = play_oe_ends;
    play->end_count = x->play.role == TEST_OE_PARSER ? 1 : PLAY_OE_ENDS;
    return OK;
}

static void bound(struct run_ctx *r, const char *address)
{
    struct oe_run *x = run_of(r);
    snprintf(x->dns, sizeof x->dns, "%s", address);
    x->play.dns = x->dns;
}

static bool lookup(const struct run_ctx *r, const char *name, char *out, size_t n)
{
    const struct oe_run *x = run_of(r);
    const char *text = NULL;
    if (strncmp(name, "KEY", 3) == 0 && name[3] >= '1' && name[3] < '1' + OE_SAMPLE_KEYS && !name[4])
        text = samples_oe[name[3] - '1'];
    else if (strcmp(name, "DNS") == 0)
        text = x->play.dns;
    else if (strcmp(name, "FORGED") == 0)
        text = OE_FORGED_GATEWAY;
    else if (strcmp(name, "DIALECT") == 0)
        text = oe_dialect_names[x->play.dialect];
    if (!text) return false;
    snprintf(out, n, "%s", text);
    return true;
}

static uint64_t observed(const struct run_ctx *r)
{
    return run_of(r)->play.observed;
}

/* --- needs ------------------------------------------------------------------------------------ */

static const struct run_need needs[] = {
    {"key-records", "the adapter has to take KEY records: --able key-records", true, RUN_USUAL, NULL},
    {"master", "the adapter has to take text of master files: --able master", true, RUN_USUAL, NULL},
    {"ipv6", "the adapter has to take gateways with IPv6 addresses: --able ipv6", true, RUN_USUAL, NULL},
    {"clock", "the adapter has to wind its clock forward: --able clock", true, RUN_USUAL, NULL},
    {"bogus", "the gateway has to know the extended error of a bogus answer: --able bogus", true, RUN_USUAL,
     NULL},
    {0}};

/* --- deliberate mistakes ---------------------------------------------------------------------- */

/* There is no TLS. */
static bool about_tls(unsigned mutant, const struct run_role *role)
{
    (void)mutant;
    (void)role;
    return false;
}

static const struct run_try tries[] = {
    {TRY_ALWAYS, RUN_TLS_OFF, false, NULL, "rfc"},
    {TRY_ALWAYS, RUN_TLS_OFF, false, NULL, "draft"},
};

/* --- in memory -------------------------------------------------------------------------------- */

static const struct run_place places[] = {{OE_MEM_DNS, RUN_AT_TESTER}, {NULL, RUN_AT_NOBODY}};

const struct run_proto run_oe = {
    .name = "oe",
    .family = families,
    .role = roles,
    .dialect = dialects,
    .machine = machines,
    .play = &play_oe,
    .run_size = sizeof(struct oe_run),
    .begin = begin,
    .bound = bound,
    .lookup = lookup,
    .observed = observed,
    .seen_tls = 1ull << OE_SEEN_TLS,
    .fault_name = play_oe_fault_name,
    .need = needs,
    .passive = passive_oe,
    .passives = PASSIVE_OE,
    .mutant = oe_mutants,
    .mutants = OEMUT_COUNT,
    .try = tries,
    .tries = COUNT(tries),
    .about_tls = about_tls,
    .reference_new = reference_oe_new,
    .reference_free = reference_oe_free,
    .place = places,
    .reference_peer = reference_oe_peer,
    .setting = settings_oe,
    .server = &server_oe,
};
