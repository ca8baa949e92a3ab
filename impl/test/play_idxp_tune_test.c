/* SPDX-License-Identifier: MIT */
/* The words of IDXP with TLS, SASL and tunnels in between, those for the ends of a proxy, and what becomes of
 * a case when memory is short. */
#include "test/play_idxp_duel.h"

#include "peer/tunnel_proxy.h"
#include "run/identity.h"

#define SAW(r, x) ((r).observed >> IDXP_SEEN_##x & 1)

/* --- what lies under a state --------------------------------------------------------------------- */

static void with_tls(struct duel *d, enum idxp_dialect dialect, bool analyzer_opens, struct identities **ids)
{
    begin(d, dialect, analyzer_opens);
    assert_int_equal(identities_new(&d->env, RUN_TLS_MODERN, NULL, NULL, ids), OK);
    for (int i = 0; i < 2; i++) {
        d->idxp[i].beep.no_tls = false;
        d->idxp[i].beep.identity = identities_tester;
        d->idxp[i].beep.identity_ctx = *ids;
    }
}

static void under_tls(bool analyzer_opens, const char *opener, const char *other, int counts)
{
    for (int dialect = 0; dialect < IDXP_DIALECTS; dialect++) {
        struct duel d;
        struct identities *ids;
        with_tls(&d, (enum idxp_dialect)dialect, analyzer_opens, &ids);
        d.idxp[1].beep.learned_wants_tls = counts == 1;
        prepare(&d, 0, opener, NULL);
        prepare(&d, 1, other, NULL);
        carry(&d, counts);
        is(&d, counts, V_PASS, NULL);
        spotless(&d);
        assert_true(SAW(d.idxp[counts], TLS));
        end(&d);
        identities_free(ids);
    }
}

static void test_tls(void **state)
{
    (void)state;
    under_tls(true, "reach idxp\nsend idmef\nexpect idxp-ok -> pass\n", IDLE, 0);
    under_tls(true, "reach tls\nreach idxp\n" IDLE, "reach idxp\nexpect silence -> pass\n", 1);
    /* one that offers TLS and asks for it as well is waited for: two readies that cross help nobody */
    under_tls(true, "send greeting profiles=\"http://iana.org/beep/TLS\"\nreach tls\nreach idxp\n" IDLE,
              "reach idxp\nexpect silence -> pass\n", 1);
    /* through a tunnel: that comes first, in clear */
    under_tls(
        true,
        "reach tunnel\nexpect silence within 1s -> next\nreach idxp\nsend idmef\nexpect idxp-ok -> pass\n",
        IDLE, 0);
    /* in clear when the case says so */
    struct duel d;
    struct identities *ids;
    with_tls(&d, IDXP_RFC, true, &ids);
    prepare(&d, 0, "reach idxp clear=yes\nsend idmef\nexpect idxp-ok -> pass\n", NULL);
    prepare(&d, 1, IDLE, NULL);
    carry(&d, 0);
    is(&d, 0, V_PASS, NULL);
    assert_false(SAW(d.idxp[0], TLS));
    end(&d);
    identities_free(ids);
}

static void test_sasl(void **state)
{
    struct duel d;
    char why[100] = "";
    struct sasl_users *users;
    (void)state;
    for (int needs = 0; needs < 2; needs++) {
        begin(&d, IDXP_RFC, true);
        assert_int_equal(
            sasl_users_parse(&d.env, SLICE_LIT("alice wonder\n"), "users", &users, why, sizeof why), OK);
        for (int i = 0; i < 2; i++) {
            d.idxp[i].beep.users = users;
            d.idxp[i].beep.scram_rounds = 16;
            d.idxp[i].beep.user = "alice";
            d.idxp[i].beep.password = "wonder";
        }
        d.idxp[0].need_auth = needs;
        prepare(&d, 0, "reach idxp\nexpect silence -> pass\n", NULL);
        prepare(&d, 1,
                needs ? "expect authenticated identity=alice -> next\n" IDLE : "never authenticated\n" IDLE, NULL);
        carry(&d, 0);
        is(&d, 0, V_PASS, NULL);
        assert_false(d.p[1]->stop);
        assert_int_equal(SAW(d.idxp[0], GREETING_BEHIND), needs);
        spotless(&d);
        end(&d);
        sasl_users_free(users);
    }
}

/* --- greetings in clear, and what they have to offer --------------------------------------------- */

static void clear_greeting(const char *profiles, enum clause_id clause, bool fail, bool wants)
{
    struct duel d;
    struct identities *ids;
    char text[300];
    bool found = false;
    with_tls(&d, IDXP_RFC, true, &ids);
    snprintf(text, sizeof text, "send greeting profiles=\"%s\"\n" IDLE, profiles);
    prepare(&d, 0, "reach greeted\nexpect silence -> pass\n", NULL);
    prepare(&d, 1, text, NULL);
    carry(&d, 0);
    is(&d, 0, V_PASS, NULL);
    for (size_t k = 0; k < d.p[0]->faults; k++)
        found |= d.p[0]->fault[k].clause == clause && d.p[0]->fault[k].fail == fail;
    assert_int_equal(found, wants);
    end(&d);
    identities_free(ids);
}

static void test_clear_greetings(void **state)
{
    (void)state;
    clear_greeting("$IDXP,http://iana.org/beep/TLS,$TUNNEL", CL_IDXPRFC_5_3_1, true, false);
    clear_greeting("$IDXP,$TUNNEL", CL_IDXPRFC_5_3_1, true, true);
    clear_greeting("$IDXP,$TUNNEL", CL_IDXPRFC_5_7_1, true, true);
    clear_greeting("$TUNNEL", CL_IDXPRFC_5_7_1, true, false);
    clear_greeting("$IDXP,http://iana.org/beep/TLS", CL_IDXPRFC_2_1_3, false, true);
    clear_greeting("$IDXP,http://iana.org/beep/TLS,$TUNNEL", CL_IDXPRFC_2_1_3, false, false);
}

/* TUNNEL inside TLS. */
static void test_offered_under_tls(void **state)
{
    struct duel d;
    struct identities *ids;
    bool found = false;
    (void)state;
    with_tls(&d, IDXP_RFC, true, &ids);
    prepare(&d, 0, "reach tls\nexpect silence -> pass\n", NULL);
    prepare(&d, 1, "reach greeted\nexpect tls -> next\nsend greeting profiles=\"$IDXP,$TUNNEL\"\n" IDLE, NULL);
    carry(&d, 0);
    for (size_t k = 0; k < d.p[0]->faults; k++)
        found |= d.p[0]->fault[k].clause == CL_TUNNEL_5_2;
    if (!found) show(d.p[0]);
    assert_true(found);
    end(&d);
    identities_free(ids);
}

/* --- the ends of a proxy ------------------------------------------------------------------------- */

struct road {
    struct duel d; /* [0] alone: near, far and second */
    struct beep_setup near;
    struct tunnel_proxy_setup proxy;
};

static struct endpoint *give_proxy(void *ctx, int *link, bool *owned)
{
    struct road *r = ctx;
    struct endpoint *e = NULL;
    *link = 0;
    *owned = true;
    return tunnel_proxy_new(&r->proxy, &e) == OK ? e : NULL;
}

static struct endpoint *give_far(void *ctx, int *link, bool *owned)
{
    struct road *r = ctx;
    *owned = false;
    *link = 1;
    return r->d.p[0]->e.link[1].state == LINK_IDLE ? &r->d.p[0]->e : NULL;
}

static void drive(const char *body, enum verdict v)
{
    for (int split = 0; split < 2; split++) {
        struct road r;
        memset(&r, 0, sizeof r);
        begin(&r.d, IDXP_RFC, true);
        r.near = (struct beep_setup){.env = &r.d.env, .mux = beep_mux_usual};
        r.proxy = (struct tunnel_proxy_setup){.env = &r.d.env, .near = &r.near};
        r.d.idxp[0].role = TEST_TUNNEL_PROXY;
        r.d.idxp[0].far_ip4 = "10.0.0.1";
        r.d.idxp[0].far_port = "604";
        play_idxp_init(&r.d.idxp[0]);
        r.d.run[0].ends = play_tunnel_ends;
        r.d.run[0].end_count = PLAY_TUNNEL_ENDS;
        r.d.run[0].split = split ? SPLIT_BYTES : SPLIT_WHOLE;
        prepare(&r.d, 0, body, NULL);
        assert_int_equal(net_mem_new(&r.d.env, 1000, &r.d.net), OK);
        assert_int_equal(net_listen(r.d.net, "l", give_proxy, &r, NULL, 0, NULL, 0), OK);
        assert_int_equal(net_listen(r.d.net, "10.0.0.1:604", give_far, &r, NULL, 0, NULL, 0), OK);
        assert_int_equal(net_add(r.d.net, &r.d.p[0]->e, false), OK);
        r.d.p[0]->e.ops->tick(&r.d.p[0]->e, net_now(r.d.net));
        net_run(r.d.net, &r.d.p[0]->stop, 1000 + 3600 * 1000);
        net_remove(r.d.net, &r.d.p[0]->e);
        const struct player *p = r.d.p[0];
        if (p->verdict != v) print_error("%s, line %d: %s\n", verdict_names[p->verdict], p->line, p->reason);
        if (p->verdict != v) show(p);
        assert_int_equal(p->verdict, v);
        for (size_t k = 0; k < p->faults; k++)
            if (p->fault[k].clause != CL_IDXPRFC_2_1_4) print_error("%s\n", p->fault[k].text);
        for (size_t k = 0; k < p->faults; k++)
            assert_int_equal(p->fault[k].clause, CL_IDXPRFC_2_1_4); /* this one has no SASL */
        assert_true(p->faults > 0);
        end(&r.d);
    }
}

#define HOP "ip4=10.0.0.1 port=604"

static void test_proxy(void **state)
{
    (void)state;
    /* the tunnel ends at us: no octet before ours */
    drive("near reach tunnel\nnear raw \"joe\\r\\n\"\nfar expect octets is=same -> next\nfar raw "
          "pattern=100000\nnear expect octets is=same -> pass\n",
          V_PASS);
    /* we are a hop, and hold the ok back */
    drive("near reach tunnel-asked path=\"" HOP
          " / ip4=10.0.0.2 port=7 / here\"\nnear expect silence within 1s -> next\nfar expect silence within "
          "1s -> next\nfar send tunnel-ok\nfar raw \"abc\"\n"
          "near expect tunnel-ok embedded=yes -> next\nnear expect octets is=abc -> pass\n",
          V_PASS);
    drive("far do hold tunnels\nnear reach greeted\nnear send tunnel path=\"" HOP
          " / ip4=10.0.0.2 port=7 / here\"\nfar expect tunnel way=ip4 ip4=10.0.0.2 hops=2 "
          "path=\"ip4=10.0.0.2 port=7 / here\" -> next\n"
          "far send tunnel-error code=554 text=no lang=de\nnear expect tunnel-error code=554 text=no lang=de "
          "-> pass\n",
          V_PASS);
    /* BEEP from end to end behind it */
    drive("near reach tunnel path=\"" HOP
          " / here\"\nfar do renew\nnear do renew\nnear expect greeting -> next\nnear send start "
          "profile=$IDXP number=1\nnear expect profile -> pass\n",
          V_PASS);
    /* the far end says something else than BEEP */
    drive("far do opaque\nnear reach greeted\nnear send tunnel path=\"" HOP
          " / here\"\nfar expect connected -> next\nfar raw \"login: \"\nnear expect tunnel-error code=550 "
          "-> pass\n",
          V_PASS);
    /* what is wrong between our own two ends is nobody's fault */
    drive("near reach tunnel path=\"" HOP
          " / here\"\nfar do renew\nnear raw \"MSG 0 1 . 0 99999999999\\r\\n\"\nfar "
          "expect bad -> pass\n",
          V_PASS);
    /* one connection behind the other at the far end */
    drive("near reach greeted\nfar do hold tunnels\nnear send tunnel path=\"" HOP
          " / here\"\nfar expect tunnel -> next\nfar do reset\nnear expect tunnel-error -> next\nfar do "
          "open\nfar do answer\n"
          "near send tunnel path=\"" HOP
          " / here\"\nnear expect tunnel-ok -> next\nfar raw x\nnear expect octets is=x -> pass\n",
          V_PASS);
    /* another session beside it */
    drive("near reach tunnel\nsecond reach greeted\nsecond send tunnel path=\"ip4=10.0.0.9 port=9\"\nsecond "
          "expect tunnel-error within 1m -> next\nnear raw x\nfar expect octets is=same -> pass\n",
          V_PASS);
    /* ends */
    drive("near reach tunnel\nfar raw abc\nfar do fin\nnear expect octets is=abc -> next\nnear expect fin -> "
          "pass\n",
          V_PASS);
}

/* --- memory -------------------------------------------------------------------------------------- */


static void begins(struct duel *d)
{
    begin(d, IDXP_RFC, true);
}

static void test_memory(void **state)
{
    (void)state;
    out_of_memory(begins, end, "reach idxp option=streamType stream=alert\nsend idmef size=9000\nexpect idxp-ok -> "
                  "next\nsend idmef encoding=UTF-16LE but drop end\nexpect idxp-error -> next\ndo alerts "
                  "count=2\nexpect answered oks=2 -> pass\n",
                  IDLE, 0);
    out_of_memory(begins, end, "reach greeted\nsend idxp-greeting embed=yes style=spaced fqdn=a.b\nexpect idxp-ok -> "
                  "next\nexpect idxp-greeting -> next\nsend idmef sample=whole\nexpect idxp-ok -> "
                  "next\nreach tunnel path=here\n" IDLE,
                  "expect data -> next\nexpect greeting -> pass\n", 1);
    out_of_memory(
        begins, end, "reach tunnel\nsend tunnel path=\"ip4=10.0.0.1 port=7 / here\" times=3\nexpect tunnel-ok -> pass\n",
        IDLE, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tls),
        cmocka_unit_test(test_sasl),
        cmocka_unit_test(test_clear_greetings),
        cmocka_unit_test(test_offered_under_tls),
        cmocka_unit_test(test_proxy),
        cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
