/* SPDX-License-Identifier: MIT */
/* Items of an analyzer: each goes to the channel of its category, and what became of it is told once. */
#include <stdio.h>
#include <string.h>

#include "peer/idxp_peer_impl.h"

/* --- what became of them --------------------------------------------------------------------------------------------------- */

static void told(struct idxp_peer *p, uint64_t id, uint16_t code, const char *text)
{
    if (p->s->hooks.answered) p->s->hooks.answered(p->s->hooks.ctx, p, id, code, text);
}

void idxp_line_answered(struct idxp_line *l, uint32_t msgno, uint16_t code, const char *text, uint64_t now)
{
    struct idxp_peer *p = l->p;
    struct idxp_flight **at = &l->flight;
    while (*at && (*at)->msgno != msgno)
        at = &(*at)->next;
    if (!*at) return;
    struct idxp_flight *f = *at;
    uint64_t id = f->id;
    *at = f->next;
    l->flights--;
    mem_free(idxp_peer_mem(p), f);
    if (l->has_item && l->begun && l->msgno == msgno) l->has_item = l->begun = false; /* refused before its end: the rest is not wanted */
    told(p, id, code ? code : IDXP_STORED, text);
    idxp_peer_pump(p, now);
}

void idxp_line_lost(struct idxp_line *l)
{
    struct idxp_peer *p = l->p;
    bool unsent = l->has_item && !l->begun;
    uint64_t id = l->item.id;
    l->has_item = l->begun = false;
    while (l->flight) {
        struct idxp_flight *f = l->flight;
        uint64_t lost = f->id;
        l->flight = f->next;
        l->flights--;
        mem_free(idxp_peer_mem(p), f);
        told(p, lost, 0, "");
    }
    if (unsent) told(p, id, 0, "");
}

/* --- where to -------------------------------------------------------------------------------------------------------------- */

static size_t lines_ready(const struct idxp_peer *p)
{
    size_t n = 0;
    for (const struct idxp_line *l = p->line; l; l = l->next)
        n += l->ready && idxp_channel_may_send(l->c);
    return n;
}

static enum idxp_stream line_stream(const struct idxp_line *l)
{
    enum idxp_stream told_stream = idxp_channel_stream(l->c);
    return told_stream ? told_stream : l->stream;
}

/* By what stands in it: a heartbeat is one that holds nothing else, everything else that is data is an alert. */
static enum idxp_stream category(const struct idxp_peer *p, const struct idxp_item *i)
{
    const struct idxp_setup *s = &p->s->ready_idxp;
    struct idmef_result r;
    if (i->stream || i->in_pieces || i->kind != IDXP_XML || !s->schema || lines_ready(p) < 2) return i->stream;
    if (idmef_validate(s->env, s->schema, i->body, SLICE_NONE, &r) != OK || r.verdict != IDMEF_OK) return IDXP_ALERT;
    return r.heartbeats && !r.alerts ? IDXP_HEARTBEAT : IDXP_ALERT;
}

/* The channel of that category, or the first that may be used. */
static struct idxp_line *line_for(struct idxp_peer *p, enum idxp_stream stream)
{
    struct idxp_line *first = NULL;
    for (struct idxp_line *l = p->line; l; l = l->next) {
        if (!l->ready || !idxp_channel_may_send(l->c)) continue;
        if (stream && line_stream(l) == stream) return l;
        if (!first) first = l;
    }
    return first;
}

static bool takes(const struct idxp_line *l)
{
    unsigned depth = l->p->s->pipeline ? l->p->s->pipeline : IDXP_PEER_PIPELINE;
    return !l->has_item && l->flights < depth;
}

/* What is sent of it: a mistake changes the text of a whole message. */
static void begin_item(struct idxp_line *l)
{
    unsigned mutant = l->p->s->idxp.mutant;
    l->has_item = true;
    l->begun = false;
    l->msgno = 0;
    l->rest = l->item.in_pieces ? SLICE_NONE : l->item.body;
    l->rest_last = !l->item.in_pieces;
    if (!mutant || l->item.in_pieces || l->item.kind != IDXP_XML) return;
    buf_done(&l->odd);
    buf_init(&l->odd, idxp_peer_mem(l->p), l->item.body.n * 2 + IDXP_PEER_ODD);
    if (idmef_mutate(mutant, l->item.body, &l->odd) == OK) l->rest = buf_slice(&l->odd);
}

/* Puts items where they belong; true when one found a place. */
static bool distribute(struct idxp_peer *p)
{
    const struct idxp_peer_hooks *h = &p->s->hooks;
    if (!lines_ready(p)) return false;
    if (!p->has_pending) {
        bool end = false;
        if (p->source_ended || p->closing || !h->next) return false;
        p->pending = (struct idxp_item){.kind = IDXP_XML};
        p->has_pending = h->next(h->ctx, p, &p->pending, &end);
        p->source_ended = end;
        if (!p->has_pending) return false;
        p->pending_stream = category(p, &p->pending);
    }
    struct idxp_line *l = line_for(p, p->pending_stream);
    if (!l || !takes(l)) return false;
    l->item = p->pending;
    begin_item(l);
    p->has_pending = false;
    return true;
}

/* --- sending --------------------------------------------------------------------------------------------------------------- */

static struct idxp_flight *fly(struct idxp_line *l)
{
    struct idxp_flight *f = mem_new(idxp_peer_mem(l->p), sizeof *f), **end = &l->flight;
    if (!f) return NULL;
    while (*end)
        end = &(*end)->next;
    f->id = l->item.id;
    *end = f;
    l->flights++;
    return f;
}

/* Goes on with the item of a channel; true when something moved and there may be more to do. */
static bool send_some(struct idxp_line *l, uint64_t now)
{
    struct idxp_peer *p = l->p;
    const struct idxp_peer_hooks *h = &p->s->hooks;
    if (!l->rest.n && !l->rest_last) {
        if (!h->piece || !h->piece(h->ctx, p, l->item.id, &l->rest, &l->rest_last)) return false;
    }
    struct idxp_flight *f = l->begun ? NULL : fly(l);
    if (!l->begun && !f) {
        beep_peer_abort(p->b, now);
        return false;
    }
    bool was = l->begun;
    l->begun = true;
    err e = idxp_send(l->c, &l->msgno, l->item.kind, &l->rest, l->rest_last, now);
    if (!l->c) return false; /* the channel ended, and all was told */
    if (f) f->msgno = l->msgno;
    if (f && !l->msgno) { /* nothing of it went: it waits */
        struct idxp_flight **at = &l->flight;
        while (*at != f)
            at = &(*at)->next;
        *at = NULL;
        l->flights--;
        mem_free(idxp_peer_mem(p), f);
        l->begun = was;
    }
    if (e == ERR_MEM) beep_peer_abort(p->b, now);
    if (e != OK) return false;
    if (l->rest_last && !l->rest.n) l->has_item = l->begun = false;
    return true;
}

static bool pump_lines(struct idxp_peer *p, uint64_t now)
{
    bool moved = false;
    for (struct idxp_line *l = p->line; l; l = l->next)
        if (l->has_item && l->c && (l->begun || idxp_channel_may_send(l->c))) moved = send_some(l, now) || moved;
    return moved;
}

static bool all_done(const struct idxp_peer *p)
{
    for (const struct idxp_line *l = p->line; l; l = l->next)
        if (l->has_item || l->flights) return false;
    return !p->has_pending;
}

void idxp_peer_pump(struct idxp_peer *p, uint64_t now)
{
    p->again = true;
    if (p->pumping || !p->line) return;
    p->pumping = true;
    while (p->again) {
        p->again = false;
        while (distribute(p) || pump_lines(p, now))
            continue;
    }
    p->pumping = false;
    idxp_peer_reap(p);
    if (p->source_ended && !p->s->linger && all_done(p)) idxp_peer_release(p, now);
}

void idxp_peer_poke(struct idxp_peer *p, uint64_t now)
{
    idxp_peer_pump(p, now);
}
