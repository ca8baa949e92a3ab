/* SPDX-License-Identifier: MIT */
#include "run/result.h"

#include <string.h>

const char *const verdict_names[V_COUNT] = {"pass", "weak", "fail", "inconc", "skip", "error"};

enum { RESULTS_MAX = 1 << 20 }; /* 4,096 instances are folded into one result, so this is far above any run */

void run_results_init(struct run_results *rs, const struct mem *mem)
{
    *rs = (struct run_results){.mem = mem};
}

void ladder_done(const struct mem *mem, struct ladder *l)
{
    for (size_t i = 0; i < l->rungs; i++) {
        struct rung *g = &l->rung[i];
        mem_free(mem, g->label);
        mem_free(mem, g->why);
        mem_free(mem, (void *)(uintptr_t)g->octets.p); /* a slice reads, but these are the ladder's own */
    }
    mem_free(mem, l->rung);
    *l = (struct ladder){0};
}

static void result_done(struct result *r, const struct mem *mem)
{
    ladder_done(mem, &r->ladder);
    mem_free(mem, r->id);
    mem_free(mem, r->title);
    mem_free(mem, r->file);
    mem_free(mem, r->role);
    mem_free(mem, r->split);
    mem_free(mem, r->reason);
    mem_free(mem, r->vary);
    mem_free(mem, r->waived);
    mem_free(mem, r->clause);
    mem_free(mem, r->defect);
    mem_free(mem, r->saved);
    mem_free(mem, r->text);
}

void run_results_done(struct run_results *rs)
{
    for (size_t i = 0; i < rs->n; i++)
        result_done(&rs->r[i], rs->mem);
    mem_free(rs->mem, rs->r);
    mem_free(rs->mem, rs->role);
    mem_free(rs->mem, rs->peer);
    mem_free(rs->mem, rs->tls);
    mem_free(rs->mem, rs->version);
    run_results_init(rs, rs->mem);
}

struct result *run_results_add(struct run_results *rs)
{
    if (rs->n == RESULTS_MAX) return NULL;
    if (rs->n == rs->cap) {
        size_t cap = rs->cap ? rs->cap * 2 : 32;
        struct result *r = mem_resize(rs->mem, rs->r, cap * sizeof *r);
        if (!r) return NULL;
        rs->r = r;
        rs->cap = cap;
    }
    struct result *r = &rs->r[rs->n++];
    memset(r, 0, sizeof *r);
    return r;
}

void run_results_count(struct run_results *rs)
{
    memset(rs->count, 0, sizeof rs->count);
    for (size_t i = 0; i < rs->n; i++)
        rs->count[rs->r[i].verdict]++;
}

bool run_results_about(const struct run_results *const *runs, size_t n, const char *topic, size_t count[V_COUNT])
{
    bool any = false;
    memset(count, 0, V_COUNT * sizeof *count);
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < runs[i]->n; k++) {
            const struct result *r = &runs[i]->r[k];
            if (!r->about || strcmp(r->about, topic) != 0) continue;
            count[r->verdict]++;
            any = true;
        }
    }
    return any;
}

int run_results_status(const struct run_results *rs, bool strict)
{
    size_t count[V_COUNT] = {0};
    for (size_t i = 0; i < rs->n; i++)
        count[rs->r[i].verdict]++;
    if (count[V_FAIL] || (strict && count[V_WEAK])) return 1;
    /* A fault of our own hides what the peer would have done: no success, however much else passed. */
    if (count[V_ERROR]) return 1;
    if (rs->unfinished) return 3;
    return count[V_PASS] + count[V_WEAK] ? 0 : 3;
}
