/* SPDX-License-Identifier: MIT */
#include "io/loop.h"

#include <assert.h>
#include <netdb.h>
#include <netinet/in.h>
#include <arpa/inet.h>
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
