/* SPDX-License-Identifier: MIT */
/* What a delivery by IDXP is made of. */
#include "run/server_idxp.h"

static bool next_item(void *ctx, struct idxp_peer *p, struct idxp_item *out, bool *end)
{
    uint64_t id;
    const struct server_alert *a = sender_next(ctx, &id);
    (void)p;
    *end = !a;
    if (!a) return false;
    *out = (struct idxp_item){.id = id, .kind = server_idxp_kind(a->type), .body = a->body};
    return true;
}

static void answered(void *ctx, struct idxp_peer *p, uint64_t id, uint16_t code, const char *text)
{
    (void)p;
    sender_answered(ctx, id, code == IDXP_STORED, code, text ? text : "");
}

static void on_say(void *ctx, struct idxp_peer *p, const char *text)
{
    (void)p;
    sender_say(ctx, text);
}

static void gone(void *ctx, struct idxp_peer *p)
{
    const char *why = idxp_peer_why(p);
    if (*why) sender_say(ctx, why);
    sender_gone(ctx);
}

static err begin(struct sender *s, char *why, size_t why_n)
{
    struct idxp_program *x = sender_state(s);
    TRY(idxp_program_init(x, &sender_options(s)->peer, why, why_n));
    x->setup.hooks = (struct idxp_peer_hooks){.ctx = s, .next = next_item, .answered = answered, .say = on_say, .gone = gone};
    return idxp_peer_prepare(&x->setup);
}

static struct endpoint *make(struct sender *s)
{
    struct idxp_program *x = sender_state(s);
    const struct server_options *o = &sender_options(s)->peer;
    struct idxp_peer *p;
    return idxp_peer_new(&x->setup, o->connect != NULL, o->connect, &p) == OK ? idxp_peer_endpoint(p) : NULL;
}

static void end(struct sender *s)
{
    struct idxp_program *x = sender_state(s);
    if (x->env) idxp_program_done(x);
}

const struct sender_ops sender_idxp = {.size = sizeof(struct idxp_program), .begin = begin, .peer = make, .end = end};
