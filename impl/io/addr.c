/* SPDX-License-Identifier: MIT */
#include "io/loop.h"

#include <assert.h>
#include <ifaddrs.h>
#include <netdb.h>
#include <netinet/in.h>
#include <arpa/inet.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "io/loop_impl.h"

enum { HOST_MAX = 255 }; /* octets of a host name (RFC 1035 2.3.4) */

_Static_assert(sizeof(struct sockaddr_in6) <= sizeof((struct loop_addr){{0}, 0}.storage), "an address fits");

#define GOOD "write HOST:PORT, such as 127.0.0.1:7070, [::1]:7070, localhost:7070, or :0 for any free port"

void loop_addr_set(struct loop_addr *out, const struct sockaddr *sa, socklen_t n)
{
    memset(out, 0, sizeof *out);
    if (n > sizeof out->storage) n = sizeof out->storage;
    memcpy(out->storage, sa, n);
    out->n = (uint32_t)n;
}

const struct sockaddr *loop_addr_get(const struct loop_addr *a)
{
    /* the kernel copies it, so the alignment of storage does not matter */
    return (const struct sockaddr *)(const void *)a->storage;
}

/* Cuts text into host and port; what is wrong with it, or NULL. */
static const char *cut(slice text, char host[HOST_MAX + 1], char port[8])
{
    size_t colon = text.n;
    while (colon > 0 && text.p[colon - 1] != ':')
        colon--;
    if (colon == 0) return "there is no port in it";
    slice h = slice_sub(text, 0, colon - 1), p = slice_sub(text, colon, text.n);
    uint64_t number;
    if (!slice_number(p, 65535, &number)) return "the port is no number from 0 to 65535";
    snprintf(port, 8, "%u", (unsigned)number);
    if (h.n && h.p[0] == '[') {
        if (h.n < 3 || h.p[h.n - 1] != ']') return "the brackets do not hold an IPv6 address";
        h = slice_sub(h, 1, h.n - 1);
        if (slice_find(h, SLICE_LIT(":")) == h.n) return "the brackets do not hold an IPv6 address";
    } else if (slice_find(h, SLICE_LIT(":")) < h.n) {
        return "an IPv6 address stands in brackets";
    }
    if (h.n > HOST_MAX) return "the host name is longer than 255 octets";
    if (h.n) memcpy(host, h.p, h.n);
    host[h.n] = 0;
    return NULL;
}

err loop_addr_check(const char *text, char *why, size_t why_n)
{
    char host[HOST_MAX + 1], port[8];
    const char *wrong = cut(slice_str(text), host, port);
    if (wrong) return loop_say(ERR_USE, why, why_n, "%.80s: %s; " GOOD, text, wrong);
    return OK;
}

err loop_addr_parse(const char *text, struct loop_addr *out, char *why, size_t why_n)
{
    char host[HOST_MAX + 1], port[8];
    if (why_n) why[0] = 0;
    const char *wrong = cut(slice_str(text), host, port);
    if (wrong) return loop_say(ERR_USE, why, why_n, "%.80s: %s; " GOOD, text, wrong);
    struct addrinfo want = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV}, *list = NULL;
    int r = getaddrinfo(host[0] ? host : "0.0.0.0", port, &want, &list);
    if (r == EAI_MEMORY) return loop_say(ERR_MEM, why, why_n, "%.80s: out of memory", text);
    if (r != 0) return loop_say(ERR_USE, why, why_n, "%.80s: %s; " GOOD, text, gai_strerror(r));
    const struct addrinfo *best = list; /* "localhost" is mostly both, and mostly served on 127.0.0.1 */
    for (const struct addrinfo *a = list; a; a = a->ai_next)
        if (a->ai_family == AF_INET) {
            best = a;
            break;
        }
    loop_addr_set(out, best->ai_addr, best->ai_addrlen);
    freeaddrinfo(list);
    return OK;
}

void loop_addr_print(const struct loop_addr *a, char *text, size_t n)
{
    char host[INET6_ADDRSTRLEN] = "?";
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
    sa_family_t family = loop_addr_get(a)->sa_family;
    if (n == 0) return;
    if (a->n >= sizeof in && family == AF_INET) {
        memcpy(&in, a->storage, sizeof in);
        inet_ntop(AF_INET, &in.sin_addr, host, sizeof host);
        snprintf(text, n, "%s:%u", host, (unsigned)ntohs(in.sin_port));
    } else if (a->n >= sizeof in6 && family == AF_INET6) {
        memcpy(&in6, a->storage, sizeof in6);
        unsigned port = ntohs(in6.sin6_port);
        /* IPv4 through a socket that takes both: shown as what it is */
        bool mapped = IN6_IS_ADDR_V4MAPPED(&in6.sin6_addr);
        if (mapped)
            inet_ntop(AF_INET, in6.sin6_addr.s6_addr + 12, host, sizeof host);
        else
            inet_ntop(AF_INET6, &in6.sin6_addr, host, sizeof host);
        snprintf(text, n, mapped ? "%s:%u" : "[%s]:%u", host, port);
    } else {
        snprintf(text, n, "unknown address");
    }
}

/* Where port and address stand in the form of the socket, by its family. */
static const uint8_t *parts_of(const struct loop_addr *a, const uint8_t **port, size_t *n)
{
    bool six = loop_addr_get(a)->sa_family == AF_INET6;
    *port = a->storage + (six ? offsetof(struct sockaddr_in6, sin6_port) : offsetof(struct sockaddr_in, sin_port));
    *n = six ? 16 : 4;
    return a->storage + (six ? offsetof(struct sockaddr_in6, sin6_addr) : offsetof(struct sockaddr_in, sin_addr));
}

uint16_t loop_addr_port(const struct loop_addr *a)
{
    const uint8_t *port;
    size_t n;
    (void)parts_of(a, &port, &n);
    return (uint16_t)(port[0] << 8 | port[1]);
}

void loop_addr_set_port(struct loop_addr *a, uint16_t port)
{
    const uint8_t *at;
    size_t n;
    (void)parts_of(a, &at, &n);
    uint8_t *to = a->storage + (at - a->storage);
    to[0] = (uint8_t)(port >> 8);
    to[1] = (uint8_t)port;
}

bool loop_addr_same(const struct loop_addr *a, const struct loop_addr *b)
{
    const uint8_t *port_a, *port_b;
    size_t n, k;
    const uint8_t *at = parts_of(a, &port_a, &n), *bt = parts_of(b, &port_b, &k);
    return loop_addr_get(a)->sa_family == loop_addr_get(b)->sa_family && memcmp(at, bt, n) == 0 && memcmp(port_a, port_b, 2) == 0;
}

/* --- is it ourselves? ------------------------------------------------------------------------------------------------------ */

struct literal {
    uint8_t at[16];   /* IPv4 as ::ffff:a.b.c.d */
    uint16_t port;
};

static void mapped(const void *in4, uint8_t out[16])
{
    memset(out, 0, 10);
    out[10] = out[11] = 0xff;
    memcpy(out + 12, in4, 4);
}

static bool read_literal(const char *text, struct literal *out)
{
    char host[HOST_MAX + 1], port[8];
    struct in_addr in4;
    uint64_t number;
    if (cut(slice_str(text), host, port) || !slice_number(slice_str(port), 65535, &number)) return false;
    out->port = (uint16_t)number;
    if (inet_pton(AF_INET6, host, out->at) == 1) return true;
    if (inet_pton(AF_INET, host, &in4) != 1) return false;
    mapped(&in4, out->at);
    return true;
}

static bool is_any(const uint8_t at[16])
{
    static const uint8_t any4[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0}, any6[16] = {0};
    return memcmp(at, any4, 16) == 0 || memcmp(at, any6, 16) == 0;
}

/* 127.0.0.0/8 and ::1: all of it is this machine, whatever its interfaces list. */
static bool is_loopback(const uint8_t at[16])
{
    static const uint8_t lead4[13] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127}, one6[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
    return memcmp(at, lead4, sizeof lead4) == 0 || memcmp(at, one6, 16) == 0;
}

static bool on_interface(const uint8_t at[16])
{
    struct ifaddrs *list = NULL;
    bool hit = false;
    if (getifaddrs(&list) != 0) return false;
    for (const struct ifaddrs *i = list; i && !hit; i = i->ifa_next) {
        uint8_t here[16] = {0};
        struct sockaddr_in in;
        struct sockaddr_in6 in6;
        if (!i->ifa_addr) continue;
        if (i->ifa_addr->sa_family == AF_INET) {
            memcpy(&in, i->ifa_addr, sizeof in);
            mapped(&in.sin_addr, here);
        } else if (i->ifa_addr->sa_family == AF_INET6) {
            memcpy(&in6, i->ifa_addr, sizeof in6);
            memcpy(here, &in6.sin6_addr, 16);
        } else {
            continue;
        }
        hit = memcmp(here, at, 16) == 0;
    }
    freeifaddrs(list);
    return hit;
}

bool loop_addr_is_self(const char *at, const char *bound)
{
    struct literal a, b;
    if (!read_literal(at, &a) || !read_literal(bound, &b) || a.port != b.port) return false;
    /* a connection to 0.0.0.0 goes to this machine */
    if (memcmp(a.at, b.at, 16) == 0 || (is_any(a.at) && is_loopback(b.at))) return true;
    return is_any(b.at) && (is_any(a.at) || is_loopback(a.at) || on_interface(a.at));
}
