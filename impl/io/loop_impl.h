/* SPDX-License-Identifier: MIT */
/* What the files behind loop.h share.  Every object starts with a struct loop_obj.  libuv lets go of a handle
 * only at the end of a turn, so freeing marks an object as gone, closes its handles, and the last of them
 * frees the memory: code that comes back from a callback may still look at gone. */
#ifndef IO_LOOP_IMPL_H
#define IO_LOOP_IMPL_H

#include "io/loop.h"

#include <sys/socket.h>
#include <uv.h>

enum {
    LOOP_READ_MAX = 64 * 1024, /* octets of one read event, as loop.h promises */
    LOOP_ACCEPT_MAX = 64,      /* connections accepted before the others get their turn */
    LOOP_ACCEPT_PAUSE_MS = 100 /* how long accepting rests when descriptors run out */
};

struct loop_obj {
    struct loop *l;
    struct loop_obj *prev, *next; /* ring of what its owner has not freed yet; the head is in struct loop */
    void (*drop)(struct loop_obj *o); /* frees it when loop_free finds it */
    uint8_t handles;                  /* open or closing */
    bool gone;                        /* freed by its owner: no event any more */
};

struct loop {
    uv_loop_t *uv; /* == &store; a pointer, as reading the clock moves it */
    uv_loop_t store;
    struct env env;
    struct loop_obj live;
    uint8_t *buf; /* LOOP_READ_MAX octets for whoever reads now */
    uv_timer_t until;
    uv_signal_t sigterm, sigint;
    void (*on_signal)(void *ctx);
    void *signal_ctx;
    bool with_signals, running, stop, freeing;
};

void loop_obj_link(struct loop *l, struct loop_obj *o, void (*drop)(struct loop_obj *o));
/* Counts a handle that was initialised for o. */
void loop_obj_add(struct loop_obj *o, uv_handle_t *h);
/* Closes one; the memory of o goes with the last. */
void loop_obj_close(struct loop_obj *o, uv_handle_t *h);
/* No event from now on.  Call it before the handles are closed. */
void loop_obj_gone(struct loop_obj *o);
/* Milliseconds from now until at for uv_timer_start; never 0, as a timer that sets itself again would keep
 * the sockets waiting. */
uint64_t loop_wait_ms(const struct loop *l, uint64_t at);
/* The class of a libuv error. */
err loop_uv_err(int r);
/* Prints one line into why (cut at why_n) and returns e. */
err loop_say(err e, char *why, size_t why_n, const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* addr.c: struct loop_addr to and from the socket's form. */
void loop_addr_set(struct loop_addr *out, const struct sockaddr *sa, socklen_t n);
const struct sockaddr *loop_addr_get(const struct loop_addr *a);

#endif
