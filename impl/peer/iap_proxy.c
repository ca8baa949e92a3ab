/* SPDX-License-Identifier: MIT */
#include "peer/iap_proxy.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define MUT(p, name) ((p)->s->mutant == MUT_##name)

enum { NEAR, FAR };
enum stage {
    WAIT_CONNECT,  /* the connect request is being read */
    WAIT_FAR,      /* the next hop is being connected to */
    WAIT_RESPONSE, /* the request was passed on */
    OPEN,          /* transparent */
    ENDING         /* an error was answered */
};

struct iap_proxy {
    struct endpoint e; /* first */
    const struct iap_proxy_setup *s;
    struct track_iap near, far; /* far: we are its initiator */
    enum stage stage;
    struct buf request; /* what goes to the next hop */
    struct buf early;   /* octets of the requester that came before the answer */
    bool ended[2];
    uint64_t born, close_by;
    uint64_t first_octet, last_octet;
    size_t forwarded;
};

static struct iap_proxy *proxy_of(struct endpoint *e)
{
    return (struct iap_proxy *)e;
}

__attribute__((format(printf, 2, 3))) static void say(struct iap_proxy *p, const char *fmt, ...)
{
    char text[160];
    va_list ap;
    if (!p->s->say) return;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    p->s->say(p->s->ctx, text);
}

static void drop_all(struct iap_proxy *p)
{
    p->e.link[NEAR].drop = true;
    p->e.link[FAR].drop = true;
    p->stage = ENDING;
}

static void close_soon(struct iap_proxy *p, uint64_t now)
{
    p->stage = ENDING;
    p->e.link[NEAR].fin = true;
    if (p->e.link[FAR].state == LINK_UP) p->e.link[FAR].fin = true;
    if (!p->close_by) p->close_by = now + p->e.env->limits.close_ms;
}

static void write_parts(struct iap_proxy *p, const struct iap_msg *m, struct buf *out)
{
    struct parts parts;
    parts_init(&parts, p->e.env->mem, 2 * p->e.env->limits.head);
    err e = iap_compose(m, &iap_style_sent, &parts);
    if (e == OK) e = iap_mutate(p->s->mutant, m, false, &parts);
    if (e == OK) e = parts_write(&parts, out);
    parts_done(&parts);
    if (e != OK) drop_all(p);
}

/* An error of our own to the requester. */
static void answer(struct iap_proxy *p, uint16_t code, const char *why, uint64_t now)
{
    struct iap_msg m;
    memset(&m, 0, sizeof m);
    say(p, "%s; answered %u", why, (unsigned)code);
    m.kind = IAP_RESPONSE;
    m.code = code;
    write_parts(p, &m, &p->e.link[NEAR].out);
    close_soon(p, now);
}

/* --- the connect request ---------------------------------------------------------------------------------------- */

static bool same_identity(const struct iap_proxy *p, slice via)
{
    slice own = slice_str(p->s->identity);
    if (MUT(p, P_LOOP_PART) && via.n > own.n) via = slice_sub(via, via.n - own.n, via.n);
    return MUT(p, P_LOOP_CASE) ? slice_eq(via, own) : iap_host_same(via, own);
}

/* 3.1: does any Via line name us?  Such a request has been here before. */
static bool is_loop(const struct iap_proxy *p, const struct iap_msg *m)
{
    if (MUT(p, P_NO_LOOP)) return false;
    for (uint32_t i = 0; i < m->via_n; i++) {
        if (MUT(p, P_LOOP_LAST) && i + 1 < m->via_n) continue;
        if (MUT(p, P_LOOP_FIRST) && i > 0) continue;
        if (same_identity(p, m->via[i])) return true;
    }
    return false;
}

static const struct iap_route *route_for(const struct iap_proxy *p, slice host)
{
    const struct iap_route *any = NULL;
    for (size_t i = 0; i < p->s->routes; i++) {
        const struct iap_route *r = &p->s->route[i];
        if (!r->host) any = r;
        else if (iap_host_same(host, slice_str(r->host))) return r;
    }
    return any;
}

static void add_own_via(struct iap_proxy *p, struct iap_msg *m)
{
    slice own = slice_str(p->s->identity);
    if (MUT(p, P_DROPS_VIA)) m->via_n = 0;
    if (MUT(p, P_VIA_FIRST)) {
        memmove(&m->via[1], &m->via[0], m->via_n * sizeof m->via[0]);
        m->via[0] = own;
        m->via_n++;
        return;
    }
    m->via[m->via_n++] = own;
    if (MUT(p, P_VIA_TWICE) && m->via_n < IAP_VIAS_MAX) m->via[m->via_n++] = own;
}

static void pretend_accept(struct iap_proxy *p)
{
    struct iap_msg m;
    memset(&m, 0, sizeof m);
    m.kind = IAP_RESPONSE;
    m.code = 200;
    m.via[m.via_n++] = slice_str(p->s->identity);
    write_parts(p, &m, &p->e.link[NEAR].out);
}

static void on_connect(struct iap_proxy *p, struct iap_msg *m, uint64_t now)
{
    const struct iap_route *r = route_for(p, m->host);
    if (MUT(p, P_REFUSES_VIA) && m->via_n) {
        answer(p, 400, "the request came through a proxy", now);
        return;
    }
    bool loop = is_loop(p, m);
    if (loop && MUT(p, P_LOOP_CLOSES)) {
        close_soon(p, now);
        return;
    }
    if (loop) {
        if (MUT(p, P_LOOP_DIALS) && r) {
            p->e.link[FAR].to = r->to;
            p->e.link[FAR].state = LINK_WANTED;
        }
        answer(p, MUT(p, P_LOOP_403) ? 403 : 502, "the request came back to this proxy: a loop (3.1)", now);
        return;
    }
    if (!r && MUT(p, P_ANY_PLACE)) {
        pretend_accept(p);
        return;
    }
    if (!r) { /* 7.5 */
        answer(p, 403, "the host is none of the configured next hops", now);
        return;
    }
    if (m->via_n >= IAP_VIAS_MAX || m->via_n >= p->e.env->limits.vias) {
        answer(p, 502, "too many proxies on the way", now);
        return;
    }
    if (MUT(p, P_NO_DIAL)) {
        pretend_accept(p);
        p->stage = OPEN;
        return;
    }
    add_own_via(p, m);
    write_parts(p, m, &p->request);
    p->e.link[FAR].to = r->to;
    p->e.link[FAR].state = LINK_WANTED;
    p->stage = WAIT_FAR;
    if (MUT(p, P_EARLY)) pretend_accept(p);
}

static const struct iap_fault *forbidden(const struct track_iap *t)
{
    for (uint32_t i = 0; i < t->fault_n; i++) {
        if (t->fault[i].severity == SEV_FAIL) return &t->fault[i];
    }
    return NULL;
}

/* What the mutants do with a request that should be refused; false: refuse it. */
static bool mistreat(struct iap_proxy *p, uint64_t now)
{
    struct iap_msg m;
    if (MUT(p, P_MUTE_ON_BAD)) return true;
    if (MUT(p, P_ACCEPTS_BAD)) {
        pretend_accept(p);
        p->stage = OPEN;
        return true;
    }
    if (!MUT(p, P_MENDS) || !p->s->routes) return false;
    memset(&m, 0, sizeof m);
    m.kind = IAP_CONNECT;
    m.host = slice_str(p->s->route[0].host);
    on_connect(p, &m, now);
    return true;
}

static void on_near_item(struct iap_proxy *p, err e, struct iap_msg *m, uint64_t now)
{
    const struct iap_fault *f = forbidden(&p->near);
    if ((e != OK || f) && mistreat(p, now)) return;
    if (e != OK || f) {
        const char *why = p->near.fault_n ? p->near.fault[0].text : "out of memory";
        answer(p, f && f->code == IAP_F_VERSION ? 505 : 400, f ? f->text : why, now);
        return;
    }
    on_connect(p, m, now);
}

/* --- the response ------------------------------------------------------------------------------------------------- */

/* Octets pass; the destination's queue decides whether more may come. */
static void pass(struct iap_proxy *p, int from, slice octets)
{
    struct link *to = &p->e.link[!from];
    if (buf_add(&to->out, octets) != OK) {
        drop_all(p);
        return;
    }
    p->e.link[from].pause = to->out.n > p->e.env->limits.out_queue / 4;
}

static void pass_mutated(struct iap_proxy *p, int from, slice octets)
{
    if (MUT(p, P_NO_DIAL)) return;
    if (MUT(p, P_INSPECTS) && octets.n && (octets.p[0] == 0 || octets.p[0] >= 0x80)) {
        drop_all(p);
        return;
    }
    if (MUT(p, P_TRUNCATES) && from == NEAR) {
        size_t left = p->forwarded < 65536 ? 65536 - p->forwarded : 0;
        octets = slice_sub(octets, 0, left);
        p->forwarded += octets.n;
    }
    bool newlines = MUT(p, P_NEWLINES) && from == NEAR, nuls = MUT(p, P_NULS) && from == FAR;
    if (!newlines && !nuls) {
        pass(p, from, octets);
        return;
    }
    for (size_t i = 0; i < octets.n; i++) {
        uint8_t c = octets.p[i];
        if (newlines && c == '\n' && (i == 0 || octets.p[i - 1] != '\r')) pass(p, from, SLICE_LIT("\r"));
        if (!nuls || c) pass(p, from, slice_of(&c, 1));
    }
}

static void open_through(struct iap_proxy *p)
{
    p->stage = OPEN;
    if (p->early.n && !MUT(p, P_LOSES_EARLY)) pass_mutated(p, NEAR, buf_slice(&p->early));
    p->e.link[NEAR].urgent |= MUT(p, P_URGENT);
    buf_shrink(&p->early);
}

static void on_response(struct iap_proxy *p, struct iap_msg *m, uint64_t now)
{
    if (MUT(p, P_EARLY)) {
        if (m->code == 200) open_through(p);
        else close_soon(p, now);
        return;
    }
    if (MUT(p, P_HIDES_REFUSAL) && m->code >= 400) m->code = 200;
    if (MUT(p, P_OWN_CODE) && m->code >= 400) m->code = 502;
    if (!MUT(p, P_NO_RESPONSE_VIA) && m->via_n < IAP_VIAS_MAX) m->via[m->via_n++] = slice_str(p->s->identity);
    if (MUT(p, P_RESPONSE_VIA_FIRST) && m->via_n > 1) {
        m->via[m->via_n - 1] = m->via[0];
        m->via[0] = slice_str(p->s->identity);
    }
    write_parts(p, m, &p->e.link[NEAR].out);
    if (m->code == 200) {
        open_through(p);
        return;
    }
    say(p, "next hop refused with %u; relayed", (unsigned)m->code);
    close_soon(p, now);
}

static void on_far_item(struct iap_proxy *p, err e, struct iap_msg *m, uint64_t now)
{
    const struct iap_fault *f = forbidden(&p->far);
    if ((e != OK || f) && MUT(p, P_HANGS)) return;
    if (e != OK || f) {
        answer(p, 502, f ? f->text : "the next hop's answer cannot be read", now);
        return;
    }
    on_response(p, m, now);
}

/* Reads one message on a side that is still in the set-up; what is left of in belongs to the transparent phase. */
static bool read_setup(struct iap_proxy *p, int link, slice *in, uint64_t now)
{
    struct track_iap *t = link == NEAR ? &p->near : &p->far;
    struct iap_msg m;
    int sender = link == NEAR ? 0 : 1;
    err e = track_iap_feed(t, sender, in, &m);
    p->last_octet = now;
    if (e == ERR_MORE) {
        if (!p->first_octet) p->first_octet = now ? now : 1;
        return false;
    }
    p->first_octet = 0;
    /* the response is relayed before anything that came with it */
    if (link == NEAR) on_near_item(p, e, &m, now);
    else on_far_item(p, e, &m, now);
    struct buf rest;
    buf_init(&rest, p->e.env->mem, p->e.env->limits.out_queue);
    err r = iap_reader_rest(&t->reader[sender], &rest);
    if (r != OK) drop_all(p);
    else if (rest.n && MUT(p, P_SWALLOWS) && link == FAR) rest.n = 0;
    else if (rest.n && p->stage == OPEN) pass_mutated(p, link, buf_slice(&rest));
    else if (rest.n && p->stage < OPEN && buf_add(&p->early, buf_slice(&rest)) != OK) drop_all(p);
    buf_done(&rest);
    if (MUT(p, P_SWALLOWS) && link == FAR) *in = SLICE_NONE;
    return true;
}

/* --- the endpoint ------------------------------------------------------------------------------------------------- */

static void proxy_up(struct endpoint *e, int link, uint64_t now)
{
    struct iap_proxy *p = proxy_of(e);
    if (link == NEAR) {
        p->born = now;
        return;
    }
    if (p->stage != WAIT_FAR) { /* the requester went away, or was answered, meanwhile */
        p->e.link[FAR].fin = true;
        return;
    }
    if (buf_add(&p->e.link[FAR].out, buf_slice(&p->request)) != OK) drop_all(p);
    buf_shrink(&p->request);
    p->stage = WAIT_RESPONSE;
    /* the far tracker sees our request as the initiator's, so that the response finds its place */
    struct iap_msg m;
    memset(&m, 0, sizeof m);
    m.kind = IAP_CONNECT;
    track_iap_message(&p->far, 0, &m);
}

static void proxy_feed(struct endpoint *e, int link, slice in, uint64_t now)
{
    struct iap_proxy *p = proxy_of(e);
    bool setup = (p->stage == WAIT_CONNECT && link == NEAR) || (p->stage == WAIT_RESPONSE && link == FAR);
    if (setup && !read_setup(p, link, &in, now)) {
        if (MUT(p, P_ONE_SEGMENT)) answer(p, link == NEAR ? 400 : 502, "no whole message", now);
        return;
    }
    if (!in.n || p->stage == ENDING) return;
    if (p->stage == OPEN) {
        pass_mutated(p, link, in);
        return;
    }
    if (link == NEAR && buf_add(&p->early, in) != OK) drop_all(p);
    /* nothing good can come before the answer: let the requester wait */
    if (p->early.n > e->env->limits.head) e->link[NEAR].pause = true;
}

static void proxy_urgent(struct endpoint *e, int link, uint64_t now)
{
    struct iap_proxy *p = proxy_of(e);
    (void)link;
    (void)now;
    say(p, "urgent data (6.2); connection ended");
    drop_all(p);
}

static void proxy_ended(struct endpoint *e, int link, enum link_end how, uint64_t now)
{
    struct iap_proxy *p = proxy_of(e);
    p->ended[link] = true;
    if (link == FAR && p->stage < OPEN && MUT(p, P_HANGS)) return;
    if (how == LINK_REFUSED) {
        if (p->stage == WAIT_FAR) answer(p, 502, "the next hop cannot be reached", now);
        return;
    }
    if (MUT(p, P_KEEPS_OPEN)) return;
    if (p->stage == WAIT_RESPONSE && link == FAR) {
        struct iap_msg m;
        err r = track_iap_settle(&p->far, 1, &m);
        if (r == OK) on_far_item(p, r, &m, now);
        if (p->stage == WAIT_RESPONSE) answer(p, 502, "the next hop closed without an answer", now);
        if (p->stage == OPEN) e->link[NEAR].fin = true; /* accepted and ended in one */
        return;
    }
    if (how == LINK_RESET) {
        e->link[!link].drop = true;
        p->stage = ENDING;
        if (!p->close_by) p->close_by = now + e->env->limits.close_ms;
        return;
    }
    if (p->stage == OPEN) { /* pass the half-close on; both ended is the end */
        e->link[!link].fin = true;
        return;
    }
    close_soon(p, now);
}

static void proxy_drained(struct endpoint *e, int link, uint64_t now)
{
    (void)now;
    e->link[!link].pause = false;
}

static uint64_t proxy_deadline(const struct endpoint *e)
{
    const struct iap_proxy *p = (const struct iap_proxy *)e;
    const struct limits *l = &e->env->limits;
    if (p->close_by) return p->close_by;
    if (p->stage == OPEN) return UINT64_MAX;
    uint64_t at = p->born + l->setup_ms;
    if (p->first_octet && p->first_octet + l->message_ms < at) at = p->first_octet + l->message_ms;
    if (p->first_octet && p->last_octet + l->grace_ms < at) at = p->last_octet + l->grace_ms;
    return at;
}

static void proxy_tick(struct endpoint *e, uint64_t now)
{
    struct iap_proxy *p = proxy_of(e);
    if (now < proxy_deadline(e)) return;
    if (p->close_by) {
        drop_all(p);
        return;
    }
    struct iap_msg m;
    bool far = p->stage == WAIT_RESPONSE;
    struct track_iap *t = far ? &p->far : &p->near;
    if (p->first_octet && iap_reader_inside(&t->reader[far])) {
        err r = track_iap_settle(t, far, &m);
        if (r != ERR_MORE) {
            p->first_octet = 0;
            if (far) on_far_item(p, r, &m, now);
            else on_near_item(p, r, &m, now);
            return;
        }
        p->last_octet = now + e->env->limits.message_ms;
        if (now < p->first_octet + e->env->limits.message_ms && now < p->born + e->env->limits.setup_ms) return;
    }
    if (p->stage == WAIT_CONNECT) {
        say(p, "no connect request in time");
        close_soon(p, now);
    } else {
        answer(p, 504, "the next hop did not answer in time", now);
    }
}

static bool proxy_finished(const struct endpoint *e)
{
    const struct iap_proxy *p = (const struct iap_proxy *)e;
    bool far_over = e->link[FAR].state == LINK_DOWN || e->link[FAR].state == LINK_IDLE;
    return e->link[NEAR].state == LINK_DOWN && (far_over || p->stage == ENDING);
}

static void proxy_free(struct endpoint *e)
{
    struct iap_proxy *p = proxy_of(e);
    const struct mem *mem = e->env->mem;
    track_iap_done(&p->near);
    track_iap_done(&p->far);
    buf_done(&p->request);
    buf_done(&p->early);
    endpoint_done(e);
    mem_free(mem, p);
}

static const struct endpoint_ops ops = {
    .up = proxy_up,
    .feed = proxy_feed,
    .urgent = proxy_urgent,
    .ended = proxy_ended,
    .drained = proxy_drained,
    .tick = proxy_tick,
    .deadline = proxy_deadline,
    .finished = proxy_finished,
    .free = proxy_free,
};

err iap_proxy_new(const struct iap_proxy_setup *s, struct endpoint **out)
{
    struct iap_proxy *p = mem_new(s->env->mem, sizeof *p);
    *out = NULL;
    if (!p) return ERR_MEM;
    endpoint_init(&p->e, &ops, s->env);
    p->s = s;
    track_iap_init(&p->near, s->env, false);
    track_iap_init(&p->far, s->env, false);
    buf_init(&p->request, s->env->mem, 2 * s->env->limits.head);
    buf_init(&p->early, s->env->mem, s->env->limits.out_queue);
    *out = &p->e;
    return OK;
}
