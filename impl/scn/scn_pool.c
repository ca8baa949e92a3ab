/* SPDX-License-Identifier: MIT */
#include "scn/scn_impl.h"

#include <string.h>

struct scn_pool_item {
    _Alignas(max_align_t) struct scn_pool_item *prev;
    struct scn_pool_item *next;
    size_t n;
};

void scn_pool_init(struct scn_pool *p, const struct mem *mem, size_t max)
{
    *p = (struct scn_pool){.mem = mem, .max = max};
}

void scn_pool_done(struct scn_pool *p)
{
    struct scn_pool_item *i = p->first;
    while (i) {
        struct scn_pool_item *next = i->next;
        mem_free(p->mem, i);
        i = next;
    }
    p->first = NULL;
    p->held = 0;
}

err scn_pool_why(const struct scn_pool *p)
{
    return p->full ? ERR_LIMIT : ERR_MEM;
}

/* old NULL allocates.  The list is mended because an item may move. */
static void *place(struct scn_pool *p, struct scn_pool_item *old, size_t n)
{
    size_t had = old ? old->n : 0, need = n + sizeof(struct scn_pool_item);
    p->full = n > p->max || need - had > p->max - p->held;
    if (p->full) return NULL;
    struct scn_pool_item *i = mem_resize(p->mem, old, need);
    if (!i) return NULL;
    if (!old) {
        i->prev = NULL;
        i->next = p->first;
        p->first = i;
    } else if (i->prev) {
        i->prev->next = i;
    } else {
        p->first = i;
    }
    if (i->next) i->next->prev = i;
    i->n = need;
    p->held += need - had;
    return i + 1;
}

void *scn_pool_new(struct scn_pool *p, size_t n)
{
    void *at = place(p, NULL, n);
    if (at) memset(at, 0, n);
    return at;
}

void *scn_pool_dup(struct scn_pool *p, slice s)
{
    char *at = place(p, NULL, s.n + 1);
    if (!at) return NULL;
    if (s.n) memcpy(at, s.p, s.n);
    at[s.n] = 0;
    return at;
}

void *scn_pool_grow(struct scn_pool *p, void *array, size_t n, size_t size)
{
    if (n & (n - 1)) return array; /* between powers of two there is room left */
    struct scn_pool_item *old = array ? (struct scn_pool_item *)array - 1 : NULL;
    return place(p, old, (n ? 2 * n : 1) * size);
}
