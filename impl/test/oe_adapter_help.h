/* SPDX-License-Identifier: MIT */
/* oe_adapter_help: an endpoint behind an adapter's lines, driven by hand: the test is carrier, tester and name server. */
#ifndef TEST_OE_ADAPTER_HELP_H
#define TEST_OE_ADAPTER_HELP_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/dns_frame.h"
#include "codec/dns_msg.h"
#include "codec/oe_line.h"
#include "peer/endpoint.h"

/* 512 bits, exponent 3, and another */
#define KEY_A_BASE64  "AQPGxVPHywyRLvHJGVNcYbQ5lAoFxQgjzDk6FvTPpNqzrXK7hQWUhWxnHFcIeqgFCNwJqcHbyEMRJ3jLxNPZPGCv"
#define KEY_A_MODULUS "c6c553c7cb0c912ef1c919535c61b439940a05c50823cc393a16f4cfa4dab3ad72bb850594856c671c57087aa80508dc09a9c1dbc843112778cbc4d3d93c60af"
#define KEY_B_BASE64  "AQPGxVPHywyRLvHJGVNcYbQ5lAoFxQgjzDk6FvTPpNqzrXK7hQWUhWxnHFcIeqgFCNwJqcHbyEMRJ3jLxNPZPGCx"
#define KEY_B_MODULUS "c6c553c7cb0c912ef1c919535c61b439940a05c50823cc393a16f4cfa4dab3ad72bb850594856c671c57087aa80508dc09a9c1dbc843112778cbc4d3d93c60b1"
#define KEY_A_JSON    "{\"exponent_hex\":\"03\",\"modulus_hex\":\"" KEY_A_MODULUS "\"}"
#define KEY_B_JSON    "{\"exponent_hex\":\"03\",\"modulus_hex\":\"" KEY_B_MODULUS "\"}"

static inline void stand(struct endpoint *e, int link, uint64_t now)
{
    e->link[link].state = LINK_UP;
    e->ops->up(e, link, now);
}

static inline void hear(struct endpoint *e, const char *octets, uint64_t now)
{
    e->ops->feed(e, 0, slice_str(octets), now);
}

/* All that was said on link 0 since the last time, as text of the heap. */
static inline char *said(struct endpoint *e)
{
    slice s = buf_slice(&e->link[0].out);
    char *text = malloc(s.n + 1);
    if (!text) abort();
    if (s.n) memcpy(text, s.p, s.n);
    text[s.n] = 0;
    buf_clear(&e->link[0].out);
    return text;
}

/* Takes the next query from link 1, passing over ends of sockets; false when there is none.  The message borrows from octets. */
static inline bool next_query(struct endpoint *e, const struct env *env, struct dns_frame *f, uint8_t octets[65536], struct dns_msg *q)
{
    size_t used;
    struct dns_fault fault;
    struct buf *out = &e->link[1].out;
    while (dns_frame_read(buf_slice(out), f, &used) == OK) {
        bool end = f->how == DNS_FRAME_END;
        if (f->msg.n) memcpy(octets, f->msg.p, f->msg.n);
        f->msg.p = octets;
        buf_take(out, used);
        if (end) continue;
        if (dns_msg_read(env, f->msg, q, &fault) != OK) abort();
        return true;
    }
    return false;
}

/* Sends an answer to a query in f. */
static inline void reply_dns(struct endpoint *e, struct dns_frame f, const struct dns_msg *m, uint64_t now)
{
    struct buf msg, out;
    buf_init(&msg, &mem_libc, DNS_MSG_MAX);
    buf_init(&out, &mem_libc, DNS_FRAME_MAX);
    if (dns_msg_write(m, &msg) != OK) abort();
    f.msg = buf_slice(&msg);
    if (dns_frame_write(&f, &out) != OK) abort();
    e->ops->feed(e, 1, buf_slice(&out), now);
    buf_done(&msg);
    buf_done(&out);
}

#endif
