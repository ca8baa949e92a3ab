/* SPDX-License-Identifier: MIT */
/* Two BEEP connections that go to TLS and talk on behind it, and what was told of each. */
#ifndef TEST_BEEP_CONN_PAIR_H
#define TEST_BEEP_CONN_PAIR_H

#include "test/tls_pair.h"

#include "test/beep_pair.h"

#define READY   BP_HEAD "<start number='1'><profile uri='" BP_TLS "'>&lt;ready /></profile></start>\r\n"
#define PROCEED BP_HEAD "<profile uri='" BP_TLS "'>&lt;proceed /></profile>\r\n"

/* What happened, side by side. */
struct seen {
    struct tls_context *context[2]; /* by side; side 0 asks for TLS.  NULL: nobody starts it */
    bool clear_after;               /* goes on in clear when the handshake failed */
    unsigned n[2][BEEP_EV_NOTIFY + 1];
    uint16_t version[2];
    int alert[2];
    enum beep_fault_code fault[2]; /* the first */
};

static inline void start_tls(struct beep_pair *p, const struct seen *s, int side)
{
    struct beep_end *e = &p->end[side];
    if (s->context[side] && e->c.to_tls && !e->c.tls)
        bp_good(p, beep_conn_start_tls(&e->c, s->context[side], side == 0, NULL));
}

static inline void greet_again(struct beep_pair *p, int side)
{
    beep_mux_reset(&p->end[side].m);
    bp_say(p, side, 0, BEEP_RPY, 0, BP_GREETING);
}

static inline void watch(void *ctx, struct beep_pair *p, int side, const struct beep_event *ev)
{
    struct seen *s = ctx;
    const struct track_beep *t = &p->end[side].c.track;
    s->n[side][ev->kind]++;
    if (t->fault_n && !s->fault[side]) s->fault[side] = t->fault[0].code;
    switch (ev->kind) {
    case BEEP_EV_HELLO:
        s->version[side] = ev->hello_version;
        break;
    case BEEP_EV_TLS:
        greet_again(p, side);
        break;
    case BEEP_EV_TLS_FAILED:
        s->alert[side] = ev->alert;
        if (!s->clear_after || p->end[side].c.open_told) break;
        if (bp_good(p, beep_conn_without_tls(&p->end[side].c))) greet_again(p, side);
        break;
    case BEEP_EV_FRAME:
        start_tls(p, s, side);
        break;
    case BEEP_EV_NOTHING:
    case BEEP_EV_BAD:
    case BEEP_EV_NOTIFY:
        break;
    }
}

static inline void begin(struct beep_pair *p, struct seen *s, const struct env *env)
{
    bp_init(p, env, NULL);
    p->event = watch;
    p->ctx = s;
    p->by_hand = true;
}

/* As far as the proceed, which the listener has sent and nobody has read. */
static inline void to_proceed(struct beep_pair *p, struct seen *s)
{
    bp_greet(p);
    if (p->dead) return;
    bp_say(p, 0, 0, BEEP_MSG, 1, READY);
    bp_settle(p);
    if (p->dead) return;
    bp_say(p, 1, 0, BEEP_RPY, 1, PROCEED);
    if (p->dead || !bp_good(p, beep_mux_pump(&p->end[1].m))) return;
    if (p->may_fail && !p->end[1].c.to_tls) {
        p->dead = true; /* the element could not be read */
        return;
    }
    assert_true(p->end[1].c.to_tls);
    start_tls(p, s, 1);
}

static inline void talk(struct beep_pair *p)
{
    bp_settle(p);
    if (p->dead) return;
    p->by_hand = false;
    bp_open(p, 0, 1);
    if (p->dead) return;
    bp_say(p, 0, 1, BEEP_MSG, 1, "behind the layer");
    bp_settle(p);
    if (!p->dead) bp_say(p, 1, 1, BEEP_RPY, 1, "heard");
    bp_settle(p);
}

static inline void contexts(const struct world *w, const struct env *env, const struct how *h, struct seen *s)
{
    s->context[0] = context(w, env, h, TLS_CLIENT);
    s->context[1] = context(w, env, h, TLS_SERVER);
}

static inline void no_contexts(struct seen *s)
{
    tls_context_free(s->context[0]);
    tls_context_free(s->context[1]);
}

#endif
