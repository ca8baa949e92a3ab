/* SPDX-License-Identifier: MIT */
/* Look-ups of any type, answered by a name server of the test on loopback; with real servers:
 * harness/test_oe_servers.py. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "io/lookup.h"
#include "test/mem_fail.h"
#include "test/name_server.h"

struct seen { /* what came of one look-up, copied */
    struct world *w;
    unsigned calls;
    struct lookup_answer a;
    char why[200], canonical[256], text[600]; /* text: the RDATA one behind the other, a bar between */
};
struct world {
    struct env env;
    struct name_server ns;
    struct loop *loop;
    struct lookup *k;
    struct seen seen;
    bool done;
    size_t left;
};

static err open_at(struct world *w, const char *server, const char *anchor, struct lookup **k, char why[200])
{
    const struct lookup_use use = {
        .server = &server, .servers = 1, .anchor = &anchor, .anchors = anchor ? 1 : 0};
    why[0] = 0;
    return lookup_new(w->loop, &use, k, why, 200);
}

static int set_up(void **state)
{
    static struct world w;
    char why[200];
    w = (struct world){.done = false};
    env_init(&w.env);
    name_server_begin(&w.ns);
    assert_int_equal(loop_new(&w.env, &w.loop), OK);
    assert_int_equal(open_at(&w, w.ns.at, NULL, &w.k, why), OK);
    *state = &w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;
    lookup_free(w->k);
    loop_free(w->loop);
    name_server_end(&w->ns);
    return 0;
}

static void on_done(void *ctx, const struct lookup_answer *a)
{
    struct seen *s = ctx;
    size_t n = 0;
    s->a = *a;
    snprintf(s->why, sizeof s->why, "%s", a->why);
    snprintf(s->canonical, sizeof s->canonical, "%s", a->canonical);
    s->text[0] = 0;
    for (size_t i = 0; i < a->n && n < sizeof s->text; i++)
        n += (size_t)snprintf(s->text + n, sizeof s->text - n, "%.*s|", (int)a->rdata[i].n - 1,
                              (const char *)a->rdata[i].p + 1);
    s->calls++;
    s->w->done = true;
}

static const struct seen *ask_of(struct world *w, struct lookup *k, const char *name, uint16_t type,
                                 uint32_t ms)
{
    w->done = false;
    w->seen = (struct seen){.w = w};
    assert_int_equal(lookup_ask(k, name, type, ms, on_done, &w->seen, NULL), OK);
    assert_false(w->done); /* never before it returned */
    loop_run_until(w->loop, &w->done, loop_now(w->loop) + 20000);
    assert_int_equal(w->seen.calls, 1);
    return &w->seen;
}

static void records(void **state)
{
    struct world *w = *state;
    const struct seen *s = ask_of(w, w->k, "text.example", T_TXT, 10000);
    assert_int_equal(s->a.end, LOOKUP_ANSWERED);
    assert_int_equal(s->a.rcode, 0);
    assert_true(s->a.data && !s->a.secure && !s->a.bogus);
    assert_int_equal(s->a.n, 2);
    assert_true(strcmp(s->text, "one two|three|") == 0 || strcmp(s->text, "three|one two|") == 0);
    assert_true(s->a.ttl > 0 && s->a.ttl <= 60);
    assert_true(strncmp(s->canonical, "text.example", 12) == 0);
    assert_true(s->a.packet.n > 12);
}

static void none(void **state)
{
    struct world *w = *state;
    const struct seen *s = ask_of(w, w->k, "nobody.example", T_TXT, 10000);
    assert_int_equal(s->a.end, LOOKUP_ANSWERED);
    assert_int_equal(s->a.rcode, 3);
    assert_int_equal(s->a.n, 0);
    s = ask_of(w, w->k, "one.example", T_TXT, 10000);
    assert_int_equal(s->a.rcode, 0);
    assert_false(s->a.data);
}

static void kept(void **state)
{
    struct world *w = *state;
    ask_of(w, w->k, "text.example.", T_TXT, 10000); /* with the dot behind: the same name */
    unsigned asked = w->ns.asked;
    const struct seen *s = ask_of(w, w->k, "text.example", T_TXT, 10000);
    assert_int_equal(s->a.n, 2);
    assert_int_equal(w->ns.asked, asked);
}

static void silence(void **state)
{
    struct world *w = *state;
    uint64_t from = loop_now(w->loop);
    const struct seen *s = ask_of(w, w->k, "silent.example", T_TXT, 100);
    assert_int_equal(s->a.end, LOOKUP_TIMEOUT);
    assert_int_equal(s->a.n, 0);
    assert_true(s->a.ms >= 99 && s->a.ms < 5000);
    assert_true(loop_now(w->loop) - from < 5000);
}

/* Documentation addresses have reverse names like others; libunbound has empty zones for them of itself. */
static void reverse_names(void **state)
{
    struct world *w = *state;
    unsigned asked = w->ns.asked;
    const struct seen *s = ask_of(w, w->k, "66.2.0.192.in-addr.arpa", T_TXT, 10000);
    assert_int_equal(s->a.rcode, 3);
    assert_true(w->ns.asked > asked);
}

/* What is not signed below an anchor is bogus. */
static void validated(void **state)
{
    struct world *w = *state;
    struct lookup *k;
    char why[200];
    assert_int_equal(
        open_at(
            w, w->ns.at,
            "example. 3600 IN DS 31589 8 2 CDE0D742D6998AA554A92D890F8184C698CFAC8A26FA59875A990C03E576343C",
            &k, why),
        OK);
    const struct seen *s = ask_of(w, k, "text.example", T_TXT, 10000);
    assert_int_equal(s->a.end, LOOKUP_ANSWERED);
    assert_true(s->a.bogus && !s->a.secure);
    assert_int_equal(s->a.n, 2); /* what came, for people */
    assert_string_not_equal(s->why, "");
    s = ask_of(w, k, "one.elsewhere", T_TXT, 10000); /* no anchor above it */
    assert_true(!s->a.bogus && !s->a.secure);
    assert_int_equal(s->a.rcode, 3);
    lookup_free(k);
}

static void refused(void **state)
{
    struct world *w = *state;
    struct lookup *k;
    char why[200], name[400];
    static const char *const anchors[] = {"example. 3600 IN DS", "example. IN TXT \"x\"", "no record"};
    assert_int_equal(open_at(w, "ns.example", NULL, &k, why), ERR_USE);
    assert_non_null(strstr(why, "no address of a name server"));
    for (size_t i = 0; i < sizeof anchors / sizeof *anchors; i++) {
        assert_int_equal(open_at(w, w->ns.at, anchors[i], &k, why), ERR_USE);
        assert_non_null(strstr(why, "trust anchors"));
        assert_null(k);
    }
    memset(name, 'a', sizeof name - 1);
    name[sizeof name - 1] = 0;
    assert_int_equal(lookup_ask(w->k, name, T_TXT, 1000, on_done, &w->seen, NULL), ERR_USE);
    assert_int_equal(lookup_ask(w->k, "", T_TXT, 1000, on_done, &w->seen, NULL), ERR_USE);
    /* what only libunbound finds to be no name is told as all answers are */
    const struct seen *s = ask_of(w, w->k, "a..b", T_TXT, 10000);
    assert_int_equal(s->a.end, LOOKUP_FAILED);
    assert_string_not_equal(s->why, "");
}

static void cancelled(void **state)
{
    struct world *w = *state;
    struct lookup_job *j[3];
    struct seen other = {.w = w};
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(
            lookup_ask(w->k, i == 1 ? "silent.example" : "one.example", T_A, 10000, on_done, &other, &j[i]),
            OK);
    lookup_cancel(j[1]);
    lookup_cancel(j[0]);
    lookup_cancel(j[2]);
    ask_of(w, w->k, "both.example", T_A, 10000);
    assert_int_equal(other.calls, 0);
    /* what is left goes with the whole */
    assert_int_equal(lookup_ask(w->k, "silent.example", T_A, 10000, on_done, &other, NULL), OK);
}

static void on_chain(void *ctx, const struct lookup_answer *a)
{
    struct world *w = ctx;
    assert_int_equal(a->n, 1);
    if (--w->left == 0) {
        w->done = true;
        return;
    }
    char name[40];
    snprintf(name, sizeof name, "many-%zu.example", w->left);
    assert_int_equal(lookup_ask(w->k, name, T_A, 10000, on_chain, w, NULL), OK);
}

static void asked_inside_done(void **state)
{
    struct world *w = *state;
    w->left = 20;
    assert_int_equal(lookup_ask(w->k, "many-0.example", T_A, 10000, on_chain, w, NULL), OK);
    loop_run_until(w->loop, &w->done, loop_now(w->loop) + 20000);
    assert_int_equal(w->left, 0);
}

static void on_one_of_many(void *ctx, const struct lookup_answer *a)
{
    struct world *w = ctx;
    if (a->n == 1) w->left--;
    w->seen.calls++;
}

static void many_overlap(void **state)
{
    enum { MANY = 3000 };
    struct world *w = *state;
    w->left = MANY;
    for (size_t i = 0; i < MANY; i++) {
        char name[40];
        snprintf(name, sizeof name, "many-%zu.example", i);
        assert_int_equal(lookup_ask(w->k, name, T_A, 60000, on_one_of_many, w, NULL), OK);
    }
    assert_int_equal(w->seen.calls, 0);
    uint64_t end = loop_now(w->loop) + 60000;
    while (w->seen.calls < MANY && loop_now(w->loop) < end)
        loop_run_until(w->loop, &w->done, loop_now(w->loop) + 20);
    assert_int_equal(w->seen.calls, MANY);
    assert_int_equal(w->left, 0);
}

static void limit(void **state)
{
    struct world *w = *state;
    for (size_t i = 0; i < LOOKUP_JOBS; i++)
        assert_int_equal(lookup_ask(w->k, "silent.example", T_A, 100000, on_one_of_many, w, NULL), OK);
    assert_int_equal(lookup_ask(w->k, "silent.example", T_A, 100000, on_one_of_many, w, NULL), ERR_LIMIT);
}

/* Memory is refused at the n-th call: an error, or an answer that says so. */
static void no_memory(void **state)
{
    struct world *w = *state;
    bool whole = false;
    for (size_t n = 1; n < 40 && !whole; n++) {
        struct mem_fail f;
        struct mem m = mem_fail_init(&f, n);
        struct world other = {.ns = w->ns};
        char why[200];
        struct lookup *k = NULL;
        env_init(&other.env);
        other.env.mem = &m;
        err e = loop_new(&other.env, &other.loop);
        if (e == OK) e = open_at(&other, w->ns.at, NULL, &k, why);
        other.seen.w = &other;
        if (e == OK) e = lookup_ask(k, "text.example", T_TXT, 10000, on_done, &other.seen, NULL);
        if (e == OK) {
            loop_run_until(other.loop, &other.done, loop_now(other.loop) + 20000);
            assert_int_equal(other.seen.calls, 1);
            whole = other.seen.a.end == LOOKUP_ANSWERED && f.calls < n;
            if (other.seen.a.end == LOOKUP_FAILED)
                assert_string_equal(other.seen.why, "out of memory");
            else
                assert_int_equal(other.seen.a.n, 2);
        } else {
            assert_int_equal(e, ERR_MEM);
        }
        lookup_free(k);
        if (other.loop) loop_free(other.loop);
        assert_int_equal(f.live, 0);
    }
    assert_true(whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(records, set_up, tear_down),
        cmocka_unit_test_setup_teardown(none, set_up, tear_down),
        cmocka_unit_test_setup_teardown(kept, set_up, tear_down),
        cmocka_unit_test_setup_teardown(silence, set_up, tear_down),
        cmocka_unit_test_setup_teardown(reverse_names, set_up, tear_down),
        cmocka_unit_test_setup_teardown(validated, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(cancelled, set_up, tear_down),
        cmocka_unit_test_setup_teardown(asked_inside_done, set_up, tear_down),
        cmocka_unit_test_setup_teardown(many_overlap, set_up, tear_down),
        cmocka_unit_test_setup_teardown(limit, set_up, tear_down),
        cmocka_unit_test_setup_teardown(no_memory, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
