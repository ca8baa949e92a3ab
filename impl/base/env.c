/* SPDX-License-Identifier: MIT */
#include "base/env.h"

const struct limits limits_default = {
    .line = 1024,
    .head = 64 * 1024,
    .vias = 64,
    .content = 4u << 20,
    .out_queue = 8u << 20,
    .store_queue = 128u << 20,
    .setup_ms = 60000,
    .message_ms = 30000,
    .idle_ms = 0,
    .grace_ms = 1000,
    .close_ms = 2000,
};

void rng_init(struct rng *r, uint64_t seed)
{
    r->s = seed;
}

uint64_t rng_next(struct rng *r)
{
    /* splitmix64: small, passes the usual batteries, any seed is good */
    uint64_t z = (r->s += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

uint64_t rng_below(struct rng *r, uint64_t n)
{
    return n ? rng_next(r) % n : 0;
}

void env_init(struct env *e)
{
    e->mem = &mem_libc;
    e->limits = limits_default;
}
