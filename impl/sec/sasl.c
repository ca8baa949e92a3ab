/* SPDX-License-Identifier: MIT */
#include "sec/sasl_impl.h"

#include <openssl/crypto.h>
#include <stdarg.h>
#include <string.h>

const char *const sasl_mech_names[SASL_MECHS] = {
    [SASL_ANONYMOUS] = "ANONYMOUS",         [SASL_PLAIN] = "PLAIN",
    [SASL_EXTERNAL] = "EXTERNAL",           [SASL_CRAM_MD5] = "CRAM-MD5",
    [SASL_DIGEST_MD5] = "DIGEST-MD5",       [SASL_SCRAM_SHA_1] = "SCRAM-SHA-1",
    [SASL_SCRAM_SHA_256] = "SCRAM-SHA-256",
};

enum {
    TRACE_CHARS = 255, /* RFC 4505 section 2 */
    OWNED_PASSWORD = 3 /* its place among the strings of a context */
};

enum sasl_mech sasl_mech_find(slice name)
{
    int i = 0;
    while (i < SASL_MECHS && !slice_eq(name, slice_str(sasl_mech_names[i])))
        i++;
    return (enum sasl_mech)i;
}

/* Octets of the character at the front, 0 when it is none or a control. */
static size_t utf8_char(slice s)
{
    static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
    uint8_t c = s.p[0];
    if (c < 0x80) return c >= ' ' && c != 0x7f;
    size_t n = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc2 ? 2 : 0;
    if (n == 0 || c > 0xf4 || s.n < n) return 0;
    uint32_t v = c & (0x7fu >> n);
    for (size_t i = 1; i < n; i++) {
        if ((s.p[i] & 0xc0) != 0x80) return 0;
        v = v << 6 | (s.p[i] & 0x3fu);
    }
    return v >= least[n] && v <= 0x10ffff && (v < 0xd800 || v > 0xdfff) ? n : 0;
}

/* Characters of the text, SIZE_MAX when it is not clean UTF-8. */
static size_t utf8_count(slice s)
{
    size_t chars = 0;
    for (size_t n; s.n; s = slice_sub(s, n, s.n), chars++)
        if ((n = utf8_char(s)) == 0) return SIZE_MAX;
    return chars;
}

/* --- contexts --- */

static bool carried(const char *s)
{
    char *prep = NULL;
    bool good = !s || (strlen(s) <= SASL_PASSWORD_MAX &&
                       gsasl_saslprep(s, GSASL_ALLOW_UNASSIGNED, &prep, NULL) == GSASL_OK && *prep);
    if (prep) OPENSSL_cleanse(prep, strlen(prep));
    gsasl_free(prep);
    return good;
}

/* What is wrong with the options, or NULL. */
static const char *options_fault(const struct sasl_options *o)
{
    if ((o->offered | o->weak) & ~SASL_ALL) return "a set of mechanisms with a bit that is none";
    if (!carried(o->user)) return "the user name is none that SASLprep (RFC 4013) allows";
    if (!carried(o->password)) return "the password is none that SASLprep (RFC 4013) allows";
    if (!carried(o->authzid)) return "the authorization identity is none that SASLprep (RFC 4013) allows";
    if (o->trace && (!*o->trace || utf8_count(slice_str(o->trace)) > TRACE_CHARS))
        return "the trace is not 1 to 255 characters of UTF-8";
    if (!carried(o->realm) || !carried(o->hostname) || !carried(o->service))
        return "a realm, host or service name that no mechanism can carry";
    return NULL;
}

static err copy_strings(struct sasl_context *c, const struct sasl_options *o)
{
    const char *host = o->hostname ? o->hostname : "localhost";
    const char *from[] = {host, o->realm ? o->realm : host, o->user, o->password, o->authzid, o->trace, o->service};
    const char **to[] = {&c->o.hostname, &c->o.realm, &c->o.user, &c->o.password, &c->o.authzid, &c->o.trace, &c->o.service};
    for (size_t i = 0; i < sizeof from / sizeof *from; i++) {
        *to[i] = NULL;
        if (!from[i]) continue;
        *to[i] = c->owned[i] = mem_dup(c->env->mem, from[i], strlen(from[i]));
        if (!c->owned[i]) return ERR_MEM;
    }
    return OK;
}

err sasl_context_new(const struct env *env, const struct sasl_options *o, struct sasl_context **out,
                     char *why, size_t why_n)
{
    const char *fault = options_fault(o);
    *out = NULL;
    if (!why) why_n = 0;
    if (fault) {
        if (why_n) snprintf(why, why_n, "%s", fault);
        return ERR_USE;
    }
    struct sasl_context *c = mem_new(env->mem, sizeof *c);
    err e = c ? OK : ERR_MEM;
    if (c) {
        c->env = env;
        c->o = *o;
        e = copy_strings(c, o);
    }
    if (e == OK && gsasl_init(&c->lib) != GSASL_OK) e = ERR_SYS;
    if (e != OK) {
        if (why_n)
            snprintf(why, why_n, "%s", e == ERR_MEM ? "out of memory" : "the SASL library does not start");
        sasl_context_free(c);
        return e;
    }
    gsasl_callback_set(c->lib, sasl_lib_ask);
    *out = c;
    return OK;
}

void sasl_context_free(struct sasl_context *c)
{
    if (!c) return;
    char *password = c->owned[OWNED_PASSWORD];
    if (password) OPENSSL_cleanse(password, strlen(password));
    for (size_t i = 0; i < sizeof c->owned / sizeof *c->owned; i++)
        mem_free(c->env->mem, c->owned[i]);
    if (c->lib) gsasl_done(c->lib);
    mem_free(c->env->mem, c);
}

/* --- exchanges --- */

__attribute__((format(printf, 3, 0))) static void say(struct sasl_failure *f, enum sasl_code code,
                                                      const char *fmt, va_list ap)
{
    f->code = code;
    vsnprintf(f->why, sizeof f->why, fmt, ap);
}

__attribute__((format(printf, 4, 5))) static err refuse(struct sasl_failure *f, err e, enum sasl_code code,
                                                        const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    if (f) say(f, code, fmt, ap);
    va_end(ap);
    return e;
}

void sasl_fail(struct sasl *s, enum sasl_code code, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    say(&s->failure, code, fmt, ap);
    va_end(ap);
    s->status = SASL_FAILED;
    s->has_out = false;
}

static bool by_string(enum sasl_mech m)
{
    return m == SASL_ANONYMOUS || m == SASL_EXTERNAL;
}

/* The server speaks first: an initial response is none of these mechanisms'. */
static bool server_first(enum sasl_mech m)
{
    return m == SASL_CRAM_MD5 || m == SASL_DIGEST_MD5;
}

/* Whether the mechanism is to be had on this link. */
static err may_start(const struct sasl_context *c, slice name, enum sasl_mech m, const struct sasl_link *link,
                     struct sasl_failure *f)
{
    const struct sasl_options *o = &c->o;
    if (m == SASL_MECHS)
        return refuse(f, ERR_PEER, SASL_UNKNOWN, "mechanism %.*s is not built in",
                      name.n < 40 ? (int)name.n : 40, name.n ? (const char *)name.p : "");
    const char *text = sasl_mech_names[m];
    if (!(o->offered & SASL_BIT(m))) return refuse(f, ERR_PEER, SASL_NOT_OFFERED, "%s is not offered", text);
    if (o->weak & SASL_BIT(m)) return refuse(f, ERR_PEER, SASL_WEAK, "%s is too weak here", text);
    if (m == SASL_PLAIN && o->clear_needs_encryption && !(link && link->encrypted))
        return refuse(f, ERR_PEER, SASL_ENCRYPTION, "%s sends the password in clear, and nothing encrypts it",
                      text);
    if (o->side == SASL_CLIENT && !by_string(m) && !(o->user && o->password))
        return refuse(f, ERR_USE, SASL_TEMPORARY, "%s needs a user and a password", text);
    if (o->side == SASL_CLIENT && m == SASL_CRAM_MD5 && o->authzid)
        return refuse(f, ERR_USE, SASL_TEMPORARY, "%s cannot say on whose behalf", text);
    return OK;
}

static err start_lib(struct sasl *s)
{
    const char *name = sasl_mech_names[s->mech];
    if (by_string(s->mech)) return OK;
    int rc = s->c->o.side == SASL_SERVER ? gsasl_server_start(s->c->lib, name, &s->lib)
                                         : gsasl_client_start(s->c->lib, name, &s->lib);
    if (rc != GSASL_OK) {
        s->lib = NULL;
        return rc == GSASL_MALLOC_ERROR ? ERR_MEM : ERR_SYS;
    }
    gsasl_session_hook_set(s->lib, s);
    return OK;
}

err sasl_new(struct sasl_context *c, slice mechanism, const struct sasl_link *link, struct sasl **out,
             struct sasl_failure *f)
{
    const struct mem *mem = c->env->mem;
    enum sasl_mech m = sasl_mech_find(mechanism);
    *out = NULL;
    if (f) *f = (struct sasl_failure){0};
    TRY(may_start(c, mechanism, m, link, f));
    struct sasl *s = mem_new(mem, sizeof *s);
    if (!s) return refuse(f, ERR_MEM, SASL_TEMPORARY, "out of memory");
    s->c = c;
    s->mech = m;
    s->qop = link && link->encrypted && !c->o.layer_inside_tls ? SASL_QOP_AUTH : c->o.qop;
    s->peer_max = SASL_PACKET_MAX;
    buf_init(&s->partial, mem, SASL_PACKET_MAX + 4);
    err e = OK;
    if (link && link->external && !(s->external = mem_dup(mem, link->external, strlen(link->external))))
        e = ERR_MEM;
    if (e == OK) e = start_lib(s);
    if (e != OK) {
        sasl_free(s);
        return refuse(f, e, SASL_TEMPORARY,
                      e == ERR_MEM ? "out of memory" : "the SASL library does not start %s",
                      sasl_mech_names[m]);
    }
    *out = s;
    return OK;
}

void sasl_free(struct sasl *s)
{
    if (!s) return;
    const struct mem *mem = s->c->env->mem;
    if (s->lib) gsasl_finish(s->lib);
    buf_done(&s->partial);
    mem_free(mem, s->external);
    mem_free(mem, s->trace);
    mem_free(mem, s);
}

/* Gives the blob to the caller. */
static err emit(struct sasl *s, slice blob, struct buf *out)
{
    if (blob.n > SASL_BLOB_MAX) {
        sasl_fail(s, SASL_TEMPORARY, "our own blob would be longer than %d octets", SASL_BLOB_MAX);
        return OK;
    }
    err e = buf_add(out, blob);
    if (e != OK) sasl_fail(s, SASL_TEMPORARY, "no room for our own blob");
    s->has_out = e == OK;
    return e;
}

/* --- the server --- */

static void anonymous_server(struct sasl *s, slice in)
{
    if (utf8_count(in) > TRACE_CHARS) {
        sasl_fail(s, SASL_MALFORMED, "a trace that is not at most %d characters of UTF-8", TRACE_CHARS);
        return;
    }
    s->trace = mem_dup(s->c->env->mem, in.p, in.n);
    if (!s->trace) {
        sasl_fail(s, SASL_TEMPORARY, "out of memory");
        return;
    }
    s->identity = "anonymous";
    s->status = SASL_COMPLETE;
}

/* RFC 3080 4.1.3: both conditions. */
static void external_server(struct sasl *s, slice in)
{
    if (utf8_count(in) == SIZE_MAX) {
        sasl_fail(s, SASL_MALFORMED, "an identity that is not clean UTF-8");
    } else if (!s->external) {
        sasl_fail(s, SASL_WRONG, "nothing below has proved an identity");
    } else if (in.n && !slice_eq(in, slice_str(s->external))) {
        sasl_fail(s, SASL_WRONG, "another identity than the one that is proved below");
    } else {
        s->identity = s->external;
        s->status = SASL_COMPLETE;
    }
}

/* The library is satisfied: may the peer be whom it asks to be, and is there a layer. */
static void complete_server(struct sasl *s, slice in)
{
    slice qop = SLICE_NONE;
    if (!sasl_lib_identify(s)) {
        sasl_fail(s, SASL_WRONG, "the user may not act for the identity that is asked for");
        return;
    }
    s->status = SASL_COMPLETE;
    if (s->mech != SASL_DIGEST_MD5) return;
    s->layer = sasl_directive(in, SLICE_LIT("qop"), &qop) && slice_eq_nocase(qop, SLICE_LIT("auth-int"));
    sasl_layer_peer(s, in);
}

/* How many blobs of the client a mechanism has. */
static unsigned rounds(enum sasl_mech m)
{
    return m == SASL_SCRAM_SHA_1 || m == SASL_SCRAM_SHA_256 ? 2 : 1;
}

static void lib_failed(struct sasl *s, int rc)
{
    enum sasl_code code = sasl_lib_code(rc);
    if (code == SASL_WRONG && s->c->o.side == SASL_SERVER)
        sasl_fail(s, code, s->stranger ? "no user of this name" : "the credentials are wrong");
    else
        sasl_fail(s, code, "%s: %s", sasl_mech_names[s->mech], gsasl_strerror(rc));
}

static err lib_server(struct sasl *s, slice in, struct buf *out)
{
    char *blob;
    size_t n;
    int rc = sasl_lib_step(s, in, &blob, &n);
    bool more = rc == GSASL_NEEDS_MORE;
    err e = OK;
    if (!more && rc != GSASL_OK)
        lib_failed(s, rc);
    else if (more && s->seen >= rounds(s->mech))
        sasl_fail(s, SASL_MALFORMED, "%s has no further step", sasl_mech_names[s->mech]);
    else if (!more)
        complete_server(s, in);
    if (s->status != SASL_FAILED && (more || n)) e = emit(s, slice_of(blob, n), out);
    gsasl_free(blob);
    return e;
}

static err step_server(struct sasl *s, slice in, bool has_in, struct buf *out)
{
    bool begins = !s->begun;
    s->begun = true;
    if (begins && server_first(s->mech)) {
        /* BEEP has no other way to say "none" once there is a blob element, so an empty one passes for it */
        if (in.n == 0) return lib_server(s, SLICE_NONE, out);
        sasl_fail(s, SASL_MALFORMED, "%s begins with the server", sasl_mech_names[s->mech]);
        return OK;
    }
    if (begins && !has_in) return emit(s, SLICE_NONE, out); /* RFC 4422 5: an empty challenge asks for it */
    s->seen++;
    if (s->mech == SASL_ANONYMOUS) {
        anonymous_server(s, in);
        return OK;
    }
    if (s->mech == SASL_EXTERNAL) {
        external_server(s, in);
        return OK;
    }
    const char *wrong = sasl_lib_screen(s, in);
    if (!wrong) return lib_server(s, in, out);
    sasl_fail(s, SASL_MALFORMED, "%s: %s", sasl_mech_names[s->mech], wrong);
    return OK;
}

/* --- the client --- */

static err lib_client(struct sasl *s, slice in, struct buf *out)
{
    char *blob;
    size_t n;
    int rc = sasl_lib_step(s, in, &blob, &n);
    err e = OK;
    if (rc != GSASL_OK && rc != GSASL_NEEDS_MORE) {
        lib_failed(s, rc);
    } else {
        s->satisfied = rc == GSASL_OK;
        if (out)
            e = emit(s, slice_of(blob, n), out);
        else if (n || !s->satisfied)
            sasl_fail(s, SASL_MALFORMED, "the server says complete while we have more to say");
    }
    gsasl_free(blob);
    return e;
}

static err first_client(struct sasl *s, struct buf *out)
{
    const struct sasl_options *o = &s->c->o;
    if (!by_string(s->mech)) return lib_client(s, SLICE_NONE, out);
    s->satisfied = true;
    return emit(s, slice_str(s->mech == SASL_ANONYMOUS ? o->trace : o->authzid), out);
}

/* A blob of the server for the library; out NULL: nothing may be said any more. */
static err answer_client(struct sasl *s, slice in, struct buf *out)
{
    s->seen++;
    const char *wrong = sasl_lib_screen(s, in);
    if (wrong) {
        sasl_fail(s, SASL_MALFORMED, "%s: %s", sasl_mech_names[s->mech], wrong);
        return OK;
    }
    if (s->mech == SASL_DIGEST_MD5 && s->seen == 1) sasl_layer_peer(s, in);
    return lib_client(s, in, out);
}

static err step_client(struct sasl *s, slice in, bool has_in, struct buf *out)
{
    bool begins = !s->begun;
    if (begins && server_first(s->mech) && !has_in) return OK; /* nothing to say yet */
    s->begun = true;
    if (s->satisfied) {
        sasl_fail(s, SASL_MALFORMED, "the server goes on where %s has ended", sasl_mech_names[s->mech]);
        return OK;
    }
    if (!begins || server_first(s->mech)) return answer_client(s, in, out);
    if (in.n == 0) return first_client(s, out);
    sasl_fail(s, SASL_MALFORMED, "%s begins with the client", sasl_mech_names[s->mech]);
    return OK;
}

/* --- both --- */

err sasl_step(struct sasl *s, slice in, bool has_in, struct buf *out, enum sasl_status *status)
{
    *status = s->status;
    if (s->status != SASL_CONTINUE) return ERR_USE;
    err e = OK;
    s->has_out = false;
    if (!has_in) in = SLICE_NONE;
    if (in.n > SASL_BLOB_MAX)
        sasl_fail(s, SASL_MALFORMED, "a blob longer than %d octets", SASL_BLOB_MAX);
    else
        e = s->c->o.side == SASL_SERVER ? step_server(s, in, has_in, out) : step_client(s, in, has_in, out);
    *status = s->status;
    return e;
}

err sasl_peer_complete(struct sasl *s, slice in, bool has_in, enum sasl_status *status)
{
    *status = s->status;
    if (s->status != SASL_CONTINUE || s->c->o.side == SASL_SERVER) return ERR_USE;
    s->has_out = false;
    if (!has_in) in = SLICE_NONE;
    if (in.n > SASL_BLOB_MAX)
        sasl_fail(s, SASL_MALFORMED, "a blob longer than %d octets", SASL_BLOB_MAX);
    else if (s->satisfied && in.n)
        sasl_fail(s, SASL_MALFORMED, "the server goes on where %s has ended", sasl_mech_names[s->mech]);
    else if (!s->satisfied && (!s->begun || by_string(s->mech) || in.n == 0))
        sasl_fail(s, SASL_WRONG, "the server says complete before %s is", sasl_mech_names[s->mech]);
    else if (!s->satisfied)
        TRY(answer_client(s, in, NULL));
    if (s->status == SASL_CONTINUE) {
        const char *authzid = s->c->o.authzid;
        s->identity = s->mech == SASL_ANONYMOUS ? "anonymous" : authzid ? authzid : "";
        s->status = SASL_COMPLETE;
    }
    *status = s->status;
    return OK;
}

bool sasl_has_out(const struct sasl *s)
{
    return s->has_out;
}

const struct sasl_failure *sasl_failure_of(const struct sasl *s)
{
    return &s->failure;
}

enum sasl_mech sasl_mech_of(const struct sasl *s)
{
    return s->mech;
}

const char *sasl_identity(const struct sasl *s)
{
    return s->status == SASL_COMPLETE ? s->identity : NULL;
}

const char *sasl_trace(const struct sasl *s)
{
    return s->status == SASL_COMPLETE ? s->trace : NULL;
}
