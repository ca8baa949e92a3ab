/* SPDX-License-Identifier: MIT */
/* idxp_world: an analyzer and a manager of IDXP over the memory of the process.  Index 0 is the analyzer, 1 the manager, whoever opened TCP.  Either may be replaced by a bare BEEP peer that says on the
 * IDXP channel what a test wants, and keeps what it was told. */
#ifndef TEST_IDXP_WORLD_H
#define TEST_IDXP_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "peer/beep_peer_impl.h"
#include "peer/idxp_peer_impl.h"
#include "run/identity.h"
#include "run/net.h"
#include "test/mem_fail.h"

enum { IW_ITEMS = 4096, IW_SAID = 256 };

struct idxp_world;

/* --- a bare peer ----------------------------------------------------------------------------------------------------------- */

struct iw_said { /* what it was told, message by message */
    enum beep_keyword keyword;
    uint32_t msgno;
    size_t n;
    char text[600];
};
struct iw_bare {
    bool used;
    struct beep_setup setup;
    struct beep_profile profile;
    const struct beep_profile *offered[1];
    struct beep_peer *p;
    struct beep_bound *b;        /* the channel opened last */
    bool asks;                   /* for the channel */
    bool accepts, greets;        /* answers each MSG by ok, greets once it is open */
    const char *greeting;        /* with which */
    const char *init;            /* content of its start, or of its answer */
    struct beep_refusal no;      /* the channel was declined */
    char answer[600];            /* content of the answer to its start, or of the start of the other side */
    struct iw_said said[IW_SAID];
    size_t said_n;
    bool opened, closed, whole;  /* whole: the last of said is complete */
    unsigned greeted;
};

struct idxp_world {
    struct env env;
    struct mem mem;
    struct mem_fail f;
    struct idxp_peer_setup setup[2];
    struct idxp_peer *p[2];
    struct iw_bare bare[2];
    int opener;                  /* who opens TCP */
    struct net *net;
    enum link_split split;
    uint64_t seed;
    struct idmef_schema *schema;
    struct env libc;
    /* analyzer */
    struct idxp_item item[IW_ITEMS];
    size_t items, next;
    bool end;                    /* the source ends behind them */
    uint16_t code[IW_ITEMS + 1]; /* by id; 1: nothing told */
    size_t told, oks;
    slice pieced;                /* items in pieces come from here */
    size_t piece_at, piece_size, live_most;
    /* manager */
    struct { uint64_t tag; } later[IW_ITEMS];
    size_t laters, alerts;
    uint16_t answer;             /* what the hook says; IDXP_STORED unless set */
    struct idxp_alert last;      /* slices are not valid any more */
    struct buf body;             /* of the last message */
    char type[64], uri[128];
    enum idxp_stream streams[8]; /* of the channels of the first messages */
    unsigned ready[2], gone[2];
    char lines[2][4096];
};

static inline void iw_line(char *to, size_t n, const char *text)
{
    size_t at = strlen(to);
    snprintf(to + at, n - at, "%s\n", text);
}

/* --- hooks of the peers ---------------------------------------------------------------------------------------------------- */

static inline bool iw_next(void *ctx, struct idxp_peer *p, struct idxp_item *out, bool *end)
{
    struct idxp_world *w = ctx;
    (void)p;
    bool some = w->next < w->items;
    if (some) *out = w->item[w->next++];
    *end = w->end && w->next == w->items;
    return some;
}

static inline bool iw_piece(void *ctx, struct idxp_peer *p, uint64_t id, slice *octets, bool *last)
{
    struct idxp_world *w = ctx;
    (void)p;
    (void)id;
    if (w->f.live > w->live_most) w->live_most = w->f.live;
    *octets = slice_sub(w->pieced, w->piece_at, w->piece_at + w->piece_size < w->pieced.n ? w->piece_at + w->piece_size : w->pieced.n);
    w->piece_at += octets->n;
    *last = w->piece_at == w->pieced.n;
    return true;
}

static inline void iw_answered(void *ctx, struct idxp_peer *p, uint64_t id, uint16_t code, const char *text)
{
    struct idxp_world *w = ctx;
    (void)p;
    (void)text;
    assert_true(id >= 1 && id <= w->items);
    assert_int_equal(w->code[id], 1); /* once for each */
    w->code[id] = code;
    w->told++;
    w->oks += code == IDXP_STORED;
}

static inline uint16_t iw_alert(void *ctx, struct idxp_peer *p, const struct idxp_alert *a)
{
    struct idxp_world *w = ctx;
    (void)p;
    if (w->f.live > w->live_most) w->live_most = w->f.live;
    w->last = *a;
    snprintf(w->type, sizeof w->type, "%.*s", (int)a->type.n, (const char *)a->type.p);
    snprintf(w->uri, sizeof w->uri, "%.*s", (int)a->who.uri.n, (const char *)a->who.uri.p);
    if (w->alerts < 8) w->streams[w->alerts] = a->stream;
    w->alerts++;
    buf_clear(&w->body);
    assert_int_equal(buf_add(&w->body, a->body), OK);
    if (!w->answer && w->laters < IW_ITEMS) w->later[w->laters++].tag = a->tag;
    return w->answer;
}

static inline int iw_index(const struct idxp_world *w, const struct idxp_peer *p)
{
    return w->p[1] == p;
}

static inline void iw_ready(void *ctx, struct idxp_peer *p)
{
    struct idxp_world *w = ctx;
    w->ready[iw_index(w, p)]++;
}

static inline void iw_say(void *ctx, struct idxp_peer *p, const char *text)
{
    struct idxp_world *w = ctx;
    int i = iw_index(w, p);
    iw_line(w->lines[i], sizeof w->lines[i], text);
}

static inline void iw_gone(void *ctx, struct idxp_peer *p)
{
    struct idxp_world *w = ctx;
    int i = iw_index(w, p);
    w->gone[i]++;
    w->p[i] = NULL;
}

/* --- the bare peer --------------------------------------------------------------------------------------------------------- */

static inline void iw_send(struct iw_bare *x, const char *text, uint32_t *msgno)
{
    uint32_t n = 0;
    assert_non_null(x->b);
    assert_int_equal(beep_peer_msg(x->b, &n, slice_str(text), true, 0), OK);
    if (msgno) *msgno = n;
}

static inline void iw_start(struct beep_bound *b, slice init, struct buf *answer, struct beep_refusal *no, uint64_t now)
{
    struct iw_bare *x = b->profile->ctx;
    (void)now;
    snprintf(x->answer, sizeof x->answer, "%.*s", (int)init.n, init.n ? (const char *)init.p : "");
    *no = x->no;
    if (x->init) assert_int_equal(buf_add_str(answer, x->init), OK);
}

static inline void iw_bare_open(struct beep_bound *b, uint64_t now)
{
    struct iw_bare *x = b->profile->ctx;
    (void)now;
    x->opened = true;
    x->b = b;
    if (x->greets) iw_send(x, x->greeting, NULL);
}

static inline void iw_started(struct beep_bound *b, slice answer, const struct beep_refusal *no, uint64_t now)
{
    struct iw_bare *x = b->profile->ctx;
    x->no = *no;
    snprintf(x->answer, sizeof x->answer, "%.*s", (int)answer.n, answer.n ? (const char *)answer.p : "");
    if (!no->code) iw_bare_open(b, now);
}

static inline void iw_octets(struct beep_bound *b, enum beep_keyword keyword, uint32_t msgno, uint32_t ansno, slice octets, bool last, uint64_t now)
{
    struct iw_bare *x = b->profile->ctx;
    (void)ansno;
    if (x->whole || !x->said_n) {
        assert_true(x->said_n < IW_SAID);
        x->said[x->said_n++] = (struct iw_said){.keyword = keyword, .msgno = msgno};
    }
    struct iw_said *s = &x->said[x->said_n - 1];
    size_t at = s->n < sizeof s->text - 1 ? s->n : sizeof s->text - 1, room = sizeof s->text - 1 - at;
    if (octets.n) memcpy(s->text + at, octets.p, octets.n < room ? octets.n : room);
    s->n += octets.n;
    x->whole = last;
    if (keyword == BEEP_MSG && last && x->accepts)
        assert_int_equal(beep_peer_reply(b, BEEP_RPY, msgno, 0, SLICE_LIT("Content-Type: text/xml\r\n\r\n<ok />\r\n"), true, now), OK);
}

static inline void iw_closed(struct beep_bound *b, uint64_t now)
{
    struct iw_bare *x = b->profile->ctx;
    (void)now;
    x->closed = true;
    if (x->b == b) x->b = NULL;
}

static inline void iw_greeted(void *ctx, struct beep_peer *p, uint64_t now)
{
    struct iw_bare *x = ctx;
    uint32_t channel;
    x->greeted++;
    if (x->asks) assert_int_equal(beep_peer_start(p, &x->profile, slice_str(x->init), &channel, now), OK);
}

static inline void iw_bare_gone(void *ctx, struct beep_peer *p)
{
    struct iw_bare *x = ctx;
    (void)p;
    x->p = NULL;
}

/* side is played by a bare peer, which asks for the channel when it opened TCP, greets and accepts unless the test says otherwise. */
static inline struct iw_bare *iw_bare(struct idxp_world *w, int side)
{
    struct iw_bare *x = &w->bare[side];
    bool draft = w->setup[side].idxp.dialect == IDXP_DRAFT;
    *x = (struct iw_bare){.used = true, .asks = w->opener == side, .accepts = true, .greets = true};
    x->greeting = side ? "Content-Type: text/xml\r\n\r\n<IDXP-Greeting uri='http://bare.example.org/' role='server' />\r\n"
                       : "Content-Type: text/xml\r\n\r\n<IDXP-Greeting uri='http://bare.example.org/' role='client' />\r\n";
    x->profile = (struct beep_profile){.uri = idxp_uris[draft ? IDXP_DRAFT : IDXP_RFC], .ctx = x, .start = iw_start, .opened = iw_bare_open, .started = iw_started, .octets = iw_octets, .closed = iw_closed};
    x->offered[0] = &x->profile;
    x->setup = w->setup[side].beep;
    x->setup.profile = x->offered;
    x->setup.profiles = 1;
    x->setup.hooks = (struct beep_hooks){.ctx = x, .greeted = iw_greeted, .gone = iw_bare_gone};
    return x;
}

/* --- the world ------------------------------------------------------------------------------------------------------------- */

static inline void iw_init(struct idxp_world *w, enum idxp_dialect dialect, int opener)
{
    memset(w, 0, sizeof *w);
    w->mem = mem_fail_init(&w->f, 0);
    env_init(&w->env);
    w->env.mem = &w->mem;
    w->seed = 7;
    w->opener = opener;
    w->answer = IDXP_STORED;
    w->end = true;
    w->piece_size = 10000;
    buf_init(&w->body, &mem_libc, 64u << 20);
    for (size_t i = 0; i <= IW_ITEMS; i++)
        w->code[i] = 1;
    for (int i = 0; i < 2; i++) {
        struct idxp_peer_setup *s = &w->setup[i];
        s->beep = (struct beep_setup){.env = &w->env, .mux = beep_mux_usual};
        s->idxp = (struct idxp_setup){.dialect = dialect, .uri = i ? "https://m.example.org/manager" : "https://a.example.org/analyzer"};
        s->analyzer = i == 0;
        s->hooks = (struct idxp_peer_hooks){.ctx = w, .ready = iw_ready, .say = iw_say, .gone = iw_gone};
    }
    w->setup[0].hooks.next = iw_next;
    w->setup[0].hooks.piece = iw_piece;
    w->setup[0].hooks.answered = iw_answered;
    w->setup[1].hooks.alert = iw_alert;
}

static inline void iw_with_schema(struct idxp_world *w)
{
    env_init(&w->libc);
    assert_int_equal(idmef_schema_new(&w->libc, &w->schema), OK);
    w->setup[1].idxp.schema = w->schema;
}

static inline void iw_item(struct idxp_world *w, enum idxp_kind kind, slice body)
{
    assert_true(w->items < IW_ITEMS);
    w->item[w->items] = (struct idxp_item){.id = w->items + 1, .kind = kind, .body = body};
    w->items++;
}

static inline err iw_make(struct idxp_world *w, int side, bool opens, struct endpoint **e)
{
    struct iw_bare *x = &w->bare[side];
    err r;
    if (x->used) {
        r = beep_peer_new(&x->setup, opens, "there", &x->p);
        if (r == OK) *e = beep_peer_endpoint(x->p);
    } else {
        r = idxp_peer_new(&w->setup[side], opens, "there", &w->p[side]);
        if (r == OK) *e = idxp_peer_endpoint(w->p[side]);
    }
    if (r != OK) return r;
    (*e)->link[0].split = w->split;
    rng_init(&(*e)->link[0].cuts, w->seed + (uint64_t)side);
    return OK;
}

static inline struct endpoint *iw_accept(void *ctx, int *link, bool *owned)
{
    struct idxp_world *w = ctx;
    int side = !w->opener;
    struct endpoint *e;
    if (w->p[side] || w->bare[side].p || iw_make(w, side, false, &e) != OK) return NULL;
    *link = 0;
    *owned = false;
    return e;
}

static inline err iw_open(struct idxp_world *w)
{
    char bound[64];
    struct endpoint *e;
    for (int i = 0; i < 2; i++)
        assert_int_equal(idxp_peer_prepare(&w->setup[i]), OK);
    TRY(net_mem_new(&w->env, 1000, &w->net));
    TRY(net_listen(w->net, "there", iw_accept, w, bound, sizeof bound, NULL, 0));
    TRY(iw_make(w, w->opener, true, &e));
    return net_add(w->net, e, false);
}

static inline void iw_run(struct idxp_world *w, uint64_t ms)
{
    bool stop = false;
    net_run(w->net, &stop, net_now(w->net) + ms);
}

static inline struct endpoint *iw_endpoint(struct idxp_world *w, int side)
{
    if (w->bare[side].p) return beep_peer_endpoint(w->bare[side].p);
    return w->p[side] ? idxp_peer_endpoint(w->p[side]) : NULL;
}

static inline bool iw_over(struct idxp_world *w, int side)
{
    struct endpoint *e = iw_endpoint(w, side);
    return !e || e->ops->finished(e);
}

/* The peers are freed; what they borrowed may go now. */
static inline void iw_end(struct idxp_world *w)
{
    for (int i = 0; i < 2 && w->net; i++)
        if (iw_endpoint(w, i)) net_remove(w->net, iw_endpoint(w, i));
    for (int i = 0; i < 2; i++) {
        struct endpoint *e = iw_endpoint(w, i);
        if (e) e->ops->free(e);
        assert_null(w->p[i]);
    }
    if (w->net) net_free(w->net);
    w->net = NULL;
}

static inline void iw_close(struct idxp_world *w)
{
    iw_end(w);
    idmef_schema_free(w->schema);
    buf_done(&w->body);
    assert_int_equal(w->f.live, 0);
    assert_int_equal(w->told, w->next); /* of each item that was taken it was told what became of it */
}

#endif
