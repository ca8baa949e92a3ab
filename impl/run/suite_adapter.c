/* SPDX-License-Identifier: MIT */
/* Peers behind an adapter (docs/oe-adapters.md): one program for the run, whose standard input and output case after case borrows; and the name server that a gateway asks. */
#include <stdio.h>
#include <string.h>

#include "io/loop.h"
#include "run/dns_link.h"
#include "run/suite_impl.h"

enum {
    COMMAND_MAX = 64 * 1024,
    STOP_MS = 500 /* from SIGTERM to SIGKILL */
};

struct suite_adapter {
    struct suite *s;
    struct loop *loop;
    struct net *net;
    struct dns_link *dns;   /* NULL: the role asks nobody */
    char bound[64];
    struct loop_child *child; /* NULL: none runs */
    struct loop_tcp *tcp;   /* while no case has it */
    bool lent;
    bool over;              /* it ended its side while no case had it */
    bool open_line;         /* what came last, while no case had it, ended no line */
    struct suite_exit exit;
    size_t last;            /* result of the case that had it last, +1; 0: none since it was started */
};

/* --- the command ------------------------------------------------------------------------------------------------------------------- */

static err add_word(struct buf *b, const char *at, const struct suite_word *w, size_t *len)
{
    for (; w->name; w++) {
        *len = strlen(w->name);
        if (strncmp(at, w->name, *len) == 0) return buf_add_str(b, w->value);
    }
    *len = 1;
    return buf_add_byte(b, (uint8_t)*at);
}

err suite_command(const struct suite *s, const struct suite_word *w, struct buf *out)
{
    buf_init(out, s->o->env->mem, COMMAND_MAX);
    err e = OK;
    for (const char *at = s->o->exec; *at && e == OK;) {
        size_t len = 1;
        e = add_word(out, at, w, &len);
        at += len;
    }
    if (e == OK && !buf_str(out)) e = ERR_MEM;
    if (e != OK) buf_done(out);
    return e;
}

/* --- while no case has it --------------------------------------------------------------------------------------------------------------- */

static void idle_read(void *ctx, struct loop_tcp *t, slice octets)
{
    struct suite_adapter *a = ctx;
    (void)t;
    a->open_line = octets.p[octets.n - 1] != '\n'; /* late answers: nobody waits for them */
}

static void idle_ended(void *ctx, struct loop_tcp *t, enum loop_end how, int sys)
{
    struct suite_adapter *a = ctx;
    (void)t;
    (void)how;
    (void)sys;
    a->over = true;
}

static const struct loop_tcp_events idle_events = {.read = idle_read, .ended = idle_ended};

static void on_exited(void *ctx, int status, int signal)
{
    struct suite_adapter *a = ctx;
    a->exit = (struct suite_exit){true, status, signal};
}

/* --- the program ------------------------------------------------------------------------------------------------------------------------- */

static void stop(struct suite_adapter *a)
{
    loop_tcp_free(a->tcp, false);
    loop_child_free(a->child, STOP_MS);
    a->tcp = NULL;
    a->child = NULL;
    a->over = a->open_line = false;
    a->exit = (struct suite_exit){0};
    a->last = 0;
}

static err start(struct suite_adapter *a, char *why, size_t why_n)
{
    static const struct loop_child_events events = {.exited = on_exited};
    const struct suite_word words[] = {{"{dialect}", a->s->ctx.dialect ? a->s->ctx.dialect : ""}, {"{dns}", a->bound}, {NULL, NULL}};
    struct buf command;
    int fd;
    TRY(suite_command(a->s, words, &command));
    err e = loop_child_talk(a->loop, buf_str(&command), a->s->o->quiet, &events, a, &a->child, &fd, why, why_n);
    buf_done(&command);
    if (e != OK) return e;
    e = loop_tcp_adopt(a->loop, fd, &idle_events, a, &a->tcp);
    if (e != OK) stop(a);
    return e;
}

/* It ended behind the answer: that is the fault of the case that was over too early to see it. */
static void blame_last(struct suite_adapter *a)
{
    struct suite *s = a->s;
    struct result *r = a->last ? &s->out->r[a->last - 1] : NULL;
    char text[200];
    if (!r || (r->verdict != V_PASS && r->verdict != V_WEAK)) return;
    suite_exit_text(&a->exit, "the adapter ended behind its answer", text, sizeof text);
    suite_take_back(s, r, text);
    r->verdict = V_FAIL;
}

err suite_adapter_lend(struct suite_adapter *a, struct player *p, size_t result, char *why, size_t why_n)
{
    struct loop_tcp *dns = NULL;
    if (a->child && (a->over || a->exit.done)) blame_last(a);
    if (a->child && (a->over || a->exit.done || a->open_line || !a->tcp)) stop(a);
    if (!a->child) TRY(start(a, why, why_n));
    if (a->dns) TRY(dns_link_open(a->dns, &dns));
    if (dns) net_tcp_lend(a->net, &p->e, 1, dns);
    struct loop_tcp *tcp = a->tcp;
    a->tcp = NULL;
    a->lent = true;
    a->last = result + 1;
    net_tcp_lend(a->net, &p->e, 0, tcp);
    return OK;
}

void suite_adapter_take_back(struct suite_adapter *a, struct player *p)
{
    struct net_lent how;
    if (!a->lent) return;
    a->lent = false;
    a->tcp = net_tcp_take_back(a->net, &p->e, 0, &how);
    bool right = p->stop && (p->verdict == V_PASS || p->verdict == V_WEAK || p->verdict == V_SKIP);
    /* One that owes an answer that was waited for may hang, and in the middle of a line nobody knows where the next begins: a fresh one is the same to the next case. */
    if (!a->tcp || how.over || how.unsent || how.open_line || (!right && how.told < how.asked)) {
        stop(a);
        return;
    }
    loop_tcp_set_ctx(a->tcp, &idle_events, a);
}

const struct suite_exit *suite_adapter_exit(const struct suite_adapter *a)
{
    return &a->exit;
}

const char *suite_adapter_dns(const struct suite_adapter *a)
{
    return a->dns ? a->bound : NULL;
}

/* --- life ------------------------------------------------------------------------------------------------------------------------------------ */

err suite_adapter_new(struct suite *s, struct loop *loop, struct net *net, bool with_dns, struct suite_adapter **out, char *why, size_t why_n)
{
    struct suite_adapter *a = mem_new(s->o->env->mem, sizeof *a);
    *out = NULL;
    if (!a) return ERR_MEM;
    a->s = s;
    a->loop = loop;
    a->net = net;
    if (with_dns) {
        err e = dns_link_server(s->o->env, loop, s->o->dns_listen ? s->o->dns_listen : "127.0.0.1:0", &a->dns, a->bound, why, why_n);
        if (e != OK) {
            mem_free(s->o->env->mem, a);
            return e;
        }
    }
    *out = a;
    return OK;
}

void suite_adapter_leave(struct suite_adapter *a)
{
    if (a && a->tcp) loop_tcp_fin(a->tcp);
}

bool suite_adapter_stands(const struct suite_adapter *a)
{
    return a && a->child && !a->exit.done;
}

void suite_adapter_free(struct suite_adapter *a)
{
    if (!a) return;
    stop(a);
    dns_link_free(a->dns);
    mem_free(a->s->o->env->mem, a);
}
