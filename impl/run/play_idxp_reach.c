/* SPDX-License-Identifier: MIT */
/* The IDXP adapter of the player: the way to a named state. */
#include <stdio.h>
#include <string.h>

#include "run/play_idxp_impl.h"

enum { THERE = 1, WAIT = 0, STUCK = -1 };
enum step { STEP_SECURITY, STEP_IDENTITY, STEP_TALK };

struct trip {
    struct player *p;
    int end;
    struct beep_play_end *b;
    struct idxp_play_end *x;
    const struct scn_stmt *s;
    uint64_t now;
    char *why;
    size_t why_n;
};

#define STUCKF(t, ...) (snprintf((t)->why, (t)->why_n, __VA_ARGS__), STUCK)

static bool says(const struct trip *t, const char *key, const char *value)
{
    const char *v = beep_play_text(t->s, key);
    return v && strcmp(v, value) == 0;
}

/* Both greetings passed, and what stands in front of them: the tunnel that the peer comes through. */
int idxp_play_greeted(struct player *p, int end, char *why, size_t why_n)
{
    const struct idxp_play_end *x = idxp_play_end(p, end);
    (void)why;
    (void)why_n;
    bool waits = idxp_play_run(p)->tunnelled && end == 0 && !x->through && !x->hold_tunnels &&
                 !beep_play_end(p, end)->hold;
    return waits || x->switching ? WAIT : THERE;
}

static int to_connected(const struct trip *t)
{
    const struct link *l = &t->p->e.link[t->end];
    if (l->state == LINK_DOWN || l->in_ended)
        return STUCKF(t, "%s", t->b->live ? "the peer ended the connection" : "the peer cannot be reached");
    return l->state == LINK_UP ? THERE : WAIT;
}

static void next_step(const struct trip *t, int step)
{
    t->x->way.step = step;
    t->b->way = (struct beep_play_way){.pc = t->p->pc + 1};
}

/* TLS where it can be had, SASL where it has to be.  Tunnels are asked for in clear (3620 5). */
static int to_cover(const struct trip *t, bool tls)
{
    const struct play_beep_run *r = beep_play_run(t->p);
    const struct play_idxp_run *own = idxp_play_run(t->p);
    bool clear = says(t, "clear", "yes"),
         can = tls && !r->no_tls && r->identity && !clear && !idxp_play_proxy(t->p);
    int g;
    if (t->x->way.step == STEP_SECURITY) {
        g = beep_play_to_greeted(t->p, t->end, t->now, t->why, t->why_n);
        bool wants = can && (beep_play_secured(t->b) || t->b->way.asked || t->b->offers_tls ||
                             (r->under_test == TEST_BEEP_INITIATOR && r->learned_wants_tls));
        if (wants) g = beep_play_to_tls(t->p, t->end, t->now, t->why, t->why_n);
        if (g != THERE) return g;
        next_step(t, STEP_IDENTITY);
    }
    if (t->x->way.step == STEP_IDENTITY) {
        bool needs = idxp_play_proxy(t->p) ? r->user && t->b->offers_sasl : tls && own->need_auth;
        g = needs && !clear && !t->b->authenticated
                ? beep_play_to_authenticated(t->p, t->end, t->now, t->why, t->why_n)
                : THERE;
        if (g != THERE) return g;
        next_step(t, STEP_TALK);
    }
    return beep_play_to_greeted(t->p, t->end, t->now, t->why, t->why_n);
}

static int to_security(const struct trip *t)
{
    return to_cover(t, true);
}

static int to_tunnel_ready(const struct trip *t)
{
    return to_cover(t, false);
}

/* The start that this statement sent is not answered. */
static bool waiting(const struct trip *t)
{
    return beep_play_management(t->b, t->x->way.msgno);
}

static int start(const struct trip *t, const char *uri, slice content)
{
    struct idxp_play_way *w = &t->x->way;
    if (!beep_play_number(t->s, "number", &w->number))
        w->number = track_beep_free_channel(&t->b->conn.track, t->b->conn.side);
    w->asked = true;
    err e = idxp_play_start(t->p, t->end, uri, content, w->number, &w->msgno, t->now);
    return e == OK ? WAIT : STUCKF(t, "the start cannot be sent");
}

/* --- IDXP ---------------------------------------------------------------------------------------- */

/* Who starts the channel. */
static bool we_start(const struct trip *t)
{
    if (beep_play_text(t->s, "start")) return says(t, "start", "yes");
    if (t->b->dials || scn_named(t->s, "number")) return true;
    return idxp_play_run(t->p)->role == TEST_IDXP_MANAGER && t->x->offers_idxp;
}

static struct idxp_play_chan *there_is(const struct trip *t)
{
    uint32_t number = t->x->way.number;
    if (t->x->way.asked || beep_play_number(t->s, "number", &number))
        return idxp_play_open(t->p, t->end, number) ? idxp_play_chan(t->p, t->end, number) : NULL;
    return idxp_play_current(t->p, t->end, false);
}

static int ask_idxp(const struct trip *t)
{
    struct buf content;
    bool embed = says(t, "embed", "yes");
    buf_init(&content, t->p->e.env->mem, IDXP_ELEMENT_MAX);
    err e = embed ? idxp_play_greeting(t->p, t->s, &content) : OK;
    int r = e == OK ? start(t, idxp_uris[idxp_play_run(t->p)->dialect], buf_slice(&content))
                    : STUCKF(t, "out of memory");
    buf_done(&content);
    return r;
}

/* A peer that connects may have room for the channel that it starts itself, and for no other. */
static int declined_idxp(const struct trip *t)
{
    bool ours = t->b->dials || scn_named(t->s, "number") || says(t, "start", "yes");
    struct idxp_play_chan *c = ours ? NULL : idxp_play_current(t->p, t->end, false);
    if (!c || !idxp_play_open(t->p, t->end, c->number))
        return STUCKF(t, "the peer declines the channel: %s", t->b->declined);
    t->x->way.number = t->x->current = c->number;
    return THERE;
}

static int to_idxp_channel(const struct trip *t)
{
    int g = to_security(t);
    if (g != THERE) return g;
    struct idxp_play_chan *c = there_is(t);
    if (c) {
        t->x->current = c->number;
        return THERE;
    }
    if (t->x->way.asked) return waiting(t) ? WAIT : declined_idxp(t);
    return we_start(t) ? ask_idxp(t) : WAIT;
}

static int to_silent_channel(const struct trip *t)
{
    int g = to_idxp_channel(t);
    struct idxp_play_chan *c = g == THERE ? idxp_play_current(t->p, t->end, false) : NULL;
    if (c) c->silent = true;
    return g;
}

static int to_idxp(const struct trip *t)
{
    const struct play_idxp_run *r = idxp_play_run(t->p);
    int g = to_idxp_channel(t), us = t->b->conn.side;
    if (g != THERE) return g;
    struct idxp_play_chan *c = idxp_play_chan(t->p, t->end, t->x->current);
    if (!c) return STUCKF(t, "the channel is gone");
    c->silent = false;
    if (c->rejected) return STUCKF(t, "the peer rejects our greeting: %u", c->rejected_code);
    if (!c->greeted)
        return idxp_play_greet(t->p, t->end, c, t->s, t->now) == OK
                   ? WAIT
                   : STUCKF(t, "the greeting cannot be sent");
    if (track_idxp_role(&c->t, us) == IDXP_NO_ROLE) return WAIT;
    bool late = r->role == TEST_IDXP_MANAGER && r->dialect == IDXP_DRAFT;
    return late || track_idxp_role(&c->t, !us) != IDXP_NO_ROLE ? THERE : WAIT;
}

static int to_data(const struct trip *t)
{
    int g = to_idxp(t);
    const struct idxp_play_chan *c = idxp_play_chan(t->p, t->end, t->x->current);
    return g != THERE ? g : c && c->data_seen ? THERE : WAIT;
}

/* --- TUNNEL -------------------------------------------------------------------------------------- */

static int to_tunnel_channel(const struct trip *t)
{
    int g = to_tunnel_ready(t);
    if (g != THERE) return g;
    if (t->x->way.asked) {
        if (waiting(t)) return WAIT;
        return idxp_play_open(t->p, t->end, t->x->way.number)
                   ? THERE
                   : STUCKF(t, "the peer declines the channel: %s", t->b->declined);
    }
    return start(t, TUNNEL_URI, SLICE_NONE);
}

static int ask_tunnel(const struct trip *t)
{
    struct parts o;
    struct buf content;
    parts_init(&o, t->p->e.env->mem, TUNNEL_ELEMENT_MAX * 16);
    buf_init(&content, t->p->e.env->mem, TUNNEL_ELEMENT_MAX * 16);
    err e = idxp_play_parts(t->p, t->s, "tunnel", &o);
    if (e == OK) e = parts_write(&o, &content);
    int r = e == OK ? start(t, TUNNEL_URI, buf_slice(&content)) : STUCK;
    buf_done(&content);
    parts_done(&o);
    return r;
}

/* Our element was sent, and no error came. */
static int to_asking(const struct trip *t)
{
    int g;
    if (t->x->tunnel_failed) return STUCKF(t, "the peer gives no tunnel: %s", t->b->declined);
    if (t->x->way.asked) return THERE;
    g = to_tunnel_ready(t);
    if (g != THERE) return g;
    return ask_tunnel(t) == WAIT ? THERE : STUCK;
}

static int near_asked(const struct trip *t)
{
    int g = to_asking(t);
    struct idxp_play_end *far = idxp_play_end(t->p, TUNNEL_PLAY_FAR);
    far->hold_tunnels = true;
    if (g != THERE) return g;
    bool final = t->x->hops <= 1;
    return far->peer_asked || (final && t->p->e.link[TUNNEL_PLAY_FAR].state == LINK_UP) ? THERE : WAIT;
}

static int to_tunnel_asked(const struct trip *t)
{
    if (idxp_play_proxy(t->p) && t->end != TUNNEL_PLAY_FAR) return near_asked(t);
    t->x->hold_tunnels = true;
    if (t->x->peer_asked) return THERE;
    int g = to_connected(t);
    return g == THERE ? WAIT : g;
}

static int to_tunnel(const struct trip *t)
{
    if (t->x->through && !t->x->switching) {
        if (t->x->opaque) return THERE;
        return beep_play_to_greeted(t->p, t->end, t->now, t->why, t->why_n);
    }
    int g = to_connected(t);
    if (g != THERE) return g;
    if (t->b->dials) {
        g = to_asking(t);
        return g == THERE ? WAIT : g;
    }
    return WAIT; /* the peer's turn */
}

/* --- the way ------------------------------------------------------------------------------------- */

bool idxp_play_reach(struct player *p, int end, const char *state, int *r, uint64_t now, char *why,
                     size_t why_n)
{
    static const struct {
        const char *name;
        int (*go)(const struct trip *t);
    } ways[] = {{"idxp-channel", to_silent_channel},
                {"idxp", to_idxp},
                {"data", to_data},
                {"tunnel-ready", to_tunnel_ready},
                {"tunnel-channel", to_tunnel_channel},
                {"tunnel-asked", to_tunnel_asked},
                {"tunnel", to_tunnel}};
    struct trip t = {.p = p,
                     .end = end,
                     .b = beep_play_end(p, end),
                     .x = idxp_play_end(p, end),
                     .s = &p->plan->stmt[p->pc],
                     .now = now,
                     .why = why,
                     .why_n = why_n};
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        if (strcmp(ways[i].name, state) != 0) continue;
        if (t.x->way.pc != p->pc + 1) t.x->way = (struct idxp_play_way){.pc = p->pc + 1};
        *r = ways[i].go(&t);
        return true;
    }
    return false;
}
