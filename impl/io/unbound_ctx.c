/* SPDX-License-Identifier: MIT */
#include "io/unbound_ctx.h"

#include <arpa/inet.h>
#include <assert.h>
#include <stdio.h>
#include <string.h>

bool unbound_ctx_literal(const char *host, uint16_t port, char *out, size_t n)
{
    char text[UNBOUND_CTX_LITERAL];
    uint8_t addr[16];
    size_t len = strlen(host);
    bool brackets = len > 2 && host[0] == '[' && host[len - 1] == ']';
    if (brackets) {
        host++;
        len -= 2;
    }
    if (len >= sizeof text) return false;
    memcpy(text, host, len);
    text[len] = 0;
    if (inet_pton(AF_INET6, text, addr) == 1)
        snprintf(out, n, "[%s]:%u", text, (unsigned)port);
    else if (!brackets && inet_pton(AF_INET, text, addr) == 1)
        snprintf(out, n, "%s:%u", text, (unsigned)port);
    else
        return false;
    return true;
}

bool unbound_ctx_server(const char *server, char host[UNBOUND_CTX_LITERAL], uint16_t *port)
{
    char at[UNBOUND_CTX_LITERAL + 16], bare[UNBOUND_CTX_LITERAL];
    uint64_t number = 53;
    slice s = slice_str(server);
    if (!unbound_ctx_literal(server, 1, at, sizeof at)) { /* a bare 2001:db8::1:53 is an address by itself */
        size_t colon = s.n;
        while (colon && s.p[colon - 1] != ':')
            colon--;
        if (!colon || !slice_number(slice_sub(s, colon, s.n), 65535, &number) || !number) return false;
        s = slice_sub(s, 0, colon - 1);
        if (s.n >= sizeof bare) return false;
        snprintf(bare, sizeof bare, "%.*s", (int)s.n, s.n ? (const char *)s.p : "");
        if (!unbound_ctx_literal(bare, 1, at, sizeof at)) return false;
    }
    if (s.n && s.p[0] == '[') s = slice_sub(s, 1, s.n - 1);
    snprintf(host, UNBOUND_CTX_LITERAL, "%.*s", (int)s.n, (const char *)s.p);
    *port = (uint16_t)number;
    return true;
}

static err add_server(struct ub_ctx *ub, const struct unbound_ctx_use *use, const char *server, char *why,
                      size_t why_n)
{
    char host[UNBOUND_CTX_LITERAL], at[UNBOUND_CTX_LITERAL + 8];
    uint16_t port;
    if (!unbound_ctx_server(server, host, &port))
        return loop_say(ERR_USE, why, why_n,
                        "%.80s is no address of a name server: write 192.0.2.53, 127.0.0.1:5353 or [::1]:53",
                        server);
    snprintf(at, sizeof at, "%s@%u", host, (unsigned)port); /* as libunbound writes it */
    if (!use->zones && ub_ctx_set_fwd(ub, at) != 0) return loop_say(ERR_MEM, why, why_n, "out of memory");
    for (size_t i = 0; i < use->zones; i++) {
        if (ub_ctx_set_stub(ub, use->zone[i], at, 0) != 0)
            return loop_say(ERR_USE, why, why_n, "%.80s is no name of a zone", use->zone[i]);
    }
    return OK;
}

static err set_up(struct ub_ctx *ub, const struct unbound_ctx_use *use, char *why, size_t why_n)
{
    /* The servers of tests are on loopback; what went wrong is told by answers, not by a library's lines on
     * standard error. */
    bool set = ub_ctx_set_option(ub, "do-not-query-localhost:", "no") == 0 && ub_ctx_async(ub, 1) == 0 &&
               ub_ctx_debugout(ub, NULL) == 0;
    (void)ub_ctx_debuglevel(ub, 0);
    for (size_t i = 0; set && i < use->options; i++)
        set = ub_ctx_set_option(ub, use->option[i].name, use->option[i].value) == 0;
    if (!set) return loop_say(ERR_SYS, why, why_n, "the resolver cannot be set up");
    for (size_t i = 0; i < use->anchors; i++) {
        if (ub_ctx_add_ta(ub, use->anchor[i]) != 0) return loop_say(ERR_MEM, why, why_n, "out of memory");
    }
    for (size_t i = 0; i < use->servers; i++)
        TRY(add_server(ub, use, use->server[i], why, why_n));
    if (use->servers) return OK;
    /* a system without these files has addresses only */
    (void)ub_ctx_resolvconf(ub, NULL);
    (void)ub_ctx_hosts(ub, NULL);
    return OK;
}

static void on_ready(uv_poll_t *h, int status, int events)
{
    struct unbound_ctx *c = h->data;
    (void)status;
    (void)events;
    (void)ub_process(c->ub); /* what went wrong shows as an answer that does not come */
}

err unbound_ctx_open(struct loop *l, const struct unbound_ctx_use *use, void (*drop)(struct loop_obj *o),
                     struct unbound_ctx *c, char *why, size_t why_n)
{
    c->ub = ub_ctx_create();
    err e = c->ub ? set_up(c->ub, use, why, why_n) : loop_say(ERR_MEM, why, why_n, "out of memory");
    int fd = e == OK ? ub_fd(c->ub) : -1;
    if (e == OK && uv_poll_init(l->uv, &c->poll, fd) != 0)
        e = loop_say(ERR_SYS, why, why_n, "the resolver cannot be waited for");
    if (e != OK) {
        ub_ctx_delete(c->ub); /* may be NULL */
        c->ub = NULL;
        return e;
    }
    loop_obj_link(l, &c->o, drop);
    loop_obj_add(&c->o, (uv_handle_t *)&c->poll);
    uv_unref((uv_handle_t *)&c->poll); /* the timers of the jobs are the reason to go on */
    int started = uv_poll_start(&c->poll, UV_READABLE, on_ready);
    assert(started == 0); /* fails on closing handles only */
    (void)started;
    return OK;
}

void unbound_ctx_close(struct unbound_ctx *c)
{
    struct ub_ctx *ub = c->ub;
    c->ub = NULL;
    loop_obj_gone(&c->o);
    /* stops looking at the descriptor at once, before libunbound closes it */
    loop_obj_close(&c->o, (uv_handle_t *)&c->poll);
    ub_ctx_delete(ub);
}
