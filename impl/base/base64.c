/* SPDX-License-Identifier: MIT */
#include "base/base64.h"

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

enum { NO_DIGIT = 255 };

/* Of each octet: looked up, as keys are long and records many. */
/* clang-format off */
static const uint8_t values[256] = {
    255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
    255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
    255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,  62, 255, 255, 255,  63,
     52,  53,  54,  55,  56,  57,  58,  59,  60,  61, 255, 255, 255, 255, 255, 255,
    255,   0,   1,   2,   3,   4,   5,   6,   7,   8,   9,  10,  11,  12,  13,  14,
     15,  16,  17,  18,  19,  20,  21,  22,  23,  24,  25, 255, 255, 255, 255, 255,
    255,  26,  27,  28,  29,  30,  31,  32,  33,  34,  35,  36,  37,  38,  39,  40,
     41,  42,  43,  44,  45,  46,  47,  48,  49,  50,  51, 255, 255, 255, 255, 255,
    255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
    255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
    255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
    255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
    255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
    255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
    255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
    255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
};
/* clang-format on */

static int value_of(uint8_t c)
{
    return values[c] == NO_DIGIT ? -1 : values[c];
}

struct reading {
    uint8_t *to;
    uint32_t bits;
    size_t digits, pads, last; /* last: place of the last digit */
};

/* Whole groups of four digits from there on, as far as there are nothing but those.  Gives how many octets of the text that was. */
static size_t groups(struct reading *r, slice text, size_t at)
{
    if (text.n - at < 4) return 0; /* it may be nowhere at all, too */
    const uint8_t *from = text.p + at, *p = from, *end = text.p + text.n;
    uint8_t *to = r->to;
    for (; end - p >= 4; p += 4, to += 3) {
        uint32_t a = values[p[0]], b = values[p[1]], c = values[p[2]], d = values[p[3]];
        if ((a | b | c | d) > 63) break;
        uint32_t v = a << 18 | b << 12 | c << 6 | d;
        to[0] = (uint8_t)(v >> 16);
        to[1] = (uint8_t)(v >> 8);
        to[2] = (uint8_t)v;
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
    struct reading r = {.to = at};
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
