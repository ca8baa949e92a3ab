/* SPDX-License-Identifier: MIT */
/* Mistakes of a peer that take more than a word where it decides. */
#include "peer/beep_peer_impl.h"

#include <stdio.h>

static bool is(const struct beep_peer *p, enum beep_mutant mutant)
{
    return p->s->mutant == (unsigned)mutant;
}

void beep_mistake_begin(struct beep_peer *p)
{
    unsigned m = p->s->mutant;
    if (!m) return;
    beep_slip_init(&p->slip, m, p->e.env->mem);
    p->c.slip = &p->slip;
    p->c.resync = (m >= BMUT_TAKES_KEYWORD && m <= BMUT_TAKES_NO_GREETING) || m == BMUT_DECLINED_EXISTS;
}

/* --- what is said too much --------------------------------------------------------------------------------------------------- */

void beep_mistake_say(struct beep_peer *p, enum beep_keyword keyword, uint32_t channel, uint32_t msgno, const char *payload, uint64_t now)
{
    struct buf text;
    if (p->ending) return;
    buf_init(&text, p->e.env->mem, p->e.env->limits.out_queue);
    err e = beep_mux_pump(&p->m); /* behind what is queued */
    if (e == OK || e == ERR_LIMIT) e = beep_slip_extra(&p->slip, keyword, channel, msgno, slice_str(payload), &text);
    if (e == OK) e = beep_conn_write(&p->c, buf_slice(&text));
    buf_done(&text);
    if (e != OK) beep_peer_broken(p, e, now);
}

#define HEAD "Content-Type: " BEEP_MEDIA_TYPE "\r\n\r\n"

void beep_mistake_start(struct beep_peer *p, uint32_t channel, uint64_t now)
{
    char text[400];
    snprintf(text, sizeof text, HEAD "<start number='%u'>\r\n   <profile uri='" BEEP_URI_ECHO "' />\r\n</start>\r\n", (unsigned)channel);
    beep_mistake_say(p, BEEP_MSG, 0, 4711, text, now);
}

void beep_mistake_bad(struct beep_peer *p, uint64_t now)
{
    if (!is(p, BMUT_ANSWERS_BAD)) return;
    beep_mistake_say(p, BEEP_ERR, 0, 0, HEAD "<error code='500'>poorly-formed frame</error>\r\n", now);
}

/* --- what is fine, and not liked ---------------------------------------------------------------------------------------------- */

/* Is a message of the other side begun and not complete, on another channel or, if same is set, on this one? */
static bool begun(const struct beep_peer *p, uint32_t channel, bool same)
{
    const struct track_beep *t = &p->c.track;
    for (size_t i = 0; i < t->channels; i++) {
        const struct beep_channel *c = t->channel[i];
        if (c->dir[beep_other(p)].unfinished && (c->number == channel) == same) return true;
    }
    return false;
}

/* Was that number of a MSG on channel 0 the one before as well? */
static bool used_before(struct beep_peer *p, const struct beep_frame *f)
{
    if (f->keyword != BEEP_MSG || f->channel || f->more) return false;
    bool again = p->slip_number == f->msgno + 1;
    p->slip_number = f->msgno + 1;
    return again;
}

bool beep_mistake_overlooks(const struct beep_peer *p, const struct beep_fault *f)
{
    if (is(p, BMUT_TLS_KEEPS_CHANNELS)) return f->code == BEEP_F_NO_CHANNEL && beep_peer_secured(p);
    if (is(p, BMUT_DECLINED_EXISTS)) return f->code == BEEP_F_NO_CHANNEL && f->channel == p->slip_number;
    return beep_mutant_overlooks(p->s->mutant, f->code);
}

void beep_mistake_hello(struct beep_peer *p, uint64_t now)
{
    /* a hello of TLS 1.2 with one suite and nothing else */
    static const uint8_t hello[] = {0x16, 3, 1, 0, 45, 1, 0, 0, 41, 3, 3, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14,
                                    15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 0, 0, 2, 0, 0x2f, 1, 0};
    err e = beep_conn_write(&p->c, slice_of(hello, sizeof hello));
    if (e != OK) beep_peer_broken(p, e, now);
}

bool beep_mistake_ends(struct beep_peer *p, const struct beep_got *g)
{
    const struct beep_frame *f = &g->frame;
    bool seq = f->keyword == BEEP_SEQ;
    switch (p->s->mutant) {
    case BMUT_ENDS_ON_PART: return !seq && f->more;
    case BMUT_ENDS_ON_EMPTY: return !seq && f->keyword != BEEP_NUL && !f->size;
    case BMUT_ENDS_ON_OTHER_CHANNEL: return !seq && begun(p, f->channel, false);
    case BMUT_ENDS_ON_SEQ_INSIDE: return seq && (begun(p, f->channel, true) || begun(p, f->channel, false));
    case BMUT_ENDS_ON_4096: return !seq && f->size >= BEEP_WINDOW;
    case BMUT_ENDS_ON_HIGH_NUMBER: return !seq && f->msgno == BEEP_NUMBER_MAX;
    case BMUT_ENDS_ON_NUMBER_AGAIN: return used_before(p, f);
    case BMUT_ENDS_ON_SAME_NUMBER:
        return f->keyword == BEEP_MSG && g->channel && beep_exchange_of(g->channel, p->c.side, f->msgno);
    case BMUT_ONLY_CLIENT: return f->keyword == BEEP_MSG;
    default: return false;
    }
}

static bool known(const struct beep_peer *p, slice uri)
{
    for (size_t i = 0; i < p->s->profiles; i++)
        if (slice_eq(uri, slice_str(p->s->profile[i]->uri))) return true;
    slice sasl = SLICE_LIT(BEEP_URI_SASL);
    return slice_eq(uri, SLICE_LIT(BEEP_URI_TLS)) || slice_starts(uri, sasl);
}

bool beep_mistake_dislikes(const struct beep_peer *p, const struct beep_el *greeting)
{
    if (is(p, BMUT_ENDS_ON_FEATURES)) return greeting->features_given;
    if (!is(p, BMUT_ENDS_ON_PROFILES)) return false;
    for (size_t i = 0; i < greeting->profiles; i++)
        if (!known(p, greeting->profile[i].uri)) return true;
    return false;
}

static bool holds(slice s, const char *what)
{
    return slice_find(s, slice_str(what)) < s.n;
}

/* Header lines in front of the body. */
static size_t lines(slice message)
{
    size_t n = 0;
    while (message.n) {
        size_t end = slice_find(message, SLICE_LIT("\r\n"));
        if (!end) break;
        n++;
        message = slice_sub(message, end + 2, message.n);
    }
    return n;
}

bool beep_mistake_refuses(const struct beep_peer *p, slice message)
{
    switch (p->s->mutant) {
    case BMUT_NO_DOUBLE_QUOTES: return holds(message, "\"");
    case BMUT_NO_COMMENTS: return holds(message, "<!--");
    case BMUT_NO_OTHER_HEADERS: return lines(message) > 1;
    default: return false;
    }
}

bool beep_mistake_strips(const struct beep_peer *p, slice message, struct buf *out)
{
    const char *what = is(p, BMUT_TAKES_DOCTYPE) ? "<!DOCTYPE" : is(p, BMUT_TAKES_DECLARATION) ? "<?xml" : NULL;
    size_t at = what ? slice_find(message, slice_str(what)) : message.n;
    if (at == message.n) return false;
    slice rest = slice_sub(message, at, message.n);
    size_t end = slice_find(rest, SLICE_LIT("]>")), one = slice_find(rest, SLICE_LIT(">"));
    end = end < rest.n ? end + 2 : one + 1;
    return buf_add(out, slice_sub(message, 0, at)) == OK && buf_add(out, slice_sub(rest, end, rest.n)) == OK;
}

/* --- answers ------------------------------------------------------------------------------------------------------------------- */

bool beep_mistake_answers(struct beep_peer *p, uint32_t msgno, uint16_t *code, uint64_t now)
{
    struct beep_el ok = {.kind = BEEP_EL_OK};
    switch (p->s->mutant) {
    case BMUT_TAKES_ILL_FORMED: {
        if (*code != 500) return false;
        err e = beep_peer_element(p, 0, BEEP_RPY, msgno, &ok);
        if (e != OK) beep_peer_broken(p, e, now);
        return true;
    }
    case BMUT_ILL_FORMED_MUTE: return *code == 500;
    case BMUT_INVALID_MUTE: return *code == 501;
    case BMUT_ILL_FORMED_501:
        if (*code == 500) *code = 501;
        return false;
    case BMUT_INVALID_500:
        if (*code == 501) *code = 500;
        return false;
    default: return false;
    }
}

/* Agrees to a start with the first profile that is proposed, whatever it is.  No channel of ours stands behind it. */
static void agree_to(struct beep_peer *p, uint32_t msgno, slice uri, uint64_t now)
{
    struct beep_profile_el one = {.uri = uri};
    struct beep_el el = {.kind = BEEP_EL_PROFILE, .profile = &one, .profiles = 1};
    err e = beep_peer_element(p, 0, BEEP_RPY, msgno, &el);
    if (e != OK) beep_peer_broken(p, e, now);
}

static bool declines(struct beep_peer *p, uint32_t msgno, const char *why, uint64_t now)
{
    beep_peer_refuse(p, 0, msgno, 550, why, now);
    return true;
}

bool beep_mistake_start_asked(struct beep_peer *p, uint32_t msgno, const struct beep_el *el, uint64_t now)
{
    switch (p->s->mutant) {
    case BMUT_NO_REPLY: return true;
    case BMUT_CRASHES_ON_START: beep_peer_abort(p, now); return true;
    case BMUT_TAKES_IN_USE:
        if (!beep_chan_find(p, el->number) || !el->profiles) return false;
        agree_to(p, msgno, el->profile[0].uri, now);
        return true;
    case BMUT_TAKES_UNKNOWN_PROFILE:
        for (size_t i = 0; i < el->profiles; i++)
            if (known(p, el->profile[i].uri)) return false;
        if (!el->profiles) return false;
        agree_to(p, msgno, el->profile[0].uri, now);
        return true;
    case BMUT_ONE_CHANNEL: return p->chans >= 1 && declines(p, msgno, "one channel is enough", now);
    case BMUT_FEW_CHANNELS: return p->chans >= 16 && declines(p, msgno, "sixteen channels are enough", now);
    case BMUT_NO_SECOND_LIFE: return el->number <= p->slip_number && declines(p, msgno, "that channel was closed", now);
    case BMUT_DECLINED_EXISTS: return el->number == p->slip_number && declines(p, msgno, "the channel is in use", now);
    default: return false;
    }
}

void beep_mistake_declined(struct beep_peer *p, uint32_t number)
{
    if (is(p, BMUT_DECLINED_EXISTS)) p->slip_number = number;
}

void beep_mistake_closed(struct beep_peer *p, uint32_t number)
{
    if (is(p, BMUT_NO_SECOND_LIFE) && number > p->slip_number) p->slip_number = number;
}

/* --- what is asked for ------------------------------------------------------------------------------------------------------- */

bool beep_mistake_wants_close(const struct beep_peer *p)
{
    return is(p, BMUT_CLOSE_NO_CODE) || is(p, BMUT_TALKS_AFTER_CLOSE);
}

void beep_mistake_started(struct beep_peer *p, uint32_t number, bool declined, uint64_t now)
{
    if (declined && is(p, BMUT_CLOSED_CHANNEL)) beep_mistake_say(p, BEEP_MSG, number, 1, "\r\nhello", now);
    if (!declined && is(p, BMUT_STARTS_AGAIN)) beep_mistake_start(p, number, now);
}

err beep_mistake_content(const struct beep_peer *p, struct buf *content)
{
    if (!is(p, BMUT_STARTS_LONG)) return OK;
    while (content->n <= BEEP_INIT_MAX)
        TRY(buf_add_byte(content, 'x'));
    return OK;
}
