/* SPDX-License-Identifier: MIT */
/* Reading frames.  A header is judged from left to right, octet by octet, and the first octet that no good
 * header could have there decides: so the verdict is there as early as it can be, and is the same however the
 * octets were cut. */
#include <string.h>

#include "codec/beep_frame_scan.h"

/* A header being read. */
struct scan {
    slice in; /* no more than BEEP_HEAD_MAX octets */
    size_t at;
    struct beep_frame *f;
};

/* A field that is a number: what it may be and what it is called when it is not. */
struct number {
    uint32_t max;
    enum beep_fault_code form, range;
    uint32_t value;
    size_t from; /* its first octet */
};

err beep_frame_stop(struct beep_frame *f, enum beep_fault_code code, size_t at, err e)
{
    if (f->note_n < BEEP_FRAME_NOTES) f->note_n++;
    memmove(f->note + 1, f->note, (f->note_n - 1) * sizeof *f->note);
    f->note[0] = (struct beep_note){code, (uint32_t)at};
    return e;
}

static void note(struct beep_frame *f, enum beep_fault_code code, size_t at)
{
    if (f->note_n < BEEP_FRAME_NOTES) f->note[f->note_n++] = (struct beep_note){code, (uint32_t)at};
}

static err bad(struct scan *s, enum beep_fault_code code)
{
    return beep_frame_stop(s->f, code, s->at, ERR_PEER);
}

/* The octets are used up: one that is still to come, or a header that no limit holds. */
static err out_of_octets(struct scan *s)
{
    return s->at < BEEP_HEAD_MAX ? ERR_MORE : bad(s, BEEP_F_HEAD_LONG);
}

static enum beep_fault_code field_count(const struct scan *s)
{
    return s->f->keyword == BEEP_SEQ ? BEEP_F_SEQ_FORM : BEEP_F_FIELDS;
}

/* As a capital, when it is a letter. */
static uint8_t upper(uint8_t c)
{
    return c >= 'a' && c <= 'z' ? (uint8_t)(c - 'a' + 'A') : c;
}

/* Passes the keyword; told at the first octet that none of them has there in either case.  In another case it is a fault of its own (BEEP-D21). */
static err keyword(struct scan *s)
{
    unsigned left = (1u << BEEP_KEYWORDS) - 1; /* those that are still possible */
    size_t small = 3;                          /* the first letter in the wrong case */
    for (; s->at < 3; s->at++) {
        if (s->at == s->in.n) return ERR_MORE;
        uint8_t c = s->in.p[s->at];
        for (unsigned k = 0; k < BEEP_KEYWORDS; k++) {
            if ((uint8_t)beep_keyword_names[k][s->at] != upper(c)) left &= ~(1u << k);
        }
        if (!left) return bad(s, BEEP_F_KEYWORD);
        if (c != upper(c) && small == 3) small = s->at;
    }
    if (small < 3) {
        s->at = small;
        return bad(s, BEEP_F_KEYWORD_CASE);
    }
    unsigned k = 0;
    while (!(left >> k & 1u))
        k++;
    s->f->keyword = (enum beep_keyword)k;
    return OK;
}

/* Passes the SP that has to stand between two fields.  other: the fault of an octet that would have made what
 * is in front of it something else. */
static err blank(struct scan *s, enum beep_fault_code other)
{
    if (s->at == s->in.n) return out_of_octets(s);
    switch (s->in.p[s->at]) {
    case ' ':
        s->at++;
        return OK;
    case '\t':
        return bad(s, BEEP_F_BLANKS);
    case '\r':
        return bad(s, field_count(s));
    case '\n':
        return bad(s, BEEP_F_HEAD_EOL);
    default:
        return bad(s, other);
    }
}

/* The end of the line.  A SP there begins a field too many or is one too many: which of both cannot be told
 * from it. */
static err eol(struct scan *s, enum beep_fault_code other)
{
    if (s->at == s->in.n) return out_of_octets(s);
    switch (s->in.p[s->at]) {
    case '\r':
        break;
    case ' ':
        return bad(s, field_count(s));
    case '\t':
        return bad(s, BEEP_F_BLANKS);
    case '\n':
        return bad(s, BEEP_F_HEAD_EOL);
    default:
        return bad(s, other);
    }
    if (++s->at == s->in.n) return out_of_octets(s);
    if (s->in.p[s->at] != '\n') return bad(s, BEEP_F_HEAD_EOL);
    s->at++;
    return OK;
}

/* The first octet of a field is another than it may be. */
static err no_field(struct scan *s, enum beep_fault_code form)
{
    uint8_t c = s->in.p[s->at];
    return bad(s, c == ' ' || c == '\t' ? BEEP_F_BLANKS : c == '\n' ? BEEP_F_HEAD_EOL : form);
}

/* Passes a number, digits alone (2.2.1; BEEP-D10: zeros in front are noted, a sign is no digit). */
static err number(struct scan *s, struct number *n)
{
    n->from = s->at;
    n->value = 0;
    for (; s->at < s->in.n; s->at++) {
        unsigned d = (unsigned)s->in.p[s->at] - '0';
        if (d > 9) break;
        uint64_t v = (uint64_t)n->value * 10 + d;
        if (v > n->max) return bad(s, n->range);
        n->value = (uint32_t)v;
    }
    if (s->at == s->in.n) return out_of_octets(s);
    if (s->at == n->from) return no_field(s, n->form);
    if (s->in.p[n->from] == '0' && s->at - n->from > 1) note(s->f, BEEP_F_ZEROS, n->from);
    return OK;
}

static err field(struct scan *s, uint32_t max, enum beep_fault_code form, enum beep_fault_code range,
                 uint32_t *value)
{
    struct number n = {.max = max, .form = form, .range = range};
    TRY(number(s, &n));
    *value = n.value;
    return OK;
}

static err more(struct scan *s)
{
    if (s->at == s->in.n) return out_of_octets(s);
    uint8_t c = s->in.p[s->at];
    if (c != '.' && c != '*') return no_field(s, BEEP_F_MORE);
    s->f->more = c == '*';
    if (s->f->more && s->f->keyword == BEEP_NUL) return bad(s, BEEP_F_NUL_FORM);
    s->at++;
    return OK;
}

/* Behind the channel of SEQ (3081 3.1.3). */
static err seq(struct scan *s)
{
    struct beep_frame *f = s->f;
    TRY(field(s, UINT32_MAX, BEEP_F_SEQ_FORM, BEEP_F_SEQ_RANGE, &f->seqno));
    TRY(blank(s, BEEP_F_SEQ_FORM));
    TRY(field(s, BEEP_NUMBER_MAX, BEEP_F_SEQ_FORM, BEEP_F_SEQ_RANGE, &f->size));
    return eol(s, BEEP_F_SEQ_FORM);
}

/* The size, whose first octet is at *at: NUL may not have any, which its first digit but 0 shows. */
static err size(struct scan *s, size_t *at)
{
    *at = s->at;
    if (s->f->keyword != BEEP_NUL) return field(s, BEEP_NUMBER_MAX, BEEP_F_SIZE, BEEP_F_SIZE, &s->f->size);
    return field(s, 0, BEEP_F_SIZE, BEEP_F_NUL_FORM, &s->f->size);
}

/* Behind the channel of the others. */
static err data(struct scan *s, size_t max_payload)
{
    struct beep_frame *f = s->f;
    size_t size_at;
    TRY(field(s, BEEP_NUMBER_MAX, BEEP_F_MSGNO, BEEP_F_MSGNO, &f->msgno));
    TRY(blank(s, BEEP_F_MSGNO));
    TRY(more(s));
    TRY(blank(s, BEEP_F_MORE));
    TRY(field(s, UINT32_MAX, BEEP_F_SEQNO_FORM, BEEP_F_SEQNO_FORM, &f->seqno));
    TRY(blank(s, BEEP_F_SEQNO_FORM));
    TRY(size(s, &size_at));
    if (f->keyword == BEEP_ANS) {
        TRY(blank(s, BEEP_F_SIZE));
        size_t at = s->at;
        TRY(field(s, UINT32_MAX, BEEP_F_ANSNO, BEEP_F_ANSNO, &f->ansno));
        if (f->ansno > BEEP_NUMBER_MAX) note(f, BEEP_F_ANSNO_HIGH, at); /* BEEP-D01 */
        TRY(eol(s, BEEP_F_ANSNO));
    } else {
        TRY(eol(s, BEEP_F_SIZE));
    }
    return f->size > max_payload ? beep_frame_stop(f, BEEP_F_FRAME_LONG, size_at, ERR_LIMIT) : OK;
}

err beep_frame_head(slice in, size_t max_payload, struct beep_frame *f)
{
    struct scan s = {slice_sub(in, 0, BEEP_HEAD_MAX), 0, f};
    *f = (struct beep_frame){.keyword = BEEP_MSG};
    TRY(keyword(&s));
    TRY(blank(&s, BEEP_F_KEYWORD));
    TRY(field(&s, BEEP_NUMBER_MAX, BEEP_F_CHANNEL, BEEP_F_CHANNEL, &f->channel));
    TRY(blank(&s, BEEP_F_CHANNEL));
    err e = f->keyword == BEEP_SEQ ? seq(&s) : data(&s, max_payload);
    if (e == OK || e == ERR_LIMIT) f->head = (uint32_t)s.at;
    return e;
}

size_t beep_frame_total(const struct beep_frame *f)
{
    return f->keyword == BEEP_SEQ ? f->head : (size_t)f->head + f->size + BEEP_TRAILER_N;
}

err beep_frame_body(slice in, struct beep_frame *f, size_t *used)
{
    size_t end = f->head, small = 0; /* the first letter of the trailer in the wrong case */
    if (f->keyword != BEEP_SEQ) {
        if (in.n - f->head < f->size) return ERR_MORE;
        end += f->size;
        for (size_t i = 0; i < BEEP_TRAILER_N; i++, end++) {
            if (end == in.n) return ERR_MORE;
            if (upper(in.p[end]) != (uint8_t)BEEP_TRAILER[i]) return beep_frame_stop(f, BEEP_F_TRAILER, end, ERR_PEER);
            if (in.p[end] != (uint8_t)BEEP_TRAILER[i] && !small) small = end;
        }
        if (small) return beep_frame_stop(f, BEEP_F_TRAILER_CASE, small, ERR_PEER);
        f->payload = slice_sub(in, f->head, f->head + f->size);
    }
    f->raw = slice_sub(in, 0, end);
    *used = end;
    return OK;
}

err beep_frame_read(slice in, size_t max_payload, struct beep_frame *f, size_t *used)
{
    *used = 0;
    err e = beep_frame_head(in, max_payload, f);
    if (e == OK) e = beep_frame_body(in, f, used);
    if (e != OK) f->raw = in;
    return e;
}

/* --- a stream
 * -------------------------------------------------------------------------------------------------------------------
 */

void beep_reader_init(struct beep_reader *r, const struct env *env, size_t max_payload)
{
    /* what passes this is no payload that a header can announce */
    if (max_payload > BEEP_NUMBER_MAX) max_payload = BEEP_NUMBER_MAX;
    *r = (struct beep_reader){.env = env, .max_payload = max_payload};
    buf_init(&r->held, env->mem, max_payload + BEEP_HEAD_MAX + BEEP_TRAILER_N);
}

void beep_reader_done(struct beep_reader *r)
{
    buf_done(&r->held);
}

static void drop_used(struct beep_reader *r)
{
    if (!r->release) return;
    r->offset += r->release;
    r->release = 0;
    buf_shrink(&r->held); /* it never holds more than one frame; idle connections hold no memory */
}

/* Keeps why for the calls to come. */
static enum beep_read fail_with(struct beep_reader *r, err e, struct beep_frame *f)
{
    r->failed = e;
    r->now = *f;
    r->now.raw = r->now.payload = SLICE_NONE;
    return BEEP_READ_BAD;
}

static err hold(struct beep_reader *r, slice *in, size_t n)
{
    slice some = slice_sub(*in, 0, n);
    if (some.n) TRY(buf_add(&r->held, some));
    *in = slice_sub(*in, some.n, in->n);
    return OK;
}

/* The header: straight from the input, or from what was held and as much of the input as a header can have.
 */
static enum beep_read next_head(struct beep_reader *r, slice *in, struct beep_frame *f)
{
    slice all = *in;
    size_t before = r->held.n;
    bool straight = before == 0;
    if (all.n == 0) return BEEP_READ_MORE; /* an incomplete header was looked at when it came */
    if (!straight) {
        err e = hold(r, in, BEEP_HEAD_MAX - before);
        if (e != OK) return fail_with(r, beep_frame_stop(f, BEEP_F_LIMIT, 0, e), f);
    }
    slice octets = straight ? all : buf_slice(&r->held);
    err e = beep_frame_head(octets, r->max_payload, f);
    f->raw = octets;
    if (e == ERR_MORE) {
        if (straight && (e = hold(r, in, all.n)) != OK)
            return fail_with(r, beep_frame_stop(f, BEEP_F_LIMIT, 0, e), f);
        return BEEP_READ_MORE;
    }
    if (e != OK) return fail_with(r, e, f);
    size_t total = beep_frame_total(f);
    if (!straight && r->held.n > total) { /* what lies behind the frame came with this call and goes back */
        buf_unadd(&r->held, r->held.n - total);
        *in = slice_sub(all, total - before, all.n);
    }
    f->raw = slice_sub(octets, 0, total);
    r->now = *f;
    r->now.raw = SLICE_NONE;
    r->headed = true;
    return BEEP_READ_HEAD;
}

static enum beep_read next_body(struct beep_reader *r, slice *in, struct beep_frame *f)
{
    size_t used, total = beep_frame_total(&r->now);
    bool straight = r->held.n == 0;
    *f = r->now;
    if (!straight || in->n < total) {
        err e = hold(r, in, total - r->held.n);
        if (e != OK) return fail_with(r, beep_frame_stop(f, BEEP_F_LIMIT, 0, e), f);
        straight = false;
    }
    slice octets = straight ? *in : buf_slice(&r->held);
    err e = octets.n < f->head ? ERR_MORE : beep_frame_body(octets, f, &used);
    if (e == ERR_MORE) {
        f->raw = octets;
        return BEEP_READ_MORE;
    }
    if (e != OK) return fail_with(r, e, f);
    r->headed = false;
    if (straight) {
        *in = slice_sub(*in, used, in->n);
        r->offset += used;
    } else {
        r->release = used;
    }
    return BEEP_READ_FRAME;
}

enum beep_read beep_reader_next(struct beep_reader *r, slice *in, struct beep_frame *f, uint64_t *at)
{
    drop_used(r);
    *at = r->offset;
    if (r->failed != OK) {
        *f = r->now;
        return BEEP_READ_BAD;
    }
    if (r->headed) return next_body(r, in, f);
    *f = (struct beep_frame){.keyword = BEEP_MSG};
    return next_head(r, in, f);
}

bool beep_reader_inside(const struct beep_reader *r)
{
    return r->headed || r->held.n > r->release;
}

err beep_reader_rest(struct beep_reader *r, struct buf *out)
{
    drop_used(r);
    TRY(buf_add(out, buf_slice(&r->held)));
    r->offset += r->held.n;
    r->headed = false;
    buf_shrink(&r->held);
    return OK;
}
