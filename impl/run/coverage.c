/* SPDX-License-Identifier: MIT */
#include "run/coverage.h"

#include <string.h>

static err cite(struct coverage *v, enum clause_id id, const char *case_id)
{
    struct coverage_row *r = &v->row[id];
    const char **grown = mem_resize(v->mem, r->id, (r->cases + 1) * sizeof *grown);
    if (!grown) return ERR_MEM;
    r->id = grown;
    r->id[r->cases++] = case_id;
    return OK;
}

static bool against(const struct scn_case *k, const char *role)
{
    for (size_t i = 0; i < k->againsts; i++) {
        if (strcmp(k->against[i], role) == 0) return true;
    }
    return false;
}

/* A case that is played in one dialect says nothing about what the other asks for. */
static bool says(const struct scn_case *k, enum clause_id id)
{
    const char *only = run_case_dialect(k);
    return !only || run_in_dialect(&clauses[id], only);
}

static bool tried_on(const struct catalog *c, enum clause_id id, const char *role)
{
    for (size_t i = 0; i < c->n; i++) {
        const struct scn_case *k = c->item[i];
        if (!against(k, role)) continue;
        for (size_t j = 0; j < k->clauses; j++) {
            if (k->clause[j] == id && says(k, id)) return true;
        }
    }
    return false;
}

/* The first role under test that the clause binds and that no case cites it for; NULL. */
static const char *lacks(const struct catalog *c, enum clause_id id)
{
    const struct clause *cl = &clauses[id];
    const struct run_proto *proto = run_proto_of_clause(cl->id);
    for (const struct run_role *r = proto ? proto->role : NULL; r && r->name; r++) {
        bool bound = (r->ways & RUN_LISTENS && run_binds(cl, r, false)) || (r->ways & RUN_CONNECTS && run_binds(cl, r, true)) ||
                     (r->ways & RUN_PROXY && run_binds(cl, r, false));
        if (!bound || (cl->at[0] && strcmp(cl->at, r->name) != 0)) continue;
        if (!tried_on(c, id, r->name)) return r->name;
    }
    return NULL;
}

err coverage_new(const struct catalog *c, const struct run_proto *only, struct coverage *v)
{
    *v = (struct coverage){.mem = c->env->mem};
    v->row = mem_new(v->mem, CLAUSE_COUNT * sizeof *v->row);
    if (!v->row) return ERR_MEM;
    for (size_t i = 0; i < c->n; i++) {
        for (size_t k = 0; k < c->item[i]->clauses; k++)
            if (says(c->item[i], c->item[i]->clause[k])) TRY(cite(v, c->item[i]->clause[k], c->item[i]->id));
    }
    for (size_t i = 1; i < CLAUSE_COUNT; i++) {
        struct coverage_row *r = &v->row[i];
        if (only && run_proto_of_clause(clauses[i].id) != only) r->how = COVERED_OTHER;
        else if (run_passive_find((enum clause_id)i)) r->how = r->cases ? COVERED_CASE : COVERED_PASSIVE;
        else if (r->cases) r->how = (r->lacks = lacks(c, (enum clause_id)i)) ? COVERED_MISSING : COVERED_CASE;
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
