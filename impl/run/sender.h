/* SPDX-License-Identifier: MIT */
/* sender: one delivery: every message is sent and its acknowledgement waited for, over as many connections as wanted.  What a peer is, is known to the protocol's sender_ops; which message
 * is next, and what became of it, is known here. */
#ifndef RUN_SENDER_H
#define RUN_SENDER_H

#include "run/server.h"

struct server_alert { slice type, body; const char *name; }; /* name for people: the file */

struct sender;
struct sender_ops {
    size_t size; /* of sender_state, zeroed */
    /* Loop and net stand.  end is called in any case, even when it never came to begin. */
    err (*begin)(struct sender *s, char *why, size_t why_n);
    /* A peer for one connection, as of server_ops.peer; sender_gone has to be called before it is freed. */
    struct endpoint *(*peer)(struct sender *s);
    void (*end)(struct sender *s); /* may be NULL */
};

struct sender_options {
    struct server_options peer;   /* role analyzer; listen or connect; own is the protocol's */
    const struct sender_ops *ops;
    const struct server_alert *alert;
    size_t alerts;
    size_t repeat;                /* each alert so many times */
    unsigned connections;         /* shared by this many connections at once */
    uint64_t timeout_ms;          /* without progress, the delivery is given up */
    void (*progress)(void *ctx, uint64_t acknowledged, uint64_t all);
    /* One alert that was not acknowledged; code 0: no answer.  text is what the peer said to it, may be "". */
    void (*refused)(void *ctx, const struct server_alert *a, uint16_t code, const char *text);
};
struct sender_result { uint64_t all, acknowledged, rejected, unanswered; double seconds; };
err sender_run(const struct sender_options *o, struct sender_result *out, char *why, size_t why_n) MUST_CHECK;

/* --- for protocols --------------------------------------------------------------------------------------------------------- */
const struct sender_options *sender_options(const struct sender *s);
void *sender_state(struct sender *s);
struct net *sender_net(const struct sender *s);
/* The next message, *id its number; NULL: there is none any more. */
const struct server_alert *sender_next(struct sender *s, uint64_t *id);
/* What became of one: fine, or a code, or 0 when nothing will. */
void sender_answered(struct sender *s, uint64_t id, bool fine, uint16_t code, const char *text);
/* One line for people; the last one tells why a delivery failed. */
void sender_say(struct sender *s, const char *text);
/* A peer is about to be freed. */
void sender_gone(struct sender *s);

#endif
