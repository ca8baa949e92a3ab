/* SPDX-License-Identifier: MIT */
/* capture and ip_packet: each link layer, tags, IPv6, fragments, ICMP, what is cut; addresses and reverse names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "cap/capture.h"
#include "test/mem_fail.h"

struct counts {
    unsigned packets, udp, tcp, esp, icmp, cut, fragment, first, six, in, out, sender, none;
};

static struct counts count(const char *name)
{
    char path[300];
    struct capture *c;
    struct capture_packet p;
    struct counts n = {0};
    snprintf(path, sizeof path, SOURCE_DIR "/pcaps/oe/%s", name);
    assert_int_equal(capture_open(&mem_libc, path, &c, NULL, 0), OK);
    while (capture_next(c, &p, NULL, 0) == OK) {
        n.packets++;
        assert_int_equal(p.number, n.packets);
        assert_true(p.us / 1000000 >= 1133395200 && p.us / 1000000 < 1133400000);
        n.udp += p.ip.what == IP_UDP;
        n.tcp += p.ip.what == IP_TCP;
        n.esp += p.ip.what == IP_ESP;
        n.icmp += p.ip.what == IP_UNREACHABLE;
        n.none += p.ip.what == IP_NONE;
        n.cut += p.ip.cut;
        n.fragment += p.ip.fragment;
        n.first += p.ip.first;
        n.six += p.ip.from.family == 6;
        n.in += p.ip.way == IP_WAY_IN;
        n.out += p.ip.way == IP_WAY_OUT;
        n.sender += p.ip.sender_known;
    }
    capture_close(c);
    return n;
}

static void links(void **state)
{
    (void)state;
    struct counts n = count("good-initiator/in.pcap"); /* Ethernet */
    assert_true(n.packets == 20 && n.sender == 20 && n.tcp == 1 && n.udp == 13 && n.esp == 6 && n.none == 0 && n.in + n.out == 0);
    n = count("clear-behind/in.pcap"); /* with tags */
    assert_true(n.packets == 7 && n.udp == 4 && n.tcp == 3);
    n = count("icmp-clear/in.pcap"); /* cooked */
    assert_true(n.packets == 6 && n.out == 3 && n.in == 3 && n.icmp == 1 && n.sender == 0);
    n = count("clear-meanwhile/in.pcap"); /* cooked v2 */
    assert_true(n.in > 3 && n.out > 3 && n.in + n.out == n.packets && n.tcp == 2);
    n = count("translated-tcp/in.pcapng"); /* raw, pcapng */
    assert_true(n.packets == 23 && n.tcp == 5 && n.udp == 18);
    n = count("many-answers/in.pcap"); /* loopback */
    assert_true(n.packets == 18 && n.none == 0 && n.esp == 2);
    n = count("ipv6/in.pcap");
    assert_true(n.six == n.packets && n.esp == 4 && n.udp == n.packets - 4);
    n = count("fragments/in.pcap");
    assert_true(n.fragment == 2 && n.first == 1);
    n = count("cut-packets/in.pcap");
    assert_true(n.cut == 13 && n.none == 0);
}

static void files(void **state)
{
    struct capture *c;
    struct mem_fail f;
    char why[200] = "";
    (void)state;
    assert_int_equal(capture_open(&mem_libc, SOURCE_DIR "/README.md", &c, why, sizeof why), ERR_SYS);
    assert_null(c);
    assert_true(why[0]);
    assert_int_equal(capture_open(&mem_libc, SOURCE_DIR "/no such file", &c, why, sizeof why), ERR_SYS);
    assert_non_null(strstr(why, "No such file"));
    struct mem mem = mem_fail_init(&f, 1);
    assert_int_equal(capture_open(&mem, SOURCE_DIR "/pcaps/oe/ipv6/in.pcap", &c, why, sizeof why), ERR_MEM);
    capture_close(NULL);
}

static void reverse_is(const char *name, const char *want)
{
    struct ip_address a;
    char text[IP_TEXT];
    assert_int_equal(ip_address_of_reverse(name, &a), want != NULL);
    assert_string_equal(ip_address_text(&a, text), want ? want : "none");
}

static void names(void **state)
{
    struct ip_address a;
    (void)state;
    reverse_is("66.2.0.192.in-addr.arpa", "192.0.2.66");
    reverse_is("0.0.0.0.in-addr.arpa", "0.0.0.0");
    reverse_is("256.2.0.192.in-addr.arpa", NULL);
    reverse_is("066.2.0.192.in-addr.arpa", NULL);
    reverse_is("2.0.192.in-addr.arpa", NULL);
    reverse_is("1.66.2.0.192.in-addr.arpa", NULL);
    reverse_is("66.2.0.192.in-addr.arpa.", NULL);
    reverse_is("", NULL);
    reverse_is("1", NULL);
    reverse_is("6.6.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.2.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa", "2001:db8:2::66");
    reverse_is("6.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.2.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa", NULL);
    reverse_is("g.6.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.2.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa", NULL);
    assert_true(ip_address_read("10.1.2.3", &a) && ip_address_private(&a));
    assert_true(ip_address_read("172.31.0.1", &a) && ip_address_private(&a));
    assert_true(ip_address_read("172.32.0.1", &a) && !ip_address_private(&a));
    assert_true(ip_address_read("192.168.0.1", &a) && ip_address_private(&a));
    assert_true(ip_address_read("fd00::1", &a) && !ip_address_private(&a));
    assert_false(ip_address_read("10.1.2", &a));
}

/* Each packet of a capture cut at each octet: nothing is read beyond it (the sanitizer tells), and that octets are missing is told. */
static void cuts(void **state)
{
    static const uint8_t udp[] = {0x45, 0, 0, 32, 0, 1, 0, 0, 64, 17, 0, 0, 192, 1, 1, 4, 192, 1, 1, 5, 1, 0xF4, 1, 0xF4, 0, 12, 0, 0, 'a', 'b', 'c', 'd'};
    struct ip_packet p;
    (void)state;
    for (size_t n = 0; n <= sizeof udp; n++) {
        ip_packet_read(slice_of(udp, n), sizeof udp, &p);
        assert_int_equal(p.cut, n < sizeof udp);
        assert_int_equal(p.what, n < 20 ? IP_NONE : IP_UDP);
        assert_int_equal(p.no_header, n >= 20 && n < 28);
        assert_int_equal(p.to_port, n < 28 ? 0 : 500);
    }
    uint8_t padded[60] = {0};
    memcpy(padded, udp, sizeof udp);
    ip_packet_read(slice_of(padded, sizeof padded), sizeof padded, &p);
    assert_int_equal(p.payload.n, 4); /* without what fills short frames */
    padded[0] = 0x44;
    ip_packet_read(slice_of(padded, sizeof padded), sizeof padded, &p);
    assert_int_equal(p.what, IP_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(links), cmocka_unit_test(files), cmocka_unit_test(names), cmocka_unit_test(cuts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
