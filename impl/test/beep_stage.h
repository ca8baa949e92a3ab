/* SPDX-License-Identifier: MIT */
/* beep_stage: a beep_pair with channel 1 open that keeps what came, for the tests of the multiplexer.  Include it behind the header of cmocka. */
#ifndef TEST_BEEP_STAGE_H
#define TEST_BEEP_STAGE_H

#include "test/beep_pair.h"

enum { MIB = 1u << 20, LINES = 64 };

/* What came, in the order in which it did: one line a frame or a message, and the octets of channel 1. */
struct heard {
    char line[2][LINES][64];
    size_t lines[2];
    struct buf octets[2];
    uint64_t before; /* frames of channel 1 before the first of channel 3 */
    bool three;
};

struct stage {
    struct beep_pair p;
    struct heard h;
};

static inline void hear(void *ctx, struct beep_pair *p, int side, const struct beep_event *ev)
{
    struct heard *h = ctx;
    const struct beep_frame *f = &ev->got.frame;
    (void)p;
    for (uint32_t i = 0; i < p->end[side].c.track.fault_n; i++)
        print_error("side %d: %s\n", side, p->end[side].c.track.fault[i].text);
    if (ev->kind != BEEP_EV_FRAME || f->keyword == BEEP_SEQ || !f->channel) return;
    if (f->channel == 1 && !h->three) h->before++;
    if (f->channel == 3) h->three = true;
    if (f->channel == 1) assert_int_equal(buf_add(&h->octets[side], f->payload), OK);
    if (h->lines[side] == LINES) return;
    char *line = h->line[side][h->lines[side]++], ansno[16] = "";
    if (f->keyword == BEEP_ANS) snprintf(ansno, sizeof ansno, "/%u", (unsigned)f->ansno);
    snprintf(line, sizeof h->line[0][0], "%s %u %u%s %c %u", beep_keyword_names[f->keyword], (unsigned)f->channel, (unsigned)f->msgno, ansno,
             f->more ? '*' : '.', (unsigned)f->size);
}

static inline void forget_heard(struct heard *h)
{
    for (int s = 0; s < 2; s++) {
        h->lines[s] = 0;
        buf_shrink(&h->octets[s]);
    }
    h->before = 0;
    h->three = false;
}

/* Channel 1 is open, started by the initiator. */
static inline struct stage *stage_new(const struct beep_mux_setup *setup)
{
    struct env env;
    struct stage *g = calloc(1, sizeof *g);
    assert_non_null(g);
    env_init(&env);
    for (int s = 0; s < 2; s++)
        buf_init(&g->h.octets[s], &mem_libc, 4 * MIB);
    bp_init(&g->p, &env, setup);
    g->p.event = hear;
    g->p.ctx = &g->h;
    bp_greet(&g->p);
    bp_open(&g->p, 0, 1);
    assert_int_equal(g->p.faults, 0);
    return g;
}

static inline void stage_free(struct stage *g)
{
    assert_int_equal(g->p.faults, 0);
    bp_done(&g->p);
    forget_heard(&g->h);
    free(g);
}

static inline err put(struct stage *g, int side, uint32_t channel, enum beep_keyword k, uint32_t msgno, uint32_t ansno, slice s, bool last)
{
    return beep_mux_send(&g->p.end[side].m, channel, k, msgno, ansno, s, last);
}

static inline void say(struct stage *g, int side, enum beep_keyword k, uint32_t msgno, const char *text)
{
    assert_int_equal(put(g, side, 1, k, msgno, 0, slice_str(text), true), OK);
}

static inline void answer(struct stage *g, int side, uint32_t msgno, uint32_t ansno, const char *text, bool last)
{
    assert_int_equal(put(g, side, 1, BEEP_ANS, msgno, ansno, slice_str(text), last), OK);
}

static inline void assert_heard(struct stage *g, int side, const char *const *lines, size_t n)
{
    for (size_t i = 0; i < n || i < g->h.lines[side]; i++) {
        if (i >= n || i >= g->h.lines[side] || strcmp(lines[i], g->h.line[side][i]) != 0) {
            for (size_t k = 0; k < g->h.lines[side]; k++)
                print_error("%zu: %s\n", k, g->h.line[side][k]);
            fail_msg("side %d, line %zu: wanted \"%s\"", side, i, i < n ? lines[i] : "nothing");
        }
    }
}
#define HEARD(g, side, ...)                                                                                  \
    do {                                                                                                     \
        const char *const lines_[] = {__VA_ARGS__};                                                          \
        assert_heard(g, side, lines_, sizeof lines_ / sizeof *lines_);                                       \
    } while (0)

/* n octets that tell where they belong. */
static inline slice pattern(size_t n)
{
    static const char letters[] = "The quick brown fox jumps over the lazy dog, END\r\nMSG 1 1 . 0 0\r\n";
    uint8_t *p = malloc(n + 1);
    assert_non_null(p);
    for (size_t i = 0; i < n; i++)
        p[i] = (uint8_t)letters[(i + i / 251) % (sizeof letters - 1)];
    return slice_of(p, n);
}

static inline void pattern_free(slice s)
{
    union {
        const uint8_t *c;
        void *v;
    } u = {.c = s.p};
    free(u.v);
}

#endif
