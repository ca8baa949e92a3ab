/* SPDX-License-Identifier: MIT */
#include "peer/oe_adapter.h"

#include <stdio.h>

void oe_adapter_init(struct oe_adapter *a, struct endpoint *e, void (*ask)(struct endpoint *e, const struct oe_line_ask *a, uint64_t now))
{
    *a = (struct oe_adapter){.e = e, .ask = ask};
    oe_lines_init(&a->lines, e->env->mem);
}

void oe_adapter_done(struct oe_adapter *a)
{
    oe_lines_done(&a->lines);
}

void oe_adapter_say(struct oe_adapter *a, const struct oe_line_reply *r)
{
    struct link *l = &a->e->link[0];
    if (l->state == LINK_UP && !l->drop && oe_line_reply_write(r, &l->out) != OK) l->drop = true;
}

void oe_adapter_status(struct oe_adapter *a, const char *id, enum oe_line_says says, const char *reason)
{
    oe_adapter_say(a, &(struct oe_line_reply){.id = id, .says = says, .reason = reason});
}

static void line_came(struct oe_adapter *a, slice line, uint64_t now)
{
    struct oe_line_ask ask;
    struct oe_line_fault f;
    err e = oe_line_ask_read(a->e->env, line, &ask, &f);
    if (e == OK) a->ask(a->e, &ask, now);
    else oe_adapter_status(a, f.id, OE_SAYS_ERROR, e == ERR_MEM ? "out of memory" : f.why);
    oe_line_ask_done(&ask);
}

void oe_adapter_feed(struct oe_adapter *a, slice octets, uint64_t now)
{
    const struct link *l = &a->e->link[0];
    char why[80];
    slice line;
    while (!l->drop) {
        switch (oe_lines_next(&a->lines, &octets, &line)) {
        case OK: line_came(a, line, now); break;
        case ERR_MORE: return;
        case ERR_LIMIT:
            snprintf(why, sizeof why, "a line of more than %d octets", OE_LINE_MAX);
            oe_adapter_status(a, "", OE_SAYS_ERROR, why);
            break;
        default: oe_adapter_status(a, "", OE_SAYS_ERROR, "out of memory"); break;
        }
    }
}
