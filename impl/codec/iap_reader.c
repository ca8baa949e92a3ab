/* SPDX-License-Identifier: MIT */
/* The stream side of iap_msg: messages that come in pieces. */
#include "codec/iap_msg.h"

void iap_reader_init(struct iap_reader *r, const struct env *env)
{
    *r = (struct iap_reader){.env = env};
    /* a message is at most a head, a body and four octets; twice the head leaves room for what follows in one read */
    buf_init(&r->held, env->mem, env->limits.content + 2 * env->limits.head + 4);
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
    *in = SLICE_NONE;
    r->need = need;
    return ERR_MORE;
}

err iap_reader_next(struct iap_reader *r, slice *in, struct iap_msg *m, uint64_t *at)
{
    drop_used(r);
    if (r->failed != OK) {
        m->kind = IAP_NOTHING;
        m->note_n = 0;
        return r->failed;
    }
    if (r->held.n == 0) return in->n ? from_input(r, in, m, at) : ERR_MORE;
    for (;;) {
        size_t used, need;
        if (r->held.n >= r->need) {
            err e = iap_read(r->env, buf_slice(&r->held), false, m, &used, &need);
            *at = r->offset;
            if (e == OK) r->release = used;
            if (e != ERR_MORE) return keep(r, e);
            r->need = need;
        }
        if (in->n == 0) return ERR_MORE;
        /* take no more than is asked for, or a line: what follows a message may not be ours to hold */
        size_t want = r->need > r->held.n ? r->need - r->held.n : 1;
        if (want == 1) {
            size_t lf = slice_find(*in, SLICE_LIT("\n"));
            want = lf < in->n ? lf + 1 : in->n;
        }
        slice some = slice_sub(*in, 0, want);
        TRY(buf_add(&r->held, some));
        *in = slice_sub(*in, some.n, in->n);
    }
}

err iap_reader_settle(struct iap_reader *r, struct iap_msg *m, uint64_t *at)
{
    size_t used;
    drop_used(r);
    if (r->failed != OK) return r->failed;
    if (r->held.n == 0) return ERR_MORE;
    err e = iap_read(r->env, buf_slice(&r->held), true, m, &used, NULL);
    *at = r->offset;
    if (e == OK) r->release = used;
    return keep(r, e);
}

bool iap_reader_inside(const struct iap_reader *r)
{
    return r->held.n > r->release;
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
