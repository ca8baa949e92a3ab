/* SPDX-License-Identifier: MIT */
#include "peer/oe_gateway.h"

#include <stdio.h>
#include <string.h>

#include "peer/oe_adapter.h"
#include "peer/oe_stub.h"

/* One question of the adapter's conversation. */
struct asked {
    uint64_t tag;
    enum oe_line_op op;
    bool open; /* not answered yet; a phase 1 stays behind its answer */
    char id[OE_LINE_ID_MAX + 1];
};

struct gateway_peer {
    struct endpoint e; /* first */
    const struct oe_gateway_setup *s;
    struct oe_adapter adapter;
    struct rng rng;
    struct oe_agent *agent; /* NULL: nothing began yet */
    struct oe_stub stub;
    uint32_t timeout_ms;
    char dns_to[OE_LINE_TEXT_MAX + 1];
    struct asked **asked;
    size_t asked_n, asked_room, open;
    uint64_t tags;
    bool closing;         /* no further questions come */
    uint64_t close_by;
};

static struct gateway_peer *gateway_of(struct endpoint *e)
{
    return (struct gateway_peer *)e;
}

/* --- questions of the conversation ------------------------------------------------------------------------------------------------- */

static void forget(struct gateway_peer *g, size_t i)
{
    mem_free(g->e.env->mem, g->asked[i]);
    memmove(&g->asked[i], &g->asked[i + 1], (g->asked_n - i - 1) * sizeof *g->asked);
    g->asked_n--;
}

static void forget_all(struct gateway_peer *g)
{
    while (g->asked_n)
        forget(g, g->asked_n - 1);
    g->open = 0;
}

static struct asked *asked_by(const struct gateway_peer *g, const char *id, bool open)
{
    for (size_t i = g->asked_n; i--;) { /* the last one that had the name */
        if (g->asked[i]->open == open && strcmp(g->asked[i]->id, id) == 0) return g->asked[i];
    }
    return NULL;
}

/* Room for one more; the oldest phase 1 that was answered makes it when there are too many. */
static err note(struct gateway_peer *g, const struct oe_line_ask *a, struct asked **out)
{
    size_t kept = g->asked_n - g->open;
    if (g->open == OE_GATEWAY_OPEN) return ERR_LIMIT;
    for (size_t i = 0; i < g->asked_n && kept >= OE_GATEWAY_PHASE1; i++) {
        if (g->asked[i]->open) continue;
        forget(g, i);
        break;
    }
    if (g->asked_n == g->asked_room) {
        size_t room = g->asked_room ? 2 * g->asked_room : 16;
        struct asked **more = mem_resize(g->e.env->mem, g->asked, room * sizeof *more);
        if (!more) return ERR_MEM;
        g->asked = more;
        g->asked_room = room;
    }
    struct asked *q = mem_new(g->e.env->mem, sizeof *q);
    if (!q) return ERR_MEM;
    q->tag = ++g->tags;
    q->op = a->op;
    q->open = true;
    snprintf(q->id, sizeof q->id, "%s", a->id);
    g->asked[g->asked_n++] = q;
    g->open++;
    *out = q;
    return OK;
}

static size_t index_of(const struct gateway_peer *g, uint64_t tag)
{
    size_t i = 0;
    while (i < g->asked_n && g->asked[i]->tag != tag)
        i++;
    return i;
}

static void answered(struct gateway_peer *g, size_t i)
{
    g->asked[i]->open = false;
    g->open--;
    if (g->asked[i]->op != OE_OP_PHASE1) forget(g, i);
}

/* --- answers ----------------------------------------------------------------------------------------------------------------------- */

static enum oe_line_decision decision_of(enum oe_outcome out)
{
    switch (out) {
    case OE_OUT_ENCRYPT: return OE_LINE_DECISION_ENCRYPT;
    case OE_OUT_CLEAR: return OE_LINE_DECISION_CLEAR;
    case OE_OUT_CONFIGURED: return OE_LINE_DECISION_CONFIGURED;
    default: return OE_LINE_DECISION_DROP;
    }
}

static enum oe_line_verdict verdict_of(enum oe_outcome out)
{
    switch (out) {
    case OE_OUT_AUTHENTIC: return OE_LINE_VERDICT_AUTHENTIC;
    case OE_OUT_ACCEPT: return OE_LINE_VERDICT_ACCEPT;
    case OE_OUT_CONFIGURED: return OE_LINE_VERDICT_CONFIGURED;
    default: return OE_LINE_VERDICT_REFUSE; /* CHECK as well: no key fitted the signature */
    }
}

static void say_decision(struct gateway_peer *g, const struct oe_decision *d)
{
    char gateway[OE_HOST_TEXT], source[OE_HOST_TEXT], reason[320] = "";
    size_t i = index_of(g, d->tag);
    if (i == g->asked_n) return;
    bool verdict = d->ask == OE_ASK_PHASE1 || d->ask == OE_ASK_PHASE2;
    struct oe_line_reply r = {.id = g->asked[i]->id, .says = verdict ? OE_SAYS_VERDICT : OE_SAYS_DECISION, .reason = reason};
    if (d->steps) {
        const struct oe_step *last = &d->trail[d->steps - 1];
        snprintf(reason, sizeof reason, "%s%s%s (%s)", last->about, *last->about ? ": " : "", last->rule->why, clauses[last->rule->clause].id);
    }
    r.decision = decision_of(d->out);
    r.verdict = verdict_of(d->out);
    r.decided_gateway = oe_host_text(&d->gateway, gateway);
    r.source = oe_host_text(&d->source, source);
    if (!verdict && d->out != OE_OUT_ENCRYPT) r.source = "";
    struct oe_rsa *keys = mem_new(g->e.env->mem, (d->key_count + 1) * sizeof *keys);
    if (keys) {
        if (d->key_count) memcpy(keys, d->keys, d->key_count * sizeof *keys);
        r.keys = keys;
        r.key_count = d->key_count;
        oe_adapter_say(&g->adapter, &r);
        mem_free(g->e.env->mem, keys);
    } else {
        oe_adapter_status(&g->adapter, r.id, OE_SAYS_ERROR, "out of memory");
    }
    answered(g, i);
}

static void end_when_through(struct gateway_peer *g)
{
    if (!g->closing || g->open) return;
    g->e.link[0].fin = true;
    g->e.link[1].fin = true;
}

/* Carries questions of the agent to the stub, and its decisions to the adapter's lines.  The agent is told nothing while it has something to say. */
static void pump(struct gateway_peer *g, uint64_t now)
{
    struct oe_question q;
    struct oe_decision d;
    for (;;) {
        while (oe_agent_decision(g->agent, &d))
            say_decision(g, &d);
        if (!oe_agent_ask(g->agent, &q)) break;
        if (oe_stub_ask(&g->stub, &q, now) == OK) continue;
        struct oe_answer none = {.look = OE_LOOK_SERVFAIL, .security = OE_SEC_INDETERMINATE, .type = q.type};
        err e = oe_agent_answer(g->agent, q.id, &none, now);
        (void)e; /* no memory: the agent takes it for one that cannot be read */
    }
    end_when_through(g);
}

/* --- DNS ----------------------------------------------------------------------------------------------------------------------------- */

static void dial(struct gateway_peer *g)
{
    link_reset(&g->e, 1);
    oe_stub_relink(&g->stub);
    g->e.link[1].to = g->dns_to;
    g->e.link[1].state = LINK_WANTED;
}

static void dns_send(void *ctx, const struct dns_frame *f)
{
    struct gateway_peer *g = ctx;
    struct link *l = &g->e.link[1];
    /* a link that was lost is opened anew by whoever has something to ask, and not by itself: tries are apart in time */
    if (l->state == LINK_DOWN || l->state == LINK_IDLE) {
        if (f->how == DNS_FRAME_END) return;
        dial(g);
    }
    /* what cannot be queued is lost, as a datagram would be; it is sent again */
    if (!l->drop && !l->fin && dns_frame_write(f, &l->out) != OK) return;
}

static void dns_done(void *ctx, uint32_t id, const struct oe_answer *answer, uint64_t now)
{
    struct gateway_peer *g = ctx;
    err e = oe_agent_answer(g->agent, id, answer, now);
    (void)e; /* no memory: the agent takes the answer for one that cannot be read */
    pump(g, now);
}

static const struct oe_stub_ops stub_ops = {.send = dns_send, .done = dns_done};

/* --- what is asked -------------------------------------------------------------------------------------------------------------------- */

static bool policy_of(const struct gateway_peer *g, const struct oe_line_ask *a, struct oe_policy *p, const char **why)
{
    const struct oe_line_policy *q = &a->policy;
    oe_policy_init(p);
    p->dialect = a->dialect;
    p->tolerant = g->s->tolerant;
    p->untold = g->s->untold;
    p->spoil = g->s->spoil;
    p->class = (enum oe_policy_class)q->is; /* the same words in the same order */
    p->unsigned_records = q->unsigned_;
    p->nat = (enum oe_nat)q->nat;
    p->timeout_ms = q->timeout_ms;
    *why = "policy.name is no name, or policy has an address that is none, or more than we keep";
    for (size_t i = 0; i < q->class_count; i++) {
        if (oe_policy_except(p, slice_str(q->classes[i].who), (enum oe_policy_class)q->classes[i].is) != OK) return false;
    }
    for (size_t i = 0; i < q->self_count; i++) {
        if (oe_policy_self(p, slice_str(q->self[i])) != OK) return false;
    }
    for (size_t i = 0; i < q->public_count; i++) {
        if (oe_policy_map(p, slice_str(q->publics[i].inside), slice_str(q->publics[i].outside)) != OK) return false;
    }
    return oe_policy_name(p, slice_str(q->name)) == OK;
}

_Static_assert((int)OE_LINE_PARANOID == (int)OE_POLICY_PARANOID && (int)OE_LINE_NAT_BETWEEN == (int)OE_NAT_BETWEEN &&
                   (int)OE_LINE_REPORT_SIGNATURE == (int)OE_REPORT_SIGNATURE,
               "words of lines and of policies stand in the same order");

static void begin(struct gateway_peer *g, const struct oe_line_ask *a)
{
    struct oe_agent_setup setup = {.seed = rng_next(&g->rng), .mutant = g->s->mutant};
    const char *why, *to = *a->dns ? a->dns : g->s->dns_to;
    struct oe_agent *agent;
    if (!to || !*to) {
        oe_adapter_status(&g->adapter, a->id, OE_SAYS_ERROR, "dns is missing");
        return;
    }
    if (!policy_of(g, a, &setup.policy, &why)) {
        oe_adapter_status(&g->adapter, a->id, OE_SAYS_ERROR, why);
        return;
    }
    if (oe_agent_new(g->e.env, &setup, &agent) != OK) {
        oe_adapter_status(&g->adapter, a->id, OE_SAYS_ERROR, "out of memory");
        return;
    }
    if (g->agent) oe_agent_free(g->agent);
    g->agent = agent;
    oe_stub_cancel(&g->stub);
    forget_all(g);
    g->stub.timeout_ms = g->timeout_ms = setup.policy.timeout_ms;
    struct link *l = &g->e.link[1];
    bool stands = (l->state == LINK_UP && !l->in_ended) || l->state == LINK_WANTED || l->state == LINK_DIALING;
    if (strcmp(to, g->dns_to) != 0 || !stands) {
        snprintf(g->dns_to, sizeof g->dns_to, "%s", to);
        if (l->state == LINK_UP || l->state == LINK_DIALING) l->drop = true; /* opened anew by the next question */
        else dial(g);
    }
    oe_adapter_status(&g->adapter, a->id, OE_SAYS_READY, "");
}

static void tunnels(struct gateway_peer *g, const char *id)
{
    struct oe_line_reply r = {.id = id, .says = OE_SAYS_TUNNELS};
    struct oe_host destination, gateway;
    struct arena own;
    size_t n = 0;
    while (oe_agent_tunnel(g->agent, n, &destination, &gateway))
        n++;
    arena_init(&own, g->e.env->mem);
    r.tunnels = arena_new(&own, n * sizeof *r.tunnels);
    for (; r.tunnels && r.tunnel_count < n; r.tunnel_count++) {
        char *to = arena_new(&own, OE_HOST_TEXT), *through = arena_new(&own, OE_HOST_TEXT);
        if (!to || !through || !oe_agent_tunnel(g->agent, r.tunnel_count, &destination, &gateway)) break;
        r.tunnels[r.tunnel_count].destination = oe_host_text(&destination, to);
        r.tunnels[r.tunnel_count].gateway = oe_host_text(&gateway, through);
    }
    if (r.tunnels && r.tunnel_count == n) oe_adapter_say(&g->adapter, &r);
    else oe_adapter_status(&g->adapter, id, OE_SAYS_ERROR, "out of memory");
    arena_done(&own);
}

/* Hands a question to the agent: ERR_PEER with a reason when it makes no sense. */
static err hand(struct gateway_peer *g, const struct oe_line_ask *a, uint64_t tag, uint64_t now, const char **why)
{
    struct oe_host source = {.family = 0}, destination = source, gateway = source;
    bool has_destination = a->op == OE_OP_INITIATE || a->op == OE_OP_REPORT, has_source = a->op == OE_OP_INITIATE || a->op == OE_OP_PHASE2;
    *why = "destination is no address";
    if (has_destination && !oe_host_read(slice_str(a->destination), &destination)) return ERR_PEER;
    *why = "source is no address";
    if (has_source && !oe_host_read(slice_str(a->source), &source)) return ERR_PEER;
    if (a->op == OE_OP_INITIATE) return oe_agent_initiate(g->agent, tag, &source, &destination, now);
    if (a->op == OE_OP_REPORT) {
        *why = "gateway is no address";
        if (!oe_host_read(slice_str(a->gateway), &gateway)) return ERR_PEER;
        return oe_agent_report(g->agent, tag, &destination, &gateway, (enum oe_report)a->outcome, now);
    }
    if (a->op == OE_OP_PHASE1) {
        struct oe_phase1 p = {.type = a->identity_type, .identity = slice_str(a->identity), .signed_by = a->signed_by};
        *why = "from is no address";
        if (*a->from && !oe_host_read(slice_str(a->from), &p.from)) return ERR_PEER;
        return oe_agent_phase1(g->agent, tag, &p, now);
    }
    const struct asked *first = asked_by(g, a->phase1, true);
    if (!first || first->op != OE_OP_PHASE1) first = asked_by(g, a->phase1, false);
    *why = "phase1 names no question phase1";
    if (!first || first->op != OE_OP_PHASE1) return ERR_PEER;
    return oe_agent_phase2(g->agent, tag, first->tag, &source, now);
}

static void question(struct gateway_peer *g, const struct oe_line_ask *a, uint64_t now)
{
    const char *why = "";
    struct asked *q = NULL;
    err e = note(g, a, &q);
    uint64_t tag = q ? q->tag : 0;
    if (e == OK) e = hand(g, a, tag, now, &why);
    if (e != OK) {
        if (e == ERR_LIMIT) why = "too many questions are under way";
        if (e == ERR_MEM) why = "out of memory";
        oe_adapter_status(&g->adapter, a->id, OE_SAYS_ERROR, *why ? why : "this makes no sense");
        size_t i = index_of(g, tag);
        if (tag && i < g->asked_n) {
            g->open--;
            forget(g, i);
        }
    }
    pump(g, now);
}

static void ask(struct endpoint *e, const struct oe_line_ask *a, uint64_t now)
{
    struct gateway_peer *g = gateway_of(e);
    if (a->op == OE_OP_RECORD) {
        oe_adapter_status(&g->adapter, a->id, OE_SAYS_UNSUPPORTED, "a gateway reads no records by themselves");
    } else if (a->op == OE_OP_BEGIN) {
        begin(g, a);
    } else if (!g->agent) {
        oe_adapter_status(&g->adapter, a->id, OE_SAYS_ERROR, "nothing began yet");
    } else if (asked_by(g, a->id, true)) {
        oe_adapter_status(&g->adapter, a->id, OE_SAYS_ERROR, "a question with this id is under way");
    } else if (a->op == OE_OP_ADVANCE) {
        oe_agent_advance(g->agent, a->ms, now);
        pump(g, now);
        oe_adapter_status(&g->adapter, a->id, OE_SAYS_READY, "");
    } else if (a->op == OE_OP_TUNNELS) {
        tunnels(g, a->id);
    } else {
        question(g, a, now);
    }
}

/* --- the endpoint ------------------------------------------------------------------------------------------------------------------- */

static void up(struct endpoint *e, int link, uint64_t now)
{
    (void)e, (void)link, (void)now;
}

static void feed(struct endpoint *e, int link, slice octets, uint64_t now)
{
    struct gateway_peer *g = gateway_of(e);
    if (link == 0) oe_adapter_feed(&g->adapter, octets, now);
    else if (link == 1 && g->agent && oe_stub_feed(&g->stub, octets, now) != OK) e->link[1].drop = true;
}

static void urgent(struct endpoint *e, int link, uint64_t now)
{
    (void)e, (void)link, (void)now;
}

static void ended(struct endpoint *e, int link, enum link_end how, uint64_t now)
{
    struct gateway_peer *g = gateway_of(e);
    if (link == 1) {
        if (how == LINK_FIN) e->link[1].drop = true;
        return;
    }
    g->closing = true;
    g->close_by = now + 2 * (uint64_t)g->timeout_ms; /* an answer that has not come by then will not come */
    end_when_through(g);
}

static void tick(struct endpoint *e, uint64_t now)
{
    struct gateway_peer *g = gateway_of(e);
    if (g->agent) {
        oe_stub_tick(&g->stub, now);
        if (now >= oe_agent_deadline(g->agent)) oe_agent_tick(g->agent, now);
        pump(g, now);
    }
    if (g->closing && now >= g->close_by && g->open) {
        forget_all(g);
        end_when_through(g);
    }
}

static uint64_t deadline(const struct endpoint *e)
{
    const struct gateway_peer *g = (const struct gateway_peer *)e;
    uint64_t at = g->closing && g->open ? g->close_by : UINT64_MAX;
    if (!g->agent) return at;
    uint64_t stub = oe_stub_deadline(&g->stub), agent = oe_agent_deadline(g->agent);
    if (stub < at) at = stub;
    return agent < at ? agent : at;
}

static bool finished(const struct endpoint *e)
{
    return e->link[0].state == LINK_DOWN;
}

static void free_gateway(struct endpoint *e)
{
    struct gateway_peer *g = gateway_of(e);
    const struct mem *mem = e->env->mem;
    forget_all(g);
    mem_free(mem, g->asked);
    oe_stub_done(&g->stub);
    if (g->agent) oe_agent_free(g->agent);
    oe_adapter_done(&g->adapter);
    endpoint_done(e);
    mem_free(mem, g);
}

static const struct endpoint_ops ops = {
    .up = up, .feed = feed, .urgent = urgent, .ended = ended, .tick = tick, .deadline = deadline, .finished = finished, .free = free_gateway};

err oe_gateway_new(const struct oe_gateway_setup *s, struct endpoint **out)
{
    struct gateway_peer *g = mem_new(s->env->mem, sizeof *g);
    if (!g) return ERR_MEM;
    endpoint_init(&g->e, &ops, s->env);
    g->s = s;
    rng_init(&g->rng, s->seed);
    oe_adapter_init(&g->adapter, &g->e, ask);
    oe_stub_init(&g->stub, s->env, &stub_ops, g, OE_POLICY_TIMEOUT_MS, rng_next(&g->rng), s->mutant);
    *out = &g->e;
    return OK;
}
