/* SPDX-License-Identifier: MIT */
/* A BEEP session as a test writes it down: each side says frames, with sequence numbers and sizes counted here, independently of the tracker. */
#ifndef TEST_TRACK_BEEP_HELP_H
#define TEST_TRACK_BEEP_HELP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "track/track_beep.h"

enum { I = 0, L = 1, TALK_CHANNELS = 600 };

#define HEAD     "Content-Type: application/beep+xml\r\n\r\n"
#define GREETING HEAD "<greeting />\r\n"
#define OKAY     HEAD "<ok />\r\n"
#define ERROR550 HEAD "<error code='550'>no</error>\r\n"
#define START(n) HEAD "<start number='" #n "'><profile uri='http://x.test/p' /></start>\r\n"
#define PROFILE  HEAD "<profile uri='http://x.test/p' />\r\n"
#define CLOSE(n) HEAD "<close number='" #n "' code='200' />\r\n"

struct talk {
    struct env env;
    struct track_beep t;
    uint32_t seq[2][TALK_CHANNELS];
    struct beep_got got;
};

static inline struct talk *talk_new(void)
{
    struct talk *x = calloc(1, sizeof *x);
    assert_non_null(x);
    env_init(&x->env);
    assert_int_equal(track_beep_init(&x->t, &x->env, 1u << 22), OK);
    return x;
}

static inline void talk_free(struct talk *x)
{
    track_beep_done(&x->t);
    free(x);
}

/* Octets of one side; what the last item was is left in got.  Returns the first fault of the last item. */
static inline enum beep_fault_code octets(struct talk *x, int side, const char *p, size_t n)
{
    slice in = slice_of(p, n);
    enum beep_fault_code first = BEEP_F_NONE;
    while (track_beep_next(&x->t, side, false, &in, &x->got)) {
        if (!first && x->t.fault_n) first = x->t.fault[0].code;
        if (x->got.kind == BEEP_GOT_BAD || !in.n) break; /* what got refers to lives until the next call */
    }
    return first;
}

/* A frame: keyword "MSG" or "MSG*"; ansno below 0: none. */
static inline enum beep_fault_code say_seq(struct talk *x, int side, const char *keyword, uint32_t channel, uint32_t msgno, int ansno,
                                           uint32_t seq, const char *body)
{
    char head[128], tail[24] = "";
    size_t n = strlen(body);
    if (ansno >= 0) snprintf(tail, sizeof tail, " %d", ansno);
    int h = snprintf(head, sizeof head, "%.3s %u %u %c %u %zu%s\r\n", keyword, (unsigned)channel, (unsigned)msgno,
                     keyword[3] == '*' ? '*' : '.', (unsigned)seq, n, tail);
    size_t all = (size_t)h + n + 5;
    char *text = malloc(all);
    assert_non_null(text);
    memcpy(text, head, (size_t)h);
    memcpy(text + h, body, n);
    memcpy(text + h + n, "END\r\n", 5);
    enum beep_fault_code code = octets(x, side, text, all);
    free(text);
    return code;
}

static inline enum beep_fault_code say(struct talk *x, int side, const char *keyword, uint32_t channel, uint32_t msgno, const char *body)
{
    uint32_t seq = channel < TALK_CHANNELS ? x->seq[side][channel] : 0;
    if (channel < TALK_CHANNELS) x->seq[side][channel] += (uint32_t)strlen(body);
    return say_seq(x, side, keyword, channel, msgno, -1, seq, body);
}

static inline enum beep_fault_code answer(struct talk *x, int side, bool more, uint32_t channel, uint32_t msgno, int ansno, const char *body)
{
    uint32_t seq = x->seq[side][channel];
    x->seq[side][channel] += (uint32_t)strlen(body);
    return say_seq(x, side, more ? "ANS*" : "ANS", channel, msgno, ansno, seq, body);
}

static inline enum beep_fault_code seq(struct talk *x, int side, uint32_t channel, uint32_t ackno, uint32_t window)
{
    char text[80];
    int n = snprintf(text, sizeof text, "SEQ %u %u %u\r\n", (unsigned)channel, (unsigned)ackno, (unsigned)window);
    return octets(x, side, text, (size_t)n);
}

#define FINE(call) assert_int_equal(call, BEEP_F_NONE)
#define FAULTS(call, want)                                                                                  \
    do {                                                                                                     \
        enum beep_fault_code code_ = (call);                                                                 \
        if (code_ != BEEP_F_##want) print_error("%s: got %s\n", #call, beep_faults[code_].name);             \
        assert_int_equal(code_, BEEP_F_##want);                                                              \
    } while (0)

static inline struct talk *greeted(void)
{
    struct talk *x = talk_new();
    FINE(say(x, L, "RPY", 0, 0, GREETING));
    FINE(say(x, I, "RPY", 0, 0, GREETING));
    assert_int_equal(track_beep_session(&x->t), BEEP_SS_OPEN);
    return x;
}

/* Channel 1 is open. */
static inline struct talk *opened(void)
{
    struct talk *x = greeted();
    FINE(say(x, I, "MSG", 0, 1, START(1)));
    FINE(say(x, L, "RPY", 0, 1, PROFILE));
    assert_non_null(track_beep_channel(&x->t, 1));
    return x;
}

#endif
