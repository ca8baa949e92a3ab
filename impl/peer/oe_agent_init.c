/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "peer/oe_agent_impl.h"

enum { RR_A = 1 /* asked for by mistake only */ };

enum oe_policy_class oe_agent_class(const struct oe_agent *a, const struct oe_host *h, const char *name, bool responder)
{
    enum oe_policy_class c = name ? oe_policy_of_name(&a->policy, slice_str(name)) : oe_policy_of_host(&a->policy, h);
    if (OEMUT(a->mutant, DEFAULT_ONLY) && !responder) c = a->policy.class;
    if (OEMUT(a->mutant, DENY_ASKS) && c == OE_POLICY_DENY && !responder) return OE_POLICY_PERMISSIVE;
    if (OEMUT(a->mutant, CLEAR_ASKS) && c == OE_POLICY_CLEAR && !responder) return OE_POLICY_PERMISSIVE;
    if (OEMUT(a->mutant, CONFIGURED_ASKS) && c == OE_POLICY_CONFIGURED && !responder) return OE_POLICY_PARANOID;
    if (OEMUT(a->mutant, CONFIGURED_CLEAR) && c == OE_POLICY_CONFIGURED && !responder) return OE_POLICY_PERMISSIVE;
    if (OEMUT(a->mutant, CONFIGURED_BY_DNS) && c == OE_POLICY_CONFIGURED && responder) return OE_POLICY_PERMISSIVE;
    if (OEMUT(a->mutant, ALL_CLASSES) && (c == OE_POLICY_DENY || c == OE_POLICY_CLEAR) && responder) return OE_POLICY_PERMISSIVE;
    return c;
}

const struct oe_rule *oe_agent_translate(const struct oe_agent *a, const struct oe_host *source, struct oe_host *as, uint8_t facts[OE_N_AXES])
{
    const struct oe_policy *p = &a->policy;
    const struct oe_mapping *m = NULL;
    *as = *source;
    facts[OE_N_NAT] = (uint8_t)p->nat;
    facts[OE_N_ADDRESS] = oe_host_private(source) ? OE_ADDR_PRIVATE : OE_ADDR_PUBLIC;
    facts[OE_N_PART] = OE_PART_INITIATE;
    for (size_t i = 0; i < p->mappings && !m; i++)
        if (oe_host_eq(&p->mapping[i].inner, source)) m = &p->mapping[i];
    /* without an address of its own behind the translation the host is what it is */
    if (p->nat == OE_NAT_ONE && !m) facts[OE_N_NAT] = OE_NAT_NONE;
    const struct oe_rule *r = oe_decide(&oe_nats, facts);
    if (OEMUT(a->mutant, NO_TRANSLATION)) return r;
    if (r->out == OE_OUT_AS_TRANSLATED && m) *as = m->outer;
    if (r->out == OE_OUT_AS_GATEWAY && p->selves) *as = p->self[0];
    return r;
}

/* --- gateways --------------------------------------------------------------------------------------------------------------- */

void oe_agent_forget_gateways(struct oe_agent *a, struct job *j)
{
    for (size_t i = 0; i < j->gateway_count; i++)
        oe_keys_done(a->env->mem, &j->gateways[i].keys);
    mem_free(a->env->mem, j->gateways);
    j->gateways = NULL;
    j->gateway_count = j->current = 0;
    j->gateway_name[0] = 0;
    j->picked = false;
    j->last = OE_LAST_PASSED;
}

struct reading {
    struct oe_agent *a;
    struct job *j;
    size_t keys;
};

static struct gateway *gateway_of(struct job *j, const struct oe_host *h)
{
    for (size_t i = 0; i < j->gateway_count; i++)
        if (oe_host_eq(&j->gateways[i].host, h)) return &j->gateways[i];
    return NULL;
}

/* There are as many as are tried: the weakest makes room for one that is stronger, wherever its record stands.  NULL: none is weaker. */
static struct gateway *in_place_of_weakest(struct oe_agent *a, struct job *j, const struct oe_host *h, uint16_t precedence)
{
    struct gateway *weakest = &j->gateways[0];
    for (size_t i = 1; i < j->gateway_count; i++)
        if (j->gateways[i].precedence > weakest->precedence) weakest = &j->gateways[i];
    if (weakest->precedence <= precedence) return NULL;
    oe_keys_done(a->env->mem, &weakest->keys);
    *weakest = (struct gateway){.host = *h, .precedence = precedence};
    return weakest;
}

static err add_gateway(struct oe_agent *a, struct job *j, const struct oe_host *h, uint16_t precedence, struct gateway **out)
{
    struct gateway *g = gateway_of(j, h);
    *out = g;
    if (g) {
        if (precedence < g->precedence) g->precedence = precedence;
        return OK;
    }
    if (j->gateway_count == OE_AGENT_GATEWAYS) {
        *out = in_place_of_weakest(a, j, h, precedence);
        return OK;
    }
    g = mem_resize(a->env->mem, j->gateways, (j->gateway_count + 1) * sizeof *g);
    if (!g) return ERR_MEM;
    j->gateways = g;
    g += j->gateway_count++;
    *g = (struct gateway){.host = *h, .precedence = precedence};
    *out = g;
    return OK;
}

/* All keys of all records that name a gateway are candidates there (7.2, RFC 4322 5.4). */
static err add_record(void *ctx, const struct oe_txt *t)
{
    struct reading *r = ctx;
    struct gateway *g;
    if (t->gateway == OE_FQDN && !r->j->gateway_name[0]) (void)oe_name_fold(t->fqdn, r->j->gateway_name);
    if (t->gateway != OE_IP4 && t->gateway != OE_IP6) return OK; /* an initiator has no use for a name (OE-D14) */
    struct oe_host h = oe_host_of(t->gateway == OE_IP4 ? 4 : 6, t->address);
    TRY(add_gateway(r->a, r->j, &h, t->precedence, &g));
    if (!g || t->rsa.modulus.n == 0) return OK;
    g->told = true;
    if (OEMUT(r->a->mutant, ONE_KEY) && g->keys.n) return OK;
    return oe_keys_add(r->a->env->mem, &g->keys, &t->rsa);
}

static bool stronger(const struct oe_agent *a, const struct gateway *x, const struct gateway *y)
{
    char one[8], other[8];
    if (OEMUT(a->mutant, HIGHEST)) return x->precedence > y->precedence;
    if (OEMUT(a->mutant, FIRST_RECORD)) return false;
    if (OEMUT(a->mutant, AS_TEXT)) {
        snprintf(one, sizeof one, "%u", x->precedence);
        snprintf(other, sizeof other, "%u", y->precedence);
        return strcmp(one, other) < 0;
    }
    return x->precedence < y->precedence;
}

/* The next one, in order of precedence; equal ones are drawn, as they are equal for everybody else too. */
static void pick(struct oe_agent *a, struct job *j)
{
    struct gateway *best = NULL;
    uint64_t equal = 0;
    for (size_t i = 0; i < j->gateway_count; i++) {
        struct gateway *g = &j->gateways[i];
        if (g->tried) continue;
        bool same = best && !stronger(a, g, best) && !stronger(a, best, g) && !OEMUT(a->mutant, FIRST_RECORD);
        if (best && !same && !stronger(a, g, best)) continue;
        equal = same ? equal + 1 : 1;
        if (!same || rng_below(&a->rng, equal) == 0) best = g;
    }
    j->current = best ? (size_t)(best - j->gateways) : j->gateway_count;
}

/* --- the end of a way ------------------------------------------------------------------------------------------------------- */

void oe_agent_fail(struct oe_agent *a, struct job *j, enum oe_failure f, uint64_t t)
{
    enum oe_policy_class c = oe_agent_class(a, &j->host, NULL, false);
    uint8_t facts[OE_X_AXES] = {[OE_X_DIALECT] = (uint8_t)a->policy.dialect, [OE_X_OPEN] = oe_policy_open[c], [OE_X_FAILURE] = (uint8_t)f};
    char about[OE_HOST_TEXT];
    if (OEMUT(a->mutant, FAILS_OPEN) || (OEMUT(a->mutant, SILENCE_OPEN) && f == OE_FAIL_SILENCE)) facts[OE_X_OPEN] = OE_OPEN_YES;
    if (OEMUT(a->mutant, FAILS_CLOSED)) facts[OE_X_OPEN] = OE_OPEN_NO;
    if ((OEMUT(a->mutant, MALFORMED_CLEAR) && f == OE_FAIL_MALFORMED) || (OEMUT(a->mutant, BOGUS_CLEAR) && f == OE_FAIL_BOGUS)) facts[OE_X_DIALECT] = OE_DRAFT;
    const struct oe_rule *r = oe_agent_step(a, j, &oe_fail, facts, oe_host_text(&j->host, about));
    uint64_t until = r->life == OE_LIFE_SHORT   ? oe_agent_later(t, OE_AGENT_SHORT_MS)
                     : r->life == OE_LIFE_USUAL ? oe_agent_later(t, OE_AGENT_USUAL_MS)
                                                : j->facts_until;
    oe_agent_say(a, j, (enum oe_outcome)r->out, until);
}

/* Where DNS said nothing it is left alone for a short time: otherwise each packet would wait for the same silence. */
static void rests_on(struct job *j, const struct look *l, uint64_t t)
{
    bool said = l && !l->pending && l->look >= OE_LOOK_NXDOMAIN;
    uint64_t until = said ? l->until : oe_agent_later(t, OE_AGENT_SHORT_MS);
    if (until < j->facts_until) j->facts_until = until;
}

/* --- one gateway after the other -------------------------------------------------------------------------------------------- */

/* Why a gateway is left that could not be tried.  What was tried before it counts for more than that it was passed over. */
static enum oe_last why_left(const struct job *j, enum oe_key_state k)
{
    if (k == OE_KS_UNASKED || k == OE_KS_IN_TXT) return j->last;
    if (k == OE_KS_BAD) return OE_LAST_BAD_KEY;
    if (k == OE_KS_BOGUS || k == OE_KS_INDETERMINATE) return OE_LAST_BOGUS_KEY;
    return OE_LAST_NO_KEY;
}

static enum oe_key_state key_of(struct oe_agent *a, struct job *j, struct gateway *g)
{
    enum oe_key_state k;
    if (g->told) return OE_KS_IN_TXT;
    k = oe_agent_key_facts(a, j, &g->keys);
    if (k == OE_KS_UNASKED && OEMUT(a->mutant, NO_KEY_LOOKUP)) return OE_KS_NONE;
    if (OEMUT(a->mutant, KEYLESS) && (k == OE_KS_FAILED || k == OE_KS_NONE || k == OE_KS_BAD || k == OE_KS_BOGUS)) return OE_KS_IN_TXT;
    return k;
}

static void hop_facts(const struct oe_agent *a, const struct job *j, const struct gateway *g, uint8_t *f)
{
    bool own = g && oe_policy_is_self(&a->policy, &g->host), host = g && oe_host_eq(&g->host, &j->host);
    memset(f, 0, OE_H_AXES);
    f[OE_H_DIALECT] = (uint8_t)a->policy.dialect;
    f[OE_H_UNSIGNED] = (uint8_t)a->policy.unsigned_records;
    f[OE_H_UNTOLD] = (uint8_t)a->policy.untold;
    f[OE_H_SECURITY] = (uint8_t)j->security;
    f[OE_H_GATEWAY] = !g ? OE_GW_NONE_LEFT : own ? OE_GW_OURSELVES : host ? OE_GW_HOST : OE_GW_OTHER;
    f[OE_H_LAST] = (uint8_t)j->last;
    if (OEMUT(a->mutant, TAKES_UNSIGNED)) f[OE_H_UNSIGNED] = OE_UNSIGNED_USE;
    if (OEMUT(a->mutant, NO_HOSTS) && host) f[OE_H_GATEWAY] = OE_GW_OURSELVES;
}

static void ask_key(struct oe_agent *a, struct job *j, const struct gateway *g, uint64_t t)
{
    char name[OE_NAME_TEXT];
    oe_agent_reverse(a, OEMUT(a->mutant, KEY_OF_HOST) ? &j->host : &g->host, name);
    oe_agent_look(a, j, name, OE_RR_KEY, t);
}

static void leave(struct oe_agent *a, struct job *j, enum oe_last why)
{
    if (j->current < j->gateway_count) j->gateways[j->current].tried = true;
    if (OEMUT(a->mutant, ONE_GATEWAY))
        for (size_t i = 0; i < j->gateway_count; i++)
            j->gateways[i].tried = true;
    j->last = why;
    oe_agent_unlook(j);
    pick(a, j);
}

static void hop(struct oe_agent *a, struct job *j, uint64_t t)
{
    for (;;) {
        struct gateway *g = j->current < j->gateway_count ? &j->gateways[j->current] : NULL;
        uint8_t f[OE_AXES];
        char about[OE_HOST_TEXT];
        hop_facts(a, j, g, f);
        enum oe_key_state k = g && f[OE_H_GATEWAY] != OE_GW_OURSELVES ? key_of(a, j, g) : OE_KS_UNASKED;
        f[OE_H_KEY] = (uint8_t)k;
        if (g && !g->told && k > OE_KS_TRUNCATED) rests_on(j, j->look, t);
        const struct oe_rule *r = oe_agent_step(a, j, &oe_hop, f, oe_host_text(g ? &g->host : &j->host, about));
        if (r->out == OE_OUT_WAIT) return;
        if (r->out == OE_OUT_ASK_KEY) {
            ask_key(a, j, g, t);
        } else if (r->out == OE_OUT_ASK_KEY_TCP) {
            oe_agent_look_tcp(a, j);
        } else if (r->out == OE_OUT_NEXT) {
            leave(a, j, why_left(j, k));
        } else if (r->out == OE_OUT_ENCRYPT) {
            oe_agent_say(a, j, OE_OUT_ENCRYPT, j->facts_until);
            return;
        } else {
            oe_agent_fail(a, j, (enum oe_failure)(r->out - OE_OUT_FAIL), t);
            return;
        }
    }
}

/* A mistake: the address of a gateway that goes by name is asked for.  True while that is under way. */
static bool ask_name(struct oe_agent *a, struct job *j, uint64_t t)
{
    struct gateway *g;
    if (!OEMUT(a->mutant, ASKS_NAMES) || !j->gateway_name[0]) return false;
    if (j->look && j->look->type != RR_A) oe_agent_look(a, j, j->gateway_name, RR_A, t);
    if (!j->look || j->look->pending) return j->look && !j->silent;
    if (j->look->look == OE_LOOK_RECORDS && j->look->rdata[0].n == 4) {
        struct oe_host h = oe_host_of(4, j->look->rdata[0].p);
        if (add_gateway(a, j, &h, 0, &g) == OK && g) g->told = true;
        j->found = OE_FOUND_GOOD;
    }
    j->gateway_name[0] = 0;
    return false;
}

/* --- the destination -------------------------------------------------------------------------------------------------------- */

static void seek_facts(const struct oe_agent *a, const struct job *j, enum oe_look look, enum oe_security security, uint8_t *f)
{
    memset(f, 0, OE_S_AXES);
    f[OE_S_CLASS] = oe_policy_table_class[oe_agent_class(a, &j->host, NULL, false)];
    f[OE_S_DIALECT] = (uint8_t)a->policy.dialect;
    f[OE_S_UNSIGNED] = (uint8_t)a->policy.unsigned_records;
    f[OE_S_UNTOLD] = (uint8_t)a->policy.untold;
    f[OE_S_SPOIL] = (uint8_t)(OEMUT(a->mutant, FOREIGN_SPOILS) ? OE_SPOIL_YES : a->policy.spoil);
    f[OE_S_TXT] = (uint8_t)look;
    f[OE_S_SECURITY] = (uint8_t)security;
    f[OE_S_FOUND] = (uint8_t)j->found;
    if (OEMUT(a->mutant, TAKES_UNSIGNED)) f[OE_S_UNSIGNED] = OE_UNSIGNED_USE;
    if (OEMUT(a->mutant, OWN_NEVER) && a->policy.unsigned_records == OE_UNSIGNED_OWN) f[OE_S_UNSIGNED] = OE_UNSIGNED_IGNORE;
}

/* What the answer holds.  Records that there is no memory for are an answer that cannot be read. */
static enum oe_look read_records(struct oe_agent *a, struct job *j, enum oe_look look)
{
    struct reading r = {.a = a, .j = j};
    bool foreign = false;
    if (look != OE_LOOK_RECORDS) return look;
    oe_agent_forget_gateways(a, j);
    if (oe_agent_records(a, j->look, &j->found, &foreign, add_record, &r) != OK) return OE_LOOK_UNREADABLE;
    return foreign ? OE_LOOK_FOREIGN : OE_LOOK_RECORDS;
}

static void ask_txt(struct oe_agent *a, struct job *j, uint64_t t)
{
    struct task *first = (struct task *)j->tasks.next;
    bool lost = OEMUT(a->mutant, ASKS_SOURCE) && j->tasks.next != &j->tasks && first->source.family;
    char name[OE_NAME_TEXT];
    oe_agent_reverse(a, lost ? &first->source : &j->host, name);
    oe_agent_look(a, j, name, OE_RR_TXT, t);
}

void oe_agent_seek(struct oe_agent *a, struct job *j, uint64_t t)
{
    char about[OE_HOST_TEXT];
    oe_host_text(&j->host, about);
    while (!j->picked) {
        uint8_t f[OE_AXES];
        enum oe_security security;
        bool named = j->look && j->look->type == RR_A && OEMUT(a->mutant, ASKS_NAMES);
        enum oe_look look = named ? OE_LOOK_RECORDS : oe_agent_look_facts(a, j, &security);
        if (named) security = j->security;
        if (!named) look = read_records(a, j, look);
        j->security = security;
        if (look == OE_LOOK_RECORDS && ask_name(a, j, t)) return;
        seek_facts(a, j, look, security, f);
        const struct oe_rule *r = oe_agent_step(a, j, &oe_seek, f, about);
        if (r->out == OE_OUT_WAIT) return;
        if (look > OE_LOOK_TRUNCATED) rests_on(j, j->look, t);
        if (r->out == OE_OUT_ASK_TXT) {
            ask_txt(a, j, t);
        } else if (r->out == OE_OUT_ASK_TXT_TCP) {
            oe_agent_look_tcp(a, j);
        } else if (r->out == OE_OUT_PICK) {
            j->picked = true;
            oe_agent_unlook(j);
            pick(a, j);
        } else if (r->out >= OE_OUT_FAIL) {
            oe_agent_fail(a, j, (enum oe_failure)(r->out - OE_OUT_FAIL), t);
            return;
        } else {
            oe_agent_say(a, j, (enum oe_outcome)r->out, t);
            return;
        }
    }
    hop(a, j, t);
}

bool oe_agent_reported(struct oe_agent *a, struct job *j, const struct oe_host *gateway, enum oe_report what, uint64_t t)
{
    static const enum oe_last lasts[OE_REPORT_COUNT] = {
        [OE_REPORT_SILENT] = OE_LAST_SILENT, [OE_REPORT_REFUSED] = OE_LAST_REFUSED, [OE_REPORT_SIGNATURE] = OE_LAST_SIGNATURE};
    struct gateway *g = gateway_of(j, gateway);
    if (OEMUT(a->mutant, TO_THE_HOST) && j->current < j->gateway_count) g = &j->gateways[j->current];
    bool current = g && j->decided && j->out == OE_OUT_ENCRYPT && g == &j->gateways[j->current];
    if (what == OE_REPORT_UP) {
        if (!current) return false;
        oe_flow_init(&j->old, &oe_age_machine);
        j->tunnel = true;
        j->began = t;
        j->used = 0;
        uint64_t due = oe_agent_later(t, oe_age_period(j->old.state));
        if (due < a->next_age) a->next_age = due;
        return false;
    }
    if (OEMUT(a->mutant, SAME_GATEWAY)) return false;
    if (!current) {
        if (g) g->tried = true;
        return false;
    }
    j->tunnel = false;
    leave(a, j, lasts[what]);
    return true;
}
