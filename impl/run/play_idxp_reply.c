/* SPDX-License-Identifier: MIT */
/* The IDXP adapter of the player: what the tester does by itself.  It answers greetings, data and tunnels,
 * greets in turn, and begins the session anew behind a tunnel. */
#include <string.h>

#include "run/play_idxp_impl.h"

bool idxp_play_is_quiet(const struct idxp_play_chan *c, uint32_t msgno)
{
    for (size_t i = 0; i < c->quiets; i++)
        if (c->quiet[i] == msgno) return true;
    return false;
}

static void be_quiet(struct idxp_play_chan *c, uint32_t msgno)
{
    if (c->quiets == IDXP_PLAY_QUIET) memmove(c->quiet, c->quiet + 1, --c->quiets * sizeof *c->quiet);
    c->quiet[c->quiets++] = msgno;
}

/* --- answers ------------------------------------------------------------------------------------- */

/* ok, or an error of that code, as an element. */
static err write_idxp(unsigned code, struct buf *out)
{
    const char *text = code ? idxp_code_text(code) : NULL;
    struct idxp_msg m = {
        .kind = code ? IDXP_ERROR : IDXP_OK, .code = (uint16_t)code, .text = slice_str(text)};
    return idxp_el_write(&m, out);
}

static err write_tunnel(unsigned code, struct buf *out)
{
    const char *text = code ? tunnel_code_text(code) : NULL;
    struct buf element;
    struct tunnel_msg *m = mem_new(out->mem, sizeof *m);
    if (!m) return ERR_MEM;
    m->kind = code ? TUNNEL_ERROR : TUNNEL_OK;
    m->code = (uint16_t)code;
    m->text = slice_str(text);
    buf_init(&element, out->mem, TUNNEL_ELEMENT_MAX);
    err e = tunnel_el_write(m, 0, &element);
    if (e == OK) e = buf_add(out, buf_slice(&element));
    buf_done(&element);
    mem_free(out->mem, m);
    return e;
}

/* The answer to a start: the profile with what was decided inside. */
static err answer_start(struct player *p, int end, const struct beep_got *g, struct idxp_play_chan *c,
                        uint64_t now)
{
    struct buf content;
    uint32_t msgno = g->frame.msgno;
    slice uri = c->tunnel ? SLICE_LIT(TUNNEL_URI) : slice_str(idxp_uris[idxp_play_run(p)->dialect]);
    err e = OK;
    buf_init(&content, p->e.env->mem, 4096);
    if (c->inside && c->tunnel)
        e = write_tunnel(c->tgot.reply, &content);
    else if (c->inside)
        e = write_idxp(c->got.reply, &content);
    struct beep_profile_el profile = {.uri = uri, .content = buf_slice(&content)};
    struct beep_el el = {.kind = BEEP_EL_PROFILE, .profile = &profile, .profiles = 1};
    if (e == OK) e = beep_play_element(p, end, BEEP_RPY, 0, &msgno, &el, BEEP_THEN_NOTHING, now);
    buf_done(&content);
    return e;
}

/* The first that we can serve is one of ours: nothing before it leads to TLS or SASL. */
static struct idxp_play_chan *ours_to_start(const struct player *p, int end, const struct beep_got *g)
{
    const struct beep_play_end *b = beep_play_end(p, end);
    struct idxp_play_chan *c = idxp_play_chan(p, end, g->el->number);
    if (!c || !c->in_start) return NULL;
    if (c->tunnel && beep_play_secured(b))
        return NULL; /* 3620 5: declined as any profile that is not there */
    for (size_t i = 0; i < g->el->profiles; i++) {
        slice uri = g->el->profile[i].uri;
        if (slice_eq(uri, SLICE_LIT(BEEP_URI_TLS)) || slice_starts(uri, SLICE_LIT(BEEP_URI_SASL)))
            return NULL;
        if (slice_eq(uri,
                     c->tunnel ? SLICE_LIT(TUNNEL_URI) : slice_str(idxp_uris[idxp_play_run(p)->dialect])))
            return c;
    }
    return NULL;
}

static err owe(struct player *p, int end, enum beep_keyword keyword, uint32_t channel, uint32_t msgno,
               slice element, bool tunnel, const char *what)
{
    struct buf message;
    buf_init(&message, p->e.env->mem, 64 * 1024);
    err e = beep_mime_head(tunnel ? BEEP_MEDIA_TYPE : "text/xml", &message);
    if (e == OK) e = buf_add(&message, element);
    if (e == OK) e = buf_add(&message, SLICE_LIT("\r\n"));
    if (e == OK)
        e = beep_play_owe(p, end, keyword, channel, msgno, buf_slice(&message), BEEP_THEN_NOTHING, what);
    buf_done(&message);
    return e;
}

static err answer_message(struct player *p, int end, const struct beep_got *g, struct idxp_play_chan *c)
{
    struct buf element;
    unsigned code = c->tunnel ? c->tgot.reply : c->got.reply;
    if (c->tunnel && c->tgot.kind != TUNNEL_TUNNEL && !code) code = 501;
    buf_init(&element, p->e.env->mem, 4096);
    err e = c->tunnel ? write_tunnel(code, &element) : write_idxp(code, &element);
    if (e == OK)
        e = owe(p, end, code ? BEEP_ERR : BEEP_RPY, g->frame.channel, g->frame.msgno, buf_slice(&element),
                c->tunnel, code ? "error" : "ok");
    buf_done(&element);
    return e;
}

err idxp_play_react(struct player *p, int end, const struct beep_got *g, bool *took, uint64_t now)
{
    struct idxp_play_end *x = idxp_play_end(p, end);
    bool start = g->frame.channel == 0 && g->el && beep_play_readable(g) && g->el->kind == BEEP_EL_START;
    struct idxp_play_chan *c = start              ? ours_to_start(p, end, g)
                               : g->frame.channel ? idxp_play_chan(p, end, g->frame.channel)
                                                  : NULL;
    *took = c != NULL;
    if (!c) return OK;
    if (start) {
        bool held = x->hold_starts || (c->inside && (c->tunnel ? x->hold_tunnels : x->hold_greetings));
        return held ? OK : answer_start(p, end, g, c, now);
    }
    bool greeting = !c->tunnel && c->got.msg && c->got.msg->kind == IDXP_GREETING;
    bool held = c->tunnel ? x->hold_tunnels : greeting ? x->hold_greetings : x->hold_data;
    return held ? OK : answer_message(p, end, g, c);
}

static bool is_owed(const struct beep_play_end *b, uint32_t channel, uint32_t msgno)
{
    for (size_t i = 0; i < b->owed_n; i++)
        if (b->owed[i].channel == channel && b->owed[i].msgno == msgno) return true;
    return false;
}

/* ok to everything on a channel that is complete and was held. */
static err answer_rest(struct player *p, int end, const struct beep_channel *k)
{
    const struct beep_play_end *b = beep_play_end(p, end);
    const struct beep_dir *d = &k->dir[!b->conn.side];
    struct buf element;
    buf_init(&element, p->e.env->mem, 4096);
    err e = write_idxp(0, &element);
    for (size_t i = 0; i < d->xs && e == OK; i++) {
        const struct beep_exchange *x = &d->x[d->x_from + i];
        if (x->end && x->fsm.state != BEEP_XS_CUT && !is_owed(b, k->number, x->msgno))
            e = owe(p, end, BEEP_RPY, k->number, x->msgno, buf_slice(&element), false, "ok");
    }
    buf_done(&element);
    return e;
}

err idxp_play_rest(struct player *p, int end, uint64_t now)
{
    const struct idxp_play_end *x = idxp_play_end(p, end);
    for (size_t i = 0; i < IDXP_PLAY_CHANS; i++) {
        const struct idxp_play_chan *c = &x->chan[i];
        const struct beep_channel *k =
            c->used && !c->tunnel ? track_beep_channel(&beep_play_end(p, end)->conn.track, c->number) : NULL;
        if (k) TRY(answer_rest(p, end, k));
    }
    return beep_play_pump(p, end, now);
}

/* --- what we begin ------------------------------------------------------------------------------- */

err idxp_play_start(struct player *p, int end, const char *uri, slice content, uint32_t number,
                    uint32_t *msgno, uint64_t now)
{
    struct beep_profile_el profile = {.uri = slice_str(uri), .content = content};
    struct beep_el el = {
        .kind = BEEP_EL_START, .number = number, .number_given = true, .profile = &profile, .profiles = 1};
    return beep_play_element(p, end, BEEP_MSG, 0, msgno, &el, BEEP_THEN_NOTHING, now);
}

err idxp_play_greet(struct player *p, int end, struct idxp_play_chan *c, const struct scn_stmt *s,
                    uint64_t now)
{
    const struct beep_play_end *b = beep_play_end(p, end);
    const struct beep_channel *k = track_beep_channel(&b->conn.track, c->number);
    struct buf element;
    uint32_t number = c->number, msgno = k ? beep_free_msgno(k, b->conn.side) : 1;
    (void)now;
    buf_init(&element, p->e.env->mem, IDXP_ELEMENT_MAX);
    c->greeted = true;
    be_quiet(c, msgno);
    err e = idxp_play_greeting(p, s, &element);
    if (e == OK && !p->stop) e = owe(p, end, BEEP_MSG, number, msgno, buf_slice(&element), false, "greeting");
    buf_done(&element);
    return e == OK && !p->stop ? beep_play_pump(p, end, now) : e;
}

/* The case has one of its own ahead. */
static bool case_greets(const struct player *p, int end)
{
    for (size_t i = p->pc; i < p->plan->stmts; i++) {
        const struct scn_stmt *s = &p->plan->stmt[i];
        const char *what = beep_play_word(s, 0);
        if (p->run->proto->end_of(p, s->end) != end || !what) continue;
        if (s->word == SCN_REACH && (strcmp(what, "idxp") == 0 || strcmp(what, "data") == 0)) return false;
        if (s->word == SCN_SEND && strcmp(what, "idxp-greeting") == 0) return true;
    }
    return false;
}

static err greet_in_turn(struct player *p, int end, uint64_t now)
{
    struct idxp_play_end *x = idxp_play_end(p, end);
    if (x->no_greeting || x->hold_greetings || beep_play_end(p, end)->hold) return OK;
    for (size_t i = 0; i < IDXP_PLAY_CHANS; i++) {
        struct idxp_play_chan *c = &x->chan[i];
        if (!c->used || c->tunnel || !c->peer_greeted || c->greeted || c->silent ||
            !idxp_play_open(p, end, c->number))
            continue;
        if (case_greets(p, end)) return OK;
        TRY(idxp_play_greet(p, end, c, NULL, now));
    }
    return OK;
}

/* --- alerts by the number ------------------------------------------------------------------------ */

bool idxp_play_alert_reply(struct player *p, int end, uint32_t channel, uint32_t msgno, bool good,
                           unsigned code)
{
    struct idxp_play_alerts *a = &idxp_play_end(p, end)->alerts;
    size_t i = 0;
    while (i < a->waits && a->wait[i] != msgno)
        i++;
    if (!a->on || channel != a->channel || i == a->waits) return false;
    if (i) a->disorder = true;
    memmove(&a->wait[i], &a->wait[i + 1], (a->waits - i - 1) * sizeof *a->wait);
    a->waits--;
    if (good)
        a->oks++;
    else
        a->errors++;
    if (!good) a->code = code;
    return true;
}

static bool waits_to_go(const struct beep_play_end *b, uint32_t channel)
{
    for (size_t i = 0; i < b->owed_n; i++)
        if (b->owed[i].channel == channel) return true;
    return false;
}

static err more_alerts(struct player *p, int end, uint64_t now)
{
    struct idxp_play_alerts *a = &idxp_play_end(p, end)->alerts;
    const struct beep_play_end *b = beep_play_end(p, end);
    while (a->on && a->left && a->waits < IDXP_PLAY_ALERTS && !waits_to_go(b, a->channel)) {
        const struct beep_channel *k = track_beep_channel(&b->conn.track, a->channel);
        if (!k || p->e.link[end].fin) return OK;
        uint32_t msgno = beep_free_msgno(k, b->conn.side);
        TRY(beep_play_owe(p, end, BEEP_MSG, a->channel, msgno, buf_slice(&a->payload), BEEP_THEN_NOTHING,
                          "data"));
        a->wait[a->waits++] = msgno;
        a->left--;
        a->sent++;
        TRY(beep_play_pump(p, end, now));
    }
    if (!a->on || a->left || a->waits) return OK;
    struct beep_fields f = {.n = 0};
    a->on = false;
    buf_done(&a->payload);
    beep_put_number(&f, "sent", a->sent);
    beep_put_number(&f, "oks", a->oks);
    beep_put_number(&f, "errors", a->errors);
    if (a->code) beep_put_number(&f, "code", a->code);
    beep_put(&f, "order", slice_str(a->disorder ? "no" : "yes"));
    size_t r = play_rung(p, RUNG_EVENT, end, true, false, "all were answered", SLICE_NONE, now);
    play_raise(p, "answered", end, false, r, f.f, f.n);
    return OK;
}

/* --- a session anew ------------------------------------------------------------------------------ */

err idxp_play_opaque(struct player *p, int end, uint64_t now)
{
    struct idxp_play_end *x = idxp_play_end(p, end);
    struct beep_play_end *b = beep_play_end(p, end);
    struct buf rest;
    if (x->opaque) return OK;
    x->opaque = true;
    x->switching = false;
    if (!b->live) return OK;
    buf_init(&rest, p->e.env->mem, p->e.env->limits.out_queue);
    err e = beep_reader_rest(&b->conn.track.reader[!b->conn.side], &rest);
    if (e == OK) e = buf_add(&rest, buf_slice(&b->conn.clear));
    if (e == OK) buf_clear(&b->conn.clear);
    if (e == OK) idxp_play_octets(p, end, buf_slice(&rest), now);
    buf_done(&rest);
    return e;
}

err idxp_play_renew(struct player *p, int end, uint64_t now)
{
    struct idxp_play_end *x = idxp_play_end(p, end);
    struct beep_play_end *b = beep_play_end(p, end);
    x->switching = x->opaque = false;
    x->through = true;
    play_rung(p, RUNG_EVENT, end, false, false, "BEEP begins anew", SLICE_NONE, now);
    if (!b->live) {
        play_beep_up(p, end, now);
        return OK;
    }
    x->first_renewed = true;
    b->authenticated = false;
    buf_done(&b->sending.payload);
    b->sending.on = false;
    beep_play_fresh(p, end);
    TRY(beep_conn_renew(&b->conn));
    if (x->ours_inside) b->conn.track.tainted[b->conn.side] = true;
    return beep_play_greet(p, end, now);
}

/* Who is at the end of the tunnel: at an end of a proxy it is ourselves. */
static err switch_over(struct player *p, int end, uint64_t now)
{
    struct idxp_play_end *x = idxp_play_end(p, end);
    if (!x->switching) return OK;
    x->through = true;
    if (idxp_play_proxy(p)) x->ours_inside = true;
    return idxp_play_proxy(p) || x->no_renew ? idxp_play_opaque(p, end, now) : idxp_play_renew(p, end, now);
}

err idxp_play_settle(struct player *p, int end, uint64_t now)
{
    struct beep_play_end *b = beep_play_end(p, end);
    if (p->stop) return OK;
    TRY(switch_over(p, end, now));
    if (!b->live || idxp_play_end(p, end)->opaque || b->conn.track.lost ||
        (b->conn.to_tls && !beep_play_secured(b)))
        return OK;
    TRY(greet_in_turn(p, end, now));
    return more_alerts(p, end, now);
}
