/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "codec/dns_frame.h"
#include "test/mem_fail.h"

static void one_frame(void **state)
{
    (void)state;
    struct buf out;
    struct dns_frame f;
    size_t used;
    buf_init(&out, &mem_libc, 1000);
    assert_int_equal(dns_frame_write(&(struct dns_frame){.how = DNS_FRAME_TCP, .elsewhere = true, .who = 0xA1B2C3D4, .msg = SLICE_LIT("dns")}, &out), OK);
    assert_true(slice_eq(buf_slice(&out), SLICE_LIT("\x81\xa1\xb2\xc3\xd4\x00\x03" "dns")));
    for (size_t n = 0; n < out.n; n++)
        assert_int_equal(dns_frame_read(slice_sub(buf_slice(&out), 0, n), &f, &used), ERR_MORE);
    assert_int_equal(dns_frame_read(buf_slice(&out), &f, &used), OK);
    assert_int_equal(used, out.n);
    assert_true(f.how == DNS_FRAME_TCP && f.elsewhere && f.who == 0xA1B2C3D4 && slice_eq(f.msg, SLICE_LIT("dns")));
    buf_done(&out);
}

static void frames_that_are_none(void **state)
{
    (void)state;
    struct dns_frame f;
    size_t used;
    struct buf out;
    static uint8_t big[65536];
    buf_init(&out, &mem_libc, 100);
    assert_int_equal(dns_frame_read(SLICE_LIT("\x03"), &f, &used), ERR_PEER); /* before the rest is there */
    assert_int_equal(dns_frame_read(SLICE_LIT("\x40"), &f, &used), ERR_PEER);
    assert_int_equal(dns_frame_read(SLICE_LIT("\x02\x00\x00\x00\x01\x00\x01x"), &f, &used), ERR_PEER); /* an end has no octets */
    assert_int_equal(dns_frame_write(&(struct dns_frame){.how = DNS_FRAME_END, .msg = SLICE_LIT("x")}, &out), ERR_USE);
    assert_int_equal(dns_frame_write(&(struct dns_frame){.how = (enum dns_how)3}, &out), ERR_USE);
    assert_int_equal(dns_frame_write(&(struct dns_frame){.msg = slice_of(big, 65536)}, &out), ERR_USE);
    assert_int_equal(dns_frame_write(&(struct dns_frame){.msg = slice_of(big, 200)}, &out), ERR_LIMIT);
    assert_int_equal(out.n, 0);
    buf_done(&out);
}

/* A stream of frames, cut at every step, gives the same frames; the longest, and one without octets, among them. */
static void a_stream(void **state)
{
    (void)state;
    static uint8_t big[65535];
    struct buf all;
    buf_init(&all, &mem_libc, 1 << 18);
    const size_t lengths[] = {0, 1, 300, 65535, 0, 12};
    for (uint32_t i = 0; i < 6; i++)
        assert_int_equal(dns_frame_write(&(struct dns_frame){.how = DNS_FRAME_UDP, .who = i, .msg = slice_of(big, lengths[i])}, &all), OK);
    assert_int_equal(dns_frame_write(&(struct dns_frame){.how = DNS_FRAME_END, .who = 6}, &all), OK);
    const size_t steps[] = {1, 2, 6, 7, 8, 100, 65535, 65542, 70000, 1 << 18};
    for (size_t s = 0; s < sizeof steps / sizeof *steps; s++) {
        struct dns_frames c;
        uint32_t seen = 0;
        dns_frames_init(&c, &mem_libc);
        for (size_t at = 0; at < all.n; at += steps[s]) {
            slice octets = slice_sub(buf_slice(&all), at, at + steps[s]);
            struct dns_frame f;
            err e;
            while ((e = dns_frames_next(&c, &octets, &f)) == OK) {
                assert_int_equal(f.who, seen);
                assert_int_equal(f.msg.n, seen < 6 ? lengths[seen] : 0);
                assert_int_equal(f.how, seen < 6 ? DNS_FRAME_UDP : DNS_FRAME_END);
                seen++;
            }
            assert_int_equal(e, ERR_MORE);
            assert_int_equal(octets.n, 0);
        }
        assert_int_equal(seen, 7);
        dns_frames_done(&c);
    }
    buf_done(&all);
}

static void no_memory(void **state)
{
    (void)state;
    struct mem_fail fails;
    struct mem mem = mem_fail_init(&fails, 1);
    struct dns_frames c;
    struct dns_frame f;
    slice octets = SLICE_LIT("\x00\x00");
    dns_frames_init(&c, &mem);
    assert_int_equal(dns_frames_next(&c, &octets, &f), ERR_MEM);
    dns_frames_done(&c);
    struct dns_frames d;
    octets = SLICE_LIT("\x09\x00");
    dns_frames_init(&d, &mem);
    assert_int_equal(dns_frames_next(&d, &octets, &f), ERR_PEER);
    dns_frames_done(&d);
    assert_int_equal(fails.blocks, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_frame),
        cmocka_unit_test(frames_that_are_none),
        cmocka_unit_test(a_stream),
        cmocka_unit_test(no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
