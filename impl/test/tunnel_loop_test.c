/* SPDX-License-Identifier: MIT */
/* Chains that come back to a proxy, and those that only look like it; and which of several errors is told. */
#include "test/tunnel_world.h"

#define START TW_HEAD "<start number='1'><profile uri='" TUNNEL_URI "'><![CDATA[%s]]></profile></start>"

/* What the first proxy says to that element; NULL: no error. */
static void answer(struct tunnel_world *w, const char *el, const char *text)
{
    static char start[2000];
    static struct tw_rule near[2];
    snprintf(start, sizeof start, START, el);
    near[0] = (struct tw_rule){NULL, "RPY", 0, 0, TW_HEAD "<greeting />\r\n", 0};
    near[1] = (struct tw_rule){"END\r\n", "MSG", 0, 1, start, 0};
    struct tw_stub *n = TW_DIAL(w, "p1.example:604", near);
    tw_run(w, 3000);
    if (text)
        tw_wants(n, text);
    else
        tw_wants(n, "<ok");
    if (!text) assert_false(tw_heard(n, "code="));
    n->e.link[0].drop = true;
    tw_run(w, 1000);
}

static bool listens(void *ctx, const char *to)
{
    (void)ctx;
    return strcmp(to, "127.0.0.1:604") == 0 || strcmp(to, "10.0.0.7:604") == 0 ||
           strcmp(to, "[::1]:604") == 0;
}

#define HOP(attrs, inner) "<tunnel " attrs ">" inner "</tunnel>"
#define END               "<tunnel/>"

static void comes_back(void **state)
{
    static const struct {
        const char *el, *back; /* back: the place that is told as ours; NULL: the request is let pass */
    } row[] = {
        /* by name and by address, as the end, in the middle, without an end */
        {HOP("fqdn='t.example' port='1'", HOP("fqdn='p1.example' port='604'", END)), "p1.example:604"},
        {HOP("fqdn='t.example' port='1'",
             HOP("fqdn='P1.Example' port='604'", HOP("fqdn='u.example' port='2'", END))),
         "P1.Example:604"},
        {HOP("fqdn='t.example' port='1'",
             HOP("fqdn='u.example' port='1'", HOP("ip4='10.0.0.7' port='604'", END))),
         "10.0.0.7:604"},
        {HOP("fqdn='t.example' port='1'", HOP("fqdn='p1.example' port='604'", "")), "p1.example:604"},
        {HOP("fqdn='t.example' port='1'", HOP("fqdn='house.example' srv='_beep._tcp'", END)),
         "house.example"},
        /* as long as nobody leaves this machine its loopback is ours */
        {HOP("ip4='127.0.0.1' port='1'", HOP("ip4='127.0.0.1' port='604'", END)), "127.0.0.1:604"},
        {HOP("fqdn='localhost' port='1'", HOP("ip6='::1' port='604'", END)), "[::1]:604"},
        /* from elsewhere it is that of another machine */
        {HOP("fqdn='t.example' port='1'", HOP("ip4='127.0.0.1' port='604'", END)), NULL},
        {HOP("fqdn='t.example' port='1'", HOP("ip6='::1' port='604'", END)), NULL},
        {HOP("ip4='127.0.0.1' port='1'",
             HOP("fqdn='t.example' port='1'", HOP("ip4='127.0.0.1' port='604'", END))),
         NULL},
        /* another port, another name; the end of a tunnel, whoever it is; a service, which is where its
           record says */
        {HOP("fqdn='t.example' port='1'", HOP("fqdn='p1.example' port='605'", END)), NULL},
        {HOP("fqdn='t.example' port='1'", HOP("ip4='10.0.0.7' port='605'", END)), NULL},
        {HOP("fqdn='t.example' port='1'", HOP("fqdn='p1.example.org' port='604'", END)), NULL},
        {HOP("fqdn='t.example' port='1'", END), NULL},
        {HOP("fqdn='t.example' port='1'", HOP("fqdn='p1.example' srv='_beep._tcp' port='604'", END)), NULL},
        {HOP("fqdn='t.example' port='1'", HOP("endpoint='p1.example:604'", "")), NULL},
    };
    static const struct tw_rule far[] = {{NULL, "RPY", 0, 0, TW_GREETING, 0},
                                         {"MSG 0 1", "RPY", 0, 1, TW_OK, 0}};
    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct tunnel_world w;
        char text[200];
        tw_init(&w);
        w.proxy[0].selves[1] = "house.example";
        w.proxy[0].s.selves = 2;
        w.proxy[0].s.self_is = listens;
        tw_open(&w, 1);
        struct tw_stub *f = TW_LISTEN(&w, "t.example:1", far), *local = TW_LISTEN(&w, "127.0.0.1:1", far);
        if (row[i].back)
            snprintf(text, sizeof text,
                     "<error code='554'>p1.example:604: a loop: the tunnel comes back to %s,", row[i].back);
        answer(&w, row[i].el, row[i].back ? text : NULL);
        assert_int_equal(f->ups + local->ups, row[i].back == NULL);
        tw_close(&w);
    }
}

/* A route of our own may lead back as well as anybody's. */
static void route_back(void **state)
{
    struct tunnel_msg to;
    struct tunnel_world w;
    const char *why;
    (void)state;
    tw_init(&w);
    assert_int_equal(tunnel_chain_read(&w.env, SLICE_LIT("t.example:1 p1.example:604"), &to, &why), OK);
    struct tunnel_route route = {true, "x", &to};
    w.proxy[0].s.route = &route;
    w.proxy[0].s.routes = 1;
    tw_open(&w, 1);
    answer(&w, "<tunnel endpoint='x'/>", "comes back to p1.example:604");
    tunnel_msg_done(&to);
    tw_close(&w);
}

/* A proxy that is the end of a tunnel as well is no loop to itself. */
static void is_the_end(void **state)
{
    struct tunnel_world w;
    (void)state;
    tw_init(&w);
    w.proxy[0].s.here = true;
    tw_open(&w, 1);
    answer(&w, END, NULL);
    tw_close(&w);
}

/* --- a name with several addresses --- */

static const char *found[3];

static err resolve(void *ctx, struct endpoint *e, const struct tunnel_query *q, tunnel_found done, void *who)
{
    struct tunnel_place place[3] = {{{0}}};
    (void)ctx;
    (void)e;
    (void)q;
    for (size_t i = 0; i < 3; i++)
        snprintf(place[i].to, sizeof place[i].to, "%s", found[i]);
    done(who, place, 3, NULL, 2000);
    return OK;
}

static void not_that(void *ctx, const struct tunnel_request *r, struct beep_refusal *no)
{
    (void)ctx;
    if (r->place && strcmp(r->place, "secret:1") == 0) *no = (struct beep_refusal){537, "not there"};
}

static void most_telling(void **state)
{
    static const struct {
        const char *at[3], *text;
    } row[] = {
        {{"p1.example:604", "gone:1", "gone:2"},
         "<error code='554'>p1.example:604: a loop: p1.example:604 is this proxy itself</error>"},
        {{"gone:1", "p1.example:604", "gone:2"}, "a loop: p1.example:604 is this proxy itself"},
        {{"gone:1", "gone:2", "p1.example:604"}, "a loop: p1.example:604 is this proxy itself"},
        {{"p1.example:604", "secret:1", "gone:2"}, "code='554'"},
        {{"secret:1", "p1.example:604", "gone:2"}, "code='554'"},
        {{"secret:1", "gone:1", "gone:2"}, "code='537'"},
        {{"gone:1", "secret:1", "gone:2"}, "code='537'"},
        {{"gone:1", "gone:2", "gone:3"}, "code='450'>p1.example:604: gone:3 cannot be connected to"},
        {{"p1.example:604", "gone:2", "t.example:1"}, NULL}, /* somebody is there */
    };
    static const struct tw_rule far[] = {{NULL, "RPY", 0, 0, TW_GREETING, 0},
                                         {"MSG 0 1", "RPY", 0, 1, TW_OK, 0}};
    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct tunnel_world w;
        tw_init(&w);
        w.proxy[0].s.resolve = resolve;
        w.proxy[0].s.allow = not_that;
        tw_open(&w, 1);
        TW_LISTEN(&w, "t.example:1", far);
        memcpy(found, row[i].at, sizeof found);
        answer(&w, HOP("fqdn='many.example' port='9'", END), row[i].text);
        tw_close(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(comes_back), cmocka_unit_test(route_back),
                                       cmocka_unit_test(is_the_end), cmocka_unit_test(most_telling)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
