/* SPDX-License-Identifier: MIT */
#include "peer/oe_agent_impl.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum { RR_A = 1, RR_IPSECKEY = 45 /* RFC 4025; asked for by mistake */, FLAGS_NO_AUTH = 0x8000 /* RFC 2535 3.1.2 */ };

#define OF_NAME(h)  ((struct look *)(void *)((char *)(h) - offsetof(struct look, by_name)))
#define OF_ID(h)    ((struct look *)(void *)((char *)(h) - offsetof(struct look, by_id)))
#define OF_QUEUE(r) ((struct look *)(void *)((char *)(r) - offsetof(struct look, queue)))
#define OF_WAIT(r)  ((struct job *)(void *)((char *)(r) - offsetof(struct job, wait)))

/* --- names ------------------------------------------------------------------------------------------------------------------ */

void oe_agent_reverse(const struct oe_agent *a, const struct oe_host *h, char out[OE_NAME_TEXT])
{
    const uint8_t *o = h->octets;
    struct oe_host turned = {.family = h->family};
    oe_reverse_name(h, out);
    if (OEMUT(a->mutant, ASKS_PADDED) && h->family == 4)
        snprintf(out, OE_NAME_TEXT, "%03u.%03u.%03u.%03u.in-addr.arpa", o[3], o[2], o[1], o[0]);
    if (OEMUT(a->mutant, ASKS_FORWARD) && h->family == 4) {
        for (int i = 0; i < 4; i++)
            turned.octets[i] = o[3 - i];
        oe_reverse_name(&turned, out);
    }
    if (OEMUT(a->mutant, NIBBLES_FORWARD) && h->family == 6) {
        for (int i = 0; i < 16; i++)
            turned.octets[i] = (uint8_t)(o[15 - i] << 4 | o[15 - i] >> 4);
        oe_reverse_name(&turned, out);
    }
}

static uint32_t hash_of(const char *name, uint16_t type)
{
    uint32_t h = 2166136261u ^ type;
    for (; *name; name++)
        h = (h ^ (uint8_t)*name) * 16777619u;
    return h;
}

/* --- looks ------------------------------------------------------------------------------------------------------------------ */

static struct look *find(const struct oe_agent *a, const char *name, uint16_t type, uint32_t hash)
{
    for (struct hashed *h = oe_table_first(&a->by_name, hash); h; h = h->next) {
        struct look *l = OF_NAME(h);
        if (h->hash == hash && l->type == type && strcmp(l->name, name) == 0) return l;
    }
    return NULL;
}

void oe_agent_free_look(struct oe_agent *a, struct look *l)
{
    oe_table_cut(&a->by_name, &l->by_name);
    oe_table_cut(&a->by_id, &l->by_id);
    oe_ring_cut(&l->age);
    oe_ring_cut(&l->queue);
    mem_free(a->env->mem, l->rdata);
    mem_free(a->env->mem, l);
}

/* Makes room: the one that was used longest ago and nobody waits for.  Those that have to stay are not in the way of the next try. */
static bool make_room(struct oe_agent *a)
{
    struct ring *r = a->looks.next;
    for (int i = 0; i < OE_SEARCH_MAX && a->by_name.n >= OE_AGENT_CACHED && r != &a->looks; i++) {
        struct look *l = (struct look *)r;
        r = r->next;
        if (l->pending || l->held)
            oe_ring_add(&a->looks, &l->age);
        else
            oe_agent_free_look(a, l);
    }
    return a->by_name.n < OE_AGENT_CACHED;
}

static struct look *make(struct oe_agent *a, const char *name, uint16_t type, uint32_t hash)
{
    size_t n = strlen(name) + 1;
    struct look *l = make_room(a) ? mem_new(a->env->mem, sizeof *l + n) : NULL;
    if (!l) return NULL;
    memcpy(l->name, name, n);
    l->type = type;
    oe_ring_init(&l->age);
    oe_ring_init(&l->queue);
    oe_ring_init(&l->waiting);
    if (oe_table_add(a->env->mem, &a->by_name, &l->by_name, hash) == OK) return l;
    mem_free(a->env->mem, l);
    return NULL;
}

/* To be asked.  False: no memory for it. */
static bool put(struct oe_agent *a, struct look *l, bool tcp)
{
    l->id = ++a->next_id;
    if (oe_table_add(a->env->mem, &a->by_id, &l->by_id, l->id) != OK) return false;
    l->pending = true;
    l->asked = false;
    l->tcp = tcp;
    oe_ring_add(&a->to_ask, &l->queue);
    return true;
}

void oe_agent_unlook(struct job *j)
{
    oe_ring_cut(&j->wait);
    j->look = NULL;
}

static uint16_t type_to_ask(unsigned mutant, uint16_t type)
{
    if (type == OE_RR_TXT && OEMUT(mutant, ASKS_KEY)) return OE_RR_KEY;
    if (type == OE_RR_TXT && OEMUT(mutant, ASKS_A)) return RR_A;
    if (type == OE_RR_KEY && OEMUT(mutant, ASKS_IPSECKEY)) return RR_IPSECKEY;
    return type;
}

void oe_agent_look(struct oe_agent *a, struct job *j, const char *name, uint16_t type, uint64_t t)
{
    if (OEMUT(a->mutant, ONE_FOR_ALL) && j->kind == JOB_DESTINATION && type == OE_RR_TXT) {
        if (!a->first_name[0]) snprintf(a->first_name, sizeof a->first_name, "%s", name);
        name = a->first_name;
    }
    type = type_to_ask(a->mutant, type);
    uint32_t hash = hash_of(name, type);
    struct look *l = find(a, name, type, hash);
    bool known = l && !l->pending && l->until > t && !OEMUT(a->mutant, ASKS_ALWAYS) && !OEMUT(a->mutant, FORGETS_TUNNEL);
    oe_agent_unlook(j);
    j->barred = false;
    if (!l) l = make(a, name, type, hash);
    if (!l || (!known && !l->pending && !put(a, l, false))) {
        if (l) oe_ring_add(&a->looks, &l->age);
        j->barred = true;
        return;
    }
    oe_ring_add(&a->looks, &l->age);
    j->look = l;
    if (l->pending) oe_ring_add(&l->waiting, &j->wait);
}

void oe_agent_look_tcp(struct oe_agent *a, struct job *j)
{
    struct look *l = j->look;
    j->barred = !l->pending && !put(a, l, true);
    if (!j->barred) oe_ring_add(&l->waiting, &j->wait);
}

bool oe_agent_ask(struct oe_agent *a, struct oe_question *q)
{
    struct look *l = OF_QUEUE(a->to_ask.next);
    if (a->to_ask.next == &a->to_ask) return false;
    if (OEMUT(a->mutant, ONE_BY_ONE) && a->in_flight) return false;
    a->in_flight++;
    oe_ring_cut(&l->queue);
    l->asked = true;
    *q = (struct oe_question){.id = l->id, .type = l->type, .tcp = l->tcp};
    snprintf(q->name, sizeof q->name, "%s", l->name);
    return true;
}

/* --- answers ---------------------------------------------------------------------------------------------------------------- */

static err keep(struct oe_agent *a, struct look *l, const struct oe_answer *answer)
{
    size_t n = answer->look == OE_LOOK_RECORDS ? answer->n : 0, octets = 0, at;
    mem_free(a->env->mem, l->rdata);
    l->rdata = NULL;
    l->n = 0;
    if (n > OE_AGENT_RECORDS) n = OE_AGENT_RECORDS;
    for (size_t i = 0; i < n; i++) {
        octets += answer->rdata[i].n;
        if (octets > OE_AGENT_OCTETS) return ERR_LIMIT;
    }
    if (n == 0) return OK;
    l->rdata = mem_new(a->env->mem, n * sizeof *l->rdata + octets);
    if (!l->rdata) return ERR_MEM;
    at = 0;
    uint8_t *to = (uint8_t *)(l->rdata + n);
    for (size_t i = 0; i < n; i++) {
        slice s = answer->rdata[i];
        if (s.n) memcpy(to + at, s.p, s.n);
        l->rdata[i] = slice_of(to + at, s.n);
        at += s.n;
    }
    l->n = n;
    return OK;
}

/* What an answer is for the tables, and for how long. */
static void judge(struct oe_agent *a, struct look *l, const struct oe_answer *answer, uint64_t t)
{
    uint32_t ttl = answer->ttl < OE_AGENT_TTL_MAX ? answer->ttl : OE_AGENT_TTL_MAX;
    l->look = answer->look;
    l->security = answer->security;
    if (l->look == OE_LOOK_RECORDS && l->n == 0) l->look = OE_LOOK_NODATA;
    if (l->look == OE_LOOK_UNASKED || l->look == OE_LOOK_PENDING || l->look >= OE_LOOK_COUNT) l->look = OE_LOOK_UNREADABLE;
    if (l->look == OE_LOOK_TRUNCATED && l->tcp) l->look = OE_LOOK_UNREADABLE;
    if (l->security == OE_SEC_BOGUS) l->look = OE_LOOK_FOREIGN; /* what is forged is neither an answer nor none */
    bool said = l->look >= OE_LOOK_NXDOMAIN;
    l->until = said ? oe_agent_later(t, (uint64_t)ttl * 1000) : t;
    if (said && OEMUT(a->mutant, NEVER_STALE)) l->until = OE_NEVER;
}

err oe_agent_answer(struct oe_agent *a, uint32_t id, const struct oe_answer *answer, uint64_t now)
{
    uint64_t t = oe_agent_later(now, a->ahead);
    struct hashed *h = oe_table_first(&a->by_id, id);
    struct ring waiting;
    while (h && h->hash != id)
        h = h->next;
    struct look *l = h ? OF_ID(h) : NULL;
    if (!l || !l->asked) return OK;
    a->at = t;
    if (a->in_flight) a->in_flight--;
    if (OEMUT(a->mutant, PATIENT) && answer->look == OE_LOOK_TIMEOUT) return OK;
    oe_table_cut(&a->by_id, &l->by_id);
    oe_ring_add(&a->looks, &l->age);
    l->pending = false;
    err e = keep(a, l, answer);
    judge(a, l, answer, t);
    if (e != OK) {
        l->look = OE_LOOK_UNREADABLE;
        l->until = t;
    }
    l->held = true;
    /* whoever runs may wait for it again */
    oe_ring_init(&waiting);
    if (l->waiting.next != &l->waiting) {
        waiting = l->waiting;
        waiting.next->prev = waiting.prev->next = &waiting;
        oe_ring_init(&l->waiting);
    }
    while (waiting.next != &waiting) {
        struct job *j = OF_WAIT(waiting.next);
        oe_ring_cut(&j->wait);
        oe_agent_run(a, j, t);
    }
    l->held = false;
    return e == ERR_MEM ? e : OK;
}

/* --- facts ------------------------------------------------------------------------------------------------------------------ */

enum oe_look oe_agent_look_facts(const struct oe_agent *a, const struct job *j, enum oe_security *security)
{
    *security = OE_SEC_INSECURE;
    if (j->barred) return OE_LOOK_SERVFAIL;
    if (!j->look) return OE_LOOK_UNASKED;
    if (j->look->pending && OEMUT(a->mutant, HASTY) && j->look->type == OE_RR_TXT) return OE_LOOK_NXDOMAIN;
    if (j->look->pending) return j->silent ? OE_LOOK_TIMEOUT : OE_LOOK_PENDING;
    *security = j->look->security;
    return j->look->look;
}

bool oe_keys_have(const struct keys *k, const struct oe_rsa *key)
{
    for (size_t i = 0; i < k->n; i++)
        if (oe_rsa_eq(&k->key[i], key)) return true;
    return false;
}

err oe_keys_add(const struct mem *mem, struct keys *k, const struct oe_rsa *key)
{
    if (k->n == OE_AGENT_KEYS || oe_keys_have(k, key)) return OK;
    if (k->n == k->cap) {
        size_t cap = k->cap ? 2 * k->cap : 1;
        struct oe_rsa *more = mem_resize(mem, k->key, cap * sizeof *more);
        if (!more) return ERR_MEM;
        k->key = more;
        k->cap = cap;
    }
    uint8_t *own = mem_new(mem, key->exponent.n + key->modulus.n + 1);
    if (!own) return ERR_MEM;
    if (key->exponent.n) memcpy(own, key->exponent.p, key->exponent.n);
    if (key->modulus.n) memcpy(own + key->exponent.n, key->modulus.p, key->modulus.n);
    k->key[k->n++] = (struct oe_rsa){.exponent = slice_of(own, key->exponent.n), .modulus = slice_of(own + key->exponent.n, key->modulus.n), .bits = key->bits};
    return OK;
}

void oe_keys_done(const struct mem *mem, struct keys *k)
{
    for (size_t i = 0; i < k->n; i++)
        mem_free(mem, (void *)(uintptr_t)k->key[i].exponent.p);
    mem_free(mem, k->key);
    *k = (struct keys){.n = 0};
}

static enum oe_take take_of(const struct oe_agent *a, const struct oe_notes *notes)
{
    enum oe_take take = oe_notes_take(notes, a->policy.dialect);
    if (take == OE_LOOSE) take = a->policy.tolerant ? OE_TAKE : OE_BAD;
    return take;
}

err oe_agent_records(struct oe_agent *a, const struct look *l, enum oe_found *found, bool *foreign, oe_record_fn *each, void *ctx)
{
    size_t good = 0, bad = 0, addressed = 0;
    err e = OK;
    for (size_t i = 0; i < l->n && e == OK; i++) {
        struct oe_txt t;
        e = oe_txt_read(a->env, l->rdata[i], &t);
        enum oe_take take = take_of(a, &t.notes);
        if (take == OE_BAD && OEMUT(a->mutant, MALFORMED_TAKEN) && t.gateway) take = OE_TAKE;
        if (take == OE_SKIP && OEMUT(a->mutant, FOREIGN_SPOILS)) take = OE_BAD;
        if (e == OK && take == OE_TAKE) {
            good++;
            addressed += t.gateway != OE_FQDN;
            e = each(ctx, &t);
        }
        bad += take == OE_BAD;
        oe_txt_done(&t);
    }
    *foreign = good + bad == 0;
    *found = good == 0 ? OE_FOUND_BAD : bad ? OE_FOUND_MIXED : addressed ? OE_FOUND_GOOD : OE_FOUND_NAMES;
    return e;
}

/* The keys of one KEY answer.  What KEY there is counts by the best of its records. */
static enum oe_key_state read_keys(struct oe_agent *a, const struct look *l, struct keys *candidates)
{
    bool bad = false;
    for (size_t i = 0; i < l->n; i++) {
        struct oe_key k;
        oe_key_read(l->rdata[i], &k);
        enum oe_take take = take_of(a, &k.notes);
        if (take == OE_BAD && OEMUT(a->mutant, PROHIBITED_KEY) && (k.flags & FLAGS_NO_AUTH)) take = OE_TAKE;
        bad = bad || take == OE_BAD;
        if (take != OE_TAKE || k.rsa.modulus.n == 0 || (OEMUT(a->mutant, ONE_KEY_RECORD) && candidates->n)) continue;
        if (oe_keys_add(a->env->mem, candidates, &k.rsa) != OK) return OE_KS_FAILED;
    }
    if (candidates->n == 0) return bad ? OE_KS_BAD : OE_KS_NONE;
    return l->security == OE_SEC_SECURE ? OE_KS_SECURE : l->security == OE_SEC_INSECURE ? OE_KS_INSECURE : OE_KS_INDETERMINATE;
}

static err add_key_of_txt(void *ctx, const struct oe_txt *t)
{
    struct {
        const struct mem *mem;
        struct keys *to;
    } *c = ctx;
    return t->rsa.modulus.n ? oe_keys_add(c->mem, c->to, &t->rsa) : OK;
}

/* A mistake: the key of the other end from TXT. */
static enum oe_key_state read_txt(struct oe_agent *a, const struct look *l, struct keys *candidates)
{
    struct {
        const struct mem *mem;
        struct keys *to;
    } c = {a->env->mem, candidates};
    enum oe_found found;
    bool foreign;
    err e = oe_agent_records(a, l, &found, &foreign, add_key_of_txt, &c);
    return e != OK ? OE_KS_FAILED : candidates->n ? OE_KS_INSECURE : OE_KS_NONE;
}

enum oe_key_state oe_agent_key_facts(struct oe_agent *a, struct job *j, struct keys *candidates)
{
    enum oe_security security;
    enum oe_look look = oe_agent_look_facts(a, j, &security);
    oe_keys_done(a->env->mem, candidates);
    if (look == OE_LOOK_UNASKED) return OE_KS_UNASKED;
    if (look == OE_LOOK_PENDING) return OE_KS_PENDING;
    if (look == OE_LOOK_TRUNCATED) return OE_KS_TRUNCATED;
    if (security == OE_SEC_BOGUS) return OE_KS_BOGUS;
    if (look == OE_LOOK_NXDOMAIN || look == OE_LOOK_NODATA) return OE_KS_NONE;
    if (look != OE_LOOK_RECORDS) return OE_KS_FAILED;
    return j->look->type == OE_RR_TXT ? read_txt(a, j->look, candidates) : read_keys(a, j->look, candidates);
}
