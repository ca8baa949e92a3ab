/* SPDX-License-Identifier: MIT */
/* The way to the next hop: look-ups, connections, and the session there until it agrees. */
#include <stdio.h>
#include <string.h>

#include "peer/tunnel_proxy_impl.h"

/* --- look-ups
 * ----------------------------------------------------------------------------------------------------------------------
 */

static const struct tunnel_hop *hop_of(const struct tunnel_proxy *p)
{
    return &p->way->hop[0];
}

static void on_found(void *whom, const struct tunnel_place *place, size_t n, const char *why, uint64_t now)
{
    struct tunnel_proxy *p = whom;
    if (!p->looking) return;
    p->looking = false;
    p->found = true;
    p->places = n < TUNNEL_PLACES_MAX ? n : TUNNEL_PLACES_MAX;
    if (p->places) memcpy(p->place, place, p->places * sizeof *place);
    tunnel_no_set(&p->last, 450, "%s was not found%s%s", p->query, why ? ": " : "", why ? why : "");
    tunnel_settle(p, now);
}

/* What there is to know without a resolver. */
static void no_resolver(struct tunnel_proxy *p)
{
    p->looking = false;
    p->found = true;
    p->places = !p->srv && tunnel_hop_place(hop_of(p), p->place[0].to, sizeof p->place[0].to) == OK;
    tunnel_no_set(&p->last, 450, "%s cannot be looked up here", p->query);
}

static void query(struct tunnel_proxy *p, bool srv)
{
    const struct tunnel_hop *h = hop_of(p);
    slice fqdn = h->value[TUNNEL_A_FQDN], service = h->value[TUNNEL_A_SRV];
    struct tunnel_query q = {.name = p->query, .srv = srv, .port = srv ? 0 : h->port};
    if (srv)
        snprintf(p->query, sizeof p->query, "%.*s.%.*s", (int)service.n, (const char *)service.p, (int)fqdn.n,
                 (const char *)fqdn.p);
    else
        snprintf(p->query, sizeof p->query, "%.*s", (int)fqdn.n, (const char *)fqdn.p);
    snprintf(p->to, sizeof p->to, "%s", p->query);
    p->srv = srv;
    p->looking = true;
    p->found = false;
    p->places = 0;
    if (!p->s->resolve) {
        no_resolver(p);
        return;
    }
    err e = p->s->resolve(p->s->ctx, &p->e, &q, on_found, p);
    if (e != OK && p->looking) on_found(p, NULL, 0, err_name(e), 0);
}

static void dial_next(struct tunnel_proxy *p)
{
    p->stage = TUNNEL_DIALS;
    p->again = true;
}

void tunnel_way_look(struct tunnel_proxy *p, uint64_t now)
{
    const struct tunnel_hop *h = hop_of(p);
    (void)now;
    p->place_at = p->seen_n = 0;
    p->again_by = 0;
    p->stage = TUNNEL_LOOKS;
    p->again = true;
    if (h->way == TUNNEL_BY_SRV && !(PMUT(p, P_NO_SRV) && h->port)) {
        query(p, true);
    } else if (h->way == TUNNEL_BY_FQDN || h->way == TUNNEL_BY_SRV) {
        query(p, false);
    } else {
        p->places = tunnel_hop_place(h, p->place[0].to, sizeof p->place[0].to) == OK;
        tunnel_no_set(&p->last, 501, "no address");
        dial_next(p);
    }
}

/* 4: fqdn and port are tried when a look-up of SRV fails; not when its targets do not answer (TUNNEL-D12). */
void tunnel_way_found(struct tunnel_proxy *p, uint64_t now)
{
    struct tunnel_no no = {.code = 0};
    p->found = false;
    if (p->places) {
        dial_next(p);
        return;
    }
    if (p->srv && hop_of(p)->port && !PMUT(p, P_NO_FALLBACK)) {
        tunnel_rule_fallback(p, &no);
        if (!no.code) query(p, false);
    } else {
        no = p->last;
    }
    p->again = true;
    if (no.code) tunnel_ask_fail(p, no.code, now, "%s", no.text);
}

/* --- the connection
 * -----------------------------------------------------------------------------------------------------------------
 */

/* A link for one more connection; 0 when all are still ending. */
static int free_link(struct tunnel_proxy *p)
{
    for (int i = 1; i < LINK_MAX; i++) {
        const struct link *l = &p->e.link[i];
        if (!p->old[i] && (l->state == LINK_IDLE || l->state == LINK_DOWN)) return i;
    }
    for (int i = 1; i < LINK_MAX; i++)
        p->e.link[i].drop = true;
    return 0;
}

/* Does the next hop get an element? */
static bool passes_on(const struct tunnel_proxy *p)
{
    return p->way->hops > 1;
}

static void let_go(struct tunnel_proxy *p, uint64_t now)
{
    struct tunnel_side *far = &p->side[FAR];
    struct link *l = &p->e.link[far->link];
    if (!far->link) return;
    if (l->state == LINK_WANTED) l->state = LINK_IDLE;
    if (far->peer && far->peer->ready && !PMUT(p, P_KEEPS_FAR))
        beep_peer_terminate(far->peer, now);
    else if ((l->state == LINK_DIALING || l->state == LINK_UP) && !PMUT(p, P_KEEPS_FAR))
        l->drop = true;
    p->old[far->link] = far->peer;
    far->peer = NULL;
    far->link = 0;
    far->open = far->ended = far->shut = false;
    buf_shrink(&far->early);
    buf_shrink(&p->side[NEAR].early);
}

void tunnel_way_close(struct tunnel_proxy *p, uint64_t now)
{
    if (p->looking && p->s->cancel) p->s->cancel(p->s->ctx, p);
    p->looking = p->found = false;
    let_go(p, now);
}

/* Is the next hop a proxy that leads on? */
static bool leads_on(const struct tunnel_proxy *p)
{
    return passes_on(p) && p->way->hop[1].way != TUNNEL_HERE;
}

static err connect_to(struct tunnel_proxy *p, int link)
{
    struct tunnel_side *far = &p->side[FAR];
    p->far_setup.sasl_client = leads_on(p) ? p->s->hop_sasl : NULL;
    p->far_setup.sasl_mechanism = p->far_setup.sasl_client ? p->s->hop_mechanism : NULL;
    link_reset(&p->e, link);
    if (passes_on(p)) {
        TRY(beep_peer_new(&p->far_setup, true, p->to, &far->peer));
        beep_peer_embed(far->peer, &p->e.link[link]);
    } else {
        p->e.link[link].to = p->to;
        p->e.link[link].state = LINK_WANTED;
    }
    far->link = link;
    return OK;
}

/* What says more about where a name leads: that it is a loop or against a rule, that somebody may not go
 * there, or that nobody answered just now? */
static int tells(uint16_t code)
{
    return code == 554 ? 2 : code != 450;
}

/* Each of several places has an error of its own, and only one is told in the end. */
static void keep_error(struct tunnel_proxy *p, const struct tunnel_no *no)
{
    if (p->place_at == 0 || tells(no->code) > tells(p->last.code) || !tells(p->last.code)) p->last = *no;
}

void tunnel_way_dial(struct tunnel_proxy *p, uint64_t now)
{
    struct tunnel_no no = {.code = 0};
    if (p->place_at >= p->places) {
        no = p->last;
        tunnel_ask_fail(p, no.code, now, "%s", no.text);
        return;
    }
    int link = free_link(p);
    if (!link) {
        p->again_by = now + TUNNEL_AGAIN_MS;
        return;
    }
    snprintf(p->to, sizeof p->to, "%s", p->place[p->place_at].to);
    tunnel_rule_place(p, p->to, &no);
    if (no.code) {
        keep_error(p, &no);
        p->place_at++;
        p->again = true;
        return;
    }
    p->connect_by = now + (p->s->connect_ms ? p->s->connect_ms : TUNNEL_CONNECT_MS);
    if (connect_to(p, link) != OK) tunnel_ask_fail(p, 421, now, "out of memory");
}

void tunnel_way_next(struct tunnel_proxy *p, uint64_t now, const char *why)
{
    struct tunnel_no no = {.code = 0};
    tunnel_no_set(&no, 450, "%s %s", p->to, why);
    keep_error(p, &no);
    let_go(p, now);
    p->place_at++;
    dial_next(p);
}

void tunnel_way_up(struct tunnel_proxy *p, uint64_t now)
{
    p->stage = passes_on(p) ? TUNNEL_WAITS : TUNNEL_AGREED;
    p->again = true;
    if (passes_on(p)) return;
    tunnel_relay_open(p, FAR, now);
}

void tunnel_way_lost(struct tunnel_proxy *p, uint64_t now)
{
    const struct beep_peer *far = p->side[FAR].peer;
    const char *why = far->why;
    if (p->stage == TUNNEL_WAITS && p->seen_n && !far->peer_greeted)
        tunnel_ask_fail(p, 550, now, "%s: %s; it said: %s", p->to, why, p->seen);
    else
        tunnel_ask_fail(p, 550, now, "%s: %s", p->to, *why ? why : "the session there ended");
}

/* --- the session there
 * ----------------------------------------------------------------------------------------------------------------
 */

static bool is_awaited(const struct tunnel_proxy *p, const struct beep_peer *far, enum tunnel_stage stage)
{
    return p->side[FAR].peer == far && p->stage == stage;
}

static void agreed(struct tunnel_proxy *p, uint64_t now)
{
    p->stage = TUNNEL_AGREED;
    p->again = true;
    beep_peer_go_raw(p->side[FAR].peer, &p->side[FAR].raw, now);
}

/* What the next hop gets: the element without the outermost one. */
static err element(const struct tunnel_proxy *p, bool whole, struct buf *out)
{
    struct tunnel_msg m = *p->way;
    size_t from = 1;
    if (PMUT(p, P_UNSTRIPPED)) from = 0;
    if (PMUT(p, P_STRIPS_TWO) && m.hops > 2) from = 2;
    for (size_t i = 1; PMUT(p, P_LOSES_ATTRIBUTE) && i < m.hops; i++)
        m.hop[i].given &= (uint8_t) ~(1u << TUNNEL_A_PORT);
    return whole ? tunnel_msg_write(&m, from, out) : tunnel_el_write(&m, from, out);
}

static void far_greeted(void *ctx, struct beep_peer *far, uint64_t now)
{
    struct tunnel_proxy *p = ctx;
    struct buf text;
    uint32_t channel;
    if (!is_awaited(p, far, TUNNEL_WAITS)) return;
    if (!beep_peer_offers(far, TUNNEL_URI)) {
        if (PMUT(p, P_NO_TUNNEL_NEEDED))
            agreed(p, now);
        else
            tunnel_ask_fail(p, 550, now, "%s does not offer TUNNEL", p->to);
        return;
    }
    far->m.spare = true; /* a SEQ that meets the ok on its way would be read by somebody else (TUNNEL-D13) */
    buf_init(&text, p->e.env->mem, TUNNEL_ELEMENT_MAX * 8);
    err e = element(p, false, &text);
    p->stage = TUNNEL_PASSED;
    p->again = true;
    if (e == OK && text.n > BEEP_INIT_MAX) buf_clear(&text);
    if (e == OK) e = beep_peer_start(far, &p->far_profile, buf_slice(&text), &channel, now);
    buf_done(&text);
    if (e == ERR_USE) return; /* it is ending, which settle sees */
    if (e != OK) tunnel_ask_fail(p, 421, now, "%s", err_name(e));
}

static void far_say(void *ctx, struct beep_peer *far, const char *text)
{
    struct tunnel_proxy *p = ctx;
    (void)far;
    tunnel_say(p, "%s: %s", p->to, text);
}

static void far_answer(struct tunnel_proxy *p, err e, const struct tunnel_msg *m, bool positive, uint64_t now)
{
    if (PMUT(p, P_SEQ) && e == OK && m->kind == TUNNEL_OK &&
        buf_add_str(&tunnel_link(p, FAR)->out, "SEQ 0 600 4096\r\n") != OK)
        tunnel_drop_all(p);
    if (e == ERR_MEM)
        tunnel_ask_fail(p, 421, now, "out of memory");
    else if (e == OK && m->kind == TUNNEL_OK && positive)
        agreed(p, now);
    else if (e == OK && m->kind == TUNNEL_ERROR)
        tunnel_ask_pass(p, m, now);
    else
        tunnel_ask_fail(p, 550, now, "%s answers a tunnel element by something else: %s", p->to,
                        m->why ? m->why : tunnel_kind_names[m->kind]);
}

/* The element as a MSG: it was too long for the start, or passed over there. */
static void ask_on_channel(struct tunnel_proxy *p, struct beep_bound *b, uint64_t now)
{
    struct buf text;
    uint32_t msgno = 0;
    buf_init(&text, p->e.env->mem, TUNNEL_ELEMENT_MAX * 8);
    err e = element(p, true, &text);
    if (e == OK) e = beep_peer_msg(b, &msgno, buf_slice(&text), true, now);
    buf_done(&text);
    if (e != OK && e != ERR_USE) tunnel_ask_fail(p, 421, now, "%s", err_name(e));
}

/* The channel was declined: the error of that is passed back with all it has. */
static void declined(struct tunnel_proxy *p, const struct beep_el *el, const struct beep_refusal *no,
                     uint64_t now)
{
    struct tunnel_msg m = {.kind = TUNNEL_ERROR, .code = no->code, .text = slice_str(no->text)};
    if (el && el->kind == BEEP_EL_ERROR) {
        m.text = el->text;
        m.lang = el->lang;
        m.lang_given = el->lang_given;
    }
    tunnel_ask_pass(p, &m, now);
}

static void started(struct beep_bound *b, slice answer, const struct beep_refusal *no, uint64_t now)
{
    struct tunnel_proxy *p = b->profile->ctx;
    struct tunnel_msg m;
    if (!is_awaited(p, b->peer, TUNNEL_PASSED)) return;
    tunnel_part_done(&p->far_part);
    tunnel_part_init(&p->far_part, p->e.env);
    if (no->code) {
        declined(p, b->peer->el, no, now);
        return;
    }
    if (!slice_trim(answer).n) {
        ask_on_channel(p, b, now);
        return;
    }
    err e = tunnel_el_read(p->e.env, answer, &m);
    far_answer(p, e, &m, true, now);
    tunnel_msg_done(&m);
}

static void octets(struct beep_bound *b, enum beep_keyword keyword, uint32_t msgno, uint32_t ansno,
                   slice part, bool last, uint64_t now)
{
    struct tunnel_proxy *p = b->profile->ctx;
    struct tunnel_msg m;
    (void)ansno;
    if (!is_awaited(p, b->peer, TUNNEL_PASSED)) return;
    if (keyword == BEEP_MSG) {
        if (last) beep_peer_refuse(b->peer, b->channel, msgno, 501, "there is nothing to ask for here", now);
        return;
    }
    err e = tunnel_part_add(&p->far_part, part);
    if (e == OK && !last) return;
    m = (struct tunnel_msg){.kind = TUNNEL_NOTHING};
    if (e == OK && !p->far_part.lost) e = tunnel_msg_read(p->e.env, buf_slice(&p->far_part.octets), &m);
    far_answer(p, e, &m, keyword == BEEP_RPY, now);
    tunnel_msg_done(&m);
    tunnel_part_done(&p->far_part);
    tunnel_part_init(&p->far_part, p->e.env);
}

void tunnel_way_profile(struct tunnel_proxy *p)
{
    p->far_profile = (struct beep_profile){.uri = TUNNEL_URI, .ctx = p, .started = started, .octets = octets};
    p->far_setup.hooks = (struct beep_hooks){.ctx = p, .greeted = far_greeted, .say = far_say};
}
