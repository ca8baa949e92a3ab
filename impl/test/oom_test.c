/* SPDX-License-Identifier: MIT */
/* Every n-th allocation fails, over whole sessions and whole runs: nothing crashes, nothing leaks, nothing
 * hangs, and no alert is acknowledged that was not handed over. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "peer/iap_peer.h"
#include "peer/iap_proxy.h"
#include "run/catalog.h"
#include "run/identity.h"
#include "run/net.h"
#include "run/suite.h"
#include "test/mem_fail.h"

enum { ALERTS = 3, RUNS_MAX = 20000, HOUR_MS = 3600 * 1000 };

struct world {
    struct env env;
    struct mem mem;
    struct mem_fail f;
    struct tls_context *tls[2]; /* of the manager, of the analyzer; NULL: TLS off */
    struct iap_setup setup[2];
    struct iap_proxy_setup proxy;
    struct iap_route route;
    uint64_t sent;
    unsigned handed, acknowledged, made, gone;
};

static void env_fails(struct world *w)
{
    memset(w, 0, sizeof *w);
    w->mem = mem_fail_init(&w->f, 0);
    env_init(&w->env);
    w->env.mem = &w->mem;
}

/* --- sessions
 * ----------------------------------------------------------------------------------------------------- */

static bool next(void *ctx, struct iap_peer *p, struct iap_alert *out, bool *end)
{
    struct world *w = ctx;
    (void)p;
    *end = w->sent == ALERTS;
    if (*end) return false;
    out->id = ++w->sent;
    out->body = SLICE_LIT("<alert/>");
    return true;
}

static void answered(void *ctx, struct iap_peer *p, uint64_t id, uint16_t code)
{
    struct world *w = ctx;
    (void)p;
    (void)id;
    w->acknowledged += code == 200;
}

static uint16_t alert(void *ctx, struct iap_peer *p, const struct iap_alert *a)
{
    struct world *w = ctx;
    (void)p;
    assert_true(slice_eq(a->body, SLICE_LIT("<alert/>")));
    w->handed++;
    return w->handed == 2 ? 0 : 200; /* one is answered later */
}

static void gone(void *ctx, struct iap_peer *p)
{
    struct world *w = ctx;
    (void)p;
    w->gone++;
}

static struct endpoint *make(struct world *w, bool analyzer, bool opens, const char *to)
{
    struct iap_peer *p;
    if (iap_peer_new(&w->setup[analyzer], opens, to, &p) != OK) return NULL;
    w->made++;
    return &p->e;
}

struct stage {
    struct world *w;
    bool manager_opens;
    struct iap_peer *manager;
};

static struct endpoint *accept_end(void *ctx, int *link, bool *owned)
{
    struct stage *g = ctx;
    *link = 0;
    *owned = true;
    struct endpoint *e = make(g->w, g->manager_opens, false, NULL);
    if (!g->manager_opens) g->manager = (struct iap_peer *)e;
    return e;
}

static struct endpoint *accept_proxy(void *ctx, int *link, bool *owned)
{
    struct stage *g = ctx;
    struct endpoint *e;
    *link = 0;
    *owned = true;
    return iap_proxy_new(&g->w->proxy, &e) == OK ? e : NULL;
}

static void set_up(struct world *w)
{
    for (int analyzer = 0; analyzer < 2; analyzer++)
        w->setup[analyzer] =
            (struct iap_setup){.env = &w->env,
                               .analyzer = analyzer,
                               .host = "m.dom.org",
                               .tls = w->tls[analyzer],
                               .no_tls = !w->tls[analyzer],
                               .style = iap_style_sent,
                               .hooks = {.ctx = w, .alert = alert, .answered = answered, .gone = gone}};
    w->setup[1].hooks.next = next;
    w->route = (struct iap_route){.to = "end"};
    w->proxy =
        (struct iap_proxy_setup){.env = &w->env, .identity = "p.dom.org", .route = &w->route, .routes = 1};
    w->sent = 0;
    w->handed = w->acknowledged = w->made = w->gone = 0;
}

static err play(struct world *w, bool manager_opens, bool by_proxy)
{
    struct stage g = {.w = w, .manager_opens = manager_opens};
    struct net *net;
    bool stop = false;
    TRY(net_mem_new(&w->env, 1000, &net));
    err e = net_listen(net, "end", accept_end, &g, NULL, 0, NULL, 0);
    if (e == OK) e = net_listen(net, "proxy", accept_proxy, &g, NULL, 0, NULL, 0);
    struct endpoint *opener = e == OK ? make(w, !manager_opens, true, by_proxy ? "proxy" : "end") : NULL;
    if (!opener) e = ERR_MEM;
    if (manager_opens) g.manager = (struct iap_peer *)opener;
    if (e == OK) e = net_add(net, opener, true);
    if (e != OK && opener) opener->ops->free(opener);
    if (e == OK) {
        net_run(net, &stop, net_now(net) + 500);
        if (w->handed >= 2 && w->gone == 0 && g.manager) iap_peer_answer(g.manager, 200, net_now(net));
        /* deadlines end what a failure left lying about */
        net_run(net, &stop, net_now(net) + 10 * 60 * 1000);
        assert_int_equal(w->gone, w->made);
    }
    net_free(net);
    assert_int_equal(w->gone, w->made);
    return e;
}

static void session(struct world *w, bool manager_opens, bool by_proxy)
{
    size_t n = 0, had = w->f.live;
    do {
        assert_true(++n < RUNS_MAX);
        set_up(w);
        w->f.calls = 0;
        w->f.fail_at = n;
        err e = play(w, manager_opens, by_proxy);
        assert_int_equal(w->f.live, had);
        assert_true(w->acknowledged <= w->handed);
        assert_true(e == OK || w->f.calls >= n);
    } while (w->f.calls >= n);
    w->f.fail_at = 0;
    assert_int_equal(w->acknowledged, ALERTS); /* the run in which nothing failed */
    assert_true(n > 10);
}

static void sessions_in_clear(void **state)
{
    struct world w;
    (void)state;
    env_fails(&w);
    session(&w, false, false);
    session(&w, true, false);
    session(&w, false, true);
    session(&w, true, true);
}

static void sessions_with_tls(void **state)
{
    struct world w;
    struct identities *ids;
    char why[200] = "";
    (void)state;
    env_fails(&w);
    assert_int_equal(identities_new(&w.env, RUN_TLS_MODERN, NULL, NULL, &ids), OK);
    for (int analyzer = 0; analyzer < 2; analyzer++) {
        struct identity_policy p = {.analyzer = analyzer, .no_resumption = true};
        assert_int_equal(identities_reference(ids, &p, &w.tls[analyzer], why, sizeof why), OK);
    }
    session(&w, false, false);
    session(&w, true, true);
    tls_context_free(w.tls[0]);
    tls_context_free(w.tls[1]);
    identities_free(ids);
    assert_int_equal(w.f.live, 0);
}

/* --- the suite
 * ---------------------------------------------------------------------------------------------------- */

static const char cases[] = "case     iap/oom/alert\n"
                            "title    One alert\n"
                            "clause   IAP-3.6-1\n"
                            "against  iap-manager\n"
                            "vary     size=1|2\n"
                            "reach    ready\n"
                            "send     content body=\"<alert>$size</alert>\"\n"
                            "expect   response code=200 -> pass\n"
                            "or       response -> fail \"the alert was not taken\"\n"
                            "\n"
                            "case     iap/oom/no-prefix\n"
                            "title    A request without its prefix\n"
                            "clause   IAP-4-2\n"
                            "against  iap-manager\n"
                            "raw      \"CONNECT m.dom.org\\r\\n\\r\\n\"\n"
                            "expect   response code=4xx -> pass\n"
                            "or       fin -> pass\n"
                            "or       silence -> fail \"no answer\"\n";

static const struct scn_source sources[] = {{"iap/oom.scn", (const unsigned char *)cases, sizeof cases - 1},
                                            {NULL, NULL, 0}};

static void catalogue(void **state)
{
    struct world w;
    size_t n = 0;
    char why[300];
    err e;
    (void)state;
    env_fails(&w);
    do {
        struct catalog c;
        assert_true(++n < RUNS_MAX);
        w.f.calls = 0;
        w.f.fail_at = n;
        *why = 0;
        e = catalog_load(&w.env, sources, &c, why, sizeof why);
        if (e == OK)
            catalog_done(&c);
        else
            assert_int_equal(e, ERR_MEM);
        assert_int_equal(w.f.live, 0);
    } while (w.f.calls >= n);
    if (e != OK) print_error("%s\n", why);
    assert_int_equal(e, OK);
}

static void suite(void **state)
{
    struct world w;
    struct env plain;
    struct catalog c;
    char why[300] = "";
    size_t n = 0, step = 1;
    (void)state;
    env_fails(&w);
    env_init(&plain);
    assert_int_equal(catalog_load(&plain, sources, &c, why, sizeof why), OK);
    struct suite_options o = {.env = &w.env,
                              .catalog = &c,
                              .role = "iap-manager",
                              .memory = true,
                              .tls = RUN_TLS_OFF,
                              .splits = 1,
                              .split = {{SPLIT_WHOLE, 0, "whole"}},
                              .timeout_ms = 5000,
                              .patience_ms = 120000,
                              .today = "2026-11-22",
                              .jobs = 1,
                              .quiet = true};
    do {
        struct run_results rs;
        assert_true((n += step) < RUNS_MAX);
        if (n > 300) step = 7; /* what is left repeats itself case by case */
        w.f.calls = 0;
        w.f.fail_at = n;
        run_results_init(&rs, &w.mem);
        err e = suite_run(&o, &rs, why, sizeof why);
        if (w.f.calls < n) {
            assert_int_equal(e, OK);
            run_results_count(&rs);
            assert_true(rs.count[V_PASS] >= 2);
            assert_int_equal(rs.count[V_FAIL] + rs.count[V_ERROR] + rs.count[V_INCONC], 0);
        } else if (e == OK) { /* a peer without memory may be told apart from one that is wrong only by its
                                 maker */
            assert_true(rs.n >= 2);
        }
        run_results_done(&rs);
        assert_int_equal(w.f.live, 0);
    } while (w.f.calls >= n);
    catalog_done(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sessions_in_clear),
        cmocka_unit_test(sessions_with_tls),
        cmocka_unit_test(catalogue),
        cmocka_unit_test(suite),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
