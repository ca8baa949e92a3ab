/* SPDX-License-Identifier: MIT */
/* The IDXP adapter of the player: channels.  What passes on them, in either direction, goes to the trackers;
 * what they find in the peer's doing is a fault of the run. */
#include <string.h>

#include "run/play_idxp_impl.h"

/* --- which channel ------------------------------------------------------------------------------- */

struct idxp_play_chan *idxp_play_chan(const struct player *p, int end, uint32_t number)
{
    struct idxp_play_end *x = idxp_play_end(p, end);
    for (size_t i = 0; number && i < IDXP_PLAY_CHANS; i++)
        if (x->chan[i].used && x->chan[i].number == number) return &x->chan[i];
    return NULL;
}

bool idxp_play_open(const struct player *p, int end, uint32_t number)
{
    const struct beep_channel *c =
        beep_play_end(p, end)->live ? track_beep_channel(&beep_play_end(p, end)->conn.track, number) : NULL;
    return c && c->fsm.state == BEEP_CS_OPEN;
}

struct idxp_play_chan *idxp_play_current(const struct player *p, int end, bool tunnel)
{
    struct idxp_play_end *x = idxp_play_end(p, end);
    uint32_t current = tunnel ? x->current_tunnel : x->current;
    struct idxp_play_chan *newest = NULL;
    for (size_t i = 0; i < IDXP_PLAY_CHANS; i++) {
        struct idxp_play_chan *c = &x->chan[i];
        if (!c->used || c->tunnel != tunnel || !idxp_play_open(p, end, c->number)) continue;
        if (c->number == current) return c;
        newest = c;
    }
    return newest;
}

struct idxp_play_chan *idxp_play_owing(const struct player *p, int end, bool tunnel)
{
    struct idxp_play_end *x = idxp_play_end(p, end);
    const struct beep_play_end *b = beep_play_end(p, end);
    for (size_t i = 0; i < IDXP_PLAY_CHANS; i++) {
        struct idxp_play_chan *c = &x->chan[i];
        if (!c->used || c->tunnel != tunnel) continue;
        const struct beep_channel *k = track_beep_channel(&b->conn.track, c->number);
        if (k && beep_owed(k, b->conn.side)) return c;
    }
    return NULL;
}

struct idxp_play_chan *idxp_play_owing_start(const struct player *p, int end, bool tunnel)
{
    struct idxp_play_end *x = idxp_play_end(p, end);
    int us = beep_play_end(p, end)->conn.side;
    for (size_t i = 0; i < IDXP_PLAY_CHANS; i++) {
        struct idxp_play_chan *c = &x->chan[i];
        if (c->used && c->tunnel == tunnel && c->inside && c->starter != us) return c;
    }
    return NULL;
}

static void drop(struct player *p, int end, struct idxp_play_chan *c)
{
    struct idxp_play_end *x = idxp_play_end(p, end);
    if (!c->used) return;
    if (c->tunnel && x->has_tunnel) track_tunnel_closed(&x->tunnel, c->number);
    if (!c->tunnel) {
        track_idxp_closed(&c->t, beep_play_end(p, end)->conn.side);
        track_idxp_done(&c->t);
    }
    if (x->current == c->number) x->current = 0;
    if (x->current_tunnel == c->number) x->current_tunnel = 0;
    memset(c, 0, sizeof *c);
}

void idxp_play_forget(struct player *p, int end)
{
    struct idxp_play_end *x = idxp_play_end(p, end);
    for (size_t i = 0; i < IDXP_PLAY_CHANS; i++)
        drop(p, end, &x->chan[i]);
    if (x->has_tunnel) track_tunnel_done(&x->tunnel);
    if (x->has_zero) track_idxp_done(&x->zero);
    x->has_tunnel = x->has_zero = false;
    x->offers_idxp = x->offers_tunnel = false;
    x->we_asked = x->peer_asked = false;
    x->current = x->current_tunnel = 0;
    x->alerts.on = false;
    buf_done(&x->alerts.payload);
}

/* A new one; NULL when there are too many, and then it is not followed. */
static struct idxp_play_chan *add(struct player *p, int end, uint32_t number, int starter, bool tunnel,
                                  err *e)
{
    struct idxp_play_end *x = idxp_play_end(p, end);
    struct idxp_play_chan *c = idxp_play_chan(p, end, number);
    if (c) drop(p, end, c); /* a number that crossed, or was declined */
    *e = OK;
    for (size_t i = 0; i < IDXP_PLAY_CHANS; i++) {
        c = &x->chan[i];
        if (c->used) continue;
        if (!tunnel)
            *e = track_idxp_init(&c->t, p->e.env, idxp_play_run(p)->dialect, idxp_play_run(p)->schema);
        if (*e != OK) {
            track_idxp_done(&c->t);
            memset(c, 0, sizeof *c);
            return NULL;
        }
        c->used = true;
        c->tunnel = tunnel;
        c->number = number;
        c->starter = starter;
        return c;
    }
    return NULL;
}

static err follow_tunnel(struct player *p, int end)
{
    struct idxp_play_end *x = idxp_play_end(p, end);
    const struct beep_play_end *b = beep_play_end(p, end);
    if (!x->has_tunnel) track_tunnel_init(&x->tunnel, p->e.env);
    x->has_tunnel = true;
    enum tunnel_cover cover = beep_play_secured(b) ? TUNNEL_IN_TLS
                              : b->conn.layer      ? TUNNEL_IN_SASL
                                                   : TUNNEL_CLEAR;
    if (x->tunnel.cover != cover) track_tunnel_cover(&x->tunnel, cover);
    return OK;
}

/* --- faults -------------------------------------------------------------------------------------- */

static bool mute(const struct player *p, int end)
{
    const struct beep_play_end *b = beep_play_end(p, end);
    return b->conn.track.tainted[b->conn.side] || idxp_play_end(p, end)->ours_inside;
}

void idxp_play_fault(struct player *p, int end, int code, enum clause_id clause, enum defect_id defect,
                     bool fail, const char *text, size_t rung)
{
    struct play_fault f = {
        .code = code, .fail = fail, .clause = clause, .defect = defect, .text = text, .rung = rung};
    if (!mute(p, end)) play_fault(p, &f);
}

void idxp_play_faults(struct player *p, int end, struct track_idxp *t, size_t rung)
{
    int us = beep_play_end(p, end)->conn.side;
    for (uint32_t i = 0; i < t->fault_n; i++) {
        const struct idxp_fault *f = &t->fault[i];
        if (f->severity == SEV_NOTE) continue;
        if (f->side == us)
            t->tainted[us] = true;
        else
            idxp_play_fault(p, end, PLAY_IDXP_FAULT + (int)f->code, f->clause, f->defect,
                            f->severity == SEV_FAIL, f->text, rung);
    }
}

/* A proxy passes the code of our far end on, whatever it is (TUNNEL-D15). */
static bool passed_on(const struct player *p, int end, enum tunnel_fault_code code)
{
    return code == TUNNEL_F_OTHER_CODE && idxp_play_proxy(p) && end == TUNNEL_PLAY_NEAR &&
           idxp_play_end(p, TUNNEL_PLAY_FAR)->we_refused;
}

/* Of what is read section 3 says what may be in many clauses, of what is sent in one. */
static enum clause_id sent_clause(const struct tunnel_fault *f)
{
    switch ((int)f->code) {
    case TUNNEL_F_NESTED:
    case TUNNEL_F_CONTENT:
    case TUNNEL_F_PORT:
    case TUNNEL_F_IP4:
    case TUNNEL_F_IP6:
    case TUNNEL_F_SRV:
    case TUNNEL_F_TOGETHER:
    case TUNNEL_F_INNERMOST:
    case TUNNEL_F_BARE:
        return CL_TUNNEL_3_9;
    default:
        return f->clause;
    }
}

void idxp_play_tunnel_faults(struct player *p, int end, size_t rung)
{
    struct track_tunnel *t = &idxp_play_end(p, end)->tunnel;
    int us = beep_play_end(p, end)->conn.side;
    for (uint32_t i = 0; i < t->fault_n; i++) {
        const struct tunnel_fault *f = &t->fault[i];
        if (f->severity == SEV_NOTE || passed_on(p, end, f->code)) continue;
        if (f->side == us)
            t->tainted[us] = true;
        else
            idxp_play_fault(p, end, PLAY_TUNNEL_FAULT + (int)f->code, sent_clause(f), f->defect,
                            f->severity == SEV_FAIL, f->text, rung);
    }
}

/* --- channel 0 ----------------------------------------------------------------------------------- */

static bool is_idxp(const struct player *p, slice uri)
{
    return slice_eq(uri, slice_str(idxp_uris[idxp_play_run(p)->dialect]));
}

static bool is_tunnel(slice uri)
{
    return slice_eq(uri, SLICE_LIT(TUNNEL_URI));
}

/* The content of a tunnel, or a message of its channel, as the tracker read it. */
static void note_tunnel(struct player *p, int end, int side, struct idxp_play_chan *c)
{
    struct idxp_play_end *x = idxp_play_end(p, end);
    const struct tunnel_got *g = &c->tgot;
    bool ours = side == beep_play_end(p, end)->conn.side;
    if (!g->last) return;
    if (g->keyword == BEEP_MSG && (g->kind == TUNNEL_TUNNEL || g->read != OK)) {
        if (ours) {
            x->we_asked = true;
            x->tunnel_failed = false;
            x->hops = g->msg && g->read == OK ? g->msg->hops : 0;
        } else {
            x->peer_asked = true;
        }
        return;
    }
    if (g->keyword == BEEP_MSG || (!g->answers && !g->declined)) return;
    if (ours) {
        x->peer_asked = false;
        x->we_refused = !g->through;
    } else {
        x->we_asked = false;
        x->tunnel_failed = !g->through;
    }
    if (g->through) x->switching = true;
}

static err start_of(struct player *p, int end, int side, const struct beep_got *g, size_t rung)
{
    struct idxp_play_end *x = idxp_play_end(p, end);
    err e;
    for (size_t i = 0; i < g->el->profiles; i++) {
        slice uri = g->el->profile[i].uri, content = g->el->profile[i].content;
        bool tunnel = is_tunnel(uri), blank = true;
        if (!tunnel && !is_idxp(p, uri)) continue;
        for (size_t k = 0; k < content.n && blank; k++)
            blank =
                content.p[k] == ' ' || content.p[k] == '\t' || content.p[k] == '\r' || content.p[k] == '\n';
        struct idxp_play_chan *c = add(p, end, g->el->number, side, tunnel, &e);
        if (!c) return e;
        c->inside = !blank;
        c->in_start = true;
        if (tunnel) {
            TRY(follow_tunnel(p, end));
            TRY(track_tunnel_start(&x->tunnel, side, c->number, uri, content, &c->tgot));
            idxp_play_tunnel_faults(p, end, rung);
            note_tunnel(p, end, side, c);
        } else {
            TRY(track_idxp_start(&c->t, side, content, &c->got));
            idxp_play_faults(p, end, &c->t, rung);
        }
        return OK; /* of several the first counts */
    }
    return OK;
}

static err answer_of(struct player *p, int end, int side, const struct beep_got *g, size_t rung)
{
    struct idxp_play_end *x = idxp_play_end(p, end);
    struct idxp_play_chan *c = idxp_play_chan(p, end, g->number);
    bool declined = g->frame.keyword == BEEP_ERR,
         profile = g->el->kind == BEEP_EL_PROFILE && g->el->profiles == 1;
    slice uri = profile ? g->el->profile[0].uri : SLICE_NONE,
          content = profile ? g->el->profile[0].content : SLICE_NONE;
    if (!c || c->starter == side || !c->in_start) return OK;
    if (!declined && !(profile && (c->tunnel ? is_tunnel(uri) : is_idxp(p, uri)))) {
        drop(p, end, c); /* another profile was chosen */
        return OK;
    }
    if (c->tunnel) {
        TRY(track_tunnel_answer(&x->tunnel, side, c->number, content, declined, &c->tgot));
        idxp_play_tunnel_faults(p, end, rung);
        note_tunnel(p, end, side, c);
        if (declined && side != beep_play_end(p, end)->conn.side) x->tunnel_failed = true;
    } else {
        TRY(track_idxp_answer(&c->t, side, content, declined, &c->got));
        idxp_play_faults(p, end, &c->t, rung);
    }
    c->inside = false;
    if (declined) {
        drop(p, end, c);
        return OK;
    }
    if (c->starter == beep_play_end(p, end)->conn.side)
        *(c->tunnel ? &x->current_tunnel : &x->current) = c->number;
    if (!c->tunnel && !x->current) x->current = c->number;
    return OK;
}

/* What has to do with IDXP and stands on channel 0 as a message of its own. */
static err zero_of(struct player *p, int end, int side, const struct beep_got *g, size_t rung)
{
    struct idxp_play_end *x = idxp_play_end(p, end);
    struct idxp_got got;
    if (!x->has_zero) TRY(track_idxp_init(&x->zero, p->e.env, idxp_play_run(p)->dialect, NULL));
    x->has_zero = true;
    TRY(track_idxp_zero(&x->zero, side, g->message, &got));
    idxp_play_faults(p, end, &x->zero, rung);
    return OK;
}

static err management(struct player *p, int end, int side, const struct beep_got *g, size_t rung)
{
    if (!g->last || !g->el) return OK;
    if (!beep_play_readable(g)) return idxp_play_proxy(p) ? OK : zero_of(p, end, side, g, rung);
    if (g->el->kind == BEEP_EL_START && g->frame.keyword == BEEP_MSG) return start_of(p, end, side, g, rung);
    if (g->ask == BEEP_ASK_START && g->frame.keyword != BEEP_MSG) return answer_of(p, end, side, g, rung);
    if (g->closed) {
        struct idxp_play_chan *c = idxp_play_chan(p, end, g->number);
        if (c) drop(p, end, c);
    }
    return OK;
}

/* --- both ---------------------------------------------------------------------------------------- */

/* Who greeted, and what became of ours. */
static void note_idxp(struct player *p, int end, int side, struct idxp_play_chan *c)
{
    const struct idxp_got *g = &c->got;
    bool ours = side == beep_play_end(p, end)->conn.side;
    bool greeting = g->keyword == BEEP_MSG && g->last && g->msg &&
                    (g->kind == IDXP_GREETING || g->msg->kind == IDXP_GREETING);
    if (greeting && ours) {
        c->greeted = true;
        c->rejected = false;
        /* one that we send by ourselves leaves the case where it is */
        if (!idxp_play_is_quiet(c, g->msgno)) idxp_play_end(p, end)->current = c->number;
    }
    if (greeting && !ours) c->peer_greeted = true;
    if (!ours && g->keyword == BEEP_MSG && g->last && g->asked == IDXP_ASKED_DATA) c->data_seen = true;
    bool refused = g->last && !ours && g->keyword != BEEP_MSG && g->asked == IDXP_ASKED_GREETING &&
                   (g->declined || (g->msg && g->msg->kind == IDXP_ERROR));
    if (refused) {
        c->rejected = true;
        c->rejected_code = g->msg ? g->msg->code : 0;
    }
}

err idxp_play_pass(struct player *p, int end, int side, const struct beep_got *g, size_t rung)
{
    struct idxp_play_end *x = idxp_play_end(p, end);
    const struct beep_frame *f = &g->frame;
    if (f->keyword == BEEP_SEQ) return OK;
    if (f->channel == 0) {
        TRY(management(p, end, side, g, rung));
        if (!g->last || !g->el || !beep_play_readable(g)) return OK;
        uint32_t number = g->el->kind == BEEP_EL_START ? g->el->number : g->number;
        struct idxp_play_chan *c =
            g->el->kind == BEEP_EL_START || g->ask == BEEP_ASK_START ? idxp_play_chan(p, end, number) : NULL;
        if (c && !c->tunnel) note_idxp(p, end, side, c);
        return OK;
    }
    struct idxp_play_chan *c = idxp_play_chan(p, end, f->channel);
    if (!c) return OK;
    c->in_start = false;
    if (c->tunnel) {
        TRY(track_tunnel_octets(&x->tunnel, side, c->number, f->keyword, f->msgno, f->payload, g->last,
                                &c->tgot));
        idxp_play_tunnel_faults(p, end, rung);
        note_tunnel(p, end, side, c);
        return OK;
    }
    TRY(track_idxp_octets(&c->t, side, f->keyword, f->msgno, f->ansno, f->payload, g->last, &c->got));
    idxp_play_faults(p, end, &c->t, rung);
    note_idxp(p, end, side, c);
    return OK;
}
