/* SPDX-License-Identifier: MIT */
/* What a delivery by IAP is made of. */
#include "run/server_iap.h"

static bool next_alert(void *ctx, struct iap_peer *p, struct iap_alert *out, bool *end)
{
    const struct server_alert *a = sender_next(ctx, &out->id);
    (void)p;
    *end = !a;
    if (!a) return false;
    out->type = a->type;
    out->body = a->body;
    return true;
}

static void answered(void *ctx, struct iap_peer *p, uint64_t id, uint16_t code)
{
    (void)p;
    sender_answered(ctx, id, code == 200, code, "");
}

static void on_say(void *ctx, struct iap_peer *p, const char *text)
{
    (void)p;
    sender_say(ctx, text);
}

static void gone(void *ctx, struct iap_peer *p)
{
    (void)p;
    sender_gone(ctx);
}

static err begin(struct sender *s, char *why, size_t why_n)
{
    const struct server_options *o = &sender_options(s)->peer;
    const struct server_iap_options *own = o->own;
    struct iap_setup *peer = sender_state(s);
    (void)why;
    (void)why_n;
    *peer = (struct iap_setup){.env = o->env,
                               .analyzer = true,
                               .host = own->host,
                               .tls = o->tls,
                               .no_tls = o->no_tls,
                               .style = own->style,
                               .mutant = (enum iap_mutant)o->mutant,
                               .hooks = {.ctx = s, .next = next_alert, .answered = answered, .say = on_say, .gone = gone}};
    return OK;
}

static struct endpoint *make(struct sender *s)
{
    const struct server_options *o = &sender_options(s)->peer;
    struct iap_peer *p;
    return iap_peer_new(sender_state(s), o->connect != NULL, o->connect, &p) == OK ? &p->e : NULL;
}

const struct sender_ops sender_iap = {.size = sizeof(struct iap_setup), .begin = begin, .peer = make};
