/* SPDX-License-Identifier: MIT */
/* The IDXP adapter of the player: what the peer says on IDXP and TUNNEL channels becomes events. */
#include <stdio.h>
#include <string.h>

#include "run/play_idxp_impl.h"

static void put_yes(struct beep_fields *f, const char *key, bool yes)
{
    beep_put(f, key, slice_str(yes ? "yes" : "no"));
}

static void raise(struct player *p, const char *name, int end, bool shy, size_t rung,
                  const struct beep_fields *f)
{
    play_raise(p, name, end, shy, rung, f->f, f->n);
}

/* The channel that a message is about: its own, or the one that its start, or the answer, speaks of. */
static struct idxp_play_chan *about(const struct player *p, int end, const struct beep_got *g)
{
    if (g->frame.channel) return idxp_play_chan(p, end, g->frame.channel);
    if (!g->el || !beep_play_readable(g)) return NULL;
    if (g->el->kind == BEEP_EL_START) return idxp_play_chan(p, end, g->el->number);
    return g->ask == BEEP_ASK_START ? idxp_play_chan(p, end, g->number) : NULL;
}

/* Something stands inside the start, or the profile that answers it. */
static bool inside(const struct idxp_play_chan *c)
{
    if (c->tunnel) return c->tgot.msg && !(c->tgot.kind == TUNNEL_NOTHING && c->tgot.read == OK);
    return c->got.msg &&
           !(c->got.kind == IDXP_NOTHING && c->got.msg->kind == IDXP_NOTHING && c->got.read == OK);
}

/* ANS and NUL are BEEP's own events.  A profile stays one unless something inside it is told: whoever names
 * it in a case means that nothing is. */
enum beep_play_told idxp_play_tells(const struct player *p, int end, const struct beep_got *g)
{
    const struct idxp_play_chan *c = about(p, end, g);
    bool one = g->frame.keyword == BEEP_MSG || g->frame.keyword == BEEP_RPY || g->frame.keyword == BEEP_ERR;
    if (!c) return BEEP_TOLD_AS_EVER;
    if (g->frame.channel) return one ? BEEP_TOLD_SHYLY : BEEP_TOLD_AS_EVER;
    return g->el->kind == BEEP_EL_PROFILE && c->in_start && inside(c) ? BEEP_TOLD_NOT : BEEP_TOLD_AS_EVER;
}

static void put_where(struct beep_fields *f, const struct idxp_play_chan *c, uint32_t msgno, bool embedded)
{
    beep_put_number(f, "channel", c->number);
    put_yes(f, "embedded", embedded);
    if (!embedded) beep_put_number(f, "msgno", msgno);
}

/* --- IDXP ---------------------------------------------------------------------------------------- */

/* As far as it fits. */
static void add(char *out, size_t n, size_t *at, const char *text, slice more)
{
    int w = *at < n ? snprintf(out + *at, n - *at, "%s%.*s", text, (int)(more.n < 256 ? more.n : 256),
                               more.n ? (const char *)more.p : "")
                    : 0;
    if (w > 0) *at += (size_t)w;
    if (*at >= n) *at = n - 1;
}

static slice options_of(const struct idxp_msg *m, char *out, size_t n)
{
    char value[16];
    size_t at = 0;
    out[0] = 0;
    for (size_t i = 0; i < m->options; i++) {
        const struct idxp_option *o = &m->option[i];
        add(out, n, &at, i ? "," : "", o->internal.n ? o->internal : o->external);
        snprintf(value, sizeof value, "=%u", (unsigned)o->priority);
        if (o->kind == IDXP_OPTION_PRIORITY) add(out, n, &at, value, SLICE_NONE);
        if (o->kind == IDXP_OPTION_STREAM) add(out, n, &at, "=", slice_str(idxp_stream_names[o->stream]));
        if (o->must_understand) add(out, n, &at, "!", SLICE_NONE);
    }
    return slice_of(out, at);
}

static void raise_greeting(struct player *p, int end, const struct idxp_play_chan *c, size_t rung)
{
    const struct idxp_got *g = &c->got;
    const struct idxp_msg *m = g->msg;
    struct beep_fields f = {.n = 0};
    char options[1024];
    put_where(&f, c, g->msgno, g->embedded);
    beep_put(&f, "role", slice_str(idxp_role_names[m->role]));
    beep_put(&f, "uri", m->uri);
    if (m->fqdn_given) beep_put(&f, "fqdn", m->fqdn);
    if (m->ip_given) beep_put(&f, "ip", m->ip);
    if (m->text.n) beep_put(&f, "text", m->text);
    if (m->options) beep_put(&f, "options", options_of(m, options, sizeof options));
    put_yes(&f, "valid", g->read == OK);
    if (g->reply) beep_put_number(&f, "code", g->reply);
    idxp_play_see(p, end, IDXP_SEEN_GREETING);
    raise(p, "idxp-greeting", end, true, rung, &f);
    if (g->read == OK) idxp_play_look_idxp(p, end, m, rung);
}

static const char *valid_word(const struct idmef_result *r)
{
    static const char *const words[IDMEF_VERDICTS] = {"yes", "ill", "no", "limit"};
    return words[r->verdict];
}

static void raise_data(struct player *p, int end, const struct idxp_play_chan *c, const struct beep_got *b,
                       size_t rung)
{
    static const char *const kinds[IDXP_KINDS] = {"", "", "", "", "idmef", "text", "binary"};
    const struct idxp_got *g = &c->got;
    const struct idmef_schema *schema = idxp_play_run(p)->schema;
    struct idmef_result own;
    const struct idmef_result *r = g->idmef;
    struct beep_fields f = {.n = 0};
    struct beep_mime m;
    bool mime = !b->message_lost && beep_mime_read(b->message, &m) == OK;
    slice body = mime ? m.body : b->message;
    put_where(&f, c, g->msgno, false);
    beep_put(&f, "kind", slice_str(kinds[g->kind]));
    if (mime) beep_put(&f, "type", m.type);
    beep_put_number(&f, "size", body.n);
    if (!r && g->kind == IDXP_XML && schema && mime &&
        idmef_validate(p->e.env, schema, body, m.charset, &own) == OK)
        r = &own;
    if (r && g->kind == IDXP_XML) {
        beep_put_number(&f, "alerts", r->alerts);
        beep_put_number(&f, "heartbeats", r->heartbeats);
        beep_put(&f, "valid", slice_str(valid_word(r)));
        if (r->verdict != IDMEF_OK) beep_put(&f, "fault", slice_str(idmef_faults[r->fault].name));
        if (r->verdict != IDMEF_OK) beep_put(&f, "why", slice_str(r->why));
        if (mime) idxp_play_look(p, end, body, m.charset, r, rung);
        const struct idxp_identity *who = track_idxp_identity(&c->t, !beep_play_end(p, end)->conn.side);
        if (who && who->given && who->stream != IDXP_NO_STREAM) {
            bool wrong = (who->stream == IDXP_ALERT && !r->alerts && r->heartbeats) ||
                         (who->stream == IDXP_HEARTBEAT && r->alerts && !r->heartbeats);
            idxp_play_see(p, end, IDXP_SEEN_TYPED_DATA);
            if (wrong)
                idxp_play_fault(p, end, PLAY_IDXP_FAULT, CL_IDXPRFC_4_2_3, DEF_NONE, false,
                                "IDMEF-Message of another kind than the streamType of its channel", rung);
        }
    }
    beep_put(&f, "body", body);
    idxp_play_see(p, end, IDXP_SEEN_DATA);
    if (g->kind == IDXP_XML) idxp_play_see(p, end, IDXP_SEEN_IDMEF);
    raise(p, "data", end, true, rung, &f);
}

static void raise_bad(struct player *p, int end, const char *whose, const char *fault, const char *why,
                      unsigned code, const struct beep_got *b, size_t rung)
{
    struct beep_fields f = {.n = 0};
    beep_put(&f, "fault", slice_str(fault));
    beep_put(&f, "about", slice_str(whose));
    beep_put_number(&f, "channel", b->frame.channel);
    beep_put_number(&f, "msgno", b->frame.msgno);
    beep_put(&f, "keyword", slice_str(beep_keyword_names[b->frame.keyword]));
    if (code) beep_put_number(&f, "code", code);
    if (why) beep_put(&f, "why", slice_str(why));
    raise(p, "bad", end, b->frame.keyword == BEEP_MSG, rung, &f);
}

static const char *idxp_fault_of(const struct idxp_got *g)
{
    return g->msg && g->msg->note_n ? idxp_faults[g->msg->note[0].code].name : "ELEMENT_HERE";
}

static void raise_reply(struct player *p, int end, struct idxp_play_chan *c, const struct beep_got *b,
                        size_t rung)
{
    const struct idxp_got *g = &c->got;
    const struct idxp_msg *m = g->msg;
    struct beep_fields f = {.n = 0};
    bool error = m && m->kind == IDXP_ERROR, ok = m && m->kind == IDXP_OK, data = g->asked == IDXP_ASKED_DATA;
    bool counted =
        !g->embedded && idxp_play_alert_reply(p, end, c->number, g->msgno, ok && b->frame.keyword == BEEP_RPY,
                                              error ? m->code : 0);
    if (g->read != OK || (!ok && !error)) {
        raise_bad(p, end, "idxp", idxp_fault_of(g), g->why ? g->why : m ? m->why : NULL, 0, b, rung);
        return;
    }
    put_where(&f, c, g->msgno, g->embedded);
    beep_put(&f, "about", slice_str(data ? "data" : g->asked == IDXP_ASKED_GREETING ? "greeting" : ""));
    beep_put(&f, "keyword", slice_str(beep_keyword_names[b->frame.keyword]));
    idxp_play_see(p, end, error ? IDXP_SEEN_ERROR : IDXP_SEEN_OK);
    idxp_play_see(p, end,
                  g->embedded ? IDXP_SEEN_REPLY_EMBEDDED
                  : data      ? IDXP_SEEN_REPLY_DATA
                              : IDXP_SEEN_REPLY);
    if (error) {
        beep_put_number(&f, "code", m->code);
        beep_put(&f, "text", m->text);
        if (m->lang_given) beep_put(&f, "lang", m->lang);
    }
    /* nobody asked for it but we ourselves: a case that waits for the answer to something of its own is not
     * to take this for it */
    if (counted || (!g->embedded && idxp_play_is_quiet(c, g->msgno))) return;
    raise(p, error ? "idxp-error" : "idxp-ok", end, false, rung, &f);
}

static void on_idxp(struct player *p, int end, struct idxp_play_chan *c, const struct beep_got *b,
                    size_t rung)
{
    const struct idxp_got *g = &c->got;
    int them = !beep_play_end(p, end)->conn.side;
    if (track_idxp_role(&c->t, them) == IDXP_SERVER) idxp_play_see(p, end, IDXP_SEEN_SERVER);
    if (b->frame.channel && (b->frame.keyword == BEEP_ANS || b->frame.keyword == BEEP_NUL)) return;
    if (b->frame.channel == 0 && !inside(c)) return;
    if (b->frame.keyword != BEEP_MSG)
        raise_reply(p, end, c, b, rung);
    else if (g->asked == IDXP_ASKED_DATA || g->kind >= IDXP_XML)
        raise_data(p, end, c, b, rung);
    else if (g->msg && g->msg->kind == IDXP_GREETING)
        raise_greeting(p, end, c, rung);
    else
        raise_bad(p, end, "idxp", idxp_fault_of(g), g->why, g->reply, b, rung);
}

/* --- TUNNEL -------------------------------------------------------------------------------------- */

void idxp_play_path(const struct tunnel_msg *m, char *out, size_t n)
{
    size_t at = 0;
    out[0] = 0;
    for (size_t i = 0; i < m->hops; i++) {
        const struct tunnel_hop *h = &m->hop[i];
        bool any = false;
        if (i) add(out, n, &at, " / ", SLICE_NONE);
        for (int a = 0; a < TUNNEL_ATTRS; a++) {
            if (!(h->given & (1u << a))) continue;
            if (any) add(out, n, &at, " ", SLICE_NONE);
            add(out, n, &at, tunnel_attr_names[a], SLICE_LIT("="));
            add(out, n, &at, "", h->value[a]);
            any = true;
        }
        if (!any) add(out, n, &at, "here", SLICE_NONE);
    }
}

static void raise_tunnel(struct player *p, int end, const struct idxp_play_chan *c, size_t rung)
{
    const struct tunnel_msg *m = c->tgot.msg;
    const struct tunnel_hop *h = &m->hop[0];
    struct beep_fields f = {.n = 0};
    char path[1024];
    beep_put_number(&f, "channel", c->number);
    put_yes(&f, "embedded", c->tgot.embedded);
    beep_put(&f, "way", slice_str(m->hops ? tunnel_way_names[h->way] : "none"));
    beep_put_number(&f, "hops", m->hops);
    idxp_play_path(m, path, sizeof path);
    beep_put(&f, "path", slice_str(path));
    for (int a = 0; m->hops && a < TUNNEL_ATTRS; a++)
        if (h->given & (1u << a)) beep_put(&f, tunnel_attr_names[a], h->value[a]);
    idxp_play_see(p, end, IDXP_SEEN_TUNNEL);
    idxp_play_see(p, end, IDXP_SEEN_TUNNEL_TALK);
    for (size_t i = 0; i + 1 < m->hops; i++) {
        bool profile = m->hop[i].given & (1u << TUNNEL_A_PROFILE),
             endpoint = m->hop[i].given & (1u << TUNNEL_A_ENDPOINT);
        if (profile || endpoint)
            idxp_play_fault(p, end, PLAY_TUNNEL_FAULT + TUNNEL_F_INNERMOST,
                            profile ? CL_TUNNEL_4_7 : CL_TUNNEL_4_8, DEF_NONE, true,
                            tunnel_faults[TUNNEL_F_INNERMOST].text, rung);
    }
    raise(p, "tunnel", end, true, rung, &f);
}

static void on_tunnel(struct player *p, int end, const struct idxp_play_chan *c, const struct beep_got *b,
                      size_t rung)
{
    const struct tunnel_got *g = &c->tgot;
    const struct tunnel_msg *m = g->msg;
    struct beep_fields f = {.n = 0};
    if (b->frame.channel && (b->frame.keyword == BEEP_ANS || b->frame.keyword == BEEP_NUL)) return;
    if (b->frame.channel == 0 && !inside(c)) return;
    bool msg = b->frame.keyword == BEEP_MSG,
         fits = m && (msg ? m->kind == TUNNEL_TUNNEL : m->kind == TUNNEL_OK || m->kind == TUNNEL_ERROR);
    if (!fits || (!msg && g->read != OK)) {
        const char *fault = m && m->note_n ? tunnel_faults[m->note[0].code].name : "ELEMENT";
        raise_bad(p, end, "tunnel", fault, g->why, g->reply, b, rung);
        return;
    }
    if (msg) {
        raise_tunnel(p, end, c, rung);
        return;
    }
    put_where(&f, c, g->msgno, g->embedded);
    beep_put(&f, "keyword", slice_str(beep_keyword_names[b->frame.keyword]));
    idxp_play_see(p, end, IDXP_SEEN_TUNNEL_REPLY);
    idxp_play_see(p, end, IDXP_SEEN_TUNNEL_TALK);
    if (m->kind == TUNNEL_ERROR) {
        beep_put_number(&f, "code", m->code);
        beep_put(&f, "text", m->text);
        if (m->lang_given) beep_put(&f, "lang", m->lang);
        idxp_play_see(p, end, IDXP_SEEN_TUNNEL_ERROR);
    }
    raise(p, m->kind == TUNNEL_ERROR ? "tunnel-error" : "tunnel-ok", end, false, rung, &f);
}

/* --- both ---------------------------------------------------------------------------------------- */

err idxp_play_message(struct player *p, int end, const struct beep_got *g, size_t rung, uint64_t now)
{
    struct idxp_play_chan *c = about(p, end, g);
    (void)now;
    if (g->frame.channel == 0 && g->el && beep_play_readable(g) && g->el->kind == BEEP_EL_GREETING)
        idxp_play_look_greeting(p, end, g->el, rung);
    if (!c) return OK;
    bool start = g->frame.channel == 0 && g->el->kind == BEEP_EL_START;
    if (start && !c->tunnel) idxp_play_see(p, end, IDXP_SEEN_STARTED);
    if (!start && !c->tunnel) idxp_play_see(p, end, IDXP_SEEN_CHANNEL);
    if (c->tunnel)
        on_tunnel(p, end, c, g, rung);
    else
        on_idxp(p, end, c, g, rung);
    return OK;
}

void idxp_play_octets(struct player *p, int end, slice octets, uint64_t now)
{
    if (!octets.n) return;
    size_t r = play_rung(p, RUNG_MESSAGE, end, true, false, "octets", octets, now);
    struct play_field f = {"is", octets};
    play_raise(p, "octets", end, false, r, &f, 1);
}
