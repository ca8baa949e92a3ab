/* SPDX-License-Identifier: MIT */
#include "run/talk_beep.h"

#include <string.h>

enum {
    FIRST_MESSAGES = 3,
    LONG_MESSAGE = 6000, /* octets: more than the 4,096 that a new channel may have (RFC 3081 3.1.1), so that the peer has to open its window */
    NUMBERS = 64         /* channel numbers that are looked at: one channel is held at a time, so its number is low */
};

static void send_short(struct beep_bound *b, slice body, uint64_t now)
{
    uint32_t msgno = 0;
    err e = beep_peer_msg(b, &msgno, SLICE_LIT("\r\n"), false, now);
    if (e == OK) e = beep_peer_msg(b, &msgno, body, true, now);
    if (e == ERR_MEM) beep_peer_abort(b->peer, now); /* anything else: the channel is being closed, or full; there is nothing that has to be said */
}

/* The n-th message of a channel, from 0. */
static void say(struct beep_bound *b, uint32_t n, uint64_t now)
{
    uint8_t octets[LONG_MESSAGE];
    size_t len = n == 1 ? 256 : LONG_MESSAGE;
    if (strcmp(b->profile->uri, BEEP_URI_MANY) == 0) {
        send_short(b, SLICE_LIT("count 3 size 100"), now);
    } else if (n == 0) {
        send_short(b, SLICE_LIT("hello"), now);
    } else {
        for (size_t i = 0; i < len; i++)
            octets[i] = (uint8_t)i;
        send_short(b, slice_of(octets, len), now);
    }
}

static void started(struct beep_bound *b, slice answer, const struct beep_refusal *no, uint64_t now)
{
    beep_echo.started(b, answer, no, now);
    if (!no->code) say(b, 0, now);
}

/* Messages of a channel are numbered from 1. */
static void answered(struct beep_bound *b, uint32_t msgno, enum beep_keyword keyword, uint64_t now)
{
    (void)keyword;
    if (msgno < FIRST_MESSAGES) say(b, msgno, now);
}

static void answered_or_leaves(struct beep_bound *b, uint32_t msgno, enum beep_keyword keyword, uint64_t now)
{
    answered(b, msgno, keyword, now);
    if (msgno < FIRST_MESSAGES) return;
    err e = beep_peer_close(b->peer, b->channel, now);
    if (e == OK) e = beep_peer_close(b->peer, 0, now); /* it waits for the other */
    if (e == ERR_MEM) beep_peer_abort(b->peer, now);
}

static void add(struct talk_beep *t, const char *uri)
{
    struct beep_profile *p = &t->profile[t->profiles++];
    *p = beep_echo;
    p->uri = uri;
    p->started = started;
    p->answered = answered;
}

void talk_beep_init(struct talk_beep *t, const char *uri)
{
    t->profiles = 0;
    if (uri) add(t, uri);
    add(t, BEEP_URI_ECHO);
    add(t, BEEP_URI_MANY);
}

void talk_beep_leaves(struct talk_beep *t)
{
    for (size_t i = 0; i < t->profiles; i++)
        t->profile[i].answered = answered_or_leaves;
}

static struct beep_bound *channel(const struct talk_beep *t, const struct beep_peer *p)
{
    for (uint32_t n = 1; n < NUMBERS; n += 2) { /* initiators start odd ones */
        struct beep_bound *b = beep_peer_bound(p, n);
        for (size_t i = 0; b && i < t->profiles; i++) {
            if (b->profile == &t->profile[i]) return b;
        }
    }
    return NULL;
}

void talk_beep_begin(struct talk_beep *t, struct beep_peer *p, uint64_t now)
{
    uint32_t number;
    if (channel(t, p)) return;
    for (size_t i = 0; i < t->profiles; i++) {
        if (!beep_peer_offers(p, t->profile[i].uri)) continue;
        err e = beep_peer_start(p, &t->profile[i], SLICE_NONE, &number, now);
        if (e != OK && e != ERR_USE) beep_peer_abort(p, now);
        return;
    }
}

void talk_beep_more(const struct talk_beep *t, struct beep_peer *p, uint64_t now)
{
    struct beep_bound *b = channel(t, p);
    if (b) send_short(b, strcmp(b->profile->uri, BEEP_URI_MANY) == 0 ? SLICE_LIT("count 1 size 10") : SLICE_LIT("still here"), now);
}
