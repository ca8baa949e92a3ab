/* SPDX-License-Identifier: MIT */
/* The BEEP adapter of the player: the life of a case.  What came is read in play_beep_event, what we do by
 * ourselves stands in play_beep_reply. */
#include "run/play_beep.h"

#include <stdio.h>
#include <string.h>

#include "run/play_beep_impl.h"

#define OWN_ACCORD "the peer ended the session of its own accord"

const char *const play_beep_ends[3] = {"peer", "second", NULL};

static int end_of(const struct player *p, const char *name)
{
    (void)p;
    if (!name) return 0;
    for (int i = 0; play_beep_ends[i]; i++)
        if (strcmp(play_beep_ends[i], name) == 0) return i;
    return -1;
}

const char *play_beep_profile(const struct play_beep_run *r)
{
    return r->profile ? r->profile : *r->learned_profile ? r->learned_profile : NULL;
}

const char *play_beep_mechanism(const struct play_beep_run *r, unsigned offered)
{
    static const enum sasl_mech best[] = {SASL_SCRAM_SHA_256, SASL_SCRAM_SHA_1, SASL_DIGEST_MD5,
                                          SASL_CRAM_MD5, SASL_PLAIN};
    if (r->mechanism) return r->mechanism;
    for (size_t i = 0; r->user && r->password && i < sizeof best / sizeof *best; i++)
        if (offered & SASL_BIT(best[i])) return sasl_mech_names[best[i]];
    return offered & SASL_BIT(SASL_ANONYMOUS) ? sasl_mech_names[SASL_ANONYMOUS] : NULL;
}

void beep_play_open(struct player *p, int end)
{
    struct beep_play_end *x = beep_play_end(p, end);
    struct link *l = &p->e.link[end];
    if (!x->dials || x->live || l->state != LINK_IDLE) return;
    l->to = p->run->dial;
    l->state = LINK_WANTED;
}

static void drop_owed(struct beep_play_end *x)
{
    for (size_t i = 0; i < x->owed_n; i++)
        buf_done(&x->owed[i].payload);
    x->owed_n = 0;
}

void beep_play_fresh(struct player *p, int end)
{
    struct beep_play_end *x = beep_play_end(p, end);
    drop_owed(x);
    memset(x->part, 0, sizeof x->part);
    memset(x->sent, 0, sizeof x->sent);
    x->greeted = x->peer_greeted = x->refused = false;
    x->offers_tls = false;
    x->offers_sasl = 0;
    x->offered[0] = 0;
    x->sasl.on = false;
    x->data_channel = 0;
    const struct beep_play_more *more = beep_play_run(p)->more;
    if (more) more->fresh(p, end);
}

void play_beep_up(struct player *p, int end, uint64_t now)
{
    struct beep_play_end *x = beep_play_end(p, end);
    char label[64];
    err e = beep_conn_init(&x->conn, p->e.env, &p->e.link[end], x->dials ? 0 : 1,
                           p->e.env->limits.content + BEEP_MIME_HEAD_MAX);
    if (e != OK) {
        play_error(p, "cannot set up the connection: %s", err_name(e));
        return;
    }
    x->conn.resync = true;
    x->conn.track.read_all = true;
    x->conn.track.no_tls = beep_play_run(p)->no_tls;
    const struct beep_play_more *more = beep_play_run(p)->more;
    if (more) more->live(p, end);
    x->live = true;
    snprintf(label, sizeof label, "%s (TCP)", x->dials ? "connected" : "accepted");
    size_t r = play_rung(p, RUNG_EVENT, end, !x->dials, false, label, SLICE_NONE, now);
    beep_play_see(p, BEEP_SEEN_CONNECTION); /* somebody is there, even if nothing is ever said */
    play_raise(p, "connected", end, true, r, NULL, 0);
    e = beep_play_greet(p, end, now);
    if (e != OK && !p->stop) play_error(p, "cannot greet: %s", err_name(e));
}

bool play_beep_feed(struct player *p, int end, slice *octets, uint64_t now)
{
    return beep_play_next(p, end, octets, now);
}

static void urgent(struct player *p, int end, uint64_t now)
{
    (void)p; /* nothing is said about urgent data in RFC 3081 */
    (void)end;
    (void)now;
}

/* A peer may release the session whenever it likes (3080 2.4), and an initiator that owes us nothing may be
 * through with what it came for: no case that does not ask about it is lost by that. */
static bool own_accord(const struct player *p, const struct beep_play_end *x)
{
    const struct track_beep *t = &x->conn.track;
    if (!x->live) return false;
    if (x->peer_releases) return true;
    if (t->tainted[x->conn.side]) return false;
    if (beep_play_run(p)->under_test != TEST_BEEP_INITIATOR || !x->peer_greeted || !x->greeted ||
        x->conn.to_tls || x->hold)
        return false;
    for (size_t i = 0; i < t->channels; i++)
        if (beep_waits(t->channel[i], x->conn.side)) return false;
    enum beep_session_state s = track_beep_session(t);
    return s == BEEP_SS_OPEN || s == BEEP_SS_CLOSED;
}

/* A profile may send back what it got as an answer of several; nothing on channel 0 is told by "same". */
static const char *one_to_many(const struct play_event *ev)
{
    for (size_t i = 0; i < ev->fields; i++)
        if (strcmp(ev->field[i].key, "same") == 0 && slice_eq(ev->field[i].value, SLICE_LIT("yes")))
            return "the profile sends back what it got by ANS, and the case waits for RPY";
    return NULL;
}

/* An end without a release may be what the case looks for; behind a release it is in order, and so is that nothing comes any more.  Who
 * agrees to our release closes at once, and what we sent behind it then makes a reset that takes the ok along (BEEP-D14). */
const char *play_beep_excuse(const struct player *p, int end, const struct play_event *ev)
{
    const struct beep_play_end *x = beep_play_end(p, end);
    const struct track_beep *t = &x->conn.track;
    int us = x->conn.side;
    bool over = !ev || strcmp(ev->name, "fin") == 0 || strcmp(ev->name, "reset") == 0 || strcmp(ev->name, "close-notify") == 0;
    if (ev && strcmp(ev->name, "ans") == 0) return one_to_many(ev);
    if (ev && strcmp(ev->name, "reset") == 0 && x->live && t->release_at[us] && t->at[us] > t->release_at[us])
        return "a reset behind a release, which may have taken the ok along (BEEP-D14)";
    return over && x->peer_releases ? OWN_ACCORD : NULL;
}

void play_beep_ended(struct player *p, int end, enum link_end how, uint64_t now)
{
    struct beep_play_end *x = beep_play_end(p, end);
    slice none = SLICE_NONE;
    if (how == LINK_REFUSED) {
        beep_play_plain(p, end, "refused", false, "refused (TCP)", now);
        return;
    }
    while (x->live && !p->stop && beep_play_next(p, end, &none, now)) {
    }
    if (p->stop) return;
    bool own = own_accord(p, x);
    if (own) x->over_at = now ? now : 1;
    bool inside = x->live && !beep_conn_ended(&x->conn);
    beep_play_plain(p, end, how == LINK_FIN ? "fin" : "reset", own, how == LINK_FIN ? "FIN" : "RST", now);
    if (inside && how == LINK_FIN) beep_play_faults(p, end, p->rungs ? p->rungs - 1 : 0);
    x->conn.failed_told = true; /* an end without close_notify is told by its own event, FIN or RST */
}

void play_beep_allowed(struct player *p, int end, char *out, size_t n)
{
    struct beep_play_end *x = beep_play_end(p, end);
    out[0] = 0;
    if (x->live) track_beep_allowed(&x->conn.track, !x->conn.side, out, n);
}

err play_beep_begin(struct player *p)
{
    const struct beep_play_more *more = beep_play_run(p)->more;
    struct beep_play *s = mem_new(p->e.env->mem, more ? more->state : sizeof *s);
    if (!s) return ERR_MEM;
    p->state = s;
    snprintf(s->resume_key, sizeof s->resume_key, "%p", (void *)p);
    for (int i = 0; i < PLAY_ENDS; i++) {
        s->end[i].dials = p->run->dial != NULL;
        s->end[i].identity = "good";
    }
    if (p->run->dial) beep_play_open(p, 0);
    return OK;
}

void play_beep_over(struct player *p, int end)
{
    struct beep_play_end *x = beep_play_end(p, end);
    bool dials = x->dials;
    const char *identity = x->identity;
    drop_owed(x);
    buf_done(&x->sending.payload);
    if (x->live) beep_conn_done(&x->conn);
    beep_play_sasl_done(x); /* behind the connection, which may use a layer of it */
    memset(x, 0, sizeof *x);
    x->dials = dials;
    x->identity = identity;
}

void play_beep_done(struct player *p)
{
    struct beep_play *s = p->state;
    for (int i = 0; i < PLAY_ENDS; i++)
        play_beep_over(p, i);
    mem_free(p->e.env->mem, s);
    p->state = NULL;
}

/* When the case is over that goes on with an end that the peer is through with; UINT64_MAX: it is not. */
static uint64_t over_at(const struct player *p, int end)
{
    const struct scn_stmt *s = p->pc < p->plan->stmts ? &p->plan->stmt[p->pc] : NULL;
    uint64_t at = beep_play_end(p, end)->over_at;
    return at && s && p->run->proto->end_of(p, s->end) == end ? at : UINT64_MAX;
}

uint64_t play_beep_deadline(const struct player *p)
{
    uint64_t first = UINT64_MAX;
    for (int i = 0; i < PLAY_ENDS; i++)
        if (over_at(p, i) < first) first = over_at(p, i);
    return first;
}

/* A send that the peer's window holds back is the only statement of ours that can be late. */
void play_beep_tick(struct player *p, uint64_t now)
{
    for (int i = 0; i < PLAY_ENDS; i++) {
        const struct beep_play_end *x = beep_play_end(p, i);
        if (now >= over_at(p, i)) play_inconc(p, OWN_ACCORD);
        if (!x->sending.on || x->sending.pc != p->pc + 1 || !p->armed_until || now < p->armed_until) continue;
        play_inconc(p, "the peer grants no window on channel %u: %zu octets could not be sent",
                    (unsigned)x->sending.channel, x->sending.payload.n - x->sending.at);
    }
}

const struct play_proto play_beep = {
    .begin = play_beep_begin,
    .done = play_beep_done,
    .up = play_beep_up,
    .feed = play_beep_feed,
    .urgent = urgent,
    .ended = play_beep_ended,
    .send = beep_play_send,
    .act = beep_play_act,
    .reach = beep_play_reach,
    .deadline = play_beep_deadline,
    .tick = play_beep_tick,
    .allowed = play_beep_allowed,
    .end_of = end_of,
    .excuse = play_beep_excuse,
};
