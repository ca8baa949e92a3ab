/* SPDX-License-Identifier: MIT */
/* What a peer can make the reference hold and wait for, how it ends a session it does not go on with, and the name it asks for. */
#include "test/tls_pair.h"

#include "peer/iap_peer.h"

static const char set_up[] = "IAP/0.3 CONNECT m.dom.org\r\n\r\nIAP/0.3 Upgrade: TLS/1.0\r\n\r\n"
                             "IAP/0.3 IAP-Version: 0.3\r\nIAP-Role: Sender\r\n\r\n";
static const char alert[] = "Content-Type: application/x-idef-alert\r\nContent-Length: 3\r\n\r\none\r\n\r\n";

static struct iap_peer *peer(const struct iap_setup *s, bool opener, const char *to)
{
    struct iap_peer *p;
    assert_int_equal(iap_peer_new(s, opener, to, &p), OK);
    p->e.link[0].state = LINK_UP;
    p->e.ops->up(&p->e, 0, 1);
    return p;
}

static void feed(struct iap_peer *p, slice octets, uint64_t now)
{
    p->e.ops->feed(&p->e, 0, octets, now);
}

/* All that one has for the other. */
static bool carry_on(struct iap_peer *from, struct iap_peer *to, uint64_t now)
{
    struct buf *out = &from->e.link[0].out;
    uint8_t octets[8192];
    if (!out->n) return false;
    size_t n = out->n < sizeof octets ? out->n : sizeof octets;
    memcpy(octets, buf_slice(out).p, n);
    buf_take(out, n);
    feed(to, slice_of(octets, n), now);
    return true;
}

static void reads_no_more_than_is_taken(void **state)
{
    struct world *w = *state;
    struct iap_setup s = {.env = &w->env, .no_tls = true};
    struct iap_peer *p = peer(&s, false, NULL);
    struct link *l = &p->e.link[0];
    feed(p, slice_str(set_up), 1);
    assert_int_equal(p->e.ops->deadline(&p->e), UINT64_MAX);
    int sent = 0;
    while (!l->pause && sent < 100000) {
        feed(p, slice_str(alert), 1000);
        sent++;
    }
    assert_in_range(l->out.n, 65536, 65536 + 64);
    assert_int_equal(p->c.track.contents, sent);
    /* taken at last: it goes on */
    buf_clear(&l->out);
    p->e.ops->drained(&p->e, 0, 2000);
    assert_false(l->pause);
    assert_int_equal(p->e.ops->deadline(&p->e), UINT64_MAX);
    /* never taken: it ends */
    while (!l->pause)
        feed(p, slice_str(alert), 3000);
    assert_int_equal(p->e.ops->deadline(&p->e), 3000 + w->env.limits.message_ms);
    p->e.ops->tick(&p->e, 3000 + w->env.limits.message_ms);
    assert_true(l->drop);
    p->e.ops->free(&p->e);
}

struct both {
    struct tls_context *cc, *sc;
    struct iap_setup as, ms;
    struct iap_peer *a, *m;
};

static void both_ready(struct both *b, const struct world *w)
{
    const struct how good = {.client_profile = TLS_MODERN, .server_profile = TLS_MODERN};
    b->cc = context(w, &w->env, &good, TLS_CLIENT);
    b->sc = context(w, &w->env, &good, TLS_SERVER);
    b->as = (struct iap_setup){.env = &w->env, .analyzer = true, .host = "m.dom.org", .tls = b->cc};
    b->ms = (struct iap_setup){.env = &w->env, .tls = b->sc};
    b->m = peer(&b->ms, false, NULL);
    b->a = peer(&b->as, true, "m");
    for (bool more = true; more;) {
        more = carry_on(b->a, b->m, 1);
        more = carry_on(b->m, b->a, 1) || more;
    }
    assert_int_equal(track_iap_state(&b->m->c.track), IAP_S_READY);
    assert_int_equal(b->m->e.ops->deadline(&b->m->e), UINT64_MAX);
}

static void both_done(struct both *b)
{
    b->a->e.ops->free(&b->a->e);
    b->m->e.ops->free(&b->m->e);
    tls_context_free(b->cc);
    tls_context_free(b->sc);
}

static void ends_an_unfinished_record(void **state)
{
    struct world *w = *state;
    struct both b;
    both_ready(&b, w);
    struct buf *out = &b.a->e.link[0].out;
    assert_int_equal(iap_conn_write(&b.a->c, slice_str(alert)), OK);
    /* one octet now and then is no progress of the record; its end is */
    for (size_t i = 0; i + 1 < out->n; i++) {
        feed(b.m, slice_sub(buf_slice(out), i, i + 1), 1000 + i);
        assert_int_equal(b.m->e.ops->deadline(&b.m->e), 1000 + w->env.limits.message_ms);
    }
    feed(b.m, slice_sub(buf_slice(out), out->n - 1, out->n), 5000);
    assert_int_equal(b.m->e.ops->deadline(&b.m->e), UINT64_MAX);
    assert_int_equal(b.m->c.track.contents, 1);
    buf_clear(out);
    assert_int_equal(iap_conn_write(&b.a->c, slice_str(alert)), OK);
    feed(b.m, slice_sub(buf_slice(out), 0, 7), 6000);
    b.m->e.ops->tick(&b.m->e, 6000 + w->env.limits.message_ms - 1);
    assert_false(b.m->closing);
    b.m->e.ops->tick(&b.m->e, 6000 + w->env.limits.message_ms);
    assert_true(b.m->closing && b.m->e.link[0].fin);
    both_done(&b);
}

static void says_close_notify_behind_a_refusal(void **state)
{
    struct both b;
    both_ready(&b, *state);
    assert_int_equal(iap_conn_write(&b.a->c, SLICE_LIT("Content-Type: a/b\r\nContent-Length: -1\r\n\r\n")), OK);
    carry_on(b.a, b.m, 1000);
    assert_true(b.m->closing && b.m->e.link[0].fin);
    struct tls *t = b.a->c.tls;
    assert_int_equal(tls_feed(t, buf_slice(&b.m->e.link[0].out)), OK);
    assert_true(slice_eq(tls_in(t), SLICE_LIT("IAP/0.3 400\r\n\r\n")));
    assert_int_equal(tls_state_of(t), TLS_ENDED);
    both_done(&b);
}

/* What crosses our close_notify stays unanswered, and breaks nothing. */
static void closes_while_alerts_come(void **state)
{
    struct both b;
    both_ready(&b, *state);
    assert_int_equal(iap_conn_write(&b.a->c, slice_str(alert)), OK);
    iap_peer_close(b.m, 1000);
    carry_on(b.a, b.m, 1000);
    assert_int_equal(b.m->c.track.contents, 1);
    assert_false(b.m->e.link[0].drop);
    struct tls *t = b.a->c.tls;
    assert_int_equal(tls_feed(t, buf_slice(&b.m->e.link[0].out)), OK);
    assert_int_equal(tls_in(t).n, 0);
    assert_int_equal(tls_state_of(t), TLS_ENDED);
    both_done(&b);
}

static void asks_for_a_host_without_port(void **state)
{
    static const char *const at[][3] = {{NULL, "127.0.0.1:4711", "IAP/0.3 CONNECT 127.0.0.1\r\n\r\n"},
                                        {NULL, "m.dom.org:4711", "IAP/0.3 CONNECT m.dom.org\r\n\r\n"},
                                        {NULL, "[::1]:4711", "IAP/0.3 CONNECT [::1]\r\n\r\n"},
                                        {"m.dom.org", "127.0.0.1:4711", "IAP/0.3 CONNECT m.dom.org\r\n\r\n"}};
    struct world *w = *state;
    for (size_t i = 0; i < sizeof at / sizeof *at; i++) {
        struct iap_setup s = {.env = &w->env, .no_tls = true, .analyzer = true, .host = at[i][0]};
        struct iap_peer *p = peer(&s, true, at[i][1]);
        assert_true(slice_eq(buf_slice(&p->e.link[0].out), slice_str(at[i][2])));
        p->e.ops->free(&p->e);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_no_more_than_is_taken),     cmocka_unit_test(ends_an_unfinished_record),
        cmocka_unit_test(says_close_notify_behind_a_refusal), cmocka_unit_test(closes_while_alerts_come),
        cmocka_unit_test(asks_for_a_host_without_port),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
