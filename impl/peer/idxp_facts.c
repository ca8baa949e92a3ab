/* SPDX-License-Identifier: MIT */
/* What a channel of IDXP tells about itself, and how it is held up. */
#include "peer/idxp_impl.h"

void idxp_hold(struct idxp_channel *c, bool hold, uint64_t now)
{
    c->hold = hold;
    idxp_enter(c);
    idxp_settle_hold(c, now);
    idxp_leave(c);
}

/* By the draft data may go to somebody who never greeted, and was never judged: where something is demanded of peers it is demanded here. */
static bool half_is_enough(const struct idxp_channel *c)
{
    struct idxp_who w;
    struct beep_refusal no = {0};
    if (c->s->dialect != IDXP_DRAFT || c->s->policy) return false; /* who it is, nobody said */
    idxp_session_who(c, &w);
    idxp_judge_security(c, &w, &no);
    return !no.code;
}

bool idxp_channel_may_send(const struct idxp_channel *c)
{
    if (!c->open || !c->b || c->over) return false;
    enum idxp_fault_code f = track_idxp_may_send(&c->t, c->side);
    if (c->s->analyzer && (CMUT(c, HASTY) || CMUT(c, SENDS_REJECTED) || CMUT(c, SENDS_AS_SERVER) || c->misread)) return true;
    if (f == IDXP_F_HALF_GREETED_RFC && CMUT(c, HALF_GREETED)) return true;
    return f == IDXP_F_NONE || (f == IDXP_F_HALF_GREETED && half_is_enough(c));
}

enum idxp_role idxp_channel_role(const struct idxp_channel *c, bool ours)
{
    return track_idxp_role(&c->t, ours ? c->side : idxp_other(c));
}

slice idxp_channel_identity(const struct idxp_channel *c, bool ours)
{
    const struct idxp_identity *i = track_idxp_identity(&c->t, ours ? c->side : idxp_other(c));
    return i && i->given ? i->uri : SLICE_NONE;
}

enum idxp_stream idxp_channel_stream(const struct idxp_channel *c)
{
    const struct idxp_identity *theirs = track_idxp_identity(&c->t, idxp_other(c)), *ours = track_idxp_identity(&c->t, c->side);
    if (theirs && theirs->given && theirs->stream) return theirs->stream;
    return ours && ours->given ? ours->stream : IDXP_NO_STREAM;
}

enum idxp_peer_kind idxp_channel_kind(const struct idxp_channel *c)
{
    return c->kind;
}

size_t idxp_channel_unanswered(const struct idxp_channel *c)
{
    return c->unanswered;
}

bool idxp_channel_rejected(const struct idxp_channel *c)
{
    return c->rejected;
}

void idxp_channel_who(const struct idxp_channel *c, struct idxp_who *w)
{
    const struct idxp_identity *i = track_idxp_identity(&c->t, idxp_other(c));
    idxp_session_who(c, w);
    if (!i || !i->given) return;
    w->uri = i->uri;
    w->fqdn = i->fqdn;
    w->role = i->role;
    w->stream = i->stream;
}

struct beep_bound *idxp_channel_bound(const struct idxp_channel *c)
{
    return c->b;
}

struct beep_peer *idxp_channel_peer(const struct idxp_channel *c)
{
    return c->b ? c->b->peer : NULL;
}

const struct idxp_setup *idxp_channel_setup(const struct idxp_channel *c)
{
    return c->s;
}

void *idxp_channel_user(const struct idxp_channel *c)
{
    return c->user;
}

void idxp_channel_set_user(struct idxp_channel *c, void *user)
{
    c->user = user;
}

struct idxp_channel *idxp_channel_of(const struct beep_bound *b)
{
    return b->state;
}
