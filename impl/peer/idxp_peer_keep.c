/* SPDX-License-Identifier: MIT */
/* Messages that a manager receives: collected once, given whole, answered when the hook says so. */
#include <stdio.h>
#include <string.h>

#include "peer/idxp_peer_impl.h"

/* --- answers that are put off ---------------------------------------------------------------------------------------------- */

/* A slow store holds the peer up. */
static void settle_hold(struct idxp_peer *p, uint64_t now)
{
    bool hold = p->kept_n >= IDXP_PEER_KEEP_MAX, was = p->pumping;
    p->pumping = true; /* no line goes away meanwhile */
    for (struct idxp_line *l = p->line; l; l = l->next)
        if (l->c) idxp_hold(l->c, hold, now);
    p->pumping = was;
    idxp_peer_reap(p);
    if (!was && p->again) idxp_peer_pump(p, now);
}

static err put_off(struct idxp_line *l, uint64_t tag, uint32_t msgno)
{
    struct idxp_peer *p = l->p;
    struct idxp_kept *k = mem_new(idxp_peer_mem(p), sizeof *k);
    if (!k) return ERR_MEM;
    *k = (struct idxp_kept){.tag = tag, .line = l, .msgno = msgno};
    *p->kept_end = k;
    p->kept_end = &k->next;
    p->kept_n++;
    return OK;
}

static void take_out(struct idxp_peer *p, struct idxp_kept **at)
{
    struct idxp_kept *k = *at;
    *at = k->next;
    if (p->kept_end == &k->next) p->kept_end = at;
    p->kept_n--;
    mem_free(idxp_peer_mem(p), k);
}

void idxp_peer_answer(struct idxp_peer *p, uint64_t tag, uint16_t code, const char *text, uint64_t now)
{
    struct idxp_kept **at = &p->kept;
    while (*at && (*at)->tag != tag)
        at = &(*at)->next;
    if (!*at) return;
    struct idxp_channel *c = (*at)->line ? (*at)->line->c : NULL;
    uint32_t msgno = (*at)->msgno;
    bool held = p->kept_n >= IDXP_PEER_KEEP_MAX;
    take_out(p, at);
    if (c) idxp_answer(c, msgno, code, text, now);
    if (held) settle_hold(p, now);
}

size_t idxp_peer_owed(const struct idxp_peer *p)
{
    return p->kept_n;
}

void idxp_line_forget(struct idxp_line *l)
{
    for (struct idxp_kept *k = l->p->kept; k; k = k->next)
        if (k->line == l) k->line = NULL;
    buf_done(&l->body);
    buf_done(&l->odd);
}

void idxp_peer_forget(struct idxp_peer *p)
{
    while (p->kept)
        take_out(p, &p->kept);
}

/* --- a message ------------------------------------------------------------------------------------------------------------- */

static void begin(struct idxp_line *l, const struct idxp_piece *d)
{
    const struct idxp_setup *s = idxp_channel_setup(l->c);
    buf_done(&l->body);
    buf_init(&l->body, s->env->mem, s->content_max ? s->content_max : s->env->limits.content);
    l->mime = d->mime ? *d->mime : (struct beep_mime){0};
    slice type = l->mime.typed ? l->mime.type : d->kind == IDXP_XML ? SLICE_LIT("text/xml") : SLICE_LIT("application/octet-stream");
    size_t n = type.n < sizeof l->type ? type.n : sizeof l->type;
    memcpy(l->type, type.p, n);
    l->mime.type = slice_of(l->type, n);
    l->mime.charset = SLICE_NONE;
    l->collecting = true;
}

static uint16_t alert(struct idxp_line *l, const struct idxp_piece *d, slice body, uint64_t now)
{
    struct idxp_peer *p = l->p;
    const struct idxp_peer_hooks *h = &p->s->hooks;
    struct idxp_alert a = {.tag = ++p->tag, .kind = d->kind, .type = l->mime.type, .body = body, .stream = idxp_channel_stream(l->c), .idmef = d->idmef};
    if (!h->alert) return IDXP_STORED;
    idxp_channel_who(l->c, &a.who);
    if (put_off(l, a.tag, d->msgno) != OK) return 421; /* before the hook: it may answer at once */
    uint16_t code = h->alert(h->ctx, p, &a);
    if (!code) {
        if (p->kept_n >= IDXP_PEER_KEEP_MAX) settle_hold(p, now);
        return 0;
    }
    struct idxp_kept **at = &p->kept;
    while (*at && (*at)->tag != a.tag)
        at = &(*at)->next;
    if (*at) take_out(p, at);
    return code;
}

/* The transfer encoding is undone: what is kept is what was meant. */
static uint16_t decoded(struct idxp_line *l, const struct idxp_piece *d, slice body, struct beep_refusal *no, uint64_t now)
{
    struct buf plain;
    struct beep_mime m = l->mime;
    m.body = body;
    buf_init(&plain, idxp_peer_mem(l->p), l->body.max);
    err e = beep_mime_decode(&m, &plain);
    uint16_t code = 0;
    if (e == OK) code = alert(l, d, buf_slice(&plain), now);
    else if (e == ERR_PEER) *no = (struct beep_refusal){code = 501, "the transfer encoding cannot be undone"};
    else *no = (struct beep_refusal){code = e == ERR_LIMIT ? 554 : 421, "no room for this message"};
    buf_done(&plain);
    return code;
}

static uint16_t complete(struct idxp_line *l, const struct idxp_piece *d, slice body, struct beep_refusal *no, uint64_t now)
{
    l->collecting = false;
    bool encoded = l->mime.transfer == BEEP_BASE64 || l->mime.transfer == BEEP_QUOTED;
    uint16_t code = d->kind == IDXP_XML ? idmef_mutant_dislikes(l->p->s->idxp.mutant, body) : 0;
    if (code) *no = (struct beep_refusal){code, "this is not liked here"};
    else code = encoded ? decoded(l, d, body, no, now) : alert(l, d, body, now);
    buf_done(&l->body);
    return code;
}

/* Each channel may be amid a message of the largest size; all of them together may not. */
static bool too_much(const struct idxp_line *line, size_t more)
{
    uint64_t n = more;
    for (const struct idxp_line *l = line->p->line; l; l = l->next)
        n += l->body.n;
    return n > (uint64_t)line->body.max * IDXP_PEER_BODIES;
}

uint16_t idxp_line_data(struct idxp_line *l, const struct idxp_piece *d, struct beep_refusal *no, uint64_t now)
{
    if (d->first) begin(l, d);
    if (!l->collecting) return 0;
    if (d->refused) {
        l->collecting = false;
        buf_done(&l->body);
        return 0;
    }
    if (d->last && !l->body.n) return complete(l, d, d->octets, no, now); /* it came in one piece: no copy */
    bool much = too_much(l, d->octets.n);
    err e = much ? ERR_LIMIT : buf_add(&l->body, d->octets);
    if (e != OK) {
        l->collecting = false;
        buf_done(&l->body);
        if (much) *no = (struct beep_refusal){450, "too much is under way on the other channels"};
        else *no = (struct beep_refusal){e == ERR_LIMIT ? 554 : 421, "no room for this message"};
        return no->code;
    }
    return d->last ? complete(l, d, buf_slice(&l->body), no, now) : 0;
}
