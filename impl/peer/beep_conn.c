/* SPDX-License-Identifier: MIT */
#include "peer/beep_conn.h"

enum { PIECE = 16384 }; /* octets that a filter takes at a time, so that what is decrypted and not yet read stays small; a record has no more either */

err beep_conn_init(struct beep_conn *c, const struct env *env, struct link *link, int side, size_t max_payload)
{
    *c = (struct beep_conn){.env = env, .link = link, .side = (int8_t)side};
    buf_init(&c->wire, env->mem, env->limits.out_queue);
    buf_init(&c->clear, env->mem, env->limits.out_queue);
    buf_init(&c->gathered, env->mem, PIECE);
    return track_beep_init(&c->track, env, max_payload);
}

void beep_conn_done(struct beep_conn *c)
{
    track_beep_done(&c->track);
    tls_free(c->tls);
    c->tls = NULL;
    buf_done(&c->wire);
    buf_done(&c->clear);
    buf_done(&c->gathered);
}

bool beep_conn_secured(const struct beep_conn *c)
{
    return c->tls && c->open_told;
}

/* Moves what the filter wants sent to the link. */
static err flush_tls(struct beep_conn *c)
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
    if (c->replay_next) {
        TRY(buf_add(&c->link->out, out));
        c->replay_next = false;
    }
    tls_sent(c->tls, out.n);
    return OK;
}

static bool told(struct beep_conn *c, struct beep_event *ev, enum beep_event_kind kind)
{
    ev->kind = kind;
    if (kind == BEEP_EV_BAD) c->bad_told = true;
    return true;
}

/* Memory or a limit of ours, or a layer that is broken: no fault stands for it. */
static bool lost(struct beep_conn *c, struct beep_event *ev)
{
    c->track.fault_n = 0;
    c->track.lost = true;
    return told(c, ev, BEEP_EV_BAD);
}

/* A proceed passed. */
static void begin_tls(struct beep_conn *c)
{
    c->to_tls = true;
    c->wire_seen = 0;
    c->record_n = 0;
    c->record_left = 0;
    if (!c->tls) c->hello_seen = c->open_told = c->failed_told = c->notify_told = c->notify_sent = false;
}

/* --- clear octets --------------------------------------------------------------------------------------------------------- */

static void stamp(struct beep_conn *c, uint64_t now)
{
    bool inside = beep_reader_inside(&c->track.reader[!c->side]);
    if (!inside) c->first_octet = 0;
    else if (!c->first_octet) c->first_octet = now ? now : 1;
    c->last_octet = now;
}

/* Whoever queues frames looks only at channels on which something changed. */
static void keep_news(struct beep_conn *c, const struct beep_got *g)
{
    struct beep_news *n = &c->news;
    if (g->frame.keyword != BEEP_SEQ && !g->last) return;
    if (n->n && n->channel[n->n - 1] == g->frame.channel) return;
    if (n->n == sizeof n->channel / sizeof *n->channel) n->more = true;
    else n->channel[n->n++] = g->frame.channel;
}

static bool read_frames(struct beep_conn *c, slice *clear, uint64_t now, struct beep_event *ev)
{
    bool some = track_beep_next(&c->track, !c->side, c->resync, clear, &ev->got);
    stamp(c, now);
    if (!some) return false;
    if (ev->got.kind == BEEP_GOT_BAD) return told(c, ev, BEEP_EV_BAD);
    keep_news(c, &ev->got);
    if (ev->got.tune) begin_tls(c);
    return told(c, ev, BEEP_EV_FRAME);
}

/* Octets as they leave TLS, or the wire: through the SASL layer if there is one, then to the tracker. */
static bool from_clear(struct beep_conn *c, slice *in, uint64_t now, struct beep_event *ev)
{
    for (;;) {
        /* behind what cannot be read on nothing has a beginning, and behind a second proceed there is no filter that could read */
        if (c->bad_told || c->to_tls) {
            buf_shrink(&c->clear);
            *in = SLICE_NONE;
            return false;
        }
        if (c->clear.n) {
            slice s = buf_slice(&c->clear);
            size_t had = s.n;
            bool event = read_frames(c, &s, now, ev);
            c->clear_release = had - s.n;
            if (event) return true;
            buf_shrink(&c->clear);
            c->clear_release = 0;
        }
        if (!c->layer) return read_frames(c, in, now, ev);
        if (!in->n) return false;
        slice some = slice_sub(*in, 0, PIECE);
        *in = slice_sub(*in, some.n, in->n);
        if (sasl_decode(c->layer, some, &c->clear) != OK) return lost(c, ev);
    }
}

/* The last event is over: what it referred to may go. */
static void release(struct beep_conn *c)
{
    if (c->release && c->tls) tls_taken(c->tls, c->release);
    if (c->clear_release) buf_take(&c->clear, c->clear_release);
    if (!c->clear.n) buf_shrink(&c->clear); /* idle connections hold no memory */
    c->release = c->clear_release = 0;
}

/* --- TLS ------------------------------------------------------------------------------------------------------------------ */

/* Octets of in up to the end of the record at hand.  A handshake is fed record by record: behind the one with which it fails clear octets may stand. */
static size_t to_record_end(struct beep_conn *c, slice in)
{
    size_t n = 0;
    if (!c->record_left) {
        while (n < in.n && c->record_n < sizeof c->record)
            c->record[c->record_n++] = in.p[n++];
        if (c->record_n < sizeof c->record) return n;
        c->record_n = 0;
        c->record_left = (size_t)(c->record[3] << 8 | c->record[4]);
    }
    size_t body = in.n - n < c->record_left ? in.n - n : c->record_left;
    c->record_left -= body;
    return n + body;
}

static bool is_record(uint8_t type)
{
    return type >= 0x14 && type <= 0x17;
}

/* TLS was given up: what the other side sent before it knew is passed over.  No frame begins like a record. */
static void pass_records(struct beep_conn *c, slice *in)
{
    while (in->n && (c->record_n || c->record_left || is_record(in->p[0])))
        *in = slice_sub(*in, to_record_end(c, *in), in->n);
    if (in->n) c->passing = false;
}

err beep_conn_start_tls(struct beep_conn *c, struct tls_context *context, bool client, const char *resume_key)
{
    if (!c->to_tls || c->tls || c->layer || !context) return ERR_USE;
    TRY(tls_new(context, resume_key, &c->tls));
    c->tls_client = client;
    if (client) TRY(tls_feed(c->tls, SLICE_NONE));
    return flush_tls(c);
}

err beep_conn_without_tls(struct beep_conn *c)
{
    if (!c->to_tls || c->open_told) return ERR_USE;
    release(c);
    TRY(beep_reader_rest(&c->track.reader[!c->side], &c->wire));
    slice rest = buf_slice(&c->wire);
    c->passing = true;
    pass_records(c, &rest);
    TRY(buf_add(&c->clear, rest));
    buf_shrink(&c->wire);
    TRY(track_beep_tuned(&c->track, true, false));
    tls_free(c->tls);
    c->tls = NULL;
    c->to_tls = false;
    return OK;
}

/* The first octets behind proceed tell whether TLS is spoken: a record of it, or the header of an SSL 2.0 hello. */
static bool look_at_hello(struct beep_conn *c, struct beep_event *ev)
{
    slice w = buf_slice(&c->wire);
    if (w.n == 0) return false;
    bool v2 = w.n >= 3 && (w.p[0] & 0x80) && w.p[2] == 1;
    if (w.n < 3 && (is_record(w.p[0]) || (w.p[0] & 0x80))) return false;
    c->hello_seen = true;
    c->track.fault_n = 0;
    if (is_record(w.p[0]) && w.p[1] == 3) ev->hello_version = (uint16_t)(w.p[1] << 8 | w.p[2]);
    else if (v2) ev->hello_version = 0x0002;
    else track_beep_not_tls(&c->track, !c->side);
    return told(c, ev, BEEP_EV_HELLO);
}

/* Nobody started TLS, which means that a tester speaks it by hand: the first fatal alert in clear is what it waits for. */
static bool look_at_alert(struct beep_conn *c, struct beep_event *ev)
{
    slice w = buf_slice(&c->wire);
    while (!c->failed_told && w.n - c->wire_seen >= 5) {
        const uint8_t *r = w.p + c->wire_seen;
        size_t len = (size_t)(r[3] << 8 | r[4]);
        if (!is_record(r[0]) || r[1] != 3 || w.n - c->wire_seen < 5 + len) return false;
        c->wire_seen += 5 + len;
        if (r[0] != 0x15 || len != 2 || r[5] != 2) continue;
        c->failed_told = c->hello_seen = true;
        c->track.fault_n = 0;
        ev->alert = r[6];
        return told(c, ev, BEEP_EV_TLS_FAILED);
    }
    return false;
}

/* A record begun that may become an alert is not judged before it is whole. */
static bool may_be_alert(const struct beep_conn *c)
{
    slice w = buf_slice(&c->wire);
    return !c->tls && w.n && w.n < 7 && w.p[0] == 0x15 && (w.n < 2 || w.p[1] == 3);
}

/* Octets behind proceed that no filter may have yet: those that the reader held, and what is in hand. */
static bool gather(struct beep_conn *c, slice *in, struct beep_event *ev)
{
    err e = beep_reader_rest(&c->track.reader[!c->side], &c->wire);
    if (e == OK) e = buf_add(&c->wire, *in);
    *in = SLICE_NONE;
    if (e != OK) return lost(c, ev);
    if (!c->tls && look_at_alert(c, ev)) return true;
    if (may_be_alert(c)) return false;
    return !c->hello_seen && look_at_hello(c, ev);
}

static bool state_events(struct beep_conn *c, struct beep_event *ev)
{
    enum tls_state s = tls_state_of(c->tls);
    if (!c->open_told && (s == TLS_OPEN || (s == TLS_ENDED && !c->failed_told))) {
        c->open_told = true;
        c->to_tls = false;
        c->track.fault_n = 0;
        if (track_beep_tuned(&c->track, true, true) != OK) return lost(c, ev);
        return told(c, ev, BEEP_EV_TLS);
    }
    if (s == TLS_FAILED && !c->failed_told) {
        c->failed_told = true;
        c->track.fault_n = 0;
        ev->alert = tls_alert_received(c->tls);
        return told(c, ev, BEEP_EV_TLS_FAILED);
    }
    return false;
}

/* The next octets for the filter, from what waits or from in. */
static err feed_some(struct beep_conn *c, slice *in)
{
    bool waits = c->wire.n > 0;
    slice all = waits ? buf_slice(&c->wire) : *in;
    size_t n = c->open_told ? slice_sub(all, 0, PIECE).n : to_record_end(c, all);
    err e = tls_feed(c->tls, slice_sub(all, 0, n));
    if (waits) buf_take(&c->wire, n);
    else *in = slice_sub(*in, n, in->n);
    if (!c->wire.n) buf_shrink(&c->wire);
    if (e != OK) return e;
    return flush_tls(c);
}

static bool from_tls(struct beep_conn *c, slice *in, uint64_t now, struct beep_event *ev)
{
    for (;;) {
        if (state_events(c, ev)) return true;
        slice clear = tls_in(c->tls);
        if ((clear.n || c->clear.n) && c->open_told) {
            size_t had = clear.n;
            bool event = from_clear(c, &clear, now, ev);
            size_t used = had - clear.n;
            if (event) {
                c->release = used;
                return true;
            }
            if (used) tls_taken(c->tls, used);
        }
        if (tls_state_of(c->tls) == TLS_ENDED && !c->notify_told) {
            c->notify_told = true;
            c->track.fault_n = 0;
            return told(c, ev, BEEP_EV_NOTIFY);
        }
        if (!in->n && !c->wire.n) return false;
        if (feed_some(c, in) != OK) return lost(c, ev);
    }
}

bool beep_conn_next(struct beep_conn *c, slice *in, uint64_t now, struct beep_event *ev)
{
    *ev = (struct beep_event){.kind = BEEP_EV_NOTHING, .alert = -1};
    release(c);
    bool waiting = c->tls ? !c->hello_seen && tls_state_of(c->tls) == TLS_HANDSHAKE : c->to_tls;
    if (waiting) return gather(c, in, ev);
    if (c->tls) return from_tls(c, in, now, ev);
    if (c->passing && !c->clear.n) pass_records(c, in);
    return from_clear(c, in, now, ev);
}

bool beep_conn_ended(struct beep_conn *c)
{
    if (c->tls) tls_wire_ended(c->tls);
    return track_beep_ended(&c->track, !c->side);
}

/* --- sending -------------------------------------------------------------------------------------------------------------- */

static err write_tls(struct beep_conn *c, slice octets)
{
    TRY(tls_write(c->tls, octets));
    return flush_tls(c) == OK ? OK : ERR_SYS; /* it is encrypted, and cannot be taken back */
}

/* The tracker knows of what was gathered: it goes, or the session is over. */
static err send_gathered(struct beep_conn *c)
{
    err e = c->gathered.n ? write_tls(c, buf_slice(&c->gathered)) : OK;
    buf_clear(&c->gathered);
    return e == OK ? OK : ERR_SYS;
}

void beep_conn_gather(struct beep_conn *c)
{
    c->gathers = true;
}

err beep_conn_gathered(struct beep_conn *c)
{
    c->gathers = false;
    err e = send_gathered(c);
    buf_shrink(&c->gathered); /* idle connections hold no memory */
    return e;
}

static err write_below(struct beep_conn *c, slice octets)
{
    if (!c->tls || !c->open_told) return buf_add(&c->link->out, octets);
    if (!c->gathers) return write_tls(c, octets);
    if (octets.n > buf_room(&c->gathered)) TRY(send_gathered(c));
    return octets.n > buf_room(&c->gathered) ? write_tls(c, octets) : buf_add(&c->gathered, octets);
}

/* What a layer coded has to be sent, as it counts. */
static err encode(struct beep_conn *c, slice octets, struct buf *out)
{
    err e = sasl_encode(c->layer, octets, out);
    return e == ERR_MEM ? ERR_SYS : e;
}

err beep_conn_write(struct beep_conn *c, slice octets)
{
    struct buf coded;
    if (!c->layer) return write_below(c, octets);
    if (!c->tls) return encode(c, octets, &c->link->out);
    buf_init(&coded, c->env->mem, c->env->limits.out_queue);
    err e = encode(c, octets, &coded);
    if (e == OK && write_below(c, buf_slice(&coded)) != OK) e = ERR_SYS;
    buf_done(&coded);
    return e;
}

err beep_conn_write_read(struct beep_conn *c, slice octets)
{
    struct beep_got got;
    struct track_beep *t = &c->track;
    TRY(beep_conn_write(c, octets));
    if (c->to_tls) t->tainted[c->side] = true; /* no frame belongs behind a proceed */
    while (!c->to_tls && track_beep_next(t, c->side, true, &octets, &got)) {
        for (uint32_t k = 0; k < t->fault_n; k++)
            if (t->fault[k].severity != SEV_NOTE) t->tainted[c->side] = true;
        if (got.kind == BEEP_GOT_BAD) {
            t->tainted[c->side] = true;
            break;
        }
        if (c->sent) c->sent(c->sent_ctx, &got);
        if (!got.tune) continue;
        begin_tls(c);
        if (octets.n) t->tainted[c->side] = true;
    }
    t->fault_n = 0;
    return OK;
}

/* Does anything speak against that frame?  f->size is that of its payload. */
static bool may_send(const struct beep_conn *c, const struct beep_frame *f)
{
    if (c->to_tls || track_beep_judge(&c->track, c->side, f) != BEEP_F_NONE) return false;
    if (f->keyword == BEEP_SEQ || !f->size || (c->slip && beep_slip_boundless(c->slip))) return true;
    const struct beep_channel *ch = track_beep_channel(&c->track, f->channel);
    return !ch || f->size <= beep_window(ch, c->side);
}

/* The tracker could not keep what it has to know of a frame of ours. */
static bool short_of_memory(const struct track_beep *t)
{
    for (uint32_t k = 0; k < t->fault_n; k++)
        if (t->fault[k].code == BEEP_F_LIMIT) return true;
    return false;
}

/* The octets that a mutant has for a frame. */
static err write_slip(struct beep_conn *c, const struct beep_frame *f)
{
    struct buf text;
    buf_init(&text, c->env->mem, c->env->limits.out_queue);
    err e = beep_slip_write(c->slip, f, &text);
    if (e == OK && text.n) e = beep_conn_write(c, buf_slice(&text));
    buf_done(&text);
    return e;
}

err beep_conn_frame(struct beep_conn *c, const struct beep_frame *f)
{
    struct beep_frame own = *f;
    struct beep_got got;
    struct buf text, *out = &c->link->out;
    bool direct = !c->tls && !c->layer && !c->slip; /* no copy on the way */
    if (own.keyword != BEEP_SEQ) {
        if (own.payload.n > BEEP_NUMBER_MAX) return ERR_USE;
        own.size = (uint32_t)own.payload.n;
    }
    own.note_n = 0;
    if (!may_send(c, &own)) return ERR_USE;
    buf_init(&text, c->env->mem, own.payload.n + BEEP_HEAD_MAX);
    size_t had = direct ? out->n : 0;
    err e = beep_frame_write(&own, direct ? out : &text);
    if (e == OK && !direct) e = c->slip ? write_slip(c, &own) : beep_conn_write(c, buf_slice(&text));
    if (e == OK) {
        own.raw = slice_sub(buf_slice(direct ? out : &text), had, direct ? out->n : text.n);
        own.head = (uint32_t)(own.keyword == BEEP_SEQ ? own.raw.n : own.raw.n - own.payload.n - 5 /* END CRLF */);
        track_beep_frame(&c->track, c->side, &own, &got);
        if (got.tune) begin_tls(c);
        if (short_of_memory(&c->track)) e = ERR_SYS;
    }
    buf_done(&text);
    return e;
}

err beep_conn_layer(struct beep_conn *c, struct sasl *s)
{
    struct buf rest;
    if (c->layer || c->to_tls || !sasl_has_layer(s)) return ERR_USE;
    release(c);
    buf_init(&rest, c->env->mem, c->env->limits.out_queue);
    err e = beep_reader_rest(&c->track.reader[!c->side], &rest);
    if (e == OK && rest.n) e = sasl_decode(s, buf_slice(&rest), &c->clear);
    buf_done(&rest);
    if (e == OK) e = track_beep_layer(&c->track);
    if (e == OK) c->layer = s;
    return e;
}

err beep_conn_renew(struct beep_conn *c)
{
    struct track_beep *t = &c->track;
    bool read_all = t->read_all, no_tls = t->no_tls;
    size_t max_payload = t->reader[!c->side].max_payload;
    struct buf rest;
    release(c);
    buf_init(&rest, c->env->mem, c->env->limits.out_queue);
    err e = beep_reader_rest(&t->reader[!c->side], &rest);
    if (e == OK) e = buf_add(&rest, buf_slice(&c->clear));
    if (e != OK) {
        buf_done(&rest);
        return e;
    }
    buf_done(&c->clear);
    c->clear = rest;
    track_beep_done(t);
    TRY(track_beep_init(t, c->env, max_payload));
    t->read_all = read_all;
    t->no_tls = no_tls;
    c->first_octet = c->last_octet = 0;
    c->news.n = 0;
    c->news.more = c->bad_told = false;
    return OK;
}

err beep_conn_notify(struct beep_conn *c)
{
    if (!c->tls || c->notify_sent || !c->open_told) return OK;
    c->notify_sent = true;
    TRY(tls_close(c->tls));
    return flush_tls(c);
}
