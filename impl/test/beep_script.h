/* SPDX-License-Identifier: MIT */
/* beep_script: one BEEP peer without a carrier; a test puts octets in and looks at the frames that come out.  Include it behind beep_world.h. */
#ifndef TEST_BEEP_SCRIPT_H
#define TEST_BEEP_SCRIPT_H

#include "test/beep_world.h"

#define BS_HEAD "Content-Type: application/beep+xml\r\n\r\n"

struct beep_script {
    struct beep_world w;    /* side 0 or 1 of it is used: the peer */
    int side;
    struct beep_peer *p;
    uint64_t now;
    uint32_t seq[8];        /* next sequence number that we send on a channel */
    struct buf out;         /* what came out and was not looked at */
    struct beep_frame f;    /* frame looked at last */
    struct buf kept;        /* its octets */
};

static inline void bs_take_out(struct beep_script *s)
{
    struct link *l = &s->p->e.link[0];
    while (l->out.n) {
        assert_int_equal(buf_add(&s->out, buf_slice(&l->out)), OK);
        buf_clear(&l->out);
        if (s->p->e.ops->drained) s->p->e.ops->drained(&s->p->e, 0, s->now);
    }
}

/* Behind bw_env and settings: the peer is connected. */
static inline void bs_open(struct beep_script *s, int side)
{
    s->side = side;
    s->now = 1000;
    memset(s->seq, 0, sizeof s->seq);
    buf_init(&s->out, &mem_libc, 64 << 20);
    buf_init(&s->kept, &mem_libc, 64 << 20);
    s->w.side[side] = (struct bw_side){.w = &s->w};
    assert_int_equal(beep_peer_new(&s->w.setup[side], side == 0, "x", &s->p), OK);
    s->w.side[side].p = s->p;
    s->p->e.link[0].state = LINK_UP;
    s->p->e.ops->up(&s->p->e, 0, s->now);
    bs_take_out(s);
}

static inline void bs_close(struct beep_script *s)
{
    s->p->e.ops->free(&s->p->e);
    buf_done(&s->out);
    buf_done(&s->kept);
    assert_int_equal(s->w.f.live, 0);
}

static inline void bs_feed(struct beep_script *s, slice octets)
{
    if (!s->p->over) s->p->e.ops->feed(&s->p->e, 0, octets, s->now);
    bs_take_out(s);
}

static inline void bs_raw(struct beep_script *s, const char *text)
{
    bs_feed(s, slice_str(text));
}

/* A frame with the right size and sequence number. */
static inline void bs_add(struct beep_script *s, struct buf *b, const char *keyword, uint32_t channel, uint32_t msgno, char more, slice payload)
{
    assert_int_equal(buf_addf(b, "%s %u %u %c %u %zu\r\n", keyword, (unsigned)channel, (unsigned)msgno, more, (unsigned)s->seq[channel], payload.n), OK);
    assert_int_equal(buf_add(b, payload), OK);
    assert_int_equal(buf_add_str(b, "END\r\n"), OK);
    s->seq[channel] += (uint32_t)payload.n;
}

static inline void bs_frame(struct beep_script *s, const char *keyword, uint32_t channel, uint32_t msgno, char more, const char *payload)
{
    struct buf b;
    buf_init(&b, &mem_libc, 64 << 20);
    bs_add(s, &b, keyword, channel, msgno, more, slice_str(payload));
    bs_feed(s, buf_slice(&b));
    buf_done(&b);
}

/* A message of channel management. */
static inline void bs_mgmt(struct beep_script *s, const char *keyword, uint32_t msgno, const char *element)
{
    char text[20000];
    snprintf(text, sizeof text, BS_HEAD "%s\r\n", element);
    bs_frame(s, keyword, 0, msgno, '.', text);
}

/* The next frame that came out, SEQ passed over; false when there is none. */
static inline bool bs_next(struct beep_script *s)
{
    for (;;) {
        size_t used = 0;
        buf_clear(&s->kept);
        if (!s->out.n) return false;
        assert_int_equal(beep_frame_read(buf_slice(&s->out), 1 << 24, &s->f, &used), OK);
        assert_int_equal(buf_add(&s->kept, slice_sub(buf_slice(&s->out), 0, used)), OK);
        assert_int_equal(beep_frame_read(buf_slice(&s->kept), 1 << 24, &s->f, &used), OK);
        buf_take(&s->out, used);
        if (s->f.keyword != BEEP_SEQ) return true;
    }
}

/* It is that one, and its payload holds that text. */
static inline void bs_expect(struct beep_script *s, enum beep_keyword keyword, uint32_t channel, uint32_t msgno, const char *holds)
{
    if (!bs_next(s)) fail_msg("nothing came, %s %u %u was expected (%s)", beep_keyword_names[keyword], channel, msgno, holds);
    bool good = s->f.keyword == keyword && s->f.channel == channel && s->f.msgno == msgno &&
                slice_find(s->f.payload, slice_str(holds)) < s->f.payload.n + !*holds;
    if (!good) fail_msg("%.*s came, %s %u %u was expected (%s)", (int)s->kept.n, (const char *)buf_slice(&s->kept).p, beep_keyword_names[keyword], channel, msgno, holds);
}

static inline void bs_silent(struct beep_script *s)
{
    if (bs_next(s)) fail_msg("%.*s came, nothing was expected", (int)s->kept.n, (const char *)buf_slice(&s->kept).p);
}

/* Not ended, and nothing came. */
static inline void bs_alive(struct beep_script *s)
{
    bs_silent(s);
    if (s->p->ending) fail_msg("the session ended: %s", beep_peer_why(s->p));
}

/* Ended without another frame. */
static inline void bs_dead(struct beep_script *s)
{
    bs_silent(s);
    assert_true(s->p->ending);
    assert_true(s->p->e.link[0].fin || s->p->e.link[0].drop);
}

/* Both greetings; what the peer says to ours is not looked at. */
static inline void bs_greet_and(struct beep_script *s, const char *greeting)
{
    bs_expect(s, BEEP_RPY, 0, 0, "<greeting");
    bs_mgmt(s, "RPY", 0, greeting);
}

/* The same, and it says nothing to it. */
static inline void bs_greet(struct beep_script *s, const char *greeting)
{
    bs_greet_and(s, greeting);
    bs_alive(s);
}

#endif
