/* SPDX-License-Identifier: MIT */
#include "peer/iap_peer.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define MUT(p, name) ((p)->s->mutant == MUT_##name)

static struct iap_peer *peer_of(struct endpoint *e)
{
    return (struct iap_peer *)e;
}

static struct link *link_of(struct iap_peer *p)
{
    return &p->e.link[0];
}

static enum iap_state state_of(const struct iap_peer *p)
{
    return track_iap_state(&p->c.track);
}

/* After a deliberate mistake the peer goes on as if all had been in order. */
static void pretend(struct iap_peer *p, enum iap_state s)
{
    p->c.track.fsm.state = (uint8_t)s;
}

__attribute__((format(printf, 2, 3))) static void say(struct iap_peer *p, const char *fmt, ...)
{
    char text[160];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (!p->why[0]) memcpy(p->why, text, sizeof p->why);
    if (p->s->hooks.say) p->s->hooks.say(p->s->hooks.ctx, p, text);
}

/* --- ending ------------------------------------------------------------------------------------------------------- */

static void unanswered(struct iap_peer *p)
{
    if (!p->sent) return;
    p->sent = false;
    if (p->s->hooks.answered) p->s->hooks.answered(p->s->hooks.ctx, p, p->sent_id, 0);
}

static void end_now(struct iap_peer *p)
{
    link_of(p)->drop = true;
    p->over = true;
    unanswered(p);
}

/* Our direction ends when what is queued went out; octets that still come are read and thrown away, because closing with unread
 * octets would reset the connection and could swallow our last answer. */
static void end_soon(struct iap_peer *p, uint64_t now)
{
    if (!p->close_by) p->close_by = now + p->e.env->limits.close_ms;
    p->closing = true;
    link_of(p)->fin = true;
    unanswered(p);
}

void iap_peer_close(struct iap_peer *p, uint64_t now)
{
    if (p->closing || p->over) return;
    p->closing = true;
    p->close_by = now + p->e.env->limits.close_ms;
    if (iap_conn_secured(&p->c) && iap_conn_notify(&p->c) == OK) return; /* the peer's close_notify comes first (3.5) */
    end_soon(p, now);
}

/* --- sending ------------------------------------------------------------------------------------------------------ */

static bool in_data(const struct iap_peer *p)
{
    return state_of(p) == IAP_S_READY || state_of(p) == IAP_S_SENT;
}

static err send_mutated(struct iap_peer *p, const struct iap_msg *m, bool data)
{
    struct parts parts;
    struct buf text;
    size_t max = p->e.env->limits.content + p->e.env->limits.head;
    parts_init(&parts, p->e.env->mem, max);
    buf_init(&text, p->e.env->mem, max);
    err e = iap_compose(m, &p->s->style, &parts);
    if (e == OK) e = iap_mutate(p->s->mutant, m, data, &parts);
    if (e == OK) e = parts_write(&parts, &text);
    if (e == OK) e = iap_conn_write(&p->c, buf_slice(&text));
    parts_done(&parts);
    buf_done(&text);
    return e;
}

/* Sends what the tables allow; anything else is our own fault and ends the connection. */
static void send_msg(struct iap_peer *p, const struct iap_msg *m, uint64_t now)
{
    bool data = in_data(p);
    err e;
    if (iap_mutates(p->s->mutant, m, data)) {
        e = send_mutated(p, m, data);
        track_iap_message(&p->c.track, p->c.side, m);
        if (e == OK && track_iap_is_tls(&p->c.track) && p->c.analyzer) e = iap_conn_start_tls(&p->c);
    } else {
        e = iap_conn_send(&p->c, m, &p->s->style);
    }
    p->touched = now;
    if (e == OK) return;
    say(p, "cannot send %s: %s", iap_kind_name(m->kind), err_name(e));
    end_now(p);
}

/* Sends whatever the tables say: the last words after a fault of the peer, and deliberate mistakes. */
static void send_anyway(struct iap_peer *p, const struct iap_msg *m)
{
    err e = send_mutated(p, m, in_data(p));
    if (e != OK) end_now(p);
}

static struct iap_msg *message(struct iap_msg *m, enum iap_kind kind)
{
    memset(m, 0, sizeof *m);
    m->kind = kind;
    return m;
}

static void respond(struct iap_peer *p, uint16_t code, uint64_t now)
{
    struct iap_msg m;
    message(&m, IAP_RESPONSE)->code = code;
    send_msg(p, &m, now);
}

/* A request that cannot be taken: an error answer, then the end of the connection. */
static void farewell(struct iap_peer *p, uint16_t code, const char *why, uint64_t now)
{
    struct iap_msg m;
    if (MUT(p, MUTE_ON_BAD)) return;
    say(p, "%s; answered %u", why, (unsigned)code);
    message(&m, IAP_RESPONSE)->code = code;
    send_anyway(p, &m);
    end_soon(p, now);
}

static void ask(struct iap_peer *p, enum iap_kind kind, uint64_t now)
{
    struct iap_msg m;
    message(&m, kind);
    if (kind == IAP_CONNECT) m.host = slice_str(p->s->host ? p->s->host : link_of(p)->to);
    if (kind == IAP_CHANNEL) m.role = p->s->analyzer ? IAP_SENDER : IAP_RECEIVER;
    if (kind == IAP_CHANNEL && (MUT(p, Q_RECEIVER) || MUT(p, TWO_ROLES)))
        m.role = p->s->analyzer ? IAP_RECEIVER : IAP_SENDER;
    if (track_iap_legal(&p->c.track, p->c.side, track_iap_event(&m))) send_msg(p, &m, now);
    else send_anyway(p, &m);
}

/* --- alerts ------------------------------------------------------------------------------------------------------- */

static void send_alert(struct iap_peer *p, const struct iap_alert *a, uint64_t now)
{
    struct iap_msg m;
    message(&m, IAP_CONTENT);
    m.type = a->type;
    m.body = a->body;
    p->sent = true;
    p->sent_id = a->id;
    if (state_of(p) != IAP_S_READY) send_anyway(p, &m);
    else send_msg(p, &m, now);
    if (MUT(p, C_GIVES_UP)) {
        message(&m, IAP_RESPONSE)->code = 200;
        send_anyway(p, &m);
    }
}

static void next_alert(struct iap_peer *p, uint64_t now)
{
    struct iap_alert a = {.type = SLICE_LIT(IAP_MEDIA_TYPE)};
    bool end = false;
    if (p->sent || p->closing || !p->s->analyzer || !p->s->hooks.next) return;
    if (!track_iap_legal(&p->c.track, p->c.side, IAP_E_CONTENT)) return; /* the other side got the part of the requester */
    if (p->s->hooks.next(p->s->hooks.ctx, p, &a, &end)) send_alert(p, &a, now);
    else if (end) iap_peer_close(p, now);
}

void iap_peer_poke(struct iap_peer *p, uint64_t now)
{
    if (state_of(p) == IAP_S_READY) next_alert(p, now);
}

/* A response does not say which content it answers, so a rejection must not overtake an alert that the store still has:
 * each content has its place in a queue, and what is decided leaves at the front. */
enum { OWED_MAX = 1024 }; /* contents sent without waiting for answers (IAP-D26); more is a flood */

static uint16_t code_at(const struct iap_peer *p, size_t i)
{
    uint16_t code;
    memcpy(&code, buf_slice(&p->codes).p + i * sizeof code, sizeof code);
    return code;
}

static void decide(struct iap_peer *p, size_t i, uint16_t code)
{
    memcpy(p->codes.p + p->codes.from + i * sizeof code, &code, sizeof code);
}

static size_t owed(const struct iap_peer *p)
{
    return p->codes.n / sizeof(uint16_t);
}

/* False when there is no place any more: the connection was ended. */
static bool owe(struct iap_peer *p, uint64_t now)
{
    const uint16_t waits = 0;
    if (buf_add(&p->codes, slice_of(&waits, sizeof waits)) == OK) return true;
    farewell(p, 503, "too many alerts wait for an answer", now);
    return false;
}

static void answer_decided(struct iap_peer *p, uint64_t now)
{
    while (owed(p) && code_at(p, 0)) {
        uint16_t code = code_at(p, 0);
        buf_take(&p->codes, sizeof code);
        if (p->over || (p->closing && link_of(p)->fin)) continue;
        respond(p, code, now);
        if (MUT(p, ALERT_TWICE)) {
            struct iap_msg m;
            message(&m, IAP_RESPONSE)->code = code;
            send_anyway(p, &m);
        }
    }
}

void iap_peer_answer(struct iap_peer *p, uint16_t code, uint64_t now)
{
    for (size_t i = 0; i < owed(p); i++) {
        if (code_at(p, i)) continue;
        decide(p, i, code);
        answer_decided(p, now);
        return;
    }
}

static void take_alert(struct iap_peer *p, const struct iap_msg *m, uint64_t now)
{
    struct iap_alert a = {.type = m->type, .body = m->body, .id = p->c.track.contents};
    uint16_t code = 200;
    if (MUT(p, MUTE_ON_ALERT) || !owe(p, now)) return;
    /* the hook may answer at once, or older alerts, so its own place is the last one only if it returns a code */
    if (p->s->hooks.alert) code = p->s->hooks.alert(p->s->hooks.ctx, p, &a);
    if (code == 200 && MUT(p, STORE_204)) code = 204;
    if (code) decide(p, owed(p) - 1, code);
    answer_decided(p, now);
}

/* The code that a content is refused with, 0 when it is taken. */
static uint16_t judge_content(struct iap_peer *p, const struct iap_msg *m)
{
    bool idef = slice_eq_nocase(m->type, SLICE_LIT(IAP_MEDIA_TYPE));
    if (iap_msg_has(m, IAP_F_CHUNKED) && !MUT(p, TAKES_CHUNKED)) return 501;
    if (iap_msg_severity(m) == SEV_FAIL && !MUT(p, TAKES_CHUNKED)) return 400;
    if (MUT(p, REFUSES_IDEF) && idef) return 415;
    if (!idef && !MUT(p, TAKES_ANY_TYPE)) return 415; /* 3.4: rejected, the connection stays */
    if (MUT(p, REFUSES_TWO_BLANKS) && m->length_text.n && m->length_text.p[-2] == ' ') return 400;
    return 0;
}

static void on_content(struct iap_peer *p, const struct iap_msg *m, uint64_t now)
{
    bool crlf = slice_find(m->body, SLICE_LIT("\r\n\r\n")) < m->body.n;
    if ((MUT(p, COUNTS_CRLF) && p->c.track.contents > 1) || (MUT(p, STOPS_AT_CRLF) && crlf)) {
        farewell(p, 400, "octets that are no message", now);
        return;
    }
    if (MUT(p, DIES_ON_LARGE) && m->body.n > 65536) {
        end_now(p);
        return;
    }
    if (p->s->analyzer) { /* commands are not for this analyzer (2.2: it may choose) */
        farewell(p, 405, "content sent to an analyzer", now);
        return;
    }
    uint16_t code = judge_content(p, m);
    if (!code) {
        take_alert(p, m, now);
        return;
    }
    say(p, "content rejected with %u", (unsigned)code);
    if (!owe(p, now)) return;
    decide(p, owed(p) - 1, code);
    answer_decided(p, now);
    if (MUT(p, LOSES_BAD_TYPE)) p->quiet = true;
}

/* --- requests of the set-up phase ------------------------------------------------------------------------------- */

static void on_connect(struct iap_peer *p, const struct iap_msg *m, uint64_t now)
{
    if (MUT(p, MUTE)) return;
    if (MUT(p, REFUSES_IPV4) && iap_host_kind(m->host) == IAP_HOST_IPV4) {
        farewell(p, 400, "host that is an address", now);
        return;
    }
    if (p->s->refuse || (MUT(p, REFUSES_VIA) && m->via_n)) {
        say(p, "connection refused by configuration");
        respond(p, 403, now);
        end_soon(p, now);
        return;
    }
    if (MUT(p, ACCEPT_201)) {
        struct iap_msg r;
        message(&r, IAP_RESPONSE)->code = 201;
        send_anyway(p, &r);
        pretend(p, IAP_S_ACCEPTED);
        return;
    }
    respond(p, 200, now);
    if (MUT(p, ANSWERS_TWICE)) {
        struct iap_msg r;
        message(&r, IAP_RESPONSE)->code = 200;
        send_anyway(p, &r);
    }
    if (MUT(p, SENDS_URGENT)) link_of(p)->urgent = true;
}

/* The record header and beginning of a ClientHello, for the mistake of playing the wrong side. */
static const uint8_t stray_hello[] = {0x16, 3, 1, 0, 45, 1, 0, 0, 41, 3, 1};

static void on_upgrade(struct iap_peer *p, uint64_t now)
{
    if (!p->s->no_tls && !p->s->tls) {
        say(p, "asked for TLS, but no certificate is configured; answered 500");
        respond(p, 500, now);
        end_soon(p, now);
        return;
    }
    if (MUT(p, UPGRADE_200)) {
        struct iap_msg r;
        message(&r, IAP_RESPONSE)->code = 200;
        send_anyway(p, &r);
        pretend(p, p->s->no_tls ? IAP_S_SECURED : IAP_S_UPGRADED);
        return;
    }
    if (MUT(p, NO_TLS_13)) p->c.no_tls = p->c.track.no_tls = true;
    if (MUT(p, WRONG_HELLO) && !p->s->no_tls) p->c.manual_tls = true;
    respond(p, 101, now);
    if (MUT(p, WRONG_HELLO) && !p->s->no_tls && !p->s->analyzer) {
        if (buf_add(&link_of(p)->out, slice_of(stray_hello, sizeof stray_hello)) != OK) end_now(p);
    }
    if (MUT(p, NO_TLS_13) && !p->opener) {
        struct iap_msg r;
        message(&r, IAP_RESPONSE)->code = 200;
        send_anyway(p, &r); /* shows at once that no TLS is spoken here */
    }
}

static void ready(struct iap_peer *p, uint64_t now)
{
    p->touched = now;
    if (MUT(p, COMMANDS) && !p->s->analyzer) {
        struct iap_msg m;
        message(&m, IAP_CONTENT)->body = SLICE_LIT("command");
        send_anyway(p, &m);
        return;
    }
    next_alert(p, now);
}

static void on_channel(struct iap_peer *p, const struct iap_msg *m, uint64_t now)
{
    enum iap_role want = p->s->analyzer ? IAP_RECEIVER : IAP_SENDER;
    bool any_version = MUT(p, TAKES_ANY_VERSION);
    if (!slice_eq(m->version, SLICE_LIT(IAP_VERSION)) && !any_version) { /* 3.3, 6.6 */
        say(p, "channel set-up with another version refused");
        respond(p, 505, now);
        end_soon(p, now);
        return;
    }
    if (m->role != want && !MUT(p, TAKES_WRONG_ROLE) && !MUT(p, TAKES_ANY_ROLE)) {
        say(p, "channel set-up with a role that is not served here; answered 405");
        respond(p, 405, now);
        end_soon(p, now);
        return;
    }
    if (MUT(p, CHANNEL_202)) {
        struct iap_msg r;
        message(&r, IAP_RESPONSE)->code = 202;
        send_anyway(p, &r);
        pretend(p, IAP_S_READY);
        return;
    }
    respond(p, 200, now);
    if (state_of(p) == IAP_S_READY) ready(p, now);
}

/* --- responses ---------------------------------------------------------------------------------------------------- */

static void on_refusal(struct iap_peer *p, uint16_t code, bool upgrade, uint64_t now)
{
    say(p, "peer refused the %s with %u", upgrade ? "upgrade" : "connection", (unsigned)code);
    if (MUT(p, Q_AFTER_403) && !upgrade) {
        ask(p, IAP_UPGRADE, now);
        return;
    }
    if (MUT(p, Q_AFTER_500) && upgrade && !p->s->no_tls && p->s->analyzer) {
        if (buf_add(&link_of(p)->out, slice_of(stray_hello, sizeof stray_hello)) != OK) end_now(p);
        return;
    }
    end_soon(p, now);
}

static void set_up_channel(struct iap_peer *p, uint64_t now)
{
    struct iap_alert a = {.type = SLICE_LIT(IAP_MEDIA_TYPE), .body = SLICE_LIT("early")};
    if (MUT(p, Q_NO_CHANNEL)) {
        send_alert(p, &a, now);
        return;
    }
    ask(p, IAP_CHANNEL, now);
    if (MUT(p, Q_EARLY_CONTENT)) send_alert(p, &a, now);
}

static void on_answer_to_alert(struct iap_peer *p, uint16_t code, uint64_t now)
{
    uint64_t id = p->sent_id;
    if (!p->sent) return;
    p->sent = false;
    if (code != 200) say(p, "alert rejected with %u", (unsigned)code);
    if (p->s->hooks.answered) p->s->hooks.answered(p->s->hooks.ctx, p, id, code);
    if (MUT(p, LEAVES)) end_soon(p, now);
    if (!p->closing) next_alert(p, now);
}

static bool short_code(struct iap_peer *p, const struct iap_msg *m)
{
    if (!MUT(p, Q_SHORT_CODE) || m->code || p->begun) return false;
    p->begun = true;
    pretend(p, IAP_S_ACCEPTED);
    return true;
}

static void on_response(struct iap_peer *p, const struct iap_msg *m, enum iap_state was, uint64_t now)
{
    enum iap_state is = state_of(p);
    if (MUT(p, Q_REFUSES_VIA) && m->via_n) {
        end_soon(p, now);
        return;
    }
    if (short_code(p, m)) is = IAP_S_ACCEPTED;
    if (is == IAP_S_LOST) {
        say(p, "response %u out of place", (unsigned)m->code);
        end_soon(p, now);
        return;
    }
    if (was == IAP_S_SENT) {
        on_answer_to_alert(p, m->code, now);
        return;
    }
    if (is == IAP_S_ACCEPTED && was == IAP_S_ASKED) {
        if (MUT(p, Q_NO_UPGRADE)) {
            ask(p, IAP_CHANNEL, now);
            return;
        }
        ask(p, IAP_UPGRADE, now);
        if (MUT(p, Q_EARLY_HELLO) && !p->s->no_tls) {
            if (buf_add(&link_of(p)->out, slice_of(stray_hello, sizeof stray_hello)) != OK) end_now(p);
        }
    } else if (is == IAP_S_ACCEPTED && MUT(p, Q_SHORT_CODE)) {
        ask(p, IAP_UPGRADE, now);
    } else if (is == IAP_S_REFUSED) {
        on_refusal(p, m->code, was == IAP_S_UPGRADING, now);
    } else if (is == IAP_S_UPGRADED && MUT(p, NO_TLS_13)) {
        p->c.no_tls = p->c.track.no_tls = true;
        pretend(p, IAP_S_SECURED);
        set_up_channel(p, now);
    } else if (is == IAP_S_SECURED && p->s->no_tls) {
        set_up_channel(p, now);
    } else if (is == IAP_S_CHANNEL_REFUSED) {
        struct iap_alert a = {.type = SLICE_LIT(IAP_MEDIA_TYPE), .body = SLICE_LIT("refused")};
        say(p, "peer refused the channel with %u", (unsigned)m->code);
        if (MUT(p, Q_AFTER_REFUSAL)) send_alert(p, &a, now);
        else iap_peer_close(p, now);
    } else if (is == IAP_S_READY && was == IAP_S_CHANNEL) {
        ready(p, now);
    }
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
            say(p, "peer broke %s: %s", clauses[f->clause].id, f->text);
            end_soon(p, now);
        } else if (p->c.side == 1 || in_data(p) || m->kind == IAP_CONTENT) {
            farewell(p, code_for(f->code), f->text, now);
        } else {
            say(p, "peer broke %s: %s", clauses[f->clause].id, f->text);
            end_soon(p, now);
        }
        return;
    }
    if (dislikes(p, m)) {
        if (m->kind == IAP_RESPONSE) end_soon(p, now);
        else farewell(p, 400, "form of the request", now);
        return;
    }
    switch (m->kind) {
    case IAP_CONNECT: on_connect(p, m, now); break;
    case IAP_UPGRADE: on_upgrade(p, now); break;
    case IAP_CHANNEL: on_channel(p, m, now); break;
    case IAP_CONTENT: on_content(p, m, now); break;
    case IAP_RESPONSE: on_response(p, m, was, now); break;
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
        message(&m, IAP_RESPONSE)->code = 200;
        send_anyway(p, &m);
        return;
    }
    if (MUT(p, WRAPS_LENGTH) && code == IAP_F_CONTENT_LONG) {
        struct iap_msg m;
        message(&m, IAP_RESPONSE)->code = 200;
        send_anyway(p, &m);
        return;
    }
    if (MUT(p, TAKES_ALL) && !p->opener) {
        struct iap_msg m;
        message(&m, IAP_RESPONSE)->code = 200;
        send_anyway(p, &m);
        return;
    }
    if (p->opener && !data) { /* what waits for a response has none to give */
        say(p, "%s", why);
        end_soon(p, now);
        return;
    }
    farewell(p, code_for(code), why, now);
}

static void on_hello(struct iap_peer *p, uint64_t now)
{
    const struct iap_fault *f = forbidden(p);
    if (!f) return;
    if (MUT(p, TAKES_CLEAR_CHANNEL) && f->code == IAP_F_NOT_TLS) {
        /* what stands behind the 101 in clear is taken for the channel set-up */
        struct iap_msg m;
        pretend(p, IAP_S_READY);
        message(&m, IAP_RESPONSE)->code = 200;
        send_anyway(p, &m);
        return;
    }
    if (MUT(p, HANGS_ON_BAD_TLS)) return;
    say(p, "peer broke %s: %s", clauses[f->clause].id, f->text);
    end_soon(p, now);
}

static void on_notify(struct iap_peer *p, uint64_t now)
{
    if (MUT(p, HANGS_AFTER_NOTIFY)) return;
    if (!MUT(p, NO_NOTIFY) && iap_conn_notify(&p->c) != OK) end_now(p); /* 3.5: answered in kind */
    end_soon(p, now);
}

static void handle(struct iap_peer *p, const struct iap_got *g, enum iap_state was, uint64_t now)
{
    switch (g->kind) {
    case IAP_GOT_MESSAGE: on_message(p, &g->msg, was, now); break;
    case IAP_GOT_RUBBISH: on_rubbish(p, was, now); break;
    case IAP_GOT_HELLO: on_hello(p, now); break;
    case IAP_GOT_TLS:
        p->touched = now;
        if (p->opener) set_up_channel(p, now);
        break;
    case IAP_GOT_TLS_FAILED:
        say(p, "TLS: %s", p->c.tls ? tls_why(p->c.tls) : "an alert in place of the handshake");
        if (MUT(p, GOES_ON) && was == IAP_S_READY) {
            struct iap_msg m;
            message(&m, IAP_RESPONSE)->code = 200;
            if (iap_write(&m, &p->s->style, &link_of(p)->out) != OK) end_now(p);
        } else if (!MUT(p, HANGS_ON_BAD_TLS)) {
            end_soon(p, now);
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
            message(&m, IAP_RESPONSE)->code = 200;
            send_anyway(p, &m);
        }
        if (MUT(p, RESPONDER_ASKS)) ask(p, IAP_CONNECT, now);
        return;
    }
    if (MUT(p, Q_WAITS)) return;
    if (MUT(p, Q_NO_CONNECT)) {
        ask(p, IAP_UPGRADE, now);
        return;
    }
    ask(p, IAP_CONNECT, now);
    if (MUT(p, Q_NO_WAIT)) ask(p, IAP_UPGRADE, now);
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

static void peer_feed(struct endpoint *e, int link, slice octets, uint64_t now)
{
    struct iap_peer *p = peer_of(e);
    (void)link;
    take(p, octets, now);
    if (MUT(p, ONE_SEGMENT) && !p->closing && iap_reader_inside(&p->c.track.reader[!p->c.side]))
        farewell(p, 400, "half a message", now);
    if (MUT(p, HALF_ALERT) && in_data(p) && !p->begun && iap_reader_inside(&p->c.track.reader[!p->c.side])) {
        struct iap_msg m;
        message(&m, IAP_RESPONSE)->code = 200;
        p->begun = true;
        send_anyway(p, &m);
    }
}

static void peer_urgent(struct endpoint *e, int link, uint64_t now)
{
    struct iap_peer *p = peer_of(e);
    (void)link;
    (void)now;
    if (MUT(p, IGNORES_URGENT)) return;
    track_iap_urgent(&p->c.track, !p->c.side);
    say(p, "peer sent urgent data (6.2); connection ended");
    end_now(p);
}

static void peer_ended(struct endpoint *e, int link, enum link_end how, uint64_t now)
{
    struct iap_peer *p = peer_of(e);
    (void)link;
    if (how == LINK_REFUSED) {
        say(p, "cannot connect to %s", link_of(p)->to);
        p->over = true;
        return;
    }
    take(p, SLICE_NONE, now);
    struct iap_got g;
    enum iap_state was = state_of(p);
    if (!p->closing && iap_conn_settle(&p->c, &g)) handle(p, &g, was, now);
    if (!iap_conn_ended(&p->c) && !p->closing) say(p, "connection ended inside a message");
    else if (!p->closing && state_of(p) == IAP_S_CLOSED && !p->why[0]) say(p, "peer ended the connection");
    unanswered(p);
    if (how == LINK_RESET) {
        p->over = true;
        return;
    }
    if (p->c.notify_told && !MUT(p, NO_NOTIFY) && iap_conn_notify(&p->c) != OK) end_now(p);
    end_soon(p, now);
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
    if (!in_data(p) && !MUT(p, NO_DEADLINE)) at = p->born + setup_ms(p);
    if (in_data(p) && l->idle_ms) at = p->touched + l->idle_ms;
    if (p->c.first_octet) {
        at = sooner(at, p->c.first_octet + l->message_ms);
        at = sooner(at, p->c.last_octet + l->grace_ms);
    }
    return at;
}

static void peer_tick(struct endpoint *e, uint64_t now)
{
    struct iap_peer *p = peer_of(e);
    const struct limits *l = &e->env->limits;
    if (p->over || link_of(p)->state != LINK_UP || now < peer_deadline(e)) return;
    if (p->close_by) {
        if (now >= p->close_by) end_now(p);
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
        say(p, "peer did not finish a message in time");
        end_soon(p, now);
    } else if (!in_data(p) && !MUT(p, NO_DEADLINE) && now >= p->born + setup_ms(p)) {
        say(p, "set-up not finished in time (3.2)");
        end_soon(p, now);
    } else if (in_data(p) && l->idle_ms && now >= p->touched + l->idle_ms) {
        say(p, "idle for too long");
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
    unanswered(p);
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
