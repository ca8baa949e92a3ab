/* SPDX-License-Identifier: MIT */
/* The IDXP profile: channels, and what comes on them. */
#include "peer/idxp.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "peer/idxp_impl.h"

/* --- common ---------------------------------------------------------------------------------------------------------------- */

void idxp_note(const struct idxp_channel *c, const char *fmt, ...)
{
    char text[240];
    va_list ap;
    if (!c->s->hooks.say) return;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    c->s->hooks.say(c->s->hooks.ctx, (struct idxp_channel *)(uintptr_t)c, text);
}

void idxp_broken(struct idxp_channel *c, err e, uint64_t now)
{
    if (c->b) beep_peer_broken(c->b->peer, e, now);
}

void idxp_give_up(struct idxp_channel *c, uint64_t now, const char *why)
{
    if (!c->b || c->over) return;
    idxp_note(c, "channel %u is closed: %s", (unsigned)c->b->channel, why);
    c->over = true;
    err e = beep_peer_close(c->b->peer, c->b->channel, now);
    if (e != OK && e != ERR_USE) idxp_broken(c, e, now);
}

static struct idxp_channel *channel_new(const struct idxp_setup *s, int side)
{
    struct idxp_channel *c = mem_new(s->env->mem, sizeof *c);
    if (!c) return NULL;
    c->s = s;
    c->side = side;
    c->owed_end = &c->owed;
    if (track_idxp_init(&c->t, s->env, s->dialect, s->analyzer ? NULL : s->schema) == OK) return c;
    track_idxp_done(&c->t);
    mem_free(s->env->mem, c);
    return NULL;
}

static void channel_free(struct idxp_channel *c)
{
    const struct mem *mem = c->s->env->mem;
    while (c->owed) {
        struct idxp_owed *o = c->owed;
        c->owed = o->next;
        mem_free(mem, o);
    }
    track_idxp_done(&c->t);
    mem_free(mem, c);
}

void idxp_enter(struct idxp_channel *c)
{
    c->busy++;
}

void idxp_leave(struct idxp_channel *c)
{
    if (--c->busy == 0 && c->gone) channel_free(c);
}

static void drop(struct idxp_channel *c)
{
    if (c->b) c->b->state = NULL;
    c->b = NULL;
    c->open = false;
    c->gone = true;
    idxp_enter(c);
    idxp_leave(c);
}

void idxp_told_ready(struct idxp_channel *c, uint64_t now)
{
    enum idxp_role ours = track_idxp_role(&c->t, c->side), theirs = track_idxp_role(&c->t, idxp_other(c));
    bool server = ours == IDXP_SERVER && theirs == IDXP_CLIENT;
    if (!c->open || c->over || (!server && !idxp_channel_may_send(c))) return;
    if (c->s->hooks.ready) c->s->hooks.ready(c->s->hooks.ctx, c, now);
}

/* --- how a channel begins -------------------------------------------------------------------------------------------------- */

static size_t channels_of(const struct beep_peer *p, const struct idxp_setup *s)
{
    size_t n = 0;
    for (size_t i = 0; i < p->chans; i++)
        n += p->chan[i]->b.profile->ctx == s && p->chan[i]->b.state != NULL;
    return n;
}

/* What stands in the start is answered as the first MSG would be, inside the answer (3.2). */
static err answer_embedded(struct idxp_channel *c, const struct idxp_got *g, struct buf *answer, struct beep_refusal *no, uint64_t now)
{
    struct buf text;
    struct idxp_got got;
    enum idxp_peer_kind kind = IDXP_KIND_UNKNOWN;
    if (g->kind == IDXP_GREETING && g->read == OK) idxp_judge_greeting(c, g, no, &kind, now);
    else idxp_judge_form(c, g, no);
    if (g->kind != IDXP_GREETING && !no->code) *no = (struct beep_refusal){501, "a start may hold an IDXP-Greeting only"};
    err e = idxp_compose_answer(c, no->code, no->text, true, &text);
    if (e == OK) e = track_idxp_answer(&c->t, c->side, buf_slice(&text), false, &got);
    if (e == OK) e = buf_add(answer, buf_slice(&text));
    buf_done(&text);
    if (!no->code) c->kind = kind;
    c->refused_peer = no->code != 0;
    c->overlooks = false;
    if (CMUT(c, EMBEDDED_DECLINES)) { /* no stays */
        if (no->code) no->code = 550;
        return e;
    }
    if (no->code) idxp_note(c, "greeting in the start is rejected: %u %s", (unsigned)no->code, no->text);
    no->code = 0; /* the channel itself is created (IDXP-D07) */
    return e;
}

/* Ends of lines in front of the element; for a mistake alone. */
static unsigned lines_before(slice content)
{
    unsigned n = 0;
    for (size_t i = 0; i < content.n && content.p[i] != '<'; i++)
        n += content.p[i] == '\n';
    return n;
}

static void profile_start(struct beep_bound *b, slice init, struct buf *answer, struct beep_refusal *no, uint64_t now)
{
    const struct idxp_setup *s = b->profile->ctx;
    struct idxp_got got;
    size_t max = s->channels_max ? s->channels_max : IDXP_CHANNELS_USUAL;
    if (channels_of(b->peer, s) >= max) {
        *no = (struct beep_refusal){421, "there are as many IDXP channels on this session as there may be"};
        return;
    }
    struct idxp_channel *c = channel_new(s, b->peer->c.side);
    if (!c) {
        *no = (struct beep_refusal){421, "out of memory"};
        return;
    }
    c->b = b;
    c->role = s->role;
    c->wish.role = s->role;
    b->state = c;
    if (IMUT(s->mutant, STRICT_CONTENT) && lines_before(init) > 1) init = SLICE_NONE;
    err e = track_idxp_start(&c->t, idxp_other(c), IMUT(s->mutant, EMBEDDED_IGNORED) ? SLICE_NONE : init, &got);
    if (e == OK && (got.kind != IDXP_NOTHING || got.reply)) e = answer_embedded(c, &got, answer, no, now);
    else if (e == OK) e = track_idxp_answer(&c->t, c->side, SLICE_NONE, false, &got);
    if (e != OK) *no = (struct beep_refusal){421, "out of memory"};
    if (no->code) drop(c);
}

/* The role that the peer leaves, where it is left to it. */
static void settle_role(struct idxp_channel *c)
{
    enum idxp_role theirs = track_idxp_role(&c->t, idxp_other(c));
    if (c->role == IDXP_NO_ROLE && theirs != IDXP_NO_ROLE) c->role = theirs == IDXP_CLIENT ? IDXP_SERVER : IDXP_CLIENT;
}

static void profile_opened(struct beep_bound *b, uint64_t now)
{
    struct idxp_channel *c = idxp_channel_of(b);
    if (!c) return;
    c->open = true;
    settle_role(c);
    idxp_greet_now(c, now);
}

/* Our greeting was answered: no is empty when by ok. */
static void greeting_answered(struct idxp_channel *c, const struct beep_refusal *no, uint64_t now)
{
    c->rejected = no->code != 0;
    if (no->code) idxp_note(c, "our greeting is rejected: %u %s", (unsigned)no->code, no->text);
    if (c->s->hooks.greeted) c->s->hooks.greeted(c->s->hooks.ctx, c, no, now);
    if (c->b && !no->code) idxp_told_ready(c, now);
    if (CMUT(c, WAITS_FOR_OK)) idxp_flush(c, now);
    if (CMUT(c, PICKY) && c->odd && !no->code) { /* as if it had not been read */
        c->odd = false;
        c->greet_due = idxp_greet(c, NULL, now) == ERR_LIMIT;
    }
}

static void refusal_of(const struct idxp_msg *m, struct beep_refusal *no)
{
    *no = (struct beep_refusal){.code = m->code ? m->code : 554};
    size_t n = m->text.n < sizeof no->text ? m->text.n : sizeof no->text - 1;
    if (n) memcpy(no->text, m->text.p, n);
    for (size_t i = 0; i < n; i++) /* line ends of a printed example */
        if ((uint8_t)no->text[i] < ' ') no->text[i] = ' ';
}

/* What a reply says: true with *no, which is empty for ok. */
static bool verdict(struct idxp_channel *c, const struct idxp_got *g, struct beep_refusal *no)
{
    *no = (struct beep_refusal){0};
    if (!g->msg || g->read != OK) return false;
    if (g->kind == IDXP_OK && (g->embedded || g->keyword == BEEP_RPY)) return true;
    if (g->kind != IDXP_ERROR || (!g->embedded && g->keyword != BEEP_ERR)) return false;
    c->misread = CMUT(c, ERROR_FORMS) && (!g->msg->text.n || g->msg->lang_given);
    if (c->misread) return true;
    refusal_of(g->msg, no);
    return true;
}

static void declined(struct idxp_channel *c, const struct beep_refusal *no, uint64_t now)
{
    struct idxp_got got;
    err e = track_idxp_answer(&c->t, idxp_other(c), SLICE_NONE, true, &got);
    if (e != OK) idxp_note(c, "%s", err_name(e));
    idxp_note(c, "the channel is declined: %u %s", (unsigned)no->code, no->text);
    c->rejected = true;
    if (c->b && CMUT(c, USES_DECLINED)) beep_mistake_say(c->b->peer, BEEP_MSG, c->b->channel, 1, "Content-Type: text/plain\r\n\r\nhello", now);
    if (c->s->hooks.declined) c->s->hooks.declined(c->s->hooks.ctx, c, no, now);
    drop(c);
}

static void profile_started(struct beep_bound *b, slice answer, const struct beep_refusal *no, uint64_t now)
{
    struct idxp_channel *c = idxp_channel_of(b);
    struct beep_refusal said;
    struct idxp_got got;
    if (!c) return;
    if (no->code) {
        declined(c, no, now);
        return;
    }
    c->open = true;
    c->odd = CMUT(c, PICKY) && idxp_mutant_odd(answer);
    err e = track_idxp_answer(&c->t, idxp_other(c), answer, false, &got);
    if (e != OK) {
        idxp_broken(c, e, now);
        return;
    }
    idxp_enter(c);
    if (!c->embedded) idxp_greet_now(c, now);
    else if (verdict(c, &got, &said)) greeting_answered(c, &said, now);
    else idxp_give_up(c, now, "the greeting in the start is answered by neither ok nor error");
    idxp_leave(c);
}

err idxp_open(struct beep_peer *p, const struct beep_profile *profile, const struct idxp_wish *w, void *user, struct idxp_channel **out, uint64_t now)
{
    const struct idxp_setup *s = profile->ctx;
    struct idxp_got got;
    struct buf init;
    uint32_t number;
    *out = NULL;
    if (!p->ready) return ERR_USE;
    struct idxp_channel *c = channel_new(s, p->c.side);
    if (!c) return ERR_MEM;
    if (w) c->wish = *w;
    if (!c->wish.role) c->wish.role = s->role;
    c->role = c->wish.role;
    c->user = user;
    c->embedded = s->embed && c->role && !CMUT(c, NO_GREETING) && !CMUT(c, GREETS_ON_ZERO) && !CMUT(c, HASTY);
    buf_init(&init, s->env->mem, BEEP_INIT_MAX);
    err e = c->embedded ? idxp_compose_greeting(c, &c->wish, true, &init) : OK;
    if (e == OK) e = track_idxp_start(&c->t, c->side, buf_slice(&init), &got);
    if (e == OK) c->greeted = c->embedded;
    bool was = p->inside;
    p->inside = true; /* nothing happens before the channel knows us */
    if (e == OK) e = beep_peer_start(p, profile, buf_slice(&init), &number, now);
    p->inside = was;
    buf_done(&init);
    struct beep_bound *b = e == OK ? beep_peer_bound(p, number) : NULL;
    if (!b) {
        channel_free(c);
        return e == OK ? ERR_SYS : e;
    }
    b->state = c;
    c->b = b;
    *out = c;
    idxp_enter(c);
    beep_peer_work(p, now);
    if (c->gone) *out = NULL;
    idxp_leave(c);
    return *out ? OK : ERR_SYS;
}

/* --- what comes ------------------------------------------------------------------------------------------------------------ */

static struct idxp_owed *owe(struct idxp_channel *c, uint32_t msgno, uint64_t now)
{
    struct idxp_owed *o = c->owed_n < IDXP_OWED_MAX ? mem_new(c->s->env->mem, sizeof *o) : NULL;
    if (!o) {
        if (c->owed_n >= IDXP_OWED_MAX) beep_peer_tell(c->b->peer, "peer sends beyond its window, and waits for no reply");
        idxp_broken(c, c->owed_n >= IDXP_OWED_MAX ? ERR_LIMIT : ERR_MEM, now);
        return NULL;
    }
    o->msgno = msgno;
    *c->owed_end = o;
    c->owed_end = &o->next;
    c->owed_n++;
    return o;
}

/* The reply to what comes is settled: the rest of it, if any, is of no use. */
static void settle(struct idxp_channel *c, const struct beep_refusal *no)
{
    struct idxp_owed *o = c->in_owed;
    if (!o || o->ready) return;
    o->ready = true;
    o->code = no->code;
    memcpy(o->text, no->text, sizeof o->text);
    c->in_over = true;
}

static uint16_t give(struct idxp_channel *c, const struct idxp_piece *d, struct beep_refusal *no, uint64_t now)
{
    if (!c->s->hooks.data) return d->last && !d->refused ? IDXP_STORED : 0;
    return c->s->hooks.data(c->s->hooks.ctx, c, d, no, now);
}

/* A message whose pieces were given comes to nothing. */
static void take_back(struct idxp_channel *c, uint16_t code, uint64_t now)
{
    struct beep_refusal no = {0};
    if (!c->in_given) return;
    c->in_given = false;
    (void)give(c, &(struct idxp_piece){.msgno = c->in_msgno, .last = true, .refused = code}, &no, now);
}

static void hook_said(struct idxp_channel *c, uint16_t code, struct beep_refusal *no, bool last)
{
    if (code == IDXP_STORED && last) settle(c, &(struct beep_refusal){0});
    if (code < 400) return;
    no->code = code;
    if (!no->text[0] && idxp_code_text(code)) snprintf(no->text, sizeof no->text, "%s", idxp_code_text(code));
    settle(c, no);
}

/* Data that nothing speaks against so far: its octets go to the hook. */
static void data(struct idxp_channel *c, const struct idxp_got *g, uint64_t now)
{
    const struct idmef_result *idmef = g->last ? g->idmef : NULL;
    for (int i = 0; i < 2 && !c->in_over && c->b; i++) {
        struct beep_refusal no = {0};
        bool last = g->last && (i == 1 || !g->data[1].n), end = last || i == 1;
        if (!g->data[i].n && !(last && end) && !(i == 1 && !c->in_given)) continue;
        struct idxp_piece d = {.msgno = g->msgno,
                               .kind = g->kind,
                               .first = !c->in_given,
                               .last = last,
                               .octets = g->data[i],
                               .mime = g->settled ? &g->head.mime : NULL,
                               .encoded = g->settled && g->head.encoded,
                               .idmef = last ? idmef : NULL};
        c->in_given = true;
        uint16_t code = give(c, &d, &no, now);
        hook_said(c, code, &no, last);
        if (last) return;
    }
}

/* A greeting on any channel of the session; for mistakes alone. */
static bool any_refused(const struct idxp_channel *c)
{
    const struct beep_peer *p = c->b->peer;
    for (size_t i = 0; i < p->chans; i++) {
        const struct idxp_channel *other = p->chan[i]->b.profile == c->b->profile ? p->chan[i]->b.state : NULL;
        if (other && other->refused_peer) return true;
    }
    return false;
}

/* Refused for where it stands or what it is; a peer that is not known should first show who it is. */
static void judge_data(struct idxp_channel *c, const struct idxp_got *g, struct beep_refusal *no)
{
    struct idxp_who w;
    size_t max = c->s->content_max ? c->s->content_max : c->s->env->limits.content;
    idxp_judge_form(c, g, no);
    if (no->code == 554 && track_idxp_role(&c->t, idxp_other(c)) == IDXP_NO_ROLE) {
        idxp_session_who(c, &w);
        idxp_judge_security(c, &w, no);
    }
    if (no->code) return;
    c->in_octets += g->data[0].n + g->data[1].n;
    if (c->in_octets > max) *no = (struct beep_refusal){554, "the message is too long"};
    else if (c->s->analyzer) *no = (struct beep_refusal){554, "an analyzer takes no data"};
    else if (CMUT(c, SHARED_REFUSAL) && any_refused(c)) *no = (struct beep_refusal){554, "who are you there?"};
    else if (CMUT(c, LAST_REFUSES) && c->refused_peer) *no = (struct beep_refusal){554, "who are you?"};
    else if (g->kind == IDXP_TEXT && CMUT(c, REFUSES_TEXT)) *no = (struct beep_refusal){500, "no XML"};
    else if (g->kind == IDXP_BINARY && CMUT(c, REFUSES_BINARY)) *no = (struct beep_refusal){500, "no XML"};
    else if (g->last) idxp_judge_values(c, g, no);
}

static void on_greeting(struct idxp_channel *c, const struct idxp_got *g, uint64_t now)
{
    struct beep_refusal no = {0};
    enum idxp_peer_kind kind;
    idxp_judge_greeting(c, g, &no, &kind, now);
    if (CMUT(c, GREETS_ONCE) && track_idxp_role(&c->t, idxp_other(c)) != IDXP_NO_ROLE) return;
    c->refused_peer = no.code != 0;
    if (no.code) idxp_note(c, "greeting is rejected: %u %s", (unsigned)no.code, no.text);
    if (c->in_owed) c->in_owed->greeting = true;
    if (c->in_owed) c->in_owed->kind = kind;
    settle(c, &no);
}

static void on_msg_piece(struct idxp_channel *c, const struct idxp_got *g, uint64_t now)
{
    struct beep_refusal no = {0};
    if (c->in_over) return;
    if (g->last && g->asked == IDXP_ASKED_GREETING) {
        on_greeting(c, g, now);
        return;
    }
    bool is_data = g->asked == IDXP_ASKED_DATA;
    if (is_data) judge_data(c, g, &no);
    else idxp_judge_form(c, g, &no);
    if (!no.code && !is_data && g->last && !CMUT(c, TAKES_ELEMENT)) no = (struct beep_refusal){501, "this is no message of IDXP"};
    if (no.code) {
        settle(c, &no);
        take_back(c, no.code, now);
        if (CMUT(c, ENDS_ON_REFUSAL) && c->b) beep_peer_terminate(c->b->peer, now);
    } else if (is_data) {
        data(c, g, now);
    } else if (g->last) { /* by mistake alone */
        settle(c, &no);
    }
}

static void on_msg(struct idxp_channel *c, uint32_t msgno, slice octets, bool last, uint64_t now)
{
    struct idxp_got got;
    err e = track_idxp_octets(&c->t, idxp_other(c), BEEP_MSG, msgno, 0, octets, last, &got);
    if (e == OK && got.first) {
        c->in_msgno = msgno;
        c->in_given = c->in_over = c->overlooks = false;
        c->in_octets = 0;
        c->in_owed = owe(c, msgno, now);
    }
    if (e != OK || !c->in_owed) {
        if (e != OK) idxp_broken(c, e, now);
        else c->in_over = true; /* answered before its end */
        return;
    }
    c->reading = true;
    on_msg_piece(c, &got, now);
    c->reading = false;
    idxp_flush(c, now);
}

static void on_data_reply(struct idxp_channel *c, uint32_t msgno, const struct beep_refusal *no, uint64_t now)
{
    if (c->unanswered) c->unanswered--;
    if (c->s->hooks.answered) c->s->hooks.answered(c->s->hooks.ctx, c, msgno, no, now);
}

/* no: NULL for a reply that says something else. */
static void refused_early(struct idxp_channel *c, const struct beep_refusal *no, uint64_t now)
{
    struct idxp_got got;
    uint32_t msgno = c->out_msgno;
    c->out_cut = true;
    c->out_open = false;
    err e = track_idxp_octets(&c->t, c->side, BEEP_MSG, msgno, 0, SLICE_NONE, true, &got);
    if (e == OK && c->b) e = beep_peer_msg(c->b, &msgno, SLICE_NONE, true, now);
    if (e != OK && e != ERR_USE) idxp_broken(c, e, now);
    if (no) on_data_reply(c, c->out_msgno, no, now);
    else idxp_give_up(c, now, "data is answered before its end, and not by an error");
}

static void on_reply(struct idxp_channel *c, enum beep_keyword keyword, uint32_t msgno, uint32_t ansno, slice octets, bool last, uint64_t now)
{
    struct idxp_got got;
    struct beep_refusal no;
    err e = track_idxp_octets(&c->t, idxp_other(c), keyword, msgno, ansno, octets, last, &got);
    if (e != OK) {
        idxp_broken(c, e, now);
        return;
    }
    bool many = keyword == BEEP_ANS || keyword == BEEP_NUL;
    if ((!last && !many) || c->over) return;
    if (c->out_open && msgno == c->out_msgno) { /* refused before its end: what is left of it goes nowhere (3080 2.6.3) */
        refused_early(c, verdict(c, &got, &no) && no.code ? &no : NULL, now);
        return;
    }
    bool fits = !many && verdict(c, &got, &no);
    if (!fits && CMUT(c, TAKES_ODD_REPLY)) {
        if (keyword == BEEP_ANS) return;
        no = (struct beep_refusal){0};
        fits = !many || keyword == BEEP_NUL;
    }
    if (!fits) idxp_give_up(c, now, many ? "a reply of IDXP is one message" : "a reply is neither ok in RPY nor error in ERR");
    else if (got.asked == IDXP_ASKED_GREETING) greeting_answered(c, &no, now);
    else if (got.asked == IDXP_ASKED_DATA) on_data_reply(c, msgno, &no, now);
}

static void profile_octets(struct beep_bound *b, enum beep_keyword keyword, uint32_t msgno, uint32_t ansno, slice octets, bool last, uint64_t now)
{
    struct idxp_channel *c = idxp_channel_of(b);
    if (!c || !c->open) return;
    idxp_enter(c);
    c->odd = c->odd || (CMUT(c, PICKY) && idxp_mutant_odd(octets));
    if (keyword == BEEP_MSG) on_msg(c, msgno, octets, last, now);
    else on_reply(c, keyword, msgno, ansno, octets, last, now);
    idxp_leave(c);
}

static void profile_room(struct beep_bound *b, uint64_t now)
{
    struct idxp_channel *c = idxp_channel_of(b);
    if (!c) return;
    idxp_enter(c);
    idxp_flush(c, now);
    if (c->greet_due) idxp_greet_now(c, now);
    if (c->b && c->s->hooks.room) c->s->hooks.room(c->s->hooks.ctx, c, now);
    idxp_leave(c);
}

static void profile_closed(struct beep_bound *b, uint64_t now)
{
    struct idxp_channel *c = idxp_channel_of(b);
    if (!c) return;
    track_idxp_closed(&c->t, c->side);
    c->open = false;
    struct beep_peer *peer = CMUT(c, CLOSE_ENDS) && !b->peer->ending ? b->peer : NULL;
    if (c->s->hooks.closed) c->s->hooks.closed(c->s->hooks.ctx, c, now);
    drop(c);
    if (peer) beep_peer_terminate(peer, now);
}

void idxp_profile_init(const struct idxp_setup *s, struct beep_profile *out)
{
    *out = (struct beep_profile){.uri = idxp_uris[s->dialect],
                                 .ctx = (void *)(uintptr_t)s,
                                 .start = profile_start,
                                 .opened = profile_opened,
                                 .started = profile_started,
                                 .octets = profile_octets,
                                 .room = profile_room,
                                 .closed = profile_closed};
}
