/* SPDX-License-Identifier: MIT */
/* tunnel_world: proxies of TUNNEL over the memory of the process, a BEEP peer at either end of them, and
 * stubs that say and hear octets by a list of rules. */
#ifndef TEST_TUNNEL_WORLD_H
#define TEST_TUNNEL_WORLD_H

#include "test/beep_world.h"

#include "io/loop.h"
#include "peer/tunnel_proxy_impl.h"

enum { TW_PROXIES = 8, TW_STUBS = 24, TW_RULES = 12 };

#define TW_HEAD     "Content-Type: application/beep+xml\r\n\r\n"
#define TW_GREETING TW_HEAD "<greeting><profile uri='" TUNNEL_URI "'/></greeting>\r\n"
#define TW_START(n, el)                                                                                      \
    TW_HEAD "<start number='" n "'><profile uri='" TUNNEL_URI "'><![CDATA[" el "]]></profile></start>\r\n"
#define TW_OK TW_HEAD "<profile uri='" TUNNEL_URI "'><![CDATA[<ok/>]]></profile>\r\n"

enum tw_end { TW_GOES_ON, TW_FIN, TW_RESET };
struct tw_rule { /* when that text came behind the last one (NULL: at once), this is said */
    const char *when;
    const char *keyword; /* NULL: payload is said as it is */
    unsigned channel, msgno;
    const char *payload; /* NULL: nothing */
    enum tw_end end;
};

struct tunnel_world;
struct tw_stub {
    struct endpoint e; /* first */
    struct tunnel_world *w;
    const struct tw_rule *rule;
    size_t rules, at, from;
    uint32_t seq[16];
    struct buf in;
    unsigned ups, ends;
    enum link_end how;
    bool used, stays; /* stays: does not end when the other side does */
    uint64_t ended_at;
    void (*drained)(struct tw_stub *s);
    void (*fed)(struct tw_stub *s, slice octets);
    uint64_t lot, sent, got; /* lot: octets that tw_flood sends */
    bool wrong;
};

struct tw_proxy {
    struct tunnel_world *w;
    struct tunnel_proxy_setup s;
    struct beep_setup near;
    struct tunnel_house house;
    char name[40];
    const char *selves[2];
    struct endpoint *live[32];
    size_t lives, accepted, through;
    bool ours;
    char said[8192];
};

struct tunnel_world {
    struct env env;
    struct mem mem;
    struct mem_fail f;
    struct net *net;
    struct loop *loop; /* NULL: in memory */
    enum link_split split;
    struct tw_proxy proxy[TW_PROXIES];
    struct tw_stub stub[TW_STUBS];
    size_t stubs;
    struct beep_setup setup[2]; /* initiator, target */
    struct beep_peer *peer[2];
    struct tunnel_msg via;
    char route[600];
    unsigned greeted[2], targets;
    char why[200];
    struct bw_chan chan; /* what the initiator sends */
};

/* --- stubs
 * ---------------------------------------------------------------------------------------------------------------------
 */

static inline void tw_say(struct tw_stub *s, const struct tw_rule *r)
{
    struct buf *out = &s->e.link[0].out;
    size_t n = r->payload ? strlen(r->payload) : 0;
    if (r->keyword) {
        assert_int_equal(buf_addf(out, "%s %u %u . %u %zu\r\n", r->keyword, r->channel, r->msgno,
                                  (unsigned)s->seq[r->channel], n),
                         OK);
        s->seq[r->channel] += (uint32_t)n;
    }
    if (n) assert_int_equal(buf_add(out, slice_of(r->payload, n)), OK);
    if (r->keyword) assert_int_equal(buf_add_str(out, "END\r\n"), OK);
    if (r->end == TW_FIN) s->e.link[0].fin = true;
    if (r->end == TW_RESET) s->e.link[0].drop = true;
}

static inline void tw_rules(struct tw_stub *s)
{
    while (s->at < s->rules) {
        const struct tw_rule *r = &s->rule[s->at];
        slice all = buf_slice(&s->in), rest = slice_sub(all, s->from, all.n);
        if (r->when) {
            size_t found = slice_find(rest, slice_str(r->when));
            if (found == rest.n) return;
            s->from += found + strlen(r->when);
        }
        s->at++;
        tw_say(s, r);
    }
}

static inline void tw_up(struct endpoint *e, int link, uint64_t now)
{
    struct tw_stub *s = (struct tw_stub *)e;
    (void)link;
    (void)now;
    s->ups++;
    tw_rules(s);
    if (s->drained) s->drained(s);
}
static inline void tw_feed(struct endpoint *e, int link, slice octets, uint64_t now)
{
    struct tw_stub *s = (struct tw_stub *)e;
    (void)link;
    (void)now;
    if (s->fed) {
        s->fed(s, octets);
        return;
    }
    assert_int_equal(buf_add(&s->in, octets), OK);
    tw_rules(s);
}
static inline void tw_urgent(struct endpoint *e, int link, uint64_t now)
{
    (void)e;
    (void)link;
    (void)now;
}
static inline void tw_ended(struct endpoint *e, int link, enum link_end how, uint64_t now)
{
    struct tw_stub *s = (struct tw_stub *)e;
    (void)link;
    s->ended_at = now;
    s->ends++;
    s->how = how;
    if (!s->stays) e->link[0].fin = true;
}
static inline void tw_drained(struct endpoint *e, int link, uint64_t now)
{
    struct tw_stub *s = (struct tw_stub *)e;
    (void)link;
    (void)now;
    if (s->drained) s->drained(s);
}
static inline void tw_tick(struct endpoint *e, uint64_t now)
{
    (void)e;
    (void)now;
}
static inline uint64_t tw_deadline(const struct endpoint *e)
{
    (void)e;
    return UINT64_MAX;
}
static inline bool tw_finished(const struct endpoint *e)
{
    return e->link[0].state == LINK_DOWN;
}
static inline void tw_free(struct endpoint *e)
{
    (void)e;
}

static const struct endpoint_ops tw_ops = {tw_up,   tw_feed,     tw_urgent,   tw_ended, tw_drained,
                                           tw_tick, tw_deadline, tw_finished, tw_free};

/* One that listens at a name, or connects to it. */
static inline struct tw_stub *tw_stub_new(struct tunnel_world *w, const struct tw_rule *rule, size_t rules)
{
    assert_true(w->stubs < TW_STUBS);
    struct tw_stub *s = &w->stub[w->stubs++];
    *s = (struct tw_stub){.w = w, .rule = rule, .rules = rules};
    endpoint_init(&s->e, &tw_ops, &w->env);
    s->e.link[0].split = w->split;
    rng_init(&s->e.link[0].cuts, 3);
    buf_init(&s->in, &mem_libc, 256 << 20);
    buf_done(&s->e.link[0].out);
    buf_init(&s->e.link[0].out, &mem_libc, 64 << 20);
    return s;
}

static inline struct endpoint *tw_stub_accept(void *ctx, int *link, bool *owned)
{
    struct tw_stub *s = ctx;
    if (s->used) return NULL;
    s->used = true;
    *link = 0;
    *owned = false;
    return &s->e;
}

static inline struct tw_stub *tw_listen(struct tunnel_world *w, const char *name, const struct tw_rule *rule,
                                        size_t rules)
{
    char bound[64];
    struct tw_stub *s = tw_stub_new(w, rule, rules);
    assert_int_equal(net_listen(w->net, name, tw_stub_accept, s, bound, sizeof bound, NULL, 0), OK);
    return s;
}

static inline struct tw_stub *tw_dial(struct tunnel_world *w, const char *name, const struct tw_rule *rule,
                                      size_t rules)
{
    struct tw_stub *s = tw_stub_new(w, rule, rules);
    s->e.link[0].to = name;
    s->e.link[0].state = LINK_WANTED;
    assert_int_equal(net_add(w->net, &s->e, false), OK);
    return s;
}
#define TW_LISTEN(w, name, rules) tw_listen(w, name, rules, sizeof(rules) / sizeof *(rules))
#define TW_DIAL(w, name, rules)   tw_dial(w, name, rules, sizeof(rules) / sizeof *(rules))

static inline bool tw_heard(const struct tw_stub *s, const char *text)
{
    slice in = buf_slice(&s->in);
    return slice_find(in, slice_str(text)) < in.n;
}

static inline void tw_wants(const struct tw_stub *s, const char *text)
{
    if (tw_heard(s, text)) return;
    fail_msg("wanted \"%s\" in: %.*s\nproxy said:\n%s", text, (int)s->in.n, (const char *)buf_slice(&s->in).p,
             s->w->proxy[0].said);
}

/* --- proxies
 * ---------------------------------------------------------------------------------------------------------------------
 */

static inline void tw_proxy_said(void *ctx, const char *text)
{
    struct tw_proxy *p = ctx;
    size_t n = strlen(p->said);
    snprintf(p->said + n, sizeof p->said - n, "%s\n", text);
}
static inline void tw_proxy_gone(void *ctx, struct endpoint *e)
{
    struct tw_proxy *p = ctx;
    for (size_t i = 0; i < p->lives; i++)
        if (p->live[i] == e) p->live[i--] = p->live[--p->lives];
}
static inline void tw_proxy_through(void *ctx, struct endpoint *e, const char *to, uint64_t now)
{
    struct tw_proxy *p = ctx;
    (void)e;
    (void)to;
    (void)now;
    p->through++;
}

static inline struct endpoint *tw_proxy_accept(void *ctx, int *link, bool *owned)
{
    struct tw_proxy *p = ctx;
    struct endpoint *e;
    if (p->lives == 32 || tunnel_proxy_new(&p->s, &e) != OK) return NULL;
    for (int i = 0; i < LINK_MAX; i++) {
        e->link[i].split = p->w->split;
        rng_init(&e->link[i].cuts, 5 + (uint64_t)i);
    }
    p->live[p->lives++] = e;
    p->accepted++;
    *link = 0;
    *owned = true;
    return e;
}

/* n proxies at p1.example:604 and so on. */
static inline void tw_init(struct tunnel_world *w)
{
    memset(w, 0, sizeof *w);
    w->mem = mem_fail_init(&w->f, 0);
    env_init(&w->env);
    w->env.mem = &w->mem;
    for (int i = 0; i < TW_PROXIES; i++) {
        struct tw_proxy *p = &w->proxy[i];
        p->w = w;
        snprintf(p->name, sizeof p->name, "p%d.example:604", i + 1);
        p->selves[0] = p->name;
        p->near = (struct beep_setup){.env = &w->env, .mux = beep_mux_usual};
        p->s = (struct tunnel_proxy_setup){.env = &w->env,
                                           .name = p->name,
                                           .near = &p->near,
                                           .self = p->selves,
                                           .selves = 1,
                                           .house = &p->house,
                                           .ctx = p,
                                           .through = tw_proxy_through,
                                           .say = tw_proxy_said,
                                           .gone = tw_proxy_gone};
    }
}

/* tcp: over sockets; the names of the proxies are then their addresses. */
static inline void tw_open_on(struct tunnel_world *w, int proxies, bool tcp)
{
    if (tcp) {
        assert_int_equal(loop_new(&w->env, &w->loop), OK);
        assert_int_equal(net_tcp_new(&w->env, w->loop, &w->net), OK);
    } else {
        assert_int_equal(net_mem_new(&w->env, 1000, &w->net), OK);
    }
    for (int i = 0; i < proxies; i++) {
        struct tw_proxy *p = &w->proxy[i];
        char bound[sizeof p->name];
        assert_int_equal(net_listen(w->net, tcp ? "127.0.0.1:0" : p->name, tw_proxy_accept, p, bound,
                                    sizeof bound, NULL, 0),
                         OK);
        snprintf(p->name, sizeof p->name, "%s", bound);
    }
}

static inline void tw_open(struct tunnel_world *w, int proxies)
{
    tw_open_on(w, proxies, false);
}

static inline void tw_run(struct tunnel_world *w, uint64_t ms)
{
    bool stop = false;
    net_run(w->net, &stop, net_now(w->net) + ms);
}

static inline void tw_close(struct tunnel_world *w)
{
    for (size_t i = 0; i < w->stubs; i++)
        net_remove(w->net, &w->stub[i].e);
    for (int i = 0; i < 2; i++)
        if (w->peer[i]) net_remove(w->net, &w->peer[i]->e);
    net_free(w->net);
    if (w->loop) loop_free(w->loop);
    w->loop = NULL;
    for (int i = 0; i < 2; i++) {
        if (w->peer[i]) w->peer[i]->e.ops->free(&w->peer[i]->e);
        w->peer[i] = NULL;
    }
    for (size_t i = 0; i < w->stubs; i++) {
        buf_done(&w->stub[i].in);
        buf_done(&w->stub[i].e.link[0].out);
        endpoint_done(&w->stub[i].e);
    }
    w->stubs = 0;
    for (int i = 0; i < TW_PROXIES; i++) {
        assert_int_equal(w->proxy[i].lives, 0);
        assert_int_equal(w->proxy[i].house.pending, 0);
        assert_null(w->proxy[i].house.first);
    }
    tunnel_msg_done(&w->via);
    w->via = (struct tunnel_msg){.kind = TUNNEL_NOTHING};
    assert_int_equal(w->f.live, 0);
}

/* --- a tunnel full of octets: each side sends its lot, reads the other's and looks at every octet ------------------------------- */

enum { TW_PIECE = 50000 };

static inline uint8_t tw_octet(uint64_t i)
{
    return (uint8_t)(i ^ (i >> 8) ^ (i >> 16));
}

static inline void tw_pour(struct tw_stub *s)
{
    static uint8_t piece[TW_PIECE];
    struct link *l = &s->e.link[0];
    if (l->out.n || s->sent == s->lot || s->at < s->rules) return;
    for (size_t i = 0; i < TW_PIECE; i++)
        piece[i] = tw_octet(s->sent + i);
    size_t n = s->lot - s->sent < TW_PIECE ? (size_t)(s->lot - s->sent) : TW_PIECE;
    assert_int_equal(buf_add(&l->out, slice_of(piece, n)), OK);
    s->sent += n;
    if (s->sent == s->lot) l->fin = true;
}

static inline void tw_check(struct tw_stub *s, slice octets)
{
    for (size_t i = 0; i < octets.n && !s->wrong; i++)
        s->wrong = octets.p[i] != tw_octet(s->got + i);
    s->got += octets.n;
}

/* Until the tunnel stands it is a stub like any other. */
static inline void tw_fed(struct tw_stub *s, slice octets)
{
    assert_int_equal(buf_add(&s->in, octets), OK);
    tw_rules(s);
    if (s->at < s->rules) return;
    slice all = buf_slice(&s->in);
    tw_check(s, slice_sub(all, s->from, all.n));
    s->fed = tw_check;
    s->drained = tw_pour;
    tw_pour(s);
}

static inline void tw_flood(struct tw_stub *near, struct tw_stub *far, uint64_t lot)
{
    near->lot = far->lot = lot;
    far->fed = tw_check;
    far->drained = tw_pour;
    near->fed = tw_fed;
}

/* Both got all of it, and as it was. */
static inline void tw_flooded(const struct tw_stub *near, const struct tw_stub *far)
{
    assert_int_equal(near->got, near->lot);
    assert_int_equal(far->got, far->lot);
    assert_false(near->wrong || far->wrong);
}

#endif
