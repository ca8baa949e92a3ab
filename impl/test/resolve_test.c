/* SPDX-License-Identifier: MIT */
/* Names and services, answered by a name server of the test on loopback. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "io/resolve.h"
#include "test/name_server.h"

/* --- asking ------------------------------------------------------------------------------------------------------------------ */

struct world {
    struct env env;
    struct name_server ns;
    struct loop *loop;
    struct resolver *r;
    struct resolve_answer a;
    bool done;
    unsigned calls;
};

static int set_up(void **state)
{
    static struct world w;
    char why[200] = "";
    w = (struct world){.done = false};
    env_init(&w.env);
    name_server_begin(&w.ns);
    assert_int_equal(loop_new(&w.env, &w.loop), OK);
    assert_int_equal(resolve_new(w.loop, w.ns.at, 1, &w.r, why, sizeof why), OK);
    *state = &w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;
    resolve_free(w->r);
    loop_free(w->loop);
    name_server_end(&w->ns);
    return 0;
}

static void on_done(void *ctx, const struct resolve_answer *a)
{
    struct world *w = ctx;
    w->a = *a;
    w->done = true;
    w->calls++;
}

static const struct resolve_answer *ask(struct world *w, const char *host, const char *srv, uint16_t port, uint32_t ms)
{
    struct resolve_job *j;
    struct resolve_query q = {host, srv, port};
    w->done = false;
    assert_int_equal(resolve_ask(w->r, &q, ms, on_done, w, &j), OK);
    assert_false(w->done); /* never before it returned */
    loop_run_until(w->loop, &w->done, loop_now(w->loop) + 20000);
    assert_true(w->done);
    return &w->a;
}

static void addresses(void **state)
{
    const struct resolve_answer *a = ask(*state, "one.example", NULL, 604, 10000);
    assert_int_equal(a->n, 1);
    assert_string_equal(a->at[0], "192.0.2.1:604");
    a = ask(*state, "both.example", NULL, 604, 10000);
    assert_int_equal(a->n, 2);
    assert_string_equal(a->at[0], "192.0.2.7:604");
    assert_string_equal(a->at[1], "[2001:db8::7]:604");
    a = ask(*state, "nobody.example", NULL, 604, 10000);
    assert_int_equal(a->n, 0);
    assert_string_equal(a->why, "nobody.example: there is no such host");
}

static void literals(void **state)
{
    struct world *w = *state;
    static const struct { const char *host, *at; } rows[] = {
        {"192.0.2.1", "192.0.2.1:7"}, {"2001:db8::1", "[2001:db8::1]:7"}, {"[::1]", "[::1]:7"}};
    name_server_end(&w->ns); /* nobody is asked */
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct resolve_answer *a = ask(w, rows[i].host, NULL, 7, 10000);
        assert_int_equal(a->n, 1);
        assert_string_equal(a->at[0], rows[i].at);
    }
    name_server_begin(&w->ns);
}

static void services(void **state)
{
    const struct resolve_answer *a = ask(*state, "order.example", "_idxp._tcp", 0, 10000);
    assert_int_equal(a->n, 3);
    assert_string_equal(a->at[0], "192.0.2.11:601");
    assert_string_equal(a->at[1], "192.0.2.12:602");
    assert_string_equal(a->at[2], "192.0.2.13:603");
    /* it says that it has none: the port does not help */
    a = ask(*state, "none.example", "_idxp._tcp", 604, 10000);
    assert_int_equal(a->n, 0);
    assert_string_equal(a->why, "_idxp._tcp.none.example: the host says that it has no such service");
}

static void fall_back(void **state)
{
    const struct resolve_answer *a = ask(*state, "one.example", "_idxp._tcp", 604, 10000);
    assert_int_equal(a->n, 1);
    assert_string_equal(a->at[0], "192.0.2.1:604");
    a = ask(*state, "one.example", "_idxp._tcp", 0, 10000);
    assert_int_equal(a->n, 0);
    assert_string_equal(a->why, "_idxp._tcp.one.example: there is no such service");
}

static void deadlines(void **state)
{
    struct world *w = *state;
    uint64_t from = loop_now(w->loop);
    const struct resolve_answer *a = ask(w, "silent.example", NULL, 604, 100);
    assert_int_equal(a->n, 0);
    assert_string_equal(a->why, "silent.example: no answer from the name server in time");
    assert_true(loop_now(w->loop) - from < 5000);
    a = ask(w, "half.example", NULL, 604, 300); /* what came is used */
    assert_int_equal(a->n, 1);
    assert_string_equal(a->at[0], "192.0.2.50:604");
}

static void cancelled(void **state)
{
    struct world *w = *state;
    struct resolve_job *j[3];
    struct resolve_query q = {"one.example", NULL, 604}, slow = {"silent.example", NULL, 604}, service = {"order.example", "_idxp._tcp", 0};
    w->calls = 0;
    assert_int_equal(resolve_ask(w->r, &q, 10000, on_done, w, &j[0]), OK);
    assert_int_equal(resolve_ask(w->r, &slow, 10000, on_done, w, &j[1]), OK);
    assert_int_equal(resolve_ask(w->r, &service, 10000, on_done, w, &j[2]), OK);
    resolve_cancel(j[1]);
    resolve_cancel(j[0]);
    resolve_cancel(j[2]);
    ask(w, "both.example", NULL, 604, 10000);
    assert_int_equal(w->calls, 1);
    /* what is left goes with the resolver */
    assert_int_equal(resolve_ask(w->r, &slow, 10000, on_done, w, &j[0]), OK);
}

static void refused(void **state)
{
    struct world *w = *state;
    struct resolve_job *j[RESOLVE_JOBS];
    struct resolve_query q = {"silent.example", NULL, 604};
    char name[400];
    memset(name, 'a', sizeof name - 1);
    name[sizeof name - 1] = 0;
    struct resolve_query bad[] = {{"", NULL, 604}, {NULL, NULL, 604}, {name, NULL, 604}, {"one.example", name, 604}, {"one.example", "", 604}, {"one.example", NULL, 0}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(resolve_ask(w->r, &bad[i], 1000, on_done, w, &j[0]), ERR_USE);
    for (size_t i = 0; i < RESOLVE_JOBS; i++)
        assert_int_equal(resolve_ask(w->r, &q, 10000, on_done, w, &j[i]), OK);
    struct resolve_job *more;
    assert_int_equal(resolve_ask(w->r, &q, 10000, on_done, w, &more), ERR_LIMIT);
    for (size_t i = 0; i < RESOLVE_JOBS; i++)
        resolve_cancel(j[i]);
    assert_int_equal(resolve_ask(w->r, &q, 10000, on_done, w, &more), OK);
    /* labels that no name has: an answer all the same */
    const struct resolve_answer *a = ask(w, "a..b", NULL, 604, 10000);
    assert_int_equal(a->n, 0);
}

static void servers(void **state)
{
    struct world *w = *state;
    static const char *const good[] = {"192.0.2.53", "127.0.0.1:5353", "[::1]:53", "[::1]", "2001:db8::1"};
    static const char *const bad[] = {"", "ns.example", "127.0.0.1:0", "127.0.0.1:65536", "127.0.0.1:", "[::1", "1.2.3"};
    struct resolver *r;
    char why[200];
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_int_equal(resolve_new(w->loop, good[i], 1, &r, why, sizeof why), OK);
        resolve_free(r);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        why[0] = 0;
        assert_int_equal(resolve_new(w->loop, bad[i], 1, &r, why, sizeof why), ERR_USE);
        assert_non_null(strstr(why, "no address of a name server"));
    }
}

/* --- the order of RFC 2782 --------------------------------------------------------------------------------------------------- */

static void weights(void **state)
{
    struct rng r;
    unsigned first[4] = {0};
    (void)state;
    rng_init(&r, 7);
    for (unsigned round = 0; round < 8000; round++) {
        struct resolve_target t[4] = {{.priority = 1, .weight = 60, .port = 0}, {.priority = 1, .weight = 20, .port = 1}, {.priority = 0, .weight = 0, .port = 2},
                                      {.priority = 1, .weight = 0, .port = 3}};
        unsigned seen = 0;
        resolve_order(t, 4, &r);
        assert_int_equal(t[0].port, 2); /* the lowest priority, whatever the weights */
        first[t[1].port]++;
        for (size_t i = 0; i < 4; i++)
            seen |= 1u << t[i].port;
        assert_int_equal(seen, 15);
    }
    /* 60 and 20 of 80, and one draw in 81 for weight 0 */
    assert_in_range(first[0], 5600, 6300);
    assert_in_range(first[1], 1700, 2300);
    assert_in_range(first[3], 40, 200);
}

static void records(void **state)
{
    struct resolve_target t;
    static const uint8_t good[] = "\0\1\0\2\2\x5c\3one\7example";
    static const uint8_t cut[] = "\0\1\0\2\2\x5c\3one\7exampl";
    static const uint8_t root[] = "\0\1\0\2\2\x5c";
    static const uint8_t odd[] = "\0\1\0\2\2\x5c\3o e";
    (void)state;
    assert_true(resolve_read_srv(slice_of(good, sizeof good), &t));
    assert_string_equal(t.host, "one.example");
    assert_int_equal(t.priority, 1);
    assert_int_equal(t.weight, 2);
    assert_int_equal(t.port, 604);
    assert_true(resolve_read_srv(slice_of(root, sizeof root), &t));
    assert_string_equal(t.host, "");
    assert_false(resolve_read_srv(slice_of(cut, sizeof cut), &t));
    assert_false(resolve_read_srv(slice_of(odd, sizeof odd), &t));
    for (size_t n = 0; n < sizeof good; n++)
        assert_false(resolve_read_srv(slice_of(good, n), &t));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(addresses, set_up, tear_down), cmocka_unit_test_setup_teardown(literals, set_up, tear_down),
        cmocka_unit_test_setup_teardown(services, set_up, tear_down),  cmocka_unit_test_setup_teardown(fall_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(deadlines, set_up, tear_down), cmocka_unit_test_setup_teardown(cancelled, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refused, set_up, tear_down),   cmocka_unit_test_setup_teardown(servers, set_up, tear_down),
        cmocka_unit_test(weights),                                     cmocka_unit_test(records),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
