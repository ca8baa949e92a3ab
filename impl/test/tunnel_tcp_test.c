/* SPDX-License-Identifier: MIT */
/* Proxies over sockets: what only the carrier can get wrong, such as ends, resets, refusals and who waits for
 * whom. */
#include "test/tunnel_world.h"

enum { LOTS = 24 << 20, WAIT_MS = 20000 };

#define ASKS(el)                                                                                             \
    {NULL, "RPY", 0, 0, TW_HEAD "<greeting />\r\n", 0},                                                      \
    {                                                                                                        \
        "END\r\n", "MSG", 0, 1, el, 0                                                                        \
    }

static void until(struct tunnel_world *w, bool (*done)(const struct tunnel_world *w))
{
    uint64_t by = net_now(w->net) + WAIT_MS;
    while (!done(w) && net_now(w->net) < by)
        tw_run(w, 5);
    assert_true(done(w));
}

static struct tw_stub *listen_on(struct tunnel_world *w, const struct tw_rule *rule, size_t rules, char *at,
                                 size_t at_n)
{
    struct tw_stub *s = tw_stub_new(w, rule, rules);
    assert_int_equal(net_listen(w->net, "127.0.0.1:0", tw_stub_accept, s, at, at_n, NULL, 0), OK);
    return s;
}

/* A start that asks for the proxies behind the first and then at, with nothing inside. */
static void asks(const struct tunnel_world *w, int proxies, const char *at, char *out, size_t room)
{
    int n = snprintf(out, room, TW_HEAD "<start number='1'><profile uri='" TUNNEL_URI "'><![CDATA[");
    for (int i = 1; i <= proxies; i++) {
        const char *to = i < proxies ? w->proxy[i].name : at;
        n += snprintf(out + n, room - (size_t)n, "<tunnel ip4='127.0.0.1' port='%s'>", strchr(to, ':') + 1);
    }
    for (int i = 1; i <= proxies; i++)
        n += snprintf(out + n, room - (size_t)n, "</tunnel>");
    snprintf(out + n, room - (size_t)n, "]]></profile></start>");
}

/* --- octets
 * ------------------------------------------------------------------------------------------------------- */

static bool all_over(const struct tunnel_world *w)
{
    for (size_t i = 0; i < w->stubs; i++)
        if (!w->stub[i].ends) return false;
    return w->proxy[0].lives + w->proxy[1].lives == 0;
}

static void lots(void **state)
{
    struct tunnel_world w;
    char at[64], start[600];
    (void)state;
    tw_init(&w);
    tw_open_on(&w, 2, true);
    struct tw_stub *f = listen_on(&w, NULL, 0, at, sizeof at);
    asks(&w, 2, at, start, sizeof start);
    struct tw_rule near[] = {ASKS(start), {"<ok />", NULL, 0, 0, NULL, 0}, {"END\r\n", NULL, 0, 0, NULL, 0}};
    struct tw_stub *n = TW_DIAL(&w, w.proxy[0].name, near);
    f->stays = n->stays = true; /* each ends by itself */
    tw_flood(n, f, LOTS);
    until(&w, all_over);
    tw_flooded(n, f);
    assert_true(w.f.peak < 16 << 20);
    tw_close(&w);
}

/* --- ends
 * ----------------------------------------------------------------------------------------------------------
 */

static bool first_over(const struct tunnel_world *w)
{
    return w->stub[0].ends && w->proxy[0].lives == 0;
}

/* A reset of one side becomes one of the other, an end an end behind the last octet. */
static void ends(void **state)
{
    (void)state;
    for (int how = TW_FIN; how <= TW_RESET; how++) {
        static const struct tw_rule far[] = {{"bye", NULL, 0, 0, "and bye", 0}};
        struct tunnel_world w;
        char at[64], start[600];
        tw_init(&w);
        tw_open_on(&w, 1, true);
        struct tw_stub *f = listen_on(&w, far, 1, at, sizeof at);
        asks(&w, 1, at, start, sizeof start);
        struct tw_rule near[] = {ASKS(start),
                                 {"<ok />", NULL, 0, 0, "bye", 0},
                                 {"and bye", NULL, 0, 0, "last words", (enum tw_end)how}};
        struct tw_stub *n = TW_DIAL(&w, w.proxy[0].name, near);
        until(&w, first_over);
        tw_wants(n, "and bye");
        assert_int_equal(f->how, how == TW_FIN ? LINK_FIN : LINK_RESET);
        if (how == TW_FIN) tw_wants(f, "last words");
        tw_close(&w);
    }
}

static bool refused(const struct tunnel_world *w)
{
    return tw_heard(&w->stub[1], "code='450'");
}

/* A port that nobody has. */
static void nobody(void **state)
{
    struct tunnel_world w;
    char at[64], start[600];
    (void)state;
    tw_init(&w);
    tw_open_on(&w, 1, true);
    struct tw_stub *f = listen_on(&w, NULL, 0, at, sizeof at);
    net_unlisten(w.net, tw_stub_accept, f);
    asks(&w, 1, at, start, sizeof start);
    struct tw_rule near[] = {ASKS(start)};
    struct tw_stub *n = TW_DIAL(&w, w.proxy[0].name, near);
    until(&w, refused);
    assert_int_equal(n->ends, 0);
    tw_close(&w);
}

static bool closed_there(const struct tunnel_world *w)
{
    return w->stub[0].ends > 0;
}
static bool reached(const struct tunnel_world *w)
{
    return w->stub[0].ups > 0;
}

/* The one who asks goes while a next hop says nothing: the connection to it goes, too. */
static void leaves(void **state)
{
    (void)state;
    for (int reset = 0; reset < 2; reset++) {
        struct tunnel_world w;
        char at[64];
        static char start[600];
        tw_init(&w);
        tw_open_on(&w, 1, true);
        listen_on(&w, NULL, 0, at, sizeof at);
        snprintf(start, sizeof start, TW_START("1", "<tunnel ip4='127.0.0.1' port='%s'><tunnel/></tunnel>"),
                 strchr(at, ':') + 1);
        struct tw_rule near[] = {ASKS(start)};
        struct tw_stub *n = TW_DIAL(&w, w.proxy[0].name, near);
        until(&w, reached);
        if (reset)
            n->e.link[0].drop = true;
        else
            n->e.link[0].fin = true;
        net_touch(w.net, &n->e);
        until(&w, closed_there);
        tw_close(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lots),
        cmocka_unit_test(ends),
        cmocka_unit_test(nobody),
        cmocka_unit_test(leaves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
