/* SPDX-License-Identifier: MIT */
/* beep_pair: two ends of a BEEP session in memory, each a connection with its multiplexer; channels are opened and closed as they are asked for.  Side 0 is the initiator.
 * Include it behind the header of cmocka, or tls_pair.h or sasl_pair.h, which bring it. */
#ifndef TEST_BEEP_PAIR_H
#define TEST_BEEP_PAIR_H

#include "peer/beep_mux.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BP_HEAD     "Content-Type: application/beep+xml\r\n\r\n"
#define BP_GREETING BP_HEAD "<greeting />\r\n"
#define BP_URI      "http://draftproof.invalid/profiles/echo"
#define BP_TLS      "http://iana.org/beep/TLS"

struct beep_pair;
struct beep_end {
    struct link link;
    struct beep_conn c;
    struct beep_mux m;
    bool hold;          /* what comes on data channels is not consumed */
    size_t held;        /* octets of it */
    uint64_t frames[BEEP_KEYWORDS]; /* that came */
};
struct beep_pair {
    struct env env;
    struct beep_end end[2];
    const struct beep_mux_setup *setup;
    enum link_split split;
    struct rng cuts;
    bool may_fail;      /* memory is refused: a session may come to nothing */
    bool dead;          /* it did */
    bool by_hand;       /* channel 0 is the test's own affair */
    unsigned faults;
    /* every event, behind what is done by itself; may queue, but not pump */
    void (*event)(void *ctx, struct beep_pair *p, int side, const struct beep_event *ev);
    void *ctx;
};

/* What failed for want of memory ends the session when that may be; everything else is a mistake. */
static inline bool bp_good(struct beep_pair *p, err e)
{
    if (e == OK) return true;
    if (!p->may_fail) print_error("unexpected: %s\n", err_name(e));
    assert_true(p->may_fail);
    p->dead = true;
    return false;
}

static inline void bp_say(struct beep_pair *p, int side, uint32_t channel, enum beep_keyword k, uint32_t msgno, const char *text)
{
    bp_good(p, beep_mux_send(&p->end[side].m, channel, k, msgno, 0, slice_str(text), true));
}

static inline void bp_init(struct beep_pair *p, const struct env *env, const struct beep_mux_setup *setup)
{
    *p = (struct beep_pair){.env = *env, .setup = setup ? setup : &beep_mux_usual};
    rng_init(&p->cuts, 1);
    for (int s = 0; s < 2; s++) {
        struct beep_end *e = &p->end[s];
        buf_init(&e->link.out, env->mem, env->limits.out_queue);
    }
}

/* The connections, and the greetings on their way. */
static inline void bp_begin(struct beep_pair *p)
{
    for (int s = 0; s < 2 && !p->dead; s++) {
        struct beep_end *e = &p->end[s];
        if (!bp_good(p, beep_conn_init(&e->c, &p->env, &e->link, s, 1u << 20))) return;
        if (!bp_good(p, beep_mux_init(&e->m, &e->c, p->setup))) return;
        bp_say(p, s, 0, BEEP_RPY, 0, BP_GREETING);
    }
}

static inline void bp_done(struct beep_pair *p)
{
    for (int s = 0; s < 2; s++) {
        struct beep_end *e = &p->end[s];
        if (e->m.c) beep_mux_done(&e->m);
        if (e->c.env) beep_conn_done(&e->c);
        buf_done(&e->link.out);
    }
}

static inline void bp_manage(struct beep_pair *p, int side, const struct beep_event *ev)
{
    const struct beep_got *g = &ev->got;
    if (g->frame.channel != 0 || !g->el || g->frame.keyword != BEEP_MSG) {
        if (g->closed) beep_mux_forget(&p->end[side].m, g->number);
        return;
    }
    if (g->el->kind == BEEP_EL_START) bp_say(p, side, 0, BEEP_RPY, g->frame.msgno, BP_HEAD "<profile uri='" BP_URI "' />\r\n");
    if (g->el->kind == BEEP_EL_CLOSE) bp_say(p, side, 0, BEEP_RPY, g->frame.msgno, BP_HEAD "<ok />\r\n");
}

static inline void bp_frame(struct beep_pair *p, int side, const struct beep_event *ev)
{
    struct beep_end *e = &p->end[side];
    const struct beep_frame *f = &ev->got.frame;
    e->frames[f->keyword]++;
    if (f->keyword != BEEP_SEQ && !e->c.to_tls) {
        if (e->hold && f->channel) e->held += f->payload.n;
        else bp_good(p, beep_mux_consumed(&e->m, f->channel, f->payload.n));
    }
    if (!p->by_hand) bp_manage(p, side, ev);
}

static inline void bp_event(struct beep_pair *p, int side, const struct beep_event *ev)
{
    const struct track_beep *t = &p->end[side].c.track;
    for (uint32_t i = 0; i < t->fault_n; i++) {
        if (!p->may_fail && !p->event) print_error("side %d saw %s: %s\n", side, beep_faults[t->fault[i].code].name, t->fault[i].text);
        p->faults++;
    }
    if (ev->kind == BEEP_EV_BAD || (t->fault_n && p->may_fail)) p->dead = p->may_fail;
    if (ev->kind == BEEP_EV_FRAME && !p->dead) bp_frame(p, side, ev);
    if (p->event && !p->dead) p->event(p->ctx, p, side, ev);
}

static inline void bp_feed(struct beep_pair *p, int side, slice in)
{
    struct beep_event ev;
    while (!p->dead && beep_conn_next(&p->end[side].c, &in, 1, &ev))
        bp_event(p, side, &ev);
    assert_true(p->dead || in.n == 0);
}

/* Carries some of what one side has for the other; false when there was nothing. */
static inline bool bp_carry(struct beep_pair *p, int from)
{
    struct buf *out = &p->end[from].link.out;
    size_t n = p->split == SPLIT_WHOLE ? out->n : p->split == SPLIT_BYTES ? 1 : 1 + (size_t)rng_below(&p->cuts, 1500);
    if (n > out->n) n = out->n;
    if (!n || p->dead) return false;
    uint8_t *some = malloc(n); /* of its exact size, so that a sanitizer sees every octet too far */
    assert_non_null(some);
    memcpy(some, buf_slice(out).p, n);
    buf_take(out, n);
    bp_feed(p, !from, slice_of(some, n));
    free(some);
    return true;
}

/* Pumps and carries, a turn for each side; false when nothing moved. */
static inline bool bp_turn(struct beep_pair *p)
{
    bool moved = false;
    for (int s = 0; s < 2 && !p->dead; s++) {
        bp_feed(p, s, SLICE_NONE);
        if (!p->dead) bp_good(p, beep_mux_pump(&p->end[s].m));
        moved = bp_carry(p, s) || moved;
    }
    return moved && !p->dead;
}

static inline void bp_settle(struct beep_pair *p)
{
    while (bp_turn(p))
        continue;
}

/* Both greetings passed. */
static inline void bp_greet(struct beep_pair *p)
{
    bp_begin(p);
    bp_settle(p);
    if (!p->may_fail) assert_int_equal(track_beep_session(&p->end[0].c.track), BEEP_SS_OPEN);
}

static inline struct beep_channel *bp_channel(struct beep_pair *p, int side, uint32_t channel)
{
    return track_beep_channel(&p->end[side].c.track, channel);
}

static inline void bp_open(struct beep_pair *p, int side, uint32_t channel)
{
    char text[200];
    struct beep_mux *m = &p->end[side].m;
    if (p->dead) return;
    snprintf(text, sizeof text, BP_HEAD "<start number='%u'><profile uri='" BP_URI "' /></start>\r\n", (unsigned)channel);
    bp_say(p, side, 0, BEEP_MSG, beep_mux_free_msgno(m, 0), text);
    bp_settle(p);
    if (p->may_fail) return;
    assert_non_null(bp_channel(p, 0, channel));
    assert_non_null(bp_channel(p, 1, channel));
}

static inline void bp_close(struct beep_pair *p, int side, uint32_t channel)
{
    char text[200];
    struct beep_mux *m = &p->end[side].m;
    if (p->dead) return;
    snprintf(text, sizeof text, BP_HEAD "<close number='%u' code='200' />\r\n", (unsigned)channel);
    bp_say(p, side, 0, BEEP_MSG, beep_mux_free_msgno(m, 0), text);
    bp_settle(p);
    beep_mux_forget(&p->end[!side].m, channel);
    if (p->may_fail) return;
    assert_null(bp_channel(p, 0, channel));
    assert_null(bp_channel(p, 1, channel));
}

#endif
