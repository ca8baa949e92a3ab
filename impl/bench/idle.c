/* SPDX-License-Identifier: MIT */
/* Holds many IAP connections to a manager, set up and silent, so that what one costs the manager can be
 * measured.
 *
 *   bench_idle H:P N off
 *   bench_idle H:P N modern DIR       DIR: a folder of draftproof pki
 *
 * Prints "up N SECONDS" once all stand.  For each line of standard input it then sends one alert on the next
 * connection and prints "alert MICROSECONDS".  At the end of the input it prints "held N", how many still
 * stand, and ends. */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "bench/bench.h"
#include "codec/iap_msg.h"
#include "io/loop.h"
#include "sec/tls.h"

enum { CONNECTIONS_MAX = 20000, WAIT_S = 20 };

struct conn {
    int fd;
    struct tls *tls; /* NULL in clear */
};

struct bench {
    struct env env;
    struct loop_addr to;
    struct tls_context *context;
    struct conn *conn;
    size_t n;
};

static void put(int fd, slice out)
{
    while (out.n) {
        ssize_t w = send(fd, out.p, out.n, MSG_NOSIGNAL);
        if (w <= 0) die("send");
        out = slice_sub(out, (size_t)w, out.n);
    }
}

static void flush(struct conn *c)
{
    slice out = tls_out(c->tls);
    put(c->fd, out);
    tls_sent(c->tls, out.n);
}

static size_t take(int fd, uint8_t *at, size_t n)
{
    ssize_t r = recv(fd, at, n, 0);
    if (r <= 0) die("the manager ended the connection, or is silent");
    return (size_t)r;
}

static void say(struct conn *c, const char *text)
{
    if (!c->tls) {
        put(c->fd, slice_str(text));
        return;
    }
    if (tls_write(c->tls, slice_str(text)) != OK) die("tls_write");
    flush(c);
}

/* Clear octets up to the end of a response, which must be the one that is wanted. */
static void want(struct conn *c, const char *response)
{
    uint8_t in[4096];
    char got[256];
    size_t n = 0, whole = strlen(response);
    while (n < whole) {
        if (!c->tls) {
            n += take(c->fd, (uint8_t *)got + n, whole - n);
            continue;
        }
        slice clear = slice_sub(tls_in(c->tls), 0, whole - n);
        if (clear.n) memcpy(got + n, clear.p, clear.n);
        n += clear.n;
        tls_taken(c->tls, clear.n);
        if (n == whole) break;
        if (tls_feed(c->tls, slice_of(in, take(c->fd, in, sizeof in))) != OK) die("tls_feed");
        flush(c);
    }
    if (memcmp(got, response, whole) != 0) {
        fprintf(stderr, "wanted %.11s, got %.*s\n", response, (int)n, got);
        exit(1);
    }
}

static void secure(struct bench *b, struct conn *c)
{
    uint8_t in[16384];
    if (tls_new(b->context, NULL, &c->tls) != OK || tls_feed(c->tls, SLICE_NONE) != OK) die("tls_new");
    flush(c);
    while (tls_state_of(c->tls) == TLS_HANDSHAKE) {
        if (tls_feed(c->tls, slice_of(in, take(c->fd, in, sizeof in))) != OK) die("tls_feed");
        flush(c);
    }
    if (tls_state_of(c->tls) != TLS_OPEN) {
        fprintf(stderr, "TLS: %s\n", tls_why(c->tls));
        exit(1);
    }
}

static void set_up(struct bench *b, struct conn *c)
{
    struct timeval patience = {WAIT_S, 0};
    int on = 1;
    c->fd = socket(((const struct sockaddr *)(const void *)b->to.storage)->sa_family,
                   SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c->fd < 0) die("socket");
    setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(c->fd, (const struct sockaddr *)(const void *)b->to.storage, b->to.n) != 0) die("connect");
    say(c, "IAP/0.3 CONNECT m.dom.org\r\n\r\n");
    want(c, "IAP/0.3 200\r\n\r\n");
    say(c, "IAP/0.3 Upgrade: TLS/1.0\r\n\r\n");
    want(c, "IAP/0.3 101\r\n\r\n");
    if (b->context) secure(b, c);
    say(c, "IAP/0.3 IAP-Version: 0.3\r\nIAP-Role: Sender\r\n\r\n");
    want(c, "IAP/0.3 200\r\n\r\n");
}

static void send_alert(struct conn *c)
{
    double began = seconds();
    say(c, "Content-Type: application/x-idef-alert\r\nContent-Length: 8\r\n\r\n<alert/>\r\n\r\n");
    want(c, "IAP/0.3 200\r\n\r\n");
    printf("alert %.0f\n", (seconds() - began) * 1e6);
    fflush(stdout);
}

/* Octets or an end on a connection that should be silent: it does not stand any more.  (TLS 1.3 tickets came
 * with the answers of the set-up.) */
static size_t still_up(const struct bench *b)
{
    static struct epoll_event ready[CONNECTIONS_MAX];
    int ep = epoll_create1(EPOLL_CLOEXEC);
    if (ep < 0) die("epoll_create1");
    for (size_t i = 0; i < b->n; i++) {
        struct epoll_event e = {.events = EPOLLIN | EPOLLRDHUP, .data.u64 = i};
        if (epoll_ctl(ep, EPOLL_CTL_ADD, b->conn[i].fd, &e) != 0) die("epoll_ctl");
    }
    int gone = epoll_wait(ep, ready, CONNECTIONS_MAX, 0);
    if (gone < 0) die("epoll_wait");
    close(ep);
    return b->n - (size_t)gone;
}

static void open_context(struct bench *b, const char *dir)
{
    char cert[400], key[400], ca[400], why[300] = "";
    snprintf(cert, sizeof cert, "%s/rsa/analyzer/cert.pem", dir);
    snprintf(key, sizeof key, "%s/rsa/analyzer/key.pem", dir);
    snprintf(ca, sizeof ca, "%s/rsa/ca.pem", dir);
    struct tls_options o = {.profile = TLS_MODERN,
                            .side = TLS_CLIENT,
                            .cert_file = cert,
                            .key_file = key,
                            .ca_file = ca,
                            .no_resumption = true};
    if (tls_context_new(&b->env, &o, &b->context, why, sizeof why) == OK) return;
    fprintf(stderr, "%s\n", why);
    exit(1);
}

int main(int argc, char **argv)
{
    struct bench b = {.context = NULL};
    struct rlimit files;
    char why[200], line[64];
    env_init(&b.env);
    bool modern = argc == 5 && strcmp(argv[3], "modern") == 0;
    if (!modern && !(argc == 4 && strcmp(argv[3], "off") == 0)) {
        fprintf(stderr, "usage: %s H:P N off | %s H:P N modern DIR\n", argv[0], argv[0]);
        return 2;
    }
    b.n = (size_t)strtoul(argv[2], NULL, 10);
    if (b.n < 1 || b.n > CONNECTIONS_MAX || loop_addr_parse(argv[1], &b.to, why, sizeof why) != OK) return 2;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    if (modern) open_context(&b, argv[4]);
    b.conn = mem_new(b.env.mem, b.n * sizeof *b.conn);
    if (!b.conn) die("memory");
    double began = seconds();
    for (size_t i = 0; i < b.n; i++)
        set_up(&b, &b.conn[i]);
    printf("up %zu %.3f\n", b.n, seconds() - began);
    fflush(stdout);
    for (size_t i = 0; fgets(line, sizeof line, stdin); i++)
        send_alert(&b.conn[i % b.n]);
    printf("held %zu\n", still_up(&b));
    for (size_t i = 0; i < b.n; i++) {
        tls_free(b.conn[i].tls);
        close(b.conn[i].fd);
    }
    mem_free(b.env.mem, b.conn);
    tls_context_free(b.context);
    return 0;
}
