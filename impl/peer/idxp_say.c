/* SPDX-License-Identifier: MIT */
/* What is sent on an IDXP channel: greetings, replies in the order of the MSGs, data. */
#include <string.h>

#include "peer/idxp_impl.h"

/* --- composing ------------------------------------------------------------------------------------------------------------- */

static void add_option(struct idxp_msg *m, const struct idxp_option *o)
{
    struct idxp_option *to = &m->option[m->options++];
    *to = *o;
    to->internal_given = true;
}

static void fill_greeting(const struct idxp_channel *c, const struct idxp_wish *w, struct idxp_msg *m)
{
    const struct idxp_setup *s = c->s;
    enum idxp_stream stream = w->stream ? w->stream : s->stream;
    *m = (struct idxp_msg){.kind = IDXP_GREETING, .uri = slice_str(w->uri ? w->uri : s->uri), .uri_given = true, .role = w->role};
    if (CMUT(c, NO_URI)) m->uri_given = false;
    if (CMUT(c, NO_ROLE)) m->role = IDXP_NO_ROLE;
    if (CMUT(c, URI_RELATIVE)) m->uri = SLICE_LIT("alice");
    if (CMUT(c, SENDS_AS_SERVER)) m->role = IDXP_SERVER;
    if (s->fqdn || CMUT(c, FQDN_BAD)) {
        m->fqdn = CMUT(c, FQDN_BAD) ? SLICE_LIT("a..example.org") : slice_str(s->fqdn);
        m->fqdn_given = true;
    }
    if (s->dialect == IDXP_DRAFT) {
        m->text = slice_str(s->text);
        m->ip = slice_str(s->ip);
        m->ip_given = s->ip != NULL;
        return;
    }
    if (s->priority_given)
        add_option(m, &(struct idxp_option){.kind = IDXP_OPTION_PRIORITY, .internal = SLICE_LIT("channelPriority"), .priority = s->priority,
                                            .must_understand = w->must_understand, .must_understand_given = w->must_understand});
    if (stream)
        add_option(m, &(struct idxp_option){.kind = IDXP_OPTION_STREAM, .internal = SLICE_LIT("streamType"), .stream = stream,
                                            .must_understand = w->must_understand, .must_understand_given = w->must_understand});
}

static err compose(const struct idxp_channel *c, const struct idxp_msg *m, bool bare, struct buf *out)
{
    buf_init(out, c->s->env->mem, IDXP_ELEMENT_MAX);
    TRY(bare ? idxp_el_write(m, out) : idxp_msg_write(m, out));
    return idxp_mutate_text(c->s->mutant, m->kind, bare, out);
}

err idxp_compose_greeting(const struct idxp_channel *c, const struct idxp_wish *w, bool bare, struct buf *out)
{
    struct idxp_msg m;
    fill_greeting(c, w, &m);
    return compose(c, &m, bare, out);
}

err idxp_compose_answer(const struct idxp_channel *c, uint16_t code, const char *text, bool bare, struct buf *out)
{
    struct idxp_msg m = {.kind = code ? IDXP_ERROR : IDXP_OK, .code = code, .text = slice_str(code ? text : "")};
    if (code && CMUT(c, ERROR_NO_CODE)) m.code = 0;
    if (code && CMUT(c, DATA_OTHER_CODE)) m.code = 451;
    if (code && CMUT(c, ALL_550)) m.code = 550;
    if (code) m.code = idxp_mutate_code(c->s->mutant, false, m.code);
    return compose(c, &m, bare, out);
}

/* --- greetings ------------------------------------------------------------------------------------------------------------- */

/* A whole MSG of ours; the tracker reads it as well. */
static err say_msg(struct idxp_channel *c, slice text, uint32_t *msgno, uint64_t now)
{
    struct idxp_got got;
    *msgno = 0;
    TRY(beep_peer_msg(c->b, msgno, text, true, now));
    err e = track_idxp_octets(&c->t, c->side, BEEP_MSG, *msgno, 0, text, true, &got);
    if (e != OK) idxp_broken(c, e, now);
    return OK;
}

err idxp_greet(struct idxp_channel *c, const struct idxp_wish *w, uint64_t now)
{
    struct buf text;
    uint32_t msgno;
    struct idxp_wish wish = w ? *w : c->wish;
    if (!c->open || !c->b || c->out_open) return ERR_USE;
    if (!wish.role) wish.role = c->role;
    if (!wish.role) return ERR_USE;
    idxp_enter(c);
    err e = idxp_compose_greeting(c, &wish, false, &text);
    if (e == OK && CMUT(c, GREETS_ON_ZERO)) beep_mistake_say(c->b->peer, BEEP_MSG, 0, 4711, buf_str(&text) ? buf_str(&text) : "", now);
    else if (e == OK) e = say_msg(c, buf_slice(&text), &msgno, now);
    if (e == OK && CMUT(c, OPTION_ALONE))
        beep_mistake_say(c->b->peer, BEEP_MSG, c->b->channel, 4711, "Content-Type: text/xml\r\n\r\n<Option internal='channelPriority'><channelPriority priority='5'/></Option>\r\n", now);
    buf_done(&text);
    if (e == OK) {
        c->wish = wish;
        c->role = wish.role;
        c->greeted = true;
    }
    idxp_leave(c);
    return e;
}

void idxp_greet_now(struct idxp_channel *c, uint64_t now)
{
    if (!c->open || c->over || c->greeted || c->role == IDXP_NO_ROLE || CMUT(c, NO_GREETING)) return;
    err e = idxp_greet(c, NULL, now);
    if (e == OK && CMUT(c, HASTY)) idxp_told_ready(c, now);
    c->greet_due = e == ERR_LIMIT;
    if (e == ERR_MEM) idxp_broken(c, e, now);
    if (e == ERR_USE && c->b) idxp_note(c, "no greeting: the channel is being closed, or a value is not for XML");
}

/* --- replies --------------------------------------------------------------------------------------------------------------- */

void idxp_settle_hold(struct idxp_channel *c, uint64_t now)
{
    if (!c->b) return;
    bool hold = c->hold || c->owed_n >= IDXP_OWED_HOLD;
    beep_peer_hold(c->b, hold);
    if (hold) return;
    err e = beep_peer_consumed(c->b, SIZE_MAX);
    if (e != OK) idxp_broken(c, e, now);
    else beep_peer_work(c->b->peer, now); /* the window goes out, also when nothing else does */
}

static void take_out(struct idxp_channel *c)
{
    struct idxp_owed *o = c->owed;
    c->owed = o->next;
    if (!c->owed) c->owed_end = &c->owed;
    c->owed_n--;
    if (c->in_owed == o) c->in_owed = NULL;
    mem_free(c->s->env->mem, o);
}

/* The peer's greeting is in force from here on: what hangs on it follows. */
static void accepted(struct idxp_channel *c, enum idxp_peer_kind kind, uint64_t now)
{
    c->kind = kind;
    if (c->role == IDXP_NO_ROLE) c->role = track_idxp_role(&c->t, idxp_other(c)) == IDXP_CLIENT ? IDXP_SERVER : IDXP_CLIENT;
    idxp_greet_now(c, now);
    idxp_told_ready(c, now);
}

static enum beep_keyword keyword_of(const struct idxp_channel *c, const struct idxp_owed *o)
{
    if (o->code && CMUT(c, DATA_ERROR_IN_RPY)) return BEEP_RPY;
    if (!o->code && CMUT(c, DATA_OK_IN_ERR)) return BEEP_ERR;
    if (!o->code && !o->greeting && CMUT(c, DATA_NUL)) return BEEP_NUL;
    return o->code ? BEEP_ERR : BEEP_RPY;
}

/* Of its session; for a mistake alone. */
static bool is_first(const struct idxp_channel *c)
{
    const struct beep_peer *p = c->b->peer;
    size_t i = 0;
    while (i < p->chans && p->chan[i]->b.profile != c->b->profile)
        i++;
    return i < p->chans && p->chan[i]->b.state == c;
}

static bool mute(const struct idxp_channel *c, const struct idxp_owed *o)
{
    if (CMUT(c, SULKS) && c->rejected) return true;
    if (!o->greeting && CMUT(c, LARGE_MUTE) && c->in_octets > 65536) return true;
    if (!o->greeting && CMUT(c, ONE_CHANNEL) && !is_first(c)) return true;
    if (o->greeting && CMUT(c, WAITS_FOR_OK)) return track_idxp_role(&c->t, c->side) == IDXP_NO_ROLE;
    return o->greeting ? CMUT(c, GREETING_MUTE) : CMUT(c, DATA_MUTE);
}

/* The first of them; false when it has to wait. */
static bool reply_one(struct idxp_channel *c, uint64_t now)
{
    struct idxp_owed *o = c->owed;
    struct idxp_got got;
    struct buf text;
    enum beep_keyword keyword = keyword_of(c, o);
    if (mute(c, o)) return false;
    err e = idxp_compose_answer(c, o->code, o->text, false, &text);
    if (keyword == BEEP_NUL) buf_clear(&text);
    if (e == OK) e = beep_peer_reply(c->b, keyword, o->msgno, 0, buf_slice(&text), true, now);
    if (e == OK) e = track_idxp_octets(&c->t, c->side, keyword, o->msgno, 0, buf_slice(&text), true, &got);
    buf_done(&text);
    if (e == ERR_LIMIT) return false;
    if (e == ERR_MEM || e == ERR_SYS) idxp_broken(c, e, now);
    bool in_force = e == OK && o->greeting && !o->code;
    enum idxp_peer_kind kind = o->kind;
    take_out(c);
    if (in_force) accepted(c, kind, now);
    return true;
}

void idxp_flush(struct idxp_channel *c, uint64_t now)
{
    if (c->flushing || c->reading) return;
    idxp_enter(c);
    c->flushing = true;
    while (c->open && c->b && c->owed && c->owed->ready && reply_one(c, now))
        continue;
    c->flushing = false;
    idxp_settle_hold(c, now);
    idxp_leave(c);
}

void idxp_answer(struct idxp_channel *c, uint32_t msgno, uint16_t code, const char *text, uint64_t now)
{
    for (struct idxp_owed *o = c->owed; o; o = o->next) {
        if (o->msgno != msgno || o->ready) continue;
        o->code = code == IDXP_STORED ? 0 : code;
        o->ready = true;
        if (o->code && !text) text = idxp_code_text(o->code);
        if (o->code && text) {
            size_t n = strlen(text) < sizeof o->text ? strlen(text) : sizeof o->text - 1;
            memcpy(o->text, text, n);
            o->text[n] = 0;
        }
        idxp_flush(c, now);
        return;
    }
}

/* --- data ------------------------------------------------------------------------------------------------------------------ */

/* Octets of the message that is open, or of a new one (msgno 0). */
static err push(struct idxp_channel *c, uint32_t *msgno, slice octets, bool last, uint64_t now)
{
    struct idxp_got got;
    TRY(beep_peer_msg(c->b, msgno, octets, last, now));
    err e = track_idxp_octets(&c->t, c->side, BEEP_MSG, *msgno, 0, octets, last, &got);
    if (e != OK && c->b) idxp_broken(c, e, now);
    return OK;
}

/* The headers go with the first octets: one frame is enough for a short message. */
static err begin(struct idxp_channel *c, uint32_t *msgno, enum idxp_kind kind, slice *octets, bool last, uint64_t now)
{
    struct buf text;
    uint32_t number = 0;
    slice some = slice_sub(*octets, 0, IDXP_FIRST);
    bool all = last && some.n == octets->n;
    buf_init(&text, c->s->env->mem, IDXP_FIRST + 256);
    err e = idxp_data_head(kind, &text);
    if (e == OK) e = idxp_mutate_text(c->s->mutant, kind, false, &text);
    if (e == OK) e = buf_add(&text, some);
    if (e == OK) {
        c->out_open = true;
        c->out_cut = false;
        e = push(c, &number, buf_slice(&text), all, now);
    }
    buf_done(&text);
    if (e != OK) {
        c->out_open = false;
        return e;
    }
    *msgno = c->out_msgno = number;
    c->out_open = !all;
    c->unanswered++;
    *octets = slice_sub(*octets, some.n, octets->n);
    return OK;
}

static err send_on(struct idxp_channel *c, uint32_t *msgno, enum idxp_kind kind, slice *octets, bool last, uint64_t now)
{
    if (!*msgno) TRY(begin(c, msgno, kind, octets, last, now));
    while (c->b && c->out_open && (octets->n || last)) {
        slice piece = slice_sub(*octets, 0, IDXP_PIECE);
        size_t room = beep_mux_room(&c->b->peer->m, c->b->channel);
        if (piece.n > room && room) piece.n = room;
        bool all = last && piece.n == octets->n;
        TRY(push(c, msgno, piece, all, now));
        *octets = slice_sub(*octets, piece.n, octets->n);
        c->out_open = !all;
    }
    return c->b ? OK : ERR_USE;
}

err idxp_send(struct idxp_channel *c, uint32_t *msgno, enum idxp_kind kind, slice *octets, bool last, uint64_t now)
{
    if (!c->open || !c->b) return ERR_USE;
    if (*msgno && *msgno == c->out_msgno && c->out_cut && !c->out_open) { /* the peer has refused it already */
        *octets = slice_sub(*octets, octets->n, octets->n);
        return OK;
    }
    if (*msgno ? !c->out_open || *msgno != c->out_msgno : c->out_open || !idxp_channel_may_send(c)) return ERR_USE;
    idxp_enter(c);
    err e = send_on(c, msgno, kind, octets, last, now);
    idxp_leave(c);
    return e;
}
