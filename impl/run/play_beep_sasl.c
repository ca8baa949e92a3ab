/* SPDX-License-Identifier: MIT */
/* The BEEP adapter of the player: authentications that run by themselves, as client (do sasl, reach
 * authenticated) and as server (an initiator that asks for one). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run/play_beep_impl.h"

static void finish(struct player *p, int end, bool good, unsigned code, const char *why, uint64_t now)
{
    struct beep_play_end *x = beep_play_end(p, end);
    struct beep_fields f = {.n = 0};
    char label[160];
    bool client = x->sasl.client;
    snprintf(label, sizeof label, "%s (%s)%s%s", good ? "authenticated" : "not authenticated",
             x->sasl.mechanism, *why ? ": " : "", why);
    size_t r = play_rung(p, RUNG_EVENT, end, true, false, label, SLICE_NONE, now);
    beep_put(&f, "mechanism", slice_str(x->sasl.mechanism));
    if (good) {
        const char *who = sasl_identity(x->sasl.sasl);
        beep_put(&f, "identity", slice_str(who));
        beep_put(&f, "layer", slice_str(sasl_has_layer(x->sasl.sasl) ? "yes" : "no"));
        beep_play_see(p, BEEP_SEEN_AUTHENTICATED);
        x->authenticated = true;
    } else {
        if (code) beep_put_number(&f, "code", code);
        beep_put(&f, "why", slice_str(why));
    }
    x->sasl.on = false;
    buf_done(&x->sasl.first);
    x->sasl.has_first = false;
    play_raise(p, good ? "authenticated" : "not-authenticated", end, !client, r, f.f, f.n);
}

/* Contexts and exchanges live as long as the case: a security layer may use one of them. */
static err new_exchange(struct player *p, int end, const struct sasl_options *o, slice mechanism,
                        struct sasl_failure *f)
{
    struct beep_play_end *x = beep_play_end(p, end);
    struct sasl_link link = {.encrypted = beep_play_secured(x)};
    char why[160] = "";
    if (x->exchanges == BEEP_PLAY_EXCHANGES)
        return play_error(p, "more than %d authentications in one case", BEEP_PLAY_EXCHANGES);
    struct beep_play_exchange *k = &x->exchange[x->exchanges];
    err e = sasl_context_new(p->e.env, o, &k->context, why, sizeof why);
    if (e != OK) return play_error(p, "SASL: %s", *why ? why : err_name(e));
    x->exchanges++;
    e = sasl_new(k->context, mechanism, &link, &k->sasl, f);
    x->sasl.sasl = k->sasl;
    return e;
}

static void start_exchange(struct beep_play_end *x, bool client, slice mechanism)
{
    buf_done(&x->sasl.first);
    x->sasl = (struct beep_play_sasl){.on = true, .client = client};
    snprintf(x->sasl.mechanism, sizeof x->sasl.mechanism, "%.*s", (int)(mechanism.n < 31 ? mechanism.n : 31),
             (const char *)mechanism.p);
}

/* --- client -------------------------------------------------------------------------------------- */

static err send_blob(struct player *p, int end, enum beep_blob_status status, slice octets, uint64_t now)
{
    struct beep_play_end *x = beep_play_end(p, end);
    struct beep_el el = {.kind = BEEP_EL_BLOB, .status = status, .blob = octets};
    return beep_play_element(p, end, BEEP_MSG, x->sasl.channel, NULL, &el, BEEP_THEN_NOTHING, now);
}

static enum sasl_qop qop_of(const char *name)
{
    return name && strcmp(name, "int") == 0   ? SASL_QOP_INT
           : name && strcmp(name, "any") == 0 ? SASL_QOP_ANY
                                              : SASL_QOP_AUTH;
}

static bool yes(const struct scn_stmt *s, const char *key)
{
    const char *v = s ? beep_play_text(s, key) : NULL;
    return v && strcmp(v, "yes") == 0;
}

/* Starts the channel, with the first blob where there is one. */
static err ask_channel(struct player *p, int end, const struct scn_stmt *s, slice first, bool has_first,
                       uint64_t now)
{
    struct beep_play_end *x = beep_play_end(p, end);
    const char *embed = s ? beep_play_text(s, "embed") : NULL,
               *number = s ? beep_play_text(s, "number") : NULL;
    struct buf uri, content;
    buf_init(&uri, p->e.env->mem, 128);
    buf_init(&content, p->e.env->mem, 16 * 1024);
    bool apart = embed && strcmp(embed, "no") == 0;
    struct beep_el blob = {.kind = BEEP_EL_BLOB, .blob = first};
    x->sasl.channel =
        number ? (uint32_t)strtoul(number, NULL, 10) : track_beep_free_channel(&x->conn.track, x->conn.side);
    err e = buf_addf(&uri, "%s%s", BEEP_URI_SASL, x->sasl.mechanism);
    if (e == OK && has_first && !apart) e = beep_el_write(&blob, BEEP_CDATA, &content);
    if (e == OK && has_first && apart) {
        buf_init(&x->sasl.first, p->e.env->mem, SASL_BLOB_MAX);
        e = buf_add(&x->sasl.first, first);
        x->sasl.has_first = e == OK;
    }
    struct beep_profile_el profile = {.uri = buf_slice(&uri), .content = buf_slice(&content)};
    struct beep_el start = {.kind = BEEP_EL_START,
                            .number = x->sasl.channel,
                            .number_given = true,
                            .profile = &profile,
                            .profiles = 1};
    if (e == OK) e = beep_play_element(p, end, BEEP_MSG, 0, NULL, &start, BEEP_THEN_NOTHING, now);
    buf_done(&content);
    buf_done(&uri);
    return e;
}

err beep_play_sasl_begin(struct player *p, int end, const char *mechanism, const struct scn_stmt *s,
                         uint64_t now)
{
    struct beep_play_end *x = beep_play_end(p, end);
    const struct play_beep_run *r = beep_play_run(p);
    const char *user = s ? beep_play_text(s, "user") : NULL,
               *password = s ? beep_play_text(s, "password") : NULL;
    const char *authzid = s ? beep_play_text(s, "authzid") : NULL;
    struct sasl_failure no = {0};
    char wrong[SASL_PASSWORD_MAX + 2];
    struct buf first;
    enum sasl_status status;
    if (x->sasl.on) return play_error(p, "an authentication is under way");
    if (!user) user = r->user;
    if (!password) password = r->password;
    if (yes(s, "wrong") && password) {
        snprintf(wrong, sizeof wrong, "%sx", password);
        password = wrong;
    }
    struct sasl_options o = {.side = SASL_CLIENT,
                             .qop = qop_of(s ? beep_play_text(s, "qop") : NULL),
                             .layer_inside_tls = yes(s, "layer"),
                             .offered = SASL_ALL,
                             .user = user,
                             .password = password,
                             .authzid = authzid ? authzid : r->authzid};
    start_exchange(x, true, slice_str(mechanism));
    x->sasl.may_layer = o.qop != SASL_QOP_AUTH;
    err e = new_exchange(p, end, &o, slice_str(mechanism), &no);
    if (p->stop) return e;
    if (e != OK) {
        x->sasl.on = false;
        play_inconc(p, "cannot authenticate by %s: %s", mechanism,
                    *no.why ? no.why : "no credentials were given");
        return OK;
    }
    buf_init(&first, p->e.env->mem, SASL_BLOB_MAX);
    e = sasl_step(x->sasl.sasl, SLICE_NONE, false, &first, &status);
    if (e == OK && status == SASL_FAILED)
        e = play_error(p, "%s: %s", mechanism, sasl_failure_of(x->sasl.sasl)->why);
    if (e == OK) e = ask_channel(p, end, s, buf_slice(&first), sasl_has_out(x->sasl.sasl), now);
    buf_done(&first);
    return e;
}

bool beep_play_sasl_about(const struct beep_play_end *x, const struct beep_got *g)
{
    if (!x->sasl.on || !x->sasl.client || g->frame.keyword == BEEP_MSG) return false;
    if (g->frame.channel == x->sasl.channel) return true;
    return g->frame.channel == 0 && g->ask == BEEP_ASK_START && g->number == x->sasl.channel;
}

static err client_complete(struct player *p, int end, slice blob, uint64_t now)
{
    struct beep_play_end *x = beep_play_end(p, end);
    enum sasl_status status;
    TRY(sasl_peer_complete(x->sasl.sasl, blob, blob.n != 0, &status));
    if (status != SASL_COMPLETE) {
        finish(p, end, false, 0, sasl_failure_of(x->sasl.sasl)->why, now);
        return OK;
    }
    finish(p, end, true, 0, "", now);
    return beep_play_sasl_layer(p, end, now);
}

static err client_goes_on(struct player *p, int end, slice blob, uint64_t now)
{
    struct beep_play_end *x = beep_play_end(p, end);
    struct buf out;
    enum sasl_status status;
    buf_init(&out, p->e.env->mem, SASL_BLOB_MAX);
    err e = sasl_step(x->sasl.sasl, blob, true, &out, &status);
    if (e == OK && status == SASL_FAILED) {
        const char *why = sasl_failure_of(x->sasl.sasl)->why;
        e = send_blob(p, end, BEEP_BLOB_ABORT, SLICE_NONE, now);
        finish(p, end, false, 0, why, now);
    } else if (e == OK) {
        e = send_blob(p, end, BEEP_BLOB_CONTINUE, buf_slice(&out), now);
    }
    buf_done(&out);
    return e;
}

err beep_play_sasl_reply(struct player *p, int end, const struct beep_got *g, uint64_t now)
{
    struct beep_play_end *x = beep_play_end(p, end);
    const struct beep_el *el = g->el;
    if (el && el->kind == BEEP_EL_PROFILE) { /* what counts stands inside */
        x->sasl.channel_open = true;
        el = g->inner && g->inner->kind != BEEP_EL_NONE ? g->inner : NULL;
        if (!el) return send_blob(p, end, BEEP_BLOB_CONTINUE, buf_slice(&x->sasl.first), now);
    }
    if (el && el->kind == BEEP_EL_ERROR) {
        char why[80];
        snprintf(why, sizeof why, "%.*s", (int)(el->text.n < 79 ? el->text.n : 79), (const char *)el->text.p);
        finish(p, end, false, el->code, why, now);
        return OK;
    }
    if (!el || el->kind != BEEP_EL_BLOB || el->status == BEEP_BLOB_ABORT) {
        finish(p, end, false, 0, "the answer is no blob of a server", now);
        return OK;
    }
    return el->status == BEEP_BLOB_COMPLETE ? client_complete(p, end, el->blob, now)
                                            : client_goes_on(p, end, el->blob, now);
}

/* --- server -------------------------------------------------------------------------------------- */

static void refuse(struct player *p, int end, const struct sasl_failure *f, struct beep_el *answer,
                   uint64_t now)
{
    unsigned code = f->code ? (unsigned)f->code : 550u;
    answer->kind = BEEP_EL_ERROR;
    answer->code = (uint16_t)code;
    answer->text = slice_str(beep_code_text(code));
    finish(p, end, false, code, f->why, now);
}

static err server_step(struct player *p, int end, const struct beep_el *blob, struct beep_el *answer,
                       struct buf *store, enum beep_play_then *then, uint64_t now)
{
    struct beep_play_end *x = beep_play_end(p, end);
    enum sasl_status status;
    TRY(sasl_step(x->sasl.sasl, blob->blob, true, store, &status));
    if (status == SASL_FAILED) {
        refuse(p, end, sasl_failure_of(x->sasl.sasl), answer, now);
        return OK;
    }
    answer->kind = BEEP_EL_BLOB;
    answer->status = status == SASL_COMPLETE ? BEEP_BLOB_COMPLETE : BEEP_BLOB_CONTINUE;
    answer->blob = buf_slice(store);
    if (status == SASL_COMPLETE) {
        *then = BEEP_THEN_LAYER;
        finish(p, end, true, 0, "", now);
    }
    return OK;
}

err beep_play_sasl_start(struct player *p, int end, slice mechanism, const struct beep_el *inner,
                         uint32_t channel, struct beep_el *answer, struct buf *store,
                         enum beep_play_then *then, uint64_t now)
{
    struct beep_play_end *x = beep_play_end(p, end);
    struct sasl_options o = {
        .side = SASL_SERVER, .qop = SASL_QOP_ANY, .offered = SASL_ALL, .scram_rounds = beep_play_run(p)->scram_rounds,
        .users = beep_play_run(p)->users};
    struct sasl_failure no = {0};
    start_exchange(x, false, mechanism);
    x->sasl.channel = channel;
    err e = new_exchange(p, end, &o, mechanism, &no);
    if (p->stop) return e;
    if (e != OK) {
        refuse(p, end, &no, answer, now);
        return OK;
    }
    if (!inner || inner->kind != BEEP_EL_BLOB) return OK; /* the first blob comes on the channel */
    return server_step(p, end, inner, answer, store, then, now);
}

err beep_play_sasl_blob(struct player *p, int end, const struct beep_el *blob, struct beep_el *answer,
                        struct buf *store, enum beep_play_then *then, uint64_t now)
{
    struct beep_play_end *x = beep_play_end(p, end);
    struct sasl_failure no = {.code = SASL_WRONG, .why = "the client gave up"};
    if (!x->sasl.on || x->sasl.client) {
        answer->kind = BEEP_EL_ERROR;
        answer->code = 550;
        answer->text = slice_str(beep_code_text(550));
        return OK;
    }
    if (blob->status == BEEP_BLOB_CONTINUE) return server_step(p, end, blob, answer, store, then, now);
    refuse(p, end, &no, answer, now);
    return OK;
}

/* --- both ---------------------------------------------------------------------------------------- */

err beep_play_sasl_layer(struct player *p, int end, uint64_t now)
{
    struct beep_play_end *x = beep_play_end(p, end);
    if (!x->sasl.sasl || !sasl_has_layer(x->sasl.sasl)) return OK;
    TRY(beep_conn_layer(&x->conn, x->sasl.sasl));
    beep_play_fresh(p, end);
    return beep_play_greet(p, end, now);
}

void beep_play_sasl_done(struct beep_play_end *x)
{
    buf_done(&x->sasl.first);
    for (size_t i = 0; i < x->exchanges; i++) {
        sasl_free(x->exchange[i].sasl);
        sasl_context_free(x->exchange[i].context);
    }
    x->exchanges = 0;
}
