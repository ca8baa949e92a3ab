/* SPDX-License-Identifier: MIT */
/* lookup: what DNS says of any name and type, on the loop and without blocking it, through libunbound: over UDP, and over TCP behind a truncated answer, with
 * EDNS, following aliases, validated by DNSSEC where there are trust anchors.  Answers are kept for their time to live, so the same question is not asked twice.
 * Everything is called in the loop's thread; done is never called before lookup_ask has returned. */
#ifndef IO_LOOKUP_H
#define IO_LOOKUP_H

#include "base/env.h"
#include "base/err.h"
#include "io/loop.h"

struct lookup;
struct lookup_job;

enum {
    LOOKUP_NAME_MAX = 254,   /* octets of a name in text (RFC 1035 2.3.4), with the dot behind */
    LOOKUP_JOBS = 16384,     /* under way at a time: some MiB, and more than any name server likes */
    LOOKUP_SERVERS = 8,      /* as many as anybody waits for to fail */
    LOOKUP_RECORDS = 4096    /* of one answer: 64 KiB hold no more of more than 16 octets */
};

struct lookup_use {
    const char *const *server; /* "192.0.2.53", "127.0.0.1:5353", "[::1]:53"; none: those of the system */
    size_t servers;
    const char *const *zone;   /* the servers are masters of these zones, and asked without recursion; none: they are resolvers */
    size_t zones;
    const char *const *anchor; /* DS or DNSKEY records, a line each; none: nothing is validated */
    size_t anchors;
    bool tcp;                  /* TCP at once */
    uint16_t octets;           /* of an answer that may come over UDP (EDNS), 512 to 4096; 0: as libunbound has it */
};

enum lookup_end {
    LOOKUP_ANSWERED, /* rcode says what: SERVFAIL stands for servers that are not there, too */
    LOOKUP_TIMEOUT,
    LOOKUP_FAILED    /* it was never asked: why */
};
struct lookup_answer { /* all of it is valid for the call */
    enum lookup_end end;
    const char *why;       /* of LOOKUP_FAILED, and of a bogus answer what is wrong with it; else "" */
    unsigned rcode;        /* RFC 1035 4.1.1 */
    bool data;             /* there are records of the type that was asked for */
    bool secure, bogus;    /* neither: not signed, or nobody could tell.  What a bogus answer holds is there for people to look at, and for nothing else */
    uint32_t ttl;          /* seconds; of an answer without records as well (RFC 2308) */
    const char *canonical; /* the name at the end of aliases; that of the question when there are none */
    const slice *rdata;    /* of the type that was asked for */
    size_t n;
    slice packet;          /* the whole message, as libunbound puts it together; may be empty */
    uint32_t ms;           /* from question to answer */
};
typedef void (*lookup_done)(void *ctx, const struct lookup_answer *a); /* the job is over before it */

/* ERR_USE with why: a server that is no address, an anchor that cannot be read.  Nothing of *use is kept. */
err lookup_new(struct loop *l, const struct lookup_use *use, struct lookup **out, char *why, size_t why_n) MUST_CHECK;
/* Its jobs end without done.  Not from inside done.  What is left goes with the loop. */
void lookup_free(struct lookup *k);
/* name is copied; type as in RFC 1035 3.2.2.  Within timeout_ms done is called, once.  ERR_USE: no name, or too long; ERR_LIMIT: LOOKUP_JOBS are under way; ERR_MEM.
 * May be called inside done.  out may be NULL. */
err lookup_ask(struct lookup *k, const char *name, uint16_t type, uint32_t timeout_ms, lookup_done done, void *ctx, struct lookup_job **out) MUST_CHECK;
/* Nobody wants to know any more; done is not called.  Not behind done, and not inside that of this job. */
void lookup_cancel(struct lookup_job *j);

#endif
