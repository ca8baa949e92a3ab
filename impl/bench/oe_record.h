/* SPDX-License-Identifier: MIT */
/* oe_record: delegation records to be measured with, and medians. */
#ifndef BENCH_OE_RECORD_H
#define BENCH_OE_RECORD_H

#include "bench/bench.h"
#include "codec/oe_txt.h"

/* Appends RDATA: gateway 192.1.1.(precedence), a key of so many bits. */
static inline void oe_record(const struct env *env, uint8_t precedence, unsigned bits, struct buf *out)
{
    struct oe_txt t = {.precedence_given = true, .precedence = precedence, .gateway = OE_IP4, .address = {192, 1, 1, precedence}};
    uint8_t exponent[] = {3}, modulus[OE_RSA_OCTETS_MAX];
    for (size_t i = 0; i < bits / 8; i++)
        modulus[i] = (uint8_t)(i * 37 + 129);
    modulus[bits / 8 - 1] |= 1;
    t.rsa.exponent = slice_of(exponent, sizeof exponent);
    t.rsa.modulus = slice_of(modulus, bits / 8);
    if (oe_txt_write(env, &t, out) != OK) die("a record cannot be written");
}

static inline int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static inline double median(double *took, size_t n)
{
    qsort(took, n, sizeof *took, by_size);
    return took[n / 2];
}

#endif
