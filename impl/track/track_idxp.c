/* SPDX-License-Identifier: MIT */
/* Messages of an IDXP channel from their pieces. */
#include "track/track_idxp.h"

#include <string.h>

#include "track/track_idxp_impl.h"

const char *const idxp_asked_names[4] = {"nothing", "greeting", "data", "other"};

/* --- life -------------------------------------------------------------------------------------------- */

err track_idxp_init(struct track_idxp *t, const struct env *env, enum idxp_dialect dialect,
                    const struct idmef_schema *schema)
{
    *t = (struct track_idxp){.env = env, .dialect = dialect, .schema = schema};
    for (int s = 0; s < 2; s++) {
        t->side[s] = mem_new(env->mem, sizeof *t->side[s]);
        if (!t->side[s]) return ERR_MEM;
        buf_init(&t->side[s]->part, env->mem, IDXP_WHOLE_MAX);
    }
    return OK;
}

static void msg_done(struct track_idxp_side *s)
{
    if (s->msg_used) idxp_msg_done(&s->msg);
    s->msg_used = false;
}

static void check_done(struct track_idxp_side *s)
{
    if (s->check) idmef_check_free(s->check);
    s->check = NULL;
}

void track_idxp_done(struct track_idxp *t)
{
    for (int k = 0; k < 2; k++) {
        struct track_idxp_side *s = t->side[k];
        if (!s) continue;
        msg_done(s);
        check_done(s);
        buf_done(&s->part);
        for (size_t i = 0; i < s->xs; i++)
            idxp_held_done(t, &s->x[s->x_from + i].held);
        mem_free(t->env->mem, s->x);
        idxp_held_done(t, &s->now);
        mem_free(t->env->mem, s);
        t->side[k] = NULL;
    }
}

/* What the last call gave is not needed any more. */
void idxp_fresh(struct track_idxp *t, struct idxp_got *got)
{
    t->fault_n = 0;
    for (int k = 0; k < 2; k++) {
        struct track_idxp_side *s = t->side[k];
        msg_done(s);
        if (!s->open) {
            check_done(s);
            buf_shrink(&s->part);
        }
    }
    *got = (struct idxp_got){.read = OK};
}

/* --- whole messages ---------------------------------------------------------------------------------- */

static void refuse(struct track_idxp_side *s, unsigned code, const char *why)
{
    if (s->reply || !code) return;
    s->reply = code;
    s->why = why;
}

/* A fault of a MSG, answered by its code. */
static void fault_of_msg(struct track_idxp *t, int side, enum idxp_fault_code code, const char *text)
{
    idxp_fault(t, side, code, text);
    if (t->side[side]->keyword == BEEP_MSG)
        refuse(t->side[side], idxp_fault_replies[code], text ? text : idxp_faults[code].text);
}

void idxp_notes(struct track_idxp *t, int side, bool asks)
{
    const struct idxp_msg *m = &t->side[side]->msg;
    for (uint32_t i = 0; i < m->note_n; i++)
        idxp_fault(t, side, m->note[i].code, m->note[i].text);
    if (asks) refuse(t->side[side], idxp_msg_reply(m), m->why);
}

/* Can it not be told what this is? */
bool idxp_unreadable(const struct idxp_msg *m)
{
    static const enum idxp_fault_code codes[] = {IDXP_F_MIME,       IDXP_F_XML_ILL,   IDXP_F_XML_DOCTYPE,
                                                 IDXP_F_XML_ENTITY, IDXP_F_XML_LIMIT, IDXP_F_CHARSET};
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        if (idxp_msg_noted(m, codes[i])) return true;
    }
    return false;
}

static void tell_clash(struct track_idxp_side *s, const struct idxp_got *got)
{
    if (got->clash) refuse(s, idxp_fault_replies[IDXP_F_SAME_ROLES], idxp_faults[IDXP_F_SAME_ROLES].text);
}

/* The MSG of an element was read. */
err idxp_asked_element(struct track_idxp *t, int side, struct idxp_exchange *x, struct idxp_got *got)
{
    struct track_idxp_side *s = t->side[side];
    switch (s->msg.kind) {
    case IDXP_GREETING:
        got->asked = IDXP_ASKED_GREETING;
        TRY(idxp_greets(t, side, x, &s->msg, got));
        tell_clash(s, got);
        return OK;
    case IDXP_OK:
    case IDXP_ERROR:
        fault_of_msg(t, side, IDXP_F_ELEMENT_HERE, NULL);
        return OK;
    default:
        /* what cannot be read may be a greeting to the other side */
        if (idxp_unreadable(&s->msg)) s->maybe_greeted = true;
        return OK;
    }
}

static void judge_reply(struct track_idxp *t, int side, enum idxp_kind kind, bool fits)
{
    const struct track_idxp_side *s = t->side[side];
    if (!fits && (kind != IDXP_NOTHING || !s->msg_used || !idxp_unreadable(&s->msg)))
        idxp_fault(t, side, IDXP_F_REPLY, NULL);
}

/* --- data -------------------------------------------------------------------------------------------- */

/* What the headers say; whole elements have it among their notes. */
static void judge_type(struct track_idxp *t, int side, const struct idxp_head *h)
{
    if (!h->known_type) fault_of_msg(t, side, t->dialect == IDXP_RFC ? IDXP_F_TYPE : IDXP_F_TYPE_DRAFT, NULL);
    if (h->kind == IDXP_XML && !beep_mime_is(&h->mime, "text/xml"))
        fault_of_msg(t, side, IDXP_F_TYPE_XML, NULL);
    if (!h->mime.typed && t->dialect == IDXP_RFC) fault_of_msg(t, side, IDXP_F_UNTYPED_RFC, NULL);
}

static void data_begins(struct track_idxp *t, int side, struct idxp_got *got)
{
    struct track_idxp_side *s = t->side[side];
    enum idxp_fault_code f = idxp_data_begins(t, side, got);
    struct idxp_exchange *x = idxp_exchange_find(s, s->msgno);
    if (x && x->at == s->at) x->asked = IDXP_ASKED_DATA;
    got->asked = s->asked = IDXP_ASKED_DATA;
    refuse(s, idxp_fault_replies[f], idxp_faults[f].text);
}

static void idmef_judged(struct track_idxp *t, int side, const struct idmef_result *r)
{
    static const enum idxp_fault_code codes[IDMEF_VERDICTS] = {[IDMEF_ILL] = IDXP_F_IDMEF_ILL,
                                                               [IDMEF_INVALID] = IDXP_F_IDMEF_INVALID,
                                                               [IDMEF_TOO_MUCH] = IDXP_F_IDMEF_LIMIT};
    t->side[side]->judged = true;
    if (r->verdict == IDMEF_OK) return;
    enum idxp_fault_code f = codes[r->verdict];
    idxp_fault(t, side, f, NULL);
    refuse(t->side[side], idxp_fault_replies[f], r->why[0] ? r->why : idxp_faults[f].text);
}

static err idmef_feed(struct track_idxp *t, int side, slice octets, bool last)
{
    struct track_idxp_side *s = t->side[side];
    if (!s->check || s->judged || (!octets.n && !last)) return OK;
    err e = idmef_check_feed(s->check, octets, last);
    if (e != OK && e != ERR_PEER) {
        check_done(s);
        return e;
    }
    if (e == ERR_PEER || last) idmef_judged(t, side, idmef_check_result(s->check));
    return OK;
}

static err idmef_begin(struct track_idxp *t, struct track_idxp_side *s, slice charset)
{
    if (!t->schema || s->keyword != BEEP_MSG) return OK;
    return idmef_check_new(t->env, t->schema, NULL, charset, &s->check);
}

/* IDMEF in a transfer encoding is there as a whole (it was not known to be IDMEF before). */
static err encoded_idmef(struct track_idxp *t, int side, struct idxp_got *got)
{
    struct track_idxp_side *s = t->side[side];
    const struct beep_mime *mime = &s->msg.head.mime;
    struct buf body;
    got->data[0] = mime->body;
    data_begins(t, side, got);
    TRY(idmef_begin(t, s, mime->charset));
    if (!s->check) return OK;
    buf_init(&body, t->env->mem, IDXP_WHOLE_MAX);
    err e = beep_mime_decode(mime, &body);
    if (e == OK) e = idmef_feed(t, side, buf_slice(&body), true);
    buf_done(&body);
    return e == ERR_PEER ? OK : e; /* what cannot be decoded has its note */
}

/* --- the end of a message ---------------------------------------------------------------------------- */

static enum idxp_outcome outcome_of(const struct track_idxp_side *s, enum idxp_kind kind)
{
    if (s->keyword == BEEP_RPY && kind == IDXP_OK) return IDXP_ACCEPTED;
    if (s->keyword == BEEP_ERR && kind == IDXP_ERROR) return IDXP_REJECTED;
    return IDXP_UNCLEAR;
}

/* An element, from its first octet to its last. */
static err whole(struct track_idxp *t, int side, slice message, struct idxp_got *got)
{
    struct track_idxp_side *s = t->side[side];
    struct idxp_exchange *x = idxp_exchange_find(s, s->msgno);
    if (x && x->at != s->at) x = NULL;
    err e = idxp_msg_read(t->env, t->dialect, message, &s->msg);
    s->msg_used = true;
    if (e != OK && e != ERR_PEER) return e;
    idxp_notes(t, side, s->keyword == BEEP_MSG);
    got->head = s->msg.head;
    s->kind = s->msg.kind;
    if (s->kind == IDXP_XML && s->keyword == BEEP_MSG) return encoded_idmef(t, side, got);
    got->msg = &s->msg;
    got->read = e;
    if (s->keyword == BEEP_MSG) return idxp_asked_element(t, side, x, got);
    judge_reply(t, side, s->kind, s->kind == (s->keyword == BEEP_RPY ? IDXP_OK : IDXP_ERROR));
    return OK;
}

static void too_long(struct track_idxp *t, int side)
{
    struct track_idxp_side *s = t->side[side];
    s->over = true;
    buf_shrink(&s->part);
    fault_of_msg(t, side, IDXP_F_XML_LIMIT, "element is too long");
}

static void message_ends(struct track_idxp *t, int side, struct idxp_got *got)
{
    struct track_idxp_side *s = t->side[side];
    if (s->keyword != BEEP_MSG) {
        struct idxp_exchange *x = idxp_exchange_find(t->side[1 - side], s->msgno);
        if (x) idxp_answered(t, side, x, outcome_of(s, s->kind), s->at, got);
    } else if (s->lost || s->over) {
        s->maybe_greeted = true;
    }
    s->open = false;
}

/* --- pieces ------------------------------------------------------------------------------------------ */

err idxp_message_begins(struct track_idxp *t, int side, enum beep_keyword keyword, uint32_t msgno)
{
    struct track_idxp_side *s = t->side[side];
    check_done(s);
    buf_clear(&s->part);
    s->open = true;
    s->settled = s->told = s->lost = s->over = s->judged = s->answered = false;
    s->keyword = keyword;
    s->msgno = msgno;
    s->kind = IDXP_NOTHING;
    s->asked = IDXP_ASKED_OTHER;
    s->at = ++t->items;
    s->reply = 0;
    s->why = NULL;
    if (keyword == BEEP_MSG) return idxp_exchange_new(t, side, msgno, s->at);
    struct track_idxp_side *other = t->side[1 - side];
    struct idxp_exchange *x = idxp_exchange_find(other, msgno);
    s->asked = x ? x->asked : other->forgot ? IDXP_ASKED_OTHER : IDXP_ASKED_NOTHING;
    if (x)
        idxp_learns(t, side, x->at);
    else if (!other->forgot)
        idxp_order_fault(t, side, IDXP_F_ORDER, CL_NONE, NULL);
    return OK;
}

/* Where the kind of the message is known: data begins, or its octets are kept to its end. */
static err settle(struct track_idxp *t, int side, const struct idxp_head *h, struct idxp_got *got)
{
    struct track_idxp_side *s = t->side[side];
    s->settled = true;
    s->kind = h->kind;
    if (h->kind == IDXP_GREETING) return OK;
    got->settled = true;
    got->head = *h;
    judge_type(t, side, h);
    if (s->keyword != BEEP_MSG) {
        judge_reply(t, side, h->kind, false);
        return OK;
    }
    data_begins(t, side, got);
    return h->kind == IDXP_XML ? idmef_begin(t, s, h->mime.charset) : OK;
}

static void no_headers(struct track_idxp *t, int side, struct idxp_got *got)
{
    struct track_idxp_side *s = t->side[side];
    s->settled = got->settled = true;
    fault_of_msg(t, side, IDXP_F_MIME, NULL);
    if (s->keyword == BEEP_MSG) s->maybe_greeted = true;
    buf_shrink(&s->part);
}

/* Octets before the kind is settled.  rest: those behind what had to be looked at.  The verdict rests on the
 * first IDXP_FRONT_MAX octets of the message alone, however they come. */
static err sniff(struct track_idxp *t, int side, slice octets, bool last, slice *rest, struct idxp_got *got)
{
    struct track_idxp_side *s = t->side[side];
    struct idxp_head h;
    bool kept = s->part.n > 0;
    size_t room = IDXP_FRONT_MAX - s->part.n, n = octets.n < room ? octets.n : room;
    slice front = slice_sub(octets, 0, n);
    *rest = slice_sub(octets, n, octets.n);
    if (kept) {
        TRY(buf_add(&s->part, front));
        front = buf_slice(&s->part);
    }
    err e = idxp_head_read(front, (last && !rest->n) || front.n == IDXP_FRONT_MAX, &h);
    if (e == ERR_MORE && !kept) return buf_add(&s->part, front);
    if (e == ERR_MORE) return OK;
    if (e == ERR_MEM) return e;
    if (e != OK) {
        no_headers(t, side, got);
        return OK;
    }
    TRY(settle(t, side, &h, got));
    if (h.kind == IDXP_GREETING) { /* its octets are looked at again, from the first one on */
        if (!kept) *rest = octets;
        return OK;
    }
    if (s->keyword != BEEP_MSG) return OK;
    got->data[0] = kept ? h.mime.body : SLICE_NONE;
    if (!kept) *rest = slice_sub(octets, h.body_at, octets.n);
    return OK;
}

/* Octets of an element: kept to its end, but for one that came in one piece. */
static err collect(struct track_idxp *t, int side, slice octets, bool last, struct idxp_got *got)
{
    struct track_idxp_side *s = t->side[side];
    slice all = octets;
    if (s->over) return OK;
    if (s->part.n + octets.n > IDXP_WHOLE_MAX) {
        too_long(t, side);
        return OK;
    }
    if (s->part.n || !last) {
        TRY(buf_add(&s->part, octets));
        all = buf_slice(&s->part);
    }
    return last ? whole(t, side, all, got) : OK;
}

static err piece(struct track_idxp *t, int side, slice octets, bool last, struct idxp_got *got)
{
    struct track_idxp_side *s = t->side[side];
    slice rest = octets;
    if (!s->settled) {
        TRY(sniff(t, side, octets, last, &rest, got));
        if (!s->settled) return OK;
    }
    if (s->kind == IDXP_GREETING) return collect(t, side, rest, last, got);
    if (s->kind == IDXP_NOTHING || s->keyword != BEEP_MSG) return OK;
    got->data[1] = rest;
    TRY(idmef_feed(t, side, got->data[0], false));
    return idmef_feed(t, side, rest, last);
}

/* ANS and NUL are nothing that this profile has; NUL ends the exchange all the same. */
static void many(struct track_idxp *t, int side, uint32_t msgno, struct idxp_got *got)
{
    struct track_idxp_side *other = t->side[1 - side];
    struct idxp_exchange *x = idxp_exchange_find(other, msgno);
    got->settled = got->first = !x || !x->many;
    got->asked = x ? x->asked : other->forgot ? IDXP_ASKED_OTHER : IDXP_ASKED_NOTHING;
    if (got->first) idxp_fault(t, side, IDXP_F_ONE_TO_MANY, NULL);
    if (!x) return;
    x->many = true;
    idxp_learns(t, side, x->at);
    if (got->keyword == BEEP_NUL && got->last) idxp_answered(t, side, x, IDXP_UNCLEAR, ++t->items, got);
}

err track_idxp_octets(struct track_idxp *t, int side, enum beep_keyword keyword, uint32_t msgno,
                      uint32_t ansno, slice octets, bool last, struct idxp_got *got)
{
    struct track_idxp_side *s = t->side[side];
    err e = OK;
    (void)ansno;
    idxp_fresh(t, got);
    got->keyword = keyword;
    got->msgno = msgno;
    got->last = last;
    if (keyword == BEEP_ANS || keyword == BEEP_NUL) {
        many(t, side, msgno, got);
        return OK;
    }
    if (!s->open || s->keyword != keyword || s->msgno != msgno) {
        got->first = true;
        e = idxp_message_begins(t, side, keyword, msgno);
    }
    if (e == OK && !s->lost) e = piece(t, side, octets, last, got);
    if (e != OK) {
        s->lost = true;
        if (keyword == BEEP_MSG) idxp_blur(s);    /* it may have been a greeting */
        got->data[0] = got->data[1] = SLICE_NONE; /* they may lie in what is let go */
        buf_shrink(&s->part);
    }
    got->settled = (got->settled || last) && !s->told;
    s->told = s->told || got->settled;
    if (keyword != BEEP_MSG)
        got->asked = s->asked;
    else if (!got->asked)
        got->asked = s->asked;
    got->kind = s->kind == IDXP_GREETING && !got->msg ? IDXP_NOTHING : s->kind;
    if (s->judged && s->check) got->idmef = idmef_check_result(s->check);
    got->reply = s->reply;
    got->why = s->why;
    if (last) message_ends(t, side, got);
    return e;
}
