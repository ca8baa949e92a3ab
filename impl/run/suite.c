/* SPDX-License-Identifier: MIT */
#include "run/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run/passive_iap.h"
#include "run/suite_impl.h"

static char *dup_text(const struct suite *s, const char *t)
{
    return mem_dup(s->o->env->mem, t, strlen(t));
}

static void set_text(const struct suite *s, char **at, const char *t)
{
    mem_free(s->o->env->mem, *at);
    *at = dup_text(s, t);
}

/* --- what a case needs ------------------------------------------------------------------------------------------------ */

static const struct need {
    const char *name, *skip; /* why a case is skipped without it */
} needs[] = {
    {"tls", "waived: --tls off leaves the handshake out"},
    {"tls-draft", "waived: needs --tls draft (TLS 1.0)"},
    {"tls-modern", "waived: needs --tls modern"},
    {"identity", "the proxy adds no Via line that would tell its identity; give --identity NAME"},
    {"refusing", "the peer has to be set up to refuse connections: --able refusing"},
    {"unconfigured", "the peer has to be set up without a certificate: --able unconfigured"},
    {"role-oid", "the peer has to be set up to check the role OIDs that draftproof pki gives: --able role-oid"},
    {"subject", "the peer has to be set up to check the subject OU=Sensors or OU=Managers: --able subject"},
    {"name", "no TLS session came about in the sanity case, or the certificate is your own: give --pki DIR"},
    {"trust", "no TLS session came about in the sanity case, or the certificate is your own: give --pki DIR"},
    {"configured", "the peer was set up to refuse, or without a certificate"},
    {"peer-listens", ""},
    {"peer-connects", ""},
    {"patience", ""},
};

static bool able(const struct suite *s, const char *what)
{
    for (size_t i = 0; i < s->o->ables; i++) {
        if (strcmp(s->o->able[i], what) == 0) return true;
    }
    return false;
}

static bool special(const struct suite *s)
{
    return able(s, "refusing") || able(s, "unconfigured");
}

static bool need_met(const struct suite *s, const char *name)
{
    enum run_tls tls = s->o->tls;
    if (strcmp(name, "tls") == 0) return tls != RUN_TLS_OFF;
    if (strcmp(name, "tls-draft") == 0) return tls == RUN_TLS_DRAFT;
    if (strcmp(name, "tls-modern") == 0) return tls == RUN_TLS_MODERN;
    if (strcmp(name, "identity") == 0) return s->o->identity || s->iap.learned_identity[0];
    if (strcmp(name, "trust") == 0 || strcmp(name, "name") == 0) {
        /* a peer that took our good certificate trusts its authority, so the wrong ones of the same authority can be shown; with a certificate of the
         * user's own there are none */
        bool ours = !s->o->files.cert || s->o->pki_dir;
        if (ours && (s->iap.observed >> SEEN_TLS & 1)) return true;
    }
    if (strcmp(name, "peer-listens") == 0) return !s->o->peer_connects;
    if (strcmp(name, "peer-connects") == 0) return s->o->peer_connects;
    if (strcmp(name, "patience") == 0) return true;
    if (strcmp(name, "configured") == 0) return s->o->memory || !special(s);
    return s->o->memory || able(s, name);
}

/* NULL when the case can run; otherwise why not. */
static const char *unmet(const struct suite *s, const struct scn_case *c)
{
    bool wants_special = false;
    for (size_t i = 0; i < c->need_count; i++) {
        wants_special |= strcmp(c->needs[i], "refusing") == 0 || strcmp(c->needs[i], "unconfigured") == 0;
        if (need_met(s, c->needs[i])) continue;
        for (size_t k = 0; k < sizeof needs / sizeof *needs; k++) {
            if (strcmp(needs[k].name, c->needs[i]) == 0) return needs[k].skip;
        }
        return "needs something that this version does not know";
    }
    /* a peer set up to refuse everything proves nothing about the rest */
    if (!s->o->memory && special(s) && !wants_special) return "the peer was set up to refuse, or without a certificate";
    return NULL;
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

static void add_defect(struct suite *s, struct result *r, enum defect_id d)
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
        bool known = false;
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
    for (const char *at = r->reason ? r->reason : ""; (at = strstr(at, "IAP-D")); at += 5) {
        enum defect_id d = defect_find(slice_of(at, 7));
        if (d) add_defect(s, r, d);
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

/* The same host with the other letter case. */
static bool other_case(struct suite *s, const char *host, struct scn_octets *out)
{
    snprintf(s->scratch, sizeof s->scratch, "%s", host);
    for (char *c = s->scratch; *c; c++)
        if ((*c | 0x20) >= 'a' && (*c | 0x20) <= 'z') *c ^= 0x20;
    out->p = (uint8_t *)s->scratch;
    out->n = strlen(s->scratch);
    return true;
}

/* The name that the proxy itself puts into Via comes first: it is what a request that came back would carry (3.1, IAP-D17). */
static const char *proxy_name(const struct suite *s)
{
    return s->iap.learned_identity[0] || !s->o->identity ? s->iap.learned_identity : s->o->identity;
}

static bool lookup(void *ctx, const char *name, struct scn_octets *out)
{
    struct suite *s = ctx;
    const char *v = NULL;
    if (strcmp(name, "HOST") == 0) v = s->iap.host;
    if (strcmp(name, "PROXY") == 0) v = proxy_name(s);
    if (strcmp(name, "PROXY_OTHER_CASE") == 0) return other_case(s, proxy_name(s), out);
    uint64_t ms = strcmp(name, "TIMEOUT") == 0 ? s->o->timeout_ms : strcmp(name, "PATIENCE") == 0 ? s->o->patience_ms : 0;
    if (ms) snprintf(s->scratch, sizeof s->scratch, "%llums", (unsigned long long)ms);
    else if (v) snprintf(s->scratch, sizeof s->scratch, "%s", v);
    else return false;
    out->p = (uint8_t *)s->scratch;
    out->n = strlen(s->scratch);
    return true;
}

err suite_player(struct suite *s, const struct suite_item *it, const struct play_run *run, struct scn_plan **plan, struct player **p)
{
    struct scn_fault fault;
    char text[300];
    *p = NULL;
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
    r->id = dup_text(s, id);
    r->title = dup_text(s, c->title);
    r->file = dup_text(s, c->file);
    r->role = dup_text(s, s->o->role);
    r->split = dup_text(s, split->name);
    r->reason = dup_text(s, "");
    r->vary = dup_text(s, "");
    r->clause = mem_dup(m, c->clause, c->clauses * sizeof *c->clause);
    r->clauses = r->clause ? c->clauses : 0;
    buf_init(&text, m, 1u << 20);
    if (scn_print(c, &text) == OK && buf_str(&text)) r->text = dup_text(s, buf_str(&text));
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
    const char *why = unmet(s, c);
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

static bool chosen(const struct suite *s, const struct scn_case *c)
{
    bool tls = !s->o->only_tls;
    for (size_t i = 0; i < c->need_count && !tls; i++)
        tls = strncmp(c->needs[i], "tls", 3) == 0;
    return tls && catalog_applies(c, s->o->role, !s->o->peer_connects) && catalog_selected(c->id, s->o->select, s->o->selects);
}

/* --- passive checks ---------------------------------------------------------------------------------------------------- */

static const struct suite_fault *fault_on(const struct suite *s, const struct passive_iap *pc)
{
    const struct suite_fault *worst = NULL;
    for (size_t i = 0; i < s->faults; i++) {
        const struct suite_fault *f = &s->fault[i];
        bool hit = f->f.clause == pc->clause;
        for (size_t k = 0; k < 5 && !hit; k++)
            hit = f->f.fail && pc->follows[k] && f->f.clause == pc->follows[k]; /* a tolerated form is told once, where it belongs */
        if (hit && (!worst || (f->f.fail && !worst->f.fail))) worst = f;
    }
    return worst;
}

static err passive_result(struct suite *s, const struct passive_iap *pc)
{
    const struct clause *c = &clauses[pc->clause];
    const struct suite_fault *f = fault_on(s, pc);
    char id[64], reason[300] = "";
    snprintf(id, sizeof id, "iap/passive/%s", c->id + 4);
    bool seen = (s->iap.observed & pc->needs) == pc->needs;
    if (!f && !seen) return OK; /* says nothing about this peer */
    if (!f && !catalog_selected(id, s->o->select, s->o->selects)) return OK;
    struct result *r = run_results_add(s->out);
    if (!r) return ERR_MEM;
    r->passive = true;
    r->id = dup_text(s, id);
    r->title = dup_text(s, c->text);
    r->role = dup_text(s, s->o->role);
    r->split = dup_text(s, s->o->splits == 1 ? s->o->split[0].name : "all");
    r->vary = dup_text(s, "");
    r->instances = 1;
    r->clause = mem_dup(s->o->env->mem, &pc->clause, sizeof pc->clause);
    r->clauses = r->clause ? 1 : 0;
    r->verdict = !f ? V_PASS : f->f.fail && c->level != LEVEL_SHOULD ? V_FAIL : V_WEAK;
    if (f) snprintf(reason, sizeof reason, "%s (%s at octet %llu%s%s); first seen in %s", f->f.text, iap_faults[f->f.code].name,
                    (unsigned long long)f->f.at, f->f.defect ? ", " : "", f->f.defect ? defects[f->f.defect].id : "", f->where);
    r->reason = dup_text(s, reason);
    if (f && f->f.defect) add_defect(s, r, f->f.defect);
    return r->id && r->reason ? OK : ERR_MEM;
}

/* A fault of a clause that has no passive row of its own must not get lost. */
static err stray_faults(struct suite *s)
{
    for (size_t i = 0; i < s->faults; i++) {
        bool covered = false;
        for (size_t k = 0; k < passive_iap_count && !covered; k++) {
            covered = passive_iap[k].clause == s->fault[i].f.clause &&
                      passive_iap_binds(&clauses[passive_iap[k].clause], s->role, s->o->peer_connects);
        }
        if (covered) continue;
        struct passive_iap pc = {.clause = s->fault[i].f.clause};
        TRY(passive_result(s, &pc));
    }
    return OK;
}

static err passive_checks(struct suite *s)
{
    for (size_t i = 0; i < passive_iap_count; i++) {
        if (passive_iap_binds(&clauses[passive_iap[i].clause], s->role, s->o->peer_connects)) TRY(passive_result(s, &passive_iap[i]));
    }
    return stray_faults(s);
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
            r->waived = dup_text(s, w->reason);
        } else if (r->verdict == V_PASS) {
            snprintf(text, sizeof text, "passes although it is waived (%s): remove the waiver", w->reason);
            r->verdict = V_FAIL;
            set_text(s, &r->reason, text);
        }
        return;
    }
}

/* --- the run ------------------------------------------------------------------------------------------------------------ */

static enum iap_under_test role_of(const char *role)
{
    if (strcmp(role, "iap-proxy") == 0) return TEST_PROXY;
    return strcmp(role, "iap-analyzer") == 0 ? TEST_ANALYZER : TEST_MANAGER;
}

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
        if (r->verdict == V_INCONC && !s->iap.observed && !(s->o->select && s->o->selects)) s->unreachable = true;
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
    if (e == OK) e = passive_checks(s);
    return e;
}

err suite_run(const struct suite_options *o, struct run_results *out, char *why, size_t why_n)
{
    struct suite *s = mem_new(o->env->mem, sizeof *s);
    struct items l = {0};
    size_t from = out->n;
    if (!s) return ERR_MEM;
    s->o = o;
    s->out = out;
    s->role = role_of(o->role);
    s->iap = (struct play_iap_run){.under_test = s->role,
                                   .no_tls = o->tls == RUN_TLS_OFF,
                                   .host = o->host ? o->host : "m.dom.org",
                                   .identity = o->tls == RUN_TLS_OFF ? NULL : identities_tester};
    s->play = (struct play_run){.env = o->env,
                                .proto = &play_iap,
                                .proto_run = &s->iap,
                                .ends = play_iap_ends[s->role == TEST_PROXY],
                                .end_count = 2,
                                .timeout_ms = o->timeout_ms,
                                .accept_ms = o->exec ? 5 * o->timeout_ms : 10 * o->timeout_ms};
    err e = o->tls == RUN_TLS_OFF && o->memory ? OK : identities_new(o->env, o->tls, o->pki_dir, &o->files, &s->identities);
    s->iap.identity_ctx = s->identities;
    /* certificates that cannot be used are told before anything runs, not as the fault of each case */
    if (e == OK && o->tls != RUN_TLS_OFF && (o->pki_dir || (s->role != TEST_PROXY && o->files.cert)) &&
        !identities_tester(s->identities, "good", s->role == TEST_MANAGER, why, why_n))
        e = ERR_USE;
    if (e == OK) e = run_all(s, &l, why, why_n);
    for (size_t i = from; i < out->n && e == OK; i++)
        waive(s, &out->r[i]);
    if (suite_interrupted(s)) out->unfinished = "interrupted";
    run_results_count(out);
    identities_free(s->identities);
    mem_free(o->env->mem, l.item);
    mem_free(o->env->mem, s);
    return e;
}
