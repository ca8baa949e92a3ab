/* SPDX-License-Identifier: MIT */
#include "peer/mutate_oe.h"

#define ROW(n, name, roles, clauses, text) {name, roles, clauses, text},
const struct mutant oe_mutants[OEMUT_COUNT] = {{"", 0, "", ""}, OE_MUTANTS(ROW)};

/* Not yet hooked: every reader reads as it should. */
err oe_mutate_rdata(const struct env *env, unsigned mutant, slice rdata, struct buf *text, bool *instead)
{
    (void)env;
    (void)mutant;
    (void)rdata;
    (void)text;
    *instead = false;
    return OK;
}

void oe_mutate_txt(unsigned mutant, enum oe_dialect d, struct oe_txt *t)
{
    (void)mutant;
    (void)d;
    (void)t;
}

void oe_mutate_key(unsigned mutant, struct oe_key *k)
{
    (void)mutant;
    (void)k;
}

bool oe_mutant_refuses_master(unsigned mutant, uint16_t type, slice text)
{
    (void)mutant;
    (void)type;
    (void)text;
    return false;
}
