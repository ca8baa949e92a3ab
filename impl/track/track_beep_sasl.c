/* SPDX-License-Identifier: MIT */
/* SASL exchanges (RFC 3080 4.1): on which channel one is under way, that there is one at a time (2), and none behind a success (4). */
#include "track/track_beep_impl.h"

static bool in_exchange(const struct track_beep *t)
{
    enum beep_tuning_state s = track_beep_tuning(t);
    return s == BEEP_TS_BLOB || s == BEEP_TS_CHALLENGED || s == BEEP_TS_ABORTING;
}

static void forget_exchange(struct track_beep *t)
{
    t->tuning.state = t->tuning_facts.under_tls ? BEEP_TS_SECURED : BEEP_TS_PLAIN;
}

/* The server knows of what it said; the client once it acknowledged that, or something behind it: the channel is gone by a close that it asked for, or agreed to. */
static bool knows_success(const struct track_beep *t, int side)
{
    if (track_beep_tuning(t) != BEEP_TS_AUTHENTICATED) return false;
    if (fsm_side(&t->tuning, BEEP_TP_SERVER) == side) return true;
    const struct beep_channel *c = beep_channel_find(t, t->sasl_on);
    return !c || c->dir[!side].acked >= t->sasl_end;
}

/* The server has said so, in a reply on that channel. */
static void succeeded(struct track_beep *t, int side, uint32_t on)
{
    const struct beep_channel *c = beep_channel_find(t, on);
    t->sasl_on = on;
    t->sasl_end = c ? c->dir[side].next : 0;
}

/* Side asks for an exchange on c (a blob), or lets the other have one (the channel).  While another is under way that is one too many, when side must know of it: the client
 * began it, and has a channel for it once it spoke there; the server has spoken in it.  From here on the newer one is followed.  What its client aborted is given up. */
static void other_exchange(struct track_beep *t, int side, const struct beep_channel *c, bool asks)
{
    enum beep_tuning_state s = track_beep_tuning(t);
    if (!in_exchange(t) || t->sasl_channel == c->number) return;
    bool client = fsm_side(&t->tuning, BEEP_TP_CLIENT) == side;
    bool knows = client ? asks || s == BEEP_TS_BLOB : t->sasl_answered;
    if (s != BEEP_TS_ABORTING && !t->sasl_crossed) {
        if (knows) beep_fault(t, side, BEEP_F_TWO_TUNINGS, c->number);
        else t->sasl_crossed = true;
    }
    forget_exchange(t);
}

/* --- what asks for one, and what is said in it ------------------------------------------------------------------------------------------ */

/* An attempt at authentication and nothing else: among others a mechanism may be named for who has not authenticated yet. */
static bool sasl_only(const struct beep_el *el)
{
    for (size_t i = 0; i < el->profiles; i++)
        if (!slice_starts(el->profile[i].uri, SLICE_LIT(BEEP_URI_SASL))) return false;
    return el->profiles != 0;
}

void beep_sasl_asked(struct track_beep *t, int side, const struct beep_el *start)
{
    if (sasl_only(start) && knows_success(t, side)) beep_fault(t, side, BEEP_F_AUTH_AGAIN, start->number);
}

static bool blob_of_client(struct track_beep *t, int side, const struct beep_channel *c)
{
    bool anew = !in_exchange(t);
    if (!beep_tuning_step(t, side, BEEP_TE_BLOB, c->number)) return false;
    if (anew) t->sasl_answered = false;
    t->sasl_channel = c->number;
    return true;
}

static void said_by_server(struct track_beep *t, int side, enum beep_tuning_event ev, const struct beep_channel *c, uint32_t on)
{
    if (!beep_tuning_step(t, side, ev, c->number)) return;
    t->sasl_answered = true;
    if (!in_exchange(t)) t->sasl_crossed = false;
    if (ev == BEEP_TE_COMPLETE) succeeded(t, side, on);
}

/* The first or only thing that the server says: in the answer to the start. */
void beep_sasl_started(struct track_beep *t, int side, const struct beep_el *inner, const struct beep_channel *c)
{
    enum beep_tuning_event ev = BEEP_TE_CHALLENGE; /* no content: it is the client's turn */
    if (inner && inner->kind == BEEP_EL_ERROR) ev = BEEP_TE_SASL_ERROR;
    if (inner && inner->kind == BEEP_EL_BLOB && inner->status == BEEP_BLOB_COMPLETE) ev = BEEP_TE_COMPLETE;
    if (inner && inner->kind == BEEP_EL_BLOB && inner->status == BEEP_BLOB_ABORT) ev = BEEP_TE_ABORT;
    bool authenticated = track_beep_tuning(t) == BEEP_TS_AUTHENTICATED;
    if (ev == BEEP_TE_SASL_ERROR && (authenticated || in_exchange(t))) return; /* a channel whose operation failed does not count (BEEP-D15) */
    if (authenticated) {
        if (knows_success(t, side)) beep_fault(t, side, BEEP_F_AUTH_AGAIN, c->number);
        return;
    }
    other_exchange(t, side, c, false);
    if (blob_of_client(t, !side, c)) said_by_server(t, side, ev, c, 0);
}

/* A reply of a server on a channel that is not the one of the exchange: all that it can do is to let the client in. */
static bool aside(struct track_beep *t, int side, const struct beep_channel *c, const struct beep_el *el)
{
    bool authenticated = track_beep_tuning(t) == BEEP_TS_AUTHENTICATED;
    if (t->sasl_channel == c->number || (!in_exchange(t) && (!authenticated || knows_success(t, side)))) return false;
    if (authenticated || el->kind != BEEP_EL_BLOB || el->status != BEEP_BLOB_COMPLETE) return true;
    t->tuning.state = BEEP_TS_AUTHENTICATED;
    fsm_bind(&t->tuning, BEEP_TP_SERVER, side);
    t->sasl_channel = c->number;
    succeeded(t, side, c->number);
    return true;
}

static enum beep_tuning_event blob_event(const struct beep_el *el, bool server)
{
    switch (el->status) {
    case BEEP_BLOB_ABORT: return BEEP_TE_ABORT;
    case BEEP_BLOB_COMPLETE: return BEEP_TE_COMPLETE;
    case BEEP_BLOB_CONTINUE: break;
    }
    return server ? BEEP_TE_CHALLENGE : BEEP_TE_BLOB;
}

void beep_sasl_message(struct track_beep *t, int side, const struct beep_channel *c, const struct beep_el *el, bool reply)
{
    if (reply && aside(t, side, c, el)) return;
    if (el->kind == BEEP_EL_ERROR && reply) {
        enum beep_tuning_state s = track_beep_tuning(t); /* in another the MSG was no step of an exchange, and an error is what it gets */
        if (s == BEEP_TS_BLOB || s == BEEP_TS_ABORTING) said_by_server(t, side, BEEP_TE_SASL_ERROR, c, c->number);
    } else if (el->kind != BEEP_EL_BLOB) {
        beep_fault(t, side, BEEP_F_TUNING_ORDER, c->number);
    } else if (reply) {
        said_by_server(t, side, blob_event(el, true), c, c->number);
    } else if (blob_event(el, false) == BEEP_TE_BLOB) {
        other_exchange(t, side, c, true);
        blob_of_client(t, side, c);
    } else if (el->status != BEEP_BLOB_ABORT || t->sasl_channel == c->number || !in_exchange(t)) { /* or what was left for another is given up */
        beep_tuning_step(t, side, blob_event(el, false), c->number);
    }
}

/* An exchange does not outlive its channel: the client may give it up by a close, and what follows begins anew (4.1). */
void beep_sasl_leave(struct track_beep *t, const struct beep_channel *c)
{
    if (t->sasl_channel == c->number && in_exchange(t)) forget_exchange(t);
}
