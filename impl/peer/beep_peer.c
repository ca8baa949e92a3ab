/* SPDX-License-Identifier: MIT */
/* The BEEP peer as an endpoint: events, deadlines, the end. */
#include "peer/beep_peer_impl.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static struct beep_peer *peer_of(struct endpoint *e)
{
    return (struct beep_peer *)e;
}

/* --- words for people ---------------------------------------------------------------------------------------------------- */

static void speak(struct beep_peer *p, const char *text)
{
    if (p->s->hooks.say) p->s->hooks.say(p->s->hooks.ctx, p, text);
}

void beep_peer_note(struct beep_peer *p, const char *fmt, ...)
{
    char text[sizeof p->why];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    speak(p, text);
}

void beep_peer_tell(struct beep_peer *p, const char *fmt, ...)
{
    char text[sizeof p->why];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (!p->why[0]) memcpy(p->why, text, sizeof text);
    speak(p, text);
}

void beep_peer_tell_fault(struct beep_peer *p, const struct beep_fault *f)
{
    beep_peer_note(p, "peer broke %s at octet %llu (%s): %s", clauses[f->clause].id, (unsigned long long)f->at, beep_faults[f->code].name, f->text);
}

/* --- faults --------------------------------------------------------------------------------------------------------------- */

const struct beep_fault *beep_peer_fault(const struct beep_peer *p, enum beep_remedy atleast)
{
    const struct track_beep *t = &p->c.track;
    for (uint32_t i = 0; i < t->fault_n; i++) {
        const struct beep_fault *f = &t->fault[i];
        uint8_t r = beep_remedies[f->code];
        if (f->side != beep_other(p) || beep_mistake_overlooks(p, f)) continue;
        if (atleast == BEEP_DO_SESSION ? r == BEEP_DO_SESSION : r >= atleast) return f;
    }
    return NULL;
}

/* Section 8: 500 for what is no XML, 501 for what is no element of this kind, 550 for what is understood and not done. */
uint16_t beep_peer_code(enum beep_fault_code code)
{
    switch ((int)code) {
    case BEEP_F_BLOB_CLIENT:
    case BEEP_F_TUNING_ORDER: return 501; /* an element, or a status, that is not the client's to send now */
    default: break;
    }
    if (beep_remedies[code] == BEEP_DO_ILL) return 500;
    return beep_remedies[code] == BEEP_DO_UNWANTED ? 550 : 501;
}

/* --- the end --------------------------------------------------------------------------------------------------------------- */

static void drop(struct beep_peer *p)
{
    beep_link(p)->drop = true;
    p->ending = p->over = true;
}

/* Half-closes and reads on for a while: what is not read when a socket is closed resets the connection, and the last words with it (BEEP-D14). */
static void end_out(struct beep_peer *p, uint64_t now)
{
    if (p->ending) return;
    p->ending = true;
    beep_link(p)->pause = false;
    p->close_by = now + p->e.env->limits.close_ms;
    if (beep_conn_notify(&p->c) != OK) drop(p);
    beep_link(p)->fin = true;
}

void beep_peer_terminate(struct beep_peer *p, uint64_t now)
{
    if (p->ending) return;
    beep_mux_reset(&p->m);
    end_out(p, now);
}

void beep_peer_leave(struct beep_peer *p, uint64_t now)
{
    if (p->ending || p->leaving) return;
    p->leaving = true;
    p->close_by = now + p->e.env->limits.message_ms;
    p->moves++;
}

void beep_peer_broken(struct beep_peer *p, err e, uint64_t now)
{
    (void)now;
    if (p->over) return;
    beep_peer_tell(p, "session given up: %s", err_name(e));
    drop(p);
}

void beep_peer_abort(struct beep_peer *p, uint64_t now)
{
    (void)now;
    if (!p->ready) p->over = true;
    else drop(p);
}

/* --- what can be done now ---------------------------------------------------------------------------------------------------- */

static void pump(struct beep_peer *p, uint64_t now)
{
    size_t had = p->m.queued;
    err e = beep_mux_pump(&p->m);
    if (e != OK && e != ERR_LIMIT) {
        beep_peer_broken(p, e, now);
        return;
    }
    if (p->m.queued != had) p->moves++;
}

static void work_once(struct beep_peer *p, uint64_t now)
{
    beep_tune_work(p, now); /* first: behind what ends a tuning nothing goes out as it did before */
    if (!p->ending) pump(p, now);
    if (!p->ending) beep_chan_work(p, now);
    if (!p->ending) beep_mgmt_work(p, now);
    if (!p->ending) beep_tune_work(p, now);
    if (!p->ending) beep_ask_work(p, now);
    if (p->raw && !p->ending && beep_mux_idle(&p->m)) beep_peer_raw_begin(p, now);
    else if (p->renewing && !p->ending && beep_mux_idle(&p->m)) beep_peer_renewed(p, now);
    else if (p->leaving && !p->ending && beep_mux_idle(&p->m)) end_out(p, now);
}

void beep_peer_work(struct beep_peer *p, uint64_t now)
{
    if (p->inside || p->ending || !p->ready || p->raw_on) return;
    uint64_t before;
    p->inside = true;
    do {
        before = p->moves;
        work_once(p, now);
    } while (p->moves != before && !p->ending && !p->raw_on);
    p->inside = false;
    beep_tune_told(p, now);
}

/* --- what comes ------------------------------------------------------------------------------------------------------------- */

static void on_frame(struct beep_peer *p, const struct beep_got *g, uint64_t now)
{
    const struct beep_fault *f = beep_peer_fault(p, BEEP_DO_SESSION);
    p->touched = now;
    if (f) {
        beep_peer_tell_fault(p, f);
        beep_peer_tell(p, "%s", f->text);
        beep_mistake_bad(p, now);
        beep_peer_terminate(p, now);
        return;
    }
    if (p->c.resync && p->c.track.lost) return; /* a mutant that takes no notice */
    if (beep_mistake_ends(p, g)) {
        beep_peer_terminate(p, now);
        return;
    }
    if (p->leaving || beep_peer_turns(p) || g->frame.keyword == BEEP_SEQ) return; /* agreed: what still comes is of no use */
    if (g->frame.channel == 0) beep_mgmt_frame(p, g, now);
    else beep_chan_frame(p, g, now);
}

static void on_bad(struct beep_peer *p, uint64_t now)
{
    const struct track_beep *t = &p->c.track;
    if (t->fault_n && beep_mistake_overlooks(p, &t->fault[0])) return;
    beep_mistake_bad(p, now);
    if (t->fault_n) {
        beep_peer_tell_fault(p, &t->fault[0]);
        beep_peer_tell(p, "%s", t->fault[0].text);
    } else {
        beep_peer_tell(p, "the stream cannot be read on");
    }
    beep_peer_terminate(p, now);
}

static void on_event(struct beep_peer *p, const struct beep_event *ev, uint64_t now)
{
    switch (ev->kind) {
    case BEEP_EV_FRAME: on_frame(p, &ev->got, now); break;
    case BEEP_EV_BAD: on_bad(p, now); break;
    case BEEP_EV_HELLO:
        if (!p->c.track.fault_n) break;
        beep_peer_tell_fault(p, &p->c.track.fault[0]);
        beep_peer_tell(p, "%s", p->c.track.fault[0].text);
        beep_peer_terminate(p, now);
        break;
    case BEEP_EV_TLS: beep_peer_anew(p, now); break;
    case BEEP_EV_TLS_FAILED: /* section 3 lets a peer end the session then, and a peer that was to be private had better */
        beep_peer_tell(p, "TLS: %s", p->c.tls ? tls_why(p->c.tls) : "an alert in place of the handshake");
        beep_peer_terminate(p, now);
        break;
    case BEEP_EV_NOTIFY:
        if (!p->leaving && !p->why[0]) beep_peer_tell(p, "peer ended TLS");
        beep_peer_terminate(p, now);
        break;
    case BEEP_EV_NOTHING: break;
    }
}

static void take(struct beep_peer *p, slice in, uint64_t now)
{
    struct beep_event ev;
    p->m.reading = true; /* one SEQ for all of it (3081 3.1.4) */
    while (!p->ending && !p->raw_on && beep_conn_next(&p->c, &in, now, &ev)) {
        bool was = p->inside;
        p->inside = true;
        on_event(p, &ev, now);
        p->inside = was;
        if (MUT(p, REPLIES_REVERSED) && in.n) continue;
        beep_peer_work(p, now);
    }
    p->m.reading = false;
    if (beep_mux_grants(&p->m)) beep_peer_work(p, now);
    if (MUT(p, ENDS_ON_HALF_SEGMENT) && !p->c.tls && beep_reader_inside(&p->c.track.reader[beep_other(p)])) beep_peer_terminate(p, now);
    if (p->raw_on && !p->ending) beep_peer_raw_feed(p, in, now);
}

/* --- the endpoint ------------------------------------------------------------------------------------------------------------ */

static void peer_up(struct endpoint *e, int link, uint64_t now)
{
    struct beep_peer *p = peer_of(e);
    (void)link;
    p->touched = now;
    err r = beep_conn_init(&p->c, e->env, beep_link(p), p->opener ? 0 : 1, PEER_FRAME_MAX);
    if (r != OK) {
        beep_conn_done(&p->c);
        beep_peer_broken(p, r, now);
        return;
    }
    r = beep_mux_init(&p->m, &p->c, &p->s->mux);
    if (r != OK) {
        beep_mux_done(&p->m);
        beep_conn_done(&p->c);
        beep_peer_broken(p, r, now);
        return;
    }
    p->ready = true;
    beep_mistake_begin(p);
    if (!MUT(p, WAITS)) beep_peer_greet(p, now);
    beep_peer_work(p, now);
}

/* Frames stop at the multiplexer's low water; what else may have to be written, for TLS, must not grow without bound when nobody reads it. */
static void hold_back(struct beep_peer *p)
{
    struct link *l = beep_link(p);
    if (!p->ending && !l->pause && l->out.n > PEER_UNREAD_MAX) l->pause = true;
}

/* Did TCP take anything since the last look?  Who takes nothing for long is not waited for. */
static void watch(struct beep_peer *p)
{
    if (beep_link(p)->out.n < p->out_seen) p->stalled = 0;
}

static void watched(struct beep_peer *p, uint64_t now)
{
    p->out_seen = beep_link(p)->out.n;
    if (p->out_seen < p->s->mux.low_water) p->stalled = 0;
    else if (!p->stalled) p->stalled = now ? now : 1;
}

static void peer_feed(struct endpoint *e, int link, slice octets, uint64_t now)
{
    struct beep_peer *p = peer_of(e);
    (void)link;
    if (!p->ready) return;
    watch(p);
    if (p->raw_on) beep_peer_raw_feed(p, octets, now);
    else take(p, octets, now);
    hold_back(p);
    watched(p, now);
}

static void peer_urgent(struct endpoint *e, int link, uint64_t now)
{
    (void)e; /* BEEP has no use for urgent data and says nothing about it: the octet comes with the others */
    (void)link;
    (void)now;
}

static void peer_drained(struct endpoint *e, int link, uint64_t now)
{
    struct beep_peer *p = peer_of(e);
    (void)link;
    beep_link(p)->pause = false;
    p->stalled = 0;
    if (!p->ready) return;
    if (p->raw_on && p->raw->drained) p->raw->drained(p->raw->ctx, p, now);
    else beep_peer_work(p, now);
    watched(p, now);
}

static void peer_ended(struct endpoint *e, int link, enum link_end how, uint64_t now)
{
    struct beep_peer *p = peer_of(e);
    (void)link;
    if (how == LINK_REFUSED) {
        char why[320];
        link_trouble(beep_link(p), why, sizeof why);
        beep_peer_tell(p, "%s", why);
        p->over = true;
    }
    if (!p->ready) p->over = true;
    if (p->over) return;
    if (p->raw_on) {
        if (p->raw->ended) p->raw->ended(p->raw->ctx, p, how, now);
        if (how == LINK_RESET) p->over = true;
        return;
    }
    bool whole = beep_conn_ended(&p->c);
    if (!p->ending && !p->leaving) beep_peer_tell(p, whole ? "peer ended the connection" : "connection ended inside a frame");
    if (how == LINK_RESET) {
        p->ending = p->over = true;
        return;
    }
    beep_peer_terminate(p, now);
}

static uint64_t sooner(uint64_t a, uint64_t b)
{
    return b && b < a ? b : a;
}

static uint64_t after(uint64_t from, uint32_t ms)
{
    return from ? from + ms : 0;
}

/* A release waits for what the peer owes and for what is owed to it: while frames come there is hope, within a bound.  Silence of the peer, or of a profile of ours, is not
 * waited for longer than for the end of one message. */
static uint64_t wish_by(const struct beep_peer *p)
{
    const struct limits *l = &p->e.env->limits;
    if (!p->wished || !p->release_wanted) return 0;
    uint64_t quiet = (p->touched > p->wished ? p->touched : p->wished) + l->message_ms;
    uint64_t whole = p->wished + (uint64_t)PEER_RELEASE_WAIT * l->message_ms;
    return quiet < whole ? quiet : whole;
}

static uint64_t peer_deadline(const struct endpoint *e)
{
    const struct beep_peer *p = (const struct beep_peer *)e;
    const struct limits *l = &e->env->limits;
    uint64_t at = UINT64_MAX;
    if (p->over || !p->ready || beep_link(p)->state != LINK_UP) return at;
    if (p->close_by) return p->close_by;
    if (p->raw_on) return sooner(at, after(p->stalled, l->message_ms));
    at = sooner(at, p->greet_by);
    at = sooner(at, p->tune_by);
    at = sooner(at, p->release_by);
    at = sooner(at, wish_by(p));
    at = sooner(at, after(p->c.first_octet, l->message_ms));
    at = sooner(at, after(p->stalled, l->message_ms));
    return sooner(at, l->idle_ms ? p->touched + l->idle_ms : 0);
}

static bool past(uint64_t at, uint64_t now)
{
    return at && now >= at;
}

static void peer_tick(struct endpoint *e, uint64_t now)
{
    struct beep_peer *p = peer_of(e);
    const struct limits *l = &e->env->limits;
    if (now < peer_deadline(e)) return;
    if (!p->close_by && p->stalled) {
        watch(p);
        watched(p, now);
    }
    if (p->close_by) {
        drop(p);
    } else if (past(after(p->stalled, l->message_ms), now)) {
        beep_peer_tell(p, "peer takes nothing of what is sent");
        drop(p);
    } else if (p->raw_on) {
        return;
    } else if (past(p->greet_by, now)) {
        beep_peer_tell(p, p->c.to_tls ? "TLS not negotiated in time" : "no greeting in time");
        beep_peer_terminate(p, now);
    } else if (past(p->tune_by, now)) {
        if (beep_tls_late(p, now)) {
            beep_peer_work(p, now);
            return;
        }
        beep_peer_tell(p, "tuning not answered in time");
        beep_peer_terminate(p, now);
    } else if (past(p->release_by, now)) {
        beep_peer_tell(p, "release not answered in time");
        beep_peer_terminate(p, now);
    } else if (past(wish_by(p), now)) {
        beep_peer_tell(p, "what is in the way of the release did not end in time");
        beep_peer_terminate(p, now);
    } else if (past(after(p->c.first_octet, l->message_ms), now)) {
        beep_peer_tell(p, "peer did not finish a frame in time");
        beep_peer_terminate(p, now);
    } else {
        bool again = p->release_wanted; /* what the peer owes is in the way of the release, and it is silent */
        beep_peer_note(p, "idle for too long");
        p->touched = now;
        if (!again && beep_peer_close(p, 0, now) == OK) return;
        beep_peer_tell(p, "idle for too long");
        beep_peer_terminate(p, now);
    }
}

static bool peer_finished(const struct endpoint *e)
{
    const struct beep_peer *p = (const struct beep_peer *)e;
    return p->over || beep_link(p)->state == LINK_DOWN;
}

static void peer_free(struct endpoint *e)
{
    struct beep_peer *p = peer_of(e);
    const struct mem *mem = e->env->mem;
    p->ending = true; /* what profiles still want to send goes nowhere */
    p->inside = true;
    if (p->ready) beep_chan_free_all(p, 0);
    if (p->s->hooks.gone) p->s->hooks.gone(p->s->hooks.ctx, p);
    beep_mgmt_forget(p);
    if (p->ready) {
        beep_mux_done(&p->m);
        beep_conn_done(&p->c);
    }
    sasl_free(p->sasl);
    buf_done(&p->remote);
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

err beep_peer_new(const struct beep_setup *s, bool opener, const char *to, struct beep_peer **out)
{
    struct beep_peer *p = mem_new(s->env->mem, sizeof *p);
    *out = NULL;
    if (!p) return ERR_MEM;
    endpoint_init(&p->e, &ops, s->env);
    p->s = s;
    p->link = &p->e.link[0];
    p->opener = opener;
    buf_init(&p->remote, s->env->mem, PEER_GREETING_MAX);
    if (opener) {
        p->e.link[0].to = to;
        p->e.link[0].state = LINK_WANTED;
    }
    *out = p;
    return OK;
}

struct endpoint *beep_peer_endpoint(struct beep_peer *p)
{
    return &p->e;
}

void beep_peer_embed(struct beep_peer *p, struct link *link)
{
    link->to = p->link->to;
    link->state = p->link->state;
    p->link->state = LINK_IDLE;
    p->link = link;
}

const char *beep_peer_identity(const struct beep_peer *p)
{
    const char *who = p->authenticated && p->sasl ? sasl_identity(p->sasl) : NULL;
    return who ? who : "";
}

bool beep_peer_secured(const struct beep_peer *p)
{
    return p->ready && beep_conn_secured(&p->c);
}

const char *beep_peer_why(const struct beep_peer *p)
{
    return p->why;
}

const struct track_beep *beep_peer_track(const struct beep_peer *p)
{
    return &p->c.track;
}
