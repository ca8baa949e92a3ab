/* SPDX-License-Identifier: MIT */
/* expect and its alternatives: which of them an event fits, what that proves, and how long they are waited for. */
#include <stdio.h>
#include <string.h>

#include "run/play_impl.h"
#include "run/play_match.h"

enum { TRICKLE = 10 }; /* times what an expect waits, for a message that comes piece by piece: ten pieces that each come at the last moment, or any number of faster ones */

/* The alternatives of the expect at pc: [pc, result). */
static size_t group_end(const struct player *p)
{
    size_t k = p->pc + 1;
    while (k < p->plan->stmts && p->plan->stmt[k].word == SCN_OR)
        k++;
    return k;
}

/* An or without an end of its own takes that of its expect. */
static int end_of_alternative(const struct player *p, size_t k)
{
    const char *name = p->plan->stmt[k].end ? p->plan->stmt[k].end : p->plan->stmt[p->pc].end;
    return p->run->proto->end_of(p, name);
}

/* ev: NULL when the time is over. */
static void take_verdict(struct player *p, size_t k, size_t after, const struct play_event *ev, const char *got)
{
    const struct scn_stmt *s = &p->plan->stmt[k];
    p->armed_until = 0;
    if (s->verdict == SCN_NEXT) {
        p->pc = after;
        return;
    }
    enum verdict v = play_verdict_of(s->verdict);
    if (play_excused(p, v, end_of_alternative(p, k), ev, s->line)) return;
    if (ev && v == V_FAIL && ev->rung < p->rungs) p->rung[ev->rung].violating = true;
    if (v == V_PASS) play_finish(p, v, s->line, "%s", s->text ? s->text : "");
    else if (s->text) play_finish(p, v, s->line, "%s (got %s)", s->text, got);
    else play_finish(p, v, s->line, "got %s", got);
}

static void expected(const struct player *p, size_t after, char *out, size_t n)
{
    size_t at = 0;
    out[0] = 0;
    for (size_t k = p->pc; k < after; k++) {
        const struct scn_stmt *s = &p->plan->stmt[k];
        if (s->verdict != SCN_NEXT && s->verdict != SCN_PASS) continue;
        char one[120];
        play_wanted(s, one, sizeof one);
        int w = snprintf(out + at, n - at, "%s%s", at ? " or " : "", one);
        if (w < 0 || (size_t)w >= n - at) return;
        at += (size_t)w;
    }
}

static void unmatched(struct player *p, size_t after, const struct play_event *ev)
{
    char got[160], want[200], may[120];
    const char *why = p->run->proto->excuse ? p->run->proto->excuse(p, ev->end, ev) : NULL;
    if (why) {
        play_finish(p, V_INCONC, play_line(p), "%s", why);
        return;
    }
    play_describe(ev, got, sizeof got);
    expected(p, after, want, sizeof want);
    p->run->proto->allowed(p, ev->end, may, sizeof may);
    if (ev->rung < p->rungs) p->rung[ev->rung].violating = true;
    play_finish(p, V_FAIL, play_line(p), "got %s; expected %s", got, want);
}

/* Octets that came out on one end are no longer owed by the other. */
static void account_for(struct player *p, const struct play_event *ev)
{
    if (ev->end > 1 || strcmp(ev->name, "octets") != 0) return;
    struct buf *owed = &p->raw_sent[!ev->end];
    size_t n = ev->field[0].value.n < owed->n ? ev->field[0].value.n : owed->n;
    if (n) buf_take(owed, n);
}

/* Looks at the oldest event of each end that the group speaks of.  True when the group is done with or the case over. */
bool play_group_try(struct player *p)
{
    size_t after = group_end(p);
    for (int end = 0; end < PLAY_ENDS; end++) {
        bool about = false, partial = false;
        for (size_t k = p->pc; k < after; k++)
            about |= end_of_alternative(p, k) == end;
        while (about && p->head[end]) {
            struct play_event *ev = p->head[end];
            for (size_t k = p->pc; k < after && !partial; k++) {
                if (end_of_alternative(p, k) != end) continue;
                enum play_match m = play_matches(p, &p->plan->stmt[k], ev);
                /* octets that may still become what is wanted: the alternatives below wait until that is settled */
                partial = m == MATCH_PARTLY && !ev->next;
                if (m != MATCH_YES) continue;
                char got[160];
                play_describe(ev, got, sizeof got);
                account_for(p, ev);
                take_verdict(p, k, after, ev, got);
                play_pop(p, end);
                return true;
            }
            if (partial) break;
            if (!ev->shy) {
                unmatched(p, after, ev);
                return true;
            }
            play_pop(p, end);
        }
    }
    return false;
}

/* The longest of the group's own times: alternatives are armed together. */
uint64_t play_group_wait(const struct player *p)
{
    size_t after = group_end(p);
    uint64_t longest = 0;
    bool given = false;
    for (size_t k = p->pc; k < after; k++) {
        const struct scn_stmt *s = &p->plan->stmt[k];
        if (s->within_ms < 0) continue;
        given = true;
        if ((uint64_t)s->within_ms > longest) longest = (uint64_t)s->within_ms;
    }
    return given ? longest : p->run->timeout_ms;
}

void play_group_timed_out(struct player *p)
{
    char want[200], secs[32];
    size_t after = group_end(p);
    uint64_t ms = play_group_wait(p);
    for (size_t k = p->pc; k < after; k++) {
        if (play_is_silence(&p->plan->stmt[k])) {
            snprintf(secs, sizeof secs, "silence for %.1f s", (double)ms / 1000);
            take_verdict(p, k, after, NULL, secs);
            return;
        }
    }
    for (size_t k = p->pc; k < after; k++)
        if (play_excused(p, V_FAIL, end_of_alternative(p, k), NULL, play_line(p))) return;
    expected(p, after, want, sizeof want);
    play_finish(p, V_FAIL, play_line(p), "nothing came within %.1f s; expected %s", (double)ms / 1000, want);
}

/* --- messages under way ------------------------------------------------------------------------------------------------- */

static bool about(const struct player *p, int end)
{
    size_t after = group_end(p);
    for (size_t k = p->pc; k < after; k++)
        if (end_of_alternative(p, k) == end) return true;
    return false;
}

static uint64_t waits(const struct player *p)
{
    return p->plan->stmt[p->pc].word == SCN_EXPECT ? play_group_wait(p) : play_wait_ms(p, &p->plan->stmt[p->pc]);
}

void play_progress(struct player *p, int end, uint64_t now)
{
    if (p->stop || !p->armed_until || p->pc >= p->plan->stmts) return;
    enum scn_word word = p->plan->stmt[p->pc].word;
    if ((word != SCN_EXPECT && word != SCN_REACH) || (word == SCN_EXPECT && !about(p, end))) return;
    uint64_t ms = waits(p), until = now + ms, last = p->armed_at + TRICKLE * ms;
    if (until > last) until = last;
    p->under_way = true;
    if (until > p->armed_until) p->armed_until = until;
}

bool play_trickled(struct player *p, uint64_t now)
{
    uint64_t ms = TRICKLE * waits(p);
    if (!p->under_way || now < p->armed_at + ms) return false;
    play_inconc(p, "a message was under way for %.1f s and did not come to its end", (double)ms / 1000);
    return true;
}
