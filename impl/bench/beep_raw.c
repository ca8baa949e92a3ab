/* SPDX-License-Identifier: MIT */
/* What two processes can do over a loopback socket with nothing on top: what BEEP is held against.
 *
 *   beep_raw echo OCTETS COUNT        OCTETS go to and fro COUNT times, one message at a time; prints "rate COUNT SECONDS"
 *   beep_raw sink OCTETS COUNT        COUNT writes of OCTETS one way, read by 64 KiB; prints "sink OCTETS SECONDS" */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench/bench.h"

enum { OCTETS_MAX = 1 << 20, READ = 64 * 1024 };

static uint8_t octets[OCTETS_MAX];

static void put(int fd, size_t n)
{
    for (size_t at = 0; at < n;) {
        ssize_t w = send(fd, octets + at, n - at, MSG_NOSIGNAL);
        if (w <= 0) die("send");
        at += (size_t)w;
    }
}

/* Waits as a loop does, so that the calls are those that a peer cannot do without. */
static size_t take(int fd, size_t most)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    if (poll(&p, 1, -1) != 1) die("poll");
    ssize_t n = recv(fd, octets, most < READ ? most : READ, 0);
    if (n < 0) die("recv");
    return (size_t)n;
}

static void take_all(int fd, size_t n)
{
    while (n) {
        size_t some = take(fd, n);
        if (!some) die("the other side ended");
        n -= some;
    }
}

static _Noreturn void answer(int fd, bool echo)
{
    size_t n;
    while ((n = take(fd, READ)))
        if (echo) put(fd, n);
    if (!echo) put(fd, 1); /* all of it came */
    exit(0);
}

/* A connection over the loopback: a pair from socketpair is no TCP. */
static void connected(int fd[2])
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof at;
    int on = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&at, n) != 0 || listen(listener, 1) != 0) die("listen");
    if (getsockname(listener, (struct sockaddr *)&at, &n) != 0) die("getsockname");
    fd[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd[0] < 0 || connect(fd[0], (struct sockaddr *)&at, n) != 0) die("connect");
    fd[1] = accept(listener, NULL, NULL);
    if (fd[1] < 0) die("accept");
    close(listener);
    for (int i = 0; i < 2; i++)
        setsockopt(fd[i], IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

int main(int argc, char **argv)
{
    int fd[2];
    bool echo = argc == 4 && strcmp(argv[1], "echo") == 0;
    size_t n = argc == 4 ? strtoul(argv[2], NULL, 10) : 0, count = argc == 4 ? strtoul(argv[3], NULL, 10) : 0;
    if (!n || n > OCTETS_MAX || !count || (!echo && strcmp(argv[1], "sink") != 0)) {
        fprintf(stderr, "usage: beep_raw echo OCTETS COUNT | sink OCTETS COUNT\n");
        return 2;
    }
    connected(fd);
    pid_t child = fork();
    if (child < 0) die("fork");
    if (child == 0) {
        close(fd[0]);
        answer(fd[1], echo);
    }
    close(fd[1]);
    double began = seconds();
    for (size_t i = 0; i < count; i++) {
        put(fd[0], n);
        if (echo) take_all(fd[0], n);
    }
    shutdown(fd[0], SHUT_WR);
    if (!echo) take_all(fd[0], 1);
    double took = seconds() - began;
    if (waitpid(child, NULL, 0) != child) die("waitpid");
    if (echo) printf("rate %zu %.6f\n", count, took);
    else printf("sink %zu %.6f\n", n * count, took);
    return 0;
}
