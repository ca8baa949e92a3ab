/* SPDX-License-Identifier: MIT */
/* Manager and analyzer of IDXP: the session and its channels. */
#include "peer/idxp_peer.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "peer/beep_peer_impl.h"
#include "peer/idxp_peer_impl.h"

/* --- words for people ------------------------------------------------------------------------------------------------------ */

static void speak(struct idxp_peer *p, const char *text)
{
    if (p->s->hooks.say) p->s->hooks.say(p->s->hooks.ctx, p, text);
}

void idxp_peer_note(struct idxp_peer *p, const char *fmt, ...)
{
    char text[240];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    speak(p, text);
}

void idxp_peer_tell(struct idxp_peer *p, const char *fmt, ...)
{
    char text[sizeof p->why];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (!p->why[0]) memcpy(p->why, text, sizeof text);
    speak(p, text);
}

/* --- channels -------------------------------------------------------------------------------------------------------------- */

static struct idxp_peer *peer_of(const struct idxp_channel *c)
{
    const struct idxp_line *l = idxp_channel_user(c);
    return l ? l->p : beep_peer_user(idxp_channel_peer(c));
}

static struct idxp_line *line_new(struct idxp_peer *p, struct idxp_channel *c)
{
    struct idxp_line *l = mem_new(idxp_peer_mem(p), sizeof *l), **end = &p->line;
    if (!l) return NULL;
    l->p = p;
    l->c = c;
    buf_init(&l->body, idxp_peer_mem(p), 0);
    buf_init(&l->odd, idxp_peer_mem(p), 0);
    while (*end)
        end = &(*end)->next;
    *end = l;
    return l;
}

/* A channel that the peer started is met with its first event. */
static struct idxp_line *line_of(struct idxp_channel *c)
{
    struct idxp_line *l = idxp_channel_user(c);
    if (l) return l;
    struct idxp_peer *p = peer_of(c);
    l = p ? line_new(p, c) : NULL;
    if (l) idxp_channel_set_user(c, l);
    return l;
}

void idxp_peer_reap(struct idxp_peer *p)
{
    struct idxp_line **at = &p->line;
    while (*at && !p->pumping) {
        struct idxp_line *l = *at;
        if (l->c) {
            at = &l->next;
            continue;
        }
        *at = l->next;
        mem_free(idxp_peer_mem(p), l);
    }
}

static void line_over(struct idxp_line *l)
{
    l->c = NULL;
    l->ready = false;
    idxp_line_forget(l);
    idxp_line_lost(l);
}

static bool any_ours(const struct idxp_peer *p)
{
    for (const struct idxp_line *l = p->line; l; l = l->next)
        if (l->c && l->ours && !idxp_channel_rejected(l->c)) return true;
    return false;
}

/* Who asked for channels and has none left has no business here. */
static void look_whether_useless(struct idxp_peer *p, uint64_t now)
{
    if (p->asked && !any_ours(p) && p->why[0] && !p->s->linger) idxp_peer_release(p, now);
}

void idxp_peer_release(struct idxp_peer *p, uint64_t now)
{
    if (p->releasing || !p->b) return;
    p->releasing = true;
    p->ready_by = 0;
    err e = beep_peer_close(p->b, 0, now);
    if ((e == ERR_USE && !p->b->ready) || (e != OK && e != ERR_USE)) beep_peer_abort(p->b, now); /* no session was begun */
}

/* --- hooks of the profile -------------------------------------------------------------------------------------------------- */

static void on_admit(void *ctx, struct idxp_channel *c, const struct idxp_msg *greeting, const struct idxp_who *w, struct beep_refusal *no, uint64_t now)
{
    const struct idxp_peer_setup *s = ctx;
    struct idxp_peer *p = peer_of(c);
    (void)greeting;
    (void)now;
    if (!p) return;
    if (p->closing) *no = (struct beep_refusal){421, "shutting down"};
    else if (s->hooks.admit) s->hooks.admit(s->hooks.ctx, p, w, no);
}

static void on_greeted(void *ctx, struct idxp_channel *c, const struct beep_refusal *no, uint64_t now)
{
    struct idxp_line *l = line_of(c);
    (void)ctx;
    if (!l || !no->code) return;
    l->ready = idxp_channel_may_send(c); /* one that is in force from before stays (3.4.1) */
    idxp_peer_tell(l->p, "the greeting is rejected: %u %s", (unsigned)no->code, no->text);
    if (l->ready) idxp_peer_pump(l->p, now);
    if (!l->ours || l->ready) return;
    if (!any_ours(l->p)) {
        look_whether_useless(l->p, now);
        return;
    }
    struct beep_bound *b = idxp_channel_bound(c);
    err e = b ? beep_peer_close(b->peer, b->channel, now) : OK;
    if (e == ERR_MEM) beep_peer_abort(b->peer, now);
}

static void on_ready(void *ctx, struct idxp_channel *c, uint64_t now)
{
    struct idxp_line *l = line_of(c);
    (void)ctx;
    if (!l) {
        beep_peer_abort(idxp_channel_peer(c), now);
        return;
    }
    struct idxp_peer *p = l->p;
    l->ready = true;
    p->ready_by = 0;
    if (!p->told && p->s->hooks.ready) p->s->hooks.ready(p->s->hooks.ctx, p);
    p->told = true;
    idxp_peer_pump(p, now);
}

static uint16_t on_data(void *ctx, struct idxp_channel *c, const struct idxp_piece *d, struct beep_refusal *no, uint64_t now)
{
    struct idxp_line *l = line_of(c);
    (void)ctx;
    if (l) return idxp_line_data(l, d, no, now);
    return d->refused ? 0 : 421;
}

static void on_answered(void *ctx, struct idxp_channel *c, uint32_t msgno, const struct beep_refusal *no, uint64_t now)
{
    struct idxp_line *l = idxp_channel_user(c);
    (void)ctx;
    if (l) idxp_line_answered(l, msgno, no->code, no->text, now);
}

static void on_room(void *ctx, struct idxp_channel *c, uint64_t now)
{
    struct idxp_line *l = idxp_channel_user(c);
    (void)ctx;
    if (l) idxp_peer_pump(l->p, now);
}

static void on_closed(void *ctx, struct idxp_channel *c, uint64_t now)
{
    struct idxp_line *l = idxp_channel_user(c);
    (void)ctx;
    if (!l) return;
    struct idxp_peer *p = l->p;
    idxp_channel_set_user(c, NULL);
    line_over(l);
    idxp_peer_reap(p);
    if (p->releasing) return;
    look_whether_useless(p, now);
    idxp_peer_pump(p, now);
}

static void on_declined(void *ctx, struct idxp_channel *c, const struct beep_refusal *no, uint64_t now)
{
    const struct idxp_line *l = idxp_channel_user(c);
    if (l) idxp_peer_tell(l->p, "the channel is declined: %u %s", (unsigned)no->code, no->text);
    on_closed(ctx, c, now);
}

static void on_say(void *ctx, struct idxp_channel *c, const char *text)
{
    struct idxp_peer *p = peer_of(c);
    (void)ctx;
    if (p) speak(p, text);
}

/* --- hooks of BEEP --------------------------------------------------------------------------------------------------------- */

static err ask(struct idxp_peer *p, enum idxp_stream stream, uint64_t now)
{
    struct idxp_wish w = {.stream = stream};
    struct idxp_channel *c;
    struct idxp_line *l = line_new(p, NULL);
    if (!l) return ERR_MEM;
    l->ours = true;
    l->stream = stream;
    bool was = p->pumping;
    p->pumping = true; /* nothing is reaped */
    err e = idxp_open(p->b, &p->s->profile, &w, l, &c, now);
    p->pumping = was;
    if (e == OK) l->c = c;
    else line_over(l);
    idxp_peer_reap(p);
    if (!was && p->again) idxp_peer_pump(p, now);
    return e;
}

/* Session begun, or begun anew: what there was of channels is gone. */
static void on_beep_greeted(void *ctx, struct beep_peer *b, uint64_t now)
{
    const struct idxp_peer_setup *s = ctx;
    struct idxp_peer *p = beep_peer_user(b);
    if (!p || p->releasing || (p->opener ? s->waits : !s->asks)) return;
    if (!p->opener && s->ready_idxp.need_tls && !beep_peer_secured(b)) return; /* who called begins TLS, and channels would not outlive that */
    if (!beep_peer_offers(b, s->profile.uri)) {
        idxp_peer_tell(p, "the peer does not offer %s", s->profile.uri);
        idxp_peer_release(p, now);
        return;
    }
    p->asked = true;
    p->ready_by = now + b->e.env->limits.setup_ms;
    err e = OK;
    for (size_t i = 0; e == OK && i < (s->streams ? s->streams : 1); i++)
        e = ask(p, s->streams ? s->stream[i] : IDXP_NO_STREAM, now);
    if (e != OK) idxp_peer_tell(p, "no channel: %s", err_name(e));
    if (e == ERR_MEM) beep_peer_abort(b, now);
}

static void on_beep_declined(void *ctx, struct beep_peer *b, uint32_t channel, const struct beep_refusal *no, uint64_t now)
{
    struct idxp_peer *p = beep_peer_user(b);
    (void)ctx;
    if (!p) return;
    idxp_peer_note(p, "the peer declines the %s: %u %s", channel ? "close" : "release", (unsigned)no->code, no->text);
    if (!channel && p->releasing) beep_peer_abort(b, now); /* it had its chance */
}

static void on_beep_say(void *ctx, struct beep_peer *b, const char *text)
{
    struct idxp_peer *p = beep_peer_user(b);
    (void)ctx;
    if (p) speak(p, text);
}

static void on_beep_gone(void *ctx, struct beep_peer *b)
{
    const struct idxp_peer_setup *s = ctx;
    struct idxp_peer *p = beep_peer_user(b);
    if (!p) return;
    for (struct idxp_line *l = p->line; l; l = l->next)
        if (l->c) line_over(l);
    p->pumping = false;
    idxp_peer_reap(p);
    if (p->has_pending && s->hooks.answered) s->hooks.answered(s->hooks.ctx, p, p->pending.id, 0, "");
    if (s->hooks.gone) s->hooks.gone(s->hooks.ctx, p);
    idxp_peer_forget(p);
    beep_peer_set_user(b, NULL);
    mem_free(idxp_peer_mem(p), p);
}

/* --- from outside ---------------------------------------------------------------------------------------------------------- */

err idxp_peer_prepare(struct idxp_peer_setup *s)
{
    if (!s->idxp.uri || s->beep.profiles > IDXP_PEER_PROFILES || s->streams > IDXP_PEER_STREAMS) return ERR_USE;
    s->ready_idxp = s->idxp;
    s->ready_idxp.env = s->beep.env;
    s->ready_idxp.analyzer = s->analyzer;
    if (!s->idxp.role) s->ready_idxp.role = s->analyzer ? IDXP_CLIENT : IDXP_SERVER;
    s->ready_idxp.hooks = (struct idxp_hooks){s, on_admit, on_greeted, on_ready, on_data, on_answered, on_room, on_declined, on_closed, on_say};
    idxp_profile_init(&s->ready_idxp, &s->profile);
    s->offered[0] = &s->profile;
    for (size_t i = 0; i < s->beep.profiles; i++)
        s->offered[i + 1] = s->beep.profile[i];
    s->ready_beep = s->beep;
    s->ready_beep.profile = s->offered;
    s->ready_beep.profiles = s->beep.profiles + 1;
    s->ready_beep.hooks = (struct beep_hooks){.ctx = s, .greeted = on_beep_greeted, .declined = on_beep_declined, .say = on_beep_say, .gone = on_beep_gone};
    return OK;
}

err idxp_peer_new(const struct idxp_peer_setup *s, bool opener, const char *to, struct idxp_peer **out)
{
    struct idxp_peer *p = mem_new(s->beep.env->mem, sizeof *p);
    *out = NULL;
    if (!p) return ERR_MEM;
    p->s = s;
    p->opener = opener;
    p->kept_end = &p->kept;
    err e = beep_peer_new(&s->ready_beep, opener, to, &p->b);
    if (e != OK) {
        mem_free(s->beep.env->mem, p);
        return e;
    }
    beep_peer_set_user(p->b, p);
    idxp_peer_watch(p);
    *out = p;
    return OK;
}

struct endpoint *idxp_peer_endpoint(struct idxp_peer *p)
{
    return beep_peer_endpoint(p->b);
}

struct beep_peer *idxp_peer_beep(struct idxp_peer *p)
{
    return p->b;
}

struct idxp_peer *idxp_peer_of(struct endpoint *e)
{
    return beep_peer_user((struct beep_peer *)e);
}

void idxp_peer_close(struct idxp_peer *p, uint64_t now)
{
    p->closing = true;
    idxp_peer_release(p, now);
}

const char *idxp_peer_why(const struct idxp_peer *p)
{
    return p->why[0] ? p->why : beep_peer_why(p->b);
}

bool idxp_peer_ready(const struct idxp_peer *p)
{
    for (const struct idxp_line *l = p->line; l; l = l->next)
        if (l->ready) return true;
    return false;
}

void *idxp_peer_user(const struct idxp_peer *p)
{
    return p->user;
}

void idxp_peer_set_user(struct idxp_peer *p, void *user)
{
    p->user = user;
}
