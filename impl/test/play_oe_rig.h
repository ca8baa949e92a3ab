/* SPDX-License-Identifier: MIT */
/* play_oe_rig: a player of opportunistic encryption without a net: the test is adapter and gateway by hand,
 * line by line and frame by frame. */
#ifndef TEST_PLAY_OE_RIG_H
#define TEST_PLAY_OE_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "codec/dns_frame.h"
#include "codec/dns_msg.h"
#include "run/proto_oe.h"
#include "run/suite.h"

#define RIG_HEAD   "case oe/a/b\ntitle T\nclause OE-7.2-6\nagainst x\n"
#define RIG_REASON 400

struct rig {
    struct env env;
    struct suite_options o;
    struct run_ctx ctx;
    struct oe_run oe;
    struct play_run run;
    struct scn_file *file;
    struct scn_plan *plan;
    struct player *p;
    uint64_t now;
    char value[1024];
    struct buf answer; /* the message of the last frame that rig_frame took */
};

static inline bool rig_lookup(void *ctx, const char *name, struct scn_octets *out)
{
    struct rig *r = ctx;
    if (!run_oe.lookup(&r->ctx, name, r->value, sizeof r->value)) return false;
    *out = (struct scn_octets){(uint8_t *)r->value, strlen(r->value)};
    return true;
}

/* A run of a role; cases come and go. */
static inline void rig_open(struct rig *r, const char *role, const char *dialect)
{
    *r = (struct rig){.now = 1000};
    env_init(&r->env);
    r->o = (struct suite_options){.env = &r->env, .memory = true};
    r->ctx = (struct run_ctx){.o = &r->o, .dialect = dialect, .state = &r->oe};
    assert_non_null(run_proto_of_role(role, &r->ctx.role));
    r->run = (struct play_run){
        .env = &r->env, .proto = &play_oe, .proto_run = &r->oe, .dial = "peer", .timeout_ms = 3000};
    assert_int_equal(run_oe.begin(&r->ctx, &r->run), OK);
    buf_init(&r->answer, r->env.mem, 1u << 17);
}

static inline void rig_drop(struct rig *r)
{
    player_free(r->p);
    scn_plan_free(r->plan);
    scn_file_free(r->file);
    r->p = NULL;
    r->plan = NULL;
    r->file = NULL;
}

static inline void rig_close(struct rig *r)
{
    rig_drop(r);
    buf_done(&r->answer);
}

/* The next case begins to be played, with connections that stand. */
static inline void rig_play(struct rig *r, const char *body)
{
    char text[8192];
    struct scn_fault f;
    rig_drop(r);
    snprintf(text, sizeof text, "%s%s", RIG_HEAD, body);
    if (scn_parse(&r->env, "t.scn", slice_str(text), &r->file, &f) != OK)
        fail_msg("%d:%d: %s\n%s", f.line, f.column, f.text, text);
    if (scn_plan(&r->env, r->file->cases[0], 0, rig_lookup, r, &r->plan, &f) != OK)
        fail_msg("%d: %s", f.line, f.text);
    assert_int_equal(player_new(&r->run, r->plan, &r->p), OK);
    r->p->born = r->now;
    r->p->e.ops->tick(&r->p->e, r->now);
    for (int i = 0; i < PLAY_OE_ENDS; i++) {
        r->p->e.link[i].state = LINK_UP;
        r->p->e.ops->up(&r->p->e, i, r->now);
    }
}

static inline void rig_feed(struct rig *r, int end, slice octets)
{
    r->p->e.ops->feed(&r->p->e, end, octets, r->now);
}

/* The adapter says that, and a line end. */
static inline void rig_says(struct rig *r, const char *line)
{
    char text[16384];
    int n = snprintf(text, sizeof text, "%s\n", line);
    rig_feed(r, PLAY_OE_ADAPTER, slice_of(text, (size_t)n));
}

/* What the player asked the adapter since the last time, lines and all. */
static inline const char *rig_asked(struct rig *r, char *out, size_t n)
{
    struct buf *b = &r->p->e.link[PLAY_OE_ADAPTER].out;
    const char *text = buf_str(b);
    assert_non_null(text);
    snprintf(out, n, "%s", text);
    buf_clear(b);
    return out;
}

static inline void rig_frame_out(struct rig *r, enum dns_how how, uint32_t who, slice message)
{
    struct buf b;
    struct dns_frame f = {.how = how, .who = who, .msg = message};
    buf_init(&b, r->env.mem, 1u << 17);
    assert_int_equal(dns_frame_write(&f, &b), OK);
    rig_feed(r, PLAY_OE_DNS, buf_slice(&b));
    buf_done(&b);
}

/* A gateway asks us. */
static inline void rig_query(struct rig *r, enum dns_how how, uint32_t who, uint16_t id, const char *name,
                             uint16_t type)
{
    struct dns_msg m;
    struct buf b;
    dns_msg_ask(&m, id, name, type, true);
    buf_init(&b, r->env.mem, 1024);
    assert_int_equal(dns_msg_write(&m, &b), OK);
    rig_frame_out(r, how, who, buf_slice(&b));
    buf_done(&b);
}

/* Takes the next frame that we answered by: false when there is none.  m borrows from r->answer, and has to
 * be done with. */
static inline bool rig_frame(struct rig *r, struct dns_frame *f, struct dns_msg *m)
{
    struct buf *out = &r->p->e.link[PLAY_OE_DNS].out;
    size_t used = 0;
    struct dns_fault fault;
    dns_msg_init(m);
    if (dns_frame_read(buf_slice(out), f, &used) != OK) return false;
    buf_clear(&r->answer);
    assert_int_equal(buf_add(&r->answer, f->msg), OK);
    f->msg = buf_slice(&r->answer);
    buf_take(out, used);
    if (dns_msg_read(&r->env, f->msg, m, &fault) != OK)
        m->header_read = false; /* what cannot be read is told so */
    return true;
}

static inline void rig_wait(struct rig *r, uint64_t ms)
{
    r->now += ms;
    r->p->e.ops->tick(&r->p->e, r->now);
}

static inline void rig_is(const struct rig *r, enum verdict v, const char *reason)
{
    if (!r->p->stop)
        fail_msg("it is not over: line %d", r->p->pc < r->plan->stmts ? r->plan->stmt[r->p->pc].line : 0);
    if (r->p->verdict != v || (reason && !strstr(r->p->reason, reason)))
        fail_msg("%s: %s", verdict_names[r->p->verdict], r->p->reason);
}

#endif
