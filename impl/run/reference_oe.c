/* SPDX-License-Identifier: MIT */
#include "run/reference_oe.h"

#include "peer/oe_gateway.h"
#include "peer/oe_parser.h"
#include "run/proto_oe.h"
#include "run/suite.h"

struct reference_oe {
    const struct env *env;
    enum oe_under_test role;
    struct oe_parser_setup parser;
    struct oe_gateway_setup gateway;
};

err reference_oe_new(const struct run_ctx *x, const struct run_need *special, void **out, char *why,
                     size_t why_n)
{
    const struct play_oe_run *play = x->state;
    struct reference_oe *r = mem_new(x->o->env->mem, sizeof *r);
    (void)special;
    (void)why;
    (void)why_n;
    *out = NULL;
    if (!r) return ERR_MEM;
    r->env = x->o->env;
    r->role = play->role;
    r->parser = (struct oe_parser_setup){.env = r->env, .dialect = play->dialect, .mutant = x->o->mutant};
    r->gateway = (struct oe_gateway_setup){.env = r->env, .dns_to = OE_MEM_DNS, .mutant = x->o->mutant};
    *out = r;
    return OK;
}

void reference_oe_free(void *reference)
{
    struct reference_oe *r = reference;
    if (r) mem_free(r->env->mem, r);
}

struct endpoint *reference_oe_peer(void *reference)
{
    struct reference_oe *r = reference;
    struct endpoint *e = NULL;
    r->gateway.seed++; /* each draws other lots among equal gateways */
    return (r->role == TEST_OE_PARSER ? oe_parser_new(&r->parser, &e) : oe_gateway_new(&r->gateway, &e)) == OK
               ? e
               : NULL;
}
