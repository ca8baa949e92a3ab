/* SPDX-License-Identifier: MIT */
/* The BEEP adapter of the player: what a run learns of the peer, and faults: those that the tracker finds,
 * and what it does not look at or tells under a wider clause. */
#include <stdio.h>
#include <string.h>

#include "run/play_beep_impl.h"

/* 3081 3.1.4 advises two thirds of the segment size: of the largest that TCP can agree on (65,535). */
enum { FRAME_ADVISED = 43690 };

/* --- faults -------------------------------------------------------------------------------------- */

void beep_play_faults(struct player *p, int end, size_t rung)
{
    const struct beep_play_end *x = beep_play_end(p, end);
    const struct track_beep *t = &x->conn.track;
    if (t->tainted[x->conn.side]) return; /* what a peer does about our mistakes is for the case to judge */
    for (uint32_t i = 0; i < t->fault_n; i++) {
        const struct beep_fault *f = &t->fault[i];
        if (f->side == x->conn.side || f->severity == SEV_NOTE) continue;
        struct play_fault pf = {.code = (int)f->code,
                                .fail = f->severity == SEV_FAIL,
                                .clause = f->clause,
                                .defect = f->defect,
                                .text = f->text,
                                .at = f->at,
                                .rung = rung};
        play_fault(p, &pf);
    }
}

/* A fault beside those of the tracker: the clause says more closely what is wrong, or the tracker does not
 * look. */
static void fault(struct player *p, int end, enum beep_fault_code code, enum clause_id clause,
                  enum defect_id defect, bool fail, const char *text, const struct beep_got *g, size_t rung)
{
    if (beep_play_end(p, end)->conn.track.tainted[beep_play_end(p, end)->conn.side]) return;
    struct play_fault pf = {.code = (int)code,
                            .fail = fail,
                            .clause = clause,
                            .defect = defect,
                            .text = text,
                            .at = g ? g->at : 0,
                            .rung = rung};
    play_fault(p, &pf);
}

static bool found(const struct beep_play_end *x, enum beep_fault_code code)
{
    const struct track_beep *t = &x->conn.track;
    for (uint32_t i = 0; i < t->fault_n; i++)
        if (t->fault[i].code == code && t->fault[i].side != x->conn.side) return true;
    return false;
}

/* --- what the peer was seen doing ---------------------------------------------------------------- */

static void see_keyword(struct player *p, enum beep_keyword k)
{
    static const enum play_beep_seen seen[BEEP_KEYWORDS] = {BEEP_SEEN_MSG, BEEP_SEEN_RPY, BEEP_SEEN_ERR,
                                                            BEEP_SEEN_ANS, BEEP_SEEN_NUL, BEEP_SEEN_SEQ};
    beep_play_see(p, seen[k]);
    beep_play_see(p, BEEP_SEEN_FRAME);
}

static void see_element(struct player *p, const struct beep_got *g)
{
    static const int seen[BEEP_EL_COUNT] = {
        -1,           BEEP_SEEN_GREETING, BEEP_SEEN_START, BEEP_SEEN_PROFILE, BEEP_SEEN_CLOSE,
        BEEP_SEEN_OK, BEEP_SEEN_ERROR,    BEEP_SEEN_READY, BEEP_SEEN_PROCEED, BEEP_SEEN_BLOB};
    if (seen[g->el->kind] >= 0) beep_play_see(p, (enum play_beep_seen)seen[g->el->kind]);
    if (g->inner && seen[g->inner->kind] >= 0) beep_play_see(p, (enum play_beep_seen)seen[g->inner->kind]);
    bool tls = g->el->kind == BEEP_EL_READY || g->el->kind == BEEP_EL_PROCEED;
    if (g->inner) tls |= g->inner->kind == BEEP_EL_READY || g->inner->kind == BEEP_EL_PROCEED;
    if (tls) beep_play_see(p, BEEP_SEEN_TLS_TALK);
    bool release = (g->el->kind == BEEP_EL_CLOSE && !g->el->number) ||
                   (g->el->kind == BEEP_EL_OK && g->ask == BEEP_ASK_RELEASE);
    if (release) beep_play_see(p, BEEP_SEEN_RELEASE);
    if (g->el->kind == BEEP_EL_GREETING && g->el->features_given) beep_play_see(p, BEEP_SEEN_FEATURES);
}

static bool tuning_uri(slice uri)
{
    return slice_eq(uri, SLICE_LIT(BEEP_URI_TLS)) || slice_starts(uri, SLICE_LIT(BEEP_URI_SASL));
}

static void learn_profile(struct player *p, const struct beep_el *el)
{
    char *learned = beep_play_run(p)->learned_profile;
    for (size_t i = 0; i < el->profiles && !*learned; i++) {
        slice uri = el->profile[i].uri;
        if (tuning_uri(uri) || !uri.n || uri.n >= PLAY_BEEP_URI) continue;
        memcpy(learned, uri.p, uri.n);
        learned[uri.n] = 0;
    }
}

/* What the present greeting offers; what one before it did is forgotten (3080 9). */
static void learn_greeting(struct player *p, int end, const struct beep_el *el)
{
    struct beep_play_end *x = beep_play_end(p, end);
    struct play_beep_run *r = beep_play_run(p);
    x->offers_tls = false;
    x->offers_sasl = 0;
    x->offered[0] = 0;
    for (size_t i = 0; i < el->profiles; i++) {
        slice uri = el->profile[i].uri;
        if (slice_eq(uri, SLICE_LIT(BEEP_URI_TLS))) {
            x->offers_tls = r->learned_tls = true;
        } else if (slice_starts(uri, SLICE_LIT(BEEP_URI_SASL))) {
            enum sasl_mech m = sasl_mech_find(slice_sub(uri, sizeof BEEP_URI_SASL - 1, uri.n));
            if (m != SASL_MECHS) x->offers_sasl |= SASL_BIT(m);
        } else if (!*x->offered && uri.n && uri.n < PLAY_BEEP_URI) {
            memcpy(x->offered, uri.p, uri.n);
            x->offered[uri.n] = 0;
        }
    }
    r->learned_mechanisms |= x->offers_sasl;
    if (r->under_test == TEST_BEEP_LISTENER)
        learn_profile(p, el);
    else if (*x->offered)
        memcpy(r->learned_offer, x->offered, sizeof r->learned_offer);
}

static void learn_start(struct player *p, const struct beep_got *g)
{
    struct play_beep_run *r = beep_play_run(p);
    if (r->under_test != TEST_BEEP_INITIATOR) return;
    learn_profile(p, g->el);
    for (size_t i = 0; i < g->el->profiles; i++)
        if (slice_eq(g->el->profile[i].uri, SLICE_LIT(BEEP_URI_TLS))) r->learned_wants_tls = true;
}

bool beep_play_readable(const struct beep_got *g)
{
    if (!g->el || g->el->kind == BEEP_EL_NONE) return false;
    for (uint32_t i = 0; i < g->el->note_n; i++) {
        enum beep_fault_code c = g->el->note[i].code;
        if (beep_faults[c].severity == SEV_FAIL && beep_remedies[c] != BEEP_DO_NOTHING) return false;
    }
    return true;
}

void beep_play_learn(struct player *p, int end, const struct beep_got *g)
{
    struct beep_play_end *x = beep_play_end(p, end);
    see_element(p, g);
    if (g->el->kind == BEEP_EL_GREETING) learn_greeting(p, end, g->el);
    if (g->el->kind == BEEP_EL_START) learn_start(p, g);
    if (g->el->kind == BEEP_EL_ERROR && (g->ask == BEEP_ASK_CLOSE || g->ask == BEEP_ASK_RELEASE))
        beep_play_see(p, BEEP_SEEN_KEPT);
    if (g->el->kind == BEEP_EL_ERROR && track_beep_session(&x->conn.track) == BEEP_SS_UNAVAILABLE)
        beep_play_see(p, BEEP_SEEN_REFUSAL);
    if (g->inner && g->inner->kind != BEEP_EL_NONE && g->el->kind == BEEP_EL_PROFILE)
        beep_play_see(p, BEEP_SEEN_INNER);
}

/* --- faults that others do not tell -------------------------------------------------------------- */

static bool utf8(slice s)
{
    for (size_t i = 0; i < s.n;) {
        uint8_t c = s.p[i++];
        unsigned more = c < 0x80                ? 0
                        : c >= 0xc2 && c < 0xe0 ? 1
                        : (c & 0xf0) == 0xe0    ? 2
                        : c >= 0xf0 && c < 0xf5 ? 3
                                                : 4;
        if (more == 4 || s.n - i < more) return false;
        if (more && ((c == 0xe0 && s.p[i] < 0xa0) || (c == 0xed && s.p[i] > 0x9f) ||
                     (c == 0xf0 && s.p[i] < 0x90) || (c == 0xf4 && s.p[i] > 0x8f)))
            return false;
        for (; more; more--)
            if ((s.p[i++] & 0xc0) != 0x80) return false;
    }
    return true;
}

/* 4.1: the last part of the URI is the registered name of a mechanism (RFC 4422 3.1: capitals, digits, - and
 * _, at most 20). */
static void look_at_uris(struct player *p, int end, const struct beep_got *g, size_t rung)
{
    for (size_t i = 0; i < g->el->profiles; i++) {
        slice uri = g->el->profile[i].uri;
        if (!slice_starts(uri, SLICE_LIT(BEEP_URI_SASL))) continue;
        slice name = slice_sub(uri, sizeof BEEP_URI_SASL - 1, uri.n);
        bool good = name.n && name.n <= 20, small = false;
        for (size_t k = 0; k < name.n && good; k++) {
            uint8_t c = name.p[k];
            bool lower = c >= 'a' && c <= 'z';
            small |= lower;
            good = lower || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
        }
        beep_play_see(p, BEEP_SEEN_SASL_URI);
        if (!good)
            fault(p, end, BEEP_F_PROFILE_URI, CL_BEEP_4_1_2, DEF_NONE, true,
                  "URI of a SASL profile without the name of a mechanism", g, rung);
        else if (small)
            fault(p, end, BEEP_F_PROFILE_URI, CL_BEEP_4_1_2, DEF_BEEP_D06, false,
                  "mechanism with small letters in a URI", g, rung);
    }
}

static void look_closer(struct player *p, int end, const struct beep_got *g, size_t rung)
{
    const struct beep_play_end *x = beep_play_end(p, end);
    bool kind = found(x, BEEP_F_ANSWER) || found(x, BEEP_F_MGMT_KEYWORD), inside = beep_play_secured(x);
    if (kind && (g->ask == BEEP_ASK_CLOSE || g->ask == BEEP_ASK_RELEASE)) {
        bool declined = g->frame.keyword == BEEP_ERR;
        fault(p, end, BEEP_F_ANSWER, declined ? CL_BEEP_2_3_1_5_3 : CL_BEEP_2_3_1_4_2, DEF_NONE, true,
              declined ? "a close is answered by ERR without error" : "a close is answered by RPY without ok",
              g, rung);
    }
    if (inside && (found(x, BEEP_F_NO_GREETING) || found(x, BEEP_F_GREETING_FRAME)))
        fault(p, end, BEEP_F_NO_GREETING, CL_BEEP_3_1, DEF_NONE, true,
              "first frame under TLS is no greeting that begins at 0", g, rung);
    if (g->last && found(x, BEEP_F_XML_ILL) && !utf8(g->message))
        fault(p, end, BEEP_F_XML_ILL, CL_BEEP_6_4_5, DEF_NONE, true, "XML without a charset is not UTF-8", g,
              rung);
    bool granted = g->inner && (g->inner->kind == BEEP_EL_PROCEED || g->inner->kind == BEEP_EL_ERROR);
    bool asked = x->was_tuning == BEEP_TS_READY && g->last && g->ask == BEEP_ASK_START && g->el &&
                 g->el->kind == BEEP_EL_PROFILE;
    if (asked && g->el->profiles && slice_eq(g->el->profile[0].uri, SLICE_LIT(BEEP_URI_TLS)) && !granted)
        fault(p, end, BEEP_F_TUNING_ORDER, CL_BEEP_3_1_1_4, DEF_NONE, true,
              "the ready in a start is not answered in the reply to it", g, rung);
}

void beep_play_look(struct player *p, int end, const struct beep_got *g, bool greeting, size_t rung)
{
    struct beep_play_end *x = beep_play_end(p, end);
    const struct beep_frame *fr = &g->frame;
    const struct beep_channel *c = track_beep_channel(&x->conn.track, fr->channel);
    beep_play_see(p, BEEP_SEEN_FRAME);
    if (!greeting) see_keyword(p, fr->keyword);
    if (c && c->dir[!x->conn.side].next > BEEP_WINDOW) beep_play_see(p, BEEP_SEEN_WINDOW);
    bool reply = fr->keyword != BEEP_MSG && fr->keyword != BEEP_SEQ;
    if (reply && !greeting && g->last && c && beep_waits(c, x->conn.side))
        beep_play_see(p, BEEP_SEEN_PIPELINE);
    if (greeting && beep_play_secured(x)) beep_play_see(p, BEEP_SEEN_GREETED_AGAIN);
    if (fr->keyword != BEEP_SEQ && fr->payload.n > FRAME_ADVISED)
        fault(p, end, BEEP_F_FRAME_LONG, CL_BEEPTCP_3_1_4_1, DEF_NONE, false,
              "frame is larger than two thirds of any segment", g, rung);
    look_closer(p, end, g, rung);
    if (g->last && beep_play_readable(g) && g->el->kind == BEEP_EL_GREETING) look_at_uris(p, end, g, rung);
}

/* 3.1.3.2: whoever sent the ready is the TLS client, and nobody else says ClientHello. */
void beep_play_look_hello(struct player *p, int end, size_t rung)
{
    const struct beep_play_end *x = beep_play_end(p, end);
    slice w = buf_slice(&x->conn.wire);
    int client = fsm_side(&x->conn.track.tuning, BEEP_TP_CLIENT);
    beep_play_see(p, BEEP_SEEN_HELLO);
    if (w.n < 6 || w.p[0] != 0x16 || client < 0 || client != x->conn.side) return;
    if (w.p[5] == 1)
        fault(p, end, BEEP_F_NOT_TLS, CL_BEEP_3_1_3_2_4, DEF_NONE, true,
              "ClientHello of the side that did not send the ready", NULL, rung);
}
