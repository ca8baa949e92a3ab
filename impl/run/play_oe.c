/* SPDX-License-Identifier: MIT */
/* Opportunistic encryption in the player: its life, and the way to a named state.
 */
#include "run/play_oe.h"

#include <stdio.h>
#include <string.h>

#include "base/base64.h"
#include "codec/oe_master.h"
#include "run/play_impl.h"
#include "run/play_oe_impl.h"
#include "run/samples_oe.h"

const char *const play_oe_ends[PLAY_OE_ENDS] = {"adapter", "dns"};

static int end_of(const struct player *p, const char *name)
{
    int ends = oe_play_run(p)->role == TEST_OE_PARSER ? 1 : PLAY_OE_ENDS;
    if (!name) return 0;
    for (int i = 0; i < ends; i++)
        if (strcmp(play_oe_ends[i], name) == 0) return i;
    return -1;
}

static bool feed(struct player *p, int end, slice *octets, uint64_t now)
{
    if (end == PLAY_OE_ADAPTER) return oe_play_lines(p, octets, now);
    if (end == PLAY_OE_DNS) return oe_play_dns_feed(p, octets, now);
    return false;
}

static void up(struct player *p, int end, uint64_t now)
{
    if (end == PLAY_OE_ADAPTER)
        play_rung(p, RUNG_EVENT, end, false, false, "the adapter is there", SLICE_NONE, now);
}

static void urgent(struct player *p, int end, uint64_t now)
{
    (void)p;
    (void)end;
    (void)now;
}

/* An adapter that ends in the middle of a case fails it, unless that is what the case is about. */
static void ended(struct player *p, int end, enum link_end how, uint64_t now)
{
    const char *name = how == LINK_FIN ? "fin" : how == LINK_RESET ? "reset" : "refused";
    if (end != PLAY_OE_ADAPTER) return; /* the gateway asks us nothing any more */
    size_t r = play_rung(p, RUNG_EVENT, end, true, false,
                         how == LINK_REFUSED ? "there is no adapter" : "the adapter ended", SLICE_NONE, now);
    if (oe_play_names(p, name))
        play_raise(p, name, end, false, r, NULL, 0);
    else if (how != LINK_REFUSED && oe_play_run(p)->observed >> OE_SEEN_ANSWER & 1) {
        if (r < p->rungs) p->rung[r].violating = true;
        play_finish(p, V_FAIL, play_line(p), "the adapter ended");
    } else
        play_inconc(p, how == LINK_REFUSED ? "there is no adapter"
                                           : "the adapter ended before it answered anything");
}

/* --- the way to a state ----------------------------------------------------------------------- */

static int not_there(const struct oe_play *s, char *why, size_t why_n)
{
    snprintf(why, why_n, "%s", s->why);
    return -1;
}

static const char *instead(const struct player *p)
{
    const struct oe_play *s = p->state;
    return *s->noise ? s->noise : NULL;
}

static int begin_anew(struct player *p, uint64_t now)
{
    struct oe_play *s = oe_play(p);
    s->begun = OE_KNOWN_ASKED;
    s->known = OE_KNOWN_NOT;
    s->phase1 = 0;
    s->gateway[0] = 0;
    err e = oe_play_begin(p, now);
    if (e != OK && !p->stop) (void)!play_error(p, "cannot begin: %s", err_name(e));
    return e == OK ? 0 : -1;
}

/* What reach known needs to stand in the zone. */
static int introduce(struct player *p, uint64_t now)
{
    struct oe_play *s = oe_play(p);
    struct oe_host h;
    char name[OE_NAME_TEXT];
    struct buf rdata;
    buf_init(&rdata, p->e.env->mem, OE_RDATA_MAX);
    err e =
        oe_host_read(SLICE_LIT(OE_PLAY_GATEWAY), &h) ? buf_add(&rdata, SLICE_LIT("\x42\0\x04\x01")) : ERR_USE;
    oe_reverse_name(&h, name);
    if (e == OK) e = base64_decode(slice_str(samples_oe[1]), false, &rdata, NULL);
    if (e == OK) e = oe_zone_put(&s->zone, name, OE_RR_KEY, OE_ZONE_TTL, buf_slice(&rdata));
    buf_done(&rdata);
    s->known = OE_KNOWN_ASKED;
    if (e == OK) e = oe_play_introduce(p, now);
    if (e != OK && !p->stop) (void)!play_error(p, "cannot introduce a gateway: %s", err_name(e));
    return e == OK ? 0 : -1;
}

static int reach(struct player *p, int end, const char *state, uint64_t now, char *why, size_t why_n)
{
    struct oe_play *s = oe_play(p);
    bool known = strcmp(state, "known") == 0;
    if (oe_play_run(p)->role == TEST_OE_PARSER) {
        (void)!play_error(p, "a parser needs no reach");
        return -1;
    }
    if (end != PLAY_OE_ADAPTER || (!known && strcmp(state, "ready") != 0)) {
        (void)!play_error(p, "there are reach ready and reach known, on the end adapter");
        return -1;
    }
    if (p->e.link[end].state != LINK_UP) return 0;
    play_drain(p, end);
    if (s->begun == OE_KNOWN_NO || s->known == OE_KNOWN_NO) return not_there(s, why, why_n);
    if (s->begun == OE_KNOWN_NOT || (s->begun == OE_KNOWN_YES && !s->policy_told)) return begin_anew(p, now);
    if (s->begun == OE_KNOWN_ASKED) return 0;
    if (!known || s->known == OE_KNOWN_YES) return 1;
    return s->known == OE_KNOWN_NOT ? introduce(p, now) : 0;
}

/* --- what the case does ----------------------------------------------------------------------- */

static err act(struct player *p, int end, const struct scn_stmt *s, uint64_t now)
{
    const struct scn_arg *first = scn_first(s);
    const char *verb = first && first->values ? (const char *)first->value[0].p : "";
    if (oe_play_run(p)->role == TEST_OE_PARSER)
        return play_error(p, "there is nothing to do with a parser: send record, key or master");
    if (end == PLAY_OE_DNS) return oe_play_dns_act(p, verb, s, now);
    if (strcmp(verb, "policy") == 0) return oe_play_policy(p, s);
    if (strcmp(verb, "advance") == 0)
        return p->e.link[end].state == LINK_UP ? oe_play_advance(p, s, now) : ERR_MORE;
    return play_error(p,
                      "unknown do %s; there are policy and advance, and dns do record, remove, behave, "
                      "release, answer, forget",
                      verb);
}

static void allowed(struct player *p, int end, char *out, size_t n)
{
    (void)p;
    (void)end;
    if (n) out[0] = 0;
}

/* --- life ------------------------------------------------------------------------------------- */

static err begin(struct player *p)
{
    struct oe_play *s = mem_new(p->e.env->mem, sizeof *s);
    if (!s) return ERR_MEM;
    p->state = s;
    oe_lines_init(&s->lines, p->e.env->mem);
    dns_frames_init(&s->frames, p->e.env->mem);
    oe_zone_init(&s->zone, p->e.env);
    oe_play_policy_init(&s->policy);
    s->first_id = oe_play_run(p)->next_id;
    oe_play_check(p);
    if (p->run->dial) {
        p->e.link[PLAY_OE_ADAPTER].to = p->run->dial;
        p->e.link[PLAY_OE_ADAPTER].state = LINK_WANTED;
    }
    return OK;
}

static void done(struct player *p)
{
    struct oe_play *s = oe_play(p);
    oe_play_dns_done(p);
    oe_lines_done(&s->lines);
    dns_frames_done(&s->frames);
    oe_zone_done(&s->zone);
    mem_free(p->e.env->mem, s->asked);
    mem_free(p->e.env->mem, s);
    p->state = NULL;
}

static uint64_t deadline(const struct player *p)
{
    return oe_play_dns_deadline(oe_play(p));
}

const struct play_proto play_oe = {
    .begin = begin,
    .done = done,
    .up = up,
    .feed = feed,
    .urgent = urgent,
    .ended = ended,
    .send = oe_play_send,
    .act = act,
    .reach = reach,
    .deadline = deadline,
    .tick = oe_play_dns_tick,
    .allowed = allowed,
    .end_of = end_of,
    .instead = instead,
};

const char *play_oe_fault_name(int code)
{
    return code > 0 && code < OE_F_COUNT ? oe_faults[code].name : "?";
}
