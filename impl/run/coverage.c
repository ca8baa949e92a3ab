/* SPDX-License-Identifier: MIT */
#include "run/coverage.h"

static err cite(struct coverage *v, enum clause_id id, const char *case_id)
{
    struct coverage_row *r = &v->row[id];
    const char **grown = mem_resize(v->mem, r->id, (r->cases + 1) * sizeof *grown);
    if (!grown) return ERR_MEM;
    r->id = grown;
    r->id[r->cases++] = case_id;
    return OK;
}

err coverage_new(const struct catalog *c, const struct run_proto *only, struct coverage *v)
{
    *v = (struct coverage){.mem = c->env->mem};
    v->row = mem_new(v->mem, CLAUSE_COUNT * sizeof *v->row);
    if (!v->row) return ERR_MEM;
    for (size_t i = 0; i < c->n; i++) {
        for (size_t k = 0; k < c->item[i]->clauses; k++)
            TRY(cite(v, c->item[i]->clause[k], c->item[i]->id));
    }
    for (size_t i = 1; i < CLAUSE_COUNT; i++) {
        struct coverage_row *r = &v->row[i];
        if (only && run_proto_of_clause(clauses[i].id) != only) r->how = COVERED_OTHER;
        else if (r->cases) r->how = COVERED_CASE;
        else if (run_passive_find((enum clause_id)i)) r->how = COVERED_PASSIVE;
        else r->how = clauses[i].watch == WATCH_NONE ? COVERED_NONE : COVERED_MISSING;
        v->count[r->how]++;
    }
    return OK;
}

void coverage_done(struct coverage *v)
{
    for (size_t i = 0; v->row && i < CLAUSE_COUNT; i++)
        mem_free(v->mem, v->row[i].id);
    mem_free(v->mem, v->row);
    v->row = NULL;
}
