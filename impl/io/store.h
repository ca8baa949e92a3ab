/* SPDX-License-Identifier: MIT */
/* store: alerts on disk before they are acknowledged.  One append-only file a start, "alerts-000001.log" and up, in a folder:
 *
 *   alert <number> <RFC 3339 time> type <media type> length <octets> crc32 <8 hex digits> from <peer, blanks as _>LF
 *   <body octets>LF
 *
 * crc32 is that of the record without its eight digits and without the last LF.  A type or peer of "-" stands for none; octets of either
 * that are no printable ASCII are written as _.  The body stands there as it came, so people and grep can read it.  A record is whole or it is not there: on opening, a torn tail of the last
 * file is reported and cut off (moved to alerts-NNNNNN.torn, nothing is thrown away); a bad record that is not a tail is reported, kept and skipped. */
#ifndef IO_STORE_H
#define IO_STORE_H

#include "base/env.h"
#include "base/err.h"

struct store;

struct store_record {
    uint64_t number; /* rises by one over all files, from 1 */
    uint64_t us;     /* microseconds since 1970 */
    slice type, body, from; /* valid during the call that shows them */
};

struct store_state { uint64_t alerts, files, torn_octets, bad_records; };

/* Opens or makes the folder (0700), reads what is there, takes an exclusive lock so that no second server writes there, begins a new file.  why: one line. */
err store_open(const struct env *env, const char *dir, struct store **out, struct store_state *state, char *why, size_t why_n) MUST_CHECK;
/* Queues one record; it is not on disk yet.  *number is the record's. */
err store_add(struct store *s, const struct store_record *r, uint64_t *number) MUST_CHECK;
/* ERR_LIMIT: limits.store_queue octets wait already, or the record is too long; ERR_SYS: an earlier store_sync failed. */
bool store_pending(const struct store *s);  /* something is queued that no store_sync has taken */
/* Writes all that is queued, then fsync.  After OK every number up to *durable is on disk.  Blocks; thread-safe against store_add,
 * so that one batch is written by a worker thread while the next is queued.  ERR_SYS: disk full or broken; the store takes nothing more and why says so. */
err store_sync(struct store *s, uint64_t *durable, char *why, size_t why_n) MUST_CHECK;
/* Drops what is queued and was not synced: nobody was told that it is safe.  s may be NULL. */
void store_close(struct store *s);
/* A file that would pass this many octets is ended and the next begun (256 MiB unless set). */
void store_rotate_at(struct store *s, uint64_t octets);

/* Reads a folder without changing it, oldest first; each returns false to stop. */
err store_each(const struct env *env, const char *dir, bool (*each)(void *ctx, const struct store_record *r), void *ctx, struct store_state *state,
               char *why, size_t why_n) MUST_CHECK;

#endif
