/* SPDX-License-Identifier: MIT */
/* OpenSSL behind tls.h: TLS 1.2 and 1.3. */
#include "sec/tls_impl.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <string.h>

struct own_context {
    SSL_CTX *ctx;
    BIO_METHOD
        *wire; /* reads t->wire, writes to t->out: no queue of its own that an idle session would keep */
};

static struct own_context *own(const struct tls_context *c)
{
    return c->own;
}

/* ---------------------------------------------------------------- the wire */

static int wire_read(BIO *b, char *p, int n)
{
    struct tls *t = BIO_get_data(b);
    BIO_clear_retry_flags(b);
    if (n <= 0) return 0;
    if (t->wire.n == 0) {
        BIO_set_retry_read(b);
        return -1;
    }
    size_t take = t->wire.n < (size_t)n ? t->wire.n : (size_t)n;
    memcpy(p, t->wire.p, take);
    t->wire = slice_sub(t->wire, take, t->wire.n);
    return (int)take;
}

static int wire_write(BIO *b, const char *p, int n)
{
    struct tls *t = BIO_get_data(b);
    BIO_clear_retry_flags(b);
    return n >= 0 && tls_emit(t, slice_of(p, (size_t)n)) ? n : -1;
}

static long wire_ctrl(BIO *b, int cmd, long num, void *ptr)
{
    (void)b, (void)num, (void)ptr;
    return cmd == BIO_CTRL_FLUSH ? 1 : 0;
}

static BIO_METHOD *wire_method(void)
{
    BIO_METHOD *m = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "session in memory");
    if (m && BIO_meth_set_read(m, wire_read) && BIO_meth_set_write(m, wire_write) &&
        BIO_meth_set_ctrl(m, wire_ctrl))
        return m;
    BIO_meth_free(m);
    return NULL;
}

/* ---------------------------------------------------------------- callbacks */

/* The error whose alert is the wanted one. */
static int error_of(int alert)
{
    switch (alert) {
    case TLS_ALERT_EXPIRED:
        return X509_V_ERR_CERT_HAS_EXPIRED;
    case TLS_ALERT_UNKNOWN_CA:
        return X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY;
    default:
        return X509_V_ERR_CERT_REJECTED;
    }
}

static int on_verify(X509_STORE_CTX *x, void *arg)
{
    (void)arg;
    SSL *ssl = X509_STORE_CTX_get_ex_data(x, SSL_get_ex_data_X509_STORE_CTX_idx());
    int alert =
        tls_check_peer(SSL_get_app_data(ssl), X509_STORE_CTX_get0_cert(x), X509_STORE_CTX_get0_untrusted(x));
    X509_STORE_CTX_set_error(x, alert ? error_of(alert) : X509_V_OK);
    return alert == 0;
}

/* A session that can be resumed later: with TLS 1.3 some time after the handshake. */
static int on_session(SSL *ssl, SSL_SESSION *s)
{
    struct tls *t = SSL_get_app_data(ssl);
    if (!t || !t->resume_key) return 0;
    int n = i2d_SSL_SESSION(s, NULL);
    uint8_t *der = n > 0 ? mem_new(t->c->env->mem, (size_t)n) : NULL;
    if (!der) return 0; /* not kept: only costs a full handshake later */
    uint8_t *at = der;
    n = i2d_SSL_SESSION(s, &at);
    err e = n > 0 ? tls_store_put(&t->c->store, slice_str(t->resume_key), slice_of(der, (size_t)n)) : ERR_SYS;
    (void)e; /* as above */
    OPENSSL_cleanse(der, (size_t)(at - der));
    mem_free(t->c->env->mem, der);
    return 0;
}

/* ---------------------------------------------------------------- contexts */

static err refused(const char *what, char *why, size_t why_n)
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());
    snprintf(why, why_n, "%s: %s", what, reason ? reason : "refused by OpenSSL");
    ERR_clear_error();
    return ERR_SYS;
}

/* A cipher string for tests.  Names that begin with TLS_ are suites of TLS 1.3, the others ciphers of
 * TLS 1.2; a version whose names are absent is switched off. */
static err set_priority(SSL_CTX *ctx, const struct mem *mem, const char *priority, char *why, size_t why_n)
{
    struct buf v2, v3;
    buf_init(&v2, mem, 4096);
    buf_init(&v3, mem, 4096);
    slice all = slice_str(priority);
    err e = OK;
    for (size_t from = 0; from < all.n && e == OK;) {
        slice rest = slice_sub(all, from, all.n);
        slice name = slice_sub(rest, 0, slice_find(rest, SLICE_LIT(":")));
        struct buf *b = slice_starts(name, SLICE_LIT("TLS_")) ? &v3 : &v2;
        e = b->n ? buf_add_byte(b, ':') : OK;
        if (e == OK) e = buf_add(b, name);
        from += name.n + 1;
    }
    const char *s2 = e == OK ? buf_str(&v2) : NULL, *s3 = e == OK ? buf_str(&v3) : NULL;
    if (!s2 || !s3) {
        e = e == OK ? ERR_MEM : e;
    } else {
        bool ok = (v2.n == 0 || SSL_CTX_set_cipher_list(ctx, s2)) &&
                  (v3.n == 0 || SSL_CTX_set_ciphersuites(ctx, s3));
        ok = ok && (v2.n || SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION));
        ok = ok && (v3.n || SSL_CTX_set_max_proto_version(ctx, TLS1_2_VERSION));
        if (!ok) {
            (void)refused("cipher string", why, why_n);
            e = ERR_USE;
        }
    }
    buf_done(&v2);
    buf_done(&v3);
    return e;
}

static err set_own(SSL_CTX *ctx, const struct tls_options *o, const struct tls_files *f, char *why,
                   size_t why_n)
{
    err e = OK;
    STACK_OF(X509) *chain = tls_policy_pem(buf_slice(&f->cert));
    BIO *b = BIO_new_mem_buf(f->key.p + f->key.from, (int)f->key.n);
    EVP_PKEY *key = b ? PEM_read_bio_PrivateKey(b, NULL, NULL, NULL) : NULL;
    if (!chain || !key || SSL_CTX_use_certificate(ctx, sk_X509_value(chain, 0)) != 1)
        e = refused(o->cert_file, why, why_n);
    else if (SSL_CTX_use_PrivateKey(ctx, key) != 1)
        e = refused(o->key_file, why, why_n);
    for (int i = 1; e == OK && i < sk_X509_num(chain); i++)
        if (SSL_CTX_add1_chain_cert(ctx, sk_X509_value(chain, i)) != 1) e = refused(o->cert_file, why, why_n);
    EVP_PKEY_free(key);
    BIO_free(b);
    sk_X509_pop_free(chain, X509_free);
    return e;
}

/* The names that a server sends with its request for a certificate. */
static err set_ca_names(SSL_CTX *ctx, slice ca)
{
    STACK_OF(X509) *list = tls_policy_pem(ca);
    err e = list ? OK : ERR_MEM;
    for (int i = 0; list && e == OK && i < sk_X509_num(list); i++)
        if (!SSL_CTX_add_client_CA(ctx, sk_X509_value(list, i))) e = ERR_MEM;
    sk_X509_pop_free(list, X509_free);
    return e;
}

static void set_resumption(SSL_CTX *ctx, const struct tls_context *c)
{
    SSL_CTX_set_timeout(ctx, TLS_SESSION_SECONDS);
    if (c->no_resumption) {
        SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
        SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
        SSL_CTX_set_num_tickets(ctx, 0);
    } else if (c->side == TLS_SERVER) {
        /* Sessions are kept here and not in tickets: one that failed can then be forgotten. */
        SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
        SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_SERVER);
        SSL_CTX_sess_set_cache_size(ctx, TLS_SERVER_SESSIONS);
        SSL_CTX_set_num_tickets(ctx, 1);
    } else {
        SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
        SSL_CTX_sess_set_new_cb(ctx, on_session);
    }
}

static err context_new(struct tls_context *c, const struct tls_options *o, const struct tls_files *f,
                       char *why, size_t why_n)
{
    static const unsigned char id[] =
        "draftproof"; /* the cache is the context's own; the library wants a name */
    struct own_context *oc = mem_new(c->env->mem, sizeof *oc);
    if (!oc) return ERR_MEM;
    c->own = oc;
    oc->wire = wire_method();
    oc->ctx = SSL_CTX_new(TLS_method());
    if (!oc->wire || !oc->ctx) return ERR_MEM;
    SSL_CTX *ctx = oc->ctx;
    if (!SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) || !SSL_CTX_set_max_proto_version(ctx, 0) ||
        !SSL_CTX_set_session_id_context(ctx, id, sizeof id - 1))
        return refused("setting up TLS", why, why_n);
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_max_cert_list(ctx, TLS_HANDSHAKE_MAX);
    SSL_CTX_set_dh_auto(ctx, 1);
    int mode = SSL_VERIFY_PEER;
    if (c->side == TLS_SERVER && !c->peer_cert_optional)
        mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT; /* [IAP-6.4-1] */
    SSL_CTX_set_verify(ctx, mode, NULL);
    SSL_CTX_set_cert_verify_callback(ctx, on_verify, NULL);
    set_resumption(ctx, c);
    if (o->priority) TRY(set_priority(ctx, c->env->mem, o->priority, why, why_n));
    if (f->cert.n) TRY(set_own(ctx, o, f, why, why_n));
    if (f->ca.n && c->side == TLS_SERVER) TRY(set_ca_names(ctx, buf_slice(&f->ca)));
    ERR_clear_error();
    return OK;
}

static void context_free(struct tls_context *c)
{
    struct own_context *oc = own(c);
    if (!oc) return;
    SSL_CTX_free(oc->ctx);
    BIO_meth_free(oc->wire);
    mem_free(c->env->mem, oc);
}

/* ---------------------------------------------------------------- sessions */

static void offer_session(struct tls *t, SSL *ssl)
{
    slice der = t->resume_key ? tls_store_get(&t->c->store, slice_str(t->resume_key)) : SLICE_NONE;
    if (der.n == 0) return;
    const unsigned char *at = der.p;
    SSL_SESSION *s = d2i_SSL_SESSION(NULL, &at, (long)der.n);
    if (s) SSL_set_session(ssl, s);
    SSL_SESSION_free(s);
}

/* Alerts are told to this callback only. */
static void on_info(const SSL *ssl, int where, int value)
{
    struct tls *t = SSL_get_app_data(ssl);
    if (!(where & SSL_CB_ALERT) || (value >> 8) != SSL3_AL_FATAL) return;
    if (where & SSL_CB_READ)
        t->alert_in = value & 0xff;
    else
        t->alert_out = value & 0xff;
}

static err session_new(struct tls *t)
{
    struct own_context *oc = own(t->c);
    SSL *ssl = SSL_new(oc->ctx);
    BIO *b = ssl ? BIO_new(oc->wire) : NULL;
    if (!b) {
        SSL_free(ssl);
        return ERR_MEM;
    }
    BIO_set_data(b, t);
    BIO_set_init(b, 1);
    SSL_set_bio(ssl, b, b);
    SSL_set_app_data(ssl, t);
    SSL_set_info_callback(ssl, on_info);
    t->own = ssl;
    if (t->c->side == TLS_SERVER) {
        SSL_set_accept_state(ssl);
    } else {
        uint8_t addr[16];
        char *name = t->c->policy.name;
        SSL_set_connect_state(ssl);
        if (name && inet_pton(AF_INET, name, addr) != 1 && inet_pton(AF_INET6, name, addr) != 1)
            SSL_set_tlsext_host_name(ssl, name);
        offer_session(t, ssl);
    }
    ERR_clear_error();
    return OK;
}

static void session_free(struct tls *t)
{
    SSL *ssl = t->own;
    if (!ssl) return;
    /* Otherwise the library forgets a session that was cut off, which may be resumed [IAP-6.7-2]. */
    if (!t->spoiled) SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_free(ssl);
}

static void failed(struct tls *t)
{
    unsigned long e = ERR_peek_error();
    const char *reason = ERR_reason_error_string(e);
    if (t->alert_in >= 0)
        tls_failed_by_alert(t, t->alert_in);
    else
        tls_failed(t, t->alert_out, reason ? reason : "TLS failed");
    ERR_clear_error();
}

/* True when the call only waits for more octets; otherwise the state says what happened. */
static bool waits(struct tls *t, int r)
{
    switch (SSL_get_error(t->own, r)) {
    case SSL_ERROR_WANT_READ:
        return true;
    case SSL_ERROR_ZERO_RETURN:
        if (t->state == TLS_OPEN)
            tls_ended(t);
        else
            tls_failed(t, -1, "peer closed during the handshake");
        return false;
    default:
        failed(t);
        return false;
    }
}

static void run(struct tls *t)
{
    SSL *ssl = t->own;
    ERR_clear_error();
    if (t->state == TLS_HANDSHAKE) {
        int r = SSL_do_handshake(ssl);
        if (r != 1) {
            (void)waits(t, r);
            return;
        }
        tls_opened(t, SSL_get0_peer_certificate(ssl), SSL_session_reused(ssl) == 1);
    }
    while (t->state == TLS_OPEN && t->broken == OK) {
        uint8_t clear[16384];
        size_t n = 0;
        if (SSL_read_ex(ssl, clear, sizeof clear, &n) == 1)
            tls_got(t, slice_of(clear, n));
        else if (waits(t, 0))
            break;
    }
}

static void do_write(struct tls *t, slice clear)
{
    size_t n = 0;
    ERR_clear_error();
    if (SSL_write_ex(t->own, clear.p, clear.n, &n) != 1) failed(t);
}

static void do_close(struct tls *t)
{
    ERR_clear_error();
    if (SSL_shutdown(t->own) < 0) failed(t);
}

static void forget(struct tls *t)
{
    SSL_SESSION *s = t->own ? SSL_get_session(t->own) : NULL;
    if (s && t->c->side == TLS_SERVER) SSL_CTX_remove_session(own(t->c)->ctx, s);
}

static bool info(const struct tls *t, struct tls_info *out)
{
    const SSL_CIPHER *c = SSL_get_current_cipher(t->own);
    switch (SSL_version(t->own)) {
    case TLS1_2_VERSION:
        out->version = "TLS1.2";
        break;
    case TLS1_3_VERSION:
        out->version = "TLS1.3";
        break;
    default:
        out->version = "unknown";
    }
    const char *suite = c ? SSL_CIPHER_standard_name(c) : NULL;
    out->suite = suite ? suite : "unknown";
    return true;
}

const struct tls_lib tls_openssl = {context_new, context_free, session_new, session_free, run,
                                    do_write,    do_close,     forget,      info};
