/* SPDX-License-Identifier: MIT */
#include "sec/tls.h"

#include "sec/tls_impl.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>

#define FILE_MAX_OCTETS (1u << 20) /* a bundle of authorities has some 200 KiB */

const char *tls_alert_name(int alert)
{
    static const struct {
        int n;
        const char *name;
    } names[] = {
        {0, "close_notify"},
        {10, "unexpected_message"},
        {20, "bad_record_mac"},
        {21, "decryption_failed"},
        {22, "record_overflow"},
        {30, "decompression_failure"},
        {40, "handshake_failure"},
        {41, "no_certificate"},
        {42, "bad_certificate"},
        {43, "unsupported_certificate"},
        {44, "certificate_revoked"},
        {45, "certificate_expired"},
        {46, "certificate_unknown"},
        {47, "illegal_parameter"},
        {48, "unknown_ca"},
        {49, "access_denied"},
        {50, "decode_error"},
        {51, "decrypt_error"},
        {60, "export_restriction"},
        {70, "protocol_version"},
        {71, "insufficient_security"},
        {80, "internal_error"},
        {86, "inappropriate_fallback"},
        {90, "user_canceled"},
        {100, "no_renegotiation"},
        {109, "missing_extension"},
        {110, "unsupported_extension"},
        {112, "unrecognized_name"},
        {116, "certificate_required"},
        {120, "no_application_protocol"},
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].n == alert) return names[i].name;
    return "unknown";
}

/* A certificate's text may hold anything; the line must stay one. */
static void make_one_line(char *s)
{
    for (; *s; s++)
        if ((unsigned char)*s < 0x20 || *s == 0x7f) *s = '?';
}

/* ---------------------------------------------------------------- contexts */

static err file_read(const char *name, struct buf *out, char *why, size_t why_n)
{
    if (!name) return OK;
    FILE *f = fopen(name, "rb");
    if (!f) {
        snprintf(why, why_n, "%s: %s", name, strerror(errno));
        return ERR_SYS;
    }
    err e = OK;
    size_t n = 1;
    while (e == OK && n > 0) {
        uint8_t piece[4096];
        n = fread(piece, 1, sizeof piece, f);
        e = buf_add(out, slice_of(piece, n));
    }
    if (e == ERR_LIMIT) snprintf(why, why_n, "%s: larger than %u octets", name, FILE_MAX_OCTETS);
    if (e == OK && ferror(f)) {
        snprintf(why, why_n, "%s: %s", name, strerror(errno));
        e = ERR_SYS;
    }
    fclose(f);
    return e == ERR_LIMIT ? ERR_SYS : e;
}

/* Keys under a passphrase are refused: the library would ask on the terminal. */
static int no_passphrase(char *buf, int size, int rwflag, void *u)
{
    (void)buf, (void)size, (void)rwflag, (void)u;
    return -1;
}

static EVP_PKEY *key_read(slice pem)
{
    BIO *b = BIO_new_mem_buf(pem.p, (int)pem.n);
    EVP_PKEY *k = b ? PEM_read_bio_PrivateKey(b, NULL, no_passphrase, NULL) : NULL;
    BIO_free(b);
    ERR_clear_error();
    return k;
}

/* Whether certificate, key and profile fit together: said here once, in our words, before a library sees
 * them. */
static err own_check(const struct tls_options *o, const struct tls_files *f, char *why, size_t why_n)
{
    err e = ERR_SYS;
    STACK_OF(X509) *chain = tls_policy_pem(buf_slice(&f->cert));
    EVP_PKEY *key = f->key.n ? key_read(buf_slice(&f->key)) : NULL;
    X509 *leaf = chain ? sk_X509_value(chain, 0) : NULL;
    if (!leaf)
        snprintf(why, why_n, "%s: no certificate in PEM form", o->cert_file);
    else if (!key)
        snprintf(why, why_n, "%s: no private key in PEM form, or one under a passphrase", o->key_file);
    else if (X509_check_private_key(leaf, key) != 1)
        snprintf(why, why_n, "%s: not the key of the certificate in %s", o->key_file, o->cert_file);
    else if (!o->priority && (EVP_PKEY_base_id(key) == EVP_PKEY_DSA) != (o->profile == TLS_DRAFT))
        snprintf(why, why_n, "%s: %s", o->cert_file,
                 o->profile == TLS_DRAFT ? "TLS_DHE_DSS_WITH_3DES_EDE_CBC_SHA takes DSA keys only"
                                         : "TLS 1.2 and later take no DSA key here");
    else
        e = OK;
    ERR_clear_error();
    EVP_PKEY_free(key);
    sk_X509_pop_free(chain, X509_free);
    return e;
}

static err context_fill(struct tls_context *c, const struct tls_options *o, struct tls_files *f, char *why,
                        size_t why_n)
{
    if (!o->cert_file != !o->key_file) {
        snprintf(why, why_n, "a certificate needs a key and a key a certificate");
        return ERR_USE;
    }
    TRY(file_read(o->cert_file, &f->cert, why, why_n));
    TRY(file_read(o->key_file, &f->key, why, why_n));
    TRY(file_read(o->ca_file, &f->ca, why, why_n));
    if (o->cert_file) TRY(own_check(o, f, why, why_n));
    if (o->ca_file && f->ca.n == 0) {
        snprintf(why, why_n, "%s: empty", o->ca_file);
        return ERR_SYS;
    }
    TRY(tls_policy_init(&c->policy, c->env, o, buf_slice(&f->ca), why, why_n));
    return c->lib->context_new(c, o, f, why, why_n);
}

err tls_context_new(const struct env *env, const struct tls_options *o, struct tls_context **out, char *why,
                    size_t why_n)
{
    char spare[TLS_WHY_MAX];
    if (!why || why_n == 0) {
        why = spare;
        why_n = sizeof spare;
    }
    *out = NULL;
    why[0] = 0;
    struct tls_context *c = mem_new(env->mem, sizeof *c);
    if (!c) {
        snprintf(why, why_n, "no memory");
        return ERR_MEM;
    }
    c->env = env;
    c->lib = o->profile == TLS_DRAFT ? &tls_gnutls : &tls_openssl;
    c->side = o->side;
    c->peer_cert_optional = o->peer_cert_optional;
    c->no_resumption = o->no_resumption;
    tls_store_init(&c->store, env->mem, o->side == TLS_SERVER ? TLS_SERVER_SESSIONS : TLS_CLIENT_SESSIONS);
    struct tls_files f;
    buf_init(&f.cert, env->mem, FILE_MAX_OCTETS);
    buf_init(&f.key, env->mem, FILE_MAX_OCTETS);
    buf_init(&f.ca, env->mem, FILE_MAX_OCTETS);
    err e = context_fill(c, o, &f, why, why_n);
    buf_done(&f.cert);
    if (f.key.p) OPENSSL_cleanse(f.key.p, f.key.cap);
    buf_done(&f.key);
    buf_done(&f.ca);
    if (e == OK) {
        *out = c;
        return OK;
    }
    if (!why[0]) snprintf(why, why_n, e == ERR_MEM ? "no memory" : "the TLS library refused");
    make_one_line(why);
    tls_context_free(c);
    return e;
}

void tls_context_free(struct tls_context *c)
{
    if (!c) return;
    c->lib->context_free(c);
    tls_store_done(&c->store);
    tls_policy_done(&c->policy);
    mem_free(c->env->mem, c);
}

/* ---------------------------------------------------------------- sessions */

err tls_new(struct tls_context *c, const char *resume_key, struct tls **out)
{
    const struct env *env = c->env;
    *out = NULL;
    struct tls *t = mem_new(env->mem, sizeof *t);
    if (!t) return ERR_MEM;
    t->c = c;
    t->alert_in = t->alert_out = -1;
    buf_init(&t->out, env->mem, env->limits.out_queue + TLS_SLACK);
    buf_init(&t->in, env->mem, env->limits.out_queue + TLS_SLACK);
    err e = OK;
    if (resume_key && c->side == TLS_CLIENT && !c->no_resumption) {
        t->resume_key = mem_dup(env->mem, resume_key, strlen(resume_key));
        if (!t->resume_key) e = ERR_MEM;
    }
    if (e == OK) e = c->lib->session_new(t);
    if (e != OK) {
        tls_free(t);
        return e;
    }
    *out = t;
    return OK;
}

void tls_free(struct tls *t)
{
    if (!t) return;
    const struct mem *mem = t->c->env->mem;
    t->c->lib->session_free(t);
    buf_done(&t->out);
    if (t->in.p) OPENSSL_cleanse(t->in.p, t->in.cap);
    buf_done(&t->in);
    mem_free(mem, t->resume_key);
    mem_free(mem, t->subject);
    mem_free(mem, t->usages);
    mem_free(mem, t);
}

enum tls_state tls_state_of(const struct tls *t)
{
    return t->state;
}

slice tls_out(const struct tls *t)
{
    return buf_slice(&t->out);
}

slice tls_in(const struct tls *t)
{
    return buf_slice(&t->in);
}

/* An idle session keeps no queues: a server holds thousands of them. */
static void trim(struct buf *b)
{
    if (b->n == 0 && b->p) buf_shrink(b);
}

void tls_sent(struct tls *t, size_t n)
{
    buf_take(&t->out, n < t->out.n ? n : t->out.n);
    trim(&t->out);
}

void tls_taken(struct tls *t, size_t n)
{
    buf_take(&t->in, n < t->in.n ? n : t->in.n);
    trim(&t->in);
}

/* A fatal alert before any key is in use is seven plain octets.  The libraries send none where the first
 * record is not one of TLS, and take hellos in SSLv2 form, which must not be allowed [IAP-6.3-2]: so the
 * first header is looked at here. */
static void refuse_plain(struct tls *t, int alert, const char *text)
{
    const uint8_t record[] = {21, 3, 1, 0, 2, 2, (uint8_t)alert};
    if (!tls_emit(t, slice_of(record, sizeof record))) alert = -1;
    tls_failed(t, alert, text);
}

static void look_at_head(struct tls *t, slice wire)
{
    for (size_t i = 0; i < wire.n && t->head_n < 2 && t->state == TLS_HANDSHAKE; i++, t->head_n++) {
        uint8_t c = wire.p[i];
        if (t->head_n == 0 && (c & 0x80))
            refuse_plain(t, TLS_ALERT_VERSION, "hello in SSLv2 form (or no TLS at all)");
        else if (t->head_n == 0 && (c < 20 || c > 23))
            refuse_plain(t, TLS_ALERT_UNEXPECTED, "first octet is not that of a TLS record");
        else if (t->head_n == 1 && c != 3)
            refuse_plain(t, TLS_ALERT_VERSION, "first record is not of TLS 1.x");
    }
}

/* What a library's callback could not return. */
static err broken(struct tls *t)
{
    err e = t->broken;
    if (e == OK) return OK;
    tls_failed(t, -1, "");
    t->broken = OK;
    return e;
}

/* Records are counted along, so that a peer that leaves one unfinished can be told from one that is silent. */
static void follow_records(struct tls *t, slice wire)
{
    while (wire.n) {
        size_t take = wire.n < t->rec_left ? wire.n : t->rec_left;
        t->rec_left = (uint16_t)(t->rec_left - take);
        wire = slice_sub(wire, take, wire.n);
        if (!wire.n) return;
        if (t->rec_n == 0) t->records++;
        t->rec[t->rec_n++] = wire.p[0];
        wire = slice_sub(wire, 1, wire.n);
        if (t->rec_n < sizeof t->rec) continue;
        t->rec_left = (uint16_t)(t->rec[3] << 8 | t->rec[4]);
        t->rec_n = 0;
    }
}

uint64_t tls_inside(const struct tls *t)
{
    return t->rec_n || t->rec_left ? t->records : 0;
}

err tls_feed(struct tls *t, slice wire)
{
    if (t->state == TLS_FAILED || t->state == TLS_ENDED) return OK;
    size_t limit = t->c->env->limits.out_queue;
    if (t->in.n > limit || wire.n > limit - t->in.n)
        return ERR_LIMIT; /* nothing was read: take and come again */
    if (t->head_n < 2) {
        look_at_head(t, wire);
        if (t->state == TLS_FAILED) return broken(t);
    }
    follow_records(t, wire);
    t->wire = wire;
    t->c->lib->run(t);
    t->wire = SLICE_NONE;
    err e = broken(t);
    trim(&t->in);
    trim(&t->out);
    return e;
}

err tls_write(struct tls *t, slice clear)
{
    if ((t->state != TLS_OPEN && t->state != TLS_ENDED) || t->closed) return ERR_USE;
    if (clear.n == 0) return OK;
    size_t limit = t->c->env->limits.out_queue;
    size_t records = clear.n / 16384 + 1;
    /* Looked at before a record is made: one that is made and not sent would break the sequence. */
    if (t->out.n > limit || clear.n > limit || clear.n + records * 128 > limit - t->out.n) return ERR_LIMIT;
    t->c->lib->write(t, clear);
    return broken(t);
}

err tls_close(struct tls *t)
{
    if ((t->state != TLS_OPEN && t->state != TLS_ENDED) || t->closed) return OK;
    t->closed = true;
    t->c->lib->close(t);
    return broken(t);
}

void tls_wire_ended(struct tls *t)
{
    if (t->state == TLS_HANDSHAKE) {
        tls_failed(t, -1, "wire ended during the handshake");
    } else if (t->state == TLS_OPEN) { /* not spoiled: may be resumed [IAP-6.7-2] */
        t->state = TLS_FAILED;
        snprintf(t->why, sizeof t->why, "ended without close_notify");
    }
}

bool tls_info_of(const struct tls *t, struct tls_info *out)
{
    *out = (struct tls_info){.version = "", .suite = "", .peer_subject = "", .peer_usages = ""};
    if (t->state != TLS_OPEN && t->state != TLS_ENDED) return false;
    out->resumed = t->resumed;
    out->peer_cert = t->peer_cert;
    out->peer_subject = t->subject ? t->subject : "";
    out->peer_usages = t->usages ? t->usages : "";
    return t->c->lib->info(t, out);
}

const char *tls_why(const struct tls *t)
{
    return t && t->state == TLS_FAILED ? t->why : "";
}

int tls_alert_received(const struct tls *t)
{
    return t->alert_in;
}

/* ---------------------------------------------------------------- what the libraries tell */

void tls_opened(struct tls *t, X509 *leaf, bool resumed)
{
    t->state = TLS_OPEN;
    t->resumed = resumed;
    t->peer_cert = leaf != NULL;
    if (!leaf) return;
    t->subject = tls_policy_subject(t->c->env->mem, leaf);
    t->usages = tls_policy_usages(t->c->env->mem, leaf);
    if (!t->subject || !t->usages) t->broken = ERR_MEM;
}

void tls_got(struct tls *t, slice clear)
{
    err e = buf_add(&t->in, clear);
    if (e != OK && t->broken == OK) t->broken = e;
}

void tls_ended(struct tls *t)
{
    t->state = TLS_ENDED;
}

bool tls_emit(struct tls *t, slice wire)
{
    err e = buf_add(&t->out, wire);
    if (e != OK && t->broken == OK) t->broken = e;
    return e == OK;
}

static void spoil(struct tls *t)
{
    t->state = TLS_FAILED;
    t->spoiled = true;
    t->c->lib->forget(t);
    if (t->resume_key) tls_store_remove(&t->c->store, slice_str(t->resume_key));
}

void tls_failed(struct tls *t, int sent, const char *text)
{
    if (t->state == TLS_FAILED) return;
    if (t->broken != OK) text = t->broken == ERR_LIMIT ? "too many octets wait to be taken" : "no memory";
    if (!t->alert_cert) snprintf(t->why, sizeof t->why, "%.*s", TLS_WHY_MAX - 64, text);
    size_t n = strlen(t->why);
    if (sent >= 0) snprintf(t->why + n, sizeof t->why - n, " (sent alert %d %s)", sent, tls_alert_name(sent));
    make_one_line(t->why);
    spoil(t);
}

void tls_failed_by_alert(struct tls *t, int alert)
{
    if (t->state == TLS_FAILED) return;
    t->alert_in = alert;
    snprintf(t->why, sizeof t->why, "peer sent alert %d %s", alert, tls_alert_name(alert));
    spoil(t);
}

int tls_check_peer(struct tls *t, X509 *leaf, STACK_OF(X509) * others)
{
    char why[TLS_WHY_MAX - 96] = "";
    t->alert_cert = tls_policy_judge(&t->c->policy, leaf, others, why, sizeof why);
    if (t->alert_cert) snprintf(t->why, sizeof t->why, "peer certificate refused: %s", why);
    return t->alert_cert;
}
