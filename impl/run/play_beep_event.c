/* SPDX-License-Identifier: MIT */
/* The BEEP adapter of the player: what came becomes rungs, faults and events. */
#include <stdio.h>
#include <string.h>

#include "run/play_beep_impl.h"

/* --- fields -------------------------------------------------------------------------------------- */

void beep_put(struct beep_fields *f, const char *key, slice value)
{
    if (f->n == PLAY_FIELDS) return;
    f->f[f->n++] = (struct play_field){key, value};
}

void beep_put_number(struct beep_fields *f, const char *key, uint64_t v)
{
    if (f->n == PLAY_FIELDS) return;
    char *text = f->text[f->n];
    int w = snprintf(text, sizeof f->text[0], "%llu", (unsigned long long)v);
    beep_put(f, key, slice_of(text, (size_t)w));
}

static void put_code(struct beep_fields *f, const char *key, unsigned code)
{
    if (code) beep_put_number(f, key, code);
}

static void raise(struct player *p, const char *name, int end, bool shy, size_t rung,
                  const struct beep_fields *f)
{
    play_raise(p, name, end, shy, rung, f->f, f->n);
}

/* --- for people ---------------------------------------------------------------------------------- */

void beep_play_head(slice octets, char *out, size_t n)
{
    size_t at = 0;
    for (size_t i = 0; i < octets.n && at + 1 < n && octets.p[i] != '\r' && octets.p[i] != '\n'; i++)
        out[at++] = octets.p[i] >= 0x20 && octets.p[i] < 0x7f ? (char)octets.p[i] : '?';
    out[at] = 0;
}

void beep_play_summary(const struct beep_el *el, char *out, size_t n)
{
    const char *name = beep_element_names[el->kind];
    switch (el->kind) {
    case BEEP_EL_START:
    case BEEP_EL_CLOSE:
        snprintf(out, n, "%s number=%u", name, (unsigned)el->number);
        return;
    case BEEP_EL_ERROR:
        snprintf(out, n, "error %u", (unsigned)el->code);
        return;
    case BEEP_EL_GREETING:
        snprintf(out, n, "greeting, %zu profiles", el->profiles);
        return;
    case BEEP_EL_BLOB:
        snprintf(out, n, "blob %s",
                 el->status == BEEP_BLOB_ABORT      ? "abort"
                 : el->status == BEEP_BLOB_COMPLETE ? "complete"
                                                    : "continue");
        return;
    case BEEP_EL_NONE:
    case BEEP_EL_PROFILE:
    case BEEP_EL_OK:
    case BEEP_EL_READY:
    case BEEP_EL_PROCEED:
    case BEEP_EL_COUNT:
        break;
    }
    snprintf(out, n, "%s", name);
}

/* The fault of the peer that makes a frame poorly formed; NONE when it is not. */
static enum beep_fault_code poor(const struct beep_play_end *x)
{
    const struct track_beep *t = &x->conn.track;
    for (uint32_t i = 0; i < t->fault_n; i++) {
        const struct beep_fault *f = &t->fault[i];
        if (f->side != x->conn.side && beep_remedies[f->code] == BEEP_DO_SESSION && f->severity != SEV_NOTE)
            return f->code;
    }
    return BEEP_F_NONE;
}

/* --- what came ----------------------------------------------------------------------------------- */

/* The peer's messages in progress. */
static struct beep_play_part *count_frame(struct beep_play_end *x, const struct beep_frame *f)
{
    struct beep_play_part *free_one = NULL;
    for (size_t i = 0; i < BEEP_PLAY_PARTS; i++) {
        struct beep_play_part *k = &x->part[i];
        bool same = k->used && k->keyword == f->keyword && k->channel == f->channel && k->msgno == f->msgno &&
                    k->ansno == f->ansno;
        if (!k->used && !free_one) free_one = k;
        if (!same) continue;
        free_one = k;
        break;
    }
    if (!free_one) return NULL;
    if (!free_one->used)
        *free_one = (struct beep_play_part){.used = true,
                                            .keyword = f->keyword,
                                            .channel = f->channel,
                                            .msgno = f->msgno,
                                            .ansno = f->keyword == BEEP_ANS ? f->ansno : 0};
    free_one->frames++;
    free_one->size += f->payload.n;
    if (f->payload.n > free_one->largest) free_one->largest = (uint32_t)f->payload.n;
    return free_one;
}

/* --- events of messages -------------------------------------------------------------------------- */

static void put_where(struct beep_fields *f, const struct beep_frame *fr)
{
    beep_put_number(f, "channel", fr->channel);
    beep_put_number(f, "msgno", fr->msgno);
}

static void put_parts(struct beep_fields *f, const struct beep_play_part *k)
{
    if (!k) return;
    beep_put_number(f, "frames", k->frames);
    beep_put_number(f, "largest", k->largest);
}

static void put_asked(struct beep_fields *f, const struct beep_got *g)
{
    static const char *const asks[] = {"", "start", "close", "release", "greeting"};
    if (g->ask != BEEP_ASK_NOTHING) beep_put(f, "asked", slice_str(asks[g->ask]));
    if (g->ask == BEEP_ASK_START || g->ask == BEEP_ASK_CLOSE) beep_put_number(f, "number", g->number);
}

/* The URIs joined by commas, as far as they fit. */
static slice join_profiles(const struct beep_el *el, struct buf *out)
{
    for (size_t i = 0; i < el->profiles; i++) {
        if (i && buf_add_byte(out, ',') != OK) break;
        if (buf_add(out, el->profile[i].uri) != OK) break;
    }
    return buf_slice(out);
}

/* The white space around CDATA is how the element is laid out, as in the examples (2.3.1.2). */
static slice bare(slice s)
{
    while (s.n && strchr(" \t\r\n", s.p[0]) && s.p[0])
        s = slice_sub(s, 1, s.n);
    while (s.n && strchr(" \t\r\n", s.p[s.n - 1]) && s.p[s.n - 1])
        s.n--;
    return s;
}

static void put_inner(struct beep_fields *f, const struct beep_el *inner)
{
    if (!inner || inner->kind == BEEP_EL_NONE) return;
    beep_put(f, "inner", slice_str(beep_element_names[inner->kind]));
    if (inner->kind == BEEP_EL_ERROR) put_code(f, "code", inner->code);
    if (inner->kind == BEEP_EL_READY) beep_put(f, "version", inner->version);
}

static slice status_of(const struct beep_el *el)
{
    return slice_str(el->status == BEEP_BLOB_ABORT      ? "abort"
                     : el->status == BEEP_BLOB_COMPLETE ? "complete"
                                                        : "continue");
}

static void put_reason(struct beep_fields *f, const struct beep_el *el)
{
    put_code(f, "code", el->code);
    beep_put(f, "text", el->text);
    if (el->lang_given) beep_put(f, "lang", el->lang);
}

/* shy: the peer's own idea, or the business of an exchange that runs by itself. */
static void raise_element(struct player *p, int end, const struct beep_got *g,
                          const struct beep_play_part *part, bool shy, size_t rung)
{
    struct beep_play_end *x = beep_play_end(p, end);
    const struct beep_el *el = g->el;
    struct beep_fields f = {.n = 0};
    struct buf list;
    const char *name = beep_element_names[el->kind];
    bool reply = g->frame.keyword != BEEP_MSG;
    buf_init(&list, p->e.env->mem, 64 * 1024);
    put_where(&f, &g->frame);
    switch (el->kind) {
    case BEEP_EL_GREETING:
        beep_put(&f, "profiles", join_profiles(el, &list));
        beep_put(&f, "features", el->features);
        beep_put(&f, "localize", el->localize);
        put_parts(&f, part);
        break;
    case BEEP_EL_START:
        beep_put_number(&f, "number", el->number);
        beep_put(&f, "profiles", join_profiles(el, &list));
        if (el->profiles) beep_put(&f, "content", bare(el->profile[0].content));
        if (el->server_name_given) beep_put(&f, "serverName", el->server_name);
        put_inner(&f, g->inner);
        break;
    case BEEP_EL_PROFILE:
        put_asked(&f, g);
        if (el->profiles) {
            beep_put(&f, "uri", el->profile[0].uri);
            beep_put(&f, "content", bare(el->profile[0].content));
        }
        put_inner(&f, g->inner);
        if (g->inner && g->inner->kind == BEEP_EL_BLOB) beep_put(&f, "status", status_of(g->inner));
        break;
    case BEEP_EL_CLOSE:
        name = "close-request"; /* close stands for the ends of TCP and TLS */
        beep_put_number(&f, "number", el->number);
        put_reason(&f, el);
        break;
    case BEEP_EL_OK:
        put_asked(&f, g);
        break;
    case BEEP_EL_ERROR:
        if (g->frame.channel == 0 && g->frame.keyword == BEEP_ERR && g->frame.msgno == 0 && x->refused)
            name = "refusal";
        beep_put(&f, "keyword", slice_str(beep_keyword_names[g->frame.keyword]));
        put_asked(&f, g);
        put_reason(&f, el);
        if (beep_play_secured(x)) beep_put(&f, "under", slice_str("tls"));
        break;
    case BEEP_EL_READY:
        beep_put(&f, "version", el->version);
        break;
    case BEEP_EL_BLOB:
        beep_put(&f, "status", status_of(el));
        beep_put(&f, "content", el->blob);
        break;
    case BEEP_EL_PROCEED:
    case BEEP_EL_NONE:
    case BEEP_EL_COUNT:
        break;
    }
    if (el->kind != BEEP_EL_GREETING && el->kind != BEEP_EL_ERROR && el->kind != BEEP_EL_PROFILE)
        put_parts(&f, part);
    raise(p, name, end, shy || el->kind == BEEP_EL_GREETING || !reply, rung, &f);
    buf_done(&list);
}

/* A message that is no element. */
static void raise_unreadable(struct player *p, int end, const struct beep_got *g, size_t rung)
{
    struct beep_play_end *x = beep_play_end(p, end);
    struct beep_fields f = {.n = 0};
    const char *fault = g->el && g->el->note_n ? beep_faults[g->el->note[0].code].name : "ELEMENT";
    beep_put(&f, "fault", slice_str(fault));
    put_where(&f, &g->frame);
    beep_put(&f, "keyword", slice_str(beep_keyword_names[g->frame.keyword]));
    if (g->el && g->el->why) beep_put(&f, "why", slice_str(g->el->why));
    raise(p, "bad", end, g->frame.keyword == BEEP_MSG && x->live, rung, &f);
}

static const char *const data_names[] = {"msg", "rpy", "err", "ans", "nul"};

static void raise_data(struct player *p, int end, const struct beep_got *g, const struct beep_play_part *part,
                       bool told, size_t rung)
{
    struct beep_play_end *x = beep_play_end(p, end);
    struct beep_fields f = {.n = 0};
    struct beep_mime m;
    bool mime = !g->message_lost && g->frame.keyword != BEEP_NUL && beep_mime_read(g->message, &m) == OK;
    put_where(&f, &g->frame);
    if (g->frame.keyword == BEEP_ANS) beep_put_number(&f, "ansno", g->frame.ansno);
    beep_put_number(&f, "size", part ? part->size : g->message.n);
    if (mime) beep_put(&f, "type", m.type);
    beep_put(&f, "body", mime ? m.body : g->message);
    if (g->frame.keyword != BEEP_MSG && g->frame.keyword != BEEP_NUL) {
        int same = g->message_lost ? -1 : beep_play_same(x, g->frame.channel, g->frame.msgno, g->message);
        if (same >= 0) beep_put(&f, "same", slice_str(same ? "yes" : "no"));
    }
    put_parts(&f, part);
    if (!mime && g->frame.keyword != BEEP_NUL) beep_put(&f, "mime", slice_str("no"));
    raise(p, data_names[g->frame.keyword], end, told || g->frame.keyword == BEEP_MSG, rung, &f);
    beep_play_see(p, BEEP_SEEN_DATA);
    if (x->data_channel && x->data_channel != g->frame.channel) beep_play_see(p, BEEP_SEEN_TWO_CHANNELS);
    x->data_channel = g->frame.channel;
}

/* Every frame by itself: a request is one of a MSG, a response one of a reply; those of the greeting are
 * neither. */
static void raise_frame(struct player *p, int end, const struct beep_frame *fr, size_t rung)
{
    struct beep_fields f = {.n = 0};
    beep_put(&f, "keyword", slice_str(beep_keyword_names[fr->keyword]));
    put_where(&f, fr);
    beep_put(&f, "more", slice_str(fr->more ? "*" : "."));
    beep_put_number(&f, "seqno", fr->seqno);
    beep_put_number(&f, "size", fr->payload.n);
    if (fr->keyword == BEEP_ANS) beep_put_number(&f, "ansno", fr->ansno);
    raise(p, fr->keyword == BEEP_MSG ? "request" : "response", end, true, rung, &f);
}

static void raise_seq(struct player *p, int end, const struct beep_frame *fr, size_t rung)
{
    struct beep_fields f = {.n = 0};
    beep_put_number(&f, "channel", fr->channel);
    beep_put_number(&f, "ackno", fr->seqno);
    beep_put_number(&f, "window", fr->size);
    raise(p, "seq", end, true, rung, &f);
}

static void raise_bad(struct player *p, int end, enum beep_fault_code code, slice octets, size_t rung)
{
    struct beep_fields f = {.n = 0};
    beep_put(&f, "fault", slice_str(beep_faults[code].name));
    beep_put(&f, "octets", slice_sub(octets, 0, 64));
    raise(p, "bad", end, false, rung, &f);
}

/* --- one frame ----------------------------------------------------------------------------------- */

static void note_error(struct beep_play_end *x, const struct beep_el *el)
{
    char text[64];
    size_t n = el->text.n < 60 ? el->text.n : 60;
    for (size_t i = 0; i < n; i++)
        text[i] = el->text.p[i] >= 0x20 && el->text.p[i] != 0x7f ? (char)el->text.p[i] : ' ';
    text[n] = 0;
    snprintf(x->declined, sizeof x->declined, "%u %s", (unsigned)el->code, text);
}

/* A MSG that the case declined before its end was answered once, and once is all (3080 2.6.3). */
static bool answered(const struct beep_play_end *x, const struct beep_got *g)
{
    const struct beep_exchange *e =
        g->channel ? beep_exchange_of(g->channel, !x->conn.side, g->frame.msgno) : NULL;
    return !x->conn.track.lost && g->channel && (!e || e->preempted);
}

static err on_message(struct player *p, int end, const struct beep_got *g, struct beep_play_part *part,
                      size_t rung, uint64_t now)
{
    struct beep_play_end *x = beep_play_end(p, end);
    const struct beep_el *el = g->el;
    if (part && part->frames > 1) beep_play_see(p, BEEP_SEEN_SEGMENTED);
    if (beep_play_readable(g)) beep_play_learn(p, end, g);
    if (part) part->used = false;
    const struct beep_play_more *more = beep_play_run(p)->more;
    bool about_sasl = beep_play_sasl_about(x, g), about_many = beep_play_many_about(x, g);
    enum beep_play_told told = more ? more->tells(p, end, g) : BEEP_TOLD_AS_EVER;
    if (!el && !(g->channel && (g->channel->number == 0 || g->channel->tuning != BEEP_DATA_CHANNEL))) {
        raise_data(p, end, g, part, told != BEEP_TOLD_AS_EVER, rung);
    } else if (!beep_play_readable(g)) {
        raise_unreadable(p, end, g, rung);
    } else {
        if (el->kind == BEEP_EL_ERROR) {
            x->refused = track_beep_session(&x->conn.track) == BEEP_SS_UNAVAILABLE && g->frame.msgno == 0;
            note_error(x, el);
        }
        if (told != BEEP_TOLD_NOT) raise_element(p, end, g, part, about_sasl || about_many || told == BEEP_TOLD_SHYLY, rung);
    }
    if (more) TRY(more->message(p, end, g, rung, now));
    if (about_many) beep_play_many_reply(x, g, beep_play_readable(g));
    if (about_sasl) return beep_play_sasl_reply(p, end, g, now);
    if (g->frame.keyword != BEEP_MSG || x->hold || answered(x, g)) return OK;
    return beep_play_react(p, end, g, now);
}

static err on_frame(struct player *p, int end, const struct beep_got *g, uint64_t now)
{
    struct beep_play_end *x = beep_play_end(p, end);
    const struct track_beep *t = &x->conn.track;
    const struct beep_frame *fr = &g->frame;
    char label[160], head[80], what[64] = "";
    bool greeting = !x->peer_greeted && fr->keyword != BEEP_MSG && fr->channel == 0 && fr->msgno == 0;
    bool tls_granted = g->tune;
    uint32_t channel = fr->channel;
    beep_play_head(fr->raw, head, sizeof head);
    if (g->last && g->el) beep_play_summary(g->el, what, sizeof what);
    snprintf(label, sizeof label, "%s%s%s", head, *what ? " " : "", what);
    size_t r = play_rung(p, RUNG_MESSAGE, end, true, beep_play_secured(x), label, fr->raw, now);
    beep_play_faults(p, end, r);
    beep_play_look(p, end, g, greeting, r);
    enum beep_fault_code bad = poor(x);
    if (bad != BEEP_F_NONE) {
        raise_bad(p, end, bad, fr->raw, r);
        return OK;
    }
    if (fr->keyword == BEEP_SEQ) {
        raise_seq(p, end, fr, r);
        return OK;
    }
    if (!greeting) raise_frame(p, end, fr, r);
    struct beep_play_part *part = count_frame(x, fr);
    if (beep_play_run(p)->more) TRY(beep_play_run(p)->more->frame(p, end, g, r));
    if (g->last && greeting) x->peer_greeted = true;
    if (fr->more && fr->payload.n) play_progress(p, end, now); /* no SEQ, and no empty frame, brings a message nearer to its end */
    if (g->last) TRY(on_message(p, end, g, part, r, now));
    /* nothing of *g from here on: what we send takes its place */
    if (tls_granted) {
        beep_play_fresh(p, end);
        return x->auto_tls ? beep_play_start_tls(p, end, true) : OK;
    }
    if (track_beep_session(t) == BEEP_SS_TUNING) return OK;
    return x->no_seq || (channel && channel == x->no_seq_on) ? OK : beep_play_grant(p, end, channel, now);
}

/* --- TLS ----------------------------------------------------------------------------------------- */

void beep_play_plain(struct player *p, int end, const char *name, bool shy, const char *label, uint64_t now)
{
    size_t r = play_rung(p, RUNG_EVENT, end, true, false, label, SLICE_NONE, now);
    play_raise(p, name, end, shy, r, NULL, 0);
}

static void on_tls_open(struct player *p, int end, uint64_t now)
{
    struct beep_play_end *x = beep_play_end(p, end);
    struct tls_info info = {0};
    char label[120];
    bool known = x->conn.tls && tls_info_of(x->conn.tls, &info);
    snprintf(label, sizeof label, "TLS stands: %s %s%s", known ? info.version : "?", known ? info.suite : "",
             info.resumed ? ", resumed" : "");
    size_t r = play_rung(p, RUNG_EVENT, end, true, true, label, SLICE_NONE, now);
    struct play_field f[] = {{"version", slice_str(info.version)},
                             {"suite", slice_str(info.suite)},
                             {"resumed", slice_str(info.resumed ? "yes" : "no")},
                             {"certificate", slice_str(info.peer_cert ? "yes" : "no")},
                             {"subject", slice_str(info.peer_subject)}};
    beep_play_see(p, BEEP_SEEN_TLS);
    beep_play_faults(p, end, r);
    play_raise(p, "tls", end, true, r, f, sizeof f / sizeof *f);
}

static void on_tls_failed(struct player *p, int end, int number, uint64_t now)
{
    struct beep_play_end *x = beep_play_end(p, end);
    char label[160], alert[8];
    const char *why = x->conn.tls ? tls_why(x->conn.tls) : "alert of the peer";
    snprintf(label, sizeof label, "TLS failed: %s", why);
    size_t r = play_rung(p, RUNG_EVENT, end, true, false, label, SLICE_NONE, now);
    snprintf(alert, sizeof alert, "%d", number);
    struct play_field f[] = {{"why", slice_str(why)}, {"alert", number >= 0 ? slice_str(alert) : SLICE_NONE}};
    play_raise(p, "tls-failed", end, false, r, f, 2);
}

static void on_hello(struct player *p, int end, uint16_t version, uint64_t now)
{
    char text[16], label[40];
    snprintf(text, sizeof text, "%u.%u", (unsigned)(version >> 8), (unsigned)(version & 0xff));
    snprintf(label, sizeof label, version ? "TLS hello, record %s" : "octets that are no TLS", text);
    size_t r = play_rung(p, RUNG_EVENT, end, true, false, label, SLICE_NONE, now);
    beep_play_faults(p, end, r);
    if (version) beep_play_look_hello(p, end, r);
    struct play_field hello = {"version", slice_str(text)};
    if (version)
        play_raise(p, "hello", end, true, r, &hello, 1);
    else
        raise_bad(p, end, BEEP_F_NOT_TLS, buf_slice(&beep_play_end(p, end)->conn.wire), r);
}

static err on_event(struct player *p, int end, struct beep_event *ev, uint64_t now)
{
    struct beep_play_end *x = beep_play_end(p, end);
    const struct track_beep *t = &x->conn.track;
    switch (ev->kind) {
    case BEEP_EV_FRAME:
        return on_frame(p, end, &ev->got, now);
    case BEEP_EV_BAD: {
        enum beep_fault_code code = t->fault_n ? t->fault[0].code : BEEP_F_LIMIT;
        size_t r =
            play_rung(p, RUNG_MESSAGE, end, true, beep_play_secured(x), "no frame", ev->got.frame.raw, now);
        beep_play_see(p, BEEP_SEEN_FRAME);
        beep_play_faults(p, end, r);
        raise_bad(p, end, code, ev->got.frame.raw, r);
        return OK;
    }
    case BEEP_EV_HELLO:
        on_hello(p, end, ev->hello_version, now);
        return OK;
    case BEEP_EV_TLS:
        on_tls_open(p, end, now);
        beep_play_fresh(p, end);
        return beep_play_greet(p, end, now);
    case BEEP_EV_TLS_FAILED:
        on_tls_failed(p, end, ev->alert, now);
        return OK;
    case BEEP_EV_NOTIFY:
        beep_play_plain(p, end, "close-notify", false, "close_notify", now);
        return OK;
    case BEEP_EV_NOTHING:
        break;
    }
    return OK;
}

bool beep_play_next(struct player *p, int end, slice *in, uint64_t now)
{
    struct beep_play_end *x = beep_play_end(p, end);
    struct beep_event ev = {.kind = BEEP_EV_NOTHING};
    if (!x->live) return false;
    x->was_tuning = track_beep_tuning(&x->conn.track);
    if (!beep_conn_next(&x->conn, in, now, &ev)) return false;
    err e = on_event(p, end, &ev, now);
    if (e == OK) e = beep_play_pump(p, end, now);
    if (e == ERR_USE && x->conn.track.lost)
        e = OK; /* behind octets that nobody can read there is nothing left to be answered, or tuned */
    if (e != OK && !p->stop) play_error(p, "cannot answer the peer: %s", err_name(e));
    return true;
}
