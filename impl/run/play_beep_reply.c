/* SPDX-License-Identifier: MIT */
/* The BEEP adapter of the player: frames as they should be, and what the tester does by itself: greet, grant
 * windows, answer what the peer begins. */
#include <stdio.h>
#include <string.h>

#include "peer/beep_peer.h"
#include "run/play_beep_impl.h"

/* --- frames as they should be -------------------------------------------------------------------- */

err beep_play_write(struct player *p, int end, slice octets, const char *what, uint64_t now)
{
    struct beep_play_end *x = beep_play_end(p, end);
    char head[80], label[160];
    beep_play_head(octets, head, sizeof head);
    snprintf(label, sizeof label, "%s%s%s", head, *what ? " " : "", what);
    play_rung(p, RUNG_MESSAGE, end, false, beep_play_secured(x), label, octets, now);
    if (x->conn.to_tls && !x->conn.tls) { /* no tracker reads what stands in the place of TLS */
        x->conn.track.tainted[x->conn.side] = true;
        return beep_conn_write(&x->conn, octets);
    }
    return beep_conn_write_read(&x->conn, octets);
}

err beep_play_frame(struct player *p, int end, enum beep_keyword keyword, uint32_t channel, uint32_t msgno,
                    uint32_t ansno, bool more, slice payload, const char *what, uint64_t now)
{
    struct beep_play_end *x = beep_play_end(p, end);
    const struct beep_channel *c = track_beep_channel(&x->conn.track, channel);
    struct beep_frame f = {.keyword = keyword,
                           .channel = channel,
                           .msgno = msgno,
                           .more = more,
                           .ansno = ansno,
                           .payload = payload};
    struct buf out;
    f.seqno = c ? (uint32_t)c->dir[x->conn.side].next : 0;
    buf_init(&out, p->e.env->mem, payload.n + BEEP_HEAD_MAX + 16);
    err e = beep_frame_write(&f, &out);
    if (e == OK) e = beep_play_write(p, end, buf_slice(&out), what, now);
    buf_done(&out);
    return e;
}

err beep_play_seq(struct player *p, int end, uint32_t channel, uint32_t window, uint64_t now)
{
    struct beep_play_end *x = beep_play_end(p, end);
    const struct beep_channel *c = track_beep_channel(&x->conn.track, channel);
    struct beep_frame f = {.keyword = BEEP_SEQ, .channel = channel, .size = window};
    struct buf out;
    f.seqno = c ? (uint32_t)c->dir[!x->conn.side].next : 0;
    buf_init(&out, p->e.env->mem, BEEP_HEAD_MAX);
    err e = beep_frame_write(&f, &out);
    if (e == OK) e = beep_play_write(p, end, buf_slice(&out), "", now);
    buf_done(&out);
    return e;
}

/* No SEQ may land in what is negotiated below (BEEP-D13), or behind the end. */
static bool may_talk(const struct player *p, int end)
{
    const struct beep_play_end *x = beep_play_end(p, end);
    const struct beep_play_more *more = beep_play_run(p)->more;
    const struct track_beep *t = &x->conn.track;
    if (more && !more->may_talk(p, end)) return false;
    enum beep_session_state s = track_beep_session(t);
    enum beep_tuning_state k = track_beep_tuning(t);
    if (x->conn.to_tls && !beep_conn_secured(&x->conn)) return false;
    if (k == BEEP_TS_READY || k == BEEP_TS_PROCEED || beep_play_may_layer(x)) return false;
    return s != BEEP_SS_TUNING && s != BEEP_SS_RELEASED && s != BEEP_SS_CLOSED && s != BEEP_SS_UNAVAILABLE;
}

err beep_play_grant(struct player *p, int end, uint32_t channel, uint64_t now)
{
    struct beep_play_end *x = beep_play_end(p, end);
    const struct beep_channel *c = track_beep_channel(&x->conn.track, channel);
    if (!c || !may_talk(p, end) || x->conn.track.lost || p->e.link[end].fin) return OK;
    /* management is small: its first window is kept up, no more */
    bool data = c->number && c->tuning == BEEP_DATA_CHANNEL;
    uint32_t left = beep_window(c, !x->conn.side), enough = data ? BEEP_PLAY_GRANT / 2 : BEEP_WINDOW / 2;
    return left >= enough ? OK : beep_play_seq(p, end, channel, BEEP_PLAY_GRANT, now);
}

/* --- what an echo has to equal ------------------------------------------------------------------- */

static uint64_t hash(uint64_t h, slice s)
{
    for (size_t i = 0; i < s.n; i++) /* FNV-1a: told apart by chance, not by design */
        h = (h ^ s.p[i]) * 1099511628211u;
    return h;
}
#define HASH_START 14695981039346656037u

/* Its place; BEEP_PLAY_SENT when it is not known. */
static size_t sent_at(const struct beep_play_end *x, uint32_t channel, uint32_t msgno)
{
    size_t i = 0;
    while (i < BEEP_PLAY_SENT &&
           !(x->sent[i].used && x->sent[i].channel == channel && x->sent[i].msgno == msgno))
        i++;
    return i;
}

void beep_play_remember(struct beep_play_end *x, uint32_t channel, uint32_t msgno, slice octets)
{
    const struct beep_channel *c = track_beep_channel(&x->conn.track, channel);
    bool goes_on = c && c->dir[x->conn.side].unfinished && c->dir[x->conn.side].keyword == BEEP_MSG &&
                   c->dir[x->conn.side].msgno == msgno;
    size_t at = sent_at(x, channel, msgno);
    struct beep_play_sent *s = &x->sent[at < BEEP_PLAY_SENT ? at : x->sent_next++ % BEEP_PLAY_SENT];
    if (!goes_on || !s->used)
        *s = (struct beep_play_sent){.used = true, .channel = channel, .msgno = msgno, .hash = HASH_START};
    s->hash = hash(s->hash, octets);
    s->size += octets.n;
}

int beep_play_same(const struct beep_play_end *x, uint32_t channel, uint32_t msgno, slice message)
{
    size_t at = sent_at(x, channel, msgno);
    if (at == BEEP_PLAY_SENT) return -1;
    return x->sent[at].size == message.n && x->sent[at].hash == hash(HASH_START, message);
}

/* --- what we begin ------------------------------------------------------------------------------- */

uint32_t beep_play_data_channel(const struct beep_play_end *x)
{
    const struct track_beep *t = &x->conn.track;
    uint32_t other = 0;
    for (size_t i = 0; i < t->channels; i++) {
        const struct beep_channel *c = t->channel[i];
        if (!c->number || c->tuning != BEEP_DATA_CHANNEL || c->fsm.state == BEEP_CS_NONE ||
            c->fsm.state == BEEP_CS_STARTING)
            continue;
        if ((c->number & 1) == (x->dials ? 1u : 0u)) return c->number;
        if (!other) other = c->number;
    }
    return other;
}

enum { OFFERS = 2 + SASL_MECHS + 4 /* of a protocol over BEEP */ };
struct offers { /* the store moves while it grows, so that places stand for slices */
    struct buf *store;
    size_t from[OFFERS + 1], n;
};

static void add_offer(struct offers *o, const char *base, const char *name)
{
    if (o->n + 1 >= sizeof o->from / sizeof *o->from || buf_addf(o->store, "%s%s", base, name) != OK) return;
    o->from[++o->n] = o->store->n;
}

/* An initiator has nothing to offer: some peers would start a channel for it.  A listener offers what the
 * peer may want to begin with. */
size_t beep_play_offers(struct player *p, int end, struct beep_profile_el *out, size_t n, struct buf *store)
{
    const struct beep_play_end *x = beep_play_end(p, end);
    const struct play_beep_run *r = beep_play_run(p);
    const char *data = play_beep_profile(r);
    struct offers o = {.store = store};
    size_t i;
    if (x->dials) return 0;
    add_offer(&o, data ? data : BEEP_URI_ECHO, "");
    if (!r->no_tls && r->identity && !beep_play_secured(x) && !x->authenticated)
        add_offer(&o, BEEP_URI_TLS, "");
    for (int m = 0; r->users && !x->authenticated && m < SASL_MECHS; m++)
        if (m != SASL_EXTERNAL)
            add_offer(&o, BEEP_URI_SASL, sasl_mech_names[m]); /* no identity comes from below here */
    const char *uri;
    for (i = 0; r->more && (uri = r->more->offer(p, end, i)) != NULL; i++)
        add_offer(&o, uri, "");
    for (i = 0; i < o.n && i < n; i++)
        out[i] = (struct beep_profile_el){.uri = slice_sub(buf_slice(store), o.from[i], o.from[i + 1])};
    return i;
}

/* The case has a greeting of its own, or something in its place. */
static bool case_greets(const struct player *p, int end)
{
    for (size_t i = p->pc; i < p->plan->stmts; i++) {
        const struct scn_stmt *s = &p->plan->stmt[i];
        const char *what = beep_play_word(s, 0);
        if (p->run->proto->end_of(p, s->end) != end || !what) continue;
        if (s->word == SCN_REACH && strcmp(what, "connected") != 0) return false;
        if (s->word == SCN_SEND && (strcmp(what, "greeting") == 0 || strcmp(what, "refusal") == 0))
            return true;
    }
    return false;
}

err beep_play_greet(struct player *p, int end, uint64_t now)
{
    struct beep_play_end *x = beep_play_end(p, end);
    struct beep_profile_el offer[OFFERS];
    struct beep_el el = {.kind = BEEP_EL_GREETING, .profile = offer};
    struct buf store, message;
    if (x->greeted || x->no_greeting || case_greets(p, end)) return OK;
    buf_init(&store, p->e.env->mem, 4096);
    buf_init(&message, p->e.env->mem, 8192);
    el.profiles = beep_play_offers(p, end, offer, sizeof offer / sizeof *offer, &store);
    err e = beep_mgmt_write(&el, BEEP_CDATA, &message);
    x->greeted = true;
    if (e == OK) e = beep_play_frame(p, end, BEEP_RPY, 0, 0, 0, false, buf_slice(&message), "greeting", now);
    buf_done(&message);
    buf_done(&store);
    return e;
}

err beep_play_element(struct player *p, int end, enum beep_keyword keyword, uint32_t channel, uint32_t *msgno,
                      const struct beep_el *el, enum beep_play_then then, uint64_t now)
{
    struct beep_play_end *x = beep_play_end(p, end);
    const struct beep_channel *c = track_beep_channel(&x->conn.track, channel);
    struct buf message;
    char what[48];
    uint32_t number = msgno ? *msgno : 0;
    if (keyword == BEEP_MSG) number = c ? beep_free_msgno(c, x->conn.side) : 1;
    if (msgno) *msgno = number;
    buf_init(&message, p->e.env->mem, 64 * 1024);
    beep_play_summary(el, what, sizeof what);
    err e = beep_mgmt_write(el, BEEP_CDATA, &message);
    bool fits = c && message.n <= beep_window(c, x->conn.side);
    if (e == OK && keyword == BEEP_MSG && fits)
        e = beep_play_frame(p, end, keyword, channel, number, 0, false, buf_slice(&message), what, now);
    else if (e == OK)
        e = beep_play_owe(p, end, keyword, channel, number, buf_slice(&message), then, what);
    buf_done(&message);
    return e == OK && keyword == BEEP_MSG && !fits ? beep_play_pump(p, end, now) : e;
}

/* --- answers ------------------------------------------------------------------------------------- */

err beep_play_owe(struct player *p, int end, enum beep_keyword keyword, uint32_t channel, uint32_t msgno,
                  slice payload, enum beep_play_then then, const char *what)
{
    struct beep_play_end *x = beep_play_end(p, end);
    if (x->owed_n == BEEP_PLAY_OWED) return ERR_LIMIT;
    struct beep_play_owed *o = &x->owed[x->owed_n];
    *o = (struct beep_play_owed){.keyword = keyword, .channel = channel, .msgno = msgno, .then = then};
    buf_init(&o->payload, p->e.env->mem, p->e.env->limits.content + BEEP_MIME_HEAD_MAX);
    snprintf(o->what, sizeof o->what, "%s", what);
    err e = buf_add(&o->payload, payload);
    if (e == OK)
        x->owed_n++;
    else
        buf_done(&o->payload);
    return e;
}

static err owe_element(struct player *p, int end, enum beep_keyword keyword, const struct beep_frame *to,
                       const struct beep_el *el, enum beep_play_then then, uint64_t now)
{
    uint32_t msgno = to->msgno;
    return beep_play_element(p, end, keyword, to->channel, &msgno, el, then, now);
}

static err owe_error(struct player *p, int end, const struct beep_frame *to, uint16_t code, uint64_t now)
{
    const char *text = beep_code_text(code);
    struct beep_el el = {.kind = BEEP_EL_ERROR, .code = code, .text = slice_str(text)};
    return owe_element(p, end, BEEP_ERR, to, &el, BEEP_THEN_NOTHING, now);
}

/* The content of a profile element is an element again: error, proceed, blob. */
static err owe_profile(struct player *p, int end, const struct beep_frame *to, slice uri,
                       const struct beep_el *inner, enum beep_play_then then, uint64_t now)
{
    struct buf content;
    buf_init(&content, p->e.env->mem, 16 * 1024);
    err e = inner && inner->kind != BEEP_EL_NONE ? beep_el_write(inner, BEEP_CDATA, &content) : OK;
    struct beep_profile_el profile = {.uri = uri, .content = buf_slice(&content)};
    struct beep_el el = {.kind = BEEP_EL_PROFILE, .profile = &profile, .profiles = 1};
    if (e == OK) e = owe_element(p, end, BEEP_RPY, to, &el, then, now);
    buf_done(&content);
    return e;
}

static bool tls_possible(const struct player *p, const struct beep_play_end *x)
{
    return !beep_play_run(p)->no_tls && beep_play_run(p)->identity && !beep_play_secured(x) &&
           !x->authenticated;
}

static err answer_start(struct player *p, int end, const struct beep_got *g, uint64_t now)
{
    struct beep_play_end *x = beep_play_end(p, end);
    const struct play_beep_run *r = beep_play_run(p);
    const char *data = play_beep_profile(r);
    size_t any = g->el->profiles; /* a data profile that is not the usual one: better than none */
    for (size_t i = 0; i < g->el->profiles; i++) { /* the first that we can serve */
        slice uri = g->el->profile[i].uri;
        if (slice_eq(uri, SLICE_LIT(BEEP_URI_TLS))) {
            struct beep_el proceed = {.kind = BEEP_EL_PROCEED};
            bool ready = g->inner && g->inner->kind == BEEP_EL_READY;
            if (!tls_possible(p, x)) continue;
            return owe_profile(p, end, &g->frame, uri, ready ? &proceed : NULL,
                               ready ? BEEP_THEN_TLS : BEEP_THEN_NOTHING, now);
        }
        if (slice_starts(uri, SLICE_LIT(BEEP_URI_SASL))) {
            struct beep_el answer = {.kind = BEEP_EL_NONE};
            enum beep_play_then then = BEEP_THEN_NOTHING;
            struct buf store;
            if (!r->users || x->authenticated) continue;
            buf_init(&store, p->e.env->mem, SASL_BLOB_MAX);
            slice mechanism = slice_sub(uri, sizeof BEEP_URI_SASL - 1, uri.n);
            err e = beep_play_sasl_start(p, end, mechanism, g->inner, g->number, &answer, &store, &then, now);
            if (e == OK) e = owe_profile(p, end, &g->frame, uri, &answer, then, now);
            buf_done(&store);
            return e;
        }
        if (data && slice_eq(uri, slice_str(data)))
            return owe_profile(p, end, &g->frame, uri, NULL, BEEP_THEN_NOTHING, now);
        if (r->echo && any == g->el->profiles) any = i;
    }
    if (any < g->el->profiles)
        return owe_profile(p, end, &g->frame, g->el->profile[any].uri, NULL, BEEP_THEN_NOTHING, now);
    return owe_error(p, end, &g->frame, 550, now);
}

static err answer_close(struct player *p, int end, const struct beep_got *g, uint64_t now)
{
    struct beep_play_end *x = beep_play_end(p, end);
    struct beep_el ok = {.kind = BEEP_EL_OK};
    uint32_t number = g->el->number;
    /* with another code, behind something wrong of ours, it is the answer to that */
    if (!number) x->peer_releases = g->el->code == 200 || !x->conn.track.tainted[x->conn.side];
    if (number && !track_beep_channel(&x->conn.track, number)) return owe_error(p, end, &g->frame, 550, now);
    TRY(owe_element(p, end, BEEP_RPY, &g->frame, &ok, number ? BEEP_THEN_NOTHING : BEEP_THEN_END, now));
    x->owed[x->owed_n - 1].closing = true;
    x->owed[x->owed_n - 1].number = number;
    return OK;
}

static err answer_blob(struct player *p, int end, const struct beep_got *g, uint64_t now)
{
    struct beep_el answer = {.kind = BEEP_EL_NONE};
    enum beep_play_then then = BEEP_THEN_NOTHING;
    struct buf store;
    buf_init(&store, p->e.env->mem, SASL_BLOB_MAX);
    err e = beep_play_sasl_blob(p, end, g->el, &answer, &store, &then, now);
    if (e == OK)
        e = owe_element(p, end, answer.kind == BEEP_EL_ERROR ? BEEP_ERR : BEEP_RPY, &g->frame, &answer, then,
                        now);
    buf_done(&store);
    return e;
}

err beep_play_react(struct player *p, int end, const struct beep_got *g, uint64_t now)
{
    struct beep_play_end *x = beep_play_end(p, end);
    const struct beep_play_more *more = beep_play_run(p)->more;
    bool took = false;
    if (!g->channel || x->conn.track.ended[x->conn.side]) return OK;
    if (more) TRY(more->react(p, end, g, &took, now));
    if (took) return OK;
    if (!g->el) { /* data comes back as it is */
        slice back = g->message_lost ? SLICE_LIT("\r\n") : g->message;
        return beep_play_owe(p, end, g->message_lost ? BEEP_ERR : BEEP_RPY, g->frame.channel, g->frame.msgno,
                             back, BEEP_THEN_NOTHING, "echo");
    }
    for (uint32_t i = 0; i < g->el->note_n; i++) {
        enum beep_remedy r = (enum beep_remedy)beep_remedies[g->el->note[i].code];
        if (r == BEEP_DO_ILL) return owe_error(p, end, &g->frame, 500, now);
        if (r == BEEP_DO_INVALID) return owe_error(p, end, &g->frame, 501, now);
    }
    switch (g->el->kind) {
    case BEEP_EL_START:
        return answer_start(p, end, g, now);
    case BEEP_EL_CLOSE:
        if (g->el->number ? x->hold_closes : x->hold_release) return OK;
        return answer_close(p, end, g, now);
    case BEEP_EL_READY: {
        struct beep_el proceed = {.kind = BEEP_EL_PROCEED};
        if (!tls_possible(p, x)) return owe_error(p, end, &g->frame, 550, now);
        return owe_element(p, end, BEEP_RPY, &g->frame, &proceed, BEEP_THEN_TLS, now);
    }
    case BEEP_EL_BLOB:
        return answer_blob(p, end, g, now);
    case BEEP_EL_NONE:
    case BEEP_EL_GREETING:
    case BEEP_EL_PROFILE:
    case BEEP_EL_OK:
    case BEEP_EL_ERROR:
    case BEEP_EL_PROCEED:
    case BEEP_EL_COUNT:
        break;
    }
    return owe_error(p, end, &g->frame, 501, now);
}

/* --- when they may go ---------------------------------------------------------------------------- */

/* 3080 2.3.1.3: an ok waits until nothing of that channel is open; for a release, of any (2.4). */
static bool may_agree(const struct beep_play_end *x, uint32_t number)
{
    const struct track_beep *t = &x->conn.track;
    if (number) {
        const struct beep_channel *c = track_beep_channel(t, number);
        return !c || beep_quiet(c);
    }
    for (size_t i = 0; i < t->channels; i++) {
        const struct beep_channel *c = t->channel[i];
        if (c->number ? !beep_quiet(c) : beep_waits(c, x->conn.side)) return false;
    }
    return true;
}

/* 3080 3.1.3.1: behind our ready nothing may follow before its answer; what the peer asked meanwhile is
 * answered then, or gone with its channel. */
static bool awaits_tls(const struct beep_play_end *x)
{
    const struct track_beep *t = &x->conn.track;
    return track_beep_tuning(t) == BEEP_TS_READY && fsm_side(&t->tuning, BEEP_TP_CLIENT) == x->conn.side;
}

static bool may_go(const struct beep_play_end *x, const struct beep_play_owed *o)
{
    if (awaits_tls(x) || beep_play_may_layer(x)) return false;
    const struct beep_channel *c = track_beep_channel(&x->conn.track, o->channel);
    if (!c) return true; /* it will be dropped */
    const struct beep_dir *d = &c->dir[x->conn.side];
    if (!o->begun && d->unfinished) return false; /* the case is in the middle of a message */
    const struct beep_exchange *oldest = beep_owed(c, x->conn.side);
    if (o->keyword != BEEP_MSG && !o->begun && oldest && oldest->msgno != o->msgno)
        return false; /* one before it waits, or the case holds it back (2.6.1) */
    if (o->closing && !may_agree(x, o->number)) return false;
    return o->at == o->payload.n || beep_window(c, x->conn.side) > 0;
}

static void drop_owed(struct beep_play_end *x, size_t i)
{
    buf_done(&x->owed[i].payload);
    memmove(&x->owed[i], &x->owed[i + 1], (x->owed_n - i - 1) * sizeof *x->owed);
    x->owed_n--;
}

static err follow(struct player *p, int end, enum beep_play_then then, uint64_t now)
{
    switch (then) {
    case BEEP_THEN_TLS:
        beep_play_fresh(p, end);
        return beep_play_start_tls(p, end, false);
    case BEEP_THEN_LAYER:
        return beep_play_sasl_layer(p, end, now);
    case BEEP_THEN_END: /* a case that waits for the peer's end has that long */
        beep_play_end(p, end)->over_at = now + p->e.env->limits.close_ms;
        return beep_play_close(p, end, true, now);
    case BEEP_THEN_NOTHING:
        break;
    }
    return OK;
}

/* One frame of one reply.  *moved: something was sent, or dropped. */
static err step(struct player *p, int end, size_t i, bool *moved, uint64_t now)
{
    struct beep_play_end *x = beep_play_end(p, end);
    struct beep_play_owed *o = &x->owed[i];
    const struct beep_channel *c = track_beep_channel(&x->conn.track, o->channel);
    *moved = false;
    if (!may_go(x, o)) return OK;
    *moved = true;
    if (!c || p->e.link[end].fin) {
        drop_owed(x, i);
        return OK;
    }
    size_t left = o->payload.n - o->at, room = beep_window(c, x->conn.side), n = left < room ? left : room;
    if (n > BEEP_PLAY_FRAME) n = BEEP_PLAY_FRAME;
    bool last = n == left;
    slice piece = slice_sub(buf_slice(&o->payload), o->at, o->at + n);
    TRY(beep_play_frame(p, end, o->keyword, o->channel, o->msgno, 0, !last, piece, o->what, now));
    o->begun = true;
    o->at += n;
    if (!last) return OK;
    enum beep_play_then then = o->then;
    drop_owed(x, i);
    return follow(p, end, then, now);
}

err beep_play_pump(struct player *p, int end, uint64_t now)
{
    struct beep_play_end *x = beep_play_end(p, end);
    bool any = true;
    while (any && x->live) {
        any = false;
        for (size_t i = 0; i < x->owed_n; i++) {
            bool moved;
            TRY(step(p, end, i, &moved, now));
            any |= moved;
            if (moved) break; /* places changed */
        }
    }
    return x->live ? beep_play_many_go(p, end, now) : OK;
}
