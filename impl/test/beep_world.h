/* SPDX-License-Identifier: MIT */
/* beep_world: two BEEP peers over the memory of the process, and an application on both that sends to echo and counts what comes back.  Side 0 is the initiator. */
#ifndef TEST_BEEP_WORLD_H
#define TEST_BEEP_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "peer/beep_peer_impl.h"
#include "run/identity.h"
#include "run/net.h"
#include "test/mem_fail.h"

enum { BW_CHANNELS = 512, BW_ANSWERS = 512, BW_HOUR = 3600 * 1000 };

struct beep_world;
struct bw_chan { /* of the application, on the side that started it */
    struct beep_world *w;
    struct beep_bound *b;
    uint32_t channel, msgno;
    slice message;         /* what is sent */
    size_t sent, got;      /* octets of the message, of all replies */
    unsigned replies, errors, nuls, answers, closed, started;
    unsigned turns;        /* how often the next octets were another answer's */
    uint32_t ansno;
    bool wrong, done;      /* a reply that is not what was sent */
    struct beep_refusal no;
    size_t answer[BW_ANSWERS];
};
struct bw_side {
    struct beep_world *w;
    struct beep_peer *p;
    unsigned greeted, declined, gone;
    struct beep_refusal no;
    char said[4096];       /* all lines */
};
struct beep_world {
    struct env env;
    struct mem mem;
    struct mem_fail f;
    struct beep_setup setup[2];
    struct bw_side side[2];
    struct net *net;
    struct bw_chan chan[BW_CHANNELS];
    size_t chans;
    bool refuse_close;     /* what the application's profile says */
    void (*on_greeted)(struct beep_world *w, int side, uint64_t now);
    enum link_split split;
    uint64_t seed;
};

/* --- the application --- */

static inline struct bw_chan *bw_chan_of(struct beep_bound *b)
{
    struct beep_world *w = b->profile->ctx;
    for (size_t i = 0; i < w->chans; i++)
        if (w->chan[i].b == b) return &w->chan[i];
    return NULL;
}

static inline void bw_send_on(struct beep_bound *b, uint64_t now)
{
    struct bw_chan *c = bw_chan_of(b);
    while (c && !c->done && (c->sent < c->message.n || c->message.n == 0)) {
        slice piece = slice_sub(c->message, c->sent, c->sent + 3000 < c->message.n ? c->sent + 3000 : c->message.n);
        bool last = c->sent + piece.n == c->message.n;
        err e = beep_peer_msg(b, &c->msgno, piece, last, now);
        if (e != OK) return;
        c->sent += piece.n;
        c->done = last;
    }
}

static inline void bw_started(struct beep_bound *b, slice answer, const struct beep_refusal *no, uint64_t now)
{
    struct bw_chan *c = bw_chan_of(b);
    (void)answer;
    if (!c) return;
    c->started++;
    c->no = *no;
    if (no->code) c->b = NULL;
    else if (c->message.p) bw_send_on(b, now);
}

static inline void bw_octets(struct beep_bound *b, enum beep_keyword keyword, uint32_t msgno, uint32_t ansno, slice octets, bool last, uint64_t now)
{
    struct bw_chan *c = bw_chan_of(b);
    (void)msgno;
    (void)now;
    (void)last;
    if (!c) return;
    if (keyword == BEEP_RPY && (c->got + octets.n > c->message.n || (octets.n && memcmp(c->message.p + c->got, octets.p, octets.n) != 0)))
        c->wrong = true;
    if (keyword == BEEP_ANS && ansno < BW_ANSWERS) {
        c->turns += c->ansno != ansno;
        c->ansno = ansno;
        for (size_t i = 0; i < octets.n; i++) {
            size_t at = c->answer[ansno] + i;
            if (octets.p[i] != (at == 0 ? '\r' : at == 1 ? '\n' : (int)('a' + ansno % 26))) c->wrong = true;
        }
        c->answer[ansno] += octets.n;
    }
    c->got += octets.n;
    if (keyword == BEEP_ANS && last) c->answers++;
}

static inline void bw_answered(struct beep_bound *b, uint32_t msgno, enum beep_keyword keyword, uint64_t now)
{
    struct bw_chan *c = bw_chan_of(b);
    (void)msgno;
    (void)now;
    if (!c) return;
    c->replies += keyword == BEEP_RPY;
    c->errors += keyword == BEEP_ERR;
    c->nuls += keyword == BEEP_NUL;
}

static inline void bw_may_close(struct beep_bound *b, struct beep_refusal *no)
{
    struct beep_world *w = b->profile->ctx;
    if (w->refuse_close) *no = (struct beep_refusal){550, "still working"};
}

static inline void bw_closed(struct beep_bound *b, uint64_t now)
{
    struct bw_chan *c = bw_chan_of(b);
    (void)now;
    if (!c) return;
    c->closed++;
    c->b = NULL;
}

/* uri: static */
static inline struct beep_profile bw_profile(struct beep_world *w, const char *uri)
{
    return (struct beep_profile){.uri = uri,
                                 .ctx = w,
                                 .started = bw_started,
                                 .octets = bw_octets,
                                 .answered = bw_answered,
                                 .may_close = bw_may_close,
                                 .room = bw_send_on,
                                 .closed = bw_closed};
}

/* Starts a channel from one side and sends message there once it is open (p NULL: nothing).  NULL when it cannot. */
static inline struct bw_chan *bw_start(struct beep_world *w, int side, const struct beep_profile *profile, slice message, uint64_t now)
{
    assert_true(w->chans < BW_CHANNELS);
    struct bw_chan *c = &w->chan[w->chans];
    struct beep_peer *p = w->side[side].p;
    *c = (struct bw_chan){.w = w, .message = message};
    bool was = p->inside;
    p->inside = true; /* nothing happens before we know the channel */
    err e = beep_peer_start(p, profile, SLICE_NONE, &c->channel, now);
    p->inside = was;
    if (e != OK) return NULL;
    w->chans++;
    c->b = beep_peer_bound(p, c->channel);
    beep_peer_work(p, now);
    return c;
}

/* --- the peers --- */

static inline void bw_greeted(void *ctx, struct beep_peer *p, uint64_t now)
{
    struct bw_side *s = ctx;
    (void)p;
    s->greeted++;
    if (s->w->on_greeted) s->w->on_greeted(s->w, (int)(s - s->w->side), now);
}

static inline void bw_declined(void *ctx, struct beep_peer *p, uint32_t channel, const struct beep_refusal *no, uint64_t now)
{
    struct bw_side *s = ctx;
    (void)p;
    (void)channel;
    (void)now;
    s->declined++;
    s->no = *no;
}

static inline void bw_say(void *ctx, struct beep_peer *p, const char *text)
{
    struct bw_side *s = ctx;
    (void)p;
    size_t n = strlen(s->said);
    snprintf(s->said + n, sizeof s->said - n, "%s\n", text);
}

static inline void bw_gone(void *ctx, struct beep_peer *p)
{
    struct bw_side *s = ctx;
    (void)p;
    s->gone++;
    s->p = NULL;
}

static const struct beep_profile *const bw_offered[] = {&beep_echo, &beep_many};

static inline void bw_env(struct beep_world *w)
{
    memset(w, 0, sizeof *w);
    w->mem = mem_fail_init(&w->f, 0);
    env_init(&w->env);
    w->env.mem = &w->mem;
    w->seed = 7;
    for (int i = 0; i < 2; i++) {
        struct bw_side *s = &w->side[i];
        s->w = w;
        w->setup[i] = (struct beep_setup){.env = &w->env, .mux = beep_mux_usual};
        w->setup[i].hooks = (struct beep_hooks){s, bw_greeted, bw_declined, bw_say, bw_gone};
        w->setup[i].profile = bw_offered;
        w->setup[i].profiles = 2;
    }
}

static inline struct endpoint *bw_accept(void *ctx, int *link, bool *owned)
{
    struct beep_world *w = ctx;
    if (w->side[1].p || beep_peer_new(&w->setup[1], false, NULL, &w->side[1].p) != OK) return NULL;
    struct endpoint *e = beep_peer_endpoint(w->side[1].p);
    *link = 0;
    *owned = false;
    e->link[0].split = w->split;
    rng_init(&e->link[0].cuts, w->seed + 1);
    return e;
}

/* Connects them; OK or what failed.  bw_close in any case. */
static inline err bw_open(struct beep_world *w)
{
    char bound[64];
    w->chans = 0;
    memset(w->chan, 0, sizeof w->chan);
    for (int i = 0; i < 2; i++) {
        struct bw_side *s = &w->side[i];
        *s = (struct bw_side){.w = w};
    }
    TRY(net_mem_new(&w->env, 1000, &w->net));
    TRY(net_listen(w->net, "listener", bw_accept, w, bound, sizeof bound, NULL, 0));
    TRY(beep_peer_new(&w->setup[0], true, "listener", &w->side[0].p));
    struct endpoint *e = beep_peer_endpoint(w->side[0].p);
    e->link[0].split = w->split;
    rng_init(&e->link[0].cuts, w->seed);
    return net_add(w->net, e, false);
}

static inline void bw_run(struct beep_world *w, uint64_t ms)
{
    bool stop = false;
    net_run(w->net, &stop, net_now(w->net) + ms);
}

static inline void bw_close(struct beep_world *w)
{
    for (int i = 0; i < 2 && w->net; i++)
        if (w->side[i].p) net_remove(w->net, beep_peer_endpoint(w->side[i].p));
    for (int i = 0; i < 2; i++) {
        struct beep_peer *p = w->side[i].p;
        if (p) beep_peer_endpoint(p)->ops->free(beep_peer_endpoint(p));
        assert_null(w->side[i].p);
    }
    if (w->net) net_free(w->net);
    w->net = NULL;
}

static inline bool bw_over(const struct beep_world *w, int side)
{
    const struct beep_peer *p = w->side[side].p;
    return !p || p->e.ops->finished(&p->e);
}

/* Both ended in order. */
static inline void bw_ended_well(const struct beep_world *w)
{
    for (int i = 0; i < 2; i++) {
        assert_true(bw_over(w, i));
        assert_string_equal(beep_peer_why(w->side[i].p), "");
        assert_false(beep_peer_track(w->side[i].p)->lost);
    }
}

#endif
