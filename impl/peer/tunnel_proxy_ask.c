/* SPDX-License-Identifier: MIT */
/* What is asked for on the near side, in a start or on the channel, and what is answered. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "peer/tunnel_proxy_impl.h"

static struct tunnel_proxy *proxy_of(struct beep_bound *b)
{
    return b->profile->ctx;
}

/* --- answers
 * ---------------------------------------------------------------------------------------------------------------------
 */

static err whole_message(slice element, struct buf *out)
{
    TRY(beep_mime_head(BEEP_MEDIA_TYPE, out));
    TRY(buf_add(out, element));
    return buf_add_str(out, "\r\n");
}

static void reply(struct tunnel_proxy *p, struct beep_bound *b, bool in_start, uint32_t msgno, slice element,
                  bool good, uint64_t now)
{
    struct beep_peer *near = tunnel_near(p);
    struct buf text;
    if (!b || near->ending) return;
    if (in_start) { /* in RPY with the error inside, as the start had the element inside (TUNNEL-D08) */
        beep_peer_answer(b, element, NULL, now);
        return;
    }
    buf_init(&text, p->e.env->mem, p->answer.max + 1024);
    err e = whole_message(element, &text);
    if (e == OK) e = beep_peer_reply(b, good || PMUT(p, TUNNEL_ERROR_IN_RPY) ? BEEP_RPY : BEEP_ERR, msgno, 0, buf_slice(&text), true, now);
    buf_done(&text);
    if (e != OK && e != ERR_USE) beep_peer_broken(near, e, now);
}

/* Those that came while the one that failed was under way. */
static void refuse_more(struct tunnel_proxy *p, uint64_t now)
{
    struct tunnel_no no = {.code = 554};
    struct buf element;
    snprintf(no.text, sizeof no.text, "%s: another tunnel was being set up in this session", tunnel_name(p));
    buf_init(&element, p->e.env->mem, TUNNEL_ELEMENT_MAX);
    while (p->mores) {
        struct tunnel_more m = p->more[0];
        memmove(p->more, p->more + 1, --p->mores * sizeof *p->more);
        buf_clear(&element);
        err e = tunnel_answer_write(p->s->mutant, &no, false, &element);
        if (e != OK)
            beep_peer_broken(tunnel_near(p), e, now);
        else
            reply(p, beep_peer_bound(tunnel_near(p), m.channel), m.in_start, m.msgno, buf_slice(&element),
                  false, now);
    }
    buf_done(&element);
}

static void answer_error(struct tunnel_proxy *p, uint64_t now)
{
    p->stage = TUNNEL_RESTS;
    if (p->ok_sent) { /* a mutant that said ok too early */
        tunnel_drop_all(p);
        return;
    }
    struct beep_bound *b = p->b;
    p->b = NULL; /* the next start may have waited for this answer, and is taken while it is given */
    reply(p, b, p->in_start, p->msgno, buf_slice(&p->answer), false, now);
    buf_shrink(&p->answer);
    refuse_more(p, now);
    if (PMUT(p, P_ERROR_ENDS)) beep_peer_leave(tunnel_near(p), now);
    beep_peer_work(tunnel_near(p), now);
}

/* ok is the last frame of the session: whatever else was queued goes before it, and what is not answered yet
 * never will be. */
static void answer_ok(struct tunnel_proxy *p, uint64_t now)
{
    static const struct tunnel_no none;
    struct beep_peer *near = tunnel_near(p);
    bool here = p->way->hop[0].way == TUNNEL_HERE;
    if (!beep_mux_idle(&near->m)) return;
    buf_clear(&p->answer);
    err e = tunnel_answer_write(p->s->mutant, &none, false, &p->answer);
    if (e != OK) {
        beep_peer_broken(near, e, now);
        return;
    }
    near->m.spare = true;
    p->ok_sent = true;
    p->mores = 0;
    bool was = near->inside; /* nothing goes out before all is said */
    near->inside = true;
    reply(p, p->b, p->in_start, p->msgno, buf_slice(&p->answer), true, now);
    if (here)
        beep_peer_renew(near, now);
    else
        beep_peer_go_raw(near, &p->side[NEAR].raw, now);
    near->inside = was;
    buf_shrink(&p->answer);
    if (here) tunnel_ask_over(p, now);
    beep_peer_work(near, now);
}

static bool ok_is_due(const struct tunnel_proxy *p)
{
    if (p->ok_sent) return false;
    if (PMUT(p, P_OK_ON_CONNECT) && (p->stage == TUNNEL_WAITS || p->stage == TUNNEL_PASSED)) return true;
    if (PMUT(p, P_OK_EARLY) && p->stage == TUNNEL_PASSED) return true;
    if (PMUT(p, P_WAITS_FOR_DATA) && !p->side[FAR].peer && p->side[FAR].link && !p->side[FAR].octets)
        return false;
    return p->stage == TUNNEL_AGREED;
}

void tunnel_ask_answer(struct tunnel_proxy *p, uint64_t now)
{
    if (p->stage == TUNNEL_FAILED && !(PMUT(p, P_HANGS) && (p->last.code == 450 || p->last.code == 550)))
        answer_error(p, now);
    else if (ok_is_due(p))
        answer_ok(p, now);
}

void tunnel_ask_over(struct tunnel_proxy *p, uint64_t now)
{
    (void)now;
    tunnel_house_leave(p);
    p->stage = TUNNEL_RESTS;
    p->b = NULL;
    p->ok_sent = false;
    p->mores = 0;
    buf_shrink(&p->text);
}

static void owe_error(struct tunnel_proxy *p, uint64_t now)
{
    tunnel_way_close(p, now);
    tunnel_house_leave(p);
    buf_shrink(&p->text);
    p->stage = TUNNEL_FAILED;
    p->again = true;
}

void tunnel_ask_fail(struct tunnel_proxy *p, uint16_t code, uint64_t now, const char *fmt, ...)
{
    struct tunnel_no no = {.code = code};
    char text[TUNNEL_TEXT_MAX - 80];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    snprintf(no.text, sizeof no.text, "%.70s: %s", tunnel_name(p), text);
    tunnel_say(p, "tunnel refused: %u %s", (unsigned)code, text);
    p->last = no;
    buf_clear(&p->answer);
    err e = tunnel_answer_write(p->s->mutant, &no, false, &p->answer);
    if (e == ERR_USE) { /* the text holds what XML does not take: the code says it as well */
        no.text[0] = 0;
        e = tunnel_answer_write(p->s->mutant, &no, false, &p->answer);
    }
    owe_error(p, now);
    if (e != OK) beep_peer_broken(tunnel_near(p), e, now);
}

void tunnel_ask_pass(struct tunnel_proxy *p, const struct tunnel_msg *error, uint64_t now)
{
    struct tunnel_msg m = *error;
    if (PMUT(p, P_OWN_ERROR)) {
        tunnel_ask_fail(p, 550, now, "the next hop says no");
        return;
    }
    if (PMUT(p, P_ERROR_TEXT)) m.text = SLICE_NONE;
    if (PMUT(p, P_ALL_550)) m.code = 550;
    m.code = idxp_mutate_code(p->s->mutant, true, m.code);
    tunnel_say(p, "%s refuses: %u", p->to, (unsigned)m.code);
    p->last = (struct tunnel_no){.code = m.code};
    buf_clear(&p->answer);
    err e = tunnel_el_write(&m, 0, &p->answer);
    owe_error(p, now);
    if (e != OK) beep_peer_broken(tunnel_near(p), e, now);
}

/* --- questions
 * -------------------------------------------------------------------------------------------------------------------
 */

/* A mutant takes 4294967897 for 601. */
static void odd_ports(struct tunnel_proxy *p)
{
    for (size_t i = 0; PMUT(p, P_TAKES_PORT) && i < p->msg.hops; i++) {
        struct tunnel_hop *h = &p->msg.hop[i];
        slice s = h->value[TUNNEL_A_PORT];
        uint16_t n = 0;
        for (size_t k = 0; k < s.n; k++)
            n = (uint16_t)(n * 10u + (s.p[k] & 15u));
        if (!h->port) h->port = n;
    }
}

/* One more while one is under way: false when there are too many. */
static bool one_more(struct tunnel_proxy *p, const struct beep_bound *b, bool in_start, uint32_t msgno)
{
    if (p->mores == TUNNEL_MORE_MAX) return false;
    p->more[p->mores++] = (struct tunnel_more){b->channel, msgno, in_start};
    return true;
}

/* A whole element came.  What is against its form is told in no. */
static err take(struct tunnel_proxy *p, struct beep_bound *b, slice text, bool whole, uint32_t msgno,
                struct tunnel_no *no)
{
    tunnel_msg_done(&p->msg);
    err e = tunnel_asked_read(p->e.env, p->s->mutant, text, whole, &p->msg, no);
    if (e != OK || no->code) return e;
    odd_ports(p);
    p->stage = TUNNEL_ASKED;
    p->b = b;
    p->in_start = !whole;
    p->msgno = msgno;
    p->ok_sent = false;
    p->again = true;
    return OK;
}

static void start(struct beep_bound *b, slice init, struct buf *answer, struct beep_refusal *no, uint64_t now)
{
    struct tunnel_proxy *p = proxy_of(b);
    struct tunnel_no not = {.code = 0};
    struct tunnel_part *t = NULL;
    if (PMUT(p, TARGET_CHANNEL_ONLY)) init = SLICE_NONE;
    if (tunnel_channels_full(b->peer, b->profile)) {
        *no = (struct beep_refusal){421, "too many channels for tunnels"};
        return;
    }
    t = mem_new(p->e.env->mem, sizeof *t);
    if (!t) {
        *no = (struct beep_refusal){421, "out of memory"};
        return;
    }
    tunnel_part_init(t, p->e.env);
    b->state = t;
    if (!slice_trim(init).n) return;
    if (p->stage != TUNNEL_RESTS) {
        b->later = one_more(p, b, true, 0);
        if (!b->later) beep_peer_broken(b->peer, ERR_LIMIT, now);
        return;
    }
    err e = take(p, b, init, false, 0, &not );
    b->later = p->stage == TUNNEL_ASKED;
    if (e == OK && not .code) e = tunnel_answer_write(p->s->mutant, &not, false, answer);
    if (e != OK) beep_peer_broken(b->peer, e, now);
}

static void asked(struct tunnel_proxy *p, struct beep_bound *b, struct tunnel_part *t, uint32_t msgno,
                  uint64_t now)
{
    struct tunnel_no no = {.code = 0};
    struct buf element;
    err e = OK;
    if (p->stage != TUNNEL_RESTS) {
        if (!one_more(p, b, false, msgno)) beep_peer_broken(b->peer, ERR_LIMIT, now);
        return;
    }
    if (t->lost)
        tunnel_no_set(&no, 554, "the element is too long");
    else if (PMUT(p, TARGET_START_ONLY))
        tunnel_no_set(&no, 500, "elements belong into the start");
    else
        e = take(p, b, buf_slice(&t->octets), true, msgno, &no);
    if (e == OK && (!no.code || PMUT(p, TUNNEL_MSG_MUTE))) return;
    buf_init(&element, p->e.env->mem, TUNNEL_ELEMENT_MAX);
    if (e == OK) e = tunnel_answer_write(p->s->mutant, &no, false, &element);
    if (e != OK)
        beep_peer_broken(b->peer, e, now);
    else
        reply(p, b, false, msgno, buf_slice(&element), false, now);
    buf_done(&element);
}

static void octets(struct beep_bound *b, enum beep_keyword keyword, uint32_t msgno, uint32_t ansno,
                   slice part, bool last, uint64_t now)
{
    struct tunnel_part *t = b->state;
    (void)ansno;
    if (keyword != BEEP_MSG) return;
    err e = tunnel_part_add(t, part);
    if (e != OK) beep_peer_broken(b->peer, e, now);
    if (e != OK || !last) return;
    asked(proxy_of(b), b, t, msgno, now);
    buf_shrink(&t->octets);
    t->lost = false;
}

static void closed(struct beep_bound *b, uint64_t now)
{
    struct tunnel_proxy *p = proxy_of(b);
    struct tunnel_part *t = b->state;
    (void)now;
    if (p->b == b) p->b = NULL;
    for (size_t i = 0; i < p->mores; i++) {
        if (p->more[i].channel != b->channel) continue;
        p->more[i] = p->more[--p->mores];
        i--;
    }
    if (!t) return;
    tunnel_part_done(t);
    mem_free(p->e.env->mem, t);
}

void tunnel_ask_profile(struct tunnel_proxy *p)
{
    p->near_profile = (struct beep_profile){
        .uri = TUNNEL_URI, .ctx = p, .clear_only = true, .start = start, .octets = octets, .closed = closed};
}
