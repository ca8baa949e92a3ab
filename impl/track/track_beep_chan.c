/* SPDX-License-Identifier: MIT */
/* Channels and exchanges of a BEEP session: where they are kept, and what those who send want to know about them. */
#include <stdio.h>
#include <string.h>

#include "track/track_beep_impl.h"

/* --- exchanges ---------------------------------------------------------------------------------------------------------------- */

static void answer_done(struct beep_answer *a)
{
    buf_done(&a->part);
}

static void exchange_done(struct track_beep *t, struct beep_exchange *x)
{
    for (size_t i = 0; i < x->uris; i++)
        mem_free(beep_mem(t), x->uri[i]);
    mem_free(beep_mem(t), x->uri);
    for (size_t i = 0; i < x->answers; i++)
        answer_done(&x->answer[i]);
    mem_free(beep_mem(t), x->answer);
}

static err room_for_exchange(struct track_beep *t, struct beep_dir *d)
{
    if (d->x_from + d->xs < d->x_cap) return OK;
    if (d->x_from > d->xs) { /* the front is free */
        memmove(d->x, d->x + d->x_from, d->xs * sizeof *d->x);
        d->x_from = 0;
        return OK;
    }
    size_t cap = d->x_cap ? d->x_cap * 2 : 2;
    struct beep_exchange *grown = mem_resize(beep_mem(t), d->x, cap * sizeof *grown);
    if (!grown) return ERR_MEM;
    d->x = grown;
    d->x_cap = cap;
    return OK;
}

err beep_exchange_new(struct track_beep *t, struct beep_dir *d, uint32_t msgno, struct beep_exchange **out)
{
    if (d->xs >= BEEP_EXCHANGES_MAX) return ERR_LIMIT;
    TRY(room_for_exchange(t, d));
    struct beep_exchange *x = &d->x[d->x_from + d->xs++];
    *x = (struct beep_exchange){.msgno = msgno, .well_asked = true};
    if (d->xs == 1 || msgno > d->x_high) d->x_high = msgno;
    fsm_init(&x->fsm, &beep_exchange_machine);
    *out = x;
    return OK;
}

void beep_exchange_drop(struct track_beep *t, struct beep_dir *d, struct beep_exchange *x)
{
    size_t at = (size_t)(x - d->x) - d->x_from;
    d->answered[d->answereds++ % BEEP_ANSWERED] = x->msgno;
    exchange_done(t, x);
    if (at == 0) {
        d->x_from++;
    } else {
        memmove(x, x + 1, (d->xs - at - 1) * sizeof *x);
    }
    if (--d->xs) return;
    d->x_from = 0;
    if (d->x_cap > 2) { /* idle channels hold no memory */
        mem_free(beep_mem(t), d->x);
        d->x = NULL;
        d->x_cap = 0;
    }
}

struct beep_exchange *beep_exchange_find(const struct beep_dir *d, uint32_t msgno, bool greeting)
{
    if (msgno > d->x_high) return NULL; /* a new MSG, which would have to be held against all that wait */
    for (size_t i = 0; i < d->xs; i++) {
        struct beep_exchange *x = &d->x[d->x_from + i];
        if (x->msgno == msgno && (x->ask == BEEP_ASK_GREETING) == greeting) return x;
    }
    return NULL;
}

bool beep_was_answered(const struct beep_dir *d, uint32_t msgno)
{
    for (uint32_t i = 0; i < d->answereds && i < BEEP_ANSWERED; i++) {
        if (d->answered[i] == msgno) return true;
    }
    return false;
}

struct beep_answer *beep_answer_find(const struct beep_exchange *x, uint32_t ansno)
{
    for (size_t i = 0; i < x->answers; i++) {
        if (x->answer[i].ansno == ansno) return &x->answer[i];
    }
    return NULL;
}

err beep_answer_new(struct track_beep *t, struct beep_exchange *x, uint32_t ansno, struct beep_answer **out)
{
    if (x->answers >= BEEP_ANSWERS_MAX) return ERR_LIMIT;
    if (x->answers == x->answer_cap) {
        size_t cap = x->answer_cap ? x->answer_cap * 2 : 4;
        struct beep_answer *grown = mem_resize(beep_mem(t), x->answer, cap * sizeof *grown);
        if (!grown) return ERR_MEM;
        x->answer = grown;
        x->answer_cap = cap;
    }
    *out = &x->answer[x->answers++];
    **out = (struct beep_answer){.ansno = ansno};
    buf_init(&(*out)->part, beep_mem(t), t->env->limits.content);
    return OK;
}

void beep_answer_drop(struct beep_exchange *x, struct beep_answer *a)
{
    answer_done(a);
    *a = x->answer[--x->answers];
}

/* --- channels ----------------------------------------------------------------------------------------------------------------- */

/* Index of the first channel whose number is not below. */
static size_t place(const struct track_beep *t, uint32_t number)
{
    size_t lo = 0, hi = t->channels;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (t->channel[mid]->number < number) lo = mid + 1;
        else hi = mid;
    }
    return lo;
}

struct beep_channel *beep_channel_find(const struct track_beep *t, uint32_t number)
{
    if (t->last_used && t->last_used->number == number) return t->last_used;
    size_t at = number / 2 + number % 2; /* where it stands when one side started them all and closed none */
    if (at >= t->channels || t->channel[at]->number != number) at = place(t, number);
    return at < t->channels && t->channel[at]->number == number ? t->channel[at] : NULL;
}

static void dir_init(struct track_beep *t, struct beep_dir *d)
{
    *d = (struct beep_dir){.edge = BEEP_WINDOW, .edge_max = BEEP_WINDOW};
    buf_init(&d->part, beep_mem(t), t->env->limits.content);
}

static void dir_done(struct track_beep *t, struct beep_dir *d)
{
    for (size_t i = 0; i < d->xs; i++)
        exchange_done(t, &d->x[d->x_from + i]);
    mem_free(beep_mem(t), d->x);
    buf_done(&d->part);
}

static void channel_free(struct track_beep *t, struct beep_channel *c)
{
    dir_done(t, &c->dir[0]);
    dir_done(t, &c->dir[1]);
    mem_free(beep_mem(t), c->uri);
    mem_free(beep_mem(t), c);
}

static enum beep_tuning_kind tuning_kind(slice uri)
{
    if (slice_eq(uri, SLICE_LIT(BEEP_URI_TLS))) return BEEP_TLS_CHANNEL;
    return slice_starts(uri, SLICE_LIT(BEEP_URI_SASL)) ? BEEP_SASL_CHANNEL : BEEP_DATA_CHANNEL;
}

static err room_for_channel(struct track_beep *t)
{
    if (t->channels < t->channel_cap) return OK;
    if (t->channels >= BEEP_CHANNELS_MAX) return ERR_LIMIT;
    size_t cap = t->channel_cap ? t->channel_cap * 2 : 4;
    struct beep_channel **grown = mem_resize(beep_mem(t), t->channel, cap * sizeof *grown);
    if (!grown) return ERR_MEM;
    t->channel = grown;
    t->channel_cap = cap;
    return OK;
}

err beep_channel_new(struct track_beep *t, uint32_t number, slice uri, struct beep_channel **out)
{
    TRY(room_for_channel(t));
    struct beep_channel *c = mem_new(beep_mem(t), sizeof *c);
    if (!c) return ERR_MEM;
    *c = (struct beep_channel){.number = number, .tuning = tuning_kind(uri)};
    c->uri = mem_new(beep_mem(t), uri.n + 1);
    if (!c->uri) {
        mem_free(beep_mem(t), c);
        return ERR_MEM;
    }
    if (uri.n) memcpy(c->uri, uri.p, uri.n);
    c->uri[uri.n] = 0;
    fsm_init(&c->fsm, &beep_channel_machine);
    dir_init(t, &c->dir[0]);
    dir_init(t, &c->dir[1]);
    size_t at = place(t, number);
    memmove(t->channel + at + 1, t->channel + at, (t->channels - at) * sizeof *t->channel);
    t->channel[at] = c;
    t->channels++;
    *out = c;
    return OK;
}

void beep_channel_drop(struct track_beep *t, struct beep_channel *c, int waiting)
{
    size_t at = place(t, c->number);
    /* without memory for it a SEQ that comes late is judged like any other */
    if (!t->gone) t->gone = mem_new(beep_mem(t), BEEP_GONE * sizeof *t->gone);
    if (t->gone) t->gone[t->gones++ % BEEP_GONE] = (struct beep_gone){c->number, waiting};
    if (t->last_used == c) t->last_used = NULL;
    memmove(t->channel + at, t->channel + at + 1, (t->channels - at - 1) * sizeof *t->channel);
    t->channels--;
    channel_free(t, c);
}

void beep_channels_done(struct track_beep *t)
{
    for (size_t i = 0; i < t->channels; i++)
        channel_free(t, t->channel[i]);
    mem_free(beep_mem(t), t->channel);
    t->channel = NULL;
    t->channels = t->channel_cap = 0;
    t->last_used = NULL;
    mem_free(beep_mem(t), t->gone);
    t->gone = NULL;
    t->gones = 0;
}

bool beep_channel_gone(const struct track_beep *t, uint32_t number, int side)
{
    for (size_t i = 0; i < t->gones && i < BEEP_GONE; i++) {
        if (t->gone[i].number == number && t->gone[i].side == side) return true;
    }
    return false;
}

/* --- for those who send -------------------------------------------------------------------------------------------------------- */

struct beep_channel *track_beep_channel(const struct track_beep *t, uint32_t number)
{
    struct beep_channel *c = beep_channel_find(t, number);
    if (!c) return NULL;
    switch ((enum beep_channel_state)c->fsm.state) {
    case BEEP_CS_OPEN:
    case BEEP_CS_CLOSING:
    case BEEP_CS_CROSSED:
    case BEEP_CS_LOST: return c; /* something about it was wrong; it is there all the same */
    case BEEP_CS_NONE:
    case BEEP_CS_STARTING:
    case BEEP_CS_OWED:
    case BEEP_CS_CLOSED:
    case BEEP_CS_COUNT: break;
    }
    return NULL;
}

enum beep_session_state track_beep_session(const struct track_beep *t)
{
    return (enum beep_session_state)t->session.state;
}

enum beep_tuning_state track_beep_tuning(const struct track_beep *t)
{
    return (enum beep_tuning_state)t->tuning.state;
}

uint32_t beep_window(const struct beep_channel *c, int side)
{
    const struct beep_dir *d = &c->dir[side];
    return d->edge > d->next ? (uint32_t)(d->edge - d->next) : 0;
}

uint32_t beep_free_msgno(const struct beep_channel *c, int side)
{
    const struct beep_dir *d = &c->dir[side];
    for (uint64_t n = d->msgs + 1;; n++) {
        uint32_t m = (uint32_t)(n % ((uint64_t)BEEP_NUMBER_MAX + 1));
        bool used = false;
        for (size_t i = 0; i < d->xs && !used; i++)
            used = d->x[d->x_from + i].msgno == m;
        if (!used) return m;
    }
}

static bool start_pending(const struct track_beep *t, uint32_t number)
{
    const struct beep_channel *zero = beep_channel_find(t, 0);
    for (int side = 0; zero && side < 2; side++) {
        const struct beep_dir *d = &zero->dir[side];
        for (size_t i = 0; i < d->xs; i++) {
            const struct beep_exchange *x = &d->x[d->x_from + i];
            if (x->ask == BEEP_ASK_START && x->number == number) return true;
        }
    }
    return false;
}

uint32_t track_beep_free_channel(const struct track_beep *t, int side)
{
    uint32_t n = side == 0 ? 1 : 2;
    /* channels are sorted: walk along them */
    for (size_t i = 0; i < t->channels; i++) {
        if (t->channel[i]->number == n) n += 2;
    }
    while (n <= BEEP_NUMBER_MAX && (beep_channel_find(t, n) || start_pending(t, n)))
        n += 2;
    return n <= BEEP_NUMBER_MAX ? n : 0;
}

const struct beep_exchange *beep_owed(const struct beep_channel *c, int side)
{
    const struct beep_dir *d = &c->dir[!side];
    for (size_t i = 0; i < d->xs; i++) {
        const struct beep_exchange *x = &d->x[d->x_from + i];
        if (x->fsm.state != BEEP_XS_CUT) return x;
    }
    return NULL;
}

struct beep_exchange *beep_exchange_of(const struct beep_channel *c, int side, uint32_t msgno)
{
    return beep_exchange_find(&c->dir[side], msgno, false);
}

bool beep_waits(const struct beep_channel *c, int side)
{
    return c->dir[side].xs > 0;
}

bool beep_quiet(const struct beep_channel *c)
{
    return !c->dir[0].xs && !c->dir[1].xs && !c->dir[0].unfinished && !c->dir[1].unfinished;
}

void track_beep_allowed(const struct track_beep *t, int side, char *out, size_t n)
{
    size_t at = 0;
    uint32_t set = fsm_legal(&t->session, side, NULL);
    out[0] = 0;
    for (unsigned e = 0; e < BEEP_SE_COUNT; e++) {
        if (!(set >> e & 1)) continue;
        int w = snprintf(out + at, n - at, "%s%s", at ? ", " : "", beep_session_machine.events[e]);
        if (w < 0 || (size_t)w >= n - at) return;
        at += (size_t)w;
    }
    for (size_t i = 0; i < t->channels && at < n; i++) {
        const struct beep_exchange *x = beep_owed(t->channel[i], side);
        if (!x || x->ask == BEEP_ASK_GREETING) continue;
        int w = snprintf(out + at, n - at, "%sreply %u %u", at ? ", " : "", (unsigned)t->channel[i]->number, (unsigned)x->msgno);
        if (w < 0 || (size_t)w >= n - at) return;
        at += (size_t)w;
    }
}
