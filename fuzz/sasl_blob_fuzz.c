/* SPDX-License-Identifier: MIT */
/* A SASL exchange with somebody between client and server, or in place of one of them.
 *
 * Octet 0: bits 0-2 the mechanism; bits 3-4 who is there: 0, 3 both, 1 the server alone, 2 the client alone.
 * Octet 1: bits 0-1, 2-3 the layer that client and server want; bit 4 the client has a wrong password; bit 5
 * it asks to be site-a; bit 6 it asks to be somebody else; bit 7 TLS. Then operations, one for each blob on
 * its way (and, once both are done, for each piece of the layer): a P          as it is, but P: the length
 * that the clear octets have x I V        octet I of it is changed by V c N          the first N octets of it
 *   n            none at all
 *   anything N   the N octets that follow in its place
 * Behind the last operation everything goes through as it is.
 *
 * Oracles: what is given to send is bounded; nothing is given when an exchange fails, and a code that BEEP
 * has comes with it; the end is the end; the server lets nobody in who has not shown the right password, and
 * nobody as somebody he may not be; the client takes no server for right that did not show it, where the
 * mechanism shows it; what comes through the layer is what was sent. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sec/sasl.h"
#include "want.h"

enum { INPUT_MAX = 8192, BLOBS_MAX = 12, PIECES_MAX = 8 };

struct rig {
    struct env env;
    slice in; /* operations that are left */
    enum sasl_mech mech;
    bool has_client, has_server, wrong_password, as_site, as_other, tls;
    struct sasl_users *users;
    struct sasl_context *cc, *sc;
    struct sasl *c, *s;
    bool touched;  /* some blob did not go through as it was */
    slice last_up; /* what the server was given last */
};

static uint8_t next(struct rig *r)
{
    uint8_t v = r->in.n ? r->in.p[0] : 0;
    r->in = slice_sub(r->in, 1, r->in.n);
    return v;
}

/* The blob as it comes out; *has tells whether there is one. */
static void on_the_way(struct rig *r, struct buf *blob, bool *has)
{
    if (r->in.n == 0) return;
    uint8_t op = next(r), n = next(r);
    switch (op) {
    case 'a':
        return;
    case 'x':
        if (n < blob->n) blob->p[blob->from + n] ^= r->in.n ? r->in.p[0] : 1;
        next(r);
        break;
    case 'c':
        if (n < blob->n) buf_unadd(blob, blob->n - n);
        break;
    case 'n':
        buf_clear(blob);
        *has = false;
        break;
    default:
        buf_clear(blob);
        /* lengths of a thousand and more are reached by 16 at a time */
        WANT(buf_add(blob, slice_sub(r->in, 0, op & 1 ? 16u * n : n)) == OK);
        r->in = slice_sub(r->in, op & 1 ? 16u * n : n, r->in.n);
        *has = true;
    }
    r->touched = true;
}

static void check_step(const struct sasl *s, enum sasl_status st, const struct buf *out)
{
    const struct sasl_failure *f = sasl_failure_of(s);
    WANT(out->n <= SASL_BLOB_MAX);
    WANT(out->n == 0 || sasl_has_out(s));
    WANT((st == SASL_COMPLETE) == (sasl_identity(s) != NULL));
    WANT(st == SASL_COMPLETE || !sasl_has_layer(s));
    if (st != SASL_FAILED) return;
    WANT(!sasl_has_out(s) && out->n == 0 && f->why[0]);
    WANT(f->code == SASL_TEMPORARY || f->code == SASL_MALFORMED || f->code == SASL_WRONG);
    WANT(!strstr(f->why, "wonder"));
}

/* What the rules of the mechanism say about a server that lets somebody in; read by other means than its own.
 */
static void check_let_in(const struct rig *r)
{
    const char *as = sasl_identity(r->s);
    const slice up = r->last_up;
    bool alice = strcmp(as, "alice") == 0 || strcmp(as, "site-a") == 0;
    switch (r->mech) {
    case SASL_ANONYMOUS:
        WANT(strcmp(as, "anonymous") == 0 && sasl_trace(r->s));
        return;
    case SASL_EXTERNAL:
        WANT(r->tls && strcmp(as, "ann") == 0 && (up.n == 0 || slice_eq(up, SLICE_LIT("ann"))));
        return;
    case SASL_PLAIN: {
        size_t a = slice_find(up, SLICE_LIT("\0"));
        slice user = slice_sub(up, a + 1, up.n);
        size_t u = slice_find(user, SLICE_LIT("\0"));
        slice password = slice_sub(user, u + 1, user.n);
        WANT(a < up.n && u < user.n);
        /* SASLprep makes other spellings the same, in octets that are not ASCII */
        bool ascii = true;
        for (size_t i = 0; i < up.n; i++)
            ascii = ascii && up.p[i] < 0x80;
        WANT(alice);
        WANT(!ascii || (slice_eq(slice_sub(user, 0, u), SLICE_LIT("alice")) &&
                        slice_eq(password, SLICE_LIT("wonder"))));
        return;
    }
    default:
        /* nothing but the client itself can have shown the password, and it says on whose behalf */
        WANT(r->has_client && !r->wrong_password && !r->as_other && alice);
        WANT(!r->as_site || strcmp(as, "site-a") == 0);
    }
}

static enum sasl_status step(struct sasl *s, slice in, bool has_in, struct buf *out)
{
    enum sasl_status st, again;
    buf_clear(out);
    WANT(sasl_step(s, in, has_in, out, &st) == OK);
    check_step(s, st, out);
    if (st != SASL_CONTINUE) {
        size_t n = out->n;
        WANT(sasl_step(s, in, has_in, out, &again) == ERR_USE && again == st && out->n == n);
    }
    return st;
}

/* Both to the end; true when both take it for complete. */
static bool exchange(struct rig *r)
{
    struct buf up, down;
    enum sasl_status cst = SASL_CONTINUE, sst = SASL_CONTINUE;
    bool has_up = false, has_down = false;
    buf_init(&up, r->env.mem, 2 * SASL_BLOB_MAX);
    buf_init(&down, r->env.mem, 2 * SASL_BLOB_MAX);
    for (int i = 0; i < BLOBS_MAX; i++) {
        if (r->has_client) {
            struct buf out;
            buf_init(&out, r->env.mem, 2 * SASL_BLOB_MAX);
            cst = step(r->c, buf_slice(&down), has_down, &out);
            buf_clear(&up);
            WANT(buf_add(&up, buf_slice(&out)) == OK);
            has_up = sasl_has_out(r->c);
            buf_done(&out);
            WANT(cst != SASL_COMPLETE);
            if (cst == SASL_FAILED) break;
        }
        on_the_way(r, &up, &has_up);
        if (r->has_server) {
            r->last_up = has_up ? buf_slice(&up) : SLICE_NONE;
            sst = step(r->s, r->last_up, has_up, &down);
            has_down = sasl_has_out(r->s);
            if (sst == SASL_COMPLETE) check_let_in(r);
            if (sst == SASL_FAILED) break;
        }
        on_the_way(r, &down, &has_down);
        if (r->has_client && (sst == SASL_COMPLETE || (!r->has_server && r->in.n == 0))) {
            WANT(sasl_peer_complete(r->c, buf_slice(&down), has_down, &cst) == OK);
            WANT(cst != SASL_CONTINUE);
            bool shows = r->mech == SASL_DIGEST_MD5 || r->mech >= SASL_SCRAM_SHA_1;
            WANT(cst == SASL_FAILED || !shows || sst == SASL_COMPLETE);
        }
        if (cst != SASL_CONTINUE || sst != SASL_CONTINUE) break;
        if (!r->has_server && i && r->in.n == 0) break;
        if (!r->has_client && r->in.n == 0) break;
    }
    /* nobody meddled: it comes to the end that it has to come to */
    if (!r->touched && r->has_client && r->has_server) {
        bool strings = r->mech == SASL_ANONYMOUS || r->mech == SASL_EXTERNAL;
        if (!strings && !r->wrong_password && !r->as_other && r->mech != SASL_DIGEST_MD5)
            WANT(sst == SASL_COMPLETE && cst == SASL_COMPLETE);
    }
    buf_done(&up);
    buf_done(&down);
    return cst == SASL_COMPLETE && sst == SASL_COMPLETE;
}

/* Pieces through the layer from one to the other: what is taken is what was sent, up to the first damage.
 * False when there was some. */
static bool through_layer(struct rig *r, struct sasl *from, struct sasl *to)
{
    struct buf sent, wire, got;
    bool dummy = true, ended = false;
    buf_init(&sent, r->env.mem, 1 << 16);
    buf_init(&wire, r->env.mem, 1 << 16);
    buf_init(&got, r->env.mem, 1 << 18);
    for (int i = 0; i < PIECES_MAX && !ended; i++) {
        uint8_t clear[256];
        size_t n = next(r);
        for (size_t k = 0; k < n; k++)
            clear[k] = (uint8_t)(k + n);
        WANT(buf_add(&sent, slice_of(clear, n)) == OK);
        buf_clear(&wire);
        WANT(sasl_encode(from, slice_of(clear, n), &wire) == OK);
        r->touched = false;
        on_the_way(r, &wire, &dummy);
        size_t cut = wire.n ? n % wire.n : 0;
        err e = sasl_decode(to, slice_sub(buf_slice(&wire), 0, cut), &got);
        WANT(e == OK || e == ERR_PEER);
        if (e == OK) e = sasl_decode(to, slice_sub(buf_slice(&wire), cut, wire.n), &got);
        WANT(e == OK || e == ERR_PEER);
        WANT(e == OK || sasl_decode(to, SLICE_LIT("x"), &got) == ERR_USE);
        WANT(e == OK || r->touched);
        WANT(got.n <= sent.n && slice_starts(buf_slice(&sent), buf_slice(&got)));
        WANT(r->touched || slice_eq(buf_slice(&sent), buf_slice(&got)));
        ended = r->touched || e != OK;
    }
    buf_done(&sent);
    buf_done(&wire);
    buf_done(&got);
    return !ended;
}

static bool contexts(struct rig *r, uint8_t how)
{
    struct sasl_options o = {
        .side = SASL_SERVER, .offered = SASL_ALL, .users = r->users, .hostname = "m.dom.org"};
    o.qop = (enum sasl_qop)((how >> 2 & 3) % 3);
    o.layer_inside_tls = true;
    if (sasl_context_new(&r->env, &o, &r->sc, NULL, 0) != OK) return false;
    o.side = SASL_CLIENT;
    o.qop = (enum sasl_qop)((how & 3) % 3);
    o.user = "alice";
    o.password = r->wrong_password ? "blunder" : "wonder";
    if (r->mech == SASL_CRAM_MD5) r->as_other = r->as_site = false; /* it cannot say so */
    o.authzid = r->as_other ? "bob" : r->as_site ? "site-a" : NULL;
    o.trace = r->as_site ? "me@dom.org" : NULL;
    return sasl_context_new(&r->env, &o, &r->cc, NULL, 0) == OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rig r = {.in = slice_of(data, size)};
    if (size < 2 || size > INPUT_MAX) return 0;
    uint8_t who = next(&r), how = next(&r);
    env_init(&r.env);
    r.mech = (enum sasl_mech)((who & 7) % SASL_MECHS);
    r.has_client = (who >> 3 & 3) != 1;
    r.has_server = (who >> 3 & 3) != 2;
    r.wrong_password = how >> 4 & 1;
    r.as_site = how >> 5 & 1;
    r.as_other = how >> 6 & 1;
    r.tls = how >> 7;
    WANT(sasl_users_parse(&r.env, SLICE_LIT("alice wonder site-a\nbob builder\n"), "users", &r.users, NULL,
                          0) == OK);
    WANT(contexts(&r, how));
    slice mech = slice_str(sasl_mech_names[r.mech]);
    const struct sasl_link link = {.external = r.tls ? "ann" : NULL, .encrypted = r.tls};
    WANT(sasl_new(r.cc, mech, &link, &r.c, NULL) == OK);
    WANT(sasl_new(r.sc, mech, &link, &r.s, NULL) == OK);
    if (exchange(&r) && sasl_has_layer(r.c) && sasl_has_layer(r.s)) {
        if (through_layer(&r, r.c, r.s)) (void)through_layer(&r, r.s, r.c);
    }
    sasl_free(r.c);
    sasl_free(r.s);
    sasl_context_free(r.cc);
    sasl_context_free(r.sc);
    sasl_users_free(r.users);
    return 0;
}
