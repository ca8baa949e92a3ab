/* SPDX-License-Identifier: MIT */
/* Whole sessions through reference proxies, in memory: the transcript of section 4.4 octet for octet, chains,
 * loops, and TLS from end to end.  Each place on the way stands behind a tap that writes down what passes. */
#include "test/tls_pair.h"

#include "peer/iap_peer.h"
#include "peer/iap_proxy.h"
#include "run/net.h"

enum { TAPS_MAX = 8, HOUR = 3600 * 1000 };

/* --- memory that is counted, so that what stays in the net shows
 * ------------------------------------------------------ */

struct counted {
    struct mem mem;
    long live;
};

static void *counted_resize(void *ctx, void *p, size_t n)
{
    struct counted *c = ctx;
    void *q = mem_libc.resize(mem_libc.ctx, p, n);
    if (q && !p) c->live++;
    return q;
}

static void counted_release(void *ctx, void *p)
{
    struct counted *c = ctx;
    if (p) c->live--;
    mem_libc.release(mem_libc.ctx, p);
}

/* --- a tap: passes octets on and keeps a copy
 * -------------------------------------------------------------------------- */

struct journal { /* of one place: what went to it and what came from it, over all its connections */
    char to[8192], from[8192];
    size_t to_n, from_n;
};
struct tap {
    struct endpoint e; /* first */
    struct journal *j;
};

static void note(char *text, size_t *n, slice octets)
{
    assert_true(*n + octets.n < sizeof((struct journal *)0)->to);
    memcpy(text + *n, octets.p, octets.n);
    *n += octets.n;
    text[*n] = 0;
}

static void tap_up(struct endpoint *e, int link, uint64_t now)
{
    (void)now;
    if (link == 0) e->link[1].state = LINK_WANTED;
}

static void tap_feed(struct endpoint *e, int link, slice octets, uint64_t now)
{
    struct journal *j = ((struct tap *)e)->j;
    (void)now;
    if (link == 0)
        note(j->to, &j->to_n, octets);
    else
        note(j->from, &j->from_n, octets);
    assert_int_equal(buf_add(&e->link[!link].out, octets), OK);
}

static void tap_urgent(struct endpoint *e, int link, uint64_t now)
{
    (void)e, (void)link, (void)now;
    fail_msg("urgent data");
}

static void tap_ended(struct endpoint *e, int link, enum link_end how, uint64_t now)
{
    (void)now;
    if (how == LINK_FIN)
        e->link[!link].fin = true;
    else
        e->link[!link].drop = true;
}

static void tap_tick(struct endpoint *e, uint64_t now)
{
    (void)e, (void)now;
}

static uint64_t tap_deadline(const struct endpoint *e)
{
    (void)e;
    return UINT64_MAX;
}

static bool tap_finished(const struct endpoint *e)
{
    return e->link[0].state == LINK_DOWN && (e->link[1].state == LINK_DOWN || e->link[1].state == LINK_IDLE);
}

static void tap_free(struct endpoint *e)
{
    const struct mem *m = e->env->mem;
    endpoint_done(e);
    mem_free(m, e);
}

static const struct endpoint_ops tap_ops = {.up = tap_up,
                                            .feed = tap_feed,
                                            .urgent = tap_urgent,
                                            .ended = tap_ended,
                                            .tick = tap_tick,
                                            .deadline = tap_deadline,
                                            .finished = tap_finished,
                                            .free = tap_free};

/* --- the places
 * -------------------------------------------------------------------------------------------------------- */

struct place {
    struct scene *of;
    const char *name; /* where the way to it leads: the tap listens here ... */
    char inner[16];   /* ... and dials this */
    struct iap_proxy_setup proxy;
    struct iap_route route;
    bool manager;
    struct journal journal;
};

struct scene {
    struct counted memory;
    struct env env;
    struct net *net;
    struct place place[TAPS_MAX];
    size_t places;
    struct iap_setup analyzer, manager;
    enum link_split split;
    int alerts, acks; /* taken by the manager; answered to the analyzer */
    bool given;
    long before; /* allocations while nobody talks */
};

static void cut(const struct scene *s, struct endpoint *e)
{
    for (int i = 0; i < LINK_MAX; i++) {
        e->link[i].split = s->split;
        rng_init(&e->link[i].cuts, 17 + (uint64_t)i);
    }
}

static struct endpoint *give_tap(void *ctx, int *link, bool *owned)
{
    struct place *pl = ctx;
    struct tap *t = mem_new(pl->of->env.mem, sizeof *t);
    assert_non_null(t);
    endpoint_init(&t->e, &tap_ops, &pl->of->env);
    cut(pl->of, &t->e);
    t->j = &pl->journal;
    t->e.link[1].to = pl->inner;
    *link = 0;
    *owned = true;
    return &t->e;
}

static struct endpoint *give_inner(void *ctx, int *link, bool *owned)
{
    struct place *pl = ctx;
    struct endpoint *e = NULL;
    struct iap_peer *m = NULL;
    *link = 0;
    *owned = true;
    if (pl->manager) {
        assert_int_equal(iap_peer_new(&pl->of->manager, false, NULL, &m), OK);
        e = &m->e;
    } else {
        assert_int_equal(iap_proxy_new(&pl->proxy, &e), OK);
    }
    cut(pl->of, e);
    return e;
}

static const uint8_t all_ff[64] = {255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
                                   255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
                                   255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
                                   255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
                                   255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255};

static bool one_alert(void *ctx, struct iap_peer *p, struct iap_alert *out, bool *end)
{
    struct scene *s = ctx;
    (void)p;
    *end = s->given;
    if (s->given) return false;
    s->given = true;
    out->id = 1;
    out->body = slice_of(all_ff, sizeof all_ff);
    return true;
}

static void on_answer(void *ctx, struct iap_peer *p, uint64_t id, uint16_t code)
{
    struct scene *s = ctx;
    (void)p;
    assert_int_equal(id, 1);
    assert_int_equal(code, 200);
    s->acks++;
}

static uint16_t on_alert(void *ctx, struct iap_peer *p, const struct iap_alert *a)
{
    struct scene *s = ctx;
    (void)p;
    assert_true(slice_eq(a->body, slice_of(all_ff, sizeof all_ff)));
    s->alerts++;
    return 200;
}

static void begin(struct scene *s, enum link_split split, const struct iap_style *style)
{
    memset(s, 0, sizeof *s);
    s->memory.mem = (struct mem){.ctx = &s->memory, .resize = counted_resize, .release = counted_release};
    env_init(&s->env);
    s->env.mem = &s->memory.mem;
    s->split = split;
    s->analyzer = (struct iap_setup){.env = &s->env,
                                     .analyzer = true,
                                     .host = "M.DOM.ORG",
                                     .no_tls = true,
                                     .style = *style,
                                     .hooks = {.ctx = s, .next = one_alert, .answered = on_answer}};
    s->manager = (struct iap_setup){
        .env = &s->env, .no_tls = true, .style = *style, .hooks = {.ctx = s, .alert = on_alert}};
    assert_int_equal(net_mem_new(&s->env, 1000, &s->net), OK);
}

static struct place *add_place(struct scene *s, const char *name)
{
    struct place *pl = &s->place[s->places++];
    char why[200];
    assert_true(s->places <= TAPS_MAX);
    pl->of = s;
    pl->name = name;
    snprintf(pl->inner, sizeof pl->inner, "in-%s", name);
    assert_int_equal(net_listen(s->net, name, give_tap, pl, NULL, 0, why, sizeof why), OK);
    assert_int_equal(net_listen(s->net, pl->inner, give_inner, pl, NULL, 0, why, sizeof why), OK);
    return pl;
}

/* A proxy that sends everything to the place called to. */
static struct journal *add_proxy(struct scene *s, const char *name, const char *identity, const char *to,
                                 enum iap_mutant mutant)
{
    struct place *pl = add_place(s, name);
    pl->route = (struct iap_route){.to = to};
    pl->proxy = (struct iap_proxy_setup){
        .env = &s->env, .identity = identity, .route = &pl->route, .routes = 1, .mutant = mutant};
    return &pl->journal;
}

static struct journal *add_manager(struct scene *s)
{
    struct place *pl = add_place(s, "m");
    pl->manager = true;
    return &pl->journal;
}

/* The analyzer opens its connection to a place; all goes on until nothing more happens, an hour at most. */
static void play(struct scene *s, const char *to)
{
    const bool never = false;
    struct iap_peer *a;
    s->before = s->memory.live;
    assert_int_equal(iap_peer_new(&s->analyzer, true, to, &a), OK);
    cut(s, &a->e);
    assert_int_equal(net_add(s->net, &a->e, true), OK);
    net_run(s->net, &never, HOUR);
    assert_int_equal(s->memory.live, s->before); /* every endpoint is gone */
}

static void end(struct scene *s)
{
    net_free(s->net);
    assert_int_equal(s->memory.live, 0);
}

static void same_octets(const char *have, size_t have_n, const char *want, size_t want_n)
{
    if (have_n != want_n || memcmp(have, want, want_n) != 0)
        print_error("have:\n%s\nwant:\n%s\n", have, want);
    assert_int_equal(have_n, want_n);
    assert_memory_equal(have, want, want_n);
}

#define SAME(journal, side, want) same_octets((journal)->side, (journal)->side##_n, want, sizeof(want) - 1)

/* --- 4.4
 * -----------------------------------------------------------------------------------------------------------------
 */

#define FF16 "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
#define FF64 FF16 FF16 FF16 FF16
#define C_M  "IAP/0.3 CONNECT M.DOM.ORG\r\n"
#define UP   "IAP/0.3 Upgrade: TLS/1.0\r\n\r\n"
#define TYPE "Content-Type: application/x-idef-alert\r\n"
/* as printed in 4.4 */
#define PRINTED                                                                                              \
    "IAP/0.3 IAP-Version: 0.3\r\nIAP/0.3 IAP-Role: Sender\r\n\r\n" TYPE "Content-Length: 64\r\n" FF64        \
    "\r\n\r\n"
/* as the grammar of 4.3 has it, with two blanks */
#define BY_GRAMMAR                                                                                           \
    "IAP/0.3 IAP-Version: 0.3\r\nIAP-Role: Sender\r\n\r\n" TYPE "Content-Length:  64\r\n\r\n" FF64 "\r\n\r"  \
                                                                                                   "\n"
/* what we send by default: the grammar with one blank */
#define SENT                                                                                                 \
    "IAP/0.3 IAP-Version: 0.3\r\nIAP-Role: Sender\r\n\r\n" TYPE "Content-Length: 64\r\n\r\n" FF64 "\r\n\r\n"
#define REST "IAP/0.3 101\r\n\r\nIAP/0.3 200\r\n\r\nIAP/0.3 200\r\n\r\n"

static const enum link_split splits[] = {SPLIT_WHOLE, SPLIT_BYTES, SPLIT_RANDOM};

static void transcript(enum link_split split, const struct iap_style *style, const char *data, size_t data_n)
{
    struct scene s;
    char want[1024];
    begin(&s, split, style);
    struct journal *p = add_proxy(&s, "p", "P.DOM.ORG", "m", MUT_NONE), *m = add_manager(&s);
    play(&s, "p");
    assert_int_equal(s.alerts, 1);
    assert_int_equal(s.acks, 1);
    const char near[] = C_M "\r\n" UP, far[] = C_M "IAP/0.3 Via: P.DOM.ORG\r\n\r\n" UP;
    memcpy(want, near, sizeof near - 1);
    memcpy(want + sizeof near - 1, data, data_n);
    same_octets(p->to, p->to_n, want, sizeof near - 1 + data_n);
    memcpy(want, far, sizeof far - 1);
    memcpy(want + sizeof far - 1, data, data_n);
    same_octets(m->to, m->to_n, want, sizeof far - 1 + data_n);
    SAME(m, from, "IAP/0.3 200\r\n\r\n" REST);
    SAME(p, from, "IAP/0.3 200\r\nIAP/0.3 Via: P.DOM.ORG\r\n\r\n" REST);
    end(&s);
}

static void test_transcript(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof splits / sizeof *splits; i++) {
        transcript(splits[i], &iap_style_example, PRINTED, sizeof PRINTED - 1);
        transcript(splits[i], &iap_style_grammar, BY_GRAMMAR, sizeof BY_GRAMMAR - 1);
        transcript(splits[i], &iap_style_sent, SENT, sizeof SENT - 1);
    }
}

static void test_chain(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof splits / sizeof *splits; i++) {
        struct scene s;
        begin(&s, splits[i], &iap_style_sent);
        struct journal *p = add_proxy(&s, "p", "P.DOM.ORG", "q", MUT_NONE),
                       *q = add_proxy(&s, "q", "Q.DOM.ORG", "m", MUT_NONE);
        struct journal *m = add_manager(&s);
        play(&s, "p");
        assert_int_equal(s.alerts, 1);
        assert_int_equal(s.acks, 1);
        SAME(p, to, C_M "\r\n" UP SENT);
        SAME(q, to, C_M "IAP/0.3 Via: P.DOM.ORG\r\n\r\n" UP SENT);
        SAME(m, to, C_M "IAP/0.3 Via: P.DOM.ORG\r\nIAP/0.3 Via: Q.DOM.ORG\r\n\r\n" UP SENT);
        SAME(m, from, "IAP/0.3 200\r\n\r\n" REST);
        SAME(q, from, "IAP/0.3 200\r\nIAP/0.3 Via: Q.DOM.ORG\r\n\r\n" REST);
        SAME(p, from, "IAP/0.3 200\r\nIAP/0.3 Via: Q.DOM.ORG\r\nIAP/0.3 Via: P.DOM.ORG\r\n\r\n" REST);
        end(&s);
    }
}

/* --- loops (3.1)
 * -----------------------------------------------------------------------------------------------------------
 */

static void test_loop_of_two(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof splits / sizeof *splits; i++) {
        struct scene s;
        begin(&s, splits[i], &iap_style_sent);
        struct journal *p = add_proxy(&s, "p", "P.DOM.ORG", "q", MUT_NONE),
                       *q = add_proxy(&s, "q", "Q.DOM.ORG", "p", MUT_NONE);
        play(&s, "p");
        assert_int_equal(s.acks, 0);
        SAME(q, to, C_M "IAP/0.3 Via: P.DOM.ORG\r\n\r\n");
        SAME(q, from, "IAP/0.3 502\r\nIAP/0.3 Via: Q.DOM.ORG\r\n\r\n");
        /* the first proxy is asked twice: by the analyzer, and by the second proxy */
        SAME(p, to, C_M "\r\n" C_M "IAP/0.3 Via: P.DOM.ORG\r\nIAP/0.3 Via: Q.DOM.ORG\r\n\r\n");
        SAME(p, from,
             "IAP/0.3 502\r\n\r\nIAP/0.3 502\r\nIAP/0.3 Via: Q.DOM.ORG\r\nIAP/0.3 Via: P.DOM.ORG\r\n\r\n");
        end(&s);
    }
}

static void test_loop_to_itself(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof splits / sizeof *splits; i++) {
        struct scene s;
        begin(&s, splits[i], &iap_style_sent);
        struct journal *p = add_proxy(&s, "p", "P.DOM.ORG", "p", MUT_NONE);
        play(&s, "p");
        SAME(p, to, C_M "\r\n" C_M "IAP/0.3 Via: P.DOM.ORG\r\n\r\n");
        SAME(p, from, "IAP/0.3 502\r\n\r\nIAP/0.3 502\r\nIAP/0.3 Via: P.DOM.ORG\r\n\r\n");
        end(&s);
    }
}

/* Nobody sees the loop: it ends all the same, where the limit of Via lines is. */
static void test_loop_unseen(void **state)
{
    struct scene s;
    (void)state;
    begin(&s, SPLIT_WHOLE, &iap_style_sent);
    s.env.limits.vias = 6;
    struct journal *p = add_proxy(&s, "p", "P.DOM.ORG", "q", MUT_P_NO_LOOP);
    add_proxy(&s, "q", "Q.DOM.ORG", "p", MUT_P_NO_LOOP);
    play(&s, "p");
    assert_int_equal(s.acks, 0);
    assert_true(strncmp(p->from, "IAP/0.3 502\r\n", 13) == 0);
    end(&s);
}

static void test_nobody_behind(void **state)
{
    struct scene s;
    (void)state;
    begin(&s, SPLIT_WHOLE, &iap_style_sent);
    struct journal *p = add_proxy(&s, "p", "P.DOM.ORG", "nowhere", MUT_NONE);
    play(&s, "p");
    SAME(p, from, "IAP/0.3 502\r\n\r\n");
    end(&s);
}

/* --- TLS from end to end
 * ------------------------------------------------------------------------------------------------ */

static void through_tls(const struct world *w, enum tls_profile profile, enum link_split split)
{
    struct scene s;
    const struct how h = {.client_profile = profile,
                          .server_profile = profile,
                          .server_name = "m.dom.org",
                          .server_subject = "OU=Managers",
                          .client_subject = "OU=Sensors"};
    begin(&s, split, &iap_style_sent);
    s.analyzer.no_tls = s.manager.no_tls = false;
    s.analyzer.tls = context(w, &w->env, &h, TLS_CLIENT);
    s.manager.tls = context(w, &w->env, &h, TLS_SERVER);
    struct journal *p = add_proxy(&s, "p", "P.DOM.ORG", "q", MUT_NONE);
    add_proxy(&s, "q", "Q.DOM.ORG", "m", MUT_NONE);
    struct journal *m = add_manager(&s);
    play(&s, "p");
    assert_int_equal(s.alerts, 1);
    assert_int_equal(s.acks, 1);
    /* behind the connect request and its answer both ends see the same octets, and behind the 101 only TLS */
    const char near[] = C_M "\r\n" UP,
               far[] = C_M "IAP/0.3 Via: P.DOM.ORG\r\nIAP/0.3 Via: Q.DOM.ORG\r\n\r\n" UP;
    assert_memory_equal(p->to, near, sizeof near - 1);
    assert_memory_equal(m->to, far, sizeof far - 1);
    assert_int_equal(p->to[sizeof near - 1], 0x16);
    same_octets(p->to + sizeof near - 1, p->to_n - (sizeof near - 1), m->to + sizeof far - 1,
                m->to_n - (sizeof far - 1));
    const char back[] = "IAP/0.3 200\r\nIAP/0.3 Via: Q.DOM.ORG\r\nIAP/0.3 Via: P.DOM.ORG\r\n\r\n",
               plain[] = "IAP/0.3 200\r\n\r\n";
    assert_memory_equal(p->from, back, sizeof back - 1);
    same_octets(p->from + sizeof back - 1, p->from_n - (sizeof back - 1), m->from + sizeof plain - 1,
                m->from_n - (sizeof plain - 1));
    assert_true(slice_find(slice_of(p->to, p->to_n), SLICE_LIT("Content-Type")) == p->to_n);
    end(&s);
    tls_context_free(s.analyzer.tls);
    tls_context_free(s.manager.tls);
}

static void test_tls_modern(void **state)
{
    for (size_t i = 0; i < sizeof splits / sizeof *splits; i++)
        through_tls(*state, TLS_MODERN, splits[i]);
}

static void test_tls_draft(void **state)
{
    through_tls(*state, TLS_DRAFT, SPLIT_WHOLE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_transcript),  cmocka_unit_test(test_chain),
        cmocka_unit_test(test_loop_of_two), cmocka_unit_test(test_loop_to_itself),
        cmocka_unit_test(test_loop_unseen), cmocka_unit_test(test_nobody_behind),
        cmocka_unit_test(test_tls_modern),  cmocka_unit_test(test_tls_draft),
    };
    return cmocka_run_group_tests_name("relay", tests, setup, teardown);
}
