/* SPDX-License-Identifier: MIT */
/* The profiles of tests: beep_echo sends back what it is sent, beep_many answers one MSG by many answers. */
#include <stdio.h>
#include <string.h>

#include "peer/beep_peer_impl.h"

enum {
    MANY_MAX = 100000,        /* answers to one MSG */
    MANY_SIZE_MAX = 1 << 20,  /* octets of one */
    MANY_PIECE = 2048,        /* octets of one answer before the other has its turn */
    ECHO_PIECE = 16384,       /* octets of one piece, so that a queue need not have room for all of a message */
    MANY_ASK_MAX = 256,       /* octets of a MSG that is understood */
    WAITING_MAX = 4096        /* MSGs that wait for room: as many as a tracker lets be without an answer */
};

/* --- what both need ---------------------------------------------------------------------------------------------------- */

/* A MSG that is complete and not answered. */
struct asked {
    struct asked *next;
    uint32_t msgno;
    bool bad;         /* too long, or not understood */
    bool told;        /* text is the error that says so */
    struct buf text;  /* echo: all of it, what went out taken away */
    uint32_t count, size;         /* many */
    uint32_t next_answer, at[2];  /* answers next_answer and the one behind it; octets of each that went */
    uint8_t turn;
};
struct state {
    struct asked *first, **end;
    size_t waiting;
    size_t held;      /* octets of those that wait */
    struct buf part;  /* the MSG that comes now */
    bool part_bad, busy;
};

static const struct mem *mem_of(const struct beep_bound *b)
{
    return b->peer->e.env->mem;
}

static void start_with(struct beep_bound *b, size_t most, struct beep_refusal *no)
{
    struct state *s = mem_new(mem_of(b), sizeof *s);
    b->state = s;
    if (!s) {
        *no = (struct beep_refusal){451, "out of memory"};
        return;
    }
    s->end = &s->first;
    buf_init(&s->part, mem_of(b), most);
}

static void take_out(struct beep_bound *b, struct state *s)
{
    struct asked *a = s->first;
    s->first = a->next;
    if (!s->first) s->end = &s->first;
    s->waiting--;
    s->held -= a->text.n;
    buf_done(&a->text);
    mem_free(mem_of(b), a);
}

static void closed(struct beep_bound *b, uint64_t now)
{
    struct state *s = b->state;
    (void)now;
    if (!s) return;
    while (s->first)
        take_out(b, s);
    buf_done(&s->part);
    mem_free(mem_of(b), s);
    b->state = NULL;
}

static void error_text(const struct beep_bound *b, uint16_t code, const char *text, struct buf *out, uint64_t now)
{
    struct beep_el el = beep_peer_error(b->peer, code, text);
    err e = beep_mgmt_write(&el, BEEP_CDATA, out);
    if (e != OK) beep_peer_broken(b->peer, e, now);
}

/* Collects a MSG; the complete one as something to be answered, NULL before. */
static struct asked *collect(struct beep_bound *b, uint32_t msgno, slice octets, bool last, uint64_t now)
{
    struct state *s = b->state;
    if (!s->part_bad && buf_add(&s->part, octets) != OK) {
        s->part_bad = true;
        buf_shrink(&s->part);
    }
    if (!last) return NULL;
    struct asked *a = s->waiting < WAITING_MAX ? mem_new(mem_of(b), sizeof *a) : NULL;
    if (!a) {
        beep_peer_broken(b->peer, ERR_MEM, now);
        return NULL;
    }
    *a = (struct asked){.msgno = msgno, .bad = s->part_bad, .text = s->part};
    s->part_bad = false;
    buf_init(&s->part, mem_of(b), a->text.max);
    *s->end = a;
    s->end = &a->next;
    s->waiting++;
    s->held += a->text.n;
    return a;
}

/* --- echo ------------------------------------------------------------------------------------------------------------------ */

static void echo_start(struct beep_bound *b, slice init, struct buf *answer, struct beep_refusal *no, uint64_t now)
{
    (void)now;
    start_with(b, b->peer->e.env->limits.content, no);
    if (!no->code && buf_add(answer, init) != OK) { /* what stands in the start comes back as well */
        closed(b, now);
        *no = (struct beep_refusal){451, "out of memory"};
    }
}

static void echo_started(struct beep_bound *b, slice answer, const struct beep_refusal *no, uint64_t now)
{
    struct beep_refusal failed = {0};
    (void)answer;
    if (no->code) return;
    start_with(b, b->peer->e.env->limits.content, &failed);
    if (failed.code) beep_peer_broken(b->peer, ERR_MEM, now);
}

/* A MSG that is answered by an error instead. */
static err refuse_one(struct beep_bound *b, struct asked *a, uint16_t code, const char *text, uint64_t now)
{
    if (!a->told) {
        buf_done(&a->text);
        buf_init(&a->text, mem_of(b), PEER_ELEMENT_MAX);
        error_text(b, code, text, &a->text, now);
        a->told = true;
    }
    return beep_peer_reply(b, BEEP_ERR, a->msgno, 0, buf_slice(&a->text), true, now);
}

static err echo_one(struct beep_bound *b, struct asked *a, uint64_t now)
{
    if (a->bad) return refuse_one(b, a, 554, "message is too long", now);
    for (;;) {
        slice piece = slice_sub(buf_slice(&a->text), 0, ECHO_PIECE);
        bool last = piece.n == a->text.n;
        size_t room = beep_mux_room(&b->peer->m, b->channel);
        if (piece.n > room && room) {
            piece.n = room;
            last = false;
        }
        TRY(beep_peer_reply(b, BEEP_RPY, a->msgno, 0, piece, last, now));
        if (last) return OK;
        buf_take(&a->text, piece.n);
    }
}

/* Answers what there is room for.  While something waits the peer gets no window. */
static void echo_room(struct beep_bound *b, uint64_t now)
{
    struct state *s = b->state;
    err e = OK;
    if (!s || s->busy) return;
    s->busy = true;
    while (s->first && e == OK) {
        s->held -= s->first->text.n; /* an error may take its place */
        e = echo_one(b, s->first, now);
        s->held += s->first->text.n;
        if (e != ERR_LIMIT) take_out(b, s);
    }
    s->busy = false;
    beep_peer_hold(b, s->first != NULL);
    if (s->first) return;
    err c = beep_peer_consumed(b, SIZE_MAX);
    if (c != OK) beep_peer_broken(b->peer, c, now);
}

static void echo_octets(struct beep_bound *b, enum beep_keyword keyword, uint32_t msgno, uint32_t ansno, slice octets, bool last,
                        uint64_t now)
{
    struct state *s = b->state;
    (void)ansno;
    if (keyword != BEEP_MSG || !s) return;
    /* who goes on without a window fills no memory of ours: twice the longest message, then no more */
    if (s->held + s->part.n + octets.n > 2 * b->peer->e.env->limits.content) {
        beep_peer_tell(b->peer, "peer sends beyond its window, and does not read");
        beep_peer_terminate(b->peer, now);
        return;
    }
    if (collect(b, msgno, octets, last, now)) echo_room(b, now);
}

const struct beep_profile beep_echo = {.uri = BEEP_URI_ECHO,
                                       .start = echo_start,
                                       .started = echo_started,
                                       .octets = echo_octets,
                                       .room = echo_room,
                                       .closed = closed};

/* --- many ------------------------------------------------------------------------------------------------------------------ */

static void many_start(struct beep_bound *b, slice init, struct buf *answer, struct beep_refusal *no, uint64_t now)
{
    (void)init;
    (void)answer;
    (void)now;
    start_with(b, MANY_ASK_MAX, no);
}

static void many_started(struct beep_bound *b, slice answer, const struct beep_refusal *no, uint64_t now)
{
    struct beep_refusal failed = {0};
    (void)answer;
    if (no->code) return;
    start_with(b, MANY_ASK_MAX, &failed);
    if (failed.code) beep_peer_broken(b->peer, ERR_MEM, now);
}

static bool word(slice *rest, const char *is, uint64_t max, uint32_t *out)
{
    slice w = slice_str(is);
    uint64_t n;
    *rest = slice_trim(*rest);
    if (!slice_starts(*rest, w)) return false;
    *rest = slice_sub(*rest, w.n, rest->n);
    if (!slice_starts(*rest, SLICE_LIT(" "))) return false;
    *rest = slice_trim(*rest);
    size_t end = slice_find(*rest, SLICE_LIT(" "));
    if (!slice_number(slice_sub(*rest, 0, end), max, &n)) return false;
    *rest = slice_sub(*rest, end, rest->n);
    *out = (uint32_t)n;
    return true;
}

static void understand(struct asked *a)
{
    struct beep_mime m;
    if (a->bad || beep_mime_read(buf_slice(&a->text), &m) != OK) {
        a->bad = true;
        return;
    }
    slice body = m.body;
    while (body.n && (body.p[body.n - 1] == '\n' || body.p[body.n - 1] == '\r'))
        body.n--;
    a->bad = !word(&body, "count", MANY_MAX, &a->count) || !word(&body, "size", MANY_SIZE_MAX, &a->size) || slice_trim(body).n;
}

/* Octets of an answer: an empty line, then a letter that tells answers apart. */
static void answer_octets(uint32_t ansno, uint32_t from, uint8_t *out, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        out[i] = from + i == 0 ? '\r' : from + i == 1 ? '\n' : (uint8_t)('a' + ansno % 26);
}

/* One piece of one of the two answers that are under way. */
static err many_piece(struct beep_bound *b, struct asked *a, uint64_t now)
{
    uint8_t octets[MANY_PIECE];
    uint32_t all = a->size + 2;
    uint32_t pair = a->next_answer + 1 < a->count ? 2 : 1;
    uint8_t turn = a->turn < pair && a->at[a->turn] < all ? a->turn : (uint8_t)!a->turn;
    uint32_t left = all - a->at[turn], n = left < MANY_PIECE ? left : MANY_PIECE;
    answer_octets(a->next_answer + turn, a->at[turn], octets, n);
    TRY(beep_peer_reply(b, BEEP_ANS, a->msgno, a->next_answer + turn, slice_of(octets, n), n == left, now));
    a->at[turn] += n;
    a->turn = !turn;
    if (a->at[0] < all || (pair == 2 && a->at[1] < all)) return OK;
    a->next_answer += pair;
    a->at[0] = a->at[1] = 0;
    a->turn = 0;
    return OK;
}

static err many_one(struct beep_bound *b, struct asked *a, uint64_t now)
{
    if (a->bad) return refuse_one(b, a, 501, "count N size S is expected", now);
    while (a->next_answer < a->count)
        TRY(many_piece(b, a, now));
    return beep_peer_reply(b, BEEP_NUL, a->msgno, 0, SLICE_NONE, true, now);
}

static void many_room(struct beep_bound *b, uint64_t now)
{
    struct state *s = b->state;
    err e = OK;
    if (!s || s->busy) return;
    s->busy = true;
    while (s->first && e == OK) {
        s->held -= s->first->text.n; /* an error may take its place */
        e = many_one(b, s->first, now);
        s->held += s->first->text.n;
        if (e != ERR_LIMIT) take_out(b, s);
    }
    s->busy = false;
}

static void many_octets(struct beep_bound *b, enum beep_keyword keyword, uint32_t msgno, uint32_t ansno, slice octets, bool last,
                        uint64_t now)
{
    (void)ansno;
    if (keyword != BEEP_MSG || !b->state) return;
    struct asked *a = collect(b, msgno, octets, last, now);
    if (!a) return;
    understand(a);
    many_room(b, now);
}

const struct beep_profile beep_many = {.uri = BEEP_URI_MANY,
                                       .start = many_start,
                                       .started = many_started,
                                       .octets = many_octets,
                                       .room = many_room,
                                       .closed = closed};
