/* SPDX-License-Identifier: MIT */
/* TUNNEL on one session: elements, their replies, and the end of the session by ok. */
#include "track/track_tunnel.h"

#include <string.h>

struct asked { /* a MSG or a start without reply */
    uint32_t msgno;
    bool embedded;
    bool tunnel; /* its element is one, fit or not */
    bool vague;  /* it could not be read: it may be one to the other side */
    bool beep;   /* the innermost element has no attributes */
    enum tunnel_way way;
    size_t hops;
};

struct sender { /* what one side sends on a channel */
    bool open, lost, many;
    enum beep_keyword keyword;
    uint32_t msgno;
    struct buf part;
    struct asked asked[TUNNEL_EXCHANGES_MAX];
    size_t n;
    bool forgot; /* more than that: replies without a MSG are not judged */
};

struct track_tunnel_channel {
    uint32_t number;
    struct sender side[2];
};

/* --- channels ---------------------------------------------------------------------------------------- */

static struct track_tunnel_channel **slot_of(struct track_tunnel *t, uint32_t number)
{
    for (size_t i = 0; i < TUNNEL_CHANNELS_MAX; i++) {
        if (t->channel[i] && t->channel[i]->number == number) return &t->channel[i];
    }
    return NULL;
}

static struct track_tunnel_channel *find(struct track_tunnel *t, uint32_t number)
{
    struct track_tunnel_channel **c = slot_of(t, number);
    return c ? *c : NULL;
}

static void reopen(struct track_tunnel *t, int asker);

static void drop(struct track_tunnel *t, struct track_tunnel_channel **c)
{
    for (int s = 0; s < 2; s++) {
        struct sender *d = &(*c)->side[s];
        buf_done(&d->part);
        for (size_t i = 0; i < d->n; i++)
            t->pending[s] -= d->asked[i].tunnel;
    }
    mem_free(t->env->mem, *c);
    *c = NULL;
}

static void drop_all(struct track_tunnel *t)
{
    for (size_t i = 0; i < TUNNEL_CHANNELS_MAX; i++) {
        if (t->channel[i]) drop(t, &t->channel[i]);
    }
}

/* NULL in *out when there are too many. */
static err channel_new(struct track_tunnel *t, uint32_t number, struct track_tunnel_channel **out)
{
    struct track_tunnel_channel **c = slot_of(t, number);
    if (c) drop(t, c);
    *out = NULL;
    for (size_t i = 0; i < TUNNEL_CHANNELS_MAX && !*out; i++) {
        if (t->channel[i]) continue;
        t->channel[i] = mem_new(t->env->mem, sizeof **c);
        if (!t->channel[i]) return ERR_MEM;
        *out = t->channel[i];
    }
    if (!*out) return OK;
    (*out)->number = number;
    for (int s = 0; s < 2; s++)
        buf_init(&(*out)->side[s].part, t->env->mem, TUNNEL_ELEMENT_MAX + BEEP_MIME_HEAD_MAX);
    return OK;
}

void track_tunnel_init(struct track_tunnel *t, const struct env *env)
{
    *t = (struct track_tunnel){.env = env};
    fsm_init(&t->fsm, &tunnel_machine);
}

static void fresh(struct track_tunnel *t)
{
    if (t->msg_used) tunnel_msg_done(&t->msg);
    t->msg_used = false;
    t->fault_n = 0;
}

void track_tunnel_done(struct track_tunnel *t)
{
    fresh(t);
    drop_all(t);
}

void track_tunnel_cover(struct track_tunnel *t, enum tunnel_cover cover)
{
    drop_all(t);
    fsm_init(&t->fsm, &tunnel_machine);
    t->lost = false;
    t->cover = cover;
}

void track_tunnel_closed(struct track_tunnel *t, uint32_t channel)
{
    struct track_tunnel_channel **c = slot_of(t, channel);
    if (!c) return;
    drop(t, c);
    reopen(t, fsm_side(&t->fsm, TUNNEL_P_ASKER));
}

/* --- faults ------------------------------------------------------------------------------------------ */

static struct tunnel_fault *fault(struct track_tunnel *t, int side, enum tunnel_fault_code code,
                                  uint32_t channel, const char *text)
{
    const struct fault_info *i = &tunnel_faults[code];
    if (t->fault_n == TUNNEL_TRACK_FAULTS) return NULL;
    struct tunnel_fault *f = &t->fault[t->fault_n++];
    *f = (struct tunnel_fault){code, i->severity, i->clause, i->defect, side, channel, text ? text : i->text};
    return f;
}

/* One of order: not while what the other side did was a mistake on purpose, or nothing can be told any more.
 */
static bool order_fault(struct track_tunnel *t, int side, enum tunnel_fault_code code, uint32_t channel,
                        const char *text)
{
    if (t->lost || t->tainted[1 - side]) return false;
    fault(t, side, code, channel, text);
    return true;
}

/* A reply that is none, under whatever reading. */
static void no_reply(struct track_tunnel *t, int side, enum clause_id clause, uint32_t channel,
                     const char *text)
{
    struct tunnel_fault *f = fault(t, side, TUNNEL_F_REPLY, channel, text);
    if (!f) return;
    f->severity = SEV_FAIL;
    f->defect = DEF_NONE;
    f->clause = clause;
}

static void refuse(struct tunnel_got *got, unsigned code, const char *why)
{
    if (got->reply || !code) return;
    got->reply = code;
    got->why = why;
}

static void under_cover(struct track_tunnel *t, int side, uint32_t channel)
{
    if (t->cover == TUNNEL_CLEAR) return;
    struct tunnel_fault *f = fault(t, side, TUNNEL_F_AFTER_TLS, channel, NULL);
    if (!f || t->cover != TUNNEL_IN_SASL) return;
    f->severity = SEV_WEAK;
    f->defect = DEF_TUNNEL_D14;
    f->text = "TUNNEL is offered or asked for within a security layer of SASL";
}

static void notes(struct track_tunnel *t, int side, uint32_t channel)
{
    for (uint32_t i = 0; i < t->msg.note_n; i++)
        fault(t, side, t->msg.note[i].code, channel, t->msg.note[i].text);
}

/* An element that there is not is no answer. */
static void reply_notes(struct track_tunnel *t, int side, uint32_t channel)
{
    for (uint32_t i = 0; i < t->msg.note_n; i++) {
        if (t->msg.note[i].code == TUNNEL_F_ELEMENT)
            no_reply(t, side, CL_TUNNEL_3_12, channel, "answer is neither ok nor error");
        else
            fault(t, side, t->msg.note[i].code, channel, t->msg.note[i].text);
    }
}

static bool unreadable(const struct tunnel_msg *m)
{
    for (uint32_t i = 0; i < m->note_n; i++) {
        enum tunnel_fault_code f = m->note[i].code;
        if (f == TUNNEL_F_MIME || f == TUNNEL_F_CHARSET || (f >= TUNNEL_F_XML_ILL && f <= TUNNEL_F_XML_LIMIT))
            return true;
    }
    return false;
}

/* --- the machine ------------------------------------------------------------------------------------- */

/* An element was answered, or its channel is gone: which one is open now? */
static void reopen(struct track_tunnel *t, int asker)
{
    if (t->fsm.state != TUNNEL_S_ASKED && t->fsm.state != TUNNEL_S_IDLE) return;
    if (asker < 0) return;
    if (!t->pending[asker]) asker = 1 - asker;
    t->fsm.state = t->pending[asker] ? TUNNEL_S_ASKED : TUNNEL_S_IDLE;
    if (t->pending[asker]) fsm_bind(&t->fsm, TUNNEL_P_ASKER, asker);
}

static void asks(struct track_tunnel *t, int side, uint32_t channel, struct tunnel_got *got)
{
    got->row = fsm_peek(&t->fsm, side, TUNNEL_E_TUNNEL, NULL);
    got->crossed = t->pending[1 - side] > 0;
    if (t->pending[side]) {
        if (order_fault(t, side, TUNNEL_F_AGAIN, channel, NULL))
            refuse(got, tunnel_fault_replies[TUNNEL_F_AGAIN], tunnel_faults[TUNNEL_F_AGAIN].text);
    } else if (t->fsm.state == TUNNEL_S_IDLE) {
        fsm_step(&t->fsm, side, TUNNEL_E_TUNNEL, NULL);
    }
    t->pending[side]++;
}

/* side answered a tunnel element of the other one, which is not counted any more. */
static void answers(struct track_tunnel *t, int side, bool ok, struct tunnel_got *got)
{
    if (t->fsm.state != TUNNEL_S_ASKED) return;
    fsm_bind(&t->fsm, TUNNEL_P_ASKER, 1 - side); /* of two that crossed, it is this one's turn */
    got->row = fsm_step(&t->fsm, side, ok ? TUNNEL_E_OK : TUNNEL_E_ERROR, NULL);
    if (!ok) reopen(t, 1 - side);
}

/* --- messages ---------------------------------------------------------------------------------------- */

static err read_it(struct track_tunnel *t, bool element, slice octets, struct tunnel_got *got)
{
    err e = element ? tunnel_el_read(t->env, octets, &t->msg) : tunnel_msg_read(t->env, octets, &t->msg);
    t->msg_used = true;
    if (e != OK && e != ERR_PEER) return e;
    got->kind = t->msg.kind;
    got->msg = &t->msg;
    got->read = e;
    return OK;
}

static void remember(struct sender *d, const struct asked *a)
{
    if (d->n == TUNNEL_EXCHANGES_MAX)
        d->forgot = true;
    else
        d->asked[d->n++] = *a;
}

/* A MSG, or what a start holds. */
static void asked_for(struct track_tunnel *t, int side, struct track_tunnel_channel *c,
                      struct tunnel_got *got)
{
    struct sender *d = &c->side[side];
    struct asked a = {.msgno = got->msgno, .embedded = got->embedded};
    notes(t, side, c->number);
    refuse(got, tunnel_msg_reply(&t->msg), t->msg.why);
    if (got->kind == TUNNEL_TUNNEL) {
        a.tunnel = true;
        a.way = got->way = t->msg.hops ? t->msg.hop[0].way : TUNNEL_NO_WAY;
        a.hops = got->hops = t->msg.hops;
        a.beep = a.hops && t->msg.hop[a.hops - 1].way == TUNNEL_HERE;
        if (d->n < TUNNEL_EXCHANGES_MAX) asks(t, side, c->number, got);
    } else if (got->kind != TUNNEL_NOTHING) {
        fault(t, side, TUNNEL_F_ELEMENT, c->number, "ok or error where a tunnel element is due");
        refuse(got, tunnel_fault_replies[TUNNEL_F_ELEMENT], "ok or error where a tunnel element is due");
    }
    a.vague = got->kind == TUNNEL_NOTHING && unreadable(&t->msg);
    if (t->cover != TUNNEL_CLEAR)
        refuse(got, tunnel_fault_replies[TUNNEL_F_AFTER_TLS], tunnel_faults[TUNNEL_F_AFTER_TLS].text);
    remember(d, &a);
}

/* The exchange, taken out. */
static bool take(struct track_tunnel *t, struct track_tunnel_channel *c, int asker, bool embedded,
                 uint32_t msgno, struct asked *a)
{
    struct sender *d = &c->side[asker];
    for (size_t i = 0; i < d->n; i++) {
        if (d->asked[i].embedded != embedded || d->asked[i].msgno != msgno) continue;
        *a = d->asked[i];
        memmove(d->asked + i, d->asked + i + 1, (--d->n - i) * sizeof *d->asked);
        t->pending[asker] -= a->tunnel;
        return true;
    }
    return false;
}

/* What a reply comes to; the channel may be gone behind it.  sure: it is ok or error, in a keyword that tells
 * the same. */
static void comes_to(struct track_tunnel *t, int side, const struct asked *a, struct tunnel_got *got,
                     bool sure)
{
    bool ok = got->kind == TUNNEL_OK && got->keyword == BEEP_RPY;
    bool no = got->kind == TUNNEL_ERROR || got->declined;
    got->answers = a->tunnel;
    got->way = a->way;
    got->hops = a->hops;
    if (!a->tunnel) {
        if (ok && a->vague)
            t->lost = true; /* whoever could read it may have made a tunnel of it */
        else if (ok)
            order_fault(t, side, TUNNEL_F_ORDER, got->channel, "ok where no tunnel was asked for");
        return;
    }
    if (ok) {
        got->through = true;
        got->reset = a->way == TUNNEL_HERE;
        got->beep = a->beep;
        answers(t, side, true, got);
        drop_all(t); /* channel 0 and all others are closed (5) */
    } else if (no) {
        answers(t, side, false, got);
    } else {
        if (!sure) t->lost = true; /* does the tunnel stand? */
        reopen(t, 1 - side);
    }
}

static void reply_came(struct track_tunnel *t, int side, struct track_tunnel_channel *c,
                       struct tunnel_got *got)
{
    struct asked a;
    bool fits = got->kind == (got->keyword == BEEP_RPY ? TUNNEL_OK : TUNNEL_ERROR);
    reply_notes(t, side, c->number);
    if (!fits && got->kind != TUNNEL_NOTHING) fault(t, side, TUNNEL_F_REPLY, c->number, NULL);
    if (take(t, c, 1 - side, false, got->msgno, &a))
        comes_to(t, side, &a, got, fits);
    else if (!c->side[1 - side].forgot)
        order_fault(t, side, TUNNEL_F_ORDER, c->number, NULL);
}

/* The profile has no one-to-many exchanges (A.1). */
static void many(struct track_tunnel *t, int side, struct track_tunnel_channel *c, struct tunnel_got *got)
{
    struct sender *d = &c->side[side];
    struct asked a;
    if (!d->many || d->msgno != got->msgno)
        no_reply(t, side, CL_TUNNEL_A_1_2, c->number, "ANS or NUL on a TUNNEL channel");
    d->many = got->keyword != BEEP_NUL;
    d->msgno = got->msgno;
    if (got->keyword != BEEP_NUL || !got->last) return;
    if (take(t, c, 1 - side, false, got->msgno, &a)) comes_to(t, side, &a, got, false);
}

static err whole(struct track_tunnel *t, int side, struct track_tunnel_channel *c, slice message,
                 struct tunnel_got *got)
{
    TRY(read_it(t, false, message, got));
    if (got->keyword == BEEP_MSG)
        asked_for(t, side, c, got);
    else
        reply_came(t, side, c, got);
    return OK;
}

/* Memory was short, or it is too long: what it was is not known. */
static void not_known(struct track_tunnel *t, int side, struct track_tunnel_channel *c,
                      const struct tunnel_got *got)
{
    struct asked a;
    if (got->keyword == BEEP_MSG)
        remember(&c->side[side], &(struct asked){.msgno = got->msgno, .vague = true});
    else if (take(t, c, 1 - side, false, got->msgno, &a) && a.tunnel) {
        t->lost = true;
        reopen(t, 1 - side);
    }
}

err track_tunnel_octets(struct track_tunnel *t, int side, uint32_t channel, enum beep_keyword keyword,
                        uint32_t msgno, slice octets, bool last, struct tunnel_got *got)
{
    struct track_tunnel_channel *c = find(t, channel);
    fresh(t);
    *got = (struct tunnel_got){.keyword = keyword, .channel = channel, .msgno = msgno, .last = last};
    if (!c) return OK;
    if (keyword == BEEP_ANS || keyword == BEEP_NUL) {
        many(t, side, c, got);
        return OK;
    }
    struct sender *d = &c->side[side];
    if (!d->open || d->keyword != keyword || d->msgno != msgno) {
        buf_clear(&d->part);
        d->open = true;
        d->lost = d->many = false;
        d->keyword = keyword;
        d->msgno = msgno;
    }
    err e = OK;
    bool alone = last && !d->part.n;
    if (!d->lost && (!alone || octets.n > d->part.max)) e = buf_add(&d->part, octets);
    if (e == ERR_LIMIT) {
        fault(t, side, TUNNEL_F_XML_LIMIT, channel, "message is too long");
        if (keyword == BEEP_MSG) refuse(got, tunnel_fault_replies[TUNNEL_F_XML_LIMIT], "message is too long");
    }
    d->lost = d->lost || e != OK;
    if (last) {
        d->open = false;
        bool lost = d->lost;
        err r = lost ? OK : whole(t, side, c, alone ? octets : buf_slice(&d->part), got);
        c = find(t, channel); /* ok closes it */
        if (c && (lost || r != OK)) not_known(t, side, c, got);
        if (e != ERR_MEM) e = r;
        if (c) buf_shrink(&c->side[side].part);
    }
    return e == ERR_MEM ? e : OK;
}

/* --- channel 0 --------------------------------------------------------------------------------------- */

/* Alike but for letter case, and a slash or a dot behind it. */
static bool nearly(slice uri)
{
    slice good = SLICE_LIT(TUNNEL_URI);
    while (uri.n > good.n && (uri.p[uri.n - 1] == '/' || uri.p[uri.n - 1] == '.'))
        uri.n--;
    return slice_eq_nocase(uri, good);
}

bool track_tunnel_offered(struct track_tunnel *t, int side, slice uri)
{
    fresh(t);
    if (!slice_eq(uri, SLICE_LIT(TUNNEL_URI))) {
        if (nearly(uri)) fault(t, side, TUNNEL_F_URI, 0, NULL);
        return false;
    }
    under_cover(t, side, 0);
    return true;
}

err track_tunnel_start(struct track_tunnel *t, int side, uint32_t channel, slice uri, slice content,
                       struct tunnel_got *got)
{
    struct track_tunnel_channel *c;
    fresh(t);
    *got = (struct tunnel_got){.channel = channel, .embedded = true, .last = true, .keyword = BEEP_MSG};
    if (!slice_eq(uri, SLICE_LIT(TUNNEL_URI))) fault(t, side, TUNNEL_F_URI, channel, NULL);
    under_cover(t, side, channel);
    TRY(channel_new(t, channel, &c));
    if (!c) return OK;
    err e = read_it(t, true, content, got);
    if (e != OK) {
        remember(&c->side[side], &(struct asked){.embedded = true, .vague = true});
        return e;
    }
    if (got->kind == TUNNEL_NOTHING && got->read == OK) { /* the element is to follow on the channel */
        got->msg = NULL;
        if (t->cover != TUNNEL_CLEAR)
            refuse(got, tunnel_fault_replies[TUNNEL_F_AFTER_TLS], tunnel_faults[TUNNEL_F_AFTER_TLS].text);
        return OK;
    }
    asked_for(t, side, c, got);
    return OK;
}

err track_tunnel_answer(struct track_tunnel *t, int side, uint32_t channel, slice content, bool declined,
                        struct tunnel_got *got)
{
    struct track_tunnel_channel *c = find(t, channel), **slot;
    struct asked a;
    fresh(t);
    *got = (struct tunnel_got){.channel = channel,
                               .embedded = true,
                               .last = true,
                               .declined = declined,
                               .keyword = declined ? BEEP_ERR : BEEP_RPY};
    if (!c) return OK;
    err e = declined ? OK : read_it(t, true, content, got);
    bool asked = take(t, c, 1 - side, true, 0, &a);
    if (e != OK) {
        t->lost = t->lost || (asked && a.tunnel);
        reopen(t, 1 - side);
        return e;
    }
    if (!declined) reply_notes(t, side, channel);
    bool empty = !declined && got->kind == TUNNEL_NOTHING && got->read == OK;
    if (empty) got->msg = NULL;
    if (asked && empty) no_reply(t, side, CL_TUNNEL_3_12, channel, "no answer to the element in the start");
    if (asked && got->kind == TUNNEL_TUNNEL) no_reply(t, side, CL_TUNNEL_3_12, channel, NULL);
    if (!asked && got->kind != TUNNEL_NOTHING) order_fault(t, side, TUNNEL_F_ORDER, channel, NULL);
    if (asked) comes_to(t, side, &a, got, empty);
    slot = slot_of(t, channel);
    if (declined && slot) drop(t, slot);
    return OK;
}

/* --- behind ok --------------------------------------------------------------------------------------- */

void track_tunnel_raw(struct track_tunnel *t, int side, size_t octets)
{
    if (t->fsm.state == TUNNEL_S_THROUGH && octets) t->raw[side] += octets;
}

void track_tunnel_ended(struct track_tunnel *t, int side)
{
    drop_all(t);
    if (t->fsm.state != TUNNEL_S_LOST && t->fsm.state != TUNNEL_S_DONE)
        fsm_step(&t->fsm, side, TUNNEL_E_END, NULL);
}

enum tunnel_state track_tunnel_state(const struct track_tunnel *t)
{
    return (enum tunnel_state)t->fsm.state;
}

int track_tunnel_asker(const struct track_tunnel *t)
{
    bool there = t->fsm.state == TUNNEL_S_ASKED || t->fsm.state == TUNNEL_S_THROUGH;
    return there ? fsm_side(&t->fsm, TUNNEL_P_ASKER) : -1;
}
