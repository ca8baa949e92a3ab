/* SPDX-License-Identifier: MIT */
#include "peer/oe_agent_impl.h"

void oe_ring_init(struct ring *r)
{
    r->prev = r->next = r;
}

void oe_ring_cut(struct ring *r)
{
    r->prev->next = r->next;
    r->next->prev = r->prev;
    oe_ring_init(r);
}

void oe_ring_add(struct ring *list, struct ring *r)
{
    oe_ring_cut(r);
    r->prev = list->prev;
    r->next = list;
    list->prev->next = r;
    list->prev = r;
}

err oe_table_add(const struct mem *mem, struct table *t, struct hashed *h, uint32_t hash)
{
    if (t->n >= t->size) {
        size_t size = t->size ? 2 * t->size : 8;
        struct hashed **slot = mem_new(mem, size * sizeof *slot);
        if (!slot && t->size == 0) return ERR_MEM; /* a full one is slower, and as good */
        for (size_t i = 0; slot && i < t->size; i++) {
            for (struct hashed *x = t->slot[i], *next; x; x = next) {
                next = x->next;
                x->next = slot[x->hash & (size - 1)];
                slot[x->hash & (size - 1)] = x;
            }
        }
        if (slot) {
            mem_free(mem, t->slot);
            t->slot = slot;
            t->size = size;
        }
    }
    h->hash = hash;
    h->next = t->slot[hash & (t->size - 1)];
    t->slot[hash & (t->size - 1)] = h;
    t->n++;
    return OK;
}

bool oe_table_cut(struct table *t, struct hashed *h)
{
    struct hashed **at = t->size ? &t->slot[h->hash & (t->size - 1)] : NULL;
    while (at && *at && *at != h)
        at = &(*at)->next;
    if (!at || !*at) return false;
    *at = h->next;
    t->n--;
    return true;
}

struct hashed *oe_table_first(const struct table *t, uint32_t hash)
{
    return t->size ? t->slot[hash & (t->size - 1)] : NULL;
}
