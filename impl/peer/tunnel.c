/* SPDX-License-Identifier: MIT */
/* The ends of a tunnel: who asks for it, and who is meant by an element without attributes (RFC 3620 4). */
#include "peer/tunnel_impl.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* --- messages as they come
 * --------------------------------------------------------------------------------------------------- */

void tunnel_part_init(struct tunnel_part *t, const struct env *env)
{
    *t = (struct tunnel_part){.lost = false};
    buf_init(&t->octets, env->mem, TUNNEL_ELEMENT_MAX + 1024); /* with headers */
}

void tunnel_part_done(struct tunnel_part *t)
{
    buf_done(&t->octets);
}

err tunnel_part_add(struct tunnel_part *t, slice octets)
{
    err e = t->lost ? OK : buf_add(&t->octets, octets);
    if (e != ERR_LIMIT) return e;
    t->lost = true;
    buf_shrink(&t->octets);
    return OK;
}

void tunnel_no_set(struct tunnel_no *no, uint16_t code, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(no->text, sizeof no->text, fmt, ap);
    va_end(ap);
    no->code = code;
}

/* --- what is asked for
 * ------------------------------------------------------------------------------------------------------- */

static bool overlooks(unsigned mutant, enum tunnel_fault_code f)
{
    switch ((int)f) {
    case TUNNEL_F_NESTED:
    case TUNNEL_F_BARE:
        return IMUT(mutant, TARGET_TAKES_NEST);
    case TUNNEL_F_TOGETHER:
        return IMUT(mutant, TARGET_TAKES_ANY_SET);
    case TUNNEL_F_ATTRIBUTE:
        return IMUT(mutant, TUNNEL_OTHER_ATTRIBUTE);
    case TUNNEL_F_PORT:
        return IMUT(mutant, P_TAKES_PORT);
    default:
        return false;
    }
}

static bool all_overlooked(unsigned mutant, const struct tunnel_msg *m)
{
    for (uint32_t i = 0; mutant && i < m->note_n; i++)
        if (tunnel_fault_replies[m->note[i].code] && !overlooks(mutant, m->note[i].code)) return false;
    return mutant != IMUT_NONE;
}

static void lower_names(uint8_t *p, size_t n)
{
    for (size_t i = 0; i + 6 < n; i++) {
        if ((p[i] != '<' && p[i] != '/') || !slice_starts_nocase(slice_of(p + i + 1, 6), SLICE_LIT("tunnel")))
            continue;
        memcpy(p + i + 1, "tunnel", 6);
    }
}

static err read_text(const struct env *env, unsigned mutant, slice text, bool whole, struct tunnel_msg *m)
{
    struct buf own;
    uint8_t *at;
    if (!IMUT(mutant, TUNNEL_OTHER_NAME) || !text.n)
        return whole ? tunnel_msg_read(env, text, m) : tunnel_el_read(env, text, m);
    *m = (struct tunnel_msg){.kind = TUNNEL_NOTHING};
    buf_init(&own, env->mem, text.n);
    err e = buf_reserve(&own, text.n, &at);
    if (e == OK) {
        memcpy(at, text.p, text.n);
        lower_names(at, text.n);
        e = whole ? tunnel_msg_read(env, slice_of(at, text.n), m)
                  : tunnel_el_read(env, slice_of(at, text.n), m);
    }
    buf_done(&own);
    return e;
}

err tunnel_asked_read(const struct env *env, unsigned mutant, slice text, bool whole, struct tunnel_msg *m,
                      struct tunnel_no *no)
{
    *no = (struct tunnel_no){.code = 0};
    err e = read_text(env, mutant, text, whole, m);
    if (e == ERR_PEER && all_overlooked(mutant, m)) return OK;
    if (e == ERR_PEER) {
        tunnel_no_set(no, (uint16_t)tunnel_msg_reply(m), "%s", m->why);
        return OK;
    }
    if (e == OK && m->kind == TUNNEL_NOTHING && whole)
        tunnel_no_set(no, 500, "no element");
    else if (e == OK && m->kind != TUNNEL_TUNNEL && m->kind != TUNNEL_NOTHING)
        tunnel_no_set(no, 501, "%s is no element to ask with (RFC 3620 A.1)", tunnel_kind_names[m->kind]);
    return e;
}

err tunnel_answer_write(unsigned mutant, const struct tunnel_no *no, bool whole, struct buf *out)
{
    struct tunnel_msg m = {
        .kind = no->code ? TUNNEL_ERROR : TUNNEL_OK, .code = no->code, .text = slice_str(no->text)};
    if (!no->code) m.text = SLICE_NONE;
    if (no->code && IMUT(mutant, TUNNEL_OTHER_CODE)) m.code = 451;
    if (no->code && IMUT(mutant, P_ALL_550)) m.code = 550;
    if (no->code) m.code = idxp_mutate_code(mutant, true, m.code);
    TRY(whole ? tunnel_msg_write(&m, 0, out) : tunnel_el_write(&m, 0, out));
    return idxp_mutate_text(mutant, no->code ? IDXP_SAYS_TUNNEL_ERROR : IDXP_SAYS_TUNNEL_OK, !whole, out);
}

bool tunnel_channels_full(const struct beep_peer *p, const struct beep_profile *profile)
{
    size_t n = 0;
    for (size_t i = 0; i < p->chans; i++)
        n += p->chan[i]->b.profile == profile;
    return n > TUNNEL_CHANNELS_SERVED; /* the one that is being started among them */
}

/* --- the target
 * ----------------------------------------------------------------------------------------------------------------
 */

static struct tunnel_part *part_new(struct beep_bound *b)
{
    const struct env *env = b->peer->e.env;
    struct tunnel_part *t = mem_new(env->mem, sizeof *t);
    if (t) tunnel_part_init(t, env);
    b->state = t;
    return t;
}

static void part_free(struct beep_bound *b)
{
    struct tunnel_part *t = b->state;
    b->state = NULL;
    if (!t) return;
    tunnel_part_done(t);
    mem_free(b->peer->e.env->mem, t);
}

/* Is this peer meant? */
static err judge(struct beep_bound *b, slice text, bool whole, struct tunnel_no *no)
{
    struct tunnel_msg m;
    unsigned mutant = b->peer->s->idxp_mutant;
    err e = tunnel_asked_read(b->peer->e.env, mutant, text, whole, &m, no);
    if (e == OK && !no->code && m.kind == TUNNEL_TUNNEL && m.hop[0].way != TUNNEL_HERE &&
        !IMUT(mutant, TARGET_TAKES_ANY_SET))
        tunnel_no_set(no, 504, "this peer leads nowhere else: it takes an element without attributes");
    tunnel_msg_done(&m);
    return e;
}

static void begin_anew(struct beep_bound *b, uint64_t now)
{
    if (!IMUT(b->peer->s->idxp_mutant, TARGET_OLD_SESSION)) beep_peer_renew(b->peer, now);
}

static void target_start(struct beep_bound *b, slice init, struct buf *answer, struct beep_refusal *no,
                         uint64_t now)
{
    struct beep_peer *p = b->peer;
    struct tunnel_no not = {.code = 0};
    unsigned mutant = p->s->idxp_mutant;
    if (IMUT(mutant, TARGET_CHANNEL_ONLY)) init = SLICE_NONE;
    if (tunnel_channels_full(p, b->profile)) {
        *no = (struct beep_refusal){421, "too many channels for tunnels"};
        return;
    }
    if (!part_new(b)) {
        *no = (struct beep_refusal){421, "out of memory"};
        return;
    }
    if (!slice_trim(init).n) return;
    err e = judge(b, init, false, &not );
    if (e == OK) e = tunnel_answer_write(mutant, &not, false, answer);
    if (e != OK)
        beep_peer_broken(p, e, now);
    else if (not .code)
        beep_peer_note(p, "tunnel refused: %u %s", (unsigned)not .code, not .text);
    else
        begin_anew(b, now);
}

static void target_asked(struct beep_bound *b, struct tunnel_part *t, uint32_t msgno, uint64_t now)
{
    struct beep_peer *p = b->peer;
    struct tunnel_no no = {.code = 0};
    struct buf text;
    unsigned mutant = p->s->idxp_mutant;
    err e = OK;
    if (t->lost)
        tunnel_no_set(&no, 554, "the element is too long");
    else if (IMUT(mutant, TARGET_START_ONLY))
        tunnel_no_set(&no, 500, "elements belong into the start");
    else
        e = judge(b, buf_slice(&t->octets), true, &no);
    buf_shrink(&t->octets);
    t->lost = false;
    if (no.code && IMUT(mutant, TUNNEL_MSG_MUTE)) return;
    buf_init(&text, p->e.env->mem, TUNNEL_ELEMENT_MAX);
    if (e == OK) e = tunnel_answer_write(mutant, &no, true, &text);
    bool as_error = no.code && !IMUT(mutant, TUNNEL_ERROR_IN_RPY);
    if (e == OK) e = beep_peer_reply(b, as_error ? BEEP_ERR : BEEP_RPY, msgno, 0, buf_slice(&text), true, now);
    buf_done(&text);
    if (e == ERR_USE) return; /* the session is ending */
    if (e != OK)
        beep_peer_broken(p, e, now);
    else if (no.code)
        beep_peer_note(p, "tunnel refused: %u %s", (unsigned)no.code, no.text);
    else
        begin_anew(b, now);
}

static void target_octets(struct beep_bound *b, enum beep_keyword keyword, uint32_t msgno, uint32_t ansno,
                          slice octets, bool last, uint64_t now)
{
    struct tunnel_part *t = b->state;
    (void)ansno;
    if (keyword != BEEP_MSG) return;
    err e = tunnel_part_add(t, octets);
    if (e != OK)
        beep_peer_broken(b->peer, e, now);
    else if (last)
        target_asked(b, t, msgno, now);
}

static void target_closed(struct beep_bound *b, uint64_t now)
{
    (void)now;
    part_free(b);
}

const struct beep_profile tunnel_target = {.uri = TUNNEL_URI,
                                           .clear_only = true,
                                           .start = target_start,
                                           .octets = target_octets,
                                           .closed = target_closed};

/* --- the initiator
 * --------------------------------------------------------------------------------------------------------------
 */

/* What a mutant puts in place of the element. */
static err slip_in(unsigned mutant, struct buf *text)
{
    struct buf own;
    slice s = buf_slice(text);
    static const char empty[] = "<tunnel/>";
    size_t at = slice_find(s, SLICE_LIT("<tunnel/>"));
    bool two = IMUT(mutant, VIA_TWO_INSIDE) && at < s.n;
    if (!two && !IMUT(mutant, VIA_BARE_OUTSIDE)) return idxp_mutate_text(mutant, IDXP_SAYS_TUNNEL, true, text);
    buf_init(&own, text->mem, text->max);
    err e = buf_add_str(&own, two ? "" : "<tunnel>");
    if (e == OK) e = buf_add(&own, slice_sub(s, 0, at));
    if (e == OK && two) e = buf_add_str(&own, empty);
    if (e == OK) e = buf_add(&own, slice_sub(s, at, s.n));
    if (e == OK && !two) e = buf_add_str(&own, "</tunnel>");
    buf_done(text);
    *text = own;
    return e;
}

static void via_over(struct beep_peer *p, const struct tunnel_msg *m, bool good, uint64_t now)
{
    p->tune_by = 0;
    if (good || (m->kind == TUNNEL_ERROR && IMUT(p->s->idxp_mutant, VIA_TAKES_ERROR))) {
        beep_peer_note(p, "the tunnel stands");
        beep_peer_renew(p, now);
    } else if (m->kind == TUNNEL_ERROR) {
        beep_tune_failed(p, now, "the tunnel is refused: %u %.*s", (unsigned)m->code,
                         (int)(m->text.n < 160 ? m->text.n : 160), m->text.n ? (const char *)m->text.p : "");
    } else {
        beep_tune_failed(p, now, "the tunnel is answered by something else: %s",
                         m->why ? m->why : tunnel_kind_names[m->kind]);
    }
}

/* The element as a MSG: it did not fit into the start, or was passed over there. */
static void via_message(struct beep_bound *b, uint64_t now)
{
    struct beep_peer *p = b->peer;
    uint32_t msgno = 0;
    struct buf text;
    buf_init(&text, p->e.env->mem, TUNNEL_ELEMENT_MAX);
    err e = tunnel_msg_write(p->s->via, 0, &text);
    if (e == OK) e = beep_peer_msg(b, &msgno, buf_slice(&text), true, now);
    buf_done(&text);
    if (e == ERR_USE)
        beep_tune_failed(p, now, "no tunnel: the session is being released");
    else if (e != OK)
        beep_peer_broken(p, e, now);
}

static void via_started(struct beep_bound *b, slice answer, const struct beep_refusal *no, uint64_t now)
{
    struct beep_peer *p = b->peer;
    struct tunnel_msg m;
    if (no->code) {
        p->tune_by = 0;
        if (IMUT(p->s->idxp_mutant, VIA_TAKES_ERROR) && !p->ending)
            beep_peer_renew(p, now);
        else if (!p->ending)
            beep_tune_failed(p, now, "the tunnel is refused: %u %s", (unsigned)no->code, no->text);
        return;
    }
    if (!part_new(b)) {
        beep_peer_broken(p, ERR_MEM, now);
        return;
    }
    if (!slice_trim(answer).n) {
        via_message(b, now);
        return;
    }
    err e = tunnel_el_read(p->e.env, answer, &m);
    if (e == ERR_MEM)
        beep_peer_broken(p, e, now);
    else
        via_over(p, &m, e == OK && m.kind == TUNNEL_OK, now);
    tunnel_msg_done(&m);
}

static void via_octets(struct beep_bound *b, enum beep_keyword keyword, uint32_t msgno, uint32_t ansno,
                       slice octets, bool last, uint64_t now)
{
    struct beep_peer *p = b->peer;
    struct tunnel_part *t = b->state;
    struct tunnel_msg m;
    (void)ansno;
    if (keyword == BEEP_MSG) {
        if (last) beep_peer_refuse(p, b->channel, msgno, 501, "there is nothing to ask for here", now);
        return;
    }
    err e = tunnel_part_add(t, octets);
    if (e != OK) beep_peer_broken(p, e, now);
    if (e != OK || !last) return;
    e = tunnel_msg_read(p->e.env, t->lost ? SLICE_NONE : buf_slice(&t->octets), &m);
    buf_shrink(&t->octets);
    if (e == ERR_MEM)
        beep_peer_broken(p, e, now);
    else
        via_over(p, &m, e == OK && keyword == BEEP_RPY && m.kind == TUNNEL_OK, now);
    tunnel_msg_done(&m);
}

static void via_closed(struct beep_bound *b, uint64_t now)
{
    struct beep_peer *p = b->peer;
    part_free(b);
    if (!p->tune_by || p->tunnelled || p->ending || beep_peer_turns(p)) return;
    p->tune_by = 0;
    beep_tune_failed(p, now, "the channel for the tunnel was closed");
}

static const struct beep_profile via_profile = {.uri = TUNNEL_URI,
                                                .clear_only = true,
                                                .started = via_started,
                                                .octets = via_octets,
                                                .closed = via_closed};

void beep_via_ask(struct beep_peer *p, uint64_t now)
{
    uint32_t channel;
    struct buf text;
    p->via_tried = true;
    if (!beep_peer_offers(p, TUNNEL_URI) && !IMUT(p->s->idxp_mutant, VIA_UNOFFERED)) {
        beep_tune_failed(p, now, "no tunnel: the peer does not offer TUNNEL");
        return;
    }
    p->tune_by = now + p->e.env->limits.setup_ms;
    p->m.spare = true; /* a SEQ that meets the ok on its way would be read by somebody else (TUNNEL-D13) */
    buf_init(&text, p->e.env->mem, TUNNEL_ELEMENT_MAX);
    err e = tunnel_el_write(p->s->via, 0, &text);
    if (e == OK) e = slip_in(p->s->idxp_mutant, &text);
    if (e == OK && (text.n > BEEP_INIT_MAX || p->s->bare)) buf_clear(&text);
    if (e == OK) e = beep_peer_start(p, &via_profile, buf_slice(&text), &channel, now);
    buf_done(&text);
    if (e == ERR_LIMIT || (e == ERR_USE && !beep_peer_turns(p)))
        beep_tune_failed(p, now, "no tunnel: what is asked for cannot be written as an element");
    else if (e != OK)
        beep_peer_broken(p, e, now);
}
