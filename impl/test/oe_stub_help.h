/* SPDX-License-Identifier: MIT */
/* oe_stub_help: a stub whose frames and answers the test holds in its hand. */
#ifndef TEST_OE_STUB_HELP_H
#define TEST_OE_STUB_HELP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "codec/oe_master.h"
#include "peer/oe_stub.h"

#define NAME  "66.0.2.192.in-addr.arpa"
#define OTHER "67.0.2.192.in-addr.arpa"

/* What the stub sent and told. */
struct world {
    struct env env;
    struct oe_stub stub;
    uint64_t now;
    uint8_t octets[65536]; /* of the last query */
    struct dns_frame frame;
    size_t frames, ends;
    uint32_t ended; /* who the last end was of */
    size_t told;
    uint32_t id;
    struct oe_answer a;
    char canonical[DNS_NAME_TEXT];
    size_t rdata_octets;
    const char *again; /* asked for from inside the next that is told */
};

static inline void sent(void *ctx, const struct dns_frame *f)
{
    struct world *w = ctx;
    if (f->how == DNS_FRAME_END) {
        w->ends++;
        w->ended = f->who;
        return;
    }
    w->frames++;
    w->frame = *f;
    memcpy(w->octets, f->msg.p, f->msg.n);
    w->frame.msg.p = w->octets;
}

static inline struct oe_question question(uint32_t id, const char *name)
{
    struct oe_question q = {.id = id, .type = OE_RR_TXT};
    snprintf(q.name, sizeof q.name, "%s", name);
    return q;
}

static inline void told(void *ctx, uint32_t id, const struct oe_answer *a, uint64_t now)
{
    struct world *w = ctx;
    assert_int_equal(now, w->now);
    w->told++;
    w->id = id;
    w->a = *a;
    w->rdata_octets = 0;
    for (size_t i = 0; i < a->n; i++)
        w->rdata_octets += a->rdata[i].n;
    snprintf(w->canonical, sizeof w->canonical, "%.*s", (int)a->canonical.n, a->canonical.n ? (const char *)a->canonical.p : "");
    if (w->again) {
        struct oe_question q = question(id + 1000, w->again);
        w->again = NULL;
        assert_int_equal(oe_stub_ask(&w->stub, &q, now), OK);
    }
}

static const struct oe_stub_ops ops = {.send = sent, .done = told};

static inline struct world *world_new(unsigned mutant)
{
    struct world *w = calloc(1, sizeof *w);
    env_init(&w->env);
    w->now = 1000;
    oe_stub_init(&w->stub, &w->env, &ops, w, 3000, 7, mutant);
    return w;
}

static inline void world_free(struct world *w)
{
    oe_stub_done(&w->stub);
    free(w);
}

static inline void asked(struct world *w, const char *name)
{
    struct oe_question q = question(5, name);
    assert_int_equal(oe_stub_ask(&w->stub, &q, w->now), OK);
}

/* The last query, read. */
static inline void query(struct world *w, struct dns_msg *q)
{
    struct dns_fault f;
    assert_int_equal(dns_msg_read(&w->env, w->frame.msg, q, &f), OK);
}

static inline err feed(struct world *w, const struct dns_frame *f)
{
    struct buf out;
    buf_init(&out, &mem_libc, 1 << 17);
    assert_int_equal(dns_frame_write(f, &out), OK);
    err e = oe_stub_feed(&w->stub, buf_slice(&out), w->now);
    buf_done(&out);
    return e;
}

/* Answers the last query with m, in which id and question are those of it unless they are set otherwise. */
static inline void say(struct world *w, struct dns_msg *m)
{
    struct buf out;
    struct dns_frame f = w->frame;
    buf_init(&out, &mem_libc, 1 << 17);
    assert_int_equal(dns_msg_write(m, &out), OK);
    f.msg = buf_slice(&out);
    assert_int_equal(feed(w, &f), OK);
    buf_done(&out);
}

static inline struct dns_rr txt(const char *name, uint32_t ttl, const char *text)
{
    return (struct dns_rr){.name = name, .type = DNS_TXT, .class = DNS_IN, .ttl = ttl, .rdata = slice_str(text)};
}

static inline struct dns_rr alias(const char *name, const char *to)
{
    return (struct dns_rr){.name = name, .type = DNS_CNAME, .class = DNS_IN, .ttl = 100, .target = to};
}

static const struct dns_rr soa = {.name = "2.0.192.in-addr.arpa", .type = DNS_SOA, .class = DNS_IN, .ttl = 500,
                                  .rdata = {(const uint8_t *)"\0\0\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0\4\0\0\0\x3c", 22}};

static inline void answer(struct world *w, uint16_t rcode, bool ad, struct dns_rr *rr, size_t answers, size_t authorities)
{
    struct dns_msg q, m;
    query(w, &q);
    dns_msg_reply(&m, &q, rcode);
    m.ad = ad;
    m.rr = rr;
    m.answers = answers;
    m.authorities = authorities;
    say(w, &m);
    dns_msg_done(&q);
}

static inline void truncate(struct world *w)
{
    struct dns_msg q, m;
    query(w, &q);
    dns_msg_reply(&m, &q, DNS_NOERROR);
    m.tc = true;
    say(w, &m);
    dns_msg_done(&q);
}

#endif
