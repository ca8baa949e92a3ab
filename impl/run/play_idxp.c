/* SPDX-License-Identifier: MIT */
/* The IDXP adapter of the player: the life of a case, on top of that of BEEP. */
#include "run/play_idxp.h"

#include <stdio.h>
#include <string.h>

#include "run/play_idxp_impl.h"

_Static_assert(IDXP_SEEN_COUNT <= 64, "a bit each");

const char *const play_idxp_ends[PLAY_IDXP_ENDS + 1] = {"peer", "second", NULL};
const char *const play_tunnel_ends[PLAY_TUNNEL_ENDS + 1] = {"near", "far", "second", NULL};

void play_idxp_init(struct play_idxp_run *r)
{
    bool proxy = r->role == TEST_TUNNEL_PROXY;
    r->beep.more = &idxp_play_more;
    r->beep.profile = idxp_uris[r->dialect];
    r->beep.echo = false;
    if (proxy) r->beep.under_test = TEST_BEEP_LISTENER;
    if (!r->uri)
        r->uri = proxy || r->role == TEST_IDXP_MANAGER ? "http://example.org/draftproof/analyzer"
                                                       : "http://example.org/draftproof/manager";
}

const char *play_idxp_fault_name(int code)
{
    if (code >= PLAY_IDMEF_FAULT) return idmef_faults[code - PLAY_IDMEF_FAULT].name;
    if (code >= PLAY_TUNNEL_FAULT) return tunnel_faults[code - PLAY_TUNNEL_FAULT].name;
    if (code >= PLAY_IDXP_FAULT) return idxp_faults[code - PLAY_IDXP_FAULT].name;
    return beep_faults[code].name;
}

static int end_of(const struct player *p, const char *name)
{
    const char *const *ends = idxp_play_proxy(p) ? play_tunnel_ends : play_idxp_ends;
    for (int i = 0; ends[i]; i++)
        if (!name || strcmp(ends[i], name) == 0) return i;
    return -1;
}

static void sent(void *ctx, const struct beep_got *got)
{
    struct idxp_play_end *x = ctx;
    struct player *p = x->p;
    if (idxp_play_pass(p, x->end, beep_play_end(p, x->end)->conn.side, got, 0) != OK)
        play_error(p, "out of memory");
}

static void live(struct player *p, int end)
{
    struct beep_play_end *b = beep_play_end(p, end);
    b->conn.sent = sent;
    b->conn.sent_ctx = idxp_play_end(p, end);
}

static bool may_talk(const struct player *p, int end)
{
    const struct idxp_play_end *x = idxp_play_end(p, end);
    return !x->we_asked && !x->switching && !x->opaque;
}

/* The first frame behind a tunnel is a greeting (3620 4; 3080 2.3.1.1 tells of what else). */
static err frame(struct player *p, int end, const struct beep_got *g, size_t rung)
{
    struct idxp_play_end *x = idxp_play_end(p, end);
    if (x->first_renewed) {
        const struct beep_frame *f = &g->frame;
        bool greets = f->keyword != BEEP_MSG && f->keyword != BEEP_SEQ && f->channel == 0 && f->msgno == 0 &&
                      f->seqno == 0;
        x->first_renewed = false;
        idxp_play_see(p, end, IDXP_SEEN_RENEWED);
        if (!greets)
            idxp_play_fault(p, end, PLAY_TUNNEL_FAULT + TUNNEL_F_ORDER, CL_IDXP_2_1_11, DEF_NONE, true,
                            "first frame behind a tunnel is no greeting that begins at 0", rung);
    }
    return idxp_play_pass(p, end, !beep_play_end(p, end)->conn.side, g, rung);
}

static const char *offer(const struct player *p, int end, size_t which)
{
    const struct idxp_play_end *x = idxp_play_end(p, end);
    const struct beep_play_end *b = beep_play_end(p, end);
    bool tunnel = !x->through && !beep_play_secured(b) && !b->conn.layer;
    return which == 0 && tunnel ? TUNNEL_URI : NULL;
}

const struct beep_play_more idxp_play_more = {
    .state = sizeof(struct idxp_play),
    .words =
        "idxp-greeting, idxp-ok, idxp-error, idmef, text, binary, data, tunnel, tunnel-ok and tunnel-error",
    .verbs = "renew, no-renew, opaque, no-idxp-greeting, rest, alerts, refuse",
    .states = "; idxp-channel, idxp, data, tunnel-channel, tunnel-asked and tunnel",
    .live = live,
    .fresh = idxp_play_forget,
    .may_talk = may_talk,
    .frame = frame,
    .tells = idxp_play_tells,
    .message = idxp_play_message,
    .react = idxp_play_react,
    .offer = offer,
    .greeted = idxp_play_greeted,
    .word = idxp_play_word,
    .channel = idxp_play_channel,
    .compose = idxp_play_compose,
    .act = idxp_play_act,
    .hold = idxp_play_hold,
    .reach = idxp_play_reach,
};

/* --- life ---------------------------------------------------------------------------------------- */

static err begin(struct player *p)
{
    TRY(play_beep_begin(p));
    for (int i = 0; i < PLAY_ENDS; i++) {
        struct idxp_play_end *x = idxp_play_end(p, i);
        x->p = p;
        x->end = i;
    }
    if (!idxp_play_proxy(p)) return OK;
    beep_play_end(p, TUNNEL_PLAY_FAR)->dials = false;
    p->e.link[TUNNEL_PLAY_SECOND].state =
        LINK_DOWN; /* until it is opened: the proxy connects to the far end only */
    return OK;
}

static void done(struct player *p)
{
    for (int i = 0; i < PLAY_ENDS; i++)
        idxp_play_forget(p, i);
    play_beep_done(p);
}

/* What became possible by an event, on all ends: a tunnel that one of them agreed to is another's as well. */
static void settle(struct player *p, int end, uint64_t now)
{
    err e = idxp_play_settle(p, end, now);
    if (e == ERR_USE && beep_play_end(p, end)->conn.track.lost) e = OK;
    if (e != OK && !p->stop) play_error(p, "cannot answer the peer: %s", err_name(e));
}

/* Octets, or BEEP?  The hop behind a proxy is the end of the tunnel when there is no element for it. */
static bool reads_octets(const struct player *p, int end)
{
    const struct idxp_play_end *x = idxp_play_end(p, end);
    if (x->mode != IDXP_MODE_USUAL) return x->mode == IDXP_MODE_OCTETS;
    return idxp_play_proxy(p) && end == TUNNEL_PLAY_FAR && idxp_play_end(p, TUNNEL_PLAY_NEAR)->hops <= 1;
}

static void up(struct player *p, int end, uint64_t now)
{
    struct idxp_play_end *x = idxp_play_end(p, end);
    idxp_play_see(p, end, IDXP_SEEN_CONNECTION);
    if (!reads_octets(p, end)) {
        play_beep_up(p, end, now);
        return;
    }
    x->opaque = x->ours_inside = true;
    size_t r = play_rung(p, RUNG_EVENT, end, true, false, "accepted (TCP)", SLICE_NONE, now);
    play_raise(p, "connected", end, true, r, NULL, 0);
}

static bool feed(struct player *p, int end, slice *octets, uint64_t now)
{
    struct idxp_play_end *x = idxp_play_end(p, end);
    if (x->opaque) {
        if (!octets->n) return false;
        idxp_play_octets(p, end, *octets, now);
        *octets = SLICE_NONE;
        return true;
    }
    bool any = play_beep_feed(p, end, octets, now);
    if (beep_play_end(p, end)->live && beep_play_secured(beep_play_end(p, end)))
        idxp_play_see(p, end, IDXP_SEEN_TLS);
    settle(p, end, now);
    return any;
}

static void urgent(struct player *p, int end, uint64_t now)
{
    (void)p; /* nothing is said about urgent data */
    (void)end;
    (void)now;
}

static void ended(struct player *p, int end, enum link_end how, uint64_t now)
{
    struct idxp_play_end *x = idxp_play_end(p, end);
    if (!x->opaque || how == LINK_REFUSED) {
        play_beep_ended(p, end, how, now);
        return;
    }
    beep_play_plain(p, end, how == LINK_FIN ? "fin" : "reset", false, how == LINK_FIN ? "FIN" : "RST", now);
}

/* Octets go out as they are, and are owed on the other end of a proxy. */
static err raw(struct player *p, int end, const struct scn_stmt *s, uint64_t now)
{
    struct buf out;
    buf_init(&out, p->e.env->mem, p->e.env->limits.content);
    err e = beep_play_make(p, s, NULL, &out);
    if (e == OK) {
        play_rung(p, RUNG_MESSAGE, end, false, false, "octets", buf_slice(&out), now);
        e = buf_add(&p->e.link[end].out, buf_slice(&out));
    }
    if (e == OK && buf_add(&p->raw_sent[end], buf_slice(&out)) != OK) e = ERR_LIMIT;
    buf_done(&out);
    return e;
}

static err send(struct player *p, int end, const struct scn_stmt *s, uint64_t now)
{
    const struct idxp_play_end *x = idxp_play_end(p, end);
    if (x->opaque && s->word == SCN_RAW) return raw(p, end, s, now);
    if (x->opaque) return play_error(p, "this end reads and sends octets: raw, or do renew first");
    err e = beep_play_send(p, end, s, now);
    if (e == OK && !p->stop) e = idxp_play_settle(p, end, now);
    return e;
}

static err act(struct player *p, int end, const struct scn_stmt *s, uint64_t now)
{
    err e = beep_play_act(p, end, s, now);
    if (e == OK && !p->stop) e = idxp_play_settle(p, end, now);
    return e;
}

static int reach(struct player *p, int end, const char *state, uint64_t now, char *why, size_t why_n)
{
    if (idxp_play_proxy(p) && end == TUNNEL_PLAY_SECOND && p->e.link[end].state == LINK_DOWN &&
        !beep_play_end(p, end)->live)
        link_reset(&p->e, end);
    return beep_play_reach(p, end, state, now, why, why_n);
}

static void tick(struct player *p, uint64_t now)
{
    play_beep_tick(p, now);
    for (int i = 0; i < PLAY_ENDS; i++)
        settle(p, i, now);
}

static void allowed(struct player *p, int end, char *out, size_t n)
{
    out[0] = 0;
    if (!idxp_play_end(p, end)->opaque) play_beep_allowed(p, end, out, n);
}

const struct play_proto play_idxp = {
    .begin = begin,
    .done = done,
    .up = up,
    .feed = feed,
    .urgent = urgent,
    .ended = ended,
    .send = send,
    .act = act,
    .reach = reach,
    .deadline = play_beep_deadline,
    .tick = tick,
    .allowed = allowed,
    .end_of = end_of,
    .excuse = play_beep_excuse,
};
