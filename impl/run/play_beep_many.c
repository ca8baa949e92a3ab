/* SPDX-License-Identifier: MIT */
/* The BEEP adapter of the player: many channels, which a case could only start statement by statement. */
#include <stdio.h>

#include "run/play_beep_impl.h"

err beep_play_many_begin(struct player *p, int end, uint32_t count, slice uri, uint64_t now)
{
    struct beep_play_end *x = beep_play_end(p, end);
    if (x->many.on) return play_error(p, "do channels: the last ones are not answered yet");
    if (uri.n > PLAY_BEEP_URI)
        return play_error(p, "do channels: a profile of at most %d octets", PLAY_BEEP_URI);
    x->many = (struct beep_play_many){.on = true, .left = count, .uri = uri};
    return beep_play_many_go(p, end, now);
}

bool beep_play_many_about(const struct beep_play_end *x, const struct beep_got *got)
{
    return x->many.on && x->many.waits && got->frame.channel == 0 && got->frame.keyword != BEEP_MSG &&
           got->ask == BEEP_ASK_START && got->frame.msgno == x->many.msgno;
}

void beep_play_many_reply(struct beep_play_end *x, const struct beep_got *got, bool good)
{
    struct beep_play_many *m = &x->many;
    m->waits = false;
    if (!good)
        m->left = 0; /* told by an event of its own */
    else if (got->frame.keyword == BEEP_RPY && got->el->kind == BEEP_EL_PROFILE)
        m->accepted++;
    else
        m->declined++;
    if (good && got->el->kind == BEEP_EL_ERROR) m->code = got->el->code;
}

static void over(struct player *p, int end, uint64_t now)
{
    struct beep_play_many *m = &beep_play_end(p, end)->many;
    struct beep_fields f = {.n = 0};
    char label[80];
    beep_put_number(&f, "accepted", m->accepted);
    beep_put_number(&f, "declined", m->declined);
    if (m->code) beep_put_number(&f, "code", m->code);
    snprintf(label, sizeof label, "%u channels accepted, %u declined", (unsigned)m->accepted,
             (unsigned)m->declined);
    size_t rung = play_rung(p, RUNG_EVENT, end, true, false, label, SLICE_NONE, now);
    m->on = false;
    play_raise(p, "channels", end, false, rung, f.f, f.n);
}

err beep_play_many_go(struct player *p, int end, uint64_t now)
{
    struct beep_play_end *x = beep_play_end(p, end);
    struct beep_play_many *m = &x->many;
    const struct beep_channel *zero = track_beep_channel(&x->conn.track, 0);
    if (!m->on || m->waits || !zero || p->e.link[end].fin || p->e.link[end].in_ended) return OK;
    if (!m->left) {
        over(p, end, now);
        return OK;
    }
    struct beep_profile_el profile = {.uri = m->uri};
    struct beep_el el = {.kind = BEEP_EL_START, .number_given = true, .profile = &profile, .profiles = 1};
    /* a number that was declined is not asked for again: some peers would take that for the same mistake */
    uint32_t next = track_beep_free_channel(&x->conn.track, x->conn.side);
    m->number = next > m->number ? next : m->number + 2;
    el.number = m->number;
    m->left--;
    m->waits = true;
    return beep_play_element(p, end, BEEP_MSG, 0, &m->msgno, &el, BEEP_THEN_NOTHING, now);
}
