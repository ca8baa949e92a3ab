/* SPDX-License-Identifier: MIT */
/* beep_made_up_tls: a TLS library for fuzzing.  Records have TLS's header and a body that is only disguised; a handshake is one record each way, the client's first.
 * So a session gets behind proceed by a handful of octets, and the same octets give the same session. */
#ifndef FUZZ_BEEP_MADE_UP_TLS_H
#define FUZZ_BEEP_MADE_UP_TLS_H

#include <string.h>

#include "sec/tls_impl.h"

enum { MADE_UP_MASK = 0x5a, MADE_UP_BODY = 1024 /* octets of one record that we write */ };

struct unwrap { /* one direction */
    uint8_t head[5], n;
    size_t left;
};

/* An octet of the wire: the type of the record whose body it belongs to, 0 for an octet of a header; -1 for what is no record.  *whole: the record ends with it. */
static inline int unwrap(struct unwrap *u, uint8_t octet, uint8_t *clear, bool *whole)
{
    *whole = false;
    if (u->n < sizeof u->head) {
        u->head[u->n++] = octet;
        if (u->n == 1 && (octet < 0x15 || octet > 0x17)) return -1;
        if (u->n < sizeof u->head) return 0;
        u->left = (size_t)(u->head[3] << 8 | u->head[4]);
        if (!u->left) return -1;
        return 0;
    }
    *clear = octet ^ MADE_UP_MASK;
    int type = u->head[0];
    if (--u->left) return type;
    *whole = true;
    u->n = 0;
    return type;
}

/* Appends octets as records of that type. */
static inline err wrap(struct buf *out, uint8_t type, slice clear)
{
    do {
        slice some = slice_sub(clear, 0, MADE_UP_BODY);
        const uint8_t head[5] = {type, 3, 3, (uint8_t)(some.n >> 8), (uint8_t)some.n};
        TRY(buf_add(out, slice_of(head, sizeof head)));
        for (size_t i = 0; i < some.n; i++)
            TRY(buf_add_byte(out, some.p[i] ^ MADE_UP_MASK));
        clear = slice_sub(clear, some.n, clear.n);
    } while (clear.n);
    return OK;
}

#define MADE_UP_HELLO SLICE_LIT("h")
#define MADE_UP_BYE   SLICE_LIT("b")

struct made_up {
    struct unwrap in;
    bool hello;
};

static inline void made_up_emit(struct tls *t, uint8_t type, slice clear)
{
    err e = wrap(&t->out, type, clear);
    if (e != OK && t->broken == OK) t->broken = e;
}

static inline err made_up_new(struct tls *t)
{
    t->own = mem_new(t->c->env->mem, sizeof(struct made_up));
    return t->own ? OK : ERR_MEM;
}

static inline void made_up_free(struct tls *t)
{
    mem_free(t->c->env->mem, t->own);
}

static inline void made_up_hello(struct tls *t)
{
    struct made_up *m = t->own;
    if (m->hello) return;
    m->hello = true;
    made_up_emit(t, 0x16, MADE_UP_HELLO);
}

static inline void made_up_run(struct tls *t)
{
    struct made_up *m = t->own;
    uint8_t clear;
    bool whole;
    if (t->c->side == TLS_CLIENT) made_up_hello(t);
    while (t->wire.n && (t->state == TLS_HANDSHAKE || t->state == TLS_OPEN)) {
        int type = unwrap(&m->in, t->wire.p[0], &clear, &whole);
        t->wire = slice_sub(t->wire, 1, t->wire.n);
        if (type < 0 || (type && (type == 0x16) != (t->state == TLS_HANDSHAKE))) {
            made_up_emit(t, 0x15, MADE_UP_BYE);
            tls_failed(t, TLS_ALERT_UNEXPECTED, "no record that belongs here");
        } else if (type == 0x16 && whole) {
            made_up_hello(t);
            tls_opened(t, NULL, false);
        } else if (type == 0x17) {
            tls_got(t, slice_of(&clear, 1));
        } else if (type == 0x15 && whole) {
            tls_ended(t);
        }
    }
}

static inline void made_up_write(struct tls *t, slice clear)
{
    made_up_emit(t, 0x17, clear);
}

static inline void made_up_close(struct tls *t)
{
    made_up_emit(t, 0x15, MADE_UP_BYE);
}

static inline void made_up_forget(struct tls *t)
{
    (void)t;
}

static inline bool made_up_info(const struct tls *t, struct tls_info *out)
{
    (void)t;
    (void)out;
    return true;
}

static const struct tls_lib made_up_lib = {.session_new = made_up_new,
                                           .session_free = made_up_free,
                                           .run = made_up_run,
                                           .write = made_up_write,
                                           .close = made_up_close,
                                           .forget = made_up_forget,
                                           .info = made_up_info};

static inline struct tls_context made_up_context(const struct env *env, enum tls_side side)
{
    return (struct tls_context){.env = env, .lib = &made_up_lib, .side = side, .no_resumption = true, .peer_cert_optional = true, .policy = {.trust_any = true}};
}

#endif
