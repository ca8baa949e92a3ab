/* SPDX-License-Identifier: MIT */
#include "peer/oe_agent.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "peer/oe_agent_impl.h"

#define WORD(n, s) s,
const char *const oe_report_words[] = {OE_REPORTS(WORD) NULL};

#define OF_KEY(h) ((struct job *)(void *)((char *)(h) - offsetof(struct job, by_key)))

/* --- begin and end ------------------------------------------------------------------------------------------------------------ */

err oe_agent_new(const struct env *env, const struct oe_agent_setup *s, struct oe_agent **out)
{
    struct oe_agent *a = mem_new(env->mem, sizeof *a);
    *out = a;
    if (!a) return ERR_MEM;
    struct ring *rings[] = {&a->looks, &a->to_ask, &a->jobs, &a->due, &a->done, &a->spent};
    a->env = env;
    a->policy = s->policy;
    a->mutant = s->mutant;
    a->next_age = OE_NEVER;
    rng_init(&a->rng, s->seed);
    for (size_t i = 0; i < sizeof rings / sizeof *rings; i++)
        oe_ring_init(rings[i]);
    return OK;
}

static void free_tasks(struct oe_agent *a, struct ring *list)
{
    while (list->next != list) {
        struct task *k = (struct task *)list->next;
        oe_ring_cut(&k->in);
        mem_free(a->env->mem, k);
        a->task_count--;
    }
}

static void free_job(struct oe_agent *a, struct job *j)
{
    oe_table_cut(&a->by_key, &j->by_key);
    oe_agent_unlook(j);
    oe_ring_cut(&j->age);
    oe_ring_cut(&j->due);
    free_tasks(a, &j->tasks);
    oe_agent_forget_gateways(a, j);
    oe_keys_done(a->env->mem, &j->signer);
    oe_keys_done(a->env->mem, &j->candidates);
    if (j->trail != j->own) mem_free(a->env->mem, j->trail);
    mem_free(a->env->mem, j);
}

void oe_agent_free_spent(struct oe_agent *a)
{
    while (a->done.next == &a->done && a->spent.next != &a->spent)
        free_job(a, (struct job *)a->spent.next);
}

void oe_agent_free(struct oe_agent *a)
{
    if (!a) return;
    free_tasks(a, &a->done);
    oe_agent_free_spent(a);
    while (a->jobs.next != &a->jobs)
        free_job(a, (struct job *)a->jobs.next);
    while (a->looks.next != &a->looks)
        oe_agent_free_look(a, (struct look *)a->looks.next);
    mem_free(a->env->mem, a->by_name.slot);
    mem_free(a->env->mem, a->by_id.slot);
    mem_free(a->env->mem, a->by_key.slot);
    mem_free(a->env->mem, a);
}

/* --- jobs --------------------------------------------------------------------------------------------------------------------- */

static uint32_t hash_of(enum job_kind kind, const struct oe_host *h, uint64_t tag)
{
    uint32_t x = 2166136261u ^ kind;
    for (size_t i = 0; h && i < sizeof h->octets; i++)
        x = (x ^ h->octets[i]) * 16777619u;
    for (size_t i = 0; i < sizeof tag; i++)
        x = (x ^ (uint8_t)(tag >> 8 * i)) * 16777619u;
    return x;
}

static struct job *find_job(const struct oe_agent *a, enum job_kind kind, const struct oe_host *h, uint64_t tag)
{
    for (struct hashed *x = oe_table_first(&a->by_key, hash_of(kind, h, tag)); x; x = x->next) {
        struct job *j = OF_KEY(x);
        if (j->kind == kind && (h ? oe_host_eq(&j->host, h) : j->tag == tag)) return j;
    }
    return NULL;
}

/* Makes room among what is remembered: the one of longest ago that nobody waits for and no tunnel rests on.  Those that have to stay are not in the way of the next try. */
static bool make_room(struct oe_agent *a)
{
    struct ring *r = a->jobs.next;
    for (int i = 0; i < OE_SEARCH_MAX && a->by_key.n >= OE_AGENT_HOSTS && r != &a->jobs; i++) {
        struct job *j = (struct job *)r;
        r = r->next;
        if (j->decided && !j->tunnel && j->tasks.next == &j->tasks)
            free_job(a, j);
        else
            oe_ring_add(&a->jobs, &j->age);
    }
    return a->by_key.n < OE_AGENT_HOSTS;
}

static struct job *make_job(struct oe_agent *a, enum job_kind kind)
{
    struct job *j = mem_new(a->env->mem, sizeof *j);
    struct ring *rings[4];
    if (!j) return NULL;
    rings[0] = &j->age;
    rings[1] = &j->wait;
    rings[2] = &j->due;
    rings[3] = &j->tasks;
    for (size_t i = 0; i < 4; i++)
        oe_ring_init(rings[i]);
    j->kind = kind;
    j->trail = j->own;
    j->cap = OE_TRAIL_OWN;
    j->facts_until = OE_NEVER;
    return j;
}

/* From now on it is found.  ERR_MEM: it was freed. */
static err remember(struct oe_agent *a, struct job *j, const struct oe_host *h, uint64_t tag)
{
    j->tag = tag;
    if (h) j->host = *h;
    err e = oe_table_add(a->env->mem, &a->by_key, &j->by_key, hash_of(j->kind, h, tag));
    if (e == OK)
        oe_ring_add(&a->jobs, &j->age);
    else
        free_job(a, j);
    return e;
}

/* Everything anew, but what stands of it. */
static void restart(struct oe_agent *a, struct job *j)
{
    oe_agent_unlook(j);
    oe_agent_forget_gateways(a, j);
    j->barred = j->decided = j->tunnel = false;
    j->steps = 0;
    j->facts_until = OE_NEVER;
}

static void due(struct oe_agent *a, struct job *j, uint64_t t)
{
    j->silent = false;
    j->deadline = oe_agent_later(t, a->policy.timeout_ms);
    oe_ring_add(&a->due, &j->due); /* all wait for as long, so the first to come is the first to be over */
}

const struct oe_rule *oe_agent_step(struct oe_agent *a, struct job *j, const struct oe_table *t, const uint8_t *facts, const char *about)
{
    const struct oe_rule *r = oe_decide(t, facts);
    if (r->out == OE_OUT_WAIT) return r; /* how often somebody looked is no part of the reasons */
    if (j->steps == j->cap && j->cap < OE_TRAIL_MAX) {
        struct oe_step *more = mem_resize(a->env->mem, j->trail == j->own ? NULL : j->trail, 2 * j->cap * sizeof *more);
        if (more && j->trail == j->own) memcpy(more, j->own, sizeof j->own);
        if (more) {
            j->trail = more;
            j->cap *= 2;
        }
    }
    if (j->steps == j->cap) j->steps--; /* the last is what counts */
    struct oe_step *s = &j->trail[j->steps++];
    *s = (struct oe_step){.table = t, .rule = r};
    snprintf(s->about, sizeof s->about, "%.*s", (int)sizeof s->about - 1, about);
    return r;
}

void oe_agent_say(struct oe_agent *a, struct job *j, enum oe_outcome out, uint64_t until)
{
    j->decided = true;
    j->out = out;
    j->until = until;
    oe_agent_unlook(j);
    oe_ring_cut(&j->due);
    while (j->tasks.next != &j->tasks)
        oe_ring_add(&a->done, j->tasks.next);
    if (j->kind == JOB_SOURCE || j->kind == JOB_ALONE) oe_ring_add(&a->spent, &j->age);
}

void oe_agent_run(struct oe_agent *a, struct job *j, uint64_t t)
{
    if (j->kind == JOB_DESTINATION)
        oe_agent_seek(a, j, t);
    else if (j->kind == JOB_PEER)
        oe_agent_auth(a, j, t);
    else
        oe_agent_allow(a, j, t);
}

/* --- questions ------------------------------------------------------------------------------------------------------------------ */

static err begin(struct oe_agent *a, struct task **k, uint64_t tag, enum oe_ask ask, uint64_t t)
{
    *k = NULL;
    if (a->done.next != &a->done) return ERR_USE;
    oe_agent_free_spent(a);
    a->at = t;
    if (a->task_count >= OE_AGENT_TASKS) return ERR_LIMIT;
    *k = mem_new(a->env->mem, sizeof **k);
    if (!*k) return ERR_MEM;
    oe_ring_init(&(*k)->in);
    (*k)->tag = tag;
    (*k)->ask = ask;
    a->task_count++;
    return OK;
}

static err give_up(struct oe_agent *a, struct task *k, err e)
{
    mem_free(a->env->mem, k);
    a->task_count--;
    return e;
}

/* The host has no address that others could look up. */
static err sourceless(struct oe_agent *a, struct task *k, const struct oe_host *destination, const struct oe_host *source, const uint8_t *facts, uint64_t t)
{
    struct job *j = make_job(a, JOB_ALONE);
    char about[OE_HOST_TEXT];
    if (!j) return give_up(a, k, ERR_MEM);
    j->host = *destination;
    j->facts_until = t;
    k->job = j;
    oe_ring_add(&j->tasks, &k->in);
    oe_agent_step(a, j, &oe_nats, facts, oe_host_text(source, about));
    oe_agent_fail(a, j, OE_FAIL_SOURCE, t);
    return OK;
}

static err destination_job(struct oe_agent *a, struct task *k, const struct oe_host *destination, struct job **out)
{
    struct job *j = find_job(a, JOB_DESTINATION, destination, 0);
    if (!j) {
        if (!make_room(a)) return give_up(a, k, ERR_LIMIT);
        j = make_job(a, JOB_DESTINATION);
        if (!j) return give_up(a, k, ERR_MEM);
        oe_agent_forget_gateways(a, j);
        err e = remember(a, j, destination, 0);
        if (e != OK) return give_up(a, k, e);
    }
    oe_ring_add(&a->jobs, &j->age);
    k->job = j;
    *out = j;
    return OK;
}

/* What is known is told again; otherwise everything is done anew. */
static void pursue(struct oe_agent *a, struct job *j, struct task *k, const struct oe_host *source, const uint8_t *nat, uint64_t t)
{
    char about[OE_HOST_TEXT];
    bool stands = j->tunnel && !OEMUT(a->mutant, FORGETS_TUNNEL), fresh = j->decided && j->until > t && !OEMUT(a->mutant, ASKS_ALWAYS);
    if (j->tunnel && OEMUT(a->mutant, FORGETS_TUNNEL)) fresh = false;
    oe_ring_add(&j->tasks, &k->in);
    if (j->tunnel) j->used = t;
    if (!j->decided && j->due.next != &j->due) return; /* under way for somebody else */
    if (stands || fresh) {
        k->remembered = true;
        oe_agent_say(a, j, j->out, j->until);
        return;
    }
    restart(a, j);
    if (nat && oe_agent_class(a, &j->host, NULL, false) >= OE_POLICY_PERMISSIVE) oe_agent_step(a, j, &oe_nats, nat, oe_host_text(source, about));
    due(a, j, t);
    oe_agent_seek(a, j, t);
}

err oe_agent_initiate(struct oe_agent *a, uint64_t tag, const struct oe_host *source, const struct oe_host *destination, uint64_t now)
{
    uint64_t t = oe_agent_later(now, a->ahead);
    struct task *k;
    struct job *j;
    uint8_t nat[OE_AXES] = {0};
    bool told = source && source->family;
    if (!destination->family) return ERR_USE;
    TRY(begin(a, &k, tag, OE_ASK_INITIATE, t));
    if (told) {
        bool ours = oe_agent_class(a, destination, NULL, false) >= OE_POLICY_PERMISSIVE;
        const struct oe_rule *r = oe_agent_translate(a, source, &k->source, nat);
        if (ours && r->out >= OE_OUT_FAIL) return sourceless(a, k, destination, source, nat, t);
    }
    TRY(destination_job(a, k, destination, &j));
    pursue(a, j, k, source, told ? nat : NULL, t);
    return OK;
}

err oe_agent_report(struct oe_agent *a, uint64_t tag, const struct oe_host *destination, const struct oe_host *gateway, enum oe_report what, uint64_t now)
{
    uint64_t t = oe_agent_later(now, a->ahead);
    struct task *k;
    struct job *j;
    if (!destination->family || what >= OE_REPORT_COUNT) return ERR_USE;
    TRY(begin(a, &k, tag, OE_ASK_REPORT, t));
    TRY(destination_job(a, k, destination, &j));
    if (oe_agent_reported(a, j, gateway, what, t)) {
        j->decided = false;
        j->steps = 0;
        oe_ring_add(&j->tasks, &k->in);
        due(a, j, t);
        oe_agent_seek(a, j, t);
    } else if (j->decided && j->steps) {
        oe_ring_add(&j->tasks, &k->in); /* it changes nothing, however old the decision is */
        k->remembered = true;
        oe_agent_say(a, j, j->out, j->until);
    } else {
        pursue(a, j, k, NULL, NULL, t);
    }
    return OK;
}

static void identify(struct job *j, const struct oe_phase1 *p)
{
    bool good = p->type == OE_ID_NAME ? oe_is_fqdn(p->identity) && oe_name_fold(p->identity, j->name) : oe_host_read(p->identity, &j->identity);
    j->from = p->from;
    j->id_type = p->type;
    if (p->type == OE_ID_IP4) good = good && j->identity.family == 4;
    if (p->type == OE_ID_IP6) good = good && j->identity.family == 6;
    if (!good) j->id_type = OE_ID_OTHER;
}

err oe_agent_phase1(struct oe_agent *a, uint64_t tag, const struct oe_phase1 *p, uint64_t now)
{
    uint64_t t = oe_agent_later(now, a->ahead);
    struct task *k;
    TRY(begin(a, &k, tag, OE_ASK_PHASE1, t));
    struct job *j = find_job(a, JOB_PEER, NULL, tag);
    if (j && !j->decided) return give_up(a, k, ERR_USE);
    if (j) free_job(a, j);
    if (!make_room(a)) return give_up(a, k, ERR_LIMIT);
    j = make_job(a, JOB_PEER);
    if (!j) return give_up(a, k, ERR_MEM);
    if (p->signed_by.modulus.n && oe_keys_add(a->env->mem, &j->signer, &p->signed_by) != OK) {
        free_job(a, j);
        return give_up(a, k, ERR_MEM);
    }
    identify(j, p);
    err e = remember(a, j, NULL, tag);
    if (e != OK) return give_up(a, k, e);
    k->job = j;
    oe_ring_add(&j->tasks, &k->in);
    due(a, j, t);
    oe_agent_auth(a, j, t);
    return OK;
}

err oe_agent_phase2(struct oe_agent *a, uint64_t tag, uint64_t phase1, const struct oe_host *source, uint64_t now)
{
    uint64_t t = oe_agent_later(now, a->ahead);
    struct task *k;
    if (!source->family) return ERR_USE;
    TRY(begin(a, &k, tag, OE_ASK_PHASE2, t));
    const struct job *peer = find_job(a, JOB_PEER, NULL, phase1);
    struct job *j = make_job(a, JOB_SOURCE);
    if (!j) return give_up(a, k, ERR_MEM);
    j->host = *source;
    if (peer && peer->decided && peer->authentic) {
        j->from = peer->from;
        j->identity = peer->identity;
        j->id_type = peer->id_type;
        j->authentic = true;
        memcpy(j->name, peer->name, sizeof j->name);
        if (peer->signer.n && oe_keys_add(a->env->mem, &j->signer, &peer->signer.key[0]) != OK) {
            free_job(a, j);
            return give_up(a, k, ERR_MEM);
        }
    }
    k->job = j;
    oe_ring_add(&j->tasks, &k->in);
    oe_ring_add(&a->jobs, &j->age);
    due(a, j, t);
    oe_agent_allow(a, j, t);
    return OK;
}

/* --- decisions ------------------------------------------------------------------------------------------------------------------ */

static void tell(const struct oe_agent *a, const struct task *k, struct oe_decision *d)
{
    const struct job *j = k->job;
    *d = (struct oe_decision){.tag = k->tag, .ask = k->ask, .out = j->out, .source = k->source, .trail = j->trail, .steps = j->steps, .remembered = k->remembered};
    d->life_ms = j->until == OE_NEVER ? OE_NEVER : j->until > a->at ? j->until - a->at : 0;
    if (j->kind == JOB_DESTINATION && j->out == OE_OUT_ENCRYPT) {
        const struct gateway *g = &j->gateways[j->current];
        d->gateway = OEMUT(a->mutant, TO_THE_HOST) ? j->host : g->host;
        d->keys = g->keys.key;
        d->key_count = g->keys.n;
    } else if (j->kind == JOB_PEER) {
        d->keys = j->candidates.key;
        d->key_count = j->candidates.n;
    }
}

bool oe_agent_decision(struct oe_agent *a, struct oe_decision *d)
{
    struct task *k = (struct task *)a->done.next;
    if (a->done.next == &a->done) return false;
    tell(a, k, d);
    oe_ring_cut(&k->in);
    mem_free(a->env->mem, k);
    a->task_count--;
    return true;
}

size_t oe_agent_under_way(const struct oe_agent *a)
{
    return a->task_count;
}
