/* SPDX-License-Identifier: MIT */
/* The IDXP adapter of the player: the words of send. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run/play_idxp_impl.h"

struct word {
    const char *name;
    enum beep_keyword keyword;
    bool data, reply, tunnel;
    const char *type; /* NULL: of data, as told */
};
static const struct word words[] = {
    {"idxp-greeting", BEEP_MSG, false, false, false, "text/xml"},
    {"idxp-ok", BEEP_RPY, false, true, false, "text/xml"},
    {"idxp-error", BEEP_ERR, false, true, false, "text/xml"},
    {"idmef", BEEP_MSG, false, false, false, "text/xml"},
    {"text", BEEP_MSG, true, false, false, "text/plain"},
    {"binary", BEEP_MSG, true, false, false, "application/octet-stream"},
    {"data", BEEP_MSG, true, false, false, ""},
    {"tunnel", BEEP_MSG, false, false, true, BEEP_MEDIA_TYPE},
    {"tunnel-ok", BEEP_RPY, false, true, true, BEEP_MEDIA_TYPE},
    {"tunnel-error", BEEP_ERR, false, true, true, BEEP_MEDIA_TYPE},
};

static const struct word *find(const char *name)
{
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(words[i].name, name) == 0) return &words[i];
    return NULL;
}

/* Does it go into a profile element?  An answer follows its question. */
static bool embedded(const struct player *p, int end, const struct scn_stmt *s, const struct word *w)
{
    const char *embed = beep_play_text(s, "embed");
    bool may = w->reply || strcmp(w->name, "idxp-greeting") == 0 || w->tunnel;
    if (embed || !may) return may && strcmp(embed ? embed : "no", "yes") == 0;
    if (!w->reply) return w->tunnel;
    return !scn_named(s, "channel") && !idxp_play_owing(p, end, w->tunnel) &&
           idxp_play_owing_start(p, end, w->tunnel);
}

bool idxp_play_word(struct player *p, int end, const struct scn_stmt *s, const char *name,
                    struct beep_say_word *out)
{
    const struct word *w = find(name);
    if (!w) return false;
    bool inside = embedded(p, end, s, w);
    *out = (struct beep_say_word){.name = w->name,
                                  .kind = SAY_MORE,
                                  .element = BEEP_EL_NONE,
                                  .keyword = w->keyword,
                                  .where = inside ? WHERE_MANAGEMENT : WHERE_MORE};
    if (inside && w->reply) out->keyword = BEEP_RPY; /* the operation failed, not the start (3080 3.1.1) */
    return true;
}

err idxp_play_channel(struct player *p, int end, const struct scn_stmt *s, const struct beep_say_word *said,
                      uint32_t *out)
{
    const struct word *w = find(said->name);
    const struct idxp_play_chan *c = w->reply ? idxp_play_owing(p, end, w->tunnel) : NULL;
    if (!c) c = idxp_play_current(p, end, w->tunnel);
    (void)s;
    *out = c ? c->number : 0;
    return OK;
}

/* --- the element --------------------------------------------------------------------------------- */

static err element(struct player *p, const struct scn_stmt *s, const struct word *w, struct buf *out)
{
    struct parts o;
    parts_init(&o, p->e.env->mem, 2 * p->e.env->limits.content);
    err e = idxp_play_parts(p, s, w->name, &o);
    if (e == OK && !p->stop) e = beep_play_change(p, s, &o, BEEP_OF_ELEMENT);
    if (e == OK && !p->stop) e = parts_write(&o, out);
    parts_done(&o);
    return e;
}

/* UTF-8 to UTF-16 with the mark in front; octets that are none count as they are. */
static err recode(slice in, bool big, struct buf *out)
{
    uint32_t unit[2] = {0xfeff, 0};
    size_t i = 0, n = 1;
    for (;;) {
        for (size_t k = 0; k < n; k++) {
            TRY(buf_add_byte(out, (uint8_t)(big ? unit[k] >> 8 : unit[k])));
            TRY(buf_add_byte(out, (uint8_t)(big ? unit[k] : unit[k] >> 8)));
        }
        if (i >= in.n) return OK;
        uint32_t c = in.p[i++];
        unsigned more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : c >= 0xc0 ? 1 : 0;
        if (more && in.n - i >= more) {
            c &= 0x3fu >> more;
            while (more--)
                c = c << 6 | (in.p[i++] & 0x3fu);
        }
        n = c > 0xffff ? 2 : 1;
        unit[0] = n == 2 ? 0xd800 + ((c - 0x10000) >> 10) : c;
        unit[1] = 0xdc00 + ((c - 0x10000) & 0x3ff);
    }
}

static err encode(struct player *p, const struct scn_stmt *s, struct buf *body)
{
    const char *encoding = beep_play_text(s, "encoding");
    struct buf wide;
    if (!encoding || body->n == 0) return OK;
    buf_init(&wide, p->e.env->mem, 2 * body->n + 4);
    bool big = strcmp(encoding, "UTF-16BE") == 0;
    err e = OK;
    if (strcmp(encoding, "UTF-8") == 0) {
        e = buf_add(&wide, SLICE_LIT("\xef\xbb\xbf"));
        if (e == OK) e = buf_add(&wide, buf_slice(body));
    } else if (big || strcmp(encoding, "UTF-16LE") == 0) {
        e = recode(buf_slice(body), big, &wide);
    } else {
        e = play_error(p, "encoding=%s: there are UTF-8, UTF-16BE and UTF-16LE", encoding);
    }
    if (e == OK) {
        buf_clear(body);
        e = buf_add(body, buf_slice(&wide));
    }
    buf_done(&wide);
    return e;
}

static err data_body(struct player *p, const struct scn_stmt *s, const struct word *w, struct buf *body)
{
    if (scn_named(s, "body")) return buf_add(body, beep_play_octets(s, "body"));
    if (scn_named(s, "size") || scn_named(s, "pattern")) { /* the word itself is no text */
        return beep_play_make(p, s, "body", body);
    }
    if (strcmp(w->name, "text") == 0) return buf_add(body, SLICE_LIT("A port was scanned.\r\n"));
    for (unsigned c = 0; c < 256; c++)
        TRY(buf_add_byte(body, (uint8_t)c));
    return OK;
}

/* --- the start or the profile around it ---------------------------------------------------------- */

static enum beep_style style_of(const struct scn_stmt *s)
{
    const char *style = beep_play_text(s, "style");
    return style && strcmp(style, "escaped") == 0  ? BEEP_ESCAPED
           : style && strcmp(style, "base64") == 0 ? BEEP_IN_BASE64
                                                   : BEEP_CDATA;
}

static err wrap(struct player *p, int end, const struct scn_stmt *s, const struct word *w, slice content,
                struct buf *out)
{
    const struct beep_play_end *b = beep_play_end(p, end);
    const char *style = beep_play_text(s, "style");
    bool spaced = style && strcmp(style, "spaced") == 0;
    struct buf wide;
    const struct scn_arg *given = scn_named(s, "profile");
    slice uri = given       ? beep_play_octets(s, "profile")
                : w->tunnel ? SLICE_LIT(TUNNEL_URI)
                            : slice_str(idxp_uris[idxp_play_run(p)->dialect]);
    buf_init(&wide, p->e.env->mem, content.n + 64);
    err e = spaced ? buf_add(&wide, SLICE_LIT("\r\n      ")) : OK;
    if (e == OK) e = buf_add(&wide, content);
    if (e == OK && spaced) e = buf_add(&wide, SLICE_LIT("\r\n  "));
    struct beep_profile_el profile = {.uri = uri, .content = buf_slice(&wide)};
    struct beep_el el = {
        .kind = w->reply ? BEEP_EL_PROFILE : BEEP_EL_START, .profile = &profile, .profiles = 1};
    if (!w->reply) {
        el.number_given = true;
        if (!beep_play_number(s, "number", &el.number))
            el.number = track_beep_free_channel(&b->conn.track, b->conn.side);
        el.server_name = beep_play_octets(s, "serverName");
        el.server_name_given = scn_named(s, "serverName") != NULL;
    }
    if (e == OK) e = beep_el_write(&el, style_of(s), out);
    if (e == ERR_USE) e = play_error(p, "the content cannot be written so; try style=base64");
    buf_done(&wide);
    return e;
}

/* --- the payload --------------------------------------------------------------------------------- */

static err make(struct player *p, int end, const struct scn_stmt *s, const struct word *w, bool inside,
                struct buf *body)
{
    struct buf el;
    if (w->data) return data_body(p, s, w, body);
    buf_init(&el, p->e.env->mem, 2 * p->e.env->limits.content);
    err e = element(p, s, w, &el);
    if (e == OK && inside)
        e = wrap(p, end, s, w, buf_slice(&el), body);
    else if (e == OK)
        e = buf_add(body, buf_slice(&el));
    if (e == OK && !inside) e = encode(p, s, body);
    if (e == OK && (inside || !scn_named(s, "encoding"))) e = buf_add(body, SLICE_LIT("\r\n"));
    buf_done(&el);
    return e;
}

err idxp_play_compose(struct player *p, int end, const struct scn_stmt *s, const struct beep_say_word *said,
                      bool goes_on, struct buf *out)
{
    const struct word *w = find(said->name);
    bool inside = said->where == WHERE_MANAGEMENT;
    const char *type = beep_play_text(s, "type");
    struct parts parts;
    struct buf body;
    size_t max = 2 * p->e.env->limits.content;
    if (!type) type = inside ? BEEP_MEDIA_TYPE : w->type;
    buf_init(&body, p->e.env->mem, max);
    parts_init(&parts, p->e.env->mem, max);
    err e = make(p, end, s, w, inside, &body);
    if (e == OK && goes_on)
        e = body.n ? parts_add(&parts, "body", "value", buf_slice(&body)) : OK;
    else if (e == OK)
        e = beep_mime_compose(type, buf_slice(&body), &parts);
    if (e == OK && !p->stop) e = beep_play_change(p, s, &parts, BEEP_OF_PAYLOAD);
    if (e == OK && !p->stop) e = parts_write(&parts, out);
    parts_done(&parts);
    buf_done(&body);
    return e;
}
