/* SPDX-License-Identifier: MIT */
/* iap_session_watch: what iap_session_fuzz keeps of one session, the memory it counts, and the onlooker: a
 * tracker of its own that sees both directions of each link and fails the run at the first thing that the
 * endpoint under test must not do. */
#ifndef FUZZ_IAP_SESSION_WATCH_H
#define FUZZ_IAP_SESSION_WATCH_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "peer/iap_peer.h"
#include "peer/iap_proxy.h"
#include "run/net.h"

enum {
    INPUT_MAX = 8 << 10, /* longer sessions repeat themselves */
    CHUNK_MAX =
        1024, /* within what a link cuts finely (net_cut), and below what a proxy lets queue at once */
    LINKS = 2,
    LINE = 128,
    HEAD = 512,
    VIAS = 8,
    CONTENT = 1024,
    OUT_QUEUE = 8192,              /* small limits are reached by small inputs */
    PEER_MEMORY = 4 * OUT_QUEUE,   /* queue, octets behind a 101, readers, the struct itself */
    PROXY_MEMORY = 12 * OUT_QUEUE, /* queues of both links, request, early octets, readers */
    START_MS = 1000,
    PATIENCE_MS = 10 * 60 * 1000,
    ANSWERS_MAX = 4096
};

struct config { /* the first octet of the input */
    bool proxy, analyzer, connects, refuses, unconfigured, defers, silent, idles;
};

struct counter { /* memory of the endpoint under test */
    size_t live, max;
};

struct watch { /* one link, as an onlooker sees it; on the octet-wise run only */
    struct track_iap t;
    int target;          /* side of the endpoint under test */
    bool through;        /* proxy: octets pass, messages are no longer read */
    size_t head[2];      /* octets of each side that belong to the set-up of a proxy */
    unsigned last_words; /* messages of the target behind a fault of the hostile side */
    uint64_t last_octet; /* of the hostile side */
    bool hostile_ended;
    uint8_t rest; /* an octet that ended one message and is the first of the next: judged after the answer */
    bool has_rest;
};

struct session {
    struct config cfg;
    struct env env, own; /* of the endpoint under test; of all else */
    struct mem mem;
    struct counter counter;
    struct iap_setup peer_setup;
    struct iap_proxy_setup proxy_setup;
    struct iap_route route;
    struct net *net;
    struct endpoint *target;
    const struct endpoint_ops *target_ops; /* its own, behind the onlooker's */
    struct endpoint_ops seen_ops;
    struct endpoint hostile;
    bool watching;
    struct watch watch[LINKS];
    struct buf gave[LINKS], got[LINKS]; /* octets that the target was fed, and that it put into its queue */
    size_t delivered[LINKS];            /* of got, to the hostile side */
    char ended[LINKS];                  /* how the hostile side saw the end */
    bool answer_ok[ANSWERS_MAX];        /* contents unanswered: is 200 the answer? */
    size_t asked, answered;
    size_t handed, acknowledged; /* alerts */
    uint64_t alerts;             /* of the analyzer, so far */
    struct buf trail;            /* what happened, to be compared */
};

__attribute__((noreturn, format(printf, 1, 2))) static void fail(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    fputs("oracle: ", stderr);
    vfprintf(stderr, fmt, ap);
    fputc('\n', stderr);
    va_end(ap);
    abort();
}

static void must(err e)
{
    if (e != OK) fail("the rig itself: %s", err_name(e));
}

/* --- memory
 * ------------------------------------------------------------------------------------------------------- */

enum { SIZE_ROOM = 16 };

static void *count_resize(void *ctx, void *p, size_t n)
{
    struct counter *c = ctx;
    size_t had = 0;
    char *block = p ? (char *)p - SIZE_ROOM : NULL;
    if (block) memcpy(&had, block, sizeof had);
    block = realloc(block, n + SIZE_ROOM);
    if (!block) return NULL;
    memcpy(block, &n, sizeof n);
    c->live = c->live - had + n;
    if (c->live > c->max) fail("the endpoint holds %zu octets", c->live);
    return block + SIZE_ROOM;
}

static void count_release(void *ctx, void *p)
{
    struct counter *c = ctx;
    char *block = (char *)p - SIZE_ROOM;
    size_t had;
    memcpy(&had, block, sizeof had);
    c->live -= had;
    free(block);
}

/* --- the onlooker
 * ------------------------------------------------------------------------------------------------- */

static bool in_data(const struct watch *w)
{
    return track_iap_state(&w->t) == IAP_S_READY || track_iap_state(&w->t) == IAP_S_SENT;
}

static void hostile_said(struct session *s, int link, err e, const struct iap_msg *m, bool data)
{
    struct watch *w = &s->watch[link];
    if (s->cfg.proxy) {
        /* the tolerant reading may know the end of a message only by what stands behind it */
        const struct iap_reader *r = &w->t.reader[!w->target];
        if (!w->head[!w->target]) w->head[!w->target] = (size_t)(r->offset + r->release);
        w->through |= link == 1;
        return;
    }
    if (e != OK || m->kind != IAP_CONTENT || !data || track_iap_state(&w->t) == IAP_S_LOST) return;
    bool good = slice_eq_nocase(m->type, SLICE_LIT(IAP_MEDIA_TYPE)) && iap_msg_severity(m) != SEV_FAIL;
    s->answer_ok[s->asked++ % ANSWERS_MAX] = good;
}

static void check_answer(struct session *s, const struct iap_msg *m)
{
    if (s->answered == s->asked) fail("answers %u to nothing", (unsigned)m->code);
    bool good = s->answer_ok[s->answered++ % ANSWERS_MAX];
    if ((m->code == 200) != good)
        fail("content %zu, %s, is answered %u", s->answered, good ? "good" : "bad", (unsigned)m->code);
    s->acknowledged += good;
    if (s->acknowledged > s->handed) fail("acknowledged without being handed over");
}

static void hear_rest(struct session *s, int link)
{
    struct watch *w = &s->watch[link];
    struct iap_msg m;
    slice in = slice_of(&w->rest, 1);
    bool data = in_data(w);
    if (!w->has_rest) return;
    w->has_rest = false;
    err e = track_iap_feed(&w->t, !w->target, &in, &m);
    if (e != ERR_MORE) hostile_said(s, link, e, &m, data);
}

/* One message of the endpoint under test; the tracker has just been given it. */
static void target_said(struct session *s, int link, err e, const struct iap_msg *m, enum iap_state was)
{
    struct watch *w = &s->watch[link];
    const struct track_iap *t = &w->t;
    if (w->has_rest && e == OK && t->fault_n && m->code >= 400) {
        /* no answer to the message that came to its end, but to the octet that ended it */
        hear_rest(s, link);
        was = IAP_S_LOST;
        w->t.fault_n = 0;
    }
    if (e != OK)
        fail("link %d: sends what cannot be read: %s", link, t->fault_n ? t->fault[0].text : err_name(e));
    for (uint32_t i = 0; i < t->fault_n; i++) {
        const struct iap_fault *f = &t->fault[i];
        /* a proxy relays odd names and Via lines; an analyzer of ours waits for each answer */
        if (f->severity == SEV_FAIL || !s->cfg.proxy)
            fail("link %d: breaks %s in state %s: %s", link, clauses[f->clause].id, iap_machine.states[was],
                 f->text);
    }
    if (was == IAP_S_LOST &&
        (m->kind != IAP_RESPONSE || m->code < 400 || ++w->last_words > 1u + s->cfg.defers))
        fail("link %d: goes on after a fault of the peer: %s %u", link, iap_kind_name(m->kind),
             (unsigned)m->code);
    if (s->cfg.proxy) {
        w->head[w->target] = s->got[link].n;
        w->through |= link == 0;
    } else if (m->kind == IAP_RESPONSE && (was == IAP_S_READY || was == IAP_S_SENT)) {
        check_answer(s, m);
    }
}

/* The endpoint spoke, or is done with a message, while the hostile side is inside one: it took it as whole
 * after a pause. */
static void settle(struct session *s, int link, uint64_t now)
{
    struct watch *w = &s->watch[link];
    struct iap_msg m;
    bool data = in_data(w);
    if (!iap_reader_inside(&w->t.reader[!w->target])) return;
    if (!w->hostile_ended && now < w->last_octet + s->env.limits.grace_ms) return;
    err e = track_iap_settle(&w->t, !w->target, &m);
    if (e != ERR_MORE) hostile_said(s, link, e, &m, data);
}

/* Octets of the hostile side, one at a time as they come; a message at most is taken with each. */
static void hear_hostile(struct session *s, int link, slice in, uint64_t now)
{
    struct watch *w = &s->watch[link];
    struct iap_msg m;
    bool data = in_data(w);
    must(buf_add(&s->gave[link], in));
    w->last_octet = now;
    if (s->cfg.proxy && w->head[!w->target]) return;
    err e = track_iap_feed(&w->t, !w->target, &in, &m);
    if (e == ERR_MORE) return;
    hostile_said(s, link, e, &m, data);
    w->has_rest = e == OK && in.n;
    if (w->has_rest) w->rest = in.p[0];
}

static void look_at(struct session *s, int link, slice news, uint64_t now)
{
    struct watch *w = &s->watch[link];
    if (w->through && w->head[w->target]) {
        must(buf_add(&s->got[link], news));
        return;
    }
    for (int k = 0; k < LINKS; k++) /* a proxy speaks on one about what it heard on the other */
        settle(s, k, now);
    if (s->cfg.defers && !s->cfg.analyzer) hear_rest(s, link); /* then the message before it may have had no answer yet */
    for (size_t i = 0; i < news.n; i++) {
        struct iap_msg m;
        slice one = slice_sub(news, i, i + 1);
        enum iap_state was = track_iap_state(&w->t);
        must(buf_add(&s->got[link], one));
        if (w->through && w->head[w->target]) continue;
        err e = track_iap_feed(&w->t, w->target, &one, &m);
        if (e == ERR_MORE) continue;
        target_said(s, link, e, &m, was);
        hear_rest(s, link);
    }
}

/* What the target put into its queue since the last look. */
static void look(struct session *s, uint64_t now)
{
    for (int k = 0; k < LINKS && s->watching; k++) {
        slice out = buf_slice(&s->target->link[k].out);
        size_t seen = s->got[k].n - s->delivered[k];
        if (s->target->link[k].state == LINK_UP && out.n > seen)
            look_at(s, k, slice_sub(out, seen, out.n), now);
        hear_rest(s, k);
    }
}

#endif
