/* SPDX-License-Identifier: MIT */
/* store_scan: the record format of the alert store and the reader of one file; the inside of store.
 * Damage is data here: a record that does not check is passed over, and the reader says what it saw. */
#ifndef IO_STORE_SCAN_H
#define IO_STORE_SCAN_H

#include "base/buf.h"
#include "io/store.h"

enum {
    STORE_WORD_MAX = 1024,           /* media type, peer: one header line of the protocol is no longer */
    STORE_HEAD_MAX = 2 * 1024 + 256, /* two such words and the fixed parts */
    STORE_BODY_MAX = 64 << 20,       /* far above limits.content, so lowering that hides no old record */
    STORE_RECORD_MIN = 64            /* no record is shorter: bounds how many a damaged span can hold */
};
/* Numbers stay below this, so that no sum of them overflows. */
#define STORE_NUMBER_MAX ((uint64_t)1 << 62)

struct store_crc {
    uint32_t t[256];
};
void store_crc_init(struct store_crc *c);

/* Appends one record under that number.  Blanks and octets that are no printable ASCII become _ in the peer,
 * the latter also in the type; an empty word is written as -.  ERR_LIMIT, ERR_MEM: nothing was added. */
err store_record_write(const struct store_crc *c, const struct store_record *r, uint64_t number,
                       struct buf *out) MUST_CHECK;

struct store_scan {
    const struct mem *mem;
    struct store_crc crc;
    bool (*each)(void *ctx, const struct store_record *r); /* NULL: only count */
    void *ctx;
    struct store_state state;
    uint64_t last; /* highest number that is taken, also by a damaged tail */
    bool stopped;  /* each said so */
    int fd;        /* the rest is the window on the current file */
    uint8_t *p;
    size_t n, cap;
    uint64_t off, size;
    uint64_t budget; /* octets of guesses still checked after damage: a crafted body must not cost hours */
};

void store_scan_init(struct store_scan *s, const struct mem *mem);
void store_scan_done(struct store_scan *s);
/* Reads one file from its start.  Damage from *good_end to the end of the file is counted as torn when
 * is_last, else as a bad record. ERR_SYS: errno says why. */
err store_scan_file(struct store_scan *s, int fd, bool is_last, uint64_t *good_end) MUST_CHECK;

#endif
