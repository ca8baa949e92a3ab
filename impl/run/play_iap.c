/* SPDX-License-Identifier: MIT */
/* The IAP adapter of the player: what came becomes events, and the way to a named state. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run/play_iap_impl.h"

const char *const play_iap_ends[2][3] = {{"peer", "second", NULL}, {"near", "far", NULL}};

enum { RUBBISH_OCTETS = 64 }; /* enough to see what was meant */

static struct play_iap_run *run_of(const struct player *p)
{
    return p->run->proto_run;
}

static int end_of(const struct player *p, const char *name)
{
    const char *const *names = play_iap_ends[run_of(p)->under_test == TEST_PROXY];
    if (!name) return 0;
    for (int i = 0; names[i]; i++) {
        if (strcmp(names[i], name) == 0) return i;
    }
    return -1;
}

/* --- events ---------------------------------------------------------------------------------------------------------- */

/* A proxy that passes our own mistakes on, from one end to the other, made none. */
static bool forgiven(const struct player *p, int end)
{
    if (run_of(p)->under_test != TEST_PROXY || end > 1) return false;
    const struct iap_play_end *other = iap_play_end(p, !end);
    return iap_play_end(p, end)->forgiven || (other->live && other->conn.track.tainted);
}

void iap_play_faults(struct player *p, int end, size_t rung)
{
    struct iap_play_end *x = iap_play_end(p, end);
    const struct track_iap *t = &x->conn.track;
    if (forgiven(p, end)) return;
    for (uint32_t i = 0; i < t->fault_n; i++) {
        const struct iap_fault *f = &t->fault[i];
        if (f->side == x->conn.side || f->severity == SEV_NOTE) continue;
        struct play_fault pf = {.code = (int)f->code,
                                .fail = f->severity == SEV_FAIL,
                                .clause = f->clause,
                                .defect = f->defect,
                                .text = f->text,
                                .at = f->at,
                                .rung = rung};
        play_fault(p, &pf);
    }
}

static void see(struct player *p, enum play_iap_seen what)
{
    run_of(p)->observed |= 1ull << what;
}

void iap_play_label(const struct iap_msg *m, char *out, size_t n)
{
    char host[80];
    snprintf(host, sizeof host, "%.*s", (int)(m->host.n < 60 ? m->host.n : 60), (const char *)m->host.p);
    for (char *c = host; *c; c++)
        if (*c < 0x20 || *c == 0x7f) *c = '?';
    switch (m->kind) {
    case IAP_CONNECT:
        snprintf(out, n, m->via_n ? "CONNECT %s (%u Via)" : "CONNECT %s", host, (unsigned)m->via_n);
        return;
    case IAP_RESPONSE:
        if (m->code) snprintf(out, n, m->via_n ? "%u (%u Via)" : "%u", (unsigned)m->code, (unsigned)m->via_n);
        else snprintf(out, n, "response without a code");
        return;
    case IAP_UPGRADE: snprintf(out, n, "Upgrade"); return;
    case IAP_CHANNEL:
        snprintf(out, n, "IAP-Role: %s", m->role == IAP_SENDER ? "Sender" : m->role == IAP_RECEIVER ? "Receiver" : "?");
        return;
    case IAP_CONTENT: /* of one that we send only the body is known */
        snprintf(out, n, "content, %llu octets", (unsigned long long)(m->length > m->body.n ? m->length : m->body.n));
        return;
    case IAP_NOTHING: break;
    }
    snprintf(out, n, "octets");
}

static slice number(char *text, size_t n, uint64_t v)
{
    int w = snprintf(text, n, "%llu", (unsigned long long)v);
    return slice_of(text, (size_t)w);
}

/* The Via hosts joined by commas. */
static slice join_vias(const struct iap_msg *m, char *out, size_t n)
{
    size_t at = 0;
    for (uint32_t i = 0; i < m->via_n; i++) {
        if (at + m->via[i].n + 2 > n) break;
        if (i) out[at++] = ',';
        if (m->via[i].n) memcpy(out + at, m->via[i].p, m->via[i].n);
        at += m->via[i].n;
    }
    return slice_of(out, at);
}

/* The proxy goes by the name that it writes into Via itself (IAP-D17): told by a line that cannot be one of ours. */
static void learn_identity(struct player *p, int end, const struct iap_msg *m)
{
    const struct iap_play_end *sent = iap_play_end(p, !end);
    slice last = m->via_n ? m->via[m->via_n - 1] : SLICE_NONE;
    struct play_iap_run *r = run_of(p);
    if (*r->learned_identity || sent->vias || !sent->live || sent->conn.track.tainted) return;
    if (!last.n || last.n >= sizeof r->learned_identity || iap_msg_severity(m) != SEV_NOTE) return;
    memcpy(r->learned_identity, last.p, last.n);
    r->learned_identity[last.n] = 0;
}

static void observe(struct player *p, int end, const struct iap_msg *m, enum iap_state was)
{
    switch (m->kind) {
    case IAP_CONNECT:
        see(p, SEEN_CONNECT);
        if (m->via_n) see(p, SEEN_VIA);
        if (run_of(p)->under_test == TEST_PROXY && end == 1) learn_identity(p, end, m);
        break;
    case IAP_RESPONSE:
        see(p, was == IAP_S_SENT ? SEEN_DATA_RESPONSE : SEEN_SETUP_RESPONSE);
        if (m->code >= 400) see(p, SEEN_ERROR_RESPONSE);
        if (run_of(p)->under_test == TEST_PROXY && end == 0) learn_identity(p, end, m);
        break;
    case IAP_UPGRADE: see(p, SEEN_UPGRADE); break;
    case IAP_CHANNEL: see(p, SEEN_CHANNEL); break;
    case IAP_CONTENT: see(p, SEEN_CONTENT); break;
    case IAP_NOTHING: break;
    }
    see(p, SEEN_ANYTHING);
}

static void raise_message(struct player *p, int end, const struct iap_msg *m, size_t rung)
{
    char vias[2048], n1[24], n2[24];
    struct play_field f[6];
    size_t n = 0;
    slice via = join_vias(m, vias, sizeof vias), count = number(n1, sizeof n1, m->via_n);
    switch (m->kind) {
    case IAP_CONNECT: f[n++] = (struct play_field){"host", m->host}; break;
    case IAP_RESPONSE: f[n++] = (struct play_field){"code", number(n2, sizeof n2, m->code)}; break;
    case IAP_UPGRADE: f[n++] = (struct play_field){"to", m->upgrade}; break;
    case IAP_CHANNEL:
        f[n++] = (struct play_field){"role", m->role_text};
        f[n++] = (struct play_field){"version", m->version};
        break;
    case IAP_CONTENT:
        f[n++] = (struct play_field){"type", m->type};
        f[n++] = (struct play_field){"length", m->length_text};
        f[n++] = (struct play_field){"body", m->body};
        break;
    case IAP_NOTHING: break;
    }
    if (m->kind == IAP_CONNECT || m->kind == IAP_RESPONSE) {
        bool good = iap_msg_severity(m) == SEV_NOTE;
        f[n++] = (struct play_field){"form", good ? SLICE_LIT("good") : SLICE_LIT("bad")};
        if (m->via_n) f[n++] = (struct play_field){"via", via};
        f[n++] = (struct play_field){"vias", count};
    }
    play_raise(p, iap_kind_name(m->kind), end, false, rung, f, n);
}

static void raise_plain(struct player *p, int end, const char *name, bool shy, const char *label, uint64_t now)
{
    size_t r = play_rung(p, RUNG_EVENT, end, true, false, label, SLICE_NONE, now);
    play_raise(p, name, end, shy, r, NULL, 0);
}

static void on_tls_open(struct player *p, int end, uint64_t now)
{
    struct iap_play_end *x = iap_play_end(p, end);
    struct tls_info info = {0};
    char label[120];
    tls_info_of(x->conn.tls, &info);
    snprintf(label, sizeof label, "TLS: %s %s%s", info.version ? info.version : "?", info.suite ? info.suite : "?",
             info.resumed ? ", resumed" : "");
    size_t r = play_rung(p, RUNG_EVENT, end, true, false, label, SLICE_NONE, now);
    struct play_field f[] = {{"version", slice_str(info.version)},
                             {"suite", slice_str(info.suite)},
                             {"resumed", info.resumed ? SLICE_LIT("yes") : SLICE_LIT("no")},
                             {"certificate", info.peer_cert ? SLICE_LIT("yes") : SLICE_LIT("no")},
                             {"subject", slice_str(info.peer_subject)},
                             {"usages", slice_str(info.peer_usages)}};
    see(p, SEEN_TLS);
    play_raise(p, "tls", end, true, r, f, sizeof f / sizeof *f);
}

static void on_tls_failed(struct player *p, int end, int by_hand, uint64_t now)
{
    struct iap_play_end *x = iap_play_end(p, end);
    char label[160], alert[8];
    const char *why = x->conn.tls ? tls_why(x->conn.tls) : "alert of the peer";
    int a = x->conn.tls ? tls_alert_received(x->conn.tls) : by_hand;
    snprintf(label, sizeof label, "TLS failed: %s", why);
    size_t r = play_rung(p, RUNG_EVENT, end, true, false, label, SLICE_NONE, now);
    snprintf(alert, sizeof alert, "%d", a);
    struct play_field f[] = {{"why", slice_str(why)}, {"alert", a >= 0 ? slice_str(alert) : SLICE_NONE}};
    play_raise(p, "tls-failed", end, false, r, f, 2);
}

static void on_hello(struct player *p, int end, uint16_t version, uint64_t now)
{
    char text[16], label[40];
    snprintf(text, sizeof text, "%u.%u", (unsigned)(version >> 8), (unsigned)(version & 0xff));
    snprintf(label, sizeof label, version ? "TLS hello, record %s" : "octets that are no TLS", text);
    size_t r = play_rung(p, RUNG_EVENT, end, true, false, label, SLICE_NONE, now);
    if (version) see(p, SEEN_HELLO);
    iap_play_faults(p, end, r);
    struct play_field f[] = {{"version", slice_str(text)},
                             {"octets", slice_sub(buf_slice(&iap_play_end(p, end)->conn.wire), 0, RUBBISH_OCTETS)}};
    play_raise(p, version ? "hello" : "rubbish", end, version != 0, r, f, version ? 1 : 2);
}

static void on_rubbish(struct player *p, int end, const struct iap_msg *m, bool secured, uint64_t now)
{
    struct iap_play_end *x = iap_play_end(p, end);
    const struct track_iap *t = &x->conn.track;
    const char *fault = t->fault_n ? iap_faults[t->fault[0].code].name : "MEMORY";
    size_t r = play_rung(p, RUNG_MESSAGE, end, true, secured, "rubbish", m->raw, now);
    struct play_field f[] = {{"fault", slice_str(fault)}, {"octets", slice_sub(m->raw, 0, RUBBISH_OCTETS)}};
    iap_play_faults(p, end, r);
    play_raise(p, "rubbish", end, false, r, f, 2);
}

static void on_got(struct player *p, int end, const struct iap_got *g, enum iap_state was, uint64_t now)
{
    struct iap_play_end *x = iap_play_end(p, end);
    bool secured = iap_conn_secured(&x->conn);
    char label[120];
    size_t r;
    switch (g->kind) {
    case IAP_GOT_MESSAGE:
        iap_play_label(&g->msg, label, sizeof label);
        r = play_rung(p, RUNG_MESSAGE, end, true, secured, label, g->msg.raw, now);
        observe(p, end, &g->msg, was);
        iap_play_faults(p, end, r);
        raise_message(p, end, &g->msg, r);
        break;
    case IAP_GOT_RUBBISH: on_rubbish(p, end, &g->msg, secured, now); break;
    case IAP_GOT_HELLO: on_hello(p, end, g->hello_version, now); break;
    case IAP_GOT_TLS: on_tls_open(p, end, now); break;
    case IAP_GOT_TLS_FAILED: on_tls_failed(p, end, g->alert, now); break;
    case IAP_GOT_NOTIFY:
        raise_plain(p, end, "close-notify", false, "close_notify", now);
        break;
    case IAP_GOT_NOTHING: break;
    }
}

static void raise_octets(struct player *p, int end, slice octets, uint64_t now)
{
    if (!octets.n) return;
    size_t r = play_rung(p, RUNG_MESSAGE, end, true, false, "octets", octets, now);
    struct play_field f = {"is", octets};
    play_raise(p, "octets", end, false, r, &f, 1);
}

err iap_play_opaque(struct player *p, int end, uint64_t now)
{
    struct iap_play_end *x = iap_play_end(p, end);
    struct buf rest;
    if (x->opaque) return OK;
    x->opaque = true;
    if (!x->live || x->unreadable) return OK;
    buf_init(&rest, p->e.env->mem, p->e.env->limits.out_queue);
    err e = iap_reader_rest(&x->conn.track.reader[!x->conn.side], &rest);
    if (e == OK) raise_octets(p, end, buf_slice(&rest), now);
    buf_done(&rest);
    return e;
}

/* One event; false when there is none. */
static bool feed_one(struct player *p, int end, slice *in, uint64_t now)
{
    struct iap_play_end *x = iap_play_end(p, end);
    if (!x->live) return false;
    if (x->opaque) {
        if (!in->n) return false;
        raise_octets(p, end, *in, now);
        *in = SLICE_NONE;
        return true;
    }
    struct iap_got g;
    enum iap_state was = track_iap_state(&x->conn.track);
    if (x->unreadable) { /* that was told once; what comes now says nothing */
        *in = SLICE_NONE;
        return false;
    }
    if (!iap_conn_next(&x->conn, in, now, &g)) return false;
    x->unreadable = g.kind == IAP_GOT_RUBBISH && x->conn.track.reader[!x->conn.side].failed != OK;
    on_got(p, end, &g, was, now);
    return true;
}

static void feed(struct player *p, int end, slice in, uint64_t now)
{
    while (!p->stop && feed_one(p, end, &in, now)) {
    }
}

static void up(struct player *p, int end, uint64_t now)
{
    struct iap_play_end *x = iap_play_end(p, end);
    char label[64];
    iap_play_conn(p, end);
    snprintf(label, sizeof label, "%s (TCP)", x->dials ? "connected" : "accepted");
    size_t r = play_rung(p, RUNG_EVENT, end, !x->dials, false, label, SLICE_NONE, now);
    see(p, SEEN_CONNECTION); /* somebody is there, even if nothing is ever said */
    play_raise(p, "connected", end, true, r, NULL, 0);
}

static void urgent(struct player *p, int end, uint64_t now)
{
    struct iap_play_end *x = iap_play_end(p, end);
    track_iap_urgent(&x->conn.track, !x->conn.side);
    size_t r = play_rung(p, RUNG_EVENT, end, true, false, "urgent data", SLICE_NONE, now);
    iap_play_faults(p, end, r);
    play_raise(p, "urgent", end, false, r, NULL, 0);
}

static void ended(struct player *p, int end, enum link_end how, uint64_t now)
{
    struct iap_play_end *x = iap_play_end(p, end);
    if (how == LINK_REFUSED) {
        raise_plain(p, end, "refused", false, "refused (TCP)", now);
        return;
    }
    if (x->live && !x->opaque) {
        struct iap_got g;
        enum iap_state was = track_iap_state(&x->conn.track);
        feed(p, end, SLICE_NONE, now);
        if (iap_conn_settle(&x->conn, &g)) on_got(p, end, &g, was, now);
        iap_conn_ended(&x->conn);
        iap_play_faults(p, end, p->rungs ? p->rungs - 1 : 0);
        x->conn.failed_told = true; /* an end without close_notify is told by its own event, FIN or RST */
        feed(p, end, SLICE_NONE, now);
    }
    raise_plain(p, end, how == LINK_FIN ? "fin" : "reset", false, how == LINK_FIN ? "FIN" : "RST", now);
}

/* --- the way to a state ----------------------------------------------------------------------------------------------- */

/* What we say when the tables want this event of us. */
static bool default_move(struct player *p, int end, enum iap_event ev, uint64_t now)
{
    struct iap_play_end *x = iap_play_end(p, end);
    struct iap_msg m;
    memset(&m, 0, sizeof m);
    switch (ev) {
    case IAP_E_CONNECT:
        m.kind = IAP_CONNECT;
        m.host = slice_str(run_of(p)->host);
        break;
    case IAP_E_UPGRADE: m.kind = IAP_UPGRADE; break;
    case IAP_E_CHANNEL_AS_SENDER:
    case IAP_E_CHANNEL_AS_RECEIVER:
        m.kind = IAP_CHANNEL;
        m.role = ev == IAP_E_CHANNEL_AS_SENDER ? IAP_SENDER : IAP_RECEIVER;
        break;
    case IAP_E_CONTENT:
        m.kind = IAP_CONTENT;
        m.body = SLICE_LIT("<alert>draftproof</alert>");
        break;
    case IAP_E_RESPONSE_200:
    case IAP_E_RESPONSE_101:
        m.kind = IAP_RESPONSE;
        m.code = ev == IAP_E_RESPONSE_200 ? 200 : 101;
        break;
    case IAP_E_TLS_HELLO: return iap_play_start_tls(p, end) == OK;
    case IAP_E_RESPONSE_ERROR:
    case IAP_E_RESPONSE_OTHER:
    case IAP_E_TLS_OPEN:
    case IAP_E_TLS_FAILED:
    case IAP_E_NOTIFY:
    case IAP_E_FIN:
    case IAP_E_COUNT: return false;
    }
    return iap_play_say(p, x, end, &m, now) == OK;
}

/* Not past the target: what comes behind it is for the statements after the reach. */
static void feed_until(struct player *p, int end, uint8_t target, uint64_t now)
{
    slice none = SLICE_NONE;
    while (!p->stop && track_iap_state(&iap_play_end(p, end)->conn.track) != target && feed_one(p, end, &none, now)) {
    }
}

/* One end, one or more moves towards the target: 1 there, 0 wait, -1 stuck. */
static int walk(struct player *p, int end, uint8_t target, uint64_t now, char *why, size_t why_n)
{
    const uint32_t avoid = 1u << IAP_S_REFUSED | 1u << IAP_S_CHANNEL_REFUSED | 1u << IAP_S_CLOSED | 1u << IAP_S_LOST;
    struct iap_play_end *x = iap_play_end(p, end);
    for (int moves = 0; moves < 16; moves++) {
        enum link_state ls = p->e.link[end].state;
        if (ls == LINK_DOWN || (x->live && p->e.link[end].in_ended)) {
            snprintf(why, why_n, "%s", x->live ? "the peer ended the connection" : "the peer cannot be reached");
            return -1;
        }
        if (ls != LINK_UP || !x->live) return 0;
        const struct fsm_inst *f = &x->conn.track.fsm;
        if (f->state == target) return 1;
        const struct fsm_row *r = fsm_next(f, target, avoid, &x->conn.track.facts);
        if (!r) {
            snprintf(why, why_n, "the connection is in state %s%s%s", iap_machine.states[f->state],
                     x->conn.tls && *tls_why(x->conn.tls) ? ": " : "", x->conn.tls ? tls_why(x->conn.tls) : "");
            return -1;
        }
        int side = fsm_side(f, r->who);
        bool ours = r->who != IAP_P_ANY && side == x->conn.side;
        if (r->event == IAP_E_TLS_OPEN) { /* nobody's move: it follows from the handshake */
            if (!x->conn.tls && iap_play_start_tls(p, end) != OK) return -1;
            feed_until(p, end, target, now);
            if (f->state == IAP_S_HANDSHAKE) return 0;
            continue;
        }
        if (!ours) return 0;
        if (!default_move(p, end, (enum iap_event)r->event, now)) {
            snprintf(why, why_n, "cannot %s here", iap_machine.events[r->event]);
            return -1;
        }
        feed_until(p, end, target, now);
    }
    return -1;
}

static int reach(struct player *p, int end, const char *state, uint64_t now, char *why, size_t why_n)
{
    int target = fsm_state_find(&iap_machine, state);
    if (target < 0) {
        play_error(p, "there is no state called %s", state);
        return -1;
    }
    struct iap_play_end *x = iap_play_end(p, end);
    if (target == IAP_S_START && x->live) return 1;
    iap_play_open(p, end);
    int r = walk(p, end, (uint8_t)target, now, why, why_n);
    if (run_of(p)->under_test == TEST_PROXY && end == 0 && r >= 0) {
        /* the way leads through the proxy: what arrives at the far end is answered there */
        int far = walk(p, 1, (uint8_t)target, now, why, why_n);
        play_drain(p, 1);
        if (r == 0) r = walk(p, end, (uint8_t)target, now, why, why_n);
        if (far < 0) r = -1;
        if (far == 0) r = r < 0 ? r : 0;
    }
    play_drain(p, end);
    return r;
}

static void allowed(struct player *p, int end, char *out, size_t n)
{
    struct iap_play_end *x = iap_play_end(p, end);
    if (x->live) track_iap_allowed(&x->conn.track, !x->conn.side, out, n);
    else out[0] = 0;
}

/* --- life --------------------------------------------------------------------------------------------------------------- */

static err begin(struct player *p)
{
    struct iap_play *s = mem_new(p->e.env->mem, sizeof *s);
    if (!s) return ERR_MEM;
    p->state = s;
    snprintf(s->resume_key, sizeof s->resume_key, "%p", (void *)p);
    bool proxy = run_of(p)->under_test == TEST_PROXY;
    for (int i = 0; i < PLAY_ENDS; i++) {
        struct iap_play_end *x = &s->end[i];
        x->dials = proxy ? i == 0 : p->run->dial != NULL;
        x->analyzer = proxy ? i == 0 : run_of(p)->under_test == TEST_MANAGER;
        x->identity = "good";
    }
    if (p->run->dial) iap_play_open(p, 0);
    return OK;
}

static void done(struct player *p)
{
    struct iap_play *s = p->state;
    for (int i = 0; i < PLAY_ENDS; i++) {
        if (s->end[i].live) iap_conn_done(&s->end[i].conn);
    }
    mem_free(p->e.env->mem, s);
    p->state = NULL;
}

/* The tolerant reading may need a pause to tell a whole message (IAP-D04, IAP-D10). */
static uint64_t deadline(const struct player *p)
{
    uint64_t at = UINT64_MAX;
    const struct iap_play *s = p->state;
    for (int i = 0; i < PLAY_ENDS; i++) {
        const struct iap_conn *c = &s->end[i].conn;
        if (!s->end[i].live || !c->first_octet || s->end[i].settled) continue;
        uint64_t t = c->last_octet + p->e.env->limits.grace_ms;
        if (t < at) at = t;
    }
    return at;
}

static void tick(struct player *p, uint64_t now)
{
    struct iap_play *s = p->state;
    for (int i = 0; i < PLAY_ENDS; i++) {
        struct iap_play_end *x = &s->end[i];
        struct iap_got g;
        if (!x->live || !x->conn.first_octet || now < x->conn.last_octet + p->e.env->limits.grace_ms) continue;
        enum iap_state was = track_iap_state(&x->conn.track);
        x->settled = true;
        if (!iap_conn_settle(&x->conn, &g)) continue;
        x->settled = false;
        on_got(p, i, &g, was, now);
        feed(p, i, SLICE_NONE, now);
    }
}

static bool feed_event(struct player *p, int end, slice *octets, uint64_t now)
{
    if (octets->n) iap_play_end(p, end)->settled = false;
    return feed_one(p, end, octets, now);
}

const struct play_proto play_iap = {
    .begin = begin,
    .done = done,
    .up = up,
    .feed = feed_event,
    .urgent = urgent,
    .ended = ended,
    .send = iap_play_send,
    .act = iap_play_act,
    .reach = reach,
    .deadline = deadline,
    .tick = tick,
    .allowed = allowed,
    .end_of = end_of,
};
