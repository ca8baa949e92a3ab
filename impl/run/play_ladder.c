/* SPDX-License-Identifier: MIT */
/* The ladder of a player: what happened, in order, and which of it was wrong. */
#include <string.h>

#include "run/play.h"

enum { RUNGS_MAX = 4096, RUNG_OCTETS = 65536 };

size_t play_rung(struct player *p, enum rung_kind kind, int end, bool from_peer, bool secured, const char *label, slice octets,
                 uint64_t now)
{
    if (p->rungs == RUNGS_MAX) return RUNGS_MAX - 1; /* a flood is not worth a longer ladder */
    if (p->rungs == p->rung_cap) {
        size_t cap = p->rung_cap ? p->rung_cap * 2 : 16;
        struct rung *r = mem_resize(p->e.env->mem, p->rung, cap * sizeof *r);
        if (!r) return p->rungs ? p->rungs - 1 : 0;
        p->rung = r;
        p->rung_cap = cap;
    }
    struct rung *r = &p->rung[p->rungs];
    slice keep = slice_sub(octets, 0, RUNG_OCTETS);
    *r = (struct rung){.kind = kind, .ms = now - p->born, .end = end, .from_peer = from_peer, .secured = secured};
    r->label = mem_dup(p->e.env->mem, label, strlen(label));
    if (keep.n) {
        r->octets.p = mem_dup(p->e.env->mem, keep.p, keep.n);
        r->octets.n = r->octets.p ? keep.n : 0;
    }
    return p->rungs++;
}

void player_take_ladder(struct player *p, struct ladder *out)
{
    *out = (struct ladder){.ends = p->run->ends, .end_count = p->run->end_count, .rung = p->rung, .rungs = p->rungs};
    p->rung = NULL;
    p->rungs = p->rung_cap = 0;
}

void play_fault(struct player *p, const struct play_fault *f)
{
    if (f->rung < p->rungs && !p->rung[f->rung].violating) {
        struct rung *r = &p->rung[f->rung];
        r->violating = f->fail;
        r->clause = f->clause;
        r->defect = f->defect;
        mem_free(p->e.env->mem, r->why);
        r->why = mem_dup(p->e.env->mem, f->text, strlen(f->text));
    }
    for (size_t i = 0; i < p->faults; i++) {
        if (p->fault[i].code == f->code && p->fault[i].clause == f->clause) return;
    }
    if (p->faults < sizeof p->fault / sizeof *p->fault) p->fault[p->faults++] = *f;
}
