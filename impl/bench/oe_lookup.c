/* SPDX-License-Identifier: MIT */
/* Look-ups of TXT through one loop, and a name server that knows a delegation record for every name.
 *
 *   bench_oe_lookup serve                 answers over UDP; prints "listening on H:P", ends with its standard input
 *   bench_oe_lookup ask H:P COUNT DEPTH   COUNT names that nobody asked for before, DEPTH of them under way at a time; prints "asked COUNT SECONDS CPU"
 *                                         once each was answered with its record */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/oe_record.h"
#include "codec/oe_host.h"
#include "codec/oe_master.h"
#include "io/lookup.h"

enum { COUNT_MAX = 1 << 20, TIMEOUT_MS = 60000, HEAD = 12, MESSAGE_MAX = 4096, SOCKET = 8 << 20 };

/* --- the name server ------------------------------------------------------------------------------------------------------------ */

/* The answer in place of the question; its octets, 0 for none. */
static size_t answer(uint8_t *m, size_t n, slice rdata)
{
    size_t at = HEAD;
    while (at < n && m[at])
        at += (size_t)m[at] + 1;
    at += 5; /* root, type, class */
    if (at > n || at + 12 + rdata.n > MESSAGE_MAX) return 0;
    static const uint8_t head[] = {0xC0, HEAD, 0, OE_RR_TXT, 0, 1, 0, 0, 1, 44};
    memcpy(m + 2, "\x84\x00\0\1\0\1\0\0\0\0", 10);
    memcpy(m + at, head, sizeof head);
    at += sizeof head;
    m[at++] = (uint8_t)(rdata.n >> 8);
    m[at++] = (uint8_t)rdata.n;
    memcpy(m + at, rdata.p, rdata.n);
    return at + rdata.n;
}

static void serve(const struct env *env)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    struct buf record;
    int room = SOCKET, s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    buf_init(&record, env->mem, OE_RDATA_MAX);
    oe_record(env, 5, 1024, &record);
    if (s < 0 || bind(s, (struct sockaddr *)&at, size) != 0 || getsockname(s, (struct sockaddr *)&at, &size) != 0) die("no socket");
    if (setsockopt(s, SOL_SOCKET, SO_RCVBUF, &room, sizeof room) != 0) die("setsockopt");
    printf("listening on 127.0.0.1:%u\n", ntohs(at.sin_port));
    fflush(stdout);
    for (;;) {
        uint8_t m[MESSAGE_MAX];
        struct pollfd p[] = {{.fd = s, .events = POLLIN}, {.fd = 0, .events = POLLIN}};
        if (poll(p, 2, -1) < 0) die("poll");
        if (p[1].revents) break;
        size = sizeof at;
        ssize_t n = recvfrom(s, m, sizeof m, 0, (struct sockaddr *)&at, &size);
        size_t out = n > HEAD ? answer(m, (size_t)n, buf_slice(&record)) : 0;
        if (out) (void)!sendto(s, m, out, 0, (struct sockaddr *)&at, size);
    }
    buf_done(&record);
    close(s);
}

/* --- who asks ------------------------------------------------------------------------------------------------------------------- */

struct asking {
    struct lookup *k;
    size_t count, asked, answered;
    bool done;
};

static void ask(struct asking *a);

static void on_answer(void *ctx, const struct lookup_answer *l)
{
    struct asking *a = ctx;
    if (l->end != LOOKUP_ANSWERED || l->n != 1) die(l->end == LOOKUP_TIMEOUT ? "a look-up timed out" : "a look-up failed");
    a->answered++;
    a->done = a->answered == a->count;
    if (a->asked < a->count) ask(a);
}

static void ask(struct asking *a)
{
    char name[OE_NAME_TEXT];
    uint8_t octets[] = {10, (uint8_t)(a->asked >> 16), (uint8_t)(a->asked >> 8), (uint8_t)a->asked};
    struct oe_host h = oe_host_of(4, octets);
    a->asked++;
    oe_reverse_name(&h, name);
    if (lookup_ask(a->k, name, OE_RR_TXT, TIMEOUT_MS, on_answer, a, NULL) != OK) die("a look-up cannot be begun");
}

static void ask_all(const struct env *env, const char *server, size_t count, size_t depth)
{
    struct asking a = {.count = count};
    struct loop *l;
    char why[200] = "";
    struct lookup_use use = {.server = &server, .servers = 1};
    if (loop_new(env, &l) != OK || lookup_new(l, &use, &a.k, why, sizeof why) != OK) die(why);
    double began = seconds(), busy = cpu();
    for (size_t i = 0; i < depth && i < count; i++)
        ask(&a);
    loop_run_until(l, &a.done, UINT64_MAX);
    printf("asked %zu %.6f %.6f\n", a.answered, seconds() - began, cpu() - busy);
    lookup_free(a.k);
    loop_free(l);
}

int main(int argc, char **argv)
{
    struct env env;
    env_init(&env);
    if (argc == 2 && strcmp(argv[1], "serve") == 0) serve(&env);
    else if (argc == 5 && strcmp(argv[1], "ask") == 0) ask_all(&env, argv[2], number(argv[3], 1, COUNT_MAX), number(argv[4], 1, LOOKUP_JOBS));
    else die("usage: oe_lookup serve | ask H:P COUNT DEPTH");
    return 0;
}
