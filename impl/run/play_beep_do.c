/* SPDX-License-Identifier: MIT */
/* The BEEP adapter of the player: do. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run/play_beep_impl.h"

static void rung(struct player *p, int end, const char *label, uint64_t now)
{
    play_rung(p, RUNG_EVENT, end, false, false, label, SLICE_NONE, now);
}

err beep_play_close(struct player *p, int end, bool notify, uint64_t now)
{
    struct beep_play_end *x = beep_play_end(p, end);
    if (p->e.link[end].fin) return OK;
    if (notify) TRY(beep_conn_notify(&x->conn));
    if (notify && x->conn.tls) rung(p, end, "close_notify", now);
    rung(p, end, "FIN", now);
    p->e.link[end].fin = true;
    return OK;
}

err beep_play_start_tls(struct player *p, int end, bool client)
{
    struct beep_play_end *x = beep_play_end(p, end);
    const struct play_beep_run *r = beep_play_run(p);
    char why[200] = "";
    if (x->conn.tls || r->no_tls) return OK;
    if (!r->identity) return play_error(p, "TLS was not set up for this run");
    struct tls_context *c = r->identity(r->identity_ctx, x->identity, client, why, sizeof why);
    if (!c) return play_error(p, "no certificate \"%s\": %s", x->identity, why);
    return beep_conn_start_tls(&x->conn, c, client,
                               x->resume ? ((struct beep_play *)p->state)->resume_key : NULL);
}

/* Whoever said ready is the client (3080 3.1.3). */
static err do_tls(struct player *p, int end, const struct scn_stmt *s)
{
    const struct beep_play_end *x = beep_play_end(p, end);
    const char *part = beep_play_word(s, 1);
    int asked = fsm_side(&x->conn.track.tuning, BEEP_TP_CLIENT);
    bool client = asked >= 0 ? asked == x->conn.side : x->dials;
    if (part) client = strcmp(part, "client") == 0;
    return beep_play_start_tls(p, end, client);
}

static err do_sasl(struct player *p, int end, const struct scn_stmt *s, uint64_t now)
{
    const struct beep_play_end *x = beep_play_end(p, end);
    const char *mechanism = beep_play_word(s, 1);
    if (!mechanism) mechanism = play_beep_mechanism(beep_play_run(p), x->offers_sasl);
    if (!mechanism) {
        play_inconc(p, "the peer offers no mechanism that can be used here");
        return OK;
    }
    return beep_play_sasl_begin(p, end, mechanism, s, now);
}

static err do_seq(struct player *p, int end, const struct scn_stmt *s, uint64_t now)
{
    struct beep_play_end *x = beep_play_end(p, end);
    const char *channel = beep_play_text(s, "channel"), *window = beep_play_text(s, "window");
    uint32_t n = channel ? (uint32_t)strtoul(channel, NULL, 10) : beep_play_data_channel(x);
    x->no_seq = false;
    x->no_seq_on = 0;
    return beep_play_seq(p, end, n, window ? (uint32_t)strtoul(window, NULL, 10) : (uint32_t)BEEP_PLAY_GRANT,
                         now);
}

static err do_channels(struct player *p, int end, const struct scn_stmt *s, uint64_t now)
{
    const char *count = beep_play_text(s, "count"), *known = play_beep_profile(beep_play_run(p));
    slice uri = scn_named(s, "profile") ? beep_play_octets(s, "profile") : slice_str(known ? known : "");
    if (!count || !uri.n) return play_error(p, "do channels wants count= and profile=");
    return beep_play_many_begin(p, end, (uint32_t)strtoul(count, NULL, 10), uri, now);
}

/* What the case answers from here on: everything, or only the end of channels, or of the session. */
static err do_hold(struct player *p, int end, const struct scn_stmt *s)
{
    struct beep_play_end *x = beep_play_end(p, end);
    const struct beep_play_more *more = beep_play_run(p)->more;
    const char *what = beep_play_word(s, 1);
    if (!what)
        x->hold = true;
    else if (strcmp(what, "closes") == 0)
        x->hold_closes = true;
    else if (strcmp(what, "release") == 0)
        x->hold_release = true;
    else if (!more || !more->hold(p, end, what))
        return play_error(p, "do hold %s: there are closes and release, or hold alone", what);
    return OK;
}

static void do_no_seq(struct beep_play_end *x, const struct scn_stmt *s)
{
    const char *channel = beep_play_text(s, "channel");
    if (channel)
        x->no_seq_on = (uint32_t)strtoul(channel, NULL, 10);
    else
        x->no_seq = true;
}

static void answer_all(struct player *p, int end)
{
    struct beep_play_end *x = beep_play_end(p, end);
    const struct beep_play_more *more = beep_play_run(p)->more;
    x->hold = x->hold_closes = x->hold_release = false;
    if (more) more->hold(p, end, NULL);
}

/* Verbs that need no connection; false when the verb is another. */
static bool set(struct player *p, int end, const char *verb)
{
    struct beep_play_end *x = beep_play_end(p, end);
    if (strcmp(verb, "open") == 0)
        beep_play_open(p, end);
    else if (strcmp(verb, "resume") == 0)
        x->resume = true;
    else if (strcmp(verb, "answer") == 0)
        answer_all(p, end);
    else if (strcmp(verb, "no-greeting") == 0)
        x->no_greeting = true;
    else
        return false;
    return true;
}

static err do_identity(struct player *p, struct beep_play_end *x, const struct scn_stmt *s)
{
    const char *name = beep_play_word(s, 1);
    if (!name) return play_error(p, "identity wants a name: good, none, expired, self-signed ...");
    x->identity = name;
    return OK;
}

static err talk(struct player *p, int end, const char *verb, const struct scn_stmt *s, uint64_t now)
{
    struct beep_play_end *x = beep_play_end(p, end);
    if (strcmp(verb, "tls") == 0) return do_tls(p, end, s);
    if (strcmp(verb, "sasl") == 0) return do_sasl(p, end, s, now);
    if (strcmp(verb, "seq") == 0) return do_seq(p, end, s, now);
    if (strcmp(verb, "channels") == 0) return do_channels(p, end, s, now);
    if (strcmp(verb, "close") == 0) return beep_play_close(p, end, true, now);
    if (strcmp(verb, "fin") == 0) return beep_play_close(p, end, false, now);
    if (strcmp(verb, "notify") == 0) {
        rung(p, end, "close_notify", now);
        return beep_conn_notify(&x->conn);
    }
    if (strcmp(verb, "reset") == 0) {
        rung(p, end, "RST", now);
        p->e.link[end].drop = true;
        return OK;
    }
    if (strcmp(verb, "flip") == 0) {
        x->conn.flip_next = true;
        x->conn.track.tainted[x->conn.side] = true;
        return OK;
    }
    if (strcmp(verb, "replay") == 0) {
        x->conn.replay_next = true;
        x->conn.track.tainted[x->conn.side] = true;
        return OK;
    }
    const struct beep_play_more *more = beep_play_run(p)->more;
    if (strcmp(verb, "clear") == 0) { /* 3080 3: the negotiation failed, and new greetings follow in clear */
        TRY(beep_conn_without_tls(&x->conn));
        beep_play_fresh(p, end);
        return beep_play_greet(p, end, now);
    }
    return play_error(p,
                      "unknown do %s; there are open, tls, clear, notify, fin, close, reset, flip, replay, identity, "
                      "resume, hold, answer, seq, no-seq, sasl, channels, "
                      "no-greeting%s%s",
                      verb, more ? ", " : "", more ? more->verbs : "");
}

err beep_play_act(struct player *p, int end, const struct scn_stmt *s, uint64_t now)
{
    struct beep_play_end *x = beep_play_end(p, end);
    const struct beep_play_more *more = beep_play_run(p)->more;
    const char *verb = beep_play_word(s, 0);
    bool took = false;
    if (!verb) return play_error(p, "do what?");
    if (more) TRY(more->act(p, end, s, verb, &took, now));
    if (took) return OK;
    if (set(p, end, verb)) return OK;
    if (strcmp(verb, "identity") == 0) return do_identity(p, x, s);
    if (strcmp(verb, "hold") == 0) return do_hold(p, end, s);
    if (strcmp(verb, "no-seq") == 0) {
        do_no_seq(x, s);
        return OK;
    }
    return x->live ? talk(p, end, verb, s, now) : ERR_MORE;
}
