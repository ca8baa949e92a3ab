/* SPDX-License-Identifier: MIT */
/* Where messages wait to be framed: a queue a channel, found by its number, in lines by what it has to do. */
#include <string.h>

#include "peer/beep_mux_impl.h"

enum { KEPT = 64 * 1024 }; /* octets of memory that a message which waits for its next piece may keep */

static const struct mem *mem_of(const struct beep_mux *m)
{
    return m->c->env->mem;
}

/* --- messages ------------------------------------------------------------------------------------------------------------- */

static void count(struct beep_mux *m, struct beep_queue *q, size_t n)
{
    q->queued += n;
    m->queued += n;
}

static void uncount(struct beep_mux *m, struct beep_queue *q, size_t n)
{
    q->queued -= n;
    m->queued -= n;
}

struct beep_out *beep_out_find(const struct beep_queue *q, bool msg, uint32_t msgno)
{
    struct beep_out *last = msg ? q->msg_last : q->reply_last;
    if (!last || msgno > (msg ? q->msg_high : q->reply_high)) return NULL;
    if (last->msgno == msgno) return last;
    for (struct beep_out *o = msg ? q->msg : q->reply; o; o = o->next)
        if (o->msgno == msgno) return o;
    return NULL;
}

size_t beep_out_cost(const struct beep_out *o, enum beep_keyword keyword)
{
    return (o ? 0 : sizeof *o) + (keyword == BEEP_ANS ? sizeof(struct beep_seg) : 0);
}

static void out_free(const struct mem *mem, struct beep_out *o)
{
    buf_done(&o->data);
    mem_free(mem, o->seg);
    mem_free(mem, o->open);
    mem_free(mem, o);
}

/* Room for one more piece of an answer. */
static err room_for_seg(const struct mem *mem, struct beep_out *o)
{
    if (o->seg_from + o->segs < o->seg_cap) return OK;
    if (o->seg_from > o->segs) { /* as many gone as there are to move */
        memmove(o->seg, o->seg + o->seg_from, o->segs * sizeof *o->seg);
        o->seg_from = 0;
        return OK;
    }
    size_t cap = o->seg_cap ? o->seg_cap * 2 : 4;
    struct beep_seg *grown = mem_resize(mem, o->seg, cap * sizeof *grown);
    if (!grown) return ERR_MEM;
    o->seg = grown;
    o->seg_cap = cap;
    return OK;
}

static size_t open_at(const struct beep_out *o, uint32_t ansno)
{
    size_t i = 0;
    while (i < o->opens && o->open[i] != ansno)
        i++;
    return i;
}

static err room_for_open(const struct mem *mem, struct beep_out *o)
{
    if (o->opens < o->open_cap) return OK;
    if (o->opens >= BEEP_ANSWERS_MAX) return ERR_LIMIT;
    size_t cap = o->open_cap ? o->open_cap * 2 : 4;
    uint32_t *grown = mem_resize(mem, o->open, cap * sizeof *grown);
    if (!grown) return ERR_MEM;
    o->open = grown;
    o->open_cap = cap;
    return OK;
}

static err add_answer(const struct mem *mem, struct beep_out *o, uint32_t ansno, slice octets, bool last)
{
    size_t at = open_at(o, ansno);
    struct beep_seg *tail = o->segs ? &o->seg[o->seg_from + o->segs - 1] : NULL;
    if (tail && (tail->ansno != ansno || tail->last)) tail = NULL;
    if (!tail) TRY(room_for_seg(mem, o));
    if (at == o->opens && !last) TRY(room_for_open(mem, o));
    TRY(buf_add(&o->data, octets));
    if (at == o->opens && !last) o->open[o->opens++] = ansno;
    else if (at < o->opens && last) o->open[at] = o->open[--o->opens];
    if (!tail) {
        o->seg[o->seg_from + o->segs++] = (struct beep_seg){ansno, (uint32_t)octets.n, last};
        return OK;
    }
    tail->n += (uint32_t)octets.n;
    tail->last = last;
    return OK;
}

static void link_out(struct beep_mux *m, struct beep_queue *q, struct beep_out *o)
{
    bool msg = o->keyword == BEEP_MSG;
    struct beep_out **first = msg ? &q->msg : &q->reply, **last = msg ? &q->msg_last : &q->reply_last;
    uint32_t *high = msg ? &q->msg_high : &q->reply_high;
    if (!*first || o->msgno > *high) *high = o->msgno;
    if (*last) (*last)->next = o;
    else *first = o;
    *last = o;
    o->stamp = ++m->stamp;
    q->messages++;
    m->messages++;
}

err beep_out_add(struct beep_mux *m, struct beep_queue *q, struct beep_out *o, enum beep_keyword keyword, uint32_t msgno, uint32_t ansno,
                 slice octets, bool last)
{
    const struct mem *mem = mem_of(m);
    bool answer = keyword == BEEP_ANS, fresh = !o;
    size_t had = o ? o->segs : 0;
    if (fresh) {
        o = mem_new(mem, sizeof *o);
        if (!o) return ERR_MEM;
        *o = (struct beep_out){.keyword = keyword == BEEP_NUL ? BEEP_ANS : keyword, .msgno = msgno};
        buf_init(&o->data, mem, m->setup->queue_max);
    }
    err e = answer ? add_answer(mem, o, ansno, octets, last) : buf_add(&o->data, octets);
    if (e != OK) {
        if (fresh) out_free(mem, o);
        return e;
    }
    if (last && !answer) o->ended = true;
    if (fresh) link_out(m, q, o);
    count(m, q, (fresh ? sizeof *o : 0) + octets.n + (o->segs - had) * sizeof *o->seg);
    return OK;
}

void beep_out_sent(struct beep_mux *m, struct beep_queue *q, struct beep_out *o, size_t n)
{
    size_t cost = n;
    buf_take(&o->data, n);
    if (!o->data.n && o->data.cap > KEPT) buf_shrink(&o->data);
    if (o->segs) {
        struct beep_seg *s = &o->seg[o->seg_from];
        s->n -= (uint32_t)n;
        if (!s->n) {
            o->seg_from++;
            if (!--o->segs) o->seg_from = 0;
            cost += sizeof *s;
        }
    }
    uncount(m, q, cost);
}

void beep_out_clear(struct beep_mux *m, struct beep_queue *q, struct beep_out *o)
{
    uncount(m, q, o->data.n + o->segs * sizeof *o->seg);
    buf_shrink(&o->data);
    o->segs = o->seg_from = 0;
}

void beep_out_drop(struct beep_mux *m, struct beep_queue *q, struct beep_out *o)
{
    bool msg = o->keyword == BEEP_MSG;
    struct beep_out **at = msg ? &q->msg : &q->reply, *before = NULL;
    while (*at != o) {
        before = *at;
        at = &before->next;
    }
    *at = o->next;
    if (msg && q->msg_last == o) q->msg_last = before;
    if (!msg && q->reply_last == o) q->reply_last = before;
    if (q->open == o) q->open = NULL;
    beep_out_clear(m, q, o);
    uncount(m, q, sizeof *o);
    q->messages--;
    m->messages--;
    out_free(mem_of(m), o);
}

/* --- lines ---------------------------------------------------------------------------------------------------------------- */

void beep_line_add(struct beep_mux *m, unsigned line, struct beep_queue *q)
{
    struct beep_line *l = &m->line[line];
    if (q->in[line]) return;
    q->in[line] = true;
    q->before[line] = l->last;
    q->behind[line] = NULL;
    if (l->last) l->last->behind[line] = q;
    else l->first = q;
    l->last = q;
}

void beep_line_leave(struct beep_mux *m, unsigned line, struct beep_queue *q)
{
    struct beep_line *l = &m->line[line];
    if (!q->in[line]) return;
    q->in[line] = false;
    if (q->before[line]) q->before[line]->behind[line] = q->behind[line];
    else l->first = q->behind[line];
    if (q->behind[line]) q->behind[line]->before[line] = q->before[line];
    else l->last = q->before[line];
}

/* --- queues --------------------------------------------------------------------------------------------------------------- */

/* Channel numbers of one side are all odd or all even. */
static size_t bucket_of(const struct beep_mux *m, uint32_t channel)
{
    return (channel ^ channel >> 16) & (m->buckets - 1);
}

struct beep_queue *beep_queue_find(const struct beep_mux *m, uint32_t channel)
{
    struct beep_queue *q = m->buckets ? m->bucket[bucket_of(m, channel)] : NULL;
    while (q && q->channel != channel)
        q = q->next;
    return q;
}

/* Twice the buckets once there are as many queues as buckets. */
static err room_for_queue(struct beep_mux *m)
{
    if (m->queues < m->buckets) return OK;
    size_t had = m->buckets, now = had ? had * 2 : 4;
    struct beep_queue **old = m->bucket, **b = mem_new(mem_of(m), now * sizeof *b);
    if (!b) return had ? OK : ERR_MEM; /* slower is good enough */
    m->bucket = b;
    m->buckets = now;
    for (size_t i = 0; i < had; i++) {
        struct beep_queue *next;
        for (struct beep_queue *q = old[i]; q; q = next) {
            struct beep_queue **at = &b[bucket_of(m, q->channel)];
            next = q->next;
            q->next = *at;
            *at = q;
        }
    }
    mem_free(mem_of(m), old);
    return OK;
}

err beep_queue_get(struct beep_mux *m, uint32_t channel, struct beep_queue **out)
{
    *out = beep_queue_find(m, channel);
    if (*out) return OK;
    TRY(room_for_queue(m));
    struct beep_queue *q = mem_new(mem_of(m), sizeof *q), **at = &m->bucket[bucket_of(m, channel)];
    if (!q) return ERR_MEM;
    *q = (struct beep_queue){.channel = channel, .next = *at};
    *at = q;
    m->queues++;
    *out = q;
    return OK;
}

static void queue_empty(struct beep_mux *m, struct beep_queue *q)
{
    while (q->msg)
        beep_out_drop(m, q, q->msg);
    while (q->reply)
        beep_out_drop(m, q, q->reply);
}

void beep_queue_drop(struct beep_mux *m, struct beep_queue *q)
{
    struct beep_queue **at = &m->bucket[bucket_of(m, q->channel)];
    queue_empty(m, q);
    beep_line_leave(m, BEEP_LINE_FRAMES, q);
    beep_line_leave(m, BEEP_LINE_SEQ, q);
    while (*at != q)
        at = &(*at)->next;
    *at = q->next;
    m->queues--;
    mem_free(mem_of(m), q);
}

void beep_queues_drop(struct beep_mux *m)
{
    for (size_t i = 0; i < m->buckets; i++) {
        while (m->bucket[i])
            beep_queue_drop(m, m->bucket[i]);
    }
    mem_free(mem_of(m), m->bucket);
    m->bucket = NULL;
    m->buckets = 0;
}

void beep_queue_each(struct beep_mux *m, void (*f)(struct beep_mux *m, struct beep_queue *q))
{
    for (size_t i = 0; i < m->buckets; i++) {
        for (struct beep_queue *q = m->bucket[i]; q; q = q->next)
            f(m, q);
    }
}
