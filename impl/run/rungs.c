/* SPDX-License-Identifier: MIT */
#include "run/rungs.h"

enum rung_event rung_event(const struct rung *g)
{
    static const struct {
        const char *word;
        enum rung_event is;
    } words[] = {
        {"connected", RUNG_EV_OPEN}, {"accepted", RUNG_EV_OPEN},
        {"fin", RUNG_EV_FIN},        {"reset", RUNG_EV_RESET},
        {"rst", RUNG_EV_RESET},      {"urgent", RUNG_EV_URGENT},
        {"urg", RUNG_EV_URGENT},     {"close_notify", RUNG_EV_CLOSE_NOTIFY},
    };
    if (g->kind != RUNG_EVENT) return RUNG_EV_OTHER;
    slice label = slice_str(g->label);
    size_t n = 0;
    while (n < label.n && label.p[n] != ' ' && label.p[n] != ':' && label.p[n] != ',')
        n++;
    label.n = n;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (slice_eq_nocase(label, slice_str(words[i].word))) return words[i].is;
    return RUNG_EV_OTHER;
}

bool rung_directed(const struct rung *g)
{
    switch (rung_event(g)) {
    case RUNG_EV_FIN:
    case RUNG_EV_RESET:
    case RUNG_EV_URGENT:
    case RUNG_EV_CLOSE_NOTIFY:
        return true;
    case RUNG_EV_OPEN:
    case RUNG_EV_OTHER:
        break;
    }
    return g->kind == RUNG_MESSAGE;
}

const char *rung_end(const struct ladder *l, const struct rung *g)
{
    if (!l->ends || l->end_count < 2 || g->end < 0 || (size_t)g->end >= l->end_count || !l->ends[g->end])
        return "tester";
    return l->ends[g->end];
}

bool ladder_is_relay(const struct ladder *l)
{
    if (!l->ends || l->end_count != 2 || !l->ends[0] || !l->ends[1]) return false;
    for (size_t i = 0; i < l->rungs; i++)
        if (l->rung[i].end < 0 || l->rung[i].end > 1) return false;
    return true;
}
