/* SPDX-License-Identifier: MIT */
#include "run/server_oe.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "io/loop.h"
#include "peer/oe_gateway.h"
#include "peer/oe_parser.h"
#include "run/dns_link.h"
#include "run/play_oe.h"

struct oe_server {
    struct server *s;
    struct oe_parser_setup parser;
    struct oe_gateway_setup gateway;
    struct dns_link *dns; /* to the name server that was asked last */
    char to[300];
};

/* The gateway's link 1 goes over a link of frames, to whatever name server `begin' tells it. */
static struct loop_tcp *dial_dns(void *ctx, const struct endpoint *e, int link, const char *to, bool *pass)
{
    struct oe_server *x = ctx;
    struct loop_tcp *t = NULL;
    char why[200];
    (void)e;
    (void)link; /* there is no other that is dialled */
    *pass = false;
    if (x->dns && strcmp(x->to, to) != 0) {
        dns_link_free(x->dns);
        x->dns = NULL;
    }
    if (!x->dns && dns_link_client(x->s->o->env, x->s->loop, to, &x->dns, why, sizeof why) != OK) {
        server_say(x->s, why);
        return NULL;
    }
    snprintf(x->to, sizeof x->to, "%s", to);
    return dns_link_open(x->dns, &t) == OK ? t : NULL;
}

static err begin(struct server *s, char *why, size_t why_n)
{
    struct oe_server *x = s->state;
    const struct server_oe_options *o = s->o->own;
    uint64_t seed;
    x->s = s;
    if (getentropy(&seed, sizeof seed) != 0) { /* whoever can guess ids and ports can forge answers */
        snprintf(why, why_n, "the system has no random numbers");
        return ERR_SYS;
    }
    x->parser = (struct oe_parser_setup){.env = s->o->env, .dialect = o->dialect, .mutant = s->o->mutant};
    x->gateway = (struct oe_gateway_setup){.env = s->o->env, .dns_to = o->dns, .seed = seed, .mutant = s->o->mutant};
    net_tcp_dial_by(s->net, dial_dns, x);
    return OK;
}

static struct endpoint *make_peer(struct server *s)
{
    const struct oe_server *x = s->state;
    struct endpoint *e = NULL;
    err r = s->o->role->id == TEST_OE_PARSER ? oe_parser_new(&x->parser, &e) : oe_gateway_new(&x->gateway, &e);
    return r == OK ? e : NULL;
}

/* The link has its place on the loop: it goes before that does. */
static void leave(struct server *s)
{
    struct oe_server *x = s->state;
    dns_link_free(x->dns);
    x->dns = NULL;
}

const struct server_ops server_oe = {
    .size = sizeof(struct oe_server),
    .begin = begin,
    .peer = make_peer,
    .leave = leave,
};
