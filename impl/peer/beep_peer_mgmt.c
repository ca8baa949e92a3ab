/* SPDX-License-Identifier: MIT */
/* Channel 0: what the peer asks for there, and what it is answered (RFC 3080 2.3.1).  One MSG is answered after the other (2.6.1): while one waits, for a
 * channel to become quiet or for a profile, those behind it wait as well. */
#include "peer/beep_peer_impl.h"

#include <stdio.h>
#include <string.h>

/* --- what is said ------------------------------------------------------------------------------------------------------ */

err beep_peer_element(struct beep_peer *p, uint32_t channel, enum beep_keyword keyword, uint32_t msgno, const struct beep_el *el)
{
    struct beep_el own = *el;
    struct buf text;
    buf_init(&text, p->e.env->mem, PEER_ELEMENT_MAX);
    beep_mutate_element(p->s->mutant, &own);
    err e = beep_mgmt_write(&own, BEEP_CDATA, &text);
    if (e == ERR_USE) { /* content that no CDATA section holds */
        buf_clear(&text);
        e = beep_mgmt_write(&own, BEEP_IN_BASE64, &text);
    }
    if (e == OK) e = beep_mutate_text(p->s->mutant, el->kind, &text);
    if (e == OK) e = beep_mux_send(&p->m, channel, keyword, msgno, 0, buf_slice(&text), true);
    buf_done(&text);
    return e;
}

struct beep_el beep_peer_error(const struct beep_peer *p, uint16_t code, const char *text)
{
    struct beep_el el = {.kind = BEEP_EL_ERROR, .code = code, .text = slice_str(text)};
    /* 2.3.1.5: the language is named only when it is not the one that the peer wants first */
    if (p->foreign && el.text.n) {
        el.lang = SLICE_LIT("en");
        el.lang_given = true;
    }
    return el;
}

void beep_peer_refuse(struct beep_peer *p, uint32_t channel, uint32_t msgno, uint16_t code, const char *text, uint64_t now)
{
    struct beep_el el = beep_peer_error(p, code, text);
    err e = beep_peer_element(p, channel, BEEP_ERR, msgno, &el);
    if (e != OK) beep_peer_broken(p, e, now);
}

static void answer(struct beep_peer *p, uint32_t msgno, const struct beep_el *el, uint64_t now)
{
    err e = beep_peer_element(p, 0, BEEP_RPY, msgno, el);
    if (e != OK) beep_peer_broken(p, e, now);
}

/* --- start -------------------------------------------------------------------------------------------------------------- */

static bool keeps_refusal(struct beep_refusal *kept, const struct beep_refusal *no)
{
    /* what was nearest to being served says best why not */
    if (kept->code && (kept->code != 550 || no->code == 550)) return false;
    *kept = *no;
    return true;
}

/* The channel's answer is ready. */
static void accept_start(struct beep_peer *p, struct beep_chan *c, uint32_t msgno, slice content, uint64_t now)
{
    struct beep_profile_el one = {.uri = slice_str(c->b.profile->uri), .content = content};
    if (MUT(p, OTHER_PROFILE)) one.uri = SLICE_LIT("http://draftproof.invalid/profiles/other");
    struct beep_el el = {.kind = BEEP_EL_PROFILE, .profile = &one, .profiles = 1};
    c->stage = CHAN_ACCEPTING;
    p->accepting++;
    p->named = true;
    answer(p, msgno, &el, now);
}

/* Tries one of the profiles that are proposed; true when it is taken. */
static bool try_profile(struct beep_peer *p, uint32_t msgno, uint32_t number, const struct beep_profile_el *el, struct beep_refusal *kept,
                        uint64_t now)
{
    struct beep_refusal no = {0};
    struct beep_chan *c;
    struct buf content;
    const struct beep_profile *profile = beep_peer_serves(p, el->uri, &no);
    if (!profile) {
        keeps_refusal(kept, &no);
        return false;
    }
    err e = beep_chan_new(p, number, profile, false, &c);
    if (e != OK) { /* 3081 3.1.1: without memory for it a channel is declined */
        no = e == ERR_LIMIT ? (struct beep_refusal){450, "too many channels"} : (struct beep_refusal){451, "out of memory"};
        keeps_refusal(kept, &no);
        return false;
    }
    c->stage = CHAN_LATER;
    buf_init(&content, p->e.env->mem, PEER_ELEMENT_MAX);
    if (profile->tuning) p->tuning = c;
    profile->start(&c->b, el->content, &content, &no, now);
    if (no.code) {
        keeps_refusal(kept, &no);
        beep_chan_free(p, c, false, now);
    } else if (c->b.later) {
        p->asked = (struct beep_asked){ASKED_START, msgno, number};
    } else {
        accept_start(p, c, msgno, buf_slice(&content), now);
    }
    buf_done(&content);
    return !no.code;
}

/* serverName of the first start that succeeds holds; later ones mean nothing (2.3.1.2). */
static bool serves_name(const struct beep_peer *p, const struct beep_el *el)
{
    if (MUT(p, SERVER_NAME_IGNORED)) return true;
    if (p->opener || p->named || !el->server_name_given || !p->s->server_name) return true;
    return slice_eq(el->server_name, slice_str(p->s->server_name));
}

static void on_start(struct beep_peer *p, uint32_t msgno, const struct beep_el *el, uint64_t now)
{
    struct beep_refusal kept = {0};
    if (beep_mistake_start_asked(p, msgno, el, now)) return;
    if (beep_chan_find(p, el->number)) {
        beep_peer_refuse(p, 0, msgno, 550, "the channel is in use", now);
        return;
    }
    if (p->release_sent || p->release_wanted) {
        beep_peer_refuse(p, 0, msgno, 550, "the session is being released", now);
        return;
    }
    if (!serves_name(p, el)) {
        beep_peer_refuse(p, 0, msgno, 550, "this server has another name", now);
        return;
    }
    for (size_t i = 0; i < el->profiles && !(i && MUT(p, FIRST_PROFILE)); i++)
        if (try_profile(p, msgno, el->number, &el->profile[i], &kept, now)) return;
    if (!kept.code) kept = (struct beep_refusal){550, "no profile is acceptable"};
    if (kept.code == 550 && MUT(p, UNWANTED_500)) kept.code = 500;
    beep_mistake_declined(p, el->number);
    beep_peer_refuse(p, 0, msgno, kept.code, kept.text, now);
}

void beep_peer_answer(struct beep_bound *b, slice content, const struct beep_refusal *no, uint64_t now)
{
    struct beep_peer *p = b->peer;
    struct beep_chan *c = beep_chan_of(b);
    if (p->asked.kind != ASKED_START || p->asked.number != b->channel || c->stage != CHAN_LATER) return;
    uint32_t msgno = p->asked.msgno;
    p->asked.kind = ASKED_NOTHING;
    p->moves++;
    if (no && no->code) {
        struct beep_refusal kept = *no;
        beep_chan_free(p, c, true, now);
        beep_peer_refuse(p, 0, msgno, kept.code, kept.text, now);
    } else {
        accept_start(p, c, msgno, content, now);
    }
    beep_peer_work(p, now);
}

/* --- close and release --------------------------------------------------------------------------------------------------- */

/* Does our side owe a reply on that channel?  The one to MSG but_msgno does not count when but is set. */
bool beep_peer_owes(const struct beep_peer *p, uint32_t channel, uint32_t but_msgno, bool but)
{
    const struct beep_channel *c = track_beep_channel(&p->c.track, channel);
    if (!c) return false;
    const struct beep_dir *d = &c->dir[!p->c.side];
    for (size_t i = 0; i < d->xs; i++) {
        const struct beep_exchange *x = &d->x[d->x_from + i];
        if (x->ask == BEEP_ASK_GREETING || x->fsm.state == BEEP_XS_CUT) continue;
        if (!but || x->msgno != but_msgno) return true;
    }
    return false;
}

/* 2.3.1.3: our MSGs are sent and answered, theirs are answered. */
bool beep_peer_quiet_on(const struct beep_peer *p, const struct beep_chan *c)
{
    const struct beep_channel *t = track_beep_channel(&p->c.track, c->b.channel);
    if (c->stage != CHAN_OPEN || c->msg_open) return false;
    return !t || (beep_quiet(t) && beep_mux_idle_on(&p->m, c->b.channel));
}

/* The same for the whole session; the close that asks for it, and our own if they crossed, are left out. */
static bool quiet(const struct beep_peer *p)
{
    if (p->asked_out) return false;
    for (size_t i = 0; i < p->chans; i++)
        if (p->chan[i]->stage != CHAN_AGREED && !beep_peer_quiet_on(p, p->chan[i])) return false;
    return true;
}

static bool may_close(struct beep_chan *c, struct beep_refusal *no)
{
    no->code = 0;
    if (c->b.profile->may_close) c->b.profile->may_close(&c->b, no);
    return !no->code;
}

static void on_close(struct beep_peer *p, uint32_t msgno, uint32_t number, uint64_t now)
{
    struct beep_refusal no = {0};
    struct beep_chan *c = beep_chan_find(p, number);
    if (MUT(p, CLOSE_IGNORED)) return;
    if (c && !may_close(c, &no)) {
        beep_peer_refuse(p, 0, msgno, no.code, no.text, now);
        return;
    }
    /* without a channel: its close crossed our ok to another, which is no mistake of the peer */
    if (c) c->peer_closes = true;
    p->asked = (struct beep_asked){ASKED_CLOSE, msgno, number};
}

static void on_release(struct beep_peer *p, uint32_t msgno, uint64_t now)
{
    struct beep_refusal no = {0};
    if (MUT(p, RELEASE_HANGS_UP)) beep_peer_terminate(p, now);
    if (MUT(p, RELEASE_IGNORED) || MUT(p, RELEASE_HANGS_UP)) return;
    for (size_t i = 0; i < p->chans; i++) {
        if (p->chan[i]->stage != CHAN_OPEN || may_close(p->chan[i], &no)) continue;
        beep_peer_refuse(p, 0, msgno, no.code, no.text, now);
        return;
    }
    for (size_t i = 0; i < p->chans; i++)
        p->chan[i]->peer_closes = true;
    p->asked = (struct beep_asked){ASKED_RELEASE, msgno, 0};
}

static void agree(struct beep_peer *p, uint64_t now)
{
    struct beep_el ok = {.kind = BEEP_EL_OK};
    p->asked.kind = ASKED_NOTHING;
    p->moves++;
    answer(p, p->asked.msgno, &ok, now);
}

static void try_close(struct beep_peer *p, uint64_t now)
{
    struct beep_chan *c = beep_chan_find(p, p->asked.number);
    if (c && c->stage == CHAN_ACCEPTING) return;
    if (c && !beep_peer_quiet_on(p, c) && !MUT(p, OK_EARLY)) return;
    if (c) {
        beep_mistake_closed(p, c->b.channel);
        c->stage = CHAN_AGREED;
        p->agreed++;
    }
    agree(p, now);
}

/* 3081 section 2: whoever agreed closes at once. */
static void try_release(struct beep_peer *p, uint64_t now)
{
    bool agreed_to_ours = p->c.track.released_by[beep_other(p)];
    if (!agreed_to_ours && !quiet(p)) return;
    agree(p, now);
    if (MUT(p, TALKS_RELEASED)) beep_mistake_start(p, p->opener ? 4711 : 4712, now);
    if (!MUT(p, STAYS_RELEASED)) beep_peer_leave(p, now);
}

/* --- one after the other -------------------------------------------------------------------------------------------------- */

static void ask(struct beep_peer *p, uint32_t msgno, const struct beep_el *el, uint64_t now)
{
    p->moves++;
    if (el && el->kind == BEEP_EL_START) on_start(p, msgno, el, now);
    else if (el && el->kind == BEEP_EL_CLOSE && el->number) on_close(p, msgno, el->number, now);
    else if (el && el->kind == BEEP_EL_CLOSE && !el->number_given && MUT(p, RELEASE_NEEDS_NUMBER))
        beep_peer_refuse(p, 0, msgno, 501, "close without number", now);
    else if (el && el->kind == BEEP_EL_CLOSE) on_release(p, msgno, now);
    else beep_peer_refuse(p, 0, msgno, 500, "channel management does not understand this", now);
}

static err put_off(struct beep_peer *p, uint32_t msgno, uint16_t code, const char *text, slice message)
{
    if (p->waitings >= PEER_ASKS_MAX) return ERR_LIMIT;
    struct beep_ask_waiting *w = mem_new(p->e.env->mem, sizeof *w + message.n);
    if (!w) return ERR_MEM;
    *w = (struct beep_ask_waiting){.msgno = msgno, .code = code, .text = text, .n = message.n};
    if (message.n) memcpy(w->message, message.p, message.n);
    if (!p->waiting) p->waiting_end = &p->waiting;
    *p->waiting_end = w;
    p->waiting_end = &w->next;
    p->waitings++;
    p->waiting_octets += w->n;
    return OK;
}

static void take_up(struct beep_peer *p, uint64_t now)
{
    struct beep_ask_waiting *w = p->waiting;
    struct beep_el el = {0};
    p->waiting = w->next;
    p->waitings--;
    p->waiting_octets -= w->n;
    if (w->code) {
        p->moves++;
        beep_peer_refuse(p, 0, w->msgno, w->code, w->text, now);
    } else {
        err e = beep_mgmt_read(p->e.env, slice_of(w->message, w->n), &el);
        if (e == ERR_MEM) beep_peer_broken(p, e, now);
        else ask(p, w->msgno, &el, now);
        beep_el_done(&el);
    }
    mem_free(p->e.env->mem, w);
}

void beep_mgmt_forget(struct beep_peer *p)
{
    while (p->waiting) {
        struct beep_ask_waiting *w = p->waiting;
        p->waiting = w->next;
        mem_free(p->e.env->mem, w);
    }
    p->waitings = p->waiting_octets = 0;
    p->asked.kind = ASKED_NOTHING;
}

void beep_mgmt_work(struct beep_peer *p, uint64_t now)
{
    if (p->asked.kind == ASKED_CLOSE) try_close(p, now);
    if (p->asked.kind == ASKED_RELEASE) try_release(p, now);
    if (p->asked.kind == ASKED_NOTHING && p->waiting && !p->ending && !p->leaving && !beep_peer_turns(p)) take_up(p, now);
}

/* --- what comes ------------------------------------------------------------------------------------------------------------ */

static bool noted(const struct beep_el *el, enum beep_fault_code code)
{
    for (uint32_t i = 0; el && i < el->note_n; i++)
        if (el->note[i].code == code) return true;
    return false;
}

/* What speaks against a MSG on channel 0 before anything is looked at.  What is wrong inside a profile element is for the profile, which answers within the
 * channel (3.1.1), and whether a tuning may begin is settled profile by profile. */
static const struct beep_fault *against(const struct beep_peer *p, const struct beep_got *g)
{
    const struct track_beep *t = &p->c.track;
    for (uint32_t i = 0; i < t->fault_n; i++) {
        const struct beep_fault *f = &t->fault[i];
        if (f->side != beep_other(p) || beep_remedies[f->code] < BEEP_DO_ILL || beep_mutant_overlooks(p->s->mutant, f->code)) continue;
        if (noted(g->inner, f->code) && !noted(g->el, f->code)) continue;
        if (f->code == BEEP_F_TWO_TUNINGS || f->code == BEEP_F_TLS_AFTER_SASL || f->code == BEEP_F_AUTH_AGAIN) continue;
        if (f->code == BEEP_F_BLOB_CLIENT) continue; /* of the blob in a start */
        return f;
    }
    return NULL;
}

/* Asks what the message would be without its prolog. */
static bool ask_stripped(struct beep_peer *p, const struct beep_got *g, uint64_t now)
{
    struct beep_el el = {0};
    struct buf text;
    buf_init(&text, p->e.env->mem, PEER_ELEMENT_MAX);
    bool stripped = beep_mistake_strips(p, g->message, &text);
    if (stripped && beep_mgmt_read(p->e.env, buf_slice(&text), &el) == OK) ask(p, g->frame.msgno, &el, now);
    else stripped = false;
    beep_el_done(&el);
    buf_done(&text);
    return stripped;
}

static void on_ask(struct beep_peer *p, const struct beep_got *g, uint64_t now)
{
    if (MUT(p, TLS_DEAF) && beep_peer_secured(p)) return;
    if (MUT(p, TAKES_DOCTYPE) || MUT(p, TAKES_DECLARATION))
        if (ask_stripped(p, g, now)) return;
    const struct beep_fault *f = against(p, g);
    uint16_t code = f ? beep_peer_code(f->code) : !g->el || g->message_lost ? 500 : 0;
    const char *text = f ? f->text : "message is too long";
    err e = OK;
    if (!code && beep_mistake_refuses(p, g->message)) code = 500;
    if (f) beep_peer_tell_fault(p, f);
    if (code && beep_mistake_answers(p, g->frame.msgno, &code, now)) return;
    if (p->asked.kind != ASKED_NOTHING || p->waiting) {
        e = put_off(p, g->frame.msgno, code, text, code ? SLICE_NONE : g->message);
        if (e == ERR_LIMIT) {
            beep_peer_tell(p, "too many messages wait on channel 0");
            beep_peer_terminate(p, now);
        } else if (e != OK) {
            beep_peer_broken(p, e, now);
        }
        return;
    }
    if (code) beep_peer_refuse(p, 0, g->frame.msgno, code, text, now);
    else ask(p, g->frame.msgno, g->el, now);
}

void beep_mgmt_frame(struct beep_peer *p, const struct beep_got *g, uint64_t now)
{
    size_t n = g->frame.payload.n;
    bool tune = g->tune;
    if (beep_chan_cut(p, g, now)) p->moves++;
    if (g->last) {
        p->el = g->el;
        if (g->frame.keyword == BEEP_MSG) on_ask(p, g, now);
        else beep_ask_answered(p, g, now);
        p->el = NULL;
    }
    if (!tune) beep_chan_taken(p, 0, n, now);
}
