/* SPDX-License-Identifier: MIT */
/* Messages of channel 0 and of tuning channels: what they ask, what they answer, and what follows for session and channels (RFC 3080 2.3, 2.4, 3, 4). */
#include <string.h>

#include "track/track_beep_impl.h"

/* --- machines -------------------------------------------------------------------------------------------------------------------- */

static enum beep_fault_code session_fault(const struct track_beep *t, uint8_t was)
{
    (void)t;
    if (was == BEEP_SS_RELEASED) return BEEP_F_RELEASED;
    if (was == BEEP_SS_START || was == BEEP_SS_HALF) return BEEP_F_NO_GREETING;
    return BEEP_F_ORDER;
}

bool beep_session_step(struct track_beep *t, int side, enum beep_session_event ev, uint32_t channel)
{
    if (t->lost) return true;
    uint8_t was = t->session.state;
    const struct fsm_row *r = fsm_step(&t->session, side, (uint8_t)ev, NULL);
    if (r && r->kind != FSM_FATAL) return true;
    /* when this side could not know of what the other did, it is no fault; the state stays */
    t->session.state = was;
    beep_fault_row(t, side, session_fault(t, was), r ? r->clause : 0, channel);
    return false;
}

static enum beep_fault_code tuning_fault(enum beep_tuning_event ev, uint8_t was)
{
    switch (ev) {
    case BEEP_TE_READY: return was == BEEP_TS_AUTHENTICATED ? BEEP_F_TLS_AFTER_SASL : BEEP_F_TWO_TUNINGS;
    case BEEP_TE_BLOB:
        if (was == BEEP_TS_AUTHENTICATED) return BEEP_F_AUTH_AGAIN;
        return was == BEEP_TS_READY || was == BEEP_TS_PROCEED ? BEEP_F_TWO_TUNINGS : BEEP_F_BLOB_CLIENT;
    case BEEP_TE_CHALLENGE: return BEEP_F_BLOB_SERVER;
    case BEEP_TE_COMPLETE: return was == BEEP_TS_ABORTING ? BEEP_F_BLOB_SERVER : was == BEEP_TS_CHALLENGED ? BEEP_F_BLOB_CLIENT : BEEP_F_BLOB_SERVER;
    case BEEP_TE_ABORT: return was == BEEP_TS_BLOB ? BEEP_F_BLOB_SERVER : BEEP_F_BLOB_CLIENT;
    case BEEP_TE_PROCEED:
        if (was == BEEP_TS_AUTHENTICATED) return BEEP_F_TLS_AFTER_SASL;
        break;
    case BEEP_TE_TLS_ERROR:
    case BEEP_TE_TLS_OPEN:
    case BEEP_TE_TLS_FAILED:
    case BEEP_TE_SASL_ERROR:
    case BEEP_TE_TALK:
    case BEEP_TE_COUNT: break;
    }
    return BEEP_F_TUNING_ORDER;
}

bool beep_tuning_step(struct track_beep *t, int side, enum beep_tuning_event ev, uint32_t channel)
{
    if (t->lost) return true;
    uint8_t was = t->tuning.state;
    const struct fsm_row *r = fsm_step(&t->tuning, side, (uint8_t)ev, &t->tuning_facts);
    if (r && r->kind != FSM_FATAL) return true;
    t->tuning.state = was; /* declined, or nonsense: what was agreed before stands */
    enum beep_fault_code code = tuning_fault(ev, was);
    bool tls = ev <= BEEP_TE_TLS_FAILED && code == BEEP_F_TUNING_ORDER;
    beep_fault_row(t, side, code, r ? r->clause : tls ? CL_BEEP_6_2_1 : 0, channel);
    return false;
}

/* --- reading --------------------------------------------------------------------------------------------------------------------- */

static void note_faults(struct track_beep *t, int side, const struct beep_el *el, uint32_t channel)
{
    for (uint32_t i = 0; i < el->note_n; i++)
        beep_fault(t, side, el->note[i].code, channel);
}

static bool well_formed(const struct beep_el *el)
{
    for (uint32_t i = 0; i < el->note_n; i++) {
        uint8_t r = beep_remedies[el->note[i].code];
        if (r == BEEP_DO_ILL || r == BEEP_DO_INVALID) return false;
    }
    return true;
}

static bool is_tuning(slice uri)
{
    return slice_eq(uri, SLICE_LIT(BEEP_URI_TLS)) || slice_starts(uri, SLICE_LIT(BEEP_URI_SASL));
}

/* The element inside the first tuning profile that has content. */
static void read_inner(struct track_beep *t, int side, const struct beep_el *el, uint32_t channel, struct beep_got *got)
{
    for (size_t i = 0; i < el->profiles; i++) {
        const struct beep_profile_el *p = &el->profile[i];
        if (!p->content.n || !is_tuning(p->uri)) continue;
        err e = beep_el_read(t->env, p->content, SLICE_NONE, &t->inner);
        t->inner_used = true;
        if (e == ERR_MEM) { /* a ready or proceed that nobody noticed would be worse */
            beep_fault(t, side, BEEP_F_LIMIT, channel);
            return;
        }
        note_faults(t, side, &t->inner, channel);
        got->inner = &t->inner;
        return;
    }
}

/* --- MSG ------------------------------------------------------------------------------------------------------------------------- */

/* Where order is lost a number that still waits may start once more: what it asked for before is forgotten. */
static void drop_uris(const struct mem *m, struct beep_exchange *x)
{
    for (size_t i = 0; i < x->uris; i++)
        mem_free(m, x->uri[i]);
    mem_free(m, x->uri);
    x->uri = NULL;
    x->uris = 0;
}

static err keep_uris(struct track_beep *t, struct beep_exchange *x, const struct beep_el *el)
{
    const struct mem *m = beep_mem(t);
    drop_uris(m, x);
    if (!el->profiles) return OK;
    x->uri = mem_new(m, el->profiles * sizeof *x->uri);
    if (!x->uri) return ERR_MEM;
    for (size_t i = 0; i < el->profiles; i++) {
        slice u = el->profile[i].uri;
        char *copy = mem_new(m, u.n + 1);
        if (!copy) return ERR_MEM;
        if (u.n) memcpy(copy, u.p, u.n);
        copy[u.n] = 0;
        x->uri[x->uris++] = copy;
    }
    return OK;
}

static bool other_start_pending(const struct beep_channel *zero, const struct beep_exchange *self, uint32_t number)
{
    for (int side = 0; side < 2; side++) {
        const struct beep_dir *d = &zero->dir[side];
        for (size_t i = 0; i < d->xs; i++) {
            const struct beep_exchange *x = &d->x[d->x_from + i];
            if (x != self && x->ask == BEEP_ASK_START && x->number == number) return true;
        }
    }
    return false;
}

/* Both sides may ask for TLS at once: who had not acknowledged the ready of the other could not know of it. */
static bool ready_crosses(const struct track_beep *t, int side)
{
    if (track_beep_tuning(t) != BEEP_TS_READY || fsm_side(&t->tuning, BEEP_TP_CLIENT) == side) return false;
    const struct beep_channel *c = beep_channel_find(t, t->ready_channel);
    return c && c->dir[!side].acked < t->ready_end;
}

static void wants_tls(struct track_beep *t, int side, struct beep_channel *c, uint32_t msgno)
{
    if (ready_crosses(t, side)) {
        t->ready_crossed = true;
        return;
    }
    t->ready_crossed = false;
    if (!beep_tuning_step(t, side, BEEP_TE_READY, c->number)) return;
    t->ready_channel = c->number;
    t->ready_msgno = msgno;
    t->ready_end = c->dir[side].next;
}

static void ask_start(struct track_beep *t, int side, struct beep_channel *zero, struct beep_exchange *x, const struct beep_el *el,
                      struct beep_got *got)
{
    x->ask = BEEP_ASK_START;
    x->number = el->number;
    got->number = el->number;
    if (keep_uris(t, x, el) != OK) beep_fault(t, side, BEEP_F_LIMIT, 0);
    if (side == 0 && el->number % 2 == 0) beep_fault(t, side, BEEP_F_PARITY_INITIATOR, 0);
    if (side == 1 && el->number % 2 == 1) beep_fault(t, side, BEEP_F_PARITY_LISTENER, 0);
    if (beep_channel_find(t, el->number) || other_start_pending(zero, x, el->number)) {
        beep_fault(t, side, BEEP_F_IN_USE, el->number);
        x->well_asked = false;
    }
    read_inner(t, side, el, 0, got);
    beep_sasl_asked(t, side, el);
    if (got->inner && got->inner->kind == BEEP_EL_READY) wants_tls(t, side, zero, x->msgno);
    if (got->inner && got->inner->kind == BEEP_EL_BLOB && got->inner->status == BEEP_BLOB_COMPLETE)
        beep_fault(t, side, BEEP_F_BLOB_CLIENT, 0);
}

static void ask_close(struct track_beep *t, int side, struct beep_exchange *x, const struct beep_el *el, struct beep_got *got)
{
    got->number = el->number;
    x->number = el->number;
    if (el->number == 0) {
        x->ask = BEEP_ASK_RELEASE;
        t->release_at[side] = t->at[side];
        if (beep_session_step(t, side, BEEP_SE_RELEASE, 0)) return;
        x->well_asked = false;
        return;
    }
    x->ask = BEEP_ASK_CLOSE;
    struct beep_channel *c = track_beep_channel(t, el->number);
    if (!c) {
        /* it may have crossed an ok of this side to the other's close */
        if (!beep_channel_gone(t, el->number, side) && !beep_channel_find(t, el->number)) beep_fault(t, side, BEEP_F_CLOSE_UNKNOWN, el->number);
        return;
    }
    const struct beep_dir *d = &c->dir[side];
    for (size_t i = 0; i < d->xs; i++) {
        uint8_t s = d->x[d->x_from + i].fsm.state;
        if (s != BEEP_XS_ASKING && s != BEEP_XS_ASKED) continue;
        beep_fault(t, side, BEEP_F_CLOSE_EARLY, el->number);
        break;
    }
    uint8_t was = c->fsm.state;
    const struct fsm_row *r = fsm_step(&c->fsm, side, BEEP_CE_CLOSE, NULL);
    if (r && r->kind != FSM_FATAL) return;
    c->fsm.state = was;
    beep_fault_row(t, side, BEEP_F_ORDER, CL_BEEP_2_3_1_3_13, el->number);
}

static void take_ask(struct track_beep *t, int side, struct beep_channel *zero, struct beep_exchange *x, const struct beep_el *el,
                     struct beep_got *got)
{
    if (!(el->kind == BEEP_EL_CLOSE && el->number == 0 && x->well_asked)) beep_session_step(t, side, BEEP_SE_TALK, 0);
    if (!x->well_asked) return;
    switch (el->kind) {
    case BEEP_EL_START: ask_start(t, side, zero, x, el, got); return;
    case BEEP_EL_CLOSE: ask_close(t, side, x, el, got); return;
    case BEEP_EL_NONE:
    case BEEP_EL_GREETING:
    case BEEP_EL_PROFILE:
    case BEEP_EL_OK:
    case BEEP_EL_ERROR:
    case BEEP_EL_READY:
    case BEEP_EL_PROCEED:
    case BEEP_EL_BLOB:
    case BEEP_EL_COUNT: break;
    }
    x->well_asked = false;
    beep_fault(t, side, BEEP_F_MGMT_KEYWORD, 0);
}

/* --- replies --------------------------------------------------------------------------------------------------------------------- */

static void tuned_by(struct track_beep *t, int side, const struct beep_el *inner, const struct beep_channel *c, struct beep_got *got)
{
    if (c->tuning == BEEP_SASL_CHANNEL) {
        beep_sasl_started(t, side, inner, c);
        return;
    }
    if (c->tuning != BEEP_TLS_CHANNEL) return;
    bool asked = track_beep_tuning(t) == BEEP_TS_READY && fsm_side(&t->tuning, BEEP_TP_CLIENT) == !side;
    if (inner && inner->kind == BEEP_EL_PROCEED) {
        got->tune = beep_tuning_step(t, side, BEEP_TE_PROCEED, c->number) || t->lost;
        if (got->tune) beep_session_step(t, side, BEEP_SE_TUNE, 0);
    } else if (asked) {
        beep_tuning_step(t, side, BEEP_TE_TLS_ERROR, c->number);
    }
}

/* A start that asked for TLS was answered with something else. */
static void not_tuned(struct track_beep *t, int side, const struct beep_exchange *x)
{
    bool asked = track_beep_tuning(t) == BEEP_TS_READY && t->ready_channel == 0 && t->ready_msgno == x->msgno && fsm_side(&t->tuning, BEEP_TP_CLIENT) == !side;
    if (asked) beep_tuning_step(t, side, BEEP_TE_TLS_ERROR, 0);
}

static void start_accepted(struct track_beep *t, int side, const struct beep_exchange *x, const struct beep_el *el, struct beep_got *got)
{
    slice uri = el->profile[0].uri;
    bool proposed = false;
    for (size_t i = 0; i < x->uris && !proposed; i++)
        proposed = slice_eq(uri, slice_str(x->uri[i]));
    if (!proposed) beep_fault(t, side, BEEP_F_PROFILE_OTHER, x->number);
    if (beep_channel_find(t, x->number)) return;
    struct beep_channel *c;
    if (beep_channel_new(t, x->number, uri, &c) != OK) {
        beep_fault(t, side, BEEP_F_LIMIT, x->number);
        return;
    }
    fsm_step(&c->fsm, !side, BEEP_CE_START, NULL);
    fsm_step(&c->fsm, side, BEEP_CE_ACCEPT, NULL);
    got->opened = c;
    read_inner(t, side, el, x->number, got);
    if (c->tuning == BEEP_DATA_CHANNEL || c->tuning == BEEP_SASL_CHANNEL) not_tuned(t, side, x);
    tuned_by(t, side, got->inner, c, got);
}

static void close_accepted(struct track_beep *t, int side, uint32_t number, struct beep_got *got)
{
    struct beep_channel *c = beep_channel_find(t, number);
    if (!c) return;
    /* its own replies, or its own MSGs */
    if (!beep_quiet(c)) beep_fault_row(t, side, BEEP_F_OK_EARLY, beep_waits(c, !side) ? 0 : CL_BEEP_2_3_1_3_10, number);
    const struct fsm_row *r = fsm_step(&c->fsm, side, BEEP_CE_OK, NULL);
    if (!r || r->kind == FSM_FATAL) c->fsm.state = BEEP_CS_CLOSED;
    got->number = number;
    beep_sasl_leave(t, c);
    if (c->fsm.state == BEEP_CS_OWED) return; /* the other answer is still to come */
    got->closed = true;
    beep_channel_drop(t, c, !side);
}

static void close_declined(struct track_beep *t, int side, uint32_t number)
{
    struct beep_channel *c = beep_channel_find(t, number);
    if (!c) return;
    uint8_t was = c->fsm.state;
    const struct fsm_row *r = fsm_step(&c->fsm, side, BEEP_CE_KEEP, NULL);
    if (!r || r->kind == FSM_FATAL) c->fsm.state = was;
    if (c->fsm.state == BEEP_CS_CLOSED) beep_channel_drop(t, c, !side);
}

static void take_positive(struct track_beep *t, int side, struct beep_exchange *x, const struct beep_el *el, struct beep_got *got)
{
    static const enum beep_element fits[] = {[BEEP_ASK_START] = BEEP_EL_PROFILE,
                                             [BEEP_ASK_CLOSE] = BEEP_EL_OK,
                                             [BEEP_ASK_RELEASE] = BEEP_EL_OK,
                                             [BEEP_ASK_GREETING] = BEEP_EL_GREETING};
    if (el->kind == BEEP_EL_ERROR || el->kind == BEEP_EL_START || el->kind == BEEP_EL_CLOSE) beep_fault(t, side, BEEP_F_MGMT_KEYWORD, 0);
    else if (x->ask != BEEP_ASK_NOTHING && el->kind != fits[x->ask] && well_formed(el)) beep_fault(t, side, BEEP_F_ANSWER, 0);
    if (x->ask == BEEP_ASK_NOTHING || el->kind != fits[x->ask]) return;
    switch (x->ask) {
    case BEEP_ASK_START:
        if (el->profiles) start_accepted(t, side, x, el, got);
        return;
    case BEEP_ASK_CLOSE: close_accepted(t, side, x->number, got); return;
    case BEEP_ASK_RELEASE:
        t->released_by[side] = true;
        beep_session_step(t, side, BEEP_SE_AGREE, 0);
        return;
    case BEEP_ASK_GREETING: beep_session_step(t, side, BEEP_SE_GREETING, 0); return;
    case BEEP_ASK_NOTHING: return;
    }
}

static void take_negative(struct track_beep *t, int side, struct beep_exchange *x, const struct beep_el *el)
{
    if (el->kind != BEEP_EL_ERROR && well_formed(el)) beep_fault(t, side, BEEP_F_MGMT_KEYWORD, 0);
    switch (x->ask) {
    case BEEP_ASK_START: not_tuned(t, side, x); return;
    case BEEP_ASK_CLOSE: close_declined(t, side, x->number); return;
    case BEEP_ASK_RELEASE: beep_session_step(t, side, BEEP_SE_DECLINE, 0); return;
    case BEEP_ASK_GREETING: beep_session_step(t, side, BEEP_SE_REFUSAL, 0); return;
    case BEEP_ASK_NOTHING: return;
    }
}

/* --- tuning channels ---------------------------------------------------------------------------------------------------------------- */

static void take_tuning(struct track_beep *t, int side, struct beep_channel *c, const struct beep_frame *f, const struct beep_el *el,
                        struct beep_got *got)
{
    bool reply = f->keyword != BEEP_MSG;
    beep_session_step(t, side, BEEP_SE_TALK, c->number);
    if (!well_formed(el) && el->kind != BEEP_EL_ERROR) { /* its notes are told; a MSG is answered by an error, a reply is as good as one */
        bool tls = track_beep_tuning(t) == BEEP_TS_READY && c->tuning == BEEP_TLS_CHANNEL;
        bool sasl = c->tuning == BEEP_SASL_CHANNEL && t->sasl_channel == c->number && (track_beep_tuning(t) == BEEP_TS_BLOB || track_beep_tuning(t) == BEEP_TS_ABORTING);
        if (reply && (tls || sasl)) beep_tuning_step(t, side, tls ? BEEP_TE_TLS_ERROR : BEEP_TE_SASL_ERROR, c->number);
        return;
    }
    bool one = f->keyword == BEEP_RPY || f->keyword == BEEP_ERR;
    if (one && (f->keyword == BEEP_ERR) != (el->kind == BEEP_EL_ERROR))
        beep_fault_row(t, side, BEEP_F_MGMT_KEYWORD, c->tuning == BEEP_TLS_CHANNEL ? CL_BEEP_6_2_1 : CL_BEEP_6_3_1, c->number);
    if (c->tuning == BEEP_TLS_CHANNEL) {
        if (!reply && el->kind == BEEP_EL_READY) wants_tls(t, side, c, f->msgno);
        else if (reply) tuned_by(t, side, el, c, got);
        else beep_fault_row(t, side, BEEP_F_TUNING_ORDER, CL_BEEP_6_2_1, c->number);
        return;
    }
    beep_sasl_message(t, side, c, el, reply);
}

/* --- a message is complete ------------------------------------------------------------------------------------------------------------ */

void beep_message(struct track_beep *t, int side, struct beep_channel *c, struct beep_exchange *x, const struct beep_frame *f,
                  slice message, struct beep_got *got)
{
    /* the rest of a MSG that was refused before its end (2.6.3), or is being refused */
    if (x && f->keyword == BEEP_MSG && (x->preempted || x->fsm.state == BEEP_XS_REFUSING)) return;
    if (got->message_lost) message = SLICE_NONE;
    err e = beep_mgmt_read(t->env, message, &t->el);
    t->el_used = true;
    got->el = &t->el;
    if (e == ERR_MEM) beep_fault(t, side, BEEP_F_LIMIT, c->number);
    note_faults(t, side, &t->el, c->number);
    if (x && f->keyword == BEEP_MSG) x->well_asked = e == OK && well_formed(&t->el);
    if (c->number) {
        take_tuning(t, side, c, f, &t->el, got);
        if (got->opened == c) got->opened = NULL;
        return;
    }
    if (!x) return;
    got->ask = x->ask;
    if (f->keyword == BEEP_MSG) {
        take_ask(t, side, c, x, &t->el, got);
        got->ask = x->ask;
        return;
    }
    if (x->ask == BEEP_ASK_GREETING) t->greeted[side] = true;
    got->number = x->number;
    if (x->ask == BEEP_ASK_NOTHING || x->ask == BEEP_ASK_START || x->ask == BEEP_ASK_CLOSE) beep_session_step(t, side, BEEP_SE_TALK, 0);
    if (f->keyword == BEEP_RPY) take_positive(t, side, x, &t->el, got);
    else take_negative(t, side, x, &t->el);
}
