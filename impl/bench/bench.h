/* SPDX-License-Identifier: MIT */
/* What the programs here have in common: clocks, numbers of the command line, and the end of a program that cannot go on. */
#ifndef BENCH_H
#define BENCH_H

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Ends the program with status 2: 1 is for a comparison that came out badly. */
static inline _Noreturn void die(const char *what)
{
    if (errno) fprintf(stderr, "benchmark: %s: %s\n", what, strerror(errno));
    else fprintf(stderr, "benchmark: %s\n", what);
    exit(2);
}

static inline uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static inline double seconds(void)
{
    return (double)now_ns() / 1e9;
}

/* Processor time of ours, which other programs on the machine do not move as they move the clock. */
static inline double cpu(void)
{
    return (double)clock() / CLOCKS_PER_SEC;
}

static inline size_t number(const char *text, size_t min, size_t max)
{
    char *end;
    unsigned long n = strtoul(text, &end, 10);
    if (*end || n < min || n > max) die("a number is wrong, or too large");
    return n;
}

#endif
