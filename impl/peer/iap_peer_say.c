/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "peer/iap_peer_impl.h"

void iap_peer_tell(struct iap_peer *p, const char *fmt, ...)
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

void iap_peer_unanswered(struct iap_peer *p)
{
    if (!p->sent) return;
    p->sent = false;
    if (p->s->hooks.answered) p->s->hooks.answered(p->s->hooks.ctx, p, p->sent_id, 0);
}

void iap_peer_end_now(struct iap_peer *p)
{
    link_of(p)->drop = true;
    p->over = true;
    iap_peer_unanswered(p);
}

/* Our direction ends when what is queued went out; octets that still come are read and thrown away, because closing with unread
 * octets would reset the connection and could swallow our last answer. */
void iap_peer_end_soon(struct iap_peer *p, uint64_t now)
{
    if (!p->close_by) p->close_by = now + p->e.env->limits.close_ms;
    p->closing = true;
    link_of(p)->fin = true;
    iap_peer_unanswered(p);
}

void iap_peer_close(struct iap_peer *p, uint64_t now)
{
    if (p->closing || p->over) return;
    p->closing = true;
    p->close_by = now + p->e.env->limits.close_ms;
    if (iap_conn_secured(&p->c) && iap_conn_notify(&p->c) == OK) return; /* the peer's close_notify comes first (3.5) */
    iap_peer_end_soon(p, now);
}

/* The end of a session that we do not want to go on with: close_notify (3.5), if there is TLS, then FIN without waiting. */
void iap_peer_leave(struct iap_peer *p, uint64_t now)
{
    if (!MUT(p, NO_NOTIFY) && iap_conn_notify(&p->c) != OK) iap_peer_end_now(p);
    iap_peer_end_soon(p, now);
}

/* --- sending ------------------------------------------------------------------------------------------------------ */

bool iap_peer_in_data(const struct iap_peer *p)
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
void iap_peer_send(struct iap_peer *p, const struct iap_msg *m, uint64_t now)
{
    bool data = iap_peer_in_data(p);
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
    iap_peer_tell(p, "cannot send %s: %s", iap_kind_name(m->kind), err_name(e));
    iap_peer_end_now(p);
}

/* Sends whatever the tables say: the last words after a fault of the peer, and deliberate mistakes. */
void iap_peer_send_anyway(struct iap_peer *p, const struct iap_msg *m)
{
    err e = send_mutated(p, m, iap_peer_in_data(p));
    if (e != OK) iap_peer_end_now(p);
}

struct iap_msg *iap_peer_message(struct iap_msg *m, enum iap_kind kind)
{
    memset(m, 0, sizeof *m);
    m->kind = kind;
    return m;
}

void iap_peer_respond(struct iap_peer *p, uint16_t code, uint64_t now)
{
    struct iap_msg m;
    if (p->c.notify_sent) return; /* nothing can be said behind close_notify; what crosses it stays unanswered */
    iap_peer_message(&m, IAP_RESPONSE)->code = code;
    iap_peer_send(p, &m, now);
}

/* A request that cannot be taken: an error answer, then the end of the connection. */
void iap_peer_farewell(struct iap_peer *p, uint16_t code, const char *why, uint64_t now)
{
    struct iap_msg m;
    if (MUT(p, MUTE_ON_BAD)) return;
    if (!p->c.notify_sent) {
        iap_peer_tell(p, "%s; answered %u", why, (unsigned)code);
        iap_peer_message(&m, IAP_RESPONSE)->code = code;
        iap_peer_send_anyway(p, &m);
    }
    iap_peer_leave(p, now);
}

/* The name for the connect request: a host has no port (4.2, IAP-D08). */
static slice host_to_ask_for(const struct iap_peer *p)
{
    slice to = slice_str(p->s->host ? p->s->host : p->e.link[0].to);
    if (p->s->host) return to;
    size_t colon = to.n;
    while (colon && to.p[colon - 1] != ':')
        colon--;
    if (colon == 1) return SLICE_LIT("localhost"); /* ":4711" is this machine */
    return colon ? slice_sub(to, 0, colon - 1) : to;
}

void iap_peer_ask(struct iap_peer *p, enum iap_kind kind, uint64_t now)
{
    struct iap_msg m;
    iap_peer_message(&m, kind);
    if (kind == IAP_CONNECT) m.host = host_to_ask_for(p);
    if (kind == IAP_CHANNEL) m.role = p->s->analyzer ? IAP_SENDER : IAP_RECEIVER;
    if (kind == IAP_CHANNEL && (MUT(p, Q_RECEIVER) || MUT(p, TWO_ROLES)))
        m.role = p->s->analyzer ? IAP_RECEIVER : IAP_SENDER;
    if (track_iap_legal(&p->c.track, p->c.side, track_iap_event(&m))) iap_peer_send(p, &m, now);
    else iap_peer_send_anyway(p, &m);
}
