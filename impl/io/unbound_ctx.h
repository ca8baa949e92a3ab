/* SPDX-License-Identifier: MIT */
/* unbound_ctx: libunbound on the loop, for the files of this floor that ask it.  Its work is done in a thread of its own; what it has found is told
 * by a descriptor, and its callbacks come in the loop's thread. */
#ifndef IO_UNBOUND_CTX_H
#define IO_UNBOUND_CTX_H

#include <unbound.h>

#include "io/loop_impl.h"

enum {
    UNBOUND_CTX_CLASS = 1,      /* IN */
    UNBOUND_CTX_LITERAL = 64,   /* octets of an address and its port as text, with the NUL */
    UNBOUND_CTX_OPTIONS = 16    /* settings of one context */
};

/* First member of what stands on it. */
struct unbound_ctx {
    struct loop_obj o; /* first */
    uv_poll_t poll;
    struct ub_ctx *ub;
};

struct unbound_ctx_option { const char *name, *value; }; /* of unbound.conf: "module-config:", "iterator" */
struct unbound_ctx_use {
    const struct unbound_ctx_option *option;
    size_t options;
    const char *const *server;  /* "192.0.2.53", "127.0.0.1:5353", "[::1]:53"; none: those of the system, and its hosts file */
    size_t servers;
    const char *const *zone;    /* those of which the servers are masters, asked without recursion; none: they are resolvers */
    size_t zones;
    const char *const *anchor;  /* records of DS or DNSKEY, a line each; they are parsed at the first question */
    size_t anchors;
};

/* Makes and links it.  drop is called by loop_free, as for all objects, and has to end with unbound_ctx_close.  ERR_USE with why: a server that is no address, an
 * option or an anchor that libunbound does not take; ERR_SYS, ERR_MEM. */
err unbound_ctx_open(struct loop *l, const struct unbound_ctx_use *use, void (*drop)(struct loop_obj *o), struct unbound_ctx *c, char *why, size_t why_n) MUST_CHECK;
/* Questions that are open end without a callback.  The memory goes with the last handle: *c is not to be used any more.  Not from inside a callback of libunbound. */
void unbound_ctx_close(struct unbound_ctx *c);

/* "192.0.2.1" or "2001:db8::1", with brackets or without, as the text of a socket address; false when it is neither. */
bool unbound_ctx_literal(const char *host, uint16_t port, char *out, size_t n);
/* "127.0.0.1:5353", "192.0.2.53", "[::1]:53", "::1" to address (without brackets) and port (53 when none is given). */
bool unbound_ctx_server(const char *server, char host[UNBOUND_CTX_LITERAL], uint16_t *port);

#endif
