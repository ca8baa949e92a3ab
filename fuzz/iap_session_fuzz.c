/* SPDX-License-Identifier: MIT */
/* Whole sessions of a reference endpoint with a hostile peer, in memory and in virtual time.  The input is a
 * small program; fuzz/README.md says how it reads.  It is played three times: octet by octet, under the eyes
 * of a tracker of our own, then in the pieces that the program asks for, then in random ones.  Oracles:
 *   - what the endpoint sends can be read, has nothing wrong with it, and is in order unless the hostile side
 * was not; behind such a fault comes one error response at most; 200 answers only what was handed over,
 * answers come in the order of the contents; a proxy passes octets behind the set-up on as they are;
 *   - how octets are cut changes nothing that is sent;
 *   - the endpoint ends in time once the other side ended, or was silent in the set-up;
 *   - memory stays within what the limits promise, and all of it is given back.
 * Built with FUZZ_NEGATIVE, the endpoint makes the mistake that FUZZ_MUTANT names: the rig has to notice. */
#include "iap_session_watch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* --- the endpoint under test, with the onlooker between it and the carrier
 * ------------------------------------------ */

static struct session *session_of(struct endpoint *target)
{
    return (struct session *)(void *)((char *)(uintptr_t)target->ops - offsetof(struct session, seen_ops));
}

static void seen_up(struct endpoint *e, int link, uint64_t now)
{
    struct session *s = session_of(e);
    s->target_ops->up(e, link, now);
    look(s, now);
}

static void seen_feed(struct endpoint *e, int link, slice octets, uint64_t now)
{
    struct session *s = session_of(e);
    if (s->watching) hear_hostile(s, link, octets, now);
    s->target_ops->feed(e, link, octets, now);
    look(s, now);
}

static void seen_urgent(struct endpoint *e, int link, uint64_t now)
{
    struct session *s = session_of(e);
    s->target_ops->urgent(e, link, now);
    look(s, now);
}

static void seen_ended(struct endpoint *e, int link, enum link_end how, uint64_t now)
{
    struct session *s = session_of(e);
    s->watch[link].hostile_ended = true;
    s->target_ops->ended(e, link, how, now);
    look(s, now);
}

static void seen_drained(struct endpoint *e, int link, uint64_t now)
{
    struct session *s = session_of(e);
    if (s->target_ops->drained) s->target_ops->drained(e, link, now);
    look(s, now);
}

static void seen_tick(struct endpoint *e, uint64_t now)
{
    struct session *s = session_of(e);
    s->target_ops->tick(e, now);
    look(s, now);
}

/* --- the hostile side
 * --------------------------------------------------------------------------------------------- */

static struct session *owner(struct endpoint *hostile)
{
    return (struct session *)(void *)((char *)hostile - offsetof(struct session, hostile));
}

static void hostile_up(struct endpoint *e, int link, uint64_t now)
{
    (void)e;
    (void)link;
    (void)now;
}

static void hostile_feed(struct endpoint *e, int link, slice octets, uint64_t now)
{
    struct session *s = owner(e);
    (void)now;
    if (!s->watching) must(buf_add(&s->got[link], octets));
    s->delivered[link] += octets.n;
}

static void hostile_urgent(struct endpoint *e, int link, uint64_t now)
{
    (void)e;
    (void)now;
    fail("link %d: sends urgent data", link);
}

static void hostile_ended(struct endpoint *e, int link, enum link_end how, uint64_t now)
{
    struct session *s = owner(e);
    struct watch *w = &s->watch[link];
    (void)now;
    /* whether a reset follows an end depends on what was still under way */
    if (!s->ended[link]) s->ended[link] = how == LINK_FIN ? 'F' : 'R';
    if (how == LINK_FIN && s->watching && !w->through && iap_reader_inside(&w->t.reader[w->target]))
        fail("link %d: ends inside a message", link);
}

static void hostile_tick(struct endpoint *e, uint64_t now)
{
    (void)e;
    (void)now;
}

static uint64_t hostile_deadline(const struct endpoint *e)
{
    (void)e;
    return UINT64_MAX;
}

static bool hostile_finished(const struct endpoint *e)
{
    (void)e;
    return false;
}

static const struct endpoint_ops hostile_ops = {.up = hostile_up,
                                                .feed = hostile_feed,
                                                .urgent = hostile_urgent,
                                                .ended = hostile_ended,
                                                .tick = hostile_tick,
                                                .deadline = hostile_deadline,
                                                .finished = hostile_finished};

static struct endpoint *give_target(void *ctx, int *link, bool *owned)
{
    struct session *s = ctx;
    *link = 0;
    *owned = false;
    return s->target;
}

static struct endpoint *give_hostile(void *ctx, int *link, bool *owned)
{
    struct session *s = ctx;
    *link = s->cfg.proxy ? 1 : 0;
    *owned = false;
    if (s->cfg.connects && s->cfg.proxy) return NULL; /* the next hop is not there */
    return &s->hostile;
}

/* --- hooks of the endpoint under test
 * ----------------------------------------------------------------------------- */

static uint16_t on_alert(void *ctx, struct iap_peer *p, const struct iap_alert *a)
{
    struct session *s = ctx;
    (void)p;
    (void)a;
    s->handed++;
    return s->cfg.defers ? 0 : 200;
}

static bool next_alert(void *ctx, struct iap_peer *p, struct iap_alert *out, bool *end)
{
    struct session *s = ctx;
    (void)p;
    *end = s->cfg.defers;
    if (s->alerts == 3) return false;
    out->id = s->alerts++;
    out->body = out->id == 1 ? SLICE_LIT("a\r\n\r\nIAP/0.3 200\r\n\r\n") : SLICE_LIT("<alert/>");
    return true;
}

/* --- set-up
 * ------------------------------------------------------------------------------------------------------- */

static enum iap_mutant mutant(void)
{
#ifdef FUZZ_NEGATIVE
    const char *name = getenv("FUZZ_MUTANT");
    enum iap_mutant m = (enum iap_mutant)mutant_find(iap_mutants, MUT_COUNT, slice_str(name ? name : "answers-twice"));
    if (m == MUT_NONE) {
        fprintf(stderr, "FUZZ_MUTANT: there is no mistake %s\n", name ? name : "answers-twice");
        exit(2);
    }
    return m;
#else
    return MUT_NONE;
#endif
}

static void set_limits(struct session *s)
{
    struct limits *l = &s->env.limits;
    l->line = LINE;
    /* a proxy pauses its requester behind that much, and an end that waits there is an end that comes later
     */
    l->head = s->cfg.proxy ? INPUT_MAX : HEAD;
    l->vias = VIAS;
    l->content = CONTENT;
    l->out_queue = OUT_QUEUE;
    l->idle_ms = s->cfg.idles ? 120000 : 0;
}

static void make_target(struct session *s)
{
    struct iap_peer *p;
    bool connects = s->cfg.connects && !s->cfg.proxy;
    s->peer_setup = (struct iap_setup){.env = &s->env,
                                       .analyzer = s->cfg.analyzer,
                                       .host = "m.dom.org",
                                       .no_tls = !s->cfg.unconfigured,
                                       .refuse = s->cfg.refuses,
                                       .style = iap_style_sent,
                                       .mutant = mutant(),
                                       .hooks = {.ctx = s, .alert = on_alert, .next = next_alert}};
    s->route = (struct iap_route){.host = "m.dom.org", .to = "far"};
    s->proxy_setup = (struct iap_proxy_setup){
        .env = &s->env, .identity = "p.dom.org", .route = &s->route, .routes = 1, .mutant = mutant()};
    if (s->cfg.proxy) {
        must(iap_proxy_new(&s->proxy_setup, &s->target));
    } else {
        must(iap_peer_new(&s->peer_setup, connects, "tester", &p));
        s->target = &p->e;
    }
    s->target_ops = s->target->ops;
    s->seen_ops = *s->target_ops;
    s->seen_ops.up = seen_up;
    s->seen_ops.feed = seen_feed;
    s->seen_ops.urgent = seen_urgent;
    s->seen_ops.ended = seen_ended;
    s->seen_ops.drained = seen_drained;
    s->seen_ops.tick = seen_tick;
    s->target->ops = &s->seen_ops;
}

static void make_watch(struct session *s)
{
    for (int k = 0; k < LINKS; k++) {
        struct watch *w = &s->watch[k];
        /* a proxy accepted link 0 and opened link 1 */
        w->target = s->cfg.proxy ? (k == 0) : !s->cfg.connects;
        track_iap_init(&w->t, &s->own, !s->cfg.unconfigured);
        if (!s->cfg.proxy) fsm_bind(&w->t.fsm, IAP_P_TLS_CLIENT, s->cfg.analyzer ? w->target : !w->target);
        buf_init(&s->gave[k], &mem_libc, 1 << 20);
        buf_init(&s->got[k], &mem_libc, 1 << 20);
    }
    buf_init(&s->trail, &mem_libc, 1 << 20);
}

static void begin(struct session *s, struct config cfg, enum link_split split, uint64_t seed)
{
    memset(s, 0, sizeof *s);
    s->cfg = cfg;
    s->watching = split == SPLIT_BYTES;
    env_init(&s->env);
    set_limits(s);
    s->own = s->env;
    s->counter.max = cfg.proxy ? PROXY_MEMORY : PEER_MEMORY;
    s->mem = (struct mem){&s->counter, count_resize, count_release};
    s->env.mem = &s->mem;
    make_watch(s);
    make_target(s);
    endpoint_init(&s->hostile, &hostile_ops, &s->own);
    for (int k = 0; k < LINKS; k++) {
        s->hostile.link[k].split = split;
        rng_init(&s->hostile.link[k].cuts, seed);
    }
    must(net_mem_new(&s->own, START_MS, &s->net));
    must(net_listen(s->net, "peer", give_target, s, NULL, 0, NULL, 0));
    must(net_listen(s->net, cfg.proxy ? "far" : "tester", give_hostile, s, NULL, 0, NULL, 0));
    must(net_add(s->net, &s->hostile, false));
    must(net_add(s->net, s->target, false));
    if (cfg.proxy || !cfg.connects) {
        s->hostile.link[0].to = "peer";
        s->hostile.link[0].state = LINK_WANTED;
    }
}

/* --- the program
 * -------------------------------------------------------------------------------------------------- */

/* Until nothing moves any more; the clock goes on by ms (and one, as a deadline must not stop it).  The clock
 * would creep behind the deadlines of an endpoint that is over, so nothing is waited for then. */
static void pass_time(struct session *s, uint64_t ms)
{
    bool stop = false;
    uint64_t until = net_now(s->net) + ms;
    net_run(s->net, &stop, net_now(s->net));
    while (net_now(s->net) < until && !s->target_ops->finished(s->target)) {
        uint64_t next = s->target_ops->deadline(s->target), now = net_now(s->net);
        /* past a deadline by one: at the very millisecond it has not come yet */
        net_run(s->net, &stop, next > now && next < until ? next + 1 : next > now ? until : now);
    }
    for (int k = 0; k < LINKS; k++)
        must(buf_addf(&s->trail, "%zu%c ", s->delivered[k], s->ended[k] ? s->ended[k] : '-'));
    must(buf_addf(&s->trail, "%zu\n", s->handed));
}

static void by_owner(struct session *s, uint8_t op)
{
    struct iap_peer *p = (struct iap_peer *)s->target;
    if (s->cfg.proxy || s->target->link[0].state != LINK_UP) return;
    if (op == 'a' && s->cfg.defers) iap_peer_answer(p, 200, net_now(s->net));
    if (op == 'n') iap_peer_poke(p, net_now(s->net));
    if (op == 'k') iap_peer_close(p, net_now(s->net));
    look(s, net_now(s->net));
}

static void do_op(struct session *s, int *link, uint8_t op, uint8_t arg)
{
    struct link *l = &s->hostile.link[*link];
    uint64_t ms = 0;
    switch (op) {
    case '0':
        *link = 0;
        return;
    case '1':
        *link = 1;
        return;
    case 't':
        ms = arg < 128 ? arg * 10u : (arg - 127u) * 1000u;
        break;
    case 'f':
        l->fin = true;
        break;
    case 'r':
        l->drop = true;
        break;
    case 'u':
        l->urgent = true;
        break;
    case 'p':
        l->pause = !l->pause;
        break;
    case 'a':
    case 'n':
    case 'k':
        by_owner(s, op);
        break;
    default:
        break; /* a cut */
    }
    pass_time(s, ms);
}

static void say(struct session *s, int link, slice chunk)
{
    struct link *l = &s->hostile.link[link];
    if (chunk.n && l->state == LINK_UP && !l->fin && buf_room(&l->out) >= chunk.n)
        must(buf_add(&l->out, chunk));
}

static void run_program(struct session *s, slice in)
{
    uint8_t chunk[CHUNK_MAX];
    size_t n = 0;
    int link = 0;
    pass_time(s, 0);
    for (size_t i = 0; i < in.n; i++) {
        bool op = in.p[i] == 0xff && i + 1 < in.n && in.p[i + 1] != 0xff;
        if (!op && n < CHUNK_MAX) {
            chunk[n++] = in.p[i];
            if (in.p[i] == 0xff && i + 1 < in.n) i++;
            continue;
        }
        say(s, link, slice_of(chunk, n));
        n = 0;
        if (!op) {
            pass_time(s, 0);
            i--;
            continue;
        }
        uint8_t what = in.p[++i], arg = 1;
        if (what == 't' && i + 1 < in.n) arg = in.p[++i];
        /* octets and an end may come at once; what overtakes octets must not depend on how far those got */
        if (what != 'f' && what != 'p') pass_time(s, 0);
        do_op(s, &link, what, arg);
    }
    say(s, link, slice_of(chunk, n));
    pass_time(s, 0);
}

/* --- the end
 * ------------------------------------------------------------------------------------------------------ */

static bool may_stay(const struct session *s)
{
    const struct iap_peer *p = (const struct iap_peer *)s->target;
    if (s->cfg.proxy)
        return true; /* what passes through has no deadline of its own; the ends are told below */
    enum iap_state is = track_iap_state(&p->c.track);
    return !s->cfg.idles && !p->closing && (is == IAP_S_READY || is == IAP_S_SENT);
}

static void check_through(const struct session *s, int from)
{
    const struct watch *a = &s->watch[from], *b = &s->watch[!from];
    size_t in_head = a->head[!a->target], out_head = b->head[b->target];
    if (!s->watching || !s->cfg.proxy || !in_head || !out_head) return;
    slice in = slice_sub(buf_slice(&s->gave[from]), in_head, s->gave[from].n);
    slice out = slice_sub(buf_slice(&s->got[!from]), out_head, s->got[!from].n);
    if (!slice_starts(in, out)) fail("octets from link %d are altered on the way", from);
}

static void finish(struct session *s)
{
    const struct endpoint_ops *ops = s->target_ops;
    for (int k = 0; k < LINKS; k++)
        s->hostile.link[k].pause = false;
    if (s->cfg.silent) {
        pass_time(s, PATIENCE_MS);
        if (!ops->finished(s->target) && !may_stay(s)) fail("does not end although the peer is silent");
    }
    for (int k = 0; k < LINKS; k++)
        s->hostile.link[k].fin = true;
    pass_time(s, PATIENCE_MS);
    /* a connection that was never made has no end */
    if (!ops->finished(s->target) && s->hostile.link[0].state != LINK_IDLE)
        fail("does not end after the peer did");
    check_through(s, 0);
    check_through(s, 1);
    net_free(s->net);
    s->target->ops = ops;
    ops->free(s->target);
    if (s->counter.live) fail("%zu octets are not given back", s->counter.live);
    endpoint_done(&s->hostile);
}

static void play(struct session *s, slice in, enum link_split split, uint64_t seed)
{
    struct config c = {.proxy = (in.p[0] & 3) == 2,
                       .analyzer = (in.p[0] & 3) == 1,
                       .connects = in.p[0] & 4,
                       .refuses = in.p[0] & 8,
                       .unconfigured = in.p[0] & 16,
                       .defers = in.p[0] & 32,
                       .silent = in.p[0] & 64,
                       .idles = in.p[0] & 128};
    begin(s, c, split, seed);
    run_program(s, slice_sub(in, 1, in.n));
    finish(s);
}

static void done(struct session *s)
{
    for (int k = 0; k < LINKS; k++) {
        track_iap_done(&s->watch[k].t);
        buf_done(&s->gave[k]);
        buf_done(&s->got[k]);
    }
    buf_done(&s->trail);
}

static void show(const char *name, const struct session *s)
{
    fprintf(stderr, "--- %s\n%.*s", name, (int)s->trail.n, (const char *)buf_slice(&s->trail).p);
    for (int k = 0; k < LINKS; k++)
        fprintf(stderr, "link %d: %.*s\n", k, (int)s->delivered[k], (const char *)buf_slice(&s->got[k]).p);
}

/* An analyzer sends the next alert only after it has looked at all that came, as a response cannot
 * acknowledge what was not sent yet: from its first alert on, cuts matter when answers come ahead of alerts.
 */
static void compare(const struct session *a, const struct session *b)
{
    slice one = slice_sub(buf_slice(&a->got[0]), 0, a->delivered[0]), other = buf_slice(&b->got[0]);
    size_t set_up = slice_find(one, SLICE_LIT("Content-Type:"));
    bool same = slice_eq(buf_slice(&a->trail), buf_slice(&b->trail)) && slice_eq(one, other) &&
                slice_eq(slice_sub(buf_slice(&a->got[1]), 0, a->delivered[1]), buf_slice(&b->got[1]));
    if (a->cfg.analyzer && set_up < one.n) same = slice_starts(other, slice_sub(one, 0, set_up));
    if (same) return;
    show("octet by octet", a);
    show("otherwise cut", b);
    fail("how the octets were cut changed what was sent");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1 || size > INPUT_MAX) return 0;
    slice in = slice_of(data, size);
    struct session *a = malloc(sizeof *a), *b = malloc(sizeof *b);
    if (!a || !b) fail("the rig itself: no memory");
    play(a, in, SPLIT_BYTES, 0);
    play(b, in, SPLIT_WHOLE, 0);
    compare(a, b);
    done(b);
    play(b, in, SPLIT_RANDOM, size);
    compare(a, b);
    done(b);
    done(a);
    free(a);
    free(b);
    return 0;
}
