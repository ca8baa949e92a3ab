/* SPDX-License-Identifier: MIT */
/* oe_world: an agent with a DNS of a few records around it, for tests. */
#ifndef TEST_OE_WORLD_H
#define TEST_OE_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "codec/oe_master.h"
#include "codec/oe_txt.h"
#include "peer/oe_agent.h"
#include "test/mem_fail.h"

enum { ZONE_MAX = 300, ASKED_MAX = 64, RECORD_MAX = 700 };

struct zone_record {
    char name[OE_NAME_TEXT];
    uint16_t type;
    uint8_t rdata[RECORD_MAX];
    size_t n;
};
struct zone_rule { /* how a name is answered; type 0: any */
    char name[OE_NAME_TEXT];
    uint16_t type;
    enum oe_look look;
    enum oe_security security;
    bool silent, held;
};
struct world {
    struct env env;
    struct mem_fail fail;
    struct mem mem;
    struct oe_agent *a;
    struct zone_record zone[ZONE_MAX];
    struct zone_rule rule[16];
    size_t records, rules;
    enum oe_security security; /* of all answers */
    uint32_t ttl;
    uint64_t now;
    struct oe_question asked[ASKED_MAX]; /* all that were, as a ring */
    size_t queries;
    struct oe_question held[ASKED_MAX];
    size_t holds;
};

static inline struct oe_host host(const char *text)
{
    struct oe_host h;
    assert_true(oe_host_read(slice_str(text), &h));
    return h;
}

/* The n-th key: 512 bits, exponent 3. */
static inline struct oe_rsa key_of(unsigned n)
{
    static uint8_t moduli[8][64];
    static const uint8_t three[] = {3};
    for (size_t i = 0; i < 64; i++)
        moduli[n][i] = (uint8_t)(i * 37 + n * 11 + 129);
    moduli[n][0] |= 0x80;
    moduli[n][63] |= 1;
    return (struct oe_rsa){.exponent = slice_of(three, 1), .modulus = slice_of(moduli[n], 64), .bits = 512};
}

static inline void world_policy(struct world *w, struct oe_agent_setup *s)
{
    oe_policy_init(&s->policy);
    assert_int_equal(oe_policy_self(&s->policy, SLICE_LIT("192.1.1.4")), OK);
    (void)w;
}

static inline void world_begin(struct world *w, const struct oe_agent_setup *s)
{
    memset(w, 0, sizeof *w);
    env_init(&w->env);
    w->mem = (struct mem){.ctx = &w->fail, .resize = mem_fail_resize, .release = mem_fail_release};
    w->env.mem = &w->mem;
    w->security = OE_SEC_INSECURE;
    w->ttl = 300;
    w->now = 1000;
    assert_int_equal(oe_agent_new(&w->env, s, &w->a), OK);
}

static inline void world_end(struct world *w)
{
    oe_agent_free(w->a);
    assert_int_equal(w->fail.live, 0);
}

static inline struct zone_record *zone_add(struct world *w, const char *name, uint16_t type)
{
    struct zone_record *r = &w->zone[w->records++];
    assert_true(w->records <= ZONE_MAX);
    snprintf(r->name, sizeof r->name, "%s", name);
    r->type = type;
    return r;
}

static inline void zone_octets(struct zone_record *r, const struct buf *b)
{
    assert_true(b->n <= RECORD_MAX);
    memcpy(r->rdata, buf_slice(b).p, b->n);
    r->n = b->n;
}

/* X-IPsec-Server(precedence)=gateway key, at the reverse name of an address; key 0: none. */
static inline void zone_txt(struct world *w, const char *address, unsigned precedence, const char *gateway, unsigned key)
{
    struct oe_host h = host(address), g;
    struct oe_txt t = {.precedence = (uint16_t)precedence};
    struct env env;
    struct buf out;
    char name[OE_NAME_TEXT];
    env_init(&env);
    oe_reverse_name(&h, name);
    if (gateway[0] == '@') {
        t.gateway = OE_FQDN;
        t.fqdn = slice_str(gateway + 1);
    } else {
        g = host(gateway);
        t.gateway = g.family == 4 ? OE_IP4 : OE_IP6;
        memcpy(t.address, g.octets, 16);
    }
    if (key) t.rsa = key_of(key);
    buf_init(&out, &mem_libc, OE_TXT_MAX);
    assert_int_equal(oe_txt_write(&env, &t, &out), OK);
    zone_octets(zone_add(w, name, OE_RR_TXT), &out);
    buf_done(&out);
}

static inline void zone_text(struct world *w, const char *address, const char *text)
{
    struct oe_host h = host(address);
    struct buf out;
    char name[OE_NAME_TEXT];
    oe_reverse_name(&h, name);
    buf_init(&out, &mem_libc, OE_TXT_MAX);
    assert_int_equal(oe_txt_strings(slice_str(text), 255, &out), OK);
    zone_octets(zone_add(w, name, OE_RR_TXT), &out);
    buf_done(&out);
}

/* KEY at a name, or at the reverse name of an address. */
static inline void zone_key(struct world *w, const char *where, unsigned key, uint16_t flags)
{
    struct oe_host h;
    struct oe_rsa k = key_of(key);
    struct buf out;
    char name[OE_NAME_TEXT];
    if (oe_host_read(slice_str(where), &h))
        oe_reverse_name(&h, name);
    else
        snprintf(name, sizeof name, "%s", where);
    buf_init(&out, &mem_libc, OE_KEY_MAX);
    assert_int_equal(oe_key_write(flags, OE_KEY_IPSEC, OE_KEY_RSAMD5, k.exponent, k.modulus, &out), OK);
    zone_octets(zone_add(w, name, OE_RR_KEY), &out);
    buf_done(&out);
}

static inline struct zone_rule *zone_rule(struct world *w, const char *where, uint16_t type)
{
    struct zone_rule *r = &w->rule[w->rules++];
    struct oe_host h;
    char name[OE_NAME_TEXT];
    if (oe_host_read(slice_str(where), &h))
        oe_reverse_name(&h, name);
    else
        snprintf(name, sizeof name, "%s", where);
    *r = (struct zone_rule){.type = type, .look = OE_LOOK_COUNT, .security = OE_SEC_COUNT};
    snprintf(r->name, sizeof r->name, "%s", name);
    return r;
}

static inline void world_answer(struct world *w, const struct oe_question *q, bool release)
{
    slice rdata[ZONE_MAX];
    struct oe_answer answer = {.look = OE_LOOK_NXDOMAIN, .security = w->security, .ttl = w->ttl, .type = q->type, .rdata = rdata};
    for (size_t i = 0; i < w->records; i++) {
        const struct zone_record *r = &w->zone[i];
        if (strcmp(r->name, q->name) != 0) continue;
        if (r->type == q->type) rdata[answer.n++] = slice_of(r->rdata, r->n);
        answer.look = answer.n ? OE_LOOK_RECORDS : OE_LOOK_NODATA;
    }
    for (size_t i = 0; i < w->rules; i++) {
        const struct zone_rule *r = &w->rule[i];
        if (strcmp(r->name, q->name) != 0 || (r->type && r->type != q->type)) continue;
        if (r->silent) return;
        if (r->held && !release) {
            w->held[w->holds++] = *q;
            return;
        }
        if (r->security != OE_SEC_COUNT) answer.security = r->security;
        if (r->look == OE_LOOK_TRUNCATED && q->tcp) continue;
        if (r->look != OE_LOOK_COUNT) {
            answer.look = r->look;
            answer.n = 0;
        }
    }
    err e = oe_agent_answer(w->a, q->id, &answer, w->now);
    if (!w->fail.fail_at) assert_int_equal(e, OK);
}

static inline void world_run(struct world *w)
{
    struct oe_question q;
    while (oe_agent_ask(w->a, &q)) {
        w->asked[w->queries++ % ASKED_MAX] = q;
        world_answer(w, &q, false);
    }
}

static inline void world_release(struct world *w)
{
    size_t n = w->holds;
    struct oe_question held[ASKED_MAX];
    memcpy(held, w->held, sizeof held);
    w->holds = 0;
    for (size_t i = 0; i < n; i++)
        world_answer(w, &held[i], true);
    world_run(w);
}

/* The next deadline comes; false when there is none. */
static inline bool world_wait(struct world *w)
{
    uint64_t t = oe_agent_deadline(w->a);
    if (t == UINT64_MAX) return false;
    if (t > w->now) w->now = t;
    oe_agent_tick(w->a, w->now);
    world_run(w);
    return true;
}

/* Was it asked for? */
static inline size_t world_asked(const struct world *w, const char *name, uint16_t type)
{
    size_t n = 0;
    for (size_t i = 0; i < w->queries && i < ASKED_MAX; i++)
        n += w->asked[i].type == type && strcmp(w->asked[i].name, name) == 0;
    return n;
}

#endif
