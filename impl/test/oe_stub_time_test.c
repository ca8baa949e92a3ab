/* SPDX-License-Identifier: MIT */
/* oe_stub: tries, TCP, many look-ups at a time, no memory. */
#include "test/mem_fail.h"
#include "test/oe_stub_help.h"

/* --- tries, TCP --------------------------------------------------------------------------------------------------------------------- */

static void tries(void **state)
{
    (void)state;
    struct world *w = world_new(0);
    asked(w, NAME);
    struct dns_frame first = w->frame;
    uint8_t id[2] = {w->octets[0], w->octets[1]};
    for (size_t i = 1; i < 3; i++) {
        assert_int_equal(oe_stub_deadline(&w->stub), 1000 + 1000 * i);
        w->now = 1000 + 1000 * i - 1;
        oe_stub_tick(&w->stub, w->now);
        assert_int_equal(w->frames, i);
        w->now++;
        oe_stub_tick(&w->stub, w->now);
        assert_int_equal(w->frames, i + 1);
        assert_int_equal(w->frame.who, first.who);
        assert_memory_equal(w->octets, id, 2);
    }
    w->now = 4000;
    oe_stub_tick(&w->stub, w->now);
    assert_int_equal(w->frames, 3);
    assert_int_equal(w->told, 1);
    assert_int_equal(w->a.look, OE_LOOK_TIMEOUT);
    assert_int_equal(w->ends, 1);
    assert_int_equal(oe_stub_deadline(&w->stub), UINT64_MAX);
    answer(w, DNS_NXDOMAIN, false, NULL, 0, 0); /* too late */
    assert_int_equal(w->told, 1);
    world_free(w);
}

static void tcp_behind_truncation(void **state)
{
    (void)state;
    struct world *w = world_new(0);
    struct dns_rr rr[] = {txt(NAME, 30, "\4good")};
    asked(w, NAME);
    uint32_t udp = w->frame.who;
    truncate(w);
    assert_int_equal(w->ended, udp);
    assert_int_equal(w->frame.how, DNS_FRAME_TCP);
    assert_int_not_equal(w->frame.who, udp);
    /* it ends without an answer: another connection at the next try */
    uint32_t tcp = w->frame.who;
    assert_int_equal(feed(w, &(struct dns_frame){.how = DNS_FRAME_END, .who = tcp}), OK);
    assert_int_equal(w->told, 0);
    w->now = 2000;
    oe_stub_tick(&w->stub, w->now);
    assert_int_equal(w->frame.how, DNS_FRAME_TCP);
    assert_int_not_equal(w->frame.who, tcp);
    answer(w, DNS_NOERROR, true, rr, 1, 0);
    assert_int_equal(w->a.look, OE_LOOK_RECORDS);
    assert_int_equal(w->ended, w->frame.who);
    /* truncated over TCP, which nothing can be (RFC 1035 4.2.2) */
    asked(w, NAME);
    truncate(w);
    truncate(w);
    assert_int_equal(w->a.look, OE_LOOK_UNREADABLE);
    /* asked for by TCP at once */
    struct oe_question q = question(9, NAME);
    q.tcp = true;
    assert_int_equal(oe_stub_ask(&w->stub, &q, w->now), OK);
    assert_int_equal(w->frame.how, DNS_FRAME_TCP);
    world_free(w);
}

/* --- many, and from inside --------------------------------------------------------------------------------------------------------------- */

static void many_at_a_time(void **state)
{
    (void)state;
    struct world *w = world_new(0);
    struct dns_frame *all = calloc(OE_STUB_LOOKUPS, sizeof *all);
    for (uint32_t i = 0; i < OE_STUB_LOOKUPS; i++) {
        struct oe_question q = question(i, NAME);
        assert_int_equal(oe_stub_ask(&w->stub, &q, w->now), OK);
        all[i] = w->frame;
        all[i].msg.p = memcpy(malloc(w->frame.msg.n), w->octets, w->frame.msg.n);
    }
    struct oe_question more = question(1, NAME);
    assert_int_equal(oe_stub_ask(&w->stub, &more, w->now), ERR_LIMIT);
    for (uint32_t i = OE_STUB_LOOKUPS; i-- > 10;) { /* the last first */
        w->frame = all[i];
        answer(w, DNS_NXDOMAIN, false, NULL, 0, 0);
        assert_int_equal(w->id, i);
    }
    assert_int_equal(w->told, OE_STUB_LOOKUPS - 10);
    w->now += 3000;
    w->again = NAME;
    oe_stub_tick(&w->stub, w->now); /* the others at once, and one of them asks anew from inside */
    assert_int_equal(w->told, OE_STUB_LOOKUPS);
    assert_int_equal(w->stub.under_way, 1);
    assert_int_equal(oe_stub_deadline(&w->stub), w->now + 1000);
    for (uint32_t i = 0; i < OE_STUB_LOOKUPS; i++) {
        uint8_t *p;
        memcpy(&p, &all[i].msg.p, sizeof p);
        free(p);
    }
    free(all);
    world_free(w);
}

static void memory_fails(void **state)
{
    (void)state;
    struct world *good = world_new(0);
    struct dns_rr rr[] = {alias(NAME, "a.org"), txt("a.org", 30, "\4good")};
    bool whole = false;
    world_free(good);
    for (size_t at = 1; at < 200 && !whole; at++) {
        struct mem_fail fails;
        struct mem mem = mem_fail_init(&fails, at);
        struct world *w = world_new(0);
        struct env usual = w->env;
        w->env.mem = &mem;
        oe_stub_relink(&w->stub);
        struct oe_question q = question(5, NAME);
        if (oe_stub_ask(&w->stub, &q, w->now) == OK) {
            for (int i = 0; i < 3 && !w->told; i++) { /* what was lost is sent again */
                struct dns_msg m, read;
                struct dns_fault f;
                struct buf out;
                w->now += 1000;
                if (w->frames) {
                    struct dns_frame frame = w->frame;
                    buf_init(&out, &mem_libc, 1 << 16);
                    assert_int_equal(dns_msg_read(&usual, w->frame.msg, &read, &f), OK);
                    dns_msg_reply(&m, &read, DNS_NOERROR);
                    m.rr = rr;
                    m.answers = 2;
                    assert_int_equal(dns_msg_write(&m, &out), OK);
                    frame.msg = buf_slice(&out);
                    assert_int_equal(feed(w, &frame), OK);
                    dns_msg_done(&read);
                    buf_done(&out);
                }
                oe_stub_tick(&w->stub, w->now);
            }
            assert_int_equal(w->told, 1);
            assert_true(w->a.look == OE_LOOK_RECORDS || w->a.look == OE_LOOK_SERVFAIL || w->a.look == OE_LOOK_TIMEOUT);
        }
        whole = fails.calls < at;
        if (whole) assert_int_equal(w->a.look, OE_LOOK_RECORDS);
        world_free(w);
        assert_int_equal(fails.blocks, 0);
    }
    assert_true(whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tries),
        cmocka_unit_test(tcp_behind_truncation),
        cmocka_unit_test(many_at_a_time),
        cmocka_unit_test(memory_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
