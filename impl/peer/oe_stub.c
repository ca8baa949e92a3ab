/* SPDX-License-Identifier: MIT */
#include "peer/oe_stub.h"

#include <string.h>

struct oe_lookup {
    uint32_t id;       /* of the question */
    char name[DNS_NAME_TEXT]; /* that is asked for now; behind aliases not the first one */
    uint16_t type;
    bool tcp, lost;    /* lost: the TCP connection is over */
    uint32_t who;      /* 0: nothing was sent */
    uint16_t query_id;
    uint64_t ends, again;
    uint32_t every;
    unsigned aliases;
    bool secure;       /* every answer so far was */
    uint32_t ttl;      /* the least so far */
};

void oe_stub_init(struct oe_stub *s, const struct env *env, const struct oe_stub_ops *ops, void *ctx, uint32_t timeout_ms, uint64_t seed, unsigned mutant)
{
    *s = (struct oe_stub){.env = env, .ops = ops, .ctx = ctx, .timeout_ms = timeout_ms, .mutant = mutant, .next = UINT64_MAX};
    rng_init(&s->rng, seed);
    dns_frames_init(&s->frames, env->mem);
}

void oe_stub_done(struct oe_stub *s)
{
    for (size_t i = 0; i < s->slots; i++)
        mem_free(s->env->mem, s->slot[i]);
    mem_free(s->env->mem, s->slot);
    dns_frames_done(&s->frames);
    s->slot = NULL;
    s->slots = s->under_way = 0;
}

void oe_stub_relink(struct oe_stub *s)
{
    dns_frames_done(&s->frames);
    dns_frames_init(&s->frames, s->env->mem);
}

/* --- sending --------------------------------------------------------------------------------------------------------------------- */

static void end_socket(struct oe_stub *s, struct oe_lookup *l)
{
    if (l->who && !(l->tcp && l->lost)) s->ops->send(s->ctx, &(struct dns_frame){.how = DNS_FRAME_END, .who = l->who});
    l->who = 0;
}

void oe_stub_cancel(struct oe_stub *s)
{
    for (size_t i = 0; i < s->slots; i++) {
        if (!s->slot[i]) continue;
        end_socket(s, s->slot[i]);
        mem_free(s->env->mem, s->slot[i]);
        s->slot[i] = NULL;
    }
    s->under_way = 0;
}

static size_t slot_of(const struct oe_stub *s, const struct oe_lookup *l)
{
    size_t i = 0;
    while (s->slot[i] != l)
        i++;
    return i;
}

/* A socket that nobody has seen yet: the lower half of its number says whose it is, the upper one is random. */
static void fresh_socket(struct oe_stub *s, struct oe_lookup *l)
{
    uint32_t slot = (uint32_t)slot_of(s, l);
    end_socket(s, l);
    l->who = (uint32_t)(1 + rng_below(&s->rng, 0xFFFF)) << 16 | slot;
    l->query_id = (uint16_t)rng_below(&s->rng, 0x10000);
    l->lost = false;
}

static void send_query(struct oe_stub *s, struct oe_lookup *l)
{
    struct dns_msg m;
    struct buf out;
    buf_init(&out, s->env->mem, DNS_MSG_MAX);
    dns_msg_ask(&m, l->query_id, l->name, l->type, true);
    m.ad = true; /* "I understand AD" (RFC 6840 5.7) */
    /* no memory: as if it were lost on the way; the next try is another chance */
    if (dns_msg_write(&m, &out) == OK)
        s->ops->send(s->ctx, &(struct dns_frame){.how = l->tcp ? DNS_FRAME_TCP : DNS_FRAME_UDP, .who = l->who, .msg = buf_slice(&out)});
    buf_done(&out);
}

static void wake_at(struct oe_stub *s, const struct oe_lookup *l)
{
    uint64_t at = l->again < l->ends ? l->again : l->ends;
    if (at < s->next) s->next = at;
}

static void start(struct oe_stub *s, struct oe_lookup *l, uint64_t now)
{
    fresh_socket(s, l);
    l->again = now + l->every;
    wake_at(s, l);
    send_query(s, l);
}

static err free_slot(struct oe_stub *s, size_t *at)
{
    if (s->under_way == OE_STUB_LOOKUPS) return ERR_LIMIT;
    if (s->under_way == s->slots) {
        size_t more = s->slots ? 2 * s->slots : 16;
        struct oe_lookup **slot = mem_resize(s->env->mem, s->slot, more * sizeof(struct oe_lookup *));
        if (!slot) return ERR_MEM;
        memset(slot + s->slots, 0, (more - s->slots) * sizeof(struct oe_lookup *));
        *at = s->slots;
        s->slot = slot;
        s->slots = more;
        return OK;
    }
    for (*at = 0; s->slot[*at]; ++*at)
        ;
    return OK;
}

err oe_stub_ask(struct oe_stub *s, const struct oe_question *q, uint64_t now)
{
    struct oe_lookup *l;
    size_t at;
    TRY(free_slot(s, &at));
    l = mem_new(s->env->mem, sizeof *l);
    if (!l) return ERR_MEM;
    if (!dns_name_text(slice_str(q->name), l->name)) {
        mem_free(s->env->mem, l);
        return ERR_USE;
    }
    l->id = q->id;
    l->type = q->type;
    l->tcp = q->tcp;
    l->secure = true;
    l->ttl = UINT32_MAX;
    l->ends = now + s->timeout_ms;
    l->every = s->timeout_ms / OE_STUB_TRIES;
    if (l->every < 1) l->every = 1;
    if (l->every > OE_STUB_RETRY_MAX_MS) l->every = OE_STUB_RETRY_MAX_MS;
    s->slot[at] = l;
    s->under_way++;
    start(s, l, now);
    return OK;
}

/* --- answers ------------------------------------------------------------------------------------------------------------------------ */

/* Ends the look-up and tells; l is gone behind it. */
static void tell(struct oe_stub *s, struct oe_lookup *l, struct oe_answer *a, uint64_t now)
{
    uint32_t id = l->id;
    char canonical[DNS_NAME_TEXT] = "";
    if (a->canonical.n) memcpy(canonical, a->canonical.p, a->canonical.n + 1); /* it may be the name of l */
    a->canonical = slice_str(canonical);
    a->type = l->type;
    a->aliases = l->aliases;
    end_socket(s, l);
    s->slot[slot_of(s, l)] = NULL;
    s->under_way--;
    mem_free(s->env->mem, l);
    s->ops->done(s->ctx, id, a, now);
}

static void fail(struct oe_stub *s, struct oe_lookup *l, enum oe_look look, enum oe_security security, uint64_t now)
{
    struct oe_answer a = {.look = look, .security = security};
    tell(s, l, &a, now);
}

/* Is it the answer to our query, as far as that can be told? */
static bool fits(const struct oe_stub *s, const struct oe_lookup *l, const struct dns_msg *m)
{
    if (!m->header_read || !m->response || m->opcode != 0) return false;
    if (m->id != l->query_id && !OEMUT(s->mutant, ANY_ID)) return false;
    /* who cannot read a query may answer it without its question */
    if (m->questions == 0 && (m->rcode == DNS_FORMERR || m->rcode == DNS_NOTIMP)) return true;
    if (!m->qname || m->questions != 1) return false;
    if (OEMUT(s->mutant, ANY_QUESTION)) return true;
    return strcmp(m->qname, l->name) == 0 && m->qtype == l->type && m->qclass == DNS_IN;
}

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static const struct dns_rr *alias_of(const struct dns_msg *m, const char *name)
{
    for (size_t i = 0; i < m->answers; i++) {
        const struct dns_rr *rr = &m->rr[i];
        if (rr->type == DNS_CNAME && rr->class == DNS_IN && strcmp(rr->name, name) == 0) return rr;
    }
    return NULL;
}

/* Seconds for which the absence of a record holds (RFC 2308 5); false: nobody says. */
static bool absence(const struct dns_msg *m, uint32_t *ttl)
{
    for (size_t i = m->answers; i < m->answers + m->authorities; i++) {
        const struct dns_rr *rr = &m->rr[i];
        if (rr->type != DNS_SOA || rr->rdata.n < 22) continue; /* two names and five numbers */
        const uint8_t *p = rr->rdata.p + rr->rdata.n - 4;
        *ttl = least(rr->ttl, (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3]);
        return true;
    }
    return false;
}

static bool wanted(const struct oe_stub *s, const struct oe_lookup *l, const struct dns_msg *m, const struct dns_rr *rr, const char *name)
{
    bool type = rr->type == l->type || (OEMUT(s->mutant, ANY_TYPE) && rr->type != DNS_CNAME) || (OEMUT(s->mutant, ANY_QUESTION) && rr->type == m->qtype);
    return type && rr->class == DNS_IN && (strcmp(rr->name, name) == 0 || OEMUT(s->mutant, ANY_OWNER));
}

static enum oe_security security_of(const struct oe_stub *s, const struct oe_lookup *l)
{
    if (OEMUT(s->mutant, AD_ALWAYS)) return OE_SEC_SECURE;
    return l->secure && !OEMUT(s->mutant, AD_UNSEEN) ? OE_SEC_SECURE : OE_SEC_INSECURE;
}

/* Records of the name at the end of the chain, or that there are none. */
static void records(struct oe_stub *s, struct oe_lookup *l, const struct dns_msg *m, const char *name, uint64_t now)
{
    struct oe_answer a = {.look = m->rcode == DNS_NXDOMAIN ? OE_LOOK_NXDOMAIN : OE_LOOK_NODATA, .canonical = slice_str(name)};
    uint32_t ttl = 0;
    slice *rdata = mem_new(s->env->mem, (m->answers + 1) * sizeof *rdata);
    if (!rdata) {
        fail(s, l, OE_LOOK_SERVFAIL, OE_SEC_INDETERMINATE, now); /* as if there had been no answer: nothing of it is known */
        return;
    }
    for (size_t i = 0; i < m->answers && m->rcode == DNS_NOERROR; i++) {
        const struct dns_rr *rr = &m->rr[i];
        if (!wanted(s, l, m, rr, name)) continue;
        rdata[a.n++] = rr->rdata;
        l->ttl = least(l->ttl, rr->ttl);
    }
    if (a.n) a.look = OE_LOOK_RECORDS;
    else if (!absence(m, &ttl)) ttl = 0;
    a.rdata = rdata;
    a.ttl = a.n ? l->ttl : least(l->ttl, ttl);
    a.security = security_of(s, l);
    tell(s, l, &a, now);
    mem_free(s->env->mem, rdata);
}

static void too_many_aliases(struct oe_stub *s, struct oe_lookup *l, uint64_t now)
{
    if (OEMUT(s->mutant, ENDLESS_ALIASES)) {
        l->again = l->ends = UINT64_MAX;
        return;
    }
    fail(s, l, OE_LOOK_SERVFAIL, OE_SEC_INDETERMINATE, now);
}

/* The answer says something of the name: goes along its aliases, asks on where they lead out of it, tells otherwise. */
static void follow(struct oe_stub *s, struct oe_lookup *l, const struct dns_msg *m, uint64_t now)
{
    const char *name = OEMUT(s->mutant, ANY_QUESTION) ? m->qname : l->name;
    const struct dns_rr *alias;
    bool aliased = false, there = false;
    uint32_t ttl;
    l->secure &= m->ad;
    while (l->type != DNS_CNAME && (alias = alias_of(m, name)) != NULL) {
        if (++l->aliases > OE_STUB_ALIASES) {
            too_many_aliases(s, l, now);
            return;
        }
        l->ttl = least(l->ttl, alias->ttl);
        name = alias->target;
        aliased = true;
    }
    for (size_t i = 0; i < m->answers; i++)
        there |= wanted(s, l, m, &m->rr[i], name);
    /* a resolver that went to the end of the chain says what is not there by an SOA; one that did not leaves it to us */
    if (aliased && !there && m->rcode == DNS_NOERROR && !absence(m, &ttl) && strlen(name) < sizeof l->name) {
        memmove(l->name, name, strlen(name) + 1);
        end_socket(s, l);
        l->tcp = false;
        start(s, l, now);
        return;
    }
    records(s, l, m, name, now);
}

static void judge(struct oe_stub *s, struct oe_lookup *l, const struct dns_msg *m, err read, uint64_t now)
{
    bool truncated = m->tc && !l->tcp;
    if (truncated && OEMUT(s->mutant, NO_TCP)) {
        fail(s, l, OE_LOOK_SERVFAIL, OE_SEC_INDETERMINATE, now);
    } else if (truncated && !OEMUT(s->mutant, TAKES_TRUNCATED)) {
        end_socket(s, l);
        l->tcp = true;
        start(s, l, now);
    } else if (read != OK || (m->tc && !OEMUT(s->mutant, TAKES_TRUNCATED))) {
        fail(s, l, OE_LOOK_UNREADABLE, OE_SEC_INDETERMINATE, now);
    } else if (m->rcode == DNS_SERVFAIL && m->extended_error == DNS_EDE_BOGUS && !OEMUT(s->mutant, BOGUS_UNSEEN)) {
        fail(s, l, OE_LOOK_SERVFAIL, OE_SEC_BOGUS, now);
    } else if (m->rcode != DNS_NOERROR && m->rcode != DNS_NXDOMAIN) {
        fail(s, l, OE_LOOK_SERVFAIL, OE_SEC_INDETERMINATE, now);
    } else {
        follow(s, l, m, now);
    }
}

static void frame_came(struct oe_stub *s, const struct dns_frame *f, uint64_t now)
{
    size_t slot = f->who & 0xFFFF;
    struct oe_lookup *l = slot < s->slots ? s->slot[slot] : NULL;
    struct dns_msg m;
    struct dns_fault fault;
    if (!l || l->who != f->who) return;
    if (f->how == DNS_FRAME_END) {
        l->lost = l->tcp; /* another connection at the next try */
        return;
    }
    if ((f->how == DNS_FRAME_TCP) != l->tcp) return;
    if (f->elsewhere && !OEMUT(s->mutant, ANY_PLACE)) return;
    err e = dns_msg_read(s->env, f->msg, &m, &fault);
    if (e == ERR_PEER && OEMUT(s->mutant, GARBAGE_COUNTS)) fail(s, l, OE_LOOK_UNREADABLE, OE_SEC_INDETERMINATE, now);
    else if (e != ERR_MEM && fits(s, l, &m)) judge(s, l, &m, e, now);
    dns_msg_done(&m);
}

err oe_stub_feed(struct oe_stub *s, slice octets, uint64_t now)
{
    struct dns_frame f;
    for (;;) {
        err e = dns_frames_next(&s->frames, &octets, &f);
        if (e == ERR_MORE) return OK;
        if (e != OK) return e;
        frame_came(s, &f, now);
    }
}

/* --- time ----------------------------------------------------------------------------------------------------------------------------- */

uint64_t oe_stub_deadline(const struct oe_stub *s)
{
    return s->under_way ? s->next : UINT64_MAX;
}

void oe_stub_tick(struct oe_stub *s, uint64_t now)
{
    if (now < s->next) return;
    s->next = UINT64_MAX;
    /* look-ups that are begun from inside may take any slot: they are looked at as well, or wake us by themselves */
    for (size_t i = 0; i < s->slots; i++) {
        struct oe_lookup *l = s->slot[i];
        if (!l) continue;
        if (now >= l->ends) {
            fail(s, l, OE_LOOK_TIMEOUT, OE_SEC_INDETERMINATE, now);
            continue;
        }
        if (now >= l->again) {
            l->again = now + l->every;
            if (l->tcp && l->lost) fresh_socket(s, l);
            send_query(s, l); /* the same id from the same socket: each further one would be one more that a forger can hit */
        }
        wake_at(s, l);
    }
}
