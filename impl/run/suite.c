/* SPDX-License-Identifier: MIT */
#include "run/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run/suite_impl.h"

char *suite_dup(const struct suite *s, const char *t)
{
    return mem_dup(s->o->env->mem, t, strlen(t));
}

static void set_text(const struct suite *s, char **at, const char *t)
{
    mem_free(s->o->env->mem, *at);
    *at = suite_dup(s, t);
}

/* --- results ------------------------------------------------------------------------------------------------------------ */

/* An instance that says more than the ones before it decides the case. */
static int weight(enum verdict v)
{
    switch (v) {
    case V_ERROR: return 6;
    case V_FAIL: return 5;
    case V_INCONC: return 4;
    case V_WEAK: return 3;
    case V_PASS: return 2;
    case V_SKIP:
    case V_COUNT: break;
    }
    return 1;
}

static struct result *result_of(struct suite *s, const struct suite_item *it)
{
    return &s->out->r[it->result];
}

static bool decides(const struct result *r, enum verdict v)
{
    return r->instances == 0 || weight(v) > weight(r->verdict);
}

void suite_verdict(struct suite *s, const struct suite_item *it, enum verdict v, const char *reason)
{
    struct result *r = result_of(s, it);
    if (decides(r, v)) {
        r->verdict = v;
        set_text(s, &r->reason, reason);
    }
    r->instances++;
}

void suite_take_back(struct suite *s, struct result *r, const char *reason)
{
    r->verdict = V_INCONC;
    set_text(s, &r->reason, reason);
}

bool suite_interrupted(const struct suite *s)
{
    return s->o->interrupted && *s->o->interrupted;
}

void suite_add_defect(struct suite *s, struct result *r, enum defect_id d)
{
    for (size_t i = 0; i < r->defects; i++) {
        if (r->defect[i] == d) return;
    }
    enum defect_id *grown = mem_resize(s->o->env->mem, r->defect, (r->defects + 1) * sizeof *grown);
    if (!grown) return;
    r->defect = grown;
    r->defect[r->defects++] = d;
}

static void keep_faults(struct suite *s, const struct player *p, const char *id)
{
    for (size_t i = 0; i < p->faults; i++) {
        bool known = !run_in_dialect(&clauses[p->fault[i].clause], s->ctx.dialect); /* what another dialect asks for is nobody's fault */
        for (size_t k = 0; k < s->faults && !known; k++)
            known = s->fault[k].f.clause == p->fault[i].clause && s->fault[k].f.fail == p->fault[i].fail;
        if (known || s->faults == SUITE_FAULTS) continue;
        s->fault[s->faults].f = p->fault[i];
        snprintf(s->fault[s->faults].where, sizeof s->fault[s->faults].where, "%s", id);
        s->faults++;
    }
}

/* "IAP-D10" in a reason of a scenario names the defect that lets it be weak. */
static void name_defects(struct suite *s, struct result *r)
{
    const char *text = r->reason ? r->reason : "";
    for (const char *at = text; (at = strstr(at, "-D")); at += 2) {
        const char *from = at;
        while (from > text && from[-1] >= 'A' && from[-1] <= 'Z')
            from--;
        enum defect_id d = defect_find(slice_of(from, (size_t)(at - from) + 2 + strspn(at + 2, "0123456789")));
        if (d) suite_add_defect(s, r, d);
    }
}

void suite_collect(struct suite *s, const struct suite_item *it, struct player *p, const struct scn_plan *plan, double ms)
{
    struct result *r = result_of(s, it);
    bool takes = decides(r, p->verdict);
    keep_faults(s, p, r->id);
    r->ms += ms;
    r->instances++;
    if (!takes) return;
    r->verdict = p->verdict;
    r->line = p->line;
    set_text(s, &r->vary, plan->vary);
    if (*plan->vary && p->verdict != V_PASS) {
        char text[700];
        snprintf(text, sizeof text, "%s [%s]", p->reason, plan->vary);
        set_text(s, &r->reason, text);
    } else {
        set_text(s, &r->reason, p->reason);
    }
    if (p->verdict == V_WEAK) name_defects(s, r);
    ladder_done(s->out->mem, &r->ladder);
    player_take_ladder(p, &r->ladder);
    if (p->verdict == V_FAIL) {
        for (size_t i = 0; i < r->ladder.rungs; i++) {
            if (r->ladder.rung[i].violating && !r->ladder.rung[i].clause && r->clauses) r->ladder.rung[i].clause = r->clause[0];
        }
    }
}

const char *suite_given(const struct suite_options *o, const char *name)
{
    for (size_t i = o->givens; i-- > 0;) { /* the last one counts */
        if (strcmp(o->given[i].name, name) == 0) return o->given[i].value;
    }
    return NULL;
}

static bool lookup(void *ctx, const char *name, struct scn_octets *out)
{
    struct suite *s = ctx;
    uint64_t ms = strcmp(name, "TIMEOUT") == 0 ? s->o->timeout_ms : strcmp(name, "PATIENCE") == 0 ? s->o->patience_ms : 0;
    const char *given = suite_given(s->o, name);
    if (given) snprintf(s->scratch, sizeof s->scratch, "%s", given);
    else if (strcmp(name, "DNS") == 0 && s->making->dns) snprintf(s->scratch, sizeof s->scratch, "%s", s->making->dns);
    else if (ms) snprintf(s->scratch, sizeof s->scratch, "%llums", (unsigned long long)ms);
    else if (!s->proto->lookup(&s->ctx, name, s->scratch, sizeof s->scratch)) return false;
    out->p = (uint8_t *)s->scratch;
    out->n = strlen(s->scratch);
    return true;
}

err suite_player(struct suite *s, const struct suite_item *it, const struct play_run *run, struct scn_plan **plan, struct player **p)
{
    struct scn_fault fault;
    char text[300];
    *p = NULL;
    s->making = run;
    err e = scn_plan(s->o->env, it->c, it->instance, lookup, s, plan, &fault);
    if (e == ERR_PEER) {
        snprintf(text, sizeof text, "%s:%d: %s", it->c->file, fault.line, fault.text);
        suite_verdict(s, it, V_ERROR, text);
        return OK;
    }
    TRY(e);
    e = player_new(run, *plan, p);
    if (e != OK) scn_plan_free(*plan);
    return e;
}

/* --- what to run ---------------------------------------------------------------------------------------------------------- */

static err new_result(struct suite *s, const struct scn_case *c, const char *id, const struct suite_split *split, size_t *index)
{
    const struct mem *m = s->o->env->mem;
    struct result *r = run_results_add(s->out);
    struct buf text;
    if (!r) return ERR_MEM;
    *index = s->out->n - 1;
    r->id = suite_dup(s, id);
    r->title = suite_dup(s, c->title);
    r->file = suite_dup(s, c->file);
    r->role = suite_dup(s, s->o->role);
    r->split = suite_dup(s, split->name);
    r->reason = suite_dup(s, "");
    r->vary = suite_dup(s, "");
    r->clause = mem_dup(m, c->clause, c->clauses * sizeof *c->clause);
    for (size_t i = 0; r->clause && i < c->clauses; i++) { /* of those of two dialects, the ones that hold here */
        if (run_in_dialect(&clauses[c->clause[i]], s->ctx.dialect)) r->clause[r->clauses++] = c->clause[i];
    }
    r->about = c->about;
    r->dialect = s->ctx.dialect;
    buf_init(&text, m, 1u << 20);
    if (scn_print(c, &text) == OK && buf_str(&text)) r->text = suite_dup(s, buf_str(&text));
    buf_done(&text);
    return r->id && r->reason && r->clause ? OK : ERR_MEM;
}

struct items {
    struct suite_item *item;
    size_t n, cap;
};

static err add_items(struct suite *s, struct items *l, const struct scn_case *c, const char *id, const struct suite_split *split)
{
    size_t result = 0, n = scn_instances(c);
    const char *why = suite_unmet(s, c);
    TRY(new_result(s, c, id, split, &result));
    if (why) {
        struct suite_item it = {.c = c, .split = split, .result = result};
        suite_verdict(s, &it, V_SKIP, why);
        s->done++;
        if (s->o->progress) s->o->progress(s->o->ctx, s->done, s->all, &s->out->r[result]);
        return OK;
    }
    if (l->n + n > l->cap) {
        size_t cap = (l->n + n) * 2;
        struct suite_item *grown = mem_resize(s->o->env->mem, l->item, cap * sizeof *grown);
        if (!grown) return ERR_MEM;
        l->item = grown;
        l->cap = cap;
    }
    for (size_t i = 0; i < n; i++)
        l->item[l->n++] = (struct suite_item){.c = c, .instance = i, .split = split, .result = result};
    return OK;
}

static bool is_sanity(const struct scn_case *c)
{
    return strstr(c->id, "/sanity") != NULL;
}

static bool needs_one_of(const struct scn_case *c, const char *const *able, size_t n)
{
    for (size_t i = 0; i < c->need_count; i++) {
        for (size_t k = 0; k < n; k++) {
            if (strcmp(c->needs[i], able[k]) == 0) return true;
        }
    }
    return false;
}

static bool chosen(const struct suite *s, const struct scn_case *c)
{
    bool tls = !s->o->only_tls;
    for (size_t i = 0; i < c->need_count && !tls; i++)
        tls = strstr(c->needs[i], "tls") != NULL; /* tls-draft, offers-tls ... */
    if (s->o->only_able && !needs_one_of(c, s->o->able, s->o->ables)) return false;
    return tls && catalog_applies(c, s->o->role, !s->o->peer_connects) && catalog_selected(c->id, s->o->select, s->o->selects);
}

/* --- waivers ------------------------------------------------------------------------------------------------------------ */

static void waive(struct suite *s, struct result *r)
{
    for (size_t i = 0; i < s->o->waivers; i++) {
        const struct suite_waiver *w = &s->o->waiver[i];
        const char *one[1] = {w->id};
        char text[500];
        if (!catalog_selected(r->id, one, 1)) continue;
        bool late = s->o->today && strcmp(s->o->today, w->expires) > 0;
        if (late) {
            snprintf(text, sizeof text, "the waiver expired on %s (%s)%s%s", w->expires, w->reason, *r->reason ? ": " : "", r->reason);
            r->verdict = V_FAIL;
            set_text(s, &r->reason, text);
        } else if (r->verdict == V_FAIL || r->verdict == V_WEAK) {
            snprintf(text, sizeof text, "waived until %s: %s (%s)", w->expires, w->reason, r->reason);
            r->verdict = V_SKIP;
            set_text(s, &r->reason, text);
            r->waived = suite_dup(s, w->reason);
        } else if (r->verdict == V_PASS) {
            snprintf(text, sizeof text, "passes although it is waived (%s): remove the waiver", w->reason);
            r->verdict = V_FAIL;
            set_text(s, &r->reason, text);
        }
        return;
    }
}

/* --- the run ------------------------------------------------------------------------------------------------------------ */

static err run_items(struct suite *s, struct suite_tcp *tcp, struct items *l, char *why, size_t why_n)
{
    err e = s->o->memory ? suite_run_mem(s, l->item, l->n, why, why_n) : suite_run_tcp(tcp, l->item, l->n, why, why_n);
    l->n = 0;
    return e;
}

/* The sanity case alone, first and last, so that a dead peer is never read as one that refused correctly. */
static err run_sanity(struct suite *s, struct suite_tcp *tcp, struct items *l, bool last, char *why, size_t why_n)
{
    const struct catalog *c = s->o->catalog;
    for (size_t i = 0; i < c->n; i++) {
        char id[120];
        if (!is_sanity(c->item[i]) || !catalog_applies(c->item[i], s->o->role, !s->o->peer_connects)) continue;
        snprintf(id, sizeof id, "%s%s", c->item[i]->id, last ? "-again" : "");
        size_t first = s->out->n;
        if (last && tcp) suite_tcp_closing(tcp);
        TRY(add_items(s, l, c->item[i], id, &s->o->split[0]));
        TRY(run_items(s, tcp, l, why, why_n));
        if (last || first >= s->out->n) continue;
        const struct result *r = &s->out->r[first];
        if (r->verdict == V_INCONC && !s->proto->observed(&s->ctx) && !(s->o->select && s->o->selects)) s->unreachable = true;
    }
    return OK;
}

static err collect_items(struct suite *s, struct items *l)
{
    const struct catalog *c = s->o->catalog;
    for (size_t sp = 0; sp < s->o->splits; sp++) {
        for (size_t i = 0; i < c->n; i++) {
            if (is_sanity(c->item[i]) || !chosen(s, c->item[i])) continue;
            TRY(add_items(s, l, c->item[i], c->item[i]->id, &s->o->split[sp]));
        }
    }
    return OK;
}

static err give_up(struct suite *s, struct items *l)
{
    for (size_t i = 0; i < l->n; i++)
        suite_verdict(s, &l->item[i], V_INCONC, "the sanity case found nobody to talk to");
    return OK;
}

static err run_all(struct suite *s, struct items *l, char *why, size_t why_n)
{
    struct suite_tcp *tcp = NULL;
    err e = OK;
    if (!s->o->memory) e = suite_tcp_new(s, &tcp, why, why_n);
    if (e == OK) e = run_sanity(s, tcp, l, false, why, why_n);
    if (e == OK) e = collect_items(s, l);
    if (e == OK) e = s->unreachable ? give_up(s, l) : run_items(s, tcp, l, why, why_n);
    if (e == OK && !s->unreachable && !suite_interrupted(s)) e = run_sanity(s, tcp, l, true, why, why_n);
    if (e == OK && tcp) suite_tcp_doubt(tcp);
    if (tcp) suite_tcp_free(tcp);
    if (e == OK) e = suite_passive(s);
    return e;
}

/* Certificates that cannot be used are told before anything runs, not as the fault of each case. */
static err try_certificates(const struct suite *s, char *why, size_t why_n)
{
    const struct suite_options *o = s->o;
    const struct run_role *role = s->ctx.role;
    if (o->tls == RUN_TLS_OFF || (!o->pki_dir && (role->ways == RUN_PROXY || !o->files.cert))) return OK;
    return identities_tester(s->ctx.identities, "good", !run_tls_client(role, o->peer_connects), why, why_n) ? OK : ERR_USE;
}

static err set_dialect(struct suite *s, char *why, size_t why_n)
{
    const char *const *d = s->proto->dialect, *wanted = s->o->dialect;
    if (!d && !wanted) return OK;
    while (d && *d && wanted && strcmp(*d, wanted) != 0)
        d++;
    s->ctx.dialect = s->out->dialect = d ? *d : NULL;
    if (s->ctx.dialect) return OK;
    snprintf(why, why_n, "%s has no dialect %s", s->proto->name, wanted);
    return ERR_USE;
}

static err set_up(struct suite *s, char *why, size_t why_n)
{
    const struct suite_options *o = s->o;
    TRY(set_dialect(s, why, why_n));
    s->ctx.o = o;
    s->play = (struct play_run){.env = o->env,
                                .proto = s->proto->play,
                                .timeout_ms = o->timeout_ms,
                                .accept_ms = o->exec ? 5 * o->timeout_ms : 10 * o->timeout_ms};
    s->ctx.state = s->play.proto_run = mem_new(o->env->mem, s->proto->run_size);
    if (!s->ctx.state) return ERR_MEM;
    if (!s->ctx.role->adapter && (o->tls != RUN_TLS_OFF || !o->memory)) TRY(identities_new(o->env, o->tls, o->pki_dir, &o->files, &s->ctx.identities));
    TRY(s->proto->begin(&s->ctx, &s->play));
    return try_certificates(s, why, why_n);
}

err suite_run(const struct suite_options *o, struct run_results *out, char *why, size_t why_n)
{
    struct items l = {0};
    size_t from = out->n;
    const struct run_role *role = NULL;
    const struct run_proto *proto = run_proto_of_role(o->role, &role);
    if (!proto) {
        snprintf(why, why_n, "there is no role %s", o->role);
        return ERR_USE;
    }
    struct suite *s = mem_new(o->env->mem, sizeof *s);
    if (!s) return ERR_MEM;
    struct suite_options plain = *o; /* an adapter is spoken to without TLS, whatever was said */
    plain.tls = RUN_TLS_OFF;
    plain.pki_dir = NULL;
    plain.files = (struct identity_files){0};
    s->o = role->adapter ? &plain : o;
    s->out = out;
    s->proto = proto;
    s->ctx.role = role;
    err e = set_up(s, why, why_n);
    if (e == OK) e = run_all(s, &l, why, why_n);
    for (size_t i = from; i < out->n && e == OK; i++)
        waive(s, &out->r[i]);
    if (suite_interrupted(s)) out->unfinished = "interrupted";
    run_results_count(out);
    if (s->ctx.state && proto->done) proto->done(&s->ctx);
    mem_free(o->env->mem, s->ctx.state);
    identities_free(s->ctx.identities);
    mem_free(o->env->mem, l.item);
    mem_free(o->env->mem, s);
    return e;
}
