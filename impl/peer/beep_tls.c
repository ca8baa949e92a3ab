/* SPDX-License-Identifier: MIT */
/* The TLS profile on both sides (RFC 3080 3.1): ready in the start or as a MSG, proceed or error.  What follows proceed is for beep_conn and the peer. */
#include "peer/beep_peer_impl.h"

#include <string.h>

/* --- server ---------------------------------------------------------------------------------------------------------------- */

/* What speaks against a ready; false when nothing does. */
static bool refuses(const struct beep_peer *p, const struct beep_el *el, struct beep_el *no)
{
    if (el->kind != BEEP_EL_READY && !MUT(p, TLS_OTHER_MSG)) {
        *no = beep_peer_error(p, 501, "ready is expected");
    } else if (el->version.n && !slice_eq(el->version, SLICE_LIT("1")) && !MUT(p, TLS_ANY_VERSION)) {
        *no = beep_peer_error(p, 501, "version attribute of ready is not 1"); /* as in the example of 3.1.1 */
    } else if (beep_peer_secured(p) || (p->authenticated && !MUT(p, SASL_THEN_TLS))) {
        *no = beep_peer_error(p, 550, "transport security is not to be had any more"); /* 4.1; 538 means something else here (BEEP-D12) */
    } else if (!p->s->tls_server) {
        *no = beep_peer_error(p, 550, "transport security is not configured");
    } else {
        return false;
    }
    return true;
}

/* What is waited for are messages that are under way, as none may be begun behind a ready: they have the time of one.  The client, who waits longer (setup_ms), is then
 * told that it was in vain. */
static void wait_for_others(struct beep_peer *p, bool in_start, uint32_t msgno, uint64_t now)
{
    p->tune_by = now + p->e.env->limits.message_ms;
    p->tls_step = TLS_STEP_PENDING;
    p->tls_client = false;
    p->tls_in_start = in_start;
    p->tls_msgno = msgno;
    p->moves++;
}

static void start(struct beep_bound *b, slice init, struct buf *answer, struct beep_refusal *no, uint64_t now)
{
    struct beep_peer *p = b->peer;
    struct beep_el el = {0}, error;
    if (!slice_trim(init).n || MUT(p, TLS_READY_IGNORED)) return; /* bare: ready comes as a MSG */
    beep_tune_read(p, init, &el);
    if (refuses(p, &el, &error)) { /* the channel is there, what it was to do is not (3.1.1) */
        if (MUT(p, TLS_ERROR_OUTSIDE)) *no = (struct beep_refusal){error.code, "not ready"};
        beep_tune_write(p, &error, answer, now);
        beep_peer_spent(b);
    } else {
        b->later = true;
        wait_for_others(p, true, 0, now);
    }
    beep_el_done(&el);
}

static void on_ready(struct beep_bound *b, uint32_t msgno, uint64_t now)
{
    struct beep_peer *p = b->peer;
    struct beep_el error, none = {0};
    struct beep_chan *other = p->tuning;
    if (refuses(p, p->el ? p->el : &none, &error)) {
        err e = beep_peer_element(p, b->channel, BEEP_ERR, msgno, &error);
        if (e != OK) beep_peer_broken(p, e, now);
        beep_peer_spent(b);
    } else if (p->tls_step != TLS_STEP_NONE || (other && other != beep_chan_of(b))) {
        beep_peer_refuse(p, b->channel, msgno, 550, "another tuning is under way", now);
    } else {
        p->tuning = beep_chan_of(b);
        p->tuning->spent = false;
        wait_for_others(p, false, msgno, now);
    }
}

/* 3.1.3.1: replies that are owed go out first. */
static bool others_are_answered(const struct beep_peer *p)
{
    uint32_t channel = p->tls_in_start ? 0 : p->tuning->b.channel;
    uint32_t msgno = p->tls_in_start ? p->asked.msgno : p->tls_msgno;
    if (MUT(p, TLS_HELD_REPLIES)) return true;
    if (beep_peer_owes(p, 0, msgno, channel == 0)) return false;
    for (size_t i = 0; i < p->chans; i++) {
        uint32_t n = p->chan[i]->b.channel;
        if (beep_peer_owes(p, n, msgno, n == channel)) return false;
    }
    return true;
}

/* The answer to a ready that was put off. */
static void answer_ready(struct beep_bound *b, const struct beep_el *el, uint64_t now)
{
    struct beep_peer *p = b->peer;
    struct buf text;
    if (!p->tls_in_start) {
        err e = beep_peer_element(p, b->channel, el->kind == BEEP_EL_ERROR ? BEEP_ERR : BEEP_RPY, p->tls_msgno, el);
        if (e != OK) beep_peer_broken(p, e, now);
        return;
    }
    buf_init(&text, p->e.env->mem, PEER_ELEMENT_MAX);
    beep_tune_write(p, el, &text, now);
    beep_peer_answer(b, buf_slice(&text), NULL, now);
    buf_done(&text);
}

static void proceed(struct beep_peer *p, uint64_t now)
{
    struct beep_el el = {.kind = BEEP_EL_PROCEED};
    p->tls_step = TLS_STEP_PROCEEDS;
    p->moves++;
    answer_ready(&p->tuning->b, &el, now);
}

/* A client that left a message of its own unfinished, or does not take our replies, cannot end either behind its ready (3.1.3.1): it is let out of that by an error, and
 * the session stays as it was.  No ready is processed by that, so nothing has to go out before it. */
bool beep_tls_late(struct beep_peer *p, uint64_t now)
{
    struct beep_chan *c = p->tuning;
    if (p->tls_step != TLS_STEP_PENDING || !c || MUT(p, TLS_WAITS_OUT)) return false;
    struct beep_el error = beep_peer_error(p, 450, "what was to be answered before TLS was not done in time");
    beep_peer_note(p, "TLS declined: %.*s", (int)error.text.n, (const char *)error.text.p);
    p->tls_step = TLS_STEP_NONE;
    p->tune_by = 0;
    p->moves++;
    beep_peer_spent(&c->b); /* first: the answer may let a close through that waits behind it */
    answer_ready(&c->b, &error, now);
    return true;
}

/* --- client ---------------------------------------------------------------------------------------------------------------- */

static void declined(struct beep_bound *b, const struct beep_el *el, const struct beep_refusal *no, uint64_t now)
{
    struct beep_peer *p = b->peer;
    if (MUT(p, TLS_KEEPS_BAD_ANSWER)) {
        p->tune_by = 0;
        return;
    }
    if (MUT(p, TLS_UNASKED)) beep_mistake_hello(p, now);
    beep_peer_spent(b);
    p->tls_step = TLS_STEP_NONE;
    if (no && no->code) {
        beep_tune_failed(p, now, "peer declines TLS: %u %s", (unsigned)no->code, no->text);
    } else if (!beep_tune_poor(el) && el->kind == BEEP_EL_ERROR) {
        slice text = slice_sub(el->text, 0, 120);
        beep_tune_failed(p, now, "peer declines TLS: %u %.*s", (unsigned)el->code, (int)text.n, text.n ? (const char *)text.p : "");
    } else {
        beep_tune_failed(p, now, "peer answers ready with neither proceed nor error");
        beep_tune_useless(b, now);
    }
    /* an answer that cannot be read leaves open whether the peer negotiates now: there is no word left that could be said */
    if (track_beep_tuning(&p->c.track) == BEEP_TS_READY || p->c.to_tls) beep_peer_terminate(p, now);
}

static void send_ready(struct beep_bound *b, uint64_t now)
{
    struct beep_peer *p = b->peer;
    struct beep_el el = {.kind = BEEP_EL_READY};
    struct buf text;
    uint32_t msgno = 0;
    p->tls_step = TLS_STEP_ASKED;
    buf_init(&text, p->e.env->mem, PEER_ELEMENT_MAX);
    err e = beep_mgmt_write(&el, BEEP_CDATA, &text);
    if (e == OK) e = beep_peer_msg(b, &msgno, buf_slice(&text), true, now);
    buf_done(&text);
    if (e == ERR_USE) { /* the peer's close crossed our start: no MSG may follow it */
        p->tls_step = TLS_STEP_NONE;
        beep_peer_note(p, "no TLS: the session is being released");
    } else if (e != OK) {
        beep_peer_broken(p, e, now);
    }
}

static void started(struct beep_bound *b, slice answer, const struct beep_refusal *no, uint64_t now)
{
    struct beep_peer *p = b->peer;
    struct beep_el el = {0};
    if (no->code) {
        declined(b, NULL, no, now);
        return;
    }
    if (!slice_trim(answer).n && MUT(p, TLS_UNASKED) && !p->s->bare) beep_mistake_hello(p, now);
    if (!slice_trim(answer).n) { /* bare, or what was in the start was passed over */
        send_ready(b, now);
        return;
    }
    beep_tune_read(p, answer, &el);
    if (el.kind == BEEP_EL_PROCEED && p->c.to_tls) p->tls_step = TLS_STEP_PROCEEDS;
    else declined(b, &el, NULL, now);
    p->moves++;
    beep_el_done(&el);
}

static void octets(struct beep_bound *b, enum beep_keyword keyword, uint32_t msgno, uint32_t ansno, slice part, bool last, uint64_t now)
{
    struct beep_peer *p = b->peer;
    (void)ansno;
    (void)part; /* the tracker keeps messages of tuning channels whole */
    if (!last) return;
    if (keyword == BEEP_MSG) on_ready(b, msgno, now);
    else if (keyword == BEEP_RPY && p->el && p->el->kind == BEEP_EL_PROCEED && p->c.to_tls) p->tls_step = TLS_STEP_PROCEEDS;
    else declined(b, p->el, NULL, now);
    p->moves++;
}

static void closed(struct beep_bound *b, uint64_t now)
{
    struct beep_peer *p = b->peer;
    (void)now;
    if (p->tuning == beep_chan_of(b) && !p->c.to_tls) p->tls_step = TLS_STEP_NONE;
}

const struct beep_profile beep_profile_tls = {
    .uri = BEEP_URI_TLS, .tuning = true, .start = start, .started = started, .octets = octets, .closed = closed};

void beep_tls_ask(struct beep_peer *p, uint64_t now)
{
    uint32_t channel;
    p->tls_tried = true;
    if (!p->s->tls_client) {
        beep_tune_failed(p, now, "TLS is asked for and not configured");
        return;
    }
    if (!beep_peer_offers(p, BEEP_URI_TLS)) { /* 9: somebody between the peers may have taken it out */
        beep_tune_failed(p, now, "peer does not offer TLS");
        return;
    }
    p->tune_by = now + p->e.env->limits.setup_ms;
    p->tls_client = true;
    err e = beep_peer_start(p, &beep_profile_tls, p->s->bare ? SLICE_NONE : SLICE_LIT("<ready />"), &channel, now);
    if (e != OK) beep_peer_broken(p, e, now);
    else if (MUT(p, TLS_TALKS_READY)) beep_mistake_start(p, channel + 2, now);
}

/* --- both ------------------------------------------------------------------------------------------------------------------ */

/* proceed passed: from here on the wire is TLS's. */
static void handshake(struct beep_peer *p, uint64_t now)
{
    struct tls_context *context = p->tls_client ? p->s->tls_client : p->s->tls_server;
    const char *key = p->tls_client ? beep_link(p)->to : NULL;
    p->tls_step = TLS_STEP_NONE;
    p->tune_by = 0;
    p->greet_by = now + p->e.env->limits.setup_ms;
    p->moves++;
    beep_mux_reset(&p->m);
    if (MUT(p, TLS_TALKS_PROCEED) || MUT(p, TLS_TALKS_CLEAR)) beep_mistake_start(p, p->opener ? 4711 : 4712, now);
    if (MUT(p, TLS_TALKS_CLEAR)) return;
    if (MUT(p, TLS_OTHER_SIDE)) context = p->s->tls_client;
    err e = beep_conn_start_tls(&p->c, context, p->tls_client || MUT(p, TLS_OTHER_SIDE), key);
    if (e != OK) beep_peer_broken(p, e, now);
}

void beep_tls_work(struct beep_peer *p, uint64_t now)
{
    if (MUT(p, TLS_WAITS_OUT)) return;
    if (p->tls_step == TLS_STEP_PENDING && p->tuning && others_are_answered(p)) proceed(p, now);
    if (p->tls_step == TLS_STEP_PROCEEDS && p->c.to_tls && !p->c.tls) handshake(p, now);
}
