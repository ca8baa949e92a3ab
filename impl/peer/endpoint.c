/* SPDX-License-Identifier: MIT */
#include "peer/endpoint.h"

void link_reset(struct endpoint *e, int link)
{
    struct link *l = &e->link[link];
    buf_done(&l->out);
    *l = (struct link){.state = LINK_IDLE, .split = l->split, .cuts = l->cuts};
    buf_init(&l->out, e->env->mem, e->env->limits.out_queue);
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
