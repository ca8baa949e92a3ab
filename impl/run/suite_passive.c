/* SPDX-License-Identifier: MIT */
/* The faults of the whole run, gathered by clause: each clause that any session shows becomes a result of its own. */
#include <stdio.h>

#include "run/suite_impl.h"

static const struct suite_fault *fault_on(const struct suite *s, const struct run_passive *pc)
{
    const struct suite_fault *worst = NULL;
    for (size_t i = 0; i < s->faults; i++) {
        const struct suite_fault *f = &s->fault[i];
        bool hit = f->f.clause == pc->clause;
        for (size_t k = 0; k < sizeof pc->follows / sizeof *pc->follows && !hit; k++)
            hit = f->f.fail && pc->follows[k] && f->f.clause == pc->follows[k]; /* a tolerated form is told once, where it belongs */
        if (hit && (!worst || (f->f.fail && !worst->f.fail))) worst = f;
    }
    return worst;
}

static err passive_result(struct suite *s, const struct run_passive *pc)
{
    const struct clause *c = &clauses[pc->clause];
    const struct suite_fault *f = fault_on(s, pc);
    char id[64], reason[300] = "";
    run_passive_id(c, id, sizeof id);
    bool seen = (s->proto->observed(&s->ctx) & pc->needs) == pc->needs;
    if (!f && !seen) return OK; /* says nothing about this peer */
    if (!f && !catalog_selected(id, s->o->select, s->o->selects)) return OK;
    struct result *r = run_results_add(s->out);
    if (!r) return ERR_MEM;
    r->passive = true;
    r->dialect = s->ctx.dialect;
    r->id = suite_dup(s, id);
    r->title = suite_dup(s, c->text);
    r->role = suite_dup(s, s->o->role);
    r->split = suite_dup(s, s->o->splits == 1 ? s->o->split[0].name : "all");
    r->vary = suite_dup(s, "");
    r->instances = 1;
    r->clause = mem_dup(s->o->env->mem, &pc->clause, sizeof pc->clause);
    r->clauses = r->clause ? 1 : 0;
    r->verdict = !f ? V_PASS : f->f.fail && c->level != LEVEL_SHOULD ? V_FAIL : V_WEAK;
    if (f) snprintf(reason, sizeof reason, "%s (%s at octet %llu%s%s); first seen in %s", f->f.text, s->proto->fault_name(f->f.code),
                    (unsigned long long)f->f.at, f->f.defect ? ", " : "", f->f.defect ? defects[f->f.defect].id : "", f->where);
    r->reason = suite_dup(s, reason);
    if (f && f->f.defect) suite_add_defect(s, r, f->f.defect);
    return r->id && r->reason ? OK : ERR_MEM;
}

static bool binds(const struct suite *s, const struct run_passive *pc)
{
    const struct clause *c = &clauses[pc->clause];
    return run_in_dialect(c, s->ctx.dialect) && run_binds(c, s->ctx.role, s->o->peer_connects);
}

/* A fault of a clause that has no passive row of its own must not get lost. */
static err stray_faults(struct suite *s)
{
    for (size_t i = 0; i < s->faults; i++) {
        bool covered = false;
        for (size_t k = 0; k < s->proto->passives && !covered; k++) {
            const struct run_passive *pc = &s->proto->passive[k];
            covered = pc->clause == s->fault[i].f.clause && binds(s, pc);
        }
        if (covered) continue;
        struct run_passive pc = {.clause = s->fault[i].f.clause};
        TRY(passive_result(s, &pc));
    }
    return OK;
}

err suite_passive(struct suite *s)
{
    for (size_t i = 0; i < s->proto->passives; i++) {
        if (binds(s, &s->proto->passive[i])) TRY(passive_result(s, &s->proto->passive[i]));
    }
    return stray_faults(s);
}
