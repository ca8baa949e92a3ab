/* SPDX-License-Identifier: MIT */
/* beep_session_watch: a BEEP peer under test without a carrier, the memory that it counts, its applications, and the onlooker: a tracker of its own that reads both
 * directions octet by octet and fails the run at the first thing that the peer must not do.  beep_session_fuzz has one of them, beep_pair_fuzz two. */
#ifndef FUZZ_BEEP_SESSION_WATCH_H
#define FUZZ_BEEP_SESSION_WATCH_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "beep_made_up_tls.h"
#include "peer/beep_peer_impl.h"

enum {
    START_MS = 1000,
    PATIENCE_MS = 10 * 60 * 1000, /* longer than all deadlines one behind the other */
    IDLE_MS = 120000,
    CONTENT = 16 << 10,
    OUT_QUEUE = 256 << 10,
    QUEUE_MAX = 32 << 10,         /* small limits are reached by small inputs */
    LOW_WATER = 8 << 10,
    MEMORY_MAX = 6 << 20,         /* a thousand channels, and what waits on all of them */
    SENT_MAX = 512 << 10,         /* who reads endlessly is no longer of interest: behind that it stops reading */
    TICKS_MAX = 200,              /* deadlines that may be due within one wait */
    CALLS_MAX = 200000,           /* allocations for one octet: all that many answers can queue, and more */
    APP_CHANNELS = 8
};

struct config {
    bool initiator, tls, sasl, needs, bare, idles, narrow, unavailable, talks;
};

__attribute__((noreturn, format(printf, 1, 2))) static inline void fail(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    fputs("oracle: ", stderr);
    vfprintf(stderr, fmt, ap);
    fputc('\n', stderr);
    va_end(ap);
    abort();
}

static inline void must(err e)
{
    if (e != OK) fail("the rig itself: %s", err_name(e));
}

struct target;
struct app { /* a channel that the application of the target asked for */
    struct beep_bound *b;
    uint32_t msgno;
    size_t size, sent, got;  /* of its one message */
    bool done, wrong, answered, refused, closed;
    uint8_t mark;
};

struct target {
    const char *name;
    struct config cfg;
    struct env env;
    struct mem mem;
    size_t live, calls;
    struct beep_setup setup;
    struct tls_context tls[2];
    struct beep_peer *p;
    int side;                    /* of it: 0 initiator */
    uint64_t now;
    bool fin_heard, fin_sent;    /* the other side's end, its own */
    bool reset;                  /* it dropped the connection, or the other side did */
    bool paused;                 /* nobody takes what it sends */
    size_t total;                /* octets that were taken */
    size_t most_waiting;
    void (*took)(void *ctx, struct target *s, slice octets); /* where they go */
    void *ctx;
    struct app app[APP_CHANNELS];
    size_t apps;
    struct beep_bound *later;    /* a channel whose start waits for the owner */
    unsigned greeted;

    bool watching;
    struct env own;
    struct track_beep t;
    struct unwrap wire[2];       /* by side */
    bool tls_on, tls_open;       /* proceed passed; the handshake is over */
    bool blind;                  /* what the layer below has become cannot be read */
    bool silent;                 /* of the other side came what is answered by nothing */
    const char *because;
    size_t seen;                 /* octets of out that were looked at */
    size_t frames;
};

/* --- memory --- */

enum { SIZE_ROOM = 16 };

static inline void *count_resize(void *ctx, void *p, size_t n)
{
    struct target *s = ctx;
    size_t had = 0;
    char *block = p ? (char *)p - SIZE_ROOM : NULL;
    if (block) memcpy(&had, block, sizeof had);
    if (++s->calls > CALLS_MAX) fail("%s: allocates without end", s->name);
    block = realloc(block, n + SIZE_ROOM);
    if (!block) return NULL;
    memcpy(block, &n, sizeof n);
    s->live = s->live - had + n;
    if (s->live > MEMORY_MAX) fail("%s: holds %zu octets", s->name, s->live);
    return block + SIZE_ROOM;
}

static inline void count_release(void *ctx, void *p)
{
    struct target *s = ctx;
    char *block = (char *)p - SIZE_ROOM;
    size_t had;
    memcpy(&had, block, sizeof had);
    s->live -= had;
    free(block);
}

/* --- the onlooker --- */

static inline void heard(struct target *s, const struct beep_got *got)
{
    s->silent = got->kind == BEEP_GOT_BAD;
    s->because = s->t.fault_n ? s->t.fault[0].text : "it cannot be read on";
    for (uint32_t i = 0; i < s->t.fault_n && !s->silent; i++) {
        const struct beep_fault *f = &s->t.fault[i];
        if (f->side == s->side || beep_remedies[f->code] != BEEP_DO_SESSION) continue;
        s->silent = true;
        s->because = f->text;
    }
}

static inline void said(struct target *s, const struct beep_got *got)
{
    s->frames++;
    for (uint32_t i = 0; i < s->t.fault_n; i++) {
        const struct beep_fault *f = &s->t.fault[i];
        if (f->side == s->side) fail("%s: frame %zu breaks %s: %s", s->name, s->frames, clauses[f->clause].id, f->text);
    }
    if (got->kind == BEEP_GOT_BAD) fail("%s: sends what cannot be read", s->name);
}

/* One octet of the wire, of either side.  True when something happened with it: a frame is whole, or can be no frame, or nobody knows. */
static inline bool watch_octet(struct target *s, int side, uint8_t octet)
{
    struct beep_got got;
    bool own = side == s->side, whole, event = s->tls_on && !s->tls_open;
    uint8_t clear = octet;
    if (s->blind || (!own && s->silent)) return false;
    if (s->tls_on) {
        int type = unwrap(&s->wire[side], octet, &clear, &whole);
        if (type < 0 || (type == 0x17 && !s->tls_open)) {
            if (own) fail("%s: sends what is no TLS", s->name);
            s->blind = true;
        }
        if (type != 0x17 || s->blind) return true;
    }
    if (own && s->silent) fail("%s: goes on behind \"%s\"", s->name, s->because);
    slice one = slice_of(&clear, 1);
    while (track_beep_next(&s->t, side, false, &one, &got)) {
        event = true;
        if (own) said(s, &got);
        else heard(s, &got);
        if (got.tune) {
            s->tls_on = true;
            s->tls_open = false;
            s->wire[0] = s->wire[1] = (struct unwrap){.n = 0};
        }
        if (got.tune || got.kind == BEEP_GOT_BAD) break;
    }
    return event;
}

/* Both have read the same, so both know the same. */
static inline void compare_trackers(const struct target *s)
{
    const struct track_beep *a = &s->p->c.track, *b = &s->t;
    if (s->blind || s->silent || s->p->ending || a->lost || b->lost || s->p->c.to_tls || s->tls_on != (s->p->c.tls != NULL)) return;
    if (a->session.state != b->session.state) fail("%s: believes in session state %s, not %s", s->name, beep_session_machine.states[a->session.state], beep_session_machine.states[b->session.state]);
    if (a->tuning.state != b->tuning.state) fail("%s: believes in tuning state %s, not %s", s->name, beep_tuning_machine.states[a->tuning.state], beep_tuning_machine.states[b->tuning.state]);
    if (a->channels != b->channels) fail("%s: believes in %zu channels, not %zu", s->name, a->channels, b->channels);
    for (size_t i = 0; i < a->channels; i++) {
        const struct beep_channel *x = a->channel[i], *y = b->channel[i];
        if (x->number != y->number || x->fsm.state != y->fsm.state || x->tuning != y->tuning) fail("%s: is wrong about channel %u", s->name, (unsigned)x->number);
        for (int k = 0; k < 2; k++) {
            const struct beep_dir *d = &x->dir[k], *e = &y->dir[k];
            if (d->next != e->next || d->edge != e->edge || d->acked != e->acked || d->unfinished != e->unfinished || d->xs != e->xs)
                fail("%s: has counted otherwise on channel %u", s->name, (unsigned)x->number);
        }
    }
}

/* --- what it puts out --- */

static inline void look(struct target *s)
{
    struct link *l = &s->p->e.link[0];
    if (!s->watching) return;
    if (s->tls_on && !s->tls_open && s->p->c.tls && s->p->c.open_told) {
        s->tls_open = true;
        must(track_beep_tuned(&s->t, true, true));
    }
    while (s->seen < l->out.n && !s->reset)
        watch_octet(s, s->side, buf_slice(&l->out).p[s->seen++]);
}

/* As a carrier does: takes what is there, tells that it is gone. */
static inline void carry(struct target *s)
{
    struct link *l = &s->p->e.link[0];
    look(s);
    while (!s->reset && !l->drop && l->out.n && !s->paused && !s->fin_sent) {
        slice all = buf_slice(&l->out);
        if (all.n > s->most_waiting) s->most_waiting = all.n;
        s->total += all.n;
        s->took(s->ctx, s, all);
        buf_shrink(&l->out);
        s->seen = 0;
        s->paused |= s->total > SENT_MAX;
        s->p->e.ops->drained(&s->p->e, 0, s->now);
        look(s);
    }
    if (l->drop) s->reset = true;
    if (l->fin && !l->out.n) l->fin_sent = s->fin_sent = true;
    if (s->reset || (s->fin_sent && s->fin_heard)) l->state = LINK_DOWN;
}

static inline bool is_over(const struct target *s)
{
    return s->p->e.ops->finished(&s->p->e);
}

static inline void feed(struct target *s, slice octets)
{
    bool ending = s->p->ending;
    size_t had = s->p->e.link[0].out.n;
    if (is_over(s) || s->fin_heard || !octets.n) return;
    s->calls = 0;
    s->p->e.ops->feed(&s->p->e, 0, octets, s->now);
    if (ending && s->p->e.link[0].out.n > had) fail("%s: speaks behind its end", s->name);
    carry(s);
}

/* The onlooker sees each octet first, and the peer gets what came with each that matters: so nobody has a start of the other. */
static inline void feed_watched(struct target *s, slice octets)
{
    size_t from = 0;
    for (size_t i = 0; i < octets.n && !is_over(s) && !s->fin_heard; i++) {
        bool event = watch_octet(s, !s->side, octets.p[i]);
        if (!event && i + 1 < octets.n) continue;
        size_t n = i + 1 - from;
        uint8_t *some = malloc(n); /* by itself, so that a sanitizer sees every octet too far */
        if (!some) abort();
        memcpy(some, octets.p + from, n);
        feed(s, slice_of(some, n));
        free(some);
        from = i + 1;
    }
    if (!is_over(s)) compare_trackers(s);
}

static inline void tell_end(struct target *s, enum link_end how)
{
    if (is_over(s) || s->fin_heard) return;
    s->fin_heard = true;
    s->p->e.link[0].in_ended = true;
    s->calls = 0;
    if (how == LINK_RESET) {
        s->reset = true;
        s->p->e.link[0].state = LINK_DOWN;
    }
    s->p->e.ops->ended(&s->p->e, 0, how, s->now);
    carry(s);
}

static inline void pass_time(struct target *s, uint64_t ms)
{
    uint64_t until = s->now + ms;
    unsigned ticks = 0;
    while (!is_over(s)) {
        uint64_t next = s->p->e.ops->deadline(&s->p->e);
        if (next > until) break;
        if (next > s->now) s->now = next;
        if (++ticks > TICKS_MAX) fail("%s: a deadline that does not pass", s->name);
        s->calls = 0;
        s->p->e.ops->tick(&s->p->e, s->now);
        carry(s);
    }
    s->now = until;
}

/* --- the applications --- */

#define URI_RIG "x:rig"

static inline struct app *app_of(struct beep_bound *b)
{
    struct target *s = b->peer->s->hooks.ctx;
    for (size_t i = 0; i < s->apps; i++)
        if (s->app[i].b == b) return &s->app[i];
    return NULL;
}

static inline uint8_t app_octet(const struct app *a, size_t at)
{
    return at == 0 ? '\r' : at == 1 ? '\n' : (uint8_t)((size_t)a->mark + at % 7);
}

static inline void app_send(struct beep_bound *b, uint64_t now)
{
    struct app *a = app_of(b);
    uint8_t piece[1000];
    static const char ask[] = "\r\ncount 7 size 700";
    bool many = strcmp(b->profile->uri, BEEP_URI_MANY) == 0;
    while (a && !a->done) {
        size_t n = 0;
        while (n < sizeof piece && a->sent + n < a->size) {
            piece[n] = many ? (uint8_t)ask[a->sent + n] : app_octet(a, a->sent + n);
            n++;
        }
        bool last = a->sent + n == a->size;
        if (beep_peer_msg(b, &a->msgno, slice_of(piece, n), last, now) != OK) return;
        a->sent += n;
        a->done = last;
    }
}

static inline void app_started(struct beep_bound *b, slice answer, const struct beep_refusal *no, uint64_t now)
{
    struct app *a = app_of(b);
    (void)answer;
    if (!a) return;
    a->refused = no->code != 0;
    if (no->code) a->b = NULL;
    else app_send(b, now);
}

static inline void app_octets(struct beep_bound *b, enum beep_keyword keyword, uint32_t msgno, uint32_t ansno, slice octets, bool last, uint64_t now)
{
    struct app *a = app_of(b);
    (void)ansno;
    if (keyword == BEEP_MSG) { /* two answers at once; an error to what is long; and once something is asked back */
        uint32_t back = 0;
        err e = OK;
        if (!last) {
            if (octets.n >= 1000) e = beep_peer_reply(b, BEEP_ERR, msgno, 0, SLICE_LIT("\r\n"), true, now);
        } else {
            e = beep_peer_reply(b, BEEP_ANS, msgno, 1, SLICE_LIT("\r\none"), false, now);
            if (e == OK) e = beep_peer_reply(b, BEEP_ANS, msgno, 0, SLICE_LIT("\r\nother"), true, now);
            if (e == OK) e = beep_peer_reply(b, BEEP_ANS, msgno, 1, SLICE_NONE, true, now);
            if (e == OK) e = beep_peer_reply(b, BEEP_NUL, msgno, 0, SLICE_NONE, true, now);
            if (e == OK && !b->state) e = beep_peer_msg(b, &back, SLICE_LIT("\r\nand you?"), true, now);
            b->state = b;
        }
        (void)e; /* no room, or no longer asked for */
        return;
    }
    if (!a) return;
    if (keyword == BEEP_RPY)
        for (size_t i = 0; i < octets.n; i++)
            a->wrong |= a->got + i >= a->size || octets.p[i] != app_octet(a, a->got + i);
    a->got += octets.n;
}

static inline void app_answered(struct beep_bound *b, uint32_t msgno, enum beep_keyword keyword, uint64_t now)
{
    struct app *a = app_of(b);
    (void)now;
    if (!a || msgno != a->msgno) return;
    if (a->answered) fail("one message has two answers");
    a->answered = true;
    a->wrong |= keyword == BEEP_ERR;
}

static inline void app_closed(struct beep_bound *b, uint64_t now)
{
    struct target *s = b->peer->s->hooks.ctx;
    struct app *a = app_of(b);
    (void)now;
    if (s->later == b) s->later = NULL;
    if (!a) return;
    a->b = NULL;
    a->closed = true;
}

/* Content that begins with l: the owner answers; with n: no.  What is in state tells whether it asked back. */
static inline void rig_start(struct beep_bound *b, slice init, struct buf *answer, struct beep_refusal *no, uint64_t now)
{
    struct target *s = b->peer->s->hooks.ctx;
    (void)now;
    if (slice_starts(init, SLICE_LIT("n"))) *no = (struct beep_refusal){550, "no"};
    else if (slice_starts(init, SLICE_LIT("l")) && !s->later) {
        b->later = true;
        s->later = b;
    } else must(buf_add_str(answer, "<![CDATA[ ]]>"));
}

static inline void rig_may_close(struct beep_bound *b, struct beep_refusal *no)
{
    if (b->channel % 16 == 15) *no = (struct beep_refusal){550, "never"};
}

static inline void rig_opened(struct beep_bound *b, uint64_t now)
{
    uint32_t msgno = 0;
    if (b->channel % 8 == 5 && beep_peer_msg(b, &msgno, SLICE_LIT("\r\nwelcome"), true, now) == OK) return;
}

static const struct beep_profile app_rig = {.uri = URI_RIG, .start = rig_start, .opened = rig_opened, .started = app_started, .octets = app_octets,
                                            .answered = app_answered, .may_close = rig_may_close, .room = app_send, .closed = app_closed};
static const struct beep_profile app_echo = {.uri = BEEP_URI_ECHO, .started = app_started, .octets = app_octets, .answered = app_answered, .room = app_send, .closed = app_closed};
static const struct beep_profile app_many = {.uri = BEEP_URI_MANY, .started = app_started, .octets = app_octets, .answered = app_answered, .room = app_send, .closed = app_closed};

static inline void app_begin(struct target *s, const struct beep_profile *profile, size_t size)
{
    struct app *a = &s->app[s->apps];
    uint32_t channel;
    if (s->apps == APP_CHANNELS) return;
    *a = (struct app){.size = size, .mark = (uint8_t)('a' + s->apps)};
    bool was = s->p->inside;
    s->p->inside = true; /* nothing happens before we know the channel */
    err e = beep_peer_start(s->p, profile, SLICE_LIT("x"), &channel, s->now);
    s->p->inside = was;
    if (e != OK) return;
    s->apps++;
    a->b = beep_peer_bound(s->p, channel);
    beep_peer_work(s->p, s->now);
}

static inline void app_greeted(void *ctx, struct beep_peer *p, uint64_t now)
{
    struct target *s = ctx;
    (void)now;
    s->greeted++;
    if (s->apps || !s->cfg.talks || (s->cfg.tls && !beep_peer_secured(p))) return; /* what is begun before a tuning ends with it */
    app_begin(s, &app_echo, 6000);
    app_begin(s, &app_many, 18);
    app_begin(s, &app_rig, 40);
    app_begin(s, &app_echo, 0);
}

/* --- life --- */

struct shared { /* made once */
    struct env env;
    struct sasl_users *users;
    struct sasl_context *server, *client;
};

static inline const struct shared *shared(void)
{
    static struct shared x;
    if (x.users) return &x;
    env_init(&x.env);
    must(sasl_users_parse(&x.env, SLICE_LIT("alice wonder\n"), "users", &x.users, NULL, 0));
    /* mechanisms without anything random */
    unsigned some = SASL_BIT(SASL_ANONYMOUS) | SASL_BIT(SASL_PLAIN) | SASL_BIT(SASL_EXTERNAL);
    struct sasl_options so = {.side = SASL_SERVER, .hostname = "h.test", .offered = some, .users = x.users};
    struct sasl_options co = {.side = SASL_CLIENT, .hostname = "h.test", .offered = some, .user = "alice", .password = "wonder"};
    must(sasl_context_new(&x.env, &so, &x.server, NULL, 0));
    must(sasl_context_new(&x.env, &co, &x.client, NULL, 0));
    return &x;
}

static inline unsigned fuzz_mutant(void)
{
#ifdef FUZZ_NEGATIVE
    const char *name = getenv("FUZZ_MUTANT");
    unsigned m = mutant_find(beep_mutants, BMUT_COUNT, slice_str(name ? name : ""));
    if (m == BMUT_NONE) {
        fprintf(stderr, "FUZZ_MUTANT: there is no mistake %s\n", name ? name : "");
        exit(2);
    }
    return m;
#else
    return BMUT_NONE;
#endif
}

static inline void target_setup(struct target *s)
{
    static const struct beep_profile *const offered[] = {&beep_echo, &beep_many, &app_rig};
    const struct config *c = &s->cfg;
    s->setup = (struct beep_setup){.env = &s->env, .profile = offered, .profiles = 3, .mux = beep_mux_usual, .mutant = fuzz_mutant()};
    s->setup.mux.queue_max = QUEUE_MAX;
    s->setup.mux.low_water = LOW_WATER;
    if (c->narrow) {
        s->setup.mux.frame_max = 50;
        s->setup.mux.window = 4096;
    }
    if (c->tls && c->initiator) s->setup.tls_client = &s->tls[1];
    if (c->tls && !c->initiator) s->setup.tls_server = &s->tls[0];
    s->setup.want_tls = c->tls && c->initiator;
    if (c->sasl && c->initiator) {
        s->setup.sasl_client = shared()->client;
        s->setup.sasl_mechanism = c->needs ? "PLAIN" : "ANONYMOUS";
    }
    if (c->sasl && !c->initiator) s->setup.sasl_server = shared()->server;
    s->setup.need_tls = c->needs && c->tls;
    s->setup.need_auth = c->needs && c->sasl;
    s->setup.bare = c->bare;
    s->setup.unavailable = c->unavailable && !c->initiator;
    s->setup.server_name = c->bare ? "a" : NULL;
    s->setup.hooks = (struct beep_hooks){.ctx = s, .greeted = app_greeted};
}

/* cfg and took are set; s is zeroed otherwise. */
static inline void target_begin(struct target *s, const char *name)
{
    s->name = name;
    s->side = s->cfg.initiator ? 0 : 1;
    s->now = START_MS;
    env_init(&s->own);
    s->mem = (struct mem){s, count_resize, count_release};
    s->env = s->own;
    s->env.mem = &s->mem;
    s->env.limits.content = CONTENT;
    s->env.limits.out_queue = OUT_QUEUE;
    s->env.limits.idle_ms = s->cfg.idles ? IDLE_MS : 0;
    s->own.limits = s->env.limits;
    s->tls[0] = made_up_context(&s->env, TLS_SERVER);
    s->tls[1] = made_up_context(&s->env, TLS_CLIENT);
    target_setup(s);
    must(track_beep_init(&s->t, &s->own, PEER_FRAME_MAX));
    must(beep_peer_new(&s->setup, s->cfg.initiator, "x", &s->p));
    s->p->e.link[0].state = LINK_UP;
    s->p->e.ops->up(&s->p->e, 0, s->now);
    carry(s);
}

static inline void target_done(struct target *s)
{
    s->p->e.ops->free(&s->p->e);
    track_beep_done(&s->t);
    if (s->live) fail("%s: %zu octets are not given back", s->name, s->live);
}

/* Without octets of the other side, and with its end at last. */
static inline void target_finish(struct target *s, bool silent)
{
    if (silent) {
        pass_time(s, PATIENCE_MS);
        /* who has nothing to wait for may stay for ever */
        if (!is_over(s) && (s->cfg.idles || track_beep_session(&s->p->c.track) != BEEP_SS_OPEN)) fail("%s: does not end although nobody speaks", s->name);
    }
    if (s->total <= SENT_MAX) s->paused = false;
    carry(s);
    tell_end(s, LINK_FIN);
    pass_time(s, PATIENCE_MS);
    if (!is_over(s)) fail("%s: does not end after the other side did", s->name);
}

#endif
