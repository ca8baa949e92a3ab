/* SPDX-License-Identifier: MIT */
/* The stream side of iap_msg: messages that come in pieces. */
#include "codec/iap_msg.h"

/* Octets that are taken at once into a message begun: reading it again with each line would let a flood of
 * short lines cost the square of its length. What turns out to lie behind the message is given back. */
enum { AHEAD = 4096 };

void iap_reader_init(struct iap_reader *r, const struct env *env)
{
    const struct limits *l = &env->limits;
    *r = (struct iap_reader){.env = env};
    /* a message is at most a head with the line that passes its limit, a body and a few CRLF */
    buf_init(&r->held, env->mem, l->content + l->head + l->line + 64 + AHEAD);
}

void iap_reader_done(struct iap_reader *r)
{
    buf_done(&r->held);
}

static void drop_used(struct iap_reader *r)
{
    if (!r->release) return;
    buf_take(&r->held, r->release);
    r->offset += r->release;
    r->release = 0;
    r->need = 0;
    if (r->held.n == 0) buf_shrink(&r->held); /* idle connections hold no memory */
}

static err keep(struct iap_reader *r, err e)
{
    if (e == ERR_PEER || e == ERR_LIMIT) r->failed = e;
    return e;
}

static err failed_before(const struct iap_reader *r, struct iap_msg *m, uint64_t *at)
{
    m->kind = IAP_NOTHING;
    m->note_n = 0;
    m->via_n = 0;
    *at = r->offset;
    return r->failed;
}

/* Straight from the caller's octets, without a copy: the usual case of whole messages. */
static err from_input(struct iap_reader *r, slice *in, struct iap_msg *m, uint64_t *at)
{
    size_t used, need;
    err e = iap_read(r->env, *in, false, m, &used, &need);
    *at = r->offset;
    if (e == OK) {
        *in = slice_sub(*in, used, in->n);
        r->offset += used;
    }
    if (e != ERR_MORE) return keep(r, e);
    TRY(buf_add(&r->held, *in));
    *in = slice_sub(*in, in->n, in->n);
    r->need = need;
    return ERR_MORE;
}

/* The octets of in behind the message go back to the caller, as far as they came with this call: they may not
 * be ours to hold, and without them the next message is read without a copy. */
static size_t give_back(struct iap_reader *r, size_t used, size_t taken)
{
    size_t behind = r->held.n - used, back = behind < taken ? behind : taken;
    buf_unadd(&r->held, back);
    return taken - back;
}

err iap_reader_next(struct iap_reader *r, slice *in, struct iap_msg *m, uint64_t *at)
{
    const slice all = *in;
    size_t taken = 0;
    drop_used(r);
    if (r->failed != OK) return failed_before(r, m, at);
    if (r->held.n == 0) return in->n ? from_input(r, in, m, at) : ERR_MORE;
    for (;;) {
        size_t used, need;
        if (r->held.n >= r->need) {
            err e = iap_read(r->env, buf_slice(&r->held), false, m, &used, &need);
            *at = r->offset;
            if (e == OK) {
                *in = slice_sub(all, give_back(r, used, taken), all.n);
                r->release = used;
            }
            if (e != ERR_MORE) return keep(r, e);
            r->need = need;
        }
        if (in->n == 0) return ERR_MORE;
        size_t want = r->need > r->held.n ? r->need - r->held.n : 1;
        if (want < AHEAD) want = AHEAD;
        slice some = slice_sub(*in, 0, want);
        TRY(buf_add(&r->held, some));
        taken += some.n;
        *in = slice_sub(all, taken, all.n);
    }
}

err iap_reader_settle(struct iap_reader *r, struct iap_msg *m, uint64_t *at)
{
    size_t used;
    drop_used(r);
    if (r->failed != OK) return failed_before(r, m, at);
    if (r->held.n == 0) return ERR_MORE;
    err e = iap_read(r->env, buf_slice(&r->held), true, m, &used, NULL);
    *at = r->offset;
    if (e == OK) r->release = used;
    return keep(r, e);
}

bool iap_reader_inside(const struct iap_reader *r)
{
    /* empty lines alone are left over from the message before and begin none */
    slice held = slice_sub(buf_slice(&r->held), r->release, r->held.n);
    for (size_t i = 0; i < held.n; i++) {
        if (held.p[i] != '\r' && held.p[i] != '\n') return true;
    }
    return false;
}

err iap_reader_rest(struct iap_reader *r, struct buf *out)
{
    drop_used(r);
    TRY(buf_add(out, buf_slice(&r->held)));
    r->offset += r->held.n;
    buf_shrink(&r->held);
    r->need = 0;
    return OK;
}
