/* SPDX-License-Identifier: MIT */
/* The IAP adapter of the player: send, raw and do. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run/play_iap_impl.h"

static struct play_iap_run *run_of(const struct player *p)
{
    return p->run->proto_run;
}

static const char *text_of(const struct scn_arg *a)
{
    return a && a->values ? (const char *)a->value[0].p : NULL;
}

static slice octets_of(const struct scn_arg *a)
{
    return a && a->values ? slice_of(a->value[0].p, a->value[0].n) : SLICE_NONE;
}

/* --- connections ------------------------------------------------------------------------------------------------------ */

void iap_play_open(struct player *p, int end)
{
    struct iap_play_end *x = iap_play_end(p, end);
    struct link *l = &p->e.link[end];
    if (!x->dials || x->live || l->state != LINK_IDLE) return;
    l->to = p->run->dial;
    l->state = LINK_WANTED;
}

void iap_play_conn(struct player *p, int end)
{
    struct iap_play_end *x = iap_play_end(p, end);
    if (x->live) iap_conn_done(&x->conn);
    iap_conn_init(&x->conn, p->e.env, &p->e.link[end], x->dials ? 0 : 1, x->analyzer, run_of(p)->no_tls, NULL);
    x->conn.manual_tls = true;
    if (x->dials) { /* what we are going to offer decides the way that reach takes */
        x->conn.track.facts.offer_known = true;
        x->conn.track.facts.offer_sender = x->analyzer;
    }
    x->live = true;
}

err iap_play_start_tls(struct player *p, int end)
{
    struct iap_play_end *x = iap_play_end(p, end);
    char why[200] = "";
    if (x->conn.tls || run_of(p)->no_tls) return OK;
    if (!run_of(p)->identity) return play_error(p, "TLS was not set up for this run");
    struct tls_context *c = run_of(p)->identity(run_of(p)->identity_ctx, x->identity, x->analyzer, why, sizeof why);
    if (!c) return play_error(p, "no certificate \"%s\": %s", x->identity, why);
    x->conn.tls_context = c;
    x->conn.resume_key = x->resume ? ((struct iap_play *)p->state)->resume_key : NULL;
    return iap_conn_start_tls(&x->conn);
}

/* --- sending ---------------------------------------------------------------------------------------------------------- */

/* The tracker goes along where the tables allow it; a deliberate mistake leaves it where it is and takes order off the peer's account. */
static void track_sent(struct iap_play_end *x, const struct iap_msg *m, bool mistake)
{
    struct track_iap *t = &x->conn.track;
    const struct fsm_row *r = fsm_peek(&t->fsm, x->conn.side, (uint8_t)track_iap_event(m), &t->facts);
    if (mistake || !r || r->kind == FSM_FATAL) t->tainted = true;
    if (r && r->kind != FSM_FATAL) track_iap_message(t, x->conn.side, m);
}

static err write_out(struct player *p, int end, slice octets, const char *label, uint64_t now)
{
    struct iap_play_end *x = iap_play_end(p, end);
    play_rung(p, RUNG_MESSAGE, end, false, iap_conn_secured(&x->conn), label, octets, now);
    if (buf_add(&p->raw_sent[end], x->opaque ? octets : SLICE_NONE) != OK) return ERR_LIMIT;
    return iap_conn_write(&x->conn, octets);
}

err iap_play_say(struct player *p, struct iap_play_end *x, int end, const struct iap_msg *m, uint64_t now)
{
    struct buf text;
    char label[120];
    buf_init(&text, p->e.env->mem, p->e.env->limits.content + p->e.env->limits.head);
    err e = iap_write(m, &iap_style_sent, &text);
    iap_play_label(m, label, sizeof label);
    if (e == OK) e = write_out(p, end, buf_slice(&text), label, now);
    if (e == OK) track_sent(x, m, false);
    x->vias = m->via_n;
    buf_done(&text);
    return e;
}

static const struct iap_style *style_of(const struct scn_stmt *s)
{
    const char *name = text_of(scn_named(s, "style"));
    if (name && strcmp(name, "example") == 0) return &iap_style_example;
    if (name && strcmp(name, "grammar") == 0) return &iap_style_grammar;
    return &iap_style_sent;
}

/* Octets that a statement describes: body="..." or fill=N size=N or pattern=N. */
static err make_octets(struct player *p, const struct scn_stmt *s, const char *word, struct buf *out)
{
    const struct scn_arg *text = word ? scn_named(s, word) : scn_first(s);
    const char *size = text_of(scn_named(s, "size")), *pattern = text_of(scn_named(s, "pattern"));
    if (text) return buf_add(out, octets_of(text));
    size_t n = (size_t)strtoull(size ? size : pattern ? pattern : "0", NULL, 0);
    uint8_t *at;
    if (!n) return OK;
    if (n > p->e.env->limits.content) return play_error(p, "more than %zu octets", p->e.env->limits.content);
    TRY(buf_reserve(out, n, &at));
    if (pattern) { /* every octet value, no period that a buffer size could hide */
        struct rng r;
        rng_init(&r, 1);
        for (size_t i = 0; i < n; i++)
            at[i] = (uint8_t)rng_next(&r);
    } else {
        const char *fill = text_of(scn_named(s, "fill"));
        memset(at, fill ? (int)(strtoul(fill, NULL, 0) & 0xff) : 'a', n);
    }
    buf_added(out, n);
    return OK;
}

static err add_vias(struct player *p, const struct scn_stmt *s, struct iap_msg *m)
{
    for (size_t i = 0; i < s->args; i++) {
        if (!s->arg[i].key || strcmp(s->arg[i].key, "via") != 0) continue;
        if (m->via_n == IAP_VIAS_MAX) return play_error(p, "more than %d Via lines", IAP_VIAS_MAX);
        m->via[m->via_n++] = octets_of(&s->arg[i]);
    }
    return OK;
}

static err build(struct player *p, const struct scn_stmt *s, struct iap_play_end *x, struct buf *body, struct iap_msg *m)
{
    const char *kind = text_of(scn_first(s));
    memset(m, 0, sizeof *m);
    if (!kind) return play_error(p, "send what?  connect, response, upgrade, channel or content");
    if (strcmp(kind, "connect") == 0) {
        const struct scn_arg *host = scn_named(s, "host");
        m->kind = IAP_CONNECT;
        m->host = host ? octets_of(host) : slice_str(run_of(p)->host);
        return add_vias(p, s, m);
    }
    if (strcmp(kind, "response") == 0) {
        const char *code = text_of(scn_named(s, "code"));
        m->kind = IAP_RESPONSE;
        m->code = code ? (uint16_t)strtoul(code, NULL, 10) : 200;
        return add_vias(p, s, m);
    }
    if (strcmp(kind, "upgrade") == 0) {
        m->kind = IAP_UPGRADE;
        if (scn_named(s, "to")) m->upgrade = octets_of(scn_named(s, "to"));
        return OK;
    }
    if (strcmp(kind, "channel") == 0) {
        const struct scn_arg *role = scn_named(s, "role"), *version = scn_named(s, "version");
        m->kind = IAP_CHANNEL;
        m->role = x->analyzer ? IAP_SENDER : IAP_RECEIVER;
        if (role && slice_eq(octets_of(role), SLICE_LIT("Receiver"))) m->role = IAP_RECEIVER;
        if (role && slice_eq(octets_of(role), SLICE_LIT("Sender"))) m->role = IAP_SENDER;
        if (role) m->role_text = octets_of(role);
        if (version) m->version = octets_of(version);
        return OK;
    }
    if (strcmp(kind, "content") == 0) {
        m->kind = IAP_CONTENT;
        if (scn_named(s, "type")) m->type = octets_of(scn_named(s, "type"));
        TRY(make_octets(p, s, "body", body));
        m->body = buf_slice(body);
        return OK;
    }
    return play_error(p, "unknown message %s; there are connect, response, upgrade, channel and content", kind);
}

static enum parts_op op_of(enum scn_op op)
{
    switch (op) {
    case SCN_SET: return PARTS_SET;
    case SCN_ADD: return PARTS_ADD;
    case SCN_SUB: return PARTS_SUB;
    case SCN_DROP: return PARTS_DROP;
    case SCN_DUP: return PARTS_DUP;
    case SCN_CUT: return PARTS_CUT;
    case SCN_SWAP: return PARTS_SWAP;
    case SCN_INSERT: return PARTS_INSERT;
    }
    return PARTS_SET;
}

static err compose(struct player *p, const struct scn_stmt *s, const struct iap_msg *m, struct buf *out)
{
    struct parts parts;
    char why[300] = "";
    parts_init(&parts, p->e.env->mem, p->e.env->limits.content + 2 * p->e.env->limits.head);
    err e = iap_compose(m, style_of(s), &parts);
    for (size_t i = 0; i < s->changes && e == OK; i++) {
        const struct scn_change *c = &s->change[i];
        slice v = slice_of(c->value.p, c->value.n);
        e = parts_change(&parts, op_of(c->op), c->field ? c->field : "", c->field2, v, why, sizeof why);
    }
    if (e == OK) e = parts_write(&parts, out);
    parts_done(&parts);
    if (e == ERR_USE) return play_error(p, "%s", why);
    return e;
}

/* True when a reader would find something to complain about. */
static bool departs(const struct player *p, slice octets)
{
    struct iap_msg m;
    size_t used = 0;
    if (iap_read(p->e.env, octets, true, &m, &used, NULL) != OK) return true;
    return used != octets.n || iap_msg_severity(&m) != SEV_NOTE;
}

static void forgive(struct player *p, int end)
{
    if (run_of(p)->under_test == TEST_PROXY && end <= 1) iap_play_end(p, end)->forgiven = true;
}

static err send_raw(struct player *p, int end, const struct scn_stmt *s, uint64_t now)
{
    struct iap_play_end *x = iap_play_end(p, end);
    struct buf out;
    buf_init(&out, p->e.env->mem, p->e.env->limits.content);
    err e = make_octets(p, s, NULL, &out);
    if (!x->opaque) x->conn.track.tainted = true;
    if (e == OK) e = write_out(p, end, buf_slice(&out), "octets", now);
    buf_done(&out);
    return e;
}

err iap_play_send(struct player *p, int end, const struct scn_stmt *s, uint64_t now)
{
    struct iap_play_end *x = iap_play_end(p, end);
    struct iap_msg m;
    struct buf body, out;
    char label[160], plain[120];
    if (!x->live) return ERR_MORE;
    if (s->word == SCN_RAW) return send_raw(p, end, s, now);
    buf_init(&body, p->e.env->mem, p->e.env->limits.content);
    buf_init(&out, p->e.env->mem, p->e.env->limits.content + 2 * p->e.env->limits.head);
    err e = build(p, s, x, &body, &m);
    if (e == OK) e = compose(p, s, &m, &out);
    if (e == OK) {
        iap_play_label(&m, plain, sizeof plain);
        snprintf(label, sizeof label, "%s%s", plain, s->changes ? " (changed)" : "");
        e = write_out(p, end, buf_slice(&out), label, now);
    }
    if (e == OK) track_sent(x, &m, s->changes != 0);
    x->vias = m.via_n;
    if (departs(p, buf_slice(&out))) forgive(p, !end);
    buf_done(&body);
    buf_done(&out);
    return e;
}

/* --- do --------------------------------------------------------------------------------------------------------------- */

static void rung(struct player *p, int end, const char *label, uint64_t now)
{
    play_rung(p, RUNG_EVENT, end, false, false, label, SLICE_NONE, now);
}

static err do_identity(struct player *p, struct iap_play_end *x, const struct scn_stmt *s)
{
    const char *name = NULL;
    int positional = 0;
    for (size_t i = 0; i < s->args; i++) {
        if (!s->arg[i].key && positional++ == 1) name = text_of(&s->arg[i]);
    }
    if (!name) return play_error(p, "identity wants a name: good, none, expired, self-signed ...");
    x->identity = name;
    return OK;
}

static err do_close(struct player *p, int end, bool notify, uint64_t now)
{
    struct iap_play_end *x = iap_play_end(p, end);
    if (notify) TRY(iap_conn_notify(&x->conn));
    if (notify && x->conn.tls) rung(p, end, "close_notify", now);
    rung(p, end, "FIN", now);
    p->e.link[end].fin = true;
    return OK;
}

err iap_play_act(struct player *p, int end, const struct scn_stmt *s, uint64_t now)
{
    struct iap_play_end *x = iap_play_end(p, end);
    const char *verb = text_of(scn_first(s));
    if (!verb) return play_error(p, "do what?");
    if (strcmp(verb, "open") == 0) {
        iap_play_open(p, end);
        return OK;
    }
    if (strcmp(verb, "identity") == 0) return do_identity(p, x, s);
    if (strcmp(verb, "refuse") == 0 && p->run->deafen) p->run->deafen(p->run->deafen_ctx);
    if (strcmp(verb, "refuse") == 0) { /* ends that wait are gone: whoever gives connections finds none */
        for (int i = 0; i < PLAY_ENDS; i++)
            if (!iap_play_end(p, i)->dials && p->e.link[i].state == LINK_IDLE) p->e.link[i].state = LINK_DOWN;
        return OK;
    }
    if (strcmp(verb, "resume") == 0) {
        x->resume = true;
        return OK;
    }
    if (!x->live) return ERR_MORE;
    if (strcmp(verb, "tls") == 0) return iap_play_start_tls(p, end);
    if (strcmp(verb, "close") == 0) return do_close(p, end, true, now);
    if (strcmp(verb, "fin") == 0) return do_close(p, end, false, now);
    if (strcmp(verb, "notify") == 0) {
        rung(p, end, "close_notify", now);
        return iap_conn_notify(&x->conn);
    }
    if (strcmp(verb, "reset") == 0) {
        rung(p, end, "RST", now);
        p->e.link[end].drop = true;
        return OK;
    }
    if (strcmp(verb, "urgent") == 0) {
        rung(p, end, "urgent data", now);
        x->conn.track.tainted = true;
        p->e.link[end].urgent = true;
        return OK;
    }
    if (strcmp(verb, "flip") == 0) {
        x->conn.flip_next = true;
        x->conn.track.tainted = true;
        return OK;
    }
    if (strcmp(verb, "inject") == 0) { /* a response in clear, in the middle of TLS */
        rung(p, end, "clear octets injected", now);
        x->conn.track.tainted = true;
        return buf_add(&p->e.link[end].out, SLICE_LIT("IAP/0.3 200\r\n\r\n"));
    }
    if (strcmp(verb, "opaque") == 0) { /* both ends: what passes now is octets */
        for (int i = 0; i < PLAY_ENDS; i++)
            TRY(iap_play_opaque(p, i, now));
        return OK;
    }
    return play_error(p, "unknown do %s; there are open, tls, notify, fin, close, reset, urgent, flip, inject, identity, resume, refuse, opaque", verb);
}
