/* SPDX-License-Identifier: MIT */
#include "peer/iap_peer_impl.h"

#include <string.h>

static struct iap_peer *peer_of(struct endpoint *e)
{
    return (struct iap_peer *)e;
}

/* --- events ------------------------------------------------------------------------------------------------------- */

static uint16_t code_for(enum iap_fault_code f)
{
    switch ((int)f) {
    case IAP_F_VERSION:
    case IAP_F_CHANNEL_VERSION: return 505;
    case IAP_F_NO_LENGTH: return 411;
    case IAP_F_CONTENT_LONG: return 413;
    case IAP_F_CHUNKED: return 501;
    default: return 400;
    }
}

/* The worst fault that the peer made with this item, NULL when both readings, or the tolerant one, allow it. */
static const struct iap_fault *forbidden(const struct iap_peer *p)
{
    const struct track_iap *t = &p->c.track;
    for (uint32_t i = 0; i < t->fault_n; i++) {
        if (t->fault[i].severity == SEV_FAIL) return &t->fault[i];
    }
    return NULL;
}

/* Name, place and clause of a fault, for people. */
static void tell_fault(struct iap_peer *p, const struct iap_fault *f)
{
    iap_peer_tell(p, "peer broke %s at octet %llu (%s): %s", clauses[f->clause].id, (unsigned long long)f->at, iap_faults[f->code].name, f->text);
}

/* Deliberate leniency: which faults the mutant overlooks. */
static bool overlooks(struct iap_peer *p, const struct iap_fault *f, enum iap_state was, const struct iap_msg *m)
{
    switch ((int)p->s->mutant) {
    case MUT_TAKES_NO_PREFIX: return f->code == IAP_F_NO_PREFIX;
    case MUT_TAKES_OLD_PREFIX: return f->code == IAP_F_VERSION;
    case MUT_TAKES_NO_HOST: return f->code == IAP_F_NO_HOST || f->code == IAP_F_BAD_HOST;
    case MUT_TAKES_ANY_UPGRADE: return f->code == IAP_F_UPGRADE_VALUE;
    case MUT_TAKES_ANY_VERSION: return f->code == IAP_F_CHANNEL_VERSION;
    case MUT_TAKES_ANY_ROLE: return f->code == IAP_F_ROLE_VALUE;
    case MUT_TAKES_SWAPPED_CHANNEL:
        return f->code == IAP_F_ROLE_FIRST || f->code == IAP_F_DUP_LINE || f->code == IAP_F_NO_ROLE ||
               f->code == IAP_F_NO_CHANNEL_VERSION;
    case MUT_TAKES_CHUNKED: return m->kind == IAP_CONTENT;
    case MUT_Q_SHORT_CODE: return m->kind == IAP_RESPONSE;
    case MUT_TAKES_ANY_ORDER:
        if (f->code != IAP_F_ORDER || was == IAP_S_START) return false;
        if (m->kind != IAP_CONNECT && m->kind != IAP_UPGRADE) return false;
        pretend(p, m->kind == IAP_CONNECT ? IAP_S_ASKED : IAP_S_UPGRADING);
        return true;
    case MUT_TWO_ROLES:
        if (m->kind != IAP_CONTENT || was != IAP_S_READY) return false;
        fsm_bind(&p->c.track.fsm, IAP_P_ANSWERER, p->c.side);
        pretend(p, IAP_S_SENT);
        return true;
    case MUT_TAKES_SECOND_CONNECT:
        if (m->kind != IAP_CONNECT || was != IAP_S_ACCEPTED) return false;
        pretend(p, IAP_S_ASKED);
        return true;
    case MUT_TAKES_CLEAR_CONTENT:
    case MUT_TAKES_EARLY_CONTENT:
        if (m->kind != IAP_CONTENT || p->s->analyzer) return false;
        if ((was == IAP_S_SECURED) != MUT(p, TAKES_EARLY_CONTENT)) return false;
        fsm_bind(&p->c.track.fsm, IAP_P_ANSWERER, p->c.side);
        pretend(p, IAP_S_SENT);
        return true;
    default: return false;
    }
}

/* Deliberate strictness. */
static bool dislikes(const struct iap_peer *p, const struct iap_msg *m)
{
    if (MUT(p, REFUSES_ROLE_PREFIX)) return iap_msg_has(m, IAP_F_ROLE_PREFIX);
    return MUT(p, STRICT_CASE) && (iap_msg_has(m, IAP_F_CASE) || iap_msg_has(m, IAP_F_BLANKS));
}

static void on_message(struct iap_peer *p, const struct iap_msg *m, enum iap_state was, uint64_t now)
{
    const struct iap_fault *f = forbidden(p);
    bool content = m->kind == IAP_CONTENT && (was == IAP_S_READY || was == IAP_S_SENT) && state_of(p) != IAP_S_LOST;
    p->touched = now;
    if (f && !content && !overlooks(p, f, was, m)) {
        if (m->kind == IAP_RESPONSE) {
            tell_fault(p, f);
            iap_peer_end_soon(p, now);
        } else if (p->c.side == 1 || iap_peer_in_data(p) || m->kind == IAP_CONTENT) {
            tell_fault(p, f);
            iap_peer_farewell(p, code_for(f->code), f->text, now);
        } else {
            tell_fault(p, f);
            iap_peer_end_soon(p, now);
        }
        return;
    }
    if (dislikes(p, m)) {
        if (m->kind == IAP_RESPONSE) iap_peer_end_soon(p, now);
        else iap_peer_farewell(p, 400, "form of the request", now);
        return;
    }
    switch (m->kind) {
    case IAP_CONNECT: iap_peer_on_connect(p, m, now); break;
    case IAP_UPGRADE: iap_peer_on_upgrade(p, now); break;
    case IAP_CHANNEL: iap_peer_on_channel(p, m, now); break;
    case IAP_CONTENT: iap_peer_on_content(p, m, now); break;
    case IAP_RESPONSE: iap_peer_on_response(p, m, was, now); break;
    case IAP_NOTHING: break;
    }
}

static void on_rubbish(struct iap_peer *p, enum iap_state was, uint64_t now)
{
    bool data = was == IAP_S_READY || was == IAP_S_SENT;
    const struct track_iap *t = &p->c.track;
    const char *why = t->fault_n ? t->fault[0].text : "out of memory";
    enum iap_fault_code code = t->fault_n ? t->fault[0].code : IAP_F_NONE;
    if (MUT(p, TAKES_NO_LENGTH) && (code == IAP_F_NO_LENGTH || code == IAP_F_LENGTH_VALUE)) {
        struct iap_msg m;
        iap_peer_message(&m, IAP_RESPONSE)->code = 200;
        iap_peer_send_anyway(p, &m);
        return;
    }
    if (MUT(p, WRAPS_LENGTH) && code == IAP_F_CONTENT_LONG) {
        struct iap_msg m;
        iap_peer_message(&m, IAP_RESPONSE)->code = 200;
        iap_peer_send_anyway(p, &m);
        return;
    }
    if (MUT(p, TAKES_ALL) && !p->opener) {
        struct iap_msg m;
        iap_peer_message(&m, IAP_RESPONSE)->code = 200;
        iap_peer_send_anyway(p, &m);
        return;
    }
    if (t->fault_n) tell_fault(p, &t->fault[0]);
    if (p->opener && !data) { /* what waits for a response has none to give */
        iap_peer_tell(p, "%s", why);
        iap_peer_end_soon(p, now);
        return;
    }
    iap_peer_farewell(p, code_for(code), why, now);
}

static void on_hello(struct iap_peer *p, uint64_t now)
{
    const struct iap_fault *f = forbidden(p);
    if (!f) return;
    if (MUT(p, TAKES_CLEAR_CHANNEL) && f->code == IAP_F_NOT_TLS) {
        /* what stands behind the 101 in clear is taken for the channel set-up */
        struct iap_msg m;
        pretend(p, IAP_S_READY);
        iap_peer_message(&m, IAP_RESPONSE)->code = 200;
        iap_peer_send_anyway(p, &m);
        return;
    }
    if (MUT(p, HANGS_ON_BAD_TLS)) return;
    tell_fault(p, f);
    iap_peer_end_soon(p, now);
}

static void on_notify(struct iap_peer *p, uint64_t now)
{
    if (MUT(p, HANGS_AFTER_NOTIFY)) return;
    if (!MUT(p, NO_NOTIFY) && iap_conn_notify(&p->c) != OK) iap_peer_end_now(p); /* 3.5: answered in kind */
    iap_peer_end_soon(p, now);
}

static void handle(struct iap_peer *p, const struct iap_got *g, enum iap_state was, uint64_t now)
{
    switch (g->kind) {
    case IAP_GOT_MESSAGE: on_message(p, &g->msg, was, now); break;
    case IAP_GOT_RUBBISH: on_rubbish(p, was, now); break;
    case IAP_GOT_HELLO: on_hello(p, now); break;
    case IAP_GOT_TLS:
        p->touched = now;
        if (p->opener) iap_peer_set_up_channel(p, now);
        break;
    case IAP_GOT_TLS_FAILED:
        iap_peer_tell(p, "TLS: %s", p->c.tls ? tls_why(p->c.tls) : "an alert in place of the handshake");
        if (MUT(p, GOES_ON) && was == IAP_S_READY) {
            struct iap_msg m;
            iap_peer_message(&m, IAP_RESPONSE)->code = 200;
            if (iap_write(&m, &p->s->style, &link_of(p)->out) != OK) iap_peer_end_now(p);
        } else if (!MUT(p, HANGS_ON_BAD_TLS)) {
            iap_peer_end_soon(p, now);
        }
        break;
    case IAP_GOT_NOTIFY: on_notify(p, now); break;
    case IAP_GOT_NOTHING: break;
    }
}

static void take(struct iap_peer *p, slice in, uint64_t now)
{
    struct iap_got g;
    while (!p->over && !p->quiet) {
        enum iap_state was = state_of(p);
        if (!iap_conn_next(&p->c, &in, now, &g)) break;
        /* once our direction is ending only the peer's close_notify still matters */
        if (p->closing && (link_of(p)->fin || (g.kind != IAP_GOT_NOTIFY && g.kind != IAP_GOT_MESSAGE))) continue;
        handle(p, &g, was, now);
        if (MUT(p, SWALLOWS_HELLO) && p->opener && state_of(p) == IAP_S_UPGRADED) in = SLICE_NONE;
    }
}

/* --- the endpoint ------------------------------------------------------------------------------------------------- */

static void begin(struct iap_peer *p, uint64_t now)
{
    struct iap_msg m;
    p->born = p->touched = now;
    if (!p->opener) {
        if (MUT(p, GREETS)) {
            iap_peer_message(&m, IAP_RESPONSE)->code = 200;
            iap_peer_send_anyway(p, &m);
        }
        if (MUT(p, RESPONDER_ASKS)) iap_peer_ask(p, IAP_CONNECT, now);
        return;
    }
    if (MUT(p, Q_WAITS)) return;
    if (MUT(p, Q_NO_CONNECT)) {
        iap_peer_ask(p, IAP_UPGRADE, now);
        return;
    }
    iap_peer_ask(p, IAP_CONNECT, now);
    if (MUT(p, Q_NO_WAIT)) iap_peer_ask(p, IAP_UPGRADE, now);
    if (MUT(p, SENDS_URGENT)) link_of(p)->urgent = true;
}

static void peer_up(struct endpoint *e, int link, uint64_t now)
{
    struct iap_peer *p = peer_of(e);
    (void)link;
    iap_conn_init(&p->c, e->env, link_of(p), p->opener ? 0 : 1, p->s->analyzer, p->s->no_tls, p->s->tls);
    p->c.resume_key = link_of(p)->to ? link_of(p)->to : "accepted";
    if (p->opener) {
        p->c.track.facts.offer_known = true;
        p->c.track.facts.offer_sender = p->s->analyzer;
    }
    if (MUT(p, Q_RECEIVER) || MUT(p, TWO_ROLES)) p->c.track.facts.offer_known = false;
    begin(p, now);
}

/* Who sends requests and does not take the answers gets no further ones read: its answers must not fill our memory. */
static void hold_back(struct iap_peer *p, uint64_t now)
{
    struct link *l = link_of(p);
    if (p->s->analyzer || l->pause || l->out.n <= UNREAD_MAX) return;
    l->pause = true;
    p->stalled = now ? now : 1;
}

static void peer_drained(struct endpoint *e, int link, uint64_t now)
{
    (void)now;
    e->link[link].pause = false;
    peer_of(e)->stalled = 0;
}

static void peer_feed(struct endpoint *e, int link, slice octets, uint64_t now)
{
    struct iap_peer *p = peer_of(e);
    (void)link;
    take(p, octets, now);
    /* not before all that came is looked at: a response that was there before the next alert went out does not answer it */
    iap_peer_poke(p, now);
    hold_back(p, now);
    if (MUT(p, ONE_SEGMENT) && !p->closing && iap_reader_inside(&p->c.track.reader[!p->c.side]))
        iap_peer_farewell(p, 400, "half a message", now);
    if (MUT(p, HALF_ALERT) && iap_peer_in_data(p) && !p->begun && iap_reader_inside(&p->c.track.reader[!p->c.side])) {
        struct iap_msg m;
        iap_peer_message(&m, IAP_RESPONSE)->code = 200;
        p->begun = true;
        iap_peer_send_anyway(p, &m);
    }
}

static void peer_urgent(struct endpoint *e, int link, uint64_t now)
{
    struct iap_peer *p = peer_of(e);
    (void)link;
    (void)now;
    if (MUT(p, IGNORES_URGENT)) return;
    track_iap_urgent(&p->c.track, !p->c.side);
    iap_peer_tell(p, "peer sent urgent data (6.2); connection ended");
    iap_peer_end_now(p);
}

static void peer_ended(struct endpoint *e, int link, enum link_end how, uint64_t now)
{
    struct iap_peer *p = peer_of(e);
    (void)link;
    if (how == LINK_REFUSED) {
        char why[320];
        link_trouble(link_of(p), why, sizeof why);
        iap_peer_tell(p, "%s", why);
        p->over = true;
        return;
    }
    take(p, SLICE_NONE, now);
    struct iap_got g;
    enum iap_state was = state_of(p);
    if (!p->closing && iap_conn_settle(&p->c, &g)) handle(p, &g, was, now);
    if (!iap_conn_ended(&p->c) && !p->closing) iap_peer_tell(p, "connection ended inside a message");
    else if (!p->closing && state_of(p) == IAP_S_CLOSED && !p->why[0]) iap_peer_tell(p, "peer ended the connection");
    iap_peer_unanswered(p);
    if (how == LINK_RESET) {
        p->over = true;
        return;
    }
    if (p->c.notify_told && !MUT(p, NO_NOTIFY) && iap_conn_notify(&p->c) != OK) iap_peer_end_now(p);
    iap_peer_end_soon(p, now);
}

static uint64_t sooner(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t setup_ms(const struct iap_peer *p)
{
    return MUT(p, HASTY) ? 500 : p->e.env->limits.setup_ms;
}

static uint64_t peer_deadline(const struct endpoint *e)
{
    const struct iap_peer *p = (const struct iap_peer *)e;
    const struct limits *l = &e->env->limits;
    uint64_t at = UINT64_MAX;
    if (p->over || e->link[0].state != LINK_UP) return at;
    if (p->close_by) return p->close_by;
    if (!iap_peer_in_data(p) && !MUT(p, NO_DEADLINE)) at = p->born + setup_ms(p);
    if (iap_peer_in_data(p) && l->idle_ms) at = p->touched + l->idle_ms;
    if (p->c.first_octet) {
        at = sooner(at, p->c.first_octet + l->message_ms);
        at = sooner(at, p->c.last_octet + l->grace_ms);
    }
    if (p->c.record_since) at = sooner(at, p->c.record_since + l->message_ms);
    if (p->stalled) at = sooner(at, p->stalled + l->message_ms);
    return at;
}

static void peer_tick(struct endpoint *e, uint64_t now)
{
    struct iap_peer *p = peer_of(e);
    const struct limits *l = &e->env->limits;
    if (p->over || link_of(p)->state != LINK_UP || now < peer_deadline(e)) return;
    if (p->close_by) {
        if (now >= p->close_by) iap_peer_end_now(p);
        return;
    }
    if (p->c.first_octet && now >= p->c.last_octet + l->grace_ms) {
        struct iap_got g;
        enum iap_state was = state_of(p);
        if (iap_conn_settle(&p->c, &g)) {
            handle(p, &g, was, now);
            take(p, SLICE_NONE, now);
            return;
        }
        p->c.last_octet = now + l->message_ms; /* asked once; only the message deadline is left */
    }
    if (p->c.first_octet && now >= p->c.first_octet + l->message_ms) {
        iap_peer_tell(p, "peer did not finish a message in time");
        iap_peer_leave(p, now);
    } else if (p->c.record_since && now >= p->c.record_since + l->message_ms) {
        iap_peer_tell(p, "peer did not finish a TLS record in time");
        iap_peer_leave(p, now);
    } else if (p->stalled && now >= p->stalled + l->message_ms) {
        iap_peer_tell(p, "peer does not take its answers");
        iap_peer_end_now(p);
    } else if (!iap_peer_in_data(p) && !MUT(p, NO_DEADLINE) && now >= p->born + setup_ms(p)) {
        iap_peer_tell(p, "set-up not finished in time (3.2)");
        iap_peer_leave(p, now);
    } else if (iap_peer_in_data(p) && l->idle_ms && now >= p->touched + l->idle_ms) {
        iap_peer_tell(p, "idle for too long");
        iap_peer_close(p, now);
    }
}

static bool peer_finished(const struct endpoint *e)
{
    return ((const struct iap_peer *)e)->over || e->link[0].state == LINK_DOWN;
}

static void peer_free(struct endpoint *e)
{
    struct iap_peer *p = peer_of(e);
    iap_peer_unanswered(p);
    if (p->s->hooks.gone) p->s->hooks.gone(p->s->hooks.ctx, p);
    iap_conn_done(&p->c);
    buf_done(&p->codes);
    const struct mem *mem = e->env->mem;
    endpoint_done(e);
    mem_free(mem, p);
}

static const struct endpoint_ops ops = {
    .up = peer_up,
    .feed = peer_feed,
    .urgent = peer_urgent,
    .ended = peer_ended,
    .drained = peer_drained,
    .tick = peer_tick,
    .deadline = peer_deadline,
    .finished = peer_finished,
    .free = peer_free,
};

err iap_peer_new(const struct iap_setup *s, bool opener, const char *to, struct iap_peer **out)
{
    struct iap_peer *p = mem_new(s->env->mem, sizeof *p);
    *out = NULL;
    if (!p) return ERR_MEM;
    endpoint_init(&p->e, &ops, s->env);
    p->s = s;
    p->opener = opener;
    buf_init(&p->codes, s->env->mem, OWED_MAX * sizeof(uint16_t));
    /* until the link is up there is a tracker in START, so that nothing needs to ask whether there is one */
    iap_conn_init(&p->c, s->env, link_of(p), opener ? 0 : 1, s->analyzer, s->no_tls, s->tls);
    if (opener) {
        p->e.link[0].to = to;
        p->e.link[0].state = LINK_WANTED;
    }
    *out = p;
    return OK;
}
