/* SPDX-License-Identifier: MIT */
/* The SASL profiles on both sides (RFC 3080 4.1): one for each mechanism, blobs in the start or as MSG, what a success changes. */
#include "base/base64.h"
#include "peer/beep_peer_impl.h"

#include <string.h>

/* An exchange on a channel. */
struct exchange {
    struct sasl *s;
    struct buf first;   /* client: the initial response, kept for a MSG */
    bool has_first;
};

static struct exchange *exchange_of(const struct beep_bound *b)
{
    return b->state;
}

static slice mechanism(const struct beep_profile *profile)
{
    slice uri = slice_str(profile->uri);
    return slice_sub(uri, sizeof BEEP_URI_SASL - 1, uri.n);
}

static void link_facts(const struct beep_peer *p, struct sasl_link *l)
{
    struct tls_info info;
    *l = (struct sasl_link){.encrypted = beep_peer_secured(p)};
    /* 4.1.3: TLS with a certificate of the peer is the service that EXTERNAL stands on */
    if (l->encrypted && tls_info_of(p->c.tls, &info) && info.peer_cert) l->external = info.peer_subject;
    if (!l->external && MUT(p, SASL_EXTERNAL_BARE)) l->external = "somebody";
}

bool beep_sasl_offers(const struct beep_peer *p, enum sasl_mech mech, bool listed)
{
    struct sasl_failure f = {0};
    struct sasl_link l;
    struct sasl *s;
    if (!p->s->sasl_server || (p->authenticated && !MUT(p, SASL_TWICE))) return false;
    link_facts(p, &l);
    err e = sasl_new(p->s->sasl_server, slice_str(sasl_mech_names[mech]), &l, &s, &f);
    sasl_free(s);
    /* what needs encryption is not listed before there is some; asked for all the same it is told so */
    return e == OK || f.code == SASL_WEAK || (!listed && f.code != SASL_NOT_OFFERED && f.code != SASL_UNKNOWN);
}

static struct exchange *exchange_new(struct beep_bound *b)
{
    struct exchange *x = mem_new(b->peer->e.env->mem, sizeof *x);
    b->state = x;
    if (x) buf_init(&x->first, b->peer->e.env->mem, SASL_BLOB_MAX);
    return x;
}

static void exchange_free(struct beep_bound *b)
{
    struct exchange *x = exchange_of(b);
    if (!x) return;
    sasl_free(x->s);
    buf_done(&x->first);
    mem_free(b->peer->e.env->mem, x);
    b->state = NULL;
}

/* The exchange on this channel is over, well or not. */
static void over(struct beep_bound *b)
{
    struct exchange *x = exchange_of(b);
    if (x) {
        sasl_free(x->s);
        x->s = NULL;
    }
    b->peer->tune_by = 0;
    beep_peer_spent(b);
}

/* 4: who the peer is holds for all channels from here on. */
static void succeeded(struct beep_bound *b)
{
    struct beep_peer *p = b->peer;
    struct exchange *x = exchange_of(b);
    sasl_free(p->sasl);
    p->sasl = x ? x->s : NULL;
    if (x) x->s = NULL;
    p->authenticated = true;
    p->proved_ours = b->started_by_us;
    p->layer_due = p->sasl && sasl_has_layer(p->sasl);
    p->moves++;
    over(b);
}

/* --- server -------------------------------------------------------------------------------------------------------------------- */

static struct beep_el failure(struct beep_bound *b, uint16_t code, const char *text)
{
    struct beep_peer *p = b->peer;
    p->sasl_failed++;
    beep_peer_note(p, "authentication failed: %u %s", (unsigned)code, text);
    over(b);
    /* what exactly was wrong is not for who tries it out */
    return beep_peer_error(p, code, code == 535 ? "authentication failed" : text);
}

/* Makes the exchange if there is none; false and an error when it cannot be had. */
static bool begin(struct beep_bound *b, struct beep_el *error)
{
    struct beep_peer *p = b->peer;
    struct exchange *x = exchange_of(b) ? exchange_of(b) : exchange_new(b);
    struct sasl_failure f = {0};
    struct sasl_link l;
    if (x && x->s) return true;
    if (p->authenticated && !MUT(p, SASL_TWICE)) {
        *error = beep_peer_error(p, 550, "the session is authenticated already"); /* 4: no further attempts */
        return false;
    }
    if (p->sasl_failed >= PEER_SASL_TRIES) {
        *error = beep_peer_error(p, 554, "too many attempts");
        return false;
    }
    if (!x) {
        *error = failure(b, SASL_TEMPORARY, "out of memory");
        return false;
    }
    link_facts(p, &l);
    if (sasl_new(p->s->sasl_server, mechanism(b->profile), &l, &x->s, &f) == OK) return true;
    *error = failure(b, f.code ? (uint16_t)f.code : SASL_TEMPORARY, "");
    error->text = slice_str(beep_code_text(error->code));
    return false;
}

/* A server that agrees where it should not. */
static bool too_kind(struct beep_bound *b, struct beep_el *el)
{
    *el = (struct beep_el){.kind = BEEP_EL_BLOB, .status = BEEP_BLOB_COMPLETE};
    succeeded(b);
    return true;
}

/* What the server says to a blob of the client, or to a start without one.  out holds the octets of the answer's blob. */
static struct beep_el reply_to(struct beep_bound *b, const struct beep_el *in, struct buf *out)
{
    struct beep_el el;
    enum sasl_status status;
    bool says_complete = in && in->kind == BEEP_EL_BLOB && in->status == BEEP_BLOB_COMPLETE;
    if (says_complete && MUT(b->peer, SASL_CLIENT_COMPLETE) && too_kind(b, &el)) return el;
    if (in && in->kind == BEEP_EL_BLOB && in->status == BEEP_BLOB_ABORT && MUT(b->peer, SASL_ABORT_DEAF))
        return (struct beep_el){.kind = BEEP_EL_BLOB, .status = BEEP_BLOB_CONTINUE};
    if (in && in->kind == BEEP_EL_BLOB && in->status == BEEP_BLOB_ABORT) /* section 8: 451 is the code for what was aborted */
        return failure(b, 451, "aborted by the client");
    if (in && (in->kind != BEEP_EL_BLOB || in->status != BEEP_BLOB_CONTINUE)) return failure(b, 501, "a blob of a client is expected");
    if (!begin(b, &el)) return el;
    struct exchange *x = exchange_of(b);
    err e = sasl_step(x->s, in ? in->blob : SLICE_NONE, in != NULL, out, &status);
    if (e != OK) return failure(b, SASL_TEMPORARY, "no memory or no room");
    if (status == SASL_FAILED) {
        struct sasl_failure f = *sasl_failure_of(x->s); /* the exchange goes away with it */
        if (f.code == SASL_WRONG && MUT(b->peer, SASL_ANY_PASSWORD) && too_kind(b, &el)) return el;
        el = failure(b, (uint16_t)f.code, f.why);
        if (f.code != SASL_WRONG) el.text = slice_str(beep_code_text(f.code));
        return el;
    }
    el = (struct beep_el){.kind = BEEP_EL_BLOB, .status = status == SASL_COMPLETE ? BEEP_BLOB_COMPLETE : BEEP_BLOB_CONTINUE};
    el.blob = sasl_has_out(x->s) ? buf_slice(out) : SLICE_NONE;
    if (status == SASL_COMPLETE) succeeded(b);
    return el;
}

static void start(struct beep_bound *b, slice init, struct buf *answer, struct beep_refusal *no, uint64_t now)
{
    struct beep_peer *p = b->peer;
    struct beep_el el = {0};
    struct buf blob;
    bool given = slice_trim(init).n != 0;
    buf_init(&blob, p->e.env->mem, SASL_BLOB_MAX);
    if (given) beep_tune_read(p, init, &el);
    struct beep_el say = reply_to(b, given ? &el : NULL, &blob);
    if (say.kind == BEEP_EL_ERROR && MUT(p, SASL_ERROR_OUTSIDE)) *no = (struct beep_refusal){say.code, "not authenticated"};
    if (say.kind == BEEP_EL_ERROR && MUT(p, SASL_ABORTS)) say = (struct beep_el){.kind = BEEP_EL_BLOB, .status = BEEP_BLOB_ABORT};
    beep_tune_write(p, &say, answer, now);
    if (no->code) exchange_free(b); /* a channel that is declined has no end that could do it */
    beep_el_done(&el);
    buf_done(&blob);
}

static void on_msg(struct beep_bound *b, uint32_t msgno, uint64_t now)
{
    struct beep_peer *p = b->peer;
    struct beep_el none = {0};
    struct buf blob;
    if (p->tuning && p->tuning != beep_chan_of(b)) {
        beep_peer_refuse(p, b->channel, msgno, 550, "another tuning is under way", now);
        return;
    }
    if (b->started_by_us) { /* who started the channel is the client */
        beep_peer_refuse(p, b->channel, msgno, 550, "the other side is the server here", now);
        return;
    }
    p->tuning = beep_chan_of(b);
    p->tuning->spent = false;
    buf_init(&blob, p->e.env->mem, SASL_BLOB_MAX);
    struct beep_el say = reply_to(b, p->el ? p->el : &none, &blob);
    if (say.kind == BEEP_EL_ERROR && MUT(p, SASL_ABORTS)) say = (struct beep_el){.kind = BEEP_EL_BLOB, .status = BEEP_BLOB_ABORT};
    err e = beep_peer_element(p, b->channel, say.kind == BEEP_EL_ERROR ? BEEP_ERR : BEEP_RPY, msgno, &say);
    if (e != OK) beep_peer_broken(p, e, now);
    buf_done(&blob);
}

/* --- client -------------------------------------------------------------------------------------------------------------------- */

static void give_up(struct beep_bound *b, uint64_t now, const char *why)
{
    struct beep_peer *p = b->peer;
    beep_tune_failed(p, now, "not authenticated: %s", why);
    over(b);
}

static void send_blob(struct beep_bound *b, enum beep_blob_status status, slice blob, uint64_t now)
{
    struct beep_peer *p = b->peer;
    struct beep_el el = {.kind = BEEP_EL_BLOB, .status = MUT(p, SASL_C_COMPLETE) ? BEEP_BLOB_COMPLETE : status, .blob = blob};
    struct buf text;
    uint32_t msgno = 0;
    buf_init(&text, p->e.env->mem, PEER_ELEMENT_MAX);
    err e = beep_mgmt_write(&el, BEEP_CDATA, &text);
    if (e == OK) e = beep_peer_msg(b, &msgno, buf_slice(&text), true, now);
    buf_done(&text);
    if (e == ERR_USE) beep_peer_note(p, "not authenticated: the session is being released"); /* the peer's close crossed our start: no MSG may follow it */
    else if (e != OK) beep_peer_broken(p, e, now);
}

static void send_first(struct beep_bound *b, uint64_t now)
{
    struct exchange *x = exchange_of(b);
    x->has_first = false;
    send_blob(b, BEEP_BLOB_CONTINUE, buf_slice(&x->first), now);
    buf_done(&x->first);
}

/* The mechanism does not agree with the server: it is told, and its error is waited for (4.1.3). */
static void abort_exchange(struct beep_bound *b, bool tell, uint64_t now)
{
    struct exchange *x = exchange_of(b);
    struct sasl_failure f = *sasl_failure_of(x->s);
    if (tell) send_blob(b, BEEP_BLOB_ABORT, SLICE_NONE, now);
    give_up(b, now, f.why);
}

static void on_challenge(struct beep_bound *b, slice blob, uint64_t now)
{
    struct beep_peer *p = b->peer;
    struct exchange *x = exchange_of(b);
    enum sasl_status status;
    struct buf out;
    if (x->has_first && blob.n == 0) { /* an empty challenge asks for the initial response */
        send_first(b, now);
        return;
    }
    buf_init(&out, p->e.env->mem, SASL_BLOB_MAX);
    err e = sasl_step(x->s, blob, true, &out, &status);
    if (e != OK) beep_peer_broken(p, e, now);
    else if (status == SASL_FAILED) abort_exchange(b, true, now);
    else send_blob(b, BEEP_BLOB_CONTINUE, buf_slice(&out), now);
    buf_done(&out);
}

static void on_complete(struct beep_bound *b, slice blob, uint64_t now)
{
    struct beep_peer *p = b->peer;
    struct exchange *x = exchange_of(b);
    enum sasl_status status;
    err e = sasl_peer_complete(x->s, blob, blob.n != 0, &status);
    if (e != OK && !MUT(p, SASL_NO_PROOF)) {
        beep_peer_broken(p, e, now);
    } else if (status != SASL_COMPLETE && !MUT(p, SASL_NO_PROOF)) {
        abort_exchange(b, false, now); /* the server does not know the password: nothing more is said to it but goodbye */
    } else {
        succeeded(b);
        if (p->layer_due) return; /* the channel goes with the session as it was */
        e = beep_peer_close(p, b->channel, now);
        if (e != OK) beep_peer_note(p, "tuning channel stays open: %s", err_name(e));
    }
}

static void on_answer(struct beep_bound *b, const struct beep_el *el, uint64_t now)
{
    struct exchange *x = exchange_of(b);
    char text[160];
    bool poor = beep_tune_poor(el);
    if (!x || !x->s) { /* behind an abort */
        if (poor) beep_tune_useless(b, now);
        return;
    }
    if (!poor && el->kind == BEEP_EL_BLOB && el->status == BEEP_BLOB_CONTINUE) {
        on_challenge(b, el->blob, now);
    } else if (!poor && el->kind == BEEP_EL_BLOB && el->status == BEEP_BLOB_COMPLETE) {
        on_complete(b, el->blob, now);
    } else if (!poor && el->kind == BEEP_EL_ERROR) {
        size_t n = el->text.n < sizeof text ? el->text.n : sizeof text - 1;
        if (n) memcpy(text, el->text.p, n);
        text[n] = 0;
        if (MUT(b->peer, SASL_TALKS_BLIND)) {
            succeeded(b);
            return;
        }
        beep_peer_note(b->peer, "server says %u %s", (unsigned)el->code, text);
        give_up(b, now, beep_code_text(el->code) ? beep_code_text(el->code) : "the server refuses");
    } else {
        give_up(b, now, "the server answers with neither blob nor error");
        beep_tune_useless(b, now);
    }
}

static void started(struct beep_bound *b, slice answer, const struct beep_refusal *no, uint64_t now)
{
    struct beep_peer *p = b->peer;
    struct exchange *x = exchange_of(b);
    struct beep_el el = {0};
    if (no->code) {
        if (!p->ending) give_up(b, now, no->text[0] ? no->text : "the channel was declined");
        exchange_free(b);
        return;
    }
    if (slice_trim(answer).n) {
        beep_tune_read(p, answer, &el);
        on_answer(b, &el, now);
        beep_el_done(&el);
    } else if (x->has_first) {
        send_first(b, now);
    } else {
        send_blob(b, BEEP_BLOB_CONTINUE, SLICE_NONE, now); /* it is the client's turn, and it has nothing to say yet */
    }
}

static void octets(struct beep_bound *b, enum beep_keyword keyword, uint32_t msgno, uint32_t ansno, slice part, bool last, uint64_t now)
{
    (void)ansno;
    (void)part; /* the tracker keeps messages of tuning channels whole */
    if (!last) return;
    if (keyword == BEEP_MSG) on_msg(b, msgno, now);
    else on_answer(b, b->peer->el, now);
}

static void closed(struct beep_bound *b, uint64_t now)
{
    (void)now;
    exchange_free(b);
}

/* --- both ------------------------------------------------------------------------------------------------------------------------ */

#define PROFILE(name) \
    {                 \
        .uri = BEEP_URI_SASL name, .tuning = true, .start = start, .started = started, .octets = octets, .closed = closed}
const struct beep_profile beep_profile_sasl[SASL_MECHS] = {
    [SASL_ANONYMOUS] = PROFILE("ANONYMOUS"),     [SASL_PLAIN] = PROFILE("PLAIN"),
    [SASL_EXTERNAL] = PROFILE("EXTERNAL"),       [SASL_CRAM_MD5] = PROFILE("CRAM-MD5"),
    [SASL_DIGEST_MD5] = PROFILE("DIGEST-MD5"),   [SASL_SCRAM_SHA_1] = PROFILE("SCRAM-SHA-1"),
    [SASL_SCRAM_SHA_256] = PROFILE("SCRAM-SHA-256"),
};

/* To whom we authenticate now: by which context and mechanism. */
static struct sasl_context *context_of(const struct beep_peer *p)
{
    return beep_peer_before_tunnel(p) ? p->s->via_sasl : p->s->sasl_client;
}

static const char *wish_of(const struct beep_peer *p)
{
    return beep_peer_before_tunnel(p) ? p->s->via_mechanism : p->s->sasl_mechanism;
}

bool beep_sasl_wanted(const struct beep_peer *p)
{
    const char *wish = wish_of(p);
    if (!wish || p->authenticated) return false;
    if (beep_peer_before_tunnel(p) || !p->s->sasl_if_offered) return true;
    enum sasl_mech mech = sasl_mech_find(slice_str(wish));
    return p->sasl_tried || mech == SASL_MECHS || beep_peer_offers(p, beep_profile_sasl[mech].uri);
}

/* The exchange and its initial response, before the channel is asked for. */
static bool prepare(struct beep_peer *p, enum sasl_mech mech, struct exchange *x, uint64_t now)
{
    struct sasl_failure f = {0};
    struct sasl_link l;
    enum sasl_status status = SASL_FAILED;
    link_facts(p, &l);
    buf_init(&x->first, p->e.env->mem, SASL_BLOB_MAX);
    err e = sasl_new(context_of(p), slice_str(sasl_mech_names[mech]), &l, &x->s, &f);
    if (e == OK) e = sasl_step(x->s, SLICE_NONE, false, &x->first, &status);
    if (e == OK && status != SASL_FAILED) {
        x->has_first = sasl_has_out(x->s);
        return true;
    }
    if (x->s && status == SASL_FAILED) f = *sasl_failure_of(x->s);
    if (e == ERR_MEM) beep_peer_broken(p, e, now);
    else beep_tune_failed(p, now, "not authenticated: %s", f.why[0] ? f.why : err_name(e));
    sasl_free(x->s);
    buf_done(&x->first);
    return false;
}

/* The content of the start: the initial response, unless it is to follow. */
static void start_content(struct beep_peer *p, struct exchange *x, struct buf *out, uint64_t now)
{
    size_t most = BEEP_INIT_MAX - 64; /* the element around it */
    struct beep_el unasked = {.kind = BEEP_EL_BLOB, .blob = SLICE_LIT("me")};
    if (!x->has_first && MUT(p, SASL_FIRST_BLOB)) beep_tune_write(p, &unasked, out, now);
    if (!x->has_first || p->s->bare || base64_size(x->first.n) > most) return;
    struct beep_el el = {.kind = BEEP_EL_BLOB, .blob = buf_slice(&x->first)};
    beep_tune_write(p, &el, out, now);
    x->has_first = false;
}

void beep_sasl_ask(struct beep_peer *p, uint64_t now)
{
    const char *wish = wish_of(p);
    enum sasl_mech mech = sasl_mech_find(slice_str(wish));
    struct exchange x = {0};
    struct buf init;
    uint32_t channel;
    p->sasl_tried = true;
    if (mech == SASL_MECHS || !context_of(p)) {
        beep_tune_failed(p, now, "mechanism %s is not to be had here", wish);
        return;
    }
    if (!beep_peer_offers(p, beep_profile_sasl[mech].uri)) {
        beep_tune_failed(p, now, "%s does not offer %s", beep_peer_before_tunnel(p) ? "not authenticated: the proxy" : "peer", wish);
        return;
    }
    if (!prepare(p, mech, &x, now)) return;
    buf_init(&init, p->e.env->mem, BEEP_INIT_MAX);
    start_content(p, &x, &init, now);
    p->tune_by = now + p->e.env->limits.setup_ms;
    /* the state has to be there before an answer can be */
    bool was = p->inside;
    p->inside = true;
    err e = p->ending ? OK : beep_peer_start(p, &beep_profile_sasl[mech], buf_slice(&init), &channel, now);
    p->inside = was;
    buf_done(&init);
    struct beep_bound *b = e == OK && !p->ending ? beep_peer_bound(p, channel) : NULL;
    struct exchange *kept = b ? exchange_new(b) : NULL;
    if (kept) {
        *kept = x;
        beep_peer_work(p, now);
        return;
    }
    sasl_free(x.s);
    buf_done(&x.first);
    if (!p->ending) beep_peer_broken(p, e == OK ? ERR_MEM : e, now);
}
