/* SPDX-License-Identifier: MIT */
/* The writing side of beep_frame. */
#include <string.h>

#include "codec/beep_frame_scan.h"

const char *const beep_keyword_names[BEEP_KEYWORDS] = {"MSG", "RPY", "ERR", "ANS", "NUL", "SEQ"};

#define SP SLICE_LIT(" ")

/* A number as its digits, in memory of the caller. */
struct decimal {
    uint8_t text[10];
};

static slice decimal(uint32_t v, struct decimal *d)
{
    uint8_t *p = d->text + sizeof d->text;
    do {
        *--p = (uint8_t)('0' + v % 10);
        v /= 10;
    } while (v);
    return slice_of(p, (size_t)(d->text + sizeof d->text - p));
}

static err add_number(struct parts *p, const char *sp, const char *piece, uint32_t v)
{
    struct decimal d;
    TRY(parts_add(p, "head", sp, SP));
    return parts_add(p, "head", piece, decimal(v, &d));
}

static err add_payload(const struct beep_frame *f, const struct parts *payload, struct parts *out)
{
    if (!payload) return parts_add(out, "payload", "value", f->payload);
    for (size_t k = 0; k < payload->n; k++)
        TRY(parts_add(out, payload->part[k].line, payload->part[k].piece, parts_octets(payload, k)));
    return OK;
}

static err payload_size(const struct beep_frame *f, const struct parts *payload, uint32_t *size)
{
    size_t n = f->payload.n;
    if (payload) {
        n = 0;
        for (size_t k = 0; k < payload->n; k++)
            n += payload->part[k].n;
    }
    if (n > BEEP_NUMBER_MAX) return ERR_LIMIT;
    *size = (uint32_t)n;
    return OK;
}

err beep_frame_compose(const struct beep_frame *f, const struct parts *payload, struct parts *out)
{
    uint32_t size;
    if ((unsigned)f->keyword >= BEEP_KEYWORDS) return ERR_USE;
    TRY(payload_size(f, payload, &size));
    TRY(parts_add(out, "head", "keyword", slice_str(beep_keyword_names[f->keyword])));
    TRY(add_number(out, "sp", "channel", f->channel));
    if (f->keyword == BEEP_SEQ) {
        TRY(add_number(out, "sp2", "ackno", f->seqno));
        TRY(add_number(out, "sp3", "window", f->size));
        return parts_add(out, "head", "eol", SLICE_LIT("\r\n"));
    }
    TRY(add_number(out, "sp2", "msgno", f->msgno));
    TRY(parts_add(out, "head", "sp3", SP));
    TRY(parts_add(out, "head", "more", f->more ? SLICE_LIT("*") : SLICE_LIT(".")));
    TRY(add_number(out, "sp4", "seqno", f->seqno));
    TRY(add_number(out, "sp5", "size", size));
    if (f->keyword == BEEP_ANS) TRY(add_number(out, "sp6", "ansno", f->ansno));
    TRY(parts_add(out, "head", "eol", SLICE_LIT("\r\n")));
    TRY(add_payload(f, payload, out));
    TRY(parts_add(out, "trailer", "word", SLICE_LIT("END")));
    return parts_add(out, "trailer", "eol", SLICE_LIT("\r\n"));
}

static uint8_t *put(uint8_t *at, slice s)
{
    if (s.n) memcpy(at, s.p, s.n);
    return at + s.n;
}

static uint8_t *put_number(uint8_t *at, uint32_t v)
{
    struct decimal d;
    *at++ = ' ';
    return put(at, decimal(v, &d));
}

/* Without pieces: a busy peer writes a great many.  A test holds it against beep_frame_compose. */
err beep_frame_write(const struct beep_frame *f, struct buf *out)
{
    uint8_t head[BEEP_HEAD_MAX], *at = head, *to;
    uint32_t size;
    if ((unsigned)f->keyword >= BEEP_KEYWORDS) return ERR_USE;
    TRY(payload_size(f, NULL, &size));
    at = put(at, slice_of(beep_keyword_names[f->keyword], 3));
    at = put_number(at, f->channel);
    if (f->keyword == BEEP_SEQ) {
        at = put_number(put_number(at, f->seqno), f->size);
    } else {
        at = put(put_number(at, f->msgno), f->more ? SLICE_LIT(" *") : SLICE_LIT(" ."));
        at = put_number(put_number(at, f->seqno), size);
        if (f->keyword == BEEP_ANS) at = put_number(at, f->ansno);
    }
    at = put(at, SLICE_LIT("\r\n"));
    slice line = slice_of(head, (size_t)(at - head));
    if (f->keyword == BEEP_SEQ) return buf_add(out, line);
    size_t n = line.n + f->payload.n + BEEP_TRAILER_N;
    TRY(buf_reserve(out, n, &to));
    put(put(put(to, line), f->payload), SLICE_LIT(BEEP_TRAILER));
    buf_added(out, n);
    return OK;
}
