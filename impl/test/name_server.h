/* SPDX-License-Identifier: MIT */
/* A name server of the test on loopback, in a thread of its own: it answers over UDP for the few names below.  "silent.example" and AAAA of "half.example" are
 * never answered; a name that begins with "many-" has one address. */
#ifndef TEST_NAME_SERVER_H
#define TEST_NAME_SERVER_H

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { T_A = 1, T_TXT = 16, T_AAAA = 28, T_SRV = 33 };

static const struct record {
    const char *name;
    int type;
    const char *value;                   /* address, or target of the service */
    uint16_t priority, weight, port;
} zone[] = {
    {"one.example", T_A, "192.0.2.1", 0, 0, 0},
    {"both.example", T_AAAA, "2001:db8::7", 0, 0, 0},
    {"both.example", T_A, "192.0.2.7", 0, 0, 0},
    {"_idxp._tcp.order.example", T_SRV, "third.example", 30, 0, 603},
    {"_idxp._tcp.order.example", T_SRV, "first.example", 10, 5, 601},
    {"_idxp._tcp.order.example", T_SRV, "second.example", 20, 5, 602},
    {"first.example", T_A, "192.0.2.11", 0, 0, 0},
    {"second.example", T_A, "192.0.2.12", 0, 0, 0},
    {"third.example", T_A, "192.0.2.13", 0, 0, 0},
    {"_idxp._tcp.none.example", T_SRV, "", 0, 0, 0}, /* the root: no such service */
    {"none.example", T_A, "192.0.2.99", 0, 0, 0},
    {"half.example", T_A, "192.0.2.50", 0, 0, 0},    /* AAAA of it is never answered */
    {"text.example", T_TXT, "one two", 0, 0, 0},
    {"text.example", T_TXT, "three", 0, 0, 0},
};
enum { RECORDS = sizeof zone / sizeof *zone };

struct name_server {
    int fd, stop[2];
    atomic_uint asked;                   /* queries that came */
    pthread_t thread;
    char at[32];
};

static size_t put_name(uint8_t *out, const char *name)
{
    size_t n = 0;
    while (*name) {
        size_t len = strcspn(name, ".");
        out[n++] = (uint8_t)len;
        memcpy(out + n, name, len);
        n += len;
        name += len + (name[len] == '.');
    }
    out[n++] = 0;
    return n;
}

static size_t put_rdata(uint8_t *out, const struct record *r)
{
    if (r->type == T_A) return inet_pton(AF_INET, r->value, out) == 1 ? 4 : 0;
    if (r->type == T_TXT) {
        out[0] = (uint8_t)strlen(r->value);
        memcpy(out + 1, r->value, out[0]);
        return 1u + out[0];
    }
    if (r->type == T_AAAA) return inet_pton(AF_INET6, r->value, out) == 1 ? 16 : 0;
    const uint16_t v[3] = {r->priority, r->weight, r->port};
    for (size_t i = 0; i < 3; i++) {
        out[2 * i] = (uint8_t)(v[i] >> 8);
        out[2 * i + 1] = (uint8_t)v[i];
    }
    return 6 + put_name(out + 6, r->value);
}

/* The answer in place of the question, whose octets end at q. */
static size_t answer(uint8_t *m, size_t q, const char *name, int type)
{
    size_t n = q, found = 0;
    bool known = false;
    for (size_t i = 0; i < RECORDS; i++) {
        bool many = strncmp(name, "many-", 5) == 0 && i == 0;
        if (strcmp(zone[i].name, name) != 0 && !many) continue;
        known = true;
        if (zone[i].type != type) continue;
        const uint8_t head[] = {0xc0, 12, 0, (uint8_t)type, 0, 1, 0, 0, 0, 60};
        memcpy(m + n, head, sizeof head);
        size_t len = put_rdata(m + n + 12, &zone[i]);
        m[n + 10] = 0;
        m[n + 11] = (uint8_t)len;
        n += 12 + len;
        found++;
    }
    m[2] = 0x81;                                 /* an answer, recursion wanted */
    m[3] = (uint8_t)(0x80 | (known ? 0 : 3));    /* and available */
    m[6] = 0;
    m[7] = (uint8_t)found;
    memset(m + 8, 0, 4);
    return n;
}

static void serve_one(struct name_server *s)
{
    uint8_t m[1500];
    struct sockaddr_storage from;
    socklen_t from_n = sizeof from;
    char name[256] = "";
    ssize_t got = recvfrom(s->fd, m, 512, 0, (struct sockaddr *)&from, &from_n);
    if (got < 17) return;
    size_t at = 12, n = 0;
    s->asked++;
    while (at < (size_t)got && m[at]) {
        size_t len = m[at++];
        if (len > 63 || at + len > (size_t)got) return;
        if (n) name[n++] = '.';
        for (size_t i = 0; i < len; i++) /* case of letters may be used as a secret */
            name[n++] = (char)(m[at + i] >= 'A' && m[at + i] <= 'Z' ? m[at + i] | 0x20 : m[at + i]);
        at += len;
    }
    name[n] = 0;
    int type = m[at + 1] << 8 | m[at + 2];
    if (strcmp(name, "silent.example") == 0 || (strcmp(name, "half.example") == 0 && type == T_AAAA)) return;
    size_t len = answer(m, at + 5, name, type);
    (void)!sendto(s->fd, m, len, 0, (const struct sockaddr *)&from, from_n);
}

static void *serve(void *ctx)
{
    struct name_server *s = ctx;
    struct pollfd p[2] = {{s->fd, POLLIN, 0}, {s->stop[0], POLLIN, 0}};
    while (poll(p, 2, -1) >= 0 && !(p[1].revents)) {
        if (p[0].revents) serve_one(s);
    }
    return NULL;
}

static void name_server_begin(struct name_server *s)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof in;
    s->asked = 0;
    s->fd = socket(AF_INET, SOCK_DGRAM, 0);
    assert_true(s->fd >= 0);
    assert_int_equal(bind(s->fd, (struct sockaddr *)&in, sizeof in), 0);
    assert_int_equal(getsockname(s->fd, (struct sockaddr *)&in, &n), 0);
    snprintf(s->at, sizeof s->at, "127.0.0.1:%u", (unsigned)ntohs(in.sin_port));
    assert_int_equal(pipe(s->stop), 0);
    assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
}

static void name_server_end(struct name_server *s)
{
    assert_int_equal(write(s->stop[1], "x", 1), 1);
    pthread_join(s->thread, NULL);
    close(s->fd);
    close(s->stop[0]);
    close(s->stop[1]);
}

#endif
