/* SPDX-License-Identifier: MIT */
/* Channels with a profile bound to them: where they are kept, what comes on them, what is sent on them, and the window that the peer gets. */
#include "peer/beep_peer_impl.h"

#include <string.h>

/* --- where they are kept --------------------------------------------------------------------------------------------- */

/* Index of the first channel whose number is not below. */
static size_t place(const struct beep_peer *p, uint32_t number)
{
    size_t lo = 0, hi = p->chans;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (p->chan[mid]->b.channel < number) lo = mid + 1;
        else hi = mid;
    }
    return lo;
}

struct beep_chan *beep_chan_find(const struct beep_peer *p, uint32_t number)
{
    size_t at = place(p, number);
    return at < p->chans && p->chan[at]->b.channel == number ? p->chan[at] : NULL;
}

struct beep_bound *beep_peer_bound(const struct beep_peer *p, uint32_t channel)
{
    struct beep_chan *c = beep_chan_find(p, channel);
    return c ? &c->b : NULL;
}

err beep_chan_new(struct beep_peer *p, uint32_t number, const struct beep_profile *profile, bool ours, struct beep_chan **out)
{
    const struct mem *mem = p->e.env->mem;
    *out = NULL;
    if (p->chans >= PEER_CHANNELS_MAX) return ERR_LIMIT;
    if (p->chans == p->chan_cap) {
        size_t cap = p->chan_cap ? p->chan_cap * 2 : 4;
        struct beep_chan **grown = mem_resize(mem, p->chan, cap * sizeof(struct beep_chan *));
        if (!grown) return ERR_MEM;
        p->chan = grown;
        p->chan_cap = cap;
    }
    struct beep_chan *c = mem_new(mem, sizeof *c);
    if (!c) return ERR_MEM;
    c->b = (struct beep_bound){.peer = p, .profile = profile, .channel = number, .started_by_us = ours};
    size_t at = place(p, number);
    memmove(p->chan + at + 1, p->chan + at, (p->chans - at) * sizeof(struct beep_chan *));
    p->chan[at] = c;
    p->chans++;
    *out = c;
    return OK;
}

void beep_chan_free(struct beep_peer *p, struct beep_chan *c, bool told, uint64_t now)
{
    size_t at = place(p, c->b.channel);
    p->accepting -= c->stage == CHAN_ACCEPTING;
    p->agreed -= c->stage == CHAN_AGREED;
    p->closes -= c->close_wanted;
    p->rooms -= c->wants_room;
    if (p->tuning == c) p->tuning = NULL;
    memmove(p->chan + at, p->chan + at + 1, (p->chans - at - 1) * sizeof(struct beep_chan *));
    p->chans--;
    beep_mux_forget(&p->m, c->b.channel);
    if (told && c->b.profile->closed) c->b.profile->closed(&c->b, now);
    mem_free(p->e.env->mem, c);
}

void beep_chan_free_all(struct beep_peer *p, uint64_t now)
{
    while (p->chans) {
        struct beep_chan *c = p->chan[p->chans - 1];
        struct beep_refusal no = {.code = 451, .text = "the session ended"};
        /* our start will have no answer any more */
        if (c->stage == CHAN_ASKED && c->b.profile->started) c->b.profile->started(&c->b, SLICE_NONE, &no, now);
        beep_chan_free(p, c, c->stage != CHAN_ASKED, now);
    }
    mem_free(p->e.env->mem, p->chan);
    p->chan = NULL;
    p->chan_cap = 0;
}

void beep_peer_spent(struct beep_bound *b)
{
    struct beep_chan *c = beep_chan_of(b);
    c->spent = true;
    if (b->peer->tuning == c) b->peer->tuning = NULL;
}

/* --- windows ---------------------------------------------------------------------------------------------------------- */

/* A peer that pipelines on channel 0 and does not take its answers gets no window there until it has taken some. */
static bool starves(const struct beep_peer *p, uint32_t channel)
{
    const struct beep_channel *zero = channel ? NULL : track_beep_channel(&p->c.track, 0);
    return zero && (zero->dir[beep_other(p)].xs > PEER_PIPELINE_MAX || p->waiting_octets > PEER_WAITING_MAX);
}

/* When a SEQ may be sent is for the multiplexer to know (3.1.3.1, BEEP-D13). */
static void grant(struct beep_peer *p, uint32_t channel, size_t *unread, uint64_t now)
{
    size_t n = *unread;
    if (!n || starves(p, channel) || beep_peer_turns(p)) return; /* no SEQ behind the last frame (TUNNEL-D13) */
    *unread = 0;
    err e = beep_mux_consumed(&p->m, channel, n);
    if (e != OK) beep_peer_broken(p, e, now);
}

void beep_chan_taken(struct beep_peer *p, uint32_t channel, size_t n, uint64_t now)
{
    struct beep_chan *c = channel ? beep_chan_find(p, channel) : NULL;
    if (p->ending || (channel && !c)) return;
    size_t *unread = c ? &c->unread : &p->zero_unread;
    *unread += n;
    if (!c || !c->hold) grant(p, channel, unread, now);
}

void beep_peer_hold(struct beep_bound *b, bool hold)
{
    beep_chan_of(b)->hold = hold;
}

err beep_peer_consumed(struct beep_bound *b, size_t n)
{
    struct beep_chan *c = beep_chan_of(b);
    struct beep_peer *p = b->peer;
    size_t some = n < c->unread ? n : c->unread;
    if (!some || p->ending) return OK;
    c->unread -= some;
    return beep_mux_consumed(&p->m, b->channel, some);
}

/* --- what comes ------------------------------------------------------------------------------------------------------- */

bool beep_chan_cut(struct beep_peer *p, const struct beep_got *g, uint64_t now)
{
    if (g->frame.keyword != BEEP_ERR || !g->channel) return false;
    const struct beep_exchange *x = beep_exchange_of(g->channel, p->c.side, g->frame.msgno);
    if (!x || (x->fsm.state != BEEP_XS_CUT && x->fsm.state != BEEP_XS_CUTTING)) return false;
    err e = beep_mux_cut(&p->m, g->frame.channel, g->frame.msgno);
    if (e != OK) beep_peer_broken(p, e, now);
    return true;
}

/* A MSG of a tuning channel that is not what it should be is answered here: 2.3.1.5 goes for every such profile. */
static bool refused_for_form(struct beep_peer *p, struct beep_chan *c, const struct beep_got *g, uint64_t now)
{
    if (!c->b.profile->tuning || g->frame.keyword != BEEP_MSG || !g->last) return false;
    const struct beep_fault *f = beep_peer_fault(p, BEEP_DO_ILL);
    if ((!f && g->el) || (MUT(p, TLS_OTHER_MSG) && c->b.profile == &beep_profile_tls)) return false;
    beep_peer_refuse(p, c->b.channel, g->frame.msgno, f ? beep_peer_code(f->code) : 500, f ? f->text : "message is too long", now);
    return true;
}

static void hand_over(struct beep_peer *p, struct beep_chan *c, const struct beep_got *g, uint64_t now)
{
    const struct beep_profile *profile = c->b.profile;
    const struct beep_frame *f = &g->frame;
    if (!profile->octets) { /* 2.7 */
        if (f->keyword == BEEP_MSG && g->last)
            beep_peer_refuse(p, c->b.channel, f->msgno, 550, "this profile takes no messages", now);
    } else {
        p->el = g->el;
        profile->octets(&c->b, f->keyword, f->msgno, f->ansno, f->payload, g->last, now);
        p->el = NULL;
    }
    bool complete = g->last && (f->keyword == BEEP_RPY || f->keyword == BEEP_ERR || f->keyword == BEEP_NUL);
    if (complete && !profile->tuning && beep_mistake_wants_close(p)) {
        err e = beep_peer_close(p, f->channel, now);
        if (e != OK && e != ERR_USE) beep_peer_broken(p, e, now);
        return; /* or it would have a MSG to wait for */
    }
    if (complete && profile->answered) profile->answered(&c->b, f->msgno, f->keyword, now);
}

void beep_chan_frame(struct beep_peer *p, const struct beep_got *g, uint64_t now)
{
    uint32_t channel = g->frame.channel;
    size_t n = g->frame.payload.n;
    struct beep_chan *c = beep_chan_find(p, channel);
    /* behind our ok nothing is to be expected, and the tracker has said so */
    if (!c || c->stage != CHAN_OPEN) return;
    if (beep_chan_cut(p, g, now) && c->msg_open && c->msgno == g->frame.msgno) c->msg_cut = true;
    if (!refused_for_form(p, c, g, now)) hand_over(p, c, g, now);
    /* behind the message that tunes the octets belong to the layer below: no SEQ (BEEP-D13) */
    if (!g->tune) beep_chan_taken(p, channel, n, now);
}

/* --- what is sent ----------------------------------------------------------------------------------------------------- */

static void want_room(struct beep_peer *p, struct beep_chan *c)
{
    c->full_at = p->m.queued;
    c->full_room = beep_mux_room(&p->m, c->b.channel);
    if (c->wants_room) return;
    c->wants_room = true;
    p->rooms++;
}

static bool can_send(const struct beep_peer *p, const struct beep_chan *c)
{
    return c->stage == CHAN_OPEN && !p->ending && !p->leaving && !beep_peer_turns(p);
}

static uint32_t next_msgno(uint32_t n)
{
    return n >= BEEP_NUMBER_MAX ? 1 : n + 1;
}

static err queue(struct beep_peer *p, struct beep_chan *c, enum beep_keyword keyword, uint32_t msgno, uint32_t ansno, slice octets,
                 bool last, uint64_t now)
{
    err e = beep_mux_send(&p->m, c->b.channel, keyword, msgno, ansno, octets, last);
    if (e == ERR_LIMIT) want_room(p, c);
    if (e == ERR_MEM) beep_peer_broken(p, e, now);
    return e;
}

err beep_peer_msg(struct beep_bound *b, uint32_t *msgno, slice octets, bool last, uint64_t now)
{
    struct beep_chan *c = beep_chan_of(b);
    struct beep_peer *p = b->peer;
    bool begins = *msgno == 0;
    if (!can_send(p, c) || begins == c->msg_open || (!begins && *msgno != c->msgno)) return ERR_USE;
    if (begins && (c->close_sent || c->peer_closes || p->release_sent)) return ERR_USE; /* 2.3.1.3 */
    if (c->msg_cut) { /* the peer has refused it already */
        c->msg_cut = c->msg_open = !last;
        return OK;
    }
    uint32_t number = begins ? next_msgno(c->msgno) : c->msgno;
    TRY(queue(p, c, BEEP_MSG, number, 0, octets, last, now));
    c->msgno = *msgno = number;
    c->msg_open = !last;
    beep_peer_work(p, now);
    if (MUT(p, CLOSE_EARLY) && last && !c->close_sent) beep_mistake_close(p, c, now);
    return OK;
}

err beep_peer_reply(struct beep_bound *b, enum beep_keyword keyword, uint32_t msgno, uint32_t ansno, slice octets, bool last,
                    uint64_t now)
{
    struct beep_chan *c = beep_chan_of(b);
    struct beep_peer *p = b->peer;
    if (!can_send(p, c)) return ERR_USE;
    TRY(queue(p, c, keyword, msgno, ansno, octets, last, now));
    beep_peer_work(p, now);
    return OK;
}

/* --- what happens in between ------------------------------------------------------------------------------------------- */

/* Accepted channels whose answer went out, and closed ones whose ok did. */
static void settle(struct beep_peer *p, uint64_t now)
{
    for (size_t i = 0; i < p->chans && (p->accepting || p->agreed) && !p->ending; i++) {
        struct beep_chan *c = p->chan[i];
        bool there = track_beep_channel(&p->c.track, c->b.channel) != NULL;
        if (c->stage == CHAN_ACCEPTING && there) {
            c->stage = CHAN_OPEN;
            p->accepting--;
            p->moves++;
            if (c->b.profile->opened) c->b.profile->opened(&c->b, now);
        } else if (c->stage == CHAN_AGREED && !there) {
            p->moves++;
            beep_chan_free(p, c, true, now);
            i--;
        }
    }
}

/* Asked again only when something went out since: what finds no room now may be another reply than the one that there is room for. */
static void rooms(struct beep_peer *p, uint64_t now)
{
    size_t enough = p->s->mux.queue_max / 4;
    for (size_t i = 0; i < p->chans && p->rooms && !p->ending; i++) {
        struct beep_chan *c = p->chan[i];
        if (!c->wants_room) continue;
        size_t room = beep_mux_room(&p->m, c->b.channel);
        if (room < enough || (room <= c->full_room && p->m.queued >= c->full_at)) continue;
        c->wants_room = false;
        p->rooms--;
        p->moves++;
        if (c->b.profile->room) c->b.profile->room(&c->b, now);
    }
}

void beep_chan_work(struct beep_peer *p, uint64_t now)
{
    if (p->accepting || p->agreed) settle(p, now);
    if (p->rooms) rooms(p, now);
    if (p->zero_unread && !p->ending) grant(p, 0, &p->zero_unread, now);
}
