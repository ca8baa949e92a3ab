/* SPDX-License-Identifier: MIT */
#include "run/play.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run/play_impl.h"
#include "run/play_match.h"

static struct player *player_of(struct endpoint *e)
{
    return (struct player *)e;
}

static const struct mem *mem(const struct player *p)
{
    return p->e.env->mem;
}

/* --- verdicts ----------------------------------------------------------------------------------------------------- */

void play_finish(struct player *p, enum verdict v, int line, const char *fmt, ...)
{
    va_list ap;
    if (p->stop) return;
    p->stop = true;
    if (p->run->wake) *p->run->wake = true;
    p->verdict = v;
    p->line = line;
    va_start(ap, fmt);
    vsnprintf(p->reason, sizeof p->reason, fmt, ap);
    va_end(ap);
}

int play_line(const struct player *p)
{
    if (p->acting) return p->acting;
    return p->pc < p->plan->stmts ? p->plan->stmt[p->pc].line : 0;
}

err play_error(struct player *p, const char *fmt, ...)
{
    char text[400];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    play_finish(p, V_ERROR, play_line(p), "%s:%d: %s", p->plan->of->file, play_line(p), text);
    return ERR_USE;
}

void play_inconc(struct player *p, const char *fmt, ...)
{
    char text[400];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    play_finish(p, V_INCONC, play_line(p), "%s", text);
}

enum verdict play_verdict_of(enum scn_verdict v)
{
    switch (v) {
    case SCN_PASS: return V_PASS;
    case SCN_WEAK: return V_WEAK;
    case SCN_FAIL: return V_FAIL;
    case SCN_INCONC: return V_INCONC;
    case SCN_SKIP: return V_SKIP;
    case SCN_NEXT: break;
    }
    return V_ERROR;
}

static void note_rung(struct player *p, const char *text, uint64_t now)
{
    play_rung(p, RUNG_NOTE, 0, false, false, text, SLICE_NONE, now);
}

bool play_excused(struct player *p, enum verdict v, int end, const struct play_event *ev, int line)
{
    bool over = !ev || strcmp(ev->name, "fin") == 0 || strcmp(ev->name, "reset") == 0 || strcmp(ev->name, "close-notify") == 0;
    const char *why = over && p->run->proto->excuse ? p->run->proto->excuse(p, end, ev) : NULL;
    if (!why || (v != V_FAIL && v != V_WEAK)) return false;
    play_finish(p, V_INCONC, line, "%s", why);
    return true;
}

/* --- events --------------------------------------------------------------------------------------------------------- */

static void mark_never(struct player *p, const struct scn_stmt *s, const struct play_event *ev)
{
    enum verdict v = s->verdict_given ? play_verdict_of(s->verdict) : V_FAIL;
    char what[160];
    if (play_excused(p, v, ev->end, ev, s->line)) return;
    play_describe(ev, what, sizeof what);
    play_finish(p, v, s->line, "%s%s%s", s->text ? s->text : "must not happen", ": got ", what);
    if (ev->rung < p->rungs && v == V_FAIL) p->rung[ev->rung].violating = true;
}

static bool hits_never(struct player *p, const struct play_event *ev)
{
    for (size_t i = 0; i < p->plan->stmts; i++) {
        const struct scn_stmt *s = &p->plan->stmt[i];
        if (!p->never[i] || p->run->proto->end_of(p, s->end) != ev->end) continue;
        if (play_matches(p, s, ev) != MATCH_YES) continue;
        mark_never(p, s, ev);
        return true;
    }
    return false;
}

/* One allocation holds the event and its values. */
static struct play_event *make_event(struct player *p, const struct play_field *field, size_t n)
{
    size_t size = sizeof(struct play_event);
    for (size_t i = 0; i < n; i++)
        size += field[i].value.n;
    struct play_event *ev = mem_new(mem(p), size);
    if (!ev) return NULL;
    uint8_t *at = (uint8_t *)(ev + 1);
    for (size_t i = 0; i < n && i < PLAY_FIELDS; i++) {
        if (field[i].value.n) memcpy(at, field[i].value.p, field[i].value.n);
        ev->field[i].key = field[i].key;
        ev->field[i].value = slice_of(at, field[i].value.n);
        at += field[i].value.n;
        ev->fields++;
    }
    return ev;
}

/* Raw octets that follow raw octets are one event: how they were cut must not matter. */
static bool merge_octets(struct player *p, const char *name, int end, const struct play_field *field)
{
    struct play_event *t = p->tail[end], *prev = p->head[end];
    if (!t || strcmp(name, "octets") != 0 || strcmp(t->name, "octets") != 0) return false;
    while (prev != t && prev->next != t)
        prev = prev->next;
    size_t had = t->field[0].value.n, more = field[0].value.n;
    struct play_event *bigger = mem_resize(mem(p), t, sizeof *t + had + more);
    if (!bigger) return false;
    uint8_t *at = (uint8_t *)(bigger + 1);
    memcpy(at + had, field[0].value.p, more);
    bigger->field[0].value = slice_of(at, had + more);
    if (p->head[end] == t) p->head[end] = bigger;
    else prev->next = bigger;
    p->tail[end] = bigger;
    return true;
}

void play_raise(struct player *p, const char *name, int end, bool shy, size_t rung, const struct play_field *field, size_t n)
{
    if (merge_octets(p, name, end, field)) return;
    struct play_event *ev = make_event(p, field, n);
    if (!ev) {
        play_error(p, "out of memory");
        return;
    }
    ev->name = name;
    ev->end = end;
    ev->shy = shy;
    ev->rung = rung;
    p->came[end] = true;
    p->raised++;
    if (hits_never(p, ev)) {
        mem_free(mem(p), ev);
        return;
    }
    if (p->tail[end]) p->tail[end]->next = ev;
    else p->head[end] = ev;
    p->tail[end] = ev;
}

void play_pop(struct player *p, int end)
{
    struct play_event *ev = p->head[end];
    p->head[end] = ev->next;
    if (!ev->next) p->tail[end] = NULL;
    mem_free(mem(p), ev);
}

const char *play_drain(struct player *p, int end)
{
    const char *last = NULL;
    while (p->head[end]) {
        last = p->head[end]->name;
        play_pop(p, end);
    }
    return last;
}

/* --- the engine ------------------------------------------------------------------------------------------------------- */

uint64_t play_wait_ms(const struct player *p, const struct scn_stmt *s)
{
    return s->within_ms >= 0 ? (uint64_t)s->within_ms : p->run->timeout_ms;
}

enum { WOUND_MAX = 64 }; /* events of one reach that give it time anew: none takes as many, so whoever says more says nothing, and may do so for ever */

/* A peer that has to connect to us may take its time; what it does then is timed from the connection on. */
static void arm(struct player *p, uint64_t now, uint64_t ms)
{
    if (p->armed_until) return;
    if (!p->run->dial && p->e.link[0].state == LINK_IDLE && p->run->accept_ms > ms) ms = p->run->accept_ms;
    p->armed_at = now;
    p->under_way = false;
    p->armed_until = now + (ms ? ms : 1);
}

/* 1 the end can be used, 0 not yet, -1 never. */
static int end_ready(struct player *p, int end)
{
    enum link_state s = p->e.link[end].state;
    if (s == LINK_UP) return 1;
    return s == LINK_DOWN ? -1 : 0;
}

static bool step_talk(struct player *p, const struct scn_stmt *s, int end, uint64_t now)
{
    bool opens = s->word == SCN_DO; /* a do may be what opens the connection */
    int ready = opens ? 1 : end_ready(p, end);
    if (ready < 0) {
        play_inconc(p, "the connection was over before line %d", s->line);
        return false;
    }
    if (!ready) {
        arm(p, now, play_wait_ms(p, s));
        return false;
    }
    uint64_t until = p->armed_until;
    p->armed_until = 0;
    p->pc++;
    size_t at = p->pc - 1;
    p->acting = s->line;
    p->moved = false;
    err e = s->word == SCN_DO ? p->run->proto->act(p, end, s, now) : p->run->proto->send(p, end, s, now);
    p->acting = 0;
    if (e == ERR_MORE) { /* not yet */
        p->pc = at;
        p->armed_until = p->moved ? 0 : until; /* trying again in vain makes the time no longer */
        arm(p, now, play_wait_ms(p, s));
        return false;
    }
    if (e == OK || p->stop) return !p->stop;
    const char *why = p->run->proto->excuse ? p->run->proto->excuse(p, end, NULL) : NULL; /* the peer may have left what we were to do it on */
    if (why) play_inconc(p, "%s", why);
    else {
        p->acting = s->line;
        play_error(p, "cannot do this: %s", err_name(e));
    }
    return false;
}

static bool step_reach(struct player *p, const struct scn_stmt *s, int end, uint64_t now)
{
    char why[200] = "", note[80];
    const struct scn_arg *target = scn_first(s);
    const char *state = target ? (const char *)target->value[0].p : "";
    int r = p->run->proto->reach(p, end, state, now, why, sizeof why);
    if (p->stop) return false;
    if (r < 0) {
        play_inconc(p, "could not reach %s: %s", state, why);
        return false;
    }
    if (r == 0) { /* each answer on the way has its own time: a slow peer is not a silent one */
        if (p->armed_until && p->raised != p->raised_armed && p->wound < WOUND_MAX) {
            p->armed_until = 0;
            p->wound += (unsigned)(p->raised - p->raised_armed);
        }
        p->raised_armed = p->raised;
        arm(p, now, play_wait_ms(p, s));
        return false;
    }
    snprintf(note, sizeof note, "reached %s", state);
    note_rung(p, note, now);
    p->armed_until = 0;
    p->wound = 0;
    p->pc++;
    return true;
}

static bool step_never(struct player *p, const struct scn_stmt *s, int end)
{
    p->never[p->pc] = true;
    for (const struct play_event *ev = p->head[end]; ev; ev = ev->next) {
        if (play_matches(p, s, ev) == MATCH_YES) {
            mark_never(p, s, ev);
            return false;
        }
    }
    p->pc++;
    return true;
}

/* One statement; false when it has to wait or the case is over. */
static bool step(struct player *p, uint64_t now)
{
    if (p->pc >= p->plan->stmts) {
        play_finish(p, V_PASS, 0, "%s", "");
        return false;
    }
    const struct scn_stmt *s = &p->plan->stmt[p->pc];
    int end = p->run->proto->end_of(p, s->end);
    if (end < 0) {
        play_error(p, "there is no end called %s here", s->end);
        return false;
    }
    switch (s->word) {
    case SCN_SEND:
    case SCN_RAW:
    case SCN_DO: return step_talk(p, s, end, now);
    case SCN_REACH: return step_reach(p, s, end, now);
    case SCN_NEVER: return step_never(p, s, end);
    case SCN_EXPECT:
        arm(p, now, play_group_wait(p));
        return play_group_try(p) && !p->stop;
    case SCN_OR:
    case SCN_CASE:
    case SCN_TITLE:
    case SCN_CLAUSE:
    case SCN_AGAINST:
    case SCN_NEEDS:
    case SCN_LET:
    case SCN_VARY:
    case SCN_NOTE:
    case SCN_ABOUT: break;
    }
    play_error(p, "%s cannot stand here", scn_word_name(s->word));
    return false;
}

static void advance(struct player *p, uint64_t now)
{
    if (p->busy || p->stop) return;
    p->busy = true;
    while (!p->stop && step(p, now)) {
    }
    p->busy = false;
}

static void timed_out(struct player *p, uint64_t now)
{
    const struct scn_stmt *s = &p->plan->stmt[p->pc];
    if ((s->word == SCN_EXPECT || s->word == SCN_REACH) && play_trickled(p, now)) return;
    p->armed_until = 0;
    if (s->word == SCN_EXPECT) {
        play_group_timed_out(p);
        advance(p, now);
        return;
    }
    if (s->word == SCN_REACH) {
        const struct scn_arg *t = scn_first(s);
        const char *state = t ? (const char *)t->value[0].p : "";
        if (!p->run->dial && p->e.link[0].state == LINK_IDLE)
            play_inconc(p, "could not reach %s: the peer did not connect within %.1f s", state,
                        (double)(p->run->accept_ms > play_wait_ms(p, s) ? p->run->accept_ms : play_wait_ms(p, s)) / 1000);
        else if (p->run->proto->instead && p->run->proto->instead(p))
            play_inconc(p, "could not reach %s: what came within %.1f s was no answer: %s", state, (double)play_wait_ms(p, s) / 1000, p->run->proto->instead(p));
        else play_inconc(p, "could not reach %s: the peer was silent for %.1f s", state, (double)play_wait_ms(p, s) / 1000);
        return;
    }
    bool up = p->e.link[p->run->proto->end_of(p, s->end)].state == LINK_UP; /* then it is what the statement needs that did not come */
    play_inconc(p, up ? "nothing came within %.1f s that line %d could be about" : "no connection within %.1f s before line %d", (double)play_wait_ms(p, s) / 1000, s->line);
}

/* --- the endpoint ----------------------------------------------------------------------------------------------------- */

static void on_up(struct endpoint *e, int link, uint64_t now)
{
    struct player *p = player_of(e);
    p->run->proto->up(p, link, now);
    if (link == 0) p->armed_until = 0;
    advance(p, now);
}

static void on_feed(struct endpoint *e, int link, slice octets, uint64_t now)
{
    struct player *p = player_of(e);
    while (!p->stop) {
        bool more = p->run->proto->feed(p, link, &octets, now);
        advance(p, now);
        if (!more) return;
    }
}

static void on_urgent(struct endpoint *e, int link, uint64_t now)
{
    struct player *p = player_of(e);
    if (p->stop) return;
    p->run->proto->urgent(p, link, now);
    advance(p, now);
}

static void on_ended(struct endpoint *e, int link, enum link_end how, uint64_t now)
{
    struct player *p = player_of(e);
    if (p->stop) return;
    p->run->proto->ended(p, link, how, now);
    advance(p, now);
}

static uint64_t on_deadline(const struct endpoint *e)
{
    const struct player *p = (const struct player *)e;
    uint64_t at = p->armed_until ? p->armed_until : UINT64_MAX, own = p->run->proto->deadline(p);
    if (p->stop) return UINT64_MAX;
    return own < at ? own : at;
}

static void on_tick(struct endpoint *e, uint64_t now)
{
    struct player *p = player_of(e);
    if (p->stop) return;
    if (!p->born) p->born = now;
    p->run->proto->tick(p, now);
    advance(p, now);
    for (int i = 0; i < PLAY_ENDS; i++) /* what a statement set free */
        on_feed(e, i, SLICE_NONE, now);
    if (!p->stop && p->armed_until && now >= p->armed_until) timed_out(p, now);
}

static bool on_finished(const struct endpoint *e)
{
    return ((const struct player *)e)->stop;
}

static void on_free(struct endpoint *e)
{
    player_free(player_of(e));
}

static const struct endpoint_ops ops = {
    .up = on_up,
    .feed = on_feed,
    .urgent = on_urgent,
    .ended = on_ended,
    .tick = on_tick,
    .deadline = on_deadline,
    .finished = on_finished,
    .free = on_free,
};

err player_new(const struct play_run *run, const struct scn_plan *plan, struct player **out)
{
    struct player *p = mem_new(run->env->mem, sizeof *p);
    *out = NULL;
    if (!p) return ERR_MEM;
    endpoint_init(&p->e, &ops, run->env);
    p->run = run;
    p->plan = plan;
    for (int i = 0; i < LINK_MAX; i++) {
        p->e.link[i].split = run->split;
        rng_init(&p->e.link[i].cuts, run->seed + (uint64_t)i);
    }
    for (int i = 0; i < PLAY_ENDS; i++)
        buf_init(&p->raw_sent[i], run->env->mem, 4 * run->env->limits.content);
    err e = run->proto->begin(p);
    if (e != OK) {
        player_free(p);
        return e;
    }
    *out = p;
    return OK;
}

void player_free(struct player *p)
{
    if (!p) return;
    const struct mem *m = mem(p);
    if (p->state) p->run->proto->done(p);
    for (int i = 0; i < PLAY_ENDS; i++) {
        play_drain(p, i);
        buf_done(&p->raw_sent[i]);
    }
    struct ladder l = {.rung = p->rung, .rungs = p->rungs};
    ladder_done(m, &l);
    endpoint_done(&p->e);
    mem_free(m, p);
}
