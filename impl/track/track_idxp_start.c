/* SPDX-License-Identifier: MIT */
/* What start and its answer hold, and messages of IDXP that stray to channel 0. */
#include "track/track_idxp.h"

#include "track/track_idxp_impl.h"

err track_idxp_start(struct track_idxp *t, int side, slice content, struct idxp_got *got)
{
    struct track_idxp_side *s = t->side[side];
    idxp_fresh(t, got);
    got->embedded = got->first = got->settled = got->last = true;
    got->keyword = BEEP_MSG;
    err e = idxp_message_begins(t, side, BEEP_MSG, 0);
    s->open = false;
    if (e != OK) {
        idxp_blur(s);
        return e;
    }
    struct idxp_exchange *x = s->xs ? &s->x[s->x_from + s->xs - 1] : NULL;
    if (x && x->at != s->at) x = NULL; /* there were too many */
    if (x) x->embedded = true;
    e = idxp_el_read(t->env, t->dialect, content, &s->msg);
    s->msg_used = true;
    if (e != OK && e != ERR_PEER) {
        s->xs -= x != NULL; /* was there a greeting? */
        s->forgot = true;
        idxp_blur(s);
        return e;
    }
    idxp_notes(t, side, true);
    if (e == OK && s->msg.kind == IDXP_NOTHING) { /* no greeting: nothing is asked */
        if (x) x->asked = IDXP_ASKED_NOTHING;
        return OK;
    }
    got->kind = s->msg.kind;
    got->msg = &s->msg;
    got->read = e;
    got->asked = IDXP_ASKED_OTHER;
    e = idxp_asked_element(t, side, x, got);
    got->reply = s->reply;
    got->why = s->why;
    return e;
}

static struct idxp_exchange *embedded(struct track_idxp_side *s)
{
    for (size_t i = 0; i < s->xs; i++) {
        if (s->x[s->x_from + i].embedded) return &s->x[s->x_from + i];
    }
    return NULL;
}

/* The content of the answer to a start with something in it (asked), or not; when memory was short neither is
 * known. */
static err answer_content(struct track_idxp *t, int side, slice content, struct idxp_got *got)
{
    struct track_idxp_side *s = t->side[side];
    bool asked = got->asked && embedded(t->side[1 - side]);
    err e = idxp_el_read(t->env, t->dialect, content, &s->msg);
    s->msg_used = true;
    if (e != OK && e != ERR_PEER) return e;
    idxp_notes(t, side, false);
    got->kind = s->msg.kind;
    if (got->kind == IDXP_NOTHING && e == OK) {
        if (asked) idxp_fault(t, side, IDXP_F_REPLY_EMBEDDED, NULL);
        return OK;
    }
    got->msg = &s->msg;
    got->read = e;
    bool reply = got->kind == IDXP_OK || got->kind == IDXP_ERROR;
    if (asked && !reply && !idxp_unreadable(&s->msg)) idxp_fault(t, side, IDXP_F_REPLY_EMBEDDED, NULL);
    if (!got->asked && reply) idxp_order_fault(t, side, IDXP_F_ORDER, CL_NONE, NULL);
    if (!got->asked && got->kind == IDXP_GREETING) idxp_fault(t, side, IDXP_F_ELEMENT_HERE, NULL);
    return OK;
}

err track_idxp_answer(struct track_idxp *t, int side, slice content, bool declined, struct idxp_got *got)
{
    struct track_idxp_side *other = t->side[1 - side];
    struct idxp_exchange *x = embedded(other);
    err e = OK;
    idxp_fresh(t, got);
    got->embedded = got->first = got->settled = got->last = true;
    got->declined = declined;
    got->keyword = declined ? BEEP_ERR : BEEP_RPY;
    got->asked = x ? x->asked : other->forgot ? IDXP_ASKED_OTHER : IDXP_ASKED_NOTHING;
    enum idxp_outcome outcome = IDXP_UNCLEAR;
    if (declined) {
        outcome = IDXP_REJECTED;
        if (got->asked) idxp_fault(t, side, IDXP_F_DECLINED, NULL);
    } else {
        e = answer_content(t, side, content, got);
        if (e == OK && got->kind == IDXP_OK) outcome = IDXP_ACCEPTED;
        if (e == OK && got->kind == IDXP_ERROR) outcome = IDXP_REJECTED;
    }
    uint64_t at = ++t->items;
    if (x) {
        idxp_learns(t, side, x->at);
        idxp_answered(t, side, x, outcome, at, got);
    }
    if (declined) track_idxp_closed(t, side);
    return e;
}

void track_idxp_closed(struct track_idxp *t, int side)
{
    (void)side; /* by whomever (IDXP_E_CLOSE) */
    t->closed = true;
}

err track_idxp_zero(struct track_idxp *t, int side, slice message, struct idxp_got *got)
{
    struct track_idxp_side *s = t->side[side];
    idxp_fresh(t, got);
    got->first = got->settled = got->last = true;
    err e = idxp_msg_read(t->env, t->dialect, message, &s->msg);
    s->msg_used = true;
    if (e != OK && e != ERR_PEER) return e;
    got->head = s->msg.head;
    got->kind = s->msg.kind;
    if (got->kind == IDXP_GREETING) {
        got->msg = &s->msg;
        got->read = e;
        idxp_fault(t, side, IDXP_F_CHANNEL_ZERO, NULL);
        got->reply = idxp_fault_replies[IDXP_F_CHANNEL_ZERO];
        got->why = idxp_faults[IDXP_F_CHANNEL_ZERO].text;
    } else if (got->head.mime.typed && beep_mime_is(&got->head.mime, "text/xml")) {
        idxp_fault(t, side, IDXP_F_TYPE_ON_ZERO, NULL);
    }
    return OK;
}
