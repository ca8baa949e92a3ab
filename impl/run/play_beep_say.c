/* SPDX-License-Identifier: MIT */
/* The BEEP adapter of the player: send and raw. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "peer/beep_peer.h"
#include "run/play_beep_impl.h"

/* A statement of at most 64 arguments (scn.h). */
enum { PROFILES_WRITTEN = 64 };

const char *beep_play_text(const struct scn_stmt *s, const char *key)
{
    const struct scn_arg *a = scn_named(s, key);
    return a && a->values ? (const char *)a->value[0].p : NULL;
}

slice beep_play_octets(const struct scn_stmt *s, const char *key)
{
    const struct scn_arg *a = scn_named(s, key);
    return a && a->values ? slice_of(a->value[0].p, a->value[0].n) : SLICE_NONE;
}

const char *beep_play_word(const struct scn_stmt *s, size_t which)
{
    for (size_t i = 0; i < s->args; i++)
        if (!s->arg[i].key && s->arg[i].values && which-- == 0) return (const char *)s->arg[i].value[0].p;
    return NULL;
}

bool beep_play_number(const struct scn_stmt *s, const char *key, uint32_t *out)
{
    const char *v = beep_play_text(s, key);
    if (!v) return false;
    *out = (uint32_t)strtoul(v, NULL, 0);
    return true;
}

bool beep_play_yes(const struct scn_stmt *s, const char *key)
{
    const char *v = beep_play_text(s, key);
    return v && strcmp(v, "yes") == 0;
}

/* --- what is sent -------------------------------------------------------------------------------- */

static const struct beep_say_word words[] = {
    {"greeting", SAY_ELEMENT, BEEP_EL_GREETING, BEEP_RPY, WHERE_MANAGEMENT},
    {"refusal", SAY_ELEMENT, BEEP_EL_ERROR, BEEP_ERR, WHERE_MANAGEMENT},
    {"start", SAY_ELEMENT, BEEP_EL_START, BEEP_MSG, WHERE_MANAGEMENT},
    {"profile", SAY_ELEMENT, BEEP_EL_PROFILE, BEEP_RPY, WHERE_MANAGEMENT},
    {"close", SAY_ELEMENT, BEEP_EL_CLOSE, BEEP_MSG, WHERE_MANAGEMENT},
    {"ok", SAY_ELEMENT, BEEP_EL_OK, BEEP_RPY, WHERE_MANAGEMENT},
    {"error", SAY_ELEMENT, BEEP_EL_ERROR, BEEP_ERR, WHERE_MANAGEMENT},
    {"ready", SAY_ELEMENT, BEEP_EL_READY, BEEP_MSG, WHERE_TUNING},
    {"proceed", SAY_ELEMENT, BEEP_EL_PROCEED, BEEP_RPY, WHERE_TUNING},
    {"blob", SAY_ELEMENT, BEEP_EL_BLOB, BEEP_MSG, WHERE_TUNING},
    {"mgmt", SAY_XML, BEEP_EL_NONE, BEEP_MSG, WHERE_MANAGEMENT},
    {"msg", SAY_DATA, BEEP_EL_NONE, BEEP_MSG, WHERE_DATA},
    {"rpy", SAY_DATA, BEEP_EL_NONE, BEEP_RPY, WHERE_DATA},
    {"err", SAY_DATA, BEEP_EL_NONE, BEEP_ERR, WHERE_DATA},
    {"ans", SAY_DATA, BEEP_EL_NONE, BEEP_ANS, WHERE_DATA},
    {"nul", SAY_DATA, BEEP_EL_NONE, BEEP_NUL, WHERE_DATA},
    {"seq", SAY_SEQ, BEEP_EL_NONE, BEEP_SEQ, WHERE_DATA},
};
#define WORDS                                                                                                \
    "greeting, refusal, start, profile, close, ok, error, ready, proceed, blob, mgmt, msg, rpy, err, ans, "  \
    "nul and seq"

static err find_word(struct player *p, int end, const struct scn_stmt *s, struct beep_say_word *out)
{
    const struct beep_play_more *more = beep_play_run(p)->more;
    const char *name = beep_play_word(s, 0);
    if (!name) return play_error(p, "send what?  There are %s", WORDS);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        *out = words[i];
        if (strcmp(words[i].name, name) == 0) return OK;
    }
    if (more && more->word(p, end, s, name, out)) return OK;
    return play_error(p, "unknown message %s; there are %s%s%s", name, WORDS, more ? ", " : "", more ? more->words : "");
}

/* The channel of the tuning that is under way, or of the one that was started last; 0 when there is none. */
static uint32_t tuning_channel(const struct beep_play_end *x)
{
    const struct track_beep *t = &x->conn.track;
    uint32_t found = 0;
    for (size_t i = 0; i < t->channels; i++)
        if (t->channel[i]->number && t->channel[i]->tuning != BEEP_DATA_CHANNEL)
            found = t->channel[i]->number;
    return found;
}

/* A data channel where the peer waits for a reply; otherwise the usual one. */
static uint32_t owing_channel(const struct beep_play_end *x)
{
    const struct track_beep *t = &x->conn.track;
    for (size_t i = 0; i < t->channels; i++) {
        const struct beep_channel *c = t->channel[i];
        if (c->number && c->tuning == BEEP_DATA_CHANNEL && beep_owed(c, x->conn.side)) return c->number;
    }
    return beep_play_data_channel(x);
}

static err choose_keyword(struct player *p, const struct scn_stmt *s, const struct beep_say_word *w,
                          const struct beep_play_end *x, enum beep_keyword *out)
{
    const char *given = beep_play_text(s, "keyword");
    *out = w->keyword;
    if (w->element == BEEP_EL_BLOB && !given) { /* the server's are replies */
        const struct beep_channel *c = track_beep_channel(&x->conn.track, tuning_channel(x));
        if (c && c->number && beep_owed(c, x->conn.side)) *out = BEEP_RPY;
    }
    for (int k = 0; given && k < BEEP_SEQ; k++) {
        if (strcmp(given, beep_keyword_names[k]) != 0) continue;
        *out = (enum beep_keyword)k;
        return OK;
    }
    return given ? play_error(
                       p, "keyword=%s: there are MSG, RPY, ERR, ANS and NUL; anything else with but keyword=",
                       given)
                 : OK;
}

static err choose_channel(struct player *p, int end, const struct scn_stmt *s, const struct beep_say_word *w,
                          enum beep_keyword keyword, uint32_t *out)
{
    const struct beep_play_end *x = beep_play_end(p, end);
    *out = 0;
    if (beep_play_number(s, "channel", out) || w->where == WHERE_MANAGEMENT) return OK;
    if (w->where == WHERE_MORE)
        TRY(beep_play_run(p)->more->channel(p, end, s, w, out));
    else if (w->where == WHERE_TUNING)
        *out = tuning_channel(x);
    else
        *out = keyword == BEEP_MSG || w->kind == SAY_SEQ ? beep_play_data_channel(x) : owing_channel(x);
    if (!*out && w->kind != SAY_SEQ && !p->stop) play_inconc(p, "there is no channel for it: line %d", s->line);
    return OK;
}

static bool answers_begun(const struct beep_channel *c, int ours, uint32_t msgno, uint32_t ansno)
{
    const struct beep_exchange *e = beep_exchange_of(c, !ours, msgno);
    for (size_t i = 0; e && i < e->answers; i++)
        if (e->answer[i].ansno == ansno) return true;
    return false;
}

/* Message number, and whether this goes on with a message that was left unfinished. */
static void choose_number(struct player *p, const struct scn_stmt *s, const struct beep_say_word *w,
                          const struct beep_play_end *x, struct beep_play_sending *o, bool *goes_on)
{
    const struct beep_channel *c = track_beep_channel(&x->conn.track, o->channel);
    const struct beep_dir *d = c ? &c->dir[x->conn.side] : NULL;
    bool given = beep_play_number(s, "msgno", &o->msgno);
    beep_play_number(s, "ansno", &o->ansno);
    bool unfinished =
        d && d->unfinished && d->keyword == o->keyword && o->keyword != BEEP_ANS && w->kind != SAY_ELEMENT;
    *goes_on = unfinished && (!given || o->msgno == d->msgno);
    if (*goes_on) o->msgno = d->msgno;
    if (*goes_on || w->element == BEEP_EL_GREETING || strcmp(w->name, "refusal") == 0) return;
    if (!given && o->keyword == BEEP_MSG) {
        o->msgno = c ? beep_free_msgno(c, x->conn.side) : 1;
    } else if (!given) {
        const struct beep_exchange *e = c ? beep_owed(c, x->conn.side) : NULL;
        if (e)
            o->msgno = e->msgno;
        else
            play_inconc(p, "the peer waits for no reply on channel %u: line %d", (unsigned)o->channel,
                        s->line);
    }
    if (o->keyword == BEEP_ANS && c) *goes_on = answers_begun(c, x->conn.side, o->msgno, o->ansno);
}

/* --- payload ------------------------------------------------------------------------------------- */

/* Octets that a statement describes: the value of word, or fill=N size=N, or pattern=N. */
err beep_play_make(struct player *p, const struct scn_stmt *s, const char *word, struct buf *out)
{
    const struct scn_arg *text = word ? scn_named(s, word) : scn_first(s);
    const char *size = beep_play_text(s, "size"), *pattern = beep_play_text(s, "pattern"),
               *fill = beep_play_text(s, "fill");
    if (text && text->values) return buf_add(out, slice_of(text->value[0].p, text->value[0].n));
    size_t n = (size_t)strtoull(size ? size : pattern ? pattern : "0", NULL, 0);
    uint8_t *at;
    if (!n) return OK;
    if (n > p->e.env->limits.content) return play_error(p, "more than %zu octets", p->e.env->limits.content);
    TRY(buf_reserve(out, n, &at));
    if (pattern) { /* every octet value, no period that a frame's size could hide */
        struct rng r;
        rng_init(&r, 1);
        for (size_t i = 0; i < n; i++)
            at[i] = (uint8_t)rng_next(&r);
    } else {
        memset(at, fill ? (int)(strtoul(fill, NULL, 0) & 0xff) : 'a', n);
    }
    buf_added(out, n);
    return OK;
}

static err add_profile(struct player *p, struct beep_el *el, slice uri)
{
    if (el->profiles == PROFILES_WRITTEN) return play_error(p, "more than %d profiles", PROFILES_WRITTEN);
    el->profile[el->profiles++] = (struct beep_profile_el){.uri = uri};
    return OK;
}

static err split_profiles(struct player *p, struct beep_el *el, slice list)
{
    size_t from = 0;
    for (size_t i = 0; i <= list.n; i++) {
        if (i < list.n && list.p[i] != ',') continue;
        if (i > from) TRY(add_profile(p, el, slice_sub(list, from, i)));
        from = i + 1;
    }
    return OK;
}

static err default_profile(struct player *p, int end, const struct scn_stmt *s, struct beep_el *el,
                           struct buf *store)
{
    const char *known = play_beep_profile(beep_play_run(p));
    if (el->profiles || scn_named(s, "profile") || scn_named(s, "profiles") || scn_named(s, "uri")) return OK;
    if (el->kind == BEEP_EL_GREETING) {
        el->profiles = beep_play_offers(p, end, el->profile, PROFILES_WRITTEN, store);
        return OK;
    }
    if (el->kind == BEEP_EL_PROFILE) { /* the first that was asked for */
        const struct beep_play_end *x = beep_play_end(p, end);
        const struct beep_channel *c = track_beep_channel(&x->conn.track, 0);
        const struct beep_exchange *e = c ? beep_owed(c, x->conn.side) : NULL;
        if (e && e->uris) return add_profile(p, el, slice_str(e->uri[0]));
    }
    return add_profile(
        p, el, slice_str(known ? known : BEEP_URI_ECHO)); /* one that the peer does not have is declined */
}

/* profile= may stand several times; content and encoding belong to the one before them. */
static err read_profiles(struct player *p, int end, const struct scn_stmt *s, struct beep_el *el,
                         struct buf *store)
{
    for (size_t i = 0; i < s->args; i++) {
        const struct scn_arg *a = &s->arg[i];
        if (!a->key || !a->values) continue;
        slice v = slice_of(a->value[0].p, a->value[0].n);
        bool content = strcmp(a->key, "content") == 0, encoding = strcmp(a->key, "encoding") == 0;
        if (strcmp(a->key, "profiles") == 0) TRY(split_profiles(p, el, v));
        if (strcmp(a->key, "profile") == 0 || strcmp(a->key, "uri") == 0) TRY(add_profile(p, el, v));
        if (!content && !encoding) continue;
        TRY(default_profile(p, end, s, el, store));
        if (!el->profiles) return play_error(p, "%s stands behind its profile", a->key);
        struct beep_profile_el *last = &el->profile[el->profiles - 1];
        if (content) last->content = v;
        if (encoding) last->base64 = slice_eq(v, SLICE_LIT("base64"));
    }
    return default_profile(p, end, s, el, store);
}

static err read_element(struct player *p, int end, const struct scn_stmt *s, const struct beep_say_word *w,
                        struct beep_el *el, struct buf *store)
{
    const struct beep_play_end *x = beep_play_end(p, end);
    const char *status = beep_play_text(s, "status");
    uint32_t code = w->element == BEEP_EL_CLOSE ? 200 : strcmp(w->name, "refusal") == 0 ? 421 : 550;
    el->kind = w->element;
    beep_play_number(s, "code", &code);
    el->code = (uint16_t)code;
    el->lang = beep_play_octets(s, "lang");
    el->lang_given = scn_named(s, "lang") != NULL;
    el->text = beep_play_octets(s, "text");
    el->features = beep_play_octets(s, "features");
    el->features_given = scn_named(s, "features") != NULL;
    el->localize = beep_play_octets(s, "localize");
    el->localize_given = scn_named(s, "localize") != NULL;
    el->server_name = beep_play_octets(s, "serverName");
    el->server_name_given = scn_named(s, "serverName") != NULL;
    el->version = scn_named(s, "version") ? beep_play_octets(s, "version") : SLICE_LIT("1");
    el->number_given = beep_play_number(s, "number", &el->number);
    if (w->element == BEEP_EL_START && !el->number_given) {
        el->number = track_beep_free_channel(&x->conn.track, x->conn.side);
        el->number_given = true;
    }
    if (w->element == BEEP_EL_BLOB) {
        el->status = !status                           ? BEEP_BLOB_CONTINUE
                     : strcmp(status, "abort") == 0    ? BEEP_BLOB_ABORT
                     : strcmp(status, "complete") == 0 ? BEEP_BLOB_COMPLETE
                                                       : BEEP_BLOB_CONTINUE;
        el->blob = beep_play_octets(s, "content");
        return OK;
    }
    if (w->element != BEEP_EL_GREETING && w->element != BEEP_EL_START && w->element != BEEP_EL_PROFILE)
        return OK;
    TRY(read_profiles(p, end, s, el, store));
    if (w->element == BEEP_EL_PROFILE && el->profiles > 1) return play_error(p, "an answer has one profile");
    return OK;
}

static err make_body(struct player *p, int end, const struct scn_stmt *s, const struct beep_say_word *w,
                     struct buf *body)
{
    struct beep_profile_el profile[PROFILES_WRITTEN];
    struct beep_el el = {.profile = profile};
    const char *style = beep_play_text(s, "style");
    struct buf store;
    if (w->kind == SAY_DATA) return beep_play_make(p, s, "body", body);
    if (w->kind == SAY_XML) {
        TRY(beep_play_make(p, s, "xml", body));
        return buf_add(body, SLICE_LIT("\r\n"));
    }
    buf_init(&store, p->e.env->mem, 4096);
    err e = read_element(p, end, s, w, &el, &store);
    enum beep_style how = style && strcmp(style, "escaped") == 0  ? BEEP_ESCAPED
                          : style && strcmp(style, "base64") == 0 ? BEEP_IN_BASE64
                                                                  : BEEP_CDATA;
    if (e == OK && !p->stop) e = beep_el_write(&el, how, body);
    if (e == ERR_USE && !p->stop) e = play_error(p, "the content cannot be written so; try encoding=base64");
    if (e == OK) e = buf_add(body, SLICE_LIT("\r\n"));
    buf_done(&store);
    return e;
}

/* --- changes ------------------------------------------------------------------------------------- */

static enum parts_op op_of(enum scn_op op)
{
    switch (op) {
    case SCN_SET:
        return PARTS_SET;
    case SCN_ADD:
        return PARTS_ADD;
    case SCN_SUB:
        return PARTS_SUB;
    case SCN_DROP:
        return PARTS_DROP;
    case SCN_DUP:
        return PARTS_DUP;
    case SCN_CUT:
        return PARTS_CUT;
    case SCN_SWAP:
        return PARTS_SWAP;
    case SCN_INSERT:
        return PARTS_INSERT;
    }
    return PARTS_SET;
}

static bool line_is(const char *field, const char *line)
{
    size_t n = strlen(line);
    return field && strncmp(field, line, n) == 0 && (field[n] == 0 || field[n] == '.');
}

/* "seqno" is short for "head.seqno". */
static const char *whole_field(const char *field, char *out, size_t n)
{
    static const char *const heads[] = {"keyword", "sp",  "channel", "sp2",   "msgno", "sp3",
                                        "more",    "sp4", "seqno",   "sp5",   "size",  "sp6",
                                        "ansno",   "eol", "ackno",   "window"};
    if (!field) return "";
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        if (strcmp(field, heads[i]) != 0) continue;
        snprintf(out, n, "head.%s", field);
        return out;
    }
    return field;
}

/* Changes of an element come first, then those of the payload: size follows from it.  Those of the frame are made last, so
 * that nothing puts them right again. */
static enum beep_play_layer layer_of(const struct scn_change *c)
{
    char name[40];
    const char *field = whole_field(c->field, name, sizeof name);
    if (line_is(field, "type") || line_is(field, "blank") || line_is(field, "body")) return BEEP_OF_PAYLOAD;
    if (!*field || line_is(field, "all") || line_is(field, "head") || line_is(field, "payload") || line_is(field, "trailer"))
        return BEEP_OF_FRAME;
    return BEEP_OF_ELEMENT;
}

err beep_play_change(struct player *p, const struct scn_stmt *s, struct parts *parts, enum beep_play_layer layer)
{
    char why[300] = "", a[40], b[40];
    for (size_t i = 0; i < s->changes; i++) {
        const struct scn_change *c = &s->change[i];
        slice v = slice_of(c->value.p, c->value.n);
        if (layer_of(c) != layer) continue;
        err e = parts_change(parts, op_of(c->op), whole_field(c->field, a, sizeof a),
                             c->field2 ? whole_field(c->field2, b, sizeof b) : NULL, v, why, sizeof why);
        if (e == ERR_USE) return play_error(p, "%s", why);
        TRY(e);
    }
    return OK;
}

static err make_payload(struct player *p, int end, const struct scn_stmt *s, const struct beep_say_word *w,
                        bool goes_on, struct buf *out)
{
    const char *type = beep_play_text(s, "type");
    struct parts parts;
    struct buf body;
    size_t max = p->e.env->limits.content + BEEP_MIME_HEAD_MAX;
    if (!type) type = w->kind == SAY_DATA ? "" : BEEP_MEDIA_TYPE;
    buf_init(&body, p->e.env->mem, max);
    parts_init(&parts, p->e.env->mem, max);
    err e = make_body(p, end, s, w, &body);
    if (e == OK && (goes_on || w->keyword == BEEP_NUL)) {
        e = body.n ? parts_add(&parts, "body", "value", buf_slice(&body)) : OK;
    } else if (e == OK) {
        e = beep_mime_compose(type, buf_slice(&body), &parts);
    }
    if (e == OK) e = beep_play_change(p, s, &parts, BEEP_OF_PAYLOAD);
    if (e == OK) e = parts_write(&parts, out);
    parts_done(&parts);
    buf_done(&body);
    return e;
}

/* --- frames -------------------------------------------------------------------------------------- */

static err compose(struct player *p, const struct scn_stmt *s, const struct beep_frame *f, bool changed,
                   bool composed, struct buf *out)
{
    struct parts parts;
    parts_init(&parts, p->e.env->mem, f->payload.n * 2 + p->e.env->limits.head);
    err e = beep_frame_compose(f, NULL, &parts);
    if (e == OK && changed && !composed) e = beep_play_change(p, s, &parts, BEEP_OF_ELEMENT); /* BEEP's have none: that is told */
    if (e == OK && changed) e = beep_play_change(p, s, &parts, BEEP_OF_FRAME);
    if (e == OK) e = parts_write(&parts, out);
    parts_done(&parts);
    return e;
}

static bool frame_changes(const struct scn_stmt *s, bool composed)
{
    for (size_t i = 0; i < s->changes; i++) {
        enum beep_play_layer k = layer_of(&s->change[i]);
        if (k == BEEP_OF_FRAME || (k == BEEP_OF_ELEMENT && !composed)) return true;
    }
    return false;
}

static err write_one(struct player *p, int end, const struct scn_stmt *s, const struct beep_frame *f,
                     bool changed, const char *name, uint64_t now)
{
    struct beep_play_end *x = beep_play_end(p, end);
    struct buf out;
    char what[64];
    buf_init(&out, p->e.env->mem, f->payload.n * 2 + 2 * p->e.env->limits.head);
    err e = compose(p, s, f, changed, x->sending.composed, &out);
    snprintf(what, sizeof what, "%s%s", name, s->changes ? " (changed)" : "");
    if (e == OK && f->keyword == BEEP_MSG) beep_play_remember(x, f->channel, f->msgno, f->payload);
    if (e == OK) e = beep_play_write(p, end, buf_slice(&out), what, now);
    if (changed) x->conn.track.tainted[x->conn.side] = true;
    buf_done(&out);
    return e;
}

/* The frames of a statement, as far as the window lets them go. */
static err go_on(struct player *p, int end, const struct scn_stmt *s, uint64_t now)
{
    struct beep_play_end *x = beep_play_end(p, end);
    struct beep_play_sending *o = &x->sending;
    for (;;) {
        const struct beep_channel *c = track_beep_channel(&x->conn.track, o->channel);
        size_t left = o->payload.n - o->at, n = left;
        size_t room = c && !o->reckless && !x->conn.track.lost ? beep_window(c, x->conn.side) : SIZE_MAX;
        if (n > o->frame) n = o->frame;
        if (n > room) n = room;
        if (left && !n) return ERR_MORE;
        struct beep_frame f = {.keyword = o->keyword,
                               .channel = o->channel,
                               .msgno = o->msgno,
                               .ansno = o->ansno,
                               .more = o->more || n < left,
                               .payload = slice_sub(buf_slice(&o->payload), o->at, o->at + n)};
        f.seqno = c ? (uint32_t)c->dir[x->conn.side].next : 0;
        TRY(write_one(p, end, s, &f, !o->begun && frame_changes(s, o->composed), o->what, now));
        o->begun = true;
        o->at += n;
        p->moved = true;
        if (o->at == o->payload.n) return OK;
    }
}

static err send_seq(struct player *p, int end, const struct scn_stmt *s, uint64_t now)
{
    struct beep_play_end *x = beep_play_end(p, end);
    struct beep_frame f = {.keyword = BEEP_SEQ, .size = BEEP_PLAY_GRANT};
    if (!beep_play_number(s, "channel", &f.channel)) f.channel = beep_play_data_channel(x);
    const struct beep_channel *c = track_beep_channel(&x->conn.track, f.channel);
    f.seqno = c ? (uint32_t)c->dir[!x->conn.side].next : 0;
    beep_play_number(s, "ackno", &f.seqno);
    beep_play_number(s, "window", &f.size);
    x->sending.composed = false;
    return write_one(p, end, s, &f, frame_changes(s, false), "", now);
}

static void forget(struct beep_play_end *x)
{
    buf_done(&x->sending.payload);
    x->sending.on = false;
}

static err begin(struct player *p, int end, const struct scn_stmt *s)
{
    struct beep_play_end *x = beep_play_end(p, end);
    struct beep_play_sending *o = &x->sending;
    struct beep_say_word word, *w = &word;
    const char *window = beep_play_text(s, "window");
    uint32_t frame = 0;
    bool goes_on = false;
    TRY(find_word(p, end, s, &word));
    *o = (struct beep_play_sending){.pc = p->pc, .composed = w->kind == SAY_MORE};
    buf_init(&o->payload, p->e.env->mem, p->e.env->limits.content + 2 * BEEP_MIME_HEAD_MAX);
    TRY(choose_keyword(p, s, w, x, &o->keyword));
    TRY(choose_channel(p, end, s, w, o->keyword, &o->channel));
    if (p->stop) return OK;
    choose_number(p, s, w, x, o, &goes_on);
    if (p->stop) return OK;
    TRY(w->kind == SAY_MORE ? beep_play_run(p)->more->compose(p, end, s, w, goes_on, &o->payload)
                            : make_payload(p, end, s, w, goes_on, &o->payload));
    o->more = beep_play_yes(s, "more");
    o->reckless = window && strcmp(window, "ignore") == 0;
    o->frame = beep_play_number(s, "frame", &frame) && frame ? frame : o->reckless ? SIZE_MAX : BEEP_PLAY_FRAME;
    o->on = true;
    snprintf(o->what, sizeof o->what, "%s", w->kind == SAY_DATA ? "" : w->name);
    if (w->element == BEEP_EL_GREETING || strcmp(w->name, "refusal") == 0) x->greeted = true;
    return OK;
}

static err send_raw(struct player *p, int end, const struct scn_stmt *s, uint64_t now)
{
    struct beep_play_end *x = beep_play_end(p, end);
    struct buf out;
    buf_init(&out, p->e.env->mem, p->e.env->limits.content);
    err e = beep_play_make(p, s, NULL, &out);
    if (e == OK) e = beep_play_write(p, end, buf_slice(&out), "(raw)", now);
    buf_done(&out);
    if (x->conn.track.reader[x->conn.side].held.n)
        x->conn.track.tainted[x->conn.side] = true; /* it may never become a frame */
    return e;
}

err beep_play_send(struct player *p, int end, const struct scn_stmt *s, uint64_t now)
{
    struct beep_play_end *x = beep_play_end(p, end);
    if (!x->live) return ERR_MORE;
    if (s->word == SCN_RAW) return send_raw(p, end, s, now);
    const char *name = beep_play_word(s, 0);
    if (name && strcmp(name, "seq") == 0) return send_seq(p, end, s, now);
    err e = OK;
    if (!x->sending.on || x->sending.pc != p->pc) e = begin(p, end, s);
    if (e == OK && !p->stop) e = go_on(p, end, s, now);
    if (e != ERR_MORE) forget(x);
    if (e == OK && !p->stop)
        e = beep_play_pump(p, end, now); /* a reply that waited behind an unfinished message */
    return e;
}
