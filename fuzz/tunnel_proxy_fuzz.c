/* SPDX-License-Identifier: MIT */
/* A proxy of TUNNEL between two hostile neighbours.  The first octet is its configuration (bit 0: it serves
 * the empty element itself, bit 1: it needs an identity, bit 2: with a resolver that answers later), then
 * come steps:
 *
 *   octet & 7   what
 *   0, 1        octets from near, 2, 3 from far: the next octet is how many
 *   4, 5        a frame from near or far with the right size and number: the next octet chooses the payload,
 *               the keyword by its bit 7 (ERR), the channel by bit 6 (1), the message number by bits 4 and 5
 *   6           the next octet: 0 the far connection stands, 1 it is refused, 2 far ends, 3 far resets, 4
 * near ends, 5 near resets, 6 the look-up tells a place, 7 it tells none 7           time passes until the
 * next deadline; an odd next octet: what was sent goes out
 *
 * What must hold, beyond not crashing: far gets nothing before there is a connection; behind the ok octets
 * pass as they are, and at once; what was opened is closed when near is gone; no deadline repeats without
 * end; nothing stays in memory or in the house. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "peer/tunnel_proxy_impl.h"
#include "want.h"

#define HEAD     "Content-Type: application/beep+xml\r\n\r\n"
#define ASK(el)  HEAD "<start number='1'><profile uri='" TUNNEL_URI "'><![CDATA[" el "]]></profile></start>"
#define SAYS(el) HEAD "<profile uri='" TUNNEL_URI "'><![CDATA[" el "]]></profile>"
static const char *const payloads[16] = {
    HEAD "<greeting><profile uri='" TUNNEL_URI "'/></greeting>",
    HEAD "<greeting/>",
    ASK("<tunnel fqdn='t.example' port='604'><tunnel/></tunnel>"),
    ASK("<tunnel ip4='10.0.0.1' port='23'/>"),
    ASK("<tunnel fqdn='t.example' srv='_a._b' port='9'><tunnel/></tunnel>"),
    ASK("<tunnel endpoint='x'/>"),
    ASK("<tunnel/>"),
    ASK(""),
    HEAD "<tunnel fqdn='t.example' port='604'><tunnel/></tunnel>",
    HEAD "<tunnel/>",
    SAYS("<ok/>"),
    SAYS("<error code='537' xml:lang='de'>nein</error>"),
    HEAD "<profile uri='" TUNNEL_URI "'/>",
    HEAD "<ok/>",
    HEAD "<error code='550'>no</error>",
    HEAD "<close number='1' code='200'/>",
};

struct world {
    struct env env;
    struct mem mem;
    long live;
    struct tunnel_house house;
    struct tunnel_msg route;
    struct beep_setup near;
    struct tunnel_proxy_setup s;
    struct endpoint *e;
    struct tunnel_proxy *p;
    uint64_t now;
    uint32_t seq[2][2];
    tunnel_found done;
    void *who;
};

static void *count(void *ctx, void *p, size_t n)
{
    struct world *w = ctx;
    void *q = realloc(p, n);
    if (q && !p) w->live++;
    return q;
}
static void discount(void *ctx, void *p)
{
    struct world *w = ctx;
    if (p) w->live--;
    free(p);
}

static err resolve(void *ctx, struct endpoint *e, const struct tunnel_query *q, tunnel_found done, void *who)
{
    struct world *w = ctx;
    (void)e;
    WANT(q->name[0]);
    WANT(!w->done);
    w->done = done;
    w->who = who;
    return OK;
}
static void cancel(void *ctx, void *who)
{
    struct world *w = ctx;
    WANT(w->who == who && w->done);
    w->done = NULL;
}

static struct link *far_link(struct world *w)
{
    return w->p->side[FAR].link ? &w->e->link[w->p->side[FAR].link] : NULL;
}

/* What a carrier does with the flags of links. */
static void carry(struct world *w, bool all)
{
    for (int i = 0; i < LINK_MAX; i++) {
        struct link *l = &w->e->link[i];
        if (l->state == LINK_WANTED) l->state = LINK_DIALING;
        if (l->drop && (l->state == LINK_UP || l->state == LINK_DIALING)) l->state = LINK_DOWN;
        if (l->state != LINK_UP) continue;
        if (all && l->out.n) {
            buf_shrink(&l->out);
            w->e->ops->drained(w->e, i, w->now);
        }
        if (l->fin && !l->out.n) l->fin_sent = true;
        if (l->fin_sent && l->in_ended) l->state = LINK_DOWN;
    }
}

static bool can_read(const struct link *l)
{
    return l && l->state == LINK_UP && !l->in_ended && !l->drop;
}

static void feed(struct world *w, int side, slice octets)
{
    struct link *l = side == NEAR ? &w->e->link[0] : far_link(w),
                *other = side == NEAR ? far_link(w) : &w->e->link[0];
    if (!can_read(l) || !octets.n) return;
    bool through =
        w->p->stage == TUNNEL_THROUGH && other && other->state == LINK_UP && !w->p->side[!side].shut;
    size_t had = through ? other->out.n : 0;
    uint8_t *own = malloc(octets.n); /* of its exact size, so that a sanitizer sees every octet too far */
    WANT(own);
    memcpy(own, octets.p, octets.n);
    w->e->ops->feed(w->e, side == NEAR ? 0 : w->p->side[FAR].link, slice_of(own, octets.n), w->now);
    if (through && !other->drop) {
        WANT(other->out.n == had + octets.n);
        WANT(memcmp(buf_slice(&other->out).p + had, own, octets.n) == 0);
    }
    free(own);
}

static void frame(struct world *w, int side, uint8_t what)
{
    const char *payload = payloads[what & 15];
    char text[700];
    unsigned channel = what >> 6 & 1, msgno = what >> 4 & 3;
    const char *keyword = what & 0x80 ? "ERR" : side == FAR || (what & 15) < 2 ? "RPY" : "MSG";
    int n = snprintf(text, sizeof text, "%s %u %u . %u %zu\r\n%sEND\r\n", keyword, channel, msgno,
                     (unsigned)w->seq[side][channel], strlen(payload), payload);
    w->seq[side][channel] += (uint32_t)strlen(payload);
    feed(w, side, slice_of(text, (size_t)n));
}

static void end(struct world *w, int link, enum link_end how)
{
    struct link *l = &w->e->link[link];
    if (!can_read(l)) return;
    l->in_ended = true;
    if (how == LINK_RESET) l->state = LINK_DOWN;
    w->e->ops->ended(w->e, link, how, w->now);
}

static void event(struct world *w, uint8_t what)
{
    struct link *l = far_link(w);
    int at = w->p->side[FAR].link;
    static const struct tunnel_place place = {"10.0.0.9:604"};
    switch (what & 7) {
    case 0:
    case 1:
        if (!l || l->state != LINK_DIALING || l->drop) return;
        WANT(!l->out.n); /* nothing is said to somebody who is not there */
        l->state = what & 1 ? LINK_DOWN : LINK_UP;
        memset(w->seq[FAR], 0, sizeof w->seq[FAR]);
        if (what & 1)
            w->e->ops->ended(w->e, at, LINK_REFUSED, w->now);
        else
            w->e->ops->up(w->e, at, w->now);
        return;
    case 2:
    case 3:
        if (at) end(w, at, what & 1 ? LINK_RESET : LINK_FIN);
        return;
    case 4:
    case 5:
        end(w, 0, what & 1 ? LINK_RESET : LINK_FIN);
        return;
    default: {
        tunnel_found done = w->done;
        w->done = NULL;
        if (done) done(w->who, &place, what & 1 ? 0 : 1, NULL, w->now);
    }
    }
}

static bool pass_time(struct world *w)
{
    uint64_t at = w->e->ops->deadline(w->e);
    if (at == UINT64_MAX) return false;
    w->now = at > w->now ? at : w->now + 1;
    w->e->ops->tick(w->e, w->now);
    return true;
}

static void begin(struct world *w, uint8_t config)
{
    static const char *const self[] = {"proxy.example:604"};
    static struct tunnel_route route;
    const char *why;
    memset(w, 0, sizeof *w);
    w->mem = (struct mem){.ctx = w, .resize = count, .release = discount};
    env_init(&w->env);
    WANT(tunnel_chain_read(&w->env, SLICE_LIT("10.1.1.1:604 endpoint=x"), &w->route, &why) == OK);
    route = (struct tunnel_route){true, "x", &w->route};
    w->env.mem = &w->mem;
    w->now = 1000;
    w->near = (struct beep_setup){.env = &w->env, .mux = beep_mux_usual};
    w->s = (struct tunnel_proxy_setup){.env = &w->env,
                                       .near = &w->near,
                                       .route = &route,
                                       .routes = 1,
                                       .self = self,
                                       .selves = 1,
                                       .here = config & 1,
                                       .need_auth = config & 2,
                                       .house = &w->house,
                                       .ctx = w};
    if (config & 4) {
        w->s.resolve = resolve;
        w->s.cancel = cancel;
    }
    WANT(tunnel_proxy_new(&w->s, &w->e) == OK);
    w->p = (struct tunnel_proxy *)w->e;
    w->e->link[0].state = LINK_UP;
    w->e->ops->up(w->e, 0, w->now);
}

/* Near goes; what is left ends by itself. */
static void finish(struct world *w)
{
    end(w, 0, LINK_RESET);
    for (unsigned i = 0; !w->e->ops->finished(w->e); i++) {
        WANT(i < 1000);
        carry(w, true);
        if (w->p->side[FAR].link && w->p->stage != TUNNEL_OVER) end(w, w->p->side[FAR].link, LINK_FIN);
        if (!pass_time(w)) carry(w, true);
    }
    w->e->ops->free(w->e);
    WANT(!w->done);
    WANT(w->house.pending == 0 && !w->house.first);
    WANT(w->live == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct world w;
    if (size == 0) return 0;
    begin(&w, data[0]);
    for (size_t i = 1; i + 1 < size && !w.e->ops->finished(w.e);) {
        uint8_t step = data[i] & 7, more = data[i + 1];
        i += 2;
        if (step < 4) {
            size_t n = more < size - i ? more : size - i;
            feed(&w, step < 2 ? NEAR : FAR, slice_of(data + i, n));
            i += n;
        } else if (step < 6) {
            frame(&w, step == 4 ? NEAR : FAR, more);
        } else if (step == 6) {
            event(&w, more);
        } else if (more & 1) {
            carry(&w, true);
        } else {
            pass_time(&w);
        }
        carry(&w, false);
    }
    finish(&w);
    return 0;
}
