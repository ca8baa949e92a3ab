/* SPDX-License-Identifier: MIT */
/* What is sent next: SEQ before frames, one frame a channel in turn, one message of a channel after the other. */
#include "peer/beep_mux_impl.h"

const struct beep_mux_setup beep_mux_usual = {
    .frame_max = 912,         /* with the longest header and trailer two thirds of the 1,460 octets that Ethernet leaves to a segment */
    .window = 16 * 1024,      /* seventeen frames on the way: enough for a tenth of a second at a megabit, and 64 channels hold no more than a MiB */
    .queue_max = 8u << 20,    /* two of the largest alerts that the limits let through */
    .low_water = 16 * 1024,   /* what the socket takes at once; a small message waits for that much of a large one at most */
};

err beep_mux_init(struct beep_mux *m, struct beep_conn *c, const struct beep_mux_setup *setup)
{
    *m = (struct beep_mux){.c = c, .setup = setup};
    if (setup->window < BEEP_WINDOW || setup->window > BEEP_NUMBER_MAX || !setup->frame_max) return ERR_USE;
    if (setup->queue_max < sizeof(struct beep_out) || setup->queue_max > BEEP_NUMBER_MAX || !setup->low_water) return ERR_USE;
    return OK;
}

void beep_mux_done(struct beep_mux *m)
{
    beep_queues_drop(m);
    m->slept = false;
}

void beep_mux_reset(struct beep_mux *m)
{
    beep_mux_done(m);
    m->c->news = (struct beep_news){.n = 0};
}

void beep_mux_forget(struct beep_mux *m, uint32_t channel)
{
    struct beep_queue *q = beep_queue_find(m, channel);
    if (q) beep_queue_drop(m, q);
}

bool beep_mux_idle(const struct beep_mux *m)
{
    return m->messages == 0;
}

bool beep_mux_idle_on(const struct beep_mux *m, uint32_t channel)
{
    const struct beep_queue *q = beep_queue_find(m, channel);
    return !q || q->messages == 0;
}

uint32_t beep_mux_free_msgno(const struct beep_mux *m, uint32_t channel)
{
    const struct beep_channel *ch = track_beep_channel(&m->c->track, channel);
    const struct beep_queue *q = beep_queue_find(m, channel);
    uint32_t n = ch ? beep_free_msgno(ch, m->c->side) : 1;
    if (!q || !q->msg || n > q->msg_high) return n;
    for (n = q->msg_high; n == 0 || beep_out_find(q, true, n) || (ch && beep_exchange_of(ch, m->c->side, n));)
        n = n < BEEP_NUMBER_MAX ? n + 1 : 1;
    return n;
}

/* --- queueing ------------------------------------------------------------------------------------------------------------- */

/* The MSG whose reply is next on the channel; the greeting is a reply to none that was sent (2.3.1.1). */
static const struct beep_exchange *due(const struct beep_mux *m, const struct beep_channel *ch)
{
    return beep_owed(ch, m->c->side);
}

static bool may_ask(const struct beep_mux *m, const struct beep_channel *ch, uint32_t msgno)
{
    if (beep_exchange_of(ch, m->c->side, msgno)) return false;
    if (ch->number == 0) return true;
    const struct fsm_row *r = fsm_peek(&ch->fsm, m->c->side, BEEP_CE_MSG, NULL);
    return r && r->kind != FSM_FATAL;
}

/* Is there a MSG that this may begin to answer? */
static bool may_answer(const struct beep_mux *m, const struct beep_channel *ch, enum beep_keyword keyword, uint32_t msgno)
{
    const struct beep_exchange *x = due(m, ch);
    if (!x || x->ask != BEEP_ASK_GREETING || msgno != x->msgno) x = beep_exchange_of(ch, !m->c->side, msgno);
    if (!x || (x->fsm.state != BEEP_XS_ASKING && x->fsm.state != BEEP_XS_ASKED)) return false;
    return ch->number != 0 || keyword == BEEP_RPY || keyword == BEEP_ERR;
}

/* May that piece follow what is queued? */
static bool may_follow(const struct beep_out *o, enum beep_keyword keyword)
{
    if (o->ended) return false;
    if (o->keyword != BEEP_ANS) return o->keyword == keyword;
    return keyword == BEEP_ANS || (keyword == BEEP_NUL && o->opens == 0);
}

static size_t less(size_t a, size_t b)
{
    return a > b ? a - b : 0;
}

/* Octets, costs included, that may be added to the reply that is next in order.  Others that wait for it are not counted against it: otherwise nothing would
 * ever move again. */
static size_t room_for_due(const struct beep_mux *m, const struct beep_out *o)
{
    size_t own = o ? o->data.n + o->segs * sizeof *o->seg + sizeof *o : 0;
    return less(m->setup->queue_max, own);
}

static size_t room_for_any(const struct beep_mux *m, const struct beep_queue *q)
{
    if (q && q->messages >= BEEP_MUX_MESSAGES) return 0;
    size_t own = less(m->setup->queue_max, q ? q->queued : 0), all = less(4 * m->setup->queue_max, m->queued);
    return own < all ? own : all;
}

size_t beep_mux_room(const struct beep_mux *m, uint32_t channel)
{
    const struct beep_channel *ch = track_beep_channel(&m->c->track, channel);
    const struct beep_queue *q = beep_queue_find(m, channel);
    if (!ch) return 0;
    const struct beep_exchange *x = due(m, ch);
    size_t any = room_for_any(m, q), next = x ? room_for_due(m, q ? beep_out_find(q, false, x->msgno) : NULL) : 0;
    return less(any > next ? any : next, beep_out_cost(NULL, BEEP_ANS));
}

err beep_mux_send(struct beep_mux *m, uint32_t channel, enum beep_keyword keyword, uint32_t msgno, uint32_t ansno, slice octets, bool last)
{
    const struct beep_channel *ch = track_beep_channel(&m->c->track, channel);
    struct beep_queue *q = beep_queue_find(m, channel);
    bool msg = keyword == BEEP_MSG;
    if (!ch || m->c->to_tls || (unsigned)keyword >= BEEP_SEQ || msgno > BEEP_NUMBER_MAX || ansno > BEEP_NUMBER_MAX) return ERR_USE;
    if (keyword == BEEP_NUL && (octets.n || !last)) return ERR_USE;
    struct beep_out *o = q ? beep_out_find(q, msg, msgno) : NULL;
    if (o && o->cut) return OK; /* the other side does not want the rest */
    if (o ? !may_follow(o, keyword) : msg ? !may_ask(m, ch, msgno) : !may_answer(m, ch, keyword, msgno)) return ERR_USE;
    if (!octets.n && !last) return OK;
    const struct beep_exchange *x = msg ? NULL : due(m, ch);
    size_t room = x && x->msgno == msgno ? room_for_due(m, o) : room_for_any(m, q), cost = beep_out_cost(o, keyword);
    if (octets.n > less(room, cost) || cost > room) return ERR_LIMIT;
    TRY(beep_queue_get(m, channel, &q));
    TRY(beep_out_add(m, q, o, keyword, msgno, ansno, octets, last));
    beep_line_add(m, BEEP_LINE_FRAMES, q);
    return OK;
}

err beep_mux_cut(struct beep_mux *m, uint32_t channel, uint32_t msgno)
{
    struct beep_queue *q = beep_queue_find(m, channel);
    struct beep_out *o = q ? beep_out_find(q, true, msgno) : NULL;
    if (!o) return OK;
    if (!o->begun) return ERR_USE;
    beep_out_clear(m, q, o);
    o->ended = o->cut = true;
    beep_line_add(m, BEEP_LINE_FRAMES, q);
    return OK;
}

/* --- what may be sent now ------------------------------------------------------------------------------------------------- */

enum hold { HOLD_NOTHING, HOLD_MSGS /* replies alone may go */, HOLD_ALL };

static enum hold held(const struct beep_mux *m)
{
    const struct track_beep *t = &m->c->track;
    if (m->c->to_tls) return HOLD_ALL;
    switch (track_beep_session(t)) {
    case BEEP_SS_UNAVAILABLE:
    case BEEP_SS_TUNING:
    case BEEP_SS_CLOSED: return HOLD_ALL;
    case BEEP_SS_RELEASED: return HOLD_MSGS; /* both may have asked: then the other ok is still owed */
    case BEEP_SS_START:
    case BEEP_SS_HALF:
    case BEEP_SS_OPEN:
    case BEEP_SS_RELEASING:
    case BEEP_SS_CROSSED:
    case BEEP_SS_LOST:
    case BEEP_SS_COUNT: break;
    }
    if (track_beep_tuning(t) != BEEP_TS_READY) return HOLD_NOTHING;
    return fsm_side(&t->tuning, BEEP_TP_CLIENT) == m->c->side ? HOLD_ALL : HOLD_MSGS;
}

/* Something of o could be framed, if the window allows it. */
static bool has_frame(const struct beep_out *o)
{
    if (o->keyword == BEEP_ANS) return o->segs || o->ended;
    return o->data.n || o->ended;
}

/* The reply that is next on the channel, once it may begin. */
static struct beep_out *next_reply(const struct beep_mux *m, const struct beep_queue *q, const struct beep_channel *ch)
{
    const struct beep_exchange *x = q->reply ? due(m, ch) : NULL;
    struct beep_out *o = x ? beep_out_find(q, false, x->msgno) : NULL;
    if (x && beep_conn_mutant(m->c) == BMUT_REPLIES_REVERSED) return has_frame(q->reply_last) ? q->reply_last : NULL;
    if (!o || !has_frame(o)) return NULL;
    return x->fsm.state == BEEP_XS_ASKING && o->keyword != BEEP_ERR ? NULL : o; /* 2.6.3 */
}

static struct beep_out *pick(const struct beep_mux *m, const struct beep_queue *q, const struct beep_channel *ch, enum hold hold)
{
    if (q->open) {
        if (hold == HOLD_MSGS && q->open->keyword == BEEP_MSG) return NULL;
        return has_frame(q->open) ? q->open : NULL;
    }
    struct beep_out *reply = next_reply(m, q, ch), *msg = q->msg;
    if (hold == HOLD_MSGS || (msg && !has_frame(msg)) || ch->dir[m->c->side].xs >= BEEP_EXCHANGES_MAX) msg = NULL;
    if (!reply || !msg) return reply ? reply : msg;
    return reply->stamp < msg->stamp ? reply : msg;
}

static uint32_t window_of(const struct beep_mux *m, const struct beep_channel *ch)
{
    uint32_t window = beep_window(ch, m->c->side);
    if (!m->c->slip) return window;
    const struct beep_channel *zero = track_beep_channel(&m->c->track, 0);
    const struct beep_dir *d = &ch->dir[m->c->side];
    return beep_slip_window(m->c->slip, ch->number, d, window, zero ? beep_window(zero, m->c->side) : window);
}

/* The next frame of o; false when its window is closed. */
static bool next_frame(const struct beep_mux *m, const struct beep_out *o, const struct beep_channel *ch, struct beep_frame *f)
{
    uint32_t window = window_of(m, ch), most = window < m->setup->frame_max ? window : m->setup->frame_max;
    if (beep_conn_mutant(m->c) == BMUT_HUGE_FRAMES) most = window;
    bool last = o->ended;
    size_t all = o->data.n;
    *f = (struct beep_frame){.keyword = o->keyword, .channel = ch->number, .msgno = o->msgno, .seqno = (uint32_t)ch->dir[m->c->side].next};
    if (o->keyword == BEEP_ANS && !o->segs) {
        f->keyword = BEEP_NUL;
        return true;
    }
    if (o->keyword == BEEP_ANS) {
        const struct beep_seg *s = &o->seg[o->seg_from];
        f->ansno = s->ansno;
        last = s->last;
        all = s->n;
    }
    if (all && !most) return false;
    f->payload = slice_sub(buf_slice(&o->data), 0, all < most ? all : most);
    f->more = f->payload.n < all || !last;
    return true;
}

/* o sent a frame: what that means for what comes next on the channel. */
static void sent_frame(struct beep_mux *m, struct beep_queue *q, struct beep_out *o, const struct beep_frame *f)
{
    bool whole = f->keyword != BEEP_ANS && !f->more;
    o->begun = true;
    q->open = o;
    beep_out_sent(m, q, o, f->payload.n);
    if (whole) {
        beep_out_drop(m, q, o);
        return;
    }
    if (f->keyword != BEEP_ANS || f->more) return;
    /* between two answers a MSG may go, unless another answer is begun */
    const struct beep_channel *ch = track_beep_channel(&m->c->track, q->channel);
    const struct beep_exchange *x = ch ? beep_exchange_of(ch, !m->c->side, o->msgno) : NULL;
    if (!x || !x->answers) q->open = NULL;
}

/* One frame of q at most. */
static err send_one(struct beep_mux *m, struct beep_queue *q, enum hold hold)
{
    const struct beep_channel *ch = track_beep_channel(&m->c->track, q->channel);
    struct beep_frame f;
    if (!ch) {
        beep_queue_drop(m, q);
        return OK;
    }
    struct beep_out *o = pick(m, q, ch, hold);
    if (!o && hold == HOLD_MSGS) m->slept = true;
    if (!o || !next_frame(m, o, ch, &f)) {
        beep_line_leave(m, BEEP_LINE_FRAMES, q); /* a piece, a SEQ or the end of a MSG brings it back */
        return OK;
    }
    TRY(beep_conn_frame(m->c, &f));
    m->turn = q->channel;
    sent_frame(m, q, o, &f);
    if (q->messages && beep_conn_mutant(m->c) == BMUT_HOGS) return OK;
    beep_line_leave(m, BEEP_LINE_FRAMES, q);
    if (q->messages) beep_line_add(m, BEEP_LINE_FRAMES, q);
    return OK;
}

/* --- SEQ ------------------------------------------------------------------------------------------------------------------ */

/* Could a SEQ on that channel cross something behind which there is no place for it? */
static bool sparing(const struct beep_mux *m, const struct beep_channel *ch)
{
    const struct track_beep *t = &m->c->track;
    enum beep_session_state s = track_beep_session(t);
    if (m->spare || (s != BEEP_SS_OPEN && s != BEEP_SS_HALF)) return true;
    if (track_beep_tuning(t) == BEEP_TS_BLOB) return true;
    return ch->fsm.state != BEEP_CS_OPEN;
}

static err send_seq(struct beep_mux *m, struct beep_queue *q)
{
    const struct beep_channel *ch = track_beep_channel(&m->c->track, q->channel);
    if (!ch) {
        beep_queue_drop(m, q);
        return OK;
    }
    const struct beep_dir *d = &ch->dir[!m->c->side];
    uint64_t window = m->setup->window, has = d->edge > d->next ? d->edge - d->next : 0;
    uint64_t gets = has + q->consumed + (q->widened ? 0 : window - BEEP_WINDOW);
    if (gets > window) gets = window;
    bool worth = gets > has && gets >= window / 2 && (!sparing(m, ch) || has < BEEP_WINDOW / 2);
    if (worth) {
        struct beep_frame f = {.keyword = BEEP_SEQ, .channel = ch->number, .seqno = (uint32_t)d->next, .size = (uint32_t)gets};
        TRY(beep_conn_frame(m->c, &f));
        q->consumed = 0;
        q->widened = true;
    }
    beep_line_leave(m, BEEP_LINE_SEQ, q); /* what was not worth it is looked at again with the next octets */
    return OK;
}

err beep_mux_consumed(struct beep_mux *m, uint32_t channel, size_t n)
{
    struct beep_queue *q;
    if (!n || !track_beep_channel(&m->c->track, channel)) return OK;
    TRY(beep_queue_get(m, channel, &q));
    q->consumed += n;
    beep_line_add(m, BEEP_LINE_SEQ, q);
    return OK;
}

bool beep_mux_grants(const struct beep_mux *m)
{
    return m->line[BEEP_LINE_SEQ].first != NULL;
}

/* --- the pump ------------------------------------------------------------------------------------------------------------- */

static void wake(struct beep_mux *m, struct beep_queue *q)
{
    if (q->messages) beep_line_add(m, BEEP_LINE_FRAMES, q);
}

/* Those whose channels something came on. */
static void wake_some(struct beep_mux *m, enum hold hold)
{
    struct beep_news *n = &m->c->news;
    if (n->more || (m->slept && hold == HOLD_NOTHING)) {
        beep_queue_each(m, wake);
        m->slept = false;
    } else {
        for (uint8_t i = 0; i < n->n; i++) {
            struct beep_queue *q = beep_queue_find(m, n->channel[i]);
            if (q) wake(m, q);
        }
    }
    n->n = 0;
    n->more = false;
}

/* The SEQ of a channel goes before its frames (3.1.4), also when others wait. */
static err send_next(struct beep_mux *m, struct beep_queue *q, enum hold hold)
{
    bool seq = q->in[BEEP_LINE_SEQ] && hold == HOLD_NOTHING && m->c->track.greeted[m->c->side];
    return seq ? send_seq(m, q) : send_one(m, q, hold);
}

static err make_frames(struct beep_mux *m)
{
    size_t low = m->setup->low_water;
    enum hold hold;
    do { /* again when a frame of ours let others go */
        hold = held(m);
        wake_some(m, hold);
        while (hold == HOLD_NOTHING && !m->reading && m->c->track.greeted[m->c->side] && m->line[BEEP_LINE_SEQ].first && beep_conn_waiting(m->c) < low)
            TRY(send_seq(m, m->line[BEEP_LINE_SEQ].first));
        while (hold != HOLD_ALL && hold == held(m) && m->line[BEEP_LINE_FRAMES].first && beep_conn_waiting(m->c) < low)
            TRY(send_next(m, m->line[BEEP_LINE_FRAMES].first, hold));
    } while (hold != held(m));
    return OK;
}

err beep_mux_pump(struct beep_mux *m)
{
    beep_conn_gather(m->c);
    err e = make_frames(m), sent = beep_conn_gathered(m->c); /* what was framed goes out whatever stopped it */
    return sent == OK ? e : sent;
}
