/* SPDX-License-Identifier: MIT */
#include "base/base64.h"

#include <endian.h>
#include <string.h>

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

const char *base64_flaw_text(enum base64_flaw f)
{
    switch (f) {
    case BASE64_GOOD:
        return "";
    case BASE64_ALPHABET:
        return "an octet outside the alphabet of base64";
    case BASE64_LENGTH:
        return "base64 that is not whole groups of four";
    case BASE64_PADDING:
        return "padding of base64 at the wrong place";
    case BASE64_BITS:
        return "base64 with bits behind the last octet that are not zero";
    case BASE64_BLANK:
        return "white space in base64";
    }
    return "";
}

size_t base64_size(size_t n)
{
    return n / 3 * 4 + (n % 3 ? 4 : 0);
}

err base64_encode(slice in, struct buf *out)
{
    uint8_t *at;
    if (in.n > SIZE_MAX / 4) return ERR_LIMIT;
    size_t n = base64_size(in.n);
    if (n == 0) return OK;
    TRY(buf_reserve(out, n, &at));
    for (size_t i = 0; i < in.n; i += 3) {
        size_t have = in.n - i < 3 ? in.n - i : 3;
        uint32_t v = (uint32_t)in.p[i] << 16;
        if (have > 1) v |= (uint32_t)in.p[i + 1] << 8;
        if (have > 2) v |= in.p[i + 2];
        *at++ = (uint8_t)digits[v >> 18];
        *at++ = (uint8_t)digits[v >> 12 & 63];
        *at++ = have > 1 ? (uint8_t)digits[v >> 6 & 63] : '=';
        *at++ = have > 2 ? (uint8_t)digits[v & 63] : '=';
    }
    buf_added(out, n);
    return OK;
}

/* What an octet is worth at each place of a group: looked up and joined, as keys are long and records many.  NO_DIGIT is above all that digits make. */
#define NO_DIGIT (1u << 24)
#define BETWEEN(c, from, to) ((c) >= (from) && (c) <= (to))
#define DIGIT(c)                                                                                             \
    (BETWEEN(c, 'A', 'Z')   ? (c) - 'A'                                                                      \
     : BETWEEN(c, 'a', 'z') ? (c) - 'a' + 26                                                                 \
     : BETWEEN(c, '0', '9') ? (c) - '0' + 52                                                                 \
     : (c) == '+'           ? 62                                                                             \
     : (c) == '/'           ? 63                                                                             \
                            : -1)
#define WORTH(c, s) (DIGIT(c) < 0 ? NO_DIGIT : (uint32_t)DIGIT(c) << (s))
#define FOUR(c, s)  WORTH(c, s), WORTH((c) + 1, s), WORTH((c) + 2, s), WORTH((c) + 3, s)
#define ROW(c, s)   FOUR(c, s), FOUR((c) + 4, s), FOUR((c) + 8, s), FOUR((c) + 12, s)
#define ROWS(c, s)  ROW(c, s), ROW((c) + 16, s), ROW((c) + 32, s), ROW((c) + 48, s)
#define TABLE(s)    {ROWS(0, s), ROWS(64, s), ROWS(128, s), ROWS(192, s)}
static const uint32_t worth[4][256] = {TABLE(18), TABLE(12), TABLE(6), TABLE(0)};

static int value_of(uint8_t c)
{
    return worth[3][c] == NO_DIGIT ? -1 : (int)worth[3][c];
}

struct reading {
    uint8_t *to, *end; /* end: of what was reserved */
    uint32_t bits;
    size_t digits, pads, last; /* last: place of the last digit */
};

/* Whole groups of four digits from there on, two at a time, as far as there are nothing but those.  Gives how many octets of the text that was. */
static size_t groups(struct reading *r, slice text, size_t at)
{
    if (text.n - at < 4) return 0; /* it may be nowhere at all, too */
    const uint8_t *from = text.p + at, *p = from, *end = text.p + text.n;
    uint8_t *to = r->to;
    for (; end - p >= 8 && r->end - to >= 8; p += 8, to += 6) { /* two octets too many are written, and written over */
        uint32_t v = worth[0][p[0]] | worth[1][p[1]] | worth[2][p[2]] | worth[3][p[3]];
        uint32_t w = worth[0][p[4]] | worth[1][p[5]] | worth[2][p[6]] | worth[3][p[7]];
        if ((v | w) >= NO_DIGIT) break;
        uint64_t both = htobe64((uint64_t)v << 40 | (uint64_t)w << 16);
        memcpy(to, &both, sizeof both);
    }
    size_t n = (size_t)(p - from);
    r->to = to;
    r->digits += n;
    if (n) r->last = at + n - 1;
    return n;
}

/* One octet of the text that is no blank. */
static enum base64_flaw take(struct reading *r, uint8_t c, size_t at)
{
    if (c == '=') {
        /* two digits at least make an octet, so a group has two signs at most */
        if (r->digits % 4 < 2 || r->digits % 4 + r->pads >= 4) return BASE64_PADDING;
        r->pads++;
        return BASE64_GOOD;
    }
    int v = value_of(c);
    if (v < 0) return BASE64_ALPHABET;
    if (r->pads) return BASE64_PADDING;
    r->bits = r->bits << 6 | (uint32_t)v;
    r->last = at;
    if (++r->digits % 4 == 0) {
        *r->to++ = (uint8_t)(r->bits >> 16);
        *r->to++ = (uint8_t)(r->bits >> 8);
        *r->to++ = (uint8_t)r->bits;
        r->bits = 0;
    }
    return BASE64_GOOD;
}

/* The group that padding fills up. */
static enum base64_flaw end(struct reading *r, unsigned lax, struct base64_passed *p)
{
    size_t left = r->digits % 4;
    if (left == 0) return BASE64_GOOD;
    if (left + r->pads != 4) {
        /* one digit makes no octet, however lax one is */
        if (left == 1 || !(lax & BASE64_LAX_PADDING)) return BASE64_LENGTH;
        p->lax |= BASE64_LAX_PADDING;
    }
    if (r->bits & (left == 2 ? 15u : 3u)) {
        if (!(lax & BASE64_LAX_BITS)) return BASE64_BITS;
        p->lax |= BASE64_LAX_BITS;
        p->bits = r->last;
    }
    uint32_t v = r->bits << (left == 2 ? 12 : 6);
    *r->to++ = (uint8_t)(v >> 16);
    if (left == 3) *r->to++ = (uint8_t)(v >> 8);
    return BASE64_GOOD;
}

err base64_decode_lax(slice text, unsigned lax, struct buf *out, struct base64_fault *f,
                      struct base64_passed *p)
{
    uint8_t none, *at = &none; /* buf_reserve gives no place for nothing */
    enum base64_flaw flaw = BASE64_GOOD;
    size_t i = 0, digits_n = 0;
    if (f) *f = (struct base64_fault){BASE64_GOOD, 0};
    *p = (struct base64_passed){.end = text.n};
    /* as much as the digits make, blanks and padding take no room of out; counted only where it comes to that */
    size_t want = (text.n + 3) / 4 * 3;
    if (want > buf_room(out)) {
        for (size_t k = 0; k < text.n; k++)
            digits_n += value_of(text.p[k]) >= 0;
        want = digits_n / 4 * 3 + (digits_n % 4 ? digits_n % 4 - 1 : 0);
    }
    if (want) TRY(buf_reserve(out, want, &at));
    struct reading r = {.to = at, .end = at + want};
    i = groups(&r, text, 0);
    for (; i < text.n && !flaw; i++) {
        uint8_t c = text.p[i];
        if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
            if (!(lax & BASE64_LAX_BLANKS)) flaw = BASE64_BLANK;
            if (!(p->lax & BASE64_LAX_BLANKS)) p->blank = i;
            p->lax |= BASE64_LAX_BLANKS;
            if (r.digits % 4 == 0 && !r.pads && !flaw) i += groups(&r, text, i + 1);
            continue;
        }
        flaw = take(&r, c, i);
    }
    if (flaw) {
        i--; /* the loop moved on */
    } else {
        flaw = end(&r, lax, p);
        if (flaw == BASE64_BITS) i = r.last;
    }
    if (flaw) {
        if (f) *f = (struct base64_fault){flaw, i};
        return ERR_PEER;
    }
    if (want) buf_added(out, (size_t)(r.to - at));
    return OK;
}

err base64_decode(slice text, bool blanks, struct buf *out, struct base64_fault *f)
{
    struct base64_passed p;
    return base64_decode_lax(text, blanks ? BASE64_LAX_BLANKS : 0, out, f, &p);
}
