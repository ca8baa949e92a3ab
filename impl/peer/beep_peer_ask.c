/* SPDX-License-Identifier: MIT */
/* What we ask for on channel 0: channels, their close, the release; and what is answered there (RFC 3080 2.3.1). */
#include "peer/beep_peer_impl.h"
#include "peer/mutate_idxp.h"

#include <stdio.h>
#include <string.h>

/* --- asking ------------------------------------------------------------------------------------------------------------- */

/* Message 0 is the greeting's (BEEP-D08); a number comes again after 2^31 others. */
static uint32_t take_msgno(struct beep_peer *p)
{
    p->msgno = p->msgno >= BEEP_NUMBER_MAX ? 1 : p->msgno + 1;
    return p->msgno;
}

/* Numbers are not used again while others are left: what is on the way for an old channel cannot be taken for the new one's. */
static uint32_t free_number(struct beep_peer *p)
{
    uint32_t n = p->last_number;
    bool odd = p->opener && !(p->tunnelled && IMUT(p->s->idxp_mutant, VIA_EVEN)) && !IMUT(p->s->idxp_mutant, P_FAR_EVEN);
    if (MUT(p, WRONG_PARITY) && !n) n = p->opener ? 2 : 1;
    for (size_t i = 0; i <= p->chans; i++) {
        n = n + 2 > BEEP_NUMBER_MAX || !n ? (odd ? 1 : 2) : n + 2;
        if (!beep_chan_find(p, n)) return n;
    }
    return 0;
}

static err send_start(struct beep_peer *p, const struct beep_chan *c, slice init)
{
    struct beep_profile_el one = {.uri = slice_str(c->b.profile->uri), .content = init};
    struct beep_el el = {.kind = BEEP_EL_START, .profile = &one, .profiles = 1, .number = c->b.channel, .number_given = true};
    if (p->opener && p->s->server_name && !p->named) {
        el.server_name = slice_str(p->s->server_name);
        el.server_name_given = true;
    }
    struct buf more;
    buf_init(&more, p->e.env->mem, PEER_ELEMENT_MAX);
    err e = beep_mistake_content(p, &more);
    if (more.n) one.content = buf_slice(&more);
    if (e == OK) e = beep_peer_element(p, 0, BEEP_MSG, take_msgno(p), &el);
    buf_done(&more);
    return e;
}

static bool open_for_business(const struct beep_peer *p)
{
    return p->ready && p->peer_greeted && !p->ending && !p->leaving && !p->release_sent && !beep_peer_turns(p) && !beep_peer_tunes(p) &&
           p->asked.kind != ASKED_RELEASE;
}

err beep_peer_start(struct beep_peer *p, const struct beep_profile *profile, slice init, uint32_t *channel, uint64_t now)
{
    struct beep_chan *c;
    *channel = 0;
    if (!open_for_business(p) || (profile->tuning && p->tuning)) return ERR_USE;
    if (init.n > BEEP_INIT_MAX) return ERR_LIMIT;
    uint32_t number = free_number(p);
    if (!number) return ERR_LIMIT;
    TRY(beep_chan_new(p, number, profile, true, &c));
    c->stage = CHAN_ASKED;
    if (profile->tuning) p->tuning = c;
    err e = send_start(p, c, init);
    if (e != OK) {
        beep_chan_free(p, c, false, now);
        return e;
    }
    p->last_number = number;
    c->asked_msgno = p->msgno;
    p->asked_out++;
    *channel = number;
    beep_peer_work(p, now);
    if (MUT(p, HASTY_MSG) && !profile->tuning) beep_mistake_say(p, BEEP_MSG, number, 1, "\r\nhello", now);
    return OK;
}

err beep_peer_close(struct beep_peer *p, uint32_t channel, uint64_t now)
{
    if (!p->ready || p->ending || p->leaving || beep_peer_turns(p)) return ERR_USE;
    if (channel == 0) {
        if (p->release_sent) return ERR_USE;
        if (!p->release_wanted) p->wished = now ? now : 1;
        p->release_wanted = true;
    } else {
        struct beep_chan *c = beep_chan_find(p, channel);
        if (!c || c->close_sent || c->stage == CHAN_AGREED) return ERR_USE;
        if (!c->close_wanted) p->closes++;
        c->close_wanted = true;
    }
    beep_peer_work(p, now);
    return OK;
}

static err send_close(struct beep_peer *p, uint32_t number)
{
    struct beep_el el = {.kind = BEEP_EL_CLOSE, .code = 200, .number = number, .number_given = number != 0};
    return beep_peer_element(p, 0, BEEP_MSG, take_msgno(p), &el);
}

void beep_mistake_close(struct beep_peer *p, struct beep_chan *c, uint64_t now)
{
    c->close_sent = true;
    p->asked_out++;
    err e = send_close(p, c->b.channel);
    c->asked_msgno = p->msgno;
    if (e != OK) beep_peer_broken(p, e, now);
    beep_peer_work(p, now);
}

/* 2.3.1.3: a close may be asked for once all own MSGs on the channel are acknowledged, which the first frame of a reply does. */
static bool acknowledged(const struct beep_peer *p, const struct beep_chan *c)
{
    const struct beep_channel *t = track_beep_channel(&p->c.track, c->b.channel);
    if (c->stage != CHAN_OPEN || c->msg_open || !t || !beep_mux_idle_on(&p->m, c->b.channel)) return false;
    const struct beep_dir *d = &t->dir[p->c.side];
    for (size_t i = 0; i < d->xs; i++) {
        uint8_t s = d->x[d->x_from + i].fsm.state;
        if (s == BEEP_XS_ASKING || s == BEEP_XS_ASKED) return false;
    }
    return !d->unfinished;
}

static bool may_ask(const struct beep_peer *p)
{
    return p->peer_greeted && !p->ending && !p->leaving && !beep_peer_turns(p) && !beep_peer_tunes(p);
}

static void ask_closes(struct beep_peer *p, uint64_t now)
{
    for (size_t i = 0; i < p->chans && p->closes && !p->release_sent; i++) {
        struct beep_chan *c = p->chan[i];
        if (!c->close_wanted || !acknowledged(p, c)) continue;
        c->close_wanted = false;
        c->close_sent = true;
        p->closes--;
        p->asked_out++;
        p->moves++;
        err e = send_close(p, c->b.channel);
        c->asked_msgno = p->msgno;
        if (e != OK) beep_peer_broken(p, e, now);
        if (MUT(p, TALKS_AFTER_CLOSE)) beep_mistake_say(p, BEEP_MSG, c->b.channel, 4711, "\r\nhello", now);
    }
}

/* The release waits until everything else is done: so it can be agreed to at once. */
static void ask_release(struct beep_peer *p, uint64_t now)
{
    if (p->asked_out || p->closes || p->asked.kind != ASKED_NOTHING || p->waiting) return;
    for (size_t i = 0; i < p->chans; i++)
        if (!beep_peer_quiet_on(p, p->chan[i])) return;
    if (!beep_mux_idle(&p->m)) return;
    p->release_wanted = false;
    p->release_sent = true;
    p->release_by = now + p->e.env->limits.message_ms;
    p->moves++;
    err e = send_close(p, 0);
    p->release_msgno = p->msgno;
    if (e != OK) beep_peer_broken(p, e, now);
}

void beep_ask_work(struct beep_peer *p, uint64_t now)
{
    if (!may_ask(p)) return;
    if (p->closes) ask_closes(p, now);
    if (p->release_wanted && !p->release_sent) ask_release(p, now);
}

/* --- answers ------------------------------------------------------------------------------------------------------------- */

static void refusal_of(const struct beep_el *el, struct beep_refusal *no)
{
    *no = (struct beep_refusal){.code = el && el->code ? el->code : 550};
    if (!el || !el->text.n) return;
    size_t n = el->text.n < sizeof no->text ? el->text.n : sizeof no->text - 1;
    memcpy(no->text, el->text.p, n);
    no->text[n] = 0;
}

static void start_answered(struct beep_peer *p, const struct beep_got *g, uint64_t now)
{
    struct beep_chan *c = beep_chan_find(p, g->number);
    struct beep_refusal no = {0};
    if (p->asked_out) p->asked_out--;
    if (!c || c->stage != CHAN_ASKED) return;
    if (g->frame.keyword == BEEP_ERR) {
        refusal_of(g->el, &no);
        if (c->b.profile->started) c->b.profile->started(&c->b, SLICE_NONE, &no, now);
        beep_chan_free(p, c, false, now);
        beep_mistake_started(p, g->number, true, now);
        return;
    }
    beep_mistake_started(p, g->number, false, now);
    if (MUT(p, CLOSE_UNKNOWN)) {
        err e = send_close(p, g->number + 2);
        if (e != OK) beep_peer_broken(p, e, now);
    }
    c->stage = CHAN_OPEN;
    p->named = true;
    slice content = g->el && g->el->profiles ? g->el->profile[0].content : SLICE_NONE;
    if (c->b.profile->started) c->b.profile->started(&c->b, content, &no, now);
}

static void close_answered(struct beep_peer *p, const struct beep_got *g, uint64_t now)
{
    struct beep_chan *c = beep_chan_find(p, g->number);
    struct beep_refusal no = {0};
    if (p->asked_out) p->asked_out--;
    if (!c) return; /* both asked, and our ok went out first */
    if (g->frame.keyword == BEEP_RPY) {
        beep_chan_free(p, c, true, now);
        return;
    }
    c->close_sent = false;
    refusal_of(g->el, &no);
    if (p->s->hooks.declined) p->s->hooks.declined(p->s->hooks.ctx, p, g->number, &no, now);
}

static void release_answered(struct beep_peer *p, const struct beep_got *g, uint64_t now)
{
    struct beep_refusal no = {0};
    p->release_sent = false;
    p->release_by = 0;
    if (g->frame.keyword == BEEP_RPY) {
        beep_peer_leave(p, now); /* the peer's own wish, if they crossed, is granted on the way out */
        return;
    }
    refusal_of(g->el, &no); /* 2.4: the session goes on */
    beep_peer_note(p, "peer declines the release: %u %s", (unsigned)no.code, no.text);
    if (p->s->hooks.declined) p->s->hooks.declined(p->s->hooks.ctx, p, 0, &no, now);
}

/* A reply that is no answer ends the session (2.2.2.1). */
static const struct beep_fault *useless(const struct beep_peer *p, const struct beep_got *g)
{
    const struct track_beep *t = &p->c.track;
    for (uint32_t i = 0; i < t->fault_n; i++) {
        const struct beep_fault *f = &t->fault[i];
        if (f->side != beep_other(p)) continue;
        if (f->code == BEEP_F_ANSWER || f->code == BEEP_F_PROFILE_OTHER || f->code == BEEP_F_EARLY_REPLY) return f;
        if (beep_remedies[f->code] != BEEP_DO_ILL && beep_remedies[f->code] != BEEP_DO_INVALID) continue;
        bool inside = false; /* of a profile's answer: the profile sees for itself */
        for (uint32_t k = 0; g->inner && k < g->inner->note_n; k++)
            inside |= g->inner->note[k].code == f->code;
        for (uint32_t k = 0; g->el && k < g->el->note_n; k++)
            inside &= g->el->note[k].code != f->code;
        if (!inside) return f;
    }
    return NULL;
}

static void greeting_refused(struct beep_peer *p, const struct beep_el *el, uint64_t now)
{
    struct beep_refusal no;
    refusal_of(el, &no);
    beep_peer_tell(p, "peer is not available: %u %s", (unsigned)no.code, no.text);
    if (MUT(p, STAYS_UNAVAILABLE)) {
        p->greet_by = 0;
        return;
    }
    if (MUT(p, TALKS_UNAVAILABLE)) beep_mistake_start(p, 1, now);
    beep_peer_leave(p, now);
}

/* Refused before it went out to its end (2.6.3): what it asks for the tracker could not read, but we know. */
static void asked_for(const struct beep_peer *p, struct beep_got *g)
{
    for (size_t i = 0; i < p->chans; i++) {
        const struct beep_chan *c = p->chan[i];
        if (c->asked_msgno != g->frame.msgno || (c->stage != CHAN_ASKED && !c->close_sent)) continue;
        g->ask = c->stage == CHAN_ASKED ? BEEP_ASK_START : BEEP_ASK_CLOSE;
        g->number = c->b.channel;
        return;
    }
    if (p->release_sent && p->release_msgno == g->frame.msgno) g->ask = BEEP_ASK_RELEASE;
}

void beep_ask_answered(struct beep_peer *p, const struct beep_got *got, uint64_t now)
{
    struct beep_got own = *got;
    const struct beep_got *g = &own;
    if (own.ask == BEEP_ASK_NOTHING && own.frame.keyword == BEEP_ERR) asked_for(p, &own);
    const struct beep_fault *f = useless(p, g);
    bool good = g->frame.keyword == BEEP_RPY;
    if ((f || !g->el) && MUT(p, KEEPS_BAD_REPLY)) {
        p->greet_by = 0;
        return;
    }
    if (f || !g->el) {
        if (f) beep_peer_tell_fault(p, f);
        beep_peer_tell(p, "%s", f ? f->text : "a reply on channel 0 cannot be read");
        beep_peer_terminate(p, now);
        return;
    }
    switch (g->ask) {
    case BEEP_ASK_GREETING:
        if (good) beep_peer_on_greeting(p, g->el, now);
        else greeting_refused(p, g->el, now);
        return;
    case BEEP_ASK_START: start_answered(p, g, now); return;
    case BEEP_ASK_CLOSE: close_answered(p, g, now); return;
    case BEEP_ASK_RELEASE: release_answered(p, g, now); return;
    case BEEP_ASK_NOTHING: return;
    }
}
