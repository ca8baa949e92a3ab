/* SPDX-License-Identifier: MIT */
/* Opportunistic encryption: a case that waits for what can never come would blame the peer for a slip of its
 * author.  So events, their fields and the words in them are looked at before anything is played. */
#include <stdio.h>
#include <string.h>

#include "run/play_oe_impl.h"

enum { KEYS = 12, WORDS = 6, PARSER = 1, GATEWAY = 2, BOTH = 3 };

struct event_word {
    const char *name;
    unsigned roles;
    int end; /* -1: any */
    const char *key[KEYS];
};
static const struct event_word events[] = {
    {"result",
     PARSER,
     PLAY_OE_ADAPTER,
     {"status", "precedence", "type", "gateway", "key", "exponent", "modulus", "bits"}},
    {"decision", GATEWAY, PLAY_OE_ADAPTER, {"is", "gateway", "keys", "key", "source", "to", "reason"}},
    {"verdict", GATEWAY, PLAY_OE_ADAPTER, {"is", "keys", "key", "to", "reason"}},
    {"tunnels", GATEWAY, PLAY_OE_ADAPTER, {"n", "destination", "gateway", "to"}},
    {"ready", GATEWAY, PLAY_OE_ADAPTER, {NULL}},
    {"query",
     GATEWAY,
     PLAY_OE_DNS,
     {"name", "type", "class", "via", "rd", "do", "again", "form", "id", "port", "fresh"}},
    {"error", BOTH, PLAY_OE_ADAPTER, {"to", "about", "reason"}},
    {"unsupported", BOTH, PLAY_OE_ADAPTER, {"to", "about", "reason"}},
    {"rubbish", BOTH, PLAY_OE_ADAPTER, {"why"}},
    {"fin", BOTH, PLAY_OE_ADAPTER, {NULL}},
    {"reset", BOTH, PLAY_OE_ADAPTER, {NULL}},
    {"close", BOTH, PLAY_OE_ADAPTER, {NULL}},
    {"refused", BOTH, PLAY_OE_ADAPTER, {NULL}},
    {"silence", BOTH, -1, {NULL}},
    {"any", BOTH, -1, {NULL}},
};

/* Fields that hold one of a few words. */
static const struct {
    const char *event, *key, *word[WORDS];
} values[] = {
    {"result", "status", {"ok", "ignore", "malformed"}},
    {"result", "type", {"ipv4", "ipv6", "fqdn"}},
    {"decision", "is", {"encrypt", "clear", "drop", "configured"}},
    {"verdict", "is", {"authentic", "refuse", "configured", "accept"}},
    {"query", "via", {"udp", "tcp"}},
    {"query", "form", {"good", "bad"}},
    {"query", "again", {"yes", "no"}},
    {"query", "fresh", {"yes", "no"}},
    {"query", "rd", {"yes", "no"}},
    {"query", "do", {"yes", "no"}},
};

#define COUNT(list) (sizeof(list) / sizeof *(list))

static void add_word(char *out, size_t n, const char *word)
{
    size_t at = strlen(out);
    snprintf(out + at, n - at, " %s", word);
}

static err unknown_event(struct player *p, unsigned role, int end, const char *name)
{
    char all[300] = "";
    for (size_t i = 0; i < COUNT(events); i++) {
        const struct event_word *e = &events[i];
        if (e->roles & role && (e->end < 0 || e->end == end)) add_word(all, sizeof all, e->name);
    }
    for (size_t i = 0; i < COUNT(events); i++)
        if (events[i].roles & role && strcmp(events[i].name, name) == 0)
            return play_error(p, "%s comes on the end %s alone; here there are%s", name,
                              play_oe_ends[events[i].end], all);
    return play_error(p, "there is no event %.60s here; there are%s", name, all);
}

static err check_value(struct player *p, const struct event_word *e, const struct scn_arg *a)
{
    for (size_t i = 0; i < COUNT(values); i++) {
        char all[120] = "";
        if (strcmp(values[i].event, e->name) != 0 || strcmp(values[i].key, a->key) != 0) continue;
        for (size_t w = 0; w < WORDS && values[i].word[w]; w++)
            add_word(all, sizeof all, values[i].word[w]);
        for (size_t v = 0; v < a->values; v++) {
            const char *text = (const char *)a->value[v].p;
            bool known = strchr(text, '*') != NULL;
            for (size_t w = 0; w < WORDS && values[i].word[w] && !known; w++)
                known = strcmp(values[i].word[w], text) == 0;
            if (!known) return play_error(p, "%s=%.60s never comes; there are%s", a->key, text, all);
        }
    }
    return OK;
}

static err check_fields(struct player *p, const struct event_word *e, const struct scn_stmt *s)
{
    for (size_t i = 0; i < s->args; i++) {
        char all[200] = "";
        bool known = !s->arg[i].key;
        for (size_t k = 0; k < KEYS && e->key[k]; k++) {
            if (!known) known = strcmp(e->key[k], s->arg[i].key) == 0;
            add_word(all, sizeof all, e->key[k]);
        }
        if (!known)
            return play_error(p, "%s has no field %.60s; it has%s", e->name, s->arg[i].key,
                              *all ? all : " none");
        if (s->arg[i].key) TRY(check_value(p, e, &s->arg[i]));
    }
    return OK;
}

static err check_one(struct player *p, const struct scn_stmt *s, int end)
{
    unsigned role = oe_play_run(p)->role == TEST_OE_PARSER ? PARSER : GATEWAY;
    const struct scn_arg *names = scn_first(s);
    for (size_t i = 0; names && i < names->values; i++) {
        const char *name = (const char *)names->value[i].p;
        const struct event_word *found = NULL;
        for (size_t k = 0; k < COUNT(events) && !found; k++)
            if (strcmp(events[k].name, name) == 0 && events[k].roles & role &&
                (events[k].end < 0 || events[k].end == end))
                found = &events[k];
        if (!found) return unknown_event(p, role, end, name);
        TRY(check_fields(p, found, s));
    }
    return OK;
}

void oe_play_check(struct player *p)
{
    const char *of_expect = NULL;
    for (size_t i = 0; i < p->plan->stmts && !p->stop; i++) {
        const struct scn_stmt *s = &p->plan->stmt[i];
        if (s->word != SCN_EXPECT && s->word != SCN_OR && s->word != SCN_NEVER) continue;
        if (s->word != SCN_OR) of_expect = s->end;
        p->acting = s->line;
        int end = p->run->proto->end_of(p, s->word == SCN_OR && !s->end ? of_expect : s->end);
        err e = end < 0 ? play_error(p, "there is no end called %s here", s->end) : check_one(p, s, end);
        p->acting = 0;
        if (e != OK) return;
    }
}
