/* SPDX-License-Identifier: MIT */
/* tls_store: a bounded map from octets to octets that keeps sessions for resumption (IAP 6.7).  When it is
 * full the oldest slot is given to the newcomer: a lost session only costs a full handshake. */
#ifndef SEC_TLS_STORE_H
#define SEC_TLS_STORE_H

#include "base/err.h"
#include "base/mem.h"
#include "base/slice.h"

#include <stdint.h>

/* One session with its peer's certificate chain; a longer chain is not worth keeping. */
#define TLS_STORE_ENTRY_MAX (16u * 1024u)

struct tls_store_entry;

struct tls_store {
    const struct mem *mem;
    size_t max, used, cap; /* slots: at most, ever filled, allocated */
    size_t hand;           /* slot that goes next when all are full */
    size_t n;              /* entries held */
    struct tls_store_entry *entries;
    uint32_t *heads; /* bucket -> slot + 1 */
    uint32_t free;   /* slot + 1 of the first emptied one */
};

/* No allocation happens before the first entry.  1 <= max <= 65536. */
void tls_store_init(struct tls_store *s, const struct mem *mem, size_t max);
/* Overwrites what it drops: sessions hold master secrets. */
void tls_store_done(struct tls_store *s);
/* Copies both; a former entry of the key is replaced.  ERR_LIMIT past TLS_STORE_ENTRY_MAX, ERR_MEM; in both
 * cases the former entry is gone, as it is out of date. */
err tls_store_put(struct tls_store *s, slice key, slice data) MUST_CHECK;
/* Valid until the next put or remove; empty when there is none. */
slice tls_store_get(const struct tls_store *s, slice key);
void tls_store_remove(struct tls_store *s, slice key);

#endif
