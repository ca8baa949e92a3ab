/* SPDX-License-Identifier: MIT */
#include "io/store_scan.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { TIME_N = 27, CRC_N = 8, WINDOW = 64 << 10 };

struct head {
    uint64_t number, us, length;
    slice type, from, crc; /* inside the line */
    size_t n;              /* octets of the line with its LF */
};

/* ---- checksum: CRC-32 as in zip and PNG ---- */

void store_crc_init(struct store_crc *c)
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t v = i;
        for (int k = 0; k < 8; k++)
            v = v & 1 ? 0xedb88320u ^ (v >> 1) : v >> 1;
        c->t[i] = v;
    }
}

static uint32_t crc_add(const struct store_crc *c, uint32_t v, const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        v = c->t[(v ^ p[i]) & 0xff] ^ (v >> 8);
    return v;
}

/* Of everything in the record but the digits themselves: a changed number or time is damage too. */
static uint32_t record_crc(const struct store_crc *c, slice before, slice after, slice body)
{
    uint32_t v = crc_add(c, 0xffffffffu, before.p, before.n);
    v = crc_add(c, v, after.p, after.n);
    v = crc_add(c, v, body.p, body.n);
    return ~v;
}

/* ---- time ---- */

static void time_write(uint64_t us, char out[TIME_N + 13])
{
    const uint64_t year_10000 = 253402300800u;
    if (us / 1000000 >= year_10000) us = year_10000 * 1000000 - 1;
    time_t t = (time_t)(us / 1000000);
    struct tm tm;
    char day[24];
    memset(&tm, 0, sizeof tm);
    gmtime_r(&t, &tm);
    strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(out, TIME_N + 13, "%s.%06uZ", day, (unsigned)(us % 1000000));
}

static bool time_read(slice s, uint64_t *us)
{
    static const char shape[] = "dddd-dd-ddTdd:dd:dd.ddddddZ";
    uint64_t v[7];
    if (s.n != TIME_N) return false;
    for (size_t i = 0; i < TIME_N; i++) {
        bool digit = s.p[i] >= '0' && s.p[i] <= '9';
        if (shape[i] == 'd' ? !digit : s.p[i] != (uint8_t)shape[i]) return false;
    }
    static const struct {
        uint8_t from, to;
    } part[7] = {{0, 4}, {5, 7}, {8, 10}, {11, 13}, {14, 16}, {17, 19}, {20, 26}};
    for (size_t i = 0; i < 7; i++)
        if (!slice_number(slice_sub(s, part[i].from, part[i].to), 999999, &v[i])) return false;
    if (v[0] < 1970 || v[1] < 1 || v[1] > 12 || v[2] < 1 || v[2] > 31 || v[3] > 23 || v[4] > 59 || v[5] > 60)
        return false;
    /* days since 1970 of a Gregorian date, March first: no library call that looks at the zone */
    uint64_t y = v[1] > 2 ? v[0] : v[0] - 1, m = v[1] > 2 ? v[1] - 3 : v[1] + 9;
    uint64_t days = y * 365 + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + v[2] - 1 - 719468;
    *us = (((days * 24 + v[3]) * 60 + v[4]) * 60 + v[5]) * 1000000 + v[6];
    return true;
}

/* ---- one record ---- */

static size_t word_write(char *out, slice s, bool blanks)
{
    if (s.n == 0) {
        *out = '-';
        return 1;
    }
    for (size_t i = 0; i < s.n; i++) {
        uint8_t c = s.p[i];
        bool plain = c > 0x20 && c < 0x7f;
        /* a blank at an end would be lost in reading back */
        if (c == ' ' && blanks && i && i + 1 < s.n) plain = true;
        out[i] = plain ? (char)c : '_';
    }
    return s.n;
}

err store_record_write(const struct store_crc *c, const struct store_record *r, uint64_t number,
                       struct buf *out)
{
    char a[STORE_HEAD_MAX], b[STORE_WORD_MAX + 16], at[TIME_N + 13], digits[CRC_N + 1];
    uint8_t *to;
    if (r->type.n > STORE_WORD_MAX || r->from.n > STORE_WORD_MAX || r->body.n > STORE_BODY_MAX)
        return ERR_LIMIT;
    time_write(r->us, at);
    size_t an = (size_t)snprintf(a, sizeof a, "alert %llu %s type ", (unsigned long long)number, at);
    an += word_write(a + an, r->type, true);
    an += (size_t)snprintf(a + an, sizeof a - an, " length %zu crc32 ", r->body.n);
    size_t bn = (size_t)snprintf(b, sizeof b, " from ");
    bn += word_write(b + bn, r->from, false);
    b[bn++] = '\n';
    snprintf(digits, sizeof digits, "%08x",
             (unsigned)record_crc(c, slice_of(a, an), slice_of(b, bn), r->body));

    size_t total = an + CRC_N + bn + r->body.n + 1;
    TRY(buf_reserve(out, total, &to)); /* all or nothing */
    memcpy(to, a, an);
    memcpy(to + an, digits, CRC_N);
    memcpy(to + an + CRC_N, b, bn);
    if (r->body.n) memcpy(to + an + CRC_N + bn, r->body.p, r->body.n);
    to[total - 1] = '\n';
    buf_added(out, total);
    return OK;
}

/* Takes the last blank-separated word off *rest. */
static slice last_word(slice *rest)
{
    size_t i = rest->n;
    while (i && rest->p[i - 1] != ' ')
        i--;
    slice w = slice_sub(*rest, i, rest->n);
    rest->n = i ? i - 1 : 0;
    return w;
}

static slice word_read(slice w)
{
    return w.n == 1 && w.p[0] == '-' ? SLICE_NONE : w;
}

/* From the right, because a media type may hold blanks and words like ours, and a peer's name may not. */
static bool head_read(slice line, struct head *h)
{
    const slice alert = SLICE_LIT("alert "), type = SLICE_LIT(" type ");
    if (!slice_starts(line, alert)) return false;
    slice rest = slice_sub(line, alert.n, line.n);
    size_t blank = slice_find(rest, SLICE_LIT(" "));
    if (!slice_number(slice_sub(rest, 0, blank), STORE_NUMBER_MAX, &h->number)) return false;
    rest = slice_sub(rest, blank + 1, rest.n);
    if (!time_read(slice_sub(rest, 0, TIME_N), &h->us)) return false;
    rest = slice_sub(rest, TIME_N, rest.n);
    if (!slice_starts(rest, type)) return false;
    rest = slice_sub(rest, type.n, rest.n);
    h->from = word_read(last_word(&rest));
    if (!slice_eq(last_word(&rest), SLICE_LIT("from"))) return false;
    h->crc = last_word(&rest);
    if (h->crc.n != CRC_N || !slice_eq(last_word(&rest), SLICE_LIT("crc32"))) return false;
    if (!slice_number(last_word(&rest), STORE_BODY_MAX, &h->length)) return false;
    if (!slice_eq(last_word(&rest), SLICE_LIT("length")) || rest.n == 0) return false;
    h->type = word_read(rest);
    h->n = line.n + 1;
    return true;
}

/* ---- the window on a file ---- */

void store_scan_init(struct store_scan *s, const struct mem *mem)
{
    *s = (struct store_scan){.mem = mem, .fd = -1};
    store_crc_init(&s->crc);
}

void store_scan_done(struct store_scan *s)
{
    mem_free(s->mem, s->p);
    s->p = NULL;
    s->n = s->cap = 0;
}

/* want octets from off on, fewer only at the end of the file. */
static err window(struct store_scan *s, uint64_t off, size_t want, slice *out)
{
    if (off >= s->size)
        want = 0;
    else if (want > s->size - off)
        want = (size_t)(s->size - off);
    if (off < s->off || off + want > s->off + s->n) {
        size_t room = want > WINDOW ? want : WINDOW;
        if (room > s->cap) {
            uint8_t *p = mem_resize(s->mem, s->p, room);
            if (!p) return ERR_MEM;
            s->p = p;
            s->cap = room;
        }
        size_t keep = 0;
        if (off >= s->off && off < s->off + s->n) {
            keep = (size_t)(s->off + s->n - off);
            memmove(s->p, s->p + (off - s->off), keep);
        }
        s->off = off;
        s->n = keep;
        while (s->n < want) {
            ssize_t got = pread(s->fd, s->p + s->n, s->cap - s->n, (off_t)(s->off + s->n));
            if (got < 0 && errno == EINTR) continue;
            if (got < 0) return ERR_SYS;
            if (got == 0) break; /* shorter than fstat said: somebody cut it meanwhile */
            s->n += (size_t)got;
        }
    }
    size_t from = (size_t)(off - s->off);
    *out = want ? slice_of(s->p + from, want < s->n - from ? want : s->n - from) : SLICE_NONE;
    return OK;
}

struct look {
    bool head_ok; /* the header line can be read; nothing is proven by that */
    bool ok;      /* the whole record checks */
    uint64_t end; /* where it ends, or says that it ends */
    struct store_record r;
};

static err look_at(struct store_scan *s, uint64_t off, struct look *l)
{
    slice in;
    struct head h;
    memset(l, 0, sizeof *l);
    TRY(window(s, off, STORE_HEAD_MAX, &in));
    size_t lf = slice_find(in, SLICE_LIT("\n"));
    if (lf == in.n || !head_read(slice_sub(in, 0, lf), &h)) return OK;
    l->head_ok = true;
    l->end = off + h.n + h.length + 1;
    l->r.number = h.number;
    if (l->end > s->size) return OK;
    TRY(window(s, off, (size_t)(l->end - off), &in));
    if (in.n != l->end - off || !head_read(slice_sub(in, 0, lf), &h)) return OK;
    char digits[CRC_N + 1];
    const uint8_t *after = h.crc.p + CRC_N;
    l->r = (struct store_record){.number = h.number,
                                 .us = h.us,
                                 .type = h.type,
                                 .from = h.from,
                                 .body = slice_sub(in, h.n, h.n + (size_t)h.length)};
    snprintf(digits, sizeof digits, "%08x",
             (unsigned)record_crc(&s->crc, slice_of(in.p, (size_t)(h.crc.p - in.p)),
                                  slice_of(after, (size_t)(in.p + h.n - after)), l->r.body));
    l->ok = in.p[in.n - 1] == '\n' && memcmp(digits, h.crc.p, CRC_N) == 0;
    return OK;
}

/* The next record that checks behind the damage at off; s->size when there is none. */
static err find_next(struct store_scan *s, uint64_t off, const struct look *bad, uint64_t *next)
{
    struct look l;
    slice in;
    *next = s->size;
    /* Where the header still reads right, its body is passed over whole: what stands in it was written by a
     * stranger. */
    if (bad->head_ok && bad->end == s->size) return OK;
    if (bad->head_ok && bad->end < s->size) {
        TRY(look_at(s, bad->end, &l));
        if (l.ok && l.r.number == bad->r.number + 1) {
            *next = bad->end;
            return OK;
        }
    }
    for (uint64_t at = off + 1; at < s->size;) {
        TRY(window(s, at, WINDOW, &in));
        size_t i = slice_find(in, SLICE_LIT("alert "));
        if (i == in.n) {
            if (in.n < WINDOW) return OK;
            at += in.n - 5; /* the word may lie across the edge */
            continue;
        }
        at += i;
        TRY(look_at(s, at, &l));
        if (l.ok && l.r.number > s->last && l.r.number - s->last <= UINT32_MAX) {
            *next = at;
            return OK;
        }
        uint64_t cost = l.head_ok && l.end <= s->size ? l.end - at : 1;
        if (cost > s->budget) return OK;
        s->budget -= cost;
        at++;
    }
    return OK;
}

/* A damaged tail may hold numbers that somebody was told; they are not given again. */
static err tail_numbers(struct store_scan *s, uint64_t off)
{
    uint64_t most = s->last + 1 + (s->size - off) / STORE_RECORD_MIN, seen = s->last + 1, number;
    slice in;
    for (uint64_t at = off; at < s->size;) {
        TRY(window(s, at, WINDOW, &in));
        size_t i = slice_find(in, SLICE_LIT("alert "));
        if (i == in.n) {
            if (in.n < WINDOW) break;
            at += in.n - 5;
            continue;
        }
        at += i + 6;
        TRY(window(s, at, 24, &in));
        slice digits = slice_sub(in, 0, slice_find(in, SLICE_LIT(" ")));
        if (slice_number(digits, most, &number) && number > seen) seen = number;
    }
    s->last = seen;
    return OK;
}

err store_scan_file(struct store_scan *s, int fd, bool is_last, uint64_t *good_end)
{
    struct stat st;
    struct look l;
    uint64_t off = 0;
    if (fstat(fd, &st) != 0) return ERR_SYS;
    s->fd = fd;
    s->off = s->n = 0;
    s->size = (uint64_t)st.st_size;
    s->budget = 4 * s->size + STORE_BODY_MAX;
    s->state.files++;
    while (off < s->size && !s->stopped) {
        TRY(look_at(s, off, &l));
        if (l.ok) {
            off = l.end;
            if (l.r.number > s->last) s->last = l.r.number;
            s->state.alerts++;
            if (s->each && !s->each(s->ctx, &l.r)) s->stopped = true;
            continue;
        }
        uint64_t next;
        TRY(find_next(s, off, &l, &next));
        if (next == s->size) {
            if (is_last)
                s->state.torn_octets += s->size - off;
            else
                s->state.bad_records++;
            TRY(tail_numbers(s, off));
            break;
        }
        s->state.bad_records++;
        off = next;
    }
    *good_end = off;
    return OK;
}
