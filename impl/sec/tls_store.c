/* SPDX-License-Identifier: MIT */
#include "sec/tls_store.h"

#include <assert.h>
#include <openssl/crypto.h>
#include <string.h>

#define BUCKETS 256u /* chains of 32 at the largest store; an entry costs a handshake, a chain nothing */

struct tls_store_entry {
    uint8_t *p; /* key, then data; NULL for an emptied slot */
    uint32_t key_n, data_n;
    uint32_t next; /* in the bucket, or in the list of emptied slots */
};

static size_t bucket_of(slice key)
{
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < key.n; i++)
        h = (h ^ key.p[i]) * 16777619u;
    return (h ^ (h >> 16)) % BUCKETS;
}

static slice key_of(const struct tls_store_entry *e)
{
    return slice_of(e->p, e->key_n);
}

void tls_store_init(struct tls_store *s, const struct mem *mem, size_t max)
{
    assert(max >= 1 && max <= 65536);
    *s = (struct tls_store){.mem = mem, .max = max};
}

static void wipe(struct tls_store *s, struct tls_store_entry *e)
{
    if (!e->p) return;
    OPENSSL_cleanse(e->p, (size_t)e->key_n + e->data_n);
    mem_free(s->mem, e->p);
    e->p = NULL;
    s->n--;
}

void tls_store_done(struct tls_store *s)
{
    for (size_t i = 0; i < s->used; i++)
        wipe(s, &s->entries[i]);
    if (s->mem) {
        mem_free(s->mem, s->entries);
        mem_free(s->mem, s->heads);
    }
    s->entries = NULL;
    s->heads = NULL;
    s->used = s->cap = s->n = 0;
}

/* The link that leads to the entry of key, or NULL. */
static uint32_t *link_of(const struct tls_store *s, slice key)
{
    if (!s->heads) return NULL;
    for (uint32_t *at = &s->heads[bucket_of(key)]; *at; at = &s->entries[*at - 1].next)
        if (slice_eq(key_of(&s->entries[*at - 1]), key)) return at;
    return NULL;
}

slice tls_store_get(const struct tls_store *s, slice key)
{
    const uint32_t *at = link_of(s, key);
    if (!at) return SLICE_NONE;
    const struct tls_store_entry *e = &s->entries[*at - 1];
    return slice_of(e->p + e->key_n, e->data_n);
}

void tls_store_remove(struct tls_store *s, slice key)
{
    uint32_t *at = link_of(s, key);
    if (!at) return;
    uint32_t slot = *at;
    struct tls_store_entry *e = &s->entries[slot - 1];
    *at = e->next;
    wipe(s, e);
    e->next = s->free;
    s->free = slot;
}

/* Room for the tables.  The slots grow as needed: most contexts ever see a handful of peers. */
static err grow(struct tls_store *s)
{
    if (!s->heads) {
        s->heads = mem_new(s->mem, BUCKETS * sizeof *s->heads);
        if (!s->heads) return ERR_MEM;
    }
    if (s->free || s->used < s->cap || s->cap == s->max) return OK;
    size_t cap = s->cap ? s->cap * 2 : 8;
    if (cap > s->max) cap = s->max;
    struct tls_store_entry *e = mem_resize(s->mem, s->entries, cap * sizeof *e);
    if (!e) return ERR_MEM;
    s->entries = e;
    s->cap = cap;
    return OK;
}

static uint32_t slot_take(struct tls_store *s)
{
    if (!s->free && s->used < s->cap) {
        s->entries[s->used] = (struct tls_store_entry){0};
        return (uint32_t)++s->used;
    }
    if (!s->free) { /* all full: the hand goes round, so the oldest leaves first */
        tls_store_remove(s, key_of(&s->entries[s->hand]));
        s->hand = (s->hand + 1) % s->max;
    }
    uint32_t slot = s->free;
    s->free = s->entries[slot - 1].next;
    return slot;
}

err tls_store_put(struct tls_store *s, slice key, slice data)
{
    tls_store_remove(s, key);
    if (key.n > TLS_STORE_ENTRY_MAX || data.n > TLS_STORE_ENTRY_MAX) return ERR_LIMIT;
    TRY(grow(s));
    uint8_t *p = mem_resize(s->mem, NULL, key.n + data.n);
    if (!p) return ERR_MEM;
    if (key.n) memcpy(p, key.p, key.n);
    if (data.n) memcpy(p + key.n, data.p, data.n);
    uint32_t slot = slot_take(s);
    struct tls_store_entry *e = &s->entries[slot - 1];
    uint32_t *head = &s->heads[bucket_of(key)];
    *e = (struct tls_store_entry){p, (uint32_t)key.n, (uint32_t)data.n, *head};
    *head = slot;
    s->n++;
    return OK;
}
