/* SPDX-License-Identifier: MIT */
#include "codec/dns_frame.h"

#include "base/cursor.h"

err dns_frame_read(slice in, struct dns_frame *f, size_t *used)
{
    struct cursor c;
    cursor_init(&c, in);
    int how = cursor_peek(&c);
    /* told by its first octet, before the rest is waited for */
    if (how >= 0 && (how & ~DNS_FRAME_ELSEWHERE) > DNS_FRAME_END) return ERR_PEER;
    (void)cursor_u8(&c);
    uint32_t who = cursor_u32(&c);
    uint16_t length = cursor_u16(&c);
    slice msg = cursor_take(&c, length);
    if (c.failed != OK) return c.failed;
    *f = (struct dns_frame){.how = (enum dns_how)(how & ~DNS_FRAME_ELSEWHERE), .elsewhere = (how & DNS_FRAME_ELSEWHERE) != 0, .who = who, .msg = msg};
    *used = c.at;
    return f->how == DNS_FRAME_END && length ? ERR_PEER : OK;
}

err dns_frame_write(const struct dns_frame *f, struct buf *out)
{
    uint8_t *p;
    if (f->msg.n > 65535 || f->how > DNS_FRAME_END || (f->how == DNS_FRAME_END && f->msg.n)) return ERR_USE;
    TRY(buf_reserve(out, DNS_FRAME_HEAD + f->msg.n, &p));
    p[0] = (uint8_t)((unsigned)f->how | (f->elsewhere ? DNS_FRAME_ELSEWHERE : 0u));
    for (int i = 0; i < 4; i++)
        p[1 + i] = (uint8_t)(f->who >> (24 - 8 * i));
    p[5] = (uint8_t)(f->msg.n >> 8);
    p[6] = (uint8_t)f->msg.n;
    for (size_t i = 0; i < f->msg.n; i++)
        p[DNS_FRAME_HEAD + i] = f->msg.p[i];
    buf_added(out, DNS_FRAME_HEAD + f->msg.n);
    return OK;
}

/* --- a stream ------------------------------------------------------------------------------------------------------------------ */

void dns_frames_init(struct dns_frames *c, const struct mem *mem)
{
    c->taken = 0;
    buf_init(&c->held, mem, DNS_FRAME_MAX);
}

void dns_frames_done(struct dns_frames *c)
{
    buf_done(&c->held);
}

/* Takes octets until n are held. */
static err hold(struct dns_frames *c, slice *octets, size_t n)
{
    size_t want = n > c->held.n ? n - c->held.n : 0;
    slice part = slice_sub(*octets, 0, want);
    TRY(buf_add(&c->held, part));
    *octets = slice_sub(*octets, part.n, octets->n);
    return c->held.n < n ? ERR_MORE : OK;
}

err dns_frames_next(struct dns_frames *c, slice *octets, struct dns_frame *f)
{
    size_t used;
    buf_take(&c->held, c->taken);
    c->taken = 0;
    if (c->held.n == 0) {
        err e = dns_frame_read(*octets, f, &used);
        if (e == OK) *octets = slice_sub(*octets, used, octets->n);
        if (e != ERR_MORE) return e;
    }
    if (octets->n && c->held.n == 0) TRY(hold(c, octets, 1));
    if (c->held.n == 0) return ERR_MORE;
    slice s = buf_slice(&c->held);
    if ((s.p[0] & ~DNS_FRAME_ELSEWHERE) > DNS_FRAME_END) return ERR_PEER;
    TRY(hold(c, octets, DNS_FRAME_HEAD));
    s = buf_slice(&c->held);
    TRY(hold(c, octets, DNS_FRAME_HEAD + ((size_t)s.p[5] << 8 | s.p[6])));
    TRY(dns_frame_read(buf_slice(&c->held), f, &used));
    c->taken = used;
    return OK;
}
