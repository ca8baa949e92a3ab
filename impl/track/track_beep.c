/* SPDX-License-Identifier: MIT */
/* Frames of a BEEP session against what came before (RFC 3080 2.2.1, RFC 3081 3.1). */
#include "track/track_beep.h"

#include <string.h>

#include "track/track_beep_impl.h"

/* --- faults ------------------------------------------------------------------------------------------------------------------ */

/* What one frame or message shows by itself is held against its sender whatever came before. */
static bool about_order(enum beep_fault_code code)
{
    if (code >= BEEP_F_NO_CHANNEL && code <= BEEP_F_NOT_TLS) return true;
    return code >= BEEP_F_MGMT_KEYWORD && code != BEEP_F_OTHER_ERROR_CODE;
}

void beep_fault_row(struct track_beep *t, int side, enum beep_fault_code code, uint16_t clause, uint32_t channel)
{
    if (about_order(code) && (t->lost || t->tainted[!side])) return;
    if (t->fault_n == BEEP_TRACK_FAULTS) return;
    const struct fault_info *i = &beep_faults[code];
    t->fault[t->fault_n++] = (struct beep_fault){.code = code,
                                                 .severity = i->severity,
                                                 .clause = clause ? (enum clause_id)clause : i->clause,
                                                 .defect = i->defect,
                                                 .side = side,
                                                 .at = t->at[side],
                                                 .channel = channel,
                                                 .text = i->text};
}

void beep_fault(struct track_beep *t, int side, enum beep_fault_code code, uint32_t channel)
{
    beep_fault_row(t, side, code, 0, channel);
}

/* --- life ------------------------------------------------------------------------------------------------------------------------ */

/* Each side owes a greeting: a reply to a MSG 0 that nobody sent (2.3.1.1). */
static err begin_session(struct track_beep *t)
{
    struct beep_channel *zero;
    struct beep_exchange *x;
    TRY(beep_channel_new(t, 0, SLICE_NONE, &zero));
    zero->fsm.state = BEEP_CS_OPEN;
    for (int side = 0; side < 2; side++) {
        TRY(beep_exchange_new(t, &zero->dir[side], 0, &x));
        x->ask = BEEP_ASK_GREETING;
        fsm_bind(&x->fsm, BEEP_XP_CLIENT, side);
        x->fsm.state = BEEP_XS_ASKED;
        t->greeted[side] = false;
        t->released_by[side] = false;
    }
    return OK;
}

err track_beep_init(struct track_beep *t, const struct env *env, size_t max_payload)
{
    *t = (struct track_beep){.env = env};
    fsm_init(&t->session, &beep_session_machine);
    fsm_bind(&t->session, BEEP_SP_INITIATOR, 0);
    fsm_init(&t->tuning, &beep_tuning_machine);
    beep_reader_init(&t->reader[0], env, max_payload);
    beep_reader_init(&t->reader[1], env, max_payload);
    buf_init(&t->whole, env->mem, env->limits.content);
    err e = begin_session(t);
    if (e != OK) track_beep_done(t);
    return e;
}

static void forget_elements(struct track_beep *t)
{
    if (t->el_used) beep_el_done(&t->el);
    if (t->inner_used) beep_el_done(&t->inner);
    t->el_used = t->inner_used = false;
}

void track_beep_done(struct track_beep *t)
{
    forget_elements(t);
    beep_channels_done(t);
    beep_reader_done(&t->reader[0]);
    beep_reader_done(&t->reader[1]);
    buf_done(&t->whole);
}

/* --- what a header says against the state ------------------------------------------------------------------------------------------ */

static enum beep_exchange_event event_of(const struct beep_frame *f)
{
    switch (f->keyword) {
    case BEEP_MSG: return f->more ? BEEP_XE_MSG_PART : BEEP_XE_MSG;
    case BEEP_RPY: return f->more ? BEEP_XE_RPY_PART : BEEP_XE_RPY;
    case BEEP_ERR: return f->more ? BEEP_XE_ERR_PART : BEEP_XE_ERR;
    case BEEP_ANS: return f->more ? BEEP_XE_ANS_PART : BEEP_XE_ANS;
    case BEEP_NUL:
    case BEEP_SEQ:
    case BEEP_KEYWORDS: break;
    }
    return BEEP_XE_NUL;
}

static enum beep_fault_code fault_of_row(const struct fsm_row *r, const struct beep_frame *f)
{
    if (!r) return f->keyword == BEEP_MSG ? BEEP_F_MSG_REUSED : BEEP_F_REPLY_UNKNOWN;
    if (r->kind != FSM_FATAL) return BEEP_F_NONE;
    switch (r->clause) {
    case CL_BEEP_2_2_1_1_15: return BEEP_F_MSG_REUSED;
    case CL_BEEP_2_2_1_1_16: return BEEP_F_REPLY_AGAIN;
    case CL_BEEP_2_2_1_1_18: return BEEP_F_KEYWORD_CHANGED;
    case CL_BEEP_2_2_1_1_19: return BEEP_F_NUL_AFTER;
    default: return BEEP_F_NONE; /* told when the frame is taken: it does not end the session */
    }
}

/* Rule 9, and 2.2.1.1 on sequential frames: MSG and replies have numbers of their own (BEEP-D02). */
static enum beep_fault_code judge_begun(const struct beep_dir *d, const struct beep_frame *f)
{
    if (!d->unfinished) return BEEP_F_NONE;
    if (d->msgno != f->msgno || (d->keyword == BEEP_MSG) != (f->keyword == BEEP_MSG)) return BEEP_F_INTERLEAVED;
    return BEEP_F_NONE;
}

static enum beep_fault_code judge_exchange(const struct track_beep *t, int side, const struct beep_channel *c, const struct beep_frame *f)
{
    const struct beep_dir *own = &c->dir[side], *other = &c->dir[!side];
    if (f->keyword == BEEP_MSG) {
        const struct beep_exchange *x = beep_exchange_find(own, f->msgno, false);
        if (!x) return BEEP_F_NONE;
        return fault_of_row(fsm_peek(&x->fsm, side, (uint8_t)event_of(f), NULL), f);
    }
    const struct beep_exchange *x = !t->greeted[side] && c->number == 0 ? beep_exchange_find(other, 0, true) : NULL;
    if (!x) x = beep_exchange_find(other, f->msgno, false);
    if (!x) return beep_was_answered(other, f->msgno) ? BEEP_F_REPLY_AGAIN : BEEP_F_REPLY_UNKNOWN;
    if (f->keyword == BEEP_NUL && x->answers) return BEEP_F_NUL_OPEN; /* BEEP-D37 */
    if (c->number == 0 && (f->keyword == BEEP_ANS || f->keyword == BEEP_NUL)) return BEEP_F_MGMT_ANS;
    return fault_of_row(fsm_peek(&x->fsm, side, (uint8_t)event_of(f), NULL), f);
}

/* The first data frame of a side is its greeting, or the listener's refusal (2.3.1.1, 2.4). */
static enum beep_fault_code judge_greeting(int side, const struct beep_channel *zero, const struct beep_frame *f)
{
    if (f->keyword != BEEP_RPY && f->keyword != BEEP_ERR) return BEEP_F_NO_GREETING;
    if (f->channel != 0 || f->msgno != 0) return BEEP_F_GREETING_FRAME;
    if (f->keyword == BEEP_ERR && side == 0) return BEEP_F_REFUSED_BY_INITIATOR;
    if (f->seqno != (uint32_t)zero->dir[side].next) return BEEP_F_GREETING_FRAME;
    return BEEP_F_NONE;
}

static enum beep_fault_code judge_seq(const struct track_beep *t, int side, const struct beep_frame *f)
{
    const struct beep_channel *c = track_beep_channel(t, f->channel);
    if (!c) {
        /* a close that was agreed to may have crossed it */
        if (beep_channel_find(t, f->channel) || beep_channel_gone(t, f->channel, side)) return BEEP_F_NONE;
        return BEEP_F_SEQ_CHANNEL;
    }
    const struct beep_dir *d = &c->dir[!side];
    uint32_t behind = (uint32_t)d->next - f->seqno;
    if (behind > BEEP_NUMBER_MAX || behind > d->next) return BEEP_F_SEQ_AHEAD;
    return BEEP_F_NONE;
}

enum beep_fault_code track_beep_judge(const struct track_beep *t, int side, const struct beep_frame *f)
{
    if (t->lost) return BEEP_F_NONE;
    if (f->keyword == BEEP_SEQ) return judge_seq(t, side, f);
    const struct beep_channel *c = track_beep_channel(t, f->channel);
    if (!t->greeted[side]) {
        const struct beep_channel *zero = beep_channel_find(t, 0);
        enum beep_fault_code g = zero ? judge_greeting(side, zero, f) : BEEP_F_NONE;
        if (g) return g;
    }
    if (!c) return BEEP_F_NO_CHANNEL;
    enum beep_fault_code code = judge_begun(&c->dir[side], f);
    if (!code) code = judge_exchange(t, side, c, f);
    if (!code && f->seqno != (uint32_t)c->dir[side].next) code = c->dir[side].next ? BEEP_F_SEQNO : BEEP_F_SEQNO_FIRST;
    return code;
}

/* --- SEQ ----------------------------------------------------------------------------------------------------------------------- */

static void take_seq(struct track_beep *t, int side, const struct beep_frame *f, struct beep_got *got)
{
    struct beep_channel *c = track_beep_channel(t, f->channel);
    got->channel = c;
    got->last = true;
    if (!c) return;
    struct beep_dir *d = &c->dir[!side];
    uint32_t behind = (uint32_t)d->next - f->seqno;
    if (behind > BEEP_NUMBER_MAX || behind > d->next) return; /* order is not judged any more: nothing to learn from it */
    uint64_t acked = d->next - behind;
    if (acked < d->acked) beep_fault(t, side, BEEP_F_SEQ_BACK, f->channel);
    else if (acked < d->answered_to) beep_fault(t, side, BEEP_F_SEQ_STALE, f->channel);
    if (acked + f->size < d->edge) beep_fault(t, side, BEEP_F_SEQ_SHRINKS, f->channel);
    if (acked > d->acked) d->acked = acked;
    d->edge = acked + f->size;
    if (d->edge > d->edge_max) d->edge_max = d->edge;
}

/* --- traffic around a ready (3.1.3) --------------------------------------------------------------------------------------------- */

static void judge_tuning(struct track_beep *t, int side, const struct beep_frame *f)
{
    enum beep_tuning_state s = track_beep_tuning(t);
    if (s != BEEP_TS_READY && s != BEEP_TS_PROCEED) return;
    bool client = fsm_side(&t->tuning, BEEP_TP_CLIENT) == side;
    if (client) {
        if (s == BEEP_TS_READY && t->ready_crossed) return; /* the answer to the other ready */
        beep_fault(t, side, f->keyword == BEEP_SEQ ? BEEP_F_SEQ_AFTER_READY : BEEP_F_AFTER_READY, f->channel);
        return;
    }
    if (s == BEEP_TS_PROCEED) {
        beep_fault(t, side, BEEP_F_AFTER_PROCEED, f->channel);
        return;
    }
    /* owed replies may come; that something else was not on its way before is only known once the ready was acknowledged */
    const struct beep_channel *c = beep_channel_find(t, t->ready_channel);
    if (c && f->keyword == BEEP_MSG && c->dir[!side].acked >= t->ready_end) beep_fault(t, side, BEEP_F_READY_HELD, f->channel);
}

/* --- data frames ----------------------------------------------------------------------------------------------------------------- */

static bool reads(const struct track_beep *t, const struct beep_channel *c)
{
    return t->read_all || c->number == 0 || c->tuning != BEEP_DATA_CHANNEL;
}

static void lose(struct track_beep *t)
{
    t->lost = true;
    t->session.state = BEEP_SS_LOST;
}

static void keep(struct buf *part, bool *part_lost, slice payload)
{
    if (*part_lost || !payload.n) return;
    if (buf_add(part, payload) == OK) return;
    *part_lost = true;
    buf_shrink(part);
}

/* The payload of a message that this frame completes; pieces are joined. */
static slice join(struct track_beep *t, struct buf *part, bool *part_lost, const struct beep_frame *f, struct beep_got *got)
{
    if (!part->n && !*part_lost) return f->payload;
    keep(part, part_lost, f->payload);
    got->message_lost = *part_lost;
    *part_lost = false;
    buf_clear(&t->whole);
    slice whole = SLICE_NONE;
    if (!got->message_lost) {
        /* swapped, not copied: the part's memory is the message now */
        struct buf old = t->whole;
        t->whole = *part;
        *part = old;
        whole = buf_slice(&t->whole);
    }
    buf_shrink(part);
    return whole;
}

/* The part of the message that the frame belongs to, or all of it. */
static slice collect(struct track_beep *t, struct beep_dir *d, struct beep_exchange *x, const struct beep_frame *f, struct beep_got *got)
{
    struct buf *part = &d->part;
    bool *part_lost = &d->part_lost;
    struct beep_answer *a = NULL;
    if (f->keyword == BEEP_ANS) {
        a = x ? beep_answer_find(x, f->ansno) : NULL;
        if (!a && !f->more) return f->payload;
        if (!a && (!x || beep_answer_new(t, x, f->ansno, &a) != OK)) {
            got->message_lost = true;
            return SLICE_NONE;
        }
        part = &a->part;
        part_lost = &a->part_lost;
    }
    if (f->more) {
        if (reads(t, got->channel)) keep(part, part_lost, f->payload);
        return SLICE_NONE;
    }
    slice whole = join(t, part, part_lost, f, got);
    if (a) beep_answer_drop(x, a);
    return whole;
}

/* 2.6.1: replies of a channel come in the order of its MSGs. */
static void judge_reply_order(struct track_beep *t, int side, const struct beep_channel *c, const struct beep_exchange *x)
{
    const struct beep_exchange *first = beep_owed(c, side);
    if (first && first != x && first->msgno != x->msgno) beep_fault(t, side, BEEP_F_REPLY_ORDER, c->number);
}

/* 2.6.3: what lies beyond the window that the client had when the ERR was sent was sent behind it. */
static void judge_cut(struct track_beep *t, int side, const struct beep_dir *d, const struct beep_exchange *x, const struct beep_frame *f)
{
    if (x->preempted && f->size && d->next + f->size > x->cut_edge) beep_fault(t, side, BEEP_F_NOT_CUT, f->channel);
}

static struct beep_exchange *exchange_for(struct track_beep *t, int side, struct beep_channel *c, const struct beep_frame *f)
{
    struct beep_dir *own = &c->dir[side], *other = &c->dir[!side];
    struct beep_exchange *x;
    if (f->keyword != BEEP_MSG) {
        x = c->number == 0 && !t->greeted[side] ? beep_exchange_find(other, 0, true) : NULL;
        return x ? x : beep_exchange_find(other, f->msgno, false);
    }
    x = beep_exchange_find(own, f->msgno, false);
    if (x) return x;
    own->msgs++;
    if (beep_exchange_new(t, own, f->msgno, &x) != OK) {
        beep_fault(t, side, BEEP_F_LIMIT, c->number);
        return NULL;
    }
    const struct fsm_row *r = c->number ? fsm_step(&c->fsm, side, BEEP_CE_MSG, NULL) : NULL;
    if (r && r->kind == FSM_FATAL) beep_fault(t, side, BEEP_F_MSG_AFTER_CLOSE, c->number);
    return x;
}

static void step_exchange(struct track_beep *t, int side, struct beep_channel *c, struct beep_exchange *x, const struct beep_frame *f)
{
    struct beep_dir *asker = &c->dir[f->keyword == BEEP_MSG ? side : !side];
    if (f->keyword == BEEP_MSG) judge_cut(t, side, asker, x, f);
    else judge_reply_order(t, side, c, x);
    const struct fsm_row *r = fsm_step(&x->fsm, side, (uint8_t)event_of(f), NULL);
    if (r && r->kind == FSM_FATAL && r->from == BEEP_XS_ASKING) {
        beep_fault(t, side, BEEP_F_EARLY_REPLY, c->number);
        /* a whole reply is the one that there is: the MSG goes on to its end, and is not to have another */
        x->fsm.state = f->keyword == BEEP_RPY && !f->more ? BEEP_XS_CUT : BEEP_XS_DONE;
    } else if (x->fsm.state == BEEP_XS_CUT && !x->preempted && f->keyword == BEEP_ERR) {
        x->preempted = true;
        x->cut_edge = asker->edge_max;
    }
}

static void take_data(struct track_beep *t, int side, struct beep_channel *c, const struct beep_frame *f, struct beep_got *got)
{
    struct beep_dir *d = &c->dir[side];
    bool msg = f->keyword == BEEP_MSG;
    bool begins = !d->unfinished && (f->keyword != BEEP_ANS);
    struct beep_exchange *x = exchange_for(t, side, c, f);
    if (d->edge_max < d->next + f->size) beep_fault(t, side, BEEP_F_WINDOW, c->number);
    if (x) step_exchange(t, side, c, x, f);
    /* only an ERR may come before all of its MSG was read (3080 2.6.3) */
    if (x && !msg && f->keyword != BEEP_ERR && x->end > c->dir[!side].answered_to) c->dir[!side].answered_to = x->end;
    if (c->number && begins) beep_session_step(t, side, BEEP_SE_TALK, c->number);
    d->next += f->size;
    d->unfinished = f->more;
    d->keyword = f->keyword;
    d->msgno = f->msgno;
    d->ansno = f->ansno;
    got->last = !f->more;
    if (x && msg && got->last) x->end = d->next;
    slice whole = collect(t, d, x, f, got);
    if (got->last) {
        got->message = whole;
        if (c->number == 0 || c->tuning != BEEP_DATA_CHANNEL) beep_message(t, side, c, x, f, whole, got);
    }
    /* channel and exchange may be gone by now */
    if (!got->channel) return;
    struct beep_dir *asker = &c->dir[msg ? side : !side];
    x = x ? beep_exchange_find(asker, f->msgno, x->ask == BEEP_ASK_GREETING) : NULL;
    bool over = x && (x->fsm.state == BEEP_XS_DONE || (x->fsm.state == BEEP_XS_LOST && f->keyword != BEEP_MSG && !f->more));
    if (over) beep_exchange_drop(t, asker, x);
}

/* What a frame of a session that is lost, or on a channel that is not there, still tells. */
static void take_blind(struct track_beep *t, int side, const struct beep_frame *f, struct beep_got *got)
{
    struct beep_channel *c = got->channel;
    got->last = !f->more;
    if (got->last && !t->read_all) return;
    if (got->last) got->message = f->payload;
    if (c) c->dir[side].next = (c->dir[side].next & ~0xffffffffull) + f->seqno + f->size; /* go on from what it claims */
}

static void take(struct track_beep *t, int side, const struct beep_frame *f, struct beep_got *got)
{
    enum beep_fault_code code = track_beep_judge(t, side, f);
    if (!t->lost) judge_tuning(t, side, f);
    if (code) {
        beep_fault(t, side, code, f->channel);
        t->tainted[side] = true;
        lose(t);
    }
    if (f->keyword == BEEP_SEQ) {
        take_seq(t, side, f, got);
        return;
    }
    got->channel = track_beep_channel(t, f->channel);
    t->last_used = got->channel ? got->channel : t->last_used;
    if (code || !got->channel) {
        take_blind(t, side, f, got);
        return;
    }
    take_data(t, side, got->channel, f, got);
}

/* --- in ------------------------------------------------------------------------------------------------------------------------- */

static void notes(struct track_beep *t, int side, const struct beep_frame *f)
{
    for (uint32_t i = 0; i < f->note_n; i++) {
        beep_fault(t, side, f->note[i].code, f->channel);
        if (t->fault_n) t->fault[t->fault_n - 1].at = t->at[side] + f->note[i].at;
    }
}

static void fresh(struct track_beep *t, struct beep_got *got)
{
    *got = (struct beep_got){.kind = BEEP_GOT_NOTHING};
    t->fault_n = 0;
    forget_elements(t);
}

void track_beep_frame(struct track_beep *t, int side, const struct beep_frame *f, struct beep_got *got)
{
    fresh(t, got);
    got->kind = BEEP_GOT_FRAME;
    got->frame = *f;
    t->at[side] = t->reader[side].offset;
    take(t, side, f, got);
}

static bool bad(struct track_beep *t, int side, struct beep_got *got)
{
    got->kind = BEEP_GOT_BAD;
    got->channel = NULL;
    t->tainted[side] = true;
    lose(t);
    return true;
}

bool track_beep_next(struct track_beep *t, int side, bool resync, slice *in, struct beep_got *got)
{
    for (;;) {
        fresh(t, got);
        switch (beep_reader_next(&t->reader[side], in, &got->frame, &got->at)) {
        case BEEP_READ_MORE: return false;
        case BEEP_READ_HEAD: {
            t->at[side] = got->at;
            enum beep_fault_code code = resync ? BEEP_F_NONE : track_beep_judge(t, side, &got->frame);
            if (!code) break; /* the payload is read first */
            beep_fault(t, side, code, got->frame.channel);
            t->reader[side].failed = ERR_PEER; /* nothing behind it is read */
            return bad(t, side, got);
        }
        case BEEP_READ_FRAME:
            t->at[side] = got->at;
            got->kind = BEEP_GOT_FRAME;
            notes(t, side, &got->frame);
            take(t, side, &got->frame, got);
            return true;
        case BEEP_READ_BAD:
            t->at[side] = got->at;
            notes(t, side, &got->frame);
            return bad(t, side, got);
        }
    }
}

/* --- what is not frames --------------------------------------------------------------------------------------------------------- */

static err renew(struct track_beep *t)
{
    forget_elements(t);
    beep_channels_done(t);
    if (t->lost) return OK;
    t->sasl_end = 0; /* whoever speaks behind a layer knows that there was a success */
    if (t->session.state != BEEP_SS_TUNING) beep_session_step(t, 0, BEEP_SE_TUNE, 0);
    beep_session_step(t, 0, BEEP_SE_TUNED, 0);
    struct fsm_inst clean;
    fsm_init(&clean, &beep_session_machine);
    fsm_bind(&clean, BEEP_SP_INITIATOR, 0);
    clean.state = t->session.state;
    t->session = clean;
    return begin_session(t);
}

err track_beep_tuned(struct track_beep *t, bool tls, bool open)
{
    t->fault_n = 0;
    if (tls) {
        beep_tuning_step(t, fsm_side(&t->tuning, BEEP_TP_CLIENT) == 1, open ? BEEP_TE_TLS_OPEN : BEEP_TE_TLS_FAILED, 0);
        t->tuning_facts.under_tls |= open;
    }
    return renew(t);
}

err track_beep_layer(struct track_beep *t)
{
    t->fault_n = 0;
    if (t->tuning_facts.under_tls) beep_fault(t, fsm_side(&t->tuning, BEEP_TP_SERVER) == 1, BEEP_F_LAYER_AFTER_TLS, 0);
    return renew(t);
}

void track_beep_not_tls(struct track_beep *t, int side)
{
    t->fault_n = 0;
    t->at[side] = t->reader[side].offset;
    /* who granted TLS waits for it, who asked begins it (3.1.3.2) */
    beep_fault_row(t, side, BEEP_F_NOT_TLS, fsm_side(&t->tuning, BEEP_TP_SERVER) == side ? CL_BEEP_3_1_3_2_2 : 0, 0);
    lose(t);
}

bool track_beep_ended(struct track_beep *t, int side)
{
    t->fault_n = 0;
    t->ended[side] = true;
    t->at[side] = t->reader[side].offset;
    bool inside = !t->lost && !t->tainted[!side] && beep_reader_inside(&t->reader[side]);
    if (inside) beep_fault(t, side, BEEP_F_HALF, 0);
    if (!t->lost && t->session.state != BEEP_SS_CLOSED) beep_session_step(t, side, BEEP_SE_FIN, 0);
    return !inside;
}
