/* SPDX-License-Identifier: MIT */
/* Greetings, and what changes the session as a whole: which profiles are offered when, tuning (RFC 3080 3, 4). */
#include "peer/beep_peer_impl.h"

#include "model/tunnel.h"
#include "peer/mutate_idxp.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* --- what is offered ------------------------------------------------------------------------------------------------------- */

/* TLS is offered once, and not behind SASL (4.1).  Over TLS it could be again (BEEP-D16), which nobody needs. */
static bool offers_tls(const struct beep_peer *p)
{
    return p->s->tls_server && !beep_peer_secured(p) && (!p->authenticated || MUT(p, SASL_THEN_TLS));
}

/* RFC 3620 5 has no meaning for TUNNEL within a layer (TUNNEL-D14).  A profile for clear sessions is for what comes before security, and is not kept from anybody for want of it. */
static bool layered(const struct beep_peer *p)
{
    return beep_peer_secured(p) || p->c.layer;
}

static bool blocked(const struct beep_peer *p, const struct beep_profile *profile, struct beep_refusal *no)
{
    bool need_tls = p->s->need_tls || (p->tunnelled && p->s->tunnelled_needs_tls);
    if (profile->clear_only) {
        if (layered(p) && !IMUT(p->s->idxp_mutant, TUNNEL_UNDER_TLS)) *no = (struct beep_refusal){538, "encryption is on already"};
        return no->code != 0;
    }
    if (p->opener) return false;
    if (need_tls && !beep_peer_secured(p)) *no = (struct beep_refusal){530, "privacy is required first"};
    else if (p->s->need_auth && !p->authenticated) *no = (struct beep_refusal){530, "authentication is required first"};
    return no->code != 0;
}

static const struct beep_profile *serves_tuning(const struct beep_peer *p, slice uri, struct beep_refusal *no)
{
    const struct beep_profile *found = NULL;
    *no = (struct beep_refusal){550, "no profile is acceptable"};
    if (p->tunnelled && IMUT(p->s->idxp_mutant, TARGET_NO_TLS) && slice_eq(uri, SLICE_LIT(BEEP_URI_TLS))) return NULL;
    if (slice_eq(uri, SLICE_LIT(BEEP_URI_TLS)) && offers_tls(p)) found = &beep_profile_tls;
    for (unsigned m = 0; m < SASL_MECHS && !found; m++)
        if (slice_eq(uri, slice_str(beep_profile_sasl[m].uri)) && beep_sasl_offers(p, (enum sasl_mech)m, false)) found = &beep_profile_sasl[m];
    if (!found) return NULL;
    if (p->tuning && !MUT(p, TLS_TWO_TUNINGS)) { /* section 2: one tuning at a time */
        *no = (struct beep_refusal){550, "another tuning is under way"};
        return NULL;
    }
    *no = (struct beep_refusal){0};
    return found;
}

static bool is_named(const struct beep_peer *p, slice uri, const char *own)
{
    if (slice_eq(uri, slice_str(own))) return true;
    if (IMUT(p->s->idxp_mutant, OTHER_URI)) return strcmp(own, TUNNEL_URI) != 0 && slice_starts_nocase(uri, slice_str(own));
    return IMUT(p->s->idxp_mutant, TUNNEL_OTHER_URI) && strcmp(own, TUNNEL_URI) == 0 && slice_starts_nocase(uri, slice_str(own));
}

const struct beep_profile *beep_peer_serves(const struct beep_peer *p, slice uri, struct beep_refusal *no)
{
    for (size_t i = 0; i < p->s->profiles; i++) {
        if (!is_named(p, uri, p->s->profile[i]->uri)) continue;
        return blocked(p, p->s->profile[i], no) ? NULL : p->s->profile[i];
    }
    return serves_tuning(p, uri, no);
}

/* --- greetings --------------------------------------------------------------------------------------------------------------- */

enum { OFFERS_MAX = BEEP_PROFILES_OFFERED + 1 + SASL_MECHS };

static size_t offers(const struct beep_peer *p, struct beep_profile_el *one)
{
    size_t n = 0;
    unsigned idxp = p->s->idxp_mutant;
    if (offers_tls(p) && !IMUT(idxp, NO_TLS_OFFER)) one[n++].uri = SLICE_LIT(BEEP_URI_TLS);
    for (unsigned m = 0; m < SASL_MECHS && !IMUT(idxp, NO_SASL_OFFER); m++)
        if (beep_sasl_offers(p, (enum sasl_mech)m, true)) one[n++].uri = slice_str(beep_profile_sasl[m].uri);
    for (size_t i = 0; i < p->s->profiles && i < BEEP_PROFILES_OFFERED; i++) {
        struct beep_refusal no = {0};
        if (IMUT(idxp, NO_TUNNEL_OFFER) && strcmp(p->s->profile[i]->uri, TUNNEL_URI) == 0) continue;
        if (blocked(p, p->s->profile[i], &no)) continue; /* not to be had now: section 3 has greetings that differ before and behind TLS */
        one[n++].uri = slice_str(p->s->profile[i]->uri);
    }
    return n;
}

static err send_greeting(struct beep_peer *p)
{
    struct beep_profile_el one[OFFERS_MAX] = {{.base64 = false}};
    struct beep_el el = {.kind = BEEP_EL_GREETING, .profile = one};
    el.profiles = offers(p, one);
    if (p->s->features) {
        el.features = slice_str(p->s->features);
        el.features_given = true;
    }
    if (p->s->localize) {
        el.localize = slice_str(p->s->localize);
        el.localize_given = true;
    }
    return beep_peer_element(p, 0, BEEP_RPY, 0, &el);
}

/* 2.4: at once, whatever the other does. */
void beep_peer_greet(struct beep_peer *p, uint64_t now)
{
    p->greet_by = now + p->e.env->limits.setup_ms;
    if (!p->opener && p->s->unavailable) {
        struct beep_el el = beep_peer_error(p, BEEP_CODE_UNAVAILABLE, "");
        err e = beep_peer_element(p, 0, BEEP_ERR, 0, &el);
        if (e != OK) beep_peer_broken(p, e, now);
        if (MUT(p, GREETS_UNAVAILABLE)) beep_mistake_say(p, BEEP_RPY, 0, 0, "Content-Type: " BEEP_MEDIA_TYPE "\r\n\r\n<greeting />\r\n", now);
        beep_peer_tell(p, "not available: the connection was declined");
        beep_peer_leave(p, now);
        return;
    }
    if (p->opener && IMUT(p->s->idxp_mutant, UNGREETED)) return;
    err e = send_greeting(p);
    if (e != OK) beep_peer_broken(p, e, now);
}

/* Is the first language of that list one of ours?  Texts here are English, which i-default is, too. */
static bool speaks(slice localize)
{
    slice first = slice_trim(localize);
    first = slice_sub(first, 0, slice_find(first, SLICE_LIT(" ")));
    return !first.n || slice_eq_nocase(first, SLICE_LIT("i-default")) || slice_eq_nocase(first, SLICE_LIT("en")) ||
           slice_starts_nocase(first, SLICE_LIT("en-"));
}

void beep_peer_on_greeting(struct beep_peer *p, const struct beep_el *el, uint64_t now)
{
    if (MUT(p, WAITS)) beep_peer_greet(p, now);
    if (beep_mistake_dislikes(p, el)) {
        beep_peer_terminate(p, now);
        return;
    }
    buf_clear(&p->remote);
    for (size_t i = 0; i < el->profiles; i++) {
        err e = buf_add(&p->remote, el->profile[i].uri);
        if (e == OK) e = buf_add_byte(&p->remote, 0);
        if (e == OK) continue;
        beep_peer_broken(p, e, now);
        return;
    }
    p->foreign = el->localize_given && !speaks(el->localize);
    p->peer_greeted = true;
    p->greet_by = 0;
    p->moves++;
}

bool beep_peer_offers(const struct beep_peer *p, const char *uri)
{
    slice rest = buf_slice(&p->remote);
    while (rest.n) {
        size_t n = slice_find(rest, slice_of("", 1));
        if (slice_eq(slice_sub(rest, 0, n), slice_str(uri))) return true;
        rest = slice_sub(rest, n + 1, rest.n);
    }
    return false;
}

/* --- anew ----------------------------------------------------------------------------------------------------------------------- */

/* Everything that was known of the session is forgotten (9): what came before may have been put there by somebody else. */
void beep_peer_anew(struct beep_peer *p, uint64_t now)
{
    beep_chan_free_all(p, now);
    beep_mgmt_forget(p);
    beep_mux_reset(&p->m);
    buf_clear(&p->remote);
    p->tuning = NULL;
    p->tls_step = TLS_STEP_NONE;
    p->layer_due = p->foreign = p->named = p->peer_greeted = p->told_greeted = p->release_sent = false;
    p->tune_by = p->release_by = 0;
    p->last_number = p->msgno = 0;
    p->asked_out = p->zero_unread = 0;
    p->moves++;
    if (p->c.slip) beep_slip_anew(p->c.slip);
    p->slip_number = 0;
    p->c.resync |= MUT(p, TLS_KEEPS_CHANNELS);
    if (MUT(p, WAITS) || MUT(p, TLS_NO_GREETING) || MUT(p, SASL_NO_GREETING)) return;
    if (p->tunnelled && p->opener && IMUT(p->s->idxp_mutant, VIA_NO_GREETING)) return;
    beep_peer_greet(p, now);
}

/* --- tuning ------------------------------------------------------------------------------------------------------------------------ */

void beep_tune_failed(struct beep_peer *p, uint64_t now, const char *fmt, ...)
{
    char text[sizeof p->why];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    beep_peer_tell(p, "%s", text);
    p->tune_by = 0;
    if (MUT(p, TLS_GOES_ON_BARE)) return;
    p->release_wanted = true;
    if (!p->release_by) p->release_by = now + p->e.env->limits.message_ms; /* what is not answered yet may be in its way for ever */
    p->told_greeted = true; /* nobody is told to begin */
    p->moves++;
}

bool beep_tune_poor(const struct beep_el *el)
{
    if (!el || el->kind == BEEP_EL_NONE) return true;
    for (uint32_t i = 0; i < el->note_n; i++) {
        uint8_t r = beep_remedies[el->note[i].code];
        if (r == BEEP_DO_ILL || r == BEEP_DO_INVALID) return true;
    }
    return false;
}

/* 2.2.2.1: on a channel other than 0 a poorly-formed reply has that channel closed, by a close that names it (2.3.1.3); the session is not to blame, unlike for one on channel 0.
 * The same is done for an element that is no answer, of which as little can be made.  That the session ends behind it is for want of what the setup asks for (beep_tune_failed). */
void beep_tune_useless(struct beep_bound *b, uint64_t now)
{
    struct beep_peer *p = b->peer;
    if (p->ending) return;
    err e = beep_peer_close(p, b->channel, now);
    if (e != OK) beep_peer_note(p, "channel %u cannot be closed: %s", (unsigned)b->channel, err_name(e)); /* it is being closed already */
}

void beep_tune_read(struct beep_peer *p, slice content, struct beep_el *el)
{
    err e = beep_el_read(p->e.env, content, SLICE_NONE, el);
    if (e == OK) return;
    el->kind = BEEP_EL_NONE;
}

void beep_tune_write(struct beep_peer *p, const struct beep_el *el, struct buf *out, uint64_t now)
{
    err e = beep_el_write(el, BEEP_CDATA, out);
    if (e != OK) beep_peer_broken(p, e, now);
}

static void layer(struct beep_peer *p, uint64_t now)
{
    if (!p->layer_due || !beep_mux_idle(&p->m)) return;
    p->layer_due = false;
    p->moves++;
    err e = MUT(p, SASL_NO_LAYER) ? track_beep_layer(&p->c.track) : beep_conn_layer(&p->c, p->sasl);
    if (e != OK) beep_peer_broken(p, e, now);
    else beep_peer_anew(p, now);
}

void beep_tune_work(struct beep_peer *p, uint64_t now)
{
    if (p->layer_due) layer(p, now);
    if (!p->ending && p->tls_step != TLS_STEP_NONE) beep_tls_work(p, now);
}

void beep_tune_told(struct beep_peer *p, uint64_t now)
{
    if (!p->peer_greeted || p->told_greeted || p->ending || p->leaving || beep_peer_turns(p) || beep_peer_tunes(p)) return;
    if (track_beep_session(&p->c.track) != BEEP_SS_OPEN) return; /* ours is not out yet */
    if (beep_peer_before_tunnel(p) && !IMUT(p->s->idxp_mutant, VIA_IGNORED)) {
        if (beep_sasl_wanted(p)) {
            if (!p->sasl_tried) beep_sasl_ask(p, now);
        } else if (!p->via_tried) {
            beep_via_ask(p, now);
        }
        return;
    }
    bool spared = (p->tunnelled && IMUT(p->s->idxp_mutant, VIA_NO_TLS)) || IMUT(p->s->idxp_mutant, STARTS_CLEAR);
    if (p->s->want_tls && !beep_peer_secured(p) && !spared) {
        if (!p->tls_tried) beep_tls_ask(p, now);
        if (!MUT(p, TLS_GOES_ON_BARE) || beep_peer_tunes(p) || p->tuning) return;
    }
    if (beep_sasl_wanted(p)) {
        if (!p->sasl_tried) beep_sasl_ask(p, now);
        return;
    }
    p->told_greeted = true;
    if (p->s->hooks.greeted) p->s->hooks.greeted(p->s->hooks.ctx, p, now);
}
