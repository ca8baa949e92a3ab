/* SPDX-License-Identifier: MIT */
#include "codec/parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void parts_init(struct parts *p, const struct mem *mem, size_t max)
{
    *p = (struct parts){.cut = SIZE_MAX};
    buf_init(&p->octets, mem, max);
}

void parts_done(struct parts *p)
{
    mem_free(p->octets.mem, p->part);
    buf_done(&p->octets);
    p->part = NULL;
    p->n = p->cap = 0;
}

void parts_clear(struct parts *p)
{
    p->n = 0;
    p->cut = SIZE_MAX;
    buf_clear(&p->octets);
}

static err room(struct parts *p, size_t more)
{
    if (p->n + more > PARTS_MAX) return ERR_LIMIT;
    if (p->n + more <= p->cap) return OK;
    size_t cap = p->cap ? p->cap * 2 : 32;
    while (cap < p->n + more)
        cap *= 2;
    struct part *q = mem_resize(p->octets.mem, p->part, cap * sizeof *q);
    if (!q) return ERR_MEM;
    p->part = q;
    p->cap = cap;
    return OK;
}

static err store(struct parts *p, slice octets, uint32_t *from)
{
    *from = (uint32_t)p->octets.n;
    return buf_add(&p->octets, octets);
}

err parts_add(struct parts *p, const char *line, const char *piece, slice octets)
{
    TRY(room(p, 1));
    struct part *q = &p->part[p->n];
    TRY(store(p, octets, &q->from));
    snprintf(q->line, sizeof q->line, "%s", line);
    q->piece = piece;
    q->n = (uint32_t)octets.n;
    p->n++;
    return OK;
}

slice parts_octets(const struct parts *p, size_t k)
{
    slice all = buf_slice(&p->octets);
    return slice_sub(all, p->part[k].from, p->part[k].from + p->part[k].n);
}

static size_t whole(const struct parts *p)
{
    size_t n = 0;
    for (size_t k = 0; k < p->n; k++)
        n += p->part[k].n;
    return n;
}

err parts_write(const struct parts *p, struct buf *out)
{
    size_t n = whole(p), done = 0;
    uint8_t *at;
    if (n > p->cut) n = p->cut;
    if (n == 0) return OK;
    TRY(buf_reserve(out, n, &at));
    for (size_t k = 0; done < n; k++) {
        slice s = slice_sub(parts_octets(p, k), 0, n - done);
        if (s.n) memcpy(at + done, s.p, s.n);
        done += s.n;
    }
    buf_added(out, n);
    return OK;
}

/* The run of pieces that a field names: [*from, *from + n), n is the result, 0 when there is none. */
static size_t find(const struct parts *p, const char *field, size_t *from)
{
    const char *dot = strchr(field, '.');
    size_t line_n = dot ? (size_t)(dot - field) : strlen(field);
    *from = 0;
    if (strcmp(field, "all") == 0) return p->n;
    for (size_t k = 0; k < p->n; k++) {
        const struct part *q = &p->part[k];
        if (strlen(q->line) != line_n || memcmp(q->line, field, line_n) != 0) continue;
        if (dot && strcmp(q->piece, dot + 1) != 0) continue;
        *from = k;
        if (dot) return 1;
        size_t n = 1;
        while (k + n < p->n && strcmp(p->part[k + n].line, q->line) == 0)
            n++;
        return n;
    }
    return 0;
}

static err no_field(const struct parts *p, const char *field, char *why, size_t why_n)
{
    char names[512] = "";
    size_t at = 0;
    for (size_t k = 0; k < p->n && at + 40 < sizeof names; k++) {
        int n = snprintf(names + at, sizeof names - at, " %s.%s", p->part[k].line, p->part[k].piece);
        if (n > 0) at += (size_t)n;
    }
    if (why) snprintf(why, why_n, "no field %s in this message; it has%s", field, names);
    return ERR_USE;
}

static void remove_run(struct parts *p, size_t from, size_t n)
{
    memmove(&p->part[from], &p->part[from + n], (p->n - from - n) * sizeof *p->part);
    p->n -= n;
}

static err open_gap(struct parts *p, size_t at, size_t n)
{
    TRY(room(p, n));
    memmove(&p->part[at + n], &p->part[at], (p->n - at) * sizeof *p->part);
    p->n += n;
    return OK;
}

static err change_number(struct parts *p, size_t k, bool add, slice value, char *why, size_t why_n)
{
    uint64_t have, by;
    char text[24];
    if (!slice_number(parts_octets(p, k), UINT64_MAX, &have) || !slice_number(value, UINT64_MAX, &by)) {
        if (why)
            snprintf(why, why_n, "%s.%s is no number that could be added to", p->part[k].line,
                     p->part[k].piece);
        return ERR_USE;
    }
    int n = snprintf(text, sizeof text, "%llu", (unsigned long long)(add ? have + by : have - by));
    TRY(store(p, slice_of(text, (size_t)n), &p->part[k].from));
    p->part[k].n = (uint32_t)n;
    return OK;
}

static err swap_runs(struct parts *p, size_t a, size_t an, size_t b, size_t bn, char *why, size_t why_n)
{
    if (a > b) {
        size_t t = a, tn = an;
        a = b, an = bn;
        b = t, bn = tn;
    }
    if (a + an > b) {
        if (why) snprintf(why, why_n, "fields that share a piece cannot change places");
        return ERR_USE;
    }
    size_t span = b + bn - a;
    struct part *copy = mem_new(p->octets.mem, span * sizeof *copy);
    if (!copy) return ERR_MEM;
    size_t mid = b - a - an, at = 0;
    memcpy(copy + at, &p->part[b], bn * sizeof *copy);
    at += bn;
    memcpy(copy + at, &p->part[a + an], mid * sizeof *copy);
    at += mid;
    memcpy(copy + at, &p->part[a], an * sizeof *copy);
    memcpy(&p->part[a], copy, span * sizeof *copy);
    mem_free(p->octets.mem, copy);
    return OK;
}

static err cut(struct parts *p, slice value, char *why, size_t why_n)
{
    uint64_t n;
    bool from_end = value.n && value.p[0] == '-';
    if (!slice_number(slice_sub(value, from_end, value.n), UINT32_MAX, &n)) {
        if (why) snprintf(why, why_n, "cut wants a number of octets");
        return ERR_USE;
    }
    size_t all = whole(p);
    p->cut = !from_end ? n : n < all ? all - n : 0;
    return OK;
}

static err set_run(struct parts *p, size_t from, size_t n, slice value)
{
    uint32_t at;
    TRY(store(p, value, &at));
    if (n > 1) remove_run(p, from + 1, n - 1);
    p->part[from].from = at;
    p->part[from].n = (uint32_t)value.n;
    return OK;
}

err parts_change(struct parts *p, enum parts_op op, const char *field, const char *field2, slice value,
                 char *why, size_t why_n)
{
    size_t a = 0, an, b, bn;
    if (op == PARTS_CUT) return cut(p, value, why, why_n);
    an = find(p, field, &a);
    if (!an) return no_field(p, field, why, why_n);
    switch (op) {
    case PARTS_SET:
        return set_run(p, a, an, value);
    case PARTS_ADD:
    case PARTS_SUB:
        return change_number(p, a, op == PARTS_ADD, value, why, why_n);
    case PARTS_DROP:
        remove_run(p, a, an);
        return OK;
    case PARTS_DUP:
        TRY(open_gap(p, a, an));
        memcpy(&p->part[a], &p->part[a + an], an * sizeof *p->part);
        return OK;
    case PARTS_SWAP:
        bn = field2 ? find(p, field2, &b) : 0;
        if (!bn) return no_field(p, field2 ? field2 : "", why, why_n);
        return swap_runs(p, a, an, b, bn, why, why_n);
    case PARTS_INSERT: {
        uint32_t at;
        TRY(store(p, value, &at));
        TRY(open_gap(p, a, 1));
        p->part[a] = (struct part){.line = "new", .piece = "value", .from = at, .n = (uint32_t)value.n};
        return OK;
    }
    case PARTS_CUT:
        break;
    }
    return ERR_USE;
}
