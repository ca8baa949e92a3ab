/* SPDX-License-Identifier: MIT */
#include "peer/iap_conn.h"

void iap_conn_init(struct iap_conn *c, const struct env *env, struct link *link, int side, bool analyzer, bool no_tls,
                   struct tls_context *tls_context)
{
    *c = (struct iap_conn){.env = env,
                           .link = link,
                           .side = (int8_t)side,
                           .analyzer = analyzer,
                           .no_tls = no_tls,
                           .tls_context = tls_context};
    track_iap_init(&c->track, env, no_tls);
    buf_init(&c->wire, env->mem, env->limits.out_queue);
    /* who is the analyzer is known to the ends by configuration, so a hello from the wrong one is seen as such */
    fsm_bind(&c->track.fsm, IAP_P_TLS_CLIENT, analyzer ? side : !side);
}

void iap_conn_done(struct iap_conn *c)
{
    track_iap_done(&c->track);
    tls_free(c->tls);
    c->tls = NULL;
    buf_done(&c->wire);
}

bool iap_conn_secured(const struct iap_conn *c)
{
    return c->tls && c->open_told;
}

/* Moves what the filter wants sent to the link. */
static err flush_tls(struct iap_conn *c)
{
    slice out = tls_out(c->tls);
    if (!out.n) return OK;
    uint8_t *at;
    TRY(buf_reserve(&c->link->out, out.n, &at));
    TRY(buf_add(&c->link->out, out));
    if (c->flip_next && out.n > 8) {
        at[out.n - 3] ^= 0x20; /* inside the record's body or MAC */
        c->flip_next = false;
    }
    tls_sent(c->tls, out.n);
    return OK;
}

static bool got(struct iap_conn *c, struct iap_got *g, enum iap_conn_kind kind)
{
    g->kind = kind;
    if (kind == IAP_GOT_RUBBISH) c->rubbish_told = true;
    if (kind != IAP_GOT_MESSAGE) g->msg.kind = IAP_NOTHING;
    return true;
}

static bool lost(struct iap_conn *c, struct iap_got *g)
{
    c->track.fault_n = 0;
    c->track.fsm.state = IAP_S_LOST;
    return got(c, g, IAP_GOT_RUBBISH);
}

err iap_conn_start_tls(struct iap_conn *c)
{
    if (c->no_tls || c->tls) return OK;
    if (!c->tls_context) return ERR_USE;
    TRY(tls_new(c->tls_context, c->resume_key, &c->tls));
    if (c->analyzer) {
        track_iap_signal(&c->track, c->side, IAP_E_TLS_HELLO);
        TRY(tls_feed(c->tls, SLICE_NONE));
    }
    if (c->wire.n) {
        TRY(tls_feed(c->tls, buf_slice(&c->wire)));
        buf_shrink(&c->wire);
    }
    return flush_tls(c);
}

/* The first octets behind the 101 tell whether TLS is spoken: a handshake record, or the header of an SSL 2.0 hello. */
static bool look_at_hello(struct iap_conn *c, struct iap_got *g)
{
    slice w = buf_slice(&c->wire);
    bool v2 = w.n >= 3 && (w.p[0] & 0x80) && w.p[2] == 1;
    if (w.n < 3 && (w.n == 0 || w.p[0] == 0x16 || (w.p[0] & 0x80))) return false;
    /* clear text is judged by what it says, so its line is waited for, as far as a status line is long */
    if (w.p[0] == 'I' && w.n < 16 && slice_find(w, SLICE_LIT("\n")) == w.n) return false;
    c->hello_seen = true;
    g->hello_version = 0;
    got(c, g, IAP_GOT_HELLO);
    if (w.n >= 3 && w.p[0] == 0x16 && w.p[1] == 3) {
        g->hello_version = (uint16_t)(w.p[1] << 8 | w.p[2]);
        track_iap_signal(&c->track, !c->side, IAP_E_TLS_HELLO);
    } else if (v2) {
        g->hello_version = 0x0002;
        track_iap_signal(&c->track, !c->side, IAP_E_TLS_HELLO);
    } else {
        track_iap_not_tls(&c->track, !c->side);
    }
    return true;
}

static bool state_events(struct iap_conn *c, struct iap_got *g)
{
    enum tls_state s = tls_state_of(c->tls);
    if (!c->open_told && (s == TLS_OPEN || (s == TLS_ENDED && !c->failed_told))) {
        c->open_told = true;
        track_iap_signal(&c->track, c->analyzer ? c->side : !c->side, IAP_E_TLS_OPEN);
        return got(c, g, IAP_GOT_TLS);
    }
    if (s == TLS_FAILED && !c->failed_told) {
        c->failed_told = true;
        if (track_iap_state(&c->track) == IAP_S_HANDSHAKE) track_iap_signal(&c->track, c->side, IAP_E_TLS_FAILED);
        else c->track.fault_n = 0;
        return got(c, g, IAP_GOT_TLS_FAILED);
    }
    return false;
}

static void stamp(struct iap_conn *c, uint64_t now)
{
    bool inside = iap_reader_inside(&c->track.reader[!c->side]);
    if (!inside) c->first_octet = 0;
    else if (!c->first_octet) c->first_octet = now ? now : 1;
    c->last_octet = now;
}

static bool from_clear(struct iap_conn *c, slice *clear, uint64_t now, struct iap_got *g)
{
    if (c->rubbish_told) { /* the reader cannot go on and would say so for ever; what follows has no beginning */
        *clear = SLICE_NONE;
        return false;
    }
    err e = track_iap_feed(&c->track, !c->side, clear, &g->msg);
    stamp(c, now);
    if (e == OK) return got(c, g, IAP_GOT_MESSAGE);
    if (e == ERR_MORE) return false;
    if (e == ERR_MEM) return lost(c, g);
    return got(c, g, IAP_GOT_RUBBISH);
}

static void stamp_record(struct iap_conn *c, uint64_t now)
{
    uint64_t record = tls_inside(c->tls);
    if (record == c->record) return;
    c->record = record;
    c->record_since = !record ? 0 : now ? now : 1;
}

static bool from_tls(struct iap_conn *c, slice *in, uint64_t now, struct iap_got *g)
{
    if (c->clear_release) tls_taken(c->tls, c->clear_release);
    c->clear_release = 0;
    for (;;) {
        if (state_events(c, g)) return true;
        slice clear = tls_in(c->tls);
        if (clear.n && c->open_told) {
            size_t had = clear.n;
            bool event = from_clear(c, &clear, now, g);
            c->clear_release = had - clear.n;
            if (event) return true;
            tls_taken(c->tls, c->clear_release);
            c->clear_release = 0;
        }
        if (tls_state_of(c->tls) == TLS_ENDED && !c->notify_told) {
            c->notify_told = true;
            track_iap_signal(&c->track, !c->side, IAP_E_NOTIFY);
            return got(c, g, IAP_GOT_NOTIFY);
        }
        if (!in->n) return false;
        /* some at a time, so that what is decrypted and not yet read stays small */
        slice some = slice_sub(*in, 0, 16384);
        *in = slice_sub(*in, some.n, in->n);
        err e = tls_feed(c->tls, some);
        stamp_record(c, now);
        if (e == OK) e = flush_tls(c);
        if (e != OK) return lost(c, g);
    }
}

/* The tester speaks TLS by hand (raw): the first fatal alert in clear is what it waits for, and no fault of its sender. */
static bool look_at_alert(struct iap_conn *c, struct iap_got *g)
{
    slice w = buf_slice(&c->wire);
    while (!c->failed_told && w.n - c->wire_seen >= 5) {
        const uint8_t *r = w.p + c->wire_seen;
        size_t len = (size_t)(r[3] << 8 | r[4]);
        if ((r[0] != 0x15 && r[0] != 0x16) || r[1] != 3 || w.n - c->wire_seen < 5 + len) return false;
        c->wire_seen += 5 + len;
        if (r[0] != 0x15 || len != 2 || r[5] != 2) continue;
        c->failed_told = c->hello_seen = true;
        g->alert = r[6];
        return got(c, g, IAP_GOT_TLS_FAILED);
    }
    return false;
}

/* A record begun that may become an alert is not judged before it is whole. */
static bool may_be_alert(const struct iap_conn *c)
{
    slice w = buf_slice(&c->wire);
    return c->manual_tls && w.n && w.p[0] == 0x15 && (w.n < 2 || w.p[1] == 3);
}

/* After a 101 the wire belongs to TLS: what the reader holds and what is in hand goes to the wire buffer, then to the filter. */
static bool to_tls(struct iap_conn *c, slice *in, struct iap_got *g)
{
    err e = iap_reader_rest(&c->track.reader[!c->side], &c->wire);
    if (e == OK) e = buf_add(&c->wire, *in);
    *in = SLICE_NONE;
    if (e != OK) return lost(c, g);
    if (c->manual_tls && look_at_alert(c, g)) return true;
    if (may_be_alert(c)) return false;
    if (!c->hello_seen && look_at_hello(c, g)) return true;
    if (c->manual_tls) return false;
    /* a manager waits until the first octets were judged; the analyzer speaks first */
    if (!c->analyzer && !c->hello_seen) return false;
    if (iap_conn_start_tls(c) != OK) return lost(c, g);
    return false;
}

bool iap_conn_next(struct iap_conn *c, slice *in, uint64_t now, struct iap_got *g)
{
    g->kind = IAP_GOT_NOTHING;
    if (track_iap_is_tls(&c->track) && !c->tls && to_tls(c, in, g)) return true;
    if (c->tls) return from_tls(c, in, now, g);
    if (track_iap_is_tls(&c->track)) return false;
    slice head = *in;
    const struct iap_reader *r = &c->track.reader[!c->side];
    bool fresh = r->held.n == r->release; /* an empty line before it is judged with what follows, however that was cut */
    if (head.n && fresh && head.p[0] == 0x16 && !c->hello_seen &&
        track_iap_state(&c->track) != IAP_S_LOST) {
        /* a TLS record where clear text belongs: the tables say whose mistake that is */
        c->hello_seen = true;
        g->hello_version = 0;
        if (head.n > 2) g->hello_version = (uint16_t)(head.p[1] << 8 | head.p[2]);
        *in = SLICE_NONE;
        track_iap_signal(&c->track, !c->side, IAP_E_TLS_HELLO);
        return got(c, g, IAP_GOT_HELLO);
    }
    if (!in->n && !c->track.reader[!c->side].held.n) return false;
    return from_clear(c, in, now, g);
}

bool iap_conn_settle(struct iap_conn *c, struct iap_got *g)
{
    g->kind = IAP_GOT_NOTHING;
    if (c->rubbish_told || !iap_reader_inside(&c->track.reader[!c->side])) return false;
    err e = track_iap_settle(&c->track, !c->side, &g->msg);
    if (e == ERR_MORE) return false;
    if (e == OK) c->first_octet = 0;
    return got(c, g, e == OK ? IAP_GOT_MESSAGE : IAP_GOT_RUBBISH);
}

bool iap_conn_ended(struct iap_conn *c)
{
    if (c->tls) tls_wire_ended(c->tls);
    if (iap_reader_inside(&c->track.reader[!c->side]) && track_iap_state(&c->track) != IAP_S_LOST)
        return track_iap_half(&c->track, !c->side);
    track_iap_signal(&c->track, !c->side, IAP_E_FIN);
    return true;
}

err iap_conn_write(struct iap_conn *c, slice octets)
{
    if (!c->tls || !c->open_told) return buf_add(&c->link->out, octets);
    TRY(tls_write(c->tls, octets));
    return flush_tls(c);
}

err iap_conn_send(struct iap_conn *c, const struct iap_msg *m, const struct iap_style *style)
{
    if (!track_iap_legal(&c->track, c->side, track_iap_event(m))) return ERR_USE;
    if (!c->tls || !c->open_told) {
        TRY(iap_write(m, style, &c->link->out));
    } else {
        struct buf text;
        buf_init(&text, c->env->mem, c->env->limits.content + c->env->limits.head);
        err e = iap_write(m, style, &text);
        if (e == OK) e = iap_conn_write(c, buf_slice(&text));
        buf_done(&text);
        TRY(e);
    }
    track_iap_message(&c->track, c->side, m);
    /* the analyzer speaks first, also when it is the one who sent the 101 */
    if (track_iap_is_tls(&c->track) && !c->tls && c->analyzer && !c->manual_tls) return iap_conn_start_tls(c);
    return OK;
}

err iap_conn_notify(struct iap_conn *c)
{
    if (!c->tls || c->notify_sent || !c->open_told) return OK;
    c->notify_sent = true;
    TRY(tls_close(c->tls));
    track_iap_signal(&c->track, c->side, IAP_E_NOTIFY);
    return flush_tls(c);
}
