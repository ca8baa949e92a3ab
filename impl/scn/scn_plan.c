/* SPDX-License-Identifier: MIT */
#include "scn/scn_impl.h"

#include <string.h>

struct scn_plan_own {
    struct scn_plan plan; /* first: what the caller holds */
    struct scn_pool pool;
};

struct named {
    const char *name;
    struct scn_octets value;
};

struct planner {
    struct scn_pool *pool;   /* the plan's */
    struct scn_pool scratch; /* values of lets and varies, until the plan stands */
    struct buf word;         /* the value just expanded */
    struct named *name;
    size_t names;
    scn_lookup lookup;
    void *ctx;
    struct scn_fault *fault;
    int line;
};

size_t scn_instances(const struct scn_case *c)
{
    size_t n = 1;
    for (size_t i = 0; i < c->varies && n <= SCN_MAX_INSTANCES; i++)
        n *= c->vary[i].values;
    return n;
}

static err value_of(struct planner *p, slice name, slice *out)
{
    char show[SCN_SHOW];
    struct scn_octets v = {NULL, 0};
    for (size_t i = 0; i < p->names; i++) {
        if (!slice_eq(name, slice_str(p->name[i].name))) continue;
        *out = slice_of(p->name[i].value.p, p->name[i].value.n);
        return OK;
    }
    char asked[SCN_MAX_NAME + 1];
    size_t n = name.n < SCN_MAX_NAME ? name.n : SCN_MAX_NAME;
    if (n) memcpy(asked, name.p, n);
    asked[n] = 0;
    if (!p->lookup || !p->lookup(p->ctx, asked, &v))
        return scn_fault_set(p->fault, ERR_PEER, p->line, 1,
                             "$%s has no value in this run: no let or vary sets it, nor does the run",
                             scn_show(name, show));
    *out = slice_of(v.p, v.n);
    return OK;
}

/* The value with its names replaced, in p->word. */
static err expand(struct planner *p, slice value)
{
    struct scn_piece piece;
    size_t at = 0;
    buf_clear(&p->word);
    while (scn_piece_next(value, false, &at, &piece)) {
        slice s = piece.s;
        if (piece.name) TRY(value_of(p, piece.s, &s));
        err e = buf_add(&p->word, s);
        if (e == ERR_LIMIT)
            return scn_fault_set(p->fault, e, p->line, 1,
                                 "with its names replaced a string is longer than %d octets", SCN_MAX_STRING);
        TRY(e);
    }
    return OK;
}

static err keep(struct planner *p, struct scn_pool *pool, const struct scn_octets *from,
                struct scn_octets *to)
{
    TRY(expand(p, slice_of(from->p, from->n)));
    slice s = buf_slice(&p->word);
    to->p = scn_pool_dup(pool, s);
    to->n = s.n;
    return to->p ? OK : scn_pool_why(pool);
}

static err keep_text(struct planner *p, const char *from, char **to)
{
    if (!from) return OK;
    TRY(expand(p, slice_str(from)));
    *to = scn_pool_dup(p->pool, buf_slice(&p->word));
    if (!*to) return scn_pool_why(p->pool);
    for (size_t i = 0; i < p->word.n; i++)
        if (!(*to)[i]) (*to)[i] = '.'; /* a text for people is a C string */
    return OK;
}

static err keep_plain(struct planner *p, const char *from, char **to)
{
    *to = from ? scn_pool_dup(p->pool, slice_str(from)) : NULL;
    return from && !*to ? scn_pool_why(p->pool) : OK;
}

static err keep_field(struct planner *p, const char *from, char **to)
{
    char show[SCN_SHOW];
    if (!from) return OK;
    TRY(expand(p, slice_str(from)));
    slice s = buf_slice(&p->word);
    if (!scn_is_name(s))
        return scn_fault_set(p->fault, ERR_PEER, p->line, 1, "with its names replaced \"%s\" is no field",
                             scn_show(s, show));
    *to = scn_pool_dup(p->pool, s);
    return *to ? OK : scn_pool_why(p->pool);
}

static err set_name(struct planner *p, const struct scn_var *v, size_t which)
{
    struct named n = {.name = v->name};
    p->line = v->line;
    TRY(keep(p, &p->scratch, &v->value[which], &n.value));
    struct named *list = scn_pool_grow(&p->scratch, p->name, p->names, sizeof *list);
    if (!list) return scn_pool_why(&p->scratch);
    p->name = list;
    list[p->names++] = n;
    return OK;
}

/* Values of lets and varies in the order written.  stride is how many instances keep one value of the vary at
 * hand. */
static err set_names(struct planner *p, const struct scn_case *c, size_t instance)
{
    size_t let = 0, vary = 0, stride = scn_instances(c);
    while (let < c->lets || vary < c->varies) {
        if (vary == c->varies || (let < c->lets && c->let[let].line < c->vary[vary].line)) {
            TRY(set_name(p, &c->let[let++], 0));
            continue;
        }
        stride /= c->vary[vary].values;
        TRY(set_name(p, &c->vary[vary], instance / stride % c->vary[vary].values));
        vary++;
    }
    return OK;
}

static err label(struct planner *p, const struct scn_case *c, size_t instance, char **out)
{
    struct buf text;
    size_t stride = scn_instances(c);
    err e = OK;
    buf_init(&text, p->pool->mem, SCN_MAX_PLAN);
    for (size_t i = 0; e == OK && i < c->varies; i++) {
        stride /= c->vary[i].values;
        const struct scn_octets *v = &c->vary[i].value[instance / stride % c->vary[i].values];
        e = buf_addf(&text, "%s%s=", i ? " " : "", c->vary[i].name);
        if (e == OK) e = scn_print_value(slice_of(v->p, v->n), false, &text);
    }
    if (e == OK) {
        *out = scn_pool_dup(p->pool, buf_slice(&text));
        if (!*out) e = scn_pool_why(p->pool);
    }
    buf_done(&text);
    return e;
}

static err plan_arg(struct planner *p, const struct scn_arg *from, struct scn_arg *to)
{
    *to = (struct scn_arg){.negated = from->negated, .values = from->values};
    TRY(keep_plain(p, from->key, &to->key));
    to->value = scn_pool_new(p->pool, from->values * sizeof *to->value);
    if (!to->value) return scn_pool_why(p->pool);
    for (size_t i = 0; i < from->values; i++)
        TRY(keep(p, p->pool, &from->value[i], &to->value[i]));
    return OK;
}

static err plan_change(struct planner *p, const struct scn_change *from, struct scn_change *to)
{
    enum scn_op op;
    *to = (struct scn_change){.op = from->op};
    TRY(keep_field(p, from->field, &to->field));
    TRY(keep_field(p, from->field2, &to->field2));
    if (to->op <= SCN_SUB && scn_op_find(slice_str(to->field), &op))
        return scn_fault_set(p->fault, ERR_PEER, p->line, 1,
                             "`%s` is a change of its own and no field to be set", to->field);
    return from->value.p ? keep(p, p->pool, &from->value, &to->value) : OK;
}

static err plan_within(struct planner *p, struct scn_stmt *to)
{
    char show[SCN_SHOW];
    if (!to->within || scn_time(slice_str(to->within), &to->within_ms)) return OK;
    return scn_fault_set(p->fault, ERR_PEER, p->line, 1,
                         "within: \"%s\" is no time: 250ms, 3s or 1m, at most a day",
                         scn_show(slice_str(to->within), show));
}

static err plan_stmt(struct planner *p, const struct scn_stmt *from, struct scn_stmt *to)
{
    *to = (struct scn_stmt){.word = from->word,
                            .line = from->line,
                            .planned = true,
                            .within_ms = -1,
                            .verdict = from->verdict,
                            .verdict_given = from->verdict_given};
    p->line = from->line;
    TRY(keep_plain(p, from->end, &to->end));
    TRY(keep_text(p, from->within, &to->within));
    TRY(plan_within(p, to));
    TRY(keep_text(p, from->text, &to->text));
    if (from->args && !(to->arg = scn_pool_new(p->pool, from->args * sizeof *to->arg)))
        return scn_pool_why(p->pool);
    for (; to->args < from->args; to->args++)
        TRY(plan_arg(p, &from->arg[to->args], &to->arg[to->args]));
    if (from->changes && !(to->change = scn_pool_new(p->pool, from->changes * sizeof *to->change)))
        return scn_pool_why(p->pool);
    for (; to->changes < from->changes; to->changes++)
        TRY(plan_change(p, &from->change[to->changes], &to->change[to->changes]));
    return OK;
}

static err plan_all(struct planner *p, const struct scn_case *c, size_t instance, struct scn_plan *plan)
{
    TRY(set_names(p, c, instance));
    TRY(label(p, c, instance, &plan->vary));
    plan->stmt = scn_pool_new(p->pool, c->stmts * sizeof *plan->stmt);
    if (!plan->stmt) return scn_pool_why(p->pool);
    for (; plan->stmts < c->stmts; plan->stmts++)
        TRY(plan_stmt(p, &c->stmt[plan->stmts], &plan->stmt[plan->stmts]));
    return OK;
}

err scn_plan(const struct env *env, const struct scn_case *c, size_t instance, scn_lookup lookup, void *ctx,
             struct scn_plan **out, struct scn_fault *fault)
{
    struct scn_fault unseen;
    if (!fault) fault = &unseen;
    *fault = (struct scn_fault){0};
    *out = NULL;
    if (instance >= scn_instances(c))
        return scn_fault_set(fault, ERR_USE, c->line, 1, "there is no such instance of this case");
    struct scn_plan_own *own = mem_new(env->mem, sizeof *own);
    if (!own) return scn_fault_why(fault, ERR_MEM, c->line);
    own->plan.mem = env->mem;
    own->plan.of = c;
    scn_pool_init(&own->pool, env->mem, SCN_MAX_PLAN);
    struct planner p = {.pool = &own->pool, .lookup = lookup, .ctx = ctx, .fault = fault, .line = c->line};
    scn_pool_init(&p.scratch, env->mem, SCN_MAX_PLAN);
    buf_init(&p.word, env->mem, SCN_MAX_STRING);
    err e = plan_all(&p, c, instance, &own->plan);
    if (e != OK) {
        e = scn_fault_why(fault, e, p.line);
        scn_plan_free(&own->plan);
    } else {
        *out = &own->plan;
    }
    buf_done(&p.word);
    scn_pool_done(&p.scratch);
    return e;
}

void scn_plan_free(struct scn_plan *plan)
{
    if (!plan) return;
    struct scn_plan_own *own = (struct scn_plan_own *)plan;
    const struct mem *mem = plan->mem;
    scn_pool_done(&own->pool);
    mem_free(mem, own);
}
