/* SPDX-License-Identifier: MIT */
/* Two BEEP peers with traffic both ways, and a channel between them that cuts, delays, flips, drops, doubles and swaps octets as the input says; fuzz/README.md says how
 * it reads.  Oracles: those of beep_session_watch for both peers, each with an onlooker of its own that hears what that peer hears; what was not touched arrives, is
 * answered rightly, and the session ends in order on both sides. */
#include "beep_session_watch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    INPUT_MAX = 2 << 10,
    ROUNDS_MAX = 4000, /* of carrying everything both ways, before somebody is found to go on for ever */
    DELIVER_MAX = 96 << 10 /* octets that are looked at one by one, over all */
};

enum op { OP_FRONT, OP_ALL, OP_FLIP, OP_DROP, OP_DOUBLE, OP_SWAP, OP_TIME, OP_END };

struct pair {
    struct target peer[2];
    struct buf pipe[2];  /* from that one to the other, on its way */
    size_t delivered;
    uint64_t waited;     /* ms */
    bool touched;        /* not all octets are as they were sent */
};

static void took(void *ctx, struct target *s, slice octets)
{
    struct pair *x = ctx;
    must(buf_add(&x->pipe[s == &x->peer[1]], octets));
}

static void ends(struct pair *x, int from)
{
    const struct target *s = &x->peer[from];
    struct target *other = &x->peer[!from];
    if (s->reset) {
        buf_clear(&x->pipe[from]);
        tell_end(other, LINK_RESET);
    } else if (s->fin_sent && !x->pipe[from].n) {
        tell_end(other, LINK_FIN);
    }
}

/* False when there was nothing. */
static bool deliver(struct pair *x, int from, size_t n)
{
    struct buf *pipe = &x->pipe[from];
    if (n > pipe->n) n = pipe->n;
    if (n) {
        uint8_t *copy = malloc(n);
        if (!copy) abort();
        memcpy(copy, buf_slice(pipe).p, n);
        buf_take(pipe, n);
        x->delivered += n;
        if (x->delivered > DELIVER_MAX) feed(&x->peer[!from], slice_of(copy, n)); /* nobody looks on any more */
        else feed_watched(&x->peer[!from], slice_of(copy, n));
        if (x->delivered > DELIVER_MAX) x->peer[0].blind = x->peer[1].blind = true;
        free(copy);
    }
    ends(x, from);
    return n != 0;
}

static void deliver_all(struct pair *x)
{
    unsigned rounds = 0;
    bool more = true;
    while (more) {
        more = deliver(x, 0, SIZE_MAX);
        more = deliver(x, 1, SIZE_MAX) || more;
        if (++rounds > ROUNDS_MAX) fail("they go on for ever");
    }
}

static void wait_both(struct pair *x, uint64_t ms)
{
    pass_time(&x->peer[0], ms);
    pass_time(&x->peer[1], ms);
}

/* The n octets at the front, again behind themselves. */
static void double_front(struct buf *pipe, size_t n)
{
    struct buf copy;
    slice all = buf_slice(pipe);
    buf_init(&copy, &mem_libc, 64 << 20);
    must(buf_add(&copy, slice_sub(all, 0, n)));
    must(buf_add(&copy, all));
    buf_done(pipe);
    *pipe = copy;
}

/* The n octets at the front and the n behind them change places. */
static void swap_front(struct buf *pipe, size_t n)
{
    uint8_t *p = pipe->p + pipe->from;
    for (size_t i = 0; i < n; i++) {
        uint8_t was = p[i];
        p[i] = p[n + i];
        p[n + i] = was;
    }
}

static void run_op(struct pair *x, uint8_t op, uint8_t arg)
{
    int from = op & 8 ? 1 : 0;
    struct buf *pipe = &x->pipe[from];
    size_t n = arg + 1u < pipe->n ? arg + 1u : pipe->n;
    switch ((enum op)(op & 7)) {
    case OP_FRONT: deliver(x, from, n); return;
    case OP_ALL: deliver(x, from, SIZE_MAX); return;
    case OP_FLIP:
        if (!n) return;
        pipe->p[pipe->from + n - 1] ^= (uint8_t)(op >> 4 ? op >> 4 : 0x20);
        break;
    case OP_DROP:
        if (!n) return;
        buf_take(pipe, n);
        break;
    case OP_DOUBLE:
        if (!n || pipe->n > 1 << 20) return;
        double_front(pipe, n);
        break;
    case OP_SWAP:
        if (pipe->n < 2) return;
        swap_front(pipe, n * 2 <= pipe->n ? n : pipe->n / 2);
        break;
    case OP_TIME:
        x->waited += arg < 128 ? arg * 10u : (arg - 127u) * 1000u;
        wait_both(x, arg < 128 ? arg * 10u : (arg - 127u) * 1000u);
        if (x->waited < x->peer[0].env.limits.message_ms) return;
        break; /* a deadline may have come */
    case OP_END:
        buf_clear(pipe);
        tell_end(&x->peer[!from], arg % 2 ? LINK_RESET : LINK_FIN);
        break;
    }
    x->touched = true;
}

/* Nothing was changed on the way: so nothing may be missing. */
static void check_done(const struct pair *x)
{
    for (int k = 0; k < 2; k++) {
        const struct target *s = &x->peer[k];
        if (beep_peer_why(s->p)[0]) fail("%s: %s", s->name, beep_peer_why(s->p));
        if (s->greeted < 1) fail("%s: was never greeted", s->name);
        if (s->cfg.talks && s->apps != 4) fail("%s: could not start its channels", s->name);
        for (size_t i = 0; i < s->apps; i++) {
            const struct app *a = &s->app[i];
            if (a->refused || a->wrong || !a->done || !a->answered) fail("%s: message %zu did not come back as it should", s->name, i);
            if ((i == 0 || i == 3) && a->got != a->size) fail("%s: %zu of %zu octets came back", s->name, a->got, a->size);
            if (i == 1 && a->got != 7 * 702) fail("%s: %zu octets of answers", s->name, a->got);
        }
    }
}

static void begin(struct pair *x, const uint8_t *head)
{
    memset(x, 0, sizeof *x);
    for (int k = 0; k < 2; k++) {
        struct target *s = &x->peer[k];
        s->cfg = (struct config){.initiator = k == 0,
                                 .tls = head[0] & 2,
                                 .sasl = head[0] & 4,
                                 .needs = head[0] & 8,
                                 .bare = head[0] & 16,
                                 .idles = head[0] & 32,
                                 .narrow = head[0] & 64,
                                 .talks = k == 0 || head[1] & 1};
        s->watching = true;
        s->took = took;
        s->ctx = x;
        buf_init(&x->pipe[k], &mem_libc, 64 << 20);
        target_begin(s, k ? "listener" : "initiator");
    }
}

static void finish(struct pair *x)
{
    deliver_all(x);
    if (!x->touched) check_done(x);
    if (!is_over(&x->peer[0]) && beep_peer_close(x->peer[0].p, 0, x->peer[0].now) == OK) carry(&x->peer[0]);
    deliver_all(x);
    if (!x->touched) {
        for (int k = 0; k < 2; k++) {
            const struct target *s = &x->peer[k];
            if (!is_over(s) || beep_peer_why(s->p)[0]) fail("%s: does not end in order: %s", s->name, beep_peer_why(s->p));
        }
    }
    for (unsigned i = 0; i < 3; i++) { /* what a deadline makes one say may move the other */
        wait_both(x, PATIENCE_MS);
        deliver_all(x);
    }
    for (int k = 0; k < 2; k++)
        target_finish(&x->peer[k], true);
    for (int k = 0; k < 2; k++) {
        target_done(&x->peer[k]);
        buf_done(&x->pipe[k]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2 || size > INPUT_MAX) return 0;
    struct pair *x = malloc(sizeof *x);
    if (!x) fail("the rig itself: no memory");
    begin(x, data);
    for (size_t i = 2; i + 1 < size; i += 2)
        run_op(x, data[i], data[i + 1]);
    finish(x);
    free(x);
    return 0;
}
