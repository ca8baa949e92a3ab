/* SPDX-License-Identifier: MIT */
/* GnuTLS behind tls.h: TLS 1.0 with TLS_DHE_DSS_WITH_3DES_EDE_CBC_SHA [IAP-6.3-1] [IAP-6.3-4]. */
#include "sec/tls_impl.h"

#include <errno.h>
#include <gnutls/gnutls.h>
#include <openssl/err.h>
#include <stdio.h>
#include <string.h>

/* One version and one suite.  All that today's defaults refuse is asked for by name. */
#define DRAFT_PRIORITY                                                                                       \
    "NONE:+VERS-TLS1.0:+DHE-DSS:+3DES-CBC:+SHA1:+COMP-NULL:+SIGN-DSA-SHA1:+SIGN-ALL:"                        \
    "%VERIFY_ALLOW_SIGN_WITH_SHA1:+CTYPE-X509:+GROUP-FFDHE2048"

#define DH_BITS_MIN 1024 /* what peers of the draft's time have; less than the library's own minimum */
#define RENEG_MAX   16   /* renegotiations refused before the peer is taken for a flood */

struct own_context {
    gnutls_certificate_credentials_t cred;
    gnutls_priority_t priority;
};

static struct own_context *own(const struct tls_context *c)
{
    return c->own;
}

/* ---------------------------------------------------------------- the wire */

static ssize_t pull(gnutls_transport_ptr_t ptr, void *p, size_t n)
{
    struct tls *t = ptr;
    if (t->wire.n == 0) {
        gnutls_transport_set_errno(t->own, EAGAIN);
        return -1;
    }
    size_t take = t->wire.n < n ? t->wire.n : n;
    memcpy(p, t->wire.p, take);
    t->wire = slice_sub(t->wire, take, t->wire.n);
    return (ssize_t)take;
}

static int pull_ready(gnutls_transport_ptr_t ptr, unsigned ms)
{
    const struct tls *t = ptr;
    (void)ms;
    return t->wire.n > 0;
}

static ssize_t push(gnutls_transport_ptr_t ptr, const void *p, size_t n)
{
    struct tls *t = ptr;
    if (tls_emit(t, slice_of(p, n))) return (ssize_t)n;
    gnutls_transport_set_errno(t->own, EIO);
    return -1;
}

/* ---------------------------------------------------------------- callbacks */

static slice of_datum(const gnutls_datum_t *d)
{
    return slice_of(d->data, d->size);
}

/* The peer's own certificate, or NULL; *others gets the rest when it is not NULL. */
static X509 *peer_leaf(gnutls_session_t s, STACK_OF(X509) * others)
{
    unsigned n = 0;
    const gnutls_datum_t *list = gnutls_certificate_get_peers(s, &n);
    X509 *leaf = NULL;
    for (unsigned i = 0; list && i < n; i++) {
        const unsigned char *at = list[i].data;
        X509 *x = d2i_X509(NULL, &at, (long)list[i].size);
        if (i == 0)
            leaf = x;
        else if (x && (!others || !sk_X509_push(others, x)))
            X509_free(x);
        if (!leaf || !others) break;
    }
    ERR_clear_error();
    return leaf;
}

static int on_verify(gnutls_session_t s)
{
    struct tls *t = gnutls_session_get_ptr(s);
    unsigned n = 0;
    if (!gnutls_certificate_get_peers(s, &n) || n == 0)
        return t->c->peer_cert_optional ? 0 : GNUTLS_E_CERTIFICATE_ERROR;
    if (t->c->policy.trust_any) return 0;
    STACK_OF(X509) *others = sk_X509_new_null();
    X509 *leaf = others ? peer_leaf(s, others) : NULL;
    int alert = TLS_ALERT_BAD_CERT;
    if (leaf) alert = tls_check_peer(t, leaf, others);
    X509_free(leaf);
    sk_X509_pop_free(others, X509_free);
    return alert ? GNUTLS_E_CERTIFICATE_ERROR : 0;
}

static int db_store(void *ptr, gnutls_datum_t key, gnutls_datum_t data)
{
    struct tls_context *c = ptr;
    return tls_store_put(&c->store, of_datum(&key), of_datum(&data)) == OK ? 0 : -1;
}

static gnutls_datum_t db_fetch(void *ptr, gnutls_datum_t key)
{
    struct tls_context *c = ptr;
    gnutls_datum_t out = {NULL, 0};
    slice s = tls_store_get(&c->store, of_datum(&key));
    if (s.n == 0) return out;
    out.data = gnutls_malloc(s.n); /* the library frees it */
    if (!out.data) return out;
    memcpy(out.data, s.p, s.n);
    out.size = (unsigned)s.n;
    return out;
}

static int db_remove(void *ptr, gnutls_datum_t key)
{
    struct tls_context *c = ptr;
    tls_store_remove(&c->store, of_datum(&key));
    return 0;
}

/* ---------------------------------------------------------------- contexts */

static err refused(const char *what, int r, char *why, size_t why_n)
{
    if (r == GNUTLS_E_MEMORY_ERROR) return ERR_MEM;
    snprintf(why, why_n, "%s: %s", what, gnutls_strerror(r));
    return ERR_SYS;
}

static gnutls_datum_t datum_of(const struct buf *b)
{
    return (gnutls_datum_t){b->p + b->from, (unsigned)b->n};
}

static err context_new(struct tls_context *c, const struct tls_options *o, const struct tls_files *f,
                       char *why, size_t why_n)
{
    struct own_context *oc = mem_new(c->env->mem, sizeof *oc);
    if (!oc) return ERR_MEM;
    c->own = oc;
    const char *bad = NULL;
    int r = gnutls_certificate_allocate_credentials(&oc->cred);
    if (r < 0) return refused("GnuTLS", r, why, why_n);
    r = gnutls_priority_init(&oc->priority, o->priority ? o->priority : DRAFT_PRIORITY, &bad);
    if (r < 0) {
        snprintf(why, why_n, "priority string refused at \"%.40s\": %s", bad ? bad : "", gnutls_strerror(r));
        return r == GNUTLS_E_MEMORY_ERROR ? ERR_MEM : o->priority ? ERR_USE : ERR_SYS;
    }
    if (f->cert.n) {
        gnutls_datum_t cert = datum_of(&f->cert), key = datum_of(&f->key);
        r = gnutls_certificate_set_x509_key_mem2(oc->cred, &cert, &key, GNUTLS_X509_FMT_PEM, NULL, 0);
        if (r < 0) return refused(o->cert_file, r, why, why_n);
    }
    if (f->ca.n) { /* for the names in a server's request; chains are judged by tls_policy */
        gnutls_datum_t ca = datum_of(&f->ca);
        r = gnutls_certificate_set_x509_trust_mem(oc->cred, &ca, GNUTLS_X509_FMT_PEM);
        if (r < 0) return refused(o->ca_file, r, why, why_n);
    }
    if (c->side == TLS_SERVER) { /* a group that is compiled in: nothing to compute at start */
        r = gnutls_certificate_set_known_dh_params(oc->cred, GNUTLS_SEC_PARAM_MEDIUM);
        if (r < 0) return refused("Diffie-Hellman group", r, why, why_n);
    }
    gnutls_certificate_set_verify_function(oc->cred, on_verify);
    return OK;
}

static void context_free(struct tls_context *c)
{
    struct own_context *oc = own(c);
    if (!oc) return;
    if (oc->priority) gnutls_priority_deinit(oc->priority);
    if (oc->cred) gnutls_certificate_free_credentials(oc->cred);
    mem_free(c->env->mem, oc);
}

/* ---------------------------------------------------------------- sessions */

static void server_setup(struct tls *t, gnutls_session_t s)
{
    struct tls_context *c = t->c;
    gnutls_certificate_server_set_request(s,
                                          c->peer_cert_optional ? GNUTLS_CERT_REQUEST : GNUTLS_CERT_REQUIRE);
    if (c->no_resumption) return;
    /* Session ids as in RFC 2246, with our own bounded cache; tickets came ten years after the draft. */
    gnutls_db_set_ptr(s, c);
    gnutls_db_set_store_function(s, db_store);
    gnutls_db_set_retrieve_function(s, db_fetch);
    gnutls_db_set_remove_function(s, db_remove);
    gnutls_db_set_cache_expiration(s, TLS_SESSION_SECONDS);
}

static void client_setup(struct tls *t, gnutls_session_t s)
{
    gnutls_dh_set_prime_bits(s, DH_BITS_MIN);
    slice kept = t->resume_key ? tls_store_get(&t->c->store, slice_str(t->resume_key)) : SLICE_NONE;
    /* A session that the library does not take back only costs a full handshake. */
    if (kept.n && gnutls_session_set_data(s, kept.p, kept.n) < 0)
        tls_store_remove(&t->c->store, slice_str(t->resume_key));
}

static err session_new(struct tls *t)
{
    bool server = t->c->side == TLS_SERVER;
    gnutls_session_t s = NULL;
    /* FORCE_CLIENT_CERT: shown whatever authorities the server names, else a flawed one would never be seen.
     */
    unsigned flags = GNUTLS_NO_SIGNAL | GNUTLS_NO_TICKETS;
    flags |= server ? GNUTLS_SERVER : GNUTLS_CLIENT | GNUTLS_FORCE_CLIENT_CERT;
    if (gnutls_init(&s, flags) < 0) return ERR_MEM;
    t->own = s;
    gnutls_session_set_ptr(s, t);
    gnutls_transport_set_ptr(s, t);
    gnutls_transport_set_pull_function(s, pull);
    gnutls_transport_set_push_function(s, push);
    gnutls_transport_set_pull_timeout_function(s, pull_ready);
    gnutls_handshake_set_timeout(s, 0); /* deadlines are the caller's */
    gnutls_handshake_set_max_packet_length(s, TLS_HANDSHAKE_MAX);
    if (gnutls_priority_set(s, own(t->c)->priority) < 0 ||
        gnutls_credentials_set(s, GNUTLS_CRD_CERTIFICATE, own(t->c)->cred) < 0)
        return ERR_MEM;
    if (server)
        server_setup(t, s);
    else
        client_setup(t, s);
    return OK;
}

static void session_free(struct tls *t)
{
    if (t->own) gnutls_deinit(t->own);
}

/* The alert that a failure asks for. */
static int alert_of(const struct tls *t, int r)
{
    int level;
    switch (r) {
    case GNUTLS_E_CERTIFICATE_ERROR:
        return t->alert_cert ? t->alert_cert : TLS_ALERT_BAD_CERT;
    case GNUTLS_E_NO_CERTIFICATE_FOUND:
    case GNUTLS_E_CERTIFICATE_REQUIRED:
        return TLS_ALERT_HANDSHAKE_FAILURE; /* RFC 2246 7.4.6 */
    default:
        return gnutls_error_to_alert(r, &level);
    }
}

/* While a server waits for a certificate, the library says "none found" for a fatal alert, too.  0 is what it
 * has for "no alert yet", 41 the old way of a client to say that it has none. */
static bool fatal_alert_came(const struct tls *t, int r)
{
    if (r == GNUTLS_E_FATAL_ALERT_RECEIVED) return true;
    int last = (int)gnutls_alert_get(t->own);
    return r == GNUTLS_E_NO_CERTIFICATE_FOUND && last != 0 && last != 41;
}

static void failed(struct tls *t, int r)
{
    if (fatal_alert_came(t, r)) {
        tls_failed_by_alert(t, (int)gnutls_alert_get(t->own));
        return;
    }
    int alert = alert_of(t, r);
    if (t->broken != OK || alert < 0 ||
        gnutls_alert_send(t->own, GNUTLS_AL_FATAL, (gnutls_alert_description_t)alert) < 0)
        alert = -1;
    tls_failed(t, alert, gnutls_strerror(r));
}

static void keep_session(struct tls *t)
{
    gnutls_datum_t d = {NULL, 0};
    if (!t->resume_key || gnutls_session_get_data2(t->own, &d) < 0) return;
    err e = tls_store_put(&t->c->store, slice_str(t->resume_key), of_datum(&d));
    (void)e; /* not kept: only costs a full handshake later */
    gnutls_memset(d.data, 0, d.size);
    gnutls_free(d.data);
}

/* True when the session opened. */
static bool handshake(struct tls *t)
{
    int r;
    do /* each warning uses up octets of the wire, so this ends */
        r = gnutls_handshake(t->own);
    while (r == GNUTLS_E_INTERRUPTED || r == GNUTLS_E_WARNING_ALERT_RECEIVED);
    if (r == GNUTLS_E_AGAIN) return false;
    if (r < 0) {
        failed(t, r);
        return false;
    }
    X509 *leaf = peer_leaf(t->own, NULL);
    tls_opened(t, leaf, gnutls_session_is_resumed(t->own) != 0);
    X509_free(leaf);
    if (t->c->side == TLS_CLIENT) keep_session(t);
    return true;
}

/* A client answers a wish with a warning and goes on.  On a server the library keeps the peer's hello in the
 * way of all that follows, so the session ends. */
static void refuse_renegotiation(struct tls *t)
{
    if (t->c->side == TLS_CLIENT && ++t->reneg <= RENEG_MAX &&
        gnutls_alert_send(t->own, GNUTLS_AL_WARNING, GNUTLS_A_NO_RENEGOTIATION) >= 0)
        return;
    int r = gnutls_alert_send(t->own, GNUTLS_AL_FATAL, GNUTLS_A_HANDSHAKE_FAILURE);
    tls_failed(t, r < 0 ? -1 : TLS_ALERT_HANDSHAKE_FAILURE, "peer wants to renegotiate");
}

static void run(struct tls *t)
{
    if (t->state == TLS_HANDSHAKE && !handshake(t)) return;
    while (t->state == TLS_OPEN && t->broken == OK) {
        uint8_t clear[16384];
        ssize_t r = gnutls_record_recv(t->own, clear, sizeof clear);
        if (r > 0)
            tls_got(t, slice_of(clear, (size_t)r));
        else if (r == 0)
            tls_ended(t);
        else if (r == GNUTLS_E_AGAIN)
            break;
        else if (r == GNUTLS_E_REHANDSHAKE)
            refuse_renegotiation(t);
        else if (r != GNUTLS_E_INTERRUPTED && r != GNUTLS_E_WARNING_ALERT_RECEIVED)
            failed(t, (int)r);
    }
}

static void do_write(struct tls *t, slice clear)
{
    while (clear.n && t->state != TLS_FAILED) { /* a record at a time */
        ssize_t r = gnutls_record_send(t->own, clear.p, clear.n);
        if (r <= 0)
            failed(t, r ? (int)r : GNUTLS_E_PUSH_ERROR);
        else
            clear = slice_sub(clear, (size_t)r, clear.n);
    }
}

static void do_close(struct tls *t)
{
    int r = gnutls_bye(t->own, GNUTLS_SHUT_WR);
    if (r < 0) failed(t, r);
}

static void forget(struct tls *t)
{
    if (t->own && t->c->side == TLS_SERVER && !t->c->no_resumption) gnutls_db_remove_session(t->own);
}

static bool info(const struct tls *t, struct tls_info *out)
{
    switch (gnutls_protocol_get_version(t->own)) {
    case GNUTLS_TLS1_0:
        out->version = "TLS1.0";
        break;
    case GNUTLS_TLS1_1:
        out->version = "TLS1.1";
        break;
    case GNUTLS_TLS1_2:
        out->version = "TLS1.2";
        break;
    case GNUTLS_TLS1_3:
        out->version = "TLS1.3";
        break;
    default:
        out->version = "unknown";
    }
    const char *suite = gnutls_ciphersuite_get(t->own);
    out->suite = suite ? suite : "unknown";
    return true;
}

const struct tls_lib tls_gnutls = {context_new, context_free, session_new, session_free, run,
                                   do_write,    do_close,     forget,      info};
