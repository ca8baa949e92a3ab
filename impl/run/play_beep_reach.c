/* SPDX-License-Identifier: MIT */
/* The BEEP adapter of the player: the way to a named state. */
#include <stdio.h>
#include <string.h>

#include "run/play_beep_impl.h"

enum { THERE = 1, WAIT = 0, STUCK = -1 };

struct trip {
    struct player *p;
    int end;
    struct beep_play_end *x;
    uint64_t now;
    char *why;
    size_t why_n;
};

__attribute__((format(printf, 2, 3))) static int stuck(const struct trip *t, const char *fmt, ...);

#include <stdarg.h>
static int stuck(const struct trip *t, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(t->why, t->why_n, fmt, ap);
    va_end(ap);
    return STUCK;
}

static const struct scn_stmt *here(const struct trip *t)
{
    return &t->p->plan->stmt[t->p->pc];
}

/* --- one step each ------------------------------------------------------------------------------- */

static int to_connected(const struct trip *t)
{
    const struct link *l = &t->p->e.link[t->end];
    if (l->state == LINK_DOWN || (t->x->live && l->in_ended))
        return stuck(t, "%s", t->x->live ? "the peer ended the connection" : "the peer cannot be reached");
    return t->x->live && l->state == LINK_UP ? THERE : WAIT;
}

/* Both greetings passed on what carries the session now. */
static int to_greeting(const struct trip *t)
{
    struct beep_play_end *x = t->x;
    int r = to_connected(t);
    if (r != THERE) return r;
    if (x->conn.failed_told) return stuck(t, "TLS failed: %s", x->conn.tls ? tls_why(x->conn.tls) : "");
    if (x->conn.to_tls && !beep_play_secured(x)) return WAIT;
    if (x->refused) return stuck(t, "the peer refuses: %s", x->declined);
    if (x->conn.bad_told) return stuck(t, "what the peer sends cannot be read");
    if (!x->greeted && beep_play_greet(t->p, t->end, t->now) != OK)
        return stuck(t, "the greeting cannot be sent");
    if (!x->peer_greeted || !x->greeted) return WAIT;
    const struct beep_play_more *more = beep_play_run(t->p)->more;
    return more ? more->greeted(t->p, t->end, t->why, t->why_n) : THERE;
}

/* An initiator that wants TLS first, or was seen to want it in this run, gets it: what a case is about lies
 * behind. */
static int to_greeted(const struct trip *t)
{
    const struct play_beep_run *r = beep_play_run(t->p);
    struct beep_play_end *x = t->x;
    int g = to_greeting(t);
    if (g != THERE) return g;
    if (track_beep_tuning(&x->conn.track) == BEEP_TS_READY) return WAIT;
    if (r->learned_wants_tls && r->identity && !r->no_tls && !beep_play_secured(x) && !x->hold) return WAIT;
    return THERE;
}

bool beep_play_management(const struct beep_play_end *x, uint32_t msgno)
{
    const struct beep_channel *c = track_beep_channel(&x->conn.track, 0);
    for (size_t i = 0; i < x->owed_n; i++) /* for the window */
        if (x->owed[i].keyword == BEEP_MSG && x->owed[i].channel == 0) return true;
    return c && beep_exchange_of(c, x->conn.side, msgno);
}

/* The start that this statement sent is not answered. */
static bool waiting(const struct trip *t)
{
    return beep_play_management(t->x, t->x->way.msgno);
}

static err ask_start(const struct trip *t, const char *uri, slice content)
{
    struct beep_play_way *w = &t->x->way;
    struct beep_profile_el profile = {.uri = slice_str(uri), .content = content};
    struct beep_el el = {.kind = BEEP_EL_START, .number_given = true, .profile = &profile, .profiles = 1};
    w->number = el.number = track_beep_free_channel(&t->x->conn.track, t->x->conn.side);
    w->asked = true;
    return beep_play_element(t->p, t->end, BEEP_MSG, 0, &w->msgno, &el, BEEP_THEN_NOTHING, t->now);
}

static int to_channel(const struct trip *t)
{
    struct beep_play_end *x = t->x;
    const char *uri = beep_play_text(here(t), "profile");
    int r = to_greeted(t);
    if (r != THERE) return r;
    if (x->way.asked) {
        const struct beep_channel *c = track_beep_channel(&x->conn.track, x->way.number);
        if (waiting(t)) return WAIT;
        if (c && c->fsm.state == BEEP_CS_OPEN) return THERE;
        return stuck(t, "the peer declines the channel: %s", x->declined);
    }
    bool listener = beep_play_run(t->p)->under_test == TEST_BEEP_LISTENER;
    if (!uri && listener) uri = play_beep_profile(beep_play_run(t->p));
    if (!uri && *x->offered) uri = x->offered;
    if (uri) return ask_start(t, uri, SLICE_NONE) == OK ? WAIT : stuck(t, "the start cannot be sent");
    if (listener) return stuck(t, "the peer offers no data profile; give one");
    return beep_play_data_channel(x) ? THERE
                                     : WAIT; /* an initiator that serves nothing opens channels itself */
}

static int to_tls(const struct trip *t)
{
    struct beep_play_end *x = t->x;
    const struct play_beep_run *r = beep_play_run(t->p);
    if (r->no_tls || !r->identity) return stuck(t, "TLS is off in this run");
    x->auto_tls = true;
    int g = to_greeting(t);
    if (g != THERE) return g;
    if (beep_play_secured(x)) return THERE;
    if (x->way.asked) {
        if (waiting(t)) return WAIT;
        return stuck(t, "the peer does not proceed: %s", x->declined);
    }
    bool asks = r->under_test == TEST_BEEP_INITIATOR && r->learned_wants_tls; /* two readies that cross help nobody */
    if (x->offers_tls && !asks)
        return ask_start(t, BEEP_URI_TLS, SLICE_LIT("<ready />")) == OK
                   ? WAIT
                   : stuck(t, "the start cannot be sent");
    if (r->under_test == TEST_BEEP_LISTENER) return stuck(t, "the peer does not offer TLS");
    return WAIT; /* the initiator's turn */
}

static int to_authenticated(const struct trip *t)
{
    struct beep_play_end *x = t->x;
    const struct play_beep_run *r = beep_play_run(t->p);
    int g = to_greeted(t);
    if (g != THERE) return g;
    if (x->authenticated) return THERE;
    if (x->sasl.on) return WAIT;
    if (x->way.asked) return stuck(t, "the authentication failed: %s", x->declined);
    if (!x->offers_sasl && r->under_test == TEST_BEEP_INITIATOR) return WAIT;
    const char *mechanism = beep_play_text(here(t), "mechanism");
    if (!mechanism) mechanism = play_beep_mechanism(r, x->offers_sasl);
    if (!mechanism) return stuck(t, "the peer offers no mechanism that can be used here");
    x->way.asked = true;
    return beep_play_sasl_begin(t->p, t->end, mechanism, here(t), t->now) == OK ? WAIT : STUCK;
}

static int to_released(const struct trip *t)
{
    struct beep_play_end *x = t->x;
    struct beep_el el = {.kind = BEEP_EL_CLOSE, .code = 200};
    if (x->live && track_beep_session(&x->conn.track) == BEEP_SS_RELEASED) return THERE;
    int r = to_greeted(t);
    if (r != THERE) return r;
    if (x->way.asked) return waiting(t) ? WAIT : stuck(t, "the peer declines the release: %s", x->declined);
    x->way.asked = true;
    err e = beep_play_element(t->p, t->end, BEEP_MSG, 0, &x->way.msgno, &el, BEEP_THEN_NOTHING, t->now);
    return e == OK ? WAIT : stuck(t, "the close cannot be sent");
}

/* --- for others ---------------------------------------------------------------------------------- */

static int go(struct player *p, int end, int (*step)(const struct trip *t), uint64_t now, char *why, size_t why_n)
{
    struct trip t = {.p = p, .end = end, .x = beep_play_end(p, end), .now = now, .why = why, .why_n = why_n};
    return step(&t);
}

int beep_play_to_greeted(struct player *p, int end, uint64_t now, char *why, size_t why_n)
{
    return go(p, end, to_greeted, now, why, why_n);
}

int beep_play_to_tls(struct player *p, int end, uint64_t now, char *why, size_t why_n)
{
    return go(p, end, to_tls, now, why, why_n);
}

int beep_play_to_authenticated(struct player *p, int end, uint64_t now, char *why, size_t why_n)
{
    return go(p, end, to_authenticated, now, why, why_n);
}

/* --- the way ------------------------------------------------------------------------------------- */

int beep_play_reach(struct player *p, int end, const char *state, uint64_t now, char *why, size_t why_n)
{
    static const struct {
        const char *name;
        int (*go)(const struct trip *t);
    } ways[] = {{"connected", to_connected},
                {"greeted", to_greeted},
                {"channel", to_channel},
                {"tls", to_tls},
                {"authenticated", to_authenticated},
                {"released", to_released}};
    struct beep_play_end *x = beep_play_end(p, end);
    struct trip t = {.p = p, .end = end, .x = x, .now = now, .why = why, .why_n = why_n};
    beep_play_open(p, end);
    if (x->way.pc != p->pc + 1) x->way = (struct beep_play_way){.pc = p->pc + 1};
    const struct beep_play_more *more = beep_play_run(p)->more;
    int there;
    if (more && more->reach(p, end, state, &there, now, why, why_n)) {
        play_drain(p, end);
        if (there != WAIT) x->auto_tls = false;
        return there;
    }
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        if (strcmp(ways[i].name, state) != 0) continue;
        int r = ways[i].go(&t);
        play_drain(p, end);
        if (r != WAIT) x->auto_tls = false;
        return r;
    }
    play_error(
        p,
        "there is no state called %s; there are connected, greeted, channel, tls, authenticated and released%s%s",
        state, more ? ", " : "", more ? more->states : "");
    return STUCK;
}
