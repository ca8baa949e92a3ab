/* SPDX-License-Identifier: MIT */
#include "peer/endpoint.h"

#include <stdio.h>
#include <string.h>

void link_reset(struct endpoint *e, int link)
{
    struct link *l = &e->link[link];
    buf_done(&l->out);
    *l = (struct link){.state = LINK_IDLE, .split = l->split, .cuts = l->cuts};
    buf_init(&l->out, e->env->mem, e->env->limits.out_queue);
}

void link_trouble(const struct link *l, char *out, size_t n)
{
    char text[100] = "";
    if (l->trouble == LINK_NOWHERE) snprintf(text, sizeof text, "the name cannot be looked up");
    else if (l->trouble && strerror_r(l->trouble, text, sizeof text) != 0) text[0] = 0;
    snprintf(out, n, "cannot connect to %.200s%s%s", l->to, *text ? ": " : "", text);
}

void endpoint_init(struct endpoint *e, const struct endpoint_ops *ops, const struct env *env)
{
    e->ops = ops;
    e->env = env;
    e->carrier = NULL;
    for (int i = 0; i < LINK_MAX; i++) {
        e->link[i] = (struct link){.state = LINK_IDLE};
        buf_init(&e->link[i].out, env->mem, env->limits.out_queue);
    }
}

void endpoint_done(struct endpoint *e)
{
    for (int i = 0; i < LINK_MAX; i++)
        buf_done(&e->link[i].out);
}
